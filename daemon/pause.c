#include "pause.h"

#define SAME                                                                 \
	"  p.trigger IS NOT DISTINCT FROM $3 AND p.campaign IS NOT DISTINCT FROM $4"  \
	"   AND p.company IS NOT DISTINCT FROM $5 AND p.country IS NOT DISTINCT FROM upper($6)"

DB_STMT(pause_insert,
    "WITH old AS ("
    "  DELETE FROM npsync.pause p WHERE p.tenant_id = $1 AND ($2::bigint = 0 AND" SAME
    "      OR p.until <= $10::timestamptz)"
    ")"
    " INSERT INTO npsync.pause (tenant_id, trigger, campaign, company, country, until,"
    "        reason, actor, at)"
    " SELECT $1, $3, $4, $5, upper($6), $7::timestamptz, $8, $9, $10::timestamptz"
    " RETURNING pause_id");
DB_STMT(pause_delete,
    "WITH off AS ("
    "  DELETE FROM npsync.pause p WHERE p.tenant_id = $1"
    "     AND CASE WHEN $2::bigint > 0 THEN p.pause_id = $2::bigint"
    "              WHEN num_nonnulls($3::text, $4::text, $5::text, $6::text) = 0 THEN true"
    "              ELSE" SAME " END"
    "  RETURNING p.until IS NULL OR p.until > $7::timestamptz AS held)"
    " SELECT count(*) FILTER (WHERE held) FROM off");
DB_STMT(pause_rows,
    "SELECT pause_id, trigger, campaign, company, country, extract(epoch from until)::bigint,"
    "       reason, actor, extract(epoch from at)::bigint"
    "  FROM npsync.pause WHERE tenant_id = $1"
    "   AND (until IS NULL OR $2::timestamptz IS NULL OR until > $2::timestamptz)"
    " ORDER BY at, pause_id");

static void
conditions(struct db_args *args, struct arena *arena, long long tenant_id,
    long long pause_id, const struct pause *pause)
{
	db_args_init(args, arena);
	db_arg_int(args, tenant_id);
	db_arg_int(args, pause_id);
	db_arg_text(args, pause->trigger);
	db_arg_text(args, pause->campaign);
	db_arg_text(args, pause->company);
	db_arg_text(args, pause->country);
}

bool
pause_add(struct db *db, long long tenant_id, const struct pause *pause,
    const char *actor, time_t at, struct arena *arena, long long *pause_id,
    struct err *err)
{
	AUTO(db_result) struct db_result *r = NULL;
	struct db_args args;

	if (pause->trigger == NULL && pause->campaign == NULL &&
	    pause->company == NULL && pause->country == NULL)
		return err_set(err, ERR_BUG, "a pause of nothing in particular");
	conditions(&args, arena, tenant_id, 0, pause);
	db_arg_time(&args, pause->until);
	db_arg_text(&args, pause->reason);
	db_arg_text(&args, actor);
	db_arg_time(&args, at);
	if (!db_query(db, &pause_insert, &args, &r, err))
		return false;
	*pause_id = db_int(r, 0, 0);
	return true;
}

bool
pause_remove(struct db *db, long long tenant_id, long long pause_id,
    const struct pause *pause, time_t moment, struct arena *arena,
    long long *n, struct err *err)
{
	AUTO(db_result) struct db_result *r = NULL;
	struct db_args args;

	conditions(&args, arena, tenant_id, pause_id, pause);
	db_arg_time(&args, moment);
	if (!db_query(db, &pause_delete, &args, &r, err))
		return false;
	*n = db_int(r, 0, 0);
	return true;
}

bool
pause_list(struct db *db, long long tenant_id, time_t moment,
    struct arena *arena, struct db_result **result, struct err *err)
{
	struct db_args args;

	db_args_init(&args, arena);
	db_arg_int(&args, tenant_id);
	db_arg_time(&args, moment);
	return db_query(db, &pause_rows, &args, result, err);
}
