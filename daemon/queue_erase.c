/*
 * queue_erase.c - a person's rows of the queue, taken out for good.
 */
#include "erasure.h"

DB_STMT(queue_erase_rows,
    "WITH gone AS ("
    "  DELETE FROM npsync.queue q WHERE q.tenant_id = $1 AND " SUBJECT_ROW("q")
    "  RETURNING q.state IN ('queued', 'deferred', 'held', 'excluded', 'sending', 'unknown') AS open)"
    " SELECT count(*) FILTER (WHERE open), count(*) FILTER (WHERE NOT open) FROM gone");
/* Behind a colon stands what somebody said. */
DB_STMT(queue_erase_said,
    "WITH said AS ("
    "  UPDATE npsync.queue q SET reason = split_part(q.reason, ':', 1)"
    "   WHERE q.tenant_id = $1 AND " SUBJECT_TEXT("q.reason")
    "     AND $2::text[] IS NOT NULL AND $3::text[] IS NOT NULL AND $4::bytea[] IS NOT NULL"
    "  RETURNING 1"
    "), told AS ("
    "  UPDATE npsync.queue_history h SET detail = split_part(h.detail, ':', 1)"
    "   WHERE h.tenant_id = $1 AND " SUBJECT_TEXT("h.detail")
    "  RETURNING 1)"
    " SELECT (SELECT count(*) FROM said) + (SELECT count(*) FROM told)");

bool
queue_erase(struct db *db, struct subject *s, struct arena *arena,
    long long *open, long long *ended, struct err *err)
{
	AUTO(db_result) struct db_result *r = NULL;
	struct db_args args;

	db_args_init(&args, arena);
	subject_args(&args, s, 4);
	if (!db_query(db, &queue_erase_rows, &args, &r, err))
		return false;
	*open = db_int(r, 0, 0);
	*ended = db_int(r, 0, 1);
	return true;
}

bool
queue_erase_texts(struct db *db, struct subject *s, struct arena *arena,
    long long *n, struct err *err)
{
	AUTO(db_result) struct db_result *r = NULL;
	struct db_args args;

	db_args_init(&args, arena);
	subject_args(&args, s, 5);
	if (!db_query(db, &queue_erase_said, &args, &r, err))
		return false;
	*n = db_int(r, 0, 0);
	return true;
}
