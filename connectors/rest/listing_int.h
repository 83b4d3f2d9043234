/*
 * listing_int.h - between the files of listing.h.
 */
#ifndef REST_LISTING_INT_H
#define REST_LISTING_INT_H

#include "common/marks.h"
#include "common/watermark.h"
#include "listing.h"

struct listing_pass {
	struct rest *r;
	const struct listing_sink *sink;
	const struct listing *l, *all;
	size_t n;		/* of all */
	struct marks_entry *marks;
	struct pull pull;	/* with the mark of this listing */
	struct arena *own;	/* what outlives a page */
	struct arena *kept;	/* what outlives the listing */
	struct paging_settings pages;	/* no parameter beside a hole */
	struct paging paging;
	struct watermark mark;
	struct watermark_rules rules;
	struct map_seen seen;
	struct rest_format stamp_format;
	struct rest_maps stamp_maps;
	const char *last_id, *last_stamp;	/* keyset: holes of this page */
	time_t before;		/* stamp of the row before, if sorted */
	bool sorted;		/* all listings are, and the core knows */
	bool resumed;		/* its next request is the first of a resume */
	bool whole;
	bool fresh;		/* all pages are of one night */
	bool unsound;		/* its pages are not what they should be */
	long long got;		/* rows of its pages so far */
	long long total;	/* the least the service said; -1 = nothing */
};

/* A hole of this name stands somewhere in the request. */
bool listing_uses(const struct rest_request *req, const char *name);
/* Is the text of a place one that pages by key leave? */
bool listing_key_is_sound(const char *text);
/* Asks for the next page, judges it, hands out its rows. */
NPS_MUSTCHECK bool listing_page_take(struct listing_pass *p,
    enum paging_step *step, struct err *err);

#endif
