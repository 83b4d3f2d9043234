/* JSON with ceilings: what is refused before it costs memory, and access. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/resource.h>

#include <cmocka.h>

#include "buf.h"
#include "json.h"
#define SCRATCH_BYTES ((size_t)1 << 24)
#include "scratch.h"

/* Parses; the caller frees. */
static struct json_doc *
parse(const char *text)
{
	struct json_doc *doc = NULL;
	struct err err;

	if (!json_parse(text, strlen(text), &doc, &err))
		fail_msg("%.100s: %s", text, err.msg);
	return doc;
}

static bool
refused(const char *text, size_t len)
{
	struct json_doc *doc = NULL;
	struct err err = { .kind = ERR_NONE };

	if (json_parse(text, len, &doc, &err)) {
		json_free(doc);
		return false;
	}
	assert_null(doc);
	assert_int_equal(err.kind, ERR_PROTOCOL);
	assert_null(strstr(err.msg, "canary"));
	return true;
}

/* ---- ceilings ------------------------------------------------------------ */
static void
repeat(struct buf *b, const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		assert_true(buf_str(b, s));
}

/* head, n x unit, tail: good at n, refused at n + 1. */
static void
check_edge(const char *head, const char *unit, const char *tail, size_t n)
{
	for (size_t extra = 0; extra < 2; extra++) {
		AUTO(buf) struct buf b;
		buf_init(&b, 2 * JSON_MAX_BYTES);
		buf_str(&b, head);
		repeat(&b, unit, n + extra);
		buf_str(&b, tail);
		if (refused(b.s, b.len) != (extra == 1))
			fail_msg("%s x %zu", unit, n + extra);
	}
}

static void
test_nodes(void **state)
{
	(void)state;
	/* The array and the last element count too. */
	check_edge("[", "{},", "{}]", JSON_MAX_NODES - 2);
	check_edge("[", "0,", "0]", JSON_MAX_NODES - 2);
	check_edge("[", "\"\",", "0]", JSON_MAX_NODES - 2);
	/* Keys are no nodes: an object and its one value are two. */
	check_edge("[", "{\"k\":1},", "0]", (JSON_MAX_NODES - 2) / 2);
}

static void
test_depth(void **state)
{
	static const char *const units[][2] = { { "[", "]" },
		{ "{\"k\":", "}" } };

	(void)state;
	for (size_t u = 0; u < ARRAY_LEN(units); u++)
		for (size_t depth = 32; depth <= 33; depth++) {
			AUTO(buf) struct buf b;
			buf_init(&b, 4096);
			repeat(&b, units[u][0], depth);
			buf_str(&b, "1");
			repeat(&b, units[u][1], depth);
			assert_int_equal(refused(b.s, b.len), depth == 33);
		}
	AUTO(buf) struct buf deep;
	buf_init(&deep, JSON_MAX_BYTES);
	repeat(&deep, "[", JSON_MAX_BYTES);
	assert_true(refused(deep.s, deep.len));
}

static void
test_bytes(void **state)
{
	(void)state;
	check_edge("1", " ", "", JSON_MAX_BYTES - 1);
	check_edge("\"", "x", "\"", JSON_MAX_BYTES - 2);
	check_edge("{\"", "x", "\":1}", JSON_MAX_BYTES - 6);
	/* As a real: jansson refuses long integers for their value. */
	check_edge("0.", "0", "", JSON_MAX_TEXT - 2);
}

/* The caller's own ceiling; of values there are no more for it.  What a smaller
 * part of the same would cure, the code tells. */
static void
test_larger(void **state)
{
	const size_t max = 2 * JSON_MAX_BYTES;
	struct json_doc *doc = NULL;
	struct err err;
	AUTO(buf) struct buf b;

	(void)state;
	buf_init(&b, 3 * JSON_MAX_BYTES);
	buf_char(&b, '"');
	repeat(&b, "x", max - 2);
	buf_char(&b, '"');
	assert_true(json_parse_max(b.s, b.len, max, &doc, &err));
	assert_int_equal(json_string_length(json_root(doc)), max - 2);
	json_free(doc);
	assert_false(json_parse_max(b.s, b.len, max - 1, &doc, &err));
	assert_int_equal(err.code, EFBIG);
	assert_false(json_parse_max(b.s, b.len, 0, &doc, &err));
	assert_int_equal(err.code, EFBIG);
	buf_reset(&b);
	buf_char(&b, '[');
	repeat(&b, "0,", JSON_MAX_NODES);
	buf_str(&b, "0]");
	assert_false(json_parse_max(b.s, b.len, max, &doc, &err));
	assert_int_equal(err.code, EFBIG);
	assert_false(json_parse_max("[1", 2, max, &doc, &err));
	assert_int_equal(err.code, 0);
	assert_false(json_parse_max("[1]", 3, 2, &doc, NULL));
}

/* What a bomb costs; each is refused or fits. */
static void
test_memory(void **state)
{
	static const char *const units[] = { "{},", "[0],", "{\"a\":{}},",
		"\"aaaaaaaaaaaaaaa\"," };
	struct rusage use;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(units); i++) {
		AUTO(buf) struct buf b;
		struct json_doc *doc = NULL;
		buf_init(&b, JSON_MAX_BYTES);
		buf_str(&b, "[");
		repeat(&b, units[i], 99998);
		buf_str(&b, "0]");
		if (json_parse(b.s, b.len, &doc, NULL))
			json_free(doc);
	}
	assert_int_equal(getrusage(RUSAGE_SELF, &use), 0);
	/* KiB; the sanitizer keeps what was freed. */
	assert_true(WITH_ASAN || use.ru_maxrss < 128 * 1024);
}

/* ---- what is no JSON ------------------------------------------------------ */
#define BAD(s) { s, sizeof(s) - 1 }
static const struct {
	const char *text;
	size_t len;
} bad[] = {
	BAD(""), BAD(" "), BAD("{"), BAD("["), BAD("]"), BAD("}"), BAD("[1,"),
	BAD("[1 2]"), BAD("[1,]"), BAD("{\"a\"}"), BAD("{\"a\":}"),
	BAD("{a:1}"), BAD("{'a':1}"), BAD("{\"a\":1,}"), BAD("{1:2}"),
	BAD("\""), BAD("\"\\"), BAD("\"\\\""), BAD("\"\\x\""), BAD("\"\n\""),
	BAD("\"\\u12\""), BAD("\"\\ud8\""), BAD("\"\\ud80g\""),
	BAD("\\ud800"), BAD("{\"a\"\\ud800:1}"), BAD("\"a\0b\""),
	BAD("{\"a\0b\":1}"), BAD("{\"\\u0000\":1}"), BAD("1\0"), BAD("\0"),
	BAD("\"\xff\""), BAD("\"\xc3\""), BAD("\"\xed\xa0\x80\""),
	BAD("\"\xc0\xaf\""), BAD("{}\xef\xbb\xbf"),
	BAD("\xef\xbb\xbf\xef\xbb\xbf{}"), BAD("\xef\xbb\xbf"), BAD("01"), BAD("+1"),
	BAD("1."), BAD(".5"), BAD("1e"), BAD("-"), BAD("0x10"), BAD("NaN"),
	BAD("Infinity"), BAD("-Infinity"), BAD("1e999"), BAD("-1e999"),
	BAD("9223372036854775808"), BAD("-9223372036854775809"), BAD("tru"),
	BAD("True"), BAD("nul"), BAD("undefined"), BAD("{} {}"), BAD("[] x"),
	BAD("1 2"), BAD("{\"a\":1,\"a\":2}"),
	BAD("{\"a\":{\"b\":1,\"\\u0062\":2}}"), BAD("/* */ 1"), BAD("// 1"),
	BAD("<html>canary</html>"), BAD("{\"canary\":1,\"canary\":2}"),
	BAD("[canary]"), BAD("\"canary"), BAD("[\"canary\" canary]"),
	BAD("::::[[[["), BAD("]]]][[[["), BAD("{\"a\":1}}"), BAD(",,,"),
};

static void
test_bad(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		if (!refused(bad[i].text, bad[i].len))
			fail_msg("taken: %s", bad[i].text);
}

/* Every cut of a document, and every byte of it made another. */
static void
test_broken(void **state)
{
	static const char text[] = "{\"a\":[1,2.5,\"\\u00e6\",true,null,{}],"
	    "\"b\":{\"c\":\"d\\\"e\"}}";
	static const char odd[] = "\"\\{}[]:,\x80 9";
	char copy[sizeof(text)];
	struct json_doc *doc;

	(void)state;
	for (size_t len = 0; len < sizeof(text) - 1; len++)
		assert_true(refused(text, len));
	for (size_t i = 0; i < sizeof(text) - 1; i++)
		for (size_t k = 0; k < sizeof(odd); k++) {
			memcpy(copy, text, sizeof(text));
			copy[i] = odd[k];
			if (json_parse(copy, sizeof(text) - 1, &doc, NULL))
				json_free(doc);
		}
}

/* One comment with it must not keep back a page; it is told apart still. */
static void
test_escaped_nul(void **state)
{
	static const char text[] = "\xef\xbb\xbf{\"a\":[\"x\\u0000y\","
	    "{\"b\":\"\\u0000\"},\"x\"],\"c\":\"\\\\u0000\"}";
	AUTO(json_doc) struct json_doc *doc = NULL;

	(void)state;
	assert_true(json_parse(text, sizeof(text) - 1, &doc, NULL));
	json_t *root = json_root(doc);
	assert_string_equal(json_text(arena, json_at(root, "/a/0")),
	    "x\xef\xbf\xbdy");
	assert_string_equal(json_text(arena, json_at(root, "/a/1/b")),
	    "\xef\xbf\xbd");
	assert_string_equal(json_text(arena, json_at(root, "/a/2")), "x");
	assert_string_equal(json_text(arena, json_at(root, "/c")), "\\u0000");
}

/* Nor one that is very long: it is read, and cut between two characters. */
static void
test_long_text(void **state)
{
	static const struct {
		size_t n;	/* two bytes each, after one byte */
		size_t kept;
	} cases[] = { { 32767, 65535 }, { 32768, 65535 }, { 70000, 65535 },
		{ 2000000, 65535 } };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO(json_doc) struct json_doc *doc = NULL;
		AUTO(buf) struct buf b;
		buf_init(&b, JSON_MAX_BYTES);
		buf_str(&b, "[\"x");
		repeat(&b, "\xc3\xa6", cases[i].n);
		buf_str(&b, "\",7]");
		assert_true(json_parse(b.s, b.len, &doc, NULL));
		json_t *text = json_at(json_root(doc), "0");
		assert_int_equal(json_string_length(text), 1 + 2 * cases[i].n);
		assert_int_equal(json_is_long(text), cases[i].n > 32767);
		assert_int_equal(strlen(json_text(arena, text)),
		    cases[i].kept);
		assert_false(json_is_long(json_at(json_root(doc), "1")));
		arena_reset(arena);
	}
}

static void
test_half_a_pair(void **state)
{
	static const struct {
		const char *in, *text;
	} cases[] = { { "\\ud83d", "\xef\xbf\xbd" },
		{ "\\uDE00", "\xef\xbf\xbd" }, { "a\\ud83db", "a\xef\xbf\xbd" "b" },
		{ "\\ud800\\u0041", "\xef\xbf\xbd" "A" },
		{ "\\ud800\\ud83d\\ude00", "\xef\xbf\xbd\xf0\x9f\x98\x80" },
		{ "\\ud83d\\ude00\\ude00", "\xf0\x9f\x98\x80\xef\xbf\xbd" },
		{ "\\ude00\\ud83d", "\xef\xbf\xbd\xef\xbf\xbd" },
		{ "\\\\ud83d", "\\ud83d" }, { "\\\\\\ud83d", "\\\xef\xbf\xbd" },
		{ "\\ud83d\\n", "\xef\xbf\xbd\n" },
		{ "\\u00e6\\uD7FF\\ue000", "\xc3\xa6\xed\x9f\xbf\xee\x80\x80" } };
	char in[80];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO(json_doc) struct json_doc *doc = NULL;
		(void)snprintf(in, sizeof(in), "[\"%s\"]", cases[i].in);
		if (!json_parse(in, strlen(in), &doc, NULL))
			fail_msg("refused: %s", in);
		assert_string_equal(json_text(arena,
		    json_at(json_root(doc), "0")), cases[i].text);
	}
}

static void
test_message(void **state)
{
	struct json_doc *doc;
	struct err err;

	(void)state;
	assert_false(json_parse("{\"a\": [1,\n oops]}", 17, &doc, &err));
	assert_string_equal(err.msg,
	    "JSON at line 2, byte 15: expected JSON");
	assert_false(json_parse("[\"a\0\"]", 7, &doc, &err));
	assert_non_null(strstr(err.msg, "NUL"));
	assert_false(json_parse("{\"a\":1,\"a\":1}", 13, &doc, &err));
	assert_non_null(strstr(err.msg, "key twice"));
}

/* ---- access -------------------------------------------------------------- */
static const char sample[] =
    "{\"Data\":{\"items\":[{\"Id\":\"x\"},{\"id\":7,\"ID\":8}]},"
    "\"a/b\":1,\"m~n\":2,\"null\":null,\"empty\":\"\",\"\":9,"
    "\"respondent\":{\"emailAddress\":\"e\"},\"Z\":true,\"r\":2.5}";

static const struct {
	const char *path, *text;	/* NULL = not there, or no text */
} paths[] = {
	{ "/Data/items/0/Id", "x" }, { "data.ITEMS.0.id", "x" },
	{ "/data/items/1/id", "7" }, { "/data/items/1/ID", "8" },
	{ "/data/items/1/iD", "7" }, { "/data/items/2/id", NULL },
	{ "/data/items/-1", NULL }, { "/data/items/x", NULL },
	{ "/a~1b", "1" }, { "/m~0n", "2" }, { "a/b", "1" },
	{ "/null", NULL }, { "empty", "" }, { "/", "9" },
	{ "respondent.emailaddress", "e" }, { "respondent.email", NULL },
	{ "respondent.emailAddress.x", NULL }, { "z", "true" }, { "r", "2.5" },
	{ "nothing", NULL }, { "Data", NULL }, { "Data.", NULL },
};

static void
test_at(void **state)
{
	struct json_doc *doc = parse(sample);

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
		json_t *node = json_at(json_root(doc), paths[i].path);
		const char *text = json_text(arena, node);
		if ((text == NULL) != (paths[i].text == NULL) ||
		    (text != NULL && strcmp(text, paths[i].text) != 0))
			fail_msg("%s: %s", paths[i].path,
			    text == NULL ? "-" : text);
	}
	assert_ptr_equal(json_at(json_root(doc), ""), json_root(doc));
	assert_true(json_is_null(json_at(json_root(doc), "/null")));
	json_free(doc);
}

static void
test_first(void **state)
{
	static const char *const candidates[] = { "nothing", "null", "r", "z" };
	struct json_doc *doc = parse(sample);

	(void)state;
	assert_true(json_is_real(json_first(json_root(doc), candidates, 4)));
	assert_null(json_first(json_root(doc), candidates, 2));
	json_free(doc);
}

static const struct {
	const char *json, *text;
	bool is_integer;
	long long value;
} values[] = {
	{ "7", "7", true, 7 }, { "-0", "0", true, 0 }, { "9.0", "9.0", true, 9 },
	{ "9.5", "9.5", false, 0 }, { "0.1", "0.1", false, 0 },
	{ "-3.0", "-3.0", true, -3 }, { "1e2", "100.0", true, 100 },
	{ "1e300", "1e300", false, 0 }, { "true", "true", false, 0 },
	{ "false", "false", false, 0 }, { "null", NULL, false, 0 },
	{ "[]", NULL, false, 0 }, { "{}", NULL, false, 0 },
	{ "\"7\"", "7", false, 0 }, { "\"\\u00e6\"", "\xc3\xa6", false, 0 },
	{ "9223372036854775807", "9223372036854775807", true, INT64_MAX },
	{ "-9223372036854775808", "-9223372036854775808", true, INT64_MIN },
};

static void
test_values(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(values); i++) {
		struct json_doc *doc = parse(values[i].json);
		long long value = 0;
		const char *text = json_text(arena, json_root(doc));
		if (values[i].text == NULL)
			assert_null(text);
		else
			assert_string_equal(text, values[i].text);
		assert_int_equal(json_integer_value_of(json_root(doc), &value),
		    values[i].is_integer);
		assert_true(value == values[i].value);
		json_free(doc);
	}
	assert_null(json_text(arena, NULL));
	assert_false(json_integer_value_of(NULL, NULL));
}

/* ---- nodes of both kinds -------------------------------------------------- */
static void
test_own_objects(void **state)
{
	struct json_doc *doc = parse("{\"id\":7,\"tags\":[\"a\",\"b\"]}");
	json_t *own = json_object();

	(void)state;
	/* Made before, while and after a document lives; nodes in both. */
	assert_int_equal(json_object_set(own, "tags",
			     json_at(json_root(doc), "tags")), 0);
	json_t *copy = json_deep_copy(json_root(doc));
	for (int i = 0; i < 100; i++) {
		char key[] = { (char)('0' + i / 10), (char)('0' + i % 10), 0 };
		assert_int_equal(
		    json_object_set_new(own, key, json_integer(i)), 0);
	}
	struct json_doc *other = parse("[1]");
	assert_int_equal(json_object_size(own), 101);
	json_decref(own);
	json_free(other);
	json_free(doc);
	assert_string_equal(json_dump(arena, copy),
	    "{\"id\":7,\"tags\":[\"a\",\"b\"]}");
	json_decref(copy);
	json_free(NULL);
}

static void
test_dump(void **state)
{
	json_t *o = json_pack("{s:s, s:[i,b,n], s:f}", "z", "\xc3\xa6\"", "a", 1,
	    1, "f", 0.5);

	(void)state;
	assert_non_null(o);
	assert_string_equal(json_dump(arena, o),
	    "{\"z\":\"\xc3\xa6\\\"\",\"a\":[1,true,null],\"f\":0.5}");
	json_decref(o);
	o = json_string("x");
	assert_string_equal(json_dump(arena, o), "\"x\"");
	json_decref(o);
	assert_null(json_dump(arena, NULL));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nodes),
		cmocka_unit_test(test_depth),
		cmocka_unit_test(test_bytes),
		cmocka_unit_test(test_larger),
		cmocka_unit_test(test_memory),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_broken),
		cmocka_unit_test(test_escaped_nul),
		cmocka_unit_test(test_long_text),
		cmocka_unit_test(test_half_a_pair),
		cmocka_unit_test(test_message),
		cmocka_unit_test(test_at),
		cmocka_unit_test(test_first),
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_own_objects),
		cmocka_unit_test(test_dump),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
