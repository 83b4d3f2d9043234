/*
 * cli_export.c - npsync export.
 */
#include "cli_cockpit.h"
#include "stage_export.h"

#define SCRATCH_BYTES ((size_t)16 << 20)

const struct cli_opt cli_export_opts[] = { { NULL, NULL, NULL } };

static bool
write_all(struct cli *cli, struct err *err)
{
	/* Emptied row by row: not the one that holds the configuration. */
	AUTO(arena) struct arena *scratch = arena_new(SCRATCH_BYTES);
	struct err problem;

	if (scratch == NULL)
		return err_nomem(err);
	for (int i = 0; i < EXPORT_FILES; i++) {
		if (!export_write(cli->db, cli->conf, cli->tenant.id,
		        (enum export_file)i, scratch, &problem, err))
			return false;
		if (problem.kind != ERR_NONE) {
			*err = problem;
			return false;
		}
		(void)printf("%s/%s\n", cli->conf->export.dir,
		    export_views[i].file);
	}
	return true;
}

int
cli_export(struct cli *cli, struct err *err)
{
	if (!cli_load(cli, false, err))
		return err_exit_code(err->kind);
	if (*cli->conf->export.dir == '\0') {
		err_set(err, ERR_CONFIG, "%s: export.dir: names no folder",
		    cli->conf->file);
		return err_exit_code(err->kind);
	}
	if (!cli_open(cli, false, err))
		return err_exit_code(err->kind);
	return write_all(cli, err) ? 0 : err_exit_code(err->kind);
}
