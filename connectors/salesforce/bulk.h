/*
 * bulk.h - a statement with very many rows as a job of Bulk API 2.0: made, asked
 * after until it is done, its rows read as CSV, deleted.
 */
#ifndef SALESFORCE_BULK_H
#define SALESFORCE_BULK_H

#include "describe.h"
#include "query.h"

struct sf_bulk {
	const char *soql, *label;	/* as of sf_query */
	bool all;
	const struct sf_describe *fields;	/* for the types of columns */
	/* Where to go on, of an earlier sf_page; NULL = a new job. */
	const char *place;
	long long rows;		/* read until there */
	/* Also called without rows while the job is not done. */
	sf_page_fn *page;
	void *arg;
	enum sf_trouble trouble;	/* out, beside err */
};

/* Is this where to go on in a job? */
bool sf_bulk_is_place(const char *next);
/* Does it ask for no compound field? */
bool sf_bulk_can(const struct sf_describe *d, const char *soql);
/* Blocking.  The job is deleted at the end and after a failure, but for
 * ERR_CANCELLED and one that takes too long: the next run goes on with it. */
NPS_MUSTCHECK bool sf_bulk(struct salesforce *s, struct sf_bulk *b,
    struct err *err);

/* ---- bulk_rows.c ------------------------------------------------------- */
/* Rows of a page of results, some at a time.  False: stop. */
typedef bool sf_rows_fn(void *arg, json_t *records, struct err *err);
/* CSV as rows like those of a query; *n = how many.  ERR_PROTOCOL: other columns
 * than were asked for, a row that cannot be read. */
NPS_MUSTCHECK bool sf_bulk_rows(const struct sf_bulk *b, const char *csv,
    size_t len, long long *n, sf_rows_fn *rows, void *arg, struct err *err);

#endif
