/*
 * verdict_check.c - a world is loaded, previewed and decided, and all that came
 * of it compared with what verdict_night says.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "clock.h"
#include "verdict_load.h"

#define SHOWN_MAX 8	/* differences that are printed in full */
#define AGAIN 4		/* of so many nights one is decided twice */
#define MANY 2000	/* rows whose number the planner should know */

struct check {
	struct fixture *f;
	const struct verdict_world *w;
	const struct verdict *want;
	struct db_result *rows, *preview;
	int differ;
};

static const char *
or_none(const char *s)
{
	return s != NULL ? s : "-";
}

static bool
same(const char *a, const char *b)
{
	return strcmp(or_none(a), or_none(b)) == 0;
}

/* ---- words ------------------------------------------------------------- */
static void
describe_card(const struct verdict_world *w, int i)
{
	const struct verdict_card *c = &w->cards[i];

	print_error("    card c%d keys", i);
	for (int k = 0; k < c->n_keys; k++)
		print_error(" %d", c->keys[k]);
	print_error(" merged %d house %d %s/%s rel %s lang %s employed %d consent %d"
	    " at %lld moved %lld address %d%s%s%s%s%s%s active %d planned %d\n",
	    c->merged, c->house, or_none(c->domain), or_none(c->country),
	    or_none(c->relation), or_none(c->language), c->employed, c->consent,
	    (long long)c->consent_at, (long long)c->company_since, c->address,
	    c->gone ? " gone" : "", c->anonymised ? " anonymised" : "",
	    c->no_send ? " no_send" : "", c->company_no_send ? " house" : "",
	    c->opted_out ? " opted_out" : "", c->role ? " role" : "",
	    c->last_activity_on, c->planned_on);
}

static void
describe(const struct check *k, size_t i)
{
	const struct verdict_row *r = &k->w->rows[i];
	char a[32], b[32], c[32];

	print_error("    row %zu %s card %d %s at %s changed %s made %s night %d"
	    " %s%s until %lld due %d\n", i, r->trigger, r->card,
	    or_none(r->category), clock_iso(a, r->occurred_at),
	    r->transition_at == NO_TIME ? "-" : clock_iso(b, r->transition_at),
	    clock_iso(c, r->created_at), r->created_night,
	    queue_state_name(r->state), r->released ? " released" : "",
	    (long long)r->deferred_until, r->due_night);
	if (r->card >= 0)
		describe_card(k->w, r->card);
}

static NPS_PRINTF(3, 4) void
differs(struct check *k, size_t row, const char *fmt, ...)
{
	va_list ap;

	if (++k->differ > SHOWN_MAX)
		return;
	va_start(ap, fmt);
	vprint_error(fmt, ap);
	va_end(ap);
	describe(k, row);
}

/* ---- rows -------------------------------------------------------------- */
static const char READ[] = "SELECT queue_id, state, reason, due_night,"
    " CASE WHEN deferred_until <> '-infinity' THEN"
    " extract(epoch FROM deferred_until)::bigint END"
    " FROM npsync.queue WHERE tenant_id = $1 ORDER BY client_ref";

static struct db_result *
read_rows(struct fixture *f)
{
	const struct db_stmt stmt = { "verdict_check", READ };
	struct db_result *r = NULL;
	struct db_args args;
	struct err err = { 0 };

	db_args_init(&args, f->scratch);
	db_arg_int(&args, f->tenant.id);
	if (!db_query(f->db, &stmt, &args, &r, &err))
		fail_msg("%s", err.msg);
	arena_reset(f->scratch);
	return r;
}

static void
compare_row(struct check *k, size_t i)
{
	const struct verdict *v = &k->want[i];
	const struct verdict_row *r = &k->w->rows[i];
	const int row = (int)i;
	const char *state = db_text(k->rows, row, 1);
	const char *reason = db_text(k->rows, row, 2);
	const int due = db_day(k->rows, row, 3);
	/* What ends keeps the night in which it was to go. */
	const bool ended = v->state == QUEUE_SUPPRESSED ||
	    v->state == QUEUE_EXPIRED;
	const int want_due = v->due ? k->w->night
	    : v->judged && !ended ? NO_DAY : r->due_night;
	const time_t until = db_time(k->rows, row, 4);
	const time_t want_until = v->waits ? calendar_window_end(
	    &k->w->conf->calendar, k->w->night) : r->deferred_until;

	if (!same(state, queue_state_name(v->state)) || !same(reason, v->reason))
		differs(k, i, "  decided %s %s, expected %s %s\n", state,
		    or_none(reason), queue_state_name(v->state),
		    or_none(v->reason));
	else if (due != want_due)
		differs(k, i, "  due %d, expected %d\n", due, want_due);
	else if (until != want_until)
		differs(k, i, "  waits until %lld, expected %lld\n",
		    (long long)until, (long long)want_until);
}

/* ---- preview ----------------------------------------------------------- */
static struct db_result *
preview(struct fixture *f, bool paused)
{
	struct rules_night night = fixture_rules_night(f);
	struct db_result *r = NULL;
	struct err err = { 0 };

	night.paused = paused;
	if (!decide_preview(f->db, &f->conf, &night, f->scratch, &r, &err))
		fail_msg("%s", err.msg);
	return r;
}

static int
by_id(const void *a, const void *b)
{
	const long long x = *(const long long *)a, y = *(const long long *)b;

	return x < y ? -1 : x > y;
}

/* said[i]: place of the row in the preview; -1 = not listed. */
static int *
find_said(const struct check *k)
{
	const size_t n = k->w->n_rows;
	long long (*ids)[2] = calloc(n + 1, sizeof(*ids));
	int *said = calloc(n + 1, sizeof(*said));

	assert_true(ids != NULL && said != NULL);
	for (size_t i = 0; i < n; i++) {
		ids[i][0] = db_int(k->rows, (int)i, 0);
		ids[i][1] = (long long)i;
		said[i] = -1;
	}
	qsort(ids, n, sizeof(*ids), by_id);
	for (int i = 0; i < db_rows(k->preview); i++) {
		const long long id = db_int(k->preview, i, PREVIEW_ID);
		const long long (*found)[2] = bsearch(&id, ids, n, sizeof(*ids),
		    by_id);
		if (found == NULL)
			fail_msg("the preview names a row of somebody else");
		else
			said[(*found)[1]] = i;
	}
	free(ids);
	return said;
}

static void
compare_preview(struct check *k, struct verdict_tally *tally)
{
	int *said = find_said(k);

	for (size_t i = 0; i < k->w->n_rows; i++) {
		const char *got = said[i] < 0 ? NULL : db_text(k->preview, said[i],
		    PREVIEW_VERDICT);
		if (!same(got, k->want[i].said))
			differs(k, i, "  preview says %s, expected %s\n",
			    or_none(got), or_none(k->want[i].said));
		if (got == NULL)
			continue;
		tally->previewed++;
		tally->said[verdict_place(got)]++;
	}
	free(said);
}

/* ---- the run's counts -------------------------------------------------- */
static const char *
outcome_of(const struct verdict *v)
{
	return v->due ? "due" : queue_state_name(v->state);
}

static long long
expected_count(const struct check *k, const char *outcome, const char *reason)
{
	long long n = 0;

	for (size_t i = 0; i < k->w->n_rows; i++) {
		const struct verdict *v = &k->want[i];
		n += v->judged && (strcmp(outcome, "seen") == 0 ||
		    (strcmp(outcome, outcome_of(v)) == 0 &&
		    strcmp(reason, v->reason != NULL ? v->reason : "") == 0));
	}
	return n;
}

static const char COUNTS[] = "SELECT outcome, reason, sum(n)::bigint"
    " FROM npsync.run_count WHERE tenant_id = $1 AND run_id ="
    " (SELECT max(run_id) FROM npsync.run WHERE tenant_id = $1)"
    " AND stage = 'decide' AND outcome <> 'seen_late' GROUP BY 1, 2";

static bool
compare_counts(struct check *k)
{
	const struct db_stmt stmt = { "verdict_counts", COUNTS };
	AUTO(db_result) struct db_result *r = NULL;
	struct err err = { 0 };
	struct db_args args;
	long long seen = 0, sum = 0;

	if (!runlog_end(&k->f->log, "ok", NULL, &err))
		fail_msg("%s", err.msg);
	db_args_init(&args, k->f->scratch);
	db_arg_int(&args, k->f->tenant.id);
	if (!db_query(k->f->db, &stmt, &args, &r, &err))
		fail_msg("%s", err.msg);
	for (int i = 0; i < db_rows(r); i++) {
		const long long n = db_int(r, i, 2);
		if (strcmp(db_text(r, i, 0), "seen") == 0)
			seen += n;
		else
			sum += n;
		const long long want = expected_count(k, db_text(r, i, 0),
		    db_text(r, i, 1));
		if (n == want)
			continue;
		print_error("  counted %lld %s %s, expected %lld\n", n,
		    db_text(r, i, 0), db_text(r, i, 1), want);
		k->differ++;
	}
	if (seen != sum || seen != expected_count(k, "seen", ""))
		print_error("  %lld seen, the outcomes are %lld, expected %lld\n",
		    seen, sum, expected_count(k, "seen", ""));
	return seen == sum && seen == expected_count(k, "seen", "");
}

/* One alarm per trigger that was held, one for the budget; no others. */
static bool
compare_alarms(struct check *k)
{
	const struct conf *conf = k->w->conf;
	long long floods = 0;
	bool budget = false;

	for (size_t t = 0; t < conf->n_triggers; t++) {
		bool held = false;
		for (size_t i = 0; i < k->w->n_rows; i++)
			held |= same(k->want[i].reason, "flood") &&
			    same(k->w->rows[i].trigger, conf->triggers[t].code);
		floods += held;
	}
	for (size_t i = 0; i < k->w->n_rows; i++)
		budget |= same(k->want[i].reason, "over_budget");
	const long long raised = fixture_int(k->f, "SELECT count(*) FROM"
	    " npsync.alarm WHERE tenant_id = $1 AND kind = 'flood'"
	    " AND state = 'raised'");
	const long long spent = fixture_int(k->f, "SELECT count(*) FROM"
	    " npsync.alarm WHERE tenant_id = $1 AND kind = 'budget'"
	    " AND state = 'raised'");
	if (raised != floods || spent != budget)
		print_error("  %lld alarms of floods, expected %lld; %lld of the"
		    " budget, expected %d\n", raised, floods, spent, budget);
	return raised == floods && spent == budget;
}

/* ---- all of it --------------------------------------------------------- */
static void
count(const struct check *k, struct verdict_tally *tally)
{
	tally->worlds++;
	tally->rows += (long long)k->w->n_rows;
	for (size_t i = 0; i < k->w->n_rows; i++) {
		const struct verdict *v = &k->want[i];
		tally->judged += v->judged;
		tally->due += v->due;
		tally->waiting += v->waits;
		if (v->reason != NULL)
			tally->reason[verdict_place(v->reason)]++;
	}
}

static bool
compare(struct check *k, struct verdict_tally *tally)
{
	assert_int_equal(db_rows(k->rows), k->w->n_rows);
	for (size_t i = 0; i < k->w->n_rows; i++)
		compare_row(k, i);
	compare_preview(k, tally);
	db_result_free(k->rows);
	db_result_free(k->preview);
	const bool counted = compare_counts(k), told = compare_alarms(k);
	if (k->differ > 0)
		print_error("  %d differences in %zu rows, night %d, tenant %lld\n",
		    k->differ, k->w->n_rows, k->w->night, k->f->tenant.id);
	return k->differ == 0 && counted && told;
}

static void
analyse(struct fixture *f)
{
	struct err err = { 0 };

	if (!db_script(f->db, "ANALYZE npsync.queue, npsync.contact,"
	    " npsync.person_send, npsync.opt_out", &err))
		fail_msg("%s", err.msg);
}

bool
verdict_check(struct fixture *f, const struct verdict_world *world,
    struct verdict_tally *tally, struct verdict *out)
{
	struct verdict *want = calloc(world->n_rows + 1, sizeof(*want));
	struct check k = { .f = f, .w = world, .want = want };

	assert_non_null(want);
	verdict_load(f, world);
	if (world->n_rows > MANY)
		analyse(f);
	verdict_night(world, want);
	k.preview = preview(f, world->paused);
	fixture_decide(f);
	k.rows = read_rows(f);
	const bool equal = compare(&k, tally);
	count(&k, tally);
	if (f->tenant.id % AGAIN == 0) {
		fixture_decide(f);
		assert_int_equal(runlog_get(&f->log, "decide", "seen"), 0);
	}
	if (out != NULL)
		memcpy(out, want, world->n_rows * sizeof(*want));
	free(want);
	return equal;
}

void
verdict_check_sum(struct verdict_tally *sum, const struct verdict_tally *part)
{
	sum->worlds += part->worlds;
	sum->rows += part->rows;
	sum->judged += part->judged;
	sum->due += part->due;
	sum->waiting += part->waiting;
	sum->previewed += part->previewed;
	for (size_t i = 0; i < ARRAY_LEN(sum->reason); i++) {
		sum->reason[i] += part->reason[i];
		sum->said[i] += part->said[i];
	}
}

void
verdict_say(const char *what, const struct verdict_tally *t)
{
	print_message("%s: %lld worlds, %lld rows compared, %lld judged, %lld due,"
	    " %lld wait, %lld previewed\n", what, t->worlds, t->rows, t->judged,
	    t->due, t->waiting, t->previewed);
	for (int i = 0; verdict_codes[i] != NULL; i++)
		if (t->reason[i] + t->said[i] > 0)
			print_message("  %-17s %7lld kept, %7lld foretold\n",
			    verdict_codes[i], t->reason[i], t->said[i]);
}
