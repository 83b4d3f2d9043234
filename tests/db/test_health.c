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

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_of_another_driver),
	};

	return cmocka_run_group_tests(tests, fixture_start, fixture_stop);
}
