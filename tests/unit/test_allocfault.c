/* allocfault.c: this program is linked as tests/torture is. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "allocfault.h"
#include "arena.h"
#include "buf.h"
#include "tmpdir.h"

/* What the compiler cannot see the end of it does not leave out. */
static void *volatile kept;
static volatile int twice = 2;

static void
take_one(void)
{
	kept = malloc(8);
	free(kept);
}

static int
off(void **state)
{
	(void)state;
	allocfault_off();
	return 0;
}

static void
test_linked(void **state)
{
	(void)state;
	assert_true(allocfault_works());
}

static void
test_counts(void **state)
{
	(void)state;
	allocfault_count();
	take_one();
	take_one();
	allocfault_off();
	take_one();
	assert_int_equal(allocfault_calls(), 2);
	assert_int_equal(allocfault_failed(), 0);
}

static void
test_each_function_fails(void **state)
{
	(void)state;
	allocfault_nth(1, true);
	errno = 0;
	assert_null(kept = malloc(8));
	assert_int_equal(errno, ENOMEM);
	assert_null(kept = calloc(1, 8));
	assert_null(kept = realloc(NULL, 8));
	assert_null(kept = strdup("x"));
	assert_null(kept = strndup("x", 1));
	assert_int_equal(allocfault_failed(), 5);
}

static void
test_nth_once_and_for_good(void **state)
{
	(void)state;
	for (int good = 0; good < 2; good++) {
		allocfault_nth(2, good == 1);
		void *first = kept = malloc(8);
		void *second = kept = malloc(8);
		void *third = kept = malloc(8);
		assert_non_null(first);
		assert_null(second);
		assert_true((third == NULL) == (good == 1));
		assert_int_equal(allocfault_failed(), 1 + good);
		free(first);
		free(third);
	}
}

static __attribute__((noinline)) struct arena *
one_way(void)
{
	return arena_new(64);
}

static __attribute__((noinline)) struct arena *
another_way(void)
{
	struct arena *arena = arena_new(64);

	return arena;
}

static void
both_ways(struct arena *out[3])
{
	for (int i = 0; i < twice; i++)
		out[i] = one_way();
	out[2] = another_way();
}

static void
both_free(struct arena *out[3])
{
	for (int i = 0; i < 3; i++)
		arena_free(out[i]);
}

/* Two callers of one allocation are two sites, and each fails alone.  All
 * rounds go through one place, which is part of the site. */
static void
test_sites(void **state)
{
	uint64_t first = 0, second = 0;
	struct arena *out[3];
	bool got[3][3];

	(void)state;
	for (int round = 0; round < 3; round++) {
		allocfault_count();
		if (round > 0)
			allocfault_site(round == 1 ? first : second,
			    round == 1 ? 2 : 1, false);
		both_ways(out);
		allocfault_off();
		for (int i = 0; i < 3; i++)
			got[round][i] = out[i] != NULL;
		both_free(out);
		if (round > 0)
			continue;
		size_t n;
		const struct allocfault_site *site = allocfault_sites(&n);
		assert_int_equal(n, 2);
		assert_int_equal(site[0].hits, 2);
		assert_int_equal(site[1].hits, 1);
		/* The same allocation, asked for by two. */
		assert_true(site[0].offset[0] == site[1].offset[0]);
		assert_true(site[0].offset[1] != site[1].offset[1]);
		first = site[0].number;
		second = site[1].number;
	}
	assert_int_not_equal(first, second);
	assert_true(got[0][0] && got[0][1] && got[0][2]);
	assert_true(got[1][0] && !got[1][1] && got[1][2]);
	assert_true(got[2][0] && got[2][1] && !got[2][2]);
	assert_int_equal(allocfault_failed(), 1);
}

/* A moment that never comes is told. */
static void
test_nothing_failed(void **state)
{
	(void)state;
	allocfault_nth(10, false);
	take_one();
	assert_int_equal(allocfault_calls(), 1);
	assert_int_equal(allocfault_failed(), 0);
	allocfault_site(1, 1, true);
	take_one();
	assert_int_equal(allocfault_failed(), 0);
}

static void
test_our_objects_notice(void **state)
{
	AUTO(buf) struct buf b;

	(void)state;
	buf_init(&b, 100);
	allocfault_nth(1, false);
	assert_false(buf_str(&b, "x"));
	allocfault_off();
	assert_true(b.failed);
}

/* ---- by the environment --------------------------------------------------- */
static int
run_self(const char *fault)
{
	int status = 0;
	const pid_t pid = fork();

	if (pid == 0) {
		(void)setenv("NPSYNC_ALLOCFAULT", fault, 1);
		(void)execl("/proc/self/exe", "allocfault", "child",
		    (char *)NULL);
		_exit(127);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

/* Bits of the three that failed. */
static int
child(void)
{
	struct arena *out[3];

	both_ways(out);
	const int code = (out[0] == NULL) + 2 * (out[1] == NULL) +
	    4 * (out[2] == NULL);
	both_free(out);
	return code;
}

static void
test_environment(void **state)
{
	char fault[1100], line[256], number[32];

	(void)state;
	(void)snprintf(fault, sizeof(fault), "list=%s", tmpdir_path("list"));
	assert_int_equal(run_self(fault), 0);
	FILE *f = fopen(tmpdir_path("list"), "re");
	assert_non_null(f);
	assert_non_null(fgets(line, sizeof(line), f));
	(void)fclose(f);
	const size_t len = strcspn(line, " ");
	assert_memory_equal(line + len, " 2 ", 3);
	(void)snprintf(number, sizeof(number), "%.*s", (int)len, line);

	assert_int_equal(run_self("nth=1"), 1);
	assert_int_equal(run_self("nth=2+"), 6);
	(void)snprintf(fault, sizeof(fault), "site=%s@2", number);
	assert_int_equal(run_self(fault), 2);
	(void)snprintf(fault, sizeof(fault), "site=%s@2+", number);
	assert_int_equal(run_self(fault), 6);
	/* A fault that is misspelt is no fault that did not come. */
	assert_int_equal(run_self("nht=1"), 98);
	assert_int_equal(run_self("nth=x"), 98);
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_linked),
		cmocka_unit_test_teardown(test_counts, off),
		cmocka_unit_test_teardown(test_each_function_fails, off),
		cmocka_unit_test_teardown(test_nth_once_and_for_good, off),
		cmocka_unit_test_teardown(test_sites, off),
		cmocka_unit_test_teardown(test_nothing_failed, off),
		cmocka_unit_test_teardown(test_our_objects_notice, off),
		cmocka_unit_test(test_environment),
	};

	if (argc > 1 && strcmp(argv[1], "child") == 0)
		return child();
	return cmocka_run_group_tests(tests, tmpdir_make, tmpdir_remove);
}
