/*
 * doubts.h - what a configuration says that cannot be meant: a rule that never
 * decides anything, a campaign that nobody can get.  Pure: asks no database and
 * no service.
 */
#ifndef NPSYNC_DOUBTS_H
#define NPSYNC_DOUBTS_H

#include "conf.h"

/* key = "trigger.sale.campaign"; text is one line, in arena. */
typedef void doubt_fn(void *arg, const char *key, const char *text);
void doubts_find(const struct conf *conf, struct arena *arena, doubt_fn *fn,
    void *arg);

#endif
