/*
 * queue_enqueue.h - a row of the queue that a person asked for.
 */
#ifndef NPSYNC_QUEUE_ENQUEUE_H
#define NPSYNC_QUEUE_ENQUEUE_H

#include "connector.h"
#include "db.h"

/* The trigger of rows that people ask for. */
#define QUEUE_BY_HAND "manual"

/* An event of that day; the same once more finds the row of the first time. */
struct queue_wish {
	const char *connector, *contact_id, *trigger, *campaign;
	const char *actor, *reason;	/* reason may be NULL */
	int day, night;			/* of now */
	time_t now;
	/* Only people with an address in one of the own domains; rules for
	 * customers do not hold, and it may be repeated. */
	bool test;
	const struct strlist *own_domains;	/* of a test */
};
struct queue_wished {
	bool card_known, is_new;
	long long queue_id;
	const char *state, *why;	/* of the row; why may be NULL */
};
NPS_MUSTCHECK bool queue_enqueue(struct db *db, long long tenant_id,
    const struct queue_wish *wish, struct arena *arena,
    struct queue_wished *wished, struct err *err);

#endif
