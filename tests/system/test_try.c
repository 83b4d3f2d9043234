/*
 * npsync check --show: a profile tried against a server, rows as the core gets
 * them; read only, without a database; a broken stream is one line.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "npsync.h"
#include "place.h"
#include "simhttpd.h"

#define NOW "2026-12-01T20:00"

/* The one of connectors/README.md. */
#define PROFILE "conf/examples/crm-profile.conf"
static char profile_text[4096];

static int
begin(void **state)
{
	FILE *f = fopen(PROFILE, "re");

	if (f == NULL)
		return -1;
	const size_t n = fread(profile_text, 1, sizeof(profile_text) - 1, f);
	profile_text[n] = '\0';
	return fclose(f) == 0 && n > 0 ? places_begin(state) : -1;
}

static const struct sim_reply script[] = {
	{ .target = "GET /me ", .want = "X-Key: " SIMPROC_KEY, .body = "{}",
	    .repeat = 9 },
	{ .target = "GET /deals ", .body = "{\"items\": ["
	    "{\"id\": 1, \"person\": {\"id\": 7}, \"closed\": "
	    "\"2026-11-28T10:00:00Z\"},"
	    "{\"id\": 2, \"person\": {\"id\": 8}, \"closed\": "
	    "\"2026-11-29T10:00:00Z\", \"stage\": \"won\"},"
	    "{\"id\": 3, \"person\": null, \"closed\": "
	    "\"2026-11-30T10:00:00Z\"},"
	    "{\"id\": 4, \"person\": {\"id\": 7}, \"closed\": \"soon\"}]}",
	    .repeat = 9 },
	{ .target = "GET /people/7 ", .body = "{\"id\": 7, \"name\": "
	    "\"Anna S\xc3\xb8rensen\", \"mail\": \"anna@kunde.example\"}",
	    .repeat = 9 },
	{ .target = "GET /people/8 ", .status = 404, .body = "{}",
	    .repeat = 9 },
};

static void
put_profile(const struct place *p, const char *name, const char *text)
{
	char path[500];

	(void)snprintf(path, sizeof(path), "%s/%s", p->dir, name);
	FILE *f = fopen(path, "we");
	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(chmod(path, 0644), 0);
}

static void
make(struct place *p, const char *name, const struct simhttpd *sim,
    const char *profile)
{
	char group[700];

	place_make(p, name, "-", false);
	(void)snprintf(group, sizeof(group), "crm = ( { name = \"own\"; driver "
	    "= \"rest\"; profile = \"%s\"; base_url = \"%s\"; secret = "
	    "\"file:%s\"; backoff_s = 0.0; }, {", profile,
	    simhttpd_url(sim), p->key);
	place_edit(p, "crm = ( {", group);
}

static void
test_show(void **state)
{
	struct simhttpd *sim = simhttpd_start(script, ARRAY_LEN(script));
	char words[700];
	struct place p;

	(void)state;
	make(&p, "show", sim, "own.conf");
	put_profile(&p, "own.conf", profile_text);
	const struct runproc *r = place_run(&p, NOW, 0,
	    "check --show --crm own --rows 2");
	says(r->out, "crm own (rest)\nok    it answers\nit offers events\n");
	says(r->out, "it does not offer activities, ");
	says(r->out, "\n" "own events\n");
	says(r->out, "sale     1      7        Sat 2026-11-28 11:00");
	says(r->out, "sale     2      8        Sun 2026-11-29 11:00");
	assert_null(strstr(r->out, "2026-11-30"));
	says(r->out, "\n3 rows\nfilled in: trigger 3, event 3, contact 2, "
	    "occurred 3, closed 0, category 0, stage 1, ");
	says(r->out, "1 cannot be read: deals \"4\": occurred_at");
	says(r->out, "\n" "own cards of these events, by id\n");
	says(r->out, "7        Anna S\xc3\xb8rensen  anna@kunde.example");
	says(r->out, "gone");
	/* The survey service's key may be for later, the CRM's may not. */
	place_edit(&p, "api_key = \"file:", "api_key = \"file:/nonexistent");
	says(place_run(&p, NOW, 0, "check --show --crm own")->out,
	    "\nok    it answers\n");
	place_edit(&p, "secret = \"file:", "secret = \"file:/nonexistent");
	says(place_run(&p, NOW, 1, "check --show --crm own")->out,
	    "\nFAIL  own.secret: ");
	place_edit(&p, "secret = \"file:/nonexistent", "secret = \"file:");
	/* Another profile, which the configuration does not know. */
	(void)snprintf(words, sizeof(words), "check --profile %s/own.conf",
	    p.dir);
	place_edit(&p, "profile = \"own.conf\"", "profile = \"not-yet\"");
	says(place_run(&p, NOW, 0, words)->out, "\n" "own events\n");
	assert_null(simhttpd_problem(sim, false));
	for (size_t i = 0; i < simhttpd_requests(sim); i++)
		assert_memory_equal(simhttpd_request(sim, i), "GET ", 4);
	/* Without it the configuration is wrong: where, and what was expected. */
	says_one_line(place_run(&p, NOW, 78, "check --show")->err,
	    "npsync.conf:");
	simhttpd_stop(sim);
	place_free(&p);
}

static void
test_wrong(void **state)
{
	struct simhttpd *sim = simhttpd_start(script, ARRAY_LEN(script));
	char text[sizeof(profile_text)];
	struct place p;

	(void)state;
	make(&p, "wrong", sim, "own.conf");
	/* A path that nothing has. */
	(void)snprintf(text, sizeof(text), "%s", profile_text);
	char *at = strstr(text, "\"/closed\"");
	assert_non_null(at);
	memcpy(at + 1, "/klosed", 7);
	put_profile(&p, "own.conf", text);
	const struct runproc *r = place_run(&p, NOW, 1,
	    "check --show --crm own");
	says(r->out, "FAIL  all 4 cannot be read: deals \"1\": occurred_at: "
	    "expected a time\n");
	/* Of what nobody is asked about it is said how much there is. */
	(void)snprintf(text, sizeof(text), "%s", profile_text);
	at = strstr(text, "trigger = \"sale\";");
	assert_non_null(at);
	(void)snprintf(at, sizeof(text) - (size_t)(at - text), "%s%s",
	    "trigger_at = \"/stage\"; values = ( { field = \"trigger\"; from = "
	    "\"won\"; to = \"sale\"; }, { field = \"trigger\"; from = \"\"; to "
	    "= \"\"; } );", strstr(profile_text, "trigger = \"sale\";") +
	    strlen("trigger = \"sale\";"));
	put_profile(&p, "own.conf", text);
	says(place_run(&p, NOW, 0, "check --show --crm own")->out, "\n1 rows\n"
	    "filled in: trigger 1, event 1, contact 1, occurred 1, closed 0, "
	    "category 0, stage 1, employee 0, automatic 0\n3 are none of ours: "
	    "the profile maps their trigger or kind to nothing\n");
	/* A key that no profile has: file, line and key. */
	at = strstr(text, "\ncheck = ");
	memcpy(at + 1, "chekk = ", 8);
	put_profile(&p, "own.conf", text);
	says_one_line(place_run(&p, NOW, 78, "check --show")->err,
	    "own.conf:8: chekk: unknown");
	says_one_line(place_run(&p, NOW, 64, "check --show --rows 0")->err,
	    "--rows: expected a number from 1 to 100");
	put_profile(&p, "own.conf", profile_text);
	says_one_line(place_run(&p, NOW, 64, "check --show --crm other")->err,
	    "is called \"other\"");
	says_one_line(place_run(&p, NOW, 64, "check --show --fix")->err,
	    "expected one of --diff, --fix, --show");
	simhttpd_stop(sim);
	place_free(&p);
}

/* A listing that must be told where to end. */
static void
test_until(void **state)
{
	static const struct sim_reply deals = { .target = "&to=2026-12-01 ",
		.body = "{\"items\": [{\"id\": 5, \"p\": 7, \"closed\": "
		    "\"2026-11-28T10:00:00Z\"}]}", .repeat = 9 };
	struct simhttpd *sim = simhttpd_start(&deals, 1);
	struct place p;

	(void)state;
	make(&p, "until", sim, "until.conf");
	put_profile(&p, "until.conf", "events = ( { name = \"deals\"; trigger = "
	    "\"sale\"; contact = \"p\"; occurred_at = \"closed\"; read = { "
	    "request = { path = \"deals?from={since:date}&to={until:date}\"; "
	    "rows = \"items\"; }; paging = { kind = \"none\"; }; stamp = "
	    "\"closed\"; }; } );\n");
	says(place_run(&p, NOW, 0, "check --show --crm own")->out,
	    "sale     5      7        Sat 2026-11-28 11:00");
	assert_null(simhttpd_problem(sim, false));
	simhttpd_stop(sim);
	place_free(&p);
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_show),
		cmocka_unit_test(test_wrong),
		cmocka_unit_test(test_until),
	};

	(void)argc;
	if (!place_find(argv[0]))
		return 1;
	return cmocka_run_group_tests(tests, begin, places_end);
}
