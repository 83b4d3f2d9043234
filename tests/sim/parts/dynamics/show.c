/*
 * show.c - a row as JSON, with the annotations that were asked for.
 */
#include "odata.h"

#include <stdlib.h>

const char *
etag_of(struct pool *p, const struct row *row)
{
	return pool_fmt(p, "W/\"%lld\"", (long long)row->version);
}

/* "http://.../$metadata#contacts(contactid,fullname)" */
const char *
context_of(struct sim *s, struct request *r, const struct query *q,
    const char *end)
{
	const struct table *t = &s->tables[q->table];
	struct text names = { 0 };
	text_str(&names, "");
	for (size_t i = 0; i < q->n_select; i++) {
		const struct column *c = &t->cols[q->select[i]];
		text_fmt(&names,
		    c->type == CT_LOOKUP ? "%s_%s_value" : "%s%s",
		    i == 0 ? "(" : ",", c->name);
	}
	for (size_t i = 0; i < q->n_expand; i++)
		text_fmt(&names, "%s%s()", names.len == 0 ? "(" : ",",
		    q->expand[i].nav);
	if (names.len > 0)
		text_str(&names, ")");
	const char *out = pool_fmt(&r->pool, "%s$metadata#%s%s%s",
	    set_base(s, r), t->set, names.s, end);
	free(names.s);
	return out;
}

static void
annotate(json_t *out, const char *name, const char *what, const char *text)
{
	char key[256];
	snprintf(key, sizeof(key), "%.100s@%.140s", name, what);
	json_object_set_new(out, key, json_string(text));
}

static void
cell_show(struct sim *s, const struct prefer *pr, const struct column *c,
    const struct cell *v, json_t *out)
{
	char name[128];
	snprintf(name, sizeof(name),
	    c->type == CT_LOOKUP ? "_%.100s_value" : "%.100s", c->name);
	char *shown = pr->formatted && !mutant(s, "formatted-gone")
			  ? cell_shown(s, c, v) : NULL;
	if (shown != NULL)
		annotate(out, name, "OData.Community.Display.V1.FormattedValue",
		    shown);
	free(shown);
	if (c->type == CT_LOOKUP && v->kind == K_GUID) {
		const char *table = s->tables[v->target].name;
		const char *nav = NULL;
		for (size_t i = 0; i < c->n_targets; i++)
			if (strcmp(c->targets[i].table, table) == 0)
				nav = c->targets[i].nav;
		if (pr->lookup)
			annotate(out, name,
			    "Microsoft.Dynamics.CRM.lookuplogicalname", table);
		if (pr->nav && nav != NULL)
			annotate(out, name,
			    "Microsoft.Dynamics.CRM.associatednavigationproperty",
			    nav);
	}
	json_object_set_new(out, name, cell_json(v));
}

static json_t *
one_show(struct sim *s, struct request *r, const struct expand *e,
    const struct prefer *pr, const struct row *row)
{
	const struct cell *v = cell_of(row, e->col);
	if (v->kind != K_GUID || v->target != (int)e->q->table)
		return json_null();
	const struct row *other =
	    row_find(&s->tables[e->q->table], v->guid);
	return row_seen(s, other) ? row_show(s, r, e->q, pr, other)
				  : json_null();
}

/* At most so many stand here, the rest behind a link. */
static void
many_show(struct sim *s, struct request *r, const struct query *q,
    const struct expand *e, const struct prefer *pr, const struct row *row,
    json_t *out)
{
	const struct table *t = &s->tables[e->q->table];
	const int col = column_find(t, e->child->column);
	struct page page;
	char key[160];
	struct node only = { .kind = N_COMPARE, .left = { -1, col, e->q->table },
		.value = { .kind = K_GUID, .target = -1, .guid = row->id } };
	struct node both = { .kind = N_AND, .a = &only, .b = e->q->filter };
	struct query child = *e->q;
	child.filter = e->q->filter == NULL ? &only : &both;
	json_t *list = json_array();
	const int64_t size = e->q->top > 0 ? e->q->top
	    : t->meta ? 100000 : s->opt.expand_max;
	if (page_take(s, &r->pool, &child, size, &page))
		for (size_t i = 0; i < page.n; i++)
			json_array_append_new(list,
			    row_show(s, r, &child, pr, page.rows[i]));
	json_object_set_new(out, e->nav, list);
	if (!page.more || e->q->top > 0)
		return;
	struct text raw = { 0 };
	char *copy = pool_text(&r->pool, e->raw, strlen(e->raw)), *one;
	while ((one = strsep(&copy, ";")) != NULL && *one != '\0') {
		text_fmt(&raw, "%s", raw.len == 0 ? "" : "&");
		char *eq = strchr(one, '=');
		*eq = '\0';
		text_fmt(&raw, "%s=", one);
		url_encode(&raw, eq + 1, true);
	}
	const char *path = pool_fmt(&r->pool, "%s%s(%s)/%s", s->opt.prefix,
	    s->tables[q->table].set, guid_text(row->id), e->nav);
	snprintf(key, sizeof(key), "%.140s@odata.nextLink", e->nav);
	json_object_set_new(out, key, json_string(page_link(s, r, &child, &page,
	    path, raw.s == NULL ? "" : raw.s)));
	free(raw.s);
}

json_t *
row_show(struct sim *s, struct request *r, const struct query *q,
    const struct prefer *pr, const struct row *row)
{
	const struct table *t = &s->tables[q->table];
	json_t *out = json_object();
	bool id = q->all;
	if (t->etags && !mutant(s, "etag-gone"))
		json_object_set_new(out, "@odata.etag",
		    json_string(etag_of(&r->pool, row)));
	for (size_t i = 0; q->all && i < t->n_cols; i++)
		cell_show(s, pr, &t->cols[i], cell_of(row, (int)i), out);
	for (size_t i = 0; i < q->n_select; i++) {
		id = id || q->select[i] == 0;
		cell_show(s, pr, &t->cols[q->select[i]],
		    cell_of(row, q->select[i]), out);
	}
	if (!id)
		cell_show(s, pr, &t->cols[0], cell_of(row, 0), out);
	for (size_t i = 0; i < q->n_expand; i++) {
		const struct expand *e = &q->expand[i];
		if (e->col >= 0)
			json_object_set_new(
			    out, e->nav, one_show(s, r, e, pr, row));
		else
			many_show(s, r, q, e, pr, row, out);
	}
	return out;
}
