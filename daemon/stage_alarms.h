/*
 * stage_alarms.h - people, and a program, are told of answers and of npsync's
 * own health: once each, whatever happens (effect.h).
 */
#ifndef NPSYNC_STAGE_ALARMS_H
#define NPSYNC_STAGE_ALARMS_H

#include "stage.h"

/* Decides who is told of the answers that a rule fires for; mails, lists and
 * posts that are due leave.  A server that is away is no error: *problem. */
NPS_MUSTCHECK bool stage_alarms(struct stage *stage, struct err *problem,
    struct err *err);
/* Tells alarm.health.to and the webhook of changes in table alarm that they
 * were not told of. */
NPS_MUSTCHECK bool stage_alarms_health(struct stage *stage,
    struct err *problem, struct err *err);
/* A mail as the templates make it, about an answer or a failure that never
 * was. */
NPS_MUSTCHECK bool stage_alarms_try(const struct conf *conf, const char *to,
    const char *language, struct arena *arena, struct err *err);

#endif
