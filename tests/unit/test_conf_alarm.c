/* The group `alarm`: what it takes, and rules that cannot be meant so. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "conf.h"
#include "fake_connectors.h"
#include "scratch.h"
#include "tmpdir.h"

#define TOP "tenant = \"acme\";\n" \
	"rules = { own_domains = [ \"example.dk\" ]; };\n" \
	"crm = ( { name = \"main\"; driver = \"fake\"; } );\n" \
	"survey = { api_key = \"file:key\"; };\n" \
	"trigger = { meet = { campaign = 1; }; sale = { campaign = 2; }; };\n"
#define FALLBACK "fallback = \"f@example.dk\"; "

static struct conf *
load(const char *text, struct err *err)
{
	struct conf *conf = NULL;
	const char *whole = arena_printf(arena, TOP "alarm = { %s };\n", text);

	*err = (struct err){ .kind = ERR_NONE };
	return conf_load_with(tmpdir_write("npsync.conf", whole, 0600),
	    fake_crms, fake_surveys, arena, &conf, err) ? conf : NULL;
}

static void
test_all(void **state)
{
	struct err err;
	const struct conf *conf = load(FALLBACK "rules = ( { when = \"low\"; "
	    "to = [ \"owner\", \"Chef@\xc3\xb8l.example\" ]; }, "
	    "{ when = \"high\"; at_least = 10; to = \"manager\"; "
	    "campaigns = [ \"1\" ]; triggers = [ \"meet\" ]; digest = true; "
	    "language = \"no\"; }, { when = \"contact\"; to = [ \"employee\" ]; "
	    "} ); managers = ( { department = \"Salg\"; to = \"m@example.dk\"; "
	    "} ); digest_at = \"07:30\"; max_age_days = 3; webhook = { url = "
	    "\"http://127.0.0.1:1/x\"; secret = \"file:key\"; person = true; }; "
	    "health = { to = [ \"it@example.dk\" ]; language = \"da\"; };",
	    &err);

	(void)state;
	if (conf == NULL)
		fail_msg("%s", err.msg);
	const struct conf_alarm *a = &conf->alarm;
	const struct conf_alarm_rule *r = a->rules.v;
	assert_int_equal(a->rules.n, 3);
	assert_int_equal(r[0].when, ALARM_LOW);
	assert_int_equal(r[0].at_most, 6);
	assert_string_equal(r[0].language, "en");
	assert_string_equal(r[0].to.v[0], "owner");
	/* As SMTP takes it. */
	assert_string_equal(r[0].to.v[1], "Chef@xn--l-4ga.example");
	assert_int_equal(r[1].at_least, 10);
	assert_true(r[1].digest);
	assert_string_equal(r[1].triggers.v[0], "meet");
	assert_int_equal(a->digest_min, 450);
	assert_int_equal(a->max_age_days, 3);
	assert_true(a->webhook.person);
	assert_false(a->webhook.comment);
	assert_string_equal(a->health.to.v[0], "it@example.dk");
}

static void
test_default(void **state)
{
	struct err err;
	const struct conf *conf = load("", &err);

	(void)state;
	assert_non_null(conf);
	assert_int_equal(conf->alarm.rules.n, 0);
	assert_string_equal(conf->alarm.webhook.url, "");
	assert_string_equal(conf->alarm.templates, "");
	assert_int_equal(conf->alarm.digest_min, 480);
}

static const struct {
	const char *text, *expect;
} bad[] = {
	{ "rules = ( { when = \"low\"; to = [ \"owner\" ]; } );",
	    "alarm.fallback: expected a mail address" },
	{ "fallback = \"nobody\";", "alarm.fallback: expected a mail" },
	{ "rules = ( { to = [ \"owner\" ]; } );", "when" },
	{ FALLBACK "rules = ( { when = \"late\"; } );", "expected one of low, high, contact" },
	{ FALLBACK "rules = ( { when = \"low\"; at_most = 11; } );", "at_most" },
	{ FALLBACK "rules = ( { when = \"low\"; } );", "somebody in `to`" },
	{ FALLBACK "rules = ( { when = \"low\"; to = [ \"boss\" ]; } );",
	    "number 1 is none" },
	{ FALLBACK "rules = ( { when = \"low\"; to = [ \"manager\" ]; } );",
	    "alarm.managers" },
	{ FALLBACK "rules = ( { when = \"low\"; to = [ \"owner\" ]; at_least = "
	    "9; } );", "at_least belongs to" },
	{ FALLBACK "rules = ( { when = \"contact\"; to = [ \"owner\" ]; at_most "
	    "= 9; } );", "at_most belongs to" },
	{ FALLBACK "rules = ( { when = \"low\"; to = [ \"owner\" ]; triggers = "
	    "[ \"project\" ]; } );", "can never fire: no trigger \"project\"" },
	{ FALLBACK "rules = ( { when = \"low\"; to = [ \"owner\" ]; campaigns = "
	    "[ \"M\xc3\xb8" "de\" ]; } );", "expected campaign ids" },
	{ FALLBACK "rules = ( { when = \"low\"; to = [ \"owner\" ]; }, { when = "
	    "\"low\"; at_most = 4; to = [ \"owner\" ]; triggers = [ \"sale\" ]; "
	    "} );", "can never fire: rule 1 tells" },
	{ FALLBACK "rules = ( { when = \"high\"; to = [ \"owner\", "
	    "\"a@b.dk\" ]; }, { when = \"high\"; at_least = 10; to = "
	    "[ \"a@b.dk\" ]; digest = true; } );", "can never fire: rule 1" },
	{ "managers = ( { to = \"a@b.dk\"; } );", "a department or an owner" },
	{ "managers = ( { owner = \"x\"; to = \"a\"; } );", "mail address" },
	{ "digest_at = \"8\";", "alarm.digest_at: expected HH:MM" },
	{ "max_age_days = 29;", "alarm.max_age_days" },
	{ "webhook = { url = \"http://127.0.0.1/\"; };", "alarm.webhook.secret" },
	{ "webhook = { url = \"http://example.dk/\"; secret = \"file:key\"; };",
	    "alarm.webhook.url" },
	{ "health = { to = [ \"owner\" ]; };", "alarm.health.to: expected" },
	{ "health = { to = [ \"x\" ]; };", "alarm.health.to: expected" },
	{ "health = { language = \"fi\"; };", "alarm.health.language" },
	{ "colour = 1;", "alarm.colour" },
};

/* One line, with the place, and no address of a person in it. */
static void
test_bad(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct err err;
		if (load(bad[i].text, &err) != NULL ||
		    err.kind != ERR_CONFIG ||
		    strstr(err.msg, bad[i].expect) == NULL ||
		    strstr(err.msg, "npsync.conf:") == NULL ||
		    strstr(err.msg, "@b.dk") != NULL)
			fail_msg("case %zu: %s", i, err.msg);
	}
}

/* Rules that look alike and are not. */
static const char *const alike[] = {
	/* At once goes before a list. */
	"{ when = \"low\"; to = [ \"owner\" ]; digest = true; }, "
	    "{ when = \"low\"; to = [ \"owner\" ]; }",
	"{ when = \"low\"; at_most = 4; to = [ \"owner\" ]; }, "
	    "{ when = \"low\"; to = [ \"owner\" ]; }",
	"{ when = \"low\"; to = [ \"owner\" ]; campaigns = [ \"1\" ]; }, "
	    "{ when = \"low\"; to = [ \"owner\" ]; }",
	"{ when = \"low\"; to = [ \"owner\" ]; }, "
	    "{ when = \"low\"; to = [ \"owner\", \"a@b.dk\" ]; }",
	"{ when = \"low\"; to = [ \"owner\" ]; }, "
	    "{ when = \"high\"; to = [ \"owner\" ]; }",
};

static void
test_alike(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(alike); i++) {
		struct err err;
		if (load(arena_printf(arena, FALLBACK "rules = ( %s );",
		    alike[i]), &err) == NULL)
			fail_msg("case %zu: %s", i, err.msg);
	}
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_all), CASE(test_default), CASE(test_bad),
		CASE(test_alike),
	};

	return cmocka_run_group_tests(tests, tmpdir_make, tmpdir_remove);
}
