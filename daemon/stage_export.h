/*
 * stage_export.h - CSV files for reporting tools (export.dir).
 */
#ifndef NPSYNC_STAGE_EXPORT_H
#define NPSYNC_STAGE_EXPORT_H

#include "runlog_export.h"
#include "stage.h"

/* One file, whole or not at all.  *problem: the folder or the disk; false only
 * when the database fails. */
NPS_MUSTCHECK bool export_write(struct db *db, const struct conf *conf,
    long long tenant_id, enum export_file file, struct arena *scratch,
    struct err *problem, struct err *err);

/* All of them, where export.dir is set.  What goes wrong with a file is counted,
 * logged, and an alarm until it goes well again; *problem is the first. */
NPS_MUSTCHECK bool stage_export(struct stage *stage, struct err *problem,
    struct err *err);

#endif
