/*
 * audit_list.h - what people did, as they want to read it: the table audit and
 * the moves of rows in one listing.
 */
#ifndef NPSYNC_AUDIT_LIST_H
#define NPSYNC_AUDIT_LIST_H

#include "db.h"

/* Fewer rows than this make no share. */
#define AUDIT_FEW 10

struct audit_filter {
	time_t since;			/* NO_TIME = all there is */
	const char *actor, *action;	/* NULL = any */
	int max;
};
/* Newest first: at (epoch), actor, action, subject, why, rows (count), the first
 * of their ids ("23, 24").  The rows that a command moved stand in its own
 * line; moves that no command noted have one of their own.  Actor "tag": what a
 * tag of the CRM asked for. */
NPS_MUSTCHECK bool audit_list(struct db *db, long long tenant_id,
    const struct audit_filter *filter, struct arena *arena,
    struct db_result **result, struct err *err);
/* owner ("" = none is known), excluded, could have gone, by whom ("ann 3, tag
 * 2"): rows made since then that went or are excluded; tries are left out. */
NPS_MUSTCHECK bool audit_owners(struct db *db, long long tenant_id,
    time_t since, struct arena *arena, struct db_result **result,
    struct err *err);

#endif
