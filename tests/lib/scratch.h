/*
 * scratch.h - what tests of pure modules share: an arena of each test's own, and
 * whether a sanitizer is in the build, under which memory is no measure.
 */
#ifndef NPSYNC_TESTS_SCRATCH_H
#define NPSYNC_TESTS_SCRATCH_H

#include "arena.h"

#if defined(__SANITIZE_ADDRESS__)
#define WITH_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define WITH_ASAN 1
#endif
#endif
#ifndef WITH_ASAN
#define WITH_ASAN 0
#endif

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
