/*
 * npsync run as the timer starts it: when it transfers and when not, what an
 * export that cannot be read does to it, two runs at once, two tenants.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "npsync.h"
#include "place.h"

#define DAY "2026-12-01T08:00"
#define EVENING "2026-12-01T20:07"

static size_t
ledger_count(const struct place *p)
{
	size_t n;

	(void)simproc_ledger(p->sim, &n);
	return n;
}

/* After what the log says, one line for whoever started it. */
static void
says_last_line(const char *text, const char *part)
{
	const char *last = strstr(text, "npsync: ");

	assert_non_null(last);
	assert_true(last == text || last[-1] == '\n');
	says_one_line(last, part);
}

/* History read, today's events in the queue. */
static void
begin(const struct place *p, bool active)
{
	place_export(p, 1);
	place_clock(p, "2026-12-01T07:00:00Z");
	(void)place_run(p, DAY, 0, "run hourly --quiet");
	if (active)
		(void)place_run(p, DAY, 0, "activate");
	place_export(p, 2);
	(void)place_run(p, EVENING, 0, "run hourly --quiet");
}

/* ---- when something is transferred ------------------------------------------------ */
struct moment {
	const char *what, *now, *utc, *args, *expect;
};

static void
transfers_nothing(const struct place *p, const struct moment *m, size_t n)
{
	const size_t before = ledger_count(p);

	for (size_t i = 0; i < n; i++) {
		place_clock(p, m[i].utc);
		const struct runproc *r = place_run(p, m[i].now, 0, m[i].args);
		if (strstr(r->out, m[i].expect) == NULL)
			fail_msg("%s: no \"%s\" in\n%s", m[i].what, m[i].expect,
			    r->out);
		if (ledger_count(p) != before)
			fail_msg("%s: %zu were transferred", m[i].what,
			    ledger_count(p) - before);
	}
}

/* Tuesday's events, and the night to Wednesday without its night run. */
static void
test_window(void **state)
{
	static const struct moment moments[] = {
		{ "paused night", "2026-12-02T03:10", "2026-12-02T02:10:00Z",
		    "run night", "sending is paused" },
	};
	static const struct moment active[] = {
		{ "by day", "2026-12-01T21:00", "2026-12-01T20:00:00Z", "run",
		    "in the window that opens Tue 2026-12-01 23:00" },
		{ "hourly, inside", "2026-12-02T03:07", "2026-12-02T02:07:00Z",
		    "run hourly", "hourly, night to 2026-12-02: ok" },
		{ "after", "2026-12-02T06:30", "2026-12-02T05:30:00Z", "run",
		    "in the window that opens Wed 2026-12-02 23:00" },
	};
	struct place p;

	(void)state;
	place_make(&p, "window", "window1", true);
	begin(&p, false);
	transfers_nothing(&p, moments, ARRAY_LEN(moments));
	(void)place_run(&p, EVENING, 0, "activate");
	transfers_nothing(&p, active, ARRAY_LEN(active));
	(void)place_run(&p, EVENING, 0, "pause");
	transfers_nothing(&p, moments, ARRAY_LEN(moments));
	place_free(&p);
}

/* Rows of the Tuesday that is a Friday here: nothing leaves in the nights to
 * Saturday and Sunday, all in the one to Monday. */
static void
test_weekend(void **state)
{
	static const struct moment nights[] = {
		{ "to Saturday", "2026-12-05T03:10", "2026-12-05T02:10:00Z",
		    "run night", "in the window that opens Sun 2026-12-06 23:00" },
		{ "to Sunday", "2026-12-06T03:10", "2026-12-06T02:10:00Z",
		    "run night", "in the window that opens Sun 2026-12-06 23:00" },
	};
	struct place p;

	(void)state;
	place_make(&p, "weekend", "weekend1", true);
	place_edit(&p, "test = true;", "test = true; send = { closed = "
	    "[ \"2026-12-02..2026-12-04\" ]; };");
	begin(&p, true);
	transfers_nothing(&p, nights, ARRAY_LEN(nights));
	place_clock(&p, "2026-12-07T02:10:00Z");
	says(place_run(&p, "2026-12-07T03:10", 0, "run night")->out,
	    "night to 2026-12-07: ok");
	assert_true(ledger_count(&p) > 15);
	/* The name of the account stands in every record: it stays. */
	place_edit(&p, "tenant = \"demo\";", "tenant = \"other\";");
	says_one_line(place_run(&p, EVENING, 78, "status")->err, "\"demo\"");
	place_free(&p);
}

/* ---- exports that cannot be read ---------------------------------------------------- */
static void
refused(const struct place *p, const char *part, const char *other)
{
	const struct runproc *r = place_run(p, DAY, 78, "run hourly");

	says_last_line(r->err, part);
	says(r->err, other);
	r = place_run(p, DAY, 78, "check");
	says(r->out, "FAIL  crm crm (files): ");
	says(r->out, part);
	json_t *queue = place_json(p, DAY, "queue");
	assert_int_equal(json_array_size(queue), 0);
	json_decref(queue);
}

static void
test_export_missing(void **state)
{
	char dir[400];
	struct place p;

	(void)state;
	place_make(&p, "missing", "missing1", true);
	place_export(&p, 1);
	(void)snprintf(dir, sizeof(dir), "%s/export", p.dir);
	place_edit(&p, dir, "/nonexistent/export");
	refused(&p, "/nonexistent/export", "");
	place_edit(&p, "/nonexistent/export", dir);
	place_edit(&p, "date = \"Lukket\";", "date = \"Afsluttet\";");
	refused(&p, "deals.csv", "\"Afsluttet\"");
	place_edit(&p, "date = \"Afsluttet\";", "date = \"Lukket\";");
	/* Repaired, the first run is still the first: nobody is queued. */
	says(place_run(&p, DAY, 0, "run hourly")->out, "284 baseline");
	place_free(&p);
}

/* ---- two at once ------------------------------------------------------------------------ */
static void
test_busy(void **state)
{
	const struct timespec pause = { 0, 20000000 };
	struct place p;
	struct runproc first;

	(void)state;
	place_make(&p, "busy", "busy1", true);
	place_export(&p, 1);
	simproc_tell(p.sim, "fault", "{\"kind\": \"slow\", \"on\": "
	    "\"campaigns\", \"seconds\": 4, \"times\": 1}");
	place_start(&first, &p, DAY, "run hourly --only collect");
	/* Until the first holds the account, the second one gets it. */
	for (int i = 0; i < 500; i++) {
		json_t *runs = place_json(&p, DAY, "runs");
		const size_t n = json_array_size(runs);
		json_decref(runs);
		if (n > 0)
			break;
		(void)nanosleep(&pause, NULL);
	}
	const struct runproc *r = place_run(&p, DAY, 75, "run hourly");
	says_one_line(r->err, "another run");
	r = place_run(&p, DAY, 0, "run hourly --only pull --wait 30s");
	says(r->out, "hourly");
	runproc_wait(&first, 60);
	assert_int_equal(first.code, 0);
	runproc_free(&first);
	place_free(&p);
}

/* ---- two tenants ---------------------------------------------------------------------------- */
/* A second account beside the first one, on the same database. */
static void
second_tenant(const struct place *p)
{
	char dir[500], command[600], line[1024];
	FILE *in, *out;

	(void)snprintf(dir, sizeof(dir), "%s/conf.d", p->dir);
	assert_int_equal(mkdir(dir, 0711), 0);
	(void)snprintf(command, sizeof(command), "%s/two.conf", dir);
	in = fopen(p->conf, "re");
	out = fopen(command, "we");
	assert_true(in != NULL && out != NULL);
	while (fgets(line, sizeof(line), in) != NULL)
		assert_true(fputs(strcmp(line, "tenant = \"demo\";\n") == 0
		    ? "tenant = \"two\";\n" : line, out) >= 0);
	assert_true(fclose(in) == 0 && fclose(out) == 0);
}

static size_t
runs_of(const struct place *p, const char *args)
{
	json_t *runs = place_json(p, DAY, args);
	const size_t n = json_array_size(runs);

	json_decref(runs);
	return n;
}

static void
test_tenants(void **state)
{
	struct place p, two;

	(void)state;
	place_make(&p, "tenants", "tenants1", true);
	place_export(&p, 1);
	second_tenant(&p);
	const struct runproc *r = place_run(&p, DAY, 0, "run hourly");
	says(r->out, "tenant \"demo\"\n");
	says(r->out, "tenant \"two\"\n");
	assert_int_equal(runs_of(&p, "--tenant demo runs"), 1);
	assert_int_equal(runs_of(&p, "--tenant two runs"), 1);
	r = place_run(&p, DAY, 0, "--tenant two run hourly");
	assert_null(strstr(r->out, "tenant \"demo\"\n"));
	assert_int_equal(runs_of(&p, "--tenant demo runs"), 1);
	assert_int_equal(runs_of(&p, "--tenant two runs"), 2);
	says(place_run(&p, DAY, 0, "check")->out, "tenant \"two\"\n");
	/* The first one cannot read its CRM; the other one runs all the same. */
	place_edit(&p, "dir = \"", "dir = \"/nonexistent");
	r = place_run(&p, DAY, 1, "run hourly");
	says_last_line(r->err, "tenant demo: ");
	says(r->err, "/nonexistent");
	assert_int_equal(runs_of(&p, "--tenant two runs"), 3);
	/* Nor does its missing key stop the other. */
	place_edit(&p, "api_key = \"file:", "api_key = \"file:/nonexistent");
	r = place_run(&p, DAY, 1, "run hourly");
	says_last_line(r->err, "tenant demo: ");
	assert_int_equal(runs_of(&p, "--tenant two runs"), 4);
	says_one_line(place_run(&p, DAY, 78, "--tenant demo run")->err,
	    "/nonexistent");
	/* One name in two files. */
	two = p;
	(void)snprintf(two.conf, sizeof(two.conf), "%s/conf.d/two.conf",
	    p.dir);
	place_edit(&two, "tenant = \"two\";", "tenant = \"demo\";");
	says_one_line(place_run(&p, DAY, 78, "run")->err,
	    "tenant \"demo\" is named by another file too");
	place_free(&p);
}

/* Root is given up for the first tenant's cluster: the second one's key must
 * have been read before. */
static void
test_tenants_embedded(void **state)
{
	struct place p;

	(void)state;
	place_make(&p, "cluster", NULL, true);
	place_export(&p, 1);
	second_tenant(&p);
	const struct runproc *r = place_run(&p, DAY, 0, "run hourly");
	says(r->out, "tenant \"demo\"\n");
	says(r->out, "tenant \"two\"\n");
	assert_int_equal(r->err_len, 0);
	place_free(&p);
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_window),
		cmocka_unit_test(test_weekend),
		cmocka_unit_test(test_export_missing),
		cmocka_unit_test(test_busy),
		cmocka_unit_test(test_tenants),
		cmocka_unit_test(test_tenants_embedded),
	};

	(void)argc;
	if (!place_find(argv[0]))
		return 1;
	return cmocka_run_group_tests_name("cli-runs", tests, places_begin,
	    places_end);
}
