/*
 * The evening's look at what the night will do: n / 10 open rows of n cards,
 * every row with its words for people, and `npsync explain` of one of them.
 */
#include <stdio.h>

#include "fill.h"

#define LOOK_WANT_S 10		/* a person waits for it */

static double
look(struct bench *b, int *rows)
{
	const struct rules_night night = fixture_rules_night(b->f);
	AUTO(db_result) struct db_result *r = NULL;
	struct err err = { 0 };

	const double start = bench_now();
	if (!decide_preview(b->f->db, &b->f->conf, &night, b->f->scratch, &r,
	        &err))
		bench_die(&err);
	*rows = db_rows(r);
	return bench_now() - start;
}

static double
explain(struct bench *b, long long row)
{
	const struct rules_night night = fixture_rules_night(b->f);
	AUTO(db_result) struct db_result *r = NULL;
	struct err err = { 0 };

	const double start = bench_now();
	if (!decide_explain(b->f->db, &b->f->conf, &night, row, b->f->scratch,
	        &r, &err))
		bench_die(&err);
	return bench_now() - start;
}

int
main(int argc, char **argv)
{
	struct bench_series looks = { .n = 0 }, explains = looks;
	char expected[24], seen[24];
	struct bench b;
	int rows = 0;

	bench_options(&b, argc, argv);
	bench_open(&b);
	fill_rules(&b);
	fill_queue(&b, b.n / 10);
	const long long row = fixture_int(b.f, "SELECT max(queue_id) FROM"
	    " npsync.queue WHERE tenant_id = $1");
	for (int i = 0; i < b.rounds; i++) {
		bench_add(&looks, look(&b, &rows));
		bench_add(&explains, explain(&b, row));
		bench_say("preview %.2f, explain %.2f", looks.s[i], explains.s[i]);
	}
	(void)snprintf(expected, sizeof(expected), "%lld", b.n / 10);
	(void)snprintf(seen, sizeof(seen), "%d", rows);
	bench_agree("rows of the preview", seen, expected);
	(void)printf("preview: %d rows, %lld cards, %lld sends; median of %d "
	    "rounds\n", rows, b.n, 3 * b.n, b.rounds);
	bench_limit("preview", bench_median(&looks), LOOK_WANT_S);
	bench_limit("explain of one row", bench_median(&explains), LOOK_WANT_S);
	bench_close(&b);
	return 0;
}
