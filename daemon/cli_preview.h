/*
 * cli_preview.h - npsync preview, and what check says of the mail server.
 */
#ifndef NPSYNC_CLI_PREVIEW_H
#define NPSYNC_CLI_PREVIEW_H

#include "cli.h"

extern const struct cli_opt cli_preview_opts[];
int cli_preview(struct cli *cli, struct err *err);

/* 1 = tried, and well; 0 = nothing to try; -1 = *err, a failure or (kind
 * ERR_NONE) a warning. */
int cli_preview_check(const struct conf *conf, struct err *err);

#endif
