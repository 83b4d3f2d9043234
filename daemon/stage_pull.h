/*
 * stage_pull.h - what happened in the CRMs: contacts, activities, events, page
 * by page, each page one statement with its cursor.
 */
#ifndef NPSYNC_STAGE_PULL_H
#define NPSYNC_STAGE_PULL_H

#include "spool.h"
#include "stage.h"

/* All streams of all connectors.  A connector that fails is marked and the
 * others go on; false only for what ends the run. */
NPS_MUSTCHECK bool stage_pull(struct stage *stage, struct err *err);

/* Dry run: reads everything into the spool, touching no table ... */
NPS_MUSTCHECK bool stage_pull_to_spool(struct stage *stage,
    struct spool *spool, struct err *err);
/* ... and loads it, inside a transaction the caller rolls back. */
NPS_MUSTCHECK bool stage_pull_from_spool(struct stage *stage,
    struct spool *spool, struct err *err);

#endif
