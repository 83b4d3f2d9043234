/*
 * What is to be erased at others, tried against a service and a CRM that the
 * test plays: what ends a step and what keeps it open, who is told, and a
 * person who is looked for again under the lease.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "alarm.h"
#include "clock.h"
#include "fixture.h"
#include "night.h"
#include "stage_erase.h"
#include "subject.h"

#define ADDRESS "anna@kunde.example"
#define MOBILE "+45 70 12 34 56"

/* ---- the others ------------------------------------------------------------ */
struct others {
	struct survey survey;
	struct crm crm;
	enum put_outcome says;		/* of the service */
	struct err fails;		/* instead, unless ERR_NONE */
	struct err tags_fail;
	int asked, tags;
	char last[128];
};
static struct others it;

static bool
service_erase(void *self, const char *email, const char *phone,
    struct put_result *result, struct err *err)
{
	(void)self;
	it.asked++;
	(void)snprintf(it.last, sizeof(it.last), "%s|%s",
	    email != NULL ? email : "", phone != NULL ? phone : "");
	*result = (struct put_result){ .outcome = it.says };
	if (it.fails.kind == ERR_NONE)
		return true;
	*err = it.fails;
	return false;
}

static bool
crm_put_tags(void *self, const struct crm_tag_write *writes, size_t n,
    struct put_result *results, struct err *err)
{
	(void)self;
	if (it.tags_fail.kind != ERR_NONE) {
		*err = it.tags_fail;
		return false;
	}
	for (size_t i = 0; i < n; i++) {
		assert_null(writes[i].value);
		results[i] = (struct put_result){ .outcome = PUT_DONE };
		it.tags++;
	}
	return true;
}

static const struct survey_connector service = { .erase = service_erase };
static const struct crm_connector crm = { .put_tags = crm_put_tags };

/* As over HTTP, without a call: by its first letter a card may not be written, is
 * gone, or shows that the CRM lacks something. */
static bool
crm_request(void *self, const struct crm_tag_write *writes, size_t n, int step,
    const struct http_res *before, struct http_req *req, struct err *err)
{
	(void)self;
	(void)n;
	(void)step;
	(void)before;
	(void)req;
	it.tags++;
	switch (writes[0].contact_id[0]) {
	case 'd':
		(void)err_set(err, ERR_AUTH, "HTTP 403");
		err->code = 403;
		return false;
	case 'g':
		return err_set(err, ERR_GONE, "HTTP 404");
	default:
		return err_set(err, ERR_CONFIG, "no field for tags");
	}
}

static bool
never(void)
{
	return false;
}

static const struct crm_connector http_crm = { .tags_max = 1,
	.tags_request = crm_request };

static void
serve(struct fixture *f)
{
	fixture_tenant(f);
	it = (struct others){ .says = PUT_DONE,
		.survey = { .connector = &service, .link = { .name = "npstoday",
		    .self = &it } },
		.crm = { .connector = &crm, .link = { .name = "crm",
		    .self = &it } } };
	f->stage.survey = &it.survey;
	f->stage.crm = &it.crm;
	f->stage.n_crm = 1;
	f->conf.identity.phone_prefix = "+45";
	f->conf.survey.driver = "npstoday";
}

/* A card with an address, a number and a score. */
static void
pull(struct fixture *f, const char *id, const char *email, const char *mobile)
{
	static const char *const tags[] = { "NPSToday.Meet.9", NULL };
	const struct crm_contact c = { .contact_id = id, .email = email,
		.mobile = mobile, .tags = tags, .consent_at = NO_TIME };

	fixture_pull_contact(f, "crm", &c, true);
}

/* ---- erasing --------------------------------------------------------------- */
static bool
stopped(void)
{
	return false;
}

/* As the command: who was looked up before `between` is erased. */
static long long
erase(struct fixture *f, void (*between)(struct fixture *f))
{
	const struct subject_given given = { .address = ADDRESS };
	const struct run_options options = { .kind = RUN_MANUAL, .only = RUN_ALL,
		.actor = "anna", .cancelled = stopped };
	struct subject s;
	const struct night_erasure erasure = { .subject = &s,
		.here_only = true };
	struct err err = { 0 };
	long long id = 0;

	subject_init(&s);
	if (!subject_find(f->db, &f->tenant, &given, f->scratch, &s, &err))
		fail_msg("%s", err.msg);
	if (between != NULL)
		between(f);
	/* No run is active; afterwards the test's goes on. */
	tenant_release(f->db, &f->tenant);
	if (!night_erase(f->db, &f->conf, &f->tenant, NULL, &options, &erasure,
	        &id, &err))
		fail_msg("%s", err.msg);
	subject_free(&s);
	if (!tenant_acquire(f->db, &f->tenant, NULL, &err))
		fail_msg("%s", err.msg);
	return id;
}

static void
run(struct fixture *f)
{
	struct err err = { 0 };

	clock_set(clock_now() + 60);
	if (!stage_erase(&f->stage, &err))
		fail_msg("%s", err.msg);
}

static const char *
open_steps(struct fixture *f)
{
	return fixture_text(f, "SELECT string_agg(kind || ' ' || coalesce("
	    "reason, '-'), ', ' ORDER BY kind) FROM npsync.erasure_step WHERE"
	    " tenant_id = $1");
}

static const char *
alarm_state(struct fixture *f)
{
	return fixture_text(f, "SELECT state || CASE WHEN told_at IS NULL THEN"
	    " ' untold' ELSE ' told' END FROM npsync.alarm WHERE tenant_id = $1"
	    " AND kind = 'erasure'");
}

/* Of all erasures; "" = none is over. */
static const char *
counts(struct fixture *f)
{
	return fixture_text(f, "SELECT string_agg((counts->>'respondents at"
	    " npstoday') || ' ' || (counts->>'tags in crm'), ';') FROM"
	    " npsync.erasure WHERE tenant_id = $1 AND completed_at IS NOT"
	    " NULL");
}

/* ---- tests ----------------------------------------------------------------- */
static void
test_all_is_done_at_once(void **state)
{
	struct fixture *f = *state;

	serve(f);
	pull(f, "k1", ADDRESS, MOBILE);
	(void)erase(f, NULL);
	assert_string_equal(open_steps(f), "address -, phone -, tag -");
	run(f);
	assert_string_equal(open_steps(f), "");
	assert_string_equal(it.last, "|+4570123456");
	assert_int_equal(it.asked, 2);
	assert_int_equal(it.tags, 1);
	assert_string_equal(counts(f), "2 1");
	/* Nothing to tell: it was never open for long. */
	assert_string_equal(alarm_state(f), "");
}

/* A refusal, or nobody there: open, told once, tried by each run, over. */
static void
test_open_steps_raise_an_alarm(void **state)
{
	struct fixture *f = *state;

	serve(f);
	pull(f, "k1", ADDRESS, MOBILE);
	(void)erase(f, NULL);
	(void)err_set(&it.fails, ERR_PROTOCOL, "HTTP 404, expected a list");
	run(f);
	assert_string_equal(open_steps(f), "address HTTP 404, expected a list, "
	    "phone HTTP 404, expected a list");
	assert_string_equal(alarm_state(f), "raised untold");
	assert_string_equal(counts(f), "");
	fixture_tell_alarms(f);
	run(f);
	assert_int_equal(it.asked, 4);
	assert_string_equal(alarm_state(f), "raised told");
	/* The number alone is left over: others have it. */
	it.fails.kind = ERR_NONE;
	fixture_exec(f, "DELETE FROM npsync.erasure_step WHERE tenant_id = $1"
	    " AND kind = 'address'");
	it.says = PUT_REJECTED;
	run(f);
	assert_string_equal(open_steps(f), "phone not done yet");
	assert_string_equal(alarm_state(f), "raised told");
	it.says = PUT_UNCHANGED;
	run(f);
	assert_string_equal(open_steps(f), "");
	/* It is over, and that is news. */
	assert_string_equal(alarm_state(f), "ok untold");
}

/* The first of two that came in later starts it anew. */
static void
test_a_second_alarm(void **state)
{
	struct fixture *f = *state;

	serve(f);
	pull(f, "k1", ADDRESS, NULL);
	(void)erase(f, NULL);
	(void)err_set(&it.tags_fail, ERR_RETRY, "the folder is not there");
	run(f);
	assert_string_equal(open_steps(f), "tag the folder is not there");
	it.tags_fail.kind = ERR_NONE;
	run(f);
	fixture_tell_alarms(f);
	assert_string_equal(alarm_state(f), "ok told");
	pull(f, "k2", ADDRESS, NULL);
	f->stage.survey = NULL;
	(void)fixture_row(f, T_MEET, "k2", NULL);
	(void)erase(f, NULL);
	run(f);
	assert_string_equal(alarm_state(f), "raised untold");
	assert_string_equal(open_steps(f),
	    "address the survey service could not be opened");
}

/* What a connector cannot do at all ends as a note, or nothing ever ends it. */
static void
test_by_hand(void **state)
{
	static const struct survey_connector mute = { .erase = NULL };
	struct fixture *f = *state;

	serve(f);
	pull(f, "k1", ADDRESS, NULL);
	it.survey.connector = &mute;
	f->stage.n_crm = 0;
	(void)erase(f, NULL);
	run(f);
	assert_string_equal(open_steps(f), "");
	assert_string_equal(alarm_state(f), "");
	assert_string_equal(fixture_text(f, "SELECT array_to_string(by_hand,"
	    " '; ') FROM npsync.erasure WHERE tenant_id = $1 AND completed_at IS"
	    " NOT NULL"), "tags in crm: the configuration does not name it any "
	    "more: remove them there; respondents at npstoday: its connector "
	    "cannot erase: delete the respondent there");
}

/* Each of the cards is the person's; their tags are written over HTTP. */
static void
erase_cards(struct fixture *f, const char *const *cards, size_t n)
{
	struct err err = { 0 };

	serve(f);
	it.crm.connector = &http_crm;
	it.crm.link.scratch = arena_new((size_t)1 << 20);
	if (!http_open(&http_defaults, never, &it.crm.link.http, &err))
		fail_msg("%s", err.msg);
	for (size_t i = 0; i < n; i++)
		pull(f, cards[i], ADDRESS, NULL);
	(void)erase(f, NULL);
	run(f);
	http_close(it.crm.link.http);
	arena_free(it.crm.link.scratch);
}

/* They come first each night: what stands behind them is erased all the same. */
static void
test_denied_cards_block_nothing(void **state)
{
	static const char *const cards[] = { "d1", "d2", "d3", "d4", "g5" };
	struct fixture *f = *state;

	erase_cards(f, cards, ARRAY_LEN(cards));
	assert_int_equal(it.tags, 5);
	assert_string_equal(open_steps(f), "tag HTTP 403, tag HTTP 403, tag "
	    "HTTP 403, tag HTTP 403");
	assert_string_equal(alarm_state(f), "raised untold");
}

/* A call that ends in the middle: what had an end has it, the others the call's. */
static void
test_ends_before_the_failure(void **state)
{
	static const char *const cards[] = { "d1", "g1", "x1", "x2" };
	struct fixture *f = *state;

	erase_cards(f, cards, ARRAY_LEN(cards));
	assert_string_equal(fixture_text(f, "SELECT string_agg(target || ' ' ||"
	    " reason, ', ' ORDER BY target) FROM npsync.erasure_step WHERE"
	    " tenant_id = $1"), "d1 HTTP 403, x1 no field for tags, x2 no field "
	    "for tags");
}

/* ---- between looking and the lease ------------------------------------------- */
static void
another_card(struct fixture *f)
{
	pull(f, "k9", ADDRESS, "+45 99 99 99 99");
	(void)fixture_row(f, T_MEET, "k9", NULL);
}

static void
somebody_shares(struct fixture *f)
{
	pull(f, "k9", "bo@kunde.example", MOBILE);
}

static void
test_a_card_that_appears(void **state)
{
	struct fixture *f = *state;

	serve(f);
	pull(f, "k1", ADDRESS, MOBILE);
	(void)erase(f, another_card);
	assert_int_equal(fixture_int(f, "SELECT count(*) FROM npsync.contact"
	    " WHERE tenant_id = $1 AND erased"), 2);
	assert_int_equal(fixture_int(f, "SELECT count(*) FROM npsync.queue WHERE"
	    " tenant_id = $1"), 0);
	assert_string_equal(fixture_text(f, "SELECT string_agg(kind || ' ' ||"
	    " target, ', ' ORDER BY kind, target) FROM npsync.erasure_step WHERE"
	    " tenant_id = $1"), "address " ADDRESS ", phone " MOBILE
	    ", phone +45 99 99 99 99, tag k1, tag k9");
	/* Nobody was known at first: that is no reason to do nothing. */
	serve(f);
	(void)erase(f, another_card);
	assert_int_equal(fixture_int(f, "SELECT count(*) FROM npsync.contact"
	    " WHERE tenant_id = $1 AND erased"), 1);
}

static void
test_a_number_shared_meanwhile(void **state)
{
	struct fixture *f = *state;

	serve(f);
	pull(f, "k1", ADDRESS, MOBILE);
	(void)erase(f, somebody_shares);
	assert_string_equal(open_steps(f), "address -, tag -");
}

/* An erasure that is over is gone on with by a new one; nothing left is no new
 * one. */
static void
test_again(void **state)
{
	struct fixture *f = *state;

	serve(f);
	pull(f, "k1", ADDRESS, NULL);
	const long long first = erase(f, NULL);
	assert_int_equal(erase(f, NULL), first);
	run(f);
	assert_int_equal(erase(f, NULL), first);
	assert_int_not_equal(erase(f, another_card), first);
	assert_int_equal(fixture_int(f, "SELECT count(*) FROM npsync.erasure"
	    " WHERE tenant_id = $1"), 2);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_is_done_at_once),
		cmocka_unit_test(test_open_steps_raise_an_alarm),
		cmocka_unit_test(test_a_second_alarm),
		cmocka_unit_test(test_by_hand),
		cmocka_unit_test(test_denied_cards_block_nothing),
		cmocka_unit_test(test_ends_before_the_failure),
		cmocka_unit_test(test_a_card_that_appears),
		cmocka_unit_test(test_a_number_shared_meanwhile),
		cmocka_unit_test(test_again),
	};

	return cmocka_run_group_tests(tests, fixture_start, fixture_stop);
}
