/*
 * queue_list.c - the queue as people ask for it: rows by filter, what was
 * transferred, what happened to a row, counts.
 */
#include "queue.h"

#include "clock.h"

DB_STMT(queue_pick_rows,
    "SELECT q.queue_id, q.attempt, q.state, q.reason"
    "  FROM npsync.queue q"
    "  LEFT JOIN npsync.contact c ON c.tenant_id = $1 AND c.connector = q.connector"
    "       AND c.contact_id = q.contact_id"
    " WHERE q.tenant_id = $1"
    "   AND ($2::bigint[] IS NULL OR q.queue_id = ANY ($2::bigint[]))"
    "   AND ($3::text IS NULL OR q.trigger = $3)"
    "   AND ($4::text IS NULL OR q.category = $4)"
    "   AND ($5::text IS NULL OR c.company = $5 OR c.company_id = $5)"
    "   AND ($6::text IS NULL OR q.employee_id = $6 OR c.owner_name = $6 OR c.owner_id = $6)"
    "   AND ($7::text IS NULL OR q.connector = $7)"
    "   AND ($8::text IS NULL OR q.contact_id = $8 OR lower(c.email) = lower($8))"
    "   AND ($9::timestamptz IS NULL OR q.occurred_at < $9::timestamptz)"
    "   AND ($10::text IS NULL OR q.state = ANY (string_to_array($10, ',')))"
    "   AND ($11::text IS NULL OR q.reason = $11)"
    " ORDER BY q.created_at, q.queue_id");

DB_STMT(queue_transferred,
    "SELECT q.queue_id, extract(epoch from q.created_at)::bigint, q.trigger, c.email,"
    "       coalesce(q.owner, c.owner_name),"
    "       extract(epoch from h.at)::bigint, coalesce(p.name, q.campaign), q.state,"
    "       extract(epoch from q.send_at)::bigint, q.contact_id, q.reason"
    "  FROM npsync.queue q"
    "  JOIN LATERAL (SELECT max(x.at) AS at FROM npsync.queue_history x"
    "         WHERE x.tenant_id = $1 AND x.queue_id = q.queue_id AND x.to_state = 'sending') h ON true"
    "  LEFT JOIN npsync.contact c ON c.tenant_id = $1 AND c.connector = q.connector"
    "       AND c.contact_id = q.contact_id"
    "  LEFT JOIN npsync.campaign p ON p.tenant_id = $1 AND p.campaign_id = q.campaign"
    " WHERE q.tenant_id = $1 AND q.state IN ('sending', 'sent', 'unknown', 'failed')"
    " ORDER BY h.at DESC NULLS LAST, q.queue_id DESC LIMIT $2");

DB_STMT(queue_history_rows,
    "SELECT extract(epoch from at)::bigint, actor, from_state, to_state, detail, run_id"
    "  FROM npsync.queue_history WHERE tenant_id = $1 AND queue_id = $2 ORDER BY version");

DB_STMT(queue_states,
    /* Behind a colon stands what somebody said, and it may name people. */
    "SELECT state, split_part(coalesce(reason, ''), ':', 1), count(*) FROM npsync.queue"
    " WHERE tenant_id = $1 GROUP BY 1, 2 ORDER BY state, count(*) DESC");

DB_STMT(queue_due_rows,
    "SELECT count(*) FILTER (WHERE deferred_until <= $3::timestamptz),"
    "       extract(epoch from min(deferred_until) FILTER (WHERE deferred_until > $3::timestamptz))::bigint"
    "  FROM npsync.queue WHERE tenant_id = $1 AND due_night = $2::date"
    "   AND state IN ('queued', 'deferred')");

DB_STMT(queue_left_rows,
    "SELECT count(*) FROM npsync.queue WHERE tenant_id = $1 AND due_night < $2::date"
    "   AND state IN ('queued', 'deferred')");

DB_STMT(queue_usual_rows,
    "SELECT coalesce(percentile_disc(0.5) WITHIN GROUP (ORDER BY n), 0) FROM ("
    "  SELECT count(*) AS n FROM npsync.queue WHERE tenant_id = $1"
    "     AND state IN ('sending', 'sent', 'unknown') AND due_night IS NOT NULL"
    "   GROUP BY due_night ORDER BY due_night DESC LIMIT 14) z");

bool
queue_pick(struct db *db, long long tenant_id,
    const struct queue_filter *filter, struct arena *arena,
    struct queue_picked **rows, size_t *n, struct err *err)
{
	AUTO(db_result) struct db_result *r = NULL;
	struct db_array ids;
	struct db_args args;

	db_array_init(&ids);
	for (size_t i = 0; i < filter->n_ids; i++)
		db_array_int(&ids, filter->ids[i]);
	db_args_init(&args, arena);
	db_arg_int(&args, tenant_id);
	if (filter->ids != NULL)
		db_arg_array(&args, &ids);
	else
		db_arg_text(&args, NULL);
	db_arg_text(&args, filter->trigger);
	db_arg_text(&args, filter->category);
	db_arg_text(&args, filter->company);
	db_arg_text(&args, filter->employee);
	db_arg_text(&args, filter->connector);
	db_arg_text(&args, filter->contact);
	db_arg_time(&args, filter->before_day == NO_DAY ? NO_TIME
	    : clock_day_start(filter->timezone, filter->before_day));
	db_arg_text(&args, filter->state);
	db_arg_text(&args, filter->reason);
	const bool ok = db_query(db, &queue_pick_rows, &args, &r, err);
	db_array_free(&ids);
	if (!ok)
		return false;
	*n = (size_t)db_rows(r);
	*rows = arena_array(arena, *n + 1, sizeof(**rows));
	if (*rows == NULL)
		return err_nomem(err);
	for (size_t i = 0; i < *n; i++)
		(*rows)[i] = (struct queue_picked){ db_int(r, (int)i, 0),
			(int)db_int(r, (int)i, 1),
			arena_strdup(arena, db_text(r, (int)i, 2)),
			arena_strdup(arena, db_text(r, (int)i, 3)) };
	return true;
}

bool
queue_list_transferred(struct db *db, long long tenant_id, int max,
    struct arena *arena, struct db_result **result, struct err *err)
{
	struct db_args args;

	db_args_init(&args, arena);
	db_arg_int(&args, tenant_id);
	db_arg_int(&args, max);
	return db_query(db, &queue_transferred, &args, result, err);
}

bool
queue_history_list(struct db *db, long long tenant_id, long long queue_id,
    struct arena *arena, struct db_result **result, struct err *err)
{
	struct db_args args;

	db_args_init(&args, arena);
	db_arg_int(&args, tenant_id);
	db_arg_int(&args, queue_id);
	return db_query(db, &queue_history_rows, &args, result, err);
}

bool
queue_count_states(struct db *db, long long tenant_id, struct arena *arena,
    struct db_result **result, struct err *err)
{
	struct db_args args;

	db_args_init(&args, arena);
	db_arg_int(&args, tenant_id);
	return db_query(db, &queue_states, &args, result, err);
}

bool
queue_due(struct db *db, long long tenant_id, int night, time_t now,
    struct arena *arena, long long *ready, time_t *next, struct err *err)
{
	AUTO(db_result) struct db_result *r = NULL;
	struct db_args args;

	db_args_init(&args, arena);
	db_arg_int(&args, tenant_id);
	db_arg_day(&args, night);
	db_arg_time(&args, now);
	if (!db_query(db, &queue_due_rows, &args, &r, err))
		return false;
	*ready = db_int(r, 0, 0);
	*next = db_time(r, 0, 1);
	return true;
}

static bool
count_rows(struct db *db, const struct db_stmt *stmt, struct db_args *args,
    long long *n, struct err *err)
{
	AUTO(db_result) struct db_result *r = NULL;

	if (!db_query(db, stmt, args, &r, err))
		return false;
	*n = db_int(r, 0, 0);
	return true;
}

bool
queue_count_left(struct db *db, long long tenant_id, int night,
    struct arena *arena, long long *n, struct err *err)
{
	struct db_args args;

	db_args_init(&args, arena);
	db_arg_int(&args, tenant_id);
	db_arg_day(&args, night);
	return count_rows(db, &queue_left_rows, &args, n, err);
}

bool
queue_usual_night(struct db *db, long long tenant_id, struct arena *arena,
    long long *n, struct err *err)
{
	struct db_args args;

	db_args_init(&args, arena);
	db_arg_int(&args, tenant_id);
	return count_rows(db, &queue_usual_rows, &args, n, err);
}

DB_STMT(queue_categories,
    "SELECT DISTINCT q.category FROM npsync.queue q WHERE q.tenant_id = $1"
    "   AND q.created_at >= $2::timestamptz AND q.category IS NOT NULL");

bool
queue_list_categories(struct db *db, long long tenant_id, time_t since,
    struct arena *arena, struct db_result **result, struct err *err)
{
	struct db_args args;

	db_args_init(&args, arena);
	db_arg_int(&args, tenant_id);
	db_arg_time(&args, since);
	return db_query(db, &queue_categories, &args, result, err);
}
