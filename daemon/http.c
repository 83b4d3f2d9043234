/*
 * The engine: settings, and the blocking call with its tries.
 */
#include "http.h"

#include <curl/curl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "clock.h"
#include "environment.h"
#include "http_xfer.h"
#include "url.h"

/* Shorter words are no keys, and may be parts of any path. */
#define SECRET_MIN 8

const struct http_settings http_defaults = {
	.rate_per_second = 0,
	.connect_timeout_s = 10,
	.answer_timeout_s = 120,
	.low_speed_s = 60,
	.max_idle_s = 5,
	.tries = 4,
	.backoff_s = 5,
	.backoff_max_s = 300,
	.breaker = { .in_a_row = 5, .window = 20, .percent = 50,
	    .probe_s = 60, .probe_max_s = 900 },
	.gzip = true,
	.allow_http = false,
	.allow_private = false,
	.ca_file = NULL,
	.user_agent = "npsync/" NPSYNC_VERSION,
};

static void
http_cleanup(struct http **http)
{
	http_close(*http);
}

bool
http_open(const struct http_settings *settings, bool (*cancelled)(void),
    struct http **http, struct err *err)
{
	AUTO(http) struct http *h = NULL;

	*http = NULL;
	environment_clear();
	/* NOSIGNAL leaves SIGPIPE to us. */
	(void)signal(SIGPIPE, SIG_IGN);
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		return err_nomem(err);
	h = calloc(1, sizeof(*h));
	if (h == NULL) {
		curl_global_cleanup();
		return err_nomem(err);
	}
	h->settings = *settings;
	h->cancelled = cancelled;
	breaker_init(&h->breaker, &settings->breaker);
	if (!xfer_init(&h->xfer, err))
		return false;
	*http = steal(&h);
	return true;
}

void
http_close(struct http *http)
{
	if (http == NULL)
		return;
	xfer_free(&http->xfer);
	free(http);
	curl_global_cleanup();
}

static double
random01(void)
{
	uint32_t bits = 0;

	if (getrandom(&bits, sizeof(bits), 0) != (ssize_t)sizeof(bits))
		return 1;	/* no jitter, but a full wait */
	return (double)bits / (double)UINT32_MAX;
}

/* ---- the blocking call --------------------------------------------------- */
/* Stars in place of a word, wherever it stands. */
static void
star(char *text, const char *word, size_t len)
{
	for (char *at = text; (at = memmem(at, strlen(at), word, len)) != NULL;
	     at += len)
		memset(at, '*', len);
}

/* The words of a header's value, as they are and as an address holds them. */
static void
star_words(struct arena *arena, char *text, const char *value)
{
	size_t len;

	for (; *value != '\0'; value += len + (value[len] != '\0')) {
		len = strcspn(value, " ,");
		if (len < SECRET_MIN)
			continue;
		star(text, value, len);
		const char *word = arena_strndup(arena, value, len);
		const char *escaped = word == NULL ? NULL :
		    url_escape(arena, word);
		if (escaped != NULL)
			star(text, escaped, strlen(escaped));
	}
}

char *
http_url_for_log(struct arena *arena, const struct http_req *req)
{
	char *url = url_for_log(arena, req->url);

	for (size_t i = 0; url != NULL && req->headers != NULL &&
	     req->headers[i][0] != NULL; i++)
		star_words(arena, url, req->headers[i][1]);
	return url;
}

/* "GET /v1/contacts": what messages call a request. */
static const char *
name_of(char *out, size_t size, const struct http_req *req)
{
	AUTO(arena) struct arena *arena = arena_new((size_t)1 << 18);
	const char *url = arena == NULL ? NULL : http_url_for_log(arena, req);
	const char *host = url == NULL ? NULL : strstr(url, "://");
	const char *path = host == NULL ? NULL : strchr(host + 3, '/');

	(void)snprintf(out, size, "%s %.160s", req->method,
	    path == NULL ? "/" : path);
	return out;
}

/* One blocking call on its way. */
struct call {
	struct http *http;
	const struct http_req *req;
	struct http_res *res;
	int64_t patience_ms;	/* of all its waits */
	bool is_probe;
};

static bool
cancelled(struct err *err)
{
	return err_set(err, ERR_CANCELLED, "cancelled");
}

/* The caller may come back later. */
static bool
put_off(const struct call *c, int64_t ms, const char *why, struct err *err)
{
	const long wait_s = (long)((ms + 999) / 1000);
	char name[256];

	(void)err_set(err, ERR_THROTTLED, "%s: %s, retry after %ld s",
	    name_of(name, sizeof(name), c->req), why, wait_s);
	if (err != NULL) {
		err->code = (int)c->res->status;
		err->retry_after_s = wait_s;
	}
	return false;
}

/* Waits as long as this call has patience. */
static bool
wait_patiently(struct call *c, int64_t ms)
{
	c->patience_ms -= ms;
	return http_wait_ms(c->http, ms);
}

static bool
wait_for_service(struct call *c, struct err *err)
{
	const int64_t ms = http_hold_ms(c->http);
	char why[32];

	if (ms > c->patience_ms) {
		(void)snprintf(why, sizeof(why), "HTTP %ld", c->res->status);
		return put_off(c, ms, c->res->status == 0
			? "the service asked for time" : why, err);
	}
	return ms == 0 || wait_patiently(c, ms) || cancelled(err);
}

/* Calls with a limit of their own are spread by it, tries included. */
static int64_t
apart_ms(const struct call *c)
{
	const struct http *http = c->http;
	const int64_t next = http->apart_ms + c->req->apart_ms;

	return c->req->apart_ms <= 0 || http->apart_ms == 0 ? 0 :
	    next - http_now_ms(http);
}

static bool
wait_for_rate(struct call *c, struct err *err)
{
	int64_t ms;

	while ((ms = apart_ms(c)) > 0)
		if (!http_wait_ms(c->http, ms))
			return cancelled(err);
	while ((ms = http_rate_take(c->http, c->req->rate_per_second)) > 0)
		if (!http_wait_ms(c->http, ms))
			return cancelled(err);
	return !http_is_cancelled(c->http) || cancelled(err);
}

static bool
once(struct call *c, struct err *err)
{
	struct xfer *x = &c->http->xfer;

	if (!wait_for_service(c, err) || !wait_for_rate(c, err) ||
	    !xfer_prepare(x, c->http, c->req, err))
		return false;
	if (c->req->apart_ms > 0)
		c->http->apart_ms = http_now_ms(c->http);
	xfer_result(x, curl_easy_perform(x->easy), c->res);
	http_note_answer(c->http, c->req, c->res);
	return true;
}

/* A failure that no other try can cure, or one too many. */
static bool
give_up(const struct http *http, const struct http_req *req,
    const struct http_res *res, struct err *err)
{
	char name[256], tries[32] = "";
	enum err_kind kind = ERR_RETRY;

	if (res->curl_code == CURLE_ABORTED_BY_CALLBACK &&
	    http_is_cancelled(http))
		kind = ERR_CANCELLED;
	else if (http->xfer.too_large)
		kind = ERR_PROTOCOL;
	else if (http_is_misconfigured(res))
		kind = ERR_CONFIG;
	if (res->tries > 1)
		(void)snprintf(tries, sizeof(tries), " after %d tries",
		    res->tries);
	(void)err_set(err, kind, "%s: %s%s", name_of(name, sizeof(name), req),
	    res->problem, tries);
	if (err != NULL)
		err->code = res->curl_code;
	return false;
}

static bool
is_transient(const struct call *c)
{
	return (http_is_again(c->req, c->res) || http_is_transient(c->res)) &&
	    http_own_pause_ms(c->req, c->res) >= 0;
}

/* True = another try; false = res is final. */
static bool
wants_again(const struct call *c)
{
	const struct http *http = c->http;

	return c->req->repeatable && !c->is_probe &&
	    c->res->tries < http->settings.tries &&
	    is_transient(c) && !http->xfer.too_large &&
	    http->xfer.write_errno == 0 && !http_is_cancelled(http);
}

/* A Retry-After is kept by the next try itself.  *again = false: the pause
 * would be too long. */
static bool
pause_before_retry(struct call *c, bool *again, struct err *err)
{
	const struct http_settings *s = &c->http->settings;
	const long own = http_own_pause_ms(c->req, c->res);
	int64_t ms = 0;

	if (c->res->retry_after_s < 0 && own > 0)
		ms = (int64_t)own * c->res->tries;
	else if (c->res->retry_after_s < 0)
		ms = (int64_t)(1000 * http_backoff_s(s->backoff_s,
		    s->backoff_max_s, c->res->tries - 1, random01()));
	*again = ms <= c->patience_ms;
	return !*again || wait_patiently(c, ms) || cancelled(err);
}

static void
drop_texts(struct http_res *res)
{
	res->content_type = res->etag = res->location = res->link = NULL;
	memset(res->wanted, 0, sizeof(res->wanted));
	res->body = "";
	res->body_len = 0;
}

static bool
keep_texts(struct http_res *res, struct arena *arena, struct err *err)
{
	res->content_type = arena_strdup(arena, res->content_type);
	res->etag = arena_strdup(arena, res->etag);
	res->location = arena_strdup(arena, res->location);
	res->link = arena_strdup(arena, res->link);
	for (size_t i = 0; i < HTTP_WANTED_MAX; i++)
		res->wanted[i] = arena_strdup(arena, res->wanted[i]);
	res->body = arena_strndup(arena, res->body, res->body_len);
	if (res->body != NULL && !arena_failed(arena))
		return true;
	drop_texts(res);
	return err_nomem(err);
}

static bool
is_long_wait(const struct call *c)
{
	return c->req->repeatable && c->res->phase == HTTP_COMPLETE &&
	    is_transient(c) &&
	    1000 * (int64_t)c->res->retry_after_s > HTTP_WAIT_MAX_MS;
}

/* True = res holds the result of the last try, whatever it is. */
static bool
try_on(struct call *c, struct err *err)
{
	bool again = true;

	for (int tries = 1; again; tries++) {
		if (!once(c, err))
			return false;
		c->res->tries = tries;
		if (is_long_wait(c))
			return wait_for_service(c, err);
		again = wants_again(c);
		if (again && !pause_before_retry(c, &again, err))
			return false;
	}
	return true;
}

/* Asks the breaker, and tells it. */
static bool
try_with_breaker(struct call *c, struct err *err)
{
	struct http *http = c->http;
	const int64_t ms = http_breaker_ms(http);

	if (ms > 0)
		return put_off(c, ms == BREAKER_WAIT_FOR_PROBE ? 1000 : ms,
		    "the service failed too often", err);
	c->is_probe = breaker_begin(&http->breaker);
	const bool ok = try_on(c, err);
	if (c->res->tries > 0)
		http_note_result(http, c->res, http->xfer.too_large ||
		    http->xfer.write_errno != 0, c->is_probe);
	else
		http_note_nothing(http, c->is_probe);
	return ok;
}

bool
http_do(struct http *http, const struct http_req *req, struct arena *arena,
    struct http_res *res, struct err *err)
{
	struct call call = { .http = http, .req = req, .res = res,
		.patience_ms = HTTP_WAIT_MAX_MS };

	*res = (struct http_res){ .retry_after_s = -1, .date = NO_TIME,
		.modified = NO_TIME, .body = "" };
	if (!try_with_breaker(&call, err)) {
		drop_texts(res);
		return false;
	}
	if (res->phase == HTTP_COMPLETE)
		return keep_texts(res, arena, err);
	drop_texts(res);
	return give_up(http, req, res, err);
}

static const struct {
	long from, to;
	enum err_kind kind;
} kinds[] = {
	{ 300, 399, ERR_CONFIG },
	{ 401, 403, ERR_AUTH },
	{ 404, 404, ERR_GONE },
	{ 408, 408, ERR_RETRY },
	{ 410, 410, ERR_GONE },
	{ 425, 425, ERR_RETRY },
	{ 429, 429, ERR_THROTTLED },
	{ 500, 599, ERR_RETRY },
};

static enum err_kind
kind_of_status(long status)
{
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
		if (status >= kinds[i].from && status <= kinds[i].to)
			return kinds[i].kind;
	return ERR_PROTOCOL;
}

bool
http_expect_ok(const struct http_req *req, const struct http_res *res,
    struct err *err)
{
	char name[256], tries[32] = "";

	if (res->phase == HTTP_COMPLETE && res->status >= 200 &&
	    res->status <= 299)
		return true;
	if (res->tries > 1)
		(void)snprintf(tries, sizeof(tries), " after %d tries",
		    res->tries);
	(void)err_set(err, kind_of_status(res->status), "%s: HTTP %ld%s",
	    name_of(name, sizeof(name), req), res->status, tries);
	if (err == NULL)
		return false;
	err->code = (int)res->status;
	err->retry_after_s = res->retry_after_s > 0 ? res->retry_after_s : 0;
	return false;
}
