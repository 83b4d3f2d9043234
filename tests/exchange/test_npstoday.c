/*
 * The push of the NPS.Today driver: exact bytes of the request, and what each
 * answer means.  Numbers P1..P22 are the pitfalls of the contract.  Those that
 * belong to the core are proven elsewhere: P2 and P3 (http), P6, P7's "exactly
 * one more", P19 (stages); here stands the driver's part of P7.
 */
#include "npstoday/rig.h"

#include <stdlib.h>
#include <unistd.h>

#include "json.h"
#include "simhttpd.h"

#define BASE "https://api.nps.today"

static const char *
header(const struct http_req *req, const char *name)
{
	for (size_t i = 0; req->headers[i][0] != NULL; i++)
		if (strcmp(req->headers[i][0], name) == 0)
			return req->headers[i][1];
	return NULL;
}

static void
push(struct rig *rig, const struct respondent *r, struct http_req *req)
{
	if (!npstoday_survey.push_request(rig->self, r, req, &rig->err))
		fail_msg("%s", rig->err.msg);
	assert_int_equal(strlen(req->body), req->body_len);
}

static void
assert_body(const char *conf, const struct respondent *r, const char *body)
{
	struct http_req req;
	struct rig rig;

	rig_open(&rig, BASE, conf);
	push(&rig, r, &req);
	assert_string_equal(req.body, body);
	rig_close(&rig);
}

/* ---- the request ----------------------------------------------------- */

static void
test_request_bytes(void **state)
{
	struct respondent r = rig_respondent();
	struct http_req req, again;
	struct rig rig;

	(void)state;
	rig_open(&rig, BASE, "");
	push(&rig, &r, &req);
	assert_string_equal(req.method, "POST");
	assert_string_equal(req.url,
	    "https://api.nps.today/campaigns/7749/respondent");
	assert_string_equal(header(&req, "Content-Type"), "application/json");
	assert_string_equal(header(&req, "Accept"), "application/json");
	assert_string_equal(header(&req, "Authorization"), "apikey " RIG_KEY);
	assert_false(req.repeatable);
	assert_string_equal(req.body,
	    "{\"respondent\":{\"emailAddress\":\"john@example.com\","
	    "\"firstName\":\"John\",\"lastName\":\"Doe\","
	    "\"department\":\"Salg\",\"country\":\"DK\","
	    "\"externalId\":\"crm:9001\","
	    "\"company\":{\"name\":\"Acme \\\"INC.\\\"\","
	    "\"accountNo\":\"77\"},"
	    "\"sendEmailAt\":\"2026-11-23 08:00:00\"},"
	    "\"employee\":{\"email\":\"jph@vendor.dk\","
	    "\"firstName\":\"Jens Peter\",\"lastName\":\"Hansen\","
	    "\"externalId\":\"e5\"},"
	    "\"guid\":\"" RIG_REF "\","
	    "\"custom\":{\"npsync_ref\":\"" RIG_REF "\"}}");
	/* P5: the same row gives the same bytes, however often. */
	push(&rig, &r, &again);
	assert_int_equal(again.body_len, req.body_len);
	assert_memory_equal(again.body, req.body, req.body_len);
	rig_close(&rig);
}

static void
test_request_smallest(void **state)
{
	const struct respondent r = { .ref = "r1", .campaign_id = "5000",
		.email = "a@b.dk", .send_at = NO_TIME };

	(void)state;
	assert_body("send = { guid = false; };", &r,
	    "{\"respondent\":{\"emailAddress\":\"a@b.dk\"},"
	    "\"custom\":{\"npsync_ref\":\"r1\"}}");
}

/* What the service knows people by, and what may be left out. */
static void
test_request_options(void **state)
{
	struct respondent r = { .ref = "r1", .campaign_id = "5000",
		.email = "a@b.dk", .contact_id = "crm:1",
		.name = { .full = "Åse Marie Lund" },
		.employee = { .email = "e@v.dk", .name = "Bo" },
		.send_at = 1795420800 };

	(void)state;
	assert_body("send = { external_id = \"ref\"; set_active = true; "
		    "with_employee = false; guid = false; "
		    "send_at = { field = \"\"; }; };", &r,
	    "{\"respondent\":{\"emailAddress\":\"a@b.dk\","
	    "\"firstName\":\"Åse Marie\",\"lastName\":\"Lund\","
	    "\"active\":true,\"externalId\":\"r1\"},"
	    "\"custom\":{\"npsync_ref\":\"r1\"}}");
	assert_body("send = { external_id = \"none\"; guid = false; "
		    "send_at = { field = \"sendAt\"; format = \"%d.%m.%Y "
		    "%I:%M %p\"; zone = \"Europe/Copenhagen\"; }; };", &r,
	    "{\"respondent\":{\"emailAddress\":\"a@b.dk\","
	    "\"firstName\":\"Åse Marie\",\"lastName\":\"Lund\"},"
	    "\"employee\":{\"email\":\"e@v.dk\",\"firstName\":\"Bo\"},"
	    "\"custom\":{\"npsync_ref\":\"r1\"},"
	    "\"sendAt\":\"23.11.2026 09:00 AM\"}");
	r.employee.email = NULL;	/* a name alone is nobody there */
	assert_body("send = { external_id = \"none\"; guid = false; "
		    "send_at = { field = \"\"; }; };", &r,
	    "{\"respondent\":{\"emailAddress\":\"a@b.dk\","
	    "\"firstName\":\"Åse Marie\",\"lastName\":\"Lund\"},"
	    "\"custom\":{\"npsync_ref\":\"r1\"}}");
}

/* One way to reach a person; an SMS takes no sending time by default. */
static void
test_request_sms(void **state)
{
	const struct respondent r = { .ref = "r1", .campaign_id = "5000",
		.email = "a@b.dk", .phone = "+4511223344",
		.send_at = 1795420800 };

	(void)state;
	assert_body("send = { guid = false; }; "
		    "campaign = ( { id = 5000; channel = \"sms\"; } );", &r,
	    "{\"respondent\":{\"phoneNumber\":\"+4511223344\"},"
	    "\"custom\":{\"npsync_ref\":\"r1\"}}");
	assert_body("send = { guid = false; "
		    "send_at = { sms_field = \"respondent.sendSmsAt\"; }; }; "
		    "campaign = ( { id = 5000; channel = \"sms\"; } );", &r,
	    "{\"respondent\":{\"phoneNumber\":\"+4511223344\","
	    "\"sendSmsAt\":\"2026-11-23 08:00:00\"},"
	    "\"custom\":{\"npsync_ref\":\"r1\"}}");
}

/* A time to come and no member to put it in: nobody is asked in the night. */
static void
test_request_no_time(void **state)
{
	static const struct {
		const char *conf, *campaign, *send_at, *words;
	} cases[] = {
		{ "", "7749", "2026-11-25T08:00:00Z", NULL },
		{ "", "5000", "2026-11-25T08:00:00Z",
		    "campaign 5000: send.send_at.sms_field is empty" },
		{ "", "5000", "2026-11-25T03:00:00Z", NULL },
		{ "", "5000", "2026-11-25T03:00:01Z", "sms_field" },
		{ "", "5000", "2026-11-24T08:00:00Z", NULL },
		{ "send = { send_at = { field = \"\"; }; };", "7749",
		    "2026-11-25T08:00:00Z", "send.send_at.field is empty" },
		{ "send = { send_at = { sms_field = \"at\"; }; };", "5000",
		    "2026-11-25T08:00:00Z", NULL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const struct respondent r = { .ref = "r1",
			.campaign_id = cases[i].campaign, .email = "a@b.dk",
			.phone = "+4511223344",
			.send_at = rig_time(cases[i].send_at) };
		struct http_req req;
		char conf[200];
		struct rig rig;

		snprintf(conf, sizeof(conf), "campaign = ( { id = 5000; "
		    "channel = \"sms\"; } ); %s", cases[i].conf);
		rig_open(&rig, BASE, conf);
		const bool ok = npstoday_survey.push_request(rig.self, &r,
		    &req, &rig.err);
		if (ok != (cases[i].words == NULL))
			fail_msg("%zu: %s", i, rig.err.msg);
		if (!ok) {
			assert_int_equal(rig.err.kind, ERR_CONFIG);
			assert_non_null(strstr(rig.err.msg, cases[i].words));
		}
		rig_close(&rig);
	}
}

/* P18: refused here, no call made. */
static void
test_request_refused(void **state)
{
	static const struct {
		struct respondent r;
		const char *words;
	} cases[] = {
		{ { .ref = "r", .campaign_id = "1", .phone = "+45" },
		    "no address" },
		{ { .ref = "r", .campaign_id = "1", .email = "" },
		    "no address" },
		{ { .ref = "r", .campaign_id = "2", .email = "a@b.dk" },
		    "no phone number" },
		{ { .ref = "r", .email = "a@b.dk" }, "no campaign" },
	};
	struct http_req req;
	struct rig rig;

	(void)state;
	rig_open(&rig, BASE, "campaign = ( { id = 2; channel = \"sms\"; } );");
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		assert_false(npstoday_survey.push_request(rig.self,
		    &cases[i].r, &req, &rig.err));
		assert_int_equal(rig.err.kind, ERR_REJECTED);
		assert_non_null(strstr(rig.err.msg, cases[i].words));
		assert_null(strchr(rig.err.msg, '@'));
	}
	rig_close(&rig);
}

/* P4: quotes, backslash, newline and æøå come back as they went. */
static void
test_custom_roundtrip(void **state)
{
	static const char odd[] = "a \"b\" \\ c\n\t\x01 æøå";
	static const char *const extra[][2] = { { "Felt", odd },
		{ "empty", NULL }, { "npsync_ref", "stolen" },
		{ NULL, NULL } };
	static const char *const forms[] = { "object", "string" };
	struct respondent r = rig_respondent();
	char conf[80];

	(void)state;
	r.extra = extra;
	for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
		struct json_doc *doc, *inner = NULL;
		struct http_req req;
		struct rig rig;

		snprintf(conf, sizeof(conf), "send = { custom_as = \"%s\"; };",
		    forms[i]);
		rig_open(&rig, BASE, conf);
		push(&rig, &r, &req);
		assert_true(json_parse(req.body, req.body_len, &doc,
		    &rig.err));
		json_t *custom = json_at(json_root(doc), "custom");
		if (i == 1) {
			assert_true(json_is_string(custom));
			assert_true(json_parse(json_string_value(custom),
			    json_string_length(custom), &inner, &rig.err));
			custom = json_root(inner);
		}
		assert_int_equal(json_object_size(custom), 2);
		assert_string_equal(json_string_value(
		    json_at(custom, "npsync_ref")), RIG_REF);
		assert_string_equal(json_string_value(
		    json_at(custom, "Felt")), odd);
		json_free(inner);
		json_free(doc);
		rig_close(&rig);
	}
}

/* P20: 08:00 in Copenhagen on both days of the change. */
static void
test_summer_time(void **state)
{
	static const struct {
		const char *at, *text;
	} cases[] = {
		{ "2026-03-28T08:00:00", "2026-03-28 07:00:00" },
		{ "2026-03-29T08:00:00", "2026-03-29 06:00:00" },
		{ "2026-10-25T08:00:00", "2026-10-25 07:00:00" },
		{ "2026-10-24T08:00:00", "2026-10-24 06:00:00" },
	};
	struct respondent r = rig_respondent();
	struct http_req req;
	struct rig rig;

	(void)state;
	rig_open(&rig, BASE, "");
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		char want[64];

		assert_true(clock_parse_iso(cases[i].at, "Europe/Copenhagen",
		    &r.send_at));
		snprintf(want, sizeof(want), "\"sendEmailAt\":\"%s\"",
		    cases[i].text);
		push(&rig, &r, &req);
		assert_non_null(strstr(req.body, want));
	}
	rig_close(&rig);
}

/* P1: the three forms, byte for byte. */
static void
test_auth_forms(void **state)
{
	static const struct {
		const char *conf, *name, *value;
	} cases[] = {
		{ "auth = { style = \"raw\"; };", "Authorization", RIG_KEY },
		{ "", "Authorization", "apikey " RIG_KEY },
		{ "auth = { style = \"prefix\"; prefix = \"Bearer \"; "
		  "header = \"X-Key\"; };", "X-Key", "Bearer " RIG_KEY },
		/* printf %s 'ApiKey:k-0123456789abcdef' | base64 */
		{ "auth = { style = \"basic\"; };", "Authorization",
		    "Basic QXBpS2V5OmstMDEyMzQ1Njc4OWFiY2RlZg==" },
		{ "auth = { style = \"basic\"; user = \"ab\"; };",
		    "Authorization",
		    "Basic YWI6ay0wMTIzNDU2Nzg5YWJjZGVm" },
	};
	struct respondent r = rig_respondent();

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct http_req req;
		struct rig rig;

		rig_open(&rig, BASE, cases[i].conf);
		push(&rig, &r, &req);
		assert_string_equal(header(&req, cases[i].name),
		    cases[i].value);
		rig_close(&rig);
	}
}

/* On the wire, through the engine that stages use. */
static void
test_wire(void **state)
{
	static const struct sim_reply script[] = {
		{ .want = "Authorization: apikey " RIG_KEY "\r\n",
		    .status = 201, .headers = "Content-Type: "
		    "application/json\r\n", .body = "{\"id\":42}" },
	};
	struct simhttpd *sim = simhttpd_start(script, ARRAY_LEN(script));
	struct respondent r = rig_respondent();
	struct push_result result;
	struct http_req req;
	struct http_res res;
	struct rig rig;

	(void)state;
	assert_non_null(sim);
	rig_open_http(&rig, simhttpd_url(sim), "");
	push(&rig, &r, &req);
	assert_true(http_do(rig.http, &req, rig.scratch, &res, &rig.err));
	assert_true(npstoday_survey.push_result(rig.self, &res, &result,
	    &rig.err));
	assert_int_equal(result.outcome, PUSH_ACCEPTED);
	assert_string_equal(result.remote_id, "42");
	const char *seen = simhttpd_request(sim, 0);
	static const char line[] = "POST /campaigns/7749/respondent "
				   "HTTP/1.1\r\n";
	assert_memory_equal(seen, line, strlen(line));
	assert_non_null(strstr(seen, "Content-Type: application/json\r\n"));
	assert_null(strcasestr(seen, "\r\nExpect:"));
	assert_string_equal(simhttpd_body(sim, 0), req.body);
	assert_null(simhttpd_problem(sim, true));
	rig_close(&rig);
	simhttpd_stop(sim);
}

/* ---- templates ------------------------------------------------------- */

static void
template_write(char path[64], const char *text)
{
	snprintf(path, 64, "/tmp/npsync-template-XXXXXX");
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

static void
test_template_file(void **state)
{
	static const char text[] =
	    "{ \"to\": [ \"${contact.email}\", \"${contact.phone}\" ],\n"
	    "  \"none\": [ \"${contact.language}\" ], \"kept\": {},\n"
	    "  \"n\": \"${campaign.id}\", \"f\": 1.5, \"t\": true,\n"
	    "  \"x\": null, \"why\": \"${trigger}\",\n"
	    "  \"own\": \"${extra.Region}\", \"lost\": \"${extra.No}\",\n"
	    "  \"a\": { \"b\": { \"c\": \"${company.segment}\" } },\n"
	    "  \"price\": \"5 $\" }";
	static const char *const extra[][2] = { { "Region", "Øst" },
		{ NULL, NULL } };
	struct respondent r = { .ref = "r", .campaign_id = "7749",
		.email = "a@b.dk", .trigger = "sale", .extra = extra,
		.send_at = 1795420800 };
	char path[64], conf[160];

	(void)state;
	template_write(path, text);
	snprintf(conf, sizeof(conf), "send = { template_file = \"%s\"; "
	    "send_at = { field = \"kept.at\"; format = \"unix\"; }; };", path);
	assert_body(conf, &r, "{\"to\":[\"a@b.dk\"],"
	    "\"kept\":{\"at\":\"1795420800\"},\"n\":7749,\"f\":1.5,"
	    "\"t\":true,\"x\":null,\"why\":\"sale\",\"own\":\"Øst\","
	    "\"price\":\"5 $\"}");
	unlink(path);
}

/* An object of empty holes still carries the sending time: without it the
 * service would mail at once. */
static void
test_template_send_at(void **state)
{
	struct respondent r = { .ref = "r", .campaign_id = "7749",
		.email = "a@b.dk", .send_at = 1795420800 };
	char path[64], conf[160];

	(void)state;
	template_write(path, "{ \"to\": \"${contact.email}\", \"plan\": "
	    "{ \"when\": { \"region\": \"${extra.Region}\" } } }");
	snprintf(conf, sizeof(conf), "send = { template_file = \"%s\"; "
	    "send_at = { field = \"plan.when.at\"; format = \"unix\"; }; };",
	    path);
	assert_body(conf, &r, "{\"to\":\"a@b.dk\","
	    "\"plan\":{\"when\":{\"at\":\"1795420800\"}}}");
	r.send_at = NO_TIME;
	assert_body(conf, &r, "{\"to\":\"a@b.dk\"}");
	unlink(path);
}

static void
test_template_bad(void **state)
{
	static const struct {
		const char *text, *words;
	} cases[] = {
		{ "{ \"a\": \"${contact.mail}\", \"respondent\": {} }",
		    "contact.mail" },
		{ "{ \"respondent\": { \"a\": \"Hi ${contact.email}\" } }",
		    "whole text" },
		{ "[ 1 ]", "expected an object" },
		{ "{ \"a\": ", "template_file" },
		{ "{ \"a\": 1 }", "sendEmailAt" },
		{ "{ \"respondent\": { \"sendEmailAt\": \"x\" } }",
		    "sendEmailAt" },
	};
	char path[64], conf[120];
	struct rig rig;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		template_write(path, cases[i].text);
		snprintf(conf, sizeof(conf),
		    "send = { template_file = \"%s\"; };", path);
		rig_settings(&rig, BASE, conf);
		assert_false(npstoday_survey.open(&rig.env, &rig.self,
		    &rig.err));
		assert_int_equal(rig.err.kind, ERR_CONFIG);
		if (strstr(rig.err.msg, cases[i].words) == NULL)
			fail_msg("%zu: %s", i, rig.err.msg);
		rig_close(&rig);
		unlink(path);
	}
	rig_settings(&rig, BASE,
	    "send = { template_file = \"/nonexistent/t.json\"; };");
	assert_false(npstoday_survey.open(&rig.env, &rig.self, &rig.err));
	assert_int_equal(rig.err.kind, ERR_CONFIG);
	rig_close(&rig);
}

static void
test_open_refuses(void **state)
{
	static const struct {
		const char *conf, *key, *words;
	} cases[] = {
		{ "", "", "api_key" },
		{ "", "two\nlines", "api_key" },
		{ "send = { send_at = { format = \"%Q\"; }; };", "k",
		    "send.send_at.format" },
		{ "send = { send_at = { zone = \"Mars/Base\"; }; };", "k",
		    "send.send_at.zone" },
		{ "responses = { initial_since = \"soon\"; };", "k",
		    "responses.initial_since" },
		{ "members = { since_format = \"\"; };", "k",
		    "members.since_format" },
	};
	struct rig rig;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		rig_settings(&rig, BASE, cases[i].conf);
		rig.set.api_key = cases[i].key;
		assert_false(npstoday_survey.open(&rig.env, &rig.self,
		    &rig.err));
		assert_int_equal(rig.err.kind, ERR_CONFIG);
		assert_non_null(strstr(rig.err.msg, cases[i].words));
		assert_null(strstr(rig.err.msg, "lines"));
		rig_close(&rig);
	}
}

/* ---- what answers mean ----------------------------------------------- */

struct result_case {
	const char *conf;
	long status;
	const char *type, *body;
	long retry_after_s;
	enum push_outcome outcome;
	const char *remote_id;
	long wait_s;
};
#define JSON "application/json"
#define IDEMPOTENT "send = { guid_is_idempotent = true; retry_5xx = true; };"

static const struct result_case results[] = {
	{ "", 200, JSON, "{\"id\":88}", -1, PUSH_ACCEPTED, "88", 0 },
	{ "", 201, JSON, "{\"Id\":\"a-1\"}", -1, PUSH_ACCEPTED, "a-1", 0 },
	{ "", 201, JSON, "{\"campaignMemberId\":1450001}", -1, PUSH_ACCEPTED,
	    "1450001", 0 },
	{ "", 202, JSON, "{\"ok\":true}", -1, PUSH_ACCEPTED_NO_ID, "", 0 },
	{ "", 200, JSON, "{\"id\":{\"a\":1}}", -1, PUSH_ACCEPTED_NO_ID, "",
	    0 },
	{ "", 200, JSON, "{\"id\":\"0123456789012345678901234567890123456789"
	    "012345678901234567890123\"}", -1, PUSH_ACCEPTED_NO_ID, "", 0 },
	/* P21 */
	{ "", 200, NULL, "", -1, PUSH_ACCEPTED_NO_ID, "", 0 },
	{ "", 204, NULL, "", -1, PUSH_ACCEPTED_NO_ID, "", 0 },
	{ "", 200, "text/html; charset=utf-8", "<html>log in</html>", -1,
	    PUSH_UNKNOWN, "", 0 },
	{ "", 200, JSON, " \n<!doctype html>", -1, PUSH_UNKNOWN, "", 0 },
	{ "", 200, "text/html", "", -1, PUSH_ACCEPTED_NO_ID, "", 0 },
	{ "", 200, "text/plain", "OK", -1, PUSH_ACCEPTED_NO_ID, "", 0 },
	{ "send = { html_is_uncertain = false; };", 200, "text/html",
	    "<html>", -1, PUSH_ACCEPTED_NO_ID, "", 0 },
	{ "", 409, JSON, "{\"id\":7}", -1, PUSH_DUPLICATE, "7", 0 },
	{ "", 409, NULL, "", -1, PUSH_DUPLICATE, "", 0 },
	{ "send = { duplicate_status = [ 0 ]; };", 409, NULL, "", -1,
	    PUSH_UNKNOWN, "", 0 },
	{ "send = { duplicate_status = [ 208, 422 ]; };", 422, NULL, "", -1,
	    PUSH_DUPLICATE, "", 0 },
	{ "send = { duplicate_status = [ 500 ]; };", 500, NULL, "", -1,
	    PUSH_DUPLICATE, "", 0 },
	{ "send = { suppressed_status = [ 503 ]; };", 503, NULL, "", -1,
	    PUSH_SUPPRESSED, "", 0 },
	{ "send = { duplicate_status = [ 401 ]; };", 401, NULL, "", -1,
	    PUSH_STOP, "", 0 },
	{ "send = { duplicate_match = [ \"already in\" ]; };", 500, JSON,
	    "{\"Message\":\"Already in campaign\"}", -1, PUSH_UNKNOWN, "",
	    0 },
	{ "send = { duplicate_match = [ \"already in\" ]; };", 400, JSON,
	    "{\"Message\":\"Already in campaign\"}", -1, PUSH_DUPLICATE, "",
	    0 },
	{ "send = { suppressed_match = [ \"throttled\" ]; };", 200, JSON,
	    "{\"id\":3,\"additionStatus\":\"Throttled\"}", -1,
	    PUSH_SUPPRESSED, "3", 0 },
	{ "send = { suppressed_status = [ 451 ]; };", 451, NULL, "", -1,
	    PUSH_SUPPRESSED, "", 0 },
	{ "send = { opted_out_match = [ \"unsubscribed\" ]; };", 403, JSON,
	    "{\"title\":\"unsubscribed\"}", -1, PUSH_OPTED_OUT, "", 0 },
	{ "", 400, JSON, "{}", -1, PUSH_REJECTED, "", 0 },
	{ "", 404, NULL, "", -1, PUSH_REJECTED, "", 0 },
	{ "", 422, NULL, "", -1, PUSH_REJECTED, "", 0 },
	{ "", 401, NULL, "", -1, PUSH_STOP, "", 0 },
	{ "", 403, NULL, "", -1, PUSH_STOP, "", 0 },
	{ "", 301, NULL, "", -1, PUSH_STOP, "", 0 },
	{ "", 307, NULL, "", -1, PUSH_STOP, "", 0 },
	{ "", 429, NULL, "", 2, PUSH_AGAIN, "", 2 },
	{ "", 429, NULL, "", -1, PUSH_AGAIN, "", 0 },
	{ "", 425, NULL, "", 60, PUSH_AGAIN, "", 60 },
	/* P7, the driver's part */
	{ "", 500, JSON, "{}", -1, PUSH_UNKNOWN, "", 0 },
	{ "", 502, NULL, "", -1, PUSH_UNKNOWN, "", 0 },
	{ "", 503, NULL, "", 5, PUSH_UNKNOWN, "", 0 },
	{ "", 504, NULL, "", -1, PUSH_UNKNOWN, "", 0 },
	{ "", 520, NULL, "", -1, PUSH_UNKNOWN, "", 0 },
	{ "", 408, NULL, "", -1, PUSH_UNKNOWN, "", 0 },
	{ "", 418, NULL, "", -1, PUSH_UNKNOWN, "", 0 },
	{ "", 100, NULL, "", -1, PUSH_UNKNOWN, "", 0 },
	{ IDEMPOTENT, 500, NULL, "", -1, PUSH_AGAIN, "", 0 },
	{ IDEMPOTENT, 503, NULL, "", 7, PUSH_AGAIN, "", 7 },
	{ IDEMPOTENT, 408, NULL, "", -1, PUSH_AGAIN, "", 0 },
	{ "send = { retry_5xx = true; };", 500, NULL, "", -1, PUSH_UNKNOWN,
	    "", 0 },
	{ "send = { guid_is_idempotent = true; };", 500, NULL, "", -1,
	    PUSH_UNKNOWN, "", 0 },
	{ "send = { guid_is_idempotent = true; retry_5xx = true; "
	  "guid = false; };", 500, NULL, "", -1, PUSH_UNKNOWN, "", 0 },
	{ "send = { ok = \"200, 201\"; };", 202, NULL, "", -1, PUSH_UNKNOWN,
	    "", 0 },
	{ "send = { ok = \"200, 20X\"; };", 202, NULL, "", -1,
	    PUSH_ACCEPTED_NO_ID, "", 0 },
};

static struct http_res
response(long status, const char *type, const char *body)
{
	return (struct http_res){ .phase = HTTP_COMPLETE, .status = status,
		.body_sent = true, .content_type = type, .body = body,
		.body_len = strlen(body), .retry_after_s = -1,
		.date = NO_TIME };
}

static void
test_results(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(results); i++) {
		const struct result_case *c = &results[i];
		struct http_res res = response(c->status, c->type, c->body);
		struct push_result result, again;
		struct rig rig;

		res.retry_after_s = c->retry_after_s;
		rig_open(&rig, BASE, c->conf);
		assert_true(npstoday_survey.push_result(rig.self, &res,
		    &result, &rig.err));
		if (result.outcome != c->outcome ||
		    result.retry_after_s != c->wait_s ||
		    strcmp(result.remote_id, c->remote_id) != 0)
			fail_msg("%zu: HTTP %ld %s: outcome %d wait %ld "
			    "id \"%s\"", i, c->status, c->body,
			    (int)result.outcome, result.retry_after_s,
			    result.remote_id);
		if (c->outcome > PUSH_ACCEPTED_NO_ID)
			assert_string_not_equal(result.reason, "");
		assert_true(npstoday_survey.push_result(rig.self, &res,
		    &again, &rig.err));
		assert_memory_equal(&again, &result, sizeof(result));
		rig_close(&rig);
	}
}

/* 408 while our upload was still going on: nothing can be stored. */
static void
test_result_408_early(void **state)
{
	struct http_res res = response(408, NULL, "");
	struct push_result result;
	struct rig rig;

	(void)state;
	res.body_sent = false;
	rig_open(&rig, BASE, "");
	assert_true(npstoday_survey.push_result(rig.self, &res, &result,
	    &rig.err));
	assert_int_equal(result.outcome, PUSH_AGAIN);
	rig_close(&rig);
}

/* P5, second half: two sends answered with one id are both accepted. */
static void
test_result_same_id(void **state)
{
	const struct http_res res = response(201, JSON, "{\"id\":88}");
	struct push_result first, second;
	struct rig rig;

	(void)state;
	rig_open(&rig, BASE, "");
	assert_true(npstoday_survey.push_result(rig.self, &res, &first,
	    &rig.err));
	assert_true(npstoday_survey.push_result(rig.self, &res, &second,
	    &rig.err));
	assert_int_equal(first.outcome, PUSH_ACCEPTED);
	assert_int_equal(second.outcome, PUSH_ACCEPTED);
	assert_string_equal(second.remote_id, "88");
	rig_close(&rig);
}

/* P22: nothing personal in a reason, however the service words it. */
static void
test_reasons(void **state)
{
	static const struct {
		const char *conf, *body, *reason;
	} cases[] = {
		{ "", "{\"Message\":\"john.doe+x@example.com is invalid\"}",
		    "HTTP 400, answered: {\"Message\":\"*** is invalid\"}" },
		{ "", "bad number +4598765432, campaign 7749",
		    "HTTP 400, answered: bad number ***, campaign 7749" },
		{ "", "a\r\nb\tc", "HTTP 400, answered: a  b c" },
		{ "", "M\xc3\xb8" "de \xff", "HTTP 400, answered: M\xc3\xb8"
		    "de \\xff" },
		{ "", "", "HTTP 400, answered" },
		{ "", "<html>john@example.com", "HTTP 400, answered" },
		{ "log_error_bytes = 0;", "secret", "HTTP 400, answered" },
		{ "log_error_bytes = 3;", "secret", "HTTP 400, answered: sec" },
		/* Cut in an address: its first half is no less personal. */
		{ "log_error_bytes = 8;", "to john.doe@example.com",
		    "HTTP 400, answered: to ***" },
		{ "", "?to=john%40example.com x",
		    "HTTP 400, answered: *** x" },
		{ "", "\"john\\u0040example.com\"",
		    "HTTP 400, answered: \"***\"" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct http_res res = response(400, NULL, cases[i].body);
		struct push_result result;
		struct rig rig;

		rig_open(&rig, BASE, cases[i].conf);
		assert_true(npstoday_survey.push_result(rig.self, &res,
		    &result, &rig.err));
		assert_string_equal(result.reason, cases[i].reason);
		rig_close(&rig);
	}
}

/* The body goes on behind what is looked at: of the last word only a part is
 * known. */
static void
test_reason_cut(void **state)
{
	struct push_result result;
	char body[600];
	struct rig rig;

	(void)state;
	memset(body, 'a', sizeof(body));
	body[499] = '@';
	memcpy(body + 500, " xx john.doe.of.acme@example.com", 33);
	rig_open(&rig, BASE, "");
	struct http_res res = response(400, NULL, body);
	assert_true(npstoday_survey.push_result(rig.self, &res, &result,
	    &rig.err));
	assert_string_equal(result.reason, "HTTP 400, answered: *** xx ***");
	rig_close(&rig);
}

static void
test_reason_long(void **state)
{
	char body[2000];
	struct push_result result;
	struct rig rig;

	(void)state;
	rig_open(&rig, BASE, "");
	/* Every offset: a letter of two bytes may not be halved. */
	for (size_t pad = 0; pad < 4; pad++) {
		memset(body, ' ', sizeof(body));
		for (size_t i = pad; i + 3 < sizeof(body); i += 3)
			memcpy(body + i, "\xc3\xa6,", 3);
		body[sizeof(body) - 1] = '\0';
		struct http_res res = response(400, NULL, body);
		assert_true(npstoday_survey.push_result(rig.self, &res,
		    &result, &rig.err));
		size_t len = strlen(result.reason);
		assert_in_range(len, 120, sizeof(result.reason) - 1);
		assert_int_not_equal((unsigned char)result.reason[len - 1],
		    0xc3);
	}
	rig_close(&rig);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_request_bytes),
		cmocka_unit_test(test_request_smallest),
		cmocka_unit_test(test_request_options),
		cmocka_unit_test(test_request_sms),
		cmocka_unit_test(test_request_no_time),
		cmocka_unit_test(test_request_refused),
		cmocka_unit_test(test_custom_roundtrip),
		cmocka_unit_test(test_summer_time),
		cmocka_unit_test(test_auth_forms),
		cmocka_unit_test(test_wire),
		cmocka_unit_test(test_template_file),
		cmocka_unit_test(test_template_send_at),
		cmocka_unit_test(test_template_bad),
		cmocka_unit_test(test_open_refuses),
		cmocka_unit_test(test_results),
		cmocka_unit_test(test_result_408_early),
		cmocka_unit_test(test_result_same_id),
		cmocka_unit_test(test_reasons),
		cmocka_unit_test(test_reason_cut),
		cmocka_unit_test(test_reason_long),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
