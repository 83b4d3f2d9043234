/*
 * util.h - words, identifiers and times in milliseconds.
 */
#ifndef NPSYNC_SIM_HUBSPOT_UTIL_H
#define NPSYNC_SIM_HUBSPOT_UTIL_H

#include "../common/base.h"
#include "../common/url.h"

#define DAY_MS (1000 * (int64_t)DAY_S)

bool same_fold(const char *a, const char *b);
bool contains_fold(const char *in, const char *what);
/* "512" or 512; false on anything else. */
bool id_read(const json_t *v, int64_t *id);

/* "2026-11-25T20:00:00.123Z", "2026-11-25", "1795226400000" */
bool ms_parse(const char *text, int64_t *ms);
/* In a ring of 4. */
const char *ms_iso(int64_t ms);

#endif
