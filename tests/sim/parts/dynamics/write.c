/*
 * write.c - PATCH, POST and DELETE.  A PATCH without If-Match on a row that is
 * not there makes it.
 */
#include "odata.h"

#include <stdlib.h>

static bool
stop(struct reply *out, unsigned status, const char *code, const char *what)
{
	reply_error(out, status, code, "%s", what);
	return false;
}

/* If-Match and If-None-Match against what is there. */
static bool
conditions(struct sim *s, struct request *r, struct reply *out,
    const struct table *t, const struct row *row, const char *key)
{
	const char *match = r->h.if_match, *none = r->h.if_none;
	if (mutant(s, "match-ignored"))
		match = NULL;
	if (mutant(s, "none-match-ignored"))
		none = NULL;
	if (none != NULL && strcmp(none, "*") != 0)
		complain(s, "if_none_match_on_write");
	if (none != NULL && strcmp(none, "*") == 0 && row != NULL)
		return stop(out, 412, "0x80040237",
		    "A record with matching key values already exists.");
	if (match == NULL)
		return true;
	if (row == NULL) {
		reply_error(out, 404, "0x80040217",
		    "%s With Id = %s Does Not Exist", t->name, key);
		return false;
	}
	if (strcmp(match, "*") == 0)
		return true;
	if (!t->etags)
		return stop(out, 400, "0x80060883",
		    "Optimistic concurrency is not enabled for this table.");
	return strcmp(match, etag_of(&r->pool, row)) == 0 ||
	    stop(out, 412, "0x80060882", "The version of the existing record "
		"doesn't match the RowVersion property provided.");
}

static void
representation(struct sim *s, struct request *r, struct reply *out,
    size_t table, const struct row *row, bool fresh)
{
	struct prefer pr;
	struct query *q = pool_get(&r->pool, sizeof(*q));
	prefer_read(&r->pool, r->h.prefer, &pr);
	if (!query_read(s, &r->pool, q, table, r->query)) {
		reply_error(out, 400, "0x80060888", "%s", q->why);
		return;
	}
	json_t *body = json_pack("{s:s}", "@odata.context",
	    context_of(s, r, q, "/$entity"));
	json_t *shown = row_show(s, r, q, &pr, row);
	json_object_update(body, shown);
	json_decref(shown);
	reply_json(out, fresh ? 201 : 200, body);
	out->preference = prefer_applied(&r->pool, &pr, false);
}

static void
written(struct sim *s, struct request *r, struct reply *out, size_t table,
    const struct row *row, const char *key, bool fresh)
{
	struct prefer pr;
	prefer_read(&r->pool, r->h.prefer, &pr);
	const char *entity = pool_fmt(&r->pool, "%s%s(%s)", set_base(s, r),
	    s->tables[table].set, key);
	if (pr.represent)
		representation(s, r, out, table, row, fresh);
	else
		reply_json(out, 204, NULL);
	out->entity = entity;
}

/* The value of an alternate key, of a row that it makes. */
static void
key_put(const struct table *t, const struct address *a, json_t *set)
{
	if (!a->by_id)
		json_object_set_new(set, t->cols[a->col].name,
		    cell_json(&a->value));
}

static void
patch_do(struct sim *s, struct request *r, struct reply *out, size_t table,
    const char *key, const struct address *a, struct row *row)
{
	const struct table *t = &s->tables[table];
	const bool fresh = row == NULL;
	json_t *set = body_read(s, r, out, table, a->by_id ? -1 : a->col);
	if (set == NULL)
		return;
	struct write w = { .op = fresh ? "create" : "update",
		.by = "api",
		.table = table,
		.id = a->id,
		.set = set };
	if (!fresh)
		w.id = row->id;
	else if (!a->by_id)
		w.id = guid_seeded((uint64_t)s->version, "row", table);
	if (fresh)
		key_put(t, a, set);
	if (mutant(s, "update-lost")) {
		json_decref(set);
		reply_json(out, 204, NULL);
		return;
	}
	undo_note(s, table, w.id);
	row = store_write(s, &w);
	written(s, r, out, table, row, key, fresh);
}

void
on_patch(struct sim *s, struct request *r, struct reply *out, size_t table,
    const char *key)
{
	struct address a;
	if (!key_read(s, r, out, table, key, &a))
		return;
	const struct table *t = &s->tables[table];
	struct row *row = a.by_id ? row_find(t, a.id)
				  : row_by_key(s, t, a.col, &a.value);
	if (mutant(s, "upsert-doubles") && !a.by_id)
		row = NULL;
	if (row != NULL && (fault_is(r, "conflict"))) {
		struct write w = { .op = "update", .by = "other", .table = table,
			.id = row->id,
			.set = r->fault.set == NULL ? json_object()
						    : json_copy(r->fault.set) };
		row = store_write(s, &w);
	}
	if (a.by_id && r->h.if_match == NULL && r->h.if_none == NULL)
		complain(s, "patch_without_if_match");
	if (row == NULL && mutant(s, "missing-is-204")) {
		reply_json(out, 204, NULL);
		return;
	}
	if (conditions(s, r, out, t, row, key))
		patch_do(s, r, out, table, key, &a, row);
}

static bool
keys_free(struct sim *s, struct reply *out, const struct table *t,
    const json_t *set)
{
	char why[300];
	struct cell c;
	for (size_t i = 0; i < t->n_keys; i++) {
		const int col = column_find(t, t->keys[i].column);
		const json_t *v = json_object_get(set, t->keys[i].column);
		if (v == NULL || !cell_read(s, &t->cols[col], v, &c, why,
		    sizeof(why)))
			continue;
		const bool taken = row_by_key(s, t, col, &c) != NULL;
		cell_free(&c);
		if (taken)
			return stop(out, 412, "0x80060892", "A record with matching "
			    "key values already exists.");
	}
	return true;
}

void
on_create(struct sim *s, struct request *r, struct reply *out, size_t t)
{
	json_t *set = body_read(s, r, out, t, -1);
	if (set == NULL)
		return;
	const char *given = str_of(set, s->tables[t].cols[0].name);
	struct write w = { .op = "create", .by = "api", .table = t, .set = set,
		.id = guid_seeded((uint64_t)s->version, "row", t) };
	if (given != NULL)
		(void)guid_parse(given, strlen(given), &w.id);
	if (row_find(&s->tables[t], w.id) != NULL) {
		stop(out, 412, "0x80040237",
		    "A record with matching key values already exists.");
		json_decref(set);
		return;
	}
	if (!keys_free(s, out, &s->tables[t], set)) {
		json_decref(set);
		return;
	}
	undo_note(s, t, w.id);
	const struct row *row = store_write(s, &w);
	written(s, r, out, t, row, guid_text(row->id), true);
}

void
on_remove(struct sim *s, struct request *r, struct reply *out, size_t t,
    const char *key)
{
	struct address a;
	if (!key_read(s, r, out, t, key, &a))
		return;
	const struct table *table = &s->tables[t];
	const struct row *row = a.by_id ? row_find(table, a.id)
					: row_by_key(s, table, a.col, &a.value);
	if (row == NULL) {
		reply_error(out, 404, "0x80040217",
		    "%s With Id = %s Does Not Exist", table->name, key);
		return;
	}
	if (!conditions(s, r, out, table, row, key))
		return;
	undo_note(s, t, row->id);
	store_remove(s, t, row->id, "api", false);
	reply_json(out, 204, NULL);
}
