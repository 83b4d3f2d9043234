#include "previewed.h"

#include "clock.h"
#include "contact_sql.h"

DB_STMT(previewed_replace,
    "WITH said AS MATERIALIZED ("
    "  SELECT * FROM unnest($4::bigint[], $5::text[]) AS s(queue_id, verdict)"
    "), old AS ("
    "  DELETE FROM npsync.previewed p WHERE p.tenant_id = $1"
    "     AND (p.night < $3::date OR (p.night = $2::date"
    "          AND NOT EXISTS (SELECT 1 FROM said s WHERE s.queue_id = p.queue_id)))"
    ")"
    " INSERT INTO npsync.previewed (tenant_id, night, queue_id, verdict)"
    " SELECT $1, $2::date, s.queue_id, s.verdict FROM said s"
    " ON CONFLICT (tenant_id, night, queue_id) DO UPDATE SET verdict = EXCLUDED.verdict");

DB_STMT(previewed_newest,
    "SELECT max(night) FROM npsync.previewed"
    " WHERE tenant_id = $1 AND night <= $2::date");

/* A row that left has the night as its due_night; whoever said "go" of a row
 * that an administrator then took out was not wrong, but it is told. */
DB_STMT(previewed_other,
    "WITH said AS MATERIALIZED ("
    "  SELECT queue_id, verdict FROM npsync.previewed"
    "   WHERE tenant_id = $1 AND night = $2::date"
    "), went AS MATERIALIZED ("
    "  SELECT queue_id FROM npsync.queue WHERE tenant_id = $1 AND due_night = $2::date"
    "     AND state IN ('sending', 'sent', 'unknown')"
    "), other AS ("
    "  SELECT coalesce(s.queue_id, w.queue_id) AS queue_id, s.verdict"
    "    FROM said s FULL JOIN went w USING (queue_id)"
    "   WHERE (s.verdict IS NOT DISTINCT FROM 'go') <> (w.queue_id IS NOT NULL)"
    ")"
    " SELECT q.queue_id, q.trigger, coalesce(" CONTACT_NAME("c") ", q.contact_id), c.company,"
    "        o.verdict, q.state, split_part(q.reason, ':', 1)"
    "   FROM other o JOIN npsync.queue q ON q.tenant_id = $1 AND q.queue_id = o.queue_id"
    "   LEFT JOIN npsync.contact c ON c.tenant_id = $1 AND c.connector = q.connector"
    "        AND c.contact_id = q.contact_id"
    "  ORDER BY o.verdict IS NULL, q.queue_id");

bool
previewed_put(struct db *db, long long tenant_id, int night, int keep_from,
    struct db_array *queue_ids, struct db_array *verdicts,
    struct arena *arena, struct err *err)
{
	struct db_args args;

	db_args_init(&args, arena);
	db_arg_int(&args, tenant_id);
	db_arg_day(&args, night);
	db_arg_day(&args, keep_from);
	db_arg_array(&args, queue_ids);
	db_arg_array(&args, verdicts);
	return db_query(db, &previewed_replace, &args, NULL, err);
}

bool
previewed_last(struct db *db, long long tenant_id, int until,
    struct arena *arena, int *night, struct err *err)
{
	AUTO(db_result) struct db_result *r = NULL;
	struct db_args args;

	db_args_init(&args, arena);
	db_arg_int(&args, tenant_id);
	db_arg_day(&args, until);
	if (!db_query(db, &previewed_newest, &args, &r, err))
		return false;
	*night = db_day(r, 0, 0);
	return true;
}

bool
previewed_differences(struct db *db, long long tenant_id, int night,
    struct arena *arena, struct db_result **result, struct err *err)
{
	struct db_args args;

	db_args_init(&args, arena);
	db_arg_int(&args, tenant_id);
	db_arg_day(&args, night);
	return db_query(db, &previewed_other, &args, result, err);
}
