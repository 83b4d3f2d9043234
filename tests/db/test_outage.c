/*
 * The machine was off for some nights and comes back at some hour: what was
 * missed is said and caught up, nobody is asked outside the window or twice, and
 * what grew too old says so.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "clock.h"
#include "plain.h"
#include "testdb.h"

#define HELD 20260303		/* the last night before it, a Tuesday */

/* Who is who. */
enum { FIRST_SILENT, LAST_SILENT, MET_BEFORE, MET_MEANWHILE, CALLED, ASKED,
	PEOPLE };

static struct {
	long worlds, nights_missed, silences, too_old, asked, outside;
} sum;

static void
won(struct fixture *f, int person, int day)
{
	char iso[16];

	fixture_exec(f, "UPDATE npsync.contact SET last_won_on = '%s' WHERE"
	    " tenant_id = $1 AND contact_id = 'k%d'", day_iso(iso, day), person);
}

/* A silence that reaches day 91 on that date. */
static void
falls_silent(struct fixture *f, int person, int day)
{
	plain_call(person, day_add(day, -91));
	won(f, person, day_add(day, -120));
}

static const char *
fate(struct fixture *f, int person, const char *trigger)
{
	return fixture_text(f, "SELECT string_agg(state || coalesce(' ' ||"
	    " reason, ''), ',' ORDER BY queue_id) FROM npsync.queue WHERE"
	    " tenant_id = $1 AND contact_id = 'k%d' AND trigger = '%s'", person,
	    trigger);
}

/* Until the night HELD, in which one of them is asked. */
static void
begin(struct fixture *f, int missed)
{
	fixture_tenant(f);
	plain_open(f, PEOPLE, true, NULL);
	assert_int_equal(plain_run(RUN_NIGHT,
	    fixture_time(day_add(HELD, -1), 3, 10)), 0);
	falls_silent(f, FIRST_SILENT, day_add(HELD, 1));
	falls_silent(f, LAST_SILENT, day_add(HELD, missed));
	falls_silent(f, CALLED, day_add(HELD, 1));
	plain_meeting(ASKED, fixture_time(day_add(HELD, -1), 15, 0));
	assert_int_equal(plain_run(RUN_NIGHT, fixture_time(HELD, 3, 10)), 0);
	assert_int_equal(plain_asked(ASKED), 1);
	plain_meeting(MET_BEFORE, fixture_time(HELD, 14, 0));
	plain_meeting(MET_MEANWHILE, fixture_time(day_add(HELD, missed - 1),
	    15, 0));
	plain_meeting(ASKED, fixture_time(day_add(HELD, missed - 1), 16, 0));
	plain_call(CALLED, day_add(HELD, missed > 1 ? missed - 1 : 1));
}

/* The nights to sending days that nobody held, when a run begins then. */
static int
missed_by(const struct calendar *cal, time_t now)
{
	const int night = calendar_night(cal, now);
	int n = 0;

	for (int day = day_add(HELD, 1); day < night; day = day_add(day, 1))
		n += calendar_is_sending_day(cal, day);
	return n;
}

static void
check_said(int missed)
{
	char words[64];

	if (missed == 0) {
		assert_null(strstr(plain_said(), "missed"));
		return;
	}
	(void)snprintf(words, sizeof(words), missed == 1
	    ? "the night to 2026-03-04 was missed: nobody was asked in it"
	    : "%d nights to sending days were missed, 2026-03-04 to ", missed);
	if (strstr(plain_said(), words) == NULL)
		fail_msg("not said: %s\n%s", words, plain_said());
}

/* Rows of a silence were in sight on a whole sending day: there before its
 * morning, and still there at its end. */
static void
check_in_sight(struct fixture *f, const struct calendar *cal, int person)
{
	long long row[2];

	fixture_ints(f, row, 2, "SELECT x FROM npsync.queue q, LATERAL (VALUES"
	    " (1, extract(epoch FROM created_at)::bigint), (2, to_char(due_night,"
	    " 'YYYYMMDD')::bigint)) v(n, x) WHERE tenant_id = $1 AND contact_id ="
	    " 'k%d' AND trigger = 'inact' ORDER BY n", person);
	for (int day = day_add((int)row[1], -1); day > HELD;
	     day = day_add(day, -1))
		if (calendar_is_sending_day(cal, day))
			if (row[0] < (long long)fixture_time(day, 7, 0))
				return;
	fail_msg("k%d was not in sight on a working day", person);
}

static void
check_end(struct fixture *f, int missed, int transfer)
{
	const struct calendar *cal = &f->conf.calendar;
	const bool old = HELD < calendar_oldest_day(cal, transfer, 7);
	const bool again = missed - 1 >= 31;

	assert_string_equal(fate(f, FIRST_SILENT, "inact"), "sent");
	assert_string_equal(fate(f, LAST_SILENT, "inact"), "sent");
	check_in_sight(f, cal, FIRST_SILENT);
	check_in_sight(f, cal, LAST_SILENT);
	assert_string_equal(fate(f, MET_BEFORE, "meet"),
	    old ? "suppressed too_old" : "sent");
	assert_string_equal(fate(f, MET_MEANWHILE, "meet"), "sent");
	assert_string_equal(fate(f, CALLED, "inact"), "");
	assert_string_equal(fate(f, ASKED, "meet"),
	    again ? "sent,sent" : "sent,suppressed throttled");
	for (int i = 0; i < PEOPLE; i++) {
		const int most = i == CALLED || (i == MET_BEFORE && old) ? 0
		    : i == ASKED && again ? 2 : 1;
		if (plain_asked(i) != most)
			fail_msg("k%d asked %d times", i, plain_asked(i));
		sum.asked += plain_asked(i);
	}
	fixture_assert_history(f);
	sum.too_old += old;
	sum.silences += 2;
}

/* Persistent=true: the timer's run comes as soon as the machine is there. */
static void
come_back(struct fixture *f, int off, int hour)
{
	struct calendar *cal;
	int night, transfer;

	begin(f, off);
	cal = &f->conf.calendar;
	const time_t now = fixture_time(day_add(HELD, off), hour, 20);
	const bool inside = calendar_in_window(cal, now, 0) &&
	    calendar_is_sending_day(cal, calendar_night(cal, now));
	const int before = plain_requests(), missed = missed_by(cal, now);
	assert_int_equal(plain_run(RUN_NIGHT, now), 0);
	check_said(missed);
	sum.nights_missed += missed;
	/* Pulled at any hour: nobody waits for the night to be seen. */
	assert_int_equal(fixture_int(f, "SELECT count(*) FROM npsync.queue WHERE"
	    " tenant_id = $1 AND contact_id = 'k%d'", MET_MEANWHILE), 1);
	if (!inside) {
		assert_int_equal(plain_requests(), before);
		sum.outside++;
	}
	night = calendar_night(cal, now);
	transfer = calendar_transfer_night(cal, night);
	for (int i = 0; i < 6; i++, night = day_add(night, 1)) {
		const time_t at = fixture_time(night, 3, 40);
		if (at <= now)
			continue;
		assert_int_equal(plain_run(RUN_NIGHT, at), 0);
		/* Said until a night before a sending day was held. */
		if (night > transfer || inside)
			check_said(0);
		else
			check_said(missed);
	}
	check_end(f, off, transfer);
	plain_close();
	sum.worlds++;
}

static void
test_outage(void **state)
{
	static const int offs[] = { 1, 3, 10, 40 };

	/* Together they come back at each hour of the day. */
	for (size_t i = 0; i < ARRAY_LEN(offs); i++)
		for (int hour = (int)i % 3; hour < 24; hour += i < 3 ? 3 : 2)
			come_back(*state, offs[i], hour);
	print_message("%ld outages of 1, 3, 10 and 40 nights, back at every hour "
	    "(%ld outside the window): %ld nights missed, %ld silences found, "
	    "%ld too old, %ld asked, nobody twice\n", sum.worlds, sum.outside,
	    sum.nights_missed, sum.silences, sum.too_old, sum.asked);
}

/* A run by hand at noon is no held night, and does not hide a missed one. */
static void
test_by_hand(void **state)
{
	struct fixture *f = *state;

	begin(f, 2);
	assert_int_equal(plain_run(RUN_MANUAL,
	    fixture_time(day_add(HELD, 1), 12, 0)), 0);
	check_said(1);
	assert_int_equal(plain_run(RUN_MANUAL,
	    fixture_time(day_add(HELD, 2), 12, 0)), 0);
	check_said(2);
	assert_int_equal(plain_run(RUN_HOURLY,
	    fixture_time(day_add(HELD, 2), 12, 7)), 0);
	check_said(0);
	assert_int_equal(plain_run(RUN_NIGHT,
	    fixture_time(day_add(HELD, 3), 3, 10)), 0);
	check_said(2);
	assert_int_equal(fixture_int(f, "SELECT sum(n) FROM npsync.run_count c"
	    " JOIN npsync.run r USING (tenant_id, run_id) WHERE tenant_id = $1"
	    " AND stage = 'missed' AND outcome = 'missed' AND kind = 'night'"), 2);
	assert_int_equal(plain_run(RUN_NIGHT,
	    fixture_time(day_add(HELD, 3), 3, 20)), 0);
	check_said(0);
	plain_close();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_by_hand),
		cmocka_unit_test(test_outage),
	};

	return cmocka_run_group_tests(tests, fixture_start, fixture_stop);
}
