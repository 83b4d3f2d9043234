/*
 * cli_queue.h - the queue as people see it.
 */
#ifndef NPSYNC_CLI_QUEUE_H
#define NPSYNC_CLI_QUEUE_H

#include "cli.h"

/* The open rows with the verdict of a night; only_trigger NULL = all. */
NPS_MUSTCHECK bool cli_queue_show(struct cli *cli, struct db *db, int night,
    const char *only_trigger, struct err *err);

/* --trigger names one of the configuration: a mistyped code would look like an
 * empty queue. */
NPS_MUSTCHECK bool cli_trigger_known(const struct cli *cli, struct err *err);

/* A verdict is as if active: says what stops everybody, if anything does. */
void cli_say_what_stops(const struct cli *cli);

/* npsync resolve --after-restore TIME. */
int cli_after_restore(struct cli *cli, const char *time, struct err *err);

/* A person who is in no row, for they were erased: says so, where it is. */
bool cli_say_erased(struct cli *cli, const char *address);

/* npsync explain. */
int cli_explain(struct cli *cli, struct err *err);
/* Opens the installation and finds the rows of the one argument: a row, a card or
 * an address. */
struct queue_picked;
NPS_MUSTCHECK bool cli_explain_pick(struct cli *cli,
    struct queue_picked **rows, size_t *n, struct err *err);
/* There are none: why, if that is known; the exit code. */
int cli_explain_nothing(struct cli *cli, struct err *err);

#endif
