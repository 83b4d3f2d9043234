#include "runlog_status.h"

#include "clock.h"

DB_STMT(status_kinds,
    "SELECT k.kind, extract(epoch from l.started_at)::bigint,"
    "       CASE WHEN l.started_at IS NOT NULL THEN coalesce(l.result, 'running or killed') END,"
    "       (SELECT extract(epoch from max(g.started_at))::bigint FROM npsync.run g"
    "         WHERE g.tenant_id = $1 AND g.kind = k.kind AND g.result = 'ok')"
    "  FROM unnest(ARRAY['night', 'hourly', 'manual']) WITH ORDINALITY AS k(kind, ord)"
    "  LEFT JOIN LATERAL (SELECT r.started_at, r.result FROM npsync.run r"
    "        WHERE r.tenant_id = $1 AND r.kind = k.kind ORDER BY r.started_at DESC LIMIT 1) l ON true"
    " ORDER BY k.ord");
DB_STMT(status_streams,
    "SELECT connector, stream, watermark, extract(epoch from completed_at)::bigint,"
    "       resume IS NOT NULL, first_completed_at IS NULL"
    "  FROM npsync.cursor WHERE tenant_id = $1 ORDER BY connector, stream");
DB_STMT(status_nights,
    "SELECT d.night,"
    "       (SELECT count(*) FROM npsync.queue q WHERE q.tenant_id = $1 AND q.due_night = d.night"
    "           AND q.state IN ('sending', 'sent', 'unknown') AND NOT q.test),"
    "       (SELECT count(*) FROM npsync.answer a WHERE a.tenant_id = $1"
    "           AND a.answered_at >= d.f AND a.answered_at < d.u"
    "           AND NOT EXISTS (SELECT 1 FROM npsync.queue q WHERE q.tenant_id = $1"
    "                  AND q.queue_id = a.queue_id AND q.test)),"
    /* Of nights before the first that is kept nobody knows. */
    "       d.night < coalesce((SELECT min(r.night) FROM npsync.run r"
    "           WHERE r.tenant_id = $1 AND r.kind = 'night'), 'infinity')"
    "       OR EXISTS (SELECT 1 FROM npsync.run r WHERE r.tenant_id = $1"
    "           AND r.night = d.night AND r.kind IN ('night', 'manual'))"
    "  FROM unnest($2::date[], $3::timestamptz[], $4::timestamptz[]) AS d(night, f, u)"
    " ORDER BY d.night");
DB_STMT(status_sends,
    "SELECT count(DISTINCT s.ref) FILTER (WHERE s.sent_on >= $3::date),"
    "       count(DISTINCT s.ref) FILTER (WHERE s.sent_on >= $4::date),"
    "       min(s.sent_on)"
    "  FROM npsync.person_send s"
    " WHERE s.tenant_id = $1 AND s.sent_on <= $2::date AND (s.source = 'own' OR $5)");
DB_STMT(status_effects,
    "SELECT kind, count(*) FROM npsync.effect"
    " WHERE tenant_id = $1 AND state = 'unknown' GROUP BY kind ORDER BY kind");

static bool
of_tenant(struct db *db, const struct db_stmt *stmt, long long tenant_id,
    struct arena *arena, struct db_result **result, struct err *err)
{
	struct db_args args;

	db_args_init(&args, arena);
	db_arg_int(&args, tenant_id);
	return db_query(db, stmt, &args, result, err);
}

bool
runlog_last_kinds(struct db *db, long long tenant_id, struct arena *arena,
    struct db_result **result, struct err *err)
{
	return of_tenant(db, &status_kinds, tenant_id, arena, result, err);
}

bool
runlog_streams(struct db *db, long long tenant_id, struct arena *arena,
    struct db_result **result, struct err *err)
{
	return of_tenant(db, &status_streams, tenant_id, arena, result, err);
}

bool
runlog_unknown_effects(struct db *db, long long tenant_id,
    struct arena *arena, struct db_result **result, struct err *err)
{
	return of_tenant(db, &status_effects, tenant_id, arena, result, err);
}

bool
runlog_nights(struct db *db, long long tenant_id, const char *zone, int last,
    int n, struct arena *arena, struct db_result **result, struct err *err)
{
	struct db_array col[3];
	struct db_args args;

	db_arrays_init(col, ARRAY_LEN(col));
	for (int i = 1 - n; i <= 0; i++) {
		const int day = day_add(last, i);
		db_array_day(&col[0], day);
		db_array_time(&col[1], clock_day_start(zone, day));
		db_array_time(&col[2], clock_day_start(zone, day_add(day, 1)));
	}
	db_args_init(&args, arena);
	db_arg_int(&args, tenant_id);
	db_arg_arrays(&args, col, ARRAY_LEN(col));
	const bool ok = db_query(db, &status_nights, &args, result, err);
	db_arrays_free(col, ARRAY_LEN(col));
	return ok;
}

bool
runlog_sends(struct db *db, long long tenant_id, int today, int recent_from,
    bool count_foreign, struct arena *arena, long long *year,
    long long *recent, int *first, struct err *err)
{
	AUTO(db_result) struct db_result *r = NULL;
	struct db_args args;

	db_args_init(&args, arena);
	db_arg_int(&args, tenant_id);
	db_arg_day(&args, today);
	db_arg_day(&args, today / 10000 * 10000 + 101);
	db_arg_day(&args, recent_from);
	db_arg_bool(&args, count_foreign);
	if (!db_query(db, &status_sends, &args, &r, err))
		return false;
	*year = db_int(r, 0, 0);
	*recent = db_int(r, 0, 1);
	*first = db_day(r, 0, 2);
	return true;
}
