/*
 * How this stage can mislead, leak or hang, and what stops it:
 *  - a reader meets half a file: it is written beside, flushed to the disk and
 *    then given its name;
 *  - killed before that: the next one takes the leftover away first;
 *  - somebody put a link there: the leftover is removed, not followed, and the
 *    new file must not exist;
 *  - a full disk or a folder that is gone: told and counted, the night goes on;
 *  - a comment that a spreadsheet would run: table.c guards each cell;
 *  - more rows than memory: read month by month.
 */
#include "stage_export.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "alarm.h"
#include "clock.h"
#include "log.h"
#include "table.h"

#define COLUMNS_MAX 32
#define MONTHS 24
#define BOM "\xef\xbb\xbf"

struct writer {
	struct db *db;
	const struct conf *conf;
	long long tenant_id;
	enum export_file file;
	struct arena *scratch;
	int dir;
	FILE *out;
	struct table *table;
};

static bool
is_shown(const struct writer *w, const struct export_column *c)
{
	return !c->personal || w->conf->export.personal;
}

/* ---- rows ----------------------------------------------------------------------- */
static const char *
cell(const struct writer *w, const struct db_result *r, int row, size_t col)
{
	struct civil at;

	if (db_is_null(r, row, (int)col))
		return NULL;
	if (export_views[w->file].columns[col].type != 't')
		return db_text(r, row, (int)col);
	clock_local(w->conf->timezone, db_time(r, row, (int)col), &at);
	return arena_printf(w->scratch, "%04d-%02d-%02d %02d:%02d:%02d", at.year,
	    at.month, at.day, at.hour, at.minute, at.second);
}

static bool
put_span(struct writer *w, time_t from, time_t until, struct err *err)
{
	const struct export_view *view = &export_views[w->file];
	AUTO(db_result) struct db_result *r = NULL;
	const char *cells[COLUMNS_MAX];

	if (!export_read(w->db, w->tenant_id, w->file, from, until, w->scratch,
	        &r, err))
		return false;
	for (int i = 0; i < db_rows(r); i++) {
		size_t n = 0;
		for (size_t c = 0; c < view->n; c++)
			if (is_shown(w, &view->columns[c]))
				cells[n++] = cell(w, r, i, c);
		table_row(w->table, cells);
		if (arena_failed(w->scratch))
			return err_nomem(err);
		arena_reset(w->scratch);
	}
	return true;
}

/* The first moment of the month that lies so many back. */
static time_t
month_start(const struct writer *w, int back)
{
	const int today = clock_day(w->conf->timezone, clock_now());
	const int months = today / 10000 * 12 + today / 100 % 100 - 1 - back;

	return clock_day_start(w->conf->timezone, day_make(months / 12,
	    months % 12 + 1, 1));
}

static bool
put_rows(struct writer *w, struct err *err)
{
	time_t from = NO_TIME;

	if (!export_views[w->file].by_time)
		return put_span(w, NO_TIME, NO_TIME, err);
	for (int back = MONTHS; back >= 0; back--) {
		const time_t until = month_start(w, back);
		if (!put_span(w, from, until, err))
			return false;
		from = until;
	}
	return put_span(w, from, NO_TIME, err);
}

/* ---- the file -------------------------------------------------------------------- */
static bool
put_table(struct writer *w, struct err *problem, struct err *err)
{
	const struct export_view *view = &export_views[w->file];
	const struct conf *conf = w->conf;
	struct table_column columns[COLUMNS_MAX];
	size_t n = 0;

	for (size_t c = 0; c < view->n; c++)
		if (is_shown(w, &view->columns[c]))
			columns[n++] = (struct table_column){
				view->columns[c].name,
				view->columns[c].type == 'n', 0 };
	if (conf->export.bom)
		(void)fputs(BOM, w->out);
	w->table = table_open(w->out, strcmp(conf->export.separator, "comma") == 0
	    ? TABLE_CSV : TABLE_SEMICOLON, columns, n);
	if (w->table == NULL)
		return err_nomem(err);
	const bool ok = put_rows(w, err);
	/* What it says matters only if all rows were there. */
	if (!table_close(w->table, problem) || !ok)
		return ok;
	if (fchmod(fileno(w->out), 0640) != 0 || fsync(fileno(w->out)) != 0)
		(void)err_errno(problem, ERR_SYSTEM, "%s: write", view->file);
	return true;
}

static bool
open_file(struct writer *w, const char *name, struct err *problem)
{
	const int fd = unlinkat(w->dir, name, 0) != 0 && errno != ENOENT ? -1
	    : openat(w->dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW |
	        O_CLOEXEC, 0600);

	w->out = fd < 0 ? NULL : fdopen(fd, "w");
	if (w->out != NULL)
		return true;
	(void)err_errno(problem, ERR_SYSTEM, "%s", name);
	if (fd >= 0)
		(void)close(fd);
	return false;
}

/* false: the database.  What the disk did is in problem. */
static bool
write_file(struct writer *w, struct err *problem, struct err *err)
{
	const char *name = export_views[w->file].file;
	char beside[64];

	(void)snprintf(beside, sizeof(beside), ".%s.new", name);
	if (!open_file(w, beside, problem))
		return true;
	const bool ok = put_table(w, problem, err);
	if (fclose(w->out) != 0 && problem->kind == ERR_NONE)
		(void)err_errno(problem, ERR_SYSTEM, "%s: write", name);
	if (ok && problem->kind == ERR_NONE &&
	    (renameat(w->dir, beside, w->dir, name) != 0 || fsync(w->dir) != 0))
		(void)err_errno(problem, ERR_SYSTEM, "%s: rename", name);
	if (!ok || problem->kind != ERR_NONE)
		(void)unlinkat(w->dir, beside, 0);
	return ok;
}

bool
export_write(struct db *db, const struct conf *conf, long long tenant_id,
    enum export_file file, struct arena *scratch, struct err *problem,
    struct err *err)
{
	struct writer w = { .db = db, .conf = conf, .tenant_id = tenant_id,
		.file = file, .scratch = scratch };

	*problem = (struct err){ .kind = ERR_NONE };
	w.dir = open(conf->export.dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (w.dir < 0) {
		(void)err_errno(problem, ERR_SYSTEM, "export.dir %s",
		    conf->export.dir);
		return true;
	}
	const bool ok = write_file(&w, problem, err);
	if (problem->kind != ERR_NONE)
		(void)err_wrap(problem, "export.dir %s", conf->export.dir);
	(void)close(w.dir);
	return ok;
}

/* ---- all of them, in a run ------------------------------------------------------- */
static bool
tell(struct stage *stage, const struct err *problem, struct err *err)
{
	const long long id = stage->tenant->id;
	bool changed;

	if (problem->kind == ERR_NONE)
		return alarm_end(stage->db, id, "export", "", clock_now(),
		    stage->scratch, err);
	log_ev(LOG_LEVEL_ERROR, "export", "error=%s", log_quote(problem->msg));
	return alarm_set(stage->db, id, "export", "", problem->msg, clock_now(),
	    stage->scratch, &changed, err);
}

bool
stage_export(struct stage *stage, struct err *problem, struct err *err)
{
	*problem = (struct err){ .kind = ERR_NONE };
	arena_reset(stage->scratch);
	if (*stage->conf->export.dir == '\0')
		return tell(stage, problem, err);
	for (int i = 0; i < EXPORT_FILES; i++) {
		struct err one;
		arena_reset(stage->scratch);
		if (!export_write(stage->db, stage->conf, stage->tenant->id,
		        (enum export_file)i, stage->scratch, &one, err) ||
		    !stage_breathe(stage, err))
			return false;
		if (problem->kind == ERR_NONE)
			*problem = one;
		runlog_count(stage->log, "export", export_views[i].file, "seen",
		    NULL, 1);
		runlog_count(stage->log, "export", export_views[i].file,
		    one.kind == ERR_NONE ? "written" : "failed", NULL, 1);
	}
	return tell(stage, problem, err);
}
