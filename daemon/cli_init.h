/*
 * cli_init.h - npsync init.
 */
#ifndef NPSYNC_CLI_INIT_H
#define NPSYNC_CLI_INIT_H

#include "cli.h"

extern const struct cli_opt cli_init_opts[];
int cli_init(struct cli *cli, struct err *err);
/* npsync check, of one tenant (cli_setup.c). */
int cli_check(struct cli *cli, struct err *err);

#endif
