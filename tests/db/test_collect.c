/*
 * Answers of a survey service that the test plays: what cannot be used is kept
 * for people, and the counts of a run add up.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "fixture.h"
#include "stage_collect.h"

static bool
pull_answers(void *self, const struct pull *pull, survey_answer_fn *emit,
    checkpoint_fn *checkpoint, void *arg, struct err *err)
{
	const struct survey_answer answers[] = {
		{ .answer_id = "1", .email = "a@kunde.dk", .campaign_id = "4",
		    .campaign = "Møde", .score = 9, .answered_at = 1, .changed_at = 1 },
		{ .answer_id = "2", .score = 11, .answered_at = 1, .changed_at = 1 },
		{ .answer_id = "3", .email = "b@kunde.dk", .score = -1,
		    .answered_at = NO_TIME, .changed_at = 1, .opted_out = true },
	};

	(void)self;
	(void)pull;
	for (size_t i = 0; i < ARRAY_LEN(answers); i++)
		if (!emit(arg, &answers[i]))
			return err_set(err, ERR_CANCELLED, "stopped");
	return checkpoint(arg, NULL, "w") ||
	    err_set(err, ERR_CANCELLED, "stopped");
}

static const struct survey_connector connector = {
	.pull_answers = pull_answers };

static void
test_unsound_answers_are_kept_for_people(void **state)
{
	struct fixture *f = *state;
	struct survey survey = { .connector = &connector,
		.link = { .name = "fake", .scratch = arena_new(65536),
		    .kept = arena_new(65536) } };
	struct err err = { 0 };

	fixture_tenant(f);
	link_quarantine_clear(&survey.link);
	f->stage.survey = &survey;
	if (!stage_collect(&f->stage, &err))
		fail_msg("%s", err.msg);
	assert_false(survey.link.failed);
	assert_string_equal(fixture_text(f, "SELECT connector || ' ' || source ||"
	    " ' ' || record_key || ' ' || left(reason, 5) FROM npsync.quarantine"
	    " WHERE tenant_id = $1"), "fake answers 2 score");
	assert_int_equal(fixture_int(f, "SELECT count(*) FROM npsync.answer"
	    " WHERE tenant_id = $1"), 2);
	assert_int_equal(fixture_int(f, "SELECT count(*) FROM npsync.opt_out"
	    " WHERE tenant_id = $1"), 1);
	assert_int_equal(runlog_get(&f->log, "collect", "seen"), 3);
	assert_int_equal(runlog_get(&f->log, "collect", "new"), 2);
	assert_int_equal(runlog_get(&f->log, "collect", "quarantined"), 1);
	assert_int_equal(runlog_get(&f->log, "optouts", "seen"), 1);
	assert_int_equal(runlog_get(&f->log, "optouts", "new"), 1);
	arena_free(survey.link.scratch);
	arena_free(survey.link.kept);
}

/* ---- an answer of which a part could not be read ---------------------------- */
static bool
pull_noted(void *self, const struct pull *pull, survey_answer_fn *emit,
    checkpoint_fn *checkpoint, void *arg, struct err *err)
{
	const struct survey_answer answers[] = {
		{ .answer_id = "1", .score = 9, .answered_at = 1, .changed_at = 1 },
		{ .answer_id = "2", .score = -1, .answered_at = 1, .changed_at = 1 },
		{ .answer_id = "3", .score = 11, .answered_at = 1, .changed_at = 1 },
	};
	struct link *link = self;

	(void)pull;
	for (size_t i = 0; i < ARRAY_LEN(answers); i++) {
		if (!emit(arg, &answers[i]))
			return err_set(err, ERR_CANCELLED, "stopped");
		if (i == 1)
			link_quarantine(link, "answers", 0, "2", "score: a number");
	}
	link_quarantine(link, "answers", 0, "4", "answeredAt: a time");
	link_quarantine(link, "answers", 0, NULL, "a page came twice");
	return checkpoint(arg, NULL, "w") ||
	    err_set(err, ERR_CANCELLED, "stopped");
}

static const struct survey_connector noted = { .pull_answers = pull_noted };

static void
test_noted_answers_are_seen_once(void **state)
{
	struct fixture *f = *state;
	struct survey survey = { .connector = &noted,
		.link = { .name = "fake", .scratch = arena_new(65536),
		    .kept = arena_new(65536) } };
	struct err err = { 0 };

	fixture_tenant(f);
	link_quarantine_clear(&survey.link);
	survey.link.self = &survey.link;
	f->stage.survey = &survey;
	if (!stage_collect(&f->stage, &err))
		fail_msg("%s", err.msg);
	assert_int_equal(fixture_int(f, "SELECT count(*) FROM npsync.quarantine"
	    " WHERE tenant_id = $1"), 4);
	assert_int_equal(runlog_get(&f->log, "collect", "seen"), 5);
	assert_int_equal(runlog_get(&f->log, "collect", "new"), 2);
	assert_int_equal(runlog_get(&f->log, "collect", "quarantined"), 3);
	assert_int_equal(runlog_get(&f->log, "collect", "repeated"), 0);
	/* AN-04: one without a score is counted, once. */
	for (int again = 0; again < 2; again++) {
		assert_int_equal(runlog_get(&f->log, "scores", "no_score"), 1);
		assert_int_equal(runlog_get(&f->log, "scores", "seen"), 1);
		link_quarantine_clear(&survey.link);
		if (!stage_collect(&f->stage, &err))
			fail_msg("%s", err.msg);
	}
	arena_free(survey.link.scratch);
	arena_free(survey.link.kept);
}

/* ---- who declines with an answer ------------------------------------------ */
static bool
pull_declines(void *self, const struct pull *pull, survey_answer_fn *emit,
    checkpoint_fn *checkpoint, void *arg, struct err *err)
{
	struct survey_answer answers[] = {
		{ .answer_id = "1", .phone = "20 12 34 56" },
		{ .answer_id = "2", .email = "none", .phone = "20 12 34 57" },
		{ .answer_id = "3", .contact_id = "crm:anna" },
		{ .answer_id = "4", .contact_id = "crm:bo", .anonymised = true },
		{ .answer_id = "5", .email = "c@kunde.dk" },
	};

	(void)self;
	(void)pull;
	for (size_t i = 0; i < ARRAY_LEN(answers); i++) {
		answers[i].opted_out = true;
		answers[i].score = -1;
		answers[i].answered_at = answers[i].changed_at = 1;
		if (!emit(arg, &answers[i]))
			return err_set(err, ERR_CANCELLED, "stopped");
	}
	return checkpoint(arg, NULL, "w") ||
	    err_set(err, ERR_CANCELLED, "stopped");
}

static const struct survey_connector declined = {
	.pull_answers = pull_declines };

static void
test_people_decline_with_an_answer(void **state)
{
	struct fixture *f = *state;
	struct survey survey = { .connector = &declined,
		.link = { .name = "fake", .scratch = arena_new(65536),
		    .kept = arena_new(65536) } };
	struct err err = { 0 };

	fixture_tenant(f);
	f->conf.identity.phone_prefix = "+45";
	f->stage.survey = &survey;
	fixture_card(f, "anna", "person = ARRAY['\\x01'::bytea, '\\x02']");
	fixture_card(f, "bo", "person = ARRAY['\\x03'::bytea]");
	if (!stage_collect(&f->stage, &err))
		fail_msg("%s", err.msg);
	assert_int_equal(fixture_int(f, "SELECT count(*) FROM npsync.opt_out"
	    " WHERE tenant_id = $1 AND source = 'survey'"), 5);
	assert_string_equal(fixture_text(f, "SELECT string_agg("
	    "encode(person_key, 'hex'), ' ' ORDER BY person_key) FROM"
	    " npsync.opt_out WHERE tenant_id = $1"
	    " AND octet_length(person_key) = 1"), "01 02");
	assert_int_equal(runlog_get(&f->log, "optouts", "seen"), 5);
	assert_int_equal(runlog_get(&f->log, "optouts", "new"), 5);
	arena_free(survey.link.scratch);
	arena_free(survey.link.kept);
}

/* ---- opt-outs ------------------------------------------------------------ */
static bool
pull_optouts(void *self, const struct pull *pull, survey_optout_fn *emit,
    checkpoint_fn *checkpoint, void *arg, struct err *err)
{
	(void)self;
	(void)pull;
	if (!emit(arg, "a@kunde.dk", NULL, NO_TIME) ||
	    !emit(arg, NULL, "+45 20 12 34 56", NO_TIME) ||
	    !emit(arg, "b@kunde.dk", "20654321", NO_TIME) ||
	    !emit(arg, NULL, "none", NO_TIME))
		return err_set(err, ERR_CANCELLED, "stopped");
	return checkpoint(arg, NULL, "w") ||
	    err_set(err, ERR_CANCELLED, "stopped");
}

static const struct survey_connector with_optouts = {
	.pull_optouts = pull_optouts };

static void
test_people_decline_by_address_and_by_number(void **state)
{
	struct fixture *f = *state;
	struct survey survey = { .connector = &with_optouts,
		.link = { .name = "fake", .scratch = arena_new(65536),
		    .kept = arena_new(65536) } };
	char key[IDENTITY_KEY_HEX];
	struct err err = { 0 };

	fixture_tenant(f);
	f->conf.identity.phone_prefix = "+45";
	f->stage.survey = &survey;
	if (!stage_collect(&f->stage, &err))
		fail_msg("%s", err.msg);
	assert_int_equal(fixture_int(f, "SELECT count(*) FROM npsync.opt_out"
	    " WHERE tenant_id = $1"), 4);
	assert_true(identity_key_phone(f->tenant.secret, "+4520654321", key,
	    &err));
	assert_int_equal(fixture_int(f, "SELECT count(*) FROM npsync.opt_out"
	    " WHERE tenant_id = $1 AND person_key = '%s'", key), 1);
	assert_int_equal(runlog_get(&f->log, "optouts", "seen"), 5);
	assert_int_equal(runlog_get(&f->log, "optouts", "new"), 4);
	assert_int_equal(runlog_get(&f->log, "optouts", "unusable"), 1);
	arena_free(survey.link.scratch);
	arena_free(survey.link.kept);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_people_decline_by_address_and_by_number),
		cmocka_unit_test(test_people_decline_with_an_answer),
		cmocka_unit_test(test_noted_answers_are_seen_once),
		cmocka_unit_test(test_unsound_answers_are_kept_for_people),
	};

	return cmocka_run_group_tests(tests, fixture_start, fixture_stop);
}
