/*
 * watermark.h - where a pass over a stream of changes begins, and what the
 * next one may begin with.  Pure: the connector asks and emits.
 *
 * Records become visible later than their stamp says, clocks differ, and many
 * share one stamp.  So a pass begins overlap_s before the mark and asks for
 * stamps at or after that, never only after; the new mark lies at least
 * overlap_s before the server's time when the pass began.  Together a record
 * may come 2 x overlap_s late.  What is met twice is told by its key.
 *
 * A mark is a text as received, to the letter.  It moves when a pass is
 * complete; only a stream in ascending order may move it with each page.
 */
#ifndef NPSYNC_WATERMARK_H
#define NPSYNC_WATERMARK_H

#include "arena.h"
#include "buf.h"
#include "connector.h"

struct watermark_rules {
	bool sorted;		/* ascending by stamp, and declared so */
	bool token;		/* the source hands out its own tokens */
	const char *zone;	/* of stamps that name none */
	time_t since;		/* a first pass begins here, or NO_TIME */
	long reach_s;		/* begin so much earlier, if above the overlap */
};
struct watermark {
	struct watermark_rules rules;
	/* What to ask for: stamps from begin (>=; NO_TIME = all) to until (<=;
	 * NO_TIME = open) where the source can be told; or from this token. */
	time_t begin, until;
	const char *token;
	/* Inside. */
	struct buf mark;	/* the largest received not above the limit */
	time_t mark_at, started, below;
	long overlap_s, lag_s;
	bool sweep, dated;
};

void watermark_init(struct watermark *w, const struct watermark_rules *rules);
void watermark_free(struct watermark *w);
/* pull and rules outlive w. */
NPS_MUSTCHECK bool watermark_begin(struct watermark *w,
    const struct pull *pull, struct err *err);
/* Instead, for a pass that broke: its begin, its start, its mark.  The first
 * pages were read then, so what the next pass may skip counts from then.
 * ERR_GONE: saved is none of ours. */
NPS_MUSTCHECK bool watermark_resume(struct watermark *w,
    const struct pull *pull, const char *saved, struct err *err);
/* One line without '|' unless a mark has one. */
const char *watermark_save(const struct watermark *w, struct arena *arena);

/* Of the first answer, before its records are taken: its Date (or NO_TIME) and
 * how long the request took.  Without it our own clock counts. */
void watermark_server_time(struct watermark *w, time_t date, time_t waited_s);
/* Nothing above this may become the mark: the pass began so long after it that
 * whatever is older had shown.  NO_TIME = when it began is not known. */
time_t watermark_limit(const struct watermark *w);
/* False: the next ordinary pass meets it, a sweep leaves it out. */
bool watermark_wants(const struct watermark *w, time_t at);
/* A record was taken; text = its stamp as received.  No stamp: no effect. */
void watermark_take(struct watermark *w, time_t at, const char *text);
/* The source's token for the next pass; the last one given counts. */
void watermark_take_token(struct watermark *w, const char *token);

/* For checkpoint(), which takes NULL for "stays": after a page, and after the
 * last one.  At the end of a first pass without a mark that is the time it
 * began with.  False: memory. */
NPS_MUSTCHECK bool watermark_page(const struct watermark *w,
    const char **mark, struct err *err);
NPS_MUSTCHECK bool watermark_end(const struct watermark *w,
    struct arena *arena, const char **mark, struct err *err);

/* ---- pages by (stamp, id) ------------------------------------------------- */
/* A source that is asked for "after this stamp" loses the rest of a second
 * that fills more than a page; the id decides among equal stamps. */
struct watermark_key {
	const char *stamp, *id;		/* as received */
	time_t at;
};
/* Earlier than, equal to, later than: below 0, 0, above 0.  Ids that are
 * numbers count as numbers: the shorter one first. */
int watermark_key_cmp(const struct watermark_key *a,
    const struct watermark_key *b);
const char *watermark_key_save(const struct watermark_key *key,
    struct arena *arena);
NPS_MUSTCHECK bool watermark_key_load(struct watermark_key *key,
    const char *text, const char *zone, struct arena *arena, struct err *err);

#endif
