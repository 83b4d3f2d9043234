/*
 * JSON of AskNicely to structs, and where a redirect may lead.  AN-1..AN-17 are
 * the pitfalls of the service.
 */
#include "../exchange/asknicely/rig.h"

#include "json.h"

struct mapping {
	struct rig rig;
	struct json_doc *doc;
	struct survey_answer a;
	struct asknicely_row row;
	bool ok;
};

static void
map(struct mapping *t, const char *conf, const char *text)
{
	rig_settings(&t->rig, RIG_BASE, conf);
	if (!json_parse(text, strlen(text), &t->doc, &t->rig.err))
		fail_msg("%s: %s", text, t->rig.err.msg);
	t->ok = asknicely_map_answer(&t->rig.set, json_root(t->doc),
	    t->rig.scratch, &t->a, &t->row);
}

static void
map_end(struct mapping *t)
{
	json_free(t->doc);
	arena_free(t->rig.scratch);
	arena_free(t->rig.arena);
}

/* As the vendor's page shows one, with our fields. */
static const char whole[] = "{ \"response_id\": \"54120\", \"person_id\": "
    "\"54121\", \"contact_id\": \"54121\", \"name\": \"Jane Doe\", \"email\": "
    "\"jane@example.com\", \"answer\": \"8\", \"answerlabel\": \"8\", "
    "\"comment\": \"Godt møde\", \"note\": null, \"status\": \"\", "
    "\"dontcontact\": null, \"sent\": \"1614192119\", \"opened\": "
    "\"1614192119\", \"responded\": \"1614192120\", \"lastemailed\": "
    "\"1614192119\", \"created\": \"1614192119\", \"segment\": \"Moede\", "
    "\"question_type\": \"nps\", \"published\": \"\", \"publishedname\": \"\", "
    "\"npsync_campaign_c\": \"Møde\", \"npsync_ref_c\": \"" RIG_REF "\", "
    "\"npsync_at_c\": \"1614192000\" }";

static void
test_answer_whole(void **state)
{
	struct mapping t;

	(void)state;
	map(&t, "", whole);
	assert_true(t.ok);
	assert_string_equal(t.row.reason, "");
	assert_string_equal(t.row.mark, "2021-02-24T18:42:00Z");
	assert_int_equal(t.row.mark_at, 1614192120);
	assert_string_equal(t.a.answer_id, "54120");
	assert_string_equal(t.a.ref, RIG_REF);
	assert_string_equal(t.a.campaign_id, "Møde");
	assert_string_equal(t.a.campaign, "Møde");
	assert_string_equal(t.a.email, "jane@example.com");
	assert_string_equal(t.a.comment, "Godt møde");
	assert_int_equal(t.a.score, 8);
	assert_int_equal(t.a.answered_at, 1614192120);
	assert_int_equal(t.a.changed_at, 1614192120);
	assert_null(t.a.remote_id);	/* the contact's is no send's */
	assert_null(t.a.contact_id);
	assert_null(t.a.phone);
	assert_false(t.a.opted_out || t.a.anonymised || t.a.wants_contact);
	map_end(&t);
}

/* One answer has one id, however its number is written. */
static void
test_ids(void **state)
{
	static const struct {
		const char *written, *id;	/* NULL: to the quarantine */
	} ids[] = { { "54127", "54127" }, { "\"54127\"", "54127" },
		{ "54127.0", "54127" }, { "\"54127.0\"", "54127" },
		{ "5.4127e4", "54127" }, { "\"54127.000\"", "54127" },
		{ "9007199254740992.0", "9007199254740992" },
		{ "9223372036854775807", "9223372036854775807" },
		{ "\"99999999999999999999999\"", "99999999999999999999999" },
		{ "54127.5", NULL }, { "\"54127.5\"", NULL },
		{ "\"54127.05\"", NULL }, { "1e300", NULL },
		{ "18014398509481985.0", NULL },	/* no double is it */
		{ "null", NULL }, { "\"\"", NULL }, { "[54127]", NULL },
		{ "\"a.0\"", "a.0" }, { "\"7.0.0\"", "7.0.0" },
		{ "\"7.\"", "7." }, { "\".0\"", ".0" },
		{ "\"5-1.0\"", "5-1.0" } };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(ids); i++) {
		struct mapping t;
		char text[160];
		(void)snprintf(text, sizeof(text), "{\"response_id\":%s}",
		    ids[i].written);
		map(&t, "", text);
		const char *id = t.ok ? t.a.answer_id : NULL;
		if ((id == NULL) != (ids[i].id == NULL) ||
		    (id != NULL && strcmp(id, ids[i].id) != 0))
			fail_msg("%s: %s", ids[i].written, id == NULL ? "none"
			    : id);
		map_end(&t);
	}
}

/* A campaign that is a number comes back as another kind of number. */
static void
test_campaign_as_a_real(void **state)
{
	static const char *const written[] = { "7749", "7749.0", "\"7749\"",
		"\"7749.0\"" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(written); i++) {
		struct mapping t;
		char text[160];
		(void)snprintf(text, sizeof(text), "{\"response_id\":1,"
		    "\"npsync_campaign_c\":%s}", written[i]);
		map(&t, "campaign = ( { id = \"7749\"; alias = \"Salg\"; } );",
		    text);
		assert_string_equal(t.a.campaign_id, "7749");
		assert_string_equal(t.a.campaign, "Salg");
		map_end(&t);
	}
}

/* One field of a row, and what becomes of it. */
struct field_case {
	const char *field;	/* instead of "answer":"9","question_type":"nps" */
	int score, told;	/* told: somebody hears of it */
};

static void
fields_run(const struct field_case *cases, size_t n, const char *conf)
{
	for (size_t i = 0; i < n; i++) {
		struct mapping t;
		char text[400];

		(void)snprintf(text, sizeof(text), "{\"response_id\":1,"
		    "\"responded\":\"1614192120\",%s}", cases[i].field);
		map(&t, conf, text);
		assert_true(t.ok);
		if (t.a.score != cases[i].score ||
		    (t.row.reason[0] != '\0') != cases[i].told)
			fail_msg("%s: %d %s", cases[i].field, t.a.score,
			    t.row.reason);
		map_end(&t);
	}
}

#define NPS(value) "\"question_type\":\"nps\",\"answer\":" value
static void
test_an3_scores(void **state)
{
	static const struct field_case cases[] = {
		{ NPS("\"10\""), 10, 0 }, { NPS("\"\""), -1, 0 },
		{ NPS("\"11\""), -1, 1 }, { NPS("null"), -1, 0 },
		{ NPS("\"0\""), 0, 0 }, { NPS("7"), 7, 0 },
		{ NPS("\"-1\""), -1, 1 }, { NPS("\" 9\""), -1, 1 },
		{ NPS("\"9.5\""), -1, 1 }, { NPS("8.5"), -1, 1 },
		{ NPS("\"nine\""), -1, 1 }, { NPS("[9]"), -1, 1 } };

	(void)state;
	fields_run(cases, ARRAY_LEN(cases), "");
}

static void
test_an4_question_types(void **state)
{
	static const struct field_case cases[] = {
		{ "\"answer\":\"5\",\"question_type\":\"csat\"", -1, 0 },
		{ "\"answer\":\"5\",\"question_type\":\"fivestar\"", -1, 0 },
		{ "\"answer\":\"5\",\"question_type\":\"5STAR\"", -1, 0 },
		{ "\"answer\":\"5\",\"question_type\":\"NPS\"", 5, 0 },
		{ "\"answer\":\"5\",\"question_type\":\"\"", -1, 1 },
		{ "\"answer\":\"5\",\"question_type\":null", -1, 1 },
		{ "\"answer\":\"5\"", -1, 1 } };
	static const struct field_case none[] = { { "\"answer\":\"5\"", 5, 0 },
		{ "\"answer\":\"5\",\"question_type\":\"csat\"", -1, 0 } };

	(void)state;
	fields_run(cases, ARRAY_LEN(cases), "");
	fields_run(none, ARRAY_LEN(none),
	    "responses = { question_types = [ \"nps\", \"\" ]; };");
}

/* A field belongs to the contact: an answer to the survey before shows the
 * reference, and the campaign, of the one after. */
static void
test_an15_later_send(void **state)
{
	static const struct {
		const char *conf, *times;
		bool believed;
	} cases[] = {
		{ "", "\"sent\":\"1614192000\",\"responded\":\"1614192100\","
		    "\"npsync_at_c\":\"1614192000\"", true },
		/* The mail is of weeks before, the answer of after the send. */
		{ "", "\"sent\":\"1611500000\",\"responded\":\"1614192100\","
		    "\"npsync_at_c\":\"1614192000\"", false },
		{ "", "\"responded\":\"1611500000\","
		    "\"npsync_at_c\":\"1614192000\"", false },
		/* A day is no proof: sent may be when the delay began. */
		{ "", "\"sent\":\"1614105600\",\"responded\":\"1614192100\","
		    "\"npsync_at_c\":\"1614192000\"", true },
		{ "", "\"sent\":\"1614105599\",\"responded\":\"1614192100\","
		    "\"npsync_at_c\":\"1614192000\"", false },
		{ "", "\"sent\":\"1611500000\",\"responded\":\"1614192100\","
		    "\"npsync_at_c\":\"last week\"", false },
		{ "", "\"sent\":\"1611500000\",\"responded\":\"1614192100\"",
		    true },
		{ "responses = { check_ref_time = false; };",
		    "\"sent\":\"1611500000\",\"responded\":\"1614192100\","
		    "\"npsync_at_c\":\"1614192000\"", true },
		{ "send = { at_field = \"\"; };",
		    "\"sent\":\"1611500000\",\"responded\":\"1614192100\","
		    "\"npsync_at_c\":\"1614192000\"", true },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct mapping t;
		char text[400];

		(void)snprintf(text, sizeof(text), "{\"response_id\":\"1\",%s,"
		    NPS("\"9\"") ",\"npsync_campaign_c\":\"Møde\","
		    "\"npsync_ref_c\":\"" RIG_REF "\"}", cases[i].times);
		map(&t, cases[i].conf, text);
		assert_true(t.ok);
		assert_int_equal(t.a.score, 9);
		if ((t.a.ref != NULL) != cases[i].believed ||
		    (t.a.campaign_id != NULL) != cases[i].believed)
			fail_msg("%zu: %s", i, cases[i].times);
		map_end(&t);
	}
}

static void
test_opt_outs(void **state)
{
	static const struct { const char *value; bool declines; } cases[] = {
		{ "null", false }, { "\"\"", false }, { "\"0\"", false },
		{ "0", false }, { "false", false }, { "\"no\"", false },
		{ "\"1\"", true }, { "true", true }, { "\"1614192119\"", true },
		{ "\"unsubscribed\"", true }, { "1614192119", true },
		{ "{}", true } };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct mapping t;
		char text[200];

		/* Kept though it is foreign and its time is odd. */
		(void)snprintf(text, sizeof(text), "{\"response_id\":\"1\","
		    "\"responded\":\"soon\"," NPS("\"9\"") ","
		    "\"dontcontact\":%s}", cases[i].value);
		map(&t, "responses = { foreign = \"ignore\"; };", text);
		assert_true(t.ok);
		if (t.a.opted_out != cases[i].declines ||
		    t.row.skip == cases[i].declines)
			fail_msg("%s", cases[i].value);
		assert_int_equal(t.a.score, -1);
		assert_non_null(strstr(t.row.reason, "responded"));
		map_end(&t);
	}
}

static void
test_odd_rows(void **state)
{
	static const char *const rows[] = { "7", "null", "[]", "{}",
		"{\"response_id\":null}", "{\"response_id\":\"\"}",
		"{\"response_id\":{}}" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct mapping t;

		map(&t, "", rows[i]);
		assert_false(t.ok);
		assert_non_null(strstr(t.row.reason, "response_id"));
		map_end(&t);
	}
}

static void
test_times(void **state)
{
	static const struct { const char *value; bool ok; time_t at; } cases[] =
	    { { "\"1614192119\"", true, 1614192119 },
		{ "1614192119", true, 1614192119 }, { "\"0\"", true, NO_TIME },
		{ "0", true, NO_TIME }, { "\"\"", true, NO_TIME },
		{ "null", true, NO_TIME }, { "\"-5\"", false, NO_TIME },
		{ "-5", false, NO_TIME }, { "\"2021-02-24\"", false, NO_TIME },
		{ "\"99999999999999\"", false, NO_TIME },
		{ "true", false, NO_TIME }, { "1.5", false, NO_TIME },
		{ "\"14522193485\"", true, 14522193485 } };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct json_doc *doc;
		char text[64];
		time_t at = 1;

		(void)snprintf(text, sizeof(text), "{\"t\":%s}",
		    cases[i].value);
		assert_true(json_parse(text, strlen(text), &doc, NULL));
		if (asknicely_time(json_root(doc), "t", &at) != cases[i].ok ||
		    at != cases[i].at)
			fail_msg("%s: %lld", cases[i].value, (long long)at);
		json_free(doc);
	}
}

/* ---- AN-5: where a redirect may lead -------------------------------------- */

static void
test_an5_may_follow(void **state)
{
	static const char *const allowed[] = { ".amazonaws.com",
		"files.example.com", "files.example.com:8443",
		"127.0.0.1:8080" };
	static const struct strlist hosts = { allowed, ARRAY_LEN(allowed) };
	static const struct { const char *url; bool may; } cases[] = {
		{ "https://b.s3.amazonaws.com/x?y=z", true },
		{ "https://B.S3.AMAZONAWS.COM:443/x", true },
		{ "HTTPS://files.example.com", true },
		{ "https://files.example.com:8443/x", true },
		{ "http://127.0.0.1:8080/x", true },
		{ "http://b.s3.amazonaws.com/x", false },
		{ "http://files.example.com:8443/x", false },
		{ "https://b.s3.amazonaws.com:8443/x", false },
		{ "https://files.example.com:9443/x", false },
		{ "http://127.0.0.1:8081/x", false },
		{ "http://127.0.0.1/x", false },
		{ "https://amazonaws.com/x", false },
		{ "https://.amazonaws.com/x", false },
		{ "https://evilamazonaws.com/x", false },
		{ "https://amazonaws.com.evil.example/x", false },
		{ "https://evil.example/b.s3.amazonaws.com", false },
		{ "https://evil.example?b.s3.amazonaws.com", false },
		{ "https://evil.example#b.s3.amazonaws.com", false },
		{ "https://b.s3.amazonaws.com@evil.example/", false },
		{ "https://user@b.s3.amazonaws.com/", false },
		{ "https://evil.example\\.amazonaws.com/", false },
		{ "https://evil.example .amazonaws.com/", false },
		{ "https://b.s3.amazonaws.com./x", false },
		{ "https://", false }, { "https:///x", false },
		{ "https://:443/x", false }, { "ftp://b.s3.amazonaws.com/x",
		    false }, { "//b.s3.amazonaws.com/x", false },
		{ "/x", false }, { "", false }, { NULL, false },
		{ "https://b.s3.amazonaws.com/\r\nX: y", false } };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct err err = { .kind = ERR_NONE };

		if (asknicely_may_follow(&hosts, cases[i].url, &err) !=
		    cases[i].may)
			fail_msg("%s: %s", cases[i].url, err.msg);
		assert_int_equal(err.kind, cases[i].may ? ERR_NONE
		    : ERR_PROTOCOL);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_answer_whole),
		cmocka_unit_test(test_ids),
		cmocka_unit_test(test_campaign_as_a_real),
		cmocka_unit_test(test_an3_scores),
		cmocka_unit_test(test_an4_question_types),
		cmocka_unit_test(test_an15_later_send),
		cmocka_unit_test(test_opt_outs),
		cmocka_unit_test(test_odd_rows),
		cmocka_unit_test(test_times),
		cmocka_unit_test(test_an5_may_follow),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
