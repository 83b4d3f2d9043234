#include "answer_search.h"

DB_STMT(answer_search_forget,
    "WITH e AS MATERIALIZED ("
    "  SELECT 1 FROM npsync.tenant WHERE tenant_id = $1 AND epoch = $2"
    "     AND lease_until > now() FOR SHARE"
    ")"
    " DELETE FROM npsync.answer_search s WHERE s.tenant_id = $1 AND EXISTS (SELECT 1 FROM e)"
    "    AND (greatest(s.wanted_at, s.asked_at) < $3::timestamptz OR EXISTS ("
    "         SELECT 1 FROM npsync.opt_out o WHERE o.tenant_id = $1 AND o.source = 'erased'"
    "            AND o.person_key = s.address_key))");
DB_STMT(answer_search_rows,
    "SELECT s.address_key, s.email FROM npsync.answer_search s"
    " WHERE s.tenant_id = $1 AND s.email IS NOT NULL ORDER BY s.wanted_at, s.address_key LIMIT $2");
DB_STMT(answer_search_asked,
    "UPDATE npsync.answer_search s SET email = NULL, asked_at = $3::timestamptz"
    " WHERE s.tenant_id = $1 AND s.address_key = ANY ($2::bytea[])");

bool
answer_search_list(struct db *db, const struct tenant *tenant, time_t now,
    int max, struct arena *arena, struct answer_search **rows, size_t *n,
    struct err *err)
{
	AUTO(db_result) struct db_result *r = NULL;
	struct db_args args;

	db_args_init(&args, arena);
	db_arg_int(&args, tenant->id);
	db_arg_int(&args, tenant->epoch);
	db_arg_time(&args, now - ANSWER_SEARCH_KEPT_DAYS * 86400);
	if (!db_query(db, &answer_search_forget, &args, NULL, err))
		return false;
	db_args_init(&args, arena);
	db_arg_int(&args, tenant->id);
	db_arg_int(&args, max);
	if (!db_query(db, &answer_search_rows, &args, &r, err))
		return false;
	*n = (size_t)db_rows(r);
	*rows = arena_array(arena, *n + 1, sizeof(**rows));
	for (size_t i = 0; *rows != NULL && i < *n; i++)
		(*rows)[i] = (struct answer_search){
			arena_strdup(arena, db_text(r, (int)i, 0)),
			arena_strdup(arena, db_text(r, (int)i, 1)) };
	return !arena_failed(arena) || err_nomem(err);
}

bool
answer_search_done(struct db *db, long long tenant_id, struct db_array *keys,
    time_t now, struct arena *arena, struct err *err)
{
	struct db_args args;

	if (keys->n == 0)
		return true;
	db_args_init(&args, arena);
	db_arg_int(&args, tenant_id);
	db_arg_array(&args, keys);
	db_arg_time(&args, now);
	return db_query(db, &answer_search_asked, &args, NULL, err);
}
