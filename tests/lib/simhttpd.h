/*
 * simhttpd.h - a scripted HTTP server on 127.0.0.1 for tests.
 *
 * It serves a list of replies, keeps the exact bytes of each request, and calls
 * everything the script does not foresee a problem.  It runs in threads of the
 * test's process and is done when simhttpd_stop returns.
 */
#ifndef SIMHTTPD_H
#define SIMHTTPD_H

#include <stdbool.h>
#include <stddef.h>

enum sim_mode {
	SIM_REPLY,		/* the whole reply; keep-alive */
	SIM_REPLY_CLOSE,	/* whole reply, "Connection: close", close */
	SIM_REPLY_DROP,		/* whole reply, then close without saying so */
	SIM_CUT,		/* the first cut bytes of the reply, then close */
	SIM_CUT_RST,		/* the same, then a reset */
	SIM_CUT_HANG,		/* the same, then nothing more */
	SIM_SLOW,		/* a byte each delay_ms, for ever after its end */
	SIM_ENDLESS,		/* the reply, then 'x' as long as it is taken */
	SIM_CLOSE,		/* request read to its end, closed, no reply */
	SIM_RST,		/* request read to its end, reset */
	SIM_CLOSE_EARLY,	/* header read, body not, closed */
	SIM_RST_EARLY,		/* header and cut bytes of the body read, reset */
	SIM_REPLY_EARLY,	/* header read, body not; whole reply, closed */
	SIM_HANG,		/* request read, never answered */
	SIM_ACCEPT_CLOSE	/* closed after the first bytes: broken TLS */
};

struct sim_reply {
	const char *want;	/* must be in the request; NULL = anything */
	const char *target;	/* only for a request line that holds this;
				 * NULL = the next in order */
	int status;		/* 0 = 200 */
	const char *headers;	/* lines with \r\n; NULL = none */
	const char *body;	/* NULL = empty */
	size_t body_len;	/* 0 = strlen */
	const char *raw;	/* instead of all that: the bytes of the reply */
	size_t cut;
	int delay_ms;
	enum sim_mode mode;
	unsigned repeat;	/* more uses of this line; 0 = once */
};

struct simhttpd;

/* The script is borrowed until stop. NULL = no socket or no memory. */
struct simhttpd *simhttpd_start(const struct sim_reply *script, size_t n);
/* Instead of a script: asked for each request, whole, NUL-terminated; body =
 * where its body begins.  What reply points to stays until it is asked again.
 * Requests are counted, not kept; one at a time. */
typedef void sim_handler(void *arg, const char *request, const char *body,
    struct sim_reply *reply);
struct simhttpd *simhttpd_start_handler(sim_handler *handler, void *arg);
/* "http://127.0.0.1:40123", without a slash at the end. */
const char *simhttpd_url(const struct simhttpd *sim);
int simhttpd_port(const struct simhttpd *sim);
/* Requests whose header came whole, unexpected ones too; connections. */
size_t simhttpd_requests(struct simhttpd *sim);
size_t simhttpd_connections(struct simhttpd *sim);
/* Bytes received over all connections, whatever they were. */
size_t simhttpd_bytes(struct simhttpd *sim);
/* The exact bytes of request i, NUL-terminated; "" if there is none. */
const char *simhttpd_request(struct simhttpd *sim, size_t i);
/* The body of request i; "" if there is none. */
const char *simhttpd_body(struct simhttpd *sim, size_t i);
/* What went wrong: an unexpected request, a want that was not met; NULL = all
 * is well so far.  With all = true, replies not yet used are a problem too. */
const char *simhttpd_problem(struct simhttpd *sim, bool all);
void simhttpd_stop(struct simhttpd *sim);

#endif
