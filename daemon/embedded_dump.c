/*
 * embedded_dump.c - pg_dump and pg_restore, the database's own means.
 *
 * What they say on standard error may hold people's data: it goes into a file
 * without a name, and only the beginning of the error is told.
 */
#include "embedded.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "embedded_int.h"
#include "log.h"

#define FRESH "npsync_restored"
#define OLD "npsync_before"
#define SAID_BYTES 8192
#define SWAP_TRIES 20
#define SWAP_PAUSE_MS 250L

DB_STMT(embedded_others_end,
    "SELECT pg_catalog.pg_terminate_backend(pid) FROM pg_catalog.pg_stat_activity"
    " WHERE datname IN ('npsync', '" FRESH "') AND pid <> pg_catalog.pg_backend_pid()");

static inline void
db_cleanup(struct db **db)
{
	db_close(*db);
}

/* ---- running a program --------------------------------------------------- */
static bool
said_open(const struct embedded *e, int *fd, struct err *err)
{
	char path[EMBEDDED_PATH_MAX];

	if (!embedded_path(path, e->state, "dump.log", err))
		return false;
	(void)unlink(path);
	*fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (*fd < 0 || unlink(path) != 0)
		return err_errno(err, ERR_SYSTEM, "%s", path);
	return true;
}

/* "pg_restore: error: COPY failed for table "x": ERROR: ..." up to ERROR. */
static void
reason_read(int fd, char *out, size_t size, bool *full)
{
	char text[SAID_BYTES];
	const ssize_t n = pread(fd, text, sizeof(text) - 1, 0);

	text[n < 0 ? 0 : n] = '\0';
	*full = strstr(text, strerror(ENOSPC)) != NULL ||
	    strstr(text, strerror(EFBIG)) != NULL;
	const char *hit = strstr(text, ": error: ");
	if (hit == NULL) {
		(void)snprintf(out, size, "it ended early");
		return;
	}
	hit += strlen(": error: ");
	size_t len = strcspn(hit, "\n");
	const char *server = strstr(hit, "ERROR:");
	if (server != NULL && (size_t)(server - hit) < len)
		len = (size_t)(server - hit);
	while (len > 0 && strchr(": ", hit[len - 1]) != NULL)
		len--;
	(void)snprintf(out, size, "%.*s", (int)len, hit);
}

static bool
failed(const struct embedded_child *c, const char *what, struct err *err)
{
	char reason[300];
	bool full;

	if (c->cancelled != NULL && c->cancelled())
		return err_set(err, ERR_SYSTEM, "%s: interrupted", what);
	reason_read(c->log, reason, sizeof(reason), &full);
	if (full)
		return err_set(err, ERR_SYSTEM, "%s: the disk is full: make "
		    "space", what);
	return err_set(err, ERR_CONFIG, "%s: %s", what, reason);
}

static bool
run(const struct embedded *e, const char *name, struct embedded_child *c,
    struct err *err)
{
	char bin[EMBEDDED_PATH_MAX], program[EMBEDDED_PATH_MAX];
	AUTO(fd) int said = -1;
	bool good = false;
	int version = 0;

	if (!embedded_server_version(e->pg, &version, err) ||
	    !embedded_dir_programs(bin, version, err) ||
	    !embedded_path(program, bin, name, err) ||
	    !said_open(e, &said, err))
		return false;
	if (access(program, X_OK) != 0)
		return err_set(err, ERR_CONFIG, "%s is missing: apt-get install "
		    "postgresql-client-%d", program, version);
	c->argv[0] = program;
	c->log = said;
	return embedded_child_run(c, &good, err) &&
	    (good || failed(c, name, err));
}

bool
embedded_dump(const struct embedded *e, int fd, long long file_max,
    bool (*cancelled)(void), struct err *err)
{
	struct embedded_child child = { .dir = e->state,
		.argv = { NULL, "--format=custom", "--no-password",
		    "--lock-wait-timeout=60000", "--dbname", e->conninfo },
		.in = -1, .out = fd, .keep = -1, .file_max = file_max,
		.cancelled = cancelled };

	return run(e, "pg_dump", &child, err);
}

/* ---- restoring ----------------------------------------------------------- */
static bool
load(const struct embedded *e, int fd, bool (*cancelled)(void),
    struct err *err)
{
	char conninfo[sizeof(e->conninfo)];
	struct embedded_child child = { .dir = e->state,
		.argv = { NULL, "--format=custom", "--exit-on-error",
		    "--single-transaction", "--no-owner", "--no-privileges",
		    "--no-password", "--dbname", conninfo },
		.in = fd, .out = -1, .keep = -1, .cancelled = cancelled };

	embedded_server_conninfo(e, FRESH, conninfo, sizeof(conninfo));
	if (lseek(fd, 0, SEEK_SET) != 0)
		return err_errno(err, ERR_SYSTEM, "the dump cannot be read");
	return run(e, "pg_restore", &child, err);
}

static bool
look(const struct embedded *e, embedded_accept_fn *accept, void *arg,
    struct err *err)
{
	AUTO(db) struct db *db = NULL;
	char conninfo[sizeof(e->conninfo)];

	embedded_server_conninfo(e, FRESH, conninfo, sizeof(conninfo));
	return db_open(conninfo, &db, err) &&
	    (accept == NULL || accept(arg, db, err)) &&
	    db_script(db, "ANALYZE", err);
}

/* Both names in one transaction.  Somebody's psql may come between. */
static bool
swap(struct db *db, struct err *err)
{
	for (int try = 0; try < SWAP_TRIES; try++) {
		if (!db_query(db, &embedded_others_end, NULL, NULL, err))
			return false;
		if (db_script(db, "ALTER DATABASE npsync RENAME TO " OLD ";"
		    "ALTER DATABASE " FRESH " RENAME TO npsync", err))
			return true;
		/* object_in_use */
		if (err->kind != ERR_DB || strcmp(err->sqlstate, "55006") != 0)
			return false;
		embedded_proc_sleep_ms(SWAP_PAUSE_MS);
	}
	return false;
}

static bool
drop(struct db *db, const char *sql)
{
	struct err err = { 0 };

	if (db_script(db, sql, &err))
		return true;
	log_ev(LOG_LEVEL_WARNING, "embedded", "drop=failed why=%s",
	    log_quote(err.msg));
	return false;
}

bool
embedded_restore(struct embedded *e, int fd, embedded_accept_fn *accept,
    void *arg, bool (*cancelled)(void), struct err *err)
{
	static const char drop_fresh[] =
	    "DROP DATABASE IF EXISTS " FRESH " WITH (FORCE)";
	static const char drop_old[] =
	    "DROP DATABASE IF EXISTS " OLD " WITH (FORCE)";
	AUTO(db) struct db *db = NULL;
	char conninfo[sizeof(e->conninfo)];

	embedded_server_conninfo(e, "postgres", conninfo, sizeof(conninfo));
	/* What a killed restore left. */
	if (!db_open(conninfo, &db, err) || !db_script(db, drop_fresh, err) ||
	    !db_script(db, drop_old, err) ||
	    !db_script(db, "CREATE DATABASE " FRESH " TEMPLATE template0", err))
		return false;
	if (load(e, fd, cancelled, err) && look(e, accept, arg, err) &&
	    swap(db, err)) {
		(void)drop(db, drop_old);
		return true;
	}
	(void)drop(db, drop_fresh);
	return false;
}
