/*
 * The listing of what people did: each deed once, though a command notes itself
 * and each row its move; and the share of rows taken out per account manager.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "audit.h"
#include "audit_list.h"
#include "clock.h"
#include "fixture.h"

static void
moves(struct fixture *f, const long long *rows, size_t n,
    enum queue_actor kind, const char *actor, enum queue_state to,
    const char *why)
{
	struct queue_move m[16];
	struct err err = { 0 };
	size_t moved;

	for (size_t i = 0; i < n; i++)
		m[i] = (struct queue_move){ rows[i], (int)fixture_int(f, "SELECT"
		    " attempt FROM npsync.queue WHERE tenant_id = $1 AND queue_id"
		    " = %lld", rows[i]), to, why, NULL, NO_TIME };
	if (!queue_move(f->db, &f->tenant, kind, actor, 0, clock_now(), m, n,
	        f->scratch, &moved, &err))
		fail_msg("%s", err.msg);
	assert_int_equal(moved, n);
}

static void
note(struct fixture *f, const char *actor, const char *action,
    const char *subject, const char *why)
{
	struct err err = { 0 };

	if (!audit_put(f->db, f->tenant.id, actor, action, subject, why,
	        f->scratch, &err))
		fail_msg("%s", err.msg);
}

/* "ann exclude 2 rows (2: holiday)" of each line, newest first. */
static const char *
listing(struct fixture *f, const struct audit_filter *filter)
{
	AUTO(db_result) struct db_result *r = NULL;
	struct err err = { 0 };
	const char *text = "";

	if (!audit_list(f->db, f->tenant.id, filter, f->scratch, &r, &err))
		fail_msg("%s", err.msg);
	for (int i = 0; i < db_rows(r); i++)
		text = arena_printf(f->run, "%s%s %s %s (%lld: %s)\n", text,
		    db_text(r, i, 1), db_text(r, i, 2), db_text(r, i, 3),
		    db_int(r, i, 5), db_is_null(r, i, 4) ? "-" : db_text(r, i, 4));
	return text;
}

static void
test_each_deed_once(void **state)
{
	struct fixture *f = *state;
	struct audit_filter all = { .since = NO_TIME, .max = 100 };
	long long row[4];

	fixture_tenant(f);
	fixture_card(f, "anna", NULL);
	for (int i = 0; i < 4; i++)
		row[i] = fixture_row(f, T_MEET, "anna", NULL);
	const time_t start = clock_now();
	moves(f, row, 2, ACTOR_ADMIN, "ann", QUEUE_EXCLUDED, "by ann: holiday");
	clock_set(start + 1);		/* the note comes a moment later */
	note(f, "ann", "exclude", "2 rows", "holiday");
	clock_set(start + 20);
	moves(f, row, 1, ACTOR_ADMIN, "ann", QUEUE_QUEUED, NULL);
	note(f, "ann", "include", "1 rows", NULL);
	clock_set(start + 30);
	moves(f, row + 2, 1, ACTOR_ADMIN, "tag", QUEUE_EXCLUDED, "tag Skip");
	/* What the program decides is none of it. */
	moves(f, row + 3, 1, ACTOR_DECIDE, "decide", QUEUE_SUPPRESSED, "too_old");
	clock_set(start + 40);
	note(f, "bo", "pause", "trigger meet", "fair");
	assert_string_equal(listing(f, &all), "bo pause trigger meet (0: fair)\n"
	    "tag exclude 1 rows (1: tag Skip)\n"
	    "ann include 1 rows (1: -)\n"
	    "ann exclude 2 rows (2: holiday)\n");
	/* The same person does the same twice: each row stands in one line. */
	clock_set(start + 50);
	moves(f, row, 1, ACTOR_ADMIN, "ann", QUEUE_EXCLUDED, "by ann");
	note(f, "ann", "exclude", "1 rows", "again");
	all.action = "exclude";
	assert_string_equal(listing(f, &all), "ann exclude 1 rows (1: again)\n"
	    "tag exclude 1 rows (1: tag Skip)\n"
	    "ann exclude 2 rows (2: holiday)\n");
	all.actor = "tag";
	assert_string_equal(listing(f, &all),
	    "tag exclude 1 rows (1: tag Skip)\n");
	all = (struct audit_filter){ .since = start + 40, .max = 1 };
	assert_string_equal(listing(f, &all), "ann exclude 1 rows (1: again)\n");
	all = (struct audit_filter){ .since = start + 1, .max = 9,
		.actor = "bo" };
	assert_string_equal(listing(f, &all),
	    "bo pause trigger meet (0: fair)\n");
}

/* Tags note each row in a line of its own: the move stands there. */
static void
test_notes_by_row(void **state)
{
	struct fixture *f = *state;
	const struct audit_filter all = { .since = NO_TIME, .max = 100 };
	AUTO(db_result) struct db_result *r = NULL;
	struct err err = { 0 };
	long long row[2];

	fixture_tenant(f);
	fixture_card(f, "anna", NULL);
	for (int i = 0; i < 2; i++)
		row[i] = fixture_row(f, T_MEET, "anna", NULL);
	moves(f, row, 2, ACTOR_ADMIN, "tag", QUEUE_EXCLUDED, "tag Skip");
	for (int i = 0; i < 2; i++)
		note(f, "tag", "exclude", arena_printf(f->run, "row %lld", row[i]),
		    NULL);
	assert_true(audit_list(f->db, f->tenant.id, &all, f->scratch, &r, &err));
	assert_int_equal(db_rows(r), 2);
	for (int i = 0; i < 2; i++)
		assert_string_equal(db_text(r, i, 3), arena_printf(f->run,
		    "row %s", db_text(r, i, 6)));
}

static const char *
owners(struct fixture *f, time_t since)
{
	AUTO(db_result) struct db_result *r = NULL;
	struct err err = { 0 };
	const char *text = "";

	if (!audit_owners(f->db, f->tenant.id, since, f->scratch, &r, &err))
		fail_msg("%s", err.msg);
	for (int i = 0; i < db_rows(r); i++)
		text = arena_printf(f->run, "%s%s %s/%s %s\n", text,
		    db_text(r, i, 0), db_text(r, i, 1), db_text(r, i, 2),
		    db_is_null(r, i, 3) ? "-" : db_text(r, i, 3));
	return text;
}

static void
test_owners(void **state)
{
	struct fixture *f = *state;
	long long row[3];

	fixture_tenant(f);
	fixture_card(f, "anna", "owner_name = 'Ole'");
	fixture_card(f, "bent", NULL);
	for (int i = 0; i < 3; i++)
		row[i] = fixture_row(f, T_MEET, "anna", NULL);
	/* As at the transfer, though the card has another one now. */
	(void)fixture_row(f, T_MEET, "anna", "state = 'sent', owner = 'Per'");
	(void)fixture_row(f, T_MEET, "anna", "state = 'unknown'");
	(void)fixture_row(f, T_MEET, "anna", "state = 'suppressed'");
	(void)fixture_row(f, T_MEET, "bent", "state = 'sent'");
	(void)fixture_row(f, T_MEET, "anna", "state = 'sent', test = true");
	(void)fixture_row(f, T_MEET, "anna", "state = 'sent',"
	    " created_at = '2020-01-01Z'");
	moves(f, row, 2, ACTOR_ADMIN, "ann", QUEUE_EXCLUDED, NULL);
	moves(f, row, 1, ACTOR_ADMIN, "bo", QUEUE_QUEUED, NULL);
	moves(f, row, 1, ACTOR_ADMIN, "bo", QUEUE_EXCLUDED, NULL);
	moves(f, row + 2, 1, ACTOR_ADMIN, "tag", QUEUE_EXCLUDED, NULL);
	assert_string_equal(owners(f, fixture_time(20260101, 0, 0)),
	    "Ole 3/4 ann 1, bo 1, tag 1\n 0/1 -\nPer 0/1 -\n");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_deed_once),
		cmocka_unit_test(test_notes_by_row),
		cmocka_unit_test(test_owners),
	};

	return cmocka_run_group_tests_name("audit", tests, fixture_start,
	    fixture_stop);
}
