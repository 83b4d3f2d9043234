/*
 * Tags of the superoffice driver over a scripted server, driven as the core does
 * it: exact requests, and what becomes of each answer.  SO-nn: the pitfall's
 * number.
 */
#include "superoffice/writerig.h"

#define LIST { .target = "GET " API "/MDOList/persint ", .body = "[" \
	ITEM(31, SPRING "7") "," ITEM(37, SPRING "9") "," ITEM(5, "Golf") "]" }
#define READ "GET " API "/Person/214?$select=PersonId,Interests "
#define PERSON(items) { .target = READ, .body = "{\"PersonId\":214," \
	"\"Interests\":[" items "]}" }
#define UPDATE "POST " API "/Agents/Person/UpdateInterests "
#define SEVEN PERSON(HAS(31, SPRING "7", true) "," HAS(5, "Golf", true) "," \
	HAS(37, SPRING "9", false))
#define NINE_FOR_SEVEN "{\"PersonId\":214,\"EnableInterestIds\":[37]," \
	"\"DisableInterestIds\":[31]}"
#define NAMED "interest_list = 'PersInt';"
#define ITEMS "/List/PersInt/Items "

static struct rig rig;
static struct put_result result;

static void
begin(const char *more, const struct sim_reply *script, size_t n)
{
	rig_begin(&rig, false, more, script, n);
}

/* ---- interests ----------------------------------------------------------- */
/* SO-14: one call, 9 for 7, Golf is not named; a person who is as he should be is
 * not written; the list is read once. */
static void
test_so14_interests(void **state)
{
	static const struct sim_reply script[] = { LIST, SEVEN,
		{ .target = UPDATE, .status = 204,
		    .want = "\r\nContent-Type: application/json\r\n" },
		PERSON(HAS(37, SPRING "9", true)),
		PERSON(HAS(37, SPRING "9", true) "," HAS(5, "Golf", true)),
		{ .target = UPDATE, .status = 204,
		    .want = "\r\nSO-TimeZone: UTC, includeTZOffset\r\n" } };

	(void)state;
	begin("", script, ARRAY_LEN(script));
	if (rig_tag(&rig, SPRING "9", &result) != PUT_DONE)
		fail_msg("%d %s %s", (int)result.outcome, result.reason,
		    rig.err.msg);
	assert_string_equal(simhttpd_body(rig.sim, 2), NINE_FOR_SEVEN);
	assert_int_equal(rig_tag(&rig, SPRING "9", &result), PUT_UNCHANGED);
	assert_int_equal(rig_tag(&rig, NULL, &result), PUT_DONE);
	assert_string_equal(simhttpd_body(rig.sim, 5), "{\"PersonId\":214,"
	    "\"EnableInterestIds\":[],\"DisableInterestIds\":[37]}");
	rig_end(&rig);
}

/* SO-15: the call is not there, however the server says so; the person is, so
 * nobody is taken for gone. */
static void
test_so15_no_call(void **state)
{
	static const struct {
		int status;
		const char *body;
	} cases[] = { { 404, HTML }, { 404, "{\"Message\":\"No HTTP resource\"}" },
		{ 404, FAULT("SoNotFoundException", "no such method") },
		{ 405, NULL } };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const struct sim_reply script[] = { LIST, SEVEN,
			{ .target = UPDATE, .status = cases[i].status,
			    .body = cases[i].body }, SEVEN };
		begin("", script, ARRAY_LEN(script));
		assert_int_equal(rig_tag(&rig, SPRING "9", &result), PUT_AGAIN);
		assert_int_equal(rig.err.kind, ERR_CONFIG);
		if (strstr(rig.err.msg, "tag_mode = \"field\"") == NULL)
			fail_msg("%zu: %s", i, rig.err.msg);
		rig_end(&rig);
	}
}

/* Between the two the person went. */
static void
test_gone_meanwhile(void **state)
{
	static const struct sim_reply script[] = { LIST, SEVEN,
		{ .target = UPDATE, .status = 404, .body = NONE },
		{ .target = READ, .status = 404, .body = NONE } };

	(void)state;
	begin("", script, ARRAY_LEN(script));
	assert_int_equal(rig_tag(&rig, SPRING "9", &result), PUT_GONE);
	rig_end(&rig);
}

/* Answers to the reading: what is told of the person, and what is not. */
static void
test_odd_readings(void **state)
{
	static const struct {
		struct sim_reply reply;
		enum put_outcome outcome;
		enum err_kind kind;
	} cases[] = {
		{ { .status = 404, .body = NONE }, PUT_GONE, ERR_NONE },
		{ { .status = 404, .body = HTML }, PUT_AGAIN, ERR_CONFIG },
		{ { .status = 404 }, PUT_AGAIN, ERR_CONFIG },
		{ { .status = 403, .body = FAULT("SoSentryException",
		    "Hansen") }, PUT_DENIED, ERR_NONE },
		{ { .status = 400, .body = FAULT("SoException", "Hansen") },
		    PUT_REJECTED, ERR_NONE },
		{ { .body = "" }, PUT_AGAIN, ERR_PROTOCOL },
		{ { .body = "null" }, PUT_AGAIN, ERR_PROTOCOL },
		{ { .body = "{}" }, PUT_AGAIN, ERR_PROTOCOL },
		{ { .body = HTML }, PUT_AGAIN, ERR_PROTOCOL },
		{ { .body = "{\"PersonId\":214}" }, PUT_AGAIN, ERR_PROTOCOL },
		{ { .body = "{\"PersonId\":214,\"Interests\":null}" },
		    PUT_AGAIN, ERR_PROTOCOL },
		/* Another person's interests are not changed by it. */
		{ { .body = "{\"PersonId\":215,\"Interests\":[]}" },
		    PUT_AGAIN, ERR_PROTOCOL },
		{ { .body = "{\"PersonId\":\"214\",\"Interests\":[]}" },
		    PUT_AGAIN, ERR_PROTOCOL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const struct sim_reply script[] = { LIST, cases[i].reply };
		begin("", script, 2);
		const enum put_outcome outcome = rig_tag(&rig, SPRING "9",
		    &result);
		if (outcome != cases[i].outcome ||
		    rig.err.kind != cases[i].kind)
			fail_msg("%zu: %d %d %s", i, (int)outcome,
			    (int)rig.err.kind, rig.err.msg);
		rig_end(&rig);
	}
}

/* SO-16: what the service did, although nobody heard of it, is not done again;
 * what it did not do is. */
static void
test_so16_lost_replies(void **state)
{
	static const struct sim_reply script[] = { LIST, SEVEN,
		{ .target = UPDATE, .mode = SIM_CLOSE },
		PERSON(HAS(37, SPRING "9", true)),
		SEVEN, { .target = UPDATE, .status = 500, .body = FAULT("x",
		    "y") }, SEVEN, { .target = UPDATE, .status = 503,
		    .body = HTML }, SEVEN, { .target = UPDATE, .status = 204 } };

	(void)state;
	begin("", script, ARRAY_LEN(script));
	assert_int_equal(rig_tag(&rig, SPRING "9", &result), PUT_UNCHANGED);
	assert_int_equal(rig_tag(&rig, SPRING "9", &result), PUT_DONE);
	assert_string_equal(simhttpd_body(rig.sim, 9), NINE_FOR_SEVEN);
	rig_end(&rig);
}

/* An id that is none is not put into an address. */
static void
test_ids(void **state)
{
	static const char *const odd[] = { "", "0", "-1", "07", "2147483648",
		"7/Consent", "abc", "7 " };
	static const struct sim_reply script[] = { LIST };

	(void)state;
	begin("", script, ARRAY_LEN(script));
	for (size_t i = 0; i < ARRAY_LEN(odd); i++) {
		const struct crm_tag_write write = { .contact_id = odd[i],
			.prefix = SPRING, .value = SPRING "9" };
		if (rig_write(&rig, &write, &result) != PUT_REJECTED)
			fail_msg("%s: %s", odd[i], rig.err.msg);
	}
	rig_end(&rig);
}

/* ---- items --------------------------------------------------------------- */
/* One that is missing is made once; the next one is looked for first. */
static void
test_items_made(void **state)
{
	static const struct sim_reply script[] = {
		{ .target = "GET " API ITEMS, .body = "[" ITEM(31, SPRING "7")
		    "]" },
		{ .target = "POST " API ITEMS, .body = "{\"Id\":37,\"Name\":\""
		    SPRING "9\"}" },
		SEVEN, { .target = UPDATE, .status = 204 },
		{ .target = "GET " API ITEMS, .body = "[" ITEM(31, SPRING "7")
		    "," ITEM(37, SPRING "9") "," ITEM(38, SPRING "8") "]" },
		SEVEN, { .target = UPDATE, .status = 204 } };

	(void)state;
	begin(NAMED, script, ARRAY_LEN(script));
	if (rig_tag(&rig, SPRING "9", &result) != PUT_DONE)
		fail_msg("%s", rig.err.msg);
	assert_string_equal(simhttpd_body(rig.sim, 1), "{\"Name\":\"" SPRING
	    "9\",\"Tooltip\":\"npsync\"}");
	assert_string_equal(simhttpd_body(rig.sim, 3), NINE_FOR_SEVEN);
	/* Somebody else made it meanwhile. */
	assert_int_equal(rig_tag(&rig, SPRING "8", &result), PUT_DONE);
	assert_string_equal(simhttpd_body(rig.sim, 6), "{\"PersonId\":214,"
	    "\"EnableInterestIds\":[38],\"DisableInterestIds\":[31]}");
	rig_end(&rig);
}

/* The reply is lost, or has no id: the list says whether it is there; nothing is
 * sent twice. */
static void
test_items_lost(void **state)
{
	static const struct sim_reply there[] = {
		{ .target = "GET " API ITEMS, .body = "[]" },
		{ .target = "POST " API ITEMS, .mode = SIM_CLOSE },
		{ .target = "GET " API ITEMS, .body = "[" ITEM(37, SPRING "9")
		    "]" },
		PERSON(""), { .target = UPDATE, .status = 204 } };
	static const struct sim_reply no_id[] = {
		{ .target = "GET " API ITEMS, .body = "[]" },
		{ .target = "POST " API ITEMS, .body = "{\"Id\":null}" },
		{ .target = "GET " API ITEMS, .body = "[" ITEM(37, SPRING "9")
		    "]" },
		PERSON(""), { .target = UPDATE, .status = 204 } };
	static const struct sim_reply away[] = {
		{ .target = "GET " API ITEMS, .body = "[]" },
		{ .target = "POST " API ITEMS, .mode = SIM_CLOSE },
		{ .target = "GET " API ITEMS, .body = "[]" } };

	(void)state;
	begin(NAMED, there, ARRAY_LEN(there));
	assert_int_equal(rig_tag(&rig, SPRING "9", &result), PUT_DONE);
	rig_end(&rig);
	begin(NAMED, no_id, ARRAY_LEN(no_id));
	assert_int_equal(rig_tag(&rig, SPRING "9", &result), PUT_DONE);
	rig_end(&rig);
	begin(NAMED, away, ARRAY_LEN(away));
	assert_int_equal(rig_tag(&rig, SPRING "9", &result), PUT_AGAIN);
	assert_non_null(strstr(rig.err.msg, "could not be made"));
	rig_end(&rig);
}

/* No right, no list, no name of one: what to do. */
static void
test_items_refused(void **state)
{
	static const struct sim_reply no_right[] = {
		{ .target = "GET " API ITEMS, .body = "[]" },
		{ .target = "POST " API ITEMS, .status = 403,
		    .body = FAULT("SoSentryException", "x") }, PERSON("") };
	static const struct sim_reply no_list[] = {
		{ .target = "GET " API ITEMS, .status = 404, .body = NONE } };
	static const struct sim_reply no_name[] = { LIST, SEVEN, SEVEN,
		{ .target = UPDATE, .status = 204 } };
	static const struct sim_reply not_ours[] = {
		{ .target = "GET " API "/MDOList/persint ", .status = 403,
		    .body = FAULT("SoSentryException", "x") } };

	(void)state;
	begin(NAMED, no_right, ARRAY_LEN(no_right));
	assert_int_equal(rig_tag(&rig, SPRING "9", &result), PUT_DENIED);
	assert_string_equal(result.reason, "no interest \"" SPRING "9\": make it "
	    "by hand (Lists, Person interests), or see interest_list");
	rig_end(&rig);
	begin(NAMED, no_list, ARRAY_LEN(no_list));
	assert_int_equal(rig_tag(&rig, SPRING "9", &result), PUT_AGAIN);
	assert_int_equal(rig.err.kind, ERR_CONFIG);
	assert_non_null(strstr(rig.err.msg, "interest_list"));
	rig_end(&rig);
	/* The cards that want it wait, not those of an interest that is there. */
	begin("", no_name, ARRAY_LEN(no_name));
	assert_int_equal(rig_tag(&rig, SPRING "8", &result), PUT_DENIED);
	assert_non_null(strstr(result.reason, "see interest_list"));
	assert_int_equal(rig_tag(&rig, SPRING "9", &result), PUT_DONE);
	rig_end(&rig);
	/* A list that may not be read is no person's matter. */
	begin("", not_ours, ARRAY_LEN(not_ours));
	assert_int_equal(rig_tag(&rig, SPRING "9", &result), PUT_AGAIN);
	assert_int_equal(rig.err.kind, ERR_CONFIG);
	assert_non_null(strstr(rig.err.msg, "may not read lists"));
	rig_end(&rig);
}

/* A list's name goes into an address as what it is. */
static void
test_list_name(void **state)
{
	static const struct sim_reply script[] = {
		{ .target = "GET " API "/List/Person%20int%2F%C3%A6/Items ",
		    .body = "[" ITEM(37, SPRING "9") "]" },
		PERSON(""), { .target = UPDATE, .status = 204 } };

	(void)state;
	begin("interest_list = 'Person int/\303\246';", script,
	    ARRAY_LEN(script));
	assert_int_equal(rig_tag(&rig, SPRING "9", &result), PUT_DONE);
	rig_end(&rig);
}

/* ---- online: sessions that end, a tenant that moves ------------------------- */
#define CLOUD_READ "GET " CLOUD "/Person/214?$select=PersonId,Interests "
#define CLOUD_UPDATE "POST " CLOUD "/Agents/Person/UpdateInterests "
#define CLOUD_LIST { .target = "GET " CLOUD "/MDOList/persint ", .body = "[" \
	ITEM(37, SPRING "9") "]" }
#define CLOUD_PERSON { .target = CLOUD_READ, .body = "{\"PersonId\":214," \
	"\"Interests\":[]}" }

/* SO-05: the recycling ends all sessions between reading and writing. */
static void
test_so05_session(void **state)
{
	static const struct sim_reply script[] = { STATE, TOKEN("one"),
		CLOUD_LIST, CLOUD_PERSON,
		{ .target = CLOUD_UPDATE, .status = 401,
		    .want = "\r\nAuthorization: Bearer one\r\n" },
		TOKEN("two"), CLOUD_PERSON,
		{ .target = CLOUD_UPDATE, .status = 204,
		    .want = "\r\nAuthorization: Bearer two\r\n" } };

	(void)state;
	rig_begin(&rig, true, "", script, ARRAY_LEN(script));
	if (rig_tag(&rig, SPRING "9", &result) != PUT_DONE)
		fail_msg("%s", rig.err.msg);
	rig_end(&rig);
}

/* SO-02: it moved between the two: asked for once, and read again there. */
static void
test_so02_moved(void **state)
{
	static const struct sim_reply script[] = { STATE, TOKEN("one"),
		CLOUD_LIST, CLOUD_PERSON,
		{ .target = CLOUD_UPDATE, .status = 421 }, STATE, CLOUD_PERSON,
		{ .target = CLOUD_UPDATE, .status = 204 } };

	(void)state;
	rig_begin(&rig, true, "", script, ARRAY_LEN(script));
	if (rig_tag(&rig, SPRING "9", &result) != PUT_DONE)
		fail_msg("%s", rig.err.msg);
	rig_end(&rig);
}

/* ---- a field ------------------------------------------------------------- */
#define FIELD "tag_mode = 'field'; tag_field = 'SuperOffice:1';"
#define LAYOUT(more) { .target = "GET " API "/Person/UdefLayout/Published ", \
	.body = "[{\"ProgId\":\"SuperOffice:1\",\"UdefIdentity\":1," more "}]" }
#define TEXT_LAYOUT LAYOUT("\"FieldType\":\"LongText\",\"TextLength\":30")
#define READ_FIELD "GET " API \
	"/Person/214?$select=PersonId,UpdatedDate,CustomFields "
#define HOLDS(text) { .target = READ_FIELD, .body = "{\"PersonId\":214," \
	"\"UpdatedDate\":\"2026-11-20T10:00:00.12Z\",\"CustomFields\":{" \
	"\"SuperOffice:1\":" text ",\"SuperOffice:1:org\":\"x\"}}" }
#define PATCH "PATCH " API "/Person/214?$select=PersonId,UpdatedDate "

/* Somebody else wrote in between (409): read again, their tag stays. */
static void
test_field_conflict(void **state)
{
	static const struct sim_reply script[] = { TEXT_LAYOUT,
		HOLDS("\"VIP; " SPRING "7\""),
		{ .target = PATCH, .status = 409, .body = FAULT("SoException",
		    "test failed") },
		HOLDS("\"VIP;new;" SPRING "7\""),
		{ .target = PATCH, .body = "{\"PersonId\":214}",
		    .want = "\r\nContent-Type: application/json\r\n" },
		HOLDS("\"a;" SPRING "9\""),
		HOLDS("null"), { .target = PATCH } };

	(void)state;
	begin(FIELD, script, ARRAY_LEN(script));
	if (rig_tag(&rig, SPRING "9", &result) != PUT_DONE)
		fail_msg("%s %s", result.reason, rig.err.msg);
	assert_string_equal(simhttpd_body(rig.sim, 2), "[{\"op\":\"test\","
	    "\"path\":\"CustomFields/SuperOffice:1\",\"value\":\"VIP; " SPRING
	    "7\"},{\"op\":\"replace\",\"path\":\"CustomFields/SuperOffice:1\","
	    "\"value\":\"VIP;" SPRING "9\"}]");
	assert_string_equal(simhttpd_body(rig.sim, 4), "[{\"op\":\"test\","
	    "\"path\":\"CustomFields/SuperOffice:1\",\"value\":\"VIP;new;"
	    SPRING "7\"},{\"op\":\"replace\",\"path\":"
	    "\"CustomFields/SuperOffice:1\",\"value\":\"VIP;new;" SPRING
	    "9\"}]");
	assert_int_equal(rig_tag(&rig, SPRING "9", &result), PUT_UNCHANGED);
	assert_int_equal(rig_tag(&rig, SPRING "9", &result), PUT_DONE);
	assert_string_equal(simhttpd_body(rig.sim, 7), "[{\"op\":\"test\","
	    "\"path\":\"CustomFields/SuperOffice:1\",\"value\":null},"
	    "{\"op\":\"replace\",\"path\":\"CustomFields/SuperOffice:1\","
	    "\"value\":\"" SPRING "9\"}]");
	rig_end(&rig);
}

/* By the time of the last change: the second that was begun is over. */
static void
test_field_unmodified(void **state)
{
	static const struct sim_reply script[] = { TEXT_LAYOUT,
		HOLDS("\"" SPRING "7\""),
		{ .target = PATCH, .status = 412, .want =
		    "\r\nIf-Unmodified-Since: Fri, 20 Nov 2026 10:00:01 GMT\r\n" },
		HOLDS("\"" SPRING "7\""), { .target = PATCH },
		{ .target = READ_FIELD, .body = "{\"PersonId\":214,"
		    "\"CustomFields\":{\"SuperOffice:1\":\"\"}}" } };

	(void)state;
	begin(FIELD "tag_guard = 'unmodified'; customfield_path = "
	    "'CustomFields';", script, ARRAY_LEN(script));
	assert_int_equal(rig_tag(&rig, NULL, &result), PUT_DONE);
	assert_string_equal(simhttpd_body(rig.sim, 4), "[{\"op\":\"replace\","
	    "\"path\":\"CustomFields\",\"value\":{\"SuperOffice:1\":\"\"}}]");
	assert_int_equal(rig_tag(&rig, SPRING "9", &result), PUT_AGAIN);
	assert_int_equal(rig.err.kind, ERR_PROTOCOL);
	assert_non_null(strstr(rig.err.msg, "UpdatedDate"));
	rig_end(&rig);
}

/* Nothing is cut, nothing that cannot be read is taken for empty. */
static void
test_field_odd(void **state)
{
	static const struct {
		struct sim_reply reply;
		enum put_outcome outcome;
		enum err_kind kind;
	} cases[] = {
		{ HOLDS("\"0123456789\""), PUT_DENIED, ERR_NONE },
		{ HOLDS("7"), PUT_AGAIN, ERR_PROTOCOL },
		{ { .target = READ_FIELD, .body = "{\"PersonId\":214,"
		    "\"CustomFields\":{\"SuperOffice:2\":\"\"}}" }, PUT_AGAIN,
		    ERR_PROTOCOL },
		{ { .target = READ_FIELD, .body = "{\"PersonId\":214,"
		    "\"CustomFields\":null}" }, PUT_AGAIN, ERR_PROTOCOL },
		{ { .target = READ_FIELD, .status = 404, .body = NONE },
		    PUT_GONE, ERR_NONE },
	};
	struct crm_tag_write semicolon = { .contact_id = "214", .value = "a;b" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const struct sim_reply script[] = { LAYOUT("\"FieldType\":"
		    "\"ShortText\",\"TextLength\":27"), cases[i].reply };
		begin(FIELD "tag_guard = 'none';", script, 2);
		const enum put_outcome outcome = rig_tag(&rig, SPRING "9",
		    &result);
		if (outcome != cases[i].outcome ||
		    rig.err.kind != cases[i].kind)
			fail_msg("%zu: %d %d %s", i, (int)outcome,
			    (int)rig.err.kind, rig.err.msg);
		if (i == 0)
			assert_non_null(strstr(result.reason, "28 characters, "
			    "SuperOffice:1 holds 27"));
		assert_int_equal(rig_write(&rig, &semicolon, &result),
		    PUT_REJECTED);
		rig_end(&rig);
	}
}

/* The option names no field that could hold tags: told before anything. */
static void
test_field_unfit(void **state)
{
	static const struct {
		struct sim_reply layout;
		const char *words;
	} cases[] = {
		{ LAYOUT("\"FieldType\":\"Number\""), "is of type Number" },
		{ LAYOUT("\"FieldType\":\"LongText\",\"IsReadOnly\":true"),
		    "read only" },
		{ { .target = "GET " API "/Person/UdefLayout/Published ",
		    .status = 404, .body = HTML }, "address of the Web API" },
		{ { .target = "GET " API "/Person/UdefLayout/Published ",
		    .body = "[]" }, "no user-defined field SuperOffice:1" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const struct sim_reply script[] = { cases[i].layout,
			{ .target = "GET " API
			    "/Person/CustomField/SuperOffice%3A1 ",
			    .status = 404, .body = NONE } };
		begin(FIELD, script, i == 3 ? 2 : 1);
		assert_int_equal(rig_tag(&rig, SPRING "9", &result), PUT_AGAIN);
		assert_int_equal(rig.err.kind, ERR_CONFIG);
		if (strstr(rig.err.msg, cases[i].words) == NULL)
			fail_msg("%zu: %s", i, rig.err.msg);
		rig_end(&rig);
	}
}

static void
test_field_no_patch(void **state)
{
	static const struct sim_reply script[] = { TEXT_LAYOUT, HOLDS("\"\""),
		{ .target = PATCH, .status = 405 }, HOLDS("\"\"") };

	(void)state;
	begin(FIELD, script, ARRAY_LEN(script));
	assert_int_equal(rig_tag(&rig, SPRING "9", &result), PUT_AGAIN);
	assert_int_equal(rig.err.kind, ERR_CONFIG);
	assert_non_null(strstr(rig.err.msg, "tag_mode = \"interests\""));
	rig_end(&rig);
}

/* ---- settings ------------------------------------------------------------ */
static void
test_narrow(void **state)
{
	static const struct so_settings none = { .tag_mode = SO_TAGS_OFF };
	static const struct so_settings all = { .tag_mode = SO_TAGS_FIELD,
		.task_type_id = 4, .meetings = true, .contact_stream = true };
	struct crm_connector copy = superoffice_crm;

	(void)state;
	copy.narrow(&all, &copy);
	assert_int_equal(copy.info.caps, superoffice_crm.info.caps);
	assert_non_null(copy.put_task);
	copy.narrow(&none, &copy);
	assert_int_equal(copy.info.caps & (CRM_CAP_TAGS | CRM_CAP_TASKS |
	    CRM_CAP_ENSURE_TAGS), 0);
	assert_true((copy.info.caps & CRM_CAP_FIELDS) != 0);
	assert_null(copy.tags_request);
	assert_null(copy.put_task);
}

static void
test_field_without_name(void **state)
{
	void *self = NULL;

	(void)state;
	rig_begin(&rig, false, "", NULL, 0);
	rig.set.tag_mode = SO_TAGS_FIELD;
	assert_false(superoffice_crm.open(&rig.env, &self, &rig.err));
	assert_int_equal(rig.err.kind, ERR_CONFIG);
	assert_non_null(strstr(rig.err.msg, "tag_field"));
	superoffice_crm.close(self);
	rig_end(&rig);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_so14_interests),
		cmocka_unit_test(test_so15_no_call),
		cmocka_unit_test(test_gone_meanwhile),
		cmocka_unit_test(test_odd_readings),
		cmocka_unit_test(test_so16_lost_replies),
		cmocka_unit_test(test_ids),
		cmocka_unit_test(test_items_made),
		cmocka_unit_test(test_items_lost),
		cmocka_unit_test(test_items_refused),
		cmocka_unit_test(test_list_name),
		cmocka_unit_test(test_so05_session),
		cmocka_unit_test(test_so02_moved),
		cmocka_unit_test(test_field_conflict),
		cmocka_unit_test(test_field_unmodified),
		cmocka_unit_test(test_field_odd),
		cmocka_unit_test(test_field_unfit),
		cmocka_unit_test(test_field_no_patch),
		cmocka_unit_test(test_narrow),
		cmocka_unit_test(test_field_without_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
