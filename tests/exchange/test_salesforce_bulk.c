/*
 * Salesforce, very many rows: read as a job of Bulk API 2.0 (SF-20).  How a job
 * can lose rows, hang or be left behind: each has its case.
 */
#include "salesforce/rig.h"

#define NIGHT "2026-11-24T01:44:00Z"
#define CASES "meetings = false; deals = false; bulk_threshold_rows = 2; " \
	"bulk_poll_s = 0; bulk_wait_s = 10; "
#define JOB "750R0000000zlh9IAA"
#define JOBS V "/jobs/query"
#define STATE(word) "{\"id\":\"" JOB "\",\"state\":\"" word "\"}"
#define DONE(n) "{\"id\":\"" JOB "\",\"state\":\"JobComplete\"," \
	"\"numberRecordsProcessed\":" #n "}"
#define HEAD "\"Id\",\"ContactId\",\"OwnerId\",\"Status\",\"ClosedDate\",\"Type\"\n"
#define CASE(n) "\"50000000000000" #n "AAA\",\"003000000000001AAA\",\"\"," \
	"\"Closed\",\"2026-11-24T10:00:00.000Z\",\"\"\n"
#define ODD "\"500000000000004AAA\",\"003000000000001AAA\",\"\",\"N/A\"," \
	"\"2026-11-24T10:00:00.000Z\",\"a, \"\"b\"\"\nc\"\n"
#define SEEN(n) "case 50000000000000" #n "AAA 003000000000001AAA -/Closed by " \
	"- at 2026-11-24T10:00:00Z moved 2026-11-24T10:00:00Z\n"
#define PAGE(n, locator) DATE "Content-Type: text/csv\r\n" \
	"Sforce-NumberOfRecords: " #n "\r\nSforce-Locator: " locator "\r\n"
/* What a statement says that has more rows than the threshold. */
#define LARGE { .match = "query?q=", .body = "{\"totalSize\":5,\"done\":false," \
	"\"nextRecordsUrl\":\"" V "/query/01g000000000001AAA-2\",\"records\":[" \
	"{\"Id\":\"500000000000009AAA\"},{\"Id\":\"500000000000009AAA\"}]}" }
#define MADE { .match = "POST " JOBS, .body = STATE("UploadComplete") }
#define GONE { .match = "DELETE " JOBS "/" JOB, .status = 204 }

static struct rig rig;

#define OPEN(routes) rig_open(&rig, CASES, routes, ARRAY_LEN(routes))

static size_t
deleted(void)
{
	return rig_count(&rig, "DELETE " JOBS "/" JOB "\n");
}

/* Three pages, each with its header row, line breaks and quotes in a field, a
 * word that is data, until the word null. */
static void
test_pages(void **state)
{
	static const struct route routes[] = {
		LARGE, MADE, GONE,
		{ .match = "results?maxRecords=10000&locator=MTA", .times = 1,
		    .body = HEAD CASE(3), .headers = PAGE(1, "MjA=") },
		{ .match = "results?maxRecords=10000&locator=MjA=",
		    .body = HEAD ODD CASE(5), .headers = PAGE(2, "null") },
		{ .match = "results?maxRecords=10000", .want =
		    "Accept: text/csv\r\n", .body = HEAD CASE(1) CASE(2),
		    .headers = PAGE(2, "MTA") },
		{ .match = "GET " JOBS, .times = 1,
		    .body = STATE("InProgress") },
		{ .match = "GET " JOBS, .body = DONE(5) },
	};

	(void)state;
	OPEN(routes);
	if (!rig_events(&rig, NIGHT))
		fail_msg("%s", rig.err.msg);
	rig_is(&rig.seen, SEEN(1) SEEN(2) SEEN(3)
	    "case 500000000000004AAA 003000000000001AAA a, \"b\"\nc/N/A by - at "
	    "2026-11-24T10:00:00Z moved 2026-11-24T10:00:00Z\n" SEEN(5));
	assert_string_equal(rig.watermark, "2026-11-25T01:45:00Z");
	assert_int_equal(deleted(), 1);
	/* Its order would cost the service a sort. */
	assert_non_null(strstr(buf_text(&rig.bodies), "\"operation\":\"query\","
	    "\"query\":\"SELECT Id,ContactId,OwnerId,Status,ClosedDate,Type "
	    "FROM Case WHERE IsClosed = true AND ClosedDate >= "));
	assert_null(strstr(buf_text(&rig.bodies), "ORDER BY"));
	rig_close(&rig);
}

/* Too early: the job is asked after again. */
static void
test_too_early(void **state)
{
	static const struct route routes[] = {
		LARGE, MADE, GONE,
		{ .match = "results?", .times = 1, .status = 412, .body =
		    "[{\"errorCode\":\"JOB_NOT_COMPLETE\",\"message\":\"no\"}]" },
		{ .match = "results?", .times = 1, .status = 204 },
		{ .match = "results?", .body = HEAD CASE(1),
		    .headers = PAGE(1, "null") },
		{ .match = "GET " JOBS, .body = DONE(1) },
	};

	(void)state;
	OPEN(routes);
	if (!rig_events(&rig, NIGHT))
		fail_msg("%s", rig.err.msg);
	rig_is(&rig.seen, SEEN(1));
	assert_int_equal(rig_count(&rig, "GET " JOBS "/" JOB "\n"), 3);
	rig_close(&rig);
}

/* A job that fails, an org that has none: by pages, once and for the run. */
static void
test_no_jobs(void **state)
{
	static const struct route failed[] = {
		{ .match = "query?q=", .times = 1, .body = "{\"totalSize\":5,"
		    "\"done\":false,\"nextRecordsUrl\":\"" V
		    "/query/01g000000000001AAA-2\",\"records\":[{\"Id\":"
		    "\"500000000000009AAA\"}]}" },
		MADE, GONE,
		{ .match = "GET " JOBS, .body = STATE("Failed") },
	};
	static const struct route refused[] = {
		{ .match = "query?q=", .times = 1, .body = "{\"totalSize\":5,"
		    "\"done\":false,\"nextRecordsUrl\":\"" V
		    "/query/01g000000000001AAA-2\",\"records\":[{\"Id\":"
		    "\"500000000000009AAA\"}]}" },
		{ .match = "POST " JOBS, .status = 403, .body =
		    "[{\"errorCode\":\"API_DISABLED_FOR_ORG\",\"message\":\"\"}]" },
	};

	(void)state;
	OPEN(failed);
	assert_true(rig_events(&rig, NIGHT));
	assert_int_equal(rig_count(&rig, "query?q="), 2);
	assert_int_equal(deleted(), 1);
	assert_string_equal(rig.watermark, "2026-11-25T01:45:00Z");
	assert_true(rig_events(&rig, NIGHT));
	assert_int_equal(rig_count(&rig, "POST " JOBS), 1);
	rig_close(&rig);
	OPEN(refused);
	assert_true(rig_events(&rig, NIGHT));
	assert_int_equal(rig_count(&rig, "query?q="), 2);
	assert_int_equal(deleted(), 0);
	rig_close(&rig);
}

/* A job's columns have the service's letters, whatever was asked for. */
static void
test_names_in_other_letters(void **state)
{
	AUTO(arena) struct arena *arena = arena_new(65536);
	const struct route routes[] = {
		{ .match = "sobjects/Contact/describe", .body = rig_describe(
		    arena, "Id Email HasOptedOutOfEmail IsEmailBounced "
		        "AccountId:Account SystemModstamp") },
		{ .match = "queryAll?q=", .body = "{\"totalSize\":5,\"done\":"
		    "false,\"nextRecordsUrl\":\"" V "/query/01g-2\","
		    "\"records\":[{\"Id\":\"003000000000009AAA\"}]}" },
		MADE, GONE,
		{ .match = "results?", .headers = PAGE(4, "null"), .body =
		    "Id,Email,AccountId,Account.Name,HasOptedOutOfEmail,"
		    "IsEmailBounced,Account.No__c,Account.Id\n"
		    "003000000000001AAA,a@x.example,001000000000001AAA,A,false,"
		    "false,true,001000000000001AAA\n"
		    "003000000000002AAA,b@x.example,001000000000002AAA,B,false,"
		    "false,,001000000000002AAA\n"
		    "003000000000003AAA,c@x.example,,,false,false,,\n"
		    "003000000000004AAA,d@x.example,001000000000004AAA,,false,"
		    "false,,\n" },
		{ .match = "GET " JOBS, .body = DONE(4) },
	};

	(void)state;
	rig_open(&rig, CASES "tag_field = ''; nosend_field = 'Account.no__C';",
	    routes, ARRAY_LEN(routes));
	const struct pull pull = rig_pull(&rig, NIGHT);
	if (!rig.crm.pull_contacts(rig.self, &pull, rig_contact,
	    rig_checkpoint, &rig, &rig.err))
		fail_msg("%s", rig.err.msg);
	assert_non_null(strstr(buf_text(&rig.seen), "001000000000001AAA=A owner "
	    "-=- employed=? optout tags NPSToday.NoSend\n"));
	assert_non_null(strstr(buf_text(&rig.seen), "001000000000002AAA=B owner "
	    "-=- employed=? tags\n"));
	/* Without an account, and with one that sharing hides. */
	assert_non_null(strstr(buf_text(&rig.seen), "c@x.example -/- company -=- "
	    "owner -=- employed=? tags\n"));
	assert_null(strstr(buf_text(&rig.seen), "d@x.example"));
	assert_non_null(strstr(buf_text(&rig.bad), "003000000000004AAA: "
	    "Account.no__C: expected access to the record"));
	rig_close(&rig);
}

/* Never believed: the mark stays, the job is deleted. */
static void
test_odd_results(void **state)
{
	static const struct { const char *body, *headers, *words; } odd[] = {
		{ HEAD CASE(1), PAGE(2, "null"), "2 results was announced" },
		{ HEAD CASE(1), PAGE(1, "null"), "the job found 5 rows, 1 came" },
		{ HEAD CASE(1), PAGE(1, "MTA"), "is the same one" },
		{ HEAD CASE(1), DATE, "Sforce-Locator" },
		{ HEAD CASE(1), PAGE(1, "../x y"), "Sforce-Locator" },
		{ HEAD, PAGE(0, "null"), "the job found 5 rows, 0 came" },
		{ "", PAGE(0, "null"), "names of the columns" },
		{ "<html>sign in</html>", PAGE(0, "null"), "the column Id" },
		{ "\"Id\"\n", PAGE(0, "null"), "the column ContactId" },
		{ HEAD "\"500000000000001AAA\",\"x\"\n", PAGE(1, "null"),
		    "2 fields for 6 columns" },
		{ HEAD "\"500000000000001AAA\",\"x\n", PAGE(1, "null"),
		    "closing quote missing" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(odd); i++) {
		const struct route routes[] = { LARGE, MADE, GONE,
			{ .match = "results?", .body = odd[i].body,
			    .headers = odd[i].headers },
			{ .match = "GET " JOBS, .body = DONE(5) } };
		OPEN(routes);
		rig_fails(&rig, rig_events(&rig, NIGHT), ERR_PROTOCOL,
		    odd[i].words);
		assert_string_equal(rig.watermark, "");
		assert_in_range(deleted(), 1, 2);
		assert_true(simhttpd_requests(rig.sim) < 16);
		rig_close(&rig);
	}
}

/* Two pages that lead to each other. */
static void
test_results_that_go_round(void **state)
{
	static const struct route routes[] = { LARGE, MADE, GONE,
		{ .match = "&locator=MTA", .body = HEAD CASE(1),
		    .headers = PAGE(1, "MjA") },
		{ .match = "&locator=MjA", .body = HEAD CASE(2),
		    .headers = PAGE(1, "MTA") },
		{ .match = "results?", .body = HEAD CASE(3),
		    .headers = PAGE(1, "MTA") },
		{ .match = "GET " JOBS, .body = DONE(5) } };

	(void)state;
	OPEN(routes);
	rig_fails(&rig, rig_events(&rig, NIGHT), ERR_PROTOCOL, "no end");
	assert_string_equal(rig.watermark, "");
	assert_int_equal(deleted(), 1);
	rig_close(&rig);
}

static void
test_odd_jobs(void **state)
{
	static const struct { const char *made, *state, *words; } odd[] = {
		{ "{}", "", "expected the id of a job" },
		{ "{\"id\":\"../../x\"}", "", "expected the id of a job" },
		{ STATE("UploadComplete"), "{}", "expected the state of a job" },
		{ STATE("UploadComplete"), STATE("Nonsense"),
		    "expected the state of a job" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(odd); i++) {
		const struct route routes[] = { LARGE, GONE,
			{ .match = "POST " JOBS, .body = odd[i].made },
			{ .match = "GET " JOBS, .body = odd[i].state } };
		OPEN(routes);
		rig_fails(&rig, rig_events(&rig, NIGHT), ERR_PROTOCOL,
		    odd[i].words);
		rig_close(&rig);
	}
}

/* It is not done tonight: it is kept, and the next run goes on with it. */
static void
test_a_job_that_takes_long(void **state)
{
	static const struct route slow[] = { LARGE, MADE,
		{ .match = "GET " JOBS, .body = STATE("InProgress") } };
	static const struct route next[] = { GONE,
		{ .match = "results?", .body = HEAD CASE(1),
		    .headers = PAGE(1, "null") },
		{ .match = "GET " JOBS, .body = DONE(1) } };
	char resume[4096];

	(void)state;
	OPEN(slow);
	rig_fails(&rig, rig_events(&rig, NIGHT), ERR_RETRY, "bulk_wait_s");
	assert_int_equal(deleted(), 0);
	assert_int_equal(rig_count(&rig, "GET " JOBS "/" JOB "\n"), 11);
	/* The run went on between the questions. */
	assert_in_range(rig.pages, 10, 12);
	(void)snprintf(resume, sizeof(resume), "%s", rig.resume);
	rig_close(&rig);
	OPEN(next);
	struct pull pull = rig_pull(&rig, NIGHT);
	pull.resume = resume;
	if (!rig.crm.pull_events(rig.self, &pull, rig_event, rig_checkpoint,
	        &rig, &rig.err))
		fail_msg("%s", rig.err.msg);
	rig_is(&rig.seen, SEEN(1));
	assert_int_equal(rig_count(&rig, "POST " JOBS), 0);
	assert_int_equal(deleted(), 1);
	rig_close(&rig);
}

/* A run that ends between two pages: the next one goes on with the second. */
static void
test_stopped_between_pages(void **state)
{
	static const struct route routes[] = { LARGE, MADE, GONE,
		{ .match = "&locator=MTA", .body = HEAD CASE(2),
		    .headers = PAGE(1, "null") },
		{ .match = "results?", .body = HEAD CASE(1),
		    .headers = PAGE(1, "MTA") },
		{ .match = "GET " JOBS, .body = DONE(2) } };
	char resume[4096];

	(void)state;
	OPEN(routes);
	rig.stop_page = 2;
	assert_false(rig_events(&rig, NIGHT));
	assert_int_equal(rig.err.kind, ERR_CANCELLED);
	rig_is(&rig.seen, SEEN(1));
	assert_int_equal(deleted(), 0);
	(void)snprintf(resume, sizeof(resume), "%s", rig.resume);
	rig_close(&rig);
	OPEN(routes);
	struct pull pull = rig_pull(&rig, NIGHT);
	pull.resume = resume;
	if (!rig.crm.pull_events(rig.self, &pull, rig_event, rig_checkpoint,
	        &rig, &rig.err))
		fail_msg("%s", rig.err.msg);
	rig_is(&rig.seen, SEEN(2));
	assert_int_equal(rig_count(&rig, "POST " JOBS), 0);
	assert_int_equal(deleted(), 1);
	rig_close(&rig);
}

/* The job of a broken pass is gone: from the beginning, with a new one. */
static void
test_a_job_that_is_gone(void **state)
{
	static const struct route routes[] = { LARGE, MADE, GONE,
		{ .match = "results?", .body = HEAD CASE(1),
		    .headers = PAGE(1, "null") },
		{ .match = "GET " JOBS, .times = 1,
		    .body = STATE("InProgress") },
		{ .match = "GET " JOBS, .times = 1, .status = 404, .body =
		    "[{\"errorCode\":\"NOT_FOUND\",\"message\":\"\"}]" },
		{ .match = "GET " JOBS, .body = DONE(1) } };
	static const char *const places[] = { "bulk:" JOB "/MTA", "bulk:x",
		"bulk:" JOB "/a b" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(places); i++) {
		char resume[256];
		OPEN(routes);
		struct pull pull = rig_pull(&rig, NIGHT);
		rig.stop_page = 1;
		assert_false(rig_events(&rig, NIGHT));
		rig.stop_page = 0;
		char *at = strstr(rig.resume, "bulk:");
		assert_non_null(at);
		(void)snprintf(resume, sizeof(resume), "%.*s%s",
		    (int)(at - rig.resume), rig.resume, places[i]);
		pull.resume = resume;
		const bool ok = rig.crm.pull_events(rig.self, &pull, rig_event,
		    rig_checkpoint, &rig, &rig.err);
		if (i == 0)
			rig_is(&rig.seen, SEEN(1));
		else
			rig_fails(&rig, ok, ERR_GONE, "not understood");
		rig_close(&rig);
	}
}

/* Flags and parents as those of a query; a flag that says neither ends it:
 * who opted out would look as if he had not. */
static void
test_contacts(void **state)
{
#define FLAGS "{\"name\":\"Id\"},{\"name\":\"Email\"},{\"name\":" \
	"\"HasOptedOutOfEmail\",\"type\":\"boolean\"},{\"name\":" \
	"\"IsEmailBounced\",\"type\":\"boolean\"},{\"name\":\"AccountId\"," \
	"\"relationshipName\":\"Account\"},{\"name\":\"Size__c\",\"type\":" \
	"\"int\"},{\"name\":\"SystemModstamp\"},{\"name\":" \
	"\"MailingAddress\",\"type\":\"address\"}"
#define WHO "\"Id\",\"Email\",\"AccountId\",\"Account.Name\"," \
	"\"HasOptedOutOfEmail\",\"IsEmailBounced\",\"Size__c\"\n"
#define ROW(flag) "\"003000000000001AAA\",\"a@b.example\"," \
	"\"001000000000001AAA\",\"Møller\"," flag ",\"false\",\"12.0\"\n"
	static const char *const flags[] = { "\"true\"", "\"false\"", "\"\"",
		"\"yes\"" };
	static const char *const bodies[] = { WHO ROW("\"true\""),
		WHO ROW("\"false\""), WHO ROW("\"\""), WHO ROW("\"yes\"") };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(flags); i++) {
		const struct route routes[] = {
			{ .match = "/Contact/describe", .body = "{\"fields\":["
			    FLAGS "]}" },
			{ .match = "queryAll?q=", .body = "{\"totalSize\":5,"
			    "\"done\":false,\"nextRecordsUrl\":\"" V
			    "/query/01g000000000001AAA-2\",\"records\":[{\"Id\":"
			    "\"003000000000009AAA\"}]}" },
			MADE, GONE,
			{ .match = "results?", .body = bodies[i],
			    .headers = PAGE(1, "null") },
			{ .match = "GET " JOBS, .body = DONE(1) } };
		rig_open(&rig, CASES "tag_field = ''; extra_fields = "
		    "[ 'Size__c' ];", routes, ARRAY_LEN(routes));
		const struct pull pull = rig_pull(&rig, NIGHT);
		const bool ok = rig.crm.pull_contacts(rig.self, &pull,
		    rig_contact, rig_checkpoint, &rig, &rig.err);
		if (i < 2) {
			if (!ok)
				fail_msg("%s", rig.err.msg);
			rig_is(&rig.seen, i == 0
			    ? "003000000000001AAA -|-|- a@b.example -/- company "
			      "001000000000001AAA=Møller owner -=- employed=? "
			      "optout tags\n"
			    : "003000000000001AAA -|-|- a@b.example -/- company "
			      "001000000000001AAA=Møller owner -=- employed=? "
			      "tags\n");
			assert_non_null(strstr(buf_text(&rig.bodies),
			    "\"operation\":\"queryAll\""));
		} else {
			rig_fails(&rig, ok, ERR_PROTOCOL,
			    "true or false in HasOptedOutOfEmail");
			assert_string_equal(rig.watermark, "");
		}
		rig_close(&rig);
	}
}

/* A compound field is no column: by pages. */
static void
test_compound(void **state)
{
	static const struct route routes[] = {
		{ .match = "/Contact/describe", .body = "{\"fields\":[" FLAGS
		    "]}" },
		{ .match = "queryAll?q=", .body = "{\"totalSize\":3,"
		    "\"done\":false,\"nextRecordsUrl\":\"" V
		    "/query/01g000000000001AAA-2\",\"records\":[{\"Id\":"
		    "\"003000000000009AAA\"}]}" },
		{ .match = "01g000000000001AAA-2", .body = "{\"totalSize\":3,"
		    "\"done\":true,\"records\":[{\"Id\":\"003000000000008AAA\"},"
		    "{\"Id\":\"003000000000007AAA\"}]}" } };

	(void)state;
	rig_open(&rig, CASES "tag_field = ''; extra_fields = "
	    "[ 'MailingAddress' ];", routes, ARRAY_LEN(routes));
	const struct pull pull = rig_pull(&rig, NIGHT);
	if (!rig.crm.pull_contacts(rig.self, &pull, rig_contact, rig_checkpoint,
	        &rig, &rig.err))
		fail_msg("%s", rig.err.msg);
	rig_close(&rig);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pages),
		cmocka_unit_test(test_too_early),
		cmocka_unit_test(test_no_jobs),
		cmocka_unit_test(test_names_in_other_letters),
		cmocka_unit_test(test_odd_results),
		cmocka_unit_test(test_results_that_go_round),
		cmocka_unit_test(test_odd_jobs),
		cmocka_unit_test(test_a_job_that_takes_long),
		cmocka_unit_test(test_stopped_between_pages),
		cmocka_unit_test(test_a_job_that_is_gone),
		cmocka_unit_test(test_contacts),
		cmocka_unit_test(test_compound),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
