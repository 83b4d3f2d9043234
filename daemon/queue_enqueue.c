#include "queue_enqueue.h"

#include "clock.h"
#include "identity.h"

/* The row has no history yet: its first line is version 0. */
DB_STMT(queue_enqueue_row,
    "WITH card AS MATERIALIZED ("
    "  SELECT c.contact_id FROM npsync.contact c WHERE c.tenant_id = $1"
    "     AND c.connector = $2 AND c.contact_id = $3 AND NOT c.erased"
    "     AND (NOT $12::boolean OR c.address_domain = ANY ($13::text[]))"
    "), seen AS ("
    "  INSERT INTO npsync.event_seen (tenant_id, connector, trigger, event_id, baseline)"
    "  SELECT $1, $2, $4, $5, false FROM card ON CONFLICT DO NOTHING"
    "), fresh AS ("
    "  INSERT INTO npsync.queue (tenant_id, connector, trigger, event_id, contact_id,"
    "         occurred_at, created_at, created_night, client_ref, campaign_wanted,"
    "         test)"
    "  SELECT $1, $2, $4, $5, contact_id, $6::timestamptz, $6::timestamptz, $7::date, $8::uuid, $9,"
    "         $12 FROM card"
    "  ON CONFLICT DO NOTHING RETURNING queue_id"
    "), hist AS ("
    "  INSERT INTO npsync.queue_history (tenant_id, queue_id, version, at, actor, from_state,"
    "         to_state, detail)"
    "  SELECT $1, queue_id, 0, $6::timestamptz, $10, 'none', 'queued', $11 FROM fresh"
    ")"
    " SELECT EXISTS (SELECT 1 FROM card), (SELECT queue_id FROM fresh)");
DB_STMT(queue_enqueued,
    "SELECT queue_id, state, reason FROM npsync.queue WHERE tenant_id = $1"
    "   AND connector = $2 AND contact_id = $3 AND trigger = $4 AND event_id = $5");

static void
key_args(struct db_args *args, struct arena *arena, long long tenant_id,
    const struct queue_wish *wish)
{
	char day[16];

	db_args_init(args, arena);
	db_arg_int(args, tenant_id);
	db_arg_text(args, wish->connector);
	db_arg_text(args, wish->contact_id);
	db_arg_text(args, wish->trigger);
	/* As for a silence: the day and the card.  A test may be repeated. */
	db_arg_text(args, wish->test
	    ? arena_printf(arena, "test-%lld/%s", (long long)wish->now,
	        wish->contact_id)
	    : arena_printf(arena, "by-hand-%s/%s", day_iso(day, wish->day),
	        wish->contact_id));
}

static bool
insert(struct db *db, long long tenant_id, const struct queue_wish *wish,
    struct arena *arena, struct queue_wished *wished, struct err *err)
{
	AUTO(db_result) struct db_result *r = NULL;
	struct db_array own;
	struct db_args args;
	char ref[37];

	if (!identity_uuid(ref, err))
		return false;
	db_array_init(&own);
	if (wish->own_domains != NULL)
		db_array_texts(&own, wish->own_domains->v,
		    wish->own_domains->n);
	key_args(&args, arena, tenant_id, wish);
	db_arg_time(&args, wish->now);
	db_arg_day(&args, wish->night);
	db_arg_text(&args, ref);
	db_arg_text(&args, wish->campaign);
	db_arg_text(&args, wish->actor);
	db_arg_text(&args, wish->reason);
	db_arg_bool(&args, wish->test);
	db_arg_array(&args, &own);
	const bool ok = db_query(db, &queue_enqueue_row, &args, &r, err);
	db_array_free(&own);
	if (!ok)
		return false;
	wished->card_known = db_bool(r, 0, 0);
	wished->is_new = !db_is_null(r, 0, 1);
	return true;
}

bool
queue_enqueue(struct db *db, long long tenant_id,
    const struct queue_wish *wish, struct arena *arena,
    struct queue_wished *wished, struct err *err)
{
	AUTO(db_result) struct db_result *r = NULL;
	struct db_args args;

	*wished = (struct queue_wished){ .card_known = false };
	if (!insert(db, tenant_id, wish, arena, wished, err))
		return false;
	if (!wished->card_known)
		return true;
	key_args(&args, arena, tenant_id, wish);
	if (!db_query(db, &queue_enqueued, &args, &r, err))
		return false;
	if (db_rows(r) != 1)
		return err_set(err, ERR_BUG, "the row that was enqueued is not there");
	wished->queue_id = db_int(r, 0, 0);
	wished->state = arena_strdup(arena, db_text(r, 0, 1));
	wished->why = arena_strdup(arena, db_text(r, 0, 2));
	return arena_failed(arena) ? err_nomem(err) : true;
}
