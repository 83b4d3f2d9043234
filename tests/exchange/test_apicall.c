/*
 * JSON calls with a token: asked for once, renewed once after a 401, stopped
 * for the run by a refusal or a quota; the exact bytes of each request.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "clock.h"
#include "common/apicall.h"
#include "simhttpd.h"

#define TOKEN(n) { .target = "POST /token", .body = "{\"access_token\":\"T" n \
	"\",\"token_type\":\"Bearer\"}" }

static struct rig {
	struct arena *arena;
	struct http *http;
	struct simhttpd *sim;
	struct connector_env env;
	struct apicall api;
	struct api_res res;
	struct err err;
	bool stop_at_403;
	int located, logins;
	bool refuse;	/* a login */
	bool lost;	/* where it is */
} rig;

static time_t
now(void *clock)
{
	(void)clock;
	return 1790000000;
}

static bool
ask(void *arg, struct arena *arena, struct oauth_ask *out, struct err *err)
{
	static const struct oauth_field grant[] = {
		{ "grant_type", "client_credentials" } };

	(void)arg, (void)err;
	*out = (struct oauth_ask){ .url = arena_printf(arena, "%s/token",
	    simhttpd_url(rig.sim)), .client_id = "id", .secret = "s3cret-key",
		.client = OAUTH_IN_BODY, .fields = grant, .n = 1,
		.describe = true };
	return true;
}

/* Elsewhere is a path of its own here. */
static bool
locate(void *arg, struct err *err)
{
	(void)arg;
	if (rig.api.base != NULL && !rig.lost)
		return true;
	rig.lost = false;
	return apicall_move_base(&rig.api, arena_printf(rig.arena, "%s/p%d/",
	    simhttpd_url(rig.sim), ++rig.located), err);
}

static bool
login(void *arg, struct oauth_token *token, struct err *err)
{
	(void)arg;
	rig.logins++;
	return rig.refuse ? err_set(err, ERR_AUTH, "refused") :
	    oauth_keep(token, "7T:ab", err);
}

static void
judge(void *arg, const struct http_res *res, json_t *root,
    struct api_verdict *v)
{
	(void)arg;
	apicall_words(&rig.api, json_string_value(json_at(root, "/code")),
	    json_string_value(json_at(root, "/message")), v);
	v->moved = res->status == 421;
	rig.lost |= v->moved;
	if (res->status == 403 && rig.stop_at_403) {
		v->kind = ERR_THROTTLED;
		v->stop = true;
	}
}

static void
start(const struct sim_reply *script, size_t n)
{
	static const char *const wanted[] = { "X-Left", "Preference-Applied",
		NULL };
	static const int64_t again[] = { 420 };
	const struct api_rules rules = { .ask = ask, .judge = judge,
		.wanted = wanted, .again = again, .n_again = 1 };
	struct http_settings settings = http_defaults;

	settings.tries = 2;
	settings.backoff_s = 0.001;
	settings.backoff_max_s = 0.002;
	settings.rate_per_second = 0;
	rig = (struct rig){ .arena = arena_new(16 << 20),
		.sim = simhttpd_start(script, n) };
	assert_non_null(rig.sim);
	if (!http_open(&settings, NULL, &rig.http, &rig.err))
		fail_msg("%s", rig.err.msg);
	rig.env = (struct connector_env){ .http = rig.http, .now = now };
	assert_true(apicall_open(&rig.api, &rig.env, &rules, &rig.err));
	assert_true(apicall_set_base(&rig.api, simhttpd_url(rig.sim),
	    &rig.err));
}

/* A service that moves, with a login of its own. */
static void
start_moving(const struct sim_reply *script, size_t n)
{
	start(script, n);
	rig.api.rules.locate = locate;
	rig.api.rules.login = login;
	rig.api.rules.scheme = "SOTicket";
	rig.api.base = NULL;
}

static void
end(void)
{
	const char *problem = simhttpd_problem(rig.sim, true);

	if (problem != NULL)
		fail_msg("%s", problem);
	api_res_cleanup(&rig.res);
	apicall_close(&rig.api);
	http_close(rig.http);
	simhttpd_stop(rig.sim);
	arena_free(rig.arena);
}

static bool
get(const char *target)
{
	const struct api_req req = { .method = "GET", .target = target,
		.label = "GET thing" };

	return apicall_do(&rig.api, rig.arena, &req, &rig.res, &rig.err);
}

static void
test_one_token_for_the_run(void **state)
{
	static const struct sim_reply script[] = {
		TOKEN("1"),
		{ .target = "GET /a", .want = "Authorization: Bearer T1\r\n",
		    .headers = "X-Left: 7\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT"
		    "\r\n", .body = "{\"n\":1}" },
		{ .target = "GET /b", .want = "Authorization: Bearer T1\r\n",
		    .status = 204 },
	};

	(void)state;
	start(script, 3);
	assert_true(get("/a?x=1"));
	assert_string_equal(rig.res.http.wanted[0], "7");
	assert_null(rig.res.http.wanted[1]);
	assert_int_equal(rig.res.http.date, 784111777);
	assert_int_equal(json_integer_value(json_at(api_root(&rig.res),
	    "/n")), 1);
	assert_true(get("/b"));
	assert_null(api_root(&rig.res));
	assert_string_equal(simhttpd_body(rig.sim, 0), "grant_type="
	    "client_credentials&client_id=id&client_secret=s3cret-key");
	end();
}

static void
test_renewed_once_and_replayed(void **state)
{
	static const struct sim_reply script[] = {
		TOKEN("1"), { .target = "POST /w", .status = 401 },
		TOKEN("2"), { .target = "POST /w",
		    .want = "Authorization: Bearer T2\r\n", .body = "{}" },
	};
	const struct api_req req = { .method = "POST", .target = "/w",
		.label = "POST w", .body = "{\"a\":1}", .body_len = 7 };

	(void)state;
	start(script, 4);
	assert_true(apicall_do(&rig.api, rig.arena, &req, &rig.res, &rig.err));
	assert_string_equal(simhttpd_body(rig.sim, 3), "{\"a\":1}");
	end();
}

static void
test_401_for_ever_ends_the_run(void **state)
{
	static const struct sim_reply script[] = {
		TOKEN("1"), { .status = 401 }, TOKEN("2"),
		{ .status = 401, .body = "{\"code\":\"INVALID\",\"message\":"
		    "\"This session is not valid for use\"}" },
	};

	(void)state;
	start(script, 4);
	assert_false(get("/a"));
	assert_int_equal(rig.err.kind, ERR_AUTH);
	assert_string_equal(rig.err.msg, "GET thing: HTTP 401 INVALID: This "
	    "session is not valid for use");
	assert_false(get("/b"));	/* no request */
	assert_int_equal(rig.err.kind, ERR_AUTH);
	assert_false(apicall_renew(&rig.api, &rig.err));
	assert_int_equal(simhttpd_requests(rig.sim), 4);
	end();
}

static void
test_token_4xx_is_never_asked_again(void **state)
{
	static const struct {
		int status;
		const char *body, *msg;
	} cases[] = {
		{ 400, "{\"error\":\"invalid_grant\"}", "token: HTTP 400, "
		    "invalid_grant: the service no longer takes what proves the "
		    "user: consent anew, or look at the key, the user and the "
		    "clock of this machine" },
		{ 400, "{\"error\":\"invalid_grant\",\"error_description\":"
		    "\"user hasn't approved this consumer\"}", "token: HTTP 400,"
		    " invalid_grant: user hasn't approved this consumer" },
		{ 401, "<html>s3cret-key</html>", "token: HTTP 401: the client "
		    "id or its secret was refused, or the address is wrong" },
		{ 400, "{\"error\":\"x\",\"error_description\":\"s3cret-key "
		    "is wrong\"}", "token: HTTP 400, x: the client id or its "
		    "secret was refused, or the address is wrong" },
		{ 404, "", "token: HTTP 404: the client id or its secret was "
		    "refused, or the address is wrong" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const struct sim_reply script[] = { { .target = "/token",
		    .status = cases[i].status, .body = cases[i].body } };
		start(script, 1);
		assert_false(get("/a"));
		assert_int_equal(rig.err.kind, ERR_AUTH);
		assert_string_equal(rig.err.msg, cases[i].msg);
		assert_false(get("/a"));
		assert_int_equal(rig.err.kind, ERR_AUTH);
		end();
	}
}

/* Too much was asked, by whomever: nobody's credentials are wrong. */
static void
test_token_throttled(void **state)
{
	static const int statuses[] = { 408, 425, 429 };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(statuses); i++) {
		const struct sim_reply script[] = { { .target = "/token",
		    .status = statuses[i] }, TOKEN("1"), { .body = "{}" } };
		start(script, 3);
		assert_false(get("/a"));
		if (rig.err.kind != ERR_RETRY && rig.err.kind != ERR_THROTTLED)
			fail_msg("%s", rig.err.msg);
		assert_true(get("/a"));
		end();
	}
}

static void
test_token_5xx_may_be_asked_again(void **state)
{
	static const struct sim_reply script[] = {
		{ .target = "/token", .status = 503 }, TOKEN("1"),
		{ .body = "{}" },
	};

	(void)state;
	start(script, 3);
	assert_false(get("/a"));
	assert_int_equal(rig.err.kind, ERR_RETRY);
	assert_true(get("/a"));
	end();
}

static void
test_stop_is_kept(void **state)
{
	static const struct sim_reply script[] = {
		TOKEN("1"), { .status = 403, .body = "{\"code\":\"LIMIT\"}" },
	};
	const struct api_req req = { .method = "GET", .target = "/c",
		.label = "GET c" };
	struct http_req made;

	(void)state;
	start(script, 2);
	rig.stop_at_403 = true;
	assert_false(get("/a"));
	assert_int_equal(rig.err.kind, ERR_THROTTLED);
	assert_false(get("/b"));
	assert_int_equal(rig.err.kind, ERR_THROTTLED);
	assert_string_equal(rig.err.msg, "stopped for this run: HTTP 403 LIMIT");
	assert_false(apicall_sign(&rig.api, rig.arena, &req, &made, &rig.err));
	assert_int_equal(simhttpd_requests(rig.sim), 2);
	end();
}

static void
test_further_statuses_are_tried_again(void **state)
{
	static const struct sim_reply script[] = {
		TOKEN("1"), { .status = 420 }, { .body = "{}" },
	};

	(void)state;
	start(script, 3);
	assert_true(get("/a"));
	end();
}

static void
test_key_stays_with_its_origin(void **state)
{
	static const struct sim_reply script[] = { TOKEN("1"),
		{ .target = "GET /next?a=%20b", .body = "{}" } };
	static const char *const foreign[] = { "https://evil.example/next",
		"http://127.0.0.1:1/next", "//evil.example/", "next" };

	(void)state;
	start(script, 2);
	for (size_t i = 0; i < ARRAY_LEN(foreign); i++)
		if (foreign[i][0] != '/') {
			assert_false(get(foreign[i]));
			assert_int_equal(rig.err.kind, ERR_PROTOCOL);
		}
	/* One of our own, byte for byte. */
	assert_true(get(arena_printf(rig.arena, "%s/next?a=%%20b",
	    simhttpd_url(rig.sim))));
	end();
}

static void
test_signed_for_the_core(void **state)
{
	static const struct sim_reply script[] = { TOKEN("1") };
	static const char *const more[][2] = { { "If-Match", "\"1\"" },
		{ NULL, NULL } };
	const struct api_req req = { .method = "PATCH", .target = "/c",
		.label = "PATCH c", .headers = more, .body = "{}",
		.body_len = 2 };
	struct http_req made;
	size_t n = 0;

	(void)state;
	start(script, 1);
	assert_true(apicall_sign(&rig.api, rig.arena, &req, &made, &rig.err));
	assert_string_equal(made.method, "PATCH");
	assert_false(made.repeatable);
	while (made.headers[n][0] != NULL)
		n++;
	assert_int_equal(n, 4);
	assert_string_equal(made.headers[0][0], "Accept");
	assert_string_equal(made.headers[1][1], "application/json");
	assert_string_equal(made.headers[2][1], "\"1\"");
	assert_string_equal(made.headers[3][1], "Bearer T1");
	end();
}

static void
test_words_of_a_record_are_not_told(void **state)
{
	static const struct sim_reply script[] = {
		TOKEN("1"), { .status = 400, .body = "{\"code\":\"BAD_VALUE x\","
		    "\"message\":\"Karin Holm is too long\"}" },
		{ .status = 500, .body = "{\"message\":\"T1\"}" },
		{ .status = 500, .body = "{\"message\":\"T1\"}" },
	};

	(void)state;
	start(script, 4);
	assert_false(get("/a"));
	assert_int_equal(rig.err.kind, ERR_REJECTED);
	assert_string_equal(rig.err.msg, "GET thing: HTTP 400 BAD_VALUE");
	assert_false(get("/a"));
	assert_string_equal(rig.err.msg, "GET thing: HTTP 500");
	end();
}

static void
test_no_json_is_no_answer(void **state)
{
	static const struct sim_reply script[] = {
		TOKEN("1"), { .body = "<html>" },
		{ .body = "a,b\n", .headers = "Content-Type: text/csv\r\n" },
	};
	const struct api_req csv = { .method = "GET", .target = "/csv",
		.label = "GET csv", .text = true };

	(void)state;
	start(script, 3);
	assert_false(get("/a"));
	assert_int_equal(rig.err.kind, ERR_PROTOCOL);
	assert_true(apicall_do(&rig.api, rig.arena, &csv, &rig.res, &rig.err));
	assert_string_equal(rig.res.http.body, "a,b\n");
	end();
}

/* The ceiling of a call holds for its JSON as well: larger than the usual one if
 * the driver says so.  What a smaller page would cure is told. */
static void
test_too_large(void **state)
{
	struct sim_reply script[] = { TOKEN("1"), { .body = "" },
		{ .body = "" }, { .body = "" }, { .body = "" } };
	struct api_req req = { .method = "GET", .target = "/a",
		.label = "GET page", .answer_max = JSON_MAX_BYTES + 10 };
	struct buf body;

	(void)state;
	start(script, ARRAY_LEN(script));
	buf_init(&body, 2 * JSON_MAX_BYTES);
	(void)buf_printf(&body, "[\"%*s\"]", (int)JSON_MAX_BYTES + 6, "x");
	script[1].body = script[2].body = buf_text(&body);
	assert_true(apicall_do(&rig.api, rig.arena, &req, &rig.res, &rig.err));
	assert_false(rig.res.too_large);
	req.answer_max = 0;
	assert_false(apicall_do(&rig.api, rig.arena, &req, &rig.res, &rig.err));
	assert_true(rig.res.too_large);
	assert_int_equal(rig.err.kind, ERR_PROTOCOL);
	char *many = arena_alloc(rig.arena, 2 * JSON_MAX_NODES + 3);
	memset(many, ' ', 2 * JSON_MAX_NODES + 2);
	for (size_t i = 0; i <= JSON_MAX_NODES; i++)
		memcpy(many + 2 * i, i == 0 ? "[0" : ",0", 2);
	script[3].body = many;
	assert_false(apicall_do(&rig.api, rig.arena, &req, &rig.res, &rig.err));
	assert_true(rig.res.too_large);
	script[4].body = "[0";
	assert_false(apicall_do(&rig.api, rig.arena, &req, &rig.res, &rig.err));
	assert_false(rig.res.too_large);
	buf_free(&body);
	end();
}

/* ---- services that move, logins of their own ---------------------------- */
static void
test_moved_once_and_replayed(void **state)
{
	static const struct sim_reply script[] = {
		{ .target = "GET /p1/a", .want =
		    "Authorization: SOTicket 7T:ab\r\n", .body = "{}" },
		{ .target = "POST /p1/w", .status = 421 },
		{ .target = "POST /p2/w", .want =
		    "Authorization: SOTicket 7T:ab\r\n", .body = "{}" },
	};
	const struct api_req req = { .method = "POST", .target = "/w",
		.label = "POST w", .body = "{\"a\":1}", .body_len = 7 };

	(void)state;
	start_moving(script, 3);
	assert_true(get("/a"));
	assert_true(apicall_do(&rig.api, rig.arena, &req, &rig.res, &rig.err));
	assert_string_equal(simhttpd_body(rig.sim, 2), "{\"a\":1}");
	assert_int_equal(rig.located, 2);
	assert_int_equal(rig.logins, 1);
	end();
}

static void
test_moved_for_ever_ends_the_run(void **state)
{
	static const struct sim_reply script[] = {
		{ .target = "GET /p1/a", .status = 421 },
		{ .target = "GET /p2/a", .status = 421 },
	};

	(void)state;
	start_moving(script, 2);
	assert_false(get("/a"));
	assert_false(get("/b"));	/* no request */
	assert_int_equal(simhttpd_requests(rig.sim), 2);
	end();
}

/* It moved while the session ended: both are mended, each once. */
static void
test_moved_and_session_lost(void **state)
{
	static const struct sim_reply script[] = {
		{ .target = "GET /p1/a", .status = 421 },
		{ .target = "GET /p2/a", .status = 401 },
		{ .target = "GET /p2/a", .body = "{}" },
	};

	(void)state;
	start_moving(script, 3);
	assert_true(get("/a"));
	assert_int_equal(rig.logins, 2);
	end();
}

static void
test_refused_login_ends_the_run(void **state)
{
	(void)state;
	start_moving(NULL, 0);
	rig.refuse = true;
	assert_false(get("/a"));
	assert_int_equal(rig.err.kind, ERR_AUTH);
	assert_false(get("/a"));
	assert_int_equal(rig.logins, 1);
	end();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_token_for_the_run),
		cmocka_unit_test(test_renewed_once_and_replayed),
		cmocka_unit_test(test_401_for_ever_ends_the_run),
		cmocka_unit_test(test_token_4xx_is_never_asked_again),
		cmocka_unit_test(test_token_throttled),
		cmocka_unit_test(test_token_5xx_may_be_asked_again),
		cmocka_unit_test(test_stop_is_kept),
		cmocka_unit_test(test_further_statuses_are_tried_again),
		cmocka_unit_test(test_key_stays_with_its_origin),
		cmocka_unit_test(test_signed_for_the_core),
		cmocka_unit_test(test_words_of_a_record_are_not_told),
		cmocka_unit_test(test_no_json_is_no_answer),
		cmocka_unit_test(test_too_large),
		cmocka_unit_test(test_moved_once_and_replayed),
		cmocka_unit_test(test_moved_for_ever_ends_the_run),
		cmocka_unit_test(test_moved_and_session_lost),
		cmocka_unit_test(test_refused_login_ends_the_run),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
