/*
 * SIGKILL at moments drawn from a recorded night: an effect, and a part of the
 * time until the next one.  Several in one night, the last run of which is left
 * alone; then nights until nothing is left to do.  Half of the worlds have a
 * service that lists its respondents, half have not: there what may have left
 * stays unknown.  NPSYNC_KILLS, NPSYNC_PEOPLE (a night, beyond 7), NPSYNC_SEED:
 * other numbers.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "world.h"

#define KILLS 8
#define KILLS_LONG 500
#define BETWEEN_MIN 5		/* one of so many at least, of the long ones */
#define NIGHTS 4
#define KILLS_A_NIGHT 4
#define EFFECTS_MAX 2000
#define SEED 20261102

static struct world_effect effects[EFFECTS_MAX];
static struct world_fate fate;
static struct {
	int kills, ended_before, between, rows, rows_there, before_claim,
	    after_push;
	int unlisted_unknown;
} total;

/* Where it fell: claimed rows without an outcome, and how many of these the
 * service has. */
static void
look(struct world *w, int before)
{
	const int rows = world_rows(w, "sending");

	total.between += rows > 0;
	total.rows += rows;
	total.rows_there += world_rows_there(w, "sending");
	if (rows > 0)
		return;
	if (world_rows(w, "sent") == before)
		total.before_claim++;
	else
		total.after_push++;
}

/* False: it had ended before its moment. */
static bool
kill_one(struct world *w, long n_effects, enum world_part part)
{
	const struct world_moment m = world_draw(w, effects, n_effects, part);
	const int before = world_rows(w, "sent");
	struct world_run r;

	world_start(w, &r, NULL, "run night --quiet", NULL);
	(void)world_reach(w, &r, &m);
	(void)kill(r.p.pid, SIGKILL);
	const int code = world_ended(&r);
	world_let_go(w);
	runproc_free(&r.p);
	if (code == 0) {
		total.ended_before++;
		return false;
	}
	assert_int_equal(code, 128 + SIGKILL);
	total.kills++;
	look(w, before);
	return true;
}

static void
one_world(int seed, int number, bool members, int kills)
{
	static const enum world_part parts[KILLS_A_NIGHT] = { WORLD_REQUEST,
		WORLD_ANY, WORLD_SENDING, WORLD_ANY };
	const int more = world_number("NPSYNC_PEOPLE", 1, 16);
	const struct world_options options = { .seed = (uint64_t)seed,
		.members = members, .concurrency = 1 << number % 4 };
	const int unknown_before = fate.unknown;
	struct world w;

	world_make(&w, &options);
	world_next_night(&w, 6);
	const long n = world_record(&w, effects, EFFECTS_MAX);
	for (int night = 0; night < NIGHTS && total.kills < kills; night++) {
		world_next_night(&w, 8 + world_random(&w, more));
		for (int i = 0; i < KILLS_A_NIGHT && total.kills < kills; i++)
			if (!kill_one(&w, n, parts[i]))
				break;
		world_night(&w);
	}
	world_check(&w, &fate);
	if (members)
		assert_int_equal(fate.unknown, unknown_before);
	else
		total.unlisted_unknown += fate.unknown - unknown_before;
	world_free(&w);
}

static void
test_kills(void **state)
{
	const int wanted = world_number("NPSYNC_KILLS", KILLS, KILLS_LONG);
	const int seed = world_number("NPSYNC_SEED", SEED, SEED);

	(void)state;
	for (int i = 0; total.kills < wanted; i++)
		one_world(seed + i, i, i % 2 == 0, i == 0 ? wanted / 2 : wanted);
	print_message("# kills: seed %d, %d kills (and %d runs that had ended "
	    "before their moment): %d between intent and outcome (%d rows, %d "
	    "of them at the service), %d before the first claim, %d with "
	    "nothing under way\n", seed, total.kills,
	    total.ended_before, total.between, total.rows, total.rows_there,
	    total.before_claim, total.after_push);
	world_say("kills", &fate);
	assert_int_equal(total.kills, wanted);
	assert_in_range(total.between, wanted / BETWEEN_MIN, wanted);
	/* Both kinds of them, and both ways out. */
	if (wanted < 100)
		return;
	assert_in_range(total.rows_there, 1, total.rows - 1);
	assert_true(fate.found > 0 && fate.resent > 0);
	assert_true(total.unlisted_unknown > 0);
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kills),
	};

	(void)argc;
	if (!world_find(argv[0]))
		return 1;
	return cmocka_run_group_tests_name("torture-kills", tests, world_begin,
	    world_end);
}
