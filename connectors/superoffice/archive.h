/*
 * archive.h - queries of archives, page after page by the key of the rows.
 *
 * $skip reads all from the start each time, and a next link may lead elsewhere:
 * the next page is what comes after the last key.
 */
#ifndef SUPEROFFICE_ARCHIVE_H
#define SUPEROFFICE_ARCHIVE_H

#include "superoffice.h"

struct so_query {
	const char *path;	/* "/Appointment" */
	const char *label;	/* in messages: "appointments" */
	const char *id;		/* column of the key: "appointmentId" */
	const char *select, *filter;	/* filter: beside the key; NULL, "" */
	const char *entities;	/* NULL, "" = what the archive takes */
	const char *order;	/* behind the key: "updatedDate asc"; or NULL */
	int top;
	int fits;		/* rows that an answer holds; 0 = not known */
	bool small;		/* the last page was: more of it would fit */
	bool several;		/* a key may have several rows */
	bool personal;		/* the filter names somebody */
};
/* The target of the page that comes after a key; NULL = memory. */
const char *so_query_target(struct arena *arena, const struct so_query *q,
    long long after);
/* "type oneOf (2,7)" of a list of ids; NULL = memory. */
const char *so_one_of(struct arena *arena, const char *column,
    const char *operator, const struct intlist *ids);
/* Both must hold; either may be NULL or "". */
const char *so_and(struct arena *arena, const char *a, const char *b);
/* "updatedDate afterTime '2026-11-21T02:00:00'", a second before at, as the
 * service asks for what lies after. */
const char *so_since(struct arena *arena, const char *column, time_t at);

/* Rows of one key that stand together: a person has one for each address. */
struct so_group {
	json_t *rows;		/* an array */
	size_t at, n;
	json_t *row;		/* the first */
	const char *id;
};
typedef bool so_group_fn(void *arg, const struct so_group *g, struct err *err);

/* Rows that are asked for. */
int so_top(const struct so_query *q);
/* Of a row; 0 = none. */
long long so_key(const struct so_query *q, json_t *row);
/* One page; its rows live in res. */
NPS_MUSTCHECK bool so_query_page(struct superoffice *s, struct arena *arena,
    const struct so_query *q, long long after, struct api_res *res,
    json_t **rows, struct err *err);
/* The page that comes after *after, in an arena that is emptied: where its answer
 * would be too large with fewer rows, which q keeps.  A row that is too large
 * alone is set aside, and *after moves behind it. */
NPS_MUSTCHECK bool so_query_next(struct superoffice *s, struct arena *arena,
    struct so_query *q, long long *after, struct api_res *res, json_t **rows,
    struct err *err);
/* Each key of a page, s->item emptied before each; of a full page with several
 * rows a key not the last one, which may go on.  *last: the key the page came
 * after, then the last that was given.  ERR_PROTOCOL: the service does not keep the order,
 * or the page does not move on. */
NPS_MUSTCHECK bool so_rows_each(struct superoffice *s, const struct so_query *q,
    json_t *rows, long long *last, so_group_fn *fn, void *arg,
    struct err *err);
/* All pages, without a checkpoint. */
NPS_MUSTCHECK bool so_query_all(struct superoffice *s,
    const struct so_query *q, so_group_fn *fn, void *arg, struct err *err);
/* Rows with one of these ids in column, ids_max at a time. */
NPS_MUSTCHECK bool so_query_ids(struct superoffice *s,
    const struct so_query *q, const char *column, const char *const *ids,
    size_t n, so_group_fn *fn, void *arg, struct err *err);
/* Ids of a page's rows in column, each once, in arena; ends with NULL. */
NPS_MUSTCHECK bool so_column_ids(struct arena *arena, json_t *rows,
    const char *column, const char *const **ids, size_t *n, struct err *err);

#endif
