/*
 * runlog.h - tables run and run_count: what a run did, in numbers that add up.
 */
#ifndef NPSYNC_RUNLOG_H
#define NPSYNC_RUNLOG_H

#include "db.h"
#include "table.h"

/* The stages in the order of a night, for array_position. */
#define RUNLOG_ORDER                                                         \
	"ARRAY['settle','pull','refresh','command','decide','push','forecast'," \
	"'collect','scores','place','writeback','effects','alarms','audit','export','erase'," \
	"'retention','health','preview','resync']"

/* Counts of one run, kept in memory and written with the run's end; a killed
 * run has none, its rows speak for it. */
struct runlog {
	struct db *db;
	struct arena *arena;	/* of the run: holds the counts */
	long long tenant_id, run_id;
	struct count *counts;
};

NPS_MUSTCHECK bool runlog_begin(struct runlog *log, struct db *db,
    struct arena *arena, long long tenant_id, const char *kind, int night,
    long long epoch, const char *actor, const char *digest, struct err *err);
/* Adds n to (stage, source, outcome, reason); reason NULL = none.  The
 * outcome "seen" is what the others add up to. */
void runlog_count(struct runlog *log, const char *stage, const char *source,
    const char *outcome, const char *reason, long long n);
long long runlog_get(const struct runlog *log, const char *stage,
    const char *outcome);
/* The same for one source. */
long long runlog_source(const struct runlog *log, const char *stage,
    const char *source, const char *outcome);
/* All that has the reason. */
long long runlog_reason(const struct runlog *log, const char *stage,
    const char *reason);
NPS_MUSTCHECK bool runlog_end(struct runlog *log, const char *result,
    const char *detail, struct err *err);
/* "pull queued=12 known=340; decide due=9 ..." in arena. */
const char *runlog_summary(const struct runlog *log, struct arena *arena);

/* One line a stage: "decide     19 due, 14 suppressed (2 no_send, ...)"; the
 * same counts for people. */
typedef void runlog_line_fn(void *arg, const char *line);
void runlog_lines(const struct runlog *log, struct arena *arena,
    runlog_line_fn *line, void *arg);

/* Listing of the last n runs; stages of one run. */
NPS_MUSTCHECK bool runlog_list(struct db *db, long long tenant_id, int n,
    const char *zone, struct table *table, struct arena *arena, struct err *err);
NPS_MUSTCHECK bool runlog_list_counts(struct db *db, long long tenant_id,
    long long run_id, struct table *table, struct arena *arena, struct err *err);
/* "crm/events 2026-12-01T19:00:00Z, ...", of all streams when the run ended; NULL
 * = it did not. */
NPS_MUSTCHECK bool runlog_watermarks(struct db *db, long long tenant_id,
    long long run_id, struct arena *arena, const char **watermarks,
    struct err *err);
/* Start of the newest run that ended well, and of the newest at all; NO_TIME. */
NPS_MUSTCHECK bool runlog_last(struct db *db, long long tenant_id,
    struct arena *arena, time_t *last_good, time_t *last, struct err *err);

#endif
