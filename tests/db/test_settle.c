/*
 * Rows that may have been sent, against a survey service that the test plays:
 * what its list proves and what it does not, the audit both ways, and a
 * restored backup.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "fixture.h"
#include "clock.h"
#include "stage_audit.h"
#include "stage_settle.h"

#define LISTED_MAX 8
#define MIN_S 60

/* ---- the service ---------------------------------------------------------- */
struct service {
	struct fixture *f;
	struct survey survey;
	struct conf_survey conf;
	/* what it answers to find_sent, for the row of a reference */
	struct { const char *ref; enum find_answer answer; const char *id;
		enum push_outcome outcome; } says[LISTED_MAX];
	int n_says, n_asked, n_listings;
	struct sent listed[LISTED_MAX];
	int n_listed;
	bool breaks;		/* the list ends in the middle */
	time_t from;		/* as the last list was asked for */
};
static struct service it;

static bool
find_sent(void *self, const struct sent *wanted, size_t n,
    enum find_answer *answers, struct push_result *found, struct err *err)
{
	(void)self;
	it.n_listings++;
	if (it.breaks)
		return err_set(err, ERR_PROTOCOL, "the list broke off");
	for (size_t i = 0; i < n; i++) {
		answers[i] = FIND_CANNOT_SAY;
		it.n_asked++;
		for (int k = 0; k < it.n_says; k++) {
			if (strcmp(it.says[k].ref, wanted[i].ref) != 0)
				continue;
			answers[i] = it.says[k].answer;
			found[i] = (struct push_result){ it.says[k].outcome, 0, "",
				"found" };
			(void)snprintf(found[i].remote_id,
			    sizeof(found[i].remote_id), "%s",
			    it.says[k].id != NULL ? it.says[k].id : "");
		}
	}
	return true;
}

static bool
pull_sent(void *self, const struct pull *pull, survey_sent_fn *emit,
    checkpoint_fn *checkpoint, void *arg, struct err *err)
{
	(void)self;
	it.n_listings++;
	it.from = pull->from;
	for (int i = 0; i < it.n_listed; i++)
		if (!emit(arg, &it.listed[i]))
			return err_set(err, ERR_CANCELLED, "stopped");
	if (it.breaks)
		return checkpoint(arg, "page 2", NULL) &&
		    err_set(err, ERR_PROTOCOL, "the list broke off");
	return checkpoint(arg, NULL, "w") ||
	    err_set(err, ERR_CANCELLED, "stopped");
}

static const struct survey_connector connector = { .find_sent = find_sent,
	.pull_sent = pull_sent };

static void
serve(struct fixture *f)
{
	fixture_tenant(f);
	arena_free(it.survey.link.scratch);
	arena_free(it.survey.link.kept);
	it = (struct service){ .f = f, .conf = { .http.timeout_s = 30 },
		.survey = { .connector = &connector,
		    .link = { .name = "fake", .scratch = arena_new(65536),
		        .kept = arena_new(65536) } } };
	it.survey.conf = &it.conf;
	link_quarantine_clear(&it.survey.link);
	f->stage.survey = &it.survey;
	f->conf.reconcile.second_look_min = 15;
	f->conf.reconcile.look_back_days = 30;
}

static int
serve_end(void **state)
{
	arena_free(it.survey.link.scratch);
	arena_free(it.survey.link.kept);
	return fixture_stop(state);
}

/* A row whose answer got lost; its card and its reference. */
static long long
lose(struct fixture *f, int rank, const char **ref)
{
	struct queue_claimed *rows = NULL;
	const long long row = fixture_due(f, rank);

	assert_int_equal(fixture_claim(f, 1, &rows), 1);
	assert_int_equal(rows[0].queue_id, row);
	assert_int_equal(fixture_move(f, ACTOR_PUSH, row, rows[0].attempt,
	    QUEUE_UNKNOWN), 1);
	*ref = arena_strdup(f->run, rows[0].client_ref);
	return row;
}

static void
say(const char *ref, enum find_answer answer, const char *id)
{
	it.says[it.n_says].ref = ref;
	it.says[it.n_says].answer = answer;
	it.says[it.n_says].outcome = PUSH_ACCEPTED;
	it.says[it.n_says++].id = id;
}

static void
later(int minutes)
{
	clock_set(clock_now() + minutes * MIN_S);
}

static void
settle(struct fixture *f)
{
	struct err err = { 0 };

	if (!stage_settle(&f->stage, &err))
		fail_msg("%s", err.msg);
}

static long long
evidence(struct fixture *f)
{
	return fixture_int(f, "SELECT count(*) FROM npsync.person_send"
	    " WHERE tenant_id = $1");
}

/* ---- unknown rows ---------------------------------------------------------- */
static void
test_found_is_sent(void **state)
{
	struct fixture *f = *state;
	const char *ref;

	serve(f);
	const long long row = lose(f, 1, &ref);
	say(ref, FIND_FOUND, "77");
	later(1);
	settle(f);
	assert_string_equal(fixture_state(f, row), "sent found");
	assert_string_equal(fixture_text(f, "SELECT remote_id FROM npsync.queue"
	    " WHERE tenant_id = $1 AND queue_id = %lld", row), "77");
	assert_int_equal(evidence(f), 1);
	assert_int_equal(runlog_source(&f->log, "settle", "fake", "sent"), 1);
	fixture_assert_history(f);
}

/* Taken, but nobody is asked: not sent, and the person may be asked again. */
static void
test_found_suppressed_is_failed(void **state)
{
	struct fixture *f = *state;
	const char *ref;

	serve(f);
	const long long row = lose(f, 1, &ref);
	say(ref, FIND_FOUND, "77");
	it.says[0].outcome = PUSH_SUPPRESSED;
	settle(f);
	assert_memory_equal(fixture_state(f, row), "failed ", 7);
	assert_int_equal(evidence(f), 0);
}

static void
test_a_match_needs_a_respondent_of_its_own(void **state)
{
	struct fixture *f = *state;
	const char *ref[3];
	long long row[3];

	serve(f);
	for (int i = 0; i < 3; i++)
		row[i] = lose(f, i + 1, &ref[i]);
	fixture_exec(f, "UPDATE npsync.queue SET remote_id = '5', state = 'sent'"
	    " WHERE tenant_id = $1 AND queue_id = %lld", row[0]);
	say(ref[1], FIND_MATCHED, "5");		/* that is row 0's */
	say(ref[2], FIND_MATCHED, "6");
	settle(f);
	assert_string_equal(fixture_state(f, row[1]), "unknown");
	assert_string_equal(fixture_state(f, row[2]), "sent found");
	assert_int_equal(runlog_source(&f->log, "settle", "fake", "ambiguous"), 1);
}

/* One respondent, two rows that fit. */
static void
test_a_match_of_two_proves_nothing(void **state)
{
	struct fixture *f = *state;
	const char *ref[2];
	long long row[2];

	serve(f);
	for (int i = 0; i < 2; i++) {
		row[i] = lose(f, i + 1, &ref[i]);
		say(ref[i], FIND_MATCHED, "5");
	}
	settle(f);
	for (int i = 0; i < 2; i++)
		assert_string_equal(fixture_state(f, row[i]), "unknown");
}

static void
test_absence_takes_two_looks(void **state)
{
	struct fixture *f = *state;
	const char *ref;

	serve(f);
	const long long row = lose(f, 1, &ref);
	say(ref, FIND_ABSENT, NULL);
	later(31);
	settle(f);
	assert_string_equal(fixture_state(f, row), "unknown");
	assert_int_equal(evidence(f), 1);
	later(14);
	settle(f);
	assert_string_equal(fixture_state(f, row), "unknown");
	later(1);
	settle(f);
	assert_memory_equal(fixture_text(f, "SELECT state FROM npsync.queue"
	    " WHERE tenant_id = $1 AND queue_id = %lld", row), "deferred", 8);
	assert_int_equal(evidence(f), 0);
	assert_int_equal(runlog_source(&f->log, "settle", "fake", "missed_once"),
	    1);
	assert_int_equal(runlog_source(&f->log, "settle", "fake", "waiting"), 1);
	assert_int_equal(runlog_source(&f->log, "settle", "fake", "deferred"), 1);
	assert_int_equal(runlog_source(&f->log, "settle", "fake", "seen"), 3);
	fixture_assert_history(f);
}

/* Sent, and then shown by the service's list or not. */
static long long
witness(struct fixture *f, int rank, bool shown, const char **ref)
{
	struct queue_claimed *rows = NULL;
	const long long row = fixture_due(f, rank);

	assert_int_equal(fixture_claim(f, 1, &rows), 1);
	assert_int_equal(fixture_move(f, ACTOR_PUSH, row, rows[0].attempt,
	    QUEUE_SENT), 1);
	if (shown)
		fixture_exec(f, "UPDATE npsync.queue SET listed_at ="
		    " to_timestamp(%lld) WHERE tenant_id = $1 AND"
		    " queue_id = %lld", (long long)clock_now(), row);
	*ref = arena_strdup(f->run, rows[0].client_ref);
	return row;
}

/* The same hole twice: whom it lacks may be there. */
static void
test_a_list_without_a_witness_proves_nothing(void **state)
{
	struct fixture *f = *state;
	const char *ref, *known, *never_shown;

	serve(f);
	const long long row = lose(f, 1, &ref);
	later(1);
	(void)witness(f, 2, true, &known);
	(void)witness(f, 3, false, &never_shown);
	say(ref, FIND_ABSENT, NULL);
	say(known, FIND_ABSENT, NULL);
	say(never_shown, FIND_ABSENT, NULL);
	for (int i = 0; i < 3; i++) {
		later(31);
		settle(f);
	}
	assert_string_equal(fixture_state(f, row), "unknown");
	assert_string_equal(fixture_text(f, "SELECT absent_at::text FROM"
	    " npsync.queue WHERE tenant_id = $1 AND queue_id = %lld", row), "");
	assert_int_equal(runlog_source(&f->log, "settle", "fake", "cannot_say"),
	    3);
	assert_int_equal(runlog_source(&f->log, "settle", "fake", "seen"), 3);
	/* It is whole again; one that was never shown says nothing. */
	it.says[1].answer = FIND_FOUND;
	for (int i = 0; i < 2; i++) {
		later(31);
		settle(f);
	}
	assert_string_equal(fixture_text(f, "SELECT state FROM npsync.queue"
	    " WHERE tenant_id = $1 AND queue_id = %lld", row), "deferred");
}

/* Deleted there by hand: the list lacks it for ever. */
static void
test_a_witness_that_stays_away_is_deleted(void **state)
{
	struct fixture *f = *state;
	const char *ref, *known;

	serve(f);
	const long long row = lose(f, 1, &ref);
	later(1);
	const long long other = witness(f, 2, true, &known);
	say(ref, FIND_ABSENT, NULL);
	say(known, FIND_ABSENT, NULL);
	later(31);
	settle(f);
	/* Found in between: counted anew, and so when the audit shows it. */
	later(24 * 60);
	it.says[1].answer = FIND_MATCHED;
	it.says[0].answer = FIND_CANNOT_SAY;
	settle(f);
	it.says[0].answer = it.says[1].answer = FIND_ABSENT;
	later(24 * 60);
	settle(f);
	fixture_exec(f, "UPDATE npsync.queue SET listed_at = to_timestamp(%lld)"
	    " WHERE tenant_id = $1 AND queue_id = %lld",
	    (long long)clock_now(), other);
	later(71 * 60);
	settle(f);
	later(71 * 60);
	settle(f);
	assert_string_equal(fixture_state(f, row), "unknown");
	assert_int_equal(runlog_source(&f->log, "settle", "fake", "cannot_say"),
	    5);
	/* Three days: the row is missed once, then proven absent. */
	later(60);
	settle(f);
	assert_int_equal(runlog_source(&f->log, "settle", "fake", "missed_once"),
	    1);
	later(31);
	settle(f);
	assert_string_equal(fixture_text(f, "SELECT state FROM npsync.queue"
	    " WHERE tenant_id = $1 AND queue_id = %lld", row), "deferred");
}

/* Those from before the row are not in the list that is asked for. */
static void
test_a_witness_is_younger(void **state)
{
	struct fixture *f = *state;
	const char *ref, *known;

	serve(f);
	(void)witness(f, 1, true, &known);
	later(1);
	const long long row = lose(f, 2, &ref);
	say(ref, FIND_ABSENT, NULL);
	say(known, FIND_ABSENT, NULL);
	for (int i = 0; i < 2; i++) {
		later(31);
		settle(f);
	}
	assert_string_equal(fixture_text(f, "SELECT state FROM npsync.queue"
	    " WHERE tenant_id = $1 AND queue_id = %lld", row), "deferred");
}

/* The audit saw it in between. */
static void
test_who_was_shown_is_not_absent(void **state)
{
	struct fixture *f = *state;
	const char *ref;

	serve(f);
	const long long row = lose(f, 1, &ref);
	say(ref, FIND_ABSENT, NULL);
	later(31);
	settle(f);
	fixture_exec(f, "UPDATE npsync.queue SET listed_at = to_timestamp(%lld)"
	    " WHERE tenant_id = $1 AND queue_id = %lld",
	    (long long)clock_now(), row);
	for (int i = 0; i < 3; i++) {
		later(31);
		settle(f);
	}
	assert_string_equal(fixture_state(f, row), "unknown");
}

/* The list knows the address that it was sent to. */
static void
test_another_address_since_is_not_absent(void **state)
{
	struct fixture *f = *state;
	const char *ref;

	serve(f);
	fixture_card(f, "p1", NULL);
	const long long row = lose(f, 1, &ref);
	say(ref, FIND_ABSENT, NULL);
	fixture_exec(f, "UPDATE npsync.contact SET person[1] = '\\x77' WHERE"
	    " tenant_id = $1");
	for (int i = 0; i < 3; i++) {
		later(31);
		settle(f);
	}
	assert_string_equal(fixture_state(f, row), "unknown");
}

/* The request may still be on its way. */
static void
test_absence_right_after_the_send_is_no_look(void **state)
{
	struct fixture *f = *state;
	const char *ref;

	serve(f);
	const long long row = lose(f, 1, &ref);
	say(ref, FIND_ABSENT, NULL);
	settle(f);
	assert_string_equal(fixture_text(f, "SELECT absent_at::text FROM"
	    " npsync.queue WHERE tenant_id = $1 AND queue_id = %lld", row), "");
}

/* Sent again and lost again: given up, not sent a third time. */
static void
test_absent_twice_is_given_up(void **state)
{
	struct fixture *f = *state;
	struct queue_claimed *rows = NULL;
	const char *ref;

	serve(f);
	const long long row = lose(f, 1, &ref);
	say(ref, FIND_ABSENT, NULL);
	for (int i = 0; i < 2; i++) {
		later(31);
		settle(f);
	}
	later(1);
	assert_int_equal(fixture_claim(f, 1, &rows), 1);
	assert_string_equal(fixture_text(f, "SELECT absent_at::text FROM"
	    " npsync.queue WHERE tenant_id = $1 AND queue_id = %lld", row), "");
	assert_int_equal(fixture_move(f, ACTOR_PUSH, row, rows[0].attempt,
	    QUEUE_UNKNOWN), 1);
	for (int i = 0; i < 2; i++) {
		later(31);
		settle(f);
	}
	assert_memory_equal(fixture_state(f, row), "failed ", 7);
	assert_int_equal(evidence(f), 0);
}

static void
test_a_list_that_breaks_proves_nothing(void **state)
{
	struct fixture *f = *state;
	const char *ref;

	serve(f);
	const long long row = lose(f, 1, &ref);
	say(ref, FIND_ABSENT, NULL);
	it.breaks = true;
	for (int i = 0; i < 3; i++) {
		later(60);
		settle(f);
	}
	assert_string_equal(fixture_state(f, row), "unknown");
	assert_int_equal(it.survey.link.aside.kind, ERR_PROTOCOL);
	assert_false(it.survey.link.failed);
	assert_int_equal(runlog_source(&f->log, "settle", "fake", "cannot_say"),
	    3);
}

static void
test_one_listing_a_run(void **state)
{
	struct fixture *f = *state;
	const char *ref;

	serve(f);
	settle(f);
	assert_int_equal(it.n_listings, 0);
	for (int i = 1; i <= 5; i++)
		(void)lose(f, i, &ref);
	settle(f);
	assert_int_equal(it.n_listings, 1);
	assert_int_equal(it.n_asked, 5);
	/* Long ago: nobody lists that far back. */
	later(31 * 24 * 60);
	settle(f);
	assert_int_equal(it.n_asked, 5);
}

/* ---- the audit ------------------------------------------------------------- */
static void
list(const char *id, const char *ref, const char *email)
{
	it.listed[it.n_listed++] = (struct sent){ .remote_id = id, .ref = ref,
		.campaign_id = "4", .email = email, .created_at = clock_now(),
		.mailed_at = NO_TIME };
}

static bool
audit(struct fixture *f)
{
	struct err err = { 0 };
	bool complete = false;

	if (!stage_audit(&f->stage, &complete, &err) && !it.breaks)
		fail_msg("%s", err.msg);
	return complete;
}

static long long
counted(struct fixture *f, const char *outcome)
{
	return runlog_source(&f->log, "audit", "fake", outcome);
}

static void
test_audit_counts_both_ways(void **state)
{
	struct fixture *f = *state;
	struct queue_claimed *rows = NULL;
	const char *ref;

	serve(f);
	const long long row = lose(f, 1, &ref), sent = fixture_due(f, 2);
	assert_int_equal(fixture_claim(f, 1, &rows), 1);
	assert_int_equal(fixture_move(f, ACTOR_PUSH, sent, rows[0].attempt,
	    QUEUE_SENT), 1);
	list("1", ref, "p1@kunde.dk");
	list("2", NULL, "stranger@kunde.dk");
	list("3", "0f0e0d0c-0b0a-4909-8807-060504030201", "lost@kunde.dk");
	list("4", NULL, "no address");
	list("5", NULL, "kept@kunde.dk");
	it.listed[4].suppressed = true;
	list("", NULL, "x@kunde.dk");
	later(120);
	assert_true(audit(f));
	assert_int_equal(counted(f, "seen"), 6);
	assert_int_equal(counted(f, "known"), 1);
	assert_int_equal(counted(f, "foreign"), 1);
	assert_int_equal(counted(f, "lost"), 1);
	assert_int_equal(counted(f, "unusable"), 1);
	assert_int_equal(counted(f, "not_mailed"), 1);
	assert_int_equal(counted(f, "quarantined"), 1);
	assert_string_equal(fixture_text(f, "SELECT string_agg(source || ' ' ||"
	    " ref, ',' ORDER BY ref) FROM npsync.person_send WHERE tenant_id = $1"
	    " AND ref NOT IN (SELECT client_ref::text FROM npsync.queue"
	    " WHERE tenant_id = $1)"), "own 0f0e0d0c-0b0a-4909-8807-060504030201,"
	    "foreign listed:2");
	/* Row 2 says sent, and the list does not show it. */
	assert_int_equal(runlog_source(&f->log, "audit", "sent", "missing"), 1);
	assert_int_equal(runlog_source(&f->log, "audit", "sent", "listed"), 0);
	assert_string_equal(fixture_state(f, row), "unknown");
	/* The same list again: known people, no new evidence. */
	const long long before = evidence(f);
	assert_true(audit(f));
	assert_int_equal(evidence(f), before);
	assert_int_equal(counted(f, "foreign"), 1);
	assert_int_equal(counted(f, "foreign_known"), 2);
}

/* Whoever others asked is throttled, by address. */
static void
test_foreign_sends_are_throttled(void **state)
{
	struct fixture *f = *state;

	for (int counts = 0; counts < 2; counts++) {
		serve(f);
		f->conf.rules.count_foreign = counts == 1;
		fixture_pull_card(f, "crm", "c1", "Anna@Kunde.dk");
		const long long row = fixture_row(f, T_MEET, "c1", NULL);
		list("9", NULL, "anna@kunde.dk");
		assert_true(audit(f));
		fixture_decide(f);
		assert_string_equal(fixture_state(f, row), counts == 1
		    ? "suppressed throttled" : "due");
	}
}

static const char *
foreign_days(struct fixture *f)
{
	return fixture_text(f, "SELECT string_agg(DISTINCT to_char(sent_on,"
	    " 'MM-DD'), ' ') FROM npsync.person_send WHERE tenant_id = $1");
}

/* Listed on one day and mailed on another: one send. */
static void
test_mailed_on_a_later_day(void **state)
{
	struct fixture *f = *state;
	const time_t day = 86400, first = fixture_time(20261124, 12, 0);

	serve(f);
	list("9", NULL, "anna@kunde.dk");
	it.listed[0].created_at = first;
	assert_true(audit(f));
	assert_string_equal(foreign_days(f), "11-24");
	it.listed[0].mailed_at = first + day;
	assert_true(audit(f));
	assert_string_equal(foreign_days(f), "11-25");
	assert_int_equal(counted(f, "foreign"), 1);
	assert_int_equal(counted(f, "foreign_known"), 1);
	/* Another send of one to whom the service gives the same id. */
	list("9", NULL, "anna@kunde.dk");
	it.listed[1].created_at = it.listed[1].mailed_at = first;
	assert_true(audit(f));
	assert_true(audit(f));
	assert_string_equal(foreign_days(f), "11-24 11-25");
}

/* Listed each night without any time: one send, on the day it was met first. */
static void
test_listed_without_a_time(void **state)
{
	struct fixture *f = *state;

	serve(f);
	fixture_night(f, 20261124);
	list("9", NULL, "anna@kunde.dk");
	it.listed[0].created_at = it.listed[0].mailed_at = NO_TIME;
	assert_true(audit(f));
	assert_string_equal(foreign_days(f), "11-24");
	fixture_night(f, 20261125);
	assert_true(audit(f));
	assert_string_equal(foreign_days(f), "11-24");
	assert_int_equal(counted(f, "foreign"), 1);
	assert_int_equal(counted(f, "foreign_known"), 1);
	fixture_night(f, FIXTURE_NIGHT);
}

/* T5: a minute before and after the midnights that lie 29, 30 and 31 days back,
 * over the change of the clocks: the local date decides, in every zone. */
static const char *
asked_at(struct fixture *f, const char *zone, int night, time_t at)
{
	serve(f);
	fixture_night(f, night);
	f->conf.timezone = f->conf.calendar.zone = zone;
	fixture_pull_card(f, "crm", "c1", "anna@kunde.dk");
	const long long row = fixture_row(f, T_MEET, "c1", NULL);
	list("9", NULL, "anna@kunde.dk");
	it.listed[0].created_at = at;
	assert_true(audit(f));
	fixture_decide(f);
	return fixture_state(f, row);
}

static void
test_throttle_in_zones(void **state)
{
	static const char *const zones[] = { "Europe/Copenhagen",
		"America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu",
		"Africa/Casablanca", "UTC" };
	const int night = 20260410;

	for (size_t z = 0; z < ARRAY_LEN(zones); z++)
		for (int days = 29; days <= 31; days++)
			for (int after = 0; after < 2; after++) {
				const time_t edge = clock_day_start(zones[z],
				    day_add(night, -days));
				const char *got = asked_at(*state, zones[z], night,
				    after != 0 ? edge + 60 : edge - 60);
				const bool blocks = days == 29 && after != 0;
				if (strcmp(got, blocks ? "suppressed throttled"
				    : "due") != 0)
					fail_msg("%s, %d days, %s midnight: %s",
					    zones[z], days, after != 0 ? "after"
					    : "before", got);
			}
}

/* T4: the service reminds, and its list shows the day of the reminder. */
static void
test_reminder_moves_no_throttle(void **state)
{
	struct fixture *f = *state;
	struct queue_claimed *rows = NULL;

	serve(f);
	fixture_card(f, "p1", NULL);
	const long long row = fixture_due(f, 1);
	assert_int_equal(fixture_claim(f, 1, &rows), 1);
	const char *ref = arena_strdup(f->run, rows[0].client_ref);
	assert_int_equal(fixture_move(f, ACTOR_PUSH, row, rows[0].attempt,
	    QUEUE_SENT), 1);
	const char *before = fixture_text(f, "SELECT string_agg(p::text, ' '"
	    " ORDER BY p) FROM npsync.person_send p WHERE tenant_id = $1");
	fixture_night(f, day_add(FIXTURE_NIGHT, 10));
	list("1", ref, "p1@kunde.dk");
	it.listed[0].created_at = it.listed[0].mailed_at = clock_now();
	assert_true(audit(f));
	assert_int_equal(counted(f, "known"), 1);
	assert_string_equal(fixture_text(f, "SELECT string_agg(p::text, ' '"
	    " ORDER BY p) FROM npsync.person_send p WHERE tenant_id = $1"),
	    before);
	/* 30 days after the send, 20 after the reminder. */
	fixture_night(f, day_add(FIXTURE_NIGHT, 30));
	const long long next = fixture_row(f, T_MEET, "p1", NULL);
	fixture_decide(f);
	assert_string_equal(fixture_state(f, next), "due");
}

/* A row that was put off though the service has it is not sent again. */
static void
test_listed_but_waiting_is_held(void **state)
{
	struct fixture *f = *state;
	struct queue_claimed *rows = NULL;

	serve(f);
	fixture_card(f, "p1", NULL);
	const long long row = fixture_due(f, 1);
	assert_int_equal(fixture_claim(f, 1, &rows), 1);
	const char *ref = arena_strdup(f->run, rows[0].client_ref);
	assert_int_equal(fixture_move(f, ACTOR_PUSH, row, rows[0].attempt,
	    QUEUE_DEFERRED), 1);
	list("1", ref, "p1@kunde.dk");
	assert_true(audit(f));
	assert_string_equal(fixture_state(f, row), "held at_service");
	assert_int_equal(evidence(f), 1);
	assert_string_equal(fixture_explain(f, row), "at_service");
	assert_int_equal(fixture_claim(f, 1, &rows), 0);
}

static void
test_audit_that_breaks_misses_nobody(void **state)
{
	struct fixture *f = *state;
	struct queue_claimed *rows = NULL;

	serve(f);
	const long long sent = fixture_due(f, 2);
	assert_int_equal(fixture_claim(f, 1, &rows), 1);
	assert_int_equal(fixture_move(f, ACTOR_PUSH, sent, rows[0].attempt,
	    QUEUE_SENT), 1);
	list("2", NULL, "stranger@kunde.dk");
	it.breaks = true;
	later(120);
	assert_false(audit(f));
	assert_int_equal(counted(f, "foreign"), 1);	/* evidence stays */
	assert_int_equal(runlog_source(&f->log, "audit", "sent", "missing"), 0);
	assert_string_equal(fixture_text(f, "SELECT resume FROM npsync.cursor"
	    " WHERE tenant_id = $1 AND stream = 'sent'"), "page 2");
}

static void
test_first_audit_reads_the_throttle_back(void **state)
{
	struct fixture *f = *state;
	struct err err = { 0 };
	bool first = false;

	serve(f);
	assert_true(stage_audit_first(&f->stage, &first, &err));
	assert_true(first);
	assert_true(audit(f));
	assert_int_equal(clock_now() - it.from, 30 * 86400);
	assert_true(stage_audit_first(&f->stage, &first, &err));
	assert_false(first);
	assert_true(audit(f));
	assert_int_equal(clock_now() - it.from, 2 * 86400);
}

/* How far back a first audit reads: all that a rule may count. */
static void
test_first_audit_reads_what_rules_count(void **state)
{
	static const struct {
		struct conf_frequency f[2];
		size_t n;
		int throttle, budget;
		bool count_foreign;
		int days;	/* 0 = from the first of January */
	} cases[] = {
		{ { { .days = 0 } }, 0, 30, 0, true, 30 },
		{ { { SCOPE_CAMPAIGN, 1, 365, FROM_SEND } }, 1, 30, 0, true, 365 },
		{ { { SCOPE_ANY, 2, 90, FROM_SEND },
		    { SCOPE_PROGRAMME, 1, 40, FROM_SEND } }, 2, 30, 0, true, 90 },
		{ { { SCOPE_ANY, 2, 20, FROM_SEND } }, 1, 30, 0, true, 30 },
		/* Answers are not in the list. */
		{ { { SCOPE_ANY, 1, 365, FROM_ANSWER } }, 1, 30, 0, true, 30 },
		{ { { .days = 0 } }, 0, 30, 1000, true, 0 },
		{ { { .days = 0 } }, 0, 30, 1000, false, 30 },
		/* 6 May is the 126th day. */
		{ { { SCOPE_ANY, 1, 125, FROM_SEND } }, 1, 30, 1000, true, 0 },
		{ { { SCOPE_ANY, 1, 126, FROM_SEND } }, 1, 30, 1000, true, 126 },
		{ { { .days = 0 } }, 0, 400, 1000, true, 400 },
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		serve(f);
		f->conf.rules.frequency.v = cases[i].f;
		f->conf.rules.frequency.n = cases[i].n;
		f->conf.rules.throttle_days = cases[i].throttle;
		f->conf.rules.count_foreign = cases[i].count_foreign;
		f->conf.budget.year = cases[i].budget;
		assert_true(audit(f));
		const time_t from = cases[i].days == 0
		    ? fixture_time(20260101, 0, 0)
		    : clock_now() - cases[i].days * 86400L;
		if (it.from != from)
			fail_msg("case %zu: %ld days", i,
			    (long)(clock_now() - it.from) / 86400);
		/* Later ones need not: it is known by then. */
		assert_true(audit(f));
		assert_int_equal(clock_now() - it.from, 2 * 86400);
	}
}

/* A run that lost its lease writes nothing. */
static void
test_audit_is_fenced(void **state)
{
	struct fixture *f = *state;
	struct err err = { 0 };
	bool complete = false;

	serve(f);
	list("2", NULL, "stranger@kunde.dk");
	fixture_takeover(f);
	assert_false(stage_audit(&f->stage, &complete, &err));
	assert_int_equal(err.kind, ERR_BUSY);
	assert_int_equal(evidence(f), 0);
}

/* ---- a restored backup ------------------------------------------------------- */
static void
restore(struct fixture *f)
{
	struct err err = { 0 };

	if (!tenant_mark_restored(f->db, &f->tenant, f->tenant.epoch + 5, 100,
	        clock_now(), &err) || !stage_settle_hold(&f->stage, &err))
		fail_msg("%s", err.msg);
}

static void
test_restored_rows_are_held_then_matched(void **state)
{
	struct fixture *f = *state;
	struct err err = { 0 };

	serve(f);
	const long long epoch = f->tenant.epoch;
	const long long was_sent = fixture_due(f, 1), was_not = fixture_due(f, 2);
	const long long after = fixture_row(f, T_MEET, "p3", NULL);
	fixture_exec(f, "UPDATE npsync.queue SET occurred_at = timestamptz"
	    " '2026-05-06T02:10Z' WHERE tenant_id = $1 AND queue_id = %lld", after);
	restore(f);
	assert_int_equal(f->tenant.epoch, epoch + 6);
	assert_int_equal(f->tenant.sends, 100);
	assert_string_equal(fixture_state(f, was_sent), "held restore");
	assert_string_equal(fixture_state(f, was_not), "held restore");
	assert_string_equal(fixture_state(f, after), "queued");
	assert_int_equal(fixture_claim(f, 8, NULL), 0);
	list("1", fixture_text(f, "SELECT client_ref::text FROM npsync.queue"
	    " WHERE tenant_id = $1 AND queue_id = %lld", was_sent), "p1@kunde.dk");
	assert_true(audit(f));
	if (!stage_settle_release(&f->stage, &err))
		fail_msg("%s", err.msg);
	assert_memory_equal(fixture_state(f, was_sent), "sent ", 5);
	assert_string_equal(fixture_state(f, was_not), "queued");
	assert_int_equal(evidence(f), 1);	/* by the list */
	assert_int_equal(f->tenant.restored_at, NO_TIME);
	fixture_assert_history(f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_found_is_sent),
		cmocka_unit_test(test_found_suppressed_is_failed),
		cmocka_unit_test(test_a_match_needs_a_respondent_of_its_own),
		cmocka_unit_test(test_a_match_of_two_proves_nothing),
		cmocka_unit_test(test_absence_takes_two_looks),
		cmocka_unit_test(test_a_list_without_a_witness_proves_nothing),
		cmocka_unit_test(test_a_witness_that_stays_away_is_deleted),
		cmocka_unit_test(test_a_witness_is_younger),
		cmocka_unit_test(test_another_address_since_is_not_absent),
		cmocka_unit_test(test_who_was_shown_is_not_absent),
		cmocka_unit_test(test_absence_right_after_the_send_is_no_look),
		cmocka_unit_test(test_absent_twice_is_given_up),
		cmocka_unit_test(test_a_list_that_breaks_proves_nothing),
		cmocka_unit_test(test_one_listing_a_run),
		cmocka_unit_test(test_audit_counts_both_ways),
		cmocka_unit_test(test_foreign_sends_are_throttled),
		cmocka_unit_test(test_mailed_on_a_later_day),
		cmocka_unit_test(test_listed_without_a_time),
		cmocka_unit_test(test_throttle_in_zones),
		cmocka_unit_test(test_reminder_moves_no_throttle),
		cmocka_unit_test(test_listed_but_waiting_is_held),
		cmocka_unit_test(test_audit_that_breaks_misses_nobody),
		cmocka_unit_test(test_first_audit_reads_the_throttle_back),
		cmocka_unit_test(test_first_audit_reads_what_rules_count),
		cmocka_unit_test(test_audit_is_fenced),
		cmocka_unit_test(test_restored_rows_are_held_then_matched),
	};

	return cmocka_run_group_tests(tests, fixture_start, serve_end);
}
