/*
 * night_int.h - what night.c and its other files share.
 */
#ifndef NPSYNC_NIGHT_INT_H
#define NPSYNC_NIGHT_INT_H

#include "night.h"
#include "stage.h"

#define NIGHT_CRMS_MAX 32

struct night {
	const struct run_options *options;
	struct stage stage;
	struct runlog log;
	struct survey survey;
	struct crm crms[NIGHT_CRMS_MAX];
	struct arena *run_arena, *arena, *scratch;
	struct err service;	/* why nothing was transferred, if so */
	struct err mail;	/* why people were not told, if so */
	bool transferred, listed;
	bool audited, audit_complete;	/* the list of respondents, this run */
	int missed, missed_from, missed_until;	/* nights nobody held */
	long long left;		/* rows that were due and not handed over */
	const char *changed;	/* the settings, since when: a line; NULL = no */
};

/* Arenas, and the stage's view of them; no connector, no table. */
NPS_MUSTCHECK bool night_init(struct night *n, struct db *db,
    const struct conf *conf, struct tenant *tenant,
    const struct run_options *options, struct err *err);
/* Opens all connectors; one that fails is marked, the others go on. */
void night_open_connectors(struct night *n);
void night_close(struct night *n);
/* The first thing that went wrong without ending the run, or NULL. */
const struct err *night_problem(const struct night *n);
/* The exit status that says so. */
int night_exit_code(const struct night *n, const struct err *problem);
/* ---- night_restore.c ------------------------------------------------------------- */
/* Compares the database with the high-water file in dir (NULL = there is none)
 * and writes the file. */
NPS_MUSTCHECK bool night_check_restore(struct night *n, const char *dir,
    struct err *err);
/* Before anybody is decided: a restored backup that is not settled is settled
 * by the service's list, or it stops the transfer (n->service). */
NPS_MUSTCHECK bool night_settle_restore(struct night *n, struct err *err);
/* The audit, once a run; a list that fails is told at the end. */
NPS_MUSTCHECK bool night_audit(struct night *n, struct err *err);

/* ---- night_missed.c -------------------------------------------------------------- */
/* The nights to sending days since the last that was held, but for this one;
 * counted and logged. */
NPS_MUSTCHECK bool night_find_missed(struct night *n, struct err *err);
/* Rows that an earlier night decided and nobody handed over; before decide. */
NPS_MUSTCHECK bool night_count_left(struct night *n, struct err *err);
void night_say_missed(struct night *n);
/* A service that keeps no mail, the hour of send.at, and somebody to ask. */
NPS_MUSTCHECK bool night_hour_is_due(struct night *n, bool *due,
    struct err *err);

/* ---- night_preview.c ------------------------------------------------------------- */
/* The preview mail of today, when its hour has come and it is not out yet; a
 * server that is away is told at the end. */
NPS_MUSTCHECK bool night_send_preview(struct night *n, struct err *err);

/* ---- night_health.c --------------------------------------------------------------- */
/* What went wrong, or is well again, becomes alarms; who listens is told.  ok:
 * the stages came to their end, else *err says why not.  True: they did, and
 * this too. */
NPS_MUSTCHECK bool night_health(struct night *n, bool ok, struct err *err);

/* ---- night_effects.c ------------------------------------------------------------- */
/* Fields, records, posts and tasks in the CRMs, and the tag of who declined. */
NPS_MUSTCHECK bool night_write_effects(struct night *n, struct err *err);

/* ---- night_settings.c ------------------------------------------------------------ */
/* Keeps the settings of this run; those that differ from the run before of its
 * kind are logged, and told at the end. */
NPS_MUSTCHECK bool night_note_settings(struct night *n, struct err *err);

/* A line for the person at the terminal. */
void night_say(struct night *n, const char *fmt, ...) NPS_PRINTF(2, 3);
/* The run's counts, a line a stage. */
void night_say_counts(struct night *n);

#endif
