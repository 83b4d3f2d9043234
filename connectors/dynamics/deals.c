/*
 * deals.c - won and lost opportunities as events, from the opportunities
 * themselves or from the activities that closing them left behind.
 *
 * How this can lose or double, and what stops it:
 *  - a deal that is opened and closed again: by deal_rewin one event, whose id
 *    is the deal's, or one for each closing, whose id names its moment too.
 *    Where the moment cannot be read such an id would be another one later: that
 *    ends the reading;
 *  - a deal that was lost and then won: an older closing knows nothing of how it
 *    ended, the deal tells of the last one only, which alone is an event;
 *  - deals closed long ago that an import touches: known since the first pass;
 *  - who designated nobody: an event without contact, which the core counts.  A
 *    company's primary contact only where the installation says so.
 */
#include <string.h>

#include "clock.h"
#include "reader.h"

#define SELECT "opportunityid,name,statecode,statuscode,actualclosedate," \
	"modifiedon,_parentcontactid_value,_parentaccountid_value," \
	"_customerid_value,_ownerid_value"
#define CLOSE_SELECT "activityid,_opportunityid_value,actualend,modifiedon"
#define PRIMARY "_primarycontactid_value"
#define EXPAND "parentaccountid($select=" PRIMARY \
	"),customerid_account($select=" PRIMARY ")"
#define WON 1
#define LOST 2

struct deal {
	const char *id, *contact, *stage, *employee;
	long long state;
	time_t closed;		/* the day's first instant */
};

/* ---- an opportunity ---------------------------------------------------- */

static const char *
primary_of(json_t *row, const char *account, struct arena *arena)
{
	return row_id(json_object_get(row, account), PRIMARY, arena);
}

static const char *
contact_of(const struct dynamics *d, json_t *row, struct arena *arena)
{
	/* A lookup that can hold nothing but a contact. */
	const char *id = row_id(row, "_parentcontactid_value", arena);

	if (id == NULL)
		id = row_lookup(row, "_customerid_value", "contact", arena);
	if (id != NULL || d->set->deal_contact_rule == DEAL_PARENT_CUSTOMER)
		return id;
	if ((id = primary_of(row, "parentaccountid", arena)) == NULL)
		id = primary_of(row, "customerid_account", arena);
	return id;
}

static void
deal_map(const struct dynamics *d, json_t *row, struct arena *arena,
    struct deal *deal)
{
	*deal = (struct deal){ .id = row_id(row, "opportunityid", arena),
		.contact = contact_of(d, row, arena),
		.stage = row_text(row, "statuscode", arena),
		.employee = row_lookup(row, "_ownerid_value", "systemuser",
		    arena),
		.closed = row_time(row, "actualclosedate", d->zone) };
	if (!row_number(row, "statecode", &deal->state))
		deal->state = 0;
}

/* at = of its closing, or NO_TIME: then its day. */
static bool
deal_emit(struct events *e, const struct deal *deal, time_t at,
    struct feed_row *row, struct err *err)
{
	const bool each = e->d->set->deal_rewin == REWIN_EACH;
	const time_t closed = at != NO_TIME ? at : deal->closed;
	struct crm_event ev = { .trigger = deal->state == WON ? "sale" : "loss",
		.event_id = deal->id, .contact_id = deal->contact,
		.stage = deal->stage, .employee_id = deal->employee,
		.occurred_at = closed, .transition_at = closed };
	char text[32];

	if (deal->state != WON && deal->state != LOST)
		return true;
	if (closed == NO_TIME) {
		feed_refuse(row, "actualclosedate", "a day");
		return true;
	}
	if (each)
		ev.event_id = arena_printf(e->d->item, "%s@%s", deal->id,
		    clock_iso(text, closed));
	return events_emit(e, &ev, err);
}

/* ---- source: opportunities --------------------------------------------- */

/* By the deals' ids in rows' column `id`. */
static bool
last_closings_load(struct events *e, json_t *rows, const char *id,
    struct err *err)
{
	e->closings = (struct closings){ .set = "opportunitycloses",
		.column = "_opportunityid_value",
		.unread = &e->d->reader->closes_unread };
	if (!closings_load(&e->closings, e->d, rows, id, err))
		return false;
	if (*e->closings.unread && e->d->set->deal_rewin == REWIN_EACH)
		return err_set(err, ERR_CONFIG, "deal_rewin = \"each\" needs "
		    "the right to read opportunitycloses");
	return true;
}

static bool
deals_page(struct events *e, json_t *rows, struct err *err)
{
	return last_closings_load(e, rows, "opportunityid", err);
}

static bool
deals_row(struct events *e, struct feed_row *row, struct err *err)
{
	struct deal deal;

	deal_map(e->d, row->json, e->d->item, &deal);
	return deal_emit(e, &deal, closings_at(&e->closings, row->id), row,
	    err);
}

const struct event_kind event_deals = { deals_page, deals_row };

/* ---- source: the closings ---------------------------------------------- */

static bool
on_deal(void *arg, json_t *row, struct err *err)
{
	struct events *e = arg;
	struct arena *page = e->d->page;
	struct deal *deal = arena_alloc(page, sizeof(*deal));

	if (deal == NULL)
		return err_nomem(err);
	deal_map(e->d, row, page, deal);
	return deal->id == NULL || idmap_put(&e->records, deal->id, deal) ||
	    err_nomem(err);
}

static const char *
expand_of(const struct dynamics *d)
{
	return d->set->deal_contact_rule == DEAL_PARENT_CUSTOMER ? NULL :
	    EXPAND;
}

static bool
closes_page(struct events *e, json_t *rows, struct err *err)
{
	struct arena *page = e->d->page;
	const struct odata_query q = { .set = "opportunities",
		.select = SELECT, .expand = expand_of(e->d) };
	const char *const *ids;
	size_t n;

	idmap_init(&e->records, page);
	if (!feed_ids(page, rows, "_opportunityid_value", &ids, &n, err) ||
	    !feed_by_ids(e->d, page, &q, "opportunityid", ids, n, on_deal, e,
	        err))
		return false;
	return e->d->set->deal_rewin != REWIN_EACH ||
	    last_closings_load(e, rows, "_opportunityid_value", err);
}

/* The deal was closed again since, and its state is of that. */
static bool
is_older(const struct events *e, const char *deal, time_t at)
{
	return e->d->set->deal_rewin == REWIN_EACH &&
	    at < closings_at(&e->closings, deal);
}

/* A deal that is open again, or gone, was closed for nobody. */
static bool
closes_row(struct events *e, struct feed_row *row, struct err *err)
{
	const char *id = row_id(row->json, "_opportunityid_value", e->d->item);
	const struct deal *deal = id == NULL ? NULL : idmap_get(&e->records,
	    id);
	const time_t at = row_time(row->json, "actualend", "UTC");

	return deal == NULL || is_older(e, id, at) ||
	    deal_emit(e, deal, at, row, err);
}

const struct event_kind event_closes = { closes_page, closes_row };

bool
deals_open(struct dynamics *d, struct err *err)
{
	const struct feed deals = { .name = "opportunities",
		.set = "opportunities", .id = "opportunityid",
		.select = SELECT, .expand = expand_of(d),
		.filter = "(statecode eq 1 or statecode eq 2)",
		.of = &event_deals };
	const struct feed closes = { .name = "opportunitycloses",
		.set = "opportunitycloses", .id = "activityid",
		.select = CLOSE_SELECT, .of = &event_closes };

	return events_add(d, d->set->deal_source == DEALS_OPPORTUNITIES ?
	    &deals : &closes, err);
}
