/*
 * What came of a rehearsal, in numbers.
 */
#include "rehearsal.h"

/* $2 .. $3 the nights. */
DB_STMT(rehearsal_week_list,
    "SELECT w.week, s.trigger, coalesce(s.n, 0)"
    "  FROM (SELECT DISTINCT to_char(d, 'IYYY-\"W\"IW') AS week"
    "          FROM generate_series($2::date, $3::date, interval '1 day') d) w"
    "  LEFT JOIN (SELECT to_char(q.due_night, 'IYYY-\"W\"IW') AS week, q.trigger, count(*) AS n"
    "               FROM npsync.queue q"
    "              WHERE q.tenant_id = $1 AND q.queue_id > 0 AND q.state = 'sent'"
    "              GROUP BY 1, 2) s USING (week)"
    " ORDER BY w.week, s.trigger");
DB_STMT(rehearsal_outcome_list,
    "SELECT q.trigger, q.state, coalesce(q.reason, '') AS reason, count(*)"
    "  FROM npsync.queue q WHERE q.tenant_id = $1 AND q.queue_id > 0"
    " GROUP BY 1, 2, 3 ORDER BY 1, 2, 3");
DB_STMT(rehearsal_company_list,
    "SELECT coalesce(max(q.company), max(q.company_id)) AS name, count(*) AS n,"
    "       count(DISTINCT q.person_key)"
    "  FROM npsync.queue q"
    " WHERE q.tenant_id = $1 AND q.queue_id > 0 AND q.state = 'sent'"
    "   AND coalesce(q.company_id, q.company) IS NOT NULL"
    " GROUP BY q.connector, coalesce(q.company_id, q.company)"
    " ORDER BY n DESC, name LIMIT $2");
DB_STMT(rehearsal_totals_of,
    "WITH spent AS MATERIALIZED ("
    "  SELECT min(q.decided_night) AS night FROM npsync.queue q"
    "   WHERE q.tenant_id = $1 AND q.queue_id > 0 AND q.reason = 'over_budget'"
    ")"
    " SELECT count(*) FILTER (WHERE q.trigger <> 'inact'),"
    "       count(*) FILTER (WHERE q.trigger = 'inact'),"
    "       count(*) FILTER (WHERE q.state = 'sent'),"
    "       count(DISTINCT q.person_key) FILTER (WHERE q.state = 'sent'),"
    "       count(DISTINCT q.decided_night) FILTER (WHERE q.state = 'held'),"
    "       (SELECT night FROM spent),"
    "       count(*) FILTER (WHERE q.state = 'sent' AND q.due_night < (SELECT night FROM spent))"
    "  FROM npsync.queue q WHERE q.tenant_id = $1 AND q.queue_id > 0");
/* Of the real tenant. */
DB_STMT(rehearsal_left_out,
    "SELECT count(DISTINCT s.ref) FILTER (WHERE s.source = 'own'),"
    "       count(DISTINCT s.ref) FILTER (WHERE s.source = 'foreign'),"
    "       (SELECT count(*) FROM npsync.pause p WHERE p.tenant_id = $1"
    "           AND (p.until IS NULL OR p.until > $3::timestamptz))"
    "  FROM npsync.person_send s WHERE s.tenant_id = $1 AND s.sent_on >= $2::date");

bool
rehearsal_weeks(const struct rehearsal *r, struct arena *arena,
    struct db_result **result, struct err *err)
{
	struct db_args args;

	db_args_init(&args, arena);
	db_arg_int(&args, r->tenant_id);
	db_arg_day(&args, r->first_night);
	db_arg_day(&args, r->last_night);
	return db_query(r->db, &rehearsal_week_list, &args, result, err);
}

bool
rehearsal_outcomes(const struct rehearsal *r, struct arena *arena,
    struct db_result **result, struct err *err)
{
	struct db_args args;

	db_args_init(&args, arena);
	db_arg_int(&args, r->tenant_id);
	return db_query(r->db, &rehearsal_outcome_list, &args, result, err);
}

bool
rehearsal_companies(const struct rehearsal *r, int max, struct arena *arena,
    struct db_result **result, struct err *err)
{
	struct db_args args;

	db_args_init(&args, arena);
	db_arg_int(&args, r->tenant_id);
	db_arg_int(&args, max);
	return db_query(r->db, &rehearsal_company_list, &args, result, err);
}

static bool
count_left_out(const struct rehearsal *r, struct arena *arena,
    struct rehearsal_totals *totals, struct err *err)
{
	AUTO(db_result) struct db_result *result = NULL;
	struct db_args args;

	db_args_init(&args, arena);
	db_arg_int(&args, r->of);
	db_arg_day(&args, r->first_night);
	db_arg_time(&args, r->until);
	if (!db_query(r->db, &rehearsal_left_out, &args, &result, err))
		return false;
	totals->own = db_int(result, 0, 0);
	totals->foreign = db_int(result, 0, 1);
	totals->pauses = db_int(result, 0, 2);
	return true;
}

bool
rehearsal_count(const struct rehearsal *r, struct arena *arena,
    struct rehearsal_totals *totals, struct err *err)
{
	AUTO(db_result) struct db_result *result = NULL;
	struct db_args args;

	db_args_init(&args, arena);
	db_arg_int(&args, r->tenant_id);
	if (!db_query(r->db, &rehearsal_totals_of, &args, &result, err))
		return false;
	totals->events = db_int(result, 0, 0);
	totals->silences = db_int(result, 0, 1);
	totals->surveys = db_int(result, 0, 2);
	totals->people = db_int(result, 0, 3);
	totals->flooded = db_int(result, 0, 4);
	totals->spent_on = db_day(result, 0, 5);
	totals->before_spent = db_int(result, 0, 6);
	return count_left_out(r, arena, totals, err);
}
