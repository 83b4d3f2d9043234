/*
 * cli_diff.h - npsync check --diff.
 */
#ifndef NPSYNC_CLI_DIFF_H
#define NPSYNC_CLI_DIFF_H

#include "cli.h"

/* What an edited configuration would change. */
int cli_diff(struct cli *cli, const char *file, struct err *err);

#endif
