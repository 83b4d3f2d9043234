/*
 * apicall.c - how it could lose, double, leak or hang, and what stops it:
 *  - a write sent twice: only after a 401, so it was not taken; the engine
 *    repeats nothing that is not said to be repeatable;
 *  - a token asked for until the client is locked: one refusal ends the run
 *    (oauth.h); after a 401 one new token, and a second 401 ends the run too,
 *    whatever its text says;
 *  - a quota driven over its end: a verdict with stop is kept, and whoever
 *    calls after it gets it back without a request;
 *  - a service that moves (421): its address is asked for once, and the
 *    request, which was not taken, sent there once;
 *  - our key sent to another host: paths stand below base, an absolute address
 *    must have its origin; base itself comes from the configuration or from
 *    the answer that gave the token, and the engine refuses plain http;
 *  - a key or a person in a message: requests are named by their label, the
 *    server's words are masked, and of a record only the code is told;
 *  - an answer without end: the engine's ceiling.
 */
#include "apicall.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "mask.h"
#include "url.h"

#define OWN_MAX_BYTES ((size_t)65536)
#define HEADERS_MAX 16

/* ---- open and close ---------------------------------------------------------- */
bool
apicall_open(struct apicall *a, const struct connector_env *env,
    const struct api_rules *rules, struct err *err)
{
	a->env = *env;
	a->rules = *rules;
	oauth_init(&a->token);
	a->own = arena_new(OWN_MAX_BYTES);
	return a->own != NULL ? true : err_nomem(err);
}

void
apicall_close(struct apicall *a)
{
	oauth_free(&a->token);
	arena_free(a->own);
	*a = (struct apicall){ 0 };
}

void
api_res_cleanup(struct api_res *res)
{
	json_free(res->doc);
	*res = (struct api_res){ .http = { .retry_after_s = -1,
		.date = NO_TIME, .body = "" } };
}

json_t *
api_root(const struct api_res *res)
{
	return res->doc == NULL ? NULL : json_root(res->doc);
}

bool
apicall_set_base(struct apicall *a, const char *url, struct err *err)
{
	return a->base != NULL || apicall_move_base(a, url, err);
}

bool
apicall_move_base(struct apicall *a, const char *url, struct err *err)
{
	struct err why;

	/* Whether plain http may be used at all, the engine knows. */
	if (url == NULL || !url_check_base(url, true, &why))
		return err_set(err, ERR_PROTOCOL,
		    "expected the address of the service, with https");
	size_t len = strlen(url);
	len -= url[len - 1] == '/';
	/* Asked for again and again in a long run, it takes no memory. */
	if (a->base != NULL && strlen(a->base) == len &&
	    memcmp(a->base, url, len) == 0)
		return true;
	const char *base = arena_strndup(a->own, url, len);
	a->base = base != NULL ? base : a->base;
	return base != NULL || err_nomem(err);
}

bool
apicall_stop(struct apicall *a, const struct err *why)
{
	if (a->stopped.kind == ERR_NONE)
		a->stopped = *why;
	return false;
}

/* ---- what an answer means ------------------------------------------------------ */
static enum err_kind
kind_of(long status)
{
	switch (status) {
	case 401:
	case 402:
	case 403:
		return ERR_AUTH;
	case 404:
	case 410:
		return ERR_GONE;
	case 400:
	case 409:
	case 412:
	case 422:
		return ERR_REJECTED;
	case 429:
		return ERR_THROTTLED;
	case 408:
	case 425:
		return ERR_RETRY;
	default:
		break;
	}
	return status >= 500 ? ERR_RETRY :
	    status >= 300 && status <= 399 ? ERR_CONFIG :
	    status >= 200 && status <= 299 ? ERR_NONE : ERR_PROTOCOL;
}

void
apicall_judge_status(const struct http_res *res, struct api_verdict *v)
{
	*v = (struct api_verdict){ .kind = kind_of(res->status),
		.session = res->status == 401 };
	v->personal = v->kind == ERR_REJECTED || v->kind == ERR_GONE;
}

void
apicall_words(const struct apicall *a, const char *code, const char *text,
    struct api_verdict *v)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.";
	const char *secrets[] = { buf_text(&a->token.text) };

	if (code != NULL && !mask_holds(code, secrets, ARRAY_LEN(secrets)))
		(void)snprintf(v->code, sizeof(v->code), "%.*s",
		    (int)strspn(code, letters), code);
	if (text != NULL)
		mask_answer(v->text, sizeof(v->text), text, strlen(text),
		    secrets, ARRAY_LEN(secrets));
}

void
apicall_judge(struct apicall *a, const struct http_res *res, json_t *root,
    struct api_verdict *v)
{
	struct err why;

	apicall_judge_status(res, v);
	a->rules.judge(a->rules.arg, res, root, v);
	if (v->kind == ERR_NONE)
		a->token.proven = true;
	if (!v->stop)
		return;
	(void)apicall_fail(v, res, "stopped for this run", &why);
	(void)apicall_stop(a, &why);
}

bool
apicall_fail(const struct api_verdict *v, const struct http_res *res,
    const char *label, struct err *err)
{
	const bool shown = v->text[0] != '\0' && !v->personal;

	(void)err_set(err, v->kind, "%s: HTTP %ld%s%s%s%s", label, res->status,
	    v->code[0] != '\0' ? " " : "", v->code, shown ? ": " : "",
	    shown ? v->text : "");
	if (err == NULL)
		return false;
	err->code = (int)res->status;
	err->retry_after_s = v->kind == ERR_THROTTLED &&
	    res->retry_after_s > 0 ? res->retry_after_s : 0;
	return false;
}

/* ---- one request ----------------------------------------------------------------- */
/* The engine names the address, which may hold an id or worse. */
static bool
rename_request(const char *label, struct err *err)
{
	const struct err was = *err;
	const char *why = strstr(was.msg, ": ");

	(void)err_set(err, was.kind, "%s: %s", label,
	    why == NULL ? was.msg : why + 2);
	err->code = was.code;
	err->retry_after_s = was.retry_after_s;
	return false;
}

bool
apicall_send(struct http *http, const struct http_req *req, const char *label,
    struct arena *arena, struct http_res *res, struct err *err)
{
	return http_do(http, req, arena, res, err) ||
	    rename_request(label, err);
}

bool
apicall_parse(const struct http_res *res, const char *label,
    struct json_doc **doc, struct err *err)
{
	struct err odd;

	*doc = NULL;
	if (res->body_len == 0 ||
	    json_parse_max(res->body, res->body_len, res->body_len, doc,
	        &odd))
		return true;
	*doc = NULL;
	if (odd.kind == ERR_NOMEM)
		return err_nomem(err);
	/* Of an error the status is enough; rows must be read. */
	if (res->status < 200 || res->status > 299)
		return true;
	(void)err_set(err, ERR_PROTOCOL, "%s: HTTP %ld: expected JSON: %s",
	    label, res->status, odd.msg);
	if (err != NULL)
		err->code = odd.code;
	return false;
}

/* ---- tokens ------------------------------------------------------------------------ */
/* A 4xx is somebody's to correct, and not asked again; but for those that say
 * "later". */
static bool
token_failed(struct apicall *a, struct err *err)
{
	const bool later = err->code == 408 || err->code == 425 ||
	    err->code == 429;

	if (err->code >= 400 && err->code <= 499 && !later) {
		err->kind = ERR_AUTH;
		err->retry_after_s = 0;
		(void)oauth_refuse(&a->token);
	}
	if (err->kind == ERR_AUTH || err->kind == ERR_CONFIG ||
	    err->kind == ERR_PROTOCOL)
		return apicall_stop(a, err);
	return false;
}

static bool
token_ready(struct apicall *a, struct err *err)
{
	AUTO(arena) struct arena *arena = NULL;
	struct oauth_ask ask = { 0 };

	if (oauth_is_good(&a->token, a->env.now(a->env.clock)))
		return true;
	if (a->rules.login != NULL)
		return a->rules.login(a->rules.arg, &a->token, err) ||
		    token_failed(a, err);
	arena = arena_new(OAUTH_ANSWER_MAX);
	if (arena == NULL)
		return err_nomem(err);
	if (!a->rules.ask(a->rules.arg, arena, &ask, err))
		return err->kind == ERR_NOMEM ? false : apicall_stop(a, err);
	return oauth_get(&a->token, &ask, &a->env, err) ||
	    token_failed(a, err);
}

/* Whatever the words of a 401 are: one new token.  That it is refused as well
 * ends the run, so a token that was never good is no reason to give up here. */
static bool
token_lost(struct apicall *a, struct err *err)
{
	a->token.proven = true;
	return oauth_renewable(&a->token, err) || apicall_stop(a, err);
}

/* ---- signing ------------------------------------------------------------------------- */
struct headers {
	const char *(*v)[2];
	size_t n;
	bool failed;
};

static void
header_set(struct headers *h, const char *name, const char *value)
{
	size_t i = 0;

	while (i < h->n && strcasecmp(h->v[i][0], name) != 0)
		i++;
	if (value == NULL || i >= HEADERS_MAX) {
		h->failed = true;
		return;
	}
	h->v[i][0] = name;
	h->v[i][1] = value;
	h->n += i == h->n;
}

static void
headers_set(struct headers *h, const char *const (*list)[2])
{
	for (size_t i = 0; list != NULL && list[i][0] != NULL; i++)
		header_set(h, list[i][0], list[i][1]);
}

static bool
headers_make(const struct apicall *a, struct arena *arena,
    const struct api_req *from, struct http_req *req, struct err *err)
{
	struct headers h = { .v = arena_array(arena, HEADERS_MAX + 1,
	    sizeof(*h.v)) };

	if (h.v == NULL)
		return err_nomem(err);
	header_set(&h, "Accept", from->text ? "*/*" : "application/json");
	if (from->body != NULL)
		header_set(&h, "Content-Type", from->type != NULL ?
		    from->type : "application/json");
	headers_set(&h, a->rules.headers);
	headers_set(&h, from->headers);
	header_set(&h, "Authorization", arena_printf(arena, "%s %s",
	    a->rules.scheme != NULL ? a->rules.scheme : "Bearer",
	    buf_text(&a->token.text)));
	req->headers = (const char *const (*)[2])h.v;
	if (!h.failed)
		return true;
	return arena_failed(arena) ? err_nomem(err) : err_set(err, ERR_BUG,
	    "%s: too many headers", from->label);
}

static bool
address_make(const struct apicall *a, struct arena *arena,
    const struct api_req *from, const char **url, struct err *err)
{
	const bool absolute = from->target[0] != '/';

	if (a->base == NULL)
		return err_set(err, ERR_PROTOCOL, "%s: the answer with the "
		    "token did not say where the service is", from->label);
	if (absolute && !url_is_same_origin(a->base, from->target))
		return err_set(err, ERR_PROTOCOL, "%s: expected an address of "
		    "the same service", from->label);
	*url = absolute ? from->target : arena_printf(arena, "%s%s", a->base,
	    from->target);
	return *url != NULL ? true : err_nomem(err);
}

bool
apicall_sign(struct apicall *a, struct arena *arena,
    const struct api_req *from, struct http_req *req, struct err *err)
{
	struct err unwanted;

	err = err == NULL ? &unwanted : err;
	if (a->stopped.kind != ERR_NONE) {
		*err = a->stopped;
		return false;
	}
	if (a->rules.locate != NULL && !a->rules.locate(a->rules.arg, err))
		return false;
	if (!token_ready(a, err))
		return false;
	*req = (struct http_req){ .method = from->method, .body = from->body,
		.body_len = from->body_len, .answer_max = from->answer_max,
		.repeatable = from->repeatable ||
		    strcmp(from->method, "GET") == 0,
		.gzip = a->rules.gzip,
		.wanted = a->rules.wanted, .again = a->rules.again,
		.n_again = a->rules.n_again, .pause_ms = a->rules.pause_ms,
		.apart_ms = from->apart_ms };
	return address_make(a, arena, from, &req->url, err) &&
	    headers_make(a, arena, from, req, err);
}

/* ---- calls ---------------------------------------------------------------------------- */
static bool
call_once(struct apicall *a, struct arena *arena, const struct api_req *from,
    struct api_res *res, struct err *err)
{
	struct http_req req;

	api_res_cleanup(res);
	if (!apicall_sign(a, arena, from, &req, err))
		return false;
	if (!apicall_send(a->env.http, &req, from->label, arena, &res->http,
	        err)) {
		res->too_large = res->http.too_large;
		return false;
	}
	const bool good = res->http.status >= 200 && res->http.status <= 299;
	if (!(from->text && good) &&
	    !apicall_parse(&res->http, from->label, &res->doc, err)) {
		res->too_large = err->code == EFBIG;
		return false;
	}
	apicall_judge(a, &res->http, api_root(res), &res->verdict);
	if (res->verdict.kind == ERR_NONE)
		return true;
	return apicall_fail(&res->verdict, &res->http, from->label, err);
}

/* Elsewhere it is asked once; sent on from there too, nobody knows where. */
static bool
call_there(struct apicall *a, struct arena *arena, const struct api_req *from,
    struct api_res *res, struct err *err)
{
	if (call_once(a, arena, from, res, err))
		return true;
	if (!res->verdict.moved || a->rules.locate == NULL)
		return false;
	if (call_once(a, arena, from, res, err))
		return true;
	return res->verdict.moved ? apicall_stop(a, err) : false;
}

bool
apicall_do(struct apicall *a, struct arena *arena, const struct api_req *from,
    struct api_res *res, struct err *err)
{
	struct err unwanted, why;

	err = err == NULL ? &unwanted : err;
	if (call_there(a, arena, from, res, err))
		return true;
	if (!res->verdict.session)
		return false;
	if (!token_lost(a, &why))
		return err_wrap(err, "%s", why.msg);
	if (call_there(a, arena, from, res, err))
		return true;
	return res->verdict.session ? apicall_stop(a, err) : false;
}

bool
apicall_renew(struct apicall *a, struct err *err)
{
	struct err unwanted;

	err = err == NULL ? &unwanted : err;
	if (a->stopped.kind != ERR_NONE) {
		*err = a->stopped;
		return false;
	}
	return token_lost(a, err) && token_ready(a, err);
}
