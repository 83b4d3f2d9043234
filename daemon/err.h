/*
 * err.h - the one error value of the program.
 *
 * Fallible functions return bool, take struct err *err last and fill it when
 * they return false.  The kind says what to do, not where it came from.
 * An error is logged once, where it is handled.
 */
#ifndef NPSYNC_ERR_H
#define NPSYNC_ERR_H

#include "npsync.h"

enum err_kind {
	ERR_NONE,
	ERR_RETRY,	/* transient: reads and proven idempotent calls repeat */
	ERR_THROTTLED,	/* transient, retry_after_s is set */
	ERR_REJECTED,	/* this record is bad: ends it, the others go on */
	ERR_GONE,	/* this record (or resume text) exists no longer */
	ERR_AUTH,	/* credentials or scope: ends the connector for the run */
	ERR_CONFIG,	/* operator's mistake: exit 78 */
	ERR_PROTOCOL,	/* an answer nobody understands: ends the connector */
	ERR_DB,		/* PostgreSQL refused: ends the run */
	ERR_DB_AWAY,	/* no connection to PostgreSQL: ends the run, exit 69 */
	ERR_NOMEM,	/* exit 71 */
	ERR_SYSTEM,	/* errno: exit 71 */
	ERR_BUG,	/* our fault: ends the run */
	ERR_USAGE,	/* command line: exit 64 */
	ERR_BUSY,	/* another run is active: exit 75 */
	ERR_PERMISSION,	/* exit 77 */
	ERR_CANCELLED,	/* SIGTERM, or an emit callback said stop: unwind, exit 0 */
	ERR_DONE	/* no further step of a multi-step write */
};

struct err {
	enum err_kind kind;
	int code;	     /* HTTP status, CURLcode or errno; 0 = none */
	long retry_after_s;  /* ERR_THROTTLED */
	char sqlstate[6];    /* ERR_DB */
	char msg[512];	     /* one line; no secrets, no contact data */
};

/* All of these return false, so that a caller may `return err_set(...)`.
 * They never allocate; a NULL err is allowed. */
bool err_set(struct err *err, enum err_kind kind, const char *fmt, ...)
    NPS_PRINTF(3, 4);
/* ": strerror(errno)" is appended, code = errno. */
bool err_errno(struct err *err, enum err_kind kind, const char *fmt, ...)
    NPS_PRINTF(3, 4);
/* Puts context in front: "push npstoday: POST /x: HTTP 429". */
bool err_wrap(struct err *err, const char *fmt, ...) NPS_PRINTF(2, 3);
bool err_nomem(struct err *err);

/* "retry", "config", ...: for logs and the run table. */
const char *err_kind_name(enum err_kind kind);
/* True for what ends the whole run; other kinds end a record or a connector. */
bool err_ends_run(enum err_kind kind);
/* The exit code of design section 10 that belongs to a kind. */
int err_exit_code(enum err_kind kind);

#endif
