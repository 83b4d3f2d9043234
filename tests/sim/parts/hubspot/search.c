/*
 * search.c - POST .../search: the index, its limits and its pages.
 */
#include <stdlib.h>

#include "sim.h"

#define PAGE_MAX 200
#define BODY_MAX 3000

struct found {
	struct record *r;
	char **v;
	size_t n;
	const char *key;
	uint64_t tie;
};
struct search {
	struct kind *kind;
	struct filter *filter;
	const json_t *names;
	struct prop by;
	int at;			/* of the sort property, -1 = by creation */
	bool down;
	int64_t limit, after;
	struct found *rows;
	size_t n;
};

static const char *
sort_read(const struct sim *s, const json_t *sorts, struct search *q)
{
	const json_t *one = json_array_get(sorts, 0);
	const char *name = json_is_string(one) ? json_string_value(one)
	    : str_of(one, "propertyName");
	const char *way = str_of(one, "direction");

	q->at = -1;
	if (json_array_size(sorts) > 1)
		return "only one sort is allowed";
	if (one == NULL)
		return NULL;
	q->at = prop_find(q->kind, name);
	if (q->at < 0)
		return "there is no such property to sort by";
	q->by = q->kind->props[q->at];
	if (s->opt.id_text && strcmp(q->by.name, "hs_object_id") == 0)
		q->by.type = P_TEXT;
	q->down = way != NULL && strcmp(way, "DESCENDING") == 0;
	return way == NULL || q->down || strcmp(way, "ASCENDING") == 0 ? NULL
	    : "there is no such direction";
}

static const char *
numbers_read(struct sim *s, const json_t *in, struct search *q)
{
	const json_t *after = json_object_get(in, "after");

	q->limit = int_of(in, "limit", 10);
	if (json_is_integer(after))
		q->after = json_integer_value(after);
	else if (after != NULL && *json_string_value(after) != '\0' &&
	    !sim_num(json_string_value(after), &q->after))
		return "after is no place of this search";
	s->shift = q->after == 0 ? 0 : s->shift;
	q->after -= q->after > s->shift_from ? s->shift : 0;
	if (q->limit < 1 || q->limit > PAGE_MAX)
		return "limit must be between 1 and 200";
	if (q->after < 0 || q->after + q->limit > s->opt.results_max)
		return "search goes no further than 10000 results";
	return NULL;
}

static const char *
search_read(struct sim *s, const struct call *c, struct search *q)
{
	const char *why;

	q->kind = c->kind;
	q->names = json_object_get(c->body, "properties");
	if (q->names != NULL && !json_is_array(q->names))
		return "properties is no list";
	why = numbers_read(s, c->body, q);
	if (why == NULL)
		why = sort_read(s, json_object_get(c->body, "sorts"), q);
	if (why == NULL)
		q->filter = filter_parse(s, q->kind,
		    json_object_get(c->body, "filterGroups"), &why);
	return why;
}

/* ---- the rows ------------------------------------------------------------ */

static const struct search *sorting;	/* under the lock */

static int
rows_order(const void *a, const void *b)
{
	const struct found *x = a, *y = b;
	int order = 0;

	if (sorting->at < 0)
		order = (x->r->created_ms > y->r->created_ms) -
		    (x->r->created_ms < y->r->created_ms);
	else if (x->key == NULL || y->key == NULL)
		order = (x->key != NULL) - (y->key != NULL);
	else
		(void)value_order(&sorting->by, x->key, y->key, &order);
	if (sorting->down)
		order = -order;
	return order != 0 ? order : (x->tie > y->tie) - (x->tie < y->tie);
}

static void
rows_find(struct sim *s, struct search *q)
{
	const bool all = mutant(s, "filter-ignored");

	for (size_t i = 0; i < q->kind->n_rows; i++) {
		struct found f = { .r = q->kind->rows[i] };
		char id[24];
		if (!record_indexed(s, f.r, &f.v, &f.n) ||
		    (!all && !filter_fits(q->filter, f.v, f.n)))
			continue;
		f.key = q->at >= 0 && (size_t)q->at < f.n ? f.v[q->at] : NULL;
		/* Rows of equal order stand in an order of nobody's. */
		snprintf(id, sizeof(id), "%lld", (long long)f.r->id);
		f.tie = sim_hash(7, id);
		q->rows = grow(q->rows, q->n, sizeof(f));
		q->rows[q->n++] = f;
	}
	sorting = q;
	if (q->n > 1)
		qsort(q->rows, q->n, sizeof(*q->rows), rows_order);
	if (mutant(s, "order-reversed"))
		for (size_t i = 0; i < q->n / 2; i++) {
			const struct found f = q->rows[i];
			q->rows[i] = q->rows[q->n - 1 - i];
			q->rows[q->n - 1 - i] = f;
		}
}

static json_t *
found_json(struct sim *s, const struct search *q, const struct found *f)
{
	/* The index may be older than the record. */
	struct record shown = *f->r;

	shown.v = f->v;
	shown.n_values = f->n;
	if (f->r->seen_from > s->now)
		shown.updated_ms = f->r->indexed_updated_ms;
	return row_json(s, q->kind, &shown, q->names);
}

/* Which rows the page has, after what goes wrong on request. */
static void
page_bounds(struct sim *s, const struct call *c, const struct search *q,
    size_t *from, size_t *until)
{
	*from = (size_t)q->after;
	*until = *from + (size_t)q->limit;
	if (fault_is(c, "empty_page")) {
		s->shift++;
		s->shift_from = q->after;
		*until = *from;
	} else if (fault_is(c, "short_page")) {
		*until = *from + (size_t)c->fault.value;
	}
	if (*from > 0 && (fault_is(c, "overlap") || mutant(s, "page-overlap")))
		--*from;
	if (*until > *from + 1 && mutant(s, "page-hole"))
		--*until;
}

static json_t *
page_json(struct sim *s, const struct call *c, const struct search *q)
{
	json_t *rows = json_array();
	size_t from, until;

	page_bounds(s, c, q, &from, &until);
	for (size_t i = from; i < until && i < q->n; i++)
		json_array_append_new(rows, found_json(s, q, &q->rows[i]));
	json_t *page = json_pack("{s:I, s:o}", "total", J(q->n), "results",
	    rows);
	if (until < q->n && !mutant(s, "next-dropped")) {
		const int64_t after = (int64_t)until + s->shift +
		    mutant(s, "page-hole");
		json_object_set_new(page, "paging", json_pack("{s:{s:o}}",
		    "next", "after", s->opt.after_integer
		    ? json_integer(J(after)) : json_sprintf("%lld",
		    (long long)after)));
	}
	return page;
}

/* ---- the call ------------------------------------------------------------ */

/* A name that is none is passed over in silence, and so is its value. */
static void
names_check(struct sim *s, const struct call *c, const struct kind *k,
    const json_t *names)
{
	size_t i;
	json_t *v;

	json_array_foreach((json_t *)(uintptr_t)names, i, v)
		if (prop_find(k, json_string_value(v)) < 0) {
			violation(s, "unknown_property", c->path);
			return;
		}
}

void
on_search(struct sim *s, struct call *c, struct reply *out)
{
	struct search q = { .at = -1 };
	const char *why;

	if (c->in.len > BODY_MAX) {
		violation(s, "body_too_long", c->path);
		reply_error(s, out, 400, "VALIDATION_ERROR",
		    "The search is longer than 3000 characters");
		return;
	}
	why = search_read(s, c, &q);
	if (why != NULL) {
		violation(s, "bad_search", why);
		reply_error(s, out, 400, "VALIDATION_ERROR",
		    "There was a problem with the request: %s", why);
		return;
	}
	names_check(s, c, q.kind, q.names);
	rows_find(s, &q);
	json_t *page = page_json(s, c, &q);
	fault_page(c, page);
	reply_json(out, 200, page);
	filter_free(q.filter);
	free(q.rows);
}
