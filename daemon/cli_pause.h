/*
 * cli_pause.h - npsync activate, pause, resume.
 */
#ifndef NPSYNC_CLI_PAUSE_H
#define NPSYNC_CLI_PAUSE_H

#include "cli.h"

extern const struct cli_opt cli_pause_opts[], cli_resume_opts[];
int cli_activate(struct cli *cli, struct err *err);
int cli_pause(struct cli *cli, struct err *err);
int cli_resume(struct cli *cli, struct err *err);

/* The pauses that hold, a line each, for `status`. */
NPS_MUSTCHECK bool cli_pause_say(struct cli *cli, struct err *err);

#endif
