/*
 * The rules that count: frequency by scope, company cap, flood, budget, the
 * night's cap, and the alarms that floods and budget raise.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "alarm.h"
#include "fixture.h"

/* ---- frequency -------------------------------------------------------------- */
static struct conf_frequency rule;
static const char *const relation_ids[] = { "4", "5" };
static const struct conf_programme programmes[] = {
	{ .name = "relation", .campaigns = { relation_ids, 2 } },
};

static void
frequency(struct fixture *f, int scope, int max, int days, int from)
{
	fixture_tenant(f);
	f->conf.rules.throttle_days = 1;
	f->conf.programmes = (struct grouplist){ programmes, 1 };
	rule = (struct conf_frequency){ scope, max, days, from };
	f->conf.rules.frequency = (struct grouplist){ &rule, 1 };
	fixture_card(f, "anna", NULL);
}

static void
sent(struct fixture *f, const char *day, const char *campaign)
{
	/* One send, as its two keys tell it. */
	fixture_exec(f, "INSERT INTO npsync.person_send (tenant_id, person_key,"
	    " sent_on, ref, source, campaign) SELECT $1, k::bytea, '%s',"
	    " 'r%s%s', 'own', '%s' FROM unnest(ARRAY['anna', 'card:anna']) k", day,
	    day, campaign, campaign);
}

/* Of a meeting, campaign 4. */
static bool
stops(struct fixture *f)
{
	const long long row = fixture_row(f, T_MEET, "anna", NULL);
	const char *preview = fixture_preview(f, row);
	const char *explain = fixture_explain(f, row);

	fixture_decide(f);
	const bool blocked = strcmp(fixture_state(f, row), "due") != 0;
	assert_string_equal(preview, blocked ? "throttled" : "go");
	assert_string_equal(explain, blocked ? "throttled" : "");
	return blocked;
}

/* The row was due before the evidence came in (T1). */
static bool
stops_the_claim(struct fixture *f)
{
	fixture_exec(f, "UPDATE npsync.queue SET state = 'queued', reason = NULL,"
	    " due_night = '2026-05-06', due_rank = 1, person ="
	    " ARRAY['anna', 'card:anna']::bytea[] WHERE tenant_id = $1");
	return fixture_claim(f, 8, NULL) == 0;
}

static void
test_frequency_scopes(void **state)
{
	static const struct {
		int scope;
		const char *campaign;
		bool stops;
	} cases[] = {
		{ SCOPE_ANY, "1", true }, { SCOPE_ANY, "4", true },
		{ SCOPE_PROGRAMME, "5", true }, { SCOPE_PROGRAMME, "4", true },
		{ SCOPE_PROGRAMME, "1", false },
		{ SCOPE_CAMPAIGN, "5", false }, { SCOPE_CAMPAIGN, "4", true },
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		frequency(f, cases[i].scope, 1, 365, FROM_SEND);
		sent(f, "2025-05-07", cases[i].campaign);
		if (stops(f) != cases[i].stops ||
		    stops_the_claim(f) != cases[i].stops)
			fail_msg("scope %d, campaign %s", cases[i].scope,
			    cases[i].campaign);
		frequency(f, cases[i].scope, 1, 365, FROM_SEND);
		sent(f, "2025-05-06", cases[i].campaign);
		assert_false(stops(f));
		assert_false(stops_the_claim(f));
	}
}

/* Two in 90 days: one is not enough, however many keys tell of it. */
static void
test_frequency_counts_sends(void **state)
{
	struct fixture *f = *state;

	frequency(f, SCOPE_ANY, 2, 90, FROM_SEND);
	sent(f, "2026-04-01", "1");
	assert_false(stops(f));
	assert_false(stops_the_claim(f));
	frequency(f, SCOPE_ANY, 2, 90, FROM_SEND);
	sent(f, "2026-04-01", "1");
	sent(f, "2026-03-01", "1");
	assert_true(stops(f));
	assert_true(stops_the_claim(f));
	frequency(f, SCOPE_ANY, 2, 90, FROM_SEND);
	sent(f, "2026-04-01", "1");
	sent(f, "2026-02-05", "1");
	assert_false(stops(f));
	assert_false(stops_the_claim(f));
}

static void
answered(struct fixture *f, const char *set)
{
	fixture_exec(f, "INSERT INTO npsync.answer (tenant_id, answer_id,"
	    " campaign_id, score, answered_at, address_key, matched,"
	    " first_seen_at) VALUES ($1, 'a1', '4', 9, '2026-04-06 22:00Z',"
	    " 'nobody', 'none', '2026-04-07Z')");
	fixture_exec(f, "UPDATE npsync.answer SET %s WHERE tenant_id = $1", set);
}

/* Local days: 22:00Z of 6 April is 7 April here, 29 days before the night. */
static void
test_frequency_of_answers(void **state)
{
	static const struct {
		int days;
		const char *set;
		bool stops;
	} cases[] = {
		{ 30, "address_key = 'anna'", true },
		{ 30, "connector = 'crm', contact_id = 'anna'", true },
		{ 30, "contact_id = 'anna', connector = 'crm2'", false },
		{ 30, "score = 9", false },
		{ 29, "address_key = 'anna'", false },
		{ 30, "address_key = 'anna', campaign_id = '5'", false },
		{ 30, "address_key = 'anna', answered_at = '2026-04-06 21:59:59Z'",
		    false },
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		frequency(f, SCOPE_CAMPAIGN, 1, cases[i].days, FROM_ANSWER);
		answered(f, cases[i].set);
		if (stops(f) != cases[i].stops)
			fail_msg("answer %zu", i);
	}
}

/* The limit that ends last is named, and the day it ends. */
static void
test_frequency_fact(void **state)
{
	struct fixture *f = *state;
	AUTO(db_result) struct db_result *r = NULL;
	struct err err = { 0 };
	int row = 0;

	frequency(f, SCOPE_CAMPAIGN, 1, 100, FROM_SEND);
	f->conf.rules.throttle_days = 30;
	sent(f, "2026-05-01", "1");
	sent(f, "2026-03-01", "4");
	const long long id = fixture_row(f, T_MEET, "anna", NULL);
	const struct rules_night night = fixture_rules_night(f);
	assert_true(decide_explain(f->db, &f->conf, &night, id, f->scratch, &r,
	    &err));
	while (strcmp(db_text(r, row, 0), "throttled") != 0)
		row++;
	assert_string_equal(db_text(r, row, 2),
	    "until 2026-06-09, asked 2026-03-01 '4'");
	assert_string_equal(db_text(r, row, 3), "2026-06-09");
	/* Every rule once, in the order in which the first is kept. */
	assert_int_equal(db_rows(r), 28);
	for (int i = 0; i < 28; i++)
		assert_string_equal(db_text(r, i, 0), rules_reasons[i]);
	/* What passes will not change by itself. */
	assert_true(db_is_null(r, 0, 3));
}

/* ---- company cap ------------------------------------------------------------ */
/* n people of company K and m due rows before them. */
static void
company(struct fixture *f, int max)
{
	fixture_tenant(f);
	f->conf.rules.company_max = max;
	f->conf.rules.company_days = 7;
}

static long long
of_company(struct fixture *f, const char *id, const char *house)
{
	char set[64];

	(void)snprintf(set, sizeof(set), "company_id = %s", house);
	fixture_card(f, id, set);
	return fixture_row(f, T_MEET, id, NULL);
}

static void
visited(struct fixture *f, const char *night, const char *state)
{
	(void)fixture_row(f, T_SALE, NULL, "trigger = 'sale'");
	fixture_exec(f, "UPDATE npsync.queue SET state = '%s', due_night = '%s',"
	    " company_id = 'K' WHERE tenant_id = $1 AND contact_id = ''"
	    " AND state = 'queued'", state, night);
}

/* The first two by rank go; who names no company is not counted. */
static void
test_company_places(void **state)
{
	static const char *const ids[] = { "a", "b", "c", "d" };
	struct fixture *f = *state;
	long long row[4];
	const char *foretold[4];

	company(f, 2);
	for (size_t i = 0; i < 4; i++)
		row[i] = of_company(f, ids[i], "'K'");
	const long long other = of_company(f, "x", "'L'");
	const long long none = of_company(f, "y", "NULL");
	for (size_t i = 0; i < 4; i++)
		foretold[i] = fixture_preview(f, row[i]);
	assert_string_equal(fixture_explain(f, row[1]), "");
	assert_string_equal(fixture_explain(f, row[2]), "company_cap");
	fixture_decide(f);
	for (size_t i = 0; i < 4; i++) {
		assert_string_equal(foretold[i], i < 2 ? "go" : "company_cap");
		assert_string_equal(fixture_state(f, row[i]), i < 2 ? "due"
		    : "suppressed company_cap");
	}
	assert_string_equal(fixture_state(f, other), "due");
	assert_string_equal(fixture_state(f, none), "due");
	/* By a second decide of the night the two have their places. */
	const long long late = of_company(f, "z", "'K'");
	fixture_decide(f);
	assert_string_equal(fixture_state(f, late), "suppressed company_cap");
	/* At the transfer the row takes its company along. */
	assert_int_equal(fixture_claim(f, 8, NULL), 4);
	assert_int_equal(fixture_int(f, "SELECT count(*) FROM npsync.queue"
	    " WHERE tenant_id = $1 AND company_id = 'K' AND state = 'sending'"),
	    2);
}

static void
test_company_history(void **state)
{
	static const struct {
		const char *night, *state;
		bool counts;
	} cases[] = {
		{ "2026-05-05", "sent", true }, { "2026-04-30", "sent", true },
		{ "2026-04-29", "sent", false }, { "2026-05-05", "unknown", true },
		{ "2026-05-05", "sending", true }, { "2026-05-05", "failed", false },
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		company(f, 1);
		visited(f, cases[i].night, cases[i].state);
		const long long row = of_company(f, "a", "'K'");
		const char *preview = fixture_preview(f, row);
		fixture_decide(f);
		if ((strcmp(fixture_state(f, row), "due") != 0) !=
		    cases[i].counts)
			fail_msg("%s %s", cases[i].night, cases[i].state);
		assert_string_equal(preview, cases[i].counts ? "company_cap"
		    : "go");
	}
	company(f, 0);
	visited(f, "2026-05-05", "sent");
	const long long row = of_company(f, "a", "'K'");
	fixture_decide(f);
	assert_string_equal(fixture_state(f, row), "due");
}

/* Deferred as the throttled are; the person's other row does not step in. */
static void
test_company_defer(void **state)
{
	struct fixture *f = *state;

	company(f, 1);
	f->trigger[T_MEET].on_throttle = ON_THROTTLE_DEFER;
	visited(f, "2026-05-01", "sent");
	const long long row = of_company(f, "a", "'K'");
	fixture_decide(f);
	assert_string_equal(fixture_state(f, row), "deferred company_cap");
	fixture_night(f, 20260508);
	fixture_decide(f);
	assert_string_equal(fixture_state(f, row), "due");

	company(f, 1);
	(void)of_company(f, "first", "'K'");
	const long long lost = of_company(f, "a", "'K'");
	fixture_card(f, "twin", "person = ARRAY['a'::bytea]");
	const long long twin = fixture_row(f, T_MEET, "twin", NULL);
	assert_string_equal(fixture_preview(f, twin), "wait");
	fixture_decide(f);
	assert_string_equal(fixture_state(f, lost), "suppressed company_cap");
	assert_string_equal(fixture_state(f, twin), "deferred duplicate_person");
	fixture_night(f, 20260507);
	fixture_decide(f);
	assert_string_equal(fixture_state(f, twin), "due");
	fixture_assert_history(f);
}

/* ---- flood: L1, L2, L5 to L7 --------------------------------------------------- */
static void
flood_rules(struct fixture *f)
{
	fixture_tenant(f);
	f->conf.rules.flood_floor = 20;
	f->conf.rules.flood_factor = 5;
}

static void
rows(struct fixture *f, const char *trigger, int n, const char *day)
{
	fixture_exec(f, "INSERT INTO npsync.contact (tenant_id, connector,"
	    " contact_id, address_state, person, facts_at) SELECT $1, 'crm',"
	    " '%s%s' || i, 'ok', ARRAY['%s%s' || i]::bytea[], 'infinity'"
	    " FROM generate_series(1, %d) i", trigger, day, trigger, day, n);
	fixture_exec(f, "INSERT INTO npsync.queue (tenant_id, connector, trigger,"
	    " event_id, contact_id, occurred_at, created_at, created_night,"
	    " client_ref) SELECT $1, 'crm', '%s', '%s' || i, '%s%s' || i,"
	    " '%s 10:00Z', '2026-05-05 11:00Z', '2026-05-05', gen_random_uuid()"
	    " FROM generate_series(1, %d) i", trigger, day, trigger, day, day, n);
}

/* n sends of a trigger in a night long ago. */
static void
usual(struct fixture *f, const char *trigger, const char *night, int n)
{
	fixture_exec(f, "INSERT INTO npsync.queue (tenant_id, connector, trigger,"
	    " event_id, contact_id, occurred_at, created_at, created_night, state,"
	    " due_night, client_ref) SELECT $1, 'crm', '%s', '%s/' || i, 'u',"
	    " '%s', '%s', '%s', CASE i %% 3 WHEN 0 THEN 'unknown' ELSE 'sent' END,"
	    " '%s', gen_random_uuid() FROM generate_series(1, %d) i", trigger,
	    night, night, night, night, night, n);
}

static long long
how_many(struct fixture *f, const char *state)
{
	return fixture_int(f, "SELECT count(*) FROM npsync.queue WHERE"
	    " tenant_id = $1 AND state || coalesce(' ' || reason, '') = '%s'"
	    " AND decided_night = '2026-05-06'", state);
}

static void
eight_a_night(struct fixture *f)
{
	char night[16];

	for (int i = 0; i < 14; i++)
		usual(f, "meet", day_iso(night, day_add(20260401, 2 * i)),
		    i % 2 == 0 ? 8 : i < 7 ? 2 : 12);
}

static void
test_flood_limit(void **state)
{
	struct fixture *f = *state;

	/* L1: those with old days do not count. */
	flood_rules(f);
	eight_a_night(f);
	rows(f, "meet", 220, "2024-05-05");
	rows(f, "meet", 40, "2026-05-05");
	fixture_decide(f);
	assert_int_equal(how_many(f, "suppressed too_old"), 220);
	assert_int_equal(how_many(f, "queued"), 40);
	/* L2 */
	flood_rules(f);
	eight_a_night(f);
	rows(f, "meet", 220, "2024-05-05");
	rows(f, "meet", 41, "2026-05-05");
	fixture_decide(f);
	assert_int_equal(how_many(f, "held flood"), 41);
	assert_int_equal(how_many(f, "queued"), 0);
	assert_int_equal(fixture_claim(f, 8, NULL), 0);
	fixture_exec(f, "DELETE FROM npsync.queue WHERE tenant_id = $1"
	    " AND decided_night IS NULL");
	fixture_assert_history(f);
}

/* L5, L6, L7; another trigger's rows are another matter. */
static void
test_flood_medians(void **state)
{
	static const struct {
		int median, n;
		bool held;
	} cases[] = {
		{ 0, 20, false }, { 0, 21, true }, { 2, 20, false }, { 2, 21, true },
		{ 6, 30, false }, { 6, 31, true },
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		flood_rules(f);
		if (cases[i].median > 0) {
			/* Nights without sends between, busier ones before. */
			for (int k = 0; k < 30; k++) {
				char night[16];
				usual(f, "sale", day_iso(night,
				    day_add(20260505, -3 * k)),
				    k < 14 ? cases[i].median : 30);
			}
			usual(f, "meet", "2026-05-05", 300);
		}
		rows(f, "sale", cases[i].n, "2026-05-05");
		rows(f, "case", 5, "2026-05-05");
		fixture_decide(f);
		if (how_many(f, "held flood") != (cases[i].held ? cases[i].n : 0))
			fail_msg("median %d, %d rows", cases[i].median,
			    cases[i].n);
		assert_int_equal(how_many(f, "queued"),
		    5 + (cases[i].held ? 0 : cases[i].n));
	}
	/* 0: no flood is one. */
	flood_rules(f);
	f->conf.rules.flood_floor = 0;
	rows(f, "sale", 500, "2026-05-05");
	fixture_decide(f);
	assert_int_equal(how_many(f, "queued"), 500);
}

static long long
times_analysed(struct fixture *f)
{
	return fixture_int(f, "SELECT analyze_count FROM"
	    " pg_catalog.pg_stat_all_tables WHERE schemaname = 'npsync' AND"
	    " relname = 'queue' AND $1::bigint > 0");
}

/* L3.  And the planner is told of so many, once: with the counts of before it
 * takes rows one by one with all others. */
static void
test_flood_of_old_meetings(void **state)
{
	struct fixture *f = *state;

	flood_rules(f);
	const long long before = times_analysed(f);
	rows(f, "meet", 10000, "2024-05-05");
	fixture_decide(f);
	const long long after = times_analysed(f);
	assert_true(after > before);
	assert_int_equal(how_many(f, "suppressed too_old"), 10000);
	(void)fixture_row(f, T_MEET, "anna", NULL);
	rows(f, "meet", 20, "2026-05-05");
	fixture_decide(f);
	const long long moved = times_analysed(f);
	assert_true(moved > after);
	fixture_decide(f);
	assert_int_equal(times_analysed(f), moved);
}

static const char *
alarm_of(struct fixture *f, const char *kind)
{
	return fixture_text(f, "SELECT subject || ' ' || state || CASE WHEN"
	    " told_at IS NULL THEN '' ELSE ' told' END FROM npsync.alarm"
	    " WHERE tenant_id = $1 AND kind = '%s'", kind);
}

/* Every row that is held, by a person. */
static void
release(struct fixture *f)
{
	long long ids[64];
	const size_t n = (size_t)fixture_int(f, "SELECT count(*) FROM"
	    " npsync.queue WHERE tenant_id = $1 AND state = 'held'");

	assert_in_range(n, 1, 64);
	fixture_ints(f, ids, n, "SELECT queue_id FROM npsync.queue"
	    " WHERE tenant_id = $1 AND state = 'held'");
	for (size_t i = 0; i < n; i++)
		assert_int_equal(fixture_move(f, ACTOR_ADMIN, ids[i], 0,
		    QUEUE_QUEUED), 1);
}

/* Released rows are no flood any more, and 20 new ones beside them are none. */
static void
test_flood_released(void **state)
{
	struct fixture *f = *state;

	flood_rules(f);
	rows(f, "meet", 21, "2026-05-05");
	fixture_decide(f);
	assert_int_equal(how_many(f, "held flood"), 21);
	assert_string_equal(alarm_of(f, "flood"), "meet raised");
	/* A run that was killed before it said so: the next one does. */
	fixture_exec(f, "DELETE FROM npsync.alarm WHERE tenant_id = $1");
	fixture_decide(f);
	assert_string_equal(alarm_of(f, "flood"), "meet raised");
	fixture_tell_alarms(f);
	/* The same state again: nobody is told twice. */
	rows(f, "meet", 21, "2026-05-04");
	fixture_decide(f);
	assert_int_equal(how_many(f, "held flood"), 42);
	assert_string_equal(alarm_of(f, "flood"), "meet raised told");
	release(f);
	rows(f, "meet", 20, "2026-05-03");
	fixture_decide(f);
	assert_int_equal(how_many(f, "queued"), 62);
	assert_string_equal(alarm_of(f, "flood"), "meet ok");
	fixture_tell_alarms(f);
	rows(f, "meet", 21, "2026-05-02");
	fixture_decide(f);
	assert_string_equal(alarm_of(f, "flood"), "meet raised");
	fixture_assert_history(f);
}

/* ---- budget and cap: U1 to U4 ------------------------------------------------- */
static void
spend(struct fixture *f, int n, const char *day, const char *source)
{
	fixture_exec(f, "INSERT INTO npsync.person_send (tenant_id, person_key,"
	    " sent_on, ref, source) SELECT $1, (k || i)::bytea, '%s', '%s' || i,"
	    " '%s' FROM generate_series(1, %d) i, unnest(ARRAY['x', 'y']) k", day,
	    day, source, n);
}

static void
test_budget(void **state)
{
	struct fixture *f = *state;

	/* U1 */
	fixture_tenant(f);
	f->conf.budget.year = 1000;
	spend(f, 900, "2026-01-01", "own");
	spend(f, 95, "2026-04-01", "foreign");
	spend(f, 50, "2025-12-31", "own");
	rows(f, "meet", 8, "2026-05-05");
	rows(f, "sale", 4, "2026-05-05");
	fixture_decide(f);
	assert_int_equal(how_many(f, "queued"), 5);
	assert_int_equal(fixture_int(f, "SELECT count(*) FROM npsync.queue WHERE"
	    " tenant_id = $1 AND trigger = 'sale' AND due_night IS NOT NULL"), 4);
	assert_int_equal(how_many(f, "suppressed over_budget"), 7);
	assert_string_equal(alarm_of(f, "budget"), " raised");
	fixture_tell_alarms(f);
	/* A second decide of the night: the five have their places. */
	rows(f, "sale", 1, "2026-05-04");
	fixture_decide(f);
	assert_int_equal(how_many(f, "suppressed over_budget"), 8);
	/* U2 */
	spend(f, 5, "2026-05-06", "own");
	fixture_night(f, 20260507);
	rows(f, "sale", 3, "2026-05-03");
	fixture_decide(f);
	assert_string_equal(alarm_of(f, "budget"), " raised told");
	/* Another year. */
	fixture_night(f, 20270104);
	fixture_decide(f);
	assert_string_equal(alarm_of(f, "budget"), " ok");

	fixture_tenant(f);
	f->conf.budget.year = 1000;
	f->conf.rules.count_foreign = false;
	spend(f, 999, "2026-01-01", "foreign");
	rows(f, "meet", 12, "2026-05-05");
	fixture_decide(f);
	assert_int_equal(how_many(f, "queued"), 12);
}

static void
test_night_max(void **state)
{
	struct fixture *f = *state;

	for (int n = 49; n <= 51; n++) {
		fixture_tenant(f);
		f->conf.rules.night_max = 50;
		rows(f, "meet", n, "2026-05-05");
		fixture_decide(f);
		assert_int_equal(how_many(f, "queued"), n > 50 ? 50 : n);
		assert_int_equal(how_many(f, "deferred over_cap"), n > 50);
		fixture_assert_history(f);
	}
	/* What this night has claimed counts; the next night has its own. */
	assert_int_equal(fixture_claim(f, 50, NULL), 50);
	rows(f, "sale", 1, "2026-05-05");
	fixture_decide(f);
	assert_int_equal(how_many(f, "deferred over_cap"), 2);
	fixture_night(f, 20260507);
	fixture_decide(f);
	assert_int_equal(fixture_int(f, "SELECT count(*) FROM npsync.queue WHERE"
	    " tenant_id = $1 AND due_night = '2026-05-07'"), 2);
	assert_string_equal(alarm_of(f, "budget"), "");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_frequency_scopes),
		cmocka_unit_test(test_frequency_counts_sends),
		cmocka_unit_test(test_frequency_of_answers),
		cmocka_unit_test(test_frequency_fact),
		cmocka_unit_test(test_company_places),
		cmocka_unit_test(test_company_history),
		cmocka_unit_test(test_company_defer),
		cmocka_unit_test(test_flood_limit),
		cmocka_unit_test(test_flood_medians),
		cmocka_unit_test(test_flood_of_old_meetings),
		cmocka_unit_test(test_flood_released),
		cmocka_unit_test(test_budget),
		cmocka_unit_test(test_night_max),
	};

	return cmocka_run_group_tests(tests, fixture_start, fixture_stop);
}
