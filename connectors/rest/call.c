/*
 * call.c - one request sent and judged.
 *
 * How it could lose, double, leak or hang:
 *  - a write sent twice: only after an answer that says 401 (or what the
 *    profile calls a lost session), so it was not taken; the engine repeats
 *    nothing that is not said to be repeatable;
 *  - a session renewed for ever: once in a call, and only if it had been good
 *    (oauth.h);
 *  - an error inside of a 200 taken for rows: the profile's errors come first,
 *    and a body that is no JSON is no answer;
 *  - an answer that a proxy emptied taken for "none": of a read only a 204 says
 *    so; one without rows that tells of a failure is no page, no list and no
 *    card, unless a line of the profile says what it means;
 *  - a person's address or our key in a message: requests are named by their
 *    template, the server's words are masked, shown only where they speak of
 *    us, and of a body without a place for words nothing is;
 *  - an answer without end: the engine's ceiling.
 */
#include "call.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "call_int.h"
#include "common/apicall.h"
#include "json.h"
#include "url.h"

#define MULTI_STATUS 207
#define OWN_MAX_BYTES ((size_t)4194304)
#define PAGE_MAX_BYTES ((size_t)67108864)
#define ITEM_MAX_BYTES ((size_t)4194304)

/* ---- open and close ---------------------------------------------------------- */
bool
rest_open(struct rest *r, const struct connector_env *env,
    const struct rest_place *place, const struct rest_base *base,
    const struct opt_profile *profile, struct err *err)
{
	r->lent = *env;
	r->env = &r->lent;
	r->place = place;
	r->base = base;
	r->profile = profile->file;
	r->places = profile->places;
	r->zone = base->timezone[0] != '\0' ? base->timezone : env->timezone;
	r->own = arena_new(OWN_MAX_BYTES);
	r->page = arena_new(PAGE_MAX_BYTES);
	r->item = arena_new(ITEM_MAX_BYTES);
	if (r->own == NULL || r->page == NULL || r->item == NULL)
		return err_nomem(err);
	return rest_auth_open(r, err) && rest_check_base(r, err);
}

void
rest_close(struct rest *r)
{
	rest_auth_close(r);
	arena_free(r->item);
	arena_free(r->page);
	arena_free(r->own);
	*r = (struct rest){ 0 };
}

/* ---- what an answer means ------------------------------------------------------ */
static bool
has_status(const struct intlist *list, long status)
{
	for (size_t i = 0; i < list->n; i++)
		if (list->v[i] == status)
			return true;
	return list->n == 0;
}

bool
rest_is_there(const json_t *node)
{
	return node != NULL && !json_is_null(node) && !json_is_false(node) &&
	    !(json_is_string(node) && json_string_length(node) == 0) &&
	    !((json_is_array(node) || json_is_object(node)) &&
	    json_array_size(node) + json_object_size(node) == 0);
}

static bool
fits(const struct rest_error *e, const char *subject)
{
	bool any = e->equals.n + e->contains.n == 0;

	for (size_t i = 0; i < e->equals.n; i++)
		any |= strcasecmp(subject, e->equals.v[i]) == 0;
	for (size_t i = 0; i < e->contains.n; i++)
		any |= strcasestr(subject, e->contains.v[i]) != NULL;
	return any;
}

static bool
error_fits(struct rest *r, const struct rest_error *e,
    const struct http_res *res, json_t *root)
{
	json_t *node = root == NULL ? NULL : json_at(root, e->at);
	const char *subject = res->body;

	if (!has_status(&e->status, res->status))
		return false;
	if (e->at[0] != '\0') {
		if (!rest_is_there(node))
			return false;
		subject = json_is_object(node) || json_is_array(node) ?
		    json_dump(r->page, node) : json_text(r->page, node);
	}
	return subject != NULL && fits(e, subject);
}

static enum rest_meaning
meaning_of_status(long status)
{
	if (status >= 200 && status <= 299)
		return REST_OK;
	switch (status) {
	case 401:
		return REST_SESSION;
	case 404:
	case 410:
		return REST_GONE;
	case 409:
	case 412:
		return REST_CONFLICT;
	case 429:
		return REST_THROTTLED;
	case 400:
	case 422:
		return REST_REJECTED;
	default:
		return REST_FAILURE;
	}
}

/* The server's words: where the profile says, else where they usually are. */
static void
words(struct rest *r, json_t *root, const char *at, char *out, size_t size)
{
	static const char *const usual[] = { "/error_description",
		"/error/message", "/message", "/error", "/detail", "/title",
		"/errors/0/message", "/errors/0/detail", "/0/message" };
	json_t *node = root == NULL || at[0] == '\0' ? NULL :
	    json_at(root, at);

	for (size_t i = 0; at[0] == '\0' && root != NULL && node == NULL &&
	    i < ARRAY_LEN(usual); i++) {
		node = json_at(root, usual[i]);
		if (!json_is_string(node))
			node = NULL;
	}
	const char *text = node == NULL ? NULL : json_text(r->page, node);
	out[0] = '\0';
	if (text != NULL)
		rest_auth_mask(r, out, size, text);
}

enum rest_meaning
rest_judge(struct rest *r, const struct http_res *res, json_t *root,
    char *text, size_t size)
{
	const struct rest_error *e = r->base->errors.v;
	enum rest_meaning means = meaning_of_status(res->status);
	const char *at = "";

	r->ruled = false;
	for (size_t i = 0; i < r->base->errors.n; i++)
		if (error_fits(r, &e[i], res, root)) {
			r->ruled = true;
			means = (enum rest_meaning)e[i].means;
			at = e[i].text;
			break;
		}
	r->words[0] = '\0';
	if (means == REST_OK)
		rest_auth_proven(r);
	else
		words(r, root, at, r->words, sizeof(r->words));
	(void)snprintf(text, size, "%s", r->words);
	return means;
}

bool
rest_tells_failure(const struct http_res *res, const json_t *root)
{
	static const char *const good[] = { "success", "ok" };
	static const char *const bad[] = { "error", "errors" };

	for (size_t i = 0; i < ARRAY_LEN(good); i++)
		if (json_is_false(json_object_get(root, good[i])))
			return true;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		const json_t *said = json_object_get(root, bad[i]);
		if (json_string_length(said) + json_array_size(said) +
		    json_object_size(said) > 0 || json_is_true(said))
			return true;
	}
	return res->status == MULTI_STATUS;
}

bool
rest_is_success(const struct rest *r, const struct http_res *res,
    const json_t *root, struct err *err)
{
	return r->ruled || !rest_tells_failure(res, root) ||
	    err_set(err, ERR_PROTOCOL, "HTTP %ld, and the answer tells of a "
	    "failure: say in errors what it means", res->status);
}

/* ---- errors -------------------------------------------------------------------- */
static enum err_kind
kind_of_failure(long status)
{
	if (status == 408 || status == 425 || status >= 500)
		return ERR_RETRY;
	if (status == 402 || status == 403)
		return ERR_AUTH;
	return status >= 300 && status <= 399 ? ERR_CONFIG : ERR_PROTOCOL;
}

static enum err_kind
kind_of(enum rest_meaning means, long status)
{
	switch (means) {
	case REST_GONE:
		return ERR_GONE;
	case REST_THROTTLED:
		return ERR_THROTTLED;
	case REST_SESSION:
		return ERR_AUTH;
	case REST_REJECTED:
	case REST_CONFLICT:
		return ERR_REJECTED;
	case REST_OK:
	case REST_FAILURE:
		break;
	}
	return kind_of_failure(status);
}

static const char *
word_of(enum rest_meaning means, long status)
{
	switch (means) {
	case REST_GONE:
		return ", not there";
	case REST_THROTTLED:
		return ", too many requests";
	case REST_SESSION:
		return ", the credentials were refused";
	case REST_REJECTED:
		return ", refused";
	case REST_CONFLICT:
		return ", changed meanwhile";
	case REST_OK:
	case REST_FAILURE:
		break;
	}
	return status >= 300 && status <= 399 ?
	    ", a redirect, which is never followed: correct base_url" : "";
}

/* Of a record that was refused the service may say whose it is. */
static bool
is_of_record(enum rest_meaning means)
{
	return means == REST_GONE || means == REST_REJECTED ||
	    means == REST_CONFLICT;
}

bool
rest_fail(enum rest_meaning means, const struct http_res *res,
    const char *what, const char *text, struct err *err)
{
	const bool shown = text[0] != '\0' && !is_of_record(means);

	(void)err_set(err, kind_of(means, res->status), "%s: HTTP %ld%s%s%s",
	    what, res->status, word_of(means, res->status),
	    shown ? ": " : "", shown ? text : "");
	if (err == NULL)
		return false;
	err->code = means == REST_CONFLICT && res->status != 409 ? 412 :
	    (int)res->status;
	err->retry_after_s = means == REST_THROTTLED && res->retry_after_s > 0 ?
	    res->retry_after_s : 0;
	return false;
}

/* ---- sending ------------------------------------------------------------------- */
bool
rest_send(struct rest *r, const struct http_req *req, const char *label,
    struct http_res *res, struct json_doc **doc, struct err *err)
{
	*doc = NULL;
	return apicall_send(r->env->http, req, label, r->page, res, err) &&
	    apicall_parse(res, label, doc, err);
}

struct calling {
	struct rest_names names;
	const struct rest_request *req;
	const char *url;
};

static bool
send_signed(struct calling *c, const char *label, struct http_res *res,
    struct json_doc **doc, struct err *err)
{
	struct rest *r = c->names.r;
	struct http_req req;

	return rest_auth_ready(r, err) && rest_make(&c->names, c->req, c->url,
	    r->page, &req, err) && rest_sign(r, r->page, &req, err) &&
	    rest_send(r, &req, label, res, doc, err);
}

/* *lost: the session ended; the caller may send the request once more. */
static bool
call_once(struct calling *c, struct http_res *res, struct json_doc **doc,
    bool *lost, struct err *err)
{
	struct rest *r = c->names.r;
	char label[128], text[REST_WORDS];

	*lost = false;
	rest_label(c->req, label, sizeof(label));
	if (!send_signed(c, label, res, doc, err))
		return false;
	const enum rest_meaning means = rest_judge(r, res, rest_root(*doc),
	    text, sizeof(text));
	if (means == REST_OK)
		return true;
	json_free(*doc);
	*doc = NULL;
	*lost = means == REST_SESSION && rest_auth_renews(r);
	return rest_fail(means, res, label, text, err);
}

bool
rest_call_at(struct rest *r, const struct rest_request *req, const char *url,
    hole_fn *fn, void *arg, struct http_res *res, struct json_doc **doc,
    struct err *err)
{
	struct calling c = { .names = { .r = r, .fn = fn, .arg = arg },
		.req = req, .url = url };
	const struct http_res none = { .retry_after_s = -1, .date = NO_TIME,
		.body = "" };
	struct err unwanted, why;
	bool lost;

	err = err == NULL ? &unwanted : err;
	*doc = NULL;
	r->words[0] = '\0';
	*res = none;
	if (url != NULL && !url_is_same_origin(r->place->base_url, url))
		return err_set(err, ERR_PROTOCOL,
		    "expected a page of the same address as base_url");
	if (call_once(&c, res, doc, &lost, err))
		return true;
	if (!lost)
		return false;
	if (!rest_auth_lost(r, &why))
		return err_wrap(err, "%s", why.msg);
	/* A login that fails now leaves the request unsent. */
	*res = none;
	return call_once(&c, res, doc, &lost, err);
}

bool
rest_call(struct rest *r, const struct rest_request *req, hole_fn *fn,
    void *arg, struct http_res *res, struct json_doc **doc, struct err *err)
{
	return rest_call_at(r, req, NULL, fn, arg, res, doc, err);
}

/* No rows are none only if the answer says nothing else. */
static bool
is_readable(const struct rest *r, const struct rest_request *req,
    const struct http_res *res, json_t *root, struct err *err)
{
	if (root != NULL)
		return json_array_size(rest_rows(req, root)) > 0 ||
		    rest_is_success(r, res, root, err);
	return res->status < 200 || res->status > 299 || res->status == 204 ||
	    err_set(err, ERR_PROTOCOL, "HTTP %ld without a body", res->status);
}

bool
rest_read(struct rest *r, const struct rest_request *req, const char *url,
    hole_fn *fn, void *arg, struct http_res *res, struct json_doc **doc,
    struct err *err)
{
	char label[128];

	if (!rest_call_at(r, req, url, fn, arg, res, doc, err))
		return false;
	if (is_readable(r, req, res, rest_root(*doc), err))
		return true;
	json_free(*doc);
	*doc = NULL;
	return err_wrap(err, "%s", rest_label(req, label, sizeof(label)));
}

bool
rest_url(struct rest *r, const struct rest_request *req, hole_fn *fn,
    void *arg, struct arena *arena, const char **url, struct err *err)
{
	struct rest_names names = { .r = r, .fn = fn, .arg = arg };
	char label[128];

	return rest_address(&names, req->path, arena, url, err) ||
	    err_wrap(err, "%s", rest_label(req, label, sizeof(label)));
}

bool
rest_build(struct rest *r, const struct rest_request *from, hole_fn *fn,
    void *arg, struct http_req *req, struct err *err)
{
	struct rest_names names = { .r = r, .fn = fn, .arg = arg };
	struct arena *scratch = r->env->scratch;

	return rest_auth_ready(r, err) &&
	    rest_make(&names, from, NULL, scratch, req, err) &&
	    rest_sign(r, scratch, req, err);
}

bool
rest_renew(struct rest *r, struct err *err)
{
	return rest_auth_lost(r, err) && rest_auth_ready(r, err);
}
