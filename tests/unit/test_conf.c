#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "conf.h"
#include "fake_connectors.h"
#include "options.h"
#include "tmpdir.h"

/* The least that loads; a test puts its own lines behind it. */
#define TOP "tenant = \"acme\";\n"
#define RULES "rules = { own_domains = [ \"example.dk\" ]; };\n"
#define CRM "crm = ( { name = \"main\"; driver = \"fake\"; } );\n"
#define SURVEY "survey = { api_key = \"credential:npstoday\"; };\n"
#define ALL TOP RULES CRM SURVEY	/* four lines */

static struct arena *arena;
static struct err err;
static struct conf *conf;

static int
set_up(void **state)
{
	(void)state;
	arena = arena_new(1 << 22);
	return arena == NULL;
}

static int
tear_down(void **state)
{
	(void)state;
	arena_free(arena);
	return 0;
}

static bool
load(const char *text)
{
	const char *file = tmpdir_write("npsync.conf", text, 0600);

	memset(&err, 0, sizeof(err));
	conf = NULL;
	return conf_load_with(file, fake_crms, fake_surveys, arena, &conf,
	    &err);
}

static void
must_load(const char *text)
{
	if (!load(text))
		fail_msg("%s: %s", text, err.msg);
}

/* The message begins with the file's name. */
static void
must_fail(const char *text, const char *msg)
{
	char whole[1024];

	if (load(text))
		fail_msg("loaded: %s", text);
	(void)snprintf(whole, sizeof(whole), "%s:%s",
	    tmpdir_path("npsync.conf"), msg);
	assert_string_equal(err.msg, whole);
	assert_int_equal(err.kind, ERR_CONFIG);
}

static void
test_defaults(void **state)
{
	(void)state;
	must_load(ALL);
	assert_true(conf->enabled);
	assert_false(conf->test);
	assert_string_equal(conf->dir, tmpdir);
	assert_string_equal(conf->tenant, "acme");
	assert_string_equal(conf->timezone, "Europe/Copenhagen");
	assert_string_equal(conf->state_dir, "/var/lib/npsync");
	assert_string_equal(conf->database, "");
	assert_string_equal(conf->log_target, "auto");
	assert_string_equal(conf->log_level, "info");
	assert_string_equal(conf->send.at, "09:00");
	assert_int_equal(conf->send.spread_min, 20);
	assert_false(conf->send.push_ahead);
	assert_int_equal(conf->send.stop_before_s, 300);
	assert_string_equal(conf->preview.at, "14:00");
	assert_int_equal(conf->preview.to.n, 0);
	assert_int_equal(conf->rules.throttle_days, 30);
	assert_int_equal(conf->rules.on_throttle, ON_THROTTLE_DROP);
	assert_string_equal(conf->rules.own_domains.v[0], "example.dk");
	assert_string_equal(conf->rules.no_send_tag, "NPSToday.NoSend");
	assert_int_equal(conf->rules.company_max, 3);
	assert_int_equal(conf->rules.company_days, 7);
	assert_int_equal(conf->rules.flood_floor, 20);
	assert_true(conf->rules.flood_factor > 4.9 &&
	    conf->rules.flood_factor < 5.1);
	assert_string_equal(conf->rules.role_address, "send");
	assert_true(conf->rules.count_foreign);
	assert_string_equal(conf->rules.late_rows, "send");
	assert_int_equal(conf->rules.night_max, 0);
	assert_int_equal(conf->rules.frequency.n, 0);
	assert_int_equal(conf->programmes.n, 0);
	assert_int_equal(conf->consent.max_age_days, 0);
	assert_int_equal(conf->policy.countries.n, 1);
	assert_string_equal(conf->policy.countries.v[0], "DE");
	assert_false(conf->policy.unknown);
	assert_int_equal(conf->pilot.addresses.n + conf->pilot.domains.n +
	    conf->pilot.companies.n, 0);
	assert_int_equal(conf->budget.year, 0);
	assert_int_equal(conf->identity.match.n, 1);
	assert_string_equal(conf->identity.phone_prefix, "");
	assert_string_equal(conf->writeback.tag_prefix, "NPSToday");
	assert_int_equal(conf->writeback.fields.n, 0);
	assert_false(conf->writeback.history || conf->writeback.feed);
	assert_true(conf->writeback.opt_outs);
	assert_int_equal(conf->writeback.comment_max, 255);
	assert_int_equal(conf->writeback.task.at_most, -1);
	assert_int_equal(conf->writeback.task.due_days, 2);
	assert_int_equal(conf->retention.queue_days, 400);
	assert_int_equal(conf->retention.comment_days, 365);
	assert_int_equal(conf->retention.log_days, 90);
}

static void
test_default_calendar(void **state)
{
	(void)state;
	must_load(ALL);
	const struct calendar *cal = &conf->calendar;
	assert_string_equal(cal->zone, "Europe/Copenhagen");
	assert_int_equal(cal->weekdays, 0x1f);
	assert_int_equal(cal->n_holidays, 1);
	assert_string_equal(cal->holidays[0], "DK");
	assert_int_equal(cal->n_closed, 0);
	assert_int_equal(cal->window_from_min, 23 * 60);
	assert_int_equal(cal->window_until_min, 6 * 60);
	assert_int_equal(cal->send_at_min, 9 * 60);
	assert_false(cal->push_ahead);
}

static void
test_calendar(void **state)
{
	(void)state;
	must_load(ALL "timezone = \"UTC\"; send = { at = \"07:30\"; "
	    "weekdays = [ \"sat\", \"sun\" ]; holidays = [ \"SE\", \"DE\" ]; "
	    "closed = [ \"2026-12-24\", \"2026-12-28..2027-01-01\" ]; "
	    "window = \"00:05-23:59\"; push_ahead = true; spread = \"1h\"; };");
	const struct calendar *cal = &conf->calendar;
	assert_string_equal(cal->zone, "UTC");
	assert_int_equal(cal->weekdays, 0x60);
	assert_int_equal(cal->n_holidays, 2);
	assert_string_equal(cal->holidays[1], "DE");
	assert_int_equal(cal->n_closed, 2);
	assert_int_equal(cal->closed[0].from, 20261224);
	assert_int_equal(cal->closed[0].until, 20261225);
	assert_int_equal(cal->closed[1].from, 20261228);
	assert_int_equal(cal->closed[1].until, 20270102);
	assert_int_equal(cal->window_from_min, 5);
	assert_int_equal(cal->window_until_min, 23 * 60 + 59);
	assert_int_equal(cal->send_at_min, 7 * 60 + 30);
	assert_true(cal->push_ahead);
	assert_int_equal(conf->send.spread_min, 60);
}

static void
test_own_domains(void **state)
{
	(void)state;
	must_load(TOP CRM SURVEY "rules = { own_domains = [ \"Example.DK\", "
	    "\"b\xc3\xa6k.dk\" ]; };");
	assert_int_equal(conf->rules.own_domains.n, 2);
	assert_string_equal(conf->rules.own_domains.v[0], "example.dk");
	assert_string_equal(conf->rules.own_domains.v[1], "xn--bk-1ia.dk");
}

#define R_ "rules = { own_domains = [ \"example.dk\" ]; "

static void
test_rules(void **state)
{
	(void)state;
	must_load(TOP CRM SURVEY R_ "company_max = 0; flood_floor = 0; "
	    "night_max = 50; frequency = ( { scope = \"campaign\"; days = 365; "
	    "}, { scope = \"programme\"; max = 2; days = 90; from = "
	    "\"answer\"; } ); }; programmes = ( { name = \"a\"; campaigns = "
	    "[ \"7750\", \"7752\" ]; }, { name = \"b\"; kind = "
	    "\"relationship\"; campaigns = [ \"7751\" ]; } ); consent = { "
	    "max_age_days = 365; };");
	const struct conf_frequency *f = conf->rules.frequency.v;
	const struct conf_programme *p = conf->programmes.v;
	assert_int_equal(conf->rules.company_max, 0);
	assert_int_equal(conf->rules.flood_floor, 0);
	assert_int_equal(conf->rules.night_max, 50);
	assert_int_equal(conf->rules.frequency.n, 2);
	assert_int_equal(f[0].scope, SCOPE_CAMPAIGN);
	assert_int_equal(f[0].max, 1);
	assert_int_equal(f[0].days, 365);
	assert_int_equal(f[0].from, FROM_SEND);
	assert_int_equal(f[1].scope, SCOPE_PROGRAMME);
	assert_int_equal(f[1].max, 2);
	assert_int_equal(f[1].from, FROM_ANSWER);
	assert_int_equal(conf->programmes.n, 2);
	assert_string_equal(p[0].campaigns.v[1], "7752");
	assert_int_equal(p[0].kind, PROGRAMME_TRANSACTIONAL);
	assert_int_equal(p[1].kind, PROGRAMME_RELATIONSHIP);
	assert_int_equal(conf->consent.max_age_days, 365);
}

/* DE is built in; only what the file names is strict with the unknown. */
static void
test_policy(void **state)
{
	(void)state;
	must_load(ALL "policy = { SE = { require_consent = true; }; NO = { }; };");
	assert_int_equal(conf->policy.countries.n, 2);
	assert_string_equal(conf->policy.countries.v[0], "SE");
	assert_string_equal(conf->policy.countries.v[1], "DE");
	assert_true(conf->policy.unknown);
	must_load(ALL "policy = { DE = { require_consent = false; }; };");
	assert_int_equal(conf->policy.countries.n, 0);
	assert_false(conf->policy.unknown);
	must_load(ALL "policy = { DE = { }; };");
	assert_int_equal(conf->policy.countries.n, 1);
	assert_true(conf->policy.unknown);
	must_load(ALL "policy = { };");
	assert_string_equal(conf->policy.countries.v[0], "DE");
	assert_false(conf->policy.unknown);
}

static void
test_pilot(void **state)
{
	(void)state;
	must_load(ALL "pilot = { addresses = [ \" A.B@Example.DK \" ]; "
	    "domains = [ \"B\xc3\xa6k.dk\" ]; companies = [ \"K7\" ]; };");
	assert_string_equal(conf->pilot.addresses.v[0], "a.b@example.dk");
	assert_string_equal(conf->pilot.domains.v[0], "xn--bk-1ia.dk");
	assert_string_equal(conf->pilot.companies.v[0], "K7");
}

/* Behind ALL, that is from line 5 on; expected = all after "FILE:". */
static const struct { const char *text, *msg; } mistakes[] = {
	{ "timezone = \"Europe/Kopenhagen\";", "5: timezone: there is no zone "
	    "\"Europe/Kopenhagen\"; expected a name such as "
	    "\"Europe/Copenhagen\"" },
	{ "database = \"host=a password=x\";", "5: database: a password never "
	    "stands in the configuration; expected passfile=PATH or none" },
	{ "database = \"postgresql://u@h/d\";", "5: database: expected "
	    "key=value pairs, \"host=... dbname=...\", not an address" },
	{ "send = { at = \"9:00\"; };", "5: send.at: expected HH:MM, as in "
	    "\"09:00\"; got \"9:00\"" },
	{ "send = {\nat = \"24:00\"; };", "6: send.at: expected HH:MM, as in "
	    "\"09:00\"; got \"24:00\"" },
	{ "send = { at = \"09:60\"; };", "5: send.at: expected HH:MM, as in "
	    "\"09:00\"; got \"09:60\"" },
	{ "send = { at = \"09.00\"; };", "5: send.at: expected HH:MM, as in "
	    "\"09:00\"; got \"09.00\"" },
	{ "send = { window = \"23:00\"; };", "5: send.window: expected "
	    "HH:MM-HH:MM, as in \"23:00-06:00\"; got \"23:00\"" },
	{ "send = { window = \"23:00-6:00\"; };", "5: send.window: expected "
	    "HH:MM-HH:MM, as in \"23:00-06:00\"; got \"23:00-6:00\"" },
	{ "send = { window = \"06:00-06:00\"; };", "5: send.window: expected "
	    "HH:MM-HH:MM, as in \"23:00-06:00\"; got \"06:00-06:00\"" },
	{ "send = { spread = \"90s\"; };", "5: send.spread: expected whole "
	    "minutes, as in \"20m\"" },
	{ "send = { weekdays = [ \"mon\", \"man\" ]; };", "5: send.weekdays: "
	    "expected mon, tue, wed, thu, fri, sat or sun; got \"man\"" },
	{ "send = { weekdays = []; };", "5: send.weekdays: expected at least "
	    "one day" },
	{ "send = { holidays = [ \"XX\" ]; };", "5: send.holidays: expected "
	    "countries out of DK, SE, NO, FI, DE; got \"XX\"" },
	{ "send = { closed = [ \"2026-02-29\" ]; };", "5: send.closed: "
	    "expected a day, \"2026-12-24\", or first and last day, "
	    "\"2026-12-24..2027-01-02\"; got \"2026-02-29\"" },
	{ "send = { closed = [ \"2027-01-02..2026-12-24\" ]; };", "5: "
	    "send.closed: expected a day, \"2026-12-24\", or first and last "
	    "day, \"2026-12-24..2027-01-02\"; got \"2027-01-02..2026-12-24\"" },
	{ "preview = { at = \"2pm\"; };", "5: preview.at: expected HH:MM, as "
	    "in \"14:00\"; got \"2pm\"" },
	{ "preview = { to = [ \"a@example.dk\", \"bo\" ]; };", "5: "
	    "preview.to: expected mail addresses; number 2 is none" },
	{ "identity = { match = [ \"phone\" ]; };", "5: identity.match: "
	    "expected \"address\" in the list" },
	{ "identity = { match = [ \"address\", \"name\" ]; };", "5: "
	    "identity.match: expected address or phone; got \"name\"" },
	{ "identity = { phone_prefix = \"45\"; };", "5: "
	    "identity.phone_prefix: expected a country code such as \"+45\"; "
	    "got \"45\"" },
	{ "writeback = { tag_prefix = \"NPS.Today\"; };", "5: "
	    "writeback.tag_prefix: expected a word without dots, "
	    "in composed letters and with no blanks around; got "
	    "\"NPS.Today\"" },
	{ "writeback = { fields = [ \"average_total\" ]; };", "5: "
	    "writeback.fields: expected a list of groups, ( { ... }, { ... } ); "
	    "got \"average_total\"" },
	{ "writeback = { fields = ( { value = \"next_date\"; field = \"\"; } );"
	    " };", "5: writeback.fields.[0].field: expected the name of a "
	    "field of the CRM" },
	{ "writeback = { fields = ( { value = \"next_date\"; field = \"A\"; }, "
	    "{ value = \"recent_date\"; field = \"a\"; } ); };", "5: "
	    "writeback.fields.[1].field: expected each field once; got \"a\" "
	    "again" },
	{ "writeback = { task = { at_most = 11; }; };", "5: "
	    "writeback.task.at_most: expected a whole number from -1 to 10; "
	    "got 11" },
	{ "budget = { year = -1; };", "5: budget.year: expected a whole "
	    "number from 0 to 100000000; got -1" },
	{ "policy = { XX = { require_consent = true; }; };", "5: policy.XX: "
	    "there is no such country; expected an ISO code such as \"DE\"" },
	{ "policy = { de = { }; };", "5: policy.de: there is no such country; "
	    "expected an ISO code such as \"DE\"" },
	{ "policy = { DE = true; };", "5: policy.DE: expected a group, "
	    "{ require_consent = true; }" },
	{ "policy = 1;", "5: policy: expected a group, { DE = "
	    "{ require_consent = true; }; }" },
	{ "programmes = ( { name = \"a\"; campaigns = [ \"7\" ]; },\n"
	    "{ name = \"b\"; campaigns = [ \"7\" ]; } );", "6: "
	    "programmes.[1]: campaigns: 7 is in \"a\" already" },
	{ "programmes = ( { name = \"a\"; campaigns = [ \"7.0\" ]; } );",
	    "5: programmes.[0]: campaigns: expected campaign ids such as "
	    "\"7750\"; got \"7.0\"" },
	{ "programmes = ( { name = \"a\"; campaigns = []; } );", "5: "
	    "programmes.[0]: expected a name and at least one campaign" },
	{ "programmes = ( { name = \"a\"; campaigns = [ \"7\" ]; },\n"
	    "{ name = \"a\"; campaigns = [ \"8\" ]; } );", "6: "
	    "programmes.[1]: the name \"a\" is taken" },
	{ "pilot = { addresses = [ \"bo\" ]; };", "5: pilot.addresses: "
	    "expected mail addresses; number 1 is none" },
	{ "pilot = { domains = [ \"x.dk\", \"bo@x.dk\" ]; };", "5: "
	    "pilot.domains: expected domains such as \"example.dk\"; number 2 "
	    "is none" },
	{ "send = { window_ = \"\"; };", "5: send.window_: unknown key; did "
	    "you mean window?" },
	{ "sends = { };", "5: sends: unknown key; did you mean send?" },
	{ "triggers = { };", "5: triggers: unknown key; did you mean "
	    "trigger?" },
	{ "trigger = 1;", "5: trigger: expected a group, { meet = { ... }; }" },
	{ "trigger = { meet = 7749; };", "5: trigger.meet: expected a group, "
	    "{ campaign = 7749; }" },
	{ "trigger = { meet = { }; };", "5: trigger.meet: campaign: expected "
	    "a campaign id, campaign = 7749; it is missing" },
	{ "trigger = { meet = { campaign = []; }; };", "5: trigger.meet: "
	    "campaign: expected a campaign id, campaign = 7749; it is "
	    "missing" },
	/* Q8 */
	{ "trigger = { meet = {\ncampaign = \"abc\"; }; };", "6: "
	    "trigger.meet.campaign: expected a whole number of at least 1; "
	    "got \"abc\"" },
	{ "trigger = { meet = { campaign = \"7749\"; }; };", "5: "
	    "trigger.meet.campaign: expected a whole number of at least 1; "
	    "got \"7749\"" },
	{ "trigger = { meet = { campaign = 7749.0; }; };", "5: "
	    "trigger.meet.campaign: expected a whole number of at least 1; "
	    "got 7749.0" },
	{ "trigger = { meet = { campaign = -1; }; };", "5: "
	    "trigger.meet.campaign: expected a whole number of at least 1; "
	    "got -1" },
	{ "trigger = { meet = { campaign = 0; }; };", "5: "
	    "trigger.meet.campaign: expected a whole number of at least 1; "
	    "got 0" },
	{ "trigger = { meet = { campaign = ( { id = 1; },\n"
	    "{ lang = \"sv\"; id = 2; } ); }; };", "6: "
	    "trigger.meet.campaign[1].lang: unknown key" },
	{ "trigger = { meet = { campaign = ( { language = \"sv\"; } ); }; };",
	    "5: trigger.meet.campaign[0].id: expected a whole number of at "
	    "least 1; it is missing" },
	/* F6 */
	{ "trigger = { meet = { campaign = 1;\ncategories = []; }; };", "6: "
	    "trigger.meet.categories: an empty list would let nobody through; "
	    "expected at least one value, or no such key for all" },
	{ "trigger = { meet = { campaign = 1; relations = (); }; };", "5: "
	    "trigger.meet.relations: an empty list would let nobody through; "
	    "expected at least one value, or no such key for all" },
	{ "trigger = { loss = { campaign = 1; }; };", "5: trigger.loss: "
	    "require_consent must be chosen, true or false: asking after a "
	    "lost deal may need consent" },
	{ "trigger = { Project = { campaign = 1; }; };", "5: trigger.Project: "
	    "expected a code of at most 32 small letters, digits and '_'" },
	{ "trigger = { meet = { campaign = 1; period_days = 9; }; };", "5: "
	    "trigger.meet.period_days: unknown key" },
	{ "trigger = { meet = { campaign = 1; on_throttle = \"no\"; }; };",
	    "5: trigger.meet.on_throttle: expected one of drop, defer, rules; "
	    "got \"no\"" },
	/* No longer than what is said of the first key. */
	{ "test = true; trigger = { };\nsend = { att = \"\"; };", "6: "
	    "send.att: unknown key; did you mean at?" },
};

static void
test_mistakes(void **state)
{
	char text[1024];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(mistakes); i++) {
		(void)snprintf(text, sizeof(text), ALL "%s",
		    mistakes[i].text);
		must_fail(text, mistakes[i].msg);
	}
}

static const struct { const char *text, *msg; } wholes[] = {
	{ RULES CRM SURVEY, " tenant: expected a text in double quotes; it is "
	    "missing" },
	{ "tenant = \"a b\";" RULES CRM SURVEY, "1: tenant: expected 1 to 64 "
	    "letters, digits, '.', '_' or '-'" },
	{ TOP CRM SURVEY, " rules.own_domains: expected a list of texts, "
	    "[ \"...\", \"...\" ]; it is missing" },
	{ TOP CRM SURVEY "rules = { };", "4: rules.own_domains: expected a "
	    "list of texts, [ \"...\", \"...\" ]; it is missing" },
	{ TOP CRM SURVEY "rules = { own_domains = []; };", "4: "
	    "rules.own_domains: expected at least one domain, "
	    "[ \"example.dk\" ]: own people are never asked" },
	{ TOP CRM SURVEY "rules = { own_domains = [ \"bo@example.dk\" ]; };",
	    "4: rules.own_domains: expected domains such as \"example.dk\"; "
	    "number 1 is none" },
	{ TOP RULES SURVEY, " crm: expected at least one CRM, "
	    "( { name = \"...\"; driver = \"...\"; } )" },
	{ TOP RULES SURVEY "crm = ();", "4: crm: expected at least one CRM, "
	    "( { name = \"...\"; driver = \"...\"; } )" },
	{ TOP RULES SURVEY "crm = { };", "4: crm: expected a list of groups, "
	    "( { ... }, { ... } )" },
	{ TOP RULES SURVEY "crm = ( 1 );", "4: crm[0]: expected a group, "
	    "{ name = ...; driver = ...; }" },
	{ TOP RULES SURVEY "crm = ( { name = \"a\"; } );", "4: crm.a.driver: "
	    "expected a text in double quotes; it is missing" },
	{ TOP RULES SURVEY "crm = ( { name = \"a\"; driver = \"fale\"; } );",
	    "4: crm.a: driver: expected one of fake, other; got \"fale\"" },
	{ TOP RULES SURVEY "crm = ( { driver = \"fake\"; } );", "4: "
	    "crm[0].name: expected a text in double quotes; it is missing" },
	{ TOP RULES SURVEY "crm = ( { name = \"a:b\"; driver = \"fake\"; } );",
	    "4: crm[0]: name: expected 1 to 32 letters, digits, '_' or '-'" },
	{ TOP RULES SURVEY "crm = ( { name = \"a\"; driver = \"fake\"; },\n"
	    "{ name = \"a\"; driver = \"other\"; } );", "5: crm.a: name: "
	    "\"a\" is taken by the one in line 4" },
	{ TOP RULES SURVEY "crm = ( { name = \"a\"; driver = \"fake\"; "
	    "urls = \"\"; } );", "4: crm.a.urls: unknown key; did you mean "
	    "url?" },
	{ TOP RULES SURVEY "crm = ( { name = \"a\"; driver = \"fake\"; "
	    "timeout_s = 30; } );", "4: crm.a.timeout_s: unknown key" },
	{ TOP RULES SURVEY "crm = ( { name = \"a\"; driver = \"other\"; "
	    "timeout_s = 3; } );", "4: crm.a.timeout_s: expected a whole "
	    "number from 5 to 600; got 3" },
	{ TOP RULES SURVEY "crm = ( { name = \"a\"; driver = \"fake\"; "
	    "driven = \"\"; } );", "4: crm.a.driven: unknown key; did you "
	    "mean driver?" },
	{ TOP RULES CRM, " survey: expected a group, { driver = \"npstoday\"; "
	    "api_key = \"credential:...\"; }" },
	{ TOP RULES CRM "survey = { };", "4: survey.api_key: expected "
	    "\"credential:NAME\" or \"file:PATH\"; it is missing" },
	{ TOP RULES CRM "survey = { api_key = \"4711\"; };", "4: "
	    "survey.api_key: expected \"credential:NAME\" or \"file:PATH\"; "
	    "a key itself never stands in the configuration" },
	{ TOP RULES CRM "survey = { driver = \"nps\"; };", "4: survey: "
	    "driver: expected one of npstoday, fast; got \"nps\"" },
	{ TOP RULES CRM "survey = { driver = 1; };", "4: survey.driver: "
	    "expected a text in double quotes; got 1" },
	{ TOP RULES CRM "survey = { api_key = \"file:k\"; "
	    "rate_per_second = 11; };", "4: survey.rate_per_second: expected "
	    "a number from 0.01 to 10; got 11" },
	{ TOP RULES CRM "survey = { api_key = \"file:k\"; rate = 1; };",
	    "4: survey.rate: unknown key" },
	{ TOP RULES CRM "survey = { api_key = \"file:k\"; retry = 1; };",
	    "4: survey.retry: unknown key" },
	{ TOP RULES CRM "survey = { api_key = \"file:k\"; retris = 1; };",
	    "4: survey.retris: unknown key; did you mean retries?" },
	{ TOP RULES CRM "survey = { api_key = \"file:k\"; "
	    "url = \"http://a.example.org\"; };", "4: survey.url: http is "
	    "allowed to this machine only: expected https" },
};

static void
test_wholes(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(wholes); i++)
		must_fail(wholes[i].text, wholes[i].msg);
}

static void
test_test_allows_this_machine_only(void **state)
{
	(void)state;
	must_load("test = true;" ALL);
	assert_true(conf->test);
	must_fail("test = true;" TOP RULES SURVEY "crm = ( { name = \"a\"; "
	    "driver = \"fake\"; url = \"https://crm.example.org\"; } );",
	    "4: crm.a.url: expected an address of this machine, "
	    "\"http://127.0.0.1...\", because test = true is set");
	must_fail("test = true;" TOP RULES CRM "survey = { api_key = "
	    "\"file:k\"; url = \"https://api.example.org\"; };",
	    "4: survey.url: expected an address of this machine, "
	    "\"http://127.0.0.1...\", because test = true is set");
}

static void
test_connectors(void **state)
{
	const struct fake_settings *s;

	(void)state;
	must_load(TOP RULES "crm = (\n{ name = \"a\"; driver = \"fake\"; "
	    "url = \"https://a.example.org\"; }, { name = \"B-2\"; "
	    "driver = \"other\"; timeout_s = 30; ca_file = \"c.pem\"; } ); "
	    "survey = { api_key = \"file:k\"; "
	    "rate_per_second = 2; timeout_s = 30; ca_file = \"ca.pem\"; "
	    "allow_http = true; url = \"http://a.example.org\"; };");
	assert_int_equal(conf->n_crm, 2);
	assert_string_equal(conf->crm[0].name, "a");
	assert_string_equal(conf->crm[0].driver, "fake");
	assert_ptr_equal(conf->crm[0].connector, &fake_crm);
	assert_int_equal(conf->crm[0].line, 4);
	s = conf->crm[0].settings;
	assert_string_equal(s->url, "https://a.example.org");
	assert_ptr_equal(conf->crm[1].connector, &fake_other_crm);
	assert_int_equal(conf->crm[1].http.timeout_s, 30);
	assert_int_equal(conf->crm[1].http.retries, 4);
	assert_string_equal(conf->crm[1].http.ca_file, tmpdir_path("c.pem"));
	assert_non_null(strstr(conf->settings, "\ncrm.B-2.timeout_s=30\n"));
	assert_null(strstr(conf->settings, "\ncrm.a.timeout_s="));
	assert_ptr_equal(conf->survey.connector, &fake_survey);
	assert_string_equal(conf->survey.driver, "npstoday");
	s = conf->survey.settings;
	assert_string_equal(s->api_key, "file:k");
	assert_string_equal(s->url, "http://a.example.org");
	assert_true(conf->survey.http.rate_per_second < 2.1);
	assert_int_equal(conf->survey.concurrency, 8);
	assert_int_equal(conf->survey.http.timeout_s, 30);
	assert_int_equal(conf->survey.http.retries, 4);
	assert_true(conf->survey.http.backoff_s > 4.9 &&
	    conf->survey.http.backoff_max_s > 299.0);
	assert_string_equal(conf->survey.http.ca_file, tmpdir_path("ca.pem"));
	assert_true(conf->survey.http.allow_http);
}

static void
test_driver_may_widen_the_rate(void **state)
{
	const struct fake_settings *s;

	(void)state;
	must_load(TOP RULES CRM "survey = { driver = \"fast\"; };");
	s = conf->survey.settings;
	assert_true(conf->survey.http.rate_per_second > 19.9);
	assert_true(s->rate_per_second > 19.9);
	must_load(TOP RULES CRM "survey = { driver = \"fast\"; "
	    "rate_per_second = 50; };");
	assert_true(conf->survey.http.rate_per_second > 49.9);
}

/* It keeps no mail: the hour of send.at lies outside the window. */
static void
test_service_without_times(void **state)
{
	static const struct {
		const char *at, *window;
		bool ok;
	} cases[] = { { "09:00", "23:00-06:00", true },
		{ "06:00", "23:00-06:00", true }, { "05:59", "23:00-06:00", false },
		{ "22:00", "23:00-06:00", true }, { "22:01", "23:00-06:00", false },
		{ "23:00", "23:00-06:00", false }, { "00:00", "01:00-06:00", true },
		{ "00:01", "01:00-06:00", false }, { "23:30", "01:00-06:00", true } };
	char text[400];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		(void)snprintf(text, sizeof(text), TOP RULES CRM "survey = {"
		    " driver = \"fast\"; };\nsend = { at = \"%s\"; window ="
		    " \"%s\"; push_ahead = true; };\n", cases[i].at,
		    cases[i].window);
		if (!cases[i].ok) {
			must_fail(text, "5: send.at: expected an hour outside "
			    "send.window: \"fast\" keeps no mail until its time, "
			    "so the hour from send.at is when it gets them");
			continue;
		}
		must_load(text);
		assert_true(conf->calendar.by_hour);
		assert_false(conf->calendar.push_ahead);
	}
	must_load(TOP RULES CRM SURVEY "send = { push_ahead = true; };");
	assert_false(conf->calendar.by_hour);
	assert_true(conf->calendar.push_ahead);
}

static void
test_secrets(void **state)
{
	const struct fake_settings *s;

	(void)state;
	(void)tmpdir_write("k", "one\n", 0600);
	(void)tmpdir_write("l", "two\n", 0600);
	must_load(TOP RULES "crm = ( { name = \"a\"; driver = \"fake\"; "
	    "api_key = \"file:l\"; } ); survey = { api_key = \"file:k\"; };");
	char before[sizeof(conf->digest)];
	memcpy(before, conf->digest, sizeof(before));
	assert_true(conf_load_secrets(conf, arena, &err));
	s = conf->survey.settings;
	assert_string_equal(s->api_key, "one");
	s = conf->crm[0].settings;
	assert_string_equal(s->api_key, "two");
	assert_string_equal(before, conf->digest);
	must_load(ALL);
	assert_false(conf_load_secrets(conf, arena, &err));
	assert_non_null(strstr(err.msg, "survey.api_key: credential:npstoday"));
}

/* ---- triggers ---------------------------------------------------------- */
static void
test_no_trigger_is_on_by_itself(void **state)
{
	static const char *const order[] = { "sale", "loss", "case", "meet",
		"inact" };
	static const int age[] = { 14, 14, 3, 7, 365 };

	(void)state;
	must_load(ALL);
	assert_int_equal(conf->n_triggers, 5);
	for (size_t i = 0; i < 5; i++) {
		const struct conf_trigger *t = &conf->triggers[i];
		assert_string_equal(t->code, order[i]);
		assert_false(t->enabled);
		assert_int_equal(t->n_campaigns, 0);
		assert_int_equal(t->max_age_days, age[i]);
		assert_int_equal(t->delay_hours, 0);
		assert_int_equal(t->by_transition, i < 3);
		assert_int_equal(t->require_consent, i == 4);
		assert_int_equal(t->categories.n, 0);
		assert_int_equal(t->relations.n, 0);
		assert_int_equal(t->on_throttle, ON_THROTTLE_DROP);
	}
	assert_int_equal(conf_trigger(conf, "inact")->period_days, 90);
	assert_int_equal(conf_trigger(conf, "inact")->width_days, 30);
	assert_null(conf_trigger(conf, "project"));
}

static void
test_triggers(void **state)
{
	(void)state;
	must_load(TOP CRM SURVEY
	    "rules = { own_domains = \"example.dk\"; on_throttle = \"defer\"; "
	    "}; trigger = { inact = { campaign = 5; }; project = { campaign = "
	    "6; max_age_days = 30; }; sale = { campaign = 7749; on_throttle = "
	    "\"drop\"; }; demo2 = { campaign = 7; }; loss = { campaign = 8; "
	    "require_consent = false; }; meet = { enabled = false; "
	    "categories = [ \"Kundepleje\" ]; }; };");
	static const char *const order[] = { "sale", "loss", "case", "meet",
		"project", "demo2", "inact" };
	static const bool on[] = { true, true, false, false, true, true,
		false };

	assert_int_equal(conf->n_triggers, ARRAY_LEN(order));
	for (size_t i = 0; i < ARRAY_LEN(order); i++) {
		assert_string_equal(conf->triggers[i].code, order[i]);
		assert_int_equal(conf->triggers[i].enabled, on[i]);
	}
	const struct conf_trigger *sale = conf_trigger(conf, "sale");
	assert_int_equal(sale->n_campaigns, 1);
	assert_string_equal(sale->campaigns[0].id, "7749");
	assert_null(sale->campaigns[0].language);
	assert_null(sale->campaigns[0].segment);
	assert_int_equal(sale->on_throttle, ON_THROTTLE_DROP);
	const struct conf_trigger *project = conf_trigger(conf, "project");
	assert_int_equal(project->max_age_days, 30);
	assert_int_equal(project->on_throttle, ON_THROTTLE_DEFER);
	assert_false(project->by_transition);
	assert_int_equal(conf_trigger(conf, "meet")->categories.n, 1);
	must_load(ALL "trigger = { inact = { campaign = 5; enabled = true; "
	    "period_days = 60; width_days = 10; require_consent = false; }; "
	    "};");
	const struct conf_trigger *inact = conf_trigger(conf, "inact");
	assert_true(inact->enabled);
	assert_false(inact->require_consent);
	assert_int_equal(inact->period_days, 60);
	assert_int_equal(inact->width_days, 10);
}

static void
test_campaign_list(void **state)
{
	(void)state;
	must_load(ALL "trigger = { meet = { campaign = ( "
	    "{ language = \"sv\"; relation = \"Kunde\"; id = 7761; }, "
	    "{ country = \"NO\"; category = \"c\"; department = \"d\"; "
	    "segment = \"s\"; id = 5000000000L; }, { id = 7751; } ); }; };");
	const struct conf_trigger *t = conf_trigger(conf, "meet");
	assert_int_equal(t->n_campaigns, 3);
	assert_string_equal(t->campaigns[0].language, "sv");
	assert_string_equal(t->campaigns[0].relation, "Kunde");
	assert_null(t->campaigns[0].country);
	assert_string_equal(t->campaigns[0].id, "7761");
	assert_string_equal(t->campaigns[1].country, "NO");
	assert_string_equal(t->campaigns[1].category, "c");
	assert_string_equal(t->campaigns[1].department, "d");
	assert_string_equal(t->campaigns[1].segment, "s");
	assert_string_equal(t->campaigns[1].id, "5000000000");
	assert_null(t->campaigns[2].language);
	assert_string_equal(t->campaigns[2].id, "7751");
}

/* ---- digest ------------------------------------------------------------ */
static const struct { const char *text; bool changes; } digests[] = {
	{ "send = { at = \"09:00\"; };", false },
	{ "# a comment\n", false },
	{ "log = { level = \"debug\"; };", false },
	{ "state_dir = \"/srv/npsync\";", false },
	{ "database = \"host=db1\";", false },
	{ "preview = { to = [ \"a@example.dk\" ]; };", false },
	{ "retention = { log_days = 30; };", false },
	{ "trigger = { };", false },
	{ "send = { at = \"10:00\"; };", true },
	{ "send = { closed = [ \"2026-12-24\" ]; };", true },
	{ "timezone = \"UTC\";", true },
	{ "budget = { year = 5; };", true },
	{ "identity = { phone_prefix = \"+45\"; };", true },
	{ "pilot = { companies = [ \"K\" ]; };", true },
	{ "consent = { max_age_days = 1; };", true },
	{ "policy = { SE = { require_consent = true; }; };", true },
	{ "policy = { DE = { require_consent = false; }; };", true },
	{ "programmes = ( { name = \"a\"; campaigns = [ \"1\" ]; } );", true },
	{ "policy = { SE = { }; };", false },
	{ "writeback = { tag_prefix = \"N\"; };", true },
	{ "writeback = { opt_outs = false; };", true },
	{ "writeback = { task = { at_most = 6; }; };", true },
	{ "writeback = { fields = ( { value = \"next_date\"; field = \"A\"; } );"
	    " };", true },
	{ "trigger = { meet = { campaign = 1; }; };", true },
	{ "trigger = { meet = { campaign = 2; }; };", true },
	{ "trigger = { meet = { campaign = ( { language = \"sv\"; id = 2; } );"
	    " }; };", true },
	{ "trigger = { meet = { campaign = ( { country = \"sv\"; id = 2; } );"
	    " }; };", true },
	{ "trigger = { inact = { period_days = 60; }; };", true },
	{ "trigger = { meet = { enabled = false; delay_hours = 1; }; };",
	    true },
	{ "trigger = { project = { campaign = 1; }; };", true },
};

static void
test_digest(void **state)
{
	char seen[ARRAY_LEN(digests) + 1][17], text[1024];
	size_t n = 1;

	(void)state;
	must_load(ALL);
	memcpy(seen[0], conf->digest, sizeof(seen[0]));
	assert_int_equal(strlen(seen[0]), 16);
	assert_int_equal(strspn(seen[0], "0123456789abcdef"), 16);
	for (size_t i = 0; i < ARRAY_LEN(digests); i++) {
		(void)snprintf(text, sizeof(text), ALL "%s", digests[i].text);
		must_load(text);
		if (!digests[i].changes) {
			assert_string_equal(conf->digest, seen[0]);
			continue;
		}
		for (size_t k = 0; k < n; k++)
			assert_string_not_equal(conf->digest, seen[k]);
		memcpy(seen[n++], conf->digest, sizeof(seen[0]));
	}
}

/* ---- the sample -------------------------------------------------------- */
/* Takes the '#' away from every line that shows a default. */
static char *
uncommented(void)
{
	char *text = strdup(conf_sample);
	char *to = text;

	assert_non_null(text);
	for (const char *from = conf_sample; *from != '\0';) {
		size_t len = strcspn(from, "\n");
		const size_t blank = strspn(from, "\t");
		const bool is_default = from[blank] == '#' &&
		    from[blank + 1] >= 'a' && from[blank + 1] <= 'z';
		len += from[len] == '\n';
		if (is_default) {
			from += blank + 1;
			len -= blank + 1;
		}
		memcpy(to, from, len);
		to += len;
		from += len;
	}
	*to = '\0';
	return text;
}

/* The core's table without what other tables rule. */
static struct opt *
core_table(void)
{
	size_t n = 0;

	while (strcmp(conf_opts[n].name, "trigger") != 0)
		n++;
	struct opt *table = calloc(n + 1, sizeof(*table));
	assert_non_null(table);
	memcpy(table, conf_opts, n * sizeof(*table));
	return table;
}

static struct conf *
load_real(const char *text)
{
	struct conf *c = NULL;

	if (!conf_load(tmpdir_write("sample.conf", text, 0600), arena, &c,
	    &err))
		fail_msg("%s", err.msg);
	return c;
}

static void
test_sample_loads(void **state)
{
	(void)state;
	const struct conf *c = load_real(conf_sample);
	assert_int_equal(c->n_crm, 1);
	assert_string_equal(c->crm[0].driver, "files");
	assert_string_equal(c->survey.driver, "npstoday");
	assert_true(conf_trigger(c, "meet")->enabled);
	assert_false(conf_trigger(c, "loss")->enabled);
}

/* What the sample shows as default is the default. */
static void
test_sample_defaults(void **state)
{
	AUTO(buf) struct buf a, b;
	char *text = uncommented();
	struct opt *table = core_table();

	(void)state;
	buf_init(&a, 65536);
	buf_init(&b, 65536);
	options_dump(table, load_real(conf_sample), "", &a);
	options_dump(table, load_real(text), "", &b);
	assert_string_equal(buf_text(&a), buf_text(&b));
	free(table);
	free(text);
}

static void
must_have(const struct options_file *file, const struct opt *opts,
    const char *where)
{
	char path[256];

	for (; opts->name != NULL; opts++) {
		(void)snprintf(path, sizeof(path), "%s%s%s", where,
		    *where == '\0' ? "" : ".", opts->name);
		if (options_find(file, path) == NULL)
			fail_msg("the sample lacks %s", path);
		if (opts->type == OPT_GROUP && strcmp(path, "trigger") != 0)
			must_have(file, opts->sub, path);
	}
}

/* Of a trigger each key is shown once, wherever. */
static void
must_have_trigger_keys(const struct options_file *file)
{
	const struct config_setting_t *all = options_find(file, "trigger");
	const struct opt *codes = conf_opts;

	while (strcmp(codes->name, "trigger") != 0)
		codes++;
	for (codes = codes->sub; codes->name != NULL; codes++) {
		assert_non_null(options_member(all, codes->name));
		for (const struct opt *o = codes->sub; o->name != NULL; o++) {
			bool found = false;
			for (size_t i = 0; i < options_count(all); i++)
				found |= options_member(options_at(all, i),
				    o->name) != NULL;
			if (!found)
				fail_msg("the sample lacks trigger.X.%s",
				    o->name);
		}
	}
}

static void
test_sample_has_every_key(void **state)
{
	AUTO(options_file) struct options_file *file = NULL;
	char *text = uncommented();

	(void)state;
	if (!options_open_text(text, "sample", &file, &err))
		fail_msg("%s", err.msg);
	must_have(file, conf_opts, "");
	must_have_trigger_keys(file);
	assert_non_null(options_find(file, "crm.[0].name"));
	assert_non_null(options_find(file, "crm.[0].driver"));
	free(text);
}

/* Every row says what it is for, in one line. */
static void
must_help(const struct opt *opts)
{
	for (; opts->name != NULL; opts++) {
		assert_non_null(opts->help);
		assert_null(strchr(opts->help, '\n'));
		if (opts->sub != NULL)
			must_help(opts->sub);
	}
}

static void
test_every_key_is_explained(void **state)
{
	(void)state;
	must_help(conf_opts);
}

/* `npsync options core`: what must be chosen has no default there either. */
static void
test_listing_of_consent(void **state)
{
	static const struct { const char *code, *has; } cases[] = {
		{ "\n  sale ", "false" }, { "\n  loss ", "must be given" },
		{ "\n  case ", "false" }, { "\n  inact ", "true" } };
	char *text = NULL, cell[20];
	size_t size = 0;
	FILE *f = open_memstream(&text, &size);

	(void)state;
	assert_non_null(f);
	options_print(f, conf_opts, "");
	(void)fclose(f);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const char *at = strstr(text, cases[i].code);
		assert_non_null(at);
		at = strstr(at, "require_consent");
		assert_non_null(at);
		(void)snprintf(cell, sizeof(cell), "%s", at + 40);
		cell[strlen(cases[i].has)] = '\0';
		assert_string_equal(cell, cases[i].has);
	}
	free(text);
	/* Not missed while loss is off. */
	must_load(ALL "trigger = { loss = { enabled = false; }; };");
	assert_false(conf_trigger(conf, "loss")->require_consent);
	must_load(ALL "trigger = { loss = { campaign = 8; "
	    "require_consent = true; }; };");
	assert_true(conf_trigger(conf, "loss")->require_consent);
}

/* The ends of keys are known before root is given up. */
static void
test_expiring(void **state)
{
	(void)state;
	(void)mkdir(tmpdir_path("credentials"), 0700);
	(void)mkdir(tmpdir_path("expires"), 0700);
	(void)tmpdir_write("credentials/npstoday", "abc\n", 0600);
	(void)tmpdir_write("expires/other", "2027-01-01", 0600);
	must_load(ALL);
	assert_true(conf_load_secrets(conf, arena, &err));
	assert_null(conf->expiring);
	(void)tmpdir_write("expires/npstoday", "2027-06-30", 0600);
	must_load(ALL);
	assert_null(conf->expiring);
	assert_true(conf_load_secrets(conf, arena, &err));
	assert_non_null(conf->expiring);
	assert_string_equal(conf->expiring->name, "npstoday");
	assert_int_equal(conf->expiring->day, 20270630);
	assert_null(conf->expiring->next);
	(void)unlink(tmpdir_path("expires/npstoday"));
	(void)unlink(tmpdir_path("credentials/npstoday"));
}

static void
test_file_missing(void **state)
{
	(void)state;
	assert_false(conf_load(tmpdir_path("none.conf"), arena, &conf, &err));
	assert_int_equal(err.kind, ERR_CONFIG);
	assert_non_null(strstr(err.msg, "none.conf: No such file"));
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_defaults), T(test_default_calendar), T(test_calendar),
		T(test_own_domains), T(test_rules),
		T(test_policy), T(test_pilot), T(test_mistakes), T(test_wholes),
		T(test_test_allows_this_machine_only), T(test_connectors),
		T(test_driver_may_widen_the_rate),
		T(test_service_without_times), T(test_secrets),
		T(test_no_trigger_is_on_by_itself), T(test_triggers),
		T(test_campaign_list), T(test_digest), T(test_sample_loads),
		T(test_sample_defaults), T(test_sample_has_every_key),
		T(test_every_key_is_explained), T(test_file_missing),
		T(test_listing_of_consent), T(test_expiring),
	};

	return cmocka_run_group_tests(tests, tmpdir_make, tmpdir_remove);
}
