/*
 * effect.h - table effect: writes that happen at most once.  The intent is
 * committed before the first byte leaves, the outcome after; what nobody knows
 * is shown, never repeated.
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

#endif
