/*
 * tag_write.h - puts tags on cards through a connector: its blocking put_tags,
 * or its two pure functions, several cards in flight.
 */
#ifndef NPSYNC_TAG_WRITE_H
#define NPSYNC_TAG_WRITE_H

#include "connect.h"
#include "denials.h"

struct tag_writer {
	struct crm *crm;
	struct arena *arena;	/* of the run: remembers which tags exist */
	/* Between rounds and while nothing moves; false ends the writing. */
	bool (*breathe)(void *arg, struct err *err);
	void *arg;
	double backoff_s, backoff_max_s;
	/* Of the writes of the next call: told of in an earlier run.  NULL = none. */
	const bool *told;
	struct tag_ensured *ensured;
	bool asked;		/* ensure_tags was called */
	int renewals;		/* of a run */
	/* Of them in a row, for a reading and for a write that was refused, without
	 * one that ended well. */
	int in_vain, in_vain_to_write;
	bool gives_up;		/* card after card was denied: tags only */
	bool any_good;		/* some card of the run was not denied */
	struct denials denied;	/* of the run, those of told too */
};
/* The usual back-off; the rest is zero. */
void tag_writer_init(struct tag_writer *w, struct crm *crm,
    struct arena *arena, bool (*breathe)(void *arg, struct err *err), void *arg);
/* Has the connector a way to write tags at all? */
bool tag_write_can(const struct crm *crm);
/* Writes of one card go one after the other.  On false the connector's part is
 * over (ERR_DONE: the configuration asks for no tags), or its tags (gives_up),
 * or the run: results hold what was learned until then, the others are
 * PUT_AGAIN.  Three cards one after the other that we may not write end the
 * tags; those of told are not counted. */
NPS_MUSTCHECK bool tag_write(struct tag_writer *w,
    const struct crm_tag_write *writes, size_t n, struct put_result *results,
    struct err *err);

/* When a run's writes are over: false, with gives_up, if each of its cards was
 * denied and they are three at least, so that a right which was lost is told of
 * every night. */
NPS_MUSTCHECK bool tag_write_end(struct tag_writer *w, struct err *err);

/* ---- tag_write_http.c ------------------------------------------------------------ */
NPS_MUSTCHECK bool tag_write_http(struct tag_writer *w,
    const struct crm_tag_write *writes, size_t n, struct put_result *results,
    struct arena *arena, struct err *err);

#endif
