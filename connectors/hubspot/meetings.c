/*
 * meetings.c - meetings that were held.
 *
 * An outcome is set by a person, and changes the meeting.  With
 * meeting_fallback one without an outcome was held when its end is past: it
 * ends without being changed, so a second search goes by its end.
 */
#include "reading.h"

#define DAY_S 86400
#define END "hs_meeting_end_time"
#define STAMP "hs_lastmodifieddate"

enum hs_held
hs_meeting_held(const struct hs_settings *set, const char *outcome,
    time_t end, time_t now)
{
	if (hs_in_list(&set->meeting_outcomes, outcome))
		return HS_HELD;
	if (hs_in_list(&set->meeting_not_held, outcome))
		return HS_NOT_HELD;
	return end != NO_TIME && end <= now ? HS_HELD : HS_NOT_YET;
}

/* ---- a row ------------------------------------------------------------------------ */
static time_t
time_of(json_t *row, const char *name, struct arena *arena)
{
	return hs_time(hs_property(row, name, arena));
}

/* One that a person closed before its end was held by then. */
static time_t
held_at(const struct hs_events *e, json_t *row, time_t end)
{
	const time_t changed = time_of(row, STAMP, e->page);
	time_t at = end != NO_TIME ? end : time_of(row,
	    "hs_meeting_start_time", e->page);

	at = at != NO_TIME ? at : time_of(row, "hs_timestamp", e->page);
	return at == NO_TIME || (changed != NO_TIME && changed < at) ?
	    changed : at;
}

static bool
is_event(const struct hs_events *e, json_t *row, time_t end)
{
	const struct hs_settings *set = e->h->set;
	const char *outcome = hs_property(row, "hs_meeting_outcome", e->page);

	return set->meeting_fallback ? hs_meeting_held(set, outcome, end,
	    e->pass.started) == HS_HELD :
	    hs_in_list(&set->meeting_outcomes, outcome);
}

static bool
emit_row(struct hs_events *e, json_t *row, const struct hs_links *links,
    struct err *err)
{
	const time_t end = time_of(row, END, e->page);
	struct crm_event ev = { .trigger = "meet",
		.event_id = hs_id(row, "id", e->page),
		.category = hs_property(row,
		    e->h->set->meeting_category_property, e->page),
		.employee_id = hs_property(row, "hubspot_owner_id", e->page),
		.occurred_at = held_at(e, row, end) };

	ev.transition_at = ev.occurred_at;
	if (ev.event_id == NULL || ev.occurred_at == NO_TIME) {
		hs_odd_event(e, "meetings", row,
		    "expected a meeting with its id and a time");
		return true;
	}
	return !is_event(e, row, end) || hs_emit_event(e, &ev, links, err);
}

static bool
on_rows(void *arg, const struct hs_part *part, json_t *rows, struct err *err)
{
	return hs_each_row(arg, part->ask.type, NULL, rows, emit_row, err);
}

/* ---- begin --------------------------------------------------------------------------- */
/* Each outcome is an alternative; more than the service takes are sorted out
 * here. */
static bool
outcomes_of(const struct hs_events *e, struct hs_ask *ask, struct err *err)
{
	const struct strlist *list = &e->h->set->meeting_outcomes;
	struct hs_filter *any;

	if (list->n == 0 || list->n > HS_GROUPS_MAX ||
	    e->h->set->meeting_fallback)
		return true;
	any = arena_array(e->own, list->n, sizeof(*any));
	if (any == NULL)
		return err_nomem(err);
	for (size_t i = 0; i < list->n; i++)
		any[i] = (struct hs_filter){ .property = "hs_meeting_outcome",
			.op = "EQ", .value = list->v[i] };
	ask->any = any;
	ask->n_any = list->n;
	return true;
}

/* The first pass makes no surveys: it learns what was there already. */
static time_t
first_of(const struct hs_events *e)
{
	return e->pass.begin > 0 ? e->pass.begin : e->pass.started -
	    (e->h->set->meeting_late_days + 2) * (time_t)DAY_S;
}

bool
hs_meetings_begin(struct hs_events *e, struct err *err)
{
	const char *const names[] = { "hs_timestamp", "hs_meeting_start_time",
		END, "hs_meeting_outcome", "hubspot_owner_id", STAMP,
		e->h->set->meeting_category_property };
	struct hs_part part = { .name = "meetings", .from = first_of(e),
		.until = e->pass.until, .rows = on_rows,
		.ask = { .type = "meetings", .label = "search meetings",
		    .stamp = STAMP, .columns = hs_columns(e->own, names,
		        ARRAY_LEN(names)) } };

	if (part.ask.columns == NULL)
		return err_nomem(err);
	if (!outcomes_of(e, &part.ask, err) || !hs_part_add(e, &part, err))
		return false;
	if (!e->h->set->meeting_fallback)
		return true;
	part.name = "ended";
	part.ask.stamp = END;
	part.ask.label = "search meetings that ended";
	return hs_part_add(e, &part, err);
}
