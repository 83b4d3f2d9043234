/*
 * points.h - the points that a run with NPSYNC_FAILPOINT_TRACE has passed.
 */
#ifndef NPSYNC_TESTS_POINTS_H
#define NPSYNC_TESTS_POINTS_H

#define POINTS_MAX 4000

struct points {
	char name[POINTS_MAX][64];
	int n;
};

/* In their order; what cannot be read fails the test. */
void points_read(struct points *points, const char *path);

#endif
