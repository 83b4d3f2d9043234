/*
 * optout.h - table opt_out: who declined, by keyed hash.  Never withdrawn by
 * itself.
 */
#ifndef NPSYNC_OPTOUT_H
#define NPSYNC_OPTOUT_H

#include "db.h"

/* keys = bytea texts; repeats and known ones are fine. *n = new ones. */
NPS_MUSTCHECK bool optout_put(struct db *db, long long tenant_id,
    struct db_array *keys, const char *source, time_t at, struct arena *arena,
    long long *n, struct err *err);
/* Every key of the people of these queue rows. */
NPS_MUSTCHECK bool optout_put_rows(struct db *db, long long tenant_id,
    struct db_array *queue_ids, const char *source, time_t at,
    struct arena *arena, struct err *err);

#endif
