/*
 * contact_pilot.h - names in the lists of a trial that no card has.
 */
#ifndef NPSYNC_CONTACT_PILOT_H
#define NPSYNC_CONTACT_PILOT_H

#include "conf.h"
#include "db.h"

/* Result row: "addresses", "domains" or "companies"; the domain or company, of
 * an address its place in the list, from 1: it is not shown. */
NPS_MUSTCHECK bool contact_find_unmet(struct db *db, long long tenant_id,
    const unsigned char *secret, const struct conf *conf, struct arena *arena,
    struct db_result **result, struct err *err);

#endif
