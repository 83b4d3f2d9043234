/*
 * The push of the AskNicely driver: exact bytes of the request, what each
 * answer means, the look-up of an unknown outcome, and deleting.  AN-1..AN-17
 * are the pitfalls of the service.
 */
#include "asknicely/rig.h"

#include "asknicely/replies.h"

#define JANE { .ref = "q-000123", .campaign_id = "Møde", \
	.email = "jane@example.com", .name = { .full = "Jane Doe", \
	    .first = "Jane", .last = "Doe" }, .send_at = RIG_NOW + 3270 }

/* ---- the request ----------------------------------------------------------- */

static void
assert_request(const char *conf, const struct respondent *r, const char *body)
{
	struct http_req req, again;
	struct rig rig;

	rig_open(&rig, RIG_BASE, conf, 5);
	if (!asknicely_survey.push_request(rig.self, r, &req, &rig.err))
		fail_msg("%s", rig.err.msg);
	assert_string_equal(req.method, "POST");
	assert_string_equal(req.url, RIG_BASE "/contact/trigger");
	assert_string_equal(req.headers[0][0], "Content-Type");
	assert_string_equal(req.headers[0][1],
	    "application/x-www-form-urlencoded");
	assert_string_equal(req.headers[1][0], "X-apikey");
	assert_string_equal(req.headers[1][1], RIG_KEY);
	assert_false(req.repeatable);
	assert_string_equal(req.body, body);
	assert_int_equal(req.body_len, strlen(body));
	assert_null(strstr(req.body, "triggeremail"));	/* AN-11 */
	assert_null(strstr(req.body, "thendeactivate"));
	/* The same row gives the same bytes. */
	assert_true(asknicely_survey.push_request(rig.self, r, &again,
	    &rig.err));
	assert_string_equal(again.body, body);
	rig_close(&rig);
}

static void
test_request_bytes(void **state)
{
	const struct respondent r = JANE;

	(void)state;
	assert_request("", &r, "email=jane%40example.com&firstname=Jane&"
	    "lastname=Doe&segment=Moede&delayminutes=55&"
	    "npsync_campaign_c=M%C3%B8de&npsync_ref_c=q-000123&"
	    "npsync_at_c=1795575270");
	assert_request("send = { addcontact = \"false\"; at_field = \"\"; "
	    "campaign_field = \"a_c\"; ref_field = \"b_c\"; };", &r,
	    "email=jane%40example.com&firstname=Jane&lastname=Doe&"
	    "segment=Moede&delayminutes=55&addcontact=false&"
	    "a_c=M%C3%B8de&b_c=q-000123");
}

/* A campaign without a segment, a person without a first name, no time. */
static void
test_request_smallest(void **state)
{
	const struct respondent r = { .ref = "r1", .campaign_id = "sale",
		.email = "a@b.dk", .name = { .full = "Bo" },
		.send_at = NO_TIME };

	(void)state;
	assert_request("", &r, "email=a%40b.dk&name=Bo&segment=sale&"
	    "delayminutes=0&npsync_campaign_c=sale&npsync_ref_c=r1&"
	    "npsync_at_c=1795572000");
}

static void
test_an9_form_encoding(void **state)
{
	static const char *const extra[][2] = { { "deal_c", "1+1=2 & 50%" },
		{ "none_c", NULL }, { NULL, NULL } };
	const struct respondent r = { .ref = "r1", .campaign_id = "sale",
		.email = "a+b@example.com", .name = { .first = "A&B=C",
		    .last = "æøå \"x\"\r\n" }, .extra = extra,
		.send_at = NO_TIME };

	(void)state;
	assert_request("send = { at_field = \"\"; };", &r,
	    "email=a%2Bb%40example.com&firstname=A%26B%3DC&"
	    "lastname=%C3%A6%C3%B8%C3%A5%20%22x%22%0D%0A&segment=sale&"
	    "delayminutes=0&npsync_campaign_c=sale&npsync_ref_c=r1&"
	    "deal_c=1%2B1%3D2%20%26%2050%25");
}

static void
test_an16_delay(void **state)
{
	static const struct { long ahead; const char *minutes; } cases[] = {
		{ -86400, "=0&" }, { -1, "=0&" }, { 0, "=0&" }, { 1, "=1&" },
		{ 60, "=1&" }, { 61, "=2&" }, { 86400, "=1440&" } };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct respondent r = JANE;
		struct http_req req;
		struct rig rig;

		r.send_at = RIG_NOW + cases[i].ahead;
		rig_open(&rig, RIG_BASE, "", 5);
		assert_true(asknicely_survey.push_request(rig.self, &r, &req,
		    &rig.err));
		const char *at = strstr(req.body, "delayminutes=");
		assert_non_null(at);
		assert_memory_equal(at + strlen("delayminutes"),
		    cases[i].minutes, strlen(cases[i].minutes));
		rig_close(&rig);
	}
}

/* An SMS is not kept: npsync waits for its hour, and asks nobody in the night. */
static void
test_an16_sms(void **state)
{
	static const char conf[] = "send = { phone_field = \"mobile\"; "
	    "at_field = \"\"; }; campaign = ( { id = \"Møde\"; }, "
	    "{ id = \"x\"; channel = \"sms\"; } );";
	struct respondent r = JANE;
	struct survey_connector copy = asknicely_survey;
	struct http_req req;
	struct rig rig;

	(void)state;
	r.campaign_id = "x";
	r.phone = "+4511223344";
	r.send_at = NO_TIME;
	assert_request(conf, &r, "email=jane%40example.com&firstname=Jane&"
	    "lastname=Doe&segment=x&mobile=%2B4511223344&"
	    "npsync_campaign_c=x&npsync_ref_c=q-000123");
	rig_open(&rig, RIG_BASE, conf, 5);
	asknicely_survey.narrow(&rig.set, &copy);
	assert_int_equal(copy.info.caps & SURVEY_CAP_SCHEDULES, 0);
	r.send_at = RIG_NOW + 3601;
	assert_false(asknicely_survey.push_request(rig.self, &r, &req,
	    &rig.err));
	assert_int_equal(rig.err.kind, ERR_CONFIG);
	assert_non_null(strstr(rig.err.msg, "not at send.at"));
	r.send_at = RIG_NOW + 3600;
	assert_true(asknicely_survey.push_request(rig.self, &r, &req,
	    &rig.err));
	r.phone = NULL;
	assert_false(asknicely_survey.push_request(rig.self, &r, &req,
	    &rig.err));
	assert_int_equal(rig.err.kind, ERR_REJECTED);
	rig_close(&rig);
}

/* ---- declined, or deactivated only ------------------------------------------- */

#define WHO(rest) "{\"success\":true,\"data\":{\"id\":\"15816\"," \
	"\"email\":\"jane@example.com\"," rest "}}"
static const struct {
	const char *name, *body;
	long status;
	enum push_outcome outcome;
} looks[] = {
	{ "unsubscribed", WHO("\"active\":\"0\",\"unsubscribetime\":"
	    "\"1452219376\""), 200, PUSH_OPTED_OUT },
	{ "unsubscribed, and active", WHO("\"active\":\"1\","
	    "\"unsubscribetime\":\"1452219376\""), 200, PUSH_OPTED_OUT },
	{ "deactivated", WHO("\"active\":\"0\",\"unsubscribetime\":null"), 200,
	    PUSH_SUPPRESSED },
	{ "another way to write it", "{\"success\":\"1\",\"data\":{\"email\":"
	    "\"Jane@Example.com\",\"active\":false,\"unsubscribetime\":\"\"}}",
	    200, PUSH_SUPPRESSED },
	{ "a time of zero", WHO("\"active\":0,\"unsubscribetime\":\"0\""), 200,
	    PUSH_SUPPRESSED },
	{ "active, and no time: the text says otherwise",
	    WHO("\"active\":\"1\",\"unsubscribetime\":null"), 200, PUSH_OPTED_OUT },
	{ "no time is told", WHO("\"active\":\"0\""), 200, PUSH_UNKNOWN },
	{ "an absurd time", WHO("\"active\":\"0\",\"unsubscribetime\":"
	    "\"145221937600\""), 200, PUSH_OPTED_OUT },
	{ "a time in words", WHO("\"active\":\"0\",\"unsubscribetime\":"
	    "\"never\""), 200, PUSH_OPTED_OUT },
	{ "a time that is a list", WHO("\"active\":\"0\",\"unsubscribetime\":"
	    "[]"), 200, PUSH_OPTED_OUT },
	{ "not told whether active", WHO("\"unsubscribetime\":null"), 200, PUSH_UNKNOWN },
	{ "active in words", WHO("\"active\":\"perhaps\",\"unsubscribetime\":"
	    "null"), 200, PUSH_UNKNOWN },
	{ "active is null", WHO("\"active\":null,\"unsubscribetime\":null"), 200,
	    PUSH_UNKNOWN },
	{ "somebody else", "{\"success\":true,\"data\":{\"email\":"
	    "\"joe@example.com\",\"active\":\"0\",\"unsubscribetime\":null}}",
	    200, PUSH_UNKNOWN },
	{ "nobody's address", "{\"success\":true,\"data\":{\"active\":\"0\","
	    "\"unsubscribetime\":null}}", 200, PUSH_UNKNOWN },
	{ "no success", "{\"success\":false,\"data\":{\"email\":"
	    "\"jane@example.com\",\"active\":\"0\",\"unsubscribetime\":null}}",
	    200, PUSH_UNKNOWN },
	{ "a list", "{\"success\":true,\"data\":[{\"email\":"
	    "\"jane@example.com\",\"active\":\"0\",\"unsubscribetime\":null}]}",
	    200, PUSH_UNKNOWN },
	{ "no contact, 200 and false", "{\"success\":false,\"msg\":\"not found\"}",
	    200, PUSH_UNKNOWN },
	{ "a page, 404", HTML, 404, PUSH_UNKNOWN },
	{ "no contact, 200", "{\"success\":true,\"data\":null}", 200, PUSH_UNKNOWN },
	{ "429", THROTTLED, 429, PUSH_UNKNOWN },
	{ "500, with the contact", WHO("\"active\":\"0\",\"unsubscribetime\":"
	    "null"), 500, PUSH_UNKNOWN },
	{ "401", NO_KEY, 401, PUSH_UNKNOWN },
	{ "a page", HTML, 200, PUSH_UNKNOWN },
	{ "nothing", "", 200, PUSH_UNKNOWN },
	{ "cut", "{\"success\":true,\"data\":{\"email\":", 200, PUSH_UNKNOWN },
};

/* A look that fails, or shows nothing, says of nobody that he declined for good:
 * a wrong lookup.path would say it of all. */
static void
test_an1_confirm(void **state)
{
	const struct respondent r = JANE;
	struct http_req req;
	struct rig rig;

	(void)state;
	rig_open(&rig, RIG_BASE, "", 5);
	assert_true(asknicely_survey.confirm_request(rig.self, &r, &req,
	    &rig.err));
	assert_string_equal(req.method, "GET");
	assert_string_equal(req.url, RIG_BASE
	    "/contact/get/jane%40example.com/email");
	assert_null(req.body);
	assert_string_equal(req.headers[0][0], "X-apikey");
	assert_string_equal(req.headers[0][1], RIG_KEY);
	assert_string_equal(req.headers[1][0], "Accept");
	assert_string_equal(req.headers[1][1], "application/json");
	assert_null(req.headers[2][0]);
	for (size_t i = 0; i < ARRAY_LEN(looks); i++) {
		const struct http_res res = { .phase = HTTP_COMPLETE,
			.status = looks[i].status, .body = looks[i].body,
			.body_len = strlen(looks[i].body),
			.content_type = "application/json",
			.retry_after_s = -1, .date = NO_TIME };
		struct push_result got;
		((struct asknicely *)rig.self)->looked = false;
		assert_true(asknicely_survey.confirm_result(rig.self, &r, &res,
		    &got, &rig.err));
		if (got.outcome != looks[i].outcome)
			fail_msg("%s: %d", looks[i].name, got.outcome);
		assert_true(got.outcome != PUSH_SUPPRESSED || strstr(got.reason,
		    "deactivated at the service") != NULL);
		assert_true(got.outcome != PUSH_UNKNOWN || strstr(got.reason,
		    "lookup.path") != NULL);
		assert_null(strchr(got.reason, '@'));
	}
	rig_close(&rig);
}

static enum push_outcome
look_of(struct rig *rig, long status, const char *body)
{
	const struct respondent r = JANE;
	const struct http_res res = { .phase = HTTP_COMPLETE, .status = status,
		.body = body, .body_len = strlen(body),
		.content_type = "application/json", .retry_after_s = -1,
		.date = NO_TIME };
	struct push_result got;

	assert_true(asknicely_survey.confirm_result(rig->self, &r, &res, &got,
	    &rig->err));
	return got.outcome;
}

/* Refused, and no such contact: perhaps erased, and not to be sent again each
 * night.  It counts once path and key are proven; the service's own word at once
 * where an administrator says so. */
static void
test_an1_confirm_of_nobody(void **state)
{
	static const char gone[] = "{\"success\":false,\"msg\":\"not found\"}";
	static const char none[] = "{\"success\":true,\"data\":null}";
	static const char both[] = "{\"success\":false,\"data\":{\"email\":"
	    "\"jane@example.com\",\"unsubscribetime\":\"1452219376\"}}";
	static const struct { const char *conf; enum push_outcome at_once; }
	    cases[] = { { "absent_means_nobody = true;", PUSH_SUPPRESSED },
		{ "", PUSH_UNKNOWN } };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		char conf[128];
		struct rig rig;
		(void)snprintf(conf, sizeof(conf), "lookup = { absent_status = "
		    "[ 404, 410 ]; %s };", cases[i].conf);
		rig_open(&rig, RIG_BASE, conf, 5);
		assert_int_equal(look_of(&rig, 404, gone), cases[i].at_once);
		assert_int_equal(look_of(&rig, 410, gone), cases[i].at_once);
		assert_int_equal(look_of(&rig, 404, ""), PUSH_UNKNOWN);
		assert_int_equal(look_of(&rig, 404, HTML), PUSH_UNKNOWN);
		assert_int_equal(look_of(&rig, 404, "{\"msg\":\"no\"}"), PUSH_UNKNOWN);
		assert_int_equal(look_of(&rig, 404, none), PUSH_UNKNOWN);
		assert_int_equal(look_of(&rig, 200, gone), PUSH_UNKNOWN);
		assert_int_equal(look_of(&rig, 200, none), PUSH_UNKNOWN);
		assert_int_equal(look_of(&rig, 200, WHO("\"active\":\"0\","
		    "\"unsubscribetime\":null")), PUSH_SUPPRESSED);
		assert_int_equal(look_of(&rig, 404, ""), PUSH_SUPPRESSED);
		assert_int_equal(look_of(&rig, 410, HTML), PUSH_SUPPRESSED);
		/* A 200 only where it is in the list: it may be about anything. */
		assert_int_equal(look_of(&rig, 200, gone), PUSH_UNKNOWN);
		assert_int_equal(look_of(&rig, 200, both), PUSH_UNKNOWN);
		assert_int_equal(look_of(&rig, 404, both), PUSH_UNKNOWN);
		assert_int_equal(look_of(&rig, 200, none), PUSH_UNKNOWN);
		assert_int_equal(look_of(&rig, 200, HTML), PUSH_UNKNOWN);
		assert_int_equal(look_of(&rig, 403, gone), PUSH_UNKNOWN);
		assert_int_equal(look_of(&rig, 500, gone), PUSH_UNKNOWN);
		rig_close(&rig);
	}
}

/* A 200 is judged by what stands in it, wherever 200 is in the list. */
static void
test_an1_confirm_of_200(void **state)
{
	struct rig rig;

	(void)state;
	rig_open(&rig, RIG_BASE, "lookup = { absent_status = [ 404, 200 ]; };", 5);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(look_of(&rig, 200, WHO("\"active\":\"0\","
		    "\"unsubscribetime\":\"1452219376\"")), PUSH_OPTED_OUT);
		assert_int_equal(look_of(&rig, 200, HTML), PUSH_UNKNOWN);
		assert_int_equal(look_of(&rig, 200, WHO("\"active\":\"0\","
		    "\"unsubscribetime\":null")), PUSH_SUPPRESSED);
	}
	rig_close(&rig);
}

/* A contact that a look for unknown sends showed proves path and key as well. */
static void
test_an1_confirm_after_find(void **state)
{
	static const struct { const char *body; enum push_outcome then; } cases[] = {
		{ CONTACT("1452219376", ""), PUSH_SUPPRESSED },
		{ "{\"success\":true,\"data\":{\"email\":\"jo@example.com\"}}",
		    PUSH_UNKNOWN } };
	const struct sent wanted = { .ref = RIG_REF, .campaign_id = "Møde",
		.email = "jane@example.com", .created_at = RIG_NOW - 3600 };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const struct sim_reply reply = { .body = cases[i].body };
		struct simhttpd *sim = simhttpd_start(&reply, 1);
		struct push_result found = { .outcome = PUSH_UNKNOWN };
		enum find_answer answer;
		struct rig rig;

		rig_open(&rig, simhttpd_url(sim), "", 5);
		assert_int_equal(look_of(&rig, 404, ""), PUSH_UNKNOWN);
		assert_true(asknicely_survey.find_sent(rig.self, &wanted, 1,
		    &answer, &found, &rig.err));
		assert_int_equal(look_of(&rig, 404, ""), cases[i].then);
		rig_done(&rig, sim, false);
	}
}

/* With false there is no second call: the core finds no function for it. */
static void
test_an1_confirm_is_an_option(void **state)
{
	static const struct { const char *conf; bool asks; } cases[] = {
		{ "", true }, { "send = { optout_confirm = true; };", true },
		{ "send = { optout_confirm = false; };", false } };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct survey_connector copy = asknicely_survey;
		struct rig rig;
		rig_settings(&rig, RIG_BASE, cases[i].conf);
		asknicely_survey.narrow(&rig.set, &copy);
		assert_int_equal(copy.confirm_request != NULL, cases[i].asks);
		assert_int_equal(copy.confirm_result != NULL, cases[i].asks);
		arena_free(rig.scratch);
		arena_free(rig.arena);
	}
}

static void
test_narrow(void **state)
{
	static const struct { const char *conf; bool keeps; } cases[] = {
		{ "", true }, { "send = { use_delay = false; };", false } };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct survey_connector copy = asknicely_survey;
		struct respondent r = JANE;
		struct http_req req;
		struct rig rig;

		rig_open(&rig, RIG_BASE, cases[i].conf, 5);
		asknicely_survey.narrow(&rig.set, &copy);
		assert_int_equal((copy.info.caps & SURVEY_CAP_SCHEDULES) != 0,
		    cases[i].keeps);
		r.send_at = RIG_NOW + 3601;
		assert_int_equal(asknicely_survey.push_request(rig.self, &r,
		    &req, &rig.err), cases[i].keeps);
		rig_close(&rig);
	}
}

/* Refused here: no call is made, and nobody is named. */
static void
test_request_refused(void **state)
{
	static const char *const bad[][4][2] = {
		{ { "triggeremail", "true" }, { NULL, NULL } },
		{ { "Deal_c", "x" }, { NULL, NULL } },
		{ { "npsync_ref_c", "x" }, { NULL, NULL } },
		{ { "a=b&c_c", "x" }, { NULL, NULL } } };
	struct respondent r = JANE;
	struct http_req req;
	struct rig rig;

	(void)state;
	rig_open(&rig, RIG_BASE, "", 5);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		r.extra = bad[i];
		assert_false(asknicely_survey.push_request(rig.self, &r, &req,
		    &rig.err));
		assert_int_equal(rig.err.kind, ERR_CONFIG);
	}
	r.extra = NULL;
	r.email = NULL;
	assert_false(asknicely_survey.push_request(rig.self, &r, &req,
	    &rig.err));
	assert_int_equal(rig.err.kind, ERR_REJECTED);
	r.email = "a@b.dk";
	r.campaign_id = NULL;
	assert_false(asknicely_survey.push_request(rig.self, &r, &req,
	    &rig.err));
	assert_int_equal(rig.err.kind, ERR_REJECTED);
	assert_null(strchr(rig.err.msg, '@'));
	rig_close(&rig);
}

/* ---- what an answer means ---------------------------------------------------- */

struct outcome_case {
	const char *name, *conf, *body;
	long status;
	enum push_outcome outcome;
	const char *remote_id, *reason;	/* a piece of it */
};

#define AT_ONCE "send = { use_delay = false; };"
static const struct outcome_case outcomes[] = {
	/* AN-2 */
	{ "AN-2", "", SENT, 200, PUSH_ACCEPTED, "15968", "" },
	{ "no id", "", "{\"result\":[{\"survey_sent\":\"1\"}]}", 200,
	    PUSH_ACCEPTED_NO_ID, "", "" },
	/* AN-1: none of the three starts the throttle. */
	{ "AN-1 rule", "", SUPPRESSED, 200, PUSH_SUPPRESSED, "",
	    "not sent by a contact rule" },
	{ "AN-1 declined", "", OPTED_OUT, 200, PUSH_OPTED_OUT, "",
	    "opted out or deactivated" },
	{ "AN-1 third text", AT_ONCE, NOT_SENT("No email address jane@example.com"),
	    200, PUSH_REJECTED, "", "not sent: No email address ***" },
	{ "AN-1 no text", AT_ONCE, "{\"result\":[{\"survey_sent\":\"0\"}]}", 200,
	    PUSH_REJECTED, "", "not sent" },
	{ "letter case", "", NOT_SENT("Has been DE-ACTIVATED or has "
	    "UN-SUBSCRIBED"), 200, PUSH_OPTED_OUT, "", "" },
	/* It may leave later: not refused, and not asked again. */
	{ "later", AT_ONCE, NOT_SENT("Survey scheduled"), 200, PUSH_UNKNOWN,
	    "", "not sent yet" },
	{ "in minutes", AT_ONCE, NOT_SENT("Will leave in 55 minutes"), 200,
	    PUSH_UNKNOWN, "", "not sent yet" },
	/* We asked for a delay: what the words mean is not known. */
	{ "AN-1 third text, with a delay", "", NOT_SENT("Accepted"), 200,
	    PUSH_UNKNOWN, "", "not sent, perhaps later: Accepted" },
	{ "no text, with a delay", "", "{\"result\":[{\"survey_sent\":\"0\"}]}",
	    200, PUSH_UNKNOWN, "", "perhaps later" },
	/* AN-17 */
	{ "AN-17", "", HTML, 200, PUSH_UNKNOWN, "", "without a result" },
	{ "empty body", "", "", 200, PUSH_UNKNOWN, "", "without a result" },
	{ "empty result", "", "{\"result\":[],\"success\":true}", 200,
	    PUSH_UNKNOWN, "", "" },
	{ "two results", "", "{\"result\":[{\"survey_sent\":true},"
	    "{\"survey_sent\":true}]}", 200, PUSH_UNKNOWN, "", "" },
	{ "result is no list", "", "{\"result\":{\"survey_sent\":true}}", 200,
	    PUSH_UNKNOWN, "", "" },
	{ "row is no object", "", "{\"result\":[7]}", 200, PUSH_UNKNOWN, "",
	    "" },
	{ "survey_sent is missing", "", "{\"result\":[{\"id\":\"1\"}]}", 200,
	    PUSH_UNKNOWN, "1", "without survey_sent" },
	{ "survey_sent is a word", "",
	    "{\"result\":[{\"survey_sent\":\"maybe\"}]}", 200, PUSH_UNKNOWN,
	    "", "" },
	{ "survey_sent is null", "", "{\"result\":[{\"survey_sent\":null}]}",
	    200, PUSH_UNKNOWN, "", "" },
	{ "array", "", "[]", 200, PUSH_UNKNOWN, "", "" },
	{ "a long id", "", "{\"result\":[{\"survey_sent\":true,\"id\":\""
	    "0123456789012345678901234567890123456789012345678901234567890123"
	    "\"}]}", 200, PUSH_ACCEPTED_NO_ID, "", "" },
	{ "created", "", SENT, 201, PUSH_ACCEPTED, "15968", "" },
	{ "400", "", "{\"success\":false,\"msg\":\"bad\"}", 400,
	    PUSH_REJECTED, "", "refused: bad" },
	{ "422 of who declined", "", "{\"success\":false,\"msg\":\"contact "
	    "de-activated or has un-subscribed\"}", 422, PUSH_OPTED_OUT, "",
	    "" },
	{ "404", "", "", 404, PUSH_REJECTED, "", "refused" },
	{ "401", "", NO_KEY, 401, PUSH_STOP, "", "Settings > API" },
	{ "403", "", "", 403, PUSH_STOP, "", "Settings > API" },
	{ "302", "", "", 302, PUSH_STOP, "", "base_url" },
	{ "500", "", "", 500, PUSH_UNKNOWN, "", "the service failed" },
	{ "503", "", SENT, 503, PUSH_UNKNOWN, "", "the service failed" },
	{ "408", "", "", 408, PUSH_UNKNOWN, "", "" },
	{ "409", "", "", 409, PUSH_UNKNOWN, "", "" },
	/* AN-6: which limit stands in front of the colon, for the log. */
	{ "AN-6", "", THROTTLED, 429, PUSH_AGAIN, "",
	    "HTTP 429, too many calls, limit req-10s: Rate limit hit" },
	{ "429 of another shape", "", "{\"type\":\"jane@example.com\"}", 429,
	    PUSH_AGAIN, "", "limit of the service" },
};

static void
test_outcomes(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(outcomes); i++) {
		const struct outcome_case *c = &outcomes[i];
		const struct http_res res = { .phase = HTTP_COMPLETE,
			.status = c->status, .body = c->body,
			.body_len = strlen(c->body), .body_sent = true,
			.retry_after_s = c->status == 429 ? 3 : -1 };
		struct push_result got;
		struct rig rig;

		rig_open(&rig, RIG_BASE, c->conf, 5);
		assert_true(asknicely_survey.push_result(rig.self, &res, &got,
		    &rig.err));
		if (got.outcome != c->outcome ||
		    strcmp(got.remote_id, c->remote_id) != 0 ||
		    strstr(got.reason, c->reason) == NULL ||
		    strchr(got.reason, '@') != NULL)
			fail_msg("%s: %d [%s] %s", c->name, got.outcome,
			    got.remote_id, got.reason);
		assert_int_equal(got.retry_after_s, c->status == 429 ? 3 : 0);
		rig_close(&rig);
	}
}

/* ---- the limits of the service --------------------------------------------- */

static int64_t fake_ms;
static int64_t
fake_now(void)
{
	return fake_ms;
}

static void
fake_sleep(int64_t ms)
{
	fake_ms += ms;
}

/* Never more than max of them within `within` milliseconds. */
static void
assert_window(const int64_t *at, int n, int max, int64_t within)
{
	for (int i = 0; i + max < n; i++)
		if (at[i + max] - at[i] < within)
			fail_msg("%d sends from %lld ms on within %lld ms",
			    max + 1, (long long)at[i],
			    (long long)(at[i + max] - at[i]));
}

static void
sent_reply(void *arg, const char *request, const char *body,
    struct sim_reply *reply)
{
	(void)arg;
	(void)request;
	(void)body;
	*reply = (struct sim_reply){ .body = SENT };
}

#define SENDS 1000
static void
rate_run(const char *conf)
{
	static int64_t at[SENDS];
	static const struct http_clock clock = { fake_now, fake_sleep };
	struct simhttpd *sim = simhttpd_start_handler(sent_reply, NULL);
	struct http_settings settings = http_defaults;
	const struct respondent r = JANE;
	struct http_req req;
	struct http_res res;
	struct http *http;
	struct rig rig;

	rig_open(&rig, simhttpd_url(sim), conf, 5);
	settings.clock = &clock;
	settings.rate_per_second = rig.set.rate_per_second;
	assert_true(http_open(&settings, NULL, &http, &rig.err));
	fake_ms = 1000000;
	for (int i = 0; i < SENDS; i++) {
		arena_reset(rig.scratch);
		assert_true(asknicely_survey.push_request(rig.self, &r, &req,
		    &rig.err));
		if (!http_do(http, &req, rig.scratch, &res, &rig.err))
			fail_msg("%d: %s", i, rig.err.msg);
		at[i] = fake_ms;
	}
	assert_window(at, SENDS, 500, 60000);
	assert_window(at, SENDS, 100, 10000);
	http_close(http);
	rig_close(&rig);
	simhttpd_stop(sim);
}

/* As it comes, and at the most that can be configured. */
static void
test_an7_rate(void **state)
{
	const struct opt *rate = asknicely_opts;

	(void)state;
	while (strcmp(rate->name, "rate_per_second") != 0)
		rate++;
	assert_true(rate->max <= 8);
	rate_run("");
	rate_run("rate_per_second = 8.0;");
}

/* ---- AN-10: unknown outcomes ------------------------------------------------ */

struct find_case {
	const char *name, *conf;
	struct sim_reply reply;
	enum find_answer answer;
	const char *remote_id;
	long age_s;		/* of the send; 0 = an hour */
	enum err_kind kind;	/* the look fails as a whole */
};

#define GET_JANE .want = "GET /contact/get/jane%40example.com/email HTTP/1.1"
static const struct find_case finds[] = {
	{ .name = "AN-10 mailed since", .reply = { GET_JANE,
	    .body = CONTACT("1795568400", "") }, .answer = FIND_FOUND,
	    .remote_id = "15816" },
	{ .name = "AN-10 clocks differ", .reply = { GET_JANE,
	    .body = CONTACT("1795568280", "") }, .answer = FIND_FOUND,
	    .remote_id = "15816" },
	{ .name = "AN-10 old, by a second", .reply = { GET_JANE,
	    .body = CONTACT("1795568279", "") }, .answer = FIND_CANNOT_SAY },
	{ .name = "AN-10 old, long ago", .reply = {
	    .body = CONTACT("1452219376", "") }, .answer = FIND_CANNOT_SAY,
	    .age_s = 30 * 86400L },
	{ .name = "AN-10 old while a delay runs", .conf =
	    "lookup = { absent_after_h = 48; };", .reply = {
	    .body = CONTACT("1452219376", "\"scheduled\":\"1\",") },
	    .answer = FIND_CANNOT_SAY, .age_s = 48 * 3600L - 1 },
	{ .name = "AN-10 old, and after every delay", .conf =
	    "lookup = { absent_after_h = 48; };", .reply = {
	    .body = CONTACT("1452219376", "") }, .answer = FIND_ABSENT,
	    .age_s = 48 * 3600L },
	{ .name = "never mailed", .conf = "lookup = { absent_after_h = 48; };",
	    .reply = { .body = CONTACT("", "") }, .answer = FIND_CANNOT_SAY,
	    .age_s = 49 * 3600L },
	{ .name = "scheduled", .conf = "lookup = { scheduled_means_sent = "
	    "true; };", .reply = { .body = CONTACT("1452219376",
	    "\"scheduled\":\"1795570000\",") }, .answer = FIND_FOUND,
	    .remote_id = "15816" },
	{ .name = "not scheduled", .conf = "lookup = { scheduled_means_sent = "
	    "true; };", .reply = { .body = CONTACT("1452219376",
	    "\"scheduled\":\"0\",") }, .answer = FIND_CANNOT_SAY },
	{ .name = "unreadable time", .conf = "lookup = { absent_after_h = 48; "
	    "};", .reply = { .body = CONTACT("soon", "") },
	    .answer = FIND_CANNOT_SAY, .age_s = 99 * 3600L },
	{ .name = "a time ahead", .reply = {
	    .body = CONTACT("14522193485", "") }, .answer = FIND_CANNOT_SAY },
	{ .name = "another's", .reply = { .body = "{\"success\":true,\"data\":"
	    "{\"id\":\"1\",\"email\":\"jo@example.com\",\"lastemailed\":"
	    "\"1795572000\"}}" }, .answer = FIND_CANNOT_SAY },
	{ .name = "nobody", .reply = { .status = 404 },
	    .answer = FIND_CANNOT_SAY, .age_s = 30 * 86400L },
	{ .name = "nobody, as a 200", .conf =
	    "lookup = { absent_after_h = 48; };", .reply = {
	    .body = "{\"success\":false,\"msg\":\"not found\"}" },
	    .answer = FIND_CANNOT_SAY, .age_s = 48 * 3600L },
	/* A proxy and a wrong path say so, too. */
	{ .name = "nobody, after long", .conf =
	    "lookup = { absent_after_h = 48; };", .reply = { .status = 404 },
	    .answer = FIND_CANNOT_SAY, .age_s = 48 * 3600L },
	{ .name = "refused for this one", .conf =
	    "lookup = { absent_after_h = 48; };", .reply = { .status = 400 },
	    .answer = FIND_CANNOT_SAY, .age_s = 48 * 3600L },
	{ .name = "no contact", .reply = { .body = "{\"success\":true}" },
	    .answer = FIND_CANNOT_SAY },
	{ .name = "a page", .reply = { .body = HTML },
	    .answer = FIND_CANNOT_SAY, .kind = ERR_PROTOCOL },
	{ .name = "a failure", .reply = { .status = 503 },
	    .answer = FIND_CANNOT_SAY, .kind = ERR_RETRY },
	{ .name = "no key", .reply = { .status = 401, .body = NO_KEY },
	    .answer = FIND_CANNOT_SAY, .kind = ERR_AUTH },
};

static void
find_run(const struct find_case *c)
{
	struct simhttpd *sim = simhttpd_start(&c->reply, 1);
	const struct sent wanted[] = { { .ref = RIG_REF, .campaign_id = "Møde",
		.email = "jane@example.com",
		.created_at = RIG_NOW - (c->age_s == 0 ? 3600 : c->age_s) },
		/* A witness, and who cannot be looked up: no request. */
		{ .ref = "w", .remote_id = "9", .email = "w@example.com",
		    .created_at = RIG_NOW }, { .ref = "x" } };
	enum find_answer answers[3];
	struct push_result found[3] = { { .outcome = PUSH_UNKNOWN } };
	struct rig rig;

	rig_open(&rig, simhttpd_url(sim), c->conf == NULL ? "" : c->conf, 5);
	const bool ok = asknicely_survey.find_sent(rig.self, wanted, 3,
	    answers, found, &rig.err);
	if (ok != (c->kind == ERR_NONE) || (!ok && rig.err.kind != c->kind) ||
	    answers[0] != c->answer || strcmp(found[0].remote_id,
	        c->remote_id == NULL ? "" : c->remote_id) != 0)
		fail_msg("%s: %d %d [%s] %s", c->name, ok, answers[0],
		    found[0].remote_id, rig.err.msg);
	if (answers[0] == FIND_FOUND)
		assert_int_equal(found[0].outcome, PUSH_ACCEPTED);
	assert_int_equal(answers[1], FIND_CANNOT_SAY);
	assert_int_equal(answers[2], FIND_CANNOT_SAY);
	assert_null(strstr(rig.err.msg, "example.com"));
	rig_done(&rig, sim, false);
}

static void
test_an10_find(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(finds); i++)
		find_run(&finds[i]);
}

/* What is wrong with one says nothing of the others; three in a row, or no key,
 * end the look, and what was found before counts. */
static void
find_five(const char *what, const struct sim_reply *script, size_t n,
    const enum find_answer *expected, bool ok)
{
	struct simhttpd *sim = simhttpd_start(script, n);
	struct sent wanted[5];
	struct push_result found[5] = { { .outcome = PUSH_UNKNOWN } };
	enum find_answer answers[5];
	struct rig rig;

	for (size_t i = 0; i < 5; i++)
		wanted[i] = (struct sent){ .ref = RIG_REF,
			.campaign_id = "Møde", .email = "jane@example.com",
			.created_at = RIG_NOW - 3600 };
	rig_open(&rig, simhttpd_url(sim), "", 5);
	if (asknicely_survey.find_sent(rig.self, wanted, 5, answers, found,
	        &rig.err) != ok)
		fail_msg("%s: %s", what, rig.err.msg);
	for (size_t i = 0; i < 5; i++)
		if (answers[i] != expected[i])
			fail_msg("%s: %zu is %d", what, i, (int)answers[i]);
	assert_int_equal(simhttpd_requests(sim), n);
	rig_done(&rig, sim, false);
}

static void
test_one_bad_contact(void **state)
{
	static const struct sim_reply one[] = { { .body = HTML },
		{ .body = CONTACT("1795568400", "") }, { .body = HTML },
		{ .body = HTML }, { .body = CONTACT("1795568400", "") } };
	static const struct sim_reply three[] = {
		{ .body = CONTACT("1795568400", "") }, { .body = HTML },
		{ .body = HTML }, { .body = HTML } };
	static const struct sim_reply key[] = {
		{ .body = CONTACT("1795568400", "") },
		{ .status = 401, .body = NO_KEY } };
	static const struct sim_reply none[] = { { .body = HTML },
		{ .body = HTML }, { .body = HTML } };
	enum find_answer expected[5] = { FIND_CANNOT_SAY, FIND_FOUND,
		FIND_CANNOT_SAY, FIND_CANNOT_SAY, FIND_FOUND };

	(void)state;
	find_five("one", one, ARRAY_LEN(one), expected, true);
	expected[0] = FIND_FOUND;
	expected[1] = expected[4] = FIND_CANNOT_SAY;
	find_five("three", three, ARRAY_LEN(three), expected, true);
	find_five("no key", key, ARRAY_LEN(key), expected, true);
	expected[0] = FIND_CANNOT_SAY;
	find_five("none", none, ARRAY_LEN(none), expected, false);
}

/* A time-out after the body: one POST, one look. */
static void
test_an10_timeout(void **state)
{
	static const struct sim_reply script[] = {
		{ .want = "POST /contact/trigger ", .mode = SIM_HANG },
		{ GET_JANE, .body = CONTACT("1795572000", "") } };
	struct simhttpd *sim = simhttpd_start(script, 2);
	const struct respondent r = JANE;
	const struct sent wanted = { .ref = r.ref, .email = r.email,
		.created_at = RIG_NOW };
	struct push_result found;
	enum find_answer answer;
	struct http_req req;
	struct http_res res;
	struct rig rig;

	(void)state;
	rig_open(&rig, simhttpd_url(sim), "", 1);
	assert_true(asknicely_survey.push_request(rig.self, &r, &req,
	    &rig.err));
	assert_false(http_do(rig.env.http, &req, rig.scratch, &res, &rig.err));
	assert_int_equal(http_classify(&res), HTTP_UNKNOWN);
	assert_true(asknicely_survey.find_sent(rig.self, &wanted, 1, &answer,
	    &found, &rig.err));
	assert_int_equal(answer, FIND_FOUND);
	assert_int_equal(simhttpd_requests(sim), 2);
	rig_done(&rig, sim, false);
}

/* AN-9: what stands in a path. */
static void
test_an9_lookup(void **state)
{
	static const struct sim_reply reply = { .status = 404, .want =
	    "GET /contact/get/a%2Bb%2F..%40example.com/email HTTP/1.1\r\n" };
	struct simhttpd *sim = simhttpd_start(&reply, 1);
	const struct sent wanted = { .email = "a+b/..@example.com",
		.created_at = RIG_NOW };
	struct push_result found;
	enum find_answer answer;
	struct rig rig;

	(void)state;
	rig_open(&rig, simhttpd_url(sim), "", 5);
	assert_true(asknicely_survey.find_sent(rig.self, &wanted, 1, &answer,
	    &found, &rig.err));
	assert_int_equal(answer, FIND_CANNOT_SAY);
	rig_done(&rig, sim, false);
}

/* ---- erase ------------------------------------------------------------------- */

#define ON "erase = { enabled = true; };"
static const struct erase_case {
	const char *name, *conf, *email, *phone;
	struct sim_reply reply;
	size_t n;
	enum err_kind kind;	/* ERR_NONE = done */
} erases[] = {
	{ "one", ON, "jane@example.com", NULL, { .want =
	    "POST /privacy/remove HTTP/1.1\r\n", .body =
	    "{\"success\":true,\"msg\":\"contact removed\"}" }, 1, ERR_NONE },
	{ "switched off", "", "jane@example.com", NULL, { 0 }, 0, ERR_DONE },
	{ "by number", ON, NULL, "+4511223344", { 0 }, 0, ERR_DONE },
	{ "not done", ON, "jane@example.com", NULL, { .body =
	    "{\"success\":false,\"msg\":\"no jane@example.com\"}" }, 1,
	    ERR_PROTOCOL },
	{ "a page", ON, "jane@example.com", NULL, { .body = HTML }, 1,
	    ERR_PROTOCOL },
	{ "empty", ON, "jane@example.com", NULL, { .body = "" }, 1,
	    ERR_PROTOCOL },
	{ "refused", ON, "jane@example.com", NULL, { .status = 403 }, 1,
	    ERR_AUTH },
	{ "redirected", ON, "jane@example.com", NULL, { .status = 307,
	    .headers = "Location: /x\r\n" }, 1, ERR_CONFIG },
};

static void
test_erase(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(erases); i++) {
		const struct erase_case *c = &erases[i];
		struct simhttpd *sim = simhttpd_start(&c->reply, c->n);
		struct put_result result = { .outcome = PUT_UNKNOWN };
		struct rig rig;

		rig_open(&rig, simhttpd_url(sim), c->conf, 5);
		const bool ok = asknicely_survey.erase(rig.self, c->email,
		    c->phone, &result, &rig.err);
		if (ok != (c->kind == ERR_NONE) ||
		    (!ok && rig.err.kind != c->kind) || result.outcome !=
		    (ok ? PUT_DONE : PUT_UNCHANGED) ||
		    strchr(rig.err.msg, '@') != NULL)
			fail_msg("%s: %d %s", c->name, ok, rig.err.msg);
		if (ok)
			assert_string_equal(simhttpd_body(sim, 0), "{\""
			    "skipnotify\":1,\"contacts\":["
			    "\"jane@example.com\"]}");
		rig_done(&rig, sim, true);
	}
}

/* ---- open, check, campaigns ---------------------------------------------------- */

static void
test_settings(void **state)
{
	static const char *const bad[][2] = {
		{ "campaign = ( );", "campaign: expected a list" },
		{ "campaign = ( { id = \"a\"; }, { id = \"a\"; } );",
		    "an id of its own" },
		{ "send = { ref_field = \"npsync_campaign_c\"; };",
		    "three different" },
		{ "send = { ref_field = \"triggeremail\"; };",
		    "send.ref_field" },
		{ "send = { phone_field = \"thendeactivate\"; };",
		    "send.phone_field" },
		{ "send = { phone_field = \"a&triggeremail\"; };",
		    "send.phone_field" },
		/* AN-12: reads by name that change contacts. */
		{ "check = { path = \"/contact/remove/1\"; };",
		    "only reads" },
		{ "lookup = { path = \"/contact/remove/{email}\"; };",
		    "only reads" },
		{ "lookup = { path = \"/contact/get/me\"; };", "{email}" },
		{ "unsubscribes = { path = \"/contacts/deactivateall\"; };",
		    "only reads" },
		{ "responses = { path = \"/responses/{page}\"; };",
		    "{page} and {since}" },
		{ "responses = { path = \"/responses/{page}/{since}/{x}\"; };",
		    "responses.path" },
		{ "responses = { initial_since = \"yesterday\"; };",
		    "initial_since" },
		{ "lookup = { absent_after_h = 47; };", "at least 48" },
		{ "read_rate_per_second = 0.001;", "read_rate_per_second" },
		/* AN-01: these say nothing of one contact. */
		{ "lookup = { absent_status = [ 302 ]; };", "absent_status" },
		{ "lookup = { absent_status = [ 404, 201 ]; };", "absent_status" },
		{ "lookup = { absent_status = [ 401 ]; };", "absent_status" },
		{ "lookup = { absent_status = [ 403 ]; };", "absent_status" },
		{ "lookup = { absent_status = [ 408 ]; };", "absent_status" },
		{ "lookup = { absent_status = [ 423 ]; };", "absent_status" },
		{ "lookup = { absent_status = [ 425 ]; };", "absent_status" },
		{ "lookup = { absent_status = [ 404, 429 ]; };",
		    "absent_status" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct rig rig;

		rig_settings(&rig, RIG_BASE, bad[i][0]);
		if (asknicely_survey.open(&rig.env, &rig.self, &rig.err) ||
		    rig.err.kind != ERR_CONFIG ||
		    strstr(rig.err.msg, bad[i][1]) == NULL)
			fail_msg("%s: %s", bad[i][0], rig.err.msg);
		rig_close(&rig);
	}
}

static void
test_check(void **state)
{
	static const struct sim_reply script[] = {
		{ .want = "GET /contacts/unsubscribed?pagenumber=1&pagesize=1 ",
		    .body = "{\"success\":true,\"data\":[]}" },
		{ .status = 401, .body = NO_KEY },
		{ .body = "{\"success\":false,\"msg\":\"ask jo@example.com\"}" },
		{ .body = HTML } };
	static const char *const words[] = { NULL, "Settings > API",
		"expected \"success\": true, got: ask ***", "" };
	struct simhttpd *sim = simhttpd_start(script, ARRAY_LEN(script));
	struct rig rig;

	(void)state;
	rig_open(&rig, simhttpd_url(sim), "", 5);
	for (size_t i = 0; i < ARRAY_LEN(script); i++) {
		const bool ok = asknicely_survey.check(rig.self, &rig.err);
		assert_int_equal(ok, words[i] == NULL);
		if (!ok && strstr(rig.err.msg, words[i]) == NULL)
			fail_msg("%zu: %s", i, rig.err.msg);
	}
	rig_done(&rig, sim, false);
}

static bool
on_campaign(void *arg, const char *id, const char *name)
{
	char *seen = arg;
	const size_t len = strlen(seen);

	(void)snprintf(seen + len, 64 - len, "%s=%s;", id, name);
	return true;
}

static void
test_campaigns(void **state)
{
	char seen[64] = "";
	struct rig rig;

	(void)state;
	rig_open(&rig, RIG_BASE, "", 5);
	assert_true(asknicely_survey.list_campaigns(rig.self, on_campaign,
	    seen, &rig.err));
	assert_string_equal(seen, "Møde=Møde;sale=Salg;");
	rig_close(&rig);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_request_bytes),
		cmocka_unit_test(test_request_smallest),
		cmocka_unit_test(test_an9_form_encoding),
		cmocka_unit_test(test_an16_delay),
		cmocka_unit_test(test_an16_sms),
		cmocka_unit_test(test_an1_confirm),
		cmocka_unit_test(test_an1_confirm_of_nobody),
		cmocka_unit_test(test_an1_confirm_of_200),
		cmocka_unit_test(test_an1_confirm_after_find),
		cmocka_unit_test(test_an1_confirm_is_an_option),
		cmocka_unit_test(test_narrow),
		cmocka_unit_test(test_request_refused),
		cmocka_unit_test(test_outcomes),
		cmocka_unit_test(test_an7_rate),
		cmocka_unit_test(test_an10_find),
		cmocka_unit_test(test_one_bad_contact),
		cmocka_unit_test(test_an10_timeout),
		cmocka_unit_test(test_an9_lookup),
		cmocka_unit_test(test_erase),
		cmocka_unit_test(test_settings),
		cmocka_unit_test(test_check),
		cmocka_unit_test(test_campaigns),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
