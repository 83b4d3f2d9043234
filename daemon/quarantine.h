/*
 * quarantine.h - table quarantine: records nobody could read, for people.
 */
#ifndef NPSYNC_QUARANTINE_H
#define NPSYNC_QUARANTINE_H

#include "connect.h"
#include "db.h"

/* Writes the list of a link; the caller clears it. */
NPS_MUSTCHECK bool quarantine_put(struct db *db, long long tenant_id,
    long long run_id, const struct link *link, struct arena *arena,
    struct err *err);
/* connector, source, line, key, reason, last seen (epoch); those of the newest
 * run that met any, at most max. */
NPS_MUSTCHECK bool quarantine_list(struct db *db, long long tenant_id, int max,
    struct arena *arena, struct db_result **result, struct err *err);

#endif
