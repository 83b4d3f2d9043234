/*
 * listing.h - the listings of a stream, page after page, under one cursor.
 *
 * A stream of changes may lie in several listings (won deals, lost deals,
 * meetings).  Each has a watermark of its own; one text holds them all, by
 * name: their order may change, a new one begins at its beginning, one that is
 * gone is forgotten.  That text is the stream's watermark, and with the place
 * in the listing that is being read its resume.
 */
#ifndef REST_LISTING_H
#define REST_LISTING_H

#include "call.h"
#include "common/paging.h"
#include "connector.h"
#include "map.h"

/* `read = { ... }` of a profile: how rows are got. */
struct rest_listing {
	struct rest_request request;	/* path NULL = not given */
	struct paging_settings paging;
	bool since_strict;		/* the server's "since" is >, not >= */
	bool sorted;			/* ascending by stamp; checked */
	bool last_page_repeats;		/* asked beyond its end it says the last */
	int resolution_s, overlap_h;
	const char *since;		/* a first pass begins here; "" = all */
	struct strlist id, stamp;
	struct rest_format stamp_format;
};
extern const struct opt rest_listing_opts[];
/* Its request does not ask for changes ({since}): read whole each time. */
bool rest_listing_is_whole(const struct rest_listing *set);
bool rest_listing_given(const struct rest_listing *set);

struct listing {
	const char *name;		/* in the cursor and the quarantine */
	const char *where;		/* "events.deals", for messages */
	const struct rest_listing *set;
	const struct map_field *fields;	/* to be met; NULL = not judged */
	const void *of;			/* the owner's settings for it */
};

struct listing_row {
	json_t *json;
	const char *id;		/* NULL: the profile names none, or none there */
	time_t at;		/* its stamp; NO_TIME */
	char reason[128];	/* out: why it could not be read; "" = it was */
};
/* What a stream does with what is read.  All lives in r->page until the page
 * ends, r->item until the row ends.  False: stop, *err says why. */
struct listing_sink {
	/* Before the rows of a page; for requests about all of them.  Or NULL. */
	bool (*page)(void *arg, const struct listing *l, json_t *rows,
	    struct err *err);
	bool (*row)(void *arg, const struct listing *l,
	    struct listing_row *row, struct err *err);
	hole_fn *hole;			/* further holes of the requests; or NULL */
	void *arg;
	checkpoint_fn *checkpoint;	/* may be NULL */
	void *checkpoint_arg;
	/* The core takes a stream of sorted listings for sorted: a mark with a
	 * page is no end to it. */
	bool sorted;
};

/* At open: names of holes, paging against the request, watermark against the
 * stamp.  also = further names that the caller's hole function knows; both may
 * be NULL. */
NPS_MUSTCHECK bool listing_check(const struct rest *r,
    const struct listing *l, const char *const *also, struct err *err);
/* Reads all n to their ends.  The watermark moves with each page if each of
 * them is sorted and sink->sorted says that it may. */
NPS_MUSTCHECK bool listing_read(struct rest *r, const struct listing *l,
    size_t n, const struct pull *pull, const struct listing_sink *sink,
    struct err *err);
/* One page of one row, from now on: is it to be had at all? */
NPS_MUSTCHECK bool listing_try(struct rest *r, const struct listing *l,
    struct err *err);
/* Every listing given is of this kind: for connector_info.whole and .sorted. */
bool listing_all_whole(const struct listing *l, size_t n);
bool listing_all_sorted(const struct listing *l, size_t n);

#endif
