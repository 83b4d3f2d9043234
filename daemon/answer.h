/*
 * answer.h - table answer: what people answered, and whose card it belongs to.
 * A placed answer wants its tag (tag_want.h).
 */
#ifndef NPSYNC_ANSWER_H
#define NPSYNC_ANSWER_H

#include "connector.h"
#include "cursor.h"
#include "tenant.h"

#define ANSWER_COLS 15
struct answer_page {
	struct db_array col[ANSWER_COLS];
	size_t n;
	bool may_search;	/* a CRM can be asked for an address */
};
void answer_page_init(struct answer_page *page);
void answer_page_free(struct answer_page *page);
/* secret hashes the address; the address itself is kept (answer_search.h) only
 * where it fits no card and may_search is set. */
NPS_MUSTCHECK bool answer_page_add(struct answer_page *page,
    const struct survey_answer *a, const unsigned char *secret,
    struct arena *scratch, struct err *err);
/* Upserts by the service's id (an older version of an answer changes nothing),
 * matches each to a card - by our reference, remote id, card, address (of several
 * the one asked last before it, in its campaign first) - and wants the tag of the
 * newest answer per card and campaign.  Who declines by an answer that names a row
 * or a card is recorded by all keys of the card.
 * Result: outcome ("new", "updated", "same"), matched, count, then for the page
 * tags and new keys of people who declined; of the count those that are new and
 * have no score. */
NPS_MUSTCHECK bool answer_page_put(struct answer_page *page, struct db *db,
    const struct cursor_move *move, const char *tag_prefix,
    struct arena *scratch, struct db_result **result, struct err *err);

/* Answers that fitted no card, or several, once more: cards came in since, or a
 * survey of one was settled.  *placed have their card now, *ambiguous several. */
NPS_MUSTCHECK bool answer_place(struct db *db, const struct tenant *tenant,
    const char *tag_prefix, struct arena *arena,
    long long *placed, long long *ambiguous, struct err *err);

/* How many belong to no card. */
NPS_MUSTCHECK bool answer_count_homeless(struct db *db, long long tenant_id,
    struct arena *arena, long long *n, struct err *err);
/* Answers that belong to several cards: answer_id, answered_at, score, campaign,
 * the cards ("crm/17, crm/35"). */
NPS_MUSTCHECK bool answer_list_unplaced(struct db *db, long long tenant_id,
    int max, struct arena *arena, struct db_result **result, struct err *err);

#endif
