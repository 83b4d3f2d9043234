/* num.c: what is a number, and what only looks like one. */
#include <limits.h>
#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "num.h"

struct int_case {
	const char *text;
	long long min, max;
	bool ok;
	long long value;
};

static void
test_integers(void **state)
{
	static const struct int_case cases[] = {
		{ "0", 0, 10, true, 0 },
		{ "10", 0, 10, true, 10 },
		{ "11", 0, 10, false, 0 },
		{ "-1", 0, 10, false, 0 },
		{ "-1", -1, 10, true, -1 },
		{ "-0", 0, 10, true, 0 },
		{ "007", 0, 10, true, 7 },
		{ "9223372036854775807", LLONG_MIN, LLONG_MAX, true,
		    LLONG_MAX },
		{ "-9223372036854775808", LLONG_MIN, LLONG_MAX, true,
		    LLONG_MIN },
		{ "9223372036854775808", LLONG_MIN, LLONG_MAX, false, 0 },
		{ "-9223372036854775809", LLONG_MIN, LLONG_MAX, false, 0 },
		{ "92233720368547758070", LLONG_MIN, LLONG_MAX, false, 0 },
		{ "", 0, 10, false, 0 },
		{ "-", -10, 10, false, 0 },
		{ "--1", -10, 10, false, 0 },
		{ "+1", 0, 10, false, 0 },
		{ " 1", 0, 10, false, 0 },
		{ "1 ", 0, 10, false, 0 },
		{ "1\n", 0, 10, false, 0 },
		{ "1.0", 0, 10, false, 0 },
		{ "1e1", 0, 10, false, 0 },
		{ "0x1", 0, 10, false, 0 },
		{ "abc", 0, 10, false, 0 },
		{ "7749.0", 0, 9999, false, 0 },
		{ "\xd9\xa1", 0, 10, false, 0 },	/* Arabic digit one */
		{ NULL, 0, 10, false, 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const struct int_case *c = &cases[i];
		long long out = 4711;
		if (num_parse(c->text, c->min, c->max, &out) != c->ok)
			fail_msg("case %zu: \"%s\"", i,
			    c->text == NULL ? "NULL" : c->text);
		assert_int_equal(out, c->ok ? c->value : 4711);
	}
}

static void
test_counted_bytes(void **state)
{
	static const char text[] = { '1', '2', '3' };
	long long out = 0;

	(void)state;
	assert_true(num_parse_n(text, 3, 0, 999, &out));
	assert_int_equal(out, 123);
	assert_true(num_parse_n(text, 2, 0, 999, &out));
	assert_int_equal(out, 12);
	assert_false(num_parse_n(text, 0, 0, 999, &out));
	assert_false(num_parse_n("1\0002", 3, 0, 999, &out));
	assert_false(num_parse_n(NULL, 0, 0, 999, &out));
	assert_int_equal(out, 12);
}

static void
test_doubles(void **state)
{
	static const struct {
		const char *text;
		double min, max;
		bool ok;
		double value;
	} cases[] = {
		{ "5", 0, 10, true, 5 },
		{ "0.25", 0, 10, true, 0.25 },
		{ "-2.5", -10, 10, true, -2.5 },
		{ "10", 0, 10, true, 10 },
		{ "10.0001", 0, 10, false, 0 },
		{ "-0.0001", 0, 10, false, 0 },
		{ "1,5", 0, 10, false, 0 },
		{ ".5", 0, 10, false, 0 },
		{ "5.", 0, 10, false, 0 },
		{ "1e1", 0, 10, false, 0 },
		{ "inf", -1e308, 1e308, false, 0 },
		{ "nan", -1e308, 1e308, false, 0 },
		{ "0x1p3", 0, 10, false, 0 },
		{ "+1", 0, 10, false, 0 },
		{ " 1", 0, 10, false, 0 },
		{ "1 ", 0, 10, false, 0 },
		{ "-", -10, 10, false, 0 },
		{ "", 0, 10, false, 0 },
		{ NULL, 0, 10, false, 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		double out = 47.5;
		if (num_parse_double(cases[i].text, cases[i].min, cases[i].max,
			&out) != cases[i].ok)
			fail_msg("case %zu", i);
		assert_true(out >= (cases[i].ok ? cases[i].value : 47.5) &&
		    out <= (cases[i].ok ? cases[i].value : 47.5));
	}
}

static void
test_double_too_large(void **state)
{
	char digits[400];
	double out = 1;

	(void)state;
	memset(digits, '9', sizeof(digits) - 1);
	digits[sizeof(digits) - 1] = '\0';
	assert_false(num_parse_double(digits, -1.7e308, 1.7e308, &out));
}

/* Where a locale with a decimal comma is installed, it changes nothing. */
static void
test_locale(void **state)
{
	double out = 0;

	(void)state;
	(void)setlocale(LC_ALL, "da_DK.UTF-8");
	assert_true(num_parse_double("0.5", 0, 1, &out));
	assert_true(out > 0.49 && out < 0.51);
	assert_false(num_parse_double("0,5", 0, 1, &out));
	(void)setlocale(LC_ALL, "C");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_integers),
		cmocka_unit_test(test_counted_bytes),
		cmocka_unit_test(test_doubles),
		cmocka_unit_test(test_double_too_large),
		cmocka_unit_test(test_locale),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
