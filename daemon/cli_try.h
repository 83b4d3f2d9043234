/*
 * cli_try.h - npsync check --show: what a CRM says, as npsync understands it.
 */
#ifndef NPSYNC_CLI_TRY_H
#define NPSYNC_CLI_TRY_H

#include "cli.h"

/* Is the command line about this? */
bool cli_try_wanted(const struct cli *cli);
/* Reads the streams of one CRM, or of all, of the last days, and prints the
 * first rows of each.  Nothing is stored, no request writes; the database is
 * not opened. */
int cli_try(struct cli *cli, struct err *err);

#endif
