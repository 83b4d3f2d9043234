#include "runlog_night.h"

#include "clock.h"

DB_STMT(runlog_newest_night,
    "SELECT r.night, coalesce(r.result, 'killed') FROM npsync.run r"
    " WHERE r.tenant_id = $1 AND r.kind <> 'hourly' AND r.night <= $2::date"
    " ORDER BY r.night DESC, r.started_at DESC, r.run_id DESC LIMIT 1");

DB_STMT(runlog_night_counts,
    "SELECT c.stage, c.source, c.outcome, c.reason, sum(c.n)::bigint"
    "  FROM npsync.run r JOIN npsync.run_count c ON c.tenant_id = $1 AND c.run_id = r.run_id"
    " WHERE r.tenant_id = $1 AND r.kind <> 'hourly' AND r.night = $2::date"
    " GROUP BY 1, 2, 3, 4"
    " ORDER BY array_position(" RUNLOG_ORDER ", c.stage),"
    "          c.stage, c.source, c.outcome, c.reason");

bool
runlog_read_night(struct db *db, long long tenant_id, int until,
    struct arena *arena, int *night, struct runlog *log, const char **result,
    struct err *err)
{
	AUTO(db_result) struct db_result *newest = NULL;
	AUTO(db_result) struct db_result *r = NULL;
	struct db_args args;

	*night = NO_DAY;
	*result = "";
	*log = (struct runlog){ .db = db, .arena = arena,
		.tenant_id = tenant_id };
	db_args_init(&args, arena);
	db_arg_int(&args, tenant_id);
	db_arg_day(&args, until);
	if (!db_query(db, &runlog_newest_night, &args, &newest, err))
		return false;
	if (db_rows(newest) == 0)
		return true;
	*night = db_day(newest, 0, 0);
	*result = arena_strdup(arena, db_text(newest, 0, 1));
	db_args_init(&args, arena);
	db_arg_int(&args, tenant_id);
	db_arg_day(&args, *night);
	if (!db_query(db, &runlog_night_counts, &args, &r, err))
		return false;
	for (int i = 0; i < db_rows(r); i++)
		runlog_count(log, db_text(r, i, 0), db_text(r, i, 1),
		    db_text(r, i, 2), db_text(r, i, 3), db_int(r, i, 4));
	return *result != NULL && !arena_failed(arena) ? true : err_nomem(err);
}
