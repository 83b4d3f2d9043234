/*
 * The program as an administrator meets it: every bad input gets one line and
 * an exit code, every listing says the same to people and to programs, and the
 * story of conf/demo goes from the first run to the second night.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "npsync.h"
#include "place.h"

#define DAY "2026-12-01T08:00"
#define EVENING "2026-12-01T20:07"
#define NIGHT "2026-12-02T03:10"
#define NIGHT_UTC "2026-12-02T02:10:00Z"

/* ---- bad input ------------------------------------------------------------------ */
struct bad {
	const char *args, *from, *to;	/* from NULL: the demo as it is */
	const char *now;
	int code;
	const char *expect;
};
static const struct bad bad_words[] = {
	{ "", NULL, NULL, NULL, 64, "which command?" },
	{ "frobnicate", NULL, NULL, NULL, 64,
	    "unknown command \"frobnicate\"" },
	{ "--frob status", NULL, NULL, NULL, 64, "unknown option --frob" },
	{ "status --frob", NULL, NULL, NULL, 64, "unknown option --frob" },
	{ "status -x", NULL, NULL, NULL, 64, "unknown option -x" },
	{ "run --quiet=yes", NULL, NULL, NULL, 64, "unknown option --quiet" },
	{ "status more", NULL, NULL, NULL, 64, "got \"more\" too" },
	{ "runs 1 2", NULL, NULL, NULL, 64, "got \"2\" too" },
	{ "status --config", NULL, NULL, NULL, 64, "expected a value" },
	{ "status -c", NULL, NULL, NULL, 64, "-c: expected a file" },
	{ "run midnight", NULL, NULL, NULL, 64,
	    "expected night, hourly or nothing, got \"midnight\"" },
	{ "run --only nonsense", NULL, NULL, NULL, 64,
	    "--only: expected some of settle, pull" },
	{ "run --only pull,,nonsense", NULL, NULL, NULL, 64,
	    "--only: expected" },
	{ "run --wait soon", NULL, NULL, NULL, 64,
	    "--wait: expected a time like 30s" },
	{ "runs --limit 0", NULL, NULL, NULL, 64,
	    "--limit: expected 1 to 100000" },
	{ "runs first", NULL, NULL, NULL, 64, "expected the number of a run" },
	{ "queue --transferred --limit x", NULL, NULL, NULL, 64,
	    "--limit: expected 1 to" },
	{ "queue --trigger nonsense", NULL, NULL, NULL, 64,
	    "no trigger \"nonsense\"" },
	{ "lists nonsense", NULL, NULL, NULL, 64, "expected one of category" },
	{ "exclude", NULL, NULL, NULL, 64, "expected ids or a filter" },
	{ "exclude abc", NULL, NULL, NULL, 64, "expected the id of a row" },
	{ "exclude --before yesterday", NULL, NULL, NULL, 64,
	    "--before: expected a day like 2026-11-30" },
	{ "include --trigger nonsense", NULL, NULL, NULL, 64,
	    "no trigger \"nonsense\"" },
	{ "explain", NULL, NULL, NULL, 64, "expected one row id" },
	{ "schema", NULL, NULL, NULL, 64,
	    "expected --print, --apply, --check or --role NAME" },
	{ "secret get it", NULL, NULL, NULL, 64, "expected `set NAME`" },
	{ "secret set key --expires soon", NULL, NULL, NULL, 64,
	    "--expires: expected a day" },
	{ "options nonsense", NULL, NULL, NULL, 64, "no driver \"nonsense\"" },
	{ "--tenant nobody status", NULL, NULL, NULL, 64,
	    "no configuration file names \"nobody\"" },
	{ "status", NULL, NULL, "tomorrow", 64, "--now: expected a time" },
	{ "status", "test = true;", "test = false;", DAY, 64,
	    "--now: only where the configuration says `test = true`" },
};
static const struct bad bad_conf[] = {
	{ "-c /nonexistent/npsync.conf status", NULL, NULL, NULL, 78,
	    "/nonexistent/npsync.conf" },
	{ "status", "tenant = \"demo\";", "tenant = \"demo", NULL, 78,
	    "npsync.conf:" },
	{ "status", "test = true;", "test = true; colour = \"red\";", NULL, 78,
	    "npsync.conf:5: colour: " },
	{ "status", "rate_per_second = 10.0;",
	    "rate_per_second = 10.0; colour = 1;", NULL, 78,
	    "survey.colour: " },
	{ "status", "timezone = \"Europe/Copenhagen\";", "timezone = 5;", NULL,
	    78, "npsync.conf:6: timezone: expected" },
	{ "status", "test = true;", "test = \"yes\";", NULL, 78,
	    "npsync.conf:5: test: expected" },
	{ "status", "rate_per_second = 10.0;", "rate_per_second = -1.0;", NULL,
	    78, "rate_per_second: expected" },
	{ "status", "rules = {", "rules = { throttle_days = 100000;", NULL, 78,
	    "rules.throttle_days: expected" },
	{ "status", "own_domains = [ \"npsync-demo.example\" ];", "", NULL, 78,
	    "rules.own_domains" },
	{ "status", "own_domains = [ \"npsync-demo.example\" ];",
	    "own_domains = [];", NULL, 78, "rules.own_domains" },
	{ "status", "campaign = 7751; require_consent = false;",
	    "campaign = 7751;", NULL, 78, "npsync.conf:20: trigger.loss: require_consent" },
	{ "status", "[ \"Kundepleje\", \"Statusmøde\" ]", "[]", NULL, 78,
	    "trigger.meet.categories" },
	{ "status", "campaign = 7752;", "campaign = \"abc\";", NULL, 78,
	    "trigger.case.campaign" },
	{ "status", "\"Europe/Copenhagen\"", "\"Europe/Kobenhavn\"", NULL, 78,
	    "npsync.conf:6: timezone: " },
	{ "status", "driver = \"files\";", "driver = \"filez\";", NULL, 78,
	    "filez" },
	{ "status", "driver = \"npstoday\";", "driver = \"other\";", NULL, 78,
	    "other" },
	{ "status", "http://127.0.0.1:9", "http://nps.example", NULL, 78,
	    "base_url" },
	{ "run", "file:", "file:/nonexistent", NULL, 78, "/nonexistent" },
	{ "run", "file:", "credential:", NULL, 78, "credential" },
	{ "run", "file:", "", NULL, 78, "survey.api_key" },
	{ "status", "test = true;", "test = true; database = "
	    "\"host=/nonexistent\";", NULL, 69, "/nonexistent" },
	{ "status", "/state\";", "/npsync.conf\";", NULL, -2,
	    "npsync.conf" },
	{ "status", "/state\";", "/none/deeper/state\";", NULL, -2,
	    "/none/deeper/state" },
};

static bool
is_one_line(const char *text, const char *part)
{
	const char *end = strchr(text, '\n');

	return end != NULL && end[1] == '\0' && strstr(text, part) != NULL;
}

/* All of them are tried; each that is not refused as it must be is shown. */
static void
try_bad(const struct bad *table, size_t n)
{
	char name[16];
	struct place p;
	int wrong = 0;

	for (size_t i = 0; i < n; i++) {
		const struct bad *b = &table[i];
		(void)snprintf(name, sizeof(name), "bad%d-%zu",
		    b->code % 100, i % 1000);
		place_make(&p, name, "-", false);
		if (b->from != NULL)
			place_edit(&p, b->from, b->to);
		const struct runproc *r = place_run(&p, b->now, -2, b->args);
		if ((b->code == -2 ? r->code != 0 : r->code == b->code) &&
		    is_one_line(r->err, b->expect) && r->out_len == 0)
			continue;
		print_error("npsync %s (%s): exit %d, not %d, \"%s\"\n%s%s",
		    b->args, b->to == NULL ? "" : b->to, r->code, b->code,
		    b->expect, r->out, r->err);
		wrong++;
	}
	assert_int_equal(wrong, 0);
}

static void
test_bad_words(void **state)
{
	(void)state;
	try_bad(bad_words, ARRAY_LEN(bad_words));
}

static void
test_bad_conf(void **state)
{
	(void)state;
	try_bad(bad_conf, ARRAY_LEN(bad_conf));
}

static void
test_bad_secret_file(void **state)
{
	struct place p;

	(void)state;
	place_make(&p, "open", "-", false);
	assert_int_equal(chmod(p.key, 0644), 0);
	const struct runproc *r = place_run(&p, NULL, -2, "run");
	assert_true(r->code == 77 || r->code == 78);
	says_one_line(r->err, p.key);
	says(r->err, "0600");
}

/* A cluster of a PostgreSQL that is not installed. */
static void
test_bad_version(void **state)
{
	char path[500];
	struct place p;

	(void)state;
	place_make(&p, "pg99", "-", false);
	(void)snprintf(path, sizeof(path), "%s/state/pg", p.dir);
	assert_int_equal(mkdir(path, 0700), 0);
	(void)snprintf(path, sizeof(path), "%s/state/pg/PG_VERSION", p.dir);
	FILE *f = fopen(path, "we");
	assert_non_null(f);
	assert_true(fputs("99\n", f) >= 0 && fclose(f) == 0);
	p.embedded = true;
	place_give(&p, "state/pg/PG_VERSION");
	place_give(&p, "state/pg");
	place_give(&p, "state");
	says_one_line(place_run(&p, NULL, 78, "status")->err, "postgresql-99");
}

/* ---- without an installation --------------------------------------------------------- */
static void
test_help(void **state)
{
	char names[32][20], args[800];
	struct place p;
	size_t n = 0;

	(void)state;
	place_make(&p, "help", "-", false);
	char *copy = strdup(place_run(&p, NULL, 0, "--help")->out);
	assert_non_null(copy);
	says(copy, "Usage: npsync");
	for (const char *line = copy; line != NULL && n < ARRAY_LEN(names);
	     line = strchr(line + 1, '\n'))
		if (strncmp(line, "\n  ", 3) == 0 && line[3] >= 'a')
			(void)snprintf(names[n++], sizeof(names[0]), "%.*s",
			    (int)strcspn(line + 3, " "), line + 3);
	free(copy);
	assert_true(n >= 15);
	for (size_t i = 0; i < n; i++) {
		(void)snprintf(args, sizeof(args), "%s --help", names[i]);
		const struct runproc *r = place_run(&p, NULL, 0, args);
		(void)snprintf(args, sizeof(args), "Usage: npsync %s",
		    names[i]);
		says(r->out, args);
		assert_int_equal(r->err_len, 0);
	}
}

static void
test_plain(void **state)
{
	struct place p;

	(void)state;
	place_make(&p, "plain", "-", false);
	says_one_line(place_run(&p, NULL, 0, "--version")->out, "npsync ");
	says(place_run(&p, NULL, 0, "--print-config")->out,
	    "own_domains = [ ");
	says(place_run(&p, NULL, 0, "schema --print")->out, "CREATE TABLE");
	says(place_run(&p, NULL, 0, "options")->out, "npstoday");
	says(place_run(&p, NULL, 0, "options core")->out, "throttle_days");
	says(place_run(&p, NULL, 0, "options files")->out, "delimiter");
	says(place_run(&p, NULL, 0, "options npstoday")->out, "base_url");
}

/* The key comes by standard input and is shown by nobody. */
static void
test_secret(void **state)
{
	char program[1100], path[500];
	struct place p;
	struct runproc r;
	struct stat st;

	(void)state;
	place_make(&p, "secret", "-", false);
	(void)snprintf(program, sizeof(program), "%s/npsync", simproc_build());
	runproc_start(&r, program, (const char *const[]){ "-c", p.conf,
	    "secret", "set", "npstoday", "--expires", "2027-06-30", NULL },
	    NULL, "canary-key-4711\n");
	runproc_wait(&r, 30);
	assert_int_equal(r.code, 0);
	says_one_line(r.out, "credential:npstoday");
	assert_null(strstr(r.out, "4711"));
	assert_int_equal(r.err_len, 0);
	runproc_free(&r);
	(void)snprintf(path, sizeof(path), "%s/credentials/npstoday", p.dir);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	says_one_line(place_run(&p, NULL, 64, "secret set npstoday")->err,
	    "npsync: ");
	says_one_line(place_run(&p, NULL, 64, "secret set ../npstoday")->err,
	    "npsync: ");
}

/* ---- the story of the demo ------------------------------------------------------------- */
static struct place tour;

/* The array that is printed; of the object of status, its rows by state. */
static json_t *
tour_json(const char *now, const char *args)
{
	char words[200];

	if (strcmp(args, "status") != 0)
		return place_json(&tour, now, args);
	(void)snprintf(words, sizeof(words), "--json %s", args);
	json_t *doc = json_loads(place_run(&tour, now, 0, words)->out, 0, NULL);
	json_t *states = json_incref(json_object_get(doc, "states"));
	assert_true(json_is_array(states));
	json_decref(doc);
	return states;
}

static void
same_json(const char *now, const char *args, const json_t *before)
{
	json_t *after = tour_json(now, args);

	if (!json_equal(before, after))
		fail_msg("npsync %s is not what it was", args);
	json_decref(after);
}

static size_t
ledger_count(void)
{
	size_t n;

	(void)simproc_ledger(tour.sim, &n);
	return n;
}

/* Neither before the first run nor after it does a dry run leave anything. */
static void
test_dry_first(void **state)
{
	(void)state;
	place_make(&tour, "tour", NULL, true);
	place_edit(&tour, "level = \"warning\";",
	    "level = \"debug\"; target = \"stderr\";");
	place_export(&tour, 1);
	place_clock(&tour, "2026-12-01T07:00:00Z");
	const struct runproc *r = place_run(&tour, DAY, 0, "run --dry-run");
	says(r->out, "dry run, nothing is kept");
	says(r->out, "284 baseline");
	json_t *none = json_array();
	same_json(DAY, "status", none);
	same_json(DAY, "runs", none);
	same_json(DAY, "lists", none);
	same_json(DAY, "queue", none);
	says(place_run(&tour, DAY, 0, "run hourly")->out, "284 baseline");
	same_json(DAY, "queue", none);
	json_decref(none);
	json_t *runs = place_json(&tour, DAY, "runs");
	assert_int_equal(json_array_size(runs), 1);
	says(place_run(&tour, DAY, 0, "run --dry-run")->out, "484 known");
	same_json(DAY, "runs", runs);
	json_decref(runs);
	assert_int_equal(ledger_count(), 0);
}

static size_t
find_row(const json_t *rows, const char *contact, const char *trigger)
{
	for (size_t i = 0; i < json_array_size(rows); i++) {
		const json_t *row = json_array_get(rows, i);
		const char *who = json_string_value(json_object_get(row,
		    "contact"));
		if (strcmp(who == NULL ? "" : who, contact) == 0 &&
		    (trigger == NULL || strcmp(trigger, json_string_value(
		        json_object_get(row, "trigger"))) == 0))
			return i;
	}
	return SIZE_MAX;
}

/* The rows of a are in b with the same reasons; ids differ. */
static void
same_verdicts(const json_t *a, const json_t *b)
{
	for (size_t i = 0; i < json_array_size(a); i++) {
		const size_t k = find_row(b, place_cell(a, i, "contact"),
		    place_cell(a, i, "trigger"));
		assert_true(k != SIZE_MAX);
		assert_string_equal(place_cell(a, i, "reason"),
		    place_cell(b, k, "reason"));
	}
}

static void
test_dry_second(void **state)
{
	(void)state;
	place_export(&tour, 2);
	json_t *states = tour_json(EVENING, "status");
	json_t *runs = place_json(&tour, EVENING, "runs");
	json_t *dry = place_json(&tour, EVENING, "run --dry-run");
	assert_int_equal(json_array_size(dry), 34);
	same_json(EVENING, "status", states);
	same_json(EVENING, "runs", runs);
	/* Each source counts what could not be read of its own. */
	const struct runproc *r = place_run(&tour, EVENING, 0,
	    "run --dry-run");
	says(r->out, "34 queued, 1 quarantined\n");
	says(place_run(&tour, EVENING, 0, "run hourly")->out,
	    "34 queued, 1 quarantined\n");
	says(place_run(&tour, EVENING, 0, "queue")->out, "sending is paused");
	json_t *queue = place_json(&tour, EVENING, "queue");
	same_verdicts(dry, queue);
	same_verdicts(queue, dry);
	says(place_run(&tour, EVENING, 0, "activate")->out, "is now active");
	says(place_run(&tour, EVENING, 0, "activate")->out, "was already");
	same_json(EVENING, "queue", queue);
	assert_int_equal(ledger_count(), 0);
	json_decref(states);
	json_decref(runs);
	json_decref(dry);
	json_decref(queue);
}

/* "P-1006  F-106  S-9004   company_no_send" of export --list. */
static void
expect_person(const json_t *queue, const char *contact, const char *events,
    const char *expected)
{
	char word[64];
	const size_t i = find_row(queue, contact, NULL);

	/* Nothing happened yet but in step 3, or in the years before. */
	if (events[0] == '-' || strncmp(events, "A-8", 3) == 0 ||
	    strstr(events, "-91") == events + 1) {
		if (i != SIZE_MAX)
			fail_msg("%s is in the queue", contact);
		return;
	}
	if (i == SIZE_MAX)
		fail_msg("%s is not in the queue", contact);
	(void)snprintf(word, sizeof(word), "%.*s",
	    (int)strcspn(expected, " :;,"), expected);
	if (strcmp(word, "asked") == 0)
		(void)snprintf(word, sizeof(word), "go");
	if (strcmp(word, "one") == 0) {
		assert_string_equal(place_cell(queue, find_row(queue, contact,
		    "sale"), "reason"), "go");
		assert_string_equal(place_cell(queue, find_row(queue, contact,
		    "meet"), "reason"), "duplicate_person");
		return;
	}
	if (strcmp(place_cell(queue, i, "reason"), word) != 0)
		fail_msg("%s: %s, not %s", contact,
		    place_cell(queue, i, "reason"), word);
}

/* Every person of the tour has the verdict that the export was made for. */
static void
test_verdicts(void **state)
{
	struct runproc r;
	int n = 0;

	(void)state;
	json_t *queue = place_json(&tour, EVENING, "queue");
	place_export_says(&r, "--list");
	for (char *line = r.out, *end; *line != '\0'; line = end + 1) {
		char contact[16], events[32], *rest = line + 19;
		end = line + strcspn(line, "\n");
		assert_true(end - line > 60 && *end == '\n');
		*end = '\0';
		(void)snprintf(contact, sizeof(contact), "%.*s",
		    (int)strcspn(rest, " "), rest);
		if (contact[0] != 'P')
			continue;
		(void)snprintf(events, sizeof(events), "%.24s", line + 34);
		expect_person(queue, contact, events, line + 60);
		n++;
	}
	assert_int_equal(n, 38);
	assert_string_equal(place_cell(queue, find_row(queue, "", NULL),
	    "reason"), "no_contact");
	runproc_free(&r);
	json_decref(queue);
}

/* What programs get as JSON they get as CSV: same columns, rows, first cells. */
static void
same_as_csv(const char *args)
{
	char words[200];
	size_t rows = 0;

	(void)snprintf(words, sizeof(words), "--csv %s", args);
	json_t *json = tour_json(EVENING, args);
	const char *line = place_run(&tour, EVENING, 0, words)->out;
	const char *key = json_object_iter_key(json_object_iter(
	    json_array_get(json, 0)));
	assert_true(json_array_size(json) > 0 && key != NULL);
	assert_memory_equal(line, key, strlen(key));
	while ((line = strchr(line, '\n')) != NULL && *++line != '\0') {
		const char *cell = place_cell(json, rows++, key);
		if (strncmp(line, cell, strlen(cell)) != 0 ||
		    line[strlen(cell)] != ',')
			fail_msg("npsync %s: row %zu is not %s", args, rows,
			    cell);
	}
	if (rows != json_array_size(json))
		fail_msg("npsync %s: %zu rows, not %zu", args, rows,
		    json_array_size(json));
	json_decref(json);
}

static void
test_listings(void **state)
{
	static const char *const listings[] = { "queue", "queue --trigger loss",
		"status", "runs", "lists", "lists language",
		"campaigns", "explain P-1001" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(listings); i++)
		same_as_csv(listings[i]);
	json_t *list = place_json(&tour, EVENING, "campaigns");
	assert_int_equal(json_array_size(list), 8);
	json_decref(list);
	list = place_json(&tour, EVENING, "runs --limit 1");
	char words[32];
	(void)snprintf(words, sizeof(words), "runs %s",
	    place_cell(list, 0, "run"));
	json_decref(list);
	same_as_csv(words);
	list = place_json(&tour, EVENING, "lists language");
	assert_string_equal(place_cell(list, 0, "value"), "da");
	assert_string_equal(place_cell(list, 0, "n"), "102");
	json_decref(list);
	const struct runproc *r = place_run(&tour, EVENING, 0, "status");
	says(r->out, "crm deals.csv line ");
	says(r->out, "key \"S-9015\": column \"Lukket\": expected a date");
	says(r->out, "mails leave Wed 2026-12-02 09:00");
	r = place_run(&tour, EVENING, 0, "check");
	says(r->out, "ok    trigger sale, campaign 7755: Salg (NO)\n");
	says(r->out, "\n0 failed");
	says(place_run(&tour, EVENING, 0, "schema --check")->out, "complete");
}

static void
test_explain(void **state)
{
	bool met = false;

	(void)state;
	json_t *rules = place_json(&tour, EVENING, "explain P-1004");
	for (size_t i = 0; i < json_array_size(rules); i++) {
		const bool blocks = strcmp(place_cell(rules, i, "verdict"),
		    "blocks") == 0;
		const bool left = strcmp(place_cell(rules, i, "rule"),
		    "left_company") == 0;
		assert_int_equal(blocks, left);
		met = met || left;
	}
	assert_true(met);
	json_decref(rules);
	says(place_run(&tour, EVENING, 0, "explain P-1004")->out,
	    "left_company");
	says_one_line(place_run(&tour, EVENING, 1, "--json explain P-0")->err,
	    "no event of");
	/* A card of one CRM, as one whose id is a number must be named. */
	says(place_run(&tour, EVENING, 0, "explain crm/P-1004")->out,
	    "left_company");
	says_one_line(place_run(&tour, EVENING, 1, "explain other/P-1004")->err,
	    "no event of");
}

/* ---- an administrator's hand -------------------------------------------------------------- */
static long long
row_id(const char *contact, const char *trigger)
{
	json_t *queue = place_json(&tour, EVENING, "queue");
	const size_t i = find_row(queue, contact, trigger);

	assert_true(i != SIZE_MAX);
	const long long id = json_integer_value(json_object_get(
	    json_array_get(queue, i), "id"));
	json_decref(queue);
	return id;
}

/* Who acted is the person behind sudo, not npsync. */
static const char *const as_anna[] = { "SUDO_USER=anna", NULL };

static void
test_exclude(void **state)
{
	char words[100];
	const long long id = row_id("P-1030", NULL);

	(void)state;
	json_t *queue = place_json(&tour, EVENING, "queue");
	/* Nobody agreed: standard input is no terminal. */
	(void)snprintf(words, sizeof(words), "exclude %lld", id);
	says(place_run(&tour, EVENING, 1, words)->out, "1 row would be changed");
	/* One unknown id, and nothing is done to the other either. */
	(void)snprintf(words, sizeof(words), "exclude %lld 999999 --yes", id);
	says_one_line(place_run(&tour, EVENING, 1, words)->err,
	    "row 999999: not in the queue; nothing was changed");
	(void)snprintf(words, sizeof(words), "include %lld --yes", id);
	says_one_line(place_run(&tour, EVENING, 1, words)->err,
	    "is queued: ");
	says(place_run(&tour, EVENING, 0, "exclude --company Nobody --yes")
	    ->out, "no row to exclude");
	same_json(EVENING, "queue", queue);
	json_decref(queue);
	(void)snprintf(words, sizeof(words),
	    "exclude %lld --reason holiday --yes", id);
	place_use("npsync", as_anna);
	says(place_run(&tour, EVENING, 0, words)->out, "1 row excluded");
	place_use(NULL, NULL);
	says_one_line(place_run(&tour, EVENING, 1, words)->err,
	    "is excluded: ");
	says(place_run(&tour, EVENING, 0, "explain P-1030")->out,
	    "anna: holiday");
	says(place_run(&tour, EVENING, 0,
	    "exclude --employee Nobody --trigger sale --yes")->out,
	    "no row to exclude");
	says(place_run(&tour, EVENING, 0, "exclude --trigger loss --yes")->out,
	    "3 rows excluded");
	says(place_run(&tour, EVENING, 0, "include --trigger loss --yes")->out,
	    "3 rows included");
}

/* ---- the night ------------------------------------------------------------------------------- */
/* A campaign that the service does not have: nobody is asked, rows wait. */
static void
test_campaign_missing(void **state)
{
	(void)state;
	place_clock(&tour, NIGHT_UTC);
	place_edit(&tour, "campaign = 7751;", "campaign = 7799;");
	json_t *queue = place_json(&tour, EVENING, "queue");
	const struct runproc *r = place_run(&tour, NIGHT, 78, "run night");
	says(r->err, "7799");
	json_t *runs = place_json(&tour, NIGHT, "runs");
	assert_string_equal(place_cell(runs, 0, "result"), "partial");
	assert_string_equal(place_cell(runs, 0, "sent"), "0");
	assert_string_equal(place_cell(runs, 0, "suppressed"), "0");
	json_decref(runs);
	place_edit(&tour, "campaign = 7799;", "campaign = 7751;");
	json_t *after = place_json(&tour, EVENING, "queue");
	same_verdicts(queue, after);
	json_decref(queue);
	json_decref(after);
	place_edit(&tour, "campaign = 7751;", "campaign = 7799;");
	assert_int_equal(ledger_count(), 0);
	says(place_run(&tour, EVENING, 78, "check")->out,
	    "FAIL  trigger loss, campaign 7799: ");
	place_edit(&tour, "campaign = 7799;", "campaign = 7751;");
}

/* Nobody's address or name, nor the key, may be in a log. */
static void
no_canary(const char *text)
{
	static const char *const canaries[] = { SIMPROC_KEY, "Aagaard", "Tveit",
		"marit", "dorthe.", "canary-comment", ".example" };
	size_t n;
	const struct simproc_line *lines = simproc_ledger(tour.sim, &n);

	for (size_t i = 0; i < ARRAY_LEN(canaries); i++)
		if (strstr(text, canaries[i]) != NULL)
			fail_msg("\"%s\" is in the log:\n%s", canaries[i],
			    text);
	for (size_t i = 0; i < n; i++)
		if (lines[i].email[0] != '\0' &&
		    strstr(text, lines[i].email) != NULL)
			fail_msg("%s is in the log", lines[i].email);
}

static void
test_only_pull(void **state)
{
	(void)state;
	const struct runproc *r = place_run(&tour, NIGHT, 0,
	    "run --only pull");
	says(r->out, "nothing is transferred now");
	assert_int_equal(ledger_count(), 0);
	says(place_run(&tour, NIGHT, 0, "run hourly")->out, "hourly");
	assert_int_equal(ledger_count(), 0);
}

static void
test_night(void **state)
{
	size_t go = 0;

	(void)state;
	json_t *queue = place_json(&tour, EVENING, "queue");
	for (size_t i = 0; i < json_array_size(queue); i++)
		go += strcmp(place_cell(queue, i, "reason"), "go") == 0;
	json_decref(queue);
	const struct runproc *r = place_run(&tour, NIGHT, 0, "run night");
	says(r->out, "night to 2026-12-02: ok");
	assert_true(go > 15);
	assert_int_equal(ledger_count(), go);
	says(r->err, "result=ok");
	no_canary(r->err);
	json_t *sent = place_json(&tour, NIGHT, "queue --transferred");
	assert_int_equal(json_array_size(sent), go);
	assert_string_equal(place_cell(sent, 0, "state"), "sent");
	/* Run again, the night finds nothing more to do. */
	says(place_run(&tour, NIGHT, 0, "run night")->out, ": ok");
	assert_int_equal(ledger_count(), go);
	same_json(NIGHT, "queue --transferred", sent);
	/* Too late; and the row beside it stays as it was. */
	char words[100];
	json_t *states = tour_json(NIGHT, "status");
	(void)snprintf(words, sizeof(words), "exclude %s --yes",
	    place_cell(sent, 0, "id"));
	says_one_line(place_run(&tour, NIGHT, 1, words)->err,
	    "too late, it was transferred; nothing was changed");
	same_json(NIGHT, "status", states);
	same_json(NIGHT, "queue --transferred", sent);
	json_decref(states);
	json_decref(sent);
}

/* Programs, too, are told why nobody was asked. */
static void
test_explain_ended(void **state)
{
	bool left = false;

	(void)state;
	json_t *ended = place_json(&tour, NIGHT, "explain P-1004");
	for (size_t i = 0; i < json_array_size(ended); i++) {
		if (strcmp(place_cell(ended, i, "state"), "suppressed") != 0)
			continue;
		assert_string_not_equal(place_cell(ended, i, "rule"), "");
		assert_string_equal(place_cell(ended, i, "verdict"), "ended");
		left = left || (strcmp(place_cell(ended, i, "rule"),
		    "left_company") == 0 && strstr(place_cell(ended, i,
		    "meaning"), "no longer works there") != NULL);
	}
	assert_true(left);
	json_decref(ended);
	json_t *sent = place_json(&tour, NIGHT, "queue --transferred");
	char words[64];
	(void)snprintf(words, sizeof(words), "explain %s",
	    place_cell(sent, 0, "id"));
	ended = place_json(&tour, NIGHT, words);
	assert_string_equal(place_cell(ended, 0, "state"), "sent");
	assert_string_equal(place_cell(ended, 0, "rule"), "");
	json_decref(ended);
	json_decref(sent);
}

static void
test_answers(void **state)
{
	size_t n;
	const struct simproc_line *lines = simproc_ledger(tour.sim, &n);

	(void)state;
	assert_true(n > 0);
	place_clock(&tour, "2026-12-02T13:00:00Z");
	simproc_tell(tour.sim, "answer", "{\"email\": \"%s\", \"rating\": 9, "
	    "\"comment\": \"canary-comment\", \"campaignId\": %lld, "
	    "\"at\": \"2026-12-02T10:00:00Z\"}", lines[0].email,
	    lines[0].campaign);
	const struct runproc *r = place_run(&tour, "2026-12-02T14:07", 0,
	    "run hourly");
	no_canary(r->err);
	json_t *runs = place_json(&tour, "2026-12-02T14:08", "runs");
	assert_string_equal(place_cell(runs, 0, "answers"), "1");
	assert_string_equal(place_cell(runs, 0, "tags"), "1");
	json_decref(runs);
}

static int
tour_end(void **state)
{
	place_free(&tour);
	return places_end(state);
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bad_words),
		cmocka_unit_test(test_bad_conf),
		cmocka_unit_test(test_bad_secret_file),
		cmocka_unit_test(test_bad_version),
		cmocka_unit_test(test_help),
		cmocka_unit_test(test_plain),
		cmocka_unit_test(test_secret),
		cmocka_unit_test(test_dry_first),
		cmocka_unit_test(test_dry_second),
		cmocka_unit_test(test_verdicts),
		cmocka_unit_test(test_listings),
		cmocka_unit_test(test_explain),
		cmocka_unit_test(test_exclude),
		cmocka_unit_test(test_campaign_missing),
		cmocka_unit_test(test_only_pull),
		cmocka_unit_test(test_night),
		cmocka_unit_test(test_explain_ended),
		cmocka_unit_test(test_answers),
	};

	(void)argc;
	if (!place_find(argv[0]))
		return 1;
	return cmocka_run_group_tests_name("cli", tests, places_begin,
	    tour_end);
}
