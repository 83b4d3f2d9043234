/*
 * delta.c - what has changed since a token: changed rows first, deleted ones
 * behind them.
 */
#include "odata.h"

#include <stdlib.h>

#define PAGE_MAX 5000
#define EXPIRES_S (7 * DAY_S)

struct since {
	int64_t version, at;
};

/* "919042!08/22/2017 08:10:44" */
static bool
token_read(const char *text, struct since *out)
{
	char number[24];
	int m, d, y, h, mi, sec;
	const char *at = strchr(text, '!');
	if (at == NULL || at - text > 18)
		return false;
	snprintf(number, sizeof(number), "%.*s", (int)(at - text), text);
	at++;
	if (!sim_num(number, &out->version) || !sim_digits(&at, 2, &m) ||
	    *at++ != '/' || !sim_digits(&at, 2, &d) || *at++ != '/' ||
	    !sim_digits(&at, 4, &y) || *at++ != ' ' || !sim_digits(&at, 2, &h) ||
	    *at++ != ':' || !sim_digits(&at, 2, &mi) || *at++ != ':' ||
	    !sim_digits(&at, 2, &sec) || *at != '\0')
		return false;
	out->at = sim_days(y, m, d) * DAY_S + h * 3600 + mi * 60 + sec;
	return true;
}

/* As it was handed out, not written anew. */
static bool
token_same(struct request *r, const char *text)
{
	struct text enc = { 0 };
	url_encode(&enc, text, false);
	const char *at = strstr(r->query, "deltatoken=");
	const bool same = at != NULL &&
	    strncmp(at + 11, enc.s, enc.len) == 0 &&
	    (at[11 + enc.len] == '\0' || at[11 + enc.len] == '&');
	free(enc.s);
	return same;
}

static int
version_order(const void *a, const void *b)
{
	const struct row *x = *(const struct row *const *)a;
	const struct row *y = *(const struct row *const *)b;
	if (x->gone != y->gone)
		return x->gone ? 1 : -1;
	return (x->version > y->version) - (x->version < y->version);
}

static size_t
changed_rows(struct sim *s, const struct table *t, const struct since *since,
    int64_t until, const struct row **rows)
{
	size_t n = 0;
	for (size_t i = 0; i < t->n_rows; i++) {
		const struct row *r = t->rows[i];
		const bool news = r->version > since->version ||
		    (r->visible_at > since->at && r->visible_at != r->changed_at);
		if (news && r->version <= until &&
		    (r->gone ? !mutant(s, "delta-no-deletions") :
			 row_seen(s, r) && !mutant(s, "delta-no-changes")))
			rows[n++] = r;
	}
	qsort(rows, n, sizeof(*rows), version_order);
	return n;
}

static json_t *
deleted_show(struct sim *s, struct request *r, const struct table *t,
    const struct row *row)
{
	return json_pack("{s:s, s:s, s:s}", "@odata.context",
	    pool_fmt(&r->pool, "%s$metadata#%s/$deletedEntity", set_base(s, r),
		t->set), "id", guid_text(row->id), "reason", "deleted");
}

static void
delta_show(struct sim *s, struct request *r, struct reply *out,
    struct query *q, const struct prefer *pr, const struct since *since)
{
	const struct table *t = &s->tables[q->table];
	const struct row **rows =
	    pool_get(&r->pool, (t->n_rows + 1) * sizeof(*rows));
	const char *until = cookie_attribute(&r->pool, q->skip, "since");
	const char *skip = cookie_attribute(&r->pool, q->skip, "skip");
	int64_t from = 0, size = pr->page > 0 && pr->page < PAGE_MAX ? pr->page :
	    PAGE_MAX;
	q->since = s->version + 1;
	if (until != NULL)
		(void)sim_num(until, &q->since);
	if (skip != NULL)
		(void)sim_num(skip, &from);
	const size_t n = changed_rows(s, t, since, q->since - 1, rows);
	json_t *list = json_array();
	int64_t i = from;
	for (; i < (int64_t)n && i < from + size; i++)
		json_array_append_new(list, rows[i]->gone
			? deleted_show(s, r, t, rows[i])
			: row_show(s, r, q, pr, rows[i]));
	json_t *body = json_pack("{s:s, s:o}", "@odata.context",
	    context_of(s, r, q, "/$delta"), "value", list);
	if (i < (int64_t)n)
		json_object_set_new(body, "@odata.nextLink", json_string(
		    link_make(s, r, r->path, r->query, pool_fmt(&r->pool,
			"pagenumber=\"2\" istracking=\"True\" since=\"%lld\" "
			"skip=\"%lld\"", (long long)q->since, (long long)i))));
	else
		links_add(s, r, q, &(struct page){ 0 }, body);
	reply_json(out, 200, body);
	out->preference = prefer_applied(&r->pool, pr, true);
}

void
on_delta(struct sim *s, struct request *r, struct reply *out, struct query *q,
    const struct prefer *pr)
{
	struct since since;
	if (!token_read(q->delta, &since) || !token_same(r, q->delta)) {
		complain(s, "link_changed");
		reply_error(out, 400, "0x80044353",
		    "The version stamp is not valid.");
		return;
	}
	if (s->now - since.at > EXPIRES_S) {
		reply_error(out, 400, "0x80044352",
		    "Version stamp associated with the client has expired. "
		    "Please perform a full sync.");
		return;
	}
	delta_show(s, r, out, q, pr, &since);
}
