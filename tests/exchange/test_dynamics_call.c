/*
 * Requests of the dynamics driver over a scripted server: tokens, headers,
 * what is waited for, what an answer means.  DV-nn: the pitfall's number.
 */
#include "dynamics/rig.h"

#define NO_SETS "meeting_sets = [];"
#define EMPTY { .target = API, .body = VALUE("") }

static bool
check(struct rig *rig)
{
	return dynamics_crm.check(rig->self, &rig->err);
}

/* One card by its id, and no other request. */
static bool
load(struct rig *rig)
{
	static const char *const ids[] = { ID("01") };

	return dynamics_crm.load_contacts(rig->self, ids, 1, rig_contact, rig,
	    &rig->err);
}

/* ---- tokens ------------------------------------------------------------ */

static void
test_token(void **state)
{
	static const struct sim_reply script[] = { TOKEN, EMPTY };
	struct rig rig;

	(void)state;
	rig_start(&rig, "", script, ARRAY_LEN(script));
	RIG_OK(&rig, load(&rig));
	assert_string_equal(rig_line(&rig, 0), "POST /token HTTP/1.1");
	assert_string_equal(rig_header(&rig, 0, "Content-Type"),
	    "application/x-www-form-urlencoded");
	assert_string_equal(simhttpd_body(rig.sim, 0), arena_printf(rig.arena,
	    "grant_type=client_credentials&scope=http%%3A%%2F%%2F127.0.0.1%%3A"
	    "%d%%2F.default&client_id=app&client_secret=s3cret%%26%%3D",
	    simhttpd_port(rig.sim)));
	RIG_SEES(&rig, "01 gone\n");
	rig_end(&rig, true);
}

static void
test_headers(void **state)
{
	static const char *const want[][2] = {
		{ "Authorization", "Bearer t0ken" },
		{ "Accept", "application/json" },
		{ "OData-MaxVersion", "4.0" },
		{ "OData-Version", "4.0" },
		{ "If-None-Match", "null" },
		{ "Prefer", "odata.maxpagesize=1000,odata.include-annotations="
		    "\"OData.Community.Display.V1.FormattedValue,"
		    "Microsoft.Dynamics.CRM.lookuplogicalname\"" },
	};
	static const struct sim_reply script[] = { TOKEN, EMPTY };
	struct rig rig;

	(void)state;
	rig_start(&rig, "", script, ARRAY_LEN(script));
	RIG_OK(&rig, load(&rig));
	for (size_t i = 0; i < ARRAY_LEN(want); i++)
		assert_string_equal(rig_header(&rig, 1, want[i][0]),
		    want[i][1]);
	rig_end(&rig, true);
}

/* DV-20: one /.default, the host that is asked, whatever base_url ends with. */
static void
test_dv20_scope(void **state)
{
	static const struct {
		const char *path, *asked;
	} cases[] = {
		{ "", API }, { "/", API }, { "///", API },
		{ API, API }, { "/api/data/v9.2", API },
		{ "/org/api/data/v9.1/", "/org/api/data/v9.1/" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const struct sim_reply script[] = { TOKEN, { .target =
		    cases[i].asked, .body = VALUE("") } };
		struct rig rig;
		rig_begin(&rig, script, 2);
		if (!rig_settings(&rig, arena_printf(rig.arena, "%s%s",
		    simhttpd_url(rig.sim), cases[i].path), "") ||
		    !rig_open(&rig))
			fail_msg("%s", rig.err.msg);
		RIG_OK(&rig, load(&rig));
		const char *scope = strstr(simhttpd_body(rig.sim, 0), "scope=");
		assert_non_null(scope);
		scope = arena_strndup(rig.arena, scope, strcspn(scope, "&"));
		assert_string_equal(scope, arena_printf(rig.arena, "scope=http"
		    "%%3A%%2F%%2F127.0.0.1%%3A%d%%2F.default",
		    simhttpd_port(rig.sim)));
		rig_end(&rig, true);
	}
}

static void
test_scope_given(void **state)
{
	static const struct sim_reply script[] = { TOKEN, EMPTY };
	struct rig rig;

	(void)state;
	rig_start(&rig, "token_scope = 'api://x/.default';", script, 2);
	RIG_OK(&rig, load(&rig));
	assert_non_null(strstr(simhttpd_body(rig.sim, 0),
	    "scope=api%3A%2F%2Fx%2F.default&"));
	rig_end(&rig, true);
}

/* Without token_url it is Entra's, by tenant; without either nothing opens. */
static void
test_token_url(void **state)
{
	struct rig rig;

	(void)state;
	rig_begin(&rig, NULL, 0);
	assert_true(rig_settings(&rig, simhttpd_url(rig.sim), ""));
	rig.set.token_url = "";
	assert_false(rig_open(&rig));
	assert_int_equal(rig.err.kind, ERR_CONFIG);
	assert_non_null(strstr(rig.err.msg, "tenant"));
	dynamics_crm.close(rig.self);
	http_close(rig.http);
	rig.set.tenant = "kunde.onmicrosoft.com";
	assert_true(rig_open(&rig));
	assert_string_equal(((struct dynamics *)rig.self)->token_url,
	    "https://login.microsoftonline.com/kunde.onmicrosoft.com/oauth2/"
	    "v2.0/token");
	dynamics_crm.close(rig.self);
	http_close(rig.http);
	rig.set.tenant = "kunde/../evil";
	assert_false(rig_open(&rig));
	rig_end(&rig, true);
}

static void
test_token_refused(void **state)
{
	static const struct sim_reply script[] = { { .target = "POST /token ",
	    .status = 401, .body = "{\"error\":\"invalid_client\","
	    "\"error_description\":\"AADSTS7000222: The provided client secret "
	    "keys are expired.\",\"error_codes\":[7000222]}" } };
	struct rig rig;

	(void)state;
	rig_start(&rig, "", script, 1);
	assert_false(load(&rig));
	assert_int_equal(rig.err.kind, ERR_AUTH);
	assert_non_null(strstr(rig.err.msg, "secret keys are expired"));
	/* Asked once; what follows is not sent. */
	assert_false(load(&rig));
	assert_int_equal(rig.err.kind, ERR_AUTH);
	rig_end(&rig, true);
}

/* DV-07: an empty 401, one new token, one replay, then an error for who set it
 * up; of a kind with all that is refused. */
static void
test_dv07_401_twice(void **state)
{
	static const struct sim_reply script[] = { TOKEN,
		{ .target = API, .status = 401, .headers = "WWW-Authenticate: "
		    "Bearer authorization_uri=https://login.example/\r\n" },
		{ .target = "POST /token ", .body = "{\"token_type\":\"Bearer\","
		    "\"expires_in\":3599,\"access_token\":\"second\"}" },
		{ .target = API, .want = "Bearer second", .status = 401 } };
	struct rig rig;

	(void)state;
	rig_start(&rig, "", script, ARRAY_LEN(script));
	assert_false(load(&rig));
	assert_int_equal(rig.err.kind, ERR_AUTH);
	assert_non_null(strstr(rig.err.msg, "application user"));
	assert_non_null(strstr(rig.err.msg, "/.default"));
	assert_int_equal(simhttpd_requests(rig.sim), 4);
	/* Nothing more in this run. */
	assert_false(load(&rig));
	assert_int_equal(simhttpd_requests(rig.sim), 4);
	rig_end(&rig, true);
}

static void
test_dv07_401_once(void **state)
{
	static const struct sim_reply script[] = { TOKEN,
		{ .target = API, .status = 401 }, TOKEN, EMPTY };
	struct rig rig;

	(void)state;
	rig_start(&rig, "", script, ARRAY_LEN(script));
	RIG_OK(&rig, load(&rig));
	rig_end(&rig, true);
}

/* DV-08: 200 s before its end it is no token any more. */
static void
test_dv08_renewed_before_use(void **state)
{
	static const struct sim_reply script[] = { TOKEN, EMPTY, EMPTY,
		{ .target = "POST /token ", .body = "{\"expires_in\":3599,"
		    "\"access_token\":\"second\"}" },
		{ .target = API, .want = "Bearer second", .body = VALUE("") } };
	struct rig rig;

	(void)state;
	rig_start(&rig, "", script, ARRAY_LEN(script));
	RIG_OK(&rig, load(&rig));
	rig.now += 3599 - 301;
	RIG_OK(&rig, load(&rig));
	rig.now += 101;
	RIG_OK(&rig, load(&rig));
	rig_end(&rig, true);
}

/* ---- waiting ----------------------------------------------------------- */

/* DV-05: two seconds are two seconds, not hours. */
static void
test_dv05_retry_after(void **state)
{
	static const struct sim_reply script[] = { TOKEN,
		{ .target = API, .status = 429, .headers = "Retry-After: 2\r\n",
		    .body = "{\"error\":{\"code\":\"0x80072322\",\"message\":"
		    "\"Number of requests exceeded the limit of 6000 over time "
		    "window of 300 seconds.\"}}" }, EMPTY };
	struct rig rig;

	(void)state;
	rig_begin(&rig, script, ARRAY_LEN(script));
	rig.tries = 4;
	RIG_OK(&rig, rig_settings(&rig, simhttpd_url(rig.sim), "") &&
	    rig_open(&rig));
	const int64_t began = clock_boottime_ms();
	RIG_OK(&rig, load(&rig));
	const int64_t ms = clock_boottime_ms() - began;
	assert_true(ms >= 2000 && ms < 6000);
	rig_end(&rig, true);
}

/* DV-06: for ever, it ends at max_wait_s, and nothing is asked after it. */
static void
test_dv06_429_for_ever(void **state)
{
	static const struct sim_reply script[] = { TOKEN,
		{ .target = API, .status = 429, .headers = "Retry-After: 1\r\n",
		    .repeat = 100 } };
	struct rig rig;

	(void)state;
	rig_begin(&rig, script, ARRAY_LEN(script));
	rig.tries = 2;
	RIG_OK(&rig, rig_settings(&rig, simhttpd_url(rig.sim),
	    "max_wait_s = 2;") && rig_open(&rig));
	const int64_t began = clock_boottime_ms();
	assert_false(rig_events(&rig, NULL, NULL));
	const int64_t ms = clock_boottime_ms() - began;
	assert_true(ms >= 900 && ms < 4000);
	assert_int_equal(rig.err.kind, ERR_THROTTLED);
	assert_non_null(strstr(rig.err.msg, "max_wait_s = 2 is the most"));
	assert_int_equal(rig.pages, 0);
	assert_string_equal(rig.watermark, "");
	const size_t n = simhttpd_requests(rig.sim);
	assert_false(load(&rig));
	assert_int_equal(simhttpd_requests(rig.sim), n);
	rig_end(&rig, false);
}

/* A service that failed too often is not asked, and nothing was waited. */
static void
test_breaker_is_no_wait(void **state)
{
	static const struct sim_reply script[] = { TOKEN,
		{ .target = API, .status = 500, .repeat = 4 } };
	struct rig rig;

	(void)state;
	rig_start(&rig, "", script, ARRAY_LEN(script));
	for (int i = 0; i < 5; i++) {
		assert_false(load(&rig));
		assert_int_equal(rig.err.kind, ERR_RETRY);
	}
	assert_false(load(&rig));
	assert_int_equal(rig.err.kind, ERR_THROTTLED);
	assert_non_null(strstr(rig.err.msg, "not waited for, the rest is for the "
	    "next run: "));
	assert_non_null(strstr(rig.err.msg, "the service failed too often, retry "
	    "after "));
	assert_null(strstr(rig.err.msg, "waited 0 s"));
	rig_end(&rig, true);
}

/* ---- errors ------------------------------------------------------------ */

/* DV-17: the status is enough, whatever the body is. */
static void
test_dv17_odd_errors(void **state)
{
	static const struct {
		struct sim_reply reply;
		enum err_kind kind;
		const char *says;
	} cases[] = {
		{ { .status = 403, .body = "{\"error\":{\"code\":\"0x80040220\","
		    "\"message\":\"Principal is missing prvReadContact "
		    "privilege\"}}" }, ERR_AUTH, "prvReadContact" },
		{ { .status = 403, .body = "<html>no</html>" }, ERR_AUTH,
		    "privilege" },
		{ { .status = 500, .body = "{\"error\":{\"message\":\"x\"}}" },
		    ERR_RETRY, "HTTP 500" },
		{ { .status = 502, .body = "<html><body>Bad Gateway</body>" },
		    ERR_RETRY, "HTTP 502" },
		{ { .status = 503, .body = "{\"error\":{\"co" }, ERR_RETRY,
		    "HTTP 503" },
		{ { .status = 400, .body = "{\"error\":{\"code\":\"\"," },
		    ERR_REJECTED, "HTTP 400" },
		{ { .status = 404, .body = "" }, ERR_CONFIG, "no such table" },
		{ { .status = 413 }, ERR_PROTOCOL, "HTTP 413" },
		{ { .status = 302, .headers = "Location: https://x.example\r\n"
		    }, ERR_CONFIG, "HTTP 302" },
		{ { .body = "<html>maintenance</html>" }, ERR_PROTOCOL,
		    "expected JSON" },
		{ { .body = "{\"value\":[{\"contactid\":\"8" }, ERR_PROTOCOL,
		    "expected JSON" },
		{ { .body = "" }, ERR_PROTOCOL, "expected a JSON object" },
		{ { .body = "{}" }, ERR_PROTOCOL, "expected an array" },
		{ { .body = "[]" }, ERR_PROTOCOL, "expected a JSON object" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct sim_reply script[] = { TOKEN, cases[i].reply };
		struct rig rig;
		script[1].target = API;
		rig_start(&rig, "", script, 2);
		assert_false(load(&rig));
		if (rig.err.kind != cases[i].kind ||
		    strstr(rig.err.msg, cases[i].says) == NULL)
			fail_msg("case %zu: %s: %s", i,
			    err_kind_name(rig.err.kind), rig.err.msg);
		assert_true(strlen(rig.err.msg) < 300);
		RIG_SEES(&rig, "");
		rig_end(&rig, true);
	}
}

/* What keeps somebody from being asked cannot be read: nobody is read. */
static void
test_missing_column(void **state)
{
	static const struct sim_reply script[] = { TOKEN,
		{ .target = API, .status = 400, .body = "{\"error\":{\"code\":"
		    "\"0x0\",\"message\":\"Could not find a property named "
		    "'npt_npstags' on type 'Microsoft.Dynamics.CRM.contact'.\"}}"
		} };
	struct rig rig;

	(void)state;
	rig_start(&rig, "", script, 2);
	assert_false(load(&rig));
	assert_int_equal(rig.err.kind, ERR_CONFIG);
	assert_non_null(strstr(rig.err.msg, "no column npt_npstags: create it"));
	RIG_SEES(&rig, "");
	rig_end(&rig, true);
}

/* ---- check ------------------------------------------------------------- */

static void
test_check(void **state)
{
	static const struct sim_reply script[] = { TOKEN,
		{ .target = API "contacts?$select=contactid,", .body =
		    VALUE("") },
		{ .target = API "appointments?$select=", .body = VALUE("") },
		{ .target = API "opportunities?$select=", .body = VALUE("") },
		{ .target = API "incidents?$select=", .body = VALUE("") },
		{ .target = API "activityparties?$select=", .body = VALUE("") },
		{ .target = API "activitypointers?$select=", .body =
		    VALUE("") } };
	struct rig rig;

	(void)state;
	rig_start(&rig, "", script, ARRAY_LEN(script));
	RIG_OK(&rig, check(&rig));
	for (size_t i = 1; i < ARRAY_LEN(script); i++)
		assert_non_null(strstr(rig_line(&rig, i), "&$top=1 "));
	rig_end(&rig, true);
}

static void
test_check_names_the_table(void **state)
{
	static const struct sim_reply script[] = { TOKEN,
		{ .target = API "contacts?", .body = VALUE("") },
		{ .target = API "opportunities?", .status = 403, .body =
		    "{\"error\":{\"code\":\"0x80040220\",\"message\":\"Principal "
		    "user is missing prvReadOpportunity privilege\"}}" } };
	struct rig rig;

	(void)state;
	rig_start(&rig, NO_SETS, script, ARRAY_LEN(script));
	assert_false(check(&rig));
	assert_non_null(strstr(rig.err.msg, "security role"));
	assert_non_null(strstr(rig.err.msg, "opportunities"));
	assert_non_null(strstr(rig.err.msg, "prvReadOpportunity"));
	rig_end(&rig, true);
}

/* ---- how long the secret lasts ----------------------------------------- */

static void
test_days_left(void **state)
{
	struct dynamics_settings set = { .secret_expires = "2026-12-06",
		.tag_column = "t", .nosend_column = "", .employment_field =
		    "statecode", .suppress_on = { NULL, 1 } };

	(void)state;
	clock_set(rig_time("2026-11-25T23:00:00Z"));
	assert_string_equal(dynamics_crm.lacks(&set, 0),
	    "the client secret is good for 11 more days");
	assert_null(dynamics_crm.lacks(&set, 1));
	set.secret_expires = "2026-11-20";
	assert_string_equal(dynamics_crm.lacks(&set, 0),
	    "the client secret ended 5 days ago");
	set.secret_expires = "2026-12-25";
	assert_null(dynamics_crm.lacks(&set, 0));
	set.secret_expires = "";
	assert_null(dynamics_crm.lacks(&set, 0));
	clock_set(NO_TIME);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_token),
		cmocka_unit_test(test_headers),
		cmocka_unit_test(test_dv20_scope),
		cmocka_unit_test(test_scope_given),
		cmocka_unit_test(test_token_url),
		cmocka_unit_test(test_token_refused),
		cmocka_unit_test(test_dv07_401_twice),
		cmocka_unit_test(test_dv07_401_once),
		cmocka_unit_test(test_dv08_renewed_before_use),
		cmocka_unit_test(test_dv05_retry_after),
		cmocka_unit_test(test_dv06_429_for_ever),
		cmocka_unit_test(test_breaker_is_no_wait),
		cmocka_unit_test(test_dv17_odd_errors),
		cmocka_unit_test(test_missing_column),
		cmocka_unit_test(test_check),
		cmocka_unit_test(test_check_names_the_table),
		cmocka_unit_test(test_days_left),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
