/*
 * What HubSpot is sent when properties of contacts are written, byte for byte,
 * and what becomes of it (pitfalls HS-08, HS-09, HS-10, HS-16).
 */
#include "hubspot/writerig.h"

#define NUMBER(name) GETS(name, "{\"type\":\"number\",\"fieldType\":\"number\"}")
#define DATE(name) GETS(name, "{\"type\":\"date\",\"fieldType\":\"date\"}")
#define COMMENT(name) GETS(name, TEXT)
#define REFUSED(status_, category, message) { .target = UPDATE, \
	.status = status_, .body = FAULT(category, message) }
#define ONE_ROW(id) UPDATES(ROWS(GOOD(id)))

static const char *const score[][2] = { { "nps_last_score", "9" },
	{ NULL, NULL } };
static const char *const none[][2] = { { NULL, NULL } };

static struct crm_effect
of(const char *id)
{
	return (struct crm_effect){ .ref = id, .contact_id = id,
		.fields = score };
}

static bool
put(const struct crm_effect *e, size_t n, struct put_result *r)
{
	for (size_t i = 0; i < n; i++)
		r[i] = (struct put_result){ .outcome = PUT_UNKNOWN };
	rig.err = (struct err){ .kind = ERR_NONE };
	return rig.crm.connector->put_fields(rig.crm.link.self, e, n, r,
	    &rig.err);
}

/* By the type of each property, asked for once; "" empties. */
static void
test_exact_bytes(void **state)
{
	static const char *const all[][2] = { { "nps_last_score", "9" },
		{ "nps_last_date", "2026-11-24T23:30:00Z" },
		{ "nps_last_comment", "Fin \"service\"" }, { NULL, NULL } };
	static const char *const empty[][2] = { { "nps_last_score", "" },
		{ NULL, NULL } };
	static const struct sim_reply script[] = { NUMBER("nps_last_score"),
		DATE("nps_last_date"), COMMENT("nps_last_comment"),
		UPDATES(ROWS(GOOD("102") "," GOOD("101"))),
		UPDATES(ROWS(GOOD("103"))) };
	const struct crm_effect effects[] = {
		{ .ref = "101", .contact_id = "101", .fields = all },
		{ .ref = "102", .contact_id = "102", .fields = empty } };
	const struct crm_effect more = of("103");
	struct put_result r[2];

	(void)state;
	rig_open("", script, ARRAY_LEN(script));
	assert_true(put(effects, 2, r));
	assert_string_equal(rig_words(r, 2), "done done");
	assert_non_null(strstr(simhttpd_request(rig.sim, 3),
	    "\r\nAuthorization: Bearer pat-eu1-s3cret\r\n"));
	assert_string_equal(simhttpd_body(rig.sim, 3), "{\"inputs\":[{\"id\":"
	    "\"101\",\"properties\":{\"nps_last_score\":\"9\","
	    "\"nps_last_date\":\"2026-11-25\",\"nps_last_comment\":"
	    "\"Fin \\\"service\\\"\"}},{\"id\":\"102\",\"properties\":"
	    "{\"nps_last_score\":\"\"}}]}");
	assert_true(put(&more, 1, r));
	assert_string_equal(rig_words(r, 1), "done");
	rig_close(true);
}

static void
test_days_as_epoch(void **state)
{
	static const char *const day[][2] = { { "nps_last_date", "2026-11-25" },
		{ NULL, NULL } };
	static const struct sim_reply script[] = { DATE("nps_last_date"),
		ONE_ROW("101") };
	const struct crm_effect e = { .contact_id = "101", .fields = day };
	struct put_result r;

	(void)state;
	rig_open("date_format = \"epoch\";", script, ARRAY_LEN(script));
	assert_true(put(&e, 1, &r));
	assert_string_equal(simhttpd_body(rig.sim, 1), "{\"inputs\":[{\"id\":"
	    "\"101\",\"properties\":{\"nps_last_date\":\"1795564800000\"}}]}");
	rig_close(true);
}

/* One contact twice: not in one call.  Without an id, without a field: none. */
static void
test_what_goes_in_a_call(void **state)
{
	static const struct sim_reply script[] = { NUMBER("nps_last_score"),
		UPDATES(ROWS(GOOD("101") "," GOOD("102"))),
		UPDATES(ROWS(GOOD("101") "," GOOD("103"))), ONE_ROW("104") };
	struct crm_effect e[] = { of("101"), of("x"), of("102"), of("101"),
		of("103"), of("104"), of("105"), of(NULL) };
	struct put_result r[8];

	(void)state;
	e[6].fields = none;
	rig_open("batch_max = 2;", script, ARRAY_LEN(script));
	assert_int_equal(rig.crm.connector->effects_max, 2);
	assert_true(put(e, 8, r));
	assert_string_equal(rig_words(r, 8), "done rejected done done done "
	    "done unchanged rejected");
	assert_true(put(e, 0, r));
	rig_close(true);
}

/* ---- merged away ---------------------------------------------------------- */
#define ALONE(id) .target = "GET " OBJECTS "contacts/" id \
	"?properties=hs_object_id "

/* HS-13: the service takes the old id and answers as the survivor.  The old card's
 * fields end, else they were written over the survivor's each night: in the same
 * run nothing is sent for who is gone. */
static void
test_hs13_merged(void **state)
{
	static const struct sim_reply script[] = { NUMBER("nps_last_score"),
		UPDATES(ROWS(GOOD("900") "," GOOD("102"))),
		{ ALONE("101"), .body = "{\"id\":\"900\"}" },
		{ ALONE("103"), .status = 404, .body = FAULT("OBJECT_NOT_FOUND",
		    "no") },
		{ ALONE("104"), .body = "{\"id\":\"104\"}" },
		UPDATES(ROWS(GOOD("900"))), ONE_ROW("900"),
		{ ALONE("105"), .status = 404, .body = NOT_FOUND }, NO_LIST,
		UPDATES(ROWS(GOOD("900"))),
		{ ALONE("105"), .status = 404, .body = "<html>No" } };
	const struct crm_effect e[] = { of("101"), of("102"), of("103"),
		of("104") }, again[] = { of("101"), of("104"), of("103") },
		odd = of("105");
	struct put_result r[4];

	(void)state;
	rig_open("", script, ARRAY_LEN(script));
	assert_true(put(e, 4, r));
	assert_string_equal(rig_words(r, 4), "gone done gone unknown");
	assert_string_equal(r[0].reason, "it was merged into another contact");
	/* Once in a run. */
	assert_true(put(again, 3, r));
	assert_string_equal(rig_words(r, 3), "gone unknown gone");
	assert_string_equal(r[0].reason, "it was merged into another contact");
	assert_string_equal(r[2].reason, "it was deleted");
	rig_fails(put(&odd, 1, r), ERR_PROTOCOL, "list contacts: HTTP 404: "
	    "contacts are not served there: correct base_url or api_version");
	assert_string_equal(rig_words(r, 1), "unknown");
	rig_fails(put(&odd, 1, r), ERR_PROTOCOL, "HTTP 404");
	assert_string_equal(rig_words(r, 1), "unknown");
	rig_close(true);
}

/* Whose tag ended as gone has no fields to write. */
static void
test_fields_of_whom_the_tags_found_gone(void **state)
{
	static const struct sim_reply script[] = {
		GETS("npstoday_tags", TEXT), READS(ROWS(ROW("900", "null"))),
		{ ALONE("101"), .body = "{\"id\":\"900\"}" },
		/* Of the tag that is tried again, too. */
		GETS("npstoday_tags", TEXT), READS(ROWS(ROW("900", "null"))),
		NUMBER("nps_last_score"), ONE_ROW("102") };
	const struct crm_tag_write write = { .contact_id = "101", .value = "x" };
	const struct crm_effect e[] = { of("101"), of("102") };
	struct put_result r[2];

	(void)state;
	rig_open("", script, ARRAY_LEN(script));
	for (int i = 0; i < 2; i++) {
		assert_true(rig_tags(&write, 1, r));
		assert_string_equal(rig_words(r, 1), "gone");
		assert_string_equal(r[0].reason,
		    "it was merged into another contact");
	}
	assert_true(put(e, 2, r));
	assert_string_equal(rig_words(r, 2), "gone done");
	assert_string_equal(r[0].reason, "it was merged into another contact");
	rig_close(true);
}

/* ---- refusals ------------------------------------------------------------ */
/* HS-08, HS-16: one bad contact is found, the others are written. */
static void
test_hs08_bisection(void **state)
{
	static const struct sim_reply script[] = { NUMBER("nps_last_score"),
		REFUSED(400, "VALIDATION_ERROR", "nps_last_score of Hans"),
		UPDATES(ROWS(GOOD("101") "," GOOD("102"))),
		REFUSED(400, "VALIDATION_ERROR", "nps_last_score of Hans"),
		REFUSED(400, "VALIDATION_ERROR", "nps_last_score of Hans") };
	const struct crm_effect e[] = { of("101"), of("102"), of("103") };
	struct put_result r[3];

	(void)state;
	rig_open("", script, 4);
	assert_true(put(e, 3, r));
	assert_string_equal(rig_words(r, 3), "done done rejected");
	assert_string_equal(r[2].reason, "VALIDATION_ERROR, property "
	    "nps_last_score");
	rig_close(true);
}

/* HS-07, HS-08: by contact, and those that an error may mean again. */
static void
test_hs08_errors_by_contact(void **state)
{
	static const struct sim_reply script[] = { NUMBER("nps_last_score"),
		{ .target = UPDATE, .status = 207, .body = "{\"results\":["
		    GOOD("101") "],\"numErrors\":3,\"errors\":["
		    "{\"category\":\"OBJECT_NOT_FOUND\",\"context\":{\"ids\":"
		    "[\"102\"]}},{\"category\":\"VALIDATION_ERROR\"}]}" },
		ONE_ROW("103"), UPDATES("{\"results\":[],\"errors\":["
		    "{\"category\":\"VALIDATION_ERROR\"}]}") };
	const struct crm_effect e[] = { of("101"), of("102"), of("103"),
		of("104") };
	struct put_result r[4];

	(void)state;
	rig_open("", script, ARRAY_LEN(script));
	assert_true(put(e, 4, r));
	assert_string_equal(rig_words(r, 4), "done gone done rejected");
	rig_close(true);
}

/* What waiting mends is nobody's fault, alone or in a batch. */
static void
test_later(void **state)
{
	static const struct sim_reply script[] = { NUMBER("nps_last_score"),
		REFUSED(409, "CONFLICT", "x"),
		{ .target = UPDATE, .body = ROWS(GOOD("101")) } };
	const struct crm_effect e[] = { of("101"), of("102") };
	struct put_result r[2];

	(void)state;
	rig_open("", script, ARRAY_LEN(script));
	assert_true(put(e, 2, r));
	assert_string_equal(rig_words(r, 2), "again again");
	assert_true(put(e, 2, r));
	assert_string_equal(rig_words(r, 2), "done unknown");
	rig_close(true);
}

static void
test_too_large_is_halved(void **state)
{
	static const struct sim_reply script[] = { NUMBER("nps_last_score"),
		{ .target = UPDATE, .status = 413, .body = "<html>" },
		ONE_ROW("101"), ONE_ROW("102") };
	const struct crm_effect e[] = { of("101"), of("102") };
	struct put_result r[2];

	(void)state;
	rig_open("", script, ARRAY_LEN(script));
	assert_true(put(e, 2, r));
	assert_string_equal(rig_words(r, 2), "done done");
	rig_close(true);
}

/* ---- properties ---------------------------------------------------------- */
static void
test_property_cannot_be_written(void **state)
{
	static const struct { struct sim_reply reply; const char *words; }
	cases[] = {
		{ { .status = 404, .body = "{}" }, "writeback.fields: "
		    "nps_last_score cannot be written: contacts have no such "
		    "property; `npsync check` says what to do" },
		{ { .body = "{\"type\":\"number\",\"calculated\":true}" },
		    "HubSpot keeps it itself" } };
	const struct crm_effect e = of("101");
	struct put_result r;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		rig_open("", &cases[i].reply, 1);
		rig_fails(put(&e, 1, &r), ERR_CONFIG, cases[i].words);
		/* Once in a run. */
		rig_fails(put(&e, 1, &r), ERR_CONFIG, cases[i].words);
		rig_close(true);
	}
}

static void
test_name_that_is_none(void **state)
{
	static const char *const odd[][2] = { { "Last score?", "9" },
		{ NULL, NULL } };
	const struct crm_effect e = { .contact_id = "101", .fields = odd };
	struct put_result r;

	(void)state;
	rig_open("", NULL, 0);
	rig_fails(put(&e, 1, &r), ERR_CONFIG, "writeback.fields: "
	    "\"Last score?\" is no internal name of a property");
	rig_close(true);
}

static void
test_property_is_deleted(void **state)
{
	static const struct sim_reply script[] = { NUMBER("nps_last_score"),
		REFUSED(400, "VALIDATION_ERROR", "nps_last_score: "
		    "PROPERTY_DOESNT_EXIST") };
	const struct crm_effect e[] = { of("101"), of("102") };
	struct put_result r[2];

	(void)state;
	rig_open("", script, ARRAY_LEN(script));
	rig_fails(put(e, 2, r), ERR_CONFIG, "property nps_last_score, "
	    "PROPERTY_DOESNT_EXIST");
	assert_string_equal(rig_words(r, 2), "unknown unknown");
	rig_close(true);
}

/* Told of one contact, or with one alone in the call: it is nobody's refusal. */
static void
test_property_is_deleted_refuses_nobody(void **state)
{
	static const struct sim_reply alone[] = { NUMBER("nps_last_score"),
		REFUSED(400, "VALIDATION_ERROR", "nps_last_score: "
		    "PROPERTY_DOESNT_EXIST") };
	static const struct sim_reply of_one[] = { NUMBER("nps_last_score"),
		{ .target = UPDATE, .status = 207, .body = "{\"status\":"
		    "\"COMPLETE\",\"results\":[],\"numErrors\":1,\"errors\":[{"
		    "\"category\":\"VALIDATION_ERROR\",\"message\":"
		    "\"PROPERTY_DOESNT_EXIST\",\"context\":{\"ids\":[\"101\"]}}]}" } };
	const struct crm_effect e[] = { of("101"), of("102") };
	struct put_result r[2];

	(void)state;
	rig_open("", alone, ARRAY_LEN(alone));
	rig_fails(put(e, 1, r), ERR_CONFIG, "PROPERTY_DOESNT_EXIST");
	assert_string_equal(rig_words(r, 1), "unknown");
	rig_close(true);
	rig_open("", of_one, ARRAY_LEN(of_one));
	rig_fails(put(e, 2, r), ERR_CONFIG, "PROPERTY_DOESNT_EXIST");
	assert_string_equal(rig_words(r, 2), "unknown unknown");
	rig_close(true);
}

/* One that is gone may refuse the whole call by 404; the others are written. */
static void
test_a_batch_with_one_who_is_gone(void **state)
{
	static const struct sim_reply script[] = { NUMBER("nps_last_score"),
		REFUSED(404, "OBJECT_NOT_FOUND", "no"),
		REFUSED(404, "OBJECT_NOT_FOUND", "no"), ONE_ROW("102") };
	const struct crm_effect e[] = { of("101"), of("102") };
	struct put_result r[2];

	(void)state;
	rig_open("", script, ARRAY_LEN(script));
	assert_true(put(e, 2, r));
	assert_string_equal(rig_words(r, 2), "gone done");
	rig_close(true);
}

/* HS-07, HS-08: so it may without a category, where the list of contacts
 * answers behind each; who is gone is asked for alone. */
static void
test_a_batch_not_found_without_a_category(void **state)
{
	static const struct sim_reply script[] = { NUMBER("nps_last_score"),
		{ .target = UPDATE, .status = 404, .body = NOT_FOUND }, LIST,
		{ .target = UPDATE, .status = 404, .body = NOT_FOUND }, LIST,
		{ ALONE("101"), .status = 404, .body = NOT_FOUND }, LIST,
		ONE_ROW("102"),
		{ .target = UPDATE, .status = 404, .body = NOT_FOUND }, LIST,
		{ ALONE("103"), .body = "{\"id\":\"103\"}" } };
	const struct crm_effect e[] = { of("101"), of("102"), of("103") };
	struct put_result r[2];

	(void)state;
	rig_open("", script, ARRAY_LEN(script));
	assert_true(put(e, 2, r));
	assert_string_equal(rig_words(r, 2), "gone done");
	assert_string_equal(r[0].reason, "it was deleted");
	assert_true(put(e + 2, 1, r));
	assert_string_equal(rig_words(r, 1), "again");
	rig_close(true);
}

/* An update that is not served, while contacts are, is told in a few requests. */
static void
test_a_batch_that_is_not_served(void **state)
{
	static const struct sim_reply script[] = { NUMBER("nps_last_score"),
		{ .target = UPDATE, .status = 404, .body = NOT_FOUND }, LIST,
		{ .target = UPDATE, .status = 404, .body = NOT_FOUND }, LIST,
		{ .target = UPDATE, .status = 404, .body = NOT_FOUND }, LIST,
		{ ALONE("101"), .body = "{\"id\":\"101\"}" },
		{ .target = UPDATE, .status = 404, .body = NOT_FOUND },
		/* The next call. */
		{ .target = UPDATE, .status = 404, .body = NOT_FOUND } };
	const struct crm_effect e[] = { of("101"), of("102"), of("103") };
	struct put_result r[3];

	(void)state;
	rig_open("", script, ARRAY_LEN(script));
	for (int i = 0; i < 2; i++) {
		rig_fails(put(e, 3, r), ERR_CONFIG, "contacts/batch/update is "
		    "not served: HTTP 404");
		assert_string_equal(rig_words(r, 3), i == 0 ?
		    "again unknown unknown" : "unknown unknown unknown");
	}
	rig_close(true);
}

/* Who was asked for by the tags, before, need not be there now: his 404 says nothing
 * of the batch. */
static void
test_nothing_is_doubted_unasked(void **state)
{
	static const struct sim_reply script[] = { GETS("npstoday_tags", TEXT),
		READS(ROWS("")), { ALONE("101"), .body = "{\"id\":\"101\"}" },
		READS(ROWS("")), READS(ROWS("")), READS(ROWS("")),
		NUMBER("nps_last_score"),
		{ .target = UPDATE, .status = 404, .body = NOT_FOUND }, LIST,
		{ .target = UPDATE, .status = 404, .body = NOT_FOUND }, LIST,
		{ ALONE("102"), .status = 404, .body = NOT_FOUND }, LIST };
	const struct crm_tag_write tag = { .contact_id = "101",
		.value = "A" };
	const struct crm_effect e[] = { of("101"), of("102") };
	struct put_result r;

	(void)state;
	rig_open("", script, ARRAY_LEN(script));
	(void)rig_tags(&tag, 1, &r);
	assert_true(put(e, 1, &r));
	assert_string_equal(rig_words(&r, 1), "again");
	assert_true(put(e + 1, 1, &r));
	assert_string_equal(rig_words(&r, 1), "gone");
	rig_close(true);
}

/* A proxy's page, or a path that is wrong, is no refusal of a contact. */
static void
test_a_refusal_without_a_category_refuses_nobody(void **state)
{
	static const struct { int status; const char *body, *words; } all[] = {
		{ 400, "<html>Bad", "update contacts" },
		{ 400, "{}", "update contacts" },
		{ 422, "[]", "update contacts" },
		{ 404, "<html>No", "HTTP 404" },
		{ 404, NOT_FOUND, "list contacts: HTTP 404" } };
	const struct crm_effect e[] = { of("101"), of("102") };
	struct put_result r[2];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		const struct sim_reply script[] = { NUMBER("nps_last_score"),
			{ .target = UPDATE, .status = all[i].status,
			    .body = all[i].body }, NO_LIST };
		rig_open("", script, strcmp(all[i].body, NOT_FOUND) == 0 ? 3 :
		    2);
		rig_fails(put(e, 2, r), ERR_PROTOCOL, all[i].words);
		assert_string_equal(rig_words(r, 2), "unknown unknown");
		rig_close(true);
	}
}

/* ---- faults -------------------------------------------------------------- */
/* HS-09: DAILY is one request, and none after it. */
static void
test_hs09_daily(void **state)
{
	static const struct sim_reply script[] = { NUMBER("nps_last_score"),
		{ .target = UPDATE, .status = 429, .body = "{\"errorType\":"
		    "\"RATE_LIMIT\",\"policyName\":\"DAILY\"}" } };
	const struct crm_effect e[] = { of("101"), of("102") };
	struct put_result r[2];

	(void)state;
	rig_open("", script, ARRAY_LEN(script));
	rig_fails(put(e, 2, r), ERR_THROTTLED, "the day's calls");
	assert_string_equal(rig_words(r, 2), "unknown unknown");
	assert_false(put(e, 2, r));
	rig_close(true);
}

/* HS-10: one request; a missing scope is named. */
static void
test_hs10_refused(void **state)
{
	static const struct { int status; const char *words; } cases[] = {
		{ 401, "the token is not taken" },
		{ 530, "the token is not taken" },
		{ 403, "give its key the scope "
		    "crm.objects.contacts.write" } };
	const struct crm_effect e = of("101");
	struct put_result r;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const struct sim_reply script[] = { NUMBER("nps_last_score"),
			{ .target = UPDATE, .status = cases[i].status,
			    .body = FAULT("MISSING_SCOPES",
			        "crm.objects.contacts.write.") } };
		rig_open("retries = 4;", script, ARRAY_LEN(script));
		rig_fails(put(&e, 1, &r), ERR_AUTH, cases[i].words);
		rig_close(true);
	}
}

/* It says the same again: the second one is no other value. */
static void
test_cut_after_sending(void **state)
{
	static const struct sim_reply script[] = { NUMBER("nps_last_score"),
		{ .target = UPDATE, .mode = SIM_CLOSE },
		{ .target = UPDATE, .status = 502, .body = "<html>" },
		ONE_ROW("101") };
	const struct crm_effect e = of("101");
	struct put_result r;

	(void)state;
	rig_open("retries = 3; backoff_max_s = 1.0;", script,
	    ARRAY_LEN(script));
	assert_true(put(&e, 1, &r));
	assert_string_equal(rig_words(&r, 1), "done");
	assert_string_equal(simhttpd_body(rig.sim, 1),
	    simhttpd_body(rig.sim, 3));
	rig_close(true);
}

static void
test_good_answer_that_is_none(void **state)
{
	static const char *const odd[] = { "<html>", "[]", "\"x\"" };
	const struct crm_effect e = of("101");
	struct put_result r;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(odd); i++) {
		const struct sim_reply script[] = { NUMBER("nps_last_score"),
			UPDATES(odd[i]) };
		rig_open("", script, ARRAY_LEN(script));
		assert_int_equal(put(&e, 1, &r), i > 0);
		assert_string_equal(rig_words(&r, 1), "unknown");
		rig_close(true);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_exact_bytes),
		cmocka_unit_test(test_days_as_epoch),
		cmocka_unit_test(test_what_goes_in_a_call),
		cmocka_unit_test(test_hs13_merged),
		cmocka_unit_test(test_fields_of_whom_the_tags_found_gone),
		cmocka_unit_test(test_hs08_bisection),
		cmocka_unit_test(test_hs08_errors_by_contact),
		cmocka_unit_test(test_later),
		cmocka_unit_test(test_too_large_is_halved),
		cmocka_unit_test(test_property_cannot_be_written),
		cmocka_unit_test(test_name_that_is_none),
		cmocka_unit_test(test_property_is_deleted),
		cmocka_unit_test(test_property_is_deleted_refuses_nobody),
		cmocka_unit_test(test_a_batch_with_one_who_is_gone),
		cmocka_unit_test(test_a_batch_not_found_without_a_category),
		cmocka_unit_test(
		    test_a_refusal_without_a_category_refuses_nobody),
		cmocka_unit_test(test_a_batch_that_is_not_served),
		cmocka_unit_test(test_nothing_is_doubted_unasked),
		cmocka_unit_test(test_hs09_daily),
		cmocka_unit_test(test_hs10_refused),
		cmocka_unit_test(test_cut_after_sending),
		cmocka_unit_test(test_good_answer_that_is_none) };

	return cmocka_run_group_tests(tests, tmpdir_make, tmpdir_remove);
}
