/*
 * statistics.h - what the database's planner knows of the tables.
 */
#ifndef NPSYNC_STATISTICS_H
#define NPSYNC_STATISTICS_H

#include "db.h"

/* ANALYZE of the tables that have changed much since the last one.  A run
 * decides seconds after it has read, autovacuum comes by the minute: with the
 * counts of before, 10,000 rows take tens of seconds instead of one.  Nothing
 * where little has changed; tables of another owner stay as they are. */
NPS_MUSTCHECK bool statistics_refresh(struct db *db, struct arena *arena,
    struct err *err);

#endif
