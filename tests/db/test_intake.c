/*
 * What comes in: pages of events, cards and activities with their cursor, and
 * the silences that are found in them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "fixture.h"
#include "stage_forecast.h"

/* ---- pages -------------------------------------------------------------------- */
struct taken {
	long long page, fresh, rows;
	bool alive;
};

static struct cursor_move
move_of(const struct fixture *f, const char *stream)
{
	return (struct cursor_move){ .tenant_id = f->tenant.id,
		.connector = "crm", .stream = stream, .pass = 1,
		.now = clock_now(), .epoch = f->tenant.epoch };
}

static struct taken
put_events(struct fixture *f, const struct cursor_move *move, bool baseline,
    const struct crm_event *events, size_t n)
{
	AUTO(db_result) struct db_result *r = NULL;
	struct event_page page;
	struct err err = { 0 };
	bool ok = true;

	event_page_init(&page);
	for (size_t i = 0; ok && i < n; i++) {
		const bool won = strcmp(events[i].trigger, "sale") == 0;
		ok = event_page_add(&page, &events[i], won ? clock_day(
		    FIXTURE_ZONE, events[i].transition_at) : NO_DAY, &err);
	}
	assert_int_equal(page.n, n);
	ok = ok && event_page_send(&page, f->db, move, baseline, f->stage.night,
	    f->scratch, &err) && db_finish(f->db, &r, &err);
	assert_int_equal(page.n, 0);
	event_page_free(&page);
	if (!ok)
		fail_msg("%s", err.msg);
	return (struct taken){ db_int(r, 0, 0), db_int(r, 0, 1), db_int(r, 0, 2),
		db_bool(r, 0, 3) };
}

static struct taken
put_one(struct fixture *f, const char *trigger, const char *id,
    const char *contact)
{
	const struct cursor_move move = move_of(f, "events");
	const struct crm_event ev = { .trigger = trigger, .event_id = id,
		.contact_id = contact, .occurred_at = clock_now(),
		.transition_at = clock_now() };

	return put_events(f, &move, false, &ev, 1);
}

static long long
rows(struct fixture *f)
{
	return fixture_int(f, "SELECT count(*) FROM npsync.queue"
	    " WHERE tenant_id = $1");
}

/* ---- events --------------------------------------------------------------------- */
static void
test_baseline_makes_no_rows(void **state)
{
	struct fixture *f = *state;
	const struct crm_event ev[] = {
		{ .trigger = "meet", .event_id = "1", .contact_id = "a",
		    .occurred_at = 1, .transition_at = NO_TIME },
		{ .trigger = "sale", .event_id = "1", .contact_id = "a",
		    .occurred_at = 1, .transition_at = 1 } };

	fixture_tenant(f);
	const struct cursor_move move = move_of(f, "events");
	struct taken t = put_events(f, &move, true, ev, 2);
	assert_int_equal(t.page, 2);
	assert_int_equal(t.fresh, 2);
	assert_int_equal(t.rows, 0);
	t = put_events(f, &move, false, ev, 2);
	assert_int_equal(t.fresh, 0);
	assert_int_equal(rows(f), 0);
	assert_int_equal(fixture_int(f, "SELECT count(*) FROM npsync.event_seen"
	    " WHERE tenant_id = $1 AND baseline"), 2);
	/* The same key of another trigger or CRM is another event. */
	t = put_one(f, "loss", "1", "a");
	assert_int_equal(t.rows, 1);
	struct cursor_move other = move;
	other.connector = "crm2";
	assert_int_equal(put_events(f, &other, false, ev, 2).rows, 2);
	assert_int_equal(rows(f), 3);
	/* ... and of another tenant. */
	fixture_tenant(f);
	assert_int_equal(put_one(f, "meet", "1", "a").rows, 1);
}

static void
test_event_becomes_a_row(void **state)
{
	struct fixture *f = *state;
	const struct crm_event ev = { .trigger = "meet", .event_id = "1",
		.contact_id = NULL, .category = "Møde", .stage = "held",
		.employee_id = "u1", .automatic = true,
		.occurred_at = 1777900000, .transition_at = 1777910000 };

	fixture_tenant(f);
	const struct cursor_move move = move_of(f, "events");
	assert_int_equal(put_events(f, &move, false, &ev, 1).rows, 1);
	assert_string_equal(fixture_text(f, "SELECT concat_ws('|', connector,"
	    " trigger, event_id, contact_id, category, stage, employee_id,"
	    " automatic, extract(epoch FROM occurred_at)::bigint,"
	    " extract(epoch FROM transition_at)::bigint, created_night, state,"
	    " version, extract(epoch FROM created_at)::bigint - %lld,"
	    " substr(client_ref::text, 15, 1)) FROM npsync.queue"
	    " WHERE tenant_id = $1", (long long)clock_now()),
	    "crm|meet|1||Møde|held|u1|t|1777900000|1777910000|2026-05-06|queued|"
	    "0|0|4");
}

/* E1, Q2, Q3 */
static void
test_known_event_changes_nothing(void **state)
{
	struct fixture *f = *state;

	fixture_tenant(f);
	assert_int_equal(put_one(f, "meet", "1", "a").rows, 1);
	fixture_exec(f, "UPDATE npsync.queue SET state = 'excluded'"
	    " WHERE tenant_id = $1");
	fixture_night(f, 20260507);
	struct taken t = put_one(f, "meet", "1", "b");
	assert_int_equal(t.page, 1);
	assert_int_equal(t.fresh, 0);
	assert_int_equal(t.rows, 0);
	assert_string_equal(fixture_text(f, "SELECT contact_id || state ||"
	    " created_night FROM npsync.queue WHERE tenant_id = $1"),
	    "aexcluded2026-05-06");
	assert_int_equal(put_one(f, "meet", "2", "a").rows, 1);
	/* The key outlives the row. */
	fixture_exec(f, "DELETE FROM npsync.queue WHERE tenant_id = $1");
	assert_int_equal(put_one(f, "meet", "1", "a").rows, 0);
}

/* E2: the same events five times, in any order and pages of any size. */
#define EVENTS 10000

static unsigned
next_random(unsigned *seed)
{
	*seed = *seed * 1103515245u + 12345u;
	return *seed >> 8;
}

static void
shuffle(struct crm_event *events, size_t n, unsigned *seed)
{
	for (size_t i = n - 1; i > 0; i--) {
		const size_t k = next_random(seed) % (i + 1);
		const struct crm_event ev = events[i];
		events[i] = events[k];
		events[k] = ev;
	}
}

static struct crm_event *
make_events(struct fixture *f, size_t n)
{
	struct crm_event *events = arena_array(f->run, n, sizeof(*events));

	assert_non_null(events);
	for (size_t i = 0; i < n; i++)
		events[i] = (struct crm_event){ .trigger = "meet",
			.event_id = arena_printf(f->run, "ev-%zu", i),
			.contact_id = arena_printf(f->run, "c-%zu", i % 97),
			.occurred_at = 1777900000, .transition_at = NO_TIME };
	return events;
}

static void
test_events_five_times_shuffled(void **state)
{
	struct fixture *f = *state;
	long long fresh = 0, met = 0;
	unsigned seed = 7;

	fixture_tenant(f);
	struct crm_event *events = make_events(f, EVENTS);
	const struct cursor_move move = move_of(f, "events");
	for (int pass = 0; pass < 5; pass++) {
		shuffle(events, EVENTS, &seed);
		for (size_t at = 0, n; at < EVENTS; at += n) {
			n = 1 + next_random(&seed) % 700;
			if (n > EVENTS - at)
				n = EVENTS - at;
			const struct taken t = put_events(f, &move, false,
			    events + at, n);
			assert_int_equal(t.fresh, t.rows);
			met += t.page;
			fresh += t.fresh;
		}
	}
	assert_int_equal(met, 5 * EVENTS);
	assert_int_equal(fresh, EVENTS);
	assert_int_equal(rows(f), EVENTS);
	assert_int_equal(fixture_int(f, "SELECT count(DISTINCT event_id) FROM"
	    " npsync.queue WHERE tenant_id = $1"), EVENTS);
}

/* E3: equal stamps; each page begins where the last one left off, or before. */
static void
test_equal_stamps_over_page_borders(void **state)
{
	const size_t n = 1000, page = 128, overlap = 40;
	struct fixture *f = *state;
	long long fresh = 0;

	fixture_tenant(f);
	const struct crm_event *events = make_events(f, n);
	const struct cursor_move move = move_of(f, "events");
	for (size_t at = 0; at < n; at += page) {
		const size_t from = at < overlap ? 0 : at - overlap;
		const size_t until = at + page < n ? at + page : n;
		fresh += put_events(f, &move, false, events + from,
		    until - from).fresh;
	}
	assert_int_equal(fresh, n);
	assert_int_equal(rows(f), n);
}

/* Twice in one page: no error, one row, the later delivery's facts. */
static void
test_repeat_inside_a_page(void **state)
{
	struct fixture *f = *state;
	const struct crm_event ev[] = {
		{ .trigger = "meet", .event_id = "1", .contact_id = "a",
		    .occurred_at = 1, .transition_at = NO_TIME },
		{ .trigger = "meet", .event_id = "1", .contact_id = "b",
		    .occurred_at = 1, .transition_at = NO_TIME } };

	fixture_tenant(f);
	const struct cursor_move move = move_of(f, "events");
	const struct taken t = put_events(f, &move, false, ev, 2);
	assert_int_equal(t.page, 1);
	assert_int_equal(t.rows, 1);
	assert_string_equal(fixture_text(f, "SELECT contact_id FROM npsync.queue"
	    " WHERE tenant_id = $1"), "b");
}

static const char *
win(struct fixture *f, bool baseline, const char *trigger, int day, int other)
{
	const struct crm_event ev[] = {
		{ .trigger = trigger, .event_id = arena_printf(f->run, "%lld",
		    ++f->events), .contact_id = "anna", .occurred_at = 1,
		    .transition_at = fixture_time(day, 23, 30) },
		{ .trigger = trigger, .event_id = arena_printf(f->run, "%lld",
		    ++f->events), .contact_id = "anna", .occurred_at = 1,
		    .transition_at = fixture_time(other, 0, 10) } };
	const struct cursor_move move = move_of(f, "events");

	assert_int_equal(put_events(f, &move, baseline, ev, 2).fresh, 2);
	return fixture_text(f, "SELECT last_won_on FROM npsync.contact"
	    " WHERE tenant_id = $1 AND contact_id = 'anna'");
}

/* The day of the newest win, whatever order they come in. */
static void
test_last_win(void **state)
{
	struct fixture *f = *state;

	fixture_tenant(f);
	fixture_card(f, "anna", NULL);
	fixture_card(f, "bo", NULL);
	assert_string_equal(win(f, false, "loss", 20260401, 20260402), "");
	assert_string_equal(win(f, true, "sale", 20260201, 20260131),
	    "2026-02-01");
	assert_string_equal(win(f, false, "sale", 20260101, 20260112),
	    "2026-02-01");
	assert_string_equal(win(f, false, "sale", 20260302, 20260303),
	    "2026-03-03");
	assert_int_equal(fixture_int(f, "SELECT count(last_won_on) FROM"
	    " npsync.contact WHERE tenant_id = $1"), 1);
}

/* ---- cards ------------------------------------------------------------------------ */
static void
put_cards(struct fixture *f, const struct cursor_move *move,
    const struct crm_contact *cards, size_t n, long long counts[3])
{
	AUTO(db_result) struct db_result *r = NULL;
	struct contact_page page;
	struct err err = { 0 };
	bool ok = true;

	contact_page_init(&page);
	for (size_t i = 0; ok && i < n; i++)
		ok = contact_page_add(&page, &f->rules, &cards[i], f->scratch, &err);
	ok = ok && contact_page_send(&page, f->db, move, f->scratch, &err) &&
	    db_finish(f->db, &r, &err);
	contact_page_free(&page);
	if (!ok)
		fail_msg("%s", err.msg);
	for (int i = 0; counts != NULL && i < 3; i++)
		counts[i] = db_int(r, 0, i);
}

static void
put_card(struct fixture *f, const struct crm_contact *card)
{
	const struct cursor_move move = move_of(f, "contacts");

	put_cards(f, &move, card, 1, NULL);
}

static const char *
card_text(struct fixture *f, const char *id, const char *column)
{
	return fixture_text(f, "SELECT %s FROM npsync.contact"
	    " WHERE tenant_id = $1 AND contact_id = '%s'", column, id);
}

static void
test_card_keys(void **state)
{
	struct fixture *f = *state;
	const struct crm_contact cards[] = {
		{ .contact_id = "nfc", .email = " Bj\xc3\xb6rn@X.dk",
		    .mobile = "12 34 56 78", .consent_at = NO_TIME },
		{ .contact_id = "nfd", .email = "bjo\xcc\x88rn@x.dk",
		    .consent_at = NO_TIME },
		{ .contact_id = "none", .mobile = "12345678",
		    .consent_at = NO_TIME },
		{ .contact_id = "bad", .email = "bjorn.x.dk",
		    .consent_at = NO_TIME },
		{ .contact_id = "role", .email = "info@x.dk",
		    .consent_at = NO_TIME } };

	fixture_tenant(f);
	f->rules.match_phone = true;
	for (size_t i = 0; i < ARRAY_LEN(cards); i++)
		put_card(f, &cards[i]);
	assert_string_equal(card_text(f, "nfc", "address_key"),
	    card_text(f, "nfd", "address_key"));
	assert_string_equal(card_text(f, "nfc", "email"), " Bj\xc3\xb6rn@X.dk");
	assert_string_equal(fixture_text(f, "SELECT string_agg(concat_ws(' ',"
	    " contact_id, address_state, address_domain, role_address,"
	    " cardinality(person)), ', ' ORDER BY contact_id) FROM npsync.contact"
	    " WHERE tenant_id = $1"), "bad bad f 1, nfc ok x.dk f 3,"
	    " nfd ok x.dk f 2, none none f 1, role ok x.dk t 2");
	assert_int_equal(fixture_int(f, "SELECT count(DISTINCT k) FROM"
	    " npsync.contact, unnest(person) k WHERE tenant_id = $1"), 8);
}

/* The tag that forbids, as people and systems spell it. */
static void
test_no_send_tag(void **state)
{
	static const struct {
		const char *wanted, *tag;
		bool forbids;
	} cases[] = {
		{ "NPSToday.NoSend", "NPSToday.NoSend", true },
		{ "NPSToday.NoSend", " NPSToday.NoSend\t", true },
		{ "NPSToday.NoSend", "NPSToday.No\xe2\x80\x8bSend", true },
		{ "NPSToday.NoSend", "NPSToday.NoSend2", false },
		{ "NPSToday.NoSend", "NPSToday.No Send", false },
		{ "NPSToday.NoSend", "NPSToday.9", false },
		{ "Spørg.\xc3\x85", "Spørg.A\xcc\x8a", true },
		{ "Spørg.\xc3\x85", "Spørg.A", false },
	};
	struct fixture *f = *state;

	fixture_tenant(f);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const char *const tags[] = { "NPSToday.Møde.9", cases[i].tag, NULL };
		const struct crm_contact own = { .contact_id = "own",
			.tags = tags, .consent_at = NO_TIME };
		const struct crm_contact firm = { .contact_id = "firm",
			.company_tags = tags, .consent_at = NO_TIME };
		f->rules.no_send_tag = cases[i].wanted;
		put_card(f, &own);
		put_card(f, &firm);
		const char *yes = cases[i].forbids ? "true" : "false";
		assert_string_equal(card_text(f, "own", "no_send::text"), yes);
		assert_string_equal(card_text(f, "own", "company_no_send::text"),
		    "false");
		assert_string_equal(card_text(f, "firm", "company_no_send::text"),
		    yes);
		assert_string_equal(card_text(f, "firm", "no_send::text"), "false");
	}
	assert_string_equal(card_text(f, "own", "tags[1]"), "NPSToday.Møde.9");
}

static void
test_card_is_updated(void **state)
{
	static const char *const tags[] = { "NPSToday.NoSend", "a \"b\", {c}",
		NULL };
	struct fixture *f = *state;
	const char *const extra[][2] = { { "region", "Nord" }, { NULL, NULL } };
	struct crm_contact card = { .contact_id = "1", .email = "a@x.dk",
		.name = { "Anna Ø", "Anna", "Ø" }, .tags = tags, .extra = extra,
		.employed = TRI_NO, .consent = TRI_YES, .consent_at = 86400,
		.opted_out = true, .opted_out_by = "no mailings" };
	long long n[3];

	fixture_tenant(f);
	struct cursor_move move = move_of(f, "contacts");
	put_cards(f, &move, &card, 1, n);
	assert_int_equal(n[1], 1);
	assert_int_equal(n[2], 0);
	assert_string_equal(card_text(f, "1", "concat_ws('|', full_name, tags[2],"
	    " extra->>'region', employed, consent, no_send, opted_out,"
	    " opted_out_by)"), "Anna Ø|a \"b\", {c}|Nord|f|t|t|t|no mailings");
	fixture_exec(f, "UPDATE npsync.contact SET last_activity_on ="
	    " '2026-01-15', gone = true WHERE tenant_id = $1");
	/* Twice in a page: the later one counts. */
	const struct crm_contact two[] = { card, { .contact_id = "1",
		.email = "b@x.dk", .consent_at = NO_TIME,
		.opted_out_by = "nothing" } };
	move.pass = 2;
	put_cards(f, &move, two, 2, n);
	assert_int_equal(n[0], 1);
	assert_int_equal(n[1], 0);
	assert_int_equal(n[2], 1);
	assert_string_equal(card_text(f, "1", "concat_ws('|', full_name, email,"
	    " tags[1], extra, employed, consent, no_send, opted_out, gone,"
	    " opted_out_by, last_activity_on, pass)"), "b@x.dk|f|f|f|2026-01-15|2");
}

/* ---- cards that did not appear ------------------------------------------------------ */
static void
pass_with(struct fixture *f, long long pass, int from, int until)
{
	fixture_exec(f, "INSERT INTO npsync.contact (tenant_id, connector,"
	    " contact_id, address_state, person, pass, facts_at)"
	    " SELECT $1, 'crm', i::text, 'none', '{}', %lld, '2026-05-05Z'"
	    "   FROM generate_series(%d, %d) i ON CONFLICT (tenant_id, connector,"
	    " contact_id) DO UPDATE SET pass = excluded.pass, gone = false", pass,
	    from, until);
}

static long long
sweep_but(struct fixture *f, long long pass, struct db_array *unread,
    enum err_kind expected)
{
	struct err err = { 0 };
	long long gone = -1;

	const bool ok = contact_sweep(f->db, f->tenant.id, "crm", pass, unread,
	    true, clock_now(), f->scratch, &gone, &err);
	db_array_free(unread);
	assert_int_equal(err.kind, expected);
	assert_int_equal(ok, expected == ERR_NONE);
	return gone;
}

static long long
sweep(struct fixture *f, long long pass, enum err_kind expected)
{
	struct db_array none;

	db_array_init(&none);
	return sweep_but(f, pass, &none, expected);
}

static void
test_sweep(void **state)
{
	struct fixture *f = *state;

	fixture_tenant(f);
	fixture_card(f, "other", "connector = 'crm2'");
	pass_with(f, 1, 1, 40);
	assert_int_equal(sweep(f, 1, ERR_NONE), 0);
	pass_with(f, 2, 1, 19);
	assert_int_equal(sweep(f, 2, ERR_PROTOCOL), 0);
	pass_with(f, 2, 20, 20);
	assert_int_equal(sweep(f, 2, ERR_NONE), 20);
	assert_int_equal(sweep(f, 2, ERR_NONE), 0);
	assert_int_equal(fixture_int(f, "SELECT count(*) FROM npsync.contact"
	    " WHERE tenant_id = $1 AND NOT gone"), 21);
	assert_string_equal(card_text(f, "21", "gone::text"), "true");
	/* An export that loses more each time: those of yesterday are known. */
	pass_with(f, 3, 1, 18);
	assert_int_equal(sweep(f, 3, ERR_PROTOCOL), 0);
	pass_with(f, 4, 1, 20);
	assert_int_equal(sweep(f, 4, ERR_NONE), 0);
	/* The record of 20 could not be read: only 19 is missing. */
	struct db_array unread;
	db_array_init(&unread);
	db_array_text(&unread, "20");
	pass_with(f, 52, 1, 18);
	assert_int_equal(sweep_but(f, 52, &unread, ERR_NONE), 1);
	assert_string_equal(card_text(f, "20", "gone::text"), "false");
	assert_string_equal(card_text(f, "19", "gone::text"), "true");
	/* It comes back. */
	const struct crm_contact back = { .contact_id = "21",
		.consent_at = NO_TIME };
	put_card(f, &back);
	assert_string_equal(card_text(f, "21", "gone::text"), "false");
}

/* That a card is gone is known since now: the days that it is kept count from
 * here. */
static void
test_sweep_dates_the_facts(void **state)
{
	struct fixture *f = *state;

	fixture_tenant(f);
	pass_with(f, 1, 1, 4);
	fixture_exec(f, "UPDATE npsync.contact SET facts_at = '2026-05-01Z',"
	    " gone = contact_id = '4' WHERE tenant_id = $1");
	pass_with(f, 2, 1, 2);
	assert_int_equal(sweep(f, 2, ERR_NONE), 1);
	assert_string_equal(fixture_text(f, "SELECT string_agg(contact_id || ' '"
	    " || (extract(epoch from facts_at)::bigint = %lld), ', ' ORDER BY"
	    " contact_id) FROM npsync.contact WHERE tenant_id = $1",
	    (long long)clock_now()), "1 false, 2 false, 3 true, 4 false");
}

/* Few cards may lose more than half, but an export of nothing is no export. */
static void
test_sweep_of_few(void **state)
{
	struct fixture *f = *state;

	fixture_tenant(f);
	pass_with(f, 1, 1, 5);
	assert_int_equal(sweep(f, 2, ERR_PROTOCOL), 0);
	pass_with(f, 2, 1, 1);
	assert_int_equal(sweep(f, 2, ERR_NONE), 4);
	/* Another tenant's cards were out of reach all the time. */
	fixture_tenant(f);
	assert_int_equal(sweep(f, 9, ERR_NONE), 0);
	f->tenant.id--;
	assert_int_equal(fixture_int(f, "SELECT count(*) FROM npsync.contact"
	    " WHERE tenant_id = $1 AND NOT gone"), 1);
	f->tenant.id++;
}

/* ---- activities ----------------------------------------------------------------------- */
static void
put_activity(struct fixture *f, long long pass, const struct crm_activity *a)
{
	AUTO(db_result) struct db_result *r = NULL;
	struct cursor_move move = move_of(f, "activities");
	struct activity_page page;
	struct err err = { 0 };

	move.pass = pass;
	activity_page_init(&page);
	activity_page_add(&page, a);
	const bool ok = activity_page_send(&page, f->db, &move, f->stage.today,
	    f->scratch, &err) && db_finish(f->db, &r, &err);
	activity_page_free(&page);
	if (!ok)
		fail_msg("%s", err.msg);
}

static void
act(struct fixture *f, const char *id, enum act_kind kind, int day, bool done)
{
	const struct crm_activity a = { "anna", id, kind, day, done, false };

	put_activity(f, 1, &a);
}

static const char *
silence_facts(struct fixture *f)
{
	return fixture_text(f, "SELECT concat_ws(' ', last_activity_on,"
	    " (SELECT string_agg(activity_id || '=' || planned_on, ','"
	    "          ORDER BY activity_id) FROM npsync.planned_activity"
	    "   WHERE tenant_id = $1)) FROM npsync.contact WHERE tenant_id = $1"
	    " AND contact_id = 'anna'");
}

static void
test_last_activity(void **state)
{
	struct fixture *f = *state;
	const struct crm_activity off = { "bo", "6", ACT_MEETING, 20260503,
		true, true };

	fixture_tenant(f);
	fixture_card(f, "anna", NULL);
	fixture_card(f, "bo", NULL);
	act(f, "1", ACT_OTHER, 20260401, true);
	assert_string_equal(silence_facts(f), "");
	act(f, "2", ACT_MEETING, 20260110, true);
	assert_string_equal(silence_facts(f), "2026-01-10");
	act(f, "3", ACT_PHONE, 20260105, true);
	assert_string_equal(silence_facts(f), "2026-01-10");
	act(f, "4", ACT_MAIL, 20260506, true);
	assert_string_equal(silence_facts(f), "2026-05-06");
	/* Ticked off before its day: not yet held. */
	act(f, "5", ACT_MEETING, 20260507, true);
	assert_string_equal(silence_facts(f), "2026-05-06");
	/* Some tick off what was called off: nobody met. */
	put_activity(f, 1, &off);
	assert_int_equal(fixture_int(f, "SELECT count(last_activity_on) FROM"
	    " npsync.contact WHERE tenant_id = $1"), 1);
}

static void
test_planned_ahead(void **state)
{
	struct fixture *f = *state;
	struct crm_activity cancelled = { "anna", "2", ACT_MEETING, 20260509,
		false, true };

	fixture_tenant(f);
	fixture_card(f, "anna", NULL);
	act(f, "1", ACT_MEETING, 20260505, false);	/* never closed */
	act(f, "1", ACT_OTHER, 20260509, false);
	assert_string_equal(silence_facts(f), "");
	act(f, "1", ACT_MEETING, 20260506, false);
	act(f, "2", ACT_PHONE, 20260508, false);
	assert_string_equal(silence_facts(f), "1=2026-05-06,2=2026-05-08");
	act(f, "2", ACT_PHONE, 20260509, false);
	assert_string_equal(silence_facts(f), "1=2026-05-06,2=2026-05-09");
	put_activity(f, 1, &cancelled);			/* I13 */
	assert_string_equal(silence_facts(f), "1=2026-05-06");
	act(f, "1", ACT_MEETING, 20260506, true);
	assert_string_equal(silence_facts(f), "2026-05-06");
}

static void
test_plans_that_did_not_appear(void **state)
{
	struct fixture *f = *state;
	const struct crm_activity again = { "anna", "2", ACT_PHONE, 20260508,
		false, false };
	struct err err = { 0 };

	fixture_tenant(f);
	fixture_card(f, "anna", NULL);
	act(f, "1", ACT_MEETING, 20260507, false);
	act(f, "2", ACT_PHONE, 20260508, false);
	put_activity(f, 2, &again);
	assert_true(activity_sweep(f->db, f->tenant.id, "crm2", 9, 20260601,
	    f->scratch, &err));
	assert_string_equal(silence_facts(f), "1=2026-05-07,2=2026-05-08");
	assert_true(activity_sweep(f->db, f->tenant.id, "crm", 2, 20260508,
	    f->scratch, &err));
	assert_string_equal(silence_facts(f), "2=2026-05-08");
	/* Its day is over. */
	assert_true(activity_sweep(f->db, f->tenant.id, "crm", 2, 20260509,
	    f->scratch, &err));
	assert_string_equal(silence_facts(f), "");
}

/* ---- cursor ------------------------------------------------------------------------------ */
static const char *
cursor_text(struct fixture *f)
{
	struct cursor c;
	struct err err = { 0 };

	if (!cursor_read(f->db, f->tenant.id, "crm", "events", f->run, &c, &err))
		fail_msg("%s", err.msg);
	return arena_printf(f->run, "%s %s %lld %s",
	    c.watermark != NULL ? c.watermark : "-",
	    c.resume != NULL ? c.resume : "-", c.pass,
	    c.baseline ? "baseline" : "");
}

static void
test_cursor_moves_with_the_page(void **state)
{
	struct fixture *f = *state;

	fixture_tenant(f);
	assert_string_equal(cursor_text(f), "- - 1 baseline");
	struct cursor_move move = move_of(f, "events");
	move.resume = "page 2";
	(void)put_events(f, &move, true, NULL, 0);
	assert_string_equal(cursor_text(f), "- page 2 1 baseline");
	/* E5: as received. */
	move.resume = "page 3";
	move.watermark = "2026-05-01T10:00:00.1234567+02:00";
	move.complete = true;
	const time_t first = move.now;
	(void)put_events(f, &move, true, NULL, 0);
	assert_string_equal(cursor_text(f),
	    "2026-05-01T10:00:00.1234567+02:00 - 2 ");
	/* The next pass breaks off: it goes on under its own number. */
	move = move_of(f, "events");
	move.pass = 2;
	move.resume = "page 2";
	move.now += 3600;
	(void)put_events(f, &move, false, NULL, 0);
	assert_string_equal(cursor_text(f),
	    "2026-05-01T10:00:00.1234567+02:00 page 2 2 ");
	move.resume = NULL;
	move.watermark = "w2";
	move.complete = true;
	(void)put_events(f, &move, false, NULL, 0);
	assert_string_equal(cursor_text(f), "w2 - 3 ");
	assert_int_equal(fixture_int(f, "SELECT extract(epoch FROM completed_at -"
	    " first_completed_at)::bigint FROM npsync.cursor WHERE"
	    " tenant_id = $1"), 3600);
	assert_int_equal(fixture_int(f, "SELECT extract(epoch FROM"
	    " first_completed_at)::bigint FROM npsync.cursor WHERE"
	    " tenant_id = $1"), first);
}

/* A run that lost its lease takes nothing in and moves nothing. */
static void
test_lost_lease(void **state)
{
	struct fixture *f = *state;
	const struct crm_contact card = { .contact_id = "new",
		.consent_at = NO_TIME };
	struct err err = { 0 };

	fixture_tenant(f);
	fixture_card(f, "anna", NULL);
	fixture_takeover(f);
	const struct taken t = put_one(f, "sale", "1", "anna");
	assert_false(t.alive);
	assert_int_equal(t.fresh, 0);
	put_card(f, &card);
	act(f, "1", ACT_MEETING, 20260401, true);
	act(f, "2", ACT_MEETING, 20260601, false);
	assert_string_equal(silence_facts(f), "");
	assert_string_equal(card_text(f, "anna", "last_won_on"), "");
	assert_int_equal(fixture_int(f, "SELECT (SELECT count(*) FROM"
	    " npsync.queue WHERE tenant_id = $1) + (SELECT count(*) FROM"
	    " npsync.event_seen WHERE tenant_id = $1) + (SELECT count(*) FROM"
	    " npsync.cursor WHERE tenant_id = $1) + (SELECT count(*) - 1 FROM"
	    " npsync.contact WHERE tenant_id = $1)"), 0);
	f->tenant.epoch++;
	assert_true(put_one(f, "sale", "1", "anna").alive);
	fixture_exec(f, "UPDATE npsync.contact SET last_activity_on ="
	    " '2026-01-15', last_won_on = '2026-01-01' WHERE tenant_id = $1");
	f->tenant.epoch--;
	assert_false(stage_forecast(&f->stage, &err));
	assert_int_equal(err.kind, ERR_BUSY);
	assert_int_equal(rows(f), 1);
}

/* ---- silence: vectors section 2 ------------------------------------------------------------ */
static void
test_window(void **state)
{
	static const struct {
		int night, period, width, from, until;
	} cases[] = {
		{ 20260501, 90, 30, 20260101, 20260130 },
		{ 20260301, 90, 30, 20251101, 20251130 },
		{ 20280530, 90, 30, 20280131, 20280229 },
		{ 20280601, 60, 30, 20280303, 20280401 },
		{ 20260501, 30, 30, 20260302, 20260331 },
		{ 20260501, 60, 30, 20260131, 20260301 },
		{ 20260501, 60, 20, 20260210, 20260301 },
		{ 20260501, 365, 30, 20250401, 20250430 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const struct silence w = forecast_window(cases[i].night,
		    cases[i].period, cases[i].width);
		assert_int_equal(w.from, cases[i].from);
		assert_int_equal(w.until, cases[i].until);
		assert_int_equal(w.won_until, cases[i].until);
	}
}

static int
silent(struct fixture *f, int night)
{
	const struct silence w = forecast_window(night, 90, 30);
	AUTO(db_result) struct db_result *r = NULL;
	struct err err = { 0 };

	if (!event_find_silent(f->db, f->tenant.id, w.from, w.until, w.won_until,
	        night, 100, f->scratch, &r, &err))
		fail_msg("%s", err.msg);
	return db_rows(r);
}

#define D 20260501

static void
test_silence_cases(void **state)
{
	static const struct {
		const char *id;
		int active, won, planned;
		bool in;
	} cases[] = {
		{ "I1", 20260101, 20251201, NO_DAY, true },
		{ "I1", 20260130, 20251201, NO_DAY, true },
		{ "I2", 20260131, 20251201, NO_DAY, false },
		{ "I2", 20251231, 20251201, NO_DAY, false },
		{ "I3", 20260110, NO_DAY, NO_DAY, false },
		{ "never active", NO_DAY, 20251201, NO_DAY, false },
		{ "I10", 20260111, 20260126, NO_DAY, true },
		{ "I11", 20260111, 20260312, NO_DAY, false },
		{ "won on the last day", 20260111, 20260130, NO_DAY, true },
		{ "won a day later", 20260111, 20260131, NO_DAY, false },
		{ "I12", 20260111, 20260126, 20260508, false },
		{ "I12 today", 20260111, 20260126, 20260501, false },
		{ "I13", 20260111, 20260126, 20260430, true },
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		char day[3][16];
		fixture_tenant(f);
		fixture_card(f, "anna", NULL);
		if (cases[i].active != NO_DAY)
			fixture_exec(f, "UPDATE npsync.contact SET last_activity_on ="
			    " '%s' WHERE tenant_id = $1",
			    day_iso(day[0], cases[i].active));
		if (cases[i].won != NO_DAY)
			fixture_exec(f, "UPDATE npsync.contact SET last_won_on = '%s'"
			    " WHERE tenant_id = $1", day_iso(day[1], cases[i].won));
		if (cases[i].planned != NO_DAY)
			fixture_exec(f, "INSERT INTO npsync.planned_activity VALUES"
			    " ($1, 'crm', 'anna', 'a', '%s', 1)",
			    day_iso(day[2], cases[i].planned));
		if ((silent(f, D) == 1) != cases[i].in)
			fail_msg("%s, case %zu", cases[i].id, i);
	}
}

/* I8: the local day counts. */
static void
test_silence_local_day(void **state)
{
	const struct silence w = forecast_window(D, 90, 30);
	time_t t;

	(void)state;
	assert_true(clock_parse_iso("2026-01-30T22:30:00Z", "UTC", &t));
	assert_int_equal(clock_day(FIXTURE_ZONE, t), w.until);
	assert_true(clock_parse_iso("2026-01-30T23:10:00Z", "UTC", &t));
	assert_int_equal(clock_day(FIXTURE_ZONE, t), day_add(w.until, 1));
}

static void
forecast(struct fixture *f, int night)
{
	struct err err = { 0 };

	fixture_night(f, night);
	f->log.counts = NULL;
	if (!stage_forecast(&f->stage, &err))
		fail_msg("%s", err.msg);
	assert_int_equal(runlog_get(&f->log, "forecast", "seen"),
	    runlog_get(&f->log, "forecast", "queued") +
	    runlog_get(&f->log, "forecast", "out"));
}

static void
silent_card(struct fixture *f, const char *active)
{
	fixture_card(f, "anna", "last_won_on = '2025-12-01'");
	fixture_exec(f, "UPDATE npsync.contact SET last_activity_on = '%s'"
	    " WHERE tenant_id = $1", active);
}

/* I4, I5, I9 */
static void
test_silence_is_queued_once(void **state)
{
	struct fixture *f = *state;
	int matches = 0;

	fixture_tenant(f);
	silent_card(f, "2026-01-30");
	for (int i = -5; i < 40; i++)
		matches += silent(f, day_add(D, i));
	assert_int_equal(matches, 30);
	assert_int_equal(silent(f, D), 1);
	assert_int_equal(silent(f, 20260530), 1);
	f->conf.rules.throttle_days = 14;
	for (int i = -1; i < 32; i++) {
		forecast(f, day_add(D, i));
		assert_int_equal(rows(f), i < 0 ? 0 : 1);
		assert_int_equal(runlog_get(&f->log, "forecast", "queued"), i == 0);
		assert_int_equal(silent(f, day_add(D, i)), 0);
	}
	assert_string_equal(fixture_text(f, "SELECT concat_ws(' ', trigger,"
	    " event_id, contact_id, created_night, extract(epoch FROM"
	    " occurred_at)::bigint - %lld) FROM npsync.queue WHERE tenant_id = $1",
	    (long long)clock_day_start(FIXTURE_ZONE, 20260130)),
	    "inact 2026-01-30/anna anna 2026-05-01 0");
	fixture_exec(f, "UPDATE npsync.contact SET last_activity_on = '2026-06-01'"
	    " WHERE tenant_id = $1");
	forecast(f, 20260831);
	assert_int_equal(rows(f), 2);
}

static void
test_forecast_counts_planned(void **state)
{
	struct fixture *f = *state;

	fixture_tenant(f);
	silent_card(f, "2026-01-15");
	fixture_card(f, "bo", "last_won_on = '2025-12-01', last_activity_on ="
	    " '2026-01-15', connector = 'crm2'");
	fixture_card(f, "carl", "last_won_on = '2025-12-01', last_activity_on ="
	    " '2026-01-15'");
	fixture_card(f, "gone", "last_won_on = '2025-12-01', last_activity_on ="
	    " '2026-01-15', gone = true");
	fixture_exec(f, "INSERT INTO npsync.planned_activity VALUES"
	    " ($1, 'crm', 'anna', 'a', '2026-05-08', 1)");
	forecast(f, D);
	assert_int_equal(rows(f), 2);
	assert_int_equal(runlog_get(&f->log, "forecast", "queued"), 2);
	assert_int_equal(runlog_get(&f->log, "forecast", "out"), 1);
	assert_string_equal(fixture_text(f, "SELECT string_agg(connector || ' ' ||"
	    " contact_id, ',' ORDER BY connector) FROM npsync.queue"
	    " WHERE tenant_id = $1"), "crm carl,crm2 bo");
	/* Cancelled: the silence is met after all. */
	fixture_exec(f, "DELETE FROM npsync.planned_activity WHERE"
	    " tenant_id = $1");
	forecast(f, 20260502);
	assert_int_equal(rows(f), 3);
	fixture_tenant(f);
	silent_card(f, "2026-01-15");
	f->trigger[T_INACT].enabled = false;
	forecast(f, D);
	assert_int_equal(rows(f), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_baseline_makes_no_rows),
		cmocka_unit_test(test_event_becomes_a_row),
		cmocka_unit_test(test_known_event_changes_nothing),
		cmocka_unit_test(test_events_five_times_shuffled),
		cmocka_unit_test(test_equal_stamps_over_page_borders),
		cmocka_unit_test(test_repeat_inside_a_page),
		cmocka_unit_test(test_last_win),
		cmocka_unit_test(test_card_keys),
		cmocka_unit_test(test_no_send_tag),
		cmocka_unit_test(test_card_is_updated),
		cmocka_unit_test(test_sweep),
		cmocka_unit_test(test_sweep_dates_the_facts),
		cmocka_unit_test(test_sweep_of_few),
		cmocka_unit_test(test_last_activity),
		cmocka_unit_test(test_planned_ahead),
		cmocka_unit_test(test_plans_that_did_not_appear),
		cmocka_unit_test(test_cursor_moves_with_the_page),
		cmocka_unit_test(test_lost_lease),
		cmocka_unit_test(test_window),
		cmocka_unit_test(test_silence_cases),
		cmocka_unit_test(test_silence_local_day),
		cmocka_unit_test(test_silence_is_queued_once),
		cmocka_unit_test(test_forecast_counts_planned),
	};

	return cmocka_run_group_tests(tests, fixture_start, fixture_stop);
}
