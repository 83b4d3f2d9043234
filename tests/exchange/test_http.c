/*
 * The engine against a scripted server: phases, classes, tries, limits, and
 * that nothing is ever sent twice.
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
#include "json.h"
#include "simhttpd.h"
#include "url.h"

#define JSON_TYPE "Content-Type: application/json\r\n"
#define CREATED { .status = 201, .headers = JSON_TYPE, .body = "{\"id\":1}" }

static struct arena *arena;
static bool is_cancelled;

static bool
cancelled(void)
{
	return is_cancelled;
}

static int
setup(void **state)
{
	(void)state;
	is_cancelled = false;
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

/* Short waits, so that no test sleeps long; limits that a busy machine does
 * not reach. */
static struct http_settings
quick(void)
{
	struct http_settings s = http_defaults;

	s.backoff_s = 0.001;
	s.backoff_max_s = 0.002;
	s.breaker.in_a_row = 0;	/* test_http_wait.c */
	s.connect_timeout_s = 20;
	s.answer_timeout_s = 20;
	return s;
}

static struct http *
engine(const struct http_settings *settings)
{
	struct http *http = NULL;
	struct err err;

	if (!http_open(settings, cancelled, &http, &err))
		fail_msg("%s", err.msg);
	return http;
}

static struct simhttpd *
serve(const struct sim_reply *script, size_t n)
{
	struct simhttpd *sim = simhttpd_start(script, n);

	assert_non_null(sim);
	return sim;
}

static struct http_req
request(struct simhttpd *sim, const char *method, const char *path,
    const char *body)
{
	return (struct http_req){ .method = method,
		.url = url_join(arena, simhttpd_url(sim), path), .body = body,
		.body_len = body == NULL ? 0 : strlen(body),
		.repeatable = strcmp(method, "GET") == 0 };
}

/* All of the script was used, and nothing else came. */
static void
finish(struct simhttpd *sim, struct http *http)
{
	const char *problem = simhttpd_problem(sim, true);

	if (problem != NULL)
		fail_msg("%s", problem);
	http_close(http);
	simhttpd_stop(sim);
}

/* ---- one POST, all the ways it can end ----------------------------------- */
struct ending {
	const char *name;
	struct sim_reply reply;
	size_t body_len;	/* 0 = a small one */
	enum http_phase phase;
	long status;
	enum http_class class;
	int code, other_code;	/* CURLcodes seen; 0, 0 = none */
};

#define SMALL_ANSWER "HTTP/1.1 201 Created\r\nContent-Length: 8\r\n" \
	JSON_TYPE "\r\n{\"id\":1}"

static const struct ending endings[] = {
	{ .name = "created", .reply = CREATED, .phase = HTTP_COMPLETE,
	    .status = 201, .class = HTTP_DONE },
	{ .name = "created, large body", .reply = CREATED,
	    .body_len = 3000000, .phase = HTTP_COMPLETE, .status = 201,
	    .class = HTTP_DONE },
	{ .name = "created, empty", .reply = { .status = 201 },
	    .phase = HTTP_COMPLETE, .status = 201,
	    .class = HTTP_DONE_NO_BODY },
	{ .name = "204", .reply = { .status = 204 }, .phase = HTTP_COMPLETE,
	    .status = 204, .class = HTTP_DONE_NO_BODY },
	{ .name = "not JSON", .reply = { .status = 200, .body = "<p>ok</p>" },
	    .phase = HTTP_COMPLETE, .status = 200,
	    .class = HTTP_DONE_NO_BODY },
	{ .name = "RST while reading the body",
	    .reply = { .mode = SIM_RST_EARLY, .cut = 100000 },
	    .body_len = 9000000, .phase = HTTP_PARTLY_SENT,
	    .class = HTTP_SAFE, .code = 56, .other_code = 55 },
	{ .name = "closed while reading the body",
	    .reply = { .mode = SIM_RST_EARLY, .cut = 0 },
	    .body_len = 9000000, .phase = HTTP_PARTLY_SENT,
	    .class = HTTP_SAFE, .code = 56, .other_code = 55 },
	{ .name = "closed after full read", .reply = { .mode = SIM_CLOSE },
	    .phase = HTTP_SENT, .class = HTTP_UNKNOWN, .code = 52 },
	{ .name = "RST after full read", .reply = { .mode = SIM_RST },
	    .phase = HTTP_SENT, .class = HTTP_UNKNOWN, .code = 56 },
	{ .name = "large, RST after full read", .reply = { .mode = SIM_RST },
	    .body_len = 3000000, .phase = HTTP_SENT, .class = HTTP_UNKNOWN,
	    .code = 56 },
	{ .name = "no answer in time", .reply = { .mode = SIM_HANG },
	    .phase = HTTP_SENT, .class = HTTP_UNKNOWN, .code = 28 },
	{ .name = "half a status line",
	    .reply = { .raw = SMALL_ANSWER, .mode = SIM_CUT, .cut = 10 },
	    .phase = HTTP_SENT, .class = HTTP_UNKNOWN, .code = 52 },
	{ .name = "status line without its end",
	    .reply = { .raw = SMALL_ANSWER, .mode = SIM_CUT, .cut = 20 },
	    .phase = HTTP_SENT, .class = HTTP_UNKNOWN, .code = 52 },
	{ .name = "headers cut after 201",
	    .reply = { .raw = SMALL_ANSWER, .mode = SIM_CUT, .cut = 30 },
	    .phase = HTTP_ANSWER_CUT, .status = 201,
	    .class = HTTP_DONE_NO_BODY },
	{ .name = "body cut",
	    .reply = { .raw = SMALL_ANSWER, .mode = SIM_CUT,
		.cut = sizeof(SMALL_ANSWER) - 4 },
	    .phase = HTTP_ANSWER_CUT, .status = 201,
	    .class = HTTP_DONE_NO_BODY, .code = 18 },
	{ .name = "body reset",
	    .reply = { .raw = SMALL_ANSWER, .mode = SIM_CUT_RST,
		.cut = sizeof(SMALL_ANSWER) - 4 },
	    .phase = HTTP_ANSWER_CUT, .status = 201,
	    .class = HTTP_DONE_NO_BODY, .code = 56, .other_code = 18 },
	{ .name = "garbage", .reply = { .raw = "garbage\r\n\r\n",
	    .mode = SIM_REPLY_DROP }, .phase = HTTP_SENT,
	    .class = HTTP_UNKNOWN, .code = 1 },
	{ .name = "interim answer only",
	    .reply = { .raw = "HTTP/1.1 100 Continue\r\n\r\n",
		.mode = SIM_REPLY_DROP },
	    .phase = HTTP_SENT, .class = HTTP_UNKNOWN, .code = 52,
	    .other_code = 56 },
	{ .name = "interim, then created",
	    .reply = { .raw = "HTTP/1.1 100 Continue\r\n\r\n" SMALL_ANSWER },
	    .phase = HTTP_COMPLETE, .status = 201, .class = HTTP_DONE },
	{ .name = "redirect",
	    .reply = { .status = 302,
		.headers = "Location: http://127.0.0.1:1/x\r\n" },
	    .phase = HTTP_COMPLETE, .status = 302,
	    .class = HTTP_MISCONFIGURED },
	{ .name = "401", .reply = { .status = 401,
	    .headers = "WWW-Authenticate: Basic realm=x\r\n" },
	    .phase = HTTP_COMPLETE, .status = 401, .class = HTTP_AUTH },
	{ .name = "408 after the body", .reply = { .status = 408 },
	    .phase = HTTP_COMPLETE, .status = 408, .class = HTTP_UNKNOWN },
	{ .name = "408 before the body",
	    .reply = { .status = 408, .mode = SIM_REPLY_EARLY },
	    .body_len = 9000000, .phase = HTTP_COMPLETE, .status = 408,
	    .class = HTTP_SAFE },
	{ .name = "417 is not repeated", .reply = { .status = 417 },
	    .phase = HTTP_COMPLETE, .status = 417, .class = HTTP_UNKNOWN },
	{ .name = "422", .reply = { .status = 422 }, .phase = HTTP_COMPLETE,
	    .status = 422, .class = HTTP_PERMANENT },
	{ .name = "429", .reply = { .status = 429 }, .phase = HTTP_COMPLETE,
	    .status = 429, .class = HTTP_SAFE },
	{ .name = "429, its body cut",
	    .reply = { .status = 429, .body = "slow down", .mode = SIM_CUT,
		.cut = 50 },
	    .phase = HTTP_ANSWER_CUT, .status = 429, .class = HTTP_SAFE,
	    .code = 18 },
	{ .name = "500", .reply = { .status = 500 }, .phase = HTTP_COMPLETE,
	    .status = 500, .class = HTTP_UNKNOWN },
	{ .name = "503 with Retry-After",
	    .reply = { .status = 503, .headers = "Retry-After: 1\r\n" },
	    .phase = HTTP_COMPLETE, .status = 503, .class = HTTP_UNKNOWN },
};

static char *
text_of(size_t len)
{
	char *s = arena_alloc(arena, len + 1);

	assert_non_null(s);
	memset(s, 'x', len);
	return s;
}

static void
check_ending(const struct ending *e, const struct http_res *res)
{
	if (res->phase != e->phase || res->status != e->status ||
	    http_classify(res) != e->class ||
	    (res->curl_code != e->code && res->curl_code != e->other_code))
		fail_msg("%s: phase %s, status %ld, class %s, CURLcode %d: %s",
		    e->name, http_phase_name(res->phase), res->status,
		    http_class_name(http_classify(res)), res->curl_code,
		    res->problem);
	if ((res->problem[0] == '\0') != (res->phase == HTTP_COMPLETE))
		fail_msg("%s: problem \"%s\"", e->name, res->problem);
}

static void
one_ending(const struct ending *e)
{
	struct http_settings settings = quick();
	if (e->reply.mode == SIM_HANG)
		settings.answer_timeout_s = 1;
	struct http *http = engine(&settings);
	struct simhttpd *sim = serve(&e->reply, 1);
	const struct http_req req = request(sim, "POST", "/x",
	    e->body_len == 0 ? "{\"a\":1}" : text_of(e->body_len));
	struct http_res res;
	struct err err = { .kind = ERR_NONE };

	const bool ok = http_do(http, &req, arena, &res, &err);
	check_ending(e, &res);
	assert_int_equal(ok, e->phase == HTTP_COMPLETE);
	assert_non_null(res.body);
	/* Exactly once, whatever happened. */
	assert_int_equal(simhttpd_requests(sim), 1);
	finish(sim, http);
}

static void
test_endings(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(endings); i++)
		one_ending(&endings[i]);
}

/* The same through the multi engine, all at once. */
static void
test_endings_multi(void **state)
{
	struct http_settings settings = quick();
	settings.answer_timeout_s = 3;
	struct http *http = engine(&settings);
	struct simhttpd *sims[ARRAY_LEN(endings)];
	struct http_multi *multi = NULL;
	struct http_res res;
	struct err err;
	void *tag;

	(void)state;
	assert_true(http_multi_open(http, 4, &multi, &err));
	for (size_t i = 0; i < ARRAY_LEN(endings); i++) {
		const size_t len = endings[i].body_len;
		sims[i] = serve(&endings[i].reply, 1);
		const struct http_req req = request(sims[i], "POST", "/x",
		    len == 0 ? "{\"a\":1}" : text_of(len));
		assert_true(http_multi_add(multi, &req, &sims[i], &err));
	}
	assert_int_equal(http_multi_running(multi), ARRAY_LEN(endings));
	while (http_multi_running(multi) > 0) {
		if (!http_multi_poll(multi, 100, &tag, &res))
			continue;
		const ptrdiff_t i = (struct simhttpd **)tag - sims;
		check_ending(&endings[i], &res);
		assert_int_equal(simhttpd_requests(sims[i]), 1);
	}
	http_multi_close(multi);
	for (size_t i = 0; i < ARRAY_LEN(endings); i++) {
		assert_null(simhttpd_problem(sims[i], true));
		simhttpd_stop(sims[i]);
	}
	http_close(http);
}

/* ---- before anything is sent --------------------------------------------- */
/* A port that nobody listens on. */
static int
closed_port(void)
{
	struct simhttpd *sim = serve(NULL, 0);
	const int port = simhttpd_port(sim);

	simhttpd_stop(sim);
	return port;
}

static void
check_not_sent(const char *url, bool misconfigured, enum err_kind kind)
{
	struct http_settings settings = quick();
	struct http_req req = { .method = "POST", .url = url, .body = "canary",
		.body_len = 6 };
	struct http_res res;
	struct err err;

	settings.connect_timeout_s = 1;
	struct http *http = engine(&settings);
	assert_false(http_do(http, &req, arena, &res, &err));
	if (res.phase != HTTP_NOT_SENT || err.kind != kind)
		fail_msg("%s: %s, %s: %s", url, http_phase_name(res.phase),
		    err_kind_name(err.kind), err.msg);
	assert_int_equal(http_classify(&res),
	    misconfigured ? HTTP_MISCONFIGURED : HTTP_SAFE);
	assert_null(strstr(err.msg, "canary"));
	assert_null(strstr(res.problem, "canary"));
	http_close(http);
}

static void
test_not_sent(void **state)
{
	static const struct sim_reply broken[] = { { .mode = SIM_ACCEPT_CLOSE },
		{ .mode = SIM_HANG } };
	char url[96];

	(void)state;
	(void)snprintf(url, sizeof(url), "http://127.0.0.1:%d/x?canary=1",
	    closed_port());
	check_not_sent(url, false, ERR_RETRY);
	check_not_sent("https://no-such-host.invalid/x?k=canary", false,
	    ERR_RETRY);
	check_not_sent("http://no-such-host.invalid/?canary", true, ERR_CONFIG);
	check_not_sent("ftp://127.0.0.1/?canary", true, ERR_CONFIG);
	check_not_sent("file:///etc/hostname", true, ERR_CONFIG);
	check_not_sent("https://127.0.0.1:99999/?canary", true, ERR_CONFIG);
	/* TLS that breaks, TLS that never comes about. */
	struct simhttpd *sim = serve(broken, 2);
	(void)snprintf(url, sizeof(url), "https://127.0.0.1:%d/?canary",
	    simhttpd_port(sim));
	check_not_sent(url, false, ERR_RETRY);
	check_not_sent(url, false, ERR_RETRY);
	assert_int_equal(simhttpd_requests(sim), 0);
	simhttpd_stop(sim);
}

/* After a good transfer the engine's counters are not the old ones. */
static void
test_not_sent_later(void **state)
{
	static const struct sim_reply script[] = { CREATED };
	const struct http_settings settings = quick();
	struct http *http = engine(&settings);
	struct simhttpd *sim = serve(script, 1);
	struct http_req req = request(sim, "POST", "/x", "{}");
	struct http_res res;
	struct err err;

	(void)state;
	assert_true(http_do(http, &req, arena, &res, &err));
	req.url = arena_printf(arena, "http://127.0.0.1:%d/x", closed_port());
	assert_false(http_do(http, &req, arena, &res, &err));
	assert_int_equal(res.phase, HTTP_NOT_SENT);
	finish(sim, http);
}

/* ---- never twice --------------------------------------------------------- */
/* The first reply leaves the connection open; the second request finds it
 * dying.  libcurl alone would send it again. */
static void
dying_connection(enum sim_mode mode, const char *body, bool with_multi)
{
	const struct sim_reply script[] = { CREATED, { .mode = mode },
		{ .status = 201, .body = "{\"id\":\"twice\"}" } };
	const struct http_settings settings = quick();
	struct http *http = engine(&settings);
	struct simhttpd *sim = serve(script, 3);
	const struct http_req req = request(sim, "POST", "/x", body);
	struct http_multi *multi = NULL;
	struct http_res res;
	struct err err;
	void *tag;

	assert_true(http_multi_open(http, 1, &multi, &err));
	for (int i = 0; i < 2; i++) {
		if (!with_multi) {
			assert_int_equal(
			    http_do(http, &req, arena, &res, &err), i == 0);
			continue;
		}
		assert_true(http_multi_add(multi, &req, NULL, &err));
		while (!http_multi_poll(multi, 100, &tag, &res))
			assert_int_equal(http_multi_running(multi), 1);
	}
	assert_int_equal(http_classify(&res), HTTP_UNKNOWN);
	assert_int_equal(res.phase, HTTP_SENT);
	assert_int_equal(simhttpd_requests(sim), 2);
	assert_null(simhttpd_problem(sim, false));
	http_multi_close(multi);
	http_close(http);
	simhttpd_stop(sim);
}

static void
test_never_twice(void **state)
{
	static const enum sim_mode modes[] = { SIM_CLOSE, SIM_RST,
		SIM_CLOSE_EARLY };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(modes); i++)
		for (int multi = 0; multi < 2; multi++) {
			dying_connection(modes[i], "{\"a\":1}", multi == 1);
			/* Nothing to rewind: only the attempt is counted. */
			dying_connection(modes[i], "", multi == 1);
			dying_connection(modes[i], NULL, multi == 1);
		}
}

/* A large one on a connection that was open: libcurl's counters begin again
 * then, but it never took the whole body from us. */
static void
test_dying_in_the_body(void **state)
{
	static const struct sim_reply script[] = { CREATED,
		{ .mode = SIM_RST_EARLY, .cut = 1000 } };
	const struct http_settings settings = quick();
	struct http *http = engine(&settings);
	struct simhttpd *sim = serve(script, 2);
	struct http_req req = request(sim, "POST", "/x", "{}");
	struct http_res res;

	(void)state;
	assert_true(http_do(http, &req, arena, &res, NULL));
	req = request(sim, "POST", "/x", text_of(9000000));
	assert_false(http_do(http, &req, arena, &res, NULL));
	assert_int_equal(res.phase, HTTP_PARTLY_SENT);
	assert_int_equal(http_classify(&res), HTTP_SAFE);
	assert_int_equal(simhttpd_requests(sim), 2);
	finish(sim, http);
}

/* The server drops the idle connection between two requests. */
static void
test_idle_drop(void **state)
{
	static const struct sim_reply script[] = { { .status = 201,
		.body = "{}", .mode = SIM_REPLY_DROP, .repeat = 19 } };
	const struct http_settings settings = quick();
	struct http *http = engine(&settings);
	struct simhttpd *sim = serve(script, 1);
	const struct http_req req = request(sim, "POST", "/x", "{}");
	struct http_res res;
	size_t done = 0;

	(void)state;
	for (int i = 0; i < 20; i++) {
		if (http_do(http, &req, arena, &res, NULL))
			done++;
		else
			assert_int_equal(http_classify(&res), HTTP_UNKNOWN);
	}
	/* What failed was not repeated; what succeeded came once. */
	assert_true(simhttpd_requests(sim) <= 20);
	assert_true(simhttpd_requests(sim) >= done);
	assert_true(done > 0);
	http_close(http);
	simhttpd_stop(sim);
}

static void
test_reuse(void **state)
{
	static const struct sim_reply script[] = { { .status = 201,
		.body = "{}", .repeat = 5 } };
	struct http_settings settings = quick();
	struct http_res res;

	(void)state;
	for (long idle = 0; idle <= 5; idle += 5) {
		struct simhttpd *sim = serve(script, 1);
		settings.max_idle_s = idle;
		struct http *http = engine(&settings);
		const struct http_req req = request(sim, "POST", "/x", "{}");
		for (int i = 0; i < 6; i++)
			assert_true(http_do(http, &req, arena, &res, NULL));
		assert_int_equal(simhttpd_connections(sim), idle == 0 ? 6 : 1);
		finish(sim, http);
	}
}

/* ---- what goes out ------------------------------------------------------- */
static void
test_bytes(void **state)
{
	static const struct sim_reply script[] = { CREATED, CREATED, CREATED,
		{ .status = 204 }, { .status = 200 } };
	static const char *const headers[][2] = { { "X-Api-Key", "k" },
		{ "Content-Type", "application/json" }, { "X-Empty", "" },
		{ NULL, NULL } };
	const struct http_settings settings = quick();
	struct http *http = engine(&settings);
	struct simhttpd *sim = serve(script, 5);
	struct http_req req = request(sim, "POST", "/a?b=c", "{\"n\":1}");
	struct http_res res;

	(void)state;
	req.headers = headers;
	assert_true(http_do(http, &req, arena, &res, NULL));
	assert_string_equal(simhttpd_request(sim, 0),
	    arena_printf(arena,
		"POST /a?b=c HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n"
		"User-Agent: npsync/" NPSYNC_VERSION "\r\nAccept: */*\r\n"
		"X-Api-Key: k\r\nContent-Type: application/json\r\n"
		"X-Empty:\r\nContent-Length: 7\r\n\r\n{\"n\":1}",
		simhttpd_port(sim)));
	req = request(sim, "PATCH", "/p", "b\0dy");
	req.body_len = 4;
	assert_true(http_do(http, &req, arena, &res, NULL));
	assert_non_null(strstr(simhttpd_request(sim, 1), "PATCH /p HTTP/1.1"));
	assert_non_null(strstr(simhttpd_request(sim, 1), "Length: 4\r\n"));
	assert_null(strstr(simhttpd_request(sim, 1), "Content-Type"));
	assert_memory_equal(simhttpd_body(sim, 1), "b\0dy", 4);
	req = request(sim, "GET", "/g", NULL);
	assert_true(http_do(http, &req, arena, &res, NULL));
	assert_null(strstr(simhttpd_request(sim, 2), "Accept-Encoding"));
	assert_null(strstr(simhttpd_request(sim, 2), "Content-"));
	req = request(sim, "DELETE", "/d", NULL);
	assert_true(http_do(http, &req, arena, &res, NULL));
	assert_non_null(strstr(simhttpd_request(sim, 3), "DELETE /d HTTP/1.1"));
	req = request(sim, "POST", "/e", NULL);
	assert_true(http_do(http, &req, arena, &res, NULL));
	assert_non_null(strstr(simhttpd_request(sim, 4), "Length: 0\r\n"));
	finish(sim, http);
}

static void
test_bad_requests(void **state)
{
	static const char *const bad[][2][2] = {
		{ { "X", "a\r\nY: b" }, { NULL, NULL } },
		{ { "X\r\nY", "b" }, { NULL, NULL } },
		{ { "X: y", "b" }, { NULL, NULL } },
		{ { "X", "a\x7f" }, { NULL, NULL } },
		{ { "", "a" }, { NULL, NULL } },
		{ { "X", NULL }, { NULL, NULL } },
	};
	const struct http_settings settings = quick();
	struct http *http = engine(&settings);
	struct simhttpd *sim = serve(NULL, 0);
	struct http_req req = request(sim, "GET", "/", NULL);
	struct http_res res;
	struct err err;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		req.headers = bad[i];
		assert_false(http_do(http, &req, arena, &res, &err));
		assert_int_equal(err.kind, ERR_CONFIG);
	}
	req.headers = NULL;
	req.url = arena_printf(arena, "%s/a\r\nX: y", simhttpd_url(sim));
	assert_false(http_do(http, &req, arena, &res, &err));
	/* A user in the address would become a header. */
	req.url = arena_printf(arena, "http://user:canary@127.0.0.1:%d/",
	    simhttpd_port(sim));
	assert_false(http_do(http, &req, arena, &res, &err));
	assert_int_equal(err.kind, ERR_CONFIG);
	assert_null(strstr(err.msg, "canary"));
	req.url = NULL;
	assert_false(http_do(http, &req, arena, &res, &err));
	assert_int_equal(err.kind, ERR_CONFIG);
	assert_int_equal(simhttpd_connections(sim), 0);
	finish(sim, http);
}

/* A redirect to another listener: nothing arrives there. */
static void
test_redirect(void **state)
{
	static const char *const key[][2] = { { "X-Api-Key", "canary" },
		{ NULL, NULL } };
	static const long statuses[] = { 301, 302, 303, 307, 308 };
	const struct http_settings settings = quick();
	struct simhttpd *foreign = serve(NULL, 0);

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(statuses); i++) {
		const struct sim_reply reply = { .status = (int)statuses[i],
			.headers = arena_printf(arena, "Location: %s/x\r\n",
			    simhttpd_url(foreign)) };
		struct http *http = engine(&settings);
		struct simhttpd *sim = serve(&reply, 1);
		struct http_req req = request(sim, "GET", "/", NULL);
		struct http_res res;
		struct err err;
		req.headers = key;
		assert_true(http_do(http, &req, arena, &res, &err));
		assert_int_equal(res.status, statuses[i]);
		assert_non_null(strstr(res.location, simhttpd_url(foreign)));
		assert_false(http_expect_ok(&req, &res, &err));
		assert_int_equal(err.kind, ERR_CONFIG);
		finish(sim, http);
	}
	assert_int_equal(simhttpd_bytes(foreign), 0);
	simhttpd_stop(foreign);
}

static void
test_environment(void **state)
{
	static const char *const names[] = { "http_proxy", "https_proxy",
		"HTTPS_PROXY", "all_proxy", "ALL_PROXY" };
	static const struct sim_reply script[] = { { .status = 200 } };
	const struct http_settings settings = quick();
	struct simhttpd *proxy = serve(NULL, 0);
	struct simhttpd *sim = serve(script, 1);
	struct http_res res;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		(void)setenv(names[i], simhttpd_url(proxy), 1);
	(void)setenv("SSLKEYLOGFILE", "/nonexistent/keys", 1);
	struct http *http = engine(&settings);
	assert_null(getenv("SSLKEYLOGFILE"));
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		assert_null(getenv(names[i]));
	/* Set again behind its back: still none. */
	(void)setenv("http_proxy", simhttpd_url(proxy), 1);
	const struct http_req req = request(sim, "GET", "/", NULL);
	assert_true(http_do(http, &req, arena, &res, NULL));
	(void)unsetenv("http_proxy");
	assert_int_equal(simhttpd_bytes(proxy), 0);
	simhttpd_stop(proxy);
	finish(sim, http);
}

/* ---- what comes back ----------------------------------------------------- */
static void
test_headers(void **state)
{
	static const struct sim_reply script[] = { { .status = 200,
		.headers = "content-type:  application/json \r\n"
			   "ETAG: \"7\"\r\nLink: <a>; rel=next\r\n"
			   "Link: <b>; rel=prev\r\nLocation: /x\r\n"
			   "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
			   "Retry-After: Sun, 06 Nov 1994 08:49:47 GMT\r\n",
		.body = "a\0b", .body_len = 3 }, { .status = 200 } };
	const struct http_settings settings = quick();
	struct http *http = engine(&settings);
	struct simhttpd *sim = serve(script, 2);
	const struct http_req req = request(sim, "GET", "/", NULL);
	struct http_res res;

	(void)state;
	assert_true(http_do(http, &req, arena, &res, NULL));
	assert_string_equal(res.content_type, "application/json");
	assert_string_equal(res.etag, "\"7\"");
	assert_string_equal(res.link, "<a>; rel=next, <b>; rel=prev");
	assert_string_equal(res.location, "/x");
	assert_int_equal(res.date, 784111777);
	assert_int_equal(res.retry_after_s, 10);
	assert_int_equal(res.body_len, 3);
	assert_memory_equal(res.body, "a\0b", 4);
	assert_true(http_do(http, &req, arena, &res, NULL));
	assert_null(res.content_type);
	assert_null(res.etag);
	assert_null(res.link);
	assert_int_equal(res.date, NO_TIME);
	assert_int_equal(res.retry_after_s, -1);
	assert_string_equal(res.body, "");
	finish(sim, http);
}

static void
test_ceilings(void **state)
{
	const char *big = text_of(HTTP_ANSWER_MAX + 1);
	const struct sim_reply script[] = {
		{ .status = 200, .body = big, .body_len = HTTP_ANSWER_MAX },
		{ .status = 200, .body = big },
		{ .status = 200, .body = "12345" },
		{ .status = 201, .body = "123456" },
		{ .status = 200, .headers = arena_printf(arena, "X: %.300000s"
		    "\r\n", big) },
	};
	const struct http_settings settings = quick();
	struct http *http = engine(&settings);
	struct simhttpd *sim = serve(script, ARRAY_LEN(script));
	struct http_req req = request(sim, "GET", "/", NULL);
	struct http_res res;
	struct err err;

	(void)state;
	assert_true(http_do(http, &req, arena, &res, &err));
	assert_int_equal(res.body_len, HTTP_ANSWER_MAX);
	assert_false(http_do(http, &req, arena, &res, &err));
	assert_int_equal(err.kind, ERR_PROTOCOL);
	assert_string_equal(err.msg, "GET /: the answer is too large");
	assert_true(res.too_large);
	req.answer_max = 5;
	assert_true(http_do(http, &req, arena, &res, &err));
	req.method = "POST";
	req.repeatable = false;
	assert_false(http_do(http, &req, arena, &res, &err));
	assert_int_equal(http_classify(&res), HTTP_DONE_NO_BODY);
	assert_string_equal(res.body, "");
	/* No smaller page cures long headers. */
	assert_false(http_do(http, &req, arena, &res, &err));
	assert_false(res.too_large);
	finish(sim, http);
}

/* What somebody knows of a service: 503 with a time means that nothing was
 * done.  Without a time, or for another status, nothing is known. */
static void
test_declared_safe(void **state)
{
	static const struct {
		struct sim_reply reply;
		enum http_class class;
	} cases[] = {
		{ { .status = 503, .headers = "Retry-After: 1\r\n" }, HTTP_SAFE },
		{ { .status = 503, .headers = "Retry-After: soon\r\n" },
		    HTTP_UNKNOWN },
		{ { .status = 503 }, HTTP_UNKNOWN },
		{ { .status = 502, .headers = "Retry-After: 1\r\n" },
		    HTTP_UNKNOWN },
	};
	static const int64_t safe[] = { 503 };
	struct http_settings settings = quick();

	(void)state;
	settings.safe_status = safe;
	settings.n_safe = ARRAY_LEN(safe);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct http *http = engine(&settings);
		struct simhttpd *sim = serve(&cases[i].reply, 1);
		const struct http_req req = request(sim, "POST", "/", "{}");
		struct http_res res;
		struct err err;

		if (!http_do(http, &req, arena, &res, &err))
			fail_msg("%s", err.msg);
		if (http_classify(&res) != cases[i].class)
			fail_msg("case %zu: %s", i,
			    http_class_name(http_classify(&res)));
		assert_int_equal(simhttpd_requests(sim), 1);
		finish(sim, http);
	}
}

/* ---- tries --------------------------------------------------------------- */
static void
test_tries(void **state)
{
	static const struct sim_reply script[] = { { .status = 500 },
		{ .mode = SIM_CLOSE },
		{ .status = 429, .headers = "Retry-After: 0\r\n" },
		{ .status = 200, .body = "{}" } };
	const struct http_settings settings = quick();
	struct http *http = engine(&settings);
	struct simhttpd *sim = serve(script, 4);
	const struct http_req req = request(sim, "GET", "/", NULL);
	struct http_res res;
	struct err err;

	(void)state;
	if (!http_do(http, &req, arena, &res, &err))
		fail_msg("%s", err.msg);
	assert_int_equal(res.tries, 4);
	assert_int_equal(res.status, 200);
	assert_int_equal(simhttpd_requests(sim), 4);
	finish(sim, http);
}

/* Status, the number of requests for a GET; always one for a POST. */
static void
test_which_are_tried(void **state)
{
	static const struct {
		int status;
		size_t tries;
		enum err_kind kind;
	} cases[] = { { 408, 4, ERR_RETRY }, { 425, 4, ERR_RETRY },
		{ 429, 4, ERR_THROTTLED }, { 500, 4, ERR_RETRY },
		{ 503, 4, ERR_RETRY }, { 599, 4, ERR_RETRY },
		{ 400, 1, ERR_PROTOCOL }, { 401, 1, ERR_AUTH },
		{ 403, 1, ERR_AUTH }, { 404, 1, ERR_GONE },
		{ 410, 1, ERR_GONE }, { 409, 1, ERR_PROTOCOL },
		{ 302, 1, ERR_CONFIG }, { 200, 1, ERR_NONE } };
	const struct http_settings settings = quick();

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const struct sim_reply reply = { .status = cases[i].status,
			.repeat = 100 };
		struct http *http = engine(&settings);
		struct simhttpd *sim = serve(&reply, 1);
		struct http_req req = request(sim, "GET", "/a/b?c=canary",
		    NULL);
		struct http_res res;
		struct err err = { .kind = ERR_NONE };
		assert_true(http_do(http, &req, arena, &res, &err));
		assert_int_equal(res.status, cases[i].status);
		assert_int_equal(simhttpd_requests(sim), cases[i].tries);
		assert_int_equal(http_expect_ok(&req, &res, &err),
		    cases[i].kind == ERR_NONE);
		assert_int_equal(err.kind, cases[i].kind);
		assert_null(strstr(err.msg, "canary"));
		req.method = "POST";
		req.repeatable = false;
		assert_true(http_do(http, &req, arena, &res, &err));
		assert_int_equal(simhttpd_requests(sim), cases[i].tries + 1);
		http_close(http);
		simhttpd_stop(sim);
	}
}

/* A server may put our key into the path of a next page. */
static void
test_key_in_the_path(void **state)
{
	static const char *const headers[][2] = { { "Accept", "json" },
		{ "Authorization", "Bearer k3y-of+ours=" }, { NULL, NULL } };
	const struct http_req req = { .method = "GET", .headers = headers,
		.url = "https://a.dk/k3y-of+ours=/json/k3y-of%2Bours%3Dk3y-of+"
		       "ours=?k3y-of+ours=" };
	const struct http_res res = { .phase = HTTP_COMPLETE, .status = 404 };
	struct err err;

	(void)state;
	assert_string_equal(http_url_for_log(arena, &req),
	    "https://a.dk/************/json/****************************");
	assert_false(http_expect_ok(&req, &res, &err));
	assert_string_equal(err.msg,
	    "GET /************/json/****************************: HTTP 404");
}

static void
test_messages(void **state)
{
	static const struct sim_reply script[] = {
		{ .status = 500, .body = "canary", .repeat = 3 },
		{ .mode = SIM_CLOSE, .repeat = 3 } };
	const struct http_settings settings = quick();
	struct http *http = engine(&settings);
	struct simhttpd *sim = serve(script, 2);
	const struct http_req req = request(sim, "GET", "/a/b?c=canary", NULL);
	struct http_res res;
	struct err err;

	(void)state;
	assert_true(http_do(http, &req, arena, &res, &err));
	assert_false(http_expect_ok(&req, &res, &err));
	assert_string_equal(err.msg, "GET /a/b: HTTP 500 after 4 tries");
	assert_int_equal(err.code, 500);
	assert_false(http_do(http, &req, arena, &res, &err));
	assert_int_equal(err.kind, ERR_RETRY);
	assert_int_equal(err.code, 52);
	assert_non_null(strstr(err.msg, "GET /a/b: "));
	assert_non_null(strstr(err.msg, " after 4 tries"));
	finish(sim, http);
}

static void
test_throttled(void **state)
{
	static const struct sim_reply script[] = { { .status = 429,
		.headers = "Retry-After: 301\r\n", .repeat = 1 } };
	const struct http_settings settings = quick();
	struct http *http = engine(&settings);
	struct simhttpd *sim = serve(script, 1);
	struct http_req req = request(sim, "GET", "/", NULL);
	struct http_res res;
	struct err err;

	(void)state;
	assert_false(http_do(http, &req, arena, &res, &err));
	assert_int_equal(err.kind, ERR_THROTTLED);
	assert_int_equal(err.retry_after_s, 301);
	assert_int_equal(simhttpd_requests(sim), 1);
	/* Nor does anything else go out before that. */
	req.repeatable = false;
	assert_false(http_do(http, &req, arena, &res, &err));
	assert_int_equal(err.kind, ERR_THROTTLED);
	assert_true(err.retry_after_s >= 290 && err.retry_after_s <= 301);
	assert_int_equal(res.phase, HTTP_NOT_SENT);
	assert_int_equal(simhttpd_requests(sim), 1);
	http_close(http);
	/* One that is not repeatable has its answer. */
	http = engine(&settings);
	assert_true(http_do(http, &req, arena, &res, &err));
	assert_int_equal(res.retry_after_s, 301);
	finish(sim, http);
}

/* No request inside a Retry-After. */
static void
test_retry_after_waits(void **state)
{
	static const struct sim_reply script[] = {
		{ .status = 503, .headers = "Retry-After: 1\r\n" },
		{ .status = 200 } };
	const struct http_settings settings = quick();
	struct http *http = engine(&settings);
	struct simhttpd *sim = serve(script, 2);
	const struct http_req req = request(sim, "GET", "/", NULL);
	struct http_res res;

	(void)state;
	const int64_t start = clock_boottime_ms();
	assert_true(http_do(http, &req, arena, &res, NULL));
	assert_true(clock_boottime_ms() - start >= 1000);
	finish(sim, http);
}

/* ---- cancelled ----------------------------------------------------------- */
static int64_t cancel_at_ms;

static bool
cancelled_soon(void)
{
	return clock_boottime_ms() >= cancel_at_ms;
}

static void
test_cancelled(void **state)
{
	static const struct sim_reply script[] = {
		{ .status = 429, .headers = "Retry-After: 300\r\n" } };
	const struct http_settings settings = quick();
	struct simhttpd *sim = serve(script, 1);
	const struct http_req req = request(sim, "GET", "/", NULL);
	struct http *http = NULL;
	struct http_res res;
	struct err err;

	(void)state;
	/* In the wait. */
	cancel_at_ms = clock_boottime_ms() + 300;
	assert_true(http_open(&settings, cancelled_soon, &http, &err));
	assert_false(http_do(http, &req, arena, &res, &err));
	assert_int_equal(err.kind, ERR_CANCELLED);
	/* Before it begins. */
	assert_false(http_do(http, &req, arena, &res, &err));
	assert_int_equal(err.kind, ERR_CANCELLED);
	assert_int_equal(res.phase, HTTP_NOT_SENT);
	assert_int_equal(simhttpd_requests(sim), 1);
	finish(sim, http);
}

/* A read in flight is broken off, a POST is waited for. */
static void
test_cancelled_in_flight(void **state)
{
	static const struct sim_reply script[] = {
		{ .target = "POST", .status = 201, .body = "{}",
		    .delay_ms = 1300 },
		{ .target = "GET", .mode = SIM_HANG } };
	const struct http_settings settings = quick();
	struct simhttpd *sim = serve(script, 2);
	struct http *http = NULL;
	struct http_res res;
	struct err err;

	(void)state;
	cancel_at_ms = clock_boottime_ms() + 300;
	assert_true(http_open(&settings, cancelled_soon, &http, &err));
	struct http_req req = request(sim, "POST", "/", "{}");
	assert_true(http_do(http, &req, arena, &res, &err));
	assert_int_equal(res.status, 201);
	req = request(sim, "GET", "/", NULL);
	const int64_t start = clock_boottime_ms();
	cancel_at_ms = start + 300;
	assert_false(http_do(http, &req, arena, &res, &err));
	assert_int_equal(err.kind, ERR_CANCELLED);
	assert_true(clock_boottime_ms() - start < 15000);
	finish(sim, http);
}

/* ---- many at a time ------------------------------------------------------ */
static void
test_multi(void **state)
{
	static const struct sim_reply script[] = {
		{ .status = 201, .body = "{\"id\":1}", .repeat = 199 } };
	const struct http_settings settings = quick();
	struct http *http = engine(&settings);
	struct simhttpd *sim = serve(script, 1);
	struct http_multi *multi = NULL;
	bool seen[200] = { false };
	struct http_res res;
	struct err err;
	void *tag;

	(void)state;
	assert_true(http_multi_open(http, 8, &multi, &err));
	assert_false(http_multi_poll(multi, 1000, &tag, &res));
	for (int i = 0; i < 200; i++) {
		/* Copied: the texts do not outlive the call. */
		char body[32], key[] = "X-Ref", value[16];
		const char *const headers[][2] = { { key, value },
			{ NULL, NULL } };
		(void)snprintf(body, sizeof(body), "{\"n\":%d}", i);
		(void)snprintf(value, sizeof(value), "r%d", i);
		struct http_req req = request(sim, "POST", "/x", body);
		req.headers = headers;
		req.repeatable = true;	/* not here */
		assert_true(http_multi_add(multi, &req, &seen[i], &err));
		memset(body, '?', sizeof(body));
		memset(value, '?', sizeof(value));
	}
	for (int left = 200; left > 0; left--) {
		assert_int_equal(http_multi_running(multi), left);
		while (!http_multi_poll(multi, 1000, &tag, &res))
			;
		assert_int_equal(http_classify(&res), HTTP_DONE);
		assert_false(*(bool *)tag);
		*(bool *)tag = true;
	}
	assert_false(http_multi_poll(multi, 0, &tag, &res));
	assert_true(simhttpd_connections(sim) <= 8);
	bool sent[200] = { false };
	for (size_t i = 0; i < 200; i++) {
		struct json_doc *doc = NULL;
		const char *body = simhttpd_body(sim, i);
		assert_true(json_parse(body, strlen(body), &doc, NULL));
		const size_t n = (size_t)json_integer_value(
		    json_at(json_root(doc), "n"));
		assert_false(sent[n]);
		sent[n] = true;
		assert_non_null(strstr(simhttpd_request(sim, i),
		    arena_printf(arena, "X-Ref: r%zu\r\n", n)));
		json_free(doc);
	}
	http_multi_close(multi);
	finish(sim, http);
}

static void
test_multi_no_retry(void **state)
{
	static const struct sim_reply script[] = { { .status = 503 } };
	const struct http_settings settings = quick();
	struct http *http = engine(&settings);
	struct simhttpd *sim = serve(script, 1);
	struct http_req req = request(sim, "GET", "/", NULL);
	struct http_multi *multi = NULL;
	struct http_res res;
	struct err err;
	void *tag;

	(void)state;
	assert_true(http_multi_open(http, 8, &multi, &err));
	assert_true(http_multi_add(multi, &req, NULL, &err));
	while (!http_multi_poll(multi, 100, &tag, &res))
		;
	assert_int_equal(res.status, 503);
	assert_int_equal(http_multi_running(multi), 0);
	http_multi_close(multi);
	finish(sim, http);
}

/* What has no address comes back, and takes nothing down. */
static void
test_multi_no_address(void **state)
{
	const struct http_settings settings = quick();
	struct http *http = engine(&settings);
	const struct http_req req = { .method = "POST" };
	struct http_multi *multi = NULL;
	struct http_res res;
	struct err err;
	void *tag;

	(void)state;
	assert_true(http_multi_open(http, 1, &multi, &err));
	assert_true(http_multi_add(multi, &req, NULL, &err));
	assert_true(http_multi_poll(multi, 100, &tag, &res));
	assert_int_equal(res.phase, HTTP_NOT_SENT);
	assert_int_equal(http_classify(&res), HTTP_MISCONFIGURED);
	http_multi_close(multi);
	http_close(http);
}

/* A hold, and a cancel that gives back what has not begun. */
static void
test_multi_hold(void **state)
{
	static const struct sim_reply script[] = { CREATED };
	const struct http_settings settings = quick();
	struct http *http = engine(&settings);
	struct simhttpd *sim = serve(script, 1);
	const struct http_req req = request(sim, "POST", "/", "{}");
	struct http_multi *multi = NULL;
	struct http_res res;
	struct err err;
	void *tag;

	(void)state;
	assert_true(http_multi_open(http, 8, &multi, &err));
	http_multi_hold(multi, 1);
	http_multi_hold(multi, 0);
	const int64_t start = clock_boottime_ms();
	assert_true(http_multi_add(multi, &req, NULL, &err));
	assert_false(http_multi_poll(multi, 200, &tag, &res));
	assert_int_equal(simhttpd_connections(sim), 0);
	while (!http_multi_poll(multi, 200, &tag, &res))
		;
	assert_true(clock_boottime_ms() - start >= 1000);
	assert_int_equal(res.status, 201);
	http_multi_hold(multi, 300);
	assert_true(http_multi_add(multi, &req, NULL, &err));
	assert_true(http_multi_add(multi, &req, NULL, &err));
	assert_false(http_multi_poll(multi, 10, &tag, &res));
	is_cancelled = true;
	for (int left = 1; left >= 0; left--) {
		assert_true(http_multi_poll(multi, 0, &tag, &res));
		assert_int_equal(res.phase, HTTP_NOT_SENT);
		assert_int_equal(http_classify(&res), HTTP_SAFE);
		assert_int_equal(http_multi_running(multi), left);
	}
	http_multi_close(multi);
	finish(sim, http);
}

/* What is under way is waited for, whatever the request says. */
static void
test_multi_cancelled(void **state)
{
	static const struct sim_reply script[] = { { .status = 201,
		.body = "{}", .delay_ms = 1300 } };
	const struct http_settings settings = quick();
	struct http *http = engine(&settings);
	struct simhttpd *sim = serve(script, 1);
	struct http_req req = request(sim, "POST", "/", "{}");
	struct http_multi *multi = NULL;
	struct http_res res;
	struct err err;
	void *tag;

	(void)state;
	req.repeatable = true;
	assert_true(http_multi_open(http, 8, &multi, &err));
	assert_true(http_multi_add(multi, &req, NULL, &err));
	assert_false(http_multi_poll(multi, 100, &tag, &res));
	is_cancelled = true;
	while (!http_multi_poll(multi, 100, &tag, &res))
		assert_int_equal(http_multi_running(multi), 1);
	assert_int_equal(res.status, 201);
	http_multi_close(multi);
	finish(sim, http);
}

/* Closed with transfers under way and waiting: no leak, no crash. */
static void
test_multi_close(void **state)
{
	static const struct sim_reply script[] = { { .mode = SIM_HANG } };
	const struct http_settings settings = quick();
	struct http *http = engine(&settings);
	struct simhttpd *sim = serve(script, 1);
	const struct http_req req = request(sim, "POST", "/", "{}");
	struct http_multi *multi = NULL;
	struct http_res res;
	struct err err;
	void *tag;

	(void)state;
	assert_true(http_multi_open(http, 1, &multi, &err));
	for (int i = 0; i < 3; i++)
		assert_true(http_multi_add(multi, &req, NULL, &err));
	assert_false(http_multi_poll(multi, 300, &tag, &res));
	assert_int_equal(http_multi_running(multi), 3);
	http_multi_close(multi);
	http_multi_close(NULL);
	finish(sim, http);
}

/* 50 a second, http_do and multi out of one bucket: 15 requests take 14 gaps
 * of 20 ms. */
static void
test_rate(void **state)
{
	static const struct sim_reply script[] = { { .status = 200,
		.repeat = 14 } };
	struct http_settings settings = quick();
	struct simhttpd *sim = serve(script, 1);
	const struct http_req req = request(sim, "GET", "/", NULL);
	struct http_multi *multi = NULL;
	struct http_res res;
	struct err err;
	void *tag;

	(void)state;
	settings.rate_per_second = 50;
	struct http *http = engine(&settings);
	assert_true(http_multi_open(http, 8, &multi, &err));
	const int64_t start = clock_boottime_ms();
	for (int i = 0; i < 5; i++) {
		assert_true(http_do(http, &req, arena, &res, NULL));
		assert_true(http_multi_add(multi, &req, NULL, &err));
		assert_true(http_multi_add(multi, &req, NULL, &err));
	}
	while (http_multi_running(multi) > 0)
		(void)http_multi_poll(multi, 100, &tag, &res);
	assert_true(clock_boottime_ms() - start >= 14 * 20 - 25);
	http_multi_close(multi);
	finish(sim, http);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_endings, setup, teardown),
		cmocka_unit_test_setup_teardown(test_endings_multi, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(test_not_sent, setup, teardown),
		cmocka_unit_test_setup_teardown(test_not_sent_later, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(test_never_twice, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(test_dying_in_the_body, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(test_idle_drop, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(test_reuse, setup, teardown),
		cmocka_unit_test_setup_teardown(test_bytes, setup, teardown),
		cmocka_unit_test_setup_teardown(test_bad_requests, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(test_redirect, setup, teardown),
		cmocka_unit_test_setup_teardown(test_environment, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(test_headers, setup, teardown),
		cmocka_unit_test_setup_teardown(test_ceilings, setup, teardown),
		cmocka_unit_test_setup_teardown(test_declared_safe, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(test_tries, setup, teardown),
		cmocka_unit_test_setup_teardown(test_which_are_tried, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(test_key_in_the_path, setup, teardown),
		cmocka_unit_test_setup_teardown(test_messages, setup, teardown),
		cmocka_unit_test_setup_teardown(test_throttled, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(test_retry_after_waits, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(test_cancelled, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(test_cancelled_in_flight, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(test_multi, setup, teardown),
		cmocka_unit_test_setup_teardown(test_multi_no_retry, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(test_multi_no_address, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(test_multi_hold, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(test_multi_cancelled, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(test_multi_close, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(test_rate, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
