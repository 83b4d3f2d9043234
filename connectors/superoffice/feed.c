/*
 * feed.c - how a pass could lose, double or never end, and what stops it:
 *  - rows come by key, not by time: the mark moves only when a query was read to
 *    its end; then the largest stamp met counts (common/watermark.h);
 *  - a column that the service compares by day, or in a zone of its own: a pass
 *    begins stamp_margin_s earlier, what comes twice is told by its key;
 *  - a row that was never changed has no stamp of a change: the time it was made
 *    is asked for as well;
 *  - the nightly recycling in the middle of a page: the place after the last
 *    whole page was kept, the next run goes on from there;
 *  - a row made while a pass is under way behind its place: its key is larger
 *    than the place, or the next pass meets it;
 *  - a row that cannot be read: quarantined under its key, the pass goes on;
 *  - memory: a page at a time.
 */
#include "feed.h"

#include <stdio.h>
#include <string.h>

#include "clock.h"
#include "common/marks.h"
#include "common/watermark.h"
#include "num.h"
#include "row.h"

#define OWN_BYTES ((size_t)1 << 20)

/* All queries of a stream. */
struct stream {
	struct superoffice *s;
	const struct so_sink *sink;
	const struct so_feed *feeds;
	size_t n;
	struct marks_entry *marks;
	struct pull pull;
	struct arena *own;
};
/* One of them. */
struct walk {
	const struct stream *t;
	const struct so_feed *f;
	struct marks_entry *m;
	struct watermark mark;
	struct so_query q;
	struct arena *own;
	long long last;
};

static void
walk_cleanup(struct walk *w)
{
	watermark_free(&w->mark);
	arena_free(w->own);
}

void
so_refuse(struct so_row *row, const char *column, const char *expected)
{
	(void)snprintf(row->reason, sizeof(row->reason), "%s: expected %s",
	    column, expected);
}

/* ---- where a query begins ---------------------------------------------- */
/* KEY,WATERMARK */
static bool
place_take(struct walk *w, const char *place, struct err *err)
{
	const char *comma = place == NULL ? NULL : strchr(place, ',');
	struct err unfit;

	w->last = 0;
	if (comma != NULL && num_parse_n(place, (size_t)(comma - place), 0,
	    INT32_MAX, &w->last) && watermark_resume(&w->mark, &w->t->pull,
	        comma + 1, &unfit))
		return true;
	/* A place that is not understood is no reason to stand still. */
	w->last = 0;
	struct pull pull = w->t->pull;
	pull.watermark = w->m->mark;
	return watermark_begin(&w->mark, &pull, err);
}

static bool
filter_make(struct walk *w, struct err *err)
{
	const struct so_feed *f = w->f;
	const time_t begin = w->mark.begin;
	const char *since = "";

	w->q = f->q;
	if (begin != NO_TIME && begin > 0) {
		since = so_since(w->own, f->stamp, begin);
		if (f->made != NULL && since != NULL)
			since = arena_printf(w->own, "(%s or %s)", since,
			    so_since(w->own, f->made, begin));
	}
	w->q.filter = since == NULL ? NULL : so_and(w->own, f->q.filter,
	    since);
	return (w->q.filter != NULL && !arena_failed(w->own)) ||
	    err_nomem(err);
}

/* Where a pass without a mark begins. */
static time_t
first_since(const struct walk *w)
{
	const struct so_sink *sink = w->t->sink;
	const bool is_new = w->t->pull.watermark != NULL && w->m->mark == NULL;
	const time_t since = is_new && sink->new_since > sink->since ?
	    sink->new_since : sink->since;

	return since > 0 ? since : NO_TIME;
}

static bool
walk_begin(struct walk *w, struct err *err)
{
	const struct watermark_rules rules = { .zone = "UTC",
		.since = first_since(w),
		.reach_s = w->t->s->set->stamp_margin_s };
	const char *place = w->m->place;

	watermark_init(&w->mark, &rules);
	w->m->place = NULL;
	if ((w->own = arena_new(OWN_BYTES)) == NULL)
		return err_nomem(err);
	return place_take(w, place, err) && filter_make(w, err);
}

/* ---- rows -------------------------------------------------------------- */
static const char *
stamp_of(const struct walk *w, json_t *json, time_t *at)
{
	const struct so_settings *set = w->t->s->set;
	const time_t changed = so_time(set, json, w->f->stamp);
	const time_t made = w->f->made == NULL ? NO_TIME :
	    so_time(set, json, w->f->made);
	const bool later = made != NO_TIME &&
	    (changed == NO_TIME || made > changed);

	*at = later ? made : changed;
	return *at == NO_TIME ? NULL : so_stamp(json, later ? w->f->made :
	    w->f->stamp);
}

static bool
on_group(void *arg, const struct so_group *g, struct err *err)
{
	struct walk *w = arg;
	const struct so_sink *sink = w->t->sink;
	struct superoffice *s = w->t->s;
	struct so_row row = { .group = g, .json = g->row, .id = g->id };
	const char *stamp = stamp_of(w, g->row, &row.at);

	if (stamp == NULL)
		so_refuse(&row, w->f->stamp, "a time with its zone "
		    "(timezone_header, naive_datetime)");
	else if (!watermark_wants(&w->mark, row.at))
		return true;
	else if (!sink->row(sink->arg, w->f, &row, err))
		return false;
	if (arena_failed(s->item))
		return err_nomem(err);
	if (row.reason[0] != '\0')
		so_complain(s, w->q.label, g->id, row.reason);
	else
		watermark_take(&w->mark, row.at, stamp);
	return true;
}

/* ---- checkpoints ------------------------------------------------------- */
static bool
told(const struct walk *w, const char *resume, const char *mark,
    struct err *err)
{
	const struct so_sink *sink = w->t->sink;

	return sink->checkpoint(sink->checkpoint_arg, resume, mark) ||
	    err_set(err, ERR_CANCELLED, "%s: stopped", w->q.label);
}

static bool
page_done(struct walk *w, struct err *err)
{
	const struct stream *t = w->t;
	const char *mark = watermark_save(&w->mark, t->s->page);
	const char *resume = NULL;

	if (mark != NULL && (w->m->place = arena_printf(t->s->page, "%lld,%s",
	    w->last, mark)) != NULL)
		resume = marks_save(t->marks, t->n, t->s->page);
	w->m->place = NULL;
	return resume == NULL ? err_nomem(err) : told(w, resume, NULL, err);
}

static bool
query_done(struct walk *w, struct err *err)
{
	const struct stream *t = w->t;
	const bool last = w->f + 1 == t->feeds + t->n;
	const char *mark;

	if (!watermark_end(&w->mark, t->s->page, &mark, err))
		return false;
	w->m->mark = arena_strdup(t->own, mark);
	const char *all = marks_save(t->marks, t->n, t->s->page);
	if (w->m->mark == NULL || all == NULL)
		return err_nomem(err);
	return told(w, last ? NULL : all, last ? all : NULL, err);
}

/* ---- pages ------------------------------------------------------------- */
static bool
page_read(struct walk *w, bool *more, struct err *err)
{
	AUTO(api_res) struct api_res res = { 0 };
	const struct so_sink *sink = w->t->sink;
	struct superoffice *s = w->t->s;
	const struct connector_env *env = &s->api.env;
	const time_t asked = env->now(env->clock);
	json_t *rows;

	if (env->cancelled != NULL && env->cancelled())
		return err_set(err, ERR_CANCELLED, "%s: stopped", w->q.label);
	if (!so_query_next(s, s->page, &w->q, &w->last, &res, &rows, err))
		return false;
	watermark_server_time(&w->mark, res.http.date,
	    env->now(env->clock) - asked);
	*more = json_array_size(rows) > 0;
	if (!*more)
		return true;
	return (sink->page == NULL || sink->page(sink->arg, w->f, rows, err)) &&
	    so_rows_each(s, &w->q, rows, &w->last, on_group, w, err) &&
	    page_done(w, err);
}

static bool
query_read(const struct stream *t, size_t i, struct err *err)
{
	AUTO(walk) struct walk w = { .t = t, .f = &t->feeds[i],
		.m = &t->marks[i] };
	bool more = true;

	if (!walk_begin(&w, err))
		return false;
	while (more)
		if (!page_read(&w, &more, err))
			return false;
	return query_done(&w, err);
}

bool
so_feed_read(struct superoffice *s, const struct so_feed *feeds, size_t n,
    const struct pull *pull, const struct so_sink *sink, struct err *err)
{
	AUTO(arena) struct arena *own = arena_new(OWN_BYTES);
	struct stream t = { .s = s, .sink = sink, .feeds = feeds, .n = n,
		.pull = *pull, .own = own };

	if (own == NULL || (t.marks = arena_array(own, n + 1,
	    sizeof(*t.marks))) == NULL)
		return err_nomem(err);
	if (t.pull.overlap_s < s->set->overlap_s)
		t.pull.overlap_s = s->set->overlap_s;
	for (size_t i = 0; i < n; i++)
		t.marks[i].name = feeds[i].name;
	if (!marks_begin(t.marks, n, pull, own, err))
		return false;
	for (size_t i = 0; i < n; i++)
		if (!query_read(&t, i, err))
			return false;
	return n > 0 || sink->checkpoint(sink->checkpoint_arg, NULL, "") ||
	    err_set(err, ERR_CANCELLED, "stopped");
}
