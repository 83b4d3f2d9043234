/* Every statement of the program must fit the schema it is sent to. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "testdb.h"

/* An extended query holds one statement, PREPARE in a script might hide two. */
static bool
prepare(struct db *db, const struct db_stmt *stmt, struct err *err)
{
	AUTO(buf) struct buf sql;

	buf_init(&sql, 1 << 20);
	(void)buf_printf(&sql, "PREPARE p AS %s", stmt->sql);
	assert_false(sql.failed);
	const struct db_stmt one = { stmt->name, buf_text(&sql) };
	return db_query(db, &one, NULL, NULL, err) &&
	    db_script(db, "DEALLOCATE p", err);
}

static void
test_all_prepare(void **state)
{
	struct db *db = testdb_open();
	size_t n = 0, bad = 0;
	const struct db_stmt *const *stmts = db_stmts(&n);

	(void)state;
	assert_true(n > 0);
	for (size_t i = 0; i < n; i++) {
		struct err err = { 0 };

		if (!prepare(db, stmts[i], &err)) {
			print_error("%s\n", err.msg);
			bad++;
		}
	}
	db_close(db);
	print_message("%zu statements\n", n);
	assert_int_equal(bad, 0);
}

static void
test_names_are_unique(void **state)
{
	size_t n = 0;
	const struct db_stmt *const *stmts = db_stmts(&n);

	(void)state;
	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j < i; j++)
			if (strcmp(stmts[i]->name, stmts[j]->name) == 0)
				fail_msg("%s stands twice", stmts[i]->name);
}

/* The control: a statement that does not fit is found and named. */
static void
test_offender_is_named(void **state)
{
	static const struct db_stmt bad = { "bad_one",
		"SELECT no_such_column FROM npsync.migration" };
	struct db *db = testdb_open();
	struct err err = { 0 };

	(void)state;
	assert_false(prepare(db, &bad, &err));
	assert_string_equal(err.sqlstate, "42703");
	assert_non_null(strstr(err.msg, "bad_one"));
	db_close(db);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_prepare),
		cmocka_unit_test(test_names_are_unique),
		cmocka_unit_test(test_offender_is_named),
	};

	return cmocka_run_group_tests(tests, testdb_start, testdb_stop);
}
