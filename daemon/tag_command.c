#include "tag_command.h"

#include "clock.h"
#include "identity.h"
#include "queue_enqueue.h"
#include "tag.h"

DB_STMT(tag_command_found,
    "SELECT c.connector, c.contact_id, g FROM npsync.contact c, unnest(c.commands) g"
    " WHERE c.tenant_id = $1 AND c.commands <> '{}' AND NOT c.gone AND NOT c.anonymised AND NOT c.erased");
/* A removal that the card does not show a day later, though it was read since, is
 * written again.  A card that one export lacked keeps its commands. */
DB_STMT(tag_command_sync,
    "WITH e AS MATERIALIZED ("
    "  SELECT 1 FROM npsync.tenant WHERE tenant_id = $1 AND epoch = $2"
    "     AND lease_until > now() FOR SHARE"
    "), met AS MATERIALIZED ("
    "  SELECT DISTINCT ON (m.connector, m.contact_id, m.command) m.*"
    "    FROM unnest($4::text[], $5::text[], $6::text[], $7::text[], $8::text[])"
    "         AS m(connector, contact_id, command, tag, campaign_fold) WHERE EXISTS (SELECT 1 FROM e)"
    "), lost AS ("
    "  DELETE FROM npsync.tag_command t WHERE t.tenant_id = $1 AND EXISTS (SELECT 1 FROM e)"
    "     AND NOT EXISTS (SELECT 1 FROM met m WHERE m.connector = t.connector"
    "            AND m.contact_id = t.contact_id AND m.command = t.command)"
    "     AND NOT EXISTS (SELECT 1 FROM npsync.contact c WHERE c.tenant_id = $1"
    "            AND c.connector = t.connector AND c.contact_id = t.contact_id AND c.gone)"
    "), again AS ("
    "  UPDATE npsync.tag_command t SET state = 'acted', tag = m.tag"
    "    FROM met m JOIN npsync.contact c ON c.tenant_id = $1 AND c.connector = m.connector"
    "         AND c.contact_id = m.contact_id"
    "   WHERE t.tenant_id = $1 AND t.connector = m.connector AND t.contact_id = m.contact_id"
    "     AND t.command = m.command AND t.state IN ('removed', 'refused')"
    "     AND c.facts_at > t.tried_at AND t.tried_at < $3::timestamptz - interval '20 hours'"
    "), put AS ("
    "  INSERT INTO npsync.tag_command (tenant_id, connector, contact_id, command, tag, campaign_fold,"
    "         state, seen_at)"
    "  SELECT $1, m.connector, m.contact_id, m.command, m.tag, m.campaign_fold, 'open', $3::timestamptz"
    "    FROM met m ON CONFLICT DO NOTHING RETURNING 1"
    ")"
    " SELECT count(*) FROM put");
DB_STMT(tag_command_skip_rows,
    "SELECT q.queue_id, q.attempt, t.tag FROM npsync.tag_command t"
    "  JOIN npsync.queue q ON q.tenant_id = $1 AND q.connector = t.connector"
    "       AND q.contact_id = t.contact_id AND q.state IN ('queued', 'deferred', 'held')"
    " WHERE t.tenant_id = $1 AND t.state = 'open' AND t.campaign_fold IS NULL"
    " ORDER BY q.queue_id");
DB_STMT(tag_command_skip_done,
    "UPDATE npsync.tag_command t SET state = 'acted', acted_at = $3::timestamptz, reason = NULL"
    " WHERE t.tenant_id = $1 AND t.state = 'open' AND t.campaign_fold IS NULL"
    "   AND EXISTS (SELECT 1 FROM npsync.queue q WHERE q.tenant_id = $1"
    "          AND q.connector = t.connector AND q.contact_id = t.contact_id"
    "          AND q.queue_id = ANY ($2::bigint[]) AND q.state = 'excluded')");
DB_STMT(tag_command_ask_rows,
    "SELECT t.connector, t.contact_id, t.command, t.tag, g.campaign_id,"
    "       extract(epoch from t.seen_at)::bigint"
    "  FROM npsync.tag_command t JOIN npsync.campaign g ON g.tenant_id = $1"
    "       AND g.tag_fold = t.campaign_fold AND g.listed AND g.tag_taken_by IS NULL"
    " WHERE t.tenant_id = $1 AND t.state = 'open' AND t.campaign_fold IS NOT NULL"
    " ORDER BY t.connector, t.contact_id, t.command");
/* The row has no history yet: its first line is version 0. */
DB_STMT(tag_command_ask_done,
    "WITH e AS MATERIALIZED ("
    "  SELECT 1 FROM npsync.tenant WHERE tenant_id = $1 AND epoch = $2"
    "     AND lease_until > now() FOR SHARE"
    "), want AS MATERIALIZED ("
    "  SELECT * FROM unnest($6::text[], $7::text[], $8::text[], $9::text[], $10::text[], $11::text[],"
    "                       $12::uuid[])"
    "         AS w(connector, contact_id, command, tag, campaign, event_id, ref)"
    "   WHERE EXISTS (SELECT 1 FROM e)"
    "), seen AS ("
    "  INSERT INTO npsync.event_seen (tenant_id, connector, trigger, event_id, baseline)"
    "  SELECT $1, w.connector, $5, w.event_id, false FROM want w ON CONFLICT DO NOTHING"
    "), fresh AS ("
    "  INSERT INTO npsync.queue (tenant_id, connector, trigger, event_id, contact_id,"
    "         occurred_at, created_at, created_night, client_ref, campaign_wanted)"
    "  SELECT $1, w.connector, $5, w.event_id, w.contact_id, $3::timestamptz, $3::timestamptz,"
    "         $4::date, w.ref, w.campaign FROM want w"
    "  ON CONFLICT DO NOTHING RETURNING queue_id, connector, event_id, contact_id"
    "), hist AS ("
    "  INSERT INTO npsync.queue_history (tenant_id, queue_id, version, at, actor, from_state,"
    "         to_state, detail)"
    "  SELECT $1, f.queue_id, 0, $3::timestamptz, 'tag', 'none', 'queued', w.tag"
    "    FROM fresh f JOIN want w ON w.connector = f.connector AND w.event_id = f.event_id"
    "         AND w.contact_id = f.contact_id"
    ")"
    " UPDATE npsync.tag_command t SET state = 'acted', acted_at = $3::timestamptz, reason = NULL"
    "   FROM want w JOIN fresh f ON f.connector = w.connector AND f.event_id = w.event_id"
    "        AND f.contact_id = w.contact_id"
    "  WHERE t.tenant_id = $1 AND t.connector = w.connector AND t.contact_id = w.contact_id"
    "    AND t.command = w.command"
    " RETURNING f.queue_id, t.tag");
DB_STMT(tag_command_why,
    "WITH why AS MATERIALIZED ("
    "  SELECT t.connector, t.contact_id, t.command,"
    "         CASE WHEN t.campaign_fold IS NULL THEN 'waits for the next row of the card'"
    "              WHEN NOT EXISTS (SELECT 1 FROM npsync.campaign g WHERE g.tenant_id = $1"
    "                   AND g.tag_fold = t.campaign_fold AND g.listed AND g.tag_taken_by IS NULL)"
    "              THEN 'the survey service has no campaign of that name'"
    "              WHEN NOT $2 THEN 'trigger.manual is missing in the configuration, or off' END AS reason"
    "    FROM npsync.tag_command t WHERE t.tenant_id = $1 AND t.state = 'open'"
    "), put AS ("
    "  UPDATE npsync.tag_command t SET reason = w.reason FROM why w"
    "   WHERE t.tenant_id = $1 AND t.connector = w.connector AND t.contact_id = w.contact_id"
    "     AND t.command = w.command AND t.reason IS DISTINCT FROM w.reason"
    ")"
    " SELECT count(*) FROM why");
DB_STMT(tag_command_remove_rows,
    "SELECT t.connector, t.contact_id, t.command, t.tag, NULL::text, extract(epoch from t.seen_at)::bigint"
    "  FROM npsync.tag_command t WHERE t.tenant_id = $1 AND t.connector = $2 AND t.state = 'acted'"
    "   AND (t.tried_at IS NULL OR t.tried_at < $3::timestamptz)"
    " ORDER BY t.contact_id, t.command LIMIT $4");
DB_STMT(tag_command_removed,
    "UPDATE npsync.tag_command t SET state = r.state, reason = r.reason, tried_at = $3::timestamptz"
    "  FROM unnest($4::text[], $5::text[], $6::text[], $7::text[]) AS r(contact_id, command, state, reason)"
    " WHERE t.tenant_id = $1 AND t.connector = $2 AND t.contact_id = r.contact_id"
    "   AND t.command = r.command AND t.state = 'acted'");
DB_STMT(tag_command_open_rows,
    "SELECT t.connector, t.contact_id, t.tag, coalesce(t.reason, 'not looked at yet'),"
    "       extract(epoch from t.seen_at)::bigint"
    "  FROM npsync.tag_command t WHERE t.tenant_id = $1 AND t.state IN ('open', 'refused')"
    " ORDER BY t.seen_at DESC, t.connector, t.contact_id, t.command LIMIT $2");

/* ---- what the cards carry ------------------------------------------------ */
enum { MET_CONNECTOR, MET_CONTACT, MET_COMMAND, MET_TAG, MET_CAMPAIGN, MET_COLS };

static void
met_add(struct db_array col[MET_COLS], const struct db_result *r, int row,
    const char *tag_prefix, struct arena *arena)
{
	const char *tag = db_text(r, row, 2), *campaign;
	const enum tag_word command = tag_command_read(arena, tag,
	    tag_prefix, &campaign);

	/* Of a prefix that is not configured any more. */
	if (command == TAG_NO_COMMAND)
		return;
	db_array_text(&col[MET_CONNECTOR], db_text(r, row, 0));
	db_array_text(&col[MET_CONTACT], db_text(r, row, 1));
	db_array_text(&col[MET_COMMAND], command == TAG_SKIP ? "skip"
	    : arena_printf(arena, "ask.%s", campaign));
	db_array_text(&col[MET_TAG], tag);
	db_array_text(&col[MET_CAMPAIGN], campaign);
}

static bool
sync(struct db *db, const struct tenant *tenant, struct db_array col[MET_COLS],
    time_t now, struct arena *arena, long long *n_new, struct err *err)
{
	AUTO(db_result) struct db_result *r = NULL;
	struct db_args args;

	db_args_init(&args, arena);
	db_arg_int(&args, tenant->id);
	db_arg_int(&args, tenant->epoch);
	db_arg_time(&args, now);
	db_arg_arrays(&args, col, MET_COLS);
	if (!db_query(db, &tag_command_sync, &args, &r, err))
		return false;
	*n_new = db_int(r, 0, 0);
	return true;
}

bool
tag_command_meet(struct db *db, const struct tenant *tenant,
    const char *tag_prefix, time_t now, struct arena *arena, long long *n_new,
    struct err *err)
{
	AUTO(db_result) struct db_result *r = NULL;
	struct db_array col[MET_COLS];
	struct db_args args;

	db_args_init(&args, arena);
	db_arg_int(&args, tenant->id);
	if (!db_query(db, &tag_command_found, &args, &r, err))
		return false;
	db_arrays_init(col, MET_COLS);
	for (int i = 0; i < db_rows(r); i++)
		met_add(col, r, i, tag_prefix, arena);
	const bool ok = arena_failed(arena) ? err_nomem(err)
	    : sync(db, tenant, col, now, arena, n_new, err);
	db_arrays_free(col, MET_COLS);
	return ok;
}

/* ---- Skip ---------------------------------------------------------------- */
bool
tag_command_skips(struct db *db, long long tenant_id, struct arena *arena,
    struct queue_move **moves, size_t *n, struct err *err)
{
	AUTO(db_result) struct db_result *r = NULL;
	struct db_args args;

	db_args_init(&args, arena);
	db_arg_int(&args, tenant_id);
	if (!db_query(db, &tag_command_skip_rows, &args, &r, err))
		return false;
	*n = (size_t)db_rows(r);
	*moves = arena_array(arena, *n + 1, sizeof(**moves));
	if (*moves == NULL)
		return err_nomem(err);
	for (int i = 0; i < db_rows(r); i++)
		(*moves)[i] = (struct queue_move){ db_int(r, i, 0),
			(int)db_int(r, i, 1), QUEUE_EXCLUDED,
			arena_printf(arena, "by tag: %s", db_text(r, i, 2)),
			NULL, NO_TIME };
	return !arena_failed(arena) || err_nomem(err);
}

bool
tag_command_skipped(struct db *db, long long tenant_id,
    const struct queue_move *moves, size_t n_moves, time_t now,
    struct arena *arena, long long *n, struct err *err)
{
	AUTO(db_result) struct db_result *r = NULL;
	struct db_array ids;
	struct db_args args;

	db_array_init(&ids);
	for (size_t i = 0; i < n_moves; i++)
		db_array_int(&ids, moves[i].queue_id);
	db_args_init(&args, arena);
	db_arg_int(&args, tenant_id);
	db_arg_array(&args, &ids);
	db_arg_time(&args, now);
	const bool ok = db_query(db, &tag_command_skip_done, &args, &r, err);
	db_array_free(&ids);
	if (ok)
		*n = db_affected(r);
	return ok;
}

/* ---- Ask ----------------------------------------------------------------- */
static bool
list(struct db *db, const struct db_stmt *stmt, const struct db_args *args,
    struct tag_command **rows, size_t *n, struct err *err)
{
	AUTO(db_result) struct db_result *r = NULL;
	struct arena *arena = args->arena;

	if (!db_query(db, stmt, args, &r, err))
		return false;
	*n = (size_t)db_rows(r);
	*rows = arena_array(arena, *n + 1, sizeof(**rows));
	if (*rows == NULL)
		return err_nomem(err);
	for (int i = 0; i < db_rows(r); i++)
		(*rows)[i] = (struct tag_command){
			arena_strdup(arena, db_text(r, i, 0)),
			arena_strdup(arena, db_text(r, i, 1)),
			arena_strdup(arena, db_text(r, i, 2)),
			arena_strdup(arena, db_text(r, i, 3)),
			arena_strdup(arena, db_text(r, i, 4)),
			db_time(r, i, 5) };
	return !arena_failed(arena) || err_nomem(err);
}

bool
tag_command_asks(struct db *db, long long tenant_id, struct arena *arena,
    struct tag_command **asks, size_t *n, struct err *err)
{
	struct db_args args;

	db_args_init(&args, arena);
	db_arg_int(&args, tenant_id);
	return list(db, &tag_command_ask_rows, &args, asks, n, err);
}

enum { ASK_CONNECTOR, ASK_CONTACT, ASK_COMMAND, ASK_TAG, ASK_CAMPAIGN, ASK_EVENT,
	ASK_REF, ASK_COLS };

/* One event a command, whenever it was met: the same tag later is another. */
static bool
ask_add(struct db_array col[ASK_COLS], const struct tag_command *a,
    struct arena *arena, struct err *err)
{
	char ref[37];

	if (!identity_uuid(ref, err))
		return false;
	db_array_text(&col[ASK_CONNECTOR], a->connector);
	db_array_text(&col[ASK_CONTACT], a->contact_id);
	db_array_text(&col[ASK_COMMAND], a->command);
	db_array_text(&col[ASK_TAG], a->tag);
	db_array_text(&col[ASK_CAMPAIGN], a->campaign);
	db_array_text(&col[ASK_EVENT], arena_printf(arena, "by-tag-%lld/%s/%s",
	    (long long)a->seen_at, a->campaign, a->contact_id));
	db_array_text(&col[ASK_REF], ref);
	return true;
}

bool
tag_command_enqueue(struct db *db, const struct tenant *tenant,
    const struct tag_command *asks, size_t n, int night, time_t now,
    struct arena *arena, struct db_result **result, struct err *err)
{
	struct db_array col[ASK_COLS];
	struct db_args args;
	bool ok = true;

	db_arrays_init(col, ASK_COLS);
	for (size_t i = 0; ok && i < n; i++)
		ok = ask_add(col, &asks[i], arena, err);
	db_args_init(&args, arena);
	db_arg_int(&args, tenant->id);
	db_arg_int(&args, tenant->epoch);
	db_arg_time(&args, now);
	db_arg_day(&args, night);
	db_arg_text(&args, QUEUE_BY_HAND);
	db_arg_arrays(&args, col, ASK_COLS);
	ok = ok && db_query(db, &tag_command_ask_done, &args, result, err);
	db_arrays_free(col, ASK_COLS);
	return ok;
}

bool
tag_command_explain(struct db *db, long long tenant_id, bool may_ask,
    struct arena *arena, long long *n_open, struct err *err)
{
	AUTO(db_result) struct db_result *r = NULL;
	struct db_args args;

	db_args_init(&args, arena);
	db_arg_int(&args, tenant_id);
	db_arg_bool(&args, may_ask);
	if (!db_query(db, &tag_command_why, &args, &r, err))
		return false;
	*n_open = db_int(r, 0, 0);
	return true;
}

/* ---- the tags that go ------------------------------------------------------ */
bool
tag_command_list(struct db *db, long long tenant_id, const char *connector,
    time_t before, int max, struct arena *arena, struct tag_command **rows,
    size_t *n, struct err *err)
{
	struct db_args args;

	db_args_init(&args, arena);
	db_arg_int(&args, tenant_id);
	db_arg_text(&args, connector);
	db_arg_time(&args, before);
	db_arg_int(&args, max);
	return list(db, &tag_command_remove_rows, &args, rows, n, err);
}

static const char *
state_of(enum put_outcome outcome)
{
	switch (outcome) {
	case PUT_DONE:
	case PUT_UNCHANGED:
	case PUT_GONE:
		return "removed";
	case PUT_REJECTED:
		return "refused";
	case PUT_CONFLICT:
	case PUT_AGAIN:
	case PUT_UNKNOWN:
	case PUT_DENIED:
		return "acted";
	}
	return "acted";
}

bool
tag_command_done(struct db *db, long long tenant_id, const char *connector,
    const struct tag_command *rows, const struct put_result *results, size_t n,
    time_t now, struct arena *arena, struct err *err)
{
	struct db_array col[4];
	struct db_args args;

	db_arrays_init(col, 4);
	for (size_t i = 0; i < n; i++) {
		const bool refused = results[i].outcome == PUT_REJECTED;
		db_array_text(&col[0], rows[i].contact_id);
		db_array_text(&col[1], rows[i].command);
		db_array_text(&col[2], state_of(results[i].outcome));
		db_array_text(&col[3], refused ? arena_printf(arena,
		    "done, the tag could not be removed: %s",
		    results[i].reason) : NULL);
	}
	db_args_init(&args, arena);
	db_arg_int(&args, tenant_id);
	db_arg_text(&args, connector);
	db_arg_time(&args, now);
	db_arg_arrays(&args, col, 4);
	const bool ok = db_query(db, &tag_command_removed, &args, NULL, err);
	db_arrays_free(col, 4);
	return ok;
}

bool
tag_command_waiting(struct db *db, long long tenant_id, int max,
    struct arena *arena, struct db_result **result, struct err *err)
{
	struct db_args args;

	db_args_init(&args, arena);
	db_arg_int(&args, tenant_id);
	db_arg_int(&args, max);
	return db_query(db, &tag_command_open_rows, &args, result, err);
}
