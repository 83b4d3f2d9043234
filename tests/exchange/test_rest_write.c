/*
 * What a profile writes beside a card's tags, over HTTP: tag objects found or
 * made, fields, answers, posts and tasks; and a tag write driven by the core.
 */
#include "rest/writerig.h"

#include "connect.h"
#include "simhttpd.h"
#include "tag_write.h"

#define TAG9 "NPSToday.Meet.9"
#define TAGS "tags = { style = \"list\"; at = [ \"/ids\" ]; ids = true; " \
	"read = { path = \"c/{contact_id}\"; }; " \
	"write = { method = \"PUT\"; path = \"c/{contact_id}\"; json = " \
	"\"{\\\"ids\\\":\\\"{tag_ids:list}\\\"}\"; }; " \
	"names = { read = { request = { path = \"names\"; }; id = [ \"/id\" ]; " \
	"paging = { kind = \"page\"; size = 2; }; }; }; "
#define CREATE "create = { method = \"POST\"; path = \"names\"; json = " \
	"\"{\\\"name\\\":\\\"{tag}\\\"}\"; }; "
#define PAGE(n, text) { .want = "GET /names?page=" n, .body = text }
#define MADE { .want = "POST /names ", .status = 201, \
	.body = "{\"id\":77,\"name\":\"" TAG9 "\"}" }

static struct simhttpd *sim;
static struct rig rig;

static void
begin(const char *profile, const struct sim_reply *script, size_t n)
{
	sim = simhttpd_start(script, n);
	assert_non_null(sim);
	rig_open_http(&rig, simhttpd_url(sim), profile);
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

/* ---- tag objects ---------------------------------------------------------------- */
static void
test_ensure(void **state)
{
	static const struct {
		struct sim_reply script[8];
		size_t n;
		bool no_create;
		const char *id, *words;	/* words: it ends with an error */
	} cases[] = {
		/* There, on the second page, spelled with combining letters. */
		{ { PAGE("1", "[{\"id\":1,\"name\":\"a\"},{\"id\":2,\"name\":\"b\"}]"),
		    PAGE("2", "[{\"id\":3,\"name\":\"" TAG9 "\"}]") }, 2, false,
		    "3", NULL },
		/* Two of one name, made by two runs once. */
		{ { PAGE("1", "[{\"id\":12,\"name\":\"" TAG9 "\"},"
			"{\"id\":4,\"name\":\"" TAG9 "\"}]"),
		    PAGE("2", "[]") }, 2, false, "4", NULL },
		{ { PAGE("1", "[]"), MADE }, 2, false, "77", NULL },
		/* The reply is lost: made, or not. */
		{ { PAGE("1", "[]"), { .want = "POST", .mode = SIM_CLOSE },
		    PAGE("1", "[{\"id\":5,\"name\":\"" TAG9 "\"}]"),
		    PAGE("2", "[]") }, 4, false,
		    "5", NULL },
		{ { PAGE("1", "[]"), { .want = "POST", .mode = SIM_CLOSE },
		    PAGE("1", "[]") }, 3, false, NULL, "could not be made" },
		/* Somebody was faster. */
		{ { PAGE("1", "[]"), { .want = "POST", .status = 409 },
		    PAGE("1", "[{\"id\":6,\"name\":\"" TAG9 "\"}]"),
		    PAGE("2", "[]") }, 4, false,
		    "6", NULL },
		/* An answer without its id. */
		{ { PAGE("1", "[]"), { .want = "POST", .status = 204 },
		    PAGE("1", "[{\"id\":8,\"name\":\"" TAG9 "\"}]"),
		    PAGE("2", "[]") }, 4, false,
		    "8", NULL },
		{ { PAGE("1", "[]"), { .want = "POST", .status = 204 },
		    PAGE("1", "[]") }, 3, false, NULL, "neither the answer" },
		/* May not: one line, nothing is tried again. */
		{ { PAGE("1", "[]"), { .want = "POST", .status = 403 } }, 2,
		    false, NULL, "make it by hand" },
		{ { PAGE("1", "[]") }, 1, true, NULL, "tags.create is not" },
		{ { { .want = "GET /names", .status = 500, .repeat = 1 } }, 1, false, NULL,
		    "500" },
	};
	static const char *const tags[] = { TAG9 };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		begin(cases[i].no_create ? TAGS "};" : TAGS CREATE "};",
		    cases[i].script, cases[i].n);
		const bool ok = rest_ensure_tags(&rig.c, tags, 1, &rig.err);
		if (ok != (cases[i].words == NULL))
			fail_msg("case %zu: %s", i, rig.err.msg);
		if (!ok && strstr(rig.err.msg, cases[i].words) == NULL)
			fail_msg("case %zu: %s", i, rig.err.msg);
		const struct tag_name *found = ok
		    ? tag_names_find(&rig.c.writer->names, TAG9) : NULL;
		if (ok && (found == NULL ||
		    strcmp(found->id.text, cases[i].id) != 0))
			fail_msg("case %zu: %s", i,
			    found == NULL ? "not there" : found->id.text);
		end();
	}
}

/* A tag missing later in the run: the list is read again before it is made. */
static void
test_ensure_later(void **state)
{
	static const struct sim_reply script[] = {
		PAGE("1", "[]"),
		PAGE("1", "[{\"id\":9,\"name\":\"NPSToday.Ma\xcc\x8a"
		    "de.9\"}]"),
		PAGE("2", "[]"),
	};
	static const char *const tags[] = { "NPSToday.M\xc3\xa5"
		"de.9" };

	(void)state;
	begin(TAGS CREATE "};", script, ARRAY_LEN(script));
	assert_true(rest_ensure_tags(&rig.c, NULL, 0, &rig.err));
	if (!rest_ensure_tags(&rig.c, tags, 1, &rig.err))
		fail_msg("%s", rig.err.msg);
	end();
}

/* ---- fields, answers, posts, tasks ------------------------------------------------ */
#define PUTS "fields = { request = { method = \"PATCH\"; " \
	"path = \"c/{contact_id}\"; json = \"{\\\"f\\\":\\\"{fields:object}\\\"}\"; " \
	"}; numbers = [ \"score\" ]; }; " \
	"answer = { request = { method = \"PUT\"; path = \"answers/{ref}\"; " \
	"json = \"{\\\"c\\\":\\\"{contact_id}\\\",\\\"s\\\":" \
	"\\\"{field.score:number}\\\",\\\"t\\\":\\\"{text?}\\\",\\\"at\\\":" \
	"\\\"{answered_at:epoch}\\\"}\"; }; remote_id = [ \"/id\" ]; }; " \
	"feed = { request = { method = \"POST\"; path = \"c/{contact_id}/feed\"; " \
	"json = \"{\\\"text\\\":\\\"{text}\\\"}\"; }; remote_id = [ \"/id\" ]; }; " \
	"task = { request = { method = \"POST\"; path = \"tasks\"; json = " \
	"\"{\\\"who\\\":\\\"{employee_id?}\\\",\\\"due\\\":\\\"{day}\\\"," \
	"\\\"what\\\":\\\"{subject}\\\"}\"; }; }; "

#define LOGIN "auth = { style = \"login\"; header = \"Authorization\"; " \
	"value = \"Session {session.token}\"; login = { method = \"POST\"; " \
	"path = \"login\"; json = \"{\\\"p\\\":\\\"{secret}\\\"}\"; }; " \
	"values = ( { name = \"token\"; at = \"/t\"; } ); }; "

static const char *const pairs[][2] = { { "score", "9" },
	{ "name", "\"x\"" }, { "old", "" },
	{ "answered_at", "2026-11-24T10:00:00Z" }, { NULL, NULL } };
static const struct crm_effect effect = { .ref = "a/1", .contact_id = "K1",
	.subject = "Call", .text = "line\n\"two\"", .day = 20261127,
	.fields = pairs };

static void
test_bodies(void **state)
{
	static const struct sim_reply script[] = {
		{ .want = "PATCH /c/K1 ", .body = "{}" },
		{ .want = "PUT /answers/a%2F1 ", .body = "{\"id\":\"A-5\"}" },
		{ .want = "POST /c/K1/feed ", .status = 201,
		    .body = "{\"id\":12}" },
		{ .want = "POST /tasks ", .status = 204 },
	};
	struct put_result r[4] = { { .outcome = PUT_UNKNOWN } };

	(void)state;
	begin(PUTS, script, ARRAY_LEN(script));
	assert_true(rest_put_fields(&rig.c, &effect, 1, &r[0], &rig.err));
	assert_true(rest_put_answer(&rig.c, &effect, 1, &r[1], &rig.err));
	assert_true(rest_post_feed(&rig.c, &effect, 1, &r[2], &rig.err));
	assert_true(rest_put_task(&rig.c, &effect, 1, &r[3], &rig.err));
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(r[i].outcome, PUT_DONE);
	assert_string_equal(r[1].remote_id, "A-5");
	assert_string_equal(r[2].remote_id, "12");
	assert_string_equal(simhttpd_body(sim, 0),
	    "{\"f\":{\"score\":9,\"name\":\"\\\"x\\\"\",\"old\":null,"
	    "\"answered_at\":\"2026-11-24T10:00:00Z\"}}");
	assert_string_equal(simhttpd_body(sim, 1), "{\"c\":\"K1\",\"s\":9,"
	    "\"t\":\"line\\n\\\"two\\\"\",\"at\":1795514400}");
	assert_string_equal(simhttpd_body(sim, 2),
	    "{\"text\":\"line\\n\\\"two\\\"\"}");
	assert_string_equal(simhttpd_body(sim, 3),
	    "{\"due\":\"2026-11-27\",\"what\":\"Call\"}");
	end();
}

/* A post is never sent twice, and never called done without proof. */
static void
test_post_outcomes(void **state)
{
	static const struct {
		struct sim_reply reply;
		enum put_outcome outcome;
		bool goes_on;
	} cases[] = {
		{ { .status = 201, .body = "{}" }, PUT_DONE, true },
		{ { .status = 204 }, PUT_DONE, true },
		{ { .mode = SIM_CLOSE }, PUT_UNKNOWN, false },
		{ { .mode = SIM_CUT, .status = 201, .cut = 12 }, PUT_UNKNOWN,
		    false },
		{ { .status = 500 }, PUT_UNKNOWN, false },
		{ { .status = 200, .body = "<html>" }, PUT_UNKNOWN, false },
		{ { .status = 200, .body = "{\"error\":\"broken\"}" },
		    PUT_UNKNOWN, false },
		/* No line of the profile explains it. */
		{ { .status = 200, .body = "{\"success\":false}" },
		    PUT_UNKNOWN, false },
		{ { .status = 201, .body = "{\"errors\":[\"x\"]}" },
		    PUT_UNKNOWN, false },
		{ { .status = 207, .body = "[]" }, PUT_UNKNOWN, false },
		{ { .status = 429, .headers = "Retry-After: 900\r\n" },
		    PUT_AGAIN, false },
		/* Done, and the way to what it made: so some frameworks answer. */
		{ { .status = 303, .headers = "Location: /c/K1\r\n" },
		    PUT_UNKNOWN, false },
		{ { .status = 302 }, PUT_UNKNOWN, false },
		{ { .status = 307 }, PUT_AGAIN, false },
		{ { .status = 401 }, PUT_AGAIN, false },
		{ { .status = 403 }, PUT_DENIED, true },
		{ { .status = 404 }, PUT_GONE, true },
		{ { .status = 422 }, PUT_REJECTED, true },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct put_result r = { .outcome = PUT_UNKNOWN };
		begin("errors = ( { status = [ 200 ]; at = \"/error\"; }, "
		    "{ status = [ 307 ]; means = \"session\"; } ); " PUTS, &cases[i].reply, 1);
		const bool ok = rest_post_feed(&rig.c, &effect, 1, &r, &rig.err);
		if (r.outcome != cases[i].outcome || ok != cases[i].goes_on)
			fail_msg("case %zu: %d, %d (%s)", i, (int)r.outcome, ok,
			    rig.err.msg);
		assert_int_equal(simhttpd_requests(sim), 1);
		end();
	}
}

/* The session ended, so the post was not taken; and nobody gives another. */
static void
test_session_lost(void **state)
{
	static const struct sim_reply script[] = {
		{ .want = "POST /login ", .body = "{\"t\":\"one\"}" },
		{ .want = "POST /c/K1/feed ", .status = 201, .body = "{}" },
		{ .want = "POST /c/K1/feed ", .status = 401 },
		{ .want = "POST /login ", .status = 503 },
		{ .want = "POST /login ", .status = 503 },
	};
	struct put_result r = { .outcome = PUT_UNKNOWN };

	(void)state;
	begin(LOGIN PUTS, script, ARRAY_LEN(script));
	assert_true(rest_post_feed(&rig.c, &effect, 1, &r, &rig.err));
	assert_false(rest_post_feed(&rig.c, &effect, 1, &r, &rig.err));
	if (r.outcome != PUT_AGAIN)
		fail_msg("%d (%s)", (int)r.outcome, rig.err.msg);
	assert_null(simhttpd_problem(sim, false));
	simhttpd_stop(sim);
	rig_close(&rig);
}

/* 404 where no contact stands in the path: nobody is gone. */
static void
test_wrong_path(void **state)
{
	static const struct sim_reply script = { .want = "POST /tasks ",
		.status = 404 };
	struct put_result r = { .outcome = PUT_UNKNOWN };

	(void)state;
	begin(PUTS, &script, 1);
	assert_false(rest_put_task(&rig.c, &effect, 1, &r, &rig.err));
	assert_int_equal(rig.err.kind, ERR_PROTOCOL);
	assert_int_equal(r.outcome, PUT_AGAIN);
	end();
}

static void
test_not_asked_for(void **state)
{
	struct put_result r = { .outcome = PUT_UNKNOWN };
	struct crm_connector copy = { .info.caps = CRM_CAP_TAGS |
		CRM_CAP_FEED | CRM_CAP_EVENTS, .tags_max = 1,
		.tags_request = rest_tags_request, .post_feed = rest_post_feed };

	(void)state;
	rig_open(&rig, "http://127.0.0.1:9", "");
	assert_false(rest_put_fields(&rig.c, NULL, 0, &r, &rig.err));
	assert_int_equal(rig.err.kind, ERR_DONE);
	assert_false(rest_ensure_tags(&rig.c, NULL, 0, &rig.err));
	assert_int_equal(rig.err.kind, ERR_DONE);
	rest_writing_narrow(&rig.set.profile.writing, &copy);
	assert_int_equal(copy.info.caps, CRM_CAP_EVENTS);
	assert_null(copy.tags_request);
	assert_null(copy.post_feed);
	rig_close(&rig);
}

/* ---- profiles that are refused ---------------------------------------------------- */
#define READ "read = { path = \"c/{contact_id}\"; }; "
#define WRITE(json_) "write = { method = \"PUT\"; path = \"c/{contact_id}\"; " \
	"json = \"" json_ "\"; }; "
static void
test_refused(void **state)
{
	static const struct {
		const char *profile, *words;
	} cases[] = {
		{ "tags = { style = \"list\"; };", "tags.read" },
		{ "tags = { style = \"list\"; read = { path = \"c\"; }; "
		    WRITE("[\\\"{tags:list}\\\"]") "};", "{contact_id}" },
		{ "tags = { style = \"list\"; " READ "};", "tags.write" },
		/* What comes without what goes. */
		{ "tags = { style = \"list\"; " READ
		    WRITE("[\\\"{add:list}\\\"]") "};", "what goes" },
		{ "tags = { style = \"list\"; " READ
		    WRITE("[\\\"{unknown}\\\"]") "};", "{unknown}" },
		{ "tags = { style = \"list\"; at = [ \"/t/*/name\" ]; " READ
		    WRITE("[\\\"{tags:list}\\\"]") "};", "tags.at" },
		{ "tags = { style = \"list\"; " READ
		    WRITE("[\\\"{tag_ids:list}\\\"]") "};", "tags.names" },
		{ "tags = { style = \"text\"; " READ
		    WRITE("[\\\"{tags:list}\\\"]") "};", "{tags_text}" },
		{ "tags = { style = \"text\"; separator = \"\"; " READ
		    WRITE("[\\\"{tags_text}\\\"]") "};", "separator" },
		{ "tags = { style = \"calls\"; " READ "add = { path = \"x\"; "
		    "method = \"POST\"; }; };", "tags.remove" },
		{ "tags = { style = \"calls\"; " READ "add = { path = \"x\"; "
		    "method = \"POST\"; }; remove = { method = \"DELETE\"; "
		    "path = \"{tag}\"; }; };", "tags.add" },
		/* It would make a tag each night. */
		{ "tags = { style = \"list\"; " READ
		    WRITE("[\\\"{tags:list}\\\"]") CREATE "};", "made twice" },
		{ "answer = { request = { method = \"POST\"; path = \"a\"; json = "
		    "\"[\\\"{contact_id}\\\"]\"; }; };", "{ref}" },
		/* Sent up to four times where the first fails. */
		{ "feed = { request = { path = \"f/{contact_id}\"; }; };",
		    "other than GET" },
		{ "task = { request = { method = \"POST\"; path = \"t\"; "
		    "repeatable = true; }; };", "task.request: expected" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		rig_settings(&rig, "http://127.0.0.1:9", cases[i].profile);
		if (rig_try(&rig))
			fail_msg("case %zu was taken", i);
		if (rig.err.kind != ERR_CONFIG ||
		    strstr(rig.err.msg, cases[i].words) == NULL ||
		    strstr(rig.err.msg, "test.conf") == NULL)
			fail_msg("case %zu: %s", i, rig.err.msg);
		rig_close(&rig);
	}
}

/* ---- driven by the core -------------------------------------------------------------- */
static bool
renew(void *self, struct err *err)
{
	struct rest_crm *c = self;

	return rest_renew(&c->rest, err);
}

static bool
breathe(void *arg, struct err *err)
{
	(void)arg;
	(void)err;
	return true;
}

static const struct crm_connector driver = { .tags_max = 1, .renew = renew,
	.ensure_tags = rest_ensure_tags, .tags_request = rest_tags_request,
	.tags_result = rest_tags_result };

static enum put_outcome
core_write(const char *tag, struct put_result *result)
{
	struct crm crm = { .connector = &driver, .link = { .name = "crm",
		.self = &rig.c, .scratch = rig.scratch, .http = rig.http } };
	const struct crm_tag_write write = { .contact_id = "K1",
		.prefix = "NPSToday.Meet.", .value = tag };
	struct tag_writer writer;

	tag_writer_init(&writer, &crm, rig.arena, breathe, NULL);
	writer.backoff_s = 0.01;
	writer.backoff_max_s = 0.02;
	rig.err = (struct err){ .kind = ERR_NONE };
	if (!tag_write(&writer, &write, 1, result, &rig.err))
		assert_int_not_equal(rig.err.kind, ERR_NONE);
	return result->outcome;
}

#define LIST "tags = { style = \"list\"; at = [ \"/tags\" ]; etag = true; " \
	READ WRITE("{\\\"tags\\\":\\\"{tags:list}\\\"}") "};"

/* A session that ended, a foreign write, an old score replaced. */
static void
test_core(void **state)
{
	static const struct sim_reply script[] = {
		{ .want = "POST /login ", .body = "{\"t\":\"one\"}" },
		{ .want = "Authorization: Session one",
		    .headers = "ETag: \"0\"\r\n", .body = "{\"tags\":[]}" },
		{ .want = "PUT /c/K1 ", .status = 401 },
		{ .want = "POST /login ", .body = "{\"t\":\"two\"}" },
		{ .want = "Authorization: Session two",
		    .headers = "ETag: \"1\"\r\n", .body = "{\"tags\":[\"a\"]}" },
		{ .want = "If-Match: \"1\"", .status = 412 },
		{ .want = "GET /c/K1 ", .headers = "ETag: \"2\"\r\n",
		    .body = "{\"tags\":[\"a\",\"NPSToday.Meet.3\",\"late\"]}" },
		{ .want = "If-Match: \"2\"", .status = 204 },
		{ .want = "GET /c/K1 ", .headers = "ETag: \"3\"\r\n",
		    .body = "{\"tags\":[\"a\",\"late\",\"" TAG9 "\"]}" },
	};
	struct put_result r;

	(void)state;
	begin(LOGIN LIST, script, ARRAY_LEN(script));
	if (core_write(TAG9, &r) != PUT_DONE)
		fail_msg("%d %s %s", (int)r.outcome, r.reason, rig.err.msg);
	assert_string_equal(simhttpd_body(sim, 7),
	    "{\"tags\":[\"a\",\"late\",\"" TAG9 "\"]}");
	end();
}

/* A session that ended, said in a 200; a wrong password stops at once. */
static void
test_session_in_body(void **state)
{
	static const struct sim_reply script[] = {
		{ .want = "POST /login ", .body = "{\"t\":\"one\"}" },
		{ .want = "GET /c/K1 ", .headers = "ETag: \"0\"\r\n",
		    .body = "{\"tags\":[]}" },
		{ .want = "PUT /c/K1 ", .body = "{\"error\":\"expired\"}" },
		{ .want = "POST /login ", .status = 401 },
	};
	struct put_result r;

	(void)state;
	begin("errors = ( { status = [ 200 ]; at = \"/error\"; "
	    "means = \"session\"; } ); " LOGIN LIST, script,
	    ARRAY_LEN(script));
	assert_int_equal(core_write(TAG9, &r), PUT_AGAIN);
	assert_int_equal(rig.err.kind, ERR_AUTH);
	assert_null(strstr(rig.err.msg, "s3cret"));
	end();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ensure),
		cmocka_unit_test(test_ensure_later),
		cmocka_unit_test(test_bodies),
		cmocka_unit_test(test_post_outcomes),
		cmocka_unit_test(test_session_lost),
		cmocka_unit_test(test_wrong_path),
		cmocka_unit_test(test_not_asked_for),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_core),
		cmocka_unit_test(test_session_in_body),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
