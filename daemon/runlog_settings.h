/*
 * runlog_settings.h - table settings: what a run's digest was made of, once for
 * each.
 */
#ifndef NPSYNC_RUNLOG_SETTINGS_H
#define NPSYNC_RUNLOG_SETTINGS_H

#include "runlog.h"

/* Keeps the text of this run's digest, and forgets those that no run has. */
NPS_MUSTCHECK bool runlog_put_settings(const struct runlog *log,
    const char *digest, const char *text, struct err *err);
/* Of the run before this one of its kind; *run_id 0 = there is none, *text
 * NULL = it is not kept. */
NPS_MUSTCHECK bool runlog_earlier_settings(const struct runlog *log,
    long long *run_id, const char **digest, const char **text,
    struct err *err);

#endif
