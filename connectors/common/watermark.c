/*
 * watermark.c - see watermark.h.
 */
#include "watermark.h"

#include <string.h>

#include "clock.h"
#include "num.h"

#define MARK_MAX_BYTES ((size_t)8192)

void
watermark_init(struct watermark *w, const struct watermark_rules *rules)
{
	*w = (struct watermark){ .rules = *rules, .begin = NO_TIME,
		.until = NO_TIME, .mark_at = NO_TIME, .started = NO_TIME,
		.below = NO_TIME };
	buf_init(&w->mark, MARK_MAX_BYTES);
}

void
watermark_free(struct watermark *w)
{
	buf_free(&w->mark);
}

/* ---- stamps ---------------------------------------------------------------- */

/* Billionths of a second in "...:56.7821525+00:00"; further digits are cut. */
static long
billionths(const char *text)
{
	const char *dot = text == NULL ? NULL : strchr(text, '.');
	long n = 0;

	if (dot == NULL || dot - text < 3 || dot[-3] != ':')
		return 0;
	const size_t digits = strspn(dot + 1, "0123456789");
	for (size_t i = 0; i < 9; i++)
		n = n * 10 + (i < digits ? dot[1 + i] - '0' : 0);
	return n;
}

static int
stamp_cmp(time_t at, const char *text, time_t than, const char *than_text)
{
	if (at != than)
		return at < than ? -1 : 1;
	const long a = billionths(text), b = billionths(than_text);

	return (a > b) - (a < b);
}

/* ---- where a pass begins ----------------------------------------------------- */

static long
reach(const struct watermark *w)
{
	return w->rules.reach_s > w->overlap_s ? w->rules.reach_s
					       : w->overlap_s;
}

time_t
watermark_limit(const struct watermark *w)
{
	if (w->started == NO_TIME)
		return NO_TIME;
	return w->started - (w->lag_s > w->overlap_s ? w->lag_s : w->overlap_s);
}

static void
pull_take(struct watermark *w, const struct pull *pull)
{
	const bool known = pull->until != NO_TIME && pull->until != 0;

	w->overlap_s = pull->overlap_s;
	w->lag_s = pull->lag_s;
	w->sweep = pull->sweep;
	w->started = known ? pull->until : NO_TIME;
	w->until = known ? pull->until - pull->lag_s : NO_TIME;
}

/* The begin of the next ordinary pass.  A mark that lies ahead of us, for
 * whatever reason, must not hide what comes until then. */
static time_t
begin_after(const struct watermark *w, time_t at)
{
	const time_t top = watermark_limit(w);

	return (top != NO_TIME && at > top ? top : at) - reach(w);
}

static time_t
first_begin(const struct watermark *w, const struct pull *pull)
{
	return pull->from > w->rules.since ? pull->from : w->rules.since;
}

/* What an ordinary pass will meet is none of a sweep's business: only so is
 * everything it finds a late find. */
static void
sweep_begin(struct watermark *w, const struct pull *pull, time_t at)
{
	w->begin = first_begin(w, pull);
	w->token = NULL;
	w->below = at != NO_TIME ? begin_after(w, at) : watermark_limit(w);
}

bool
watermark_begin(struct watermark *w, const struct pull *pull, struct err *err)
{
	time_t at = NO_TIME;

	pull_take(w, pull);
	if (w->rules.token)
		w->token = pull->watermark;
	else if (pull->watermark == NULL ||
	    !clock_parse_iso(pull->watermark, w->rules.zone, &at))
		at = NO_TIME;
	w->begin = at == NO_TIME ? first_begin(w, pull) : begin_after(w, at);
	if (pull->sweep)
		sweep_begin(w, pull, at);
	if (pull->watermark == NULL)
		return true;
	/* A pass that finds nothing newer leaves the mark where it is. */
	w->mark_at = at;
	return buf_str(&w->mark, pull->watermark) ? true : err_nomem(err);
}

/* ---- what it may end with ----------------------------------------------------- */

void
watermark_server_time(struct watermark *w, time_t date, time_t waited_s)
{
	if (w->dated)
		return;
	w->dated = true;
	if (date != NO_TIME)
		w->started = date - (waited_s > 0 ? waited_s : 0);
}

bool
watermark_wants(const struct watermark *w, time_t at)
{
	return w->below == NO_TIME || at == NO_TIME ||
	    at < w->below;
}

static void
mark_set(struct watermark *w, time_t at, const char *text)
{
	buf_reset(&w->mark);
	(void)buf_str(&w->mark, text);	/* sticky: told at the end */
	w->mark_at = at;
}

void
watermark_take(struct watermark *w, time_t at, const char *text)
{
	const time_t top = watermark_limit(w);

	if (w->rules.token || text == NULL || at == NO_TIME ||
	    (top != NO_TIME && stamp_cmp(at, text, top, NULL) > 0))
		return;
	/* A mark above the limit comes down to the first one below it. */
	if (w->mark.len > 0 && w->mark_at != NO_TIME &&
	    (top == NO_TIME || w->mark_at <= top) &&
	    stamp_cmp(at, text, w->mark_at, buf_text(&w->mark)) <= 0)
		return;
	mark_set(w, at, text);
}

void
watermark_take_token(struct watermark *w, const char *token)
{
	if (w->rules.token && token != NULL)
		mark_set(w, NO_TIME, token);
}

bool
watermark_page(const struct watermark *w, const char **mark, struct err *err)
{
	*mark = NULL;
	if (w->mark.failed)
		return err_nomem(err);
	if (w->rules.sorted && !w->rules.token && !w->sweep && w->mark.len > 0)
		*mark = buf_text(&w->mark);
	return true;
}

bool
watermark_end(const struct watermark *w, struct arena *arena,
    const char **mark, struct err *err)
{
	char begin[32];

	if (w->mark.failed)
		return err_nomem(err);
	*mark = w->mark.len > 0 ? buf_text(&w->mark) : arena_strdup(arena,
	    clock_iso(begin, w->begin == NO_TIME ? 0 : w->begin));
	return *mark != NULL || err_nomem(err);
}

/* ---- broken passes -------------------------------------------------------------- */

/* BEGIN,STARTED,MARK: seconds, "-" for NO_TIME; the mark stands last. */
static const char *
time_text(struct arena *arena, time_t t)
{
	return t == NO_TIME ? "-" : arena_printf(arena, "%lld", (long long)t);
}

const char *
watermark_save(const struct watermark *w, struct arena *arena)
{
	const char *begin = time_text(arena, w->begin);
	const char *started = time_text(arena, w->started);

	if (begin == NULL || started == NULL || w->mark.failed)
		return NULL;
	return arena_printf(arena, "%s,%s,%s", begin, started,
	    buf_text(&w->mark));
}

static bool
take_time(const char **text, time_t *out)
{
	const char *comma = strchr(*text, ',');
	long long t;

	if (comma == NULL)
		return false;
	const size_t len = (size_t)(comma - *text);
	if (len == 1 && **text == '-')
		*out = NO_TIME;
	else if (num_parse_n(*text, len, -100000000000, 1000000000000, &t))
		*out = (time_t)t;
	else
		return false;
	*text = comma + 1;
	return true;
}

bool
watermark_resume(struct watermark *w, const struct pull *pull,
    const char *saved, struct err *err)
{
	time_t begin, started, at = NO_TIME;

	if (saved == NULL || !take_time(&saved, &begin) ||
	    !take_time(&saved, &started) || (*saved != '\0' &&
	    !w->rules.token && !clock_parse_iso(saved, w->rules.zone, &at)))
		return err_set(err, ERR_GONE,
		    "the place of the broken pull is not understood");
	pull_take(w, pull);
	w->begin = begin;
	w->started = started;
	w->dated = true;
	w->token = w->rules.token ? pull->watermark : NULL;
	if (*saved != '\0')
		mark_set(w, at, saved);
	return w->mark.failed ? err_nomem(err) : true;
}

/* ---- pages by (stamp, id) --------------------------------------------------------- */

static bool
is_number(const char *id)
{
	return *id != '\0' && id[strspn(id, "0123456789")] == '\0';
}

int
watermark_key_cmp(const struct watermark_key *a, const struct watermark_key *b)
{
	const int by_stamp = stamp_cmp(a->at, a->stamp, b->at, b->stamp);
	const size_t la = strlen(a->id), lb = strlen(b->id);

	if (by_stamp != 0)
		return by_stamp;
	if (la != lb && is_number(a->id) && is_number(b->id))
		return la < lb ? -1 : 1;
	return strcmp(a->id, b->id);
}

/* LENGTH:STAMP ID, without the blank: both may hold anything. */
const char *
watermark_key_save(const struct watermark_key *key, struct arena *arena)
{
	return arena_printf(arena, "%zu:%s%s", strlen(key->stamp), key->stamp,
	    key->id);
}

bool
watermark_key_load(struct watermark_key *key, const char *text,
    const char *zone, struct arena *arena, struct err *err)
{
	const char *colon = text == NULL ? NULL : strchr(text, ':');
	long long len;

	if (colon == NULL || !num_parse_n(text, (size_t)(colon - text), 1,
	    (long long)strlen(colon + 1), &len))
		return err_set(err, ERR_GONE,
		    "the place of the broken pull is not understood");
	key->stamp = arena_strndup(arena, colon + 1, (size_t)len);
	key->id = arena_strdup(arena, colon + 1 + len);
	if (key->stamp == NULL || key->id == NULL)
		return err_nomem(err);
	if (!clock_parse_iso(key->stamp, zone, &key->at))
		return err_set(err, ERR_GONE,
		    "the place of the broken pull is not understood");
	return true;
}
