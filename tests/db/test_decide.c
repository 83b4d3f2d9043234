/*
 * Who may be asked.  Each reason has a row that it stops and twins that differ
 * in one fact and go; for every row preview and explain must have said before
 * what decide then did.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "fixture.h"

/* ---- one row, one verdict --------------------------------------------------- */
struct side {
	const char *card, *row;	/* assignments; NULL = as the fixture has it */
	const char *sql;
	void (*conf)(struct fixture *f);
};
struct rule_case {
	const char *name;
	enum fixture_trigger trigger;
	const char *state;	/* of the row that is hit */
	struct side hit, twin;
};

static void
assert_foretold(const char *state, const char *preview, const char *explain)
{
	const char *blank = strchr(state, ' ');

	if (strcmp(state, "due") == 0) {
		assert_string_equal(preview, "go");
		assert_string_equal(explain, "");
		return;
	}
	assert_non_null(blank);
	assert_string_equal(preview, blank + 1);
	assert_string_equal(explain, blank + 1);
}

static const char *
judge(struct fixture *f, enum fixture_trigger trigger, const struct side *side)
{
	fixture_tenant(f);
	if (side->conf != NULL)
		side->conf(f);
	fixture_card(f, "anna", side->card);
	const long long row = fixture_row(f, trigger, "anna", side->row);
	if (side->sql != NULL)
		fixture_exec(f, "%s", side->sql);
	const char *preview = fixture_preview(f, row);
	const char *explain = fixture_explain(f, row);
	fixture_decide(f);
	const char *state = fixture_state(f, row);
	assert_foretold(state, preview, explain);
	fixture_assert_history(f);
	return state;
}

static void
run_cases(struct fixture *f, const struct rule_case *cases, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const struct rule_case *c = &cases[i];
		const char *state = judge(f, c->trigger, &c->hit);
		if (strcmp(state, c->state) != 0)
			fail_msg("%s: expected %s, got %s", c->name, c->state, state);
		state = judge(f, c->trigger, &c->twin);
		if (strcmp(state, "due") != 0)
			fail_msg("%s: expected the twin to go, got %s", c->name, state);
	}
}

static void
conf_off(struct fixture *f)
{
	f->trigger[T_MEET].enabled = false;
}

static void
conf_skip_roles(struct fixture *f)
{
	f->conf.rules.role_address = "skip";
}

static void
conf_consent(struct fixture *f)
{
	f->trigger[T_MEET].require_consent = true;
}

static void
conf_consent_elsewhere(struct fixture *f)
{
	f->trigger[T_SALE].require_consent = true;
}

static void
conf_no_campaign(struct fixture *f)
{
	f->trigger[T_MEET].n_campaigns = 0;
}

static void
conf_unknown_code(struct fixture *f)
{
	f->trigger[T_MEET].code = "training";
}

#define OPT_OUT(key) "INSERT INTO npsync.opt_out (tenant_id, person_key," \
	" source, at) VALUES ($1, '" key "', 'survey', '2026-01-01Z')"

static const struct rule_case facts[] = {
	{ "gone", T_MEET, "suppressed gone", { .card = "gone = true" }, { 0 } },
	{ "anonymised", T_MEET, "suppressed anonymised",
	    { .card = "anonymised = true" }, { 0 } },
	{ "trigger_off", T_MEET, "suppressed trigger_off",
	    { .conf = conf_off }, { 0 } },
	{ "trigger_off: no such trigger", T_MEET, "suppressed trigger_off",
	    { .conf = conf_unknown_code }, { 0 } },
	{ "trigger_off: another one", T_MEET, "suppressed trigger_off",
	    { .conf = conf_off }, { .row = "trigger = 'case'",
	    .conf = conf_off } },
	{ "internal", T_MEET, "suppressed internal",
	    { .card = "address_domain = 'npsync.example'" },
	    { .card = "address_domain = 'npsync.example.dk'" } },
	{ "left_company", T_MEET, "suppressed left_company",
	    { .card = "employed = false" }, { .card = "employed = true" } },
	{ "left_company: not known", T_MEET, "suppressed left_company",
	    { .card = "employed = false" }, { .card = "employed = NULL" } },
	{ "no_send", T_MEET, "suppressed no_send",
	    { .card = "no_send = true" }, { 0 } },
	{ "company_no_send", T_MEET, "suppressed company_no_send",
	    { .card = "company_no_send = true" }, { 0 } },
	{ "opted_out in the CRM", T_MEET, "suppressed opted_out",
	    { .card = "opted_out = true" }, { 0 } },
	{ "opted_out by address", T_MEET, "suppressed opted_out",
	    { .sql = OPT_OUT("anna") }, { .sql = OPT_OUT("bo") } },
	{ "opted_out by card", T_MEET, "suppressed opted_out",
	    { .sql = OPT_OUT("card:anna") }, { .sql = OPT_OUT("card:bo") } },
	{ "no_contact: none named", T_MEET, "suppressed no_contact",
	    { .row = "contact_id = ''" }, { 0 } },
	{ "no_contact: unknown", T_MEET, "suppressed no_contact",
	    { .row = "contact_id = 'ghost'" }, { 0 } },
	{ "no_contact: of another CRM", T_MEET, "suppressed no_contact",
	    { .row = "connector = 'crm2'" }, { 0 } },
	{ "no_address", T_MEET, "suppressed no_address",
	    { .card = "address_state = 'none'" }, { 0 } },
	{ "bad_address", T_MEET, "suppressed bad_address",
	    { .card = "address_state = 'bad'" }, { 0 } },
	{ "role_address", T_MEET, "suppressed role_address",
	    { .card = "role_address = true", .conf = conf_skip_roles },
	    { .card = "role_address = true" } },
	{ "role_address: a person's", T_MEET, "suppressed role_address",
	    { .card = "role_address = true", .conf = conf_skip_roles },
	    { .conf = conf_skip_roles } },
	{ "no_consent: refused", T_MEET, "suppressed no_consent",
	    { .card = "consent = false", .conf = conf_consent },
	    { .card = "consent = true", .conf = conf_consent } },
	{ "no_consent: not asked", T_MEET, "suppressed no_consent",
	    { .conf = conf_consent }, { .conf = conf_consent_elsewhere } },
	{ "no_campaign", T_MEET, "suppressed no_campaign",
	    { .conf = conf_no_campaign }, { 0 } },
};

static void
test_facts(void **state)
{
	run_cases(*state, facts, ARRAY_LEN(facts));
}

/* ---- filters: F1 to F5 ------------------------------------------------------ */
static const char *const only_categories[] = { "Kundepleje" };
static const char *const only_relations[] = { "Kunde", "Samarbejdspartner" };

static void
conf_categories(struct fixture *f)
{
	f->trigger[T_MEET].categories = (struct strlist){ only_categories,
		ARRAY_LEN(only_categories) };
}

static void
conf_relations(struct fixture *f)
{
	f->trigger[T_MEET].relations = (struct strlist){ only_relations,
		ARRAY_LEN(only_relations) };
}

static void
conf_both(struct fixture *f)
{
	conf_categories(f);
	conf_relations(f);
}

#define SUPPLIER "relation = 'Leverandør'"
#define PARTNER "relation = 'Samarbejdspartner'"
#define INTERNAL "category = 'Intern'"

static const struct rule_case filters[] = {
	{ "F1", T_MEET, "suppressed filtered",
	    { .row = INTERNAL, .conf = conf_both }, { .conf = conf_both } },
	{ "F2", T_MEET, "suppressed filtered",
	    { .card = SUPPLIER, .conf = conf_both },
	    { .card = PARTNER, .conf = conf_both } },
	{ "F4", T_MEET, "suppressed filtered",
	    { .card = SUPPLIER, .row = INTERNAL, .conf = conf_both },
	    { .card = SUPPLIER, .row = INTERNAL } },
	{ "F5", T_MEET, "suppressed filtered",
	    { .card = SUPPLIER, .row = INTERNAL, .conf = conf_categories },
	    { .card = SUPPLIER, .conf = conf_categories } },
	{ "relations alone", T_MEET, "suppressed filtered",
	    { .card = SUPPLIER, .row = INTERNAL, .conf = conf_relations },
	    { .row = INTERNAL, .conf = conf_relations } },
	{ "no category", T_MEET, "suppressed filtered",
	    { .row = "category = NULL", .conf = conf_categories },
	    { .row = "category = NULL", .conf = conf_relations } },
	{ "no relation", T_MEET, "suppressed filtered",
	    { .card = "relation = NULL", .conf = conf_relations },
	    { .card = "relation = NULL", .conf = conf_categories } },
	{ "case matters", T_MEET, "suppressed filtered",
	    { .row = "category = 'kundepleje'", .conf = conf_categories },
	    { .conf = conf_categories } },
	{ "another trigger", T_MEET, "suppressed filtered",
	    { .row = INTERNAL, .conf = conf_categories },
	    { .row = INTERNAL ", trigger = 'case'", .conf = conf_categories } },
};

static void
test_filters(void **state)
{
	run_cases(*state, filters, ARRAY_LEN(filters));
}

/* ---- age: L8, before_start -------------------------------------------------- */
#define STARTED "INSERT INTO npsync.cursor (tenant_id, connector, stream," \
	" first_completed_at) VALUES ($1, 'crm', 'events', '2026-05-05 12:00+02')"
#define LONG_AGO "occurred_at = '2026-03-07 12:00+01', "

static const struct rule_case ages[] = {
	{ "meeting, 8 days / 7", T_MEET, "suppressed too_old",
	    { .row = "occurred_at = '2026-04-28 23:59:59+02'" },
	    { .row = "occurred_at = '2026-04-29 00:00+02'" } },
	{ "meeting: a late closing does not help", T_MEET, "suppressed too_old",
	    { .row = "occurred_at = '2026-04-28 12:00+02',"
	        " transition_at = '2026-05-05 12:00+02'" },
	    { .row = "transition_at = '2026-05-05 12:00+02'" } },
	{ "won, 15 days since the transition / 14", T_SALE, "suppressed too_old",
	    { .row = LONG_AGO "transition_at = '2026-04-21 23:59:59+02'" },
	    { .row = LONG_AGO "transition_at = '2026-04-22 00:00+02'" } },
	{ "won, no transition known", T_SALE, "suppressed too_old",
	    { .row = "occurred_at = '2026-04-21 23:59:59+02'" },
	    { .row = "occurred_at = '2026-04-22 00:00+02'" } },
	{ "lost, 15 days / 14", T_LOSS, "suppressed too_old",
	    { .row = LONG_AGO "transition_at = '2026-04-21 23:59:59+02'" },
	    { .row = LONG_AGO "transition_at = '2026-04-22 00:00+02'" } },
	{ "case, 4 days / 3", T_CASE, "suppressed too_old",
	    { .row = LONG_AGO "transition_at = '2026-05-02 23:59:59+02'" },
	    { .row = LONG_AGO "transition_at = '2026-05-03 00:00+02'" } },
	{ "silence has no age", T_MEET, "suppressed too_old",
	    { .row = "occurred_at = '2025-01-01Z'" },
	    { .row = "occurred_at = '2025-01-01Z', trigger = 'inact'" } },
	{ "before_start, by day", T_SALE, "suppressed before_start",
	    { .row = "transition_at = '2026-05-04 23:59:59+02'", .sql = STARTED },
	    { .row = "transition_at = '2026-05-05 00:00+02'", .sql = STARTED } },
	{ "before_start: no transition known", T_SALE, "suppressed before_start",
	    { .row = "transition_at = '2026-05-04 12:00+02'", .sql = STARTED },
	    { .row = "occurred_at = '2026-05-04 12:00+02'", .sql = STARTED } },
	{ "before_start: baseline not complete", T_SALE,
	    "suppressed before_start",
	    { .row = "transition_at = '2026-05-04 12:00+02'", .sql = STARTED },
	    { .row = "transition_at = '2026-05-04 12:00+02'" } },
};

static void
test_ages(void **state)
{
	run_cases(*state, ages, ARRAY_LEN(ages));
}

static const char *
after_easter(struct fixture *f, const char *occurred, bool push_ahead)
{
	fixture_tenant(f);
	fixture_night(f, 20260407);
	f->conf.calendar.push_ahead = push_ahead;
	fixture_card(f, "anna", NULL);
	const long long row = fixture_row(f, T_MEET, "anna", occurred);
	fixture_decide(f);
	return fixture_state(f, row);
}

/* H9: Maundy Thursday to Easter Monday made the rows wait. */
static void
test_closed_days_do_not_age(void **state)
{
	static const char on_26[] = "occurred_at = '2026-03-26 00:00+01'";
	static const char on_25[] = "occurred_at = '2026-03-25 23:59:59+01'";
	static const char on_31[] = "occurred_at = '2026-03-31 00:00+02'";
	static const char on_30[] = "occurred_at = '2026-03-30 23:59:59+02'";
	struct fixture *f = *state;

	assert_string_equal(after_easter(f, on_26, false), "due");
	assert_string_equal(after_easter(f, on_25, false), "suppressed too_old");
	assert_string_equal(after_easter(f, on_31, true), "due");
	assert_string_equal(after_easter(f, on_30, true), "suppressed too_old");
}

/* ---- silence: I6, I12, I13 --------------------------------------------------- */
#define PLANNED(card, day) "INSERT INTO npsync.planned_activity (tenant_id," \
	" connector, contact_id, activity_id, planned_on, pass)" \
	" VALUES ($1, 'crm', '" card "', 'a1', '" day "', 1)"
#define EPISODE "event_id = '2026-01-15/anna'"

static const struct rule_case silences[] = {
	{ "active_again", T_INACT, "suppressed active_again",
	    { .card = "last_activity_on = '2026-01-16'", .row = EPISODE },
	    { .card = "last_activity_on = '2026-01-15'", .row = EPISODE } },
	{ "active_again: a meeting's row", T_INACT, "suppressed active_again",
	    { .card = "last_activity_on = '2026-05-05'", .row = EPISODE },
	    { .card = "last_activity_on = '2026-05-05'",
	        .row = "trigger = 'meet'" } },
	{ "planned", T_INACT, "suppressed planned",
	    { .row = EPISODE, .sql = PLANNED("anna", "2026-05-06") },
	    { .row = EPISODE, .sql = PLANNED("anna", "2026-05-05") } },
	{ "planned: somebody else", T_INACT, "suppressed planned",
	    { .row = EPISODE, .sql = PLANNED("anna", "2026-05-08") },
	    { .row = EPISODE, .sql = PLANNED("bo", "2026-05-08") } },
	{ "planned: cancelled", T_INACT, "suppressed planned",
	    { .row = EPISODE, .sql = PLANNED("anna", "2026-05-08") },
	    { .row = EPISODE } },
	{ "planned: a meeting's row", T_INACT, "suppressed planned",
	    { .row = EPISODE, .sql = PLANNED("anna", "2026-05-08") },
	    { .row = "trigger = 'meet'", .sql = PLANNED("anna", "2026-05-08") } },
};

static void
test_silences(void **state)
{
	run_cases(*state, silences, ARRAY_LEN(silences));
}

/* I7: found in one night, sent in the next one, however close they are. */
static void
test_silence_waits_a_night(void **state)
{
	struct fixture *f = *state;

	fixture_tenant(f);
	fixture_night(f, 20260328);
	fixture_card(f, "anna", NULL);
	const long long row = fixture_row(f, T_INACT, "anna",
	    "created_night = '2026-03-28'");
	assert_string_equal(fixture_preview(f, row), "");
	/* Two runs of that night; the next one has 23 hours. */
	for (int run = 0; run < 2; run++) {
		fixture_decide(f);
		assert_string_equal(fixture_state(f, row), "queued");
	}
	fixture_night(f, 20260329);
	fixture_decide(f);
	assert_string_equal(fixture_state(f, row), "due");
}

/* ---- throttle: vectors section 3 ---------------------------------------------- */
static const char *
throttled_state(struct fixture *f, int sent_on, int night, int days)
{
	char day[16];

	fixture_tenant(f);
	fixture_night(f, night);
	f->conf.rules.throttle_days = days;
	fixture_card(f, "anna", NULL);
	fixture_exec(f, "INSERT INTO npsync.person_send (tenant_id, person_key,"
	    " sent_on, ref, source) VALUES ($1, 'anna', '%s', 'r', 'own')",
	    day_iso(day, sent_on));
	const long long row = fixture_row(f, T_MEET, "anna", NULL);
	const char *preview = fixture_preview(f, row);
	const char *explain = fixture_explain(f, row);
	fixture_decide(f);
	assert_foretold(fixture_state(f, row), preview, explain);
	return fixture_state(f, row);
}

static void
test_throttle_days(void **state)
{
	static const struct {
		int sent_on, night, days;
		bool blocks;
	} cases[] = {
		{ 20260101, 20260130, 30, true },
		{ 20260101, 20260131, 30, false },
		{ 20260227, 20260329, 30, false },
		{ 20260228, 20260329, 30, true },
		{ 20260925, 20261025, 30, false },
		{ 20260926, 20261025, 30, true },
		{ 20280201, 20280302, 30, false },
		{ 20271215, 20280114, 30, false },
		{ 20250301, 20260301, 365, false },
		{ 20250302, 20260301, 365, true },
		{ 20270601, 20280531, 365, false },
		{ 20270602, 20280531, 365, true },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		if ((strcmp(throttled_state(*state, cases[i].sent_on,
		        cases[i].night, cases[i].days), "due") != 0) !=
		    cases[i].blocks)
			fail_msg("sent %d, night %d: expected %s", cases[i].sent_on,
			    cases[i].night, cases[i].blocks ? "block" : "allow");
}

/* The same second is another day here than in UTC. */
static void
test_throttle_local_day(void **state)
{
	time_t at;

	assert_true(clock_parse_iso("2026-01-01T22:59:59Z", "UTC", &at));
	assert_string_equal(throttled_state(*state,
	    clock_day(FIXTURE_ZONE, at), 20260131, 30), "due");
	assert_true(clock_parse_iso("2026-01-01T23:00:00Z", "UTC", &at));
	assert_string_equal(throttled_state(*state,
	    clock_day(FIXTURE_ZONE, at), 20260131, 30), "suppressed throttled");
}

/* T1: the rule sees what was pushed seconds ago. */
static void
test_throttle_sees_this_night(void **state)
{
	struct fixture *f = *state;

	fixture_tenant(f);
	fixture_card(f, "anna", NULL);
	const long long sale = fixture_row(f, T_SALE, "anna", NULL);
	fixture_decide(f);
	assert_int_equal(fixture_claim(f, 8, NULL), 1);
	assert_string_equal(fixture_state(f, sale), "sending");
	const long long meet = fixture_row(f, T_MEET, "anna", NULL);
	fixture_decide(f);
	assert_string_equal(fixture_state(f, meet), "suppressed throttled");
}

/* T2, T3, T8: what became of the send. */
static const char *
after_outcome(struct fixture *f, enum queue_state outcome, int days)
{
	fixture_tenant(f);
	fixture_card(f, "anna", NULL);
	const long long first = fixture_row(f, T_MEET, "anna", NULL);
	fixture_decide(f);
	assert_int_equal(fixture_claim(f, 8, NULL), 1);
	assert_int_equal(fixture_move(f, ACTOR_PUSH, first, 1, outcome), 1);
	fixture_night(f, day_add(FIXTURE_NIGHT, days));
	const long long next = fixture_row(f, T_MEET, "anna", NULL);
	fixture_decide(f);
	fixture_assert_history(f);
	return fixture_state(f, next);
}

static void
test_throttle_by_outcome(void **state)
{
	struct fixture *f = *state;

	assert_string_equal(after_outcome(f, QUEUE_FAILED, 1), "due");
	assert_string_equal(after_outcome(f, QUEUE_SENT, 29),
	    "suppressed throttled");
	assert_string_equal(after_outcome(f, QUEUE_SENT, 30), "due");
	assert_string_equal(after_outcome(f, QUEUE_UNKNOWN, 29),
	    "suppressed throttled");
	assert_string_equal(after_outcome(f, QUEUE_UNKNOWN, 30), "due");
}

static long long
throttled_row(struct fixture *f, const char *sent_on, const char *source)
{
	fixture_exec(f, "INSERT INTO npsync.person_send (tenant_id, person_key,"
	    " sent_on, ref, source) VALUES ($1, 'anna', '%s', 'r', '%s')",
	    sent_on, source);
	fixture_card(f, "anna", NULL);
	return fixture_row(f, T_SALE, "anna", "created_night = '2026-05-06'");
}

static void
decide_in(struct fixture *f, int night)
{
	fixture_night(f, night);
	fixture_decide(f);
}

/* T6: drop / defer until allowed / defer for 7 days. */
static void
test_on_throttle(void **state)
{
	struct fixture *f = *state;

	fixture_tenant(f);
	long long row = throttled_row(f, "2026-04-10", "own");
	fixture_decide(f);
	decide_in(f, 20260510);
	assert_string_equal(fixture_state(f, row), "suppressed throttled");

	fixture_tenant(f);
	f->trigger[T_SALE].on_throttle = ON_THROTTLE_DEFER;
	row = throttled_row(f, "2026-04-10", "own");
	for (int day = 6; day <= 9; day++) {
		decide_in(f, 20260500 + day);
		assert_string_equal(fixture_state(f, row), "deferred throttled");
	}
	decide_in(f, 20260510);
	assert_string_equal(fixture_state(f, row), "due");
	fixture_assert_history(f);

	fixture_tenant(f);
	f->trigger[T_SALE].on_throttle = ON_THROTTLE_DEFER;
	row = throttled_row(f, "2026-05-01", "own");
	for (int day = 6; day <= 12; day++) {
		decide_in(f, 20260500 + day);
		assert_string_equal(fixture_state(f, row), "deferred throttled");
	}
	decide_in(f, 20260513);
	assert_string_equal(fixture_state(f, row), "expired throttled");
	fixture_assert_history(f);
}

/* T7 */
static void
test_throttle_foreign(void **state)
{
	struct fixture *f = *state;

	fixture_tenant(f);
	long long row = throttled_row(f, "2026-04-26", "foreign");
	assert_string_equal(fixture_preview(f, row), "throttled");
	fixture_decide(f);
	assert_string_equal(fixture_state(f, row), "suppressed throttled");

	fixture_tenant(f);
	f->conf.rules.count_foreign = false;
	row = throttled_row(f, "2026-04-26", "foreign");
	assert_string_equal(fixture_preview(f, row), "go");
	fixture_decide(f);
	assert_string_equal(fixture_state(f, row), "due");
	assert_int_equal(fixture_claim(f, 8, NULL), 1);
}

/* T9: the card is a key too. */
static void
test_throttle_follows_the_card(void **state)
{
	struct fixture *f = *state;

	fixture_tenant(f);
	fixture_card(f, "anna", NULL);
	const long long first = fixture_row(f, T_MEET, "anna", NULL);
	fixture_decide(f);
	assert_int_equal(fixture_claim(f, 8, NULL), 1);
	assert_int_equal(fixture_move(f, ACTOR_PUSH, first, 1, QUEUE_SENT), 1);
	fixture_exec(f, "UPDATE npsync.contact SET person[1] = 'new address'"
	    " WHERE tenant_id = $1");
	fixture_night(f, 20260516);
	const long long next = fixture_row(f, T_MEET, "anna", NULL);
	fixture_card(f, "bo", "person = ARRAY['new address'::bytea]");
	fixture_decide(f);
	assert_string_equal(fixture_state(f, next), "suppressed throttled");
	/* The control: the new address alone was not asked. */
	const long long other = fixture_row(f, T_MEET, "bo", NULL);
	fixture_decide(f);
	assert_string_equal(fixture_state(f, other), "due");
}

/* What a person reads: since when, until when, about what. */
static void
test_throttle_fact(void **state)
{
	struct fixture *f = *state;
	AUTO(db_result) struct db_result *r = NULL;
	struct err err = { 0 };

	fixture_tenant(f);
	const long long row = throttled_row(f, "2026-04-26", "own");
	fixture_exec(f, "UPDATE npsync.person_send SET campaign = '7749'"
	    " WHERE tenant_id = $1");
	fixture_exec(f, "INSERT INTO npsync.campaign VALUES"
	    " ($1, '7749', 'Møde', 'Møde', 'møde', NULL, true, '2026-01-01Z')");
	const struct rules_night night = fixture_rules_night(f);
	assert_true(decide_preview(f->db, &f->conf, &night, f->scratch, &r, &err));
	assert_int_equal(db_rows(r), 1);
	assert_string_equal(db_text(r, 0, PREVIEW_FACT),
	    "until 2026-05-26, asked 2026-04-26 'Møde'");
	fixture_decide(f);
	assert_string_equal(fixture_text(f, "SELECT detail FROM"
	    " npsync.queue_history WHERE tenant_id = $1 AND queue_id = %lld", row),
	    "throttled: until 2026-05-26, asked 2026-04-26 'Møde'");
}

/* Which of the CRM's flags it is. */
static void
test_opted_out_fact(void **state)
{
	struct fixture *f = *state;

	fixture_tenant(f);
	fixture_card(f, "anna", "opted_out = true, opted_out_by ="
	    " 'no mailings to the company'");
	const long long row = fixture_row(f, T_MEET, "anna", NULL);
	fixture_decide(f);
	assert_string_equal(fixture_text(f, "SELECT detail FROM"
	    " npsync.queue_history WHERE tenant_id = $1 AND queue_id = %lld", row),
	    "opted_out: no mailings to the company");
}

/* A CRM keeps a whole name, or its parts. */
static void
test_preview_names(void **state)
{
	static const char *const cards[] = { "full_name = 'Anna Holm'",
		"full_name = NULL, first_name = 'Bo', last_name = 'Dam'",
		"full_name = '', first_name = NULL, last_name = 'Ek'",
		"full_name = NULL" };
	static const char *const names[] = { "Anna Holm", "Bo Dam", "Ek", NULL };
	struct fixture *f = *state;
	AUTO(db_result) struct db_result *r = NULL;

	fixture_tenant(f);
	for (size_t i = 0; i < ARRAY_LEN(cards); i++) {
		char id[] = { (char)('a' + i), '\0' };
		fixture_card(f, id, cards[i]);
		(void)fixture_row(f, T_MEET, id, NULL);
	}
	const struct rules_night night = fixture_rules_night(f);
	assert_true(decide_preview(f->db, &f->conf, &night, f->scratch, &r,
	    NULL));
	assert_int_equal(db_rows(r), ARRAY_LEN(cards));
	for (int i = 0; i < db_rows(r); i++) {
		const char *name = names[db_text(r, i, PREVIEW_CONTACT)[0] - 'a'];
		const char *shown = db_text(r, i, PREVIEW_NAME);
		assert_int_equal(name == NULL, shown == NULL);
		if (name != NULL)
			assert_string_equal(shown, name);
	}
}

/* ---- duplicate persons: vectors section 7 --------------------------------------- */
struct pair {
	const char *name, *first, *second;
	const char *connector;	/* of the second card */
	bool same;
};

static void
judge_pair(struct fixture *f, const struct pair *p)
{
	char set[64];

	fixture_tenant(f);
	fixture_pull_card(f, "crm", "1", p->first);
	fixture_pull_card(f, p->connector, "2", p->second);
	const long long a = fixture_row(f, T_SALE, "1", NULL);
	(void)snprintf(set, sizeof(set), "connector = '%s'", p->connector);
	const long long b = fixture_row(f, T_MEET, "2", set);
	const char *preview = fixture_preview(f, b);
	const char *explain = fixture_explain(f, b);
	fixture_decide(f);
	assert_string_equal(fixture_state(f, a), "due");
	const char *got = fixture_state(f, b);
	assert_foretold(got, preview, explain);
	if (strcmp(got, p->same ? "suppressed duplicate_person" : "due") != 0)
		fail_msg("%s: got %s", p->name, got);
}

static void
test_duplicates(void **state)
{
	static const struct pair pairs[] = {
		{ "D1", "A.B@X.dk", "a.b@x.dk ", "crm", true },
		{ "D2 dots", "a.b@x.dk", "ab@x.dk", "crm", false },
		{ "D2 plus", "a+crm@x.dk", "a@x.dk", "crm", false },
		{ "D3", "a@x.dk", "a@x.dk", "crm2", true },
		{ "D4 NFC, NFD", "bj\xc3\xb6rn@x.dk", "bjo\xcc\x88rn@x.dk", "crm",
		    true },
		{ "D4 IDN", "a@b\xc3\xb8rn.dk", "a@xn--brn-0na.dk", "crm", true },
	};

	for (size_t i = 0; i < ARRAY_LEN(pairs); i++)
		judge_pair(*state, &pairs[i]);
}

/* D5: one mobile number, two addresses. */
static void
test_one_number(void **state)
{
	struct fixture *f = *state;

	for (int by_phone = 0; by_phone < 2; by_phone++) {
		const struct crm_contact cards[] = {
			{ .contact_id = "1", .email = "a@x.dk",
			    .mobile = "+45 20 12 34 56", .consent_at = NO_TIME },
			{ .contact_id = "2", .email = "b@x.dk",
			    .mobile = "20123456", .consent_at = NO_TIME },
			{ .contact_id = "3", .email = "c@x.dk",
			    .mobile = "20123457", .consent_at = NO_TIME } };
		long long row[3];
		fixture_tenant(f);
		for (size_t i = 0; i < 3; i++) {
			fixture_pull_contact(f, "crm", &cards[i], by_phone != 0);
			row[i] = fixture_row(f, T_MEET, cards[i].contact_id, NULL);
		}
		fixture_decide(f);
		assert_string_equal(fixture_state(f, row[0]), "due");
		assert_string_equal(fixture_state(f, row[1]), by_phone != 0
		    ? "suppressed duplicate_person" : "due");
		assert_string_equal(fixture_state(f, row[2]), "due");
	}
}

/* D6: one address on five cards. */
static void
test_role_on_five_cards(void **state)
{
	static const char *const ids[] = { "1", "2", "3", "4", "5" };
	struct fixture *f = *state;

	for (int skip = 0; skip < 2; skip++) {
		fixture_tenant(f);
		if (skip != 0)
			conf_skip_roles(f);
		for (size_t i = 0; i < ARRAY_LEN(ids); i++) {
			fixture_pull_card(f, "crm", ids[i], "info@x.dk");
			(void)fixture_row(f, T_MEET, ids[i], NULL);
		}
		fixture_decide(f);
		assert_int_equal(runlog_get(&f->log, "decide", "due"),
		    skip != 0 ? 0 : 1);
		assert_int_equal(fixture_int(f, "SELECT count(*) FROM npsync.queue"
		    " WHERE tenant_id = $1 AND reason = '%s'", skip != 0
		    ? "role_address" : "duplicate_person"), skip != 0 ? 5 : 4);
	}
}

/* D8: A beats B, B would beat C. */
static void
test_chain(void **state)
{
	struct fixture *f = *state;
	char *preview[3];

	fixture_tenant(f);
	fixture_card(f, "a", "person = ARRAY['a', 'number']::bytea[]");
	fixture_card(f, "b", "person = ARRAY['shared', 'number']::bytea[]");
	fixture_card(f, "c", "person = ARRAY['shared', 'c']::bytea[]");
	const long long rows[] = { fixture_row(f, T_SALE, "a", NULL),
		fixture_row(f, T_LOSS, "b", NULL), fixture_row(f, T_SALE, "c",
		"trigger = 'case'") };
	for (int i = 0; i < 3; i++)
		preview[i] = arena_strdup(f->run, fixture_preview(f, rows[i]));
	assert_string_equal(preview[0], "go");
	assert_string_equal(preview[1], "duplicate_person");
	assert_string_equal(preview[2], "wait");
	fixture_decide(f);
	assert_string_equal(fixture_state(f, rows[0]), "due");
	assert_string_equal(fixture_state(f, rows[1]),
	    "suppressed duplicate_person");
	assert_string_equal(fixture_state(f, rows[2]),
	    "deferred duplicate_person");
	assert_int_equal(fixture_claim(f, 8, NULL), 1);
	assert_int_equal(fixture_move(f, ACTOR_PUSH, rows[0], 1, QUEUE_SENT), 1);
	fixture_decide(f);
	assert_string_equal(fixture_state(f, rows[2]),
	    "deferred duplicate_person");
	decide_in(f, 20260507);
	assert_string_equal(fixture_state(f, rows[2]), "due");
	fixture_assert_history(f);
}

/* A row that came in after decide loses to the one that is due already. */
static void
test_due_already_wins(void **state)
{
	struct fixture *f = *state;

	fixture_tenant(f);
	fixture_card(f, "anna", NULL);
	const long long meet = fixture_row(f, T_MEET, "anna", NULL);
	fixture_decide(f);
	const long long sale = fixture_row(f, T_SALE, "anna", NULL);
	fixture_decide(f);
	assert_string_equal(fixture_state(f, meet), "due");
	assert_string_equal(fixture_state(f, sale), "suppressed duplicate_person");
	/* By another key the person was asked before: that reason comes first. */
	fixture_card(f, "bo", "person = ARRAY['anna', 'asked']::bytea[]");
	fixture_exec(f, "INSERT INTO npsync.person_send (tenant_id, person_key,"
	    " sent_on, ref, source) VALUES ($1, 'asked', '2026-05-01', 'r', 'own')");
	const long long other = fixture_row(f, T_SALE, "bo", NULL);
	fixture_decide(f);
	assert_string_equal(fixture_state(f, other), "suppressed throttled");
}

/* ---- a loser's second chance: D1 -------------------------------------------------- */
static long long
lose(struct fixture *f, enum queue_state outcome, long long *winner)
{
	fixture_tenant(f);
	fixture_card(f, "anna", NULL);
	*winner = fixture_row(f, T_SALE, "anna", NULL);
	const long long loser = fixture_row(f, T_MEET, "anna", NULL);
	fixture_decide(f);
	assert_string_equal(fixture_state(f, loser), "suppressed duplicate_person");
	assert_int_equal(fixture_claim(f, 8, NULL), 1);
	assert_int_equal(fixture_move(f, ACTOR_PUSH, *winner, 1, outcome), 1);
	return loser;
}

static void
test_loser_of_a_failed_row(void **state)
{
	struct fixture *f = *state;
	long long winner;

	long long loser = lose(f, QUEUE_FAILED, &winner);
	decide_in(f, 20260507);
	assert_string_equal(fixture_state(f, loser), "due");
	fixture_assert_history(f);
	/* Once only. */
	const long long again = fixture_row(f, T_SALE, "anna", NULL);
	decide_in(f, 20260508);
	assert_string_equal(fixture_state(f, loser), "suppressed duplicate_person");
	assert_int_equal(fixture_claim(f, 8, NULL), 1);
	assert_int_equal(fixture_move(f, ACTOR_PUSH, again, 1, QUEUE_FAILED), 1);
	decide_in(f, 20260509);
	assert_string_equal(fixture_state(f, loser), "suppressed duplicate_person");
	fixture_assert_history(f);

	loser = lose(f, QUEUE_SENT, &winner);
	decide_in(f, 20260507);
	assert_string_equal(fixture_state(f, loser), "suppressed duplicate_person");
	loser = lose(f, QUEUE_UNKNOWN, &winner);
	decide_in(f, 20260507);
	assert_string_equal(fixture_state(f, loser), "suppressed duplicate_person");
}

/* The person was asked after all: another row's failure changes nothing. */
static void
test_loser_of_a_sent_row(void **state)
{
	struct fixture *f = *state;
	long long winner;

	const long long loser = lose(f, QUEUE_SENT, &winner);
	f->conf.rules.throttle_days = 1;
	const long long next = fixture_row(f, T_SALE, "anna", NULL);
	decide_in(f, 20260507);
	assert_int_equal(fixture_claim(f, 8, NULL), 1);
	assert_int_equal(fixture_move(f, ACTOR_PUSH, next, 1, QUEUE_FAILED), 1);
	decide_in(f, 20260508);
	assert_string_equal(fixture_state(f, loser), "suppressed duplicate_person");
}

/* The winner waited a night before it failed. */
static void
test_loser_of_a_row_that_failed_later(void **state)
{
	struct fixture *f = *state;
	long long winner;

	const long long loser = lose(f, QUEUE_DEFERRED, &winner);
	decide_in(f, 20260507);
	assert_string_equal(fixture_state(f, winner), "due");
	assert_string_equal(fixture_state(f, loser), "suppressed duplicate_person");
	assert_int_equal(fixture_claim(f, 8, NULL), 1);
	assert_int_equal(fixture_move(f, ACTOR_PUSH, winner, 2, QUEUE_FAILED), 1);
	decide_in(f, 20260508);
	assert_string_equal(fixture_state(f, loser), "due");
	fixture_assert_history(f);
}

/* The winner was not handed over, and then a rule ended it. */
static void
test_loser_of_a_row_that_ended(void **state)
{
	struct fixture *f = *state;

	fixture_tenant(f);
	fixture_card(f, "anna", NULL);
	const long long winner = fixture_row(f, T_SALE, "anna", NULL);
	const long long loser = fixture_row(f, T_MEET, "anna", NULL);
	fixture_decide(f);
	assert_string_equal(fixture_state(f, winner), "due");
	f->trigger[T_SALE].enabled = false;
	decide_in(f, 20260507);
	assert_string_equal(fixture_state(f, winner), "suppressed trigger_off");
	/* The same night once more asks nobody. */
	decide_in(f, 20260507);
	assert_string_equal(fixture_state(f, loser),
	    "suppressed duplicate_person");
	decide_in(f, 20260508);
	assert_string_equal(fixture_state(f, loser), "due");
	fixture_assert_history(f);
}

/* ---- order ------------------------------------------------------------------------ */
/* F10 and every other pair: all reasons at once, taken away one by one. */
struct rung {
	const char *reason, *sql;
	void (*undo)(struct fixture *f);
};

static void
undo_paused(struct fixture *f)
{
	f->tenant.paused = false;
}

static void
undo_off(struct fixture *f)
{
	f->trigger[T_MEET].enabled = f->trigger[T_INACT].enabled = true;
}

static void
undo_internal(struct fixture *f)
{
	f->conf.rules.own_domains.n = 0;
}

static void
undo_roles(struct fixture *f)
{
	f->conf.rules.role_address = "send";
}

static void
undo_consent(struct fixture *f)
{
	f->trigger[T_MEET].require_consent = false;
	f->trigger[T_INACT].require_consent = false;
}

static void
undo_no_campaign(struct fixture *f)
{
	f->trigger[T_MEET].n_campaigns = f->trigger[T_INACT].n_campaigns = 1;
}

static void
undo_filter(struct fixture *f)
{
	f->trigger[T_MEET].relations.n = f->trigger[T_INACT].relations.n = 0;
}

#define CARD(set) "UPDATE npsync.contact SET " set \
	" WHERE tenant_id = $1 AND contact_id = 'anna'"
#define ROW(set) "UPDATE npsync.queue SET " set \
	" WHERE tenant_id = $1 AND contact_id = 'anna'"
#define EMPTY(table) "DELETE FROM npsync." table " WHERE tenant_id = $1"

static const struct rung ladder[] = {
	{ "gone", CARD("gone = false"), NULL },
	{ "anonymised", CARD("anonymised = false"), NULL },
	{ "excluded", ROW("state = 'queued', reason = NULL"), NULL },
	{ "paused", NULL, undo_paused },
	{ "trigger_off", NULL, undo_off },
	{ "internal", NULL, undo_internal },
	{ "left_company", CARD("employed = true"), NULL },
	{ "no_send", CARD("no_send = false"), NULL },
	{ "company_no_send", CARD("company_no_send = false"), NULL },
	{ "opted_out", EMPTY("opt_out"), NULL },
	{ "no_address", CARD("address_state = 'bad'"), NULL },
	{ "bad_address", CARD("address_state = 'ok'"), NULL },
	{ "role_address", NULL, undo_roles },
	{ "no_consent", NULL, undo_consent },
	{ "no_campaign", NULL, undo_no_campaign },
	{ "filtered", NULL, undo_filter },
	{ "before_start", EMPTY("cursor"), NULL },
	{ "too_old", ROW("occurred_at = '2026-05-05Z'"), NULL },
	{ "active_again", CARD("last_activity_on = NULL"), NULL },
	{ "planned", EMPTY("planned_activity"), NULL },
	{ "throttled", EMPTY("person_send"), NULL },
};

static void
build_ladder(struct fixture *f, enum fixture_trigger trigger)
{
	static const char *const nobody[] = { "Nobody" };

	fixture_tenant(f);
	f->trigger[trigger].relations = (struct strlist){ nobody, 1 };
	f->trigger[trigger].n_campaigns = 0;
	f->trigger[trigger].require_consent = true;
	f->trigger[trigger].enabled = false;
	conf_skip_roles(f);
	f->tenant.paused = true;
	fixture_card(f, "anna", "gone = true, anonymised = true, employed ="
	    " false, address_domain = 'npsync.example', no_send = true,"
	    " company_no_send = true, opted_out = false, address_state ="
	    " 'none', role_address = true, last_activity_on = '2026-05-05'");
	fixture_exec(f, OPT_OUT("anna"));
	fixture_exec(f, STARTED);
	fixture_exec(f, PLANNED("anna", "2026-05-08"));
	fixture_exec(f, "INSERT INTO npsync.person_send (tenant_id, person_key,"
	    " sent_on, ref, source) VALUES ($1, 'anna', '2026-05-01', 'r', 'own')");
}

static bool
applies(enum fixture_trigger trigger, const char *reason)
{
	const bool of_silence = strcmp(reason, "active_again") == 0 ||
	    strcmp(reason, "planned") == 0;

	return trigger == T_INACT ? strcmp(reason, "too_old") != 0 : !of_silence;
}

static void
climb(struct fixture *f, enum fixture_trigger trigger)
{
	build_ladder(f, trigger);
	fixture_card(f, "twin", "person = ARRAY['anna'::bytea]");
	const long long best = fixture_row(f, T_SALE, "twin", NULL);
	const long long row = fixture_row(f, trigger, "anna", "state = 'excluded',"
	    " occurred_at = '2026-03-01Z', transition_at = '2026-03-01Z'");

	/* The better row of the same person goes once nothing blocks it. */
	f->tenant.paused = true;
	for (size_t i = 0; i < ARRAY_LEN(ladder); i++) {
		const struct rung *rung = &ladder[i];
		if (applies(trigger, rung->reason)) {
			assert_string_equal(fixture_preview(f, row), rung->reason);
			assert_string_equal(fixture_explain(f, row), rung->reason);
		}
		if (rung->sql != NULL)
			fixture_exec(f, "%s", rung->sql);
		if (rung->undo != NULL)
			rung->undo(f);
	}
	assert_string_equal(fixture_preview(f, row), "duplicate_person");
	assert_string_equal(fixture_explain(f, row), "duplicate_person");
	fixture_exec(f, "DELETE FROM npsync.queue WHERE tenant_id = $1"
	    " AND queue_id = %lld", best);
	assert_string_equal(fixture_preview(f, row), "go");
	assert_string_equal(fixture_explain(f, row), "");
	fixture_decide(f);
	assert_string_equal(fixture_state(f, row), "due");
}

static void
test_order_of_reasons(void **state)
{
	climb(*state, T_MEET);
	climb(*state, T_INACT);
}

static void
test_first_of_three(void **state)		/* F10 */
{
	const struct side all = { .card = "employed = false, no_send = true",
		.row = "occurred_at = '2026-03-01Z'" };

	assert_string_equal(judge(*state, T_MEET, &all),
	    "suppressed left_company");
}

/* Q7, and inside a trigger the older event first. */
static void
test_order_of_triggers(void **state)
{
	struct fixture *f = *state;

	fixture_tenant(f);
	for (int i = 0; i < T_COUNT; i++) {
		char id[16];
		(void)snprintf(id, sizeof(id), "p%d", i);
		fixture_card(f, id, NULL);
		(void)fixture_row(f, (enum fixture_trigger)(T_COUNT - 1 - i), id, NULL);
	}
	fixture_card(f, "old", NULL);
	(void)fixture_row(f, T_MEET, "old", "occurred_at = '2026-05-04Z'");
	fixture_card(f, "new", NULL);
	(void)fixture_row(f, T_MEET, "new", "occurred_at = '2026-05-05 23:00+02'");
	fixture_decide(f);
	assert_string_equal(fixture_text(f, "SELECT string_agg(trigger || ' ' ||"
	    " contact_id, ', ' ORDER BY due_rank) FROM npsync.queue"
	    " WHERE tenant_id = $1"), "sale p4, loss p3, case p2, meet old,"
	    " meet p1, meet new, inact p0");
	assert_string_equal(fixture_text(f, "SELECT string_agg(campaign, ','"
	    " ORDER BY due_rank) FROM npsync.queue WHERE tenant_id = $1"),
	    "1,2,3,4,4,4,5");
}

/* ---- campaigns: F9 ---------------------------------------------------------------- */
static const struct conf_campaign by_facts[] = {
	{ .language = "sv", .id = "7761" },
	{ .language = "da", .country = "NO", .id = "7752" },
	{ .language = "da", .id = "7751" },
	{ .country = "FI", .id = "7771" },
	{ .relation = "Partner", .id = "7772" },
	{ .category = "Demo", .id = "7773" },
	{ .department = "Salg", .id = "7774" },
	{ .segment = "A", .id = "7775" },
};

static void
test_campaign_lists(void **state)
{
	static const struct {
		const char *card, *row, *campaign;
	} cases[] = {
		{ "language = 'sv'", NULL, "7761" },
		{ "language = 'SV-fi'", NULL, "7761" },
		{ "language = 'svx'", NULL, "" },
		{ "language = 'da'", NULL, "7751" },
		{ "language = 'da', country = 'no'", NULL, "7752" },
		{ "language = 'no'", NULL, "" },
		{ "language = NULL", NULL, "" },
		{ "language = 'no', country = 'FI'", NULL, "7771" },
		{ "language = NULL, relation = 'Partner'", NULL, "7772" },
		{ "language = NULL", "category = 'Demo'", "7773" },
		{ "language = NULL, department = 'Salg'", NULL, "7774" },
		{ "language = NULL, segment = 'A'", NULL, "7775" },
		{ "language = NULL, country = 'FI', segment = 'A'", NULL, "7771" },
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const bool fits = *cases[i].campaign != '\0';
		fixture_tenant(f);
		f->trigger[T_MEET].campaigns = by_facts;
		f->trigger[T_MEET].n_campaigns = ARRAY_LEN(by_facts);
		fixture_card(f, "anna", cases[i].card);
		const long long row = fixture_row(f, T_MEET, "anna", cases[i].row);
		fixture_decide(f);
		assert_string_equal(fixture_state(f, row), fits ? "due"
		    : "suppressed no_campaign");
		assert_string_equal(fixture_text(f, "SELECT campaign FROM"
		    " npsync.queue WHERE tenant_id = $1"), cases[i].campaign);
	}
}

/* ---- rows that are not judged yet --------------------------------------------------- */
static const char *
delayed(struct fixture *f, enum fixture_trigger trigger, const char *set)
{
	fixture_tenant(f);
	f->trigger[trigger].delay_hours = 24;
	fixture_card(f, "anna", NULL);
	const long long row = fixture_row(f, trigger, "anna", set);
	fixture_decide(f);
	fixture_assert_history(f);
	return fixture_state(f, row);
}

/* Mails leave on 6 May at 9:00. */
static void
test_delay(void **state)
{
	struct fixture *f = *state;

	assert_string_equal(delayed(f, T_MEET,
	    "occurred_at = '2026-05-05 09:00+02'"), "due");
	assert_string_equal(delayed(f, T_MEET,
	    "occurred_at = '2026-05-05 09:01+02'"), "queued");
	assert_string_equal(delayed(f, T_SALE, LONG_AGO
	    "transition_at = '2026-05-05 09:00+02'"), "due");
	assert_string_equal(delayed(f, T_SALE, LONG_AGO
	    "transition_at = '2026-05-05 09:01+02'"), "queued");
}

static void
test_waiting_connector(void **state)
{
	struct fixture *f = *state;

	fixture_tenant(f);
	fixture_card(f, "anna", "no_send = true");
	fixture_card(f, "bo", "connector = 'crm2'");
	const long long row = fixture_row(f, T_MEET, "anna", NULL);
	const long long other = fixture_row(f, T_MEET, "bo", "connector = 'crm2'");
	fixture_decide_waiting(f, "crm");
	assert_string_equal(fixture_state(f, row), "queued");
	assert_int_equal(fixture_int(f, "SELECT version FROM npsync.queue"
	    " WHERE tenant_id = $1 AND queue_id = %lld", row), 0);
	assert_string_equal(fixture_state(f, other), "due");
	assert_int_equal(runlog_get(&f->log, "decide", "seen"), 1);
	fixture_decide(f);
	assert_string_equal(fixture_state(f, row), "suppressed no_send");
}

static void
test_lost_lease_decides_nothing(void **state)
{
	struct fixture *f = *state;

	fixture_tenant(f);
	fixture_card(f, "anna", NULL);
	const long long row = fixture_row(f, T_MEET, "anna", NULL);
	long long winner;
	fixture_takeover(f);
	fixture_decide(f);
	assert_string_equal(fixture_state(f, row), "queued");
	/* A requeue is fenced too. */
	const long long loser = lose(f, QUEUE_FAILED, &winner);
	fixture_night(f, 20260507);
	fixture_takeover(f);
	fixture_decide(f);
	assert_string_equal(fixture_state(f, loser), "suppressed duplicate_person");
}

/* ---- a whole queue -------------------------------------------------------------------- */
#define CROWD 240

/* Facts by remainders, so that all mix; every third person has two cards. */
static void
crowd(struct fixture *f)
{
	fixture_exec(f, "INSERT INTO npsync.contact (tenant_id, connector,"
	    " contact_id, address_state, address_domain, no_send, employed,"
	    " gone, last_activity_on, person, facts_at) SELECT $1, 'crm', i::text,"
	    " CASE i %% 11 WHEN 3 THEN 'none' WHEN 4 THEN 'bad' ELSE 'ok' END,"
	    " CASE WHEN i %% 23 = 5 THEN 'npsync.example' ELSE 'kunde.dk' END,"
	    " i %% 13 = 6, i %% 17 <> 7, i %% 29 = 8, CASE WHEN i %% 3 = 0 THEN"
	    " date '2026-04-01' END, ARRAY['k' || i %% 150, 'n' || i / 2,"
	    " 'c' || i]::bytea[], 'infinity' FROM generate_series(1, %d) i",
	    CROWD);
	fixture_exec(f, "INSERT INTO npsync.queue (tenant_id, connector, trigger,"
	    " event_id, contact_id, category, occurred_at, created_at,"
	    " created_night, deferred_until, state, client_ref) SELECT $1, 'crm',"
	    " (ARRAY['sale','loss','case','meet','inact'])[1 + i %% 5],"
	    " '2026-01-15/' || i, ((i * 7) %% %d)::text, 'Kundepleje',"
	    " timestamptz '2026-05-05Z' - make_interval(days => i %% 9),"
	    " '2026-05-05Z', date '2026-05-05' + (i %% 10 = 9)::int,"
	    " CASE WHEN i %% 14 = 5 THEN timestamptz '2026-05-06 04:00+02'"
	    "      ELSE '-infinity' END,"
	    " CASE WHEN i %% 14 IN (5, 6) THEN 'deferred' ELSE 'queued' END,"
	    " gen_random_uuid() FROM generate_series(1, %d) i", CROWD, CROWD);
	fixture_exec(f, "INSERT INTO npsync.person_send (tenant_id, person_key,"
	    " sent_on, ref, source) SELECT $1, ('n' || i * 9)::bytea,"
	    " date '2026-04-01' + i, 'r', 'own' FROM generate_series(1, 12) i");
	fixture_exec(f, "INSERT INTO npsync.opt_out (tenant_id, person_key,"
	    " source, at) SELECT $1, ('k' || i * 13)::bytea, 'survey',"
	    " '2026-04-01Z' FROM generate_series(1, 9) i");
}

static const char *
digest(struct fixture *f)
{
	return fixture_text(f, "SELECT md5(string_agg(x::text, '|' ORDER BY x))"
	    " FROM (SELECT q::text AS x FROM npsync.queue q WHERE q.tenant_id = $1"
	    " UNION ALL SELECT h::text FROM npsync.queue_history h"
	    " WHERE h.tenant_id = $1) t");
}

static void
assert_as_previewed(struct fixture *f, const struct db_result *preview)
{
	int due = 0;

	for (int i = 0; i < db_rows(preview); i++) {
		const long long row = db_int(preview, i, PREVIEW_ID);
		const char *said = db_text(preview, i, PREVIEW_VERDICT);
		const char *got = fixture_state(f, row);
		const char *blank = strchr(got, ' ');
		const char *done = strcmp(got, "due") == 0 ? "go" :
		    strncmp(got, "deferred", 8) == 0 ? "wait" :
		    blank != NULL ? blank + 1 : "wait";
		due += strcmp(done, "go") == 0;
		/* Judged at four o'clock only. */
		if (strcmp(got, "deferred") == 0)
			done = strcmp(said, "go") == 0 ? "wait" : said;
		if (strcmp(said, done) != 0)
			fail_msg("row %lld: said %s, became %s", row, said, got);
	}
	assert_in_range(due, 20, CROWD - 20);
}

static void
test_preview_tells_what_decide_does(void **state)
{
	struct fixture *f = *state;
	AUTO(db_result) struct db_result *preview = NULL;
	struct err err = { 0 };

	fixture_tenant(f);
	crowd(f);
	const struct rules_night night = fixture_rules_night(f);
	const char *before = digest(f);
	assert_true(decide_preview(f->db, &f->conf, &night, f->run, &preview,
	    &err));
	/* Those found in this very night are not shown. */
	assert_int_equal(db_rows(preview), CROWD - CROWD / 10);
	for (int i = 0; i < db_rows(preview); i += 20) {
		const char *said = db_text(preview, i, PREVIEW_VERDICT);
		const bool blocked = strcmp(said, "go") != 0 &&
		    strcmp(said, "wait") != 0;
		assert_string_equal(fixture_explain(f, db_int(preview, i,
		    PREVIEW_ID)), blocked ? said : "");
	}
	assert_string_equal(digest(f), before);
	fixture_decide(f);
	assert_as_previewed(f, preview);
}

/* E8, I6 */
static void
test_decide_twice(void **state)
{
	struct fixture *f = *state;

	fixture_tenant(f);
	crowd(f);
	fixture_decide(f);
	const struct runlog *log = &f->log;
	const long long seen = runlog_get(log, "decide", "seen");
	assert_int_equal(seen, fixture_int(f, "SELECT count(*) FROM npsync.queue"
	    " WHERE tenant_id = $1 AND decided_night = '2026-05-06'"));
	assert_int_equal(seen, fixture_int(f, "SELECT count(*) FROM"
	    " npsync.queue_history WHERE tenant_id = $1"));
	assert_int_equal(seen, runlog_get(log, "decide", "due") +
	    runlog_get(log, "decide", "suppressed") +
	    runlog_get(log, "decide", "deferred") +
	    runlog_get(log, "decide", "expired"));
	assert_true(runlog_get(log, "decide", "due") > 0);
	assert_true(runlog_get(log, "decide", "suppressed") > 0);
	assert_int_equal(runlog_get(log, "decide", "queued"), 0);
	assert_int_equal(runlog_get(log, "decide", "due"), fixture_int(f,
	    "SELECT count(*) FROM npsync.queue WHERE tenant_id = $1 AND"
	    " due_night = '2026-05-06'"));
	fixture_assert_history(f);
	const char *before = digest(f);
	fixture_decide(f);
	assert_string_equal(digest(f), before);
	assert_int_equal(runlog_get(&f->log, "decide", "seen"), 0);
}

/* One row a person goes, whatever keys they share. */
static void
test_no_person_is_due_twice(void **state)
{
	struct fixture *f = *state;

	fixture_tenant(f);
	crowd(f);
	fixture_decide(f);
	assert_int_equal(fixture_int(f, "SELECT count(*) FROM (SELECT k FROM"
	    " npsync.queue q, unnest(q.person) k WHERE q.tenant_id = $1"
	    " AND q.due_night = '2026-05-06' GROUP BY k HAVING count(*) > 1) x"),
	    0);
}

/* ---- preview of what does not move -------------------------------------------------- */
static void
test_preview_of_kept_rows(void **state)
{
	struct fixture *f = *state;

	fixture_tenant(f);
	fixture_card(f, "anna", NULL);
	fixture_card(f, "bo", NULL);
	const long long excluded = fixture_row(f, T_SALE, "anna",
	    "state = 'excluded', reason = 'asked us not to'");
	const long long held = fixture_row(f, T_SALE, "bo", "state = 'held'");
	const long long meet = fixture_row(f, T_MEET, "anna", NULL);
	assert_string_equal(fixture_preview(f, excluded), "excluded");
	assert_string_equal(fixture_preview(f, held), "flood");
	assert_string_equal(fixture_preview(f, meet), "go");
	f->tenant.paused = true;
	assert_string_equal(fixture_preview(f, excluded), "excluded");
	assert_string_equal(fixture_preview(f, meet), "paused");
	fixture_decide(f);
	assert_string_equal(fixture_state(f, excluded), "excluded asked us not to");
	assert_string_equal(fixture_state(f, held), "held");
	/* Pausing stops the claim, not the decision. */
	assert_string_equal(fixture_state(f, meet), "due");
}

/* Every code that the statements can give is in the list, in its order. */
static void
test_codes(void **state)
{
	(void)state;
	for (size_t i = 0, k = 0; i < ARRAY_LEN(ladder); i++) {
		while (rules_reasons[k] != NULL &&
		    strcmp(rules_reasons[k], ladder[i].reason) != 0)
			k++;
		if (rules_reasons[k] == NULL)
			fail_msg("%s stands out of order", ladder[i].reason);
	}
	for (size_t i = 0; rules_reasons[i] != NULL; i++)
		assert_string_not_equal(rules_words(rules_reasons[i]),
		    rules_reasons[i]);
	assert_string_equal(rules_words("asked us not to"), "asked us not to");
	assert_string_equal(rules_words(NULL), "");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_facts),
		cmocka_unit_test(test_filters),
		cmocka_unit_test(test_ages),
		cmocka_unit_test(test_closed_days_do_not_age),
		cmocka_unit_test(test_silences),
		cmocka_unit_test(test_silence_waits_a_night),
		cmocka_unit_test(test_throttle_days),
		cmocka_unit_test(test_throttle_local_day),
		cmocka_unit_test(test_throttle_sees_this_night),
		cmocka_unit_test(test_throttle_by_outcome),
		cmocka_unit_test(test_on_throttle),
		cmocka_unit_test(test_throttle_foreign),
		cmocka_unit_test(test_throttle_follows_the_card),
		cmocka_unit_test(test_throttle_fact),
		cmocka_unit_test(test_opted_out_fact),
		cmocka_unit_test(test_preview_names),
		cmocka_unit_test(test_duplicates),
		cmocka_unit_test(test_one_number),
		cmocka_unit_test(test_role_on_five_cards),
		cmocka_unit_test(test_chain),
		cmocka_unit_test(test_due_already_wins),
		cmocka_unit_test(test_loser_of_a_failed_row),
		cmocka_unit_test(test_loser_of_a_sent_row),
		cmocka_unit_test(test_loser_of_a_row_that_failed_later),
		cmocka_unit_test(test_loser_of_a_row_that_ended),
		cmocka_unit_test(test_order_of_reasons),
		cmocka_unit_test(test_first_of_three),
		cmocka_unit_test(test_order_of_triggers),
		cmocka_unit_test(test_campaign_lists),
		cmocka_unit_test(test_delay),
		cmocka_unit_test(test_waiting_connector),
		cmocka_unit_test(test_lost_lease_decides_nothing),
		cmocka_unit_test(test_preview_tells_what_decide_does),
		cmocka_unit_test(test_decide_twice),
		cmocka_unit_test(test_no_person_is_due_twice),
		cmocka_unit_test(test_preview_of_kept_rows),
		cmocka_unit_test(test_codes),
	};

	return cmocka_run_group_tests(tests, fixture_start, fixture_stop);
}
