/*
 * erasure.h - tables erasure and erasure_step: who was to be erased, by keyed
 * hash, and what is still open at others.
 *
 * One transaction takes everything out of our own tables, blocks the keys and
 * writes down the steps at others; so a process killed anywhere has done
 * nothing yet, or leaves steps that the next one goes on with.
 */
#ifndef NPSYNC_ERASURE_H
#define NPSYNC_ERASURE_H

#include "subject.h"

/* What was erased before. */
struct erasure_known {
	long long id;		/* 0 = never */
	time_t requested_at, completed_at;
	long long open;		/* steps */
};
NPS_MUSTCHECK bool erasure_find(struct db *db, struct subject *s,
    struct arena *arena, struct erasure_known *known, struct err *err);

struct erasure_order {
	const char *actor, *reason;	/* reason may be NULL */
	const char *survey;		/* place of its steps */
	const char *tag_prefix;
	time_t now;
};
/* Everything here, in the caller's transaction; needs the lease.  *id =
 * known->id where that one is still open, else a new one. */
NPS_MUSTCHECK bool erasure_begin(struct db *db, const struct tenant *tenant,
    struct subject *s, const struct erasure_order *order,
    const struct erasure_known *known, struct arena *arena, long long *id,
    struct err *err);

/* ---- steps at others ------------------------------------------------------ */
struct erasure_step {
	long long erasure_id;
	const char *place, *kind;	/* "address", "phone", "tag" */
	const char *target, *tag_prefix, *tag;
};
/* Oldest erasure first; at most max of those tried before `before`. */
NPS_MUSTCHECK bool erasure_steps(struct db *db, long long tenant_id,
    time_t before, int max, struct arena *arena, struct erasure_step **steps,
    size_t *n, struct err *err);
/* It is over: done counts under the name `what` unless that is NULL. */
NPS_MUSTCHECK bool erasure_step_done(struct db *db, long long tenant_id,
    const struct erasure_step *step, const char *what, struct arena *arena,
    struct err *err);
/* Stays open and says why. */
NPS_MUSTCHECK bool erasure_step_open(struct db *db, long long tenant_id,
    const struct erasure_step *step, const char *reason, time_t now,
    struct arena *arena, struct err *err);
/* npsync cannot do it: a note for people instead, and the target goes. */
NPS_MUSTCHECK bool erasure_step_by_hand(struct db *db, long long tenant_id,
    const struct erasure_step *step, const char *note, struct arena *arena,
    struct err *err);
/* Those without open steps are complete. *open = steps left over. */
NPS_MUSTCHECK bool erasure_end(struct db *db, long long tenant_id, time_t now,
    struct arena *arena, long long *open, struct err *err);
/* Steps of all erasures that are not done. */
NPS_MUSTCHECK bool erasure_open(struct db *db, long long tenant_id,
    struct arena *arena, long long *open, struct err *err);

/* ---- the receipt ----------------------------------------------------------- */
/* requested_at, actor, completed_at; one row */
NPS_MUSTCHECK bool erasure_read(struct db *db, long long tenant_id,
    long long id, struct arena *arena, struct db_result **result,
    struct err *err);
/* state ("erased", "by hand", "open"), place, count, note */
NPS_MUSTCHECK bool erasure_lines(struct db *db, long long tenant_id,
    long long id, struct arena *arena, struct db_result **result,
    struct err *err);

/* ---- of the queue (queue_erase.c) -------------------------------------------- */
/* Rows with their history go; event_seen keeps the events' keys, person_send
 * the evidence.  *open, *ended = rows that went. */
NPS_MUSTCHECK bool queue_erase(struct db *db, struct subject *s,
    struct arena *arena, long long *open, long long *ended, struct err *err);
/* What people said about the person elsewhere in the queue; after queue_erase. */
NPS_MUSTCHECK bool queue_erase_texts(struct db *db, struct subject *s,
    struct arena *arena, long long *n, struct err *err);

#endif
