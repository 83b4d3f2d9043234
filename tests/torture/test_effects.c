/*
 * Every effect of a night on the world: each statement that commits and each
 * request, met by one misfortune at a time.  Before it: it fails, or the process
 * is killed.  After it: it was done and the answer is lost, or the process is
 * killed.  Then runs and nights follow until all is quiet, and the ledger of the
 * service must have everybody once.
 *
 * NPSYNC_LONG: all of them.  Else each k-th from a place that NPSYNC_SEED moves.
 * NPSYNC_POINT=http.after/write: only those of that name, all of them.
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

#include "clock.h"
#include "log.h"
#include "points.h"
#include "smallworld.h"
#include "testdb.h"
#define NPSYNC_FAILPOINTS
#include "failpoint.h"

#define SLICE 8			/* cases without NPSYNC_LONG */
#define PUSHED 15		/* by the night, at least 12 */

static struct smallworld w;
static char trace[300];
static struct points points;
static struct {
	int cases, died, failed, noticed, retried, partial, bad, explained,
	    doubled, lost, wrong;
} sum;

/* ---- one run with a rule ------------------------------------------------------- */
static void
arm(void *arg)
{
	failpoint_set(arg);
}

static void
disarm(void *arg)
{
	(void)arg;
	failpoint_set(NULL);
}

static int
disturbed_night(const char *rule)
{
	const struct smallworld_hook hook = { arm, disarm,
		(void *)(uintptr_t)rule };

	/* What the test itself asked is not of interest. */
	assert_int_equal(truncate(trace, 0), 0);
	return smallworld_run(&w, smallworld_night(1, 0), &hook);
}

/* ---- what a night passes --------------------------------------------------------- */
static bool
is_after(const char *point)
{
	return strncmp(point, "db.after/", 9) == 0 ||
	    strncmp(point, "http.after/", 11) == 0;
}

static int
passes_of(const char *begin)
{
	int n = 0;

	for (int i = 0; i < points.n; i++)
		n += strncmp(points.name[i], begin, strlen(begin)) == 0;
	return n;
}

static int
passes_of_name(const char *name)
{
	int n = 0;

	for (int i = 0; i < points.n; i++)
		n += strcmp(points.name[i], name) == 0;
	return n;
}

static int
names(void)
{
	int n = 0;

	for (int i = 0; i < points.n; i++) {
		int k = 0;
		while (strcmp(points.name[k], points.name[i]) != 0)
			k++;
		n += k == i;
	}
	return n;
}

/* The point was passed, and the rule struck there. */
static bool
is_struck(const char *point, const char *word)
{
	char line[256], want[100];
	bool struck = false;
	FILE *f = fopen(trace, "re");

	assert_non_null(f);
	(void)snprintf(want, sizeof(want), " %s %s\n", point, word);
	while (fgets(line, sizeof(line), f) != NULL)
		struck = struck || strstr(line, want) != NULL;
	(void)fclose(f);
	return struck;
}

/* ---- what must be true ------------------------------------------------------------ */
static void
judge(const char *what, const struct smallworld_state *s, int bad)
{
	const bool wrong = s->doubled + s->forbidden + s->lost + s->waiting +
	    s->bad_history + s->bad_counts + s->wrong_tags > 0 || bad > 0;

	sum.doubled += s->doubled + s->forbidden;
	sum.lost += s->lost;
	sum.explained += s->explained;
	sum.bad += bad;
	sum.wrong += wrong;
	if (wrong || s->explained > 0)
		print_message("# %s: %d asked, %d doubled, %d forbidden, %d lost, "
		    "%d explained; %d runs after it failed; %s\n", what,
		    s->asked, s->doubled, s->forbidden, s->lost, s->explained,
		    bad, s->first);
}

static void
test_reference(void **state)
{
	struct smallworld_state s;
	int partial, bad;

	(void)state;
	smallworld_case(&w);
	assert_int_equal(disturbed_night(NULL), 0);
	points_read(&points, trace);
	smallworld_look(&w, &s);
	assert_int_equal(s.asked, 4 + PUSHED);
	smallworld_calm(&w, &partial, &bad);
	smallworld_look(&w, &s);
	judge("undisturbed", &s, partial + bad);
	smallworld_end_case(&w);
	assert_int_equal(sum.wrong + s.explained, 0);
	/* One more each night, and each of those before has answered. */
	assert_true(s.asked > 4 + PUSHED && s.n_tags >= 4 + PUSHED);
	assert_int_equal(passes_of("http.before/write"), PUSHED);
	assert_int_equal(passes_of("http.after/write"), PUSHED);
	assert_true(passes_of("http.before/read") >= 2);
	assert_int_equal(passes_of("db.before/") + passes_of("http.before/"),
	    passes_of("db.after/") + passes_of("http.after/"));
	print_message("# a night passes %d points of %d names: %d of the database,"
	    " %d of the service\n", points.n, names(), passes_of("db."),
	    passes_of("http."));
}

/* ---- the misfortunes --------------------------------------------------------------- */
/* Exit codes by the table: a lost database is 69, a lost answer of the service
 * ends nothing or is told as 1 or 69. */
static bool
is_code(const char *point, bool kills, int code)
{
	if (kills)
		return code == 128 + SIGKILL;
	if (strncmp(point, "db.", 3) == 0)
		return code == 69 || code == 0;
	return code == 0 || code == 1 || code == 69;
}

static void
misfortune(int at, bool kills)
{
	const char *word = kills ? "kill" : "fail", *point = points.name[at];
	char rule[64], what[160];
	struct smallworld_state s;
	int partial, bad;

	(void)snprintf(rule, sizeof(rule), "*=%s@%d", word, at + 1);
	smallworld_case(&w);
	const int code = disturbed_night(rule);
	(void)snprintf(what, sizeof(what), "pass %d, %s %s%s, exit %d", at + 1,
	    word, point, !kills && is_after(point) ? " (done)" : "", code);
	const bool struck = is_struck(point, word);
	smallworld_calm(&w, &partial, &bad);
	smallworld_look(&w, &s);
	judge(what, &s, bad);
	smallworld_end_case(&w);
	if (!struck || !is_code(point, kills, code))
		fail_msg("%s: %s", what, struck ? "another code was expected"
		                                : "it did not happen");
	sum.cases++;
	sum.died += kills;
	sum.failed += !kills && !is_after(point);
	sum.noticed += !kills && code != 0;
	sum.partial += partial > 0;
}

static int
expected(const char *only, int begin, int step)
{
	return only != NULL ? 2 * passes_of_name(only)
	    : (2 * points.n - begin + step - 1) / step;
}

static void
test_misfortunes(void **state)
{
	const char *given = getenv("NPSYNC_LONG"), *seed = getenv("NPSYNC_SEED");
	const char *only = getenv("NPSYNC_POINT");
	const bool all = only != NULL || (given != NULL && *given != '\0');
	const int n = 2 * points.n, step = all ? 1 : n / SLICE;
	const int begin = all || seed == NULL ? 0 : atoi(seed) % step;
	const int64_t start = clock_boottime_ms();

	(void)state;
	assert_true(points.n > 0);
	for (int i = begin; i < n; i += step)
		if (only == NULL || strcmp(only, points.name[i / 2]) == 0)
			misfortune(i / 2, (all ? i : i / step) % 2 == 1);
	print_message("# seed %d, each %d: %d cases of %d (%d killed, %d failed "
	    "before, %d done but the reply lost; %d runs told of it)\n", begin,
	    step, sum.cases, n, sum.died, sum.failed,
	    sum.cases - sum.died - sum.failed, sum.noticed);
	print_message("# %d doubled, %d lost, %d unsettled but explained; %d runs "
	    "afterwards failed; %d s\n", sum.doubled, sum.lost, sum.explained,
	    sum.bad, (int)((clock_boottime_ms() - start) / 1000));
	/* A name that is misspelt would be a test that cannot fail. */
	assert_int_not_equal(sum.cases, 0);
	assert_int_equal(sum.cases, expected(only, begin, step));
	assert_int_equal(sum.wrong, 0);
	assert_int_equal(sum.explained, 0);
}

static int
begin(void **state)
{
	if (testdb_start(state) != 0)
		return -1;
	(void)snprintf(trace, sizeof(trace), "%s/trace", testdb_dir());
	if (setenv("NPSYNC_FAILPOINT_TRACE", trace, 1) != 0)
		return -1;
	smallworld_open(&w);
	w.concurrency = 1;
	return 0;
}

static int
end(void **state)
{
	smallworld_close(&w);
	return testdb_stop(state);
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reference),
		cmocka_unit_test(test_misfortunes),
	};

	(void)argc;
	if (!simproc_find(argv[0]))
		return 1;
	log_open(LOG_TARGET_NONE, LOG_LEVEL_ERROR);
	return cmocka_run_group_tests_name("torture-effects", tests, begin,
	    end);
}
