/*
 * effect_batch.c - many effects of one kind and target in one statement, and
 * what people are shown and may settle.
 */
#include "effect.h"

#include <string.h>

DB_STMT(effect_doing_all,
    "WITH e AS MATERIALIZED ("
    "  SELECT 1 FROM npsync.tenant WHERE tenant_id = $1 AND epoch = $6"
    "     AND lease_until > now() FOR SHARE"
    "), put AS ("
    "  UPDATE npsync.effect f SET state = 'doing', reason = NULL, updated_at = $5::timestamptz"
    "   WHERE f.tenant_id = $1 AND f.kind = $2 AND f.target = $3 AND f.state = 'wanted'"
    "     AND f.subject = ANY ($4::text[]) AND EXISTS (SELECT 1 FROM e)"
    "  RETURNING f.subject)"
    " SELECT (SELECT count(*) FROM e), p.subject FROM (SELECT 1) o LEFT JOIN put p ON true");

DB_STMT(effect_outcome_all,
    "UPDATE npsync.effect f"
    "   SET state = CASE WHEN r.state = 'wanted' AND f.tries + 1 >= $5 THEN 'failed' ELSE r.state END,"
    "       reason = CASE WHEN r.state = 'wanted' AND f.tries + 1 >= $5"
    "                     THEN coalesce(r.reason, 'put off too often') ELSE r.reason END,"
    "       tries = CASE WHEN r.state = 'done' THEN 0 ELSE f.tries + 1 END,"
    "       payload_hash = coalesce(r.hash, f.payload_hash), updated_at = $4::timestamptz"
    "  FROM unnest($7::text[], $8::text[], $9::text[], $10::text[]) AS r(subject, state, reason, hash)"
    " WHERE f.tenant_id = $1 AND f.kind = $2 AND f.target = $3 AND f.subject = r.subject"
    "   AND f.state = $6");

DB_STMT(effect_doubtful,
    "SELECT kind, target, state, max(reason), max(subject),"
    "       extract(epoch from max(updated_at))::bigint, count(*), count(*) OVER ()"
    "  FROM npsync.effect WHERE tenant_id = $1"
    "   AND (state = 'unknown' OR updated_at >= $2::timestamptz"
    "        AND (state = 'failed' OR state = 'wanted' AND tries > 0))"
    "   AND kind IN ('field', 'history', 'feed', 'task', 'opt_out')"
    " GROUP BY kind, target, state, CASE WHEN state = 'unknown' THEN subject END"
    " ORDER BY state = 'unknown', state DESC, kind, 2, 5 LIMIT 50");

DB_STMT(effect_settled,
    "UPDATE npsync.effect SET state = $4, reason = NULL, tries = 0, updated_at = $5::timestamptz"
    " WHERE tenant_id = $1 AND kind = $2 AND subject = $3 AND state = 'unknown'"
    "   AND kind IN ('feed', 'task')");

static void
put_set(struct db_args *args, struct arena *arena, long long tenant_id,
    const struct effect_set *set)
{
	db_args_init(args, arena);
	db_arg_int(args, tenant_id);
	db_arg_text(args, set->kind);
	db_arg_text(args, set->target);
}

static bool
begin_all(struct db *db, const struct tenant *tenant,
    const struct effect_set *set, struct db_array *subjects, time_t now,
    struct arena *arena, struct db_result **r, struct err *err)
{
	struct db_args args;

	put_set(&args, arena, tenant->id, set);
	db_array_texts(subjects, set->subject, set->n);
	db_arg_array(&args, subjects);
	db_arg_time(&args, now);
	db_arg_int(&args, tenant->epoch);
	return db_query(db, &effect_doing_all, &args, r, err);
}

bool
effect_begin_all(struct db *db, const struct tenant *tenant,
    const struct effect_set *set, time_t now, struct arena *arena, bool *begun,
    struct err *err)
{
	AUTO(db_result) struct db_result *r = NULL;
	struct db_array subjects;

	db_array_init(&subjects);
	const bool ok = begin_all(db, tenant, set, &subjects, now, arena, &r, err);
	db_array_free(&subjects);
	if (!ok)
		return false;
	if (db_int(r, 0, 0) == 0)
		return tenant_lost(tenant, err);
	for (size_t i = 0; i < set->n; i++) {
		begun[i] = false;
		for (int row = 0; row < db_rows(r) && !begun[i]; row++)
			begun[i] = !db_is_null(r, row, 1) &&
			    strcmp(db_text(r, row, 1), set->subject[i]) == 0;
	}
	return true;
}

bool
effect_end_all(struct db *db, long long tenant_id,
    const struct effect_set *set, enum effect_state from,
    const struct effect_outcome *outcomes, time_t now, struct arena *arena,
    struct err *err)
{
	struct db_array col[4];
	struct db_args args;

	db_arrays_init(col, ARRAY_LEN(col));
	for (size_t i = 0; i < set->n; i++) {
		db_array_text(&col[0], set->subject[i]);
		db_array_text(&col[1], effect_state_name(outcomes[i].state));
		db_array_text(&col[2], outcomes[i].reason);
		db_array_text(&col[3], outcomes[i].hash);
	}
	put_set(&args, arena, tenant_id, set);
	db_arg_time(&args, now);
	db_arg_int(&args, EFFECT_TRIES_MAX);
	db_arg_text(&args, effect_state_name(from));
	db_arg_arrays(&args, col, ARRAY_LEN(col));
	const bool ok = db_query(db, &effect_outcome_all, &args, NULL, err);
	db_arrays_free(col, ARRAY_LEN(col));
	return ok;
}

bool
effect_list_doubtful(struct db *db, long long tenant_id, time_t since,
    struct arena *arena, struct db_result **result, struct err *err)
{
	struct db_args args;

	db_args_init(&args, arena);
	db_arg_int(&args, tenant_id);
	db_arg_time(&args, since);
	return db_query(db, &effect_doubtful, &args, result, err);
}

bool
effect_resolve(struct db *db, long long tenant_id, const char *kind,
    const char *subject, enum effect_state to, time_t now, struct arena *arena,
    long long *n, struct err *err)
{
	AUTO(db_result) struct db_result *r = NULL;
	struct db_args args;

	db_args_init(&args, arena);
	db_arg_int(&args, tenant_id);
	db_arg_text(&args, kind);
	db_arg_text(&args, subject);
	db_arg_text(&args, effect_state_name(to));
	db_arg_time(&args, now);
	if (!db_query(db, &effect_settled, &args, &r, err))
		return false;
	*n = db_affected(r);
	return true;
}
