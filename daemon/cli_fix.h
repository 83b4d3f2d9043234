/*
 * cli_fix.h - npsync check --fix: the tags that people put on cards themselves,
 * and that must be there to choose.
 */
#ifndef NPSYNC_CLI_FIX_H
#define NPSYNC_CLI_FIX_H

#include "cli.h"

/* rules.no_send_tag, <prefix>.Skip, and <prefix>.Ask.<name> of each campaign of
 * the configuration that the database has the name of; in cli->arena. */
NPS_MUSTCHECK bool cli_fix_tags(struct cli *cli, const char *const **tags,
    size_t *n, struct err *err);

#endif
