/*
 * Tokens of OAuth 2.0: the exact bytes of each grant, how long a token is used,
 * what a refusal says, and that a refused one is asked for once.
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
#include "common/oauth.h"
#include "simhttpd.h"

#define NOW ((time_t)1790000000)
#define SECRET "s3cret k&y+\xc3\xb8"
#define OK(rest) "{\"access_token\":\"T-1\",\"token_type\":\"Bearer\"" rest "}"
#define GRANT { "grant_type", "client_credentials" }

static const struct oauth_field plain[] = { GRANT };

static struct rig {
	struct arena *arena;
	struct http *http;
	struct simhttpd *sim;
	struct connector_env env;
	struct oauth_token token;
	struct err err;
	const char *took;	/* what else the answer held */
	bool took_ok;
} rig;

static time_t
now(void *clock)
{
	(void)clock;
	return NOW;
}

static void
start(const struct sim_reply *script, size_t n)
{
	struct http_settings settings = http_defaults;

	settings.tries = 1;
	settings.rate_per_second = 0;
	settings.breaker.in_a_row = 0;
	rig = (struct rig){ .arena = arena_new(4 << 20),
		.sim = simhttpd_start(script, n), .took_ok = true };
	assert_non_null(rig.sim);
	if (!http_open(&settings, NULL, &rig.http, &rig.err))
		fail_msg("%s", rig.err.msg);
	rig.env = (struct connector_env){ .http = rig.http, .now = now };
	oauth_init(&rig.token);
}

static void
end(void)
{
	const char *problem = simhttpd_problem(rig.sim, true);

	if (problem != NULL)
		fail_msg("%s", problem);
	oauth_free(&rig.token);
	http_close(rig.http);
	simhttpd_stop(rig.sim);
	arena_free(rig.arena);
}

static struct oauth_ask
ask_of(enum oauth_client client, const struct oauth_field *fields, size_t n)
{
	return (struct oauth_ask){ .url = arena_printf(rig.arena, "%s/token",
	    simhttpd_url(rig.sim)), .client_id = "id/\xc3\xa5",
		.secret = SECRET, .client = client, .fields = fields, .n = n };
}

static bool
get(const struct oauth_ask *ask)
{
	rig.err = (struct err){ .kind = ERR_NONE };
	return oauth_get(&rig.token, ask, &rig.env, &rig.err);
}

static bool
get_plain(void)
{
	const struct oauth_ask ask = ask_of(OAUTH_IN_BODY, plain, 1);

	return get(&ask);
}

/* Without a word of what must not be told. */
static void
assert_words(enum err_kind kind, const char *words)
{
	static const char *const never[] = { "s3cret", "c2VjcmV0", "czNjcmV0",
		"T-1", "assertion-text", "client_secret" };

	if (rig.err.kind != kind || strstr(rig.err.msg, words) == NULL ||
	    strncmp(rig.err.msg, "token: ", 7) != 0)
		fail_msg("%s: %s", err_kind_name(rig.err.kind), rig.err.msg);
	for (size_t i = 0; i < ARRAY_LEN(never); i++)
		if (strstr(rig.err.msg, never[i]) != NULL)
			fail_msg("told: %s", rig.err.msg);
	for (const char *p = rig.err.msg; *p != '\0'; p++)
		assert_true((unsigned char)*p >= ' ');
}

/* ---- what is sent --------------------------------------------------------- */
#define ID_SENT "id%2F%C3%A5"
#define SECRET_SENT "s3cret%20k%26y%2B%C3%B8"

static void
test_grants(void **state)
{
	static const struct oauth_field scoped[] = { GRANT,
		{ "scope", "https://x.example/.default a+b" } };
	static const struct oauth_field refresh[] = {
		{ "grant_type", "refresh_token" },
		{ "refresh_token", "r/1=" }, { "redirect_uri", "" } };
	char assertion[] = "a.b-c_d.e";
	const struct oauth_field bearer[] = { { "grant_type",
	    "urn:ietf:params:oauth:grant-type:jwt-bearer" },
		{ "assertion", assertion } };
	static const struct sim_reply ok = { .body = OK(""), .repeat = 3 };
	const struct { enum oauth_client client; const struct oauth_field *v;
		size_t n; const char *body, *basic; } cases[] = {
		{ OAUTH_IN_HEADER, scoped, 2, "grant_type=client_credentials&"
		    "scope=https%3A%2F%2Fx.example%2F.default%20a%2Bb",
		    /* id%2F%C3%A5:s3cret%20k%26y%2B%C3%B8 */
		    "Authorization: Basic aWQlMkYlQzMlQTU6czNjcmV0JTIwayUyNnklMkI"
		    "lQzMlQjg=\r\n" },
		{ OAUTH_IN_BODY, plain, 1, "grant_type=client_credentials&"
		    "client_id=" ID_SENT "&client_secret=" SECRET_SENT, NULL },
		{ OAUTH_IN_BODY, refresh, 3, "grant_type=refresh_token&"
		    "refresh_token=r%2F1%3D&redirect_uri=&client_id=" ID_SENT
		    "&client_secret=" SECRET_SENT, NULL },
		{ OAUTH_IN_FIELDS, bearer, 2, "grant_type=urn%3Aietf%3Aparams%3A"
		    "oauth%3Agrant-type%3Ajwt-bearer&assertion=a.b-c_d.e", NULL },
	};

	(void)state;
	start(&ok, 1);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct oauth_ask ask = ask_of(cases[i].client, cases[i].v,
		    cases[i].n);
		if (cases[i].v == bearer)
			ask.wiped = assertion;
		if (!get(&ask))
			fail_msg("%zu: %s", i, rig.err.msg);
		const char *request = simhttpd_request(rig.sim, i);
		assert_string_equal(simhttpd_body(rig.sim, i), cases[i].body);
		assert_int_equal(strncmp(request, "POST /token HTTP/1.1\r\n", 22),
		    0);
		assert_non_null(strstr(request, "Content-Type: "
		    "application/x-www-form-urlencoded\r\n"));
		assert_non_null(strstr(request, "Accept: application/json\r\n"));
		if (cases[i].basic == NULL)
			assert_null(strstr(request, "Authorization:"));
		else
			assert_non_null(strstr(request, cases[i].basic));
		assert_string_equal(buf_text(&rig.token.text), "T-1");
	}
	/* Overwritten once it was sent. */
	assert_memory_equal(assertion, "\0\0\0\0\0\0\0\0\0", sizeof(assertion));
	end();
}

/* ---- how long it is used -------------------------------------------------- */
static void
test_life(void **state)
{
	static const struct { const char *rest; long margin_s, left_s; }
	cases[] = {	/* left_s: until it is renewed; 0 = not by time */
		{ "", 0, 0 },
		{ ",\"expires_in\":3600", 0, 3540 },
		{ ",\"expires_in\":\"3600\"", 0, 3540 },
		{ ",\"expires_in\":3600.0", 0, 3540 },
		{ ",\"expires_in\":3600", 300, 3300 },
		{ ",\"expires_in\":600", 300, 0 },
		{ ",\"expires_in\":121", 0, 61 },
		{ ",\"expires_in\":120", 0, 0 },
		{ ",\"expires_in\":0", 0, 0 },
		{ ",\"expires_in\":-1", 0, 0 },
		{ ",\"expires_in\":\"-3600\"", 0, 0 },
		{ ",\"expires_in\":\"soon\"", 0, 0 },
		{ ",\"expires_in\":\"\"", 0, 0 },
		{ ",\"expires_in\":3600.5", 0, 0 },
		{ ",\"expires_in\":null", 0, 0 },
		{ ",\"expires_in\":true", 0, 0 },
		{ ",\"expires_in\":{}", 0, 0 },
		{ ",\"expires_in\":2592001", 0, 2592000 - 60 },
		{ ",\"expires_in\":9223372036854775807", 0, 2592000 - 60 },
		{ ",\"expires_in\":1e300", 0, 0 },
		{ ",\"expires_in\":\"99999999999999999999\"", 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct sim_reply reply = { .repeat = 0 };
		start(&reply, 1);
		reply.body = arena_printf(rig.arena, OK("%s"), cases[i].rest);
		struct oauth_ask ask = ask_of(OAUTH_IN_BODY, plain, 1);
		ask.margin_s = cases[i].margin_s;
		assert_false(oauth_is_good(&rig.token, NOW));
		if (!get(&ask))
			fail_msg("%s: %s", cases[i].rest, rig.err.msg);
		const long left = rig.token.until == NO_TIME ? 0
		    : (long)(rig.token.until - NOW);
		if (left != cases[i].left_s)
			fail_msg("%s: %ld", cases[i].rest, left);
		assert_true(oauth_is_good(&rig.token, NOW));
		assert_int_equal(oauth_is_good(&rig.token, NOW + 40 * 86400),
		    left == 0);
		if (left > 0) {
			assert_true(oauth_is_good(&rig.token, NOW + left - 1));
			assert_false(oauth_is_good(&rig.token, NOW + left));
		}
		/* Nobody else's after a fork. */
		rig.token.pid++;
		assert_false(oauth_is_good(&rig.token, NOW));
		end();
	}
}

/* ---- what else an answer holds -------------------------------------------- */
static bool
take(void *arg, json_t *root, struct err *err)
{
	const char *text = json_string_value(json_at(root, "/refresh_token"));

	(void)arg;
	rig.took = text == NULL ? NULL : arena_strdup(rig.arena, text);
	return rig.took_ok || err_set(err, ERR_CONFIG, "of another tenant");
}

/* A refresh token that was rotated is the caller's to keep: it gets the answer. */
static void
test_what_else_came(void **state)
{
	static const struct sim_reply script[] = {
		{ .body = OK(",\"refresh_token\":\"r-2\"") },
		{ .body = OK("") },
		{ .body = OK(",\"refresh_token\":\"r-3\"") } };

	(void)state;
	start(script, 3);
	struct oauth_ask ask = ask_of(OAUTH_IN_BODY, plain, 1);
	ask.took = take;
	assert_true(get(&ask));
	assert_string_equal(rig.took, "r-2");
	assert_true(get(&ask));
	assert_null(rig.took);
	/* Not taken: neither is the token, and it is not asked for again. */
	rig.took_ok = false;
	assert_false(get(&ask));
	assert_words(ERR_CONFIG, "of another tenant");
	assert_string_equal(rig.took, "r-3");
	assert_false(oauth_is_good(&rig.token, NOW));
	assert_int_equal(rig.token.text.len, 0);
	assert_false(get(&ask));
	assert_words(ERR_AUTH, "not asked again");
	assert_int_equal(simhttpd_requests(rig.sim), 3);
	end();
}

/* ---- refused -------------------------------------------------------------- */
#define ERROR(word, text) "{\"error\":\"" word "\",\"error_description\":\"" \
	text "\"}"

static const struct {
	struct sim_reply reply;
	bool describe;
	enum err_kind kind;
	const char *words;
} refusals[] = {
	{ { .status = 401, .body = ERROR("invalid_client", "no " SECRET) },
	    false, ERR_AUTH, "HTTP 401, invalid_client: the client id or its "
	    "secret was refused" },
	{ { .status = 400, .body = ERROR("invalid_grant", "x") }, false,
	    ERR_AUTH, "HTTP 400, invalid_grant: the service no longer takes what "
	    "proves the user: consent anew, or look at the key, the user and the "
	    "clock of this machine" },
	{ { .status = 400, .body = ERROR("unauthorized_client", "x") }, false,
	    ERR_AUTH, "HTTP 400, unauthorized_client: this client may not ask in "
	    "this way: allow the grant there" },
	{ { .status = 400, .body = ERROR("invalid_scope", "x") }, false,
	    ERR_AUTH, "HTTP 400, invalid_scope: the scope is not known there, or "
	    "not granted" },
	{ { .status = 400, .body = ERROR("invalid_grant",
	    "user hasn't approved this consumer") }, true, ERR_AUTH,
	    "HTTP 400, invalid_grant: user hasn't approved this consumer" },
	/* Words that hold a secret are none; what stands for a person is hidden. */
	{ { .status = 401, .body = ERROR("invalid_client", "wrong: " SECRET) },
	    true, ERR_AUTH, "HTTP 401, invalid_client: the client id or its" },
	{ { .status = 401, .body = ERROR("invalid_client",
	    "anna@kunde.example is locked") }, true, ERR_AUTH,
	    "HTTP 401, invalid_client: *** is locked" },
	{ { .status = 400, .body = ERROR("invalid_grant",
	    "assertion-text has ended") }, true, ERR_AUTH, "HTTP 400, "
	    "invalid_grant: the service no longer takes" },
	{ { .status = 400, .body = ERROR("invalid_grant",
	    "line one\\nline\\u0007two") }, true, ERR_AUTH, "line one" },
	/* A code that is none is not shown. */
	{ { .status = 401, .body = "{\"error\":\"" SECRET "\"}" }, true, ERR_AUTH,
	    "HTTP 401: the client id or its secret was refused, or the address is "
	    "wrong" },
	{ { .status = 401, .body = "{\"error\":{\"code\":7}}" }, true, ERR_AUTH,
	    "HTTP 401: the client id" },
	{ { .status = 403, .body = "<html>" SECRET "</html>" }, true, ERR_AUTH,
	    "HTTP 403: the client id" },
	{ { .status = 404, .body = "{}" }, true, ERR_CONFIG, "HTTP 404: " },
	{ { .status = 302, .headers = "Location: https://elsewhere.example/\r\n" },
	    true, ERR_CONFIG, "HTTP 302" },
	/* A 2xx without a token. */
	{ { .body = "<html>maintenance " SECRET "</html>" }, true, ERR_PROTOCOL,
	    "expected JSON with a token" },
	{ { .body = "" }, true, ERR_PROTOCOL, "expected JSON with a token" },
	{ { .status = 204 }, true, ERR_PROTOCOL, "expected JSON with a token" },
	{ { .body = "[]" }, true, ERR_PROTOCOL, "expected a token at "
	    "/access_token" },
	{ { .body = "{\"access_token\":\"\"}" }, true, ERR_PROTOCOL,
	    "/access_token" },
	{ { .body = "{\"access_token\":7}" }, true, ERR_PROTOCOL,
	    "/access_token" },
	{ { .body = "{\"access_token\":\"T-1\\r\\nX-Evil: 1\"}" }, true,
	    ERR_PROTOCOL, "/access_token" },
	{ { .body = "{\"access_token\":\"T-1 T\"}" }, true, ERR_PROTOCOL,
	    "/access_token" },
	{ { .body = "{\"access_token\":\"T-1\\u007f\"}" }, true, ERR_PROTOCOL,
	    "/access_token" },
	{ { .body = "{\"access_token\":\"T-1\\u0000\"}" }, true, ERR_PROTOCOL,
	    "/access_token" },
	{ { .body = "{\"access_token\":\"T-1\xc3\xb8\"}" }, true, ERR_PROTOCOL,
	    "/access_token" },
	{ { .body = "{\"access_token\":\"T-1\",\"token_type\":\"mac\"}" }, true,
	    ERR_PROTOCOL, "type Bearer" },
};

static void
test_refused(void **state)
{
	static const struct oauth_field fields[] = { GRANT,
		{ "assertion", "assertion-text" } };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(refusals); i++) {
		start(&refusals[i].reply, 1);
		struct oauth_ask ask = ask_of(OAUTH_IN_HEADER, fields, 2);
		ask.describe = refusals[i].describe;
		assert_false(get(&ask));
		assert_words(refusals[i].kind, refusals[i].words);
		assert_int_equal(rig.token.text.len, 0);
		/* A wrong secret is tried once, or the client is locked. */
		assert_false(get(&ask));
		assert_words(ERR_AUTH, "refused before in this run");
		assert_int_equal(simhttpd_requests(rig.sim), 1);
		end();
	}
}

/* However many fields a form has, none of them stands in a message. */
static void
test_many_fields_hidden(void **state)
{
	static const struct sim_reply reply = { .status = 400,
		.body = ERROR("invalid_grant", "no such user: last-word") };
	struct oauth_field fields[14] = { GRANT };

	(void)state;
	for (size_t last = 1; last < ARRAY_LEN(fields); last++) {
		for (size_t i = 1; i < ARRAY_LEN(fields); i++)
			fields[i] = (struct oauth_field){ "field",
				i == last ? "last-word" : "other-words" };
		start(&reply, 1);
		struct oauth_ask ask = ask_of(OAUTH_IN_FIELDS, fields,
		    ARRAY_LEN(fields));
		ask.describe = true;
		assert_false(get(&ask));
		assert_words(ERR_AUTH, "HTTP 400, invalid_grant: the service no "
		    "longer takes");
		assert_null(strstr(rig.err.msg, "last-word"));
		end();
	}
}

static void
test_odd_but_good(void **state)
{
	static const char *const bodies[] = {
		"{\"access_token\":\"T-1\"}",
		"{\"access_token\":\"T-1\",\"token_type\":\"bearer\"}",
		"{\"access_token\":\"T-1\",\"token_type\":null}",
		"{\"Access_Token\":\"T-1\"}" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bodies); i++) {
		const struct sim_reply reply = { .body = bodies[i] };
		start(&reply, 1);
		if (!get_plain())
			fail_msg("%s: %s", bodies[i], rig.err.msg);
		assert_string_equal(buf_text(&rig.token.text), "T-1");
		end();
	}
}

/* One that fits, one byte more, an answer beyond its ceiling. */
static void
test_ceilings(void **state)
{
	const size_t sizes[] = { OAUTH_TOKEN_MAX - 1, OAUTH_TOKEN_MAX + 1,
		OAUTH_ANSWER_MAX + 1 };
	char *text = malloc(OAUTH_ANSWER_MAX + 64);

	(void)state;
	assert_non_null(text);
	for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
		const struct sim_reply reply = { .body = text };
		const int at = snprintf(text, 64, "{\"access_token\":\"");
		memset(text + at, 'x', sizes[i]);
		memcpy(text + at + sizes[i], "\"}", 3);
		start(&reply, 1);
		assert_int_equal(get_plain(), i == 0);
		if (i == 1)
			assert_words(ERR_PROTOCOL, "expected a token of at most");
		assert_int_equal(rig.token.text.len, i == 0 ? sizes[0] : 0);
		end();
	}
	free(text);
}

/* ---- a server that fails -------------------------------------------------- */
static void
test_a_server_that_fails(void **state)
{
	static const int statuses[] = { 408, 425, 500, 503, 599 };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(statuses); i++) {
		const struct sim_reply script[] = {
			{ .status = statuses[i], .repeat = 1 },
			{ .body = OK("") },	/* in between: begun anew */
			{ .status = statuses[i], .body = SECRET, .repeat = 2 } };
		start(script, 3);
		assert_false(get_plain());
		assert_words(ERR_RETRY, "HTTP ");
		assert_false(get_plain());
		assert_true(get_plain());
		for (int k = 0; k < 3; k++) {
			assert_false(get_plain());
			assert_words(ERR_RETRY, "HTTP ");
		}
		assert_false(get_plain());
		assert_words(ERR_AUTH, "not asked again");
		assert_int_equal(simhttpd_requests(rig.sim), 6);
		end();
	}
}

static void
test_asked_to_wait(void **state)
{
	static const struct { const char *header; long wait_s; } cases[] = {
		{ "Retry-After: 77\r\n", 77 }, { "Retry-After: -1\r\n", 0 },
		{ "Retry-After: soon\r\n", 0 }, { NULL, 0 } };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const struct sim_reply reply = { .status = 429,
			.headers = cases[i].header };
		start(&reply, 1);
		assert_false(get_plain());
		assert_words(ERR_THROTTLED, "HTTP 429");
		assert_int_equal(rig.err.retry_after_s, cases[i].wait_s);
		assert_int_equal(rig.err.code, 429);
		assert_false(rig.token.refused);
		end();
	}
}

/* Cut off after it was sent: a failure that counts; nobody there: none. */
static void
test_no_answer(void **state)
{
	static const struct sim_reply closed = { .mode = SIM_CLOSE,
		.repeat = 2 };

	(void)state;
	start(&closed, 1);
	for (int k = 0; k < 3; k++)
		assert_false(get_plain());
	assert_true(rig.token.refused);
	end();
	start(NULL, 0);
	struct oauth_ask ask = ask_of(OAUTH_IN_BODY, plain, 1);
	ask.url = "http://127.0.0.1:1/token";
	for (int k = 0; k < 5; k++)
		assert_false(get(&ask));
	assert_false(rig.token.refused);
	end();
}

/* ---- after a 401 ---------------------------------------------------------- */
static void
test_renewed(void **state)
{
	(void)state;
	start(NULL, 0);
	assert_true(oauth_keep(&rig.token, "T-1", &rig.err));
	assert_false(oauth_renewable(&rig.token, &rig.err));
	assert_int_equal(rig.err.kind, ERR_AUTH);
	assert_non_null(strstr(rig.err.msg, "a fresh session was refused"));
	for (int k = 0; k < OAUTH_RENEWALS_MAX; k++) {
		assert_true(oauth_keep(&rig.token, "T-1", &rig.err));
		rig.token.proven = true;
		assert_true(oauth_renewable(&rig.token, &rig.err));
		assert_false(oauth_is_good(&rig.token, NOW));
		assert_false(rig.token.proven);
	}
	rig.token.proven = true;
	assert_false(oauth_renewable(&rig.token, &rig.err));
	assert_non_null(strstr(rig.err.msg, "ended early"));
	assert_false(oauth_refuse(&rig.token));
	assert_false(oauth_renewable(&rig.token, &rig.err));
	assert_non_null(strstr(rig.err.msg, "not asked again"));
	end();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_grants),
		cmocka_unit_test(test_life),
		cmocka_unit_test(test_what_else_came),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_many_fields_hidden),
		cmocka_unit_test(test_odd_but_good),
		cmocka_unit_test(test_ceilings),
		cmocka_unit_test(test_a_server_that_fails),
		cmocka_unit_test(test_asked_to_wait),
		cmocka_unit_test(test_no_answer),
		cmocka_unit_test(test_renewed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
