#include "books.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

DB_STMT(books_tenant_id, "SELECT min(tenant_id) FROM npsync.tenant");
DB_STMT(books_waiting_rows,
    "SELECT count(*) FROM npsync.queue WHERE tenant_id = $1"
    "   AND state IN ('queued', 'deferred', 'sending', 'unknown')");
DB_STMT(books_bad_history,
    "SELECT count(*) FROM npsync.queue q WHERE tenant_id = $1 AND version <>"
    " (SELECT count(*) FROM npsync.queue_history h WHERE h.tenant_id = $1"
    "     AND h.queue_id = q.queue_id)");
/* Of runs that came to their end. */
DB_STMT(books_bad_counts,
    "SELECT count(*) FROM ("
    "  SELECT c.run_id, stage, source, sum(n) FILTER (WHERE outcome = 'seen') AS seen,"
    "         coalesce(sum(n) FILTER (WHERE outcome <> 'seen'), 0) AS others"
    "    FROM npsync.run_count c JOIN npsync.run r ON r.tenant_id = $1 AND r.run_id = c.run_id"
    "   WHERE c.tenant_id = $1 AND r.ended_at IS NOT NULL"
    "   GROUP BY c.run_id, stage, source) x WHERE seen <> others");

static struct db_result *
ask(struct db *db, const struct db_stmt *stmt, long long tenant)
{
	AUTO(arena) struct arena *arena = arena_new(4096);
	struct db_result *r = NULL;
	struct err err = { .kind = ERR_NONE };
	struct db_args args;

	db_args_init(&args, arena);
	if (tenant != 0)
		db_arg_int(&args, tenant);
	if (!db_query(db, stmt, &args, &r, &err))
		fail_msg("%s", err.msg);
	return r;
}

long long
books_tenant(struct db *db)
{
	AUTO(db_result) struct db_result *r = ask(db, &books_tenant_id, 0);

	return db_int(r, 0, 0);
}

struct db_result *
books_ask(struct db *db, const struct db_stmt *stmt)
{
	return ask(db, stmt, books_tenant(db));
}

long long
books_number(struct db *db, const struct db_stmt *stmt)
{
	AUTO(db_result) struct db_result *r = books_ask(db, stmt);

	return db_int(r, 0, 0);
}

void
books_read(struct db *db, struct books *books)
{
	books->waiting = (int)books_number(db, &books_waiting_rows);
	books->bad_history = (int)books_number(db, &books_bad_history);
	books->bad_counts = (int)books_number(db, &books_bad_counts);
}
