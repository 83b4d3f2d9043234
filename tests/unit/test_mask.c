/*
 * What is shown of a server's words.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/mask.h"

static void
shows(const char *text, const char *wanted)
{
	char out[256];

	mask_text(out, sizeof(out), text, strlen(text));
	assert_string_equal(out, wanted);
}

static void
test_numbers(void **state)
{
	(void)state;
	shows("call 20304050 now", "call *** now");
	shows("call 20 30 40 50 now", "call *** now");
	shows("call (+45) 20-30 40.50, or not", "call ***, or not");
	shows("+45 20 30 40 50", "***");
	shows("20304050abc", "***");
	shows("page 2 of 17 (40 rows)", "page 2 of 17 (40 rows)");
	shows("field 3 is empty", "field 3 is empty");
	shows("", "");
}

static void
test_addresses(void **state)
{
	(void)state;
	shows("no card of ann@kunde.dk here", "no card of *** here");
	shows("20 30 40 50@kunde.dk", "******");
	shows("ann%40kunde.dk", "***");
}

/* A short one, that no other rule would hide. */
static void
test_our_key(void **state)
{
	static const char text[] = "Invalid key: s3cr3t-key";
	static const char *const keys[] = { NULL, "", "s3cr3t-key" };
	char out[64];

	(void)state;
	mask_text_but(out, sizeof(out), text, strlen(text), "s3cr3t-key");
	assert_string_equal(out, "");
	mask_text_but(out, sizeof(out), text, strlen(text), "another");
	assert_string_equal(out, text);
	mask_text_but(out, sizeof(out), text, strlen(text), NULL);
	assert_string_equal(out, text);
	assert_true(mask_holds(text, keys, 3));
	assert_false(mask_holds(text, keys, 2));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_our_key),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
