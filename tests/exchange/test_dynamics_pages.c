/*
 * Pages, watermarks and broken passes of the dynamics driver over a scripted
 * server.  DV-nn: the pitfall's number.
 */
#include "dynamics/rig.h"

#define ONLY_CASES "meeting_sets = [];"
#define CASE(xx, stamp) "{\"incidentid\":\"" ID(xx) "\",\"statecode\":1," \
	"\"statuscode\":5,\"modifiedon\":\"" stamp "\"," \
	LOOKUP("_customerid_value", ID("c1"), "contact") "}"
#define SEEN(xx, stamp) "case " xx " c1 " stamp " - -\n"
#define COOKIE "contacts?$select=contactid&$skiptoken=%3Ccookie%20" \
	"pagenumber=%222%22%20pagingcookie=%22%253ccookie%20page%253d%2522" \
	"1%2522%253e%22%20istracking=%22False%22%20/%3E"

/* What each pass asks before the cases, and beside them. */
#define DEALS { .target = API "opportunities?", .body = VALUE("") }
#define RESOLUTIONS { .target = API "incidentresolutions?", .body = VALUE("") }
#define CASES(rows) { .target = API "incidents?$select=", .body = VALUE(rows) }

/* rows and the address of the next page, which starts with `origin`. */
static const char *
paged(struct rig *rig, const char *rows, const char *origin, const char *rest)
{
	return arena_printf(rig->arena, "{\"value\":[%s],\"@odata.nextLink\":"
	    "\"%s%s\"}", rows, origin, rest);
}

static void
start(struct rig *rig, const char *more, struct sim_reply *script, size_t n)
{
	rig_begin(rig, script, n);
	if (!rig_settings(rig, simhttpd_url(rig->sim), more) ||
	    !rig_open(rig))
		fail_msg("%s", rig->err.msg);
}

/* ---- the query --------------------------------------------------------- */

static void
test_query(void **state)
{
	struct sim_reply script[] = { TOKEN, DEALS, CASES("") };
	struct rig rig;

	(void)state;
	start(&rig, ONLY_CASES, script, ARRAY_LEN(script));
	RIG_OK(&rig, rig_events(&rig,
	    "opportunities=20:2026-11-24T02:00:00Z"
	    "incidents=20:2026-11-23T02:00:00Z", NULL));
	assert_string_equal(rig_line(&rig, 1), "GET " API "opportunities?"
	    "$select=opportunityid,name,statecode,statuscode,actualclosedate,"
	    "modifiedon,_parentcontactid_value,_parentaccountid_value,"
	    "_customerid_value,_ownerid_value&$filter=(statecode%20eq%201%20or"
	    "%20statecode%20eq%202)%20and%20modifiedon%20ge%202026-11-24T01:45:"
	    "00Z&$orderby=modifiedon%20asc,opportunityid%20asc HTTP/1.1");
	assert_string_equal(rig_line(&rig, 2), "GET " API "incidents?$select="
	    "incidentid,ticketnumber,title,statecode,statuscode,modifiedon,"
	    "_customerid_value,_primarycontactid_value,_ownerid_value&$filter="
	    "statecode%20eq%201%20and%20modifiedon%20ge%202026-11-23T01:45:00Z"
	    "&$orderby=modifiedon%20asc,incidentid%20asc HTTP/1.1");
	/* Nothing new: where it was. */
	assert_string_equal(rig.watermark,
	    "opportunities=20:2026-11-24T02:00:00Z"
	    "incidents=20:2026-11-23T02:00:00Z");
	rig_end(&rig, true);
}

/* DV-02: the cookie goes back byte for byte. */
static void
test_dv02_link_as_it_is(void **state)
{
	struct sim_reply script[] = { TOKEN, DEALS,
		{ .target = API "incidents?$select=" }, RESOLUTIONS,
		{ .target = API COOKIE, .body =
		    VALUE(CASE("02", "2026-11-24T10:00:01Z")) }, RESOLUTIONS };
	struct rig rig;

	(void)state;
	start(&rig, ONLY_CASES, script, ARRAY_LEN(script));
	script[2].body = paged(&rig, CASE("01", "2026-11-24T10:00:00Z"),
	    simhttpd_url(rig.sim), API "contacts?$select=contactid&$skiptoken="
	    "%3Ccookie%20pagenumber=%222%22%20pagingcookie=%22%253ccookie%20"
	    "page%253d%25221%2522%253e%22%20istracking=%22False%22%20/%3E");
	RIG_OK(&rig, rig_events(&rig, NULL, NULL));
	assert_string_equal(rig_line(&rig, 4), "GET " API COOKIE " HTTP/1.1");
	RIG_SEES(&rig, SEEN("01", "2026-11-24T10:00:00Z")
	    SEEN("02", "2026-11-24T10:00:01Z"));
	rig_end(&rig, true);
}

/* DV-03: elsewhere, or without TLS: an error, and no token on the way. */
static void
test_dv03_link_elsewhere(void **state)
{
	static const char *const origins[] = { "https://evil.example",
		"http://127.0.0.1:1", "https://127.0.0.1", "//evil.example",
		"http://127.0.0.1@evil.example" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(origins); i++) {
		struct sim_reply script[] = { TOKEN, DEALS,
			{ .target = API "incidents?" }, RESOLUTIONS };
		struct rig rig;
		start(&rig, ONLY_CASES, script, ARRAY_LEN(script));
		script[2].body = paged(&rig, CASE("01", "2026-11-24T10:00:00Z"),
		    origins[i], API "incidents?x=2");
		assert_false(rig_events(&rig, NULL, NULL));
		assert_int_equal(rig.err.kind, ERR_PROTOCOL);
		assert_string_equal(rig.watermark, "");
		assert_int_equal(simhttpd_requests(rig.sim), 3);
		rig_end(&rig, false);
	}
}

/* The same of rows asked for by id. */
static void
test_dv03_by_id(void **state)
{
	static const char *const ids[] = { ID("01") };
	struct sim_reply script[] = { TOKEN, { .target = API "contacts?" } };
	struct rig rig;

	(void)state;
	start(&rig, "", script, ARRAY_LEN(script));
	script[1].body = paged(&rig, "", "https://evil.example", API);
	assert_false(dynamics_crm.load_contacts(rig.self, ids, 1, rig_contact,
	    &rig, &rig.err));
	assert_int_equal(rig.err.kind, ERR_PROTOCOL);
	RIG_SEES(&rig, "");
	rig_end(&rig, true);
}

/* DV-04: three pages, each with the same Prefer, each row once. */
static void
test_dv04_same_prefer(void **state)
{
	struct sim_reply script[] = { TOKEN, DEALS,
		{ .target = API "incidents?$select=" }, RESOLUTIONS,
		{ .target = API "incidents?p=2 " }, RESOLUTIONS,
		{ .target = API "incidents?p=3 ", .body =
		    VALUE(CASE("03", "2026-11-24T10:00:02Z")) }, RESOLUTIONS };
	struct rig rig;

	(void)state;
	start(&rig, ONLY_CASES "page_size = 1;", script, ARRAY_LEN(script));
	script[2].body = paged(&rig, CASE("01", "2026-11-24T10:00:00Z"),
	    simhttpd_url(rig.sim), API "incidents?p=2");
	script[4].body = paged(&rig, CASE("02", "2026-11-24T10:00:01Z"),
	    simhttpd_url(rig.sim), API "incidents?p=3");
	RIG_OK(&rig, rig_events(&rig, NULL, NULL));
	for (size_t i = 1; i < ARRAY_LEN(script); i++)
		assert_string_equal(rig_header(&rig, i, "Prefer"),
		    "odata.maxpagesize=1,odata.include-annotations="
		    "\"OData.Community.Display.V1.FormattedValue,"
		    "Microsoft.Dynamics.CRM.lookuplogicalname\"");
	RIG_SEES(&rig, SEEN("01", "2026-11-24T10:00:00Z")
	    SEEN("02", "2026-11-24T10:00:01Z")
	    SEEN("03", "2026-11-24T10:00:02Z"));
	rig_end(&rig, true);
}

static void
test_link_to_itself(void **state)
{
	struct sim_reply script[] = { TOKEN, DEALS,
		{ .target = API "incidents?$select=" }, RESOLUTIONS,
		{ .target = API "incidents?p=2 " }, RESOLUTIONS };
	struct rig rig;

	(void)state;
	start(&rig, ONLY_CASES, script, ARRAY_LEN(script));
	script[2].body = script[4].body = paged(&rig,
	    CASE("01", "2026-11-24T10:00:00Z"), simhttpd_url(rig.sim),
	    API "incidents?p=2");
	assert_false(rig_events(&rig, NULL, NULL));
	assert_int_equal(rig.err.kind, ERR_PROTOCOL);
	assert_string_equal(rig.watermark, "");
	rig_end(&rig, false);
}

/* ---- watermarks -------------------------------------------------------- */

/* The mark lies below the server's time, not ours, by the larger of the two. */
static void
test_mark_below_server_time(void **state)
{
	static const struct {
		const char *more, *mark;
	} cases[] = {
		/* The server says 01:50:00. */
		{ ONLY_CASES, "2026-11-25T01:34:59Z" },
		{ ONLY_CASES "upper_margin_s = 3600;", "2026-11-25T00:40:00Z" },
		{ ONLY_CASES "overlap_s = 3600;", "2026-11-25T00:40:00Z" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct sim_reply script[] = { TOKEN, DEALS,
			{ .target = API "incidents?$select=", .headers = "Date: "
			    "Wed, 25 Nov 2026 01:50:00 GMT\r\n", .body = VALUE(
			    CASE("01", "2026-11-25T00:40:00Z") ","
			    CASE("02", "2026-11-25T01:34:59Z") ","
			    CASE("03", "2026-11-25T01:35:01Z") ","
			    CASE("04", "2026-11-25T01:49:00Z")) }, RESOLUTIONS };
		struct rig rig;
		start(&rig, cases[i].more, script, ARRAY_LEN(script));
		RIG_OK(&rig, rig_events(&rig, NULL, NULL));
		const char *mark = strstr(rig.watermark, "incidents=20:");
		assert_non_null(mark);
		assert_string_equal(mark + 13, cases[i].mark);
		rig_end(&rig, true);
	}
}

/* DV-19: one second that fills more than a page, and a row that was committed
 * late below the mark: each once over three nights. */
static void
test_dv19_equal_stamps(void **state)
{
#define SAME "2026-11-24T10:00:00Z"
	struct sim_reply nights[3][8] = {
		{ TOKEN, DEALS, { .target = API "incidents?$select=" },
		    RESOLUTIONS, { .target = API "incidents?p=2 ", .body =
		    VALUE(CASE("03", SAME)) }, RESOLUTIONS },
		{ TOKEN, DEALS, CASES(CASE("04", "2026-11-24T09:50:00Z") ","
		    CASE("01", SAME) "," CASE("02", SAME) "," CASE("03", SAME)),
		    RESOLUTIONS },
		{ TOKEN, DEALS, CASES(CASE("04", "2026-11-24T09:50:00Z") ","
		    CASE("01", SAME) "," CASE("02", SAME) "," CASE("03", SAME)),
		    RESOLUTIONS } };
	static const size_t n[] = { 6, 4, 4 };
	char mark[12000] = "";

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(n); i++) {
		struct rig rig;
		start(&rig, ONLY_CASES, nights[i], n[i]);
		nights[0][2].body = paged(&rig, CASE("01", SAME) ","
		    CASE("02", SAME), simhttpd_url(rig.sim),
		    API "incidents?p=2");
		RIG_OK(&rig, rig_events(&rig, *mark == '\0' ? NULL : mark,
		    NULL));
		/* Every night asks from before the second, and meets them all:
		 * the core knows each by its key. */
		if (i > 0)
			assert_non_null(strstr(rig_line(&rig, 2),
			    "modifiedon%20ge%202026-11-24T09:45:00Z"));
		RIG_SEES(&rig, i == 0 ? SEEN("01", SAME) SEEN("02", SAME)
		    SEEN("03", SAME) : SEEN("04", "2026-11-24T09:50:00Z")
		    SEEN("01", SAME) SEEN("02", SAME) SEEN("03", SAME));
		snprintf(mark, sizeof(mark), "%s", rig.watermark);
		assert_non_null(strstr(mark, "incidents=20:" SAME));
		rig_end(&rig, true);
	}
#undef SAME
}

/* A look back takes what lies before the next ordinary pass, and no more. */
static void
test_sweep(void **state)
{
	struct sim_reply script[] = { TOKEN, DEALS,
		{ .target = API "incidents?$select=" }, RESOLUTIONS };
	struct rig rig;

	(void)state;
	start(&rig, ONLY_CASES, script, ARRAY_LEN(script));
	script[2].body = paged(&rig, CASE("01", "2026-11-20T10:00:00Z") ","
	    CASE("02", "2026-11-24T01:44:59Z") ","
	    CASE("03", "2026-11-24T01:45:01Z"), simhttpd_url(rig.sim),
	    API "incidents?p=2");
	struct pull pull = rig_pull(&rig, "opportunities=20:2026-11-24T02:00:"
	    "00Zincidents=20:2026-11-24T02:00:00Z", NULL);
	pull.sweep = true;
	pull.from = rig_time("2026-11-18T00:00:00Z");
	RIG_OK(&rig, dynamics_crm.pull_events(rig.self, &pull, rig_event,
	    rig_checkpoint, &rig, &rig.err));
	RIG_SEES(&rig, SEEN("01", "2026-11-20T10:00:00Z")
	    SEEN("02", "2026-11-24T01:44:59Z"));
	assert_non_null(strstr(rig_line(&rig, 2),
	    "modifiedon%20ge%202026-11-18T00:00:00Z"));
	rig_end(&rig, true);
}

/* ---- broken passes ----------------------------------------------------- */

/* Broken in the second page of the second set: it goes on there. */
static void
test_resume(void **state)
{
	struct sim_reply first[] = { TOKEN,
		{ .target = API "opportunities?", .body = VALUE(""), .repeat =
		    1 },
		{ .target = API "incidents?$select=" }, RESOLUTIONS,
		{ .target = API "incidents?p=2 ", .status = 503 },
		{ .target = API "incidents?p=2 ", .body =
		    VALUE(CASE("02", "2026-11-24T10:00:01Z")) }, RESOLUTIONS };
	struct rig rig;

	(void)state;
	start(&rig, ONLY_CASES, first, ARRAY_LEN(first));
	first[2].body = paged(&rig, CASE("01", "2026-11-24T10:00:00Z"),
	    simhttpd_url(rig.sim), API "incidents?p=2");
	assert_false(rig_events(&rig, NULL, NULL));
	assert_int_equal(rig.err.kind, ERR_RETRY);
	assert_string_equal(rig.watermark, "");
	assert_non_null(strstr(rig.resume, "incidents@"));
	char *resume = arena_strdup(rig.arena, rig.resume);

	/* The deals, which were read to their end, are asked from there. */
	buf_reset(&rig.seen);
	const size_t before = simhttpd_requests(rig.sim);
	RIG_OK(&rig, rig_events(&rig, NULL, resume));
	assert_string_equal(rig_line(&rig, before + 1),
	    "GET " API "incidents?p=2 HTTP/1.1");
	RIG_SEES(&rig, SEEN("02", "2026-11-24T10:00:01Z"));
	assert_non_null(strstr(rig.watermark,
	    "incidents=20:2026-11-24T10:00:01Z"));
	rig_end(&rig, true);
}

/* The server has forgotten the page: the set begins again, nothing is lost. */
static void
test_resume_gone(void **state)
{
	static const long statuses[] = { 400, 404, 410 };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(statuses); i++) {
		struct sim_reply script[] = { TOKEN,
			{ .target = API "opportunities?", .body = VALUE(""),
			    .repeat = 1 },
			{ .target = API "incidents?$select=" },
			{ .target = API "incidentresolutions?", .body =
			    VALUE(""), .repeat = 9 },
			{ .target = API "incidents?p=2 ", .status = 503 },
			{ .target = API "incidents?p=2 ", .status =
			    (int)statuses[i] },
			{ .target = API "incidents?$select=", .body =
			    VALUE(CASE("01", "2026-11-24T10:00:00Z") ","
			    CASE("02", "2026-11-24T10:00:01Z")) } };
		struct rig rig;
		start(&rig, ONLY_CASES, script, ARRAY_LEN(script));
		script[2].body = paged(&rig, CASE("01", "2026-11-24T10:00:00Z"),
		    simhttpd_url(rig.sim), API "incidents?p=2");
		assert_false(rig_events(&rig, NULL, NULL));
		buf_reset(&rig.seen);
		char *resume = arena_strdup(rig.arena, rig.resume);
		RIG_OK(&rig, rig_events(&rig, NULL, resume));
		RIG_SEES(&rig, SEEN("01", "2026-11-24T10:00:00Z")
		    SEEN("02", "2026-11-24T10:00:01Z"));
		assert_non_null(strstr(rig.watermark,
		    "incidents=20:2026-11-24T10:00:01Z"));
		rig_end(&rig, false);
	}
}

/* A kept place of another environment is no address to ask. */
static void
test_resume_elsewhere(void **state)
{
	struct sim_reply script[] = { TOKEN,
		{ .target = API "incidents?$select=", .body = VALUE("") } };
	struct rig rig;

	(void)state;
	start(&rig, ONLY_CASES, script, ARRAY_LEN(script));
	(void)rig_events(&rig, NULL, "opportunities=20:2026-11-24T02:00:00Z"
	    "incidents@40:0:3|0|0||https://evil.example/incidents?x");
	for (size_t i = 0; i < simhttpd_requests(rig.sim); i++)
		assert_null(strstr(simhttpd_request(rig.sim, i), "evil"));
	rig_end(&rig, false);
}

static void
test_resume_nonsense(void **state)
{
	struct sim_reply script[] = { TOKEN };
	struct rig rig;

	(void)state;
	start(&rig, ONLY_CASES, script, 0);
	assert_false(rig_events(&rig, NULL, "nonsense"));
	assert_int_equal(rig.err.kind, ERR_GONE);
	rig_end(&rig, true);
}

/* A callback that says stop ends it; the place is kept. */
static void
test_stopped(void **state)
{
	struct sim_reply script[] = { TOKEN, DEALS,
		{ .target = API "incidents?$select=" }, RESOLUTIONS };
	struct rig rig;

	(void)state;
	start(&rig, ONLY_CASES, script, ARRAY_LEN(script));
	script[2].body = paged(&rig, CASE("01", "2026-11-24T10:00:00Z"),
	    simhttpd_url(rig.sim), API "incidents?p=2");
	rig.stop_page = 2;
	assert_false(rig_events(&rig, NULL, NULL));
	assert_int_equal(rig.err.kind, ERR_CANCELLED);
	assert_non_null(strstr(rig.resume, "incidents@"));
	rig_end(&rig, true);
}

/* ---- rows -------------------------------------------------------------- */

static void
test_unreadable_rows(void **state)
{
	struct sim_reply script[] = { TOKEN, DEALS, CASES(
	    "{\"incidentid\":\"x\",\"modifiedon\":\"2026-11-24T10:00:00Z\"},"
	    "{\"incidentid\":\"" ID("01") "\",\"statecode\":1,\"statuscode\":5,"
	    "\"modifiedon\":\"soon\"}," CASE("02", "2026-11-24T10:00:00Z")
	    ",null,7"), RESOLUTIONS };
	struct rig rig;

	(void)state;
	start(&rig, ONLY_CASES, script, ARRAY_LEN(script));
	RIG_OK(&rig, rig_events(&rig, NULL, NULL));
	RIG_SEES(&rig, SEEN("02", "2026-11-24T10:00:00Z"));
	RIG_REFUSES(&rig, "incidents -: expected a GUID as key\n"
	    "incidents " ID("01") ": modifiedon: expected a time\n"
	    "incidents -: expected a GUID as key\n"
	    "incidents -: expected a GUID as key\n");
	rig_end(&rig, true);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_query),
		cmocka_unit_test(test_dv02_link_as_it_is),
		cmocka_unit_test(test_dv03_link_elsewhere),
		cmocka_unit_test(test_dv03_by_id),
		cmocka_unit_test(test_dv04_same_prefer),
		cmocka_unit_test(test_link_to_itself),
		cmocka_unit_test(test_mark_below_server_time),
		cmocka_unit_test(test_dv19_equal_stamps),
		cmocka_unit_test(test_sweep),
		cmocka_unit_test(test_resume),
		cmocka_unit_test(test_resume_gone),
		cmocka_unit_test(test_resume_elsewhere),
		cmocka_unit_test(test_resume_nonsense),
		cmocka_unit_test(test_stopped),
		cmocka_unit_test(test_unreadable_rows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
