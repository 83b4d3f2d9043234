/*
 * search.h - one search, its pages read to the end, each row once.
 */
#ifndef HUBSPOT_SEARCH_H
#define HUBSPOT_SEARCH_H

#include "buf.h"
#include "common/idmap.h"
#include "hubspot.h"

#define HS_BODY_MAX ((size_t)3000)	/* characters that the service takes */
#define HS_GROUPS_MAX 5

/* "property op value", or with values: "property IN [...]". */
struct hs_filter {
	const char *property, *op, *value;
	const char *const *values;
	size_t n;
};
struct hs_ask {
	const char *type, *label;	/* "deals", "search deals" */
	const char *stamp;	/* the property that from and until are about;
				 * NULL = of any time */
	int64_t from_ms, until_ms;	/* from <= stamp < until */
	const struct hs_filter *any;	/* one of them holds; n_any 0 = no matter */
	size_t n_any;
	const char *const *columns;	/* ends with NULL */
};
/* What is to be done about a search that did not end well, beside err. */
enum hs_trouble { HS_NO_TROUBLE,
	HS_TOO_MANY,	/* more rows than split_total: ask for less time */
	HS_MOVING };	/* rows came, went or were missing: read it again */
/* A page's new rows, an array.  False: stop, err says why. */
typedef bool hs_rows_fn(void *arg, json_t *rows, struct err *err);
struct hs_search {
	const struct hs_ask *ask;
	bool whole;	/* no smaller one is possible: more than split_total are
			 * read by their ids */
	hs_rows_fn *rows;
	void *arg;
	long long total;		/* out: as announced */
	enum hs_trouble trouble;	/* out, beside err */
};

/* Blocking. */
NPS_MUSTCHECK bool hs_search(struct hubspot *h, struct hs_search *s,
    struct err *err);
/* The body of a search; above = only ids above it, NULL = all. */
bool hs_search_body(const struct hs_ask *ask, int limit, const char *above,
    const char *after, struct buf *out);

/* ---- cursors: opaque, and no promise that they end --------------------------- */
struct hs_cursor {
	char at[256], marked[256];	/* "" = the first page */
	long pages, next_mark;
};
/* The next page's, from "paging"; *more = there is one.  ERR_PROTOCOL: it leads
 * back to where it was. */
NPS_MUSTCHECK bool hs_cursor_next(struct hs_cursor *c, json_t *root,
    const char *label, bool *more, struct err *err);

#endif
