/*
 * stage_push.h - hands due people to the survey service: claim (committed)
 * before the first byte leaves, outcome (committed) after.
 */
#ifndef NPSYNC_STAGE_PUSH_H
#define NPSYNC_STAGE_PUSH_H

#include "queue.h"
#include "stage.h"

/* Among the failed in the run's counts: whom a rule of the service's held back. */
#define PUSH_SUPPRESSED_REASON "suppressed"

/* Among the deferred: who declined, perhaps, and could not be looked at; so
 * begins the reason of the row. */
#define PUSH_UNSURE_REASON "unconfirmed"

/* The due rows of calendar_push_night, and none if there is no such night.
 * False for what ends the run; a service that stops (credentials,
 * configuration) is marked on stage->survey; so are, in its unsure, people of
 * whom nobody could say whether they declined. */
NPS_MUSTCHECK bool stage_push(struct stage *stage, struct err *err);

/* ---- stage_push_data.c: pure, for tests ------------------------------------------ */
/* A claimed row as the border knows a person; texts are the row's or arena's.  A
 * number that cannot be made a complete one is none. */
void push_respondent(struct respondent *r, const struct queue_claimed *row,
    const char *phone_prefix, struct arena *arena);

/* What a finished transfer means for its row. */
struct push_verdict {
	enum push_outcome outcome;
	long retry_after_s;
	bool passes;	/* of a read that says nothing: it may soon say more */
	char remote_id[64], reason[128];
};
NPS_MUSTCHECK bool push_judge(const struct survey_connector *connector,
    void *self, const struct http_res *res, struct push_verdict *verdict,
    struct err *err);
/* The same for the read after PUSH_OPTED_OUT: that, PUSH_SUPPRESSED, or
 * PUSH_UNKNOWN: nobody can say. */
void push_judge_confirm(const struct survey_connector *connector, void *self,
    const struct respondent *r, const struct http_res *res,
    struct push_verdict *verdict);

#endif
