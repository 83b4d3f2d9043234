/*
 * The transfer against a service that the test plays: what is committed before
 * a request leaves, what each answer makes of the row, how often a row is
 * tried, and when nothing is claimed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "clock.h"
#include "fixture.h"
#include "simhttpd.h"
#include "stage_push.h"
#include "testdb.h"

#define LATEST_MS 30000	/* a transfer that does not end fails */

/* ---- the service ---------------------------------------------------------- */
static struct {
	struct fixture *f;
	struct survey survey;
	struct conf_survey conf;
	struct simhttpd *sim;
	struct db *watch;	/* sees what is committed */
	int64_t give_up_ms;
	int asked, committed, renewals, confirms;
	bool no_session;	/* there is none to be had */
	bool any_person;
	enum err_kind no_question;	/* none is asked after an opt-out */
	char phone[32];		/* of whom it was handed last */
} it;

static const struct db_stmt intent = { "intent",
	"SELECT count(*) FROM npsync.queue q WHERE q.tenant_id = $1"
	"   AND q.client_ref = $2::uuid AND q.state = 'sending'"
	"   AND EXISTS (SELECT 1 FROM npsync.person_send s WHERE s.tenant_id = $1"
	"          AND s.ref = q.client_ref::text)"
	"   AND EXISTS (SELECT 1 FROM npsync.queue_history h WHERE h.tenant_id = $1"
	"          AND h.queue_id = q.queue_id AND h.to_state = 'sending')" };

static void
look(const char *ref)
{
	AUTO(db_result) struct db_result *r = NULL;
	struct err err = { 0 };
	struct db_args args;

	db_args_init(&args, it.survey.link.scratch);
	db_arg_int(&args, it.f->tenant.id);
	db_arg_text(&args, ref);
	if (!db_query(it.watch, &intent, &args, &r, &err))
		fail_msg("%s", err.msg);
	it.asked++;
	it.committed += (int)db_int(r, 0, 0);
}

static bool
push_request(void *self, const struct respondent *r, struct http_req *req,
    struct err *err)
{
	struct arena *scratch = it.survey.link.scratch;

	(void)self;
	(void)err;
	look(r->ref);
	(void)snprintf(it.phone, sizeof(it.phone), "%s",
	    r->phone != NULL ? r->phone : "none");
	*req = (struct http_req){ .method = "POST", .body = r->ref,
		.body_len = strlen(r->ref), .url = arena_printf(scratch,
		    "%s/push", simhttpd_url(it.sim)) };
	return true;
}

static bool
push_result(void *self, const struct http_res *res, struct push_result *out,
    struct err *err)
{
	static const struct {
		long status;
		enum push_outcome outcome;
	} map[] = {
		{ 201, PUSH_ACCEPTED }, { 202, PUSH_ACCEPTED_NO_ID },
		{ 208, PUSH_DUPLICATE }, { 226, PUSH_SUPPRESSED },
		{ 451, PUSH_OPTED_OUT }, { 422, PUSH_REJECTED },
		{ 429, PUSH_AGAIN }, { 401, PUSH_STOP },
		{ 440, PUSH_SESSION },
	};

	(void)self;
	(void)err;
	*out = (struct push_result){ .outcome = PUSH_UNKNOWN };
	for (size_t i = 0; i < ARRAY_LEN(map); i++)
		if (map[i].status == res->status)
			out->outcome = map[i].outcome;
	if (res->retry_after_s > 0)
		out->retry_after_s = res->retry_after_s;
	(void)snprintf(out->reason, sizeof(out->reason), "HTTP %ld",
	    res->status);
	return true;
}

static bool
renew(void *self, struct err *err)
{
	(void)self;
	it.renewals++;
	return !it.no_session || err_set(err, ERR_AUTH, "no session");
}

static const struct survey_connector connector = { .renew = renew,
	.push_request = push_request, .push_result = push_result };

/* Of who is said to have declined: 200 = deactivated only, 410 = declined. */
static bool
confirm_request(void *self, const struct respondent *r, struct http_req *req,
    struct err *err)
{
	(void)self;
	it.confirms++;
	look(r->ref);		/* still on its way */
	if (it.no_question != ERR_NONE)
		return err_set(err, it.no_question, "no question");
	*req = (struct http_req){ .method = "GET", .repeatable = true,
		.url = arena_printf(it.survey.link.scratch, "%s/look",
		    simhttpd_url(it.sim)) };
	return true;
}

static bool
confirm_result(void *self, const struct respondent *r,
    const struct http_res *res, struct push_result *out, struct err *err)
{
	(void)self;
	assert_true(it.any_person || strcmp(r->contact_id, "crm:p1") == 0);
	*out = (struct push_result){ .outcome = res->status == 200
	    ? PUSH_SUPPRESSED : res->status == 201 ? PUSH_ACCEPTED
	    : res->status == 410 ? PUSH_OPTED_OUT : PUSH_UNKNOWN };
	(void)snprintf(out->reason, sizeof(out->reason), "%s",
	    res->status == 200 ? "deactivated" : "odd: anna@kunde.dk");
	return res->status != 418 || err_set(err, ERR_PROTOCOL, "odd");
}

static const struct survey_connector confirming = { .renew = renew,
	.push_request = push_request, .push_result = push_result,
	.confirm_request = confirm_request, .confirm_result = confirm_result };

static bool
give_up(void)
{
	return clock_boottime_ms() > it.give_up_ms;
}

static void
serve(struct fixture *f, const struct sim_reply *script, size_t n)
{
	struct http_settings settings = http_defaults;
	struct err err = { 0 };

	fixture_tenant(f);
	it.f = f;
	it.conf = (struct conf_survey){ .http.timeout_s = 30, .concurrency = 1 };
	it.survey = (struct survey){ .connector = &connector,
		.conf = &it.conf, .link = { .name = "fake",
		    .scratch = arena_new(65536), .kept = arena_new(65536) } };
	it.sim = simhttpd_start(script, n);
	it.watch = testdb_again();
	it.asked = it.committed = it.renewals = it.confirms = 0;
	it.no_session = false;
	it.no_question = ERR_NONE;
	it.give_up_ms = clock_boottime_ms() + LATEST_MS;
	assert_non_null(it.sim);
	if (!http_open(&settings, give_up, &it.survey.link.http, &err))
		fail_msg("%s", err.msg);
	f->stage.survey = &it.survey;
	f->stage.cancelled = give_up;
}

static void
serve_end(void)
{
	http_close(it.survey.link.http);
	simhttpd_stop(it.sim);
	db_close(it.watch);
	arena_free(it.survey.link.scratch);
	arena_free(it.survey.link.kept);
	it.f->stage.survey = NULL;
}

static void
push(struct fixture *f)
{
	struct err err = { 0 };

	if (!stage_push(&f->stage, &err))
		fail_msg("%s", err.msg);
}

/* A clock that runs, so that waits end. */
static void
run_clock(void)
{
	clock_set(NO_TIME);
	clock_shift(fixture_time(FIXTURE_NIGHT, 3, 10));
}

static const char *
state(struct fixture *f, long long row)
{
	return fixture_text(f, "SELECT state FROM npsync.queue"
	    " WHERE tenant_id = $1 AND queue_id = %lld", row);
}

static int
requests(void)
{
	return (int)simhttpd_requests(it.sim);
}

/* ---- tests ------------------------------------------------------------------ */
static void
test_intent_before_effect(void **st)
{
	static const struct sim_reply script = { .status = 201, .repeat = 4 };
	struct fixture *f = *st;

	serve(f, &script, 1);
	for (int i = 1; i <= 5; i++)
		(void)fixture_due(f, i);
	push(f);
	assert_int_equal(requests(), 5);
	assert_int_equal(it.asked, 5);
	assert_int_equal(it.committed, 5);
	assert_int_equal(fixture_int(f, "SELECT count(*) FROM npsync.queue"
	    " WHERE tenant_id = $1 AND state = 'sent'"), 5);
	fixture_assert_history(f);
	serve_end();
}

/* As the CRM spells it, it is not the service's. */
static void
test_numbers_are_complete(void **st)
{
	static const struct {
		const char *prefix, *mobile, *phone;
	} cases[] = {
		{ "+45", "20 12 34 56", "+4520123456" },
		{ "+45", "0046 70-123 45 67", "+46701234567" },
		{ "", "+45 20 12 34 56", "+4520123456" },
		{ "", "20 12 34 56", "none" },
		{ "+45", "ring first", "none" },
	};
	static const struct sim_reply script = { .status = 201 };
	struct fixture *f = *st;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		serve(f, &script, 1);
		f->conf.identity.phone_prefix = cases[i].prefix;
		fixture_card(f, "p1", arena_printf(f->run, "mobile = '%s'",
		    cases[i].mobile));
		(void)fixture_due(f, 1);
		push(f);
		assert_string_equal(it.phone, cases[i].phone);
		serve_end();
	}
	f->conf.identity.phone_prefix = "";
}

/* The row and its evidence; whatever it was, a second transfer of the night
 * does not ask again. */
static void
test_outcomes(void **st)
{
	static const struct {
		struct sim_reply reply;
		const char *state;
		int evidence, opted_out;
	} cases[] = {
		{ { .status = 201 }, "sent", 1, 0 },
		{ { .status = 202 }, "sent", 1, 0 },
		{ { .status = 208 }, "sent", 1, 0 },
		{ { .status = 226 }, "failed", 0, 0 },
		{ { .status = 451 }, "failed", 0, 1 },
		{ { .status = 422 }, "failed", 0, 0 },
		{ { .status = 500 }, "unknown", 1, 0 },
		{ { .status = 409 }, "unknown", 1, 0 },
		{ { .mode = SIM_CLOSE }, "unknown", 1, 0 },
		{ { .mode = SIM_CUT, .status = 201, .cut = 12 }, "unknown", 1, 0 },
	};
	struct fixture *f = *st;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		serve(f, &cases[i].reply, 1);
		const long long row = fixture_due(f, 1);
		push(f);
		push(f);
		if (strcmp(state(f, row), cases[i].state) != 0 ||
		    requests() != 1)
			fail_msg("case %zu: %s, %d requests", i, state(f, row),
			    requests());
		assert_int_equal(fixture_int(f, "SELECT count(*) FROM"
		    " npsync.person_send WHERE tenant_id = $1"),
		    cases[i].evidence);
		assert_int_equal(fixture_int(f, "SELECT count(*) FROM"
		    " npsync.opt_out WHERE tenant_id = $1 AND person_key = 'p1'"),
		    cases[i].opted_out);
		fixture_assert_history(f);
		serve_end();
	}
}

/* Declined or not is looked at once, by a row that is still on its way. */
static void
test_an_opt_out_is_confirmed(void **st)
{
	static const struct {
		struct sim_reply reply;
		int opted_out;
	} cases[] = { { { .status = 200 }, 0 }, { { .status = 410 }, 1 } };
	struct fixture *f = *st;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const struct sim_reply script[] = { { .status = 451 },
			cases[i].reply };
		const int opted_out = cases[i].opted_out;
		serve(f, script, 2);
		it.survey.connector = &confirming;
		const long long row = fixture_due(f, 1);
		push(f);
		push(f);
		assert_int_equal(it.confirms, 1);
		assert_int_equal(it.committed, 2);
		assert_int_equal(requests(), 2);
		assert_string_equal(state(f, row), "failed");
		assert_string_equal(fixture_text(f, "SELECT reason FROM"
		    " npsync.queue WHERE tenant_id = $1 AND queue_id = %lld",
		    row), opted_out ? "opted_out" : "deactivated");
		assert_int_equal(fixture_int(f, "SELECT count(*) FROM"
		    " npsync.opt_out WHERE tenant_id = $1 AND person_key ="
		    " 'p1'"), opted_out);
		assert_int_equal(fixture_int(f, "SELECT count(*) FROM"
		    " npsync.person_send WHERE tenant_id = $1"), 0);
		assert_int_equal(it.survey.unsure.kind, ERR_NONE);
		assert_int_equal(it.survey.looked, 1);
		fixture_assert_history(f);
		serve_end();
	}
}

/* Not asked, and no other row either: until the night is over. */
static void
assert_waits(struct fixture *f, long long row)
{
	char until[32];

	assert_string_equal(state(f, row), "deferred");
	assert_int_equal(fixture_int(f, "SELECT count(*) FROM npsync.queue"
	    " WHERE tenant_id = $1 AND deferred_until = timestamptz '%s'",
	    clock_iso(until, fixture_time(FIXTURE_NIGHT, 6, 0))), 1);
	assert_int_equal(fixture_int(f, "SELECT count(*) FROM"
	    " npsync.person_send WHERE tenant_id = $1"), 0);
}

static void
assert_unsure(struct fixture *f, long long row)
{
	assert_waits(f, row);
	assert_int_equal(fixture_int(f, "SELECT count(*) FROM npsync.opt_out"
	    " WHERE tenant_id = $1"), 0);
	/* No alarm of the connection: that would hide one that does fail. */
	assert_int_equal(it.survey.link.aside.kind, ERR_NONE);
	assert_int_equal(it.survey.unsure.kind, ERR_PROTOCOL);
	assert_null(strpbrk(it.survey.unsure.msg, "0123456789"));
	assert_null(strstr(it.survey.unsure.msg, "anna"));
	assert_int_equal(it.survey.looked, 0);
	assert_int_equal(fixture_int(f, "SELECT count(*) FROM npsync.queue"
	    " WHERE tenant_id = $1 AND reason LIKE 'unconfirmed: %%'"), 1);
	assert_false(it.survey.link.failed);
	assert_int_equal(runlog_reason(&f->log, "push", PUSH_UNSURE_REASON), 1);
	fixture_assert_history(f);
}

/* A look that fails opts nobody out for good: nobody is asked that night, it is
 * told, and the next night asks and looks anew. */
static void
test_a_look_that_fails(void **st)
{
	static const struct {
		struct sim_reply reply;
		enum err_kind no_question;
	} cases[] = {
		{ { .status = 401 }, ERR_NONE }, { { .status = 404 }, ERR_NONE },
		{ { .status = 201 }, ERR_NONE }, { { .status = 429,
		    .headers = "Retry-After: 1\r\n" }, ERR_NONE },
		{ { .status = 500 }, ERR_NONE }, { { .status = 418 }, ERR_NONE },
		{ { .mode = SIM_CLOSE }, ERR_NONE },
		/* The status came, the answer did not. */
		{ { .raw = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf",
		    .mode = SIM_CUT, .cut = 99 }, ERR_NONE },
		{ { .status = 200 }, ERR_CONFIG }, { { .status = 200 },
		    ERR_REJECTED },
	};
	struct fixture *f = *st;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const struct sim_reply script[] = { { .status = 451 },
			cases[i].reply };
		serve(f, script, cases[i].no_question != ERR_NONE ? 1 : 2);
		it.survey.connector = &confirming;
		it.no_question = cases[i].no_question;
		const long long row = fixture_due(f, 1);
		push(f);
		push(f);	/* no more in this night */
		assert_int_equal(it.confirms, 1);
		assert_int_equal(requests(),
		    cases[i].no_question != ERR_NONE ? 1 : 2);
		assert_unsure(f, row);
		serve_end();
	}
}

/* Lack of memory says nothing of the person nor of the service, and ends the run. */
static void
test_a_look_without_memory(void **st)
{
	static const struct sim_reply script = { .status = 451 };
	struct fixture *f = *st;
	struct err err = { 0 };

	serve(f, &script, 1);
	it.survey.connector = &confirming;
	it.no_question = ERR_NOMEM;
	const long long row = fixture_due(f, 1);
	(void)fixture_due(f, 2);
	assert_false(stage_push(&f->stage, &err));
	assert_int_equal(err.kind, ERR_NOMEM);
	assert_int_equal(requests(), 1);
	assert_string_equal(state(f, row), "deferred");
	assert_string_equal(fixture_text(f, "SELECT reason FROM npsync.queue"
	    " WHERE tenant_id = $1 AND queue_id = %lld", row), "out of memory");
	assert_int_equal(fixture_int(f, "SELECT count(*) FROM"
	    " npsync.person_send WHERE tenant_id = $1"), 0);
	assert_int_equal(it.survey.unsure.kind, ERR_NONE);
	assert_false(it.survey.link.failed);
	fixture_assert_history(f);
	serve_end();
}

/* ... where it is kept. */
static void
test_a_look_in_the_next_night(void **st)
{
	static const struct sim_reply script[] = { { .status = 451 },
		{ .status = 404 }, { .status = 451 }, { .status = 410 } };
	struct fixture *f = *st;

	serve(f, script, ARRAY_LEN(script));
	it.survey.connector = &confirming;
	it.any_person = true;
	fixture_card(f, "anna", NULL);
	const long long row = fixture_row(f, T_MEET, "anna", NULL);
	fixture_decide(f);
	push(f);
	assert_unsure(f, row);
	fixture_night(f, FIXTURE_NIGHT + 1);
	it.survey.unsure.kind = ERR_NONE;
	fixture_decide(f);
	push(f);
	assert_int_equal(requests(), 4);
	assert_string_equal(state(f, row), "failed");
	assert_int_equal(fixture_int(f, "SELECT count(DISTINCT person_key) FROM"
	    " npsync.opt_out WHERE tenant_id = $1 AND person_key = 'anna'"), 1);
	assert_int_equal(it.survey.unsure.kind, ERR_NONE);
	assert_int_equal(it.survey.looked, 1);
	it.any_person = false;
	serve_end();
}

static void
script(struct fixture *f, const char *sql)
{
	struct err err = { 0 };

	if (!db_script(f->db, sql, &err))
		fail_msg("%s", err.msg);
}

/* The run ends before it has said what became of the row. */
static void
test_an_opt_out_is_kept_first(void **st)
{
	static const struct sim_reply reply = { .status = 451 };
	struct fixture *f = *st;
	struct err err = { 0 };

	serve(f, &reply, 1);
	script(f, "CREATE FUNCTION npsync.test_end() RETURNS trigger LANGUAGE"
	    " plpgsql AS $$BEGIN RAISE EXCEPTION 'the end'; END$$;"
	    " CREATE TRIGGER test_end BEFORE UPDATE ON npsync.queue FOR EACH ROW"
	    " WHEN (NEW.state = 'failed') EXECUTE FUNCTION npsync.test_end()");
	const long long row = fixture_due(f, 1);
	const bool ended = !stage_push(&f->stage, &err);
	script(f, "DROP TRIGGER test_end ON npsync.queue;"
	    " DROP FUNCTION npsync.test_end()");
	assert_true(ended);
	assert_string_equal(state(f, row), "sending");
	assert_int_equal(fixture_int(f, "SELECT count(*) FROM npsync.opt_out"
	    " WHERE tenant_id = $1 AND person_key = 'p1'"), 1);
	serve_end();
}

/* What passes is looked at again; nobody is handed over twice for it. */
static void
test_a_look_that_passes(void **st)
{
	static const struct {
		struct sim_reply reply;
		int looks;
	} cases[] = { { { .status = 503 }, 2 }, { { .status = 502 }, 2 },
		{ { .status = 429, .headers = "Retry-After: 1\r\n" }, 2 },
		{ { .mode = SIM_CLOSE }, 2 }, { { .status = 404 }, 1 },
		{ { .status = 201 }, 1 } };
	struct fixture *f = *st;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const struct sim_reply script[] = { { .status = 451 },
			cases[i].reply, { .status = 410 } };
		serve(f, script, 3);
		it.survey.connector = &confirming;
		it.conf.http.retries = 2;
		const long long row = fixture_due(f, 1);
		push(f);
		assert_int_equal(it.asked, it.confirms + 1);
		assert_int_equal(it.confirms, cases[i].looks);
		assert_string_equal(state(f, row), cases[i].looks == 2
		    ? "failed" : "deferred");
		assert_int_equal(fixture_int(f, "SELECT count(*) FROM"
		    " npsync.opt_out WHERE tenant_id = $1 AND person_key ="
		    " 'p1'"), cases[i].looks == 2);
		serve_end();
	}
}

/* ... so many times and no more. */
static void
test_a_look_that_never_passes(void **st)
{
	static const struct sim_reply script[] = { { .status = 451 },
		{ .status = 503, .repeat = 9 } };
	struct fixture *f = *st;

	serve(f, script, 2);
	it.survey.connector = &confirming;
	it.conf.http.retries = 3;
	const long long row = fixture_due(f, 1);
	push(f);
	assert_int_equal(it.confirms, 3);
	assert_int_equal(requests(), 4);
	assert_unsure(f, row);
	serve_end();
}

/* Nobody can be looked at: the others are asked, few looks are made, and the
 * service can be talked to afterwards. */
static void
test_looks_that_fail_for_everybody(void **st)
{
	static const int people[] = { 1, 8 };	/* at a time */
	static const struct sim_reply script[] = {
		{ .target = "/look", .status = 503, .repeat = 99 },
		{ .target = "/push", .status = 451, .repeat = 29 },
		{ .target = "/push", .status = 201, .repeat = 99 },
		{ .target = "/answers", .status = 200 } };
	struct fixture *f = *st;

	for (size_t i = 0; i < ARRAY_LEN(people); i++) {
		struct http_req req = { .method = "GET", .repeatable = true };
		struct http_res res;
		struct err err = { 0 };
		serve(f, script, ARRAY_LEN(script));
		it.survey.connector = &confirming;
		it.conf.concurrency = people[i];
		it.conf.http.retries = 4;
		it.any_person = true;
		for (int k = 1; k <= 40; k++)
			(void)fixture_due(f, k);
		push(f);
		it.any_person = false;
		assert_false(it.survey.link.failed);
		/* Four, four and one; or all at once. */
		assert_in_range(it.confirms, 8, people[i] == 1 ? 9 : 14);
		assert_int_equal(requests(), 40 + it.confirms);
		assert_int_equal(fixture_int(f, "SELECT count(*) FROM"
		    " npsync.queue WHERE tenant_id = $1 AND state = 'sent'"), 10);
		assert_int_equal(fixture_int(f, "SELECT count(*) FROM"
		    " npsync.queue WHERE tenant_id = $1 AND state = 'deferred'"
		    " AND reason LIKE 'unconfirmed: %%'"), 30);
		assert_int_equal(fixture_int(f, "SELECT count(*) FROM"
		    " npsync.opt_out WHERE tenant_id = $1"), 0);
		assert_int_equal(it.survey.unsure.kind, ERR_PROTOCOL);
		req.url = arena_printf(it.survey.link.scratch, "%s/answers",
		    simhttpd_url(it.sim));
		if (!http_do(it.survey.link.http, &req, it.survey.link.scratch,
		        &res, &err))
			fail_msg("%s", err.msg);
		serve_end();
	}
}

/* ... and one that is answered between them lets the next be made. */
static void
test_looks_that_fail_now_and_then(void **st)
{
	static const struct sim_reply turn[] = { { .status = 451 },
		{ .status = 503 }, { .status = 451 }, { .status = 503 },
		{ .status = 451 }, { .status = 410 } };
	struct sim_reply script[18];
	struct fixture *f = *st;

	for (size_t i = 0; i < ARRAY_LEN(script); i++)
		script[i] = turn[i % ARRAY_LEN(turn)];
	serve(f, script, ARRAY_LEN(script));
	it.survey.connector = &confirming;
	it.any_person = true;
	for (int k = 1; k <= 9; k++)
		(void)fixture_due(f, k);
	push(f);
	it.any_person = false;
	assert_int_equal(it.confirms, 9);
	assert_int_equal(it.survey.looked, 3);
	assert_int_equal(fixture_int(f, "SELECT count(DISTINCT person_key) FROM"
	    " npsync.opt_out WHERE tenant_id = $1 AND person_key LIKE 'p%%'"), 3);
	serve_end();
}

/* A service that dies while somebody is looked at: the look that is cut does not
 * give it five more people. */
static void
test_failures_beside_a_look(void **st)
{
	static const struct sim_reply script[] = { { .status = 451 },
		{ .status = 429, .delay_ms = 200 },
		{ .mode = SIM_CLOSE, .delay_ms = 600 },	/* the look */
		{ .status = 429, .repeat = 1 }, { .status = 429, .delay_ms = 1000 },
		{ .status = 429, .repeat = 99 } };
	struct fixture *f = *st;

	serve(f, script, ARRAY_LEN(script));
	it.survey.connector = &confirming;
	it.conf.concurrency = 2;
	it.any_person = true;
	for (int k = 1; k <= 16; k++)
		(void)fixture_due(f, k);
	push(f);
	it.any_person = false;
	assert_true(it.survey.link.failed);
	assert_in_range(requests(), 7, 8);
	serve_end();
}

static bool
over_when_looking(void)
{
	return it.confirms > 0 || give_up();
}

/* A run that is stopped is no look that failed: the row goes back. */
static void
test_a_look_in_a_run_that_ends(void **st)
{
	static const struct sim_reply script[] = { { .status = 451 },
		{ .mode = SIM_CLOSE } };
	struct fixture *f = *st;

	serve(f, script, 2);
	it.survey.connector = &confirming;
	it.conf.http.retries = 3;
	f->stage.cancelled = over_when_looking;
	const long long row = fixture_due(f, 1);
	struct err err = { 0 };
	(void)!stage_push(&f->stage, &err);
	assert_string_equal(state(f, row), "deferred");
	assert_int_equal(it.survey.unsure.kind, ERR_NONE);
	assert_int_equal(fixture_int(f, "SELECT count(*) FROM npsync.queue"
	    " WHERE tenant_id = $1 AND reason LIKE 'unconfirmed%%'"), 0);
	serve_end();
}

/* Who could not be looked at stands between refusals: the service did answer. */
static void
test_refusals_not_in_a_row(void **st)
{
	static const struct sim_reply script[] = { { .status = 422 },
		{ .status = 451 }, { .status = 404 }, { .status = 422 },
		{ .status = 451 }, { .status = 404 }, { .status = 422 },
		{ .status = 201 } };
	struct fixture *f = *st;

	serve(f, script, ARRAY_LEN(script));
	it.survey.connector = &confirming;
	it.any_person = true;
	for (int i = 1; i <= 6; i++)
		(void)fixture_due(f, i);
	push(f);
	assert_false(it.survey.link.failed);
	assert_int_equal(requests(), 8);
	assert_int_equal(fixture_int(f, "SELECT count(*) FROM npsync.queue"
	    " WHERE tenant_id = $1 AND state = 'sent'"), 1);
	it.any_person = false;
	serve_end();
}

/* Several at a time, and the others go on meanwhile: a wrong address for all. */
static void
test_confirming_many(void **st)
{
	static const struct sim_reply script = { .status = 451, .repeat = 99 };
	struct fixture *f = *st;

	serve(f, &script, 1);
	it.survey.connector = &confirming;
	it.conf.concurrency = 3;
	it.any_person = true;
	for (int i = 1; i <= 7; i++)
		(void)fixture_due(f, i);
	push(f);
	assert_int_equal(requests(), 14);
	assert_int_equal(it.committed, 14);
	assert_int_equal(fixture_int(f, "SELECT count(*) FROM npsync.queue"
	    " WHERE tenant_id = $1 AND state = 'deferred'"), 7);
	assert_int_equal(fixture_int(f, "SELECT count(*) FROM npsync.opt_out"
	    " WHERE tenant_id = $1"), 0);
	assert_int_equal(runlog_reason(&f->log, "push", PUSH_UNSURE_REASON), 7);
	it.any_person = false;
	serve_end();
}

/* What was proven not applied: four times a night, by one reference, then it
 * waits for the end of the window. */
static void
test_four_tries(void **st)
{
	static const struct sim_reply script = { .status = 429, .repeat = 9 };
	struct fixture *f = *st;

	serve(f, &script, 1);
	const long long row = fixture_due(f, 1);
	run_clock();
	push(f);
	assert_int_equal(requests(), 4);
	for (size_t i = 0; i < 4; i++)
		assert_string_equal(simhttpd_body(it.sim, i),
		    fixture_text(f, "SELECT client_ref FROM npsync.queue"
		        " WHERE tenant_id = $1 AND queue_id = %lld", row));
	assert_waits(f, row);
	serve_end();
}

/* More than a transfer waits for: the row waits, the transfer ends. */
static void
test_retry_after(void **st)
{
	static const struct sim_reply script = { .status = 429,
		.headers = "Retry-After: 600\r\n", .repeat = 9 };
	struct fixture *f = *st;

	serve(f, &script, 1);
	(void)fixture_due(f, 1);
	run_clock();
	push(f);
	assert_int_equal(requests(), 1);
	const long long wait_s = fixture_int(f, "SELECT extract(epoch from"
	    " deferred_until)::bigint FROM npsync.queue WHERE tenant_id = $1") -
	    (long long)fixture_time(FIXTURE_NIGHT, 3, 10);
	assert_in_range(wait_s, 600, 600 + LATEST_MS / 1000);
	serve_end();
}

/* Three refused alike: it is not the people. */
static void
test_refusals_stop(void **st)
{
	static const struct sim_reply script = { .status = 422, .repeat = 9 };
	struct fixture *f = *st;

	serve(f, &script, 1);
	for (int i = 1; i <= 6; i++)
		(void)fixture_due(f, i);
	push(f);
	assert_int_equal(requests(), 3);
	assert_true(it.survey.link.failed);
	assert_int_equal(fixture_int(f, "SELECT count(*) FROM npsync.queue"
	    " WHERE tenant_id = $1 AND state = 'queued'"), 3);
	serve_end();
}

static void
test_stops_at_once(void **st)
{
	static const struct sim_reply script = { .status = 401, .repeat = 9 };
	struct fixture *f = *st;

	serve(f, &script, 1);
	const long long row = fixture_due(f, 1);
	(void)fixture_due(f, 2);
	push(f);
	assert_int_equal(requests(), 1);
	assert_true(it.survey.link.failed);
	assert_string_equal(state(f, row), "deferred");
	assert_int_equal(fixture_int(f, "SELECT count(*) FROM"
	    " npsync.person_send WHERE tenant_id = $1"), 0);
	serve_end();
}

/* A session that ends in the middle: one new one, and each is asked once. */
static void
test_session(void **st)
{
	static const struct {
		struct sim_reply script[3];
		size_t n;
		bool no_session;
		int requests, sent;
		bool failed;
	} cases[] = {
		{ { { .status = 201 }, { .status = 440 },
		    { .status = 201, .repeat = 1 } }, 3, false, 4, 3, false },
		{ { { .status = 440, .repeat = 9 } }, 1, false, 2, 0, true },
		{ { { .status = 440, .repeat = 9 } }, 1, true, 1, 0, true },
	};
	struct fixture *f = *st;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		serve(f, cases[i].script, cases[i].n);
		it.no_session = cases[i].no_session;
		for (int p = 1; p <= 3; p++)
			(void)fixture_due(f, p);
		run_clock();
		push(f);
		if (requests() != cases[i].requests)
			fail_msg("case %zu: %d requests", i, requests());
		assert_int_equal(it.renewals, 1);
		assert_int_equal(it.survey.link.failed, cases[i].failed);
		assert_int_equal(fixture_int(f, "SELECT count(*) FROM npsync.queue"
		    " WHERE tenant_id = $1 AND state = 'sent'"), cases[i].sent);
		assert_int_equal(fixture_int(f, "SELECT count(*) FROM"
		    " npsync.person_send WHERE tenant_id = $1"), cases[i].sent);
		serve_end();
	}
}

/* It ends when nothing else is due, and within the second of the claim. */
static void
test_session_at_the_end(void **st)
{
	static const struct sim_reply script[] = {
		{ .status = 440, .delay_ms = 300 }, { .status = 201 } };
	struct fixture *f = *st;

	serve(f, script, 2);
	it.conf.concurrency = 2;
	const long long row = fixture_due(f, 1);
	push(f);
	assert_int_equal(it.renewals, 1);
	assert_int_equal(requests(), 2);
	assert_string_equal(state(f, row), "sent");
	serve_end();
}

/* An answer that may come after the lease has ended is not asked for. */
static void
test_lease_must_outlast(void **st)
{
	static const struct {
		int timeout_s, requests;
	} cases[] = { { 30, 1 }, { 600, 1 }, { 1199, 0 } };
	static const struct sim_reply script = { .status = 201 };
	struct fixture *f = *st;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		serve(f, &script, 1);
		it.conf.http.timeout_s = cases[i].timeout_s;
		const long long row = fixture_due(f, 1);
		push(f);
		assert_int_equal(requests(), cases[i].requests);
		assert_string_equal(state(f, row),
		    cases[i].requests == 1 ? "sent" : "queued");
		serve_end();
	}
}

static void
test_window(void **st)
{
	static const struct {
		int hour, minute, requests;
	} cases[] = { { 22, 59, 0 }, { 3, 10, 1 }, { 5, 49, 1 }, { 5, 51, 0 },
		{ 6, 0, 0 }, { 12, 0, 0 } };
	static const struct sim_reply script = { .status = 201 };
	struct fixture *f = *st;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		serve(f, &script, 1);
		f->conf.send.stop_before_s = 600;
		(void)fixture_due(f, 1);
		clock_set(fixture_time(FIXTURE_NIGHT, cases[i].hour,
		    cases[i].minute));
		push(f);
		if (requests() != cases[i].requests)
			fail_msg("%02d:%02d", cases[i].hour, cases[i].minute);
		serve_end();
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_intent_before_effect),
		cmocka_unit_test(test_numbers_are_complete),
		cmocka_unit_test(test_outcomes),
		cmocka_unit_test(test_an_opt_out_is_confirmed),
		cmocka_unit_test(test_a_look_that_fails),
		cmocka_unit_test(test_a_look_in_the_next_night),
		cmocka_unit_test(test_an_opt_out_is_kept_first),
		cmocka_unit_test(test_confirming_many),
		cmocka_unit_test(test_a_look_that_passes),
		cmocka_unit_test(test_a_look_that_never_passes),
		cmocka_unit_test(test_a_look_in_a_run_that_ends),
		cmocka_unit_test(test_a_look_without_memory),
		cmocka_unit_test(test_looks_that_fail_for_everybody),
		cmocka_unit_test(test_looks_that_fail_now_and_then),
		cmocka_unit_test(test_failures_beside_a_look),
		cmocka_unit_test(test_refusals_not_in_a_row),
		cmocka_unit_test(test_four_tries),
		cmocka_unit_test(test_retry_after),
		cmocka_unit_test(test_refusals_stop),
		cmocka_unit_test(test_stops_at_once),
		cmocka_unit_test(test_session),
		cmocka_unit_test(test_session_at_the_end),
		cmocka_unit_test(test_lease_must_outlast),
		cmocka_unit_test(test_window),
	};

	return cmocka_run_group_tests(tests, fixture_start, fixture_stop);
}
