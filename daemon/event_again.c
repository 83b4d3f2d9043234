/*
 * event_again.c - events that are read once more and ask nobody.
 */
#include "clock.h"
#include "event.h"

DB_STMT(event_page_again,
    "WITH e AS MATERIALIZED ("
    "  SELECT 1 FROM npsync.tenant WHERE tenant_id = $1 AND epoch = $3"
    "     AND lease_until > now() FOR SHARE"
    "), page AS ("
    "  SELECT DISTINCT ON (p.trigger, p.event_id) p.*"
    "    FROM unnest($6::text[], $7::text[], $8::text[], $9::text[], $10::text[],"
    "                $11::text[], $12::timestamptz[], $13::timestamptz[], $14::boolean[],"
    "                $15::uuid[], $16::date[]) WITH ORDINALITY"
    "         AS p(trigger, event_id, contact_id, category, stage, employee_id,"
    "              occurred_at, transition_at, automatic, client_ref, won_on, ord)"
    "   WHERE EXISTS (SELECT 1 FROM e)"
    "   ORDER BY p.trigger, p.event_id, p.ord DESC"
    "), seen AS ("
    "  INSERT INTO npsync.event_seen (tenant_id, connector, trigger, event_id, baseline)"
    "  SELECT $1, $2, p.trigger, p.event_id, true FROM page p"
    "   WHERE NOT EXISTS (SELECT 1 FROM npsync.event_seen s WHERE s.tenant_id = $1"
    "            AND s.connector = $2 AND s.trigger = p.trigger AND s.event_id = p.event_id)"
    "  ON CONFLICT DO NOTHING RETURNING trigger, event_id"
    "), fresh AS ("
    "  INSERT INTO npsync.queue (tenant_id, connector, trigger, event_id, contact_id,"
    "         category, stage, employee_id, automatic, occurred_at, transition_at,"
    "         created_at, created_night, client_ref, state, reason)"
    "  SELECT $1, $2, p.trigger, p.event_id, p.contact_id, p.category, p.stage,"
    "         p.employee_id, p.automatic, p.occurred_at, p.transition_at,"
    "         $4::timestamptz, $5::date, p.client_ref, 'suppressed', 'before_start'"
    "    FROM page p JOIN seen s USING (trigger, event_id)"
    "  ON CONFLICT DO NOTHING RETURNING 1"
    ")"
    " SELECT EXISTS (SELECT 1 FROM e), (SELECT count(*) FROM seen),"
    "        (SELECT count(*) FROM fresh)");

bool
event_page_record(struct event_page *page, struct db *db,
    const struct event_again *again, struct arena *scratch,
    long long *recorded, struct err *err)
{
	AUTO(db_result) struct db_result *r = NULL;
	struct db_args args;

	db_args_init(&args, scratch);
	db_arg_int(&args, again->tenant_id);
	db_arg_text(&args, again->connector);
	db_arg_int(&args, again->epoch);
	db_arg_time(&args, again->now);
	db_arg_day(&args, again->night);
	db_arg_arrays(&args, page->col, ARRAY_LEN(page->col));
	if (!db_query(db, &event_page_again, &args, &r, err))
		return false;
	if (!db_bool(r, 0, 0))
		return err_set(err, ERR_BUSY, "another run has taken over");
	*recorded = db_int(r, 0, 1);
	db_arrays_reset(page->col, ARRAY_LEN(page->col));
	page->n = 0;
	return true;
}
