/*
 * query.c - GET /query, /queryAll and the pages behind: a cursor keeps the rows
 * that were found; ten are kept, and the one that rested longest dies first.
 */
#include <stdlib.h>

#include "sim.h"

static json_t *
attributes(const struct record *r, bool many)
{
	char url[160];

	snprintf(url, sizeof(url), "/services/data/v62.0/sobjects/%s/%s",
	    r->obj->name, r->v[0].u.s);
	return json_pack("{s:{s:s, s:s}}", "attributes", "type",
	    many ? "Name" : r->obj->name, "url", url);
}

/* The object of the last hop inside *out; NULL: it is JSON's null. */
static json_t *
parent_json(const struct sim *s, const struct path *p, const struct record *r,
    json_t *out)
{
	const struct record *at = r;

	for (size_t i = 0; i < p->n_hops; i++) {
		const char *name = p->hop[i]->relation;
		at = record_find(s, value_text(at, p->hop[i]->name));
		if (at == NULL || value_true(at, "IsDeleted")) {
			json_object_set_new(out, name, json_null());
			return NULL;
		}
		json_t *next = json_object_get(out, name);
		if (next == NULL) {
			next = attributes(
			    at, strchr(p->hop[i]->refs, ',') != NULL);
			json_object_set_new(out, name, next);
		}
		out = next;
	}
	return out;
}

static json_t *
lowered(json_t *v)
{
	char text[ID_LEN + 1] = "";

	for (size_t i = 0; i < json_string_length(v) && i < ID_LEN; i++)
		text[i] = (char)(json_string_value(v)[i] |
				 (json_string_value(v)[i] >= 'A' ? 32 : 0));
	json_decref(v);
	return json_string(text);
}

json_t *
row_json(const struct sim *s, const struct query *q, const struct record *r)
{
	json_t *out = attributes(r, false);
	struct sim *rw = (struct sim *)(uintptr_t)s;

	for (size_t i = 0; i < q->n_select; i++) {
		const struct path *p = &q->select[i];
		struct field *f;
		struct value v;
		json_t *in = parent_json(s, p, r, out);
		if (in == NULL || !path_value(s, p, r, &f, &v, NULL))
			continue;
		json_t *j = value_json(f, &v,
		    f->type == T_DATETIME && v.set && mutant_is(rw, MUT_DATE_Z));
		if ((f->type == T_ID || f->type == T_REF) && v.set &&
		    mutant_is(rw, MUT_IDS_LOWER))
			j = lowered(j);
		json_object_set_new(in, f->name, j);
	}
	return out;
}

/* ---- cursors -------------------------------------------------------------------- */
static void
cursor_free(struct cursor *c)
{
	query_free(c->q);
	free(c->rows);
	*c = (struct cursor){ 0 };
}

static struct cursor *
cursor_new(struct sim *s)
{
	static char prefix[] = "01g";
	const struct object locator = { .prefix = prefix };
	struct cursor *c = &s->cursors[0];

	for (size_t i = 1; i < CURSORS; i++)
		if (s->cursors[i].used < c->used)
			c = &s->cursors[i];
	cursor_free(c);
	id_make(s, &locator, c->id);
	return c;
}

void
cursors_drop(struct sim *s)
{
	for (size_t i = 0; i < CURSORS; i++)
		cursor_free(&s->cursors[i]);
}

static struct cursor *
cursor_find(struct sim *s, const char *id)
{
	for (size_t i = 0; i < CURSORS; i++)
		if (s->cursors[i].q != NULL &&
		    strncmp(s->cursors[i].id, id, ID_LEN) == 0)
			return &s->cursors[i];
	return NULL;
}

/* ---- pages ------------------------------------------------------------------------ */
static size_t
page_size(struct sim *s, const struct request *r)
{
	const char *wish = header_of(&r->in, "Sforce-Query-Options");
	const char *at = wish == NULL ? NULL : strstr(wish, "batchSize=");
	char digits[16];
	int64_t n = PAGE_MAX;

	if (at != NULL && !mutant_is(s, MUT_BATCH)) {
		snprintf(digits, sizeof(digits), "%s", at + 10);
		digits[strspn(digits, "0123456789")] = '\0';
		if (!sim_num(digits, &n) || n > PAGE_MAX)
			n = PAGE_MAX;
	}
	if (n < PAGE_MIN)
		n = PAGE_MIN;
	if (s->opt.page_max > 0 && n > s->opt.page_max)
		n = s->opt.page_max;	/* a hint is a hint */
	return (size_t)n;
}

static void
page_mutate(struct sim *s, json_t *page)
{
	if (json_object_get(page, "nextRecordsUrl") != NULL &&
	    mutant_is(s, MUT_DROP_NEXT)) {
		json_object_del(page, "nextRecordsUrl");
		json_object_set_new(page, "done", json_true());
	}
	if (json_object_get(page, "nextRecordsUrl") != NULL &&
	    mutant_is(s, MUT_DONE_EARLY))
		json_object_set_new(page, "done", json_true());
	if (mutant_is(s, MUT_TOTAL))
		json_object_set_new(page, "totalSize",
		    json_integer(1 + int_of(page, "totalSize", 0)));
}

static void
page_reply(struct sim *s, struct request *r, struct cursor *c, size_t from,
    struct reply *out)
{
	char url[200];
	size_t until = from + page_size(s, r);
	json_t *rows = json_array();

	if (fault_is(r, "short_page"))
		until = from + (size_t)r->fault.rows;
	if (fault_is(r, "empty_page"))
		until = from;
	if (until > c->n)
		until = c->n;
	for (size_t i = from; i < until; i++)
		json_array_append_new(rows, row_json(s, c->q, c->rows[i]));
	json_t *page = json_pack("{s:I, s:b}", "totalSize", (json_int_t)c->n,
	    "done", until == c->n);
	if (until < c->n) {
		snprintf(url, sizeof(url), "/services/data/%s/query/%s-%zu",
		    r->version, c->id, until);
		json_object_set_new(page, "nextRecordsUrl", json_string(url));
	}
	json_object_set_new(page, "records", rows);
	c->used = ++s->queries;
	page_mutate(s, page);
	fault_page(r, page, s);
	reply_json(out, 200, page);
}

static void
count_reply(struct sim *s, struct query *q, struct reply *out)
{
	size_t n;
	struct record **rows = query_rows(s, q, &n);

	free(rows);
	query_free(q);
	reply_json(out, 200,
	    json_pack("{s:I, s:b, s:[]}", "totalSize", (json_int_t)n, "done",
		1, "records"));
}

/* A server that no longer looks at what it is asked. */
static void
blind_reply(struct reply *out)
{
	reply_json(out, 200,
	    json_pack("{s:i, s:b, s:[]}", "totalSize", 0, "done", 1,
		"records"));
}

void
on_query(struct sim *s, struct request *r, struct reply *out)
{
	const bool all = strcmp(r->path, "/queryAll") == 0;

	if (r->q == NULL) {
		reply_error(out, 400, "MALFORMED_QUERY",
		    "SOQL query is required");
		return;
	}
	struct query *q = query_parse(s, r->q, all, out);
	if (q == NULL) {
		if (mutant_is(s, MUT_MALFORMED_OK))
			blind_reply(out);
		return;
	}
	if (q->count) {
		count_reply(s, q, out);
		return;
	}
	struct cursor *c = cursor_new(s);
	c->q = q;
	c->rows = query_rows(s, q, &c->n);
	page_reply(s, r, c, 0, out);
}

/* GET /query/LOCATOR-OFFSET */
void
on_next(struct sim *s, struct request *r, struct reply *out)
{
	const char *id = strrchr(r->path, '/') + 1;
	struct cursor *c = strlen(id) > ID_LEN ? cursor_find(s, id) : NULL;
	int64_t from;

	if (c == NULL || id[ID_LEN] != '-' ||
	    !sim_num(id + ID_LEN + 1, &from) || (size_t)from > c->n) {
		reply_error(out, 400, "INVALID_QUERY_LOCATOR",
		    "invalid query locator");
		return;
	}
	page_reply(s, r, c, (size_t)from, out);
}
