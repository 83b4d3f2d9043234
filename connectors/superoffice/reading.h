/*
 * reading.h - between the files of the reading side.
 *
 * row.h, archive.h, feed.h   rows, queries, changed rows under a cursor
 * events.c     meetings, sales and requests as events
 * odd.h        single records: is one odd, or is the service away?
 * bookings.c   which booking a meeting belongs to
 * history.c    when a sale was closed
 * activities.c appointments as activities
 * card.c, person.c   a person as a contact
 * contacts.c   persons changed, by id, by address
 * values.c     what there is to choose from
 */
#ifndef SUPEROFFICE_READING_H
#define SUPEROFFICE_READING_H

#include "common/idmap.h"
#include "feed.h"
#include "odd.h"
#include "row.h"

#define SO_EVENT_FEEDS_MAX 32
#define SO_ACTIVITY_FEEDS_MAX 4

struct so_reader {
	struct so_feed events[SO_EVENT_FEEDS_MAX];
	size_t n_events;
	struct so_feed activities[SO_ACTIVITY_FEEDS_MAX];
	size_t n_activities;
	struct so_feed persons;
	bool history_unread;	/* no right to read it: told once */
	bool bookings_unlisted;	/* no request for many of them: told once */
	int lists_refused;	/* of that request, in a row */
	struct so_odd booking;	/* rows that are asked for alone */
	bool cards_shown;	/* cards had what says who may not be asked */
	struct so_odd person;	/* persons that are asked for */
};
/* No I/O; s->reader is s's, to be freed. */
NPS_MUSTCHECK bool so_reader_open(struct superoffice *s, struct err *err);
/* One page of each archive that is read: columns, ids and rights. */
NPS_MUSTCHECK bool so_reader_check(struct superoffice *s, struct err *err);

/* ---- events.c ---------------------------------------------------------- */
struct so_events {
	struct superoffice *s;
	crm_event_fn *emit;
	void *arg;
	struct idmap closed;	/* of a page: time_t, by sale */
	struct idmap bookings;	/* of a page: long long, by appointment */
};
/* How a query's rows become events; struct so_feed.of. */
struct so_kind {
	const char *trigger;
	const char *category, *stage;	/* what was asked for; NULL */
	const char *status;		/* of a sale: id in digits */
	bool (*page)(struct so_events *e, const struct so_kind *k,
	    json_t *rows, struct err *err);
	bool (*row)(struct so_events *e, const struct so_kind *k,
	    struct so_row *row, struct err *err);
};
NPS_MUSTCHECK bool so_events_open(struct superoffice *s, struct err *err);
/* "associate/associateDbId" shows an id, any other a name. */
bool so_shows_id(const char *column);
/* An alarm finds the address of who an event names in that column among the owners
 * of companies: are they in one form? */
bool so_who_fits(const struct so_settings *set, const char *column);
bool so_pull_events(void *self, const struct pull *pull, crm_event_fn *emit,
    checkpoint_fn *checkpoint, void *arg, struct err *err);

/* ---- bookings.c -------------------------------------------------------- */
/* Of the rows of a page which booking they belong to, into e->bookings. */
NPS_MUSTCHECK bool so_bookings_load(struct so_events *e, json_t *rows,
    struct err *err);
/* The key of a booking is its first row's, whichever of its rows it is that was
 * completed.  What concerns this row alone becomes its reason. */
NPS_MUSTCHECK bool so_booking_of(struct so_events *e, struct so_row *row,
    const char **key, struct err *err);

/* ---- history.c --------------------------------------------------------- */
/* Since when the sales of a page have this status, into e->closed.  Without the
 * right to read it there are none. */
NPS_MUSTCHECK bool so_history_load(struct so_events *e, json_t *rows,
    const char *status, struct err *err);
/* NO_TIME: not known. */
time_t so_history_at(const struct so_events *e, const char *sale);

/* ---- activities.c ------------------------------------------------------ */
NPS_MUSTCHECK bool so_activities_open(struct superoffice *s, struct err *err);
bool so_pull_activities(void *self, const struct pull *pull,
    crm_activity_fn *emit, checkpoint_fn *checkpoint, void *arg,
    struct err *err);

/* ---- card.c ------------------------------------------------------------ */
/* Columns of a person by the settings; NULL = memory. */
const char *so_card_columns(const struct so_settings *set,
    struct arena *arena);
/* Of the archive Person: who has the company; NULL = memory. */
const char *so_owner_column(const struct so_settings *set,
    struct arena *arena);
/* "personUdef/SuperOffice:3" of "SuperOffice:3", "personExtra/x_name". */
const char *so_field_column(struct arena *arena, const char *key);
/* Does some row have each column that keeps people out?  Without rows nobody can
 * say.  The error names the column and its option.  all: also what only spares
 * requests. */
NPS_MUSTCHECK bool so_card_shown(const struct so_settings *set, json_t *rows,
    bool all, struct err *err);
/* Was the person deleted?  TRI_UNKNOWN: it cannot be read. */
enum tri so_card_deleted(const struct so_settings *set, json_t *row);
/* Must the person itself be asked for, beside its row? */
bool so_card_needs_person(const struct so_settings *set, json_t *row);
/* Rows of one person, and the person itself or NULL.  All of it in arena.
 * False: reason says what was expected. */
bool so_card_map(const struct superoffice *s, const struct so_group *g,
    json_t *person, struct arena *arena, struct crm_contact *out,
    char *reason, size_t size);

/* ---- contacts.c -------------------------------------------------------- */
NPS_MUSTCHECK bool so_contacts_open(struct superoffice *s, struct err *err);
bool so_pull_contacts(void *self, const struct pull *pull,
    crm_contact_fn *emit, checkpoint_fn *checkpoint, void *arg,
    struct err *err);
bool so_load_contacts(void *self, const char *const *ids, size_t n,
    crm_contact_fn *emit, void *arg, struct err *err);
bool so_find_contact(void *self, const char *email, crm_contact_fn *emit,
    void *arg, struct err *err);

/* ---- values.c ---------------------------------------------------------- */
typedef bool so_item_fn(void *arg, json_t *item, struct err *err);
/* Each item of the list "persint", headings and deleted ones left out. */
NPS_MUSTCHECK bool so_list_items(struct superoffice *s, const char *list,
    so_item_fn *fn, void *arg, struct err *err);
bool so_list_values(void *self, enum value_kind kind, crm_value_fn *emit,
    void *arg, struct err *err);

#endif
