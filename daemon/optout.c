#include "optout.h"

DB_STMT(optout_insert,
    "WITH put AS ("
    "  INSERT INTO npsync.opt_out (tenant_id, person_key, source, at)"
    "  SELECT DISTINCT $1::bigint, k, $2, $3::timestamptz FROM unnest($4::bytea[]) k"
    "  ON CONFLICT DO NOTHING RETURNING 1)"
    " SELECT count(*) FROM put");
DB_STMT(optout_insert_rows,
    "INSERT INTO npsync.opt_out (tenant_id, person_key, source, at)"
    " SELECT DISTINCT $1::bigint, k, $2, $3::timestamptz"
    "   FROM npsync.queue q, unnest(q.person) k WHERE q.tenant_id = $1 AND q.queue_id = ANY ($4::bigint[])"
    " ON CONFLICT DO NOTHING");

bool
optout_put(struct db *db, long long tenant_id, struct db_array *keys,
    const char *source, time_t at, struct arena *arena, long long *n,
    struct err *err)
{
	AUTO(db_result) struct db_result *r = NULL;
	struct db_args args;

	db_args_init(&args, arena);
	db_arg_int(&args, tenant_id);
	db_arg_text(&args, source);
	db_arg_time(&args, at);
	db_arg_array(&args, keys);
	if (!db_query(db, &optout_insert, &args, &r, err))
		return false;
	*n = db_int(r, 0, 0);
	return true;
}

bool
optout_put_rows(struct db *db, long long tenant_id,
    struct db_array *queue_ids, const char *source, time_t at,
    struct arena *arena, struct err *err)
{
	struct db_args args;

	db_args_init(&args, arena);
	db_arg_int(&args, tenant_id);
	db_arg_text(&args, source);
	db_arg_time(&args, at);
	db_arg_array(&args, queue_ids);
	return db_query(db, &optout_insert_rows, &args, NULL, err);
}
