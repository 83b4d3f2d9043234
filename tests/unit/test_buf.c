/* buf.c: growth, ceiling, sticky failure. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "buf.h"

static void
test_appends(void **state)
{
	AUTO(buf) struct buf b = { .max = 0 };

	(void)state;
	buf_init(&b, 1000);
	assert_string_equal(buf_text(&b), "");
	assert_true(buf_str(&b, "a="));
	assert_true(buf_printf(&b, "%d", 42));
	assert_true(buf_char(&b, ';'));
	assert_true(buf_add(&b, "\0z", 2));
	assert_true(buf_add(&b, NULL, 0));
	assert_int_equal(b.len, 7);
	assert_memory_equal(b.s, "a=42;\0z", 8);
	assert_string_equal(buf_text(&b), "a=42;");
}

static void
test_grows(void **state)
{
	AUTO(buf) struct buf b = { .max = 1 << 20 };

	(void)state;
	for (int i = 0; i < 10000; i++)
		assert_true(buf_printf(&b, "%05d", i));
	assert_int_equal(b.len, 50000);
	assert_memory_equal(b.s + 5 * 4711, "04711", 5);
	assert_int_equal(strlen(b.s), b.len);
}

static void
test_ceiling(void **state)
{
	AUTO(buf) struct buf b = { .max = 4 };

	(void)state;
	assert_true(buf_str(&b, "abcd"));
	assert_false(b.failed);
	assert_false(buf_char(&b, 'e'));
	assert_true(b.failed);
	assert_string_equal(buf_text(&b), "abcd");
	/* Sticky: even what would fit is refused, a gap is never filled. */
	assert_false(buf_add(&b, "", 0));
	assert_false(buf_str(&b, ""));
	buf_reset(&b);
	assert_false(b.failed);
	assert_string_equal(buf_text(&b), "");
	assert_false(buf_printf(&b, "%s", "12345"));
	assert_string_equal(buf_text(&b), "");
	buf_reset(&b);
	assert_true(buf_printf(&b, "%s", "1234"));
	assert_string_equal(buf_text(&b), "1234");
}

static void
test_huge_length_is_refused(void **state)
{
	AUTO(buf) struct buf b = { .max = 100 };

	(void)state;
	assert_true(buf_char(&b, 'x'));
	assert_false(buf_add(&b, "y", SIZE_MAX));
	assert_int_equal(b.len, 1);
}

static void
test_free_keeps_ceiling(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 3);
	assert_true(buf_str(&b, "abc"));
	buf_free(&b);
	assert_string_equal(buf_text(&b), "");
	assert_int_equal(b.len, 0);
	assert_false(buf_str(&b, "abcd"));
	buf_free(&b);
	buf_free(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_appends),
		cmocka_unit_test(test_grows),
		cmocka_unit_test(test_ceiling),
		cmocka_unit_test(test_huge_length_is_refused),
		cmocka_unit_test(test_free_keeps_ceiling),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
