/*
 * listing_page.c - one page of a listing: asked for, judged, its rows handed
 * out.  How it can go wrong: listing.c.
 */
#include "listing_int.h"

#include <stdio.h>
#include <string.h>

#include "num.h"
#include "select.h"

/* ---- what a request is told ------------------------------------------------- */

static void
hole_time(const struct listing_pass *p, time_t at, bool is_since,
    struct hole_value *out)
{
	out->type = HOLE_TIME;
	/* As the service writes its stamps, which it compares it with. */
	out->zone = p->rules.zone;
	out->at = p->whole ? NO_TIME : at;
	if (out->at == NO_TIME || !is_since)
		return;
	/* A stamp that was cut to the day looks a day older than it is; and what
	 * the service calls "later than" begins one step earlier. */
	out->at -= p->l->set->resolution_s - 1;
	if (p->l->set->since_strict)
		out->at--;
	if (out->at < 0)
		out->at = 0;
}

static void
hole_text(const char *text, struct hole_value *out)
{
	out->type = HOLE_TEXT;
	out->text = text == NULL || *text == '\0' ? NULL : text;
}

static void
hole_stamp(const struct listing_pass *p, struct hole_value *out)
{
	hole_text(p->last_stamp, out);
	out->zone = p->rules.zone;
}

static void
hole_number(long long number, struct hole_value *out)
{
	out->type = HOLE_NUMBER;
	out->number = number;
}

static bool
hole_of(void *arg, const char *name, struct hole_value *out)
{
	const struct listing_pass *p = arg;
	const struct listing_sink *sink = p->sink;

	if (strcmp(name, "since") == 0)
		hole_time(p, p->mark.begin, true, out);
	else if (strcmp(name, "until") == 0)
		hole_time(p, p->mark.until, false, out);
	else if (strcmp(name, "page") == 0 || strcmp(name, "offset") == 0)
		hole_number(p->paging.at, out);
	else if (strcmp(name, "size") == 0)
		hole_number(p->pages.size, out);
	else if (strcmp(name, "cursor") == 0)
		hole_text(buf_text(&p->paging.link), out);
	else if (strcmp(name, "last_id") == 0)
		hole_text(p->last_id != NULL ? p->last_id :
		    p->pages.first_key, out);
	else if (strcmp(name, "last_stamp") == 0)
		hole_stamp(p, out);
	else
		return sink->hole != NULL && sink->hole(sink->arg, name, out);
	return true;
}

/* ---- one row -------------------------------------------------------------------- */

static void
complain(const struct listing_pass *p, const char *key, const char *reason)
{
	const struct connector_env *env = p->r->env;

	if (env->quarantine != NULL)
		env->quarantine(env->quarantine_arg, p->l->name, 0, key, reason);
}

/* False: not readable as far as that goes; row->reason says why. */
static bool
row_read(struct listing_pass *p, struct listing_row *row, const char **stamp)
{
	struct map m = { .maps = &p->stamp_maps, .zone = p->rules.zone,
		.arena = p->r->item, .row = row->json };

	*stamp = NULL;
	row->at = NO_TIME;
	if (select_any(&p->l->set->id))
		row->id = map_id(&m, "id", &p->l->set->id);
	if (select_any(&p->l->set->stamp))
		row->at = map_time(&m, "stamp", &p->l->set->stamp, stamp);
	snprintf(row->reason, sizeof(row->reason), "%s", m.reason);
	return m.reason[0] == '\0';
}

static bool
row_in_order(struct listing_pass *p, const struct listing_row *row, struct err *err)
{
	if (!p->l->set->sorted || row->at == NO_TIME)
		return true;
	if (p->before != NO_TIME && row->at < p->before)
		return err_set(err, ERR_PROTOCOL, "%s: a row is older than the "
		    "one before it, but the profile says sorted",
		    p->l->where);
	p->before = row->at;
	return true;
}

static bool
row_take(struct listing_pass *p, json_t *json, struct err *err)
{
	struct listing_row row = { .json = json };
	const char *stamp;

	arena_reset(p->r->item);
	const bool readable = row_read(p, &row, &stamp);
	if (!row_in_order(p, &row, err))
		return false;
	if (readable && !p->whole && !watermark_wants(&p->mark, row.at))
		return true;
	if (readable && !p->sink->row(p->sink->arg, p->l, &row, err))
		return false;
	if (arena_failed(p->r->item))
		return err_nomem(err);
	if (row.reason[0] != '\0')
		complain(p, row.id, row.reason);
	else
		watermark_take(&p->mark, row.at, stamp);
	return true;
}

static bool
rows_take(struct listing_pass *p, json_t *rows, struct err *err)
{
	json_t *row;
	size_t i;

	json_array_foreach (rows, i, row)
		if (!row_take(p, row, err))
			return false;
	return true;
}

/* ---- one page ------------------------------------------------------------------- */

#define NO_CONTENT 204

/* null where rows should be is how some say "none". */
static bool
rows_find(const struct listing_pass *p, const struct http_res *res,
    json_t *root, json_t **rows, struct err *err)
{
	const struct rest_request *req = &p->l->set->request;

	*rows = root == NULL ? NULL : rest_rows(req, root);
	if (*rows != NULL || (root == NULL && res->status == NO_CONTENT))
		return true;
	for (size_t i = 0; root != NULL && i < req->rows.n; i++)
		if (json_is_null(json_at(root, req->rows.v[i])))
			return true;
	return err_set(err, ERR_PROTOCOL, "%s: expected an array of rows where "
	    "request.rows says", p->l->where);
}

static const char *
row_name(const struct listing_pass *p, json_t *rows, size_t i)
{
	json_t *row = json_array_get(rows, i);
	const struct select_match id = select_first(row, &p->l->set->id);
	const char *text = select_text(&id, p->r->page);

	return text != NULL ? text : json_dump(p->r->page, row);
}

/* LENGTH:STAMP ID without the blank, as common/watermark.h writes keys; the
 * stamp may be missing. */
static const char *
key_stamp(const char *text, size_t *len)
{
	const char *colon = strchr(text, ':');
	long long n;

	if (colon == NULL || !num_parse_n(text, (size_t)(colon - text), 0,
	    (long long)strlen(colon + 1), &n))
		return NULL;
	*len = (size_t)n;
	return colon + 1;
}

bool
listing_key_is_sound(const char *text)
{
	size_t len;

	return *text == '\0' || key_stamp(text, &len) != NULL;
}

/* For the holes of the next request: none on the first page. */
static bool
key_load(struct listing_pass *p, struct err *err)
{
	const char *text = buf_text(&p->paging.link);
	size_t len = 0;

	p->last_id = p->last_stamp = NULL;
	if (p->paging.kind != PAGING_KEYSET || *text == '\0')
		return true;
	const char *stamp = key_stamp(text, &len);
	if (stamp == NULL)
		return err_set(err, ERR_BUG, "%s: key", p->l->where);
	p->last_id = stamp + len;
	p->last_stamp = arena_strndup(p->r->page, stamp, len);
	return p->last_stamp != NULL || err_nomem(err);
}

/* Ids that are numbers must rise, or pages go round in circles. */
static bool
key_take(struct listing_pass *p, json_t *row, struct paging_page *page,
    struct err *err)
{
	struct map m = { .maps = &p->stamp_maps, .zone = p->rules.zone,
		.arena = p->r->page, .row = row };
	struct watermark_key now = { .stamp = "" }, before = { .stamp = "",
		.id = p->last_id };
	const bool by_stamp = listing_uses(&p->l->set->request, "last_stamp");

	now.id = map_id(&m, "id", &p->l->set->id);
	if (now.id == NULL)
		return true;	/* paging_advance says so */
	if (by_stamp)
		(void)map_time(&m, "stamp", &p->l->set->stamp, &now.stamp);
	else if (before.id != NULL && watermark_key_cmp(&now, &before) < 0 &&
	    now.id[strspn(now.id, "0123456789")] == '\0')
		return err_set(err, ERR_PROTOCOL, "%s: a page ends with a "
		    "smaller id than the page before", p->l->where);
	if (now.stamp == NULL)
		return err_set(err, ERR_PROTOCOL, "%s: expected a stamp in the "
		    "last row of a page", p->l->where);
	page->key = watermark_key_save(&now, p->r->page);
	return page->key != NULL || err_nomem(err);
}

/* Rows that come and go while pages are read: who counts rows meets those that
 * slid back once more, so that the last word counts; of other pages, and of
 * those of two nights, the least. */
static bool
total_judge(struct listing_pass *p, json_t *root, size_t n,
    enum paging_step step, struct err *err)
{
	const struct select_match m = select_first(root, &p->pages.total);
	const char *text = select_text(&m, p->r->page);
	const bool is_counted = p->fresh && (p->paging.kind == PAGING_PAGE ||
	    p->paging.kind == PAGING_OFFSET);
	long long total;

	if (step != PAGING_REPEATED)
		p->got += (long long)n;
	if (text != NULL && num_parse(text, 0, INT64_MAX, &total) &&
	    (p->total < 0 || total < p->total || (n > 0 && is_counted)))
		p->total = total;
	if (step == PAGING_MORE || p->got >= p->total)
		return true;
	p->unsound = true;
	return err_set(err, ERR_PROTOCOL, "%s: the service says that there are "
	    "%lld rows, its pages held %lld", p->l->where, p->total, p->got);
}

static bool
page_judge(struct listing_pass *p, const struct http_res *res, const char *url,
    json_t *root, json_t *rows, enum paging_step *step, struct err *err)
{
	const size_t n = json_array_size(rows);
	struct paging_page page = { .n = n, .url = url, .root = root,
		.link_header = res->link };

	if (n > 0) {
		page.first = row_name(p, rows, 0);
		page.last = row_name(p, rows, n - 1);
		if (p->paging.kind == PAGING_KEYSET &&
		    !key_take(p, json_array_get(rows, n - 1), &page, err))
			return false;
	}
	if (!paging_advance(&p->paging, &page, p->r->page, step, err))
		return err_wrap(err, "%s", p->l->where);
	if (*step != PAGING_REPEATED || p->l->set->last_page_repeats)
		return total_judge(p, root, n, *step, err);
	p->unsound = true;
	return err_set(err, ERR_PROTOCOL, "%s: the service sent one page twice, "
	    "so it ignores the parameter of the page; if it gives links, "
	    "paging.kind is \"next_link\" or \"link_header\", if there is but "
	    "one page, \"none\"", p->l->where);
}

static bool
page_ask(struct listing_pass *p, const char **url, struct http_res *res,
    struct json_doc **doc, struct err *err)
{
	const struct rest_request *req = &p->l->set->request;
	const struct connector_env *env = p->r->env;
	struct arena *page = p->r->page;

	if (!key_load(p, err) ||
	    !rest_url(p->r, req, hole_of, p, page, url, err))
		return false;
	p->paging.url = *url;
	*url = paging_url(&p->paging, page);
	if (*url == NULL)
		return err_nomem(err);
	const time_t asked = env->now(env->clock);
	if (!rest_read(p->r, req, *url, hole_of, p, res, doc, err))
		return err_wrap(err, "%s", p->l->where);
	watermark_server_time(&p->mark, res->date,
	    env->now(env->clock) - asked);
	return true;
}

bool
listing_page_take(struct listing_pass *p, enum paging_step *step, struct err *err)
{
	AUTO(json_doc) struct json_doc *doc = NULL;
	struct http_res res;
	const char *url;
	json_t *rows;

	arena_reset(p->r->page);
	if (!page_ask(p, &url, &res, &doc, err))
		return false;
	json_t *root = doc == NULL ? NULL : json_root(doc);
	if (!rows_find(p, &res, root, &rows, err))
		return false;
	if (!map_seen_take(&p->seen, rows, p->l->where, err))
		return err_wrap(err, "profile %s", rest_at(p->r,
		    p->seen.never));
	if (!page_judge(p, &res, url, root, rows, step, err))
		return false;
	p->resumed = false;
	if (*step == PAGING_REPEATED)
		return true;
	if (p->sink->page != NULL && json_array_size(rows) > 0 &&
	    !p->sink->page(p->sink->arg, p->l, rows, err))
		return false;
	return rows_take(p, rows, err);
}
