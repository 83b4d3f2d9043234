/*
 * stage_collect.h - what comes back from the survey service: campaigns,
 * answers, opt-outs.
 */
#ifndef NPSYNC_STAGE_COLLECT_H
#define NPSYNC_STAGE_COLLECT_H

#include "stage.h"

/* The service's campaigns; ERR_CONFIG names a configured one it lacks. */
NPS_MUSTCHECK bool stage_campaigns(struct stage *stage, struct err *err);
/* Answers and opt-outs since the last complete pass. A service that fails is
 * marked on stage->survey; false only for what ends the run. */
NPS_MUSTCHECK bool stage_collect(struct stage *stage, struct err *err);
/* `npsync resync answers`: those since `from` once more.  They are upserted; the
 * cursor stays where it is. */
NPS_MUSTCHECK bool stage_collect_again(struct stage *stage, time_t from,
    struct err *err);
/* True when answers and opt-outs were never read completely: the first push
 * waits for them. */
NPS_MUSTCHECK bool stage_collect_first(struct stage *stage, bool *first,
    struct err *err);

#endif
