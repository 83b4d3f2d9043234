/*
 * fetch.c - rows asked for at once: by id, or all that a query has.
 *
 * Expanded collections are not shown in full, so that what belongs to the rows
 * of a page is asked for by their ids, page after page.  Rows of an answer that
 * broke off are handed out, but the call fails: nobody is called gone.
 */
#include <string.h>

#include "common/idmap.h"
#include "common/paging.h"
#include "feed.h"
#include "row.h"

#define PAGES_MAX 20000
/* The next page's address is that of the first, encoded once more perhaps, with
 * a cookie behind it: room for that. */
#define FIRST_EIGHTHS 5

static const char *const next_links[] = { "/@odata.nextLink" };

static void
paging_cleanup(struct paging *p)
{
	paging_free(p);
}

static bool
rows_give(const struct api_res *res, const char *label, feed_row_fn *fn,
    void *arg, struct err *err)
{
	json_t *rows, *row;
	size_t i;

	if (!dynamics_rows(res, label, &rows, err))
		return false;
	json_array_foreach (rows, i, row)
		if (!fn(arg, row, err))
			return false;
	return true;
}

/* One answer; *target = the next one's address, or NULL. */
static bool
page_take(struct dynamics *d, struct arena *arena, struct paging *p,
    const char **target, const char *label, feed_row_fn *fn, void *arg,
    struct err *err)
{
	AUTO(api_res) struct api_res res = { 0 };
	enum paging_step step;

	if (!dynamics_get(d, arena, *target, NULL, label, &res, err) ||
	    !rows_give(&res, label, fn, arg, err))
		return false;
	const struct paging_page page = { .root = api_root(&res),
		.url = p->link.len > 0 ? buf_text(&p->link) : p->url };
	if (!paging_advance(p, &page, arena, &step, err))
		return err_wrap(err, "%s", label);
	*target = NULL;
	if (step == PAGING_MORE)
		*target = arena_strdup(arena, buf_text(&p->link));
	return step != PAGING_MORE || *target != NULL || err_nomem(err);
}

bool
feed_all(struct dynamics *d, struct arena *arena, const char *target,
    const char *label, feed_row_fn *fn, void *arg, struct err *err)
{
	const struct paging_settings pages = { .kind = PAGING_NEXT_LINK,
		.size_param = "", .size = d->set->page_size,
		.max_pages = PAGES_MAX, .next = { next_links, 1 } };
	const struct connector_env *env = &d->api.env;
	const char *base = arena_printf(arena, "%s%s", d->origin, d->path);
	const char *first = base == NULL ? NULL : arena_printf(arena, "%s%s",
	    base, target);
	AUTO(paging) struct paging p;

	paging_init(&p, &pages, base, first);
	if (first == NULL)
		return err_nomem(err);
	while (target != NULL) {
		if (env->cancelled != NULL && env->cancelled())
			return err_set(err, ERR_CANCELLED, "%s: stopped",
			    label);
		if (!page_take(d, arena, &p, &target, label, fn, arg, err))
			return false;
	}
	return true;
}

bool
feed_by_ids(struct dynamics *d, struct arena *arena,
    const struct odata_query *q, const char *column, const char *const *ids,
    size_t n, feed_row_fn *fn, void *arg, struct err *err)
{
	struct odata_ids some = { .column = column, .ids = ids, .n = n,
		.function = d->set->in_style == IN_FUNCTION };
	const size_t before = strlen(d->origin) + strlen(d->path);
	const size_t max = (size_t)d->set->url_max_bytes / 8 * FIRST_EIGHTHS;

	some.max_bytes = max > before ? max - before : 1;
	while (some.at < n) {
		const char *target = odata_ids_next(&some, q, arena);
		if (target == NULL)
			return err_nomem(err);
		if (!feed_all(d, arena, target, q->set, fn, arg, err))
			return false;
	}
	return true;
}

bool
feed_ids(struct arena *arena, json_t *rows, const char *column,
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
		const char *id = row_id(row, column, arena);
		if (id == NULL || idmap_has(&met, id))
			continue;
		if (!idmap_put(&met, id, NULL))
			return err_nomem(err);
		v[(*n)++] = id;
	}
	*ids = v;
	return !arena_failed(arena) || err_nomem(err);
}
