/*
 * smallworld.h - one prepared night that can be run as often as a test likes:
 * a few people of a fake CRM, a survey service with its ledger, one database
 * that is copied for each case.
 *
 * Each run is a process of its own, so that it may die.  The night in question
 * is the one to Wednesday 2026-03-04: people to be asked wait, others are first
 * read in it, answers are there to be collected and written back.  On each
 * later day somebody more is to be asked.
 *
 * In the list of members the service shows whom it knows (members.enabled).
 */
#ifndef NPSYNC_TESTS_SMALLWORLD_H
#define NPSYNC_TESTS_SMALLWORLD_H

#include "fakecrm.h"
#include "npsync.h"
#include "simproc.h"

#define SMALLWORLD_PEOPLE 40

struct smallworld_person {
	int contact;
	bool accepted;		/* by the rules: must be asked */
};
struct smallworld_hook;
struct smallworld {
	char dir[256], conf[300];	/* of the case */
	char database[32], conninfo[400];
	struct simproc *sim;
	const char *const *service_options;	/* NULL-ended; may be NULL */
	struct fakecrm crm;		/* as it was prepared */
	struct fakecrm_contact contact[FAKECRM_CONTACTS_MAX];
	struct smallworld_person person[SMALLWORLD_PEOPLE];
	int n_people, n_accepted;
	int concurrency;		/* of pushes; 8 in life */
	const struct smallworld_hook *calm_hook;	/* of its runs */
	int worst;			/* exit code of the case's runs */
	int cases;
	long long prepared_runs;
	int64_t last_run;
	char *ledger, *mark;		/* files, as they were prepared */
};

/* Called in the process of the run, before it reads its configuration and when
 * it has cleaned up. */
struct smallworld_hook {
	void (*before)(void *arg), (*after)(void *arg);
	void *arg;
};
/* What became of the people, the queue and the tags. */
struct smallworld_state {
	int doubled;		/* pairs at the service */
	int forbidden;		/* asked, though the rules say no */
	int asked;		/* of those that must be */
	int explained;		/* not asked, the row names why */
	int lost;		/* not asked, and nothing says why */
	int put_off;		/* of these: deferred for a reason, or too old now */
	int waiting;		/* rows that are not at an end */
	int bad_history, bad_counts, wrong_tags, n_tags;
	char first[200];	/* the first that is wrong, in words */
};

/* After testdb_start; makes what all cases begin with.  Failures end the test. */
void smallworld_open(struct smallworld *w);
/* The same, with these options of the service in all cases. */
void smallworld_open_with(struct smallworld *w, const char *const *options);
void smallworld_close(struct smallworld *w);
/* A fresh copy of everything. */
void smallworld_case(struct smallworld *w);
void smallworld_end_case(struct smallworld *w);

/* Night 1 is the one that was prepared; each has the clock of 03:10 and so many
 * minutes. */
int64_t smallworld_night(int night, int minutes);
/* A run of the night; its exit code, 128 + signal if it died. */
int smallworld_run(struct smallworld *w, int64_t now,
    const struct smallworld_hook *hook);
/* Noon after that night: the CRM imports the tags, all who got a mail answer. */
void smallworld_noon(struct smallworld *w, int night);
/* Whatever runs after a disturbed night: more runs and nights until all is
 * quiet.  Their exit codes: those above 1 are counted in *bad, 1 in *partial. */
void smallworld_calm(struct smallworld *w, int *partial, int *bad);
/* How many runs have begun in this case and before it. */
long long smallworld_runs(struct smallworld *w);
void smallworld_look(struct smallworld *w, struct smallworld_state *out);

#endif
