/*
 * night_preview.h - what the mail about the coming night says.
 */
#ifndef NPSYNC_NIGHT_PREVIEW_H
#define NPSYNC_NIGHT_PREVIEW_H

#include "conf.h"
#include "db.h"
#include "preview.h"
#include "tenant.h"

/* Asks the database; everything lives in arena. */
NPS_MUSTCHECK bool night_preview(struct db *db, const struct conf *conf,
    const struct tenant *tenant, struct arena *arena, struct preview *preview,
    struct err *err);
/* Room for the rows of a long queue. */
#define NIGHT_PREVIEW_BYTES ((size_t)1 << 30)

#endif
