/*
 * contacts.c - one contact, those who unsubscribed, and what erases.
 */
#include <stdlib.h>
#include <strings.h>

#include "sim.h"

/* ---- /contact/get/{search}/{key} -------------------------------------------- */

static bool
is_meant(const struct contact *c, const char *search, const char *key)
{
	char id[24];

	snprintf(id, sizeof(id), "%lld", (long long)c->id);
	if (strcmp(key, "id") == 0)
		return strcmp(search, id) == 0;
	if (strcmp(key, "email") == 0)
		return strcasecmp(search, c->email) == 0;
	const char *has = str_of(c->fields, key);
	return has != NULL && strcmp(has, search) == 0;
}

static const struct contact *
contact_search(struct sim *s, const char *search, const char *key)
{
	const size_t n = s->n_contacts;

	if (mutant(s, "lookup-other") && n > 0)
		return &s->contacts[n - 1];
	for (size_t i = 0; i < n; i++)
		if (is_meant(&s->contacts[i], search, key) &&
		    !s->contacts[i].removed)
			return &s->contacts[i];
	return NULL;
}

/* An @ and a plus as they are mean something else in some addresses. */
static void
raw_check(struct sim *s, const struct call *c)
{
	if (strpbrk(c->in.uri, "+@") != NULL)
		violation(s, "lookup_not_encoded", c->in.uri);
}

void
on_lookup(struct sim *s, struct call *call, struct reply *out)
{
	const char *key = call->n_parts == 6 ? call->parts[5] : "email";
	json_t *segment, *name;

	raw_check(s, call);
	if (call->n_parts < 5 || call->n_parts > 6) {
		violation(s, "lookup_path", call->in.uri);
		reply_failed(out, 404, "Not found");
		return;
	}
	const struct contact *c = contact_search(s, call->parts[4], key);
	if (c == NULL) {
		reply_failed(out, (unsigned)s->opt.absent, "Contact not found");
		return;
	}
	segment = json_object_get(c->fields, "segment");
	name = json_object_get(c->fields, "name");
	reply_json(out, 200, json_pack("{s:b, s:{s:o, s:o, s:s, s:o, s:s, s:O?, "
	    "s:s, s:O?, s:o, s:s, s:o}}", "success", 1, "data", "id",
	    num_text(c->id), "lastemailed", mutant(s, "lookup-stale")
	    ? json_null() : num_text(lastemailed_of(s, c)), "active",
	    c->active ? "1" : "0", "created", num_text(c->created), "scheduled",
	    s->opt.scheduled && is_scheduled(s, c) ? "1" : "0", "name", name,
	    "email", c->email, "segment", segment, "importedattime",
	    num_text(c->imported), "source", "api", "unsubscribetime",
	    num_text(c->unsubscribed)));
}

/* ---- /contacts/unsubscribed --------------------------------------------------- */

static int
optout_order(const void *a, const void *b)
{
	const struct contact *x = *(const struct contact *const *)a;
	const struct contact *y = *(const struct contact *const *)b;

	if (x->unsubscribed != y->unsubscribed)
		return x->unsubscribed < y->unsubscribed ? -1 : 1;
	return (x->id > y->id) - (x->id < y->id);
}

static const struct contact **
optouts_make(struct sim *s, int64_t *n)
{
	const struct contact **all = need(calloc(s->n_contacts + 1,
	    sizeof(*all)));

	*n = 0;
	for (size_t i = 0; i < s->n_contacts; i++) {
		const struct contact *c = &s->contacts[i];
		if (c->unsubscribed == NO_TIME || c->unsubscribed > s->now ||
		    c->removed || (i % 2 == 1 && mutant(s, "optout-lost")))
			continue;
		all[(*n)++] = c;
	}
	qsort(all, (size_t)*n, sizeof(*all), optout_order);
	return all;
}

/* Paged only when a page is asked for; no totals. */
void
on_optouts(struct sim *s, struct call *call, struct reply *out)
{
	const char *page_text = str_of(call->query, "pagenumber");
	const char *size_text = str_of(call->query, "pagesize");
	int64_t page = 1, size = 1000, n;
	json_t *rows = json_array();

	if ((page_text != NULL && (!sim_num(page_text, &page) || page < 1)) ||
	    (size_text != NULL && (!sim_num(size_text, &size) || size < 1)))
		violation(s, "unsubscribed_query", call->in.uri);
	const struct contact **all = optouts_make(s, &n);
	int64_t first = (page - 1) * size;
	if (page_text == NULL)
		size = n;
	mutate_page(s, page, &first);
	for (int64_t i = first; i < n && i < first + size; i++)
		json_array_append_new(rows, json_pack("{s:o, s:o, s:s}", "id",
		    num_text(all[i]->id), "unsubscribetime",
		    num_text(all[i]->unsubscribed), "email", all[i]->email));
	free(all);
	reply_json(out, 200, json_pack("{s:b, s:o}", "success", 1, "data",
	    rows));
}

void
optout_insert(struct sim *s)
{
	char *email = fmt_text("late-%zu@example.org", s->n_contacts);

	ledger_add(s, json_pack("{s:s, s:s, s:s}", "kind", "unsubscribe",
	    "email", email, "at", sim_time_iso(s->now)));
	free(email);
}

/* ---- what changes contacts ----------------------------------------------------- */

static void
removed_add(struct sim *s, const char *email)
{
	if (email != NULL)
		ledger_add(s, json_pack("{s:s, s:s}", "kind", "removed",
		    "email", email));
}

/* /privacy/remove; the others are never called, and do what they do. */
void
on_erase(struct sim *s, struct call *c, struct reply *out)
{
	const bool privacy = strcmp(c->parts[2], "privacy") == 0;
	json_t *list = json_object_get(c->body, "contacts"), *one;
	size_t i;

	if (!privacy || !s->opt.allow_erase)
		violation(s, "changes_contacts", c->in.uri);
	if (!privacy && c->n_parts > 4)
		removed_add(s, c->parts[4]);
	if (privacy) {
		removed_add(s, str_of(c->body, "email"));
		json_array_foreach(list, i, one)
			removed_add(s, json_string_value(one));
	}
	reply_json(out, strcmp(c->parts[2], "contacts") == 0 ? 307 : 200,
	    json_pack("{s:b, s:s}", "success", 1, "msg", "contact removed"));
}
