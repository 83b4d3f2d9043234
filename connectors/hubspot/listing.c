/*
 * listing.c - lists: complete, without a limit of rows, without a filter.
 */
#include <stdio.h>
#include <string.h>

#include "reading.h"
#include "search.h"
#include "url.h"

#define PAGE_MAX_BYTES ((size_t)67108864)
#define PAGES_MAX 1000000

struct listing {
	struct hubspot *h;
	enum hs_area area;
	const char *rest, *label;
	struct arena *arena;		/* of a page */
	struct hs_cursor cursor;
	long pages, empty;
};

static bool
fetch(struct listing *l, struct api_res *res, struct err *err)
{
	const char *rest = arena_printf(l->arena, "%s%slimit=%d", l->rest,
	    strchr(l->rest, '?') == NULL ? "?" : "&", l->h->set->list_limit);

	if (rest != NULL && *l->cursor.at != '\0')
		rest = url_add_query(l->arena, rest, "after", l->cursor.at);
	if (rest == NULL)
		return err_nomem(err);
	return hs_read(l->h, l->arena, &(struct hs_call){ .label = l->label,
	    .path = hs_path(l->h, l->arena, l->area, rest) }, res, err);
}

static bool
is_endless(struct listing *l, json_t *rows, struct err *err)
{
	l->empty = json_array_size(rows) > 0 ? 0 : l->empty + 1;
	return ++l->pages > PAGES_MAX || l->empty > l->h->set->max_pages ?
	    !err_set(err, ERR_PROTOCOL, "%s: %ld pages, and no end", l->label,
	    l->pages) : false;
}

static bool
step(struct listing *l, hs_page_fn *page, void *arg, bool *more,
    struct err *err)
{
	AUTO(api_res) struct api_res res = { 0 };
	json_t *rows;

	arena_reset(l->arena);
	if (!fetch(l, &res, err))
		return false;
	rows = json_object_get(api_root(&res), "results");
	if (!json_is_array(rows))
		return err_set(err, ERR_PROTOCOL, "%s: expected an array "
		    "\"results\"", l->label);
	return hs_cursor_next(&l->cursor, api_root(&res), l->label, more,
	    err) && !is_endless(l, rows, err) &&
	    page(arg, rows, err);
}

bool
hs_list(struct hubspot *h, enum hs_area area, const char *rest,
    const char *label, hs_page_fn *page, void *arg, struct err *err)
{
	AUTO(arena) struct arena *arena = arena_new(PAGE_MAX_BYTES);
	struct listing l = { .h = h, .area = area, .rest = rest,
		.label = label, .arena = arena };
	bool more = true;

	if (arena == NULL)
		return err_nomem(err);
	while (more)
		if (!step(&l, page, arg, &more, err))
			return false;
	return true;
}
