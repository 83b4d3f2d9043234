/* The circuit breaker, on a clock of its own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "http_breaker.h"

static const struct breaker_settings set = { .in_a_row = 5, .window = 20,
	.percent = 50, .probe_s = 60, .probe_max_s = 900 };

static struct breaker b;
static int64_t now;

static int
setup(void **state)
{
	(void)state;
	breaker_init(&b, &set);
	now = 1000000;
	return 0;
}

/* One request at a time, if it may begin: 'g'ood, 'b'ad, 'n'either. */
static bool
one(char result)
{
	if (breaker_wait_ms(&b, now) != 0)
		return false;
	const bool is_probe = breaker_begin(&b);
	breaker_end(&b, is_probe, result == 'g' ? BREAKER_GOOD
	    : result == 'b' ? BREAKER_BAD : BREAKER_NEITHER, now);
	return true;
}

/* How many of them went out before it opened. */
static size_t
run(const char *results)
{
	size_t n = 0;

	while (results[n] != '\0' && one(results[n]))
		n++;
	return n;
}

static void
test_in_a_row(void **state)
{
	(void)state;
	assert_int_equal(run("bbbbgbbbbgbbbbb"), 15);
	assert_false(one('g'));
	assert_int_equal(breaker_wait_ms(&b, now), 60000);
	now += 59999;
	assert_int_equal(breaker_wait_ms(&b, now), 1);
}

static void
test_half_of_the_last(void **state)
{
	(void)state;
	/* Never five in a row; the tenth of the last twenty opens it. */
	assert_int_equal(run("gbgbgbgbgbgbgbgbgbgbgggg"), 20);
	(void)setup(NULL);
	/* 9 of 20, for ever. */
	for (int i = 0; i < 50; i++)
		assert_int_equal(run("gbgbgbgbgbgbgbgbgbgg"), 20);
	/* What is older than twenty does not count. */
	(void)setup(NULL);
	assert_int_equal(run("bbbbgbbbbg" "gggggggggggggggggggg" "b"), 31);
	assert_int_equal(breaker_wait_ms(&b, now), 0);
}

static void
test_neither(void **state)
{
	(void)state;
	for (int i = 0; i < 100; i++)
		assert_int_equal(run("bbbbnggggggg"), 12);
	assert_int_equal(run("bbnbnbnnb"), 9);
	assert_true(breaker_wait_ms(&b, now) > 0);
}

static void
test_probes(void **state)
{
	static const long waits[] = { 60, 120, 240, 480, 900, 900, 900 };

	(void)state;
	assert_int_equal(run("bbbbb"), 5);
	for (size_t i = 0; i < ARRAY_LEN(waits); i++) {
		assert_int_equal(breaker_wait_ms(&b, now), waits[i] * 1000);
		now += waits[i] * 1000 - 1;
		assert_true(breaker_wait_ms(&b, now) > 0);
		now++;
		/* One, and nobody beside it. */
		assert_int_equal(breaker_wait_ms(&b, now), 0);
		assert_true(breaker_begin(&b));
		assert_true(breaker_wait_ms(&b, now) == BREAKER_WAIT_FOR_PROBE);
		breaker_end(&b, true, BREAKER_BAD, now);
	}
	now += 900000;
	assert_true(one('g'));
	/* As new: the past is forgotten, the first wait is short again. */
	assert_int_equal(run("bbbbg"), 5);
	assert_int_equal(run("bbbbb"), 5);
	assert_int_equal(breaker_wait_ms(&b, now), 60000);
}

/* A probe that says nothing leaves its place to the next. */
static void
test_probe_without_result(void **state)
{
	(void)state;
	assert_int_equal(run("bbbbb"), 5);
	now += 60000;
	assert_true(one('n'));
	assert_int_equal(breaker_wait_ms(&b, now), 0);
	assert_true(one('g'));
	assert_int_equal(b.state, BREAKER_CLOSED);
}

/* Requests under way when it opens are no probes. */
static void
test_late_results(void **state)
{
	(void)state;
	assert_int_equal(run("bbbbb"), 5);
	breaker_end(&b, false, BREAKER_GOOD, now);
	assert_int_equal(breaker_wait_ms(&b, now), 60000);
	now += 30000;
	breaker_end(&b, false, BREAKER_BAD, now);
	assert_int_equal(breaker_wait_ms(&b, now), 30000);
	now += 30000;
	assert_true(breaker_begin(&b));
	breaker_end(&b, false, BREAKER_GOOD, now);
	assert_true(breaker_wait_ms(&b, now) == BREAKER_WAIT_FOR_PROBE);
}

static void
test_off(void **state)
{
	struct breaker_settings off = set;

	(void)state;
	off.in_a_row = 0;
	breaker_init(&b, &off);
	for (int i = 0; i < 100; i++)
		assert_true(one('b'));
}

/* A window of the whole word. */
static void
test_widest_window(void **state)
{
	struct breaker_settings wide = set;

	(void)state;
	wide.window = 1000;
	wide.in_a_row = 1000;
	breaker_init(&b, &wide);
	for (int i = 0; i < BREAKER_WINDOW_MAX - 1; i++)
		assert_true(one('b'));
	assert_true(one('b'));
	assert_false(one('b'));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_in_a_row, setup),
		cmocka_unit_test_setup(test_half_of_the_last, setup),
		cmocka_unit_test_setup(test_neither, setup),
		cmocka_unit_test_setup(test_probes, setup),
		cmocka_unit_test_setup(test_probe_without_result, setup),
		cmocka_unit_test_setup(test_late_results, setup),
		cmocka_unit_test_setup(test_off, setup),
		cmocka_unit_test_setup(test_widest_window, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
