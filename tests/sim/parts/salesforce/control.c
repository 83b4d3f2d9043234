/*
 * control.c - the /sim/ endpoints.
 */
#include <stdlib.h>
#include <unistd.h>

#include "sim.h"

/* A control that is misspelt must not mean something else. */
bool
sim_body_ok(const struct request *r)
{
	json_t *in = body_json(&r->in);
	const bool good = r->in.len == 0 || json_is_object(in);

	json_decref(in);
	return good;
}

static void
wrong(struct reply *out, const char *what, const char *value)
{
	reply_json(out, 400,
	    json_pack("{s:s, s:s}", "error", what, "value",
		value == NULL ? "" : value));
}

void
sim_now(struct sim *s, struct request *r, struct reply *out)
{
	json_t *in = body_json(&r->in);
	int64_t t;

	if (sim_time_parse(str_of(in, "now"), &t)) {
		now_set(s, t);
		reply_json(out, 200, json_pack("{s:o}", "now", time_json(t)));
	} else {
		wrong(out, "now", str_of(in, "now"));
	}
	json_decref(in);
}

/* ---- records ------------------------------------------------------------------------ */
static const char *
fields_wrong(const struct object *o, const json_t *fields)
{
	const char *key;
	json_t *v;

	json_object_foreach((json_t *)(uintptr_t)fields, key, v)
	{
		const struct field *f = field_find(o, key);
		if (f == NULL || value_check(f, v) != NULL)
			return key;
	}
	return NULL;
}

/* NULL: *bad is what cannot be. */
static json_t *
record_line(struct sim *s, const json_t *in, const char **bad)
{
	char id[ID_LEN + 1] = "";
	const char *given = str_of(in, "id");
	const struct record *r = record_find(s, given);
	struct object *o =
	    r != NULL ? r->obj : object_find(s, str_of(in, "object"));
	const json_t *fields = json_object_get(in, "fields");

	*bad = o == NULL		? "object"
	       : !json_is_object(fields) ? "fields"
					: fields_wrong(o, fields);
	if (*bad == NULL && given != NULL && !id_normal(given, id))
		*bad = "id";
	if (*bad != NULL || o == NULL)
		return NULL;
	if (*id == '\0')
		id_make(s, o, id);
	json_t *line = json_pack("{s:s, s:s, s:s, s:s, s:O}", "kind",
	    r == NULL ? "insert" : "update", "by", "control", "object", o->name,
	    "id", id, "fields", fields);
	if (str_of(in, "stamp") != NULL)
		json_object_set(line, "stamp", json_object_get(in, "stamp"));
	if (flag_of(in, "quiet"))
		json_object_set_new(line, "quiet", json_true());
	return line;
}

/* Committed late: visible from a time on, or after so many queries. */
static void
line_put(struct sim *s, const json_t *in, json_t *line)
{
	const int64_t at = time_of(in, "visible_at", INT64_MIN);
	const int64_t after = int_of(in, "after_queries", 0);

	if (at == INT64_MIN && after == 0) {
		ledger_add(s, line);
		return;
	}
	if (str_of(line, "stamp") == NULL)
		json_object_set_new(line, "stamp", time_json(s->now));
	s->pending = grow(s->pending, s->n_pending, sizeof(*s->pending));
	s->pending[s->n_pending++] = (struct pending){ line, at, after };
}

static bool
record_put(struct sim *s, const json_t *in, json_t *ids, const char **bad)
{
	json_t *line = record_line(s, in, bad);

	if (line == NULL)
		return false;
	json_array_append(ids, json_object_get(line, "id"));
	line_put(s, in, line);
	return true;
}

/* {"object", "fields", "id", "stamp", "visible_at", "after_queries", "quiet"},
 * or {"records": [such, ...]} */
void
sim_record(struct sim *s, struct request *r, struct reply *out)
{
	json_t *in = body_json(&r->in), *ids = json_array(), *v;
	const json_t *many = json_object_get(in, "records");
	const char *bad = NULL;
	size_t i;

	json_array_foreach((json_t *)(uintptr_t)many, i, v)
	{
		if (!record_put(s, v, ids, &bad))
			break;
	}
	if (many == NULL)
		(void)record_put(s, in, ids, &bad);
	if (bad != NULL)
		wrong(out, "cannot be stored", bad);
	else
		reply_json(out, 200,
		    json_pack("{s:O, s:O}", "id",
			json_array_size(ids) > 0 ? json_array_get(ids, 0)
						 : json_null(),
			"ids", ids));
	json_decref(ids);
	json_decref(in);
}

/* GET /sim/record?id= : all fields, hidden ones too. */
void
sim_get(struct sim *s, struct request *r, struct reply *out)
{
	const char *query = strchr(r->in.uri, '?');
	char *id = query == NULL ? NULL : url_param(query + 1, "id");
	const struct record *rec = record_find(s, id);

	if (rec == NULL) {
		wrong(out, "no such record", id);
	} else {
		json_t *all = json_object();
		for (size_t i = 0; i < rec->obj->n_fields; i++)
			json_object_set_new(all, rec->obj->fields[i].name,
			    value_json(
				&rec->obj->fields[i], &rec->v[i], false));
		reply_json(out, 200, all);
	}
	free(id);
}

/* {"query": "SELECT Id FROM ...", "fields": {...}, "stamp"}: all of them, in
 * one commit and with one stamp. */
void
sim_touch(struct sim *s, struct request *r, struct reply *out)
{
	json_t *in = body_json(&r->in), *ids = json_array(), *fields, *one;
	const char *text = str_of(in, "query"), *bad = NULL;
	struct query *q =
	    text == NULL ? NULL : query_parse(s, text, true, out);
	size_t n = 0;
	struct record **rows = q == NULL ? NULL : query_rows(s, q, &n);

	fields = json_object_get(in, "fields");
	for (size_t i = 0; i < n && bad == NULL; i++) {
		one = json_pack("{s:s, s:o}", "id", rows[i]->v[0].u.s, "fields",
		    fields == NULL ? json_object() : json_incref(fields));
		if (str_of(in, "stamp") != NULL)
			json_object_set(
			    one, "stamp", json_object_get(in, "stamp"));
		(void)record_put(s, one, ids, &bad);
		json_decref(one);
	}
	if (bad != NULL || (q == NULL && out->json == NULL))
		wrong(out, "cannot be done", bad);
	else if (q != NULL)
		reply_json(out, 200,
		    json_pack("{s:I, s:O}", "count", (json_int_t)n, "ids",
			ids));
	json_decref(ids);
	json_decref(in);
	free(rows);
	query_free(q);
}

/* {"loser": ID, "winner": ID}: the loser is deleted and says who survived. */
void
sim_merge(struct sim *s, struct request *r, struct reply *out)
{
	json_t *in = body_json(&r->in);
	const struct record *loser = record_find(s, str_of(in, "loser"));
	const struct record *winner = record_find(s, str_of(in, "winner"));

	if (loser == NULL || winner == NULL || loser->obj != winner->obj ||
	    value_of(loser, "MasterRecordId") == NULL) {
		wrong(out, "cannot be merged", str_of(in, "loser"));
	} else {
		ledger_add(s,
		    json_pack("{s:s, s:s, s:s, s:s, s:{s:b, s:s}}", "kind",
			"merge", "by", "control", "object", loser->obj->name,
			"id", loser->v[0].u.s, "fields", "IsDeleted", 1,
			"MasterRecordId", winner->v[0].u.s));
		ledger_add(s,
		    json_pack("{s:s, s:s, s:s, s:s, s:{}}", "kind", "update",
			"by", "control", "object", winner->obj->name, "id",
			winner->v[0].u.s, "fields"));
		reply_json(out, 200, json_pack("{s:b}", "merged", 1));
	}
	json_decref(in);
}

/* ---- the org ---------------------------------------------------------------------------- */
/* {"object": "Contact", "add": "NPS__c num"}, {"object", "hide": "Email"},
 * {"object", "show": ...}, {"object", "unfilterable": ...} */
void
sim_schema(struct sim *s, struct request *r, struct reply *out)
{
	static const char *const words[][2] = { { "add", "field" },
		{ "hide", "hide" }, { "show", "show" },
		{ "unfilterable", "unfilterable" } };
	json_t *in = body_json(&r->in);
	const struct object *o = object_find(s, str_of(in, "object"));
	int done = 0;

	for (size_t i = 0; o != NULL && i < 4; i++) {
		const char *what = str_of(in, words[i][0]);
		if (what == NULL ||
		    (i > 0 && field_find(o, what) == NULL))
			continue;
		ledger_add(s,
		    json_pack("{s:s, s:s, s:s, s:s}", "kind", words[i][1], "by",
			"control", "on", o->name, "line", what));
		done++;
	}
	if (done == 0)
		wrong(out, "no such object or field", str_of(in, "object"));
	else
		reply_json(out, 200, json_pack("{s:i}", "done", done));
	json_decref(in);
}

void
sim_fault(struct sim *s, struct request *r, struct reply *out)
{
	json_t *in = body_json(&r->in);

	if (flag_of(in, "clear"))
		s->n_faults = 0;
	if (!flag_of(in, "clear") && !fault_add(s, in))
		wrong(out, "no such fault", str_of(in, "kind"));
	else
		reply_json(out, 200,
		    json_pack("{s:I}", "faults", (json_int_t)s->n_faults));
	json_decref(in);
}

/* Every token that was given ends. */
void
sim_expire(struct sim *s, struct request *r, struct reply *out)
{
	(void)r;
	tokens_end(s);
	reply_json(out, 200,
	    json_pack("{s:I}", "ended", (json_int_t)s->tokens_ended));
}

/* {"mode": "both"|"api"|"app"|"none", "used": 18, "max": 5000} */
void
sim_limit(struct sim *s, struct request *r, struct reply *out)
{
	static const char *const modes[] = { "both", "api", "app", "none",
		NULL };
	json_t *in = body_json(&r->in);
	const char *mode = str_of(in, "mode");

	if (mode != NULL && place_of(mode, modes) < 0) {
		wrong(out, "mode", mode);
	} else {
		if (mode != NULL)
			s->opt.limit_info = place_of(mode, modes);
		s->api_used = int_of(in, "used", s->api_used);
		s->opt.api_limit = int_of(in, "max", s->opt.api_limit);
		reply_json(out, 200,
		    json_pack("{s:I, s:I}", "used", (json_int_t)s->api_used,
			"max", (json_int_t)s->opt.api_limit));
	}
	json_decref(in);
}

/* ---- what was done --------------------------------------------------------------------- */
void
sim_ledger(struct sim *s, struct request *r, struct reply *out)
{
	(void)r;
	out->status = 200;
	out->type = "application/x-ndjson";
	out->raw = lines_text(s->opt.dir);
}

static int64_t
memory_kb(void)
{
	char line[128], word[32];
	const char *p = line;
	int64_t pages = 0;

	if (!file_line("/proc/self/statm", line, sizeof(line)) ||
	    !word_cut(&p, ' ', word, sizeof(word)) ||
	    !word_cut(&p, ' ', word, sizeof(word)) || !sim_num(word, &pages))
		return 0;
	return pages * (sysconf(_SC_PAGESIZE) / 1024);
}

void
sim_stats(struct sim *s, struct request *r, struct reply *out)
{
	json_t *rows = json_object();

	(void)r;
	for (size_t i = 0; i < s->n_objects; i++)
		if (s->objects[i].n_rows > 0)
			json_object_set_new(rows, s->objects[i].name,
			    json_integer((json_int_t)s->objects[i].n_rows));
	reply_json(out, 200,
	    json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:o, s:O, s:O, "
		      "s:O, s:o}",
		"requests", (json_int_t)s->requests, "queries",
		(json_int_t)s->queries, "tokens", (json_int_t)s->n_tokens,
		"too_early", (json_int_t)s->too_early, "effects",
		(json_int_t)s->seq, "api_used", (json_int_t)s->api_used,
		"pending", (json_int_t)s->n_pending, "rss_kb",
		(json_int_t)memory_kb(), "now", time_json(s->now), "by_status",
		s->by_status, "by_endpoint", s->by_endpoint, "by_kind",
		s->by_kind, "rows", rows));
}
