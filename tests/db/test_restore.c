/*
 * The high-water file against a database that knows less than was done: a
 * restored backup, a lost state directory.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "clock.h"
#include "fixture.h"
#include "night_int.h"
#include "stage_settle.h"
#include "testdb.h"

static struct night night;
static char dir[400];

/* Every test begins with a directory that holds nothing. */
static void
begin(struct fixture *f)
{
	(void)snprintf(dir, sizeof(dir), "%s/state.XXXXXX", testdb_dir());
	assert_non_null(mkdtemp(dir));
	fixture_tenant(f);
}

static void
end(void)
{
	char path[500];

	(void)snprintf(path, sizeof(path), "%s/high-water-fixture", dir);
	(void)unlink(path);
	(void)rmdir(dir);
}

/* What a night does first. */
static void
run_begins(struct fixture *f)
{
	struct err err = { 0 };

	tenant_release(f->db, &f->tenant);
	if (!tenant_acquire(f->db, &f->tenant, NULL, &err))
		fail_msg("%s", err.msg);
	f->stage.mark = (struct highwater){ .at = NO_TIME };
	memset(&night, 0, sizeof(night));
	night.stage = f->stage;
	if (!night_check_restore(&night, dir, &err))
		fail_msg("%s", err.msg);
	f->stage = night.stage;
}

static struct highwater
file(void)
{
	struct err err = { 0 };
	struct highwater mark;
	bool found;

	if (!highwater_read(dir, "fixture", &mark, &found, &err) || !found)
		fail_msg("no file: %s", err.msg);
	return mark;
}

static void
send_some(struct fixture *f, size_t n)
{
	struct err err = { 0 };

	f->stage.tenant->sends += (long long)n;
	if (!stage_mark_if_due(&f->stage, &err))
		fail_msg("%s", err.msg);
}

static bool
is_restored(struct fixture *f)
{
	const long long at = fixture_int(f, "SELECT count(restored_at)"
	    " FROM npsync.tenant WHERE tenant_id = $1");

	assert_int_equal(at == 1, f->tenant.restored_at != NO_TIME);
	return at == 1;
}

static void
test_nothing_to_notice(void **state)
{
	struct fixture *f = *state;

	begin(f);
	run_begins(f);
	assert_false(is_restored(f));
	assert_int_equal(file().epoch, f->tenant.epoch);
	assert_int_equal(file().sends, 0);
	send_some(f, HIGHWATER_SENDS - 1);
	assert_int_equal(file().sends, 0);
	send_some(f, 1);
	assert_int_equal(file().sends, HIGHWATER_SENDS);
	run_begins(f);
	assert_false(is_restored(f));
	assert_int_equal(file().epoch, f->tenant.epoch);
	end();
}

/* Either of the two numbers tells it. */
static void
test_older_database(void **state)
{
	static const struct {
		const char *was;
		bool restored;
	} cases[] = {
		{ "epoch = epoch - 2, sends = 0", true },
		{ "epoch = epoch - 2", true },
		{ "sends = sends - 1", true },
		{ "epoch = epoch + 5, sends = sends + 5", false },
	};
	struct fixture *f = *state;
	struct err err = { 0 };

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		begin(f);
		run_begins(f);
		run_begins(f);
		send_some(f, HIGHWATER_SENDS);
		const struct highwater seen = file();
		const long long row = fixture_due(f, 1);
		tenant_release(f->db, &f->tenant);
		fixture_exec(f, "UPDATE npsync.tenant SET %s WHERE tenant_id = $1",
		    cases[i].was);
		run_begins(f);
		if (is_restored(f) != cases[i].restored)
			fail_msg("%s", cases[i].was);
		assert_true(f->tenant.epoch > seen.epoch);
		assert_true(f->tenant.sends >= seen.sends);
		assert_int_equal(file().epoch, f->tenant.epoch);
		if (cases[i].restored) {
			if (!stage_settle_hold(&f->stage, &err))
				fail_msg("%s", err.msg);
			assert_string_equal(fixture_state(f, row), "held restore");
			assert_int_equal(fixture_claim(f, 8, NULL), 0);
		}
		end();
	}
}

static void
test_lost_directory(void **state)
{
	struct fixture *f = *state;

	begin(f);
	run_begins(f);
	send_some(f, HIGHWATER_SENDS);
	end();
	(void)snprintf(dir, sizeof(dir), "%s/state.XXXXXX", testdb_dir());
	assert_non_null(mkdtemp(dir));
	run_begins(f);
	assert_true(is_restored(f));
	end();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nothing_to_notice),
		cmocka_unit_test(test_older_database),
		cmocka_unit_test(test_lost_directory),
	};

	return cmocka_run_group_tests(tests, fixture_start, fixture_stop);
}
