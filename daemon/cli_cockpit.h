/*
 * cli_cockpit.h - the commands that look at what was done, and go back to it.
 */
#ifndef NPSYNC_CLI_COCKPIT_H
#define NPSYNC_CLI_COCKPIT_H

#include "cli.h"

extern const struct cli_opt cli_audit_opts[], cli_resync_opts[],
    cli_export_opts[], cli_why_opts[];
int cli_audit(struct cli *cli, struct err *err);
int cli_resync(struct cli *cli, struct err *err);
int cli_export(struct cli *cli, struct err *err);
int cli_why(struct cli *cli, struct err *err);

/* --since DAY: the day's first moment; NO_TIME where it is not given. */
NPS_MUSTCHECK bool cli_since(struct cli *cli, time_t *since, struct err *err);

#endif
