/*
 * search.c - how a search could lose rows, double them or never end, and what
 * stops it:
 *  - short or empty pages: only a missing cursor ends it;
 *  - a cursor that leads in a circle, pages without end: an error;
 *  - more rows than the service gives out for one search: told before a row is
 *    taken, so that the caller asks for less; of one and the same millisecond
 *    they are read by their ids, and must be as many as were announced, whatever
 *    order the service thinks ids have;
 *  - rows that change while pages turn, so that one slips over a page's edge:
 *    the total moves, or fewer came: read again;
 *  - one that comes twice: told once.
 */
#include "search.h"

#include <stdio.h>
#include <string.h>

#include "common/hole.h"

#define PAGE_MAX_BYTES ((size_t)67108864)
#define SEEN_MAX_BYTES ((size_t)33554432)
#define BLOCK_MAX 200000	/* rows of one millisecond */
#define ID_LEN 24

/* ---- cursors ------------------------------------------------------------------- */
/* Compared with the one before and with one of long ago (Brent): any circle is
 * noticed before it was walked three times. */
static bool
moves_on(struct hs_cursor *c, const char *next)
{
	if (strcmp(next, c->at) == 0 ||
	    (c->pages > 0 && strcmp(next, c->marked) == 0))
		return false;
	if (c->pages == c->next_mark) {
		memcpy(c->marked, c->at, sizeof(c->marked));
		c->next_mark = 2 * c->next_mark + 1;
	}
	c->pages++;
	return true;
}

bool
hs_cursor_next(struct hs_cursor *c, json_t *root, const char *label,
    bool *more, struct err *err)
{
	json_t *after = json_at(root, "/paging/next/after");
	char next[256] = "";
	int len = 0;

	if (json_is_integer(after))
		len = snprintf(next, sizeof(next), "%lld",
		    (long long)json_integer_value(after));
	else if (json_is_string(after))
		len = snprintf(next, sizeof(next), "%s",
		    json_string_value(after));
	*more = len > 0;
	if (!*more && json_is_object(json_at(root, "/paging/next")))
		return err_set(err, ERR_PROTOCOL, "%s: expected a text or a "
		    "number \"after\" in paging.next", label);
	if (len < 0 || (size_t)len >= sizeof(next))
		return err_set(err, ERR_PROTOCOL, "%s: a cursor longer than "
		    "%zu bytes", label, sizeof(next) - 1);
	if (*more && !moves_on(c, next))
		return err_set(err, ERR_PROTOCOL, "%s: page %ld leads back to "
		    "one that was read already", label, c->pages + 1);
	memcpy(c->at, next, sizeof(next));
	return true;
}

/* ---- what is asked ---------------------------------------------------------------- */
static void
put_text(struct buf *out, const char *text)
{
	hole_json_text(out, text, strlen(text));
}

static void
put_name(struct buf *out, const char *property, const char *op)
{
	buf_str(out, "{\"propertyName\":");
	put_text(out, property);
	buf_printf(out, ",\"operator\":\"%s\"", op);
}

static void
put_filter(struct buf *out, const struct hs_filter *f)
{
	put_name(out, f->property, f->op);
	buf_str(out, f->values != NULL ? ",\"values\":[" : ",\"value\":");
	for (size_t i = 0; f->values != NULL && i < f->n; i++) {
		if (i > 0)
			buf_char(out, ',');
		put_text(out, f->values[i]);
	}
	if (f->values != NULL)
		buf_char(out, ']');
	else
		put_text(out, f->value);
	buf_char(out, '}');
}

static void
put_group(struct buf *out, const struct hs_ask *ask, const char *above,
    const struct hs_filter *also)
{
	const struct hs_filter key = { .property = "hs_object_id", .op = "GT",
		.value = above };
	const char *comma = "";

	buf_str(out, "{\"filters\":[");
	if (ask->stamp != NULL) {
		put_name(out, ask->stamp, "BETWEEN");
		buf_printf(out, ",\"value\":\"%lld\",\"highValue\":\"%lld\"}",
		    (long long)ask->from_ms, (long long)ask->until_ms - 1);
		comma = ",";
	}
	if (also != NULL) {
		buf_str(out, comma);
		put_filter(out, also);
		comma = ",";
	}
	if (above != NULL) {
		buf_str(out, comma);
		put_filter(out, &key);
	}
	buf_str(out, "]}");
}

bool
hs_search_body(const struct hs_ask *ask, int limit, const char *above,
    const char *after, struct buf *out)
{
	buf_str(out, "{\"filterGroups\":[");
	put_group(out, ask, above, ask->n_any > 0 ? &ask->any[0] : NULL);
	for (size_t i = 1; i < ask->n_any; i++) {
		buf_char(out, ',');
		put_group(out, ask, above, &ask->any[i]);
	}
	/* By the id: among equal stamps an order may change from page to page. */
	buf_str(out, "],\"sorts\":[{\"propertyName\":\"hs_object_id\","
	    "\"direction\":\"ASCENDING\"}],\"properties\":[");
	for (size_t i = 0; ask->columns[i] != NULL; i++) {
		if (i > 0)
			buf_char(out, ',');
		put_text(out, ask->columns[i]);
	}
	buf_printf(out, "],\"limit\":%d", limit);
	if (*after != '\0') {
		buf_str(out, ",\"after\":");
		put_text(out, after);
	}
	buf_char(out, '}');
	return !out->failed;
}

/* ---- one page ---------------------------------------------------------------------- */
struct reading {
	struct hubspot *h;
	struct hs_search *s;
	struct arena *page, *kept;	/* of a page; of the search */
	struct idmap seen;
	struct hs_cursor cursor;
	char above[ID_LEN];		/* by ids: what was read; "" = not so */
	long pages;
	long since, given;	/* rows since `above`: new ones, all */
	long long odd;			/* rows without an id */
	bool again;		/* by ids: once more, from `above` */
};

static bool
fetch(struct reading *r, struct api_res *res, struct err *err)
{
	const struct hs_ask *ask = r->s->ask;
	AUTO(buf) struct buf body;
	struct hs_call call = { .label = ask->label, .search = true,
		.path = hs_path(r->h, r->page, HS_OBJECTS,
		    arena_printf(r->page, "/%s/search", ask->type)) };

	buf_init(&body, HS_BODY_MAX);
	if (!hs_search_body(ask, r->h->set->search_limit,
	    *r->above == '\0' ? NULL : r->above, r->cursor.at, &body))
		return body.no_memory ? err_nomem(err) : err_set(err, ERR_CONFIG,
		    "%s: longer than the %zu characters that the service "
		    "takes: name fewer stages, outcomes or properties",
		    ask->label, HS_BODY_MAX);
	call.body = buf_text(&body);
	return hs_read(r->h, r->page, &call, res, err);
}

static bool
trouble(struct reading *r, enum hs_trouble what, struct err *err)
{
	r->s->trouble = what;
	return err_set(err, what == HS_MOVING ? ERR_RETRY : ERR_PROTOCOL,
	    what == HS_MOVING ? "%s: rows change while they are read, or of "
	    "%lld announced only %zu came (check_total); another run may do"
	    : "%s: %lld rows at once, %zu read", r->s->ask->label,
	    r->s->total, r->seen.n);
}

/* The rows that were not told yet.  NULL = memory. */
static json_t *
fresh_of(struct reading *r, json_t *rows)
{
	json_t *fresh = json_array(), *row;
	size_t i;

	json_array_foreach(rows, i, row) {
		const char *id = hs_id(row, "id", r->kept);
		if (id != NULL && idmap_has(&r->seen, id))
			continue;
		r->odd += id == NULL;
		if (id != NULL && (!idmap_put(&r->seen, id, NULL) ||
		    strlen(id) >= ID_LEN))
			break;
		if (json_array_append(fresh, row) != 0)
			break;
	}
	if (!arena_failed(r->kept) && i == json_array_size(rows))
		return fresh;
	json_decref(fresh);
	return NULL;
}

static bool
tell(struct reading *r, json_t *rows, struct err *err)
{
	json_t *fresh = fresh_of(r, rows);

	if (fresh == NULL)
		return err_nomem(err);
	r->since += (long)json_array_size(fresh);
	const bool ok = json_array_size(fresh) == 0 ||
	    r->s->rows(r->s->arg, fresh, err);
	json_decref(fresh);
	return ok;
}

/* ---- is it all, and can it be? ------------------------------------------------------ */
/* What one search may announce, or give out: the service gives no more. */
static int
rows_max(const struct hs_settings *set)
{
	return set->split_total < set->search_max ? set->split_total :
	    set->search_max;
}

static bool
check_first(struct reading *r, long long total, struct err *err)
{
	const int max = rows_max(r->h->set);

	r->s->total = total;
	if (total <= max)
		return true;
	if (!r->s->whole)
		return trouble(r, HS_TOO_MANY, err);
	if (total > BLOCK_MAX)
		return err_set(err, ERR_PROTOCOL, "%s: %lld rows of one "
		    "millisecond; at most %d can be read", r->s->ask->label,
		    total, BLOCK_MAX);
	/* From the first page on: above 0 is all. */
	memcpy(r->above, "0", 2);
	r->again = true;
	return true;
}

static bool
check_total(struct reading *r, json_t *root, struct err *err)
{
	json_t *node = json_object_get(root, "total");
	long long total;

	if (!json_integer_value_of(node, &total) || total < 0)
		return err_set(err, ERR_PROTOCOL, "%s: expected a number "
		    "\"total\"", r->s->ask->label);
	if (r->pages == 1)
		return check_first(r, total, err);
	return *r->above != '\0' || total == r->s->total ||
	    trouble(r, HS_MOVING, err);
}

static bool
check_end(struct reading *r, struct err *err)
{
	const bool by_ids = *r->above != '\0';

	return (long long)r->seen.n + r->odd >= r->s->total ||
	    (!by_ids && !r->h->set->check_total) ||
	    trouble(r, HS_MOVING, err);
}

/* ---- pages ---------------------------------------------------------------------------- */
/* By ids: a further search above the last one, before the service stops giving
 * rows. */
static void
step_up(struct reading *r, json_t *rows, bool *more)
{
	const size_t n = json_array_size(rows);
	const char *last = n == 0 ? NULL : hs_id(json_array_get(rows, n - 1),
	    "id", r->page);

	r->given += (long)n;
	if (*r->above == '\0' || (*more && r->given <
	    rows_max(r->h->set) - r->h->set->search_limit))
		return;
	/* Nothing new: the end, or no progress. */
	*more = r->since > 0 && last != NULL;
	if (!*more)
		return;
	(void)snprintf(r->above, sizeof(r->above), "%s", last);
	r->cursor = (struct hs_cursor){ .at = "" };
	r->since = r->given = 0;
}

static bool
take(struct reading *r, json_t *root, bool *more, struct err *err)
{
	json_t *rows = json_object_get(root, "results");

	if (!json_is_array(rows))
		return err_set(err, ERR_PROTOCOL, "%s: expected an array "
		    "\"results\"", r->s->ask->label);
	if (!check_total(r, root, err))
		return false;
	if (r->again) {
		r->again = false;
		*more = true;
		return true;
	}
	if (!hs_cursor_next(&r->cursor, root, r->s->ask->label, more, err) ||
	    !tell(r, rows, err))
		return false;
	step_up(r, rows, more);
	return *more || check_end(r, err);
}

static bool
step(struct reading *r, bool *more, struct err *err)
{
	AUTO(api_res) struct api_res res = { 0 };

	arena_reset(r->page);
	if (++r->pages > r->h->set->max_pages)
		return err_set(err, ERR_PROTOCOL, "%s: %d pages, and no end "
		    "(max_pages)", r->s->ask->label, r->h->set->max_pages);
	return fetch(r, &res, err) && take(r, api_root(&res), more, err);
}

bool
hs_search(struct hubspot *h, struct hs_search *s, struct err *err)
{
	AUTO(arena) struct arena *page = arena_new(PAGE_MAX_BYTES);
	AUTO(arena) struct arena *kept = arena_new(SEEN_MAX_BYTES);
	struct reading r = { .h = h, .s = s, .page = page, .kept = kept };
	bool more = true;

	s->trouble = HS_NO_TROUBLE;
	s->total = 0;
	if (page == NULL || kept == NULL)
		return err_nomem(err);
	idmap_init(&r.seen, kept);
	while (more)
		if (!step(&r, &more, err))
			return false;
	return true;
}
