/*
 * Profiles: where a name leads, and that every fault of one is told by file,
 * line and key.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "options.h"
#include "rest/profile.h"
#include "tmpdir.h"

static struct arena *arena;
static struct err err;

/* The group crm of a configuration in the test's directory. */
static bool
fill(const char *group, struct rest_crm_settings *set)
{
	AUTO(options_file) struct options_file *file = NULL;
	char text[2048];
	const char *conf = arena_strdup(arena, tmpdir_path("npsync.conf"));

	memset(set, 0, sizeof(*set));
	err = (struct err){ .kind = ERR_NONE };
	(void)snprintf(text, sizeof(text), "crm = { base_url = "
	    "\"https://erp.example.com/DB/\"; %s };", group);
	return options_open_text(text, conf, &file, &err) &&
	    options_fill(rest_crm_opts, set, options_find(file, "crm"), conf,
	    "crm", NULL, arena, &err);
}

static void
test_found(void **state)
{
	static const char good[] = "summary = \"one\";\n"
	    "auth = { style = \"bearer\"; };\n"
	    "check = { path = \"/me?x={var.a}\"; };\n";
	struct rest_crm_settings set;

	(void)state;
	(void)tmpdir_write("crm.d/one.conf", good, 0600);
	(void)tmpdir_write("other.conf", "summary = \"other\";\n", 0600);
	if (!fill("profile = \"one\"; secret = \"credential:x\";", &set))
		fail_msg("%s", err.msg);
	assert_string_equal(set.profile.from.name, "one");
	assert_string_equal(set.profile.from.file,
	    tmpdir_path("crm.d/one.conf"));
	assert_string_equal(set.profile.base.summary, "one");
	assert_int_equal(set.profile.base.auth.style, REST_AUTH_BEARER);
	assert_string_equal(set.profile.reading.check.path, "/me?x={var.a}");
	assert_false(rest_request_given(&set.profile.base.auth.login));
	assert_string_equal(set.place.secret, "credential:x");
	assert_string_equal(set.place.user, "");
	assert_true(fill("profile = \"other.conf\";", &set));
	assert_string_equal(set.profile.base.summary, "other");
	assert_true(fill("profile = \"./other.conf\";", &set));
	assert_string_equal(set.profile.base.summary, "other");
}

static void
test_not_found(void **state)
{
	static const struct { const char *group, *says; } cases[] = {
		{ "", "npsync.conf:1: crm.profile: expected the name of a "
		    "profile, or the path of its file; it is missing" },
		{ "profile = 5;", "crm.profile: expected the name of a "
		    "profile, or the path of its file; got 5" },
		{ "profile = \"nobodys\";", "npsync.conf:1: crm.profile: " },
		{ "profile = \"nobodys\";", "a file crm.d/nobodys.conf" },
		{ "profile = \"a b\";", "expected the name of a profile: "
		    "letters" },
		{ "profile = \"..\";", "expected the name of a profile: "
		    "letters" },
		{ "profile = \"no/such.conf\";", "cannot read" },
		{ "profile = \"crm.d/\";", "cannot read" },
	};
	struct rest_crm_settings set;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		if (fill(cases[i].group, &set))
			fail_msg("%s: taken", cases[i].group);
		if (err.kind != ERR_CONFIG ||
		    strstr(err.msg, cases[i].says) == NULL)
			fail_msg("%s: %s", cases[i].group, err.msg);
	}
}

/* The line of each fault is the third. */
static void
test_faults(void **state)
{
	static const struct { const char *line, *says; } cases[] = {
		{ "summaryx = \"x\";", "3: summaryx: unknown key; did you mean "
		    "summary?" },
		{ "summary = 5;", "3: summary: expected a text" },
		{ "summary = \"a\\nb\";", "3: summary: expected a text "
		    "without control" },
		{ "timezone = \"Mars/Base\";", "3: timezone: expected a zone" },
		{ "auth = { style = \"magic\"; };", "3: auth.style: expected "
		    "one of none, header," },
		{ "auth = { header = \"X Y\"; };", "3: auth.header: expected "
		    "the name of a header" },
		{ "auth = { header = \"Host\"; };", "3: auth.header: Host is "
		    "not a header" },
		{ "auth = { login = { method = \"POST\"; }; };",
		    "3: auth.login.path: expected a text in double quotes; it "
		    "is missing" },
		{ "auth = { oauth2 = { extra = ( { name = \"client_secret\"; "
		    "value = \"x\"; } ); }; };", "3: auth.oauth2.extra[0].name: "
		    "client_secret is filled from elsewhere" },
		{ "headers = ( { name = \"X\"; value = \"{a\"; } );",
		    "3: headers[0].value: {a: a { that no } ends" },
		{ "headers = ( { name = \"X\"; value = \"a\\r\\nb\"; } );",
		    "3: headers[0].value: expected a header without control" },
		{ "errors = ( { status = [ 99 ]; } );", "3: errors[0].status: "
		    "expected a list" },
		{ "errors = ( { means = \"fine\"; } );", "3: errors[0].means: "
		    "expected one of ok, failure" },
		{ "check = { path = \"https://evil.example/\"; };",
		    "3: check.path: expected a path below base_url" },
		{ "check = { path = \"//evil.example/\"; };",
		    "3: check.path: expected a path below base_url" },
		{ "check = { path = \"/a b\"; };", "3: check.path: expected "
		    "%20 for a blank" },
		{ "check = { path = \"/a/../b\"; };", "3: check.path: expected "
		    "a path without" },
		{ "check = { path = \"/a/{id:what}\"; };", "3: check.path: "
		    "{id:what}: no such format" },
		{ "check = { path = \"\"; json = \"{ \\\"a\\\": {id} }\"; };",
		    "3: check.json: the template is no JSON" },
		{ "check = { path = \"\"; form = \"a=b c\"; };",
		    "3: check.form: expected %20" },
	};
	struct rest_crm_settings set;
	char text[512];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		(void)snprintf(text, sizeof(text), "# a profile\n\n%s\n",
		    cases[i].line);
		(void)tmpdir_write("crm.d/bad.conf", text, 0600);
		if (fill("profile = \"bad\";", &set))
			fail_msg("%s: taken", cases[i].line);
		if (err.kind != ERR_CONFIG ||
		    strstr(err.msg, cases[i].says) == NULL ||
		    strstr(err.msg, "/crm.d/bad.conf:") == NULL)
			fail_msg("%s: %s", cases[i].line, err.msg);
	}
}

/* What stands in a profile is part of the settings' digest, where it lies is
 * not. */
static void
test_dump(void **state)
{
	struct rest_crm_settings set;
	AUTO(buf) struct buf out;

	(void)state;
	buf_init(&out, 65536);
	(void)tmpdir_write("crm.d/one.conf", "summary = \"one\";\nerrors = ("
	    " { status = [ 503 ]; means = \"throttled\"; } );\n", 0600);
	assert_true(fill("profile = \"one\"; secret = \"credential:x\"; "
	    "variables = ( { name = \"company\"; value = \"1\"; } );", &set));
	options_dump(rest_crm_opts, &set, "crm.x", &out);
	const char *text = buf_text(&out);
	assert_non_null(strstr(text, "crm.x.profile=\"one\"\n"));
	assert_non_null(strstr(text, "crm.x.profile.summary=\"one\"\n"));
	assert_non_null(strstr(text,
	    "crm.x.profile.errors[0].means=\"throttled\"\n"));
	assert_non_null(strstr(text, "crm.x.variables[0].value=\"1\"\n"));
	assert_null(strstr(text, tmpdir_path("")));
}

static void
test_variables(void **state)
{
	struct rest_crm_settings set;

	(void)state;
	(void)tmpdir_write("crm.d/one.conf", "summary = \"one\";\n", 0600);
	assert_false(fill("profile = \"one\"; variables = ( { name = "
	    "\"a.b\"; value = \"1\"; } );", &set));
	assert_non_null(strstr(err.msg, "npsync.conf:1: crm.variables[0].name: "
	    "expected 1 to 64 letters"));
	assert_false(fill("profile = \"one\"; token_url = "
	    "\"http://login.example.com/\";", &set));
	assert_non_null(strstr(err.msg, "crm.token_url"));
}

static bool
no_x(const char *text, struct err *e)
{
	return strchr(text, 'x') == NULL ? true :
	    err_set(e, ERR_CONFIG, "expected no x");
}

/* .check sees what the file gives, and each text of a list. */
static void
test_check(void **state)
{
	static const struct opt opts[] = {
		{ .name = "a", .type = OPT_STR, .def = "x", .check = no_x },
		{ .name = "l", .type = OPT_STRLIST, .def = "[]", .offset = 8,
		    .check = no_x },
		{ .name = NULL } };
	AUTO(options_file) struct options_file *file = NULL;
	struct { const char *a; struct strlist l; } s;

	(void)state;
	assert_int_equal(offsetof(__typeof__(s), l), 8);
	assert_true(options_open_text("good = { l = [ \"y\" ]; };\n"
	    "bad = { a = \"x\"; };\nworse = { l = [ \"y\",\n\"x\" ]; };\n",
	    "t.conf", &file, &err));
	assert_true(options_fill(opts, &s, options_find(file, "good"),
	    "t.conf", "", NULL, arena, &err));
	assert_string_equal(s.a, "x");
	assert_false(options_fill(opts, &s, options_find(file, "bad"),
	    "t.conf", "bad", NULL, arena, &err));
	assert_string_equal(err.msg, "t.conf:2: bad.a: expected no x");
	assert_false(options_fill(opts, &s, options_find(file, "worse"),
	    "t.conf", "worse", NULL, arena, &err));
	assert_string_equal(err.msg, "t.conf:4: worse.l: expected no x");
}

/* Each profile of ours can be read. */
static void
test_compiled_in(void **state)
{
	(void)state;
	for (const struct options_profile *p = options_profiles;
	    p->name != NULL; p++) {
		struct rest_survey_settings survey = { .place = { .user = "" } };
		struct rest_crm_settings crm = { .place = { .user = "" } };
		const bool is_crm = strcmp(p->folder, "crm.d") == 0;
		AUTO(options_file) struct options_file *file = NULL;
		char text[256];
		(void)snprintf(text, sizeof(text), "base_url = \"https://"
		    "x.example\"; profile = \"%s\";", p->name);
		assert_true(options_open_text(text, "t.conf", &file, &err));
		if (!options_fill(is_crm ? rest_crm_opts : rest_survey_opts,
		    is_crm ? (void *)&crm : (void *)&survey,
		    options_root(file), "t.conf", "", NULL, arena, &err))
			fail_msg("%s", err.msg);
		assert_string_not_equal(is_crm ? crm.profile.base.summary :
		    survey.profile.base.summary, "");
	}
}

static int
set_up(void **state)
{
	arena = arena_new((size_t)4 << 20);
	if (arena == NULL || tmpdir_make(state) != 0)
		return -1;
	return mkdir(tmpdir_path("crm.d"), 0700);
}

static int
tear_down(void **state)
{
	arena_free(arena);
	return tmpdir_remove(state);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_found),
		cmocka_unit_test(test_not_found),
		cmocka_unit_test(test_faults),
		cmocka_unit_test(test_dump),
		cmocka_unit_test(test_variables),
		cmocka_unit_test(test_check),
		cmocka_unit_test(test_compiled_in),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
