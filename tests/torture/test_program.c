/*
 * npsync-fault, the program with failpoints and with allocations that fail: a
 * night is traced, ended at some of its points and run again, and goes on with
 * too little memory.  Each time the service's ledger has everybody once.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "ledger.h"
#include "npsync.h"
#include "place.h"
#include "points.h"

#define DAY "2026-12-01T08:00"
#define EVENING "2026-12-01T20:07"
#define NIGHT "2026-12-02T03:10"
#define NIGHT_UTC "2026-12-02T02:10:00Z"
#define KILLS 2			/* of all points, with NPSYNC_LONG each */

static struct place place;

/* A night's work waits. */
static void
ready(const char *name)
{
	place_use(NULL, NULL);
	place_make(&place, name, name, true);
	place_export(&place, 1);
	place_clock(&place, "2026-12-01T07:00:00Z");
	(void)place_run(&place, DAY, 0, "run hourly --quiet");
	(void)place_run(&place, DAY, 0, "activate");
	place_export(&place, 2);
	(void)place_run(&place, EVENING, 0, "run hourly --quiet");
	place_clock(&place, NIGHT_UTC);
}

/* Runs the night with one variable more; its exit code. */
static int
night(const char *variable)
{
	const char *const env[] = { variable, NULL };

	place_use("npsync-fault", variable == NULL ? NULL : env);
	const int code = place_run(&place, NIGHT, -2, "run night --quiet")->code;
	place_use(NULL, NULL);
	return code;
}

static int
doubles(void)
{
	char first[200];

	return ledger_doubles(place.sim, 30, first, sizeof(first));
}

/* ---- what a night passes ---------------------------------------------------- */
static struct points points;
static int n_sent;

static bool
is_passed(const char *point)
{
	for (int i = 0; i < points.n; i++)
		if (strcmp(points.name[i], point) == 0)
			return true;
	return false;
}

static void
test_trace(void **state)
{
	char trace[700], path[600];

	(void)state;
	ready("trace");
	(void)snprintf(path, sizeof(path), "%s/trace", place.dir);
	(void)snprintf(trace, sizeof(trace), "NPSYNC_FAILPOINT_TRACE=%s",
	    path);
	assert_int_equal(night(trace), 0);
	points_read(&points, path);
	n_sent = ledger_respondents(place.sim);
	assert_true(n_sent > 5);
	assert_in_range(points.n, 20, POINTS_MAX - 1);
	/* What a night cannot do without. */
	assert_true(is_passed("db.before/queue_claim_rows"));
	assert_true(is_passed("db.after/queue_claim_rows"));
	assert_true(is_passed("db.after/queue_move_rows"));
	assert_int_equal(doubles(), 0);
	print_message("# %d points in a night of %d\n", points.n, n_sent);
	place_free(&place);
}

/* ---- killed at some of them ---------------------------------------------------- */
static void
kill_at(int at)
{
	char rule[64], name[16];

	(void)snprintf(name, sizeof(name), "kill%d", at);
	(void)snprintf(rule, sizeof(rule), "NPSYNC_FAILPOINT=*=kill@%d", at);
	ready(name);
	assert_int_equal(night(rule), 128 + SIGKILL);
	const int before = ledger_respondents(place.sim);
	const int code = night(NULL);
	/* 1: something is left for a person to look at. */
	assert_in_range(code, 0, 1);
	if (doubles() != 0 || ledger_respondents(place.sim) > n_sent)
		fail_msg("killed at %d, %s: %d, then %d, %d doubles", at,
		    points.name[at - 1], before, ledger_respondents(place.sim),
		    doubles());
	place_free(&place);
}

static void
test_kills(void **state)
{
	const char *given = getenv("NPSYNC_LONG");
	const bool all = given != NULL && *given != '\0';
	const int kills = all ? points.n : KILLS;

	(void)state;
	assert_true(points.n > 0);
	for (int i = 1; i <= kills; i++)
		kill_at(all ? i : i * points.n / (KILLS + 1));
	print_message("# %d kills\n", kills);
}

/* ---- too little memory -------------------------------------------------------------- */
static void
test_memory(void **state)
{
	char fault[700], path[600], line[256];
	int n = 0;

	(void)state;
	ready("memory");
	(void)snprintf(path, sizeof(path), "%s/sites", place.dir);
	(void)snprintf(fault, sizeof(fault), "NPSYNC_ALLOCFAULT=nth=200+");
	assert_int_equal(night(fault), 71);
	assert_int_equal(ledger_respondents(place.sim), 0);
	(void)snprintf(fault, sizeof(fault), "NPSYNC_ALLOCFAULT=list=%s",
	    path);
	assert_int_equal(night(fault), 0);
	assert_int_equal(ledger_respondents(place.sim), n_sent);
	FILE *f = fopen(path, "re");
	assert_non_null(f);
	while (fgets(line, sizeof(line), f) != NULL)
		n++;
	(void)fclose(f);
	assert_in_range(n, 50, 8000);
	print_message("# %d call sites in a night\n", n);
	place_free(&place);
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_trace),
		cmocka_unit_test(test_kills),
		cmocka_unit_test(test_memory),
	};

	(void)argc;
	if (!place_find(argv[0]))
		return 1;
	return cmocka_run_group_tests_name("torture-program", tests,
	    places_begin, places_end);
}
