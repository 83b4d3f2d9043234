/*
 * pass.c - how a pass could lose, double or never end, and what stops it:
 *  - a row that became visible late: the window begins watermark.overlap_s
 *    before the mark and ends watermark.lag_s below the service's own time;
 *  - a pass that breaks: the mark moves only when all parts were read to their
 *    ends; the place of the last page is kept, with the window that it is of;
 *  - a cursor that died meanwhile, rows that are not all there: the piece is
 *    read once more from its beginning, rows that come twice have one key;
 *  - a window too large for the service (QUERY_TIMEOUT): halved, down to a
 *    minute;
 *  - very many rows: as a job (bulk.h), by pages where there are no jobs;
 *  - a server's clock that runs away: the mark is never above its Date.
 */
#include "pass.h"

#include <stdio.h>
#include <string.h>

#include "bulk.h"
#include "num.h"

#define PIECE_MIN_S 60
#define TRIES_MAX 2		/* of a piece that did not come whole */
#define EARLIEST ((time_t)915148800)	/* 1999: no org is older */
#define PLACE_BYTES ((size_t)65536)

/* A part on its way. */
struct walk {
	struct sf_pass *p;
	size_t i;		/* of the part */
	time_t at, end;		/* the piece that is read */
	time_t width;
	long long rows, total;
	const char *next;	/* to go on with, of a broken pass */
	int tries;
};

/* ---- begin ------------------------------------------------------------- */
static bool
begin_broken(struct sf_pass *p, struct err *err)
{
	const char *resume = p->pull->resume;
	const char *bar = strchr(resume, '|');
	AUTO(buf) struct buf window;

	buf_init(&window, PLACE_BYTES);
	if (bar == NULL)
		return err_set(err, ERR_GONE,
		    "the place of the broken pull is not understood");
	if (!buf_add(&window, resume, (size_t)(bar - resume)))
		return err_nomem(err);
	p->place = bar + 1;
	return watermark_resume(&p->mark, p->pull, buf_text(&window), err);
}

bool
sf_pass_begin(struct sf_pass *p, struct err *err)
{
	static const struct watermark_rules rules = { .zone = "UTC",
		.since = NO_TIME };
	const struct pull *pull = p->pull;
	struct watermark *w = &p->mark;

	watermark_init(w, &rules);
	if (pull->resume != NULL && !pull->sweep) {
		if (!begin_broken(p, err))
			return false;
	} else {
		if (!watermark_begin(w, pull, err))
			return false;
		watermark_server_time(w, sf_now(p->s), 0);
	}
	p->started = w->started;
	p->begin = w->begin;
	p->until = w->started - pull->lag_s;
	if (pull->sweep && w->below != NO_TIME && w->below < p->until)
		p->until = w->below;
	return true;
}

void
sf_pass_free(struct sf_pass *p)
{
	watermark_free(&p->mark);
}

/* ---- checkpoints ------------------------------------------------------- */
static bool
told(const struct sf_pass *p, const char *resume, const char *mark,
    struct err *err)
{
	return p->checkpoint == NULL ||
	    p->checkpoint(p->checkpoint_arg, resume, mark) ||
	    err_set(err, ERR_CANCELLED, "stopped");
}

/* WINDOW|PART,AT,END,ROWS,TOTAL,NEXT */
static bool
checkpoint_page(struct walk *k, const struct sf_page *page, struct err *err)
{
	AUTO(arena) struct arena *arena = arena_new(PLACE_BYTES);
	const struct sf_pass *p = k->p;
	const char *window = arena == NULL ? NULL :
	    watermark_save(&p->mark, arena);
	const bool more = page != NULL;
	const char *text = window == NULL ? NULL : arena_printf(arena,
	    "%s|%s,%lld,%lld,%lld,%lld,%s", window, p->parts[k->i].name,
	    (long long)(more ? k->at : k->end), (long long)k->end,
	    more ? page->rows : 0, more ? page->total : 0,
	    more ? page->next : "");

	return text == NULL ? err_nomem(err) : told(p, text, NULL, err);
}

/* The mark is what was asked for, not what was found: nothing is as good an
 * answer as a row. */
static bool
checkpoint_end(struct sf_pass *p, struct err *err)
{
	AUTO(arena) struct arena *arena = arena_new(PLACE_BYTES);
	const time_t top = watermark_limit(&p->mark);
	char text[32];
	const char *mark;

	if (arena == NULL)
		return err_nomem(err);
	watermark_take(&p->mark, top, clock_iso(text, top));
	return watermark_end(&p->mark, arena, &mark, err) &&
	    told(p, NULL, mark, err);
}

/* ---- a place that was kept --------------------------------------------- */
static bool
take_number(const char **text, long long *out)
{
	const char *comma = strchr(*text, ',');

	if (comma == NULL || !num_parse_n(*text, (size_t)(comma - *text),
	    -1000000000000, 1000000000000, out))
		return false;
	*text = comma + 1;
	return true;
}

/* The index of the part that the text names, up to its comma; n = none. */
static size_t
take_part(const struct sf_pass *p, const char **text)
{
	const size_t len = strcspn(*text, ",");
	size_t i = 0;

	while (i < p->n && (strlen(p->parts[i].name) != len ||
	    strncmp(p->parts[i].name, *text, len) != 0))
		i++;
	*text += len + ((*text)[len] == ',');
	return i;
}

/* The walk stands where the broken pass stood. */
static bool
place_take(struct walk *k, struct err *err)
{
	const char *text = k->p->place;
	long long at, end;

	k->i = take_part(k->p, &text);
	if (k->i == k->p->n || !take_number(&text, &at) ||
	    !take_number(&text, &end) || !take_number(&text, &k->rows) ||
	    !take_number(&text, &k->total))
		return err_set(err, ERR_GONE,
		    "the place of the broken pull is not understood");
	k->at = (time_t)at;
	k->end = (time_t)end;
	k->next = *text == '\0' ? NULL : text;
	return true;
}

/* ---- a piece of a part ------------------------------------------------- */
static bool
on_page(void *arg, const struct sf_page *page, struct err *err)
{
	struct walk *k = arg;
	const struct sf_part *part = &k->p->parts[k->i];

	return part->rows(k->p->arg, part, page->records, err) &&
	    (page->next == NULL || checkpoint_page(k, page, err));
}

static bool
by_pages(struct walk *k, const char *soql, bool may_bulk,
    enum sf_trouble *trouble, struct err *err)
{
	const struct sf_part *part = &k->p->parts[k->i];
	struct salesforce *s = k->p->s;
	struct sf_query q = { .soql = soql, .label = part->label,
		.all = part->all, .next = k->next, .rows = k->rows,
		.total = k->total, .page = on_page, .arg = k,
		.large = may_bulk && k->next == NULL ?
		s->set->bulk_threshold_rows : 0 };
	const bool ok = sf_query(s, &q, err);

	*trouble = q.trouble;
	return ok;
}

/* Without its order, which the service would sort for nothing: the mark moves
 * when all was read. */
static bool
as_job(struct walk *k, char *soql, enum sf_trouble *trouble, struct err *err)
{
	const struct sf_part *part = &k->p->parts[k->i];
	struct sf_bulk b = { .soql = soql, .label = part->label,
		.all = part->all, .fields = part->fields, .place = k->next,
		.rows = k->rows, .page = on_page, .arg = k };
	char *last = NULL;

	for (char *at = soql; (at = strstr(at, " ORDER BY ")) != NULL; at++)
		last = at;
	if (last != NULL)
		*last = '\0';
	const bool ok = sf_bulk(k->p->s, &b, err);
	*trouble = b.trouble;
	return ok;
}

static bool
may_be_job(const struct walk *k, const char *soql)
{
	const struct sf_part *part = &k->p->parts[k->i];

	return part->fields != NULL && !k->p->s->no_bulk &&
	    sf_bulk_can(part->fields, soql);
}

static bool
piece_ask(struct walk *k, const struct buf *soql, enum sf_trouble *trouble,
    struct err *err)
{
	AUTO(arena) struct arena *arena = arena_new(SOQL_MAX_BYTES + 1);
	char *text = arena == NULL ? NULL : arena_strdup(arena, buf_text(soql));
	const bool may_bulk = may_be_job(k, buf_text(soql));
	bool ok;

	if (text == NULL)
		return err_nomem(err);
	if (k->next == NULL || !sf_bulk_is_place(k->next)) {
		ok = by_pages(k, text, may_bulk, trouble, err);
		if (ok || *trouble != SF_LARGE)
			return ok;
		k->rows = 0;
	}
	if (may_bulk) {
		ok = as_job(k, text, trouble, err);
		if (ok || *trouble != SF_NO_BULK)
			return ok;
	}
	/* The org has no jobs, or not for this. */
	k->p->s->no_bulk = true;
	k->next = NULL;
	return by_pages(k, buf_text(soql), false, trouble, err);
}

static bool
piece_read(struct walk *k, enum sf_trouble *trouble, struct err *err)
{
	const struct sf_part *part = &k->p->parts[k->i];
	const struct soql_window w = { k->at, k->end };
	AUTO(buf) struct buf soql;

	*trouble = SF_NO_TROUBLE;
	buf_init(&soql, SOQL_MAX_BYTES);
	part->soql(part->of, &soql, &w);
	if (soql.failed)
		return err_nomem(err);
	const bool ok = piece_ask(k, &soql, trouble, err);
	k->next = NULL;
	return ok;
}

/* True: the piece is to be read again, perhaps a smaller one. */
static bool
try_again(struct walk *k, enum sf_trouble trouble)
{
	const time_t at = k->at > 0 ? k->at : EARLIEST;

	if (trouble == SF_PLACE_LOST || trouble == SF_INCOMPLETE)
		return ++k->tries < TRIES_MAX;
	if (trouble != SF_TOO_LONG || k->end - at < 2 * PIECE_MIN_S)
		return false;
	k->width = (k->end - at) / 2;
	k->at = at;
	k->end = at + k->width;
	return true;
}

static bool
is_last(const struct walk *k)
{
	return k->i + 1 == k->p->n && k->end >= k->p->parts[k->i].until;
}

static void
next_piece(struct walk *k)
{
	const struct sf_part *part = &k->p->parts[k->i];
	const time_t left = part->until - k->end;

	k->at = k->end;
	k->end = k->width > 0 && left > k->width ? k->at + k->width :
	    part->until;
	k->tries = 0;
}

static bool
part_read(struct walk *k, struct err *err)
{
	const struct sf_part *part = &k->p->parts[k->i];
	enum sf_trouble trouble;

	/* A broken pass may have stood right behind a piece. */
	if (k->next == NULL && k->at == k->end)
		next_piece(k);
	while (k->at < k->end) {
		if (!piece_read(k, &trouble, err)) {
			if (!try_again(k, trouble))
				return false;
			continue;
		}
		if (!is_last(k) && !checkpoint_page(k, NULL, err))
			return false;
		if (k->end >= part->until)
			break;
		next_piece(k);
	}
	return true;
}

/* ---- all parts --------------------------------------------------------- */
static void
part_begin(struct walk *k)
{
	const struct sf_part *part = &k->p->parts[k->i];

	k->at = part->from > 0 ? part->from : 0;
	k->end = part->until;
	k->width = 0;
	k->rows = k->total = 0;
	k->next = NULL;
	k->tries = 0;
}

bool
sf_pass_run(struct sf_pass *p, const struct sf_part *parts, size_t n,
    struct err *err)
{
	struct walk k = { .p = p };

	p->parts = parts;
	p->n = n;
	if (p->place != NULL) {
		if (!place_take(&k, err) || !part_read(&k, err))
			return false;
		k.i++;
	}
	for (; k.i < n; k.i++) {
		part_begin(&k);
		if (!part_read(&k, err))
			return false;
	}
	return checkpoint_end(p, err);
}
