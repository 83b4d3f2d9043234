/*
 * sObject Collections: the exact body of a call, and what its answer says of
 * each record (pitfalls SF-10, SF-11, SF-12, SF-13).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "salesforce/collections.h"
#include "scratch.h"

#define A "003RM0000068xVCYAY"
#define B "003RM0000068xVDYAY"

static const char *const again_codes[] = { "UNABLE_TO_LOCK_ROW",
	"SERVER_UNAVAILABLE" };
static const struct strlist again = { again_codes, 2 };
static const struct sf_reading of_cards = { .again = &again };
static const struct sf_reading of_answers = { .again = &again,
	.contact_field = "Contact__c" };
static struct err err;

static json_t *
fields(const char *name, const char *value)
{
	json_t *out = json_object();

	assert_int_equal(json_object_set_new(out, name, json_string(value)), 0);
	return out;
}

static void
forget(struct sf_record *r, size_t n)
{
	for (size_t i = 0; i < n; i++)
		json_decref(r[i].fields);
}

/* ---- the request --------------------------------------------------------- */
static void
test_update(void **state)
{
	struct sf_record r[] = {
		{ A, fields("NPSToday_Tags__c", "NPSToday.Møde.9") },
		{ B, fields("NPSToday_Tags__c", "NPSToday.Salg.3") } };
	const char *body = NULL;

	(void)state;
	assert_true(sf_collection_body(arena, "Contact", NULL, r, 2, &body,
	    &err));
	assert_string_equal(body, "{\"allOrNone\":false,\"records\":["
	    "{\"attributes\":{\"type\":\"Contact\"},\"id\":\"" A "\","
	    "\"NPSToday_Tags__c\":\"NPSToday.Møde.9\"},"
	    "{\"attributes\":{\"type\":\"Contact\"},\"id\":\"" B "\","
	    "\"NPSToday_Tags__c\":\"NPSToday.Salg.3\"}]}");
	forget(r, 2);
}

static void
test_upsert(void **state)
{
	struct sf_record r = { NULL, fields("Id__c", "406359") };
	const char *body = NULL;

	(void)state;
	assert_int_equal(json_object_set_new(r.fields, "Score__c",
	    json_integer(6)), 0);
	assert_true(sf_collection_body(arena, "Response__c", "Id__c", &r, 1,
	    &body, &err));
	assert_string_equal(body, "{\"allOrNone\":false,\"records\":["
	    "{\"attributes\":{\"type\":\"Response__c\"},\"Id__c\":\"406359\","
	    "\"Score__c\":6}]}");
	forget(&r, 1);
}

static void
refused(const char *key, const struct sf_record *r, size_t n)
{
	const char *body = NULL;

	assert_false(sf_collection_body(arena, "Contact", key, r, n, &body,
	    &err));
	assert_int_equal(err.kind, ERR_BUG);
}

/* No id twice, in whatever form; never more than 200. */
static void
test_refusals(void **state)
{
	static struct sf_record many[SF_COLLECTION_MAX + 1];
	json_t *empty = json_object(), *key = fields("Id__c", "1");
	const struct sf_record twice[] = { { A, empty }, { B, empty },
		{ A, empty } };
	const struct sf_record forms[] = { { A, empty },
		{ "003RM0000068xVC", empty } };
	const struct sf_record keys[] = { { NULL, key }, { NULL, key } };
	const struct sf_record both = { A, key }, none = { NULL, empty };
	const char *body = NULL;

	(void)state;
	refused(NULL, twice, 3);
	refused(NULL, forms, 2);
	refused(NULL, &none, 1);
	refused(NULL, twice, 0);
	refused("Id__c", keys, 2);
	refused("Id__c", &both, 1);
	refused("Id__c", &none, 1);
	for (size_t i = 0; i < ARRAY_LEN(many); i++)
		many[i] = (struct sf_record){ arena_printf(arena,
		    "003RM%010zuYAY", i), empty };
	refused(NULL, many, ARRAY_LEN(many));
	assert_true(sf_collection_body(arena, "Contact", NULL, many,
	    SF_COLLECTION_MAX, &body, &err));
	json_decref(empty);
	json_decref(key);
}

static void
test_ids(void **state)
{
	(void)state;
	assert_true(sf_id_is_one(A));
	assert_true(sf_id_is_one("003RM0000068xVC"));
	assert_false(sf_id_is_one("003RM0000068xVCY"));
	assert_false(sf_id_is_one("003RM0000068xV'"));
	assert_false(sf_id_is_one(A "x"));
	assert_false(sf_id_is_one(""));
	assert_false(sf_id_is_one(NULL));
	assert_true(sf_id_is_same(A, "003RM0000068xVC"));
	assert_false(sf_id_is_same(A, "003RM0000068xvC"));
	assert_false(sf_id_is_same(A, B));
}

/* ---- the answer ---------------------------------------------------------- */
static const struct sf_record two[] = { { A, NULL }, { B, NULL } };

static void
read_as(const char *text, const struct sf_record *records, size_t n,
    const struct sf_reading *how, struct put_result *results)
{
	struct json_doc *doc = NULL;

	memset(results, 0, n * sizeof(*results));
	assert_true(json_parse(text, strlen(text), &doc, &err));
	sf_collection_read(json_root(doc), records, n, how, results);
	json_free(doc);
}

static void
reads(const char *text, enum put_outcome a, enum put_outcome b)
{
	struct put_result results[2];

	read_as(text, two, 2, &of_cards, results);
	assert_int_equal(results[0].outcome, a);
	assert_int_equal(results[1].outcome, b);
}

#define GOOD(id) "{\"id\":\"" id "\",\"success\":true,\"errors\":[]}"
#define BAD(key, code) "{\"success\":false,\"errors\":[{\"" key "\":\"" code \
	"\",\"message\":\"m\",\"fields\":[]}]}"

/* SF-10: without id, and either key. */
static void
test_failed(void **state)
{
	(void)state;
	reads("[" GOOD(A) "," GOOD(B) "]", PUT_DONE, PUT_DONE);
	reads("[" BAD("statusCode", "X") "," GOOD(B) "]", PUT_REJECTED,
	    PUT_DONE);
	reads("[" GOOD(A) "," BAD("errorCode", "X") "]", PUT_DONE,
	    PUT_REJECTED);
	reads("[" BAD("statusCode", "INVALID_CROSS_REFERENCE_KEY") ","
	    BAD("errorCode", "ENTITY_IS_DELETED") "]", PUT_GONE, PUT_GONE);
	/* SF-12 */
	reads("[" GOOD(A) "," BAD("statusCode", "UNABLE_TO_LOCK_ROW") "]",
	    PUT_DONE, PUT_AGAIN);
	reads("[" BAD("errorCode", "SERVER_UNAVAILABLE") "," GOOD(B) "]",
	    PUT_AGAIN, PUT_DONE);
	reads("[{\"success\":false,\"errors\":[]}," GOOD(B) "]", PUT_REJECTED,
	    PUT_DONE);
	reads("[{\"success\":false}," GOOD(B) "]", PUT_REJECTED, PUT_DONE);
}

static void
test_remote_id(void **state)
{
	const struct sf_record one = { NULL, NULL };
	struct put_result result;

	(void)state;
	read_as("[{\"id\":\"a00000000000001AAA\",\"success\":true,\"errors\":[],"
	    "\"created\":true}]", &one, 1, &of_answers, &result);
	assert_int_equal(result.outcome, PUT_DONE);
	assert_string_equal(result.remote_id, "a00000000000001AAA");
}

/* SF-11, and what else is no answer to these records. */
static void
test_misfits(void **state)
{
	static const char *const texts[] = { "[]", "[" GOOD(A) "]",
		"[" GOOD(A) "," GOOD(B) "," GOOD(A) "]", "{}", "null",
		"[" GOOD(B) "," GOOD(A) "]",
		"[" GOOD(A) ",{\"id\":\"" B "\"}]",
		"[" GOOD(A) ",{\"success\":\"true\"}]", "[" GOOD(A) ",7]",
		"{\"0\":" GOOD(A) ",\"1\":" GOOD(B) "}" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		reads(texts[i], PUT_UNKNOWN, PUT_UNKNOWN);
}

/* ---- errors -------------------------------------------------------------- */
static void
says(const struct sf_reading *how, const char *errors,
    enum put_outcome outcome, const char *reason)
{
	struct json_doc *doc = NULL;
	struct put_result result = { 0 };

	assert_true(json_parse(errors, strlen(errors), &doc, &err));
	sf_errors_read(json_root(doc), how, &result);
	json_free(doc);
	assert_int_equal(result.outcome, outcome);
	assert_string_equal(result.reason, reason);
}

/* No value of a field, no name and no comment gets out. */
static void
test_words(void **state)
{
	(void)state;
	says(&of_answers, "[{\"statusCode\":\"STRING_TOO_LONG\",\"message\":"
	    "\"Comment: data value too large: Ann was rude (max length=10)\","
	    "\"fields\":[\"Comment__c\"]}]", PUT_REJECTED,
	    "STRING_TOO_LONG, field Comment__c");
	says(&of_cards, "[{\"errorCode\":\"FIELD_CUSTOM_VALIDATION_EXCEPTION\","
	    "\"message\":\"Closed card: ask ann@kunde.dk\",\"fields\":[]}]",
	    PUT_REJECTED,
	    "FIELD_CUSTOM_VALIDATION_EXCEPTION: Closed card: ask ***");
	/* The right may be given yet. */
	says(&of_cards, "[{\"statusCode\":\"INSUFFICIENT_ACCESS_OR_READONLY\"}]",
	    PUT_DENIED, "INSUFFICIENT_ACCESS_OR_READONLY");
	says(&of_cards, "[{\"message\":\"odd\"}]", PUT_REJECTED, "no code");
	/* Nor our token, however it is written. */
	AUTO(buf) struct buf token;
	struct sf_reading signed_by = { .again = &again, .token = &token };
	buf_init(&token, 64);
	assert_true(buf_str(&token, "00D/AQ4"));
	says(&signed_by, "[{\"errorCode\":\"INVALID_FIELD\",\"message\":"
	    "\"sent with 00D%2FAQ4\"}]", PUT_REJECTED, "INVALID_FIELD");
	says(&signed_by, "[{\"errorCode\":\"INVALID_FIELD\",\"message\":"
	    "\"sent well\"}]", PUT_REJECTED, "INVALID_FIELD: sent well");
	says(&of_cards, "[{}]", PUT_REJECTED, "no code");
	says(&of_cards, "[7]", PUT_REJECTED, "no code");
}

static void
test_fields_of_errors(void **state)
{
	static const char look_up[] = "[{\"statusCode\":"
	    "\"INVALID_CROSS_REFERENCE_KEY\",\"fields\":[\"Contact__c\"]}]";
	static const char other[] = "[{\"statusCode\":"
	    "\"INVALID_CROSS_REFERENCE_KEY\",\"fields\":[\"OwnerId\"]}]";

	(void)state;
	says(&of_answers, look_up, PUT_GONE,
	    "INVALID_CROSS_REFERENCE_KEY, field Contact__c");
	says(&of_cards, look_up, PUT_REJECTED,
	    "INVALID_CROSS_REFERENCE_KEY, field Contact__c");
	says(&of_answers, other, PUT_REJECTED,
	    "INVALID_CROSS_REFERENCE_KEY, field OwnerId");
}

/* What waiting does not mend decides. */
static void
test_several_errors(void **state)
{
	(void)state;
	says(&of_cards, "[{\"statusCode\":\"UNABLE_TO_LOCK_ROW\"},"
	    "{\"statusCode\":\"STRING_TOO_LONG\"}]", PUT_REJECTED,
	    "STRING_TOO_LONG");
	says(&of_cards, "[{\"statusCode\":\"UNABLE_TO_LOCK_ROW\"},"
	    "{\"statusCode\":\"SERVER_UNAVAILABLE\"}]", PUT_AGAIN,
	    "SERVER_UNAVAILABLE");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_update),
		cmocka_unit_test(test_upsert),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_ids),
		cmocka_unit_test(test_failed),
		cmocka_unit_test(test_remote_id),
		cmocka_unit_test(test_misfits),
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_fields_of_errors),
		cmocka_unit_test(test_several_errors),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
