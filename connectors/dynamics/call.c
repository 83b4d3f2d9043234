/*
 * call.c - a request of the Web API sent and judged.
 *
 * How it could lose, double, leak or hang:
 *  - a server that answers 429 for ever: each answer's Retry-After is kept to
 *    the second (the engine's), all waits together end after max_wait_s, and
 *    then nothing is asked in this run any more;
 *  - our token sent elsewhere: a page's address must be of base_url's origin
 *    (common/apicall.c, common/paging.c), and it goes out byte for byte;
 *  - pages of different sizes, whose cursor fits none of them: every page of a
 *    reading has the same Prefer;
 *  - a token refused for ever: one new one, one replay, then it is the
 *    configuration;
 *  - an error without JSON: the status is enough.
 */
#include <stdio.h>
#include <string.h>

#include "clock.h"
#include "dynamics.h"

#define WAIT_LEAST_MS 500	/* less was no wait: the engine refused to */

const char *const dynamics_headers[][2] = {
	{ "OData-MaxVersion", "4.0" },
	{ "OData-Version", "4.0" },
	{ NULL, NULL }
};

const char *const dynamics_wanted[] = { "OData-EntityId", NULL };

/* ---- what an answer means ---------------------------------------------- */

/* The name in "Could not find a property named 'npt_x' on type ...". */
static bool
lacks_column(const char *message, char *name, size_t size)
{
	static const char begin[] = "property named '";
	static const char chars[] = "abcdefghijklmnopqrstuvwxyz"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";
	const char *at = message == NULL ? NULL : strstr(message, begin);

	if (at == NULL)
		return false;
	at += sizeof(begin) - 1;
	const size_t len = strspn(at, chars);
	if (len == 0 || at[len] != '\'' || len >= size)
		return false;
	(void)snprintf(name, size, "%.*s", (int)len, at);
	return true;
}

/* Of what was refused the code is enough, but a column that is not there is
 * nobody's secret. */
static void
judge_refusal(const char *message, struct api_verdict *v)
{
	char name[64];

	if (!lacks_column(message, name, sizeof(name)))
		return;
	v->kind = ERR_CONFIG;
	v->personal = false;
	(void)snprintf(v->text, sizeof(v->text), "no column %s: create it, or "
	    "correct the option", name);
}

void
dynamics_judge(void *arg, const struct http_res *res, json_t *root,
    struct api_verdict *v)
{
	const struct dynamics *d = arg;
	const char *code = root == NULL ? NULL :
	    json_string_value(json_at(root, "/error/code"));
	const char *message = root == NULL ? NULL :
	    json_string_value(json_at(root, "/error/message"));

	if (v->kind == ERR_NONE)
		return;
	apicall_words(&d->api, code, message, v);
	if (res->status == 400)
		judge_refusal(message, v);
}

/* What a person can do about it. */
static bool
explain(const struct dynamics *d, long status, struct err *err)
{
	if (status == 401) {
		(void)err_set(err, ERR_AUTH, "the environment refuses the "
		    "token, a new one too: is the application an application "
		    "user of this environment, and is \"%.120s\" the right "
		    "scope?", d->scope);
		err->code = 401;
		return false;
	}
	if (status == 403)
		return err_wrap(err, "the security role of the application "
		    "user lacks a privilege");
	return false;
}

/* ---- waiting ----------------------------------------------------------- */

/* Whoever is told how long waits so in the next call, if not in this one.
 * expected: this one should have waited. */
static bool
wait_is_over(struct dynamics *d, int64_t began_ms, bool expected,
    struct err *err)
{
	const int64_t ms = clock_boottime_ms() - began_ms;
	const int64_t next_ms = 1000 * (int64_t)err->retry_after_s;
	const bool waits = ms >= WAIT_LEAST_MS || (next_ms > 0 && !expected);

	d->waited_ms += ms;
	if (waits &&
	    d->waited_ms + next_ms <= 1000 * (int64_t)d->set->max_wait_s)
		return false;
	/* The breaker holds the call, or the wait is longer than the engine's. */
	if (!waits)
		(void)err_wrap(err, "not waited for, the rest is for the next run");
	else
		(void)err_wrap(err, "waited %lld s in all, max_wait_s = %lld is the "
		    "most, the rest is for the next run",
		    (long long)(d->waited_ms / 1000),
		    (long long)d->set->max_wait_s);
	(void)apicall_stop(&d->api, err);
	return true;
}

/* Where a request may go out again, the engine waits as the answer says; how
 * often, is ours to say. */
static bool
send_patiently(struct dynamics *d, struct arena *arena,
    const struct api_req *req, struct api_res *res, struct err *err)
{
	for (bool expected = false;; expected = true) {
		const int64_t began_ms = clock_boottime_ms();
		const bool ok = apicall_do(&d->api, arena, req, res, err);
		if (!ok && err->kind == ERR_THROTTLED &&
		    d->api.stopped.kind == ERR_NONE && (req->repeatable ||
		        strcmp(req->method, "GET") == 0)) {
			if (wait_is_over(d, began_ms, expected, err))
				return false;
			continue;
		}
		if (ok && res->http.tries > 1)
			d->waited_ms += clock_boottime_ms() - began_ms;
		return ok;
	}
}

/* ---- requests ---------------------------------------------------------- */

/* A filter may hold an address too. */
static bool
is_absolute(const char *target)
{
	const char *end = target + strcspn(target, ":/?(");

	return strncmp(end, "://", 3) == 0;
}

const char *
dynamics_target(const struct dynamics *d, struct arena *arena,
    const char *target)
{
	return is_absolute(target) ? target :
	    arena_printf(arena, "%s%s", d->path, target);
}

bool
dynamics_do(struct dynamics *d, struct arena *arena, const struct api_req *from,
    struct api_res *res, struct err *err)
{
	struct api_req req = *from;
	struct err unwanted;

	err = err == NULL ? &unwanted : err;
	req.target = dynamics_target(d, arena, from->target);
	if (req.target == NULL)
		return err_nomem(err);
	return send_patiently(d, arena, &req, res, err) ||
	    explain(d, res->http.status, err);
}

/* An absolute target is a place of an earlier answer, which may be gone. */
static bool
no_such_set(const char *target, const char *label, struct err *err)
{
	return !is_absolute(target) && err->kind == ERR_GONE ?
	    err_set(err, ERR_CONFIG, "%s: HTTP 404: there is no such table, or "
	        "the path of base_url is not the Web API's", label) : false;
}

bool
dynamics_get(struct dynamics *d, struct arena *arena, const char *target,
    const char *prefer, const char *label, struct api_res *res,
    struct err *err)
{
	const char *const headers[][2] = {
		{ "If-None-Match", "null" },
		{ "Prefer", prefer != NULL ? prefer : d->prefer },
		{ NULL, NULL } };
	const struct api_req req = { .method = "GET", .target = target,
		.label = label, .headers = headers };

	if (!dynamics_do(d, arena, &req, res, err))
		return no_such_set(target, label, err);
	return json_is_object(api_root(res)) || err_set(err, ERR_PROTOCOL,
	    "%s: HTTP %ld: expected a JSON object", label, res->http.status);
}

bool
dynamics_rows(const struct api_res *res, const char *label, json_t **rows,
    struct err *err)
{
	*rows = json_object_get(api_root(res), "value");
	return json_is_array(*rows) || err_set(err, ERR_PROTOCOL,
	    "%s: HTTP %ld: expected an array \"value\"", label,
	    res->http.status);
}
