/*
 * Who fell silent, out of n cards: asked of the dates that the cards carry, and
 * beside it, of a table of 10 n activities, by GROUP BY and by EXISTS.
 */
#include <stdio.h>

#include "bench.h"
#include "event.h"
#include "fill.h"
#include "stage_forecast.h"

#define WANT_S 0.020
#define PAGE 2000		/* as the stage asks */

/* $2 .. $3 window of the last activity, $4 newest win. */
#define WON                                                                  \
	"  JOIN npsync.contact c ON c.tenant_id = $1 AND c.connector = a.connector" \
	"       AND c.contact_id = a.contact_id AND c.last_won_on <= '%s' AND NOT c.gone"
#define GROUPED                                                              \
	"SELECT count(*) FROM (SELECT connector, contact_id FROM bench.activity" \
	"   WHERE tenant_id = $1 GROUP BY 1, 2"                              \
	"  HAVING max(day) BETWEEN '%s' AND '%s') a" WON
#define EXISTING                                                             \
	"SELECT count(*) FROM npsync.contact c WHERE c.tenant_id = $1"       \
	"   AND c.last_won_on <= '%s' AND NOT c.gone"                        \
	"   AND EXISTS (SELECT 1 FROM bench.activity a WHERE a.tenant_id = $1" \
	"          AND a.connector = c.connector AND a.contact_id = c.contact_id" \
	"          AND a.day BETWEEN '%s' AND '%s')"                         \
	"   AND NOT EXISTS (SELECT 1 FROM bench.activity a WHERE a.tenant_id = $1" \
	"          AND a.connector = c.connector AND a.contact_id = c.contact_id" \
	"          AND a.day > '%s')"

struct days {
	char from[16], until[16], won_until[16];
	struct silence w;
};

/* Both questions of the stage, as it asks them. */
static double
carried(struct bench *b, const struct days *d, long long *n)
{
	AUTO(db_result) struct db_result *r = NULL;
	struct fixture *f = b->f;
	struct err err = { 0 };
	long long planned;

	const double start = bench_now();
	if (!event_find_silent(f->db, f->tenant.id, d->w.from, d->w.until,
	        d->w.won_until, f->stage.night, PAGE, f->scratch, &r, &err) ||
	    !event_count_planned(f->db, f->tenant.id, d->w.from, d->w.until,
	        d->w.won_until, f->stage.night, f->scratch, &planned, &err))
		bench_die(&err);
	*n = db_rows(r);
	return bench_now() - start;
}

static double
grouped(struct bench *b, const struct days *d, long long *n)
{
	const double start = bench_now();

	*n = fixture_int(b->f, GROUPED, d->from, d->until, d->won_until);
	return bench_now() - start;
}

static double
existing(struct bench *b, const struct days *d, long long *n)
{
	const double start = bench_now();

	*n = fixture_int(b->f, EXISTING, d->won_until, d->from, d->until,
	    d->until);
	return bench_now() - start;
}

static void
agree(long long ours, long long by_group, long long by_exists)
{
	char a[24], g[24], e[24];

	(void)snprintf(a, sizeof(a), "%lld", ours);
	(void)snprintf(g, sizeof(g), "%lld", by_group);
	(void)snprintf(e, sizeof(e), "%lld", by_exists);
	/* A page is full: there may be more. */
	if (ours < PAGE)
		bench_agree("silent by GROUP BY", a, g);
	bench_agree("silent by EXISTS", g, e);
}

static void
days_of(const struct bench *b, struct days *d)
{
	const struct conf_trigger *t = &b->f->trigger[T_INACT];

	d->w = forecast_window(b->f->stage.night, t->period_days,
	    t->width_days);
	(void)day_iso(d->from, d->w.from);
	(void)day_iso(d->until, d->w.until);
	(void)day_iso(d->won_until, d->w.won_until);
}

int
main(int argc, char **argv)
{
	struct bench_series ours = { .n = 0 }, group = ours, exists = ours;
	long long n = 0, by_group = 0, by_exists = 0;
	struct days d;
	struct bench b;

	bench_options(&b, argc, argv);
	bench_open(&b);
	fill_activities(&b);
	days_of(&b, &d);
	for (int i = 0; i <= b.rounds; i++) {
		const double o = carried(&b, &d, &n);
		const double g = grouped(&b, &d, &by_group);
		const double e = existing(&b, &d, &by_exists);
		agree(n, by_group, by_exists);
		if (i == 0)	/* warms */
			continue;
		bench_add(&ours, o);
		bench_add(&group, g);
		bench_add(&exists, e);
		bench_say("cards %.4f, GROUP BY %.3f, EXISTS %.3f", o, g, e);
	}
	const struct bench_line lines[] = {
		{ "silence, dates on the cards", bench_median(&ours),
		    "GROUP BY of all activities", bench_median(&group), false, 0 },
		{ "silence, dates on the cards", bench_median(&ours),
		    "EXISTS and NOT EXISTS", bench_median(&exists), false, 0 },
	};
	(void)printf("inactivity: %lld cards, %lld activities, %lld silent; "
	    "median of %d rounds\n", b.n, 10 * b.n, by_exists, b.rounds);
	bench_table(lines, ARRAY_LEN(lines));
	bench_limit("inactivity", bench_median(&ours), WANT_S);
	bench_close(&b);
	return 0;
}
