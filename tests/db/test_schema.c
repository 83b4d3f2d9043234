#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "schema.h"
#include "testdb.h"

#define MIGRATION(version, name, sql) { version, name, sql, sizeof(sql) - 1 }
#define END { 0, NULL, NULL, 0 }
#define ONE MIGRATION(1, "001_one", "CREATE TABLE npsync.one (a int);\n")
#define TWO MIGRATION(2, "002_two", "-- two\nCREATE TABLE npsync.two (a int);" \
    " INSERT INTO npsync.two VALUES (1), (2)")

static const struct schema_migration both[] = { ONE, TWO, END };
static const struct schema_migration first[] = { ONE, END };

static int
setup(void **state)
{
	*state = testdb_fresh_empty();
	return 0;
}

static int
teardown(void **state)
{
	db_close(*state);
	return 0;
}

static long long
number(struct db *db, const char *sql)
{
	const struct db_stmt stmt = { "t_number", sql };
	AUTO(db_result) struct db_result *r = NULL;
	struct err err = { 0 };

	if (!db_query(db, &stmt, NULL, &r, &err))
		fail_msg("%s", err.msg);
	return db_int(r, 0, 0);
}

static void
apply(struct db *db, const struct schema_migration *table, int expected)
{
	struct err err = { 0 };
	int applied = -1;

	if (!schema_apply_table(db, table, &applied, &err))
		fail_msg("%s", err.msg);
	assert_int_equal(applied, expected);
	if (!schema_check_table(db, table, &err))
		fail_msg("%s", err.msg);
}

/* Both functions must refuse with ERR_CONFIG and say why. */
static void
refuse(struct db *db, const struct schema_migration *table, const char *has)
{
	struct err err = { 0 };
	int applied = -1;

	assert_false(schema_check_table(db, table, &err));
	assert_int_equal(err.kind, ERR_CONFIG);
	if (strstr(err.msg, has) == NULL)
		fail_msg("%s", err.msg);
	err = (struct err){ 0 };
	assert_false(schema_apply_table(db, table, &applied, &err));
	assert_int_equal(err.kind, ERR_CONFIG);
	assert_int_equal(applied, 0);
	if (strstr(err.msg, has) == NULL)
		fail_msg("%s", err.msg);
}

static void
test_apply_once(void **state)
{
	struct db *db = *state;

	apply(db, both, 2);
	apply(db, both, 0);
	assert_int_equal(number(db, "SELECT count(*) FROM npsync.two"), 2);
	assert_int_equal(number(db, "SELECT count(*) FROM npsync.migration"
	    " WHERE applied_at BETWEEN now() - interval '1 hour' AND now()"),
	    2);
}

static void
test_apply_what_is_missing(void **state)
{
	struct db *db = *state;
	struct err err = { 0 };

	apply(db, first, 1);
	assert_false(schema_check_table(db, both, &err));
	assert_int_equal(err.kind, ERR_CONFIG);
	assert_non_null(strstr(err.msg, "002_two"));
	apply(db, both, 1);
}

static void
test_check_of_an_empty_database(void **state)
{
	struct err err = { 0 };

	assert_false(schema_check_table(*state, both, &err));
	assert_int_equal(err.kind, ERR_CONFIG);
	assert_non_null(strstr(err.msg, "empty"));
	assert_int_equal(number(*state, "SELECT count(*) FROM pg_namespace"
	    " WHERE nspname = 'npsync'"), 0);
}

/* The server's own SHA-256 agrees with what was recorded. */
static void
test_checksum(void **state)
{
	struct db *db = *state;

	apply(db, first, 1);
	assert_int_equal(number(db, "SELECT count(*) FROM npsync.migration"
	    " WHERE version = 1 AND name = '001_one' AND sha256 = encode("
	    "sha256(E'CREATE TABLE npsync.one (a int);\\n'::bytea), 'hex')"),
	    1);
}

static void
test_changed_file(void **state)
{
	static const struct schema_migration changed[] = {
		MIGRATION(1, "001_one", "CREATE TABLE npsync.one (a int) ;\n"),
		TWO, END };

	apply(*state, first, 1);
	refuse(*state, changed, "001_one was changed");
	assert_int_equal(number(*state, "SELECT count(*) FROM"
	    " npsync.migration"), 1);
}

static void
test_database_newer(void **state)
{
	apply(*state, both, 2);
	refuse(*state, first, "newer than this program");
}

static void
test_unknown_migration(void **state)
{
	static const struct schema_migration hole[] = { ONE,
		MIGRATION(3, "003_three", "SELECT 3"), END };

	apply(*state, both, 2);
	refuse(*state, hole, "002_two, which this program does not know");
}

/* A script that fails in its middle leaves nothing and can be mended. */
static void
test_failing_migration(void **state)
{
	static const struct schema_migration broken[] = { ONE,
		MIGRATION(2, "002_two", "CREATE TABLE npsync.two (a int);"
		    " SELECT 1/0"), END };
	struct db *db = *state;
	struct err err = { 0 };
	int applied = -1;

	assert_false(schema_apply_table(db, broken, &applied, &err));
	assert_int_equal(err.kind, ERR_DB);
	assert_string_equal(err.sqlstate, "22012");
	assert_non_null(strstr(err.msg, "002_two"));
	assert_int_equal(number(db, "SELECT (to_regclass('npsync.two') IS"
	    " NULL)::int"), 1);
	assert_int_equal(number(db, "SELECT count(*) FROM npsync.migration"),
	    1);
	apply(db, both, 1);
}

static void
test_nul_in_a_script(void **state)
{
	static const struct schema_migration nul[] = {
		MIGRATION(1, "001_one", "SELECT 1\0; DROP"), END };
	struct err err = { 0 };

	assert_false(schema_apply_table(*state, nul, NULL, &err));
	assert_int_equal(err.kind, ERR_BUG);
}

/* Its exit status tells how many it applied; 100 = it failed. */
static int
apply_in_child(int go_fd)
{
	struct err err = { 0 };
	struct db *db = NULL;
	int applied = 0;
	char byte;

	if (!db_open(testdb_conninfo(), &db, &err))
		return 100;
	(void)!read(go_fd, &byte, 1);
	const bool ok = schema_apply_table(db, both, &applied, &err);
	db_close(db);
	return ok ? applied : 100;
}

static void
test_several_at_once(void **state)
{
	enum { N = 6 };
	pid_t pids[N];
	int go[2], applied = 0;

	(void)state;
	assert_int_equal(pipe(go), 0);
	for (int i = 0; i < N; i++) {
		pids[i] = fork();
		assert_true(pids[i] >= 0);
		if (pids[i] == 0) {
			(void)close(go[1]);
			_exit(apply_in_child(go[0]));
		}
	}
	(void)close(go[0]);
	(void)usleep(100000);
	(void)close(go[1]);
	for (int i = 0; i < N; i++) {
		int status = 0;

		assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
		assert_true(WIFEXITED(status));
		assert_true(WEXITSTATUS(status) <= 2);
		applied += WEXITSTATUS(status);
	}
	assert_int_equal(applied, 2);
	assert_int_equal(number(*state, "SELECT count(*) FROM npsync.two"), 2);
}

/* Only who may not create schemas can show that none is created again. */
static void
test_nothing_to_do_needs_no_rights(void **state)
{
	struct db *db = *state;
	struct err err = { 0 };

	apply(db, both, 2);
	assert_true(db_script(db, "CREATE ROLE app; GRANT USAGE ON SCHEMA"
	    " npsync TO app; GRANT SELECT ON npsync.migration TO app;"
	    " SET ROLE app", &err));
	apply(db, both, 0);
	assert_true(db_script(db, "RESET ROLE; DROP OWNED BY app; DROP ROLE"
	    " app", &err));
}

static void
test_the_program_s_own(void **state)
{
	struct db *db = *state;
	struct err err = { 0 };
	int applied = -1, n = 0;

	while (schema_table()[n].version != 0)
		n++;
	if (!schema_apply(db, &applied, &err) || !schema_check(db, &err))
		fail_msg("%s", err.msg);
	assert_int_equal(applied, n);
	assert_true(schema_apply(db, &applied, &err));
	assert_int_equal(applied, 0);
}

static void
test_print(void **state)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	(void)state;
	assert_non_null(out);
	schema_print(out);
	assert_int_equal(fclose(out), 0);
	for (const struct schema_migration *m = schema_table();
	    m->version != 0; m++) {
		assert_non_null(strstr(text, m->name));
		assert_non_null(strstr(text, m->sql));
	}
	free(text);
}

#define DB_TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		DB_TEST(test_apply_once),
		DB_TEST(test_apply_what_is_missing),
		DB_TEST(test_check_of_an_empty_database),
		DB_TEST(test_checksum),
		DB_TEST(test_changed_file),
		DB_TEST(test_database_newer),
		DB_TEST(test_unknown_migration),
		DB_TEST(test_failing_migration),
		DB_TEST(test_nul_in_a_script),
		DB_TEST(test_several_at_once),
		DB_TEST(test_nothing_to_do_needs_no_rights),
		DB_TEST(test_the_program_s_own),
		cmocka_unit_test(test_print),
	};

	return cmocka_run_group_tests(tests, testdb_start, testdb_stop);
}
