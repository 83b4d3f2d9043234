/*
 * apicall.h - JSON calls with a token, for drivers written for one service:
 * signed, sent, judged by the driver, the token renewed once after a 401.
 *
 * The driver says how a token is asked for and what an answer means; what ends
 * its run (a refused client, a quota) is kept here, and nothing is sent after.
 */
#ifndef NPSYNC_CONNECTORS_APICALL_H
#define NPSYNC_CONNECTORS_APICALL_H

#include "arena.h"
#include "connector.h"
#include "json.h"
#include "oauth.h"

#define API_WORDS 128		/* of a server, as a message shows them */

/* What an answer means. */
struct api_verdict {
	enum err_kind kind;	/* ERR_NONE = good */
	bool session;		/* the token is no longer taken */
	bool moved;		/* the service lives elsewhere: asked for again */
	bool stop;		/* nothing more may be asked in this run */
	bool personal;		/* text may speak of a person: not for a log */
	char code[64];		/* the service's word for it, or "" */
	char text[API_WORDS];	/* in its words, masked, or "" */
};
struct api_rules {
	/* A token is needed: fills ask; all of it lives in arena or longer.  Asked
	 * anew each time, so that an assertion is fresh. */
	bool (*ask)(void *arg, struct arena *arena, struct oauth_ask *ask,
	    struct err *err);
	/* Instead of ask, a login that is none of OAuth's: blocks, and ends with
	 * oauth_keep.  ERR_AUTH, ERR_CONFIG and ERR_PROTOCOL end the run. */
	bool (*login)(void *arg, struct oauth_token *token, struct err *err);
	/* Before each request: base is set, and still right (apicall_move_base).
	 * May block, and calls apicall_stop itself where nothing more is to be
	 * asked.  After a verdict with moved it is called once more, and the
	 * request sent once more.  May be NULL. */
	bool (*locate)(void *arg, struct err *err);
	const char *scheme;	/* of Authorization; NULL = "Bearer" */
	/* Corrects what apicall_judge_status says, root may be NULL.  Sees every
	 * complete answer, good ones too.  api_words helps. */
	void (*judge)(void *arg, const struct http_res *res, json_t *root,
	    struct api_verdict *v);
	const char *const (*headers)[2];  /* of every call; NULL-ended; or NULL */
	const char *const *wanted;	/* of http_req */
	const int64_t *again;
	size_t n_again;
	long (*pause_ms)(const struct http_res *res);	/* of http_req */
	bool gzip;		/* of http_req, of every call but for tokens */
	void *arg;
};
struct apicall {
	struct connector_env env;
	struct api_rules rules;
	struct oauth_token token;
	const char *base;	/* origin of all paths; in own */
	struct arena *own;	/* for the driver's life */
	struct err stopped;	/* kind ERR_NONE: not */
};
struct api_req {
	const char *method;
	const char *target;	/* "/path?query" below base; or absolute: of the
				 * same origin, byte for byte */
	const char *label;	/* what messages call it: "GET query" */
	const char *const (*headers)[2];  /* more; NULL-ended; or NULL */
	const void *body;	/* NULL = none */
	size_t body_len;
	const char *type;	/* of the body; NULL = application/json */
	bool repeatable;	/* a GET always is */
	long apart_ms;		/* of http_req */
	bool text;		/* the answer is no JSON: doc stays NULL */
	size_t answer_max;	/* bytes, of JSON too; 0 = HTTP_ANSWER_MAX */
};
/* AUTO(api_res) struct api_res res = { 0 }; */
struct api_res {
	struct http_res http;	/* texts in the arena of the call */
	struct json_doc *doc;	/* NULL: the body was empty, or is a text */
	struct api_verdict verdict;
	bool too_large;		/* more than answer_max, or than json.h takes: a
				 * smaller page of the same may be read */
};
void api_res_cleanup(struct api_res *res);
/* NULL of no document. */
json_t *api_root(const struct api_res *res);

/* Into a zeroed struct, to be closed also after a failure; no I/O.  env is
 * copied; rules too, what they point to is borrowed. */
NPS_MUSTCHECK bool apicall_open(struct apicall *a,
    const struct connector_env *env, const struct api_rules *rules,
    struct err *err);
void apicall_close(struct apicall *a);
/* The origin (and path, if any) that paths stand below: https, or http where
 * the engine allows it.  A token's answer may call this: the first one is kept
 * for the run, a further one is ignored.  ERR_PROTOCOL: no such address. */
NPS_MUSTCHECK bool apicall_set_base(struct apicall *a, const char *url,
    struct err *err);
/* The same for a service that moves: the address given last counts. */
NPS_MUSTCHECK bool apicall_move_base(struct apicall *a, const char *url,
    struct err *err);
/* From now on each call fails with this, without a request.  Returns false. */
bool apicall_stop(struct apicall *a, const struct err *why);

/* Blocking.  True: an answer that the judge calls good.  False: kind by the
 * verdict, code = status; http.status says whether there was an answer (0 =
 * none).  A good answer that is no JSON is ERR_PROTOCOL.  *res may hold an
 * earlier answer: it is freed. */
NPS_MUSTCHECK bool apicall_do(struct apicall *a, struct arena *arena,
    const struct api_req *from, struct api_res *res, struct err *err);

/* ---- requests that the core sends (tags_request) --------------------------- */
/* Fills req in arena, signed.  Without token it asks for one: blocks. */
NPS_MUSTCHECK bool apicall_sign(struct apicall *a, struct arena *arena,
    const struct api_req *from, struct http_req *req, struct err *err);
/* Judges a complete answer to one; keeps a stop. */
void apicall_judge(struct apicall *a, const struct http_res *res, json_t *root,
    struct api_verdict *v);
/* The error that a verdict is.  Returns false. */
bool apicall_fail(const struct api_verdict *v, const struct http_res *res,
    const char *label, struct err *err);
/* The connector's renew(). */
NPS_MUSTCHECK bool apicall_renew(struct apicall *a, struct err *err);

/* ---- parts ------------------------------------------------------------------- */
/* By the status alone: 2xx good, 401 session, 402 and 403 ERR_AUTH, 404 and 410
 * ERR_GONE, 3xx ERR_CONFIG, 400, 409, 412 and 422 ERR_REJECTED, 429
 * ERR_THROTTLED, 408, 425 and 5xx ERR_RETRY, else ERR_PROTOCOL. */
void apicall_judge_status(const struct http_res *res, struct api_verdict *v);
/* A server's code (cut at what is no letter, digit, '_', '-' or '.') and words
 * (masked; our token never) into v; both may be NULL. */
void apicall_words(const struct apicall *a, const char *code, const char *text,
    struct api_verdict *v);
/* One request, without a word about tokens; messages name it by label. */
NPS_MUSTCHECK bool apicall_send(struct http *http, const struct http_req *req,
    const char *label, struct arena *arena, struct http_res *res,
    struct err *err);
/* *doc NULL: empty, or no JSON where the status says enough.  False: a 2xx that
 * is no JSON; the code is that of json_parse.  Of bytes the request's own
 * answer_max is the bound, and the engine keeps it. */
NPS_MUSTCHECK bool apicall_parse(const struct http_res *res, const char *label,
    struct json_doc **doc, struct err *err);

#endif
