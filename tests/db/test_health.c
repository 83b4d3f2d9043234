/*
 * What a run says of npsync's own health: of a connection that the configuration
 * has no more nothing stays raised, for nobody would ever call it well.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

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

static const char *
raised(struct fixture *f)
{
	return fixture_text(f, "SELECT string_agg(kind, ' ' ORDER BY kind) FROM"
	    " npsync.alarm WHERE tenant_id = $1 AND state = 'raised'");
}

/* Of whom a look does not say whether they declined: an alarm of its own, so that
 * a connection that fails later is told too.  A run that looked at nobody (of the
 * hour, of a weekend) does not end it while somebody waits. */
static void
test_who_is_unsure(void **state)
{
	struct run_options options = { .only = RUN_ALL };
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
	static struct night n;

	fixture_tenant(f);
	fixture_card(f, "anna", NULL);
	f->conf.n_crm = 0;
	f->conf.survey.driver = "asknicely";
	(void)fixture_row(f, T_MEET, "anna", NULL);
	for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
		struct err err = { 0 };
		fixture_exec(f, steps[i].waits ? "UPDATE npsync.queue SET state ="
		    " 'deferred', reason = 'unconfirmed: HTTP 503' WHERE tenant_id"
		    " = $1" : "UPDATE npsync.queue SET state = 'expired', reason ="
		    " NULL WHERE tenant_id = $1");
		options.kind = steps[i].kind;
		n = (struct night){ .options = &options, .stage = f->stage,
			.log = f->log, .survey = { .link.name = "asknicely",
			    .connector = &nothing, .looked = steps[i].looked } };
		n.stage.conf = &f->conf;
		n.stage.survey = &n.survey;
		n.stage.crm = n.crms;
		n.survey.link.failed = steps[i].fails;
		n.survey.link.problem = (struct err){ .kind = ERR_RETRY,
			.msg = "HTTP 503" };
		if (steps[i].unsure)
			err_set(&n.survey.unsure, ERR_PROTOCOL, "of some");
		if (!night_health(&n, true, &err))
			fail_msg("%s: %s", steps[i].name, err.msg);
		if (strcmp(raised(f), steps[i].raised) != 0)
			fail_msg("%s: %s", steps[i].name, raised(f));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_of_another_driver),
		cmocka_unit_test(test_who_is_unsure),
	};

	return cmocka_run_group_tests(tests, fixture_start, fixture_stop);
}
