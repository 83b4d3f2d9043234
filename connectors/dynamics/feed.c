/*
 * How this can lose, double, leak or hang, and what stops it:
 *  - late commits, equal stamps, a clock that is off: common/watermark.h, for
 *    each set; a pass asks for stamps at or after its begin, and the page's own
 *    cookie parts rows of one second;
 *  - a cookie that is spelt anew and fits nothing: the next page's address goes
 *    out byte for byte, with the Prefer of the first page;
 *  - a next page elsewhere: an error, before anything is sent (paging.h);
 *  - a place of yesterday that the server no longer knows: that set begins
 *    again, what comes twice is told by its key;
 *  - a set that fails: the marks of those before it stand in the last
 *    checkpoint;
 *  - a row that cannot be read: quarantined under its id, the pass goes on;
 *  - pages without end: PAGES_MAX;
 *  - memory: a page at a time, d->page; a row, d->item.
 */
#include "feed.h"

#include <string.h>

#include "clock.h"
#include "common/marks.h"
#include "common/paging.h"
#include "common/watermark.h"
#include "num.h"
#include "row.h"

#define PAGES_MAX 20000
#define OWN_BYTES ((size_t)1 << 20)
#define STAMP "modifiedon"

static const char *const next_links[] = { "/@odata.nextLink" };

struct feed_pass {
	struct dynamics *d;
	const struct feed_sink *sink;
	const struct feed *f, *all;
	size_t n;			/* of all */
	struct marks_entry *marks;
	struct pull pull;		/* with the mark of this set */
	struct arena *own;		/* what outlives a page */
	struct arena *kept;		/* what outlives the set */
	struct paging_settings pages;
	struct paging paging;
	struct watermark mark;
	const char *base, *target;	/* of the first page, below base */
	bool resumed;	/* its next request is the first of a resume */
	bool past;	/* a look back has come to its end */
};

static void
pass_cleanup(struct feed_pass *p)
{
	paging_free(&p->paging);
	watermark_free(&p->mark);
	arena_free(p->own);
}

static bool
stopped(const struct feed_pass *p, struct err *err)
{
	return err_set(err, ERR_CANCELLED, "%s: stopped", p->f->name);
}

void
feed_complain(const struct dynamics *d, const char *source, const char *key,
    const char *reason)
{
	const struct connector_env *env = &d->api.env;

	if (env->quarantine != NULL)
		env->quarantine(env->quarantine_arg, source, 0, key, reason);
}

/* ---- where a set begins ------------------------------------------------ */

static bool
target_make(struct feed_pass *p, struct err *err)
{
	const struct feed *f = p->f;
	const struct odata_query q = { .set = f->set, .select = f->select,
		.expand = f->expand, .filter = odata_and(p->own, f->filter,
		    odata_since(p->own, STAMP, p->mark.begin)),
		.orderby = arena_printf(p->own, STAMP " asc,%s asc", f->id) };

	/* A part without memory is no part left out. */
	p->target = arena_failed(p->own) ? NULL : odata_target(p->own, &q);
	if (p->target == NULL)
		return err_nomem(err);
	p->paging.url = arena_printf(p->own, "%s%s", p->base, p->target);
	return p->paging.url != NULL || err_nomem(err);
}

static void
paging_begin(struct feed_pass *p)
{
	const struct feed *f = p->f;

	p->pages = (struct paging_settings){ .kind = PAGING_NEXT_LINK,
		.size_param = "", .size = p->d->set->page_size,
		.max_pages = PAGES_MAX, .next = { next_links, 1 } };
	paging_free(&p->paging);
	paging_init(&p->paging, &p->pages, p->base, p->base);
	/* Whenever it begins, it is the same listing. */
	p->paging.listing = arena_printf(p->own, "%s%s %s %s %s", p->base,
	    f->set, f->select, f->expand == NULL ? "" : f->expand,
	    f->filter == NULL ? "" : f->filter);
	p->resumed = false;
}

static void
mark_begin(struct feed_pass *p)
{
	const struct watermark_rules rules = { .zone = "UTC",
		.since = NO_TIME };

	watermark_free(&p->mark);
	watermark_init(&p->mark, &rules);
}

static bool
pass_begin(struct feed_pass *p, struct err *err)
{
	paging_begin(p);
	mark_begin(p);
	return p->paging.listing == NULL ? err_nomem(err) :
	    watermark_begin(&p->mark, &p->pull, err) && target_make(p, err);
}

/* LENGTH:WATERMARK PAGES, without the blank. */
static const char *
place_save(const struct feed_pass *p)
{
	struct arena *page = p->d->page;
	const char *mark = watermark_save(&p->mark, page);
	const char *pages = paging_save(&p->paging, NULL, page);

	return mark == NULL || pages == NULL ? NULL : arena_printf(page,
	    "%zu:%s%s", strlen(mark), mark, pages);
}

static bool
place_load(struct feed_pass *p, const char *place)
{
	const char *colon = strchr(place, ':'), *none;
	struct err unfit;
	long long len;

	if (colon == NULL || !num_parse_n(place, (size_t)(colon - place), 0,
	    (long long)strlen(colon + 1), &len))
		return false;
	const char *mark = arena_strndup(p->own, colon + 1, (size_t)len);
	mark_begin(p);
	return mark != NULL &&
	    watermark_resume(&p->mark, &p->pull, mark, &unfit) &&
	    paging_load(&p->paging, colon + 1 + len, p->own, &none, &unfit);
}

/* A place that is not understood is no reason to stand still. */
static bool
pass_resume(struct feed_pass *p, const char *place, struct err *err)
{
	if (!pass_begin(p, err))
		return false;
	if (place == NULL)
		return true;
	if (!place_load(p, place))
		return pass_begin(p, err);
	p->resumed = true;
	return target_make(p, err);
}

/* ---- rows -------------------------------------------------------------- */

static bool
row_take(struct feed_pass *p, json_t *json, struct err *err)
{
	struct dynamics *d = p->d;
	struct feed_row row = { .json = json, .at = row_time(json, STAMP,
	    "UTC") };

	arena_reset(d->item);
	row.id = row_id(json, p->f->id, d->item);
	if (row.id == NULL) {
		feed_complain(d, p->f->name, NULL, "expected a GUID as key");
		return true;
	}
	if (!watermark_wants(&p->mark, row.at)) {
		p->past = true;
		return true;
	}
	if (!p->sink->row(p->sink->arg, p->f, &row, err))
		return false;
	if (arena_failed(d->item))
		return err_nomem(err);
	if (row.reason[0] != '\0')
		feed_complain(d, p->f->name, row.id, row.reason);
	else
		watermark_take(&p->mark, row.at, json_string_value(
		    json_object_get(json, STAMP)));
	return true;
}

static bool
rows_take(struct feed_pass *p, json_t *rows, struct err *err)
{
	json_t *row;
	size_t i;

	if (p->sink->page != NULL && json_array_size(rows) > 0 &&
	    !p->sink->page(p->sink->arg, p->f, rows, err))
		return false;
	json_array_foreach (rows, i, row)
		if (!row_take(p, row, err))
			return false;
	return true;
}

/* ---- pages ------------------------------------------------------------- */

static bool
page_ask(struct feed_pass *p, struct api_res *res, const char **url,
    struct err *err)
{
	struct dynamics *d = p->d;
	const struct connector_env *env = &d->api.env;
	const bool first = p->paging.link.len == 0;
	const time_t asked = env->now(env->clock);

	*url = first ? p->paging.url : arena_strdup(d->page,
	    buf_text(&p->paging.link));
	if (*url == NULL)
		return err_nomem(err);
	if (!dynamics_get(d, d->page, first ? p->target : *url, NULL,
	    p->f->set, res, err))
		return false;
	watermark_server_time(&p->mark, res->http.date,
	    env->now(env->clock) - asked);
	return true;
}

static bool
page_take(struct feed_pass *p, enum paging_step *step, struct err *err)
{
	AUTO(api_res) struct api_res res = { 0 };
	struct paging_page page = { 0 };
	json_t *rows;

	arena_reset(p->d->page);
	if (!page_ask(p, &res, &page.url, err) ||
	    !dynamics_rows(&res, p->f->set, &rows, err))
		return false;
	page.n = json_array_size(rows);
	page.root = api_root(&res);
	if (!paging_advance(&p->paging, &page, p->d->page, step, err))
		return err_wrap(err, "%s", p->f->set);
	p->resumed = false;
	if (!rows_take(p, rows, err))
		return false;
	if (p->past)
		*step = PAGING_LAST;
	return true;
}

/* A page of yesterday may be gone. */
static bool
page_or_begin(struct feed_pass *p, enum paging_step *step, struct err *err)
{
	if (page_take(p, step, err))
		return true;
	if (!p->resumed || (err->kind != ERR_GONE &&
	    err->kind != ERR_PROTOCOL && err->kind != ERR_REJECTED))
		return false;
	return pass_begin(p, err) && page_take(p, step, err);
}

/* ---- checkpoints ------------------------------------------------------- */

static bool
told(const struct feed_pass *p, const char *resume, const char *mark,
    struct err *err)
{
	return p->sink->checkpoint(p->sink->checkpoint_arg, resume, mark) ||
	    stopped(p, err);
}

static bool
checkpoint_page(struct feed_pass *p, struct err *err)
{
	struct marks_entry *m = &p->marks[p->f - p->all];

	if ((m->place = place_save(p)) == NULL)
		return err_nomem(err);
	const char *resume = marks_save(p->marks, p->n, p->d->page);
	m->place = NULL;
	return resume == NULL ? err_nomem(err) : told(p, resume, NULL, err);
}

static bool
checkpoint_end(struct feed_pass *p, bool last, struct err *err)
{
	struct marks_entry *m = &p->marks[p->f - p->all];
	const char *mark;

	if (!watermark_end(&p->mark, p->d->page, &mark, err))
		return false;
	m->mark = arena_strdup(p->kept, mark);
	const char *all = marks_save(p->marks, p->n, p->d->page);
	if (m->mark == NULL || all == NULL)
		return err_nomem(err);
	return last ? told(p, NULL, all, err) : told(p, all, NULL, err);
}

/* ---- all of them ------------------------------------------------------- */

static bool
pages_take(struct feed_pass *p, bool last, struct err *err)
{
	const struct connector_env *env = &p->d->api.env;
	enum paging_step step = PAGING_MORE;

	while (step == PAGING_MORE) {
		if (env->cancelled != NULL && env->cancelled())
			return stopped(p, err);
		if (!page_or_begin(p, &step, err) ||
		    (step == PAGING_MORE && !checkpoint_page(p, err)))
			return false;
	}
	return checkpoint_end(p, last, err);
}

static bool
read_one(const struct feed *f, const struct feed_pass *shared, bool last,
    struct err *err)
{
	AUTO(pass) struct feed_pass p = *shared;
	struct marks_entry *m = &p.marks[f - p.all];
	const char *place = m->place;

	p.f = f;
	if ((p.own = arena_new(OWN_BYTES)) == NULL)
		return err_nomem(err);
	p.base = arena_printf(p.own, "%s%s", p.d->origin, p.d->path);
	if (p.base == NULL)
		return err_nomem(err);
	m->place = NULL;
	p.pull.watermark = m->mark;
	return pass_resume(&p, place, err) && pages_take(&p, last, err);
}

/* The larger of the installation's and ours. */
static struct pull
pull_of(const struct dynamics *d, const struct pull *pull)
{
	struct pull mine = *pull;

	if (mine.overlap_s < d->set->overlap_s)
		mine.overlap_s = d->set->overlap_s;
	if (mine.lag_s < d->set->upper_margin_s)
		mine.lag_s = d->set->upper_margin_s;
	return mine;
}

bool
feed_read(struct dynamics *d, const struct feed *feeds, size_t n,
    const struct pull *pull, const struct feed_sink *sink, struct err *err)
{
	AUTO(arena) struct arena *arena = arena_new(OWN_BYTES);
	struct feed_pass shared = { .d = d, .sink = sink, .all = feeds,
		.n = n, .pull = pull_of(d, pull), .kept = arena };

	if (arena == NULL)
		return err_nomem(err);
	shared.marks = arena_array(arena, n + 1, sizeof(*shared.marks));
	if (shared.marks == NULL)
		return err_nomem(err);
	for (size_t i = 0; i < n; i++)
		shared.marks[i].name = feeds[i].name;
	if (!marks_begin(shared.marks, n, pull, arena, err))
		return false;
	for (size_t i = 0; i < n; i++)
		if (!read_one(&feeds[i], &shared, i + 1 == n, err))
			return false;
	return true;
}
