/*
 * event.h - table event_seen and the birth of queue rows.  An event is met
 * once: its key stays for ever, whatever becomes of its row.
 */
#ifndef NPSYNC_EVENT_H
#define NPSYNC_EVENT_H

#include "connector.h"
#include "cursor.h"

struct event_page {
	struct db_array col[11];
	size_t n;
};
void event_page_init(struct event_page *page);
void event_page_free(struct event_page *page);
/* won_on = local day of a won deal, else NO_DAY. */
NPS_MUSTCHECK bool event_page_add(struct event_page *page,
    const struct crm_event *event, int won_on, struct err *err);
/*
 * baseline: the keys are kept, no rows are made.  night = created_night.
 * Result row: events in the page (after removing repeats inside it), keys
 * never met before, rows made.
 */
NPS_MUSTCHECK bool event_page_send(struct event_page *page, struct db *db,
    const struct cursor_move *move, bool baseline, int night,
    struct arena *scratch, struct err *err);

/*
 * Events read once more (`npsync resync events`): one whose key was never met is
 * recorded as a row that ended as before_start, so nobody is asked; others stay
 * as they are.  The cursor is not moved.  *recorded = how many; ERR_BUSY: the
 * lease of `epoch` is lost.
 */
struct event_again {
	long long tenant_id, epoch;
	const char *connector;
	time_t now;
	int night;
};
NPS_MUSTCHECK bool event_page_record(struct event_page *page, struct db *db,
    const struct event_again *again, struct arena *scratch,
    long long *recorded, struct err *err);

/* Contacts that fell silent (domain section 3, vectors section 2): a won deal
 * on or before won_until, last activity in [silent_from, silent_until], nothing
 * planned from `today` on, this silence never met.  At most `max` of them.
 * Columns: connector, contact_id, last_activity_on, episode (the event id). */
NPS_MUSTCHECK bool event_find_silent(struct db *db, long long tenant_id,
    int silent_from, int silent_until, int won_until, int today, int max,
    struct arena *arena, struct db_result **result, struct err *err);
/* How many stood in the window but have something planned ahead. */
NPS_MUSTCHECK bool event_count_planned(struct db *db, long long tenant_id,
    int silent_from, int silent_until, int won_until, int today,
    struct arena *arena, long long *n, struct err *err);

#endif
