/*
 * queue_settle.c - rows whose outcome is unknown or in doubt: after a crash,
 * a lost answer, a restored backup.
 */
#include "queue.h"

#include "clock.h"

#define CLAIMED_AT                                                           \
	"  JOIN LATERAL (SELECT max(x.at) AS at FROM npsync.queue_history x" \
	"         WHERE x.tenant_id = $1 AND x.queue_id = q.queue_id AND x.to_state = 'sending') h ON true"

#define EVENT_AT                                                             \
	"extract(epoch from coalesce(transition_at, occurred_at))::bigint"

DB_STMT(queue_orphans,
    "SELECT queue_id, attempt FROM npsync.queue"
    " WHERE tenant_id = $1 AND state = 'sending' AND epoch < $2");
#define LOOKED_FOR                                                           \
	"SELECT q.queue_id, q.attempt, q.client_ref, q.campaign, c.email, c.mobile, q.connector," \
	"       q.contact_id, extract(epoch from h.at)::bigint," \
	/* What was shown since was not missed. */ \
	"       CASE WHEN NOT (q.state = 'sent' AND q.absent_at <= q.listed_at)" \
	"            THEN extract(epoch from q.absent_at)::bigint END,"       \
	"       EXISTS (SELECT 1 FROM npsync.queue_history x WHERE x.tenant_id = $1" \
	"               AND x.queue_id = q.queue_id AND x.from_state = 'unknown' AND x.to_state = 'deferred')," \
	/* Of a card that has another address now it says nothing either. */ \
	"       q.listed_at IS NOT NULL OR coalesce(c.address_key <> ALL (q.person), false), q.remote_id" \
	"  FROM npsync.queue q" CLAIMED_AT                                   \
	"  LEFT JOIN npsync.contact c ON c.tenant_id = $1 AND c.connector = q.connector" \
	"       AND c.contact_id = q.contact_id"                             \
	" WHERE q.tenant_id = $1 AND h.at >= $2::timestamptz"
#define NEWEST " ORDER BY h.at DESC, q.queue_id DESC LIMIT $3"

DB_STMT(queue_unknown_rows, LOOKED_FOR " AND q.state = 'unknown'" NEWEST);
DB_STMT(queue_listed_rows, LOOKED_FOR " AND q.state = 'sent'"
    " AND q.listed_at >= $2::timestamptz" NEWEST);
DB_STMT(queue_absent_rows,
    "UPDATE npsync.queue SET absent_at = CASE WHEN queue_id = ANY ($2::bigint[]) THEN $3::timestamptz END"
    " WHERE tenant_id = $1 AND ((queue_id = ANY ($2::bigint[]) AND state IN ('unknown', 'sent')"
    "        AND (absent_at IS NULL OR (state = 'sent' AND absent_at <= listed_at)))"
    "    OR (queue_id = ANY ($4::bigint[]) AND state = 'sent' AND absent_at IS NOT NULL))");
DB_STMT(queue_bound_rows,
    "SELECT EXISTS (SELECT 1 FROM npsync.queue q WHERE q.tenant_id = $1"
    "               AND q.remote_id = r.remote_id)"
    "  FROM unnest($2::text[]) WITH ORDINALITY AS r(remote_id, n) ORDER BY r.n");
DB_STMT(queue_before_rows,
    "SELECT queue_id, attempt, listed_at IS NOT NULL, " EVENT_AT " FROM npsync.queue"
    " WHERE tenant_id = $1 AND state IN ('queued', 'deferred')"
    "   AND coalesce(transition_at, occurred_at) <= $2::timestamptz");
DB_STMT(queue_restored_rows,
    "SELECT queue_id, attempt, listed_at IS NOT NULL, " EVENT_AT " FROM npsync.queue"
    " WHERE tenant_id = $1 AND state = 'held' AND reason = 'restore'");
DB_STMT(queue_unexpected_rows,
    "SELECT queue_id, attempt, true, " EVENT_AT " FROM npsync.queue"
    " WHERE tenant_id = $1 AND state IN ('queued', 'deferred') AND listed_at IS NOT NULL");
DB_STMT(queue_listed_count,
    "SELECT count(*) FILTER (WHERE q.listed_at IS NOT NULL),"
    "       count(*) FILTER (WHERE q.listed_at IS NULL)"
    "  FROM npsync.queue q" CLAIMED_AT
    " WHERE q.tenant_id = $1 AND q.state = 'sent'"
    "   AND h.at >= $2::timestamptz AND h.at < $3::timestamptz");

/* Rows of an older epoch only, never by age: a slow run is not a dead one. */
bool
queue_settle(struct db *db, const struct tenant *tenant, long long run_id,
    time_t now, struct arena *arena, size_t *n, struct err *err)
{
	AUTO(db_result) struct db_result *r = NULL;
	struct db_args args;

	*n = 0;
	db_args_init(&args, arena);
	db_arg_int(&args, tenant->id);
	db_arg_int(&args, tenant->epoch);
	if (!db_query(db, &queue_orphans, &args, &r, err))
		return false;
	const size_t rows = (size_t)db_rows(r);
	struct queue_move *moves = arena_array(arena, rows + 1, sizeof(*moves));
	if (moves == NULL)
		return err_nomem(err);
	for (size_t i = 0; i < rows; i++)
		moves[i] = (struct queue_move){ db_int(r, (int)i, 0),
			(int)db_int(r, (int)i, 1), QUEUE_UNKNOWN,
			"the run ended before the answer", NULL, NO_TIME };
	return queue_move(db, tenant, ACTOR_SETTLE, "settle", run_id, now, moves,
	    rows, arena, n, err);
}

/* ---- unknown rows -------------------------------------------------------- */
static void
unknown_fill(struct queue_unknown *u, const struct db_result *r, int row,
    struct arena *arena)
{
	const char **const texts[] = { &u->client_ref, &u->campaign, &u->email,
		&u->mobile, &u->connector, &u->contact_id };

	u->queue_id = db_int(r, row, 0);
	u->attempt = (int)db_int(r, row, 1);
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		*texts[i] = arena_strdup(arena, db_text(r, row, (int)i + 2));
	u->claimed_at = db_time(r, row, 8);
	u->absent_at = db_time(r, row, 9);
	u->retried = db_bool(r, row, 10);
	u->listed = db_bool(r, row, 11);
	u->remote_id = arena_strdup(arena, db_text(r, row, 12));
}

static bool
list_looked_for(struct db *db, const struct db_stmt *stmt, long long tenant_id,
    time_t claimed_after, int max, struct arena *arena,
    struct queue_unknown **rows, size_t *n, struct err *err)
{
	AUTO(db_result) struct db_result *r = NULL;
	struct db_args args;

	db_args_init(&args, arena);
	db_arg_int(&args, tenant_id);
	db_arg_time(&args, claimed_after);
	db_arg_int(&args, max);
	if (!db_query(db, stmt, &args, &r, err))
		return false;
	*n = (size_t)db_rows(r);
	*rows = arena_array(arena, *n + 1, sizeof(**rows));
	if (*rows == NULL)
		return err_nomem(err);
	for (size_t i = 0; i < *n; i++)
		unknown_fill(&(*rows)[i], r, (int)i, arena);
	return arena_failed(arena) ? err_nomem(err) : true;
}

bool
queue_list_unknown(struct db *db, long long tenant_id, time_t claimed_after,
    int max, struct arena *arena, struct queue_unknown **rows, size_t *n,
    struct err *err)
{
	return list_looked_for(db, &queue_unknown_rows, tenant_id, claimed_after,
	    max, arena, rows, n, err);
}

bool
queue_list_witnesses(struct db *db, long long tenant_id, time_t claimed_after,
    int max, struct arena *arena, struct queue_unknown **rows, size_t *n,
    struct err *err)
{
	return list_looked_for(db, &queue_listed_rows, tenant_id, claimed_after,
	    max, arena, rows, n, err);
}

bool
queue_mark_absent(struct db *db, long long tenant_id, struct db_array *ids,
    struct db_array *seen, time_t at, struct arena *arena, struct err *err)
{
	struct db_args args;

	if (ids->n == 0 && seen->n == 0)
		return true;
	db_args_init(&args, arena);
	db_arg_int(&args, tenant_id);
	db_arg_array(&args, ids);
	db_arg_time(&args, at);
	db_arg_array(&args, seen);
	return db_query(db, &queue_absent_rows, &args, NULL, err);
}

bool
queue_find_bound(struct db *db, long long tenant_id,
    struct db_array *remote_ids, struct arena *arena, bool *bound,
    struct err *err)
{
	AUTO(db_result) struct db_result *r = NULL;
	struct db_args args;

	if (remote_ids->n == 0)
		return true;
	db_args_init(&args, arena);
	db_arg_int(&args, tenant_id);
	db_arg_array(&args, remote_ids);
	if (!db_query(db, &queue_bound_rows, &args, &r, err))
		return false;
	for (int i = 0; i < db_rows(r); i++)
		bound[i] = db_bool(r, i, 0);
	return true;
}

/* ---- rows in doubt ------------------------------------------------------- */
static bool
list_ids(struct db *db, const struct db_stmt *stmt, const struct db_args *args,
    struct queue_row_id **rows, size_t *n, struct err *err)
{
	AUTO(db_result) struct db_result *r = NULL;

	if (!db_query(db, stmt, args, &r, err))
		return false;
	*n = (size_t)db_rows(r);
	*rows = arena_array(args->arena, *n + 1, sizeof(**rows));
	if (*rows == NULL)
		return err_nomem(err);
	for (size_t i = 0; i < *n; i++)
		(*rows)[i] = (struct queue_row_id){ db_int(r, (int)i, 0),
			(int)db_int(r, (int)i, 1), db_bool(r, (int)i, 2),
			db_time(r, (int)i, 3) };
	return true;
}

bool
queue_list_before(struct db *db, long long tenant_id, time_t moment,
    struct arena *arena, struct queue_row_id **rows, size_t *n,
    struct err *err)
{
	struct db_args args;

	db_args_init(&args, arena);
	db_arg_int(&args, tenant_id);
	db_arg_time(&args, moment);
	return list_ids(db, &queue_before_rows, &args, rows, n, err);
}

bool
queue_list_restored(struct db *db, long long tenant_id, struct arena *arena,
    struct queue_row_id **rows, size_t *n, struct err *err)
{
	struct db_args args;

	db_args_init(&args, arena);
	db_arg_int(&args, tenant_id);
	return list_ids(db, &queue_restored_rows, &args, rows, n, err);
}

bool
queue_list_unexpected(struct db *db, long long tenant_id, struct arena *arena,
    struct queue_row_id **rows, size_t *n, struct err *err)
{
	struct db_args args;

	db_args_init(&args, arena);
	db_arg_int(&args, tenant_id);
	return list_ids(db, &queue_unexpected_rows, &args, rows, n, err);
}

bool
queue_count_listed(struct db *db, long long tenant_id, time_t from,
    time_t until, struct arena *arena, long long *listed, long long *missing,
    struct err *err)
{
	AUTO(db_result) struct db_result *r = NULL;
	struct db_args args;

	db_args_init(&args, arena);
	db_arg_int(&args, tenant_id);
	db_arg_time(&args, from);
	db_arg_time(&args, until);
	if (!db_query(db, &queue_listed_count, &args, &r, err))
		return false;
	*listed = db_int(r, 0, 0);
	*missing = db_int(r, 0, 1);
	return true;
}
