/*
 * cli_try_int.h - between cli_try*.c: one CRM on trial, one stream at a time.
 */
#ifndef NPSYNC_CLI_TRY_INT_H
#define NPSYNC_CLI_TRY_INT_H

#include "cli.h"
#include "connect.h"
#include "table.h"

#define ROWS_DEFAULT 5
#define ROWS_MAX 100
#define DAYS_DEFAULT 30
#define READ_MAX 10000L
#define GROUPS_MAX 16	/* triggers, kinds */
#define CELL_MAX 40

struct try {
	struct cli *cli;
	struct crm *crm;
	int rows, days;
	int failed;
	/* the stream that is read now */
	struct arena *arena;
	struct table *table;
	const char *groups[GROUPS_MAX];
	int shown[GROUPS_MAX];
	size_t n_groups;
	long read, unusable;
	const char *fault;		/* of the first that was not usable */
	const char *const *facts;	/* names, NULL-ended */
	long filled[32];
	const char *ids[ROWS_MAX];	/* cards that events name */
	size_t n_ids;
};

/* A stream with its heading; facts: names of the cells that are counted, ends
 * with NULL, or NULL.  False: memory. */
NPS_MUSTCHECK bool cli_try_begin(struct try *t, const char *title,
    const struct table_column *columns, size_t n, const char *const *facts);
/* A row; the first of each group are shown.  fault: why it is of no use. */
void cli_try_take(struct try *t, const char *group, const char *const *cells,
    const char *fault);
void cli_try_fill(struct try *t, size_t fact, bool given);
/* A stream that failed is one line, and counted; false = the command ends. */
NPS_MUSTCHECK bool cli_try_end(struct try *t, bool ok, const struct err *why,
    struct err *err);

/* ---- cli_try_rows.c ---------------------------------------------------- */
/* All that the CRM offers to read, one after the other. */
NPS_MUSTCHECK bool cli_try_streams(struct try *t, struct err *err);

#endif
