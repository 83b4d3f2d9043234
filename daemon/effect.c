#include "effect.h"

#include <string.h>

DB_STMT(effect_state_of,
    "SELECT state FROM npsync.effect WHERE tenant_id = $1 AND kind = $2"
    "   AND target = $3 AND subject = $4");

DB_STMT(effect_doing,
    "WITH e AS MATERIALIZED ("
    "  SELECT 1 FROM npsync.tenant WHERE tenant_id = $1 AND epoch = $6"
    "     AND lease_until > now() FOR SHARE"
    ")"
    " INSERT INTO npsync.effect AS f (tenant_id, kind, target, subject, state, updated_at)"
    " SELECT $1, $2, $3, $4, 'doing', $5::timestamptz FROM e"
    " ON CONFLICT (tenant_id, kind, target, subject) DO UPDATE"
    "    SET state = 'doing', reason = NULL, updated_at = EXCLUDED.updated_at"
    "  WHERE f.state IN ('wanted', 'failed')");

DB_STMT(effect_outcome,
    "UPDATE npsync.effect SET state = $5, reason = $6, updated_at = $7::timestamptz"
    " WHERE tenant_id = $1 AND kind = $2 AND target = $3 AND subject = $4"
    "   AND state = 'doing'");

DB_STMT(effect_died,
    "WITH e AS MATERIALIZED ("
    "  SELECT 1 FROM npsync.tenant WHERE tenant_id = $1 AND epoch = $4"
    "     AND lease_until > now() FOR SHARE"
    ")"
    " UPDATE npsync.effect SET state = 'unknown', reason = 'the run died',"
    "        updated_at = $3::timestamptz"
    "  WHERE tenant_id = $1 AND kind = $2 AND state = 'doing'"
    "    AND EXISTS (SELECT 1 FROM e)");

DB_STMT(effect_unknown,
    "SELECT subject, count(*) FROM npsync.effect"
    " WHERE tenant_id = $1 AND kind = $2 AND state = 'unknown'"
    "   AND updated_at >= $3::timestamptz"
    " GROUP BY subject ORDER BY subject");

static const char *const names[] = { [EFFECT_WANTED] = "wanted",
	[EFFECT_DOING] = "doing", [EFFECT_DONE] = "done",
	[EFFECT_UNKNOWN] = "unknown", [EFFECT_FAILED] = "failed" };

const char *
effect_state_name(enum effect_state state)
{
	return names[state];
}

static void
put_key(struct db_args *args, struct arena *arena, long long tenant_id,
    const struct effect *effect)
{
	db_args_init(args, arena);
	db_arg_int(args, tenant_id);
	db_arg_text(args, effect->kind);
	db_arg_text(args, effect->target);
	db_arg_text(args, effect->subject);
}

bool
effect_find(struct db *db, long long tenant_id, const struct effect *effect,
    struct arena *arena, enum effect_state *state, struct err *err)
{
	AUTO(db_result) struct db_result *r = NULL;
	struct db_args args;

	*state = EFFECT_WANTED;
	put_key(&args, arena, tenant_id, effect);
	if (!db_query(db, &effect_state_of, &args, &r, err))
		return false;
	for (size_t i = 0; db_rows(r) == 1 && i < ARRAY_LEN(names); i++)
		if (strcmp(db_text(r, 0, 0), names[i]) == 0)
			*state = (enum effect_state)i;
	return true;
}

/* Nothing was begun: by whose doing? */
static bool
not_begun(struct db *db, const struct tenant *tenant,
    const struct effect *effect, struct arena *arena, struct err *err)
{
	enum effect_state state;

	if (!effect_find(db, tenant->id, effect, arena, &state, err))
		return false;
	return (state != EFFECT_WANTED && state != EFFECT_FAILED) ||
	    tenant_lost(tenant, err);
}

bool
effect_begin(struct db *db, const struct tenant *tenant,
    const struct effect *effect, time_t now, struct arena *arena, bool *begun,
    struct err *err)
{
	AUTO(db_result) struct db_result *r = NULL;
	struct db_args args;

	*begun = false;
	put_key(&args, arena, tenant->id, effect);
	db_arg_time(&args, now);
	db_arg_int(&args, tenant->epoch);
	if (!db_query(db, &effect_doing, &args, &r, err))
		return false;
	*begun = db_affected(r) == 1;
	return *begun || not_begun(db, tenant, effect, arena, err);
}

bool
effect_end(struct db *db, long long tenant_id, const struct effect *effect,
    enum effect_state state, const char *reason, time_t now,
    struct arena *arena, struct err *err)
{
	AUTO(db_result) struct db_result *r = NULL;
	struct db_args args;

	put_key(&args, arena, tenant_id, effect);
	db_arg_text(&args, names[state]);
	db_arg_text(&args, reason);
	db_arg_time(&args, now);
	return db_query(db, &effect_outcome, &args, &r, err);
}

bool
effect_settle(struct db *db, const struct tenant *tenant, const char *kind,
    time_t now, struct arena *arena, long long *n, struct err *err)
{
	AUTO(db_result) struct db_result *r = NULL;
	struct db_args args;

	db_args_init(&args, arena);
	db_arg_int(&args, tenant->id);
	db_arg_text(&args, kind);
	db_arg_time(&args, now);
	db_arg_int(&args, tenant->epoch);
	if (!db_query(db, &effect_died, &args, &r, err))
		return false;
	*n = db_affected(r);
	return true;
}

bool
effect_list_unknown(struct db *db, long long tenant_id, const char *kind,
    time_t since, struct arena *arena, struct db_result **result,
    struct err *err)
{
	struct db_args args;

	db_args_init(&args, arena);
	db_arg_int(&args, tenant_id);
	db_arg_text(&args, kind);
	db_arg_time(&args, since);
	return db_query(db, &effect_unknown, &args, result, err);
}

/* ---- several that one act causes ------------------------------------------ */
DB_STMT(effect_doing_rows,
    "WITH e AS MATERIALIZED ("
    "  SELECT 1 FROM npsync.tenant WHERE tenant_id = $1 AND epoch = $6"
    "     AND lease_until > now() FOR SHARE"
    "), put AS ("
    "  INSERT INTO npsync.effect AS f (tenant_id, kind, target, subject, state, updated_at)"
    "  SELECT DISTINCT $1::bigint, $2, $3, s.subject, 'doing', $5::timestamptz"
    "    FROM e, unnest($4::text[]) AS s(subject)"
    "  ON CONFLICT (tenant_id, kind, target, subject) DO UPDATE"
    "     SET state = 'doing', reason = NULL, updated_at = EXCLUDED.updated_at"
    "   WHERE f.state IN ('wanted', 'failed')"
    "  RETURNING f.subject)"
    " SELECT p.subject, EXISTS (SELECT 1 FROM e) FROM (VALUES (1)) one(n) LEFT JOIN put p ON true");
DB_STMT(effect_outcome_rows,
    "UPDATE npsync.effect f SET state = $5, reason = $6, updated_at = $7::timestamptz"
    " WHERE f.tenant_id = $1 AND f.kind = $2 AND f.target = $3"
    "   AND f.subject = ANY ($4::text[]) AND f.state = 'doing'");
DB_STMT(effect_open,
    "SELECT f.target, f.subject, f.how, extract(epoch from f.updated_at)::bigint FROM npsync.effect f"
    " WHERE f.tenant_id = $1 AND f.kind = $2 AND f.state IN ('wanted', 'failed')"
    "   AND f.how IS NOT NULL"
    /* At once before lists, and new ones before those that were refused. */
    " ORDER BY f.how LIKE 'digest%', f.state DESC, f.updated_at, f.target, f.subject LIMIT $3");
DB_STMT(effect_over,
    "WITH e AS MATERIALIZED ("
    "  SELECT 1 FROM npsync.tenant WHERE tenant_id = $1 AND epoch = $7"
    "     AND lease_until > now() FOR SHARE"
    ")"
    " UPDATE npsync.effect f SET state = 'failed', how = NULL, reason = $5,"
    "        updated_at = $6::timestamptz"
    "   FROM unnest($3::text[], $4::text[]) AS g(target, subject)"
    "  WHERE f.tenant_id = $1 AND f.kind = $2 AND f.target = g.target"
    "    AND f.subject = g.subject AND f.state IN ('wanted', 'failed')"
    "    AND EXISTS (SELECT 1 FROM e)");
DB_STMT(effect_tried,
    "SELECT EXISTS (SELECT 1 FROM npsync.effect f WHERE f.tenant_id = $1 AND f.kind = $2"
    "   AND f.target = $3 AND left(f.subject, length($4)) = $4"
    "   AND f.state IN ('doing', 'done', 'unknown'))");
DB_STMT(effect_targets,
    "SELECT f.target, f.subject FROM npsync.effect f WHERE f.tenant_id = $1 AND f.kind = $2"
    "   AND f.subject = ANY ($3::text[]) ORDER BY f.target, f.subject");
DB_STMT(effect_told,
    "SELECT f.kind, f.state, count(*) FROM npsync.effect f"
    " WHERE f.tenant_id = $1 AND f.kind IN ('mail', 'webhook')"
    "   AND (f.updated_at >= $2::timestamptz OR (f.state IN ('wanted', 'failed') AND f.how IS NOT NULL))"
    " GROUP BY f.kind, f.state ORDER BY f.kind, f.state");

bool
effect_begin_rows(struct db *db, const struct tenant *tenant,
    const char *kind, const char *target, struct db_array *subjects,
    time_t now, struct arena *arena, struct db_result **begun, struct err *err)
{
	struct db_args args;

	db_args_init(&args, arena);
	db_arg_int(&args, tenant->id);
	db_arg_text(&args, kind);
	db_arg_text(&args, target);
	db_arg_array(&args, subjects);
	db_arg_time(&args, now);
	db_arg_int(&args, tenant->epoch);
	return db_query(db, &effect_doing_rows, &args, begun, err) &&
	    (db_bool(*begun, 0, 1) || tenant_lost(tenant, err));
}

bool
effect_end_rows(struct db *db, long long tenant_id, const char *kind,
    const char *target, struct db_array *subjects, enum effect_state state,
    const char *reason, time_t now, struct arena *arena, struct err *err)
{
	struct db_args args;

	db_args_init(&args, arena);
	db_arg_int(&args, tenant_id);
	db_arg_text(&args, kind);
	db_arg_text(&args, target);
	db_arg_array(&args, subjects);
	db_arg_text(&args, names[state]);
	db_arg_text(&args, reason);
	db_arg_time(&args, now);
	return db_query(db, &effect_outcome_rows, &args, NULL, err);
}

bool
effect_list_open(struct db *db, long long tenant_id, const char *kind, int max,
    struct arena *arena, struct db_result **result, struct err *err)
{
	struct db_args args;

	db_args_init(&args, arena);
	db_arg_int(&args, tenant_id);
	db_arg_text(&args, kind);
	db_arg_int(&args, max);
	return db_query(db, &effect_open, &args, result, err);
}

bool
effect_give_up(struct db *db, const struct tenant *tenant, const char *kind,
    struct db_array *targets, struct db_array *subjects, const char *reason,
    time_t now, struct arena *arena, struct err *err)
{
	struct db_args args;

	db_args_init(&args, arena);
	db_arg_int(&args, tenant->id);
	db_arg_text(&args, kind);
	db_arg_array(&args, targets);
	db_arg_array(&args, subjects);
	db_arg_text(&args, reason);
	db_arg_time(&args, now);
	db_arg_int(&args, tenant->epoch);
	return db_query(db, &effect_over, &args, NULL, err);
}

bool
effect_was_tried(struct db *db, long long tenant_id, const char *kind,
    const char *target, const char *subject_prefix, struct arena *arena,
    bool *tried, struct err *err)
{
	AUTO(db_result) struct db_result *r = NULL;
	struct db_args args;

	db_args_init(&args, arena);
	db_arg_int(&args, tenant_id);
	db_arg_text(&args, kind);
	db_arg_text(&args, target);
	db_arg_text(&args, subject_prefix);
	if (!db_query(db, &effect_tried, &args, &r, err))
		return false;
	*tried = db_bool(r, 0, 0);
	return true;
}

bool
effect_count_told(struct db *db, long long tenant_id, time_t since,
    struct arena *arena, struct db_result **result, struct err *err)
{
	struct db_args args;

	db_args_init(&args, arena);
	db_arg_int(&args, tenant_id);
	db_arg_time(&args, since);
	return db_query(db, &effect_told, &args, result, err);
}

bool
effect_list_targets(struct db *db, long long tenant_id, const char *kind,
    struct db_array *subjects, struct arena *arena, struct db_result **result,
    struct err *err)
{
	struct db_args args;

	db_args_init(&args, arena);
	db_arg_int(&args, tenant_id);
	db_arg_text(&args, kind);
	db_arg_array(&args, subjects);
	return db_query(db, &effect_targets, &args, result, err);
}
