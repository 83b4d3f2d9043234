/*
 * The fault tools where they meet the database: failpoints of db.c, messages
 * of PostgreSQL through faultproxy, dbkiller, and allocations that fail under
 * db.c.  What they promise is looked at by a second session.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "allocfault.h"
#include "clock.h"
#include "dbkiller.h"
#include "faultproxy.h"
#define NPSYNC_FAILPOINTS
#include "failpoint.h"
#include "testdb.h"

static const struct db_stmt insert = { "insert",
	"INSERT INTO public.t VALUES (1)" };
static const struct db_stmt insert_n = { "insert_n",
	"INSERT INTO public.t VALUES ($1::int)" };
static const struct db_stmt count = { "count",
	"SELECT count(*) FROM public.t" };
static const struct db_stmt sum = { "sum", "SELECT count(*) FROM public.t"
	" WHERE n = $1::int" };
static const struct db_stmt all = { "all", "SELECT DISTINCT n FROM public.t" };
static const struct db_stmt one = { "one", "SELECT 1" };

static struct db *
open_as(const char *conninfo, const char *more)
{
	char text[800];
	struct err err = { 0 };
	struct db *db = NULL;

	(void)snprintf(text, sizeof(text), "%s %s", conninfo, more);
	if (!db_open(text, &db, &err))
		fail_msg("%s", err.msg);
	return db;
}

static struct db *watch;	/* not cut, not killed */

static int
begin(void **state)
{
	struct err err = { 0 };

	if (testdb_start(state) != 0)
		return -1;
	struct db *db = testdb_fresh_empty();
	const bool ok = db_script(db, "CREATE TABLE public.t (n int)", &err);
	db_close(db);
	return ok ? 0 : -1;
}

static int
setup(void **state)
{
	struct err err = { 0 };

	(void)state;
	failpoint_set(NULL);
	watch = open_as(testdb_conninfo(), "application_name=watch");
	assert_true(db_script(watch, "TRUNCATE public.t", &err));
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	failpoint_set(NULL);
	allocfault_off();
	db_close(watch);
	return 0;
}

static long long
rows(void)
{
	AUTO(db_result) struct db_result *r = NULL;
	struct err err = { 0 };

	failpoint_set(NULL);
	if (!db_query(watch, &count, NULL, &r, &err))
		fail_msg("%s", err.msg);
	return db_int(r, 0, 0);
}

/* ---- ways to commit a row ---------------------------------------------------- */
static bool
by_query(struct db *db, struct err *err)
{
	return db_query(db, &insert, NULL, NULL, err);
}

static bool
by_send(struct db *db, struct err *err)
{
	return db_send(db, &insert, NULL, err) && db_finish(db, NULL, err);
}

static bool
by_tx(struct db *db, struct err *err)
{
	AUTO(tx) struct db *tx = db;

	return db_begin(tx, 1000, err) &&
	    db_query(tx, &insert, NULL, NULL, err) && db_commit(tx, err);
}

static bool (*const ways[])(struct db *, struct err *) = { by_query, by_send,
	by_tx };

/* ---- failpoints --------------------------------------------------------------- */
static const struct point_case {
	int way;
	const char *rules;
	bool told;
	int rows;
} points[] = {
	{ 0, NULL, true, 1 },
	{ 0, "db.before/insert=fail", false, 0 },
	{ 0, "db.after/insert=fail", false, 1 },
	{ 1, NULL, true, 1 },
	{ 1, "db.before/insert=fail", false, 0 },
	{ 1, "db.after/insert=fail", false, 1 },
	{ 2, NULL, true, 1 },
	{ 2, "db.before/commit=fail", false, 0 },
	{ 2, "db.after/commit=fail", false, 1 },
	/* Inside a transaction a statement is no commit. */
	{ 2, "db.*/insert=fail", true, 1 },
};

static void
test_failpoints(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(points); i++) {
		const struct point_case *c = &points[i];
		struct err err = { 0 };
		(void)setup(state);
		struct db *db = testdb_again();
		failpoint_set(c->rules);
		const bool told = ways[c->way](db, &err);
		const long passes = failpoint_passes();
		assert_int_equal(told, c->told);
		/* As after a real loss: the run ends, the connection too. */
		if (!told) {
			assert_int_equal(err.kind, ERR_DB_AWAY);
			assert_false(db_query(db, &one, NULL, NULL, &err));
			assert_int_equal(err.kind, ERR_DB_AWAY);
		}
		assert_in_range(passes, 1, 2);
		db_close(db);
		assert_int_equal(rows(), c->rows);
		(void)teardown(state);
	}
}

/* ---- a cut around COMMIT --------------------------------------------------------- */
static const struct cut_case {
	int way;
	struct faultproxy_rule rule;
	bool told;
	int rows;
} cuts[] = {
	{ 2, { .message = 'Q', .text = "COMMIT" }, false, 0 },
	{ 2, { .message = 'Q', .text = "COMMIT", .what = FAULTPROXY_RESET },
	    false, 0 },
	{ 2, { .message = 'Q', .text = "COMMIT", .when = FAULTPROXY_REPLY },
	    false, 1 },
	{ 2, { .message = 'Q', .text = "COMMIT", .when = FAULTPROXY_REPLY,
	    .what = FAULTPROXY_RESET }, false, 1 },
	{ 2, { .message = 'Q', .text = "COMMIT", .when = FAULTPROXY_AFTER },
	    false, 1 },
	{ 0, { .message = 'P', .text = "INSERT INTO public.t" }, false, 0 },
	{ 0, { .message = 'P', .text = "INSERT INTO public.t",
	    .when = FAULTPROXY_REPLY }, false, 1 },
	/* Without its Sync the statement is not committed. */
	{ 0, { .message = 'S' }, false, 0 },
	{ 0, { .way = FAULTPROXY_DOWN, .message = 'C', .text = "INSERT" },
	    false, 1 },
	{ 0, { .message = 'Q', .text = "COMMIT" }, true, 1 },
	{ 2, { .message = 'Q', .text = "COMMIT", .what = FAULTPROXY_DELAY,
	    .delay_ms = 30 }, true, 1 },
};

static void
cut_check(const struct cut_case *c, size_t number)
{
	char upstream[200], conninfo[200];
	struct err err = { 0 };

	(void)setup(NULL);
	const char *name = strstr(testdb_conninfo(), "dbname=");
	(void)snprintf(upstream, sizeof(upstream), "%s/.s.PGSQL.5432",
	    testdb_dir());
	struct faultproxy *proxy = faultproxy_open(upstream, FAULTPROXY_PGSQL);
	(void)snprintf(conninfo, sizeof(conninfo), "host=127.0.0.1 port=%d"
	    " user=npsync %s gssencmode=disable", faultproxy_port(proxy), name);
	/* Both start-ups: with the question for TLS and without. */
	struct db *db = open_as(conninfo, number % 2 == 0 ? "sslmode=disable"
	                                                  : "");
	faultproxy_rule(proxy, &c->rule);
	const bool told = ways[c->way](db, &err);
	if (told != c->told || (!told && err.kind != ERR_DB_AWAY))
		fail_msg("cut %zu: %s", number, told ? "told" : err.msg);
	const struct faultproxy_seen seen = faultproxy_seen(proxy);
	assert_int_equal(seen.fired,
	    c->told && c->rule.what != FAULTPROXY_DELAY ? 0 : 1);
	assert_int_equal(seen.connections, 1);
	assert_true(seen.messages[FAULTPROXY_DOWN]['Z'] > 0);
	/* AFTER: nobody waited for the server to be through. */
	for (int i = 0; i < 200 && rows() != c->rows; i++)
		(void)nanosleep(&(struct timespec){ 0, 5000000 }, NULL);
	if (rows() != c->rows)
		fail_msg("cut %zu: %lld rows", number, rows());
	db_close(db);
	faultproxy_close(proxy);
	(void)teardown(NULL);
}

static void
test_cuts(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cuts); i++)
		cut_check(&cuts[i], i);
}

/* ---- the server is there and says nothing ---------------------------------------- */
static const struct db_stmt large = { "large", "SELECT length($1::text)" };

/* More than the sockets on the way hold. */
static bool
by_large(struct db *db, struct err *err)
{
	const size_t n = (size_t)24 << 20;
	AUTO(arena) struct arena *arena = arena_new(2 * n);
	char *text = arena_alloc(arena, n);
	struct db_args args;

	assert_non_null(text);
	memset(text, 'x', n - 1);
	db_args_init(&args, arena);
	db_arg_text(&args, text);
	return db_send(db, &large, &args, err) && db_finish(db, NULL, err);
}

static const struct {
	bool (*way)(struct db *, struct err *);
	struct faultproxy_rule rule;
} silences[] = {
	/* It does not arrive; it is done, and the answer does not arrive. */
	{ by_query, { .message = 'P', .what = FAULTPROXY_STALL } },
	{ by_query, { .way = FAULTPROXY_DOWN, .message = 'C',
	    .text = "INSERT", .what = FAULTPROXY_STALL } },
	/* In the middle of the answer. */
	{ by_send, { .way = FAULTPROXY_DOWN, .message = 'Z',
	    .what = FAULTPROXY_STALL } },
	{ by_send, { .message = 'P', .what = FAULTPROXY_STALL } },
	{ by_tx, { .message = 'Q', .text = "BEGIN", .what = FAULTPROXY_STALL } },
	{ by_tx, { .message = 'Q', .text = "COMMIT", .what = FAULTPROXY_STALL } },
	{ by_tx, { .way = FAULTPROXY_DOWN, .message = 'C', .text = "COMMIT",
	    .what = FAULTPROXY_STALL } },
	{ by_large, { .message = 'P', .what = FAULTPROXY_STALL } },
};

/* Nothing waits for ever: not the statement, nor what follows, nor the end. */
static void
test_silence(void **state)
{
	char upstream[200], conninfo[200];

	(void)state;
	const char *name = strstr(testdb_conninfo(), "dbname=");
	(void)snprintf(upstream, sizeof(upstream), "%s/.s.PGSQL.5432",
	    testdb_dir());
	for (size_t i = 0; i < ARRAY_LEN(silences); i++) {
		struct faultproxy *proxy = faultproxy_open(upstream,
		    FAULTPROXY_PGSQL);
		(void)snprintf(conninfo, sizeof(conninfo), "host=127.0.0.1 "
		    "port=%d user=npsync %s sslmode=disable gssencmode=disable",
		    faultproxy_port(proxy), name);
		struct db *db = open_as(conninfo, "");
		struct err err = { 0 };
		db_set_timeout(db, 1);
		faultproxy_rule(proxy, &silences[i].rule);
		const int64_t start = clock_boottime_ms();
		assert_false(silences[i].way(db, &err));
		assert_int_equal(err.kind, ERR_DB_AWAY);
		assert_non_null(strstr(err.msg, "no answer within 1 s"));
		/* An earlier answer that comes late is not taken for a new one. */
		faultproxy_calm(proxy);
		assert_false(db_query(db, &one, NULL, NULL, &err));
		assert_int_equal(err.kind, ERR_DB_AWAY);
		assert_false(db_begin(db, 0, &err));
		assert_false(db_send(db, &one, NULL, &err));
		db_rollback(db);
		db_close(db);
		assert_true(clock_boottime_ms() - start >= 1000);
		assert_true(clock_boottime_ms() - start < 20000);
		assert_int_equal(faultproxy_seen(proxy).fired, 1);
		faultproxy_close(proxy);
	}
}

/* A statement that takes its time is none: its answer comes. */
static void
test_slow(void **state)
{
	static const struct db_stmt slow = { "slow", "SELECT pg_sleep(1.2)" };
	struct err err = { 0 };
	struct db *db = open_as(testdb_conninfo(), "");

	(void)state;
	db_set_timeout(db, 60);
	assert_true(db_query(db, &slow, NULL, NULL, &err));
	db_set_timeout(db, 1);
	assert_false(db_query(db, &slow, NULL, NULL, &err));
	assert_int_equal(err.kind, ERR_DB_AWAY);
	db_close(db);
}

/* ---- the server dies ----------------------------------------------------------------- */
static bool
insert_one(struct db *db, int n)
{
	AUTO(arena) struct arena *arena = arena_new(4096);
	struct err err = { 0 };
	struct db_args args;

	db_args_init(&args, arena);
	db_arg_int(&args, n);
	return db_query(db, &insert_n, &args, NULL, &err);
}

/* Inserts while the killer is at work; each that was acknowledged must be
 * there, each that was not may be. */
#define INSERTS 20000
static bool acknowledged[INSERTS];

static int
insert_many(int *lost)
{
	const int64_t begin = clock_boottime_ms();
	struct err err = { 0 };
	struct db *db = NULL;
	int kept = 0;

	*lost = 0;
	for (int n = 0; n < INSERTS; n++) {
		const int64_t ms = clock_boottime_ms() - begin;
		if ((ms > 1000 && kept > 50 && *lost > 0) || ms > 20000)
			break;
		if (db == NULL && !db_open(testdb_conninfo(), &db, &err)) {
			(void)nanosleep(&(struct timespec){ 0, 5000000 }, NULL);
			continue;
		}
		acknowledged[n] = insert_one(db, n);
		kept += acknowledged[n];
		if (acknowledged[n])
			continue;
		(*lost)++;
		db_close(db);
		db = NULL;
	}
	db_close(db);
	return kept;
}

/* Of the acknowledged ones, how many are there. */
static int
found(void)
{
	AUTO(db_result) struct db_result *r = NULL;
	struct err err = { 0 };
	int n = 0;

	if (!db_query(watch, &all, NULL, &r, &err))
		fail_msg("%s", err.msg);
	for (int i = 0; i < db_rows(r); i++)
		n += acknowledged[db_int(r, i, 0)];
	return n;
}

static void
test_server_dies(void **state)
{
	const int at[] = { 200, 700 };
	const struct dbkiller_plan plan = { .how = DBKILLER_SERVER,
		.at_ms = at, .n = 2, .down_ms = 50 };
	int lost = 0;

	(void)state;
	struct dbkiller *killer = dbkiller_start(&plan);
	const int kept = insert_many(&lost);
	const struct dbkiller_done done = dbkiller_wait(killer);
	assert_int_equal(done.kills, 2);
	assert_int_equal(done.failed, 0);
	assert_in_range(lost, 1, 2);
	assert_in_range(kept, 50, INSERTS);
	db_close(watch);
	watch = open_as(testdb_conninfo(), "application_name=watch");
	assert_int_equal(found(), kept);
}

static void
test_sessions_die(void **state)
{
	struct err err = { 0 };
	struct db *other = open_as(testdb_conninfo(), "application_name=other");
	struct db *db = testdb_again();

	(void)state;
	assert_int_equal(dbkiller_sessions("nobody"), 0);
	assert_int_equal(dbkiller_sessions(NULL), 1);
	assert_false(db_query(db, &one, NULL, NULL, &err));
	assert_int_equal(err.kind, ERR_DB_AWAY);
	assert_true(db_query(other, &one, NULL, NULL, &err));
	db_close(db);
	db_close(other);
}

static void
test_random_moments(void **state)
{
	const struct dbkiller_plan plan = { .how = DBKILLER_SESSIONS,
		.seed = 7, .times = 5, .from_ms = 1, .until_ms = 40 };
	const struct dbkiller_plan never = { .how = DBKILLER_SERVER,
		.times = 5, .from_ms = 60000, .until_ms = 90000 };
	struct err err = { 0 };
	struct db *db = testdb_again();

	(void)state;
	const struct dbkiller_done done = dbkiller_wait(dbkiller_start(&plan));
	assert_int_equal(done.kills, 5);
	assert_int_equal(done.sessions, 1);
	assert_int_equal(done.failed, 0);
	assert_false(db_query(db, &one, NULL, NULL, &err));
	db_close(db);
	/* Ended before its first moment. */
	assert_int_equal(dbkiller_stop(dbkiller_start(&never)).kills, 0);
	assert_true(db_query(watch, &one, NULL, NULL, &err));
}

/* ---- allocations -------------------------------------------------------------------- */
/* Opens, asks, closes; true if all went well. */
static bool
small_job(const char *conninfo, struct err *err)
{
	AUTO(arena) struct arena *arena = arena_new(4096);
	AUTO(db_result) struct db_result *r = NULL;
	struct db_args args;
	struct db *db = NULL;

	if (arena == NULL)
		return err_nomem(err);
	db_args_init(&args, arena);
	db_arg_int(&args, 1);
	const bool ok = db_open(conninfo, &db, err) &&
	    db_query(db, &sum, &args, &r, err);
	db_close(db);
	return ok;
}

/* Every allocation of the job fails once, then for good. */
static void
test_allocations(void **state)
{
	struct err err = { 0 };
	size_t n_sites;

	(void)state;
	assert_true(allocfault_works());
	allocfault_count();
	assert_true(small_job(testdb_conninfo(), &err));
	allocfault_off();
	const long calls = allocfault_calls();
	(void)allocfault_sites(&n_sites);
	assert_in_range(calls, 3, 1000);
	assert_in_range(n_sites, 3, calls);
	for (long n = 1; n <= calls; n++)
		for (int good = 0; good < 2; good++) {
			err = (struct err){ 0 };
			allocfault_nth(n, good == 1);
			const bool ok = small_job(testdb_conninfo(), &err);
			allocfault_off();
			assert_true(allocfault_failed() >= 1);
			assert_true(ok || err.kind == ERR_NOMEM);
			assert_false(ok && good == 1 && n == 1);
		}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_failpoints),
		cmocka_unit_test(test_cuts),
		cmocka_unit_test(test_silence),
		cmocka_unit_test(test_slow),
		cmocka_unit_test_setup_teardown(test_server_dies, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(test_sessions_die, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(test_random_moments, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(test_allocations, setup,
		    teardown),
	};

	return cmocka_run_group_tests(tests, begin, testdb_stop);
}
