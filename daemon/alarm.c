#include "alarm.h"

/* A state that is new is since now, and nobody was told of it. */
#define RAISE                                                                \
	" ON CONFLICT (tenant_id, kind, subject) DO UPDATE"                  \
	"    SET state = excluded.state, since = excluded.since, detail = excluded.detail," \
	"        told_at = NULL"                                             \
	"  WHERE a.state <> excluded.state"

DB_STMT(alarm_put,
    "INSERT INTO npsync.alarm AS a (tenant_id, kind, subject, state, since, detail)"
    " VALUES ($1, $2, $3, 'raised', $4::timestamptz, $5)" RAISE " RETURNING 1");
/* From what is held, not from what a run has just decided: it may have been
 * killed before it could say so. */
DB_STMT(alarm_put_floods,
    "INSERT INTO npsync.alarm AS a (tenant_id, kind, subject, state, since, detail)"
    " SELECT $1::bigint, 'flood', q.trigger, 'raised', $2::timestamptz, count(*) || ' rows are held'"
    "   FROM npsync.queue q WHERE q.tenant_id = $1 AND q.state = 'held' AND q.reason = 'flood'"
    "  GROUP BY q.trigger" RAISE " RETURNING subject, detail");
DB_STMT(alarm_over,
    "UPDATE npsync.alarm SET state = 'ok', since = $4::timestamptz, told_at = NULL"
    " WHERE tenant_id = $1 AND kind = $2 AND subject = $3 AND state = 'raised'");
/* Raised by an hourly run: the newest that had begun by then. */
DB_STMT(alarm_over_hourly,
    "UPDATE npsync.alarm a SET state = 'ok', since = $4::timestamptz, told_at = NULL"
    " WHERE a.tenant_id = $1 AND a.kind = $2 AND a.subject = $3 AND a.state = 'raised'"
    "   AND 'hourly' = (SELECT r.kind FROM npsync.run r WHERE r.tenant_id = $1"
    "          AND r.started_at <= a.since ORDER BY r.started_at DESC, r.run_id DESC LIMIT 1)");
DB_STMT(alarm_all_of_kind,
    "WITH want AS MATERIALIZED ("
    "  SELECT DISTINCT ON (w.subject) w.subject, w.detail"
    "    FROM unnest($3::text[], $4::text[]) AS w(subject, detail) ORDER BY w.subject, w.detail"
    "), over AS ("
    "  UPDATE npsync.alarm m SET state = 'ok', since = $5::timestamptz, told_at = NULL"
    "   WHERE m.tenant_id = $1 AND m.kind = $2 AND m.state = 'raised'"
    "     AND NOT EXISTS (SELECT 1 FROM want w WHERE w.subject = m.subject))"
    " INSERT INTO npsync.alarm AS a (tenant_id, kind, subject, state, since, detail)"
    " SELECT $1::bigint, $2, w.subject, 'raised', $5::timestamptz, w.detail FROM want w"
    "  WHERE w.detail IS NOT NULL" RAISE);
DB_STMT(alarm_others_over,
    "UPDATE npsync.alarm SET state = 'ok', since = $4::timestamptz, told_at = NULL"
    " WHERE tenant_id = $1 AND kind = $2 AND subject <> ALL ($3::text[]) AND state = 'raised'");
DB_STMT(alarm_floods_over,
    "UPDATE npsync.alarm SET state = 'ok', since = $2::timestamptz, told_at = NULL"
    " WHERE tenant_id = $1 AND kind = 'flood' AND state = 'raised'"
    "   AND NOT EXISTS (SELECT 1 FROM npsync.queue q WHERE q.tenant_id = $1"
    "          AND q.state = 'held' AND q.reason = 'flood' AND q.trigger = alarm.subject)");
DB_STMT(alarm_unsure_over,
    "UPDATE npsync.alarm SET state = 'ok', since = $3::timestamptz, told_at = NULL"
    " WHERE tenant_id = $1 AND kind = 'unconfirmed' AND state = 'raised'"
    /* By the history: whoever decides or claims the row takes its reason. */
    "   AND NOT EXISTS (SELECT 1 FROM npsync.queue q JOIN npsync.queue_history h"
    "            ON h.tenant_id = $1 AND h.queue_id = q.queue_id"
    "         WHERE q.tenant_id = $1 AND q.state IN ('queued', 'deferred', 'sending')"
    "           AND h.actor = 'push' AND h.to_state = 'deferred'"
    "           AND split_part(h.detail, ':', 1) = $2)");
DB_STMT(alarm_budget_over,
    "UPDATE npsync.alarm SET state = 'ok', since = $2::timestamptz, told_at = NULL"
    " WHERE tenant_id = $1 AND kind = 'budget' AND state = 'raised'"
    "   AND ($5::int = 0 OR (SELECT count(DISTINCT s.ref) FROM npsync.person_send s"
    "          WHERE s.tenant_id = $1 AND s.sent_on BETWEEN $3::date AND $4::date"
    "            AND (s.source = 'own' OR $6))"
    "        + (SELECT count(*) FROM npsync.queue q WHERE q.tenant_id = $1"
    "              AND q.due_night = $4::date AND q.state IN ('queued', 'deferred')) < $5::int)");
DB_STMT(alarm_rows,
    "SELECT kind, subject, state, extract(epoch from since)::bigint, detail,"
    "       told_at IS NOT NULL"
    "  FROM npsync.alarm WHERE tenant_id = $1"
    " ORDER BY state DESC, kind, subject");
DB_STMT(alarm_told,
    "UPDATE npsync.alarm SET told_at = $5::timestamptz"
    " WHERE tenant_id = $1 AND kind = $2 AND subject = $3"
    "   AND extract(epoch from since)::bigint = $4");

bool
alarm_set(struct db *db, long long tenant_id, const char *kind,
    const char *subject, const char *detail, time_t at, struct arena *arena,
    bool *changed, struct err *err)
{
	AUTO(db_result) struct db_result *r = NULL;
	struct db_args args;

	db_args_init(&args, arena);
	db_arg_int(&args, tenant_id);
	db_arg_text(&args, kind);
	db_arg_text(&args, subject);
	db_arg_time(&args, at);
	db_arg_text(&args, detail);
	if (!db_query(db, &alarm_put, &args, &r, err))
		return false;
	*changed = db_rows(r) > 0;
	return true;
}

static bool
end(struct db *db, const struct db_stmt *stmt, long long tenant_id,
    const char *kind, const char *subject, time_t at, struct arena *arena,
    struct err *err)
{
	struct db_args args;

	db_args_init(&args, arena);
	db_arg_int(&args, tenant_id);
	db_arg_text(&args, kind);
	db_arg_text(&args, subject);
	db_arg_time(&args, at);
	return db_query(db, stmt, &args, NULL, err);
}

bool
alarm_end(struct db *db, long long tenant_id, const char *kind,
    const char *subject, time_t at, struct arena *arena, struct err *err)
{
	return end(db, &alarm_over, tenant_id, kind, subject, at, arena, err);
}

bool
alarm_end_hourly(struct db *db, long long tenant_id, const char *kind,
    const char *subject, time_t at, struct arena *arena, struct err *err)
{
	return end(db, &alarm_over_hourly, tenant_id, kind, subject, at, arena,
	    err);
}

bool
alarm_sync(struct db *db, long long tenant_id, const char *kind,
    struct db_array *subjects, struct db_array *details, time_t at,
    struct arena *arena, struct err *err)
{
	struct db_args args;

	db_args_init(&args, arena);
	db_arg_int(&args, tenant_id);
	db_arg_text(&args, kind);
	db_arg_array(&args, subjects);
	db_arg_array(&args, details);
	db_arg_time(&args, at);
	return db_query(db, &alarm_all_of_kind, &args, NULL, err);
}

bool
alarm_end_others(struct db *db, long long tenant_id, const char *kind,
    struct db_array *subjects, time_t at, struct arena *arena, struct err *err)
{
	struct db_args args;

	db_args_init(&args, arena);
	db_arg_int(&args, tenant_id);
	db_arg_text(&args, kind);
	db_arg_array(&args, subjects);
	db_arg_time(&args, at);
	return db_query(db, &alarm_others_over, &args, NULL, err);
}

bool
alarm_set_floods(struct db *db, long long tenant_id, time_t at,
    struct arena *arena, struct db_result **raised, struct err *err)
{
	struct db_args args;

	db_args_init(&args, arena);
	db_arg_int(&args, tenant_id);
	db_arg_time(&args, at);
	return db_query(db, &alarm_put_floods, &args, raised, err);
}

bool
alarm_end_floods(struct db *db, long long tenant_id, time_t at,
    struct arena *arena, struct err *err)
{
	struct db_args args;

	db_args_init(&args, arena);
	db_arg_int(&args, tenant_id);
	db_arg_time(&args, at);
	return db_query(db, &alarm_floods_over, &args, NULL, err);
}

bool
alarm_end_unsure(struct db *db, long long tenant_id, const char *reason,
    time_t at, struct arena *arena, struct err *err)
{
	struct db_args args;

	db_args_init(&args, arena);
	db_arg_int(&args, tenant_id);
	db_arg_text(&args, reason);
	db_arg_time(&args, at);
	return db_query(db, &alarm_unsure_over, &args, NULL, err);
}

bool
alarm_end_budget(struct db *db, long long tenant_id, int year_start, int night,
    int budget, bool count_foreign, time_t at, struct arena *arena,
    struct err *err)
{
	struct db_args args;

	db_args_init(&args, arena);
	db_arg_int(&args, tenant_id);
	db_arg_time(&args, at);
	db_arg_day(&args, year_start);
	db_arg_day(&args, night);
	db_arg_int(&args, budget);
	db_arg_bool(&args, count_foreign);
	return db_query(db, &alarm_budget_over, &args, NULL, err);
}

bool
alarm_list(struct db *db, long long tenant_id, struct arena *arena,
    struct db_result **result, struct err *err)
{
	struct db_args args;

	db_args_init(&args, arena);
	db_arg_int(&args, tenant_id);
	return db_query(db, &alarm_rows, &args, result, err);
}

bool
alarm_tell(struct db *db, long long tenant_id, const char *kind,
    const char *subject, time_t since, time_t at, struct arena *arena,
    struct err *err)
{
	struct db_args args;

	db_args_init(&args, arena);
	db_arg_int(&args, tenant_id);
	db_arg_text(&args, kind);
	db_arg_text(&args, subject);
	db_arg_int(&args, (long long)since);
	db_arg_time(&args, at);
	return db_query(db, &alarm_told, &args, NULL, err);
}
