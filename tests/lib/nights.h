/*
 * nights.h - a world of many nights in one process, from a seed: a CRM that
 * does not exist, the survey service of tests/sim, a clock that is set, and
 * what goes wrong.  Each night is run again at once; that must change nothing.
 * What is looked at, against the service's ledger and a plain model of the
 * rules (oracle.h):
 *  I1 every event is in the queue in one row, in the state and for the reason
 *     that the model says, and the counts of every run add up;
 *  I2 nobody is asked twice: no reference, no event, no address and no card
 *     within the days of the throttle;
 *  I3 nobody is asked who must not be, and only inside a window of a night
 *     before a working day;
 *  I4 the tags in the CRM are those of the newest answers, others untouched;
 *  I5 whoever must be asked is asked in that night, exactly once; at most once
 *     where the service failed in the middle; what is in doubt is settled by
 *     looking, where the service lists;
 *  I6 every change of state has one history row.
 */
#ifndef NPSYNC_NIGHTS_H
#define NPSYNC_NIGHTS_H

#include <stdbool.h>
#include <stdint.h>

struct nights_settings {
	uint64_t seed, crm_seed;
	int nights;
	int day;		/* of the first evening, as fakecrm counts */
	int throttle_days;
	bool judge;		/* false: only I2 is of interest */
	/* What the 120 nights of the beginning did not have; all off = those. */
	bool troubles;		/* more kinds of fault, pauses, kills, ... */
	bool members;		/* the service lists its respondents */
	bool count_foreign;
	int skew_s;		/* our clock is ahead of the service's */
	const char *options[12];	/* of the service; ends with NULL */
};
struct nights_result {
	int violations, doubles;
	int nights, transfers, faults, runs, repeats, sent, events;
	int settled_sent, settled_again, settled_failed;	/* by looking */
	int foreign, kills, paused_days, bad_exports;
};

/* Everything from the seed, but for how long the longest world is. */
void nights_draw(struct nights_settings *set, uint64_t seed, int nights_max);
/* One world, to its end, in a directory and a database of its own.  say: the
 * report of what happened.  Violations are printed as they are found. */
void nights_play(const char *name, const struct nights_settings *set, bool say,
    struct nights_result *result);

#endif
