/*
 * What has been kept long enough goes, in batches; what proves that somebody
 * was met, asked or declined does not.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "fixture.h"
#include "stage_retention.h"

static void
begin(struct fixture *f)
{
	fixture_tenant(f);
	f->conf.retention.queue_days = 400;
	f->conf.retention.comment_days = 365;
	f->conf.retention.log_days = 90;
}

static long long
count(struct fixture *f, const char *table, const char *where)
{
	return fixture_int(f, "SELECT count(*) FROM npsync.%s t"
	    " WHERE t.tenant_id = $1 AND %s", table, where);
}

static long long
removed(const struct fixture *f, const char *what)
{
	return runlog_source(&f->log, "retention", what, "removed");
}

static bool
retain(struct fixture *f, struct err *err)
{
	return stage_retention(&f->stage, err);
}

static void
run(struct fixture *f)
{
	struct err err = { 0 };

	if (!retain(f, &err))
		fail_msg("%s", err.msg);
}

/* So many days before the clock. */
static const char *
ago(struct fixture *f, int days)
{
	char iso[32];

	return arena_printf(f->run, "timestamptz '%s'",
	    clock_iso(iso, clock_now() - (time_t)days * 86400));
}

/* ---- the queue ------------------------------------------------------------------ */
static long long
row(struct fixture *f, const char *card, const char *state, int days,
    int moved_days)
{
	const long long id = fixture_row(f, T_MEET, card, arena_printf(f->run,
	    "state = '%s', created_at = %s, version = 1, person ="
	    " ARRAY[convert_to('%s', 'UTF8')]", state, ago(f, days), card));

	fixture_exec(f, "INSERT INTO npsync.queue_history VALUES ($1::bigint,"
	    " %lld, 1, %s, 'x', NULL, 'queued', '%s', NULL)", id,
	    ago(f, moved_days), state);
	return id;
}

static void
test_ended_rows_go(void **state)
{
	static const struct {
		const char *state;
		bool goes;
	} cases[] = { { "queued", false }, { "suppressed", true },
		{ "expired", true }, { "excluded", true }, { "held", false },
		{ "sending", false }, { "sent", true }, { "deferred", false },
		{ "failed", true }, { "unknown", false } };
	struct fixture *f = *state;
	long long id[ARRAY_LEN(cases)];

	begin(f);
	assert_int_equal(ARRAY_LEN(cases), QUEUE_STATES);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		id[i] = row(f, cases[i].state, cases[i].state, 401, 401);
	/* A day younger, and moved a day ago. */
	(void)row(f, "young", "sent", 399, 399);
	(void)row(f, "moved", "sent", 900, 399);
	run(f);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		if (count(f, "queue", arena_printf(f->run, "queue_id = %lld",
		        id[i])) != !cases[i].goes)
			fail_msg("%s", cases[i].state);
	assert_int_equal(count(f, "queue", "contact_id IN ('young', 'moved')"),
	    2);
	assert_int_equal(removed(f, "queue"), 5);
	assert_int_equal(count(f, "queue_history", "NOT EXISTS (SELECT 1 FROM"
	    " npsync.queue q WHERE q.tenant_id = t.tenant_id AND q.queue_id ="
	    " t.queue_id)"), 0);
	/* The views still have what is left. */
	assert_int_equal(count(f, "v_log", "true"), 7);
}

static void
test_evidence_stays(void **state)
{
	struct fixture *f = *state;

	begin(f);
	(void)row(f, "a", "sent", 2000, 2000);
	fixture_exec(f, "INSERT INTO npsync.person_send VALUES ($1::bigint,"
	    " '\\x01', '2020-01-01', 'r', 'own', '4')");
	fixture_exec(f, "INSERT INTO npsync.opt_out VALUES ($1::bigint,"
	    " '\\x01', 'survey', 'all', '2020-01-01Z')");
	fixture_exec(f, "INSERT INTO npsync.event_seen SELECT tenant_id,"
	    " connector, trigger, event_id, false FROM npsync.queue WHERE"
	    " tenant_id = $1");
	run(f);
	assert_int_equal(count(f, "queue", "true"), 0);
	assert_int_equal(count(f, "person_send", "true"), 1);
	assert_int_equal(count(f, "opt_out", "true"), 1);
	assert_int_equal(count(f, "event_seen", "true"), 1);
}

/* More than a batch; a run that has lost its lease removes nothing. */
static void
test_batches(void **state)
{
	struct fixture *f = *state;
	struct err err = { 0 };

	begin(f);
	fixture_exec(f, "INSERT INTO npsync.queue (tenant_id, connector,"
	    " trigger, event_id, contact_id, occurred_at, created_at,"
	    " created_night, state, client_ref) SELECT $1, 'crm', 'meet', 'e' ||"
	    " i, 'c', %s, %s, '2024-01-01', 'sent', gen_random_uuid() FROM"
	    " generate_series(1, %d) i", ago(f, 500), ago(f, 500),
	    2 * RETENTION_BATCH + 7);
	run(f);
	assert_int_equal(removed(f, "queue"), 2 * RETENTION_BATCH + 7);
	assert_int_equal(count(f, "queue", "true"), 0);
	(void)row(f, "a", "sent", 500, 500);
	fixture_exec(f, "UPDATE npsync.tenant SET lease_until = '-infinity'"
	    " WHERE tenant_id = $1");
	(void)retain(f, &err);
	assert_int_equal(count(f, "queue", "true"), 1);
	fixture_takeover(f);
	f->tenant.renewed_ms = 0;
	(void)retain(f, &err);
	assert_int_equal(count(f, "queue", "true"), 1);
}

static bool
stopped(void)
{
	return true;
}

/* Stopped after one batch: the next night goes on. */
static void
test_goes_on(void **state)
{
	struct fixture *f = *state;
	struct err err = { 0 };

	begin(f);
	fixture_exec(f, "INSERT INTO npsync.queue (tenant_id, connector,"
	    " trigger, event_id, contact_id, occurred_at, created_at,"
	    " created_night, state, client_ref) SELECT $1, 'crm', 'meet', 'e' ||"
	    " i, 'c', %s, %s, '2024-01-01', 'sent', gen_random_uuid() FROM"
	    " generate_series(1, %d) i", ago(f, 500), ago(f, 500),
	    RETENTION_BATCH + 1);
	bool (*const before)(void) = f->stage.cancelled;
	f->stage.cancelled = stopped;
	assert_false(retain(f, &err));
	assert_int_equal(err.kind, ERR_CANCELLED);
	assert_int_equal(count(f, "queue", "true"), 1);
	f->stage.cancelled = before;
	run(f);
	assert_int_equal(count(f, "queue", "true"), 0);
}

/* ---- the others ------------------------------------------------------------------ */
static void
put_answer(struct fixture *f, const char *id, const char *card, int days)
{
	fixture_exec(f, "INSERT INTO npsync.answer (tenant_id, answer_id, score,"
	    " comment, answered_at, matched, connector, contact_id,"
	    " first_seen_at) VALUES ($1, '%s', 7, 'words', %s, 'card', 'crm',"
	    " '%s', %s)", id, ago(f, days), card, ago(f, days));
}

static void
test_comments(void **state)
{
	struct fixture *f = *state;

	begin(f);
	put_answer(f, "old", "a", 366);
	put_answer(f, "new", "a", 364);
	run(f);
	assert_string_equal(fixture_text(f, "SELECT string_agg(answer_id ||"
	    " score || coalesce(comment, '-'), ' ' ORDER BY answer_id) FROM"
	    " npsync.answer WHERE tenant_id = $1"), "new7words old7-");
	assert_int_equal(removed(f, "comments"), 1);
	assert_int_equal(count(f, "v_answers", "true"), 2);
}

static void
test_cards_that_are_gone(void **state)
{
	static const struct {
		const char *id, *set;
		bool goes;
	} cases[] = { { "gone", "gone = true", true },
		{ "here", "gone = false", false },
		{ "late", "gone = true, facts_at = now() + interval '1 d'", false },
		{ "merged", "gone = true, moved_to = 'here'", false },
		{ "waits", "gone = true", false },
		{ "asked", "gone = true", true },
		{ "said", "gone = true", false },
		{ "met", "gone = true, last_activity_on = '2026-05-01'", false },
		{ "quiet", "gone = true, last_activity_on = '2025-01-01'", true } };
	struct fixture *f = *state;

	begin(f);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		fixture_card(f, cases[i].id, arena_printf(f->run,
		    strstr(cases[i].set, "facts_at") != NULL ? "%s"
		    : "%s, facts_at = '2025-06-01Z'", cases[i].set));
	fixture_exec(f, "UPDATE npsync.contact SET facts_at = %s WHERE"
	    " tenant_id = $1 AND contact_id = 'late'", ago(f, 89));
	(void)row(f, "waits", "held", 10, 10);
	(void)row(f, "asked", "sent", 10, 10);
	put_answer(f, "x", "said", 100);
	fixture_exec(f, "INSERT INTO npsync.planned_activity VALUES"
	    " ($1::bigint, 'crm', 'gone', '1', '2026-09-01', 1), ($1::bigint,"
	    " 'crm', 'here', '2', '2026-09-01', 1)");
	run(f);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		if (count(f, "contact", arena_printf(f->run,
		        "contact_id = '%s'", cases[i].id)) != !cases[i].goes)
			fail_msg("%s", cases[i].id);
	assert_int_equal(removed(f, "contacts"), 3);
	assert_int_equal(count(f, "planned_activity", "true"), 1);
}

static void
test_runs_and_notes(void **state)
{
	struct fixture *f = *state;

	begin(f);
	fixture_exec(f, "INSERT INTO npsync.run (tenant_id, kind, night, epoch,"
	    " actor, settings_digest, started_at, result) SELECT $1, k,"
	    " '2026-01-01', 0, 'x', '0', timestamptz '2026-05-06Z' - d * interval"
	    " '1 day', r FROM (VALUES ('night', 95, 'ok'), ('night', 93, NULL),"
	    " ('night', 91, 'ok'), ('night', 5, 'failed'), ('hourly', 99, 'ok'),"
	    " ('hourly', 1, 'ok')) v(k, d, r)");
	fixture_exec(f, "INSERT INTO npsync.run_count SELECT tenant_id, run_id,"
	    " 's', '', 'seen', '', 1 FROM npsync.run WHERE tenant_id = $1");
	fixture_exec(f, "INSERT INTO npsync.quarantine VALUES ($1::bigint, 'crm',"
	    " 'f', 1, '', 'r', %s, %s, 1), ($1::bigint, 'crm', 'f', 2, '', 'r',"
	    " %s, %s, 1)", ago(f, 200), ago(f, 91), ago(f, 200), ago(f, 89));
	fixture_exec(f, "INSERT INTO npsync.effect VALUES ($1::bigint, 'mail',"
	    " 'a', '1', 'done', NULL, %s), ($1::bigint, 'mail', 'a', '2',"
	    " 'doing', NULL, %s)", ago(f, 401), ago(f, 401));
	fixture_exec(f, "INSERT INTO npsync.audit (tenant_id, at, actor, action,"
	    " subject) VALUES ($1, %s, 'x', 'y', 'old'), ($1, %s, 'x', 'y',"
	    " 'new')", ago(f, 401), ago(f, 399));
	fixture_exec(f, "INSERT INTO npsync.pause (tenant_id, trigger, until,"
	    " actor, at) VALUES ($1, 'sale', %s, 'x', %s), ($1, 'meet', %s, 'x',"
	    " %s), ($1, 'case', NULL, 'x', %s)", ago(f, 91), ago(f, 400),
	    ago(f, 89), ago(f, 400), ago(f, 400));
	run(f);
	/* The newest good one of each kind stays, whatever its age. */
	assert_string_equal(fixture_text(f, "SELECT string_agg(kind || ' ' ||"
	    " coalesce(result, '-'), ', ' ORDER BY started_at) FROM npsync.run"
	    " WHERE tenant_id = $1 AND epoch = 0"),
	    "night ok, night failed, hourly ok");
	assert_int_equal(count(f, "run_count", "NOT EXISTS (SELECT 1 FROM"
	    " npsync.run r WHERE r.tenant_id = t.tenant_id AND r.run_id ="
	    " t.run_id)"), 0);
	assert_int_equal(count(f, "quarantine", "line = 2"), 1);
	assert_int_equal(count(f, "quarantine", "true"), 1);
	assert_int_equal(count(f, "effect", "state = 'doing'"), 1);
	assert_int_equal(count(f, "effect", "true"), 1);
	assert_string_equal(fixture_text(f, "SELECT string_agg(subject, ' ') FROM"
	    " npsync.audit WHERE tenant_id = $1"), "new");
	assert_int_equal(removed(f, "runs"), 3);
	/* One without an end holds, however old. */
	assert_string_equal(fixture_text(f, "SELECT string_agg(trigger, ' '"
	    " ORDER BY trigger) FROM npsync.pause WHERE tenant_id = $1"),
	    "case meet");
	assert_int_equal(removed(f, "pauses"), 1);
}

/* ---- old deals, edited --------------------------------------------------------------- */
#define DEALS 10000

static void
put_deals(struct fixture *f, bool baseline, long long *fresh)
{
	const struct cursor_move move = { .tenant_id = f->tenant.id,
		.connector = "crm", .stream = "events", .pass = 1,
		.now = clock_now(), .epoch = f->tenant.epoch };
	struct event_page page;
	struct err err = { 0 };

	*fresh = 0;
	event_page_init(&page);
	for (int i = 0; i < DEALS; i++) {
		AUTO(db_result) struct db_result *r = NULL;
		char id[24];
		(void)snprintf(id, sizeof(id), "deal-%d", i);
		const struct crm_event ev = { .trigger = "sale", .event_id = id,
			.contact_id = "c", .occurred_at = clock_now() - 86400,
			.transition_at = clock_now() - 86400 };
		assert_true(event_page_add(&page, &ev, NO_DAY, &err));
		if (page.n < PAGE_ROWS_MAX && i < DEALS - 1)
			continue;
		if (!event_page_send(&page, f->db, &move, baseline,
		        f->stage.night, f->scratch, &err) ||
		    !db_finish(f->db, &r, &err))
			fail_msg("%s", err.msg);
		*fresh += db_int(r, 0, 2);
		arena_reset(f->scratch);
	}
	event_page_free(&page);
}

/* L4: closed before the first run, edited after it, and once more when the
 * queue has forgotten everything. */
static void
test_old_deals_edited(void **state)
{
	struct fixture *f = *state;
	long long fresh;

	begin(f);
	put_deals(f, true, &fresh);
	assert_int_equal(fresh, 0);
	fixture_night(f, 20260507);
	put_deals(f, false, &fresh);
	assert_int_equal(fresh, 0);
	fixture_night(f, 20270901);
	run(f);
	put_deals(f, false, &fresh);
	assert_int_equal(fresh, 0);
	assert_int_equal(count(f, "queue", "true"), 0);
	assert_int_equal(count(f, "event_seen", "true"), DEALS);
}

/* Those that were queued once: no row is left, and none comes again. */
static void
test_new_deals_edited_after_retention(void **state)
{
	struct fixture *f = *state;
	long long fresh;

	begin(f);
	put_deals(f, false, &fresh);
	assert_int_equal(fresh, DEALS);
	fixture_exec(f, "UPDATE npsync.queue SET state = 'sent' WHERE tenant_id"
	    " = $1");
	fixture_night(f, 20270901);
	run(f);
	assert_int_equal(removed(f, "queue"), DEALS);
	put_deals(f, false, &fresh);
	assert_int_equal(fresh, 0);
	assert_int_equal(count(f, "queue", "true"), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ended_rows_go),
		cmocka_unit_test(test_evidence_stays),
		cmocka_unit_test(test_batches),
		cmocka_unit_test(test_goes_on),
		cmocka_unit_test(test_comments),
		cmocka_unit_test(test_cards_that_are_gone),
		cmocka_unit_test(test_runs_and_notes),
		cmocka_unit_test(test_old_deals_edited),
		cmocka_unit_test(test_new_deals_edited_after_retention),
	};

	return cmocka_run_group_tests(tests, fixture_start, fixture_stop);
}
