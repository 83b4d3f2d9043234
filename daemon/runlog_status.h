/*
 * runlog_status.h - what `npsync status` shows of runs, streams, nights, plan
 * and effects: one short listing each.
 */
#ifndef NPSYNC_RUNLOG_STATUS_H
#define NPSYNC_RUNLOG_STATUS_H

#include "db.h"

/* For night, hourly, manual: kind, last start (epoch), its result, last good
 * start (epoch). */
NPS_MUSTCHECK bool runlog_last_kinds(struct db *db, long long tenant_id,
    struct arena *arena, struct db_result **result, struct err *err);
/* connector, stream, watermark, completed (epoch), a pass is broken off, no pass
 * was ever completed. */
NPS_MUSTCHECK bool runlog_streams(struct db *db, long long tenant_id,
    struct arena *arena, struct db_result **result, struct err *err);
/* night, surveys sent, answers of that local day, whether a run was there (true
 * of what came before the first that is kept): n nights up to `last`.  Tries are
 * left out. */
NPS_MUSTCHECK bool runlog_nights(struct db *db, long long tenant_id,
    const char *zone, int last, int n, struct arena *arena,
    struct db_result **result, struct err *err);
/* Surveys on or after the year's first day and on or after `recent`, up to today;
 * as the budget counts them.  *first = day of the first ever; NO_DAY. */
NPS_MUSTCHECK bool runlog_sends(struct db *db, long long tenant_id, int today,
    int recent_from, bool count_foreign, struct arena *arena,
    long long *year, long long *recent, int *first, struct err *err);
/* kind, how many effects nobody knows the outcome of. */
NPS_MUSTCHECK bool runlog_unknown_effects(struct db *db, long long tenant_id,
    struct arena *arena, struct db_result **result, struct err *err);

#endif
