/*
 * answer.h - tables answer and tag_want: what people answered, whose card it
 * belongs to, and the tag that card should carry.
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

/* Tags to be written: contact_id, prefix, old, tag, campaign_id, answer_id. */
struct tag_wanted {
	const char *contact_id, *prefix, *old, *tag, *campaign_id, *answer_id;
};
/* Tags of cards that were gone and have been read again are wanted again; once a
 * day also those beside which the card still carries another score. */
NPS_MUSTCHECK bool tag_want_revive(struct db *db, long long tenant_id,
    const char *connector, time_t now, struct arena *arena, struct err *err);
NPS_MUSTCHECK bool tag_want_list(struct db *db, long long tenant_id,
    const char *connector, int max, struct arena *arena,
    struct tag_wanted **rows, size_t *n, struct err *err);
/* Records results; only where the row still wants the tag that was written. */
NPS_MUSTCHECK bool tag_want_done(struct db *db, long long tenant_id,
    const char *connector, const struct tag_wanted *rows,
    const struct put_result *results, size_t n, time_t now,
    struct arena *arena, struct err *err);

/* Answers that belong to several cards, or to none: answered_at, score,
 * campaign, matched. */
NPS_MUSTCHECK bool answer_list_unplaced(struct db *db, long long tenant_id,
    int max, struct arena *arena, struct db_result **result, struct err *err);

#endif
