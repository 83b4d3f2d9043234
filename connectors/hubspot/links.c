/*
 * links.c - how an event could lose its contact, and what stops it:
 *  - more contacts than one answer holds: each record has a cursor of its own;
 *  - an input that the service could not look up: it is asked for alone; in
 *    vain, and the pass breaks and is taken again, rather than that the event is
 *    for nobody for ever;
 *  - an id that is a number beyond 32 bits, or a text: the same id;
 *  - a cursor that stands still: an error.
 */
#include "links.h"

#include <string.h>
#include <strings.h>

#include "buf.h"
#include "common/hole.h"

#define BODY_MAX ((size_t)1048576)
#define PAGE_MAX_BYTES ((size_t)33554432)
#define ROUNDS_MAX 1000

struct ask {
	const char *id, *after;		/* after: "" = the first page */
	bool met;			/* the answer had it */
};
struct loading {
	struct hubspot *h;
	const char *type, *label;
	struct arena *arena;		/* of the caller */
	struct hs_links *out;
	struct ask *now, *next;		/* of this round, of the one after */
	size_t n, n_next;
};

/* A list has a power of two of places, its NULL too. */
static bool
link_add(struct loading *l, const char *id, const char *contact)
{
	const char **old = idmap_get(&l->out->by_id, id), **list = old;
	size_t n = 0;

	for (; old != NULL && old[n] != NULL; n++)
		if (strcmp(old[n], contact) == 0)
			return true;
	if (list == NULL || ((n + 1) & n) == 0) {
		list = arena_array(l->arena, 2 * (n + 1), sizeof(*list));
		if (list == NULL)
			return false;
		if (n > 0)
			memcpy(list, old, n * sizeof(*list));
	}
	list[n] = contact;
	list[n + 1] = NULL;
	return list == old || idmap_put(&l->out->by_id, id, list);
}

static bool
has_label(const struct loading *l, json_t *to)
{
	json_t *type;
	size_t i;

	if (l->label == NULL)
		return true;
	json_array_foreach(json_object_get(to, "associationTypes"), i, type) {
		const char *label = json_string_value(json_object_get(type,
		    "label"));
		if (label != NULL && strcasecmp(label, l->label) == 0)
			return true;
	}
	return false;
}

/* ---- an answer --------------------------------------------------------------------- */
static bool
go_on(struct loading *l, const char *id, json_t *result, struct err *err)
{
	json_t *node = json_at(result, "/paging/next/after");
	const char *after = node == NULL ? NULL : json_text(l->arena, node);

	if (arena_failed(l->arena))
		return err_nomem(err);
	if (after == NULL || *after == '\0')
		return !json_is_object(json_at(result, "/paging/next")) ||
		    err_set(err, ERR_PROTOCOL, "associations of %s: expected a "
		    "text \"after\" in paging.next", l->type);
	for (size_t i = 0; i < l->n; i++)
		if (strcmp(l->now[i].id, id) == 0 &&
		    strcmp(l->now[i].after, after) == 0)
			return err_set(err, ERR_PROTOCOL, "associations of %s: "
			    "a page leads back to itself", l->type);
	if (l->n_next == l->n)
		return err_set(err, ERR_PROTOCOL, "associations of %s: more "
		    "pages than records", l->type);
	l->next[l->n_next++] = (struct ask){ id, after, false };
	return true;
}

static bool
take_result(struct loading *l, json_t *result, struct err *err)
{
	json_t *all = json_object_get(result, "to"), *to;
	const char *id = hs_id(json_object_get(result, "from"), "id",
	    l->arena);
	size_t i;

	if (id == NULL || !json_is_array(all))
		return err_set(err, ERR_PROTOCOL, "associations of %s: expected "
		    "\"from\" with an id, and an array \"to\"", l->type);
	for (size_t k = 0; k < l->n; k++)
		if (strcmp(l->now[k].id, id) == 0) {
			l->out->n_linked += *l->now[k].after == '\0' &&
			    json_array_size(all) > 0;
			l->now[k].met = true;
		}
	json_array_foreach(all, i, to) {
		const char *contact = hs_id(to, "toObjectId", l->arena);
		if (contact == NULL)
			return err_set(err, ERR_PROTOCOL, "associations of %s: "
			    "expected a number \"toObjectId\"", l->type);
		if (has_label(l, to) && !link_add(l, id, contact))
			return err_nomem(err);
	}
	return go_on(l, id, result, err);
}

/* Of an input without contacts there is an error too: that one is none. */
static bool
means_nobody(json_t *error)
{
	const char *category = json_string_value(json_object_get(error,
	    "category"));
	const char *sub = json_string_value(json_object_get(error,
	    "subCategory"));

	return (category != NULL &&
	    strcasecmp(category, "OBJECT_NOT_FOUND") == 0) ||
	    (sub != NULL && strcasestr(sub, "NO_ASSOCIATIONS_FOUND") != NULL);
}

/* *failed: of some input it is not known who its contacts are. */
static void
take_errors(json_t *root, bool *failed)
{
	json_t *errors = json_object_get(root, "errors"), *error;
	long long n;
	size_t i;

	*failed = json_array_size(errors) == 0 && json_integer_value_of(
	    json_object_get(root, "numErrors"), &n) && n > 0;
	json_array_foreach(errors, i, error)
		*failed = *failed || !means_nobody(error);
}

static bool
take_answer(struct loading *l, json_t *root, bool *failed, struct err *err)
{
	json_t *results = json_object_get(root, "results"), *result;
	const char *status = json_string_value(json_object_get(root, "status"));
	size_t i;

	if (!json_is_array(results))
		return err_set(err, ERR_PROTOCOL, "associations of %s: expected "
		    "an array \"results\"", l->type);
	if (status != NULL && strcmp(status, "COMPLETE") != 0)
		return err_set(err, ERR_RETRY, "associations of %s: the answer "
		    "is not complete; another run may do", l->type);
	json_array_foreach(results, i, result)
		if (!take_result(l, result, err))
			return false;
	take_errors(root, failed);
	return true;
}

/* ---- rounds -------------------------------------------------------------------------- */
static bool
put_inputs(const struct ask *v, size_t n, struct buf *out)
{
	buf_str(out, "{\"inputs\":[");
	for (size_t i = 0; i < n; i++) {
		buf_printf(out, "%s{\"id\":\"%s\"", i > 0 ? "," : "", v[i].id);
		if (*v[i].after != '\0') {
			buf_str(out, ",\"after\":");
			hole_json_text(out, v[i].after, strlen(v[i].after));
		}
		buf_char(out, '}');
	}
	return buf_str(out, "]}");
}

static bool
ask_once(struct loading *l, size_t from, size_t n, bool *failed,
    struct err *err)
{
	AUTO(arena) struct arena *arena = arena_new(PAGE_MAX_BYTES);
	AUTO(api_res) struct api_res res = { 0 };
	AUTO(buf) struct buf body;

	buf_init(&body, BODY_MAX);
	if (arena == NULL || !put_inputs(l->now + from, n, &body))
		return err_nomem(err);
	const struct hs_call call = { .label = "read associations",
		.path = hs_path(l->h, arena, HS_ASSOCIATIONS, arena_printf(
		    arena, "/%s/contacts/batch/read", l->type)),
		.body = buf_text(&body) };
	return hs_read(l->h, arena, &call, &res, err) &&
	    take_answer(l, api_root(&res), failed, err);
}

static bool
ask_some(struct loading *l, size_t from, size_t n, struct err *err)
{
	bool failed;

	if (!ask_once(l, from, n, &failed, err))
		return false;
	for (size_t i = from; failed && i < from + n; i++) {
		bool again = false;
		if (l->now[i].met)
			continue;
		if (n > 1 && !ask_once(l, i, 1, &again, err))
			return false;
		if ((n == 1 || again) && !l->now[i].met)
			return err_set(err, ERR_RETRY, "associations of %s: "
			    "those of %s could not be read; another run may do",
			    l->type, l->now[i].id);
	}
	return true;
}

static bool
round_of(struct loading *l, struct err *err)
{
	l->n_next = 0;
	for (size_t at = 0; at < l->n; at += HS_LINKS_MAX)
		if (!ask_some(l, at, l->n - at < HS_LINKS_MAX ? l->n - at :
		    HS_LINKS_MAX, err))
			return false;
	struct ask *done = l->now;
	l->now = l->next;
	l->n = l->n_next;
	l->next = done;
	return true;
}

bool
hs_links_load(struct hubspot *h, const char *type, json_t *rows,
    const char *label, struct arena *arena, struct hs_links *out,
    struct err *err)
{
	const size_t max = json_array_size(rows);
	struct loading l = { .h = h, .type = type, .label = label,
		.arena = arena, .out = out,
		.now = arena_array(arena, max + 1, sizeof(*l.now)),
		.next = arena_array(arena, max + 1, sizeof(*l.next)) };
	json_t *row;
	size_t i;

	idmap_init(&out->by_id, arena);
	out->n_linked = 0;
	if (l.now == NULL || l.next == NULL)
		return err_nomem(err);
	json_array_foreach(rows, i, row) {
		const char *id = hs_id(row, "id", arena);
		if (id != NULL)
			l.now[l.n++] = (struct ask){ id, "", false };
	}
	for (int rounds = 0; l.n > 0; rounds++) {
		if (rounds == ROUNDS_MAX)
			return err_set(err, ERR_PROTOCOL, "associations of %s: "
			    "%d pages, and no end", type, rounds);
		if (!round_of(&l, err))
			return false;
	}
	return !arena_failed(arena) || err_nomem(err);
}

const char *const *
hs_links_of(const struct hs_links *l, const char *id)
{
	return id == NULL ? NULL : idmap_get(&l->by_id, id);
}
