/*
 * What `npsync check` says of a tenant, and what --fix makes there.
 */
#include "superoffice/writerig.h"

#define LAYOUT { .target = "GET " API "/Person/UdefLayout/Published ", \
	.body = "[{\"ProgId\":\"SuperOffice:1\",\"UdefIdentity\":1," \
	"\"FieldType\":\"ShortText\",\"TextLength\":100},{\"ProgId\":\"\"," \
	"\"UdefIdentity\":2,\"FieldType\":\"Number\"},{\"ProgId\":\"\"," \
	"\"UdefIdentity\":3,\"FieldType\":\"Checkbox\"},{\"ProgId\":\"\"," \
	"\"UdefIdentity\":4,\"FieldType\":\"Date\"},{\"ProgId\":\"\"," \
	"\"UdefIdentity\":5,\"FieldType\":\"LongText\",\"TextLength\":2047," \
	"\"IsReadOnly\":true},{\"ProgId\":\"\",\"UdefIdentity\":6," \
	"\"FieldType\":\"List\"},{\"ProgId\":\"\",\"UdefIdentity\":7," \
	"\"FieldType\":\"ShortText\",\"TextLength\":10},{\"ProgId\":\"\"," \
	"\"UdefIdentity\":8,\"FieldType\":\"LongText\",\"TextLength\":2047}]" }
#define MDO(items) { .target = "GET " API "/MDOList/persint ", \
	.body = "[" items "]" }
#define ITEMS(items) { .target = "GET " API "/List/PersInt/Items ", \
	.body = "[" items "]" }
#define NOSEND ITEM(3, "NPSToday.NoSend")
#define LISTS { .target = "GET " API "/List ", .body = "[{\"Id\":1,\"Name\":" \
	"\"Category\",\"ListType\":\"Category\"},{\"Id\":2,\"Name\":\"PersInt\"," \
	"\"ListType\":\"PersInt\"},{\"Name\":null,\"ListType\":\"persint\"}," \
	"{\"Id\":3,\"Name\":\"Interesser\",\"ListType\":\"PersInterest\"}]" }
#define RIGHT "? right to change interests of persons: npsync's user must be " \
	"allowed to edit persons; a server of one's own may be too old for " \
	"UpdateInterests: set tag_mode = \"field\" then\n"
#define NAMED "interest_list = 'PersInt';"
#define MADE_BY_HAND "make it in the administration (Fields, Person) and " \
	"publish it, or correct "

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
    const struct sim_reply *script, size_t n, const char *expect)
{
	rig_begin(&rig, false, more, script, n);
	RIG_OK(&rig, superoffice_crm.setup(rig.self, wants, on_thing, NULL,
	    &rig.err));
	assert_string_equal(buf_text(&rig.seen), expect);
	rig_end(&rig);
}

static void
test_interests(void **state)
{
	static const struct sim_reply good[] = { ITEMS(NOSEND) };
	static const struct sim_reply unnamed[] = { MDO(NOSEND), LISTS };
	static const struct sim_reply wrong[] = {
		{ .target = "GET " API "/List/PersInt/Items ", .status = 404,
		    .body = NONE }, LISTS };
	static const struct sim_reply forbidden[] = {
		{ .target = "GET " API "/List/PersInt/Items ", .status = 403 } };
	const struct crm_setup wants = { .tags = true };

	(void)state;
	setup(NAMED, &wants, good, ARRAY_LEN(good),
	    "ok list of interests of persons (interest_list)\n"
	    "ok interest \"NPSToday.NoSend\" (nosend)\n" RIGHT);
	setup("", &wants, unnamed, ARRAY_LEN(unnamed),
	    "? list of interests of persons (interest_list): it is not set: "
	    "npsync makes no interest, make one for each campaign and score "
	    "(\"NPSToday.Spring.9\"), or name the list; lists like it are "
	    "\"PersInt\", \"Interesser\"\n"
	    "ok interest \"NPSToday.NoSend\" (nosend)\n" RIGHT);
	setup(NAMED, &wants, wrong, ARRAY_LEN(wrong),
	    "missing list of interests of persons (interest_list): there is no "
	    "such list; lists like it are \"PersInt\", \"Interesser\"\n" RIGHT);
	setup(NAMED, &wants, forbidden, ARRAY_LEN(forbidden),
	    "missing list of interests of persons (interest_list): npsync's "
	    "user may not read it: give it the right to see lists\n" RIGHT);
}

/* Nothing is written without --fix; with it, what the interface lets us make. */
static void
test_nosend(void **state)
{
	static const struct sim_reply none[] = { ITEMS("") };
	static const struct sim_reply unnamed[] = { MDO(""),
		{ .target = "GET " API "/List ", .status = 403 } };
	static const struct sim_reply made[] = { ITEMS(""),
		{ .target = "POST " API "/List/PersInt/Items ",
		    .body = "{\"Id\":9}" } };
	static const struct sim_reply refused[] = { ITEMS(""),
		{ .target = "POST " API "/List/PersInt/Items ",
		    .status = 403 } };
	const struct crm_setup look = { .fix = false }, fix = { .fix = true };

	(void)state;
	setup(NAMED, &look, none, ARRAY_LEN(none),
	    "ok list of interests of persons (interest_list)\n"
	    "missing interest \"NPSToday.NoSend\" (nosend): make it, correct "
	    "nosend, or let `npsync check --fix` make it\n");
	setup("", &fix, unnamed, ARRAY_LEN(unnamed),
	    "? list of interests of persons (interest_list): it is not set: "
	    "npsync makes no interest, make one for each campaign and score "
	    "(\"NPSToday.Spring.9\"), or name the list\n"
	    "missing interest \"NPSToday.NoSend\" (nosend): make it in the "
	    "administration (Lists, Person interests), or correct nosend\n");
	setup(NAMED, &fix, made, ARRAY_LEN(made),
	    "ok list of interests of persons (interest_list)\n"
	    "made interest \"NPSToday.NoSend\" (nosend)\n");
	rig_begin(&rig, false, NAMED, refused, ARRAY_LEN(refused));
	RIG_OK(&rig, superoffice_crm.setup(rig.self, &fix, on_thing, NULL,
	    &rig.err));
	assert_non_null(strstr(buf_text(&rig.seen), "missing interest "
	    "\"NPSToday.NoSend\" (nosend): cannot make it: "));
	rig_end(&rig);
}

static const struct crm_field fields[] = { { "SuperOffice:1", FIELD_DECIMAL },
	{ "SuperOffice:2", FIELD_INTEGER }, { "SuperOffice:3", FIELD_DATE },
	{ "SuperOffice:4", FIELD_DATE }, { "SuperOffice:5", FIELD_LONG_TEXT },
	{ "SuperOffice:6", FIELD_TEXT }, { "SuperOffice:7", FIELD_TEXT },
	{ "SuperOffice:1", FIELD_LONG_TEXT }, { "SuperOffice:2", FIELD_DECIMAL },
	{ "SuperOffice:8", FIELD_LONG_TEXT }, { "x_none", FIELD_TEXT } };

/* Also with fix: a field is never made. */
static void
test_fields(void **state)
{
	static const struct sim_reply script[] = { LAYOUT,
		{ .target = "GET " API "/Person/CustomField/x_none ",
		    .status = 404, .body = NONE } };
	static const struct sim_reply dates[] = { LAYOUT };
	const struct crm_setup wants = { .fix = true, .fields = fields,
		.n_fields = ARRAY_LEN(fields), .comment_max = 255 };
	const struct crm_setup date = { .fields = &fields[3], .n_fields = 1 };

	(void)state;
	setup("nosend = '';", &wants, script, ARRAY_LEN(script),
	    "ok user-defined field SuperOffice:1 of persons\n"
	    "ok user-defined field SuperOffice:2 of persons\n"
	    "ok user-defined field SuperOffice:3 of persons\n"
	    "missing user-defined field SuperOffice:4 of persons: it is of type "
	    "Date: name a text (writeback.fields), or set field_dates\n"
	    "missing user-defined field SuperOffice:5 of persons: it is read "
	    "only: name another one (writeback.fields)\n"
	    "missing user-defined field SuperOffice:6 of persons: it is of type "
	    "List: name a text (writeback.fields)\n"
	    "missing user-defined field SuperOffice:7 of persons: it holds 10 "
	    "characters, 20 are needed: make it longer (writeback.fields)\n"
	    "missing user-defined field SuperOffice:1 of persons: it holds 100 "
	    "characters, 255 are needed: make it longer (writeback.fields)\n"
	    "missing user-defined field SuperOffice:2 of persons: it is of type "
	    "Number: name a text (writeback.fields)\n"
	    "ok user-defined field SuperOffice:8 of persons\n"
	    "missing user-defined field x_none of persons: " MADE_BY_HAND
	    "writeback.fields\n");
	setup("nosend = ''; field_dates = 'iso';", &date, dates, 1,
	    "ok user-defined field SuperOffice:4 of persons\n");
}

/* tag_field, nosend as a checkbox, what is read besides. */
static void
test_options(void **state)
{
	static const struct sim_reply script[] = { LAYOUT };
	static const struct sim_reply forbidden[] = {
		{ .target = "GET " API "/Person/UdefLayout/Published ",
		    .status = 403 } };
	const struct crm_setup wants = { .tags = true };

	(void)state;
	setup("nosend = 'field:SuperOffice:3'; tag_mode = 'field'; tag_field = "
	    "'SuperOffice:1'; language_field = 'SuperOffice:6'; extra_fields = "
	    "[ 'SuperOffice:5' ];", &wants, script, 1,
	    "ok user-defined field SuperOffice:3 of persons\n"
	    "ok user-defined field SuperOffice:6 of persons\n"
	    "ok user-defined field SuperOffice:5 of persons\n"
	    "missing user-defined field SuperOffice:1 of persons: it holds 100 "
	    "characters, 200 are needed: make it longer (tag_field)\n");
	setup("nosend = 'field:SuperOffice:1'; tag_mode = 'off';", &wants,
	    script, 1, "missing user-defined field SuperOffice:1 of persons: it "
	    "is of type ShortText: name a checkbox (nosend)\n");
	setup("nosend = 'field:SuperOffice:3'; tag_mode = 'off';", &wants,
	    forbidden, 1, "? user-defined field SuperOffice:3 of persons: "
	    "npsync's user may not read definitions of fields\n");
}

static void
test_tasks(void **state)
{
	static const struct sim_reply script[] = {
		{ .target = "GET " API "/MDOList/task ", .body = "[{\"Id\":9,"
		    "\"Name\":\"h\",\"ChildItems\":[" ITEM(4, "Call") "]}]" } };
	const struct crm_setup wants = { .tasks = true };

	(void)state;
	setup("nosend = ''; task_type_id = 4;", &wants, script, 1,
	    "ok type of task 4 (task_type_id)\n"
	    "? right to create follow-ups for others: npsync's user must be "
	    "allowed to write in the diaries of the associates\n");
	/* A heading is none. */
	setup("nosend = ''; task_type_id = 9;", &wants, script, 1,
	    "missing type of task 9 (task_type_id): there is no such type: see "
	    "`npsync lists`\n");
	setup("nosend = '';", &wants, NULL, 0, "");
}

/* A CRM that is away is no list of things that are missing. */
static void
test_away(void **state)
{
	static const struct sim_reply lists[] = {
		{ .target = "GET ", .status = 503, .body = HTML } };
	const struct crm_setup wants = { .tags = true, .fields = fields,
		.n_fields = 1 };

	(void)state;
	rig_begin(&rig, false, "", lists, 1);
	assert_false(superoffice_crm.setup(rig.self, &wants, on_thing, NULL,
	    &rig.err));
	assert_int_equal(rig.err.kind, ERR_RETRY);
	rig_end(&rig);
	rig_begin(&rig, false, "nosend = ''; tag_mode = 'off';", lists, 1);
	assert_false(superoffice_crm.setup(rig.self, &wants, on_thing, NULL,
	    &rig.err));
	assert_int_equal(rig.err.kind, ERR_RETRY);
	rig_end(&rig);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_interests),
		cmocka_unit_test(test_nosend),
		cmocka_unit_test(test_fields),
		cmocka_unit_test(test_options),
		cmocka_unit_test(test_tasks),
		cmocka_unit_test(test_away),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
