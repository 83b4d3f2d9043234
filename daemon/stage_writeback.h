/*
 * stage_writeback.h - answers become tags on the CRM's contacts.
 */
#ifndef NPSYNC_STAGE_WRITEBACK_H
#define NPSYNC_STAGE_WRITEBACK_H

#include "stage.h"

NPS_MUSTCHECK bool stage_writeback(struct stage *stage, struct err *err);

#endif
