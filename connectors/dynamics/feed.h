/*
 * feed.h - changed rows of tables, page after page, under one cursor: each set
 * by modifiedon and id, its own watermark and its place in one text
 * (common/marks.h).
 */
#ifndef DYNAMICS_FEED_H
#define DYNAMICS_FEED_H

#include "dynamics.h"
#include "odata.h"

struct feed {
	const char *name;	/* in the cursor and the quarantine */
	const char *set, *id;	/* "opportunities", "opportunityid" */
	const char *select, *expand;
	const char *filter;	/* beside modifiedon; or NULL */
	const void *of;		/* its reader's */
};
struct feed_row {
	json_t *json;
	const char *id;		/* a GUID */
	time_t at;		/* modifiedon */
	char reason[128];	/* out: why it cannot be read; "" = it can */
};
/* All lives in d->page until the page ends, d->item until the row ends.  False:
 * stop, *err says why. */
struct feed_sink {
	/* Before the rows of a page, for what is asked about all of them. */
	bool (*page)(void *arg, const struct feed *f, json_t *rows,
	    struct err *err);
	bool (*row)(void *arg, const struct feed *f, struct feed_row *row,
	    struct err *err);
	void *arg;
	checkpoint_fn *checkpoint;
	void *checkpoint_arg;
};
/* All n to their ends. */
NPS_MUSTCHECK bool feed_read(struct dynamics *d, const struct feed *feeds,
    size_t n, const struct pull *pull, const struct feed_sink *sink,
    struct err *err);

/* ---- asked for at once, without a cursor ------------------------------- */
typedef bool feed_row_fn(void *arg, json_t *row, struct err *err);
/* Each row of each page of a query; texts in arena, which is not emptied. */
NPS_MUSTCHECK bool feed_all(struct dynamics *d, struct arena *arena,
    const char *target, const char *label, feed_row_fn *fn, void *arg,
    struct err *err);
/* Rows of q with one of these ids in column; as many requests as it takes. */
NPS_MUSTCHECK bool feed_by_ids(struct dynamics *d, struct arena *arena,
    const struct odata_query *q, const char *column, const char *const *ids,
    size_t n, feed_row_fn *fn, void *arg, struct err *err);
/* Ids of rows, each once; ends with NULL. */
NPS_MUSTCHECK bool feed_ids(struct arena *arena, json_t *rows,
    const char *column, const char *const **ids, size_t *n, struct err *err);
void feed_complain(const struct dynamics *d, const char *source,
    const char *key, const char *reason);

#endif
