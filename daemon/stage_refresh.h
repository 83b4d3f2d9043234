/*
 * stage_refresh.h - the last look at the CRM before deciding: facts of rows
 * that could go and are older than six hours are read again.
 */
#ifndef NPSYNC_STAGE_REFRESH_H
#define NPSYNC_STAGE_REFRESH_H

#include "stage.h"

/* waiting: the names of connectors whose facts could not be read - their rows
 * wait (fail closed).  At least n_crm places. */
NPS_MUSTCHECK bool stage_refresh(struct stage *stage, const char **waiting,
    size_t *n_waiting, struct err *err);

#endif
