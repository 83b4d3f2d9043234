/*
 * responses.c - GET /responses/...: a page of answers, or where a large one
 * lies as a file on the second port.
 */
#include <stdlib.h>

#include "sim.h"

struct asked {
	bool desc, by_responded, raw;
	int64_t size, page, since, end;
};
struct place {
	int64_t key, id;
	size_t i;
};

/* ---- the path ----------------------------------------------------------------- */

static bool
path_read(struct call *c, struct asked *a)
{
	static const char *const orders[] = { "asc", "desc", NULL };
	static const char *const filters[] = { "answered", "raw", "published",
		NULL };
	static const char *const sorts[] = { "sent", "responded", NULL };
	char *const *p = c->parts + 3;	/* behind api, v1, responses */
	const size_t n = c->n_parts - 3;
	const int what = n > 5 ? place_of(p[5], filters) : 0;
	const int sort = n > 6 ? place_of(p[6], sorts) : 0;

	*a = (struct asked){ .end = INT64_MAX, .raw = what == 1,
		.by_responded = sort == 1 };
	if (n < 5 || n > 8 || what < 0 || sort < 0 ||
	    place_of(p[0], orders) < 0 || strcmp(p[4], "json") != 0)
		return false;
	a->desc = place_of(p[0], orders) == 1;
	return sim_num(p[1], &a->size) && a->size >= 1 && a->size <= 50000 &&
	    sim_num(p[2], &a->page) && a->page >= 1 &&
	    sim_num(p[3], &a->since) && (n < 8 || sim_num(p[7], &a->end));
}

/* ---- rows ---------------------------------------------------------------------- */

static void
row_words(json_t *row, const struct answer *a)
{
	static const char *const words[] = { "comment", "dontcontact",
		"question_type", NULL };

	for (size_t i = 0; words[i] != NULL; i++)
		json_object_set(row, words[i],
		    json_object_get(a->rec, words[i]));
	json_object_set(row, "answer", json_object_get(a->rec, "answer"));
	json_object_set(row, "answerlabel", json_object_get(a->rec, "answer"));
}

static void
row_fields(struct sim *s, json_t *row, const struct answer *a)
{
	const struct contact *c = &s->contacts[a->contact];
	const json_t *from = s->opt.fields_now ? c->fields : a->fields;
	const char *name;
	json_t *v;

	json_object_set_new(row, "name", json_string(
	    str_of(c->fields, "name") == NULL ? "" : str_of(c->fields, "name")));
	json_object_foreach((json_t *)(uintptr_t)from, name, v)
		if (strcmp(name, "name") != 0)
			json_object_set(row, name, v);
}

static json_t *
row_make(struct sim *s, const struct call *call, const struct answer *a)
{
	const struct contact *c = &s->contacts[a->contact];
	json_t *row = json_pack("{s:o, s:o, s:o, s:s, s:s, s:n, s:s, s:o, s:o, "
	    "s:o, s:o, s:o, s:n, s:s, s:s}", "response_id", num_text(a->id),
	    "person_id", num_text(c->id), "contact_id", num_text(c->id), "email",
	    c->email, "name", "", "note", "status", "", "sent",
	    num_text(a->sent), "opened", num_text(a->sent), "responded",
	    num_text(a->responded), "lastemailed",
	    num_text(lastemailed_of(s, c)), "created", num_text(c->created),
	    "segment", "published", "", "publishedname", "");

	row_words(row, a);
	row_fields(s, row, a);
	if (json_object_get(call->query, "includestatustime") != NULL)
		json_object_set_new(row, "case_closed_time", json_null());
	return row;
}

static bool
is_wanted(const struct sim *s, const struct asked *q, const struct answer *a)
{
	const int64_t key = q->by_responded ? a->responded : a->sent;
	const int64_t since = s->opt.since_sent ? a->sent : key;

	return !s->contacts[a->contact].removed && a->responded <= s->now &&
	    since >= q->since && key <= q->end;
}

static int
place_order(const void *a, const void *b)
{
	const struct place *x = a, *y = b;

	if (x->key != y->key)
		return x->key < y->key ? -1 : 1;
	return (x->id > y->id) - (x->id < y->id);
}

static struct place *
places_make(const struct sim *s, const struct asked *q, size_t *n)
{
	struct place *all = need(calloc(s->n_answers + 1, sizeof(*all)));

	*n = 0;
	for (size_t i = 0; i < s->n_answers; i++)
		if (is_wanted(s, q, &s->answers[i]))
			all[(*n)++] = (struct place){ q->by_responded
			    ? s->answers[i].responded : s->answers[i].sent,
			    s->answers[i].id, i };
	qsort(all, *n, sizeof(*all), place_order);
	return all;
}

/* ---- the page ------------------------------------------------------------------ */

static json_t *
rows_make(struct sim *s, const struct call *c, const struct asked *q,
    const struct place *all, size_t n)
{
	json_t *rows = json_array();
	int64_t first = (q->page - 1) * q->size;

	mutate_page(s, q->page, &first);
	for (int64_t i = first; i < first + q->size && i < (int64_t)n; i++) {
		const size_t at = q->desc ? n - 1 - (size_t)i : (size_t)i;
		json_array_append_new(rows,
		    row_make(s, c, &s->answers[all[at].i]));
	}
	return rows;
}

static void
file_offer(struct sim *s, struct reply *out)
{
	struct file *f = &s->files[s->n_files++ % FILES];

	s->redirects++;
	free(f->text);
	f->text = need(json_dumps(out->json, JSON_COMPACT));
	snprintf(f->name, sizeof(f->name), "r%zu.json", s->n_files);
	json_decref(out->json);
	out->json = NULL;
	out->status = 302;
	out->raw = need(strdup(""));
	out->location = mutant(s, "storage-foreign")
	    ? fmt_text("http://storage.invalid/%s", f->name)
	    : fmt_text("http://127.0.0.1:%d/%s%s", s->storage_port, f->name,
		  mutant(s, "storage-chain") ? "?again" : "");
}

void
on_responses(struct sim *s, struct call *c, struct reply *out)
{
	struct asked q;
	size_t n;

	if (!path_read(c, &q)) {
		violation(s, "responses_path", c->in.uri);
		reply_failed(out, 400, "The path is not understood");
		return;
	}
	struct place *all = places_make(s, &q, &n);
	json_t *rows = rows_make(s, c, &q, all, n);
	const size_t shown = json_array_size(rows);
	free(all);
	reply_json(out, 200, json_pack("{s:b, s:o, s:o, s:o, s:o, s:o, s:o, s:o}",
	    "success", 1, "total", num_text((int64_t)n), "totalpages",
	    num_text(((int64_t)n + q.size - 1) / q.size), "pagenumber",
	    num_text(q.page), "pagesize", num_text(q.size), "since_time",
	    num_text(q.since), "end_time",
	    num_text(q.end == INT64_MAX ? s->now : q.end), "data", rows));
	if (s->opt.redirect_above > 0 && (int64_t)shown > s->opt.redirect_above) {
		mutate_reply(s, c, out);
		file_offer(s, out);
	}
}

/* The second port: it must learn nothing. */
void
on_storage(struct sim *s, struct call *c, struct reply *out)
{
	const char *name = c->n_parts == 1 ? c->parts[0] : "";

	for (size_t i = 0; i < FILES; i++)
		if (strcmp(s->files[i].name, name) == 0 && *name != '\0') {
			out->status = 200;
			out->raw = need(strdup(s->files[i].text));
			if (strchr(c->in.uri, '?') != NULL) {
				out->status = 302;
				out->location = fmt_text(
				    "http://127.0.0.1:%d/%s", s->storage_port,
				    name);
			}
			return;
		}
	out->status = 403;
	out->type = "application/xml";
	out->raw = need(strdup("<Error><Code>AccessDenied</Code></Error>"));
}
