#include "embedded.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"
#include "embedded_int.h"
#include "log.h"

#define POLL_MS 20L
#define LOCK_WAIT_MS 240000	/* others' initdb, recovery or stop */
#define STOP_WAIT_MS 60000
#define ORPHAN_WAIT_MS 15000
#define JOIN_TRIES 3

static void
embedded_free(struct embedded *e)
{
	if (e == NULL)
		return;
	if (e->cluster_fd >= 0)
		(void)close(e->cluster_fd);
	if (e->users_fd >= 0)
		(void)close(e->users_fd);
	free(e);
}

static inline void
embedded_cleanup(struct embedded **e)
{
	embedded_free(*e);
}

/* ---- locks --------------------------------------------------------------- */
/* CLOEXEC: the server must not keep the lock of whoever started it. */
static bool
lock_open(const struct embedded *e, const char *name, int *fd, struct err *err)
{
	char path[EMBEDDED_PATH_MAX];

	if (!embedded_path(path, e->state, name, err))
		return false;
	*fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (*fd < 0)
		return err_errno(err, ERR_SYSTEM, "%s", path);
	return true;
}

static bool
lock_cluster(const struct embedded *e, struct err *err)
{
	const int64_t end = clock_boottime_ms() + LOCK_WAIT_MS;

	while (flock(e->cluster_fd, LOCK_EX | LOCK_NB) != 0) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			return err_errno(err, ERR_SYSTEM, "%s/cluster.lock",
			    e->state);
		if (clock_boottime_ms() >= end)
			return err_set(err, ERR_SYSTEM, "%s/cluster.lock: "
			    "another process holds it", e->state);
		embedded_proc_sleep_ms(POLL_MS);
	}
	return true;
}

/* ---- server -------------------------------------------------------------- */
/* Until the server has its postmaster.pid, by which others find it, or ends. */
static void
server_await_pidfile(const struct embedded *e, pid_t pid)
{
	struct embedded_pidfile pf;

	do {
		embedded_proc_sleep_ms(POLL_MS / 2);
		embedded_pidfile_read(e->pg, &pf);
	} while (pf.pid != pid && waitpid(pid, NULL, WNOHANG) == 0);
}

/* In the middle process.  It holds a copy of cluster.lock, so that a killed
 * starter lets nobody in before the server can be seen.  It ends then: init is
 * the server's parent, not a caller that waits for children of its own. */
static void
server_fork(const struct embedded *e, const char *program,
    const char *socket_dir, int log_fd)
{
	(void)setsid();
	const pid_t pid = fork();
	if (pid == 0) {
		embedded_child_prepare(e->pg, -1, log_fd, log_fd);
		(void)execle(program, program, "-D", e->pg, "-k", socket_dir,
		    (char *)NULL, embedded_child_env);
		_exit(127);
	}
	if (pid > 0)
		server_await_pidfile(e, pid);
	_exit(0);
}

static bool
server_spawn(const struct embedded *e, const char *program,
    const char *socket_dir, int log_fd, struct err *err)
{
	const pid_t middle = fork();

	if (middle < 0)
		return err_errno(err, ERR_SYSTEM, "fork");
	if (middle == 0)
		server_fork(e, program, socket_dir, log_fd);
	while (waitpid(middle, NULL, 0) < 0 && errno == EINTR)
		;
	return true;
}

bool
embedded_server_start(struct embedded *e, struct err *err)
{
	char bin[EMBEDDED_PATH_MAX], program[EMBEDDED_PATH_MAX];
	char socket_dir[EMBEDDED_PATH_MAX];
	AUTO(fd) int log_fd = -1;
	off_t offset = 0;

	return embedded_server_programs(e, bin, err) &&
	    embedded_path(program, bin, "postgres", err) &&
	    embedded_server_clear(e, err) &&
	    embedded_dir_socket(socket_dir, e->state, err) &&
	    embedded_log_begin(e, &log_fd, &offset, err) &&
	    server_spawn(e, program, socket_dir, log_fd, err) &&
	    embedded_server_wait(e, offset, err);
}

/* The server that runs; pid 0 = there is none.  Whoever works in pg without a
 * server was left by a killed one and ends soon. */
static bool
server_find(const struct embedded *e, struct embedded_pidfile *pf,
    struct err *err)
{
	const int64_t end = clock_boottime_ms() + ORPHAN_WAIT_MS;

	for (;;) {
		embedded_pidfile_read(e->pg, pf);
		/* Whoever stopped it was killed, or is an administrator. */
		if (strcmp(pf->status, "stopping") == 0)
			(void)embedded_proc_wait_gone(e->pg, pf->pid,
			    STOP_WAIT_MS);
		if (embedded_proc_alive(e->pg, pf->pid))
			return true;
		const pid_t other = embedded_proc_any(e->pg);
		pf->pid = 0;
		if (other == 0)
			return true;
		if (clock_boottime_ms() >= end)
			return err_set(err, ERR_SYSTEM, "%s: process %ld "
			    "still works in it", e->pg, (long)other);
		embedded_proc_sleep_ms(POLL_MS);
	}
}

static bool
server_get(struct embedded *e, struct err *err)
{
	struct embedded_pidfile pf;
	struct stat st;

	for (int try = 0; try < JOIN_TRIES; try++) {
		if (!server_find(e, &pf, err))
			return false;
		if (pf.pid == 0)
			return embedded_rebuild_if_old(e, err) &&
			    embedded_server_start(e, err);
		const off_t offset = stat(e->log, &st) == 0 ? st.st_size : 0;
		if (embedded_server_wait(e, offset, err))
			return true;
		/* Ended just now by somebody else: start it. */
		if (embedded_proc_alive(e->pg, pf.pid))
			return false;
	}
	return false;
}

static bool
is_unit(const struct embedded *e)
{
	return access(e->unit, F_OK) == 0;
}

static bool
cluster_get(struct embedded *e, struct err *err)
{
	struct stat st;

	if (is_unit(e))
		return embedded_server_unit(e, err);
	if (lstat(e->pg, &st) != 0 && !embedded_make(e, err))
		return false;
	return server_get(e, err);
}

/* Under cluster.lock, so that nobody joins between question and answer. */
static void
leave(const struct embedded *e)
{
	(void)flock(e->users_fd, LOCK_UN);
	if (!is_unit(e) && flock(e->users_fd, LOCK_EX | LOCK_NB) == 0)
		embedded_server_stop(e);
	/* Before cluster.lock: the next one does not wait for this one. */
	(void)flock(e->users_fd, LOCK_UN);
}

/* ---- interface ----------------------------------------------------------- */
static bool
embedded_new(const char *state_dir, struct embedded **out, struct err *err)
{
	AUTO(embedded) struct embedded *e = calloc(1, sizeof(*e));
	char real[PATH_MAX];

	if (e == NULL)
		return err_nomem(err);
	e->cluster_fd = e->users_fd = -1;
	if (geteuid() == 0)
		return err_set(err, ERR_PERMISSION, "embedded database: not "
		    "as root");
	if (!embedded_dir_state(state_dir, err))
		return false;
	if (realpath(state_dir, real) == NULL)
		return err_errno(err, ERR_SYSTEM, "%s", state_dir);
	if (strlen(real) >= sizeof(e->state))
		return err_set(err, ERR_CONFIG, "state_dir: path too long");
	memcpy(e->state, real, strlen(real) + 1);
	if (!embedded_path(e->pg, real, "pg", err) ||
	    !embedded_path(e->log, real, "pg.log", err) ||
	    !embedded_path(e->unit, real, "pg.unit", err) ||
	    !lock_open(e, "cluster.lock", &e->cluster_fd, err) ||
	    !lock_open(e, "users.lock", &e->users_fd, err))
		return false;
	*out = steal(&e);
	return true;
}

bool
embedded_start(const char *state_dir, struct embedded **cluster,
    struct err *err)
{
	AUTO(embedded) struct embedded *e = NULL;

	*cluster = NULL;
	if (!embedded_new(state_dir, &e, err) || !lock_cluster(e, err))
		return false;
	/* Never waits: an exclusive holder holds cluster.lock as well. */
	if (flock(e->users_fd, LOCK_SH) != 0)
		return err_errno(err, ERR_SYSTEM, "%s/users.lock", e->state);
	const bool ok = cluster_get(e, err);
	if (!ok)
		leave(e);
	(void)flock(e->cluster_fd, LOCK_UN);
	if (ok)
		*cluster = steal(&e);
	return ok;
}

/* cluster.lock stays with us, so that nobody joins before embedded_release. */
bool
embedded_alone(struct embedded *cluster, struct err *err)
{
	if (!lock_cluster(cluster, err))
		return false;
	if (flock(cluster->users_fd, LOCK_EX | LOCK_NB) == 0)
		return true;
	/* What was asked for in vain has cost the shared one. */
	(void)flock(cluster->users_fd, LOCK_SH | LOCK_NB);
	(void)flock(cluster->cluster_fd, LOCK_UN);
	return err_set(err, ERR_BUSY, "a run or another command uses the "
	    "database: wait until it has ended");
}

const char *
embedded_conninfo(const struct embedded *cluster)
{
	return cluster->conninfo;
}

void
embedded_release(struct embedded *cluster)
{
	struct err err = { 0 };

	if (cluster == NULL)
		return;
	if (lock_cluster(cluster, &err)) {
		leave(cluster);
		(void)flock(cluster->cluster_fd, LOCK_UN);
	} else {
		log_ev(LOG_LEVEL_WARNING, "embedded", "stop=skipped why=%s",
		    log_quote(err.msg));
	}
	embedded_free(cluster);
}
