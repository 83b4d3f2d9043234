/*
 * stage_resync.h - events of a CRM read once more, for `npsync resync events`.
 */
#ifndef NPSYNC_STAGE_RESYNC_H
#define NPSYNC_STAGE_RESYNC_H

#include "stage.h"

/* Those since `from` up to the last complete pass; what is newer is left to the
 * next run.  ERR_USAGE: there was no such pass yet. */
NPS_MUSTCHECK bool stage_resync_events(struct stage *stage, struct crm *crm,
    time_t from, struct err *err);

#endif
