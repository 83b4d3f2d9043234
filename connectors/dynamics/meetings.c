/*
 * meetings.c - completed activities as events, one for each contact who took
 * part.
 *
 * How this can lose or double, and what stops it:
 *  - a meeting that is entered three days later: found by when its row changed,
 *    not by when it took place;
 *  - a meeting that gets a second contact: one event more, not two, because the
 *    event's id names both;
 *  - a series: its master stands for no meeting of its own;
 *  - the organiser, users, accounts: only contacts with one of the masks.
 */
#include <string.h>

#include "clock.h"
#include "reader.h"

#define SELECT "activityid,subject,category,subcategory,statecode,statuscode," \
	"actualend,scheduledend,modifiedon,_regardingobjectid_value," \
	"_ownerid_value"
#define SERIES_MASTER 1

static bool
meetings_page(struct events *e, json_t *rows, struct err *err)
{
	return parties_load(&e->parties, e->d, rows,
	    &e->d->set->meeting_party_masks, err);
}

static bool
take_times(const struct events *e, struct feed_row *row, struct crm_event *ev)
{
	ev->occurred_at = row_time(row->json, "scheduledend", e->d->zone);
	ev->transition_at = row_time(row->json, "actualend", e->d->zone);
	if (ev->occurred_at == NO_TIME)
		ev->occurred_at = ev->transition_at;
	if (ev->occurred_at != NO_TIME)
		return true;
	feed_refuse(row, "actualend", "a time there or in scheduledend");
	return false;
}

static bool
emit_each(struct events *e, const char *activity, struct crm_event *ev,
    struct err *err)
{
	const char *const *contact = parties_of(&e->parties, activity);

	ev->event_id = activity;
	if (*contact == NULL)
		return events_emit(e, ev, err);
	for (; *contact != NULL; contact++) {
		ev->contact_id = *contact;
		ev->event_id = arena_printf(e->d->item, "%s/%s", activity,
		    *contact);
		if (!events_emit(e, ev, err))
			return false;
	}
	return true;
}

static bool
meetings_row(struct events *e, struct feed_row *row, struct err *err)
{
	struct arena *item = e->d->item;
	struct crm_event ev = { .trigger = "meet", .occurred_at = NO_TIME,
		.transition_at = NO_TIME };
	long long n;

	if (row_number(row->json, "instancetypecode", &n) && n == SERIES_MASTER)
		return true;
	/* The filter said so; an answer that holds others was another's. */
	if (!row_number(row->json, "statecode", &n) || n != 1)
		return true;
	if (!take_times(e, row, &ev))
		return true;
	ev.category = row_text(row->json, "category", item);
	ev.stage = row_text(row->json, "statuscode", item);
	ev.employee_id = row_lookup(row->json, "_ownerid_value", "systemuser",
	    item);
	return emit_each(e, row->id, &ev, err);
}

const struct event_kind event_meetings = { meetings_page, meetings_row };

/* The set's name as the table has it: a constant, for comparison. */
static const char *
set_of(const char *name)
{
	static const char *const sets[] = { "appointments", "phonecalls",
		"tasks", "emails" };

	for (size_t i = 0; i < ARRAY_LEN(sets); i++)
		if (strcmp(name, sets[i]) == 0)
			return sets[i];
	return "appointments";
}

bool
meetings_open(struct dynamics *d, struct err *err)
{
	const struct strlist *sets = &d->set->meeting_sets;
	const char *more = *d->set->meeting_filter == '\0' ? "" :
	    arena_printf(d->api.own, "(%s)", d->set->meeting_filter);

	for (size_t i = 0; i < sets->n; i++) {
		const char *set = set_of(sets->v[i]);
		const bool series = strcmp(set, "appointments") == 0;
		const struct feed feed = { .name = set, .set = set,
			.id = "activityid", .select = series ?
			    SELECT ",instancetypecode" : SELECT,
			.filter = odata_and(d->api.own, "statecode eq 1",
			    more), .of = &event_meetings };
		if (feed.filter == NULL)
			return err_nomem(err);
		if (!events_add(d, &feed, err))
			return false;
	}
	return true;
}
