/*
 * effect_answer.h - effects of single answers: a record in the CRM (history), a
 * post in its feed, a task.
 */
#ifndef NPSYNC_EFFECT_ANSWER_H
#define NPSYNC_EFFECT_ANSWER_H

#include "effect.h"

struct answer_wish {
	const char *connector;
	time_t now;
	time_t since;		/* answers before it are left alone */
	int at_most;		/* task: of this score or less; or who asks for it */
};
/* A record for each answer since, and again when the answer changed. */
NPS_MUSTCHECK bool answer_want_history(struct db *db,
    const struct tenant *tenant, const struct answer_wish *wish,
    struct arena *arena, long long *n, struct err *err);
/* Once each, for answers given and met since. */
NPS_MUSTCHECK bool answer_want_feed(struct db *db, const struct tenant *tenant,
    const struct answer_wish *wish, struct arena *arena, long long *n,
    struct err *err);
NPS_MUSTCHECK bool answer_want_task(struct db *db, const struct tenant *tenant,
    const struct answer_wish *wish, struct arena *arena, long long *n,
    struct err *err);

struct answer_row {
	const char *answer_id, *hash, *contact_id, *campaign, *campaign_id,
	    *member_id, *comment, *owner_id, *employee_id;	/* or NULL */
	int score;		/* -1 = none */
	time_t answered_at;
	bool wants_contact;
	bool told;		/* an earlier run says that the CRM denied it */
};
/* Wanted ones of a kind, oldest answer first, but for those tried since now. */
NPS_MUSTCHECK bool answer_wish_list(struct db *db, long long tenant_id,
    const char *kind, const struct answer_wish *wish, int max,
    struct arena *arena, struct answer_row **rows, size_t *n, struct err *err);

#endif
