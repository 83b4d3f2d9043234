/*
 * HubSpot, calls: the token, paths by version, limits and their pauses, what an
 * answer means.  HS-nn: the pitfall's number.
 */
#include "hubspot/rig.h"

#define NOTHING "meetings = false; deals = false; tickets = false; "
#define LIMIT(policy) "{\"status\":\"error\",\"message\":\"You have reached " \
	"your limit.\",\"errorType\":\"RATE_LIMIT\",\"correlationId\":" \
	"\"c033cdaa-2c40-4a64-ae48-b4cec88dad24\",\"policyName\":\"" policy \
	"\",\"requestId\":\"r\"}"

static struct rig rig;
static void
begin(const char *conf, const struct route *routes, size_t n)
{
	rig_ms = 1000000;
	rig = (struct rig){ .tries = 4 };
	rig_open(&rig, conf, routes, n);
}

static bool
check(void)
{
	return rig.crm.check(rig.self, &rig.err);
}

/* What is read in the night is tried by the check. */
static void
test_check_tries_activities_and_subscriptions(void **state)
{
	static const char *const paths[] = { OBJ "/calls?limit=1 ",
		"POST /communication-preferences/2026-09/statuses/batch/",
		"GET /communication-preferences/2026-09/statuses/nobody" };

	(void)state;
	for (size_t i = 0; i <= ARRAY_LEN(paths); i++) {
		const struct route routes[] = {
			{ .match = i < ARRAY_LEN(paths) ? paths[i] : "none",
			    .status = 403, .body = "{\"category\":"
			    "\"MISSING_SCOPES\"}" },
			{ .match = "/statuses/", .body = "{\"results\":[]}" } };
		begin("optout_source = 'preferences'; activity_types = "
		    "[ 'calls' ];", routes, ARRAY_LEN(routes));
		if (i == ARRAY_LEN(paths))
			assert_true(check());
		else
			assert_false(check());
		assert_true(i == ARRAY_LEN(paths) || rig.err.kind == ERR_AUTH);
		assert_int_equal(rig.bad.len, 0);
		rig_close(&rig);
	}
}

/* What the portal's answers are assumed to be, each an option: what it is unless
 * somebody says otherwise. */
static void
test_what_is_assumed(void **state)
{
	const struct hs_settings *set = &rig.set;

	(void)state;
	begin("link_late_days = 3;", NULL, 0);
	assert_int_equal(set->api_version, HS_2026_09);
	assert_int_equal(set->deal_rule, HS_BY_STAGE);
	assert_int_equal(set->won_stages.n + set->lost_stages.n, 0);
	assert_string_equal(set->deal_contacts, "all");
	assert_string_equal(set->ticket_closed_property, "closed_date");
	assert_int_equal(set->meeting_outcomes.n, 1);
	assert_string_equal(set->meeting_outcomes.v[0], "COMPLETED");
	assert_false(set->meeting_fallback);
	assert_int_equal(set->optout_source, HS_OPTOUT_PROPERTY);
	assert_string_equal(set->bounce_properties.v[0], "hs_email_bounce");
	assert_string_equal(set->w.tag_property, "npstoday_tags");
	assert_int_equal(set->w.tag_type, HS_TAGS_TEXT);
	assert_true(set->w.bisect_on_400);
	assert_int_equal(set->list_limit, 100);
	assert_int_equal(set->window_s, 3600);
	assert_int_equal(set->split_total, 9000);
	assert_int_equal(set->max_pages, 1000);
	assert_int_equal(set->overlap_s, 3600);
	assert_int_equal(set->upper_margin_s, 600);
	assert_true(set->search_rate > 2.99 && set->search_rate < 3.01);
	assert_true(set->rate_per_second > 7.99 && set->rate_per_second < 8.01);
	assert_int_equal(set->retry_statuses.n, 2);
	rig_close(&rig);
}

static void
test_lists_have_as_many_rows_as_asked_for(void **state)
{
	static const struct route routes[] = { { .match =
		"/owners/2026-09?limit=50 ", .body = "{\"results\":[]}" } };

	(void)state;
	begin("list_limit = 50;", routes, 1);
	rig_good(&rig, rig.crm.list_values(rig.self, VAL_OWNER, rig_no_value,
	    NULL, &rig.err));
	rig_close(&rig);
}

/* Which statuses mean "later" is not confirmed either. */
static void
test_statuses_that_mean_later(void **state)
{
	static const struct { const char *conf; long status; size_t asked; } all[] = {
		{ "", 423, 4 }, { "", 477, 4 }, { "", 418, 1 },
		{ "retry_statuses = [ 418 ];", 418, 4 },
		{ "retry_statuses = [ 418 ];", 423, 1 } };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		const struct route routes[] = { { .match = "contacts?limit=1",
			.status = (int)all[i].status, .body = "{}" } };
		begin(all[i].conf, routes, 1);
		assert_false(check());
		if (rig_count(&rig, "contacts?limit=1") != all[i].asked)
			fail_msg("%zu: %zu", i, rig_count(&rig,
			    "contacts?limit=1"));
		rig_close(&rig);
	}
}

/* ---- paths ----------------------------------------------------------------------- */
/* HS-15 */
static void
test_paths_by_version(void **state)
{
	static const struct { const char *version, *paths[8]; } all[] = {
		{ "legacy", { "GET /crm/v3/objects/contacts?limit=1 ",
		    "GET /crm/v3/properties/contacts/hs_email_optout ",
		    "GET /crm/v3/pipelines/deals ",
		    "POST /crm/v3/objects/deals/search {",
		    "POST /crm/v4/associations/deals/contacts/batch/read {",
		    "POST /crm/v3/objects/contacts/batch/read {",
		    "POST /communication-preferences/v4/statuses/batch/"
		    "unsubscribe-all/read?channel=EMAIL {",
		    "GET /crm/v3/owners?limit=100 " } },
		{ "2026-03", { "GET /crm/objects/2026-03/contacts?limit=1 ",
		    "GET /crm/properties/2026-03/contacts/hs_email_optout ",
		    "GET /crm/pipelines/2026-03/deals ",
		    "POST /crm/objects/2026-03/deals/search {",
		    "POST /crm/associations/2026-03/deals/contacts/batch/read {",
		    "POST /crm/objects/2026-03/contacts/batch/read {",
		    "POST /communication-preferences/2026-03/statuses/batch/"
		    "unsubscribe-all/read?channel=EMAIL {",
		    "GET /crm/owners/2026-03?limit=100 " } },
		{ "2026-09", { "GET /crm/objects/2026-09/contacts?limit=1 ",
		    "GET /crm/properties/2026-09/contacts/hs_email_optout ",
		    "GET /crm/pipelines/2026-09/deals ",
		    "POST /crm/objects/2026-09/deals/search {",
		    "POST /crm/associations/2026-09/deals/contacts/batch/read {",
		    "POST /crm/objects/2026-09/contacts/batch/read {",
		    "POST /communication-preferences/2026-09/statuses/batch/"
		    "unsubscribe-all/read?channel=EMAIL {",
		    "GET /crm/owners/2026-09?limit=100 " } } };
	static const char *const ids[] = { "101" };
	static const struct route routes[] = {
		{ .match = "/deals/search", .body = FOUND(1, ROW("9",
		    "\"dealstage\":\"won\"")) },
		{ .match = "associations", .body = LINKS("") },
		{ .match = "hs_email_optout ", .body =
		    "{\"name\":\"hs_email_optout\"}" },
		{ .match = "/pipelines/", .body = "{\"results\":[{\"stages\":[{"
		    "\"id\":\"won\",\"metadata\":{\"probability\":\"1.0\"}}]}]}" },
		{ .match = "/contacts/batch/read", .body = "{\"results\":["
		    ROW("101", "\"email\":\"a@x.dk\",\"hs_email_optout\":"
		    "null,\"hs_email_bounce\":null,\"npstoday_tags\":null")
		    "]}" },
		{ .match = "unsubscribe-all", .body = "{\"results\":[]}" },
		{ .match = "owners", .body = "{\"results\":[]}" },
		{ .match = "contacts?limit=1", .body = "{\"results\":[]}" },
		{ .match = "meetings?limit=1", .body = "{\"results\":[]}" },
		{ .match = "deals?limit=1", .body = "{\"results\":[]}" } };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		char conf[256];
		(void)snprintf(conf, sizeof(conf), "api_version = '%s'; "
		    "meetings = false; tickets = false; tag_property = ''; "
		    "bounce_properties = []; owners = true; "
		    "optout_source = 'preferences';", all[i].version);
		begin(conf, routes, ARRAY_LEN(routes));
		rig_good(&rig, check());
		rig_good(&rig, rig_events(&rig, "2026-11-24T22:00:00Z"));
		rig_good(&rig, rig_load(&rig, ids, 1));
		for (size_t k = 0; k < ARRAY_LEN(all[i].paths); k++)
			if (rig_count(&rig, all[i].paths[k]) == 0)
				fail_msg("never asked: %s", all[i].paths[k]);
		if (i == 2)
			assert_int_equal(rig_count(&rig, "/v3/") +
			    rig_count(&rig, "/v4/"), 0);
		rig_close(&rig);
	}
}

/* ---- limits ------------------------------------------------------------------------ */
/* HS-09 */
static void
test_limits_have_their_own_pauses(void **state)
{
	static const struct { const char *body, *headers; int64_t ms;
		long status; } all[] = {
		{ LIMIT("SECONDLY"), RIG_DATE, 1000, 429 },
		{ LIMIT("TEN_SECONDLY_ROLLING"), RIG_DATE, 10000, 429 },
		{ "{\"message\":\"You have reached your secondly limit.\"}",
		    RIG_DATE, 1000, 429 },
		{ "{\"category\":\"RATE_LIMITS\"}", RIG_DATE, 10000, 429 },
		{ "", RIG_DATE, 10000, 429 },
		{ LIMIT("SECONDLY"), RIG_DATE "Retry-After: 3\r\n", 3000, 429 },
		{ "{}", RIG_DATE "Retry-After: 7\r\n", 7000, 477 },
		{ "{}", RIG_DATE, 2000, 423 } };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		const struct route routes[] = { { .match = "contacts?limit=1",
			.status = (int)all[i].status, .body = all[i].body,
			.headers = all[i].headers, .times = 1 } };
		begin(NOTHING, routes, 1);
		rig_good(&rig, check());
		assert_int_equal(rig_count(&rig, "contacts?limit=1 "), 2);
		if (rig_ms - 1000000 < all[i].ms ||
		    rig_ms - 1000000 > all[i].ms + 100)
			fail_msg("%zu: %lld ms", i, (long long)rig_ms - 1000000);
		rig_close(&rig);
	}
}

/* HS-09 */
static void
test_the_days_limit_stops_the_run(void **state)
{
	static const char *const bodies[] = { LIMIT("DAILY"), "{\"message\":"
	    "\"You have reached your daily limit.\"}" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bodies); i++) {
		const struct route routes[] = { { .match = "contacts?limit=1",
			.status = 429, .body = bodies[i] } };
		begin(NOTHING, routes, 1);
		for (int k = 0; k < 2; k++)
			rig_fails(&rig, check(), ERR_THROTTLED,
			    "the day's calls of the account are used up");
		assert_non_null(i > 0 ? rig.err.msg : strstr(rig.err.msg,
		    "DAILY"));
		assert_int_equal(rig_count(&rig, "GET"), 1);
		assert_int_equal(rig_ms, 1000000);
		rig_close(&rig);
	}
}

/* HS-10 */
static void
test_a_token_that_is_none_is_sent_once(void **state)
{
	static const int statuses[] = { 401, 530 };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(statuses); i++) {
		const struct route routes[] = { { .match = "contacts?limit=1",
			.status = statuses[i], .body = "{\"category\":"
			"\"INVALID_AUTHENTICATION\",\"message\":\"bad "
			"pat-t0ken\"}" } };
		begin(NOTHING, routes, 1);
		for (int k = 0; k < 2; k++)
			rig_fails(&rig, check(), ERR_AUTH,
			    "the token is not taken");
		assert_int_equal(rig_count(&rig, "GET"), 1);
		assert_int_equal(rig_ms, 1000000);
		assert_null(strstr(rig.err.msg, "t0ken"));
		rig_close(&rig);
	}
}

static void
test_a_missing_scope_is_named(void **state)
{
	static const struct route routes[] = { { .match = "contacts?limit=1",
		.status = 403, .body = "{\"category\":\"MISSING_SCOPES\","
		"\"message\":\"This app hasn't been granted all required scopes: "
		"crm.objects.contacts.read\",\"correlationId\":"
		"\"c033cdaa-2c40-4a64-ae48-b4cec88dad24\"}" } };

	(void)state;
	begin(NOTHING, routes, 1);
	rig_fails(&rig, check(), ERR_AUTH, "crm.objects.contacts.read");
	assert_non_null(strstr(rig.err.msg, "correlationId c033cdaa-2c40-4a64-"
	    "ae48-b4cec88dad24: list contacts: HTTP 403 MISSING_SCOPES: the "
	    "token may not do this"));
	rig_close(&rig);
}

/* Its words say none: the list does, also one that looks like no scope. */
static void
test_a_missing_scope_is_listed(void **state)
{
	static const struct route routes[] = { { .match = "contacts?limit=1",
		.status = 403, .body = "{\"category\":\"MISSING_SCOPES\","
		"\"message\":\"not granted\",\"errors\":[{\"message\":"
		"\"One or more of the following scopes are required.\","
		"\"context\":{\"requiredGranularScopes\":[\"tickets\"]}}]}" } };

	(void)state;
	begin(NOTHING, routes, 1);
	rig_fails(&rig, check(), ERR_AUTH, "give its key the scope tickets");
	rig_close(&rig);
}

/* What speaks of a person stays out; what is no id stays out. */
static void
test_no_person_in_a_message(void **state)
{
	static const struct route routes[] = { { .match = "contacts?limit=1",
		.status = 400, .body = "{\"category\":\"VALIDATION_ERROR\","
		"\"message\":\"a@x.dk is odd\",\"correlationId\":\"a@x.dk\"}" } };

	(void)state;
	begin(NOTHING, routes, 1);
	rig_fails(&rig, check(), ERR_REJECTED, "HTTP 400 VALIDATION_ERROR");
	assert_null(strstr(rig.err.msg, "@"));
	rig_close(&rig);
}

static void
test_server_errors_are_tried_again(void **state)
{
	static const int statuses[] = { 502, 503, 504, 521, 523, 524 };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(statuses); i++) {
		const struct route routes[] = { { .match = "contacts?limit=1",
			.status = statuses[i], .body = "oops", .times = 2 } };
		begin(NOTHING, routes, 1);
		rig_good(&rig, check());
		assert_int_equal(rig_count(&rig, "contacts?limit=1 "), 3);
		rig_close(&rig);
	}
}

/* ---- the rate of searches -------------------------------------------------------------- */
static struct { int64_t ms[512]; size_t n; } stamps;

static bool
stamp(struct rig *r, const char *asked, struct sim_reply *reply)
{
	static int busy;

	(void)r;
	if (strstr(asked, "/search ") == NULL)
		return false;
	assert_true(stamps.n < ARRAY_LEN(stamps.ms));
	stamps.ms[stamps.n++] = rig_ms;
	*reply = ++busy % 5 == 0 ? (struct sim_reply){ .status = 429,
	    .headers = RIG_DATE "Retry-After: 0\r\n", .body = "{}" } :
	    (struct sim_reply){ .headers = RIG_DATE,
	        .body = "{\"total\":0,\"results\":[]}" };
	return true;
}

/* HS-17: of all types together, tries included. */
static void
test_searches_stay_below_their_rate(void **state)
{
	(void)state;
	rig_ms = 1000000;
	stamps.n = 0;
	rig = (struct rig){ .tries = 4, .answer = stamp };
	rig_open(&rig, "window_s = 60; split_total = 100;", NULL, 0);
	rig_good(&rig, rig_events(&rig, NULL));
	assert_true(stamps.n > 30);
	for (size_t i = 3; i < stamps.n; i++)
		assert_true(stamps.ms[i] - stamps.ms[i - 3] > 1000);
	rig_close(&rig);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    test_check_tries_activities_and_subscriptions),
		cmocka_unit_test(test_what_is_assumed),
		cmocka_unit_test(test_lists_have_as_many_rows_as_asked_for),
		cmocka_unit_test(test_statuses_that_mean_later),
		cmocka_unit_test(test_paths_by_version),
		cmocka_unit_test(test_limits_have_their_own_pauses),
		cmocka_unit_test(test_the_days_limit_stops_the_run),
		cmocka_unit_test(test_a_token_that_is_none_is_sent_once),
		cmocka_unit_test(test_a_missing_scope_is_named),
		cmocka_unit_test(test_a_missing_scope_is_listed),
		cmocka_unit_test(test_no_person_in_a_message),
		cmocka_unit_test(test_server_errors_are_tried_again),
		cmocka_unit_test(test_searches_stay_below_their_rate),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
