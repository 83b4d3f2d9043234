/*
 * verdict_load.h - a world of verdict.h in the database of a fixture's tenant,
 * and what decide and preview say of its rows.  Failures end the test.
 */
#ifndef NPSYNC_TESTS_VERDICT_LOAD_H
#define NPSYNC_TESTS_VERDICT_LOAD_H

#include "fixture.h"
#include "verdict.h"

/* What was compared, all worlds together. */
struct verdict_tally {
	long long worlds, rows, judged, due, waiting, previewed;
	long long reason[32];	/* kept, by place in verdict_codes */
	long long said[32];	/* the same in previews */
};

void verdict_load(struct fixture *f, const struct verdict_world *world);
/* The address of key number `key` on a pilot list; in buf. */
const char *verdict_pilot_address(int key, char buf[32]);
/*
 * Loads the world, asks for a preview, decides, reads all back and compares with
 * verdict_night: state, reason, night, waiting time, what the preview said; the
 * run's counts by outcome and reason; the alarms.  Every fourth world is decided
 * once more: nothing may be left.  Adds to the tally; out (n_rows) may be NULL.
 * False = they differ; the first differences were printed.
 */
bool verdict_check(struct fixture *f, const struct verdict_world *world,
    struct verdict_tally *tally, struct verdict *out);
void verdict_check_sum(struct verdict_tally *sum,
    const struct verdict_tally *part);
void verdict_say(const char *what, const struct verdict_tally *tally);

#endif
