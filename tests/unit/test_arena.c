/* arena.c: alignment, zeroing, ceiling, reset. */
#include <setjmp.h>
#include <stdalign.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "arena.h"

static void
test_alloc(void **state)
{
	AUTO(arena) struct arena *a = arena_new(1 << 20);
	static const unsigned char zero[100];

	(void)state;
	assert_non_null(a);
	for (size_t size = 0; size < 100; size++) {
		unsigned char *p = arena_alloc(a, size);
		assert_non_null(p);
		assert_int_equal((uintptr_t)p % alignof(max_align_t), 0);
		assert_memory_equal(p, zero, size);
		memset(p, 0xff, size);
	}
	assert_false(arena_failed(a));
}

static void
test_zeroed_after_reset(void **state)
{
	AUTO(arena) struct arena *a = arena_new(1 << 20);
	static const unsigned char zero[64];

	(void)state;
	memset(arena_alloc(a, 64), 0xff, 64);
	arena_reset(a);
	assert_int_equal(arena_used(a), 0);
	assert_memory_equal(arena_alloc(a, 64), zero, 64);
}

static void
test_strings(void **state)
{
	AUTO(arena) struct arena *a = arena_new(1 << 20);

	(void)state;
	assert_null(arena_strdup(a, NULL));
	assert_null(arena_strndup(a, NULL, 3));
	assert_false(arena_failed(a));
	assert_string_equal(arena_strdup(a, "Møde"), "Møde");
	assert_string_equal(arena_strdup(a, ""), "");
	assert_string_equal(arena_strndup(a, "abcdef", 3), "abc");
	assert_string_equal(arena_printf(a, "%s.%d", "x", 9), "x.9");
}

static void
test_ceiling(void **state)
{
	AUTO(arena) struct arena *a = arena_new(100000);
	size_t n = 0;

	(void)state;
	assert_null(arena_alloc(a, 100001));
	assert_true(arena_failed(a));
	arena_reset(a);
	assert_false(arena_failed(a));
	while (arena_alloc(a, 1000) != NULL)
		n++;
	assert_true(n >= 80 && n <= 120);
	assert_true(arena_failed(a));
	/* Remembered, so that a sequence may be checked once. */
	assert_non_null(arena_alloc(a, 1));
	assert_true(arena_failed(a));
	/* All of it can be had again. */
	arena_reset(a);
	for (size_t i = 0; i < n; i++)
		assert_non_null(arena_alloc(a, 1000));
}

static void
test_sizes_that_overflow(void **state)
{
	AUTO(arena) struct arena *a = arena_new(SIZE_MAX);

	(void)state;
	assert_null(arena_array(a, SIZE_MAX / 2, 3));
	assert_true(arena_failed(a));
	arena_reset(a);
	assert_null(arena_alloc(a, SIZE_MAX));
	assert_true(arena_failed(a));
	arena_reset(a);
	assert_non_null(arena_array(a, 10, sizeof(int)));
	assert_false(arena_failed(a));
}

static void
test_large_and_small(void **state)
{
	AUTO(arena) struct arena *a = arena_new(1 << 22);
	char *small = arena_strdup(a, "before");
	char *large = arena_alloc(a, 1 << 20);
	char *after = arena_strdup(a, "after");

	(void)state;
	assert_non_null(large);
	memset(large, 'x', 1 << 20);
	assert_string_equal(small, "before");
	assert_string_equal(after, "after");
	assert_true(arena_used(a) >= 1 << 20);
}

static void
test_free_null(void **state)
{
	(void)state;
	arena_free(NULL);
}

static char *
make_and_hand_over(struct arena **out)
{
	AUTO(arena) struct arena *a = arena_new(1000);
	char *s = arena_strdup(a, "kept");

	*out = steal(&a);
	return s;
}

static void
test_steal(void **state)
{
	AUTO(arena) struct arena *a = NULL;

	(void)state;
	assert_string_equal(make_and_hand_over(&a), "kept");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_alloc),
		cmocka_unit_test(test_zeroed_after_reset),
		cmocka_unit_test(test_strings),
		cmocka_unit_test(test_ceiling),
		cmocka_unit_test(test_sizes_that_overflow),
		cmocka_unit_test(test_large_and_small),
		cmocka_unit_test(test_free_null),
		cmocka_unit_test(test_steal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
