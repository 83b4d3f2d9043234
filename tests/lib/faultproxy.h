/*
 * faultproxy.h - a TCP proxy in a thread of the test that misbehaves by rule:
 * between npsync and a server on TCP ("127.0.0.1:8080") or on a Unix socket
 * ("/tmp/x/.s.PGSQL.5432").  It listens on 127.0.0.1, on a port of its own.
 *
 * A rule has a trigger on one way, a moment, and what happens then.
 *
 * Triggers.  FAULTPROXY_RAW takes the bytes of a connection as they come:
 *	.text	the first byte of its nth appearance (all connections counted)
 *	.bytes	when so many bytes went that way, on the nth connection that
 *		gets so far; 0 = with the first one
 * FAULTPROXY_PGSQL cuts the stream into PostgreSQL's messages, whole or not at
 * all; the client must say sslmode=disable gssencmode=disable:
 *	.message	the nth message of that type ('Q', 'P', 'S', 'C', 'Z' ...;
 *			0 = any); .text: of those that hold it
 * COMMIT is { .message = 'Q', .text = "COMMIT" }; a statement that commits by
 * itself is { .message = 'P', .text = "... of its SQL" }.
 *
 * Moments:
 *	BEFORE	the trigger is not forwarded; .bytes exactly so many were
 *	AFTER	it is forwarded, then it happens at once
 *	REPLY	it and what follows are forwarded; the answer is waited for and thrown
 *		away (until ReadyForQuery, else its first bytes): it was done,
 *		and nobody is told.  Only for FAULTPROXY_UP.
 * The server always gets what was forwarded, and a plain end.
 */
#ifndef NPSYNC_TESTS_FAULTPROXY_H
#define NPSYNC_TESTS_FAULTPROXY_H

#include <stdbool.h>
#include <stddef.h>

enum faultproxy_mode { FAULTPROXY_RAW, FAULTPROXY_PGSQL };
enum faultproxy_way { FAULTPROXY_UP, FAULTPROXY_DOWN };	/* to the server; back */
enum faultproxy_when { FAULTPROXY_BEFORE, FAULTPROXY_AFTER, FAULTPROXY_REPLY };
enum faultproxy_what {
	FAULTPROXY_CLOSE,	/* end of file to the client */
	FAULTPROXY_RESET,	/* RST to the client */
	FAULTPROXY_HALF,	/* the way of the trigger ends, the other lives */
	FAULTPROXY_DELAY,	/* goes on after delay_ms, the trigger too */
	FAULTPROXY_STALL	/* nothing more passes that way, nobody is told */
};
struct faultproxy_rule {
	enum faultproxy_way way;
	const char *text;	/* borrowed until the proxy is closed */
	char message;
	long long bytes;	/* RAW without text */
	int nth;		/* 0 = 1 */
	bool again;		/* each one from the nth on, not it alone */
	enum faultproxy_when when;
	enum faultproxy_what what;
	int delay_ms;
};
struct faultproxy_seen {
	int connections, refused;	/* refused: no server behind */
	long long bytes[2];		/* forwarded, by way */
	long messages[2][128];		/* PGSQL: forwarded, by way and type */
	int fired;			/* rules that happened */
};
struct faultproxy;

/* Failures end the test. */
struct faultproxy *faultproxy_open(const char *upstream,
    enum faultproxy_mode mode);
/* Ends all connections. */
void faultproxy_close(struct faultproxy *proxy);
int faultproxy_port(const struct faultproxy *proxy);
/* Counting of the rule begins now; of several that fit, the first happens. */
void faultproxy_rule(struct faultproxy *proxy,
    const struct faultproxy_rule *rule);
/* No rules; connections live on, stalled ones stay so. */
void faultproxy_calm(struct faultproxy *proxy);
struct faultproxy_seen faultproxy_seen(struct faultproxy *proxy);

#endif
