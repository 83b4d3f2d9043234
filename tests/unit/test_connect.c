/*
 * test_connect.c - the checked front of the connector border: every connector
 * of the registry keeps its promises, records that are not sound are named.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "clock.h"
#include "connect.h"
#include "stage_push.h"

static void
test_registry_keeps_its_promises(void **state)
{
	struct err err;
	size_t n = 0;

	(void)state;
	for (; crm_connectors[n] != NULL; n++)
		if (!connector_check_crm(crm_connectors[n], &err))
			fail_msg("%s", err.msg);
	assert_true(n > 0);
	for (n = 0; survey_connectors[n] != NULL; n++)
		if (!connector_check_survey(survey_connectors[n], &err))
			fail_msg("%s", err.msg);
	assert_true(n > 0);
}

static bool
tags_request(void *self, const struct crm_tag_write *writes, size_t n,
    int step, const struct http_res *before, struct http_req *req,
    struct err *err)
{
	(void)self, (void)writes, (void)n, (void)step, (void)before, (void)req;
	return err_set(err, ERR_DONE, "never called");
}

static bool
tags_result(void *self, const struct http_res *res, struct put_result *results,
    size_t n, struct err *err)
{
	(void)self, (void)res, (void)results, (void)n;
	return err_set(err, ERR_DONE, "never called");
}

/* Written without requests, as the tags of files are. */
extern const struct crm_connector files_crm;

static void
test_broken_promises_are_named(void **state)
{
	struct crm_connector c = files_crm;
	struct survey_connector s = *survey_connectors[0];
	struct err err;

	(void)state;
	c.info.api = CONNECTOR_API - 1;
	assert_false(connector_check_crm(&c, &err));
	c = files_crm;
	c.pull_events = NULL;
	assert_false(connector_check_crm(&c, &err));
	assert_non_null(strstr(err.msg, "pull_events"));
	c = files_crm;
	c.info.caps &= ~(uint32_t)CRM_CAP_TAGS;
	assert_false(connector_check_crm(&c, &err));
	c = files_crm;
	c.tags_max = 0;
	assert_false(connector_check_crm(&c, &err));
	c = files_crm;
	c.tags_request = tags_request;	/* put_tags too, and no result */
	assert_false(connector_check_crm(&c, &err));
	c.put_tags = NULL;
	assert_false(connector_check_crm(&c, &err));
	c.tags_result = tags_result;
	assert_true(connector_check_crm(&c, &err));
	c.put_tags = files_crm.put_tags;
	assert_false(connector_check_crm(&c, &err));
	c = files_crm;
	c.check = NULL;
	assert_false(connector_check_crm(&c, &err));
	s.pull_answers = NULL;
	assert_false(connector_check_survey(&s, &err));
	assert_non_null(strstr(err.msg, "pull_answers"));
	s = *survey_connectors[0];
	s.push_request = NULL;
	assert_false(connector_check_survey(&s, &err));
}

static void
test_events(void **state)
{
	const struct crm_event good = { .trigger = "sale", .event_id = "1",
		.contact_id = "c", .occurred_at = 1, .transition_at = NO_TIME };
	struct crm_event e = good;

	(void)state;
	assert_null(connect_event_fault(&e));
	e.contact_id = NULL;		/* names nobody: decided in one place */
	assert_null(connect_event_fault(&e));
	e.contact_id = "";
	assert_non_null(connect_event_fault(&e));
	e = good;
	e.trigger = NULL;
	assert_non_null(connect_event_fault(&e));
	e = good;
	e.event_id = "";
	assert_non_null(connect_event_fault(&e));
	e = good;
	e.category = "M\xf8" "de";		/* not UTF-8 */
	assert_non_null(connect_event_fault(&e));
	e = good;
	e.occurred_at = NO_TIME;
	assert_non_null(connect_event_fault(&e));
	e = good;
	e.transition_at = -5;
	assert_non_null(connect_event_fault(&e));
}

static void
test_contacts_and_activities(void **state)
{
	static const char *const bad_tags[] = { "ok", "\xff", NULL };
	static const char *const extra[][2] = { { "title", "S\xc3\xb8" },
		{ "floor", NULL }, { NULL, NULL } };
	static const char *const bad_extra[][2] = { { "title", "a" },
		{ "floor", "\xff" }, { NULL, NULL } };
	struct crm_contact c = { .contact_id = "c", .consent_at = NO_TIME };
	struct crm_activity a = { .contact_id = "c", .activity_id = "a",
		.day = 20261125 };

	(void)state;
	assert_null(connect_contact_fault(&c));
	c.company = "\xc3";
	assert_non_null(connect_contact_fault(&c));
	c.company = NULL;
	c.tags = bad_tags;
	assert_non_null(connect_contact_fault(&c));
	c.tags = NULL;
	c.extra = extra;
	assert_null(connect_contact_fault(&c));
	c.extra = bad_extra;
	assert_non_null(connect_contact_fault(&c));
	assert_null(connect_activity_fault(&a));
	a.day = 20260231;
	assert_non_null(connect_activity_fault(&a));
	a.day = 20261125;
	a.activity_id = NULL;
	assert_non_null(connect_activity_fault(&a));
}

static void
test_answers(void **state)
{
	struct survey_answer a = { .answer_id = "1", .score = 10,
		.answered_at = 1, .changed_at = 1 };

	(void)state;
	assert_null(connect_answer_fault(&a));
	a.score = 11;
	assert_non_null(connect_answer_fault(&a));
	a.score = -1;
	a.answered_at = NO_TIME;	/* no score: no time either */
	assert_null(connect_answer_fault(&a));
	a.score = 0;
	assert_non_null(connect_answer_fault(&a));
	a.answered_at = 1;
	a.changed_at = (time_t)1 << 50;
	assert_non_null(connect_answer_fault(&a));
	a.changed_at = NO_TIME;
	assert_null(connect_answer_fault(&a));
	a.score = -1;
	a.answered_at = -7;
	assert_non_null(connect_answer_fault(&a));
	a.answered_at = 1;
	a.answer_id = "";
	assert_non_null(connect_answer_fault(&a));
}

/* An index takes no text of some thousand bytes: the statement would end, and
 * with it the whole page. */
static void
test_keys_have_a_ceiling(void **state)
{
	struct survey_answer a = { .answer_id = "1", .score = 9,
		.answered_at = 1, .changed_at = NO_TIME };
	struct sent s = { .remote_id = "1", .created_at = NO_TIME,
		.mailed_at = NO_TIME };
	const char **const keys[] = { &a.ref, &a.remote_id, &a.contact_id,
		&a.email, &a.phone, &a.campaign_id, &a.campaign };
	const char **const others[] = { &s.ref, &s.campaign_id, &s.email,
		&s.phone, &s.contact_id };
	char text[514];

	(void)state;
	memset(text, 'x', sizeof(text));
	a.comment = text;
	for (size_t len = 512; len <= 513; len++) {
		text[len] = '\0';
		for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
			*keys[i] = text;
			assert_int_equal(connect_answer_fault(&a) != NULL,
			    len > 512);
			*keys[i] = NULL;
		}
		for (size_t i = 0; i < ARRAY_LEN(others); i++) {
			*others[i] = text;
			assert_int_equal(connect_sent_fault(&s) != NULL,
			    len > 512);
			*others[i] = NULL;
		}
		assert_null(connect_answer_fault(&a));
		text[len] = 'x';
	}
}

static void
test_quarantine_has_a_ceiling(void **state)
{
	struct link link = { .kept = arena_new((size_t)8 << 20) };
	size_t n = 0;

	(void)state;
	assert_non_null(link.kept);
	link_quarantine_clear(&link);
	for (int i = 0; i < QUARANTINE_KEPT_MAX + 5; i++)
		link_quarantine(&link, "deals.csv", i, "k", "reason");
	for (const struct quarantined *q = link.quarantine; q != NULL; q = q->next)
		n++;
	assert_int_equal(n, QUARANTINE_KEPT_MAX);
	assert_int_equal(link.n_quarantined, QUARANTINE_KEPT_MAX + 5);
	link_quarantine_clear(&link);
	assert_null(link.quarantine);
	arena_free(link.kept);
}

/* What PostgreSQL takes is kept as it is, for others to find; all else in a
 * form that it takes. */
static void
test_quarantine_is_storable(void **state)
{
	struct link link = { .kept = arena_new((size_t)1 << 20) };
	char longest[513], longer[2000];

	(void)state;
	memset(longest, 'x', sizeof(longest));
	longest[sizeof(longest) - 1] = '\0';
	memset(longer, '\xff', sizeof(longer));
	longer[sizeof(longer) - 1] = '\0';
	link_quarantine_clear(&link);
	link_quarantine(&link, "a.csv", 1, longest, "r");
	link_quarantine(&link, "a.csv", 2, "M\xf8", "r");
	link_quarantine(&link, "a.csv", 3, longer, "r");
	link_quarantine(&link, "a.csv", 4, NULL, "r");
	const struct quarantined *q = link.quarantine;
	assert_string_equal(q->key, longest);
	q = q->next;
	assert_string_equal(q->key, "M\\xf8");
	q = q->next;
	assert_int_equal(strlen(q->key), 512);
	assert_memory_equal(q->key, "\\xff\\xff", 8);
	q = q->next;
	assert_string_equal(q->key, "");
	assert_null(q->next);
	arena_free(link.kept);
}

/* One without key stands for those there was no memory for: whoever looks for
 * missing contacts must not take them for gone. */
static void
test_quarantine_without_memory(void **state)
{
	struct link link = { .kept = arena_new(1 << 15) };
	char key[401];
	size_t lost = 0;

	(void)state;
	memset(key, 'k', sizeof(key) - 1);
	key[sizeof(key) - 1] = '\0';
	link_quarantine_clear(&link);
	for (int i = 0; i < 1000; i++)
		link_quarantine(&link, "a.csv", i, key, "reason");
	assert_int_equal(link.n_quarantined, 1000);
	for (const struct quarantined *q = link.quarantine; q != NULL; q = q->next) {
		assert_non_null(q->source);
		assert_non_null(q->key);
		assert_non_null(q->reason);
		lost += *q->key == '\0';
	}
	assert_int_equal(lost, 1);
	link_quarantine_clear(&link);
	assert_null(link.quarantine);
	link_quarantine(&link, "a.csv", 1, key, "reason");
	assert_string_equal(link.quarantine->key, key);
	arena_free(link.kept);
}

/* What a transfer that brought no complete answer means (reliability 4). */
static void
test_judgement_without_an_answer(void **state)
{
	static const struct {
		enum http_phase phase;
		long status;
		int curl_code;
		enum push_outcome outcome;
	} cases[] = {
		{ HTTP_NOT_SENT, 0, 6, PUSH_AGAIN },
		{ HTTP_NOT_SENT, 0, 7, PUSH_AGAIN },
		{ HTTP_NOT_SENT, 0, 28, PUSH_AGAIN },
		{ HTTP_PARTLY_SENT, 0, 56, PUSH_AGAIN },
		{ HTTP_SENT, 0, 52, PUSH_UNKNOWN },
		{ HTTP_SENT, 0, 56, PUSH_UNKNOWN },
		{ HTTP_SENT, 0, 28, PUSH_UNKNOWN },
		{ HTTP_SENT, 0, 65, PUSH_UNKNOWN },
		{ HTTP_ANSWER_CUT, 201, 18, PUSH_ACCEPTED_NO_ID },
		{ HTTP_ANSWER_CUT, 500, 18, PUSH_UNKNOWN },
		{ HTTP_NOT_SENT, 0, 60, PUSH_STOP },	/* certificate */
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const struct http_res res = { .phase = cases[i].phase,
			.status = cases[i].status, .curl_code = cases[i].curl_code,
			.body = "", .retry_after_s = -1, .date = NO_TIME };
		struct push_verdict v;
		struct err err;
		assert_true(push_judge(survey_connectors[0], NULL, &res, &v, &err));
		if (v.outcome != cases[i].outcome)
			fail_msg("case %zu: outcome %d, expected %d", i, v.outcome,
			    cases[i].outcome);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_registry_keeps_its_promises),
		cmocka_unit_test(test_broken_promises_are_named),
		cmocka_unit_test(test_events),
		cmocka_unit_test(test_contacts_and_activities),
		cmocka_unit_test(test_answers),
		cmocka_unit_test(test_keys_have_a_ceiling),
		cmocka_unit_test(test_quarantine_has_a_ceiling),
		cmocka_unit_test(test_quarantine_is_storable),
		cmocka_unit_test(test_quarantine_without_memory),
		cmocka_unit_test(test_judgement_without_an_answer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
