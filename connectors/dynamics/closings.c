/*
 * closings.c - the moment a deal or a case was closed, from the activity that
 * closing it left behind: the row itself knows a day, or nothing.
 */
#include "reader.h"

struct loading {
	struct closings *c;
	struct arena *page;
};

static bool
on_closing(void *arg, json_t *row, struct err *err)
{
	const struct loading *l = arg;
	const char *id = row_id(row, l->c->column, l->page);
	const time_t at = row_time(row, "actualend", "UTC");
	time_t *known;

	if (id == NULL || at == NO_TIME)
		return !arena_failed(l->page) || err_nomem(err);
	if ((known = idmap_get(&l->c->at, id)) != NULL) {
		*known = at > *known ? at : *known;
		return true;
	}
	known = arena_alloc(l->page, sizeof(*known));
	if (known == NULL || !idmap_put(&l->c->at, id, known))
		return err_nomem(err);
	*known = at;
	return true;
}

/* Refused for what it is: no right, no such table, no such column. */
static bool
is_not_ours(const struct dynamics *d, const struct err *err)
{
	return d->api.stopped.kind == ERR_NONE && (err->kind == ERR_AUTH ||
	    err->kind == ERR_CONFIG || err->kind == ERR_REJECTED);
}

bool
closings_load(struct closings *c, struct dynamics *d, json_t *rows,
    const char *id, struct err *err)
{
	struct loading l = { c, d->page };
	struct odata_query q = { .set = c->set, .select = arena_printf(d->page,
	    "%s,actualend", c->column) };
	const char *const *ids;
	size_t n;

	idmap_init(&c->at, d->page);
	if (*c->unread)
		return true;
	if (q.select == NULL || !feed_ids(d->page, rows, id, &ids, &n, err))
		return err_nomem(err);
	if (feed_by_ids(d, d->page, &q, c->column, ids, n, on_closing, &l, err))
		return true;
	*c->unread = is_not_ours(d, err);
	return *c->unread;
}

time_t
closings_at(const struct closings *c, const char *id)
{
	const time_t *at = idmap_get(&c->at, id);

	return at == NULL ? NO_TIME : *at;
}
