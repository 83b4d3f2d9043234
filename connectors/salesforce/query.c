/*
 * query.c - how reading could lose rows or never end, and what stops it:
 *  - a page dropped on the way, a server that says "done" too early: the rows
 *    must be as many as totalSize announced;
 *  - short and empty pages: the next address counts, not the rows; "done" may
 *    be missing;
 *  - an address that leads back: more rows than announced, the same address
 *    twice, or too many pages without rows;
 *  - an address that leads elsewhere: our key goes to the instance alone;
 *  - a cursor that died, a statement that takes too long: told to the caller,
 *    who begins again or asks for less.
 */
#include "query.h"

#include <stdio.h>
#include <string.h>

#include "url.h"

#define PAGE_MAX_BYTES ((size_t)67108864)
#define EMPTY_PAGES_MAX 100
#define PAGES_MAX 100000
#define ADDRESS_MAX_BYTES ((size_t)16384)
#define ID_URL_BYTES 27		/* %27 18 letters %27 %2C */

struct reading {
	struct salesforce *s;
	struct sf_query *q;
	struct arena *arena;	/* of a page */
	struct buf *next;	/* address; empty = the first page */
	long pages, empty;
};

size_t
sf_ids_max(const struct salesforce *s, size_t bytes)
{
	const size_t max = (size_t)s->set->in_list_max;
	const size_t path = (size_t)s->set->query_path_max;
	/* Escaped, a statement grows by less than this. */
	const size_t left = path > 2 * bytes ? path - 2 * bytes : 0;
	const size_t fit = left / ID_URL_BYTES;

	return fit < 1 ? 1 : fit < max ? fit : max;
}

/* ---- one page ---------------------------------------------------------- */
static const char *
first_target(const struct reading *r)
{
	const char *q = url_escape(r->arena, r->q->soql);

	return q == NULL ? NULL : sf_path(r->s, r->arena, arena_printf(r->arena,
	    "%s?q=%s", r->q->all ? "/queryAll" : "/query", q));
}

static void
judge_trouble(struct reading *r, const struct api_res *res, struct err *err)
{
	static const struct {
		const char *code;
		enum sf_trouble trouble;
	} known[] = { { "QUERY_TIMEOUT", SF_TOO_LONG },
		{ "OPERATION_TOO_LARGE", SF_TOO_LONG },
		{ "INVALID_QUERY_LOCATOR", SF_PLACE_LOST },
		{ "INVALID_TYPE", SF_NO_SUCH }, { "INVALID_FIELD", SF_NO_SUCH } };

	for (size_t i = 0; i < ARRAY_LEN(known); i++)
		if (strcmp(res->verdict.code, known[i].code) == 0)
			r->q->trouble = known[i].trouble;
	/* Not a record is missing, but what is asked for. */
	if (err->kind == ERR_GONE && r->q->trouble == SF_NO_TROUBLE)
		err->kind = ERR_CONFIG;
}

static bool
fetch(struct reading *r, struct api_res *res, struct err *err)
{
	const char *headers[][2] = { { "Sforce-Query-Options",
	    arena_printf(r->arena, "batchSize=%d",
	        r->s->set->query_batch_size) }, { NULL, NULL } };
	const struct api_req req = { .method = "GET", .label = r->q->label,
		.target = r->next->len > 0 ? buf_text(r->next) :
		first_target(r), .headers = (const char *const (*)[2])headers };

	if (arena_failed(r->arena) || req.target == NULL)
		return err_nomem(err);
	if (apicall_do(&r->s->api, r->arena, &req, res, err))
		return true;
	judge_trouble(r, res, err);
	return false;
}

/* Absolute, or NULL when this was the last page. */
static bool
next_address(struct reading *r, json_t *root, const char **out,
    struct err *err)
{
	const char *offered = json_string_value(json_object_get(root,
	    "nextRecordsUrl"));
	const char *base = r->s->api.base;
	const char *current = r->next->len > 0 ? buf_text(r->next) :
	    arena_printf(r->arena, "%s/", base);

	*out = NULL;
	if (offered == NULL || json_is_true(json_object_get(root, "done")))
		return true;
	if (current == NULL)
		return err_nomem(err);
	*out = url_next(r->arena, base, current, offered, err);
	return *out != NULL || err_wrap(err, "%s", r->q->label);
}

static bool
read_page(struct reading *r, json_t *root, struct sf_page *page,
    struct err *err)
{
	json_t *total = json_object_get(root, "totalSize");

	page->records = json_object_get(root, "records");
	if (!json_is_array(page->records))
		return err_set(err, ERR_PROTOCOL, "%s: expected an array "
		    "\"records\"", r->q->label);
	if (r->pages == 0 && r->q->next == NULL)
		r->q->total = json_is_integer(total) ?
		    json_integer_value(total) : -1;
	r->q->rows += (long long)json_array_size(page->records);
	page->rows = r->q->rows;
	page->total = r->q->total;
	return next_address(r, root, &page->next, err);
}

/* ---- is it all? -------------------------------------------------------- */
static bool
is_endless(struct reading *r, const struct sf_page *page, struct err *err)
{
	const bool rows = json_array_size(page->records) > 0;

	r->empty = rows ? 0 : r->empty + 1;
	return ++r->pages > PAGES_MAX || r->empty > EMPTY_PAGES_MAX ?
	    !err_set(err, ERR_PROTOCOL, "%s: %ld pages, and no end",
	    r->q->label, r->pages) : false;
}

static bool
is_complete(struct reading *r, const struct sf_page *page, json_t *root,
    struct err *err)
{
	const bool last = page->next == NULL;

	if (page->total < 0)
		return !last || !json_is_false(json_object_get(root, "done")) ||
		    err_set(err, ERR_PROTOCOL, "%s: not done, and no next page",
		    r->q->label);
	if (last ? page->rows == page->total : page->rows <= page->total)
		return true;
	r->q->trouble = SF_INCOMPLETE;
	return err_set(err, ERR_PROTOCOL, "%s: %lld rows were announced, %lld "
	    "came", r->q->label, page->total, page->rows);
}

/* Nothing of it was handed out. */
static bool
is_large(struct reading *r, const struct sf_page *page, struct err *err)
{
	if (r->q->large == 0 || r->pages > 1 || page->next == NULL ||
	    page->total <= r->q->large)
		return false;
	r->q->trouble = SF_LARGE;
	return !err_set(err, ERR_RETRY, "%s: %lld rows", r->q->label,
	    page->total);
}

static bool
step(struct reading *r, bool *more, struct err *err)
{
	AUTO(api_res) struct api_res res = { 0 };
	const struct connector_env *env = &r->s->env;
	struct sf_page page;

	arena_reset(r->arena);
	if (env->cancelled != NULL && env->cancelled())
		return err_set(err, ERR_CANCELLED, "cancelled");
	if (!fetch(r, &res, err) ||
	    !read_page(r, api_root(&res), &page, err) ||
	    is_endless(r, &page, err) || is_large(r, &page, err) ||
	    !is_complete(r, &page, api_root(&res), err))
		return false;
	*more = page.next != NULL;
	if (!r->q->page(r->q->arg, &page, err))
		return false;
	buf_reset(r->next);
	return page.next == NULL || buf_str(r->next, page.next) ||
	    err_nomem(err);
}

bool
sf_query(struct salesforce *s, struct sf_query *q, struct err *err)
{
	AUTO(arena) struct arena *arena = arena_new(PAGE_MAX_BYTES);
	AUTO(buf) struct buf next;
	struct reading r = { .s = s, .q = q, .arena = arena, .next = &next };
	bool more = true;

	buf_init(&next, ADDRESS_MAX_BYTES);
	q->trouble = SF_NO_TROUBLE;
	if (q->next == NULL)
		q->rows = 0;
	if (arena == NULL || (q->next != NULL && !buf_str(&next, q->next)))
		return err_nomem(err);
	while (more)
		if (!step(&r, &more, err))
			return false;
	return true;
}
