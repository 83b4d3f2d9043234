/*
 * embedded_make.c - a new cluster: initdb, our settings, the rename.
 */
#include "embedded_int.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* No statements, parameters or DETAIL in the log: they hold people's data. */
static const char settings[] =
    "\n# ---- npsync ----\n"
    "jit = off\n"
    "listen_addresses = ''\n"
    "unix_socket_permissions = 0700\n"
    "dynamic_shared_memory_type = mmap\n"
    "max_connections = 20\n"
    "max_parallel_workers = 2\n"
    "recovery_init_sync_method = syncfs\n"
    "log_min_messages = log\n"
    "log_min_error_statement = panic\n"
    "log_error_verbosity = terse\n"
    "log_checkpoints = off\n";

static bool
initdb_run(const struct embedded *e, const char *dir, struct err *err)
{
	char bin[EMBEDDED_PATH_MAX], program[EMBEDDED_PATH_MAX];
	AUTO(fd) int log_fd = -1;
	off_t offset = 0;
	bool good = false;

	if (!embedded_dir_programs(bin, 0, err) ||
	    !embedded_path(program, bin, "initdb", err) ||
	    !embedded_log_begin(e, &log_fd, &offset, err))
		return false;
	/* initdb's own children inherit the lock too: whoever comes after a
	 * killed starter waits until the last of them stopped writing. */
	const struct embedded_child child = { .dir = e->state,
		.argv = { program, "--encoding=UTF8", "--locale=C.UTF-8",
		    "--auth=trust", "--username=npsync", "--no-instructions",
		    "--no-sync", "-D", dir },
		.in = -1, .out = log_fd, .log = log_fd, .keep = e->cluster_fd };
	if (!embedded_child_run(&child, &good, err))
		return false;
	return good || embedded_log_fail(e, offset, "initdb failed", err);
}

static bool
settings_write(const char *dir, struct err *err)
{
	char path[EMBEDDED_PATH_MAX];

	if (!embedded_path(path, dir, "postgresql.conf", err))
		return false;
	AUTO(fd) int fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
	const size_t len = strlen(settings);
	const ssize_t n = fd < 0 ? -1 : write(fd, settings, len);
	if (n >= 0 && n < (ssize_t)len)
		errno = ENOSPC;
	return n == (ssize_t)len ? true : err_errno(err, ERR_SYSTEM, "%s",
	    path);
}

bool
embedded_make_dir(const struct embedded *e, const char *dir, struct err *err)
{
	if (!embedded_dir_remove(dir, err))
		return false;
	if (initdb_run(e, dir, err) && settings_write(dir, err))
		return true;
	(void)!embedded_dir_remove(dir, NULL);
	return false;
}

/* All of from before the name to appears: one call, where initdb would sync a
 * thousand files one by one. */
static bool
tree_publish(const char *state, const char *from, const char *to,
    unsigned flags, struct err *err)
{
	AUTO(fd) int fd = open(state, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0 || syncfs(fd) != 0 ||
	    renameat2(AT_FDCWD, from, AT_FDCWD, to, flags) != 0 ||
	    fsync(fd) != 0)
		return err_errno(err, ERR_SYSTEM, "%s", from);
	return true;
}

bool
embedded_make_exchange(const struct embedded *e, const char *dir,
    struct err *err)
{
	return tree_publish(e->state, dir, e->pg, RENAME_EXCHANGE, err);
}

/* Until the rename there is no cluster; what a killed initdb left is junk. */
bool
embedded_make(const struct embedded *e, struct err *err)
{
	char pg_new[EMBEDDED_PATH_MAX];

	return embedded_path(pg_new, e->state, "pg.new", err) &&
	    embedded_make_dir(e, pg_new, err) &&
	    tree_publish(e->state, pg_new, e->pg, 0, err);
}
