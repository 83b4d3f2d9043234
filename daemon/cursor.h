/*
 * cursor.h - table cursor: how far each stream was read.  The pages move it in
 * their own statement (CURSOR_CTE); this file reads it.
 */
#ifndef NPSYNC_CURSOR_H
#define NPSYNC_CURSOR_H

#include "conf.h"
#include "db.h"
#include "runlog.h"

struct cursor {
	const char *watermark, *resume;	/* in the arena; NULL = none */
	long long pass;			/* of the pass that begins now */
	bool baseline;			/* no pass was ever completed */
	time_t first_completed_at, completed_at, swept_at;
};

NPS_MUSTCHECK bool cursor_read(struct db *db, long long tenant_id,
    const char *connector, const char *stream, struct arena *arena,
    struct cursor *cursor, struct err *err);

/* The oldest completed pass of a stream over connectors; NO_TIME = one of them
 * has none. */
NPS_MUSTCHECK bool cursor_oldest_pass(struct db *db, long long tenant_id,
    struct db_array *connectors, const char *stream, struct arena *arena,
    time_t *completed_at, struct err *err);

/*
 * How a page moves the cursor, in the page's own statement.  Its arguments
 * stand first in every page statement:
 * $1 tenant, $2 connector, $3 stream, $4 pass, $5 resume, $6 watermark (null:
 * unchanged), $7 complete, $8 now.  Requires the lease of epoch $9: a run that
 * lost it takes nothing in.
 */
#define CURSOR_CTE                                                           \
	"e AS MATERIALIZED ("                                                \
	"  SELECT 1 FROM npsync.tenant WHERE tenant_id = $1 AND epoch = $9"  \
	"     AND lease_until > now() FOR SHARE"                             \
	"), cur AS ("                                                        \
	"  INSERT INTO npsync.cursor AS c (tenant_id, connector, stream, watermark,"      \
	"              resume, pass, first_completed_at, completed_at)"                   \
	"  SELECT $1, $2, $3, $6, CASE WHEN NOT $7 THEN $5 END, $4,"                      \
	"         CASE WHEN $7 THEN $8::timestamptz END, CASE WHEN $7 THEN $8::timestamptz END" \
	"    FROM e"                                                                      \
	"  ON CONFLICT (tenant_id, connector, stream) DO UPDATE"                          \
	"     SET watermark = coalesce(excluded.watermark, c.watermark),"                 \
	"         resume = excluded.resume, pass = excluded.pass,"                        \
	"         first_completed_at = coalesce(c.first_completed_at, excluded.first_completed_at)," \
	"         completed_at = coalesce(excluded.completed_at, c.completed_at)"         \
	"  RETURNING 1"                                                                   \
	")"

struct cursor_move {
	long long tenant_id;
	const char *connector, *stream;
	long long pass;
	const char *resume, *watermark;
	bool complete;
	time_t now;
	long long epoch;
};
/* $1 .. $9 of CURSOR_CTE. */
void cursor_args(struct db_args *args, const struct cursor_move *move);

/* What the connector is asked for, and what a sweep asks for after it: the
 * last watermark.sweep_days, up to where the next pass begins.  A sweep's
 * pages move nothing. */
struct pull cursor_pull(const struct cursor *cursor, const struct conf *conf,
    time_t now);
struct pull cursor_pull_sweep(const struct cursor *cursor,
    const struct conf *conf, time_t now);
/* A week since the last one, or since the first pass was complete. */
bool cursor_sweep_due(const struct cursor *cursor, const struct conf *conf,
    int today);
/* What a sweep met: seen = late + known + bad.  Late = only it found them. */
struct cursor_swept { long long seen, late, bad; };
/* Counts them, warns if anything is late, and waits a week from now. */
NPS_MUSTCHECK bool cursor_sweep_end(struct db *db, struct runlog *log,
    const struct cursor_move *move, const struct cursor_swept *swept,
    struct arena *arena, struct err *err);

#endif
