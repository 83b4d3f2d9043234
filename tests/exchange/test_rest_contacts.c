/*
 * Cards by a profile: changed ones, by id, by address, with companies, names of
 * tags, a second listing; and activities and lists of words.
 */
#include "rest/crmrig.h"

#define FIELDS "fields = { full_name = 'name'; email = [ 'mail', 'mails.*' ]; " \
	"company_id = [ 'org', '' ]; company = []; employed = [ 'active', '' ]; " \
	"opted_out = [ 'optout', '' ]; tags = [ 'tags', '' ]; gone = [ 'deleted', " \
	"'' ]; card = 'https://crm.example.com/#/card/{id}'; extra = ( { name = " \
	"'vip'; at = [ 'vip', '' ]; } ); };"
#define READ(path) "read = { request = { path = '" path "?since={since}'; rows " \
	"= ''; }; paging = { kind = 'none'; }; stamp = 'changed'; };"
#define ONE_BY_ID "by_id = { request = { path = 'card/{id}'; }; id = 'id'; };"
#define MANY_BY_ID "by_id = { request = { path = 'cards?ids={ids:comma}'; rows = " \
	"'items'; }; batch = 3; id = 'id'; };"
#define LINK(id) " https://crm.example.com/#/card/" id
#define AT " employed=0"

static const char *const no_ids[] = { NULL };

static bool
load(struct rig *rig, const char *const *ids, size_t n)
{
	return rig->crm.load_contacts(rig->self, ids, n, rig_contact, rig,
	    &rig->err);
}

static void
test_changed(void **state)
{
	static const struct sim_reply script[] = {
		{ .target = "/people?since=2026-11-24T01%3A45%3A00Z ", .body =
		    "[{\"id\":1,\"name\":\"Ann\",\"mail\":\"a@x.dk\",\"active\":true,"
		    "\"tags\":[\"x\",\"NPSToday.NoSend\"],\"vip\":1,\"changed\":"
		    "\"2026-11-24T10:00:00Z\"},"
		    "{\"id\":\"K2\",\"name\":\"Bo\",\"mails\":[\"b@x.dk\",\"c@x.dk\"],"
		    "\"active\":\"nej\",\"optout\":1},"
		    "{\"id\":3,\"name\":\"Cy\",\"active\":\"perhaps\"},"
		    "{\"id\":4,\"name\":\"Di\",\"mail\":null,\"deleted\":true},"
		    "{\"name\":\"Nobody\"}]" } };
	struct rig rig;

	(void)state;
	rig_start(&rig, "contacts = { " READ("people") FIELDS " };", script, 1);
	if (!rig_contacts(&rig, "contacts=20:2026-11-24T02:00:00Z", NULL))
		fail_msg("%s", rig.err.msg);
	RIG_SEES(&rig, "1 Ann <a@x.dk> -/- employed=2" LINK("1")
	    " #x #NPSToday.NoSend vip=1\n"
	    "K2 Bo <b@x.dk> -/- employed=1 out" LINK("K2") "\n4 gone\n");
	RIG_REFUSES(&rig, "contacts 3: employed: expected true or false\n"
	    "contacts -: id: expected a number or a text\n");
	assert_string_equal(rig.watermark,
	    "contacts=20:2026-11-24T10:00:00Z");
	rig_end(&rig, true);
}

/* All cards, broken off: begun again, for who slid to page 1 is not gone. */
static void
test_whole_again(void **state)
{
	static const char profile[] = "contacts = { read = { request = { path = "
	    "'all'; rows = ''; }; paging = { kind = 'page'; }; }; " FIELDS " };";
	static const struct sim_reply script[] = {
		{ .target = "page=1 ", .body = "[{\"id\":1,\"name\":\"Ann\"}]" },
		{ .target = "page=1 ", .body = "[{\"id\":2,\"name\":\"Bo\"}]" },
		{ .target = "page=2 ", .body = "[]" } };
	char resume[4096];
	struct rig rig;

	(void)state;
	rig_start(&rig, profile, script, 3);
	rig.stop_page = 1;
	assert_false(rig_contacts(&rig, NULL, NULL));
	memcpy(resume, rig.resume, sizeof(resume));
	buf_reset(&rig.seen);
	if (!rig_contacts(&rig, NULL, resume))
		fail_msg("%s", rig.err.msg);
	RIG_SEES(&rig, "2 Bo <-> -/-" AT LINK("2") "\n");
	rig_end(&rig, true);
}

static void
test_by_id(void **state)
{
	static const char *const ids[] = { "1", "2", "3" };
	static const struct sim_reply script[] = {
		{ .target = "/card/1 ", .body = "{\"id\":1,\"name\":\"Ann\"}" },
		{ .target = "/card/2 ", .status = 404, .body = "{}" },
		{ .target = "/card/3 ", .body = "{\"id\":30,\"name\":\"Cy\"}" } };
	static const struct sim_reply denied = { .target = "/card/1 ",
		.status = 403, .body = "{}" };
	struct rig rig;

	(void)state;
	rig_start(&rig, "contacts = { " ONE_BY_ID FIELDS " };", script, 3);
	assert_false(rig.crm.info.caps & CRM_CAP_CONTACTS);
	assert_null(rig.crm.pull_contacts);
	if (!load(&rig, ids, 3))
		fail_msg("%s", rig.err.msg);
	RIG_SEES(&rig, "1 Ann <->" " -/-" AT LINK("1") "\n2 gone\n"
	    "3 Cy <-> -/-" AT " moved=30" LINK("3") "\n");
	assert_true(load(&rig, no_ids, 0));
	rig_end(&rig, true);
	rig_start(&rig, "contacts = { " ONE_BY_ID FIELDS " };", &denied, 1);
	assert_false(load(&rig, ids, 3));
	RIG_SEES(&rig, "");
	rig_end(&rig, true);
}

static void
load_fails(const char *profile, const struct sim_reply *reply,
    const char *words)
{
	static const char *const ids[] = { "7" };
	struct rig rig;

	rig_start(&rig, profile, reply, 1);
	assert_false(load(&rig, ids, 1));
	assert_int_equal(rig.err.kind, ERR_PROTOCOL);
	if (strstr(rig.err.msg, words) == NULL)
		fail_msg("%s", rig.err.msg);
	RIG_SEES(&rig, "");
	rig_end(&rig, true);
}

#define FILTERED(id) "contacts = { by_id = { request = { path = " \
	"'cards?no={id}'; rows = 'items'; }; " id " }; " FIELDS " };"
#define AT_DATA "contacts = { by_id = { request = { path = 'cards?no={id}'; }; " \
	"at = '/data'; id = 'id'; }; " FIELDS " };"

/* A service that does not know the filter: nobody is taken for another. */
static void
test_by_id_of_another(void **state)
{
	static const struct sim_reply first = { .body = "{\"items\":[{\"id\":1,"
	    "\"name\":\"Ann\"},{\"id\":2,\"name\":\"Bo\"}]}" };
	static const struct sim_reply one = { .body = "{\"items\":[{\"id\":1,"
	    "\"name\":\"Ann\"}]}" };
	static const struct sim_reply record = { .body = "{\"data\":{\"id\":1,"
	    "\"name\":\"Ann\"}}" };
	static const struct sim_reply odd = { .body = "{\"date\":{\"id\":7,"
	    "\"name\":\"Ann\"}}" };
	static const struct sim_reply text = { .body = "\"hello\"" };
	static const struct sim_reply no = { .body = "{\"success\":false,"
	    "\"data\":null,\"items\":[]}" };
	static const struct sim_reply empty = { .body = "" };

	(void)state;
	load_fails("contacts = { " MANY_BY_ID FIELDS " };", &empty,
	    "HTTP 200 without a body");
	load_fails("contacts = { " ONE_BY_ID FIELDS " };", &empty,
	    "HTTP 200 without a body");
	/* Nobody is gone by an answer that is none. */
	load_fails("contacts = { " MANY_BY_ID FIELDS " };", &no,
	    "tells of a failure");
	load_fails(FILTERED("id = 'id';"), &no, "tells of a failure");
	load_fails(AT_DATA, &no, "tells of a failure");
	load_fails(FILTERED("id = 'id';"), &first, "several rows for one id");
	load_fails(FILTERED(""), &first, "several rows for one id");
	load_fails(FILTERED("id = 'id';"), &one, "a row of another id");
	load_fails("contacts = { " READ("people") "by_id = { request = { path = "
	    "'cards?no={id}'; rows = 'items'; }; }; " FIELDS " };", &one,
	    "a row of another id");
	load_fails(AT_DATA, &record, "a record of another id");
	load_fails(AT_DATA, &odd, "expected a record where");
	load_fails("contacts = { " ONE_BY_ID FIELDS " };", &text,
	    "expected a record where");
}

/* The row of the id among others, ids in other letters, and who is not there. */
static void
test_by_id_in_lists(void **state)
{
	static const char *const ids[] = { "7", "aB", "8", "9" };
	static const struct sim_reply script[] = {
		{ .body = "{\"items\":[{\"id\":1,\"name\":\"Ann\"},{\"id\":7,"
		    "\"name\":\"Gry\"}]}" },
		{ .body = "{\"items\":[{\"id\":\"AB\",\"name\":\"Bo\"}]}" },
		{ .body = "{\"items\":[]}" },
		{ .body = "{\"items\":null}" } };
	static const struct sim_reply null = { .body = "{\"data\":null}" };
	struct rig rig;

	(void)state;
	rig_start(&rig, FILTERED("id = 'id';"), script, 4);
	if (!load(&rig, ids, 4))
		fail_msg("%s", rig.err.msg);
	RIG_SEES(&rig, "7 Gry <-> -/-" AT LINK("7") "\naB Bo <-> -/-" AT
	    LINK("aB") "\n8 gone\n9 gone\n");
	rig_end(&rig, true);
	rig_start(&rig, AT_DATA, &null, 1);
	if (!load(&rig, ids, 1))
		fail_msg("%s", rig.err.msg);
	RIG_SEES(&rig, "7 gone\n");
	rig_end(&rig, true);
}

/* A batch answer that the service cut at two; who is missing then is gone. */
static void
test_batch(void **state)
{
	static const char *const ids[] = { "1", "2", "3", "4" };
	static const struct sim_reply script[] = {
		{ .target = "?ids=1%2C2%2C3 ", .body = "{\"items\":[{\"id\":2,"
		    "\"name\":\"Bo\"},{\"id\":99,\"name\":\"Who\"},{\"id\":\"1\","
		    "\"name\":\"Ann\"},{\"id\":2,\"name\":\"Bo\"}]}" },
		{ .target = "?ids=3 ", .body = "{\"items\":[{\"id\":3,\"name\":"
		    "\"Cy\"}]}" },
		{ .target = "?ids=4 ", .body = "{\"items\":[]}" } };
	static const struct sim_reply broken = { .body = "{\"data\":[]}" };
	struct rig rig;

	(void)state;
	rig_start(&rig, "contacts = { " MANY_BY_ID FIELDS " };", script, 3);
	if (!load(&rig, ids, 4))
		fail_msg("%s", rig.err.msg);
	RIG_SEES(&rig, "2 Bo <-> -/-" AT LINK("2") "\n1 Ann <-> -/-" AT
	    LINK("1") "\n3 Cy <-> -/-" AT LINK("3") "\n4 gone\n");
	rig_end(&rig, true);
	rig_start(&rig, "contacts = { " MANY_BY_ID FIELDS " };", &broken, 1);
	assert_false(load(&rig, ids, 4));
	assert_int_equal(rig.err.kind, ERR_PROTOCOL);
	RIG_SEES(&rig, "");
	rig_end(&rig, true);
}

/* A path of the id that leads elsewhere, a filter that is ignored, GUIDs. */
static void
test_batch_of_others(void **state)
{
	static const char *const ids[] = { "1", "aB", "ab" };
	static const struct sim_reply others = { .body = "{\"items\":[{\"id\":4,"
	    "\"name\":\"Ann\"},{\"id\":5,\"name\":\"Bo\"}]}" };
	static const struct sim_reply script[] = {
		{ .body = "{\"items\":[{\"id\":\"AB\",\"name\":\"Who\"},{\"id\":"
		    "1,\"name\":\"Ann\"}]}" },
		{ .target = "?ids=aB%2Cab ", .body = "{\"items\":[]}" } };
	static const struct sim_reply guid = { .body = "{\"items\":[{\"id\":"
	    "\"AB\",\"name\":\"Bo\"},{\"id\":1,\"name\":\"Ann\"}]}" };
	struct rig rig;

	(void)state;
	load_fails("contacts = { " MANY_BY_ID FIELDS " };", &others,
	    "none of an id that was asked for");
	rig_start(&rig, "contacts = { " MANY_BY_ID FIELDS " };", &guid, 1);
	if (!load(&rig, ids, 2))
		fail_msg("%s", rig.err.msg);
	RIG_SEES(&rig, "aB Bo <-> -/-" AT LINK("aB") "\n1 Ann <-> -/-" AT
	    LINK("1") "\n");
	rig_end(&rig, true);
	/* Of two that differ in letters alone nobody knows which it is. */
	rig_start(&rig, "contacts = { " MANY_BY_ID FIELDS " };", script, 2);
	if (!load(&rig, ids, 3))
		fail_msg("%s", rig.err.msg);
	RIG_SEES(&rig, "1 Ann <-> -/-" AT LINK("1") "\naB gone\nab gone\n");
	rig_end(&rig, true);
}

/* One odd id among others: complained about, the others are read. */
static void
test_refused(void **state)
{
	static const char *const ids[] = { "1", "2", "3", "." };
	static const struct sim_reply one[] = {
		{ .target = "/card/1 ", .body = "{\"id\":1,\"name\":\"Ann\"}" },
		{ .target = "/card/2 ", .status = 400, .body = "{}" },
		{ .target = "/card/3 ", .body = "{\"id\":3,\"name\":\"Cy\"}" } };
	static const struct sim_reply many[] = {
		{ .target = "?ids=1%2C2%2C3 ", .status = 422, .body = "{}" },
		{ .target = "?ids=1 ", .body = "{\"items\":[{\"id\":1,\"name\":"
		    "\"Ann\"}]}" },
		{ .target = "?ids=2%2C3 ", .status = 422, .body = "{}" },
		{ .target = "?ids=2 ", .status = 422, .body = "{}" },
		{ .target = "?ids=3 ", .body = "{\"items\":[{\"id\":3,\"name\":"
		    "\"Cy\"}]}" } };
	struct rig rig;

	(void)state;
	rig_start(&rig, "contacts = { " ONE_BY_ID FIELDS " };", one, 3);
	if (!load(&rig, ids, 4))
		fail_msg("%s", rig.err.msg);
	RIG_SEES(&rig, "1 Ann <-> -/-" AT LINK("1") "\n3 Cy <-> -/-" AT
	    LINK("3") "\n");
	RIG_REFUSES(&rig, "contacts 2: GET /card/{id}: HTTP 400, refused\n"
	    "contacts .: GET /card/{id}: path: a value makes \".\" or \"..\" of a "
	    "part of the path\n");
	rig_end(&rig, true);
	rig_start(&rig, "contacts = { " MANY_BY_ID FIELDS " };", many, 5);
	if (!load(&rig, ids, 3))
		fail_msg("%s", rig.err.msg);
	RIG_SEES(&rig, "1 Ann <-> -/-" AT LINK("1") "\n3 Cy <-> -/-" AT
	    LINK("3") "\n");
	RIG_REFUSES(&rig, "contacts 2: GET /cards: HTTP 422, refused\n");
	rig_end(&rig, true);
}

/* A card whose company cannot be asked about must not pass, nor stop others. */
static void
test_refused_company(void **state)
{
	static const char company[] = "contacts = { " READ("people") FIELDS
	    "company = { by_id = { request = { path = 'org/{id}'; }; }; }; };";
	static const struct sim_reply script[] = {
		{ .target = "/people?", .body = "[{\"id\":1,\"org\":\"n-a\"},"
		    "{\"id\":2,\"org\":\"B\"},{\"id\":3,\"org\":\".\"},"
		    "{\"id\":4,\"org\":\"n-a\"}]" },
		{ .target = "/org/n-a ", .status = 400, .body = "{}" },
		{ .target = "/org/B ", .body = "{\"name\":\"Bent\"}" } };
	static const struct sim_reply denied[] = {
		{ .target = "/people?", .body = "[{\"id\":1,\"org\":\"n-a\"}]" },
		{ .target = "/org/n-a ", .status = 403, .body = "{}" } };
	struct rig rig;

	(void)state;
	rig_start(&rig, company, script, 3);
	if (!rig_contacts(&rig, NULL, NULL))
		fail_msg("%s", rig.err.msg);
	RIG_SEES(&rig, "2 - <-> -/-" AT LINK("2") "\n");
	RIG_REFUSES(&rig, "contacts 1: company_id: expected a company that can be "
	    "read: GET /org/{id}: HTTP 400, refused\n"
	    "contacts 3: company_id: expected a company that can be read: GET "
	    "/org/{id}: path: a value makes \".\" or \"..\" of a part of the "
	    "path\n"
	    "contacts 4: company_id: expected a company that can be read: GET "
	    "/org/{id}: HTTP 400, refused\n");
	rig_end(&rig, true);
	rig_start(&rig, company, denied, 2);
	assert_false(rig_contacts(&rig, NULL, NULL));
	assert_int_equal(rig.err.kind, ERR_AUTH);
	RIG_SEES(&rig, "");
	rig_end(&rig, true);
}

/* All of them refused is a wrong request. */
static void
test_refused_too_often(void **state)
{
	static const struct sim_reply no = { .status = 400, .body = "{}",
		.repeat = 20 };
	static const char *ids[21];
	struct rig rig;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(ids); i++)
		ids[i] = "5";
	rig_start(&rig, "contacts = { " ONE_BY_ID FIELDS " };", &no, 1);
	assert_true(load(&rig, ids, 20));
	rig_end(&rig, false);
	rig_start(&rig, "contacts = { " ONE_BY_ID FIELDS " };", &no, 1);
	assert_false(load(&rig, ids, 21));
	assert_int_equal(rig.err.kind, ERR_REJECTED);
	rig_end(&rig, false);
}

/* A mail address in a table of its own: its rows name the cards; one is gone
 * meanwhile, one is named by two rows. */
static void
test_also(void **state)
{
	static const char profile[] = "contacts = { " READ("people") MANY_BY_ID
	    FIELDS "also = ( { name = 'mails'; " READ("mails")
	    " contact = [ 'party', '' ]; } ); };";
	static const struct sim_reply script[] = {
		{ .target = "/people?", .body = "[{\"id\":7,\"name\":\"Gry\","
		    "\"changed\":\"2026-11-24T10:00:00Z\"}]" },
		{ .target = "/mails?since=2026-11-22T01%3A45%3A00Z ", .body =
		    "[{\"id\":70,\"party\":8,\"changed\":\"2026-11-24T11:00:00Z\"},"
		    "{\"id\":71,\"party\":9},{\"id\":72,\"party\":8},"
		    "{\"id\":73,\"party\":null}]" },
		{ .target = "/cards?ids=", .body = "{\"items\":[{\"id\":8,\"name\":"
		    "\"Hans\",\"mail\":\"h@x.dk\"}]}" },
		{ .target = "/cards?ids=9 ", .body = "{\"items\":[]}" } };
	struct rig rig;

	(void)state;
	rig_start(&rig, profile, script, 4);
	if (!rig_contacts(&rig, "contacts=20:2026-11-24T02:00:00Z"
	    "mails=20:2026-11-22T02:00:00Z", NULL))
		fail_msg("%s", rig.err.msg);
	RIG_SEES(&rig, "7 Gry <-> -/-" AT LINK("7") "\n8 Hans <h@x.dk> -/-" AT
	    LINK("8") "\n9 gone\n");
	assert_string_equal(rig.watermark, "contacts=20:2026-11-24T10:00:00Z"
	    "mails=20:2026-11-24T11:00:00Z");
	rig_end(&rig, true);
}

/* Of two sorted listings the core does not know that they are: a mark after a
 * page would be the end of a first pass. */
static void
test_also_sorted(void **state)
{
#define SORTED(path) "read = { request = { path = '" path "?since={since}'; rows = " \
	"''; }; paging = { kind = 'page'; }; stamp = 'changed'; sorted = true; };"
	static const char both[] = "contacts = { " SORTED("people") MANY_BY_ID
	    FIELDS "also = ( { name = 'mails'; " SORTED("mails")
	    " contact = [ 'party', '' ]; } ); };";
	static const char alone[] = "contacts = { " SORTED("people") FIELDS " };";
	static const struct sim_reply script = { .target = "/people?", .body =
	    "[{\"id\":7,\"name\":\"Gry\",\"changed\":\"2026-11-24T10:00:00Z\"}]"
	};
	struct rig rig;

	(void)state;
	rig_start(&rig, both, &script, 1);
	assert_false(rig.crm.info.sorted & CRM_CAP_CONTACTS);
	rig.stop_page = 1;
	assert_false(rig_contacts(&rig, NULL, NULL));
	assert_string_equal(rig.watermark, "");
	rig_end(&rig, true);
	rig_start(&rig, alone, &script, 1);
	assert_true(rig.crm.info.sorted & CRM_CAP_CONTACTS);
	rig.stop_page = 1;
	assert_false(rig_contacts(&rig, NULL, NULL));
	assert_string_equal(rig.watermark, "contacts=20:2026-11-24T10:00:00Z");
	rig_end(&rig, true);
}

/* Each company once, the second time from what is known; one is gone.  Names of
 * tags that cards hold by id. */
static void
test_companies(void **state)
{
	static const char profile[] = "contacts = { " READ("people") FIELDS
	    "company = { by_id = { request = { path = 'org/{id}'; }; }; company = "
	    "'title'; relation = [ 'rel', '' ]; tags = [ 'tags', '' ]; values = ( "
	    "{ field = 'relation'; from = 'C'; to = 'Kunde'; } ); }; tag_names = { "
	    "read = { request = { path = 'tags'; rows = ''; }; paging = { kind = "
	    "'none'; }; }; name = 'text'; }; };";
	static const struct sim_reply script[] = {
		{ .target = "/tags ", .body = "[{\"id\":3,\"text\":\"blue\"}]" },
		{ .target = "/people?", .body = "[{\"id\":1,\"org\":\"A\",\"tags\":"
		    "[3,4]},{\"id\":2,\"org\":\"B\"},{\"id\":3,\"org\":\"A\"},"
		    "{\"id\":4}]" },
		{ .target = "/org/A ", .body = "{\"title\":\"Acme\",\"rel\":\"C\","
		    "\"tags\":[\"vip\"]}" },
		{ .target = "/org/B ", .status = 404, .body = "" },
		{ .target = "/people?", .body = "[{\"id\":5,\"org\":\"A\"}]" } };
	struct rig rig;

	(void)state;
	rig_start(&rig, profile, script, 5);
	if (!rig_contacts(&rig, NULL, NULL))
		fail_msg("%s", rig.err.msg);
	RIG_SEES(&rig, "1 - <-> Acme/Kunde" AT LINK("1") " #blue #4 ##vip\n"
	    "2 - <-> -/-" AT LINK("2") "\n3 - <-> Acme/Kunde" AT LINK("3")
	    " ##vip\n4 - <-> -/-" AT LINK("4") "\n");
	buf_reset(&rig.seen);
	assert_true(rig_contacts(&rig, NULL, NULL));
	RIG_SEES(&rig, "5 - <-> Acme/Kunde" AT LINK("5") " ##vip\n");
	rig_end(&rig, true);
}

/* Tags of companies as ids; those that the card says and those of the company's
 * record count alike; one that was made since the names were read. */
static void
test_company_tags(void **state)
{
	static const char profile[] = "contacts = { " READ("people") "fields = { "
	    "full_name = 'name'; company_id = 'org'; company_tags = [ 'otags', '' "
	    "]; tags = [ 'tags', '' ]; }; company = { by_id = { request = { path = "
	    "'org/{id}'; }; }; tags = [ 'labels', '' ]; }; tag_names = { read = { "
	    "request = { path = 'tags'; rows = ''; }; paging = { kind = 'none'; }; "
	    "}; name = 'text'; }; };";
	static const struct sim_reply script[] = {
		{ .target = "/tags ", .body = "[{\"id\":3,\"text\":\"blue\"},"
		    "{\"id\":9,\"text\":\"NPSToday.NoSend\"}]" },
		{ .target = "/people?", .body = "[{\"id\":1,\"name\":\"Ann\","
		    "\"org\":\"A\",\"otags\":[3],\"tags\":[3,77]},{\"id\":2,"
		    "\"name\":\"Bo\",\"org\":\"A\"}]" },
		{ .target = "/org/A ", .body = "{\"labels\":[9,78]}" } };
	struct rig rig;

	(void)state;
	rig_start(&rig, profile, script, 3);
	if (!rig_contacts(&rig, NULL, NULL))
		fail_msg("%s", rig.err.msg);
	RIG_SEES(&rig, "1 Ann <-> -/-" AT " #blue #77 ##blue ##NPSToday.NoSend "
	    "##78\n2 Bo <-> -/-" AT " ##NPSToday.NoSend ##78\n");
	rig_end(&rig, true);
}

static bool
on_short(void *arg, const struct crm_contact *c)
{
	struct rig *rig = arg;

	buf_printf(&rig->seen, "%s %s%s%s%s", c->contact_id,
	    c->name.full == NULL ? "-" : c->name.full,
	    c->opted_out ? " out" : "", c->gone ? " gone" : "",
	    c->anonymised ? " anonymised" : "");
	if (c->moved_to != NULL)
		buf_printf(&rig->seen, " moved=%s", c->moved_to);
	rig_tags(&rig->seen, "#", c->tags);
	rig_tags(&rig->seen, "##", c->company_tags);
	return buf_char(&rig->seen, '\n');
}

/* What may speak against asking stands in each row, be it null, unless the
 * profile says that it may be missing; the others are read. */
static void
test_a_row_without_a_refusal(void **state)
{
	static const char *const ids[] = { "1", "2", "3", "4" };
	static const struct { const char *fields, *company, *seen, *bad; }
	cases[] = {
		{ "opted_out = [ 'optout', 'out.mail' ]; ", "'labels'",
		    "1 Ann\n2 Bo\n3 Cy out\n", "4: opted_out" },
		{ "tags = [ 'tags' ]; ", "'labels'", "1 Ann\n3 Cy #b\n4 Di #a\n",
		    "2: tags" },
		{ "company_tags = [ 'otags.*.name' ]; ", "'labels'",
		    "1 Ann ##x\n2 Bo\n4 Di\n", "3: company_tags" },
		/* A wrong name behind "*" or a filter. */
		{ "company_tags = 'otags.*.nmae'; ", "'labels'",
		    "2 Bo\n4 Di\n", "1: company_tags" },
		{ "company_tags = 'otags[nmae=x].name'; ", "'labels'",
		    "2 Bo\n4 Di\n", "1: company_tags" },
		{ "company_tags = 'otags[name=x].nmae'; ", "'labels'",
		    "2 Bo\n4 Di\n", "1: company_tags" },
		/* None passes: a "no". */
		{ "company_tags = 'otags[name=y].name'; ", "'labels'",
		    "1 Ann\n2 Bo\n4 Di\n", "3: company_tags" },
		/* Who has no company has none of its tags. */
		{ "company_tags = 'otags.never'; ", "'labels'", "4 Di\n",
		    "1: company_tags" },
		{ "company_id = 'org'; ", "'box.labels'",
		    "1 Ann\n2 Bo\n3 Cy\n4 Di\n", NULL },
		{ "opted_out = [ 'optout', '' ]; ", "'labels'",
		    "1 Ann\n2 Bo\n3 Cy out\n4 Di\n", NULL },
		{ "opted_out = 'optout'; values = ( { field = 'opted_out'; from = "
		    "''; to = 'yes'; } ); ", "'labels'",
		    "1 Ann out\n2 Bo out\n3 Cy out\n4 Di out\n", NULL },
		{ "company_id = 'org'; ", "'absent'", "2 Bo\n3 Cy\n4 Di\n",
		    "1: company_id: expected a company that can be read: tags" },
		{ "company_id = 'org'; ", "[ 'absent', '' ]",
		    "1 Ann\n2 Bo\n3 Cy\n4 Di\n", NULL },
	};
	static const struct sim_reply script[] = {
		{ .target = "/cards?", .body = "{\"items\":["
		    "{\"id\":1,\"name\":\"Ann\",\"optout\":null,\"tags\":[],"
		    "\"otags\":[{\"name\":\"x\"}],\"org\":\"A\"},"
		    "{\"id\":2,\"name\":\"Bo\",\"out\":{\"mail\":false},"
		    "\"otags\":[],\"org\":null},{\"id\":3,\"name\":\"Cy\","
		    "\"optout\":true,\"tags\":[\"b\"],\"org\":null},{\"id\":4,"
		    "\"name\":\"Di\",\"tags\":[\"a\"],\"otags\":null,"
		    "\"org\":null}]}" },
		{ .target = "/org/A ", .body = "{\"labels\":[],\"box\":"
		    "null}" } };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO(arena) struct arena *arena = arena_new(65536);
		struct rig rig;
		rig_start(&rig, arena_printf(arena, "contacts = { by_id = { "
		    "request = { path = 'cards?ids={ids:comma}'; rows = 'items'; "
		    "}; batch = 4; id = 'id'; }; fields = { full_name = 'name'; "
		    "%s}; company = { by_id = { request = { path = 'org/{id}'; }; "
		    "}; tags = %s; }; };", cases[i].fields, cases[i].company),
		    script, strstr(cases[i].fields, "_id") == NULL ? 1 : 2);
		if (!rig.crm.load_contacts(rig.self, ids, 4, on_short, &rig,
		    &rig.err))
			fail_msg("%zu: %s", i, rig.err.msg);
		RIG_SEES(&rig, cases[i].seen);
		const char *bad = buf_text(&rig.bad);
		if (cases[i].bad == NULL ? *bad != '\0' :
		    strstr(bad, cases[i].bad) == NULL ||
		    strstr(bad, " row") == NULL)
			fail_msg("%zu: %s", i, bad);
		rig_end(&rig, true);
	}
}

/* What is left of a card has none of it, and must be told, or the person's data
 * would stay here for good. */
static void
test_what_is_left_of_a_card(void **state)
{
	static const char *const ids[] = { "7", "8", "9", "1", "2" };
	static const struct sim_reply script[] = {
		{ .target = "/cards?", .body = "{\"items\":["
		    "{\"id\":7,\"deleted\":true},"
		    "{\"id\":8,\"anonymised\":true,\"org\":\"A\"},"
		    "{\"id\":9,\"master\":1},"
		    "{\"id\":1,\"name\":\"Ann\",\"optout\":false,\"tags\":[],"
		    "\"otags\":[],\"deleted\":false,\"anonymised\":false,"
		    "\"master\":null},"
		    "{\"id\":2,\"name\":\"Bo\",\"deleted\":false}]}" },
		{ .target = "/org/A ", .body = "{}" } };
	struct rig rig;

	(void)state;
	rig_start(&rig, "contacts = { by_id = { request = { path = "
	    "'cards?ids={ids:comma}'; rows = 'items'; }; batch = 5; id = 'id'; "
	    "}; fields = { full_name = 'name'; gone = 'deleted'; anonymised = "
	    "'anonymised'; moved_to = 'master'; opted_out = 'optout'; tags = "
	    "'tags'; company_tags = 'otags'; company_id = 'org'; }; company = { "
	    "by_id = { request = { path = 'org/{id}'; }; }; tags = 'labels'; }; "
	    "};", script, 2);
	if (!rig.crm.load_contacts(rig.self, ids, ARRAY_LEN(ids), on_short, &rig,
	    &rig.err))
		fail_msg("%s", rig.err.msg);
	RIG_SEES(&rig, "7 - gone\n8 - anonymised\n9 - moved=1\n1 Ann\n");
	const char *bad = buf_text(&rig.bad);
	if (strstr(bad, "2: opted_out") == NULL || strstr(bad, "7:") != NULL ||
	    strstr(bad, "8:") != NULL || strstr(bad, "9:") != NULL)
		fail_msg("%s", bad);
	rig_end(&rig, true);
}

static bool
lacks(const char *profile, const char *words)
{
	const char *line;
	struct rig rig;
	bool told = false;

	rig_begin(&rig);
	if (!rig_profile(&rig, "test.conf", profile))
		fail_msg("%s", rig.err.msg);
	for (size_t i = 0; (line = rest_crm.lacks(&rig.set, i)) != NULL; i++)
		told |= strstr(line, words) != NULL;
	rig_end(&rig, false);
	return told;
}

static void
test_lacks(void **state)
{
	static const struct {
		const char *profile, *words;
		bool told;
	} all[] = {
		{ "contacts = { " READ("people") FIELDS "company = { tags = "
		    "'tags'; }; };", "no tags of companies", true },
		{ "contacts = { " READ("people") "company = { by_id = { "
		    "request = { path = 'org/{id}'; }; }; tags = 'tags'; }; "
		    "};", "no tags of companies", false },
		{ "contacts = { " READ("people") "fields = { company_tags = "
		    "'tags'; }; };", "no tags of companies", false },
		/* A wrong name of it would be a "no" for everybody. */
		{ "contacts = { " READ("people") "fields = { opted_out = [ "
		    "'optout', '' ]; }; };", "did not decline", true },
		{ "contacts = { " READ("people") "fields = { opted_out = "
		    "'optout'; }; };", "did not decline", false },
		{ "contacts = { " READ("people") "fields = { opted_out = "
		    "'optout'; values = ( { field = 'opted_out'; from = ''; to "
		    "= 'false'; } ); }; };", "did not decline", true },
		{ "contacts = { " READ("people") "fields = { opted_out = "
		    "'optout'; values = ( { field = 'opted_out'; from = ''; to "
		    "= 'true'; } ); }; };", "did not decline", false },
		{ "contacts = { " READ("people") "fields = { tags = 'tags'; "
		    "values = ( { field = 'tags'; from = ''; to = ''; } ); }; };",
		    "contacts.fields.tags", true },
		/* So would a wrong value in a filter. */
		{ "contacts = { " READ("people") "fields = { opted_out = "
		    "'flags[key=no].value'; }; };", "[key=value]", true },
		{ "contacts = { " READ("people") "fields = { opted_out = "
		    "'flags.no.value'; }; };", "[key=value]", false },
		{ "contacts = { " READ("people") "fields = { tags = [ "
		    "'tags', '' ]; }; };", "contacts.fields.tags", true },
		{ "contacts = { " READ("people") "fields = { tags = 'tags'; "
		    "}; };", "contacts.fields.tags", false },
		{ "contacts = { " READ("people") "fields = { company_tags = "
		    "[ 'tags', '' ]; }; };", "name of its tags", true },
		{ "contacts = { " READ("people") "company = { tags = [ "
		    "'tags', '' ]; }; };", "name of its tags", true },
		{ "contacts = { " READ("people") "company = { tags = 'tags'; "
		    "}; };", "name of its tags", false },
		{ "tags = { style = 'text'; at = [ '/tags', '' ]; };",
		    "tags.at", true },
		{ "tags = { style = 'text'; at = '/tags'; };",
		    "tags.at", false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		if (lacks(all[i].profile, all[i].words) != all[i].told)
			fail_msg("%s: \"%s\" is %stold", all[i].profile,
			    all[i].words, all[i].told ? "not " : "");
}

/* The search finds whom it likes; the address is compared. */
static void
test_find(void **state)
{
	static const char profile[] = "contacts = { " FIELDS "find = { path = "
	    "'search?q={email}'; rows = 'items'; }; " ONE_BY_ID "%s };";
	static const struct sim_reply script[] = {
		{ .target = "/search?q=a%2Bb%40x.dk ", .body = "{\"items\":["
		    "{\"id\":1,\"name\":\"Ann\",\"mail\":\"A+b@X.dk\"},"
		    "{\"id\":2,\"name\":\"Bo\",\"mail\":\"aa+b@x.dk\"},"
		    "{\"id\":3,\"name\":\"Cy\",\"mail\":\"c@x.dk\",\"mails\":["
		    "\"a+b@x.dk\"]},{\"id\":4}]}" } };
	static const struct sim_reply none[] = {
		{ .status = 404, .body = "{}" },
		{ .body = "{\"items\":[]}" } };
	char text[2048];
	struct rig rig;

	(void)state;
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	snprintf(text, sizeof(text), profile, "");
#pragma GCC diagnostic pop
	rig_start(&rig, text, script, 1);
	if (!rig.crm.find_contact(rig.self, "a+b@x.dk", rig_contact, &rig,
	    &rig.err))
		fail_msg("%s", rig.err.msg);
	RIG_SEES(&rig, "1 Ann <A+b@X.dk> -/-" AT LINK("1") "\n"
	    "3 Cy <c@x.dk> -/-" AT LINK("3") "\n");
	rig_end(&rig, true);
	rig_start(&rig, text, none, 2);
	for (int i = 0; i < 2; i++)
		assert_true(rig.crm.find_contact(rig.self, "a@x.dk", rig_contact,
		    &rig, &rig.err));
	RIG_SEES(&rig, "");
	rig_end(&rig, true);
}

static const char *
row_list(struct buf *to, const char *begin, const char *row, int n,
    const char *end)
{
	buf_init(to, 65536);
	buf_str(to, begin);
	for (int i = 1; i <= n; i++) {
		for (const char *c = row; *c != '\0'; c++)
			if (strncmp(c, "%d", 2) == 0)
				buf_printf(to, "%d", i), c++;
			else
				buf_char(to, *c);
		if (i < n)
			buf_char(to, ',');
	}
	buf_str(to, end);
	return buf_text(to);
}

/* Rows that hold ids only. */
static void
test_load(void **state)
{
	static const char profile[] = "contacts = { load = true; " READ("people")
	    ONE_BY_ID FIELDS " };";
	static const struct sim_reply script[] = {
		{ .target = "/people?", .body = "[{\"id\":1},{\"id\":2}]" },
		{ .target = "/card/", .body = "{\"id\":1,\"name\":\"Ann\"}" },
		{ .target = "/card/", .status = 404, .body = "{}" } };
	struct rig rig;

	(void)state;
	rig_start(&rig, profile, script, 3);
	if (!rig_contacts(&rig, NULL, NULL))
		fail_msg("%s", rig.err.msg);
	assert_non_null(strstr(buf_text(&rig.seen), " gone\n"));
	rig_end(&rig, true);
}

/* A request by ids that has lost its meaning finds nobody: they are not gone.
 * Fewer may be, and so may one half. */
static void
test_nobody_by_id(void **state)
{
	static const char profile[] = "contacts = { load = true; " READ("people")
	    "by_id = { request = { path = 'cards?ids={ids:comma}'; rows = "
	    "'items'; }; batch = 50; id = 'id'; }; " FIELDS " };";
	static const struct {
		int listed, there;
		bool ok;
	} cases[] = { { 19, 0, true }, { 20, 0, false }, { 40, 20, true },
		{ 41, 20, false } };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO(buf) struct buf ids, cards;
		const struct sim_reply script[] = {
			{ .target = "/people?", .body = row_list(&ids, "[",
			    "{\"id\":%d}", cases[i].listed, "]") },
			{ .target = "/cards?", .body = row_list(&cards,
			    "{\"items\":[", "{\"id\":%d,\"name\":\"Ann\","
			    "\"mail\":null}", cases[i].there, "]}") },
			{ .target = "/cards?", .body = "{\"items\":[]}" } };
		struct rig rig;
		rig_start(&rig, profile, script, cases[i].there > 0 ? 3 : 2);
		const bool ok = rig_contacts(&rig, NULL, NULL);
		if (ok != cases[i].ok)
			fail_msg("case %zu: %d %s", i, ok, rig.err.msg);
		if (!ok) {
			assert_int_equal(rig.err.kind, ERR_PROTOCOL);
			assert_non_null(strstr(rig.err.msg, "it ends when as "
			    "many others have changed"));
		}
		rig_end(&rig, true);
	}
}

/* ---- activities, values, check ------------------------------------------------ */

static void
test_activities(void **state)
{
	static const char profile[] = "activities = ( { name = 'acts'; kind_at = "
	    "'type'; contact = 'who.*'; day = 'due'; done = [ 'done', '' ]; "
	    "cancelled = [ 'off', '' ]; read = { request = { path = 'acts'; rows = "
	    "''; }; paging = { kind = 'none'; }; }; values = ( { field = 'kind'; "
	    "from = 'Møde'; to = 'meeting'; }, { field = 'kind'; from = 'note'; to "
	    "= ''; } ); }, { name = 'calls'; kind = 'phone'; contact = 'p'; day = "
	    "'at'; done_default = false; read = { request = { path = 'calls'; rows "
	    "= ''; }; paging = { kind = 'none'; }; }; } );";
	static const struct sim_reply script[] = {
		{ .target = "/acts ", .body = "[{\"id\":1,\"type\":\"M\xc3\xb8" "de\","
		    "\"who\":[5,6],\"due\":\"2026-11-20\",\"done\":true},"
		    "{\"id\":2,\"type\":\"note\",\"who\":[5],\"due\":\"2026-11-20\"},"
		    "{\"id\":3,\"type\":\"fax\",\"who\":[5],\"due\":"
		    "\"2026-11-20T23:30:00Z\",\"off\":1},"
		    "{\"id\":4,\"type\":\"mail\",\"who\":[],\"due\":\"2026-11-20\"},"
		    "{\"id\":5,\"type\":\"mail\",\"who\":[7]}]" },
		{ .target = "/calls ", .body = "[{\"id\":9,\"p\":5,\"at\":1795181400}"
		    "]" } };
	struct rig rig;

	(void)state;
	rig_start(&rig, profile, script, 2);
	const struct pull pull = rig_pull(&rig, NULL, NULL);
	if (!rig.crm.pull_activities(rig.self, &pull, rig_activity,
	    rig_checkpoint, &rig, &rig.err))
		fail_msg("%s", rig.err.msg);
	RIG_SEES(&rig, "0 1 5 20261120 done\n0 1 6 20261120 done\n"
	    "3 3 5 20261121 done cancelled\n1 9 5 20261120\n");
	RIG_REFUSES(&rig, "acts 5: day: expected a time\n");
	assert_true(rig.crm.info.whole & CRM_CAP_ACTIVITIES);
	rig_end(&rig, true);
}

/* All of them, broken off: who slid to page 1 since must not be swept away. */
static void
test_activities_again(void **state)
{
#define ACTS(path) "activities = ( { name = 'a'; contact = 'p'; day = 'on'; read = " \
	"{ request = { path = '" path "'; rows = ''; }; paging = { kind = 'page'; }; " \
	"stamp = [ 'changed', '' ]; }; } );"
	static const struct sim_reply again[] = {
		{ .target = "page=1 ", .body = "[{\"id\":1,\"p\":7,\"on\":"
		    "\"2026-12-01\"}]" },
		{ .target = "page=1 ", .body = "[{\"id\":2,\"p\":8,\"on\":"
		    "\"2026-12-02\"}]" },
		{ .target = "page=2 ", .body = "[]" } };
	/* What changed alone: nothing is swept, and it goes on. */
	static const struct sim_reply on[] = {
		{ .target = "page=1 ", .body = "[{\"id\":1,\"p\":7,\"on\":"
		    "\"2026-12-01\"}]" },
		{ .target = "page=2 ", .body = "[]" } };
	static const struct {
		const char *profile, *then;
		const struct sim_reply *script;
		size_t n;
	} c[] = { { ACTS("acts"), "3 2 8 20261202 done\n", again, 3 },
		{ ACTS("acts?since={since}"), "", on, 2 } };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(c); i++) {
		char resume[4096];
		struct pull pull;
		struct rig rig;
		rig_start(&rig, c[i].profile, c[i].script, c[i].n);
		rig.stop_page = 1;
		pull = rig_pull(&rig, NULL, NULL);
		assert_false(rig.crm.pull_activities(rig.self, &pull,
		    rig_activity, rig_checkpoint, &rig, &rig.err));
		memcpy(resume, rig.resume, sizeof(resume));
		buf_reset(&rig.seen);
		pull.resume = resume;
		if (!rig.crm.pull_activities(rig.self, &pull, rig_activity,
		        rig_checkpoint, &rig, &rig.err))
			fail_msg("%s", rig.err.msg);
		RIG_SEES(&rig, c[i].then);
		rig_end(&rig, true);
	}
}

static void
test_values(void **state)
{
	static const char profile[] = "values = ( { kind = 'category'; label = "
	    "'name'; count = [ 'n', '' ]; read = { request = { path = 'cats'; rows "
	    "= ''; }; paging = { kind = 'page'; }; }; }, { kind = 'relation'; label "
	    "= '.'; read = { request = { path = 'rels'; rows = ''; }; paging = { "
	    "kind = 'none'; }; id = []; }; } );";
	static const struct sim_reply script[] = {
		{ .target = "/cats?page=1 ", .body = "[{\"id\":1,\"name\":\"A\","
		    "\"n\":12},{\"id\":2}]" },
		{ .target = "/cats?page=2 ", .body = "[]" },
		{ .target = "/rels ", .body = "[\"Kunde\",\"Partner\",null]" } };
	struct rig rig;

	(void)state;
	rig_start(&rig, profile, script, 3);
	assert_true(rig.crm.list_values(rig.self, VAL_CATEGORY, rig_value, &rig,
	    &rig.err));
	assert_true(rig.crm.list_values(rig.self, VAL_RELATION, rig_value, &rig,
	    &rig.err));
	assert_true(rig.crm.list_values(rig.self, VAL_STAGE, rig_value, &rig,
	    &rig.err));
	RIG_SEES(&rig, "1=A (12)\n2=2 (-1)\nKunde=Kunde (-1)\n"
	    "Partner=Partner (-1)\n");
	rig_end(&rig, true);
}

/* The request named for it, else one row of the first listing; never a write. */
static void
test_check(void **state)
{
	static const struct sim_reply ping = { .target = "GET /api/ping ",
		.body = "{}" };
	static const struct sim_reply row = { .target =
	    "GET /api/people?since=2026-11-25T02%3A00%3A00Z ", .body = "[]" };
	static const struct sim_reply denied = { .status = 401, .body = "{}" };
	static const struct sim_reply no = { .body = "{\"ok\":false}" };
	struct rig rig;

	(void)state;
	rig_start(&rig, "check = { path = 'ping'; };", &no, 1);
	assert_false(rig.crm.check(rig.self, &rig.err));
	assert_int_equal(rig.err.kind, ERR_PROTOCOL);
	rig_end(&rig, true);
	rig_start(&rig, "check = { path = 'ping'; };", &ping, 1);
	if (!rig.crm.check(rig.self, &rig.err))
		fail_msg("%s", rig.err.msg);
	rig_end(&rig, true);
	rig_start(&rig, "contacts = { " READ("people") FIELDS " };", &row, 1);
	if (!rig.crm.check(rig.self, &rig.err))
		fail_msg("%s", rig.err.msg);
	rig_end(&rig, true);
	rig_start(&rig, "contacts = { " READ("people") FIELDS " };", &denied, 1);
	assert_false(rig.crm.check(rig.self, &rig.err));
	assert_int_equal(rig.err.kind, ERR_AUTH);
	rig_end(&rig, true);
}

/* ---- profiles that cannot be right ----------------------------------------------- */

static const struct {
	const char *profile, *words;
} wrong[] = {
	{ "events = ( { name = 'a'; occurred_at = 'x'; contact = 'p'; read = { "
	  "request = { path = 'a'; }; }; } );", "trigger or trigger_at" },
	{ "events = ( { name = 'a'; trigger = 'meet'; contact = 'p'; read = { "
	  "request = { path = 'a'; }; }; } );", "expected occurred_at" },
	{ "events = ( { name = 'a'; trigger = 'meet'; occurred_at = 'x'; read = { "
	  "request = { path = 'a'; }; }; } );", "expected contact or link" },
	{ "events = ( { name = 'a b'; trigger = 'meet'; occurred_at = 'x'; contact "
	  "= 'p'; read = { request = { path = 'a'; }; }; } );",
	    "events.a b.name: expected letters" },
	{ "events = ( { name = 'a'; trigger = 'meet'; occurred_at = 'x'; contact = "
	  "'p'; read = { request = { path = 'a'; }; }; }, { name = 'a'; trigger = "
	  "'meet'; occurred_at = 'x'; contact = 'p'; read = { request = { path = "
	  "'a'; }; }; } );", "events.a: name: another one has it" },
	{ "events = ( { name = 'a'; trigger = 'meet'; occurred_at = 'x'; contact = "
	  "'p'; read = { request = { path = 'a?s={since}'; }; }; } );",
	    "events.a.read.stamp: expected" },
	{ "events = ( { name = 'a'; trigger = 'meet'; occurred_at = 'x'; contact = "
	  "'p'; read = { request = { path = 'a?s={last_stamp?}'; }; paging = { kind "
	  "= 'keyset'; }; }; } );", "events.a.read.paging.kind: expected {last_id}" },
	{ "events = ( { name = 'a'; trigger = 'meet'; occurred_at = 'x'; contact = "
	  "'p'; read = { request = { path = 'a?s={since}&u={until}'; }; stamp = "
	  "'t'; paging = { kind = 'offset'; }; }; } );",
	    "events.a.read.paging.kind: expected pages that are not counted" },
	{ "events = ( { name = 'a'; trigger = 'meet'; occurred_at = 'x'; contact = "
	  "'p'; read = { request = { path = 'a?s={nothing}'; }; }; } );", "nothing" },
	/* Kinds of paging that the place in the request does not fit. */
#define PLACED(hole, kind) "events = ( { name = 'a'; trigger = 'meet'; " \
	  "occurred_at = 'x'; contact = 'p'; read = { request = { path = 'a?s={" \
	  hole "?}'; }; paging = { kind = '" kind "'; }; }; } );"
	{ PLACED("offset", "auto"), "events.a.read.paging.kind: expected \"offset\"" },
	{ PLACED("offset", "page"), "paging.kind: expected \"offset\"" },
	{ PLACED("offset", "next_link"), "paging.kind: expected \"offset\"" },
	{ PLACED("page", "offset"), "paging.kind: expected \"page\"" },
	{ PLACED("page", "none"), "paging.kind: expected \"page\"" },
	{ PLACED("page", "cursor"), "paging.kind: expected \"page\"" },
	{ PLACED("cursor", "auto"), "paging.kind: expected \"cursor\"" },
	{ PLACED("last_id", "auto"), "paging.kind: expected \"keyset\"" },
	{ PLACED("last_stamp", "page"), "paging.kind: expected \"keyset\"" },
	{ "events = ( { name = 'a'; trigger = 'meet'; occurred_at = 'x'; contact = "
	  "'p[q'; read = { request = { path = 'a'; }; }; } );",
	    "events[0].contact: expected a path" },
	{ "events = ( { name = 'a'; trigger = 'meet'; occurred_at = 'x'; contact = "
	  "'p'; format = ( { field = 'occurred_at'; as = 'MMM'; } ); read = { "
	  "request = { path = 'a'; }; }; } );", "format[0].as: expected" },
	{ "contacts = { also = ( { name = 'm'; contact = 'p'; read = { request = { "
	  "path = 'm'; }; }; } ); };", "contacts.by_id: expected a request" },
	{ "contacts = { find = { path = 's?q={email}'; }; };",
	    "contacts.fields.email" },
	{ "contacts = { by_id = { request = { path = 's?q={ids:comma}'; }; }; };",
	    "ids" },
	{ "contacts = { surname = 'x'; };", "test.conf:1: contacts.surname" },
};

static void
test_wrong(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
		struct rig rig;
		rig_begin(&rig);
		if (rig_profile(&rig, "test.conf", wrong[i].profile) &&
		    rig_open(&rig))
			fail_msg("%s was taken", wrong[i].profile);
		if (rig.err.kind != ERR_CONFIG ||
		    strstr(rig.err.msg, wrong[i].words) == NULL ||
		    strstr(rig.err.msg, "test.conf:1: ") == NULL)
			fail_msg("%s: %s", wrong[i].words, rig.err.msg);
		rig_end(&rig, false);
	}
}

static void
test_right(void **state)
{
	static const char *const right[] = { PLACED("page", "auto"),
		PLACED("page", "page"), PLACED("page", "next_link"),
		PLACED("page", "link_header"), PLACED("offset", "offset"),
		PLACED("cursor", "cursor"), PLACED("last_id", "keyset") };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(right); i++) {
		struct rig rig;
		rig_begin(&rig);
		if (!rig_profile(&rig, "test.conf", right[i]) ||
		    !rig_open(&rig))
			fail_msg("%s: %s", right[i], rig.err.msg);
		rig_end(&rig, false);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_changed),
		cmocka_unit_test(test_whole_again),
		cmocka_unit_test(test_by_id),
		cmocka_unit_test(test_by_id_of_another),
		cmocka_unit_test(test_by_id_in_lists),
		cmocka_unit_test(test_batch),
		cmocka_unit_test(test_batch_of_others),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_refused_company),
		cmocka_unit_test(test_refused_too_often),
		cmocka_unit_test(test_also),
		cmocka_unit_test(test_also_sorted),
		cmocka_unit_test(test_companies),
		cmocka_unit_test(test_company_tags),
		cmocka_unit_test(test_a_row_without_a_refusal),
		cmocka_unit_test(test_what_is_left_of_a_card),
		cmocka_unit_test(test_lacks),
		cmocka_unit_test(test_find),
		cmocka_unit_test(test_load),
		cmocka_unit_test(test_nobody_by_id),
		cmocka_unit_test(test_activities),
		cmocka_unit_test(test_activities_again),
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_check),
		cmocka_unit_test(test_wrong),
		cmocka_unit_test(test_right),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
