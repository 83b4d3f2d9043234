/*
 * contact.h - table contact: last known facts of CRM cards, and the activities
 * planned ahead.  Facts come in pages, one statement each.
 */
#ifndef NPSYNC_CONTACT_H
#define NPSYNC_CONTACT_H

#include "connector.h"
#include "cursor.h"
#include "identity.h"

/* What turns CRM facts into columns. */
struct contact_rules {
	const unsigned char *secret;	/* IDENTITY_SECRET_BYTES */
	const char *connector;		/* configured name */
	const char *no_send_tag;
	const char *tag_prefix;		/* of commands; NULL = none */
	bool match_phone;
	const char *phone_prefix;
};

/* A page being filled; at most CONTACT_PAGE_MAX rows. */
#define PAGE_ROWS_MAX 5000
#define CONTACT_COLS 37
struct contact_page {
	struct db_array col[CONTACT_COLS];
	size_t n;
};
void contact_page_init(struct contact_page *page);
void contact_page_free(struct contact_page *page);
/* Copies one card; scratch is used and may be reset afterwards. */
NPS_MUSTCHECK bool contact_page_add(struct contact_page *page,
    const struct contact_rules *rules, const struct crm_contact *c,
    struct arena *scratch, struct err *err);
/* Sends the page (db_send) with the cursor and empties it.  The result row of
 * db_finish is: page rows, inserted, changed. */
NPS_MUSTCHECK bool contact_page_send(struct contact_page *page, struct db *db,
    const struct cursor_move *move, struct arena *scratch, struct err *err);
/* After a complete pass of a WHOLE stream: cards that did not appear are gone,
 * but for those in `unread`, whose records could not be read.
 * Refused (ERR_PROTOCOL) when more than half of the known ones would be, those
 * that went in the last passes counted in: such an export is not trusted.
 * may_mark false: only that is looked at, because a record without a key could
 * not be read.  *gone = how many; that they went is a fact of now. */
NPS_MUSTCHECK bool contact_sweep(struct db *db, long long tenant_id,
    const char *connector, long long pass, struct db_array *unread,
    bool may_mark, time_t now, struct arena *scratch, long long *gone,
    struct err *err);

struct activity_page {
	struct db_array col[6];
	size_t n;
};
void activity_page_init(struct activity_page *page);
void activity_page_free(struct activity_page *page);
void activity_page_add(struct activity_page *page, const struct crm_activity *a);
/* Result row: page rows, cards whose last activity moved, planned ahead.
 * today = local day: what is done lies on or before it. */
NPS_MUSTCHECK bool activity_page_send(struct activity_page *page,
    struct db *db, const struct cursor_move *move, int today,
    struct arena *scratch, struct err *err);
/* After a complete pass of a WHOLE stream: plans that did not appear are off. */
NPS_MUSTCHECK bool activity_sweep(struct db *db, long long tenant_id,
    const char *connector, long long pass, int today, struct arena *scratch,
    struct err *err);

/* One fact row for explain and refresh. */
struct contact_stale {
	const char *const *ids;
	size_t n;
};
/* Cards of rows that could go in a night (queued, deferred) whose facts are
 * older than `before`, and which no complete pass since then met. */
NPS_MUSTCHECK bool contact_list_stale(struct db *db, long long tenant_id,
    const char *connector, time_t before, struct arena *arena,
    struct contact_stale *out, struct err *err);

/* Open rows of cards that were merged into another one become the survivor's,
 * through chains, and it counts as asked what they were asked (contact_merge.c).
 * *moved rows; *ended rows whose event the survivor has already. */
struct contact_merge {
	long long tenant_id;
	const char *connector;
	long long epoch, run_id;
	time_t now;
};
NPS_MUSTCHECK bool contact_merge(struct db *db,
    const struct contact_merge *merge, struct arena *arena, long long *moved,
    long long *ended, struct err *err);

/* Values seen on contacts and events with counts, for `npsync lists`. */
NPS_MUSTCHECK bool contact_list_values(struct db *db, long long tenant_id,
    struct arena *arena, struct db_result **result, struct err *err);

#endif
