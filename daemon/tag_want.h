/*
 * tag_want.h - table tag_want: the tag a card should carry per campaign.
 */
#ifndef NPSYNC_TAG_WANT_H
#define NPSYNC_TAG_WANT_H

#include "connector.h"
#include "db.h"
#include "tenant.h"

/* A tag to be written, as struct crm_tag_write has it, and whose it is. */
struct tag_wanted {
	const char *contact_id, *prefix, *old_prefix, *old, *tag;
	const char *campaign_id, *answer_id;
	bool told;		/* an earlier run says that the CRM denied it */
};
/* Tags whose campaign has another name now, or whose prefix was configured
 * anew, are wanted under the new one.  *n = how many. */
NPS_MUSTCHECK bool tag_want_rename(struct db *db, const struct tenant *tenant,
    const char *tag_prefix, struct arena *arena, long long *n,
    struct err *err);
/* Tags of cards that were gone and have been read again are wanted again; once a
 * day also those beside which the card still carries another score. */
NPS_MUSTCHECK bool tag_want_revive(struct db *db, long long tenant_id,
    const char *connector, time_t now, struct arena *arena, struct err *err);
/* Up to max, those of a card side by side, cards of which nothing was said yet
 * first; what was tried at or after `before` is left out, so that a run asks each
 * once. */
NPS_MUSTCHECK bool tag_want_list(struct db *db, long long tenant_id,
    const char *connector, time_t before, int max, struct arena *arena,
    struct tag_wanted **rows, size_t *n, struct err *err);
/* Records results; only where the row still wants the tag that was written. */
NPS_MUSTCHECK bool tag_want_done(struct db *db, long long tenant_id,
    const char *connector, const struct tag_wanted *rows,
    const struct put_result *results, size_t n, time_t now,
    struct arena *arena, struct err *err);

#endif
