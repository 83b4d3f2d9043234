/*
 * The engine: settings, rate, and the blocking call with its tries.
 */
#include "http.h"

#include <curl/curl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "clock.h"
#include "http_xfer.h"
#include "url.h"

#define WAIT_MAX_S 300	/* longer ones go back to the stage */
#define SLICE_MS 50	/* how late a wait may notice cancelled() */

const struct http_settings http_defaults = {
	.rate_per_second = 0,
	.connect_timeout_s = 10,
	.answer_timeout_s = 120,
	.max_idle_s = 5,
	.tries = 4,
	.backoff_s = 5,
	.backoff_max_s = WAIT_MAX_S,
	.allow_http = false,
	.ca_file = NULL,
	.user_agent = "npsync/" NPSYNC_VERSION,
};

static const char *const unwanted[] = { "SSLKEYLOGFILE", "http_proxy",
	"HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "ftp_proxy", "FTP_PROXY",
	"all_proxy", "ALL_PROXY", "no_proxy", "NO_PROXY", "NETRC",
	"CURL_CA_BUNDLE", "CURL_SSL_BACKEND", "SSL_CERT_FILE", "SSL_CERT_DIR",
	"OPENSSL_CONF" };

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
	for (size_t i = 0; i < ARRAY_LEN(unwanted); i++)
		(void)unsetenv(unwanted[i]);
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

bool
http_is_cancelled(const struct http *http)
{
	return http->cancelled != NULL && http->cancelled();
}

/* ---- rate and waiting ---------------------------------------------------- */
/* A bucket of one: requests are spread, so that no second sees a burst. */
int64_t
http_rate_take(struct http *http)
{
	const double rate = http->settings.rate_per_second;
	const double now = (double)clock_boottime_ms();

	if (rate <= 0)
		return 0;
	if (http->next_ms > now)
		return (int64_t)(http->next_ms - now) + 1;
	const double interval = 1000 / rate;
	/* The clock ticks in ms: what a late start lost is made up, once. */
	if (http->next_ms < now - interval)
		http->next_ms = now;
	http->next_ms += interval;
	return 0;
}

static bool
wait_ms(const struct http *http, int64_t ms)
{
	const int64_t until = clock_boottime_ms() + ms;

	for (;;) {
		const int64_t left = until - clock_boottime_ms();
		if (http_is_cancelled(http))
			return false;
		if (left <= 0)
			return true;
		(void)poll(NULL, 0, left < SLICE_MS ? (int)left : SLICE_MS);
	}
}

static bool
wait_for_rate(struct http *http)
{
	int64_t ms;

	while ((ms = http_rate_take(http)) > 0)
		if (!wait_ms(http, ms))
			return false;
	return !http_is_cancelled(http);
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
/* "GET /v1/contacts": what messages call a request. */
static const char *
name_of(char *out, size_t size, const struct http_req *req)
{
	AUTO(arena) struct arena *arena = arena_new(65536);
	const char *url = arena == NULL ? NULL : url_for_log(arena, req->url);
	const char *host = url == NULL ? NULL : strstr(url, "://");
	const char *path = host == NULL ? NULL : strchr(host + 3, '/');

	(void)snprintf(out, size, "%s %.160s", req->method,
	    path == NULL ? "/" : path);
	return out;
}

static bool
once(struct http *http, const struct http_req *req, struct http_res *res,
    struct err *err)
{
	struct xfer *x = &http->xfer;

	if (!wait_for_rate(http))
		return err_set(err, ERR_CANCELLED, "cancelled");
	if (!xfer_prepare(x, http, req, err))
		return false;
	xfer_result(x, curl_easy_perform(x->easy), res);
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
throttled(const struct http_req *req, const struct http_res *res,
    struct err *err)
{
	char name[256];

	(void)err_set(err, ERR_THROTTLED, "%s: HTTP %ld, retry after %ld s",
	    name_of(name, sizeof(name), req), res->status, res->retry_after_s);
	if (err != NULL) {
		err->code = (int)res->status;
		err->retry_after_s = res->retry_after_s;
	}
	return false;
}

/* True = another try; false = res is final. */
static bool
wants_again(const struct http *http, const struct http_req *req,
    const struct http_res *res)
{
	return req->repeatable && res->tries < http->settings.tries &&
	    http_is_transient(res) && !http->xfer.too_large &&
	    !http_is_cancelled(http);
}

static bool
wait_before_retry(const struct http *http, const struct http_res *res)
{
	const struct http_settings *s = &http->settings;

	if (res->phase == HTTP_COMPLETE && res->retry_after_s >= 0)
		return wait_ms(http, 1000 * (int64_t)res->retry_after_s);
	return wait_ms(http, (int64_t)(1000 * http_backoff_s(s->backoff_s,
	    s->backoff_max_s, res->tries - 1, random01())));
}

static void
drop_texts(struct http_res *res)
{
	res->content_type = res->etag = res->location = res->link = NULL;
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
	res->body = arena_strndup(arena, res->body, res->body_len);
	if (res->body != NULL && !arena_failed(arena))
		return true;
	drop_texts(res);
	return err_nomem(err);
}

static bool
is_long_wait(const struct http_req *req, const struct http_res *res)
{
	return req->repeatable && res->phase == HTTP_COMPLETE &&
	    http_is_transient(res) && res->retry_after_s > WAIT_MAX_S;
}

bool
http_do(struct http *http, const struct http_req *req, struct arena *arena,
    struct http_res *res, struct err *err)
{
	*res = (struct http_res){ .retry_after_s = -1, .date = NO_TIME,
		.body = "" };
	for (int tries = 1;; tries++) {
		if (!once(http, req, res, err)) {
			drop_texts(res);
			return false;
		}
		res->tries = tries;
		if (is_long_wait(req, res)) {
			drop_texts(res);
			return throttled(req, res, err);
		}
		if (!wants_again(http, req, res))
			break;
		if (!wait_before_retry(http, res)) {
			drop_texts(res);
			return err_set(err, ERR_CANCELLED, "cancelled");
		}
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
