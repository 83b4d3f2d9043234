/*
 * The rules that look at a person's law, card and company, and at the pauses:
 * consent, refusals of one campaign, pilot, pause, another job, merged cards,
 * rows that nobody saw on a working day.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "contact_consent.h"
#include "fixture.h"
#include "pause.h"
#include "stage_refresh.h"

struct rule_case {
	const char *name, *card, *row, *sql, *expected;
	void (*conf)(struct fixture *f);
};

/* Preview and explain must have said before what decide then did. */
static void
assert_foretold(const char *state, const char *preview, const char *explain)
{
	const char *blank = strchr(state, ' ');
	const bool due = strcmp(state, "due") == 0;

	assert_string_equal(preview, due ? "go" : blank + 1);
	assert_string_equal(explain, due ? "" : blank + 1);
}

static void
run(struct fixture *f, const struct rule_case *c)
{
	fixture_tenant(f);
	if (c->conf != NULL)
		c->conf(f);
	fixture_card(f, "anna", c->card);
	const long long row = fixture_row(f, T_MEET, "anna", c->row);
	if (c->sql != NULL)
		fixture_exec(f, "%s", c->sql);
	const char *preview = fixture_preview(f, row);
	const char *explain = fixture_explain(f, row);
	fixture_decide(f);
	const char *state = fixture_state(f, row);
	if (strcmp(state, c->expected) != 0)
		fail_msg("%s: expected %s, got %s", c->name, c->expected, state);
	assert_foretold(state, preview, explain);
	fixture_assert_history(f);
}

#define RUN_ALL(cases) \
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) \
		run(*state, &(cases)[i])

/* ---- consent -------------------------------------------------------------- */
static void
conf_german(struct fixture *f)
{
	static const char *const countries[] = { "DE" };

	f->conf.policy.countries = (struct strlist){ countries, 1 };
}

static void
conf_unknown(struct fixture *f)
{
	conf_german(f);
	f->conf.policy.unknown = true;
}

static void
conf_aged(struct fixture *f)
{
	f->trigger[T_MEET].require_consent = true;
	f->conf.consent.max_age_days = 365;
}

static void
conf_any_age(struct fixture *f)
{
	f->trigger[T_MEET].require_consent = true;
}

#define NO_CONSENT "suppressed no_consent"

static void
test_consent(void **state)
{
	static const struct rule_case cases[] = {
		{ "a German", "country = 'DE'", NULL, NULL, NO_CONSENT, conf_german },
		{ "small letters", "country = 'de'", NULL, NULL, NO_CONSENT,
		    conf_german },
		{ "a Dane", NULL, NULL, NULL, "due", conf_german },
		{ "a German who agreed", "country = 'DE', consent = true", NULL, NULL,
		    "due", conf_german },
		{ "a German who did not", "country = 'DE', consent = false", NULL,
		    NULL, NO_CONSENT, conf_german },
		{ "no such policy", "country = 'DE'", NULL, NULL, "due", NULL },
		{ "no country", "country = NULL", NULL, NULL, NO_CONSENT,
		    conf_unknown },
		{ "an empty country", "country = ''", NULL, NULL, NO_CONSENT,
		    conf_unknown },
		{ "a word for a country", "country = 'Tyskland'", NULL, NULL,
		    NO_CONSENT, conf_unknown },
		{ "no country, built-in policy alone", "country = NULL", NULL, NULL,
		    "due", conf_german },
		{ "a year old", "consent = true, consent_at = '2025-05-06 00:00+02'",
		    NULL, NULL, "due", conf_aged },
		{ "older", "consent = true, consent_at = '2025-05-05 23:59:59+02'",
		    NULL, NULL, NO_CONSENT, conf_aged },
		{ "without a date", "consent = true", NULL, NULL, NO_CONSENT,
		    conf_aged },
		{ "any age", "consent = true", NULL, NULL, "due", conf_any_age },
	};

	RUN_ALL(cases);
}

/* What `check` doubts: how many cards a rule cannot read. */
static void
test_count_consent(void **state)
{
	struct fixture *f = *state;
	struct contact_consent n;

	fixture_tenant(f);
	conf_german(f);
	fixture_card(f, "anna", "country = 'de', consent = true,"
	    " consent_at = now()");
	fixture_card(f, "bo", "country = 'Tyskland', consent = false");
	fixture_card(f, "carl", "country = NULL");
	fixture_card(f, "dora", "country = 'Sverige', gone = true");
	assert_true(contact_count_consent(f->db, f->tenant.id,
	    &f->conf.policy.countries, f->scratch, &n, NULL));
	assert_int_equal(n.cards, 3);
	assert_int_equal(n.said, 2);
	assert_int_equal(n.dated, 1);
	assert_int_equal(n.by_law, 1);
	assert_int_equal(n.no_code, 1);
	assert_string_equal(n.country, "Tyskland");
}

/* ---- refusals --------------------------------------------------------------- */
#define REFUSED(key, scope) "INSERT INTO npsync.opt_out (tenant_id, person_key," \
	" source, scope, at) VALUES ($1, '" key "', 'survey', '" scope "'," \
	" '2026-01-01Z')"

static void
test_opt_out_scope(void **state)
{
	static const struct rule_case cases[] = {
		{ "all", NULL, NULL, REFUSED("anna", "all"), "suppressed opted_out",
		    NULL },
		{ "this campaign", NULL, NULL, REFUSED("anna", "4"),
		    "suppressed opted_out", NULL },
		{ "another campaign", NULL, NULL, REFUSED("anna", "1"), "due", NULL },
		{ "somebody else", NULL, NULL, REFUSED("bo", "4"), "due", NULL },
		{ "by the merged card", "merged_keys = ARRAY['old'::bytea]", NULL,
		    REFUSED("old", "all"), "suppressed opted_out", NULL },
	};

	RUN_ALL(cases);
}

/* ---- pilot ------------------------------------------------------------------ */
static const char *const pilot_names[] = { "Anden A/S", "K7" };
static const char *const pilot_domains[] = { "kunde.dk" };

static void
conf_companies(struct fixture *f)
{
	f->conf.pilot.companies = (struct strlist){ pilot_names, 2 };
}

static void
conf_domains(struct fixture *f)
{
	f->conf.pilot.domains = (struct strlist){ pilot_domains, 1 };
}

static void
conf_both(struct fixture *f)
{
	conf_companies(f);
	conf_domains(f);
}

static void
test_pilot(void **state)
{
	static const struct rule_case cases[] = {
		{ "another company", NULL, NULL, NULL, "suppressed pilot",
		    conf_companies },
		{ "by name", "company = 'Anden A/S'", NULL, NULL, "due",
		    conf_companies },
		{ "by id", "company_id = 'K7'", NULL, NULL, "due", conf_companies },
		{ "no company", "company = NULL", NULL, NULL, "suppressed pilot",
		    conf_companies },
		{ "by domain", NULL, NULL, NULL, "due", conf_domains },
		{ "another domain", "address_domain = 'x.dk'", NULL, NULL,
		    "suppressed pilot", conf_domains },
		{ "one of two lists", "address_domain = 'x.dk', company_id = 'K7'",
		    NULL, NULL, "due", conf_both },
		{ "no list", "address_domain = 'x.dk'", NULL, NULL, "due", NULL },
	};

	RUN_ALL(cases);
}

/* An address is compared by its key, in whatever spelling. */
static void
test_pilot_addresses(void **state)
{
	static const char *const list[] = { "anna@kunde.dk" };
	struct fixture *f = *state;

	fixture_tenant(f);
	f->conf.pilot.addresses = (struct strlist){ list, 1 };
	fixture_pull_card(f, "crm", "1", "Anna@Kunde.dk ");
	fixture_pull_card(f, "crm", "2", "bo@kunde.dk");
	const long long anna = fixture_row(f, T_MEET, "1", NULL);
	const long long bo = fixture_row(f, T_MEET, "2", NULL);
	fixture_decide(f);
	assert_string_equal(fixture_state(f, anna), "due");
	assert_string_equal(fixture_state(f, bo), "suppressed pilot");
}

/* ---- another job -------------------------------------------------------------- */
static void
test_another_company(void **state)
{
	static const struct rule_case cases[] = {
		{ "since", "company_since = '2026-05-05 13:10:01Z'", NULL, NULL,
		    "suppressed left_company", NULL },
		{ "before the event came in", "company_since = '2026-05-05 13:10Z'",
		    NULL, NULL, "due", NULL },
	};
	struct fixture *f = *state;

	RUN_ALL(cases);
	assert_string_equal(fixture_text(f, "SELECT created_at AT TIME ZONE 'UTC'"
	    " FROM npsync.queue WHERE tenant_id = $1"), "2026-05-05 13:10:00");
}

static const char *
company_since(struct fixture *f)
{
	return fixture_text(f, "SELECT company_since IS NOT NULL FROM"
	    " npsync.contact WHERE tenant_id = $1 AND contact_id = '1'");
}

/* Only another company is a change; to learn of one is none. */
static void
test_company_is_watched(void **state)
{
	static const struct {
		const char *before, *changed;
	} cases[] = { { "NULL", "f" }, { "'K1'", "f" }, { "'K2'", "t" } };
	const struct crm_contact card = { .contact_id = "1",
		.email = "a@kunde.dk", .company_id = "K1",
		.consent_at = NO_TIME };
	struct fixture *f = *state;
	struct err err = { 0 };

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct contact_page page;
		fixture_tenant(f);
		fixture_pull_card(f, "crm", "1", "a@kunde.dk");
		fixture_exec(f, "UPDATE npsync.contact SET company_id = %s"
		    " WHERE tenant_id = $1", cases[i].before);
		const struct cursor_move move = { .tenant_id = f->tenant.id,
			.connector = "crm", .stream = "contacts", .pass = 1,
			.now = clock_now(), .epoch = f->tenant.epoch };
		contact_page_init(&page);
		assert_true(contact_page_add(&page, &f->rules, &card, f->scratch,
		    &err));
		assert_true(contact_page_send(&page, f->db, &move, f->scratch,
		    &err));
		assert_true(db_finish(f->db, NULL, &err));
		contact_page_free(&page);
		assert_string_equal(company_since(f), cases[i].changed);
	}
}

/* ---- a try on a colleague ------------------------------------------------------ */
#define OWN "address_domain = 'npsync.example'"
#define ASKED "INSERT INTO npsync.person_send (tenant_id, person_key, sent_on," \
	" ref, source, campaign) VALUES ($1, 'anna', '2026-05-01', 'x', 'own', '4')"

static void
conf_relations(struct fixture *f)
{
	static const char *const relations[] = { "Kunde" };

	f->trigger[T_MEET].relations = (struct strlist){ relations, 1 };
}

static void
test_tests(void **state)
{
	static const struct rule_case cases[] = {
		{ "a colleague", OWN, "test = true", NULL, "due", NULL },
		{ "a colleague, in earnest", OWN, NULL, NULL,
		    "suppressed internal", NULL },
		{ "a customer", NULL, "test = true", NULL,
		    "suppressed internal", NULL },
		{ "asked a short while ago", OWN, "test = true", ASKED, "due",
		    NULL },
		{ "without consent", OWN, "test = true", NULL, "due",
		    conf_any_age },
		{ "of another relation", OWN ", relation = 'Leverandør'",
		    "test = true", NULL, "due", conf_relations },
		{ "not in the trial", OWN, "test = true", NULL, "due",
		    conf_companies },
		{ "who refused", OWN, "test = true", REFUSED("anna", "all"),
		    "suppressed opted_out", NULL },
		{ "with the no-send tag", OWN ", no_send = true", "test = true",
		    NULL, "suppressed no_send", NULL },
	};

	RUN_ALL(cases);
}

/* The claim counts once more, and not for a try. */
static void
test_tests_are_claimed(void **state)
{
	struct fixture *f = *state;

	for (int test = 0; test < 2; test++) {
		fixture_tenant(f);
		fixture_card(f, "anna", test ? OWN : NULL);
		const long long row = fixture_row(f, T_MEET, "anna",
		    test ? "test = true" : NULL);
		fixture_decide(f);
		assert_string_equal(fixture_state(f, row), "due");
		fixture_exec(f, ASKED);
		assert_int_equal(fixture_claim(f, 8, NULL), test);
	}
}

/* ---- pause ------------------------------------------------------------------ */
static long long
pause_of(struct fixture *f, struct pause pause)
{
	long long id = 0;
	struct err err = { 0 };

	if (!pause_add(f->db, f->tenant.id, &pause, "bo", clock_now(),
	        f->scratch, &id, &err))
		fail_msg("%s", err.msg);
	return id;
}

static const struct {
	struct pause pause;
	bool hits;
} pauses[] = {
	{ { .trigger = "meet", .until = NO_TIME }, true },
	{ { .trigger = "sale", .until = NO_TIME }, false },
	{ { .campaign = "4", .until = NO_TIME }, true },
	{ { .campaign = "1", .until = NO_TIME }, false },
	{ { .company = "Kunde A/S", .until = NO_TIME }, true },
	{ { .company = "K7", .until = NO_TIME }, true },
	{ { .company = "K8", .until = NO_TIME }, false },
	{ { .country = "dk", .until = NO_TIME }, true },
	{ { .country = "SE", .until = NO_TIME }, false },
	{ { .trigger = "meet", .country = "SE", .until = NO_TIME }, false },
	{ { .trigger = "meet", .country = "DK", .until = NO_TIME }, true },
	/* It decides at 2026-05-06 01:10:00Z. */
	{ { .trigger = "meet", .until = 1778029801 }, true },
	{ { .trigger = "meet", .until = 1778029800 }, false },
};

static void
test_pause(void **state)
{
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_LEN(pauses); i++) {
		fixture_tenant(f);
		fixture_card(f, "anna", "company_id = 'K7'");
		const long long row = fixture_row(f, T_MEET, "anna", NULL);
		(void)pause_of(f, pauses[i].pause);
		const char *preview = fixture_preview(f, row);
		const char *explain = fixture_explain(f, row);
		fixture_decide(f);
		const char *got = fixture_state(f, row);
		if ((strcmp(got, "deferred paused") == 0) != pauses[i].hits)
			fail_msg("pause %zu: %s", i, got);
		assert_foretold(got, preview, explain);
		/* A second decide of the night finds nothing. */
		fixture_decide(f);
		assert_string_equal(fixture_state(f, row), got);
		fixture_assert_history(f);
	}
}

/* Obeyed before every claim: the row was due when the pause came. */
static void
test_pause_stops_the_claim(void **state)
{
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_LEN(pauses); i++) {
		fixture_tenant(f);
		fixture_card(f, "anna", "company_id = 'K7'");
		(void)fixture_row(f, T_MEET, "anna", NULL);
		fixture_decide(f);
		(void)pause_of(f, pauses[i].pause);
		if ((fixture_claim(f, 8, NULL) == 0) != pauses[i].hits)
			fail_msg("pause %zu", i);
	}
}

/* It waits, it ages meanwhile, and it goes when the pause is off. */
static void
test_pause_ends(void **state)
{
	struct fixture *f = *state;
	struct err err = { 0 };
	long long n = 0;

	fixture_tenant(f);
	fixture_card(f, "anna", NULL);
	fixture_card(f, "bo", NULL);
	const long long row = fixture_row(f, T_MEET, "anna", NULL);
	const long long old = fixture_row(f, T_MEET, "bo",
	    "occurred_at = '2026-04-29 12:00Z'");
	const long long id = pause_of(f, (struct pause){ .trigger = "meet",
		.until = fixture_time(20260507, 1, 0), .reason = "strike" });
	fixture_decide(f);
	assert_string_equal(fixture_text(f, "SELECT detail FROM"
	    " npsync.queue_history WHERE tenant_id = $1 AND queue_id = %lld", row),
	    "paused: until 2026-05-07: strike");
	assert_string_equal(fixture_state(f, old), "deferred paused");
	fixture_night(f, 20260507);
	fixture_decide(f);
	assert_string_equal(fixture_state(f, row), "due");
	assert_string_equal(fixture_state(f, old), "suppressed too_old");
	/* It goes, but nobody waited for that. */
	assert_true(pause_remove(f->db, f->tenant.id, id, &(struct pause){ 0 },
	    clock_now(), f->scratch, &n, &err));
	assert_int_equal(n, 0);
	assert_int_equal(fixture_int(f, "SELECT count(*) FROM npsync.pause WHERE"
	    " tenant_id = $1"), 0);
}

static void
test_pause_list(void **state)
{
	struct fixture *f = *state;
	AUTO(db_result) struct db_result *now = NULL, *all = NULL;
	const struct pause sale = { .trigger = "sale" }, none = { 0 };
	struct err err = { 0 };
	long long n = 0;

	fixture_tenant(f);
	(void)pause_of(f, (struct pause){ .country = "se", .until = NO_TIME });
	(void)pause_of(f, (struct pause){ .trigger = "meet", .until = NO_TIME });
	/* The same again replaces it. */
	(void)pause_of(f, (struct pause){ .trigger = "meet", .until = 1,
		.reason = "over" });
	assert_true(pause_list(f->db, f->tenant.id, clock_now(), f->scratch, &now,
	    &err));
	assert_int_equal(db_rows(now), 1);
	assert_string_equal(db_text(now, 0, 4), "SE");
	assert_string_equal(db_text(now, 0, 7), "bo");
	assert_true(pause_list(f->db, f->tenant.id, NO_TIME, f->scratch, &all,
	    &err));
	assert_int_equal(db_rows(all), 2);
	assert_string_equal(db_text(all, 1, 6), "over");
	/* Another one takes those away that have ended. */
	(void)pause_of(f, (struct pause){ .trigger = "sale", .until = NO_TIME });
	assert_int_equal(fixture_int(f, "SELECT count(*) FROM npsync.pause WHERE"
	    " tenant_id = $1"), 2);
	assert_int_equal(fixture_int(f, "SELECT count(*) FROM npsync.pause WHERE"
	    " tenant_id = $1 AND trigger = 'meet'"), 0);
	/* One that ends now is over. */
	(void)pause_of(f, (struct pause){ .trigger = "meet",
		.until = clock_now() });
	assert_true(pause_remove(f->db, f->tenant.id, 0, &sale, clock_now(),
	    f->scratch, &n, &err));
	assert_int_equal(n, 1);
	assert_true(pause_remove(f->db, f->tenant.id, 0, &none, clock_now(),
	    f->scratch, &n, &err));
	assert_int_equal(n, 1);
	assert_int_equal(fixture_int(f, "SELECT count(*) FROM npsync.pause WHERE"
	    " tenant_id = $1"), 0);
}

/* ---- I15: late rows ------------------------------------------------------------ */
/* Mon-Fri; a meeting held on Saturday 2 May 2026, the night to Monday. */
static long long
saturday(struct fixture *f, const char *rule, const char *created)
{
	char set[96];

	fixture_tenant(f);
	fixture_night(f, 20260504);
	f->conf.rules.late_rows = rule;
	fixture_card(f, "anna", NULL);
	(void)snprintf(set, sizeof(set), "created_at = '%s', created_night ="
	    " '2026-05-03'", created);
	return fixture_row(f, T_MEET, "anna", set);
}

static void
test_late_rows(void **state)
{
	struct fixture *f = *state;

	long long row = saturday(f, "send", "2026-05-02 00:00+02");
	fixture_decide(f);
	assert_string_equal(fixture_state(f, row), "due");
	assert_int_equal(runlog_get(&f->log, "late", "seen_late"), 1);
	assert_int_equal(runlog_get(&f->log, "late", "seen"), 1);

	row = saturday(f, "wait", "2026-05-02 00:00+02");
	assert_string_equal(fixture_preview(f, row), "wait");
	fixture_decide(f);
	assert_string_equal(fixture_state(f, row), "queued");
	assert_int_equal(runlog_get(&f->log, "decide", "seen"), 0);
	fixture_night(f, 20260505);
	fixture_decide(f);
	assert_string_equal(fixture_state(f, row), "due");
	assert_int_equal(runlog_get(&f->log, "late", "seen_late"), 0);

	/* In sight on Friday. */
	row = saturday(f, "wait", "2026-05-01 23:59:59+02");
	fixture_decide(f);
	assert_string_equal(fixture_state(f, row), "due");
	assert_int_equal(runlog_get(&f->log, "late", "seen_late"), 0);
}

/* ---- merged cards -------------------------------------------------------------- */
static struct crm crm;

static bool
load_nobody(void *self, const char *const *ids, size_t n, crm_contact_fn *emit,
    void *arg, struct err *err)
{
	(void)self;
	(void)ids;
	(void)n;
	(void)emit;
	(void)arg;
	(void)err;
	return true;
}

static void
refresh(struct fixture *f)
{
	static const struct crm_connector connector = {
		.load_contacts = load_nobody };
	const char *waiting[1];
	struct err err = { 0 };
	size_t n = 0;

	crm = (struct crm){ .connector = &connector,
		.link = { .name = "crm", .scratch = f->scratch } };
	f->stage.crm = &crm;
	f->stage.n_crm = 1;
	if (!stage_refresh(&f->stage, waiting, &n, &err))
		fail_msg("%s", err.msg);
	assert_int_equal(n, 0);
}

static const char *
card_of(struct fixture *f, long long row)
{
	return fixture_text(f, "SELECT contact_id FROM npsync.queue"
	    " WHERE tenant_id = $1 AND queue_id = %lld", row);
}

/* A -> B -> C: what waits for A and B waits for C, in every open state. */
static void
test_merge_chain(void **state)
{
	struct fixture *f = *state;

	fixture_tenant(f);
	fixture_card(f, "a", "gone = true, moved_to = 'b'");
	fixture_card(f, "b", "gone = true, moved_to = 'c'");
	fixture_card(f, "c", NULL);
	fixture_card(f, "x", "gone = true, moved_to = 'y'");
	fixture_card(f, "y", "gone = true, moved_to = 'x'");
	const long long a = fixture_row(f, T_MEET, "a", NULL);
	const long long b = fixture_row(f, T_SALE, "b",
	    "state = 'held', reason = 'flood'");
	const long long done = fixture_row(f, T_SALE, "a", "state = 'sent'");
	const long long circle = fixture_row(f, T_SALE, "x", NULL);
	refresh(f);
	assert_string_equal(card_of(f, a), "c");
	assert_string_equal(card_of(f, b), "c");
	assert_string_equal(card_of(f, done), "a");
	assert_string_equal(card_of(f, circle), "x");
	assert_string_equal(fixture_state(f, b), "held flood");
	assert_int_equal(runlog_get(&f->log, "merge", "moved"), 2);
	fixture_exec(f, "DELETE FROM npsync.queue WHERE tenant_id = $1"
	    " AND queue_id = %lld", done);
	fixture_assert_history(f);
	fixture_decide(f);
	assert_string_equal(fixture_state(f, a), "due");
	assert_string_equal(fixture_state(f, circle), "suppressed gone");
}

/* The survivor has the same event; and two old cards have one that it has not. */
static void
test_merge_same_event(void **state)
{
	struct fixture *f = *state;

	fixture_tenant(f);
	fixture_card(f, "a", "gone = true, moved_to = 'c'");
	fixture_card(f, "b", "gone = true, moved_to = 'c'");
	fixture_card(f, "c", NULL);
	const long long a = fixture_row(f, T_MEET, "a", "event_id = 'one'");
	const long long c = fixture_row(f, T_MEET, "c", "event_id = 'one'");
	const long long a2 = fixture_row(f, T_SALE, "a", "event_id = 'two'");
	const long long b2 = fixture_row(f, T_SALE, "b", "event_id = 'two'");
	refresh(f);
	assert_string_equal(fixture_state(f, a), "suppressed duplicate_person");
	assert_string_equal(fixture_state(f, c), "queued");
	assert_string_equal(card_of(f, a2), "c");
	assert_string_equal(fixture_state(f, b2), "suppressed duplicate_person");
	fixture_assert_history(f);
	refresh(f);
	assert_int_equal(fixture_int(f, "SELECT count(*) FROM"
	    " npsync.queue_history WHERE tenant_id = $1"), 3);
}

/* What the old card was asked counts, and its evidence is written with the
 * survivor's, each key once. */
static void
test_merge_keeps_the_throttle(void **state)
{
	struct fixture *f = *state;

	fixture_tenant(f);
	fixture_card(f, "a", "gone = true, moved_to = 'c', person ="
	    " ARRAY['old', 'c']::bytea[]");
	fixture_card(f, "c", NULL);
	const long long row = fixture_row(f, T_MEET, "c", NULL);
	fixture_exec(f, "INSERT INTO npsync.person_send (tenant_id, person_key,"
	    " sent_on, ref, source) VALUES ($1, 'old', '2026-05-01', 'r', 'own')");
	refresh(f);
	fixture_decide(f);
	assert_string_equal(fixture_state(f, row), "suppressed throttled");
	fixture_exec(f, "DELETE FROM npsync.person_send WHERE tenant_id = $1");
	const long long next = fixture_row(f, T_SALE, "c", NULL);
	fixture_decide(f);
	assert_string_equal(fixture_state(f, next), "due");
	assert_int_equal(fixture_claim(f, 8, NULL), 1);
	assert_string_equal(fixture_text(f, "SELECT string_agg("
	    "convert_from(person_key, 'UTF8'), ' ' ORDER BY person_key)"
	    " FROM npsync.person_send WHERE tenant_id = $1"), "c card:c old");
}

static void
test_merge_needs_the_lease(void **state)
{
	struct fixture *f = *state;

	fixture_tenant(f);
	fixture_card(f, "a", "gone = true, moved_to = 'c'");
	fixture_card(f, "c", NULL);
	const long long row = fixture_row(f, T_MEET, "a", NULL);
	fixture_takeover(f);
	refresh(f);
	assert_string_equal(card_of(f, row), "a");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_consent),
		cmocka_unit_test(test_count_consent),
		cmocka_unit_test(test_tests),
		cmocka_unit_test(test_tests_are_claimed),
		cmocka_unit_test(test_opt_out_scope),
		cmocka_unit_test(test_pilot),
		cmocka_unit_test(test_pilot_addresses),
		cmocka_unit_test(test_another_company),
		cmocka_unit_test(test_company_is_watched),
		cmocka_unit_test(test_pause),
		cmocka_unit_test(test_pause_stops_the_claim),
		cmocka_unit_test(test_pause_ends),
		cmocka_unit_test(test_pause_list),
		cmocka_unit_test(test_late_rows),
		cmocka_unit_test(test_merge_chain),
		cmocka_unit_test(test_merge_same_event),
		cmocka_unit_test(test_merge_keeps_the_throttle),
		cmocka_unit_test(test_merge_needs_the_lease),
	};

	return cmocka_run_group_tests(tests, fixture_start, fixture_stop);
}
