/*
 * JSON of NPS.Today to structs, and the shared field helpers.  Numbers P1..P22
 * are the pitfalls of the contract.
 */
#include "../exchange/npstoday/rig.h"

#include "common/fieldmap.h"
#include "json.h"

struct mapping {
	struct rig rig;
	struct json_doc *doc;
	struct survey_answer a;
	struct mapped m;
	bool ok;
};

static void
map_answer(struct mapping *t, const char *conf, const char *text)
{
	rig_settings(&t->rig, "https://api.nps.today", conf);
	if (!json_parse(text, strlen(text), &t->doc, &t->rig.err))
		fail_msg("%s: %s", text, t->rig.err.msg);
	t->ok = npstoday_map_answer(&t->rig.set, json_root(t->doc),
	    t->rig.arena, &t->a, &t->m);
}

static void
map_end(struct mapping *t)
{
	json_free(t->doc);
	rig_close(&t->rig);
}

static void
assert_text(const char *got, const char *want)
{
	if (want == NULL)
		assert_null(got);
	else if (got == NULL)
		fail_msg("expected \"%s\", got nothing", want);
	else
		assert_string_equal(got, want);
}

static const char camel[] =
    "{\"id\":406359,\"rating\":6,"
    "\"ratingTime\":\"2026-11-20T09:34:56.7821525+00:00\","
    "\"userComment\":\"Godt møde\","
    "\"commentTime\":\"2026-11-20T10:00:00+00:00\","
    "\"surveySendTime\":\"2026-11-19T07:00:00.0000000+00:00\","
    "\"campaignId\":7749,\"campaignName\":\"Case Closed - DK\","
    "\"campaignMemberId\":1450001,\"doNotContact\":false,"
    "\"respondent\":{\"id\":88,\"emailAddress\":\"john@example.com\","
    "\"phoneNumber\":null,\"active\":true,\"externalId\":\"crm:9001\"}}";
/* P13: both spellings of the scheduled time, members nobody knows. */
static const char pascal[] =
    "{\"Id\":406359,\"Rating\":6,"
    "\"RatingTime\":\"2026-11-20T09:34:56.7821525+00:00\","
    "\"UserComment\":\"Godt møde\","
    "\"CommentTime\":\"2026-11-20T10:00:00+00:00\","
    "\"SurveyScheduleTime\":\"x\",\"SurveyScheduledTime\":\"y\","
    "\"CampaignId\":7749,\"CampaignName\":\"Case Closed - DK\","
    "\"CampaignMemberId\":1450001,\"Unknown\":{\"a\":[1]},"
    "\"Respondent\":{\"Id\":88,\"EmailAddress\":\"john@example.com\","
    "\"Active\":true,\"ExternalId\":\"crm:9001\"}}";

static void
test_answer_whole(void **state)
{
	static const char *const texts[] = { camel, pascal };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		struct mapping t;

		map_answer(&t, "", texts[i]);
		assert_true(t.ok);
		assert_string_equal(t.a.answer_id, "406359");
		assert_int_equal(t.a.score, 6);
		assert_string_equal(t.a.comment, "Godt møde");
		assert_string_equal(t.a.campaign_id, "7749");
		assert_string_equal(t.a.campaign, "Case Closed - DK");
		assert_string_equal(t.a.remote_id, "1450001");
		assert_string_equal(t.a.email, "john@example.com");
		assert_null(t.a.phone);
		assert_string_equal(t.a.contact_id, "crm:9001");
		assert_null(t.a.ref);
		assert_int_equal(t.a.answered_at,
		    rig_time("2026-11-20T09:34:56Z"));
		assert_int_equal(t.a.changed_at,
		    rig_time("2026-11-20T10:00:00Z"));
		assert_string_equal(t.m.mark, "2026-11-20T10:00:00+00:00");
		assert_false(t.a.opted_out || t.a.anonymised || t.m.skip);
		map_end(&t);
	}
}

/* P10 */
static void
test_scores(void **state)
{
	static const struct {
		const char *text;
		int score;
	} cases[] = { { "0", 0 }, { "10", 10 }, { "\"9\"", 9 }, { "9.0", 9 },
		{ "10.0", 10 }, { "1e1", 10 }, { "\"10\"", 10 }, { "7.5", -1 },
		{ "false", -1 },
		{ "null", -1 }, { "-1", -1 }, { "11", -1 }, { "9.5", -1 },
		{ "\"9.5\"", -1 }, { "\"\"", -1 }, { "\" 9\"", -1 },
		{ "true", -1 }, { "[9]", -1 }, { "1e300", -1 },
		{ "10.0000001", -1 }, { "\"11\"", -1 } };
	char text[80];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct mapping t;

		snprintf(text, sizeof(text), "{\"id\":1,\"rating\":%s}",
		    cases[i].text);
		map_answer(&t, "", text);
		assert_true(t.ok);
		if (t.a.score != cases[i].score)
			fail_msg("%s: %d", text, t.a.score);
		/* What stands there and is no score is told. */
		const bool told = cases[i].score < 0 &&
		    strcmp(cases[i].text, "null") != 0 &&
		    strcmp(cases[i].text, "\"\"") != 0;
		if (told != (strncmp(t.m.reason, "score: ", 7) == 0))
			fail_msg("%s: \"%s\"", text, t.m.reason);
		map_end(&t);
	}
}

/* P12 */
static void
test_times(void **state)
{
	static const struct {
		const char *text, *zone, *utc;
	} cases[] = {
		{ "2026-11-20T09:34:56Z", "UTC", "2026-11-20T09:34:56Z" },
		{ "2026-11-20T09:34:56.782Z", "UTC", "2026-11-20T09:34:56Z" },
		{ "2026-11-20T09:34:56.7821525+00:00", "UTC",
		    "2026-11-20T09:34:56Z" },
		{ "2026-11-20T09:34:56.999999999+02:00", "UTC",
		    "2026-11-20T07:34:56Z" },
		{ "2026-11-20T09:34:56", "UTC", "2026-11-20T09:34:56Z" },
		{ "2026-07-20T09:34:56", "Europe/Copenhagen",
		    "2026-07-20T07:34:56Z" },
		{ "2026-07-20 09:34:56.12", "Europe/Copenhagen",
		    "2026-07-20T07:34:56Z" },
	};
	char text[120], conf[80];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct mapping t;

		snprintf(conf, sizeof(conf), "responses = { zone = \"%s\"; };",
		    cases[i].zone);
		snprintf(text, sizeof(text),
		    "{\"id\":1,\"rating\":1,\"ratingTime\":\"%s\"}",
		    cases[i].text);
		map_answer(&t, conf, text);
		assert_true(t.ok);
		assert_int_equal(t.a.answered_at, rig_time(cases[i].utc));
		assert_string_equal(t.m.mark, cases[i].text);
		map_end(&t);
	}
}

static void
test_unreadable(void **state)
{
	static const struct {
		const char *text, *reason;
	} cases[] = {
		{ "[]", "answer: expected an object" },
		{ "{\"rating\":1}", "id: expected a number or a text" },
		{ "{\"id\":null,\"rating\":1}",
		    "id: expected a number or a text" },
		{ "{\"id\":{\"a\":1}}", "id: expected a number or a text" },
		{ "{\"id\":1,\"ratingTime\":\"20.11.2026\"}",
		    "ratingTime: expected a time as ISO 8601" },
		{ "{\"id\":1,\"commentTime\":1795420800}",
		    "commentTime: expected a time as ISO 8601" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct mapping t;

		map_answer(&t, "", cases[i].text);
		assert_false(t.ok);
		assert_string_equal(t.m.reason, cases[i].reason);
		map_end(&t);
	}
}

/* P16, P17 and whose answer it is. */
static void
test_person(void **state)
{
#define R(more) "{\"id\":1,\"respondent\":{" more "}}"
	static const struct {
		const char *conf, *text;
		bool opted_out, anonymised;
		const char *email, *contact_id, *ref;
	} cases[] = {
		{ "", R("\"active\":false,\"emailAddress\":\"a@b.dk\""),
		    true, false, "a@b.dk", NULL, NULL },
		{ "", R("\"active\":true"), false, false, NULL, NULL, NULL },
		{ "", "{\"id\":1,\"doNotContact\":true,"
		      "\"emailAddress\":\"a@b.dk\"}",
		    true, false, "a@b.dk", NULL, NULL },
		{ "", "{\"id\":1,\"doNotContact\":\"True\"}",
		    true, false, NULL, NULL, NULL },
		{ "unsubscribes = { from_responses = false; };",
		    R("\"active\":false"), false, false, NULL, NULL, NULL },
		{ "", R("\"firstName\":\"Anonymous\",\"lastName\":null,"
			"\"emailAddress\":\"0f8fad5b@npst-anon.dk\","
			"\"externalId\":\"crm:1\",\"phoneNumber\":\"+45\""),
		    false, true, NULL, NULL, NULL },
		{ "", R("\"emailAddress\":\"x@NPSTODAY.dk\""),
		    false, true, NULL, NULL, NULL },
		{ "responses = { anonymous_email_match = \"\"; };",
		    R("\"emailAddress\":\"x@npstoday.dk\""),
		    false, false, "x@npstoday.dk", NULL, NULL },
		{ "", R("\"externalId\":4711"), false, false, NULL, "4711",
		    NULL },
		{ "send = { external_id = \"ref\"; };",
		    R("\"externalId\":\"r1\""), false, false, NULL, NULL,
		    "r1" },
		{ "send = { external_id = \"ref\"; };",
		    "{\"id\":1,\"externalId\":\"r1\","
		    "\"custom\":{\"npsync_ref\":\"r2\"}}",
		    false, false, NULL, NULL, "r2" },
		{ "", "{\"id\":1,\"Custom\":"
		      "\"{\\\"npsync_ref\\\":\\\"r3\\\"}\"}",
		    false, false, NULL, NULL, "r3" },
		{ "", "{\"id\":1,\"custom\":\"not json\"}", false, false,
		    NULL, NULL, NULL },
		{ "", "{\"id\":1,\"custom\":{\"npsync_ref\":7}}", false,
		    false, NULL, NULL, NULL },
		{ "send = { external_id = \"ref\"; };",
		    "{\"id\":1,\"externalId\":\"r1\","
		    "\"custom\":{\"npsync_ref\":\"\"}}",
		    false, false, NULL, NULL, "r1" },
	};
#undef R

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct mapping t;

		map_answer(&t, cases[i].conf, cases[i].text);
		assert_true(t.ok);
		if (t.a.opted_out != cases[i].opted_out ||
		    t.a.anonymised != cases[i].anonymised)
			fail_msg("%s", cases[i].text);
		assert_text(t.a.email, cases[i].email);
		assert_text(t.a.contact_id, cases[i].contact_id);
		assert_text(t.a.ref, cases[i].ref);
		if (t.a.anonymised)
			assert_null(t.a.phone);
		map_end(&t);
	}
}

/* P11, the driver's part: names go up as they are, or as their alias. */
static void
test_campaign_names(void **state)
{
	static const char *const names[] = { "v2.0 DK",
		"Kampagne d. 12/02/18", ("Mo\xcc\x88" "de"), "NoSend" };
	char text[120];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		struct mapping t;

		snprintf(text, sizeof(text),
		    "{\"id\":1,\"campaignId\":5,\"campaignName\":\"%s\"}",
		    names[i]);
		map_answer(&t, "", text);
		assert_string_equal(t.a.campaign, names[i]);
		map_end(&t);
		map_answer(&t, "campaign = ( { id = 4; }, { id = 5; "
			       "alias = \"Kort\"; } );", text);
		assert_string_equal(t.a.campaign, "Kort");
		map_end(&t);
	}
}

static void
test_time_write(void **state)
{
	static const struct {
		const char *pattern, *zone, *text;
	} cases[] = {
		{ "%Y-%m-%d %H:%M:%S", "UTC", "2026-11-23 08:05:09" },
		{ "%Y-%m-%d %H:%M:%S", "Europe/Copenhagen",
		    "2026-11-23 09:05:09" },
		{ "iso8601z", "Europe/Copenhagen", "2026-11-23T08:05:09Z" },
		{ "unix", "UTC", "1795421109" },
		{ "%I %p %%", "America/New_York", "03 AM %" },
		{ "%I %p", "Asia/Tokyo", "05 PM" },
	};
	const time_t at = rig_time("2026-11-23T08:05:09Z");
	char out[64];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		assert_true(fieldmap_time_write(out, sizeof(out),
		    cases[i].pattern, cases[i].zone, at));
		assert_string_equal(out, cases[i].text);
	}
	/* Noon and midnight are 12. */
	assert_true(fieldmap_time_write(out, sizeof(out), "%I%p", "UTC",
	    rig_time("2026-11-23T00:30:00Z")));
	assert_string_equal(out, "12AM");
	assert_true(fieldmap_time_write(out, sizeof(out), "%I%p", "UTC",
	    rig_time("2026-11-23T12:30:00Z")));
	assert_string_equal(out, "12PM");
	assert_false(fieldmap_time_write(out, 10, "%Y-%m-%d", "UTC", at));
	assert_false(fieldmap_pattern_valid(""));
	assert_false(fieldmap_pattern_valid("%"));
	assert_false(fieldmap_pattern_valid("%y"));
	assert_true(fieldmap_pattern_valid("%%"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_answer_whole),
		cmocka_unit_test(test_scores),
		cmocka_unit_test(test_times),
		cmocka_unit_test(test_unreadable),
		cmocka_unit_test(test_person),
		cmocka_unit_test(test_campaign_names),
		cmocka_unit_test(test_time_write),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
