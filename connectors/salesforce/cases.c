/*
 * cases.c - cases that were closed.  A queue may own one: then there is no
 * employee.
 */
#include "reading.h"

#define CONTACT "003"
#define USER "005"

static void
cases(const void *of, struct buf *out, const struct soql_window *w)
{
	const struct sf_events *e = of;

	soql_cases(out, e->case_select, &e->s->set->case_status_exclude, w);
}

static bool
on_rows(void *arg, const struct sf_part *part, json_t *records,
    struct err *err)
{
	struct sf_events *e = arg;
	json_t *row;
	size_t i;

	(void)part;
	arena_reset(e->page);
	json_array_foreach(records, i, row) {
		const time_t at = sf_time(row, "ClosedDate");
		const struct crm_event ev = { .trigger = "case",
			.event_id = sf_text(row, "Id"),
			.contact_id = sf_id(row, "ContactId", CONTACT),
			.category = sf_any(row,
			    e->s->set->case_category_field, e->page),
			.stage = sf_text(row, "Status"),
			.employee_id = sf_id(row, "OwnerId", USER),
			.occurred_at = at, .transition_at = at };
		if (ev.event_id == NULL || at == NO_TIME)
			sf_odd_row(e->s, "cases", row,
			    "expected a case with its id and ClosedDate");
		else if (!sf_emit_event(e, &ev, err))
			return false;
	}
	return true;
}

bool
sf_cases_begin(struct sf_events *e, struct err *err)
{
	const char *const need[] = { "Id", "ContactId", "ClosedDate",
		"IsClosed" };
	const char *const all[] = { "Id", "ContactId", "OwnerId", "Status",
		"ClosedDate", e->s->set->case_category_field };
	const struct sf_describe *d;

	if (!sf_describe(e->s, "Case", &d, err) || !sf_require(d, need,
	    ARRAY_LEN(need), "give the permission set read access to the field",
	    err))
		return false;
	e->case_select = sf_select(d, all, ARRAY_LEN(all), e->s->own);
	e->parts[e->n++] = (struct sf_part){ .name = "cases",
		.label = "query Case", .fields = d, .from = e->pass.begin,
		.until = e->pass.until, .soql = cases, .rows = on_rows,
		.of = e };
	return e->case_select != NULL || err_nomem(err);
}
