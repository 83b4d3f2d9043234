/*
 * archive.c - how a query could lose, double, leak or hang, and what stops it:
 *  - a short page that is not the last, as the service caps $top: only an empty
 *    page is the end;
 *  - a service that ignores $filter or $orderBy: no key may be smaller than the
 *    one before it, a page must move on; the last row once more is left out;
 *  - a next link to another host, or none at all: never looked at;
 *  - a page that ends between two rows of one key: its last key comes with the
 *    next page;
 *  - pages without end: the keys grow and have an end, 2^31;
 *  - memory: a page at a time.
 */
#include "archive.h"

#include <stdio.h>
#include <string.h>

#include "clock.h"
#include "common/idmap.h"
#include "row.h"
#include "url.h"

#define FILTER_MAX_BYTES ((size_t)8192)
#define IDS_BYTES ((size_t)1 << 18)
#define QUERY_MAX ((size_t)2048)	/* of an address: what IIS takes */
/* What page.c adds: "&$mode=Full", and a key alone, in a page of more rows. */
#define ADDED_MAX ((size_t)80)
#define CUT_MIN 100	/* rows: no service caps a page below that */

/* ---- texts ------------------------------------------------------------- */
const char *
so_and(struct arena *arena, const char *a, const char *b)
{
	if (a == NULL || *a == '\0')
		return b == NULL ? "" : b;
	return b == NULL || *b == '\0' ? a :
	    arena_printf(arena, "%s and %s", a, b);
}

const char *
so_since(struct arena *arena, const char *column, time_t at)
{
	struct civil c;

	clock_local("UTC", at - 1, &c);
	return arena_printf(arena, "%s afterTime '%04d-%02d-%02dT%02d:%02d:"
	    "%02d'", column, c.year, c.month, c.day, c.hour, c.minute,
	    c.second);
}

const char *
so_one_of(struct arena *arena, const char *column, const char *operator,
    const struct intlist *ids)
{
	AUTO(buf) struct buf text;

	buf_init(&text, FILTER_MAX_BYTES);
	buf_printf(&text, "%s %s (", column, operator);
	for (size_t i = 0; i < ids->n; i++)
		buf_printf(&text, "%s%lld", i == 0 ? "" : ",",
		    (long long)ids->v[i]);
	buf_char(&text, ')');
	return text.failed ? NULL : arena_strdup(arena, buf_text(&text));
}

const char *
so_query_target(struct arena *arena, const struct so_query *q, long long after)
{
	const char *key = arena_printf(arena, "%s gt %lld", q->id, after);
	const char *filter = so_and(arena, q->filter, key);
	const char *entities = q->entities == NULL ? "" :
	    url_escape(arena, q->entities);
	const char *select = url_escape(arena, q->select);

	if (key == NULL || filter == NULL || select == NULL ||
	    entities == NULL || (filter = url_escape(arena, filter)) == NULL)
		return NULL;
	const char *order = q->order == NULL ? "" : arena_printf(arena, "%%2C%s",
	    url_escape(arena, q->order));
	return order == NULL ? NULL : arena_printf(arena, "%s?$select=%s&"
	    "$filter=%s&$orderBy=%s%%20asc%s&$top=%d&$output=Logical%s%s",
	    q->path, select, filter, q->id, order, so_top(q),
	    *entities == '\0' ? "" : "&$entities=", entities);
}

/* ---- rows -------------------------------------------------------------- */
static bool
keyless(struct superoffice *s, const struct so_query *q)
{
	s->unread++;
	so_complain(s, q->label, NULL, "expected a number as key");
	return true;
}

/* Does the page perhaps end within this key, which is not its only one? */
static bool
is_cut(const struct so_query *q, const struct so_group *g)
{
	const size_t n = json_array_size(g->rows);

	return q->several && g->at + g->n == n &&
	    n >= (size_t)(so_top(q) < CUT_MIN ? so_top(q) : CUT_MIN) &&
	    so_key(q, g->row) != so_key(q, json_array_get(g->rows, 0));
}

static bool
group_give(struct superoffice *s, const struct so_query *q,
    struct so_group *g, long long before, long long *last, so_group_fn *fn,
    void *arg, struct err *err)
{
	const long long key = so_key(q, g->row = json_array_get(g->rows,
	    g->at));

	g->n = 1;
	if (key == 0)
		return keyless(s, q);
	if (key < *last)
		return err_set(err, ERR_PROTOCOL, "%s: expected rows in the "
		    "order of %s, after the last one: the service does not keep "
		    "$orderBy or $filter", q->label, q->id);
	while (g->at + g->n < json_array_size(g->rows) && so_key(q,
	    json_array_get(g->rows, g->at + g->n)) == key)
		g->n++;
	/* The last row of the page before once more: it was taken. */
	if (key == *last || (*last > before && is_cut(q, g)))
		return true;
	*last = key;
	arena_reset(s->item);
	g->id = arena_printf(s->item, "%lld", key);
	return g->id == NULL ? err_nomem(err) : fn(arg, g, err);
}

bool
so_rows_each(struct superoffice *s, const struct so_query *q, json_t *rows,
    long long *last, so_group_fn *fn, void *arg, struct err *err)
{
	const long long before = *last;
	struct so_group g = { .rows = rows };

	for (; g.at < json_array_size(rows); g.at += g.n)
		if (!group_give(s, q, &g, before, last, fn, arg, err))
			return false;
	return json_array_size(rows) == 0 || *last > before || err_set(err,
	    ERR_PROTOCOL, "%s: a page that does not move on", q->label);
}

/* ---- all of it --------------------------------------------------------- */
static bool
query_all(struct superoffice *s, struct so_query *q, so_group_fn *fn,
    void *arg, struct err *err)
{
	const struct connector_env *env = &s->api.env;
	AUTO(arena) struct arena *arena = arena_new((size_t)64 << 20);
	long long last = 0;

	if (arena == NULL)
		return err_nomem(err);
	for (size_t n = 1; n > 0;) {
		AUTO(api_res) struct api_res res = { 0 };
		json_t *rows;
		if (env->cancelled != NULL && env->cancelled())
			return err_set(err, ERR_CANCELLED, "cancelled");
		if (!so_query_next(s, arena, q, &last, &res, &rows, err) ||
		    !so_rows_each(s, q, rows, &last, fn, arg, err))
			return false;
		n = json_array_size(rows);
	}
	return true;
}

bool
so_query_all(struct superoffice *s, const struct so_query *q, so_group_fn *fn,
    void *arg, struct err *err)
{
	struct so_query own = *q;

	return query_all(s, &own, fn, arg, err);
}

static const char *
some_ids(struct arena *arena, const char *column, const char *const *ids,
    size_t n)
{
	AUTO(buf) struct buf text;

	buf_init(&text, FILTER_MAX_BYTES);
	buf_printf(&text, "%s in (", column);
	for (size_t i = 0; i < n; i++)
		buf_printf(&text, "%s%s", i == 0 ? "" : ",", ids[i]);
	buf_char(&text, ')');
	return text.failed ? NULL : arena_strdup(arena, buf_text(&text));
}

/* The query for the first of the ids, as many as an address holds. */
static bool
ids_filter(struct arena *arena, const struct so_query *q, const char *column,
    const char *const *ids, size_t *n, struct so_query *some)
{
	for (;; *n = (*n + 1) / 2) {
		const char *filter = some_ids(arena, column, ids, *n);
		*some = *q;
		some->filter = filter == NULL ? NULL : so_and(arena, q->filter,
		    filter);
		const char *target = some->filter == NULL ? NULL :
		    so_query_target(arena, some, INT32_MAX);
		if (target == NULL)
			return false;
		if (*n <= 1 || strlen(target) + ADDED_MAX <=
		    strlen(q->path) + QUERY_MAX)
			return true;
	}
}

bool
so_query_ids(struct superoffice *s, const struct so_query *q,
    const char *column, const char *const *ids, size_t n, so_group_fn *fn,
    void *arg, struct err *err)
{
	AUTO(arena) struct arena *arena = arena_new(IDS_BYTES);
	const size_t max = (size_t)s->set->ids_max;
	struct so_query some, whole = *q;

	if (arena == NULL)
		return err_nomem(err);
	for (size_t at = 0, k; at < n; at += k) {
		arena_reset(arena);
		k = n - at < max ? n - at : max;
		if (!ids_filter(arena, &whole, column, ids + at, &k, &some))
			return err_nomem(err);
		if (!query_all(s, &some, fn, arg, err))
			return false;
		whole.fits = some.fits;
	}
	return true;
}

bool
so_column_ids(struct arena *arena, json_t *rows, const char *column,
    const char *const **ids, size_t *n, struct err *err)
{
	const char **v = arena_array(arena, json_array_size(rows) + 1,
	    sizeof(*v));
	struct idmap met;
	json_t *row;
	size_t i;

	*n = 0;
	idmap_init(&met, arena);
	if (v == NULL)
		return err_nomem(err);
	json_array_foreach (rows, i, row) {
		const char *id = so_id(row, column, arena);
		if (id == NULL || idmap_has(&met, id))
			continue;
		if (!idmap_put(&met, id, NULL))
			return err_nomem(err);
		v[(*n)++] = id;
	}
	*ids = v;
	return !arena_failed(arena) || err_nomem(err);
}
