/* clock.c, clock_parse.c: zones, days, texts (test vectors sections 2 to 4). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "clock.h"

#define CPH "Europe/Copenhagen"

static time_t
utc(const char *iso)
{
	time_t t = NO_TIME;

	if (!clock_parse_iso(iso, "UTC", &t))
		fail_msg("bad time in the test: %s", iso);
	return t;
}

static void
assert_instant(time_t t, const char *iso)
{
	char buf[32];

	assert_string_equal(clock_iso(buf, t), iso);
}

/* ---- now ----------------------------------------------------------------- */

static void
test_now(void **state)
{
	(void)state;
	clock_set(1000);
	assert_int_equal(clock_now(), 1000);
	clock_set(NO_TIME);
	assert_true(clock_now() > 1700000000);
	const int64_t a = clock_boottime_ms();
	assert_true(a > 0);
	clock_set(1000);
	assert_true(clock_boottime_ms() >= a);
	clock_set(NO_TIME);
}

/* ---- zones --------------------------------------------------------------- */

static void
test_zone_names(void **state)
{
	static const char *const good[] = { "Europe/Copenhagen", "UTC",
		"Australia/Lord_Howe", "America/New_York", "Asia/Kathmandu",
		"Africa/Casablanca", "Etc/GMT+5", "America/Port-au-Prince" };
	static const char *const bad[] = { "", "Europe", "Europe/Kopenhagen",
		"../zoneinfo/UTC", "/usr/share/zoneinfo/UTC",
		"Europe/../UTC", "/UTC", "zone.tab", "leapseconds", "UTC\n", "CET-1", "UTC ",
		"Europe/Copenhagen/x", NULL,
		"Europe/CopenhagenCopenhagenCopenhagenCopenhagenCopenhagenCop"
		"enhagen" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(good); i++)
		if (!clock_zone_exists(good[i]))
			fail_msg("%s should exist", good[i]);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		if (clock_zone_exists(bad[i]))
			fail_msg("case %zu should not exist", i);
}

struct wall_case {
	const char *zone;
	struct civil local;
	const char *utc;
	bool same;	/* clock_local leads back to local */
};

static const struct wall_case walls[] = {
	{ CPH, { 2026, 3, 28, 9, 0, 0 }, "2026-03-28T08:00:00Z", true },
	{ CPH, { 2026, 3, 29, 9, 0, 0 }, "2026-03-29T07:00:00Z", true },
	{ CPH, { 2026, 10, 24, 9, 0, 0 }, "2026-10-24T07:00:00Z", true },
	{ CPH, { 2026, 10, 25, 9, 0, 0 }, "2026-10-25T08:00:00Z", true },
	/* does not exist: next valid instant */
	{ CPH, { 2026, 3, 29, 2, 30, 0 }, "2026-03-29T01:00:00Z", false },
	{ CPH, { 2026, 3, 29, 2, 0, 0 }, "2026-03-29T01:00:00Z", false },
	{ CPH, { 2026, 3, 29, 2, 59, 59 }, "2026-03-29T01:00:00Z", false },
	{ CPH, { 2026, 3, 29, 1, 59, 59 }, "2026-03-29T00:59:59Z", true },
	{ CPH, { 2026, 3, 29, 3, 0, 0 }, "2026-03-29T01:00:00Z", true },
	/* twice: the first */
	{ CPH, { 2026, 10, 25, 2, 0, 0 }, "2026-10-25T00:00:00Z", true },
	{ CPH, { 2026, 10, 25, 2, 30, 0 }, "2026-10-25T00:30:00Z", true },
	{ CPH, { 2026, 10, 25, 2, 59, 59 }, "2026-10-25T00:59:59Z", true },
	{ CPH, { 2026, 10, 25, 3, 0, 0 }, "2026-10-25T02:00:00Z", true },
	{ CPH, { 2026, 7, 1, 0, 0, 0 }, "2026-06-30T22:00:00Z", true },
	{ CPH, { 2026, 12, 31, 23, 59, 0 }, "2026-12-31T22:59:00Z", true },
	/* clocks move by thirty minutes: 2026-10-04 02:00 -> 02:30 and
	 * 2026-04-05 02:00 -> 01:30 */
	{ "Australia/Lord_Howe", { 2026, 10, 4, 2, 15, 0 },
	    "2026-10-03T15:30:00Z", false },
	{ "Australia/Lord_Howe", { 2026, 10, 4, 2, 30, 0 },
	    "2026-10-03T15:30:00Z", true },
	{ "Australia/Lord_Howe", { 2026, 10, 4, 1, 59, 59 },
	    "2026-10-03T15:29:59Z", true },
	{ "Australia/Lord_Howe", { 2026, 4, 5, 1, 45, 0 },
	    "2026-04-04T14:45:00Z", true },
	{ "Australia/Lord_Howe", { 2026, 4, 5, 2, 0, 0 },
	    "2026-04-04T15:30:00Z", true },
	{ "America/New_York", { 2026, 3, 8, 2, 30, 0 },
	    "2026-03-08T07:00:00Z", false },
	{ "America/New_York", { 2026, 11, 1, 1, 30, 0 },
	    "2026-11-01T05:30:00Z", true },
	{ "Asia/Kathmandu", { 2026, 1, 1, 0, 0, 0 }, "2025-12-31T18:15:00Z",
	    true },
	{ "UTC", { 2028, 2, 29, 12, 0, 0 }, "2028-02-29T12:00:00Z", true },
	/* a whole day that one island left out */
	{ "Pacific/Apia", { 2011, 12, 30, 12, 0, 0 }, "2011-12-30T10:00:00Z",
	    false },
	/* midnight itself lies in the gap */
	{ "America/Havana", { 2026, 3, 8, 0, 0, 0 }, "2026-03-08T05:00:00Z",
	    false },
};

static void
test_wall_clocks(void **state)
{
	char buf[32];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(walls); i++) {
		struct civil back;
		const time_t t = clock_utc(walls[i].zone, &walls[i].local);
		if (strcmp(clock_iso(buf, t), walls[i].utc) != 0)
			fail_msg("case %zu: %s, not %s", i, buf, walls[i].utc);
		clock_local(walls[i].zone, t, &back);
		const bool same =
		    memcmp(&back, &walls[i].local, sizeof(back)) == 0;
		if (same != walls[i].same)
			fail_msg("case %zu: way back", i);
	}
}

/* The answer must not depend on what was asked before. */
static void
test_order_does_not_matter(void **state)
{
	char buf[32];

	(void)state;
	for (size_t i = ARRAY_LEN(walls); i-- > 0;)
		assert_string_equal(clock_iso(buf,
		    clock_utc(walls[i].zone, &walls[i].local)), walls[i].utc);
	(void)setenv("TZ", "Asia/Tokyo", 1);
	tzset();
	/* Somebody else changed the zone; ours are chosen by name again. */
	assert_int_equal(clock_day("UTC", utc("2026-06-30T22:00:00Z")),
	    20260630);
	assert_int_equal(clock_day(CPH, utc("2026-06-30T22:00:00Z")),
	    20260701);
}

static void
test_fields_out_of_range(void **state)
{
	static const struct civil bad[] = {
		{ 2026, 13, 1, 0, 0, 0 }, { 2026, 0, 1, 0, 0, 0 },
		{ 2026, 2, 29, 0, 0, 0 }, { 2026, 4, 31, 0, 0, 0 },
		{ 2026, 1, 0, 0, 0, 0 }, { 2026, 1, 1, 24, 0, 0 },
		{ 2026, 1, 1, -1, 0, 0 }, { 2026, 1, 1, 0, 60, 0 },
		{ 2026, 1, 1, 0, 0, 60 }, { 0, 1, 1, 0, 0, 0 },
		{ 10000, 1, 1, 0, 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_int_equal(clock_utc(CPH, &bad[i]), NO_TIME);
	assert_int_equal(clock_day_start(CPH, NO_DAY), NO_TIME);
	assert_int_equal(clock_day_start(CPH, 20260230), NO_TIME);
}

static void
test_midnights(void **state)
{
	(void)state;
	assert_instant(clock_day_start(CPH, 20260329), "2026-03-28T23:00:00Z");
	assert_instant(clock_day_start(CPH, 20260330), "2026-03-29T22:00:00Z");
	assert_instant(clock_day_start(CPH, 20261025), "2026-10-24T22:00:00Z");
	assert_instant(clock_day_start(CPH, 20261026), "2026-10-25T23:00:00Z");
}

static void
test_days_of_instants(void **state)
{
	static const struct {
		const char *utc;
		int day;
	} cases[] = {
		{ "2026-01-30T22:30:00Z", 20260130 },	/* I8 */
		{ "2026-01-30T23:10:00Z", 20260131 },
		{ "2026-01-01T22:59:59Z", 20260101 },	/* section 3 */
		{ "2026-01-01T23:00:00Z", 20260102 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		assert_int_equal(clock_day(CPH, utc(cases[i].utc)),
		    cases[i].day);
}

/* An unknown zone reads as UTC, whatever it looks like. */
static void
test_unknown_zone(void **state)
{
	const time_t t = utc("2026-06-30T23:30:00Z");

	(void)state;
	assert_int_equal(clock_day(NULL, t), 20260630);
	assert_int_equal(clock_day("CET-1", t), 20260630);
	assert_int_equal(clock_day("No/Where", t), 20260630);
}

/* Every local midnight and every hour of four years, there and back. */
static void
test_round_trips(void **state)
{
	static const char *const zones[] = { CPH, "America/New_York",
		"Australia/Lord_Howe", "Asia/Kathmandu", "Africa/Casablanca",
		"UTC" };
	const time_t from = utc("2025-01-01T00:00:00Z");
	const time_t until = utc("2029-01-01T00:00:00Z");

	(void)state;
	for (size_t z = 0; z < ARRAY_LEN(zones); z++)
		for (time_t t = from; t < until; t += 1800) {
			struct civil c, again;
			clock_local(zones[z], t, &c);
			const time_t back = clock_utc(zones[z], &c);
			/* Equal, or the earlier one of a doubled hour. */
			if (back > t || back < t - 3600)
				fail_msg("%s %lld", zones[z], (long long)t);
			clock_local(zones[z], back, &again);
			assert_memory_equal(&c, &again, sizeof(c));
		}
}

/* The same calendar as the C library's. */
static void
test_against_gmtime(void **state)
{
	(void)state;
	for (time_t t = -62135596800; t < 253402300799; t += 86400 * 97) {
		struct tm tm;
		assert_non_null(gmtime_r(&t, &tm));
		const int day = day_make(tm.tm_year + 1900, tm.tm_mon + 1,
		    tm.tm_mday);
		assert_true(day != NO_DAY);
		assert_int_equal(clock_day_start("UTC", day), t);
		assert_int_equal(day_weekday(day),
		    tm.tm_wday == 0 ? 7 : tm.tm_wday);
		assert_int_equal(day_diff(day, 19700101), t / 86400);
		assert_int_equal(day_add(19700101, (int)(t / 86400)), day);
	}
}

/* ---- days ---------------------------------------------------------------- */

static void
test_day_valid(void **state)
{
	static const int good[] = { 10101, 19700101, 20240229, 20000229,
		20261231, 99991231 };
	static const int bad[] = { NO_DAY, -20260101, 101, 20260000, 20260100,
		20261301, 20260132, 20260431, 20230229, 19000229, 21000229 };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(good); i++)
		assert_true(day_valid(good[i]));
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_false(day_valid(bad[i]));
	assert_int_equal(day_make(2026, 2, 29), NO_DAY);
	assert_int_equal(day_make(2028, 2, 29), 20280229);
	assert_int_equal(day_make(2026, 1, 132), NO_DAY);
}

static void
test_day_add(void **state)
{
	(void)state;
	assert_int_equal(day_add(20260228, 1), 20260301);
	assert_int_equal(day_add(20280228, 1), 20280229);
	assert_int_equal(day_add(20261231, 1), 20270101);
	assert_int_equal(day_add(20260101, -1), 20251231);
	assert_int_equal(day_add(20260329, 0), 20260329);
	assert_int_equal(day_add(99991231, 1), NO_DAY);
	assert_int_equal(day_add(10101, -1), NO_DAY);
	assert_int_equal(day_add(NO_DAY, 1), NO_DAY);
	assert_int_equal(day_diff(NO_DAY, 20260101), 0);
	assert_int_equal(day_weekday(NO_DAY), 0);
	assert_int_equal(day_weekday(20261125), 3);
}

/* Section 3: differences that the throttle compares with its days. */
static void
test_throttle_days(void **state)
{
	static const struct {
		int last, run, days;
	} cases[] = {
		{ 20260101, 20260130, 29 }, { 20260101, 20260131, 30 },
		{ 20260227, 20260329, 30 }, { 20260228, 20260329, 29 },
		{ 20260925, 20261025, 30 }, { 20260926, 20261025, 29 },
		{ 20280201, 20280302, 30 }, { 20271215, 20280114, 30 },
		{ 20250301, 20260301, 365 }, { 20270601, 20280531, 365 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		assert_int_equal(day_diff(cases[i].run, cases[i].last),
		    cases[i].days);
		assert_int_equal(day_diff(cases[i].last, cases[i].run),
		    -cases[i].days);
	}
}

/* Section 3, T5: a minute before and after the boundary of the local day. */
static void
test_throttle_boundary(void **state)
{
	static const char *const zones[] = { CPH, "America/New_York",
		"Australia/Lord_Howe", "Asia/Kathmandu", "Africa/Casablanca",
		"UTC" };

	(void)state;
	for (size_t z = 0; z < ARRAY_LEN(zones); z++)
		for (int days = 29; days <= 31; days++) {
			const int last = 20260227;
			const time_t edge = clock_day_start(zones[z],
			    day_add(last, days));
			assert_int_equal(day_diff(clock_day(zones[z],
			    edge - 60), last), days - 1);
			assert_int_equal(day_diff(clock_day(zones[z],
			    edge + 60), last), days);
		}
}

/* Section 2: first and last day of the window of silence. */
static void
test_inactivity_window(void **state)
{
	static const struct {
		int run, period, width, first, last;
	} cases[] = {
		{ 20260501, 90, 30, 20260101, 20260130 },
		{ 20260301, 90, 30, 20251101, 20251130 },
		{ 20280530, 90, 30, 20280131, 20280229 },
		{ 20280601, 60, 30, 20280303, 20280401 },
		{ 20260501, 30, 30, 20260302, 20260331 },
		{ 20260501, 60, 30, 20260131, 20260301 },
		{ 20260501, 60, 20, 20260210, 20260301 },
		{ 20260501, 365, 30, 20250401, 20250430 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		assert_int_equal(day_add(cases[i].run,
		    -(cases[i].period + cases[i].width)), cases[i].first);
		assert_int_equal(day_add(cases[i].run,
		    -(cases[i].period + 1)), cases[i].last);
	}
}

static void
test_day_texts(void **state)
{
	static const char *const bad[] = { "", "2026-11-5", "2026-11-25 ",
		" 2026-11-25", "2026/11/25", "20261125", "2026-13-01",
		"2026-02-29", "2026-11-25T00:00", "26-11-25", "-026-11-25",
		NULL };
	char buf[16];

	(void)state;
	assert_string_equal(day_iso(buf, 20261125), "2026-11-25");
	assert_string_equal(day_iso(buf, 10203), "0001-02-03");
	assert_string_equal(day_iso(buf, NO_DAY), "");
	assert_int_equal(day_parse("2026-11-25"), 20261125);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_int_equal(day_parse(bad[i]), NO_DAY);
}

/* ---- texts --------------------------------------------------------------- */

static void
test_iso(void **state)
{
	static const struct {
		const char *text, *utc;
	} cases[] = {
		{ "2026-05-01T10:00:00Z", "2026-05-01T10:00:00Z" },
		{ "2026-05-01T10:00:00.1234567Z", "2026-05-01T10:00:00Z" },
		{ "2026-05-01T10:00:00.999999999Z", "2026-05-01T10:00:00Z" },
		{ "2026-05-01T10:00:00+02:00", "2026-05-01T08:00:00Z" },
		{ "2026-05-01T10:00:00+0200", "2026-05-01T08:00:00Z" },
		{ "2026-05-01 10:00:00+02", "2026-05-01T08:00:00Z" },
		{ "2026-05-01T10:00:00-05:30", "2026-05-01T15:30:00Z" },
		{ "2026-05-01T10:00:00", "2026-05-01T08:00:00Z" },
		{ "2026-05-01T10:00", "2026-05-01T08:00:00Z" },
		{ "2026-05-01 10:00:00.5", "2026-05-01T08:00:00Z" },
		{ "2026-05-01", "2026-04-30T22:00:00Z" },
		{ "2026-10-25T02:30:00", "2026-10-25T00:30:00Z" },
		{ "2026-03-29T02:30:00", "2026-03-29T01:00:00Z" },
		/* Found by fuzzing: the ends of the calendar. */
		{ "0001-01-01", "0001-01-01T00:00:00Z" },
		{ "0001-01-01T00:00:00+18:00", "0001-01-01T00:00:00Z" },
		{ "9999-12-31T23:59:59.9999999-05:00",
		    "9999-12-31T23:59:59Z" },
		{ "1970-01-01T00:00:00+01:00", "1969-12-31T23:00:00Z" },
	};
	char buf[32];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		time_t t = NO_TIME;
		if (!clock_parse_iso(cases[i].text, CPH, &t) ||
		    strcmp(clock_iso(buf, t), cases[i].utc) != 0)
			fail_msg("%s", cases[i].text);
	}
}

static void
test_iso_refused(void **state)
{
	static const char *const bad[] = { "", "2026", "2026-05", "2026-5-1",
		"2026-05-01T", "2026-05-01T10", "2026-05-01T10:0",
		"2026-05-01T10:00:", "2026-05-01T10:00:00.",
		"2026-05-01T10:00:00.1234567890Z", "2026-05-01T10:00:00z",
		"2026-05-01T10:00:00 Z", "2026-05-01T10:00:00Z ",
		"2026-05-01T10:00:00+", "2026-05-01T10:00:00+2",
		"2026-05-01T10:00:00+02:", "2026-05-01T10:00:00+02:0",
		"2026-05-01T10:00:00+02:60", "2026-05-01T10:00:00+19:00",
		"2026-05-01T24:00:00Z", "2026-05-01T10:60:00Z",
		"2026-05-01T10:00:60Z", "2026-02-30T10:00:00Z",
		"2026-05-01Z", "2026-05-01x10:00:00Z", "05/01/2026",
		"0000-01-01", NULL,
		/* Found by fuzzing: the second that NO_TIME stands for. */
		"1970-01-01T00:59:59+01:00" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		time_t t = 4711;
		if (clock_parse_iso(bad[i], CPH, &t))
			fail_msg("%s", bad[i]);
		assert_int_equal(t, 4711);
	}
}

struct format_case {
	const char *text, *format, *zone, *utc;
	bool has_time;
};

static void
test_formats(void **state)
{
	static const struct format_case cases[] = {
		{ "3/1/2017", "m/d/yyyy", CPH, "2017-02-28T23:00:00Z", false },
		{ "12/31/2017", "m/d/yyyy", "UTC", "2017-12-31T00:00:00Z",
		    false },
		{ "3/1/2017", "M/d/yyyy", "UTC", "2017-03-01T00:00:00Z",
		    false },
		{ "31-12-2026 23:59", "dd-MM-yyyy HH:mm", CPH,
		    "2026-12-31T22:59:00Z", true },
		{ "1-2-2026 9:05", "dd-MM-yyyy HH:mm", CPH,
		    "2026-02-01T08:05:00Z", true },
		{ "05.06.2026", "dd.MM.yyyy", CPH, "2026-06-04T22:00:00Z",
		    false },
		{ "05.06.2026", "dd.mm.yyyy", CPH, "2026-06-04T22:00:00Z",
		    false },
		{ "2026-05-01 10:11:12", "yyyy-MM-dd HH:mm:ss", CPH,
		    "2026-05-01T08:11:12Z", true },
		{ "2026-05-01 10:11:12", "yyyy-mm-dd HH:mm:ss", CPH,
		    "2026-05-01T08:11:12Z", true },
		{ "2026-05-01T10:11", "yyyy-MM-ddTHH:mm", "UTC",
		    "2026-05-01T10:11:00Z", true },
		{ "10:11 01/05/26", "HH:mm dd/mm/yy", "UTC",
		    "2026-05-01T10:11:00Z", true },
		{ "10:11:12 5/1/2026", "HH:mm:ss mm/dd/yyyy", "UTC",
		    "2026-05-01T10:11:12Z", true },
		{ "5 10 1 2026", "m H d yyyy", "UTC", "2026-05-01T10:00:00Z",
		    true },
		{ "20260501", "yyyyMMdd", "UTC", "2026-05-01T00:00:00Z",
		    false },
		{ "01/05/69", "dd/MM/yy", "UTC", "2069-05-01T00:00:00Z",
		    false },
		{ "01/05/70", "dd/MM/yy", "UTC", "1970-05-01T00:00:00Z",
		    false },
		{ "9/25/2019 9:34:56 AM", "M/d/yyyy h:mm:ss tt", "UTC",
		    "2019-09-25T09:34:56Z", true },	/* section 4 */
		{ "9/25/2019 10:49:13 am", "m/d/yyyy h:mm:ss tt", "UTC",
		    "2019-09-25T10:49:13Z", true },
		{ "9/25/2019 12:00 AM", "M/d/yyyy h:mm tt", "UTC",
		    "2019-09-25T00:00:00Z", true },
		{ "9/25/2019 12:00 PM", "M/d/yyyy h:mm tt", "UTC",
		    "2019-09-25T12:00:00Z", true },
		{ "9/25/2019 1:30 pM", "M/d/yyyy hh:mm tt", "UTC",
		    "2019-09-25T13:30:00Z", true },
		{ "9/25/2019 11PM", "M/d/yyyy htt", "UTC",
		    "2019-09-25T23:00:00Z", true },
		{ "29-03-2026 02:30", "dd-MM-yyyy HH:mm", CPH,
		    "2026-03-29T01:00:00Z", true },
	};
	char buf[32];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const struct format_case *c = &cases[i];
		time_t t = NO_TIME;
		bool has_time = !c->has_time;
		assert_true(clock_format_valid(c->format));
		if (!clock_parse_format(c->text, c->format, c->zone, &t,
			&has_time) || strcmp(clock_iso(buf, t), c->utc) != 0 ||
		    has_time != c->has_time)
			fail_msg("case %zu: %s", i, c->text);
	}
}

static void
test_format_strictness(void **state)
{
	static const struct format_case bad[] = {
		{ .text = "31-12-2026 23:59 ", .format = "dd-MM-yyyy HH:mm" },
		{ .text = " 31-12-2026 23:59", .format = "dd-MM-yyyy HH:mm" },
		{ .text = "31-12-2026", .format = "dd-MM-yyyy HH:mm" },
		{ .text = "31-12-2026 23:59", .format = "dd-MM-yyyy" },
		{ .text = "31/12-2026", .format = "dd-MM-yyyy" },
		{ .text = "31-12-26", .format = "dd-MM-yyyy" },
		{ .text = "31-12-20266", .format = "dd-MM-yyyy" },
		{ .text = "31-13-2026", .format = "dd-MM-yyyy" },
		{ .text = "12/31/2026", .format = "dd/MM/yyyy" },
		{ .text = "031-12-2026", .format = "dd-MM-yyyy" },
		{ .text = "29-02-2026", .format = "dd-MM-yyyy" },
		{ .text = "31-12-2026 24:00", .format = "dd-MM-yyyy HH:mm" },
		{ .text = "31-12-2026 23:5", .format = "dd-MM-yyyy HH:mm" },
		{ .text = "31-12-2026 23:60", .format = "dd-MM-yyyy HH:mm" },
		{ .text = "1-1-2026 13:00 PM", .format = "d-M-yyyy h:mm tt" },
		{ .text = "1-1-2026 0:30 AM", .format = "d-M-yyyy h:mm tt" },
		{ .text = "1-1-2026 1:30 XM", .format = "d-M-yyyy h:mm tt" },
		{ .text = "1-1-2026 1:30 A", .format = "d-M-yyyy h:mm tt" },
		{ .text = "1-1-2026 1:30", .format = "d-M-yyyy h:mm tt" },
		{ .text = "", .format = "dd-MM-yyyy" },
		{ .text = "Engaging", .format = "m/d/yyyy" },
		{ .text = NULL, .format = "dd-MM-yyyy" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		time_t t = 4711;
		bool has_time;
		assert_true(clock_format_valid(bad[i].format));
		if (clock_parse_format(bad[i].text, bad[i].format, CPH, &t,
			&has_time))
			fail_msg("case %zu: %s", i, bad[i].text);
		assert_int_equal(t, 4711);
	}
}

static void
test_format_valid(void **state)
{
	static const char *const bad[] = { "", "yyyy", "dd-MM", "MM-yyyy",
		"dd-MMM-yyyy", "ddd-MM-yyyy", "dd-MM-yyy", "dd-MM-yyyyy",
		"dd-MM-yyyy mm", "dd-MM-yyyy tt", "dd-MM-yyyy HH:ss",
		"dd-MM-yyyy HH:mmm", "dd-MM-yyyy HH h", "dd-MM-yyyy dd",
		"dd-MM-yyyy t", "mm:ss", "yyyy-dd HH:mm", NULL,
		"yyyy-MM-dd........................................" };
	time_t t;
	bool has_time;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		if (clock_format_valid(bad[i]))
			fail_msg("case %zu: %s", i, bad[i]);
		assert_false(clock_parse_format("01-01-2026", bad[i], CPH, &t,
		    &has_time));
	}
	assert_true(clock_parse_format("01-01-2026", "dd-MM-yyyy", CPH, &t,
	    NULL));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_now),
		cmocka_unit_test(test_zone_names),
		cmocka_unit_test(test_wall_clocks),
		cmocka_unit_test(test_order_does_not_matter),
		cmocka_unit_test(test_fields_out_of_range),
		cmocka_unit_test(test_midnights),
		cmocka_unit_test(test_days_of_instants),
		cmocka_unit_test(test_unknown_zone),
		cmocka_unit_test(test_round_trips),
		cmocka_unit_test(test_against_gmtime),
		cmocka_unit_test(test_day_valid),
		cmocka_unit_test(test_day_add),
		cmocka_unit_test(test_throttle_days),
		cmocka_unit_test(test_throttle_boundary),
		cmocka_unit_test(test_inactivity_window),
		cmocka_unit_test(test_day_texts),
		cmocka_unit_test(test_iso),
		cmocka_unit_test(test_iso_refused),
		cmocka_unit_test(test_formats),
		cmocka_unit_test(test_format_strictness),
		cmocka_unit_test(test_format_valid),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
