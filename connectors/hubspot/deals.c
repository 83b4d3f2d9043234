/*
 * deals.c - deals that were won or lost.
 *
 * The stamp only finds candidates: an edit of an old deal brings it up again,
 * and its key, which the core keeps for ever, says that it was there.  When it
 * was closed says its entry into the stage; closedate is what somebody typed, may
 * lie ahead, and counts only where the entry is not known.
 *
 * A label that is written in another way than the portal has it finds nobody:
 * that is told where many deals have contacts and the label never comes up in the
 * run, by a pass or a sweep that was not broken: of a few deals, or of the rest of
 * a pass, it says nothing.  Of few deals `npsync check` says it.
 */
#include <string.h>
#include <strings.h>

#include "reading.h"

#define STAMP "hs_lastmodifieddate"
#define STAGES_BYTES ((size_t)1600)	/* of a search's body: ids and columns */
#define BY_FLAG "hs_is_closed"
#define LABEL_DEALS_MIN 10	/* with contacts, and none of them the label */

/* ---- a row ------------------------------------------------------------------------- */
static const char *
by_flags(json_t *row, struct arena *arena)
{
	if (hs_is_true(row, "hs_is_closed_won", arena))
		return "sale";
	return hs_is_true(row, BY_FLAG, arena) ? "loss" : NULL;
}

/* The stages are there: hs_deals_begin. */
static const char *
trigger_of(const struct hubspot *h, json_t *row, struct arena *arena)
{
	const struct hs_stages *s = h->stages[HS_OF_DEALS];

	if (h->set->deal_rule == HS_BY_FLAGS && h->set->won_stages.n == 0 &&
	    h->set->lost_stages.n == 0)
		return by_flags(row, arena);
	switch (hs_stage_kind(s, hs_property(row, "dealstage", arena))) {
	case HS_WON:
		return "sale";
	case HS_LOST:
		return "loss";
	case HS_OPEN:
	case HS_CLOSED:
		break;
	}
	return NULL;
}

static bool
emit_row(struct hs_events *e, json_t *row, const struct hs_links *links,
    struct err *err)
{
	const char *stage = hs_property(row, "dealstage", e->page);
	const char *trigger = trigger_of(e->h, row, e->page);
	const time_t closed = trigger == NULL ? NO_TIME : hs_entered_at(e,
	    "deals", row, stage);
	const time_t changed = hs_time(hs_property(row, STAMP, e->page));
	struct crm_event ev = { .trigger = trigger,
		.event_id = hs_id(row, "id", e->page),
		.category = hs_property(row, e->h->set->deal_category_property,
		    e->page),
		.stage = stage,
		.employee_id = hs_property(row, "hubspot_owner_id", e->page),
		.occurred_at = closed != NO_TIME ? closed :
		    hs_not_after(e, row, "closedate", changed) };

	ev.transition_at = hs_transition_at(e, row, closed, ev.occurred_at);
	if (ev.event_id == NULL || changed == NO_TIME) {
		hs_odd_event(e, "deals", row,
		    "expected a deal with its id and its stamp");
		return true;
	}
	return ev.trigger == NULL || hs_emit_event(e, &ev, links, err);
}

static bool
on_rows(void *arg, const struct hs_part *part, json_t *rows, struct err *err)
{
	const struct hs_events *e = arg;

	return hs_each_row(arg, part->ask.type, hs_deal_label(e->h->set), rows,
	    emit_row, err);
}

/* ---- the label ----------------------------------------------------------------------- */
const char *
hs_deal_label(const struct hs_settings *set)
{
	return strcasecmp(set->deal_contacts, "all") == 0 ? NULL :
	    set->deal_contacts;
}

void
hs_deals_tell_label(const struct hs_events *e)
{
	const struct connector_env *env = &e->h->env;
	/* The same each night: a number in it would make it news. */
	const char *text = arena_printf(e->own, "deal_contacts: no deal that was "
	    "read has a contact with the label \"%.60s\", so nobody is asked "
	    "about them: if that is not so, correct it (`npsync check` names "
	    "the labels) and read them again (`npsync resync`)",
	    e->h->set->deal_contacts);

	if (e->pass.pull->resume != NULL)
		return;
	if (e->n_linked >= LABEL_DEALS_MIN && !e->h->label_met &&
	    env->quarantine != NULL)
		env->quarantine(env->quarantine_arg, "deals", 0, NULL,
		    text == NULL ? "deal_contacts: no deal has a contact with "
		    "this label" : text);
}

/* ---- begin --------------------------------------------------------------------------- */
struct chunk {			/* stages that one search asks for */
	const char **ids, **columns;
	size_t n, n_columns, bytes;
};

static bool
chunk_new(struct hs_events *e, struct chunk *c, size_t stages)
{
	const char *const names[] = { "dealstage", BY_FLAG,
		"hs_is_closed_won", "hubspot_owner_id", STAMP, "closedate",
		"createdate",
		e->h->set->deal_category_property };

	*c = (struct chunk){ .ids = arena_array(e->own, stages + 1,
	    sizeof(*c->ids)), .columns = arena_array(e->own,
	    stages + ARRAY_LEN(names) + 1, sizeof(*c->columns)) };
	if (c->ids == NULL || c->columns == NULL)
		return false;
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (*names[i] != '\0')
			c->columns[c->n_columns++] = names[i];
	return true;
}

static bool
chunk_add(struct hs_events *e, struct chunk *c, const char *id)
{
	const char *column = arena_printf(e->own, HS_ENTERED "%s", id);

	if (column == NULL)
		return false;
	c->ids[c->n++] = id;
	c->columns[c->n_columns++] = column;
	c->bytes += strlen(id) + strlen(column) + 6;
	return true;
}

static bool
chunk_end(struct hs_events *e, const struct chunk *c, bool flags,
    struct err *err)
{
	struct hs_filter *filter = arena_alloc(e->own, sizeof(*filter));
	const char *name = arena_printf(e->own, "deals%zu", e->n);

	if (filter == NULL || name == NULL)
		return err_nomem(err);
	*filter = flags ? (struct hs_filter){ .property = BY_FLAG, .op = "EQ",
	    .value = "true" } : (struct hs_filter){ .property = "dealstage",
		.op = "IN", .values = c->ids, .n = c->n };
	const struct hs_part part = { .name = name, .from = e->pass.begin,
		.until = e->pass.until, .rows = on_rows,
		.ask = { .type = "deals", .label = "search deals",
		    .stamp = STAMP, .any = filter, .n_any = 1,
		    .columns = (const char *const *)c->columns } };
	return hs_part_add(e, &part, err);
}

/* By its flags a deal is asked for once, whatever its stage: of as many stages
 * as fit the entry is known. */
static bool
parts_add(struct hs_events *e, const struct hs_stages *s, bool flags,
    struct err *err)
{
	struct chunk c = { .n = 0 };

	if (!chunk_new(e, &c, s->n))
		return err_nomem(err);
	for (size_t i = 0; i < s->n; i++) {
		if (s->v[i].kind == HS_OPEN)
			continue;
		if (c.bytes > STAGES_BYTES) {
			if (flags)
				break;
			if (!chunk_end(e, &c, flags, err))
				return false;
			if (!chunk_new(e, &c, s->n))
				return err_nomem(err);
		}
		if (!chunk_add(e, &c, s->v[i].id))
			return err_nomem(err);
	}
	return chunk_end(e, &c, flags, err);
}

bool
hs_deals_begin(struct hs_events *e, struct err *err)
{
	const struct hs_settings *set = e->h->set;
	const struct hs_stages *s;

	return hs_stages_get(e->h, HS_OF_DEALS, &s, err) && parts_add(e, s,
	    set->deal_rule == HS_BY_FLAGS && set->won_stages.n == 0 &&
	    set->lost_stages.n == 0, err);
}
