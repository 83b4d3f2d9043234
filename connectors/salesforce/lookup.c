/*
 * lookup.c - see lookup.h.
 */
#include "lookup.h"

#include <stdlib.h>
#include <string.h>

#include "describe.h"
#include "soql.h"

#define STATEMENT_BYTES 400	/* of one without its ids, at most */

const struct sf_lookup sf_people_of_events = {
	.label = "query EventWhoRelation", .soql = soql_event_people,
	.of = "EventId", .to = "RelationId" };
const struct sf_lookup sf_people_of_tasks = {
	.label = "query TaskWhoRelation", .soql = soql_task_people,
	.of = "TaskId", .to = "RelationId" };

struct gathering {
	const struct sf_lookup *l;
	struct arena *arena;
	struct sf_links *out;
	size_t cap;
};

static bool
grow(struct gathering *g, size_t more)
{
	const size_t cap = 2 * g->cap + more;
	struct sf_link *v;

	if (g->out->n + more <= g->cap)
		return true;
	v = arena_array(g->arena, cap, sizeof(*v));
	if (v == NULL)
		return false;
	if (g->out->n > 0)
		memcpy(v, g->out->v, g->out->n * sizeof(*v));
	g->out->v = v;
	g->cap = cap;
	return true;
}

static bool
on_page(void *arg, const struct sf_page *page, struct err *err)
{
	struct gathering *g = arg;
	const struct sf_lookup *l = g->l;
	json_t *row;
	size_t i;

	if (!grow(g, json_array_size(page->records)))
		return err_nomem(err);
	json_array_foreach(page->records, i, row) {
		struct sf_link *link = &g->out->v[g->out->n];
		const char *of = sf_text(row, l->of);
		if (of == NULL)
			continue;
		*link = (struct sf_link){ .order = g->out->n++,
			.of = arena_strdup(g->arena, of),
			.to = l->to == NULL ? NULL : arena_strdup(g->arena,
			    sf_text(row, l->to)),
			.flag = l->flag != NULL && sf_is_true(row, l->flag),
			.at = l->at == NULL ? NO_TIME : sf_time(row, l->at) };
	}
	return !arena_failed(g->arena) || err_nomem(err);
}

static int
by_of(const void *a, const void *b)
{
	const struct sf_link *x = a, *y = b;
	const int c = strcmp(x->of, y->of);

	return c != 0 ? c : (x->order > y->order) - (x->order < y->order);
}

static bool
ask(struct salesforce *s, struct gathering *g, const char *const *ids,
    size_t n, struct err *err)
{
	AUTO(buf) struct buf soql;
	struct sf_query q = { .label = g->l->label, .page = on_page, .arg = g };

	buf_init(&soql, SOQL_MAX_BYTES);
	g->l->soql(&soql, ids, n);
	if (soql.failed)
		return err_nomem(err);
	q.soql = buf_text(&soql);
	if (sf_query(s, &q, err))
		return true;
	g->out->absent = g->l->optional && q.trouble == SF_NO_SUCH;
	return g->out->absent;
}

bool
sf_lookup(struct salesforce *s, const struct sf_lookup *l,
    const char *const *ids, size_t n, struct arena *arena,
    struct sf_links *out, struct err *err)
{
	struct gathering g = { .l = l, .arena = arena, .out = out };
	const size_t step = sf_ids_max(s, STATEMENT_BYTES);

	*out = (struct sf_links){ .n = 0 };
	for (size_t at = 0; at < n && !out->absent; at += step)
		if (!ask(s, &g, ids + at, n - at < step ? n - at : step, err))
			return false;
	if (out->n > 0)
		qsort(out->v, out->n, sizeof(*out->v), by_of);
	return true;
}

const struct sf_link *
sf_links_of(const struct sf_links *links, const char *id, size_t *n)
{
	size_t low = 0, high = links->n;

	while (low < high) {
		const size_t mid = low + (high - low) / 2;
		if (strcmp(links->v[mid].of, id) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	*n = 0;
	while (low + *n < links->n && strcmp(links->v[low + *n].of, id) == 0)
		(*n)++;
	return *n == 0 ? NULL : &links->v[low];
}

const char **
sf_column(json_t *records, const char *name, struct arena *arena, size_t *n)
{
	const char **ids = arena_array(arena, json_array_size(records) + 1,
	    sizeof(*ids));
	json_t *row;
	size_t i;

	*n = 0;
	if (ids == NULL)
		return NULL;
	json_array_foreach(records, i, row) {
		const char *id = sf_text(row, name);
		if (id != NULL && sf_is_id(id))
			ids[(*n)++] = id;
	}
	return ids;
}
