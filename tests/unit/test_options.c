#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "options.h"
#include "tmpdir.h"

struct inner {
	const char *key;
	int n;
};
struct element {
	int id;
	const char *alias;
	struct inner deep;
	struct grouplist more;		/* struct inner */
};
struct settings {
	const char *text, *secret, *url, *path, *word;
	int whole, seconds, choice;
	int64_t wide, wide_seconds;
	double number;
	bool flag, allow_http;
	struct strlist texts;
	struct intlist numbers;
	struct inner group, optional, outside;
	struct grouplist list;		/* struct element */
};

#define AT(m) offsetof(struct settings, m)
#define END { .name = NULL }
static const char *const words[] = { "object", "string", NULL };

static const struct opt inner_opts[] = {
	{ .name = "key", .type = OPT_STR, .offset = offsetof(struct inner, key),
	    .help = "needed" },
	{ .name = "n", .type = OPT_INT, .offset = offsetof(struct inner, n),
	    .def = "3", .help = "a number" },
	END
};
static const struct opt group_opts[] = {
	{ .name = "key", .type = OPT_STR, .offset = offsetof(struct inner, key),
	    .def = "\"k\"", .help = "text" },
	{ .name = "n", .type = OPT_INT, .offset = offsetof(struct inner, n),
	    .def = "4", .max = 9, .help = "a number" },
	END
};
static const struct opt outside_opts[] = {	/* offsets from settings */
	{ .name = "key", .type = OPT_STR, .offset = AT(outside.key),
	    .def = "o", .help = "text" },
	END
};
static const struct opt element_opts[] = {
	{ .name = "id", .type = OPT_INT, .offset = offsetof(struct element, id),
	    .min = 1, .help = "id" },
	{ .name = "alias", .type = OPT_STR,
	    .offset = offsetof(struct element, alias), .def = "none",
	    .help = "alias" },
	{ .name = "deep", .type = OPT_GROUP,
	    .offset = offsetof(struct element, deep), .sub = group_opts,
	    .help = "deep" },
	{ .name = "more", .type = OPT_GROUPLIST,
	    .offset = offsetof(struct element, more), .def = "()",
	    .sub = group_opts, .size = sizeof(struct inner), .help = "more" },
	END
};
static const struct opt opts[] = {
	{ .name = "text", .type = OPT_STR, .offset = AT(text), .def = "09:00",
	    .help = "a text" },
	{ .name = "secret", .type = OPT_SECRET, .offset = AT(secret),
	    .def = "credential:npstoday", .help = "a secret" },
	{ .name = "url", .type = OPT_URL, .offset = AT(url),
	    .def = "https://api.example.org", .help = "an address" },
	{ .name = "path", .type = OPT_PATH, .offset = AT(path), .def = "",
	    .help = "a path" },
	{ .name = "word", .type = OPT_CHOICE, .offset = AT(word),
	    .def = "string", .choices = words, .size = sizeof(char *),
	    .help = "a word" },
	{ .name = "whole", .type = OPT_INT, .offset = AT(whole), .def = "8",
	    .min = 1, .max = 64, .help = "a number" },
	{ .name = "seconds", .type = OPT_SECONDS, .offset = AT(seconds),
	    .def = "5m", .max = 86400, .help = "a time" },
	{ .name = "custom_as", .type = OPT_CHOICE, .offset = AT(choice),
	    .def = "object", .choices = words, .help = "a choice" },
	{ .name = "wide", .type = OPT_INT, .offset = AT(wide), .def = "1",
	    .size = sizeof(int64_t), .min = -5, .max = -6,
	    .help = "a wide number" },
	{ .name = "wide_seconds", .type = OPT_SECONDS,
	    .offset = AT(wide_seconds), .def = "90",
	    .size = sizeof(int64_t), .help = "a wide time" },
	{ .name = "number", .type = OPT_FLOAT, .offset = AT(number),
	    .def = "5", .min = 0.5, .max = 10, .help = "a rate" },
	{ .name = "flag", .type = OPT_BOOL, .offset = AT(flag), .def = "true",
	    .help = "a flag" },
	{ .name = "allow_http", .type = OPT_BOOL, .offset = AT(allow_http),
	    .def = "false", .help = "a flag" },
	{ .name = "texts", .type = OPT_STRLIST, .offset = AT(texts),
	    .def = "[ \"\", \"/data\" ]", .help = "texts" },
	{ .name = "numbers", .type = OPT_INTLIST, .offset = AT(numbers),
	    .def = "[ 409 ]", .min = 0, .max = 599, .help = "numbers" },
	{ .name = "group", .type = OPT_GROUP, .offset = AT(group),
	    .sub = group_opts, .help = "a group" },
	{ .name = "optional", .type = OPT_GROUP, .offset = AT(optional),
	    .def = "", .sub = inner_opts, .help = "an optional group" },
	{ .name = "outside", .type = OPT_GROUP, .offset = 0,
	    .sub = outside_opts, .help = "a group of the same struct" },
	{ .name = "list", .type = OPT_GROUPLIST, .offset = AT(list),
	    .def = "", .sub = element_opts, .size = sizeof(struct element),
	    .help = "groups" },
	END
};

static struct arena *arena;
static struct err err;

static int
set_up(void **state)
{
	(void)state;
	arena = arena_new(1 << 20);
	return arena == NULL;
}

static int
tear_down(void **state)
{
	(void)state;
	arena_free(arena);
	return 0;
}

/* The group survey of a text, or the whole of it. */
static bool
fill(const char *text, const char *const *ignore, struct settings *s)
{
	AUTO(options_file) struct options_file *file = NULL;

	memset(s, 0, sizeof(*s));
	memset(&err, 0, sizeof(err));
	if (!options_open_text(text, "dir/t.conf", &file, &err))
		return false;
	const struct config_setting_t *group = options_find(file, "survey");
	return options_fill(opts, s, group == NULL ? options_root(file) :
	    group, "dir/t.conf", group == NULL ? "" : "survey", ignore, arena,
	    &err);
}

static void
test_defaults(void **state)
{
	struct settings s = { 0 };

	(void)state;
	assert_true(options_fill(opts, &s, NULL, NULL, "", NULL, arena, &err));
	assert_string_equal(s.text, "09:00");
	assert_string_equal(s.secret, "credential:npstoday");
	assert_string_equal(s.url, "https://api.example.org");
	assert_string_equal(s.path, "");
	assert_string_equal(s.word, "string");
	assert_int_equal(s.whole, 8);
	assert_int_equal(s.seconds, 300);
	assert_int_equal(s.choice, 0);
	assert_true(s.wide == 1 && s.wide_seconds == 90);
	assert_true(s.number > 4.99 && s.number < 5.01);
	assert_true(s.flag);
	assert_false(s.allow_http);
	assert_int_equal(s.texts.n, 2);
	assert_string_equal(s.texts.v[0], "");
	assert_string_equal(s.texts.v[1], "/data");
	assert_int_equal(s.numbers.n, 1);
	assert_int_equal(s.numbers.v[0], 409);
	assert_string_equal(s.group.key, "k");
	assert_int_equal(s.group.n, 4);
	assert_null(s.optional.key);
	assert_int_equal(s.optional.n, 3);
	assert_string_equal(s.outside.key, "o");
	assert_int_equal(s.list.n, 0);
}

static void
test_values(void **state)
{
	static const char text[] = "survey = { text = \"a\" \"b\"; "
	    "secret = \"file:k\"; url = \"https://x.example.org/v1\"; "
	    "path = \"sub/t.json\"; word = \"object\"; whole = 0x10; "
	    "seconds = 45; custom_as = \"string\"; wide = 5000000000L; "
	    "wide_seconds = \"1d\"; number = 2; flag = false; "
	    "texts = ( \"x\", \"y\" ); numbers = [ 500, 501 ]; "
	    "group = { n = 7; }; optional = { key = \"q\"; }; "
	    "outside = { key = \"p\"; }; list = ( { id = 7749; "
	    "deep = { n = 1; }; more = ( { n = 5; }, { key = \"z\"; } ); }, "
	    "{ id = 2L; alias = \"two\"; } ); };";
	struct settings s;

	(void)state;
	if (!fill(text, NULL, &s))
		fail_msg("%s", err.msg);
	assert_string_equal(s.text, "ab");
	assert_string_equal(s.secret, "file:k");
	assert_string_equal(s.url, "https://x.example.org/v1");
	assert_string_equal(s.path, "dir/sub/t.json");
	assert_string_equal(s.word, "object");
	assert_int_equal(s.whole, 16);
	assert_int_equal(s.seconds, 45);
	assert_int_equal(s.choice, 1);
	assert_true(s.wide == 5000000000 && s.wide_seconds == 86400);
	assert_true(s.number > 1.99 && s.number < 2.01);
	assert_false(s.flag);
	assert_int_equal(s.texts.n, 2);
	assert_string_equal(s.texts.v[1], "y");
	assert_int_equal(s.numbers.n, 2);
	assert_int_equal(s.numbers.v[1], 501);
	assert_string_equal(s.group.key, "k");
	assert_int_equal(s.group.n, 7);
	assert_string_equal(s.optional.key, "q");
	assert_int_equal(s.optional.n, 3);
	assert_string_equal(s.outside.key, "p");
	assert_int_equal(s.list.n, 2);
	const struct element *e = s.list.v;
	assert_int_equal(e[0].id, 7749);
	assert_string_equal(e[0].alias, "none");
	assert_int_equal(e[0].deep.n, 1);
	assert_int_equal(e[0].more.n, 2);
	const struct inner *more = e[0].more.v;
	assert_int_equal(more[0].n, 5);
	assert_string_equal(more[1].key, "z");
	assert_int_equal(e[1].id, 2);
	assert_string_equal(e[1].alias, "two");
	assert_int_equal(e[1].deep.n, 4);
}

static void
test_single_value_is_a_list(void **state)
{
	struct settings s;

	(void)state;
	assert_true(fill("texts = \"x\"; numbers = 5;", NULL, &s));
	assert_int_equal(s.texts.n, 1);
	assert_string_equal(s.texts.v[0], "x");
	assert_int_equal(s.numbers.n, 1);
	assert_int_equal(s.numbers.v[0], 5);
}

static void
test_seconds(void **state)
{
	static const struct { const char *text; int s; } good[] = {
		{ "\"30s\"", 30 }, { "\"5m\"", 300 }, { "\"2h\"", 7200 },
		{ "\"1d\"", 86400 }, { "\"90\"", 90 }, { "90", 90 },
		{ "0", 0 } };
	static const char *const bad[] = { "\"\"", "\"m\"", "\"5 m\"",
		"\"5x\"", "\"5mm\"", "\"-5m\"", "-1", "1.5", "\"2d\"",
		"\"99999999999d\"", "true" };
	char text[64];
	struct settings s;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		(void)snprintf(text, sizeof(text), "seconds = %s;",
		    good[i].text);
		assert_true(fill(text, NULL, &s));
		assert_int_equal(s.seconds, good[i].s);
	}
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		(void)snprintf(text, sizeof(text), "seconds = %s;", bad[i]);
		assert_false(fill(text, NULL, &s));
		assert_int_equal(err.kind, ERR_CONFIG);
	}
}

/* Text of a group survey that begins in line 1, and the whole message. */
static const struct { const char *text, *msg; } mistakes[] = {
	{ "survey = {\n\ncustom_as = \"x\"; };", "dir/t.conf:3: "
	    "survey.custom_as: expected one of object, string; got \"x\"" },
	{ "custom_as = 7;", "dir/t.conf:1: custom_as: expected one of "
	    "object, string; got 7" },
	{ "whole = 65;", "dir/t.conf:1: whole: expected a whole number from "
	    "1 to 64; got 65" },
	{ "whole = 7.0;", "dir/t.conf:1: whole: expected a whole number from "
	    "1 to 64; got 7.0" },
	{ "whole = \"7\";", "dir/t.conf:1: whole: expected a whole number "
	    "from 1 to 64; got \"7\"" },
	{ "wide = -6;", "dir/t.conf:1: wide: expected a whole number of at "
	    "least -5; got -6" },
	{ "number = 0.4;", "dir/t.conf:1: number: expected a number from 0.5 "
	    "to 10; got 0.4" },
	{ "number = 11;", "dir/t.conf:1: number: expected a number from 0.5 "
	    "to 10; got 11" },
	{ "flag = 1;", "dir/t.conf:1: flag: expected true or false; got 1" },
	{ "flag = \"true\";", "dir/t.conf:1: flag: expected true or false; "
	    "got \"true\"" },
	{ "text = 9;", "dir/t.conf:1: text: expected a text in double quotes; "
	    "got 9" },
	{ "text = [ \"a\" ];", "dir/t.conf:1: text: expected a text in double "
	    "quotes; got a list" },
	{ "text = { };", "dir/t.conf:1: text: expected a text in double "
	    "quotes; got a group" },
	{ "text = true;", "dir/t.conf:1: text: expected a text in double "
	    "quotes; got true" },
	{ "texts = (\n\"a\",\n1 );", "dir/t.conf:3: texts: expected a list of "
	    "texts, [ \"...\", \"...\" ]; got 1" },
	{ "numbers = [ 1, 600 ];", "dir/t.conf:1: numbers: expected a list of "
	    "whole numbers, [ 1, 2 ]; got 600" },
	{ "numbers = [ 1.5 ];", "dir/t.conf:1: numbers: expected a list of "
	    "whole numbers, [ 1, 2 ]; got 1.5" },
	{ "group = 1;", "dir/t.conf:1: group: expected a group, { ... }; got "
	    "1" },
	{ "group = { n = 10; };", "dir/t.conf:1: group.n: expected a whole "
	    "number from 0 to 9; got 10" },
	{ "optional = {\nn = 1; };", "dir/t.conf:1: optional.key: expected a "
	    "text in double quotes; it is missing" },
	{ "list = { };", "dir/t.conf:1: list: expected a list of groups, "
	    "( { ... }, { ... } ); got a group" },
	{ "list = ( 1 );", "dir/t.conf:1: list: expected a list of groups, "
	    "( { ... }, { ... } ); got 1" },
	{ "list = ( { id = 1; },\n{ id = 0; } );", "dir/t.conf:2: "
	    "list[1].id: expected a whole number of at least 1; got 0" },
	{ "list = ( { id = 1; },\n{ alias = \"x\"; } );", "dir/t.conf:2: "
	    "list[1].id: expected a whole number of at least 1; it is "
	    "missing" },
	{ "list = ( { id = 1; deep = { nn = 1; }; } );", "dir/t.conf:1: "
	    "list[0].deep.nn: unknown key; did you mean n?" },
	{ "survey = {\nflags = true; };", "dir/t.conf:2: survey.flags: unknown "
	    "key; did you mean flag?" },
	{ "custom_sa = 1;", "dir/t.conf:1: custom_sa: unknown key; did you "
	    "mean custom_as?" },
	{ "colour = 1;", "dir/t.conf:1: colour: unknown key" },
	/* A key of two letters is not "near" to every other one. */
	{ "zz = 1;", "dir/t.conf:1: zz: unknown key" },
	{ "secret = \"sk-live-4711\";", "dir/t.conf:1: secret: expected "
	    "\"credential:NAME\" or \"file:PATH\"; a key itself never stands "
	    "in the configuration" },
	{ "secret = \"credential:\";", "dir/t.conf:1: secret: expected "
	    "\"credential:NAME\" or \"file:PATH\"; a key itself never stands "
	    "in the configuration" },
	{ "secret = \"\";", "dir/t.conf:1: secret: expected "
	    "\"credential:NAME\" or \"file:PATH\"; a key itself never stands "
	    "in the configuration" },
	{ "custom_as = "
	    "\"\xc3\xa6\xc3\xa6\xc3\xa6\xc3\xa6\xc3\xa6\xc3\xa6\xc3\xa6\xc3\xa6"
	    "\xc3\xa6\xc3\xa6\xc3\xa6\xc3\xa6\xc3\xa6\xc3\xa6\xc3\xa6\xc3\xa6"
	    "\xc3\xa6\xc3\xa6\xc3\xa6" "x\xc3\xa6" "end\";", "dir/t.conf:1: "
	    "custom_as: expected one of object, string; got \"\xc3\xa6"
	    "\xc3\xa6\xc3\xa6\xc3\xa6\xc3\xa6\xc3\xa6\xc3\xa6\xc3\xa6\xc3\xa6"
	    "\xc3\xa6\xc3\xa6\xc3\xa6\xc3\xa6\xc3\xa6\xc3\xa6\xc3\xa6\xc3\xa6"
	    "\xc3\xa6\xc3\xa6x...\"" },
};

static void
test_mistakes(void **state)
{
	struct settings s;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(mistakes); i++) {
		assert_false(fill(mistakes[i].text, NULL, &s));
		assert_int_equal(err.kind, ERR_CONFIG);
		assert_string_equal(err.msg, mistakes[i].msg);
	}
}

static void
test_missing(void **state)
{
	struct inner in = { 0 };

	(void)state;
	assert_false(options_fill(inner_opts, &in, NULL, "f", "x", NULL, arena,
	    &err));
	assert_string_equal(err.msg, "f: x.key: expected a text in double "
	    "quotes; it is missing");
}

static void
test_ignore(void **state)
{
	static const char *const ignore[] = { "driver", "whole", NULL };
	struct settings s;

	(void)state;
	assert_true(fill("driver = \"x\"; whole = \"any\";", ignore, &s));
	assert_int_equal(s.whole, 0);
	assert_false(fill("drive = \"x\";", ignore, &s));
	assert_string_equal(err.msg,
	    "dir/t.conf:1: drive: unknown key; did you mean driver?");
}

static void
test_url(void **state)
{
	static const struct { const char *text; bool ok; } cases[] = {
		{ "url = \"https://a.example.org\";", true },
		{ "url = \"http://127.0.0.1:8080\";", true },
		{ "url = \"http://localhost:8080\";", true },
		{ "url = \"http://a.example.org\";", false },
		{ "url = \"http://a.example.org\"; allow_http = true;", true },
		{ "url = \"http://a.example.org\"; allow_http = false;",
		    false },
		{ "url = \"\";", false },
		{ "url = \"a.example.org\";", false },
		{ "url = \"ftp://a.example.org\";", false },
		{ "test = true; survey = { url = \"http://127.0.0.1:1\"; };",
		    true },
		{ "test = true; survey = { url = \"https://a.example.org\"; "
		    "};", false },
		{ "test = true; survey = { url = \"http://a.example.org\"; "
		    "allow_http = true; };", false },
		/* The default counts too. */
		{ "test = true; survey = { };", false },
		{ "test = false; survey = { };", true },
	};
	struct settings s;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const bool ok = fill(cases[i].text, NULL, &s);
		if (ok != cases[i].ok)
			fail_msg("%s: %s", cases[i].text, ok ? "" : err.msg);
	}
	assert_false(fill("test = true;\nsurvey = { };", NULL, &s));
	assert_non_null(strstr(err.msg, "dir/t.conf:2: survey.url: "));
}

static void
test_path(void **state)
{
	struct settings s;

	(void)state;
	assert_true(fill("path = \"/abs/x\";", NULL, &s));
	assert_string_equal(s.path, "/abs/x");
	assert_true(fill("path = \"\";", NULL, &s));
	assert_string_equal(s.path, "");
}

/* ---- the file itself --------------------------------------------------- */
static const struct { const char *text, *msg; } texts[] = {
	{ "a = 1;\nb = ;", "t:2: syntax error" },
	{ "a = 1;\na = 2;", "t:2: duplicate setting name" },
	{ "a = 2147483648;", "t:1: the number is too large, from 2147483648 "
	    "on it ends with L: 2147483648" },
	{ "\n\na = [ 1, 99999999999999999999 ];", "t:3: the number is too "
	    "large, from 2147483648 on it ends with L: 99999999999999999999" },
	{ "a = 99999999999999999999L;", "t:1: the number is too large: "
	    "99999999999999999999L" },
	{ "a = 0x80000000;", "t:1: the number is too large, from 2147483648 "
	    "on it ends with L: 0x80000000" },
	{ "a = -2147483649;", "t:1: the number is too large, from 2147483648 "
	    "on it ends with L: 2147483649" },
	{ "a = \"x\";\nb = \"\xff\";", "t:2: expected a text file in UTF-8" },
	{ "@include \"/etc/passwd\"", "t:1: @include: expected a path below "
	    "the directory of the configuration, got /etc/passwd" },
	{ "\n@include \"none\"", "t:2: @include: no such file: none" },
	{ "@include \".\"", "t:1: @include: no such file: ." },
};
static const char *const good_texts[] = {
	"a = 2147483647; b = -2147483648; c = 0x7fffffff; d = 5000000000L;",
	"a = \"99999999999 \\\" 99999999999\"; # 99999999999\n",
	"/* 99999999999 */ a = 1; // 99999999999\n",
	"a99999999999 = 1.99999999999; b = 1e5; c = .5; d-1 = 99999999999.0;",
	("\xef\xbb\xbf" "a = 1;"),
	"a = \"1\n2\";", "", "# only\n",
	"a = 0x000000007fffffff; b = 0xffffffffL; c = \"\\x99\";",
};

static void
test_texts(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		struct options_file *file = NULL;
		assert_false(options_open_text(texts[i].text, "t", &file,
		    &err));
		assert_int_equal(err.kind, ERR_CONFIG);
		assert_string_equal(err.msg, texts[i].msg);
	}
	for (size_t i = 0; i < ARRAY_LEN(good_texts); i++) {
		AUTO(options_file) struct options_file *file = NULL;
		if (!options_open_text(good_texts[i], "t", &file, &err))
			fail_msg("%s: %s", good_texts[i], err.msg);
	}
}

static void
test_file(void **state)
{
	AUTO(options_file) struct options_file *file = NULL;
	struct settings s = { 0 };
	char msg[1024];

	(void)state;
	(void)tmpdir_write("inc.conf", "\nwhole = 99;\n", 0600);
	const char *name = tmpdir_write("a.conf",
	    "flag = false;\n@include \"inc.conf\"\ntext = \"x\";\n", 0600);
	assert_true(options_open(name, &file, &err));
	assert_int_equal(options_count(options_root(file)), 3);
	/* The file that was included is named, with its own line. */
	assert_false(options_fill(opts, &s, options_root(file), name, "",
	    NULL, arena, &err));
	(void)snprintf(msg, sizeof(msg), "%s:2: whole: expected a whole "
	    "number from 1 to 64; got 99", tmpdir_path("inc.conf"));
	assert_string_equal(err.msg, msg);
}

static void
test_bad_files(void **state)
{
	struct options_file *file = NULL;

	(void)state;
	assert_false(options_open(tmpdir_path("none"), &file, &err));
	assert_int_equal(err.kind, ERR_CONFIG);
	assert_non_null(strstr(err.msg, "No such file"));
	assert_false(options_open(tmpdir, &file, &err));
	assert_non_null(strstr(err.msg, "Is a directory"));
	const char *loop = tmpdir_write("loop.conf",
	    "@include \"loop.conf\"\n", 0600);
	assert_false(options_open(loop, &file, &err));
	assert_non_null(strstr(err.msg, "nested too deeply"));
	(void)tmpdir_write("big.inc", "a = 99999999999;\n", 0600);
	assert_false(options_open(tmpdir_write("c.conf",
	    "\n@include \"big.inc\"\n", 0600), &file, &err));
	assert_non_null(strstr(err.msg, "big.inc:1: the number is too large"));
	(void)tmpdir_write("bad.inc", "a = 1;\nb = ;\n", 0600);
	assert_false(options_open(tmpdir_write("d.conf",
	    "\n@include \"bad.inc\"\n", 0600), &file, &err));
	assert_non_null(strstr(err.msg, tmpdir_path("bad.inc")));
	assert_non_null(strstr(err.msg, "bad.inc:2: syntax error"));
}

/* ---- walks ------------------------------------------------------------- */
static void
test_dump(void **state)
{
	AUTO(buf) struct buf a, b;
	struct settings s;

	(void)state;
	buf_init(&a, 65536);
	buf_init(&b, 65536);
	assert_true(fill("list = ( { id = 5; } ); texts = [ \"a\", \"b\" ];",
	    NULL, &s));
	options_dump(opts, &s, "", &a);
	assert_non_null(strstr(buf_text(&a), "\nlist[0].id=5\n"));
	assert_non_null(strstr(buf_text(&a), "\nlist[0].deep.n=4\n"));
	assert_non_null(strstr(buf_text(&a), "\ntexts=\"a\",\"b\"\n"));
	assert_non_null(strstr(buf_text(&a), "\noptional.key=\"\"\n"));
	assert_non_null(strstr(buf_text(&a), "\nnumber=5\n"));
	assert_true(fill("texts = [ \"a\", \"b\" ]; number = 5.0; list = ( { "
	    "deep = { n = 4; }; id = 5; } );", NULL, &s));
	options_dump(opts, &s, "", &b);
	assert_string_equal(buf_text(&a), buf_text(&b));
}

static void
test_print(void **state)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	(void)state;
	assert_non_null(out);
	options_print(out, opts, "");
	assert_int_equal(fclose(out), 0);
	assert_non_null(strstr(text, "custom_as"));
	assert_non_null(strstr(text, "choice object|string"));
	assert_non_null(strstr(text, "integer 1..64"));
	assert_non_null(strstr(text, "\"5m\""));
	assert_non_null(strstr(text, "\n  id "));
	assert_non_null(strstr(text, "must be given"));
	assert_non_null(strstr(text, "\n  deep "));
	assert_non_null(strstr(text, "\n    n "));
	free(text);
}

struct keys {
	const char *key;
};
static const struct opt key_opts[] = {
	{ .name = "key", .type = OPT_SECRET, .offset = offsetof(struct keys,
	    key), .def = "", .help = "secret" },
	END
};
struct keyed {
	const char *api_key, *text;
	struct keys in;
	struct grouplist list;
};
static const struct opt keyed_opts[] = {
	{ .name = "api_key", .type = OPT_SECRET,
	    .offset = offsetof(struct keyed, api_key), .help = "secret" },
	{ .name = "text", .type = OPT_STR,
	    .offset = offsetof(struct keyed, text), .def = "file:k",
	    .help = "no secret" },
	{ .name = "in", .type = OPT_GROUP, .offset = offsetof(struct keyed,
	    in), .sub = key_opts, .help = "group" },
	{ .name = "list", .type = OPT_GROUPLIST,
	    .offset = offsetof(struct keyed, list), .def = "()",
	    .sub = key_opts, .size = sizeof(struct keys), .help = "groups" },
	END
};

static void
test_load_secrets(void **state)
{
	AUTO(options_file) struct options_file *file = NULL;
	struct keyed k = { 0 };

	(void)state;
	(void)tmpdir_write("k", "value-one\n", 0600);
	(void)tmpdir_write("l", "value-two\n", 0600);
	assert_true(options_open_text("api_key = \"file:k\"; list = ( { }, "
	    "{ key = \"file:l\"; } );", "t", &file, &err));
	assert_true(options_fill(keyed_opts, &k, options_root(file), "t", "",
	    NULL, arena, &err));
	assert_true(options_load_secrets(keyed_opts, &k, tmpdir, "survey",
	    arena, &err));
	const struct keys *list = k.list.v;
	assert_string_equal(k.api_key, "value-one");
	assert_string_equal(k.text, "file:k");
	assert_string_equal(k.in.key, "");
	assert_string_equal(list[0].key, "");
	assert_string_equal(list[1].key, "value-two");
	k.in.key = "file:none";
	k.api_key = "file:k";
	assert_false(options_load_secrets(keyed_opts, &k, tmpdir, "survey",
	    arena, &err));
	assert_non_null(strstr(err.msg, "survey.in.key: file:none: "));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_defaults, set_up,
		    tear_down),
		cmocka_unit_test_setup_teardown(test_values, set_up,
		    tear_down),
		cmocka_unit_test_setup_teardown(test_single_value_is_a_list,
		    set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_seconds, set_up,
		    tear_down),
		cmocka_unit_test_setup_teardown(test_mistakes, set_up,
		    tear_down),
		cmocka_unit_test_setup_teardown(test_missing, set_up,
		    tear_down),
		cmocka_unit_test_setup_teardown(test_ignore, set_up,
		    tear_down),
		cmocka_unit_test_setup_teardown(test_url, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_path, set_up, tear_down),
		cmocka_unit_test(test_texts),
		cmocka_unit_test_setup_teardown(test_file, set_up, tear_down),
		cmocka_unit_test(test_bad_files),
		cmocka_unit_test_setup_teardown(test_dump, set_up, tear_down),
		cmocka_unit_test(test_print),
		cmocka_unit_test_setup_teardown(test_load_secrets, set_up,
		    tear_down),
	};

	return cmocka_run_group_tests(tests, tmpdir_make, tmpdir_remove);
}
