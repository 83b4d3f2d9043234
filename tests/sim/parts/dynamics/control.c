/*
 * control.c - the /sim/ endpoints.  None needs a token.
 */
#include "odata.h"

#include <stdlib.h>

static void
ok(struct reply *out)
{
	reply_json(out, 200, json_pack("{s:b}", "ok", 1));
}

static void
no(struct reply *out, const char *what)
{
	reply_error(out, 400, "", "%s", what);
}

/* ---- rows */
static bool
table_of(struct sim *s, const json_t *in, size_t *table)
{
	const char *set = str_of(in, "table");
	return set != NULL &&
	    (set_find(s, set, table) || table_find(s, set, table));
}

/* As the ledger has them, or "_ownerid_value" and a bare identifier where the
 * column has one target. NULL = *why. */
static json_t *
set_read(struct sim *s, size_t table, const json_t *in, const char **why)
{
	static char text[400];
	char told[300];
	const char *name;
	json_t *v;
	struct cell c;
	const struct table *t = &s->tables[table];
	json_t *set = json_object();
	json_object_foreach((json_t *)(uintptr_t)in, name, v) {
		int col = property_find(t, name);
		if (col < 0)
			col = column_find(t, name);
		if (col < 0) {
			snprintf(text, sizeof(text), "no column %.100s", name);
			*why = text;
			json_decref(set);
			return NULL;
		}
		const struct column *k = &t->cols[col];
		json_t *value = k->type == CT_LOOKUP && json_is_string(v) &&
		    strchr(json_string_value(v), ':') == NULL
			? json_pack("s++", k->targets[0].table, ":",
			      json_string_value(v))
			: json_incref(v);
		if (!cell_read(s, k, value, &c, told, sizeof(told))) {
			snprintf(text, sizeof(text), "%s", told);
			*why = text;
			json_decref(value);
			json_decref(set);
			return NULL;
		}
		cell_free(&c);
		json_object_set_new(set, k->name, value);
	}
	return set;
}

/* "parties": [{"contact": id, "mask": 5}, {"unresolved": "x@y", "mask": 6}] */
static void
parties_add(struct sim *s, size_t table, struct guid activity,
    const json_t *list)
{
	static const char *const kinds[] = { "contact", "account", "systemuser" };
	size_t i, at;
	json_t *one;
	if (!table_find(s, "activityparty", &at))
		return;
	json_array_foreach(list, i, one) {
		json_t *set = json_pack("{s:s++, s:I, s:b}", "activityid",
		    s->tables[table].name, ":", guid_text(activity),
		    "participationtypemask", J(int_of(one, "mask", 5)),
		    "ispartydeleted", 0);
		for (size_t k = 0; k < LEN(kinds); k++)
			if (str_of(one, kinds[k]) != NULL)
				json_object_set_new(set, "partyid",
				    json_pack("s++", kinds[k], ":",
					str_of(one, kinds[k])));
		if (str_of(one, "unresolved") != NULL)
			json_object_set_new(set, "unresolvedpartyname",
			    json_string(str_of(one, "unresolved")));
		struct write w = { .op = "create", .by = "sim", .table = at,
			.set = set,
			.id = guid_seeded((uint64_t)s->version, "party", i) };
		store_write(s, &w);
	}
}

/* {"table", "id", "set", "late_s", "count", "parties"} */
static void
sim_record(struct sim *s, struct request *r, struct reply *out)
{
	const char *why = "table expected";
	size_t table;
	struct guid id;
	json_t *in = body_json(&r->in), *ids = json_array();
	const char *given = str_of(in, "id");
	json_t *set = table_of(s, in, &table)
	    ? set_read(s, table, json_object_get(in, "set"), &why) : NULL;
	const int64_t n = int_of(in, "count", 1);
	for (int64_t i = 0; set != NULL && i < n; i++) {
		id = guid_seeded((uint64_t)s->version, "sim", (uint64_t)i);
		if (given != NULL)
			(void)guid_parse(given, strlen(given), &id);
		struct write w = { .table = table, .by = "sim", .id = id,
			.op = row_find(&s->tables[table], id) == NULL ? "create"
								      : "update",
			.set = json_copy(set),
			.late_s = int_of(in, "late_s", 0) };
		store_write(s, &w);
		parties_add(s, table, id, json_object_get(in, "parties"));
		json_array_append_new(ids, json_string(guid_text(id)));
	}
	if (set == NULL)
		no(out, why);
	else
		reply_json(out, 200, json_pack("{s:s, s:O}", "id",
		    json_string_value(json_array_get(ids, 0)), "ids", ids));
	json_decref(ids);
	json_decref(set);
	json_decref(in);
}

static bool
query_of(struct sim *s, struct request *r, const json_t *in, size_t table,
    struct query *q)
{
	const char *where = str_of(in, "where");
	*q = (struct query){ .table = table, .all = true, .top = -1 };
	return where == NULL || filter_read(s, &r->pool, q,
	    pool_text(&r->pool, where, strlen(where)));
}

/* {"table", "where", "set"}: all of them at once, as a bulk job does it;
 * "limit": at most so many */
static void
sim_update(struct sim *s, struct request *r, struct reply *out)
{
	const char *why = "table expected";
	size_t table;
	struct query q = { 0 };
	struct page page = { 0 };
	json_t *in = body_json(&r->in);
	json_t *set = table_of(s, in, &table)
	    ? set_read(s, table, json_object_get(in, "set"), &why) : NULL;
	if (set == NULL || !query_of(s, r, in, table, &q) ||
	    !page_take(s, &r->pool, &q, int_of(in, "limit", 1000000), &page)) {
		no(out, set == NULL ? why : q.why);
		set = (json_decref(set), NULL);
	}
	for (size_t i = 0; set != NULL && i < page.n; i++) {
		struct write w = { .table = table, .by = "sim", .op = "update",
			.id = page.rows[i]->id, .set = json_copy(set),
			.late_s = int_of(in, "late_s", 0) };
		store_write(s, &w);
	}
	if (set != NULL)
		reply_json(out, 200, json_pack("{s:I}", "changed", J(page.n)));
	json_decref(set);
	json_decref(in);
}

/* {"table", "where", "limit"}: rows as the ledger would have them */
static void
sim_rows(struct sim *s, struct request *r, struct reply *out)
{
	size_t table;
	struct query q = { 0 };
	struct page page;
	json_t *in = body_json(&r->in), *list = json_array();
	if (!table_of(s, in, &table) || !query_of(s, r, in, table, &q) ||
	    !page_take(s, &r->pool, &q, int_of(in, "limit", 1000), &page)) {
		no(out, q.why[0] != '\0' ? q.why : "table expected");
		json_decref(in);
		json_decref(list);
		return;
	}
	const struct table *t = &s->tables[table];
	for (size_t i = 0; i < page.n; i++) {
		json_t *row = json_pack("{s:I}", "version",
		    J(page.rows[i]->version));
		for (size_t k = 0; k < t->n_cols; k++)
			json_object_set_new(row, t->cols[k].name,
			    cell_ledger(s, cell_of(page.rows[i], (int)k)));
		json_array_append_new(list, row);
	}
	reply_json(out, 200, json_pack("{s:I, s:o}", "total", J(page.total),
	    "rows", list));
	json_decref(in);
}

static void
sim_delete(struct sim *s, struct request *r, struct reply *out)
{
	size_t table;
	struct guid id;
	json_t *in = body_json(&r->in);
	const char *text = str_of(in, "id");
	if (!table_of(s, in, &table) || text == NULL ||
	    !guid_parse(text, strlen(text), &id) ||
	    row_find(&s->tables[table], id) == NULL) {
		no(out, "table and id expected");
	} else {
		store_remove(s, table, id, "sim", false);
		ok(out);
	}
	json_decref(in);
}

/* What named the loser names the winner from now on. */
static void
rows_move(struct sim *s, size_t table, struct guid from, struct guid to)
{
	const struct row **rows;
	for (size_t i = 0; i < s->n_tables; i++)
		for (size_t c = 0; c < s->tables[i].n_cols; c++) {
			struct table *t = &s->tables[i];
			if (t->cols[c].type != CT_LOOKUP ||
			    strcmp(t->cols[c].name, "masterid") == 0)
				continue;
			size_t n = refs_of(t, (int)c, from, &rows);
			while (n > 0) {
				struct write w = { .table = i, .by = "sim",
					.op = "update", .id = rows[n - 1]->id,
					.set = json_pack("{s:s++}",
					    t->cols[c].name,
					    s->tables[table].name, ":",
					    guid_text(to)) };
				store_write(s, &w);
				n = refs_of(t, (int)c, from, &rows);
			}
		}
}

/* {"table": "contacts", "loser", "winner"} */
static void
sim_merge(struct sim *s, struct request *r, struct reply *out)
{
	size_t table;
	struct guid loser, winner;
	json_t *in = body_json(&r->in);
	const char *a = str_of(in, "loser"), *b = str_of(in, "winner");
	if (!table_of(s, in, &table) || a == NULL || b == NULL ||
	    !guid_parse(a, strlen(a), &loser) ||
	    !guid_parse(b, strlen(b), &winner)) {
		no(out, "table, loser and winner expected");
		json_decref(in);
		return;
	}
	rows_move(s, table, loser, winner);
	struct write w = { .table = table, .by = "sim", .op = "update",
		.id = loser,
		.set = json_pack("{s:b, s:i, s:i, s:s++}", "merged", 1,
		    "statecode", 1, "statuscode", 2, "masterid",
		    s->tables[table].name, ":", guid_text(winner)) };
	store_write(s, &w);
	ok(out);
	json_decref(in);
}

/* {"table", "column": "npt_score int 10"} */
static void
sim_column(struct sim *s, struct request *r, struct reply *out)
{
	size_t table;
	json_t *in = body_json(&r->in);
	const char *spec = str_of(in, "column");
	if (!table_of(s, in, &table) || spec == NULL) {
		no(out, "table and column expected");
	} else {
		ledger_add(s, json_pack("{s:i, s:s, s:s, s:s, s:s}", "seq", 0,
		    "kind", "column", "by", "sim", "table", s->tables[table].name,
		    "spec", spec));
		ok(out);
	}
	json_decref(in);
}

/* ---- the server itself */
static void
sim_now(struct sim *s, struct request *r, struct reply *out)
{
	int64_t t;
	json_t *in = body_json(&r->in);
	if (sim_time_parse(str_of(in, "now"), &t)) {
		now_set(s, t);
		ok(out);
	} else {
		no(out, "now expected, 2026-11-25T20:00:00Z");
	}
	json_decref(in);
}

static void
sim_fault(struct sim *s, struct request *r, struct reply *out)
{
	json_t *in = body_json(&r->in);
	if (json_is_true(json_object_get(in, "clear"))) {
		for (size_t i = 0; i < s->n_faults; i++)
			json_decref(s->faults[i].set);
		free(s->faults);
		s->faults = NULL;
		s->n_faults = 0;
		s->quiet_until_ms = 0;
		ok(out);
	} else if (fault_add(s, in)) {
		ok(out);
	} else {
		no(out, "kind or on is not known");
	}
	json_decref(in);
}

static void
sim_ledger(struct sim *s, struct request *r, struct reply *out)
{
	(void)r;
	out->raw = lines_text(s->opt.dir);
	out->status = 200;
	snprintf(out->type, sizeof(out->type), "application/x-ndjson");
}

static void
sim_stats(struct sim *s, struct request *r, struct reply *out)
{
	char now[40];
	int64_t left = 0;
	json_t *rows = json_object();
	(void)r;
	for (size_t i = 0; i < s->n_faults; i++)
		left += s->faults[i].times;
	for (size_t i = 0; i < s->n_tables; i++) {
		const struct table *t = &s->tables[i];
		int64_t n = 0;
		if (t->meta)
			continue;
		for (size_t k = 0; k < t->n_rows; k++)
			n += row_seen(s, t->rows[k]);
		json_object_set_new(rows, t->set, json_integer(J(n)));
	}
	reply_json(out, 200, json_pack("{s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:I, "
	    "s:I, s:I, s:O, s:O, s:o, s:i}", "now",
	    sim_time_text(s->now, "Z", now, sizeof(now)), "seq", J(s->seq),
	    "version", J(s->version), "requests", J(s->requests),
	    "tokens", J(s->tokens_asked), "batches", J(s->batches), "parts",
	    J(s->parts), "too_early", J(s->too_early), "strayed", J(s->strayed),
	    "strayed_bearer", J(s->strayed_bearer), "by_status", s->by_status,
	    "complaints", s->complaints, "rows", rows, "decoy", s->decoy));
	json_object_set_new(out->json, "faults_left", json_integer(J(left)));
	json_object_set_new(out->json, "faults", json_integer(J(s->n_faults)));
}

handler_fn *
control_find(const char *method, const char *path)
{
	static const struct {
		const char *method, *path;
		handler_fn *handle;
	} all[] = { { "POST", "/sim/record", sim_record },
		{ "POST", "/sim/update", sim_update },
		{ "POST", "/sim/rows", sim_rows },
		{ "POST", "/sim/delete", sim_delete },
		{ "POST", "/sim/merge", sim_merge },
		{ "POST", "/sim/column", sim_column },
		{ "POST", "/sim/now", sim_now },
		{ "POST", "/sim/fault", sim_fault },
		{ "POST", "/sim/mutate", sim_mutate },
		{ "GET", "/sim/ledger", sim_ledger },
		{ "GET", "/sim/stats", sim_stats } };
	for (size_t i = 0; i < LEN(all); i++)
		if (strcmp(all[i].path, path) == 0 &&
		    strcmp(all[i].method, method) == 0)
			return all[i].handle;
	return NULL;
}
