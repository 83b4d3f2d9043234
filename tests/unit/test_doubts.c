/* doubts.c and conf_diff.c: what a configuration cannot mean, and how two
 * differ. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "conf_diff.h"
#include "doubts.h"
#include "fake_connectors.h"
#include "tmpdir.h"

#define ALL "tenant = \"acme\";\n" \
	"crm = ( { name = \"main\"; driver = \"fake\"; } );\n" \
	"survey = { api_key = \"credential:npstoday\"; };\n"
#define RULES(more) "rules = { own_domains = [ \"own.dk\" ]; " more " };\n"

static struct arena *arena;
static struct buf said;

static int
set_up(void **state)
{
	arena = arena_new((size_t)1 << 22);
	buf_init(&said, 1 << 16);
	return arena == NULL ? -1 : tmpdir_make(state);
}

static int
tear_down(void **state)
{
	arena_free(arena);
	buf_free(&said);
	return tmpdir_remove(state);
}

static struct conf *
load(const char *text)
{
	struct conf *conf = NULL;
	struct err err;

	if (!conf_load_with(tmpdir_write("npsync.conf", text, 0600), fake_crms,
	    fake_surveys, arena, &conf, &err))
		fail_msg("%s: %s", text, err.msg);
	return conf;
}

static void
on_doubt(void *arg, const char *key, const char *text)
{
	(void)arg;
	assert_true(buf_printf(&said, "%s: %s\n", key, text));
}

/* ---- doubts -------------------------------------------------------------- */
static const struct {
	const char *text;	/* behind ALL */
	const char *expect;	/* its only line; "..." = more follows, NULL = none */
} doubts[] = {
	{ RULES(""), NULL },
	/* A line of campaigns that is never reached. */
	{ RULES("") "trigger = { sale = { campaign = ( { id = 1; }, "
	    "{ language = \"sv\"; id = 2; } ); }; };",
	    "trigger.sale.campaign: line 2 (2) is never reached: line 1 (1) fits "
	    "all that it does; put it before that one, or take it out" },
	{ RULES("") "trigger = { sale = { campaign = ( { language = \"sv\"; "
	    "id = 2; }, { id = 1; } ); }; };", NULL },
	{ RULES("") "trigger = { sale = { campaign = ( { language = \"SV\"; "
	    "id = 2; }, { language = \"sv\"; country = \"SE\"; id = 1; } ); }; };",
	    "trigger.sale.campaign: line 2 (1) is never reached..." },
	{ RULES("") "trigger = { sale = { campaign = ( { language = \"sv\"; "
	    "id = 2; }, { language = \"sv-SE\"; id = 1; } ); }; };",
	    "trigger.sale.campaign: line 2 (1) is never reached..." },
	{ RULES("") "trigger = { sale = { campaign = ( { language = \"sv-SE\"; "
	    "id = 2; }, { language = \"sv\"; id = 1; } ); }; };", NULL },
	{ RULES("") "trigger = { sale = { campaign = ( { language = \"s\"; "
	    "id = 2; }, { language = \"sv-SE\"; id = 1; } ); }; };", NULL },
	{ RULES("") "trigger = { sale = { campaign = ( { relation = \"A\"; "
	    "id = 2; }, { relation = \"a\"; id = 1; } ); }; };", NULL },
	{ RULES("") "trigger = { sale = { enabled = false; campaign = ( "
	    "{ id = 1; }, { id = 2; } ); }; };", NULL },
	/* A line for what the filter keeps out. */
	{ RULES("") "trigger = { sale = { relations = [ \"A\" ]; campaign = ( "
	    "{ relation = \"B\"; id = 1; }, { id = 2; } ); }; };",
	    "trigger.sale.campaign: line 1 is never reached: the trigger lets "
	    "no relation \"B\" through; add it to the trigger's list, or take "
	    "the line out" },
	{ RULES("") "trigger = { meet = { categories = [ \"A\" ]; campaign = ( "
	    "{ category = \"B\"; id = 1; }, { id = 2; } ); }; };",
	    "trigger.meet.campaign: line 1 is never reached: the trigger lets "
	    "no category \"B\" through; add it to the trigger's list, or take "
	    "the line out" },
	{ RULES("") "trigger = { sale = { relations = [ \"A\" ]; campaign = ( "
	    "{ relation = \"A\"; id = 1; } ); }; };", NULL },
	/* Countries. */
	{ RULES("") "trigger = { sale = { campaign = ( { country = \"Sverige\"; "
	    "id = 1; } ); }; };",
	    "trigger.sale.campaign: line 1: there is no country \"Sverige\"; "
	    "expected an ISO code such as \"SE\"" },
	{ RULES("") "trigger = { sale = { campaign = ( { country = \"XX\"; "
	    "id = 1; } ); }; };",
	    "trigger.sale.campaign: line 1: there is no country \"XX\"..." },
	{ RULES("") "trigger = { sale = { campaign = ( { country = \"se\"; "
	    "id = 1; } ); }; };", NULL },
	/* Programmes. */
	{ RULES("") "programmes = ( { name = \"r\"; kind = \"relationship\"; "
	    "campaigns = [ \"1\" ]; } ); trigger = { sale = { campaign = 1; }; };",
	    "trigger.sale.campaign: 1 measures the relationship (programme "
	    "\"r\"), but is asked after an event: the two are not to be mixed; "
	    "give the event a campaign of its own" },
	{ RULES("") "programmes = ( { name = \"r\"; kind = \"relationship\"; "
	    "campaigns = [ \"1\" ]; } ); trigger = { inact = { enabled = true; "
	    "campaign = 1; }; };", NULL },
	{ RULES("") "programmes = ( { name = \"t\"; campaigns = [ \"1\" ]; } ); "
	    "trigger = { sale = { campaign = 1; }; };", NULL },
	/* Too old before it is ripe. */
	{ RULES("") "trigger = { case = { campaign = 1; delay_hours = 96; }; };",
	    "trigger.case.delay_hours: asked only after closed days: after 96 "
	    "hours the event is older than max_age_days = 3; raise that, or wait "
	    "less" },
	{ RULES("") "send = { push_ahead = true; }; trigger = { case = { "
	    "campaign = 1; delay_hours = 96; }; };",
	    "trigger.case.delay_hours: nobody is ever asked: after 96 hours..." },
	{ RULES("") "trigger = { case = { campaign = 1; delay_hours = 95; }; };",
	    NULL },
	/* Limits that another is stricter than. */
	{ RULES("frequency = ( { scope = \"campaign\"; days = 30; } );"),
	    "rules.frequency[0]: 1 in 30 days never decides: "
	    "rules.throttle_days = 30 is stricter; give it more days, or take it "
	    "out" },
	{ RULES("frequency = ( { scope = \"campaign\"; days = 31; } );"), NULL },
	{ RULES("frequency = ( { scope = \"any\"; days = 30; from = "
	    "\"answer\"; } );"), NULL },
	/* 90 days hold two that are 30 days before each other. */
	{ RULES("count_foreign = false; frequency = ( { scope = \"any\"; "
	    "max = 3; days = 90; } );"), "rules.frequency[0]: 3 in 90 days..." },
	{ RULES("count_foreign = false; frequency = ( { scope = \"any\"; "
	    "max = 2; days = 90; } );"), NULL },
	{ RULES("frequency = ( { scope = \"any\"; max = 3; days = 90; } );"),
	    NULL },
	{ RULES("company_days = 500;"), "rules.company_days: counts no further "
	    "back than retention.queue_days = 400; raise that" },
	{ RULES("company_days = 500; company_max = 0;"), NULL },
	/* A trial. */
	/* What the connector cannot write. */
	{ RULES("") "writeback = { fields = ( { value = \"next_date\"; "
	    "field = \"A\"; } ); };", "writeback.fields: does nothing in crm "
	    "\"main\": the connector fake cannot write fields of a card" },
	{ RULES("") "writeback = { history = true; };", "writeback.history: does "
	    "nothing in crm \"main\": the connector fake cannot write a record "
	    "for each answer" },
	{ RULES("") "writeback = { feed = true; };", "writeback.feed: does..." },
	{ RULES("") "writeback = { task = { at_most = 0; }; };",
	    "writeback.task: does..." },
	{ RULES("") "pilot = { companies = [ \"A\" ]; };",
	    "pilot: is set: nobody else is asked; take the group out when the "
	    "trial is over" },
	{ RULES("") "pilot = { domains = [ \"own.dk\" ]; };",
	    "pilot.domains: \"own.dk\" is never asked: it is one of "
	    "rules.own_domains; name another\n..." },
	{ RULES("") "pilot = { addresses = [ \"a@b.dk\", \"a@own.dk\" ]; };",
	    "pilot.addresses: number 2 is never asked: its domain is one of "
	    "rules.own_domains; name somebody of another\n..." },
	/* What stands behind a row without an event. */
	{ RULES("") "trigger = { inact = { enabled = true; campaign = 1; "
	    "categories = [ \"A\" ]; }; };",
	    "trigger.inact.categories: nobody is ever asked: a silence has no "
	    "category; take the list out" },
	{ RULES("") "trigger = { manual = { campaign = 1; categories = "
	    "[ \"A\" ]; }; };", "trigger.manual.categories: nobody is ever "
	    "asked: a wish by hand has no category; take the list out" },
	{ RULES("") "trigger = { inact = { enabled = true; campaign = ( "
	    "{ category = \"A\"; id = 1; }, { id = 2; } ); }; };",
	    "trigger.inact.campaign: line 1 is never reached: a silence has no "
	    "category; take \"A\" out of it" },
	{ RULES("") "trigger = { inact = { enabled = true; relations = "
	    "[ \"A\" ]; campaign = 1; }; meet = { campaign = 1; categories = "
	    "[ \"A\" ]; }; };", NULL },
	{ RULES("") "trigger = { inact = { enabled = true; campaign = 1; "
	    "max_age_days = 100; }; };", "trigger.inact.max_age_days: decides "
	    "nothing: a silence has no age; set width_days, which bounds it, or "
	    "take the key out" },
	{ RULES("") "trigger = { sale = { campaign = 1; max_age_days = 100; }; };",
	    NULL },
	/* Off without a word. */
	{ RULES("") "trigger = { inact = { campaign = 5; }; };",
	    "trigger.inact.enabled: is false: campaign 5 is never sent; set it to "
	    "true, or take the campaign out" },
	{ RULES("") "trigger = { inact = { period_days = 60; }; };", NULL },
	/* Rules that nobody meets. */
	{ RULES("") "programmes = ( { name = \"t\"; campaigns = [ \"1\" ]; }, "
	    "{ name = \"u\"; campaigns = [ \"2\", \"3\" ]; } ); trigger = { "
	    "sale = { campaign = 1; }; meet = { enabled = false; campaign = 3; }; "
	    "};", "programmes[1]: \"u\" decides nothing: no trigger asks with one "
	    "of its campaigns; give it those of a trigger, or take it out" },
	{ RULES("") "programmes = ( { name = \"u\"; campaigns = [ \"2\", \"3\" ]; "
	    "} ); trigger = { sale = { campaign = ( { language = \"sv\"; "
	    "id = 1; }, { id = 3; } ); }; };", NULL },
	{ RULES("") "programmes = ( { name = \"u\"; campaigns = [ \"2\" ]; } ); "
	    "trigger = { manual = { campaign = 1; }; };", NULL },
	{ RULES("") "consent = { max_age_days = 365; }; policy = { DE = { "
	    "require_consent = false; }; };", "consent.max_age_days: decides "
	    "nothing: no trigger and no policy asks for consent; set "
	    "require_consent, or take the key out" },
	{ RULES("") "consent = { max_age_days = 365; };", NULL },
	{ RULES("") "policy = { DE = { require_consent = false; }; };", NULL },
	{ RULES("") "consent = { max_age_days = 365; }; policy = { DE = { "
	    "require_consent = false; }; }; trigger = { sale = { campaign = 1; "
	    "require_consent = true; }; };", NULL },
	{ RULES("") "consent = { max_age_days = 365; }; policy = { DE = { "
	    "require_consent = false; }; }; trigger = { sale = { enabled = false; "
	    "campaign = 1; require_consent = true; }; };",
	    "consent.max_age_days: decides nothing..." },
};

/* One line, or its beginning. */
static bool
is_said(const char *got, const char *expect)
{
	const char *more = strstr(expect, "...");
	const size_t len = more == NULL ? strlen(expect)
	    : (size_t)(more - expect);

	return strncmp(got, expect, len) == 0 && (more != NULL ||
	    strcmp(got + len, "\n") == 0);
}

static void
test_doubts(void **state)
{
	char text[2000];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(doubts); i++) {
		const char *expect = doubts[i].expect;
		buf_reset(&said);
		(void)snprintf(text, sizeof(text), ALL "%s", doubts[i].text);
		doubts_find(load(text), arena, on_doubt, NULL);
		const char *got = buf_text(&said);
		if (expect == NULL ? *got != '\0' : !is_said(got, expect))
			fail_msg("%s: %s", doubts[i].text, got);
	}
}

/* ---- two configurations --------------------------------------------------- */
static void
on_diff(void *arg, const char *key, const char *was, const char *is)
{
	(void)arg;
	assert_true(buf_printf(&said, "%s %s>%s\n", key, was == NULL ? "-" : was,
	    is == NULL ? "-" : is));
}

static void
test_diff(void **state)
{
	static const struct { const char *was, *is, *expect; } cases[] = {
		{ "", "", "" }, { "a=1\n", "a=1\n", "" },
		{ "a=1\nb=2\n", "b=2\na=1\n", "" },
		{ "a=1\n", "a=2\n", "a 1>2\n" },
		{ "a=1\n", "", "a 1>-\n" }, { "", "a=1\n", "a ->1\n" },
		{ "a=\n", "", "a >-\n" },
		/* A value may hold what looks like a key. */
		{ "a=b=1\n", "a=b=2\n", "a b=1>b=2\n" },
		/* The order of a repeated key counts. */
		{ "a=1\na=2\n", "a=2\na=1\n", "a 1; 2>2; 1\n" },
		{ "a=1\na=2\n", "a=1\n", "a 1; 2>1\n" },
		{ "b=1", "b=2", "b 1>2\n" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		buf_reset(&said);
		assert_true(conf_diff(cases[i].was, cases[i].is, arena, on_diff,
		    NULL));
		assert_string_equal(buf_text(&said), cases[i].expect);
	}
}

/* Each kind of setting by the name it has in the file. */
static void
test_dump(void **state)
{
	AUTO(buf) struct buf was, is;

	(void)state;
	buf_init(&was, 1 << 16);
	buf_init(&is, 1 << 16);
	buf_reset(&said);
	conf_dump(load(ALL RULES("") "trigger = { sale = { campaign = 1; }; };"),
	    &was);
	conf_dump(load("tenant = \"acme\"; preview = { at = \"15:00\"; };\n"
	    "crm = ( { name = \"main\"; driver = \"fake\"; "
	    "url = \"https://x.example\"; } );\n"
	    "survey = { api_key = \"credential:other\"; };\n"
	    "policy = { SE = { require_consent = true; }; };\n"
	    RULES("throttle_days = 45; on_throttle = \"defer\";")
	    "trigger = { sale = { campaign = ( { language = \"sv\"; "
	    "country = \"SE\"; id = 2; }, { id = 1; } ); }; };"), &is);
	assert_false(was.failed || is.failed);
	assert_true(conf_diff(buf_text(&was), buf_text(&is), arena, on_diff,
	    NULL));
	assert_string_equal(buf_text(&said),
	    "preview.at \"14:00\">\"15:00\"\n"
	    "rules.throttle_days 30>45\n"
	    "rules.on_throttle \"drop\">\"defer\"\n"
	    "policy DE>SE; DE\n"
	    "policy.unknown 0>1\n"
	    "trigger.sale.on_throttle \"drop\">\"defer\"\n"
	    "trigger.sale.campaign 1>2 (language sv, country SE); 1\n"
	    "trigger.loss.on_throttle \"drop\">\"defer\"\n"
	    "trigger.case.on_throttle \"drop\">\"defer\"\n"
	    "trigger.meet.on_throttle \"drop\">\"defer\"\n"
	    "trigger.inact.on_throttle \"drop\">\"defer\"\n"
	    "crm.main.url \"\">\"https://x.example\"\n"
	    "survey.api_key \"credential:npstoday\">\"credential:other\"\n");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_doubts),
		cmocka_unit_test(test_diff),
		cmocka_unit_test(test_dump),
	};

	return cmocka_run_group_tests_name("doubts", tests, set_up, tear_down);
}
