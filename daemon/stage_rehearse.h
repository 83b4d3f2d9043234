/*
 * stage_rehearse.h - what the CRMs say of a period that lies back: read without
 * a transaction into a spool, then loaded for a rehearsal.
 */
#ifndef NPSYNC_STAGE_REHEARSE_H
#define NPSYNC_STAGE_REHEARSE_H

#include "rehearsal.h"
#include "spool.h"
#include "stage.h"

/* Contacts as a dry run reads them; events and activities from the period on,
 * wherever the cursors stand.  Every connector must answer: counts without one
 * of them would mislead. */
NPS_MUSTCHECK bool stage_rehearse_read(struct stage *stage,
    struct rehearsal *r, struct spool *spool, struct err *err);
/* After rehearsal_begin; stage->tenant is the rehearsal's. */
NPS_MUSTCHECK bool stage_rehearse_load(struct stage *stage,
    struct rehearsal *r, struct spool *spool, struct err *err);

#endif
