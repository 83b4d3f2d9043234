/*
 * query.h - a statement sent, its pages read to the end.
 */
#ifndef SALESFORCE_QUERY_H
#define SALESFORCE_QUERY_H

#include "salesforce.h"

/* What can be tried again in another way. */
enum sf_trouble { SF_NO_TROUBLE,
	SF_TOO_LONG,	/* QUERY_TIMEOUT: ask for less */
	SF_PLACE_LOST,	/* the cursor is gone: from the beginning */
	SF_INCOMPLETE,	/* not as many rows as announced: from the beginning */
	SF_NO_SUCH,	/* the org has no such object or field */
	SF_LARGE,	/* more rows than `large`: as a job */
	SF_NO_BULK	/* not as a job: by pages */
};
struct sf_page {
	json_t *records;	/* an array */
	const char *next;	/* the address of the next page; NULL = the last */
	long long rows, total;	/* read with this page; announced (-1 = not) */
};
/* False: stop, err says why.  All of the page lives until it returns. */
typedef bool sf_page_fn(void *arg, const struct sf_page *page, struct err *err);
struct sf_query {
	const char *soql, *label;	/* label: "query Event" */
	bool all;		/* deleted and archived rows too */
	/* Where to go on, of an earlier sf_page; NULL = from the beginning. */
	const char *next;
	long long rows, total;
	long long large;	/* 0 = however many rows */
	sf_page_fn *page;
	void *arg;
	enum sf_trouble trouble;	/* out, beside err */
};

/* Blocking, one page after the other; ERR_CANCELLED between them. */
NPS_MUSTCHECK bool sf_query(struct salesforce *s, struct sf_query *q,
    struct err *err);
/* How many ids of 18 letters fit behind a statement of so many bytes. */
size_t sf_ids_max(const struct salesforce *s, size_t bytes);

#endif
