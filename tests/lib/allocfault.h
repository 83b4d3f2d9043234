/*
 * allocfault.h - allocations of our own objects that fail when told to.
 *
 * Programs linked with $(WRAP) of the Makefile (tests/torture, npsync-fault)
 * come here by the linker's --wrap; what libraries allocate for themselves is
 * not touched, since some of them do not survive it.
 *
 * A call site is where an allocation was asked for and by whom: the return
 * addresses of the allocation and of its callers inside the program, so that
 * all that goes through arena.c and buf.c is not one site.  Its number is the
 * same in every run of one binary.
 *
 * In a process by the functions below, for the calling thread.  For a program
 * by NPSYNC_ALLOCFAULT in its environment, for its main thread:
 *	list=FILE	at its end the sites: NUMBER HITS OFFSET OFFSET ...
 *			(addr2line -e PROGRAM names an offset)
 *	nth=N  nth=N+	the N-th allocation fails; with + every later one too
 *	site=NUMBER@HIT[+]
 *			the same by site and how often it was reached
 */
#ifndef NPSYNC_TESTS_ALLOCFAULT_H
#define NPSYNC_TESTS_ALLOCFAULT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ALLOCFAULT_DEPTH 8

struct allocfault_site {
	uint64_t number;
	long hits;
	uintptr_t offset[ALLOCFAULT_DEPTH];	/* in the program; 0 = end */
};

/* False: this program was linked without --wrap, nothing will ever fail. */
bool allocfault_works(void);
/* All counts and sites are forgotten and counting begins; nothing fails. */
void allocfault_count(void);
/* The same, and the n-th allocation from now on fails, or all from it on. */
void allocfault_nth(long n, bool for_good);
/* The same by site, at its hit-th allocation. */
void allocfault_site(uint64_t number, long hit, bool for_good);
/* Nothing is counted and nothing fails; counts and sites stay. */
void allocfault_off(void);

long allocfault_calls(void);
/* How many failed: 0 = the moment did not come. */
long allocfault_failed(void);
/* In the order in which they were first met; valid until the next count. */
const struct allocfault_site *allocfault_sites(size_t *n);

#endif
