/*
 * tickets.c - tickets that were closed: what stands in a stage that says so.
 */
#include <string.h>

#include "reading.h"

#define STAMP "hs_lastmodifieddate"
#define STAGE "hs_pipeline_stage"
#define STAGES_MAX 20		/* of one search */
#define STAGES_BYTES ((size_t)1600)	/* of its body: their ids and columns */

/* The stages are there: hs_tickets_begin. */
static const char *
trigger_of(const struct hubspot *h, json_t *row, struct arena *arena)
{
	return hs_stage_kind(h->stages[HS_OF_TICKETS], hs_property(row, STAGE,
	    arena)) == HS_CLOSED ? "case" : NULL;
}

static bool
emit_row(struct hs_events *e, json_t *row, const struct hs_links *links,
    struct err *err)
{
	const struct hs_settings *set = e->h->set;
	const char *stage = hs_property(row, STAGE, e->page);
	const time_t typed = hs_time(hs_property(row,
	    set->ticket_closed_property, e->page));
	const char *trigger = trigger_of(e->h, row, e->page);
	const time_t closed = typed != NO_TIME || trigger == NULL ? typed :
	    hs_entered_at(e, "tickets", row, stage);
	const time_t changed = hs_time(hs_property(row, STAMP, e->page));
	struct crm_event ev = { .trigger = trigger,
		.event_id = hs_id(row, "id", e->page),
		.category = hs_property(row, set->ticket_category_property,
		    e->page),
		.stage = stage,
		.employee_id = hs_property(row, "hubspot_owner_id", e->page),
		.occurred_at = closed != NO_TIME ? closed :
		    hs_not_after(e, row, "", changed) };

	ev.transition_at = hs_transition_at(e, row, closed, ev.occurred_at);
	if (ev.event_id == NULL || changed == NO_TIME) {
		hs_odd_event(e, "tickets", row,
		    "expected a ticket with its id and its stamp");
		return true;
	}
	return ev.trigger == NULL || hs_emit_event(e, &ev, links, err);
}

static bool
on_rows(void *arg, const struct hs_part *part, json_t *rows, struct err *err)
{
	return hs_each_row(arg, part->ask.type, NULL, rows, emit_row, err);
}

/* ---- begin --------------------------------------------------------------------- */
/* The names, and of each stage when it was entered. */
static const char *const *
columns(struct hs_events *e, const char *const *ids, size_t n)
{
	const struct hs_settings *set = e->h->set;
	const char *names[6 + STAGES_MAX] = { STAGE, "hubspot_owner_id", STAMP,
		"createdate", set->ticket_closed_property,
		set->ticket_category_property };

	for (size_t i = 0; i < n; i++) {
		names[6 + i] = arena_printf(e->own, HS_ENTERED "%s", ids[i]);
		if (names[6 + i] == NULL)
			return NULL;
	}
	return hs_columns(e->own, names, 6 + n);
}

static bool
part_add(struct hs_events *e, const char *const *ids, size_t n,
    struct err *err)
{
	struct hs_filter *filter = arena_alloc(e->own, sizeof(*filter));
	const struct hs_part part = { .name = arena_printf(e->own,
	    "tickets%zu", e->n), .from = e->pass.begin,
		.until = e->pass.until, .rows = on_rows,
		.ask = { .type = "tickets", .label = "search tickets",
		    .stamp = STAMP, .any = filter, .n_any = 1,
		    .columns = columns(e, ids, n) } };

	if (arena_failed(e->own) || filter == NULL)
		return err_nomem(err);
	*filter = (struct hs_filter){ .property = STAGE, .op = "IN",
		.values = ids, .n = n };
	return hs_part_add(e, &part, err);
}

/* So many of the ids as fit one search. */
static size_t
fitting(const char *const *ids, size_t n)
{
	size_t bytes = 0, i = 0;

	for (; i < n && i < STAGES_MAX && bytes < STAGES_BYTES; i++)
		bytes += 2 * strlen(ids[i]) + sizeof(HS_ENTERED) + 6;
	return i;
}

bool
hs_tickets_begin(struct hs_events *e, struct err *err)
{
	const struct hs_stages *s;
	const char **ids;
	size_t n = 0;

	if (!hs_stages_get(e->h, HS_OF_TICKETS, &s, err))
		return false;
	ids = arena_array(e->own, s->n, sizeof(*ids));
	if (ids == NULL)
		return err_nomem(err);
	for (size_t i = 0; i < s->n; i++)
		if (s->v[i].kind == HS_CLOSED)
			ids[n++] = s->v[i].id;
	for (size_t at = 0, some; at < n; at += some) {
		some = fitting(ids + at, n - at);
		if (!part_add(e, ids + at, some, err))
			return false;
	}
	return true;
}
