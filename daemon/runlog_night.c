#include "runlog_night.h"

#include "clock.h"

DB_STMT(runlog_newest_night,
    "SELECT r.night, coalesce(r.result, 'killed') FROM npsync.run r"
    " WHERE r.tenant_id = $1 AND r.kind IN ('night', 'manual') AND r.night <= $2::date"
    " ORDER BY r.night DESC, r.started_at DESC, r.run_id DESC LIMIT 1");

DB_STMT(runlog_night_counts,
    "SELECT c.stage, c.source, c.outcome, c.reason, sum(c.n)::bigint"
    "  FROM npsync.run r JOIN npsync.run_count c ON c.tenant_id = $1 AND c.run_id = r.run_id"
    " WHERE r.tenant_id = $1 AND r.kind IN ('night', 'manual') AND r.night = $2::date"
    " GROUP BY 1, 2, 3, 4"
    " ORDER BY array_position(" RUNLOG_ORDER ", c.stage),"
    "          c.stage, c.source, c.outcome, c.reason");

DB_STMT(runlog_earlier,
    "SELECT (SELECT coalesce(r.result, 'killed') FROM npsync.run r WHERE r.tenant_id = $1"
    "           AND r.kind = $3 AND r.run_id <> $2 ORDER BY r.started_at DESC, r.run_id DESC LIMIT 1),"
    "       (SELECT extract(epoch from max(r.ended_at))::bigint FROM npsync.run r"
    "         WHERE r.tenant_id = $1 AND r.run_id <> $2 AND r.result IN ('ok', 'partial'))");

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

bool
runlog_before(struct db *db, const struct runlog *log, const char *kind,
    struct arena *arena, const char **result, time_t *last_good,
    struct err *err)
{
	AUTO(db_result) struct db_result *r = NULL;
	struct db_args args;

	db_args_init(&args, arena);
	db_arg_int(&args, log->tenant_id);
	db_arg_int(&args, log->run_id);
	db_arg_text(&args, kind);
	if (!db_query(db, &runlog_earlier, &args, &r, err))
		return false;
	*last_good = db_time(r, 0, 1);
	*result = db_is_null(r, 0, 0) ? "" : arena_strdup(arena,
	    db_text(r, 0, 0));
	return *result != NULL || err_nomem(err);
}
