#include "queue_letter.h"

DB_STMT(queue_letter_row,
    "SELECT q.state, q.reason, q.trigger,"
    "       extract(epoch from coalesce(q.transition_at, q.occurred_at))::bigint,"
    "       extract(epoch from q.send_at)::bigint,"
    "       CASE WHEN q.attempt > 0 THEN q.owner ELSE c.owner_name END,"
    "       CASE WHEN q.attempt > 0 THEN q.department ELSE c.department END,"
    "       CASE WHEN q.attempt > 0 THEN q.company ELSE c.company END,"
    "       CASE WHEN q.attempt > 0 THEN q.country ELSE c.country END,"
    "       CASE WHEN q.attempt > 0 THEN q.consent ELSE c.consent END,"
    "       CASE WHEN q.attempt = 0 OR c.consent_at <= q.send_at"
    "            THEN extract(epoch from c.consent_at)::bigint END,"
    "       c.language,"
    "       coalesce(nullif(c.full_name, ''), nullif(concat_ws(' ', c.first_name, c.last_name), '')),"
    "       c.email, coalesce(c.address_key = ANY (q.person), false)"
    "  FROM npsync.queue q"
    "  LEFT JOIN npsync.contact c ON c.tenant_id = $1 AND c.connector = q.connector"
    "       AND c.contact_id = q.contact_id"
    " WHERE q.tenant_id = $1 AND q.queue_id = $2");

bool
queue_letter_facts(struct db *db, long long tenant_id, long long queue_id,
    struct arena *arena, struct db_result **result, struct err *err)
{
	struct db_args args;

	db_args_init(&args, arena);
	db_arg_int(&args, tenant_id);
	db_arg_int(&args, queue_id);
	return db_query(db, &queue_letter_row, &args, result, err);
}
