/*
 * cli_alarms.h - npsync alarms, and what status and check say of alarms.
 */
#ifndef NPSYNC_CLI_ALARMS_H
#define NPSYNC_CLI_ALARMS_H

#include "cli.h"
#include "cli_time.h"

extern const struct cli_opt cli_alarms_opts[];
int cli_alarms(struct cli *cli, struct err *err);

/* Lines of `npsync status`: what stands, what could not be told. */
NPS_MUSTCHECK bool cli_alarms_say(struct cli *cli, struct err *err);
/* A fault in a template of alarm.templates, the n-th from 0; false at the end. */
bool cli_alarms_fault(struct cli *cli, size_t n, struct err *fault);
/* A warning for each rule that tells nobody. */
NPS_MUSTCHECK bool cli_alarms_check(struct cli *cli, cli_warn_fn *warn,
    void *arg, struct err *err);

#endif
