/*
 * Moves of a queue row: every triple of actor and states, the claim and its
 * evidence, the fence, the outcome that nothing may refuse.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "fixture.h"
#include "testdb.h"

static long long
count(struct fixture *f, const char *state)
{
	return fixture_int(f, "SELECT count(*) FROM npsync.queue"
	    " WHERE tenant_id = $1 AND state = '%s'", state);
}

static long long
evidence(struct fixture *f)
{
	return fixture_int(f, "SELECT count(*) FROM npsync.person_send"
	    " WHERE tenant_id = $1");
}

static enum err_kind
claim_error(struct fixture *f)
{
	const struct queue_claim claim = { .night = f->stage.night, .at_most = 8,
		.throttle_days = 30, .now = clock_now(), .send_at = clock_now() };
	struct queue_claimed *rows = NULL;
	struct err err = { 0 };
	size_t n = 99;

	assert_false(queue_claim(f->db, &f->tenant, &claim, f->arena, &rows, &n,
	    &err));
	assert_int_equal(n, 0);
	return err.kind;
}

/* ---- moves: 6 actors x 10 x 10 states ----------------------------------------- */
/* As the page on reliability lists them; the claim's two are not among them. */
static const char *const allowed[QUEUE_ACTORS] = {
	[ACTOR_DECIDE] = " queued>suppressed deferred>suppressed queued>expired"
	    " deferred>expired queued>held deferred>held queued>deferred"
	    " deferred>deferred suppressed>queued ",
	[ACTOR_PUSH] = " sending>sent sending>deferred sending>failed"
	    " sending>unknown unknown>sent ",
	[ACTOR_SETTLE] = " sending>unknown unknown>sent unknown>deferred"
	    " unknown>failed queued>held deferred>held held>sent held>queued ",
	[ACTOR_REFRESH] = " queued>suppressed deferred>suppressed"
	    " held>suppressed excluded>suppressed ",
	[ACTOR_ADMIN] = " queued>excluded deferred>excluded held>excluded"
	    " excluded>queued held>queued failed>queued unknown>sent"
	    " unknown>failed ",
	[ACTOR_TAG] = " queued>excluded deferred>excluded held>excluded ",
};

static bool
is_allowed(enum queue_actor actor, int from, int to)
{
	char move[64];

	(void)snprintf(move, sizeof(move), " %s>%s ",
	    queue_state_name((enum queue_state)from),
	    queue_state_name((enum queue_state)to));
	return strstr(allowed[actor], move) != NULL;
}

#define SQUARE (QUEUE_STATES * QUEUE_STATES)

/* One row for each pair; its rank is its place in the square. */
static void
fill_square(struct fixture *f, long long ids[SQUARE])
{
	fixture_exec(f, "INSERT INTO npsync.queue (tenant_id, connector, trigger,"
	    " event_id, contact_id, occurred_at, created_at, created_night, state,"
	    " due_night, due_rank, attempt, epoch, person, client_ref)"
	    " SELECT $1, 'crm', 'meet', i, '', '2026-05-05Z', '2026-05-05Z',"
	    " '2026-05-05', (ARRAY['queued', 'suppressed', 'expired', 'excluded',"
	    " 'held', 'sending', 'sent', 'deferred', 'failed', 'unknown'])"
	    "[1 + i / 10], '2026-05-06', i, 1, 0, ARRAY['m' || i]::bytea[],"
	    " gen_random_uuid() FROM generate_series(0, %d) i", SQUARE - 1);
	fixture_ints(f, ids, SQUARE, "SELECT queue_id FROM npsync.queue"
	    " WHERE tenant_id = $1 ORDER BY due_rank");
}

static size_t
move_square(struct fixture *f, enum queue_actor actor,
    const long long ids[SQUARE])
{
	struct queue_move moves[SQUARE];
	struct err err = { 0 };
	size_t moved = 0;

	for (int i = 0; i < SQUARE; i++)
		moves[i] = (struct queue_move){ ids[i], 1,
			(enum queue_state)(i % QUEUE_STATES), NULL, NULL, NO_TIME };
	if (!queue_move(f->db, &f->tenant, actor, "test", 0, clock_now(), moves,
	        SQUARE, f->scratch, &moved, &err))
		fail_msg("%s", err.msg);
	return moved;
}

static size_t
judge_square(struct fixture *f, enum queue_actor actor)
{
	long long ids[SQUARE], became[SQUARE];
	size_t expected = 0;

	fixture_tenant(f);
	fill_square(f, ids);
	const size_t moved = move_square(f, actor, ids);
	fixture_ints(f, became, SQUARE, "SELECT 10 * version - 1 + array_position("
	    "ARRAY['queued', 'suppressed', 'expired', 'excluded', 'held',"
	    " 'sending', 'sent', 'deferred', 'failed', 'unknown'], state) FROM"
	    " npsync.queue WHERE tenant_id = $1 ORDER BY due_rank");
	for (int i = 0; i < SQUARE; i++) {
		const int from = i / QUEUE_STATES, to = i % QUEUE_STATES;
		const bool ok = is_allowed(actor, from, to);
		expected += ok;
		assert_int_equal(queue_move_allowed(actor, (enum queue_state)from,
		    (enum queue_state)to), ok);
		if (became[i] != (ok ? 10 + to : from))
			fail_msg("actor %d, %s to %s: became %lld", actor,
			    queue_state_name((enum queue_state)from),
			    queue_state_name((enum queue_state)to), became[i]);
	}
	assert_int_equal(moved, expected);
	fixture_assert_history(f);
	return moved;
}

static void
test_every_move(void **state)
{
	size_t moved = 0;

	for (int actor = 0; actor < QUEUE_ACTORS; actor++)
		moved += judge_square(*state, (enum queue_actor)actor);
	assert_int_equal(moved, 37);
}

/* Outcomes and people need no epoch; decide and settle do. */
static void
test_every_move_of_an_old_epoch(void **state)
{
	static const bool fenced[QUEUE_ACTORS] = { [ACTOR_DECIDE] = true,
		[ACTOR_SETTLE] = true, [ACTOR_REFRESH] = true,
		[ACTOR_TAG] = true };
	struct fixture *f = *state;
	long long ids[SQUARE];

	for (int actor = 0; actor < QUEUE_ACTORS; actor++) {
		size_t expected = 0;
		fixture_tenant(f);
		fill_square(f, ids);
		fixture_takeover(f);
		for (int i = 0; i < SQUARE && !fenced[actor]; i++)
			expected += is_allowed((enum queue_actor)actor,
			    i / QUEUE_STATES, i % QUEUE_STATES);
		assert_int_equal(move_square(f, (enum queue_actor)actor, ids),
		    expected);
	}
}

static void
test_attempt_must_be_the_one(void **state)
{
	struct fixture *f = *state;

	fixture_tenant(f);
	const long long row = fixture_due(f, 1);
	assert_int_equal(fixture_claim(f, 8, NULL), 1);
	assert_int_equal(fixture_move(f, ACTOR_PUSH, row, 0, QUEUE_SENT), 0);
	assert_int_equal(fixture_move(f, ACTOR_PUSH, row, 2, QUEUE_SENT), 0);
	assert_string_equal(fixture_state(f, row), "sending");
	assert_int_equal(fixture_move(f, ACTOR_PUSH, row, 1, QUEUE_SENT), 1);
	/* The reply of the first one may have been lost. */
	assert_int_equal(fixture_move(f, ACTOR_PUSH, row, 1, QUEUE_SENT), 0);
	assert_int_equal(fixture_int(f, "SELECT version FROM npsync.queue"
	    " WHERE tenant_id = $1"), 2);
	fixture_assert_history(f);
}

static void
test_move_of_another_tenant(void **state)
{
	struct fixture *f = *state;

	fixture_tenant(f);
	const long long row = fixture_due(f, 1);
	fixture_tenant(f);
	assert_int_equal(fixture_move(f, ACTOR_ADMIN, row, 0, QUEUE_EXCLUDED), 0);
}

/* What the service said stays on the row. */
static void
test_outcome_is_kept(void **state)
{
	struct fixture *f = *state;
	struct err err = { 0 };
	size_t moved;

	fixture_tenant(f);
	const long long a = fixture_due(f, 1), b = fixture_due(f, 2);
	assert_int_equal(fixture_claim(f, 8, NULL), 2);
	const time_t later = clock_now() + 600;
	const struct queue_move moves[] = {
		{ a, 1, QUEUE_SENT, NULL, "r-17", NO_TIME },
		{ b, 1, QUEUE_DEFERRED, "HTTP 429", NULL, later } };
	assert_true(queue_move(f->db, &f->tenant, ACTOR_PUSH, "push",
	    f->log.run_id, clock_now(), moves, 2, f->scratch, &moved, &err));
	assert_int_equal(moved, 2);
	assert_string_equal(fixture_text(f, "SELECT state || remote_id FROM"
	    " npsync.queue WHERE tenant_id = $1 AND queue_id = %lld", a),
	    "sentr-17");
	assert_int_equal(fixture_int(f, "SELECT extract(epoch FROM"
	    " deferred_until)::bigint FROM npsync.queue WHERE tenant_id = $1"
	    " AND queue_id = %lld", b), later);
	assert_string_equal(fixture_text(f, "SELECT actor || ' ' || detail FROM"
	    " npsync.queue_history WHERE tenant_id = $1 AND queue_id = %lld"
	    " AND version = 2", b), "push HTTP 429");
	assert_int_equal(fixture_claim(f, 8, NULL), 0);
	clock_set(later);
	assert_int_equal(fixture_claim(f, 8, NULL), 1);
	/* A later look tells nothing new about the id. */
	assert_int_equal(fixture_move(f, ACTOR_PUSH, b, 2, QUEUE_UNKNOWN), 1);
	fixture_assert_history(f);
}

/* ---- evidence ------------------------------------------------------------------- */
static long long
claimed_row(struct fixture *f)
{
	fixture_tenant(f);
	const long long row = fixture_due(f, 1);
	fixture_exec(f, "UPDATE npsync.queue SET person = ARRAY['p1', 'card:p1']"
	    "::bytea[] WHERE tenant_id = $1");
	/* Another send of that day and person is none of this row's business. */
	fixture_exec(f, "INSERT INTO npsync.person_send (tenant_id, person_key,"
	    " sent_on, ref, source) VALUES ($1, 'p1', '2026-03-01', 'x', 'own')");
	assert_int_equal(fixture_claim(f, 8, NULL), 1);
	return row;
}

static void
test_evidence_is_written(void **state)
{
	struct fixture *f = *state;

	(void)claimed_row(f);
	assert_int_equal(evidence(f), 3);
	assert_int_equal(fixture_int(f, "SELECT count(*) FROM npsync.person_send s"
	    " JOIN npsync.queue q ON q.tenant_id = $1 AND q.client_ref::text ="
	    " s.ref WHERE s.tenant_id = $1 AND s.person_key = ANY (q.person)"
	    " AND s.sent_on = '2026-05-06' AND s.source = 'own'"
	    " AND s.campaign = '4'"), 2);
	fixture_assert_history(f);
}

static void
test_evidence_by_outcome(void **state)
{
	static const struct {
		enum queue_actor actor;
		enum queue_state first, second;	/* SENDING = no second move */
		long long left;
	} cases[] = {
		{ ACTOR_PUSH, QUEUE_SENT, QUEUE_SENDING, 3 },
		{ ACTOR_PUSH, QUEUE_UNKNOWN, QUEUE_SENDING, 3 },
		{ ACTOR_PUSH, QUEUE_DEFERRED, QUEUE_SENDING, 1 },
		{ ACTOR_PUSH, QUEUE_FAILED, QUEUE_SENDING, 1 },
		{ ACTOR_PUSH, QUEUE_UNKNOWN, QUEUE_SENT, 3 },
		{ ACTOR_SETTLE, QUEUE_UNKNOWN, QUEUE_SENT, 3 },
		{ ACTOR_SETTLE, QUEUE_UNKNOWN, QUEUE_DEFERRED, 1 },
		{ ACTOR_SETTLE, QUEUE_UNKNOWN, QUEUE_FAILED, 1 },
		{ ACTOR_ADMIN, QUEUE_UNKNOWN, QUEUE_SENT, 3 },
		{ ACTOR_ADMIN, QUEUE_UNKNOWN, QUEUE_FAILED, 1 },
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const long long row = claimed_row(f);
		assert_int_equal(fixture_move(f, ACTOR_PUSH, row, 1,
		    cases[i].first), 1);
		if (cases[i].second != QUEUE_SENDING)
			assert_int_equal(fixture_move(f, cases[i].actor, row, 1,
			    cases[i].second), 1);
		assert_int_equal(evidence(f), cases[i].left);
	}
}

/* ---- claim ------------------------------------------------------------------------ */
#define FEW 7
#define MANY 60

static void
claim_few(struct fixture *f, const char *setting)
{
	struct queue_claimed *rows = NULL;
	struct err err = { 0 };

	fixture_tenant(f);
	fixture_exec(f, "INSERT INTO npsync.queue (tenant_id, connector, trigger,"
	    " event_id, contact_id, occurred_at, created_at, created_night,"
	    " due_night, due_rank, person, client_ref) SELECT $1, 'crm', 'meet',"
	    " i, '', '2026-05-05Z', '2026-05-05Z', '2026-05-05', '2026-05-06',"
	    " %d - i, ARRAY['m' || i]::bytea[], gen_random_uuid()"
	    " FROM generate_series(1, %d) i", MANY + 1, MANY);
	fixture_exec(f, "INSERT INTO npsync.person_send (tenant_id, person_key,"
	    " sent_on, ref, source) SELECT $1, ('x' || i)::bytea, '2026-05-01',"
	    " 'r', 'own' FROM generate_series(1, 200) i");
	assert_true(db_script(f->db, setting, &err));
	const size_t n = fixture_claim(f, FEW, &rows);
	assert_true(db_script(f->db, "RESET ALL", &err));
	if (n != FEW)
		fail_msg("%s: claimed %zu", setting, n);
	assert_int_equal(count(f, "sending"), FEW);
	assert_int_equal(fixture_int(f, "SELECT max(due_rank) FROM npsync.queue"
	    " WHERE tenant_id = $1 AND state = 'sending'"), FEW);
	fixture_assert_history(f);
}

static void
test_claim_takes_no_more(void **state)
{
	static const char *const settings[] = {
		"SET enable_nestloop = on",
		"SET enable_nestloop = off",
		"SET enable_hashjoin = off; SET enable_hashagg = off",
		"SET enable_mergejoin = off; SET enable_hashjoin = off;"
		    " SET enable_memoize = off; SET enable_material = off",
		"SET enable_seqscan = off; SET enable_sort = off",
		"SET enable_indexscan = off; SET enable_indexonlyscan = off;"
		    " SET enable_bitmapscan = off",
	};

	for (size_t i = 0; i < ARRAY_LEN(settings); i++)
		claim_few(*state, settings[i]);
}

static void
persons(struct fixture *f, long long row, const char *keys)
{
	fixture_exec(f, "UPDATE npsync.queue SET person = '%s'::text[]::bytea[]"
	    " WHERE tenant_id = $1 AND queue_id = %lld", keys, row);
}

static void
test_claim_one_row_a_person(void **state)
{
	struct fixture *f = *state;

	fixture_tenant(f);
	const long long a = fixture_due(f, 1), b = fixture_due(f, 2),
	    c = fixture_due(f, 3), d = fixture_due(f, 4);
	persons(f, a, "{one,number}");
	persons(f, b, "{two,number}");
	persons(f, c, "{one}");
	persons(f, d, "{three}");
	assert_int_equal(fixture_claim(f, 8, NULL), 2);
	assert_string_equal(fixture_state(f, a), "sending");
	assert_string_equal(fixture_state(f, d), "sending");
	assert_int_equal(fixture_claim(f, 8, NULL), 0);
	assert_int_equal(fixture_move(f, ACTOR_PUSH, a, 1, QUEUE_SENT), 1);
	assert_int_equal(fixture_claim(f, 8, NULL), 0);
	assert_string_equal(fixture_state(f, b), "due");
	fixture_assert_history(f);
}

/* Equal ranks: the reference decides, and one of them only. */
static void
test_claim_equal_ranks(void **state)
{
	struct fixture *f = *state;

	fixture_tenant(f);
	(void)fixture_due(f, 1);
	(void)fixture_due(f, 1);
	(void)fixture_due(f, 1);
	assert_int_equal(fixture_claim(f, 8, NULL), 1);
	assert_int_equal(fixture_int(f, "SELECT count(*) FROM npsync.queue q"
	    " WHERE tenant_id = $1 AND state = 'sending' AND client_ref ="
	    " (SELECT client_ref FROM npsync.queue WHERE tenant_id = $1"
	    "   ORDER BY client_ref LIMIT 1)"), 1);
}

/* Each look of the claim alone stops the row. */
static void
test_claim_looks(void **state)
{
	static const struct {
		const char *sent_on, *source;
		bool foreign_counts, claimed;
		int days;
	} cases[] = {
		{ "2026-04-07", "own", true, false, 30 },
		{ "2026-04-06", "own", true, true, 30 },
		{ "2026-04-07", "foreign", true, false, 30 },
		{ "2026-04-07", "foreign", false, true, 30 },
		{ "2026-05-06", "own", true, false, 0 },
		{ "2026-05-05", "own", true, true, 0 },
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		fixture_tenant(f);
		f->conf.rules.count_foreign = cases[i].foreign_counts;
		f->conf.rules.throttle_days = cases[i].days;
		persons(f, fixture_due(f, 1), "{p1,second}");
		fixture_exec(f, "INSERT INTO npsync.person_send (tenant_id,"
		    " person_key, sent_on, ref, source) VALUES ($1, 'second',"
		    " '%s', 'r', '%s')", cases[i].sent_on, cases[i].source);
		if ((fixture_claim(f, 8, NULL) == 1) != cases[i].claimed)
			fail_msg("sent %s, %s", cases[i].sent_on, cases[i].source);
	}
}

/* What came in since the night decided. */
static void
test_claim_who_declined(void **state)
{
	static const char *const facts[] = { "gone = true", "anonymised = true",
		"no_send = true", "company_no_send = true", "opted_out = true",
		"employed = false" };
	struct fixture *f = *state;

	for (size_t i = 0; i <= ARRAY_LEN(facts); i++) {
		fixture_tenant(f);
		const long long row = fixture_due(f, 1);
		const char *card = fixture_text(f, "SELECT contact_id FROM"
		    " npsync.queue WHERE tenant_id = $1 AND queue_id = %lld", row);
		fixture_card(f, card, i < ARRAY_LEN(facts) ? facts[i] : NULL);
		if (i == ARRAY_LEN(facts))
			fixture_exec(f, "INSERT INTO npsync.opt_out SELECT"
			    " $1::bigint, person_key, 'survey', 'all', now() FROM"
			    " npsync.queue WHERE tenant_id = $1");
		if (fixture_claim(f, 8, NULL) != 0)
			fail_msg("claimed: case %zu", i);
		fixture_exec(f, "DELETE FROM npsync.opt_out WHERE tenant_id = $1");
		fixture_exec(f, "DELETE FROM npsync.contact WHERE tenant_id = $1");
		fixture_card(f, card, NULL);
		assert_int_equal(fixture_claim(f, 8, NULL), 1);
	}
}

/* The person is being sent something, even if nothing says so elsewhere. */
static void
test_claim_beside_sending(void **state)
{
	struct fixture *f = *state;

	fixture_tenant(f);
	const long long first = fixture_due(f, 1);
	assert_int_equal(fixture_claim(f, 8, NULL), 1);
	fixture_exec(f, "DELETE FROM npsync.person_send WHERE tenant_id = $1");
	persons(f, fixture_due(f, 2), "{other,p1}");
	assert_int_equal(fixture_claim(f, 8, NULL), 0);
	assert_int_equal(fixture_move(f, ACTOR_PUSH, first, 1, QUEUE_FAILED), 1);
	assert_int_equal(fixture_claim(f, 8, NULL), 1);
}

/* Q9, Q10, a row that waits, another night's row. */
static void
test_claim_what_is_due(void **state)
{
	struct fixture *f = *state;
	long long ready = -1;
	time_t next;
	struct err err = { 0 };

	fixture_tenant(f);
	const long long out = fixture_due(f, 1), late = fixture_due(f, 2);
	const long long gone = fixture_due(f, 3);
	(void)fixture_row(f, T_MEET, "undecided", NULL);
	fixture_exec(f, "UPDATE npsync.queue SET due_night = '2026-05-05'"
	    " WHERE tenant_id = $1 AND queue_id = %lld", gone);
	assert_int_equal(fixture_move(f, ACTOR_ADMIN, out, 0, QUEUE_EXCLUDED), 1);
	fixture_exec(f, "UPDATE npsync.queue SET state = 'deferred',"
	    " deferred_until = '2026-05-06 03:11+02' WHERE tenant_id = $1"
	    " AND queue_id = %lld", late);
	assert_true(queue_due(f->db, f->tenant.id, f->stage.night, clock_now(),
	    f->arena, &ready, &next, &err));
	assert_int_equal(ready, 0);
	assert_int_equal(next, clock_now() + 60);
	assert_int_equal(fixture_claim(f, 8, NULL), 0);
	clock_set(next);
	assert_true(queue_due(f->db, f->tenant.id, f->stage.night, clock_now(),
	    f->arena, &ready, &next, &err));
	assert_int_equal(ready, 1);
	assert_int_equal(next, NO_TIME);
	assert_int_equal(fixture_claim(f, 8, NULL), 1);
	/* Let in again, the row is undecided. */
	assert_int_equal(fixture_move(f, ACTOR_ADMIN, out, 0, QUEUE_QUEUED), 1);
	assert_string_equal(fixture_state(f, out), "queued");
	assert_int_equal(fixture_claim(f, 8, NULL), 0);
}

static void
test_claim_is_fenced(void **state)
{
	struct fixture *f = *state;
	struct err err = { 0 };

	fixture_tenant(f);
	(void)fixture_due(f, 1);
	assert_true(tenant_set_paused(f->db, &f->tenant, true, &err));
	assert_int_equal(claim_error(f), ERR_CANCELLED);
	assert_true(tenant_set_paused(f->db, &f->tenant, false, &err));
	f->tenant.epoch++;
	assert_int_equal(claim_error(f), ERR_BUSY);
	f->tenant.epoch -= 2;
	assert_int_equal(claim_error(f), ERR_BUSY);
	f->tenant.epoch++;
	fixture_exec(f, "UPDATE npsync.tenant SET lease_until = now() -"
	    " interval '1 s' WHERE tenant_id = $1");
	assert_int_equal(claim_error(f), ERR_BUSY);
	assert_int_equal(count(f, "queued"), 1);
	assert_int_equal(evidence(f), 0);
	bool wanted = false;
	f->tenant.renewed_ms = 0;
	assert_true(tenant_renew(f->db, &f->tenant, 1, &wanted, &err));
	assert_int_equal(fixture_claim(f, 8, NULL), 1);
}

/* What the push needs, and what the row keeps of the moment. */
static void
test_claim_copies_facts(void **state)
{
	struct fixture *f = *state;
	struct queue_claimed *rows = NULL;

	fixture_tenant(f);
	fixture_card(f, "p1", "owner_id = 'u1', owner_name = 'Bo', department ="
	    " 'Salg', segment = 'A', consent = true, mobile = '+4512345678',"
	    " extra = '{\"a\": \"b\"}'");
	const long long row = fixture_due(f, 1);
	const long long other = fixture_due(f, 2);	/* its card is gone */
	assert_int_equal(fixture_claim(f, 8, &rows), 2);
	const struct queue_claimed *c = rows[0].queue_id == row ? &rows[0]
	    : &rows[1];
	assert_int_equal(c->attempt, 1);
	assert_string_equal(c->connector, "crm");
	assert_string_equal(c->contact_id, "p1");
	assert_string_equal(c->trigger, "meet");
	assert_string_equal(c->campaign, "4");
	assert_string_equal(c->email, "p1@kunde.dk");
	assert_string_equal(c->mobile, "+4512345678");
	assert_string_equal(c->owner_name, "Bo");
	assert_string_equal(c->extra, "{\"a\": \"b\"}");
	assert_int_equal(strlen(c->client_ref), 36);
	assert_string_equal(fixture_text(f, "SELECT concat_ws(' ', owner,"
	    " department, company, segment, country, consent, epoch - %lld) FROM"
	    " npsync.queue WHERE tenant_id = $1 AND queue_id = %lld",
	    f->tenant.epoch, row), "Bo Salg Kunde A/S A DK t 0");
	assert_string_equal(fixture_state(f, other), "sending");
	/* Where decide put them: at nine, as nobody shares a company. */
	for (int i = 0; i < 2; i++)
		assert_int_equal(rows[i].send_at,
		    fixture_time(FIXTURE_NIGHT, 9, 0));
}

/* ---- two at once --------------------------------------------------------------------- */
static size_t
claim_by(struct fixture *f, struct db *db, int at_most)
{
	struct db *own = f->db;

	f->db = db;
	const size_t n = fixture_claim(f, at_most, NULL);
	f->db = own;
	return n;
}

static void
test_claim_skips_what_is_locked(void **state)
{
	struct fixture *f = *state;
	struct db *other = testdb_again();
	struct err err = { 0 };

	fixture_tenant(f);
	(void)fixture_due(f, 1);
	persons(f, fixture_due(f, 2), "{p1}");
	(void)fixture_due(f, 3);
	assert_true(db_begin(other, 1000, &err));
	assert_int_equal(claim_by(f, other, 1), 1);
	/* Not the first row, nor the other one of its person. */
	assert_int_equal(fixture_claim(f, 8, NULL), 1);
	assert_int_equal(fixture_int(f, "SELECT due_rank FROM npsync.queue"
	    " WHERE tenant_id = $1 AND state = 'sending'"), 3);
	assert_true(db_commit(other, &err));
	assert_int_equal(fixture_claim(f, 8, NULL), 0);
	db_close(other);
	fixture_assert_history(f);
}

/* A takeover waits for the claim's commit. */
static void
test_claim_holds_the_fence(void **state)
{
	struct fixture *f = *state;
	struct db *other = testdb_again();
	struct err err = { 0 };

	fixture_tenant(f);
	(void)fixture_due(f, 1);
	assert_true(db_begin(other, 1000, &err));
	assert_int_equal(claim_by(f, other, 8), 1);
	assert_true(db_begin(f->db, 50, &err));
	assert_string_equal(fixture_fails(f, "UPDATE npsync.tenant SET epoch ="
	    " epoch + 1 WHERE tenant_id = $1"), "55P03");
	db_rollback(f->db);
	assert_true(db_commit(other, &err));
	db_close(other);
}

/* Q4: one side wins, whoever comes first. */
static void
test_exclude_against_claim(void **state)
{
	struct fixture *f = *state;
	struct db *other = testdb_again();
	struct err err = { 0 };

	fixture_tenant(f);
	const long long row = fixture_due(f, 1);
	assert_true(db_begin(f->db, 1000, &err));
	assert_int_equal(fixture_move(f, ACTOR_ADMIN, row, 0, QUEUE_EXCLUDED), 1);
	assert_int_equal(claim_by(f, other, 8), 0);
	db_rollback(f->db);
	assert_int_equal(claim_by(f, other, 8), 1);
	assert_int_equal(fixture_move(f, ACTOR_ADMIN, row, 0, QUEUE_EXCLUDED), 0);
	assert_int_equal(fixture_move(f, ACTOR_ADMIN, row, 1, QUEUE_EXCLUDED), 0);
	db_close(other);
	assert_string_equal(fixture_state(f, row), "sending");
}

/* The last net under all looks. */
static void
test_person_is_sending_once(void **state)
{
	struct fixture *f = *state;

	fixture_tenant(f);
	(void)fixture_due(f, 1);
	(void)fixture_due(f, 1);
	assert_string_equal(fixture_fails(f, "UPDATE npsync.queue SET state ="
	    " 'sending' WHERE tenant_id = $1"), "23505");
	assert_int_equal(count(f, "queued"), 2);
	/* Sent they may be: no key can refuse an outcome. */
	fixture_exec(f, "UPDATE npsync.queue SET state = 'sent', remote_id = 'r'"
	    " WHERE tenant_id = $1");
}

/* ---- takeover and settle --------------------------------------------------------------- */
static void
test_outcome_after_takeover(void **state)
{
	struct fixture *f = *state;

	fixture_tenant(f);
	const long long a = fixture_due(f, 1), b = fixture_due(f, 2);
	assert_int_equal(fixture_claim(f, 8, NULL), 2);
	fixture_takeover(f);
	assert_int_equal(fixture_move(f, ACTOR_PUSH, a, 1, QUEUE_SENT), 1);
	assert_int_equal(fixture_move(f, ACTOR_PUSH, b, 1, QUEUE_FAILED), 1);
	assert_int_equal(evidence(f), 1);
	(void)fixture_due(f, 3);
	assert_int_equal(claim_error(f), ERR_BUSY);
}

static size_t
settle(struct fixture *f)
{
	struct err err = { 0 };
	size_t n = 99;

	if (!queue_settle(f->db, &f->tenant, f->log.run_id, clock_now(),
	        f->scratch, &n, &err))
		fail_msg("%s", err.msg);
	return n;
}

static void
test_settle_by_epoch(void **state)
{
	struct fixture *f = *state;

	fixture_tenant(f);
	const long long old = fixture_due(f, 1), late = fixture_due(f, 2);
	const long long done = fixture_due(f, 3);
	assert_int_equal(fixture_claim(f, 8, NULL), 3);
	assert_int_equal(fixture_move(f, ACTOR_PUSH, done, 1, QUEUE_SENT), 1);
	/* Ours, however long it lasts. */
	clock_set(clock_now() + 86400);
	assert_int_equal(settle(f), 0);
	assert_int_equal(fixture_move(f, ACTOR_SETTLE, old, 1, QUEUE_UNKNOWN), 0);
	fixture_takeover(f);
	assert_int_equal(settle(f), 0);
	f->tenant.epoch++;
	fixture_exec(f, "UPDATE npsync.queue SET epoch = %lld WHERE tenant_id = $1"
	    " AND queue_id = %lld", f->tenant.epoch, late);
	assert_int_equal(settle(f), 1);
	assert_string_equal(fixture_state(f, old),
	    "unknown the run ended before the answer");
	assert_string_equal(fixture_state(f, late), "sending");
	assert_string_equal(fixture_state(f, done), "sent");
	assert_int_equal(evidence(f), 3);
	assert_int_equal(settle(f), 0);
	/* The answer that came late is still written. */
	assert_int_equal(fixture_move(f, ACTOR_PUSH, old, 1, QUEUE_SENT), 1);
	fixture_assert_history(f);
}

/* ---- for administrators ------------------------------------------------------------------ */
static size_t
picked(struct fixture *f, const struct queue_filter *filter)
{
	struct queue_picked *rows;
	struct err err = { 0 };
	size_t n;

	if (!queue_pick(f->db, f->tenant.id, filter, f->scratch, &rows, &n, &err))
		fail_msg("%s", err.msg);
	return n;
}

static void
test_pick(void **state)
{
	struct fixture *f = *state;

	fixture_tenant(f);
	fixture_card(f, "anna", "company_id = 'c1', owner_name = 'Bo',"
	    " owner_id = 'u1'");
	fixture_card(f, "bo", "company = 'Anden'");
	const long long a = fixture_row(f, T_MEET, "anna", "employee_id = 'u9'");
	(void)fixture_row(f, T_SALE, "anna", "category = 'Demo', occurred_at ="
	    " '2026-05-03 23:59:59+02'");
	(void)fixture_row(f, T_SALE, "bo", "state = 'held'");
	const long long none[1] = { 0 };
	const struct {
		struct queue_filter filter;
		size_t n;
	} cases[] = {
		{ { .ids = NULL }, 3 },
		{ { .ids = &a, .n_ids = 1 }, 1 },
		{ { .ids = none, .n_ids = 0 }, 0 },
		{ { .trigger = "sale" }, 2 },
		{ { .category = "Demo" }, 1 },
		{ { .company = "Kunde A/S" }, 2 },
		{ { .company = "c1" }, 2 },
		{ { .employee = "Bo" }, 2 },
		{ { .employee = "u9" }, 1 },
		{ { .connector = "crm2" }, 0 },
		{ { .contact = "anna" }, 2 },
		{ { .contact = "ANNA@kunde.dk" }, 2 },
		{ { .before_day = 20260504, .timezone = FIXTURE_ZONE }, 1 },
		{ { .before_day = 20260503, .timezone = FIXTURE_ZONE }, 0 },
		{ { .state = "queued,deferred" }, 2 },
		{ { .state = "queued,held", .trigger = "sale" }, 2 },
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		if (picked(f, &cases[i].filter) != cases[i].n)
			fail_msg("filter %zu", i);
	fixture_tenant(f);
	assert_int_equal(picked(f, &cases[0].filter), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_move),
		cmocka_unit_test(test_every_move_of_an_old_epoch),
		cmocka_unit_test(test_attempt_must_be_the_one),
		cmocka_unit_test(test_move_of_another_tenant),
		cmocka_unit_test(test_outcome_is_kept),
		cmocka_unit_test(test_evidence_is_written),
		cmocka_unit_test(test_evidence_by_outcome),
		cmocka_unit_test(test_claim_takes_no_more),
		cmocka_unit_test(test_claim_one_row_a_person),
		cmocka_unit_test(test_claim_equal_ranks),
		cmocka_unit_test(test_claim_looks),
		cmocka_unit_test(test_claim_who_declined),
		cmocka_unit_test(test_claim_beside_sending),
		cmocka_unit_test(test_claim_what_is_due),
		cmocka_unit_test(test_claim_is_fenced),
		cmocka_unit_test(test_claim_copies_facts),
		cmocka_unit_test(test_claim_skips_what_is_locked),
		cmocka_unit_test(test_claim_holds_the_fence),
		cmocka_unit_test(test_exclude_against_claim),
		cmocka_unit_test(test_person_is_sending_once),
		cmocka_unit_test(test_outcome_after_takeover),
		cmocka_unit_test(test_settle_by_epoch),
		cmocka_unit_test(test_pick),
	};

	return cmocka_run_group_tests(tests, fixture_start, fixture_stop);
}
