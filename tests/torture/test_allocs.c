/*
 * Too little memory, once, at each place of a night that asks for some: the
 * first and the last time that it asks.  The run must end by itself with 71, or
 * with a code that blames nobody who could do nothing about it: no 77, no 78.
 * What follows must be as if nothing had been.  Under
 * a build with LeakSanitizer a run that keeps memory fails too.
 *
 * NPSYNC_LONG: all places, more than 300, by the order in which a night comes to
 * them.  NPSYNC_PLACE=88: that one.  Else each k-th from a place that NPSYNC_SEED
 * moves.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

#include "allocfault.h"
#include "clock.h"
#include "log.h"
#include "smallworld.h"
#include "testdb.h"
#include "with_asan.h"

#define SITES_MAX 8192
#define SLICE 6			/* places without NPSYNC_LONG */
#define TOGETHER 25		/* at most, of runs that never began */
#define FIRST_PLACES 300
#define TRIES 3			/* of a moment that did not come */
#define SANITIZER_CODE 99

static struct smallworld w;
/* The child's findings. */
static struct shared {
	uint64_t number;	/* what shall fail; 0 = nothing */
	long hit, failed, calls;
	size_t n;
	struct {
		uint64_t number;
		long hits;
	} site[SITES_MAX];
} *shared;
static struct {
	long begin;
	int cases, in_first, missed, missed_first, by_code[256], wrong,
	    explained, groups, again;
} sum;

#if WITH_ASAN
const char *__asan_default_options(void);

const char *
__asan_default_options(void)
{
	return "exitcode=99:detect_leaks=1";
}
#endif

/* ---- in the child -------------------------------------------------------------- */
static void
arm(void *arg)
{
	(void)arg;
	if (shared->number == 0)
		allocfault_count();
	else
		allocfault_site(shared->number, shared->hit, false);
}

static void
disarm(void *arg)
{
	size_t n;

	(void)arg;
	allocfault_off();
	const struct allocfault_site *site = allocfault_sites(&n);
	shared->failed = allocfault_failed();
	shared->calls = allocfault_calls();
	if (shared->number != 0)
		return;
	shared->n = n;
	for (size_t i = 0; i < n; i++) {
		shared->site[i].number = site[i].number;
		shared->site[i].hits = site[i].hits;
	}
}

/* Callers belong to a place, so all nights must come from one call: noinline, and
 * nothing that lets the compiler give a night its own copy of it. */
static __attribute__((noinline)) int
night(uint64_t number, long hit)
{
	const struct smallworld_hook hook = { arm, disarm, NULL };

	shared->number = number;
	shared->hit = hit;
	shared->failed = -1;	/* stays so if the child dies */
	return smallworld_run(&w, smallworld_night(1, 0), &hook);
}

/* ---- what must be true ------------------------------------------------------------ */
/* 77 and 78 send a person to rights and to the configuration, where nothing is
 * wrong. */
static bool
is_fair(int code)
{
	static const int codes[] = { 0, 1, 69, 71, 75 };

	for (size_t i = 0; i < ARRAY_LEN(codes); i++)
		if (code == codes[i])
			return true;
	return false;
}

static void
judge(const char *what)
{
	struct smallworld_state s;
	int partial, bad;

	smallworld_calm(&w, &partial, &bad);
	smallworld_look(&w, &s);
	sum.groups++;
	sum.explained += s.explained;
	if (s.doubled + s.forbidden + s.lost + s.waiting + s.bad_history +
	    s.bad_counts + s.wrong_tags + s.explained + bad == 0)
		return;
	sum.wrong++;
	print_message("# up to %s: %d doubled, %d forbidden, %d lost, %d explained,"
	    " %d runs failed; %s\n", what, s.doubled, s.forbidden, s.lost,
	    s.explained, bad, s.first);
}

/* ---- one failure after the other ---------------------------------------------------- */
/* place -1: the undisturbed night, from which the others are known. */
struct step {
	long place, hit, by;
};

static void
count_missed(const struct step *s)
{
	if (s->place < 0 || shared->failed != 0)
		return;
	sum.missed++;
	sum.missed_first += s->place < FIRST_PLACES;
	print_message("# place %ld, time %ld: the moment did not come\n",
	    s->place + 1, s->hit);
}

static bool
step_on(struct step *s)
{
	const bool was_first = s->place >= 0 && s->hit == 1;

	if (s->place >= 0 && shared->failed == 0 && ++sum.again < TRIES)
		return true;	/* that time the night went another way */
	count_missed(s);
	sum.again = 0;
	if (was_first && shared->site[s->place].hits > 1) {
		s->hit = shared->site[s->place].hits;
		return true;
	}
	s->place = s->place < 0 ? sum.begin : s->place + s->by;
	s->hit = 1;
	return s->place < (long)shared->n;
}

static void
plan(struct step *s)
{
	const char *given = getenv("NPSYNC_LONG"), *seed = getenv("NPSYNC_SEED"),
	    *one = getenv("NPSYNC_PLACE");
	const bool all = given != NULL && *given != '\0';

	s->by = all ? 1 : (long)shared->n / SLICE;
	sum.begin = all || seed == NULL ? 0 : atoi(seed) % s->by;
	if (one != NULL) {
		s->by = (long)shared->n;
		sum.begin = atoi(one) - 1;
	}
	print_message("# a night asks for memory %ld times at %zu places; "
	    "seed %ld, each %ld\n", shared->calls, shared->n, sum.begin, s->by);
}

static __attribute__((noinline)) uint64_t
number_of(const struct step *s)
{
	return s->place < 0 ? 0 : shared->site[s->place].number;
}

/* false: the run began, so that this world is used up. */
static __attribute__((noinline)) bool
fail_at(const struct step *s, char *what, size_t size)
{
	const int code = night(number_of(s), s->hit);

	(void)snprintf(what, size, "place %ld (%llx), time %ld: exit %d",
	    s->place + 1, (unsigned long long)shared->number, s->hit, code);
	if (shared->number == 0) {
		assert_int_equal(code, 0);
		return false;
	}
	sum.cases++;
	sum.in_first += s->place < FIRST_PLACES;
	sum.by_code[code & 255]++;
	if (shared->failed < 0 || code == SANITIZER_CODE || !is_fair(code)) {
		sum.wrong++;
		print_message("# %s\n", what);
	}
	return code != 0 && smallworld_runs(&w) == w.prepared_runs;
}

static void
fail_all(void)
{
	struct step s = { .place = -1 };
	char what[120] = "";
	bool open = false;
	int together = 0;

	do {
		if (!open)
			smallworld_case(&w);
		open = fail_at(&s, what, sizeof(what)) &&
		    ++together < TOGETHER;
		if (!open) {
			judge(what);
			smallworld_end_case(&w);
			together = 0;
		}
		if (s.place < 0)
			plan(&s);
	} while (step_on(&s));
	if (open) {
		judge(what);
		smallworld_end_case(&w);
	}
}

static void
report(int seconds)
{
	print_message("# %d failures, %d of them at the first %d places, %d where "
	    "the moment did not come (%d there); %d nights afterwards; %d s\n",
	    sum.cases, sum.in_first, FIRST_PLACES, sum.missed,
	    sum.missed_first, sum.groups, seconds);
	for (int i = 0; i < 256; i++)
		if (sum.by_code[i] > 0)
			print_message("#   exit %3d: %d\n", i, sum.by_code[i]);
	print_message("# %d wrong, %d unsettled but explained\n", sum.wrong,
	    sum.explained);
}

static void
test_failures(void **state)
{
	const int64_t start = clock_boottime_ms();

	(void)state;
	assert_true(allocfault_works());
	fail_all();
	report((int)((clock_boottime_ms() - start) / 1000));
	assert_in_range(shared->n, FIRST_PLACES, SITES_MAX - 1);
	assert_true(sum.cases >= (getenv("NPSYNC_PLACE") != NULL ? 1 : SLICE));
	assert_int_equal(sum.wrong, 0);
	assert_true(sum.missed * 20 <= sum.cases);
	assert_int_equal(sum.missed_first, 0);
}

static int
begin(void **state)
{
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED || testdb_start(state) != 0)
		return -1;
	smallworld_open(&w);
	w.concurrency = 1;
	return 0;
}

static int
end(void **state)
{
	smallworld_close(&w);
	return testdb_stop(state);
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_failures),
	};

	(void)argc;
	if (!simproc_find(argv[0]))
		return 1;
	log_open(LOG_TARGET_NONE, LOG_LEVEL_ERROR);
	return cmocka_run_group_tests_name("torture-allocs", tests, begin, end);
}
