/*
 * suppressed.h - whom the survey service did not ask, by rules of its own: some
 * are the service's habit, many are a setting that somebody must know of.
 */
#ifndef NPSYNC_SUPPRESSED_H
#define NPSYNC_SUPPRESSED_H

enum suppressed_state { SUPPRESSED_CANNOT_SAY, SUPPRESSED_FEW,
	SUPPRESSED_MANY };

/* Of so many people whose transfer came to an end in one run.  Few people tell
 * nothing; warn_pct = 0: whatever it is, it is few. */
enum suppressed_state suppressed_judge(long long suppressed, long long ended,
    int warn_pct);

#endif
