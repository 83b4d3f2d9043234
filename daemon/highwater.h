/*
 * highwater.h - a small file beside the database, STATE_DIR/high-water-TENANT:
 * how far the database had come.  A database that knows less is a restored
 * backup, and what it calls "queued" may have been sent (reliability F4).
 *
 * Written at the start and the end of each run and every HIGHWATER_SENDS
 * claims, by write, fsync, rename, fsync of the directory.
 */
#ifndef NPSYNC_HIGHWATER_H
#define NPSYNC_HIGHWATER_H

#include <time.h>

#include "err.h"
#include "npsync.h"

#define HIGHWATER_SENDS 100

struct highwater {
	char system_id[24];	/* of the cluster; for people */
	long long epoch, sends;
	time_t at;		/* when it was written */
};

/* *found = false: there is no such file.  ERR_CONFIG: it cannot be read. */
NPS_MUSTCHECK bool highwater_read(const char *dir, const char *tenant,
    struct highwater *out, bool *found, struct err *err);
NPS_MUSTCHECK bool highwater_write(const char *dir, const char *tenant,
    const struct highwater *mark, struct err *err);
/* epoch = of the lease just taken, so above what any earlier run has written. */
bool highwater_is_above(const struct highwater *mark, long long epoch,
    long long sends);

#endif
