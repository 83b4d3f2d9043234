/*
 * alarm.h - table alarm: health states that people are told of once per change.
 */
#ifndef NPSYNC_ALARM_H
#define NPSYNC_ALARM_H

#include "db.h"

/* Raised, since now if that is a change, which is then untold; *changed says
 * so.  detail may be NULL. */
NPS_MUSTCHECK bool alarm_set(struct db *db, long long tenant_id,
    const char *kind, const char *subject, const char *detail, time_t at,
    struct arena *arena, bool *changed, struct err *err);
/* Over, if it was raised. */
NPS_MUSTCHECK bool alarm_end(struct db *db, long long tenant_id,
    const char *kind, const char *subject, time_t at, struct arena *arena,
    struct err *err);
/* The same, if an hourly run raised it. */
NPS_MUSTCHECK bool alarm_end_hourly(struct db *db, long long tenant_id,
    const char *kind, const char *subject, time_t at, struct arena *arena,
    struct err *err);
/* Those of a kind that stand: of these subjects and no others.  One without a
 * detail stays as it was. */
NPS_MUSTCHECK bool alarm_sync(struct db *db, long long tenant_id,
    const char *kind, struct db_array *subjects, struct db_array *details,
    time_t at, struct arena *arena, struct err *err);
/* Over for every subject but these, which stay as they were. */
NPS_MUSTCHECK bool alarm_end_others(struct db *db, long long tenant_id,
    const char *kind, struct db_array *subjects, time_t at,
    struct arena *arena, struct err *err);
/* A flood for each trigger of which rows are held; result: subject and detail of
 * those that are new. */
NPS_MUSTCHECK bool alarm_set_floods(struct db *db, long long tenant_id,
    time_t at, struct arena *arena, struct db_result **raised,
    struct err *err);
/* Floods of which no row is held any more are over. */
NPS_MUSTCHECK bool alarm_end_floods(struct db *db, long long tenant_id,
    time_t at, struct arena *arena, struct err *err);
/* Over, unless somebody waits whom a push has put off with `reason`, alone or
 * before ": ": whether he declined could not be looked at. */
NPS_MUSTCHECK bool alarm_end_unsure(struct db *db, long long tenant_id,
    const char *reason, time_t at, struct arena *arena, struct err *err);
/* The year's budget has room again: fewer sends since its first day, with those
 * that are due in the night, or no budget (0). */
NPS_MUSTCHECK bool alarm_end_budget(struct db *db, long long tenant_id,
    int year_start, int night, int budget, bool count_foreign, time_t at,
    struct arena *arena, struct err *err);
/* kind, subject, state, since (epoch), detail, told (bool); the raised ones
 * first. */
NPS_MUSTCHECK bool alarm_list(struct db *db, long long tenant_id,
    struct arena *arena, struct db_result **result, struct err *err);
/* People know of the state that was set at `since` (the listing's). */
NPS_MUSTCHECK bool alarm_tell(struct db *db, long long tenant_id,
    const char *kind, const char *subject, time_t since, time_t at,
    struct arena *arena, struct err *err);

#endif
