/*
 * Decide, with reasons and history written, on n open rows, n cards and 3 n
 * earlier sends; beside it the join of rows and cards alone, and a program that
 * goes row by row over a sample.  All three must agree.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "decide_sql.h"
#include "fill.h"
#include "rowwise.h"
#include "testdb.h"

#define WRITES_WANT 15	/* times as fast as row by row */
#define READS_WANT 6	/* times as long as the join */

struct measured {
	struct bench_series join, join_parallel, reading, deciding, rowwise;
	struct bench_series join_cpu, reading_cpu, deciding_cpu, rowwise_cpu;
};

static double
timed_script(struct bench *b, const char *sql)
{
	const double start = bench_now();

	(void)fixture_int(b->f, "%s", sql);
	return bench_now() - start;
}

/* ---- reading alone ---------------------------------------------------------- */
#define JOIN                                                                 \
	"SELECT count(*) FILTER (WHERE c.gone IS NOT TRUE) FROM npsync.queue q" \
	" LEFT JOIN npsync.contact c ON c.tenant_id = $1"                    \
	"      AND c.connector = q.connector AND c.contact_id = q.contact_id" \
	" WHERE q.tenant_id = $1 AND q.state IN ('queued', 'deferred')"

static double
join(struct bench *b, bool parallel)
{
	bench_script(b, "BEGIN; SET LOCAL max_parallel_workers_per_gather = %d",
	    parallel ? 2 : 0);
	const double s = timed_script(b, JOIN);
	bench_script(b, "COMMIT");
	return s;
}

/* The parts of decide's statement up to the verdicts, which are counted. */
static const char verdicts_sql[] =
    "WITH " RULES_CTE ", cand AS MATERIALIZED (" CAND_COLUMNS
    "     AND q.state IN ('queued', 'deferred')"
    "     AND q.deferred_until <= $3::timestamptz"
    CAND_END "), " DUE_CTE ", " SETS_CTE ", " JUDGED_CTE ", " FATE_CTE
    " SELECT string_agg(verdict || ' ' || n, ', ' ORDER BY verdict) FROM ("
    "   SELECT CASE WHEN ord IS NULL THEN 'go' WHEN alone THEN 'wait'"
    "               ELSE " REASONS "[ord] END AS verdict, n"
    "     FROM (SELECT coalesce(j.ord, z.ord) AS ord,"
    "                  (z.ord = " R_DUPLICATE " AND z.winner IS NULL) IS TRUE AS alone,"
    "                  count(*) AS n"
    "             FROM judged j FULL JOIN fate z ON z.queue_id = j.queue_id"
    "            GROUP BY 1, 2) v) w";

static double
reading(struct bench *b, const char **verdicts)
{
	static const struct db_stmt stmt = { "verdicts", verdicts_sql };
	const struct rules_night night = fixture_rules_night(b->f);
	AUTO(db_result) struct db_result *r = NULL;
	struct err err = { 0 };
	struct rules rules;
	struct db_args args;

	rules_init(&rules, &b->f->conf);
	db_args_init(&args, b->f->scratch);
	const double start = bench_now();
	if (!rules_args(&rules, b->f->db, &night, &args, &err) ||
	    !db_query(b->f->db, &stmt, &args, &r, &err))
		bench_die(&err);
	const double s = bench_now() - start;
	*verdicts = arena_strdup(b->f->run, db_text(r, 0, 0));
	rules_free(&rules);
	return s;
}

/* ---- with all written --------------------------------------------------------- */
static double
deciding(struct bench *b)
{
	const double start = bench_now();

	fixture_decide(b->f);
	return bench_now() - start;
}

/* In the words of a preview. */
static const char *
decided_verdicts(struct bench *b)
{
	return fixture_text(b->f, "SELECT string_agg(verdict || ' ' || n, ', '"
	    " ORDER BY verdict) FROM (SELECT CASE WHEN due_night = '%d' THEN 'go'"
	    "  WHEN state = 'deferred' THEN 'wait' WHEN state = 'suppressed' THEN reason"
	    "  ELSE state END AS verdict, count(*) AS n FROM npsync.queue q"
	    "  JOIN npsync.queue_history h ON h.tenant_id = $1"
	    "       AND h.queue_id = q.queue_id AND h.version = q.version"
	    "       AND h.to_state = q.state"
	    " WHERE q.tenant_id = $1 AND q.decided_night = '%d' GROUP BY 1) v",
	    b->f->stage.night, b->f->stage.night);
}

/* Of the rows that the rival judged, all that was written, history too. */
static const char digest_sql[] =
    "SELECT count(*) || ' rows ' || md5(string_agg(concat_ws('|', q.queue_id,"
    "   q.state, q.reason, q.campaign, q.due_night, q.due_rank, q.version,"
    "   q.deferred_until, q.person::text, h.from_state, h.to_state, h.detail),"
    "   ',' ORDER BY q.queue_id)) FROM npsync.queue q"
    "   JOIN npsync.queue_history h ON h.tenant_id = $1"
    "        AND h.queue_id = q.queue_id AND h.version = q.version"
    "  WHERE q.tenant_id = $1 AND q.decided_night = '2026-05-06'"
    "    AND q.queue_id = ANY ($2::bigint[])";

static const char *
digest(struct db *db, struct bench *b, const char *rows)
{
	static const struct db_stmt stmt = { "digest", digest_sql };
	AUTO(db_result) struct db_result *r = NULL;
	struct err err = { 0 };
	struct db_args args;

	db_args_init(&args, b->f->scratch);
	db_arg_int(&args, b->f->tenant.id);
	db_arg_text(&args, rows);
	if (!db_query(db, &stmt, &args, &r, &err))
		bench_die(&err);
	return arena_strdup(b->f->run, db_text(r, 0, 0));
}

/* ---- rounds ----------------------------------------------------------------- */
static void
round_of(struct bench *b, struct rowwise *w, struct measured *m)
{
	const int pid = (int)fixture_int(b->f,
	    "SELECT pg_backend_pid() WHERE $1::bigint > 0");
	const double part = (double)b->n / (double)b->sample;
	struct rowwise_night night;
	const char *read;

	(void)join(b, false);		/* warms */
	double cpu = bench_cpu(pid);
	bench_add(&m->join, join(b, false));
	bench_add(&m->join_cpu, bench_cpu(pid) - cpu);
	bench_add(&m->join_parallel, join(b, true));
	cpu = bench_cpu(pid);
	bench_add(&m->reading, reading(b, &read));
	bench_add(&m->reading_cpu, bench_cpu(pid) - cpu);
	cpu = bench_cpu(pid);
	bench_add(&m->deciding, deciding(b));
	bench_add(&m->deciding_cpu, bench_cpu(pid) - cpu);
	bench_agree("verdicts read and written", decided_verdicts(b), read);
	rowwise_night(b, &night);
	cpu = bench_cpu(rowwise_pid(w));
	const double start = bench_now();
	rowwise_run(w, &night, b->sample);
	bench_add(&m->rowwise, (bench_now() - start) * part);
	bench_add(&m->rowwise_cpu, (bench_cpu(rowwise_pid(w)) - cpu) * part);
	const int i = m->join.n - 1;
	bench_say("join %.2f, in parallel %.2f, reading %.2f, deciding %.2f, "
	    "%lld rows one by one %.2f", m->join.s[i], m->join_parallel.s[i],
	    m->reading.s[i], m->deciding.s[i], b->sample,
	    m->rowwise.s[i] / part);
}

static void
compare(struct bench *b, struct db *rival)
{
	static const struct db_stmt stmt = { "judged", "SELECT"
	    " array_agg(queue_id)::text FROM npsync.queue WHERE tenant_id = $1"
	    " AND decided_night = '2026-05-06'" };
	AUTO(db_result) struct db_result *r = NULL;
	struct err err = { 0 };
	struct db_args args;

	db_args_init(&args, b->f->scratch);
	db_arg_int(&args, b->f->tenant.id);
	if (!db_query(rival, &stmt, &args, &r, &err))
		bench_die(&err);
	const char *rows = db_text(r, 0, 0);
	bench_agree("rows that both judged", digest(b->f->db, b, rows),
	    digest(rival, b, rows));
	(void)printf("verdicts: %s\nrow by row: %lld rows, all written alike\n",
	    decided_verdicts(b), b->sample * b->rounds);
}

static void
report(const struct bench *b, const struct measured *m)
{
	char rowwise[64];

	(void)snprintf(rowwise, sizeof(rowwise), "row by row, of %lld rows",
	    b->sample);
	const struct bench_line lines[] = {
		{ "decide, all written", bench_median(&m->deciding), rowwise,
		    bench_median(&m->rowwise), false, WRITES_WANT },
		{ "decide, reading alone", bench_median(&m->reading),
		    "join of rows and cards", bench_median(&m->join), true,
		    READS_WANT },
		{ "decide, reading alone", bench_median(&m->reading),
		    "join, two workers more", bench_median(&m->join_parallel), true,
		    0 },
		{ "processor: all written", bench_median(&m->deciding_cpu),
		    rowwise, bench_median(&m->rowwise_cpu), false, 0 },
		{ "processor: reading alone", bench_median(&m->reading_cpu),
		    "join of rows and cards", bench_median(&m->join_cpu), true, 0 },
	};

	(void)printf("decide: %lld rows, %lld cards, %lld sends; median of %d "
	    "rounds; row by row: %d rows a transaction\n", b->n, b->n, 3 * b->n,
	    b->rounds, ROWWISE_BATCH);
	bench_table(lines, ARRAY_LEN(lines));
}

int
main(int argc, char **argv)
{
	struct measured m = { 0 };
	struct bench b;
	char origin[32], name[32];

	bench_options(&b, argc, argv);
	bench_open(&b);
	fill_rules(&b);
	fill_queue(&b, b.n);
	(void)snprintf(origin, sizeof(origin), "%s", testdb_name());
	bench_leave(&b);
	bench_copy(&b, origin);
	struct rowwise *w = rowwise_open(&b);
	struct db *rival = testdb_again();
	for (int i = 0; i < b.rounds; i++) {
		bench_leave(&b);
		if (i > 0)
			testdb_drop(name);
		bench_copy(&b, origin);
		(void)snprintf(name, sizeof(name), "%s", testdb_name());
		round_of(&b, w, &m);
	}
	compare(&b, rival);
	report(&b, &m);
	db_close(rival);
	rowwise_close(w);
	bench_close(&b);
	return 0;
}
