/*
 * Contacts of the dynamics driver over a scripted server: facts, who is gone,
 * by address, by change tracking.  DV-nn: the pitfall's number.
 */
#include "dynamics/rig.h"

#define COLUMNS(more) "contactid,fullname,firstname,lastname,emailaddress1," \
	"mobilephone,statecode,_parentcustomerid_value,_masterid_value,merged," \
	"modifiedon,_ownerid_value,donotemail,donotbulkemail,telephone1," \
	"npt_npstags" more
#define WHEN "\"modifiedon\":\"2026-11-24T10:00:00Z\""
/* One card; each member stands in it once. */
#define CARD(xx, flags, tags, more) "{\"contactid\":\"" ID(xx) "\"," \
	"\"fullname\":\"Anna " xx "\",\"emailaddress1\":\"a" xx "@kunde.example" \
	"\"," WHEN "," flags ",\"npt_npstags\":" tags more "}"
#define ASKED "\"statecode\":0,\"donotemail\":false,\"donotbulkemail\":false"
#define PLAIN(xx) CARD(xx, ASKED, "null", "")
#define SEEN(xx) xx " Anna " xx " <a" xx "@kunde.example> - employed=2\n"

static bool
load(struct rig *rig, const char *const *ids, size_t n)
{
	return dynamics_crm.load_contacts(rig->self, ids, n, rig_contact, rig,
	    &rig->err);
}

/* ---- facts ------------------------------------------------------------- */

static void
test_facts(void **state)
{
	static const struct {
		const char *card, *seen;
	} cases[] = {
		{ PLAIN("01"), SEEN("01") },
		{ CARD("01", "\"statecode\":0,\"donotemail\":true,"
		    "\"donotbulkemail\":false", "null", ""),
		    "01 Anna 01 <a01@kunde.example> - employed=2 out\n" },
		{ CARD("01", "\"statecode\":0,\"donotemail\":false,"
		    "\"donotbulkemail\":true", "null", ""),
		    "01 Anna 01 <a01@kunde.example> - employed=2 out\n" },
		{ CARD("01", "\"statecode\":1,\"donotemail\":null,"
		    "\"donotbulkemail\":null", "null", ""),
		    "01 Anna 01 <a01@kunde.example> - employed=1\n" },
		{ CARD("01", ASKED, "\"A; NPSToday.Salg.3 ;NPSToday.NoSend\"",
		    ""), "01 Anna 01 <a01@kunde.example> - employed=2 #A "
		    "#NPSToday.Salg.3 #NPSToday.NoSend\n" },
		{ CARD("01", ASKED, "null", ",\"merged\":true,"
		    "\"_masterid_value\":\"" ID("02") "\""),
		    "01 Anna 01 <a01@kunde.example> - employed=2 moved:02\n" },
		{ CARD("01", ASKED, "null", "," LOOKUP(
		    "_parentcustomerid_value", ID("a1"), "account")
		    ",\"parentcustomerid_account\":{\"name\":\"Kunde A/S\"}"),
		    "01 Anna 01 <a01@kunde.example> Kunde A/S employed=2\n" },
		/* Expanded or not, its name is there. */
		{ CARD("01", ASKED, "null", "," LOOKUP(
		    "_parentcustomerid_value", ID("a1"), "account")
		    ",\"_parentcustomerid_value@OData.Community.Display.V1."
		    "FormattedValue\":\"Kunde A/S\""),
		    "01 Anna 01 <a01@kunde.example> Kunde A/S employed=2\n" },
	};
	static const char *const ids[] = { ID("01") };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		char body[2048];
		const struct sim_reply script[] = { TOKEN,
			{ .target = API "contacts?", .body = body } };
		struct rig rig;
		snprintf(body, sizeof(body), VALUE("%s"), cases[i].card);
		rig_start(&rig, "", script, 2);
		RIG_OK(&rig, load(&rig, ids, 1));
		RIG_SEES(&rig, cases[i].seen);
		rig_end(&rig, true);
	}
}

/* What keeps somebody from being asked is not in the answer: no card, and
 * nobody gone. */
static void
test_fails_closed(void **state)
{
	static const struct {
		const char *more, *card, *lacks;
	} cases[] = {
		{ "", CARD("01", "\"statecode\":0,\"donotemail\":false",
		    "null", ""), "donotbulkemail" },
		{ "", CARD("01", "\"donotemail\":false,\"donotbulkemail\":false",
		    "null", ""), "statecode" },
		{ "", "{\"contactid\":\"" ID("01") "\"," ASKED "}",
		    "npt_npstags" },
		{ "nosend_column = 'npt_nosend';", PLAIN("01"), "npt_nosend" },
		{ "suppress_on = [ 'npt_never' ];", PLAIN("01"), "npt_never" },
	};
	static const char *const ids[] = { ID("01") };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		char body[2048];
		const struct sim_reply script[] = { TOKEN,
			{ .target = API "contacts?", .body = body } };
		struct rig rig;
		snprintf(body, sizeof(body), VALUE("%s"), cases[i].card);
		rig_start(&rig, cases[i].more, script, 2);
		RIG_OK(&rig, load(&rig, ids, 1));
		RIG_SEES(&rig, "");
		RIG_REFUSES(&rig, arena_printf(rig.arena, "contacts " ID("01")
		    ": %s: expected this column in the answer\n",
		    cases[i].lacks));
		rig_end(&rig, true);
	}
}

/* A text or several choices say neither yes nor no: no card. */
static void
test_no_flag(void **state)
{
	static const struct {
		const char *value, *seen;
	} cases[] = {
		{ "\"Yes\"", NULL }, { "\"1,2\"", NULL }, { "\"\"", NULL },
		{ "[]", NULL }, { "null", SEEN("01") }, { "0", SEEN("01") },
		{ "2", "01 Anna 01 <a01@kunde.example> - employed=2 out\n" },
	};
	static const char *const ids[] = { ID("01") };

	(void)state;
	for (size_t i = 0; i < 2 * ARRAY_LEN(cases); i++) {
		const char *seen = cases[i / 2].seen;
		char body[2048];
		const struct sim_reply script[] = { TOKEN,
			{ .target = API "contacts?", .body = body } };
		struct rig rig;
		snprintf(body, sizeof(body), VALUE("%s,\"npt_x\":%s}"),
		    "{\"contactid\":\"" ID("01") "\",\"fullname\":\"Anna 01\","
		    "\"emailaddress1\":\"a01@kunde.example\"," ASKED
		    ",\"npt_npstags\":null", cases[i / 2].value);
		rig_start(&rig, i % 2 == 0 ? "nosend_column = 'npt_x';" :
		    "suppress_on = [ 'npt_x' ];", script, 2);
		RIG_OK(&rig, load(&rig, ids, 1));
		RIG_SEES(&rig, seen != NULL ? seen : "");
		RIG_REFUSES(&rig, seen != NULL ? "" : "contacts " ID("01")
		    ": npt_x: expected yes or no, or a number\n");
		rig_end(&rig, true);
	}
}

static void
test_columns(void **state)
{
	static const struct sim_reply script[] = { TOKEN,
		{ .target = API "contacts?", .body = VALUE(
		    "{\"contactid\":\"" ID("01") "\",\"fullname\":\"Anna\","
		    "\"npt_never\":false,\"npt_left\":\"J\",\"npt_nosend\":true,"
		    "\"npt_tags\":null,\"npt_lang\":\"da\",\"jobtitle\":\"Chef\","
		    "\"parentcustomerid_account\":{\"name\":\"K\","
		    "\"customertypecode\":3,\"industrycode\":null}}") } };
	static const char *const ids[] = { ID("01") };
	struct rig rig;

	(void)state;
	rig_start(&rig, "suppress_on = [ 'npt_never' ]; nosend_column = "
	    "'npt_nosend'; tag_column = 'npt_tags'; employment_field = "
	    "'npt_left'; employment_left_values = [ 'X', 'J' ]; phone_column = "
	    "''; language_column = 'npt_lang'; relation_column = "
	    "'account.customertypecode'; owner_email = true; fields = [ "
	    "'jobtitle', 'account.customertypecode', 'account.industrycode' ];",
	    script, 2);
	RIG_OK(&rig, load(&rig, ids, 1));
	assert_string_equal(rig_line(&rig, 1), "GET " API "contacts?$select="
	    "contactid,fullname,firstname,lastname,emailaddress1,mobilephone,"
	    "statecode,_parentcustomerid_value,_masterid_value,merged,"
	    "modifiedon,_ownerid_value,npt_never,npt_nosend,npt_left,npt_tags,"
	    "npt_lang,jobtitle&$expand=parentcustomerid_account($select=name,"
	    "customertypecode,industrycode),owninguser($select=fullname,"
	    "internalemailaddress)&$filter=contactid%20eq%20" ID("01")
	    " HTTP/1.1");
	RIG_SEES(&rig, "01 Anna <-> K employed=1 out jobtitle=Chef "
	    "account.customertypecode=3\n");
	rig_end(&rig, true);
}

struct owner { char id[64], name[64], email[64], link[160]; };

static bool
on_owner(void *arg, const struct crm_contact *c)
{
	struct owner *o = arg;

	snprintf(o->id, sizeof(o->id), "%s", rig_or(c->owner_id));
	snprintf(o->name, sizeof(o->name), "%s", rig_or(c->owner_name));
	snprintf(o->email, sizeof(o->email), "%s", rig_or(c->owner_email));
	snprintf(o->link, sizeof(o->link), "%s", rig_or(c->link));
	return true;
}

static void
test_owner_and_link(void **state)
{
	static const struct sim_reply script[] = { TOKEN,
		{ .target = API "contacts?", .body = VALUE(CARD("01", ASKED,
		    "null", "," LOOKUP("_ownerid_value", ID("f1"), "systemuser")
		    ",\"_ownerid_value@OData.Community.Display.V1."
		    "FormattedValue\":\"Bo\"")) },
		{ .target = API "contacts?", .body = VALUE(CARD("01", ASKED,
		    "null", "," LOOKUP("_ownerid_value", ID("f2"), "team")
		    ",\"owninguser\":{\"fullname\":\"Bo B\","
		    "\"internalemailaddress\":\"bo@own.example\"}")) } };
	static const char *const ids[] = { ID("01") };
	struct owner o;
	struct rig rig;

	(void)state;
	rig_start(&rig, "", script, 3);
	RIG_OK(&rig, dynamics_crm.load_contacts(rig.self, ids, 1, on_owner, &o,
	    &rig.err));
	assert_string_equal(o.id, ID("f1"));
	assert_string_equal(o.name, "Bo");
	assert_string_equal(o.email, "-");
	assert_string_equal(o.link, arena_printf(rig.arena, "%s/main.aspx?etn="
	    "contact&pagetype=entityrecord&id=" ID("01"),
	    simhttpd_url(rig.sim)));
	RIG_OK(&rig, dynamics_crm.load_contacts(rig.self, ids, 1, on_owner, &o,
	    &rig.err));
	/* A team is nobody's account manager. */
	assert_string_equal(o.id, "-");
	assert_string_equal(o.name, "Bo B");
	assert_string_equal(o.email, "bo@own.example");
	rig_end(&rig, true);
}

/* ---- by id ------------------------------------------------------------- */

static void
test_gone(void **state)
{
	static const struct sim_reply script[] = { TOKEN,
		{ .target = API "contacts?", .body = VALUE(PLAIN("02") ","
		    PLAIN("09")) } };
	static const char *const ids[] = { ID("01"), "7", ID("02"), ID("02") };
	struct rig rig;

	(void)state;
	rig_start(&rig, "", script, 2);
	RIG_OK(&rig, load(&rig, ids, 4));
	/* Whom nobody asked for is nobody's answer. */
	RIG_SEES(&rig, SEEN("02") "01 gone\n");
	RIG_REFUSES(&rig, "contacts 7: expected a GUID: no contact of this "
	    "CRM\n");
	assert_non_null(strstr(rig_line(&rig, 1), "&$filter=contactid%20eq%20"
	    ID("01") "%20or%20contactid%20eq%20" ID("02") " "));
	rig_end(&rig, true);
}

/* A second page that fails: nobody is called gone. */
static void
test_half_an_answer(void **state)
{
	struct sim_reply script[] = { TOKEN, { .target = API "contacts?$s" },
		{ .target = API "contacts?p=2 ", .status = 500 } };
	static const char *const ids[] = { ID("01"), ID("02") };
	struct rig rig;

	(void)state;
	rig_begin(&rig, script, 3);
	RIG_OK(&rig, rig_settings(&rig, simhttpd_url(rig.sim), "") &&
	    rig_open(&rig));
	script[1].body = arena_printf(rig.arena, "{\"value\":[%s],"
	    "\"@odata.nextLink\":\"%s" API "contacts?p=2\"}", PLAIN("01"),
	    simhttpd_url(rig.sim));
	assert_false(load(&rig, ids, 2));
	RIG_SEES(&rig, SEEN("01"));
	rig_end(&rig, true);
}

/* 2,500 ids: slices, each its requests, memory given back between. */
static void
test_many(void **state)
{
	enum { MANY = 2500 };
	struct sim_reply script[] = { TOKEN, { .target = API "contacts?",
		.body = VALUE(""), .repeat = 999 } };
	struct rig rig;

	(void)state;
	rig_start(&rig, "", script, 2);
	const char **ids = arena_array(rig.arena, MANY, sizeof(*ids));
	for (int i = 0; i < MANY; i++)
		ids[i] = arena_printf(rig.arena, "89390c24-9c72-e511-80d4-%012d",
		    i);
	RIG_OK(&rig, load(&rig, ids, MANY));
	size_t gone = 0;
	for (const char *at = buf_text(&rig.seen); (at = strstr(at, " gone")) !=
	    NULL; at++)
		gone++;
	assert_int_equal(gone, MANY);
	assert_in_range(simhttpd_requests(rig.sim), 30, 40);
	rig_end(&rig, false);
}

/* ---- by address -------------------------------------------------------- */

static void
test_find(void **state)
{
	static const struct {
		const char *email, *filter, *body, *seen;
	} cases[] = {
		{ "o'hara+nps@kunde.example", "emailaddress1%20eq%20'o''hara"
		    "%2Bnps@kunde.example'", VALUE(""), "" },
		{ "A01@KUNDE.example", "emailaddress1%20eq%20'A01@KUNDE."
		    "example'", VALUE(PLAIN("01") "," PLAIN("02")), SEEN("01") },
		{ "s\xc3\xb8ren&co@x.example", "emailaddress1%20eq%20's%C3%B8"
		    "ren%26co@x.example'", VALUE(""), "" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const struct sim_reply script[] = { TOKEN, { .target = API
		    "contacts?", .body = cases[i].body } };
		struct rig rig;
		rig_start(&rig, "", script, 2);
		RIG_OK(&rig, dynamics_crm.find_contact(rig.self,
		    cases[i].email, rig_contact, &rig, &rig.err));
		RIG_SEES(&rig, cases[i].seen);
		assert_non_null(strstr(rig_line(&rig, 1), arena_printf(
		    rig.arena, "&$filter=%s ", cases[i].filter)));
		rig_end(&rig, true);
	}
}

/* ---- changed since ----------------------------------------------------- */

static void
test_changed(void **state)
{
	static const struct sim_reply script[] = { TOKEN,
		{ .target = API "contacts?", .body = VALUE(PLAIN("01") ","
		    "{\"contactid\":\"" ID("02") "\"," WHEN "}," PLAIN("03"))
		} };
	struct rig rig;

	(void)state;
	rig_start(&rig, "", script, 2);
	RIG_OK(&rig, rig_contacts(&rig, "contacts=20:2026-11-24T02:00:00Z",
	    NULL));
	RIG_SEES(&rig, SEEN("01") SEEN("03"));
	RIG_REFUSES(&rig, "contacts " ID("02") ": statecode: expected this "
	    "column in the answer\n");
	assert_string_equal(rig_line(&rig, 1), "GET " API "contacts?$select="
	    COLUMNS("") "&$expand=parentcustomerid_account($select=name)&"
	    "$filter=modifiedon%20ge%202026-11-24T01:45:00Z&$orderby=modifiedon"
	    "%20asc,contactid%20asc HTTP/1.1");
	assert_string_equal(rig.watermark, "contacts=20:2026-11-24T10:00:00Z");
	rig_end(&rig, true);
}

/* ---- change tracking --------------------------------------------------- */

#define DELTA "contact_mirror = 'delta';"
#define TRACKED "contacts?$select=" COLUMNS("")
#define TOKEN_1 "contacts?$deltatoken=919042%2108%2f22%2f2017%2008%3a10%3a44"
#define TOKEN_2 "contacts?$deltatoken=919058%2108%2f22%2f2017%2008%3a21%3a20"
#define DELETED(xx) "{\"@odata.context\":\"http://x/$metadata#contacts/" \
	"$deletedEntity\",\"id\":\"" ID(xx) "\",\"reason\":\"deleted\"}"

static const char *
linked(struct rig *rig, const char *rows, const char *name, const char *to)
{
	return arena_printf(rig->arena, "{\"value\":[%s],\"@odata.%s\":\"%s"
	    API "%s\"}", rows, name, simhttpd_url(rig->sim), to);
}

/* After the columns that are asked for: FNV-1a. */
static const char *
mark_name(struct rig *rig, const char *columns)
{
	uint32_t h = 2166136261u;

	for (; *columns != '\0'; columns++)
		h = (h ^ (unsigned char)*columns) * 16777619u;
	return arena_printf(rig->arena, "contacts_delta_%08x", (unsigned)h);
}

static const char *
delta_mark(struct rig *rig, const char *to)
{
	const char *link = arena_printf(rig->arena, "%s" API "%s",
	    simhttpd_url(rig->sim), to);

	return arena_printf(rig->arena, "%s=%zu:%s", mark_name(rig,
	    COLUMNS("")), strlen(link), link);
}

static void
start(struct rig *rig, const char *more, struct sim_reply *script, size_t n)
{
	rig_begin(rig, script, n);
	if (!rig_settings(rig, simhttpd_url(rig->sim), more) ||
	    !rig_open(rig))
		fail_msg("%s", rig->err.msg);
}

/* All of it, page after page, then what changed: only the last address counts,
 * and it goes back byte for byte. */
static void
test_delta(void **state)
{
	struct sim_reply script[] = { TOKEN, { .target = API TRACKED " " },
		{ .target = API "contacts?p=2 " },
		{ .target = API TOKEN_1 " " } };
	static const char *const prefer = "odata.maxpagesize=1000,odata."
	    "include-annotations=\"OData.Community.Display.V1.FormattedValue,"
	    "Microsoft.Dynamics.CRM.lookuplogicalname\"";
	struct rig rig;

	(void)state;
	start(&rig, DELTA, script, ARRAY_LEN(script));
	/* A page in the middle may have one too: it is not the one. */
	script[1].body = arena_printf(rig.arena, "{\"value\":[%s],"
	    "\"@odata.nextLink\":\"%s" API "contacts?p=2\","
	    "\"@odata.deltaLink\":\"%s" API "contacts?$deltatoken=early\"}",
	    PLAIN("01"), simhttpd_url(rig.sim), simhttpd_url(rig.sim));
	script[2].body = linked(&rig, PLAIN("02"), "deltaLink", TOKEN_1);
	script[3].body = linked(&rig, PLAIN("03") "," DELETED("01"),
	    "deltaLink", TOKEN_2);
	RIG_OK(&rig, rig_contacts(&rig, NULL, NULL));
	RIG_SEES(&rig, SEEN("01") SEEN("02"));
	assert_string_equal(rig.watermark, delta_mark(&rig, TOKEN_1));
	for (size_t i = 1; i <= 2; i++)
		assert_string_equal(rig_header(&rig, i, "Prefer"),
		    arena_printf(rig.arena, "odata.track-changes,%s", prefer));
	buf_reset(&rig.seen);
	char *mark = arena_strdup(rig.arena, rig.watermark);
	RIG_OK(&rig, rig_contacts(&rig, mark, NULL));
	RIG_SEES(&rig, SEEN("03") "01 gone\n");
	assert_string_equal(rig_line(&rig, 3), "GET " API TOKEN_1 " HTTP/1.1");
	assert_string_equal(rig_header(&rig, 3, "Prefer"), prefer);
	assert_string_equal(rig.watermark, delta_mark(&rig, TOKEN_2));
	rig_end(&rig, true);
}

/* DV-14: a token that is too old: all are read again, by itself. */
static void
test_dv14_old_token(void **state)
{
	static const int statuses[] = { 400, 404, 410 };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(statuses); i++) {
		struct sim_reply script[] = { TOKEN,
			{ .target = API TOKEN_1 " ", .status = statuses[i],
			    .body = "{\"error\":{\"code\":\"0x80044352\","
			    "\"message\":\"The version is too old.\"}}" },
			{ .target = API TRACKED " " } };
		struct rig rig;
		start(&rig, DELTA, script, ARRAY_LEN(script));
		script[2].body = linked(&rig, CARD("01",
		    "\"statecode\":0,\"donotemail\":true,\"donotbulkemail\":"
		    "false", "null", ""), "deltaLink", TOKEN_2);
		RIG_OK(&rig, rig_contacts(&rig, delta_mark(&rig, TOKEN_1),
		    NULL));
		RIG_SEES(&rig, "01 Anna 01 <a01@kunde.example> - employed=2 "
		    "out\n");
		assert_string_equal(rig.watermark, delta_mark(&rig, TOKEN_2));
		rig_end(&rig, true);
	}
}

/* One column more than at the last reading: the kept address does not ask for
 * it, so all are read again; so is a broken reading of the old columns. */
static void
test_delta_columns(void **state)
{
	(void)state;
	for (int i = 0; i < 2; i++) {
		struct sim_reply script[] = { TOKEN,
			{ .target = API "contacts?$select=" COLUMNS(",jobtitle")
			    " " } };
		struct rig rig;
		start(&rig, DELTA "fields = [ 'jobtitle' ];", script,
		    ARRAY_LEN(script));
		script[1].body = linked(&rig, PLAIN("01"), "deltaLink",
		    TOKEN_2);
		const char *old = delta_mark(&rig, TOKEN_1);
		const char *place = arena_printf(rig.arena, "%s@%zu:A%s" API
		    "contacts?p=2", mark_name(&rig, COLUMNS("")), strlen(
		    simhttpd_url(rig.sim)) + sizeof(API "contacts?p=2"),
		    simhttpd_url(rig.sim));
		RIG_OK(&rig, rig_contacts(&rig, old, i == 0 ? NULL : place));
		RIG_SEES(&rig, SEEN("01"));
		assert_non_null(strstr(rig.watermark, mark_name(&rig,
		    COLUMNS(",jobtitle"))));
		assert_null(strstr(rig.watermark, mark_name(&rig,
		    COLUMNS(""))));
		assert_true(strncmp(rig_header(&rig, 1, "Prefer"),
		    "odata.track-changes,", 20) == 0);
		rig_end(&rig, true);
	}
}

/* A server that fails is not one that forgot. */
static void
test_delta_fails(void **state)
{
	struct sim_reply script[] = { TOKEN,
		{ .target = API TOKEN_1 " ", .status = 503 } };
	struct rig rig;

	(void)state;
	start(&rig, DELTA, script, ARRAY_LEN(script));
	assert_false(rig_contacts(&rig, delta_mark(&rig, TOKEN_1), NULL));
	assert_int_equal(rig.err.kind, ERR_RETRY);
	assert_string_equal(rig.watermark, "");
	rig_end(&rig, true);
}

/* Broken in the second page: it goes on there, and the mark stays. */
static void
test_delta_resume(void **state)
{
	struct sim_reply script[] = { TOKEN, { .target = API TRACKED " " },
		{ .target = API "contacts?p=2 ", .status = 503 },
		{ .target = API "contacts?p=2 " } };
	struct rig rig;

	(void)state;
	start(&rig, DELTA, script, ARRAY_LEN(script));
	script[1].body = linked(&rig, PLAIN("01"), "nextLink", "contacts?p=2");
	script[3].body = linked(&rig, PLAIN("02"), "deltaLink", TOKEN_1);
	assert_false(rig_contacts(&rig, NULL, NULL));
	buf_reset(&rig.seen);
	char *resume = arena_strdup(rig.arena, rig.resume);
	RIG_OK(&rig, rig_contacts(&rig, NULL, resume));
	RIG_SEES(&rig, SEEN("02"));
	/* Still a reading of all. */
	assert_true(strncmp(rig_header(&rig, 3, "Prefer"),
	    "odata.track-changes,", 20) == 0);
	assert_string_equal(rig.watermark, delta_mark(&rig, TOKEN_1));
	rig_end(&rig, true);
}

static void
test_delta_elsewhere(void **state)
{
	struct sim_reply script[] = { TOKEN, { .target = API TRACKED " ",
		.body = "{\"value\":[],\"@odata.deltaLink\":"
		"\"https://evil.example/contacts?$deltatoken=1\"}" } };
	struct rig rig;

	(void)state;
	start(&rig, DELTA, script, ARRAY_LEN(script));
	assert_false(rig_contacts(&rig, arena_printf(rig.arena, "%s=29:"
	    "https://evil.example/contacts", mark_name(&rig, COLUMNS(""))),
	    NULL));
	assert_int_equal(rig.err.kind, ERR_PROTOCOL);
	assert_string_equal(rig.watermark, "");
	rig_end(&rig, true);
}

static void
test_delta_not_enabled(void **state)
{
	struct sim_reply script[] = { TOKEN, { .target = API TRACKED " ",
		.body = VALUE(PLAIN("01")) } };
	struct rig rig;

	(void)state;
	start(&rig, DELTA, script, ARRAY_LEN(script));
	assert_false(rig_contacts(&rig, NULL, NULL));
	assert_int_equal(rig.err.kind, ERR_CONFIG);
	assert_non_null(strstr(rig.err.msg, "change tracking"));
	rig_end(&rig, true);
}

/* Columns of the company are not in it: those cards are asked for by id. */
static void
test_delta_of_companies(void **state)
{
	struct sim_reply script[] = { TOKEN, { .target = API TRACKED " " },
		{ .target = "$expand=parentcustomerid_account($select=name,"
		    "customertypecode)&$filter=contactid%20eq%20" ID("01")
		    "%20or%20contactid%20eq%20" ID("02") " ", .body =
		    VALUE(PLAIN("01")) } };
	struct rig rig;

	(void)state;
	start(&rig, DELTA "relation_column = 'account.customertypecode';",
	    script, ARRAY_LEN(script));
	script[1].body = linked(&rig, "{\"contactid\":\"" ID("01") "\"},"
	    "{\"contactid\":\"" ID("02") "\"}," DELETED("03"), "deltaLink",
	    TOKEN_1);
	RIG_OK(&rig, rig_contacts(&rig, NULL, NULL));
	/* Created and deleted in between. */
	RIG_SEES(&rig, SEEN("01") "02 gone\n03 gone\n");
	rig_end(&rig, true);
}

/* A list of changes whose cards are all gone is not believed. */
static void
test_delta_all_gone(void **state)
{
	struct sim_reply script[] = { TOKEN, { .target = API TRACKED " " },
		{ .target = "$filter=contactid%20eq%20", .body = VALUE(""),
		    .repeat = 9 } };
	struct rig rig;
	const char *rows = "";

	(void)state;
	start(&rig, DELTA "relation_column = 'account.customertypecode';",
	    script, ARRAY_LEN(script));
	for (int i = 10; i < 30; i++)
		rows = arena_printf(rig.arena, "%s{\"contactid\":\"%s%d\"}%s",
		    rows, ID(""), i, i < 29 ? "," : "");
	script[1].body = linked(&rig, rows, "deltaLink", TOKEN_1);
	assert_false(rig_contacts(&rig, NULL, NULL));
	assert_int_equal(rig.err.kind, ERR_PROTOCOL);
	assert_non_null(strstr(rig.err.msg, "20 of 20"));
	assert_int_equal(rig.pages, 0);
	rig_end(&rig, false);
}

/* Back to the other way: its mark is another's, and it begins anew. */
static void
test_delta_off_again(void **state)
{
	struct sim_reply script[] = { TOKEN,
		{ .target = "modifiedon%20ge%201970-01-01T00:00:00Z", .body =
		    VALUE(PLAIN("01")) } };
	struct rig rig;

	(void)state;
	start(&rig, "", script, ARRAY_LEN(script));
	RIG_OK(&rig, rig_contacts(&rig, delta_mark(&rig, TOKEN_1), NULL));
	RIG_SEES(&rig, SEEN("01"));
	rig_end(&rig, true);
}

/* ---- values ------------------------------------------------------------ */
#define STATUS(t) { .target = "GET " API "EntityDefinitions(LogicalName='" t \
	"')/Attributes(LogicalName='statuscode')/Microsoft.Dynamics.CRM." \
	"StatusAttributeMetadata?$select=LogicalName&$expand=OptionSet(" \
	"$select=Options) ", .body = "{\"OptionSet\":{\"Options\":[" \
	"{\"Value\":1,\"State\":0,\"Label\":{\"UserLocalizedLabel\":{" \
	"\"Label\":\"Open\"}}},{\"Value\":3,\"State\":1,\"Label\":{" \
	"\"UserLocalizedLabel\":{\"Label\":\"Vundet\"}}},{\"Value\":5," \
	"\"State\":2,\"Label\":{\"UserLocalizedLabel\":null}},7]}}" }

static bool
on_value(void *arg, const char *id, const char *label, long count)
{
	(void)count;
	return buf_printf(&((struct rig *)arg)->seen, "%s=%s\n", id, label);
}

static void
list(struct rig *rig, enum value_kind kind)
{
	RIG_OK(rig, dynamics_crm.list_values(rig->self, kind, on_value, rig,
	    &rig->err));
}

/* Only what a closed row can have, and of which table; ids as rows have them;
 * columns that can be asked for.  Free texts are no list. */
static void
test_values(void **state)
{
	static const struct sim_reply script[] = { TOKEN, STATUS("appointment"),
		STATUS("opportunity"), STATUS("incident"),
		{ .target = "GET " API "systemusers?$select=systemuserid,fullname"
		    "&$filter=isdisabled%20eq%20false&$orderby=fullname%20asc,"
		    "systemuserid%20asc ", .body = VALUE("{\"systemuserid\":"
		    "\"89390C24-9C72-E511-80D4-00000000000A\",\"fullname\":"
		    "\"Anna\"},{\"fullname\":\"x\"}") },
		{ .target = "GET " API "EntityDefinitions(LogicalName='contact')"
		    "/Attributes?$select=LogicalName,AttributeType,AttributeOf,"
		    "DisplayName ", .body = VALUE("{\"LogicalName\":\"npt_x\","
		    "\"AttributeType\":\"Boolean\",\"AttributeOf\":null,"
		    "\"DisplayName\":{\"UserLocalizedLabel\":{\"Label\":"
		    "\"Aldrig\"}}},{\"LogicalName\":\"ownerid\","
		    "\"AttributeType\":\"Owner\"},{\"LogicalName\":"
		    "\"owneridname\",\"AttributeType\":\"String\","
		    "\"AttributeOf\":\"ownerid\"},{\"LogicalName\":"
		    "\"gendercode\",\"AttributeType\":\"Picklist\"}") } };
	struct rig rig;

	(void)state;
	rig_start(&rig, "", script, ARRAY_LEN(script));
	list(&rig, VAL_STAGE);
	list(&rig, VAL_OWNER);
	list(&rig, VAL_FIELD);
	list(&rig, VAL_CATEGORY);
	list(&rig, VAL_TAG);
	RIG_SEES(&rig, "3=Vundet (appointment)\n3=Vundet (opportunity)\n"
	    "5=- (opportunity)\n3=Vundet (incident)\n"
	    "89390c24-9c72-e511-80d4-00000000000a=Anna\n"
	    "npt_x=Aldrig\ngendercode=gendercode\n");
	rig_end(&rig, true);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_facts),
		cmocka_unit_test(test_fails_closed),
		cmocka_unit_test(test_no_flag),
		cmocka_unit_test(test_columns),
		cmocka_unit_test(test_owner_and_link),
		cmocka_unit_test(test_gone),
		cmocka_unit_test(test_half_an_answer),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_find),
		cmocka_unit_test(test_changed),
		cmocka_unit_test(test_delta),
		cmocka_unit_test(test_dv14_old_token),
		cmocka_unit_test(test_delta_columns),
		cmocka_unit_test(test_delta_fails),
		cmocka_unit_test(test_delta_resume),
		cmocka_unit_test(test_delta_elsewhere),
		cmocka_unit_test(test_delta_not_enabled),
		cmocka_unit_test(test_delta_of_companies),
		cmocka_unit_test(test_delta_all_gone),
		cmocka_unit_test(test_delta_off_again),
		cmocka_unit_test(test_values),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
