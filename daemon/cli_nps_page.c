/*
 * cli_nps_page.c - npsync report --html: one page, whole or not at all.
 */
#include "cli_nps.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "file.h"

#define SCRATCH_BYTES ((size_t)64 << 20)

/* ---- what it shows -------------------------------------------------------------- */
static bool
write_page(struct report_view *v, FILE *out, struct err *err)
{
	AUTO(arena) struct arena *scratch = arena_new(SCRATCH_BYTES);
	AUTO(db_result) struct db_result *suppressed = NULL;
	struct cli *cli = v->cli;
	struct report_query year = v->query;
	struct report months;

	if (scratch == NULL)
		return err_nomem(err);
	year.by = REPORT_MONTH;
	year.period = report_year(&v->query.period);
	if (!report_read(cli->db, cli->tenant.id, cli->conf, &v->query,
	        cli->arena, &v->report, err) ||
	    !report_read(cli->db, cli->tenant.id, cli->conf, &year, cli->arena,
	        &months, err) ||
	    !report_suppressed(cli->db, cli->tenant.id, cli->conf,
	        &v->query.period, cli->arena, &suppressed, err))
		return false;
	const struct report_page page = { .report = &v->report,
		.months = &months, .suppressed = suppressed, .today = v->today,
		.made_at = clock_now() };
	return report_html(out, &page, scratch, err);
}

/* ---- the file ---------------------------------------------------------------------- */
static const char *
directory_of(struct arena *arena, const char *path)
{
	const char *slash = strrchr(path, '/');

	if (slash == NULL)
		return ".";
	return slash == path ? "/"
	    : arena_strndup(arena, path, (size_t)(slash - path));
}

static bool
publish(FILE *f, const char *fresh, const char *file, struct arena *arena,
    struct err *err)
{
	const bool ok = fflush(f) == 0 && fsync(fileno(f)) == 0;

	if (fclose(f) != 0 || !ok || rename(fresh, file) != 0 ||
	    !file_sync_dir(directory_of(arena, file)))
		return err_errno(err, ERR_SYSTEM, "%s", file);
	return true;
}

bool
report_show_html(struct report_view *v, const char *file, struct err *err)
{
	struct arena *arena = v->cli->arena;

	if (strcmp(file, "-") == 0)
		return write_page(v, stdout, err);
	char *fresh = arena_printf(arena, "%s.XXXXXX", file);
	const int fd = fresh == NULL ? -1 : mkstemp(fresh);
	if (fresh == NULL)
		return err_nomem(err);
	FILE *f = fd < 0 ? NULL : fdopen(fd, "w");
	if (f == NULL)
		return err_errno(err, ERR_SYSTEM, "%s", file);
	bool ok = write_page(v, f, err);
	if (ok)
		ok = publish(f, fresh, file, arena, err);
	else
		(void)fclose(f);
	if (!ok)
		(void)unlink(fresh);
	else
		(void)printf("%s\n", file);
	return ok;
}
