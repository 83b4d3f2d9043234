/*
 * stage_audit.h - the service's list of respondents against the queue, both
 * ways: who was asked without a row that says so, and which row says sent
 * though the service does not list it.
 */
#ifndef NPSYNC_STAGE_AUDIT_H
#define NPSYNC_STAGE_AUDIT_H

#include "stage.h"

/* Reads on from where the last audit ended, 48 hours of overlap; the first one
 * reads as far back as the throttle counts.  *complete = the list was read to
 * its end; false also where the service offers none. */
NPS_MUSTCHECK bool stage_audit(struct stage *stage, bool *complete,
    struct err *err);
/* The service lists respondents, but no list was read to its end yet. */
NPS_MUSTCHECK bool stage_audit_first(struct stage *stage, bool *first,
    struct err *err);

#endif
