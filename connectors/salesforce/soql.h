/*
 * soql.h - every statement that is sent, as text.  Pure.
 */
#ifndef SALESFORCE_SOQL_H
#define SALESFORCE_SOQL_H

#include "buf.h"
#include "clock.h"
#include "connector.h"

#define SOQL_MAX_BYTES ((size_t)262144)

/* from <= 0 = open; until is never met. */
struct soql_window {
	time_t from, until;
};
/* select = fields with commas, as describe.c makes them. */
struct soql_meetings {
	const char *select, *time_field, *filter;	/* filter "" = none */
	bool has_child;		/* the object has IsChild */
};

/* ---- parts ------------------------------------------------------------- */
void soql_literal(struct buf *out, const char *text);	/* 'O\'Brien' */
void soql_time(struct buf *out, time_t t);	/* 2026-11-20T00:00:00Z */
void soql_ids(struct buf *out, const char *field, const char *const *ids,
    size_t n);					/* field IN ('a','b') */

/* ---- meetings ---------------------------------------------------------- */
/* Events that ended in the window. */
void soql_events_ended(struct buf *out, const struct soql_meetings *m,
    const struct soql_window *w);
/* Events changed in the window (stamp), that ended in past: entered late. */
void soql_events_late(struct buf *out, const struct soql_meetings *m,
    const char *stamp, const struct soql_window *w,
    const struct soql_window *past);
/* Tasks closed, by their stamp. */
void soql_tasks_closed(struct buf *out, const struct soql_meetings *m,
    const char *stamp, const struct soql_window *w);
/* Whom they were with: EventWhoRelation, TaskWhoRelation. */
void soql_event_people(struct buf *out, const char *const *ids, size_t n);
void soql_task_people(struct buf *out, const char *const *ids, size_t n);

/* ---- deals and cases --------------------------------------------------- */
void soql_deals(struct buf *out, const char *select, const char *stamp,
    const struct soql_window *w);
void soql_roles(struct buf *out, const char *const *ids, size_t n);
void soql_stage_changes(struct buf *out, const char *const *ids, size_t n);
void soql_cases(struct buf *out, const char *select,
    const struct strlist *not_status, const struct soql_window *w);

/* ---- activities -------------------------------------------------------- */
/* Changed in the window, or (events) with an end in ended. */
void soql_events_moved(struct buf *out, const char *select, const char *stamp,
    const struct soql_window *w, const struct soql_window *ended);
void soql_tasks_moved(struct buf *out, const char *select, const char *stamp,
    const struct soql_window *w);
/* By their day, from and until as UTC days. */
void soql_activities_of_days(struct buf *out, const char *object,
    const char *select, const struct soql_window *w);

/* ---- contacts ---------------------------------------------------------- */
void soql_contacts_changed(struct buf *out, const char *select,
    const char *stamp, const struct soql_window *w);
void soql_contacts_by_id(struct buf *out, const char *select,
    const char *const *ids, size_t n);
void soql_contacts_by_email(struct buf *out, const char *select,
    const char *email);
void soql_left(struct buf *out, const char *const *ids, size_t n);

/* ---- values, check ----------------------------------------------------- */
void soql_users(struct buf *out);
void soql_one(struct buf *out, const char *object);

#endif
