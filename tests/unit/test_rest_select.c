/*
 * Paths of a profile into a service's JSON: what they find, what counts as
 * known, which are refused.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "arena.h"
#include "json.h"
#include "rest/select.h"

static struct arena *arena;

static const char doc_text[] =
    "{ \"id\": 7, \"name\": \"A\", \"none\": null, \"empty\": \"\","
    "  \"party\": 2, \"party.\": { \"id\": 2, \"email\": \"a@example.com\" },"
    "  \"owner\": { \"Id\": \"U-1\", \"tags\": [ \"x\", null, \"\", \"y\" ] },"
    "  \"contactIds\": [ \"P-1\", \"P-2\" ], \"people\": [ { \"id\": 1 },"
    "  { \"id\": 2 }, { \"other\": 3 } ], \"byKey\": { \"P-9\": {},"
    "  \"P-8\": null }, \"nobody\": [], \"emails\": [ { \"value\": \"b@x.dk\","
    "  \"primary\": false, \"type\": { \"id\": 3 } }, { \"value\": \"a@x.dk\","
    "  \"primary\": true } ], \"a/b\": 5, \"pair\": [ 3, \"Acme\" ],"
    "  \"deep\": null, \"on\": true }";

/* All that one path finds, "|" between. */
static const char *
found(json_t *root, const char *path)
{
	struct select_list list;
	char *out = arena_strdup(arena, "");

	assert_true(select_all(root, path, arena, &list));
	for (size_t i = 0; i < list.n; i++) {
		const char *text = select_text(&list.v[i], arena);
		out = arena_printf(arena, "%s%s%s", out, i == 0 ? "" : "|",
		    text == NULL ? "(node)" : text);
	}
	return out;
}

static const struct {
	const char *path, *want;
	bool known;
} paths[] = {
	{ "id", "7", true }, { "/id", "7", true }, { "ID", "7", true },
	{ "/owner/id", "U-1", true }, { "owner.ID", "U-1", true },
	{ "/party./email", "a@example.com", true }, { "party", "2", true },
	{ "/a~1b", "5", true }, { "pair.0", "3", true }, { "/pair/1", "Acme",
	    true }, { "pair.2", "", false },
	{ "none", "", true }, { "empty", "", true }, { "missing", "", false },
	{ "deep.under.it", "", true }, { "id.under", "", false },
	{ "contactIds.*", "P-1|P-2", true }, { "contactIds", "(node)", true },
	{ "people.*.id", "1|2", true }, { "/people/*/id", "1|2", true },
	{ "owner.tags.*", "x|y", true }, { "nobody.*", "", true },
	{ "nobody.*.id", "", true }, { "people.*.never", "", false },
	{ "byKey.@keys", "P-9|P-8", true }, { "/byKey/@keys", "P-9|P-8", true },
	{ "people.@keys", "", false }, { "missing.@keys", "", false },
	{ "emails.[primary=true].value", "a@x.dk", true },
	{ "emails[primary=true].value", "a@x.dk", true },
	{ "/emails/[primary=true]/value", "a@x.dk", true },
	{ "emails[type.id=3].value", "b@x.dk", true },
	{ "emails[value=b@x.dk].value", "b@x.dk", true },
	{ "emails[primary=maybe].value", "", true },
	{ "name[primary=true]", "", false },
	{ "people.*.other", "3", true }, { "owner.tags.*.id", "", true },
	{ "emails[kind=work].value", "", false },
	{ "emails[primary=true].worth", "", false },
	{ "nobody[primary=true].value", "", true },
	{ "on", "true", true }, { "", "(node)", true }, { ".", "(node)", true },
	{ "byKey.*", "(node)", true },
};

static void
test_paths(void **state)
{
	AUTO(json_doc) struct json_doc *doc = NULL;
	struct err err;

	(void)state;
	assert_true(json_parse(doc_text, strlen(doc_text), &doc, &err));
	for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
		const struct strlist one = { &paths[i].path, 1 };
		if (!select_check(paths[i].path, &err))
			fail_msg("%s: %s", paths[i].path, err.msg);
		const char *got = found(json_root(doc), paths[i].path);
		if (strcmp(got, paths[i].want) != 0)
			fail_msg("%s: %s, not %s", paths[i].path, got,
			    paths[i].want);
		if (*paths[i].path != '\0' &&
		    select_is_known(json_root(doc), &one) != paths[i].known)
			fail_msg("%s: known is wrong", paths[i].path);
	}
}

static void
test_candidates(void **state)
{
	static const char *const names[] = { "", "none", "empty", "missing",
		"owner.id", "id" };
	static const char *const only_empty[] = { "", "" };
	static const char *const several[] = { "nobody.*", "contactIds.*" };
	const struct strlist all = { names, ARRAY_LEN(names) };
	const struct strlist none = { only_empty, 2 }, two = { several, 2 };
	AUTO(json_doc) struct json_doc *doc = NULL;
	struct select_list list;
	struct err err;

	(void)state;
	assert_true(json_parse(doc_text, strlen(doc_text), &doc, &err));
	const struct select_match m = select_first(json_root(doc), &all);
	assert_string_equal(select_text(&m, arena), "U-1");
	assert_true(select_may_miss(&all));
	assert_true(select_any(&all));
	assert_false(select_any(&none));
	assert_true(select_may_miss(&none));
	assert_false(select_may_miss(&two));
	assert_false(select_is_known(json_root(doc), &none));
	assert_true(select_first_all(json_root(doc), &two, arena, &list));
	assert_int_equal(list.n, 2);
	const struct select_match nothing = select_first(json_root(doc), &none);
	assert_null(nothing.node);
	assert_null(nothing.key);
}

static void
test_refused(void **state)
{
	static const char *const bad[] = { "emails[primary=true",
		"emails[primary]", "emails[=x]", "emails]x[a=b]c",
		"@keys.id", "/@keys/id", "a[b=c]d" };
	char name[400];
	struct err err;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		if (select_check(bad[i], &err))
			fail_msg("%s was taken", bad[i]);
	memset(name, 'a', sizeof(name));
	name[300] = '\0';
	assert_false(select_check(name, &err));
	name[255] = '\0';
	assert_true(select_check(name, &err));
}

/* null as a value has a place; null on the way to it has none. */
static void
test_places(void **state)
{
	static const struct {
		const char *doc, *path;
		bool known, place;
	} c[] = {
		{ "{\"a\":{\"b\":null}}", "/a/b", true, true },
		{ "{\"a\":{\"b\":\"\"}}", "a.b", true, true },
		{ "{\"a\":null}", "/a/b", true, false },
		{ "{\"a\":{}}", "/a/b", false, false },
		{ "{\"a\":[]}", "/a/*/b", true, true },
		{ "{\"a\":[]}", "/a/[id=1]/b", true, true },
		{ "{\"a\":null}", "a", true, true },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(c); i++) {
		const struct strlist one = { &c[i].path, 1 };
		AUTO(json_doc) struct json_doc *doc = NULL;
		struct err err;
		assert_true(json_parse(c[i].doc, strlen(c[i].doc), &doc, &err));
		if (select_is_known(json_root(doc), &one) != c[i].known ||
		    select_has_place(json_root(doc), &one) != c[i].place)
			fail_msg("%s in %s", c[i].path, c[i].doc);
	}
}

/* A root that is a list, a scalar; names of 10,000 members. */
static void
test_roots(void **state)
{
	static const char list[] = "[ { \"id\": 1 }, { \"id\": \"2\" } ]";
	AUTO(json_doc) struct json_doc *doc = NULL, *word = NULL;
	struct err err;

	(void)state;
	assert_true(json_parse(list, strlen(list), &doc, &err));
	assert_string_equal(found(json_root(doc), "*.id"), "1|2");
	assert_string_equal(found(json_root(doc), "/0/id"), "1");
	assert_true(json_parse("\"Kunde\"", 7, &word, &err));
	assert_string_equal(found(json_root(word), "."), "Kunde");
	assert_string_equal(found(json_root(word), "id"), "");
}

static int
setup(void **state)
{
	(void)state;
	return (arena = arena_new(1 << 20)) == NULL;
}

static int
teardown(void **state)
{
	(void)state;
	arena_free(arena);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_paths),
		cmocka_unit_test(test_candidates),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_places),
		cmocka_unit_test(test_roots),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
