/*
 * 730 nights in six zones, for windows that begin at each hour of the day
 * (vectors section 4): every local date has one night, every sending day gets
 * its mails by one transfer, and no mail is due in the past or on a closed day.
 * NPSYNC_LONG=1: all 24 hours in each zone; else in Copenhagen, and every fourth
 * one, another for each neighbour, in the others.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "calendar.h"
#include "clock.h"

#define CPH "Europe/Copenhagen"
#define NIGHTS 730
#define FIRST 20260101
#define DAY_S 86400

static const char *const zones[] = { CPH, "America/New_York",
	"Australia/Lord_Howe", "Asia/Kathmandu", "Africa/Casablanca", "UTC" };
static const char *const dk[] = { "DK" };
/* Around Easter, a bridge day, and the last days of the year. */
static const struct day_range closed[] = { { 20260515, 20260516 },
	{ 20261228, 20270102 } };

static struct {
	long worlds, nights, starts, transfers, mails, throttles, shifted;
	long missing, doubled, longest_h, shortest_min;
} sum = { .shortest_min = 24 * 60 };

static struct calendar
calendar_of(const char *zone, int from_min, int length_min)
{
	return (struct calendar){ .zone = zone, .weekdays = 0x1f,
		.holidays = dk, .n_holidays = 1, .closed = closed,
		.n_closed = ARRAY_LEN(closed), .window_from_min = from_min,
		.window_until_min = (from_min + length_min) % (24 * 60),
		.send_at_min = 9 * 60 };
}

static void
lost(const struct calendar *cal, int night, const char *what)
{
	fail_msg("%s, window from %02d:%02d, night %d: %s", cal->zone,
	    cal->window_from_min / 60, cal->window_from_min % 60, night, what);
}

/* The wall clock of an instant in minutes, and its day. */
static int
wall(const char *zone, time_t t, int *day)
{
	struct civil c;

	clock_local(zone, t, &c);
	*day = day_make(c.year, c.month, c.day);
	return c.hour * 60 + c.minute;
}

/* By the days alone, without calendar.c's search. */
static bool
gets_mails(int day)
{
	if (day_weekday(day) > 5 || calendar_is_holiday("DK", day))
		return false;
	for (size_t i = 0; i < ARRAY_LEN(closed); i++)
		if (day >= closed[i].from && day < closed[i].until)
			return false;
	return true;
}

/* ---- one window ---------------------------------------------------------- */
static void
check_bounds(const struct calendar *cal, int night)
{
	const time_t start = calendar_window_start(cal, night);
	const time_t end = calendar_window_end(cal, night);
	int day;

	if (start >= end)
		lost(cal, night, "the window is empty");
	if (calendar_window_start(cal, day_add(night, 1)) < end)
		lost(cal, night, "two windows overlap");
	(void)wall(cal->zone, end, &day);
	if (day != night)
		lost(cal, night, "it does not end on its date");
	if ((end - start) / 60 < sum.shortest_min)
		sum.shortest_min = (end - start) / 60;
	if ((end - start) / 3600 > sum.longest_h)
		sum.longest_h = (end - start) / 3600;
}

/* A run may begin at any moment of the window: it is this night. */
static void
check_starts(const struct calendar *cal, int night)
{
	const time_t start = calendar_window_start(cal, night);
	const time_t end = calendar_window_end(cal, night);
	const time_t at[] = { start, start + 60, (start + end) / 2, end - 60,
		end - 1 };

	for (size_t i = 0; i < ARRAY_LEN(at); i++) {
		if (calendar_night(cal, at[i]) != night)
			lost(cal, night, "a start in the window is another night");
		if (!calendar_in_window(cal, at[i], 0))
			lost(cal, night, "a start in the window is outside");
		sum.starts++;
	}
	if (calendar_night(cal, end) != day_add(night, 1))
		lost(cal, night, "the next night does not follow");
	if (calendar_in_window(cal, start - 1, 0) ||
	    calendar_in_window(cal, end - 600, 600))
		lost(cal, night, "the window is longer than it is");
}

/* The timer of the machine, at ten past the hour in which the window begins: on
 * a day without that hour systemd starts nothing, in a doubled one once, we do
 * not say which. */
static void
check_timer(const struct calendar *cal, int day, int night)
{
	const int minute = cal->window_from_min + 10;
	const struct civil c = { day / 10000, day / 100 % 100, day % 100,
		minute / 60, minute % 60, 0 };
	const time_t first = clock_utc(cal->zone, &c);
	const int changes[] = { 1800, 3600 };
	int on;

	if (wall(cal->zone, first, &on) != minute || on != day) {
		if (calendar_gap_day(cal->zone, day, 1, minute) != day)
			lost(cal, night, "a start is missing without a gap");
		sum.missing++;
		/* Whoever starts by our clock starts after the gap. */
	} else if (calendar_gap_day(cal->zone, day, 1, minute) != NO_DAY) {
		lost(cal, night, "a gap that is none");
	}
	if (calendar_night(cal, first) != night ||
	    !calendar_in_window(cal, first, 0))
		lost(cal, night, "the timer's run is not in it");
	for (size_t i = 0; i < ARRAY_LEN(changes); i++)
		if (wall(cal->zone, first + changes[i], &on) == minute &&
		    on == day) {
			sum.doubled++;
			if (calendar_night(cal, first + changes[i]) != night ||
			    !calendar_in_window(cal, first + changes[i], 0))
				lost(cal, night, "the second of two is not in it");
		}
}

/* *last = the day of the last mails. */
static void
check_mails(const struct calendar *cal, int night, int *last)
{
	const time_t t = calendar_send_at(cal, night);
	int day, minute = wall(cal->zone, t, &day);

	if (t < calendar_window_end(cal, night))
		lost(cal, night, "mails are due before the window ends");
	if (!gets_mails(day))
		lost(cal, night, "mails are due on a closed day");
	if (minute != cal->send_at_min)
		lost(cal, night, "mails are not due at send.at");
	if (!calendar_is_transfer_night(cal, night)) {
		if (t != calendar_send_at(cal, day_add(night, 1)))
			lost(cal, night, "it waits for other mails");
		return;
	}
	if (*last != NO_DAY) {
		if (day <= *last)
			lost(cal, night, "a sending day gets two transfers");
		for (int d = day_add(*last, 1); d < day; d = day_add(d, 1))
			if (gets_mails(d))
				lost(cal, night, "a sending day is left out");
	}
	*last = day;
	sum.transfers++;
}

/* 29, 30 and 31 days by dates, from the edges of one window to those of another,
 * however many hours lie between. */
static void
check_throttle(const struct calendar *cal, int night)
{
	for (int days = 29; days <= 31; days++) {
		const int later = day_add(night, days);
		const time_t a[] = { calendar_window_start(cal, night),
			calendar_window_end(cal, night) - 60 };
		const time_t b[] = { calendar_window_start(cal, later) + 60,
			calendar_window_end(cal, later) - 1 };
		for (size_t i = 0; i < 4; i++)
			if (day_diff(calendar_night(cal, b[i % 2]),
			    calendar_night(cal, a[i / 2])) != days)
				lost(cal, night, "a throttle by dates is off");
		if (b[0] - 60 - a[0] != (time_t)days * DAY_S)
			sum.shifted++;
		sum.throttles++;
	}
}

static int
hour_step(size_t zone)
{
	const char *all = getenv("NPSYNC_LONG");

	return zone == 0 || (all != NULL && *all != '\0') ? 1 : 4;
}

static int
hour_first(size_t zone)
{
	return (int)zone % hour_step(zone);
}

static void
check_window(const char *zone, int from_min, int length_min)
{
	const struct calendar cal = calendar_of(zone, from_min, length_min);
	const bool overnight = cal.window_from_min >= cal.window_until_min;
	int night = FIRST, last = NO_DAY;

	for (int i = 0; i < NIGHTS; i++, night = day_add(night, 1)) {
		check_bounds(&cal, night);
		check_starts(&cal, night);
		check_timer(&cal, overnight ? day_add(night, -1) : night, night);
		check_mails(&cal, night, &last);
		check_throttle(&cal, night);
	}
	sum.worlds++;
	sum.nights += NIGHTS;
}

static void
test_start_hours(void **state)
{
	(void)state;
	for (size_t z = 0; z < ARRAY_LEN(zones); z++)
		for (int hour = hour_first(z); hour < 24;
		    hour += hour_step(z)) {
			check_window(zones[z], hour * 60, 7 * 60);
			check_window(zones[z], hour * 60, 60);
		}
	print_message("%ld windows (%zu zones, 7 h and 1 h), "
	    "%ld nights, %ld starts, %ld transfers, %ld throttles (%ld over a "
	    "clock change); starts without an hour: %ld, with two: %ld; windows "
	    "of %ld min to %ld h\n", sum.worlds, ARRAY_LEN(zones), sum.nights,
	    sum.starts, sum.transfers, sum.throttles, sum.shifted, sum.missing,
	    sum.doubled, sum.shortest_min, sum.longest_h);
	/* What the test is about did happen. */
	assert_true(sum.missing > 0 && sum.doubled > 0 && sum.shifted > 0);
	assert_int_equal(sum.nights, (24 + 5L * 24 / hour_step(1)) * 2 *
	    NIGHTS);
}

/* ---- the hour of send.at ------------------------------------------------- */
/* For a service that keeps no mail: each sending day has its hour, that of its
 * night, and nothing else is one. */
static void
check_hours(const char *zone, int send_at_min)
{
	struct calendar cal = calendar_of(zone, send_at_min + 90, 7 * 60);
	int night = FIRST;

	cal.window_from_min %= 24 * 60;
	cal.send_at_min = send_at_min;
	cal.by_hour = true;
	for (int i = 0; i < NIGHTS; i++, night = day_add(night, 1)) {
		const time_t at = calendar_send_at(&cal, night);
		const bool transfers = calendar_is_transfer_night(&cal, night);
		int day;
		(void)wall(zone, at, &day);
		if (!gets_mails(day) || calendar_window_end(&cal, night) > at)
			lost(&cal, night, "the hour is on a closed day, or early");
		if (calendar_push_end(&cal, night) != at + 3600)
			lost(&cal, night, "the hour is not one");
		if (transfers && (calendar_push_night(&cal, at, 3600) != night ||
		    calendar_push_night(&cal, at + 3599, 3600) != night))
			lost(&cal, night, "the hour belongs to another night");
		if (calendar_push_night(&cal, at - 1, 0) != NO_DAY ||
		    calendar_push_night(&cal, at + 3600, 0) != NO_DAY)
			lost(&cal, night, "the hour is longer");
		/* Who is due is not decided again before it is over. */
		if (calendar_window_start(&cal, day_add(day, 1)) <
		    at + 3600 && transfers && calendar_window_start(&cal,
		    day_add(night, 1)) < at + 3600)
			lost(&cal, night, "the next night begins in it");
		sum.mails += transfers;
	}
}

static void
test_send_hours(void **state)
{
	(void)state;
	for (size_t z = 0; z < ARRAY_LEN(zones); z++)
		for (int hour = hour_first(z); hour < 24;
		    hour += hour_step(z)) {
			check_hours(zones[z], hour * 60);
			check_hours(zones[z], hour * 60 + 30);
		}
	print_message("%ld hours of send.at\n", sum.mails);
}

/* ---- single lines of the vectors ----------------------------------------- */
static time_t
at(const char *local, const char *zone)
{
	time_t t = NO_TIME;

	if (!clock_parse_iso(local, zone, &t))
		fail_msg("bad time in the test: %s", local);
	return t;
}

/* A window whose hour does not exist begins after the gap, as long as ever; a
 * start in a doubled hour is the same night in both. */
static void
test_change_days(void **state)
{
	static const struct {
		const char *zone;
		int from_min, until_min, night;
		const char *start, *end;
	} cases[] = {
		{ CPH, 120, 180, 20260329, "01:00", "02:00" },
		{ CPH, 150, 180, 20260329, "01:00", "01:30" },
		{ CPH, 150, 240, 20260329, "01:00", "02:00" },
		{ CPH, 90, 180, 20260329, "00:30", "01:00" },
		{ CPH, 120, 180, 20261025, "00:00", "02:00" },
		{ CPH, 150, 160, 20261025, "00:30", "00:40" },
		{ "Australia/Lord_Howe", 120, 150, 20261004, "15:30", "16:00" },
		{ "America/New_York", 120, 180, 20260308, "07:00", "08:00" },
	};
	char buf[32];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct calendar cal = calendar_of(cases[i].zone,
		    cases[i].from_min, 1);
		cal.window_until_min = cases[i].until_min;
		const time_t start = calendar_window_start(&cal, cases[i].night);
		const time_t end = calendar_window_end(&cal, cases[i].night);
		if (strncmp(clock_iso(buf, start) + 11, cases[i].start, 5) != 0)
			fail_msg("case %zu begins %s", i, buf);
		if (strncmp(clock_iso(buf, end) + 11, cases[i].end, 5) != 0)
			fail_msg("case %zu ends %s", i, buf);
		assert_int_equal(calendar_night(&cal, start), cases[i].night);
		assert_int_equal(calendar_night(&cal, end),
		    day_add(cases[i].night, 1));
	}
}

/* A window that ends after send.at: the mails leave on the day after, and the
 * night before that day transfers. */
static void
test_window_by_day(void **state)
{
	struct calendar cal = calendar_of(CPH, 10 * 60, 5 * 60);
	char buf[32];

	(void)state;
	/* Thursday for Friday, Friday not, Sunday for Monday. */
	assert_true(calendar_is_transfer_night(&cal, 20260618));
	assert_false(calendar_is_transfer_night(&cal, 20260619));
	assert_true(calendar_is_transfer_night(&cal, 20260621));
	assert_int_equal(calendar_transfer_night(&cal, 20260619), 20260621);
	assert_string_equal(clock_iso(buf, calendar_send_at(&cal, 20260618)),
	    "2026-06-19T07:00:00Z");
	assert_string_equal(clock_iso(buf, calendar_send_at(&cal, 20260619)),
	    "2026-06-22T07:00:00Z");
	/* The two nights without transfer do not count as age. */
	assert_int_equal(calendar_oldest_day(&cal, 20260621, 7), 20260612);
	assert_int_equal(calendar_oldest_day(&cal, 20260622, 7), 20260615);
	cal.weekdays = 0;
	assert_int_equal(calendar_transfer_night(&cal, 20260618), NO_DAY);
	assert_int_equal(calendar_send_at(&cal, 20260618), NO_TIME);
}

/* Section 4: systemd's elapses, and what `check` warns of. */
static void
test_gap_days(void **state)
{
	(void)state;
	assert_int_equal(calendar_gap_day(CPH, 20260327, 370, 150), 20260329);
	assert_int_equal(calendar_gap_day(CPH, 20260330, 364, 150), 20270328);
	assert_int_equal(calendar_gap_day(CPH, 20260327, 370, 120), 20260329);
	assert_int_equal(calendar_gap_day(CPH, 20260327, 370, 179), 20260329);
	assert_int_equal(calendar_gap_day(CPH, 20260327, 370, 190), NO_DAY);
	assert_int_equal(calendar_gap_day(CPH, 20260327, 370, 119), NO_DAY);
	assert_int_equal(calendar_gap_day(CPH, 20260327, 370, 90), NO_DAY);
	assert_int_equal(calendar_gap_day(CPH, 20260327, 370, 180), NO_DAY);
	assert_int_equal(calendar_gap_day("UTC", 20260327, 370, 150), NO_DAY);
	assert_int_equal(calendar_gap_day("Australia/Lord_Howe", 20260327, 370,
	    135), 20261004);
	assert_int_equal(calendar_gap_day("Australia/Lord_Howe", 20260327, 370,
	    150), NO_DAY);
}

/* Section 4: the hourly job fires 288 times. */
static void
test_hourly(void **state)
{
	const time_t last = at("2019-09-25T12:00:00", "Europe/Paris");
	int n = 0;

	(void)state;
	for (time_t t = at("2019-09-13T13:00:00", "Europe/Paris"); t <= last;
	     t += 3600)
		n++;
	assert_int_equal(n, 288);
}

/* Section 4: a service time without zone, as UTC, on our wall clock. */
static void
test_service_time(void **state)
{
	char buf[32];

	(void)state;
	assert_string_equal(clock_words(buf, CPH,
	    at("2019-09-25T09:34:56Z", "UTC")), "Wed 2019-09-25 11:34");
	assert_string_equal(clock_words(buf, CPH,
	    at("2019-09-25T10:49:13Z", "UTC")), "Wed 2019-09-25 12:49");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_start_hours),
		cmocka_unit_test(test_send_hours),
		cmocka_unit_test(test_change_days),
		cmocka_unit_test(test_window_by_day),
		cmocka_unit_test(test_gap_days),
		cmocka_unit_test(test_hourly),
		cmocka_unit_test(test_service_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
