/*
 * deals.c - opportunities that were won or lost.
 *
 * The stamp only finds candidates: an edit of an old deal brings it up again,
 * and its key, which the core keeps for ever, says that it was there.  When it
 * was closed says the change of its stage; CloseDate is what somebody typed.
 */
#include "reading.h"

#include <string.h>

#define STAGE_CHANGED "LastStageChangeDate"
#define USER "005"

static void
deals(const void *of, struct buf *out, const struct soql_window *w)
{
	const struct sf_events *e = of;

	soql_deals(out, e->deal_select, e->deal_stamp, w);
}

/* ---- what is known beside the row -------------------------------------- */
struct beside {
	struct sf_links roles, changes;
};

static bool
beside_of(struct sf_events *e, json_t *records, struct beside *b,
    struct err *err)
{
	static const struct sf_lookup roles = { "query OpportunityContactRole",
		soql_roles, "OpportunityId", "ContactId", "IsPrimary", NULL,
		false };
	static const struct sf_lookup changes = { "query "
	    "OpportunityFieldHistory", soql_stage_changes, "OpportunityId",
		NULL, NULL, "CreatedDate", true };
	size_t n;
	const char **ids = sf_column(records, "Id", e->page, &n);

	*b = (struct beside){ .roles = { .n = 0 } };
	if (ids == NULL)
		return err_nomem(err);
	if (!sf_lookup(e->s, &roles, ids, n, e->page, &b->roles, err))
		return false;
	if (*e->deal_time != '\0' || e->s->no_history)
		return true;
	if (!sf_lookup(e->s, &changes, ids, n, e->page, &b->changes, err))
		return false;
	e->s->no_history = b->changes.absent;
	return true;
}

/* Whom the deal designates; NULL = nobody, or not one alone. */
static const char *
contact_of(const struct sf_events *e, const struct beside *b, const char *id)
{
	size_t n;
	const struct sf_link *role = sf_links_of(&b->roles, id, &n);
	const char *first = NULL;
	bool several = false;

	for (size_t i = 0; i < n; i++) {
		if (role[i].to == NULL)
			continue;
		if (role[i].flag)
			return role[i].to;
		several |= first != NULL && strcmp(first, role[i].to) != 0;
		first = first == NULL ? role[i].to : first;
	}
	return several && e->s->set->deal_contact_rule == SF_PRIMARY_OR_ONLY ?
	    NULL : first;
}

static time_t
closed_at(const struct sf_events *e, const struct beside *b, json_t *row)
{
	const char *id = sf_text(row, "Id");
	size_t n;
	const struct sf_link *change = *e->deal_time != '\0' || id == NULL ?
	    NULL : sf_links_of(&b->changes, id, &n);

	return change != NULL ? change->at : sf_time(row, e->deal_time);
}

/* ---- a row ------------------------------------------------------------- */
/* "006...", or with the time of its closing where deals may be won again. */
static const char *
key_of(const struct salesforce *s, const char *id, time_t closed,
    struct arena *arena)
{
	char text[32];

	return s->set->deal_rewin == SF_REWIN_ONCE || closed == NO_TIME ?
	    arena_strdup(arena, id) :
	    arena_printf(arena, "%s@%s", id, clock_iso(text, closed));
}

static bool
emit_row(struct sf_events *e, json_t *row, const struct beside *b,
    struct err *err)
{
	const char *id = sf_text(row, "Id");
	const time_t changed = sf_time(row, e->deal_stamp);
	const time_t closed = closed_at(e, b, row);
	struct crm_event ev = { .trigger = sf_is_true(row, "IsWon") ? "sale" :
	    "loss",
		.category = sf_any(row, e->s->set->deal_category_field,
		    e->page), .stage = sf_text(row, "StageName"),
		.employee_id = sf_id(row, "OwnerId", USER),
		.occurred_at = closed != NO_TIME ? closed : changed,
		.transition_at = closed };

	if (id == NULL || changed == NO_TIME || json_is_false(json_at(row,
	    "IsClosed"))) {
		sf_odd_row(e->s, "deals", row,
		    "expected a closed deal with its id and its stamp");
		return true;
	}
	ev.contact_id = contact_of(e, b, id);
	ev.event_id = key_of(e->s, id, closed, e->page);
	return ev.event_id == NULL ? err_nomem(err) :
	    sf_emit_event(e, &ev, err);
}

static bool
on_rows(void *arg, const struct sf_part *part, json_t *records,
    struct err *err)
{
	struct sf_events *e = arg;
	struct beside b;
	json_t *row;
	size_t i;

	(void)part;
	arena_reset(e->page);
	if (!beside_of(e, records, &b, err))
		return false;
	json_array_foreach(records, i, row)
		if (!emit_row(e, row, &b, err))
			return false;
	return true;
}

/* ---- begin ------------------------------------------------------------- */
bool
sf_deals_begin(struct sf_events *e, struct err *err)
{
	const char *own = e->s->set->deal_event_time_field;
	const char *const need[] = { "Id", "IsWon", "IsClosed", own };
	const struct sf_describe *d;

	if (!sf_describe(e->s, "Opportunity", &d, err) || !sf_require(d, need,
	    ARRAY_LEN(need), "give the permission set read access to the field, "
	    "or correct the option deal_event_time_field", err))
		return false;
	e->deal_time = *own != '\0' ? own : sf_has(d, STAGE_CHANGED) ?
	    STAGE_CHANGED : "";
	e->deal_stamp = sf_stamp(d);
	if (e->deal_stamp == NULL)
		return err_set(err, ERR_CONFIG, "Opportunity: neither "
		    "SystemModstamp nor LastModifiedDate can be asked for");
	const char *const all[] = { "Id", "OwnerId", "IsWon", "IsClosed",
		"StageName", e->s->set->deal_category_field, e->deal_time,
		e->deal_stamp };
	e->deal_select = sf_select(d, all, ARRAY_LEN(all), e->s->own);
	e->parts[e->n++] = (struct sf_part){ .name = "deals",
		.label = "query Opportunity", .fields = d,
		.from = e->pass.begin,
		.until = e->pass.until, .soql = deals, .rows = on_rows,
		.of = e };
	return e->deal_select != NULL || err_nomem(err);
}
