/*
 * cli_move.h - what the commands share that move rows of the queue.
 */
#ifndef NPSYNC_CLI_MOVE_H
#define NPSYNC_CLI_MOVE_H

#include "cli.h"
#include "queue.h"

/* Ids and filters of the command line; with none of them ERR_USAGE, unless
 * `any`. */
NPS_MUSTCHECK bool cli_move_filter(struct cli *cli, struct queue_filter *filter,
    bool any, struct err *err);
/* Counts, asks, moves, says what was done: the exit code. */
int cli_move_picked(struct cli *cli, const struct queue_picked *rows, size_t n,
    enum queue_state to, struct err *err);
/* Rows named by id: all can make the move, or none makes it (ERR_GONE). */
NPS_MUSTCHECK bool cli_move_ids(struct cli *cli, const struct queue_filter *filter,
    const char *from_states, struct err *err);

/* The filters that cli_move_filter reads. */
#define CLI_MOVE_FILTER_OPTS                                                 \
	{ "trigger", "CODE", "rows of this trigger" },                       \
	{ "category", "TEXT", "rows of events of this category" },           \
	{ "company", "NAME", "rows of this company (name or id)" },          \
	{ "employee", "NAME", "rows of this account manager or employee" },  \
	{ "contact", "ID", "rows of this contact (id or mail address)" },    \
	{ "crm", "NAME", "rows of this CRM connector" },                     \
	{ "before", "DAY", "rows of events before this day (2026-11-30)" }

/* npsync release. */
extern const struct cli_opt cli_release_opts[];
int cli_release(struct cli *cli, struct err *err);

#endif
