/*
 * sentsearch.h - looks for sends of ours in a listing of what a service sent,
 * and says what that proves.  Pure: the connector reads the listing and hands
 * over each row.
 *
 * A wrong "absent" asks a person twice, so it needs proof: nothing of the
 * listing was missed, it reaches past our send, it did not move while it was
 * read, and the service had time to show it.
 */
#ifndef NPSYNC_CONNECTORS_SENTSEARCH_H
#define NPSYNC_CONNECTORS_SENTSEARCH_H

#include "arena.h"
#include "buf.h"
#include "connector.h"

/* PERHAPS: the person in the campaign, but nothing tells whether it is our send
 * or another; or one with the number, which may be several people's, or without
 * any name, or of a campaign that is not told: neither found nor absent. */
enum sent_match { SENT_NONE, SENT_PERHAPS, SENT_EMAIL, SENT_CONTACT, SENT_REF };
struct sentsearch {
	const struct sent *wanted;
	size_t count;
	struct push_result *found;
	bool partial;	/* a page or a record was not seen: nothing is absent */
	/* Inside. */
	enum sent_match *match;		/* by wanted */
	time_t newest;			/* of all that was listed */
	struct buf ids;			/* of all that was listed, hashed */
};

/* All but s is borrowed until sentsearch_end. */
NPS_MUSTCHECK bool sentsearch_init(struct sentsearch *s,
    const struct sent *wanted, size_t count, struct push_result *found,
    struct arena *arena, struct err *err);
void sentsearch_free(struct sentsearch *s);
/* A row; ref_is_ours: nobody but npsync can have written its ref. */
void sentsearch_take(struct sentsearch *s, const struct sent *row,
    bool ref_is_ours);
/* settle_s: a send younger than this is never called absent. */
void sentsearch_end(struct sentsearch *s, time_t now, long settle_s,
    enum find_answer *answers);

/* The oldest of them, where the listing must begin; NO_TIME = one has none. */
time_t sentsearch_oldest(const struct sent *wanted, size_t count);
/* Each listing is cut into other pages than the one before and begins
 * elsewhere, so that what one leaves out between two pages stands inside a page
 * of the next: the size of its pages, and hours to begin earlier. */
int sentsearch_page_size(int size, time_t now);
int sentsearch_hours(time_t now);

static inline void
sentsearch_cleanup(struct sentsearch *s)
{
	sentsearch_free(s);
}

#endif
