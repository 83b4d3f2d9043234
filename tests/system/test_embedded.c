/*
 * The private cluster: first use, many at once, kills at every bad moment.
 * As root the first group runs as root, then all become the server's user.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "clock.h"
#include "db.h"
#include "embedded.h"
#include "embedded_int.h"

DB_STMT(te_identity, "SELECT (SELECT system_identifier FROM"
    " pg_catalog.pg_control_system())::text || ' ' ||"
    " pg_catalog.pg_postmaster_start_time()::text");
DB_STMT(te_count, "SELECT count(*) FROM kept");
DB_STMT(te_waiting, "SELECT count(*), sum(pid) FROM pg_catalog.pg_locks WHERE NOT granted");
DB_STMT(te_settings, "SELECT string_agg(setting, ',' ORDER BY name) FROM"
    " pg_catalog.pg_settings WHERE name IN ('jit', 'listen_addresses',"
    " 'dynamic_shared_memory_type', 'max_connections', 'fsync',"
    " 'max_parallel_workers', 'server_encoding', 'TimeZone', 'lc_collate')");

#define KEPT "DROP TABLE IF EXISTS kept; CREATE TABLE kept AS SELECT 1 AS a"

static char base[128];		/* everything below is the test's */

struct fixture {
	char state[256], pg[300];
};

/* ---- help ---------------------------------------------------------------- */
static int
setup_in(void **state, const char *name)
{
	struct fixture *f = test_calloc(1, sizeof(*f));

	(void)snprintf(f->state, sizeof(f->state), "%s/%s", base, name);
	(void)snprintf(f->pg, sizeof(f->pg), "%s/pg", f->state);
	*state = f;
	return 0;
}

/* Nothing there yet. */
static int
setup_fresh(void **state)
{
	return setup_in(state, "fresh");
}

/* A cluster that other tests used before. */
static int
setup_shared(void **state)
{
	return setup_in(state, "state with blanks");
}

static bool
socket_dir_left(void)
{
	DIR *dir = opendir(base);
	const struct dirent *entry;
	char path[400];
	bool found = false;

	while (dir != NULL && (entry = readdir(dir)) != NULL)
		if (strncmp(entry->d_name, "npsync-", 7) == 0) {
			found = true;
			(void)snprintf(path, sizeof(path), "%s/%s", base,
			    entry->d_name);
			(void)!embedded_dir_remove(path, NULL);
		}
	if (dir != NULL)
		(void)closedir(dir);
	return found;
}

/* No test may leave a process or a socket behind. */
static int
teardown(void **state)
{
	struct fixture *f = *state;
	const pid_t left = embedded_proc_any(f->pg);

	if (left != 0) {
		print_error("process %ld still runs\n", (long)left);
		(void)kill(left, SIGKILL);
	}
	const bool socket_left = socket_dir_left();
	if (socket_left)
		print_error("a socket directory is left\n");
	test_free(f);
	return left == 0 && !socket_left ? 0 : -1;
}

static int
teardown_fresh(void **state)
{
	struct fixture *f = *state;
	char path[256];

	(void)snprintf(path, sizeof(path), "%s", f->state);
	const int failed = teardown(state);
	(void)!embedded_dir_remove(path, NULL);
	return failed;
}

static struct embedded *
start(const struct fixture *f)
{
	struct embedded *cluster = NULL;
	struct err err = { 0 };

	if (!embedded_start(f->state, &cluster, &err))
		fail_msg("%s", err.msg);
	return cluster;
}

static void
refuse(const struct fixture *f, enum err_kind kind, const char *has)
{
	struct embedded *cluster = NULL;
	struct err err = { 0 };

	assert_false(embedded_start(f->state, &cluster, &err));
	assert_null(cluster);
	if (strstr(err.msg, has) == NULL)
		fail_msg("%s lacks %s", err.msg, has);
	assert_int_equal(err.kind, kind);
}

static struct db *
open_db(const struct embedded *cluster)
{
	struct err err = { 0 };
	struct db *db = NULL;

	if (!db_open(embedded_conninfo(cluster), &db, &err))
		fail_msg("%s", err.msg);
	return db;
}

static void
script(const struct embedded *cluster, const char *sql)
{
	struct err err = { 0 };
	struct db *db = open_db(cluster);

	if (!db_script(db, sql, &err))
		fail_msg("%s", err.msg);
	db_close(db);
}

static long long
kept(const struct embedded *cluster)
{
	AUTO(db_result) struct db_result *r = NULL;
	struct err err = { 0 };
	struct db *db = open_db(cluster);

	if (!db_query(db, &te_count, NULL, &r, &err))
		fail_msg("%s", err.msg);
	db_close(db);
	return db_int(r, 0, 0);
}

static void
file_write(const char *dir, const char *name, const char *text)
{
	char path[512];
	const size_t len = strlen(text);

	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	const int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, len), len);
	(void)close(fd);
}

static bool
exists(const char *dir, const char *name)
{
	char path[512];

	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	return access(path, F_OK) == 0;
}

static pid_t
postmaster(const struct fixture *f)
{
	struct embedded_pidfile pf;

	embedded_pidfile_read(f->pg, &pf);
	return embedded_proc_alive(f->pg, pf.pid) ? pf.pid : 0;
}

/* A child that starts the cluster, says so, and holds it until killed. */
static pid_t
holder(const struct fixture *f, bool own_group)
{
	int fds[2];
	char byte = 0;

	assert_int_equal(pipe(fds), 0);
	const pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		struct embedded *cluster = NULL;

		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (own_group)
			(void)setpgid(0, 0);
		(void)close(fds[0]);
		if (embedded_start(f->state, &cluster, NULL))
			(void)!write(fds[1], "y", 1);
		(void)close(fds[1]);
		for (;;)
			(void)pause();
	}
	(void)close(fds[1]);
	assert_int_equal(read(fds[0], &byte, 1), 1);
	(void)close(fds[0]);
	return pid;
}

static void
reap(pid_t pid)
{
	int status = 0;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
}

/* ---- first use ----------------------------------------------------------- */
static void
mode_is(const char *path, mode_t mode)
{
	struct stat st;

	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, mode);
}

static void
test_first_use_and_later(void **state)
{
	struct fixture *f = *state;
	AUTO(db_result) struct db_result *r = NULL;
	struct err err = { 0 };
	const int64_t t0 = clock_boottime_ms();
	struct embedded *cluster = start(f);
	const int64_t t1 = clock_boottime_ms();

	mode_is(f->state, 0700);
	mode_is(f->pg, 0700);
	struct db *db = open_db(cluster);
	assert_true(db_query(db, &te_settings, NULL, &r, &err));
	/* In the order of their names in the database's collation. */
	assert_string_equal(db_text(r, 0, 0),
	    "UTC,mmap,on,off,C.UTF-8,,20,2,UTF8");
	assert_true(db_script(db, "CREATE TABLE kept (a int);"
	    " INSERT INTO kept VALUES (1)", &err));
	db_close(db);
	const int64_t t2 = clock_boottime_ms();
	embedded_release(cluster);
	const int64_t t3 = clock_boottime_ms();
	assert_int_equal(embedded_proc_any(f->pg), 0);
	assert_false(exists(f->pg, "postmaster.pid"));
	cluster = start(f);
	const int64_t t4 = clock_boottime_ms();
	struct embedded *second = start(f);
	const int64_t t5 = clock_boottime_ms();
	assert_int_equal(kept(cluster), 1);
	embedded_release(cluster);
	assert_true(postmaster(f) != 0);
	assert_int_equal(kept(second), 1);
	embedded_release(second);
	print_message("first use %ld ms, later %ld ms, join %ld ms, "
	    "stop %ld ms\n", (long)(t1 - t0), (long)(t4 - t3),
	    (long)(t5 - t4), (long)(t3 - t2));
	embedded_release(NULL);
}

/* ---- many at once -------------------------------------------------------- */
static void
one_of_many(const struct fixture *f, int tell_fd, int hold_fd)
{
	AUTO(db_result) struct db_result *r = NULL;
	struct embedded *cluster = NULL;
	struct err err = { 0 };
	struct db *db = NULL;
	char text[128] = "", byte;

	if (!embedded_start(f->state, &cluster, &err) ||
	    !db_open(embedded_conninfo(cluster), &db, &err) ||
	    !db_query(db, &te_identity, NULL, &r, &err))
		(void)snprintf(text, sizeof(text), "%.120s", err.msg);
	else
		(void)snprintf(text, sizeof(text), "%s", db_text(r, 0, 0));
	db_result_free(steal(&r));
	(void)!write(tell_fd, text, sizeof(text));
	(void)!read(hold_fd, &byte, 1);
	db_close(db);
	embedded_release(cluster);
	_exit(0);
}

static void
test_eight_at_once(void **state)
{
	enum { N = 8 };
	struct fixture *f = *state;
	char text[N][128];
	int tell[2], hold[2];
	pid_t pids[N];

	assert_int_equal(pipe2(tell, O_CLOEXEC), 0);
	assert_int_equal(pipe2(hold, O_CLOEXEC), 0);
	for (int i = 0; i < N; i++) {
		pids[i] = fork();
		assert_true(pids[i] >= 0);
		if (pids[i] == 0) {
			(void)close(hold[1]);
			one_of_many(f, tell[1], hold[0]);
		}
	}
	for (int i = 0; i < N; i++)
		assert_int_equal(read(tell[0], text[i], sizeof(text[i])),
		    (int)sizeof(text[i]));
	for (int i = 1; i < N; i++)
		assert_string_equal(text[i], text[0]);
	assert_in_range(text[0][0], '0', '9');
	/* All leave at once: the last one stops the server. */
	(void)close(hold[1]);
	for (int i = 0; i < N; i++)
		assert_int_equal(waitpid(pids[i], NULL, 0), pids[i]);
	assert_int_equal(embedded_proc_any(f->pg), 0);
	(void)close(hold[0]);
	(void)close(tell[0]);
	(void)close(tell[1]);
}

/* The same without waiting for each other: starts and stops interleave. */
static void
test_come_and_go(void **state)
{
	enum { N = 6, ROUNDS = 3 };
	struct fixture *f = *state;
	pid_t pids[N];

	for (int i = 0; i < N; i++) {
		pids[i] = fork();
		assert_true(pids[i] >= 0);
		if (pids[i] != 0)
			continue;
		int good = 0;
		for (int round = 0; round < ROUNDS; round++) {
			struct embedded *cluster = NULL;
			struct db *db = NULL;

			if (!embedded_start(f->state, &cluster, NULL) ||
			    !db_open(embedded_conninfo(cluster), &db, NULL))
				break;
			db_close(db);
			embedded_release(cluster);
			good++;
		}
		_exit(good);
	}
	for (int i = 0; i < N; i++) {
		int status = 0;

		assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
		assert_int_equal(status, ROUNDS << 8);
	}
}

/* ---- kills --------------------------------------------------------------- */
/* after_ms -1: as soon as a new cluster is being made. */
static bool
kill_in_start(const struct fixture *f, long after_ms)
{
	const pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		struct embedded *cluster = NULL;

		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		(void)!embedded_start(f->state, &cluster, NULL);
		for (;;)
			(void)pause();
	}
	for (int i = 0; after_ms < 0 && i < 30000 &&
	    !exists(f->state, "pg.new"); i++)
		embedded_proc_sleep_ms(2);
	embedded_proc_sleep_ms(after_ms < 0 ? 0 : after_ms);
	(void)kill(pid, SIGKILL);
	reap(pid);
	return exists(f->state, "pg.new");
}

static void
test_killed_in_initdb(void **state)
{
	/* The last, -1: in the midst of it, however slow the machine. */
	/* Those behind the -1 with NPSYNC_LONG only. */
	static const long delays[] = { 80, 500, -1, 200, 1200 };
	const char *all = getenv("NPSYNC_LONG");
	const size_t n = all != NULL && *all != '\0' ? ARRAY_LEN(delays) : 3;
	struct fixture *f = *state;
	int in_initdb = 0;

	for (size_t i = 0; i < n; i++) {
		if (kill_in_start(f, delays[i]))
			in_initdb++;
		struct embedded *cluster = start(f);
		assert_false(exists(f->state, "pg.new"));
		script(cluster, "CREATE TABLE kept (a int)");
		embedded_release(cluster);
		assert_int_equal(embedded_proc_any(f->pg), 0);
		assert_true(embedded_dir_remove(f->state, NULL));
	}
	print_message("%d of %zu kills fell into initdb\n", in_initdb, n);
	assert_true(in_initdb > 0);
}

/* A process that makes the database in a session of its own, or by a start of
 * the cluster; ends with 0 when it has it. */
static pid_t
maker(const struct fixture *f, const char *conninfo)
{
	const pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		struct embedded *cluster = NULL;
		struct db *db = NULL;
		struct err err = { 0 };
		const bool ok = conninfo == NULL
		    ? embedded_start(f->state, &cluster, &err)
		    : db_open(conninfo, &db, &err) &&
		        db_script(db, "CREATE DATABASE npsync", &err);
		if (!ok && conninfo == NULL)
			(void)fprintf(stderr, "%s\n", err.msg);
		_exit(!ok);
	}
	return pid;
}

/* Until n sessions wait for a lock: the sum of their processes. */
static pid_t
wait_for_waiting(struct db *db, long long n)
{
	for (int i = 0; i < 1000; i++) {
		AUTO(db_result) struct db_result *r = NULL;
		assert_true(db_query(db, &te_waiting, NULL, &r, NULL));
		if (db_int(r, 0, 0) == n)
			return (pid_t)db_int(r, 0, 1);
		embedded_proc_sleep_ms(10);
	}
	fail_msg("%lld sessions do not wait", n);
	return -1;
}

/* The session of a starter that was killed still makes the database while the
 * next one looks for it. */
static void
test_database_made_by_two(void **state)
{
	struct fixture *f = *state;
	struct embedded *cluster = start(f);
	char conninfo[600];
	struct db *db = NULL;
	int status = -1;

	embedded_server_conninfo(cluster, "postgres", conninfo,
	    sizeof(conninfo));
	assert_true(db_open(conninfo, &db, NULL));
	assert_true(db_script(db, "DROP DATABASE npsync", NULL));
	assert_true(db_begin(db, 5000, NULL));
	assert_true(db_script(db, "LOCK TABLE pg_catalog.pg_database"
	    " IN EXCLUSIVE MODE", NULL));
	const pid_t killed = maker(f, conninfo);
	const pid_t first = wait_for_waiting(db, 1);
	const pid_t next = maker(f, NULL);
	const pid_t second = wait_for_waiting(db, 2) - first;
	/* Both have seen that it is not there; now the first one is faster. */
	assert_int_equal(kill(second, SIGSTOP), 0);
	db_rollback(db);
	assert_int_equal(waitpid(killed, &status, 0), killed);
	assert_int_equal(status, 0);
	assert_int_equal(kill(second, SIGCONT), 0);
	assert_int_equal(waitpid(next, &status, 0), next);
	assert_int_equal(status, 0);
	db_close(db);
	embedded_release(cluster);
	/* The last user stops the server, and next went without a word. */
	embedded_release(start(f));
}

/* Whoever ignores SIGCHLD cannot know how initdb ended. */
static void
test_ignored_children(void **state)
{
	struct fixture *f = *state;

	(void)signal(SIGCHLD, SIG_IGN);
	refuse(f, ERR_SYSTEM, "initdb failed");
	(void)signal(SIGCHLD, SIG_DFL);
	assert_false(exists(f->state, "pg"));
}

/* What an initdb left that died with the machine. */
static void
test_left_over_pg_new(void **state)
{
	struct fixture *f = *state;
	char path[512];

	assert_int_equal(mkdir(f->state, 0700), 0);
	(void)snprintf(path, sizeof(path), "%s/pg.new", f->state);
	assert_int_equal(mkdir(path, 0700), 0);
	file_write(path, "PG_VERSION", "15\n");
	embedded_release(start(f));
	assert_false(exists(f->state, "pg.new"));
}

static void
test_killed_while_server_starts(void **state)
{
	static const long delays[] = { 0, 5, 15, 30, 60, 120 };
	struct fixture *f = *state;
	struct embedded *cluster = start(f);

	script(cluster, KEPT);
	embedded_release(cluster);
	for (size_t i = 0; i < ARRAY_LEN(delays); i++) {
		(void)kill_in_start(f, delays[i]);
		cluster = start(f);
		assert_int_equal(kept(cluster), 1);
		embedded_release(cluster);
		assert_int_equal(embedded_proc_any(f->pg), 0);
	}
}

static void
test_server_killed(void **state)
{
	struct fixture *f = *state;
	struct embedded *cluster = start(f);

	script(cluster, KEPT);
	for (int i = 0; i < 3; i++) {
		const pid_t pid = postmaster(f);

		assert_true(pid != 0);
		assert_int_equal(kill(pid, SIGKILL), 0);
		/* Once while its backends still end, once after leaving. */
		if (i == 1)
			embedded_release(cluster);
		struct embedded *next = start(f);
		assert_true(postmaster(f) != pid);
		assert_int_equal(kept(next), 1);
		if (i != 1)
			embedded_release(cluster);
		cluster = next;
	}
	embedded_release(cluster);
}

static void
test_server_killed_and_nobody_comes(void **state)
{
	struct fixture *f = *state;
	struct embedded *cluster = start(f);

	assert_int_equal(kill(postmaster(f), SIGKILL), 0);
	assert_true(embedded_proc_wait_gone(f->pg, 0, 10000));
	embedded_release(cluster);
}

static void
test_npsync_killed(void **state)
{
	struct fixture *f = *state;
	const pid_t pid = holder(f, false);
	const pid_t server = postmaster(f);

	assert_int_equal(kill(pid, SIGKILL), 0);
	reap(pid);
	assert_true(server != 0);
	assert_int_equal(postmaster(f), server);
	struct embedded *cluster = start(f);
	assert_int_equal(postmaster(f), server);
	embedded_release(cluster);
	assert_int_equal(embedded_proc_any(f->pg), 0);
}

static bool
has_lock_open(pid_t pid)
{
	char path[64], target[512];
	const struct dirent *entry;
	bool found = false;

	(void)snprintf(path, sizeof(path), "/proc/%ld/fd", (long)pid);
	DIR *dir = opendir(path);
	assert_non_null(dir);
	while ((entry = readdir(dir)) != NULL) {
		const ssize_t n = readlinkat(dirfd(dir), entry->d_name, target,
		    sizeof(target) - 1);

		target[n < 0 ? 0 : n] = '\0';
		if (strstr(target, "cluster.lock") != NULL ||
		    strstr(target, "users.lock") != NULL ||
		    strstr(target, "inherited") != NULL)
			found = true;
	}
	(void)closedir(dir);
	return found;
}

/* Ctrl-C goes to the whole foreground group; the server is not in it. */
static void
test_interrupt_and_inherited_files(void **state)
{
	struct fixture *f = *state;
	char path[300];

	(void)snprintf(path, sizeof(path), "%s/inherited", base);
	const int fd = open(path, O_RDWR | O_CREAT, 0600);
	assert_true(fd >= 0);
	const pid_t pid = holder(f, true);
	const pid_t server = postmaster(f);
	assert_int_equal(kill(-pid, SIGINT), 0);
	reap(pid);
	embedded_proc_sleep_ms(200);
	assert_int_equal(postmaster(f), server);
	assert_int_equal(getsid(server) == getsid(0), false);
	assert_false(has_lock_open(server));
	(void)close(fd);
	(void)unlink(path);
	embedded_release(start(f));
}

/* The number in a stale postmaster.pid now belongs to another program, the
 * file is empty, or it is cut. */
static void
test_stale_pidfile(void **state)
{
	struct fixture *f = *state;
	char mine[64];
	(void)snprintf(mine, sizeof(mine), "%ld\n/nowhere\n1\n5432\n/tmp\n\n"
	    "1 1\nready   \n", (long)getpid());
	const char *const cases[] = { mine, "", "12" };

	embedded_release(start(f));
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		file_write(f->pg, "postmaster.pid", cases[i]);
		embedded_release(start(f));
		assert_false(exists(f->pg, "postmaster.pid"));
	}
}

/* ---- refusals ------------------------------------------------------------ */
static void
test_missing_programs(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(mkdir(f->state, 0700), 0);
	assert_int_equal(mkdir(f->pg, 0700), 0);
	file_write(f->pg, "PG_VERSION", "99\n");
	refuse(f, ERR_CONFIG, "apt-get install postgresql-99");
	file_write(f->pg, "PG_VERSION", "x\n");
	refuse(f, ERR_CONFIG, "damaged");
}

static void
test_state_directory_refused(void **state)
{
	struct fixture *f = *state;
	struct fixture bad = *f;

	assert_int_equal(mkdir(f->state, 0700), 0);
	assert_int_equal(chmod(f->state, 0770), 0);
	refuse(f, ERR_PERMISSION, "chmod 0700");
	(void)snprintf(bad.state, sizeof(bad.state), "%s/no/such", base);
	refuse(&bad, ERR_SYSTEM, "No such file");
	(void)snprintf(bad.state, sizeof(bad.state), "/");
	refuse(&bad, ERR_PERMISSION, "belongs to another user");
	(void)snprintf(bad.state, sizeof(bad.state), "%s/file", base);
	file_write(base, "file", "");
	refuse(&bad, ERR_CONFIG, "no directory");
	(void)unlink(bad.state);
}

/* Somebody else was there first. */
static void
test_socket_directory_refused(void **state)
{
	struct fixture *f = *state;
	char path[EMBEDDED_PATH_MAX];

	embedded_release(start(f));
	assert_true(embedded_dir_private(path, f->state, NULL));
	assert_int_equal(symlink("/tmp", path), 0);
	refuse(f, ERR_SYSTEM, "not a 0700 directory");
	assert_int_equal(unlink(path), 0);
	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_equal(chmod(path, 0755), 0);
	refuse(f, ERR_SYSTEM, "not a 0700 directory");
	assert_int_equal(rmdir(path), 0);
	embedded_release(start(f));
}

static void
test_runtime_directory(void **state)
{
	struct fixture *f = *state;
	char dir[200], list[300], lengthy[160];

	(void)snprintf(dir, sizeof(dir), "%s/run", base);
	(void)snprintf(list, sizeof(list), "%s:/elsewhere", dir);
	assert_int_equal(mkdir(dir, 0700), 0);
	(void)setenv("RUNTIME_DIRECTORY", list, 1);
	struct embedded *cluster = start(f);
	assert_non_null(strstr(embedded_conninfo(cluster), dir));
	/* Who joins from outside the unit finds the server all the same. */
	(void)unsetenv("RUNTIME_DIRECTORY");
	struct embedded *joined = start(f);
	script(joined, KEPT);
	embedded_release(cluster);
	embedded_release(joined);
	memset(lengthy, 'x', sizeof(lengthy));
	lengthy[0] = '/';
	lengthy[120] = '\0';
	(void)setenv("RUNTIME_DIRECTORY", lengthy, 1);
	refuse(f, ERR_CONFIG, "too long");
	(void)setenv("RUNTIME_DIRECTORY", "/a,b", 1);
	refuse(f, ERR_CONFIG, "RUNTIME_DIRECTORY");
	(void)unsetenv("RUNTIME_DIRECTORY");
	assert_int_equal(rmdir(dir), 0);
}

static void
test_temporary_directory(void **state)
{
	static const struct {
		const char *value;
		bool taken;
	} cases[] = {
		{ "/var/tmp", true },
		{ "/a b", true },
		{ "relative", false },
		{ "", false },
		{ "/a,b", false },
		{ "/a'b", false },
		{ "/0123456789012345678901234567890123456789012345678901234567"
		    "89", false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		(void)setenv("TMPDIR", cases[i].value, 1);
		assert_string_equal(embedded_dir_temporary(),
		    cases[i].taken ? cases[i].value : "/tmp");
	}
	(void)setenv("TMPDIR", base, 1);
}

/* A file size limit stands for a full disk. */
static void
test_no_room(void **state)
{
	struct fixture *f = *state;
	int status = 0;
	const pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		const struct rlimit limit = { 300000, 300000 };
		struct embedded *cluster = NULL;
		struct err err = { 0 };

		(void)setrlimit(RLIMIT_FSIZE, &limit);
		const bool ok = embedded_start(f->state, &cluster, &err);
		_exit(!ok && err.kind == ERR_SYSTEM &&
		    strstr(err.msg, "initdb failed: ") != NULL ? 7 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 7 << 8);
	assert_false(exists(f->state, "pg"));
	embedded_release(start(f));
}

/* ---- the unit's server --------------------------------------------------- */
static void
test_unit_is_never_stopped(void **state)
{
	struct fixture *f = *state;
	struct embedded *cluster = start(f);
	const pid_t server = postmaster(f);

	file_write(f->state, "pg.unit", "");
	embedded_release(cluster);
	assert_int_equal(postmaster(f), server);
	embedded_release(start(f));
	assert_int_equal(postmaster(f), server);
	assert_int_equal(kill(server, SIGINT), 0);
	assert_true(embedded_proc_wait_gone(f->pg, server, 20000));
	refuse(f, ERR_DB_AWAY, "npsync-db.service");
	assert_int_equal(postmaster(f), 0);
	char path[300];
	(void)snprintf(path, sizeof(path), "%s/pg.unit", f->state);
	assert_int_equal(unlink(path), 0);
	embedded_release(start(f));
}

/* ---- root ---------------------------------------------------------------- */
/* In a child, since it cannot be undone; 0 = dropped to that user. */
static int
drop(const char *dir, const char *has, enum err_kind kind)
{
	struct err err = { 0 };
	int status = 0;
	const pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		struct stat st;

		if (!embedded_drop_root(dir, &err))
			_exit(has != NULL && err.kind == kind &&
			    strstr(err.msg, has) != NULL ? 1 : 2);
		const bool ok = stat(dir, &st) == 0 && geteuid() != 0 &&
		    getuid() == st.st_uid && st.st_gid == getgid() &&
		    setuid(0) != 0 && open("/etc/shadow", O_RDONLY) < 0;
		_exit(ok ? 0 : 3);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void
test_drop_root(void **state)
{
	char top[] = "/tmp/npsync-emb-XXXXXX";
	char dir[64], link_path[64];

	(void)state;
	if (geteuid() != 0)
		skip();
	assert_non_null(mkdtemp(top));
	(void)snprintf(dir, sizeof(dir), "%s/state", top);
	(void)snprintf(link_path, sizeof(link_path), "%s/link", top);
	/* Nobody but root passes top. */
	assert_int_equal(drop(dir, "cannot pass", ERR_CONFIG), 1);
	assert_int_equal(chmod(top, 0755), 0);
	assert_int_equal(drop(dir, NULL, ERR_NONE), 0);
	mode_is(dir, 0700);
	/* Now it has an owner, who is taken. */
	assert_int_equal(drop(dir, NULL, ERR_NONE), 0);
	assert_int_equal(chown(dir, 12345, 12345), 0);
	assert_int_equal(drop(dir, NULL, ERR_NONE), 0);
	/* Root's: given away. */
	assert_int_equal(chown(dir, 0, 0), 0);
	assert_int_equal(drop(dir, NULL, ERR_NONE), 0);
	/* A link to root's directory is not followed. */
	assert_int_equal(symlink("/root", link_path), 0);
	assert_int_equal(drop(link_path, "", ERR_SYSTEM), 1);
	/* Others may write above, or it is not below the temporary one. */
	assert_int_equal(rmdir(dir), 0);
	assert_int_equal(chmod(top, 0777), 0);
	assert_int_equal(drop(dir, "other users", ERR_CONFIG), 1);
	assert_int_equal(drop("/var/lib/npsync-test-none", "chown",
	    ERR_CONFIG), 1);
	assert_int_not_equal(access("/var/lib/npsync-test-none", F_OK), 0);
	assert_int_equal(embedded_dir_remove(top, NULL), true);
}

static void
test_root_never_runs_it(void **state)
{
	struct fixture f = { 0 };

	(void)state;
	if (geteuid() != 0)
		skip();
	(void)snprintf(f.state, sizeof(f.state), "/tmp/npsync-test-none");
	refuse(&f, ERR_PERMISSION, "root");
	assert_int_not_equal(access(f.state, F_OK), 0);
}

/* ---- main ---------------------------------------------------------------- */
static int
group_setup(void **state)
{
	const char *top = getenv("TMPDIR");
	struct err err = { 0 };

	(void)state;
	if (geteuid() == 0 || top == NULL || strlen(top) > 30)
		top = "/tmp";
	(void)snprintf(base, sizeof(base), "%s/npsync-emb-XXXXXX", top);
	if (mkdtemp(base) == NULL)
		return -1;
	if (!embedded_drop_root(base, &err)) {
		print_error("%s\n", err.msg);
		return -1;
	}
	return setenv("TMPDIR", base, 1);
}

static int
group_teardown(void **state)
{
	(void)state;
	return embedded_dir_remove(base, NULL) ? 0 : -1;
}

#define FRESH_TEST(fn) \
	cmocka_unit_test_setup_teardown(fn, setup_fresh, teardown_fresh)
#define CLUSTER_TEST(fn) \
	cmocka_unit_test_setup_teardown(fn, setup_shared, teardown)

int
main(void)
{
	const struct CMUnitTest root_tests[] = {
		cmocka_unit_test(test_drop_root),
		cmocka_unit_test(test_root_never_runs_it),
	};
	const struct CMUnitTest tests[] = {
		FRESH_TEST(test_first_use_and_later),
		FRESH_TEST(test_eight_at_once),
		CLUSTER_TEST(test_come_and_go),
		FRESH_TEST(test_killed_in_initdb),
		CLUSTER_TEST(test_database_made_by_two),
		FRESH_TEST(test_ignored_children),
		FRESH_TEST(test_left_over_pg_new),
		CLUSTER_TEST(test_killed_while_server_starts),
		CLUSTER_TEST(test_server_killed),
		CLUSTER_TEST(test_server_killed_and_nobody_comes),
		CLUSTER_TEST(test_npsync_killed),
		CLUSTER_TEST(test_interrupt_and_inherited_files),
		CLUSTER_TEST(test_stale_pidfile),
		FRESH_TEST(test_missing_programs),
		FRESH_TEST(test_state_directory_refused),
		CLUSTER_TEST(test_socket_directory_refused),
		CLUSTER_TEST(test_runtime_directory),
		CLUSTER_TEST(test_temporary_directory),
		FRESH_TEST(test_no_room),
		CLUSTER_TEST(test_unit_is_never_stopped),
	};

	const int failed = cmocka_run_group_tests_name("root", root_tests,
	    NULL, NULL);
	return failed + cmocka_run_group_tests_name("cluster", tests,
	    group_setup, group_teardown);
}
