/*
 * When many whom the service did not ask are told of: from the share of the
 * configuration on, and never of a few people.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "npsync.h"
#include "suppressed.h"

static void
test_shares(void **state)
{
	static const struct {
		long long suppressed, ended;
		int pct;
		enum suppressed_state want;
	} cases[] = {
		{ 19, 100, 20, SUPPRESSED_FEW },
		{ 20, 100, 20, SUPPRESSED_MANY },
		{ 21, 100, 20, SUPPRESSED_MANY },
		{ 1999, 10000, 20, SUPPRESSED_FEW },
		{ 2000, 10000, 20, SUPPRESSED_MANY },
		/* Few people. */
		{ 0, 0, 20, SUPPRESSED_CANNOT_SAY },
		{ 1, 2, 20, SUPPRESSED_CANNOT_SAY },
		{ 2, 2, 20, SUPPRESSED_CANNOT_SAY },
		{ 2, 3, 20, SUPPRESSED_CANNOT_SAY },
		{ 2, 10, 20, SUPPRESSED_CANNOT_SAY },
		{ 2, 11, 20, SUPPRESSED_FEW },
		{ 3, 3, 20, SUPPRESSED_MANY },
		{ 3, 15, 20, SUPPRESSED_MANY },
		{ 3, 16, 20, SUPPRESSED_FEW },
		{ 0, 2, 20, SUPPRESSED_CANNOT_SAY },
		{ 0, 3, 20, SUPPRESSED_FEW },
		/* Other shares, and none. */
		{ 99, 100, 100, SUPPRESSED_FEW },
		{ 100, 100, 100, SUPPRESSED_MANY },
		{ 100, 100, 0, SUPPRESSED_FEW },
		{ 0, 0, 0, SUPPRESSED_FEW },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		if (suppressed_judge(cases[i].suppressed, cases[i].ended,
		        cases[i].pct) != cases[i].want)
			fail_msg("%lld of %lld at %d", cases[i].suppressed,
			    cases[i].ended, cases[i].pct);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_shares) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
