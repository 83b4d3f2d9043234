/*
 * conf_diff.h - two dumps of settings (conf_dump, conf->settings), key by key.
 * Pure.
 */
#ifndef NPSYNC_CONF_DIFF_H
#define NPSYNC_CONF_DIFF_H

#include "arena.h"

/* was, is: as they stand in the file, values of a repeated key with "; "
 * between; NULL = the key is not there.  All in arena. */
typedef void conf_diff_fn(void *arg, const char *key, const char *was,
    const char *is);
/* False: out of memory, and nothing was told. */
NPS_MUSTCHECK bool conf_diff(const char *was, const char *is,
    struct arena *arena, conf_diff_fn *fn, void *arg);

#endif
