#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "clock.h"
#include "testdb.h"

#define SECRET "correct-horse"

DB_STMT(t_one, "SELECT 1");
DB_STMT(t_echo_text, "SELECT $1::text");
DB_STMT(t_echo_int, "SELECT $1::bigint");
DB_STMT(t_echo_bool, "SELECT $1::boolean");
DB_STMT(t_echo_day, "SELECT $1::date");
DB_STMT(t_echo_time, "SELECT extract(epoch from $1::timestamptz)::bigint");
DB_STMT(t_unnest_text, "SELECT x FROM unnest($1::text[]) WITH ORDINALITY"
    " AS u(x, n) ORDER BY n");
DB_STMT(t_unnest_twice, "SELECT a.x, b.x FROM unnest($1::text[]) AS a(x),"
    " unnest($2::text[]) AS b(x)");
DB_STMT(t_unnest_four, "SELECT i, b, d, extract(epoch from s)::bigint FROM"
    " unnest($1::bigint[], $2::boolean[], $3::date[], $4::timestamptz[])"
    " AS u(i, b, d, s)");
DB_STMT(t_count_array, "SELECT count(*) FROM unnest($1::text[])");
DB_STMT(t_sleep, "SELECT pg_catalog.pg_sleep(0.05), 7");
DB_STMT(t_settings, "SELECT current_setting('application_name'),"
    " current_setting('client_encoding'), current_setting('lock_timeout'),"
    " current_setting('statement_timeout')");
DB_STMT(t_kill, "SELECT pg_catalog.pg_terminate_backend($1::int)");
DB_STMT(t_pid, "SELECT pg_catalog.pg_backend_pid()");

struct fixture {
	struct db *db;
	struct arena *arena;
	struct db_args args;
};

static int
setup(void **state)
{
	struct fixture *f = test_calloc(1, sizeof(*f));

	f->db = testdb_fresh_empty();
	f->arena = arena_new((size_t)1 << 20);
	db_args_init(&f->args, f->arena);
	*state = f;
	return 0;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;

	db_close(f->db);
	arena_free(f->arena);
	test_free(f);
	return 0;
}

/* A statement without DB_STMT: these tables are the test's own. */
static bool
ask(struct db *db, const char *sql, struct db_result **r, struct err *err)
{
	const struct db_stmt stmt = { "t_ad_hoc", sql };

	return db_query(db, &stmt, NULL, r, err);
}

static void
script(struct db *db, const char *sql)
{
	struct err err = { 0 };

	if (!db_script(db, sql, &err))
		fail_msg("%s", err.msg);
}

static long long
number(struct db *db, const char *sql)
{
	AUTO(db_result) struct db_result *r = NULL;
	struct err err = { 0 };

	if (!ask(db, sql, &r, &err))
		fail_msg("%s", err.msg);
	return db_int(r, 0, 0);
}

/* ---- arguments and results ----------------------------------------------- */
static void
test_text_goes_and_comes(void **state)
{
	static const char *const cases[] = { "", "x", "NULL", "null", "{}",
		"a,b", "\"", "\\", "\"\\\"", "{\"a\"}", " blank ", "line\nfeed",
		"\xc3\xa6\xc3\xb8\xc3\xa5", "'; DROP TABLE t; --", "$1", "}",
		NULL };
	struct fixture *f = *state;
	struct err err = { 0 };

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO(db_result) struct db_result *r = NULL;

		db_args_init(&f->args, f->arena);
		db_arg_text(&f->args, cases[i]);
		assert_true(db_query(f->db, &t_echo_text, &f->args, &r, &err));
		if (cases[i] == NULL)
			assert_true(db_is_null(r, 0, 0));
		else
			assert_string_equal(db_text(r, 0, 0), cases[i]);
	}
	AUTO(db_result) struct db_result *r = NULL;
	struct db_array array;
	db_array_init(&array);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		db_array_text(&array, cases[i]);
	db_args_init(&f->args, f->arena);
	db_arg_array(&f->args, &array);
	assert_true(db_query(f->db, &t_unnest_text, &f->args, &r, &err));
	assert_int_equal(db_rows(r), (int)ARRAY_LEN(cases));
	for (size_t i = 0; i + 1 < ARRAY_LEN(cases); i++)
		assert_string_equal(db_text(r, (int)i, 0), cases[i]);
	assert_null(db_text(r, (int)ARRAY_LEN(cases) - 1, 0));
	db_array_free(&array);
}

static void
test_numbers_go_and_come(void **state)
{
	static const long long cases[] = { 0, 1, -1, INT64_MAX, INT64_MIN };
	struct fixture *f = *state;
	struct err err = { 0 };

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO(db_result) struct db_result *r = NULL;

		db_args_init(&f->args, f->arena);
		db_arg_int(&f->args, cases[i]);
		assert_true(db_query(f->db, &t_echo_int, &f->args, &r, &err));
		assert_true(db_int(r, 0, 0) == cases[i]);
	}
	for (int truth = 0; truth < 2; truth++) {
		AUTO(db_result) struct db_result *r = NULL;

		db_args_init(&f->args, f->arena);
		db_arg_bool(&f->args, truth == 1);
		assert_true(db_query(f->db, &t_echo_bool, &f->args, &r, &err));
		assert_true(db_bool(r, 0, 0) == (truth == 1));
	}
}

static void
test_days_and_times_go_and_come(void **state)
{
	static const int days[] = { 20261125, 20240229, 19000101, NO_DAY };
	static const time_t times[] = { 0, 1, 1795593600, NO_TIME };
	struct fixture *f = *state;
	struct err err = { 0 };

	for (size_t i = 0; i < ARRAY_LEN(days); i++) {
		AUTO(db_result) struct db_result *r = NULL;

		db_args_init(&f->args, f->arena);
		db_arg_day(&f->args, days[i]);
		assert_true(db_query(f->db, &t_echo_day, &f->args, &r, &err));
		assert_int_equal(db_day(r, 0, 0), days[i]);
		assert_true(db_is_null(r, 0, 0) == (days[i] == NO_DAY));
	}
	for (size_t i = 0; i < ARRAY_LEN(times); i++) {
		AUTO(db_result) struct db_result *r = NULL;

		db_args_init(&f->args, f->arena);
		db_arg_time(&f->args, times[i]);
		assert_true(db_query(f->db, &t_echo_time, &f->args, &r, &err));
		assert_true(db_time(r, 0, 0) == times[i]);
		assert_true(db_is_null(r, 0, 0) == (times[i] == NO_TIME));
	}
}

static void
test_arrays_of_each_kind(void **state)
{
	struct fixture *f = *state;
	AUTO(db_result) struct db_result *r = NULL;
	struct db_array a[4];
	struct err err = { 0 };

	for (size_t i = 0; i < ARRAY_LEN(a); i++)
		db_array_init(&a[i]);
	db_array_int(&a[0], -5);
	db_array_int(&a[0], 6);
	db_array_bool(&a[1], true);
	db_array_bool(&a[1], false);
	db_array_day(&a[2], 20261125);
	db_array_day(&a[2], NO_DAY);
	db_array_time(&a[3], 1795593600);
	db_array_time(&a[3], NO_TIME);
	for (size_t i = 0; i < ARRAY_LEN(a); i++)
		db_arg_array(&f->args, &a[i]);
	assert_true(db_query(f->db, &t_unnest_four, &f->args, &r, &err));
	assert_int_equal(db_rows(r), 2);
	assert_int_equal(db_int(r, 0, 0), -5);
	assert_int_equal(db_int(r, 1, 0), 6);
	assert_true(db_bool(r, 0, 1));
	assert_false(db_bool(r, 1, 1));
	assert_int_equal(db_day(r, 0, 2), 20261125);
	assert_int_equal(db_day(r, 1, 2), NO_DAY);
	assert_true(db_time(r, 0, 3) == 1795593600);
	assert_true(db_time(r, 1, 3) == NO_TIME);
	for (size_t i = 0; i < ARRAY_LEN(a); i++)
		db_array_free(&a[i]);
}

static void
test_array_empty_twice_reset_and_large(void **state)
{
	struct fixture *f = *state;
	struct db_array array;
	struct err err = { 0 };
	static const struct {
		int elements, rows;
	} cases[] = { { 0, 0 }, { 1, 1 }, { 3, 9 } };

	db_array_init(&array);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO(db_result) struct db_result *r = NULL;

		db_array_reset(&array);
		db_args_init(&f->args, f->arena);
		for (int n = 0; n < cases[i].elements; n++)
			db_array_text(&array, "}");
		db_arg_array(&f->args, &array);
		db_arg_array(&f->args, &array);
		assert_true(db_query(f->db, &t_unnest_twice, &f->args, &r,
		    &err));
		assert_int_equal(db_rows(r), cases[i].rows);
	}
	AUTO(db_result) struct db_result *r = NULL;
	db_array_reset(&array);
	for (int n = 0; n < 100000; n++)
		db_array_text(&array, "a \"quoted\" text of some length");
	db_args_init(&f->args, f->arena);
	db_arg_array(&f->args, &array);
	assert_true(db_query(f->db, &t_count_array, &f->args, &r, &err));
	assert_int_equal(db_int(r, 0, 0), 100000);
	db_array_free(&array);
}

static void
test_args_that_failed(void **state)
{
	struct fixture *f = *state;
	struct err err = { 0 };

	for (int i = 0; i < DB_ARGS_MAX + 2; i++)
		db_arg_bool(&f->args, true);
	assert_false(db_query(f->db, &t_one, &f->args, NULL, &err));
	assert_int_equal(err.kind, ERR_BUG);
	AUTO(arena) struct arena *tiny = arena_new(8);
	db_args_init(&f->args, tiny);
	db_arg_int(&f->args, 1);
	assert_false(db_query(f->db, &t_echo_int, &f->args, NULL, &err));
	assert_int_equal(err.kind, ERR_NOMEM);
	assert_false(db_send(f->db, &t_echo_int, &f->args, &err));
	assert_int_equal(err.kind, ERR_NOMEM);
	assert_false(db_pending(f->db));
}

static void
test_affected_rows(void **state)
{
	struct fixture *f = *state;
	AUTO(db_result) struct db_result *r = NULL;
	AUTO(db_result) struct db_result *r2 = NULL;
	struct err err = { 0 };

	script(f->db, "CREATE TABLE t (a int)");
	assert_true(ask(f->db, "INSERT INTO t SELECT generate_series(1, 12)",
	    &r, &err));
	assert_int_equal(db_affected(r), 12);
	assert_int_equal(db_rows(r), 0);
	assert_true(ask(f->db, "DELETE FROM t WHERE a > 100", &r2, &err));
	assert_int_equal(db_affected(r2), 0);
}

/* ---- errors -------------------------------------------------------------- */
static void
test_errors_by_sqlstate(void **state)
{
	static const struct {
		const char *sql, *sqlstate, *has;
	} cases[] = {
		{ "SELECT 1/0", "22012", "division by zero" },
		{ "SELECT * FROM nowhere", "42P01", "nowhere" },
		{ "SELECT '" SECRET "'::int", "22P02", "t_ad_hoc: invalid" },
		{ "SELECT '" SECRET "'::date", "22007", "invalid input" },
		{ "SELECT '{" SECRET "'::int[]", "22P02", "array literal" },
		{ "SELECT '99999999999'::int", "22003", "value" },
		{ "INSERT INTO t VALUES (1, '" SECRET "')", "23505",
		    "table t, constraint t_mail_key [23505]" },
		{ "INSERT INTO t VALUES (-1, '" SECRET "x')", "23514",
		    "constraint t_a_check" },
		{ "INSERT INTO t VALUES (NULL, '" SECRET "y')", "23502",
		    "column a" },
		{ "SELECT pg_sleep(1), '" SECRET "'", "57014", "timeout" },
	};
	struct fixture *f = *state;

	script(f->db, "CREATE TABLE t (a int NOT NULL CHECK (a > 0),"
	    " mail text UNIQUE); INSERT INTO t VALUES (5, '" SECRET "');"
	    "SET statement_timeout = 100");
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO(db_result) struct db_result *r = NULL;
		struct err err = { 0 };

		assert_false(ask(f->db, cases[i].sql, &r, &err));
		assert_null(r);
		assert_int_equal(err.kind, ERR_DB);
		assert_string_equal(err.sqlstate, cases[i].sqlstate);
		if (strstr(err.msg, cases[i].has) == NULL)
			fail_msg("%s lacks %s", err.msg, cases[i].has);
		assert_null(strstr(err.msg, SECRET));
		assert_null(strstr(err.msg, "99999999999"));
	}
}

/* Another language quotes a value in another way. */
static void
test_value_hidden_in_any_quotes(void **state)
{
	static const char *const quotes[][2] = {
		{ "\xc2\xab ", " \xc2\xbb" },
		{ "\xe2\x80\x9e", "\xe2\x80\x9c" },
		{ "'", "'" },
		{ "\"", "\"" },
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_LEN(quotes); i++) {
		struct err err = { 0 };
		char sql[256];

		(void)snprintf(sql, sizeof(sql), "DO $x$ BEGIN RAISE"
		    " invalid_text_representation USING MESSAGE ="
		    " $y$value %s" SECRET "%s$y$; END $x$", quotes[i][0],
		    quotes[i][1]);
		assert_false(db_script(f->db, sql, &err));
		assert_string_equal(err.sqlstate, "22P02");
		assert_string_equal(err.msg, "script: value  [22P02]");
	}
}

static void
test_null_err_is_allowed(void **state)
{
	struct fixture *f = *state;

	assert_false(ask(f->db, "SELECT 1/0", NULL, NULL));
	assert_false(db_script(f->db, "SELECT 1/0", NULL));
	assert_false(db_finish(f->db, NULL, NULL));
}

static void
test_query_refuses_two_statements(void **state)
{
	struct fixture *f = *state;
	struct err err = { 0 };

	assert_false(ask(f->db, "SELECT 1; SELECT 2", NULL, &err));
	assert_string_equal(err.sqlstate, "42601");
}

static void
test_connection_lost(void **state)
{
	struct fixture *f = *state;
	AUTO(db_result) struct db_result *r = NULL;
	struct db *other = testdb_again();
	struct err err = { 0 };

	assert_true(db_begin(other, 100, &err));
	assert_true(db_query(other, &t_pid, NULL, &r, &err));
	db_arg_int(&f->args, db_int(r, 0, 0));
	assert_true(db_query(f->db, &t_kill, &f->args, NULL, &err));
	assert_false(db_query(other, &t_one, NULL, NULL, &err));
	assert_int_equal(err.kind, ERR_DB_AWAY);
	assert_false(db_query(other, &t_one, NULL, NULL, &err));
	assert_int_equal(err.kind, ERR_DB_AWAY);
	assert_false(db_send(other, &t_one, NULL, &err));
	assert_int_equal(err.kind, ERR_DB_AWAY);
	assert_false(db_commit(other, &err));
	assert_int_equal(err.kind, ERR_DB_AWAY);
	assert_false(db_begin(other, 100, &err));
	assert_int_equal(err.kind, ERR_DB_AWAY);
	db_rollback(other);
	db_close(other);
}

static void
test_connection_lost_while_sent(void **state)
{
	struct fixture *f = *state;
	AUTO(db_result) struct db_result *r = NULL;
	struct db *other = testdb_again();
	struct err err = { 0 };

	assert_true(db_query(other, &t_pid, NULL, &r, &err));
	db_arg_int(&f->args, db_int(r, 0, 0));
	assert_true(db_send(other, &t_sleep, NULL, &err));
	assert_true(db_query(f->db, &t_kill, &f->args, NULL, &err));
	assert_false(db_finish(other, NULL, &err));
	assert_int_equal(err.kind, ERR_DB_AWAY);
	db_close(other);
}

/* ---- connection ---------------------------------------------------------- */
static void
test_open_refused(void **state)
{
	struct fixture *f = *state;
	char nobody[512], unknown[640];
	(void)snprintf(nobody, sizeof(nobody), "host='%s' port=6543",
	    testdb_dir());
	(void)snprintf(unknown, sizeof(unknown), "%s dbname=no_such_one",
	    testdb_conninfo());
	const struct {
		const char *conninfo;
		enum err_kind kind;
	} cases[] = {
		{ "", ERR_CONFIG },
		{ SECRET, ERR_CONFIG },
		{ "password=" SECRET " " SECRET, ERR_CONFIG },
		{ "passwort=" SECRET, ERR_CONFIG },
		{ "password='" SECRET, ERR_CONFIG },
		{ nobody, ERR_DB_AWAY },
		{ unknown, ERR_DB_AWAY },
		{ "host=127.0.0.1 port=1 password=" SECRET, ERR_DB_AWAY },
	};

	(void)f;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct err err = { 0 };
		struct db *db = NULL;

		assert_false(db_open(cases[i].conninfo, &db, &err));
		assert_null(db);
		assert_int_equal(err.kind, cases[i].kind);
		assert_null(strstr(err.msg, SECRET));
		assert_null(strchr(err.msg, '\n'));
	}
}

static void
test_open_ignores_environment(void **state)
{
	AUTO(db_result) struct db_result *r = NULL;
	struct err err = { 0 };

	(void)state;
	(void)setenv("PGOPTIONS", "-c statement_timeout=7", 1);
	(void)setenv("PGCLIENTENCODING", "LATIN1", 1);
	(void)setenv("PGDATESTYLE", "German", 1);
	(void)setenv("PGAPPNAME", "other", 1);
	struct db *db = testdb_again();
	assert_null(getenv("PGOPTIONS"));
	assert_null(getenv("PGDATESTYLE"));
	assert_true(db_query(db, &t_settings, NULL, &r, &err));
	assert_string_equal(db_text(r, 0, 0), "npsync");
	assert_string_equal(db_text(r, 0, 1), "UTF8");
	assert_string_equal(db_text(r, 0, 3), "0");
	db_close(db);
}

static void
test_open_checks_the_server(void **state)
{
	static const struct {
		const char *sql, *has;
	} cases[] = {
		{ "ALTER DATABASE odd SET datestyle = 'German'", "DateStyle" },
		{ "DROP DATABASE odd; ", NULL },
		{ "CREATE DATABASE odd TEMPLATE template0 ENCODING SQL_ASCII"
		    " LOCALE 'C'", "UTF8" },
		{ "DROP DATABASE odd; ", NULL },
	};
	struct fixture *f = *state;
	char conninfo[640];

	(void)snprintf(conninfo, sizeof(conninfo), "%s dbname=odd",
	    testdb_conninfo());
	script(f->db, "CREATE DATABASE odd TEMPLATE template0");
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct err err = { 0 };
		struct db *db = NULL;

		script(f->db, cases[i].sql);
		if (cases[i].has == NULL)
			continue;
		assert_false(db_open(conninfo, &db, &err));
		assert_int_equal(err.kind, ERR_CONFIG);
		assert_non_null(strstr(err.msg, cases[i].has));
	}
}

/* fd 2 goes to a file while a notice is raised. */
static void
test_notices_are_silent(void **state)
{
	struct fixture *f = *state;
	char path[512];

	(void)snprintf(path, sizeof(path), "%s/stderr", testdb_dir());
	const int saved = dup(2);
	const int file = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
	assert_true(saved >= 0 && file >= 0 && dup2(file, 2) == 2);
	script(f->db, "DO $$ BEGIN RAISE WARNING 'loud'; END $$;"
	    "CREATE SCHEMA IF NOT EXISTS public");
	assert_int_equal(dup2(saved, 2), 2);
	assert_int_equal(lseek(file, 0, SEEK_END), 0);
	(void)close(saved);
	(void)close(file);
}

/* ---- sent statements ----------------------------------------------------- */
static void
test_send_then_finish(void **state)
{
	struct fixture *f = *state;
	AUTO(db_result) struct db_result *r = NULL;
	struct err err = { 0 };

	assert_false(db_pending(f->db));
	assert_true(db_send(f->db, &t_sleep, NULL, &err));
	assert_true(db_pending(f->db));
	assert_true(db_finish(f->db, &r, &err));
	assert_false(db_pending(f->db));
	assert_int_equal(db_int(r, 0, 1), 7);
	assert_false(db_finish(f->db, NULL, &err));
	assert_int_equal(err.kind, ERR_BUG);
}

static void
test_send_result_survives_other_calls(void **state)
{
	struct fixture *f = *state;
	AUTO(db_result) struct db_result *r = NULL;
	struct err err = { 0 };

	assert_true(db_send(f->db, &t_sleep, NULL, &err));
	assert_int_equal(number(f->db, "SELECT 2"), 2);
	script(f->db, "SELECT 3");
	assert_true(db_begin(f->db, 100, &err));
	db_rollback(f->db);
	assert_true(db_pending(f->db));
	assert_false(db_send(f->db, &t_one, NULL, &err));
	assert_int_equal(err.kind, ERR_BUG);
	assert_true(db_finish(f->db, &r, &err));
	assert_int_equal(db_int(r, 0, 1), 7);
	assert_true(db_send(f->db, &t_one, NULL, &err));
	assert_true(db_finish(f->db, NULL, &err));
}

static void
test_send_error_is_kept(void **state)
{
	static const struct db_stmt bad = { "bad", "SELECT 1/0" };
	struct fixture *f = *state;
	struct err err = { 0 };

	assert_true(db_send(f->db, &bad, NULL, &err));
	assert_int_equal(number(f->db, "SELECT 2"), 2);
	assert_true(db_pending(f->db));
	assert_false(db_finish(f->db, NULL, &err));
	assert_int_equal(err.kind, ERR_DB);
	assert_string_equal(err.sqlstate, "22012");
	assert_false(db_pending(f->db));
	assert_true(db_send(f->db, &t_one, NULL, &err));
	assert_true(db_finish(f->db, NULL, &err));
}

static void
test_rollback_forgets_what_was_sent_in_it(void **state)
{
	struct fixture *f = *state;
	struct err err = { 0 };

	assert_true(db_begin(f->db, 100, &err));
	assert_true(db_send(f->db, &t_sleep, NULL, &err));
	db_rollback(f->db);
	assert_false(db_pending(f->db));
	assert_int_equal(number(f->db, "SELECT 2"), 2);
}

static void
test_close_while_sent(void **state)
{
	struct err err = { 0 };
	struct db *db = testdb_again();

	(void)state;
	assert_true(db_send(db, &t_sleep, NULL, &err));
	db_close(db);
	db = testdb_again();
	assert_true(db_send(db, &t_sleep, NULL, &err));
	assert_int_equal(number(db, "SELECT 2"), 2);
	db_close(db);
	db_close(NULL);
}

/* ---- transactions -------------------------------------------------------- */
static void
test_begin_sets_local_limits(void **state)
{
	struct fixture *f = *state;
	AUTO(db_result) struct db_result *in = NULL;
	AUTO(db_result) struct db_result *after = NULL;
	struct err err = { 0 };

	script(f->db, "SET statement_timeout = 5000");
	assert_true(db_begin(f->db, 1234, &err));
	assert_true(db_query(f->db, &t_settings, NULL, &in, &err));
	assert_string_equal(db_text(in, 0, 2), "1234ms");
	assert_string_equal(db_text(in, 0, 3), "0");
	assert_true(db_commit(f->db, &err));
	assert_true(db_query(f->db, &t_settings, NULL, &after, &err));
	assert_string_equal(db_text(after, 0, 2), "0");
	assert_string_equal(db_text(after, 0, 3), "5s");
}

static bool
insert_and_fail(struct db *db, struct err *err)
{
	AUTO(tx) struct db *tx = NULL;

	if (!db_begin(db, 100, err))
		return false;
	tx = db;
	return db_script(db, "INSERT INTO t VALUES (2)", err) &&
	    ask(db, "SELECT 1/0", NULL, err) && db_commit(db, err);
}

static bool
insert_and_commit(struct db *db, struct err *err)
{
	AUTO(tx) struct db *tx = NULL;

	if (!db_begin(db, 100, err))
		return false;
	tx = db;
	return db_script(db, "INSERT INTO t VALUES (1)", err) &&
	    db_commit(db, err);
}

static void
test_commit_and_rollback(void **state)
{
	struct fixture *f = *state;
	struct err err = { 0 };

	script(f->db, "CREATE TABLE t (a int)");
	assert_true(insert_and_commit(f->db, &err));
	assert_false(insert_and_fail(f->db, &err));
	assert_string_equal(err.sqlstate, "22012");
	assert_int_equal(number(f->db, "SELECT count(*) FROM t"), 1);
	db_rollback(f->db);
	assert_false(db_commit(f->db, &err));
	assert_int_equal(err.kind, ERR_BUG);
	assert_true(db_begin(f->db, 100, &err));
	assert_false(db_begin(f->db, 100, &err));
	assert_int_equal(err.kind, ERR_BUG);
	db_rollback(f->db);
}

/* The server says yes to COMMIT and rolls back: that is no success. */
static void
test_commit_after_error_fails(void **state)
{
	struct fixture *f = *state;
	struct err err = { 0 };

	script(f->db, "CREATE TABLE t (a int)");
	assert_true(db_begin(f->db, 100, &err));
	script(f->db, "INSERT INTO t VALUES (1)");
	assert_false(ask(f->db, "SELECT 1/0", NULL, NULL));
	assert_false(db_commit(f->db, &err));
	assert_int_equal(err.kind, ERR_DB);
	assert_string_equal(err.sqlstate, "25P02");
	assert_int_equal(number(f->db, "SELECT count(*) FROM t"), 0);
}

static void
test_lock_timeout(void **state)
{
	struct fixture *f = *state;
	struct db *other = testdb_again();
	struct err err = { 0 };

	script(f->db, "CREATE TABLE t (a int)");
	assert_true(db_begin(f->db, 100, &err));
	script(f->db, "LOCK TABLE t");
	assert_true(db_begin(other, 50, &err));
	assert_false(db_script(other, "INSERT INTO t VALUES (1)", &err));
	assert_string_equal(err.sqlstate, "55P03");
	db_rollback(other);
	db_rollback(f->db);
	db_close(other);
}

#define DB_TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		DB_TEST(test_text_goes_and_comes),
		DB_TEST(test_numbers_go_and_come),
		DB_TEST(test_days_and_times_go_and_come),
		DB_TEST(test_arrays_of_each_kind),
		DB_TEST(test_array_empty_twice_reset_and_large),
		DB_TEST(test_args_that_failed),
		DB_TEST(test_affected_rows),
		DB_TEST(test_errors_by_sqlstate),
		DB_TEST(test_value_hidden_in_any_quotes),
		DB_TEST(test_null_err_is_allowed),
		DB_TEST(test_query_refuses_two_statements),
		DB_TEST(test_connection_lost),
		DB_TEST(test_connection_lost_while_sent),
		DB_TEST(test_open_refused),
		DB_TEST(test_open_ignores_environment),
		DB_TEST(test_open_checks_the_server),
		DB_TEST(test_notices_are_silent),
		DB_TEST(test_send_then_finish),
		DB_TEST(test_send_result_survives_other_calls),
		DB_TEST(test_send_error_is_kept),
		DB_TEST(test_rollback_forgets_what_was_sent_in_it),
		DB_TEST(test_close_while_sent),
		DB_TEST(test_begin_sets_local_limits),
		DB_TEST(test_commit_and_rollback),
		DB_TEST(test_commit_after_error_fails),
		DB_TEST(test_lock_timeout),
	};

	return cmocka_run_group_tests(tests, testdb_start, testdb_stop);
}
