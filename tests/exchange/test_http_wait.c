/*
 * Waiting, on a clock of the test: nothing goes out inside a Retry-After, a
 * failing service is left alone, and no call waits longer than it may.
 *
 * The clock stands still but for sleep_ms, so that the requests that the server
 * counts between two sleeps were all made at one and the same time.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "clock.h"
#include "http.h"
#include "simhttpd.h"
#include "url.h"

#define RUNS_MAX 20000

static struct arena *arena;
static struct simhttpd *sim;
static int64_t now_ms;

/* When requests were made, by looking at the server's counter. */
static struct {
	int64_t at_ms;
	size_t n;
} ledger[RUNS_MAX];
static size_t n_ledger, counted;

static int64_t
fake_now(void)
{
	return now_ms;
}

static void
look(void)
{
	const size_t n = simhttpd_requests(sim);

	if (n == counted)
		return;
	assert_true(n_ledger < RUNS_MAX);
	ledger[n_ledger].at_ms = now_ms;
	ledger[n_ledger++].n = n - counted;
	counted = n;
}

static void
fake_sleep(int64_t ms)
{
	look();
	now_ms += ms;
}

static const struct http_clock fake = { fake_now, fake_sleep };

static int
setup(void **state)
{
	(void)state;
	now_ms = 1000000;
	n_ledger = counted = 0;
	arena = arena_new(1u << 26);
	return arena == NULL;
}

static int
teardown(void **state)
{
	(void)state;
	arena_free(arena);
	clock_set(NO_TIME);
	return 0;
}

static struct http *
engine_at(double rate, bool with_breaker)
{
	struct http_settings s = http_defaults;
	struct http *http = NULL;

	s.clock = &fake;
	s.rate_per_second = rate;
	s.connect_timeout_s = s.answer_timeout_s = 60;
	if (!with_breaker)
		s.breaker.in_a_row = 0;
	assert_true(http_open(&s, NULL, &http, NULL));
	return http;
}

static struct http *
engine(bool with_breaker)
{
	return engine_at(http_defaults.rate_per_second, with_breaker);
}

static void
serve(const struct sim_reply *script, size_t n)
{
	sim = simhttpd_start(script, n);
	assert_non_null(sim);
}

static struct http_req
get(void)
{
	return (struct http_req){ .method = "GET", .repeatable = true,
		.url = url_join(arena, simhttpd_url(sim), "/") };
}

static struct http_req
post(void)
{
	return (struct http_req){ .method = "POST", .body = "{}",
		.body_len = 2, .url = url_join(arena, simhttpd_url(sim), "/") };
}

/* ---- the server of the tests ------------------------------------------------ */
/* Each run of npsync makes its own: a long test has thousands, one at a time. */
static void
test_many_connections(void **state)
{
	static const struct sim_reply script[] = { { .repeat = 599 } };
	struct http_res res;

	(void)state;
	serve(script, 1);
	for (int i = 0; i < 600; i++) {
		AUTO(arena) struct arena *own = arena_new(1u << 16);
		struct http *http = engine(false);
		const struct http_req req = get();
		assert_true(http_do(http, &req, own, &res, NULL));
		http_close(http);
	}
	assert_int_equal(simhttpd_connections(sim), 600);
	assert_null(simhttpd_problem(sim, true));
	simhttpd_stop(sim);
}

/* ---- storms ---------------------------------------------------------------- */
static const struct {
	const char *value;
	long wait_s;	/* that must be kept */
} storms[] = { { "0", 0 }, { "1", 1 }, { "60", 60 }, { "3600", 900 },
	{ "-1", 0 }, { "abc", 0 }, { "Sun, 06 Nov 1994 08:49:37 GMT", 0 },
	{ "Wed, 25 Nov 2026 12:01:30 GMT", 90 } };

static size_t
how_many(void)
{
	const char *all = getenv("NPSYNC_LONG");

	return all != NULL && *all != '\0' ? 10000 : 600;
}

/* Until it is through, as a stage would. */
static size_t
one_logical(struct http *http)
{
	const struct http_req req = get();
	struct http_res res;

	for (size_t calls = 1;; calls++) {
		AUTO(arena) struct arena *own = arena_new(1u << 16);
		struct err err = { .kind = ERR_NONE };
		if (http_do(http, &req, own, &res, &err) && res.status == 200)
			return calls;
		assert_true(calls < 100);
		fake_sleep(1000 * (err.retry_after_s > 0 ? err.retry_after_s
							 : 1));
	}
}

/* A server that says 429 to each 20th request, in between serves well. */
static void
limiter(const char *value, long wait_s, size_t n)
{
	const size_t lines = n / 19 * 2;
	struct sim_reply *script =
	    arena_array(arena, lines, sizeof(*script));
	const char *header = arena_printf(arena, "Retry-After: %s\r\n", value);

	for (size_t i = 0; i < lines; i += 2) {
		script[i] = (struct sim_reply){ .repeat = 18 };
		script[i + 1] = (struct sim_reply){ .status = 429,
			.headers = header };
	}
	serve(script, lines);
	struct http *http = engine(true);
	n = lines / 2 * 19;
	for (size_t i = 0; i < n; i++)
		(void)one_logical(http);
	look();
	const size_t requests = simhttpd_requests(sim);
	if ((double)requests > 1.10 * (double)n)
		fail_msg("Retry-After %s: %zu requests for %zu", value,
		    requests, n);
	/* 19 good ones, the refused one; what follows waited. */
	size_t early = 0;
	for (size_t i = 0; wait_s > 0 && i < n_ledger; i++) {
		early += ledger[i].n > 20;
		early += i > 0 && ledger[i].at_ms - ledger[i - 1].at_ms <
		    1000 * wait_s;
	}
	assert_int_equal(early, 0);
	print_message("# Retry-After %s: %zu requests for %zu, amplification "
	    "%.3f, %zu inside it\n", value, requests, n,
	    (double)requests / (double)n, early);
	http_close(http);
	simhttpd_stop(sim);
}

static void
test_limiter(void **state)
{
	(void)state;
	clock_set(1795608000);	/* Wed, 25 Nov 2026 12:00:00 GMT */
	for (size_t i = 0; i < ARRAY_LEN(storms); i++) {
		n_ledger = counted = 0;
		limiter(storms[i].value, storms[i].wait_s, how_many());
	}
}

/* Nothing but 429: one request a second is asked for, hardly any is made. */
static void
storm(const char *value, long wait_s, size_t n)
{
	const struct sim_reply script[] = { { .status = 429, .repeat = 30000,
		.headers = arena_printf(arena, "Retry-After: %s\r\n",
		    value) } };
	size_t early = 0;

	serve(script, 1);
	struct http *http = engine(true);
	for (size_t i = 0; i < n; i++) {
		AUTO(arena) struct arena *own = arena_new(1u << 16);
		const struct http_req req = i % 2 == 0 ? get() : post();
		struct http_res res;
		struct err err;
		if (http_do(http, &req, own, &res, &err))
			assert_int_equal(res.status, 429);
		else
			assert_int_equal(err.kind, ERR_THROTTLED);
		fake_sleep(1000);
	}
	look();
	for (size_t i = 0; wait_s > 0 && i < n_ledger; i++) {
		early += ledger[i].n > 1;
		early += i > 0 && ledger[i].at_ms - ledger[i - 1].at_ms <
		    1000 * wait_s;
	}
	assert_int_equal(early, 0);
	const size_t requests = simhttpd_requests(sim);
	if (requests > n / 10)
		fail_msg("Retry-After %s: %zu requests for %zu", value,
		    requests, n);
	print_message("# nothing but 429, Retry-After %s: %zu requests for "
	    "%zu, %zu inside it\n", value, requests, n, early);
	http_close(http);
	simhttpd_stop(sim);
}

static void
test_storm(void **state)
{
	(void)state;
	clock_set(1795608000);
	for (size_t i = 0; i < ARRAY_LEN(storms); i++) {
		n_ledger = counted = 0;
		storm(storms[i].value, storms[i].wait_s, how_many());
	}
}

/* Some say it with a status of their own; one that nobody named is final. */
static void
test_own_status_keeps_retry_after(void **state)
{
	static const struct sim_reply script[] = {
		{ .status = 420, .headers = "Retry-After: 60\r\n" },
		{ .status = 200 },
		{ .status = 420, .headers = "Retry-After: 3600\r\n" },
		{ .status = 200 }, { .status = 406,
		    .headers = "Retry-After: 60\r\n" } };
	static const int64_t again[] = { 420 };
	struct http_res res;
	struct err err;

	(void)state;
	serve(script, 5);
	struct http *http = engine(true);
	struct http_req req = get();
	req.again = again;
	req.n_again = 1;
	const int64_t start = now_ms;
	assert_true(http_do(http, &req, arena, &res, &err));
	assert_int_equal(res.status, 200);
	look();
	assert_int_equal(simhttpd_requests(sim), 2);
	assert_true(ledger[n_ledger - 1].at_ms - start >= 60000);
	/* Too long to wait for. */
	assert_false(http_do(http, &req, arena, &res, &err));
	assert_int_equal(err.kind, ERR_THROTTLED);
	assert_true(err.retry_after_s > 300);
	assert_int_equal(simhttpd_requests(sim), 3);
	fake_sleep(1000 * err.retry_after_s);
	assert_true(http_do(http, &req, arena, &res, &err));
	assert_int_equal(res.status, 200);
	const int64_t later = now_ms;
	assert_true(http_do(http, &req, arena, &res, &err));
	assert_int_equal(res.status, 406);
	assert_true(now_ms - later < 1000);
	http_close(http);
	simhttpd_stop(sim);
}

/* A service says with its body how long, or that it is of no use. */
static long
pause_by_body(const struct http_res *res)
{
	return strstr(res->body, "daily") != NULL ? -1 :
	    strstr(res->body, "ten") != NULL ? 10000 : 0;
}

static void
test_own_words_make_the_pause(void **state)
{
	static const struct sim_reply script[] = {
		{ .status = 429, .body = "ten" }, { .status = 429, .body = "ten" },
		{ .status = 200 }, { .status = 429, .body = "ten",
		    .headers = "Retry-After: 2\r\n" }, { .status = 200 },
		{ .status = 429, .body = "daily" },
		{ .status = 503, .body = "daily",
		    .headers = "Retry-After: 3600\r\n" } };
	struct http_res res;
	struct err err;

	(void)state;
	serve(script, ARRAY_LEN(script));
	struct http *http = engine(false);
	struct http_req req = get();
	req.pause_ms = pause_by_body;
	const int64_t start = now_ms;
	assert_true(http_do(http, &req, arena, &res, &err));
	assert_int_equal(res.status, 200);
	assert_int_equal(now_ms - start, 30000);
	/* A Retry-After is nearer to the truth. */
	assert_true(http_do(http, &req, arena, &res, &err));
	assert_int_equal(now_ms - start, 32000);
	for (long status = 429; status <= 503; status += 74) {
		assert_true(http_do(http, &req, arena, &res, &err));
		assert_int_equal(res.status, status);
		assert_int_equal(res.tries, 1);
	}
	assert_int_equal(now_ms - start, 32000);
	assert_null(simhttpd_problem(sim, true));
	http_close(http);
	simhttpd_stop(sim);
}

/* Some calls have a lower limit than the rest, their tries too. */
static void
test_calls_apart(void **state)
{
	static const struct sim_reply script[] = { { .repeat = 4 },
		{ .status = 429, .headers = "Retry-After: 0\r\n" },
		{ .repeat = 1 } };
	struct http_res res;
	struct err err;

	(void)state;
	serve(script, ARRAY_LEN(script));
	struct http *http = engine_at(0, false);
	struct http_req slow = get();
	const struct http_req fast = get();
	slow.apart_ms = 334;
	const int64_t start = now_ms;
	for (int i = 0; i < 2; i++) {
		assert_true(http_do(http, &slow, arena, &res, &err));
		assert_true(http_do(http, &fast, arena, &res, &err));
		assert_int_equal(now_ms - start, i * 334);
	}
	assert_true(http_do(http, &slow, arena, &res, &err));
	assert_int_equal(now_ms - start, 2 * 334);
	assert_true(http_do(http, &slow, arena, &res, &err));
	assert_int_equal(res.tries, 2);
	assert_int_equal(now_ms - start, 4 * 334);
	assert_true(http_do(http, &fast, arena, &res, &err));
	assert_int_equal(now_ms - start, 4 * 334);
	assert_null(simhttpd_problem(sim, true));
	http_close(http);
	simhttpd_stop(sim);
}

/* ---- many at a time --------------------------------------------------------- */
/* What was under way may still be answered; nothing new begins. */
static void
test_multi_keeps_retry_after(void **state)
{
	static const struct sim_reply script[] = { { .status = 429,
		.headers = "Retry-After: 60\r\n", .repeat = 200 } };
	struct http_multi *multi = NULL;
	struct http_res res;
	void *tag;

	(void)state;
	serve(script, 1);
	struct http *http = engine(false);
	const struct http_req req = post();
	assert_true(http_multi_open(http, 8, &multi, NULL));
	for (int i = 0; i < 32; i++)
		assert_true(http_multi_add(multi, &req, NULL, NULL));
	while (http_multi_running(multi) > 0)
		if (http_multi_poll(multi, 100, &tag, &res))
			assert_int_equal(http_classify(&res), HTTP_SAFE);
	look();
	for (size_t i = 0; i < n_ledger; i++) {
		assert_true(ledger[i].n <= 8);
		if (i > 0)
			assert_true(ledger[i].at_ms - ledger[i - 1].at_ms >=
			    60000);
	}
	assert_int_equal(simhttpd_requests(sim), 32);
	http_multi_close(multi);
	http_close(http);
	simhttpd_stop(sim);
}

/* The service's own words hold as much, where there is no Retry-After. */
static void
test_multi_keeps_own_pause(void **state)
{
	static const struct sim_reply script[] = { { .status = 429,
		.body = "ten" }, { .status = 429, .body = "ten",
		.headers = "Retry-After: 2\r\n" }, { .status = 429,
		.body = "daily" }, { .status = 200, .repeat = 1 } };
	static const int64_t at_ms[] = { 0, 10000, 12000, 12000, 12000 };
	struct http_multi *multi = NULL;
	struct http_res res;
	void *tag;

	(void)state;
	serve(script, ARRAY_LEN(script));
	struct http *http = engine(false);
	struct http_req req = post();
	req.pause_ms = pause_by_body;
	const int64_t start = now_ms;
	assert_true(http_multi_open(http, 1, &multi, NULL));
	for (size_t i = 0; i < ARRAY_LEN(at_ms); i++)
		assert_true(http_multi_add(multi, &req, NULL, NULL));
	for (size_t i = 0; i < ARRAY_LEN(at_ms);)
		if (http_multi_poll(multi, 100, &tag, &res))
			assert_int_equal(now_ms - start, at_ms[i++]);
	assert_null(simhttpd_problem(sim, true));
	http_multi_close(multi);
	http_close(http);
	simhttpd_stop(sim);
}

/* Five doubtful ends, and one at a time from then on; what would wait for more
 * than 300 s in all is handed back: the window may be over by then. */
static void
test_multi_breaker(void **state)
{
	static const struct sim_reply script[] = { { .status = 500,
		.repeat = 200 } };
	struct http_multi *multi = NULL;
	struct http_res res;
	size_t unknown = 0, safe = 0;
	void *tag;

	(void)state;
	serve(script, 1);
	struct http *http = engine(true);
	const struct http_req req = post();
	assert_true(http_multi_open(http, 1, &multi, NULL));
	for (int i = 0; i < 64; i++)
		assert_true(http_multi_add(multi, &req, NULL, NULL));
	const int64_t start = now_ms;
	while (http_multi_running(multi) > 0) {
		if (!http_multi_poll(multi, 100, &tag, &res))
			continue;
		if (http_classify(&res) == HTTP_UNKNOWN) {
			unknown++;
			continue;
		}
		assert_int_equal(res.phase, HTTP_NOT_SENT);
		assert_int_equal(http_classify(&res), HTTP_SAFE);
		assert_int_equal(res.retry_after_s, 240);
		assert_non_null(strstr(res.problem, "failed too often"));
		safe++;
	}
	/* 5, and probes after 60 and 120 s; another 240 s would be too long. */
	assert_int_equal(unknown, 7);
	assert_int_equal(safe, 57);
	assert_int_equal(simhttpd_requests(sim), 7);
	assert_true(now_ms - start >= 180000);
	http_multi_close(multi);
	http_close(http);
	simhttpd_stop(sim);
}

/* A Retry-After that is too long hands back at once; one that is long enough
 * together with what was waited already, too. */
static void
test_multi_puts_off(void **state)
{
	struct http_multi *multi = NULL;
	struct http_res res;
	void *tag;

	(void)state;
	serve(NULL, 0);
	struct http *http = engine(true);
	const struct http_req req = post();
	assert_true(http_multi_open(http, 1, &multi, NULL));
	http_multi_hold(multi, 301);
	assert_true(http_multi_add(multi, &req, NULL, NULL));
	assert_true(http_multi_poll(multi, 0, &tag, &res));
	assert_int_equal(res.phase, HTTP_NOT_SENT);
	assert_int_equal(http_classify(&res), HTTP_SAFE);
	assert_int_equal(res.retry_after_s, 301);
	now_ms += 101000;
	assert_true(http_multi_add(multi, &req, NULL, NULL));
	assert_false(http_multi_poll(multi, 0, &tag, &res));
	now_ms += 150000;
	http_multi_hold(multi, 151);
	assert_true(http_multi_poll(multi, 0, &tag, &res));
	assert_int_equal(res.phase, HTTP_NOT_SENT);
	assert_int_equal(simhttpd_connections(sim), 0);
	http_multi_close(multi);
	http_close(http);
	simhttpd_stop(sim);
}

/* A read may be asked for faster than a send: each waits by its own rate. */
static void
test_a_rate_of_its_own(void **state)
{
	static const struct sim_reply script = { .repeat = 99 };
	struct http *http = engine_at(2, false);
	struct http_res res;

	(void)state;
	serve(&script, 1);
	struct http_req req = get();
	for (int own = 0; own < 2; own++) {
		const int64_t began = fake_now();
		req.rate_per_second = own == 0 ? 0 : 10;
		for (int i = 0; i < 10; i++)
			assert_true(http_do(http, &req, arena, &res, NULL));
		const int64_t ms = fake_now() - began;
		/* Nine pauses, or ten, of 500 ms and of 100. */
		if (own == 0 ? ms < 4500 || ms > 5100 : ms < 900 || ms > 1600)
			fail_msg("%d: %lld ms", own, (long long)ms);
	}
	http_close(http);
	simhttpd_stop(sim);
}

/* What waits for the rate when another's Retry-After comes begins within its
 * patience, counted from when it was added, or is handed back at once. */
static void
test_multi_rate_and_retry_after(void **state)
{
	static const struct sim_reply script[] = { { .status = 429,
		.headers = "Retry-After: 299\r\n", .repeat = 9 } };
	struct http_multi *multi = NULL;
	struct http_res res;
	int jobs[4], sent = 0;
	void *tag;

	(void)state;
	serve(script, 1);
	struct http *http = engine_at(1, false);
	const struct http_req req = post();
	const int64_t start = now_ms;
	assert_true(http_multi_open(http, 4, &multi, NULL));
	for (int i = 0; i < 4; i++)
		assert_true(http_multi_add(multi, &req, &jobs[i], NULL));
	while (http_multi_running(multi) > 0) {
		if (!http_multi_poll(multi, 100, &tag, &res))
			continue;
		sent += res.status == 429;
		/* The second flight's answer is too late for the others. */
		if (res.phase == HTTP_NOT_SENT)
			assert_int_equal(res.retry_after_s, 299);
		assert_true(now_ms - start <= 300000);
	}
	look();
	assert_int_equal(sent, simhttpd_requests(sim));
	assert_int_equal(sent, 2);
	http_multi_close(multi);
	http_close(http);
	simhttpd_stop(sim);
}

/* A service that comes back is used again, by all places. */
static void
test_multi_breaker_closes(void **state)
{
	static const struct sim_reply script[] = { { .status = 503,
		.repeat = 5 }, { .status = 201, .body = "{}", .repeat = 57 } };
	struct http_multi *multi = NULL;
	struct http_res res;
	size_t done = 0;
	void *tag;

	(void)state;
	serve(script, 2);
	struct http *http = engine(true);
	const struct http_req req = post();
	assert_true(http_multi_open(http, 2, &multi, NULL));
	for (int i = 0; i < 64; i++)
		assert_true(http_multi_add(multi, &req, NULL, NULL));
	while (http_multi_running(multi) > 0)
		if (http_multi_poll(multi, 100, &tag, &res))
			done += http_classify(&res) == HTTP_DONE;
	assert_int_equal(done, 58);
	assert_null(simhttpd_problem(sim, true));
	http_multi_close(multi);
	http_close(http);
	simhttpd_stop(sim);
}

/* A probe that was under way when the multi was closed leaves its place. */
static void
test_multi_closed_with_probe(void **state)
{
	static const struct sim_reply script[] = { { .status = 500,
		.repeat = 4 }, { .mode = SIM_HANG }, { .status = 200 } };
	struct http_multi *multi = NULL;
	struct http_res res;
	struct err err;
	void *tag;

	(void)state;
	serve(script, 3);
	struct http *http = engine(true);
	const struct http_req req = post();
	assert_true(http_multi_open(http, 1, &multi, NULL));
	for (int i = 0; i < 6; i++)
		assert_true(http_multi_add(multi, &req, NULL, NULL));
	while (simhttpd_requests(sim) < 6)
		(void)http_multi_poll(multi, 20, &tag, &res);
	/* Nobody beside a probe. */
	assert_false(http_do(http, &req, arena, &res, &err));
	assert_int_equal(err.kind, ERR_THROTTLED);
	http_multi_close(multi);
	assert_true(http_do(http, &req, arena, &res, &err));
	assert_int_equal(res.status, 200);
	http_close(http);
	simhttpd_stop(sim);
}

/* ---- one after the other ---------------------------------------------------- */
static void
test_breaker(void **state)
{
	static const struct sim_reply script[] = { { .mode = SIM_CLOSE,
		.repeat = 20 }, { .status = 200 }, { .status = 404,
		.repeat = 30 } };
	struct http_res res;
	struct err err;

	(void)state;
	serve(script, 3);
	struct http *http = engine(true);
	const struct http_req req = get();
	for (int i = 0; i < 5; i++) {
		assert_false(http_do(http, &req, arena, &res, &err));
		assert_int_equal(res.tries, 4);
	}
	assert_false(http_do(http, &req, arena, &res, &err));
	assert_int_equal(err.kind, ERR_THROTTLED);
	assert_int_equal(err.retry_after_s, 60);
	assert_string_equal(err.msg,
	    "GET /: the service failed too often, retry after 60 s");
	assert_int_equal(res.phase, HTTP_NOT_SENT);
	assert_int_equal(http_classify(&res), HTTP_SAFE);
	assert_int_equal(simhttpd_requests(sim), 20);
	now_ms += 60000;
	/* The probe is tried once. */
	assert_false(http_do(http, &req, arena, &res, &err));
	assert_int_equal(simhttpd_requests(sim), 21);
	now_ms += 60000;
	assert_false(http_do(http, &req, arena, &res, &err));
	assert_int_equal(err.retry_after_s, 60);
	now_ms += 60000;
	assert_true(http_do(http, &req, arena, &res, &err));
	/* A service that says no is well. */
	for (int i = 0; i < 30; i++)
		assert_true(http_do(http, &req, arena, &res, &err));
	http_close(http);
	simhttpd_stop(sim);
}

/* 250 s are waited out once; a second time would be 500 s in one call. */
static void
test_patience(void **state)
{
	static const struct sim_reply script[] = { { .status = 503,
		.headers = "Retry-After: 250\r\n", .repeat = 3 } };
	struct http_res res;
	struct err err;

	(void)state;
	serve(script, 1);
	struct http *http = engine(true);
	const struct http_req req = get();
	const int64_t start = now_ms;
	assert_false(http_do(http, &req, arena, &res, &err));
	assert_int_equal(err.kind, ERR_THROTTLED);
	assert_int_equal(err.retry_after_s, 250);
	assert_int_equal(now_ms - start, 250000);
	assert_int_equal(simhttpd_requests(sim), 2);
	http_close(http);
	simhttpd_stop(sim);
}

/* Long pauses of our own end the tries too, not with less than was heard. */
static void
test_patience_with_backoff(void **state)
{
	static const struct sim_reply script[] = { { .status = 503,
		.repeat = 9 } };
	struct http_settings s = http_defaults;
	struct http *http = NULL;
	struct http_res res;
	struct err err;

	(void)state;
	serve(script, 1);
	s.clock = &fake;
	s.backoff_s = s.backoff_max_s = 300;
	s.tries = 10;
	assert_true(http_open(&s, NULL, &http, NULL));
	const struct http_req req = get();
	const int64_t start = now_ms;
	assert_true(http_do(http, &req, arena, &res, &err));
	assert_int_equal(res.status, 503);
	assert_true(now_ms - start <= 300000);
	http_close(http);
	simhttpd_stop(sim);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_many_connections, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(test_limiter, setup, teardown),
		cmocka_unit_test_setup_teardown(test_storm, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    test_own_status_keeps_retry_after, setup, teardown),
		cmocka_unit_test_setup_teardown(test_own_words_make_the_pause,
		    setup, teardown),
		cmocka_unit_test_setup_teardown(test_calls_apart, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(test_multi_keeps_own_pause, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(test_multi_keeps_retry_after,
		    setup, teardown),
		cmocka_unit_test_setup_teardown(test_multi_breaker, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(test_a_rate_of_its_own, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(test_multi_rate_and_retry_after,
		    setup, teardown),
		cmocka_unit_test_setup_teardown(test_multi_puts_off, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(test_multi_breaker_closes,
		    setup, teardown),
		cmocka_unit_test_setup_teardown(test_multi_closed_with_probe,
		    setup, teardown),
		cmocka_unit_test_setup_teardown(test_breaker, setup, teardown),
		cmocka_unit_test_setup_teardown(test_patience, setup, teardown),
		cmocka_unit_test_setup_teardown(test_patience_with_backoff,
		    setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
