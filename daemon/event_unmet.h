/*
 * event_unmet.h - triggers that no event has come in for.
 */
#ifndef NPSYNC_EVENT_UNMET_H
#define NPSYNC_EVENT_UNMET_H

#include "conf.h"
#include "db.h"

/* Result row: the code of a trigger that is on and waits for events of a CRM.
 * None before the first event. */
NPS_MUSTCHECK bool event_find_unmet(struct db *db, long long tenant_id,
    const struct conf *conf, struct arena *arena, struct db_result **result,
    struct err *err);

#endif
