/*
 * call.c - reads.  How one could leak or mislead, and what stops it:
 *  - libcurl would carry X-apikey to wherever a redirect leads: nothing is
 *    followed by itself; a stored answer is fetched by a second request without
 *    any key, over https, one hop, from a host of the configuration;
 *  - an error that comes as 200: "success" must be true, or it is no list.
 */
#include "asknicely.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "common/mask.h"
#include "text.h"
#include "url.h"

#define LOCATION_MAX ((size_t)8192)
#define HTTPS "https://"
#define USUAL_RATE 7.0		/* of rate_per_second, unless said otherwise */
#define USUAL_READ_RATE 12.0

void
asknicely_complain(const struct asknicely *a, const char *source,
    const char *key, const char *reason)
{
	if (a->env->quarantine != NULL)
		a->env->quarantine(a->env->quarantine_arg, source, 0, key,
		    reason);
}

json_t *
asknicely_rows(const struct json_doc *doc)
{
	json_t *rows = json_at(json_root(doc), "data");

	return json_is_array(rows) ? rows : NULL;
}

/* ---- judging ----------------------------------------------------------- */

static bool
fail_success(struct asknicely *a, const struct http_req *req,
    const struct json_doc *doc, struct err *err)
{
	const char *msg = asknicely_text(json_root(doc), "msg", a->page);
	char words[128] = "";

	if (msg != NULL)
		mask_text_but(words, sizeof(words), msg, strlen(msg),
		    a->set->api_key);
	return err_set(err, ERR_PROTOCOL, "%s %s: expected \"success\": true%s%s",
	    req->method, http_url_for_log(a->page, req),
	    *words == '\0' ? "" : ", got: ", words);
}

bool
asknicely_judge(struct asknicely *a, const struct http_req *req,
    const struct http_res *res, struct json_doc **doc, struct err *err)
{
	if (!http_expect_ok(req, res, err))
		return err->kind != ERR_AUTH ? false : err_wrap(err, "the key "
		    "was refused; make one in AskNicely under Settings > API");
	if (!json_parse(res->body, res->body_len, doc, err))
		return err_wrap(err, "%s %s", req->method,
		    http_url_for_log(a->page, req));
	return asknicely_flag(json_at(json_root(*doc), "success")) == TRI_YES
	    || fail_success(a, req, *doc, err);
}

double
asknicely_read_rate(const struct asknicely_settings *set)
{
	if (set->read_rate_per_second > 0)
		return set->read_rate_per_second;
	return set->rate_per_second < USUAL_RATE ? set->rate_per_second
	    : USUAL_READ_RATE;
}

bool
asknicely_send(struct asknicely *a, const char *method, const char *target,
    const char *body, struct http_req *req, struct http_res *res,
    struct err *err)
{
	*req = (struct http_req){ .method = method,
		.url = url_join(a->page, a->set->base_url, target),
		.headers = body == NULL ? a->read_headers : a->json_headers,
		.body = body, .body_len = body == NULL ? 0 : strlen(body),
		.rate_per_second = body == NULL ? asknicely_read_rate(a->set) : 0,
		.repeatable = true };
	*res = (struct http_res){ .status = 0 };
	if (req->url == NULL)
		return err_nomem(err);
	return http_do(a->env->http, req, a->page, res, err);
}

bool
asknicely_read(struct asknicely *a, const char *target, struct http_res *res,
    struct json_doc **doc, struct err *err)
{
	struct http_req req;

	return asknicely_send(a, "GET", target, NULL, &req, res, err) &&
	    asknicely_judge(a, &req, res, doc, err);
}

/* ---- answers that are stored elsewhere ---------------------------------- */

static bool
host_is(const char *allowed, const char *authority, size_t len)
{
	const size_t n = strlen(allowed);
	const size_t host = strcspn(authority, ":");

	if (n == len && strncasecmp(allowed, authority, n) == 0)
		return *allowed != '.';
	if (host < len &&
	    (len - host != 4 || strncmp(authority + host, ":443", 4) != 0))
		return false;
	len = host < len ? host : len;
	if (*allowed == '.')
		return len > n && authority[0] != '.' &&
		    strncasecmp(authority + len - n, allowed, n) == 0;
	return n == len && n > 0 && strncasecmp(allowed, authority, n) == 0;
}

static bool
host_may(const struct strlist *hosts, const char *authority, size_t len)
{
	for (size_t i = 0; i < hosts->n; i++)
		if (host_is(hosts->v[i], authority, len))
			return true;
	return false;
}

/* http only to this machine, as everywhere; its port stands in the list. */
static const char *
authority_of(const char *location)
{
	if (strncasecmp(location, HTTPS, strlen(HTTPS)) == 0)
		return location + strlen(HTTPS);
	if (strncasecmp(location, "http://", strlen("http://")) == 0 &&
	    url_is_loopback(location))
		return location + strlen("http://");
	return NULL;
}

/* Of an address: its host may stand in a message, cut anywhere. */
static bool
is_ascii_line(const char *s)
{
	while (*s > ' ' && *s < 0x7f)
		s++;
	return *s == '\0';
}

bool
asknicely_may_follow(const struct strlist *hosts, const char *location,
    struct err *err)
{
	const char *authority;
	size_t len;

	if (location == NULL || strlen(location) > LOCATION_MAX ||
	    !is_ascii_line(location) || strpbrk(location, "\\\"<>") != NULL)
		return err_set(err, ERR_PROTOCOL, "redirected, and not to an "
		    "address");
	authority = authority_of(location);
	if (authority == NULL)
		return err_set(err, ERR_PROTOCOL, "redirected to what is no https "
		    "address: not followed");
	len = strcspn(authority, "/?#");
	if (memchr(authority, '@', len) != NULL ||
	    !host_may(hosts, authority, len))
		return err_set(err, ERR_PROTOCOL, "redirected to %.*s, which is "
		    "not of responses.redirect_hosts: not followed",
		    len > 80 ? 80 : (int)len, authority);
	return true;
}

static bool
is_redirect(long status)
{
	return status == 301 || status == 302 || status == 303 ||
	    status == 307 || status == 308;
}

/* The one hop.  Without a header that says who we are. */
static bool
get_stored(struct asknicely *a, const char *location, struct http_req *req,
    struct http_res *res, struct err *err)
{
	static const char *const headers[][2] = {
		{ "Accept", "application/json" }, { NULL, NULL } };

	*req = (struct http_req){ .method = "GET",
		.url = arena_strdup(a->page, location), .headers = headers,
		.repeatable = true };
	if (req->url == NULL)
		return err_nomem(err);
	if (!http_do(a->env->http, req, a->page, res, err))
		return err_wrap(err, "the stored answer");
	return (res->status >= 200 && res->status <= 299) || err_set(err,
	    ERR_RETRY, "the stored answer: HTTP %ld, expected the file; the "
	    "next run asks for it anew", res->status);
}

/* Who keeps the file for the service is not to hear our key, nor is a message
 * about the address to show it. */
static bool
may_follow(const struct asknicely *a, const char *location, struct err *err)
{
	const char *const key = a->set->api_key;

	if (location != NULL && mask_holds(location, &key, 1))
		return err_set(err, ERR_PROTOCOL, "redirected to an address with "
		    "our key in it: not followed");
	return asknicely_may_follow(&a->set->responses.redirect_hosts, location,
	    err);
}

bool
asknicely_read_stored(struct asknicely *a, const char *target,
    struct http_res *res, struct json_doc **doc, struct err *err)
{
	struct http_req req;

	if (!asknicely_send(a, "GET", target, NULL, &req, res, err))
		return false;
	if (is_redirect(res->status) &&
	    (!may_follow(a, res->location, err) ||
	        !get_stored(a, res->location, &req, res, err)))
		return false;
	return asknicely_judge(a, &req, res, doc, err);
}
