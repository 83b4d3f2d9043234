/*
 * The texts of queries: what is encoded, what is doubled, how many ids fit.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "arena.h"
#include "clock.h"
#include "dynamics/odata.h"

static struct arena *arena;

static int
setup(void **state)
{
	(void)state;
	arena = arena_new(1 << 26);
	return arena == NULL ? -1 : 0;
}

static int
teardown(void **state)
{
	(void)state;
	arena_free(arena);
	return 0;
}

static void
test_target(void **state)
{
	const struct odata_query q = { .set = "contacts",
		.select = "contactid,emailaddress1",
		.expand = "parentcustomerid_account($select=name)",
		.filter = "statecode eq 0",
		.orderby = "modifiedon asc,contactid asc", .top = 5 };
	const struct odata_query bare = { .set = "contacts", .filter = "" };

	(void)state;
	assert_string_equal(odata_target(arena, &q), "contacts?$select="
	    "contactid,emailaddress1&$expand=parentcustomerid_account($select="
	    "name)&$filter=statecode%20eq%200&$orderby=modifiedon%20asc,"
	    "contactid%20asc&$top=5");
	assert_string_equal(odata_target(arena, &bare), "contacts");
}

/* DV-18: quotes doubled, the rest percent-encoded, a blank never '+'. */
static void
test_dv18_literals(void **state)
{
	static const struct {
		const char *text, *literal, *encoded;
	} cases[] = {
		{ "O'Hara", "'O''Hara'", "'O''Hara'" },
		{ "O'Hara & M\xc3\xb8" "de/9", "'O''Hara & M\xc3\xb8" "de/9'",
		    "'O''Hara%20%26%20M%C3%B8de/9'" },
		{ "''", "''''''", "''''''" },
		{ "", "''", "''" },
		{ "a+b=c#d%e?f", "'a+b=c#d%e?f'",
		    "'a%2Bb=c%23d%25e%3Ff'" },
		{ "\"\\\n", "'\"\\\n'", "'%22%5C%0A'" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const char *literal = odata_text(arena, cases[i].text);
		const struct odata_query q = { .set = "s", .filter = literal };
		assert_string_equal(literal, cases[i].literal);
		assert_string_equal(odata_target(arena, &q), arena_printf(arena,
		    "s?$filter=%s", cases[i].encoded));
	}
}

static void
test_pieces(void **state)
{
	time_t at;

	(void)state;
	assert_true(clock_parse_iso("2026-11-20T00:00:00Z", "UTC", &at));
	assert_string_equal(odata_since(arena, "modifiedon", at),
	    "modifiedon ge 2026-11-20T00:00:00Z");
	assert_string_equal(odata_since(arena, "modifiedon", NO_TIME),
	    "modifiedon ge 1970-01-01T00:00:00Z");
	assert_string_equal(odata_since(arena, "modifiedon", -5),
	    "modifiedon ge 1970-01-01T00:00:00Z");
	assert_string_equal(odata_and(arena, "a eq 1 or b eq 2", "c eq 3"),
	    "(a eq 1 or b eq 2) and c eq 3");
	assert_string_equal(odata_and(arena, "a eq 1", "b eq 2 or c eq 3"),
	    "a eq 1 and (b eq 2 or c eq 3)");
	assert_string_equal(odata_and(arena, NULL, "b eq 2 or c eq 3"),
	    "b eq 2 or c eq 3");
	assert_string_equal(odata_and(arena, "a eq 1", ""), "a eq 1");
	assert_null(odata_and(arena, NULL, NULL));
}

/* Each id once, in order, no address longer than told, none much shorter. */
static void
test_ids(void **state)
{
	static const struct odata_query queries[] = {
		{ .set = "contacts", .select = "contactid" },
		{ .set = "contacts", .filter = "statecode eq 0" } };
	const char *ids[500];

	(void)state;
	for (int i = 0; i < 500; i++)
		ids[i] = arena_printf(arena, "89390c24-9c72-e511-80d4-%012d", i);
	for (size_t max = 200; max <= 8000; max += 650)
		for (int style = 0; style < 4; style++) {
			const struct odata_query *q = &queries[style / 2];
			struct odata_ids some = { .column = "_x_value",
				.ids = ids, .n = 500, .function = style % 2,
				.max_bytes = max };
			size_t met = 0;
			while (some.at < some.n) {
				const size_t from = some.at;
				const char *t = odata_ids_next(&some, q, arena);
				assert_non_null(t);
				assert_true(strlen(t) <= max ||
				    some.at == from + 1);
				/* One more would not have fitted. */
				assert_true(some.at == some.n ||
				    strlen(t) + 80 > max);
				for (; met < some.at; met++) {
					t = strstr(t, ids[met]);
					assert_non_null(t);
				}
				assert_true(met == some.n ||
				    strstr(t, ids[met]) == NULL);
			}
		}
}

/* Memory that runs out is no request for everybody. */
static void
test_ids_memory(void **state)
{
	static const struct odata_query q = { .set = "contacts",
		.filter = "statecode eq 0" };
	static const char *const ids[] = { "89390c24-9c72-e511-80d4-01",
		"89390c24-9c72-e511-80d4-02" };

	(void)state;
	for (size_t used = 3500; used < 4096; used++) {
		struct arena *small = arena_new(4096);
		struct odata_ids some = { .column = "contactid", .ids = ids,
			.n = 2, .max_bytes = 8000 };
		(void)arena_alloc(small, used);
		const char *t = odata_ids_next(&some, &q, small);
		assert_true(t == NULL || strstr(t, ids[0]) != NULL);
		arena_free(small);
	}
}

static void
test_ids_styles(void **state)
{
	static const char *const ids[] = { "g1", "g2" };
	static const struct odata_query q = { .set = "parties",
		.filter = "mask eq 5" };
	struct odata_ids some = { .column = "_activityid_value", .ids = ids,
		.n = 2, .max_bytes = 8000 };

	(void)state;
	assert_string_equal(odata_ids_next(&some, &q, arena), "parties?$filter="
	    "mask%20eq%205%20and%20(_activityid_value%20eq%20g1%20or%20"
	    "_activityid_value%20eq%20g2)");
	some.at = 0;
	some.function = true;
	assert_string_equal(odata_ids_next(&some, &q, arena), "parties?$filter="
	    "mask%20eq%205%20and%20Microsoft.Dynamics.CRM.In(PropertyName="
	    "'activityid',PropertyValues=%5B'g1','g2'%5D)");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_target),
		cmocka_unit_test(test_dv18_literals),
		cmocka_unit_test(test_pieces),
		cmocka_unit_test(test_ids),
		cmocka_unit_test(test_ids_memory),
		cmocka_unit_test(test_ids_styles),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
