#include "audit_list.h"

/* What the program did itself has its reason on the row. */
#define PEOPLE "h.actor NOT IN ('decide', 'push', 'settle', 'refresh', 'audit')"

/*
 * A command notes its moves first and itself after them, so a move belongs to
 * the first note of the same person and action that follows within a minute: to
 * one and no other.  Tags note each row by its number.
 */
DB_STMT(audit_rows,
    "WITH moved AS ("
    "  SELECT h.queue_id, h.at, h.actor, h.detail,"
    "         CASE WHEN h.from_state = 'none' THEN 'enqueue' WHEN h.to_state = 'excluded' THEN 'exclude'"
    "              WHEN h.from_state = 'excluded' THEN 'include' WHEN h.from_state = 'held' THEN 'release'"
    "              WHEN h.from_state = 'unknown' THEN 'resolve' ELSE 'move' END AS action"
    "    FROM npsync.queue_history h WHERE h.tenant_id = $1 AND " PEOPLE
    "     AND h.at >= coalesce($2::timestamptz, '-infinity')"
    "), own AS ("
    "  SELECT m.*, (SELECT u.audit_id FROM npsync.audit u WHERE u.tenant_id = $1 AND u.actor = m.actor"
    "                  AND u.action IN (m.action, 'after-restore') AND u.at >= m.at"
    "                  AND u.at <= m.at + interval '60 s'"
    "                ORDER BY u.subject = 'row ' || m.queue_id DESC, u.at, u.subject LIMIT 1) AS audit_id"
    "    FROM moved m"
    "), noted AS ("
    "  SELECT audit_id, count(*) AS n, array_agg(queue_id) AS ids FROM own"
    "   WHERE audit_id IS NOT NULL GROUP BY audit_id"
    "), line AS ("
    "  SELECT u.at, u.actor, u.action, u.subject, u.detail, n.n, n.ids"
    "    FROM npsync.audit u LEFT JOIN noted n USING (audit_id)"
    "   WHERE u.tenant_id = $1 AND u.at >= coalesce($2::timestamptz, '-infinity')"
    "  UNION ALL"
    "  SELECT o.at, o.actor, o.action, count(*) || ' rows', o.detail, count(*), array_agg(o.queue_id)"
    "    FROM own o WHERE o.audit_id IS NULL GROUP BY o.at, o.actor, o.action, o.detail"
    ")"
    " SELECT extract(epoch from l.at)::bigint, l.actor, l.action, l.subject, l.detail, coalesce(l.n, 0),"
    "        (SELECT string_agg(i::text, ', ' ORDER BY i)"
    "           FROM (SELECT i FROM unnest(l.ids) i ORDER BY i LIMIT 10) s)"
    "   FROM line l"
    "  WHERE ($3::text IS NULL OR l.actor = $3) AND ($4::text IS NULL OR l.action = $4)"
    "  ORDER BY l.at DESC, l.actor, l.action, l.subject LIMIT $5");
DB_STMT(audit_owner_rows,
    "WITH could AS ("
    "  SELECT coalesce(q.owner, c.owner_name, '') AS owner, x.actor"
    "    FROM npsync.queue q"
    "    LEFT JOIN npsync.contact c ON c.tenant_id = $1 AND c.connector = q.connector"
    "         AND c.contact_id = q.contact_id"
    "    LEFT JOIN LATERAL (SELECT h.actor FROM npsync.queue_history h WHERE h.tenant_id = $1"
    "           AND h.queue_id = q.queue_id AND h.to_state = 'excluded'"
    "         ORDER BY h.version DESC LIMIT 1) x ON q.state = 'excluded'"
    "   WHERE q.tenant_id = $1 AND NOT q.test AND q.created_at >= $2::timestamptz"
    "     AND (q.state IN ('sending', 'sent', 'unknown') OR (q.state = 'excluded' AND x.actor IS NOT NULL))"
    "), who AS ("
    "  SELECT owner, actor, count(*) AS n FROM could GROUP BY owner, actor"
    ")"
    " SELECT owner, coalesce(sum(n) FILTER (WHERE actor IS NOT NULL), 0), sum(n),"
    "        string_agg(actor || ' ' || n, ', ' ORDER BY n DESC, actor) FILTER (WHERE actor IS NOT NULL)"
    "   FROM who GROUP BY owner ORDER BY 2 DESC, 3 DESC, owner");

bool
audit_list(struct db *db, long long tenant_id,
    const struct audit_filter *filter, struct arena *arena,
    struct db_result **result, struct err *err)
{
	struct db_args args;

	db_args_init(&args, arena);
	db_arg_int(&args, tenant_id);
	db_arg_time(&args, filter->since);
	db_arg_text(&args, filter->actor);
	db_arg_text(&args, filter->action);
	db_arg_int(&args, filter->max);
	return db_query(db, &audit_rows, &args, result, err);
}

bool
audit_owners(struct db *db, long long tenant_id, time_t since,
    struct arena *arena, struct db_result **result, struct err *err)
{
	struct db_args args;

	db_args_init(&args, arena);
	db_arg_int(&args, tenant_id);
	db_arg_time(&args, since);
	return db_query(db, &audit_owner_rows, &args, result, err);
}
