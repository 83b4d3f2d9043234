/*
 * embedded_int.h - shared by embedded*.c and the test library only.
 */
#ifndef NPSYNC_EMBEDDED_INT_H
#define NPSYNC_EMBEDDED_INT_H

#include <sys/types.h>
#include <unistd.h>

#include "err.h"

#define EMBEDDED_PATH_MAX 1024
/* sun_path of unix(7), less its NUL. */
#define EMBEDDED_SOCKET_MAX ((size_t)107)

struct embedded {
	char state[EMBEDDED_PATH_MAX];	/* all absolute, links resolved */
	char pg[EMBEDDED_PATH_MAX];
	char log[EMBEDDED_PATH_MAX];
	char unit[EMBEDDED_PATH_MAX];	/* exists: the server is systemd's */
	char conninfo[512];
	int cluster_fd, users_fd;
};

static inline void
fd_cleanup(int *fd)
{
	if (*fd >= 0)
		(void)close(*fd);
}

/* ---- embedded_dir.c ------------------------------------------------------ */
/* dir/name; ERR_CONFIG when it does not fit. */
NPS_MUSTCHECK bool embedded_path(char out[EMBEDDED_PATH_MAX], const char *dir,
    const char *name, struct err *err);
/* Makes the last component if missing (0700); must be ours, and writable by
 * nobody else. */
NPS_MUSTCHECK bool embedded_dir_state(const char *state_dir, struct err *err);
/* $TMPDIR if a socket path may begin with it, else /tmp. */
const char *embedded_dir_temporary(void);
/* The private directory under the temporary one that belongs to state_dir;
 * the name only. */
NPS_MUSTCHECK bool embedded_dir_private(char out[EMBEDDED_PATH_MAX],
    const char *state_dir, struct err *err);
/* $RUNTIME_DIRECTORY or the private directory, which is made if missing and
 * refused if it is not ours. */
NPS_MUSTCHECK bool embedded_dir_socket(char out[EMBEDDED_PATH_MAX],
    const char *state_dir, struct err *err);
/* Takes the private directory away, and nothing else. */
void embedded_dir_socket_remove(const char *socket_dir, const char *state_dir);
/* rm -rf that follows no link; a missing path is fine. */
NPS_MUSTCHECK bool embedded_dir_remove(const char *path, struct err *err);
/* Directory with the server's programs of a major version; 0 = the newest
 * installed.  ERR_CONFIG names the package. */
NPS_MUSTCHECK bool embedded_dir_programs(char out[EMBEDDED_PATH_MAX],
    int version, struct err *err);

/* Programs of a newer version than this are installed. */
bool embedded_dir_is_newer(int version);

/* ---- embedded_child.c ---------------------------------------------------- */
#define EMBEDDED_ARGS_MAX 16
struct embedded_child {
	const char *dir;	/* where it works */
	const char *argv[EMBEDDED_ARGS_MAX];	/* [0] = path of the program */
	int in, out;		/* -1 = /dev/null */
	int log;		/* its standard error */
	int keep;		/* one more that it inherits; -1 = none */
	long long file_max;	/* bytes of a file it may write; 0 = no limit */
	bool (*cancelled)(void);	/* SIGTERM is passed on; or NULL */
};
extern char *const embedded_child_env[];
/* In a child: signals, descriptors, working directory; ends it on failure. */
void embedded_child_prepare(const char *dir, int in, int out, int log);
/* Runs a program to its end; *good = it exited with 0.  It is killed when we
 * are. */
NPS_MUSTCHECK bool embedded_child_run(const struct embedded_child *child,
    bool *good, struct err *err);

/* ---- embedded_make.c ----------------------------------------------------- */
/* A cluster of the newest version in dir, which is removed before, and after a
 * failure. */
NPS_MUSTCHECK bool embedded_make_dir(const struct embedded *e, const char *dir,
    struct err *err);
/* The same as e->pg, which must not exist. */
NPS_MUSTCHECK bool embedded_make(const struct embedded *e, struct err *err);
/* dir becomes e->pg and the other way round, in one step. */
NPS_MUSTCHECK bool embedded_make_exchange(const struct embedded *e,
    const char *dir, struct err *err);

/* ---- embedded_rebuild.c -------------------------------------------------- */
/* A cluster whose programs are gone is rebuilt from the newest dump where those
 * of a newer version are installed.  Under cluster.lock, no server running. */
NPS_MUSTCHECK bool embedded_rebuild_if_old(struct embedded *e,
    struct err *err);

/* ---- embedded.c ---------------------------------------------------------- */
NPS_MUSTCHECK bool embedded_server_start(struct embedded *e, struct err *err);

/* ---- embedded_proc.c ----------------------------------------------------- */
/* What postmaster.pid says; "" and 0 where it says nothing (yet). */
struct embedded_pidfile {
	pid_t pid;
	char socket_dir[EMBEDDED_SOCKET_MAX + 1];
	int port;
	char status[16];	/* "starting", "ready", "stopping" */
};
/* All empty when there is none. */
void embedded_pidfile_read(const char *pg, struct embedded_pidfile *out);
/* True if the process works in directory pg: a stale number that another
 * program got, or a zombie, does not.  A server that starts works elsewhere for
 * a moment, but not once it has written postmaster.pid. */
bool embedded_proc_alive(const char *pg, pid_t pid);
/* Any process that works in pg (backends outlive a killed postmaster by a
 * moment); 0 = none. */
pid_t embedded_proc_any(const char *pg);
/* Waits until pid, or with 0 any process, left pg; false after the time. */
bool embedded_proc_wait_gone(const char *pg, pid_t pid, int64_t timeout_ms);
void embedded_proc_sleep_ms(long ms);
/* The last line of an error in a log, of the 8 KiB written after offset. */
void embedded_proc_log_error(const char *log, off_t offset, char *out,
    size_t size);

/* ---- embedded_server.c --------------------------------------------------- */
/* Opens the server's log at its end; one old log is kept. */
NPS_MUSTCHECK bool embedded_log_begin(const struct embedded *e, int *fd,
    off_t *offset, struct err *err);
/* False, with what the log says since offset. */
bool embedded_log_fail(const struct embedded *e, off_t offset,
    const char *what, struct err *err);
/* Of the cluster in pg. */
NPS_MUSTCHECK bool embedded_server_version(const char *pg, int *version,
    struct err *err);
/* The directory of its programs. */
NPS_MUSTCHECK bool embedded_server_programs(const struct embedded *e,
    char out[EMBEDDED_PATH_MAX], struct err *err);
/* e->conninfo with another database. */
void embedded_server_conninfo(const struct embedded *e, const char *database,
    char *out, size_t size);
/* Waits until the server of postmaster.pid is ready; fills e->conninfo and
 * makes the database. */
NPS_MUSTCHECK bool embedded_server_wait(struct embedded *e, off_t log_offset,
    struct err *err);
/* Takes away what a killed server left: postmaster.pid, the socket.  Only
 * while no process works in pg. */
NPS_MUSTCHECK bool embedded_server_clear(const struct embedded *e,
    struct err *err);
/* Joins the server of npsync-db.service. */
NPS_MUSTCHECK bool embedded_server_unit(struct embedded *e, struct err *err);
void embedded_server_stop(const struct embedded *e);

#endif
