/*
 * feed.c - one listing of the service, page after page, with watermark and
 * resume.  The watermark is the largest time of a completed pull, kept as
 * received, never "now"; the next pull begins overlap_h earlier, because
 * comments come later than ratings and the listing promises no order.
 */
#include "npstoday.h"

#include <string.h>

#include "clock.h"
#include "common/fieldmap.h"
#include "url.h"

struct pass {
	struct npstoday *n;
	const struct feed *feed;
	const struct pull *pull;
	const struct feed_sink *sink;
	struct paging paging;
	const char *url;	/* with its since parameter, without a page */
	struct arena *own;	/* what outlives a page */
	time_t since, mark_at;
	struct buf mark;
};

static void
pass_cleanup(struct pass *p)
{
	paging_free(&p->paging);
	buf_free(&p->mark);
	arena_free(p->own);
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
		    url_for_log(n->page, url));
	return true;
}

/* ---- where it begins ------------------------------------------------- */

/* NO_TIME = from the very beginning. */
static time_t
since_of(const struct feed *feed, const struct pull *pull)
{
	time_t t;

	if (pull->watermark != NULL &&
	    clock_parse_iso(pull->watermark, feed->zone, &t))
		return t - (time_t)feed->overlap_h * 3600;
	if (feed->initial_since[0] == '\0')
		return pull->from;
	return clock_parse_iso(feed->initial_since, feed->zone, &t) ? t
								    : NO_TIME;
}

static bool
first_url(struct pass *p, struct err *err)
{
	const struct feed *feed = p->feed;
	char text[64];

	p->since = since_of(feed, p->pull);
	p->url = url_join(p->own, p->n->set->base_url, feed->path);
	if (p->url != NULL && feed->since_param[0] != '\0' &&
	    p->since != NO_TIME) {
		if (!fieldmap_time_write(text, sizeof(text),
			feed->since_format, feed->zone, p->since))
			return err_set(err, ERR_CONFIG,
			    "%s: since_format: expected a pattern of a time",
			    feed->path);
		p->url = url_add_query(p->own, p->url, feed->since_param,
		    text);
	}
	return p->url == NULL ? err_nomem(err) : true;
}

static void
mark_take(struct pass *p, time_t at, const char *text)
{
	if (text == NULL || (p->mark.len > 0 && at <= p->mark_at))
		return;
	p->mark_at = at;
	buf_reset(&p->mark);
	buf_str(&p->mark, text);
}

static bool
pass_begin(struct pass *p, struct err *err)
{
	const struct pull *pull = p->pull;
	const char *mark;
	time_t at;

	if (!first_url(p, err))
		return false;
	/* A pull that finds nothing newer leaves the watermark where it is. */
	if (pull->watermark != NULL &&
	    clock_parse_iso(pull->watermark, p->feed->zone, &at))
		mark_take(p, at, pull->watermark);
	if (pull->resume == NULL)
		return true;
	if (!paging_load(&p->paging, pull->resume, p->own, &mark, err))
		return false;
	if (mark != NULL && clock_parse_iso(mark, p->feed->zone, &at))
		mark_take(p, at, mark);
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
	time_t limit = p->pull->until;

	arena_reset(p->n->item);
	if (!p->sink->each(p->n, item, p->sink->each_arg, &m))
		return false;
	if (m.reason[0] != '\0') {
		complain_about(p, m.key, m.reason);
		return true;
	}
	/* A time ahead of us would hide every answer until then. */
	if (limit == NO_TIME || limit == 0 || m.mark_at <= limit)
		mark_take(p, m.mark_at, m.mark);
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
	const char *mark = p->mark.len > 0 ? buf_text(&p->mark) : NULL;
	const char *resume = NULL;
	char begin[32];

	if (p->sink->checkpoint == NULL)
		return true;
	/* An empty first pull still ends its pass: begin there again. */
	if (last && mark == NULL)
		mark = clock_iso(begin, p->since == NO_TIME ? 0 : p->since);
	if (!last && (resume = paging_save(&p->paging, mark, p->n->page)) ==
	    NULL)
		return err_nomem(err);
	return p->sink->checkpoint(p->sink->arg, resume, last ? mark : NULL)
	    ? true : err_set(err, ERR_CANCELLED, "%s: stopped",
		p->feed->path);
}

static bool
page_take(struct pass *p, enum paging_step *step, struct err *err)
{
	AUTO(json_doc) struct json_doc *doc = NULL;
	struct http_res res;
	json_t *items;

	arena_reset(p->n->page);
	const char *url = paging_url(&p->paging, p->n->page, p->url);
	if (!npstoday_get(p->n, p->feed->method, url, &res, &doc, err))
		return false;
	items = fieldmap_items(json_root(doc), p->feed->items);
	if (items == NULL)
		return err_set(err, ERR_PROTOCOL,
		    "%s: expected an array at one of the pointers of items",
		    p->feed->path);
	if (!page_judge(p, &res, url, json_root(doc), items, step, err))
		return false;
	if (*step == PAGING_REPEATED)
		complain_about(p, NULL, "the service sent one page twice: it "
		    "ignores the parameter of the page");
	else if (!items_take(p, items, err))
		return false;
	return checkpoint(p, *step != PAGING_MORE, err);
}

bool
npstoday_feed_read(struct npstoday *n, const struct feed *feed,
    const struct pull *pull, const struct feed_sink *sink, struct err *err)
{
	enum paging_step step = PAGING_MORE;
	AUTO(pass) struct pass p = { .n = n, .feed = feed, .pull = pull,
		.sink = sink, .own = arena_new(65536), .mark_at = NO_TIME };

	buf_init(&p.mark, 256);
	paging_init(&p.paging, feed->paging, n->set->base_url);
	if (p.own == NULL)
		return err_nomem(err);
	if (!pass_begin(&p, err))
		return false;
	while (step == PAGING_MORE) {
		if (n->env->cancelled != NULL && n->env->cancelled())
			return err_set(err, ERR_CANCELLED, "%s: stopped",
			    feed->path);
		if (!page_take(&p, &step, err))
			return false;
	}
	return true;
}
