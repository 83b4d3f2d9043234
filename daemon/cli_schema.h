/*
 * cli_schema.h - npsync schema.
 */
#ifndef NPSYNC_CLI_SCHEMA_H
#define NPSYNC_CLI_SCHEMA_H

#include "cli.h"

extern const struct cli_opt cli_schema_opts[];
int cli_schema(struct cli *cli, struct err *err);

#endif
