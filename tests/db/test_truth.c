/*
 * The truth table: every rule against every other, row by row, as a plain
 * reading of the rules (verdict.h) has it.  Compared is the reason that is kept,
 * not only whether somebody is asked; and what a preview said before.
 *
 * Facts are factors with levels (verdict_facts.h).  All pairs of levels under three
 * sets of rules, pairs and triples of what blocks under the others.  NPSYNC_LONG=1:
 * all pairs of levels under each, all triples of levels, and every combination of
 * 18 facts that block: 2 x 262,144 rows.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "clock.h"
#include "verdict_facts.h"
#include "verdict_load.h"

#define BATCH 65536		/* rows of one night */
#define ALL_MAX 32

static const struct facts_rules tables[] = {
	{ .name = "meet", .trigger = "meet", .night = 20260506,
	    .in_full = true },
	{ .name = "meet, defer, roles go", .trigger = "meet",
	    .night = 20260506, .defer = true, .roles_go = true,
	    .in_full = true },
	{ .name = "sale, consent, pilot", .trigger = "sale",
	    .night = 20260506, .consent = true, .pilot = true },
	{ .name = "inact", .trigger = "inact", .night = 20260506,
	    .in_full = true },
	{ .name = "inact, consent, pilot, defer", .trigger = "inact",
	    .night = 20260331, .consent = true, .pilot = true, .defer = true },
	{ .name = "inact off", .trigger = "inact", .night = 20260506,
	    .inact_off = true },
	{ .name = "after Easter, others' sends do not count, late rows wait",
	    .trigger = "meet", .night = 20260407, .no_foreign = true,
	    .wait_late = true },
	{ .name = "Monday, late rows wait, a day's delay, defer",
	    .trigger = "meet", .night = 20260511, .wait_late = true,
	    .delay_hours = 24, .defer = true },
	{ .name = "Monday, pushed ahead, all paused", .trigger = "case",
	    .night = 20260511, .push_ahead = true, .paused = true },
	{ .name = "few rules", .trigger = "meet", .night = 20260506,
	    .few_rules = true, .roles_go = true },
};

static bool
is_long(void)
{
	const char *s = getenv("NPSYNC_LONG");

	return s != NULL && strcmp(s, "1") == 0;
}

/* Reasons that a row met by one fact alone. */
static bool alone[ALL_MAX], foretold_alone[ALL_MAX];
static struct verdict_tally all;

static void
begin(struct fixture *f, struct verdict_world *w, const struct facts_rules *r)
{
	fixture_tenant(f);
	fixture_night(f, r->night);
	facts_configure(f, r);
	verdict_world_init(w, &f->conf, r->night);
	facts_world(w, r);
}

/* ---- pairs ------------------------------------------------------------- */
static int
add_levels(struct verdict_world *w, const struct facts_rules *r,
    const size_t *factor, const int *level, int n)
{
	int levels[FACTS_MAX] = { 0 };

	for (int i = 0; i < n; i++)
		levels[factor[i]] = level[i];
	return facts_add(w, r, levels);
}

/* All levels of both; or those that block. */
static void
add_pairs(struct verdict_world *w, const struct facts_rules *r, size_t a,
    size_t b, bool every)
{
	for (int i = 1; i < fact_factors[a].levels; i++)
		for (int k = 1; k < fact_factors[b].levels; k++)
			if (every || (i == fact_factors[a].blocks &&
			    k == fact_factors[b].blocks))
				(void)add_levels(w, r, (size_t[]){ a, b },
				    (int[]){ i, k }, 2);
}

struct single {
	int row;
	size_t factor;
	int level;
};

static size_t
add_singles(struct verdict_world *w, const struct facts_rules *r,
    struct single *singles)
{
	size_t n = 0;

	for (size_t a = 0; a < n_fact_factors; a++)
		for (int i = 1; i < fact_factors[a].levels; i++) {
			singles[n] = (struct single){ add_levels(w, r, &a, &i, 1),
				a, i };
			n++;
		}
	return n;
}

/* Each row of one fact that is blocked has the neutral row as its twin, which
 * goes. */
static void
note_singles(const struct verdict *out, int twin,
    const struct single *singles, size_t n)
{
	if (!out[twin].due || strcmp(out[twin].said, "go") != 0)
		return;
	for (size_t i = 0; i < n; i++) {
		const struct verdict *v = &out[singles[i].row];
		if (v->reason != NULL)
			alone[verdict_place(v->reason)] = true;
		if (v->said != NULL)
			foretold_alone[verdict_place(v->said)] = true;
	}
}

static void
run_table(struct fixture *f, const struct facts_rules *r)
{
	struct single *singles = calloc(256, sizeof(*singles));
	struct verdict_tally tally = { 0 };
	struct verdict_world w;
	const int none[FACTS_MAX] = { 0 };

	assert_non_null(singles);
	begin(f, &w, r);
	const int twin = facts_add(&w, r, none);
	const size_t n = add_singles(&w, r, singles);
	for (size_t a = 0; a < n_fact_factors; a++)
		for (size_t b = a + 1; b < n_fact_factors; b++)
			add_pairs(&w, r, a, b, r->in_full || is_long());
	struct verdict *out = calloc(w.n_rows, sizeof(*out));
	assert_non_null(out);
	assert_true(verdict_check(f, &w, &tally, out));
	verdict_check_sum(&all, &tally);
	verdict_say(r->name, &tally);
	note_singles(out, twin, singles, n);
	verdict_world_free(&w);
	free(singles);
	free(out);
}

static void
test_pairs(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(tables); i++)
		run_table(*state, &tables[i]);
}

/* ---- triples ----------------------------------------------------------- */
static void
add_triples(struct verdict_world *w, const struct facts_rules *r,
    const size_t f[3])
{
	int l[3];

	for (l[0] = 1; l[0] < fact_factors[f[0]].levels; l[0]++)
		for (l[1] = 1; l[1] < fact_factors[f[1]].levels; l[1]++)
			for (l[2] = 1; l[2] < fact_factors[f[2]].levels; l[2]++)
				(void)add_levels(w, r, f, l, 3);
}

static void
add_blocking_triple(struct verdict_world *w, const struct facts_rules *r,
    const size_t f[3])
{
	int l[3];

	for (int i = 0; i < 3; i++) {
		l[i] = fact_factors[f[i]].blocks;
		if (fact_factors[f[i]].reason == NULL)
			return;
	}
	(void)add_levels(w, r, f, l, 3);
}

static void
run_triples(struct fixture *f, const struct facts_rules *r,
    void (*add)(struct verdict_world *, const struct facts_rules *,
    const size_t[3]), struct verdict_tally *tally)
{
	struct verdict_world w;
	size_t t[3];

	begin(f, &w, r);
	for (t[0] = 0; t[0] < n_fact_factors; t[0]++)
		for (t[1] = t[0] + 1; t[1] < n_fact_factors; t[1]++)
			for (t[2] = t[1] + 1; t[2] < n_fact_factors; t[2]++) {
				add(&w, r, t);
				if (w.n_rows < BATCH)
					continue;
				assert_true(verdict_check(f, &w, tally, NULL));
				verdict_world_free(&w);
				begin(f, &w, r);
			}
	assert_true(verdict_check(f, &w, tally, NULL));
	verdict_world_free(&w);
}

static void
test_triples(void **state)
{
	static const size_t of[] = { 0, 2, 3 };	/* of tables */
	struct verdict_tally tally = { 0 };

	for (size_t i = 0; i < ARRAY_LEN(of); i++)
		run_triples(*state, &tables[of[i]], is_long() ? add_triples
		    : add_blocking_triple, &tally);
	verdict_check_sum(&all, &tally);
	verdict_say("triples", &tally);
}

/* ---- every combination ------------------------------------------------- */
/* Those of a trigger.  The two that come first in the order would double the
 * table twice, to say no more than the triples do. */
static size_t
blocking(const char *trigger, size_t *factors)
{
	static const char *const not_of[][2] = { { "meet", "activity" },
		{ "meet", "planned" }, { "inact", "age" },
		{ "inact", "trigger" }, { "", "gone" }, { "", "anonymised" } };
	size_t n = 0;

	for (size_t i = 0; i < n_fact_factors; i++) {
		bool left_out = fact_factors[i].reason == NULL;
		for (size_t k = 0; k < ARRAY_LEN(not_of); k++)
			left_out |= strcmp(not_of[k][1], fact_factors[i].name) ==
			    0 && (*not_of[k][0] == '\0' ||
			    strcmp(not_of[k][0], trigger) == 0);
		if (!left_out)
			factors[n++] = i;
	}
	return n;
}

/* Bit i of a number = the i-th fact that blocks. */
static void
add_combination(struct verdict_world *w, const struct facts_rules *r,
    const size_t *factors, size_t n, unsigned long bits)
{
	int levels[FACTS_MAX] = { 0 };

	for (size_t i = 0; i < n; i++)
		if ((bits >> i & 1) != 0)
			levels[factors[i]] = fact_factors[factors[i]].blocks;
	(void)facts_add(w, r, levels);
}

static void
run_combinations(struct fixture *f, const struct facts_rules *r)
{
	struct verdict_tally tally = { 0 };
	size_t factors[FACTS_MAX];
	struct verdict_world w;

	const size_t n = blocking(r->trigger, factors);
	begin(f, &w, r);
	assert_int_equal(n, 18);
	for (unsigned long bits = 0; bits < 1UL << n; bits++) {
		add_combination(&w, r, factors, n, bits);
		if ((bits + 1) % BATCH != 0)
			continue;
		assert_true(verdict_check(f, &w, &tally, NULL));
		verdict_world_free(&w);
		begin(f, &w, r);
	}
	verdict_world_free(&w);
	verdict_check_sum(&all, &tally);
	verdict_say(r->name, &tally);
}

/* Rules under which each fact blocks by itself. */
static const struct facts_rules every[] = {
	{ .name = "every combination, meet", .trigger = "meet",
	    .night = 20260506, .consent = true, .pilot = true },
	{ .name = "every combination, inact", .trigger = "inact",
	    .night = 20260506, .consent = true, .pilot = true },
};

static void
test_combinations(void **state)
{
	(void)state;
	if (!is_long())
		skip();
	run_combinations(*state, &every[0]);
	run_combinations(*state, &every[1]);
}

/* ---- every reason, with its twin --------------------------------------- */
/* Losses to others have their twins in test_truth_nights. */
static void
test_every_reason(void **state)
{
	static const char *const by_others[] = { "over_budget", "over_cap",
		"flood" };
	int missing = 0, reached = 0;

	(void)state;
	for (int i = 0; verdict_codes[i] != NULL; i++) {
		bool other = false;
		for (size_t k = 0; k < ARRAY_LEN(by_others); k++)
			other |= strcmp(by_others[k], verdict_codes[i]) == 0;
		if (other)
			continue;
		/* An excluded row is not judged: its preview says so. */
		const bool met = strcmp(verdict_codes[i], "excluded") == 0
		    ? foretold_alone[i] : alone[i] && foretold_alone[i];
		if (!met)
			print_error("%s: not met by one fact alone\n",
			    verdict_codes[i]);
		missing += !met;
		reached += met;
	}
	print_message("%d reasons met by one fact, whose twin goes\n", reached);
	assert_int_equal(missing, 0);
	verdict_say("truth table", &all);
}

/* The oracle's list of codes is the program's; codes that follow are those of
 * rows that are held without a look at them. */
static void
test_codes(void **state)
{
	int i = 0;

	(void)state;
	for (; verdict_codes[i] != NULL && rules_reasons[i] != NULL; i++)
		assert_string_equal(verdict_codes[i], rules_reasons[i]);
	assert_null(verdict_codes[i]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_codes),
		cmocka_unit_test(test_pairs),
		cmocka_unit_test(test_triples),
		cmocka_unit_test(test_combinations),
		cmocka_unit_test(test_every_reason),
	};

	return cmocka_run_group_tests(tests, fixture_start, fixture_stop);
}
