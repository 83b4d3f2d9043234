/*
 * crmworld_run.h - runs of npsync in the world of crmworld.h.
 */
#ifndef NPSYNC_TESTS_CRMWORLD_RUN_H
#define NPSYNC_TESTS_CRMWORLD_RUN_H

#include <stdint.h>

enum crmworld_kind { CRMWORLD_HOURLY, CRMWORLD_NIGHTLY, CRMWORLD_ERASURE };

/* The configuration of the case. */
void crmworld_configure(void);
/* In a process of its own, with that clock.  address: who is erased. */
int crmworld_forked(enum crmworld_kind kind, int64_t now, const char *address,
    void (*before)(const char *), const char *arg);
void crmworld_activate(void);

#endif
