/*
 * How this can lose, double, leak or hang, and what stops it:
 *  - a page that repeats: the service ignores the parameter, and what is behind
 *    the first page is never seen.  The listing ends with an error, what was
 *    read stays, no watermark moves, and the next pass begins at its beginning;
 *  - a cursor that never ends: paging.max_pages, and a cursor, link or key that
 *    is the one just used is an error;
 *  - a service that drops rows, ends too early or calls its next link another
 *    name: seen only where it says how many rows there are (paging.total);
 *  - an answer without a body that is no 204: an error, not an end;
 *  - more rows with one stamp than a page holds: pages by key need {last_id};
 *    each other kind counts rows, not stamps;
 *  - late commits, equal stamps: common/watermark.h, for each listing;
 *  - rows that slide from page 3 to page 2 while page 2 is read: the next pass
 *    begins overlap_s earlier, and a look back tells how often that happened;
 *  - the same while a pass stood broken for a day: a sorted listing goes on from
 *    its mark, not from the number of a page;
 *  - a listing that fails: the others' marks stay where they were in the text
 *    of the last checkpoint; a resumed pass reads those that were done from
 *    where they ended, so that one that always fails starves none;
 *  - a place that is gone or is none of ours: that listing begins again; what
 *    comes twice is told by its key;
 *  - a row without stamp: handed out, moves no mark;
 *  - a listing said to be sorted that is not: an error at the first row that
 *    goes back;
 *  - memory: a page at a time, r->page; a row, r->item.
 */
#include "listing.h"

#include <string.h>

#include "clock.h"
#include "listing_int.h"
#include "num.h"
#include "select.h"

static void
pass_cleanup(struct listing_pass *p)
{
	paging_free(&p->paging);
	watermark_free(&p->mark);
	arena_free(p->own);
}

static bool
stopped(const struct listing_pass *p, struct err *err)
{
	return err_set(err, ERR_CANCELLED, "%s: stopped", p->l->name);
}

/* ---- where a listing begins --------------------------------------------------- */

/* A body may hold the page: what tells listings apart are templates, and what
 * fills them: page 7 of one database is none of another's. */
static const char *
name_of_place(const struct listing_pass *p)
{
	const struct rest_request *req = &p->l->set->request;
	const struct rest_place *place = p->r->place;
	const struct rest_variable *v = place->variables.v;
	const char *name = arena_printf(p->own, "%s %s %s %s", place->base_url,
	    req->path, req->json, req->form);

	for (size_t i = 0; name != NULL && i < place->variables.n; i++)
		name = arena_printf(p->own, "%s %s=%s", name, v[i].name,
		    v[i].value);
	return name;
}

static void
paging_begin(struct listing_pass *p)
{
	const struct rest_request *req = &p->l->set->request;

	p->pages = p->l->set->paging;
	if (listing_uses(req, "page"))
		p->pages.page_param = "";
	if (listing_uses(req, "offset"))
		p->pages.offset_param = "";
	if (listing_uses(req, "size"))
		p->pages.size_param = "";
	if (listing_uses(req, "cursor"))
		p->pages.cursor_param = "";
	paging_free(&p->paging);
	paging_init(&p->paging, &p->pages, p->r->place->base_url, req->path);
	p->paging.listing = name_of_place(p);
	p->before = NO_TIME;
	p->resumed = false;
	p->fresh = true;
	p->unsound = false;
	p->got = 0;
	p->total = -1;
}

static bool
pass_begin(struct listing_pass *p, struct err *err)
{
	paging_begin(p);
	watermark_free(&p->mark);
	watermark_init(&p->mark, &p->rules);
	return p->paging.listing == NULL ? err_nomem(err)
	    : watermark_begin(&p->mark, &p->pull, err);
}

/* LENGTH:WATERMARK GOT,TOTAL,PAGES, without the blank. */
static const char *
place_save(struct listing_pass *p)
{
	struct arena *page = p->r->page;
	const char *mark = watermark_save(&p->mark, page);
	const char *pages = paging_save(&p->paging, NULL, page);

	return mark == NULL || pages == NULL ? NULL : arena_printf(page,
	    "%zu:%s%lld,%lld,%s", strlen(mark), mark, p->got, p->total, pages);
}

static bool
take_number(const char **text, long long *out)
{
	const char *comma = strchr(*text, ',');

	if (comma == NULL ||
	    !num_parse_n(*text, (size_t)(comma - *text), -1, INT64_MAX, out))
		return false;
	*text = comma + 1;
	return true;
}

static bool
place_load(struct listing_pass *p, const char *place)
{
	const char *colon = strchr(place, ':');
	const char *none;
	struct err unfit;
	long long len;

	if (colon == NULL || !num_parse_n(place, (size_t)(colon - place), 0,
	    (long long)strlen(colon + 1), &len))
		return false;
	const char *mark = arena_strndup(p->own, colon + 1, (size_t)len);
	const char *rest = colon + 1 + len;
	watermark_free(&p->mark);
	watermark_init(&p->mark, &p->rules);
	return mark != NULL &&
	    watermark_resume(&p->mark, &p->pull, mark, &unfit) &&
	    take_number(&rest, &p->got) && take_number(&rest, &p->total) &&
	    paging_load(&p->paging, rest, p->own, &none, &unfit) &&
	    (p->paging.kind != PAGING_KEYSET ||
	        listing_key_is_sound(buf_text(&p->paging.link)));
}

/* Rows that changed since went to the end of a sorted listing, and the others
 * have moved up: page 7 is not the page 7 it was.  The mark is where it was;
 * but who counts rows must have met them all. */
static bool
pass_by_mark(struct listing_pass *p, struct err *err)
{
	if (p->mark.mark.len > 0 && !select_any(&p->l->set->paging.total)) {
		p->pull.watermark = arena_strdup(p->own,
		    buf_text(&p->mark.mark));
		if (p->pull.watermark == NULL)
			return err_nomem(err);
	}
	return pass_begin(p, err);
}

/* A place that is not understood is no reason to stand still: from the
 * beginning nothing is lost, and what comes twice is known. */
static bool
pass_resume(struct listing_pass *p, const char *place, struct err *err)
{
	if (!pass_begin(p, err))
		return false;
	if (place == NULL)
		return true;
	if (!place_load(p, place))
		return pass_begin(p, err);
	if (p->l->set->sorted && p->paging.kind != PAGING_KEYSET)
		return pass_by_mark(p, err);
	p->resumed = true;
	p->fresh = false;
	return true;
}

static void
pass_settle(struct listing_pass *p, const struct listing *l)
{
	const struct rest_listing *set = l->set;
	const char *zone = *set->stamp_format.zone != '\0'
	    ? set->stamp_format.zone : p->r->zone;

	p->l = l;
	p->whole = rest_listing_is_whole(set);
	p->stamp_format = (struct rest_format){ "stamp", set->stamp_format.as,
		zone };
	p->stamp_maps = (struct rest_maps){ .format = { &p->stamp_format, 1 } };
	p->rules = (struct watermark_rules){ .sorted = p->sorted, .zone = zone,
		.since = NO_TIME, .reach_s = (long)set->overlap_h * 3600 };
	if (*set->since != '\0' &&
	    !clock_parse_iso(set->since, p->r->zone, &p->rules.since))
		p->rules.since = NO_TIME;
	map_seen_init(&p->seen, l->fields);
}

/* A page of yesterday may be gone: links and cursors live for a while only. */
static bool
page_or_begin(struct listing_pass *p, enum paging_step *step, struct err *err)
{
	if (listing_page_take(p, step, err))
		return true;
	if (!p->resumed || (err->kind != ERR_GONE &&
	    err->kind != ERR_PROTOCOL && err->kind != ERR_REJECTED))
		return false;
	return pass_begin(p, err) && listing_page_take(p, step, err);
}

/* ---- checkpoints ------------------------------------------------------------------ */

static bool
told(const struct listing_pass *p, const char *resume, const char *mark,
    struct err *err)
{
	return p->sink->checkpoint(p->sink->checkpoint_arg, resume, mark) ||
	    stopped(p, err);
}

/* A page in the middle of this listing. */
static bool
checkpoint_page(struct listing_pass *p, struct err *err)
{
	struct marks_entry *m = &p->marks[p->l - p->all];
	const char *sorted = NULL, *resume, *old = m->mark, *mark;

	if (p->sink->checkpoint == NULL)
		return true;
	if ((m->place = place_save(p)) == NULL)
		return err_nomem(err);
	resume = marks_save(p->marks, p->n, p->r->page);
	m->place = NULL;
	if (p->sorted && !p->pull.sweep) {
		if (!watermark_page(&p->mark, &mark, err))
			return false;
		m->mark = mark != NULL ? mark : old;
		sorted = marks_save(p->marks, p->n, p->r->page);
		m->mark = old;
		if (sorted == NULL)
			return err_nomem(err);
	}
	return resume == NULL ? err_nomem(err)
	    : told(p, resume, sorted != NULL && *sorted == '\0' ? NULL : sorted,
	          err);
}

/* Behind its last page. */
static bool
checkpoint_end(struct listing_pass *p, bool last, struct err *err)
{
	struct marks_entry *m = &p->marks[p->l - p->all];
	const char *mark;

	if (!p->whole) {
		if (!watermark_end(&p->mark, p->r->page, &mark, err))
			return false;
		m->mark = arena_strdup(p->kept, mark);
	}
	const char *all = marks_save(p->marks, p->n, p->r->page);
	if (all == NULL || arena_failed(p->kept))
		return err_nomem(err);
	if (p->sink->checkpoint == NULL)
		return true;
	if (!last)
		return told(p, all, p->sorted && *all != '\0' ? all : NULL, err);
	return told(p, NULL, *all == '\0' ? "whole" : all, err);
}

/* Pages that were none: where they ended is no place to go on from.  What a
 * sorted stream's watermark has skipped since is read again: a resume wins, and
 * one with an empty mark is the beginning. */
static void
checkpoint_unsound(const struct listing_pass *p)
{
	struct marks_entry *m = &p->marks[p->l - p->all];

	if (m->mark == NULL)
		m->mark = "";
	const char *all = marks_save(p->marks, p->n, p->r->page);
	if (p->sink->checkpoint != NULL && all != NULL)
		(void)p->sink->checkpoint(p->sink->checkpoint_arg, all, NULL);
}

/* ---- all of them -------------------------------------------------------------------- */

static bool
listing_pages(struct listing_pass *p, bool last, struct err *err)
{
	enum paging_step step = PAGING_MORE;
	const struct connector_env *env = p->r->env;

	while (step == PAGING_MORE) {
		if (env->cancelled != NULL && env->cancelled())
			return stopped(p, err);
		if (!page_or_begin(p, &step, err)) {
			if (p->unsound)
				checkpoint_unsound(p);
			return false;
		}
		if (step == PAGING_MORE && !checkpoint_page(p, err))
			return false;
	}
	return checkpoint_end(p, last, err);
}

static bool
read_one(const struct listing *l, const struct listing_pass *shared, bool last,
    struct err *err)
{
	AUTO(pass) struct listing_pass p = *shared;
	struct marks_entry *m = &p.marks[l - p.all];
	const char *place = m->place;

	if ((p.own = arena_new((size_t)1 << 20)) == NULL)
		return err_nomem(err);
	m->place = NULL;
	p.pull.watermark = m->mark;
	pass_settle(&p, l);
	/* A look back at what is read whole each time finds nothing. */
	if (p.whole && p.pull.sweep)
		return true;
	if (p.whole)
		p.pull.watermark = NULL;
	return pass_resume(&p, place, err) && listing_pages(&p, last, err);
}

bool
listing_read(struct rest *r, const struct listing *l, size_t n,
    const struct pull *pull, const struct listing_sink *sink, struct err *err)
{
	AUTO(arena) struct arena *arena = arena_new((size_t)1 << 20);
	struct listing_pass shared = { .r = r, .sink = sink, .all = l, .n = n,
		.pull = *pull, .kept = arena,
		.sorted = sink->sorted && listing_all_sorted(l, n) };

	if (arena == NULL)
		return err_nomem(err);
	shared.marks = arena_array(arena, n + 1, sizeof(*shared.marks));
	for (size_t i = 0; shared.marks != NULL && i < n; i++)
		shared.marks[i].name = l[i].name;
	if (shared.marks == NULL)
		return err_nomem(err);
	if (!marks_begin(shared.marks, n, pull, arena, err))
		return false;
	for (size_t i = 0; i < n; i++)
		if (!read_one(&l[i], &shared, i + 1 == n, err))
			return false;
	return n > 0 || sink->checkpoint == NULL ||
	    sink->checkpoint(sink->checkpoint_arg, NULL, "whole") ||
	    err_set(err, ERR_CANCELLED, "stopped");
}

static bool
no_row(void *arg, const struct listing *l, struct listing_row *row,
    struct err *err)
{
	(void)arg, (void)l, (void)row, (void)err;
	return true;
}

bool
listing_try(struct rest *r, const struct listing *l, struct err *err)
{
	AUTO(arena) struct arena *arena = arena_new((size_t)1 << 20);
	const struct listing_sink sink = { .row = no_row };
	const time_t now = r->env->now(r->env->clock);
	const struct listing one = { .name = l->name, .where = l->where,
		.set = l->set };
	AUTO(pass) struct listing_pass p = { .r = r, .sink = &sink,
		.all = &one, .n = 1, .pull = { .from = now, .until = now } };
	enum paging_step step;

	if (arena == NULL || (p.own = arena_new((size_t)1 << 20)) == NULL)
		return err_nomem(err);
	p.kept = arena;
	pass_settle(&p, &one);
	if (!pass_begin(&p, err))
		return false;
	p.pages.size = 1;
	return listing_page_take(&p, &step, err);
}
