/*
 * db_wait.h - the waiting of db.c, with an end.  Keepalives and
 * tcp_user_timeout end a connection whose machine is gone; a server that lives
 * and says nothing (stopped, behind a proxy that lost it, on a disk that hangs)
 * is given up here: the connection is cut, libpq reads its end, and nothing
 * that comes later is believed.
 */
#ifndef NPSYNC_DB_WAIT_H
#define NPSYNC_DB_WAIT_H

#include <stdbool.h>
#include <stdint.h>

/* libpq's PGconn, not blocking, and PGresult. */
struct pg_conn;
struct pg_result;

/* Until all is sent, or clock_boottime_ms is end: *silent.  An error of the
 * connection is said by libpq when it is asked next. */
void db_wait_sent(struct pg_conn *conn, int64_t end, bool *silent);
/* The last result of what was sent, or NULL. */
struct pg_result *db_wait_last(struct pg_conn *conn, int64_t end, bool *silent);

#endif
