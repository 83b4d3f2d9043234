/* calendar.c: holidays, sending days, nights (vectors I14, H1-H9, section 4).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "calendar.h"
#include "clock.h"

#define CPH "Europe/Copenhagen"
#define MON_FRI 0x1fu
#define ALL_DAYS 0x7fu

static const char *const dk[] = { "DK" };

/* The defaults of the sample: 23:00-06:00, mails at 09:00. */
static struct calendar
calendar_dk(void)
{
	return (struct calendar){ .zone = CPH, .weekdays = MON_FRI,
		.holidays = dk, .n_holidays = 1, .window_from_min = 23 * 60,
		.window_until_min = 6 * 60, .send_at_min = 9 * 60 };
}

static time_t
at(const char *local)
{
	time_t t = NO_TIME;

	if (!clock_parse_iso(local, CPH, &t))
		fail_msg("bad time in the test: %s", local);
	return t;
}

static void
assert_instant(time_t t, const char *iso)
{
	char buf[32];

	assert_string_equal(clock_iso(buf, t), iso);
}

/* ---- holidays ------------------------------------------------------------ */

/* Exactly these days of a year, so that one too many is found as well. */
static void
assert_year(const char *country, int year, const int *days, size_t n)
{
	const int first = year * 10000 + 101;
	size_t found = 0;

	for (int day = first; day / 10000 == year; day = day_add(day, 1)) {
		if (!calendar_is_holiday(country, day))
			continue;
		if (found >= n || days[found] != day % 10000)
			fail_msg("%s %d is a holiday", country, day);
		found++;
	}
	assert_int_equal(found, n);
}
#define ASSERT_YEAR(country, year, ...)                                     \
	do {                                                                \
		static const int days_[] = { __VA_ARGS__ };                 \
		assert_year(country, year, days_, ARRAY_LEN(days_));        \
	} while (0)

static void
test_denmark(void **state)
{
	(void)state;
	ASSERT_YEAR("DK", 2023, 101, 406, 407, 409, 410, 505, 518, 528, 529,
	    1225, 1226);		/* H1: 05-05 */
	ASSERT_YEAR("DK", 2024, 101, 328, 329, 331, 401, 509, 519, 520, 1225,
	    1226);			/* H2: no 04-26 */
	ASSERT_YEAR("DK", 2025, 101, 417, 418, 420, 421, 529, 608, 609, 1225,
	    1226);			/* H2: no 05-16 */
	ASSERT_YEAR("DK", 2026, 101, 402, 403, 405, 406, 514, 524, 525, 1225,
	    1226);			/* H2: no 05-01; H3: no 06-05, 12-24 */
	ASSERT_YEAR("DK", 2027, 101, 325, 326, 328, 329, 506, 516, 517, 1225,
	    1226);
	ASSERT_YEAR("DK", 2028, 101, 413, 414, 416, 417, 525, 604, 605, 1225,
	    1226);
}

static void
test_other_countries(void **state)
{
	(void)state;
	ASSERT_YEAR("SE", 2026, 101, 106, 403, 405, 406, 501, 514, 524, 606,
	    619, 620, 1031, 1224, 1225, 1226);
	ASSERT_YEAR("SE", 2027, 101, 106, 326, 328, 329, 501, 506, 516, 606,
	    625, 626, 1106, 1224, 1225, 1226);
	ASSERT_YEAR("NO", 2026, 101, 402, 403, 405, 406, 501, 514, 517, 524,
	    525, 1225, 1226);
	ASSERT_YEAR("FI", 2026, 101, 106, 403, 405, 406, 501, 514, 524, 619,
	    620, 1031, 1206, 1224, 1225, 1226);
	ASSERT_YEAR("DE", 2026, 101, 403, 406, 501, 514, 525, 1003, 1225,
	    1226);
}

static void
test_countries(void **state)
{
	size_t n = 0;

	(void)state;
	for (; calendar_countries[n] != NULL; n++)
		assert_true(calendar_is_holiday(calendar_countries[n],
		    20261225));
	assert_int_equal(n, 5);
	assert_false(calendar_is_holiday("XX", 20261225));
	assert_false(calendar_is_holiday("dk", 20261225));
	assert_false(calendar_is_holiday(NULL, 20261225));
	assert_false(calendar_is_holiday("DK", 20261325));
}

/* Earliest and latest Easter, the two exceptions of the rule, and others. */
static void
test_easter(void **state)
{
	static const int sundays[] = { 18180322, 18860425, 19430425, 19540418, 19810419,
		20000423, 20080323, 20190421, 20240331, 20380425, 20490418,
		20760419, 22850322 };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(sundays); i++) {
		assert_int_equal(day_weekday(sundays[i]), 7);
		assert_true(calendar_is_holiday("DK", sundays[i]));
		assert_true(calendar_is_holiday("DK",
		    day_add(sundays[i], 1)));
		assert_true(calendar_is_holiday("DK",
		    day_add(sundays[i], 49)));
	}
}

/* ---- sending days -------------------------------------------------------- */

struct row_case {
	const char *what;
	int event;	/* the row comes in on this day */
	int night;	/* and goes in this night */
	const char *mail;
};

/* H4 to H8: a row goes in the first transfer night after its day. */
static void
assert_rows(const struct calendar *cal, const struct row_case *rows, size_t n)
{
	char buf[32];

	for (size_t i = 0; i < n; i++) {
		const int night = calendar_transfer_night(cal,
		    day_add(rows[i].event, 1));
		if (night != rows[i].night)
			fail_msg("%s: night %d", rows[i].what, night);
		if (strcmp(clock_iso(buf, calendar_send_at(cal, night)),
			rows[i].mail) != 0)
			fail_msg("%s: mail %s", rows[i].what, buf);
	}
}

static void
test_rows_over_holidays(void **state)
{
	static const struct row_case rows[] = {
		{ "H4", 20260401, 20260407, "2026-04-07T07:00:00Z" },
		{ "H5 Tue", 20260512, 20260513, "2026-05-13T07:00:00Z" },
		{ "H5 Wed", 20260513, 20260515, "2026-05-15T07:00:00Z" },
		{ "H6", 20261224, 20261228, "2026-12-28T08:00:00Z" },
		{ "H7", 20261230, 20261231, "2026-12-31T08:00:00Z" },
		{ "H8", 20260522, 20260526, "2026-05-26T07:00:00Z" },
		{ "Fri", 20260619, 20260622, "2026-06-22T07:00:00Z" },
	};
	const struct calendar cal = calendar_dk();

	(void)state;
	assert_rows(&cal, rows, ARRAY_LEN(rows));
	/* H4: none of the nights to 04-02 .. 04-06 transfers. */
	for (int day = 20260402; day <= 20260406; day++)
		assert_false(calendar_is_transfer_night(&cal, day));
	assert_true(calendar_is_transfer_night(&cal, 20260407));
}

static void
test_push_ahead(void **state)
{
	static const struct row_case rows[] = {
		{ "H4", 20260401, 20260402, "2026-04-07T07:00:00Z" },
		{ "Fri", 20260619, 20260620, "2026-06-22T07:00:00Z" },
	};
	struct calendar cal = calendar_dk();

	(void)state;
	cal.push_ahead = true;
	assert_rows(&cal, rows, ARRAY_LEN(rows));
	assert_true(calendar_is_transfer_night(&cal, 20260403));
}

static void
test_closed_days(void **state)
{
	static const struct day_range closed[] = { { 20260515, 20260516 },
		{ 20261231, 20270101 }, { 20260706, 20260727 } };
	static const struct row_case rows[] = {
		{ "H5 bridge", 20260513, 20260518, "2026-05-18T07:00:00Z" },
		{ "H7 listed", 20261230, 20270104, "2027-01-04T08:00:00Z" },
		{ "summer", 20260703, 20260727, "2026-07-27T07:00:00Z" },
	};
	struct calendar cal = calendar_dk();

	(void)state;
	cal.closed = closed;
	cal.n_closed = ARRAY_LEN(closed);
	assert_rows(&cal, rows, ARRAY_LEN(rows));
	/* H3: only if listed. */
	assert_true(calendar_is_sending_day(&cal, 20260605));
	assert_true(calendar_is_sending_day(&cal, 20261224));
	assert_false(calendar_is_sending_day(&cal, 20261231));
	/* Half-open. */
	assert_false(calendar_is_sending_day(&cal, 20260706));
	assert_false(calendar_is_sending_day(&cal, 20260724));
	assert_true(calendar_is_sending_day(&cal, 20260727));
}

static void
test_several_countries(void **state)
{
	static const char *const both[] = { "DK", "SE" };
	struct calendar cal = calendar_dk();

	(void)state;
	cal.holidays = both;
	cal.n_holidays = 2;
	assert_false(calendar_is_sending_day(&cal, 20260402));	/* DK */
	assert_false(calendar_is_sending_day(&cal, 20260501));	/* SE */
	assert_true(calendar_is_sending_day(&cal, 20260504));
	cal.n_holidays = 0;
	assert_true(calendar_is_sending_day(&cal, 20261225));
}

static void
test_never(void **state)
{
	struct calendar cal = calendar_dk();

	(void)state;
	cal.weekdays = 0;
	assert_int_equal(calendar_sending_day(&cal, 20260401), NO_DAY);
	assert_int_equal(calendar_transfer_night(&cal, 20260401), NO_DAY);
	assert_int_equal(calendar_send_at(&cal, 20260401), NO_TIME);
	assert_false(calendar_is_sending_day(&cal, NO_DAY));
	/* Comes to an end, whatever it says. */
	(void)calendar_oldest_day(&cal, 20260401, 7);
}

/* I14: day 91 of a silence is a Saturday.  The forecast of the night to Monday
 * finds it, all Monday it is in view, the night to Tuesday sends. */
static void
test_silence_on_a_weekend(void **state)
{
	const struct calendar cal = calendar_dk();
	const int saturday = 20260613;

	(void)state;
	assert_int_equal(day_weekday(saturday), 6);
	assert_false(calendar_is_transfer_night(&cal, saturday));
	assert_false(calendar_is_transfer_night(&cal, day_add(saturday, 1)));
	const int found = calendar_transfer_night(&cal, saturday);
	assert_int_equal(found, 20260615);
	assert_int_equal(calendar_transfer_night(&cal, day_add(found, 1)),
	    20260616);
}

/* ---- age ----------------------------------------------------------------- */

static void
test_oldest_day(void **state)
{
	static const struct {
		const char *what;
		int night, max_age, oldest;
	} cases[] = {
		/* L8: seven days old goes, eight does not */
		{ "Thursday", 20260618, 7, 20260611 },
		{ "Friday", 20260619, 7, 20260612 },
		{ "Monday: Sat and Sun do not count", 20260622, 7, 20260613 },
		{ "Tuesday", 20260623, 7, 20260616 },
		{ "case", 20260618, 3, 20260615 },
		{ "H9: five closed days at Easter", 20260407, 7, 20260326 },
		{ "H9: at the limit", 20260407, 1, 20260401 },
		{ "only the days right before: 1 January is not one", 20260105,
		    14, 20251220 },
		{ "none", 20260618, 0, 20260618 },
	};
	struct calendar cal = calendar_dk();

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const int oldest = calendar_oldest_day(&cal, cases[i].night,
		    cases[i].max_age);
		if (oldest != cases[i].oldest)
			fail_msg("%s: %d", cases[i].what, oldest);
	}
	cal.push_ahead = true;	/* nothing waits, so every day counts */
	assert_int_equal(calendar_oldest_day(&cal, 20260622, 7), 20260615);
}

/* ---- nights and windows -------------------------------------------------- */

static void
test_nights(void **state)
{
	static const struct {
		const char *now;
		int night;
		bool in_window;
	} cases[] = {
		{ "2026-06-16T06:00:00", 20260617, false },
		{ "2026-06-16T12:00:00", 20260617, false },
		{ "2026-06-16T22:59:59", 20260617, false },
		{ "2026-06-16T23:00:00", 20260617, true },
		{ "2026-06-17T00:00:00", 20260617, true },
		{ "2026-06-17T03:10:00", 20260617, true },
		{ "2026-06-17T05:59:59", 20260617, true },
		{ "2026-06-17T06:00:00", 20260618, false },
		/* nights of 6 and of 8 hours */
		{ "2026-03-28T23:00:00", 20260329, true },
		{ "2026-03-29T03:10:00", 20260329, true },
		{ "2026-03-29T05:59:59", 20260329, true },
		{ "2026-03-29T06:00:00", 20260330, false },
		{ "2026-10-24T23:00:00", 20261025, true },
		{ "2026-10-25T03:10:00", 20261025, true },
		{ "2026-10-25T06:00:00", 20261026, false },
	};
	const struct calendar cal = calendar_dk();

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const time_t now = at(cases[i].now);
		if (calendar_night(&cal, now) != cases[i].night ||
		    calendar_in_window(&cal, now, 0) != cases[i].in_window)
			fail_msg("%s", cases[i].now);
	}
}

static void
test_window_bounds(void **state)
{
	struct calendar cal = calendar_dk();

	(void)state;
	assert_instant(calendar_window_start(&cal, 20260329),
	    "2026-03-28T22:00:00Z");
	assert_instant(calendar_window_end(&cal, 20260329),
	    "2026-03-29T04:00:00Z");
	assert_instant(calendar_window_start(&cal, 20261025),
	    "2026-10-24T21:00:00Z");
	assert_instant(calendar_window_end(&cal, 20261025),
	    "2026-10-25T05:00:00Z");
	/* A window within one day. */
	cal.window_from_min = 60;
	assert_instant(calendar_window_start(&cal, 20260617),
	    "2026-06-16T23:00:00Z");
	assert_int_equal(calendar_night(&cal, at("2026-06-16T23:30:00")),
	    20260617);
	assert_false(calendar_in_window(&cal, at("2026-06-17T00:59:59"), 0));
	assert_true(calendar_in_window(&cal, at("2026-06-17T01:00:00"), 0));
	/* All day, every day. */
	cal.window_from_min = cal.window_until_min = 0;
	assert_int_equal(calendar_night(&cal, at("2026-06-16T00:00:00")),
	    20260617);
	assert_true(calendar_in_window(&cal, at("2026-06-16T00:00:00"), 0));
	assert_true(calendar_in_window(&cal, at("2026-06-16T23:59:59"), 0));
	/* 24:00 ends a day. */
	cal.window_from_min = 20 * 60;
	cal.window_until_min = 24 * 60;
	assert_instant(calendar_window_end(&cal, 20260617),
	    "2026-06-17T22:00:00Z");
	assert_int_equal(calendar_night(&cal, at("2026-06-17T23:59:59")),
	    20260617);
}

static void
test_stop_before(void **state)
{
	const struct calendar cal = calendar_dk();

	(void)state;
	assert_true(calendar_in_window(&cal, at("2026-06-17T05:44:59"), 900));
	assert_false(calendar_in_window(&cal, at("2026-06-17T05:45:00"), 900));
	assert_false(calendar_in_window(&cal, at("2026-06-16T22:00:00"), 900));
}

/* Section 4: 730 nights, four start times, six zones.  Each date has exactly
 * one night, and a start inside the window belongs to it. */
static void
test_one_night_per_date(void **state)
{
	static const char *const zones[] = { CPH, "America/New_York",
		"Australia/Lord_Howe", "Asia/Kathmandu", "Africa/Casablanca",
		"UTC" };
	static const int starts[] = { 90, 150, 190, 330 };
	struct calendar cal = calendar_dk();

	(void)state;
	for (size_t z = 0; z < ARRAY_LEN(zones); z++) {
		cal.zone = zones[z];
		int day = 20260101;
		for (int i = 0; i < 730; i++, day = day_add(day, 1))
			for (size_t s = 0; s < ARRAY_LEN(starts); s++) {
				const struct civil c = { day / 10000,
					day / 100 % 100, day % 100,
					starts[s] / 60, starts[s] % 60, 0 };
				const time_t t = clock_utc(zones[z], &c);
				if (calendar_night(&cal, t) != day ||
				    !calendar_in_window(&cal, t, 0))
					fail_msg("%s %d", zones[z], day);
			}
	}
}

static void
test_send_at(void **state)
{
	struct calendar cal = calendar_dk();

	(void)state;
	cal.weekdays = ALL_DAYS;
	cal.n_holidays = 0;
	assert_instant(calendar_send_at(&cal, 20260328),
	    "2026-03-28T08:00:00Z");
	assert_instant(calendar_send_at(&cal, 20260329),
	    "2026-03-29T07:00:00Z");
	assert_instant(calendar_send_at(&cal, 20261024),
	    "2026-10-24T07:00:00Z");
	assert_instant(calendar_send_at(&cal, 20261025),
	    "2026-10-25T08:00:00Z");
	cal.window_until_min = 60;
	cal.send_at_min = 150;	/* in the gap, and twice */
	assert_instant(calendar_send_at(&cal, 20260329),
	    "2026-03-29T01:00:00Z");
	assert_instant(calendar_send_at(&cal, 20261025),
	    "2026-10-25T00:30:00Z");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_denmark),
		cmocka_unit_test(test_other_countries),
		cmocka_unit_test(test_countries),
		cmocka_unit_test(test_easter),
		cmocka_unit_test(test_rows_over_holidays),
		cmocka_unit_test(test_push_ahead),
		cmocka_unit_test(test_closed_days),
		cmocka_unit_test(test_several_countries),
		cmocka_unit_test(test_never),
		cmocka_unit_test(test_silence_on_a_weekend),
		cmocka_unit_test(test_oldest_day),
		cmocka_unit_test(test_nights),
		cmocka_unit_test(test_window_bounds),
		cmocka_unit_test(test_stop_before),
		cmocka_unit_test(test_one_night_per_date),
		cmocka_unit_test(test_send_at),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
