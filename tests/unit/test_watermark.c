/* Where a pass begins and what it leaves: every rule as a table. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "clock.h"
#include "common/watermark.h"

#define ZONE "Europe/Copenhagen"
#define OVERLAP 900
#define LAG 60

static time_t
at(const char *iso)
{
	time_t t = NO_TIME;

	if (iso != NULL && !clock_parse_iso(iso, ZONE, &t))
		fail_msg("%s: no time", iso);
	return t;
}

static void
start(struct watermark *w, const struct watermark_rules *rules,
    const struct pull *pull)
{
	struct err err = { 0 };

	watermark_init(w, rules);
	if (!watermark_begin(w, pull, &err))
		fail_msg("%s", err.msg);
}

/* In arena; the end of a complete pass. */
static const char *
ended(const struct watermark *w, struct arena *arena)
{
	struct err err = { 0 };
	const char *mark = NULL;

	if (!watermark_end(w, arena, &mark, &err))
		fail_msg("%s", err.msg);
	return arena_strdup(arena, mark);
}

/* ---- what it may leave at most ------------------------------------------------ */
/* The longer of the two below the server's time, whose clock counts. */
static void
test_limit(void **state)
{
	static const struct watermark_rules rules = { .zone = ZONE,
		.since = NO_TIME };
	struct pull pull = { .from = at("2026-11-01T00:00:00Z"),
		.until = at("2026-11-25T03:10:00Z"), .overlap_s = OVERLAP,
		.lag_s = LAG };
	struct watermark w;

	(void)state;
	start(&w, &rules, &pull);
	assert_int_equal(watermark_limit(&w), at("2026-11-25T02:55:00Z"));
	watermark_server_time(&w, at("2026-11-25T03:00:00Z"), 0);
	assert_int_equal(watermark_limit(&w), at("2026-11-25T02:45:00Z"));
	watermark_free(&w);
	pull.lag_s = 3600;
	start(&w, &rules, &pull);
	assert_int_equal(watermark_limit(&w), at("2026-11-25T02:10:00Z"));
	watermark_free(&w);
	pull.until = NO_TIME;
	start(&w, &rules, &pull);
	assert_int_equal(watermark_limit(&w), NO_TIME);
	watermark_free(&w);
}

/* ---- where it begins --------------------------------------------------------- */
static void
test_begins(void **state)
{
	static const struct {
		const char *name, *mark, *from, *since, *until;
		long overlap_s, reach_s;
		const char *begin;
	} cases[] = {
		{ "the overlap before the mark", "2026-11-24T03:10:00Z", NULL, NULL,
		    "2026-11-25T03:10:00Z", OVERLAP, 0, "2026-11-24T02:55:00Z" },
		{ "a fraction is cut, not rounded", "2026-11-24T03:10:00.999999Z",
		    NULL, NULL, "2026-11-25T03:10:00Z", OVERLAP, 0,
		    "2026-11-24T02:55:00Z" },
		{ "no overlap: at the mark itself", "2026-11-24T03:10:00Z", NULL,
		    NULL, "2026-11-25T03:10:00Z", 0, 0, "2026-11-24T03:10:00Z" },
		{ "the longer reach wins", "2026-11-24T03:10:00Z", NULL, NULL,
		    "2026-11-25T03:10:00Z", OVERLAP, 7200, "2026-11-24T01:10:00Z" },
		{ "the overlap wins", "2026-11-24T03:10:00Z", NULL, NULL,
		    "2026-11-25T03:10:00Z", OVERLAP, 60, "2026-11-24T02:55:00Z" },
		{ "wall clock of the zone", "2026-11-24T03:10:00", NULL, NULL,
		    "2026-11-25T03:10:00Z", OVERLAP, 0, "2026-11-24T01:55:00Z" },
		{ "a mark ahead of us hides nothing", "2031-01-01T00:00:00Z", NULL,
		    NULL, "2026-11-25T03:10:00Z", OVERLAP, 0,
		    "2026-11-25T02:40:00Z" },
		{ "no clock", "2031-01-01T00:00:00Z", NULL, NULL, NULL, OVERLAP, 0,
		    "2030-12-31T23:45:00Z" },
		{ "first pass", NULL, "1970-01-01T00:00:00Z",
		    "2022-09-01T00:00:00Z", "2026-11-25T03:10:00Z", OVERLAP, 0,
		    "2022-09-01T00:00:00Z" },
		{ "first pass, nothing configured", NULL, "1970-01-01T00:00:00Z",
		    NULL, "2026-11-25T03:10:00Z", OVERLAP, 0,
		    "1970-01-01T00:00:00Z" },
		{ "a later beginning is asked for", NULL, "2026-10-01T00:00:00Z",
		    "2022-09-01T00:00:00Z", "2026-11-25T03:10:00Z", OVERLAP, 0,
		    "2026-10-01T00:00:00Z" },
		{ "everything", NULL, NULL, NULL, NULL, OVERLAP, 0, NULL },
		{ "a mark nobody can read: all over again", "soon",
		    "1970-01-01T00:00:00Z", "2022-09-01T00:00:00Z",
		    "2026-11-25T03:10:00Z", OVERLAP, 0, "2022-09-01T00:00:00Z" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const struct watermark_rules rules = { .zone = ZONE,
			.since = at(cases[i].since), .reach_s = cases[i].reach_s };
		const struct pull pull = { .watermark = cases[i].mark,
			.from = at(cases[i].from), .until = at(cases[i].until),
			.overlap_s = cases[i].overlap_s, .lag_s = LAG };
		struct watermark w;
		start(&w, &rules, &pull);
		if (w.begin != at(cases[i].begin))
			fail_msg("%s: %lld", cases[i].name, (long long)w.begin);
		assert_int_equal(w.until, cases[i].until == NULL ? NO_TIME
		    : at(cases[i].until) - LAG);
		assert_null(w.token);
		assert_true(watermark_wants(&w, at("2020-01-01")));
		watermark_free(&w);
	}
}

/* ---- what it leaves ------------------------------------------------------------ */
#define M(t) "2026-11-25T" t
struct end_case {
	const char *name, *before;
	const char *taken[5];
	const char *date;	/* of the server; the run begins 03:10:00 */
	long waited_s;
	const char *after;
};

static const struct end_case ends[] = {
	{ "the largest, to the letter", M("01:00:00Z"),
	    { M("02:00:00.1000000+00:00"), M("02:30:00.7821525+00:00"),
		M("02:10:00Z") }, NULL, 0, M("02:30:00.7821525+00:00") },
	{ "what is above the limit does not count", M("01:00:00Z"),
	    { M("02:54:59Z"), M("02:55:00.000001Z"), M("03:09:00Z") }, NULL, 0,
	    M("02:54:59Z") },
	{ "at the limit it does", M("01:00:00Z"),
	    { M("02:55:00Z"), M("02:55:01Z") }, NULL, 0, M("02:55:00Z") },
	{ "at the limit, written with zeros", M("01:00:00Z"),
	    { M("02:55:00.000Z") }, NULL, 0, M("02:55:00.000Z") },
	{ "all above: it stays", M("01:00:00.50Z"),
	    { M("03:00:00Z"), M("03:09:59Z") }, NULL, 0, M("01:00:00.50Z") },
	{ "nothing: it stays", M("01:00:00.50Z"), { NULL }, NULL, 0,
	    M("01:00:00.50Z") },
	{ "all older: it stays", M("01:00:00.50Z"),
	    { M("00:50:00Z"), M("01:00:00.49Z") }, NULL, 0, M("01:00:00.50Z") },
	{ "within the second", M("01:00:00.50Z"),
	    { M("01:00:00.500001Z"), M("01:00:00.5Z") }, NULL, 0,
	    M("01:00:00.500001Z") },
	{ "another zone", M("01:00:00Z"), { M("03:30:00+01:00"),
		M("02:20:00Z") }, NULL, 0, M("03:30:00+01:00") },
	{ "the server's clock, not ours", M("01:00:00Z"),
	    { M("02:20:00Z"), M("02:50:00Z") }, M("02:40:00Z"), 0,
	    M("02:20:00Z") },
	{ "a slow answer counts from its question", M("01:00:00Z"),
	    { M("02:20:00Z"), M("02:50:00Z") }, M("03:10:00Z"), 600,
	    M("02:20:00Z") },
	{ "a mark ahead of us comes down", "2031-01-01T00:00:00Z",
	    { M("02:50:00Z"), M("02:40:00Z"), M("03:00:00Z") }, NULL, 0,
	    M("02:50:00Z") },
	{ "... if there is one to come down to", "2031-01-01T00:00:00Z",
	    { M("03:00:00Z") }, NULL, 0, "2031-01-01T00:00:00Z" },
	{ "a first pass", NULL, { M("02:00:00Z") }, NULL, 0, M("02:00:00Z") },
	{ "an empty first pass begins there again", NULL, { NULL }, NULL, 0,
	    "2022-09-01T00:00:00Z" },
	{ "a first pass with news only", NULL, { M("03:09:00Z") }, NULL, 0,
	    "2022-09-01T00:00:00Z" },
	{ "a mark nobody can read is replaced", "soon", { M("02:00:00Z") }, NULL,
	    0, M("02:00:00Z") },
};

static void
take_all(struct watermark *w, const char *const *taken)
{
	for (size_t i = 0; i < 5 && taken[i] != NULL; i++)
		watermark_take(w, at(taken[i]), taken[i]);
	watermark_take(w, NO_TIME, "never");
	watermark_take(w, at(M("02:45:00Z")), NULL);
	watermark_take_token(w, "no token here");
}

static void
test_ends(void **state)
{
	const struct watermark_rules rules = { .zone = ZONE,
		.since = at("2022-09-01T00:00:00Z") };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(ends); i++) {
		AUTO(arena) struct arena *arena = arena_new(4096);
		const struct pull pull = { .watermark = ends[i].before,
			.until = at(M("03:10:00Z")), .overlap_s = OVERLAP,
			.lag_s = LAG };
		struct err err = { 0 };
		const char *page = "";
		struct watermark w;
		start(&w, &rules, &pull);
		watermark_server_time(&w, at(ends[i].date), ends[i].waited_s);
		/* Only the first answer tells when the pass began. */
		watermark_server_time(&w, at("2030-01-01"), 0);
		take_all(&w, ends[i].taken);
		const char *after = ended(&w, arena);
		if (strcmp(after, ends[i].after) != 0)
			fail_msg("%s: %s", ends[i].name, after);
		/* Not sorted: no page moves it. */
		assert_true(watermark_page(&w, &page, &err));
		assert_null(page);
		watermark_free(&w);
	}
}

static void
test_sorted_moves_with_pages(void **state)
{
	AUTO(arena) struct arena *arena = arena_new(4096);
	const struct watermark_rules rules = { .zone = ZONE, .since = NO_TIME,
		.sorted = true };
	struct pull pull = { .until = at(M("03:10:00Z")), .overlap_s = OVERLAP };
	struct err err = { 0 };
	const char *page = "";
	struct watermark w;

	(void)state;
	start(&w, &rules, &pull);
	assert_true(watermark_page(&w, &page, &err));
	assert_null(page);
	watermark_take(&w, at(M("02:00:00Z")), M("02:00:00Z"));
	assert_true(watermark_page(&w, &page, &err));
	assert_string_equal(page, M("02:00:00Z"));
	watermark_take(&w, at(M("03:00:00Z")), M("03:00:00Z"));
	assert_true(watermark_page(&w, &page, &err));
	assert_string_equal(page, M("02:00:00Z"));
	assert_string_equal(ended(&w, arena), M("02:00:00Z"));
	watermark_free(&w);
	/* A look back moves nothing. */
	pull.sweep = true;
	start(&w, &rules, &pull);
	watermark_take(&w, at(M("02:00:00Z")), M("02:00:00Z"));
	assert_true(watermark_page(&w, &page, &err));
	assert_null(page);
	watermark_free(&w);
}

/* The lag holds too where it is the longer one. */
static void
test_lag(void **state)
{
	AUTO(arena) struct arena *arena = arena_new(4096);
	const struct watermark_rules rules = { .zone = ZONE, .since = NO_TIME };
	const struct pull pull = { .until = at(M("03:10:00Z")), .lag_s = LAG };
	struct watermark w;

	(void)state;
	start(&w, &rules, &pull);
	watermark_take(&w, at(M("03:09:00Z")), M("03:09:00Z"));
	watermark_take(&w, at(M("03:09:01Z")), M("03:09:01Z"));
	assert_string_equal(ended(&w, arena), M("03:09:00Z"));
	watermark_free(&w);
}

/* ---- tokens ---------------------------------------------------------------------- */
static void
test_tokens_pass_untouched(void **state)
{
	AUTO(arena) struct arena *arena = arena_new(65536);
	static const char odd[] = "eyJ0Ijo|1 , 2026-11-25T01:00:00Z\xc3\xa6==";
	const struct watermark_rules rules = { .zone = ZONE, .since = NO_TIME,
		.token = true };
	struct pull pull = { .watermark = odd, .until = at(M("03:10:00Z")),
		.overlap_s = OVERLAP };
	struct err err = { 0 };
	struct watermark w;
	char longest[9000];

	(void)state;
	start(&w, &rules, &pull);
	assert_string_equal(w.token, odd);
	watermark_take(&w, at(M("02:00:00Z")), M("02:00:00Z"));
	assert_string_equal(ended(&w, arena), odd);
	watermark_take_token(&w, "b");
	watermark_take_token(&w, "a");
	watermark_take_token(&w, NULL);
	assert_string_equal(ended(&w, arena), "a");
	const char *saved = watermark_save(&w, arena);
	watermark_free(&w);
	watermark_init(&w, &rules);
	assert_true(watermark_resume(&w, &pull, saved, &err));
	assert_string_equal(w.token, odd);
	assert_string_equal(ended(&w, arena), "a");
	/* A look back has no token to begin with. */
	watermark_free(&w);
	pull.sweep = true;
	pull.from = at("2026-10-26T00:00:00Z");
	start(&w, &rules, &pull);
	assert_null(w.token);
	assert_int_equal(w.begin, pull.from);
	/* What cannot be kept is said, never cut. */
	memset(longest, 'x', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	watermark_take_token(&w, longest);
	const char *mark;
	assert_false(watermark_end(&w, arena, &mark, &err));
	assert_false(watermark_page(&w, &mark, &err));
	assert_null(watermark_save(&w, arena));
	assert_int_equal(err.kind, ERR_NOMEM);
	watermark_free(&w);
}

/* ---- broken passes ----------------------------------------------------------------- */
/* The second night goes on where the first broke; its limit is the first's. */
static void
test_resume_keeps_the_first_start(void **state)
{
	AUTO(arena) struct arena *arena = arena_new(4096);
	const struct watermark_rules rules = { .zone = ZONE, .since = NO_TIME };
	struct pull pull = { .watermark = "2026-11-24T01:00:00Z",
		.until = at("2026-11-25T03:15:00Z"), .overlap_s = OVERLAP,
		.lag_s = LAG };
	struct err err = { 0 };
	struct watermark w;

	(void)state;
	start(&w, &rules, &pull);
	watermark_server_time(&w, at("2026-11-25T03:10:00Z"), 0);
	watermark_take(&w, at("2026-11-24T12:00:00.25Z"),
	    "2026-11-24T12:00:00.25Z");
	const char *saved = watermark_save(&w, arena);
	assert_null(strchr(saved, '|'));
	watermark_free(&w);
	pull.until = at("2026-11-26T03:10:00Z");
	pull.overlap_s = 1800;	/* changed meanwhile: the query stays */
	watermark_init(&w, &rules);
	assert_true(watermark_resume(&w, &pull, saved, &err));
	assert_int_equal(w.begin, at("2026-11-24T00:45:00Z"));
	watermark_server_time(&w, at("2026-11-26T03:10:00Z"), 0);
	assert_string_equal(ended(&w, arena), "2026-11-24T12:00:00.25Z");
	watermark_take(&w, at("2026-11-25T20:00:00Z"), "2026-11-25T20:00:00Z");
	assert_string_equal(ended(&w, arena), "2026-11-24T12:00:00.25Z");
	watermark_take(&w, at("2026-11-25T02:40:00Z"), "2026-11-25T02:40:00Z");
	assert_string_equal(ended(&w, arena), "2026-11-25T02:40:00Z");
	watermark_free(&w);
}

static void
test_saved_forms(void **state)
{
	static const struct {
		const char *saved;
		bool ok;
		time_t begin, started;
	} cases[] = {
		{ "-,-,", true, NO_TIME, NO_TIME },
		{ "0,5,", true, 0, 5 },
		{ "-172800,5,2026-11-25T01:00:00Z", true, -172800, 5 },
		{ "1,2,2026-11-25 01:00:00", true, 1, 2 },
		{ NULL, false, 0, 0 }, { "", false, 0, 0 }, { "1", false, 0, 0 },
		{ "1,2", false, 0, 0 }, { "1,2,soon", false, 0, 0 },
		{ "x,2,", false, 0, 0 }, { "1,,", false, 0, 0 },
		{ "2026-11-25T01:00:00Z", false, 0, 0 },
		{ "1,99999999999999999999,", false, 0, 0 },
	};
	const struct watermark_rules rules = { .zone = ZONE, .since = NO_TIME };
	const struct pull pull = { .until = NO_TIME };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO(arena) struct arena *arena = arena_new(4096);
		struct err err = { 0 };
		struct watermark w;
		watermark_init(&w, &rules);
		if (watermark_resume(&w, &pull, cases[i].saved, &err) !=
		    cases[i].ok)
			fail_msg("case %zu", i);
		assert_int_equal(err.kind, cases[i].ok ? ERR_NONE : ERR_GONE);
		if (cases[i].ok) {
			assert_int_equal(w.begin, cases[i].begin);
			assert_int_equal(w.started, cases[i].started);
			assert_string_equal(watermark_save(&w, arena),
			    cases[i].saved);
		}
		watermark_free(&w);
	}
}

/* ---- the look back ------------------------------------------------------------------- */
/* It ends where the next ordinary pass begins, to the second. */
static void
test_sweep(void **state)
{
	static const struct {
		const char *mark, *until;
		long reach_s;
		const char *first_unwanted;
	} cases[] = {
		{ "2026-11-25T02:50:00.9Z", M("03:12:00Z"), 0, M("02:35:00Z") },
		{ "2026-11-25T02:50:00Z", M("03:12:00Z"), 172800,
		    "2026-11-23T02:50:00Z" },
		{ "2031-01-01T00:00:00Z", M("03:12:00Z"), 0, M("02:42:00Z") },
		{ NULL, M("03:12:00Z"), 0, M("02:57:00Z") },
		{ NULL, NULL, 0, NULL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const struct watermark_rules rules = { .zone = ZONE,
			.since = at("2022-09-01T00:00:00Z"),
			.reach_s = cases[i].reach_s };
		struct pull pull = { .watermark = cases[i].mark,
			.from = at("2026-10-26T03:12:00Z"),
			.until = at(cases[i].until), .overlap_s = OVERLAP,
			.lag_s = LAG, .sweep = true };
		const time_t edge = at(cases[i].first_unwanted);
		struct watermark w, next;
		start(&w, &rules, &pull);
		assert_int_equal(w.begin, pull.from);
		assert_true(watermark_wants(&w, NO_TIME));
		assert_true(watermark_wants(&w, pull.from));
		if (edge != NO_TIME) {
			assert_true(watermark_wants(&w, edge - 1));
			assert_false(watermark_wants(&w, edge));
		}
		pull.sweep = false;
		start(&next, &rules, &pull);
		if (cases[i].mark != NULL)
			assert_int_equal(next.begin, edge);
		watermark_free(&next);
		watermark_free(&w);
	}
}

/* ---- pages by (stamp, id) -------------------------------------------------------------- */
static void
test_keys(void **state)
{
	static const char *const ascending[][2] = {
		{ M("01:00:00Z"), "7" }, { M("01:00:00.000001Z"), "3" },
		{ M("01:00:00.1Z"), "9" }, { M("01:00:00.100Z"), "10" },
		{ M("01:00:00.1000000+00:00"), "100" }, { M("01:00:01Z"), "" },
		{ M("01:00:01Z"), "a1" }, { M("01:00:01Z"), "a10" },
		{ M("01:00:01Z"), "a9" }, { M("03:00:00+01:00"), "1:2 3|" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(ascending); i++)
		for (size_t k = 0; k < ARRAY_LEN(ascending); k++) {
			const struct watermark_key a = { ascending[i][0],
				ascending[i][1], at(ascending[i][0]) };
			AUTO(arena) struct arena *arena = arena_new(4096);
			struct watermark_key b;
			struct err err = { 0 };
			const char *text = watermark_key_save(
			    &(struct watermark_key){ ascending[k][0],
			    ascending[k][1], NO_TIME }, arena);
			assert_true(watermark_key_load(&b, text, ZONE, arena,
			    &err));
			assert_string_equal(b.stamp, ascending[k][0]);
			assert_string_equal(b.id, ascending[k][1]);
			const int cmp = watermark_key_cmp(&a, &b);
			if ((cmp > 0) - (cmp < 0) != (i > k) - (i < k))
				fail_msg("%zu and %zu: %d", i, k, cmp);
		}
}

static void
test_keys_that_are_none(void **state)
{
	static const char *const texts[] = { NULL, "", "7", ":", "0:x", "9:short",
		"-1:x", "x:x", "4:soonid", "20:2026-11-25T01:00:00" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		AUTO(arena) struct arena *arena = arena_new(4096);
		struct watermark_key key;
		struct err err = { 0 };
		if (watermark_key_load(&key, texts[i], ZONE, arena, &err))
			fail_msg("%s", texts[i]);
		assert_int_equal(err.kind, ERR_GONE);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_limit),
		cmocka_unit_test(test_begins),
		cmocka_unit_test(test_ends),
		cmocka_unit_test(test_sorted_moves_with_pages),
		cmocka_unit_test(test_lag),
		cmocka_unit_test(test_tokens_pass_untouched),
		cmocka_unit_test(test_resume_keeps_the_first_start),
		cmocka_unit_test(test_saved_forms),
		cmocka_unit_test(test_sweep),
		cmocka_unit_test(test_keys),
		cmocka_unit_test(test_keys_that_are_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
