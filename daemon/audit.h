/*
 * audit.h - table audit: who did what and why.
 */
#ifndef NPSYNC_AUDIT_H
#define NPSYNC_AUDIT_H

#include "db.h"

/* detail may be NULL. */
NPS_MUSTCHECK bool audit_put(struct db *db, long long tenant_id,
    const char *actor, const char *action, const char *subject,
    const char *detail, struct arena *arena, struct err *err);
/* The same for several: one detail each, of as many subjects. */
NPS_MUSTCHECK bool audit_put_all(struct db *db, long long tenant_id,
    const char *actor, const char *action, struct db_array *subjects,
    struct db_array *details, struct arena *arena, struct err *err);
/* Did anybody do this?  What retention removed is not known any more. */
NPS_MUSTCHECK bool audit_has(struct db *db, long long tenant_id,
    const char *action, struct arena *arena, bool *has, struct err *err);

#endif
