/*
 * Fields and follow-ups of the superoffice driver over a scripted server: exact
 * requests, and what becomes of each answer.
 */
#include "superoffice/writerig.h"

#define LAYOUT { .target = "GET " API "/Person/UdefLayout/Published ", \
	.body = "[{\"ProgId\":\"SuperOffice:1\",\"UdefIdentity\":1," \
	"\"FieldType\":\"ShortText\",\"TextLength\":12},{\"ProgId\":\"Acme.Nps.N\"," \
	"\"UdefIdentity\":2,\"FieldType\":\"Number\"},{\"ProgId\":\"\"," \
	"\"UdefIdentity\":3,\"FieldType\":\"Checkbox\"},{\"ProgId\":\"\"," \
	"\"UdefIdentity\":4,\"FieldType\":\"Date\"},{\"ProgId\":\"\"," \
	"\"UdefIdentity\":5,\"FieldType\":\"ShortText\",\"IsReadOnly\":true}]" }
#define PATCH "PATCH " API "/Person/214?$select=PersonId,UpdatedDate "
#define LOOK "GET " API "/Person/214?$select=PersonId "
#define READ "GET " API "/Person/214?$select=PersonId,Contact "
#define POST "POST " API "/Appointment "
#define PERSON { .target = READ, .body = "{\"PersonId\":214,\"Contact\":{" \
	"\"ContactId\":17,\"AssociateId\":8,\"Name\":\"x\"}}" }

#define STAFF { .target = "GET " API "/MDOList/associate ", .body = "[" \
	ITEM(5, "KAH") ",{\"Id\":1,\"Name\":\"Sales\",\"ChildItems\":[" \
	ITEM(6, "PER") "]}," ITEM(8, "6") ",{\"Id\":0,\"Name\":\"anna\"},{\"Id\":7}]" }

static struct rig rig;

static void
begin(const char *more, const struct sim_reply *script, size_t n)
{
	rig_begin(&rig, false, more, script, n);
}

/* ---- fields -------------------------------------------------------------- */
static const char *const panel[][2] = { { "SuperOffice:1", "god tid, [I:9]" },
	{ "SuperOffice:2", "9" }, { "SuperOffice:3", "2026-11-01" },
	{ "x_score", "8.3" }, { NULL, NULL } };
static const char *const one[][2] = { { "SuperOffice:1", "" },
	{ NULL, NULL } };

static bool
fields(const char *id, const char *const (*pairs)[2], struct put_result *r)
{
	const struct crm_effect e = { .ref = id, .contact_id = id,
		.fields = pairs };

	*r = (struct put_result){ .outcome = PUT_UNKNOWN };
	rig.err = (struct err){ .kind = ERR_NONE };
	const bool ok = superoffice_crm.put_fields(rig.self, &e, 1, r,
	    &rig.err);
	rig_discreet(&rig, rig.err.msg);
	rig_discreet(&rig, r->reason);
	arena_reset(rig.scratch);
	return ok;
}

/* Each by its definition, which is asked for once; keys are the service's. */
static void
test_fields(void **state)
{
	static const struct sim_reply script[] = { LAYOUT,
		{ .target = "GET " API "/Person/CustomField/x_score ", .body =
		    "{\"FieldName\":\"x_score\",\"FieldType\":\"Decimal\"}" },
		{ .target = PATCH, .body = "{\"PersonId\":214}" },
		{ .target = PATCH } };
	struct put_result r;

	(void)state;
	begin("", script, ARRAY_LEN(script));
	RIG_OK(&rig, fields("214", panel, &r));
	assert_int_equal(r.outcome, PUT_DONE);
	assert_string_equal(simhttpd_body(rig.sim, 2), "[{\"op\":\"replace\","
	    "\"path\":\"CustomFields/SuperOffice:1\",\"value\":\"god tid, [I\342"
	    "\200\246\"},{\"op\":\"replace\",\"path\":\"CustomFields/Acme.Nps.N\","
	    "\"value\":\"[I:9]\"},{\"op\":\"replace\",\"path\":"
	    "\"CustomFields/SuperOffice:3\",\"value\":\"[I:1]\"},{\"op\":"
	    "\"replace\",\"path\":\"CustomFields/x_score\",\"value\":"
	    "\"[F:8.3]\"}]");
	RIG_OK(&rig, fields("214", one, &r));
	assert_string_equal(simhttpd_body(rig.sim, 3), "[{\"op\":\"replace\","
	    "\"path\":\"CustomFields/SuperOffice:1\",\"value\":\"\"}]");
	RIG_OK(&rig, fields("2/14", one, &r));
	assert_int_equal(r.outcome, PUT_REJECTED);
	rig_end(&rig);
}

/* As the vendor's page shows a patch; a date as the option says. */
static void
test_fields_whole(void **state)
{
	static const char *const day[][2] = { { "SuperOffice:1", "a" },
		{ "SuperOffice:4", "2026-11-01" }, { NULL, NULL } };
	static const struct sim_reply script[] = { LAYOUT, { .target = PATCH } };
	static const struct sim_reply refused[] = { LAYOUT };
	struct put_result r;

	(void)state;
	begin("customfield_path = 'CustomFields'; field_dates = 'day_first';",
	    script, ARRAY_LEN(script));
	RIG_OK(&rig, fields("214", day, &r));
	assert_string_equal(simhttpd_body(rig.sim, 1), "[{\"op\":\"replace\","
	    "\"path\":\"CustomFields\",\"value\":{\"SuperOffice:1\":\"a\","
	    "\"SuperOffice:4\":\"[D:01.11.2026]\"}}]");
	rig_end(&rig);
	begin("", refused, ARRAY_LEN(refused));
	RIG_OK(&rig, fields("214", day, &r));
	assert_int_equal(r.outcome, PUT_REJECTED);
	assert_non_null(strstr(r.reason, "field_dates"));
	rig_end(&rig);
}

/* The configuration's: it ends the kind, and nobody's fields are given up. */
static void
test_fields_unfit(void **state)
{
	static const char *const none[][2] = { { "x_none", "a" },
		{ NULL, NULL } };
	static const char *const fixed[][2] = { { "SuperOffice:5", "a" },
		{ NULL, NULL } };
	static const struct sim_reply script[] = { LAYOUT,
		{ .target = "GET " API "/Person/CustomField/x_none ",
		    .status = 404, .body = NONE } };
	struct put_result r;

	(void)state;
	begin("", script, ARRAY_LEN(script));
	for (int i = 0; i < 2; i++) {
		assert_false(fields("214", none, &r));
		assert_int_equal(rig.err.kind, ERR_CONFIG);
		assert_non_null(strstr(rig.err.msg, "x_none"));
		assert_int_equal(r.outcome, PUT_AGAIN);
	}
	assert_false(fields("214", fixed, &r));
	assert_int_equal(rig.err.kind, ERR_CONFIG);
	assert_non_null(strstr(rig.err.msg, "read only"));
	rig_end(&rig);
}

/* Without the right to see what fields there are: who must act, on what. */
static void
test_fields_unread(void **state)
{
	static const char *const extra[][2] = { { "x_none", "a" },
		{ NULL, NULL } };
	static const char denied[] = "npsync's user may not read the fields of "
	    "persons: the user lacks a right: GET ";
	static const struct sim_reply layout[] = {
		{ .target = "GET " API "/Person/UdefLayout/Published ",
		    .status = 403, .body = FAULT("SoSentry", "Hansen") },
		{ .target = "GET " API "/Person/UdefLayout/Published ",
		    .status = 404, .body = HTML } };
	static const struct sim_reply other[] = { LAYOUT,
		{ .target = "GET " API "/Person/CustomField/x_none ",
		    .status = 403, .body = FAULT("SoSentry", "Hansen") } };
	struct put_result r;

	(void)state;
	begin("", layout, ARRAY_LEN(layout));
	assert_false(fields("214", one, &r));
	assert_int_equal(rig.err.kind, ERR_CONFIG);
	assert_string_equal(rig.err.msg, arena_printf(rig.arena,
	    "%suser-defined fields: HTTP 403 SoSentry", denied));
	assert_int_equal(r.outcome, PUT_AGAIN);
	assert_false(fields("214", one, &r));
	assert_string_equal(rig.err.msg, "GET user-defined fields: HTTP 404: is "
	    "it the address of the Web API?");
	rig_end(&rig);
	begin("", other, ARRAY_LEN(other));
	assert_false(fields("214", extra, &r));
	assert_int_equal(rig.err.kind, ERR_CONFIG);
	assert_string_equal(rig.err.msg, arena_printf(rig.arena,
	    "%sextra field: HTTP 403 SoSentry", denied));
	rig_end(&rig);
}

static void
test_fields_answers(void **state)
{
	static const struct {
		struct sim_reply reply, look;
		bool goes_on;
		enum put_outcome outcome;
		enum err_kind kind;
	} cases[] = {
		{ { .status = 404, .body = NONE }, { .target = LOOK,
		    .status = 404, .body = NONE }, true, PUT_GONE, ERR_NONE },
		/* The person is there: it is the server. */
		{ { .status = 404, .body = NONE }, { .target = LOOK, .body =
		    "{\"PersonId\":214}" }, false, PUT_AGAIN, ERR_CONFIG },
		{ { .status = 405 }, { .target = LOOK, .body =
		    "{\"PersonId\":214}" }, false, PUT_AGAIN, ERR_CONFIG },
		{ { .status = 404, .body = HTML }, { .target = LOOK,
		    .status = 404, .body = HTML }, false, PUT_AGAIN, ERR_CONFIG },
		{ { .status = 400, .body = FAULT("SoException", "Hansen") },
		    { 0 }, true, PUT_REJECTED, ERR_NONE },
		{ { .status = 403, .body = FAULT("SoSentry", "Hansen") },
		    { 0 }, true, PUT_DENIED, ERR_NONE },
		{ { .status = 409, .body = FAULT("SoException", "x") }, { 0 },
		    true, PUT_CONFLICT, ERR_NONE },
		{ { .status = 412 }, { 0 }, true, PUT_CONFLICT, ERR_NONE },
		{ { .status = 500, .body = FAULT("SoServer", "Hansen") },
		    { 0 }, true, PUT_UNKNOWN, ERR_NONE },
		{ { .mode = SIM_CLOSE }, { 0 }, true, PUT_UNKNOWN, ERR_NONE },
		{ { .body = HTML }, { 0 }, true, PUT_UNKNOWN, ERR_NONE },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct sim_reply script[] = { LAYOUT, cases[i].reply,
			cases[i].look };
		struct put_result r;
		script[1].target = PATCH;
		begin("", script, cases[i].look.target == NULL ? 2 : 3);
		const bool goes_on = fields("214", one, &r);
		if (goes_on != cases[i].goes_on ||
		    r.outcome != cases[i].outcome ||
		    rig.err.kind != cases[i].kind)
			fail_msg("%zu: %d %d %d %s %s", i, goes_on,
			    (int)r.outcome, (int)rig.err.kind, r.reason,
			    rig.err.msg);
		rig_end(&rig);
	}
}

/* A CRM that is away ends the kind after three; one odd person does not. */
static void
test_fields_away(void **state)
{
	static const struct sim_reply script[] = { LAYOUT,
		{ .target = PATCH, .status = 503, .body = HTML, .repeat = 1 },
		{ .target = PATCH }, { .target = PATCH, .body = HTML },
		{ .target = PATCH, .status = 503, .body = HTML,
		    .repeat = 1 } };
	struct put_result r;

	(void)state;
	begin("", script, ARRAY_LEN(script));
	for (int i = 0; i < 5; i++)
		RIG_OK(&rig, fields("214", one, &r));
	assert_false(fields("214", one, &r));
	assert_int_equal(rig.err.kind, ERR_RETRY);
	rig_end(&rig);
}

/* ---- follow-ups ---------------------------------------------------------- */
#define TYPE "task_type_id = 4;"

static bool
task(const char *employee, struct put_result *r)
{
	const struct crm_effect e = { .ref = "7", .contact_id = "214",
		.employee_id = employee, .subject = "NPS 3: call \"M\303\270de\"",
		.text = "slow\nreply", .day = 20261201 };

	*r = (struct put_result){ .outcome = PUT_UNKNOWN };
	rig.err = (struct err){ .kind = ERR_NONE };
	const bool ok = superoffice_crm.put_task(rig.self, &e, 1, r, &rig.err);
	rig_discreet(&rig, rig.err.msg);
	rig_discreet(&rig, r->reason);
	arena_reset(rig.scratch);
	return ok;
}

#define HEAD "{\"Type\":\"inChecklist\",\"Completed\":\"NotStarted\",\"Title\":" \
	"\"NPS 3: call \\\"M\303\270de\\\"\",\"Description\":\"NPS 3: call " \
	"\\\"M\303\270de\\\"\\nslow\\nreply\",\"StartDate\":" \
	"\"2026-12-01T11:00:00Z\",\"EndDate\":\"2026-12-01T11:00:00Z\"," \
	"\"Task\":{\"TaskListItemId\":4},\"Person\":{\"PersonId\":214}"

/* The employee's, by login name or id; else of who has the company; else the
 * option's.  Names are read once. */
static void
test_task(void **state)
{
	static const struct sim_reply script[] = { PERSON, STAFF,
		{ .target = POST, .body = "{\"AppointmentId\":4711}" },
		PERSON, { .target = POST, .body = "{\"AppointmentId\":4712}" },
		{ .target = READ, .body = "{\"PersonId\":214,\"Contact\":null}" },
		{ .target = POST, .body = "{\"AppointmentId\":4713}" },
		PERSON, { .target = POST, .body = "{\"AppointmentId\":4714}" },
		PERSON, { .target = POST, .body = "{\"AppointmentId\":4715}" },
		PERSON, { .target = POST, .body = "{\"AppointmentId\":4716}" } };
	struct put_result r;

	(void)state;
	begin(TYPE "task_associate_id = 9;", script, ARRAY_LEN(script));
	RIG_OK(&rig, task("KAH", &r));
	assert_int_equal(r.outcome, PUT_DONE);
	assert_string_equal(r.remote_id, "4711");
	assert_string_equal(simhttpd_body(rig.sim, 2), HEAD
	    ",\"Contact\":{\"ContactId\":17},\"Associate\":{\"AssociateId\":5}}");
	RIG_OK(&rig, task(NULL, &r));
	assert_string_equal(simhttpd_body(rig.sim, 4), HEAD
	    ",\"Contact\":{\"ContactId\":17},\"Associate\":{\"AssociateId\":8}}");
	RIG_OK(&rig, task("anna", &r));
	assert_string_equal(simhttpd_body(rig.sim, 6), HEAD
	    ",\"Associate\":{\"AssociateId\":9}}");
	RIG_OK(&rig, task("PER", &r));
	assert_non_null(strstr(simhttpd_body(rig.sim, 8),
	    "\"Associate\":{\"AssociateId\":6}}"));
	/* Archives may show ids; a name comes first. */
	RIG_OK(&rig, task("5", &r));
	assert_non_null(strstr(simhttpd_body(rig.sim, 10),
	    "\"Associate\":{\"AssociateId\":5}}"));
	RIG_OK(&rig, task("6", &r));
	assert_non_null(strstr(simhttpd_body(rig.sim, 12),
	    "\"Associate\":{\"AssociateId\":8}}"));
	rig_end(&rig);
}

/* No right to know them is no reason to make none; a CRM that is away is. */
static void
test_task_staff(void **state)
{
	static const struct sim_reply script[] = { PERSON,
		{ .target = "GET " API "/MDOList/associate ", .status = 403 },
		{ .target = POST, .body = "{\"AppointmentId\":4711}" } };
	static const struct sim_reply away[] = { PERSON,
		{ .target = "GET " API "/MDOList/associate ", .status = 503 } };
	struct put_result r;

	(void)state;
	begin(TYPE, script, ARRAY_LEN(script));
	RIG_OK(&rig, task("KAH", &r));
	assert_string_equal(simhttpd_body(rig.sim, 2), HEAD
	    ",\"Contact\":{\"ContactId\":17},\"Associate\":{\"AssociateId\":8}}");
	rig_end(&rig);
	begin(TYPE, away, ARRAY_LEN(away));
	assert_false(task("KAH", &r));
	assert_int_equal(rig.err.kind, ERR_RETRY);
	assert_int_equal(r.outcome, PUT_AGAIN);
	rig_end(&rig);
}

/* At most once: what may have been made is unknown, and not sent again. */
static void
test_task_once(void **state)
{
	static const struct {
		struct sim_reply reply;
		bool goes_on;
		enum put_outcome outcome;
		enum err_kind kind;
	} cases[] = {
		{ { .mode = SIM_CLOSE }, false, PUT_UNKNOWN, ERR_RETRY },
		{ { .mode = SIM_CUT, .cut = 20, .body = "{}" }, false,
		    PUT_UNKNOWN, ERR_RETRY },
		{ { .status = 500, .body = FAULT("SoServer", "Hansen") }, false,
		    PUT_UNKNOWN, ERR_RETRY },
		{ { .status = 503, .body = HTML }, false, PUT_UNKNOWN,
		    ERR_RETRY },
		{ { .body = "{}" }, false, PUT_UNKNOWN, ERR_PROTOCOL },
		{ { .body = "{\"AppointmentId\":0}" }, false, PUT_UNKNOWN,
		    ERR_PROTOCOL },
		{ { .body = HTML }, false, PUT_UNKNOWN, ERR_PROTOCOL },
		{ { .status = 302, .headers = "Location: /x\r\n" }, false,
		    PUT_UNKNOWN, ERR_CONFIG },
		{ { .status = 404, .body = HTML }, false, PUT_AGAIN,
		    ERR_CONFIG },
		{ { .status = 429 }, false, PUT_AGAIN, ERR_THROTTLED },
		{ { .status = 400, .body = FAULT("SoException", "Hansen") },
		    true, PUT_REJECTED, ERR_NONE },
		{ { .status = 403, .body = FAULT("SoSentry", "x") }, true,
		    PUT_DENIED, ERR_NONE },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct sim_reply script[] = { PERSON, cases[i].reply };
		struct put_result r;
		script[1].target = POST;
		rig_tries = 3;
		begin(TYPE, script, 2);
		rig_tries = 1;
		const bool goes_on = task(NULL, &r);
		if (goes_on != cases[i].goes_on ||
		    r.outcome != cases[i].outcome ||
		    rig.err.kind != cases[i].kind)
			fail_msg("%zu: %d %d %d %s", i, goes_on, (int)r.outcome,
			    (int)rig.err.kind, rig.err.msg);
		assert_int_equal(simhttpd_requests(rig.sim), 2);
		rig_end(&rig);
	}
}

/* As long as only the person was read, nothing was made. */
static void
test_task_person(void **state)
{
	static const struct {
		struct sim_reply reply;
		bool goes_on;
		enum put_outcome outcome;
	} cases[] = {
		{ { .status = 404, .body = NONE }, true, PUT_GONE },
		{ { .status = 404, .body = HTML }, false, PUT_AGAIN },
		{ { .status = 500 }, true, PUT_AGAIN },
		{ { .mode = SIM_CLOSE }, true, PUT_AGAIN },
		{ { .body = "{\"PersonId\":9}" }, true, PUT_AGAIN },
		{ { .status = 403 }, true, PUT_DENIED },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct put_result r;
		begin(TYPE, &cases[i].reply, 1);
		const bool goes_on = task(NULL, &r);
		if (goes_on != cases[i].goes_on ||
		    r.outcome != cases[i].outcome)
			fail_msg("%zu: %d %d %s", i, goes_on, (int)r.outcome,
			    rig.err.msg);
		assert_int_equal(simhttpd_requests(rig.sim), 1);
		rig_end(&rig);
	}
}

static void
test_task_off(void **state)
{
	static const struct sim_reply script[] = { { 0 } };
	struct put_result r;

	(void)state;
	begin("", script, 0);
	assert_false(task(NULL, &r));
	assert_int_equal(rig.err.kind, ERR_DONE);
	rig_end(&rig);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fields),
		cmocka_unit_test(test_fields_whole),
		cmocka_unit_test(test_fields_unfit),
		cmocka_unit_test(test_fields_unread),
		cmocka_unit_test(test_fields_answers),
		cmocka_unit_test(test_fields_away),
		cmocka_unit_test(test_task),
		cmocka_unit_test(test_task_staff),
		cmocka_unit_test(test_task_once),
		cmocka_unit_test(test_task_person),
		cmocka_unit_test(test_task_off),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
