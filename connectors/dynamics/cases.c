/*
 * cases.c - resolved incidents as events, from the incidents themselves or from
 * the activities that resolving them left behind.
 *
 * A case has no time of its resolution: that of the activity where it can be
 * read, else the last change.  One that was merged into another (statuscode
 * 2000) was not answered and is none.
 */
#include "clock.h"
#include "reader.h"

#define SELECT "incidentid,ticketnumber,title,statecode,statuscode," \
	"modifiedon,_customerid_value,_primarycontactid_value,_ownerid_value"
#define RESOLUTION_SELECT "activityid,_incidentid_value,actualend,modifiedon"
#define RESOLVED 1

struct incident {
	const char *id, *contact, *stage, *employee;
	bool resolved;
	time_t changed;
};

static bool
is_resolved(const struct dynamics *d, json_t *row)
{
	const struct intlist *not = &d->set->case_statuscode_exclude;
	long long state, status;

	if (!row_number(row, "statecode", &state) || state != RESOLVED)
		return false;
	if (!row_number(row, "statuscode", &status))
		return not->n == 0;
	for (size_t i = 0; i < not->n; i++)
		if (not->v[i] == status)
			return false;
	return true;
}

static void
case_map(const struct dynamics *d, json_t *row, struct arena *arena,
    struct incident *c)
{
	*c = (struct incident){ .id = row_id(row, "incidentid", arena),
		.contact = row_id(row, "_primarycontactid_value", arena),
		.stage = row_text(row, "statuscode", arena),
		.employee = row_lookup(row, "_ownerid_value", "systemuser",
		    arena),
		.resolved = is_resolved(d, row),
		.changed = row_time(row, "modifiedon", "UTC") };
	if (c->contact == NULL)
		c->contact = row_lookup(row, "_customerid_value", "contact",
		    arena);
}

static bool
case_emit(struct events *e, const struct incident *c, time_t at,
    struct feed_row *row, struct err *err)
{
	const struct crm_event ev = { .trigger = "case", .event_id = c->id,
		.contact_id = c->contact, .stage = c->stage,
		.employee_id = c->employee,
		.occurred_at = at != NO_TIME ? at : c->changed,
		.transition_at = at };

	if (!c->resolved)
		return true;
	if (ev.occurred_at == NO_TIME) {
		feed_refuse(row, "modifiedon", "a time");
		return true;
	}
	return events_emit(e, &ev, err);
}

/* ---- source: incidents ------------------------------------------------- */

static bool
cases_page(struct events *e, json_t *rows, struct err *err)
{
	e->closings = (struct closings){ .set = "incidentresolutions",
		.column = "_incidentid_value",
		.unread = &e->d->reader->resolutions_unread };
	return closings_load(&e->closings, e->d, rows, "incidentid", err);
}

static bool
cases_row(struct events *e, struct feed_row *row, struct err *err)
{
	struct incident c;

	case_map(e->d, row->json, e->d->item, &c);
	return case_emit(e, &c, closings_at(&e->closings, row->id), row, err);
}

const struct event_kind event_cases = { cases_page, cases_row };

/* ---- source: the resolutions ------------------------------------------- */

static bool
on_case(void *arg, json_t *row, struct err *err)
{
	struct events *e = arg;
	struct arena *page = e->d->page;
	struct incident *c = arena_alloc(page, sizeof(*c));

	if (c == NULL)
		return err_nomem(err);
	case_map(e->d, row, page, c);
	return c->id == NULL || idmap_put(&e->records, c->id, c) ||
	    err_nomem(err);
}

static bool
resolutions_page(struct events *e, json_t *rows, struct err *err)
{
	struct arena *page = e->d->page;
	const struct odata_query q = { .set = "incidents", .select = SELECT };
	const char *const *ids;
	size_t n;

	idmap_init(&e->records, page);
	return feed_ids(page, rows, "_incidentid_value", &ids, &n, err) &&
	    feed_by_ids(e->d, page, &q, "incidentid", ids, n, on_case, e, err);
}

static bool
resolutions_row(struct events *e, struct feed_row *row, struct err *err)
{
	const char *id = row_id(row->json, "_incidentid_value", e->d->item);
	const struct incident *c = id == NULL ? NULL : idmap_get(&e->records,
	    id);

	return c == NULL || case_emit(e, c, row_time(row->json, "actualend",
	    "UTC"), row, err);
}

const struct event_kind event_resolutions = { resolutions_page,
	resolutions_row };

bool
cases_open(struct dynamics *d, struct err *err)
{
	const struct feed cases = { .name = "incidents", .set = "incidents",
		.id = "incidentid", .select = SELECT,
		.filter = "statecode eq 1", .of = &event_cases };
	const struct feed resolutions = { .name = "incidentresolutions",
		.set = "incidentresolutions", .id = "activityid",
		.select = RESOLUTION_SELECT, .of = &event_resolutions };

	return events_add(d, d->set->case_source == CASES_INCIDENTS ? &cases :
	    &resolutions, err);
}
