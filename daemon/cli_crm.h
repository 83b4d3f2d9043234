/*
 * cli_crm.h - what npsync check says of what must stand in a CRM: what an
 * administrator makes there, and the tags that people put on cards.
 */
#ifndef NPSYNC_CLI_CRM_H
#define NPSYNC_CLI_CRM_H

#include "cli.h"
#include "connect.h"

/* A line of check. */
struct cli_say {
	void (*ok)(void *arg, const char *what, const char *detail);
	void (*warn)(void *arg, const char *what, const char *detail);
	void (*fail)(void *arg, const char *what, const struct err *err);
	void *arg;
};
/* what = the CRM, as lines name it.  With --fix, what is missing is made.  The
 * texts are the arena's of cli. */
void cli_crm_check(struct cli *cli, struct crm *crm, const char *what,
    const struct cli_say *say);

#endif
