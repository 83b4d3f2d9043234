/* spark.c: bars, and the day a plan is used up. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "clock.h"
#include "spark.h"

static void
test_line(void **state)
{
	static const long long v[] = { 0, 1, 7, 8, 14, 0 }, none[] = { 0, 0 },
	    gaps[] = { 0, SPARK_NONE, 3 };
	struct arena *a = arena_new(4096);

	(void)state;
	assert_string_equal(spark_line(a, v, 6, false), "_.==#_");
	assert_string_equal(spark_line(a, v, 6, true),
	    "\xe2\x96\x81\xe2\x96\x82\xe2\x96\x85\xe2\x96\x85\xe2\x96\x88"
	    "\xe2\x96\x81");
	assert_string_equal(spark_line(a, none, 2, false), "__");
	assert_string_equal(spark_line(a, none, 0, true), "");
	/* Not known is not nothing. */
	assert_string_equal(spark_line(a, gaps, 3, false), "_ #");
	assert_string_equal(spark_line(a, gaps, 3, true),
	    "\xe2\x96\x81\xc2\xb7\xe2\x96\x88");
	arena_free(a);
}

static void
test_locale(void **state)
{
	static const struct {
		const char *all, *ctype, *lang;
		bool utf8;
	} cases[] = {
		{ "C.UTF-8", "C", "C", true }, { "C", "da_DK.UTF-8", "x", false },
		{ "", "da_DK.utf8", "C", true }, { NULL, NULL, "sv_SE.UTF-8", true },
		{ NULL, NULL, "da_DK.ISO-8859-1", false },
		{ NULL, NULL, NULL, false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const char *const value[] = { cases[i].all, cases[i].ctype,
			cases[i].lang };
		const char *const name[] = { "LC_ALL", "LC_CTYPE", "LANG" };
		for (int k = 0; k < 3; k++)
			assert_int_equal(value[k] == NULL ? unsetenv(name[k])
			    : setenv(name[k], value[k], 1), 0);
		assert_int_equal(spark_locale_is_utf8(), cases[i].utf8);
	}
}

static void
test_plan(void **state)
{
	static const struct {
		struct plan plan;
		int day;
	} cases[] = {
		/* 60 in 60 days: one a day. */
		{ { 20260601, 100, 90, 60, 60 }, 20260611 },
		/* Part of a day is a day. */
		{ { 20260601, 101, 90, 120, 60 }, 20260607 },
		{ { 20260601, 100, 100, 60, 60 }, 20260601 },
		{ { 20260601, 100, 120, 0, 60 }, 20260601 },
		{ { 20260601, 0, 120, 60, 60 }, NO_DAY },
		{ { 20260601, 100, 10, 0, 60 }, NO_DAY },
		/* On the last day of the year, and on the first of the next. */
		{ { 20261201, 100, 70, 60, 60 }, 20261231 },
		{ { 20261201, 100, 69, 60, 60 }, NO_DAY },
		{ { 20260601, 100000000, 0, 1, 60 }, NO_DAY },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		assert_int_equal(plan_used_up(&cases[i].plan), cases[i].day);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_line),
		cmocka_unit_test(test_locale),
		cmocka_unit_test(test_plan),
	};

	return cmocka_run_group_tests_name("spark", tests, NULL, NULL);
}
