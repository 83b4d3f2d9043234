/*
 * plain.h - whole runs of night_run in the test's process: a CRM that is a list,
 * a survey service that says yes to everybody, the clock of the fixture.  For
 * tests of what a run does at which hour.
 */
#ifndef NPSYNC_TESTS_PLAIN_H
#define NPSYNC_TESTS_PLAIN_H

#include "fixture.h"
#include "night.h"

#define PLAIN_MAX 400

/* After fixture_tenant, which it lets go of its lease: so many people k0, k1, ...
 * of one company each.  keeps_time: the service takes send_at.  dir: where
 * the high-water file lies; NULL = none. */
void plain_open(struct fixture *f, int people, bool keeps_time,
    const char *dir);
void plain_close(void);
/* A meeting held: known to the CRM from that moment on.  Its id is "m<n>". */
void plain_meeting(int person, time_t at);
/* A phone call on that day; nobody is asked for it. */
void plain_call(int person, int day);
/* The card carries the no-send tag from now on. */
void plain_refuse(int person);
/* The service answers with this status from now on; 201 at first. */
void plain_status(int status);

/* One run at that moment; its exit code. */
int plain_run(enum run_kind kind, time_t at);
/* What it told the terminal. */
const char *plain_said(void);
/* Requests so far; of these, how many named that person. */
int plain_requests(void);
int plain_asked(int person);
/* The send_at that the service was given last; NO_TIME. */
time_t plain_send_at(void);

#endif
