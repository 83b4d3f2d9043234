/*
 * runlog_export.h - the rows of the files of export.dir, read from the views.
 */
#ifndef NPSYNC_RUNLOG_EXPORT_H
#define NPSYNC_RUNLOG_EXPORT_H

#include "db.h"

enum export_file { EXPORT_LOG, EXPORT_ANSWERS, EXPORT_MONTHS, EXPORT_RUNS,
	EXPORT_FILES };

/* t = a moment as epoch; n = a number that a spreadsheet may reckon with. */
struct export_column {
	const char *name;
	char type;		/* s, n, t */
	bool personal;
};
struct export_view {
	const char *file;
	const struct export_column *columns;
	size_t n;
	bool by_time;		/* read in spans, or all at once */
};
extern const struct export_view export_views[EXPORT_FILES];

/* Its rows, by time where the view is; NO_TIME = no bound. */
NPS_MUSTCHECK bool export_read(struct db *db, long long tenant_id,
    enum export_file file, time_t from, time_t until, struct arena *arena,
    struct db_result **result, struct err *err);

#endif
