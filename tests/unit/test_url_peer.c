/*
 * What a server offers as the next page, judged by url.c and by Python's
 * urllib, which nobody of us wrote.  Whatever url.c accepts leads, in the eyes of
 * urllib too, to the same scheme, host and port and below the same path; the forms
 * that services use are accepted, and lead to the same address.
 *
 * NPSYNC_LONG=1: 1,000,000 offers.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "missing.h"
#include "runproc.h"
#include "url.h"
#define SCRATCH_BYTES ((size_t)1 << 20)
#include "scratch.h"

#define PYTHON "/usr/bin/python3"
#define OFFERS_A_ROUND 10000
#define SEPARATOR "\x1f"

static struct {
	long offers, accepted, usual;
} seen;

static void
judge(const char *base, const char *current, const char *offered,
    const char *verdict)
{
	struct err err;
	const char *next = url_next(arena, base, current, offered, &err);

	seen.offers++;
	if (next != NULL && strncmp(verdict, "same ", 5) != 0)
		fail_msg("from %s, \"%s\" was accepted as %s: urllib goes elsewhere",
		    current, offered, next);
	if (next != NULL)
		seen.accepted++;
	if (strncmp(verdict, "same ", 5) != 0 || strcmp(verdict + 5, "-") == 0)
		return;
	seen.usual++;
	if (next == NULL)
		fail_msg("from %s, \"%s\" was refused: %s", current, offered,
		    err.msg);
	assert_string_equal(next, verdict + 5);
}

static void
round_of(int seed)
{
	char number[16], count[16];
	const char *args[] = { "tests/lib/urlpeer.py", number, count, NULL };
	const char *env[] = { "PYTHONIOENCODING=utf-8", NULL };
	struct runproc peer;

	snprintf(number, sizeof(number), "%d", seed);
	snprintf(count, sizeof(count), "%d", OFFERS_A_ROUND);
	runproc_start(&peer, PYTHON, args, env, NULL);
	runproc_wait(&peer, 120);
	assert_int_equal(peer.code, 0);
	for (char *text = peer.out, *line; (line = strsep(&text, "\n")) != NULL &&
	     *line != '\0';) {
		char *field[4], *rest = line;

		for (size_t i = 0; i < 4; i++)
			field[i] = strsep(&rest, SEPARATOR);
		assert_non_null(field[3]);
		judge(field[0], field[1], field[2], field[3]);
		arena_reset(arena);
	}
	runproc_free(&peer);
}

static void
test_urllib(void **state)
{
	const int rounds = getenv("NPSYNC_LONG") != NULL ? 100 : 1;

	(void)state;
	if (access(PYTHON, X_OK) != 0)
		missing("python3");
	for (int i = 1; i <= rounds; i++)
		round_of(i);
	assert_int_equal(seen.offers, (long)rounds * OFFERS_A_ROUND);
	print_message("# note: %ld offers, %ld accepted, %ld of usual form\n",
	    seen.offers, seen.accepted, seen.usual);
	assert_true(seen.usual > seen.offers / 4);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_urllib),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
