/*
 * Misbehaviours of the survey service by name (tests/sim/npstoday, "mutate"):
 * lists that move, ids that change their type, answers that are no JSON, and so
 * on.  Each strikes in one night, in which pushes lose their answers too, and is
 * then either cured or there for ever.  Runs and nights follow.  Once cured, all
 * must be as if nothing had been; for ever, nobody is asked twice or against the
 * rules, each row says what became of it, counts add up, and where a person must
 * know of it, a message names it.
 *
 * NPSYNC_LONG: all of them.  Else each k-th from a place that NPSYNC_SEED moves.
 * NPSYNC_MUTANT=id-null: only that one.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
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
#include "smallworld.h"
#include "testdb.h"

#define SLICE 3			/* cases without NPSYNC_LONG */
#define TEXT_MAX ((size_t)1 << 22)

/* What it may cost.  While it lasts: */
#define UNSETTLED 1u	/* what is unknown stays so */
#define TAGS 2u		/* answers are not read */
#define STANDS 4u	/* nobody is asked, and each run says why */
/* And when it is over: */
#define FAILS 8u	/* the service refused some for good */
#define LIES 16u	/* it says that it took them and did not */
#define KEEPS 32u	/* an answer id once placed keeps its place */

struct mutant {
	const char *name;
	const char *says;	/* in the log or in quarantine; NULL: survived */
	unsigned costs;
};
static const struct mutant mutants[] = {
	{ "page-again", "one page twice", UNSETTLED | TAGS },
	/* A list that lacks whom an earlier one showed is no proof, nor is one in
	 * which somebody stands twice. */
	{ "page-hole", NULL, UNSETTLED | TAGS },
	{ "page-overlap", NULL, UNSETTLED },
	{ "order-newest", NULL, 0 },
	{ "order-flips", NULL, UNSETTLED | TAGS },
	{ "members-late", NULL, 0 },
	{ "total-small", NULL, 0 },
	{ "total-large", NULL, 0 },
	{ "list-empty", "missing=", UNSETTLED | TAGS },
	{ "list-null", "ends too early", UNSETTLED | TAGS },
	{ "list-object", "expected an array", UNSETTLED | TAGS },
	{ "list-nulls", "expected an object", UNSETTLED | TAGS },
	{ "list-html", "expected JSON", UNSETTLED | TAGS },
	{ "campaigns-empty", "does not exist at the survey service",
	    STANDS | TAGS },
	{ "campaigns-renamed", NULL, TAGS },
	{ "campaigns-cut", "ends inside a text", STANDS | TAGS },
	{ "campaigns-real", "does not exist at the survey service",
	    STANDS | TAGS },
	{ "campaigns-utf8", "is not UTF-8", STANDS | TAGS },
	{ "id-text", NULL, 0 },
	{ "id-real", NULL, 0 },
	{ "id-null", "id: expected a number or a text", UNSETTLED | TAGS },
	{ "id-object", "id: expected a number or a text", UNSETTLED | TAGS },
	{ "id-huge", "holds a number out of range", UNSETTLED | TAGS },
	{ "id-same", "repeated=", UNSETTLED | TAGS | KEEPS },
	{ "guid-gone", NULL, 0 },
	{ "guid-upper", NULL, 0 },
	{ "custom-gone", NULL, 0 },
	{ "external-gone", NULL, 0 },
	{ "external-upper", NULL, 0 },
	{ "refs-gone", "asked by others", UNSETTLED },
	{ "person-null", ":none=", UNSETTLED | TAGS },
	{ "person-gone", ":anonymised=", UNSETTLED | TAGS },
	{ "active-number", NULL, 0 },
	{ "campaign-unknown", NULL, UNSETTLED | TAGS },
	{ "score-11", "score: expected a whole number", TAGS },
	{ "score-text", NULL, 0 },
	{ "score-real", NULL, 0 },
	{ "score-half", "score: expected a whole number", TAGS },
	{ "score-null", NULL, TAGS },
	{ "score-word", "score: expected a whole number", TAGS },
	{ "comment-null", NULL, 0 },
	{ "comment-nul", NULL, 0 },
	{ "comment-long", "comment: expected at most 64 KiB", 0 },
	{ "comment-list", NULL, 0 },
	{ "answers-twice", "repeated=", 0 },
	{ "time-bare", NULL, 0 },
	{ "time-offset", NULL, 0 },
	{ "time-words", "expected a time", UNSETTLED | TAGS },
	{ "time-unix", "expected a time", UNSETTLED | TAGS },
	{ "time-null", "time of the answer: expected", UNSETTLED | TAGS },
	{ "time-future", NULL, 0 },
	{ "cut-json", "ends too early", UNSETTLED | TAGS },
	{ "keys-twice", "holds a key twice", UNSETTLED | TAGS },
	{ "numbers-exponent", NULL, TAGS },
	{ "numbers-real", NULL, TAGS },
	{ "utf8-broken", "is not UTF-8", UNSETTLED | TAGS },
	{ "latin1", "is not UTF-8", UNSETTLED | TAGS },
	{ "charset-wrong", NULL, 0 },
	{ "type-text", NULL, 0 },
	{ "type-html", "reason=\"HTTP 201, a page instead of an answer\"", 0 },
	{ "mark-first", NULL, 0 },
	{ "more-behind", "JSON at", UNSETTLED | TAGS },
	{ "length-long", NULL, UNSETTLED | TAGS },
	{ "gzip", NULL, UNSETTLED | TAGS },
	{ "push-empty", NULL, 0 },
	{ "push-html", "reason=\"HTTP 201, a page instead of an answer\"", 0 },
	{ "push-ok", NULL, 0 },
	{ "push-list", NULL, 0 },
	{ "push-lie", "the service does not list them", LIES },
	{ "push-429-one", "HTTP 429", UNSETTLED },
	{ "push-400-one", "HTTP 400", FAILS },
	{ "push-500-one", "HTTP 500", UNSETTLED },
	{ "push-301", "stopped=\"HTTP 301, redirected; check base_url\"",
	    STANDS | TAGS },
	{ "push-404", "HTTP 404", FAILS },
	{ "retry-soon", NULL, 0 },
	{ "retry-minus", NULL, 0 },
	{ "retry-date", NULL, UNSETTLED },
	{ "retry-years", "HTTP 429", UNSETTLED },
};

DB_STMT(mutants_quarantine,
    "SELECT DISTINCT reason FROM npsync.quarantine WHERE tenant_id = $1");

static struct smallworld w;
static char log_path[300];
static struct {
	int cases, doubled, lost, explained, told, wrong;
	long long struck;
} sum;

/* ---- a run that can be heard -------------------------------------------------- */
static void
listen_to(void *arg)
{
	const int fd = open(log_path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC,
	    0600);

	(void)arg;
	if (fd < 0 || dup2(fd, STDERR_FILENO) < 0)
		_exit(126);
	log_open(LOG_TARGET_STDERR, LOG_LEVEL_INFO);
}

static void
leave(void *arg)
{
	(void)arg;
}

static const struct smallworld_hook hook = { listen_to, leave, NULL };

static void
quarantine_read(char *text, size_t size)
{
	AUTO(arena) struct arena *arena = arena_new(4096);
	AUTO(db_result) struct db_result *r = NULL;
	struct err err = { .kind = ERR_NONE };
	struct db *db = NULL;
	struct db_args args;

	db_args_init(&args, arena);
	db_arg_int(&args, 1);
	if (!db_open(w.conninfo, &db, &err) ||
	    !db_query(db, &mutants_quarantine, &args, &r, &err))
		fail_msg("%s", err.msg);
	db_close(db);
	for (int i = 0; i < db_rows(r); i++) {
		const size_t len = strlen(text);
		(void)snprintf(text + len, size - len, "quarantine: %s\n",
		    db_text(r, i, 0));
	}
}

/* All that a person could read of it. */
static const char *
words(void)
{
	static char text[TEXT_MAX];
	FILE *f = fopen(log_path, "re");

	if (f == NULL)
		fail_msg("%s: %s", log_path, strerror(errno));
	const size_t n = fread(text, 1, sizeof(text) / 2, f);
	text[n] = '\0';
	/* A word behind it would not be heard. */
	if (n == sizeof(text) / 2)
		fail_msg("%s: longer than %zu", log_path, n);
	(void)fclose(f);
	quarantine_read(text, sizeof(text));
	return text;
}

/* ---- one case ------------------------------------------------------------------- */
static void
arm(const char *name)
{
	simproc_tell(w.sim, "fault", "{\"kind\": \"cut_after_body\", \"after\": "
	    "2, \"times\": 3}");
	simproc_tell(w.sim, "fault", "{\"kind\": \"500\", \"after\": 7}");
	simproc_tell(w.sim, "mutate", "{\"name\": \"%s\"}", name);
}

static long long
struck(bool cure)
{
	json_t *said = simproc_ask(w.sim, "mutate", "{\"clear\": %s}",
	    cure ? "true" : "false");
	const long long n = json_integer_value(json_object_get(said, "struck"));

	json_decref(said);
	return n;
}

/* 0 = as it must be. */
static int
faults_of(const struct mutant *m, bool cured, const struct smallworld_state *s,
    int bad)
{
	const unsigned costs = m->costs;
	const int lost = (costs & LIES) != 0 ? 0
	    : cured ? s->lost
	    : (costs & STANDS) != 0 && s->lost - s->put_off <= s->waiting ? 0
	    : s->lost - s->put_off;
	int n = s->doubled + s->forbidden + lost + s->bad_history +
	    s->bad_counts + (w.worst > 78);

	sum.doubled += s->doubled + s->forbidden;
	sum.lost += lost;
	if (cured || (costs & (UNSETTLED | STANDS)) == 0)
		n += s->waiting + bad;
	if ((costs & FAILS) == 0 && (cured || (costs & UNSETTLED) == 0))
		n += s->explained;
	if ((costs & KEEPS) == 0 && (cured || (costs & TAGS) == 0))
		n += s->wrong_tags;
	return n;
}

static void
judge(const struct mutant *m, bool cured, int bad, long long n, bool told,
    const char *text)
{
	struct smallworld_state s;

	smallworld_look(&w, &s);
	const int faults = faults_of(m, cured, &s, bad);
	const bool named = strchr(text, '@') != NULL;
	sum.cases++;
	sum.struck += n;
	sum.told += told && m->says != NULL;
	sum.explained += s.explained;
	if (faults == 0 && n > 0 && told && !named)
		return;
	sum.wrong++;
	print_message("# %s, %s: struck %lld times, worst exit %d; %d asked, "
	    "%d doubled, %d forbidden, %d lost, %d put off, %d explained, %d "
	    "wait, %d of %d tags, %d histories, %d counts; %s%s%s\n", m->name,
	    cured ? "cured" : "for ever", n, w.worst, s.asked, s.doubled,
	    s.forbidden, s.lost, s.put_off, s.explained, s.waiting,
	    s.wrong_tags, s.n_tags, s.bad_history, s.bad_counts, s.first,
	    told ? "" : "; nothing was said of it",
	    named ? "; somebody was named" : "");
	if (!told || named)
		(void)fputs(text, stderr);
}

static void
mutate(const struct mutant *m, bool cured)
{
	int partial, bad;

	smallworld_case(&w);
	(void)unlink(log_path);
	arm(m->name);
	(void)smallworld_run(&w, smallworld_night(1, 0), &hook);
	(void)smallworld_run(&w, smallworld_night(1, 22), &hook);
	bool told = m->says == NULL || strstr(words(), m->says) != NULL;
	const long long n = struck(cured);
	smallworld_calm(&w, &partial, &bad);
	const char *text = words();
	/* A lie shows when there was time to keep it. */
	if ((m->costs & LIES) != 0)
		told = strstr(text, m->says) != NULL;
	judge(m, cured, bad, n, told, text);
	smallworld_end_case(&w);
}

/* ---- all of them -------------------------------------------------------------------- */
static bool
is_listed(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(mutants); i++)
		if (strcmp(mutants[i].name, name) == 0)
			return true;
	return false;
}

/* What the service can do and what is tried here are the same. */
static void
test_names(void **state)
{
	const json_t *name;
	size_t i;

	(void)state;
	smallworld_case(&w);
	json_t *said = simproc_ask(w.sim, "mutate", "{}");
	const json_t *known = json_object_get(said, "known");
	assert_int_equal(json_array_size(known), ARRAY_LEN(mutants));
	json_array_foreach (known, i, name)
		if (!is_listed(json_string_value(name)))
			fail_msg("%s is not tried", json_string_value(name));
	json_decref(said);
	smallworld_end_case(&w);
}

static void
test_mutants(void **state)
{
	const char *given = getenv("NPSYNC_LONG"), *seed = getenv("NPSYNC_SEED");
	const char *only = getenv("NPSYNC_MUTANT");
	const bool all = only != NULL || (given != NULL && *given != '\0');
	const size_t n = 2 * ARRAY_LEN(mutants), step = all ? 1 : n / SLICE;
	const size_t begin = all || seed == NULL ? 0
	    : (size_t)atoi(seed) % step;
	const int64_t start = clock_boottime_ms();

	(void)state;
	for (size_t i = begin; i < n; i += step) {
		const struct mutant *m = &mutants[i / 2];
		const bool cured = (all ? i : i / step) % 2 == 0;
		if (only == NULL || strcmp(only, m->name) == 0)
			mutate(m, cured);
	}
	print_message("# seed %zu, each %zu: %d cases of %zu, struck %lld times, "
	    "%d told of by name; %d doubled, %d lost, %d unsettled but "
	    "explained; %d wrong; %d s\n", begin, step, sum.cases, n,
	    sum.struck, sum.told, sum.doubled, sum.lost, sum.explained,
	    sum.wrong, (int)((clock_boottime_ms() - start) / 1000));
	assert_true(sum.cases > 0);
	assert_int_equal(sum.wrong, 0);
}

static int
begin(void **state)
{
	static const char *const options[] = { "--page-max", "4", NULL };

	if (testdb_start(state) != 0)
		return -1;
	(void)snprintf(log_path, sizeof(log_path), "%s/log", testdb_dir());
	smallworld_open_with(&w, options);
	w.concurrency = 1;
	w.calm_hook = &hook;
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
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_mutants),
	};

	(void)argc;
	if (!simproc_find(argv[0]))
		return 1;
	log_open(LOG_TARGET_NONE, LOG_LEVEL_ERROR);
	return cmocka_run_group_tests_name("torture-mutants", tests, begin,
	    end);
}
