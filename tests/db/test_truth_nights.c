/*
 * Nights in which rows stand in each other's way: shared persons, companies,
 * the year's budget, the night's limit, floods.  Random worlds, each compared
 * row by row with a plain reading of the rules (verdict.h), and their counts
 * added up; and the vectors of quota and flood with their numbers.
 *
 * NPSYNC_LONG=1: 1,000 of them; TRUTH_NIGHTS=n: so many; TRUTH_SEED=n: others.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "clock.h"
#include "num.h"
#include "verdict_facts.h"
#include "verdict_load.h"

#define NIGHTS 150
#define NIGHTS_LONG 1000

static uint64_t rng;

/* 0..n-1 */
static int
draw(int n)
{
	rng ^= rng << 13;
	rng ^= rng >> 7;
	rng ^= rng << 17;
	return (int)(rng % (uint64_t)n);
}

static bool
chance(int percent)
{
	return draw(100) < percent;
}

/* ---- random worlds ----------------------------------------------------- */
static const struct conf_frequency several[] = {
	{ SCOPE_ANY, 2, 60, FROM_SEND },
	{ SCOPE_CAMPAIGN, 1, 120, FROM_SEND },
	{ SCOPE_PROGRAMME, 1, 45, FROM_SEND },
	{ SCOPE_PROGRAMME, 2, 200, FROM_ANSWER },
};

static struct facts_rules
draw_rules(void)
{
	static const int nights[] = { 20260506, 20260511, 20260407, 20260105,
		20261231, 20270104, 20280301, 20260330, 20261026 };
	const struct facts_rules r = { .name = "random", .trigger = "meet",
		.night = nights[draw(ARRAY_LEN(nights))], .defer = chance(40),
		.roles_go = chance(50), .consent = chance(20),
		.pilot = chance(10), .no_foreign = chance(30),
		.wait_late = chance(20), .push_ahead = chance(10),
		.paused = chance(5), .inact_off = chance(10),
		.few_rules = chance(50) };

	return r;
}

static void
draw_limits(struct conf *conf)
{
	static const double factors[] = { 0.5, 1, 1.5, 2, 5 };
	const size_t from = (size_t)draw(ARRAY_LEN(several));

	conf->rules.throttle_days = 1 + draw(60);
	conf->rules.company_max = draw(4);
	conf->rules.company_days = 1 + draw(30);
	conf->rules.night_max = chance(50) ? 0 : 1 + draw(15);
	conf->budget.year = chance(60) ? 0 : 1 + draw(60);
	conf->rules.flood_floor = chance(40) ? 0 : 1 + draw(8);
	conf->rules.flood_factor = factors[draw(ARRAY_LEN(factors))];
	if (chance(50))
		return;
	conf->rules.frequency.v = &several[from];
	conf->rules.frequency.n = 1 + (size_t)draw((int)(ARRAY_LEN(several) -
	    from));
}

/* Some share a number, some an address, some a house; into some another card of
 * theirs was merged. */
static void
draw_cards(struct verdict_world *w, int first, int n)
{
	const int numbers = w->n_keys, houses = w->n_houses;

	w->n_keys += 5;
	w->n_houses += 4;
	for (int i = 0; i < n; i++) {
		const int card = verdict_add_card(w);
		struct verdict_card *c = &w->cards[card];
		if (i > 0 && chance(15))
			c->keys[0] = w->cards[first + draw(i)].keys[0];
		if (chance(40))
			c->keys[c->n_keys++] = numbers + draw(5);
		if (chance(60))
			c->house = houses + draw(4);
		if (i > 0 && chance(10))
			c->merged = w->cards[first + draw(i)].keys[1];
		c->consent = FACT_YES;
		c->consent_at = w->moment - 86400L * draw(500);
	}
}

static const char *
draw_trigger(void)
{
	static const char *const codes[] = { "sale", "loss", "case", "meet",
		"meet", "meet", "inact" };

	return codes[draw(ARRAY_LEN(codes))];
}

/* Nights on which others were asked, a few of them today. */
static void
draw_history(struct verdict_world *w)
{
	static const char *const campaigns[] = { "7750", "7752", "7760", "9" };
	const int nights = draw(20);

	for (int i = 0; i < nights; i++) {
		const char *trigger = draw_trigger();
		const int n = 1 + draw(5), day = day_add(w->night, i == 0 ? 0 :
		    -draw(60));
		for (int k = 0; k < n; k++)
			(void)verdict_add_sent(w, trigger, verdict_add_card(w), day,
			    campaigns[draw(ARRAY_LEN(campaigns))]);
	}
}

/* The people of this night were asked before, or answered. */
static void
draw_past(struct verdict_world *w, int first, int n)
{
	static const char *const campaigns[] = { "7750", "7752", "7760", NULL };

	for (int i = 0; i < n; i++) {
		const int card = first + draw(n), day = day_add(w->night,
		    -draw(70));
		const char *campaign = campaigns[draw(ARRAY_LEN(campaigns))];
		if (chance(25))
			(void)verdict_add_sent(w, draw_trigger(), card, day,
			    campaign);
		if (chance(15))
			verdict_add_foreign(w, w->cards[card].keys[draw(2)], day,
			    campaign);
		if (chance(20) && campaign != NULL)
			verdict_add_answer(w, card, day_add(day, -1), campaign);
	}
}

/* Most rows are plain; the others have a fact or two. */
static void
draw_facts(struct verdict_world *w, int row)
{
	for (size_t i = 0; i < n_fact_factors; i++)
		if (strcmp(fact_factors[i].name, "consent") != 0 && chance(2))
			fact_factors[i].apply(w, row,
			    1 + draw(fact_factors[i].levels - 1));
}

static void
draw_rows(struct verdict_world *w, int first, int cards, int n)
{
	for (int i = 0; i < n; i++) {
		const int row = verdict_add_row(w, draw_trigger(), first +
		    draw(cards));
		struct verdict_row *r = &w->rows[row];
		r->occurred_at -= 3600L * draw(20);
		r->released = chance(10);
		r->test = chance(10);
		r->silent_since = day_add(w->night, -91 - draw(20));
		if (chance(10)) {
			r->state = QUEUE_DEFERRED;
			r->deferred_until = w->moment - draw(2);
		}
		draw_facts(w, row);
	}
}

/* An earlier look at the night had its say; half of the worlds had none. */
static void
draw_due(struct verdict_world *w)
{
	if (chance(50)) {
		facts_forget_due(w);
		return;
	}
	for (int i = draw(3); i > 0; i--) {
		const int card = verdict_add_card(w);
		w->cards[card].house = chance(50) ? HOUSE_NONE : w->n_houses - 1;
		(void)verdict_add_due(w, draw_trigger(), card);
	}
}

static void
draw_world(struct fixture *f, struct verdict_world *w)
{
	const struct facts_rules r = draw_rules();
	const int cards = 2 + draw(25), rows = 2 + draw(30);

	fixture_tenant(f);
	fixture_night(f, r.night);
	facts_configure(f, &r);
	draw_limits(&f->conf);
	verdict_world_init(w, &f->conf, r.night);
	facts_world(w, &r);
	const int first = (int)w->n_cards;
	draw_cards(w, first, cards);
	draw_past(w, first, cards);
	draw_history(w);
	draw_rows(w, first, cards, rows);
	draw_due(w);
}

static int
number(const char *name, int otherwise)
{
	const char *s = getenv(name);
	long long n;

	return s != NULL && num_parse(s, 1, INT32_MAX, &n) ? (int)n : otherwise;
}

static void
test_random_nights(void **state)
{
	const char *lasts = getenv("NPSYNC_LONG");
	const int nights = number("TRUTH_NIGHTS", lasts != NULL &&
	    strcmp(lasts, "1") == 0 ? NIGHTS_LONG : NIGHTS);
	const int seed = number("TRUTH_SEED", 1);
	struct verdict_tally tally = { 0 };

	for (int i = 0; i < nights; i++) {
		struct verdict_world w;
		rng = 0x9e3779b97f4a7c15u * (uint64_t)(seed + i);
		draw_world(*state, &w);
		if (!verdict_check(*state, &w, &tally, NULL))
			fail_msg("TRUTH_NIGHTS=1 TRUTH_SEED=%d shows it", seed + i);
		verdict_world_free(&w);
	}
	verdict_say("random nights", &tally);
}

/* ---- vectors: U1 to U4, L1 to L7 --------------------------------------- */
struct night {
	struct fixture *f;
	struct verdict_world w;
};

static void
plain_night(struct night *n, struct fixture *f)
{
	static const struct facts_rules r = { .name = "vectors",
		.trigger = "meet", .night = FIXTURE_NIGHT, .few_rules = true };

	n->f = f;
	fixture_tenant(f);
	fixture_night(f, r.night);
	facts_configure(f, &r);
	f->conf.rules.company_max = 0;
	verdict_world_init(&n->w, &f->conf, r.night);
}

/* So many people were asked, that many days ago. */
static void
asked(struct night *n, const char *trigger, int people, int days)
{
	for (int i = 0; i < people; i++)
		(void)verdict_add_sent(&n->w, trigger, verdict_add_card(&n->w),
		    day_add(n->w.night, -days), "7750");
}

static void
new_rows(struct night *n, const char *trigger, int rows)
{
	for (int i = 0; i < rows; i++)
		(void)verdict_add_row(&n->w, trigger, verdict_add_card(&n->w));
}

/* How many go, and how many are kept from it by that reason; no others. */
static void
assert_night(struct night *n, int due, const char *reason, int blocked)
{
	struct verdict *out = calloc(n->w.n_rows, sizeof(*out));
	struct verdict_tally tally = { 0 };
	int goes = 0, stays = 0, other = 0;

	assert_non_null(out);
	assert_true(verdict_check(n->f, &n->w, &tally, out));
	for (size_t i = 0; i < n->w.n_rows; i++) {
		const bool hit = out[i].reason != NULL;
		goes += out[i].due;
		stays += hit && strcmp(out[i].reason, reason) == 0;
		other += hit && strcmp(out[i].reason, reason) != 0;
	}
	free(out);
	verdict_world_free(&n->w);
	assert_int_equal(goes, due);
	assert_int_equal(stays, blocked);
	assert_int_equal(other, 0);
}

static void
test_budget(void **state)
{
	static const struct {
		int used, others, foreign, rows, due, blocked;
	} cases[] = {
		{ 15, 0, 0, 12, 5, 7 },		/* U1, with a plan of 20 */
		{ 20, 0, 0, 12, 0, 12 },	/* U2 */
		{ 19, 0, 0, 1, 1, 0 },		/* its twin: the last one */
		{ 19, 0, 0, 2, 1, 1 },
		{ 10, 5, 0, 12, 5, 7 },		/* others' sends count */
		{ 10, 5, 1, 12, 10, 2 },	/* unless they do not */
	};
	struct night n;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		plain_night(&n, *state);
		n.f->conf.budget.year = 20;
		n.f->conf.rules.count_foreign = cases[i].foreign == 0;
		asked(&n, "meet", cases[i].used, 40);
		asked(&n, "sale", 9, 126);	/* last year's */
		for (int k = 0; k < cases[i].others; k++)
			verdict_add_foreign(&n.w, verdict_add_key(&n.w),
			    day_add(n.w.night, -90), NULL);
		new_rows(&n, "sale", cases[i].rows);
		assert_night(&n, cases[i].due, "over_budget", cases[i].blocked);
	}
}

static void
test_night_max(void **state)
{
	static const struct {
		int max, claimed, due, rows, go, stay;
	} cases[] = {
		{ 50, 0, 0, 51, 50, 1 },	/* U3 */
		{ 50, 0, 0, 49, 49, 0 },	/* U4: n-1, n, n+1 */
		{ 50, 0, 0, 50, 50, 0 },
		{ 50, 48, 0, 3, 2, 1 },		/* this night claimed some */
		{ 50, 48, 1, 3, 1, 2 },		/* and one is due */
		{ 0, 48, 0, 60, 60, 0 },	/* no limit */
	};
	struct night n;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		plain_night(&n, *state);
		n.f->conf.rules.night_max = cases[i].max;
		asked(&n, "sale", cases[i].claimed, 0);
		asked(&n, "sale", 10, 1);
		for (int k = 0; k < cases[i].due; k++)
			(void)verdict_add_due(&n.w, "meet",
			    verdict_add_card(&n.w));
		new_rows(&n, "meet", cases[i].rows);
		assert_night(&n, cases[i].go, "over_cap", cases[i].stay);
	}
}

/* Nights with that many meetings, one after the other with a gap. */
static void
usual_nights(struct night *n, int nights, int people)
{
	for (int i = 0; i < nights; i++)
		asked(n, "meet", people, 1 + 2 * i);
}

static void
test_flood(void **state)
{
	static const struct {
		int usual, nights, rows, due, held;
	} cases[] = {
		{ 8, 14, 40, 40, 0 },		/* L1: 40 fresh ones */
		{ 8, 14, 41, 0, 41 },		/* L2 */
		{ 0, 0, 20, 20, 0 },		/* L5 */
		{ 0, 0, 21, 0, 21 },
		{ 2, 14, 20, 20, 0 },		/* L6 */
		{ 2, 14, 21, 0, 21 },
		{ 6, 14, 30, 30, 0 },
		{ 6, 14, 31, 0, 31 },
		{ 6, 3, 30, 30, 0 },		/* L7: three nights are enough */
		{ 6, 3, 31, 0, 31 },
	};
	struct night n;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		plain_night(&n, *state);
		n.f->conf.rules.flood_floor = 20;
		n.f->conf.rules.flood_factor = 5;
		asked(&n, "meet", 60, 40);	/* the fifteenth night */
		if (cases[i].nights < 14)
			verdict_world_empty(&n.w, n.w.night);
		usual_nights(&n, cases[i].nights, cases[i].usual);
		asked(&n, "sale", 30, 2);	/* others do not matter */
		new_rows(&n, "meet", cases[i].rows);
		assert_night(&n, cases[i].due, "flood", cases[i].held);
	}
}

/* Fourteen nights: the older half had ten meetings, the newer two; of thirteen
 * the median were 2, of fifteen 10. */
static void
test_flood_of_fourteen(void **state)
{
	struct night n;

	for (int more = 0; more < 2; more++) {
		plain_night(&n, *state);
		n.f->conf.rules.flood_floor = 20;
		n.f->conf.rules.flood_factor = 5;
		usual_nights(&n, 7, 2);
		for (int i = 7; i < 15; i++)
			asked(&n, "meet", 10, 1 + 2 * i);
		new_rows(&n, "meet", 30 + more);
		assert_night(&n, more != 0 ? 0 : 30, "flood",
		    more != 0 ? 31 : 0);
	}
}

/* L1 whole: 220 that are too old make no flood.  Released rows make none. */
static void
test_flood_counts_the_free(void **state)
{
	struct night n;

	plain_night(&n, *state);
	n.f->conf.rules.flood_floor = 20;
	n.f->conf.rules.flood_factor = 5;
	usual_nights(&n, 14, 8);
	for (int i = 0; i < 220; i++) {
		const int row = verdict_add_row(&n.w, "meet",
		    verdict_add_card(&n.w));
		n.w.rows[row].occurred_at -= 86400 * 30;
	}
	new_rows(&n, "meet", 40);
	assert_night(&n, 40, "too_old", 220);

	plain_night(&n, *state);
	n.f->conf.rules.flood_floor = 20;
	n.f->conf.rules.flood_factor = 5;
	new_rows(&n, "meet", 41);
	for (size_t i = 0; i < 21; i++)
		n.w.rows[i].released = true;
	assert_night(&n, 41, "flood", 0);
}

/* Others of a house, in this night and before it. */
static void
test_houses(void **state)
{
	static const struct {
		int asked, due, rows, go, stay;
	} cases[] = {
		{ 0, 0, 3, 3, 0 }, { 0, 0, 4, 3, 1 }, { 2, 0, 2, 1, 1 },
		{ 2, 0, 1, 1, 0 }, { 3, 0, 1, 0, 1 }, { 1, 1, 2, 1, 1 },
	};
	struct night n;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		plain_night(&n, *state);
		n.f->conf.rules.company_max = 3;
		asked(&n, "sale", cases[i].asked, 3);
		for (int k = 0; k < cases[i].due; k++)
			(void)verdict_add_due(&n.w, "sale",
			    verdict_add_card(&n.w));
		new_rows(&n, "meet", cases[i].rows);
		for (size_t k = 0; k < n.w.n_cards; k++)
			n.w.cards[k].house = 0;
		n.w.n_houses = 1;
		assert_night(&n, cases[i].go, "company_cap", cases[i].stay);
	}
}

static void
assert_reason(const struct verdict *v, const char *reason)
{
	assert_int_equal(v->due, reason == NULL);
	if (reason != NULL)
		assert_string_equal(v->reason, reason);
}

/* A second card of a person goes when the first is never asked, waits when the
 * first waits for a place, and is out when the first goes; of two people each
 * has a turn. */
static void
test_loser_of_a_loser(void **state)
{
	static const struct {
		bool shared, no_send;
		int night_max;
		const char *first, *second;	/* reasons; NULL = goes */
		enum queue_state state;
	} cases[] = {
		{ true, true, 2, "no_send", NULL, QUEUE_QUEUED },
		{ true, false, 1, "over_cap", "duplicate_person",
		    QUEUE_DEFERRED },
		{ true, false, 3, NULL, "duplicate_person",
		    QUEUE_SUPPRESSED },
		{ false, false, 1, "over_cap", "over_cap", QUEUE_DEFERRED },
		{ false, false, 3, NULL, NULL, QUEUE_QUEUED },
	};
	struct night n;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		plain_night(&n, *state);
		n.f->conf.rules.night_max = cases[i].night_max;
		new_rows(&n, "sale", 1);
		new_rows(&n, "meet", 2);
		n.w.rows[1].occurred_at -= 60;
		n.w.cards[1].no_send = cases[i].no_send;
		if (cases[i].shared)
			n.w.cards[2].keys[0] = n.w.cards[1].keys[0];
		struct verdict out[3];
		struct verdict_tally tally = { 0 };
		assert_true(verdict_check(n.f, &n.w, &tally, out));
		assert_true(out[0].due);
		assert_reason(&out[1], cases[i].first);
		assert_reason(&out[2], cases[i].second);
		assert_int_equal(out[2].state, cases[i].state);
		verdict_world_free(&n.w);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_budget),
		cmocka_unit_test(test_night_max),
		cmocka_unit_test(test_flood),
		cmocka_unit_test(test_flood_of_fourteen),
		cmocka_unit_test(test_flood_counts_the_free),
		cmocka_unit_test(test_houses),
		cmocka_unit_test(test_loser_of_a_loser),
		cmocka_unit_test(test_random_nights),
	};

	return cmocka_run_group_tests(tests, fixture_start, fixture_stop);
}
