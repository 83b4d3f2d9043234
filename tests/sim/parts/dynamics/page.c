/*
 * page.c - order, pages and the cookie that leads to the next one.  The cookie
 * holds the last row's columns of the order: rows that move between two pages
 * are met twice or not at all, as they are at the service.  It ends with a sum
 * over the whole link: whoever writes it anew in any other way is refused.
 */
#include "odata.h"

#include <stdlib.h>

#define SUM_TAIL "%22%20/%3E"

static int
rows_order(const struct query *q, const struct row *a, const struct row *b)
{
	for (size_t i = 0; i < q->n_order; i++) {
		const int o = cell_order(cell_of(a, q->order[i].col),
		    cell_of(b, q->order[i].col));
		if (o != 0)
			return q->order[i].down ? -o : o;
	}
	return guid_order(a->id, b->id);
}

static int
sort_rows(const void *a, const void *b, void *arg)
{
	return rows_order(arg, *(const struct row *const *)a,
	    *(const struct row *const *)b);
}

/* ---- the cookie */
const char *
cookie_attribute(struct pool *p, const char *cookie, const char *name)
{
	char mark[160];
	snprintf(mark, sizeof(mark), "%.150s=\"", name);
	const char *at = cookie == NULL ? NULL : strstr(cookie, mark);
	if (at == NULL)
		return NULL;
	at += strlen(mark);
	const size_t len = strcspn(at, "\"");
	char *out = pool_get(p, len + 1);
	return url_decode_to(at, len, false, out) ? out : NULL;
}

/* <modifiedon last=".." />, and the identifier in any case */
static char *
cookie_rows(struct sim *s, struct pool *p, const struct query *q,
    const struct row *r, int64_t number)
{
	const struct table *t = &s->tables[q->table];
	struct text xml = { 0 };
	text_fmt(&xml, "<cookie page=\"%lld\">", (long long)number);
	for (size_t i = 0; i <= q->n_order; i++) {
		const int col = i < q->n_order ? q->order[i].col : 0;
		json_t *v = cell_ledger(s, cell_of(r, col));
		char *json = json_text(v);
		text_fmt(&xml, "<%s last=\"", t->cols[col].name);
		url_encode(&xml, json, false);
		text_str(&xml, "\" />");
		free(json);
		json_decref(v);
		if (i < q->n_order && col == 0)
			break;
	}
	text_str(&xml, "</cookie>");
	char *out = pool_text(p, xml.s, xml.len);
	free(xml.s);
	return out;
}

static bool
last_read(struct sim *s, struct pool *p, const struct query *q, int col,
    const char *xml, struct cell *out)
{
	char why[200], mark[200];
	const struct column *c = &s->tables[q->table].cols[col];
	snprintf(mark, sizeof(mark), "<%.100s last", c->name);
	const char *text = cookie_attribute(p, xml, mark);
	json_t *v = text == NULL ? NULL :
	    json_loads(text, JSON_DECODE_ANY, NULL);
	const bool ok = v != NULL &&
	    cell_read(s, c, v, out, why, sizeof(why));
	json_decref(v);
	return ok;
}

/* Is the row behind the one that the cookie names? */
static bool
is_after(const struct query *q, const struct cell *last, const struct row *r)
{
	for (size_t i = 0; i < q->n_order; i++) {
		const int o =
		    cell_order(cell_of(r, q->order[i].col), &last[i]);
		if (o != 0)
			return q->order[i].down ? o < 0 : o > 0;
	}
	return guid_order(r->id, last[q->n_order].guid) > 0;
}

static bool
skip_to(struct sim *s, struct pool *p, struct query *q, struct page *page,
    size_t *from)
{
	struct cell last[ORDER_MAX + 1];
	const char *number = cookie_attribute(p, q->skip, "pagenumber");
	const char *xml = cookie_attribute(p, q->skip, "pagingcookie");
	size_t low = 0, high = page->total;
	if (number == NULL || xml == NULL || !sim_num(number, &page->number))
		return query_no(q, "The paging cookie is malformed.");
	page->last = xml;
	if (strstr(xml, " last=") == NULL) {
		*from = 0;
		return true;
	}
	for (size_t i = 0; i <= q->n_order; i++)
		if (!last_read(s, p, q, i < q->n_order ? q->order[i].col : 0,
			xml, &last[i]))
			return query_no(q, "The paging cookie is malformed.");
	while (low < high) {
		const size_t mid = low + (high - low) / 2;
		if (is_after(q, last, page->rows[mid]))
			high = mid;
		else
			low = mid + 1;
	}
	for (size_t i = 0; i <= q->n_order; i++)
		cell_free(&last[i]);
	*from = low;
	return true;
}

/* What every row must hold, and an index can find: id eq .., id in .. */
static const struct node *
driver_find(const struct sim *s, const struct node *n, size_t table)
{
	if (n == NULL)
		return NULL;
	if (n->kind == N_AND) {
		const struct node *a = driver_find(s, n->a, table);
		return a != NULL ? a : driver_find(s, n->b, table);
	}
	if (n->left.via >= 0 || (n->kind != N_IN && n->kind != N_COMPARE) ||
	    (n->kind == N_COMPARE && (n->op != 0 || n->two_columns ||
		n->value.kind != K_GUID)))
		return NULL;
	const enum ctype type = s->tables[table].cols[n->left.col].type;
	return type == CT_ID || type == CT_LOOKUP ? n : NULL;
}

static void
row_take(struct sim *s, const struct query *q, struct page *out,
    const struct row *r)
{
	if (row_seen(s, r) && (mutant(s, "filter-ignored") ||
		filter_true(s, q->filter, q->table, r)))
		out->rows[out->total++] = r;
}

static void
driven_take(struct sim *s, struct pool *p, const struct query *q,
    const struct node *d, struct page *out)
{
	struct table *t = &s->tables[q->table];
	const struct cell *set = d->kind == N_IN ? d->set : &d->value;
	const size_t n = d->kind == N_IN ? d->n_set : 1;
	size_t room = 1;
	const struct row **rows;
	for (size_t i = 0; i < n; i++)
		room += d->left.col == 0
			    ? 1 : refs_of(t, d->left.col, set[i].guid, &rows);
	out->rows = pool_get(p, room * sizeof(*out->rows));
	for (size_t i = 0; i < n; i++) {
		if (i > 0 && cell_order(&set[i - 1], &set[i]) == 0)
			continue;
		const struct row *one = row_find(t, set[i].guid);
		rows = &one;
		const size_t m = d->left.col == 0
				     ? one != NULL
				     : refs_of(t, d->left.col, set[i].guid, &rows);
		for (size_t k = 0; k < m; k++)
			row_take(s, q, out, rows[k]);
	}
}

static void
rows_take(struct sim *s, struct pool *p, const struct query *q,
    struct page *out)
{
	const struct table *t = &s->tables[q->table];
	const struct node *d = driver_find(s, q->filter, q->table);
	if (d != NULL) {
		driven_take(s, p, q, d, out);
		return;
	}
	out->rows = pool_get(p, (t->n_rows + 1) * sizeof(*out->rows));
	for (size_t i = 0; i < t->n_rows; i++)
		row_take(s, q, out, t->rows[i]);
}

bool
page_take(struct sim *s, struct pool *p, struct query *q, int64_t size,
    struct page *out)
{
	size_t from = 0;
	*out = (struct page){ .number = 1 };
	rows_take(s, p, q, out);
	qsort_r(out->rows, out->total, sizeof(*out->rows), sort_rows, q);
	if (q->skip != NULL && !skip_to(s, p, q, out, &from))
		return false;
	out->rows += from;
	out->n = out->total - from;
	if (out->n > (size_t)size) {
		out->n = (size_t)size;
		out->more = true;
	}
	return true;
}

/* ---- links */
uint64_t
link_sum(const char *raw, size_t len)
{
	uint64_t h = 14695981039346656037u;
	for (size_t i = 0; i < len; i++)
		h = (h ^ (unsigned char)raw[i]) * 1099511628211u;
	return h ^ h >> 29;
}

bool
link_whole(const char *raw)
{
	char want[17];
	const size_t len = strlen(raw), tail = 16 + sizeof(SUM_TAIL) - 1;
	if (len < tail)
		return false;
	snprintf(want, sizeof(want), "%016llx",
	    (unsigned long long)link_sum(raw, len - tail));
	return strncmp(raw + len - tail, want, 16) == 0 &&
	    strcmp(raw + len - tail + 16, SUM_TAIL) == 0;
}

const char *
link_make(struct sim *s, struct request *r, const char *path,
    const char *query, const char *attributes)
{
	struct text link = { 0 };
	char *copy = pool_text(&r->pool, query == NULL ? "" : query,
	    query == NULL ? 0 : strlen(query)), *one;
	text_fmt(&link, "%s", path);
	char sign = '?';
	while ((one = strsep(&copy, "&")) != NULL) {
		if (*one == '\0' || starts(one, "$skiptoken=") ||
		    starts(one, "%24skiptoken="))
			continue;
		text_fmt(&link, "%c%s", sign, one);
		sign = '&';
	}
	text_fmt(&link, "%c$skiptoken=", sign);
	char *token = pool_fmt(&r->pool, "<cookie %s sum=\"", attributes);
	/* As the service writes it: the equals sign and some more are bare. */
	for (const char *at = token; *at != '\0'; at++) {
		const char c[2] = { *at, '\0' };
		if (strchr("=/", *at) != NULL)
			text_str(&link, c);
		else
			url_encode(&link, c, true);
	}
	text_fmt(&link, "%016llx%s",
	    (unsigned long long)link_sum(link.s, link.len), SUM_TAIL);
	const char *base = base_of(s, r);
	if (fault_is(r, "link_host"))
		base = pool_fmt(&r->pool, "http://127.0.0.1:%d", s->decoy);
	if (fault_is(r, "link_scheme"))
		base = starts(base, "https:")
			   ? pool_fmt(&r->pool, "http:%s", base + 6)
			   : pool_fmt(&r->pool, "https:%s", base + 5);
	const char *out = pool_fmt(&r->pool, "%s%s", base, link.s);
	free(link.s);
	return out;
}

const char *
page_link(struct sim *s, struct request *r, struct query *q,
    const struct page *page, const char *path, const char *query)
{
	struct text enc = { 0 };
	const char *xml = page->last;
	int64_t number = page->number + 1;
	size_t back = page->back;
	if (fault_is(r, "duplicate_row") || mutant(s, "page-overlap"))
		back++;
	if (page->n > back)
		xml = cookie_rows(s, &r->pool, q, page->rows[page->n - 1 - back],
		    page->number);
	if (fault_is(r, "link_again")) {
		xml = page->last;
		number = page->number;
	}
	url_encode(&enc, xml == NULL ? "<cookie page=\"1\"></cookie>" : xml,
	    false);
	const char *more = q->since == 0 ? "" : pool_fmt(&r->pool,
	    " since=\"%lld\"", (long long)q->since);
	const char *out = link_make(s, r, path, query, pool_fmt(&r->pool,
	    "pagenumber=\"%lld\" pagingcookie=\"%s\" istracking=\"%s\"%s",
	    (long long)number, enc.s, q->since == 0 ? "False" : "True", more));
	free(enc.s);
	return out;
}
