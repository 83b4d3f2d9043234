/*
 * http.h - requests and answers as plain data, and the only engine that sends
 * them (outcome rules: outcome.h).
 * No redirects, nothing from the environment (proxy, netrc, key log),
 * HTTP/1.1 for anything with a body, a read callback whose seek fails so that
 * libcurl never repeats a POST, TLS >= 1.2 verified, no private addresses, a
 * token bucket, a breaker and Retry-After per engine, ceilings on what is read.
 */
#ifndef NPSYNC_HTTP_H
#define NPSYNC_HTTP_H

#include <time.h>

#include "arena.h"
#include "http_breaker.h"
#include "err.h"

/* ---- plain data: what connectors see ----------------------------------- */
struct http_res;
struct http_req {
	const char *method;		/* "GET", "POST", ... */
	const char *url;		/* absolute */
	const char *const (*headers)[2];/* ends {NULL,NULL}; may be NULL */
	const void *body;	/* NULL = none */
	size_t body_len;
	bool repeatable;	/* read or proven idempotent: http.c may retry */
	/* Of http_multi: how it ends says nothing of the service, and the breaker
	 * is not told. */
	bool aside;
	bool gzip;		/* the answer may be packed; ceilings hold for what
				 * is unpacked */
	size_t answer_max;	/* bytes; 0 = HTTP_ANSWER_MAX */
	const char *const *wanted; /* headers of the answer; NULL-ended; static */
	const int64_t *again;	/* static; n_again more statuses to try again at */
	size_t n_again;
	/* What this service's answer needs before the next call of the engine, in
	 * ms, where it says no Retry-After; 0 = nothing of its own, below 0 = no
	 * other try is of use.  Pure; may be NULL. */
	long (*pause_ms)(const struct http_res *res);
	/* Of http_do: ms at least since the last request that had it, for calls
	 * with a lower limit of their own; 0 = the engine's rate alone. */
	long apart_ms;
	/* Of http_do: for calls with a higher limit than the engine's; 0 = that. */
	double rate_per_second;
};
#define HTTP_ANSWER_MAX ((size_t)4194304)
#define HTTP_WANTED_MAX 4

/* How far a request got; the class of a failed POST follows from it. */
enum http_phase {
	HTTP_NOT_SENT,		/* no byte of the request left */
	HTTP_PARTLY_SENT,	/* upload < Content-Length */
	HTTP_SENT,		/* all sent, no usable status line came back */
	HTTP_ANSWER_CUT,	/* a status came, the answer is incomplete */
	HTTP_COMPLETE
};

struct http_res {
	enum http_phase phase;
	long status;		/* 0 = none */
	int curl_code;		/* CURLcode */
	bool body_sent;		/* the whole request body may have left */
	bool refused_address;	/* a private one: no connection was made */
	bool too_large;		/* the body had more bytes than were taken */
	bool declared_safe;	/* a status of settings.safe_status, with a time */
	int tries;		/* requests made by http_do; 1 else */
	const char *content_type, *etag, *location, *link;	/* or NULL */
	const char *wanted[HTTP_WANTED_MAX];	/* req->wanted's, or NULL */
	const char *body;	/* never NULL; NUL-terminated */
	size_t body_len;
	long retry_after_s;	/* seconds to wait, capped at 900; -1 = not said */
	time_t date;		/* the server's Date header; NO_TIME */
	time_t modified;	/* of a download: when the file was changed last, as
				 * the server tells; NO_TIME */
	char problem[160];	/* libcurl's words when not complete; no secrets */
};

/* Class of a non-idempotent request when no connector map says otherwise. */
enum http_class { HTTP_DONE, HTTP_DONE_NO_BODY, HTTP_SAFE, HTTP_PERMANENT,
	HTTP_UNKNOWN, HTTP_AUTH, HTTP_MISCONFIGURED };

/* ---- engine: stages and, for blocking calls, connectors ---------------- */
struct http_clock {		/* of waits (never a transfer's), for tests */
	int64_t (*now_ms)(void);
	void (*sleep_ms)(int64_t ms);
};
struct http_settings {
	double rate_per_second;	   /* 0 = unlimited */
	long connect_timeout_s, answer_timeout_s;
	long low_speed_s;	   /* an answer that stands still; 60 */
	long max_idle_s;	   /* connection age before a new one; 5 */
	int tries;		   /* of repeatable requests; 4 */
	double backoff_s, backoff_max_s;
	struct breaker_settings breaker;
	bool gzip;		   /* a request that offers it does */
	bool allow_http;	   /* beyond loopback */
	bool allow_private;	   /* names may lead to private addresses */
	const int64_t *safe_status; /* n_safe of 500..599 that, with a Retry-After,
				    * say that nothing was done; borrowed */
	size_t n_safe;
	const char *ca_file;	   /* NULL, "" = the system's */
	const char *user_agent;
	const struct http_clock *clock;	/* NULL = CLOCK_BOOTTIME */
};
extern const struct http_settings http_defaults;

struct http;
/* settings are copied, their strings borrowed for the engine's life.  Clears
 * the environment (environment.h) and ignores SIGPIPE.  cancelled may be NULL; it interrupts
 * waits and repeatable requests, never another one that is under way. */
NPS_MUSTCHECK bool http_open(const struct http_settings *settings,
    bool (*cancelled)(void), struct http **http, struct err *err);
void http_close(struct http *http);

/* Blocking. Repeatable requests are tried up to settings.tries times on
 * transport errors, 408, 425, 429 and 5xx; of all waits together up to 300 s
 * are waited out, a Retry-After of an earlier call among them.
 * True = a complete answer of any status is in *res (strings in arena).
 * False: ERR_RETRY, ERR_THROTTLED (a longer wait, or the breaker is open),
 * ERR_PROTOCOL (too large), ERR_CONFIG (address or certificate),
 * ERR_CANCELLED.  *res is filled then too, without texts: whether a request
 * that is not repeatable may have arrived says http_classify(res), not the
 * kind. */
NPS_MUSTCHECK bool http_do(struct http *http, const struct http_req *req,
    struct arena *arena, struct http_res *res, struct err *err);
/* For a service that takes its time with what it was asked: nothing is sent for
 * so long.  False: ERR_CANCELLED. */
NPS_MUSTCHECK bool http_pause(struct http *http, long seconds, struct err *err);
/* 2xx = true; 401/402/403 ERR_AUTH, 404/410 ERR_GONE, 3xx ERR_CONFIG, 429
 * ERR_THROTTLED, 408/425/5xx ERR_RETRY, other ERR_PROTOCOL.  The message names
 * method, path without query, and status. */
NPS_MUSTCHECK bool http_expect_ok(const struct http_req *req,
    const struct http_res *res, struct err *err);
/* The address of a request for messages: without query and userinfo, and stars
 * in place of what its headers carry, for a server may put our key into the path
 * of a next page.  NULL = memory. */
char *http_url_for_log(struct arena *arena, const struct http_req *req);

/* Many at a time, each sent at most once (never retried here). */
struct http_multi;
NPS_MUSTCHECK bool http_multi_open(struct http *http, int concurrency,
    struct http_multi **multi, struct err *err);
void http_multi_close(struct http_multi *multi);
/* Queues a transfer; req is copied.  The rate is kept by http_multi_poll. */
NPS_MUSTCHECK bool http_multi_add(struct http_multi *multi,
    const struct http_req *req, void *tag, struct err *err);
/* Transfers added and not yet handed back by http_multi_poll. */
int http_multi_running(const struct http_multi *multi);
/* Waits up to wait_ms for progress and returns finished transfers one by one:
 * *tag and *res are filled (strings valid until the next call) and true is
 * returned, or false when none is finished yet.  Once cancelled() says so, or
 * when one would have to wait more than 300 s to start, it comes back as
 * HTTP_NOT_SENT with retry_after_s. */
bool http_multi_poll(struct http_multi *multi, int wait_ms, void **tag,
    struct http_res *res);
/* Nothing of this engine starts before now + wait_s; a Retry-After that an
 * answer holds, or its pause_ms, is kept without it. */
void http_multi_hold(struct http_multi *multi, long wait_s);
/* What is added now would wait: for that, or for the breaker. */
bool http_multi_is_held(const struct http_multi *multi);

/* ---- outcome.c, retry.c: pure functions ---------------------------------- */
enum http_class http_classify(const struct http_res *res);
/* Retry-After: seconds or HTTP-date; capped at 900; nonsense = -1. */
long http_retry_after(const char *value, time_t now);
/* HTTP-date (RFC 9110: the three forms); NO_TIME if it is none. */
time_t http_date(const char *value);
/* May a repeatable request be tried again after this? */
bool http_is_transient(const struct http_res *res);
/* Address, certificate or set-up, before anything was sent. */
bool http_is_misconfigured(const struct http_res *res);
/* Back-off of try n (0, 1, ...): base x 2^n with full jitter, capped. */
double http_backoff_s(double base_s, double max_s, int attempt,
    double random01);
const char *http_phase_name(enum http_phase phase);
const char *http_class_name(enum http_class class);

#endif
