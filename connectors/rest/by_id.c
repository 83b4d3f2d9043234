/*
 * by_id.c - records of a service by their ids, one each or several at a time.
 *
 * How this can lose, and what stops it: an answer to several ids that lacks
 * some may have been cut by the service's own page size, and who is called gone
 * is asked no more.  So the missing are asked for once more by themselves, and
 * again while any come; only what then comes with nothing is gone.
 *
 * One id that the service refuses, or that does not fit the request, would stop
 * all others each night: it is complained about and left out, for which a batch
 * is halved until it stands alone.
 *
 * How it can take one person for another, and what stops it: a service that
 * does not know the parameter gives somebody.  A row counts only if its id is
 * the one asked for; another id is believed as the survivor of a merge only
 * where the address itself names the record.
 */
#include "reader.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "select.h"

/* So many odd ids are left out of a call; more are a request that is wrong. */
#define REFUSED_MAX 20
#define ANSWERS_MAX_BYTES ((size_t)64 << 20)

bool
by_id_check(const struct rest_crm *c, const struct rest_by_id *set,
    const char *where, struct err *err)
{
	static const char *const one[] = { "id", NULL }, *const many[] = { "ids",
		NULL };
	char at[128];

	if (!rest_request_given(&set->request))
		return true;
	snprintf(at, sizeof(at), "%.80s.request", where);
	if (set->batch > 1 && !select_any(&set->id))
		return err_set(err, ERR_CONFIG, "profile %s: %s.id: expected "
		    "where a row of the answer says it", rest_at(&c->rest,
		    where), where);
	return rest_check(&c->rest, &set->request, set->batch > 1 ? many : one,
	    at, err);
}

struct asked {
	const char *const *ids;
	size_t n;
};

static bool
hole_of(void *arg, const char *name, struct hole_value *out)
{
	const struct asked *a = arg;

	if (strcmp(name, "id") == 0) {
		out->type = HOLE_TEXT;
		out->text = a->ids[0];
	} else if (strcmp(name, "ids") == 0) {
		out->type = HOLE_LIST;
		out->list = a->ids;
		out->n = a->n;
	} else {
		return false;
	}
	return true;
}

struct loader {
	struct rest_crm *c;
	const struct rest_by_id *set;
	const char *where;
	const struct by_id_sink *sink;
	size_t *n_refused;
};

/* True: complained about, go on. */
static bool
leave_out(const struct loader *l, const char *id, const struct err *why,
    struct err *err)
{
	if (why->kind == ERR_REJECTED && l->sink->refused != NULL &&
	    ++*l->n_refused <= REFUSED_MAX)
		return l->sink->refused(l->sink->arg, id, why->msg) ||
		    err_set(err, ERR_CANCELLED, "%s: stopped", l->where);
	*err = *why;
	return err_wrap(err, "%s", l->where);
}

static bool
before(const struct loader *l, json_t *rows, struct err *err)
{
	return l->sink->before == NULL || rows == NULL ||
	    l->sink->before(l->sink->arg, rows, err);
}

static bool
each(const struct loader *l, const char *id, json_t *card, struct err *err)
{
	return l->sink->each(l->sink->arg, id, card, err);
}

/* ---- one at a time ------------------------------------------------------------ */

static const char *
id_of(const struct loader *l, json_t *row)
{
	const struct strlist *at = select_any(&l->set->id) ? &l->set->id
	    : l->sink->id;

	if (at == NULL)
		return NULL;
	const struct select_match m = select_first(row, at);
	return select_text(&m, l->c->rest.page);
}

/* Only that of the id asked for: a service that does not know the filter gives
 * all it has, or the first. */
static bool
card_of_list(const struct loader *l, json_t *rows, const char *id,
    json_t **card, struct err *err)
{
	const char *said = id_of(l, json_array_get(rows, 0));
	const size_t n = json_array_size(rows);
	json_t *row;
	size_t i;

	*card = json_array_get(rows, 0);
	if (n == 0 || (n == 1 && (said == NULL || strcasecmp(said, id) == 0)))
		return true;
	if (n == 1)
		return err_set(err, ERR_PROTOCOL, "%s: a list with a row of "
		    "another id than the one asked for: does the request "
		    "choose by {id}?", l->where);
	json_array_foreach (rows, i, row)
		if ((said = id_of(l, row)) != NULL && strcmp(said, id) == 0) {
			*card = row;
			return true;
		}
	return err_set(err, ERR_PROTOCOL, "%s: several rows for one id, none of "
	    "them known as its (by_id.id)", l->where);
}

/* A path that names a record may lead to the survivor of a merge; a parameter
 * may be one that the service does not know. */
static bool
is_named_by_path(const struct rest_request *req)
{
	const char *hole = strstr(req->path, "{id");

	return hole != NULL &&
	    memchr(req->path, '?', (size_t)(hole - req->path)) == NULL;
}

static bool
check_record(const struct loader *l, json_t *card, const char *id,
    struct err *err)
{
	const char *said = card == NULL ? NULL : id_of(l, card);

	return said == NULL || strcasecmp(said, id) == 0 ||
	    is_named_by_path(&l->set->request) || err_set(err, ERR_PROTOCOL,
	    "%s: a record of another id than the one asked for: does the "
	    "request choose by {id}?", l->where);
}

/* null where the rows should be: none. */
static bool
has_null_rows(const struct rest_request *req, json_t *root)
{
	for (size_t i = 0; i < req->rows.n; i++)
		if (json_is_null(json_at(root, req->rows.v[i])))
			return true;
	return false;
}

/* Some answer with the record, some with a list of it, some with neither. */
static bool
card_of(const struct loader *l, const struct json_doc *doc, const char *id,
    json_t **card, struct err *err)
{
	json_t *root = doc == NULL ? NULL : json_root(doc);
	json_t *rows = root == NULL ? NULL : rest_rows(&l->set->request, root);
	const struct strlist *at = &l->set->at;

	*card = NULL;
	if (rows != NULL)
		return card_of_list(l, rows, id, card, err);
	if (root == NULL || json_is_null(root) ||
	    has_null_rows(&l->set->request, root))
		return true;
	*card = select_any(at) ? select_first(root, at).node : root;
	if (*card == NULL && select_has_place(root, at))
		return true;
	if (!json_is_object(*card))
		return err_set(err, ERR_PROTOCOL, "%s: expected a record where "
		    "request.rows or at says", l->where);
	return check_record(l, *card, id, err);
}

static bool
load_one(const struct loader *l, const char *const *id, struct err *err)
{
	AUTO(json_doc) struct json_doc *doc = NULL;
	struct asked asked = { id, 1 };
	struct err why = { .kind = ERR_NONE };
	struct http_res res;
	json_t *card;

	if (rest_read(&l->c->rest, &l->set->request, NULL, hole_of, &asked,
	        &res, &doc, &why)) {
		return card_of(l, doc, *id, &card, err) &&
		    before(l, card, err) && each(l, *id, card, err);
	}
	if (why.kind == ERR_GONE)
		return each(l, *id, NULL, err);
	return leave_out(l, *id, &why, err);
}

/* ---- several at a time --------------------------------------------------------- */

static bool
want_all(const struct asked *asked, struct idmap *wanted)
{
	for (size_t i = 0; i < asked->n; i++)
		if (!idmap_put(wanted, asked->ids[i], NULL))
			return false;
	return true;
}

/* found = the ids answered, this time and before. */
struct batch {
	const struct loader *l;
	const struct asked *asked;
	struct idmap wanted, *found;
	size_t n_new, n_ours;
};

/* As it was asked for: some answer in other letters than they were asked in,
 * where an id is a GUID.  NULL = nobody asked. */
static const char *
asked_as(const struct batch *b, const char *id)
{
	const char *one = NULL;

	if (id == NULL || idmap_has(&b->wanted, id))
		return id;
	for (size_t i = 0; i < b->asked->n; i++) {
		if (strcasecmp(b->asked->ids[i], id) != 0)
			continue;
		if (one != NULL)
			return NULL;
		one = b->asked->ids[i];
	}
	return one;
}

static bool
batch_row(struct batch *b, json_t *row, struct err *err)
{
	const char *id = asked_as(b, id_of(b->l, row));

	b->n_ours += id != NULL;
	if (id == NULL || idmap_has(b->found, id))
		return true;
	if (!idmap_put(b->found, id, NULL))
		return err_nomem(err);
	b->n_new++;
	return each(b->l, id, row, err);
}

static bool
take_batch(struct batch *b, json_t *rows, struct err *err)
{
	const size_t n = json_array_size(rows);
	json_t *row;
	size_t i;

	json_array_foreach (rows, i, row)
		if (!batch_row(b, row, err))
			return false;
	/* One alone may be the survivor of a merge. */
	if (b->n_ours > 0 || n == 0 || (n == 1 && b->asked->n == 1))
		return true;
	return err_set(err, ERR_PROTOCOL, "%s: rows, but none of an id that was "
	    "asked for: by_id.id leads elsewhere, or the request does not "
	    "choose by {ids}", b->l->where);
}

/* why: the service's refusal; *err: what ends all. */
static bool
ask_batch(const struct loader *l, struct asked *asked, struct idmap *found,
    size_t *n_new, struct err *why, struct err *err)
{
	AUTO(json_doc) struct json_doc *doc = NULL;
	struct batch b = { .l = l, .asked = asked, .found = found };
	struct http_res res;

	idmap_init(&b.wanted, l->c->rest.page);
	if (!want_all(asked, &b.wanted))
		return err_nomem(err);
	if (!rest_read(&l->c->rest, &l->set->request, NULL, hole_of, asked,
	        &res, &doc, why)) {
		*err = *why;
		return err_wrap(err, "%s", l->where);
	}
	json_t *rows = doc == NULL ? NULL : rest_rows(&l->set->request,
	    json_root(doc));
	if (rows == NULL && doc != NULL)
		return err_set(err, ERR_PROTOCOL, "%s: expected an array of rows "
		    "where request.rows says", l->where);
	if (!before(l, rows, err) || !take_batch(&b, rows, err))
		return false;
	*n_new = b.n_new;
	return true;
}

static size_t
missing_of(const char **ids, size_t n, const struct idmap *found)
{
	size_t left = 0;

	for (size_t i = 0; i < n; i++)
		if (!idmap_has(found, ids[i]))
			ids[left++] = ids[i];
	return left;
}

static bool load_batch(const struct loader *l, const char *const *ids, size_t n,
    struct err *err);

/* Which of them it is that was refused. */
static bool
load_halves(const struct loader *l, const char *const *ids, size_t n,
    const struct err *why, struct err *err)
{
	if (n == 1 || l->sink->refused == NULL)
		return leave_out(l, ids[0], why, err);
	return load_batch(l, ids, n / 2, err) &&
	    load_batch(l, ids + n / 2, n - n / 2, err);
}

static bool
load_batch(const struct loader *l, const char *const *ids, size_t n,
    struct err *err)
{
	struct arena *page = l->c->rest.page;
	const char **left = arena_array(page, n + 1, sizeof(*left));
	struct idmap found;
	size_t n_new = 1;

	if (left == NULL)
		return err_nomem(err);
	memcpy(left, ids, n * sizeof(*left));
	idmap_init(&found, page);
	while (n > 0 && n_new > 0) {
		struct asked asked = { left, n };
		struct err why = { .kind = ERR_NONE };
		n_new = 0;
		if (!ask_batch(l, &asked, &found, &n_new, &why, err))
			return why.kind == ERR_REJECTED &&
			    load_halves(l, left, n, &why, err);
		n = missing_of(left, n, &found);
	}
	for (size_t i = 0; i < n; i++)
		if (!each(l, left[i], NULL, err))
			return false;
	return true;
}

static bool
load_all(const struct loader *l, const char *const *ids, size_t n,
    struct err *err)
{
	const struct connector_env *env = l->c->rest.env;
	const size_t max = l->set->batch > 1 ? (size_t)l->set->batch : 1;

	for (size_t i = 0; i < n; i += max) {
		const size_t some = n - i < max ? n - i : max;
		if (env->cancelled != NULL && env->cancelled())
			return err_set(err, ERR_CANCELLED, "%s: stopped",
			    l->where);
		arena_reset(l->c->rest.page);
		if (!(max == 1 ? load_one(l, ids + i, err)
		               : load_batch(l, ids + i, some, err)))
			return false;
	}
	return true;
}

bool
by_id_load(struct rest_crm *c, const struct rest_by_id *set, const char *where,
    const char *const *ids, size_t n, const struct by_id_sink *sink,
    struct err *err)
{
	AUTO(arena) struct arena *mine = arena_new(ANSWERS_MAX_BYTES);
	struct arena *outer = c->rest.page;
	size_t n_refused = 0;
	const struct loader l = { c, set, where, sink, &n_refused };

	if (mine == NULL)
		return err_nomem(err);
	c->rest.page = mine;
	const bool ok = load_all(&l, ids, n, err);
	c->rest.page = outer;
	return ok;
}
