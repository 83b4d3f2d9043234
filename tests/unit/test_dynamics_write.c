/*
 * What the dynamics driver makes of a value: lengths, types, bodies.  Pure.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "common/units.h"
#include "dynamics/writer.h"

#define MORE "\342\200\246"

static struct arena *arena;

static int
set_up(void **state)
{
	(void)state;
	arena = arena_new((size_t)1 << 22);
	return arena == NULL ? -1 : 0;
}

static int
tear_down(void **state)
{
	(void)state;
	arena_free(arena);
	return 0;
}

static void
test_cut(void **state)
{
	static const struct {
		const char *text;
		size_t units, max;
		const char *expect;
	} cases[] = {
		{ "", 0, 3, "" },
		{ "abc", 3, 3, "abc" },
		{ "abcd", 4, 3, "ab" MORE },
		{ "abcd", 4, 0, "abcd" },
		{ "\303\246\303\270\303\245\303\246", 4, 3,
		    "\303\246\303\270" MORE },
		/* Beyond the BMP: two units, never half of it. */
		{ "\360\237\230\200\360\237\230\200", 4, 4,
		    "\360\237\230\200\360\237\230\200" },
		{ "\360\237\230\200\360\237\230\200", 4, 3,
		    "\360\237\230\200" MORE },
		{ "\360\237\230\200\360\237\230\200", 4, 2, MORE },
		{ "\342\202\254uro", 4, 2, "\342\202\254" MORE },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		assert_int_equal(units_count(cases[i].text), cases[i].units);
		const char *cut = units_cut(arena, cases[i].text, cases[i].max);
		assert_string_equal(cut, cases[i].expect);
		if (cases[i].max > 0)
			assert_true(units_count(cut) <= cases[i].max);
	}
}

/* expect NULL: refused. */
static void
test_values(void **state)
{
	static const struct {
		enum column_type type;
		const char *text, *expect;
	} cases[] = {
		{ COLUMN_TEXT, "8.3", "\"8.3\"" },
		{ COLUMN_TEXT, "a\"\\\n\303\270", "\"a\\\"\\\\\\n\303\270\"" },
		{ COLUMN_TEXT, "", "null" },
		{ COLUMN_TEXT, NULL, "null" },
		{ COLUMN_TEXT, "123456789", "\"1234567" MORE "\"" },
		{ COLUMN_INTEGER, "9", "9" },
		{ COLUMN_INTEGER, "8.3", NULL },
		{ COLUMN_INTEGER, "9,\"x\":1", NULL },
		{ COLUMN_INTEGER, "99999999999", NULL },
		{ COLUMN_INTEGER, "", "null" },
		{ COLUMN_DECIMAL, "8.3", "8.3" },
		{ COLUMN_DECIMAL, "10", "10" },
		{ COLUMN_DECIMAL, "8,3", NULL },
		{ COLUMN_DECIMAL, "nan", NULL },
		{ COLUMN_DATE, "2026-11-24", "\"2026-11-24\"" },
		{ COLUMN_DATE, "2026-11-24T23:30:00Z", "\"2026-11-25\"" },
		{ COLUMN_DATE, "i g\303\245r", NULL },
		{ COLUMN_DATE, "2026-02-30", NULL },
		{ COLUMN_TIME, "2026-07-01", "\"2026-06-30T22:00:00Z\"" },
		{ COLUMN_TIME, "2026-11-24T18:05:09Z",
		    "\"2026-11-24T18:05:09Z\"" },
		{ COLUMN_FLAG, "2026-11-24", "true" },
		{ COLUMN_FLAG, "", "false" },
		{ COLUMN_FLAG, NULL, "false" },
		{ COLUMN_OTHER, "x", NULL },
		{ COLUMN_OTHER, "", "null" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const struct column c = { .name = "npt_x", .word = "W",
			.type = cases[i].type, .chars = 8 };
		const char *json = NULL;
		struct err err = { .kind = ERR_NONE };
		const bool ok = value_json(arena, &c, "Europe/Copenhagen",
		    cases[i].text, &json, &err);
		if (ok != (cases[i].expect != NULL))
			fail_msg("%zu: %s %s", i, ok ? json : "-", err.msg);
		if (ok)
			assert_string_equal(json, cases[i].expect);
		else
			assert_int_equal(err.kind, ERR_REJECTED);
	}
}

static void
test_definitions(void **state)
{
	static const struct {
		const char *json;
		bool ok;
		enum column_type type;
		size_t chars;
		bool read_only;
	} cases[] = {
		{ "{\"AttributeType\":\"String\",\"MaxLength\":100,"
		    "\"IsValidForUpdate\":true}", true, COLUMN_TEXT, 100,
		    false },
		{ "{\"AttributeType\":\"Memo\",\"MaxLength\":4000}", true,
		    COLUMN_TEXT, 4000, false },
		{ "{\"AttributeType\":\"Money\",\"IsValidForUpdate\":false}",
		    true, COLUMN_DECIMAL, 0, true },
		{ "{\"AttributeType\":\"DateTime\",\"DateTimeBehavior\":"
		    "{\"Value\":\"UserLocal\"},\"Format\":\"DateOnly\"}", true,
		    COLUMN_TIME, 0, false },
		{ "{\"AttributeType\":\"DateTime\",\"DateTimeBehavior\":"
		    "{\"Value\":\"DateOnly\"}}", true, COLUMN_DATE, 0, false },
		{ "{\"AttributeType\":\"Picklist\",\"MaxLength\":-1}", true,
		    COLUMN_OTHER, 0, false },
		{ "{\"value\":[]}", false, COLUMN_OTHER, 0, false },
		{ "[]", false, COLUMN_OTHER, 0, false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct json_doc *doc = NULL;
		struct err err;
		struct column c = { .name = "x", .word = "" };
		assert_true(json_parse(cases[i].json, strlen(cases[i].json),
		    &doc, &err));
		assert_int_equal(column_read(json_root(doc), arena, &c),
		    cases[i].ok);
		assert_int_equal(c.type, cases[i].type);
		assert_int_equal(c.chars, cases[i].chars);
		assert_int_equal(c.read_only, cases[i].read_only);
		json_free(doc);
	}
}

static void
test_bodies(void **state)
{
	struct body b;

	(void)state;
	body_begin(&b, arena);
	assert_string_equal(body_end(&b), "{}");
	body_begin(&b, arena);
	body_text(&b, "a", NULL);
	body_bind(&b, "npt_Contact", "contacts", "1");
	body_text(&b, "b", "\"");
	body_json(&b, "c", "8.3");
	assert_string_equal(body_end(&b), "{\"npt_Contact@odata.bind\":"
	    "\"/contacts(1)\",\"b\":\"\\\"\",\"c\":8.3}");
}

/* An address has "://" behind its scheme; a filter may hold it anywhere. */
static void
test_targets(void **state)
{
	static const struct {
		const char *target, *full;
	} cases[] = {
		{ "contacts(1)", "/api/contacts(1)" },
		{ "https://x/y?z", "https://x/y?z" },
		{ "contacts?$filter=a eq 'b://c'",
		    "/api/contacts?$filter=a eq 'b://c'" },
		{ "rows(key='b://c')", "/api/rows(key='b://c')" },
	};
	const struct dynamics d = { .path = "/api/" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		assert_string_equal(dynamics_target(&d, arena,
		    cases[i].target), cases[i].full);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_definitions),
		cmocka_unit_test(test_bodies),
		cmocka_unit_test(test_targets),
	};

	return cmocka_run_group_tests_name("dynamics_write", tests, set_up,
	    tear_down);
}
