/*
 * feed.h - changed rows of several queries, one after the other, under one
 * cursor (common/marks.h): each has its own watermark, and its place is the key
 * of its last row.
 */
#ifndef SUPEROFFICE_FEED_H
#define SUPEROFFICE_FEED_H

#include "archive.h"

struct so_feed {
	const char *name;	/* in the cursor: "sale-2" */
	struct so_query q;	/* filter: beside stamp and key */
	/* Columns with the time of a change; the later one counts.  The second
	 * may be NULL. */
	const char *stamp, *made;
	const void *of;		/* its reader's */
};
struct so_row {
	const struct so_group *group;
	json_t *json;
	const char *id;
	time_t at;
	char reason[128];	/* out: why it cannot be read; "" = it can */
};
/* All lives in s->page until the page ends, s->item until the row ends.  False:
 * stop, *err says why. */
struct so_sink {
	/* Before the rows of a page, for what is asked about all; may be NULL. */
	bool (*page)(void *arg, const struct so_feed *f, json_t *rows,
	    struct err *err);
	bool (*row)(void *arg, const struct so_feed *f, struct so_row *row,
	    struct err *err);
	void *arg;
	checkpoint_fn *checkpoint;
	void *checkpoint_arg;
	time_t since;		/* a first pass begins here; 0 = as it is told */
	time_t new_since;	/* a query that the cursor does not know; 0 */
};
NPS_MUSTCHECK bool so_feed_read(struct superoffice *s,
    const struct so_feed *feeds, size_t n, const struct pull *pull,
    const struct so_sink *sink, struct err *err);

/* The row's reason. */
void so_refuse(struct so_row *row, const char *column, const char *expected);

#endif
