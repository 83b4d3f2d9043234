#include "testdb.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "cluster.h"
#include "embedded_int.h"
#include "schema.h"

#define READY_TRIES 3000
#define TEMPLATE "npsync_template"

static struct {
	char dir[256], pg[512], log[512], conninfo[512];
	pid_t guardian;
	int life_fd;		/* orders; its end of file ends the guardian */
	int answer_fd;		/* one byte for each order: done or not */
	int databases;
	bool has_template;
	bool as_embedded;
	char name[32];
} t = { .life_fd = -1, .answer_fd = -1 };

static bool
root_leave(void)
{
	if (geteuid() != 0)
		return true;
	const struct passwd *pw = getpwnam("postgres");
	if (pw == NULL || initgroups(pw->pw_name, pw->pw_gid) != 0 ||
	    setgid(pw->pw_gid) != 0 || setuid(pw->pw_uid) != 0)
		return false;
	/* LeakSanitizer traces its own process. */
	return prctl(PR_SET_DUMPABLE, 1) == 0;
}

static bool
dir_make(void)
{
	const char *top = getenv("TMPDIR");

	/* A socket path is at most 107 bytes. */
	if (top == NULL || strlen(top) > 60 || access(top, W_OK | X_OK) != 0)
		top = "/tmp";
	(void)snprintf(t.dir, sizeof(t.dir), "%s/npsync-testdb-XXXXXX", top);
	if (mkdtemp(t.dir) == NULL)
		return false;
	(void)snprintf(t.pg, sizeof(t.pg), "%s/pg", t.dir);
	(void)snprintf(t.log, sizeof(t.log), "%s/log", t.dir);
	return true;
}

/* Makes and drops the databases; to connect costs as much as to make one. */
static struct db *admin;

static void
admin_close(void)
{
	db_close(admin);
	admin = NULL;
}

/* ---- server ---------------------------------------------------------------- */
static void
child_output(void)
{
	const int null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	const int log_fd = open(t.log, O_WRONLY | O_CREAT | O_APPEND |
	    O_CLOEXEC, 0600);

	if (null_fd < 0 || log_fd < 0 || dup2(null_fd, 0) < 0 ||
	    dup2(log_fd, 1) < 0 || dup2(log_fd, 2) < 0)
		_exit(127);
	/* The death of the guardian is the server's. */
	(void)prctl(PR_SET_PDEATHSIG, SIGQUIT);
}

static char env_path[] = "PATH=/usr/bin:/bin";
static char env_locale[] = "LC_ALL=C.UTF-8";
static char env_zone[] = "TZ=UTC";
static char *const child_env[] = { env_path, env_locale, env_zone, NULL };

static bool
initdb_run(const char *bin, const char *pg)
{
	char program[EMBEDDED_PATH_MAX];
	int status = 0;

	if (!embedded_path(program, bin, "initdb", NULL))
		return false;
	const pid_t pid = fork();
	if (pid == 0) {
		child_output();
		(void)execle(program, program, "--no-sync", "--encoding=UTF8",
		    "--locale=C.UTF-8", "--auth=trust", "--username=npsync",
		    "--wal-segsize=1", "--no-instructions", "-D", pg,
		    (char *)NULL, child_env);
		_exit(127);
	}
	return pid > 0 && waitpid(pid, &status, 0) == pid &&
	    WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* synchronous_commit stays on: an immediate stop must not lose what was
 * acknowledged.  Without fsync that costs nothing. */
static pid_t
server_run(const char *bin, const char *pg)
{
	char program[EMBEDDED_PATH_MAX];

	if (!embedded_path(program, bin, "postgres", NULL))
		return -1;
	const pid_t pid = fork();
	if (pid == 0) {
		child_output();
		if (t.as_embedded)
			(void)execle(program, program, "-D", pg, "-k", t.dir,
			    (char *)NULL, child_env);
		(void)execle(program, program, "-D", pg, "-k", t.dir,
		    "-c", "listen_addresses=", "-c", "fsync=off",
		    "-c", "full_page_writes=off", "-c", "max_connections=50", "-c", "jit=off", "-c",
		    "shared_buffers=32MB", "-c", "autovacuum=off",
		    "-c", "max_wal_size=1GB", (char *)NULL, child_env);
		_exit(127);
	}
	return pid;
}

static bool
server_ready(pid_t pid, const char *pg)
{
	struct embedded_pidfile pf;

	for (int i = 0; i < READY_TRIES; i++) {
		embedded_pidfile_read(pg, &pf);
		if (pf.pid == pid && strcmp(pf.status, "ready") == 0)
			return true;
		if (waitpid(pid, NULL, WNOHANG) != 0)
			return false;
		embedded_proc_sleep_ms(10);
	}
	return false;
}

/* ---- the cluster that is copied ------------------------------------------- */
static void
conninfo_set(const char *database)
{
	(void)snprintf(t.conninfo, sizeof(t.conninfo),
	    "host='%s' port=5432 user=npsync dbname=%s", t.dir, database);
}

static bool
script(const char *database, const char *sql, struct err *err)
{
	struct db *db = NULL;

	conninfo_set(database);
	if (!db_open(t.conninfo, &db, err))
		return false;
	const bool ok = sql == NULL ? schema_apply(db, NULL, err)
	    : db_script(db, sql, err);
	db_close(db);
	return ok;
}

/* The database that every other is a copy of. */
static bool
template_make(void)
{
	struct err err = { 0 };

	t.has_template = script("postgres", "CREATE DATABASE " TEMPLATE
	    " TEMPLATE template0", &err) && script(TEMPLATE, NULL, &err);
	if (!t.has_template)
		print_error("testdb: %s\n", err.msg);
	return t.has_template;
}

static bool
cluster_make(const char *pg)
{
	char bin[EMBEDDED_PATH_MAX];
	int status = -1;

	if (!embedded_dir_programs(bin, 0, NULL) || !initdb_run(bin, pg))
		return false;
	const pid_t pid = server_run(bin, pg);
	if (pid < 0 || !server_ready(pid, pg))
		return false;
	const bool ok = template_make();
	(void)kill(pid, SIGINT);
	return waitpid(pid, &status, 0) == pid && status == 0 && ok;
}

/* ---- guardian -------------------------------------------------------------- */
/* What is acknowledged survives, nothing else does. */
static void
server_stop(pid_t *server)
{
	if (*server > 0) {
		(void)kill(*server, SIGQUIT);
		(void)waitpid(*server, NULL, 0);
	}
	*server = -1;
}

static bool
obey(char order, const char *bin, pid_t *server)
{
	if (order == 'k') {
		server_stop(server);
		return true;
	}
	if (*server > 0)
		return true;
	*server = server_run(bin, t.pg);
	return *server > 0 && server_ready(*server, t.pg);
}

static void
guard(int ready_fd, int life_fd)
{
	char bin[EMBEDDED_PATH_MAX];
	pid_t server = -1;
	char byte = '\0';

	(void)setsid();
	/* The asker may be dead before it hears the answer. */
	(void)signal(SIGPIPE, SIG_IGN);
	if (embedded_dir_programs(bin, 0, NULL) && (t.as_embedded
	        ? cluster_place(t.dir)
	        : cluster_get("testdb", t.pg, cluster_make)))
		byte = obey('s', bin, &server);
	(void)!write(ready_fd, &byte, 1);
	for (;;) {
		const ssize_t n = read(life_fd, &byte, 1);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		byte = obey(byte, bin, &server);
		(void)!write(ready_fd, &byte, 1);
	}
	server_stop(&server);
	(void)!embedded_dir_remove(t.dir, NULL);
	_exit(0);
}

static bool
guardian_start(void)
{
	int ready[2], life[2];
	char byte = 0;

	if (pipe2(ready, O_CLOEXEC) != 0 || pipe2(life, O_CLOEXEC) != 0)
		return false;
	t.guardian = fork();
	if (t.guardian == 0) {
		(void)close(ready[0]);
		(void)close(life[1]);
		guard(ready[1], life[0]);
	}
	(void)close(ready[1]);
	(void)close(life[0]);
	t.life_fd = life[1];
	t.answer_fd = ready[0];
	return t.guardian > 0 && read(ready[0], &byte, 1) == 1 && byte == 1;
}

/* ---- interface ----------------------------------------------------------- */
void
testdb_as_embedded(void)
{
	t.as_embedded = true;
}

int
testdb_start(void **state)
{
	char reason[256];

	(void)state;
	if (!root_leave() || !dir_make()) {
		print_error("testdb: %s\n", strerror(errno));
		return -1;
	}
	if (!guardian_start()) {
		embedded_proc_log_error(t.log, 0, reason, sizeof(reason));
		print_error("testdb: no server: %s\n", reason);
		(void)testdb_stop(NULL);
		return -1;
	}
	t.has_template = !t.as_embedded;
	conninfo_set("postgres");
	return 0;
}

int
testdb_stop(void **state)
{
	(void)state;
	admin_close();
	if (t.life_fd < 0)
		return 0;
	(void)close(t.life_fd);
	(void)close(t.answer_fd);
	t.life_fd = t.answer_fd = -1;
	return waitpid(t.guardian, NULL, 0) == t.guardian ? 0 : -1;
}

static bool
order(char what)
{
	char done = 0;

	return write(t.life_fd, &what, 1) == 1 &&
	    read(t.answer_fd, &done, 1) == 1 && done == 1;
}

bool
testdb_kill(void)
{
	admin_close();
	return order('k');
}

bool
testdb_revive(void)
{
	return order('s');
}

static struct db *
connect_to(const char *database)
{
	struct err err = { 0 };
	struct db *db = NULL;

	conninfo_set(database);
	if (!db_open(t.conninfo, &db, &err))
		fail_msg("testdb: %s", err.msg);
	return db;
}

static NPS_PRINTF(1, 2) void
server_script(const char *fmt, ...)
{
	struct err err = { 0 };
	char sql[160];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(sql, sizeof(sql), fmt, ap);
	va_end(ap);
	if (admin != NULL && db_script(admin, sql, &err))
		return;
	/* A test may have ended all connections. */
	admin_close();
	admin = connect_to("postgres");
	if (!db_script(admin, sql, &err))
		fail_msg("testdb: %s", err.msg);
}

static void
database_make(const char *name, const char *template)
{
	server_script("CREATE DATABASE %s TEMPLATE %s STRATEGY file_copy", name,
	    template);
}

static struct db *
fresh(const char *template)
{
	(void)snprintf(t.name, sizeof(t.name), "t%d", ++t.databases);
	database_make(t.name, template);
	return connect_to(t.name);
}

struct db *
testdb_open(void)
{
	if (!t.has_template && !template_make())
		fail_msg("testdb: no template");
	return fresh(TEMPLATE);
}

struct db *
testdb_fresh_empty(void)
{
	return fresh("template0");
}

/* By files: a large one would go through the log else. */
struct db *
testdb_copy(const char *name)
{
	(void)snprintf(t.name, sizeof(t.name), "t%d", ++t.databases);
	server_script("CREATE DATABASE %s TEMPLATE %s STRATEGY file_copy",
	    t.name, name);
	return connect_to(t.name);
}

void
testdb_drop(const char *name)
{
	server_script("DROP DATABASE %s WITH (FORCE)", name);
}

const char *
testdb_name(void)
{
	return t.name;
}

struct db *
testdb_again(void)
{
	struct err err = { 0 };
	struct db *db = NULL;

	if (!db_open(t.conninfo, &db, &err))
		fail_msg("testdb: %s", err.msg);
	return db;
}

const char *
testdb_conninfo(void)
{
	return t.conninfo;
}

const char *
testdb_dir(void)
{
	return t.dir;
}
