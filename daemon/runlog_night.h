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

#endif
