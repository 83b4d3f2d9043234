#include "audit.h"

#include "clock.h"

DB_STMT(audit_insert,
    "INSERT INTO npsync.audit (tenant_id, at, actor, action, subject, detail)"
    " VALUES ($1, $2::timestamptz, $3, $4, $5, $6)");

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
