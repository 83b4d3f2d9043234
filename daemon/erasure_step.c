/*
 * erasure_step.c - what is to be erased at others, and the receipt.
 */
#include "erasure.h"

#include "clock.h"

#define STEP                                                                 \
	"t.tenant_id = $1 AND t.erasure_id = $2 AND t.place = $3 AND t.kind = $4" \
	" AND t.target = $5 AND t.tag = $6"

DB_STMT(erasure_step_rows,
    "SELECT erasure_id, place, kind, target, tag_prefix, tag FROM npsync.erasure_step"
    " WHERE tenant_id = $1 AND coalesce(tried_at, '-infinity') < $2::timestamptz"
    " ORDER BY erasure_id, place, kind, target, tag LIMIT $3");
DB_STMT(erasure_step_end,
    "WITH gone AS ("
    "  DELETE FROM npsync.erasure_step t WHERE " STEP " RETURNING 1)"
    " UPDATE npsync.erasure r SET counts = CASE WHEN $7::text IS NULL THEN r.counts"
    "        ELSE r.counts || jsonb_build_object($7::text, coalesce((r.counts->>$7::text)::bigint, 0) + 1) END,"
    "        by_hand = CASE WHEN $8::text IS NULL OR $8::text = ANY (r.by_hand) THEN r.by_hand"
    "                       ELSE r.by_hand || $8::text END"
    "  WHERE r.tenant_id = $1 AND r.erasure_id = $2 AND EXISTS (SELECT 1 FROM gone)");
DB_STMT(erasure_step_tried,
    "UPDATE npsync.erasure_step t SET tried_at = $7::timestamptz, reason = $8 WHERE " STEP);
DB_STMT(erasure_complete,
    "WITH done AS ("
    "  UPDATE npsync.erasure r SET completed_at = $2::timestamptz"
    "   WHERE r.tenant_id = $1 AND r.completed_at IS NULL AND NOT EXISTS ("
    "     SELECT 1 FROM npsync.erasure_step t WHERE t.tenant_id = $1 AND t.erasure_id = r.erasure_id)"
    ")"
    " SELECT count(*) FROM npsync.erasure_step WHERE tenant_id = $1");
DB_STMT(erasure_steps_open,
    "SELECT count(*) FROM npsync.erasure_step WHERE tenant_id = $1");
DB_STMT(erasure_one,
    "SELECT extract(epoch from requested_at)::bigint, actor,"
    "       extract(epoch from completed_at)::bigint"
    "  FROM npsync.erasure WHERE tenant_id = $1 AND erasure_id = $2");
DB_STMT(erasure_receipt,
    "SELECT state, place, n, note FROM ("
    "  SELECT 1 AS ord, 'erased' AS state, c.key AS place, c.value::bigint AS n, NULL AS note"
    "    FROM npsync.erasure r, jsonb_each_text(r.counts) c"
    "   WHERE r.tenant_id = $1 AND r.erasure_id = $2"
    "  UNION ALL"
    "  SELECT 2, 'by hand', '', NULL, h FROM npsync.erasure r, unnest(r.by_hand) h"
    "   WHERE r.tenant_id = $1 AND r.erasure_id = $2"
    "  UNION ALL"
    "  SELECT 3, 'open', t.place || ', ' || t.kind, count(*), min(t.reason)"
    "    FROM npsync.erasure_step t WHERE t.tenant_id = $1 AND t.erasure_id = $2"
    "   GROUP BY t.place, t.kind) x ORDER BY ord, place, note");

bool
erasure_steps(struct db *db, long long tenant_id, time_t before, int max,
    struct arena *arena, struct erasure_step **steps, size_t *n,
    struct err *err)
{
	AUTO(db_result) struct db_result *r = NULL;
	struct db_args args;

	db_args_init(&args, arena);
	db_arg_int(&args, tenant_id);
	db_arg_time(&args, before);
	db_arg_int(&args, max);
	if (!db_query(db, &erasure_step_rows, &args, &r, err))
		return false;
	*n = (size_t)db_rows(r);
	*steps = arena_array(arena, *n + 1, sizeof(**steps));
	for (int i = 0; *steps != NULL && i < db_rows(r); i++)
		(*steps)[i] = (struct erasure_step){ db_int(r, i, 0),
			arena_strdup(arena, db_text(r, i, 1)),
			arena_strdup(arena, db_text(r, i, 2)),
			arena_strdup(arena, db_text(r, i, 3)),
			arena_strdup(arena, db_text(r, i, 4)),
			arena_strdup(arena, db_text(r, i, 5)) };
	return arena_failed(arena) ? err_nomem(err) : true;
}

static void
step_args(struct db_args *args, long long tenant_id,
    const struct erasure_step *step, struct arena *arena)
{
	db_args_init(args, arena);
	db_arg_int(args, tenant_id);
	db_arg_int(args, step->erasure_id);
	db_arg_text(args, step->place);
	db_arg_text(args, step->kind);
	db_arg_text(args, step->target);
	db_arg_text(args, step->tag);
}

static bool
end_step(struct db *db, long long tenant_id, const struct erasure_step *step,
    const char *what, const char *note, struct arena *arena, struct err *err)
{
	struct db_args args;

	step_args(&args, tenant_id, step, arena);
	db_arg_text(&args, what);
	db_arg_text(&args, note);
	return db_query(db, &erasure_step_end, &args, NULL, err);
}

bool
erasure_step_done(struct db *db, long long tenant_id,
    const struct erasure_step *step, const char *what, struct arena *arena,
    struct err *err)
{
	return end_step(db, tenant_id, step, what, NULL, arena, err);
}

bool
erasure_step_by_hand(struct db *db, long long tenant_id,
    const struct erasure_step *step, const char *note, struct arena *arena,
    struct err *err)
{
	return end_step(db, tenant_id, step, NULL, note, arena, err);
}

bool
erasure_step_open(struct db *db, long long tenant_id,
    const struct erasure_step *step, const char *reason, time_t now,
    struct arena *arena, struct err *err)
{
	struct db_args args;

	step_args(&args, tenant_id, step, arena);
	db_arg_time(&args, now);
	db_arg_text(&args, reason);
	return db_query(db, &erasure_step_tried, &args, NULL, err);
}

bool
erasure_end(struct db *db, long long tenant_id, time_t now,
    struct arena *arena, long long *open, struct err *err)
{
	AUTO(db_result) struct db_result *r = NULL;
	struct db_args args;

	db_args_init(&args, arena);
	db_arg_int(&args, tenant_id);
	db_arg_time(&args, now);
	if (!db_query(db, &erasure_complete, &args, &r, err))
		return false;
	*open = db_int(r, 0, 0);
	return true;
}

bool
erasure_open(struct db *db, long long tenant_id, struct arena *arena,
    long long *open, struct err *err)
{
	AUTO(db_result) struct db_result *r = NULL;
	struct db_args args;

	db_args_init(&args, arena);
	db_arg_int(&args, tenant_id);
	if (!db_query(db, &erasure_steps_open, &args, &r, err))
		return false;
	*open = db_int(r, 0, 0);
	return true;
}

static bool
read_of(struct db *db, const struct db_stmt *stmt, long long tenant_id,
    long long id, struct arena *arena, struct db_result **result,
    struct err *err)
{
	struct db_args args;

	db_args_init(&args, arena);
	db_arg_int(&args, tenant_id);
	db_arg_int(&args, id);
	return db_query(db, stmt, &args, result, err);
}

bool
erasure_read(struct db *db, long long tenant_id, long long id,
    struct arena *arena, struct db_result **result, struct err *err)
{
	return read_of(db, &erasure_one, tenant_id, id, arena, result, err);
}

bool
erasure_lines(struct db *db, long long tenant_id, long long id,
    struct arena *arena, struct db_result **result, struct err *err)
{
	return read_of(db, &erasure_receipt, tenant_id, id, arena, result, err);
}
