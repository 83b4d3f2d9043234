/*
 * nights_int.h - what the parts of nights share.  One world at a time.
 */
#ifndef NPSYNC_NIGHTS_INT_H
#define NPSYNC_NIGHTS_INT_H

#include "../sim/simtime.h"
#include "conf.h"
#include "ledger.h"
#include "night.h"
#include "nights.h"
#include "oracle.h"
#include "queue.h"
#include "simproc.h"
#include "tenant.h"

#define NIGHTS_SKEW_OF(now) ((now) + scene.set->skew_s)

struct fault {
	const char *name, *json;	/* json NULL = the service is away */
	bool no_transfer;	/* nothing is decided in that run */
	int lost;		/* people it may cost their survey */
	/* What such a run does to its end although it ends not well. */
	bool collects, audits;
	bool no_list;		/* nobody can be looked up */
	bool lasts;		/* the second run of the night meets it too */
	bool kill;		/* of our session, at some write */
	bool export_bad;	/* json = which file, and how */
};
struct scene {
	const struct nights_settings *set;
	struct db *db;
	struct conf *conf;
	struct tenant tenant;
	struct arena *arena;
	struct simproc *sim;
	struct fakecrm crm;
	struct oracle oracle;
	char dir[300];
	uint64_t rng;
	size_t n_lines;		/* of the ledger, looked at */
	size_t n_audited;	/* of the ledger, known to the audit */
	struct ledger_foreign foreign[400];
	char opted_out[400][96];
	int n_foreign, n_opted_out, next_fault, wounds;
	int missed_from;	/* first night that nobody held; 0 = none */
	bool held;	/* a night was, so that others can be missed */
	bool audited;	/* once at least */
	bool facts_are_fresh;	/* the evening saw all there is */
	int64_t run_at;		/* begin of the run, by the service's clock */
	/* for the report */
	struct nights_result got;
	int imported, excluded, included, tag_checks, n_tags;
};
extern struct scene scene;

/* ---- nights_world.c */
void nights_violation(const char *fmt, ...)
    __attribute__((format(printf, 1, 2)));
int nights_luck(int n);
const char *nights_iso(int64_t t);
void nights_open(const char *name, const struct nights_settings *set);
void nights_close(void);
/* a, b, c: further arguments, or NULL. */
struct db_result *nights_ask(const struct db_stmt *stmt, const char *a,
    const char *b, const char *c);
/* queue_id, attempt, state, reason */
struct db_result *nights_ask_row(const struct oracle_row *row);
/* Our session ends at its nth write from now; 0 = never. */
void nights_kill_at(int n);
/* A new session, if the old one is gone. */
void nights_connect(void);

/* ---- nights_check.c */
/* The rows in doubt, as the run that begins now settles them.  listed: the
 * service can be asked. */
void nights_settle_model(int64_t now, bool listed);
/* Whom others asked, once the service's list was read to its end. */
void nights_audit_model(void);
void nights_take_lines(int night);
void nights_settle_night(int night, const struct fault *fault);
void nights_check_counts(int64_t now);
void nights_check_queue(int64_t now);
void nights_check_tags(int64_t now);
void nights_check_history(void);

/* ---- nights_day.c */
void nights_learn_opt_outs(int64_t now);
void nights_noon(int64_t now);
/* Others ask somebody. */
void nights_ask_foreign(int64_t at);
void nights_administrator(void);
void nights_break_silence(int day);
void nights_import(void);
/* Between evening and night: somebody who is about to be asked must not be. */
void nights_late_change(void);

/* ---- nights_fault.c */
const struct fault *nights_fault_classic(void);
const struct fault *nights_fault_drawn(void);
/* The list of respondents cannot be read. */
const struct fault *nights_fault_no_list(void);
void nights_fault_begin(const struct fault *fault);
void nights_fault_end(const struct fault *fault);
/* Cuts or hides some file of an export that was made; what, in words. */
const char *nights_export_spoil(void);

/* ---- nights_report.c */
void nights_report(int doubles);

#endif
