/*
 * Requests of a profile against a scripted server: who we say we are, what is
 * sent again and what never, what an answer means, and that no secret is ever
 * in a message.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "clock.h"
#include "http.h"
#include "options.h"
#include "rest/call.h"
#include "simhttpd.h"

#define SECRET "s3cr3t-Key/x"
#define USER "npsync"
#define JSON "Content-Type: application/json\r\n"
#define OK_BODY .headers = JSON, .body = "{\"ok\":1}"
#define NOW 1795420800		/* 2026-11-23T08:00:00Z */

struct rig {
	struct arena *arena, *scratch;
	struct rest_base base;
	struct rest_place place;
	struct rest_request req;
	struct connector_env env;
	struct http *http;
	struct rest rest;
	struct err err;
	time_t now;
	/* of the last call */
	struct http_res res;
	struct json_doc *doc;
};
static struct rig rig;

static time_t
rig_now(void *clock)
{
	return *(const time_t *)clock;
}

static void
fill(const struct opt *opts, void *base, const char *text)
{
	struct options_file *file;

	if (!options_open_text(text, "t.conf", &file, &rig.err) ||
	    !options_fill(opts, base, options_root(file), "t.conf", "", NULL,
	    rig.arena, &rig.err))
		fail_msg("%s", rig.err.msg);
	options_close(file);
}

/* A request that the test makes, of this text. */
static void
request(const char *text)
{
	memset(&rig.req, 0, sizeof(rig.req));
	fill(rest_request_opts, &rig.req, text);
}

static const struct opt_profile from = { "t", "crm.d/t.conf", NULL };

static bool
rig_open(const char *url, const char *profile)
{
	static const struct rest_variable variables[] = { { "company", "1" } };
	struct http_settings settings = http_defaults;

	rig = (struct rig){ .now = NOW };
	rig.arena = arena_new(4194304);
	rig.scratch = arena_new(4194304);
	fill(rest_base_opts, &rig.base, profile);
	request("path = \"/a\";");
	rig.place = (struct rest_place){ .base_url = url, .user = USER,
		.secret = SECRET, .token_url = "",
		.variables = { .v = variables, .n = 1 } };
	settings.tries = 2;
	settings.rate_per_second = 0;
	settings.backoff_s = 0.001;
	settings.answer_timeout_s = 10;
	settings.breaker.in_a_row = 100;
	settings.breaker.window = 1000;
	if (!http_open(&settings, NULL, &rig.http, &rig.err))
		fail_msg("%s", rig.err.msg);
	rig.env = (struct connector_env){ .instance = "crm",
		.timezone = "Europe/Copenhagen", .http = rig.http,
		.scratch = rig.scratch, .now = rig_now, .clock = &rig.now };
	return rest_open(&rig.rest, &rig.env, &rig.place, &rig.base, &from,
	    &rig.err);
}

static void
rig_close(void)
{
	json_free(rig.doc);
	rest_close(&rig.rest);
	http_close(rig.http);
	arena_free(rig.scratch);
	arena_free(rig.arena);
}

static bool
find(void *arg, const char *name, struct hole_value *out)
{
	(void)arg;
	out->type = HOLE_TEXT;
	out->text = strcmp(name, "email") == 0 ? "a@b.example" :
	    strcmp(name, "id") == 0 ? "4711" : NULL;
	return out->text != NULL;
}

static bool
call(void)
{
	json_free(rig.doc);
	rig.doc = NULL;
	rig.err = (struct err){ .kind = ERR_NONE };
	return rest_call(&rig.rest, &rig.req, find, NULL, &rig.res, &rig.doc,
	    &rig.err);
}

/* No message ever holds the key, in whatever form, or an address. */
static void
check_silence(const char *name)
{
	static const char *const never[] = { "4711", SECRET, "s3cr3t", "s3cr3t-Key%2Fx",
		"bnBzeW5jOn", "T0KEN", "b.example" };

	for (size_t i = 0; i < ARRAY_LEN(never); i++)
		if (strstr(rig.err.msg, never[i]) != NULL)
			fail_msg("%s: it says %s", name, rig.err.msg);
}

/* ---- one call each ------------------------------------------------------------ */
struct one_case {
	const char *name, *profile, *request;
	struct sim_reply script[6];
	size_t n;
	bool ok;
	enum err_kind kind;
	const char *says, *words;	/* NULL = not looked at */
};

#define LOGIN "auth = { style = \"login\"; header = \"Authorization\"; " \
	"prefix = \"Session \"; base64 = true; value = " \
	"\"{user}:{session.id}\"; login = { method = \"POST\"; " \
	"path = \"/login\"; json = \"{\\\"u\\\": \\\"{user}\\\", " \
	"\\\"p\\\": \\\"{secret}\\\"}\"; }; values = ( { name = \"id\"; " \
	"at = \"/session/id\"; } ); };"
#define LOGGED_IN(id) { .want = "POST /login HTTP", .target = "/login", \
	.headers = JSON, .body = "{\"session\":{\"id\":\"" id "\"}}" }
#define OAUTH "auth = { style = \"oauth2\"; oauth2 = { token_path = " \
	"\"/token\"; scope = \"read write\"; }; };"
#define TOKEN(text) { .want = "POST /token HTTP", .target = "/token", \
	.headers = JSON, .body = "{\"access_token\":\"T0KEN" text "\"," \
	"\"token_type\":\"bearer\",\"expires_in\":3600}" }

static const struct one_case cases[] = {
	/* ---- who we are ---- */
	{ "none", "", NULL, { { .want = "GET /a HTTP", OK_BODY } }, 1, true,
	    ERR_NONE, NULL, NULL },
	{ "header", "auth = { style = \"header\"; header = \"X-Api-Key\"; };",
	    NULL, { { .want = "X-Api-Key: " SECRET "\r\n", OK_BODY } }, 1,
	    true, ERR_NONE, NULL, NULL },
	{ "header with prefix", "auth = { style = \"header\"; prefix = "
	    "\"Token token=\"; };", NULL,
	    { { .want = "Authorization: Token token=" SECRET "\r\n", OK_BODY } },
	    1, true, ERR_NONE, NULL, NULL },
	{ "basic", "auth = { style = \"basic\"; };", NULL,
	    { { .want = "Authorization: Basic bnBzeW5jOnMzY3IzdC1LZXkveA==\r\n",
	    OK_BODY } }, 1, true, ERR_NONE, NULL, NULL },
	{ "bearer", "auth = { style = \"bearer\"; };", NULL,
	    { { .want = "Authorization: Bearer " SECRET "\r\n", OK_BODY } }, 1,
	    true, ERR_NONE, NULL, NULL },
	{ "login", LOGIN, NULL, { LOGGED_IN("abc"),
	    { .want = "Authorization: Session bnBzeW5jOmFiYw==\r\n", OK_BODY }
	    }, 2, true, ERR_NONE, NULL, NULL },
	{ "token", OAUTH, NULL, { TOKEN("1"),
	    { .want = "Authorization: Bearer T0KEN1\r\n", OK_BODY } }, 2, true,
	    ERR_NONE, NULL, NULL },
	/* ---- refused ---- */
	{ "a wrong key: one request", "auth = { style = \"bearer\"; };", NULL,
	    { { .want = "GET ", .status = 401, .headers = JSON,
	    .body = "{\"message\":\"bad key " SECRET "\"}" } }, 1, false,
	    ERR_AUTH, "GET /a: HTTP 401, the credentials were refused", NULL },
	{ "a wrong password: one login", LOGIN, NULL, { { .want = "POST /login",
	    .status = 401, .headers = JSON, .body = "{\"error\":{\"message\":"
	    "\"user npsync: no such password " SECRET "\"}}" } }, 1, false,
	    ERR_AUTH, "login: POST /login: HTTP 401", NULL },
	{ "a login that answers 200 without session", LOGIN, NULL,
	    { { .want = "POST /login", .headers = JSON,
	    .body = "{\"session\":null}" } }, 1, false, ERR_AUTH,
	    "no text at /session/id", NULL },
	{ "a login that answers HTML", LOGIN, NULL, { { .want = "POST /login",
	    .body = "<html>" } }, 1, false, ERR_PROTOCOL, "expected JSON", NULL },
	{ "a login with a session of two lines", LOGIN " headers = ();", NULL,
	    { { .want = "POST /login", .headers = JSON,
	    .body = "{\"session\":{\"id\":\"\"}}" } }, 1, false, ERR_AUTH,
	    NULL, NULL },
	{ "nobody logs in there", LOGIN, NULL, { { .want = "POST /login",
	    .status = 404 } }, 1, false, ERR_CONFIG, "login: POST /login", NULL },
	{ "a login that must wait", LOGIN, NULL, { { .want = "POST /login",
	    .status = 429, .headers = "Retry-After: 7\r\n" } }, 1, false,
	    ERR_THROTTLED, "HTTP 429", NULL },
	{ "a wrong client", OAUTH, NULL, { { .want = "POST /token",
	    .status = 401, .headers = JSON, .body = "{\"error\":"
	    "\"invalid_client\",\"error_description\":\"" SECRET "\"}" } }, 1,
	    false, ERR_AUTH, "token: HTTP 401, invalid_client", NULL },
	{ "a token that is no word", OAUTH, NULL, { { .want = "POST /token",
	    .headers = JSON, .body = "{\"access_token\":\"a\\r\\nX: y\"}" } },
	    1, false, ERR_PROTOCOL, "/access_token", NULL },
	{ "a token of another kind", OAUTH, NULL, { { .want = "POST /token",
	    .headers = JSON, .body = "{\"access_token\":\"T0KEN\","
	    "\"token_type\":\"mac\"}" } }, 1, false, ERR_PROTOCOL, "Bearer", NULL },
	{ "a token's answer without end", OAUTH, NULL, {
	    { .want = "POST /token", .raw = "HTTP/1.1 200 OK\r\n\r\n",
	    .mode = SIM_ENDLESS } }, 1, false, ERR_PROTOCOL, "token", NULL },
	{ "a fault that shows the key in an error's word", OAUTH, NULL,
	    { { .want = "POST /token", .status = 400, .headers = JSON,
	    .body = "{\"error\":\"" SECRET "\"}" } }, 1, false, ERR_AUTH,
	    "token: HTTP 400: ", NULL },
	/* ---- a session that ended ---- */
	{ "401 with a fresh session is final", LOGIN, NULL, { LOGGED_IN("abc"),
	    { .want = "GET /a", .status = 401 } }, 2, false, ERR_AUTH,
	    "a fresh session was refused", NULL },
	{ "403 is no session", LOGIN, NULL, { LOGGED_IN("abc"),
	    { .want = "GET /a", .status = 403 } }, 2, false, ERR_AUTH,
	    "HTTP 403", NULL },
	{ "a session in the server's words", LOGIN, NULL,
	    { LOGGED_IN("Q9-5e55-ion"), { .want = "GET /a", .status = 422,
	    .headers = JSON, .body = "{\"message\":\"not for Q9-5e55-ion\"}" } },
	    2, false, ERR_REJECTED, NULL, "" },
	{ "a short one is found in any text", LOGIN, NULL, { LOGGED_IN("abc"),
	    { .want = "GET /a", .status = 422, .headers = JSON,
	    .body = "{\"message\":\"not for abc\"}" } }, 2, false,
	    ERR_REJECTED, NULL, "not for abc" },
	/* ---- answers ---- */
	{ "nothing", "", NULL, { { .want = "GET /a", .status = 204 } }, 1, true,
	    ERR_NONE, NULL, NULL },
	{ "gone", "", "path = \"/a/{id}\";", { { .want = "GET /a/4711 ",
	    .status = 404, .headers = JSON, .body = "{\"message\":"
	    "\"contact 4711, a@b.example, is not there\"}" } }, 1, false,
	    ERR_GONE, "GET /a/{id}: HTTP 404, not there",
	    "contact 4711, ***, is not there" },
	{ "an address in the path", "", "path = \"/find/{email}?x={id}\";",
	    { { .want = "GET /find/a%40b.example?x=4711 ", .status = 422 } }, 1,
	    false, ERR_REJECTED, "GET /find/{email}: HTTP 422", NULL },
	{ "no connection names no address", "", "path = \"/find/{email}\";",
	    { { .want = "GET /find", .mode = SIM_CLOSE },
	    { .want = "GET /find", .mode = SIM_CLOSE } }, 2, false, ERR_RETRY,
	    "GET /find/{email}: ", NULL },
	{ "throttled", "", NULL, { { .want = "GET /a", .status = 429,
	    .headers = "Retry-After: 900\r\n" } }, 1, false, ERR_THROTTLED,
	    "retry after 900 s", NULL },
	{ "not throttled: a write that may not be repeated", "",
	    "method = \"POST\"; path = \"/a\"; json = \"{}\";", {
	    { .want = "POST /a", .status = 503 } }, 1, false, ERR_RETRY,
	    "HTTP 503", NULL },
	{ "a write that may", "", "method = \"POST\"; path = \"/a\"; "
	    "json = \"{}\"; repeatable = true;", {
	    { .want = "POST /a", .status = 503 },
	    { .want = "POST /a", OK_BODY } }, 2, true, ERR_NONE, NULL, NULL },
	{ "changed meanwhile", "", "method = \"PUT\"; path = \"/a\"; "
	    "json = \"{}\";", { { .want = "PUT /a", .status = 412 } }, 1,
	    false, ERR_REJECTED, "changed meanwhile", NULL },
	{ "a redirect is not followed", "auth = { style = \"bearer\"; };", NULL,
	    { { .want = "GET /a", .status = 302,
	    .headers = "Location: https://evil.example/\r\n" } }, 1, false,
	    ERR_CONFIG, "redirect", NULL },
	{ "HTML in a 200", "", NULL, { { .want = "GET /a",
	    .headers = "Content-Type: text/html\r\n",
	    .body = "<html>Log in</html>" } }, 1, false, ERR_PROTOCOL,
	    "expected JSON", NULL },
	{ "half an answer", "", NULL, { { .want = "GET /a", OK_BODY,
	    .mode = SIM_CUT, .cut = 30 }, { .want = "GET /a",
	    .raw = "HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n{\"ok\":1}",
	    .mode = SIM_REPLY_DROP } }, 2, false, ERR_RETRY, NULL, NULL },
	{ "a bomb", "", NULL, { { .want = "GET /a",
	    .body = "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[" }
	    }, 1, false, ERR_PROTOCOL, NULL, NULL },
	{ "an answer without end", "", NULL, { { .want = "GET /a",
	    .raw = "HTTP/1.1 200 OK\r\n\r\n[", .mode = SIM_ENDLESS } }, 1,
	    false, ERR_PROTOCOL, NULL, NULL },
	/* ---- rules ---- */
	{ "an error in a 200", "errors = ( { status = [ 200 ]; at = "
	    "\"/error\"; means = \"rejected\"; text = \"/error/1\"; } );",
	    NULL, { { .want = "GET /a", .headers = JSON, .body = "{\"result\":"
	    "null,\"error\":[\"UserError\",\"Party of a@b.example is locked\"]"
	    "}" } }, 1, false, ERR_REJECTED, "GET /a: HTTP 200, refused",
	    "Party of *** is locked" },
	{ "null, false, empty are no error", "errors = ( { at = \"/error\"; "
	    "}, { at = \"/fault\"; }, { at = \"/errors\"; }, { at = \"/e\"; }, "
	    "{ at = \"/o\"; } );", NULL, { { .want = "GET /a", .headers = JSON,
	    .body = "{\"error\":null,\"fault\":false,\"errors\":[],\"e\":\"\","
	    "\"o\":{}}" } }, 1, true, ERR_NONE, NULL, NULL },
	{ "the first line that fits", "errors = ( { status = [ 400, 403 ]; "
	    "contains = [ \"Rate Limit\" ]; means = \"throttled\"; }, "
	    "{ status = [ 403 ]; means = \"gone\"; } );", NULL,
	    { { .want = "GET /a", .status = 403, .body = "rate limit reached" }
	    }, 1, false, ERR_THROTTLED, "too many", NULL },
	{ "the second", "errors = ( { status = [ 400, 403 ]; contains = "
	    "[ \"Rate Limit\" ]; means = \"throttled\"; }, { status = [ 403 ]; "
	    "means = \"gone\"; } );", NULL, { { .want = "GET /a",
	    .status = 403, .body = "forbidden" } }, 1, false, ERR_GONE, NULL, NULL },
	{ "equals", "errors = ( { at = \"/code\"; equals = [ \"e17\" ]; "
	    "means = \"conflict\"; } );", NULL, { { .want = "GET /a",
	    .headers = JSON, .body = "{\"code\":\"E17\"}" } }, 1, false,
	    ERR_REJECTED, "changed meanwhile", NULL },
	{ "equals nothing", "errors = ( { at = \"/code\"; equals = [ \"e17\" ];"
	    " means = \"conflict\"; } );", NULL, { { .want = "GET /a",
	    .headers = JSON, .body = "{\"code\":\"E170\"}" } }, 1, true,
	    ERR_NONE, NULL, NULL },
	{ "what is called an error is none", "errors = ( { status = [ 404 ]; "
	    "means = \"ok\"; } );", NULL, { { .want = "GET /a", .status = 404 }
	    }, 1, true, ERR_NONE, NULL, NULL },
	/* ---- what is sent ---- */
	{ "headers: a request's replaces the profile's, the key wins",
	    "auth = { style = \"bearer\"; }; headers = ( { name = \"X-A\"; "
	    "value = \"1\"; }, { name = \"accept\"; value = \"a/b\"; }, "
	    "{ name = \"authorization\"; value = \"mine\"; }, "
	    "{ name = \"X-None\"; value = \"{var.company}\"; } );",
	    "path = \"/a\"; headers = ( { name = \"x-a\"; value = \"{id}\"; } "
	    ");", { { .want = "GET /a HTTP", OK_BODY } }, 1, true, ERR_NONE,
	    NULL, NULL },
	{ "an id of two dots", "", "path = \"/a/{dots}\";", { { .want = NULL } },
	    0, false, ERR_CONFIG, "GET /a/{dots}: path: {dots}: no such", NULL },
};

static void
one(const struct one_case *c)
{
	struct simhttpd *sim = simhttpd_start(c->script, c->n);

	assert_non_null(sim);
	if (!rig_open(simhttpd_url(sim), c->profile))
		fail_msg("%s: %s", c->name, rig.err.msg);
	if (c->request != NULL)
		request(c->request);
	const bool ok = call();
	if (ok != c->ok || (!ok && rig.err.kind != c->kind) || (!ok &&
	    c->says != NULL && strstr(rig.err.msg, c->says) == NULL))
		fail_msg("%s: %d: %s: %s", c->name, ok,
		    err_kind_name(rig.err.kind), rig.err.msg);
	if (simhttpd_problem(sim, true) != NULL)
		fail_msg("%s: %s", c->name, simhttpd_problem(sim, true));
	check_silence(c->name);
	if (c->words != NULL && strcmp(rig.rest.words, c->words) != 0)
		fail_msg("%s: %s", c->name, rig.rest.words);
	rig_close();
	simhttpd_stop(sim);
}

static void
test_one(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		one(&cases[i]);
}

/* ---- exact bytes ---------------------------------------------------------------- */
static void
test_bytes(void **state)
{
	static const struct sim_reply script[] = {
		{ .want = NULL, OK_BODY }, { .want = NULL, OK_BODY },
		{ .want = NULL, OK_BODY } };
	struct simhttpd *sim = simhttpd_start(script, 3);
	const char *sent;

	(void)state;
	assert_true(rig_open(simhttpd_url(sim), "auth = { style = \"bearer\"; "
	    "}; headers = ( { name = \"X-A\"; value = \"1\"; }, { name = "
	    "\"authorization\"; value = \"mine\"; } );"));
	request("method = \"POST\"; path = \"\"; json = "
	    "\"{ \\\"id\\\": \\\"{id:number}\\\" }\"; headers = ( { name = "
	    "\"x-a\"; value = \"{id}\"; } );");
	assert_true(call());
	sent = simhttpd_request(sim, 0);
	assert_non_null(strstr(sent, "POST / HTTP/1.1\r\n"));
	assert_non_null(strstr(sent, "\r\nX-A: 4711\r\n") == NULL ?
	    strstr(sent, "\r\nx-a: 4711\r\n") : sent);
	assert_null(strstr(sent, ": 1\r\n"));
	assert_null(strstr(sent, "mine"));
	assert_non_null(strstr(sent, "Content-Type: application/json\r\n"));
	assert_string_equal(simhttpd_body(sim, 0), "{\"id\":4711}");
	request("method = \"POST\"; path = \"?x=1\"; form = "
	    "\"mail={email}&none=1\";");
	assert_true(call());
	assert_non_null(strstr(simhttpd_request(sim, 1), "POST /?x=1 HTTP"));
	assert_string_equal(simhttpd_body(sim, 1),
	    "mail=a%40b.example&none=1");
	request("path = \"c/{var.company}\";");
	assert_true(call());
	assert_non_null(strstr(simhttpd_request(sim, 2), "GET /c/1 HTTP"));
	assert_null(strstr(simhttpd_request(sim, 2), "Content-Type"));
	rig_close();
	simhttpd_stop(sim);
}

static void
test_token_request(void **state)
{
	static const struct sim_reply script[] = { TOKEN("1"),
		{ .want = "GET /a", OK_BODY }, TOKEN("2"),
		{ .want = "GET /a", OK_BODY } };
	struct simhttpd *sim = simhttpd_start(script, 4);

	(void)state;
	assert_true(rig_open(simhttpd_url(sim), OAUTH));
	assert_true(call());
	assert_string_equal(simhttpd_body(sim, 0),
	    "grant_type=client_credentials&scope=read%20write");
	/* base64 of npsync:s3cr3t-Key%2Fx */
	assert_non_null(strstr(simhttpd_request(sim, 0), "Authorization: Basic "
	    "bnBzeW5jOnMzY3IzdC1LZXklMkZ4\r\n"));
	rig_close();
	assert_true(rig_open(simhttpd_url(sim), "auth = { style = \"oauth2\"; "
	    "oauth2 = { client = \"body\"; token_path = \"/token\"; extra = ( "
	    "{ name = \"resource\"; value = \"r/{var.company}\"; } ); }; };"));
	assert_true(call());
	assert_string_equal(simhttpd_body(sim, 2),
	    "grant_type=client_credentials&resource=r%2F1&client_id=npsync"
	    "&client_secret=s3cr3t-Key%2Fx");
	assert_null(strstr(simhttpd_request(sim, 2), "Authorization"));
	rig_close();
	simhttpd_stop(sim);
}

/* ---- sessions over several calls ---------------------------------------------------- */
/* One of the two that can be renewed. */
static const struct sim_reply renewal[2][12] = {
	{ LOGGED_IN("abc"), { .want = "bnBzeW5jOmFiYw==", .target = "/a", OK_BODY },
	    { .want = "GET /a", .target = "/a", .status = 401 },
	    LOGGED_IN("def"), { .want = "bnBzeW5jOmRlZg==", .target = "/a", OK_BODY } },
	{ TOKEN("1"), { .want = "Bearer T0KEN1", .target = "/a", OK_BODY },
	    { .want = "Bearer T0KEN1", .target = "/a", .status = 401 },
	    TOKEN("2"), { .want = "Bearer T0KEN2", .target = "/a", OK_BODY } },
};

static void
test_renewed_once(void **state)
{
	static const char *const profiles[] = { LOGIN, OAUTH };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct simhttpd *sim = simhttpd_start(renewal[i], 5);
		assert_true(rig_open(simhttpd_url(sim), profiles[i]));
		assert_true(call());
		if (!call())
			fail_msg("%s", rig.err.msg);
		assert_null(simhttpd_problem(sim, true));
		rig_close();
		simhttpd_stop(sim);
	}
}

/* Renewed, refused again: final, and the next call asks once with what there
 * is. */
static void
test_renewed_in_vain(void **state)
{
	static const struct sim_reply script[] = { LOGGED_IN("abc"),
		{ .want = "GET /a", .target = "/a", OK_BODY },
		{ .want = "GET /a", .target = "/a", .status = 401, .repeat = 2 },
		LOGGED_IN("def") };
	struct simhttpd *sim = simhttpd_start(script, 4);

	(void)state;
	assert_true(rig_open(simhttpd_url(sim), LOGIN));
	assert_true(call());
	assert_false(call());
	assert_int_equal(rig.err.kind, ERR_AUTH);
	assert_int_equal(simhttpd_requests(sim), 5);
	assert_false(call());
	assert_int_equal(rig.err.kind, ERR_AUTH);
	assert_int_equal(simhttpd_requests(sim), 6);
	assert_null(simhttpd_problem(sim, true));
	rig_close();
	simhttpd_stop(sim);
}

/* An answer, a 401, an answer, ...: an end all the same. */
static void
test_renewed_for_ever(void **state)
{
	static const struct sim_reply script[] = {
		{ .want = "POST /token", .target = "/token", .headers = JSON,
		    .body = "{\"access_token\":\"T0KEN\"}", .repeat = 100 },
		{ .want = "GET /ok", .target = "/ok", OK_BODY, .repeat = 100 },
		{ .want = "GET /no", .target = "/no", .status = 401,
		    .repeat = 100 } };
	struct simhttpd *sim = simhttpd_start(script, 3);

	(void)state;
	assert_true(rig_open(simhttpd_url(sim), OAUTH));
	for (int i = 0; i < 40; i++) {
		request("path = \"/ok\";");
		assert_true(call());
		request("path = \"/no\";");
		assert_false(call());
		assert_int_equal(rig.err.kind, ERR_AUTH);
	}
	/* 40 x ok, 20 x no with its repetition, 20 x no alone, 21 tokens */
	assert_int_equal(simhttpd_requests(sim), 40 + 40 + 20 + 21);
	assert_non_null(strstr(rig.err.msg, "20 sessions ended early"));
	rig_close();
	simhttpd_stop(sim);
}

/* A refused login is not tried again in this run, whoever asks. */
static void
test_refused_once(void **state)
{
	static const char *const profiles[] = { LOGIN, OAUTH };
	static const struct sim_reply script[] = { { .want = "POST ",
		.status = 401 } };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct simhttpd *sim = simhttpd_start(script, 1);
		struct http_req req;
		assert_true(rig_open(simhttpd_url(sim), profiles[i]));
		for (int n = 0; n < 3; n++) {
			assert_false(call());
			assert_int_equal(rig.err.kind, ERR_AUTH);
		}
		assert_false(rest_build(&rig.rest, &rig.req, find, NULL, &req,
		    &rig.err));
		assert_int_equal(rig.err.kind, ERR_AUTH);
		assert_false(rest_renew(&rig.rest, &rig.err));
		assert_int_equal(rig.err.kind, ERR_AUTH);
		assert_int_equal(simhttpd_requests(sim), 1);
		assert_null(simhttpd_problem(sim, true));
		rig_close();
		simhttpd_stop(sim);
	}
}

/* A server that fails is asked three times in a run. */
static void
test_failing_login(void **state)
{
	static const char *const profiles[] = { LOGIN, OAUTH };
	static const struct sim_reply script[] = {
		{ .want = "POST ", .status = 500 },
		{ .want = "POST ", .mode = SIM_CLOSE },
		{ .want = "POST ", .status = 503 } };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct simhttpd *sim = simhttpd_start(script, 3);
		assert_true(rig_open(simhttpd_url(sim), profiles[i]));
		for (int n = 0; n < 3; n++) {
			assert_false(call());
			assert_int_equal(rig.err.kind, ERR_RETRY);
		}
		assert_false(call());
		assert_int_equal(rig.err.kind, ERR_AUTH);
		assert_int_equal(simhttpd_requests(sim), 3);
		rig_close();
		simhttpd_stop(sim);
	}
}

/* Kept until a minute before its end; what names no end, or one that is hardly
 * there, until a 401. */
static void
test_expiry(void **state)
{
	static const struct sim_reply script[] = { TOKEN("1"),
		{ .want = "Bearer T0KEN1", .target = "/a", OK_BODY, .repeat = 1 },
		TOKEN("2"), { .want = "Bearer T0KEN2", .target = "/a", OK_BODY } };
	static const char *const lives[] = { "", ",\"expires_in\":0",
		",\"expires_in\":5", ",\"expires_in\":-1",
		",\"expires_in\":\"soon\"", ",\"expires_in\":1e99",
		",\"expires_in\":{}" };
	struct simhttpd *sim = simhttpd_start(script, 4);
	char body[128];

	(void)state;
	assert_true(rig_open(simhttpd_url(sim), OAUTH));
	assert_true(call());
	rig.now = NOW + 3539;
	assert_true(call());
	rig.now = NOW + 3540;
	assert_true(call());
	assert_null(simhttpd_problem(sim, true));
	rig_close();
	simhttpd_stop(sim);
	for (size_t i = 0; i < ARRAY_LEN(lives); i++) {
		(void)snprintf(body, sizeof(body),
		    "{\"access_token\":\"T0KEN\"%s}", lives[i]);
		const struct sim_reply short_lived[] = {
			{ .want = "POST /token", .headers = JSON,
			    .body = body },
			{ .want = "GET /a", OK_BODY, .repeat = 4 } };
		sim = simhttpd_start(short_lived, 2);
		assert_true(rig_open(simhttpd_url(sim), OAUTH));
		for (int n = 0; n < 5; n++) {
			assert_true(call());
			rig.now += 3600;
		}
		assert_null(simhttpd_problem(sim, true));
		rig_close();
		simhttpd_stop(sim);
	}
}

/* A write goes out again after a 401, and after nothing else. */
static void
test_write_after_renewal(void **state)
{
	static const struct sim_reply script[] = { LOGGED_IN("abc"),
		{ .want = "GET /a", OK_BODY },
		{ .want = "POST /w", .target = "/w", .status = 401 },
		LOGGED_IN("def"),
		{ .want = "POST /w", .target = "/w", OK_BODY },
		{ .want = "POST /w", .target = "/w", .status = 500 },
		{ .want = "POST /w", .target = "/w", .mode = SIM_CLOSE } };
	struct simhttpd *sim = simhttpd_start(script, 7);

	(void)state;
	assert_true(rig_open(simhttpd_url(sim), LOGIN));
	assert_true(call());
	request("method = \"POST\"; path = \"/w\"; json = \"{}\";");
	assert_true(call());
	assert_false(call());
	assert_int_equal(rig.err.kind, ERR_RETRY);
	assert_false(call());
	assert_int_equal(rig.err.kind, ERR_RETRY);
	assert_null(simhttpd_problem(sim, true));
	rig_close();
	simhttpd_stop(sim);
}

/* Sessions that end inside of a 200, as JSON-RPC has them. */
static void
test_session_by_rule(void **state)
{
	static const struct sim_reply script[] = { LOGGED_IN("abc"),
		{ .want = "GET /a", OK_BODY },
		{ .want = "GET /a", .target = "/a", .headers = JSON,
		    .body = "{\"error\":[\"Session\",\"expired\"]}" },
		LOGGED_IN("def"), { .want = "GET /a", .target = "/a", OK_BODY } };
	struct simhttpd *sim = simhttpd_start(script, 5);

	(void)state;
	assert_true(rig_open(simhttpd_url(sim), LOGIN "errors = ( { at = "
	    "\"/error/0\"; equals = [ \"session\" ]; means = \"session\"; } );"
	    ));
	assert_true(call());
	if (!call())
		fail_msg("%s", rig.err.msg);
	assert_null(simhttpd_problem(sim, true));
	rig_close();
	simhttpd_stop(sim);
}

/* What the core drives: built with the session, renewed by the core's word. */
static void
test_build(void **state)
{
	static const struct sim_reply script[] = { LOGGED_IN("abc"),
		LOGGED_IN("def") };
	struct simhttpd *sim = simhttpd_start(script, 2);
	const struct http_res good = { .status = 200, .body = "" };
	struct http_req req;
	char text[64];

	(void)state;
	assert_true(rig_open(simhttpd_url(sim), LOGIN));
	request("method = \"PUT\"; path = \"/t/{id}\"; json = \"[]\";");
	assert_true(rest_build(&rig.rest, &rig.req, find, NULL, &req,
	    &rig.err));
	assert_string_equal(req.method, "PUT");
	assert_false(req.repeatable);
	assert_string_equal(strstr(req.url, "/t/"), "/t/4711");
	assert_true(rest_build(&rig.rest, &rig.req, find, NULL, &req,
	    &rig.err));
	assert_int_equal(simhttpd_requests(sim), 1);
	/* Refused before anything was good: no second login. */
	assert_false(rest_renew(&rig.rest, &rig.err));
	assert_int_equal(rest_judge(&rig.rest, &good, NULL, text, 64), REST_OK);
	assert_true(rest_renew(&rig.rest, &rig.err));
	assert_int_equal(simhttpd_requests(sim), 2);
	rig_close();
	simhttpd_stop(sim);
}

/* The next page of a listing leads to nobody else. */
static void
test_foreign_page(void **state)
{
	static const struct sim_reply script[] = { { .want = "GET /b?page=2",
		OK_BODY } };
	struct simhttpd *sim = simhttpd_start(script, 1);
	char url[8][160];

	(void)state;
	assert_true(rig_open(simhttpd_url(sim), "auth = { style = \"bearer\"; };"
	    ));
	(void)snprintf(url[0], 160, "%s/b?page=2", simhttpd_url(sim));
	(void)snprintf(url[1], 160, "https://evil.example/b");
	(void)snprintf(url[2], 160, "%s@evil.example/", simhttpd_url(sim));
	(void)snprintf(url[3], 160, "%s0/", simhttpd_url(sim));
	(void)snprintf(url[4], 160, "//evil.example/");
	(void)snprintf(url[5], 160, "%s", "");
	for (size_t i = 0; i < 6; i++) {
		const bool ok = rest_call_at(&rig.rest, &rig.req, url[i], find,
		    NULL, &rig.res, &rig.doc, &rig.err);
		assert_int_equal(ok, i == 0);
		if (!ok)
			assert_int_equal(rig.err.kind, ERR_PROTOCOL);
		json_free(rig.doc);
		rig.doc = NULL;
	}
	assert_null(simhttpd_problem(sim, true));
	rig_close();
	simhttpd_stop(sim);
}

/* One origin, written otherwise: it is taken, and then nobody listens. */
static void
test_same_origin(void **state)
{
	static const struct {
		const char *base, *url;
		bool ours;
	} c[] = {
		{ "http://localhost:1/a", "HTTP://LocalHost:1/a?c=2", true },
		{ "http://localhost:80/a", "http://localhost/a?c=2", true },
		{ "http://localhost/a", "http://localhost:80/a", true },
		{ "http://localhost:1/a", "http://localhost/a", false },
		{ "http://localhost/a", "https://localhost/a", false },
		{ "http://localhost:1/a", "http://u@localhost:1/a", false },
		{ "http://localhost:1/a", "http://localhost.:1/a", false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(c); i++) {
		assert_true(rig_open(c[i].base, ""));
		assert_false(rest_call_at(&rig.rest, &rig.req, c[i].url, find,
		    NULL, &rig.res, &rig.doc, &rig.err));
		const bool refused = strstr(rig.err.msg,
		    "expected a page of the same address") != NULL;
		if (refused == c[i].ours)
			fail_msg("%s: %s", c[i].url, rig.err.msg);
		rig_close();
	}
}

/* A child process logs in by itself. */
static void
test_fork(void **state)
{
	struct oauth_token t;
	int status;

	(void)state;
	oauth_init(&t);
	assert_true(oauth_keep(&t, "T0KEN", &rig.err));
	assert_true(oauth_is_good(&t, NOW));
	const pid_t child = fork();
	if (child == 0)
		_exit(oauth_is_good(&t, NOW) ? 1 : 0);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	oauth_free(&t);
}

/* ---- at open ------------------------------------------------------------------------- */
static void
test_open(void **state)
{
	static const struct { const char *profile, *says; } bad[] = {
		{ "auth = { style = \"login\"; };", "expects login" },
		{ "auth = { style = \"oauth2\"; };", "token_path" },
		{ "auth = { style = \"login\"; value = \"{session.x}\"; login "
		    "= { path = \"/l\"; }; };", "auth.value: {session.x}" },
		{ "auth = { style = \"login\"; value = \"{secret}\"; login "
		    "= { path = \"/l\"; }; };", "auth.value: {secret}: no such" },
		{ "auth = { style = \"login\"; value = \"x\"; login = { path = "
		    "\"/l?p={secret}\"; }; };", "never in an address" },
		{ "auth = { style = \"login\"; value = \"x\"; login = { path = "
		    "\"/l\"; json = \"{}\"; }; };", "a GET has no body" },
		{ "auth = { style = \"login\"; value = \"x\"; login = { path = "
		    "\"/l\"; method = \"POST\"; json = \"{}\"; form = \"a=1\"; "
		    "}; };", "one of json, form and text" },
		{ "auth = { style = \"login\"; value = \"x\"; login = { path = "
		    "\"/{var.other}\"; }; };", "auth.login.path: {var.other}: "
		    "the profile asks for this value" },
		{ "headers = ( { name = \"X-Key\"; value = \"{secret}\"; } );",
		    "headers.X-Key: {secret}: no such hole" },
		{ "errors = ( { means = \"gone\"; } );",
		    "errors[0]: expected status" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		if (rig_open("http://127.0.0.1:1", bad[i].profile))
			fail_msg("%s: taken", bad[i].profile);
		if (rig.err.kind != ERR_CONFIG ||
		    strstr(rig.err.msg, "profile crm.d/t.conf: ") == NULL ||
		    strstr(rig.err.msg, bad[i].says) == NULL)
			fail_msg("%s: %s", bad[i].profile, rig.err.msg);
		check_silence(bad[i].profile);
		rig_close();
	}
}

static void
test_credentials(void **state)
{
	static const struct { const char *style, *user, *secret, *says; } c[] = {
		{ "bearer", "u", "", "expected secret" },
		{ "bearer", "u", "a\r\nX: s3cr3t", "a key of one line" },
		{ "header", "u", "a\ns3cr3t", "a key of one line" },
		{ "basic", "", "s3cr3t", "expected user" },
		{ "basic", "a:b", "s3cr3t", "without \":\"" },
		{ "oauth2", "", "s3cr3t", "expected user" },
	};
	char profile[64];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(c); i++) {
		(void)snprintf(profile, sizeof(profile),
		    "auth = { style = \"%s\"; };", c[i].style);
		(void)rig_open("http://127.0.0.1:1", profile);
		rest_close(&rig.rest);
		rig.place.user = c[i].user;
		rig.place.secret = c[i].secret;
		assert_false(rest_open(&rig.rest, &rig.env, &rig.place,
		    &rig.base, &from, &rig.err));
		if (strstr(rig.err.msg, c[i].says) == NULL)
			fail_msg("%s: %s", c[i].style, rig.err.msg);
		check_silence(c[i].style);
		rig_close();
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one),
		cmocka_unit_test(test_bytes),
		cmocka_unit_test(test_token_request),
		cmocka_unit_test(test_renewed_once),
		cmocka_unit_test(test_renewed_in_vain),
		cmocka_unit_test(test_renewed_for_ever),
		cmocka_unit_test(test_refused_once),
		cmocka_unit_test(test_failing_login),
		cmocka_unit_test(test_expiry),
		cmocka_unit_test(test_write_after_renewal),
		cmocka_unit_test(test_session_by_rule),
		cmocka_unit_test(test_build),
		cmocka_unit_test(test_foreign_page),
		cmocka_unit_test(test_same_origin),
		cmocka_unit_test(test_fork),
		cmocka_unit_test(test_open),
		cmocka_unit_test(test_credentials),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
