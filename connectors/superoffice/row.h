/*
 * row.h - the columns of a row of an archive, slim or full.  Nothing outlives
 * arena or row.
 *
 * Of a list column a slim row has words in some language: for display, never
 * for a decision.
 */
#ifndef SUPEROFFICE_ROW_H
#define SUPEROFFICE_ROW_H

#include "superoffice.h"

/* A text or a number as text; NULL = not there, null, "" or neither.  "[I:3]"
 * is 3. */
const char *so_text(json_t *row, const char *column, struct arena *arena);
/* The same of one of our people: 0 stands for nobody, NULL. */
const char *so_who(json_t *row, const char *column, struct arena *arena);
/* False = not there, or no whole number. */
bool so_number(json_t *row, const char *column, long long *out);
/* Above 0; 0 stands for nobody: NULL. */
const char *so_id(json_t *row, const char *column, struct arena *arena);
/* TRI_UNKNOWN: not there, null, or neither yes nor no. */
enum tri so_flag(json_t *row, const char *column);
/* Is the column in the row at all, if only as null? */
bool so_has(json_t *row, const char *column);
/* It is, and holds nothing. */
bool so_is_null(json_t *row, const char *column);
/* NO_TIME: not there, or a time without zone where those are refused; the
 * years before 1900 stand for "none". */
time_t so_time(const struct so_settings *set, json_t *row, const char *column);
/* Is there any time at all, in whatever zone?  TRI_UNKNOWN: not there, or no
 * time. */
enum tri so_is_set(json_t *row, const char *column);
/* The text of it, as received. */
const char *so_stamp(json_t *row, const char *column);

#endif
