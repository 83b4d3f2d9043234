/*
 * The zone of the configuration, kept for the views: they have no other way to
 * know whose midnight ends a month.
 */
#include "tenant.h"

DB_STMT(tenant_zone_put,
    "UPDATE npsync.tenant SET timezone = $2 WHERE tenant_id = $1 AND timezone <> $2");

bool
tenant_note_zone(struct db *db, const struct tenant *tenant, const char *zone,
    struct arena *arena, struct err *err)
{
	struct db_args args;

	db_args_init(&args, arena);
	db_arg_int(&args, tenant->id);
	db_arg_text(&args, zone);
	return db_query(db, &tenant_zone_put, &args, NULL, err);
}
