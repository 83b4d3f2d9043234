/*
 * npsync resolve: an administrator says what became of surveys of which nobody
 * knows whether they left.  How this can ask somebody twice, or never again:
 *  - "sent" and "not sent" change places: a person who was asked loses the proof
 *    of it;
 *  - "not sent" keeps the proof: nobody may ask that person for a month;
 *  - a row that is not unknown is changed;
 *  - nobody knows afterwards who said so.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "arena.h"
#include "db.h"
#include "npsync.h"
#include "place.h"

#define DAY "2026-12-01T08:00"
#define EVENING "2026-12-01T20:07"
#define NIGHT "2026-12-02T03:10"
#define MORNING "2026-12-02T09:00"
#define UNKNOWN 3

static struct place place;
static struct arena *arena;
static struct db *db;
static char ids[UNKNOWN][24];

DB_STMT(test_ids,
    "SELECT queue_id::text, client_ref::text FROM npsync.queue WHERE state = $1"
    " ORDER BY queue_id");
/* State, sends that are remembered, last move: by whom (a person has another
 * name on each machine), from where. */
DB_STMT(test_fate,
    "SELECT q.state, (SELECT count(*) FROM npsync.person_send s, unnest(q.person) k"
    "  WHERE s.person_key = k AND s.ref = q.client_ref::text AND s.source = 'own')::text,"
    " (SELECT CASE WHEN h.actor IN ('push', 'settle') THEN h.actor ELSE 'admin' END"
    "       || ' from ' || h.from_state FROM npsync.queue_history h"
    "   WHERE h.queue_id = q.queue_id ORDER BY h.version DESC LIMIT 1),"
    " array_length(q.person, 1)::text"
    "  FROM npsync.queue q WHERE q.queue_id = $1::bigint");
DB_STMT(test_said,
    "SELECT subject || ': ' || coalesce(detail, '-') FROM npsync.audit"
    " WHERE action = 'resolve' ORDER BY 1");

static struct db_result *
ask(const struct db_stmt *stmt, const char *arg)
{
	struct db_result *r = NULL;
	struct db_args args;
	struct err err;

	arena_reset(arena);
	db_args_init(&args, arena);
	if (arg != NULL)
		db_arg_text(&args, arg);
	if (!db_query(db, stmt, &args, &r, &err))
		fail_msg("%s", err.msg);
	return r;
}

static int
count_of(const char *row_state)
{
	AUTO(db_result) struct db_result *r = ask(&test_ids, row_state);

	return db_rows(r);
}

static void
is_now(const char *id, const char *row_state, bool remembered, const char *moved)
{
	AUTO(db_result) struct db_result *r = ask(&test_fate, id);

	assert_int_equal(db_rows(r), 1);
	assert_string_equal(db_text(r, 0, 0), row_state);
	assert_string_equal(db_text(r, 0, 1),
	    remembered ? db_text(r, 0, 3) : "0");
	assert_string_equal(db_text(r, 0, 2), moved);
}

static struct runproc *
resolve(int code, const char *args)
{
	char words[300];

	(void)snprintf(words, sizeof(words), "resolve %s", args);
	return place_run(&place, MORNING, code, words);
}

static bool
is_at_service(const char *ref)
{
	size_t n;
	const struct simproc_line *line = simproc_ledger(place.sim, &n);

	for (size_t i = 0; i < n; i++)
		if (line[i].kind == SIMPROC_RESPONDENT &&
		    strcmp(line[i].ref, ref) == 0)
			return true;
	return false;
}

/* The service took one survey, ids[0], and not the others; it never answered. */
static void
test_nobody_knows(void **state)
{
	(void)state;
	place_export(&place, 1);
	place_clock(&place, "2026-12-01T07:00:00Z");
	(void)place_run(&place, DAY, 0, "run hourly --quiet");
	(void)place_run(&place, DAY, 0, "activate");
	place_export(&place, 2);
	(void)place_run(&place, EVENING, 0, "run hourly --quiet");
	simproc_tell(place.sim, "fault", "{\"kind\": \"cut_after_body\"}");
	simproc_tell(place.sim, "fault",
	    "{\"kind\": \"cut_before\", \"times\": 2, \"after\": 1}");
	place_clock(&place, "2026-12-02T02:10:00Z");
	(void)place_run(&place, NIGHT, -2, "run night --quiet");

	AUTO(db_result) struct db_result *r = ask(&test_ids, "unknown");
	assert_int_equal(db_rows(r), UNKNOWN);
	int taken = 0, left = 0;
	for (int i = 0; i < UNKNOWN; i++) {
		const bool there = is_at_service(db_text(r, i, 1));
		const int to = there ? 0 : 1 + left++;
		taken += there;
		assert_true(to < UNKNOWN);
		(void)snprintf(ids[to], sizeof(ids[to]), "%s", db_text(r, i, 0));
	}
	assert_int_equal(taken, 1);
	for (int i = 0; i < UNKNOWN; i++)
		is_now(ids[i], "unknown", true, "push from sending");
}

static void
test_words(void **state)
{
	static const struct { const char *args, *expect; } bad[] = {
		{ "%s", "expected one of --sent, --not-sent" },
		{ "%s --sent --not-sent", "expected one of --sent, --not-sent" },
		{ "--sent", "expected ids or a filter" },
	};
	char args[100];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		const char *hole = strstr(bad[i].args, "%s");
		(void)snprintf(args, sizeof(args), "%s%s",
		    hole == NULL ? "" : ids[0],
		    bad[i].args + (hole == NULL ? 0 : 2));
		says_one_line(resolve(64, args)->err, bad[i].expect);
	}
	/* Whoever does not say yes only counts. */
	(void)snprintf(args, sizeof(args), "%s %s --sent", ids[0], ids[1]);
	says(resolve(1, args)->out,
	    "2 rows would be changed; nothing was (--yes does it)");
	assert_int_equal(count_of("unknown"), UNKNOWN);
}

/* One that cannot be resolved refuses them all. */
static void
test_not_unknown(void **state)
{
	AUTO(db_result) struct db_result *r = ask(&test_ids, "sent");
	char args[100], sent[24];

	(void)state;
	assert_true(db_rows(r) > 0);
	(void)snprintf(sent, sizeof(sent), "%s", db_text(r, 0, 0));
	(void)snprintf(args, sizeof(args), "%s %s --not-sent --yes", ids[0], sent);
	says_one_line(resolve(1, args)->err, sent);
	assert_int_equal(count_of("unknown"), UNKNOWN);
	is_now(sent, "sent", true, "push from sending");
}

static void
test_sent(void **state)
{
	char args[100];

	(void)state;
	(void)snprintf(args, sizeof(args),
	    "%s --sent --yes --reason seen-at-the-service", ids[0]);
	says(resolve(0, args)->out, "1 row resolved");
	is_now(ids[0], "sent", true, "admin from unknown");
	is_now(ids[1], "unknown", true, "push from sending");
	/* Once is enough. */
	says_one_line(resolve(1, args)->err, ids[0]);
}

static void
test_not_sent(void **state)
{
	const int sent = count_of("sent");
	char args[100];

	(void)state;
	(void)snprintf(args, sizeof(args), "%s %s --not-sent --yes", ids[1],
	    ids[2]);
	says(resolve(0, args)->out, "2 rows resolved");
	is_now(ids[1], "failed", false, "admin from unknown");
	is_now(ids[2], "failed", false, "admin from unknown");
	assert_int_equal(count_of("unknown"), 0);
	assert_int_equal(count_of("sent"), sent);
}

static void
test_who_said_so(void **state)
{
	AUTO(db_result) struct db_result *r = ask(&test_said, NULL);

	(void)state;
	assert_int_equal(db_rows(r), 2);
	says(db_text(r, 0, 0), "1 rows: ");
	says(db_text(r, 0, 0), "seen-at-the-service");
	says(db_text(r, 1, 0), "2 rows: ");
}

/* The next nights believe it: nobody of them is sent anything once more. */
static void
test_next_night(void **state)
{
	size_t before, n;

	(void)state;
	(void)simproc_ledger(place.sim, &before);
	place_clock(&place, "2026-12-03T02:10:00Z");
	(void)place_run(&place, "2026-12-03T03:10", 0, "run night --quiet");
	const struct simproc_line *line = simproc_ledger(place.sim, &n);
	for (size_t i = before; i < n; i++)
		for (size_t k = 0; k < before; k++)
			if (line[i].kind == SIMPROC_RESPONDENT &&
			    line[k].kind == SIMPROC_RESPONDENT)
				assert_string_not_equal(line[i].email,
				    line[k].email);
	is_now(ids[0], "sent", true, "admin from unknown");
	is_now(ids[1], "failed", false, "admin from unknown");
}

static int
begin(void **state)
{
	if (places_begin(state) != 0)
		return -1;
	place_make(&place, "resolve", "resolve1", true);
	arena = arena_new(1 << 16);
	db = place_open_database(&place);
	return arena != NULL ? 0 : -1;
}

static int
end(void **state)
{
	db_close(db);
	arena_free(arena);
	place_free(&place);
	return places_end(state);
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nobody_knows),
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_not_unknown),
		cmocka_unit_test(test_sent),
		cmocka_unit_test(test_not_sent),
		cmocka_unit_test(test_who_said_so),
		cmocka_unit_test(test_next_night),
	};

	(void)argc;
	if (!place_find(argv[0]))
		return 1;
	return cmocka_run_group_tests_name("resolve", tests, begin, end);
}
