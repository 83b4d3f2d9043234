/*
 * stage_erase.h - what is still to be erased at others: the respondent at the
 * survey service, the tags in the CRM.
 */
#ifndef NPSYNC_STAGE_ERASE_H
#define NPSYNC_STAGE_ERASE_H

#include "stage.h"

/* Tries each open step once; while some stay, an alarm is raised. */
NPS_MUSTCHECK bool stage_erase(struct stage *stage, struct err *err);

#endif
