/*
 * What Salesforce is sent when cards and answers are written, byte for byte, and
 * what becomes of it (pitfalls SF-10 to SF-13, SF-18, SF-21).
 */
#include "salesforce/writerig.h"

#include "tag_write.h"

#define A "003RM0000068xVCYAY"
#define B "003RM0000068xVDYAY"
#define C "003RM0000068xVEYAY"
#define MEET "NPSToday.M\xc3\xb8" "de."
#define GUARDED "tag_guard = \"unmodified\"; "
#define FIELD(name, type) "{\"name\":\"" name "\",\"type\":\"" type \
	"\",\"length\":255,\"updateable\":true,\"createable\":true," \
	"\"relationshipName\":null}"
#define CONTACT_FIELDS FIELD("Id", "id") "," FIELD("AccountId", "reference") \
	"," FIELD("Email", "email") "," FIELD("LastModifiedDate", "datetime") \
	"," FIELD("HasOptedOutOfEmail", "boolean") "," \
	FIELD("IsEmailBounced", "boolean") "," \
	FIELD("NPSToday_Tags__c", "textarea")
#define DESCRIBE { .want = "GET " V "/sobjects/Contact/describe ", \
	.body = "{\"fields\":[" CONTACT_FIELDS "]}" }
#define ROW(id, account, stamp, tags) "{\"attributes\":{\"type\":\"Contact\"}," \
	"\"Id\":\"" id "\",\"AccountId\":\"" account "\",\"LastModifiedDate\":\"" \
	stamp "\",\"NPSToday_Tags__c\":" tags "}"
#define ROWS(rows) "{\"totalSize\":1,\"done\":true,\"records\":[" rows "]}"
#define STAMP "2026-11-20T10:00:00.000+0000"
#define READS(text) { .want = "GET " V "/query?q=SELECT%20Id", .body = text }
#define WRITES(text) { .want = "PATCH " V "/composite/sobjects ", .body = text }
#define GUARDS(text) { .want = "POST " V "/composite ", .body = text }
#define GOOD(id) "{\"id\":\"" id "\",\"success\":true,\"errors\":[]}"
#define BAD(code) "{\"success\":false,\"errors\":[{\"statusCode\":\"" code \
	"\",\"message\":\"m\",\"fields\":[]}]}"
#define PART(ref, status) "{\"body\":null,\"httpHeaders\":{},\"httpStatusCode\":" \
	status ",\"referenceId\":\"" ref "\"}"

/* ---- tags, driven by the core -------------------------------------------- */
static bool
breathe(void *arg, struct err *err)
{
	(void)arg;
	(void)err;
	return true;
}

static bool
write_tags(const struct crm_tag_write *writes, size_t n,
    struct put_result *results)
{
	struct tag_writer writer;

	tag_writer_init(&writer, &rig.crm, rig.arena, breathe, NULL);
	writer.backoff_s = 0;	/* all of a call again at once */
	writer.backoff_max_s = 0;
	rig.err = (struct err){ .kind = ERR_NONE };
	return tag_write(&writer, writes, n, results, &rig.err);
}

static struct crm_tag_write
meet(const char *id, const char *value)
{
	return (struct crm_tag_write){ .contact_id = id, .prefix = MEET,
		.value = value };
}

/* SF-18, and the statement and body of a call. */
static void
test_merge(void **state)
{
	static const struct rig_step script[] = { DESCRIBE,
		READS(ROWS(ROW(A, "001B", STAMP,
		    "\"A;NPSToday.Salg.3;" MEET "9\"") "," ROW(B, "001A", STAMP,
		    "null"))),
		WRITES("[" GOOD(B) "," GOOD(A) "]") };
	const struct crm_tag_write writes[] = {
		{ .contact_id = A, .prefix = "NPSToday.Salg.",
		    .value = "NPSToday.Salg.10" }, meet(B, MEET "7") };
	struct put_result r[2];

	(void)state;
	rig_open("", script, ARRAY_LEN(script));
	assert_true(write_tags(writes, 2, r));
	assert_int_equal(r[0].outcome, PUT_DONE);
	assert_int_equal(r[1].outcome, PUT_DONE);
	assert_non_null(strstr(rig.request[1], "q=SELECT%20Id%2CAccountId%2C"
	    "LastModifiedDate%2CNPSToday_Tags__c%20FROM%20Contact%20WHERE%20Id"
	    "%20IN%20%28%27" A "%27%2C%27" B "%27%29 HTTP"));
	assert_non_null(strstr(rig.request[2],
	    "\r\nAuthorization: Bearer T1\r\n"));
	assert_non_null(strstr(rig.request[2],
	    "\r\nContent-Type: application/json\r\n"));
	/* By account; what came later stands last. */
	assert_string_equal(rig.body[2], "{\"allOrNone\":false,\"records\":["
	    "{\"attributes\":{\"type\":\"Contact\"},\"id\":\"" B "\","
	    "\"NPSToday_Tags__c\":\"" MEET "7\"},"
	    "{\"attributes\":{\"type\":\"Contact\"},\"id\":\"" A "\","
	    "\"NPSToday_Tags__c\":\"A;" MEET "9;NPSToday.Salg.10\"}]}");
	rig_close();
}

/* Only if nobody changed the card since it was read; 412 reads again. */
static void
test_guard(void **state)
{
	static const struct rig_step script[] = { DESCRIBE,
		READS(ROWS(ROW(A, "001A", STAMP, "\"A\""))),
		GUARDS("{\"compositeResponse\":[" PART("r0", "412") "]}"),
		READS(ROWS(ROW(A, "001A", "2026-11-20T10:00:07.300+0000",
		    "\"A;NPSToday.NoSend\""))),
		GUARDS("{\"compositeResponse\":[" PART("r0", "204") "]}") };
	const struct crm_tag_write write = meet(A, MEET "9");
	struct put_result r;

	(void)state;
	rig_open(GUARDED, script, ARRAY_LEN(script));
	assert_true(write_tags(&write, 1, &r));
	assert_int_equal(r.outcome, PUT_DONE);
	assert_string_equal(rig.body[2], "{\"allOrNone\":false,"
	    "\"compositeRequest\":[{\"method\":\"PATCH\",\"url\":\"" V
	    "/sobjects/Contact/" A "\",\"referenceId\":\"r0\",\"httpHeaders\":{"
	    "\"If-Unmodified-Since\":\"Fri, 20 Nov 2026 10:00:00 GMT\"},"
	    "\"body\":{\"NPSToday_Tags__c\":\"A;" MEET "9\"}}]}");
	assert_non_null(strstr(rig.body[4], "\"Fri, 20 Nov 2026 10:00:08 GMT\""));
	assert_non_null(strstr(rig.body[4], "\"A;NPSToday.NoSend;" MEET "9\""));
	rig_close();
}

/* One that is as it should be, one that is gone, one that has no id. */
static void
test_nothing_to_write(void **state)
{
	static const struct rig_step script[] = { DESCRIBE,
		READS(ROWS(ROW(A, "001A", STAMP, "\"" MEET "9\""))) };
	const struct crm_tag_write writes[] = { meet(A, MEET "9"),
		meet(B, MEET "9"), meet("K1'", MEET "9") };
	struct put_result r[3];

	(void)state;
	rig_open(GUARDED, script, ARRAY_LEN(script));
	assert_true(write_tags(writes, 3, r));
	assert_int_equal(r[0].outcome, PUT_UNCHANGED);
	assert_int_equal(r[1].outcome, PUT_GONE);
	assert_int_equal(r[2].outcome, PUT_REJECTED);
	assert_null(strstr(rig.request[1], "K1"));
	rig_close();
}

/* SF-01: neither is one of an answer that lacks rows. */
static void
test_answer_lacks_rows(void **state)
{
	static const struct rig_step lacks = READS("{\"totalSize\":1,\"done\":"
	    "true,\"records\":[]}");
	const struct rig_step script[] = { DESCRIBE, lacks, lacks, lacks, lacks };
	const struct crm_tag_write write = meet(A, MEET "9");
	struct put_result r;

	(void)state;
	rig_open(GUARDED, script, ARRAY_LEN(script));
	(void)write_tags(&write, 1, &r);
	assert_int_equal(r.outcome, PUT_AGAIN);
	rig_close();
}

/* A card that may stand on another page is not gone. */
static void
test_answer_in_parts(void **state)
{
	static const struct rig_step part = { .want = "GET " V "/query?q=",
		.body = "{\"totalSize\":2,\"done\":false,\"nextRecordsUrl\":\"" V
		    "/query/01g-1\",\"records\":[]}" };
	const struct rig_step script[] = { DESCRIBE, part, part, part, part };
	const struct crm_tag_write write = meet(A, MEET "9");
	struct put_result r;

	(void)state;
	rig_open(GUARDED, script, ARRAY_LEN(script));
	(void)write_tags(&write, 1, &r);
	assert_int_equal(r.outcome, PUT_AGAIN);
	rig_close();
}

/* Never cut; empty is null; line ends are read, and written where asked for. */
static void
test_lists(void **state)
{
	static const struct rig_step script[] = { DESCRIBE,
		READS(ROWS(ROW(A, "001A", STAMP, "\"a\\r\\nb ; c\\n\""))),
		WRITES("[" GOOD(A) "]"),
		READS(ROWS(ROW(A, "001A", STAMP, "\"" MEET "9\""))),
		WRITES("[" GOOD(A) "]") };
	struct crm_tag_write write = meet(A, MEET "9");
	struct put_result r;

	(void)state;
	rig_open("tag_separator = \"newline\";", script,
	    ARRAY_LEN(script));
	assert_true(write_tags(&write, 1, &r));
	assert_int_equal(r.outcome, PUT_DONE);
	assert_non_null(strstr(rig.body[2], "\"a\\nb\\nc\\n" MEET "9\""));
	write.value = NULL;
	assert_true(write_tags(&write, 1, &r));
	assert_int_equal(r.outcome, PUT_DONE);
	assert_non_null(strstr(rig.body[4], "\"NPSToday_Tags__c\":null"));
	rig_close();
}

static const char *
long_tags(size_t n)
{
	char *text = arena_alloc(rig.arena, n + 1);

	memset(text, 'x', n);
	return arena_printf(rig.arena, ROWS("{\"Id\":\"" A "\","
	    "\"LastModifiedDate\":\"" STAMP "\",\"NPSToday_Tags__c\":\"%s\"}"),
	    text);
}

/* 255 characters fit, 256 do not; letters of two bytes count once. */
static void
test_field_is_full(void **state)
{
	struct rig_step script[] = { DESCRIBE, READS(NULL),
		WRITES("[" GOOD(A) "]"), READS(NULL) };
	const struct crm_tag_write write = meet(A, MEET "9");
	struct put_result r;

	(void)state;
	rig_open("", script, ARRAY_LEN(script));
	script[1].body = long_tags(255 - 1 - 15);
	script[3].body = long_tags(255 - 15);
	assert_true(write_tags(&write, 1, &r));
	assert_int_equal(r.outcome, PUT_DONE);
	assert_true(write_tags(&write, 1, &r));
	assert_int_equal(r.outcome, PUT_REJECTED);
	assert_string_equal(r.reason, "its tags are 256 characters, "
	    "NPSToday_Tags__c holds 255");
	rig_close();
}

static void
test_tag_with_a_semicolon(void **state)
{
	static const struct rig_step script[] = { DESCRIBE,
		READS(ROWS(ROW(A, "001A", STAMP, "null"))) };
	const struct crm_tag_write write = { .contact_id = A,
		.prefix = "NPSToday.a;b.", .value = "NPSToday.a;b.9" };
	struct put_result r;

	(void)state;
	rig_open(GUARDED, script, ARRAY_LEN(script));
	assert_true(write_tags(&write, 1, &r));
	assert_int_equal(r.outcome, PUT_REJECTED);
	rig_close();
}

/* SF-10, SF-12: the right card, and only the locked one again. */
static void
test_results_by_card(void **state)
{
	static const struct rig_step script[] = { DESCRIBE,
		READS(ROWS(ROW(C, "001A", STAMP, "null") "," ROW(A, "001A",
		    STAMP, "null") "," ROW(B, "001A", STAMP, "null"))),
		WRITES("[" BAD("ENTITY_IS_DELETED") ","
		    BAD("UNABLE_TO_LOCK_ROW") "," GOOD(C) "]"),
		READS(ROWS(ROW(B, "001A", STAMP, "null"))),
		WRITES("[" GOOD(B) "]") };
	const struct crm_tag_write writes[] = { meet(A, MEET "1"),
		meet(B, MEET "2"), meet(C, MEET "3") };
	struct put_result r[3];

	(void)state;
	rig_open("", script, ARRAY_LEN(script));
	assert_true(write_tags(writes, 3, r));
	assert_int_equal(r[0].outcome, PUT_GONE);
	assert_int_equal(r[1].outcome, PUT_DONE);
	assert_int_equal(r[2].outcome, PUT_DONE);
	assert_null(strstr(rig.request[3], A));
	assert_null(strstr(rig.request[3], C));
	rig_close();
}

/* SF-11: nothing is called written; what stands on the cards decides. */
static void
test_short_answer(void **state)
{
	static const struct rig_step script[] = { DESCRIBE,
		READS(ROWS(ROW(A, "001A", STAMP, "null") "," ROW(B, "001A",
		    STAMP, "null"))),
		WRITES("[" GOOD(A) "]"),
		READS(ROWS(ROW(A, "001A", STAMP, "\"" MEET "1\"") "," ROW(B,
		    "001A", STAMP, "null"))),
		WRITES("[" GOOD(B) "]") };
	const struct crm_tag_write writes[] = { meet(A, MEET "1"),
		meet(B, MEET "2") };
	struct put_result r[2];

	(void)state;
	rig_open("", script, ARRAY_LEN(script));
	assert_true(write_tags(writes, 2, r));
	assert_int_equal(r[0].outcome, PUT_UNCHANGED);
	assert_int_equal(r[1].outcome, PUT_DONE);
	assert_null(strstr(rig.body[4], A));
	rig_close();
}

/* The call is wrong, and no card is gone by that. */
static void
test_call_refused(void **state)
{
	static const struct rig_step script[] = { DESCRIBE,
		{ .want = "GET " V "/query", .status = 404, .body =
		    "[{\"errorCode\":\"NOT_FOUND\",\"message\":\"no\"}]" } };
	const struct crm_tag_write write = meet(A, MEET "9");
	struct put_result r;

	(void)state;
	rig_open(GUARDED, script, ARRAY_LEN(script));
	assert_false(write_tags(&write, 1, &r));
	assert_int_equal(rig.err.kind, ERR_PROTOCOL);
	assert_int_equal(r.outcome, PUT_AGAIN);
	rig_close();
}

/* The session ends between reading and writing: one new token, read again. */
static void
test_session(void **state)
{
	static const struct rig_step script[] = { DESCRIBE,
		READS(ROWS(ROW(A, "001A", STAMP, "null"))),
		{ .want = "POST " V "/composite ", .status = 401, .body =
		    "[{\"errorCode\":\"INVALID_SESSION_ID\"}]" },
		READS(ROWS(ROW(A, "001A", STAMP, "null"))),
		GUARDS("{\"compositeResponse\":[" PART("r0", "204") "]}") };
	const struct crm_tag_write write = meet(A, MEET "9");
	struct put_result r;

	(void)state;
	rig_open(GUARDED, script, ARRAY_LEN(script));
	if (!write_tags(&write, 1, &r))
		fail_msg("%s", rig.err.msg);
	assert_int_equal(r.outcome, PUT_DONE);
	assert_non_null(strstr(rig.request[4], "Bearer T2"));
	rig_close();
}

static void
test_field_missing(void **state)
{
	static const struct rig_step script[] = { { .want = "GET " V
	    "/sobjects/Contact/describe ", .body = "{\"fields\":["
	    FIELD("Id", "id") "]}" } };
	const struct crm_tag_write write = meet(A, MEET "9");
	struct put_result r;

	(void)state;
	rig_open(GUARDED, script, ARRAY_LEN(script));
	assert_false(write_tags(&write, 1, &r));
	assert_int_equal(rig.err.kind, ERR_CONFIG);
	assert_non_null(strstr(rig.err.msg, "NPSToday_Tags__c"));
	rig_close();
}

/* ---- SF-13: portions ----------------------------------------------------- */
#define MANY 201
static char ids[MANY][20];
static size_t most, calls;
static bool twice;

static size_t
count(const char *text, const char *what)
{
	size_t n = 0;

	for (; (text = strstr(text, what)) != NULL; text++)
		n++;
	return n;
}

static void
serve_many(const char *request, const char *body, struct sim_reply *reply)
{
	/* Several connections at a time: a text is still being sent while the
	 * next one is made. */
	static char *texts[64];
	static size_t at;
	struct buf out;

	buf_init(&out, 1 << 22);
	if (strstr(request, "/describe ") != NULL) {
		*reply = (struct sim_reply){ .body =
		    "{\"fields\":[" CONTACT_FIELDS "]}" };
		return;
	}
	const bool reads = strncmp(request, "GET", 3) == 0;
	const char *in = reads ? request : body;
	size_t n = 0;
	(void)buf_str(&out, reads ? "{\"done\":true,\"records\":[" : "[");
	for (size_t i = 0; i < MANY; i++) {
		const size_t here = count(in, ids[i]);
		twice |= here > 1;
		if (here == 0)
			continue;
		(void)buf_printf(&out, reads ? "%s{\"Id\":\"%s\","
		    "\"LastModifiedDate\":\"" STAMP "\",\"NPSToday_Tags__c\":"
		    "null}" : "%s{\"id\":\"%s\",\"success\":true,\"errors\":[]}",
		    n++ > 0 ? "," : "", ids[i]);
	}
	(void)buf_str(&out, reads ? "]}" : "]");
	most = reads || n <= most ? most : n;
	calls += !reads;
	at = (at + 1) % ARRAY_LEN(texts);
	free(texts[at]);
	texts[at] = strdup(buf_text(&out));
	buf_free(&out);
	*reply = (struct sim_reply){ .body = texts[at] };
}

static void
test_portions(void **state)
{
	static struct crm_tag_write writes[MANY + 1];
	static struct put_result r[MANY + 1];

	(void)state;
	rig_open("", NULL, 0);
	rig.serve = serve_many;
	for (size_t i = 0; i < MANY; i++) {
		(void)snprintf(ids[i], sizeof(ids[i]), "003RM%010zuYAY", i);
		writes[i] = meet(ids[i], MEET "9");
	}
	writes[MANY] = meet(ids[0], MEET "8");
	assert_true(write_tags(writes, MANY, r));
	for (size_t i = 0; i < MANY; i++)
		assert_int_equal(r[i].outcome, PUT_DONE);
	assert_int_equal(most, 200);
	assert_int_equal(calls, 2);
	/* The same card again: the core holds it back. */
	assert_true(write_tags(writes, MANY + 1, r));
	assert_false(twice);
	rig_close();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_merge),
		cmocka_unit_test(test_guard),
		cmocka_unit_test(test_nothing_to_write),
		cmocka_unit_test(test_answer_in_parts),
		cmocka_unit_test(test_answer_lacks_rows),
		cmocka_unit_test(test_lists),
		cmocka_unit_test(test_field_is_full),
		cmocka_unit_test(test_tag_with_a_semicolon),
		cmocka_unit_test(test_results_by_card),
		cmocka_unit_test(test_short_answer),
		cmocka_unit_test(test_call_refused),
		cmocka_unit_test(test_session),
		cmocka_unit_test(test_field_missing),
		cmocka_unit_test(test_portions),
	};

	return cmocka_run_group_tests(tests, tmpdir_make, tmpdir_remove);
}
