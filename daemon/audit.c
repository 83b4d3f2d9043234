#include "audit.h"

#include "clock.h"

DB_STMT(audit_insert,
    "INSERT INTO npsync.audit (tenant_id, at, actor, action, subject, detail)"
    " VALUES ($1, $2::timestamptz, $3, $4, $5, $6)");
DB_STMT(audit_insert_all,
    "INSERT INTO npsync.audit (tenant_id, at, actor, action, subject, detail)"
    " SELECT $1, $2::timestamptz, $3, $4, x.subject, x.detail"
    "   FROM unnest($5::text[], $6::text[]) AS x(subject, detail)");
DB_STMT(audit_found,
    "SELECT EXISTS (SELECT 1 FROM npsync.audit WHERE tenant_id = $1 AND action = $2)");

bool
audit_put(struct db *db, long long tenant_id, const char *actor,
    const char *action, const char *subject, const char *detail,
    struct arena *arena, struct err *err)
{
	struct db_args args;

	db_args_init(&args, arena);
	db_arg_int(&args, tenant_id);
	db_arg_time(&args, clock_now());
	db_arg_text(&args, actor);
	db_arg_text(&args, action);
	db_arg_text(&args, subject);
	db_arg_text(&args, detail);
	return db_query(db, &audit_insert, &args, NULL, err);
}

bool
audit_put_all(struct db *db, long long tenant_id, const char *actor,
    const char *action, struct db_array *subjects, struct db_array *details,
    struct arena *arena, struct err *err)
{
	struct db_args args;

	if (subjects->n == 0)
		return true;
	db_args_init(&args, arena);
	db_arg_int(&args, tenant_id);
	db_arg_time(&args, clock_now());
	db_arg_text(&args, actor);
	db_arg_text(&args, action);
	db_arg_array(&args, subjects);
	db_arg_array(&args, details);
	return db_query(db, &audit_insert_all, &args, NULL, err);
}

bool
audit_has(struct db *db, long long tenant_id, const char *action,
    struct arena *arena, bool *has, struct err *err)
{
	AUTO(db_result) struct db_result *r = NULL;
	struct db_args args;

	db_args_init(&args, arena);
	db_arg_int(&args, tenant_id);
	db_arg_text(&args, action);
	if (!db_query(db, &audit_found, &args, &r, err))
		return false;
	*has = db_bool(r, 0, 0);
	return true;
}
