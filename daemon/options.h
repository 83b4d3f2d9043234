/*
 * options.h - fills settings structs from option tables (connector.h: struct
 * opt) and prints them.
 */
#ifndef NPSYNC_OPTIONS_H
#define NPSYNC_OPTIONS_H

#include <stdio.h>

#include "arena.h"
#include "connector.h"
#include "err.h"

struct config_setting_t;	/* libconfig */

/* Fills base (zeroed, of the table's size) from group; NULL group = all
 * defaults.  Keys in `ignore` (NULL-ended, may be NULL) are the caller's.
 * Unknown key, wrong type, out of range, missing: ERR_CONFIG with
 * "FILE:LINE: path.key: expected ..., got ...".  where = path for messages,
 * "survey.send". */
NPS_MUSTCHECK bool options_fill(const struct opt *opts, void *base,
    const struct config_setting_t *group, const char *file, const char *where,
    const char *const *ignore, struct arena *arena, struct err *err);
/* Table of key, type, default, bounds, help; groups are nested. */
void options_print(FILE *out, const struct opt *opts, const char *indent);

#endif
