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

/* As JSON of PHP, JSON of .NET and an address write it, one in the other, and in
 * part: what can be put together again is not shown. */
static void
test_our_key_escaped(void **state)
{
	static const char key[] = "a/b+c=d/9";
	static const char *const texts[] = { "bad key a/b+c=d/9",
		"bad key a\\/b+c=d\\/9", "bad key a\\u002fb\\u002Bc\\u003Dd\\u002f9",
		"bad key a%2Fb%2bc%3Dd%2F9", "bad key a%252Fb%252Bc%253Dd%252F9",
		"bad key a\\\\\\/b+c=d\\\\\\/9", "bad key \\u0061%2Fb+c=d/9",
		"bad key a/b+c=d/...", "...b\\/+c, /b+c=d/9" };
	static const char *const others[] = { "bad key a/b+c=d", "50% of it", "%",
		"%2", "\\", "\\u", "\\u00", "\\u002", "a\\qb", "%zz \\u12g4" };
	const char *const keys[] = { key };
	char out[64];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		mask_text_but(out, sizeof(out), texts[i], strlen(texts[i]), key);
		if (*out != '\0')
			fail_msg("%s: %s", texts[i], out);
		/* Where what was sent need not be a key, a part says nothing. */
		if (i >= 7)
			continue;
		assert_true(mask_holds(texts[i], keys, 1));
		mask_answer(out, sizeof(out), texts[i], strlen(texts[i]), keys, 1);
		assert_string_equal(out, "");
	}
	for (size_t i = 0; i < ARRAY_LEN(others); i++) {
		mask_text_but(out, sizeof(out), others[i], strlen(others[i]), key);
		assert_string_equal(out, others[i]);
	}
	/* What stands before the key says nothing of it, nor does the beginning of
	 * an address in a scope. */
	mask_text_but(out, sizeof(out), "Bearer error", 12, "Bearer ea/b+c=d/9");
	assert_string_equal(out, "Bearer error");
	mask_text_but(out, sizeof(out), "got ea/b+c=d", 12, "Bearer ea/b+c=d/9");
	assert_string_equal(out, "");
	assert_false(mask_holds("https://a.dk is unknown", (const char *const []){
	    "https://b.dk/.default" }, 1));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_our_key),
		cmocka_unit_test(test_our_key_escaped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
