/*
 * crmworld.h - a story of a few days that can be taken up at some of its
 * moments as often as a test likes: npsync between a CRM (tests/sim/salesforce)
 * to which every kind of effect is written by HTTP, the survey service, a mail
 * server and the receiver of a webhook, each with a ledger of its own.
 *
 * Each run is a process of its own, so that it may die.  Failures end the test.
 */
#ifndef NPSYNC_TESTS_CRMWORLD_H
#define NPSYNC_TESTS_CRMWORLD_H

#include <stdbool.h>

/* Somebody is to be erased; a night that asks people, has answers and a decline
 * to write back, and the steps of that erasure; an hourly run with answers and
 * the preview mail. */
enum crmworld_moment { CRMWORLD_ERASE, CRMWORLD_NIGHT, CRMWORLD_DAY,
	CRMWORLD_MOMENTS };

/* What the ledgers and the database say at the end of the story. */
struct crmworld_state {
	int asked;		/* of those that must be */
	int tags, records, posts, tasks, mails, hooks;	/* there must be */
	int doubled;		/* people asked twice, effects done twice */
	int lost;		/* not done, and nothing says why */
	int wrong;		/* tags, fields, counts, history, erasure */
	int unknown;		/* effects that are shown as perhaps done */
	char first[240];	/* the first that is not as it must be */
};

/* argv0: of main. */
void crmworld_find(const char *argv0);
/* After testdb_start; plays the story up to that moment. */
void crmworld_open(enum crmworld_moment last);
void crmworld_close(void);
const char *crmworld_moment_name(enum crmworld_moment moment);

/* A copy of everything as it was before that moment. */
void crmworld_case(enum crmworld_moment moment);
void crmworld_end_case(void);
/* What npsync does then, its exit code, 128 + signal if it died.  before: in its
 * process, ere it reads its configuration; may be NULL. */
int crmworld_run(void (*before)(const char *arg), const char *arg);
/* The same once more, then the rest of the story and nights until all is quiet.
 * *bad: runs that ended otherwise than well or with a word of what is unknown. */
void crmworld_rest(int *bad);
void crmworld_look(struct crmworld_state *out);

#endif
