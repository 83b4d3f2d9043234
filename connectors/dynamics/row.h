/*
 * row.h - the columns of a row of the Web API.  Nothing outlives arena or row.
 */
#ifndef DYNAMICS_ROW_H
#define DYNAMICS_ROW_H

#include "dynamics.h"

/* NULL = not there, null, "" or no scalar. */
const char *row_text(json_t *row, const char *column, struct arena *arena);
/* A key of a row, "" is none either; lower case, as the Web API writes it. */
const char *row_id(json_t *row, const char *column, struct arena *arena);
/* What a lookup names, if that is of this table: "contact". */
const char *row_lookup(json_t *row, const char *column, const char *table,
    struct arena *arena);
/* Its words for people: localised, for display only. */
const char *row_shown(json_t *row, const char *column, struct arena *arena);
/* TRI_UNKNOWN: not there or null. */
enum tri row_flag(json_t *row, const char *column);
/* "statuscode": false = not there, or no number. */
bool row_number(json_t *row, const char *column, long long *out);
/* A time, or a day (its first instant in zone); NO_TIME. */
time_t row_time(json_t *row, const char *column, const char *zone);

#endif
