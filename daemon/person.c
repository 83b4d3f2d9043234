#include "person.h"

#include <string.h>

#include "clock.h"

enum { S_REMOTE, S_REF, S_CAMPAIGN, S_DAY, S_ADDRESS, S_PHONE, S_CARD,
	S_MAILED, S_CREATED, S_DATED };

DB_STMT(person_put_listed,
    "WITH " CURSOR_CTE ", r AS MATERIALIZED ("
    "  SELECT * FROM unnest($10::text[], $11::uuid[], $12::text[], $13::date[], $14::bytea[],"
    "                       $15::bytea[], $16::bytea[], $17::bool[], $18::date[],"
    "                       $19::bool[])"
    "       WITH ORDINALITY"
    "       AS r(remote_id, ref, campaign, sent_on, address, phone, card, mailed, created_on, dated,"
    "            n)"
    "), own AS MATERIALIZED ("
    "  SELECT r.n, q.queue_id, q.state, q.client_ref FROM r JOIN npsync.queue q"
    "      ON q.tenant_id = $1 AND q.client_ref = r.ref"
    "  UNION ALL"
    /* A service that does not tell our reference back. */
    "  SELECT r.n, q.queue_id, q.state, q.client_ref FROM r JOIN npsync.queue q"
    "      ON q.tenant_id = $1 AND r.ref IS NULL AND q.remote_id = r.remote_id"
    "), k AS MATERIALIZED ("
    "  SELECT r.n, k FROM r, unnest(ARRAY[r.address, r.phone, r.card]) k"
    "   WHERE k IS NOT NULL AND r.mailed"
    "), evidence AS MATERIALIZED ("
    "  SELECT DISTINCT r.n, k.k, r.sent_on, r.created_on, r.dated, r.campaign,"
    "         coalesce(o.client_ref::text, r.ref::text, 'listed:' || r.remote_id) AS ref,"
    "         CASE WHEN o.n IS NULL AND r.ref IS NULL THEN 'foreign' ELSE 'own' END AS source"
    "    FROM k JOIN r USING (n) LEFT JOIN own o USING (n)"
    "   WHERE NOT EXISTS (SELECT 1 FROM own x WHERE x.n = r.n"
    "            AND x.state IN ('sending', 'sent', 'unknown'))"
    "), known AS MATERIALIZED ("
    "  SELECT v.n FROM evidence v JOIN npsync.person_send s ON s.tenant_id = $1"
    "         AND s.person_key = v.k AND s.ref = v.ref AND (s.sent_on IN (v.sent_on, v.created_on)"
    "          OR (NOT v.dated AND v.source = 'foreign'))"
    /* Listed before it was mailed: one send, on the later day.  Only that day's: a
     * service may give all sends of a person one id. */
    "), early AS ("
    "  DELETE FROM npsync.person_send s USING evidence v"
    "   WHERE s.tenant_id = $1 AND s.person_key = v.k AND s.ref = v.ref AND s.sent_on = v.created_on"
    "     AND s.source = 'foreign' AND v.source = 'foreign' AND v.created_on < v.sent_on"
    "     AND EXISTS (SELECT 1 FROM e) AND NOT EXISTS (SELECT 1 FROM evidence x"
    "         WHERE x.k = s.person_key AND x.ref = s.ref AND x.sent_on = s.sent_on)"
    "), mark AS ("
    "  UPDATE npsync.queue q SET listed_at = $8::timestamptz"
    "    FROM (SELECT DISTINCT queue_id FROM own) o"
    "   WHERE q.tenant_id = $1 AND q.queue_id = o.queue_id AND EXISTS (SELECT 1 FROM e)"
    "), put AS ("
    "  INSERT INTO npsync.person_send (tenant_id, person_key, sent_on, ref, source, campaign)"
    "  SELECT DISTINCT ON (v.k, v.sent_on, v.ref) $1::bigint, v.k, v.sent_on, v.ref, v.source, v.campaign"
    "    FROM evidence v WHERE EXISTS (SELECT 1 FROM e)"
    /* Without any time the day is the one on which it was met first. */
    "     AND (v.dated OR NOT EXISTS (SELECT 1 FROM npsync.person_send s WHERE s.tenant_id = $1"
    "          AND s.person_key = v.k AND s.ref = v.ref))"
    "   ORDER BY v.k, v.sent_on, v.ref"
    "  ON CONFLICT DO NOTHING"
    ")"
    " SELECT CASE WHEN EXISTS (SELECT 1 FROM own o WHERE o.n = r.n"
    "                    AND o.state IN ('sending', 'sent', 'unknown')) THEN 'known'"
    "             WHEN NOT r.mailed THEN 'not_mailed'"
    "             WHEN EXISTS (SELECT 1 FROM own o WHERE o.n = r.n) THEN 'unexpected'"
    "             WHEN NOT EXISTS (SELECT 1 FROM k WHERE k.n = r.n) THEN 'unusable'"
    "             WHEN EXISTS (SELECT 1 FROM known x WHERE x.n = r.n) THEN 'foreign_known'"
    "             WHEN r.ref IS NOT NULL THEN 'lost' ELSE 'foreign' END AS outcome, count(*),"
    "        (SELECT count(*) FROM cur)"
    "   FROM r GROUP BY 1");
DB_STMT(person_put_queue,
    "INSERT INTO npsync.person_send (tenant_id, person_key, sent_on, ref, source, campaign)"
    " SELECT $1::bigint, k, $3::date, q.client_ref::text, 'own', q.campaign"
    "   FROM npsync.queue q LEFT JOIN npsync.contact c ON c.tenant_id = $1"
    "        AND c.connector = q.connector AND c.contact_id = q.contact_id,"
    "        unnest(CASE WHEN q.person = '{}' THEN c.person ELSE q.person END) k"
    "  WHERE q.tenant_id = $1 AND q.queue_id = ANY ($2::bigint[])"
    " ON CONFLICT DO NOTHING");

void
sent_page_init(struct sent_page *page)
{
	db_arrays_init(page->col, SENT_COLS);
	page->n = 0;
}

void
sent_page_free(struct sent_page *page)
{
	db_arrays_free(page->col, SENT_COLS);
	page->n = 0;
}

/* ---- one respondent ------------------------------------------------------ */
/* Our references are UUIDs; anything else in that field is not ours. */
static const char *
as_uuid(const char *text)
{
	static const char digits[] = "0123456789abcdefABCDEF";

	if (text == NULL || strlen(text) != 36)
		return NULL;
	for (int i = 0; i < 36; i++) {
		const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
		if (dash ? text[i] != '-' : strchr(digits, text[i]) == NULL)
			return NULL;
	}
	return text;
}

static bool
add_address(struct sent_page *page, const struct contact_rules *rules,
    const char *email, struct arena *scratch, struct err *err)
{
	char key[IDENTITY_KEY_HEX];
	const char *address, *domain;

	if (email == NULL ||
	    identity_address(scratch, email, &address, &domain) != ADDRESS_OK) {
		db_array_text(&page->col[S_ADDRESS], NULL);
		return true;
	}
	if (!identity_key_address(rules->secret, address, key, err))
		return false;
	db_array_text(&page->col[S_ADDRESS], key);
	return true;
}

static bool
add_phone(struct sent_page *page, const struct contact_rules *rules,
    const char *phone, struct arena *scratch, struct err *err)
{
	char key[IDENTITY_KEY_HEX];
	const char *e164 = rules->match_phone && phone != NULL
	    ? identity_phone(scratch, phone, rules->phone_prefix) : NULL;

	if (e164 != NULL && !identity_key_phone(rules->secret, e164, key, err))
		return false;
	db_array_text(&page->col[S_PHONE], e164 != NULL ? key : NULL);
	return true;
}

/* "crm:P-1006": ours, if "crm" is one of ours. */
static bool
add_card(struct sent_page *page, const struct sent_rules *rules,
    const char *contact_id, struct err *err)
{
	char key[IDENTITY_KEY_HEX];
	const char *colon = contact_id != NULL ? strchr(contact_id, ':') : NULL;

	for (size_t i = 0; colon != NULL && i < rules->n_crm; i++) {
		const size_t len = (size_t)(colon - contact_id);
		if (strlen(rules->crm[i]) != len ||
		    memcmp(rules->crm[i], contact_id, len) != 0)
			continue;
		if (!identity_key_card(rules->contact->secret, rules->crm[i],
		        colon + 1, key, err))
			return false;
		db_array_text(&page->col[S_CARD], key);
		return true;
	}
	db_array_text(&page->col[S_CARD], NULL);
	return true;
}

bool
sent_page_add(struct sent_page *page, const struct sent_rules *rules,
    const struct sent *s, struct arena *scratch, struct err *err)
{
	const time_t at = s->mailed_at != NO_TIME ? s->mailed_at : s->created_at;

	if (!add_address(page, rules->contact, s->email, scratch, err) ||
	    !add_phone(page, rules->contact, s->phone, scratch, err) ||
	    !add_card(page, rules, s->contact_id, err))
		return false;
	db_array_text(&page->col[S_REMOTE], s->remote_id);
	db_array_text(&page->col[S_REF], as_uuid(s->ref));
	db_array_text(&page->col[S_CAMPAIGN], s->campaign_id);
	db_array_day(&page->col[S_DAY],
	    at != NO_TIME ? clock_day(rules->zone, at) : rules->today);
	db_array_bool(&page->col[S_MAILED], !s->suppressed);
	db_array_bool(&page->col[S_DATED], at != NO_TIME);
	if (s->created_at != NO_TIME)
		db_array_day(&page->col[S_CREATED],
		    clock_day(rules->zone, s->created_at));
	else
		db_array_text(&page->col[S_CREATED], NULL);
	page->n++;
	return arena_failed(scratch) ? err_nomem(err) : true;
}

bool
sent_page_put(struct sent_page *page, struct db *db,
    const struct cursor_move *move, struct arena *scratch,
    struct db_result **result, struct err *err)
{
	struct db_args args;

	db_args_init(&args, scratch);
	cursor_args(&args, move);
	db_arg_arrays(&args, page->col, SENT_COLS);
	if (!db_query(db, &person_put_listed, &args, result, err))
		return false;
	db_arrays_reset(page->col, SENT_COLS);
	page->n = 0;
	return true;
}

bool
person_put_rows(struct db *db, long long tenant_id, struct db_array *queue_ids,
    int day, struct arena *arena, struct err *err)
{
	struct db_args args;

	if (queue_ids->n == 0)
		return true;
	db_args_init(&args, arena);
	db_arg_int(&args, tenant_id);
	db_arg_array(&args, queue_ids);
	db_arg_day(&args, day);
	return db_query(db, &person_put_queue, &args, NULL, err);
}
