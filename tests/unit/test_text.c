/* text.c: what may be shown, and cuts (vectors section 11). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "buf.h"
#include "text.h"

static void
test_pieces(void **state)
{
	static const struct {
		const char *text, *shown;
	} cases[] = {
		{ "", "" },
		{ "Møde", "Møde" },
		{ "a b~", "a b~" },
		{ "\xf0\x9f\x98\x80", "\xf0\x9f\x98\x80" },
		{ "a\r\nb\tc", "a\\r\\nb\\tc" },
		{ "\x1b[31m\x01\x7f", "\\x1b[31m\\x01\\x7f" },
		{ "\xc2\x80\xc2\x85\xc2\x9f\xc2\xa0",
		    "\\u0080\\u0085\\u009f\xc2\xa0" },
		{ "\xe2\x80\xa7\xe2\x80\xa8\xe2\x80\xa9\xe2\x80\xaa"
		  "\xe2\x80\xae\xe2\x80\xaf",
		    "\xe2\x80\xa7\\u2028\\u2029\\u202a\\u202e\xe2\x80\xaf" },
		{ "\xe2\x81\xa5\xe2\x81\xa6\xe2\x81\xa9\xe2\x81\xaa",
		    "\xe2\x81\xa5\\u2066\\u2069\xe2\x81\xaa" },
		{ "\xe2\x80\x8e\xe2\x80\x8f\xd8\x9c",
		    "\\u200e\\u200f\\u061c" },
		{ "\xff\xc3" "a\xe2\x80", "\\xff\\xc3a\\xe2\\x80" },
		{ "\xc0\x80", "\\xc0\\x80" },
		{ "%n%s", "%n%s" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO(buf) struct buf b = { .max = 1000 };
		char piece[TEXT_PIECE];
		size_t took, total = 0;
		while ((took = text_piece(cases[i].text + total, piece)) > 0) {
			assert_true(strlen(piece) < sizeof(piece));
			assert_true(buf_str(&b, piece));
			total += took;
		}
		assert_int_equal(total, strlen(cases[i].text));
		assert_string_equal(buf_text(&b), cases[i].shown);
	}
}

/* A comment limited to every length stays valid UTF-8. */
static void
test_cut(void **state)
{
	static const char comment[] = "ser m\xc3\xa6gtig flot ud"
	    "\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80";
	size_t before = 0;

	(void)state;
	for (size_t max = 0; max <= sizeof(comment) + 3; max++) {
		char cut[sizeof(comment)];
		const size_t n = text_cut(comment, max);
		assert_true(n <= max && n < sizeof(comment));
		assert_true(n >= before && n + 3 >= (max < sizeof(comment) ?
		    max : sizeof(comment) - 1));
		memcpy(cut, comment, n);
		cut[n] = '\0';
		assert_true(text_valid(cut));
		before = n;
	}
	assert_int_equal(before, sizeof(comment) - 1);
	assert_int_equal(text_cut("m\xc3\xa6gtig", 2), 1);
	assert_int_equal(text_cut("m\xc3\xa6gtig", 3), 3);
	/* Garbage is cut where it is told to. */
	assert_int_equal(text_cut("\x80\x80\x80\x80\x80\x80\x80\x80", 6), 6);
}

static void
test_valid(void **state)
{
	(void)state;
	assert_true(text_valid(""));
	assert_true(text_valid("Møde \xf0\x9f\x98\x80"));
	assert_false(text_valid("\xff"));
	assert_false(text_valid("a\xc3"));
	assert_false(text_valid("\xed\xa0\x80"));
	assert_false(text_valid("\xc0\x80"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pieces),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_valid),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
