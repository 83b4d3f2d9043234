/*
 * history.c - when a sale was closed: the first of its saved versions that has
 * the status.  SaleHistory has a row for each version.
 */
#include "reading.h"

#include "clock.h"

#define SELECT "saleId,updatedDate,registeredDate"


static time_t
saved_at(const struct so_settings *set, json_t *row)
{
	const time_t changed = so_time(set, row, "updatedDate");

	return changed != NO_TIME ? changed :
	    so_time(set, row, "registeredDate");
}

static bool
on_versions(void *arg, const struct so_group *g, struct err *err)
{
	struct so_events *e = arg;
	struct arena *page = e->s->page;
	time_t *first = arena_alloc(page, sizeof(*first));
	const char *id = arena_strdup(page, g->id);

	if (first == NULL || id == NULL)
		return err_nomem(err);
	*first = NO_TIME;
	for (size_t i = 0; i < g->n; i++) {
		const time_t at = saved_at(e->s->set, json_array_get(g->rows,
		    g->at + i));
		if (at != NO_TIME && (*first == NO_TIME || at < *first))
			*first = at;
	}
	return idmap_put(&e->closed, id, first) || err_nomem(err);
}

/* Not ours to read, or not there, in the service's own words: sales count from
 * their date.  Anything else may be over in a minute. */
static bool
unread(struct so_events *e, const struct err *why)
{
	const bool refused = why->kind == ERR_CONFIG &&
	    (why->code == 400 || why->code == 404);

	if (e->s->api.stopped.kind != ERR_NONE ||
	    (why->code != 403 && !refused))
		return false;
	e->s->reader->history_unread = true;
	so_complain(e->s, "SaleHistory", NULL, "expected the right to read it: "
	    "when a sale was closed is not known (sale_history)");
	return true;
}

bool
so_history_load(struct so_events *e, json_t *rows, const char *status,
    struct err *err)
{
	struct superoffice *s = e->s;
	const struct so_query q = { .path = "/Archive/SaleHistory",
		.label = "history of sales", .id = "saleId",
		.select = SELECT, .several = true, .order = "updatedDate asc",
		.top = s->set->page_size, .filter = arena_printf(s->page,
		    "saleStatus oneOf (%s)", status) };
	const char *const *ids;
	size_t n;

	if (s->reader->history_unread)
		return true;
	if (q.filter == NULL)
		return err_nomem(err);
	return so_column_ids(s->page, rows, "saleId", &ids, &n, err) &&
	    (so_query_ids(s, &q, "saleId", ids, n, on_versions, e, err) ||
	        unread(e, err));
}

time_t
so_history_at(const struct so_events *e, const char *sale)
{
	const time_t *at = idmap_get(&e->closed, sale);

	return at == NULL ? NO_TIME : *at;
}
