#include "rehearsal.h"

#include "clock.h"

/* A send before the period counts for caps and for the usual number. */
#define SENT_DAYS "366"

/* ---- what was known before ------------------------------------------------ */
/* $1 the real tenant.  The number of this connection: no other transaction can
 * make the same row, and no real tenant is below 0. */
DB_STMT(rehearsal_tenant,
    "INSERT INTO npsync.tenant (tenant_id, name, person_secret, epoch, lease_until, paused,"
    "                           created_at)"
    " SELECT z.tenant_id, 'rehearsal/' || t.tenant_id || '/' || -z.tenant_id, t.person_secret, 1,"
    "        'infinity', false, t.created_at"
    "   FROM (SELECT -pg_backend_pid()::bigint AS tenant_id) z, npsync.tenant t"
    "  WHERE t.tenant_id = $1"
    " RETURNING tenant_id");

/* $3 the day before the period.  What cards say is what they say today. */
DB_STMT(rehearsal_contacts,
    "INSERT INTO npsync.contact (tenant_id, connector, contact_id, address_state,"
    "        address_domain, role_address, language, country, company_id, company, relation,"
    "        segment, department, employed, consent, consent_at, opted_out, opted_out_by, no_send,"
    "        company_no_send, gone, anonymised, erased, moved_to, person, merged_keys,"
    "        last_activity_on, last_won_on, pass, facts_at)"
    " SELECT z.tenant_id, c.connector, c.contact_id, c.address_state,"
    "        c.address_domain, c.role_address, c.language, c.country, c.company_id, c.company, c.relation,"
    "        c.segment, c.department, c.employed, c.consent, c.consent_at, c.opted_out, c.opted_out_by, c.no_send,"
    "        c.company_no_send, c.gone, c.anonymised, c.erased, c.moved_to, c.person, c.merged_keys,"
    "        CASE WHEN c.last_activity_on <= $3::date THEN c.last_activity_on END,"
    "        CASE WHEN c.last_won_on <= $3::date THEN c.last_won_on END, c.pass, c.facts_at"
    "   FROM (SELECT $2::bigint AS tenant_id) z, npsync.contact c WHERE c.tenant_id = $1");

/* $3 <= day < $4 */
DB_STMT(rehearsal_sends,
    "INSERT INTO npsync.person_send (tenant_id, person_key, sent_on, ref, source, campaign)"
    " SELECT z.tenant_id, s.person_key, s.sent_on, s.ref, s.source, s.campaign"
    "   FROM (SELECT $2::bigint AS tenant_id) z, npsync.person_send s"
    "  WHERE s.tenant_id = $1 AND s.sent_on >= $3::date AND s.sent_on < $4::date");
DB_STMT(rehearsal_opt_outs,
    "INSERT INTO npsync.opt_out (tenant_id, person_key, source, scope, at)"
    " SELECT z.tenant_id, o.person_key, o.source, o.scope, o.at"
    "   FROM (SELECT $2::bigint AS tenant_id) z, npsync.opt_out o WHERE o.tenant_id = $1");
DB_STMT(rehearsal_answers,
    "INSERT INTO npsync.answer (tenant_id, answer_id, campaign_id, answered_at, address_key,"
    "        matched, connector, contact_id, first_seen_at)"
    " SELECT z.tenant_id, a.answer_id, a.campaign_id, a.answered_at, a.address_key,"
    "        a.matched, a.connector, a.contact_id, a.first_seen_at"
    "   FROM (SELECT $2::bigint AS tenant_id) z, npsync.answer a"
    "  WHERE a.tenant_id = $1 AND a.answered_at < $3::timestamptz");
/* Under keys that no event has. */
DB_STMT(rehearsal_sent_before,
    "INSERT INTO npsync.queue (tenant_id, queue_id, connector, trigger, event_id, contact_id,"
    "        occurred_at, created_at, created_night, state, due_night, company_id, client_ref)"
    " OVERRIDING SYSTEM VALUE"
    " SELECT z.tenant_id, -q.queue_id, q.connector, q.trigger, 'sent before/' || q.queue_id, '',"
    "        q.occurred_at, q.created_at, q.created_night, 'sent', q.due_night, q.company_id, q.client_ref"
    "   FROM (SELECT $2::bigint AS tenant_id) z, npsync.queue q"
    "  WHERE q.tenant_id = $1 AND q.state IN ('sending', 'sent', 'unknown')"
    "    AND q.due_night >= $3::date - " SENT_DAYS " AND q.due_night < $3::date");
/* What an administrator took out of the period stays out.  $3 first night,
 * $4 .. $5 the period. */
DB_STMT(rehearsal_excluded,
    "INSERT INTO npsync.queue (tenant_id, queue_id, connector, trigger, event_id, contact_id,"
    "        occurred_at, transition_at, created_at, created_night, state, reason, client_ref)"
    " OVERRIDING SYSTEM VALUE"
    " SELECT z.tenant_id, row_number() OVER (ORDER BY q.queue_id), q.connector, q.trigger, q.event_id,"
    "        q.contact_id, q.occurred_at, q.transition_at, q.created_at, q.created_night, 'excluded',"
    "        'excluded', q.client_ref"
    "   FROM (SELECT $2::bigint AS tenant_id) z, npsync.queue q"
    "  WHERE q.tenant_id = $1 AND q.state = 'excluded'"
    "    AND CASE WHEN q.trigger = 'inact' THEN q.created_night >= $3::date"
    "             ELSE coalesce(q.transition_at, q.occurred_at) >= $4::timestamptz"
    "              AND coalesce(q.transition_at, q.occurred_at) < $5::timestamptz END");
DB_STMT(rehearsal_excluded_seen,
    "INSERT INTO npsync.event_seen (tenant_id, connector, trigger, event_id, baseline)"
    " SELECT DISTINCT $1::bigint, q.connector, q.trigger, q.event_id, false FROM npsync.queue q"
    "  WHERE q.tenant_id = $1 AND q.state = 'excluded'");

/* ---- intake ----------------------------------------------------------------- */
/* One event, one row; the last of a page counts. */
DB_STMT(rehearsal_event_put,
    "WITH page AS ("
    "  SELECT DISTINCT ON (p.trigger, p.event_id) p.*"
    "    FROM unnest($3::bigint[], $4::text[], $5::text[], $6::text[], $7::text[],"
    "                $8::timestamptz[], $9::timestamptz[], $10::timestamptz[], $11::date[])"
    "         AS p(queue_id, trigger, event_id, contact_id, category, occurred_at,"
    "              transition_at, known_at, created_night)"
    "   ORDER BY p.trigger, p.event_id, p.queue_id DESC"
    "), seen AS ("
    "  INSERT INTO npsync.event_seen (tenant_id, connector, trigger, event_id, baseline)"
    "  SELECT $1, $2, p.trigger, p.event_id, false FROM page p"
    "  ON CONFLICT DO NOTHING RETURNING trigger, event_id"
    ")"
    " INSERT INTO npsync.queue (tenant_id, queue_id, connector, trigger, event_id, contact_id,"
    "        category, occurred_at, transition_at, created_at, created_night, state,"
    "        deferred_until, client_ref)"
    " OVERRIDING SYSTEM VALUE"
    " SELECT $1, p.queue_id, $2, p.trigger, p.event_id, p.contact_id,"
    "        p.category, p.occurred_at, p.transition_at, p.known_at, p.created_night, 'deferred',"
    "        p.known_at, lpad(to_hex(p.queue_id), 32, '0')::uuid"
    "   FROM page p JOIN seen s USING (trigger, event_id)");
/* Days on which something was done or sold lie among the plans, under names that
 * no CRM has: no rule sees them, and they go with the tenant. */
DB_STMT(rehearsal_day_put,
    "INSERT INTO npsync.planned_activity (tenant_id, connector, contact_id, activity_id,"
    "        planned_on, pass)"
    " SELECT $1, CASE WHEN p.sold THEN 'sold/' ELSE 'done/' END || $2, p.contact_id, p.id, p.day, 0"
    "   FROM unnest($3::boolean[], $4::text[], $5::text[], $6::date[]) AS p(sold, contact_id, id, day)"
    " ON CONFLICT DO NOTHING");
DB_STMT(rehearsal_settle_cards,
    "UPDATE npsync.contact SET company_since = NULL"
    " WHERE tenant_id = $1 AND company_since IS NOT NULL");

/* ---- nights ------------------------------------------------------------------- */
/* $2 < day <= $3; null = from the beginning. */
DB_STMT(rehearsal_roll_days,
    "UPDATE npsync.contact c"
    "   SET last_activity_on = greatest(c.last_activity_on, a.done),"
    "       last_won_on = greatest(c.last_won_on, a.sold)"
    "  FROM (SELECT substr(p.connector, 6) AS connector, p.contact_id,"
    "               max(p.planned_on) FILTER (WHERE left(p.connector, 5) = 'done/') AS done,"
    "               max(p.planned_on) FILTER (WHERE left(p.connector, 5) = 'sold/') AS sold"
    "          FROM npsync.planned_activity p"
    "         WHERE p.tenant_id = $1 AND ($2::date IS NULL OR p.planned_on > $2::date)"
    "           AND p.planned_on <= $3::date GROUP BY 1, 2) a"
    " WHERE c.tenant_id = $1 AND c.connector = a.connector AND c.contact_id = a.contact_id"
    "   AND NOT c.erased");

/* As the claim does it, for all that is due. */
DB_STMT(rehearsal_send_due,
    "WITH pick AS MATERIALIZED ("
    "  SELECT q.queue_id, q.client_ref, q.campaign, q.person, c.company_id, c.company"
    "    FROM npsync.queue q LEFT JOIN npsync.contact c ON c.tenant_id = $1"
    "         AND c.connector = q.connector AND c.contact_id = q.contact_id"
    "   WHERE q.tenant_id = $1 AND q.due_night = $2::date AND q.state IN ('queued', 'deferred')"
    "), evidence AS ("
    "  INSERT INTO npsync.person_send (tenant_id, person_key, sent_on, ref, source, campaign)"
    "  SELECT $1, k, $2::date, p.client_ref::text, 'own', p.campaign FROM pick p, unnest(p.person) k"
    ")"
    " UPDATE npsync.queue q SET state = 'sent', reason = NULL, company_id = p.company_id,"
    "        company = p.company"
    "   FROM pick p WHERE q.tenant_id = $1 AND q.queue_id = p.queue_id");

/* $2 .. $3 last activity, $4 the later of activity and won deal is after it, $5
 * the night that looks, $6 when, $7 zone, $8 ids given. */
#define EPISODE "to_char(c.last_activity_on, 'YYYY-MM-DD') || '/' || c.contact_id"
DB_STMT(rehearsal_silent_put,
    "WITH silent AS MATERIALIZED ("
    "  SELECT $8::bigint + row_number() OVER (ORDER BY c.connector, c.contact_id) AS queue_id,"
    "         c.connector, c.contact_id, " EPISODE " AS event_id,"
    "         c.last_activity_on::timestamp AT TIME ZONE $7::text AS at"
    "    FROM npsync.contact c"
    "   WHERE c.tenant_id = $1 AND c.last_won_on IS NOT NULL AND NOT c.gone"
    "     AND c.last_activity_on BETWEEN $2::date AND $3::date AND c.last_won_on <= $3::date"
    "     AND greatest(c.last_activity_on, c.last_won_on) > $4::date"
    "), put AS ("
    "  INSERT INTO npsync.queue (tenant_id, queue_id, connector, trigger, event_id, contact_id,"
    "         occurred_at, created_at, created_night, client_ref)"
    "  OVERRIDING SYSTEM VALUE"
    "  SELECT $1, s.queue_id, s.connector, 'inact', s.event_id, s.contact_id, s.at,"
    "         $6::timestamptz, $5::date, lpad(to_hex(s.queue_id), 32, '0')::uuid"
    "    FROM silent s"
    /* Every silence is met for many nights. */
    "  ON CONFLICT (tenant_id, connector, trigger, event_id, contact_id) DO NOTHING"
    ")"
    " SELECT count(*) FROM silent");

/* ---- calls -------------------------------------------------------------------- */
/* Statements that copy: $1 from, $2 to. */
static void
copy_args(struct db_args *args, const struct rehearsal *r, struct arena *arena)
{
	db_args_init(args, arena);
	db_arg_int(args, r->of);
	db_arg_int(args, r->tenant_id);
}

static void
own_args(struct db_args *args, const struct rehearsal *r, struct arena *arena)
{
	db_args_init(args, arena);
	db_arg_int(args, r->tenant_id);
}

static bool
make_tenant(struct rehearsal *r, struct arena *arena, struct err *err)
{
	AUTO(db_result) struct db_result *result = NULL;
	struct db_args args;

	db_args_init(&args, arena);
	db_arg_int(&args, r->of);
	if (!db_query(r->db, &rehearsal_tenant, &args, &result, err))
		return false;
	if (db_rows(result) != 1)
		return err_set(err, ERR_BUG, "rehearsal: there is no such tenant");
	r->tenant_id = db_int(result, 0, 0);
	return true;
}

static bool
copy_people(struct rehearsal *r, int day_before, struct arena *arena,
    struct err *err)
{
	struct db_args args;

	copy_args(&args, r, arena);
	if (!db_query(r->db, &rehearsal_opt_outs, &args, NULL, err))
		return false;
	db_arg_day(&args, day_before);
	return db_query(r->db, &rehearsal_contacts, &args, NULL, err);
}

static bool
copy_answers(struct rehearsal *r, struct arena *arena, struct err *err)
{
	struct db_args args;

	copy_args(&args, r, arena);
	db_arg_time(&args, r->from);
	return !r->answers ||
	    db_query(r->db, &rehearsal_answers, &args, NULL, err);
}

static bool
copy_sends(struct rehearsal *r, struct arena *arena, struct err *err)
{
	struct db_args args;

	copy_args(&args, r, arena);
	db_arg_day(&args, r->first_night);
	if (!db_query(r->db, &rehearsal_sent_before, &args, NULL, err))
		return false;
	copy_args(&args, r, arena);
	db_arg_day(&args, r->sends_since);
	db_arg_day(&args, r->first_night);
	return db_query(r->db, &rehearsal_sends, &args, NULL, err);
}

static bool
copy_excluded(struct rehearsal *r, struct arena *arena, struct err *err)
{
	AUTO(db_result) struct db_result *result = NULL;
	struct db_args args;

	copy_args(&args, r, arena);
	db_arg_day(&args, r->first_night);
	db_arg_time(&args, r->from);
	db_arg_time(&args, r->until);
	if (!db_query(r->db, &rehearsal_excluded, &args, &result, err))
		return false;
	r->rows = db_affected(result);
	own_args(&args, r, arena);
	return db_query(r->db, &rehearsal_excluded_seen, &args, NULL, err);
}

bool
rehearsal_begin(struct rehearsal *r, struct arena *arena, struct err *err)
{
	return make_tenant(r, arena, err) &&
	    copy_people(r, r->known_on, arena, err) &&
	    copy_answers(r, arena, err) && copy_sends(r, arena, err) &&
	    copy_excluded(r, arena, err);
}

void
rehearsal_page_init(struct rehearsal_page *page)
{
	db_arrays_init(page->event, ARRAY_LEN(page->event));
	db_arrays_init(page->day, ARRAY_LEN(page->day));
	page->n_events = page->n_days = 0;
}

void
rehearsal_page_free(struct rehearsal_page *page)
{
	db_arrays_free(page->event, ARRAY_LEN(page->event));
	db_arrays_free(page->day, ARRAY_LEN(page->day));
}

void
rehearsal_add_event(struct rehearsal *r, struct rehearsal_page *page,
    const struct rehearsal_event *event)
{
	struct db_array *col = page->event;

	db_array_int(&col[0], ++r->rows);
	db_array_text(&col[1], event->trigger);
	db_array_text(&col[2], event->event_id);
	db_array_text(&col[3], event->contact_id != NULL ? event->contact_id : "");
	db_array_text(&col[4], event->category);
	db_array_time(&col[5], event->occurred_at);
	db_array_time(&col[6], event->transition_at);
	db_array_time(&col[7], event->known_at);
	db_array_day(&col[8], event->created_night);
	page->n_events++;
}

void
rehearsal_add_day(struct rehearsal_page *page, bool sold,
    const char *contact_id, const char *id, int day)
{
	struct db_array *col = page->day;

	db_array_bool(&col[0], sold);
	db_array_text(&col[1], contact_id);
	db_array_text(&col[2], id);
	db_array_day(&col[3], day);
	page->n_days++;
}

static bool
put(struct rehearsal *r, const struct db_stmt *stmt, struct db_array *col,
    size_t n, const char *connector, struct arena *scratch, struct err *err)
{
	struct db_args args;

	own_args(&args, r, scratch);
	db_arg_text(&args, connector);
	db_arg_arrays(&args, col, n);
	const bool ok = db_query(r->db, stmt, &args, NULL, err);
	db_arrays_reset(col, n);
	return ok;
}

bool
rehearsal_put_events(struct rehearsal *r, struct rehearsal_page *page,
    const char *connector, struct arena *scratch, struct err *err)
{
	page->n_events = 0;
	return put(r, &rehearsal_event_put, page->event, ARRAY_LEN(page->event),
	    connector, scratch, err);
}

bool
rehearsal_put_days(struct rehearsal *r, struct rehearsal_page *page,
    const char *connector, struct arena *scratch, struct err *err)
{
	page->n_days = 0;
	return put(r, &rehearsal_day_put, page->day, ARRAY_LEN(page->day),
	    connector, scratch, err);
}

bool
rehearsal_settle(struct rehearsal *r, struct arena *arena, struct err *err)
{
	const int known_on = r->known_on;
	struct db_args args;

	own_args(&args, r, arena);
	if (!db_query(r->db, &rehearsal_settle_cards, &args, NULL, err))
		return false;
	r->known_on = NO_DAY;
	return rehearsal_analyze(r, err) &&
	    (!r->silent || rehearsal_roll(r, known_on, arena, err));
}

/* Not statistics_refresh: the counts of changes that it looks at are told at the
 * end of a transaction, and this one has none. */
bool
rehearsal_analyze(struct rehearsal *r, struct err *err)
{
	return db_script(r->db, "ANALYZE (SKIP_LOCKED) npsync.contact, npsync.queue,"
	    " npsync.person_send, npsync.planned_activity", err);
}

bool
rehearsal_roll(struct rehearsal *r, int day, struct arena *arena,
    struct err *err)
{
	struct db_args args;

	own_args(&args, r, arena);
	db_arg_day(&args, r->known_on);
	db_arg_day(&args, day);
	r->known_on = day;
	return db_query(r->db, &rehearsal_roll_days, &args, NULL, err);
}

bool
rehearsal_send(struct rehearsal *r, int night, struct arena *arena,
    struct err *err)
{
	struct db_args args;

	own_args(&args, r, arena);
	db_arg_day(&args, night);
	return db_query(r->db, &rehearsal_send_due, &args, NULL, err);
}

bool
rehearsal_find_silent(struct rehearsal *r, const struct rehearsal_silence *w,
    struct arena *arena, struct err *err)
{
	AUTO(db_result) struct db_result *result = NULL;
	struct db_args args;

	own_args(&args, r, arena);
	db_arg_day(&args, w->from);
	db_arg_day(&args, w->until);
	db_arg_day(&args, w->since);
	db_arg_day(&args, w->night);
	db_arg_time(&args, w->at);
	db_arg_text(&args, r->zone);
	db_arg_int(&args, r->rows);
	if (!db_query(r->db, &rehearsal_silent_put, &args, &result, err))
		return false;
	r->rows += db_int(result, 0, 0);
	return true;
}
