#include "quarantine.h"

#include "clock.h"

DB_STMT(quarantine_insert,
    "INSERT INTO npsync.quarantine AS x (tenant_id, connector, source, line, record_key,"
    "       reason, first_at, last_at, run_id)"
    " SELECT DISTINCT ON (q.source, q.line, q.record_key, q.reason)"
    "        $1::bigint, $2, q.source, q.line, q.record_key, q.reason,"
    "        $3::timestamptz, $3::timestamptz, $4::bigint"
    "   FROM unnest($5::text[], $6::bigint[], $7::text[], $8::text[])"
    "        AS q(source, line, record_key, reason)"
    " ON CONFLICT (tenant_id, connector, source, line, record_key, reason)"
    " DO UPDATE SET last_at = excluded.last_at, run_id = excluded.run_id");
DB_STMT(quarantine_rows,
    "SELECT connector, source, line, record_key, reason, extract(epoch from last_at)::bigint"
    "  FROM npsync.quarantine WHERE tenant_id = $1"
    "   AND run_id = (SELECT max(run_id) FROM npsync.quarantine WHERE tenant_id = $1)"
    " ORDER BY connector, source, line LIMIT $2");

static bool
put(struct db *db, long long tenant_id, long long run_id,
    const struct link *link, struct db_array col[4], struct arena *arena,
    struct err *err)
{
	struct db_args args;

	for (const struct quarantined *q = link->quarantine; q != NULL; q = q->next) {
		db_array_text(&col[0], q->source);
		db_array_int(&col[1], q->line);
		db_array_text(&col[2], q->key);
		db_array_text(&col[3], q->reason);
	}
	db_args_init(&args, arena);
	db_arg_int(&args, tenant_id);
	db_arg_text(&args, link->name);
	db_arg_time(&args, clock_now());
	db_arg_int(&args, run_id);
	db_arg_arrays(&args, col, 4);
	return db_query(db, &quarantine_insert, &args, NULL, err);
}

bool
quarantine_put(struct db *db, long long tenant_id, long long run_id,
    const struct link *link, struct arena *arena, struct err *err)
{
	struct db_array col[4];

	if (link->quarantine == NULL)
		return true;
	db_arrays_init(col, 4);
	const bool ok = put(db, tenant_id, run_id, link, col, arena, err);
	db_arrays_free(col, 4);
	return ok;
}

bool
quarantine_list(struct db *db, long long tenant_id, int max,
    struct arena *arena, struct db_result **result, struct err *err)
{
	struct db_args args;

	db_args_init(&args, arena);
	db_arg_int(&args, tenant_id);
	db_arg_int(&args, max);
	return db_query(db, &quarantine_rows, &args, result, err);
}
