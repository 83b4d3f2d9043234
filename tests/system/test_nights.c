/*
 * Many nights in one process (nights.h): 60 of one world that never changes,
 * the seeds that found something once.  With NPSYNC_LONG fresh worlds until
 * there were 10,000 nights; the first one that fails ends that and says how to
 * play it again.
 *
 *  NPSYNC_NIGHTS=n  so many nights of fresh worlds
 *  NPSYNC_SEED=s    that world alone
 *  NPSYNC_FIRST=s   fresh worlds alone, from that seed on: so two of them can
 *                   run side by side
 */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../sim/simtime.h"
#include "log.h"
#include "npsync.h"
#include "nights.h"
#include "num.h"
#include "simproc.h"
#include "testdb.h"

#define NIGHTS 40
#define NIGHTS_LONG 10000
#define WORLD_NIGHTS_MAX 70
#define SEED UINT64_C(20260301)
#define FIRST_SEED 1000

/* What found something once. */
static const struct {
	uint64_t seed;
	int nights;		/* so many are enough */
} kept[] = {
	/* The first list of respondents could not be read, and people were asked
	 * whom others had asked the week before. */
	{ 1002, 6 },
	/* The model: a service whose Date lags behind its records. */
	{ 1004, 12 },
	/* One export lacked a card, and its tag was given up for good. */
	{ 1021, 29 },
	/* The model: a tag that is put off is tried by each run, also by the
	 * second one of a night. */
	{ 1133, 20 },
};

static uint64_t playing;	/* the seed of the world at hand; 0 = none */

static int64_t
number(const char *variable, int64_t otherwise)
{
	const char *text = getenv(variable);
	long long n;

	if (text == NULL || *text == '\0')
		return otherwise;
	if (!num_parse(text, 1, INT64_MAX, &n)) {
		print_error("%s: expected a number, got \"%s\"\n", variable,
		    text);
		exit(64);
	}
	return n;
}

/* Sunday 2026-03-01: the change of the clocks and Easter lie ahead. */
static const struct nights_settings first_world = { .seed = SEED,
	.crm_seed = SEED, .nights = NIGHTS, .throttle_days = 30,
	.judge = true, .count_foreign = true };

static void
test_nights(void **state)
{
	struct nights_settings set = first_world;
	struct nights_result got;

	(void)state;
	set.day = (int)sim_days(2026, 3, 1);
	nights_play("nights", &set, true, &got);
	assert_int_equal(got.violations, 0);
	assert_true(got.sent > 50);
}

/* The control: without the look at earlier sends, I2 must see doubles. */
static void
test_control(void **state)
{
	struct nights_settings set = first_world;
	struct nights_result got;

	(void)state;
	set.day = (int)sim_days(2026, 3, 1);
	set.nights = 15;
	set.throttle_days = 1;
	set.judge = false;
	nights_play("control", &set, false, &got);
	print_message("# control without throttle: %d respondents, %d pairs asked"
	    " twice\n", got.sent, got.doubles);
	assert_true(got.sent > 20 && got.doubles > 0);
}

/* ---- fresh worlds ------------------------------------------------------------ */
static void
add(struct nights_result *sum, const struct nights_result *got)
{
	sum->nights += got->nights;
	sum->transfers += got->transfers;
	sum->faults += got->faults;
	sum->runs += got->runs;
	sum->repeats += got->repeats;
	sum->sent += got->sent;
	sum->events += got->events;
	sum->settled_sent += got->settled_sent;
	sum->settled_again += got->settled_again;
	sum->settled_failed += got->settled_failed;
	sum->foreign += got->foreign;
	sum->kills += got->kills;
	sum->paused_days += got->paused_days;
	sum->bad_exports += got->bad_exports;
}

static void
say(const struct nights_result *sum, int worlds)
{
	print_message("# %d worlds, %d nights, %d with a transfer, %d with a "
	    "fault; %d runs, %d of them repeats that changed nothing\n",
	    worlds, sum->nights, sum->transfers, sum->faults, sum->runs,
	    sum->repeats);
	print_message("# %d events queued, %d people asked, none twice; others "
	    "asked %d; %d days off, %d exports cut or missing, %d sessions of "
	    "ours ended by the server\n", sum->events, sum->sent, sum->foreign,
	    sum->paused_days, sum->bad_exports, sum->kills);
	print_message("# in doubt: %d found at the service, %d sent again after "
	    "two lists without them, %d given up\n", sum->settled_sent,
	    sum->settled_again, sum->settled_failed);
}

static void
play_seed(uint64_t seed, int nights, bool report, struct nights_result *sum)
{
	struct nights_settings set;
	struct nights_result got;
	char name[40];

	playing = seed;
	nights_draw(&set, seed, WORLD_NIGHTS_MAX);
	if (nights > 0 && nights < set.nights)
		set.nights = nights;
	(void)snprintf(name, sizeof(name), "w%" PRIu64, seed);
	nights_play(name, &set, report, &got);
	if (got.violations > 0)
		fail_msg("%d violations in the world of seed %" PRIu64,
		    got.violations, seed);
	add(sum, &got);
	playing = 0;
}

static void
test_kept(void **state)
{
	struct nights_result sum = { 0 };
	int worlds = 0;

	(void)state;
	for (; worlds < (int)ARRAY_LEN(kept); worlds++)
		play_seed(kept[worlds].seed, kept[worlds].nights, false,
		    &sum);
	say(&sum, worlds);
}

/* Its account is there already. */
static bool
is_kept(uint64_t seed)
{
	for (size_t i = 0; i < ARRAY_LEN(kept); i++)
		if (kept[i].seed == seed)
			return true;
	return false;
}

static void
test_fresh(void **state)
{
	const char *all = getenv("NPSYNC_LONG");
	struct nights_result sum = { 0 };
	const int nights = (int)number("NPSYNC_NIGHTS",
	    all != NULL && *all != '\0' ? NIGHTS_LONG : 0);
	uint64_t seed = (uint64_t)number("NPSYNC_FIRST", FIRST_SEED);
	int worlds = 0;

	(void)state;
	for (; sum.nights < nights; seed++) {
		if (is_kept(seed) && getenv("NPSYNC_FIRST") == NULL)
			continue;
		play_seed(seed, 0, false, &sum);
		if (++worlds % 20 == 0)
			say(&sum, worlds);
	}
	say(&sum, worlds);
}

static void
test_seed(void **state)
{
	struct nights_result sum = { 0 };

	(void)state;
	play_seed((uint64_t)number("NPSYNC_SEED", 1), 0, true, &sum);
	say(&sum, 1);
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nights),
		cmocka_unit_test(test_control),
		cmocka_unit_test(test_kept),
		cmocka_unit_test(test_fresh),
	};
	const struct CMUnitTest one[] = { cmocka_unit_test(test_seed) };
	const struct CMUnitTest fresh[] = { cmocka_unit_test(test_fresh) };

	(void)argc;
	if (!simproc_find(argv[0]))
		return 1;
	log_open(LOG_TARGET_NONE, LOG_LEVEL_ERROR);
	const int failed = getenv("NPSYNC_SEED") != NULL
	    ? cmocka_run_group_tests(one, testdb_start, testdb_stop)
	    : getenv("NPSYNC_FIRST") != NULL
	    ? cmocka_run_group_tests(fresh, testdb_start, testdb_stop)
	    : cmocka_run_group_tests(tests, testdb_start, testdb_stop);
	if (failed != 0 && playing != 0)
		print_error("again: NPSYNC_SEED=%" PRIu64 " %s\n", playing,
		    argv[0]);
	return failed;
}
