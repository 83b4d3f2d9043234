#include "embedded_int.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clock.h"
#include "db.h"
#include "log.h"
#include "num.h"

#define POLL_MS 10L
#define READY_WAIT_MS 180000	/* recovery after a crash */
#define UNIT_WAIT_MS 10000
#define STOP_WAIT_MS 60000
#define QUIT_WAIT_MS 10000
#define LOG_MAX_BYTES ((off_t)1 << 20)

DB_STMT(embedded_has_database,
    "SELECT 1 FROM pg_catalog.pg_database WHERE datname = 'npsync'");

static inline void
db_cleanup(struct db **db)
{
	db_close(*db);
}

/* ---- log ----------------------------------------------------------------- */
/* Opens the log at its end; one old log is kept. */
bool
embedded_log_begin(const struct embedded *e, int *fd, off_t *offset,
    struct err *err)
{
	char old[EMBEDDED_PATH_MAX];
	struct stat st;

	if (!embedded_path(old, e->state, "pg.log.old", err))
		return false;
	if (stat(e->log, &st) == 0 && st.st_size > LOG_MAX_BYTES)
		(void)rename(e->log, old);
	*fd = open(e->log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC |
	    O_NOFOLLOW, 0600);
	if (*fd < 0 || fstat(*fd, &st) != 0)
		return err_errno(err, ERR_SYSTEM, "%s", e->log);
	*offset = st.st_size;
	return true;
}

bool
embedded_log_fail(const struct embedded *e, off_t offset, const char *what,
    struct err *err)
{
	char reason[300];

	embedded_proc_log_error(e->log, offset, reason, sizeof(reason));
	return err_set(err, ERR_SYSTEM, "%s: %s (log: %s)", what, reason,
	    e->log);
}

/* ---- start and join ------------------------------------------------------ */
bool
embedded_server_version(const char *pg, int *version, struct err *err)
{
	char path[EMBEDDED_PATH_MAX], text[16];
	long long number = 0;

	if (!embedded_path(path, pg, "PG_VERSION", err))
		return false;
	AUTO(fd) int fd = open(path, O_RDONLY | O_CLOEXEC);
	const ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	text[n < 0 ? 0 : n] = '\0';
	text[strcspn(text, "\n")] = '\0';
	if (!num_parse(text, 1, 999, &number))
		return err_set(err, ERR_CONFIG, "%s: no PostgreSQL version in "
		    "it; the cluster is damaged", path);
	*version = (int)number;
	return true;
}

bool
embedded_server_programs(const struct embedded *e,
    char out[EMBEDDED_PATH_MAX], struct err *err)
{
	int version = 0;

	return embedded_server_version(e->pg, &version, err) &&
	    embedded_dir_programs(out, version, err);
}

static void
conninfo_make(char *out, size_t size, const char *socket_dir, int port,
    const char *database)
{
	char host[2 * EMBEDDED_SOCKET_MAX + 1];
	size_t n = 0;

	for (const char *p = socket_dir; *p != '\0' && n < sizeof(host) - 2;
	    p++) {
		if (*p == '\'' || *p == '\\')
			host[n++] = '\\';
		host[n++] = *p;
	}
	host[n] = '\0';
	(void)snprintf(out, size, "host='%s' port=%d user=npsync dbname=%s",
	    host, port, database);
}

/* It ends with the database, whose name has no blank. */
void
embedded_server_conninfo(const struct embedded *e, const char *database,
    char *out, size_t size)
{
	const char *name = strrchr(e->conninfo, '=');

	(void)snprintf(out, size, "%.*s=%s", name == NULL ? 0 :
	    (int)(name - e->conninfo), e->conninfo, database);
}

static bool
database_is_there(struct db *db, bool *there, struct err *err)
{
	AUTO(db_result) struct db_result *r = NULL;

	if (!db_query(db, &embedded_has_database, NULL, &r, err))
		return false;
	*there = db_rows(r) > 0;
	return true;
}

/* A starter that was killed may have asked for it: its session makes it at the
 * same time. */
static bool
database_ensure(const char *conninfo, struct err *err)
{
	AUTO(db) struct db *db = NULL;
	bool there = false;

	if (!db_open(conninfo, &db, err) ||
	    !database_is_there(db, &there, err))
		return false;
	return there || db_script(db, "CREATE DATABASE npsync", err) ||
	    (database_is_there(db, &there, NULL) && there);
}

static bool
server_use(struct embedded *e, const struct embedded_pidfile *pf,
    struct err *err)
{
	conninfo_make(e->conninfo, sizeof(e->conninfo), pf->socket_dir,
	    pf->port, "postgres");
	if (!database_ensure(e->conninfo, err))
		return err_wrap(err, "embedded database");
	conninfo_make(e->conninfo, sizeof(e->conninfo), pf->socket_dir,
	    pf->port, "npsync");
	return true;
}

bool
embedded_server_wait(struct embedded *e, off_t log_offset, struct err *err)
{
	const int64_t end = clock_boottime_ms() + READY_WAIT_MS;
	struct embedded_pidfile pf;

	for (;;) {
		embedded_pidfile_read(e->pg, &pf);
		if (!embedded_proc_alive(e->pg, pf.pid))
			return embedded_log_fail(e, log_offset,
			    "postgres ended", err);
		if (strcmp(pf.status, "ready") == 0)
			return server_use(e, &pf, err);
		if (clock_boottime_ms() >= end)
			return embedded_log_fail(e, log_offset,
			    "postgres does not get ready", err);
		embedded_proc_sleep_ms(POLL_MS);
	}
}

/* The server itself would believe a number that another program got, or that
 * a zombie still has. */
bool
embedded_server_clear(const struct embedded *e, struct err *err)
{
	char path[EMBEDDED_PATH_MAX], socket_dir[EMBEDDED_PATH_MAX];

	if (!embedded_path(path, e->pg, "postmaster.pid", err) ||
	    !embedded_dir_private(socket_dir, e->state, err))
		return false;
	if (unlink(path) != 0 && errno != ENOENT)
		return err_errno(err, ERR_SYSTEM, "%s", path);
	embedded_dir_socket_remove(socket_dir, e->state);
	return true;
}

/* npsync-db.service owns the server; it may be in another namespace, so its
 * process is not looked at. */
bool
embedded_server_unit(struct embedded *e, struct err *err)
{
	const int64_t end = clock_boottime_ms() + UNIT_WAIT_MS;
	struct embedded_pidfile pf;

	for (;;) {
		embedded_pidfile_read(e->pg, &pf);
		if (pf.pid != 0 && pf.socket_dir[0] != '\0' &&
		    server_use(e, &pf, err))
			return true;
		if (clock_boottime_ms() >= end)
			return err_set(err, ERR_DB_AWAY, "embedded database: "
			    "npsync-db.service does not answer (%s exists): "
			    "systemctl start npsync-db", e->unit);
		embedded_proc_sleep_ms(20 * POLL_MS);
	}
}

/* ---- stop ---------------------------------------------------------------- */
static bool
server_kill(const struct embedded *e, pid_t pid, int signal_no,
    int64_t timeout_ms)
{
	/* The number was this server's a moment ago, and we hold the lock. */
	if (!embedded_proc_alive(e->pg, pid))
		return true;
	(void)kill(pid, signal_no);
	return embedded_proc_wait_gone(e->pg, pid, timeout_ms);
}

void
embedded_server_stop(const struct embedded *e)
{
	char own_dir[EMBEDDED_PATH_MAX];
	struct embedded_pidfile pf;

	embedded_pidfile_read(e->pg, &pf);
	if (!server_kill(e, pf.pid, SIGINT, STOP_WAIT_MS)) {
		log_ev(LOG_LEVEL_WARNING, "embedded",
		    "stop=slow next=immediate");
		if (!server_kill(e, pf.pid, SIGQUIT, QUIT_WAIT_MS)) {
			log_ev(LOG_LEVEL_ERROR, "embedded", "stop=failed");
			return;
		}
	}
	/* Its starter's temporary directory may not be ours. */
	embedded_dir_socket_remove(pf.socket_dir, e->state);
	if (embedded_dir_private(own_dir, e->state, NULL))
		embedded_dir_socket_remove(own_dir, e->state);
}

