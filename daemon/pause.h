/*
 * pause.h - table pause: rows that wait by an administrator's wish.  Decide and
 * every claim obey it; the switch for all is tenant_set_paused.
 */
#ifndef NPSYNC_PAUSE_H
#define NPSYNC_PAUSE_H

#include "db.h"

/* Rows that match all that is not NULL; at least one must be given. */
struct pause {
	const char *trigger;
	const char *campaign;	/* id at the service */
	const char *company;	/* id or name */
	const char *country;	/* ISO code; capitals do not matter */
	time_t until;		/* NO_TIME = until it is removed */
	const char *reason;	/* may be NULL */
};
/* *pause_id = its number.  A pause that is there already, with the same four
 * conditions, is replaced; those that ended before `at` go. */
NPS_MUSTCHECK bool pause_add(struct db *db, long long tenant_id,
    const struct pause *pause, const char *actor, time_t at,
    struct arena *arena, long long *pause_id, struct err *err);
/* pause_id 0 = those with the same four conditions (until and reason do not
 * matter); all NULL = all of them.  *n = how many of those that were removed
 * held at the moment: one that had ended paused nobody. */
NPS_MUSTCHECK bool pause_remove(struct db *db, long long tenant_id,
    long long pause_id, const struct pause *pause, time_t moment,
    struct arena *arena, long long *n, struct err *err);
/* pause_id, trigger, campaign, company, country, until (epoch), reason, actor,
 * at (epoch); those that hold at a moment (NO_TIME = also those that ended). */
NPS_MUSTCHECK bool pause_list(struct db *db, long long tenant_id,
    time_t moment, struct arena *arena, struct db_result **result,
    struct err *err);

#endif
