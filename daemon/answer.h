/*
 * answer.h - table answer: what people answered, and whose card it belongs to.
 * A placed answer wants its tag (tag_want.h).
 */
#ifndef NPSYNC_ANSWER_H
#define NPSYNC_ANSWER_H

#include "connector.h"
#include "cursor.h"

#define ANSWER_COLS 14
struct answer_page {
	struct db_array col[ANSWER_COLS];
	size_t n;
};
void answer_page_init(struct answer_page *page);
void answer_page_free(struct answer_page *page);
/* secret hashes the address; the address itself is not kept. */
NPS_MUSTCHECK bool answer_page_add(struct answer_page *page,
    const struct survey_answer *a, const unsigned char *secret,
    struct arena *scratch, struct err *err);
/* Upserts by the service's id (an older version of an answer changes nothing),
 * matches each to a card - by our reference, remote id, card, address + asked
 * last - and wants the tag of the newest answer per card and campaign.
 * Result: outcome ("new", "updated", "same"), matched, count. */
NPS_MUSTCHECK bool answer_page_put(struct answer_page *page, struct db *db,
    const struct cursor_move *move, const char *tag_prefix,
    struct arena *scratch, struct db_result **result, struct err *err);

/* Answers that belong to several cards, or to none: answered_at, score,
 * campaign, matched. */
NPS_MUSTCHECK bool answer_list_unplaced(struct db *db, long long tenant_id,
    int max, struct arena *arena, struct db_result **result, struct err *err);

#endif
