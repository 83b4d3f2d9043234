/*
 * lookup.h - what belongs to the rows of a page and stands elsewhere: asked for
 * by their ids, many at a time, and found again by one of them.
 */
#ifndef SALESFORCE_LOOKUP_H
#define SALESFORCE_LOOKUP_H

#include "query.h"

struct sf_lookup {
	const char *label;
	void (*soql)(struct buf *out, const char *const *ids, size_t n);
	/* Fields of the answer; NULL = none. */
	const char *of, *to, *flag, *at;
	bool optional;		/* an org may have no such object */
};
struct sf_link {
	const char *of, *to;
	bool flag;
	time_t at;
	size_t order;		/* as they came */
};
struct sf_links {
	struct sf_link *v;	/* by of, then as they came */
	size_t n;
	bool absent;		/* no such object: nothing is known */
};

/* All of it in arena.  ids may have doubles and be many. */
NPS_MUSTCHECK bool sf_lookup(struct salesforce *s, const struct sf_lookup *l,
    const char *const *ids, size_t n, struct arena *arena,
    struct sf_links *out, struct err *err);
/* The first of an id's, *n = how many; NULL = none. */
const struct sf_link *sf_links_of(const struct sf_links *links, const char *id,
    size_t *n);
/* Whom events (tasks) were with. */
extern const struct sf_lookup sf_people_of_events, sf_people_of_tasks;
/* The texts of a field of all rows, in arena; NULL = memory. */
const char **sf_column(json_t *records, const char *name, struct arena *arena,
    size_t *n);

#endif
