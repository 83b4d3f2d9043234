/*
 * night_rehearse.h - the nights of a period that lies back, as if npsync had
 * been at work: nothing is stored, nothing is sent.
 */
#ifndef NPSYNC_NIGHT_REHEARSE_H
#define NPSYNC_NIGHT_REHEARSE_H

#include "night.h"
#include "rehearsal.h"

#define REHEARSE_DAYS_MAX 730

/* The last `days` days up to now.  show is called at the end, inside the
 * transaction that is then rolled back. */
typedef bool rehearse_fn(void *arg, const struct rehearsal *r, struct err *err);
NPS_MUSTCHECK bool night_rehearse(struct db *db, const struct conf *conf,
    struct tenant *tenant, const struct run_options *options, int days,
    rehearse_fn *show, void *arg, struct err *err);

#endif
