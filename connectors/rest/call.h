/*
 * call.h - one request of a profile: built, signed, sent, judged.
 */
#ifndef REST_CALL_H
#define REST_CALL_H

#include "arena.h"
#include "buf.h"
#include "common/hole.h"
#include "common/oauth.h"
#include "connector.h"
#include "json.h"

/* ---- settings: what options.c fills ------------------------------------ */
enum rest_method { REST_GET, REST_POST, REST_PUT, REST_PATCH, REST_DELETE };
struct rest_header {
	const char *name, *value;	/* value: a template */
};
/* A request of a profile, `{ method = "POST"; path = "..."; json = "..."; }`.
 * At most one of json, form and text is not "". */
struct rest_request {
	int method;			/* enum rest_method */
	const char *path;		/* template; appended to base_url */
	const char *json, *form, *text;	/* templates of the body */
	struct grouplist headers;	/* struct rest_header */
	struct strlist rows;		/* pointers to the rows of the answer */
	bool repeatable;		/* POST, PUT ...; a GET always is */
	/* Inside: not given (an optional group) = path is NULL. */
};
extern const struct opt rest_request_opts[];
/* Is the optional request there? */
bool rest_request_given(const struct rest_request *req);
/* Are its rows, if any, somewhere in the answer?  The first that leads to an
 * array (rows = [ "" ]: the root itself); NULL = none of them does. */
json_t *rest_rows(const struct rest_request *req, json_t *root);

struct rest_error {			/* a line of `errors` */
	struct intlist status;		/* empty = any */
	const char *at, *text;		/* pointers into the answer; "" = none */
	struct strlist equals, contains;
	int means;			/* enum rest_meaning */
};
struct rest_value {			/* of a login's answer */
	const char *name, *at;
};
enum rest_auth_style { REST_AUTH_NONE, REST_AUTH_HEADER, REST_AUTH_BASIC,
	REST_AUTH_BEARER, REST_AUTH_OAUTH2, REST_AUTH_LOGIN };
struct rest_auth {
	int style;			/* enum rest_auth_style */
	const char *header, *prefix;	/* header, login: its name, before it */
	const char *value;		/* login: template of the header's value */
	bool base64;			/* login: the value, before the prefix */
	struct rest_request login;
	struct grouplist values;	/* struct rest_value */
	struct oauth_settings oauth;
};
/* What both profiles begin with. */
struct rest_base {
	const char *summary, *timezone;	/* "" = the tenant's */
	struct rest_auth auth;
	struct grouplist headers;	/* struct rest_header; of each request */
	struct grouplist errors;	/* struct rest_error */
};
extern const struct opt rest_base_opts[];	/* for struct rest_base */
struct rest_variable {
	const char *name, *value;
};
/* What the installation has of its own. */
struct rest_place {
	const char *base_url, *user, *secret, *token_url;
	struct grouplist variables;	/* struct rest_variable */
};

/* ---- at work ------------------------------------------------------------ */
struct rest_session;			/* auth.c */
struct rest {
	const struct rest_place *place;
	const struct rest_base *base;
	const char *profile;		/* as messages name it */
	const struct opt_place *places;	/* of its keys; or NULL */
	const char *zone;		/* the profile's, else the tenant's */
	const struct connector_env *env;	/* &lent */
	struct connector_env lent;
	struct arena *own;		/* for the connector's life */
	struct arena *page;		/* one answer: the caller resets it */
	struct arena *item;		/* one record of it: likewise */
	struct rest_session *session;
	/* What the service said of the last answer that was no success, masked:
	 * for a reason beside a row, never for a log: it may name a person. */
	char words[128];
	bool ruled;	/* a line of `errors` said what the last answer means */
};

/* Into a zeroed struct, to be closed also after a failure; no I/O.  profile =
 * where it came from.  Checks the auth part; requests: rest_check. */
NPS_MUSTCHECK bool rest_open(struct rest *r, const struct connector_env *env,
    const struct rest_place *place, const struct rest_base *base,
    const struct opt_profile *profile, struct err *err);
void rest_close(struct rest *r);
/* "FILE:LINE" of that key of the profile, else of what it would stand in. */
const char *rest_at(const struct rest *r, const char *key);
/* At open: the names a request uses are known (NULL-ended; hole.h), var.NAME
 * is a variable of this place, a GET has no body, there is at most one body.
 * where = "events.opportunities": "profile FILE: WHERE.path: ...". */
NPS_MUSTCHECK bool rest_check(const struct rest *r,
    const struct rest_request *req, const char *const *known,
    const char *where, struct err *err);

/* Blocking: logs in when there is no session yet, sends, judges.  A session
 * that ran out is renewed once and the request sent again: it was answered, and
 * the answer said that it was not taken.
 * True: a 2xx that no rule calls an error; *doc is the body, NULL when empty
 * (204).  res and its texts live in r->page, the caller frees *doc.
 * False: kind by what the answer means (below): SESSION ERR_AUTH, REJECTED
 * ERR_REJECTED, GONE ERR_GONE, CONFLICT ERR_REJECTED (code 409 or 412),
 * THROTTLED ERR_THROTTLED, FAILURE by the status: 408, 5xx ERR_RETRY, 403
 * ERR_AUTH, 3xx ERR_CONFIG, else ERR_PROTOCOL; err->code = status.  res->status
 * says whether there was an answer; a 2xx that is no JSON is ERR_PROTOCOL. */
NPS_MUSTCHECK bool rest_call(struct rest *r, const struct rest_request *req,
    hole_fn *fn, void *arg, struct http_res *res, struct json_doc **doc,
    struct err *err);
/* A page by the address that paging gave, with the request's other parts. */
NPS_MUSTCHECK bool rest_call_at(struct rest *r, const struct rest_request *req,
    const char *url, hole_fn *fn, void *arg, struct http_res *res,
    struct json_doc **doc, struct err *err);
/* A request for rows or a record, url as above or NULL.  *doc NULL = none, by a
 * 204 or by a rule of the profile; any other empty answer is ERR_PROTOCOL, as is
 * one without rows that tells of a failure and that no rule explains. */
NPS_MUSTCHECK bool rest_read(struct rest *r, const struct rest_request *req,
    const char *url, hole_fn *fn, void *arg, struct http_res *res,
    struct json_doc **doc, struct err *err);
/* The address of a request in arena. */
NPS_MUSTCHECK bool rest_url(struct rest *r, const struct rest_request *req,
    hole_fn *fn, void *arg, struct arena *arena, const char **url,
    struct err *err);
/* For functions that the core drives (tags_request, push_request): fills req in
 * scratch, with the headers of the session.  Without session it logs in: the
 * one call here that blocks. */
NPS_MUSTCHECK bool rest_build(struct rest *r, const struct rest_request *from,
    hole_fn *fn, void *arg, struct http_req *req, struct err *err);
/* The connector's renew(): a new session after a 401.  ERR_AUTH: none is to be
 * had, or the last one was never good for anything. */
NPS_MUSTCHECK bool rest_renew(struct rest *r, struct err *err);

/* What a complete answer means by the profile's errors, else by its status:
 * 2xx OK, 401 SESSION, 404 and 410 GONE, 409 and 412 CONFLICT, 429 THROTTLED,
 * 400 and 422 REJECTED, else FAILURE.  root may be NULL.  text: the server's
 * words, masked, or "". */
enum rest_meaning { REST_OK, REST_FAILURE, REST_GONE, REST_THROTTLED,
	REST_SESSION, REST_REJECTED, REST_CONFLICT };
enum rest_meaning rest_judge(struct rest *r, const struct http_res *res,
    json_t *root, char *text, size_t size);
/* The server's words, masked; none that hold the key, the token, or a value of
 * the session. */
void rest_auth_mask(const struct rest *r, char *out, size_t size,
    const char *text);
/* As `at` of a line means it: not null, false or empty. */
bool rest_is_there(const json_t *node);
/* Does a 2xx that no line explains say that nothing, or not all, was done? */
bool rest_tells_failure(const struct http_res *res, const json_t *root);
/* False, with ERR_PROTOCOL, if that is what the answer just judged does. */
NPS_MUSTCHECK bool rest_is_success(const struct rest *r,
    const struct http_res *res, const json_t *root, struct err *err);
/* The error that a meaning is, for what = "POST /x".  text is shown where the
 * answer speaks of us (FAILURE, THROTTLED, SESSION), not of a record. */
bool rest_fail(enum rest_meaning means, const struct http_res *res,
    const char *what, const char *text, struct err *err);

#endif
