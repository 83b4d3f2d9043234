/* template.c, template_words.c: texts with names in them, ours and others'. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "scratch.h"
#include "template.h"
#include "text.h"

static const struct template_value values[] = { { "score", "3" },
	{ "comment", "one\r\ntwo\n<three>" }, { "who", "A & B" },
	{ "company", "" }, { "link", NULL }, { "told", "{score}" },
	{ NULL, NULL } };

static const char *
filled(bool html, const struct template *t, const struct template_fill *fill)
{
	char *text = NULL;
	size_t len = 0;
	struct err err;
	FILE *out = open_memstream(&text, &len);

	assert_non_null(out);
	assert_true(html ? template_html(out, t, fill, &err)
	                 : template_text(out, t, fill, &err));
	assert_int_equal(fclose(out), 0);
	const char *kept = arena_strdup(arena, text);
	free(text);
	return kept;
}

/* ---- filling ------------------------------------------------------------- */
static const struct {
	const char *body, *text, *html;
} lines[] = {
	{ "{score}\n", "3\n", "3\n" },
	{ "plain", "plain\n", "plain\n" },
	/* All of its names are empty: no line. */
	{ "a\n{company}: {link}\nb\n", "a\nb\n", "a\nb\n" },
	{ "{company}{score}\n", "3\n", "3\n" },
	{ "{who}\n", "A & B\n", "A &amp; B\n" },
	{ "{comment}\n", "one\n> two\n> <three>\n",
	    "one<br>\ntwo<br>\n&lt;three&gt;\n" },
	/* A value is text, whatever it looks like. */
	{ "{told}\n", "{score}\n", "{score}\n" },
	/* Braces of style sheets are text. */
	{ "p { color: red } {} { score } {score\n",
	    "p { color: red } {} { score } {score\n",
	    "p { color: red } {} { score } {score\n" },
	{ "a\r\n{score}\r\n", "a\n3\n", "a\n3\n" },
};

static void
test_lines(void **state)
{
	const struct template_fill fill = { .values = values };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
		const struct template t = { .text = arena_printf(arena,
			"Subject: x\n\n%s", lines[i].body),
			.html = lines[i].body };
		assert_string_equal(filled(false, &t, &fill), lines[i].text);
		assert_string_equal(filled(true, &t, &fill), lines[i].html);
	}
}

static void
test_each(void **state)
{
	static const struct template_value one[] = { { "score", "9" },
		{ "comment", "" }, { NULL, NULL } };
	const struct template_value *const each[] = { values, one };
	struct template_fill fill = { .values = values, .each = each,
		.n_each = 2 };
	const struct template t = { .text = "Subject: {score}\n\nbegin\n"
	    " {each} \n* {score} {who}\n{comment}\n{end}\nend\n", .html = "" };

	(void)state;
	assert_string_equal(filled(false, &t, &fill), "begin\n* 3 A & B\n"
	    "one\n> two\n> <three>\n* 9 A & B\nend\n");
	fill.n_each = 0;
	assert_string_equal(filled(false, &t, &fill), "begin\nend\n");
}

static void
test_subject(void **state)
{
	static const struct template_value evil[] = { { "who",
		"x\r\nBcc: z\n\x01\xe2\x80\xae" }, { NULL, NULL } };
	struct template_fill fill = { .values = evil };
	const struct template t = { .text = "Subject: {who} said\n\n", "" };
	char *long_name = arena_alloc(arena, 70000);

	(void)state;
	assert_string_equal(template_subject(arena, &t, &fill),
	    "x Bcc: z \\x01\\u202e said");
	memset(long_name, 'a', 69999);
	const struct template_value wide[] = { { "who", long_name },
		{ NULL, NULL } };
	fill.values = wide;
	assert_int_equal(strlen(template_subject(arena, &t, &fill)), 200);
}

/* ---- faults -------------------------------------------------------------- */
static const struct {
	enum template_kind kind;
	bool html;
	const char *text, *expect;	/* NULL = sound */
} faults[] = {
	{ TEMPLATE_ALARM, false, "Subject: {score}\n\n{comment}\n", NULL },
	{ TEMPLATE_ALARM, false, "Subject: {score}\n", NULL },
	{ TEMPLATE_ALARM, true, "<p>{told}</p>", NULL },
	{ TEMPLATE_DIGEST, false, "Subject: {count}\n\n{each}\n{who}\n{end}",
	    NULL },
	{ TEMPLATE_ALARM, false, "Emne: x\n\n", "line 1: expected" },
	{ TEMPLATE_ALARM, false, "", "line 1: expected" },
	{ TEMPLATE_ALARM, false, "Subject: x\nBcc: y\n", "line 2: expected" },
	{ TEMPLATE_ALARM, false, "Subject: {nmae}\n\n", "line 1: there is no "
	    "{nmae}" },
	{ TEMPLATE_ALARM, true, "a\nb {Score}\n", "line 2: there is no "
	    "{Score}" },
	{ TEMPLATE_ALARM, true, "{each}\n", "line 1: {each} and {end} belong" },
	{ TEMPLATE_DIGEST, false, "Subject: {score}\n\n", "outside of {each}" },
	{ TEMPLATE_DIGEST, true, "{each}\n{score}\n", "line 1: this {each} "
	    "has no {end}" },
	{ TEMPLATE_DIGEST, true, "{end}\n", "in turn" },
	{ TEMPLATE_DIGEST, true, "{each}\n{each}\n", "line 2: expected" },
	{ TEMPLATE_HEALTH, true, "{each}\n{score}\n{end}\n", "line 2: there "
	    "is no {score} here" },
	{ TEMPLATE_HEALTH, true, "\xff", "UTF-8" },
};

static void
test_faults(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(faults); i++) {
		struct err err = { .kind = ERR_NONE };
		const bool ok = template_check(faults[i].kind, faults[i].html,
		    faults[i].text, &err);
		if (ok != (faults[i].expect == NULL) || (!ok &&
		    strstr(err.msg, faults[i].expect) == NULL))
			fail_msg("case %zu: %s", i, err.msg);
	}
}

/* ---- ours ---------------------------------------------------------------- */
static void
test_builtin(void **state)
{
	static const char *const kinds[] = { "alarm", "digest", "health" };
	static const char *const languages[] = { "da", "sv", "nb", "en" };
	char name[40];
	size_t n = 0;

	(void)state;
	for (int k = 0; k < TEMPLATE_KINDS; k++)
		for (size_t l = 0; l < ARRAY_LEN(languages); l++)
			for (int html = 0; html < 2; html++, n++) {
				struct err err;
				(void)snprintf(name, sizeof(name), "%s.%s.%s",
				    kinds[k], languages[l],
				    html ? "html" : "txt");
				const char *text = template_builtin(name);
				assert_non_null(text);
				if (!template_check((enum template_kind)k,
				    html, text, &err))
					fail_msg("%s: %s", name, err.msg);
			}
	for (const struct template_file *f = template_files; f->name != NULL;
	    f++)
		n--;
	assert_int_equal(n, 0);
	assert_null(template_builtin("alarm.fi.txt"));
}

/* Ours is there also when memory is not. */
static void
test_no_memory(void **state)
{
	struct arena *tiny = arena_new(16);
	struct template t;
	struct err err;

	(void)state;
	assert_non_null(tiny);
	assert_false(template_load("/nowhere/at/all/for/long", TEMPLATE_ALARM,
	    "da", tiny, &t, &err));
	assert_int_equal(err.kind, ERR_NOMEM);
	assert_ptr_equal(t.text, template_builtin("alarm.da.txt"));
	assert_ptr_equal(t.html, template_builtin("alarm.da.html"));
	arena_free(tiny);
}

/* Each word in each language is its own. */
static void
test_words(void **state)
{
	(void)state;
	assert_string_equal(template_language("no"), "nb");
	assert_string_equal(template_language("fi"), "en");
	assert_string_equal(template_band("en", 6), "detractor");
	assert_string_equal(template_band("en", 7), "passive");
	assert_string_equal(template_band("en", 8), "passive");
	assert_string_equal(template_band("en", 9), "promoter");
	assert_string_equal(template_band("en", -1), "no score");
	assert_string_equal(template_why("da", true, false, true),
	    "\xc3\x98nsker at blive kontaktet, lav karakter");
	assert_string_equal(template_why("sv", false, true, false),
	    "H\xc3\xb6gt betyg");
	assert_string_equal(template_trigger("nb", "meet"), "M\xc3\xb8te");
	assert_string_equal(template_trigger("nb", "project"), "project");
	assert_string_equal(template_health("en", "no_run"),
	    "No run for more than 26 hours");
	assert_string_equal(template_health("sv", "export"),
	    "Filer f\xc3\xb6r rapportverktyg kunde inte skrivas");
	assert_string_equal(template_health("da", "suppressed"),
	    "Unders\xc3\xb8gelsestjenesten holder mange tilbage");
	assert_string_equal(template_state("sv", true), "LARM");
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_lines), CASE(test_each), CASE(test_subject),
		CASE(test_faults), CASE(test_builtin), CASE(test_words),
		CASE(test_no_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
