/*
 * Salesforce, the stream of events: exact statements, windows, which row makes
 * which event, and what a night of trouble leaves behind.
 */
#include "salesforce/rig.h"

#define NIGHT "2026-11-24T01:44:00Z"	/* a watermark: begin 01:29 */
#define MEETINGS "deals = false; cases = false;"
#define DEALS "meetings = false; cases = false;"
#define CASES "meetings = false; deals = false;"

static struct rig rig;

/* ---- meetings ------------------------------------------------------------- */
static void
test_meetings_by_two_windows(void **state)
{
	static const struct route routes[] = {
		{ .match = "AND EndDateTime < 2026-11-25T01:59:00Z", .body =
		    ROWS(2, "{\"Id\":\"00U000000000001AAA\",\"WhoId\":"
		    "\"003000000000001AAA\",\"OwnerId\":\"005000000000001AAA\","
		    "\"Type\":\"Visit\",\"EndDateTime\":"
		    "\"2026-11-24T10:00:00.000+0000\",\"IsChild\":false},"
		    "{\"Id\":\"00U000000000002AAA\",\"WhoId\":null,"
		    "\"OwnerId\":\"005000000000001AAA\",\"EndDateTime\":"
		    "\"2026-11-24T11:00:00.000+0000\",\"IsChild\":false}") },
		{ .match = "SystemModstamp >=", .body = ROWS(1, "{\"Id\":"
		    "\"00U000000000003AAA\",\"WhoId\":\"003000000000003AAA\","
		    "\"EndDateTime\":\"2026-11-21T10:00:00.000+0000\"}") },
	};

	(void)state;
	rig_open(&rig, MEETINGS, routes, ARRAY_LEN(routes));
	if (!rig_events(&rig, NIGHT))
		fail_msg("%s", rig.err.msg);
	rig_is(&rig.seen,
	    "meet 00U000000000001AAA 003000000000001AAA Visit/- by "
	    "005000000000001AAA at 2026-11-24T10:00:00Z moved -\n"
	    "meet 00U000000000002AAA - -/- by 005000000000001AAA at "
	    "2026-11-24T11:00:00Z moved -\n"
	    "meet 00U000000000003AAA 003000000000003AAA -/- by - at "
	    "2026-11-21T10:00:00Z moved -\n");
	rig_is(&rig.log,
	    "POST /services/oauth2/token\n"
	    "GET " V "/sobjects/Contact/describe\n"
	    "GET " V "/sobjects/Event/describe\n"
	    "GET " V "/query?q=SELECT Id,WhoId,OwnerId,EndDateTime,Type,IsChild,"
	    "SystemModstamp FROM Event WHERE EndDateTime >= 2026-11-24T01:29:00Z"
	    " AND EndDateTime < 2026-11-25T01:59:00Z AND IsChild = false AND "
	    "IsDeleted = false ORDER BY EndDateTime ASC, Id ASC\n"
	    "GET " V "/query?q=SELECT Id,WhoId,OwnerId,EndDateTime,Type,IsChild,"
	    "SystemModstamp FROM Event WHERE SystemModstamp >= "
	    "2026-11-24T01:29:00Z AND SystemModstamp < 2026-11-25T01:59:00Z AND "
	    "EndDateTime >= 2026-11-10T01:29:00Z AND EndDateTime < "
	    "2026-11-24T01:29:00Z AND IsChild = false AND IsDeleted = false "
	    "ORDER BY SystemModstamp ASC, Id ASC\n");
	assert_string_equal(rig.watermark, "2026-11-25T01:45:00Z");
	assert_string_equal(rig.resume, "");
	rig_close(&rig);
}

/* SF-15 */
static void
test_no_survey_from_odd_meetings(void **state)
{
	static const struct route routes[] = {
		{ .match = "FROM Event WHERE EndDateTime", .body = ROWS(5,
		    "{\"Id\":\"00U000000000001AAA\",\"WhoId\":"
		    "\"00Q000000000001AAA\",\"EndDateTime\":"
		    "\"2026-11-24T10:00:00.000+0000\"},"
		    "{\"Id\":\"00U000000000002AAA\",\"WhoId\":"
		    "\"003000000000001AAA\",\"EndDateTime\":null},"
		    "{\"Id\":\"00U000000000003AAA\",\"WhoId\":"
		    "\"003000000000001AAA\",\"EndDateTime\":"
		    "\"2026-11-26T10:00:00.000+0000\"},"
		    "{\"Id\":\"00U000000000004AAA\",\"WhoId\":"
		    "\"003000000000001AAA\",\"IsChild\":true,\"EndDateTime\":"
		    "\"2026-11-24T10:00:00.000+0000\"},"
		    "{\"Id\":\"00U000000000005AAA\",\"WhoId\":"
		    "\"003000000000001AAA\",\"EndDateTime\":\"soon\"}") },
	};

	(void)state;
	rig_open(&rig, MEETINGS, routes, ARRAY_LEN(routes));
	assert_true(rig_events(&rig, NIGHT));
	rig_is(&rig.seen, "meet 00U000000000001AAA - -/- by - at "
	    "2026-11-24T10:00:00Z moved -\n");
	rig_is(&rig.bad,
	    "meetings 00U000000000002AAA: expected a time at which it was held\n"
	    "meetings 00U000000000003AAA: it is still to come\n"
	    "meetings 00U000000000004AAA: it is a copy for an invitee, or "
	    "deleted\n"
	    "meetings 00U000000000005AAA: expected a time at which it was held\n");
	rig_close(&rig);
}

static void
test_first_pass_reaches_as_far_as_late_ones_may_come(void **state)
{
	(void)state;
	rig_open(&rig, MEETINGS "meeting_late_days = 3; meeting_filter = "
	    "'Type = `Visit`';", NULL, 0);
	assert_true(rig_events(&rig, NULL));
	assert_int_equal(rig_count(&rig, "WHERE EndDateTime >= "
	    "2026-11-20T02:00:00Z AND EndDateTime < 2026-11-25T01:59:00Z AND "
	    "IsChild = false AND IsDeleted = false AND (Type = 'Visit') ORDER "
	    "BY"), 1);
	assert_int_equal(rig_count(&rig, "EndDateTime >= 2026-11-17T02:00:00Z "
	    "AND EndDateTime < 2026-11-20T02:00:00Z"), 1);
	rig_close(&rig);
}

static void
test_every_contact_of_a_shared_meeting(void **state)
{
	static const struct route routes[] = {
		{ .match = "FROM EventWhoRelation", .body = ROWS(4,
		    "{\"EventId\":\"00U000000000001AAA\",\"RelationId\":"
		    "\"003000000000002AAA\",\"Type\":\"Contact\"},"
		    "{\"EventId\":\"00U000000000001AAA\",\"RelationId\":"
		    "\"00Q000000000002AAA\",\"Type\":\"Lead\"},"
		    "{\"EventId\":\"00U000000000001AAA\",\"RelationId\":"
		    "\"003000000000001AAA\",\"Type\":\"Contact\"},"
		    "{\"EventId\":\"00U000000000009AAA\",\"RelationId\":"
		    "\"003000000000009AAA\",\"Type\":\"Contact\"}") },
		{ .match = "FROM Event WHERE EndDateTime", .body = ROWS(2,
		    "{\"Id\":\"00U000000000001AAA\",\"WhoId\":"
		    "\"003000000000001AAA\",\"EndDateTime\":"
		    "\"2026-11-24T10:00:00.000+0000\"},"
		    "{\"Id\":\"00U000000000002AAA\",\"WhoId\":"
		    "\"003000000000005AAA\",\"EndDateTime\":"
		    "\"2026-11-24T11:00:00.000+0000\"}") },
	};

	(void)state;
	rig_open(&rig, MEETINGS "meeting_who_relation = true;", routes,
	    ARRAY_LEN(routes));
	if (!rig_events(&rig, NIGHT))
		fail_msg("%s", rig.err.msg);
	rig_is(&rig.seen,
	    "meet 00U000000000001AAA/003000000000002AAA 003000000000002AAA -/- "
	    "by - at 2026-11-24T10:00:00Z moved -\n"
	    "meet 00U000000000001AAA/003000000000001AAA 003000000000001AAA -/- "
	    "by - at 2026-11-24T10:00:00Z moved -\n"
	    "meet 00U000000000002AAA/003000000000005AAA 003000000000005AAA -/- "
	    "by - at 2026-11-24T11:00:00Z moved -\n");
	assert_int_equal(rig_count(&rig, "q=SELECT EventId,RelationId,Type FROM "
	    "EventWhoRelation WHERE EventId IN ('00U000000000001AAA',"
	    "'00U000000000002AAA') ORDER BY EventId, Id"), 1);
	rig_close(&rig);
}

static void
test_tasks_as_meetings(void **state)
{
	static const struct route routes[] = {
		{ .match = "FROM Task WHERE", .body = ROWS(4, "{\"Id\":"
		    "\"00T000000000001AAA\",\"WhoId\":\"003000000000001AAA\","
		    "\"CompletedDateTime\":\"2026-11-24T10:00:00.000+0000\"},"
		    "{\"Id\":\"00T000000000002AAA\",\"WhoId\":"
		    "\"003000000000001AAA\",\"ActivityDate\":\"2026-11-23\"},"
		    /* Closed in the night before its day, and long after it. */
		    "{\"Id\":\"00T000000000003AAA\",\"ActivityDate\":"
		    "\"2026-11-25\",\"SystemModstamp\":"
		    "\"2026-11-25T01:30:00.000+0000\"},"
		    "{\"Id\":\"00T000000000004AAA\",\"ActivityDate\":"
		    "\"2026-11-22\",\"SystemModstamp\":"
		    "\"2026-11-24T10:00:00.000+0000\"}") },
	};

	(void)state;
	rig_open(&rig, MEETINGS "meeting_object = 'Task'; meeting_filter = "
	    "'TaskSubtype = `Call`';", routes, ARRAY_LEN(routes));
	assert_true(rig_events(&rig, NIGHT));
	rig_is(&rig.seen,
	    "meet 00T000000000001AAA 003000000000001AAA -/- by - at "
	    "2026-11-24T10:00:00Z moved -\n"
	    "meet 00T000000000002AAA 003000000000001AAA -/- by - at "
	    "2026-11-23T11:00:00Z moved -\n"
	    "meet 00T000000000003AAA - -/- by - at 2026-11-25T01:30:00Z moved -\n"
	    "meet 00T000000000004AAA - -/- by - at 2026-11-22T11:00:00Z moved -"
	    "\n");
	rig_is(&rig.bad, "");
	assert_int_equal(rig_count(&rig, "q=SELECT Id,WhoId,OwnerId,"
	    "CompletedDateTime,ActivityDate,Type,SystemModstamp FROM Task WHERE "
	    "IsClosed = true AND SystemModstamp >= 2026-11-24T01:29:00Z AND "
	    "SystemModstamp < 2026-11-25T01:59:00Z AND IsDeleted = false AND "
	    "(TaskSubtype = 'Call') ORDER BY SystemModstamp ASC, Id ASC"), 1);
	rig_close(&rig);
}

/* Whole days end with their last day, here at 23:00 UTC; the service's time is
 * 02:00 of the 25th. */
static void
test_meetings_of_whole_days(void **state)
{
	AUTO(arena) struct arena *arena = arena_new(65536);
	const struct route routes[] = {
		{ .match = "sobjects/Event/describe", .body = rig_describe(arena,
		    "Id WhoId EndDateTime IsAllDayEvent SystemModstamp") },
		{ .match = "FROM Event WHERE EndDateTime", .body = ROWS(4,
		    "{\"Id\":\"00U000000000001AAA\",\"WhoId\":null,"
		    "\"IsAllDayEvent\":true,\"EndDateTime\":"
		    "\"2026-11-24T00:00:00.000+0000\"},"
		    "{\"Id\":\"00U000000000002AAA\",\"WhoId\":null,"
		    "\"IsAllDayEvent\":true,\"EndDateTime\":"
		    "\"2026-11-25T00:00:00.000+0000\"},"
		    "{\"Id\":\"00U000000000003AAA\",\"WhoId\":null,"
		    "\"IsAllDayEvent\":false,\"EndDateTime\":"
		    "\"2026-11-25T00:00:00.000+0000\"},"
		    "{\"Id\":\"00U000000000004AAA\",\"WhoId\":null,"
		    "\"IsAllDayEvent\":false,\"EndDateTime\":"
		    "\"2026-11-25T10:00:00.000+0000\"}") },
	};

	(void)state;
	rig_open(&rig, MEETINGS, routes, ARRAY_LEN(routes));
	if (!rig_events(&rig, NIGHT))
		fail_msg("%s", rig.err.msg);
	rig_is(&rig.seen, "meet 00U000000000001AAA - -/- by - at "
	    "2026-11-24T22:59:59Z moved -\nmeet 00U000000000003AAA - -/- by - at "
	    "2026-11-25T00:00:00Z moved -\n");
	rig_is(&rig.bad, "meetings 00U000000000004AAA: it is still to come\n");
	/* What was not over is met again. */
	assert_int_equal(rig_count(&rig, "q=SELECT Id,WhoId,EndDateTime,"
	    "IsAllDayEvent,SystemModstamp FROM Event WHERE EndDateTime >= "
	    "2026-11-22T01:29:00Z AND EndDateTime < 2026-11-25T01:59:00Z"), 1);
	assert_int_equal(rig_count(&rig, "WHERE SystemModstamp >= "
	    "2026-11-24T01:29:00Z AND SystemModstamp < 2026-11-25T01:59:00Z AND "
	    "EndDateTime >= 2026-11-08T01:29:00Z AND EndDateTime < "
	    "2026-11-22T01:29:00Z"), 1);
	rig_close(&rig);
}

/* ---- deals ---------------------------------------------------------------------- */
#define DEAL(n, won, rest) "{\"Id\":\"00600000000000" #n "AAA\",\"IsWon\":" \
	won ",\"IsClosed\":true,\"StageName\":\"S\",\"OwnerId\":" \
	"\"005000000000001AAA\",\"SystemModstamp\":" \
	"\"2026-11-24T20:00:00.000+0000\"" rest "}"
#define MOVED ",\"LastStageChangeDate\":\"2026-11-24T19:00:00.000+0000\""
#define ROLE(deal, contact, primary) "{\"OpportunityId\":\"00600000000000" \
	#deal "AAA\",\"ContactId\":\"00300000000000" #contact "AAA\",\"Role\":" \
	"null,\"IsPrimary\":" primary "}"

/* SF-23 */
static void
test_whom_a_deal_designates(void **state)
{
	static const struct route routes[] = {
		{ .match = "FROM OpportunityContactRole", .body = ROWS(6,
		    ROLE(1, 1, "false") "," ROLE(1, 2, "false") ","
		    ROLE(2, 3, "false") "," ROLE(4, 5, "true") ","
		    ROLE(4, 4, "false") "," ROLE(4, 6, "false")) },
		{ .match = "FROM Opportunity WHERE", .body = ROWS(4,
		    DEAL(1, "true", MOVED) "," DEAL(2, "false", MOVED) ","
		    DEAL(3, "true", MOVED) "," DEAL(4, "true", "")) },
	};
	static const char *const expected[] = {
		"sale 006000000000001AAA - -/S by 005000000000001AAA at "
		"2026-11-24T19:00:00Z moved 2026-11-24T19:00:00Z\n",
		"sale 006000000000001AAA 003000000000001AAA -/S by "
		"005000000000001AAA at 2026-11-24T19:00:00Z moved "
		"2026-11-24T19:00:00Z\n" };
	static const char rest[] =
	    "loss 006000000000002AAA 003000000000003AAA -/S by "
	    "005000000000001AAA at 2026-11-24T19:00:00Z moved "
	    "2026-11-24T19:00:00Z\n"
	    "sale 006000000000003AAA - -/S by 005000000000001AAA at "
	    "2026-11-24T19:00:00Z moved 2026-11-24T19:00:00Z\n"
	    "sale 006000000000004AAA 003000000000005AAA -/S by "
	    "005000000000001AAA at 2026-11-24T20:00:00Z moved -\n";

	(void)state;
	for (int i = 0; i < 2; i++) {
		rig_open(&rig, i == 0 ? DEALS : DEALS "deal_contact_rule = "
		    "'primary_then_first';", routes, ARRAY_LEN(routes));
		assert_true(rig_events(&rig, NIGHT));
		rig_is(&rig.seen, arena_printf(rig.arena, "%s%s", expected[i],
		    rest));
		assert_int_equal(rig_count(&rig, "q=SELECT OpportunityId,"
		    "ContactId,Role,IsPrimary FROM OpportunityContactRole WHERE "
		    "OpportunityId IN ('006000000000001AAA',"
		    "'006000000000002AAA','006000000000003AAA',"
		    "'006000000000004AAA') ORDER BY OpportunityId, IsPrimary "
		    "DESC, CreatedDate"), 1);
		assert_int_equal(rig_count(&rig, "q=SELECT Id,OwnerId,IsWon,"
		    "IsClosed,StageName,Type,LastStageChangeDate,SystemModstamp "
		    "FROM Opportunity WHERE IsClosed = true AND SystemModstamp "
		    ">= 2026-11-24T01:29:00Z AND SystemModstamp < "
		    "2026-11-25T01:59:00Z ORDER BY SystemModstamp ASC, Id ASC"),
		    1);
		rig_close(&rig);
	}
}

static void
test_deal_time_from_the_history(void **state)
{
	static const char no_date[] = "{\"fields\":[{\"name\":\"Id\"},{\"name\":"
	    "\"IsWon\"},{\"name\":\"IsClosed\"},{\"name\":\"SystemModstamp\"}]}";
	static const struct route routes[] = {
		{ .match = "sobjects/Opportunity/describe", .body = no_date },
		{ .match = "FROM OpportunityFieldHistory", .body = ROWS(2,
		    "{\"OpportunityId\":\"006000000000001AAA\",\"CreatedDate\":"
		    "\"2026-11-24T18:00:00.000+0000\"},{\"OpportunityId\":"
		    "\"006000000000001AAA\",\"CreatedDate\":"
		    "\"2026-11-01T18:00:00.000+0000\"}") },
		{ .match = "FROM Opportunity WHERE", .body = ROWS(1,
		    DEAL(1, "true", "")) },
	};
	static const struct route none[] = {
		{ .match = "sobjects/Opportunity/describe", .body = no_date },
		{ .match = "FROM OpportunityFieldHistory", .status = 400,
		    .body = "[{\"errorCode\":\"INVALID_TYPE\",\"message\":\"x\"}]" },
		{ .match = "FROM Opportunity WHERE", .body = ROWS(1,
		    DEAL(1, "true", "")) },
	};

	(void)state;
	rig_open(&rig, DEALS "deal_rewin = 'again';", routes,
	    ARRAY_LEN(routes));
	assert_true(rig_events(&rig, NIGHT));
	rig_is(&rig.seen, "sale 006000000000001AAA@2026-11-24T18:00:00Z - -/S by "
	    "005000000000001AAA at 2026-11-24T18:00:00Z moved "
	    "2026-11-24T18:00:00Z\n");
	assert_int_equal(rig_count(&rig, "q=SELECT OpportunityId,CreatedDate "
	    "FROM OpportunityFieldHistory WHERE Field = 'StageName' AND "
	    "OpportunityId IN ('006000000000001AAA') ORDER BY OpportunityId, "
	    "CreatedDate DESC"), 1);
	rig_close(&rig);
	/* An org that keeps no history: asked once, then empty. */
	rig_open(&rig, DEALS, none, ARRAY_LEN(none));
	assert_true(rig_events(&rig, NIGHT));
	assert_true(rig_events(&rig, NIGHT));
	rig_is(&rig.seen, "sale 006000000000001AAA - -/S by 005000000000001AAA "
	    "at 2026-11-24T20:00:00Z moved -\nsale 006000000000001AAA - -/S by "
	    "005000000000001AAA at 2026-11-24T20:00:00Z moved -\n");
	assert_int_equal(rig_count(&rig, "FROM OpportunityFieldHistory"), 1);
	rig_close(&rig);
}

/* ---- cases ------------------------------------------------------------------------ */
static void
test_cases(void **state)
{
	static const struct route routes[] = {
		{ .match = "FROM Case WHERE", .body = ROWS(2, "{\"Id\":"
		    "\"500000000000001AAA\",\"ContactId\":\"003000000000001AAA\","
		    "\"OwnerId\":\"00G000000000001AAA\",\"Status\":\"Closed\","
		    "\"Type\":\"Problem\",\"ClosedDate\":"
		    "\"2026-11-24T10:00:00.000+0000\"},{\"Id\":"
		    "\"500000000000002AAA\",\"ClosedDate\":null}") },
	};

	(void)state;
	rig_open(&rig, CASES "case_status_exclude = [ 'Merged', 'O`Neill' ];",
	    routes, ARRAY_LEN(routes));
	assert_true(rig_events(&rig, NIGHT));
	rig_is(&rig.seen, "case 500000000000001AAA 003000000000001AAA "
	    "Problem/Closed by - at 2026-11-24T10:00:00Z moved "
	    "2026-11-24T10:00:00Z\n");
	rig_is(&rig.bad, "cases 500000000000002AAA: expected a case with its id "
	    "and ClosedDate\n");
	assert_int_equal(rig_count(&rig, "q=SELECT Id,ContactId,OwnerId,Status,"
	    "ClosedDate,Type FROM Case WHERE IsClosed = true AND ClosedDate >= "
	    "2026-11-24T01:29:00Z AND ClosedDate < 2026-11-25T01:59:00Z AND "
	    "Status NOT IN ('Merged','O\\'Neill') ORDER BY ClosedDate ASC, Id "
	    "ASC"), 1);
	rig_close(&rig);
}

/* ---- all together -------------------------------------------------------------------- */
/* The first pass: the core keeps the keys. */
static void
test_first_pass_has_all_that_is_closed(void **state)
{
	static const struct route routes[] = {
		{ .match = "FROM Opportunity WHERE", .body = ROWS(2,
		    DEAL(1, "true", "") "," DEAL(2, "false", "")) },
		{ .match = "FROM Case WHERE", .body = ROWS(1, "{\"Id\":"
		    "\"500000000000001AAA\",\"ClosedDate\":"
		    "\"2006-11-24T10:00:00.000+0000\"}") },
	};

	(void)state;
	rig_open(&rig, "", routes, ARRAY_LEN(routes));
	assert_true(rig_events(&rig, NULL));
	assert_non_null(strstr(buf_text(&rig.seen), "sale 006000000000001AAA "));
	assert_non_null(strstr(buf_text(&rig.seen), "loss 006000000000002AAA "));
	assert_non_null(strstr(buf_text(&rig.seen), "case 500000000000001AAA "));
	assert_int_equal(rig_count(&rig, "WHERE IsClosed = true AND "
	    "SystemModstamp < 2026-11-25T01:59:00Z"), 1);
	rig_close(&rig);
}

/* SF-16 */
static void
test_fails_closed(void **state)
{
	static const struct {
		const char *conf, *fields, *msg;
	} cases[] = {
		{ "", "Id Email IsEmailBounced NPSToday_Tags__c", "the user of "
		    "npsync cannot see Contact.HasOptedOutOfEmail: until then "
		    "nobody is asked.  Give the permission set" },
		{ "", "Id Email HasOptedOutOfEmail NPSToday_Tags__c",
		    "Contact.IsEmailBounced" },
		{ "", "Id Email HasOptedOutOfEmail IsEmailBounced",
		    "or correct the option tag_field" },
		{ "employment_field = 'Left__c';", "Id Email HasOptedOutOfEmail "
		    "IsEmailBounced NPSToday_Tags__c", "Contact.Left__c" },
		{ "nosend_field = 'No__c';", "Id Email HasOptedOutOfEmail "
		    "IsEmailBounced NPSToday_Tags__c", "Contact.No__c" },
		{ "consent_field = 'Ok__c';", "Id Email HasOptedOutOfEmail "
		    "IsEmailBounced NPSToday_Tags__c", "Contact.Ok__c" },
		{ "company_tag_field = 'Gone__c';", "Id Email HasOptedOutOfEmail "
		    "IsEmailBounced NPSToday_Tags__c AccountId:Account",
		    "Account.Gone__c" },
		/* No way from a contact to its account. */
		{ "company_tag_field = 'NPSToday_Tags__c';", "Id Email "
		    "HasOptedOutOfEmail IsEmailBounced NPSToday_Tags__c",
		    "Contact.AccountId: until then nobody is asked" },
		{ "use_account_contact_relation = true;", "Id Email "
		    "HasOptedOutOfEmail IsEmailBounced NPSToday_Tags__c",
		    "or correct the option use_account_contact_relation" },
		/* A row carries the service's own spelling. */
		{ "nosend_field = 'no__c';", "Id Email HasOptedOutOfEmail "
		    "IsEmailBounced NPSToday_Tags__c No__c", "Contact.no__c" },
		{ "nosend_field = 'account.No__c';", "Id Email "
		    "HasOptedOutOfEmail IsEmailBounced NPSToday_Tags__c "
		    "AccountId:Account", "Contact.account.No__c" },
		{ "", "Id Email hasoptedoutofemail IsEmailBounced "
		    "NPSToday_Tags__c", "Contact.HasOptedOutOfEmail" },
	};
	static const char *const ids[] = { "003000000000001AAA" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO(arena) struct arena *arena = arena_new(65536);
		const struct route routes[] = { { .match =
		    "sobjects/Contact/describe", .body = rig_describe(arena,
		        cases[i].fields) } };
		rig_open(&rig, cases[i].conf, routes, 1);
		rig_fails(&rig, rig_events(&rig, NIGHT), ERR_CONFIG,
		    cases[i].msg);
		rig_fails(&rig, rig.crm.load_contacts(rig.self, ids, 1,
		    rig_contact, &rig, &rig.err), ERR_CONFIG, cases[i].msg);
		rig_fails(&rig, rig.crm.check(rig.self, &rig.err), ERR_CONFIG,
		    cases[i].msg);
		assert_int_equal(rig_count(&rig, "q="), 0);
		rig_close(&rig);
	}
}

static void
test_nothing_is_read_of_what_is_not_wanted(void **state)
{
	(void)state;
	rig_open(&rig, "meetings = false; deals = false; cases = false;", NULL,
	    0);
	assert_null(rig.crm.pull_events);
	assert_int_equal(rig.crm.info.caps & CRM_CAP_EVENTS, 0);
	rig_close(&rig);
}

/* An event of an org whose SystemModstamp cannot be asked for. */
static void
test_stamp_that_cannot_be_asked_for(void **state)
{
	AUTO(arena) struct arena *arena = arena_new(65536);
	const struct route routes[] = { { .match = "sobjects/Event/describe",
	    .body = rig_describe(arena, "Id WhoId EndDateTime -SystemModstamp "
	        "LastModifiedDate") } };

	(void)state;
	rig_open(&rig, MEETINGS, routes, 1);
	assert_true(rig_events(&rig, NIGHT));
	assert_int_equal(rig_count(&rig, "WHERE LastModifiedDate >= "), 1);
	assert_int_equal(rig_count(&rig, "WHERE SystemModstamp"), 0);
	assert_int_equal(rig_count(&rig, "IsChild"), 0);
	rig_close(&rig);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_meetings_by_two_windows),
		cmocka_unit_test(test_no_survey_from_odd_meetings),
		cmocka_unit_test(test_first_pass_reaches_as_far_as_late_ones_may_come),
		cmocka_unit_test(test_every_contact_of_a_shared_meeting),
		cmocka_unit_test(test_tasks_as_meetings),
		cmocka_unit_test(test_meetings_of_whole_days),
		cmocka_unit_test(test_whom_a_deal_designates),
		cmocka_unit_test(test_deal_time_from_the_history),
		cmocka_unit_test(test_cases),
		cmocka_unit_test(test_first_pass_has_all_that_is_closed),
		cmocka_unit_test(test_fails_closed),
		cmocka_unit_test(test_nothing_is_read_of_what_is_not_wanted),
		cmocka_unit_test(test_stamp_that_cannot_be_asked_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
