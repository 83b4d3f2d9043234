/*
 * pass.c - how a pass could lose, double or never end, and what stops it:
 *  - a row that the search knows late: slices begin overlap_s before the mark
 *    and end upper_margin_s below the service's own time;
 *  - more rows than a search gives out: the slice is halved, down to a
 *    millisecond, before a row of it is taken;
 *  - rows that change while they are read: the slice again, in halves; in the
 *    end an error, and the mark stays;
 *  - a pass that breaks: the mark moves only when all parts were read to their
 *    ends; the slice that broke is read again, what comes twice has its key;
 *  - hours without a row: slices grow where little happened.
 */
#include "pass.h"

#include <string.h>

#include "num.h"

#define TRIES_MAX 3		/* of a slice that cannot be halved */
#define EARLIEST ((time_t)1136073600)	/* 2006: no portal is older */
#define TEXT_BYTES ((size_t)65536)

/* A part on its way, in ms. */
struct walk {
	struct hs_pass *p;
	const struct hs_part *part;
	int64_t at, end, until, width;
	int tries;
};

/* ---- begin --------------------------------------------------------------------- */
static long
larger(long a, long b)
{
	return a > b ? a : b;
}

/* WINDOW|PART,MS */
static bool
resume_at(struct hs_pass *p, struct arena *arena, struct err *err)
{
	const char *text = p->own.resume, *bar = strchr(text, '|');

	if (bar == NULL)
		return err_set(err, ERR_GONE,
		    "the place of the broken pull is not understood");
	const char *window = arena_strndup(arena, text, (size_t)(bar - text));
	p->place = bar + 1;
	return window == NULL ? err_nomem(err) :
	    watermark_resume(&p->mark, &p->own, window, err);
}

bool
hs_pass_begin(struct hs_pass *p, struct err *err)
{
	const struct watermark_rules rules = { .zone = "UTC", .since = NO_TIME,
		.reach_s = p->reach_s };
	AUTO(arena) struct arena *arena = arena_new(TEXT_BYTES);
	const struct hs_settings *set = p->h->set;
	const bool broken = p->pull->resume != NULL && !p->pull->sweep;

	watermark_init(&p->mark, &rules);
	p->own = *p->pull;
	if (p->pull->sweep || p->pull->watermark == NULL ||
	    !clock_parse_iso(p->pull->watermark, "UTC", &p->known))
		p->known = NO_TIME;
	p->own.overlap_s = larger(p->own.overlap_s, set->overlap_s);
	p->own.lag_s = larger(p->own.lag_s, set->upper_margin_s);
	if (arena == NULL)
		return err_nomem(err);
	if (broken ? !resume_at(p, arena, err) :
	    !watermark_begin(&p->mark, &p->own, err))
		return false;
	if (!broken)
		watermark_server_time(&p->mark, hs_now(p->h), 0);
	p->started = p->mark.started;
	p->begin = p->mark.begin;
	p->until = p->started - p->own.lag_s;
	if (p->own.sweep && p->mark.below != NO_TIME &&
	    p->mark.below < p->until)
		p->until = p->mark.below;
	return true;
}

void
hs_pass_free(struct hs_pass *p)
{
	watermark_free(&p->mark);
}

/* ---- checkpoints ------------------------------------------------------------------ */
static bool
told(const struct hs_pass *p, const char *resume, const char *mark,
    struct err *err)
{
	if (p->checkpoint == NULL)
		return true;
	return p->checkpoint(p->checkpoint_arg, resume, mark) ||
	    err_set(err, ERR_CANCELLED, "stopped");
}

static bool
checkpoint_at(const struct walk *k, int64_t at, struct err *err)
{
	AUTO(arena) struct arena *arena = arena_new(TEXT_BYTES);
	const char *window = arena == NULL ? NULL :
	    watermark_save(&k->p->mark, arena);
	const char *text = window == NULL ? NULL : arena_printf(arena,
	    "%s|%s,%lld", window, k->part->name, (long long)at);

	return text == NULL ? err_nomem(err) : told(k->p, text, NULL, err);
}

/* The mark is what was asked for, whether or not there was a row. */
static bool
checkpoint_end(struct hs_pass *p, struct err *err)
{
	AUTO(arena) struct arena *arena = arena_new(TEXT_BYTES);
	const time_t top = watermark_limit(&p->mark);
	char text[32];
	const char *mark;

	watermark_take(&p->mark, top, clock_iso(text, top));
	return arena == NULL ? err_nomem(err) :
	    watermark_end(&p->mark, arena, &mark, err) &&
	    told(p, NULL, mark, err);
}

/* ---- a slice -------------------------------------------------------------------------- */
static bool
on_rows(void *arg, json_t *rows, struct err *err)
{
	struct walk *k = arg;

	return k->part->rows(k->p->arg, k->part, rows, err) &&
	    checkpoint_at(k, k->at, err);
}

/* Smaller, or once more; false: err stays. */
static bool
try_again(struct walk *k, const struct hs_search *s)
{
	if (s->trouble == HS_NO_TROUBLE)
		return false;
	if (k->end - k->at <= 1)
		return ++k->tries < TRIES_MAX;
	k->width = (k->end - k->at) / 2;
	k->end = k->at + k->width;
	return true;
}

static void
next_slice(struct walk *k, long long total)
{
	const int64_t left = k->until - k->end;

	if (total <= k->p->h->set->split_total / 4)
		k->width *= 2;
	k->at = k->end;
	k->end = left > k->width ? k->at + k->width : k->until;
	k->tries = 0;
}

static bool
slice_read(struct walk *k, struct err *err)
{
	struct hs_ask ask = k->part->ask;
	struct hs_search s = { .ask = &ask, .rows = on_rows, .arg = k,
		.whole = k->end - k->at <= 1 };

	ask.from_ms = k->at;
	ask.until_ms = k->end;
	if (!hs_search(k->p->h, &s, err))
		return try_again(k, &s);
	if (!checkpoint_at(k, k->end, err))
		return false;
	next_slice(k, s.total);
	return true;
}

/* from_ms: where a broken pass stood, or below 0. */
static bool
part_read(struct hs_pass *p, const struct hs_part *part, int64_t from_ms,
    struct err *err)
{
	const time_t from = part->from > 0 ? part->from : EARLIEST;
	struct walk k = { .p = p, .part = part,
		.at = from_ms >= 0 ? from_ms : 1000 * (int64_t)from,
		.until = 1000 * (int64_t)part->until,
		.width = 1000 * (int64_t)p->h->set->window_s };

	k.end = k.until - k.at > k.width ? k.at + k.width : k.until;
	while (k.at < k.until)
		if (!slice_read(&k, err))
			return false;
	return true;
}

/* ---- all parts --------------------------------------------------------------------------- */
/* The part that the broken pass was in, and where. */
static bool
place_find(const struct hs_pass *p, const struct hs_part *parts, size_t n,
    size_t *at, int64_t *from_ms, struct err *err)
{
	const size_t len = strcspn(p->place, ",");
	long long ms;

	for (*at = 0; *at < n; (*at)++)
		if (strlen(parts[*at].name) == len &&
		    strncmp(parts[*at].name, p->place, len) == 0)
			break;
	if (*at == n || p->place[len] == '\0' ||
	    !num_parse(p->place + len + 1, 0, 99999999999999, &ms))
		return err_set(err, ERR_GONE,
		    "the place of the broken pull is not understood");
	*from_ms = ms;
	return true;
}

bool
hs_pass_run(struct hs_pass *p, const struct hs_part *parts, size_t n,
    struct err *err)
{
	int64_t from_ms = -1;
	size_t i = 0;

	if (p->place != NULL && !place_find(p, parts, n, &i, &from_ms, err))
		return false;
	for (; i < n; i++) {
		if (!part_read(p, &parts[i], from_ms, err))
			return false;
		from_ms = -1;
	}
	return checkpoint_end(p, err);
}
