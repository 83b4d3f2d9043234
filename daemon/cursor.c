#include "cursor.h"

#include "clock.h"
#include "log.h"

#define DAY_S ((time_t)86400)
#define SWEEP_EVERY_DAYS 7

DB_STMT(cursor_get,
    "SELECT watermark, resume, pass,"
    "       extract(epoch from first_completed_at)::bigint,"
    "       extract(epoch from completed_at)::bigint,"
    "       extract(epoch from swept_at)::bigint"
    "  FROM npsync.cursor WHERE tenant_id = $1 AND connector = $2 AND stream = $3");
DB_STMT(cursor_put_swept,
    "UPDATE npsync.cursor SET swept_at = $4::timestamptz"
    " WHERE tenant_id = $1 AND connector = $2 AND stream = $3 AND EXISTS"
    "       (SELECT 1 FROM npsync.tenant WHERE tenant_id = $1 AND epoch = $5"
    "           AND lease_until > now() FOR SHARE)");

DB_STMT(cursor_oldest,
    "SELECT CASE WHEN bool_and(c.completed_at IS NOT NULL)"
    "            THEN extract(epoch from min(c.completed_at))::bigint END"
    "  FROM unnest($2::text[]) AS w(name) LEFT JOIN npsync.cursor c"
    "       ON c.tenant_id = $1 AND c.connector = w.name AND c.stream = $3");

bool
cursor_read(struct db *db, long long tenant_id, const char *connector,
    const char *stream, struct arena *arena, struct cursor *cursor,
    struct err *err)
{
	AUTO(db_result) struct db_result *r = NULL;
	struct db_args args;

	*cursor = (struct cursor){ .pass = 1, .baseline = true,
		.first_completed_at = NO_TIME, .completed_at = NO_TIME,
		.swept_at = NO_TIME };
	db_args_init(&args, arena);
	db_arg_int(&args, tenant_id);
	db_arg_text(&args, connector);
	db_arg_text(&args, stream);
	if (!db_query(db, &cursor_get, &args, &r, err))
		return false;
	if (db_rows(r) == 0)
		return true;
	cursor->watermark = arena_strdup(arena, db_text(r, 0, 0));
	cursor->resume = arena_strdup(arena, db_text(r, 0, 1));
	cursor->pass = db_int(r, 0, 2) + (cursor->resume == NULL ? 1 : 0);
	cursor->first_completed_at = db_time(r, 0, 3);
	cursor->completed_at = db_time(r, 0, 4);
	cursor->swept_at = db_time(r, 0, 5);
	cursor->baseline = cursor->first_completed_at == NO_TIME;
	return true;
}

bool
cursor_oldest_pass(struct db *db, long long tenant_id,
    struct db_array *connectors, const char *stream, struct arena *arena,
    time_t *completed_at, struct err *err)
{
	AUTO(db_result) struct db_result *r = NULL;
	struct db_args args;

	db_args_init(&args, arena);
	db_arg_int(&args, tenant_id);
	db_arg_array(&args, connectors);
	db_arg_text(&args, stream);
	if (!db_query(db, &cursor_oldest, &args, &r, err))
		return false;
	*completed_at = db_time(r, 0, 0);
	return true;
}

void
cursor_args(struct db_args *args, const struct cursor_move *move)
{
	db_arg_int(args, move->tenant_id);
	db_arg_text(args, move->connector);
	db_arg_text(args, move->stream);
	db_arg_int(args, move->pass);
	db_arg_text(args, move->resume);
	db_arg_text(args, move->watermark);
	db_arg_bool(args, move->complete);
	db_arg_time(args, move->now);
	db_arg_int(args, move->epoch);
}

/* ---- what is asked for ---------------------------------------------------- */
struct pull
cursor_pull(const struct cursor *cursor, const struct conf *conf, time_t now)
{
	return (struct pull){ .watermark = cursor->watermark,
		.resume = cursor->resume, .until = now,
		.overlap_s = conf->watermark.overlap_s,
		.lag_s = conf->watermark.lag_s };
}

struct pull
cursor_pull_sweep(const struct cursor *cursor, const struct conf *conf,
    time_t now)
{
	struct pull pull = cursor_pull(cursor, conf, now);

	pull.resume = NULL;
	pull.from = now - conf->watermark.sweep_days * DAY_S;
	pull.sweep = true;
	return pull;
}

bool
cursor_sweep_due(const struct cursor *cursor, const struct conf *conf,
    int today)
{
	const time_t last = cursor->swept_at != NO_TIME ? cursor->swept_at
	    : cursor->first_completed_at;

	return conf->watermark.sweep_days > 0 && last != NO_TIME &&
	    day_diff(today, clock_day(conf->timezone, last)) >=
	    SWEEP_EVERY_DAYS;
}

bool
cursor_sweep_end(struct db *db, struct runlog *log,
    const struct cursor_move *move, const struct cursor_swept *swept,
    struct arena *arena, struct err *err)
{
	const char *source = arena_printf(log->arena, "%s/%s", move->connector,
	    move->stream);
	struct db_args args;

	if (source == NULL)
		return err_nomem(err);
	runlog_count(log, "sweep", source, "seen", NULL, swept->seen);
	runlog_count(log, "sweep", source, "late", NULL, swept->late);
	if (swept->bad > 0)
		runlog_count(log, "sweep", source, "quarantined", NULL,
		    swept->bad);
	runlog_count(log, "sweep", source, "known", NULL,
	    swept->seen - swept->late - swept->bad);
	if (swept->late > 0)
		log_ev(LOG_LEVEL_WARNING, "sweep", "connector=%s stream=%s "
		    "late=%lld hint=%s", move->connector, move->stream,
		    swept->late, log_quote("records came later than "
		    "watermark.overlap_s allows: raise it"));
	db_args_init(&args, arena);
	db_arg_int(&args, move->tenant_id);
	db_arg_text(&args, move->connector);
	db_arg_text(&args, move->stream);
	db_arg_time(&args, clock_now());
	db_arg_int(&args, move->epoch);
	return db_query(db, &cursor_put_swept, &args, NULL, err);
}
