/*
 * Fields of a row by a profile: words, flags, lists, times in each form that
 * services write them in, and paths that match nothing.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "arena.h"
#include "clock.h"
#include "common/marks.h"
#include "json.h"
#include "rest/map.h"

static struct arena *arena;
static struct json_doc *doc;

#define PATHS(...) \
	(&(const struct strlist){ (const char *const[]){ __VA_ARGS__ }, \
	    sizeof((const char *const[]){ __VA_ARGS__ }) / sizeof(char *) })

/* json: with ' for ". */
static struct map
map_of(const char *json, const struct rest_maps *maps)
{
	char text[1024];
	struct err err;

	snprintf(text, sizeof(text), "%s", json);
	for (char *c = text; *c != '\0'; c++)
		if (*c == '\'')
			*c = '"';
	json_free(doc);
	if (!json_parse(text, strlen(text), &doc, &err))
		fail_msg("%s: %s", json, err.msg);
	return (struct map){ .maps = maps, .zone = "Europe/Copenhagen",
		.arena = arena, .row = json_root(doc) };
}

static void
test_words(void **state)
{
	static const struct rest_value_map values[] = {
		{ "relation", "C", "Kunde" }, { "relation", "", "unknown" },
		{ "stage", "*", "other" }, { "stage", "W", "won" },
		{ "owner", "false", "" }, { "trigger", "*", "" },
		{ "trigger", "3", "sale" } };
	const struct rest_maps maps = { .values = { values,
		ARRAY_LEN(values) } };
	static const struct {
		const char *json, *field, *want;
		enum map_word word;
	} cases[] = {
		{ "{'x':'C'}", "relation", "Kunde", MAP_WORD },
		{ "{'x':'c'}", "relation", "c", MAP_WORD },
		{ "{'x':'D'}", "relation", "D", MAP_WORD },
		{ "{}", "relation", "unknown", MAP_WORD },
		{ "{'x':null}", "relation", "unknown", MAP_WORD },
		{ "{'x':'W'}", "stage", "won", MAP_WORD },
		{ "{'x':'L'}", "stage", "other", MAP_WORD },
		{ "{}", "stage", NULL, MAP_ABSENT },
		{ "{'x':false}", "owner", NULL, MAP_DROPPED },
		{ "{'x':17}", "owner", "17", MAP_WORD },
		{ "{'x':3}", "trigger", "sale", MAP_WORD },
		{ "{'x':4}", "trigger", NULL, MAP_DROPPED },
		{ "{}", "trigger", NULL, MAP_ABSENT },
		{ "{'x':9007199254740993}", "id", "9007199254740993", MAP_WORD },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct map m = map_of(cases[i].json, &maps);
		const char *got;
		const enum map_word word = map_word(&m, cases[i].field,
		    PATHS("x"), &got);
		if (word != cases[i].word || (got == NULL) !=
		    (cases[i].want == NULL) ||
		    (got != NULL && strcmp(got, cases[i].want) != 0))
			fail_msg("%s %s: %s", cases[i].field, cases[i].json,
			    got == NULL ? "NULL" : got);
		assert_string_equal(m.reason, "");
	}
	struct map m = map_of("{'x':{'id':3}}", NULL);
	assert_null(map_text(&m, "owner", PATHS("x")));
	assert_string_equal(m.reason, "owner: expected a text or a number");
	m = map_of("{'x':''}", NULL);
	assert_null(map_id(&m, "id", PATHS("x")));
	assert_string_equal(m.reason, "id: expected a number or a text");
}

static void
test_flags(void **state)
{
	static const struct {
		const char *json;
		enum tri want;
		bool sound;
	} cases[] = {
		{ "{'x':true}", TRI_YES, true }, { "{'x':'Ja'}", TRI_YES, true },
		{ "{'x':1}", TRI_YES, true }, { "{'x':'1'}", TRI_YES, true },
		{ "{'x':false}", TRI_NO, true }, { "{'x':0}", TRI_NO, true },
		{ "{'x':'nej'}", TRI_NO, true }, { "{'x':null}", TRI_UNKNOWN,
		    true }, { "{}", TRI_UNKNOWN, true },
		{ "{'x':'perhaps'}", TRI_UNKNOWN, false },
		{ "{'x':2}", TRI_UNKNOWN, false },
		{ "{'x':[]}", TRI_UNKNOWN, false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct map m = map_of(cases[i].json, NULL);
		assert_int_equal(map_flag(&m, "employed", PATHS("x")),
		    cases[i].want);
		if ((m.reason[0] == '\0') != cases[i].sound)
			fail_msg("%s: \"%s\"", cases[i].json, m.reason);
	}
}

static void
test_lists(void **state)
{
	static const struct {
		const char *json, *separator, *want;
	} cases[] = {
		{ "{'x':['a','b','a',null,'']}", "", "a|b|" },
		{ "{'x':[{'n':'a'},{'n':'b'}]}", "", "!" },
		{ "{'x':'a; b ;;a;c'}", ";", "a|b|c|" },
		{ "{'x':'a, b'}", "", "a, b|" }, { "{'x':5}", ";", "5|" },
		{ "{'x':[]}", ";", "" }, { "{}", "", "" },
		{ "{'x':[1,2]}", "", "1|2|" },
		{ "{'x':[['a']]}", "", "!" }, { "{'x':['NPSToday.M\xc3\xb8" "de.9']}",
		    "", "NPSToday.M\xc3\xb8" "de.9|" },
	};
	char got[200];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct map m = map_of(cases[i].json, NULL);
		const char *const *list = map_list(&m, "tags", PATHS("x"),
		    cases[i].separator);
		assert_non_null(list);
		got[0] = '\0';
		for (; *list != NULL; list++)
			snprintf(got + strlen(got), sizeof(got) - strlen(got),
			    "%s|", *list);
		if (m.reason[0] != '\0')
			snprintf(got, sizeof(got), "!");
		if (strcmp(got, cases[i].want) != 0)
			fail_msg("%s: %s", cases[i].json, got);
	}
	struct map m = map_of("{'x':[{'n':'a'},{'n':'b'}]}", NULL);
	const char *const *list = map_list(&m, "tags", PATHS("x.*.n"), "");
	assert_string_equal(list[0], "a");
	assert_string_equal(list[1], "b");
	assert_null(list[2]);
}

/* The moment, as UTC, and what the watermark gets; NULL = unreadable. */
static const struct {
	const char *json, *as, *zone, *want, *text;
} times[] = {
	{ "'2026-11-20T13:30:00Z'", "auto", "", "2026-11-20T13:30:00Z",
	    "2026-11-20T13:30:00Z" },
	{ "'2026-11-20T14:30:00.7821525+01:00'", "auto", "",
	    "2026-11-20T13:30:00Z", "2026-11-20T14:30:00.7821525+01:00" },
	{ "'2026-11-20 14:30:00'", "auto", "", "2026-11-20T13:30:00Z",
	    "2026-11-20 14:30:00" },
	{ "'2026-11-20 14:30:00'", "iso", "UTC", "2026-11-20T14:30:00Z",
	    "2026-11-20 14:30:00" },
	{ "'2026-11-20'", "auto", "", "2026-11-19T23:00:00Z", "2026-11-20" },
	/* The hour that comes twice: the first; the one that never comes. */
	{ "'2026-10-25T02:30:00'", "auto", "", "2026-10-25T00:30:00Z",
	    "2026-10-25T02:30:00" },
	{ "'2026-03-29T02:30:00'", "auto", "", "2026-03-29T01:00:00Z",
	    "2026-03-29T02:30:00" },
	{ "1795181400", "auto", "", "2026-11-20T13:30:00Z",
	    "2026-11-20T13:30:00Z" },
	{ "1795181400123", "auto", "", "2026-11-20T13:30:00Z",
	    "2026-11-20T13:30:00.123000Z" },
	{ "1795181400.5", "epoch", "", "2026-11-20T13:30:00Z",
	    "2026-11-20T13:30:00.500000Z" },
	{ "'1795181400'", "epoch", "", "2026-11-20T13:30:00Z",
	    "2026-11-20T13:30:00Z" },
	{ "'1795181400000'", "epoch_ms", "", "2026-11-20T13:30:00Z",
	    "2026-11-20T13:30:00Z" },
	{ "1795181400000", "epoch_ms", "", "2026-11-20T13:30:00Z",
	    "2026-11-20T13:30:00Z" },
	{ "'/Date(1795181400000)/'", "auto", "", "2026-11-20T13:30:00Z",
	    "2026-11-20T13:30:00Z" },
	{ "{'__class__':'datetime','year':2026,'month':11,'day':20,'hour':13,"
	  "'minute':30,'second':0,'microsecond':250}", "auto", "UTC",
	    "2026-11-20T13:30:00Z", "2026-11-20T13:30:00.000250Z" },
	{ "{'__class__':'date','year':2026,'month':11,'day':20}", "object", "",
	    "2026-11-19T23:00:00Z", "2026-11-19T23:00:00Z" },
	{ "'20-11-2026 14:30'", "dd-MM-yyyy HH:mm", "", "2026-11-20T13:30:00Z",
	    "2026-11-20T13:30:00Z" },
	{ "'0000-00-00'", "auto", "", "", NULL }, { "null", "auto", "", "", NULL },
	{ "''", "epoch", "", "", NULL },
	{ "'yesterday'", "auto", "", NULL, NULL },
	{ "'1795181400'", "auto", "", NULL, NULL },
	{ "1795181400", "iso", "", NULL, NULL },
	{ "{'year':2026,'month':13,'day':1}", "auto", "", NULL, NULL },
	{ "{'month':1,'day':1}", "auto", "", NULL, NULL },
	{ "[2026]", "auto", "", NULL, NULL },
	{ "true", "auto", "", NULL, NULL },
	{ "1e300", "auto", "", NULL, NULL },
	{ "'2026-11-20'", "epoch", "", NULL, NULL },
};

static void
test_times(void **state)
{
	static const struct rest_value_map none = { "at", "0000-00-00", "" };
	char json[400], iso[32];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(times); i++) {
		const struct rest_format format = { "at", times[i].as,
			times[i].zone };
		const struct rest_maps maps = { { &none, 1 }, { &format, 1 } };
		snprintf(json, sizeof(json), "{'x':%s}", times[i].json);
		struct map m = map_of(json, &maps);
		const char *text;
		const time_t t = map_time(&m, "at", PATHS("x"), &text);
		if (times[i].want == NULL) {
			if (m.reason[0] == '\0' || t != NO_TIME)
				fail_msg("%s was taken", json);
			continue;
		}
		const char *got = t == NO_TIME ? "" : clock_iso(iso, t);
		if (m.reason[0] != '\0' || strcmp(got, times[i].want) != 0)
			fail_msg("%s: %s %s", json, got, m.reason);
		if (times[i].text != NULL)
			assert_string_equal(text, times[i].text);
		else
			assert_null(text);
	}
}

static void
test_days(void **state)
{
	static const struct rest_format utc = { "day", "auto", "UTC" };
	const struct rest_maps maps = { .format = { &utc, 1 } };

	(void)state;
	struct map m = map_of("{'x':'2026-11-20','y':'2026-11-20T23:30:00Z'}",
	    NULL);
	assert_int_equal(map_day(&m, "day", PATHS("x")), 20261120);
	assert_int_equal(map_day(&m, "day", PATHS("y")), 20261121);
	assert_int_equal(map_day(&m, "day", PATHS("z")), NO_DAY);
	m = map_of("{'y':'2026-11-20T23:30:00Z'}", &maps);
	assert_int_equal(map_day(&m, "day", PATHS("y")), 20261120);
}

/* ---- paths that match nothing ------------------------------------------- */

static const char *
rows_text(size_t n, const char *row)
{
	char *text = arena_printf(arena, "[");

	for (size_t i = 0; i < n; i++)
		text = arena_printf(arena, "%s%s%s", text, i == 0 ? "" : ",",
		    row);
	return arena_printf(arena, "%s]", text);
}

static bool
judge(struct map_seen *s, size_t n, const char *row, struct err *err)
{
	AUTO(json_doc) struct json_doc *rows = NULL;
	const char *text = rows_text(n, row);

	assert_true(json_parse(text, strlen(text), &rows, err));
	return map_seen_take(s, json_root(rows), "profile p.conf: events.deals",
	    err);
}

static void
test_seen(void **state)
{
	const struct map_field fields[] = {
		{ "contact", PATHS("contactId") },
		{ "employee", PATHS("/employee", "/owner") },
		{ "stage", PATHS("stage", "") }, { "category", PATHS("") },
		{ NULL, NULL } };
	struct map_seen s;
	struct err err;

	(void)state;
	map_seen_init(&s, fields);
	assert_true(judge(&s, 60, "{\"contactId\":1}", &err));
	assert_false(judge(&s, 60, "{\"contactId\":1}", &err));
	assert_int_equal(err.kind, ERR_CONFIG);
	assert_string_equal(err.msg, "profile p.conf: events.deals.employee: "
	    "none of /employee, /owner was in the first 100 rows; add \"\" to "
	    "the list if it may be missing");
	/* null is there. */
	map_seen_init(&s, fields);
	assert_true(judge(&s, 99, "{\"contactId\":1}", &err));
	assert_true(judge(&s, 1, "{\"owner\":null}", &err));
	assert_true(judge(&s, 200, "{}", &err));
	/* Too late is too late, too early is no verdict. */
	map_seen_init(&s, fields);
	assert_true(judge(&s, 99, "{}", &err));
	map_seen_init(&s, NULL);
	assert_true(judge(&s, 200, "{}", &err));
}

/* ---- the cursor of several listings -------------------------------------- */

static void
test_marks(void **state)
{
	struct marks_entry v[3] = {
		{ "deals", "2026-11-25T00:00:00Z", NULL },
		{ "cases", NULL, "7:a|b=c:d" }, { "calls", "x", "" } };
	static const char want[] = "deals=20:2026-11-25T00:00:00Z"
	    "cases@9:7:a|b=c:dcalls=1:xcalls@0:";
	static const char *const bad[] = { "deals", "deals=", "deals=20",
		"deals=21:2026-11-25T00:00:00Z", "=1:x", "deals=-1:x",
		"deals=x:x", "2026-11-25T00:00:00Z", "deals=1:xx", "whole" };
	struct marks_entry w[2] = { { "calls", NULL, NULL },
		{ "deals", NULL, NULL } };

	(void)state;
	const char *text = marks_save(v, 3, arena);
	assert_string_equal(text, want);
	assert_true(marks_load(w, 2, text, arena));
	assert_string_equal(w[0].mark, "x");
	assert_string_equal(w[0].place, "");
	assert_string_equal(w[1].mark, "2026-11-25T00:00:00Z");
	assert_null(w[1].place);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		if (marks_load(w, 2, bad[i], arena))
			fail_msg("%s was taken", bad[i]);
	assert_true(marks_load(w, 2, "", arena));
	assert_string_equal(marks_save(v, 0, arena), "");
	assert_true(marks_is_name("deals-2_x"));
	assert_false(marks_is_name("a=b"));
	assert_false(marks_is_name(""));
}

static int
setup(void **state)
{
	(void)state;
	return (arena = arena_new(16 << 20)) == NULL;
}

static int
teardown(void **state)
{
	(void)state;
	json_free(doc);
	arena_free(arena);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_flags),
		cmocka_unit_test(test_lists),
		cmocka_unit_test(test_times),
		cmocka_unit_test(test_days),
		cmocka_unit_test(test_seen),
		cmocka_unit_test(test_marks),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
