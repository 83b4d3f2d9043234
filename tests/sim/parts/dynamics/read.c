/*
 * read.c - collections and single rows.
 */
#include "odata.h"

#include <stdlib.h>

#define PAGE_MAX 5000

static bool
refused(struct reply *out, const struct query *q)
{
	reply_error(out, 400, q->code == NULL ? "0x80060888" : q->code, "%s",
	    q->why);
	return false;
}

/* The whole link came back as it was given, or it is none. */
static bool
query_whole(struct sim *s, struct request *r, struct reply *out,
    struct query *q, size_t table)
{
	if (!query_read(s, &r->pool, q, table, r->query))
		return refused(out, q);
	if (q->skip != NULL && !link_whole(r->in.uri)) {
		complain(s, "link_changed");
		reply_error(out, 400, "0x80040203",
		    "The paging cookie or the link round it was changed.");
		return false;
	}
	return true;
}

static bool
tracking_fits(struct sim *s, struct reply *out, const struct query *q,
    const struct prefer *pr)
{
	const struct table *t = &s->tables[q->table];
	if (!pr->track && q->delta == NULL)
		return true;
	if (!t->tracked) {
		reply_error(out, 400, "0x80072021",
		    "The table %s is not enabled for change tracking.", t->name);
		return false;
	}
	if (q->filter != NULL || q->n_order > 0 || q->n_expand > 0 ||
	    q->top >= 0) {
		reply_error(out, 400, "0x80060888",
		    "Change tracking takes no other query option than $select.");
		return false;
	}
	return true;
}

static int64_t
page_size(struct sim *s, struct request *r, const struct query *q,
    const struct prefer *pr)
{
	int64_t size = pr->page > 0 && pr->page < PAGE_MAX ? pr->page : PAGE_MAX;
	if (mutant(s, "page-size-ignored"))
		size = PAGE_MAX;
	if (s->opt.page_max > 0 && size > s->opt.page_max)
		size = s->opt.page_max;
	if (q->top > 0)
		return q->top < PAGE_MAX ? q->top : PAGE_MAX;
	if (q->skip != NULL && pr->page == 0)
		complain(s, "page_size_not_repeated");
	if (fault_is(r, "short_page"))
		size = (size + 1) / 2;
	return size;
}

static const char *
delta_link(struct sim *s, struct request *r, int64_t version)
{
	struct text link = { 0 };
	char at[64];
	int y, m, d;
	const int64_t day = sim_floor_div(s->now, DAY_S);
	const int sec = (int)(s->now - day * DAY_S);
	char *copy = pool_text(&r->pool, r->query == NULL ? "" : r->query,
	    r->query == NULL ? 0 : strlen(r->query)), *one;
	sim_civil(day, &y, &m, &d);
	text_fmt(&link, "%s%s", base_of(s, r), r->path);
	char sign = '?';
	while ((one = strsep(&copy, "&")) != NULL) {
		if (*one == '\0' || strstr(one, "skiptoken=") != NULL ||
		    strstr(one, "deltatoken=") != NULL)
			continue;
		text_fmt(&link, "%c%s", sign, one);
		sign = '&';
	}
	snprintf(at, sizeof(at), "%lld!%02d/%02d/%04d %02d:%02d:%02d",
	    (long long)version, m, d, y, sec / 3600, sec / 60 % 60, sec % 60);
	text_fmt(&link, "%c$deltatoken=", sign);
	url_encode(&link, at, false);
	const char *out = pool_text(&r->pool, link.s, link.len);
	free(link.s);
	return out;
}

/* @odata.nextLink, or at the end of a tracked reading its @odata.deltaLink */
void
links_add(struct sim *s, struct request *r, struct query *q,
    const struct page *page, json_t *body)
{
	if (fault_is(r, "no_next") || mutant(s, "next-dropped"))
		return;
	if (page->more)
		json_object_set_new(body, "@odata.nextLink", json_string(
		    page_link(s, r, q, page, r->path, r->query)));
	else if (q->since != 0)
		json_object_set_new(body, "@odata.deltaLink",
		    json_string(delta_link(s, r, q->since - 1)));
}

static void
page_fault(struct request *r, struct page *page)
{
	if (fault_is(r, "empty_page") && page->n > 0) {
		page->n = 0;
		page->more = true;
	}
}

static void
list_show(struct sim *s, struct request *r, struct reply *out,
    struct query *q, const struct prefer *pr, bool by_top)
{
	struct page page;
	if (!page_take(s, &r->pool, q, page_size(s, r, q, pr), &page)) {
		refused(out, q);
		return;
	}
	if (by_top)
		page.more = false;
	page_fault(r, &page);
	json_t *rows = json_array();
	for (size_t i = 0; i < page.n; i++) {
		const size_t at = mutant(s, "order-reversed") ? page.n - 1 - i
							      : i;
		json_array_append_new(rows,
		    row_show(s, r, q, pr, page.rows[at]));
	}
	json_t *body = json_pack("{s:s}", "@odata.context",
	    context_of(s, r, q, ""));
	if (q->count)
		json_object_set_new(body, "@odata.count", json_integer(
		    J(page.total < PAGE_MAX ? page.total : PAGE_MAX)));
	json_object_set_new(body, "value", rows);
	links_add(s, r, q, &page, body);
	reply_json(out, 200, body);
	out->preference = prefer_applied(&r->pool, pr, true);
}

void
on_list(struct sim *s, struct request *r, struct reply *out, size_t table)
{
	struct query *q = pool_get(&r->pool, sizeof(*q));
	struct prefer pr;
	prefer_read(&r->pool, r->h.prefer, &pr);
	if (!query_whole(s, r, out, q, table) ||
	    !tracking_fits(s, out, q, &pr))
		return;
	if (q->delta != NULL) {
		on_delta(s, r, out, q, &pr);
		return;
	}
	const char *since =
	    cookie_attribute(&r->pool, q->skip, "since");
	if (since != NULL)
		(void)sim_num(since, &q->since);
	else if (pr.track)
		q->since = s->version + 1;
	list_show(s, r, out, q, &pr, q->top > 0);
}

/* Rows of one parent: /appointments(id)/appointment_activity_parties */
void
on_child(struct sim *s, struct request *r, struct reply *out, size_t table,
    const char *key, const char *nav)
{
	struct address a;
	size_t other;
	struct prefer pr;
	const struct child *c = child_find(&s->tables[table], nav);
	if (!key_read(s, r, out, table, key, &a))
		return;
	const struct row *parent = a.by_id
	    ? row_find(&s->tables[table], a.id)
	    : row_by_key(s, &s->tables[table], a.col, &a.value);
	if (parent == NULL || c == NULL || !table_find(s, c->table, &other)) {
		reply_error(out, 404, "0x80060888",
		    "Resource not found for the segment '%s'.", nav);
		return;
	}
	struct query *q = pool_get(&r->pool, sizeof(*q));
	prefer_read(&r->pool, r->h.prefer, &pr);
	if (!query_whole(s, r, out, q, other))
		return;
	struct node *only = pool_get(&r->pool, 2 * sizeof(*only));
	only[0] = (struct node){ .kind = N_COMPARE,
		.left = { -1, column_find(&s->tables[other], c->column), other },
		.value = { .kind = K_GUID, .target = -1, .guid = parent->id } };
	only[1] = (struct node){ .kind = N_AND, .a = &only[0], .b = q->filter };
	q->filter = q->filter == NULL ? &only[0] : &only[1];
	list_show(s, r, out, q, &pr, q->top > 0);
}

void
on_row(struct sim *s, struct request *r, struct reply *out, size_t table,
    const char *key)
{
	struct address a;
	struct prefer pr;
	struct query *q = pool_get(&r->pool, sizeof(*q));
	prefer_read(&r->pool, r->h.prefer, &pr);
	if (!key_read(s, r, out, table, key, &a))
		return;
	if (!query_read(s, &r->pool, q, table, r->query)) {
		refused(out, q);
		return;
	}
	const struct table *t = &s->tables[table];
	const struct row *row = a.by_id ? row_find(t, a.id)
					: row_by_key(s, t, a.col, &a.value);
	if (!row_seen(s, row)) {
		reply_error(out, mutant(s, "missing-is-200") ? 200 : 404,
		    "0x80040217", "%s With Id = %s Does Not Exist", t->name,
		    key);
		return;
	}
	const char *tag = etag_of(&r->pool, row);
	out->etag = t->etags ? tag : NULL;
	if (r->h.if_none != NULL && strcmp(r->h.if_none, tag) == 0) {
		reply_json(out, 304, NULL);
		return;
	}
	json_t *body = json_pack("{s:s}", "@odata.context",
	    context_of(s, r, q, "/$entity"));
	json_t *shown = row_show(s, r, q, &pr, row);
	json_object_update(body, shown);
	json_decref(shown);
	reply_json(out, 200, body);
	out->preference = prefer_applied(&r->pool, &pr, false);
}
