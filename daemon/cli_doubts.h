/*
 * cli_doubts.h - for `check`: rules that cannot be meant so.
 */
#ifndef NPSYNC_CLI_DOUBTS_H
#define NPSYNC_CLI_DOUBTS_H

#include "cli.h"
#include "cli_time.h"

/* A warning for each. */
NPS_MUSTCHECK bool cli_doubts_check(struct cli *cli, cli_warn_fn *warn,
    void *arg, struct err *err);

#endif
