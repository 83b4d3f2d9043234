/*
 * pass.h - a stream of changes that lies in several searches (meetings, deals,
 * tickets), one after the other, under one watermark; each in slices of time.
 */
#ifndef HUBSPOT_PASS_H
#define HUBSPOT_PASS_H

#include "common/watermark.h"
#include "search.h"

struct hs_part {
	const char *name;	/* in the resume text; a word */
	struct hs_ask ask;	/* without its times */
	time_t from, until;	/* from <= stamp < until; from <= 0 = all */
	bool (*rows)(void *arg, const struct hs_part *part, json_t *rows,
	    struct err *err);
	const void *of;
};
struct hs_pass {
	struct hubspot *h;
	const struct pull *pull;
	long reach_s;		/* begin so much before the mark, if that is
				 * more than the overlap */
	struct watermark mark;
	time_t begin, until;	/* what to ask for; begin <= 0 = all */
	time_t started;		/* the service's time */
	time_t known;		/* what changed before it was read by the pass
				 * before; NO_TIME = nothing was */
	void *arg;		/* of rows */
	checkpoint_fn *checkpoint;	/* may be NULL */
	void *checkpoint_arg;
	/* Inside. */
	struct pull own;	/* pull with the driver's margins */
	const char *place;	/* of a broken pass, behind the window */
};

/* Into a zeroed struct but for h, pull, reach_s, arg and checkpoint; free it also after
 * a failure.  Something must have been asked in this run: its Date counts.
 * ERR_GONE: the place of the broken pass is none of ours. */
NPS_MUSTCHECK bool hs_pass_begin(struct hs_pass *p, struct err *err);
void hs_pass_free(struct hs_pass *p);
/* Reads all parts; a checkpoint after each page, the watermark with the last.
 * n may be 0. */
NPS_MUSTCHECK bool hs_pass_run(struct hs_pass *p, const struct hs_part *parts,
    size_t n, struct err *err);

#endif
