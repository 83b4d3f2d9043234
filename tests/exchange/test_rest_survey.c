/*
 * A survey service by a profile, the template that is shipped: the bytes of a
 * send, what each answer means, listings, the proofs of a search.  L1 to L8 are
 * the lessons that other services teach a common engine.
 */
#include "rest/surveyrig.h"

#include "rest/survey_int.h"
#include "simhttpd.h"

#define BASE "https://survey.example.com"

static struct rig rig;
static struct simhttpd *sim;

static void
begin(const char *profile, const struct sim_reply *script, size_t n)
{
	sim = simhttpd_start(script, n);
	assert_non_null(sim);
	rig_open(&rig, simhttpd_url(sim), profile);
}

static void
end(void)
{
	char problem[256] = "";
	const char *said = simhttpd_problem(sim, true);

	if (said != NULL)
		(void)snprintf(problem, sizeof(problem), "%.255s", said);
	simhttpd_stop(sim);
	rig_close(&rig);
	if (problem[0] != '\0')
		fail_msg("%s", problem);
}

/* ---- the request ------------------------------------------------------------------ */
static void
test_request(void **state)
{
	struct respondent r = rig_respondent();
	struct http_req req = { 0 };

	(void)state;
	rig_open(&rig, BASE, NULL);
	if (!rest_survey.push_request(rig.self, &r, &req, &rig.err))
		fail_msg("%s", rig.err.msg);
	assert_string_equal(req.method, "POST");
	assert_string_equal(req.url, BASE "/v1/campaigns/7749/people");
	assert_false(req.repeatable);
	assert_string_equal(req.body,
	    "{\"email\":\"john@example.com\",\"name\":\"John Marc Doe\","
	    "\"send_at\":1795420800,\"properties\":{\"npsync_ref\":\"" RIG_REF
	    "\",\"npsync_contact\":\"crm:9001\","
	    "\"company\":\"Acme \\\"INC.\\\"\","
	    "\"account_manager\":\"Jens Peter Hansen\"}}");
	/* Refused here, no call made; nothing personal is said. */
	r.email = "";
	assert_false(rest_survey.push_request(rig.self, &r, &req, &rig.err));
	assert_int_equal(rig.err.kind, ERR_REJECTED);
	r = rig_respondent();
	r.campaign_id = NULL;
	assert_false(rest_survey.push_request(rig.self, &r, &req, &rig.err));
	assert_int_equal(rig.err.kind, ERR_REJECTED);
	rig_close(&rig);
}

#define SEND(json) "send = { request = { method = \"POST\"; path = \"s\"; " \
	"json = \"" json "\"; }; }; "

#define SENT_READ "read = { request = { path = \"l\"; }; id = [ \"/id\" ]; " \
	"paging = { kind = \"page\"; }; }; "
/* A template that drops the reference, or a hole that nobody knows. */
static void
test_refused(void **state)
{
	static const struct {
		const char *profile, *words;
	} cases[] = {
		{ "", "send.request is not given" },
		{ SEND("[\\\"{contact.email}\\\"]"), "{ref}" },
		{ SEND("[\\\"{ref}\\\",\\\"{contact.mail}\\\"]"),
		    "{contact.mail}" },
		{ SEND("[\\\"{ref}\\\"]") "erase = { request = { path = "
		    "\"p/{id}\"; method = \"DELETE\"; }; };", "{id}" },
		/* Of whom? */
		{ SEND("[\\\"{ref}\\\"]") "do_not_contact = { request = { path = "
		    "\"all\"; method = \"POST\"; }; };",
		    "do_not_contact.request: expected {email} or {phone}" },
		{ SEND("[\\\"{ref}\\\"]") "erase = { request = { path = "
		    "\"all\"; method = \"DELETE\"; }; };",
		    "erase.request: expected {email} or {phone}" },
		{ SEND("[\\\"{ref}\\\"]") "erase = { find = { path = \"all\"; }; "
		    "request = { path = \"p/{id}\"; method = \"DELETE\"; }; };",
		    "erase.find: expected {email} or {phone}" },
		{ SEND("[\\\"{ref}\\\"]") "erase = { find = { path = \"p?m={email}"
		    "\"; }; request = { path = \"all\"; method = \"DELETE\"; }; };",
		    "erase.request: expected {id}" },
		/* Its rows could not be told to be ours. */
		{ SEND("[\\\"{ref}\\\"]") "sent = { " SENT_READ
		    "campaign_id = [ \"/c\" ]; };", "ref and campaign_id" },
		{ SEND("[\\\"{ref}\\\"]") "sent = { " SENT_READ
		    "ref = [ \"/r\" ]; };", "ref and campaign_id" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		rig_settings(&rig, BASE, cases[i].profile);
		if (rest_survey.open(&rig.env, &rig.self, &rig.err))
			fail_msg("case %zu was taken", i);
		if (rig.err.kind != ERR_CONFIG ||
		    strstr(rig.err.msg, cases[i].words) == NULL)
			fail_msg("case %zu: %s", i, rig.err.msg);
		rig_close(&rig);
	}
}

/* A service that keeps no mail until its time: the core waits for the hour. */
static void
test_schedules(void **state)
{
	struct respondent r = rig_respondent();
	struct survey_connector copy = rest_survey;
	struct http_req req = { 0 };

	(void)state;
	r.send_at = rig_time("2026-11-25T08:00:00Z");
	rig_open(&rig, BASE, NULL);
	rest_survey.narrow(&rig.set, &copy);
	assert_int_equal(copy.info.caps, rest_survey.info.caps);
	assert_null(rest_survey.lacks(&rig.set, 0));
	rig_close(&rig);
	rig_open(&rig, BASE, SEND("[\\\"{ref}\\\"]"));
	rest_survey.narrow(&rig.set, &copy);
	assert_int_equal(copy.info.caps, 0);
	assert_null(copy.pull_answers);
	/* Asked all the same, nobody is asked in the night. */
	assert_false(rest_survey.push_request(rig.self, &r, &req, &rig.err));
	assert_int_equal(rig.err.kind, ERR_CONFIG);
	rig.now = r.send_at;
	assert_true(rest_survey.push_request(rig.self, &r, &req, &rig.err));
	rig_close(&rig);
}

/* ---- what an answer means ------------------------------------------------------------ */
struct judged {
	long status;
	const char *body;
	enum push_outcome outcome;
	const char *id;
	long retry_after_s;
};

static void
judge(const struct judged *cases, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const char *body = cases[i].body;
		const struct http_res res = { .phase = HTTP_COMPLETE,
			.status = cases[i].status, .body_sent = true, .body = body,
			.body_len = strlen(body), .date = NO_TIME,
			.retry_after_s = cases[i].retry_after_s };
		struct push_result r;
		if (!rest_survey.push_result(rig.self, &res, &r, &rig.err))
			fail_msg("case %zu: %s", i, rig.err.msg);
		if (r.outcome != cases[i].outcome ||
		    strcmp(r.remote_id, cases[i].id) != 0 ||
		    strchr(r.reason, '@') != NULL)
			fail_msg("case %zu: %d %s %s", i, (int)r.outcome,
			    r.remote_id, r.reason);
		if (r.outcome == PUSH_AGAIN && cases[i].retry_after_s > 0)
			assert_int_equal(r.retry_after_s,
			    cases[i].retry_after_s);
	}
}

#define TAKEN "{\"id\":17,\"scheduled_at\":1795420800}"
static void
test_outcomes(void **state)
{
	static const struct judged cases[] = {
		{ 200, TAKEN, PUSH_ACCEPTED, "17", -1 },
		{ 201, "{\"scheduled_at\":1}", PUSH_ACCEPTED_NO_ID, "", -1 },
		/* L1: a 2xx without a send, in three forms. */
		{ 200, "{\"id\":17,\"scheduled_at\":null}", PUSH_SUPPRESSED,
		    "17", -1 },
		{ 200, "{\"result\":[{\"status\":\"skipped\"}]}",
		    PUSH_SUPPRESSED, "", -1 },
		{ 200, "{\"status\":\"unsubscribed\",\"scheduled_at\":9}",
		    PUSH_OPTED_OUT, "", -1 },
		{ 204, "", PUSH_SUPPRESSED, "", -1 },
		/* A page proves nothing. */
		{ 200, "<html>sign in</html>", PUSH_UNKNOWN, "", -1 },
		{ 422, "{\"error\":{\"code\":\"duplicate\"}}", PUSH_DUPLICATE,
		    "", -1 },
		{ 422, "{\"error\":{\"code\":\"mail a@b.dk\"}}", PUSH_REJECTED,
		    "", -1 },
		{ 400, "", PUSH_REJECTED, "", -1 },
		{ 404, "", PUSH_REJECTED, "", -1 },
		{ 405, "", PUSH_REJECTED, "", -1 },
		/* 409 may be a send of ours, or none: no line says it. */
		{ 409, "", PUSH_UNKNOWN, "", -1 },
		{ 401, "", PUSH_SESSION, "", -1 },
		{ 403, "", PUSH_STOP, "", -1 },
		{ 302, "", PUSH_STOP, "", -1 },
		/* L4: as told, in prose, not at all. */
		{ 429, "", PUSH_AGAIN, "", 42 },
		{ 429, "{\"detail\":\"available in 42.0 seconds.\"}", PUSH_AGAIN,
		    "", -1 },
		{ 408, "", PUSH_UNKNOWN, "", -1 },
		{ 500, "{\"status\":\"unsubscribed\"}", PUSH_UNKNOWN, "", -1 },
		{ 503, "", PUSH_UNKNOWN, "", 60 },
		{ 218, "{\"odd\":1", PUSH_SUPPRESSED, "", -1 },
		/* What the profile calls a failure no last line explains. */
		{ 200, "{\"error\":\"broken\"}", PUSH_UNKNOWN, "", -1 },
	};

	(void)state;
	rig_open(&rig, BASE, NULL);
	judge(cases, ARRAY_LEN(cases));
	rig_close(&rig);
}

/* A long night: what was kept of one answer goes before the next. */
static void
test_outcomes_all_night(void **state)
{
	static const struct judged one = { 200,
		"{\"error\":{\"code\":\"broken\"}}", PUSH_UNKNOWN, "", -1 };
	struct rest_survey *s;

	(void)state;
	rig_open(&rig, BASE, NULL);
	s = rig.self;
	while (arena_alloc(s->rest.page, 1 << 20) != NULL)
		continue;
	while (arena_alloc(s->rest.page, 1) != NULL)
		continue;
	judge(&one, 1);
	rig_close(&rig);
}

/* A profile that says nothing of its answers: by status, or unknown. */
static void
test_outcomes_plain(void **state)
{
	static const struct judged cases[] = {
		{ 200, "{}", PUSH_ACCEPTED_NO_ID, "", -1 },
		{ 204, "", PUSH_ACCEPTED_NO_ID, "", -1 },
		/* L2: an error in a 200. */
		{ 200, "{\"success\":false}", PUSH_UNKNOWN, "", -1 },
		{ 200, "{\"errors\":[\"x\"]}", PUSH_UNKNOWN, "", -1 },
		{ 200, "{\"errors\":[],\"ok\":true}", PUSH_ACCEPTED_NO_ID, "",
		    -1 },
		{ 200, "{\"error\":\"x\"}", PUSH_UNKNOWN, "", -1 },
		{ 200, "{\"error\":\"invalid session\"}", PUSH_SESSION, "", -1 },
		{ 200, "{\"error\":\"slow down\"}", PUSH_AGAIN, "", -1 },
		/* L3: of several rows each has its own outcome. */
		{ 207, "{\"rows\":[{\"ok\":false}]}", PUSH_UNKNOWN, "", -1 },
	};

	(void)state;
	rig_open(&rig, BASE, "errors = ( { at = \"/error\"; contains = [ "
	    "\"session\" ]; means = \"session\"; }, { at = \"/error\"; "
	    "contains = [ \"slow\" ]; means = \"throttled\"; }, { at = "
	    "\"/error\"; } ); " SEND("[\\\"{ref}\\\"]"));
	judge(cases, ARRAY_LEN(cases));
	rig_close(&rig);
}

static void
test_outcomes_rows(void **state)
{
	static const struct judged cases[] = {
		{ 207, "{\"rows\":[{\"ok\":true,\"id\":4}]}", PUSH_ACCEPTED, "4",
		    -1 },
		{ 207, "{\"rows\":[{\"ok\":false,\"why\":\"bad\"}]}",
		    PUSH_REJECTED, "", -1 },
		{ 500, "", PUSH_AGAIN, "", -1 },
	};

	(void)state;
	rig_open(&rig, BASE, "send = { request = { method = \"POST\"; path = "
	    "\"s\"; json = \"[\\\"{ref}\\\"]\"; }; idempotent = true; "
	    "remote_id = [ \"/rows/0/id\" ]; results = ( { status = [ 207 ]; "
	    "at = \"/rows/0/ok\"; equals = [ \"true\" ]; means = "
	    "\"accepted\"; }, { status = [ 207 ]; means = \"rejected\"; "
	    "text = \"/rows/0/why\"; } ); };");
	judge(cases, ARRAY_LEN(cases));
	rig_close(&rig);
}

/* An empty list of errors says that there is none: the mail is out. */
static void
test_outcomes_no_errors(void **state)
{
	static const struct judged cases[] = {
		{ 200, "{\"id\":5,\"errors\":[]}", PUSH_ACCEPTED, "5", -1 },
		{ 200, "{\"id\":5,\"errors\":{}}", PUSH_ACCEPTED, "5", -1 },
		{ 200, "{\"id\":5,\"errors\":false}", PUSH_ACCEPTED, "5", -1 },
		{ 200, "{\"id\":5,\"errors\":[\"x\"]}", PUSH_REJECTED, "", -1 },
		{ 200, "{\"id\":5,\"errors\":0}", PUSH_REJECTED, "", -1 },
	};

	(void)state;
	rig_open(&rig, BASE, "send = { request = { method = \"POST\"; path = "
	    "\"s\"; json = \"[\\\"{ref}\\\"]\"; }; remote_id = [ \"/id\" ]; "
	    "results = ( { at = \"/errors\"; means = \"rejected\"; } ); };");
	judge(cases, ARRAY_LEN(cases));
	rig_close(&rig);
}

/* A session that the service repeats is a key, in a line of the profile too. */
static void
test_session_is_not_shown(void **state)
{
	static const struct sim_reply login = { .want = "POST /login HTTP",
		.body = "{\"sid\":\"s3ss/10n-k3y\"}" };
	static const struct { const char *body, *reason; } cases[] = {
		{ "{\"why\":\"bad s3ss/10n-k3y\"}", "HTTP 207, refused" },
		{ "{\"why\":\"bad s3ss\\/10n-k3y\"}", "HTTP 207, refused" },
		{ "{\"why\":\"bad s3ss%2F10n-k3y\"}", "HTTP 207, refused" },
		{ "{\"why\":\"bad day\"}", "HTTP 207, refused: bad day" } };
	struct simhttpd *server = simhttpd_start(&login, 1);
	const struct respondent r = rig_respondent();
	struct http_req req = { 0 };

	(void)state;
	rig_open(&rig, simhttpd_url(server), "auth = { style = \"login\"; header = "
	    "\"Authorization\"; value = \"{session.id}\"; login = { method = "
	    "\"POST\"; path = \"/login\"; json = \"{\\\"u\\\": "
	    "\\\"{user}\\\"}\"; }; values = ( { name = \"id\"; at = \"/sid\"; } ); };"
	    "send = { request = { method = \"POST\"; path = \"s\"; json = "
	    "\"[\\\"{ref}\\\"]\"; }; results = ( { status = [ 207 ]; means = "
	    "\"rejected\"; text = \"/why\"; } ); };");
	rig.now = r.send_at;
	if (!rest_survey.push_request(rig.self, &r, &req, &rig.err))
		fail_msg("%s", rig.err.msg);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const struct http_res res = { .phase = HTTP_COMPLETE,
			.status = 207, .body_sent = true,
			.body = cases[i].body, .body_len = strlen(cases[i].body),
			.date = NO_TIME, .retry_after_s = -1 };
		struct push_result got_one;
		assert_true(rest_survey.push_result(rig.self, &res, &got_one,
		    &rig.err));
		assert_string_equal(got_one.reason, cases[i].reason);
	}
	rig_close(&rig);
	simhttpd_stop(server);
}

/* ---- listings ------------------------------------------------------------------------ */
static struct {
	int n, scores[8], opted_out;
	char seen[512], mark[64];
} got;

static void
note(const char *text)
{
	const size_t len = strlen(got.seen);

	(void)snprintf(got.seen + len, sizeof(got.seen) - len, "%s;",
	    text == NULL ? "-" : text);
}

static bool
on_answer(void *arg, const struct survey_answer *a)
{
	(void)arg;
	got.scores[got.n++ % 8] = a->score;
	got.opted_out += a->opted_out;
	note(a->answer_id);
	note(a->ref);
	return true;
}

static bool
on_optout(void *arg, const char *email, const char *phone, time_t at)
{
	(void)arg;
	(void)at;
	got.n++;
	note(email != NULL ? email : phone);
	return true;
}

static bool
on_campaign(void *arg, const char *id, const char *name)
{
	(void)arg;
	got.n++;
	note(id);
	note(name);
	return true;
}

static bool
on_page(void *arg, const char *resume, const char *watermark)
{
	(void)arg;
	(void)resume;
	if (watermark != NULL)
		(void)snprintf(got.mark, sizeof(got.mark), "%.63s", watermark);
	return true;
}

static bool
on_first_page(void *arg, const char *resume, const char *watermark)
{
	(void)on_page(arg, resume, watermark);
	return false;
}

#define ROW(id, score, more) "{\"id\":" id ",\"campaign_id\":7749," \
	"\"survey_type\":\"nps\",\"score\":" score ",\"created_at\":1795500000," \
	"\"updated_at\":1795500000,\"person\":{\"email\":\"a@b.dk\"}" more "}"

/* L5: numbers and times as they come; a score of another scale or question. */
static void
test_answers(void **state)
{
	static const struct sim_reply script[] = {
		{ .want = "GET /v1/responses?", .body = "{\"data\":["
		    ROW("1", "9", ",\"properties\":{\"npsync_ref\":\"r-1\"}") ","
		    ROW("2", "\"10\"", "") "," ROW("3", "0.0", "") ","
		    ROW("4", "null", "") "," ROW("5", "11", "") ","
		    "{\"id\":6,\"campaign_id\":7749,\"survey_type\":\"stars\","
		    "\"score\":5,\"created_at\":1795500000,"
		    "\"updated_at\":1795500000,"
		    "\"person\":{\"unsubscribed\":true}}]}" },
		{ .want = "GET /v1/responses?", .body = "{\"data\":[]}" },
	};
	static const int scores[] = { 9, 10, 0, -1, -1, -1 };
	const struct pull pull = { .from = NO_TIME, .until = NO_TIME };

	(void)state;
	memset(&got, 0, sizeof(got));
	begin(NULL, script, ARRAY_LEN(script));
	if (!rest_survey.pull_answers(rig.self, &pull, on_answer, on_page, NULL,
	        &rig.err))
		fail_msg("%s", rig.err.msg);
	assert_int_equal(got.n, 6);
	assert_memory_equal(got.scores, scores, sizeof(scores));
	assert_string_equal(got.seen, "1;r-1;2;-;3;-;4;-;5;-;6;-;");
	assert_int_equal(got.opted_out, 1);
	assert_int_equal(rig.quarantined, 1);
	assert_non_null(strstr(rig.reason, "score"));
	assert_true(got.mark[0] != '\0');
	end();
}

/* Of another scale: counted, never a score. */
static void
test_other_scale(void **state)
{
	static const struct sim_reply script[] = {
		{ .body = "[" ROW("1", "5", "") "]" },
		{ .body = "[]" },
	};
	const struct pull pull = { .from = NO_TIME, .until = NO_TIME };

	(void)state;
	memset(&got, 0, sizeof(got));
	begin(SEND("[\\\"{ref}\\\"]") "answers = { read = { request = { path = "
	    "\"r\"; }; paging = { kind = \"page\"; }; }; score = [ \"/score\" ]; "
	    "score_max = 5; };", script, ARRAY_LEN(script));
	if (!rest_survey.pull_answers(rig.self, &pull, on_answer, on_page, NULL,
	        &rig.err))
		fail_msg("%s", rig.err.msg);
	assert_int_equal(got.scores[0], -1);
	assert_non_null(strstr(rest_survey.lacks(&rig.set, 0), "0 to 10"));
	/* L8: it lists no opt-outs, and that is told. */
	assert_non_null(strstr(rest_survey.lacks(&rig.set, 1), "opt-outs"));
	assert_false(rest_survey.pull_optouts(rig.self, &pull, on_optout,
	    on_page, NULL, &rig.err));
	assert_int_equal(rig.err.kind, ERR_DONE);
	end();
}

/* An opt-out counts even when its time cannot be read. */
static void
test_optouts(void **state)
{
	static const struct sim_reply script[] = {
		{ .want = "GET /v1/unsubscribes?", .body = "{\"data\":["
		    "{\"email\":\"a@b.dk\",\"unsubscribed_at\":1795500000},"
		    "{\"phone\":\"+451\",\"unsubscribed_at\":\"soon\"},"
		    "{\"unsubscribed_at\":1795500000}]}" },
		{ .want = "GET /v1/unsubscribes?", .body = "{\"data\":[]}" },
	};
	const struct pull pull = { .from = NO_TIME, .until = NO_TIME };

	(void)state;
	memset(&got, 0, sizeof(got));
	begin(NULL, script, ARRAY_LEN(script));
	if (!rest_survey.pull_optouts(rig.self, &pull, on_optout, on_page, NULL,
	        &rig.err))
		fail_msg("%s", rig.err.msg);
	assert_string_equal(got.seen, "a@b.dk;+451;");
	assert_true(rig.quarantined >= 1);
	end();
}

/* A listing in the order of its stamps: only its end may move the watermark,
 * since the core takes any mark of a survey service for the end. */
static void
test_sorted(void **state)
{
	static const struct sim_reply script = { .want = "page=1",
		.body = "[{\"id\":1,\"email\":\"a@b.dk\",\"changed\":"
		    "\"2026-11-24T10:00:00Z\"}]" };
	const struct pull pull = { .from = 0, .until = rig_time(
	    "2026-11-25T02:00:00Z"), .overlap_s = 900, .lag_s = 60 };

	(void)state;
	memset(&got, 0, sizeof(got));
	begin(SEND("[\\\"{ref}\\\"]") "optouts = { read = { request = { path = "
	    "\"r?s={since}\"; }; paging = { kind = \"page\"; }; stamp = [ "
	    "\"changed\" ]; sorted = true; }; email = [ \"email\" ]; };", &script,
	    1);
	assert_false(rest_survey.pull_optouts(rig.self, &pull, on_optout,
	    on_first_page, NULL, &rig.err));
	if (strcmp(got.seen, "a@b.dk;") != 0)
		fail_msg("%s", rig.err.msg);
	assert_string_equal(got.mark, "");
	end();
}

/* L6: a next page at another host is refused, and the key is not sent there. */
static void
test_foreign_link(void **state)
{
	static const struct sim_reply script[] = {
		{ .body = "{\"data\":[{\"id\":1,\"name\":\"a\"}],"
		    "\"next\":\"https://evil.example.com/v1/x\"}" },
	};

	(void)state;
	memset(&got, 0, sizeof(got));
	begin(SEND("[\\\"{ref}\\\"]") "campaigns = { read = { request = { path = "
	    "\"c\"; rows = [ \"/data\" ]; }; paging = { kind = \"next_link\"; "
	    "next = [ \"/next\" ]; }; }; };", script, 1);
	assert_false(rest_survey.list_campaigns(rig.self, on_campaign, NULL,
	    &rig.err));
	assert_int_equal(rig.err.kind, ERR_PROTOCOL);
	end();
}

/* ---- find_sent ------------------------------------------------------------------------- */
#define SENT(id, ref, at) "{\"id\":\"" id "\",\"campaign_id\":\"7749\"," \
	"\"email\":\"a@b.dk\",\"properties\":{\"npsync_ref\":\"" ref "\"}," \
	"\"created_at\":\"" at "\"}"
#define NEWER SENT("z", "other", "2026-11-24T23:00:00Z")
static void
test_find(void **state)
{
	static const struct {
		const char *rows, *then;
		enum find_answer answer;
	} cases[] = {
		{ SENT("s1", RIG_REF, "2026-11-24T20:00:00Z"), "", FIND_FOUND },
		/* Listed past our send, and it is not there. */
		{ NEWER, "", FIND_ABSENT },
		/* Not past it, or nothing at all. */
		{ SENT("a", "other", "2026-11-24T19:00:00Z"), "",
		    FIND_CANNOT_SAY },
		{ "", NULL, FIND_CANNOT_SAY },
		/* A row that nobody can read may be the one. */
		{ NEWER ",{\"id\":null,\"campaign_id\":\"1\",\"email\":\"x\","
		    "\"created_at\":\"2026-11-24T20:00:00Z\"}", "",
		    FIND_CANNOT_SAY },
		{ NEWER ",{\"id\":\"b\",\"campaign_id\":\"1\",\"email\":\"x\","
		    "\"created_at\":\"soon\"}", "", FIND_CANNOT_SAY },
		/* The person, in no campaign that is told. */
		{ NEWER ",{\"id\":\"c\",\"email\":\"A@b.dk\","
		    "\"campaign_id\":null,"
		    "\"created_at\":\"2026-11-24T20:00:00Z\"}", "",
		    FIND_CANNOT_SAY },
		/* The list moved while it was read. */
		{ NEWER "," SENT("y", "o", "2026-11-24T22:00:00Z"),
		    SENT("y", "o", "2026-11-24T22:00:00Z"), FIND_CANNOT_SAY },
	};
	const struct sent wanted = { .ref = RIG_REF, .campaign_id = "7749",
		.email = "a@b.dk", .created_at = rig_time("2026-11-24T20:00:00Z"),
		.mailed_at = NO_TIME };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		enum find_answer answer = FIND_ABSENT;
		struct push_result found = { .outcome = PUSH_UNKNOWN };
		char first[1024], second[1024];
		const struct sim_reply script[] = {
			{ .want = "GET /v1/surveys?since=", .body = first },
			{ .want = "GET /v1/surveys?since=", .body = second } };

		(void)snprintf(first, sizeof(first), "{\"data\":[%s]}",
		    cases[i].rows);
		(void)snprintf(second, sizeof(second), "{\"data\":[%s]}",
		    cases[i].then == NULL ? "" : cases[i].then);
		begin(NULL, script, cases[i].then == NULL ? 1 : 2);
		if (!rest_survey.find_sent(rig.self, &wanted, 1, &answer, &found,
		        &rig.err))
			fail_msg("case %zu: %s", i, rig.err.msg);
		if (answer != cases[i].answer)
			fail_msg("case %zu: %d", i, (int)answer);
		if (answer == FIND_FOUND)
			assert_string_equal(found.remote_id, "s1");
		end();
	}
}

/* A listing that must be told where to end. */
static void
test_find_until(void **state)
{
	static const struct sim_reply script = { .want = "&to=2026-11-25T02",
		.body = "[" SENT("s1", RIG_REF, "2026-11-24T20:00:00Z") "]" };
	const struct sent wanted = { .ref = RIG_REF, .campaign_id = "7749",
		.email = "a@b.dk", .created_at = rig_time("2026-11-24T20:00:00Z"),
		.mailed_at = NO_TIME };
	struct push_result found = { .outcome = PUSH_UNKNOWN };
	enum find_answer answer = FIND_ABSENT;

	(void)state;
	begin(SEND("[\\\"{ref}\\\"]") "sent = { read = { request = { path = "
	    "\"l?from={since}&to={until}\"; }; paging = { kind = \"none\"; }; "
	    "stamp = [ \"created_at\" ]; }; ref = [ \"/properties/npsync_ref\" ]; "
	    "campaign_id = [ \"campaign_id\" ]; email = [ \"email\" ]; "
	    "created_at = [ \"created_at\" ]; };", &script, 1);
	if (!rest_survey.find_sent(rig.self, &wanted, 1, &answer, &found,
	        &rig.err))
		fail_msg("%s", rig.err.msg);
	assert_int_equal(answer, FIND_FOUND);
	end();
}

/* ---- persons ---------------------------------------------------------------------------- */
static void
test_erase(void **state)
{
	static const struct {
		struct sim_reply script[3];
		size_t n;
		bool ok;
		enum put_outcome outcome;
	} cases[] = {
		{ { { .want = "GET /v1/people?email=a%40b.dk ", .body =
		    "{\"data\":[{\"id\":5,\"email\":\"A@b.dk\"}]}" },
		    { .want = "DELETE /v1/people/5 ", .status = 204 } }, 2, true,
		    PUT_DONE },
		{ { { .body = "{\"data\":[]}" } }, 1, true, PUT_UNCHANGED },
		/* Deleted before, the answer was lost. */
		{ { { .body = "{\"data\":[{\"id\":5,\"email\":\"a@b.dk\"}]}" },
		    { .want = "DELETE", .status = 404 } }, 2, true, PUT_DONE },
		{ { { .body = "{\"data\":[{\"id\":5,\"email\":\"a@b.dk\"}]}" },
		    { .want = "DELETE", .body = "{\"success\":false}" } }, 2,
		    false, PUT_UNCHANGED },
		{ { { .body = "{\"data\":[],\"ok\":false}" } }, 1, false,
		    PUT_UNCHANGED },
		/* It lists everybody: nobody is deleted. */
		{ { { .body = "{\"data\":[{\"id\":5,\"email\":\"a@b.dk\"},"
		    "{\"id\":6,\"email\":\"c@d.dk\"}]}" } }, 1, false,
		    PUT_UNCHANGED },
		{ { { .status = 404 } }, 1, false, PUT_UNCHANGED },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct put_result r = { .outcome = PUT_UNKNOWN };
		begin(NULL, cases[i].script, cases[i].n);
		const bool ok = rest_survey.erase(rig.self, "a@b.dk", NULL, &r,
		    &rig.err);
		if (ok != cases[i].ok || r.outcome != cases[i].outcome)
			fail_msg("case %zu: %d %d %s", i, ok, (int)r.outcome,
			    rig.err.msg);
		assert_null(strchr(rig.err.msg, '@'));
		end();
	}
}

#define BY_MAIL SEND("[\\\"{ref}\\\"]") "erase = { find = { path = " \
	"\"p?email={email?}\"; rows = [ \"\" ]; }; request = { method = " \
	"\"DELETE\"; path = \"p/{id}\"; }; };"
#define FIND_BY_PHONE SEND("[\\\"{ref}\\\"]") "erase = { find = { path = " \
	"\"p?phone={phone?}\"; rows = [ \"\" ]; }; request = { method = " \
	"\"DELETE\"; path = \"p/{id}\"; }; };"
/* A number is written as anybody likes; another one is somebody else's, and who
 * lists him too knows nothing of the parameter. */
static void
test_erase_by_number(void **state)
{
	static const struct {
		const char *listed;
		bool ok;
	} cases[] = {
		{ "[{\"id\":5,\"phone\":\"+45 12 34 56 78\"}]", true },
		{ "[{\"id\":5,\"phone\":\"+45 12 34 56 79\"}]", false },
		{ "[{\"id\":5,\"phone\":\"+45 12 34 56 7\"}]", false },
		{ "[{\"id\":5,\"phone\":\"+45 12 34 56 78 9\"}]", false },
		{ "[{\"id\":5,\"phone\":\"\"}]", false },
		{ "[{\"id\":6,\"phone\":\"+4512345670\"},"
		    "{\"id\":5,\"phone\":\"+4512345678\"}]", false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const struct sim_reply script[] = {
			{ .want = "/p?phone=%2B4512345678 ",
			    .body = cases[i].listed },
			{ .want = "/p/5 ", .status = 204 } };
		struct put_result r = { .outcome = PUT_UNKNOWN };
		begin(FIND_BY_PHONE, script, cases[i].ok ? 2 : 1);
		const bool ok = rest_survey.erase(rig.self, NULL, "+4512345678",
		    &r, &rig.err);
		if (ok != cases[i].ok ||
		    r.outcome != (ok ? PUT_DONE : PUT_UNCHANGED))
			fail_msg("case %zu: %d %d %s", i, ok, (int)r.outcome,
			    rig.err.msg);
		end();
	}
}

#define BY_PHONE SEND("[\\\"{ref}\\\"]") "erase = { request = { method = " \
	"\"DELETE\"; path = \"p?phone={phone?}\"; }; };"
/* By a key that the profile does not have: nobody is asked for, nobody deleted. */
static void
test_erase_by_other_key(void **state)
{
	static const struct {
		const char *profile, *email, *phone, *words;
	} cases[] = {
		{ BY_MAIL, NULL, "+4512345678", "nobody by number" },
		{ BY_PHONE, "a@b.dk", NULL, "nobody by mail address" },
		{ BY_PHONE, NULL, "+4512345678", NULL },
		{ BY_MAIL, "a@b.dk", "+4512345678", NULL },
	};
	static const struct sim_reply script = { .body = "[]" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct put_result r = { .outcome = PUT_UNKNOWN };
		const bool asks = cases[i].words == NULL;
		begin(cases[i].profile, &script, asks);
		const bool ok = rest_survey.erase(rig.self, cases[i].email,
		    cases[i].phone, &r, &rig.err);
		if (ok != asks || (!ok && (rig.err.kind != ERR_DONE ||
		    strstr(rig.err.msg, cases[i].words) == NULL)))
			fail_msg("case %zu: %d %s", i, ok, rig.err.msg);
		assert_int_equal(simhttpd_requests(sim), asks);
		end();
	}
}

/* 404 for a path that names nobody: a wrong path, nobody is gone. */
static void
test_gone_from_nowhere(void **state)
{
	static const struct sim_reply script = { .want = "POST /gdpr ",
		.status = 404 };
	struct put_result r = { .outcome = PUT_UNKNOWN };

	(void)state;
	begin(SEND("[\\\"{ref}\\\"]") "erase = { request = { method = "
	    "\"POST\"; path = \"gdpr\"; json = \"[\\\"{email}\\\"]\"; }; };",
	    &script, 1);
	assert_false(rest_survey.erase(rig.self, "a@b.dk", NULL, &r, &rig.err));
	assert_int_equal(rig.err.kind, ERR_PROTOCOL);
	assert_int_equal(r.outcome, PUT_UNCHANGED);
	end();
}

/* A key that the request leaves out would decline for nobody, or everybody. */
static void
test_do_not_contact_by_other_key(void **state)
{
	struct put_result r = { .outcome = PUT_UNKNOWN };

	(void)state;
	begin(SEND("[\\\"{ref}\\\"]") "do_not_contact = { request = { method = "
	    "\"POST\"; path = \"out\"; json = \"{\\\"mail\\\":\\\"{email?}\\\"}\"; "
	    "}; };", NULL, 0);
	assert_false(rest_survey.set_do_not_contact(rig.self, NULL, "+4512345678",
	    &r, &rig.err));
	assert_int_equal(rig.err.kind, ERR_DONE);
	assert_non_null(strstr(rig.err.msg, "by number"));
	assert_int_equal(r.outcome, PUT_UNCHANGED);
	assert_int_equal(simhttpd_requests(sim), 0);
	end();
}

static void
test_check_and_campaigns(void **state)
{
	static const struct sim_reply script[] = {
		{ .want = "GET /v1/account ", .body = "{}" },
		{ .want = "GET /v1/campaigns?", .body =
		    "{\"data\":[{\"id\":7749,\"name\":\"M\xc3\xb8" "de\"}]}" },
		{ .want = "GET /v1/campaigns?", .body = "{\"data\":[]}" },
		{ .want = "POST /v1/unsubscribes ", .status = 201,
		    .body = "{}" },
	};
	struct put_result r = { .outcome = PUT_UNKNOWN };

	(void)state;
	memset(&got, 0, sizeof(got));
	begin(NULL, script, ARRAY_LEN(script));
	if (!rest_survey.check(rig.self, &rig.err) ||
	    !rest_survey.list_campaigns(rig.self, on_campaign, NULL,
	        &rig.err) ||
	    !rest_survey.set_do_not_contact(rig.self, "a@b.dk", NULL, &r,
	        &rig.err))
		fail_msg("%s", rig.err.msg);
	assert_string_equal(got.seen, "7749;M\xc3\xb8" "de;");
	assert_string_equal(simhttpd_body(sim, 3), "{\"email\":\"a@b.dk\"}");
	assert_int_equal(r.outcome, PUT_DONE);
	end();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_request),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_schedules),
		cmocka_unit_test(test_outcomes),
		cmocka_unit_test(test_outcomes_all_night),
		cmocka_unit_test(test_outcomes_plain),
		cmocka_unit_test(test_outcomes_rows),
		cmocka_unit_test(test_outcomes_no_errors),
		cmocka_unit_test(test_session_is_not_shown),
		cmocka_unit_test(test_answers),
		cmocka_unit_test(test_other_scale),
		cmocka_unit_test(test_optouts),
		cmocka_unit_test(test_sorted),
		cmocka_unit_test(test_foreign_link),
		cmocka_unit_test(test_find),
		cmocka_unit_test(test_find_until),
		cmocka_unit_test(test_erase),
		cmocka_unit_test(test_erase_by_number),
		cmocka_unit_test(test_erase_by_other_key),
		cmocka_unit_test(test_gone_from_nowhere),
		cmocka_unit_test(test_do_not_contact_by_other_key),
		cmocka_unit_test(test_check_and_campaigns),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
