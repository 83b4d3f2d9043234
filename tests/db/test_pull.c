/*
 * Records of a CRM that cannot be used: each is kept for people and counted,
 * the sound ones beside it are taken in.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "clock.h"
#include "fixture.h"
#include "stage_pull.h"

#define DAY 20260505

static bool
over(checkpoint_fn *checkpoint, void *arg, struct err *err)
{
	return checkpoint(arg, NULL, "w") ||
	    err_set(err, ERR_CANCELLED, "stopped");
}

static bool
pull_contacts(void *self, const struct pull *pull, crm_contact_fn *emit,
    checkpoint_fn *checkpoint, void *arg, struct err *err)
{
	const struct crm_contact cards[] = {
		{ .contact_id = "anna", .consent_at = NO_TIME },
		{ .contact_id = "bo", .name.full = "\xff", .consent_at = NO_TIME },
	};

	(void)self;
	(void)pull;
	for (size_t i = 0; i < ARRAY_LEN(cards); i++)
		if (!emit(arg, &cards[i]))
			return err_set(err, ERR_CANCELLED, "stopped");
	return over(checkpoint, arg, err);
}

static bool
pull_activities(void *self, const struct pull *pull, crm_activity_fn *emit,
    checkpoint_fn *checkpoint, void *arg, struct err *err)
{
	const struct crm_activity acts[] = {
		{ .contact_id = "anna", .activity_id = "a1", .day = 20260231 },
		{ .contact_id = "anna", .activity_id = "a2", .day = DAY,
		    .kind = ACT_MEETING, .done = true },
	};

	(void)self;
	(void)pull;
	for (size_t i = 0; i < ARRAY_LEN(acts); i++)
		if (!emit(arg, &acts[i]))
			return err_set(err, ERR_CANCELLED, "stopped");
	return over(checkpoint, arg, err);
}

static bool
pull_events(void *self, const struct pull *pull, crm_event_fn *emit,
    checkpoint_fn *checkpoint, void *arg, struct err *err)
{
	const time_t at = fixture_time(DAY, 12, 0);
	const struct crm_event events[] = {
		{ .trigger = "meet", .event_id = "e1", .contact_id = "anna",
		    .occurred_at = at, .transition_at = NO_TIME },
		{ .trigger = "meet", .event_id = "e2", .contact_id = "anna",
		    .occurred_at = NO_TIME, .transition_at = NO_TIME },
		{ .trigger = "meet", .event_id = "e3", .contact_id = "anna",
		    .occurred_at = at, .transition_at = NO_TIME },
	};

	(void)self;
	(void)pull;
	for (size_t i = 0; i < ARRAY_LEN(events); i++)
		if (!emit(arg, &events[i]))
			return err_set(err, ERR_CANCELLED, "stopped");
	return over(checkpoint, arg, err);
}

static const struct crm_connector connector = {
	.info = { .caps = CRM_CAP_CONTACTS | CRM_CAP_ACTIVITIES |
	    CRM_CAP_EVENTS, .whole = CRM_CAP_CONTACTS },
	.pull_contacts = pull_contacts, .pull_activities = pull_activities,
	.pull_events = pull_events };
static struct crm crm;

static void
pull_once(struct fixture *f)
{
	struct err err = { 0 };

	crm = (struct crm){ .connector = &connector, .link = { .name = "crm",
		.scratch = arena_new(65536), .kept = arena_new(65536) } };
	link_quarantine_clear(&crm.link);
	f->stage.crm = &crm;
	f->stage.n_crm = 1;
	f->log.counts = NULL;
	if (!stage_pull(&f->stage, &err))
		fail_msg("%s", err.msg);
	assert_false(crm.link.failed);
	arena_free(crm.link.scratch);
	arena_free(crm.link.kept);
	f->stage.n_crm = 0;
}

static void
test_unsound_records_are_kept(void **state)
{
	static const struct {
		const char *stream, *key, *reason;
	} kept[] = {
		{ "contacts", "bo", "UTF-8" },
		{ "activities", "a1", "expected a date" },
		{ "events", "e2", "expected a date" },
	};
	struct fixture *f = *state;

	fixture_tenant(f);
	fixture_card(f, "bo", NULL);	/* known from better days */
	pull_once(f);
	for (size_t i = 0; i < ARRAY_LEN(kept); i++)
		if (fixture_int(f, "SELECT count(*) FROM npsync.quarantine"
		    " WHERE tenant_id = $1 AND source = '%s' AND record_key = '%s'"
		    " AND reason LIKE '%%%s%%'", kept[i].stream, kept[i].key,
		    kept[i].reason) != 1)
			fail_msg("%s %s is not kept", kept[i].stream, kept[i].key);
	assert_int_equal(runlog_get(&f->log, "pull", "quarantined"), 3);
	assert_int_equal(runlog_get(&f->log, "pull", "seen"), 7);
	assert_int_equal(fixture_int(f, "SELECT count(*) FROM npsync.event_seen"
	    " WHERE tenant_id = $1"), 2);
	assert_int_equal(fixture_int(f, "SELECT count(*) FROM npsync.contact"
	    " WHERE tenant_id = $1 AND contact_id = 'anna'"
	    " AND last_activity_on = '2026-05-05'"), 1);
	/* Unreadable is not gone. */
	assert_int_equal(fixture_int(f, "SELECT count(*) FROM npsync.contact"
	    " WHERE tenant_id = $1 AND contact_id = 'bo' AND NOT gone"), 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_unsound_records_are_kept),
	};

	return cmocka_run_group_tests(tests, fixture_start, fixture_stop);
}
