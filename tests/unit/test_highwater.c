/*
 * The high-water file: what is written is read back, nothing else is believed,
 * and a database that knows less is told.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "clock.h"
#include "highwater.h"
#include "tmpdir.h"

static void
test_round_trip(void **state)
{
	const struct highwater mark = { "7301234567890123456", 41, 1234,
		1795570000 };
	struct highwater seen;
	struct err err = { 0 };
	bool found = true;

	(void)state;
	assert_true(highwater_read(tmpdir, "acme", &seen, &found, &err));
	assert_false(found);
	assert_true(highwater_write(tmpdir, "acme", &mark, &err));
	assert_true(highwater_read(tmpdir, "acme", &seen, &found, &err));
	assert_true(found);
	assert_string_equal(seen.system_id, mark.system_id);
	assert_int_equal(seen.epoch, 41);
	assert_int_equal(seen.sends, 1234);
	assert_int_equal(seen.at, mark.at);
}

/* A tenant's name is not a path, and two tenants are two files. */
static void
test_names(void **state)
{
	static const char *const names[] = { "../etc/x", "a/b", "Ærø & Søn",
		"a b", "a=20b", "." };
	struct highwater mark = { "1", 0, 0, 1795570000 }, seen;
	struct err err = { 0 };
	bool found;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		mark.epoch = (long long)i + 1;
		assert_true(highwater_write(tmpdir, names[i], &mark, &err));
	}
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		assert_true(highwater_read(tmpdir, names[i], &seen, &found, &err));
		assert_true(found);
		assert_int_equal(seen.epoch, i + 1);
	}
}

static void
test_what_cannot_be_read(void **state)
{
	static const char *const bad[] = { "", "npsync-high-water 1\n",
		"npsync-high-water 2\nsystem 1\nepoch 1\nsends 1\n"
		    "at 2026-11-25T00:00:00Z\n",
		"npsync-high-water 1\nsystem 1\nepoch x\nsends 1\n"
		    "at 2026-11-25T00:00:00Z\n",
		"npsync-high-water 1\nsystem 1\nepoch 1\nsends -1\n"
		    "at 2026-11-25T00:00:00Z\n",
		"npsync-high-water 1\nsystem 1\nepoch 1\nsends 1\nat now\n",
		"npsync-high-water 1\nsystem 123456789012345678901234567\n"
		    "epoch 1\nsends 1\nat 2026-11-25T00:00:00Z\n" };
	struct highwater seen;
	bool found;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct err err = { 0 };
		(void)tmpdir_write("high-water-bad", bad[i], 0600);
		if (highwater_read(tmpdir, "bad", &seen, &found, &err))
			fail_msg("case %zu was read", i);
		assert_int_equal(err.kind, ERR_CONFIG);
		assert_non_null(strstr(err.msg, "high-water-bad"));
	}
}

static void
test_no_directory(void **state)
{
	const struct highwater mark = { "1", 1, 1, 1 };
	struct err err = { 0 };

	(void)state;
	assert_false(highwater_write("/nonexistent/npsync", "a", &mark, &err));
	assert_int_equal(err.kind, ERR_SYSTEM);
}

/* The epoch of a run is above all that earlier runs have written. */
static void
test_above(void **state)
{
	const struct { long long epoch, sends, db_epoch, db_sends; bool above; }
	cases[] = { { 41, 10, 42, 10, false }, { 41, 10, 42, 11, false },
		{ 42, 10, 42, 10, true }, { 50, 10, 42, 10, true },
		{ 41, 11, 42, 10, true }, { 0, 0, 1, 0, false } };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const struct highwater mark = { "1", cases[i].epoch,
			cases[i].sends, 0 };
		assert_int_equal(highwater_is_above(&mark, cases[i].db_epoch,
		    cases[i].db_sends), cases[i].above);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_what_cannot_be_read),
		cmocka_unit_test(test_no_directory),
		cmocka_unit_test(test_above),
	};

	return cmocka_run_group_tests(tests, tmpdir_make, tmpdir_remove);
}
