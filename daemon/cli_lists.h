/*
 * cli_lists.h - npsync lists, and names in the configuration that nobody knows.
 */
#ifndef NPSYNC_CLI_LISTS_H
#define NPSYNC_CLI_LISTS_H

#include "cli.h"
#include "cli_time.h"

/* npsync lists [KIND]. */
int cli_lists(struct cli *cli, struct err *err);
/* For `check`: a warning for each value that no card or event has. */
NPS_MUSTCHECK bool cli_lists_check(struct cli *cli, cli_warn_fn *warn,
    void *arg, struct err *err);

/* "; nearest: 7749 (Meeting), 7750": of n names those that may be meant, with
 * what stands beside them (NULL = nothing).  "" where none is. */
const char *cli_nearest(struct arena *arena, const char *wanted,
    const char *const *names, const char *const *beside, size_t n);

#endif
