/*
 * stage_retention.h - what has been kept long enough goes.
 */
#ifndef NPSYNC_STAGE_RETENTION_H
#define NPSYNC_STAGE_RETENTION_H

#include "stage.h"

/* At most this many rows in one transaction. */
#define RETENTION_BATCH 5000

/* After retention.queue_days, .comment_days, .log_days.  Never: event_seen,
 * person_send, opt_out, rows that wait. */
NPS_MUSTCHECK bool stage_retention(struct stage *stage, struct err *err);

#endif
