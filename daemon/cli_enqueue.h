/*
 * cli_enqueue.h - npsync enqueue.
 */
#ifndef NPSYNC_CLI_ENQUEUE_H
#define NPSYNC_CLI_ENQUEUE_H

#include "cli.h"

extern const struct cli_opt cli_enqueue_opts[];
int cli_enqueue(struct cli *cli, struct err *err);

#endif
