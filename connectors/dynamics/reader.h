/*
 * reader.h - inside of the reading side: what it makes of the settings at open,
 * and what its streams share.
 */
#ifndef DYNAMICS_READER_H
#define DYNAMICS_READER_H

#include "common/idmap.h"
#include "feed.h"
#include "row.h"

#define EVENT_FEEDS_MAX 8

struct dynamics_reader {
	struct feed events[EVENT_FEEDS_MAX];
	size_t n_events;
	struct feed activities, contacts;
	bool closes_unread;	/* no right to read them: the day must do */
	bool resolutions_unread;
};

/* ---- parties.c --------------------------------------------------------- */
/* Contacts that took part, by activity. */
struct parties {
	struct dynamics *d;
	struct idmap by_activity;	/* const char **, NULL-ended */
	const struct intlist *masks;	/* whose; NULL = everybody's */
};
/* Of all rows of a page; everything lives in d->page. */
NPS_MUSTCHECK bool parties_load(struct parties *p, struct dynamics *d,
    json_t *rows, const struct intlist *masks, struct err *err);
/* Ends with NULL; none is never NULL. */
const char *const *parties_of(const struct parties *p, const char *activity);

/* ---- closings.c: when a deal was won or lost, a case resolved ---------- */
struct closings {
	const char *set, *column;	/* "opportunitycloses", its lookup */
	bool *unread;			/* of the reader */
	struct idmap at;		/* time_t, the latest */
};
/* Of the ids of rows' column `id`.  Without the right to read them there are
 * none. */
NPS_MUSTCHECK bool closings_load(struct closings *c, struct dynamics *d,
    json_t *rows, const char *id, struct err *err);
/* NO_TIME: not known. */
time_t closings_at(const struct closings *c, const char *id);

/* ---- events.c ---------------------------------------------------------- */
struct events {
	struct dynamics *d;
	crm_event_fn *emit;
	void *arg;
	/* Of the page: */
	struct parties parties;
	struct closings closings;
	struct idmap records;	/* struct deal or incident, by id */
};
/* How a set's rows become events; struct feed.of. */
struct event_kind {
	bool (*page)(struct events *e, json_t *rows, struct err *err);
	bool (*row)(struct events *e, struct feed_row *row, struct err *err);
};
extern const struct event_kind event_meetings, event_deals, event_closes,
    event_cases, event_resolutions;
NPS_MUSTCHECK bool events_emit(struct events *e, const struct crm_event *ev,
    struct err *err);
/* The row's reason. */
void feed_refuse(struct feed_row *row, const char *column,
    const char *expected);
/* The feeds of meetings, deals and cases; each NULL-safe, in own. */
NPS_MUSTCHECK bool meetings_open(struct dynamics *d, struct err *err);
NPS_MUSTCHECK bool deals_open(struct dynamics *d, struct err *err);
NPS_MUSTCHECK bool cases_open(struct dynamics *d, struct err *err);
/* One more set of events. */
NPS_MUSTCHECK bool events_add(struct dynamics *d, const struct feed *feed,
    struct err *err);

/* ---- activities.c, card.c, contacts.c ---------------------------------- */
NPS_MUSTCHECK bool activities_open(struct dynamics *d, struct err *err);
NPS_MUSTCHECK bool contacts_open(struct dynamics *d, struct err *err);
/* $select and $expand of a contact by the settings. */
NPS_MUSTCHECK bool dynamics_card_columns(struct dynamics *d,
    const char **select, const char **expand, struct err *err);
/* Some of it is the company's or a user's: change tracking expands nothing. */
bool dynamics_card_needs_expand(const struct dynamics_settings *set);
/* All of it in arena.  False: reason says what was expected. */
bool dynamics_card_map(const struct dynamics *d, json_t *row,
    struct arena *arena, struct crm_contact *out, char *reason, size_t size);
/* Facts of these; d->page is not emptied.  Who is not there is gone, and
 * counted. */
NPS_MUSTCHECK bool contacts_load(struct dynamics *d, const char *const *ids,
    size_t n, crm_contact_fn *emit, void *arg, size_t *gone, struct err *err);
NPS_MUSTCHECK bool contact_emit_row(struct dynamics *d, json_t *row,
    crm_contact_fn *emit, void *arg, struct err *err);
NPS_MUSTCHECK bool contact_emit_gone(struct dynamics *d, const char *id,
    crm_contact_fn *emit, void *arg, struct err *err);

/* ---- changes.c: by change tracking ------------------------------------- */
NPS_MUSTCHECK bool changes_pull(struct dynamics *d, const struct pull *pull,
    crm_contact_fn *emit, checkpoint_fn *checkpoint, void *arg,
    struct err *err);

#endif
