#include "answer.h"

#include <string.h>

#include "clock.h"
#include "identity.h"
#include "tag.h"

enum { A_ID, A_REF, A_REMOTE, A_CARD_CONNECTOR, A_CARD_ID, A_KEY, A_CAMPAIGN,
	A_SCORE, A_COMMENT, A_ANSWERED, A_CHANGED, A_CONTACT_ME, A_ANON, A_OPTOUT,
	A_EMAIL };

/* Of the cards with an address the only one, or the one asked last before the
 * answer, first of all with its campaign; n = all.  due_night is the day of a
 * zone: a day more. */
#define ADDRESS_CARD(key, campaign_id, at) \
	"SELECT CASE WHEN x.n = 1 OR x.asked IS NOT NULL THEN x.connector END AS connector," \
	"                CASE WHEN x.n = 1 OR x.asked IS NOT NULL THEN x.contact_id END AS contact_id, x.n" \
	"           FROM (SELECT c.connector, c.contact_id, count(*) OVER () AS n, s.asked" \
	"                   FROM npsync.contact c" \
	"                   LEFT JOIN LATERAL (SELECT max(q.due_night) AS asked," \
	"                                max(q.due_night) FILTER (WHERE q.campaign = " campaign_id ") AS for_it" \
	"                          FROM npsync.queue q" \
	"                         WHERE q.tenant_id = $1 AND q.connector = c.connector" \
	"                           AND q.contact_id = c.contact_id AND q.state IN ('sent', 'unknown')" \
	"                           AND q.due_night <= (" at " AT TIME ZONE 'UTC' + interval '1 day')::date) s ON true" \
	"                  WHERE c.tenant_id = $1 AND c.address_key = " key " AND NOT c.gone" \
	"                  ORDER BY s.for_it DESC NULLS LAST, s.asked DESC NULLS LAST, c.connector, c.contact_id" \
	"                  LIMIT 1) x"
#define PAGE_AT "coalesce(p.answered_at, p.changed_at, $8::timestamptz)"
#define PLACED_AT "coalesce(o.answered_at, o.changed_at, o.first_seen_at)"

/* The survey that an answer which names none belongs to: the last one of its card
 * and campaign before it.  A service that hands over at once does not wait for
 * send_at.  The reports look the same way for rows that were settled later. */
#define LAST_SURVEY(connector, cards, campaign_id, at) \
	"SELECT q.queue_id FROM npsync.queue q" \
	"          WHERE q.tenant_id = $1 AND q.connector = " connector " AND q.contact_id = ANY (" cards ")" \
	"            AND q.campaign = " campaign_id " AND q.state IN ('sent', 'unknown')" \
	"            AND q.send_at <= " at " + interval '24 hours'" \
	"          ORDER BY q.send_at DESC, q.client_ref LIMIT 1"

/* Of the answers in "put p" the newest for each card and campaign. */
#define TAG_CTE(prefix) \
	"), tag AS (" \
	"  INSERT INTO npsync.tag_want AS t (tenant_id, connector, contact_id, campaign_id, answer_id," \
	"         answered_at, tag_prefix, tag, state)" \
	"  SELECT DISTINCT ON (p.connector, p.contact_id, p.campaign_id) $1::bigint, p.connector, p.contact_id," \
	"         p.campaign_id, p.answer_id, p.answered_at, " prefix " || '.' || g.tag_name || '.'," \
	"         " prefix " || '.' || g.tag_name || '.' || p.score, 'wanted'" \
	"    FROM put p JOIN npsync.campaign g ON g.tenant_id = $1 AND g.campaign_id = p.campaign_id" \
	"   WHERE p.contact_id IS NOT NULL AND p.score IS NOT NULL AND p.matched NOT IN ('anonymised', 'erased')" \
	"     AND g.tag_name IS NOT NULL AND g.tag_taken_by IS NULL" \
	"   ORDER BY p.connector, p.contact_id, p.campaign_id, p.answered_at DESC, length(p.answer_id) DESC," \
	"            p.answer_id COLLATE \"C\" DESC" \
	"  ON CONFLICT (tenant_id, connector, contact_id, campaign_id) DO UPDATE" \
	"     SET answer_id = excluded.answer_id, answered_at = excluded.answered_at," \
	"         tag_prefix = excluded.tag_prefix, tag = excluded.tag, reason = NULL," \
	"         tried_at = CASE WHEN t.state = 'done' AND t.applied_tag = excluded.tag THEN t.tried_at END," \
	"         old_prefix = CASE WHEN t.tag_prefix <> excluded.tag_prefix" \
	"                           THEN coalesce(t.old_prefix, t.tag_prefix) ELSE t.old_prefix END," \
	/* Not done: another tag may have been written and its reply lost. */ \
	"         state = CASE WHEN t.state = 'done' AND t.applied_tag = excluded.tag THEN 'done'" \
	"                      ELSE 'wanted' END" \
	/* Equal times: the greater id; ids are numbers at most services. */ \
	"   WHERE (excluded.answered_at, length(excluded.answer_id), excluded.answer_id COLLATE \"C\")" \
	"         >= (t.answered_at, length(t.answer_id), t.answer_id COLLATE \"C\")" \
	"     AND (excluded.tag, excluded.answer_id, excluded.answered_at) IS DISTINCT FROM (t.tag, t.answer_id, t.answered_at)" \
	"  RETURNING 1"

/*
 * One page: upsert, match, tag.  Matching asks in order: our reference, the
 * remote id (if one row has it), the card named by the service, the address
 * (one card; of several the one asked last before it, else ambiguous).  An answer once
 * placed keeps its place.  One that names no row gets the last survey of its card
 * and campaign: rules, views and the sign of a test go by the row.
 */
DB_STMT(answer_page_upsert,
    "WITH " CURSOR_CTE ", erased AS MATERIALIZED ("
    "  SELECT o.person_key FROM npsync.opt_out o WHERE o.tenant_id = $1 AND o.source = 'erased'"
    "), erased_ref AS MATERIALIZED ("
    "  SELECT s.ref FROM erased x JOIN npsync.person_send s ON s.tenant_id = $1"
    "         AND s.person_key = x.person_key"
    /* Of an erased person, told by address, card or our reference: as one that
     * the service has anonymised. */
    "), page AS MATERIALIZED ("
    "  SELECT DISTINCT ON (p.answer_id) p.answer_id, p.ref, p.remote_id, p.card_connector,"
    "         p.card_id, p.address_key, p.campaign_id, p.score, p.comment, p.answered_at,"
    "         p.changed_at, p.wants_contact, p.opted_out, p.email, p.ord,"
    "         p.anonymised OR p.address_key IN (SELECT person_key FROM erased)"
    "         IS TRUE OR lower(p.ref) IN (SELECT ref FROM erased_ref) IS TRUE"
    "         OR EXISTS (SELECT 1 FROM npsync.contact c WHERE c.tenant_id = $1"
    "               AND c.connector = p.card_connector AND c.contact_id = p.card_id AND c.erased)"
    "         AS anonymised"
    "    FROM unnest($10::text[], $11::text[], $12::text[], $13::text[], $14::text[],"
    "                $15::bytea[], $16::text[], $17::int[], $18::text[], $19::timestamptz[],"
    "                $20::timestamptz[], $21::boolean[], $22::boolean[], $23::boolean[], $24::text[])"
    "         WITH ORDINALITY"
    "         AS p(answer_id, ref, remote_id, card_connector, card_id, address_key,"
    "              campaign_id, score, comment, answered_at, changed_at, wants_contact,"
    "              anonymised, opted_out, email, ord)"
    "   WHERE EXISTS (SELECT 1 FROM e)"
    "   ORDER BY p.answer_id, p.changed_at DESC NULLS LAST, p.ord DESC"
    "), found AS MATERIALIZED ("
    "  SELECT p.answer_id,"
    "         coalesce(r.queue_id, m.queue_id) AS queue_id,"
    "         coalesce(r.connector, m.connector, k.connector, a.connector) AS connector,"
    "         coalesce(r.contact_id, m.contact_id, k.contact_id, a.contact_id) AS contact_id,"
    "         CASE WHEN p.anonymised THEN 'anonymised' WHEN r.queue_id IS NOT NULL THEN 'ref'"
    "              WHEN m.queue_id IS NOT NULL THEN 'remote' WHEN k.contact_id IS NOT NULL THEN 'card'"
    "              WHEN a.contact_id IS NOT NULL THEN 'address' WHEN a.n > 1 THEN 'ambiguous'"
    "              ELSE 'none' END AS matched"
    "    FROM page p"
    /* As uuid, so that the index of client_ref is used; a service may give it
     * back in capitals. */
    "    LEFT JOIN npsync.queue r ON r.tenant_id = $1 AND NOT p.anonymised AND r.client_ref"
    "         = CASE WHEN p.ref ~* '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' THEN p.ref::uuid END"
    "    LEFT JOIN LATERAL (SELECT min(q.queue_id) AS queue_id, min(q.connector) AS connector,"
    "                min(q.contact_id) AS contact_id FROM npsync.queue q"
    "          WHERE q.tenant_id = $1 AND q.remote_id = p.remote_id HAVING count(*) = 1) m ON NOT p.anonymised"
    "    LEFT JOIN npsync.contact k ON k.tenant_id = $1 AND k.connector = p.card_connector"
    "         AND k.contact_id = p.card_id AND NOT p.anonymised"
    "    LEFT JOIN LATERAL ("
    ADDRESS_CARD("p.address_key", "p.campaign_id", PAGE_AT)
    "         ) a ON NOT p.anonymised"
    /* A card that was merged since: followed once. */
    "), hit AS MATERIALIZED ("
    "  SELECT f.answer_id, coalesce(f.queue_id, l.queue_id) AS queue_id, f.connector,"
    "         coalesce(o.moved_to, f.contact_id) AS contact_id, f.matched"
    "    FROM found f JOIN page p USING (answer_id)"
    "    LEFT JOIN npsync.contact o ON o.tenant_id = $1 AND o.connector = f.connector"
    "         AND o.contact_id = f.contact_id"
    "    LEFT JOIN LATERAL ("
    LAST_SURVEY("f.connector", "ARRAY[f.contact_id, o.moved_to]", "p.campaign_id", PAGE_AT)
    "         ) l ON f.matched IN ('card', 'address')"
    "), old AS MATERIALIZED ("
    "  SELECT w.* FROM npsync.answer w JOIN page p ON p.answer_id = w.answer_id WHERE w.tenant_id = $1"
    "), put AS ("
    "  INSERT INTO npsync.answer AS w (tenant_id, answer_id, campaign_id, score, comment,"
    "         answered_at, changed_at, wants_contact, address_key, matched, queue_id, connector,"
    "         contact_id, first_seen_at)"
    "  SELECT $1::bigint, p.answer_id, p.campaign_id, p.score,"
    "         CASE WHEN NOT p.anonymised THEN p.comment END, p.answered_at, p.changed_at,"
    "         p.wants_contact AND NOT p.anonymised, CASE WHEN NOT p.anonymised THEN p.address_key END, h.matched,"
    "         h.queue_id, h.connector, h.contact_id, $8::timestamptz"
    "    FROM page p JOIN hit h USING (answer_id)"
    "  ON CONFLICT (tenant_id, answer_id) DO UPDATE"
    /* Read again after a later send the service may name no campaign, or that
     * one's: the survey that it was placed with keeps its own. */
    "     SET campaign_id = CASE WHEN w.queue_id IS DISTINCT FROM excluded.queue_id"
    "                             AND w.queue_id IS NOT NULL AND (excluded.matched NOT IN ('ref', 'remote')"
    "                                  OR w.matched IN ('ref', 'remote'))"
    "                        THEN coalesce(w.campaign_id, excluded.campaign_id)"
    "                        ELSE coalesce(excluded.campaign_id, w.campaign_id) END, score = excluded.score,"
    /* Anonymised later: the words and the address go, the card is left alone. */
    "         comment = CASE WHEN excluded.matched <> 'anonymised' AND w.matched <> 'erased'"
    "                        THEN coalesce(excluded.comment, w.comment) END,"
    "         address_key = CASE WHEN excluded.matched <> 'anonymised' THEN w.address_key END,"
    "         answered_at = excluded.answered_at,"
    "         changed_at = excluded.changed_at, wants_contact = excluded.wants_contact,"
    /* What npsync was told to erase stays so. */
    "         matched = CASE WHEN w.matched = 'erased' THEN w.matched"
    "                        WHEN w.contact_id IS NULL OR excluded.matched = 'anonymised'"
    "                        THEN excluded.matched ELSE w.matched END,"
    /* The row it names, once it does, else one of the card where it stays. */
    "         queue_id = CASE WHEN w.matched = 'erased' THEN w.queue_id"
    "                         WHEN excluded.matched IN ('ref', 'remote') AND w.matched NOT IN ('ref', 'remote')"
    "                         THEN excluded.queue_id"
    "                         WHEN w.contact_id IS NULL OR (w.connector, w.contact_id)"
    "                              = (excluded.connector, excluded.contact_id)"
    "                         THEN coalesce(w.queue_id, excluded.queue_id) ELSE w.queue_id END,"
    "         connector = CASE WHEN w.matched = 'erased' THEN w.connector"
    "                          ELSE coalesce(w.connector, excluded.connector) END,"
    "         contact_id = CASE WHEN w.matched = 'erased' THEN w.contact_id"
    "                           ELSE coalesce(w.contact_id, excluded.contact_id) END"
    "   WHERE coalesce(excluded.changed_at, '-infinity') >= coalesce(w.changed_at, '-infinity')"
    "  RETURNING w.*"
    /* Who declines by an answer that is certainly theirs may be named by nothing
     * else: all keys of the card. */
    "), declined AS ("
    "  INSERT INTO npsync.opt_out (tenant_id, person_key, source, at)"
    "  SELECT DISTINCT $1::bigint, k, 'survey', $8::timestamptz"
    "    FROM page p JOIN hit h USING (answer_id)"
    "    JOIN npsync.contact c ON c.tenant_id = $1 AND c.connector = h.connector"
    "         AND c.contact_id = h.contact_id, unnest(c.person) k"
    "   WHERE p.opted_out AND NOT p.anonymised AND h.matched IN ('ref', 'remote', 'card')"
    "  ON CONFLICT DO NOTHING RETURNING 1"
    /* The address goes to who may ask the CRM for it, once a week. */
    "), search AS ("
    "  INSERT INTO npsync.answer_search AS s (tenant_id, address_key, email, wanted_at)"
    "  SELECT DISTINCT ON (p.address_key) $1::bigint, p.address_key, p.email, $8::timestamptz"
    "    FROM page p JOIN hit h USING (answer_id) LEFT JOIN old o USING (answer_id)"
    "   WHERE h.matched = 'none' AND p.email IS NOT NULL AND p.address_key IS NOT NULL"
    "     AND o.contact_id IS NULL AND o.matched IS DISTINCT FROM 'erased'"
    "  ON CONFLICT (tenant_id, address_key) DO UPDATE SET email = excluded.email, wanted_at = excluded.wanted_at"
    "   WHERE s.asked_at < excluded.wanted_at - interval '7 days'"
    TAG_CTE("$25")
    ")"
    " SELECT CASE WHEN o.answer_id IS NULL THEN 'new'"
    "             WHEN n.answer_id IS NOT NULL AND (n.score, n.comment, n.answered_at, n.contact_id)"
    "                  IS DISTINCT FROM (o.score, o.comment, o.answered_at, o.contact_id) THEN 'updated'"
    "             ELSE 'same' END AS outcome,"
    "        coalesce(n.matched, h.matched) AS matched, count(*), (SELECT count(*) FROM tag),"
    "        (SELECT count(*) FROM declined),"
    "        count(*) FILTER (WHERE o.answer_id IS NULL AND n.score IS NULL)"
    "   FROM hit h LEFT JOIN old o USING (answer_id) LEFT JOIN put n USING (answer_id)"
    "  GROUP BY 1, 2");

/* Cards came in since, or a survey of one was settled. */
DB_STMT(answer_place_again,
    "WITH e AS MATERIALIZED ("
    "  SELECT 1 FROM npsync.tenant WHERE tenant_id = $1 AND epoch = $2"
    "     AND lease_until > now() FOR SHARE"
    "), hit AS MATERIALIZED ("
    "  SELECT o.answer_id, a.connector, a.contact_id, l.queue_id FROM npsync.answer o JOIN LATERAL ("
    ADDRESS_CARD("o.address_key", "o.campaign_id", PLACED_AT)
    "         ) a ON a.contact_id IS NOT NULL OR (o.matched = 'none' AND a.n > 1)"
    "    LEFT JOIN LATERAL ("
    LAST_SURVEY("a.connector", "ARRAY[a.contact_id]", "o.campaign_id", PLACED_AT)
    "         ) l ON true"
    "   WHERE o.tenant_id = $1 AND o.matched IN ('ambiguous', 'none') AND EXISTS (SELECT 1 FROM e)"
    "     AND NOT EXISTS (SELECT 1 FROM npsync.opt_out x WHERE x.tenant_id = $1"
    "            AND x.source = 'erased' AND x.person_key = o.address_key)"
    "), put AS ("
    "  UPDATE npsync.answer w SET connector = h.connector, contact_id = h.contact_id,"
    "         queue_id = h.queue_id, matched = CASE WHEN h.contact_id IS NULL THEN 'ambiguous' ELSE 'address' END"
    "    FROM hit h WHERE w.tenant_id = $1 AND w.answer_id = h.answer_id RETURNING w.*"
    TAG_CTE("$3")
    ")"
    " SELECT count(contact_id), count(*) - count(contact_id) FROM put");
DB_STMT(answer_homeless,
    "SELECT count(*) FROM npsync.answer WHERE tenant_id = $1 AND matched = 'none'");
DB_STMT(answer_unplaced,
    "SELECT a.answer_id, extract(epoch from a.answered_at)::bigint, a.score,"
    "       coalesce(g.name, a.campaign_id),"
    "       (SELECT string_agg(c.connector || '/' || c.contact_id, ', ' ORDER BY c.connector, c.contact_id)"
    "          FROM npsync.contact c WHERE c.tenant_id = $1 AND c.address_key = a.address_key AND NOT c.gone)"
    "  FROM npsync.answer a LEFT JOIN npsync.campaign g ON g.tenant_id = $1"
    "       AND g.campaign_id = a.campaign_id"
    " WHERE a.tenant_id = $1 AND a.matched = 'ambiguous'"
    " ORDER BY a.answered_at DESC NULLS LAST LIMIT $2");

void
answer_page_init(struct answer_page *page)
{
	db_arrays_init(page->col, ANSWER_COLS);
	page->n = 0;
	page->may_search = false;
}

void
answer_page_free(struct answer_page *page)
{
	db_arrays_free(page->col, ANSWER_COLS);
}

/* "crm:9001" -> connector and card; without a colon no card. */
static void
add_card(struct answer_page *page, const char *card, struct arena *scratch)
{
	const char *colon = card == NULL ? NULL : strchr(card, ':');

	db_array_text(&page->col[A_CARD_CONNECTOR], colon == NULL ? NULL
	    : arena_strndup(scratch, card, (size_t)(colon - card)));
	db_array_text(&page->col[A_CARD_ID], colon == NULL ? NULL : colon + 1);
}

bool
answer_page_add(struct answer_page *page, const struct survey_answer *a,
    const unsigned char *secret, struct arena *scratch, struct err *err)
{
	struct db_array *col = page->col;
	const char *address, *domain;
	char key[IDENTITY_KEY_HEX];
	const bool has_address =
	    identity_address(scratch, a->email, &address, &domain) == ADDRESS_OK;

	if (has_address && !identity_key_address(secret, address, key, err))
		return false;
	db_array_text(&col[A_ID], a->answer_id);
	db_array_text(&col[A_REF], a->ref);
	db_array_text(&col[A_REMOTE], a->remote_id);
	add_card(page, a->contact_id, scratch);
	db_array_text(&col[A_KEY], has_address ? key : NULL);
	db_array_text(&col[A_CAMPAIGN], a->campaign_id);
	if (a->score >= 0)
		db_array_int(&col[A_SCORE], a->score);
	else
		db_array_text(&col[A_SCORE], NULL);
	db_array_text(&col[A_COMMENT], a->comment);
	db_array_time(&col[A_ANSWERED], a->answered_at);
	db_array_time(&col[A_CHANGED], a->changed_at);
	db_array_bool(&col[A_CONTACT_ME], a->wants_contact);
	db_array_bool(&col[A_ANON], a->anonymised);
	db_array_bool(&col[A_OPTOUT], a->opted_out);
	db_array_text(&col[A_EMAIL], page->may_search && has_address &&
	    !a->anonymised ? address : NULL);
	page->n++;
	return arena_failed(scratch) ? err_nomem(err) : true;
}

bool
answer_page_put(struct answer_page *page, struct db *db,
    const struct cursor_move *move, const char *tag_prefix,
    struct arena *scratch, struct db_result **result, struct err *err)
{
	struct db_args args;

	db_args_init(&args, scratch);
	cursor_args(&args, move);
	db_arg_arrays(&args, page->col, ANSWER_COLS);
	db_arg_text(&args, tag_prefix);
	if (!db_query(db, &answer_page_upsert, &args, result, err))
		return false;
	db_arrays_reset(page->col, ANSWER_COLS);
	page->n = 0;
	return true;
}

bool
answer_place(struct db *db, const struct tenant *tenant,
    const char *tag_prefix, struct arena *arena, long long *placed,
    long long *ambiguous, struct err *err)
{
	AUTO(db_result) struct db_result *r = NULL;
	struct db_args args;

	db_args_init(&args, arena);
	db_arg_int(&args, tenant->id);
	db_arg_int(&args, tenant->epoch);
	db_arg_text(&args, tag_prefix);
	if (!db_query(db, &answer_place_again, &args, &r, err))
		return false;
	*placed = db_int(r, 0, 0);
	*ambiguous = db_int(r, 0, 1);
	return true;
}

bool
answer_count_homeless(struct db *db, long long tenant_id, struct arena *arena,
    long long *n, struct err *err)
{
	AUTO(db_result) struct db_result *r = NULL;
	struct db_args args;

	db_args_init(&args, arena);
	db_arg_int(&args, tenant_id);
	if (!db_query(db, &answer_homeless, &args, &r, err))
		return false;
	*n = db_int(r, 0, 0);
	return true;
}

bool
answer_list_unplaced(struct db *db, long long tenant_id, int max,
    struct arena *arena, struct db_result **result, struct err *err)
{
	struct db_args args;

	db_args_init(&args, arena);
	db_arg_int(&args, tenant_id);
	db_arg_int(&args, max);
	return db_query(db, &answer_unplaced, &args, result, err);
}
