/*
 * cli_release.c - npsync release: rows that a flood held.
 */
#include <string.h>

#include "cli_move.h"
#include "preview.h"

const struct cli_opt cli_release_opts[] = {
	{ "reason", "WORD", "rows held for this: flood" },
	CLI_MOVE_FILTER_OPTS,
	{ "yes", NULL, "do not ask" },
	{ NULL, NULL, NULL }
};

static bool
is_flood(const struct queue_picked *row)
{
	return row->reason != NULL && strcmp(row->reason, "flood") == 0;
}

/* Why these rows are held is settled by a command of its own. */
static bool
refuse(struct cli *cli, const char *reason, struct err *err)
{
	return err_set(err, ERR_USAGE, "npsync release: only rows held by a flood "
	    "are let go; for those held for %s: `%s`", reason,
	    preview_release(cli->arena, reason));
}

/* Floods first; *n = how many.  A row named by id must be one. */
static bool
sift(struct cli *cli, const struct queue_filter *f, struct queue_picked *rows,
    size_t *n, struct err *err)
{
	size_t kept = 0;

	for (size_t i = 0; i < *n; i++) {
		const char *reason = rows[i].reason != NULL ? rows[i].reason : "";
		if (is_flood(&rows[i]))
			rows[kept++] = rows[i];
		else if (f->ids != NULL)
			return refuse(cli, reason, err);
	}
	if (kept < *n)
		(void)printf("%zu held for another reason stay%s (`npsync status` "
		    "shows it)\n", *n - kept, *n - kept == 1 ? "s" : "");
	*n = kept;
	return true;
}

int
cli_release(struct cli *cli, struct err *err)
{
	const char *reason = cli_given(cli, "reason");
	struct queue_filter f;
	struct queue_picked *rows = NULL;
	size_t n = 0;

	if (!cli_load(cli, false, err) ||
	    !cli_move_filter(cli, &f, reason != NULL, err))
		return err_exit_code(err->kind);
	if (reason != NULL && strcmp(reason, "flood") != 0) {
		if (strcmp(reason, "restore") == 0 ||
		    strcmp(reason, "at_service") == 0)
			(void)refuse(cli, reason, err);
		else
			(void)err_set(err, ERR_USAGE, "--reason: expected flood, "
			    "got \"%s\"", reason);
		return 64;
	}
	if (!cli_open(cli, false, err))
		return err_exit_code(err->kind);
	if (!cli_move_ids(cli, &f, "held", err))
		return err->kind == ERR_GONE ? 1 : err_exit_code(err->kind);
	f.state = "held";
	f.reason = reason;
	if (!queue_pick(cli->db, cli->tenant.id, &f, cli->arena, &rows, &n, err))
		return err_exit_code(err->kind);
	if (!sift(cli, &f, rows, &n, err))
		return 1;
	return cli_move_picked(cli, rows, n, QUEUE_QUEUED, err);
}
