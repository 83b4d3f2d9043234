/*
 * scratch.h - what tests of pure modules share: an arena of each test's own, and
 * whether a sanitizer is in the build, under which memory is no measure.
 */
#ifndef NPSYNC_TESTS_SCRATCH_H
#define NPSYNC_TESTS_SCRATCH_H

#include "arena.h"
#include "with_asan.h"

static struct arena *arena;

/* For cmocka, before and after each test; SCRATCH_BYTES before the include. */
#ifndef SCRATCH_BYTES
#define SCRATCH_BYTES ((size_t)1 << 26)
#endif

static inline int
setup(void **state)
{
	(void)state;
	arena = arena_new(SCRATCH_BYTES);
	return arena == NULL;
}

static inline int
teardown(void **state)
{
	(void)state;
	arena_free(arena);
	return 0;
}

#endif
