/*
 * events.c - what happened: meetings, deals, tickets, in this order, under one
 * watermark.
 *
 * An event has the id of its record and of the contact, for who belongs to one
 * may be several; the core knows by it who was met before, whatever is edited.
 * One who is added to a record that was closed long ago, or before npsync was
 * started, is new to the core: the time of the closing says that it is old.  Where
 * that is not known, the age of the record says nothing of its closing: what
 * changed since the pass before goes without transition_at, or what is closed
 * after the start would be lost; what is read again, for links or by a sweep,
 * goes with the earliest time that is known.
 *
 * Nothing of a record says that its contacts changed.  So each pass reads again
 * what changed in the last link_late_days: who was added since has an event.
 */
#include <string.h>

#include "reading.h"

#define PAGE_MAX_BYTES ((size_t)33554432)
#define DAY_S 86400L

const char *const *
hs_columns(struct arena *arena, const char *const *names, size_t n)
{
	const char **out = arena_array(arena, n + 1, sizeof(*out));
	size_t had = 0;

	for (size_t i = 0; out != NULL && i < n; i++) {
		size_t k = 0;
		while (k < had && strcmp(out[k], names[i]) != 0)
			k++;
		if (k == had && *names[i] != '\0')
			out[had++] = names[i];
	}
	return (const char *const *)out;
}

void
hs_odd_row(struct hubspot *h, const char *source, json_t *row,
    const char *reason)
{
	if (h->env.quarantine != NULL)
		h->env.quarantine(h->env.quarantine_arg, source, 0,
		    json_string_value(json_object_get(row, "id")), reason);
}

static time_t
changed_at(const struct hs_events *e, json_t *row)
{
	return hs_time(hs_property(row, "hs_lastmodifieddate", e->page));
}

/* Did it change longer than so many seconds before what the pass before read?
 * Then it is read again for who is linked later. */
static bool
is_older(const struct hs_events *e, json_t *row, long by_s)
{
	const time_t changed = changed_at(e, row);

	return e->pass.known != NO_TIME && changed != NO_TIME &&
	    changed < e->pass.known - by_s;
}

/* It was counted when it was new, also if the search knew it late; a sweep
 * counts what an ordinary pass does not reach. */
static bool
was_read(const struct hs_events *e, json_t *row)
{
	const time_t changed = changed_at(e, row);

	return e->pass.pull->sweep ? changed != NO_TIME &&
	    changed >= e->pass.until :
	    is_older(e, row, e->pass.own.overlap_s);
}

void
hs_odd_event(const struct hs_events *e, const char *source, json_t *row,
    const char *reason)
{
	if (!was_read(e, row))
		hs_odd_row(e->h, source, row, reason);
}

time_t
hs_entered_at(struct hs_events *e, const char *source, json_t *row,
    const char *stage)
{
	const char *name = stage == NULL ? NULL : arena_printf(e->page,
	    HS_ENTERED "%s", stage);

	if (name == NULL)
		return NO_TIME;
	if (!e->told_entry && !was_read(e, row) && json_object_get(
	    json_object_get(row, "properties"), name) == NULL) {
		e->told_entry = true;
		hs_odd_row(e->h, source, row, arena_printf(e->page, "it came "
		    "without %s: when such rows were closed is not known; an "
		    "older time counts", name));
	}
	return hs_time(hs_property(row, name, e->page));
}

time_t
hs_not_after(const struct hs_events *e, json_t *row,
    const char *closed_property, time_t changed)
{
	const time_t closed = hs_time(hs_property(row, closed_property,
	    e->page));
	const time_t made = hs_time(hs_property(row, "createdate", e->page));

	/* What somebody typed may lie ahead. */
	if (closed != NO_TIME && closed <= changed)
		return closed;
	return made != NO_TIME && made < changed ? made : changed;
}

bool
hs_part_add(struct hs_events *e, const struct hs_part *part, struct err *err)
{
	if (e->n == HS_PARTS_MAX)
		return err_set(err, ERR_CONFIG, "%s: more stages than %d "
		    "searches can ask for: name those that matter",
		    part->ask.type, HS_PARTS_MAX);
	e->parts[e->n++] = *part;
	return true;
}

static bool
emit_one(struct hs_events *e, const struct crm_event *ev, struct err *err)
{
	if (ev->event_id == NULL || arena_failed(e->page))
		return err_nomem(err);
	return e->emit(e->arg, ev) || err_set(err, ERR_CANCELLED,
	    "events: stopped");
}

time_t
hs_transition_at(const struct hs_events *e, json_t *row, time_t closed,
    time_t occurred_at)
{
	if (closed != NO_TIME)
		return closed;
	return e->pass.pull->sweep || is_older(e, row, 0) ? occurred_at
	    : NO_TIME;
}

bool
hs_emit_event(struct hs_events *e, struct crm_event *ev,
    const struct hs_links *links, struct err *err)
{
	const char *id = ev->event_id;
	const char *const *contacts = hs_links_of(links, id);

	if (contacts == NULL)
		return emit_one(e, ev, err);
	for (; *contacts != NULL; contacts++) {
		ev->contact_id = *contacts;
		ev->event_id = arena_printf(e->page, "%s/%s", id, *contacts);
		if (!emit_one(e, ev, err))
			return false;
	}
	return true;
}

bool
hs_each_row(struct hs_events *e, const char *type, const char *label,
    json_t *rows, hs_row_fn *fn, struct err *err)
{
	struct hs_links links;
	json_t *row;
	size_t i;

	arena_reset(e->page);
	if (!hs_links_load(e->h, type, rows, label, e->page, &links, err))
		return false;
	e->n_linked += label == NULL ? 0 : links.n_linked;
	if (label != NULL && links.by_id.n > 0)
		e->h->label_met = true;
	json_array_foreach(rows, i, row)
		if (!fn(e, row, &links, err))
			return false;
	return true;
}

static bool
events_run(struct hs_events *e, struct err *err)
{
	const struct hs_settings *set = e->h->set;

	/* Also for the service's time. */
	return hs_ready(e->h, true, err) && hs_pass_begin(&e->pass, err) &&
	    (!set->meetings || hs_meetings_begin(e, err)) &&
	    (!set->deals || hs_deals_begin(e, err)) &&
	    (!set->tickets || hs_tickets_begin(e, err)) &&
	    hs_pass_run(&e->pass, e->parts, e->n, err);
}

bool
hs_pull_events(void *self, const struct pull *pull, crm_event_fn *emit,
    checkpoint_fn *checkpoint, void *arg, struct err *err)
{
	AUTO(arena) struct arena *page = arena_new(PAGE_MAX_BYTES);
	AUTO(arena) struct arena *own = arena_new(PAGE_MAX_BYTES);
	struct hs_events e = { .h = self, .page = page, .own = own,
		.emit = emit, .arg = arg };

	if (page == NULL || own == NULL)
		return err_nomem(err);
	e.pass = (struct hs_pass){ .h = self, .pull = pull, .arg = &e,
		.checkpoint = checkpoint, .checkpoint_arg = arg,
		.reach_s = e.h->set->link_late_days * DAY_S };
	const bool ok = events_run(&e, err);
	hs_pass_free(&e.pass);
	if (ok)
		hs_deals_tell_label(&e);
	return ok;
}
