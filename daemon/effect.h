/*
 * effect.h - table effect: writes other than surveys and tags.  Of those that
 * happen at most once the intent is committed before the first byte leaves, the
 * outcome after; what nobody knows is shown, never repeated.  Those that may be
 * repeated stay wanted until they are done.
 */
#ifndef NPSYNC_EFFECT_H
#define NPSYNC_EFFECT_H

#include "db.h"
#include "tenant.h"

enum effect_state { EFFECT_WANTED, EFFECT_DOING, EFFECT_DONE, EFFECT_UNKNOWN,
	EFFECT_FAILED };

struct effect {
	const char *kind;	/* "mail", ... */
	const char *target;	/* an address, a connector */
	const char *subject;	/* what it is about: "preview 2026-12-01" */
};

/* EFFECT_WANTED where there is no such row yet. */
NPS_MUSTCHECK bool effect_find(struct db *db, long long tenant_id,
    const struct effect *effect, struct arena *arena,
    enum effect_state *state, struct err *err);
/* wanted, failed or new -> doing, under the lease.  *begun = false: it was
 * begun before, and must not be done again.  ERR_BUSY: the lease is lost. */
NPS_MUSTCHECK bool effect_begin(struct db *db, const struct tenant *tenant,
    const struct effect *effect, time_t now, struct arena *arena, bool *begun,
    struct err *err);
/* doing -> its outcome.  EFFECT_FAILED: surely not done, may begin again.
 * reason may be NULL; no address, no secret. */
NPS_MUSTCHECK bool effect_end(struct db *db, long long tenant_id,
    const struct effect *effect, enum effect_state state, const char *reason,
    time_t now, struct arena *arena, struct err *err);
/* Called by who holds the lease: whatever is 'doing' belongs to a run that
 * died.  *n = how many became unknown. */
NPS_MUSTCHECK bool effect_settle(struct db *db, const struct tenant *tenant,
    const char *kind, time_t now, struct arena *arena, long long *n,
    struct err *err);
/* Subjects of a kind with an unknown outcome since a moment: subject, how
 * many. */
NPS_MUSTCHECK bool effect_list_unknown(struct db *db, long long tenant_id,
    const char *kind, time_t since, struct arena *arena,
    struct db_result **result, struct err *err);

/* ---- several that one act causes: a mail to an address ---------------------- */
/* Those that may begin are doing now: result subject, a row each.  A row that
 * is missing is made.  ERR_BUSY: the lease is lost. */
NPS_MUSTCHECK bool effect_begin_rows(struct db *db,
    const struct tenant *tenant, const char *kind, const char *target,
    struct db_array *subjects, time_t now, struct arena *arena,
    struct db_result **begun, struct err *err);
/* doing -> their outcome, as effect_end. */
NPS_MUSTCHECK bool effect_end_rows(struct db *db, long long tenant_id,
    const char *kind, const char *target, struct db_array *subjects,
    enum effect_state state, const char *reason, time_t now,
    struct arena *arena, struct err *err);
/* Wanted, or failed and tried again, with `how` set: target, subject, how; who
 * waits longest since a try first. */
NPS_MUSTCHECK bool effect_list_open(struct db *db, long long tenant_id,
    const char *kind, int max, struct arena *arena, struct db_result **result,
    struct err *err);
/* These are not tried any more: failed, with a reason. */
NPS_MUSTCHECK bool effect_give_up(struct db *db, const struct tenant *tenant,
    const char *kind, struct db_array *targets, struct db_array *subjects,
    const char *reason, time_t now, struct arena *arena, struct err *err);
/* Is there one of this target that begins so and is not open any more? */
NPS_MUSTCHECK bool effect_was_tried(struct db *db, long long tenant_id,
    const char *kind, const char *target, const char *subject_prefix,
    struct arena *arena, bool *tried, struct err *err);
/* Who was or is to be told of these subjects: target, subject. */
NPS_MUSTCHECK bool effect_list_targets(struct db *db, long long tenant_id,
    const char *kind, struct db_array *subjects, struct arena *arena,
    struct db_result **result, struct err *err);
/* Mails and webhooks since a moment: kind, state, how many; what waits is
 * counted however old. */
NPS_MUSTCHECK bool effect_count_told(struct db *db, long long tenant_id,
    time_t since, struct arena *arena, struct db_result **result,
    struct err *err);

/* Posts and tasks are wanted for answers that were given, and met, so lately: a
 * first import of old answers causes none, and a row that retention removed is
 * not wanted again. */
#define EFFECT_FRESH_DAYS 7
/* One that the other side puts off so often has failed. */
#define EFFECT_TRIES_MAX 100

/* ---- many of one kind and target: effect_batch.c -------------------------- */
struct effect_set {
	const char *kind, *target;
	const char *const *subject;
	size_t n;
};
/* wanted -> doing, all in one statement, under the lease.  begun[i] = false: it
 * was not wanted any more. */
NPS_MUSTCHECK bool effect_begin_all(struct db *db, const struct tenant *tenant,
    const struct effect_set *set, time_t now, struct arena *arena, bool *begun,
    struct err *err);
/* EFFECT_WANTED: not done, another try; from EFFECT_TRIES_MAX on it has failed.
 * hash = of what was written, or NULL. */
struct effect_outcome {
	enum effect_state state;
	const char *reason, *hash;
};
/* from: EFFECT_DOING, or EFFECT_WANTED for kinds that may be repeated. */
NPS_MUSTCHECK bool effect_end_all(struct db *db, long long tenant_id,
    const struct effect_set *set, enum effect_state from,
    const struct effect_outcome *outcomes, time_t now, struct arena *arena,
    struct err *err);
/* Writes to a CRM that somebody should look at: unknown, or failed or put off
 * since a moment.  Columns: kind, target, state ("wanted" = put off), reason,
 * subject and moment of the newest, count.  Unknown ones stand each alone. */
NPS_MUSTCHECK bool effect_list_doubtful(struct db *db, long long tenant_id,
    time_t since, struct arena *arena, struct db_result **result,
    struct err *err);
/* What somebody found out of a post or task: unknown -> EFFECT_DONE, or
 * EFFECT_WANTED to write it again.  *n = rows. */
NPS_MUSTCHECK bool effect_resolve(struct db *db, long long tenant_id,
    const char *kind, const char *subject, enum effect_state to, time_t now,
    struct arena *arena, long long *n, struct err *err);
/* As it stands in the table. */
const char *effect_state_name(enum effect_state state);

#endif
