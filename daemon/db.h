/*
 * db.h - the only users of libpq besides embedded.c.
 *
 * Every statement is a DB_STMT, so that a test can PREPARE all of them and the
 * lint can read them.  No session settings; no reconnect; errors by SQLSTATE:
 * 08*, 57P* = ERR_DB_AWAY, others ERR_DB with err->sqlstate.  A message names
 * statement, table and constraint, never a value.
 */
#ifndef NPSYNC_DB_H
#define NPSYNC_DB_H

#include <time.h>

#include "arena.h"
#include "buf.h"
#include "err.h"

struct db_stmt {
	const char *name, *sql;
};
/* DB_STMT(queue_claim, "UPDATE ...");  then pass &queue_claim. */
#define DB_STMT(ident, ...)                                              \
	static const struct db_stmt ident = { #ident, __VA_ARGS__ };     \
	static const struct db_stmt *const ident##_entry                 \
	    __attribute__((used, section("db_stmts"))) = &ident
/* All statements of the program. */
const struct db_stmt *const *db_stmts(size_t *n);

/* ---- arguments ----------------------------------------------------------- */
#define DB_ARGS_MAX 48
struct db_args {
	const char *v[DB_ARGS_MAX];
	int n;
	struct arena *arena;	/* where numbers and arrays become text */
	bool failed;		/* memory or too many: the query reports it */
};
void db_args_init(struct db_args *args, struct arena *arena);
void db_arg_text(struct db_args *args, const char *text);	/* NULL = null */
void db_arg_int(struct db_args *args, long long value);
void db_arg_bool(struct db_args *args, bool value);
void db_arg_time(struct db_args *args, time_t t);		/* NO_TIME = null */
void db_arg_day(struct db_args *args, int day);			/* NO_DAY = null */

/* A PostgreSQL array built element by element ("{...}" text). */
struct db_array {
	struct buf buf;
	size_t n;
};
void db_array_init(struct db_array *array);	/* ceiling 64 MiB */
void db_array_reset(struct db_array *array);
void db_array_free(struct db_array *array);
void db_array_texts(struct db_array *array, const char *const *texts, size_t n);
void db_array_text(struct db_array *array, const char *text);	/* NULL = null */
void db_array_int(struct db_array *array, long long value);
void db_array_bool(struct db_array *array, bool value);
void db_array_time(struct db_array *array, time_t t);		/* NO_TIME = null */
void db_array_day(struct db_array *array, int day);		/* NO_DAY = null */
/* Borrowed by args until the query returned. */
void db_arg_array(struct db_args *args, struct db_array *array);
/* The same for the n columns of a page. */
void db_arrays_init(struct db_array *arrays, size_t n);
void db_arrays_reset(struct db_array *arrays, size_t n);
void db_arrays_free(struct db_array *arrays, size_t n);
void db_arg_arrays(struct db_args *args, struct db_array *arrays, size_t n);

/* ---- connection ---------------------------------------------------------- */
struct db;
struct db_result;
/* conninfo = keyword string or postgresql:// address.  Takes the PG* variables
 * out of the environment.  ERR_DB_AWAY when nobody answers or lets us in;
 * ERR_CONFIG when the string cannot be read, a password is missing, or the
 * server is older than 15, not in UTF8 or not in DateStyle ISO. */
NPS_MUSTCHECK bool db_open(const char *conninfo, struct db **db,
    struct err *err);
void db_close(struct db *db);
/* So long the server may take for one statement; 20 minutes if not set.  Then
 * it is ERR_DB_AWAY, and so is whatever follows. */
void db_set_timeout(struct db *db, int seconds);
/* args may be NULL.  *result is owned by the caller (AUTO(db_result)); result
 * may be NULL when the rows do not matter. */
NPS_MUSTCHECK bool db_query(struct db *db, const struct db_stmt *stmt,
    const struct db_args *args, struct db_result **result, struct err *err);
/* The same, without waiting.  Any later db_* call first waits for it and keeps
 * what came back; result or error are reported by db_finish and nowhere else.
 * A second db_send before db_finish is ERR_BUG.  Sent inside a transaction, it
 * is forgotten by db_rollback.  args may be reset once db_send returned. */
NPS_MUSTCHECK bool db_send(struct db *db, const struct db_stmt *stmt,
    const struct db_args *args, struct err *err);
NPS_MUSTCHECK bool db_finish(struct db *db, struct db_result **result,
    struct err *err);
/* Sent and not yet finished. */
bool db_pending(const struct db *db);
/* Multi-statement script of schema.c, embedded.c and tests; no arguments. */
NPS_MUSTCHECK bool db_script(struct db *db, const char *sql, struct err *err);

/* BEGIN with SET LOCAL lock_timeout in one round trip; statement_timeout off.
 * No nesting: a second db_begin is ERR_BUG.  db_commit of a transaction that
 * an error had ended fails with that error's SQLSTATE 25P02. */
NPS_MUSTCHECK bool db_begin(struct db *db, long lock_timeout_ms,
    struct err *err);
NPS_MUSTCHECK bool db_commit(struct db *db, struct err *err);
void db_rollback(struct db *db);	/* nothing to do = nothing done */

/* AUTO(tx) struct db *tx = NULL; rolls back unless db_commit came first. */
static inline void
tx_cleanup(struct db **db)
{
	if (*db != NULL)
		db_rollback(*db);
}

/* ---- results -------------------------------------------------------------- */
/* A cell outside the result, or text that is not what the accessor's name
 * says, is our fault and aborts. */
int db_rows(const struct db_result *r);
/* Rows inserted, updated or deleted by a statement without RETURNING. */
long long db_affected(const struct db_result *r);
bool db_is_null(const struct db_result *r, int row, int col);
const char *db_text(const struct db_result *r, int row, int col); /* NULL = null */
long long db_int(const struct db_result *r, int row, int col);	  /* null = 0 */
bool db_bool(const struct db_result *r, int row, int col);
/* Column holds a date ("2026-11-25"); null = NO_DAY. */
int db_day(const struct db_result *r, int row, int col);
/* Column holds extract(epoch from x)::bigint; null = NO_TIME. */
time_t db_time(const struct db_result *r, int row, int col);
void db_result_free(struct db_result *r);

static inline void
db_result_cleanup(struct db_result **r)
{
	db_result_free(*r);
}

#endif
