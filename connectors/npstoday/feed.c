/*
 * feed.c - one listing of the service, page after page, with watermark and
 * resume (common/watermark.h).  A pull begins overlap_h before the watermark,
 * because comments come later than ratings; the listing promises no order.
 */
#include "npstoday.h"

#include <string.h>

#include "clock.h"
#include "common/fieldmap.h"
#include "common/watermark.h"
#include "url.h"

struct pass {
	struct npstoday *n;
	const struct feed *feed;
	const struct pull *pull;
	const struct feed_sink *sink;
	struct paging paging;
	bool resumed;		/* its next request is the first of a resume */
	const char *url;	/* with its since parameter, without a page */
	struct arena *own;	/* what outlives a page */
	struct watermark mark;
};

static void
pass_cleanup(struct pass *p)
{
	paging_free(&p->paging);
	watermark_free(&p->mark);
	arena_free(p->own);
	p->n->reading = NULL;
}

/* ---- one request ----------------------------------------------------- */

bool
npstoday_get(struct npstoday *n, int method, const char *url,
    struct http_res *res, struct json_doc **doc, struct err *err)
{
	struct http_req req = { .method = npstoday_method(method),
		.url = url, .headers = n->read_headers, .repeatable = true };

	if (url == NULL)
		return err_nomem(err);
	if (!http_do(n->env->http, &req, n->page, res, err) ||
	    !http_expect_ok(&req, res, err))
		return false;
	if (!json_parse(res->body, res->body_len, doc, err))
		return err_wrap(err, "%s %s", req.method,
		    http_url_for_log(n->page, &req));
	return true;
}

/* ---- where it begins ------------------------------------------------- */

static void
mark_init(struct pass *p)
{
	const struct feed *feed = p->feed;
	struct watermark_rules rules = { .zone = feed->zone,
		.reach_s = (long)feed->overlap_h * 3600 };

	if (!clock_parse_iso(feed->initial_since, feed->zone, &rules.since))
		rules.since = NO_TIME;
	watermark_free(&p->mark);
	watermark_init(&p->mark, &rules);
}

static bool
mark_begin(struct pass *p, struct err *err)
{
	mark_init(p);
	return watermark_begin(&p->mark, p->pull, err);
}

static bool
first_url(struct pass *p, struct err *err)
{
	const struct feed *feed = p->feed;
	const time_t since = p->mark.begin;
	char text[64];

	p->url = url_join(p->own, p->n->set->base_url, feed->path);
	if (p->url != NULL && feed->since_param[0] != '\0' &&
	    since != NO_TIME) {
		if (!fieldmap_time_write(text, sizeof(text),
			feed->since_format, feed->zone, since))
			return err_set(err, ERR_CONFIG,
			    "%s: since_format: expected a pattern of a time",
			    feed->path);
		p->url = url_add_query(p->own, p->url, feed->since_param,
		    text);
	}
	return p->url == NULL ? err_nomem(err) : true;
}

static bool
pass_begin(struct pass *p, struct err *err)
{
	paging_free(&p->paging);
	paging_init(&p->paging, p->feed->paging, p->n->set->base_url, p->url);
	p->resumed = false;
	return mark_begin(p, err);
}

/* A place that is not understood, or of another listing, is no reason to stand
 * still: from the beginning nothing is lost, and what comes twice is known. */
static bool
pass_resume(struct pass *p, struct err *err)
{
	struct err unfit;
	const char *mark;

	if (!pass_begin(p, err))
		return false;
	if (p->pull->resume == NULL)
		return true;
	if (!paging_load(&p->paging, p->pull->resume, p->own, &mark, &unfit))
		return pass_begin(p, err);
	mark_init(p);
	if (!watermark_resume(&p->mark, p->pull, mark, &unfit))
		return pass_begin(p, err);
	p->resumed = true;
	return true;
}

/* ---- one page -------------------------------------------------------- */

static void
complain_about(const struct pass *p, const char *key, const char *reason)
{
	const struct connector_env *env = p->n->env;

	if (env->quarantine != NULL)
		env->quarantine(env->quarantine_arg, p->feed->path, 0, key,
		    reason);
}

static bool
item_take(struct pass *p, json_t *item)
{
	struct mapped m = { .mark_at = NO_TIME };

	arena_reset(p->n->item);
	if (!p->sink->each(p->n, item, p->sink->each_arg, &m))
		return false;
	if (m.reason[0] != '\0') {
		complain_about(p, m.key, m.reason);
		return true;
	}
	watermark_take(&p->mark, m.mark_at, m.mark);
	return true;
}

static const char *
item_name(struct pass *p, json_t *items, size_t i)
{
	json_t *item = json_array_get(items, i);
	const char *id = p->feed->id == NULL ? NULL
	    : fieldmap_text(item, p->feed->id, p->n->page);

	return id != NULL ? id : json_dump(p->n->page, item);
}

static bool
page_judge(struct pass *p, const struct http_res *res, const char *url,
    json_t *root, json_t *items, enum paging_step *step, struct err *err)
{
	size_t n = json_array_size(items);
	struct paging_page page = { .n = n, .url = url, .root = root,
		.link_header = res->link };

	if (n > 0) {
		page.first = item_name(p, items, 0);
		page.last = item_name(p, items, n - 1);
	}
	return paging_advance(&p->paging, &page, p->n->page, step, err) ? true
	    : err_wrap(err, "%s", p->feed->path);
}

static bool
items_take(struct pass *p, json_t *items, struct err *err)
{
	json_t *item;
	size_t i;

	json_array_foreach (items, i, item)
		if (!item_take(p, item))
			return err_set(err, ERR_CANCELLED, "%s: stopped",
			    p->feed->path);
	return true;
}

static bool
checkpoint(struct pass *p, bool last, struct err *err)
{
	struct arena *page = p->n->page;
	const char *mark, *resume = NULL, *so_far;

	if (p->sink->checkpoint == NULL)
		return true;
	if (last ? !watermark_end(&p->mark, page, &mark, err)
		 : !watermark_page(&p->mark, &mark, err))
		return false;
	if (!last && ((so_far = watermark_save(&p->mark, page)) == NULL ||
	    (resume = paging_save(&p->paging, so_far, page)) == NULL))
		return err_nomem(err);
	return p->sink->checkpoint(p->sink->arg, resume, mark) ? true
	    : err_set(err, ERR_CANCELLED, "%s: stopped", p->feed->path);
}

static void
page_repeated(struct pass *p)
{
	complain_about(p, NULL, "the service sent one page twice: it ignores "
	    "the parameter of the page");
	if (p->sink->partial != NULL)
		*p->sink->partial = true;
}

static time_t
now_of(const struct npstoday *n)
{
	return n->env->now(n->env->clock);
}

static bool
page_take(struct pass *p, enum paging_step *step, struct err *err)
{
	AUTO(json_doc) struct json_doc *doc = NULL;
	struct http_res res;
	json_t *items;

	arena_reset(p->n->page);
	const char *url = paging_url(&p->paging, p->n->page);
	const time_t asked = now_of(p->n);
	if (!npstoday_get(p->n, p->feed->method, url, &res, &doc, err))
		return false;
	watermark_server_time(&p->mark, res.date, now_of(p->n) - asked);
	items = fieldmap_items(json_root(doc), p->feed->items);
	if (items == NULL)
		return err_set(err, ERR_PROTOCOL,
		    "%s: expected an array at one of the pointers of items",
		    p->feed->path);
	if (!page_judge(p, &res, url, json_root(doc), items, step, err))
		return false;
	p->resumed = false;
	if (*step == PAGING_REPEATED)
		page_repeated(p);
	else if (!items_take(p, items, err))
		return false;
	return checkpoint(p, *step != PAGING_MORE, err);
}

/* A page of yesterday may be gone: links and cursors live for a while only. */
static bool
page_or_begin(struct pass *p, enum paging_step *step, struct err *err)
{
	if (page_take(p, step, err))
		return true;
	if (!p->resumed ||
	    (err->kind != ERR_GONE && err->kind != ERR_PROTOCOL))
		return false;
	return pass_begin(p, err) && page_take(p, step, err);
}

bool
npstoday_feed_read(struct npstoday *n, const struct feed *feed,
    const struct pull *pull, const struct feed_sink *sink, struct err *err)
{
	enum paging_step step = PAGING_MORE;
	AUTO(pass) struct pass p = { .n = n, .feed = feed, .pull = pull,
		.sink = sink, .own = arena_new(65536) };

	if (p.own == NULL)
		return err_nomem(err);
	n->reading = &p.mark;
	if (!mark_begin(&p, err) || !first_url(&p, err) ||
	    !pass_resume(&p, err))
		return false;
	while (step == PAGING_MORE) {
		if (n->env->cancelled != NULL && n->env->cancelled())
			return err_set(err, ERR_CANCELLED, "%s: stopped",
			    feed->path);
		if (!page_or_begin(&p, &step, err))
			return false;
	}
	return true;
}
