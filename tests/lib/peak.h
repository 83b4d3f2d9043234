/*
 * peak.h - the most memory the test's process has had.
 */
#ifndef NPSYNC_TESTS_PEAK_H
#define NPSYNC_TESTS_PEAK_H

#include <sys/resource.h>

/* -1: not known. */
static inline long
peak_kib(void)
{
	struct rusage use;

	return getrusage(RUSAGE_SELF, &use) == 0 ? use.ru_maxrss : -1;
}

#endif
