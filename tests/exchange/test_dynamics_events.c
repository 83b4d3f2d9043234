/*
 * Meetings, deals, cases and activities of the dynamics driver over a scripted
 * server: who is asked, when it was, and what is no event.  DV-nn: the
 * pitfall's number.
 */
#include "dynamics/rig.h"

#define NO_MEETINGS "meeting_sets = [];"
#define NONE(set) { .target = API set "?", .body = VALUE("") }
#define ROWS(set, rows) { .target = API set "?", .body = VALUE(rows) }
#define WHEN "\"modifiedon\":\"2026-11-24T10:00:00Z\""
#define OWNER LOOKUP("_ownerid_value", ID("f1"), "systemuser")

#define MEETING(xx, more) "{\"activityid\":\"" ID(xx) "\",\"statecode\":1," \
	"\"statuscode\":3,\"category\":\"Demo\",\"scheduledend\":" \
	"\"2026-11-23T13:00:00Z\",\"actualend\":\"2026-11-24T09:59:00Z\"," \
	OWNER "," WHEN more "}"
#define PARTY(act, who, type, mask) "{\"_activityid_value\":\"" ID(act) "\"," \
	LOOKUP("_partyid_value", ID(who), type) ",\"participationtypemask\":" \
	#mask "}"
#define MET(act, who) "meet " act "/" who " " who " 2026-11-23T13:00:00Z " \
	"2026-11-24T09:59:00Z Demo\n"

static void
pull(struct rig *rig, const char *more, const struct sim_reply *script,
    size_t n)
{
	rig_start(rig, more, script, n);
	if (!rig_events(rig, NULL, NULL))
		fail_msg("%s", rig->err.msg);
}

/* ---- meetings ---------------------------------------------------------- */

/* DV-11: contacts with the masks, nobody else. */
static void
test_dv11_parties(void **state)
{
	static const struct sim_reply script[] = { TOKEN,
		ROWS("appointments", MEETING("01", "") "," MEETING("02", "")
		    "," MEETING("03", "")),
		ROWS("activityparties",
		    PARTY("01", "c1", "contact", 5) ","
		    PARTY("01", "c2", "contact", 6) ","
		    PARTY("01", "c3", "contact", 7) ","	/* organiser */
		    PARTY("01", "c4", "contact", 8) ","	/* what it regards */
		    PARTY("01", "f1", "systemuser", 5) ","
		    PARTY("01", "a1", "account", 5) ","
		    PARTY("01", "c1", "contact", 6) ","
		    "{\"_activityid_value\":\"" ID("01") "\",\"_partyid_value\":"
		    "null,\"participationtypemask\":5},"
		    "{\"_activityid_value\":\"" ID("01") "\",\"_partyid_value\":"
		    "\"" ID("c9") "\",\"participationtypemask\":5},"
		    PARTY("02", "c1", "contact", 5)),
		NONE("opportunities"), NONE("incidents") };
	struct rig rig;

	(void)state;
	pull(&rig, "", script, ARRAY_LEN(script));
	RIG_SEES(&rig, MET("01", "c1") MET("01", "c2") MET("02", "c1")
	    "meet 03 - 2026-11-23T13:00:00Z 2026-11-24T09:59:00Z Demo\n");
	RIG_REFUSES(&rig, "");
	assert_string_equal(rig_line(&rig, 2), "GET " API "activityparties?"
	    "$select=_activityid_value,_partyid_value,participationtypemask&"
	    "$filter=_activityid_value%20eq%20" ID("01") "%20or%20"
	    "_activityid_value%20eq%20" ID("02") "%20or%20_activityid_value"
	    "%20eq%20" ID("03") " HTTP/1.1");
	rig_end(&rig, true);
}

static void
test_meeting_query(void **state)
{
	static const struct sim_reply script[] = { TOKEN,
		NONE("appointments"), NONE("phonecalls"),
		NONE("opportunities"), NONE("incidents") };
	struct rig rig;

	(void)state;
	pull(&rig, "meeting_sets = [ 'appointments', 'phonecalls' ]; "
	    "meeting_filter = 'category eq `A & B` or prioritycode eq 2';",
	    script, ARRAY_LEN(script));
	assert_string_equal(rig_line(&rig, 1), "GET " API "appointments?"
	    "$select=activityid,subject,category,subcategory,statecode,"
	    "statuscode,actualend,scheduledend,modifiedon,"
	    "_regardingobjectid_value,_ownerid_value,instancetypecode&$filter="
	    "(statecode%20eq%201%20and%20(category%20eq%20'A%20%26%20B'%20or%20"
	    "prioritycode%20eq%202))%20and%20modifiedon%20ge%201970-01-01T00:00:"
	    "00Z&$orderby=modifiedon%20asc,activityid%20asc HTTP/1.1");
	/* No series of telephone calls. */
	assert_null(strstr(rig_line(&rig, 2), "instancetypecode"));
	rig_end(&rig, true);
}

/* A series' master is no meeting, nor is one that is open, nor one that has no
 * time at all. */
static void
test_no_meeting(void **state)
{
	static const struct sim_reply script[] = { TOKEN,
		ROWS("appointments", MEETING("01", ",\"instancetypecode\":1")
		    "," MEETING("02", ",\"instancetypecode\":2")
		    ",{\"activityid\":\"" ID("03") "\",\"statecode\":3," WHEN "}"
		    ",{\"activityid\":\"" ID("04") "\",\"statecode\":1," WHEN
		    "}"),
		ROWS("activityparties", PARTY("02", "c1", "contact", 5)),
		NONE("opportunities"), NONE("incidents") };
	struct rig rig;

	(void)state;
	pull(&rig, "", script, ARRAY_LEN(script));
	RIG_SEES(&rig, MET("02", "c1"));
	RIG_REFUSES(&rig, "appointments " ID("04") ": actualend: expected a "
	    "time there or in scheduledend\n");
	rig_end(&rig, true);
}

/* Held on Friday, entered on Monday: the row changed, so it is met. */
static void
test_meeting_entered_late(void **state)
{
	static const struct sim_reply script[] = { TOKEN,
		ROWS("appointments", "{\"activityid\":\"" ID("01") "\","
		    "\"statecode\":1,\"statuscode\":3,\"scheduledend\":"
		    "\"2026-11-21T13:00:00Z\",\"actualend\":\"2026-11-21T13:00:"
		    "00Z\",\"modifiedon\":\"2026-11-24T16:00:00Z\"}"),
		ROWS("activityparties", PARTY("01", "c1", "contact", 5)),
		NONE("opportunities"), NONE("incidents") };
	struct rig rig;

	(void)state;
	rig_start(&rig, "", script, ARRAY_LEN(script));
	RIG_OK(&rig, rig_events(&rig, "appointments=20:2026-11-24T02:00:00Z",
	    NULL));
	RIG_SEES(&rig, "meet 01/c1 c1 2026-11-21T13:00:00Z 2026-11-21T13:00:00Z"
	    " -\n");
	rig_end(&rig, true);
}

/* Who took part is asked for in as many requests as the address has room for,
 * and page after page. */
static void
test_many_parties(void **state)
{
	struct sim_reply script[] = { TOKEN,
		{ .target = API "appointments?" },
		{ .target = ID("01") "%20or", .body = VALUE(
		    PARTY("01", "c1", "contact", 5)) },
		{ .target = ID("40") " ", .body = VALUE(
		    PARTY("40", "c2", "contact", 5)) },
		NONE("opportunities"), NONE("incidents") };
	struct rig rig;
	const char *rows = "";

	(void)state;
	rig_begin(&rig, script, ARRAY_LEN(script));
	RIG_OK(&rig, rig_settings(&rig, simhttpd_url(rig.sim),
	    "url_max_bytes = 2400;") && rig_open(&rig));
	for (int i = 1; i <= 25; i++)
		rows = arena_printf(rig.arena, "%s{\"activityid\":\"%s%02d\","
		    "\"statecode\":1,\"actualend\":\"2026-11-24T09:59:00Z\","
		    WHEN "},", rows, ID(""), i);
	script[1].body = arena_printf(rig.arena, VALUE("%s"), arena_printf(
	    rig.arena, "%s%s", rows, MEETING("40", "")));
	RIG_OK(&rig, rig_events(&rig, NULL, NULL));
	for (size_t i = 2; i <= 3; i++)
		assert_true(strlen(rig_line(&rig, i)) <= 1500);
	assert_non_null(strstr(buf_text(&rig.seen), "meet 01/c1 c1"));
	assert_non_null(strstr(buf_text(&rig.seen), MET("40", "c2")));
	rig_end(&rig, true);
}

/* A meeting of 4,500: the memory of a page holds their list. */
static void
test_big_meeting(void **state)
{
	enum { MANY = 4500 };
	struct sim_reply script[] = { TOKEN,
		ROWS("appointments", MEETING("01", "") "," MEETING("02", "")),
		{ .target = API "activityparties?" },
		NONE("opportunities"), NONE("incidents") };
	struct rig rig;
	struct buf rows;
	size_t n = 0;

	(void)state;
	rig_start(&rig, "", script, ARRAY_LEN(script));
	buf_init(&rows, 4 << 20);
	buf_str(&rows, "{\"value\":[" PARTY("02", "c1", "contact", 5));
	for (int i = 0; i < MANY; i++)
		buf_printf(&rows, ",{\"_activityid_value\":\"" ID("01") "\","
		    "\"_partyid_value\":\"89390c24-9c72-e511-80d4-%012d\","
		    TYPE("_partyid_value", "contact") ","
		    "\"participationtypemask\":5}", i);
	buf_str(&rows, "," PARTY("02", "c2", "contact", 5) "]}");
	script[2].body = buf_text(&rows);
	RIG_OK(&rig, rig_events(&rig, NULL, NULL));
	for (const char *at = buf_text(&rig.seen); (at = strstr(at, "meet 01/"))
	    != NULL; at++)
		n++;
	assert_int_equal(n, MANY);
	assert_non_null(strstr(buf_text(&rig.seen), MET("02", "c1")
	    MET("02", "c2")));
	buf_free(&rows);
	rig_end(&rig, true);
}

static void
test_in_function(void **state)
{
	static const struct sim_reply script[] = { TOKEN,
		ROWS("appointments", MEETING("01", "") "," MEETING("02", "")),
		ROWS("activityparties", PARTY("02", "c1", "contact", 5)),
		NONE("opportunities"), NONE("incidents") };
	struct rig rig;

	(void)state;
	pull(&rig, "in_style = 'function';", script, ARRAY_LEN(script));
	assert_non_null(strstr(rig_line(&rig, 2), "$filter=Microsoft.Dynamics."
	    "CRM.In(PropertyName='activityid',PropertyValues=%5B'" ID("01")
	    "','" ID("02") "'%5D) "));
	rig_end(&rig, true);
}

/* ---- deals ------------------------------------------------------------- */

#define DEAL(xx, state_, more) "{\"opportunityid\":\"" ID(xx) "\",\"statecode\"" \
	":" #state_ ",\"statuscode\":3,\"actualclosedate\":\"2026-11-24\"," \
	WHEN more "}"
#define PARENT(xx) ",\"_parentcontactid_value\":\"" ID(xx) "\""
#define CLOSE(deal, at) "{\"_opportunityid_value\":\"" ID(deal) "\"," \
	"\"actualend\":\"" at "\"}"
/* The day begins at midnight in Copenhagen. */
#define DAY "2026-11-23T23:00:00Z 2026-11-23T23:00:00Z -\n"

static void
test_deals(void **state)
{
	static const struct sim_reply script[] = { TOKEN,
		ROWS("opportunities",
		    DEAL("01", 1, PARENT("c1")) ","
		    DEAL("02", 2, PARENT("c2")) ","
		    DEAL("03", 0, PARENT("c3")) ","
		    DEAL("04", 1, "," LOOKUP("_customerid_value", ID("c4"),
		        "contact")) ","
		    DEAL("05", 1, "," LOOKUP("_customerid_value", ID("a1"),
		        "account") ",\"parentaccountid\":{"
		        "\"_primarycontactid_value\":\"" ID("c5") "\"}") ","
		    "{\"opportunityid\":\"" ID("06") "\",\"statecode\":1," WHEN
		    "}"),
		ROWS("opportunitycloses",
		    CLOSE("02", "2026-11-24T08:00:00Z") ","
		    CLOSE("02", "2026-11-24T09:00:00Z") ","
		    CLOSE("02", "2026-11-20T09:00:00Z")),
		NONE("incidents") };
	struct rig rig;

	(void)state;
	pull(&rig, NO_MEETINGS, script, ARRAY_LEN(script));
	RIG_SEES(&rig, "sale 01 c1 " DAY
	    "loss 02 c2 2026-11-24T09:00:00Z 2026-11-24T09:00:00Z -\n"
	    "sale 04 c4 " DAY "sale 05 - " DAY);
	RIG_REFUSES(&rig, "opportunities " ID("06") ": actualclosedate: "
	    "expected a day\n");
	rig_end(&rig, true);
}

/* Whom nobody designated only where the installation says so. */
static void
test_deal_contact_rule(void **state)
{
	static const struct sim_reply script[] = { TOKEN,
		ROWS("opportunities", DEAL("01", 1, ",\"parentaccountid\":{"
		    "\"_primarycontactid_value\":\"" ID("c1") "\"}") ","
		    DEAL("02", 1, ",\"parentaccountid\":null,"
		    "\"customerid_account\":{\"_primarycontactid_value\":\""
		    ID("c2") "\"}") "," DEAL("03", 1, PARENT("c3"))),
		NONE("opportunitycloses"), NONE("incidents") };
	struct rig rig;

	(void)state;
	pull(&rig, NO_MEETINGS "deal_contact_rule = 'parent_customer_primary';",
	    script, ARRAY_LEN(script));
	RIG_SEES(&rig, "sale 01 c1 " DAY "sale 02 c2 " DAY "sale 03 c3 " DAY);
	assert_non_null(strstr(rig_line(&rig, 1), "&$expand=parentaccountid("
	    "$select=_primarycontactid_value),customerid_account($select="
	    "_primarycontactid_value)&"));
	rig_end(&rig, true);
}

/* DV-12: won, opened, won again: one event by its id, or one for each. */
static void
test_dv12_rewin(void **state)
{
	static const struct {
		const char *more, *first, *second;
	} cases[] = {
		{ NO_MEETINGS, "sale 01 c1 ", "sale 01 c1 " },
		{ NO_MEETINGS "deal_rewin = 'each';",
		    "sale 01@2026-11-20T09:00:00Z c1 ",
		    "sale 01@2026-11-24T09:00:00Z c1 " },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		static const struct sim_reply script[] = { TOKEN,
			ROWS("opportunities", DEAL("01", 1, PARENT("c1"))),
			ROWS("opportunitycloses",
			    CLOSE("01", "2026-11-20T09:00:00Z")),
			NONE("incidents"),
			ROWS("opportunities", DEAL("01", 1, PARENT("c1"))),
			ROWS("opportunitycloses",
			    CLOSE("01", "2026-11-20T09:00:00Z") ","
			    CLOSE("01", "2026-11-24T09:00:00Z")),
			NONE("incidents") };
		struct rig rig;
		pull(&rig, cases[i].more, script, ARRAY_LEN(script));
		RIG_SEES(&rig, arena_printf(rig.arena, "%s%s", cases[i].first,
		    "2026-11-20T09:00:00Z 2026-11-20T09:00:00Z -\n"));
		buf_reset(&rig.seen);
		RIG_OK(&rig, rig_events(&rig, NULL, NULL));
		RIG_SEES(&rig, arena_printf(rig.arena, "%s%s", cases[i].second,
		    "2026-11-24T09:00:00Z 2026-11-24T09:00:00Z -\n"));
		rig_end(&rig, true);
	}
}

/* Without the right to read the closings: the day, and not asked again. */
static void
test_closings_unread(void **state)
{
	static const struct sim_reply refusals[] = {
		{ .target = API "opportunitycloses?", .status = 403 },
		{ .target = API "opportunitycloses?", .status = 404 },
		{ .target = API "opportunitycloses?", .status = 400, .body =
		    "{\"error\":{\"message\":\"Could not find a property named "
		    "'actualend' on type 'x'.\"}}" } };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(refusals); i++) {
		const struct sim_reply script[] = { TOKEN,
			ROWS("opportunities", DEAL("01", 1, PARENT("c1"))),
			refusals[i], NONE("incidents"),
			ROWS("opportunities", DEAL("02", 1, PARENT("c2"))),
			NONE("incidents") };
		struct rig rig;
		pull(&rig, NO_MEETINGS, script, ARRAY_LEN(script));
		RIG_OK(&rig, rig_events(&rig, NULL, NULL));
		RIG_SEES(&rig, "sale 01 c1 " DAY "sale 02 c2 " DAY);
		rig_end(&rig, true);
	}
}

/* But a server that fails is no refusal: the pass ends. */
static void
test_closings_fail(void **state)
{
	static const struct sim_reply script[] = { TOKEN,
		ROWS("opportunities", DEAL("01", 1, PARENT("c1"))),
		{ .target = API "opportunitycloses?", .status = 503 } };
	struct rig rig;

	(void)state;
	rig_start(&rig, NO_MEETINGS, script, ARRAY_LEN(script));
	assert_false(rig_events(&rig, NULL, NULL));
	assert_int_equal(rig.err.kind, ERR_RETRY);
	RIG_SEES(&rig, "");
	rig_end(&rig, true);
}

/* Ids that name the moment are none without it: they would change later. */
static void
test_rewin_unread(void **state)
{
	static const struct sim_reply script[] = { TOKEN,
		ROWS("opportunities", DEAL("01", 1, PARENT("c1"))),
		{ .target = API "opportunitycloses?", .status = 403 } };
	struct rig rig;

	(void)state;
	rig_start(&rig, NO_MEETINGS "deal_rewin = 'each';", script,
	    ARRAY_LEN(script));
	assert_false(rig_events(&rig, NULL, NULL));
	assert_int_equal(rig.err.kind, ERR_CONFIG);
	assert_non_null(strstr(rig.err.msg, "deal_rewin = \"each\" needs the "
	    "right to read opportunitycloses"));
	RIG_SEES(&rig, "");
	rig_end(&rig, true);
}

#define CLOSING(xx, deal, at) "{\"activityid\":\"" ID(xx) "\"," \
	"\"_opportunityid_value\":\"" ID(deal) "\",\"actualend\":\"" at "\"," \
	WHEN "}"
/* Lost, and won later: a look back finds both closings, and one sale. */
static void
test_source_closes_rewin(void **state)
{
	static const struct sim_reply script[] = { TOKEN,
		ROWS("opportunitycloses",
		    CLOSING("a1", "01", "2026-11-17T08:00:00Z") ","
		    CLOSING("a2", "01", "2026-11-24T08:00:00Z") ","
		    CLOSING("a3", "02", "2026-11-16T08:00:00Z")),
		{ .target = API "opportunities?", .body = VALUE(
		    DEAL("01", 1, PARENT("c1")) "," DEAL("02", 1,
		        PARENT("c2"))) },
		/* Of the second one the last is not in this page. */
		ROWS("opportunitycloses",
		    CLOSE("01", "2026-11-17T08:00:00Z") ","
		    CLOSE("01", "2026-11-24T08:00:00Z") ","
		    CLOSE("02", "2026-11-16T08:00:00Z") ","
		    CLOSE("02", "2026-11-24T09:00:00Z")),
		NONE("incidents") };
	struct rig rig;

	(void)state;
	pull(&rig, NO_MEETINGS "deal_source = 'opportunitycloses'; "
	    "deal_rewin = 'each';", script, ARRAY_LEN(script));
	RIG_SEES(&rig, "sale 01@2026-11-24T08:00:00Z c1 2026-11-24T08:00:00Z "
	    "2026-11-24T08:00:00Z -\n");
	rig_end(&rig, true);
}

static void
test_source_closes(void **state)
{
	static const struct sim_reply script[] = { TOKEN,
		ROWS("opportunitycloses",
		    "{\"activityid\":\"" ID("a1") "\",\"_opportunityid_value\":"
		    "\"" ID("01") "\",\"actualend\":\"2026-11-24T08:00:00Z\","
		    WHEN "},{\"activityid\":\"" ID("a2") "\","
		    "\"_opportunityid_value\":\"" ID("02") "\",\"actualend\":"
		    "\"2026-11-24T09:00:00Z\"," WHEN "},{\"activityid\":\""
		    ID("a3") "\",\"_opportunityid_value\":\"" ID("03") "\","
		    WHEN "}"),
		{ .target = API "opportunities?", .body = VALUE(
		    DEAL("01", 1, PARENT("c1")) "," DEAL("02", 0, "") ) },
		NONE("incidents") };
	struct rig rig;

	(void)state;
	pull(&rig, NO_MEETINGS "deal_source = 'opportunitycloses';", script,
	    ARRAY_LEN(script));
	/* Opened again, and gone: closed for nobody. */
	RIG_SEES(&rig, "sale 01 c1 2026-11-24T08:00:00Z 2026-11-24T08:00:00Z "
	    "-\n");
	assert_string_equal(rig_line(&rig, 1), "GET " API "opportunitycloses?"
	    "$select=activityid,_opportunityid_value,actualend,modifiedon&"
	    "$filter=modifiedon%20ge%201970-01-01T00:00:00Z&$orderby=modifiedon"
	    "%20asc,activityid%20asc HTTP/1.1");
	assert_non_null(strstr(rig_line(&rig, 2), "&$filter=opportunityid%20eq"
	    "%20" ID("01") "%20or%20opportunityid%20eq%20" ID("02")));
	rig_end(&rig, true);
}

/* ---- cases ------------------------------------------------------------- */

#define CASE(xx, status, more) "{\"incidentid\":\"" ID(xx) "\",\"statecode\":1," \
	"\"statuscode\":" #status "," WHEN more "}"

/* DV-13: merged cases are none; who asked before whose case it is. */
static void
test_dv13_cases(void **state)
{
	static const struct sim_reply script[] = { TOKEN,
		NONE("opportunities"),
		ROWS("incidents",
		    CASE("01", 5, ",\"_primarycontactid_value\":\"" ID("c1")
		        "\"," LOOKUP("_customerid_value", ID("c9"), "contact"))
		    "," CASE("02", 1000, "," LOOKUP("_customerid_value",
		        ID("c2"), "contact"))
		    "," CASE("03", 2000, "," LOOKUP("_customerid_value",
		        ID("c3"), "contact"))
		    "," CASE("04", 5, "," LOOKUP("_customerid_value", ID("a1"),
		        "account"))),
		ROWS("incidentresolutions", "{\"_incidentid_value\":\"" ID("02")
		    "\",\"actualend\":\"2026-11-24T09:00:00Z\"}") };
	struct rig rig;

	(void)state;
	pull(&rig, NO_MEETINGS, script, ARRAY_LEN(script));
	RIG_SEES(&rig, "case 01 c1 2026-11-24T10:00:00Z - -\n"
	    "case 02 c2 2026-11-24T09:00:00Z 2026-11-24T09:00:00Z -\n"
	    "case 04 - 2026-11-24T10:00:00Z - -\n");
	rig_end(&rig, true);
}

static void
test_source_resolutions(void **state)
{
	static const struct sim_reply script[] = { TOKEN,
		NONE("opportunities"),
		ROWS("incidentresolutions", "{\"activityid\":\"" ID("a1") "\","
		    "\"_incidentid_value\":\"" ID("01") "\",\"actualend\":"
		    "\"2026-11-24T08:00:00Z\"," WHEN "},{\"activityid\":\""
		    ID("a2") "\",\"_incidentid_value\":\"" ID("02") "\"," WHEN
		    "}"),
		ROWS("incidents", CASE("01", 5, ",\"_primarycontactid_value\":"
		    "\"" ID("c1") "\"") "," CASE("02", 2000, "")) };
	struct rig rig;

	(void)state;
	pull(&rig, NO_MEETINGS "case_source = 'incidentresolutions';", script,
	    ARRAY_LEN(script));
	RIG_SEES(&rig, "case 01 c1 2026-11-24T08:00:00Z 2026-11-24T08:00:00Z "
	    "-\n");
	rig_end(&rig, true);
}

/* ---- activities -------------------------------------------------------- */

#define ACT(xx, type, state_, more) "{\"activityid\":\"" ID(xx) "\"," \
	"\"activitytypecode\":\"" type "\",\"statecode\":" #state_ "," WHEN \
	more "}"
#define REGARDS(xx) "," LOOKUP("_regardingobjectid_value", ID(xx), "contact")
#define ENDED ",\"actualend\":\"2026-11-23T23:30:00Z\""
#define PLANNED ",\"scheduledend\":\"2026-12-01T09:00:00Z\""
#define ALL_ACTS ACT("01", "appointment", 1, ENDED REGARDS("c1")) "," \
	ACT("02", "phonecall", 0, PLANNED REGARDS("c2")) "," \
	ACT("03", "email", 2, PLANNED REGARDS("c3")) "," \
	ACT("04", "task", 1, ENDED "," LOOKUP("_regardingobjectid_value", \
	    ID("a1"), "account")) "," \
	ACT("05", "recurringappointmentmaster", 1, ENDED REGARDS("c1")) "," \
	ACT("06", "task", 0, REGARDS("c1")) "," \
	ACT("07", "task", 1, REGARDS("c1"))

static void
test_activities(void **state)
{
	static const struct sim_reply script[] = { TOKEN,
		ROWS("activitypointers", ALL_ACTS) };
	struct rig rig;

	(void)state;
	rig_start(&rig, "", script, ARRAY_LEN(script));
	RIG_OK(&rig, rig_activities(&rig, "activities=20:2026-11-24T02:00:00Z"));
	/* The day is the tenant's. */
	RIG_SEES(&rig, "0 01 c1 20261124 done\n1 02 c2 20261201\n"
	    "2 03 c3 20261201 cancelled\n");
	RIG_REFUSES(&rig, "activities " ID("07") ": actualend: expected a time "
	    "there or in scheduledend\n");
	assert_string_equal(rig_line(&rig, 1), "GET " API "activitypointers?"
	    "$select=activityid,activitytypecode,statecode,actualend,"
	    "scheduledend,modifiedon,_regardingobjectid_value&$filter="
	    "modifiedon%20ge%202026-11-24T01:45:00Z&$orderby=modifiedon%20asc,"
	    "activityid%20asc HTTP/1.1");
	rig_end(&rig, true);
}

static void
test_activities_of_parties(void **state)
{
	static const struct sim_reply script[] = { TOKEN,
		ROWS("activitypointers", ALL_ACTS),
		ROWS("activityparties", PARTY("01", "c1", "contact", 5) ","
		    PARTY("01", "c7", "contact", 7) ","
		    PARTY("04", "c8", "contact", 5)) };
	struct rig rig;

	(void)state;
	rig_start(&rig, "inactivity_source = 'parties';", script,
	    ARRAY_LEN(script));
	RIG_OK(&rig, rig_activities(&rig, NULL));
	RIG_SEES(&rig, "0 01 c1 20261124 done\n0 01 c7 20261124 done\n"
	    "1 02 c2 20261201\n2 03 c3 20261201 cancelled\n"
	    "3 04 c8 20261124 done\n");
	rig_end(&rig, true);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_dv11_parties),
		cmocka_unit_test(test_meeting_query),
		cmocka_unit_test(test_no_meeting),
		cmocka_unit_test(test_meeting_entered_late),
		cmocka_unit_test(test_many_parties),
		cmocka_unit_test(test_big_meeting),
		cmocka_unit_test(test_in_function),
		cmocka_unit_test(test_deals),
		cmocka_unit_test(test_deal_contact_rule),
		cmocka_unit_test(test_dv12_rewin),
		cmocka_unit_test(test_closings_unread),
		cmocka_unit_test(test_closings_fail),
		cmocka_unit_test(test_rewin_unread),
		cmocka_unit_test(test_source_closes_rewin),
		cmocka_unit_test(test_source_closes),
		cmocka_unit_test(test_dv13_cases),
		cmocka_unit_test(test_source_resolutions),
		cmocka_unit_test(test_activities),
		cmocka_unit_test(test_activities_of_parties),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
