/*
 * campaign.h - table campaign: the survey service's campaigns by id.
 */
#ifndef NPSYNC_CAMPAIGN_H
#define NPSYNC_CAMPAIGN_H

#include "db.h"

struct campaign_page {
	struct db_array id, name, tag_name, tag_fold;
	size_t n;
};
void campaign_page_init(struct campaign_page *page);
void campaign_page_free(struct campaign_page *page);
/* The tag name is the normalised name, NULL when it cannot stand in a tag. */
NPS_MUSTCHECK bool campaign_page_add(struct campaign_page *page, const char *id,
    const char *name, struct arena *scratch, struct err *err);
/* complete: the page is the service's whole list; others become unlisted.  Of
 * those whose tags would be the same the one that had the name first keeps it:
 * a listed one before others, then the smaller id. */
NPS_MUSTCHECK bool campaign_put(struct db *db, long long tenant_id,
    struct campaign_page *page, bool complete, time_t now, struct arena *arena,
    struct err *err);
/* id, name, tag name, listed, sent, answers, id of who has the name */
NPS_MUSTCHECK bool campaign_list(struct db *db, long long tenant_id,
    struct arena *arena, struct db_result **result, struct err *err);
/* Of these ids, the first that the service does not list, or NULL. */
NPS_MUSTCHECK bool campaign_find_unlisted(struct db *db, long long tenant_id,
    struct db_array *ids, struct arena *arena, const char **unlisted,
    struct err *err);

#endif
