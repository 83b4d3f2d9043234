/*
 * marks.h - the cursor text of several listings: what each has as watermark,
 * and where the one in progress stands.
 *
 * "deals=20:2026-11-25T00:00:00Z" one after the other; '@' instead of '=' in
 * front of a place.  Pure.
 */
#ifndef NPSYNC_CONNECTORS_MARKS_H
#define NPSYNC_CONNECTORS_MARKS_H

#include "arena.h"
#include "connector.h"

struct marks_entry {
	const char *name;
	const char *mark;	/* NULL = none yet */
	const char *place;	/* NULL = not in progress */
};
/* A name that may stand in a cursor: letters, digits, '_', '-'. */
bool marks_is_name(const char *name);
/* "" when there is nothing to say; NULL = memory. */
const char *marks_save(const struct marks_entry *v, size_t n,
    struct arena *arena);
/* Fills what text says of the names given; others are dropped.  False: text is
 * none of ours (v may have changed), or memory (arena_failed). */
bool marks_load(struct marks_entry *v, size_t n, const char *text,
    struct arena *arena);
/* Where a pull begins: marks of its watermark, places of a broken one.  A
 * watermark that is none of ours, of another driver under this name: from the
 * beginning, what is known is known.  ERR_GONE: such a place. */
NPS_MUSTCHECK bool marks_begin(struct marks_entry *v, size_t n,
    const struct pull *pull, struct arena *arena, struct err *err);

#endif
