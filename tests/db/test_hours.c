/*
 * A service that keeps no mail until its time (connector without the
 * capability): the night decides, the run in the hour of send.at hands over.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "clock.h"
#include "highwater.h"
#include "plain.h"
#include "testdb.h"

#define WED 20260506
#define THU 20260507
#define FRI 20260508
#define SAT 20260509
#define MON 20260511

static void
says(const char *part)
{
	if (strstr(plain_said(), part) == NULL)
		fail_msg("not said: %s\n%s", part, plain_said());
}

static void
hides(const char *part)
{
	if (strstr(plain_said(), part) != NULL)
		fail_msg("said: %s\n%s", part, plain_said());
}

static int
in_state(struct fixture *f, const char *state)
{
	return (int)fixture_int(f, "SELECT count(*) FROM npsync.queue WHERE"
	    " tenant_id = $1 AND state = '%s'", state);
}

/* A first run notes the CRM, then two people are met, by the afternoon of
 * Tuesday. */
static void
begin(struct fixture *f, bool keeps_time, const char *dir)
{
	fixture_tenant(f);
	plain_open(f, 5, keeps_time, dir);
	assert_int_equal(plain_run(RUN_NIGHT, fixture_time(20260505, 3, 10)), 0);
	plain_meeting(0, fixture_time(20260505, 10, 0));
	plain_meeting(1, fixture_time(20260505, 11, 0));
	assert_int_equal(plain_run(RUN_HOURLY, fixture_time(20260505, 12, 7)), 0);
	assert_int_equal(in_state(f, "queued"), 2);
}

static void
test_night_decides_hour_sends(void **state)
{
	struct fixture *f = *state;

	begin(f, false, NULL);
	assert_int_equal(plain_run(RUN_NIGHT, fixture_time(WED, 3, 10)), 0);
	assert_int_equal(plain_requests(), 0);
	says("who is due is handed over by the hourly run from Wed 2026-05-06 "
	    "09:00");
	assert_int_equal(fixture_int(f, "SELECT count(*) FROM npsync.queue WHERE"
	    " tenant_id = $1 AND due_night = '2026-05-06'"), 2);
	/* Too early, however often. */
	assert_int_equal(plain_run(RUN_HOURLY, fixture_time(WED, 8, 7)), 0);
	assert_int_equal(plain_run(RUN_HOURLY, fixture_time(WED, 8, 59)), 0);
	assert_int_equal(plain_requests(), 0);
	/* Met since the night: not decided, so not handed over. */
	plain_meeting(2, fixture_time(WED, 8, 30));
	assert_int_equal(plain_run(RUN_HOURLY, fixture_time(WED, 9, 7)), 0);
	assert_int_equal(plain_requests(), 2);
	assert_int_equal(plain_send_at(), NO_TIME);
	assert_int_equal(in_state(f, "sent"), 2);
	assert_int_equal(in_state(f, "queued"), 1);
	assert_int_equal(fixture_int(f, "SELECT count(*) FROM npsync.person_send"
	    " WHERE tenant_id = $1 AND sent_on = '2026-05-06'"), 4);
	assert_int_equal(fixture_int(f, "SELECT count(*) FROM npsync.queue WHERE"
	    " tenant_id = $1 AND send_at = '2026-05-06 09:07+02'"), 2);
	/* Again, and after the hour: nothing new. */
	assert_int_equal(plain_run(RUN_HOURLY, fixture_time(WED, 9, 30)), 0);
	assert_int_equal(plain_run(RUN_HOURLY, fixture_time(WED, 10, 7)), 0);
	assert_int_equal(plain_requests(), 2);
	assert_int_equal(plain_run(RUN_NIGHT, fixture_time(THU, 3, 10)), 0);
	hides("not handed over");
	assert_int_equal(plain_run(RUN_HOURLY, fixture_time(THU, 9, 7)), 0);
	assert_int_equal(plain_requests(), 3);
	fixture_assert_history(f);
	plain_close();
}

/* The twin: with the capability the night itself hands over. */
static void
test_night_sends(void **state)
{
	struct fixture *f = *state;

	begin(f, true, NULL);
	assert_int_equal(plain_run(RUN_NIGHT, fixture_time(WED, 3, 10)), 0);
	assert_int_equal(plain_requests(), 2);
	assert_in_range(plain_send_at(), fixture_time(WED, 9, 0),
	    fixture_time(WED, 9, 20) - 1);
	assert_int_equal(plain_run(RUN_HOURLY, fixture_time(WED, 9, 7)), 0);
	assert_int_equal(plain_requests(), 2);
	plain_close();
}

/* [send.at, send.at + 1 h): stop_before makes it neither longer nor shorter. */
static void
test_bounds(void **state)
{
	static const struct {
		int hour, minute, requests;
	} cases[] = { { 8, 59, 0 }, { 9, 0, 2 }, { 9, 59, 2 }, { 10, 0, 0 },
		{ 12, 0, 0 }, { 22, 59, 0 } };
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		begin(f, false, NULL);
		f->conf.send.stop_before_s = 1800;
		assert_int_equal(plain_run(RUN_NIGHT, fixture_time(WED, 3, 10)),
		    0);
		assert_int_equal(plain_run(RUN_HOURLY, fixture_time(WED,
		    cases[i].hour, cases[i].minute)), 0);
		if (plain_requests() != cases[i].requests)
			fail_msg("%02d:%02d: %d", cases[i].hour, cases[i].minute,
			    plain_requests());
		plain_close();
	}
}

/* Nobody came in that hour: decided anew, counted and said, asked once. */
static void
test_hour_was_missed(void **state)
{
	struct fixture *f = *state;

	begin(f, false, NULL);
	assert_int_equal(plain_run(RUN_NIGHT, fixture_time(WED, 3, 10)), 0);
	assert_int_equal(plain_run(RUN_HOURLY, fixture_time(WED, 10, 7)), 0);
	/* Refused meanwhile: the new decision knows. */
	plain_refuse(1);
	assert_int_equal(plain_run(RUN_NIGHT, fixture_time(THU, 3, 10)), 0);
	assert_int_equal(plain_requests(), 0);
	says("2 rows that were due before were not handed over: decided again");
	assert_int_equal(fixture_int(f, "SELECT n FROM npsync.run_count WHERE"
	    " tenant_id = $1 AND outcome = 'not_handed_over'"), 2);
	assert_int_equal(fixture_int(f, "SELECT count(*) FROM npsync.queue WHERE"
	    " tenant_id = $1 AND event_id = 'm1' AND state = 'suppressed' AND"
	    " reason = 'no_send'"), 1);
	assert_int_equal(plain_run(RUN_HOURLY, fixture_time(THU, 9, 7)), 0);
	assert_int_equal(plain_requests(), 1);
	assert_int_equal(plain_asked(0), 1);
	assert_int_equal(plain_run(RUN_NIGHT, fixture_time(FRI, 3, 10)), 0);
	hides("not handed over");
	fixture_assert_history(f);
	plain_close();
}

/* Too old by then: it ends with its reason, it does not go late. */
static void
test_missed_until_too_old(void **state)
{
	struct fixture *f = *state;
	int night = WED;

	begin(f, false, NULL);
	for (int i = 0; i < 9; i++, night = day_add(night, 1))
		assert_int_equal(plain_run(RUN_NIGHT,
		    fixture_time(night, 3, 10)), 0);
	assert_int_equal(plain_requests(), 0);
	assert_int_equal(fixture_int(f, "SELECT count(*) FROM npsync.queue WHERE"
	    " tenant_id = $1 AND state = 'suppressed' AND reason = 'too_old'"),
	    2);
	assert_int_equal(plain_run(RUN_HOURLY,
	    fixture_time(day_add(night, -1), 9, 7)), 0);
	assert_int_equal(plain_requests(), 0);
	plain_close();
}

/* A pause that was made after the night is obeyed. */
static void
test_pause(void **state)
{
	struct fixture *f = *state;

	begin(f, false, NULL);
	assert_int_equal(plain_run(RUN_NIGHT, fixture_time(WED, 3, 10)), 0);
	fixture_exec(f, "UPDATE npsync.tenant SET paused = true WHERE"
	    " tenant_id = $1");
	assert_int_equal(plain_run(RUN_HOURLY, fixture_time(WED, 9, 7)), 0);
	assert_int_equal(plain_requests(), 0);
	fixture_exec(f, "UPDATE npsync.tenant SET paused = false WHERE"
	    " tenant_id = $1");
	fixture_exec(f, "INSERT INTO npsync.pause (tenant_id, trigger, actor, at)"
	    " VALUES ($1, 'meet', 'test', '2026-05-06 08:00+02')");
	assert_int_equal(plain_run(RUN_HOURLY, fixture_time(WED, 9, 17)), 0);
	assert_int_equal(plain_requests(), 0);
	fixture_exec(f, "DELETE FROM npsync.pause WHERE tenant_id = $1");
	/* One that was taken out by day does not go either. */
	fixture_exec(f, "UPDATE npsync.queue SET state = 'excluded' WHERE"
	    " tenant_id = $1 AND event_id = 'm0'");
	assert_int_equal(plain_run(RUN_HOURLY, fixture_time(WED, 9, 27)), 0);
	assert_int_equal(plain_requests(), 1);
	assert_int_equal(plain_asked(0), 0);
	plain_close();
}

/* A restored backup: nobody is handed over; and the high-water file counts what
 * the hour has claimed. */
static void
test_restored(void **state)
{
	struct fixture *f = *state;
	struct highwater mark;
	struct err err;
	bool found;
	char dir[300];

	(void)snprintf(dir, sizeof(dir), "%s/state-hours", testdb_dir());
	assert_int_equal(mkdir(dir, 0700), 0);
	begin(f, false, dir);
	assert_int_equal(plain_run(RUN_NIGHT, fixture_time(WED, 3, 10)), 0);
	assert_int_equal(plain_run(RUN_HOURLY, fixture_time(WED, 9, 7)), 0);
	assert_int_equal(plain_requests(), 2);
	assert_true(highwater_read(dir, f->tenant.name, &mark, &found, &err));
	assert_true(found);
	assert_int_equal(mark.sends, 2);
	/* The database of the morning before that hour. */
	fixture_exec(f, "UPDATE npsync.tenant SET sends = 0 WHERE tenant_id = $1");
	fixture_exec(f, "UPDATE npsync.queue SET state = 'queued', attempt = 0"
	    " WHERE tenant_id = $1");
	fixture_exec(f, "DELETE FROM npsync.person_send WHERE tenant_id = $1");
	(void)plain_run(RUN_HOURLY, fixture_time(WED, 9, 17));
	assert_int_equal(plain_requests(), 2);
	assert_int_equal(in_state(f, "held"), 2);
	plain_close();
}

/* Friday's hour is not Saturday's, and Monday's rows leave on Monday. */
static void
test_weekend(void **state)
{
	struct fixture *f = *state;

	begin(f, false, NULL);
	plain_meeting(3, fixture_time(FRI, 14, 0));
	assert_int_equal(plain_run(RUN_NIGHT, fixture_time(WED, 3, 10)), 0);
	assert_int_equal(plain_run(RUN_HOURLY, fixture_time(WED, 9, 7)), 0);
	for (int day = THU; day <= MON; day++) {
		assert_int_equal(plain_run(RUN_NIGHT, fixture_time(day, 3, 10)),
		    0);
		assert_int_equal(plain_run(RUN_HOURLY, fixture_time(day, 9, 7)),
		    0);
		assert_int_equal(plain_requests(), day == MON ? 3 : 2);
	}
	plain_close();
}

/* What the service put off beyond its hour waits for the next decision. */
static void
test_put_off(void **state)
{
	struct fixture *f = *state;

	begin(f, false, NULL);
	assert_int_equal(plain_run(RUN_NIGHT, fixture_time(WED, 3, 10)), 0);
	plain_status(429);
	(void)plain_run(RUN_HOURLY, fixture_time(WED, 9, 7));
	assert_int_equal(in_state(f, "deferred"), 2);
	assert_int_equal(fixture_int(f, "SELECT count(*) FROM npsync.person_send"
	    " WHERE tenant_id = $1"), 0);
	plain_status(201);
	assert_int_equal(plain_run(RUN_HOURLY, fixture_time(WED, 10, 7)), 0);
	assert_int_equal(in_state(f, "deferred"), 2);
	assert_int_equal(plain_run(RUN_NIGHT, fixture_time(THU, 3, 10)), 0);
	says("2 rows that were due before were not handed over: decided again");
	assert_int_equal(plain_run(RUN_HOURLY, fixture_time(THU, 9, 7)), 0);
	assert_int_equal(in_state(f, "sent"), 2);
	fixture_assert_history(f);
	plain_close();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_night_decides_hour_sends),
		cmocka_unit_test(test_night_sends),
		cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_hour_was_missed),
		cmocka_unit_test(test_missed_until_too_old),
		cmocka_unit_test(test_pause),
		cmocka_unit_test(test_restored),
		cmocka_unit_test(test_weekend),
		cmocka_unit_test(test_put_off),
	};

	return cmocka_run_group_tests(tests, fixture_start, fixture_stop);
}
