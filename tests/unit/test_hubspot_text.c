/*
 * HubSpot's values: each property is a text or null; ids beyond 53 bits; what a
 * stage's words mean; the pause that a limit needs.  HS-nn: the pitfall's number.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "hubspot/reading.h"

static struct arena *arena;

static int
setup(void **state)
{
	(void)state;
	arena = arena_new(1 << 20);
	return arena == NULL;
}

static int
teardown(void **state)
{
	(void)state;
	arena_free(arena);
	return 0;
}

static struct json_doc *
parse(const char *text)
{
	struct json_doc *doc = NULL;
	struct err err;

	if (!json_parse(text, strlen(text), &doc, &err))
		fail_msg("%s: %s", text, err.msg);
	return doc;
}

/* HS-05 */
static void
test_times(void **state)
{
	static const struct { const char *text; time_t at; } all[] = {
		{ "2026-11-24T10:00:00Z", 1795514400 },
		{ "2026-11-24T10:00:00.123Z", 1795514400 },
		{ "2026-11-24T11:00:00+01:00", 1795514400 },
		{ "1795514400000", 1795514400 }, { "1795514400999", 1795514400 },
		{ "2026-11-24", 1795478400 }, { "", NO_TIME }, { "3.0", NO_TIME },
		{ "true", NO_TIME }, { "0", NO_TIME }, { "-1", NO_TIME },
		{ "1795514400", NO_TIME }, { "99999999999999999999", NO_TIME },
		{ NULL, NO_TIME } };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		assert_int_equal(hs_time(all[i].text), all[i].at);
}

/* HS-06 */
static void
test_ids(void **state)
{
	static const struct { const char *json, *id; } all[] = {
		{ "{\"id\":\"512\"}", "512" }, { "{\"id\":512}", "512" },
		{ "{\"id\":5790939450}", "5790939450" },
		{ "{\"id\":9007199254740993}", "9007199254740993" },
		{ "{\"id\":\"9223372036854775807\"}", "9223372036854775807" },
		{ "{\"id\":5.5}", NULL }, { "{\"id\":-1}", NULL },
		{ "{\"id\":\"\"}", NULL }, { "{\"id\":\"../x\"}", NULL },
		{ "{\"id\":\"123456789012345678901\"}", NULL },
		{ "{\"id\":true}", NULL }, { "{\"id\":null}", NULL },
		{ "{\"id\":{}}", NULL }, { "{}", NULL }, { "[]", NULL } };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		struct json_doc *doc = parse(all[i].json);
		const char *id = hs_id(json_root(doc), "id", arena);
		if (all[i].id == NULL ? id != NULL : id == NULL ||
		    strcmp(id, all[i].id) != 0)
			fail_msg("%s: %s", all[i].json, id == NULL ? "-" : id);
		json_free(doc);
	}
}

static void
test_stages_of_deals(void **state)
{
	static const struct { const char *p, *closed; enum hs_kind kind; } all[] =
	    {
		{ "1.0", "true", HS_WON }, { "1", NULL, HS_WON },
		{ "1.0", "false", HS_OPEN }, { "0.0", "true", HS_LOST },
		{ "0", "TRUE", HS_LOST }, { "0.0", "false", HS_OPEN },
		{ "0.0", NULL, HS_OPEN }, { "0.9", "true", HS_OPEN },
		{ NULL, "true", HS_OPEN }, { "", "true", HS_OPEN },
		{ "won", "true", HS_OPEN }, { "2", "true", HS_OPEN } };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		assert_int_equal(hs_deal_kind(all[i].p, all[i].closed),
		    all[i].kind);
}

static void
test_meetings_held(void **state)
{
	static const char *const held[] = { "COMPLETED" };
	static const char *const not[] = { "CANCELED", "NO_SHOW" };
	static const struct hs_settings set = {
		.meeting_outcomes = { held, 1 }, .meeting_not_held = { not, 2 } };

	(void)state;
	assert_int_equal(hs_meeting_held(&set, "completed", 200, 100), HS_HELD);
	assert_int_equal(hs_meeting_held(&set, "NO_SHOW", 50, 100),
	    HS_NOT_HELD);
	assert_int_equal(hs_meeting_held(&set, NULL, 100, 100), HS_HELD);
	assert_int_equal(hs_meeting_held(&set, "SCHEDULED", 101, 100),
	    HS_NOT_YET);
	assert_int_equal(hs_meeting_held(&set, NULL, NO_TIME, 100), HS_NOT_YET);
}

/* HS-09, HS-10 */
static void
test_pauses(void **state)
{
	static const struct { long status; const char *body; long ms; } all[] = {
		{ 429, "{\"policyName\":\"SECONDLY\"}", 1000 },
		{ 429, "{\"policyName\":\"TEN_SECONDLY_ROLLING\"}", 10000 },
		{ 429, "{\"policyName\":\"daily\"}", -1 },
		{ 429, "{\"policyName\":7,\"message\":\"the DAILY LIMIT\"}", -1 },
		{ 429, "{\"policyName\":\"NEW\"}", 10000 },
		{ 429, "<html>", 10000 }, { 429, "[]", 10000 },
		{ 423, "", 2000 }, { 401, "", -1 }, { 530, "", -1 },
		{ 503, "{\"policyName\":\"DAILY\"}", 0 }, { 200, "{}", 0 } };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		assert_int_equal(hs_pause_ms(&(struct http_res){ .status =
		    all[i].status, .body = all[i].body,
		    .body_len = strlen(all[i].body) }), all[i].ms);
}

static void
test_columns_once(void **state)
{
	static const char *const names[] = { "a", "", "b", "a" };
	const char *const *out = hs_columns(arena, names, ARRAY_LEN(names));

	(void)state;
	assert_string_equal(out[0], "a");
	assert_string_equal(out[1], "b");
	assert_null(out[2]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_times, setup, teardown),
		cmocka_unit_test_setup_teardown(test_ids, setup, teardown),
		cmocka_unit_test_setup_teardown(test_stages_of_deals, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(test_meetings_held, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(test_pauses, setup, teardown),
		cmocka_unit_test_setup_teardown(test_columns_once, setup,
		    teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
