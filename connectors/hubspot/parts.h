/*
 * parts.h - the records of one call, and what of them is still to be sent: all
 * at first; the halves of a call that was refused whole; in the end the bad one
 * alone.  Pure.
 */
#ifndef HUBSPOT_PARTS_H
#define HUBSPOT_PARTS_H

#include "hubspot.h"

struct hs_stretch {
	size_t at, n;		/* a stretch of order */
};
struct hs_parts {
	size_t order[HS_BATCH_MAX];	/* numbers of records */
	struct hs_stretch left[HS_BATCH_MAX];
	size_t n_left;
	struct hs_stretch now;		/* what is under way; n = 0: nothing */
};

/* None yet. */
void hs_parts_begin(struct hs_parts *p);
/* One more record of the first part; before hs_parts_next. */
void hs_parts_add(struct hs_parts *p, size_t record);
/* The next part is under way; false = there is none. */
bool hs_parts_next(struct hs_parts *p);
/* The i-th record of the part under way. */
size_t hs_parts_record(const struct hs_parts *p, size_t i);
/* Of the part under way only these go on: keep[i] is of its i-th record. */
void hs_parts_keep(struct hs_parts *p, const bool *keep);
/* The part under way goes again, later: as two halves, or each record alone. */
void hs_parts_again(struct hs_parts *p, bool alone);

#endif
