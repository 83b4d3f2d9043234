/*
 * Salesforce, what goes wrong on the way: pages, tokens, quotas, time-outs,
 * broken passes.  Each ends in the outcome that is named here; the watermark
 * moves only when all was read.
 */
#include "salesforce/rig.h"

#include <openssl/evp.h>
#include <openssl/pem.h>

#include "salesforce/salesforce.h"

#define NIGHT "2026-11-24T01:44:00Z"
#define CASES "meetings = false; deals = false;"
#define NEXT(n) "\"nextRecordsUrl\":\"" V "/query/01g000000000001AAA-" #n "\""
#define CASE(n) "{\"Id\":\"50000000000000" #n "AAA\",\"ContactId\":" \
	"\"003000000000001AAA\",\"ClosedDate\":\"2026-11-24T10:00:00.000+0000\"}"
#define ERROR(code, words) "[{\"message\":\"" words "\",\"errorCode\":\"" code \
	"\"}]"

static struct rig rig;

#define OPEN(conf, routes) rig_open(&rig, CASES conf, routes, ARRAY_LEN(routes))

static size_t
lines(const struct buf *buf)
{
	size_t n = 0;

	for (const char *p = buf_text(buf); *p != '\0'; p++)
		n += *p == '\n';
	return n;
}

/* ---- pages ----------------------------------------------------------------- */
/* SF-01, SF-02 */
static void
test_pages_to_their_end(void **state)
{
	static const struct route routes[] = {
		{ .match = "query/01g000000000001AAA-2", .body =
		    "{\"totalSize\":4,\"done\":false,\"records\":[],"
		    NEXT(3) "}" },
		{ .match = "query/01g000000000001AAA-3", .body =
		    "{\"totalSize\":4,\"records\":[" CASE(3) "]," NEXT(4) "}" },
		{ .match = "query/01g000000000001AAA-4", .body =
		    "{\"totalSize\":4,\"records\":[" CASE(4) "]}" },
		{ .match = "FROM Case", .want = "Sforce-Query-Options: "
		    "batchSize=500\r\n", .body = "{\"totalSize\":4,\"done\":false,"
		    "\"records\":[" CASE(1) "," CASE(2) "]," NEXT(2) "}" },
	};

	(void)state;
	OPEN("query_batch_size = 500;", routes);
	if (!rig_events(&rig, NIGHT))
		fail_msg("%s", rig.err.msg);
	assert_int_equal(lines(&rig.seen), 4);
	assert_int_equal(rig.pages, 4);
	assert_string_equal(rig.watermark, "2026-11-25T01:45:00Z");
	/* The address as it was given, nothing added. */
	assert_int_equal(rig_count(&rig, "GET " V
	    "/query/01g000000000001AAA-4\n"), 1);
	rig_close(&rig);
}

/* SF-01: rows that were announced and did not come. */
static void
test_dropped_pages_are_no_end(void **state)
{
	static const struct route routes[] = {
		{ .match = "FROM Case", .body = "{\"totalSize\":4,\"done\":true,"
		    "\"records\":[" CASE(1) "," CASE(2) "]}" },
	};
	static const struct route not_done[] = {
		{ .match = "FROM Case", .body = "{\"done\":false,\"records\":["
		    CASE(1) "]}" },
	};

	(void)state;
	OPEN("", routes);
	rig_fails(&rig, rig_events(&rig, NIGHT), ERR_PROTOCOL,
	    "query Case: 4 rows were announced, 2 came");
	assert_int_equal(rig_count(&rig, "FROM Case"), 2);	/* once more */
	assert_string_equal(rig.watermark, "");
	rig_close(&rig);
	OPEN("", not_done);
	rig_fails(&rig, rig_events(&rig, NIGHT), ERR_PROTOCOL,
	    "not done, and no next page");
	rig_close(&rig);
}

static void
test_pages_without_end(void **state)
{
	static const char *const bodies[] = {
		"{\"totalSize\":9,\"records\":[]," NEXT(1) "}",
		"{\"records\":[]," NEXT(1) "}",
		"{\"totalSize\":1,\"records\":[" CASE(1) "]," NEXT(1) "}",
		"{\"records\":[],\"nextRecordsUrl\":\"https://evil.example/x\"}",
		"{\"records\":[],\"nextRecordsUrl\":\"//evil.example/x\"}",
		"{\"records\":[],\"nextRecordsUrl\":\"/services/../x\"}",
		"{\"records\":{}}", "{}", "[]", "null",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bodies); i++) {
		const struct route routes[] = {
			{ .match = "/query/01g", .body = bodies[i] },
			{ .match = "FROM Case", .body = bodies[i] } };
		OPEN("", routes);
		rig_fails(&rig, rig_events(&rig, NIGHT), ERR_PROTOCOL, "query "
		    "Case");
		assert_true(simhttpd_requests(rig.sim) < 8);
		assert_string_equal(rig.watermark, "");
		rig_close(&rig);
	}
}

static void
test_empty_pages_that_go_round(void **state)
{
	static const struct route routes[] = {
		{ .match = "01g000000000001AAA-1", .body = "{\"records\":[],"
		    NEXT(2) "}" },
		{ .match = "01g000000000001AAA-2", .body = "{\"records\":[],"
		    NEXT(1) "}" },
		{ .match = "FROM Case", .body = "{\"records\":[]," NEXT(1) "}" },
	};

	(void)state;
	OPEN("", routes);
	rig_fails(&rig, rig_events(&rig, NIGHT), ERR_PROTOCOL, "and no end");
	rig_close(&rig);
}

/* ---- tokens --------------------------------------------------------------------- */
/* SF-03b: in the middle of a chain, for ever. */
static void
test_401_in_the_middle_for_ever(void **state)
{
	static const struct route routes[] = {
		{ .match = "/query/01g", .status = 401, .body = ERROR(
		    "INVALID_SESSION_ID", "This session is not valid for use "
		    "with the REST API") },
		{ .match = "FROM Case", .body = "{\"totalSize\":4,\"done\":false,"
		    "\"records\":[" CASE(1) "]," NEXT(1) "}" },
	};

	(void)state;
	OPEN("", routes);
	rig_fails(&rig, rig_events(&rig, NIGHT), ERR_AUTH, "query Case: HTTP 401 "
	    "INVALID_SESSION_ID: This session is not valid for use with the "
	    "REST API");
	assert_int_equal(rig_count(&rig, "POST /services/oauth2/token"), 2);
	assert_int_equal(rig_count(&rig, "/query/01g"), 2);
	assert_string_equal(rig.watermark, "");
	/* Nothing more tonight. */
	rig_fails(&rig, rig_events(&rig, NIGHT), ERR_AUTH, "401");
	assert_int_equal(rig_count(&rig, "POST /services/oauth2/token"), 2);
	rig_close(&rig);
}

/* SF-03 */
static void
test_401_for_ever(void **state)
{
	static const struct route routes[] = {
		{ .match = "describe", .status = 401, .body = ERROR("X",
		    "Connected app is not attached to Agent") } };

	(void)state;
	OPEN("", routes);
	rig_fails(&rig, rig_events(&rig, NIGHT), ERR_AUTH,
	    "Connected app is not attached to Agent");
	assert_int_equal(simhttpd_requests(rig.sim), 4);
	rig_close(&rig);
}

static void
test_token_that_ended_on_the_way(void **state)
{
	static const struct route routes[] = {
		{ .match = "/query/01g", .status = 401, .times = 1 },
		{ .match = "/query/01g", .body = "{\"totalSize\":2,\"done\":true,"
		    "\"records\":[" CASE(2) "]}" },
		{ .match = "FROM Case", .body = "{\"totalSize\":2,\"done\":false,"
		    "\"records\":[" CASE(1) "]," NEXT(1) "}" },
	};

	(void)state;
	OPEN("", routes);
	assert_true(rig_events(&rig, NIGHT));
	assert_int_equal(lines(&rig.seen), 2);
	assert_int_equal(rig_count(&rig, "FROM Case"), 1);
	rig_close(&rig);
}

/* SF-04 */
static void
test_refused_client_is_not_tried_again(void **state)
{
	static const struct { const char *body, *msg; } cases[] = {
		{ "{\"error\":\"invalid_grant\"}", "token: HTTP 400, "
		    "invalid_grant" },
		{ "{\"error\":\"invalid_grant\",\"error_description\":\"audience "
		    "is invalid\"}", "invalid_grant: audience is invalid" },
		{ "<html>sorry</html>", "token: HTTP 400" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const struct route routes[] = { { .match = "/token",
		    .status = 400, .body = cases[i].body } };
		OPEN("", routes);
		rig_fails(&rig, rig_events(&rig, NIGHT), ERR_AUTH,
		    cases[i].msg);
		rig_fails(&rig, rig.crm.check(rig.self, &rig.err), ERR_AUTH,
		    "token");
		assert_int_equal(simhttpd_requests(rig.sim), 1);
		rig_close(&rig);
	}
}

static void
test_secret_in_a_header(void **state)
{
	static const struct route routes[] = { { .match = "/token",
	    .want = "Authorization: Basic M01WRzl4OnMzY3JldC1vZi1jbGllbnQ=\r\n",
	    .body = "{\"access_token\":\"T\",\"instance_url\":\"@URL@\"}" } };

	(void)state;
	OPEN("secret_in = 'header';", routes);
	assert_true(rig_events(&rig, NIGHT));
	rig_is(&rig.bodies, "grant_type=client_credentials\n");
	rig_close(&rig);
	rig_open(&rig, CASES, NULL, 0);
	assert_true(rig_events(&rig, NIGHT));
	rig_is(&rig.bodies, "grant_type=client_credentials&client_id=3MVG9x&"
	    "client_secret=s3cret-of-client\n");
	rig_close(&rig);
}

static void
test_instance_that_is_none(void **state)
{
	static const char *const answers[] = { "{\"access_token\":\"T\"}",
		"{\"access_token\":\"T\",\"instance_url\":\"ftp://x.example\"}",
		"{\"access_token\":\"T\",\"instance_url\":\"\"}" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(answers); i++) {
		const struct route routes[] = { { .match = "/token",
		    .body = answers[i] } };
		OPEN("", routes);
		rig_fails(&rig, rig_events(&rig, NIGHT), ERR_PROTOCOL,
		    "instance_url");
		assert_int_equal(simhttpd_requests(rig.sim), 1);
		rig_close(&rig);
	}
}

/* ---- quotas ---------------------------------------------------------------------------- */
/* SF-05 */
static void
test_usage_is_read(void **state)
{
	static const struct { const char *header; long long used, max; } cases[] =
	{
		{ "api-usage=18/5000", 18, 5000 },
		{ "api-usage=25/5000; per-app-api-usage=17/250(appName=sample-app)",
		    25, 5000 },
		{ "per-app-api-usage=17/250(appName=x); api-usage=25/5000", 25,
		    5000 },
		{ " api-usage=1/2,", 1, 2 },
		{ "per-app-api-usage=17/250(appName=sample-app)", -1, -1 },
		{ "", -1, -1 }, { NULL, -1, -1 }, { "api-usage=", -1, -1 },
		{ "api-usage=7", -1, -1 }, { "api-usage=7/0", -1, -1 },
		{ "api-usage=7/x", -1, -1 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		long long used = -1, max = -1;
		const bool ok = sf_usage_parse(cases[i].header, &used, &max);
		assert_int_equal(ok, cases[i].max > 0);
		if (ok) {
			assert_int_equal(used, cases[i].used);
			assert_int_equal(max, cases[i].max);
		}
	}
}

static void
test_stops_above_the_quota(void **state)
{
	static const struct route org[] = { { .match = "FROM Case",
	    .headers = DATE "Sforce-Limit-Info: api-usage=4001/5000\r\n",
	    .body = "{\"totalSize\":2,\"done\":false,\"records\":[" CASE(1) "],"
	    NEXT(1) "}" } };
	static const struct route run[] = {
		{ .match = "/query/01g", .body = "{\"totalSize\":2,\"done\":true,"
		    "\"records\":[" CASE(2) "]}" }, { .match = "FROM Case",
	    .headers = DATE "Sforce-Limit-Info: api-usage=2/10\r\n",
	    .body = "{\"totalSize\":2,\"done\":false,\"records\":[" CASE(1) "],"
	    NEXT(1) "}" } };

	(void)state;
	OPEN("", org);
	rig_fails(&rig, rig_events(&rig, NIGHT), ERR_THROTTLED, "stopped for "
	    "this run: 4001 of the org's 5000 calls are used (quota_stop_pct)");
	assert_int_equal(lines(&rig.seen), 1);
	assert_string_equal(rig.watermark, "");
	assert_true(strlen(rig.resume) > 0);
	rig_fails(&rig, rig.crm.check(rig.self, &rig.err), ERR_THROTTLED,
	    "stopped");
	assert_int_equal(rig_count(&rig, "GET "), 3);
	rig_close(&rig);
	/* Describe twice and a query: 3 of 10 are more than a quarter. */
	OPEN("quota_stop_pct = 100;", run);
	rig_fails(&rig, rig_events(&rig, NIGHT), ERR_THROTTLED, "it made 3 of "
	    "the org's 10 calls (quota_run_pct)");
	rig_close(&rig);
	OPEN("quota_stop_pct = 100; quota_run_pct = 100;", run);
	assert_true(rig_events(&rig, NIGHT));
	rig_close(&rig);
}

/* SF-06 */
static void
test_quota_of_the_day_is_over(void **state)
{
	static const struct route routes[] = {
		{ .match = "FROM Case", .status = 403, .body = ERROR(
		    "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.") } };
	static const char *const ids[] = { "003000000000001AAA" };

	(void)state;
	OPEN("", routes);
	rig_fails(&rig, rig_events(&rig, NIGHT), ERR_THROTTLED,
	    "HTTP 403 REQUEST_LIMIT_EXCEEDED: TotalRequests Limit exceeded.");
	const size_t asked = simhttpd_requests(rig.sim);
	rig_fails(&rig, rig_events(&rig, NIGHT), ERR_THROTTLED, "stopped");
	rig_fails(&rig, rig.crm.load_contacts(rig.self, ids, 1, rig_contact,
	    &rig, &rig.err), ERR_THROTTLED, "stopped");
	rig_fails(&rig, rig.crm.renew(rig.self, &rig.err), ERR_THROTTLED,
	    "stopped");
	assert_int_equal(simhttpd_requests(rig.sim), asked);
	assert_string_equal(rig.watermark, "");
	rig_close(&rig);
}

/* SF-07 */
static void
test_tried_again_later(void **state)
{
	static const int statuses[] = { 406, 420, 429, 500, 502, 503 };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(statuses); i++) {
		const struct route routes[] = {
			{ .match = "FROM Case", .status = statuses[i],
			    .body = "<html>", .times = 1 },
			{ .match = "FROM Case", .body = ROWS(1, CASE(1)) } };
		rig.tries = 2;
		OPEN("", routes);
		if (!rig_events(&rig, NIGHT))
			fail_msg("%d: %s", statuses[i], rig.err.msg);
		assert_int_equal(lines(&rig.seen), 1);
		rig_close(&rig);
	}
}

/* ---- what an error means ---------------------------------------------- */
static void
test_what_errors_mean(void **state)
{
	static const struct {
		int status;
		const char *body;
		enum err_kind kind;
		const char *msg;
	} cases[] = {
		{ 400, ERROR("MALFORMED_QUERY", "unexpected token"), ERR_CONFIG,
		    "query Case: HTTP 400 MALFORMED_QUERY: unexpected token" },
		{ 400, ERROR("INVALID_FIELD", "No such column 'Foo' on entity"),
		    ERR_CONFIG, "INVALID_FIELD: No such column 'Foo' on entity" },
		{ 403, ERROR("INSUFFICIENT_ACCESS", "no"), ERR_AUTH,
		    "HTTP 403 INSUFFICIENT_ACCESS: no" },
		{ 403, ERROR("API_DISABLED_FOR_ORG", "no"), ERR_AUTH, "403" },
		{ 404, ERROR("NOT_FOUND", "x"), ERR_CONFIG, "404 NOT_FOUND" },
		{ 410, "", ERR_CONFIG, "410" },
		{ 406, "", ERR_RETRY, "406" },
		{ 420, "<html>", ERR_RETRY, "420" },
		{ 500, "<html>secret</html>", ERR_RETRY, "query Case: HTTP 500" },
		{ 302, "", ERR_CONFIG, "302" },
		{ 200, "<html>", ERR_PROTOCOL, "expected JSON" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const struct route routes[] = { { .match = "FROM Case",
		    .status = cases[i].status, .body = cases[i].body } };
		OPEN("", routes);
		rig_fails(&rig, rig_events(&rig, NIGHT), cases[i].kind,
		    cases[i].msg);
		assert_string_equal(rig.watermark, "");
		rig_close(&rig);
	}
}

/* ---- time-outs, lost places ------------------------------------------- */
static void
test_window_is_halved(void **state)
{
	static const char *const codes[] = { ERROR("QUERY_TIMEOUT", "x"),
		ERROR("OPERATION_TOO_LARGE", "x") };
	struct route routes[] = {
		{ .match = "ClosedDate < 2026-11-25T01:59:00Z", .status = 400,
		    .times = 1 },
		{ .match = "ClosedDate < 2026-11-24T13:44:00Z",
		    .body = ROWS(1, CASE(1)) },
		{ .match = "ClosedDate < 2026-11-25T01:59:00Z",
		    .body = ROWS(1, CASE(2)) },
	};
	static const struct route never[] = { { .match = "FROM Case",
	    .status = 400, .body = ERROR("QUERY_TIMEOUT", "x") } };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(codes); i++) {
		routes[0].body = codes[i];
		OPEN("", routes);
		if (!rig_events(&rig, NIGHT))
			fail_msg("%s", rig.err.msg);
		assert_int_equal(lines(&rig.seen), 2);
		assert_int_equal(rig_count(&rig, "ClosedDate >= "
		    "2026-11-24T01:29:00Z AND ClosedDate < "
		    "2026-11-24T13:44:00Z"), 1);
		assert_int_equal(rig_count(&rig, "ClosedDate >= "
		    "2026-11-24T13:44:00Z AND ClosedDate < "
		    "2026-11-25T01:59:00Z"), 1);
		rig_close(&rig);
	}
	OPEN("", never);
	rig_fails(&rig, rig_events(&rig, NIGHT), ERR_RETRY, "QUERY_TIMEOUT");
	assert_true(simhttpd_requests(rig.sim) < 20);
	rig_close(&rig);
	/* The first pass has no lower end. */
	OPEN("", never);
	rig_fails(&rig, rig_events(&rig, NULL), ERR_RETRY, "QUERY_TIMEOUT");
	assert_int_equal(rig_count(&rig, "WHERE IsClosed = true AND ClosedDate "
	    "< 2026"), 1);
	assert_int_equal(rig_count(&rig, "ClosedDate >= 1999-01-01T00:00:00Z"),
	    simhttpd_requests(rig.sim) - 4);
	rig_close(&rig);
}

static void
test_cursor_that_died(void **state)
{
	static const struct route routes[] = {
		{ .match = "/query/01g", .status = 400, .times = 1,
		    .body = ERROR("INVALID_QUERY_LOCATOR", "invalid") },
		{ .match = "/query/01g", .body = "{\"totalSize\":2,\"done\":true,"
		    "\"records\":[" CASE(2) "]}" },
		{ .match = "FROM Case", .body = "{\"totalSize\":2,\"done\":false,"
		    "\"records\":[" CASE(1) "]," NEXT(1) "}" },
	};

	(void)state;
	OPEN("", routes);
	if (!rig_events(&rig, NIGHT))
		fail_msg("%s", rig.err.msg);
	assert_int_equal(rig_count(&rig, "FROM Case"), 2);
	assert_int_equal(lines(&rig.seen), 3);	/* one twice: one key */
	assert_string_equal(rig.watermark, "2026-11-25T01:45:00Z");
	rig_close(&rig);
}

/* ---- passes that broke ------------------------------------------------- */
static void
test_broken_pass_goes_on(void **state)
{
	static const struct route routes[] = {
		{ .match = "/query/01g", .body = "{\"totalSize\":2,\"done\":true,"
		    "\"records\":[" CASE(2) "]}" },
		{ .match = "FROM Case", .body = "{\"totalSize\":2,\"done\":false,"
		    "\"records\":[" CASE(1) "]," NEXT(1) "}" },
	};
	static const struct route dead[] = {
		{ .match = "/query/01g", .status = 400, .times = 1,
		    .body = ERROR("INVALID_QUERY_LOCATOR", "invalid") },
		{ .match = "FROM Case", .body = ROWS(1, CASE(1)) },
	};
	char saved[4096], url[64];
	struct pull pull;

	(void)state;
	rig_open(&rig, "deals = false;", routes, ARRAY_LEN(routes));
	rig.stop_page = 3;	/* meetings, late ones, a page of cases */
	rig_fails(&rig, rig_events(&rig, NIGHT), ERR_CANCELLED, "");
	(void)snprintf(saved, sizeof(saved), "%s", rig.resume);
	(void)snprintf(url, sizeof(url), "%s", simhttpd_url(rig.sim));
	assert_non_null(strstr(saved, url));
	/* An hour later, in the same window. */
	buf_reset(&rig.log);
	buf_reset(&rig.seen);
	rig.stop_page = 0;
	rig.now += 3600;
	pull = rig_pull(&rig, NIGHT);
	pull.resume = saved;
	assert_true(rig.crm.pull_events(rig.self, &pull, rig_event,
	    rig_checkpoint, &rig, &rig.err));
	rig_is(&rig.log, "GET " V "/query/01g000000000001AAA-1\n");
	assert_int_equal(lines(&rig.seen), 1);
	assert_string_equal(rig.watermark, "2026-11-25T01:45:00Z");
	rig_close(&rig);
	/* The cursor died, and with it the rows so far. */
	rig_open(&rig, "deals = false;", dead, ARRAY_LEN(dead));
	char *at = strstr(saved, "http://");
	(void)snprintf(at, sizeof(saved) - (size_t)(at - saved),
	    "%s" V "/query/01g000000000001AAA-1", simhttpd_url(rig.sim));
	pull = rig_pull(&rig, NIGHT);
	pull.resume = saved;
	if (!rig.crm.pull_events(rig.self, &pull, rig_event, rig_checkpoint,
	    &rig, &rig.err))
		fail_msg("%s", rig.err.msg);
	assert_int_equal(rig_count(&rig, "ClosedDate >= 2026-11-24T01:29:00Z AND "
	    "ClosedDate < 2026-11-25T01:59:00Z"), 1);
	assert_int_equal(rig_count(&rig, "FROM Event"), 0);
	rig_close(&rig);
}

static void
test_foreign_places_are_refused(void **state)
{
	static const char *const places[] = { "", "|", "x|y", "1,2,|cases,1",
		"1,2,|deals,1,2,0,0,", "1,2,|cases,a,2,0,0," };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(places); i++) {
		rig_open(&rig, CASES, NULL, 0);
		struct pull pull = rig_pull(&rig, NIGHT);
		pull.resume = places[i];
		rig_fails(&rig, rig.crm.pull_events(rig.self, &pull, rig_event,
		    rig_checkpoint, &rig, &rig.err), ERR_GONE, "not understood");
		rig_close(&rig);
	}
	/* A place that leads elsewhere. */
	rig_open(&rig, CASES, NULL, 0);
	struct pull pull = rig_pull(&rig, NIGHT);
	pull.resume = "1795000000,1795572000,|cases,1795000000,1795571000,1,2,"
	    "https://evil.example/services/x";
	rig_fails(&rig, rig.crm.pull_events(rig.self, &pull, rig_event,
	    rig_checkpoint, &rig, &rig.err), ERR_PROTOCOL, "same service");
	rig_close(&rig);
}

static void
test_look_back_ends_where_the_next_pass_begins(void **state)
{
	(void)state;
	rig_open(&rig, CASES, NULL, 0);
	struct pull pull = rig_pull(&rig, NIGHT);
	pull.sweep = true;
	pull.from = RIG_NOW - 7 * 86400;
	assert_true(rig.crm.pull_events(rig.self, &pull, rig_event,
	    rig_checkpoint, &rig, &rig.err));
	assert_int_equal(rig_count(&rig, "ClosedDate >= 2026-11-18T02:00:00Z AND "
	    "ClosedDate < 2026-11-24T01:29:00Z"), 1);
	rig_close(&rig);
}

/* SF-08: the windows of two nights overlap by what a row may come late; the
 * service's clock counts, not ours. */
static void
test_windows_of_two_nights(void **state)
{
	static const struct route ahead[] = { { .match = "describe",
	    .headers = "Date: Wed, 25 Nov 2026 01:00:00 GMT\r\n",
	    .body = "{\"fields\":[{\"name\":\"Id\"},{\"name\":\"Email\"},"
	    "{\"name\":\"HasOptedOutOfEmail\"},{\"name\":\"IsEmailBounced\"},"
	    "{\"name\":\"NPSToday_Tags__c\"},{\"name\":\"ContactId\"},{\"name\":"
	    "\"ClosedDate\"},{\"name\":\"IsClosed\"}]}" } };
	char mark[1024];

	(void)state;
	OPEN("", ahead);
	assert_true(rig_events(&rig, NIGHT));
	assert_int_equal(rig_count(&rig, "ClosedDate < 2026-11-25T00:59:00Z"),
	    1);
	(void)snprintf(mark, sizeof(mark), "%s", rig.watermark);
	assert_string_equal(mark, "2026-11-25T00:45:00Z");
	buf_reset(&rig.log);
	rig.now += 86400;
	assert_true(rig_events(&rig, mark));
	assert_int_equal(rig_count(&rig, "ClosedDate >= 2026-11-25T00:30:00Z"),
	    1);
	rig_close(&rig);
}

/* ---- JWT ----------------------------------------------------------------- */
static char *
new_key(struct arena *arena)
{
	EVP_PKEY *key = EVP_RSA_gen(2048);
	BIO *bio = BIO_new(BIO_s_mem());
	char *text;

	assert_true(PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL,
	    NULL));
	const long len = BIO_get_mem_data(bio, &text);
	char *pem = arena_strndup(arena, text, (size_t)len);
	BIO_free(bio);
	EVP_PKEY_free(key);
	return pem;
}

static size_t
decode(const char *text, size_t len, unsigned char *out)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    "abcdefghijklmnopqrstuvwxyz0123456789-_";
	unsigned bits = 0, n = 0;
	size_t made = 0;

	for (size_t i = 0; i < len; i++) {
		bits = bits << 6 | (unsigned)(strchr(letters, text[i]) - letters);
		n += 6;
		if (n >= 8) {
			n -= 8;
			out[made++] = (unsigned char)(bits >> n);
		}
	}
	out[made] = '\0';
	return made;
}

/* The claims of the assertion, when its signature holds. */
static const char *
verified(struct arena *arena, const char *form, const char *pem)
{
	static unsigned char claims[2048], sig[1024];
	const char *jwt = strstr(form, "assertion=") + strlen("assertion=");
	const char *dot = strchr(jwt, '.'), *last = strchr(dot + 1, '.');
	const size_t len = strcspn(last + 1, "&\n");
	BIO *bio = BIO_new_mem_buf(pem, -1);
	EVP_PKEY *key = PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();

	const size_t n = decode(last + 1, len, sig);
	assert_int_equal(EVP_DigestVerifyInit(ctx, NULL, EVP_sha256(), NULL,
	    key), 1);
	assert_int_equal(EVP_DigestVerify(ctx, sig, n,
	    (const unsigned char *)jwt, (size_t)(last - jwt)), 1);
	EVP_MD_CTX_free(ctx);
	EVP_PKEY_free(key);
	BIO_free(bio);
	decode(dot + 1, (size_t)(last - dot - 1), claims);
	return arena_strdup(arena, (const char *)claims);
}

/* SF-19 */
static void
test_jwt(void **state)
{
	AUTO(arena) struct arena *arena = arena_new(1 << 20);
	const char *pem = new_key(arena);
	static const struct route routes[] = {
		{ .match = "describe", .status = 401, .times = 1 } };

	(void)state;
	rig_open(&rig, CASES, routes, 1);
	salesforce_crm.close(rig.self);
	rig.set.auth = SF_AUTH_JWT;
	rig.set.jwt_user = "npsync@example.com";
	rig.set.jwt_key = pem;
	rig.set.jwt_audience = "https://login.salesforce.com";
	if (!rig.crm.open(&rig.env, &rig.self, &rig.err))
		fail_msg("%s", rig.err.msg);
	rig.now += 10;
	if (!rig_events(&rig, NIGHT))
		fail_msg("%s", rig.err.msg);
	const char *forms = buf_text(&rig.bodies), *second = strchr(forms, '\n') + 1;
	assert_int_equal(strncmp(forms, "grant_type=urn%3Aietf%3Aparams%3Aoauth"
	    "%3Agrant-type%3Ajwt-bearer&assertion=", 75), 0);
	assert_null(strstr(forms, "client_"));
	assert_string_equal(verified(arena, forms, pem), "{\"iss\":\"3MVG9x\",\"sub\":"
	    "\"npsync@example.com\",\"aud\":\"https://login.salesforce.com\","
	    "\"exp\":1795572190}");
	/* A new one for a new token: by the service's clock now. */
	assert_non_null(strstr(verified(arena, second, pem),
	    "\"exp\":1795572180}"));
	rig_close(&rig);
}

static void
test_jwt_needs_its_key(void **state)
{
	static const struct { const char *user, *key, *msg; } cases[] = {
		{ "", "x", "jwt_user" }, { "u", "", "jwt_key" },
		{ "u", "nonsense", "jwt_key" } };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		void *self = NULL;
		rig_open(&rig, CASES, NULL, 0);
		rig.set.auth = SF_AUTH_JWT;
		rig.set.jwt_user = cases[i].user;
		rig.set.jwt_key = cases[i].key;
		rig_fails(&rig, rig.crm.open(&rig.env, &self, &rig.err),
		    ERR_CONFIG, cases[i].msg);
		rig.crm.close(self);
		rig_close(&rig);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pages_to_their_end),
		cmocka_unit_test(test_dropped_pages_are_no_end),
		cmocka_unit_test(test_pages_without_end),
		cmocka_unit_test(test_empty_pages_that_go_round),
		cmocka_unit_test(test_401_in_the_middle_for_ever),
		cmocka_unit_test(test_401_for_ever),
		cmocka_unit_test(test_token_that_ended_on_the_way),
		cmocka_unit_test(test_refused_client_is_not_tried_again),
		cmocka_unit_test(test_secret_in_a_header),
		cmocka_unit_test(test_instance_that_is_none),
		cmocka_unit_test(test_usage_is_read),
		cmocka_unit_test(test_stops_above_the_quota),
		cmocka_unit_test(test_quota_of_the_day_is_over),
		cmocka_unit_test(test_tried_again_later),
		cmocka_unit_test(test_what_errors_mean),
		cmocka_unit_test(test_window_is_halved),
		cmocka_unit_test(test_cursor_that_died),
		cmocka_unit_test(test_broken_pass_goes_on),
		cmocka_unit_test(test_foreign_places_are_refused),
		cmocka_unit_test(test_look_back_ends_where_the_next_pass_begins),
		cmocka_unit_test(test_windows_of_two_nights),
		cmocka_unit_test(test_jwt),
		cmocka_unit_test(test_jwt_needs_its_key),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
