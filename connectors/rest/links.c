/*
 * links.c - who a row is about, where another request says it.
 *
 * How this can lose or double, and what stops it: a batch answer that lacks a
 * row is a row about nobody, which the core counts (no_contact), never a guess;
 * one that the service cut is found out by asking for those without a person
 * once more, or, where it has as many rows as a page of a service, for all in two
 * halves, and ends the connector;
 * rows of an answer that belong to none of the page are not looked at; a
 * person named twice is named once; a path that leads nowhere: a row that is
 * not there is about nobody, but twenty and no other are an error; a row that
 * the service refuses to tell about is quarantined, for which a batch is halved
 * until it stands alone, and the connector ends when that is most of them.
 *
 * Memory: each request has an arena of its own, or the answers of all rows of a
 * page would pile up until it is full.
 */
#include "reader.h"

#include <stdio.h>
#include <string.h>

#include "map.h"
#include "select.h"

#define ANSWER_MAX_BYTES ((size_t)64 << 20)
#define CUT_MIN 10	/* rows of the smallest page that a service has */

bool
links_given(const struct rest_link *set)
{
	return rest_request_given(&set->request) ||
	    rest_request_given(&set->batch);
}

struct links
links_begin(struct rest_crm *c, const struct listing *l,
    const struct rest_link *set, struct link_tally *tally)
{
	if (tally->of != l)
		*tally = (struct link_tally){ .of = l };
	return (struct links){ .c = c, .set = set, .where = l->where,
		.tally = tally };
}

static bool
refuse(const struct rest_crm *c, const char *where, const char *why,
    struct err *err)
{
	char at[128];

	(void)snprintf(at, sizeof(at), "%.80s.link", where);
	return err_set(err, ERR_CONFIG, "profile %s: %s: %s",
	    rest_at(&c->rest, at), at, why);
}

bool
links_check(const struct rest_crm *c, const struct rest_link *set,
    const char *where, struct err *err)
{
	static const char *const one[] = { "id", NULL }, *const many[] = { "ids",
		NULL };
	char at[128];

	if (!links_given(set))
		return true;
	if (rest_request_given(&set->request) &&
	    rest_request_given(&set->batch))
		return refuse(c, where, "expected request or batch, not both",
		    err);
	if (!select_any(&set->contact))
		return refuse(c, where, "contact: expected where the answer "
		    "names the person", err);
	if (rest_request_given(&set->batch) && !select_any(&set->key))
		return refuse(c, where, "key: expected where a row of the answer "
		    "says whose it is", err);
	snprintf(at, sizeof(at), "%.80s.link.request", where);
	if (!rest_check(&c->rest, &set->request, one, at, err))
		return false;
	snprintf(at, sizeof(at), "%.80s.link.batch", where);
	return rest_check(&c->rest, &set->batch, many, at, err);
}

/* ---- holes --------------------------------------------------------------------- */

struct asked {
	json_t *row;
	const char *id;
	const char *const *ids;
	size_t n;
	struct arena *arena;
};

static bool
hole_of(void *arg, const char *name, struct hole_value *out)
{
	const struct asked *a = arg;

	if (strcmp(name, "id") == 0) {
		out->type = HOLE_TEXT;
		out->text = a->id;
	} else if (strcmp(name, "ids") == 0) {
		out->type = HOLE_LIST;
		out->list = a->ids;
		out->n = a->n;
	} else {
		return a->row != NULL &&
		    reader_row_hole(a->row, name, a->arena, out);
	}
	return true;
}

/* ---- what an answer says ---------------------------------------------------------- */

struct names {
	const char **v;		/* ends with NULL */
	size_t n, room;
	const struct err *refused;	/* the service does not tell, and why */
};

/* What is left behind by all growing is as much again, not a list for each. */
static bool
names_grow(struct names *to, struct arena *arena)
{
	const size_t room = to->room == 0 ? 8 : 2 * to->room;
	const char **v = arena_array(arena, room, sizeof(*v));

	if (v == NULL)
		return false;
	if (to->n > 0)
		memcpy(v, to->v, to->n * sizeof(*v));
	to->v = v;
	to->room = room;
	return true;
}

static bool
names_take(struct names *to, const char *name, struct arena *arena)
{
	for (size_t i = 0; i < to->n; i++)
		if (strcmp(to->v[i], name) == 0)
			return true;
	if (to->n + 1 >= to->room && !names_grow(to, arena))
		return false;
	const char *copy = arena_strdup(arena, name);
	if (copy == NULL)
		return false;
	to->v[to->n++] = copy;
	to->v[to->n] = NULL;
	return true;
}

static bool
names_add(struct names *to, const char *const *more, struct arena *arena)
{
	if (more == NULL)
		return false;
	for (; *more != NULL; more++)
		if (!names_take(to, *more, arena))
			return false;
	return true;
}

static const char *const *
contacts_of(const struct links *links, json_t *row)
{
	struct map m = { .zone = links->c->rest.zone, .row = row,
		.arena = links->c->rest.page };
	const char *const *v = map_list(&m, "contact", &links->set->contact, "");

	return m.reason[0] != '\0' ? NULL : v;
}

static bool
unreadable(const struct links *links, struct err *err)
{
	return arena_failed(links->c->rest.page) ||
	    arena_failed(links->kept) ? err_nomem(err)
	    : err_set(err, ERR_PROTOCOL, "%s.link: expected rows that name "
	    "persons by number or text", links->where);
}

static json_t *
rows_of(const struct rest_request *req, const struct json_doc *doc)
{
	return doc == NULL ? NULL : rest_rows(req, json_root(doc));
}

/* ---- one request for many ------------------------------------------------------------ */

static bool
batch_row(struct links *links, json_t *row, struct err *err)
{
	struct arena *kept = links->kept;
	struct map m = { .zone = links->c->rest.zone, .row = row,
		.arena = links->c->rest.page };
	const char *key = map_text(&m, "key", &links->set->key);

	if (key == NULL || !idmap_has(&links->by_row, key))
		return true;
	struct names *of = idmap_get(&links->by_row, key);
	if (of == NULL && (of = arena_alloc(kept, sizeof(*of))) == NULL)
		return err_nomem(err);
	if (!names_add(of, contacts_of(links, row), kept))
		return unreadable(links, err);
	key = arena_strdup(kept, key);
	return (key != NULL && idmap_put(&links->by_row, key, of)) ||
	    err_nomem(err);
}

/* ERR_REJECTED is the service's alone, and says not yet where. */
static bool
batch_take(struct links *links, const char *const *ids, size_t n,
    size_t *n_rows, struct err *err)
{
	AUTO(json_doc) struct json_doc *doc = NULL;
	const struct rest_request *req = &links->set->batch;
	struct asked asked = { .ids = ids, .n = n };
	struct http_res res;
	json_t *row;
	size_t i;

	if (!rest_read(&links->c->rest, req, NULL, hole_of, &asked, &res, &doc,
	    err))
		return err->kind != ERR_REJECTED && err_wrap(err, "%s.link",
		    links->where);
	json_t *rows = rows_of(req, doc);
	if (rows == NULL && doc != NULL)
		return err_set(err, ERR_PROTOCOL, "%s.link: expected an array "
		    "of rows where batch.rows says", links->where);
	json_array_foreach (rows, i, row)
		if (!batch_row(links, row, err))
			return false;
	*n_rows = json_array_size(rows);
	return true;
}

static bool
batch_send(struct links *links, const char *const *ids, size_t n,
    size_t *n_rows, struct err *err)
{
	AUTO(arena) struct arena *mine = arena_new(ANSWER_MAX_BYTES);
	struct rest *r = &links->c->rest;
	struct arena *page = r->page;

	if (mine == NULL)
		return err_nomem(err);
	r->page = mine;
	const bool ok = batch_take(links, ids, n, n_rows, err);
	r->page = page;
	return ok;
}

/* Of ids that it has answered for. */
static bool
batch_again(struct links *links, const char *const *ids, size_t n,
    struct err *err)
{
	size_t n_rows;

	return batch_send(links, ids, n, &n_rows, err) ||
	    (err->kind == ERR_REJECTED && err_wrap(err, "%s.link",
	    links->where));
}

static size_t
unnamed(const struct links *links, const char *const *ids, size_t n,
    const char **out)
{
	size_t left = 0;

	for (size_t i = 0; i < n; i++)
		if (idmap_get(&links->by_row, ids[i]) == NULL)
			out[left++] = ids[i];
	return left;
}

static bool
was_cut(const struct links *links, size_t n, struct err *err)
{
	return err_set(err, ERR_PROTOCOL, "%s.link: the answer to %zu ids was "
	    "cut: lower batch_max", links->where, n);
}

/* 20, 25, 50, 100, 64, 128 ...: what services cut at. */
static bool
is_page_size(size_t n)
{
	return n % 5 == 0 || (n & (n - 1)) == 0;
}

static size_t
named(const struct links *links, const char *const *ids, size_t n)
{
	size_t all = 0;

	for (size_t i = 0; i < n; i++) {
		const struct names *of = idmap_get(&links->by_row, ids[i]);
		all += of == NULL ? 0 : of->n;
	}
	return all;
}

/* Each row has a person, and yet one may have lost the second: the same in two
 * halves must not name more.  Rows are not counted: there may be others among
 * them than were asked for. */
static bool
batch_halves(struct links *links, const char *const *ids, size_t n,
    struct err *err)
{
	const size_t before = named(links, ids, n);

	if (n < 2)
		return true;
	if (!batch_again(links, ids, n / 2, err) ||
	    !batch_again(links, ids + n / 2, n - n / 2, err))
		return false;
	return named(links, ids, n) <= before || was_cut(links, n, err);
}

/* So many odd rows are left out whatever there is; more are a request that is
 * wrong, if it is most of them, or of a page. */
#define REFUSED_MAX 20

/* What the service does not tell about this row is said when its turn comes. */
static bool
batch_refused(struct links *links, const char *id, const struct err *why,
    struct err *err)
{
	struct names *of = arena_alloc(links->kept, sizeof(*of));
	struct err *kept = arena_alloc(links->kept, sizeof(*kept));

	if (++links->n_refused > REFUSED_MAX) {
		*err = *why;
		return err_wrap(err, "%s.link", links->where);
	}
	if (of == NULL || kept == NULL)
		return err_nomem(err);
	*kept = *why;
	*of = (struct names){ .refused = kept };
	return idmap_put(&links->by_row, id, of) || err_nomem(err);
}

static bool batch_ask(struct links *links, const char *const *ids, size_t n,
    struct err *err);

/* One odd id, or a request that is too long. */
static bool
batch_failed(struct links *links, const char *const *ids, size_t n,
    const struct err *why, struct err *err)
{
	if (why->kind != ERR_REJECTED) {
		*err = *why;
		return false;
	}
	if (n == 1)
		return batch_refused(links, ids[0], why, err);
	return batch_ask(links, ids, n / 2, err) &&
	    batch_ask(links, ids + n / 2, n - n / 2, err);
}

/* A full answer may be one that the service cut at a page of its own. */
static bool
batch_ask(struct links *links, const char *const *ids, size_t n,
    struct err *err)
{
	const char **left = arena_array(links->c->rest.page, n + 1,
	    sizeof(*left));
	size_t n_rows, n_left;
	struct err why;

	if (left == NULL)
		return err_nomem(err);
	if (!batch_send(links, ids, n, &n_rows, &why))
		return batch_failed(links, ids, n, &why, err);
	if (n_rows < CUT_MIN)
		return true;
	n_left = unnamed(links, ids, n, left);
	if (n_left > 0) {
		if (!batch_again(links, left, n_left, err))
			return false;
		if (unnamed(links, left, n_left, left) < n_left)
			return was_cut(links, n, err);
	}
	return !is_page_size(n_rows) || batch_halves(links, ids, n, err);
}

bool
links_page(struct links *links, const struct strlist *id, json_t *rows,
    struct err *err)
{
	struct arena *page = links->c->rest.page;
	const size_t max = (size_t)links->set->batch_max;
	size_t n = 0, i;
	json_t *row;

	if (!rest_request_given(&links->set->batch))
		return true;
	links->kept = page;
	const char **ids = arena_array(page, json_array_size(rows) + 1,
	    sizeof(*ids));
	idmap_init(&links->by_row, page);
	if (ids == NULL)
		return err_nomem(err);
	json_array_foreach (rows, i, row) {
		const struct select_match m = select_first(row, id);
		const char *text = select_text(&m, page);
		if (text == NULL || idmap_has(&links->by_row, text))
			continue;
		if (!idmap_put(&links->by_row, text, NULL))
			return err_nomem(err);
		ids[n++] = text;
	}
	for (i = 0; i < n; i += max)
		if (!batch_ask(links, ids + i, n - i < max ? n - i : max, err))
			return false;
	return true;
}

/* True: the row is left out, m->reason says why. */
static bool
row_refused(struct links *links, const struct err *why, struct map *m,
    struct err *err)
{
	struct link_tally *tally = links->tally;

	if (++tally->refused > REFUSED_MAX &&
	    2 * tally->refused > tally->asked) {
		*err = *why;
		return err_wrap(err, "%s.link", links->where);
	}
	(void)snprintf(m->reason, sizeof(m->reason), "link: %.120s", why->msg);
	return true;
}

/* ---- one request for one --------------------------------------------------------------- */

/* From so many rows on, of which each is not there, the path is wrong. */
#define GONE_MIN 20

/* The row went meanwhile: it is about nobody. */
static bool
row_gone(struct links *links, const struct err *why, struct err *err)
{
	struct link_tally *tally = links->tally;

	return ++tally->gone < tally->asked || tally->gone < GONE_MIN ||
	    err_set(err, ERR_PROTOCOL, "%s.link: HTTP %d for each of %lld rows: "
	    "is the path of link.request right?", links->where, why->code,
	    tally->gone);
}

static bool
row_take(struct links *links, const char *id, struct map *m, struct names *to,
    struct err *err)
{
	AUTO(json_doc) struct json_doc *doc = NULL;
	const struct rest_request *req = &links->set->request;
	struct rest *r = &links->c->rest;
	struct asked asked = { .row = m->row, .id = id, .arena = r->page };
	struct err why = { .kind = ERR_NONE };
	struct http_res res;
	json_t *one;
	size_t i;

	links->tally->asked++;
	if (!rest_read(r, req, NULL, hole_of, &asked, &res, &doc, &why)) {
		if (why.kind == ERR_REJECTED)
			return row_refused(links, &why, m, err);
		if (why.kind == ERR_GONE)
			return row_gone(links, &why, err);
		*err = why;
		return err_wrap(err, "%s.link", links->where);
	}
	json_t *rows = rows_of(req, doc);
	if (rows == NULL)
		return doc == NULL || names_add(to, contacts_of(links,
		    json_root(doc)), links->kept) || unreadable(links, err);
	json_array_foreach (rows, i, one)
		if (!names_add(to, contacts_of(links, one), links->kept))
			return unreadable(links, err);
	return true;
}

static bool
row_ask(struct links *links, const char *id, struct map *m, struct names *to,
    struct err *err)
{
	AUTO(arena) struct arena *mine = arena_new(ANSWER_MAX_BYTES);
	struct rest *r = &links->c->rest;
	struct arena *page = r->page;

	if (mine == NULL)
		return err_nomem(err);
	r->page = mine;
	links->kept = r->item;
	const bool ok = row_take(links, id, m, to, err);
	r->page = page;
	return ok;
}

bool
links_row(struct links *links, const char *id, struct map *m,
    const char *const **out, struct err *err)
{
	static const char *const nobody[] = { NULL };
	struct names one = { 0 }, *of = &one;

	if (rest_request_given(&links->set->batch)) {
		links->tally->asked++;
		of = id == NULL ? NULL : idmap_get(&links->by_row, id);
	} else if (!row_ask(links, id, m, &one, err)) {
		return false;
	}
	if (of != NULL && of->refused != NULL &&
	    !row_refused(links, of->refused, m, err))
		return false;
	*out = of == NULL || of->v == NULL ? nobody : of->v;
	return true;
}
