/*
 * What HubSpot is sent when the tags of contacts are written, byte for byte,
 * and what becomes of it (pitfalls HS-08 to HS-12, HS-15, HS-16).
 */
#include "hubspot/writerig.h"

#define MEET "NPSToday.M\xc3\xb8" "de."
#define TAG GETS("npstoday_tags", TEXT)
#define CHOICES "tag_type = \"enumeration\";"
#define CHOICE(value) "{\"label\":\"" value "\",\"value\":\"" value "\"," \
	"\"hidden\":false,\"displayOrder\":0}"
#define OFFERS(options) GETS("npstoday_tags", "{\"type\":\"enumeration\"," \
	"\"fieldType\":\"checkbox\",\"options\":[" options "]}")
#define PATCHES { .target = "PATCH " PROPERTIES "/npstoday_tags ", \
	.body = "{\"name\":\"npstoday_tags\"}" }
#define ERRORS(rows, errors) "{\"status\":\"COMPLETE\",\"results\":[" rows \
	"],\"numErrors\":1,\"errors\":[" errors "]}"
#define ERROR(category, id) "{\"status\":\"error\",\"category\":\"" category \
	"\",\"message\":\"npstoday_tags of Hans\",\"context\":{\"ids\":[\"" id \
	"\"]}}"
#define BATCH_REFUSED { .target = UPDATE, .status = 400, \
	.body = FAULT("VALIDATION_ERROR", "npstoday_tags: INVALID_OPTION") }

#define ALONE(id) .target = "GET " OBJECTS "contacts/" id \
	"?properties=hs_object_id "

static struct crm_tag_write
meet(const char *id, const char *value)
{
	return (struct crm_tag_write){ .contact_id = id, .prefix = MEET,
		.value = value };
}

/* HS-12: replaced in place, the rest kept, no blanks, no ";" in front. */
static void
test_hs12_exact_bytes(void **state)
{
	static const struct sim_reply script[] = { TAG,
		READS(ROWS(ROW("102", "null") "," ROW("101",
		    "\";VIP; " MEET "3;; Other \\n" MEET "2.9\""))),
		UPDATES(ROWS(GOOD("101") "," GOOD("102"))) };
	const struct crm_tag_write writes[] = { meet("101", MEET "9"),
		meet("102", MEET "7") };
	struct put_result r[2];

	(void)state;
	rig_open("", script, ARRAY_LEN(script));
	assert_true(rig_tags(writes, 2, r));
	assert_string_equal(rig_words(r, 2), "done done");
	assert_non_null(strstr(simhttpd_request(rig.sim, 1),
	    "\r\nAuthorization: Bearer pat-eu1-s3cret\r\n"));
	assert_non_null(strstr(simhttpd_request(rig.sim, 1),
	    "\r\nContent-Type: application/json\r\n"));
	assert_string_equal(simhttpd_body(rig.sim, 1), "{\"inputs\":[{\"id\":"
	    "\"101\"},{\"id\":\"102\"}],\"properties\":[\"npstoday_tags\"]}");
	assert_string_equal(simhttpd_body(rig.sim, 2), "{\"inputs\":[{\"id\":"
	    "\"101\",\"properties\":{\"npstoday_tags\":\"VIP;Other;" MEET "2.9;"
	    MEET "9\"}},{\"id\":\"102\",\"properties\":{\"npstoday_tags\":\""
	    MEET "7\"}}]}");
	rig_close(true);
}

/* Nothing is sent for what is there already; a value that goes is "". */
static void
test_nothing_to_write(void **state)
{
	static const struct sim_reply script[] = { TAG,
		READS(ROWS(ROW("101", "\"A;" MEET "9\"") "," ROW("102",
		    "\"" MEET "9\""))), UPDATES(ROWS(GOOD("102"))), TAG,
		READS(ROWS(ROW("101", "\"" MEET "9\""))) };
	struct crm_tag_write writes[] = { meet("101", MEET "9"),
		meet("102", NULL), meet("x1", MEET "9") };
	struct put_result r[3];

	(void)state;
	rig_open("", script, ARRAY_LEN(script));
	assert_true(rig_tags(writes, 3, r));
	assert_string_equal(rig_words(r, 3), "unchanged done rejected");
	assert_null(strstr(simhttpd_body(rig.sim, 1), "x1"));
	assert_string_equal(simhttpd_body(rig.sim, 2), "{\"inputs\":[{\"id\":"
	    "\"102\",\"properties\":{\"npstoday_tags\":\"\"}}]}");
	assert_true(rig_tags(writes, 1, r));
	assert_string_equal(rig_words(r, 1), "unchanged");
	rig_close(true);
}

/* A tag with ";" would become two, and one with ";" in front be appended. */
static void
test_tags_that_cannot_stand_there(void **state)
{
	static const char *const odd[] = { ";NPSToday.x.9", "a;b", "a\nb", " a",
		"a " };
	static const struct sim_reply script[] = { TAG,
		READS(ROWS(ROW("101", "\"A\""))), TAG,
		READS(ROWS(ROW("101", "\"A\""))), TAG,
		READS(ROWS(ROW("101", "\"A\""))), TAG,
		READS(ROWS(ROW("101", "\"A\""))), TAG,
		READS(ROWS(ROW("101", "\"A\""))) };
	struct put_result r;

	(void)state;
	rig_open("", script, ARRAY_LEN(script));
	for (size_t i = 0; i < ARRAY_LEN(odd); i++) {
		const struct crm_tag_write write = meet("101", odd[i]);
		assert_true(rig_tags(&write, 1, &r));
		assert_string_equal(rig_words(&r, 1), "rejected");
	}
	rig_close(true);
}

/* ---- what is read of whom ------------------------------------------------ */
/* Gone by what is said of it, never by an answer that only lacks it: that one is
 * asked for alone, once in a run. */
static void
test_absent(void **state)
{
	static const struct sim_reply lacks = READS(ROWS(""));
	const struct sim_reply script[] = { TAG,
		{ .target = READ, .status = 207, .body = ERRORS(
		    "{\"id\":\"103\",\"properties\":{\"npstoday_tags\":null},"
		    "\"archived\":true}", ERROR("OBJECT_NOT_FOUND", "101") ","
		    ERROR("STRANGE", "104")) },
		{ ALONE("102"), .body = ROW("102", "null") }, lacks,
		{ ALONE("104"), .body = ROW("104", "null") }, lacks, lacks };
	const struct crm_tag_write writes[] = { meet("101", MEET "9"),
		meet("102", MEET "9"), meet("103", MEET "9"),
		meet("104", MEET "9") };
	struct put_result r[4];

	(void)state;
	rig_open("", script, ARRAY_LEN(script));
	assert_true(rig_tags(writes, 4, r));
	assert_string_equal(rig_words(r, 4), "gone again gone again");
	assert_string_equal(r[0].reason, "it cannot be read: OBJECT_NOT_FOUND, "
	    "property npstoday_tags");
	rig_close(true);
}

/* HS-13: an id that answers as another one ends, behind all others of its call,
 * and nothing is written to the survivor. */
static void
test_hs13_merged_before_the_reading(void **state)
{
	static const struct sim_reply script[] = { TAG,
		READS(ROWS(ROW("900", "\"A\"") "," ROW("102", "null"))),
		UPDATES(ROWS(GOOD("102"))),
		{ ALONE("104"), .body = "{\"id\":\"104\",\"archived\":true}" },
		{ ALONE("103"), .status = 404, .body = FAULT("OBJECT_NOT_FOUND",
		    "no") },
		{ ALONE("101"), .body = "{\"id\":900,\"archived\":false}" } };
	const struct crm_tag_write writes[] = { meet("101", MEET "9"),
		meet("102", MEET "9"), meet("103", MEET "9"),
		meet("104", MEET "9") };
	struct put_result r[4];

	(void)state;
	rig_open("", script, ARRAY_LEN(script));
	assert_true(rig_tags(writes, 4, r));
	assert_string_equal(rig_words(r, 4), "gone done gone gone");
	assert_string_equal(r[0].reason, "it was merged into another contact");
	assert_string_equal(r[2].reason, "it was deleted");
	assert_string_equal(r[3].reason, "it was deleted");
	assert_null(strstr(simhttpd_body(rig.sim, 2), "900"));
	rig_close(true);
}

/* HS-13: between the reading and the writing; the answer has another id. */
static void
test_hs13_merged_before_the_writing(void **state)
{
	static const struct sim_reply script[] = { TAG,
		READS(ROWS(ROW("101", "\"A\""))), UPDATES(ROWS(GOOD("900"))),
		READS(ROWS(ROW("900", "\"A;" MEET "9\""))),
		{ ALONE("101"), .body = "{\"id\":\"900\"}" } };
	const struct crm_tag_write write = meet("101", MEET "9");
	struct put_result r;

	(void)state;
	rig_open("", script, ARRAY_LEN(script));
	assert_true(rig_tags(&write, 1, &r));
	assert_string_equal(rig_words(&r, 1), "gone");
	rig_close(true);
}

/* An answer to the one alone that says nothing ends nobody's tag. */
static void
test_absent_and_an_odd_answer(void **state)
{
	static const struct { int status; const char *body, *words; } all[] = {
		{ 404, NOT_FOUND, "list contacts: HTTP 404: contacts are not "
		    "served there: correct base_url or api_version" },
		{ 404, "<html>No", "read a contact alone: HTTP 404" },
		{ 404, "{}", "read a contact alone: HTTP 404" },
		{ 200, "{}", "expected its \"id\"" },
		{ 200, "[]", "expected its \"id\"" },
		{ 200, "{\"id\":\"../9\"}", "expected its \"id\"" } };
	const struct crm_tag_write write = meet("101", MEET "9");
	struct put_result r;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		const struct sim_reply script[] = { TAG, READS(ROWS("")),
			{ ALONE("101"), .status = all[i].status,
			    .body = all[i].body }, NO_LIST };
		rig_open("", script, i == 0 ? 4 : 3);
		rig_fails(rig_tags(&write, 1, &r), ERR_PROTOCOL, all[i].words);
		assert_string_equal(rig_words(&r, 1), "again");
		rig_close(true);
	}
}

/* Without the value nothing is written: it would lose everybody's tags. */
static void
test_value_is_missing(void **state)
{
	static const char *const odd[] = { ROWS(GOOD("101")),
		ROWS(ROW("101", "[\"A\"]")), ROWS(ROW("101", "7")),
		"{\"results\":[{\"id\":\"101\"}]}" };
	const struct crm_tag_write write = meet("101", MEET "9");
	struct put_result r;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(odd); i++) {
		const struct sim_reply script[] = { TAG, READS(odd[i]) };
		rig_open("", script, ARRAY_LEN(script));
		rig_fails(rig_tags(&write, 1, &r), ERR_PROTOCOL,
		    "expected the text npstoday_tags in each contact");
		rig_close(true);
	}
}

/* ---- parts of a call ----------------------------------------------------- */
#define FOUR READS(ROWS(ROW("101", "\"A\"") "," ROW("102", "\"B\"") "," \
	ROW("103", "\"C\"") "," ROW("104", "\"D\"")))
#define TWO(a, b) READS(ROWS(ROW(a, "null") "," ROW(b, "null")))
#define ONE(a) READS(ROWS(ROW(a, "null")))

static const struct crm_tag_write four[] = {
	{ .contact_id = "101", .value = "x" },
	{ .contact_id = "102", .value = "x" },
	{ .contact_id = "103", .value = "x" },
	{ .contact_id = "104", .value = "x" } };

/* HS-08, HS-16: 400 for one bad of four isolates it, each part read anew. */
static void
test_hs08_bisection(void **state)
{
	static const struct sim_reply script[] = { TAG, FOUR, BATCH_REFUSED,
		TWO("101", "102"), UPDATES(ROWS(GOOD("101") "," GOOD("102"))),
		TWO("103", "104"), BATCH_REFUSED,
		ONE("103"), BATCH_REFUSED,
		ONE("104"), UPDATES(ROWS(GOOD("104"))) };
	struct put_result r[4];

	(void)state;
	rig_open("", script, ARRAY_LEN(script));
	assert_true(rig_tags(four, 4, r));
	assert_string_equal(rig_words(r, 4), "done done rejected done");
	assert_string_equal(r[2].reason, "VALIDATION_ERROR, property "
	    "npstoday_tags, INVALID_OPTION");
	assert_string_equal(simhttpd_body(rig.sim, 4), "{\"inputs\":[{\"id\":"
	    "\"101\",\"properties\":{\"npstoday_tags\":\"x\"}},{\"id\":\"102\","
	    "\"properties\":{\"npstoday_tags\":\"x\"}}]}");
	rig_close(true);
}

/* One that is gone may refuse the whole call by 404, when it is read and when
 * it is written; the others get their tags. */
static void
test_a_batch_with_one_who_is_gone(void **state)
{
	static const struct sim_reply script[] = { TAG,
		{ .target = READ, .status = 404, .body = FAULT(
		    "OBJECT_NOT_FOUND", "no") },
		{ .target = READ, .status = 404, .body = FAULT(
		    "OBJECT_NOT_FOUND", "no") },
		ONE("102"), { .target = UPDATE, .status = 404, .body = FAULT(
		    "OBJECT_NOT_FOUND", "no") }, TAG, TWO("101", "102"),
		{ .target = UPDATE, .status = 404, .body = FAULT(
		    "OBJECT_NOT_FOUND", "no") },
		ONE("101"), { .target = UPDATE, .status = 404, .body = FAULT(
		    "OBJECT_NOT_FOUND", "no") },
		ONE("102"), UPDATES(ROWS(GOOD("102"))) };
	struct put_result r[2];

	(void)state;
	rig_open("", script, ARRAY_LEN(script));
	assert_true(rig_tags(four, 2, r));
	assert_string_equal(rig_words(r, 2), "gone gone");
	assert_true(rig_tags(four, 2, r));
	assert_string_equal(rig_words(r, 2), "gone done");
	rig_close(true);
}

/* HS-07, HS-08: 404 without a category is of a contact where the list of them
 * answers behind it: one fails, the others do not. */
static void
test_not_found_without_a_category(void **state)
{
	static const struct sim_reply script[] = { TAG,
		/* Alone. */
		READS(ROWS(ROW("102", "null"))), UPDATES(ROWS(GOOD("102"))),
		{ ALONE("101"), .status = 404, .body = NOT_FOUND }, LIST,
		/* A whole reading, a whole writing. */
		TAG, { .target = READ, .status = 404, .body = NOT_FOUND }, LIST,
		{ .target = READ, .status = 404, .body = NOT_FOUND }, LIST,
		{ ALONE("103"), .status = 404, .body = NOT_FOUND }, LIST,
		ONE("104"), { .target = UPDATE, .status = 404,
		    .body = NOT_FOUND }, LIST,
		{ ALONE("104"), .body = "{\"id\":\"104\"}" },
		/* It is there: tried again. */
		ONE("104"), UPDATES(ROWS(GOOD("104"))) };
	struct put_result r[2];

	(void)state;
	rig_open("", script, ARRAY_LEN(script));
	assert_true(rig_tags(four, 2, r));
	assert_string_equal(rig_words(r, 2), "gone done");
	assert_string_equal(r[0].reason, "it was deleted");
	assert_true(rig_tags(four + 2, 2, r));
	assert_string_equal(rig_words(r, 2), "gone done");
	rig_close(true);
}

/* The first 404 of the run is of a batch. */
static void
test_a_batch_not_found_without_a_category(void **state)
{
	static const struct sim_reply script[] = { TAG,
		{ .target = READ, .status = 404, .body = NOT_FOUND }, LIST,
		{ .target = READ, .status = 404, .body = NOT_FOUND }, LIST,
		{ ALONE("101"), .status = 404, .body = NOT_FOUND }, LIST,
		ONE("102"), UPDATES(ROWS(GOOD("102"))) };
	struct put_result r[2];

	(void)state;
	rig_open("", script, ARRAY_LEN(script));
	assert_true(rig_tags(four, 2, r));
	assert_string_equal(rig_words(r, 2), "gone done");
	rig_close(true);
}

/* A batch path that answers 404 while contacts are served is no fault of theirs: told
 * after one of them was asked for alone, in a few requests, and no call is halved
 * any more.  404 for one whom a path that is served does not find is his own. */
static void
test_a_batch_that_is_not_served(void **state)
{
#define NOBODY(path) { .target = path, .status = 404, .body = NOT_FOUND }, LIST
	static const struct sim_reply reads[] = { TAG,
		NOBODY(READ), NOBODY(READ), NOBODY(READ),
		{ ALONE("101"), .body = "{\"id\":\"101\"}" },
		{ .target = READ, .status = 404, .body = NOT_FOUND } };
	static const struct sim_reply writes[] = { TAG,
		FOUR, NOBODY(UPDATE), TWO("101", "102"), NOBODY(UPDATE),
		ONE("101"), NOBODY(UPDATE),
		{ ALONE("101"), .body = "{\"id\":\"101\"}" },
		ONE("102"), { .target = UPDATE, .status = 404,
		    .body = NOT_FOUND } };
	static const struct sim_reply served[] = { TAG,
		NOBODY(READ), NOBODY(READ),
		{ ALONE("101"), .body = "{\"id\":\"101\"}" },
		ONE("102"), UPDATES(ROWS(GOOD("102"))),
		NOBODY(READ), ONE("101"), UPDATES(ROWS(GOOD("101"))) };
	struct put_result r[4];

	(void)state;
	rig_open("", reads, ARRAY_LEN(reads));
	rig_fails(rig_tags(four, 4, r), ERR_CONFIG, "contacts/batch/read is not "
	    "served: HTTP 404, for contacts that are there: correct api_version");
	assert_string_equal(rig_words(r, 4), "again again again again");
	rig_close(true);
	rig_open("", writes, ARRAY_LEN(writes));
	rig_fails(rig_tags(four, 4, r), ERR_CONFIG, "contacts/batch/update is "
	    "not served");
	assert_string_equal(rig_words(r, 4), "again again again again");
	rig_close(true);
	rig_open("", served, ARRAY_LEN(served));
	assert_true(rig_tags(four, 2, r));
	assert_string_equal(rig_words(r, 2), "done done");
	rig_close(true);
}

/* What was served when one was asked for alone need not be when the next is: by
 * a gateway's 404, or HubSpot's own of everything, no tag ends. */
static void
test_a_404_after_one_that_was_proven(void **state)
{
	static const struct { const char *body, *words; } all[] = {
		{ "<html>No", "read a contact alone: HTTP 404" },
		{ NOT_FOUND, "list contacts: HTTP 404" } };
	struct put_result r[2];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		const struct sim_reply script[] = { TAG, READS(ROWS("")),
			{ ALONE("102"), .status = 404, .body = NOT_FOUND }, LIST,
			{ ALONE("101"), .status = 404, .body = all[i].body },
			NO_LIST, READS(ROWS("")),
			{ ALONE("101"), .status = 404, .body = all[i].body },
			NO_LIST, READS(ROWS("")) };
		struct sim_reply gateway[] = { script[0], script[1], script[2],
			script[3], script[4], script[6], script[7], script[9] };
		rig_open("", i == 0 ? gateway : script, i == 0 ?
		    ARRAY_LEN(gateway) : ARRAY_LEN(script));
		(void)rig_tags(four, 2, r);
		assert_string_equal(rig_words(r, 2), "again gone");
		assert_non_null(strstr(r[0].reason, all[i].words));
		rig_close(true);
	}
}

/* The token of another portal, which has no contact: nobody's tag ends. */
static void
test_an_empty_portal(void **state)
{
	static const struct sim_reply script[] = { TAG, READS(ROWS("")),
		{ ALONE("101"), .status = 404, .body = NOT_FOUND },
		EMPTY_LIST };
	const struct crm_tag_write write = meet("101", MEET "9");
	struct put_result r;

	(void)state;
	rig_open("", script, ARRAY_LEN(script));
	rig_fails(rig_tags(&write, 1, &r), ERR_PROTOCOL, "list contacts: the "
	    "portal shows no contact: is it the right token?");
	assert_string_equal(rig_words(&r, 1), "again");
	rig_close(true);
}

/* A proxy's 413 does not show that a batch is served; what was served a while ago
 * is not, once one who is there alone meets a 404. */
static void
test_a_batch_that_is_served_no_more(void **state)
{
	static const struct sim_reply proxy[] = { TAG,
		FOUR, NOBODY(UPDATE), TWO("101", "102"), NOBODY(UPDATE),
		ONE("101"), NOBODY(UPDATE),
		{ ALONE("101"), .body = "{\"id\":\"101\"}" },
		ONE("102"), { .target = UPDATE, .status = 413,
		    .body = "<html>" },
		TWO("103", "104"), { .target = UPDATE, .status = 404,
		    .body = NOT_FOUND } };
	static const struct sim_reply moved[] = { TAG,
		ONE("104"), UPDATES(ROWS(GOOD("104"))), TAG,
		NOBODY(READ), NOBODY(READ),
		{ ALONE("101"), .body = "{\"id\":\"101\"}" },
		{ .target = READ, .status = 404, .body = NOT_FOUND } };
	struct put_result r[4];

	(void)state;
	rig_open("", proxy, ARRAY_LEN(proxy));
	rig_fails(rig_tags(four, 4, r), ERR_CONFIG, "contacts/batch/update is "
	    "not served");
	rig_close(true);
	rig_open("", moved, ARRAY_LEN(moved));
	assert_true(rig_tags(four + 3, 1, r));
	rig_fails(rig_tags(four, 2, r), ERR_CONFIG, "contacts/batch/read is not "
	    "served");
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
		{ 404, "<html>No", "update contacts" },
		{ 404, NOT_FOUND, "list contacts: HTTP 404" } };
	struct put_result r[4];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		const struct sim_reply bad = { .target = UPDATE,
			.status = all[i].status, .body = all[i].body };
		const struct sim_reply script[] = { TAG, FOUR, bad, FOUR, bad,
			FOUR, bad, FOUR, bad, FOUR, bad };
		const struct sim_reply missing[] = { TAG, FOUR, bad, NO_LIST,
			FOUR, bad, NO_LIST, FOUR, bad, NO_LIST, FOUR, bad,
			NO_LIST, FOUR, bad, NO_LIST };
		const bool own = strcmp(all[i].body, NOT_FOUND) == 0;
		rig_open("", own ? missing : script, own ? ARRAY_LEN(missing) :
		    ARRAY_LEN(script));
		rig_fails(rig_tags(four, 4, r), ERR_PROTOCOL, all[i].words);
		assert_string_equal(rig_words(r, 4),
		    "again again again again");
		rig_close(true);
	}
}

static void
test_without_bisection(void **state)
{
	static const struct sim_reply script[] = { TAG, FOUR, BATCH_REFUSED,
		ONE("101"), UPDATES(ROWS(GOOD("101"))), ONE("102"),
		BATCH_REFUSED, ONE("103"), UPDATES(ROWS(GOOD("103"))),
		ONE("104"), UPDATES(ROWS(GOOD("104"))) };
	struct put_result r[4];

	(void)state;
	rig_open("bisect_on_400 = false;", script, ARRAY_LEN(script));
	assert_true(rig_tags(four, 4, r));
	assert_string_equal(rig_words(r, 4), "done rejected done done");
	rig_close(true);
}

/* HS-07, HS-08: 207, and 200 with errors; only what failed goes again. */
static void
test_hs08_errors_by_contact(void **state)
{
	static const struct sim_reply script[] = { TAG, FOUR,
		{ .target = UPDATE, .status = 207, .body = ERRORS(GOOD("101"),
		    ERROR("VALIDATION_ERROR", "102") "," ERROR("RATE_LIMITS",
		    "103") "," ERROR("OBJECT_NOT_FOUND", "104")) },
		ONE("103"), { .target = UPDATE, .body = ERRORS("", ERROR(
		    "MISSING_SCOPES", "103")) } };
	struct put_result r[4];

	(void)state;
	rig_open("", script, ARRAY_LEN(script));
	assert_true(rig_tags(four, 4, r));
	assert_string_equal(rig_words(r, 4), "done rejected denied gone");
	assert_string_equal(r[1].reason,
	    "VALIDATION_ERROR, property npstoday_tags");
	rig_close(true);
}

/* An error that names nobody: those of which nothing is said, in parts. */
static void
test_error_that_names_nobody(void **state)
{
	static const struct sim_reply script[] = { TAG, FOUR,
		UPDATES(ERRORS(GOOD("102"), "{\"category\":"
		    "\"VALIDATION_ERROR\"}")),
		TWO("101", "103"), UPDATES(ROWS(GOOD("101") "," GOOD("103"))),
		ONE("104"), UPDATES(ERRORS("", "{\"category\":"
		    "\"VALIDATION_ERROR\"}")) };
	struct put_result r[4];

	(void)state;
	rig_open("", script, ARRAY_LEN(script));
	assert_true(rig_tags(four, 4, r));
	assert_string_equal(rig_words(r, 4), "done done done rejected");
	rig_close(true);
}

/* One that the answer does not name is read again: it stands there. */
static void
test_answer_that_says_nothing(void **state)
{
	static const struct sim_reply script[] = { TAG, FOUR,
		UPDATES(ROWS(GOOD("101") "," GOOD("102") "," GOOD("103"))),
		READS(ROWS(ROW("104", "\"D;x\""))) };
	struct put_result r[4];

	(void)state;
	rig_open("", script, ARRAY_LEN(script));
	assert_true(rig_tags(four, 4, r));
	assert_string_equal(rig_words(r, 4), "done done done unchanged");
	rig_close(true);
}

static void
test_batch_max(void **state)
{
	static const struct sim_reply script[] = { TAG, { .target = READ,
		.repeat = 1, .body = ROWS(ROW("101", "\"x\"") "," ROW("102",
		    "\"x\"") "," ROW("103", "\"x\"") "," ROW("104",
		    "\"x\"")) } };
	struct put_result r[4];

	(void)state;
	rig_open("batch_max = 2;", script, ARRAY_LEN(script));
	assert_int_equal(rig.crm.connector->tags_max, 2);
	assert_true(rig_tags(four, 4, r));
	assert_string_equal(rig_words(r, 4),
	    "unchanged unchanged unchanged unchanged");
	/* In any order: they go side by side. */
	const char *first = simhttpd_body(rig.sim, 1);
	assert_true((strstr(first, "[{\"id\":\"101\"},{\"id\":\"102\"}]") !=
	    NULL) != (strstr(first, "[{\"id\":\"103\"},{\"id\":\"104\"}]") !=
	    NULL));
	rig_close(true);
}

/* ---- choices ------------------------------------------------------------- */
/* HS-11: added before the write, the others kept. */
static void
test_hs11_choice_is_added_first(void **state)
{
	static const struct sim_reply script[] = { OFFERS(CHOICE("Zulu")),
		PATCHES, READS(ROWS(ROW("101", "\"Zulu\""))),
		UPDATES(ROWS(GOOD("101"))) };
	const struct crm_tag_write write = meet("101", MEET "9");
	struct put_result r;

	(void)state;
	rig_open(CHOICES, script, ARRAY_LEN(script));
	assert_true(rig_tags(&write, 1, &r));
	assert_string_equal(rig_words(&r, 1), "done");
	assert_string_equal(simhttpd_body(rig.sim, 1), "{\"options\":["
	    CHOICE("Zulu") ",{\"label\":\"" MEET "9\",\"value\":\"" MEET "9\","
	    "\"hidden\":false,\"displayOrder\":1}]}");
	assert_string_equal(simhttpd_body(rig.sim, 3), "{\"inputs\":[{\"id\":"
	    "\"101\",\"properties\":{\"npstoday_tags\":\"Zulu;" MEET "9\"}}]}");
	rig_close(true);
}

#define HIDDEN(value) "{\"label\":\"" value "\",\"value\":\"" value "\"," \
	"\"hidden\":true,\"displayOrder\":-1}"

/* HS-11: a hidden choice is one: it is written, and neither added again, which
 * the service would refuse, nor shown, for somebody hid it. */
static void
test_hs11_hidden_choice(void **state)
{
	static const struct sim_reply script[] = { OFFERS(HIDDEN(MEET "9")),
		READS(ROWS(ROW("101", "\"\""))), UPDATES(ROWS(GOOD("101"))),
		OFFERS(HIDDEN("Old") "," HIDDEN(MEET "9")), PATCHES,
		READS(ROWS(ROW("101", "\"Old\"") "," ROW("102", "null"))),
		UPDATES(ROWS(GOOD("101") "," GOOD("102"))) };
	const struct crm_tag_write writes[] = { meet("101", MEET "9"),
		meet("102", MEET "8") };
	struct put_result r[2];

	(void)state;
	rig_open(CHOICES, script, ARRAY_LEN(script));
	assert_true(rig_tags(writes, 1, r));
	assert_string_equal(rig_words(r, 1), "done");
	assert_true(rig_tags(writes, 2, r));
	assert_string_equal(rig_words(r, 2), "done done");
	assert_string_equal(simhttpd_body(rig.sim, 4), "{\"options\":["
	    HIDDEN("Old") "," HIDDEN(MEET "9") ",{\"label\":\"" MEET "8\","
	    "\"value\":\"" MEET "8\",\"hidden\":false,\"displayOrder\":0}]}");
	assert_string_equal(simhttpd_body(rig.sim, 6), "{\"inputs\":[{\"id\":"
	    "\"101\",\"properties\":{\"npstoday_tags\":\"Old;" MEET "9\"}},"
	    "{\"id\":\"102\",\"properties\":{\"npstoday_tags\":\"" MEET
	    "8\"}}]}");
	rig_close(true);
}

static void
test_choice_is_there(void **state)
{
	static const struct sim_reply script[] = { OFFERS(CHOICE(MEET "9")),
		READS(ROWS(ROW("101", "\"\""))), UPDATES(ROWS(GOOD("101"))) };
	const struct crm_tag_write write = meet("101", MEET "9");
	struct put_result r;

	(void)state;
	rig_open(CHOICES, script, ARRAY_LEN(script));
	assert_true(rig_tags(&write, 1, &r));
	assert_string_equal(rig_words(&r, 1), "done");
	rig_close(true);
}

/* A choice that is not known everywhere yet is no refusal; an old one is. */
static void
test_choice_is_late(void **state)
{
	static const struct sim_reply script[] = { OFFERS(CHOICE("B")), PATCHES,
		TWO("101", "102"), { .target = UPDATE, .status = 207, .body =
		    ERRORS("", ERROR("VALIDATION_ERROR", "101") "," ERROR(
		    "VALIDATION_ERROR", "102")) },
		ONE("101"), BATCH_REFUSED, ONE("101"),
		UPDATES(ROWS(GOOD("101"))) };
	const struct crm_tag_write writes[] = { meet("101", MEET "9"),
		meet("102", "B") };
	struct put_result r[2];

	(void)state;
	rig_open(CHOICES, script, ARRAY_LEN(script));
	assert_true(rig_tags(writes, 2, r));
	assert_string_equal(rig_words(r, 2), "done rejected");
	rig_close(true);
}

/* Somebody else changed it, or no answer came: read again, with theirs. */
static void
test_choice_meets_another(void **state)
{
	static const struct sim_reply script[] = { OFFERS(CHOICE("A")),
		{ .target = "PATCH ", .status = 409,
		    .body = FAULT("CONFLICT", "changed") },
		OFFERS(CHOICE("A") "," CHOICE("B")),
		{ .target = "PATCH ", .mode = SIM_CLOSE },
		OFFERS(CHOICE("A") "," CHOICE("B") "," CHOICE("x")) };
	static const char *const tags[] = { "x" };

	(void)state;
	rig_open(CHOICES, script, ARRAY_LEN(script));
	if (!rig.crm.connector->ensure_tags(rig.crm.link.self, tags, 1,
	        &rig.err))
		fail_msg("%s", rig.err.msg);
	assert_string_equal(simhttpd_body(rig.sim, 3), "{\"options\":["
	    CHOICE("A") "," CHOICE("B") ",{\"label\":\"x\",\"value\":\"x\","
	    "\"hidden\":false,\"displayOrder\":1}]}");
	rig_close(true);
}

static void
test_choice_conflicts_end(void **state)
{
	static const struct sim_reply script[] = {
		{ .target = "GET ", .body = "{\"type\":\"enumeration\","
		    "\"fieldType\":\"checkbox\",\"options\":[]}" },
		{ .target = "PATCH ", .status = 409, .body = "{}" },
		{ .target = "GET ", .body = "{\"type\":\"enumeration\","
		    "\"fieldType\":\"checkbox\",\"options\":[]}" },
		{ .target = "PATCH ", .status = 409, .body = "{}" },
		{ .target = "GET ", .body = "{\"type\":\"enumeration\","
		    "\"fieldType\":\"checkbox\",\"options\":[]}" },
		{ .target = "PATCH ", .status = 409, .body = "{}" } };
	static const char *const tags[] = { "x" };

	(void)state;
	rig_open(CHOICES, script, ARRAY_LEN(script));
	rig_fails(rig.crm.connector->ensure_tags(rig.crm.link.self, tags, 1,
	    &rig.err), ERR_RETRY, "choices of the tag property");
	rig_close(true);
}

/* One that is taken as no choice keeps back no other. */
static void
test_choice_that_is_refused(void **state)
{
	static const struct sim_reply script[] = { OFFERS(""),
		{ .target = "PATCH ", .status = 400, .body = FAULT(
		    "VALIDATION_ERROR", "no") },
		OFFERS(""), { .target = "PATCH ", .want = "\"bad\"",
		    .status = 400, .body = FAULT("VALIDATION_ERROR", "no") },
		OFFERS(""), { .target = "PATCH ", .want = "\"good\"",
		    .body = "{}" },
		TWO("101", "102"), { .target = UPDATE, .status = 207, .body =
		    ERRORS(GOOD("102"), ERROR("VALIDATION_ERROR", "101")) } };
	const struct crm_tag_write writes[] = { meet("101", "bad"),
		meet("102", "good") };
	struct put_result r[2];

	(void)state;
	rig_open(CHOICES, script, ARRAY_LEN(script));
	assert_true(rig_tags(writes, 2, r));
	assert_string_equal(rig_words(r, 2), "rejected done");
	rig_close(true);
}

/* A tag of the card is no choice any more: what can be done is said. */
static void
test_choice_that_the_contact_has_is_gone(void **state)
{
	static const struct sim_reply script[] = { OFFERS(CHOICE("x")),
		READS(ROWS(ROW("101", "\"old\""))), BATCH_REFUSED };
	struct put_result r;

	(void)state;
	rig_open(CHOICES, script, ARRAY_LEN(script));
	assert_true(rig_tags(four, 1, &r));
	assert_string_equal(rig_words(&r, 1), "rejected");
	assert_non_null(strstr(r.reason, "may be no choice any more: add it "
	    "again, hidden"));
	rig_close(true);
}

/* ---- the property -------------------------------------------------------- */
static void
test_property_is_not_what_it_should_be(void **state)
{
	static const struct { struct sim_reply reply; enum err_kind kind;
		const char *words; } cases[] = {
		{ { .status = 404, .body = FAULT("OBJECT_NOT_FOUND", "no") },
		    ERR_CONFIG, "tag_property: contacts have no property "
		    "npstoday_tags: `npsync check --fix` makes it" },
		{ { .body = "{\"type\":\"number\",\"fieldType\":\"number\"}" },
		    ERR_CONFIG, "is of type number/number, not multi-line text" },
		{ { .body = "[]" }, ERR_PROTOCOL, "expected an object" } };
	const struct crm_tag_write write = meet("101", MEET "9");
	struct put_result r;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		rig_open("", &cases[i].reply, 1);
		rig_fails(rig_tags(&write, 1, &r), cases[i].kind,
		    cases[i].words);
		rig_close(true);
	}
}

/* Deleted meanwhile: nobody's card is at fault. */
static void
test_property_is_deleted(void **state)
{
	static const struct sim_reply script[] = { TAG, FOUR,
		{ .target = UPDATE, .status = 400, .body = FAULT(
		    "VALIDATION_ERROR", "npstoday_tags: PROPERTY_DOESNT_EXIST") } };
	struct put_result r[4];

	(void)state;
	rig_open("", script, ARRAY_LEN(script));
	rig_fails(rig_tags(four, 4, r), ERR_CONFIG, "no property "
	    "npstoday_tags (tag_property)");
	assert_string_equal(rig_words(r, 4), "again again again again");
	rig_close(true);
}

/* ---- faults -------------------------------------------------------------- */
/* HS-09: too early is no refusal: read again, then written. */
static void
test_hs09_throttled(void **state)
{
	static const struct sim_reply script[] = { TAG, FOUR,
		{ .target = UPDATE, .status = 429, .body = "{\"status\":"
		    "\"error\",\"message\":\"You have reached your secondly "
		    "limit.\",\"errorType\":\"RATE_LIMIT\",\"policyName\":"
		    "\"SECONDLY\"}" },
		FOUR, { .target = UPDATE, .status = 423, .body = "{}" },
		FOUR, UPDATES(ROWS(GOOD("101") "," GOOD("102") "," GOOD("103")
		    "," GOOD("104"))) };
	struct put_result r[4];

	(void)state;
	rig_open("", script, ARRAY_LEN(script));
	assert_true(rig_tags(four, 4, r));
	assert_string_equal(rig_words(r, 4), "done done done done");
	rig_close(true);
}

/* HS-10: one request. */
static void
test_hs10_token_is_none(void **state)
{
	static const struct sim_reply at_once[] = { { .target = "GET ",
		.status = 401, .body = FAULT("INVALID_AUTHENTICATION", "no") } };
	static const struct sim_reply later[] = { TAG, { .target = READ,
		.status = 401, .body = FAULT("INVALID_AUTHENTICATION", "no") } };
	struct put_result r[4];

	(void)state;
	rig_open("", at_once, 1);
	assert_false(rig_tags(four, 4, r));
	assert_string_equal(rig_words(r, 4), "again again again again");
	rig_close(true);
	rig_open("", later, 2);
	assert_false(rig_tags(four, 4, r));
	assert_string_equal(rig_words(r, 4), "again again again again");
	rig_close(true);
}

/* The scope is named, and no contact is refused for it. */
static void
test_missing_scope(void **state)
{
	static const struct sim_reply script[] = { TAG, FOUR,
		{ .target = UPDATE, .status = 403, .body = FAULT(
		    "MISSING_SCOPES", "This app hasn't been granted all "
		    "required scopes: crm.objects.contacts.write") } };
	struct put_result r[4];

	(void)state;
	rig_open("", script, ARRAY_LEN(script));
	rig_fails(rig_tags(four, 4, r), ERR_AUTH, "crm.objects.contacts.write");
	assert_string_equal(rig_words(r, 4), "again again again again");
	rig_close(true);
}

/* The answer to the writing is lost: read again, it stands there. */
static void
test_cut_after_sending(void **state)
{
	static const struct sim_reply script[] = { TAG, ONE("101"),
		{ .target = UPDATE, .mode = SIM_CLOSE },
		READS(ROWS(ROW("101", "\"x\""))) };
	struct put_result r[4];

	(void)state;
	rig_open("", script, ARRAY_LEN(script));
	assert_true(rig_tags(four, 1, r));
	assert_string_equal(rig_words(r, 1), "unchanged");
	rig_close(true);
}

static void
test_html_502(void **state)
{
	static const struct sim_reply script[] = { TAG, ONE("101"),
		{ .target = UPDATE, .status = 502, .body = "<html>Bad",
		    .headers = "Content-Type: text/html\r\n" },
		READS("<html>"), ONE("101"), UPDATES("<html>"),
		READS(ROWS(ROW("101", "\"x\""))) };
	struct put_result r;

	(void)state;
	rig_open("", script, 4);
	rig_fails(rig_tags(four, 1, &r), ERR_PROTOCOL, "expected JSON");
	assert_string_equal(rig_words(&r, 1), "again");
	rig_close(true);
}

/* HS-15: the paths of each version. */
static void
test_hs15_paths(void **state)
{
	static const struct { const char *options, *property, *read, *update; }
	cases[] = {
		{ "api_version = \"legacy\";",
		    "GET /crm/v3/properties/contacts/npstoday_tags ",
		    "POST /crm/v3/objects/contacts/batch/read ",
		    "POST /crm/v3/objects/contacts/batch/update " },
		{ "api_version = \"2026-03\";",
		    "GET /crm/properties/2026-03/contacts/npstoday_tags ",
		    "POST /crm/objects/2026-03/contacts/batch/read ",
		    "POST /crm/objects/2026-03/contacts/batch/update " } };
	struct put_result r;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const struct sim_reply script[] = {
			{ .target = cases[i].property, .body = TEXT },
			{ .target = cases[i].read, .body = ROWS(ROW("101",
			    "null")) },
			{ .target = cases[i].update, .body = ROWS(GOOD("101")) } };
		rig_open(cases[i].options, script, ARRAY_LEN(script));
		assert_true(rig_tags(four, 1, &r));
		assert_string_equal(rig_words(&r, 1), "done");
		rig_close(true);
	}
}

/* More of a text than a property holds is refused, never cut. */
static void
test_value_is_full(void **state)
{
	struct sim_reply script[] = { TAG, READS(NULL),
		UPDATES(ROWS(GOOD("101"))), TAG, READS(NULL) };
	char *full, *over;
	struct put_result r;

	(void)state;
	rig_open("", script, ARRAY_LEN(script));
	full = arena_alloc(rig.arena, 65535);
	over = arena_alloc(rig.arena, 65536);
	memset(full, 'a', 65534);
	memset(over, 'a', 65535);
	script[1].body = arena_printf(rig.arena, ROWS(ROW("101", "\"%s\"")),
	    full);
	script[4].body = arena_printf(rig.arena, ROWS(ROW("101", "\"%s\"")),
	    over);
	assert_true(rig_tags(four, 1, &r));
	assert_string_equal(rig_words(&r, 1), "done");
	assert_true(rig_tags(four, 1, &r));
	assert_string_equal(rig_words(&r, 1), "rejected");
	assert_string_equal(r.reason, "its tags are 65537 bytes, a property "
	    "holds 65536");
	rig_close(true);
}

/* A step of a call with one contact; its answer, or none. */
static bool
step(const char *id, int n, const char *answer, struct http_req *req)
{
	const struct http_res res = { .phase = HTTP_COMPLETE, .status = 200,
		.retry_after_s = -1, .date = NO_TIME, .modified = NO_TIME,
		.body = answer, .body_len = answer == NULL ? 0 :
		strlen(answer) };
	const struct crm_tag_write write = meet(id, MEET "9");

	rig.err = (struct err){ .kind = ERR_NONE };
	return rig.crm.connector->tags_request(rig.crm.link.self, &write, 1, n,
	    answer == NULL ? NULL : &res, req, &rig.err);
}

/* One answer is late; a hundred calls begin and end meanwhile.  It is known
 * whose it is. */
static void
test_slow_call(void **state)
{
	static const struct sim_reply script[] = { TAG };
	const char *const tags[] = { MEET "9" };
	struct http_req req;
	struct put_result r;

	(void)state;
	rig_open("", script, 1);
	assert_true(rig.crm.connector->ensure_tags(rig.crm.link.self, tags, 1,
	    &rig.err));
	assert_true(step("101", 0, NULL, &req));
	for (int i = 0; i < 100; i++) {
		const char *id = arena_printf(rig.arena, "%d", 1000 + i);
		assert_true(step(id, 0, NULL, &req));
		assert_false(step(id, 1, arena_printf(rig.arena, ROWS(ROW("%s",
		    "\"" MEET "9\"")), id), &req));
		assert_int_equal(rig.err.kind, ERR_DONE);
		assert_true(rig.crm.connector->tags_result(rig.crm.link.self,
		    NULL, &r, 1, &rig.err));
		assert_string_equal(rig_words(&r, 1), "unchanged");
	}
	assert_true(step("101", 1, ROWS(ROW("101", "null")), &req));
	assert_false(step("101", 2, ROWS(GOOD("101")), &req));
	assert_int_equal(rig.err.kind, ERR_DONE);
	assert_true(rig.crm.connector->tags_result(rig.crm.link.self, NULL, &r,
	    1, &rig.err));
	assert_string_equal(rig_words(&r, 1), "done");
	rig_close(true);
}

/* Calls that were given up take no place of one that goes on, however long ago
 * that one began. */
static void
test_call_of_many_steps(void **state)
{
	static const struct sim_reply script[] = { TAG };
	struct http_req req;
	struct put_result r;

	(void)state;
	rig_open("", script, 1);
	assert_true(rig.crm.connector->ensure_tags(rig.crm.link.self, NULL, 0,
	    &rig.err));
	assert_true(step("101", 0, NULL, &req));
	for (int i = 0; i < 15; i++)
		assert_true(step(arena_printf(rig.arena, "%d", 1000 + i), 0,
		    NULL, &req));
	assert_true(step("101", 1, ROWS(ROW("101", "null")), &req));
	assert_true(step("1015", 0, NULL, &req));
	assert_false(step("101", 2, ROWS(GOOD("101")), &req));
	assert_int_equal(rig.err.kind, ERR_DONE);
	assert_true(rig.crm.connector->tags_result(rig.crm.link.self, NULL, &r,
	    1, &rig.err));
	assert_string_equal(rig_words(&r, 1), "done");
	rig_close(true);
}

/* HS-09: the day's calls are used up: one request, and none after it. */
static void
test_hs09_daily(void **state)
{
	static const struct sim_reply script[] = { TAG,
		{ .target = READ, .status = 429, .body = "{\"category\":"
		    "\"RATE_LIMITS\",\"policyName\":\"DAILY\"}" } };
	struct put_result r[4];

	(void)state;
	rig_open("", script, ARRAY_LEN(script));
	rig_fails(rig_tags(four, 4, r), ERR_THROTTLED, "the day's calls of the "
	    "account are used up");
	assert_string_equal(rig_words(r, 4), "again again again again");
	rig_close(true);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hs12_exact_bytes),
		cmocka_unit_test(test_nothing_to_write),
		cmocka_unit_test(test_tags_that_cannot_stand_there),
		cmocka_unit_test(test_absent),
		cmocka_unit_test(test_hs13_merged_before_the_reading),
		cmocka_unit_test(test_hs13_merged_before_the_writing),
		cmocka_unit_test(test_absent_and_an_odd_answer),
		cmocka_unit_test(test_value_is_missing),
		cmocka_unit_test(test_hs08_bisection),
		cmocka_unit_test(test_a_batch_with_one_who_is_gone),
		cmocka_unit_test(test_not_found_without_a_category),
		cmocka_unit_test(test_a_batch_not_found_without_a_category),
		cmocka_unit_test(test_a_404_after_one_that_was_proven),
		cmocka_unit_test(test_an_empty_portal),
		cmocka_unit_test(test_a_batch_that_is_served_no_more),
		cmocka_unit_test(test_a_batch_that_is_not_served),
		cmocka_unit_test(
		    test_a_refusal_without_a_category_refuses_nobody),
		cmocka_unit_test(test_without_bisection),
		cmocka_unit_test(test_hs08_errors_by_contact),
		cmocka_unit_test(test_error_that_names_nobody),
		cmocka_unit_test(test_answer_that_says_nothing),
		cmocka_unit_test(test_batch_max),
		cmocka_unit_test(test_hs11_choice_is_added_first),
		cmocka_unit_test(test_hs11_hidden_choice),
		cmocka_unit_test(test_choice_is_there),
		cmocka_unit_test(test_choice_is_late),
		cmocka_unit_test(test_choice_meets_another),
		cmocka_unit_test(test_choice_conflicts_end),
		cmocka_unit_test(test_choice_that_is_refused),
		cmocka_unit_test(test_choice_that_the_contact_has_is_gone),
		cmocka_unit_test(test_property_is_not_what_it_should_be),
		cmocka_unit_test(test_property_is_deleted),
		cmocka_unit_test(test_hs09_throttled),
		cmocka_unit_test(test_hs09_daily),
		cmocka_unit_test(test_hs10_token_is_none),
		cmocka_unit_test(test_missing_scope),
		cmocka_unit_test(test_cut_after_sending),
		cmocka_unit_test(test_html_502),
		cmocka_unit_test(test_hs15_paths),
		cmocka_unit_test(test_value_is_full),
		cmocka_unit_test(test_slow_call),
		cmocka_unit_test(test_call_of_many_steps) };

	return cmocka_run_group_tests(tests, tmpdir_make, tmpdir_remove);
}
