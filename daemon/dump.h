/*
 * dump.h - files that hold a dump of the private cluster: their names below
 * STATE_DIR/dumps, written whole or not at all.
 *
 * npsync-2026-12-02T0210Z.dump is a night's, ...Z-hand.dump a person's: in the
 * order of time, by name.
 */
#ifndef NPSYNC_DUMP_H
#define NPSYNC_DUMP_H

#include <limits.h>
#include <stdio.h>
#include <time.h>

#include "err.h"

#define DUMP_MAGIC "PGDMP"
/* What a dump leaves free on its disk: the server must be able to go on. */
#define DUMP_SPARE_BYTES (64LL << 20)

struct dump_file {
	char path[PATH_MAX], fresh[PATH_MAX + 8];
	int fd, lock_fd;	/* -1 = none */
	long long file_max;	/* bytes it may become, so that so much is spared */
	long long bytes;	/* once it is there */
};

/* Begins path, or NULL = a name of its own in the directory.  likely = bytes
 * it may need: ERR_SYSTEM when they are not free.  ERR_BUSY: another dump is
 * under way. */
NPS_MUSTCHECK bool dump_begin(struct dump_file *f, const char *state_dir,
    const char *path, time_t now, bool by_hand, long long likely,
    struct err *err);
/* On the disk, and under its name. */
NPS_MUSTCHECK bool dump_publish(struct dump_file *f, struct err *err);
/* Nothing is left of what was not published. */
void dump_close(struct dump_file *f);

/* The newest in the directory; *found = false: none. */
NPS_MUSTCHECK bool dump_newest(const char *state_dir, char out[PATH_MAX],
    bool *found, struct err *err);
/* Removes the oldest of the nights' until so many are left. */
NPS_MUSTCHECK bool dump_prune(const char *state_dir, int keep,
    struct err *err);
/* For reading; ERR_CONFIG when it is none. */
NPS_MUSTCHECK bool dump_open(const char *path, int *fd, struct err *err);

static inline void
dump_file_cleanup(struct dump_file *f)
{
	dump_close(f);
}

#endif
