/*
 * Cards that the CRM merged into another one: what waits for the old card waits
 * for the survivor, and what the old card's person was sent or refused counts
 * for the survivor too; so do the answers, and the tag of the newest.
 */
#include "contact.h"

/* Longer chains are circles. */
#define CHAIN_MAX "20"

/* The survivor may have the same event already: then the old card's row ends. */
DB_STMT(contact_merge_rows,
    "WITH RECURSIVE e AS MATERIALIZED ("
    "  SELECT 1 FROM npsync.tenant WHERE tenant_id = $1 AND epoch = $3"
    "     AND lease_until > now() FOR SHARE"
    "), chain(old, survivor, depth) AS ("
    "  SELECT c.contact_id, c.moved_to, 1 FROM npsync.contact c"
    "   WHERE c.tenant_id = $1 AND c.connector = $2 AND c.moved_to IS NOT NULL"
    "  UNION ALL"
    "  SELECT h.old, c.moved_to, h.depth + 1"
    "    FROM chain h JOIN npsync.contact c ON c.tenant_id = $1 AND c.connector = $2"
    "         AND c.contact_id = h.survivor"
    "   WHERE c.moved_to IS NOT NULL AND h.depth < " CHAIN_MAX
    "), heir AS MATERIALIZED ("
    "  SELECT old, survivor FROM ("
    "    SELECT DISTINCT ON (old) old, survivor, depth FROM chain ORDER BY old, depth DESC) z"
    "   WHERE depth < " CHAIN_MAX " AND EXISTS (SELECT 1 FROM e)"
    "), locked AS MATERIALIZED ("
    "  SELECT q.queue_id, q.version, q.state, q.trigger, q.event_id, q.contact_id AS old,"
    "         q.created_at, h.survivor"
    "    FROM npsync.queue q JOIN heir h ON h.old = q.contact_id"
    "   WHERE q.tenant_id = $1 AND q.connector = $2"
    "     AND q.state IN ('queued', 'deferred', 'held', 'excluded')"
    "   FOR UPDATE OF q"
    "), pick AS MATERIALIZED ("
    "  SELECT l.*, o.queue_id IS NOT NULL OR row_number() OVER"
    "             (PARTITION BY l.trigger, l.event_id, l.survivor ORDER BY l.created_at, l.old) > 1 AS twice"
    "    FROM locked l LEFT JOIN npsync.queue o ON o.tenant_id = $1 AND o.connector = $2"
    "         AND o.trigger = l.trigger AND o.event_id = l.event_id AND o.contact_id = l.survivor"
    "), keys AS ("
    "  SELECT h.survivor, array_agg(DISTINCT k) AS keys"
    "    FROM heir h JOIN npsync.contact o ON o.tenant_id = $1 AND o.connector = $2"
    "         AND o.contact_id = h.old, unnest(o.person || o.merged_keys) k"
    "   GROUP BY h.survivor"
    "), kept AS ("
    "  UPDATE npsync.contact s"
    "     SET merged_keys = (SELECT array_agg(DISTINCT x) FROM unnest(s.merged_keys || k.keys) x)"
    "    FROM keys k WHERE s.tenant_id = $1 AND s.connector = $2 AND s.contact_id = k.survivor"
    "     AND NOT k.keys <@ (s.person || s.merged_keys)"
    "), living AS MATERIALIZED ("
    "  SELECT h.old, h.survivor FROM heir h WHERE NOT EXISTS (SELECT 1 FROM npsync.contact s"
    "         WHERE s.tenant_id = $1 AND s.connector = $2 AND s.contact_id = h.survivor"
    "           AND (s.erased OR s.anonymised))"
    "), answered AS ("
    "  UPDATE npsync.answer a SET contact_id = h.survivor FROM living h"
    "   WHERE a.tenant_id = $1 AND a.connector = $2 AND a.contact_id = h.old"
    "), tagged AS ("
    "  INSERT INTO npsync.tag_want AS t (tenant_id, connector, contact_id, campaign_id, answer_id,"
    "         answered_at, tag_prefix, tag, state)"
    "  SELECT DISTINCT ON (h.survivor, o.campaign_id) $1::bigint, $2, h.survivor, o.campaign_id,"
    "         o.answer_id, o.answered_at, o.tag_prefix, o.tag, 'wanted'"
    "    FROM living h JOIN npsync.tag_want o ON o.tenant_id = $1 AND o.connector = $2"
    "         AND o.contact_id = h.old"
    "   ORDER BY h.survivor, o.campaign_id, o.answered_at DESC, length(o.answer_id) DESC,"
    "            o.answer_id COLLATE \"C\" DESC"
    /* Each night again: what is newer there stays. */
    "  ON CONFLICT (tenant_id, connector, contact_id, campaign_id) DO UPDATE"
    "     SET answer_id = excluded.answer_id, answered_at = excluded.answered_at,"
    "         tag_prefix = excluded.tag_prefix, tag = excluded.tag, reason = NULL, tried_at = NULL,"
    "         old_prefix = CASE WHEN t.tag_prefix <> excluded.tag_prefix"
    "                           THEN coalesce(t.old_prefix, t.tag_prefix) ELSE t.old_prefix END,"
    "         state = 'wanted'"
    "   WHERE (excluded.answered_at, length(excluded.answer_id), excluded.answer_id COLLATE \"C\")"
    "         > (t.answered_at, length(t.answer_id), t.answer_id COLLATE \"C\")"
    "), hist AS ("
    "  INSERT INTO npsync.queue_history (tenant_id, queue_id, version, at, actor, run_id,"
    "         from_state, to_state, detail)"
    "  SELECT $1, queue_id, version + 1, $4::timestamptz, 'refresh', $5, state,"
    "         CASE WHEN twice THEN 'suppressed' ELSE state END,"
    "         CASE WHEN twice THEN 'duplicate_person: the card was merged into one that has this event'"
    "              ELSE 'the card was merged into another one' END"
    "    FROM pick"
    "), moved AS ("
    "  UPDATE npsync.queue q"
    "     SET contact_id = CASE WHEN p.twice THEN q.contact_id ELSE p.survivor END,"
    "         state = CASE WHEN p.twice THEN 'suppressed' ELSE q.state END,"
    "         reason = CASE WHEN p.twice THEN 'duplicate_person' ELSE q.reason END,"
    /* Of one that ends it says that it was to go: decide asks its losers again. */
    "         due_night = CASE WHEN p.twice THEN q.due_night END, due_rank = NULL,"
    "         version = q.version + 1"
    "    FROM pick p WHERE q.tenant_id = $1 AND q.queue_id = p.queue_id"
    "  RETURNING p.twice"
    ")"
    " SELECT count(*) FILTER (WHERE NOT twice), count(*) FILTER (WHERE twice) FROM moved");

bool
contact_merge(struct db *db, const struct contact_merge *merge,
    struct arena *arena, long long *moved, long long *ended, struct err *err)
{
	AUTO(db_result) struct db_result *r = NULL;
	struct db_args args;

	db_args_init(&args, arena);
	db_arg_int(&args, merge->tenant_id);
	db_arg_text(&args, merge->connector);
	db_arg_int(&args, merge->epoch);
	db_arg_time(&args, merge->now);
	db_arg_int(&args, merge->run_id);
	if (!db_query(db, &contact_merge_rows, &args, &r, err))
		return false;
	*moved = db_int(r, 0, 0);
	*ended = db_int(r, 0, 1);
	return true;
}
