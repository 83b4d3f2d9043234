/*
 * Every effect on a CRM, a survey service, a mail server and a webhook, met by
 * one misfortune at a time: each request, each mail and each statement that
 * writes, of an erasure, a night and an afternoon (crmworld.h).  It fails before
 * it was done; it is done and the reply is lost; the process is killed when it
 * is done.  Then the same run, days and nights follow, and the ledgers of all
 * must have everybody asked once, each tag, field and record as it must be, no
 * post, task, mail or webhook twice, and none missing that is not told of.
 *
 * A statement that only reads is passed over: what is lost with it is lost with
 * its neighbours.  A process that is killed before something is done is one that
 * was killed when the thing before it was.
 *
 * NPSYNC_LONG: all of them.  Else three of the night that seeded defects are known
 * by (tests/controls), and one more that NPSYNC_SEED chooses.
 *  NPSYNC_MOMENT=night      only of that one
 *  NPSYNC_POINT=mail.after/letter  only of that name, all of them
 *  NPSYNC_PART=2/3          the second of three parts, that can run side by side
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
#include "crmworld.h"
#include "db.h"
#include "log.h"
#include "points.h"
#include "simproc.h"
#include "testdb.h"
#define NPSYNC_FAILPOINTS
#include "failpoint.h"

#define CASES_MAX 4000
#define PEOPLE 7

static char trace[300];
static struct points points[CRMWORLD_MOMENTS];
static struct scase {
	enum crmworld_moment moment;
	int at;
	bool kills;
} cases[CASES_MAX];
static int n_cases;
static struct {
	int cases, died, before, lost_reply, noticed, explained, doubled, lost,
	    wrong, bad;
} sum;

/* ---- points ---------------------------------------------------------------------- */
static bool
begins(const char *text, const char *with)
{
	return strncmp(text, with, strlen(with)) == 0;
}

static bool
is_after(const char *point)
{
	const char *slash = strchr(point, '/');

	return slash != NULL && slash - point >= 6 &&
	    begins(slash - 6, ".after");
}

static bool
writes(const char *name)
{
	static const char *const words[] = { "INSERT INTO", "UPDATE",
		"DELETE FROM" };
	size_t n;
	const struct db_stmt *const *all = db_stmts(&n);

	if (strcmp(name, "commit") == 0)
		return true;
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < ARRAY_LEN(words); k++)
			if (strcmp(all[i]->name, name) == 0 &&
			    strstr(all[i]->sql, words[k]) != NULL)
				return true;
	return false;
}

static bool
is_effect(const char *point)
{
	return begins(point, "http.") || begins(point, "mail.") ||
	    (begins(point, "db.") && strstr(point, "/tenant_renew") == NULL &&
	        writes(strchr(point, '/') + 1));
}

static int
passes_of(const struct points *p, const char *begin)
{
	int n = 0;

	for (int i = 0; i < p->n; i++)
		n += is_effect(p->name[i]) && begins(p->name[i], begin);
	return n;
}

static int
names(void)
{
	static const char *seen[CRMWORLD_MOMENTS * POINTS_MAX];
	int n = 0;

	for (size_t m = 0; m < CRMWORLD_MOMENTS; m++)
		for (int i = 0; i < points[m].n; i++) {
			const char *name = points[m].name[i];
			int k = 0;
			while (k < n && strcmp(seen[k], name) != 0)
				k++;
			if (k == n && is_effect(name))
				seen[n++] = name;
		}
	return n;
}

/* The same pass in another run: the lease is renewed when it is time to, so the
 * number among all passes would be another one. */
static void
rule_of(const struct scase *c, const char *word, char rule[128])
{
	const struct points *p = &points[c->moment];
	int pass = 0;

	for (int i = 0; i <= c->at; i++)
		pass += strcmp(p->name[i], p->name[c->at]) == 0;
	(void)snprintf(rule, 128, "%s=%s@%d", p->name[c->at], word, pass);
}

/* ---- one run with a rule ------------------------------------------------------- */
/* What the test itself asked is not of interest. */
static void
arm(const char *rule)
{
	if (truncate(trace, 0) != 0)
		_exit(FAILPOINT_BAD);
	failpoint_set(*rule == '\0' ? NULL : rule);
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

/* Only what may have been done may be told of as such. */
static bool
judge(const char *what, const struct crmworld_state *s, int bad, int unknown)
{
	const bool wrong = s->doubled + s->lost + s->wrong + bad > 0 ||
	    s->unknown > unknown || s->asked != PEOPLE || s->tags != 6 ||
	    s->records != 5 || s->posts != 5 || s->tasks != 2 ||
	    s->mails != 4 || s->hooks != 2;

	sum.doubled += s->doubled;
	sum.lost += s->lost;
	sum.bad += bad;
	sum.explained += s->unknown;
	sum.wrong += wrong;
	if (wrong)
		print_message("# %s: %d asked, %d doubled, %d lost, %d wrong, %d "
		    "unknown; %d runs after it failed; %s\n", what, s->asked,
		    s->doubled, s->lost, s->wrong, s->unknown, bad, s->first);
	return !wrong;
}

/* ---- as it is without a misfortune ------------------------------------------------ */
static void
undisturbed(enum crmworld_moment moment, bool to_its_end)
{
	struct crmworld_state s;
	int bad;

	crmworld_case(moment);
	assert_int_equal(crmworld_run(arm, ""), 0);
	points_read(&points[moment], trace);
	if (to_its_end) {
		crmworld_rest(&bad);
		crmworld_look(&s);
		if (!judge(crmworld_moment_name(moment), &s, bad, 0))
			fail_msg("undisturbed, %s",
			    crmworld_moment_name(moment));
	}
	crmworld_end_case();
}

static void
add(enum crmworld_moment moment, int at, bool kills)
{
	assert_in_range(n_cases, 0, CASES_MAX - 1);
	cases[n_cases++] = (struct scase){ moment, at, kills };
}

static void
add_all(enum crmworld_moment moment)
{
	const char *only = getenv("NPSYNC_POINT");
	const struct points *p = &points[moment];

	for (int i = 0; i < p->n; i++) {
		if (only != NULL ? strcmp(only, p->name[i]) != 0
		                 : !is_effect(p->name[i]))
			continue;
		add(moment, i, false);
		if (is_after(p->name[i]))
			add(moment, i, true);
	}
}

/* The last pass of a point ere the first, or the last, pass of the next. */
static int
ere(const char *point, const char *next, bool last)
{
	const struct points *p = &points[CRMWORLD_NIGHT];
	int end = -1, at = -1;

	for (int i = 0; i < p->n; i++)
		if (strcmp(p->name[i], next) == 0 && (end < 0 || last))
			end = i;
	for (int i = 0; i < end; i++)
		if (strcmp(p->name[i], point) == 0)
			at = i;
	assert_true(at >= 0);
	return at;
}

/* The first pass of a point once the other was passed. */
static int
once(const char *other, const char *point)
{
	const struct points *p = &points[CRMWORLD_NIGHT];
	bool passed = false;

	for (int i = 0; i < p->n; i++) {
		passed = passed || strcmp(p->name[i], other) == 0;
		if (passed && strcmp(p->name[i], point) == 0)
			return i;
	}
	fail_msg("no pass of %s behind one of %s", point, other);
	return -1;
}

/* Killed just before tags are written, and at the first write once some were
 * noted as written; nobody hears of the task. */
static void
add_slice(void)
{
	const char *seed = getenv("NPSYNC_SEED");

	if (seed != NULL) {
		add_all(CRMWORLD_NIGHT);
		cases[0] = cases[strtoul(seed, NULL, 10) %
		    (unsigned long)n_cases];
		n_cases = 1;
	}
	add(CRMWORLD_NIGHT, ere("http.before/write",
	    "db.before/tag_want_result", false), true);
	add(CRMWORLD_NIGHT, once("db.after/tag_want_result",
	    "http.before/write"), true);
	add(CRMWORLD_NIGHT, ere("http.after/write",
	    "db.before/effect_outcome_all", true), false);
}

static bool
wanted(enum crmworld_moment moment)
{
	const char *only = getenv("NPSYNC_MOMENT");

	return only == NULL || strcmp(only, crmworld_moment_name(moment)) == 0;
}

static bool
is_long(void)
{
	const char *given = getenv("NPSYNC_LONG");

	return getenv("NPSYNC_POINT") != NULL ||
	    (given != NULL && *given != '\0');
}

/* In the slice the disturbed cases come to the end of the story. */
static void
test_reference(void **state)
{
	int http = 0, db = 0, mail = 0;

	(void)state;
	for (int m = 0; m < CRMWORLD_MOMENTS; m++) {
		const enum crmworld_moment moment = (enum crmworld_moment)m;
		if (is_long() ? !wanted(moment) : moment != CRMWORLD_NIGHT)
			continue;
		undisturbed(moment, is_long());
		if (is_long())
			add_all(moment);
		http += passes_of(&points[m], "http.");
		db += passes_of(&points[m], "db.");
		mail += passes_of(&points[m], "mail.");
	}
	if (!is_long())
		add_slice();
	/* A name that is misspelt would be a test that cannot fail. */
	if (n_cases == 0)
		fail_msg("NPSYNC_MOMENT, NPSYNC_POINT: there is no such pass");
	print_message("# note: %d points of %d names: %d of requests, %d of "
	    "writing statements, %d of mails\n", http + db + mail, names(),
	    http, db, mail);
}

/* ---- the misfortunes --------------------------------------------------------------- */
/* Exit codes by the table: a lost database is 69, a lost answer ends nothing or
 * is told as 1 or 69. */
static bool
is_code(bool kills, int code)
{
	return kills ? code == 128 + SIGKILL
	             : code == 0 || code == 1 || code == 69;
}

static void
misfortune(const struct scase *c)
{
	const char *word = c->kills ? "kill" : "fail";
	const char *point = points[c->moment].name[c->at];
	const bool untouched = !begins(point, "db.") && !is_after(point);
	char rule[128], what[160];
	struct crmworld_state s;
	int bad;

	rule_of(c, word, rule);
	crmworld_case(c->moment);
	const int code = crmworld_run(arm, rule);
	(void)snprintf(what, sizeof(what), "%s, %s%s, exit %d",
	    crmworld_moment_name(c->moment), rule,
	    !c->kills && is_after(point) ? " (done)" : "", code);
	const bool struck = is_struck(point, word);
	crmworld_rest(&bad);
	crmworld_look(&s);
	(void)judge(what, &s, bad, untouched ? 0 : 1);
	crmworld_end_case();
	if (!struck || !is_code(c->kills, code))
		fail_msg("%s: %s", what, struck ? "another code was expected"
		                                : "it did not happen");
	sum.cases++;
	sum.died += c->kills;
	sum.before += !c->kills && !is_after(point);
	sum.lost_reply += !c->kills && is_after(point);
	sum.noticed += !c->kills && code != 0;
}

/* NPSYNC_PART=2/3 */
static void
part_read(int *first, int *step)
{
	const char *part = getenv("NPSYNC_PART");
	char *end = NULL;

	*first = 0;
	*step = 1;
	if (part == NULL)
		return;
	*first = (int)strtol(part, &end, 10) - 1;
	*step = *end == '/' ? (int)strtol(end + 1, &end, 10) : 0;
	if (*end != '\0' || *step < 1 || *first < 0 || *first >= *step)
		fail_msg("NPSYNC_PART: expected 1/3, got %s", part);
}

static void
test_misfortunes(void **state)
{
	const int64_t start = clock_boottime_ms();
	int first, step;

	(void)state;
	part_read(&first, &step);
	for (int i = first; i < n_cases; i += step)
		misfortune(&cases[i]);
	print_message("# note: %d cases: %d failed before, %d done but the reply "
	    "lost, %d killed; %d runs told of it; %d doubled, %d lost, %d shown as "
	    "unknown; %d s\n", sum.cases, sum.before, sum.lost_reply, sum.died,
	    sum.noticed, sum.doubled, sum.lost, sum.explained,
	    (int)((clock_boottime_ms() - start) / 1000));
	assert_int_equal(sum.cases, (n_cases - first + step - 1) / step);
	assert_int_equal(sum.wrong, 0);
}

static int
begin(void **state)
{
	if (testdb_start(state) != 0)
		return -1;
	(void)snprintf(trace, sizeof(trace), "%s/trace", testdb_dir());
	if (setenv("NPSYNC_FAILPOINT_TRACE", trace, 1) != 0)
		return -1;
	crmworld_open(is_long() ? CRMWORLD_DAY : CRMWORLD_NIGHT);
	return 0;
}

static int
end(void **state)
{
	crmworld_close();
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
	crmworld_find(argv[0]);
	log_open(LOG_TARGET_NONE, LOG_LEVEL_ERROR);
	return cmocka_run_group_tests_name("torture-crm-effects", tests, begin,
	    end);
}
