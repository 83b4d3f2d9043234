/*
 * crmworld_int.h - what the parts of crmworld share.
 */
#ifndef NPSYNC_TESTS_CRMWORLD_INT_H
#define NPSYNC_TESTS_CRMWORLD_INT_H

#include <stdint.h>

#include "crmsim.h"
#include "crmworld.h"
#include "mailbox.h"
#include "simhttpd.h"
#include "simproc.h"

#define CRMWORLD_TENANT "crm"
#define CRMWORLD_HOOKS 64

enum who { ANNA, BO, CLEO, DORA, EMIL, FRIDA, GRETE, PEOPLE, NOBODY = PEOPLE };
struct crmworld_person {
	const char *first, *last, *email;
	int score;		/* -1 = none is given */
	bool erased, declines;
};
extern const struct crmworld_person crmworld_people[PEOPLE];

/* Keys of the bodies that came. */
struct crmworld_hooks {
	char id[CRMWORLD_HOOKS][64];
	int n;
};
struct crmworld {
	char dir[300], conf[400];	/* of the case */
	char conninfo[400], database[32];
	struct simproc *service;
	struct crmsim *crm;
	struct mailbox mail;
	int first_mail;		/* that is not of this case */
	struct simhttpd *hook;
	struct crmworld_hooks hooks;
	char id[PEOPLE][24];	/* of the cards */
	int64_t began;		/* of the case, by npsync's clock */
};
extern struct crmworld crmworld;
/* Nothing waits: no row of the queue, no effect, no step of an erasure. */
bool crmworld_is_quiet(void);

#endif
