/*
 * person.h - table person_send from the service's side: who was asked, as its
 * list of respondents says.  Our own claims write their evidence themselves.
 */
#ifndef NPSYNC_PERSON_H
#define NPSYNC_PERSON_H

#include "connector.h"
#include "contact.h"
#include "cursor.h"

#define SENT_COLS 10
struct sent_page {
	struct db_array col[SENT_COLS];
	size_t n;
};
void sent_page_init(struct sent_page *page);
void sent_page_free(struct sent_page *page);
/* Copies one respondent.  crm = names of the configured CRMs, n_crm of them:
 * a contact of ours is known by its card too.  zone: of the day it counts for;
 * today = the day for one without a date. */
struct sent_rules {
	const struct contact_rules *contact;
	const char *const *crm;
	size_t n_crm;
	const char *zone;
	int today;
};
NPS_MUSTCHECK bool sent_page_add(struct sent_page *page,
    const struct sent_rules *rules, const struct sent *s,
    struct arena *scratch, struct err *err);
/* Marks our rows as listed, and writes evidence for whoever was asked without a
 * row of ours that says so.  Result: outcome, count; outcomes are
 *   known       a row of ours that is sending, sent or unknown
 *   unexpected  a row of ours that is not: it is listed all the same
 *   lost        our reference, but no such row: after a restored backup
 *   foreign     somebody else's; foreign_known: met before
 *   not_mailed  taken by the service, but not asked
 *   unusable    nobody can be told by what it says */
NPS_MUSTCHECK bool sent_page_put(struct sent_page *page, struct db *db,
    const struct cursor_move *move, struct arena *scratch,
    struct db_result **result, struct err *err);

/* For rows that may have been sent after the backup was made: everybody in
 * them counts as asked on that day. */
NPS_MUSTCHECK bool person_put_rows(struct db *db, long long tenant_id,
    struct db_array *queue_ids, int day, struct arena *arena, struct err *err);

#endif
