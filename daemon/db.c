#include "db.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <libpq-fe.h>

#include "clock.h"
#include "db_wait.h"
#include "environment.h"
#include "failpoint.h"

#define VERSION_MIN 150000
#define WAIT_S 1200

struct db {
	PGconn *conn;
	int wait_s;		/* for the answer to one statement */
	bool silent;		/* it was waited for in vain */
	const char *sent;	/* name of a statement not yet finished */
	bool in_flight;		/* ... whose answer is still on the wire */
	bool sent_in_tx;	/* ... which a rollback undoes */
	PGresult *kept;		/* ... its answer, if it was good */
	struct err kept_err;	/* ... its error, if not */
};

/* The linker makes these from the section of DB_STMT. */
extern const struct db_stmt *const __start_db_stmts[] __attribute__((weak));
extern const struct db_stmt *const __stop_db_stmts[] __attribute__((weak));

const struct db_stmt *const *
db_stmts(size_t *n)
{
	*n = (size_t)(__stop_db_stmts - __start_db_stmts);
	return __start_db_stmts;
}

static inline void
pgresult_cleanup(PGresult **res)
{
	PQclear(*res);
}

/* ---- errors -------------------------------------------------------------- */
/* Without an SQLSTATE libpq itself speaks.  After a write that failed it says
 * that all is well until it has read the end too. */
static enum err_kind
kind_of(PGconn *conn, const char *sqlstate)
{
	if (PQstatus(conn) == CONNECTION_BAD ||
	    strncmp(sqlstate, "08", 2) == 0 || strncmp(sqlstate, "57P", 3) == 0)
		return ERR_DB_AWAY;
	return *sqlstate == '\0' && PQconsumeInput(conn) == 0 ? ERR_DB_AWAY
	                                                      : ERR_DB;
}

/*
 * How much of a message may be shown: its first line; of a data exception
 * (class 22) only what stands before the value, whatever quotes the server's
 * language puts round it.
 */
static int
shown_length(const char *msg, const char *sqlstate)
{
	size_t len = strcspn(msg, "\n");

	if (strncmp(sqlstate, "22", 2) == 0)
		for (size_t i = 0; i < len; i++)
			if (strchr("\"'`", msg[i]) != NULL ||
			    (unsigned char)msg[i] >= 0x80)
				len = i;
	return len > 300 ? 300 : (int)len;
}

static const char *
field(const PGresult *res, int code, const char *fallback)
{
	const char *value = PQresultErrorField(res, code);

	return value == NULL ? fallback : value;
}

/* What the person must do, in front of what the server said. */
static const char *
advice(const char *sqlstate, enum err_kind kind)
{
	if (strcmp(sqlstate, "53100") == 0)
		return "the database's disk is full: make space, the next run "
		    "goes on: ";
	return kind == ERR_DB_AWAY ? "the database went away: the next run goes "
	    "on: " : "";
}

/* DETAIL, HINT and CONTEXT hold values of rows: never taken. */
static bool
fail(const struct db *db, const PGresult *res, const char *what,
    struct err *err)
{
	PGconn *conn = db->conn;

	if (db->silent)
		return err_set(err, ERR_DB_AWAY, "%s%s: no answer within %d s "
		    "(database_timeout)", advice("", ERR_DB_AWAY), what,
		    db->wait_s);
	const char *sqlstate = field(res, PG_DIAG_SQLSTATE, "");
	const enum err_kind kind = kind_of(conn, sqlstate);
	const char *msg = field(res, PG_DIAG_MESSAGE_PRIMARY,
	    PQerrorMessage(conn));
	const char *table = field(res, PG_DIAG_TABLE_NAME, "");
	const char *constraint = field(res, PG_DIAG_CONSTRAINT_NAME, "");
	const char *column = field(res, PG_DIAG_COLUMN_NAME, "");

	(void)err_set(err, kind, "%s%s: %.*s%s%s%s%s%s%s%s%s%s",
	    advice(sqlstate, kind), what, shown_length(msg, sqlstate), msg, *table ? ", table " : "", table, *column ? ", column " : "",
	    column, *constraint ? ", constraint " : "", constraint,
	    *sqlstate ? " [" : "", sqlstate, *sqlstate ? "]" : "");
	if (err != NULL)
		(void)snprintf(err->sqlstate, sizeof(err->sqlstate), "%s",
		    sqlstate);
	return false;
}

static bool
result_check(const struct db *db, const PGresult *res, const char *what,
    struct err *err)
{
	const ExecStatusType status = PQresultStatus(res);

	if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK ||
	    status == PGRES_EMPTY_QUERY)
		return true;
	if (status == PGRES_FATAL_ERROR)
		return fail(db, res, what, err);
	return err_set(err, ERR_BUG, "%s: unexpected answer %s", what,
	    PQresStatus(status));
}

/* ---- connection ---------------------------------------------------------- */
static void
notice_drop(void *arg, const PGresult *res)
{
	(void)arg;
	(void)res;
}

/* The string and libpq's words about it are not shown: maybe a password. */
static bool
conninfo_check(const char *conninfo, struct err *err)
{
	PQconninfoOption *options = PQconninfoParse(conninfo, NULL);

	if (options == NULL || *conninfo == '\0') {
		PQconninfoFree(options);
		return err_set(err, ERR_CONFIG, "database: expected "
		    "\"host=... dbname=... user=...\"");
	}
	PQconninfoFree(options);
	return true;
}

static bool
server_check(const PGconn *conn, struct err *err)
{
	const int version = PQserverVersion(conn);
	const char *encoding = PQparameterStatus(conn, "server_encoding");
	const char *style = PQparameterStatus(conn, "DateStyle");

	if (version < VERSION_MIN)
		return err_set(err, ERR_CONFIG, "database: PostgreSQL %d or "
		    "newer is needed, the server is %d", VERSION_MIN / 10000,
		    version / 10000);
	if (encoding == NULL || strcmp(encoding, "UTF8") != 0)
		return err_set(err, ERR_CONFIG, "database: encoding UTF8 is "
		    "needed, the database has %s",
		    encoding == NULL ? "none" : encoding);
	/* Not ours to set (a pooler loses it), but days are read as ISO. */
	if (style != NULL && strncmp(style, "ISO", 3) != 0)
		return err_set(err, ERR_CONFIG, "database: DateStyle ISO is "
		    "needed, the role has %s (ALTER ROLE ... SET DateStyle)",
		    style);
	return true;
}

static bool
connect_check(const PGconn *conn, struct err *err)
{
	if (PQstatus(conn) == CONNECTION_OK)
		return server_check(conn, err);
	const char *msg = PQerrorMessage(conn);
	return err_set(err, PQconnectionNeedsPassword(conn) ? ERR_CONFIG :
	    ERR_DB_AWAY, "database: %.*s", shown_length(msg, ""), msg);
}

bool
db_open(const char *conninfo, struct db **db, struct err *err)
{
	/* Later keywords win: the operator may change those before dbname. */
	static const char *const keys[] = { "connect_timeout", "keepalives",
		"keepalives_idle", "keepalives_interval", "keepalives_count",
		"tcp_user_timeout", "application_name", "dbname",
		"client_encoding", NULL };
	const char *const values[] = { "10", "1", "30", "10", "3", "30000",
		"npsync", conninfo, "UTF8", NULL };

	*db = NULL;
	/* PGOPTIONS, PGHOST, ... would change what the configuration says. */
	environment_clear();
	if (!conninfo_check(conninfo, err))
		return false;
	struct db *new = calloc(1, sizeof(*new));
	if (new == NULL)
		return err_nomem(err);
	new->conn = PQconnectdbParams(keys, values, 1);
	if (new->conn == NULL) {
		db_close(new);
		return err_nomem(err);
	}
	if (!connect_check(new->conn, err)) {
		db_close(new);
		return false;
	}
	new->wait_s = WAIT_S;
	(void)PQsetNoticeReceiver(new->conn, notice_drop, NULL);
	if (PQsetnonblocking(new->conn, 1) != 0) {
		db_close(new);
		return err_nomem(err);
	}
	*db = new;
	return true;
}

void
db_set_timeout(struct db *db, int seconds)
{
	db->wait_s = seconds;
}

void
db_close(struct db *db)
{
	if (db == NULL)
		return;
	PQclear(db->kept);
	PQfinish(db->conn);
	free(db);
}

/* ---- statements ---------------------------------------------------------- */
/* At the failpoints before and after whatever commits, a test build loses the
 * connection: before, the statement never arrives; after, only its answer. */
static bool
cut(const struct db *db, const char *what, struct err *err)
{
	(void)shutdown(PQsocket(db->conn), SHUT_RDWR);
	return err_set(err, ERR_DB_AWAY, "%s%s: the connection was cut",
	    advice("", ERR_DB_AWAY), what);
}

static int64_t
wait_end(const struct db *db)
{
	return clock_boottime_ms() + (int64_t)db->wait_s * 1000;
}

static PGresult *
last_result(struct db *db)
{
	return db_wait_last(db->conn, wait_end(db), &db->silent);
}

/* Without arguments, so that sql may hold several statements. */
static PGresult *
run(struct db *db, const char *sql)
{
	return PQsendQuery(db->conn, sql) == 1 ? last_result(db) : NULL;
}

static bool
send_params(struct db *db, const struct db_stmt *stmt,
    const struct db_args *args)
{
	return PQsendQueryParams(db->conn, stmt->sql, args == NULL ? 0 : args->n,
	    NULL, args == NULL ? NULL : args->v, NULL, NULL, 0) == 1;
}

/* Waits for a sent statement and keeps what came back for db_finish. */
static void
settle(struct db *db)
{
	if (!db->in_flight)
		return;
	db->in_flight = false;
	AUTO(pgresult) PGresult *res = last_result(db);
	if (result_check(db, res, db->sent, &db->kept_err))
		db->kept = steal(&res);
	if (!db->sent_in_tx && !FAILPOINT("db.after", db->sent))
		(void)cut(db, db->sent, &db->kept_err);
}

static void
forget(struct db *db)
{
	PQclear(db->kept);
	db->kept = NULL;
	db->kept_err = (struct err){ 0 };
	db->sent = NULL;
	db->sent_in_tx = false;
}

static bool
args_check(const struct db_stmt *stmt, const struct db_args *args,
    struct err *err)
{
	if (args == NULL || !args->failed)
		return true;
	if (args->n > DB_ARGS_MAX)
		return err_set(err, ERR_BUG, "%s: more than %d arguments",
		    stmt->name, DB_ARGS_MAX);
	return err_set(err, ERR_NOMEM, "%s: out of memory for arguments",
	    stmt->name);
}

/* PGresult under the name other files know it by. */
static void
hand_over(PGresult **res, struct db_result **result)
{
	if (result != NULL)
		*result = (struct db_result *)(void *)steal(res);
}

bool
db_query(struct db *db, const struct db_stmt *stmt, const struct db_args *args,
    struct db_result **result, struct err *err)
{
	if (result != NULL)
		*result = NULL;
	if (!args_check(stmt, args, err))
		return false;
	settle(db);
	const bool commits = PQtransactionStatus(db->conn) == PQTRANS_IDLE;
	if (commits && !FAILPOINT("db.before", stmt->name))
		(void)cut(db, stmt->name, NULL);
	AUTO(pgresult) PGresult *res = send_params(db, stmt, args)
	    ? last_result(db) : NULL;
	if (!result_check(db, res, stmt->name, err))
		return false;
	if (commits && !FAILPOINT("db.after", stmt->name))
		return cut(db, stmt->name, err);
	hand_over(&res, result);
	return true;
}

bool
db_send(struct db *db, const struct db_stmt *stmt, const struct db_args *args,
    struct err *err)
{
	if (!args_check(stmt, args, err))
		return false;
	settle(db);
	const bool in_tx = PQtransactionStatus(db->conn) != PQTRANS_IDLE;
	if (db->sent != NULL)
		return err_set(err, ERR_BUG, "%s: sent before %s was finished",
		    stmt->name, db->sent);
	if (!in_tx && !FAILPOINT("db.before", stmt->name))
		(void)cut(db, stmt->name, NULL);
	if (!send_params(db, stmt, args))
		return fail(db, NULL, stmt->name, err);
	db_wait_sent(db->conn, wait_end(db), &db->silent);
	db->sent = stmt->name;
	db->in_flight = true;
	db->sent_in_tx = in_tx;
	return true;
}

bool
db_finish(struct db *db, struct db_result **result, struct err *err)
{
	if (result != NULL)
		*result = NULL;
	if (db->sent == NULL)
		return err_set(err, ERR_BUG, "db_finish: nothing was sent");
	settle(db);
	const bool ok = db->kept_err.kind == ERR_NONE;
	if (ok)
		hand_over(&db->kept, result);
	else if (err != NULL)
		*err = db->kept_err;
	forget(db);
	return ok;
}

bool
db_pending(const struct db *db)
{
	return db->sent != NULL;
}

static bool
script(struct db *db, const char *sql, const char *what, struct err *err)
{
	settle(db);
	AUTO(pgresult) PGresult *res = run(db, sql);
	return result_check(db, res, what, err);
}

bool
db_script(struct db *db, const char *sql, struct err *err)
{
	return script(db, sql, "script", err);
}

/* ---- transactions -------------------------------------------------------- */
bool
db_begin(struct db *db, long lock_timeout_ms, struct err *err)
{
	char sql[128];

	settle(db);
	if (PQtransactionStatus(db->conn) == PQTRANS_INTRANS ||
	    PQtransactionStatus(db->conn) == PQTRANS_INERROR)
		return err_set(err, ERR_BUG, "begin: already in a transaction");
	(void)snprintf(sql, sizeof(sql), "BEGIN; SET LOCAL lock_timeout = %ld; "
	    "SET LOCAL statement_timeout = 0", lock_timeout_ms);
	if (script(db, sql, "begin", err))
		return true;
	db_rollback(db);
	return false;
}

bool
db_commit(struct db *db, struct err *err)
{
	settle(db);
	if (PQtransactionStatus(db->conn) == PQTRANS_IDLE)
		return err_set(err, ERR_BUG, "commit: not in a transaction");
	if (!FAILPOINT("db.before", "commit"))
		(void)cut(db, "commit", NULL);
	AUTO(pgresult) PGresult *res = run(db, "COMMIT");
	if (!result_check(db, res, "commit", err))
		return false;
	if (!FAILPOINT("db.after", "commit"))
		return cut(db, "commit", err);
	/* COMMIT of a transaction in error succeeds, as a ROLLBACK. */
	if (strcmp(PQcmdStatus(res), "COMMIT") == 0)
		return true;
	(void)err_set(err, ERR_DB, "commit: the transaction had failed");
	if (err != NULL)
		(void)snprintf(err->sqlstate, sizeof(err->sqlstate), "25P02");
	return false;
}

void
db_rollback(struct db *db)
{
	settle(db);
	const PGTransactionStatusType status = PQtransactionStatus(db->conn);
	if (status != PQTRANS_INTRANS && status != PQTRANS_INERROR)
		return;
	PQclear(run(db, "ROLLBACK"));
	if (db->sent_in_tx)
		forget(db);
}
