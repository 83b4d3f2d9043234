/*
 * When a request may start: rate, Retry-After, breaker; and waiting for it.
 */
#include <poll.h>

#include "clock.h"
#include "http_xfer.h"

#define SLICE_MS 50	/* how late a wait may notice cancelled() */

int64_t
http_now_ms(const struct http *http)
{
	const struct http_clock *clock = http->settings.clock;

	return clock == NULL ? clock_boottime_ms() : clock->now_ms();
}

void
http_sleep_ms(const struct http *http, int64_t ms)
{
	if (http->settings.clock != NULL)
		http->settings.clock->sleep_ms(ms);
	else
		(void)poll(NULL, 0, (int)ms);
}

bool
http_is_cancelled(const struct http *http)
{
	return http->cancelled != NULL && http->cancelled();
}

/* False = cancelled. */
bool
http_wait_ms(const struct http *http, int64_t ms)
{
	const int64_t until = http_now_ms(http) + ms;

	for (;;) {
		const int64_t left = until - http_now_ms(http);
		if (http_is_cancelled(http))
			return false;
		if (left <= 0)
			return true;
		http_sleep_ms(http, left < SLICE_MS ? left : SLICE_MS);
	}
}

bool
http_pause(struct http *http, long seconds, struct err *err)
{
	return http_wait_ms(http, 1000 * (int64_t)seconds) ||
	    err_set(err, ERR_CANCELLED, "cancelled");
}

/* A bucket of one: requests are spread, so that no second sees a burst. */
int64_t
http_rate_take(struct http *http, double rate)
{
	const double now = (double)http_now_ms(http);

	if (rate <= 0)
		rate = http->settings.rate_per_second;
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

/* ---- Retry-After --------------------------------------------------------- */
static void
hold_ms(struct http *http, int64_t ms)
{
	const int64_t until = http_now_ms(http) + ms;

	if (until > http->hold_until_ms)
		http->hold_until_ms = until;
}

void
http_hold(struct http *http, long wait_s)
{
	hold_ms(http, 1000 * (int64_t)wait_s);
}

int64_t
http_hold_ms(const struct http *http)
{
	const int64_t left = http->hold_until_ms - http_now_ms(http);

	return left > 0 ? left : 0;
}

bool
http_is_again(const struct http_req *req, const struct http_res *res)
{
	for (size_t i = 0; res->phase == HTTP_COMPLETE && i < req->n_again; i++)
		if (req->again[i] == res->status)
			return true;
	return false;
}

long
http_own_pause_ms(const struct http_req *req, const struct http_res *res)
{
	return req->pause_ms == NULL || res->phase != HTTP_COMPLETE ? 0 :
	    req->pause_ms(res);
}

/* A server that asks for time gets it, from every call of this engine; in its
 * own words where it says no Retry-After. */
void
http_note_answer(struct http *http, const struct http_req *req,
    const struct http_res *res)
{
	if (res->phase < HTTP_ANSWER_CUT || (res->status != 423 &&
	    !http_is_again(req, res) &&
	    (res->status < 400 || !http_is_transient(res))))
		return;
	if (res->retry_after_s > 0)
		http_hold(http, res->retry_after_s);
	else if (res->retry_after_s < 0)
		hold_ms(http, http_own_pause_ms(req, res));
}

/* ---- the breaker --------------------------------------------------------- */
int64_t
http_breaker_ms(const struct http *http)
{
	return breaker_wait_ms(&http->breaker, http_now_ms(http));
}

static enum breaker_result
result_for_breaker(const struct http *http, const struct http_res *res,
    bool too_large)
{
	if (too_large || http_is_misconfigured(res) ||
	    (res->curl_code == CURLE_ABORTED_BY_CALLBACK &&
		http_is_cancelled(http)))
		return BREAKER_NEITHER;
	return http_is_transient(res) || res->phase != HTTP_COMPLETE
	    ? BREAKER_BAD : BREAKER_GOOD;
}

void
http_note_result(struct http *http, const struct http_res *res, bool too_large,
    bool is_probe)
{
	breaker_end(&http->breaker, is_probe,
	    result_for_breaker(http, res, too_large), http_now_ms(http));
}

void
http_note_nothing(struct http *http, bool is_probe)
{
	breaker_end(&http->breaker, is_probe, BREAKER_NEITHER,
	    http_now_ms(http));
}
