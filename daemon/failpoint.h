/*
 * failpoint.h - named places where a test build can be made to fail.
 *
 * FAILPOINT("db.after", "commit") passes the point "db.after/commit" and is
 * false where it shall fail.  Without NPSYNC_FAILPOINTS it is the constant
 * true and neither code nor names are in the program.
 *
 * NPSYNC_FAILPOINT in the environment, or the file that NPSYNC_FAILPOINT_FILE
 * names and that may be rewritten meanwhile, hold rules between commas or line
 * ends:
 *	POINT=ACTION[@N][+]
 * POINT is a pattern as of a shell ("db.*"); the N-th pass that it fits, from
 * 1 on, does ACTION, with + every later one too:
 *	kill	SIGKILL to itself
 *	stop	SIGSTOP to itself, until somebody sends SIGCONT
 *	exit	_exit(FAILPOINT_EXIT): no clean-up runs
 *	fail	FAILPOINT is false: the caller fails as in life
 *	sleep:MS
 * A rule that cannot be read ends the process with FAILPOINT_BAD.  Each pass
 * is a line "PID N POINT [ACTION]" in the file NPSYNC_FAILPOINT_TRACE, there
 * before the action.  One thread only.
 */
#ifndef NPSYNC_FAILPOINT_H
#define NPSYNC_FAILPOINT_H

#include "npsync.h"

#ifdef NPSYNC_FAILPOINTS

#define FAILPOINT_EXIT 99
#define FAILPOINT_BAD 98
#define FAILPOINT(where, what) failpoint_pass(where, what)

bool failpoint_pass(const char *where, const char *what);
/* Instead of the environment's rules; NULL = none.  Counting begins anew. */
void failpoint_set(const char *rules);
/* All passes since the start or since failpoint_set. */
long failpoint_passes(void);

#else
#define FAILPOINT(where, what) ((void)(what), true)
#endif

#endif
