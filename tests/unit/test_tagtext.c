/*
 * The tags of a card in one text: split, joined, and what is no tag.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "arena.h"
#include "common/tagtext.h"

static void
test_split_and_join(void **state)
{
	static const struct {
		const char *text, *again;
	} cases[] = {
		{ NULL, "" }, { "", "" }, { " ;; \r\n", "" },
		{ "A", "A" }, { "A;B", "A;B" },
		{ " A ; NPSToday.M\xc3\xb8" "de.9\t;\n B b ;",
		    "A;NPSToday.M\xc3\xb8" "de.9;B b" },
		{ "A\r\nB", "A;B" }, { ";A", "A" },
	};
	struct arena *arena = arena_new(65536);

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		assert_string_equal(tagtext_join(arena, tagtext_split(arena,
		    cases[i].text)), cases[i].again);
	arena_free(arena);
}

static void
test_is_tag(void **state)
{
	(void)state;
	assert_true(tagtext_is_tag("NPSToday.O'Hara & M\xc3\xb8" "de/9.10"));
	assert_false(tagtext_is_tag(""));
	assert_false(tagtext_is_tag("a;b"));
	assert_false(tagtext_is_tag("a\nb"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_split_and_join),
		cmocka_unit_test(test_is_tag),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
