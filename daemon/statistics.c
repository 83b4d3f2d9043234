/*
 * How this can hang: ANALYZE waits for whoever holds the table's lock, an index
 * that is being made or another ANALYZE; so it skips what is locked.
 */
#include "statistics.h"

/* Of this session too, which tells its counts once a second at most. */
DB_STMT(statistics_flush, "SELECT pg_catalog.pg_stat_force_next_flush()");
/* As autovacuum would see it; small tables cannot mislead a plan far. */
DB_STMT(statistics_stale,
    "SELECT string_agg(format('%I.%I', schemaname, relname), ', ' ORDER BY relname)"
    "  FROM pg_catalog.pg_stat_all_tables"
    " WHERE schemaname = 'npsync' AND n_mod_since_analyze > 1000 + n_live_tup / 10");

bool
statistics_refresh(struct db *db, struct arena *arena, struct err *err)
{
	AUTO(db_result) struct db_result *r = NULL;

	if (!db_query(db, &statistics_flush, NULL, NULL, err) ||
	    !db_query(db, &statistics_stale, NULL, &r, err))
		return false;
	if (db_is_null(r, 0, 0))
		return true;
	const char *sql = arena_printf(arena, "ANALYZE (SKIP_LOCKED) %s",
	    db_text(r, 0, 0));
	return sql == NULL ? err_nomem(err) : db_script(db, sql, err);
}
