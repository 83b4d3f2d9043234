/*
 * What is written to HubSpot, without a server: the parts of a call that was
 * refused, exact bodies, what an answer says of each contact, choices and
 * values of properties.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "hubspot/batch.h"
#include "hubspot/property.h"
#include "scratch.h"

static struct err err;
static struct json_doc *docs[8];
static size_t n_docs;

static json_t *
parsed(const char *text)
{
	char plain[4096];
	size_t len = strlen(text);

	assert_true(len < sizeof(plain) && n_docs < ARRAY_LEN(docs));
	memcpy(plain, text, len + 1);
	for (size_t i = 0; i < len; i++)
		plain[i] = plain[i] == '\'' ? '"' : plain[i];
	if (!json_parse(plain, len, &docs[n_docs], &err))
		fail_msg("%s", err.msg);
	return json_root(docs[n_docs++]);
}

static int
teardown_docs(void **state)
{
	while (n_docs > 0)
		json_free(docs[--n_docs]);
	return teardown(state);
}

/* ---- parts --------------------------------------------------------------- */
static void
parts_of(struct hs_parts *p, size_t n)
{
	hs_parts_begin(p);
	for (size_t i = 0; i < n; i++)
		hs_parts_add(p, i);
}

/* One of a hundred is bad: how many calls until it is alone. */
static size_t
calls_for(size_t n, size_t bad, bool alone, size_t *taken, bool *found)
{
	struct hs_parts p;
	size_t calls = 0;

	parts_of(&p, n);
	for (*taken = 0, *found = false; hs_parts_next(&p); calls++) {
		bool has_bad = false;
		for (size_t i = 0; i < p.now.n; i++)
			has_bad |= hs_parts_record(&p, i) == bad;
		if (!has_bad)
			*taken += p.now.n;
		else if (p.now.n == 1)
			*found = true;
		else
			hs_parts_again(&p, alone);
		assert_true(calls < 300);
	}
	return calls;
}

/* HS-08 */
static void
test_bisection_isolates_each(void **state)
{
	size_t taken;
	bool found;

	(void)state;
	for (size_t n = 1; n <= HS_BATCH_MAX; n++)
		for (size_t bad = 0; bad < n; bad += 7) {
			assert_true(calls_for(n, bad, false, &taken, &found) <=
			    15);
			assert_true(found);
			assert_int_equal(taken, n - 1);
			assert_int_equal(calls_for(n, bad, true, &taken,
			    &found), n == 1 ? 1 : n + 1);
			assert_true(found);
			assert_int_equal(taken, n - 1);
		}
}

/* All of them bad: each alone, once, and an end. */
static void
test_bisection_ends(void **state)
{
	struct hs_parts p;
	size_t alone[HS_BATCH_MAX] = { 0 }, calls = 0;

	(void)state;
	for (parts_of(&p, HS_BATCH_MAX); hs_parts_next(&p); calls++)
		if (p.now.n == 1)
			alone[hs_parts_record(&p, 0)]++;
		else
			hs_parts_again(&p, false);
	assert_int_equal(calls, 2 * HS_BATCH_MAX - 1);
	for (size_t i = 0; i < HS_BATCH_MAX; i++)
		assert_int_equal(alone[i], 1);
}

static void
test_parts_keep_their_order(void **state)
{
	const bool keep[] = { false, true, true, false, true };
	struct hs_parts p;

	(void)state;
	parts_of(&p, 5);
	assert_true(hs_parts_next(&p));
	hs_parts_keep(&p, keep);
	assert_int_equal(p.now.n, 3);
	assert_int_equal(hs_parts_record(&p, 0), 1);
	assert_int_equal(hs_parts_record(&p, 2), 4);
	hs_parts_again(&p, false);
	assert_true(hs_parts_next(&p));
	assert_int_equal(p.now.n, 2);
	assert_int_equal(hs_parts_record(&p, 1), 2);
	assert_true(hs_parts_next(&p));
	assert_int_equal(p.now.n, 1);
	assert_int_equal(hs_parts_record(&p, 0), 4);
	assert_false(hs_parts_next(&p));
	hs_parts_begin(&p);
	assert_false(hs_parts_next(&p));
}

/* ---- names and bodies ---------------------------------------------------- */
static void
test_names(void **state)
{
	(void)state;
	assert_true(hs_is_id("101"));
	assert_true(hs_is_id("18446744073709551615"));
	assert_false(hs_is_id("184467440737095516150"));
	assert_false(hs_is_id(""));
	assert_false(hs_is_id(NULL));
	assert_false(hs_is_id("12a"));
	assert_false(hs_is_id("-1"));
	assert_true(hs_is_property_name("npstoday_tags"));
	assert_false(hs_is_property_name("NPS"));
	assert_false(hs_is_property_name("1st"));
	assert_false(hs_is_property_name("a b"));
	assert_false(hs_is_property_name(""));
}

static void
test_bodies(void **state)
{
	static const char *const ids[] = { "101", "5790939450" };
	static const char *const tags[][2] = { { "npstoday_tags",
		"NPSToday.Møde.9;A \"b\"" }, { NULL, NULL } };
	static const char *const none[][2] = { { "npstoday_tags", "" },
		{ "nps_last_score", "9" }, { NULL, NULL } };
	const struct hs_record records[] = { { "101", tags },
		{ "5790939450", none } };

	(void)state;
	assert_string_equal(hs_read_body(arena, ids, 2, "npstoday_tags"),
	    "{\"inputs\":[{\"id\":\"101\"},{\"id\":\"5790939450\"}],"
	    "\"properties\":[\"npstoday_tags\"]}");
	assert_string_equal(hs_update_body(arena, records, 2),
	    "{\"inputs\":[{\"id\":\"101\",\"properties\":{\"npstoday_tags\":"
	    "\"NPSToday.Møde.9;A \\\"b\\\"\"}},{\"id\":\"5790939450\","
	    "\"properties\":{\"npstoday_tags\":\"\",\"nps_last_score\":"
	    "\"9\"}}]}");
}

/* ---- answers ------------------------------------------------------------- */
static const char *const tag_pair[][2] = { { "npstoday_tags", "A;B" },
	{ NULL, NULL } };
static const struct hs_record cards[] = { { "101", tag_pair },
	{ "102", tag_pair }, { "103", tag_pair } };
static struct put_result results[3];
static bool unnamed[3];
static struct hs_refusal refusal;

/* "done gone unknown", and '?' for what goes again. */
static const char *
read_update(const char *answer)
{
	static const char *const words[] = { "done", "unchanged", "gone",
		"rejected", "conflict", "again", "unknown", "denied" };

	memset(results, 0, sizeof(results));
	refusal = (struct hs_refusal){ 0 };
	const size_t n = hs_update_read(parsed(answer), cards, 3, results,
	    unnamed, &refusal);
	assert_int_equal(n, unnamed[0] + unnamed[1] + unnamed[2]);
	return arena_printf(arena, "%s%s %s%s %s%s", words[results[0].outcome],
	    unnamed[0] ? "?" : "", words[results[1].outcome],
	    unnamed[1] ? "?" : "", words[results[2].outcome],
	    unnamed[2] ? "?" : "");
}

#define ROW(id) "{'id':'" id "','properties':{}}"
#define REFUSED(category, id) "{'status':'error','category':'" category \
	"','message':'hans@example.com said so','context':{'ids':['" id "']}}"

/* HS-07, HS-08: 207 and 200 with errors are read by record. */
static void
test_answer_by_record(void **state)
{
	(void)state;
	assert_string_equal(read_update("{'status':'COMPLETE','results':["
	    ROW("103") "," ROW("101") "," ROW("102") "]}"), "done done done");
	assert_string_equal(read_update("{'status':'COMPLETE','results':["
	    ROW("103") "," ROW("101") "],'numErrors':1,'errors':["
	    REFUSED("VALIDATION_ERROR", "102") "]}"), "done rejected done");
	assert_string_equal(results[1].reason, "VALIDATION_ERROR");
	assert_string_equal(read_update("{'results':[" ROW("101") "],'errors':["
	    REFUSED("OBJECT_NOT_FOUND", "102") "," REFUSED("RATE_LIMITS", "103")
	    "]}"), "done gone again");
	/* An error counts more than a row. */
	assert_string_equal(read_update("{'results':[" ROW("101") "," ROW("102")
	    "," ROW("103") "],'errors':[" REFUSED("MISSING_SCOPES", "101")
	    "]}"), "denied done done");
}

/* One that the answer does not name was not written for sure. */
static void
test_answer_says_nothing(void **state)
{
	(void)state;
	assert_string_equal(read_update("{'status':'COMPLETE','results':["
	    ROW("101") "]}"), "done unknown unknown");
	assert_string_equal(read_update("{}"), "unknown unknown unknown");
	assert_string_equal(read_update("[]"), "unknown unknown unknown");
	assert_string_equal(read_update("{'status':'PENDING','results':[]}"),
	    "unknown unknown unknown");
	assert_string_equal(read_update("{'status':'COMPLETE','results':7}"),
	    "unknown unknown unknown");
	/* Whole, it says, and names nobody. */
	assert_string_equal(read_update("{'status':'COMPLETE','results':[]}"),
	    "unknown unknown unknown");
	assert_string_equal(read_update("{'status':'COMPLETE','results':[],"
	    "'numErrors':1}"), "rejected? rejected? rejected?");
}

/* An error without a record may be of any of those left. */
static void
test_error_without_a_record(void **state)
{
	(void)state;
	assert_string_equal(read_update("{'results':[" ROW("102") "],'errors':["
	    "{'category':'VALIDATION_ERROR','message':'no'}]}"),
	    "rejected? done rejected?");
	assert_string_equal(read_update("{'results':[],'errors':["
	    REFUSED("VALIDATION_ERROR", "102") ","
	    "{'category':'RATE_LIMITS'}]}"), "again rejected again");
	assert_string_equal(read_update("{'results':[],'numErrors':2,'errors':"
	    "[{'category':'OBJECT_NOT_FOUND','context':{'ids':['9','x']}}]}"),
	    "gone? gone? gone?");
}

static const char *
words_of(const char *error)
{
	static const char *const sent[][2] = { { "npstoday_tags", "A" },
		{ "nps_last_score", "9" }, { NULL, NULL } };

	hs_refusal_read(parsed(error), sent, &refusal);
	return refusal.words;
}

/* HS-16: which property it was, and never a word that a person wrote. */
static void
test_words(void **state)
{
	(void)state;
	assert_string_equal(words_of("{'category':'VALIDATION_ERROR','message':"
	    "'Property values were not valid: [{\\'isValid\\':false,\\'error\\':"
	    "\\'INVALID_OPTION\\',\\'name\\':\\'npstoday_tags\\'}] of Hans'}"),
	    "VALIDATION_ERROR, property npstoday_tags, INVALID_OPTION");
	assert_string_equal(words_of("{'category':'VALIDATION_ERROR','errors':["
	    "{'message':'Hans','code':'PROPERTY_DOESNT_EXIST','context':"
	    "{'propertyName':['old_name']}}]}"),
	    "VALIDATION_ERROR, property old_name, PROPERTY_DOESNT_EXIST");
	assert_true(refusal.config);
	assert_string_equal(words_of("{'category':'VALIDATION_ERROR','errors':["
	    "{'in':'phone','message':'+45 12345678 is none'}]}"),
	    "VALIDATION_ERROR, property phone");
	assert_false(refusal.config);
	assert_string_equal(words_of("{'category':'Hans Hansen','message':"
	    "'my_npstoday_tags and nps_last_score2'}"), "H");
	assert_string_equal(words_of("{'category':7,'errors':{},'context':[]}"),
	    "refused without a reason");
	assert_int_equal(refusal.outcome, PUT_REJECTED);
}

/* ---- choices ------------------------------------------------------------- */
#define PROPERTY(options) "{'name':'npstoday_tags','type':'enumeration'," \
	"'fieldType':'checkbox','options':" options "}"

/* HS-11: all that are there stay, in their order, hidden ones too. */
static void
test_choices_are_kept(void **state)
{
	static const char *const tags[] = { "NPSToday.Møde.9", "B" };
	json_t *p = parsed(PROPERTY("[{'label':'Zulu','value':'z','hidden':true,"
	    "'displayOrder':7,'description':'old','x':1},"
	    "{'label':'A','value':'A'}]"));
	const char *body;

	(void)state;
	assert_true(hs_choices_body(arena, p, tags, 2, &body, &err));
	assert_string_equal(body, "{\"options\":["
	    "{\"label\":\"Zulu\",\"value\":\"z\",\"hidden\":true,"
	    "\"displayOrder\":7,\"description\":\"old\"},"
	    "{\"label\":\"A\",\"value\":\"A\",\"hidden\":false},"
	    "{\"label\":\"NPSToday.Møde.9\",\"value\":\"NPSToday.Møde.9\","
	    "\"hidden\":false,\"displayOrder\":8},"
	    "{\"label\":\"B\",\"value\":\"B\",\"hidden\":false,"
	    "\"displayOrder\":9}]}");
	assert_true(hs_property_offers(p, "z"));
	assert_false(hs_property_offers(p, "Zulu"));
	assert_false(hs_property_offers(p, "a"));
}

/* A list that cannot be read would be lost. */
static void
test_choices_that_cannot_be_read(void **state)
{
	static const char *const odd[] = { PROPERTY("null"), PROPERTY("{}"),
		PROPERTY("[{'label':'A'}]"), PROPERTY("[7]"),
		PROPERTY("[{'label':'A','value':9}]"), "{}" };
	static const char *const tags[] = { "B" };
	const char *body;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(odd); i++) {
		assert_false(hs_choices_body(arena, parsed(odd[i]), tags, 1,
		    &body, &err));
		assert_int_equal(err.kind, ERR_PROTOCOL);
		assert_null(body);
	}
}

static void
test_too_many_choices(void **state)
{
	const char **tags = arena_array(arena, HS_CHOICES_MAX, sizeof(*tags));
	json_t *p = parsed(PROPERTY("[{'label':'A','value':'A'}]"));
	const char *body;

	(void)state;
	for (size_t i = 0; i < HS_CHOICES_MAX; i++)
		tags[i] = arena_printf(arena, "t%zu", i);
	assert_true(hs_choices_body(arena, p, tags, HS_CHOICES_MAX - 1, &body,
	    &err));
	assert_false(hs_choices_body(arena, p, tags, HS_CHOICES_MAX, &body,
	    &err));
	assert_int_equal(err.kind, ERR_CONFIG);
}

/* ---- properties ---------------------------------------------------------- */
static void
test_property_bodies(void **state)
{
	(void)state;
	assert_string_equal(hs_property_body(arena, "npstoday_tags", "NPSToday",
	    HS_KIND_CHOICES, "NPSToday.NoSend"), "{\"name\":\"npstoday_tags\","
	    "\"label\":\"NPSToday\",\"type\":\"enumeration\",\"fieldType\":"
	    "\"checkbox\",\"groupName\":\"contactinformation\",\"options\":["
	    "{\"label\":\"NPSToday.NoSend\",\"value\":\"NPSToday.NoSend\","
	    "\"hidden\":false,\"displayOrder\":0}]}");
	assert_string_equal(hs_property_body(arena, "t", "T", HS_KIND_LONG_TEXT,
	    "x"), "{\"name\":\"t\",\"label\":\"T\",\"type\":\"string\","
	    "\"fieldType\":\"textarea\",\"groupName\":\"contactinformation\"}");
	assert_string_equal(hs_property_body(arena, "s", "S", HS_KIND_NUMBER,
	    NULL), "{\"name\":\"s\",\"label\":\"S\",\"type\":\"number\","
	    "\"fieldType\":\"number\",\"groupName\":\"contactinformation\"}");
	assert_non_null(strstr(hs_property_body(arena, "n", "N", HS_KIND_FLAG,
	    NULL), "\"type\":\"bool\",\"fieldType\":\"booleancheckbox\","
	    "\"groupName\":\"contactinformation\",\"options\":[{\"label\":"
	    "\"Yes\",\"value\":\"true\",\"hidden\":false,\"displayOrder\":0},"
	    "{\"label\":\"No\",\"value\":\"false\","));
}

static void
test_property_faults(void **state)
{
	json_t *text = parsed("{'type':'string','fieldType':'textarea'}");
	json_t *number = parsed("{'type':'number','fieldType':'number'}");
	json_t *radio = parsed("{'type':'enumeration','fieldType':'radio'}");
	json_t *kept = parsed("{'type':'string','fieldType':'text',"
	    "'modificationMetadata':{'readOnlyValue':true}}");

	(void)state;
	assert_null(hs_property_fault(arena, text, HS_KIND_LONG_TEXT));
	assert_null(hs_property_fault(arena, text, HS_KIND_DATE));
	assert_null(hs_property_fault(arena, number, HS_KIND_NUMBER));
	assert_null(hs_property_fault(arena, radio, HS_KIND_FLAG));
	assert_string_equal(hs_property_fault(arena, number, HS_KIND_TEXT),
	    "is of type number/number, not single-line text (string)");
	assert_string_equal(hs_property_fault(arena, radio, HS_KIND_CHOICES),
	    "is of type enumeration/radio, not multiple checkboxes "
	    "(enumeration)");
	assert_string_equal(hs_property_fault(arena, NULL, HS_KIND_DATE),
	    "is of type ?/?, not date picker (date)");
	assert_string_equal(hs_property_fault(arena, kept, HS_KIND_TEXT),
	    "is kept by HubSpot itself and cannot be written");
}

/* A day is the tenant's: 23:30 UTC is tomorrow in Copenhagen. */
static void
test_values(void **state)
{
	static const struct { const char *type; bool epoch; const char *text,
		*want; } cases[] = {
		{ "date", false, "2026-11-24T23:30:00Z", "2026-11-25" },
		{ "date", true, "2026-11-24T23:30:00Z", "1795564800000" },
		{ "date", false, "2026-11-24", "2026-11-24" },
		{ "date", false, "soon", "soon" },
		{ "datetime", false, "2026-11-25", "2026-11-24T23:00:00Z" },
		{ "string", false, "2026-11-25", "2026-11-25" },
		{ "number", false, "9", "9" },
		{ "bool", false, "yes", "true" }, { "bool", false, "no", "false" },
		{ "bool", false, "", "" }, { "number", false, NULL, "" } };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		assert_string_equal(hs_value_text(arena, cases[i].type,
		    "Europe/Copenhagen", cases[i].epoch, cases[i].text),
		    cases[i].want);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown_docs)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_bisection_isolates_each),
		CASE(test_bisection_ends), CASE(test_parts_keep_their_order),
		CASE(test_names), CASE(test_bodies),
		CASE(test_answer_by_record), CASE(test_answer_says_nothing),
		CASE(test_error_without_a_record), CASE(test_words),
		CASE(test_choices_are_kept),
		CASE(test_choices_that_cannot_be_read),
		CASE(test_too_many_choices), CASE(test_property_bodies),
		CASE(test_property_faults), CASE(test_values) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
