/*
 * What `npsync check` says of an environment, and what --fix makes there.
 */
#include "dynamics/rig.h"

#define TABLE_OF(t) API "EntityDefinitions(LogicalName='" t "')"
#define COLUMN_OF(t, c) TABLE_OF(t) "/Attributes(LogicalName='" c "') "
#define IS(t, c, type, more) { .target = "GET " COLUMN_OF(t, c), \
	.body = "{\"AttributeType\":\"" type "\"" more "}" }
#define LACKS(t, c) { .target = "GET " COLUMN_OF(t, c), .status = 404, \
	.body = "{\"error\":{\"code\":\"0x80060888\",\"message\":\"none\"}}" }
#define WHO { .target = "GET " API "WhoAmI ", .body = "{\"UserId\":\"1\"}" }
#define CONTACT "?$select=LogicalName,EntitySetName," \
	"IsOptimisticConcurrencyEnabled "
#define CONCURRENT(yes) { .target = "GET " TABLE_OF("contact") CONTACT, \
	.body = "{\"IsOptimisticConcurrencyEnabled\":" yes "}" }
#define NO_READING "suppress_on = []; employment_field = ''; " \
	"phone_column = '';"
#define TABLE_ASK "GET " API "EntityDefinitions?$select=LogicalName," \
	"EntitySetName&$filter=EntitySetName%20eq%20'npt_npsresponses' "

static struct rig rig;

static bool
on_thing(void *arg, const char *what, enum setup_state state,
    const char *advice)
{
	static const char *const words[] = { "ok", "missing", "made", "?" };

	(void)arg;
	return buf_printf(&rig.seen, "%s %s%s%s\n", words[state], what,
	    advice == NULL ? "" : ": ", advice == NULL ? "" : advice);
}

static void
setup(const char *more, const struct crm_setup *wants,
    const struct sim_reply *script, size_t n)
{
	rig_start(&rig, more, script, n);
	RIG_OK(&rig, dynamics_crm.setup(rig.self, wants, on_thing, NULL,
	    &rig.err));
}

static void
test_tags(void **state)
{
	static const struct sim_reply good[] = { TOKEN, WHO,
		IS("contact", "npt_npstags", "Memo", ",\"MaxLength\":4000"),
		CONCURRENT("true") };
	static const struct sim_reply bad[] = { TOKEN, WHO,
		IS("contact", "npt_npstags", "String", ",\"MaxLength\":100"),
		CONCURRENT("false") };
	static const struct sim_reply none[] = { TOKEN, WHO,
		LACKS("contact", "npt_npstags"), CONCURRENT("true") };
	static const struct sim_reply odd[] = { TOKEN, WHO,
		IS("contact", "npt_npstags", "Memo",
		    ",\"MaxLength\":400,\"IsValidForUpdate\":false") };
	const struct crm_setup wants = { .tags = true };

	(void)state;
	setup(NO_READING, &wants, good, ARRAY_LEN(good));
	RIG_SEES(&rig, "ok application user\n"
	    "ok column npt_npstags of contact (text)\n"
	    "ok optimistic concurrency of contact\n");
	rig_end(&rig, true);
	setup(NO_READING, &wants, bad, ARRAY_LEN(bad));
	RIG_SEES(&rig, "ok application user\n"
	    "missing column npt_npstags of contact (text): it holds 100 "
	    "characters, 200 are needed: make it longer (tag_column)\n"
	    "missing optimistic concurrency of contact: enable it for the "
	    "table, or set tag_etag = false: a tag that somebody sets while we "
	    "write is lost then\n");
	rig_end(&rig, true);
	setup(NO_READING, &wants, none, ARRAY_LEN(none));
	assert_non_null(strstr(buf_text(&rig.seen), "missing column npt_npstags "
	    "of contact (text): make it, or correct tag_column\n"));
	rig_end(&rig, true);
	setup(NO_READING "tag_etag = false;", &wants, odd, ARRAY_LEN(odd));
	assert_non_null(strstr(buf_text(&rig.seen), "it cannot be written: name "
	    "another one (tag_column)\n"));
	rig_end(&rig, true);
}

/* Definitions that may not be read: nobody knows, and it goes on. */
static void
test_no_right(void **state)
{
	static const struct sim_reply script[] = { TOKEN, WHO,
		{ .target = "GET ", .status = 403, .body = "{\"error\":{"
		    "\"code\":\"0x80040220\",\"message\":\"prvReadEntity\"}}",
		    .repeat = 2 } };
	static const struct sim_reply stranger[] = { TOKEN,
		{ .target = "GET ", .status = 403 } };
	const struct crm_setup wants = { .tags = true, .answers = true };

	(void)state;
	setup(NO_READING "response_table = 'npt_npsresponses';", &wants, script,
	    ARRAY_LEN(script));
	const char *text = buf_text(&rig.seen);
	assert_non_null(strstr(text, "? column npt_npstags of contact (text): "
	    "the application may not read definitions"));
	assert_non_null(strstr(text, "? optimistic concurrency of contact: "));
	assert_non_null(strstr(text, "? table npt_npsresponses: "));
	rig_end(&rig, true);
	setup(NO_READING "tag_column = '';", &wants, stranger, 2);
	assert_non_null(strstr(buf_text(&rig.seen), "missing application user: "
	    "add the application"));
	rig_end(&rig, true);
}

static void
test_reading(void **state)
{
	static const struct sim_reply script[] = { TOKEN, WHO,
		IS("contact", "npt_nosend", "Boolean", ""),
		LACKS("contact", "statecode"),
		IS("contact", "donotemail", "Boolean", ""),
		IS("contact", "npt_more", "Picklist", "") };
	const struct crm_setup wants = { .fix = true };

	(void)state;
	setup("nosend_column = 'npt_nosend'; phone_column = ''; suppress_on = "
	    "[ 'donotemail' ]; fields = [ 'npt_more', 'account.npt_x' ];",
	    &wants, script, ARRAY_LEN(script));
	RIG_SEES(&rig, "ok application user\n"
	    "ok column npt_nosend of contact (yes or no)\n"
	    "missing column statecode of contact (any type): make it, or "
	    "correct employment_field\n"
	    "ok column donotemail of contact (yes or no)\n"
	    "ok column npt_more of contact (any type)\n");
	rig_end(&rig, true);
}

/* What would keep out every card that holds a value is told beforehand: a text,
 * several choices, a day.  A number and a choice can be read. */
static void
test_no_send_that_says_neither_yes_nor_no(void **state)
{
	static const struct { const char *type; bool fit; } cases[] = {
		{ "String", false }, { "Memo", false }, { "Virtual", false },
		{ "DateTime", false }, { "Lookup", false },
		{ "Boolean", true }, { "Integer", true }, { "Decimal", true },
		{ "Picklist", true },
		{ "State", true } };
	static const char *const names[] = { "npt_nosend", "npt_x" };
	static const char *const options[] = { "nosend_column", "suppress_on" };
	const struct crm_setup wants = { .fix = true };

	(void)state;
	for (size_t i = 0; i < 2 * ARRAY_LEN(cases); i++) {
		const size_t bad = i % 2;
		const char *type = cases[i / 2].type;
		char body[2][96], want[400];
		const struct sim_reply script[] = { TOKEN, WHO,
			{ .target = "GET " COLUMN_OF("contact", "npt_nosend"),
			    .body = body[0] },
			{ .target = "GET " COLUMN_OF("contact", "npt_x"),
			    .body = body[1] } };

		for (size_t k = 0; k < 2; k++)
			(void)snprintf(body[k], sizeof(body[k]),
			    "{\"AttributeType\":\"%s\",\"MaxLength\":9,"
			    "\"Format\":\"x\"}", k == bad ? type : "Boolean");
		(void)snprintf(want, sizeof(want), "missing column %s of contact "
		    "(yes or no): it is of type %s: no card with a value in it "
		    "can be read, and nobody on one is asked: name a column of "
		    "type yes or no (%s)\n", names[bad], type, options[bad]);
		if (cases[i / 2].fit)
			(void)snprintf(want, sizeof(want), "ok column %s of "
			    "contact (yes or no)\n", names[bad]);
		setup("nosend_column = 'npt_nosend'; employment_field = ''; "
		    "phone_column = ''; suppress_on = [ 'npt_x' ];", &wants,
		    script, ARRAY_LEN(script));
		if (strstr(buf_text(&rig.seen), want) == NULL)
			fail_msg("%s: %s", type, buf_text(&rig.seen));
		rig_end(&rig, true);
	}
}

static const struct crm_field fields[] = { { "npt_average", FIELD_DECIMAL },
	{ "npt_score", FIELD_INTEGER }, { "npt_day", FIELD_DATE },
	{ "npt_text", FIELD_LONG_TEXT }, { "npt_type", FIELD_TEXT },
	{ "new_type", FIELD_TEXT } };

static void
test_fields(void **state)
{
	static const struct sim_reply script[] = { TOKEN, WHO,
		IS("contact", "npt_average", "Integer", ""),
		IS("contact", "npt_score", "Decimal", ""),
		IS("contact", "npt_day", "Boolean", ""),
		IS("contact", "npt_text", "String", ",\"MaxLength\":100"),
		IS("contact", "npt_type", "Picklist", ""),
		LACKS("contact", "new_type") };
	const struct crm_setup wants = { .fields = fields, .n_fields = 6,
		.comment_max = 255 };

	(void)state;
	setup(NO_READING, &wants, script, ARRAY_LEN(script));
	RIG_SEES(&rig, "ok application user\n"
	    "missing column npt_average of contact (decimal number): it is of "
	    "type Integer: name another column of type decimal number "
	    "(writeback.fields)\n"
	    "ok column npt_score of contact (whole number)\n"
	    "ok column npt_day of contact (date only)\n"
	    "missing column npt_text of contact (text): it holds 100 characters, "
	    "255 are needed: make it longer (writeback.fields)\n"
	    "missing column npt_type of contact (text): it is of type Picklist: "
	    "name another column of type text (writeback.fields)\n"
	    "missing column new_type of contact (text): make it, or correct "
	    "writeback.fields\n");
	rig_end(&rig, true);
}

#define POST_COLUMN { .target = "POST " TABLE_OF("contact") "/Attributes ", \
	.status = 204 }
#define MADE(kind, name, more) "{\"@odata.type\":\"Microsoft.Dynamics.CRM." \
	kind "AttributeMetadata\",\"AttributeType\":\"" kind \
	"\",\"AttributeTypeName\":{\"Value\":\"" kind "Type\"}," \
	"\"SchemaName\":\"npt_" name "\",\"RequiredLevel\":{\"Value\":\"None\"}" \
	",\"DisplayName\":{\"@odata.type\":\"Microsoft.Dynamics.CRM.Label\"," \
	"\"LocalizedLabels\":[{\"@odata.type\":" \
	"\"Microsoft.Dynamics.CRM.LocalizedLabel\",\"Label\":\"" name "\"," \
	"\"LanguageCode\":1030}]}," more "}"

/* --fix: what has our prefix is made, once; what is refused is told. */
static void
test_fix(void **state)
{
	static const struct sim_reply script[] = { TOKEN, WHO,
		LACKS("contact", "npt_average"), POST_COLUMN,
		LACKS("contact", "npt_score"), POST_COLUMN,
		LACKS("contact", "npt_day"), POST_COLUMN,
		LACKS("contact", "npt_text"), { .target = "POST ", .status = 403,
		    .body = "{\"error\":{\"code\":\"0x80040220\","
		    "\"message\":\"prvCreateAttribute\"}}" },
		LACKS("contact", "npt_type"), POST_COLUMN,
		LACKS("contact", "new_type") };
	const struct crm_setup wants = { .fields = fields, .n_fields = 6,
		.comment_max = 255, .fix = true };

	(void)state;
	setup(NO_READING "label_language = 1030;", &wants, script,
	    ARRAY_LEN(script));
	assert_string_equal(simhttpd_body(rig.sim, 3), MADE("Decimal",
	    "average", "\"Precision\":1,\"MinValue\":0,\"MaxValue\":1000"));
	assert_string_equal(simhttpd_body(rig.sim, 5), MADE("Integer", "score",
	    "\"Format\":\"None\",\"MinValue\":0,\"MaxValue\":2147483647"));
	assert_string_equal(simhttpd_body(rig.sim, 7), MADE("DateTime", "day",
	    "\"Format\":\"DateOnly\",\"DateTimeBehavior\":{\"Value\":"
	    "\"DateOnly\"}"));
	assert_string_equal(simhttpd_body(rig.sim, 11), MADE("String", "type",
	    "\"FormatName\":{\"Value\":\"Text\"},\"MaxLength\":100"));
	const char *text = buf_text(&rig.seen);
	assert_non_null(strstr(text, "made column npt_average of contact "
	    "(decimal number): put it on the form\n"));
	assert_non_null(strstr(text, "missing column npt_text of contact (text)"
	    ": cannot make it: "));
	assert_non_null(strstr(text, "missing column new_type of contact (text)"
	    ": cannot make it: its name does not begin with column_prefix"));
	rig_end(&rig, true);
}

#define ROW "npt_npsresponse"
#define KEYS "GET " TABLE_OF(ROW) "/Keys?$select=LogicalName,KeyAttributes," \
	"EntityKeyIndexStatus "
#define FOUND { .target = TABLE_ASK, .body = VALUE("{\"LogicalName\":\"" ROW \
	"\"}") }
#define COLUMNS IS(ROW, "npt_score", "Integer", ""), \
	IS(ROW, "npt_type", "String", ",\"MaxLength\":100"), \
	IS(ROW, "npt_campaign", "String", ",\"MaxLength\":100"), \
	IS(ROW, "npt_comment", "Memo", ",\"MaxLength\":2000"), \
	IS(ROW, "npt_ratedon", "DateTime", ""), \
	{ .target = "GET " TABLE_OF(ROW) "/Attributes(LogicalName='npt_ratedon'" \
	    ")/Microsoft.Dynamics.CRM.DateTimeAttributeMetadata ", .body = \
	    "{\"AttributeType\":\"DateTime\",\"Format\":\"DateAndTime\"}" }, \
	IS(ROW, "npt_contact", "Lookup", "")
#define ANSWERS NO_READING "tag_column = ''; response_table = " \
	"'npt_npsresponses';"

static void
check_key(const char *keys, const char *line)
{
	const struct sim_reply script[] = { TOKEN, WHO, FOUND,
		IS(ROW, "npt_responseid", "String", ",\"MaxLength\":100"),
		COLUMNS, { .target = KEYS, .body = keys } };
	const struct crm_setup wants = { .answers = true };

	setup(ANSWERS, &wants, script, ARRAY_LEN(script));
	const char *at = strstr(buf_text(&rig.seen), "ok column npt_contact of "
	    ROW " (lookup)\n");
	assert_non_null(at);
	assert_string_equal(strchr(at, '\n') + 1, line);
	rig_end(&rig, true);
}

/* A number is written as one, a day too: not every column takes that. */
static void
test_answer_types(void **state)
{
	static const struct sim_reply script[] = { TOKEN, WHO, FOUND,
		IS(ROW, "npt_responseid", "Integer", ""),
		IS(ROW, "npt_score", "String", ",\"MaxLength\":100"),
		IS(ROW, "npt_type", "String", ",\"MaxLength\":100"),
		IS(ROW, "npt_campaign", "Decimal", ""),
		IS(ROW, "npt_comment", "Memo", ",\"MaxLength\":2000"),
		IS(ROW, "npt_ratedon", "String", ",\"MaxLength\":100"),
		IS(ROW, "npt_wish", "String", ",\"MaxLength\":100"),
		IS(ROW, "npt_contact", "Lookup", ""),
		{ .target = KEYS, .body = VALUE("{\"KeyAttributes\":["
		    "\"npt_responseid\"],\"EntityKeyIndexStatus\":\"Active\"}")
		} };
	static const char *const lines[] = {
		"missing column npt_responseid of " ROW " (text): it is of type "
		    "Integer: ",
		"missing column npt_score of " ROW " (whole number): it is of "
		    "type String: ",
		"ok column npt_type of ",
		"missing column npt_campaign of " ROW " (text): it is of type "
		    "Decimal: ",
		"ok column npt_ratedon of ",
		"missing column npt_wish of " ROW " (yes or no): it is of type "
		    "String: " };
	const struct crm_setup wants = { .answers = true };

	(void)state;
	setup(ANSWERS "response_wants_contact = 'wish';", &wants, script,
	    ARRAY_LEN(script));
	for (size_t i = 0; i < ARRAY_LEN(lines); i++)
		if (strstr(buf_text(&rig.seen), lines[i]) == NULL)
			fail_msg("%s\n%s", lines[i], buf_text(&rig.seen));
	rig_end(&rig, true);
}

#define KEY(status) VALUE("{\"KeyAttributes\":[\"a\",\"npt_responseid\"]}," \
	"{\"KeyAttributes\":[\"npt_responseid\"]," \
	"\"EntityKeyIndexStatus\":\"" status "\"}")
#define THE_KEY "alternate key npt_responseid of " ROW
static void
test_answers(void **state)
{
	static const struct sim_reply none[] = { TOKEN, WHO,
		{ .target = TABLE_ASK, .body = VALUE("") } };
	const struct crm_setup wants = { .answers = true };

	(void)state;
	check_key(KEY("Active"), "ok " THE_KEY "\n");
	check_key(KEY("Pending"), "? " THE_KEY ": its index is not Active yet: "
	    "wait until it is, answers cannot be written before\n");
	check_key(KEY("Failed"), "missing " THE_KEY ": its index could not be "
	    "built: delete rows that are there twice, and build it again\n");
	check_key(VALUE(""), "missing " THE_KEY ": make a key of this column "
	    "alone\n");
	setup(ANSWERS, &wants, none, ARRAY_LEN(none));
	assert_non_null(strstr(buf_text(&rig.seen), "missing table "
	    "npt_npsresponses: make it, or correct response_table\n"));
	rig_end(&rig, true);
}

static void
test_answers_fix(void **state)
{
	static const struct sim_reply script[] = { TOKEN, WHO, FOUND,
		LACKS(ROW, "npt_responseid"), { .target = "POST " TABLE_OF(ROW)
		    "/Attributes ", .status = 204 },
		COLUMNS, { .target = KEYS, .body = VALUE("") },
		{ .target = "POST " TABLE_OF(ROW) "/Keys ", .status = 204 } };
	const struct crm_setup wants = { .answers = true, .fix = true,
		.tasks = true, .feed = true };

	(void)state;
	setup(ANSWERS, &wants, script, ARRAY_LEN(script));
	assert_string_equal(simhttpd_body(rig.sim, simhttpd_requests(rig.sim) -
	    1), "{\"SchemaName\":\"npt_responseid_key\",\"DisplayName\":{"
	    "\"@odata.type\":\"Microsoft.Dynamics.CRM.Label\","
	    "\"LocalizedLabels\":[{\"@odata.type\":"
	    "\"Microsoft.Dynamics.CRM.LocalizedLabel\",\"Label\":\"responseid\""
	    ",\"LanguageCode\":1033}]},\"KeyAttributes\":[\"npt_responseid\"]}");
	const char *text = buf_text(&rig.seen);
	assert_non_null(strstr(text, "made " THE_KEY ": wait until its index is "
	    "Active\n? right to create tasks: "));
	assert_non_null(strstr(text, "? right to create posts: "));
	rig_end(&rig, true);
}

static void
test_secret_lasts(void **state)
{
	static const struct sim_reply script[] = { TOKEN, WHO };
	const struct crm_setup wants = { .tags = false };

	(void)state;
	setup(NO_READING "secret_expires = '2027-06-30'; tag_column = '';",
	    &wants, script, ARRAY_LEN(script));
	RIG_SEES(&rig, "ok application user\n"
	    "ok client secret for 217 more days\n");
	rig_end(&rig, true);
}

/* All of it, where there is nothing. */
static void
test_table_fix(void **state)
{
	static const struct sim_reply script[] = { TOKEN, WHO,
		{ .target = TABLE_ASK, .body = VALUE("") },
		{ .target = "POST " API "EntityDefinitions ", .status = 204 },
		FOUND, LACKS(ROW, "npt_responseid"),
		{ .target = "POST " TABLE_OF(ROW) "/Attributes ",
		    .status = 204 },
		LACKS(ROW, "npt_contact"),
		{ .target = "POST " API "RelationshipDefinitions ",
		    .status = 204 },
		{ .target = KEYS, .body = KEY("Active") } };
	const struct crm_setup wants = { .answers = true, .fix = true };

	(void)state;
	setup(ANSWERS "response_score = ''; response_type = ''; "
	    "response_campaign = ''; response_comment = ''; response_time = "
	    "'';", &wants, script, ARRAY_LEN(script));
	const char *body = simhttpd_body(rig.sim, 3);
	assert_non_null(strstr(body, "\"SchemaName\":\"npt_npsresponse\","));
	assert_non_null(strstr(body, "\"OwnershipType\":\"OrganizationOwned\","
	    "\"IsActivity\":false,"));
	assert_non_null(strstr(body, "\"SchemaName\":\"npt_name\","));
	assert_non_null(strstr(body, "\"MaxLength\":100,\"IsPrimaryName\":true"
	    "}]}"));
	body = simhttpd_body(rig.sim, 8);
	assert_non_null(strstr(body, "\"SchemaName\":\"npt_contact_npt_"
	    "npsresponse\",\"ReferencedEntity\":\"contact\","
	    "\"ReferencingEntity\":\"npt_npsresponse\","));
	assert_non_null(strstr(body, "\"Delete\":\"RemoveLink\""));
	assert_non_null(strstr(body, "\"Lookup\":{\"@odata.type\":"
	    "\"Microsoft.Dynamics.CRM.LookupAttributeMetadata\","
	    "\"SchemaName\":\"npt_Contact\","));
	assert_non_null(strstr(buf_text(&rig.seen), "made table npt_npsresponses"
	    ": put it into the model-driven app\n"));
	rig_end(&rig, true);
}

/* Somebody else's name, and one whose plural is another: by hand. */
static void
test_table_by_hand(void **state)
{
	static const char *const sets[] = { "new_answers", "npt_answerss",
		"npt_answer", "npt_s" };
	const struct crm_setup wants = { .answers = true, .fix = true };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(sets); i++) {
		static const struct sim_reply script[] = { TOKEN, WHO,
			{ .target = "GET " API "EntityDefinitions?",
			    .body = VALUE("") } };
		rig_begin(&rig, script, 3);
		assert_true(rig_settings(&rig, simhttpd_url(rig.sim),
		    NO_READING "tag_column = '';"));
		rig.set.response_table = sets[i];
		assert_true(rig_open(&rig));
		RIG_OK(&rig, dynamics_crm.setup(rig.self, &wants, on_thing,
		    NULL, &rig.err));
		assert_non_null(strstr(buf_text(&rig.seen), "cannot make it: "));
		rig_end(&rig, true);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tags),
		cmocka_unit_test(test_no_right),
		cmocka_unit_test(test_reading),
		cmocka_unit_test(test_no_send_that_says_neither_yes_nor_no),
		cmocka_unit_test(test_fields),
		cmocka_unit_test(test_fix),
		cmocka_unit_test(test_answer_types),
		cmocka_unit_test(test_answers),
		cmocka_unit_test(test_answers_fix),
		cmocka_unit_test(test_secret_lasts),
		cmocka_unit_test(test_table_fix),
		cmocka_unit_test(test_table_by_hand),
	};

	return cmocka_run_group_tests_name("dynamics_setup", tests, NULL, NULL);
}
