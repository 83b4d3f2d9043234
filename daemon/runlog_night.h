/*
 * runlog_night.h - what a night did, all its runs together.
 */
#ifndef NPSYNC_RUNLOG_NIGHT_H
#define NPSYNC_RUNLOG_NIGHT_H

#include "runlog.h"

/* The newest night up to `until` that a run other than an hourly one worked
 * on; NO_DAY = none.  *log holds its counts, in arena; *result = how the last
 * of its runs ended ("ok", "partial", ...; "killed" = it has no end). */
NPS_MUSTCHECK bool runlog_read_night(struct db *db, long long tenant_id,
    int until, struct arena *arena, int *night, struct runlog *log,
    const char **result, struct err *err);

/* Before this run: how the one before of the same kind ended ("killed": it has
 * no end; "" = there was none), and when the last that ended well did;
 * NO_TIME = none. */
NPS_MUSTCHECK bool runlog_before(struct db *db, const struct runlog *log,
    const char *kind, struct arena *arena, const char **result,
    time_t *last_good, struct err *err);

#endif
