/*
 * stage_place.h - answers that fit no known card: the CRM is asked for theirs.
 */
#ifndef NPSYNC_STAGE_PLACE_H
#define NPSYNC_STAGE_PLACE_H

#include "stage.h"

/* After collect, before writeback. */
NPS_MUSTCHECK bool stage_place(struct stage *stage, struct err *err);

#endif
