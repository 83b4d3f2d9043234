/*
 * world.h - a tenant with people, the export of its CRM, its survey service and
 * a database of testdb, where npsync-fault runs as a process that may be ended,
 * stopped or cut off at any of its effects; and what must be true afterwards.
 *
 * Effects are the passes of failpoints: each commit before and after, each
 * request before.  A run writes them into a pipe, which the test follows, so
 * that a moment drawn from a recorded night is met whatever the machine does.
 * Failures end the test.
 */
#ifndef NPSYNC_TESTS_WORLD_H
#define NPSYNC_TESTS_WORLD_H

#include <stdbool.h>
#include <stdint.h>

#include "runproc.h"
#include "simproc.h"
#include "testdb.h"

#define WORLD_EVENTS_MAX 2000
#define WORLD_FIRST_DAY 20759	/* 2026-11-02 */

struct world_options {
	uint64_t seed;
	bool members;		/* the service lists its respondents */
	int concurrency;	/* 0 = 4 */
	/* Where npsync finds the server ("host=... port=..."); NULL = directly. */
	const char *server;
};
struct world {
	char dir[300];
	struct world_options options;
	struct simproc *sim;
	struct db *db;		/* the test's own session */
	char direct[600];	/* its conninfo */
	uint64_t rng;
	int night;		/* days that have passed */
	int minute;		/* after 03:10, of the next run */
	int people;
	int day_of[WORLD_EVENTS_MAX];	/* of each person's meeting */
	struct {
		int person, day;
	} again[WORLD_EVENTS_MAX];	/* second meetings, within 30 days */
	int n_again;
	bool untraced;		/* runs at the same time: one pipe is not enough */
};

/* What became of the events, all worlds together. */
struct world_fate {
	int worlds, accepted, sent, unknown, unknown_there, suppressed,
	    expired, failed;
	int respondents, tags, found, resent, runs_ended;
};

/* Before world_begin, while root may still read the build. */
bool world_find(const char *argv0);
int world_begin(void **state);
int world_end(void **state);
void world_make(struct world *w, const struct world_options *options);
void world_free(struct world *w);
/* The next day: so many new people were met, one of them of our own house, and
 * some of the day before once more. */
void world_next_night(struct world *w, int people);
/* 0..n-1 */
int world_random(struct world *w, int n);
/* The session again, after the server was away. */
void world_reconnect(struct world *w);

/* ---- runs ---------------------------------------------------------------- */
struct world_run {
	struct runproc p;
	int trace_fd, pid_fd;
	long effects;		/* passed so far */
	char point[64];		/* the last one */
	char part[256];		/* of a line */
	size_t len;
};
struct world_effect {
	char point[64];
	int64_t at_us;
};

/* npsync -c CONF --now (the night, three minutes after the last run) ARGS.
 * conf: NULL = "npsync.conf".  env: "NAME=value", NULL-ended; may be NULL. */
void world_start(struct world *w, struct world_run *r, const char *conf,
    const char *args, const char *const *env);
/* Until so many effects are passed; false = the run ended before. */
bool world_follow(struct world_run *r, long effects);
/* To its end; the exit code.  Whatever it printed names nobody. */
int world_ended(struct world_run *r);
/* A run from start to end; the exit code. */
int world_run(struct world *w, const char *args);
/* A night that must end well. */
void world_night(struct world *w);
/* The same, and what it passed. */
long world_record(struct world *w, struct world_effect *effects, long max);

/* A moment of a recorded night: that effect, and so much of the time until the
 * next one. */
struct world_moment {
	long effect;
	int64_t delay_us;
};
/* Anywhere; in the part that sends; while the service has a request. */
enum world_part { WORLD_ANY, WORLD_SENDING, WORLD_REQUEST };
struct world_moment world_draw(struct world *w,
    const struct world_effect *effects, long n, enum world_part part);
/* Waits for it; false = the run ended before.  Before a request it is sometimes
 * the time in which the service has it: world_let_go afterwards. */
bool world_reach(struct world *w, struct world_run *r,
    const struct world_moment *m);
void world_let_go(struct world *w);
/* NAME=VALUE of the environment, a number; else what is given, by NPSYNC_LONG. */
int world_number(const char *name, int in_check, int in_check_long);

/* ---- what is there ------------------------------------------------------------ */
/* Rows in that state. */
int world_rows(struct world *w, const char *state);
/* ... of these, how many the service has; each at most once. */
int world_rows_there(struct world *w, const char *state);
/* The lease in the database is over. */
void world_expire_lease(struct world *w);
long long world_runs(struct world *w);

/* Nights until nothing is left to do, then everything is looked at:
 *  I1 each event is in one row; sent ones are at the service, unknown ones at
 *     most once, all others (with their reason) are not;
 *  I2 nobody is there twice, by reference, address or card within 30 days;
 *  I3 nobody of our own house is there;
 *  I4 the newest answer of everybody is their tag;
 *  I5 every key that was fed is known;
 *  I6 history without gaps, each row where its history ends, counts add up,
 *     evidence for what may have left and for nothing else, no lease;
 * and the same night once more changes nothing.  I7 and I8 are looked at in
 * each run. */
void world_check(struct world *w, struct world_fate *fate);
void world_say(const char *what, const struct world_fate *fate);

#endif
