/*
 * previewed.h - table previewed: what the last previews said of each row, so
 * that the next one can tell what came otherwise.
 */
#ifndef NPSYNC_PREVIEWED_H
#define NPSYNC_PREVIEWED_H

#include "db.h"

/* Replaces what was said of that night; forgets nights before `keep_from`. */
NPS_MUSTCHECK bool previewed_put(struct db *db, long long tenant_id, int night,
    int keep_from, struct db_array *queue_ids, struct db_array *verdicts,
    struct arena *arena, struct err *err);
/* The newest night up to `until` of which something was said; NO_DAY = none. */
NPS_MUSTCHECK bool previewed_last(struct db *db, long long tenant_id,
    int until, struct arena *arena, int *night, struct err *err);
/* Rows that came otherwise: queue_id, trigger, contact, company, what was said
 * ("go", "wait", a reason; null = nothing: it came in later), state, reason. */
NPS_MUSTCHECK bool previewed_differences(struct db *db, long long tenant_id,
    int night, struct arena *arena, struct db_result **result,
    struct err *err);

#endif
