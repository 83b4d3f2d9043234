#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "clock.h"
#include "common/hole.h"

#define ZONE "Europe/Copenhagen"
#define ROUNDS 10000

static struct arena *arena;
static struct err err;

/* ---- values of the table ------------------------------------------------- */
static const char *const tags[] = { "a", "b\"c", "d" };
static const char *const numbers[] = { "1", "-22" };
static const char *const commas[] = { "a,b" };
static const struct {
	const char *name;
	struct hole_value v;
} values[] = {
	{ "id", { .type = HOLE_TEXT, .text = "17" } },
	{ "text", { .type = HOLE_TEXT, .text = "a b&c=d/e?f#g" } },
	{ "empty", { .type = HOLE_TEXT, .text = "" } },
	{ "none", { .type = HOLE_NONE } },
	{ "null", { .type = HOLE_TEXT } },
	{ "evil", { .type = HOLE_TEXT,
	    .text = "\",\"admin\":true,\"\\x\":\"{id}{{%00\r\nX: y" } },
	{ "crlf", { .type = HOLE_TEXT, .text = "a\r\nX-Evil: 1" } },
	{ "tab", { .type = HOLE_TEXT, .text = "a\tb" } },
	{ "dots", { .type = HOLE_TEXT, .text = ".." } },
	{ "dot", { .type = HOLE_TEXT, .text = "." } },
	{ "Upper", { .type = HOLE_TEXT, .text = "J.M\xc3\x98LLER@B.example" } },
	{ "bad", { .type = HOLE_TEXT, .text = "\xff\xfe" } },
	{ "octal", { .type = HOLE_TEXT, .text = "007" } },
	{ "real", { .type = HOLE_TEXT, .text = "-1.50" } },
	{ "n", { .type = HOLE_NUMBER, .number = -5 } },
	{ "yes", { .type = HOLE_BOOL, .number = 1 } },
	{ "day", { .type = HOLE_DAY, .number = 20261122 } },
	{ "no_day", { .type = HOLE_DAY, .number = NO_DAY } },
	/* 2026-03-28T23:30:00Z, which is the 29th in Copenhagen */
	{ "at", { .type = HOLE_TIME, .at = 1774740600 } },
	{ "first", { .type = HOLE_TIME, .at = 0 } },
	{ "never", { .type = HOLE_TIME, .at = NO_TIME } },
	{ "stamp", { .type = HOLE_TEXT, .text = "2026-03-28T23:30:00.123Z" } },
	{ "tags", { .type = HOLE_LIST, .list = tags, .n = 3 } },
	{ "no_tags", { .type = HOLE_LIST, .list = tags, .n = 0 } },
	{ "numbers", { .type = HOLE_LIST, .list = numbers, .n = 2 } },
	{ "commas", { .type = HOLE_LIST, .list = commas, .n = 1 } },
	{ "row./a/b", { .type = HOLE_TEXT, .text = "deep" } },
};

static bool
find(void *arg, const char *name, struct hole_value *out)
{
	const char *const *only = arg;

	if (only != NULL) {
		out->type = HOLE_TEXT;
		out->text = *only;
		return true;
	}
	for (size_t i = 0; i < ARRAY_LEN(values); i++)
		if (strcmp(values[i].name, name) == 0) {
			*out = values[i].v;
			return true;
		}
	return false;
}

/* ---- what is made of a template -------------------------------------------- */
static const struct {
	enum hole_context context;
	const char *text, *want;	/* want NULL: left out */
} good[] = {
	{ HOLE_URL, "", "" },
	{ HOLE_URL, "/a/{id}", "/a/17" },
	{ HOLE_URL, "/a/{text}/b", "/a/a%20b%26c%3Dd%2Fe%3Ff%23g/b" },
	{ HOLE_URL, "/a?x={evil}", "/a?x=%22%2C%22admin%22%3Atrue%2C%22%5Cx"
	    "%22%3A%22%7Bid%7D%7B%7B%2500%0D%0AX%3A%20y" },
	{ HOLE_URL, "/a?since={never?}&n={n}", "/a?n=-5" },
	{ HOLE_URL, "/a?n={n}&since={never?}", "/a?n=-5" },
	{ HOLE_URL, "/a?n={n}&since={never?}&m=1", "/a?n=-5&m=1" },
	{ HOLE_URL, "/a?since={never?}", "/a" },
	{ HOLE_URL, "/a?since={empty?}&b={empty}", "/a?b=" },
	{ HOLE_URL, "/a?q=x:{none?}+y:{id}&z=1", "/a?z=1" },
	{ HOLE_URL, "/a?since={at}", "/a?since=2026-03-28T23%3A30%3A00Z" },
	{ HOLE_URL, "/a?since={at:%Y-%m-%d %H:%M:%S?}",
	    "/a?since=2026-03-29%2000%3A30%3A00" },
	{ HOLE_URL, "/a?f={{x}", "/a?f={x}" },
	{ HOLE_URL, "/a?x=%20{bad}", "/a?x=%20%FF%FE" },
	{ HOLE_URL, "/{row./a/b}", "/deep" },
	{ HOLE_URL, "/a?t={tags:comma}&u={no_tags:comma?}",
	    "/a?t=a%2Cb%22c%2Cd" },
	{ HOLE_URL, "/...{dots}", "/....." },
	{ HOLE_URL, "/a?x={dots}/..", "/a?x=../.." },
	{ HOLE_FORM, "a={text}&b={none?}&c={id}",
	    "a=a%20b%26c%3Dd%2Fe%3Ff%23g&c=17" },
	{ HOLE_FORM, "b={none?}&c={id}", "c=17" },
	{ HOLE_FORM, "b={none?}", "" },
	{ HOLE_FORM, "b={empty}", "b=" },
	{ HOLE_HEADER, "Token {id}:{Upper:lower}",
	    "Token 17:j.m\xc3\x98ller@b.example" },
	{ HOLE_HEADER, "a{none?}b", NULL },
	{ HOLE_HEADER, "{text:base64}", "YSBiJmM9ZC9lP2YjZw==" },
	{ HOLE_HEADER, "{{\"{id}\"}", "{\"17\"}" },
	{ HOLE_BODY_TEXT, "{crlf}{none?}.", "a\r\nX-Evil: 1." },
	{ HOLE_BODY_JSON, "{\"a\":\"{id}\",\"b\":[1,2.5,true,null,\"x\"]}",
	    "{\"a\":\"17\",\"b\":[1,2.5,true,null,\"x\"]}" },
	{ HOLE_BODY_JSON, "{\"a\":\"{id:number}\"}", "{\"a\":17}" },
	{ HOLE_BODY_JSON, "{\"a\":\"{real:number}\"}", "{\"a\":-1.50}" },
	{ HOLE_BODY_JSON, "{\"a\":\"{n:number}\",\"b\":\"{n}\"}",
	    "{\"a\":-5,\"b\":\"-5\"}" },
	{ HOLE_BODY_JSON, "[\"{yes:bool}\",\"{yes}\",\"x{yes}\"]",
	    "[true,\"true\",\"xtrue\"]" },
	{ HOLE_BODY_JSON, "[\"{tags:list}\",\"{tags:comma}\"]",
	    "[[\"a\",\"b\\\"c\",\"d\"],\"a,b\\\"c,d\"]" },
	{ HOLE_BODY_JSON, "[\"{no_tags:list}\",\"{numbers:numbers}\"]",
	    "[[],[1,-22]]" },
	{ HOLE_BODY_JSON, "{\"a\":\"{evil}\"}",
	    "{\"a\":\"\\\",\\\"admin\\\":true,\\\"\\\\x\\\":\\\"{id}{{%00"
	    "\\r\\nX: y\"}" },
	{ HOLE_BODY_JSON, "{\"a\":\"x {id} {{y}\"}", "{\"a\":\"x 17 {y}\"}" },
	{ HOLE_BODY_JSON, "{\"a\":{\"b\":\"{none?}\"},\"c\":[\"{null?}\"],"
	    "\"d\":\"{id}\"}", "{\"d\":\"17\"}" },
	{ HOLE_BODY_JSON, "{\"a\":\"x{none?}\"}", "{}" },
	{ HOLE_BODY_JSON, "{\"a\":\"{empty}\",\"b\":\"{empty?}\",\"c\":{}}",
	    "{\"a\":\"\",\"c\":{}}" },
	{ HOLE_BODY_JSON, "[\"{none?}\",\"{id}\",\"{none?}\",\"{id}\"]",
	    "[\"17\",\"17\"]" },
	{ HOLE_BODY_JSON, "\"{none?}\"", NULL },
	{ HOLE_BODY_JSON, "{\"y\":\"{at:year}\",\"h\":\"{at:hour}\","
	    "\"ld\":\"{at:local_day}\",\"lh\":\"{at:local_hour}\","
	    "\"m\":\"{at:month}\",\"i\":\"{at:minute}\",\"s\":\"{at:second}\"}",
	    "{\"y\":2026,\"h\":23,\"ld\":29,\"lh\":0,\"m\":3,\"i\":30,"
	    "\"s\":0}" },
	{ HOLE_BODY_JSON, "[\"{at:epoch}\",\"{at:epoch_ms}\",\"{at:iso_ms}\","
	    "\"{at:date}\",\"e{at:epoch}\"]", "[1774740600,1774740600000,"
	    "\"2026-03-28T23:30:00.000Z\",\"2026-03-29\",\"e1774740600\"]" },
	{ HOLE_BODY_JSON, "[\"{day}\",\"{day:date}\",\"{day:day}\","
	    "\"{day:%d.%m.%Y}\",\"{day:hour}\",\"{no_day?}\"]",
	    "[\"2026-11-22\",\"2026-11-22\",22,\"22.11.2026\",0]" },
	{ HOLE_BODY_JSON, "[\"{stamp:epoch}\"]", "[1774740600]" },
	{ HOLE_BODY_JSON, "[\"{first:epoch_ms}\",\"{first:epoch}\"]", "[0,0]" },
};

static void
test_good(void **state)
{
	const char *out;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		if (!hole_check(good[i].text, good[i].context, NULL, &err) ||
		    !hole_write(good[i].text, good[i].context, ZONE, find,
		    NULL, arena, &out, &err))
			fail_msg("%s: %s", good[i].text, err.msg);
		if ((out == NULL) != (good[i].want == NULL) || (out != NULL &&
		    strcmp(out, good[i].want) != 0))
			fail_msg("%s: got %s", good[i].text,
			    out == NULL ? "nothing" : out);
	}
}

/* A body with an object and an array of the caller. */
static bool
find_json(void *arg, const char *name, struct hole_value *out)
{
	out->type = HOLE_JSON;
	out->json = json_at(arg, name);
	return true;
}

static void
test_json_values(void **state)
{
	static const char in[] = "{\"o\":{\"k\":[1,null]},\"l\":[1,\"a\"],"
	    "\"i\":12,\"s\":\"t\",\"z\":null,\"r\":1.5}";
	static const char text[] = "{\"o\":\"{o:object}\",\"l\":\"{l:list}\","
	    "\"n\":\"{i:number}\",\"t\":\"{i}\",\"s\":\"{s}\",\"z\":\"{z?}\","
	    "\"r\":\"{r:number}\",\"c\":\"{l:comma}\",\"gone\":\"{gone?}\"}";
	AUTO(json_doc) struct json_doc *doc = NULL;
	const char *out;

	(void)state;
	assert_true(json_parse(in, strlen(in), &doc, &err));
	assert_true(hole_write(text, HOLE_BODY_JSON, ZONE, find_json,
	    json_root(doc), arena, &out, &err));
	assert_string_equal(out, "{\"o\":{\"k\":[1,null]},\"l\":[1,\"a\"],"
	    "\"n\":12,\"t\":\"12\",\"s\":\"t\",\"r\":1.5,\"c\":\"1,a\"}");
	assert_false(hole_write("{o}", HOLE_URL, ZONE, find_json,
	    json_root(doc), arena, &out, &err));
	assert_int_equal(err.kind, ERR_CONFIG);
	assert_non_null(strstr(err.msg, "{...:object}"));
}

/* ---- what is refused with its values ------------------------------------------ */
static const struct {
	enum hole_context context;
	const char *text;
	enum err_kind kind;
	const char *says;
} refused[] = {
	{ HOLE_URL, "/a/{none}", ERR_CONFIG, "{none}: there is no value" },
	{ HOLE_URL, "/a?x={null}", ERR_CONFIG, "{null?} may be left out" },
	{ HOLE_BODY_JSON, "{\"a\":\"{none}\"}", ERR_CONFIG, "{none}" },
	{ HOLE_BODY_JSON, "{\"a\":\"{never:epoch}\"}", ERR_CONFIG, "{never}" },
	{ HOLE_HEADER, "{never}", ERR_CONFIG, "{never}" },
	{ HOLE_URL, "/a/{none?}", ERR_CONFIG, "only a parameter" },
	{ HOLE_URL, "/a/{nobody}", ERR_CONFIG, "{nobody}: no such hole" },
	{ HOLE_URL, "/a/{empty}", ERR_REJECTED, "not empty" },
	{ HOLE_URL, "/a/{empty}/b", ERR_REJECTED, "not empty" },
	{ HOLE_URL, "/a/{dots}", ERR_REJECTED, "\"..\"" },
	{ HOLE_URL, "/a/{dot}/b?x=1", ERR_REJECTED, "\"..\"" },
	{ HOLE_URL, "{dots}", ERR_REJECTED, "\"..\"" },
	{ HOLE_URL, "/a/.{dot}", ERR_REJECTED, "\"..\"" },
	{ HOLE_HEADER, "a {crlf}", ERR_REJECTED, "{crlf}: expected no control" },
	{ HOLE_HEADER, "a {tab}", ERR_REJECTED, "control" },
	{ HOLE_HEADER, "{tags}", ERR_CONFIG, "{...:list}" },
	{ HOLE_BODY_JSON, "{\"a\":\"{bad}\"}", ERR_REJECTED, "UTF-8" },
	{ HOLE_BODY_JSON, "{\"a\":\"x{bad}\"}", ERR_REJECTED, "UTF-8" },
	{ HOLE_BODY_JSON, "[\"{text:number}\"]", ERR_REJECTED, "a number" },
	{ HOLE_BODY_JSON, "[\"{octal:number}\"]", ERR_REJECTED, "a number" },
	{ HOLE_BODY_JSON, "[\"{empty:number}\"]", ERR_REJECTED, "a number" },
	{ HOLE_BODY_JSON, "[\"{at:number}\"]", ERR_REJECTED, "a number" },
	{ HOLE_BODY_JSON, "[\"{id:bool}\"]", ERR_REJECTED, "true or false" },
	{ HOLE_BODY_JSON, "[\"{id:list}\"]", ERR_REJECTED, "a list" },
	{ HOLE_BODY_JSON, "[\"{id:object}\"]", ERR_REJECTED, "an object" },
	{ HOLE_BODY_JSON, "[\"{tags:numbers}\"]", ERR_REJECTED, "numbers" },
	{ HOLE_BODY_JSON, "[\"{text:iso}\"]", ERR_REJECTED, "a time" },
	{ HOLE_URL, "/a?x={commas:comma}", ERR_REJECTED, "without a comma" },
};

static void
test_refused(void **state)
{
	const char *out;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(refused); i++) {
		if (hole_write(refused[i].text, refused[i].context, ZONE, find,
		    NULL, arena, &out, &err))
			fail_msg("%s: taken: %s", refused[i].text, out);
		if (err.kind != refused[i].kind ||
		    strstr(err.msg, refused[i].says) == NULL)
			fail_msg("%s: %s: %s", refused[i].text,
			    err_kind_name(err.kind), err.msg);
	}
}

/* ---- what is refused without them ----------------------------------------------- */
static const struct {
	enum hole_context context;
	const char *text, *says;
} wrong[] = {
	{ HOLE_URL, "/a/{id", "that no } ends" },
	{ HOLE_URL, "/a/{}", "expected a name" },
	{ HOLE_URL, "/a/{ id}", "expected a name" },
	{ HOLE_URL, "/a/{id:}", "no such format" },
	{ HOLE_URL, "/a/{id:upper}", "no such format" },
	{ HOLE_URL, "/a?x={id:%Q}", "no such format" },
	{ HOLE_URL, "/a/{id?}", "may be left out" },
	{ HOLE_URL, "/a/{id?}?x=1", "may be left out" },
	{ HOLE_URL, "/a/{id:number}", "whole text of a JSON body" },
	{ HOLE_URL, "/a b", "0x20" },
	{ HOLE_URL, "/\xc3\xa6", "0xc3" },
	{ HOLE_URL, "/a#b", "0x23" },
	{ HOLE_URL, "/a/../b", "\"..\"" },
	{ HOLE_URL, "..", "\"..\"" },
	{ HOLE_URL, "/a/{other}", "{other}: no such hole here; there are id" },
	{ HOLE_FORM, "a=b c", "0x20" },
	{ HOLE_HEADER, "a\r\nb", "control" },
	{ HOLE_BODY_JSON, "{\"a\":{id}}", "no JSON" },
	{ HOLE_BODY_JSON, "{\"a\":\"{id}\"", "no JSON" },
	{ HOLE_BODY_JSON, "{\"{id}\":1}", "never in a name" },
	{ HOLE_BODY_JSON, "{\"a\":\"x{id:number}\"}", "whole text" },
	{ HOLE_BODY_JSON, "{\"a\":[{\"b\":\"{nope}\"}]}", "{nope}" },
	{ HOLE_BODY_JSON, "{\"a\":\"{id\"}", "that no } ends" },
};

static void
test_wrong(void **state)
{
	static const char *const known[] = { "id", "extra.*", NULL };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
		if (hole_check(wrong[i].text, wrong[i].context, known, &err))
			fail_msg("%s: taken", wrong[i].text);
		if (err.kind != ERR_CONFIG ||
		    strstr(err.msg, wrong[i].says) == NULL)
			fail_msg("%s: %s", wrong[i].text, err.msg);
	}
	assert_true(hole_check("/{id}/{row./a}/{var.x}?a={now}&b={extra.y?}"
	    "&c={today}&d={session.id}", HOLE_URL, known, &err));
	assert_false(hole_check("/{extra.}", HOLE_URL, known, &err));
}

static void
test_names(void **state)
{
	static const char json[] = "{ \"a\": [ { \"b\": \"{since:iso?}\" } ], "
	    "\"c\": \"x{row./d}\" }";

	(void)state;
	assert_true(hole_uses("/a?x={page}", "page"));
	assert_false(hole_uses("/a?x={pages}", "page"));
	assert_false(hole_uses("/a?x={{page}", "page"));
	assert_false(hole_uses(NULL, "page"));
	assert_true(hole_uses(json, "since"));
	assert_true(hole_uses(json, "row.*"));
	assert_false(hole_uses(json, "var.*"));
	assert_true(hole_uses("\"{etag}\"", "etag"));
	assert_string_equal(hole_name_at(json, 0, arena), "since");
	assert_string_equal(hole_name_at(json, 1, arena), "row./d");
	assert_null(hole_name_at(json, 2, arena));
	assert_string_equal(hole_name_at("{id}{b?}", 1, arena), "b");
}

/* ---- any text comes back ------------------------------------------------------------ */
static uint32_t seed = 20261126;

static uint32_t
draw(uint32_t below)
{
	seed = seed * 1664525u + 1013904223u;
	return (uint32_t)(((uint64_t)seed * below) >> 32);
}

/* Valid UTF-8 with what is most likely to break out. */
static const char *
draw_text(void)
{
	static const char *const parts[] = { "\"", "\\", "\r", "\n", "{", "}",
		"{{", "{id}", "%", "%00", "&", "=", "?", "#", "/", "..", "'",
		"<", "\t", "\x01", "\x7f", "\xc3\xa6", "\xe2\x82\xac",
		"\xf0\x9f\x98\x80", "\xe2\x80\xae", "a", "Z", "0", " ", "+",
		",", ":", ";", "\\u0000", "null" };
	AUTO(buf) struct buf out;

	buf_init(&out, 1024);
	for (uint32_t n = 1 + draw(12); n > 0; n--)
		buf_str(&out, parts[draw(ARRAY_LEN(parts))]);
	return arena_strdup(arena, buf_text(&out));
}

static unsigned
hex(char c)
{
	return (unsigned)(c <= '9' ? c - '0' : c - 'A' + 10);
}

static const char *
decode(const char *s)
{
	char *out = arena_alloc(arena, strlen(s) + 1), *p = out;

	for (; *s != '\0'; s++) {
		if (*s != '%') {
			*p++ = *s;
			continue;
		}
		*p++ = (char)(hex(s[1]) << 4 | hex(s[2]));
		s += 2;
	}
	return out;
}

static void
back_from_url(const char *text)
{
	const char *out;

	assert_true(hole_write("/a?x={v}&y=1", HOLE_URL, ZONE, find,
	    &text, arena, &out, &err));
	assert_memory_equal(out, "/a?x=", 5);
	assert_string_equal(strchr(out, '&'), "&y=1");
	assert_null(strpbrk(out + 5, "?#/\\\" \r\n"));
	assert_string_equal(decode(arena_strndup(arena, out + 5,
	    (size_t)(strchr(out, '&') - out) - 5)), text);
}

static void
back_from_json(const char *text)
{
	AUTO(json_doc) struct json_doc *doc = NULL;
	const char *out, *mixed;

	assert_true(hole_write("{\"a\":\"{v}\",\"b\":\"[{v}]\",\"c\":1}",
	    HOLE_BODY_JSON, ZONE, find, &text, arena, &out, &err));
	if (!json_parse(out, strlen(out), &doc, &err))
		fail_msg("%s: %s", out, err.msg);
	assert_int_equal(json_object_size(json_root(doc)), 3);
	assert_string_equal(json_string_value(json_at(json_root(doc), "/a")),
	    text);
	mixed = json_string_value(json_at(json_root(doc), "/b"));
	assert_int_equal(strlen(mixed), strlen(text) + 2);
	assert_memory_equal(mixed + 1, text, strlen(text));
}

static void
in_header(const char *text)
{
	const bool plain = strpbrk(text, "\r\n\t\x01\x7f") == NULL;
	const char *out;

	if (hole_write("{v}", HOLE_HEADER, ZONE, find, &text, arena, &out,
	    &err) != plain)
		fail_msg("a header of %zu bytes", strlen(text));
	if (plain)
		assert_string_equal(out, text);
	else
		assert_int_equal(err.kind, ERR_REJECTED);
}

static void
test_round_trip(void **state)
{
	(void)state;
	for (int i = 0; i < ROUNDS; i++) {
		const char *text = draw_text();
		back_from_url(text);
		back_from_json(text);
		in_header(text);
		arena_reset(arena);
	}
}

/* A template of anything: refused or taken, never more. */
static void
test_any_template(void **state)
{
	const char *out;

	(void)state;
	for (int i = 0; i < ROUNDS; i++) {
		const char *text = draw_text();
		const enum hole_context context =
		    (enum hole_context)draw(HOLE_BODY_TEXT + 1);
		if (hole_check(text, context, NULL, &err))
			(void)!hole_write(text, context, ZONE, find, NULL,
			    arena, &out, &err);
		(void)hole_uses(text, "id");
		arena_reset(arena);
	}
}

static void
test_memory(void **state)
{
	AUTO(arena) struct arena *small = arena_new(64);
	const char *out, *text;
	char *big = arena_alloc(arena, HOLE_OUT_MAX + 2);

	(void)state;
	memset(big, '"', HOLE_OUT_MAX);
	text = big;
	assert_false(hole_write("{\"a\":\"{v}\"}", HOLE_BODY_JSON, ZONE, find,
	    &text, arena, &out, &err));
	assert_int_equal(err.kind, ERR_REJECTED);
	assert_false(hole_write("/a?x={v}", HOLE_URL, ZONE, find, &text, small,
	    &out, &err));
	assert_int_equal(err.kind, ERR_NOMEM);
}

static int
set_up(void **state)
{
	(void)state;
	arena = arena_new((size_t)16 << 20);
	return arena == NULL ? -1 : 0;
}

static int
tear_down(void **state)
{
	(void)state;
	arena_free(arena);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_good, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_json_values, set_up,
		    tear_down),
		cmocka_unit_test_setup_teardown(test_refused, set_up,
		    tear_down),
		cmocka_unit_test_setup_teardown(test_wrong, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_names, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_round_trip, set_up,
		    tear_down),
		cmocka_unit_test_setup_teardown(test_any_template, set_up,
		    tear_down),
		cmocka_unit_test_setup_teardown(test_memory, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
