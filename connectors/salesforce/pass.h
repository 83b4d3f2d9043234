/*
 * pass.h - a stream of changes that lies in several statements (meetings that
 * ended, meetings entered late, deals, cases), all asked for one window of
 * time, one after the other, under one watermark.
 */
#ifndef SALESFORCE_PASS_H
#define SALESFORCE_PASS_H

#include "common/watermark.h"
#include "describe.h"
#include "query.h"
#include "soql.h"

struct sf_part {
	const char *name;	/* in the resume text; a word */
	const char *label;
	bool all;		/* queryAll */
	/* May be read as a job: what its fields are; NULL = by pages only. */
	const struct sf_describe *fields;
	time_t from, until;	/* from <= 0 = open */
	/* The statement for a piece of that window. */
	void (*soql)(const void *of, struct buf *out,
	    const struct soql_window *w);
	bool (*rows)(void *arg, const struct sf_part *part, json_t *records,
	    struct err *err);
	const void *of;
};
struct sf_pass {
	struct salesforce *s;
	const struct pull *pull;
	struct watermark mark;
	time_t begin, until;	/* what to ask for; begin <= 0 = all */
	time_t started;		/* the service's time */
	void *arg;		/* of rows */
	checkpoint_fn *checkpoint;	/* may be NULL */
	void *checkpoint_arg;
	/* Inside. */
	const struct sf_part *parts;
	size_t n;
	const char *place;	/* of a broken pass, behind the window */
};

/* Into a zeroed struct but for s, pull, arg and checkpoint; free it also after
 * a failure.  Something must have been asked in this run: its Date counts.
 * ERR_GONE: the place of the broken pass is none of ours. */
NPS_MUSTCHECK bool sf_pass_begin(struct sf_pass *p, struct err *err);
void sf_pass_free(struct sf_pass *p);
/* Reads all parts; a checkpoint after each page, the watermark with the last.
 * n may be 0. */
NPS_MUSTCHECK bool sf_pass_run(struct sf_pass *p, const struct sf_part *parts,
    size_t n, struct err *err);

#endif
