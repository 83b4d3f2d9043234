#include "event.h"

#include "clock.h"
#include "identity.h"

DB_STMT(event_page_put,
    "WITH " CURSOR_CTE ", page AS ("
    "  SELECT DISTINCT ON (p.trigger, p.event_id) p.*"
    "    FROM unnest($10::text[], $11::text[], $12::text[], $13::text[], $14::text[],"
    "                $15::text[], $16::timestamptz[], $17::timestamptz[], $18::boolean[],"
    "                $19::uuid[], $20::date[]) WITH ORDINALITY"
    "         AS p(trigger, event_id, contact_id, category, stage, employee_id,"
    "              occurred_at, transition_at, automatic, client_ref, won_on, ord)"
    "   WHERE EXISTS (SELECT 1 FROM e)"
    "   ORDER BY p.trigger, p.event_id, p.ord DESC"
    "), seen AS ("
    "  INSERT INTO npsync.event_seen (tenant_id, connector, trigger, event_id, baseline)"
    "  SELECT $1, $2, p.trigger, p.event_id, $21 FROM page p"
    "   WHERE NOT EXISTS (SELECT 1 FROM npsync.event_seen s WHERE s.tenant_id = $1"
    "            AND s.connector = $2 AND s.trigger = p.trigger AND s.event_id = p.event_id)"
    "  ON CONFLICT DO NOTHING RETURNING trigger, event_id"
    "), fresh AS ("
    "  INSERT INTO npsync.queue (tenant_id, connector, trigger, event_id, contact_id,"
    "         category, stage, employee_id, automatic, occurred_at, transition_at,"
    "         created_at, created_night, client_ref)"
    "  SELECT $1, $2, p.trigger, p.event_id, p.contact_id, p.category, p.stage,"
    "         p.employee_id, p.automatic, p.occurred_at, p.transition_at,"
    "         $8::timestamptz, $22::date, p.client_ref"
    "    FROM page p JOIN seen s USING (trigger, event_id) WHERE NOT $21"
    "  ON CONFLICT DO NOTHING RETURNING 1"
    "), won AS ("
    "  UPDATE npsync.contact c SET last_won_on = w.day"
    "    FROM (SELECT contact_id, max(won_on) AS day FROM page"
    "           WHERE won_on IS NOT NULL GROUP BY contact_id) w"
    "   WHERE c.tenant_id = $1 AND c.connector = $2 AND c.contact_id = w.contact_id"
    "     AND NOT c.erased AND (c.last_won_on IS NULL OR c.last_won_on < w.day)"
    "  RETURNING 1"
    ")"
    " SELECT (SELECT count(*) FROM page), (SELECT count(*) FROM seen),"
    "        (SELECT count(*) FROM fresh), EXISTS (SELECT 1 FROM e),"
    "        (SELECT count(*) FROM won)");

/* $2 .. $3 window of the last activity, $4 newest win, $5 today. */
#define SILENT                                                               \
	"  FROM npsync.contact c"                                            \
	" WHERE c.tenant_id = $1 AND c.last_won_on IS NOT NULL AND NOT c.gone"  \
	"   AND c.last_activity_on BETWEEN $2::date AND $3::date"            \
	"   AND c.last_won_on <= $4::date"
#define EPISODE "to_char(c.last_activity_on, 'YYYY-MM-DD') || '/' || c.contact_id"

DB_STMT(event_silent,
    "SELECT c.connector, c.contact_id, c.last_activity_on, " EPISODE SILENT
    "   AND NOT EXISTS (SELECT 1 FROM npsync.planned_activity p WHERE p.tenant_id = $1"
    "          AND p.connector = c.connector AND p.contact_id = c.contact_id"
    "          AND p.planned_on >= $5::date)"
    "   AND NOT EXISTS (SELECT 1 FROM npsync.event_seen s WHERE s.tenant_id = $1"
    "          AND s.connector = c.connector AND s.trigger = 'inact'"
    "          AND s.event_id = " EPISODE ")"
    " ORDER BY c.connector LIMIT $6");

DB_STMT(event_silent_planned,
    "SELECT count(*)" SILENT
    "   AND EXISTS (SELECT 1 FROM npsync.planned_activity p WHERE p.tenant_id = $1"
    "          AND p.connector = c.connector AND p.contact_id = c.contact_id"
    "          AND p.planned_on >= $5::date)");

void
event_page_init(struct event_page *page)
{
	db_arrays_init(page->col, ARRAY_LEN(page->col));
	page->n = 0;
}

void
event_page_free(struct event_page *page)
{
	db_arrays_free(page->col, ARRAY_LEN(page->col));
}

bool
event_page_add(struct event_page *page, const struct crm_event *ev, int won_on,
    struct err *err)
{
	struct db_array *col = page->col;
	char ref[37];

	if (!identity_uuid(ref, err))
		return false;
	db_array_text(&col[0], ev->trigger);
	db_array_text(&col[1], ev->event_id);
	db_array_text(&col[2], ev->contact_id != NULL ? ev->contact_id : "");
	db_array_text(&col[3], ev->category);
	db_array_text(&col[4], ev->stage);
	db_array_text(&col[5], ev->employee_id);
	db_array_time(&col[6], ev->occurred_at);
	db_array_time(&col[7], ev->transition_at);
	db_array_bool(&col[8], ev->automatic);
	db_array_text(&col[9], ref);
	db_array_day(&col[10], won_on);
	page->n++;
	return true;
}

bool
event_page_send(struct event_page *page, struct db *db,
    const struct cursor_move *move, bool baseline, int night,
    struct arena *scratch, struct err *err)
{
	struct db_args args;

	db_args_init(&args, scratch);
	cursor_args(&args, move);
	db_arg_arrays(&args, page->col, ARRAY_LEN(page->col));
	db_arg_bool(&args, baseline);
	db_arg_day(&args, night);
	if (!db_send(db, &event_page_put, &args, err))
		return false;
	db_arrays_reset(page->col, ARRAY_LEN(page->col));
	page->n = 0;
	return true;
}

static void
silent_args(struct db_args *args, struct arena *arena, long long tenant_id,
    int silent_from, int silent_until, int won_until, int today)
{
	db_args_init(args, arena);
	db_arg_int(args, tenant_id);
	db_arg_day(args, silent_from);
	db_arg_day(args, silent_until);
	db_arg_day(args, won_until);
	db_arg_day(args, today);
}

bool
event_find_silent(struct db *db, long long tenant_id, int silent_from,
    int silent_until, int won_until, int today, int max, struct arena *arena,
    struct db_result **result, struct err *err)
{
	struct db_args args;

	silent_args(&args, arena, tenant_id, silent_from, silent_until, won_until,
	    today);
	db_arg_int(&args, max);
	return db_query(db, &event_silent, &args, result, err);
}

bool
event_count_planned(struct db *db, long long tenant_id, int silent_from,
    int silent_until, int won_until, int today, struct arena *arena,
    long long *n, struct err *err)
{
	AUTO(db_result) struct db_result *r = NULL;
	struct db_args args;

	silent_args(&args, arena, tenant_id, silent_from, silent_until, won_until,
	    today);
	if (!db_query(db, &event_silent_planned, &args, &r, err))
		return false;
	*n = db_int(r, 0, 0);
	return true;
}
