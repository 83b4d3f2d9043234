/*
 * Whole nights through PgBouncer in transaction mode: each transaction may land
 * on another session of the server, and four of them take turns.  What npsync
 * would leave in a session (a setting, a lock, a prepared statement, a temporary
 * table) is not there, or is somebody else's.  Everybody is asked once, as if
 * there were no pooler.
 *
 * Skipped where there is no pgbouncer.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "log.h"
#include "missing.h"
#include "runproc.h"
#include "schema.h"
#include "simproc.h"
#include "smallworld.h"
#include "testdb.h"

#define PORT "6432"		/* of a socket in our own directory */

static const char *const programs[] = { "/usr/sbin/pgbouncer",
	"/usr/local/sbin/pgbouncer", "/usr/local/bin/pgbouncer" };
static struct smallworld w;
static struct runproc pooler;
static bool runs;

/* Beside what a pooler itself passes from client to session. */
static const struct db_stmt left = { "left", "SELECT pg_backend_pid(),"
	" (SELECT count(*) FROM pg_settings WHERE source = 'session' AND name NOT IN"
	"  ('application_name', 'client_encoding', 'DateStyle', 'TimeZone',"
	"   'standard_conforming_strings', 'IntervalStyle'))"
	" + (SELECT count(*) FROM pg_prepared_statements)"
	" + (SELECT count(*) FROM pg_locks WHERE locktype = 'advisory')"
	" + (SELECT count(*) FROM pg_class WHERE relpersistence = 't')" };
static const struct db_stmt session = { "session", "SELECT pg_backend_pid()" };

static const char *
pooler_program(void)
{
	for (size_t i = 0; i < ARRAY_LEN(programs); i++)
		if (access(programs[i], X_OK) == 0)
			return programs[i];
	return NULL;
}

/* Round robin over sessions that are there from the start. */
static const char ini[] =
    "[databases]\n"
    "* = host=%s port=5432 user=npsync\n"
    "[pgbouncer]\n"
    "unix_socket_dir = %s\n"
    "listen_addr =\n"
    "listen_port = " PORT "\n"
    "auth_type = any\n"
    "pool_mode = transaction\n"
    "default_pool_size = 4\n"
    "min_pool_size = 4\n"
    "server_round_robin = 1\n";

static void
conninfo_of(char *out, size_t size, const char *database)
{
	(void)snprintf(out, size, "host=%s/pool port=" PORT
	    " user=npsync dbname=%s", testdb_dir(), database);
}

static bool
answers(const char *conninfo)
{
	struct db *db = NULL;
	struct err err;
	const bool ok = db_open(conninfo, &db, &err);

	db_close(db);
	return ok;
}

static void
pooler_start(const char *program)
{
	char dir[300], path[320], conninfo[400];
	const char *const args[] = { "-q", path, NULL };

	(void)snprintf(dir, sizeof(dir), "%s/pool", testdb_dir());
	(void)snprintf(path, sizeof(path), "%s/pool.ini", dir);
	assert_int_equal(mkdir(dir, 0700), 0);
	FILE *f = fopen(path, "we");
	assert_non_null(f);
	assert_true(fprintf(f, ini, testdb_dir(), dir) > 0);
	assert_int_equal(fclose(f), 0);
	runproc_start(&pooler, program, args, NULL, NULL);
	runs = true;
	conninfo_of(conninfo, sizeof(conninfo), "postgres");
	for (int i = 0; !answers(conninfo); i++) {
		if (i == 200)
			fail_msg("pgbouncer does not answer");
		(void)nanosleep(&(struct timespec){ 0, 50000000 }, NULL);
	}
}

static int
pooler_end(void **state)
{
	(void)state;
	if (runs) {
		(void)kill(pooler.pid, SIGKILL);
		runproc_wait(&pooler, 10);
		runproc_free(&pooler);
		runs = false;
	}
	return 0;
}

/* ---- the sessions do take turns ------------------------------------------------- */
static long long
session_of(struct db *db)
{
	AUTO(db_result) struct db_result *r = NULL;
	struct err err;

	if (!db_query(db, &session, NULL, &r, &err))
		fail_msg("%s", err.msg);
	return db_int(r, 0, 0);
}

/* A pooler that always gives the same session would prove nothing. */
static void
check_turns(const char *conninfo)
{
	struct db *db = NULL;
	struct err err;
	int changes = 0;

	if (!db_open(conninfo, &db, &err))
		fail_msg("%s", err.msg);
	long long last = session_of(db);
	for (int i = 0; i < 200 && changes < 8; i++) {
		const long long now = session_of(db);
		changes += now != last;
		last = now;
		(void)nanosleep(&(struct timespec){ 0, 20000000 }, NULL);
	}
	db_close(db);
	assert_true(changes >= 8);
}

/* In each of the sessions. */
static void
check_nothing_left(const char *conninfo)
{
	struct db *db = NULL;
	struct err err;

	if (!db_open(conninfo, &db, &err))
		fail_msg("%s", err.msg);
	for (int i = 0; i < 16; i++) {
		AUTO(db_result) struct db_result *r = NULL;
		if (!db_query(db, &left, NULL, &r, &err))
			fail_msg("%s", err.msg);
		assert_int_equal(db_int(r, 0, 1), 0);
	}
	db_close(db);
}

/* ---- the tables, the nights ---------------------------------------------------- */
static void
test_schema(void **state)
{
	char conninfo[400];
	struct db *db = testdb_fresh_empty();
	struct err err;
	int applied = 0;

	(void)state;
	db_close(db);
	conninfo_of(conninfo, sizeof(conninfo), testdb_name());
	if (!db_open(conninfo, &db, &err) || !schema_apply(db, &applied, &err) ||
	    !schema_check(db, &err))
		fail_msg("%s", err.msg);
	assert_true(applied > 0);
	assert_true(schema_apply(db, &applied, &err));
	assert_int_equal(applied, 0);
	db_close(db);
	check_nothing_left(conninfo);
}

static void
test_nights(void **state)
{
	struct smallworld_state s;
	int partial = 0, bad = 0;

	(void)state;
	smallworld_case(&w);
	conninfo_of(w.conninfo, sizeof(w.conninfo), w.database);
	assert_int_equal(smallworld_run(&w, smallworld_night(1, 0), NULL), 0);
	smallworld_noon(&w, 1);
	smallworld_calm(&w, &partial, &bad);
	smallworld_look(&w, &s);
	print_message("# %d asked, %d waiting, %d of %d tags wrong; %s\n",
	    s.asked, s.waiting, s.wrong_tags, s.n_tags, s.first);
	assert_int_equal(s.doubled + s.forbidden + s.lost + s.bad_history +
	    s.bad_counts + s.waiting + s.explained + s.wrong_tags, 0);
	assert_int_equal(partial + bad, 0);
	assert_true(s.asked >= 12 && s.n_tags > 0);
	check_nothing_left(w.conninfo);
	check_turns(w.conninfo);
	smallworld_end_case(&w);
}

static int
begin(void **state)
{
	if (testdb_start(state) != 0)
		return -1;
	pooler_start(pooler_program());
	smallworld_open(&w);
	return 0;
}

static int
end(void **state)
{
	smallworld_close(&w);
	(void)pooler_end(state);
	return testdb_stop(state);
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_schema),
		cmocka_unit_test(test_nights),
	};

	(void)argc;
	if (pooler_program() == NULL)
		return missing_all("pgbouncer");
	if (!simproc_find(argv[0]))
		return 1;
	log_open(LOG_TARGET_NONE, LOG_LEVEL_ERROR);
	return cmocka_run_group_tests(tests, begin, end);
}
