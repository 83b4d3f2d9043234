/*
 * cli_time.h - what npsync check says of hours, windows and days.
 */
#ifndef NPSYNC_CLI_TIME_H
#define NPSYNC_CLI_TIME_H

#include "cli.h"

/* One call of warn for each thing that is not as it seems; the texts are the
 * arena's of cli.  With cli->db, what nights usually hand over counts too. */
typedef void cli_warn_fn(void *arg, const char *what, const char *detail);
void cli_time_check(struct cli *cli, cli_warn_fn *warn, void *arg);

#endif
