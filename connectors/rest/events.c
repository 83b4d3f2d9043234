/*
 * events.c - rows of listings as events.
 *
 * How this can lose or double, and what stops it:
 *  - one row, several persons: an event each, with an id that names both, and
 *    always so where the profile allows for more than one: a meeting that gets
 *    a second person makes one event more, not two;
 *  - a row about nobody: an event without person, which the core counts;
 *  - a word that is no trigger of ours: left out, and counted, only where the
 *    profile's value map says so; any other goes up, and the core counts it;
 *  - a row without a time or an id: quarantined, the listing goes on;
 *  - a deal closed again: event_id may name the closing ("{row.id}@{row.at}"),
 *    else it is the event it was.
 */
#include "reader.h"

#include <string.h>

#include "common/hole.h"
#include "map.h"
#include "select.h"

struct events {
	struct rest_crm *c;
	crm_event_fn *emit;
	void *arg;
	struct links links;
	struct link_tally tally;
};

static bool
may_be_several(const struct rest_event *set)
{
	for (size_t i = 0; i < set->contact.n; i++)
		if (strchr(set->contact.v[i], '*') != NULL ||
		    strstr(set->contact.v[i], "@keys") != NULL)
			return true;
	return links_given(&set->link);
}

/* ---- the id of an event ------------------------------------------------------------ */

struct naming {
	const struct rest_crm *c;
	json_t *row;
};

static bool
hole_of(void *arg, const char *name, struct hole_value *out)
{
	const struct naming *n = arg;

	return reader_row_hole(n->row, name, n->c->rest.item, out);
}

static const char *
event_id(struct map *m, const struct rest_crm *c,
    const struct rest_event *set, const char *row_id)
{
	struct naming naming = { c, m->row };
	struct err why = { .kind = ERR_NONE };
	const char *id = row_id;

	if (*set->event_id != '\0' && !hole_write(set->event_id, HOLE_BODY_TEXT,
	    c->rest.zone, hole_of, &naming, m->arena, &id, &why))
		id = NULL;
	if (id == NULL)
		(void)map_refuse(m, "event_id", "the values of its template");
	return id;
}

/* ---- facts ---------------------------------------------------------------------------- */

/* False: no event of ours, or (m->reason) none that can be read. */
static bool
map_trigger(struct map *m, const struct rest_event *set, const char **out)
{
	enum map_word found;

	*out = set->trigger;
	if (*set->trigger != '\0')
		return true;
	found = map_word(m, "trigger", &set->trigger_at, out);
	if (found == MAP_ABSENT)
		(void)map_refuse(m, "trigger", "a word");
	return found == MAP_WORD;
}

#define TEXT(member) map_text(m, #member, &set->member)

static void
map_facts(struct map *m, const struct rest_event *set, struct crm_event *ev)
{
	ev->category = TEXT(category);
	ev->stage = TEXT(stage);
	ev->employee_id = TEXT(employee);
	ev->occurred_at = map_time(m, "occurred_at", &set->occurred_at, NULL);
	ev->transition_at = map_time(m, "transition_at", &set->transition_at,
	    NULL);
	ev->automatic = map_flag(m, "automatic", &set->automatic) == TRI_YES;
	if (ev->occurred_at == NO_TIME)
		ev->occurred_at = ev->transition_at;
	if (ev->occurred_at == NO_TIME)
		(void)map_refuse(m, "occurred_at", "a time");
}

/* ---- who ------------------------------------------------------------------------------- */

static bool
contacts_of(struct events *e, struct map *m, const struct rest_event *set,
    const struct listing_row *row, const char *const **out, struct err *err)
{
	const char **one;

	if (links_given(&set->link)) {
		e->links.set = &set->link;
		return links_row(&e->links, row->id, m, out, err);
	}
	if (may_be_several(set)) {
		*out = map_list(m, "contact", &set->contact, "");
		return *out != NULL || err_nomem(err);
	}
	one = arena_array(m->arena, 2, sizeof(*one));
	if (one != NULL)
		one[0] = map_text(m, "contact", &set->contact);
	*out = one;
	return one != NULL || err_nomem(err);
}

static bool
emit_one(struct events *e, const struct crm_event *ev, struct err *err)
{
	if (arena_failed(e->c->rest.item))
		return err_nomem(err);
	return e->emit(e->arg, ev) || err_set(err, ERR_CANCELLED,
	    "events: stopped");
}

static bool
emit_all(struct events *e, const struct rest_event *set, struct crm_event *ev,
    const char *const *contacts, struct err *err)
{
	const char *id = ev->event_id;
	const bool several = may_be_several(set) && !set->first_contact;

	if (*contacts == NULL)
		return emit_one(e, ev, err);
	for (; *contacts != NULL; contacts++) {
		ev->contact_id = *contacts;
		if (several)
			ev->event_id = arena_printf(e->c->rest.item, "%s/%s",
			    id, *contacts);
		if (!emit_one(e, ev, err))
			return false;
		if (set->first_contact)
			break;
	}
	return true;
}

/* ---- a row, a page ------------------------------------------------------------------------ */

static bool
on_row(void *arg, const struct listing *l, struct listing_row *row,
    struct err *err)
{
	struct events *e = arg;
	const struct rest_event *set = l->of;
	struct map m = { .maps = &set->maps, .zone = e->c->rest.zone,
		.arena = e->c->rest.item, .row = row->json };
	struct crm_event ev = { .transition_at = NO_TIME };
	const char *const *contacts = NULL;

	const bool ours = map_trigger(&m, set, &ev.trigger);
	if (ours) {
		ev.event_id = event_id(&m, e->c, set, row->id);
		map_facts(&m, set, &ev);
	}
	/* A further request only for what can be used. */
	if (ours && m.reason[0] == '\0' &&
	    !contacts_of(e, &m, set, row, &contacts, err))
		return false;
	memcpy(row->reason, m.reason, sizeof(row->reason));
	if (!ours && m.reason[0] == '\0')
		reader_skip(e->c);
	return !ours || m.reason[0] != '\0' ||
	    emit_all(e, set, &ev, contacts, err);
}

static bool
on_page(void *arg, const struct listing *l, json_t *rows, struct err *err)
{
	struct events *e = arg;
	const struct rest_event *set = l->of;

	e->links = links_begin(e->c, l, &set->link, &e->tally);
	return links_page(&e->links, &set->read.id, rows, err);
}

bool
rest_pull_events(void *self, const struct pull *pull, crm_event_fn *emit,
    checkpoint_fn *checkpoint, void *arg, struct err *err)
{
	struct rest_crm *c = self;
	struct events e = { .c = c, .emit = emit, .arg = arg };
	const struct listing_sink sink = { .page = on_page, .row = on_row,
		.arg = &e, .checkpoint = checkpoint, .checkpoint_arg = arg,
		.sorted = true };

	return listing_read(&c->rest, c->reader->events, c->reader->n_events,
	    pull, &sink, err);
}
