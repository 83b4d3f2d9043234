/*
 * What a run says of npsync's own health: of a connection that the configuration
 * has no more nothing stays raised, for nobody would ever call it well.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "clock.h"
#include "fixture.h"
#include "night_int.h"

#define RAISED(kind, subject) "($1, '" kind "', '" subject \
	"', 'raised', now())"

static const struct survey_connector nothing;

static void
test_of_another_driver(void **state)
{
	const struct run_options options = { .kind = RUN_HOURLY,
		.only = RUN_ALL };
	struct conf_crm crm = { .name = "crm" };
	struct fixture *f = *state;
	struct err err = { 0 };
	static struct night n;

	fixture_tenant(f);
	f->conf.crm = &crm;
	f->conf.n_crm = 1;
	f->conf.survey.driver = "npstoday";
	f->conf.survey.warn_suppressed_pct = 20;
	fixture_exec(f, "INSERT INTO npsync.alarm (tenant_id, kind, subject, state,"
	    " since) VALUES " RAISED("suppressed", "asknicely") ", "
	    RAISED("suppressed", "npstoday") ", " RAISED("connector", "asknicely")
	    ", " RAISED("connector", "crm") ", " RAISED("connector", "gone") ", "
	    RAISED("vanished", "campaign 4"));
	n = (struct night){ .options = &options, .stage = f->stage,
		.log = f->log, .survey.link.name = "npstoday" };
	n.stage.conf = &f->conf;
	n.stage.n_crm = 1;
	n.stage.survey = &n.survey;
	n.stage.crm = n.crms;
	n.crms[0].link = (struct link){ .name = "crm", .failed = true,
		.problem = { .kind = ERR_RETRY, .msg = "HTTP 503" } };
	if (!night_health(&n, true, &err))
		fail_msg("%s", err.msg);
	assert_string_equal(fixture_text(f, "SELECT string_agg(kind || ' ' ||"
	    " subject, ', ' ORDER BY kind, subject) FROM npsync.alarm"
	    " WHERE tenant_id = $1 AND state = 'raised'"), "connector crm, "
	    "suppressed npstoday, vanished campaign 4");
}

/* The fixture's runs never end: not of them. */
static const char *
raised(struct fixture *f)
{
	return fixture_text(f, "SELECT string_agg(kind, ' ' ORDER BY kind) FROM"
	    " npsync.alarm WHERE tenant_id = $1 AND state = 'raised'"
	    " AND kind <> 'run'");
}

/* A run's end: what it says of people who may have declined. */
static void
judge(struct fixture *f, enum run_kind kind, bool unsure, bool fails, int looked)
{
	const struct run_options options = { .only = RUN_ALL, .kind = kind };
	static struct night n;
	struct err err = { 0 };

	n = (struct night){ .options = &options, .stage = f->stage,
		.log = f->log, .survey = { .link.name = "asknicely",
		    .connector = &nothing, .looked = looked } };
	n.stage.conf = &f->conf;
	n.stage.survey = &n.survey;
	n.stage.crm = n.crms;
	n.survey.link.failed = fails;
	n.survey.link.problem = (struct err){ .kind = ERR_RETRY,
		.msg = "HTTP 503" };
	if (unsure)
		err_set(&n.survey.unsure, ERR_PROTOCOL, "of some");
	if (!night_health(&n, true, &err))
		fail_msg("%s", err.msg);
}

/* Somebody is due. */
static void
begin_unsure(struct fixture *f)
{
	fixture_tenant(f);
	fixture_card(f, "anna", NULL);
	f->conf.n_crm = 0;
	f->conf.survey.driver = "asknicely";
	(void)fixture_row(f, T_MEET, "anna", NULL);
	fixture_decide(f);
}

/* Claimed, and moved on as the push does; the night is over for it then. */
static void
push(struct fixture *f, enum queue_state to, const char *reason)
{
	struct queue_claimed *rows;
	struct queue_move move = { .to = to, .reason = reason,
		.until = calendar_push_end(&f->conf.calendar, f->stage.night) };
	struct err err = { 0 };
	size_t moved = 0;

	assert_int_equal(fixture_claim(f, 1, &rows), 1);
	move.queue_id = rows[0].queue_id;
	move.attempt = rows[0].attempt;
	if (!queue_move(f->db, &f->tenant, ACTOR_PUSH, "push", f->log.run_id,
	        clock_now(), &move, 1, f->scratch, &moved, &err))
		fail_msg("%s", err.msg);
	assert_int_equal(moved, 1);
}

/* Of whom a look does not say whether they declined: an alarm of its own, so that
 * a connection that fails later is told too.  A run that looked at nobody (of the
 * hour, of a weekend) does not end it while somebody waits. */
static void
test_who_is_unsure(void **state)
{
	struct fixture *f = *state;
	static struct { const char *name; enum run_kind kind; bool unsure, fails;
		int looked; bool waits; const char *raised; } steps[] = {
		{ "unsure", RUN_NIGHT, true, false, 0, true, "unconfirmed" },
		{ "the hour", RUN_HOURLY, false, false, 0, true, "unconfirmed" },
		{ "a weekend", RUN_NIGHT, false, false, 0, true, "unconfirmed" },
		{ "fails", RUN_NIGHT, false, true, 0, true, "connector unconfirmed" },
		{ "one of two", RUN_NIGHT, true, false, 1, true, "unconfirmed" },
		{ "all", RUN_NIGHT, false, false, 1, true, "" },
		{ "again", RUN_NIGHT, true, false, 0, true, "unconfirmed" },
		{ "nobody waits", RUN_HOURLY, false, false, 0, false, "" },
	};

	begin_unsure(f);
	push(f, QUEUE_DEFERRED, "unconfirmed: HTTP 503");
	for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
		if (!steps[i].waits)
			fixture_exec(f, "UPDATE npsync.queue SET state ="
			    " 'expired', reason = NULL WHERE tenant_id = $1");
		judge(f, steps[i].kind, steps[i].unsure, steps[i].fails,
		    steps[i].looked);
		if (strcmp(raised(f), steps[i].raised) != 0)
			fail_msg("%s: %s", steps[i].name, raised(f));
	}
}

/* ... also of who is due again, in a night whose push stops before him. */
static void
test_who_is_unsure_and_due(void **state)
{
	struct fixture *f = *state;

	begin_unsure(f);
	push(f, QUEUE_DEFERRED, "unconfirmed: HTTP 503");
	judge(f, RUN_NIGHT, true, false, 0);
	assert_string_equal(raised(f), "unconfirmed");
	fixture_night(f, FIXTURE_NIGHT + 1);
	fixture_decide(f);
	assert_string_equal(fixture_text(f, "SELECT reason FROM npsync.queue"
	    " WHERE tenant_id = $1"), "");
	judge(f, RUN_NIGHT, false, false, 0);
	assert_string_equal(raised(f), "unconfirmed");
	/* It comes to him, and no look is made. */
	push(f, QUEUE_DEFERRED, "HTTP 429");
	judge(f, RUN_NIGHT, false, false, 0);
	assert_string_equal(raised(f), "unconfirmed");
	fixture_night(f, FIXTURE_NIGHT + 2);
	fixture_decide(f);
	assert_int_equal(fixture_claim(f, 1, NULL), 1);
	judge(f, RUN_NIGHT, false, false, 0);
	assert_string_equal(raised(f), "unconfirmed");
	assert_int_equal(fixture_move(f, ACTOR_PUSH, fixture_int(f, "SELECT"
	    " queue_id FROM npsync.queue WHERE tenant_id = $1"), 3, QUEUE_SENT),
	    1);
	judge(f, RUN_NIGHT, false, false, 0);
	assert_string_equal(raised(f), "");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_of_another_driver),
		cmocka_unit_test(test_who_is_unsure),
		cmocka_unit_test(test_who_is_unsure_and_due),
	};

	return cmocka_run_group_tests(tests, fixture_start, fixture_stop);
}
