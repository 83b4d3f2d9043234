/*
 * What the dynamics driver writes, over a scripted server: exact requests, and
 * what becomes of each answer.  DV-nn: the pitfall's number.
 */
#include "dynamics/rig.h"
#include "tag_write.h"

#define MEET "NPSToday.M\303\270de."
#define CARD(xx) API "contacts(" ID(xx) ")"
#define READ_CARD(xx) "GET " CARD(xx) "?$select=npt_npstags "
#define WRITE_CARD(xx) "PATCH " CARD(xx) " "
#define ROW(etag, tags) "{\"@odata.context\":\"x\",\"@odata.etag\":\"W/\\\"" \
	etag "\\\"\",\"npt_npstags\":" tags ",\"contactid\":\"x\"}"
#define FAULT(code, text) "{\"error\":{\"code\":\"" code "\",\"message\":\"" \
	text "\"}}"
#define NONE FAULT("0x80040217", "contact With Id = 1 Does Not Exist")
#define DEFINED(column, type, more) { .target = "GET " API \
	"EntityDefinitions(LogicalName='contact')/Attributes(LogicalName='" \
	column "') ", .body = "{\"AttributeType\":\"" type "\"" more "}" }
#define SHORT "tag_chars = 4000;"

static struct rig rig;

static void
begin(const char *more, const struct sim_reply *script, size_t n)
{
	rig_start(&rig, more, script, n);
}

/* The last request. */
static size_t
last(void)
{
	return simhttpd_requests(rig.sim) - 1;
}

/* ---- tags --------------------------------------------------------------- */
static bool
breathe(void *arg, struct err *err)
{
	(void)arg;
	(void)err;
	return true;
}

static enum put_outcome
write_tags(const char *xx, const char *prefix, const char *value,
    struct put_result *result)
{
	struct crm crm = { .connector = &dynamics_crm, .link = { .name = "crm",
		.self = rig.self, .scratch = rig.scratch, .http = rig.http } };
	const struct crm_tag_write write = { .contact_id = xx,
		.prefix = prefix, .value = value };
	struct tag_writer writer;

	tag_writer_init(&writer, &crm, rig.arena, breathe, NULL);
	writer.backoff_s = 0.01;
	writer.backoff_max_s = 0.02;
	rig.err = (struct err){ .kind = ERR_NONE };
	*result = (struct put_result){ .outcome = PUT_AGAIN };
	if (!tag_write(&writer, &write, 1, result, &rig.err))
		assert_int_not_equal(rig.err.kind, ERR_NONE);
	return result->outcome;
}

/* DV-09: somebody else wrote in between: read again, their tag stays. */
static void
test_dv09_conflict(void **state)
{
	static const struct sim_reply script[] = { TOKEN,
		DEFINED("npt_npstags", "Memo", ",\"MaxLength\":4000"),
		{ .target = READ_CARD("01"), .body = ROW("1",
		    "\"VIP; " MEET "3\"") },
		{ .target = WRITE_CARD("01"), .want = "\r\nIf-Match: W/\"1\"\r\n",
		    .status = 412, .body = FAULT("0x80060882", "RowVersion") },
		{ .target = READ_CARD("01"), .body = ROW("2",
		    "\"VIP;" MEET "3;ny\"") },
		{ .target = WRITE_CARD("01"), .want = "\r\nIf-Match: W/\"2\"\r\n",
		    .status = 204 } };
	struct put_result r;

	(void)state;
	begin("", script, ARRAY_LEN(script));
	if (write_tags(ID("01"), MEET, MEET "9", &r) != PUT_DONE)
		fail_msg("%d %s %s", (int)r.outcome, r.reason, rig.err.msg);
	assert_string_equal(simhttpd_body(rig.sim, 3),
	    "{\"npt_npstags\":\"VIP;" MEET "9\"}");
	assert_string_equal(simhttpd_body(rig.sim, 5),
	    "{\"npt_npstags\":\"VIP;ny;" MEET "9\"}");
	assert_string_equal(rig_header(&rig, 5, "Content-Type"),
	    "application/json");
	assert_string_equal(rig_header(&rig, 5, "OData-Version"), "4.0");
	assert_string_equal(rig_header(&rig, 5, "If-None-Match"), "");
	rig_end(&rig, true);
}

/* DV-01: the card is gone between the two: the write says so and makes none. */
static void
test_dv01_deleted(void **state)
{
	static const struct sim_reply script[] = { TOKEN,
		{ .target = READ_CARD("01"), .body = ROW("1", "null") },
		{ .target = WRITE_CARD("01"), .want = "\r\nIf-Match: W/\"1\"\r\n",
		    .status = 404, .body = NONE },
		{ .target = READ_CARD("02"), .status = 404, .body = NONE } };
	struct put_result r;

	(void)state;
	begin(SHORT, script, ARRAY_LEN(script));
	assert_int_equal(write_tags(ID("01"), MEET, MEET "9", &r), PUT_GONE);
	assert_int_equal(write_tags(ID("02"), MEET, MEET "9", &r), PUT_GONE);
	rig_end(&rig, true);
}

/* Nothing to do, one less, none left; a tag that holds ';' is not sent. */
static void
test_tags(void **state)
{
	static const struct sim_reply script[] = { TOKEN,
		{ .target = READ_CARD("01"), .body = ROW("1", "\"" MEET "9\"") },
		{ .target = READ_CARD("01"), .body = ROW("1", "\"a;" MEET
		    "9\\nb\"") },
		{ .target = WRITE_CARD("01"), .status = 204 },
		{ .target = READ_CARD("01"), .body = ROW("1", "\"" MEET "9\"") },
		{ .target = WRITE_CARD("01"), .status = 204 } };
	struct put_result r;

	(void)state;
	begin(SHORT, script, ARRAY_LEN(script));
	assert_int_equal(write_tags(ID("01"), MEET, MEET "9", &r),
	    PUT_UNCHANGED);
	assert_int_equal(write_tags(ID("01"), MEET, NULL, &r), PUT_DONE);
	assert_string_equal(simhttpd_body(rig.sim, last()),
	    "{\"npt_npstags\":\"a;b\"}");
	assert_int_equal(write_tags(ID("01"), MEET, NULL, &r), PUT_DONE);
	assert_string_equal(simhttpd_body(rig.sim, last()),
	    "{\"npt_npstags\":null}");
	assert_int_equal(write_tags(ID("01"), "a;", "a;9", &r), PUT_REJECTED);
	assert_int_equal(write_tags("17", MEET, MEET "9", &r), PUT_REJECTED);
	rig_end(&rig, true);
}

/* DV-18: quotes and letters of a campaign go as they are; nothing of them is in
 * an address. */
static void
test_dv18_letters(void **state)
{
	static const char prefix[] = "NPSToday.O'Hara & M\303\270de/9.";
	static const struct sim_reply script[] = { TOKEN,
		{ .target = READ_CARD("01"), .body = ROW("1", "null") },
		{ .target = WRITE_CARD("01"), .status = 204 },
		{ .target = "PATCH " API "npt_npsresponses(npt_responseid='7') ",
		    .status = 204 } };
	const struct crm_effect e = { .ref = "7", .contact_id = ID("01"),
		.subject = "O'Hara & M\303\270de/9" };
	struct put_result r;

	(void)state;
	begin(SHORT "response_table = 'npt_npsresponses';", script,
	    ARRAY_LEN(script));
	assert_int_equal(write_tags(ID("01"), prefix,
	    "NPSToday.O'Hara & M\303\270de/9.10", &r), PUT_DONE);
	assert_string_equal(simhttpd_body(rig.sim, last()), "{\"npt_npstags\":"
	    "\"NPSToday.O'Hara & M\303\270de/9.10\"}");
	RIG_OK(&rig, dynamics_crm.put_answer(rig.self, &e, 1, &r, &rig.err));
	assert_non_null(strstr(simhttpd_body(rig.sim, last()),
	    "\"npt_campaign\":\"O'Hara & M\303\270de/9\""));
	rig_end(&rig, true);
}

/* Without a version nothing is written, unless the option says any will do. */
static void
test_no_version(void **state)
{
	static const char row[] = "{\"npt_npstags\":\"a\"}";
	static const struct sim_reply script[] = { TOKEN,
		{ .target = READ_CARD("01"), .body = row },
		{ .target = READ_CARD("01"), .body = row,
		    .headers = "ETag: W/\"7\"\r\n" },
		{ .target = WRITE_CARD("01"), .want = "\r\nIf-Match: W/\"7\"\r\n",
		    .status = 204 } };
	static const struct sim_reply any[] = { TOKEN,
		{ .target = READ_CARD("01"), .body = row },
		{ .target = WRITE_CARD("01"), .want = "\r\nIf-Match: *\r\n",
		    .status = 204 } };
	struct put_result r;

	(void)state;
	begin(SHORT, script, ARRAY_LEN(script));
	assert_int_equal(write_tags(ID("01"), MEET, MEET "9", &r),
	    PUT_REJECTED);
	assert_non_null(strstr(r.reason, "tag_etag"));
	assert_int_equal(write_tags(ID("01"), MEET, MEET "9", &r), PUT_DONE);
	rig_end(&rig, true);
	begin(SHORT "tag_etag = false;", any, ARRAY_LEN(any));
	assert_int_equal(write_tags(ID("01"), MEET, MEET "9", &r), PUT_DONE);
	rig_end(&rig, true);
}

/* What the column holds is in UTF-16; nothing is cut. */
static void
test_too_long(void **state)
{
	static const struct sim_reply script[] = { TOKEN,
		DEFINED("npt_npstags", "String", ""),
		{ .target = "/Attributes(LogicalName='npt_npstags')/Microsoft."
		    "Dynamics.CRM.StringAttributeMetadata ", .body =
		    "{\"AttributeType\":\"String\",\"MaxLength\":18}" },
		{ .target = READ_CARD("01"), .body = ROW("1",
		    "\"\\ud83d\\ude00\"") },
		{ .target = WRITE_CARD("01"), .status = 204 },
		{ .target = READ_CARD("02"), .body = ROW("1",
		    "\"x\\ud83d\\ude00\"") } };
	static const struct sim_reply number[] = { TOKEN,
		DEFINED("npt_npstags", "Integer", "") };
	struct put_result r;

	(void)state;
	begin("", script, ARRAY_LEN(script));
	assert_int_equal(write_tags(ID("01"), MEET, MEET "9", &r), PUT_DONE);
	assert_int_equal(write_tags(ID("02"), MEET, MEET "9", &r),
	    PUT_REJECTED);
	assert_non_null(strstr(r.reason, "19 characters, npt_npstags holds 18"));
	rig_end(&rig, true);
	begin("", number, ARRAY_LEN(number));
	assert_int_equal(write_tags(ID("01"), MEET, MEET "9", &r), PUT_AGAIN);
	assert_int_equal(rig.err.kind, ERR_CONFIG);
	rig_end(&rig, true);
}

/* A right to read definitions is not needed. */
static void
test_no_definitions(void **state)
{
	static const struct sim_reply script[] = { TOKEN,
		{ .target = "GET " API "EntityDefinitions(", .status = 403,
		    .body = FAULT("0x80040220", "prvReadEntity") },
		{ .target = READ_CARD("01"), .body = ROW("1", "null") },
		{ .target = WRITE_CARD("01"), .status = 204 },
		{ .target = READ_CARD("01"), .body = ROW("1", "null") },
		{ .target = WRITE_CARD("01"), .status = 400,
		    .body = FAULT("0x80044331", "too long") } };
	struct put_result r;

	(void)state;
	begin("", script, ARRAY_LEN(script));
	assert_int_equal(write_tags(ID("01"), MEET, MEET "9", &r), PUT_DONE);
	assert_int_equal(write_tags(ID("01"), MEET, MEET "9", &r),
	    PUT_REJECTED);
	rig_end(&rig, true);
}

/* DV-17 and others: the status is enough, no card is gone by a wrong address,
 * and what a card holds must be there to be kept. */
static void
test_dv17_odd_answers(void **state)
{
	static const struct {
		struct sim_reply reply;
		enum put_outcome outcome;
		enum err_kind kind;
	} cases[] = {
		{ { .status = 404, .body = "<html>gone</html>" }, PUT_GONE,
		    ERR_NONE },
		{ { .status = 404, .body = FAULT("0x8006088a", "Resource not "
		    "found for the segment 'contacts'.") }, PUT_AGAIN,
		    ERR_CONFIG },
		{ { .status = 400, .body = "{\"error\":{\"message\":\"x\"}}" },
		    PUT_REJECTED, ERR_NONE },
		{ { .status = 400, .body = "{\"error\":" }, PUT_REJECTED,
		    ERR_NONE },
		{ { .body = "{\"@odata.etag\":\"W/\\\"1\\\"\"}" }, PUT_AGAIN,
		    ERR_PROTOCOL },
		{ { .body = "{\"npt_npstags\":7}" }, PUT_AGAIN, ERR_PROTOCOL },
		{ { .body = "<html>login</html>" }, PUT_AGAIN, ERR_PROTOCOL },
		{ { .body = "{\"npt_npst" }, PUT_AGAIN, ERR_PROTOCOL },
		{ { .status = 403, .body = FAULT("0x80040220", "prvRead") },
		    PUT_DENIED, ERR_NONE },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const struct sim_reply script[] = { TOKEN, cases[i].reply };
		struct put_result r;
		begin(SHORT, script, 2);
		const enum put_outcome outcome = write_tags(ID("01"), MEET,
		    MEET "9", &r);
		if (outcome != cases[i].outcome ||
		    rig.err.kind != cases[i].kind)
			fail_msg("%zu: %d %d %s", i, (int)outcome,
			    (int)rig.err.kind, rig.err.msg);
		rig_end(&rig, true);
	}
}

/* ---- fields ------------------------------------------------------------- */
static const char *const panel[][2] = { { "npt_average", "8.3" },
	{ "npt_recent", "9" }, { "npt_on", "2026-11-24" },
	{ "npt_at", "2026-11-24" }, { "npt_text", "god \"tid\"\n\303\270" },
	{ "npt_out", "2026-11-01" }, { "npt_next", "" }, { NULL, NULL } };
#define TYPES "column_types = [ 'npt_average=decimal', 'npt_recent=integer'," \
	"'npt_on=date', 'npt_at=datetime', 'npt_text=text'," \
	"'npt_out=boolean', 'npt_next=text' ];"

static struct crm_effect
fields(const char *contact, const char *const (*pairs)[2])
{
	return (struct crm_effect){ .ref = contact, .contact_id = contact,
		.fields = pairs };
}

static void
test_fields(void **state)
{
	static const struct sim_reply script[] = { TOKEN,
		{ .target = WRITE_CARD("01"), .want = "\r\nIf-Match: *\r\n",
		    .status = 204 },
		{ .target = WRITE_CARD("02"), .status = 404, .body = NONE },
		{ .target = WRITE_CARD("03"), .status = 400,
		    .body = FAULT("0x80044331", "A validation error") },
		{ .target = WRITE_CARD("04"), .status = 404, .body = FAULT("",
		    "Resource not found for the segment 'contacts'.") } };
	const struct crm_effect e[] = { fields(ID("01"), panel),
		fields(ID("02"), panel), fields(ID("03"), panel),
		fields(ID("04"), panel) };
	struct put_result r[4] = { { .outcome = PUT_UNKNOWN } };

	(void)state;
	begin(TYPES, script, ARRAY_LEN(script));
	for (size_t i = 0; i < 3; i++)
		RIG_OK(&rig, dynamics_crm.put_fields(rig.self, &e[i], 1, &r[i],
		    &rig.err));
	assert_string_equal(simhttpd_body(rig.sim, 1), "{\"npt_average\":8.3,"
	    "\"npt_recent\":9,\"npt_on\":\"2026-11-24\","
	    "\"npt_at\":\"2026-11-23T23:00:00Z\","
	    "\"npt_text\":\"god \\\"tid\\\"\\n\303\270\","
	    "\"npt_out\":true,\"npt_next\":null}");
	assert_int_equal(r[0].outcome, PUT_DONE);
	assert_int_equal(r[1].outcome, PUT_GONE);
	assert_int_equal(r[2].outcome, PUT_REJECTED);
	assert_non_null(strstr(r[2].reason, "0x80044331"));
	/* The address is wrong, and no card is gone. */
	assert_false(dynamics_crm.put_fields(rig.self, &e[3], 1, &r[3],
	    &rig.err));
	assert_int_equal(rig.err.kind, ERR_CONFIG);
	assert_int_equal(r[3].outcome, PUT_AGAIN);
	rig_end(&rig, true);
}

/* Types from the definitions, each asked for once. */
static void
test_field_types(void **state)
{
	static const char *const one[][2] = { { "npt_a", "8.3" },
		{ "npt_d", "2026-11-24" }, { "npt_c", "abcdef" },
		{ NULL, NULL } };
	static const char *const whole[][2] = { { "npt_i", "8.3" },
		{ NULL, NULL } };
	static const char *const none[][2] = { { "npt_none", "8.3" },
		{ NULL, NULL } };
	static const struct sim_reply script[] = { TOKEN,
		DEFINED("npt_a", "Double", ""),
		DEFINED("npt_d", "DateTime", ",\"DateTimeBehavior\":{\"Value\":"
		    "\"DateOnly\"}"),
		DEFINED("npt_c", "String", ",\"MaxLength\":4"),
		{ .target = WRITE_CARD("01"), .status = 204 },
		{ .target = WRITE_CARD("02"), .status = 204 },
		DEFINED("npt_i", "Integer", ""),
		{ .target = "GET ", .status = 404, .body = NONE } };
	const struct crm_effect e[] = { fields(ID("01"), one),
		fields(ID("02"), one), fields(ID("03"), whole),
		fields(ID("04"), none) };
	struct put_result r;

	(void)state;
	begin("", script, ARRAY_LEN(script));
	for (size_t i = 0; i < 3; i++)
		RIG_OK(&rig, dynamics_crm.put_fields(rig.self, &e[i], 1, &r,
		    &rig.err));
	assert_string_equal(simhttpd_body(rig.sim, 4), "{\"npt_a\":8.3,"
	    "\"npt_d\":\"2026-11-24\",\"npt_c\":\"abc\342\200\246\"}");
	assert_int_equal(r.outcome, PUT_REJECTED);
	assert_non_null(strstr(r.reason, "npt_i is of type Integer"));
	assert_false(dynamics_crm.put_fields(rig.self, &e[3], 1, &r, &rig.err));
	assert_int_equal(rig.err.kind, ERR_CONFIG);
	assert_non_null(strstr(rig.err.msg, "npt_none"));
	rig_end(&rig, true);
}

/* ---- answers ------------------------------------------------------------ */
static const char *const rating[][2] = {
	{ "answered_at", "2026-11-24T18:05:09Z" }, { "score", "6" },
	{ "type", "0-6 detractor" }, { "campaign_id", "4" },
	{ "member_id", "77" }, { "wants_contact", "yes" }, { NULL, NULL } };
static const struct crm_effect answer = { .ref = "406359",
	.contact_id = ID("01"), .subject = "M\303\270de", .text = "lang tid",
	.fields = rating };
#define TABLE "response_table = 'npt_npsresponses';"
#define ROWS API "npt_npsresponses"

/* DV-10: the key stands in the address only; 204 for a new row and an old. */
static void
test_dv10_upsert(void **state)
{
	static const struct sim_reply script[] = { TOKEN,
		{ .target = "PATCH " ROWS "(npt_responseid='406359') ",
		    .status = 204, .headers = "OData-EntityId: https://x" ROWS
		    "(" ID("31") ")\r\n" },
		{ .target = "PATCH " ROWS "(npt_responseid='406359') ",
		    .status = 204 } };
	struct put_result r = { .outcome = PUT_UNKNOWN };

	(void)state;
	begin(TABLE, script, ARRAY_LEN(script));
	RIG_OK(&rig, dynamics_crm.put_answer(rig.self, &answer, 1, &r,
	    &rig.err));
	assert_int_equal(r.outcome, PUT_DONE);
	assert_string_equal(r.remote_id, ID("31"));
	assert_string_equal(simhttpd_body(rig.sim, 1), "{\"npt_score\":6,"
	    "\"npt_type\":\"0-6 detractor\",\"npt_campaign\":\"M\303\270de\","
	    "\"npt_comment\":\"lang tid\",\"npt_ratedon\":"
	    "\"2026-11-24T18:05:09Z\",\"npt_Contact@odata.bind\":"
	    "\"/contacts(" ID("01") ")\"}");
	assert_string_equal(rig_header(&rig, 1, "If-Match"), "");
	RIG_OK(&rig, dynamics_crm.put_answer(rig.self, &answer, 1, &r,
	    &rig.err));
	assert_int_equal(r.outcome, PUT_DONE);
	rig_end(&rig, true);
}

/* What cannot stand in an address is not sent; other columns, other keys. */
static void
test_dv10_keys(void **state)
{
	static const char *const bad[] = { "a/b", "1:2", "7'", "", "4 5", "\303\270",
		"O'Hara" };
	static const struct sim_reply script[] = { TOKEN,
		{ .target = "PATCH " ROWS "(new_key=17) ", .status = 204 } };
	static const struct sim_reply text[] = { TOKEN,
		{ .target = "PATCH " ROWS "(npt_responseid='a-B_9') ",
		    .status = 204 } };
	struct crm_effect e = answer;
	struct put_result r;

	(void)state;
	begin(TABLE "response_key = 'new_key'; response_key_type = 'integer';"
	    "response_score = 'new_nps'; response_name = 'name';"
	    "response_type = ''; response_campaign = ''; response_comment = '';"
	    "response_time = ''; response_wants_contact = 'wants';"
	    "response_contact = 'new_Who';", script, ARRAY_LEN(script));
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		e.ref = bad[i];
		RIG_OK(&rig, dynamics_crm.put_answer(rig.self, &e, 1, &r,
		    &rig.err));
		assert_int_equal(r.outcome, PUT_REJECTED);
	}
	e.ref = "17";
	RIG_OK(&rig, dynamics_crm.put_answer(rig.self, &e, 1, &r, &rig.err));
	assert_string_equal(simhttpd_body(rig.sim, 1), "{\"npt_name\":"
	    "\"M\303\270de 6\",\"new_nps\":6,\"npt_wants\":true,"
	    "\"new_Who@odata.bind\":\"/contacts(" ID("01") ")\"}");
	rig_end(&rig, true);
	begin(TABLE "response_key_type = 'text';", text, ARRAY_LEN(text));
	e.ref = "a-B_9";
	RIG_OK(&rig, dynamics_crm.put_answer(rig.self, &e, 1, &r, &rig.err));
	assert_int_equal(r.outcome, PUT_DONE);
	rig_end(&rig, true);
}

/* Two that make one row at once: once more, as an update. */
static void
test_clash(void **state)
{
	static const struct { int status; const char *body; } first[] = {
		{ 412, FAULT("0x80060892", "duplicate") },
		{ 400, FAULT("0x80040237", "duplicate") },
		{ 412, "" } };
	static const struct {
		int status;
		enum put_outcome outcome;
	} second[] = { { 204, PUT_DONE }, { 404, PUT_UNKNOWN },
		{ 412, PUT_CONFLICT } };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(first); i++) {
		const struct sim_reply script[] = { TOKEN,
			{ .target = "PATCH ", .status = first[i].status,
			    .body = first[i].body },
			{ .target = "PATCH ", .want = "\r\nIf-Match: *\r\n",
			    .status = second[i].status } };
		struct put_result r = { .outcome = PUT_UNKNOWN };
		begin(TABLE, script, 3);
		RIG_OK(&rig, dynamics_crm.put_answer(rig.self, &answer, 1, &r,
		    &rig.err));
		assert_int_equal(r.outcome, second[i].outcome);
		rig_end(&rig, true);
	}
}

/* A column or a key that nobody made: no answer has failed for good by that. */
static void
test_misfit(void **state)
{
	static const char *const bodies[] = { FAULT("0x80048d19", "Error "
	    "identified in Payload provided by the user"),
		FAULT("0x0", "The property 'npt_type' does not exist on type "
		    "'Microsoft.Dynamics.CRM.npt_npsresponse'. Make sure"),
		FAULT("0x8004f050", "The key is not Active"),
		FAULT("0x80060888", "Bad Request"),
		FAULT("0x0", "npt_responseid is not a defined key") };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bodies); i++) {
		const struct sim_reply script[] = { TOKEN, { .target = "PATCH ",
		    .status = 400, .body = bodies[i] } };
		struct put_result r = { .outcome = PUT_UNKNOWN };
		begin(TABLE, script, 2);
		assert_false(dynamics_crm.put_answer(rig.self, &answer, 1, &r,
		    &rig.err));
		assert_int_equal(rig.err.kind, ERR_CONFIG);
		assert_non_null(strstr(rig.err.msg, "npsync check"));
		assert_int_equal(r.outcome, PUT_AGAIN);
		rig_end(&rig, true);
	}
}

/* A CRM that is away ends it, one odd row does not. */
static void
test_away(void **state)
{
	static const struct sim_reply script[] = { TOKEN,
		{ .target = "PATCH ", .status = 500, .body = "<html>" },
		{ .target = "PATCH ", .status = 204 },
		{ .target = "PATCH ", .status = 500, .repeat = 2 } };
	struct put_result r;

	(void)state;
	begin(TABLE, script, ARRAY_LEN(script));
	for (int i = 0; i < 4; i++) {
		r.outcome = PUT_UNKNOWN;
		RIG_OK(&rig, dynamics_crm.put_answer(rig.self, &answer, 1, &r,
		    &rig.err));
		assert_int_equal(r.outcome, i == 1 ? PUT_DONE : PUT_UNKNOWN);
	}
	assert_false(dynamics_crm.put_answer(rig.self, &answer, 1, &r,
	    &rig.err));
	assert_int_equal(rig.err.kind, ERR_RETRY);
	rig_end(&rig, true);
}

/* ---- batches ------------------------------------------------------------ */
#define PART_HEAD "--batchresponse_1-2\r\nContent-Type: application/http\r\n" \
	"Content-Transfer-Encoding: binary\r\n"
#define PART PART_HEAD "\r\n"
#define GOOD PART "HTTP/1.1 204 No Content\r\nOData-Version: 4.0\r\n\r\n\r\n"
#define BAD PART "HTTP/1.1 400 Bad Request\r\nREQ_ID: 1\r\n\r\n" \
	FAULT("0x80044331", "too long") "\r\n"
#define NAMED(n) PART_HEAD "Content-ID: " n "\r\n\r\n" \
	"HTTP/1.1 204 No Content\r\n\r\n\r\n"
#define END "--batchresponse_1-2--\r\n"
#define MIXED "Content-Type: multipart/mixed; boundary=batchresponse_1-2\r\n"
#define BATCH "POST " API "$batch "

static const struct crm_effect three[] = {
	{ .contact_id = ID("01"), .fields = &panel[6] },
	{ .contact_id = ID("02"), .fields = &panel[6] },
	{ .contact_id = ID("03"), .fields = &panel[6] } };

/* DV-15: each part is read; the refused card alone has failed. */
static void
test_dv15_batch(void **state)
{
	static const char lf[] = "--b\nContent-Type: application/http\n\n"
	    "HTTP/1.1 204 No Content\n\n\n--b\nContent-Type: application/http\n"
	    "\nHTTP/1.1 400 Bad Request\n\n{}\n--b\n"
	    "Content-Type: application/http\n\nHTTP/1.1 204 No Content\n\n\n"
	    "--b--\n";
	static const struct sim_reply script[] = { TOKEN,
		{ .target = BATCH, .headers = MIXED,
		    .body = GOOD BAD GOOD END },
		{ .target = BATCH, .headers = "Content-Type: multipart/mixed; "
		    "boundary=\"b\"\r\n", .body = lf } };
	struct put_result r[3];

	(void)state;
	begin(TYPES "batch_size = 10;", script, ARRAY_LEN(script));
	for (int k = 0; k < 2; k++) {
		memset(r, 0, sizeof(r));
		for (int i = 0; i < 3; i++)
			r[i].outcome = PUT_UNKNOWN;
		RIG_OK(&rig, dynamics_crm.put_fields(rig.self, three, 3, r,
		    &rig.err));
		assert_int_equal(r[0].outcome, PUT_DONE);
		assert_int_equal(r[1].outcome, PUT_REJECTED);
		assert_int_equal(r[2].outcome, PUT_DONE);
	}
	assert_string_equal(rig_header(&rig, 1, "Prefer"),
	    "odata.continue-on-error");
	const char *type = rig_header(&rig, 1, "Content-Type");
	const char *boundary = strstr(type, "boundary=\"");
	assert_non_null(boundary);
	boundary = arena_strndup(rig.arena, boundary + 10, strcspn(boundary +
	    10, "\""));
	struct buf want;
	buf_init(&want, 1 << 16);
	for (int i = 0; i < 3; i++)
		buf_printf(&want, "--%s\r\nContent-Type: application/http\r\n"
		    "Content-Transfer-Encoding: binary\r\nContent-ID: %d"
		    "\r\n\r\nPATCH " API "contacts(%s) HTTP/1.1\r\n"
		    "Content-Type: application/json\r\nIf-Match: *\r\n\r\n"
		    "{\"npt_next\":null}\r\n", boundary, i + 1,
		    three[i].contact_id);
	buf_printf(&want, "--%s--\r\n", boundary);
	assert_string_equal(simhttpd_body(rig.sim, 1), buf_text(&want));
	buf_free(&want);
	rig_end(&rig, true);
}

/* DV-16: one part for three requests, an end that is missing, another order, a
 * batch refused as a whole: none of it counts as written; each goes alone. */
static void
test_dv16_group_failed(void **state)
{
	static const struct sim_reply answers[] = {
		{ .target = BATCH, .headers = MIXED, .body = BAD END },
		{ .target = BATCH, .headers = MIXED, .body = GOOD GOOD GOOD },
		{ .target = BATCH, .headers = MIXED, .body = GOOD END },
		{ .target = BATCH, .headers = MIXED,
		    .body = GOOD GOOD GOOD GOOD END },
		{ .target = BATCH, .headers = MIXED,
		    .body = NAMED("1") NAMED("3") NAMED("2") END },
		{ .target = BATCH, .body = "{}" },
		{ .target = BATCH, .status = 400, .headers = MIXED,
		    .body = GOOD BAD END } };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(answers); i++) {
		const struct sim_reply script[] = { TOKEN, answers[i],
			{ .target = WRITE_CARD("01"), .status = 204 },
			{ .target = WRITE_CARD("02"), .status = 404,
			    .body = NONE },
			{ .target = WRITE_CARD("03"), .status = 204 } };
		struct put_result r[3];
		memset(r, 0, sizeof(r));
		begin(TYPES "batch_size = 10;", script, ARRAY_LEN(script));
		RIG_OK(&rig, dynamics_crm.put_fields(rig.self, three, 3, r,
		    &rig.err));
		assert_int_equal(r[0].outcome, PUT_DONE);
		assert_int_equal(r[1].outcome, PUT_GONE);
		assert_int_equal(r[2].outcome, PUT_DONE);
		rig_end(&rig, true);
	}
}

/* A part that clashed goes once more; what cannot be sent is left out. */
static void
test_batch_answers(void **state)
{
	static const struct sim_reply script[] = { TOKEN,
		{ .target = BATCH, .headers = MIXED, .body = NAMED("1")
		    PART_HEAD "Content-ID: 3\r\n\r\n"
		    "HTTP/1.1 412 Precondition Failed\r\n\r\n\r\n" END },
		{ .target = "PATCH " ROWS "(npt_responseid='9') ",
		    .status = 204 } };
	struct crm_effect e[3] = { answer, answer, answer };
	struct put_result r[3];

	(void)state;
	memset(r, 0, sizeof(r));
	e[1].ref = "x y";
	e[2].ref = "9";
	begin(TABLE "batch_size = 3;", script, ARRAY_LEN(script));
	RIG_OK(&rig, dynamics_crm.put_answer(rig.self, e, 3, r, &rig.err));
	assert_int_equal(r[0].outcome, PUT_DONE);
	assert_int_equal(r[1].outcome, PUT_REJECTED);
	assert_int_equal(r[2].outcome, PUT_DONE);
	rig_end(&rig, true);
}

/* ---- tasks and posts ---------------------------------------------------- */
static const struct crm_effect task = { .ref = "7", .contact_id = ID("01"),
	.employee_id = ID("51"), .subject = "Follow up: NPS 3",
	.text = "kommentar", .day = 20261203 };

static void
test_task(void **state)
{
	static const struct sim_reply script[] = { TOKEN,
		{ .target = "POST " API "tasks ", .status = 204,
		    .headers = "OData-EntityId: https://x" API "tasks("
		    ID("61") ")\r\n" },
		{ .target = "POST " API "posts ", .status = 204 } };
	struct crm_effect post = task;
	struct put_result r = { .outcome = PUT_UNKNOWN };

	(void)state;
	begin("", script, ARRAY_LEN(script));
	RIG_OK(&rig, dynamics_crm.put_task(rig.self, &task, 1, &r, &rig.err));
	assert_int_equal(r.outcome, PUT_DONE);
	assert_string_equal(r.remote_id, ID("61"));
	assert_string_equal(simhttpd_body(rig.sim, 1), "{\"subject\":\"Follow "
	    "up: NPS 3\",\"description\":\"kommentar\",\"scheduledend\":"
	    "\"2026-12-03T11:00:00Z\",\"regardingobjectid_contact_task@odata."
	    "bind\":\"/contacts(" ID("01") ")\",\"ownerid@odata.bind\":"
	    "\"/systemusers(" ID("51") ")\"}");
	post.text = "NPS 3";
	RIG_OK(&rig, dynamics_crm.post_feed(rig.self, &post, 1, &r, &rig.err));
	assert_string_equal(simhttpd_body(rig.sim, 2), "{\"text\":\"NPS 3\","
	    "\"source\":2,\"regardingobjectid_contact@odata.bind\":"
	    "\"/contacts(" ID("01") ")\"}");
	rig_end(&rig, true);
}

/* At most once: what may have arrived is not sent again. */
static void
test_task_once(void **state)
{
	static const struct {
		struct sim_reply reply;
		enum put_outcome outcome;
	} cases[] = {
		{ { .mode = SIM_CLOSE }, PUT_UNKNOWN },
		{ { .status = 500 }, PUT_UNKNOWN },
		{ { .status = 303 }, PUT_UNKNOWN },
		{ { .status = 429, .headers = "Retry-After: 600\r\n" },
		    PUT_AGAIN },
		{ { .status = 403, .body = FAULT("0x80040220", "prvAssign") },
		    PUT_DENIED },
		{ { .status = 404, .body = NONE }, PUT_GONE },
		{ { .status = 400, .body = FAULT("0x1", "") }, PUT_REJECTED },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const struct sim_reply script[] = { TOKEN, cases[i].reply };
		struct put_result r = { .outcome = PUT_UNKNOWN };
		rig_begin(&rig, script, 2);
		rig.tries = 4;
		assert_true(rig_settings(&rig, simhttpd_url(rig.sim), ""));
		assert_true(rig_open(&rig));
		const bool ok = dynamics_crm.put_task(rig.self, &task, 1, &r,
		    &rig.err);
		if (r.outcome != cases[i].outcome ||
		    ok != (r.outcome == PUT_GONE || r.outcome == PUT_REJECTED ||
		        r.outcome == PUT_DENIED))
			fail_msg("%zu: %d %s", i, (int)r.outcome, rig.err.msg);
		rig_end(&rig, true);
	}
}

/* What is made at most once never goes in a batch, and is begun one by one; a
 * card that is denied ends it for no other. */
static void
test_no_batch_of_tasks(void **state)
{
	static const struct sim_reply script[] = { TOKEN,
		{ .target = "POST " API "tasks ", .status = 403,
		    .body = FAULT("0x80040220", "prvAppendTo") },
		{ .target = "POST " API "tasks ", .status = 204 } };
	struct crm_effect e[3] = { task, task, task };
	struct put_result r[3];

	(void)state;
	memset(r, 0, sizeof(r));
	e[0].contact_id = "x";
	begin("batch_size = 10;", script, ARRAY_LEN(script));
	assert_int_equal(dynamics_crm.once_max, 1);
	RIG_OK(&rig, dynamics_crm.put_task(rig.self, e, 3, r, &rig.err));
	assert_int_equal(r[0].outcome, PUT_REJECTED);
	assert_int_equal(r[1].outcome, PUT_DENIED);
	assert_int_equal(r[2].outcome, PUT_DONE);
	rig_end(&rig, true);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_dv09_conflict),
		cmocka_unit_test(test_dv01_deleted),
		cmocka_unit_test(test_tags),
		cmocka_unit_test(test_dv18_letters),
		cmocka_unit_test(test_no_version),
		cmocka_unit_test(test_too_long),
		cmocka_unit_test(test_no_definitions),
		cmocka_unit_test(test_dv17_odd_answers),
		cmocka_unit_test(test_fields),
		cmocka_unit_test(test_field_types),
		cmocka_unit_test(test_dv10_upsert),
		cmocka_unit_test(test_dv10_keys),
		cmocka_unit_test(test_clash),
		cmocka_unit_test(test_misfit),
		cmocka_unit_test(test_away),
		cmocka_unit_test(test_dv15_batch),
		cmocka_unit_test(test_dv16_group_failed),
		cmocka_unit_test(test_batch_answers),
		cmocka_unit_test(test_task),
		cmocka_unit_test(test_task_once),
		cmocka_unit_test(test_no_batch_of_tasks),
	};

	return cmocka_run_group_tests_name("dynamics_write", tests, NULL, NULL);
}
