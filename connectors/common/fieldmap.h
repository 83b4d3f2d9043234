/*
 * fieldmap.h - picks fields out of a service's JSON by lists of candidate
 * names, because names drift between versions and tenants.  Keys match without
 * regard to ASCII case; "" in a list stands for none; null is "not there".
 */
#ifndef NPSYNC_FIELDMAP_H
#define NPSYNC_FIELDMAP_H

#include "arena.h"
#include "connector.h"
#include "json.h"

#define FIELDMAP_NO_SCORE (-1)

/* The list holds something else than "". */
bool fieldmap_any(const struct strlist *names);
/* The first candidate that is there and not null, or NULL. */
json_t *fieldmap_at(json_t *item, const struct strlist *names);
/* Its text in arena; NULL when absent, empty or no scalar. */
const char *fieldmap_text(json_t *item, const struct strlist *names,
    struct arena *arena);
/* TRI_UNKNOWN when absent; true, "true" and 1 are yes. */
enum tri fieldmap_flag(json_t *item, const struct strlist *names);
/* 0..10 from 9, 9.0 or "9"; anything else is FIELDMAP_NO_SCORE. */
int fieldmap_score(json_t *item, const struct strlist *names);
/* A time with 0 to 9 fraction digits; *raw = the text as received.  Absent:
 * NO_TIME and NULL.  False when something is there that is no time. */
bool fieldmap_time(json_t *item, const struct strlist *names, const char *zone,
    struct arena *arena, time_t *out, const char **raw);
/* The array of a page: the first pointer that leads to one ("" = the root). */
json_t *fieldmap_items(json_t *root, const struct strlist *pointers);

/* Writes t by a pattern of %Y %m %d %H %I %M %S %p %% and literal text, or
 * "iso8601z" or "unix".  False when it does not fit; never for a pattern that
 * fieldmap_pattern_valid accepted and 64 bytes. */
bool fieldmap_time_write(char *out, size_t size, const char *pattern,
    const char *zone, time_t t);
bool fieldmap_pattern_valid(const char *pattern);

#endif
