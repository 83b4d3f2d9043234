/*
 * The last look at the CRM before a night decides, by a CRM that the test
 * plays; and whose lock proves a holder of the lease dead.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "fixture.h"
#include "stage_refresh.h"

/* ---- the CRM -------------------------------------------------------------- */
struct fake {
	const struct crm_contact *cards;
	size_t n;
	bool away, complains;
	size_t asked;
};
static struct fake fake;
static struct crm crm;

static bool
load_contacts(void *self, const char *const *ids, size_t n,
    crm_contact_fn *emit, void *arg, struct err *err)
{
	(void)self;
	fake.asked = n;
	if (fake.complains)
		link_quarantine(&crm.link, "contacts", 0, ids[0], "refused");
	if (fake.away)
		return err_set(err, ERR_RETRY, "the CRM is away");
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < fake.n; k++)
			if (strcmp(fake.cards[k].contact_id, ids[i]) == 0 &&
			    !emit(arg, &fake.cards[k]))
				return err_set(err, ERR_CANCELLED, "stopped");
	return true;
}

static const struct crm_connector connector = {
	.load_contacts = load_contacts };

static void
crm_init(struct fixture *f, const struct crm_contact *cards, size_t n)
{
	fake = (struct fake){ .cards = cards, .n = n };
	crm = (struct crm){ .connector = &connector,
		.link = { .name = "crm", .scratch = f->scratch } };
	f->stage.crm = &crm;
	f->stage.n_crm = 1;
}

/* The connectors whose rows wait. */
static size_t
refresh(struct fixture *f)
{
	const char *waiting[1];
	size_t n = 0;
	struct err err = { 0 };

	if (!stage_refresh(&f->stage, waiting, &n, &err))
		fail_msg("%s", err.msg);
	return n;
}

#define OLD "facts_at = '2026-05-05 12:00Z'"

/* ---- facts ---------------------------------------------------------------- */
static void
test_old_facts_wait(void **state)
{
	struct fixture *f = *state;

	fixture_tenant(f);
	/* The night decides at 01:10Z. */
	fixture_card(f, "old", "facts_at = '2026-05-05 19:09Z'");
	fixture_card(f, "fresh", "facts_at = '2026-05-05 19:10Z'");
	/* On page 1 of a pass that broke then and ended an hour ago. */
	fixture_card(f, "passed", OLD ", pass = 7");
	fixture_card(f, "gone", OLD ", gone = true");
	const long long old = fixture_row(f, T_MEET, "old", NULL);
	const long long fresh = fixture_row(f, T_MEET, "fresh", NULL);
	const long long passed = fixture_row(f, T_MEET, "passed", NULL);
	const long long gone = fixture_row(f, T_MEET, "gone", NULL);
	const long long nobody = fixture_row(f, T_MEET, NULL, NULL);
	fixture_exec(f, "INSERT INTO npsync.cursor (tenant_id, connector, stream,"
	    " pass, completed_at) VALUES ($1, 'crm', 'contacts', 7,"
	    " '2026-05-06 01:00Z')");
	fixture_decide(f);
	assert_string_equal(fixture_state(f, old), "queued");
	assert_string_equal(fixture_state(f, fresh), "due");
	assert_string_equal(fixture_state(f, passed), "queued");
	assert_string_equal(fixture_state(f, gone), "suppressed gone");
	assert_string_equal(fixture_state(f, nobody), "suppressed no_contact");
}

static void
test_read_again(void **state)
{
	struct fixture *f = *state;
	static const char *const no_send[] = { "NPSToday.NoSend", NULL };
	const struct crm_contact cards[] = {
		{ .contact_id = "a", .email = "a@kunde.dk", .consent_at = NO_TIME },
		{ .contact_id = "b", .email = "b@kunde.dk", .tags = no_send,
		    .consent_at = NO_TIME },
		{ .contact_id = "c", .gone = true, .consent_at = NO_TIME },
		{ .contact_id = "d", .email = "\xff", .consent_at = NO_TIME },
	};

	fixture_tenant(f);
	crm_init(f, cards, ARRAY_LEN(cards));
	fixture_exec(f, "INSERT INTO npsync.cursor (tenant_id, connector, stream,"
	    " pass, completed_at) VALUES ($1, 'crm', 'contacts', 7,"
	    " '2026-05-06 01:00Z')");
	fixture_card(f, "fresh", NULL);
	const long long fresh = fixture_row(f, T_MEET, "fresh", NULL);
	long long row[5];
	const char *const ids[] = { "a", "b", "c", "d", "silent" };
	for (size_t i = 0; i < ARRAY_LEN(ids); i++) {
		/* Whether the last pass had them or not. */
		fixture_card(f, ids[i], i == 1 ? OLD ", pass = 7" : OLD);
		row[i] = fixture_row(f, T_MEET, ids[i], NULL);
	}
	assert_int_equal(refresh(f), 0);
	assert_int_equal(fake.asked, 5);
	assert_int_equal(runlog_get(&f->log, "refresh", "seen"), 5);
	assert_int_equal(runlog_get(&f->log, "refresh", "read"), 3);
	assert_int_equal(runlog_get(&f->log, "refresh", "unread"), 2);
	fixture_decide(f);
	assert_string_equal(fixture_state(f, fresh), "due");
	assert_string_equal(fixture_state(f, row[0]), "due");
	assert_string_equal(fixture_state(f, row[1]), "suppressed no_send");
	assert_string_equal(fixture_state(f, row[2]), "suppressed gone");
	/* Unsound, and not answered at all: they wait. */
	assert_string_equal(fixture_state(f, row[3]), "queued");
	assert_string_equal(fixture_state(f, row[4]), "queued");
}

/* n cards, the first `gone` of which the CRM does not have. */
static size_t
refresh_many(struct fixture *f, size_t n, size_t gone)
{
	static char ids[64][8];
	static struct crm_contact cards[64];

	fixture_tenant(f);
	for (size_t i = 0; i < n; i++) {
		(void)snprintf(ids[i], sizeof(ids[i]), "c%zu", i);
		cards[i] = (struct crm_contact){ .contact_id = ids[i],
			.email = "a@kunde.dk", .gone = i < gone,
			.consent_at = NO_TIME };
		fixture_card(f, ids[i], OLD);
		(void)fixture_row(f, T_MEET, ids[i], NULL);
	}
	crm_init(f, cards, n);
	return refresh(f);
}

#define GONE "SELECT count(*) FROM npsync.contact WHERE tenant_id = $1 AND gone"

/* A request that finds nobody any more is no proof that all have left. */
static void
test_not_everybody_is_gone(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(refresh_many(f, 39, 20), 1);
	assert_int_equal(crm.link.problem.kind, ERR_PROTOCOL);
	assert_non_null(strstr(crm.link.problem.msg, "20 of 39 cards"));
	assert_int_equal(fixture_int(f, GONE), 0);
	assert_int_equal(refresh_many(f, 40, 20), 0);
	assert_int_equal(fixture_int(f, GONE), 20);
	assert_int_equal(refresh_many(f, 19, 19), 0);
	assert_int_equal(fixture_int(f, GONE), 19);
}

/* A card that the connector could not read is noted, the CRM goes on. */
static void
test_complaints_are_noted(void **state)
{
	struct fixture *f = *state;

	fixture_tenant(f);
	crm_init(f, NULL, 0);
	crm.link.kept = arena_new(65536);
	link_quarantine_clear(&crm.link);
	fixture_card(f, "odd", OLD);
	(void)fixture_row(f, T_MEET, "odd", NULL);
	fake.complains = true;
	assert_int_equal(refresh(f), 0);
	assert_null(crm.link.quarantine);
	assert_int_equal(fixture_int(f, "SELECT count(*) FROM npsync.quarantine"
	    " WHERE tenant_id = $1 AND record_key = 'odd'"), 1);
	arena_free(crm.link.kept);
}

static void
test_a_dead_crm_makes_its_rows_wait(void **state)
{
	struct fixture *f = *state;

	fixture_tenant(f);
	crm_init(f, NULL, 0);
	fixture_card(f, "a", OLD);
	const long long row = fixture_row(f, T_MEET, "a", NULL);
	fake.away = true;
	assert_int_equal(refresh(f), 1);
	assert_true(crm.link.failed);
	fixture_decide_waiting(f, "crm");
	assert_string_equal(fixture_state(f, row), "queued");
}

/* A refresh gives a card the same keys as a pull. */
static void
test_the_phone_stays_a_key(void **state)
{
	struct fixture *f = *state;
	static const char *const match[] = { "address", "phone" };
	const struct crm_contact card = { .contact_id = "a",
		.email = "a@kunde.dk", .mobile = "+4520123456",
		.consent_at = NO_TIME };

	fixture_tenant(f);
	f->conf.identity.match = (struct strlist){ match, 2 };
	crm_init(f, &card, 1);
	fixture_card(f, "a", OLD);
	(void)fixture_row(f, T_MEET, "a", NULL);
	assert_int_equal(refresh(f), 0);
	assert_int_equal(fixture_int(f, "SELECT cardinality(person)"
	    " FROM npsync.contact WHERE tenant_id = $1 AND contact_id = 'a'"), 3);
}

/* ---- the lease -------------------------------------------------------------- */
/* What a killed process leaves: the lease, and a lock that is free. */
static void
die(struct tenant *tenant)
{
	(void)close(tenant->lock_fd);
	tenant->lock_fd = -1;
}

static void
test_only_its_own_lock_proves_a_holder_dead(void **state)
{
	struct fixture *f = *state;
	const char *tmp = getenv("TMPDIR");
	char here[256], there[256], path[320];
	struct err err = { 0 };

	fixture_tenant(f);
	(void)snprintf(here, sizeof(here), "%s/npsync-lock-XXXXXX",
	    tmp != NULL && *tmp != '\0' ? tmp : "/tmp");
	(void)snprintf(there, sizeof(there), "%s", here);
	assert_non_null(mkdtemp(here));
	assert_non_null(mkdtemp(there));
	tenant_release(f->db, &f->tenant);
	assert_true(tenant_acquire(f->db, &f->tenant, here, &err));
	const long long epoch = f->tenant.epoch;
	struct tenant other = f->tenant;
	/* Alive: its lock is held. */
	assert_false(tenant_acquire(f->db, &other, here, &err));
	assert_int_equal(err.kind, ERR_BUSY);
	die(&f->tenant);
	/* Dead, but who locks elsewhere, or nowhere, cannot know. */
	assert_false(tenant_acquire(f->db, &other, there, &err));
	assert_int_equal(err.kind, ERR_BUSY);
	assert_false(tenant_acquire(f->db, &other, NULL, &err));
	assert_int_equal(err.kind, ERR_BUSY);
	assert_true(tenant_acquire(f->db, &other, here, &err));
	assert_int_equal(other.epoch, epoch + 1);
	tenant_release(f->db, &other);
	(void)snprintf(path, sizeof(path), "%s/tenant-%lld.lock", here, other.id);
	(void)unlink(path);
	(void)rmdir(here);
	(void)snprintf(path, sizeof(path), "%s/tenant-%lld.lock", there, other.id);
	(void)unlink(path);
	(void)rmdir(there);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_old_facts_wait),
		cmocka_unit_test(test_read_again),
		cmocka_unit_test(test_not_everybody_is_gone),
		cmocka_unit_test(test_complaints_are_noted),
		cmocka_unit_test(test_a_dead_crm_makes_its_rows_wait),
		cmocka_unit_test(test_the_phone_stays_a_key),
		cmocka_unit_test(test_only_its_own_lock_proves_a_holder_dead),
	};

	return cmocka_run_group_tests(tests, fixture_start, fixture_stop);
}
