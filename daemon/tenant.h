/*
 * tenant.h - the customer account: its secret, the lease of the running
 * process and the pause switch (design section 5, "Lease" and "Fence").
 */
#ifndef NPSYNC_TENANT_H
#define NPSYNC_TENANT_H

#include "db.h"
#include "identity.h"

struct tenant {
	long long id;
	const char *name;	/* in the arena it was opened with */
	unsigned char secret[IDENTITY_SECRET_BYTES];
	bool paused;
	long long sends;	/* claims ever made */
	time_t restored_at;	/* NO_TIME = no restored backup is unsettled */
	long long epoch;	/* of the lease held; 0 = none */
	int lock_fd;		/* flock in the state directory; -1 = none */
	int64_t renewed_ms;	/* CLOCK_BOOTTIME of the last renewal */
};

/* Finds the account by name, or makes it (paused, with a new secret).  known =
 * the names of all configuration files: ERR_CONFIG when the database holds an
 * account that is not among them - a renamed one would else start afresh and
 * ask everybody again. */
NPS_MUSTCHECK bool tenant_open(struct db *db, const char *name,
    const char *const *known, size_t n_known, struct arena *arena,
    struct tenant *tenant, struct err *err);
/* Inside a transaction that is rolled back (dry run): the lease as if held. */
NPS_MUSTCHECK bool tenant_pretend(struct db *db, struct tenant *tenant,
    struct err *err);

/* Takes the lease and raises the epoch.  ERR_BUSY when another run holds it;
 * a holder on this machine whose lock is free is dead and replaced at once.
 * state_dir holds the lock file; NULL = none (remote database, no directory). */
NPS_MUSTCHECK bool tenant_acquire(struct db *db, struct tenant *tenant,
    const char *state_dir, struct err *err);
/* Renews when more than `every_s` old.  *wanted = another run waits.
 * ERR_BUSY = fenced off: stop at once. */
NPS_MUSTCHECK bool tenant_renew(struct db *db, struct tenant *tenant,
    long every_s, bool *wanted, struct err *err);
/* Tells the holder that a night waits. */
NPS_MUSTCHECK bool tenant_want(struct db *db, const struct tenant *tenant,
    struct err *err);
/* ERR_BUSY: somebody else has the lease. */
bool tenant_lost(const struct tenant *tenant, struct err *err);
void tenant_release(struct db *db, struct tenant *tenant);
/* Seconds the lease surely lasts still, on this machine's clock. */
long tenant_lease_left_s(const struct tenant *tenant);

/* The database is older than what was done (highwater.h): the epoch rises over
 * epoch_seen, sends to sends_seen, and restored_at is set, though it was: what
 * was known of an earlier restore is old as well. */
NPS_MUSTCHECK bool tenant_mark_restored(struct db *db, struct tenant *tenant,
    long long epoch_seen, long long sends_seen, time_t at, struct err *err);
/* Notes how many claims were ever made. */
NPS_MUSTCHECK bool tenant_put_sends(struct db *db,
    const struct tenant *tenant, struct err *err);
/* What the restored backup did not know is settled. */
NPS_MUSTCHECK bool tenant_clear_restored(struct db *db, struct tenant *tenant,
    struct err *err);

NPS_MUSTCHECK bool tenant_set_paused(struct db *db, struct tenant *tenant,
    bool paused, struct err *err);

/* In whose midnights the views count months (tenant_zone.c). */
NPS_MUSTCHECK bool tenant_note_zone(struct db *db, const struct tenant *tenant,
    const char *zone, struct arena *arena, struct err *err);

#endif
