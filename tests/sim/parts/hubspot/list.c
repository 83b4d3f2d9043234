/*
 * list.c - the list of a type, and one record.
 */
#include <stdlib.h>

#include "sim.h"

/* ---- the place in a list: opaque, and it must come back as it left -- */

static char *
cursor_text(int64_t id, uint64_t salt)
{
	char plain[24];

	snprintf(plain, sizeof(plain), "%lld", (long long)id);
	return fmt_text("%s+%04x==", plain, (unsigned)(sim_hash(salt, plain) &
	    0xffff));
}

static bool
cursor_read(const char *text, int64_t *id)
{
	char *plain = need(strndup(text, strcspn(text, "+")));
	bool good = sim_num(plain, id);

	free(plain);
	if (!good)
		return false;
	good = false;
	for (uint64_t salt = 0; salt < 2 && !good; salt++) {
		char *whole = cursor_text(*id, salt);
		good = strcmp(whole, text) == 0;
		free(whole);
	}
	return good;
}

/* ---- the list ------------------------------------------------------------ */

static void
links_add(struct sim *s, const struct kind *k, const struct record *r,
    const char *types, json_t *row)
{
	json_t *names = names_split(types), *all = json_object(), *name;
	size_t i;

	json_array_foreach(names, i, name) {
		const struct kind *to = kind_find(s, json_string_value(name));
		json_t *rows = json_array();
		for (size_t n = 0; to != NULL && n < r->n_links; n++)
			if (&s->kinds[r->links[n].to] == to)
				json_array_append_new(rows, json_pack(
				    "{s:o, s:o}", "id", json_sprintf("%lld",
				    (long long)r->links[n].id), "type",
				    json_sprintf("%s_to_%s", k->singular,
				    to->singular)));
		if (json_array_size(rows) > 0)
			json_object_set_new(all, to->name,
			    json_pack("{s:O}", "results", rows));
		json_decref(rows);
	}
	if (json_object_size(all) > 0)
		json_object_set(row, "associations", all);
	json_decref(all);
	json_decref(names);
}

/* In order of the identifiers, from the one behind the cursor. */
static json_t *
list_page(struct sim *s, struct call *c, int64_t after, int64_t limit)
{
	json_t *names = names_split(call_param(c, "properties"));
	json_t *rows = json_array();
	json_t *page = json_pack("{s:o}", "results", rows);
	const char *types = call_param(c, "associations");
	const char *archived = call_param(c, "archived");
	const bool gone = archived != NULL && strcmp(archived, "true") == 0;
	const bool none = fault_is(c, "empty_page");

	limit = none ? 0 : fault_is(c, "short_page") ? c->fault.value : limit;
	for (size_t i = 0; i < c->kind->n_rows; i++) {
		const struct record *r = c->kind->rows[i];
		if (r->id < after || r->archived != gone || r->erased ||
		    r->merged_into != 0 || (!gone && !record_seen(s, r)))
			continue;
		if (J(json_array_size(rows)) == limit) {
			char *next = cursor_text(r->id, none);
			json_object_set_new(page, "paging", json_pack(
			    "{s:{s:s, s:s}}", "next", "after", next, "link",
			    "https://api.hubapi.com/elsewhere"));
			free(next);
			break;
		}
		json_t *row = row_json(s, c->kind, r, names);
		links_add(s, c->kind, r, types, row);
		json_array_append_new(rows, row);
	}
	json_decref(names);
	return page;
}

void
on_list(struct sim *s, struct call *c, struct reply *out)
{
	const char *limit = call_param(c, "limit");
	const char *after = call_param(c, "after");
	int64_t n = 10, from = 0;

	if ((limit != NULL && !sim_num(limit, &n)) || n < 1 ||
	    n > s->opt.list_max) {
		violation(s, "limit_too_large", c->in.uri);
		reply_error(s, out, 400, "VALIDATION_ERROR",
		    "limit must be between 1 and %lld",
		    (long long)s->opt.list_max);
	} else if (after != NULL && !cursor_read(after, &from)) {
		violation(s, "cursor_changed", c->in.uri);
		reply_error(s, out, 400, "VALIDATION_ERROR",
		    "after is no place of this list");
	} else {
		json_t *page = list_page(s, c, from, n);
		fault_page(c, page);
		reply_json(out, 200, page);
	}
}

/* ---- one record ---------------------------------------------------------- */

void
on_row(struct sim *s, struct call *c, struct reply *out)
{
	const char *by = call_param(c, "idProperty");
	const char *archived = call_param(c, "archived");
	const bool gone = archived != NULL && strcmp(archived, "true") == 0;
	int64_t id = 0;
	const struct record *r = by != NULL && strcmp(by, "email") == 0
	    ? record_by_email(c->kind, c->args[1])
	    : sim_num(c->args[1], &id) ? record_now(c->kind, id) : NULL;

	if (r != NULL && r->id != id && id != 0 &&
	    mutant(s, "merged-is-404"))
		r = NULL;
	if (r == NULL || r->erased || r->archived != gone ||
	    (!gone && !record_seen(s, r))) {
		reply_error(s, out, 404, "OBJECT_NOT_FOUND",
		    "resource not found");
		return;
	}
	json_t *names = names_split(call_param(c, "properties"));
	json_t *row = row_json(s, c->kind, r, names);
	links_add(s, c->kind, r, call_param(c, "associations"), row);
	reply_json(out, 200, row);
	json_decref(names);
}
