/*
 * Mails of one company are spread over send.spread, evenly and by rank; those of
 * all others leave at send.at.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "fixture.h"
#include "testdb.h"

static void
begin(struct fixture *f, int spread_min)
{
	fixture_tenant(f);
	f->conf.send.spread_min = spread_min;
}

/* A row of somebody of that company; NULL = of none. */
static long long
person(struct fixture *f, const char *id, const char *company, int minute)
{
	char set[100] = "company_id = NULL", at[100];

	if (company != NULL)
		(void)snprintf(set, sizeof(set), "company_id = '%s'", company);
	fixture_card(f, id, set);
	(void)snprintf(at, sizeof(at), "occurred_at = '2026-05-05 10:%02d+02'",
	    minute);
	return fixture_row(f, T_MEET, id, at);
}

/* Seconds after 09:00, as decided. */
static int
after_s(struct fixture *f, long long row)
{
	return (int)fixture_int(f, "SELECT send_offset_s FROM npsync.queue WHERE"
	    " tenant_id = $1 AND queue_id = %lld AND due_night IS NOT NULL", row);
}

static void
assert_claimed(struct fixture *f, const long long *rows, const int *after,
    size_t n)
{
	struct queue_claimed *got = NULL;
	const time_t nine = fixture_time(FIXTURE_NIGHT, 9, 0);

	assert_int_equal(fixture_claim(f, 20, &got), n);
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < n; k++)
			if (got[k].queue_id == rows[i] &&
			    got[k].send_at != nine + after[i])
				fail_msg("row %zu leaves %ld s after 09:00", i,
				    (long)(got[k].send_at - nine));
}

/* Three of a company: 0, 6:40 and 13:20 min; two, one, and people of none; the
 * same company in another CRM is another. */
static void
test_three_of_a_company(void **state)
{
	static const int after[] = { 0, 0, 400, 0, 600, 800, 0, 0, 0 };
	struct fixture *f = *state;
	long long row[9];

	begin(f, 20);
	row[0] = person(f, "a", "big", 1);
	row[1] = person(f, "b", "alone", 2);
	row[2] = person(f, "c", "big", 3);
	row[3] = person(f, "d", "two", 4);
	row[4] = person(f, "e", "two", 5);
	row[5] = person(f, "g", "big", 6);
	row[6] = person(f, "h", NULL, 7);
	row[7] = person(f, "i", NULL, 8);
	row[8] = person(f, "j", "big", 9);
	fixture_exec(f, "UPDATE npsync.contact SET connector = 'crm2' WHERE"
	    " tenant_id = $1 AND contact_id = 'j'");
	fixture_exec(f, "UPDATE npsync.queue SET connector = 'crm2' WHERE"
	    " tenant_id = $1 AND contact_id = 'j'");
	fixture_decide(f);
	for (size_t i = 0; i < ARRAY_LEN(after); i++)
		if (after_s(f, row[i]) != after[i])
			fail_msg("row %zu: %d s", i, after_s(f, row[i]));
	assert_claimed(f, row, after, ARRAY_LEN(after));
}

/* Who does not go takes no place. */
static void
test_only_those_who_go(void **state)
{
	struct fixture *f = *state;

	begin(f, 20);
	const long long first = person(f, "a", "big", 1);
	const long long out = person(f, "b", "big", 2);
	const long long last = person(f, "c", "big", 3);
	fixture_exec(f, "UPDATE npsync.contact SET no_send = true WHERE"
	    " tenant_id = $1 AND contact_id = 'b'");
	fixture_decide(f);
	assert_string_equal(fixture_state(f, out), "suppressed no_send");
	assert_int_equal(after_s(f, first), 0);
	assert_int_equal(after_s(f, last), 600);
}

/* A second run of the night: later places, whether the first ones have left
 * already or not. */
static void
test_second_run(void **state)
{
	struct fixture *f = *state;
	struct queue_claimed *got = NULL;

	for (int sent = 0; sent <= 1; sent++) {
		begin(f, 20);
		const long long first = person(f, "a", "big", 1);
		fixture_decide(f);
		if (sent == 1)
			assert_int_equal(fixture_claim(f, 20, &got), 1);
		const long long second = person(f, "b", "big", 2);
		const long long third = person(f, "c", "big", 3);
		fixture_decide(f);
		assert_int_equal(after_s(f, first), 0);
		assert_int_equal(after_s(f, second), 400);
		assert_int_equal(after_s(f, third), 800);
	}
}

/* Many: none at or behind the end of the spread, none at the same second. */
static void
test_many(void **state)
{
	struct fixture *f = *state;

	begin(f, 20);
	for (int i = 0; i < 50; i++) {
		char id[16];
		(void)snprintf(id, sizeof(id), "p%d", i);
		(void)person(f, id, "big", i);
	}
	fixture_decide(f);
	assert_int_equal(fixture_int(f, "SELECT count(DISTINCT send_offset_s)"
	    " FROM npsync.queue WHERE tenant_id = $1"), 50);
	assert_int_equal(fixture_int(f, "SELECT max(send_offset_s) FROM"
	    " npsync.queue WHERE tenant_id = $1"), 49 * 24);
}

/* spread = 0: all at send.at.  And a row that is decided anew by itself in a
 * later night loses its old place. */
static void
test_no_spread(void **state)
{
	struct fixture *f = *state;

	begin(f, 0);
	(void)person(f, "a", "big", 1);
	(void)person(f, "b", "big", 2);
	fixture_decide(f);
	assert_int_equal(fixture_int(f, "SELECT sum(send_offset_s) FROM"
	    " npsync.queue WHERE tenant_id = $1"), 0);
	begin(f, 20);
	(void)person(f, "a", "big", 1);
	const long long row = person(f, "b", "big", 2);
	fixture_decide(f);
	assert_int_equal(after_s(f, row), 600);
	fixture_exec(f, "UPDATE npsync.queue SET state = 'excluded' WHERE"
	    " tenant_id = $1 AND contact_id = 'a'");
	fixture_night(f, day_add(FIXTURE_NIGHT, 1));
	fixture_decide(f);
	assert_int_equal(after_s(f, row), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_three_of_a_company),
		cmocka_unit_test(test_only_those_who_go),
		cmocka_unit_test(test_second_run),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_no_spread),
	};

	return cmocka_run_group_tests(tests, fixture_start, fixture_stop);
}
