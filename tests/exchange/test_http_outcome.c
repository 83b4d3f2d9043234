/*
 * The outcome table, walked whole: every status with three bodies over real
 * sockets, every CURLcode in every phase (which of them can be, lib/curlcodes.c
 * says), and some of the codes provoked.
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
#include "curlcodes.h"
#include "http.h"
#include "outcome.h"
#include "simhttpd.h"
#include "url.h"

static struct arena *arena;
static int64_t cancel_at_ms = INT64_MAX;

static bool
cancelled(void)
{
	return clock_boottime_ms() >= cancel_at_ms;
}

static int
setup(void **state)
{
	(void)state;
	cancel_at_ms = INT64_MAX;
	arena = arena_new(1u << 24);
	return arena == NULL;
}

static int
teardown(void **state)
{
	(void)state;
	arena_free(arena);
	return 0;
}

static struct http *
engine(long timeout_s)
{
	struct http_settings s = http_defaults;
	struct http *http = NULL;

	s.backoff_s = 0.001;
	s.backoff_max_s = 0.002;
	s.tries = 1;
	s.connect_timeout_s = s.answer_timeout_s = timeout_s;
	s.low_speed_s = 1;
	s.breaker.in_a_row = 0;
	assert_true(http_open(&s, cancelled, &http, NULL));
	return http;
}

/* ---- written from the pages, not from the table --------------------------- */
static bool
among(long n, const long *list)
{
	for (; *list != 0; list++)
		if (*list == n)
			return true;
	return false;
}

static enum http_class
class_of_status(long status, bool is_done, bool body_sent, bool declared)
{
	static const long permanent[] = { 400, 404, 405, 406, 410, 411, 413,
		414, 415, 422, 0 };
	static const long safe[] = { 423, 425, 429, 0 };

	if (status >= 200 && status <= 299)
		return is_done ? HTTP_DONE : HTTP_DONE_NO_BODY;
	if (status >= 300 && status <= 399)
		return HTTP_MISCONFIGURED;
	if (status >= 401 && status <= 403)
		return HTTP_AUTH;
	if (status == 408)
		return body_sent ? HTTP_UNKNOWN : HTTP_SAFE;
	if (among(status, permanent))
		return HTTP_PERMANENT;
	return among(status, safe) || (declared && status >= 500) ? HTTP_SAFE :
	    HTTP_UNKNOWN;
}

static const long setup_codes[] = { 1, 3, 58, 59, 60, 66, 67, 77, 83, 90, 91,
	0 };
static const long file_codes[] = { 9, 78, 0 };

static enum http_class
expected_class(const struct http_res *res, bool json)
{
	switch (res->phase) {
	case HTTP_NOT_SENT:
		return res->refused_address ||
			among(res->curl_code, setup_codes)
		    ? HTTP_MISCONFIGURED : HTTP_SAFE;
	case HTTP_PARTLY_SENT:
		return HTTP_SAFE;
	case HTTP_SENT:
		return HTTP_UNKNOWN;
	case HTTP_ANSWER_CUT:
		return class_of_status(res->status, false, res->body_sent,
		    res->declared_safe);
	case HTTP_COMPLETE:
		return class_of_status(res->status, json, res->body_sent,
		    res->declared_safe);
	}
	return HTTP_UNKNOWN;
}

static bool
expected_transient(const struct http_res *res)
{
	static const long again[] = { 408, 425, 429, 0 };

	if (res->phase == HTTP_COMPLETE)
		return among(res->status, again) ||
		    (res->status >= 500 && res->status <= 599);
	if (res->phase == HTTP_NOT_SENT)
		return !res->refused_address &&
		    !among(res->curl_code, setup_codes);
	return res->phase == HTTP_ANSWER_CUT ||
	    !among(res->curl_code, file_codes);
}

/* ---- which codes there are ------------------------------------------------ */
static bool
is_reachable(int code, enum http_phase phase)
{
	const struct curlcode *c = curlcode_find(code);

	return c != NULL && (c->phases & 1u << phase) != 0;
}

/* A code of libcurl's headers without a line: somebody must judge it. */
static void
test_codes(void **state)
{
	size_t reachable = 0, pairs = 0, over_sockets = 0, said = 0;

	(void)state;
	for (int code = 0; code < curlcodes_last(); code++)
		if (curlcode_find(code) == NULL)
			fail_msg("CURLcode %d of %d has no line in "
			    "tests/lib/curlcodes.c", code, curlcodes_last());
	assert_int_equal(n_curlcodes, curlcodes_last());
	for (size_t i = 0; i < n_curlcodes; i++) {
		const struct curlcode *c = &curlcodes[i];
		if (c->phases == 0 && (c->why == NULL || *c->why == '\0'))
			fail_msg("%s: why can it not be?", c->name);
		reachable += c->phases != 0;
		if (c->phases != 0 && c->why != NULL) {
			const bool checked = strcmp(c->why,
				CURLCODES_OUTCOME) == 0 ||
			    strcmp(c->why, CURLCODES_TLS) == 0;
			over_sockets += checked;
			said += !checked;
		}
		for (int phase = HTTP_NOT_SENT; phase <= HTTP_COMPLETE; phase++)
			pairs += (c->phases & 1u << phase) != 0;
	}
	print_message("# %zu CURLcodes: %zu cannot be, each with its reason; %zu "
	    "can, in %zu pairs with a phase, %zu of them provoked over sockets "
	    "and %zu more said to be\n", n_curlcodes, n_curlcodes - reachable,
	    reachable, pairs, over_sockets, said);
	assert_true(reachable >= 25);
}

/* ---- the table alone ------------------------------------------------------ */
static const char *const bodies[] = { "{\"id\": 7}", "", "<html>\x01" };

static bool row_met[64];

static size_t
walk_bodies(struct http_res *res)
{
	for (size_t b = 0; b < ARRAY_LEN(bodies); b++) {
		res->body = bodies[b];
		res->body_len = strlen(bodies[b]);
		const enum http_class want = expected_class(res, b == 0);
		if (http_classify(res) != want ||
		    http_is_transient(res) != expected_transient(res))
			fail_msg("%s, CURLcode %d, status %ld, body %zu: %s%s",
			    http_phase_name(res->phase), res->curl_code,
			    res->status, b,
			    http_class_name(http_classify(res)),
			    http_is_transient(res) ? ", transient" : "");
		assert_int_equal(http_is_misconfigured(res),
		    res->phase == HTTP_NOT_SENT && want == HTTP_MISCONFIGURED);
		row_met[outcome_of(res) - outcome_table] = true;
	}
	return ARRAY_LEN(bodies);
}

static size_t
walk_statuses(enum http_phase phase, int code)
{
	/* A status has come in these two only. */
	const bool answered = phase >= HTTP_ANSWER_CUT;
	size_t n = 0;

	for (long status = answered ? 100 : 0; status < (answered ? 600 : 1);
	    status++)
		for (int flags = 0; flags < 8; flags++) {
			struct http_res res = { .phase = phase,
				.curl_code = code, .status = status,
				.body_sent = (flags & 1) != 0,
				.refused_address = (flags & 2) != 0,
				.declared_safe = (flags & 4) != 0,
				.retry_after_s = -1 };
			n += walk_bodies(&res);
		}
	return n;
}

static void
test_table(void **state)
{
	size_t n = 0, pairs = 0, reachable = 0;

	(void)state;
	assert_true(outcome_rows <= ARRAY_LEN(row_met));
	for (int code = 0; code < curlcodes_last(); code++)
		for (int p = HTTP_NOT_SENT; p <= HTTP_COMPLETE; p++) {
			const enum http_phase phase = (enum http_phase)p;
			const bool can_be = is_reachable(code, phase);
			/* What cannot be is walked too, where it costs little:
			 * the long phases do not look at the code. */
			if (!can_be && p >= HTTP_ANSWER_CUT && code % 10 != 0)
				continue;
			n += walk_statuses(phase, code);
			pairs++;
			reachable += can_be;
		}
	for (size_t i = 0; i < outcome_rows; i++)
		if (!row_met[i])
			fail_msg("row %zu of the table is never reached", i);
	print_message("# %zu results against the table, all %zu rows met: %zu "
	    "pairs of CURLcode and phase, %zu of them can be\n", n,
	    outcome_rows, pairs, reachable);
}

/* ---- every status over real sockets --------------------------------------- */
#define PER_SERVER 100

static void
script_make(struct sim_reply *script, int from)
{
	for (int i = 0; i < PER_SERVER * 3; i++) {
		const int status = from + i / 3;
		/* Nothing follows an interim answer; 101 leaves HTTP. */
		script[i] = (struct sim_reply){ .status = status,
			.body = bodies[i % 3],
			.mode = status < 200 ? SIM_REPLY_DROP : SIM_REPLY };
	}
}

static void
check_status(const struct http_res *res, int status, int body)
{
	const bool has_body = status >= 200 && status != 204 && status != 304;
	const enum http_class want = status < 200 ? HTTP_UNKNOWN
	    : class_of_status(status, has_body && body == 0, true,
		false);

	if (http_classify(res) != want)
		fail_msg("status %d, body %d: %s, phase %s, CURLcode %d",
		    status, body, http_class_name(http_classify(res)),
		    http_phase_name(res->phase), res->curl_code);
	assert_int_equal(res->phase,
	    status < 200 ? HTTP_SENT : HTTP_COMPLETE);
	if (!is_reachable(res->curl_code, res->phase))
		fail_msg("status %d: CURLcode %d, %s, of which curlcodes.c says "
		    "that it cannot be", status, res->curl_code,
		    http_phase_name(res->phase));
	assert_int_equal(res->status, status < 200 ? 0 : status);
	assert_int_equal(res->body_len,
	    has_body ? strlen(bodies[body]) : 0);
}

static size_t
one_hundred(int from)
{
	static struct sim_reply script[PER_SERVER * 3];
	struct http *http = engine(20);

	script_make(script, from);
	struct simhttpd *sim = simhttpd_start(script, ARRAY_LEN(script));
	assert_non_null(sim);
	const struct http_req req = { .method = "POST", .body = "{\"a\":1}",
		.body_len = 7, .url = url_join(arena, simhttpd_url(sim), "x") };
	for (int i = 0; i < PER_SERVER * 3; i++) {
		AUTO(arena) struct arena *own = arena_new(1u << 16);
		struct http_res res;
		struct err err;
		const bool ok = http_do(http, &req, own, &res, &err);
		assert_int_equal(ok, res.phase == HTTP_COMPLETE);
		check_status(&res, from + i / 3, i % 3);
	}
	/* Once each, whatever came of it. */
	const size_t n = simhttpd_requests(sim);
	assert_int_equal(n, PER_SERVER * 3);
	assert_null(simhttpd_problem(sim, true));
	simhttpd_stop(sim);
	http_close(http);
	return n;
}

static void
test_statuses(void **state)
{
	size_t n = 0;

	(void)state;
	for (int from = 100; from < 600; from += PER_SERVER)
		n += one_hundred(from);
	print_message("# %zu POSTs, 500 statuses x 3 bodies\n", n);
}

/* ---- CURLcodes, provoked -------------------------------------------------- */
struct provoked {
	const char *name, *url;	/* url: NULL = the server below */
	struct sim_reply reply;
	size_t body_len, answer_max;
	bool is_read, is_cancelled;
	int codes[3];		/* seen; 0 = none */
	enum http_phase phase;
	enum http_class class;
};

static const struct provoked provoked[] = {
	{ .name = "protocol", .url = "gopher://127.0.0.1/", .codes = { 1 },
	    .phase = HTTP_NOT_SENT, .class = HTTP_MISCONFIGURED },
	{ .name = "address", .url = "https://127.0.0.1:99999/",
	    .codes = { 3 }, .phase = HTTP_NOT_SENT,
	    .class = HTTP_MISCONFIGURED },
	{ .name = "no such host", .url = "https://no-such-host.invalid/",
	    .codes = { 6 }, .phase = HTTP_NOT_SENT, .class = HTTP_SAFE },
	{ .name = "nobody listens", .url = "http://127.0.0.1:1/",
	    .codes = { 7 }, .phase = HTTP_NOT_SENT, .class = HTTP_SAFE },
	{ .name = "user in the address", .url = "https://u@127.0.0.1/",
	    .codes = { 67 }, .phase = HTTP_NOT_SENT,
	    .class = HTTP_MISCONFIGURED },
	{ .name = "weird reply", .reply = { .mode = SIM_REPLY_DROP,
	    .raw = "HTTP/1.1 201 C\r\nContent-Length: -7\r\n\r\n{}" },
	    .codes = { 8 }, .phase = HTTP_ANSWER_CUT,
	    .class = HTTP_DONE_NO_BODY },
	{ .name = "body cut", .reply = { .mode = SIM_CUT, .cut = 45,
	    .raw = "HTTP/1.1 201 C\r\nContent-Length: 20\r\n\r\n"
		   "{\"id\":1}            " },
	    .codes = { 18 }, .phase = HTTP_ANSWER_CUT,
	    .class = HTTP_DONE_NO_BODY },
	{ .name = "too large", .reply = { .status = 201,
	    .body = "0123456789" }, .answer_max = 5, .codes = { 23 },
	    .phase = HTTP_ANSWER_CUT, .class = HTTP_DONE_NO_BODY },
	{ .name = "no answer in time", .reply = { .mode = SIM_HANG },
	    .codes = { 28 }, .phase = HTTP_SENT, .class = HTTP_UNKNOWN },
	{ .name = "stands still", .reply = { .mode = SIM_CUT_HANG, .cut = 45,
	    .raw = "HTTP/1.1 500 C\r\nContent-Length: 20\r\n\r\n"
		   "{\"id\":1}            " },
	    .codes = { 28 }, .phase = HTTP_ANSWER_CUT, .class = HTTP_UNKNOWN },
	{ .name = "cancelled", .reply = { .mode = SIM_HANG }, .is_read = true,
	    .is_cancelled = true, .codes = { 42 }, .phase = HTTP_SENT,
	    .class = HTTP_UNKNOWN },
	{ .name = "closed", .reply = { .mode = SIM_CLOSE }, .codes = { 52 },
	    .phase = HTTP_SENT, .class = HTTP_UNKNOWN },
	{ .name = "reset", .reply = { .mode = SIM_RST }, .codes = { 56 },
	    .phase = HTTP_SENT, .class = HTTP_UNKNOWN },
	{ .name = "reset in the body", .reply = { .mode = SIM_RST_EARLY,
	    .cut = 1000 }, .body_len = 9000000, .codes = { 55, 56 },
	    .phase = HTTP_PARTLY_SENT, .class = HTTP_SAFE },
	{ .name = "chunks broken", .reply = { .mode = SIM_REPLY_DROP,
	    .raw = "HTTP/1.1 200 C\r\nTransfer-Encoding: chunked\r\n\r\n"
		   "zz\r\n{}\r\n" },
	    .codes = { 56 }, .phase = HTTP_ANSWER_CUT,
	    .class = HTTP_DONE_NO_BODY },
	{ .name = "no HTTP", .reply = { .mode = SIM_REPLY_DROP,
	    .raw = "SSH-2.0-x\r\n" }, .codes = { 1 }, .phase = HTTP_SENT,
	    .class = HTTP_UNKNOWN },
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
one_provoked(const struct provoked *p, bool *met)
{
	struct http *http = engine(3);
	struct simhttpd *sim = simhttpd_start(&p->reply, 1);
	struct http_res res;
	struct err err;

	assert_non_null(sim);
	const size_t len = p->body_len == 0 ? 7 : p->body_len;
	const struct http_req req = { .method = p->is_read ? "GET" : "POST",
		.url = p->url != NULL ? p->url : simhttpd_url(sim),
		.body = p->is_read ? NULL : text_of(len),
		.body_len = p->is_read ? 0 : len, .repeatable = p->is_read,
		.answer_max = p->answer_max };
	if (p->is_cancelled)
		cancel_at_ms = clock_boottime_ms() + 200;
	assert_false(http_do(http, &req, arena, &res, &err));
	cancel_at_ms = INT64_MAX;
	if ((res.curl_code != p->codes[0] && res.curl_code != p->codes[1] &&
		res.curl_code != p->codes[2]) || res.phase != p->phase ||
	    http_classify(&res) != p->class)
		fail_msg("%s: CURLcode %d, %s, %s: %s", p->name, res.curl_code,
		    http_phase_name(res.phase),
		    http_class_name(http_classify(&res)), err.msg);
	if (!is_reachable(res.curl_code, res.phase))
		fail_msg("%s: CURLcode %d, %s, of which curlcodes.c says that it "
		    "cannot be", p->name, res.curl_code,
		    http_phase_name(res.phase));
	met[res.curl_code] = true;
	assert_int_equal(simhttpd_requests(sim), p->url == NULL);
	http_close(http);
	simhttpd_stop(sim);
}

static void
test_provoked(void **state)
{
	bool met[128] = { false };
	int n = 0;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(provoked); i++)
		one_provoked(&provoked[i], met);
	for (size_t i = 0; i < n_curlcodes; i++) {
		const struct curlcode *c = &curlcodes[i];
		/* Of OK: by the statuses. */
		if (c->phases != 0 && c->code != 0 && !met[i] && c->why != NULL &&
		    strcmp(c->why, "test_http_outcome") == 0)
			fail_msg("%s is said to be provoked here", c->name);
		n += met[i];
	}
	print_message("# %d CURLcodes in %zu real transfers\n", n,
	    ARRAY_LEN(provoked));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_codes),
		cmocka_unit_test_setup_teardown(test_table, setup, teardown),
		cmocka_unit_test_setup_teardown(test_statuses, setup, teardown),
		cmocka_unit_test_setup_teardown(test_provoked, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
