/*
 * night.h - the order of the stages for each kind of run; the only file that
 * knows it (design section 4).
 */
#ifndef NPSYNC_NIGHT_H
#define NPSYNC_NIGHT_H

#include "conf.h"
#include "db.h"
#include "tenant.h"

enum run_kind { RUN_NIGHT, RUN_HOURLY, RUN_MANUAL };
/* Bits of --only. */
enum run_stage { RUN_SETTLE = 1u << 0, RUN_PULL = 1u << 1,
	RUN_DECIDE = 1u << 2, RUN_PUSH = 1u << 3, RUN_FORECAST = 1u << 4,
	RUN_COLLECT = 1u << 5, RUN_WRITEBACK = 1u << 6, RUN_AUDIT = 1u << 7,
	RUN_PREVIEW = 1u << 8, RUN_RETENTION = 1u << 9,
	RUN_ALARMS = 1u << 10, RUN_ALL = (1u << 11) - 1 };

struct run_options {
	enum run_kind kind;
	unsigned only;		/* RUN_ALL, or the stages wanted */
	long wait_s;		/* for another run to end; 0 = ERR_BUSY at once */
	const char *actor;
	/* What a person at the terminal hears, a line at a time; NULL = none. */
	void (*say)(void *arg, const char *line);
	void *say_arg;
	bool (*cancelled)(void);
};

/* One run of one tenant.  *exit_code: 0, 1 (a connector failed), or by err. */
NPS_MUSTCHECK bool night_run(struct db *db, const struct conf *conf,
    struct tenant *tenant, const char *lock_dir,
    const struct run_options *options, int *exit_code, struct err *err);

/* The whole intake and decision of the coming night, rolled back.  show is
 * called inside the transaction, with the night's date. */
typedef bool dry_run_fn(void *arg, struct db *db, int night, struct err *err);
NPS_MUSTCHECK bool night_dry_run(struct db *db, const struct conf *conf,
    struct tenant *tenant, const struct run_options *options,
    dry_run_fn *show, void *arg, struct err *err);

/* `npsync erase`: takes the lease, looks for the person again, for a run may
 * have moved since, and erases everything here in one transaction; then tries
 * the open steps at others once, those of earlier erasures too.  *id = the
 * erasure's, that of an earlier one where it goes on. */
struct subject;
struct night_erasure {
	struct subject *subject;	/* found again, by who was given */
	const char *reason;	/* may be NULL */
	bool here_only;		/* no keys: the steps are the night's */
};
NPS_MUSTCHECK bool night_erase(struct db *db, const struct conf *conf,
    struct tenant *tenant, const char *lock_dir,
    const struct run_options *options, const struct night_erasure *erasure,
    long long *id, struct err *err);

/* `npsync resync`: answers or events since a day once more, under the lease.
 * Nobody is decided or sent to. */
struct night_resync {
	bool events;		/* else answers */
	time_t since;		/* NO_TIME = all */
	const char *detail;	/* for the audit */
};
NPS_MUSTCHECK bool night_resync(struct db *db, const struct conf *conf,
    struct tenant *tenant, const char *lock_dir,
    const struct run_options *options, const struct night_resync *what,
    struct err *err);

/* The night whose decision an administrator looks at now: the coming transfer
 * night; *moment = when it decides. */
int night_next_transfer(const struct conf *conf, time_t now, time_t *moment);
/* "a,b" -> bits; ERR_USAGE names the known stages. */
NPS_MUSTCHECK bool night_parse_only(const char *text, unsigned *only,
    struct err *err);
const char *night_kind_name(enum run_kind kind);

#endif
