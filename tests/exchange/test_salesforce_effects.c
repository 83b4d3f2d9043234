/*
 * Fields, answers, Chatter posts and tasks in Salesforce: the exact bodies, and
 * what becomes of each (SF-10 to SF-13, SF-21).
 */
#include "salesforce/writerig.h"

#define A "003RM0000068xVCYAY"
#define B "003RM0000068xVDYAY"
#define USER "005RM0000068xVEYAY"
#define FIELD(name, type) "{\"name\":\"" name "\",\"type\":\"" type \
	"\",\"length\":255,\"updateable\":true,\"createable\":true}"
#define CONTACT { .want = "GET " V "/sobjects/Contact/describe ", \
	.body = "{\"fields\":[" FIELD("Id", "id") "," \
	FIELD("Average__c", "double") "," FIELD("Recent__c", "date") "," \
	FIELD("Last__c", "datetime") "," FIELD("Type__c", "string") "," \
	"{\"name\":\"Fixed__c\",\"type\":\"string\",\"updateable\":false}]}" }
#define UPDATE(text) { .want = "PATCH " V "/composite/sobjects ", .body = text }
#define GOOD(id) "{\"id\":\"" id "\",\"success\":true,\"errors\":[]}"
#define BAD(code) "{\"success\":false,\"errors\":[{\"errorCode\":\"" code \
	"\",\"message\":\"m\",\"fields\":[]}]}"

typedef bool put_fn(void *self, const struct crm_effect *, size_t n,
    struct put_result *, struct err *);

static bool
put(put_fn *fn, const struct crm_effect *e, size_t n, struct put_result *r)
{
	for (size_t i = 0; i < n; i++)
		r[i] = (struct put_result){ .outcome = PUT_UNKNOWN };
	rig.err = (struct err){ .kind = ERR_NONE };
	return fn(rig.crm.link.self, e, n, r, &rig.err);
}

/* ---- fields -------------------------------------------------------------- */
static const char *const panel[][2] = { { "Average__c", "8.4" },
	{ "Recent__c", "2026-11-20" }, { "last__c", "2026-11-20" },
	{ "Type__c", "" }, { NULL, NULL } };

static void
test_fields(void **state)
{
	static const struct rig_step script[] = { CONTACT,
		UPDATE("[" GOOD(A) "," BAD("UNABLE_TO_LOCK_ROW") "]") };
	const struct crm_effect e[] = { { .contact_id = A, .fields = panel },
		{ .contact_id = B, .fields = panel } };
	struct put_result r[2];

	(void)state;
	rig_open("", script, ARRAY_LEN(script));
	assert_true(put(rig.crm.connector->put_fields, NULL, 0, NULL));
	if (!put(rig.crm.connector->put_fields, e, 2, r))
		fail_msg("%s", rig.err.msg);
	assert_int_equal(r[0].outcome, PUT_DONE);
	assert_int_equal(r[1].outcome, PUT_AGAIN);
	/* A number is one, a day of the tenant is its first second. */
#define BODY(id) "{\"attributes\":{\"type\":\"Contact\"},\"id\":\"" id "\"," \
	"\"Average__c\":8.4,\"Recent__c\":\"2026-11-20\",\"Last__c\":" \
	"\"2026-11-19T23:00:00Z\",\"Type__c\":null}"
	assert_string_equal(rig.body[1], "{\"allOrNone\":false,\"records\":["
	    BODY(A) "," BODY(B) "]}");
	rig_close();
}

/* SF-13: 201 cards, and one twice: never in one call. */
static void
test_field_portions(void **state)
{
	static char ids[200][20];
	static struct crm_effect e[202];
	static struct put_result r[202];
	struct rig_step script[] = { CONTACT, UPDATE(NULL),
		UPDATE("[" GOOD(A) "]"), UPDATE("[" GOOD(A) "]") };
	struct buf out;

	(void)state;
	rig_open("", script, ARRAY_LEN(script));
	buf_init(&out, 1 << 20);
	for (size_t i = 0; i < 200; i++) {
		(void)snprintf(ids[i], sizeof(ids[i]), "003RM%010zuYAY", i);
		(void)buf_printf(&out, "%s{\"id\":\"%s\",\"success\":true}",
		    i > 0 ? "," : "[", ids[i]);
		e[i] = (struct crm_effect){ .contact_id = ids[i],
			.fields = panel };
	}
	(void)buf_str(&out, "]");
	script[1].body = buf_text(&out);
	e[200] = e[201] = (struct crm_effect){ .contact_id = A,
		.fields = panel };
	if (!put(rig.crm.connector->put_fields, e, 202, r))
		fail_msg("%s", rig.err.msg);
	for (size_t i = 0; i < 202; i++)
		assert_int_equal(r[i].outcome, PUT_DONE);
	buf_free(&out);
	rig_close();
}

/* One record whose form the service refuses does not hold up the others. */
static void
test_bad_record(void **state)
{
	static const struct rig_step refused = { .status = 400,
		.want = "PATCH " V "/composite/sobjects ", .body =
		    "[{\"errorCode\":\"JSON_PARSER_ERROR\",\"message\":\"x\"}]" };
	const struct rig_step script[] = { CONTACT, refused,
		UPDATE("[" GOOD(A) "]"), refused };
	const struct crm_effect e[] = { { .contact_id = A, .fields = panel },
		{ .contact_id = B, .fields = panel } };
	struct put_result r[2];

	(void)state;
	rig_open("", script, ARRAY_LEN(script));
	assert_true(put(rig.crm.connector->put_fields, e, 2, r));
	assert_int_equal(r[0].outcome, PUT_DONE);
	assert_int_equal(r[1].outcome, PUT_REJECTED);
	assert_string_equal(r[1].reason, "JSON_PARSER_ERROR");
	rig_close();
}

static void
test_field_not_there(void **state)
{
	static const char *const gone[][2] = { { "Gone__c", "1" },
		{ NULL, NULL } };
	static const char *const fixed[][2] = { { "Fixed__c", "1" },
		{ NULL, NULL } };
	static const struct rig_step script[] = { CONTACT };
	struct crm_effect e = { .contact_id = A, .fields = gone };
	struct put_result r;

	(void)state;
	rig_open("", script, ARRAY_LEN(script));
	assert_false(put(rig.crm.connector->put_fields, &e, 1, &r));
	assert_int_equal(rig.err.kind, ERR_CONFIG);
	assert_non_null(strstr(rig.err.msg, "cannot see Contact.Gone__c"));
	e.fields = fixed;
	assert_false(put(rig.crm.connector->put_fields, &e, 1, &r));
	assert_non_null(strstr(rig.err.msg, "cannot write Contact.Fixed__c"));
	e.fields = panel;
	e.contact_id = "K1";
	assert_true(put(rig.crm.connector->put_fields, &e, 1, &r));
	assert_int_equal(r.outcome, PUT_REJECTED);
	rig_close();
}

/* ---- answers ------------------------------------------------------------- */
#define RESPONSE "response_object = \"NPSToday_Response__c\"; response_fields = { " \
	"answered_at = \"Answered__c\"; type = \"Type__c\"; wants_contact = " \
	"\"Call__c\"; }; "
#define OBJECT { .want = "GET " V "/sobjects/NPSToday_Response__c/describe ", \
	.body = "{\"fields\":[{\"name\":\"NPSToday_ResponseId__c\",\"type\":" \
	"\"string\",\"externalId\":true,\"updateable\":true,\"createable\":true}," \
	FIELD("Contact__c", "reference") "," FIELD("Campaign__c", "string") "," \
	FIELD("Score__c", "double") "," FIELD("Comment__c", "textarea") "," \
	FIELD("Answered__c", "datetime") "," FIELD("Type__c", "string") "," \
	FIELD("Call__c", "boolean") "]}" }

static const char *const facts[][2] = {
	{ "answered_at", "2026-11-24T10:00:00Z" }, { "score", "6" },
	{ "type", "detractor" }, { "campaign_id", "7" },
	{ "wants_contact", "yes" }, { NULL, NULL } };
static const struct crm_effect answer = { .ref = "406359", .contact_id = A,
	.subject = "M\xc3\xb8" "de", .text = "line\n\"two\"", .fields = facts };

static void
test_answer(void **state)
{
	static const struct rig_step script[] = { OBJECT,
		{ .want = "PATCH " V "/composite/sobjects/NPSToday_Response__c/"
		    "NPSToday_ResponseId__c ", .body = "[{\"id\":"
		    "\"a00000000000001AAA\",\"success\":true,\"errors\":[],"
		    "\"created\":true}]" },
		{ .want = "PATCH " V "/composite/sobjects/NPSToday_Response__c/",
		    .body = "[{\"success\":false,\"errors\":[{\"statusCode\":"
		    "\"INVALID_CROSS_REFERENCE_KEY\",\"message\":\"m\",\"fields\":"
		    "[\"Contact__c\"]}]}]" } };
	struct put_result r;

	(void)state;
	rig_open(RESPONSE, script, ARRAY_LEN(script));
	if (!put(rig.crm.connector->put_answer, &answer, 1, &r))
		fail_msg("%s", rig.err.msg);
	assert_int_equal(r.outcome, PUT_DONE);
	assert_string_equal(r.remote_id, "a00000000000001AAA");
	assert_string_equal(rig.body[1], "{\"allOrNone\":false,\"records\":["
	    "{\"attributes\":{\"type\":\"NPSToday_Response__c\"},"
	    "\"NPSToday_ResponseId__c\":\"406359\",\"Contact__c\":\"" A "\","
	    "\"Campaign__c\":\"M\xc3\xb8" "de\",\"Score__c\":6,\"Comment__c\":"
	    "\"line\\n\\\"two\\\"\",\"Answered__c\":\"2026-11-24T10:00:00Z\","
	    "\"Type__c\":\"detractor\",\"Call__c\":true}]}");
	/* The same again, and the card is gone. */
	assert_true(put(rig.crm.connector->put_answer, &answer, 1, &r));
	assert_string_equal(rig.body[1], rig.body[2]);
	assert_int_equal(r.outcome, PUT_GONE);
	rig_close();
}

static void
test_answer_object(void **state)
{
	static const struct rig_step script[] = { { .want = "GET " V
	    "/sobjects/NPSToday_Response__c/describe ", .body = "{\"fields\":["
	    FIELD("NPSToday_ResponseId__c", "string") "]}" } };
	struct put_result r;

	(void)state;
	rig_open(RESPONSE, script, ARRAY_LEN(script));
	assert_false(put(rig.crm.connector->put_answer, &answer, 1, &r));
	assert_int_equal(rig.err.kind, ERR_CONFIG);
	assert_non_null(strstr(rig.err.msg, "no external id"));
	rig_close();
}

/* The reply is lost: the same once more, which doubles nothing. */
static void
test_answer_lost(void **state)
{
	static const struct rig_step script[] = { OBJECT,
		{ .want = "PATCH ", .mode = SIM_CLOSE },
		{ .want = "PATCH ", .body = "[" GOOD("a00000000000001AAA") "]" },
		{ .want = "PATCH ", .body = "[]" } };
	struct put_result r;

	(void)state;
	rig_open(RESPONSE, script, ARRAY_LEN(script));
	assert_true(put(rig.crm.connector->put_answer, &answer, 1, &r));
	assert_int_equal(r.outcome, PUT_DONE);
	assert_string_equal(rig.body[1], rig.body[2]);
	/* SF-11 */
	assert_true(put(rig.crm.connector->put_answer, &answer, 1, &r));
	assert_int_equal(r.outcome, PUT_UNKNOWN);
	rig_close();
}

/* ---- at most once -------------------------------------------------------- */
#define CHATTER "chatter_post = true;"
#define POST "POST " V "/chatter/feed-elements "
#define ERROR(code, words) "[{\"errorCode\":\"" code "\",\"message\":\"" words \
	"\"}]"

static const struct crm_effect post = { .ref = "406359", .contact_id = A,
	.text = "NPS 9 (promoter), M\xc3\xb8" "de" };

static void
test_post(void **state)
{
	static const struct rig_step script[] = { { .want = POST, .status = 201,
	    .body = "{\"id\":\"0D5000000000001AAA\"}" } };
	struct put_result r;

	(void)state;
	rig_open(CHATTER, script, ARRAY_LEN(script));
	assert_int_equal(rig.crm.connector->once_max, 1);
	assert_true(put(rig.crm.connector->post_feed, &post, 1, &r));
	assert_int_equal(r.outcome, PUT_DONE);
	assert_string_equal(r.remote_id, "0D5000000000001AAA");
	assert_string_equal(rig.body[0], "{\"body\":{\"messageSegments\":[{"
	    "\"type\":\"Text\",\"text\":\"NPS 9 (promoter), M\xc3\xb8" "de\"}]},"
	    "\"feedElementType\":\"FeedItem\",\"subjectId\":\"" A "\"}");
	rig_close();
}

/* A post is never sent twice, and never called done without proof. */
static void
test_post_outcomes(void **state)
{
	static const struct {
		struct rig_step reply;
		enum put_outcome outcome;
		bool goes_on;
	} cases[] = {
		{ { .status = 201, .body = "{}" }, PUT_UNKNOWN, false },
		{ { .status = 201, .body = "<html>" }, PUT_UNKNOWN, false },
		{ { .mode = SIM_CLOSE }, PUT_UNKNOWN, false },
		{ { .mode = SIM_CUT, .status = 201, .cut = 12 }, PUT_UNKNOWN,
		    false },
		{ { .status = 500, .body = ERROR("UNKNOWN_EXCEPTION", "x") },
		    PUT_UNKNOWN, false },
		{ { .status = 503, .body = "<html>busy</html>" }, PUT_UNKNOWN,
		    false },
		{ { .status = 503, .body = ERROR("REQUEST_LIMIT_EXCEEDED",
		    "Too many requests, try later") }, PUT_AGAIN, false },
		{ { .status = 503, .body = ERROR("SERVER_UNAVAILABLE", "x") },
		    PUT_UNKNOWN, false },
		{ { .status = 429 }, PUT_AGAIN, false },
		{ { .status = 403, .body = ERROR("FUNCTIONALITY_NOT_ENABLED",
		    "Chatter is off") }, PUT_DENIED, true },
		{ { .status = 403, .body = ERROR("INSUFFICIENT_ACCESS", "x") },
		    PUT_DENIED, true },
		{ { .status = 400, .body = ERROR("STRING_TOO_LONG", "x") },
		    PUT_REJECTED, true },
		/* It may lead to what was made. */
		{ { .status = 303 }, PUT_UNKNOWN, false },
		{ { .status = 403, .body = "<html>" }, PUT_AGAIN, false },
		{ { .status = 403, .body = ERROR("REQUEST_LIMIT_EXCEEDED",
		    "day") }, PUT_AGAIN, false },
		{ { .status = 404, .body = ERROR("NOT_FOUND", "x") },
		    PUT_REJECTED, true },
		{ { .status = 400, .body = ERROR("UNABLE_TO_LOCK_ROW", "x") },
		    PUT_AGAIN, true },
		{ { .status = 400, .body = ERROR("ENTITY_IS_DELETED", "x") },
		    PUT_GONE, true },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct rig_step step = cases[i].reply;
		struct put_result r;
		step.want = POST;
		rig_open(CHATTER, &step, 1);
		const bool ok = put(rig.crm.connector->post_feed, &post, 1, &r);
		if (r.outcome != cases[i].outcome || ok != cases[i].goes_on)
			fail_msg("case %zu: %d %s, %d (%s)", i, (int)r.outcome,
			    r.reason, ok, rig.err.msg);
		rig_close();
	}
}

/* A 401 was not applied: a new token, once. */
static void
test_post_session(void **state)
{
	static const struct rig_step lost = { .want = POST, .status = 401,
		.body = ERROR("INVALID_SESSION_ID", "over") };
	const struct rig_step script[] = { lost, { .want = POST, .status = 201,
	    .body = "{\"id\":\"0D5000000000001AAA\"}" } };
	const struct rig_step never[] = { lost, lost };
	struct put_result r;

	(void)state;
	rig_open(CHATTER, script, 2);
	assert_true(put(rig.crm.connector->post_feed, &post, 1, &r));
	assert_int_equal(r.outcome, PUT_DONE);
	rig_close();
	rig_open(CHATTER, never, 2);
	assert_false(put(rig.crm.connector->post_feed, &post, 1, &r));
	assert_int_equal(r.outcome, PUT_AGAIN);
	assert_int_equal(rig.err.kind, ERR_AUTH);
	rig_close();
}

/* 10,000 characters are the most; none is cut in two. */
static void
test_post_length(void **state)
{
	static const struct rig_step script[] = { { .want = POST, .status = 201,
	    .body = "{\"id\":\"0D5000000000001AAA\"}" } };
	static char text[24000];
	struct crm_effect e = post;
	struct put_result r;

	(void)state;
	for (size_t i = 0; i + 3 < sizeof(text); i += 2)
		memcpy(text + i, "\xc3\xb8", 2);
	e.text = text;
	rig_open(CHATTER, script, 1);
	assert_true(put(rig.crm.connector->post_feed, &e, 1, &r));
	const char *sent = strstr(rig.body[0], "\xc3\xb8");
	assert_int_equal(strcspn(sent, "\""), 20000);
	rig_close();
}

static void
test_task(void **state)
{
	static const struct rig_step script[] = {
		{ .want = "POST " V "/sobjects/Task ", .status = 201, .body =
		    "{\"id\":\"00T000000000001AAA\",\"success\":true}" },
		{ .want = "POST " V "/sobjects/Task ", .status = 201, .body =
		    "{\"id\":\"00T000000000002AAA\",\"success\":true}" } };
	struct crm_effect e = { .contact_id = A, .subject = "Call", .day =
		20261127, .employee_id = USER, .text = "score 3" };
	struct put_result r;

	(void)state;
	rig_open("", script, ARRAY_LEN(script));
	assert_true(put(rig.crm.connector->put_task, &e, 1, &r));
	assert_int_equal(r.outcome, PUT_DONE);
	assert_string_equal(rig.body[0], "{\"Subject\":\"Call\",\"Description\":"
	    "\"score 3\",\"WhoId\":\"" A "\",\"ActivityDate\":\"2026-11-27\","
	    "\"OwnerId\":\"" USER "\"}");
	/* No user of Salesforce: whom the service takes. */
	e.employee_id = "E7";
	e.day = NO_DAY;
	e.text = NULL;
	assert_true(put(rig.crm.connector->put_task, &e, 1, &r));
	assert_string_equal(rig.body[1], "{\"Subject\":\"Call\",\"WhoId\":\"" A
	    "\"}");
	rig_close();
}

/* ---- what is off --------------------------------------------------------- */
static void
test_narrow(void **state)
{
	(void)state;
	rig_open("", NULL, 0);
	assert_null(rig.crm.connector->put_answer);
	assert_null(rig.crm.connector->post_feed);
	assert_int_equal(rig.crm.connector->tags_max, 200);
	rig_close();
	rig_open("tag_field = \"\"; collections_max = 50;", NULL, 0);
	assert_null(rig.crm.connector->tags_request);
	assert_null(rig.crm.connector->ensure_tags);
	assert_int_equal(rig.crm.connector->effects_max, 50);
	rig_close();
	rig_open("tag_guard = \"unmodified\";", NULL, 0);
	assert_int_equal(rig.crm.connector->tags_max, 25);
	rig_close();
	rig_open("in_list_max = 100;", NULL, 0);
	assert_int_equal(rig.crm.connector->tags_max, 100);
	rig_close();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fields),
		cmocka_unit_test(test_field_portions),
		cmocka_unit_test(test_bad_record),
		cmocka_unit_test(test_field_not_there),
		cmocka_unit_test(test_answer),
		cmocka_unit_test(test_answer_object),
		cmocka_unit_test(test_answer_lost),
		cmocka_unit_test(test_post),
		cmocka_unit_test(test_post_outcomes),
		cmocka_unit_test(test_post_session),
		cmocka_unit_test(test_post_length),
		cmocka_unit_test(test_task),
		cmocka_unit_test(test_narrow),
	};

	return cmocka_run_group_tests(tests, tmpdir_make, tmpdir_remove);
}
