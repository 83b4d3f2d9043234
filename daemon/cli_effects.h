/*
 * cli_effects.h - writes to a CRM that somebody should look at: npsync status
 * shows them, npsync resolve --effect settles them.
 */
#ifndef NPSYNC_CLI_EFFECTS_H
#define NPSYNC_CLI_EFFECTS_H

#include "cli.h"

NPS_MUSTCHECK bool cli_effects_say(struct cli *cli, struct err *err);
/* effect = "KIND/SUBJECT"; sent: it was done, else it is written again. */
int cli_effects_resolve(struct cli *cli, const char *effect, bool sent,
    struct err *err);

#endif
