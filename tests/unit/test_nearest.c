/* nearest.c: how far apart two names are, and which one was meant. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "nearest.h"

static void
test_distance(void **state)
{
	static const struct { const char *a, *b; size_t far; } cases[] = {
		{ "", "", 0 }, { "", "abc", 3 }, { "abc", "", 3 },
		{ "Kunde", "Kunde", 0 },
		{ "Kunde", "kUNDE", 0 },	/* case */
		{ "Kunnde", "Kunde", 1 },	/* one too many */
		{ "Kund", "Kunde", 1 },		/* one too few */
		{ "Kumde", "Kunde", 1 },	/* another one */
		{ "Kudne", "Kunde", 1 },	/* swapped */
		{ "uKnde", "Kunde", 1 },	/* swapped at the start */
		{ "Kuned", "Kunde", 1 },	/* and at the end */
		{ "Møde", "MØDE", 0 }, { "Mode", "Møde", 1 },
		{ "Statusmøde", "Status", 4 },
		{ "kitten", "sitting", 3 }, { "ca", "abc", 3 },
		{ "7749", "7794", 1 }, { "7749", "7751", 2 },
		{ "\xff\xfe", "ab", 2 },	/* no UTF-8 */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const size_t far = nearest_distance(cases[i].a, cases[i].b);
		if (far != cases[i].far ||
		    nearest_distance(cases[i].b, cases[i].a) != far)
			fail_msg("%s, %s: %zu", cases[i].a, cases[i].b, far);
	}
}

/* Longer than what is compared: the same beginning is the same name. */
static void
test_long(void **state)
{
	char a[2000], b[2000];

	(void)state;
	memset(a, 'x', sizeof(a) - 1);
	a[sizeof(a) - 1] = '\0';
	memcpy(b, a, sizeof(b));
	b[1500] = 'y';
	assert_int_equal(nearest_distance(a, b), 0);
	b[10] = 'y';
	assert_int_equal(nearest_distance(a, b), 1);
	assert_int_equal(nearest_distance(a, ""), 64);
}

static void
test_find(void **state)
{
	static const char *const names[] = { "Kunde", "Emne", "Kund", "Partner",
		"Samarbejdspartner" };
	static const struct { const char *wanted; size_t n, best[3]; } cases[] = {
		{ "Kunnde", 2, { 0, 2 } },	/* the nearer first */
		{ "kunde", 2, { 0, 2 } },
		{ "Kunda", 2, { 0, 2 } },	/* equally near: the first */
		{ "Samarbejdspartnerr", 1, { 4 } },
		{ "Emme", 1, { 1 } },
		{ "Leverandør", 0, { 0 } },	/* nothing is near */
		{ "", 0, { 0 } },
	};
	size_t best[3];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const size_t n = nearest_find(cases[i].wanted, names, 5, best, 3);
		if (n != cases[i].n)
			fail_msg("%s: %zu", cases[i].wanted, n);
		for (size_t k = 0; k < n; k++)
			if (best[k] != cases[i].best[k])
				fail_msg("%s: %s", cases[i].wanted,
				    names[best[k]]);
	}
	assert_int_equal(nearest_find("Kunde", names, 5, best, 1), 1);
	assert_int_equal(best[0], 0);
	assert_int_equal(nearest_find("Kunde", names, 0, best, 3), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_distance),
		cmocka_unit_test(test_long),
		cmocka_unit_test(test_find),
	};

	return cmocka_run_group_tests_name("nearest", tests, NULL, NULL);
}
