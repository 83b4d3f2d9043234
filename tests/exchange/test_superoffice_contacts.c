/*
 * Persons of the superoffice driver over a scripted server: who may not be
 * asked, who is gone, and one card for each.  SO-nn: the pitfall's number.
 */
#include "superoffice/rig.h"

#define PLAIN "tag_mode = 'off'; nosend = '';"	/* no interests */
#define CARD_OF(id, email, more) "{\"PrimaryKey\":\"" id "\",\"EntityName\":" \
	"\"person\",\"personId\":" id ",\"contactId\":7,\"fullName\":" \
	"\"Karin Holm\",\"email/emailAddress\":\"" email "\"," \
	"\"email/emailHasBounced\":false,\"personContact/name\":\"Holm A/S\"," \
	"\"personContact/contactNoMail\":false," NOT_DELETED ",\"" \
	"personUpdatedDate\":\"2026-11-24T10:00:00Z\"" more "}"
#define NOT_DELETED "\"personDeletedDate\":null"
#define MAY ",\"retired\":false,\"personNoMail\":false,\"hasInterests\":false," \
	"\"hasEmarketingConsent\":false,\"withdrawnEmarketingConsent\":false"
#define CARD(id, more) CARD_OF(id, "k@holm.dk", more)
#define LOOKS(id, rest) id " Karin Holm <k@holm.dk> Holm A/S " rest "\n"
#define PERSON(id, interests) { .target = "GET " API "/Person/" id "?", \
	.body = "{\"PersonId\":" id ",\"Interests\":[" interests "]}" }

#define BAD(id) { .target = "/Person/" id "?", .status = 500, .body = "{}" }
#define PROXY(id) { .target = "/Person/" id "?", .body = "<html>" }
/* The archive names one that is none of those that failed; its last row counts. */
#define BEHIND(id, rows) { .target = "/Person?$select=personId&$filter=" \
	"personId%20gt%20" id "&$orderBy=personId%20asc&$top=4&", \
	.body = VALUE(rows) }
#define OTHERS(rows) { .target = "/Person?$select=personId&$filter=personId" \
	"%20gt%200&$orderBy=personId%20asc&$top=4&", .body = VALUE(rows) }
#define OTHER(id) "{\"PrimaryKey\":\"" id "\",\"personId\":" id "}"

static bool
changes(struct rig *rig, const char *watermark)
{
	return superoffice_crm.pull_contacts(rig->self, rig_pull(rig,
	    watermark, NULL), rig_contact, rig_checkpoint, rig, &rig->err);
}

static void
load(struct rig *rig, const char *more, const struct sim_reply *script,
    size_t n)
{
	static const char *const ids[] = { "31", "32", "33", "34", "35" };

	rig_start(rig, more, script, n);
	RIG_OK(rig, rig_load(rig, ids, 5));
}

/* ---- by id ------------------------------------------------------------- */
static void
test_query(void **state)
{
	static const struct sim_reply script[] = {
		PAGE("/Person", CARD("31", MAY)), PAGE("/Person", CARD("33", MAY)),
		NONE("/Person"), NONE("/Person"), NONE("/Person") };
	static const char *const ids[] = { "31", "x", "33", "31", "40",
		"1) or (1", "0" };
	struct rig rig;

	(void)state;
	rig_start(&rig, PLAIN "ids_max = 2;", script, ARRAY_LEN(script) - 1);
	RIG_OK(&rig, rig_load(&rig, ids, ARRAY_LEN(ids)));
	RIG_SEES(&rig, LOOKS("31", "employed=2 consent=0")
	    LOOKS("33", "employed=2 consent=0") "40 gone\n");
	RIG_REFUSES(&rig, "persons x: expected a number: no person of this CRM\n"
	    "persons 1) or (1: expected a number: no person of this CRM\n"
	    "persons 0: expected a number: no person of this CRM\n");
	assert_string_equal(rig_line(&rig, 0), "GET " API "/Person?$select="
	    "personId,contactId,fullName,firstName,lastName,retired,personNoMail,"
	    "hasInterests,personDirectPhone/formattedNumber,personMobilePhone/"
	    "formattedNumber,email/emailAddress,email/emailHasBounced,"
	    "personContact/name,personContact/contactNoMail,personContact/"
	    "contactAssociate/fullName,personContact/contactAssociate/"
	    "personEmail,personUpdatedDate,personRegisteredDate,personContact/"
	    "associateId,hasEmarketingConsent,withdrawnEmarketingConsent,personContact/"
	    "category,personDeletedDate&$filter=personId in (31,33) and personId gt 0&$orderBy="
	    "personId asc&$top=1000&$output=Logical&$entities=person,"
	    "retiredPerson HTTP/1.1");
	rig_end(&rig);
}

/* An address takes no more than 2048 bytes of query, whatever ids_max says. */
static void
test_long_ids(void **state)
{
	static const struct sim_reply script[] = { NONE("/Person"),
		NONE("/Person"), NONE("/Person") };
	const char *ids[200];
	struct rig rig;

	(void)state;
	rig_start(&rig, PLAIN "ids_max = 200;", script, ARRAY_LEN(script));
	for (int i = 0; i < 200; i++)
		ids[i] = arena_printf(rig.arena, "%d", 2000000000 + i);
	RIG_OK(&rig, rig_load(&rig, ids, ARRAY_LEN(ids)));
	for (size_t i = 0; i < ARRAY_LEN(script); i++) {
		const char *line = simhttpd_request(rig.sim, i);
		assert_true(strcspn(strchr(line, '?'), " ") <= 2049);
	}
	assert_non_null(strstr(rig_line(&rig, 0), "in (2000000000,"));
	assert_non_null(strstr(rig_line(&rig, 2), ",2000000199)"));
	rig_end(&rig);
}

/* In a full row null is null as well. */
static void
test_full_row(void **state)
{
	static const struct sim_reply script[] = { PAGE("/Person", CARD("31",
	    ",\"retired\":false,\"personNoMail\":false,\"hasInterests\":"
	    "false,\"hasEmarketingConsent\":false,\"Column\":{"
	    "\"withdrawnEmarketingConsent\":{\"DisplayValue\":null,"
	    "\"RawValue\":null}}")), NONE("/Person") };
	static const char *const ids[] = { "31" };
	struct rig rig;

	(void)state;
	rig_start(&rig, PLAIN, script, ARRAY_LEN(script));
	RIG_OK(&rig, rig_load(&rig, ids, 1));
	RIG_SEES(&rig, LOOKS("31", "employed=2 consent=0"));
	rig_end(&rig);
}

/* Somebody is called gone only by an answer that came to its end. */
static void
test_not_gone(void **state)
{
	static const struct sim_reply script[] = {
		PAGE("/Person", CARD("31", MAY)),
		{ .target = "/Person?", .status = 503 } };
	static const char *const ids[] = { "31", "32" };
	struct rig rig;

	(void)state;
	rig_start(&rig, PLAIN, script, ARRAY_LEN(script));
	assert_false(rig_load(&rig, ids, 2));
	RIG_SEES(&rig, LOOKS("31", "employed=2 consent=0"));
	rig_end(&rig);
}

/* SO-12: one person, two addresses: one card; a dead address is not used. */
static void
test_so12_addresses(void **state)
{
	static const struct sim_reply script[] = {
		PAGE("/Person", CARD("31", MAY) "," CARD_OF("31", "old@x.dk", MAY)
		    "," "{\"personId\":32,\"fullName\":\"Karin Holm\"," NOT_DELETED
		    ",\"personContact/name\":\"Holm A/S\",\"email/emailAddress\":"
		    "\"dead@x.dk\",\"email/emailHasBounced\":true,"
		    "\"personContact/contactNoMail\":null" MAY "},"
		    CARD("32", MAY) ",{\"personId\":33,\"fullName\":\"A\"," NOT_DELETED ","
		    "\"email/emailAddress\":null,\"personContact/contactNoMail\":"
		    "false" MAY "},{\"personId\":34,\"fullName\":\"B\"," NOT_DELETED ","
		    "\"email/emailAddress\":\"b@x.dk\","
		    "\"email/emailHasBounced\":true,"
		    "\"personContact/contactNoMail\":false" MAY "},"
		    CARD("35", MAY)),
		NONE("/Person") };
	struct rig rig;

	(void)state;
	load(&rig, PLAIN, script, ARRAY_LEN(script));
	RIG_SEES(&rig, LOOKS("31", "employed=2 consent=0")
	    LOOKS("32", "employed=2 consent=0")
	    "33 A <-> - employed=2 consent=0\n34 B <-> - employed=2 consent=0\n"
	    LOOKS("35", "employed=2 consent=0"));
	rig_end(&rig);
}

/* Who has the company, in the form in which events name our people; 0 is nobody. */
static void
test_owner(void **state)
{
	static const struct sim_reply names[] = {
		PAGE("/Person", CARD("31", MAY ",\"personContact/associateId\":"
		    "\"KAH\"")), NONE("/Person") };
	static const struct sim_reply numbers[] = {
		PAGE("/Person", CARD("31", MAY ",\"personContact/"
		    "contactAssociate/associateDBID\":12") "," CARD("32", MAY
		    ",\"personContact/contactAssociate/associateDBID\":0") ","
		    CARD("33", MAY ",\"personContact/contactAssociate/"
		    "associateDBID\":\"[I:0]\"")), NONE("/Person"),
		{ .target = "GET " API "/MDOList/associate ", .body =
		    "[{\"Id\":12,\"Name\":\"KAH\"}]" } };
	static const char *const ids[] = { "31", "32", "33" };
	struct rig rig;

	(void)state;
	rig_start(&rig, PLAIN, names, ARRAY_LEN(names));
	RIG_OK(&rig, rig_load(&rig, ids, 1));
	RIG_SEES(&rig, LOOKS("31", "employed=2 consent=0 of KAH"));
	rig_end(&rig);
	rig_start(&rig, PLAIN "employee_column = 'associate/associateDBID';"
	    "ticket_owner_column = 'ownedBy/associateDbId';",
	    numbers, ARRAY_LEN(numbers));
	RIG_OK(&rig, rig_load(&rig, ids, 3));
	RIG_OK(&rig, superoffice_crm.list_values(rig.self, VAL_OWNER,
	    rig_value, &rig, &rig.err));
	RIG_SEES(&rig, LOOKS("31", "employed=2 consent=0 of 12")
	    LOOKS("32", "employed=2 consent=0")
	    LOOKS("33", "employed=2 consent=0") "12=KAH\n");
	rig_end(&rig);
}

/* ---- who may not be asked ---------------------------------------------- */
#define FLAGS(retired, no_mail, has, withdrawn) ",\"retired\":" retired "," \
	"\"personNoMail\":" no_mail ",\"hasInterests\":false," \
	"\"hasEmarketingConsent\":" has ",\"withdrawnEmarketingConsent\":" \
	withdrawn

/* SO-18: each for its own reason. */
static void
test_so18_refusals(void **state)
{
	static const struct sim_reply script[] = {
		PAGE("/Person", CARD("31", FLAGS("true", "false", "false",
		    "false")) "," CARD("32", FLAGS("false", "true", "false",
		    "false")) "," CARD("33", FLAGS("false", "false", "false",
		    "true")) "," CARD("34", FLAGS("false", "false", "true",
		    "false")) ",{\"personId\":35,\"fullName\":\"Karin Holm\"," NOT_DELETED ","
		    "\"email/emailAddress\":\"k@holm.dk\",\"personContact/name\":"
		    "\"Holm A/S\",\"personContact/contactNoMail\":true" MAY "}"),
		NONE("/Person") };
	struct rig rig;

	(void)state;
	load(&rig, PLAIN, script, ARRAY_LEN(script));
	RIG_SEES(&rig, LOOKS("31", "employed=1 consent=0")
	    LOOKS("32", "employed=2 consent=0 out (no mailings)")
	    LOOKS("33", "employed=2 consent=1 out (e-marketing consent "
	        "withdrawn)")
	    LOOKS("34", "employed=2 consent=2")
	    LOOKS("35", "employed=2 consent=0 out (no mailings to the "
	        "company)"));
	rig_end(&rig);
}

/* SO-18: several at once are all told. */
static void
test_so18_together(void **state)
{
	static const struct sim_reply script[] = {
		PAGE("/Person", CARD("31", FLAGS("true", "true", "false",
		    "true") ",\"personUdef/SuperOffice:6\":\"1\"")),
		NONE("/Person") };
	static const char *const ids[] = { "31" };
	struct rig rig;

	(void)state;
	rig_start(&rig, "tag_mode = 'off'; nosend = 'field:SuperOffice:6';",
	    script, ARRAY_LEN(script));
	RIG_OK(&rig, rig_load(&rig, ids, 1));
	RIG_SEES(&rig, LOOKS("31", "employed=1 consent=1 out (no mailings, "
	    "e-marketing consent withdrawn, field SuperOffice:6)"));
	rig_end(&rig);
}

/* Deleted, but still to be had: gone, whatever else stands there, and nobody asks
 * for interests; what is no time is neither. */
#define DELETED(id, date) "{\"personId\":" id ",\"fullName\":\"A\"," \
	"\"hasInterests\":true" date "}"
static void
test_deleted(void **state)
{
	static const struct sim_reply script[] = {
		PAGE("/Person", DELETED("31", ",\"personDeletedDate\":"
		    "\"2026-11-20T10:00:00\"") "," DELETED("32",
		    ",\"personDeletedDate\":7") "," DELETED("33", "") ","
		    "{\"personId\":34,\"fullName\":\"Karin Holm\","
		    "\"email/emailAddress\":\"k@holm.dk\",\"personContact/name\":"
		    "\"Holm A/S\",\"personContact/contactNoMail\":false,"
		    "\"personDeletedDate\":\"0001-01-01T00:00:00\"" MAY "}"),
		NONE("/Person") };
	struct rig rig;

	(void)state;
	load(&rig, "", script, ARRAY_LEN(script));
	RIG_SEES(&rig, "31 gone\n" LOOKS("34", "employed=2 consent=0")
	    "35 gone\n");
	RIG_REFUSES(&rig, "persons 32: personDeletedDate: expected a time or "
	    "nothing (deleted_column)\npersons 33: personDeletedDate: expected "
	    "a time or nothing (deleted_column)\n");
	rig_end(&rig);
}

/* A column that no row has: one error by the name of its option, and nobody
 * is taken for alive. */
/* So many rows that what none of them shows is not there. */
#define TWO(row) row "," row
#define TEN(row) TWO(row) "," TWO(row) "," TWO(row) "," TWO(row) "," TWO(row)
#define NEVER TEN(DELETED("31", ""))
static void
test_deleted_never_shown(void **state)
{
	static const struct sim_reply script[] = { PAGE("/Person", NEVER) };
	static const struct sim_reply later[] = {
		PAGE("/Person", CARD("31", MAY)), NONE("/Person"),
		PAGE("/Person", DELETED("32", "")), NONE("/Person") };
	static const char *const ids[] = { "31", "32" };
	struct rig rig;

	(void)state;
	rig_start(&rig, PLAIN, script, ARRAY_LEN(script));
	assert_false(rig_load(&rig, ids, 2));
	assert_int_equal(rig.err.kind, ERR_CONFIG);
	assert_non_null(strstr(rig.err.msg, "personDeletedDate in the answer "
	    "(deleted_column)"));
	RIG_SEES(&rig, "");
	RIG_REFUSES(&rig, "");
	rig_end(&rig);
	/* Once it was shown, or where there are few, a row without it is an odd one. */
	rig_start(&rig, PLAIN, later, ARRAY_LEN(later));
	RIG_OK(&rig, rig_load(&rig, ids, 1));
	RIG_OK(&rig, rig_load(&rig, ids + 1, 1));
	RIG_REFUSES(&rig, "persons 32: personDeletedDate: expected a time or "
	    "nothing (deleted_column)\n");
	rig_end(&rig);
	rig_start(&rig, PLAIN, later + 2, 2);
	RIG_OK(&rig, rig_load(&rig, ids + 1, 1));
	RIG_SEES(&rig, "");
	RIG_REFUSES(&rig, "persons 32: personDeletedDate: expected a time or "
	    "nothing (deleted_column)\n");
	rig_end(&rig);
}

static void
test_deleted_unread(void **state)
{
	static const struct sim_reply script[] = {
		PAGE("/Person", CARD_OF("31", "k@holm.dk", MAY)),
		NONE("/Person") };
	static const char *const ids[] = { "31" };
	struct rig rig;

	(void)state;
	rig_start(&rig, PLAIN "deleted_column = '';", script,
	    ARRAY_LEN(script));
	RIG_OK(&rig, rig_load(&rig, ids, 1));
	assert_null(strstr(rig_line(&rig, 0), "personDeletedDate"));
	rig_end(&rig);
}

static void
test_consent_rules(void **state)
{
	static const struct sim_reply script[] = {
		PAGE("/Person", CARD("31", FLAGS("false", "false", "false",
		    "false")) "," CARD("32", FLAGS("false", "false", "true",
		    "false")) "," CARD("33", FLAGS("false", "false", "null",
		    "null")) "," CARD("34", FLAGS("false", "false", "true",
		    "true"))),
		NONE("/Person") };
	static const char *const ids[] = { "31", "32", "33", "34" };
	struct rig rig;

	(void)state;
	rig_start(&rig, PLAIN "consent_rule = 'required';", script,
	    ARRAY_LEN(script));
	RIG_OK(&rig, rig_load(&rig, ids, 4));
	RIG_SEES(&rig, LOOKS("31", "employed=2 consent=0 out (no e-marketing "
	        "consent)")
	    LOOKS("32", "employed=2 consent=2")
	    LOOKS("33", "employed=2 consent=0 out (no e-marketing consent)")
	    LOOKS("34", "employed=2 consent=1 out (e-marketing consent "
	        "withdrawn)"));
	rig_end(&rig);
}

/* What no card of many has is a setting or a right, told once; in a stream, too.
 * The next page is another's. */
static void
test_never_shown(void **state)
{
	static const struct {
		const char *more, *row, *why;
	} cases[] = {
		{ PLAIN, TEN(CARD("31", ",\"retired\":false")),
		    "column personNoMail in the answer (may npsync" },
		{ PLAIN, TEN(CARD("31", ",\"retired\":false,"
		    "\"personNoMail\":false")), "column hasEmarketingConsent in the answer "
		    "(consent_rule)" },
		{ "tag_mode = 'off'; nosend = 'field:SuperOffice:6';",
		    TEN(CARD("31", MAY)), "column personUdef/SuperOffice:6 in the "
		    "answer (nosend)" },
		{ "tag_mode = 'field'; tag_field = 'x_tags'; nosend = '';",
		    TEN(CARD("31", MAY)), "column personExtra/x_tags in the answer "
		    "(tag_field)" } };
	static const char *const ids[] = { "31" };

	(void)state;
	for (size_t i = 0; i < 2 * ARRAY_LEN(cases); i++) {
		const size_t k = i / 2;
		struct sim_reply script[] = { PAGE("/Person", "") };
		struct rig rig;

		rig_start(&rig, cases[k].more, script, 1);
		script[0].body = arena_printf(rig.arena, VALUE("%s"),
		    cases[k].row);
		assert_false(i % 2 == 0 ? rig_load(&rig, ids, 1) :
		    changes(&rig, NULL));
		assert_int_equal(rig.err.kind, ERR_CONFIG);
		assert_non_null(strstr(rig.err.msg, cases[k].why));
		RIG_SEES(&rig, "");
		RIG_REFUSES(&rig, "");
		rig_end(&rig);
	}
}

/* What cannot be read is no "no": the card is set aside. */
static void
test_unreadable(void **state)
{
	static const struct {
		const char *more, *row, *why;
	} cases[] = {
		{ PLAIN, CARD("31", ",\"retired\":false,"
		    "\"hasEmarketingConsent\":false,"
		    "\"withdrawnEmarketingConsent\":false"),
		    "personNoMail: expected this column in the answer" },
		{ PLAIN, CARD("31", FLAGS("false", "null", "false", "false")),
		    "personNoMail: expected yes or no" },
		{ PLAIN, CARD("31", FLAGS("\"Nej\"", "false", "false",
		    "false")), "retired: expected yes or no" },
		{ PLAIN, CARD("31", FLAGS("false", "false", "false",
		    "\"Ja\"")), "withdrawnEmarketingConsent: expected yes or "
		    "no" },
		{ PLAIN, CARD("31", ",\"retired\":false,\"personNoMail\":false"),
		    "withdrawnEmarketingConsent: expected this column in the "
		    "answer" },
		{ "tag_mode = 'off'; nosend = 'field:SuperOffice:6';",
		    CARD("31", MAY), "personUdef/SuperOffice:6: expected this "
		    "column in the answer" },
		{ "tag_mode = 'field'; tag_field = 'SuperOffice:2'; "
		    "nosend = '';", CARD("31", MAY), "tag_field: expected this "
		    "column in the answer" },
	};
	static const char *const ids[] = { "31" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct sim_reply script[] = { PAGE("/Person", ""),
			NONE("/Person") };
		struct rig rig;

		rig_start(&rig, cases[i].more, script, ARRAY_LEN(script));
		/* Another one has them all. */
		script[0].body = arena_printf(rig.arena, VALUE("%s,"
		    CARD("32", MAY ",\"personUdef/SuperOffice:6\":false,"
		    "\"personUdef/SuperOffice:2\":null")), cases[i].row);
		RIG_OK(&rig, rig_load(&rig, ids, 1));
		RIG_SEES(&rig, "");
		RIG_REFUSES(&rig, arena_printf(rig.arena, "persons 31: %s\n",
		    cases[i].why));
		rig_end(&rig);
	}
}

/* ---- interests --------------------------------------------------------- */
#define UNSURE ",\"retired\":false,\"personNoMail\":false," \
	"\"hasEmarketingConsent\":false,\"withdrawnEmarketingConsent\":false"
#define ITEM(id, name, on) "{\"Id\":" id ",\"Name\":\"" name "\"," \
	"\"Selected\":" on "}"

/* Tags are what is selected, under headings too; who has none for sure is not
 * asked about. */
static void
test_interests(void **state)
{
	static const struct sim_reply script[] = {
		PAGE("/Person", CARD("31", MAY) "," CARD("32",
		    UNSURE ",\"hasInterests\":true") "," CARD("33", UNSURE) ","
		    CARD("34", UNSURE ",\"hasInterests\":null") ","
		    CARD("35", UNSURE ",\"hasInterests\":true")),
		PERSON("32", ITEM("1", "Golf", "true") "," ITEM("2", "Vin",
		    "false") ",{\"Id\":3,\"Name\":\"NPS\",\"Selected\":false,"
		    "\"ChildItems\":[" ITEM("4", "NPSToday.Mo\xCC\x88""de.9",
		    "true") "]}"),
		PERSON("33", ""),
		PERSON("34", ITEM("7", "npstoday.nosend", "true")),
		{ .target = "/Person/35?", .body = "{\"PersonId\":35,"
		    "\"Interests\":null}" },
		NONE("/Person") };
	struct rig rig;

	(void)state;
	load(&rig, "", script, ARRAY_LEN(script));
	RIG_SEES(&rig, LOOKS("31", "employed=2 consent=0")
	    LOOKS("32", "employed=2 consent=0 #Golf #NPSToday.Möde.9")
	    LOOKS("33", "employed=2 consent=0")
	    LOOKS("34", "employed=2 consent=0 out (interest "
	        "NPSToday.NoSend) #npstoday.nosend"));
	RIG_REFUSES(&rig, "persons 35: Interests: expected a list in the "
	    "person\n");
	rig_end(&rig);
}

/* Neither gone nor free to be asked: interests that cannot be read.  One odd
 * person does not keep the others waiting. */
static void
test_interests_unread(void **state)
{
	static const struct sim_reply script[] = {
		PAGE("/Person", CARD("31", UNSURE) "," CARD("32", UNSURE) ","
		    CARD("33", UNSURE) "," CARD("34", UNSURE) ","
		    CARD("35", UNSURE) "," CARD("36", UNSURE) ","
		    CARD("37", UNSURE)),
		{ .target = "/Person/31?", .status = 404, .body = "{}" },
		{ .target = "/Person/32?", .status = 500, .body = "{}" },
		{ .target = "/Person/33?", .status = 403, .body =
		    "{\"ErrorType\":\"SoSentryException\",\"ErrorMessage\":"
		    "\"Karin Holm\"}" },
		{ .target = "/Person/34?", .status = 409, .body = "{}" },
		OTHERS(OTHER("36") "," OTHER("12")), PERSON("12", ""),
		{ .target = "/Person/35?", .body = "[]" },
		{ .target = "/Person/36?", .status = 500, .body = "{}" },
		PERSON("37", ""),
		NONE("/Person") };
	static const char *const ids[] = { "31", "32", "33", "34", "35", "36",
		"37" };
	struct rig rig;

	(void)state;
	rig_start(&rig, "", script, ARRAY_LEN(script));
	RIG_OK(&rig, rig_load(&rig, ids, ARRAY_LEN(ids)));
	RIG_SEES(&rig, LOOKS("37", "employed=2 consent=0"));
	RIG_REFUSES(&rig, "persons 31: Interests: expected a list in the "
	    "person\n"
	    "persons 32: person: HTTP 500\n"
	    "persons 33: the user lacks a right: person: HTTP 403 "
	    "SoSentryException\n"
	    "persons 34: person: HTTP 409\n"
	    "persons 35: person: expected a JSON object\n"
	    "persons 36: person: HTTP 500\n");
	rig_end(&rig);
}

/* Three that stand together stop no night, while another person is still answered;
 * each call counts anew. */
static void
test_odd_persons(void **state)
{
	static const struct sim_reply script[] = {
		PAGE("/Person", CARD("31", UNSURE) "," CARD("32", UNSURE) ","
		    CARD("33", UNSURE) "," CARD("34", UNSURE) ","
		    CARD("35", UNSURE) "," CARD("36", UNSURE)),
		PERSON("31", ""), BAD("32"), BAD("33"), BAD("34"),
		PERSON("31", ""), BAD("35"), BAD("36"), NONE("/Person"),
		PAGE("/Person", CARD("32", UNSURE)), BAD("32"),
		NONE("/Person") };
	static const char *const ids[] = { "31", "32", "33", "34", "35", "36" };
	struct rig rig;

	(void)state;
	rig_start(&rig, "", script, ARRAY_LEN(script));
	RIG_OK(&rig, rig_load(&rig, ids, ARRAY_LEN(ids)));
	RIG_OK(&rig, rig_load(&rig, ids + 1, 1));
	RIG_SEES(&rig, LOOKS("31", "employed=2 consent=0"));
	rig_end(&rig);
}

/* The oldest are denied, all of them; and a gateway gives up on one: the night goes
 * on while others are answered. */
static void
test_odd_oldest(void **state)
{
	static const struct sim_reply script[] = {
		PAGE("/Person", CARD("31", UNSURE) "," CARD("32", UNSURE) ","
		    CARD("33", UNSURE) "," CARD("34", UNSURE) ","
		    CARD("35", UNSURE)),
		BAD("31"), BAD("32"), BAD("33"), OTHERS(OTHER("12")),
		BAD("12"), BEHIND("33", OTHER("34")), PERSON("34", ""),
		PERSON("34", ""),
		{ .target = "/Person/35?", .status = 504, .body = "<html>" },
		PERSON("34", ""), NONE("/Person") };
	static const struct sim_reply away[] = {
		PAGE("/Person", CARD("31", UNSURE) "," CARD("32", UNSURE)),
		{ .target = "/Person/31?", .status = 503, .body = "<html>" },
		{ .target = "/Person?$select=personId", .status = 503 },
		{ .target = "/Person?$select=personId", .status = 503 } };
	static const char *const ids[] = { "31", "32", "33", "34", "35" };
	struct rig rig;

	(void)state;
	rig_start(&rig, "", script, ARRAY_LEN(script));
	RIG_OK(&rig, rig_load(&rig, ids, ARRAY_LEN(ids)));
	RIG_SEES(&rig, LOOKS("34", "employed=2 consent=0"));
	rig_end(&rig);
	rig_start(&rig, "", away, ARRAY_LEN(away));
	assert_false(rig_load(&rig, ids, 2));
	assert_int_equal(rig.err.kind, ERR_RETRY);
	RIG_SEES(&rig, "");
	rig_end(&rig);
}

/* A stream of changes counts anew, too; and a page of a proxy for each person and
 * for another one ends it: the mark does not move over them. */
static void
test_odd_stream(void **state)
{
	static const struct sim_reply calm[] = {
		PAGE("/Person", CARD("31", UNSURE) "," CARD("32", UNSURE)),
		BAD("31"), BAD("32"), NONE("/Person"),
		PAGE("/Person", CARD("31", UNSURE) "," CARD("32", UNSURE)),
		BAD("31"), BAD("32"), NONE("/Person") };
	static const struct sim_reply away[] = {
		PAGE("/Person", CARD("31", UNSURE) "," CARD("32", UNSURE) ","
		    CARD("33", UNSURE)),
		PROXY("31"), PROXY("32"), PROXY("33"), OTHERS(OTHER("12")),
		PROXY("12"), BEHIND("33", OTHER("40")), PROXY("40") };
	struct rig rig;

	(void)state;
	rig_start(&rig, "", calm, ARRAY_LEN(calm));
	RIG_OK(&rig, changes(&rig, NULL));
	RIG_OK(&rig, changes(&rig, NULL));
	rig_end(&rig);
	rig_start(&rig, "", away, ARRAY_LEN(away));
	assert_false(changes(&rig, NULL));
	assert_int_equal(rig.err.kind, ERR_PROTOCOL);
	assert_string_equal(rig.watermark, "");
	rig_end(&rig);
}

/* Several in a row, and another one: the service is away, not a person odd. */
static void
test_persons_away(void **state)
{
	static const struct sim_reply script[] = {
		PAGE("/Person", CARD("31", UNSURE) "," CARD("32", UNSURE) ","
		    CARD("33", UNSURE) "," CARD("34", UNSURE)),
		{ .target = "/Person/31?", .status = 500, .body = "{}" },
		{ .target = "/Person/32?", .status = 500, .body = "{}" },
		{ .target = "/Person/33?", .status = 500, .body = "{}" },
		OTHERS(OTHER("12")),
		BAD("12"), BEHIND("33", "") };
	static const char *const ids[] = { "31", "32", "33", "34" };
	struct rig rig;

	(void)state;
	rig_start(&rig, "", script, ARRAY_LEN(script));
	assert_false(rig_load(&rig, ids, ARRAY_LEN(ids)));
	assert_int_equal(rig.err.kind, ERR_RETRY);
	RIG_SEES(&rig, "");
	rig_end(&rig);
}

/* A row without a key may be anybody's: nobody of these is called gone. */
static void
test_keyless(void **state)
{
	static const struct sim_reply script[] = {
		PAGE("/Person", CARD("31", MAY) ",{\"fullName\":\"?\"}"),
		NONE("/Person") };
	static const char *const ids[] = { "31", "32" };
	struct rig rig;

	(void)state;
	rig_start(&rig, PLAIN, script, ARRAY_LEN(script));
	RIG_OK(&rig, rig_load(&rig, ids, 2));
	RIG_SEES(&rig, LOOKS("31", "employed=2 consent=0"));
	RIG_REFUSES(&rig, "persons -: expected a number as key\n"
	    "persons 32: expected a row of this person: one came without a "
	    "key, or was too large\n");
	rig_end(&rig);
}

static const char *
huge_body(struct rig *rig)
{
	char *huge = arena_alloc(rig->arena, HTTP_ANSWER_MAX + 2);

	memset(huge, ' ', HTTP_ANSWER_MAX + 1);
	return huge;
}

/* Two who do not fit into one answer together, and each alone does: both come.
 * The third does not fit alone. */
static void
test_large_neighbours(void **state)
{
	struct sim_reply script[] = { NONE("/Person"),	/* 31, 32 */
		PAGE("/Person", CARD("31", MAY)),
		PAGE("/Person", CARD("31", MAY)),	/* alone */
		NONE("/Person"),			/* 32, 33 */
		PAGE("/Person", CARD("32", MAY)),
		PAGE("/Person", CARD("32", MAY)),	/* alone */
		NONE("/Person"),			/* 33, 33 */
		PAGE("/Person", CARD("33", MAY)),
		NONE("/Person"),			/* alone */
		PAGE("/Person", "{\"personId\":33}"),
		PAGE("/Person", CARD("34", MAY)), NONE("/Person") };
	static const size_t large[] = { 0, 3, 6, 8 };
	static const char *const ids[] = { "31", "32", "33", "34" };
	struct rig rig;

	(void)state;
	rig_start(&rig, PLAIN "page_size = 2;", script, ARRAY_LEN(script));
	const char *huge = huge_body(&rig);
	for (size_t i = 0; i < ARRAY_LEN(large); i++)
		script[large[i]].body = huge;
	RIG_OK(&rig, rig_load(&rig, ids, 4));
	RIG_SEES(&rig, LOOKS("31", "employed=2 consent=0")
	    LOOKS("32", "employed=2 consent=0")
	    LOOKS("34", "employed=2 consent=0"));
	assert_non_null(strstr(rig_line(&rig, 2), "$filter=personId in "
	    "(31,32,33,34) and personId in (31) and personId gt 30&"));
	assert_non_null(strstr(rig_line(&rig, 2), "&$top=2000&"));
	RIG_REFUSES(&rig, "persons 33: expected a row that an answer of 4 MiB "
	    "holds: name fewer or shorter columns (extra_fields)\n"
	    "persons 33: expected a row of this person: one came without a key, "
	    "or was too large\n");
	rig_end(&rig);
}

/* Whose rows are not there any more when they are asked for alone: no end of the
 * query, and nobody is gone for it.  But rows of another one are an error. */
static void
test_alone_nothing(void **state)
{
	struct sim_reply script[] = { NONE("/Person"),	/* 31, 32 */
		PAGE("/Person", CARD("31", MAY)),
		NONE("/Person"),			/* alone */
		PAGE("/Person", CARD("32", MAY)), NONE("/Person") };
	struct sim_reply other[] = { NONE("/Person"),
		PAGE("/Person", CARD("31", MAY)),
		PAGE("/Person", CARD("31", MAY) "," CARD("32", MAY)) };
	static const char *const ids[] = { "31", "32" };
	struct rig rig;

	(void)state;
	rig_start(&rig, PLAIN "page_size = 2;", script, ARRAY_LEN(script));
	script[0].body = huge_body(&rig);
	RIG_OK(&rig, rig_load(&rig, ids, 2));
	RIG_SEES(&rig, LOOKS("32", "employed=2 consent=0"));
	assert_non_null(strstr(rig_line(&rig, 3), "personId gt 31&"));
	RIG_REFUSES(&rig, "persons 31: expected the rows that were there a "
	    "moment ago\n"
	    "persons 31: expected a row of this person: one came without a key, "
	    "or was too large\n");
	rig_end(&rig);
	rig_start(&rig, PLAIN "page_size = 2;", other, ARRAY_LEN(other));
	other[0].body = huge_body(&rig);
	assert_false(rig_load(&rig, ids, 2));
	assert_int_equal(rig.err.kind, ERR_PROTOCOL);
	RIG_SEES(&rig, "");
	rig_end(&rig);
}

static size_t
query_bytes(struct rig *rig, size_t i)
{
	return strcspn(strchr(simhttpd_request(rig->sim, i), '?'), " ");
}

static void
long_alone(const char *const *ids, size_t n)
{
	struct sim_reply script[] = { NONE("/Person"),	/* some */
		PAGE("/Person", CARD("2000000000", MAY)),
		PAGE("/Person", CARD("2000000000", MAY)),	/* alone */
		NONE("/Person"), NONE("/Person") };
	struct rig rig;

	rig_start(&rig, PLAIN "ids_max = 200; page_size = 2; archive_mode = "
	    "'full';", script, ARRAY_LEN(script));
	script[0].body = huge_body(&rig);
	(void)rig_load(&rig, ids, n);
	for (size_t i = 0; i < ARRAY_LEN(script); i++)
		assert_true(query_bytes(&rig, i) <= 2049);
	rig_end(&rig);
}

/* The most ids that an address would hold leave room for what a page adds: a mode, and
 * one of them alone. */
static void
test_long_alone(void **state)
{
	static const struct sim_reply none[] = { NONE("/Person") };
	const size_t bytes = sizeof("2000000000%2C") - 1;
	char text[200][12];
	const char *ids[200];
	struct rig rig;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(ids); i++) {
		snprintf(text[i], sizeof(text[i]), "%zu", 2000000000 + i);
		ids[i] = text[i];
	}
	rig_start(&rig, PLAIN, none, 1);
	RIG_OK(&rig, rig_load(&rig, ids, 1));
	const size_t n = 1 + (2049 - query_bytes(&rig, 0)) / bytes;
	rig_end(&rig);
	assert_true(n < ARRAY_LEN(ids));
	for (size_t i = 0; i < 4; i++)
		long_alone(ids, n - i);
}

/* A person whose card no answer holds is set aside; nobody is gone for it, and
 * the others do not wait. */
static void
test_large_card(void **state)
{
	struct sim_reply script[] = { NONE("/Person"),
		PAGE("/Person", "{\"personId\":31}"),
		PAGE("/Person", CARD("32", MAY)),
		PAGE("/Person", CARD("32", MAY)), NONE("/Person") };
	static const char *const ids[] = { "31", "32", "33" };
	struct rig rig;

	(void)state;
	rig_start(&rig, PLAIN "page_size = 1;", script, ARRAY_LEN(script));
	script[0].body = huge_body(&rig);
	RIG_OK(&rig, rig_load(&rig, ids, 3));
	RIG_SEES(&rig, LOOKS("32", "employed=2 consent=0"));
	RIG_REFUSES(&rig, "persons 31: expected a row that an answer of 4 MiB "
	    "holds: name fewer or shorter columns (extra_fields)\n"
	    "persons 31: expected a row of this person: one came without a key, "
	    "or was too large\n"
	    "persons 33: expected a row of this person: one came without a key, "
	    "or was too large\n");
	rig_end(&rig);
}

/* Without memory for the list of who was asked for, nobody is known and nobody is
 * gone. */
static void
test_no_memory(void **state)
{
	const char *ids[1000];
	struct rig rig;

	(void)state;
	rig_start(&rig, PLAIN, NULL, 0);
	for (size_t i = 0; i < ARRAY_LEN(ids); i++)
		ids[i] = arena_printf(rig.arena, "%zu", i + 1);
	struct superoffice *s = rig.self;
	arena_free(s->page);
	s->page = arena_new(20000);	/* for the ids, not for a map of them */
	assert_false(rig_load(&rig, ids, ARRAY_LEN(ids)));
	assert_int_equal(rig.err.kind, ERR_NOMEM);
	RIG_SEES(&rig, "");
	RIG_REFUSES(&rig, "");
	rig_end(&rig);
}

/* SO-12: rows of one person that fill a page may not be all of them: more are
 * asked for, and his living address is found. */
static void
test_so12_small_pages(void **state)
{
#define DEAD(id) "{\"personId\":" id ",\"fullName\":\"Karin Holm\"," NOT_DELETED "," \
	"\"email/emailAddress\":\"dead@x.dk\",\"email/emailHasBounced\":" \
	"true,\"personContact/name\":\"Holm A/S\"," \
	"\"personContact/contactNoMail\":false" MAY "}"
	static const struct sim_reply script[] = { PAGE("/Person", DEAD("31")),
		PAGE("/Person", DEAD("31") "," DEAD("31")),
		PAGE("/Person", DEAD("31") "," DEAD("31") "," CARD("31", MAY) ","
		    CARD("32", MAY)),
		PAGE("/Person", CARD("32", MAY)), NONE("/Person") };
	static const char *const ids[] = { "31", "32" };
	struct rig rig;

	(void)state;
	rig_start(&rig, PLAIN "page_size = 1;", script, ARRAY_LEN(script));
	RIG_OK(&rig, rig_load(&rig, ids, 2));
	assert_non_null(strstr(rig_line(&rig, 1), "&$top=2&"));
	assert_non_null(strstr(rig_line(&rig, 2), "&$top=4&"));
	assert_non_null(strstr(rig_line(&rig, 3), "personId gt 31&"));
	RIG_SEES(&rig, LOOKS("31", "employed=2 consent=0")
	    LOOKS("32", "employed=2 consent=0"));
	rig_end(&rig);
}

/* SO-12: a page that was asked for with fewer rows ends within a person, too. */
static void
test_so12_shrunk_pages(void **state)
{
	struct sim_reply script[] = { NONE("/Person"),
		PAGE("/Person", CARD("31", MAY) "," DEAD("32")),
		PAGE("/Person", DEAD("32") "," CARD("32", MAY)),
		NONE("/Person") };
	static const char *const ids[] = { "31", "32" };
	struct rig rig;

	(void)state;
	rig_start(&rig, PLAIN "page_size = 4;", script, ARRAY_LEN(script));
	script[0].body = huge_body(&rig);
	RIG_OK(&rig, rig_load(&rig, ids, 2));
	assert_non_null(strstr(rig_line(&rig, 1), "&$top=2&"));
	assert_non_null(strstr(rig_line(&rig, 2), "personId gt 31&"));
	RIG_SEES(&rig, LOOKS("31", "employed=2 consent=0")
	    LOOKS("32", "employed=2 consent=0"));
	rig_end(&rig);
}

/* Selected or not is yes or no: else nobody knows what was chosen. */
static void
test_interests_unclear(void **state)
{
	static const struct sim_reply script[] = {
		PAGE("/Person", CARD("31", UNSURE) "," CARD("32", UNSURE) ","
		    CARD("33", UNSURE)),
		PERSON("31", ITEM("7", "NPSToday.NoSend", "1")),
		PERSON("32", ITEM("7", "NPSToday.NoSend", "\"true\"")),
		PERSON("33", "{\"Id\":7,\"Name\":\"NPSToday.NoSend\"}"),
		NONE("/Person") };
	static const char *const ids[] = { "31", "32", "33" };
	struct rig rig;

	(void)state;
	rig_start(&rig, "", script, ARRAY_LEN(script));
	RIG_OK(&rig, rig_load(&rig, ids, 3));
	RIG_SEES(&rig, "");
	RIG_REFUSES(&rig, "persons 31: Interests: expected yes or no in "
	    "Selected\n"
	    "persons 32: Interests: expected yes or no in Selected\n"
	    "persons 33: Interests: expected yes or no in Selected\n");
	rig_end(&rig);
}

/* The option names a subscription: who has it not is not asked. */
static void
test_subscription(void **state)
{
	static const struct sim_reply script[] = {
		PAGE("/Person", CARD("31", MAY) "," CARD("32", MAY) ","
		    CARD("33", MAY)),
		{ .target = "/Person/31?", .body = "{\"ShipmentTypes\":["
		    ITEM("1", "Surveys", "true") "]}" },
		{ .target = "/Person/32?", .body = "{\"ShipmentTypes\":["
		    ITEM("1", "Surveys", "false") "]}" },
		{ .target = "/Person/33?", .body = "{}" },
		NONE("/Person") };
	static const char *const ids[] = { "31", "32", "33" };
	struct rig rig;

	(void)state;
	rig_start(&rig, PLAIN "subscription = 'surveys';", script,
	    ARRAY_LEN(script));
	RIG_OK(&rig, rig_load(&rig, ids, 3));
	RIG_SEES(&rig, LOOKS("31", "employed=2 consent=0")
	    LOOKS("32", "employed=2 consent=0 out (no subscription "
	        "surveys)"));
	RIG_REFUSES(&rig, "persons 33: ShipmentTypes: expected a list in the "
	    "person\n");
	rig_end(&rig);
}

/* ---- fields ------------------------------------------------------------ */
static void
test_fields(void **state)
{
	static const struct sim_reply script[] = {
		PAGE("/Person", CARD("31", MAY ",\"personUdef/SuperOffice:2\":"
		    "\"NPSToday.Spring.9; Golf\",\"personUdef/SuperOffice:6\":"
		    "true,\"personExtra/x_kind\":\"[I:4]\"") "," CARD("32", MAY
		    ",\"personUdef/SuperOffice:2\":null,"
		    "\"personUdef/SuperOffice:6\":null")),
		NONE("/Person") };
	static const char *const ids[] = { "31", "32" };
	struct rig rig;

	(void)state;
	rig_start(&rig, "tag_mode = 'field'; tag_field = 'SuperOffice:2'; "
	    "nosend = 'field:SuperOffice:6'; extra_fields = [ 'x_kind' ];",
	    script, ARRAY_LEN(script));
	RIG_OK(&rig, rig_load(&rig, ids, 2));
	RIG_SEES(&rig, LOOKS("31", "employed=2 consent=0 out (field "
	    "SuperOffice:6) #NPSToday.Spring.9 #Golf x_kind=4")
	    LOOKS("32", "employed=2 consent=0"));
	rig_end(&rig);
}

/* ---- by address -------------------------------------------------------- */
static bool
find(struct rig *rig, const char *email)
{
	return superoffice_crm.find_contact(rig->self, email, rig_contact, rig,
	    &rig->err);
}

/* Any of a person's addresses; what else the service finds is left. */
static void
test_find(void **state)
{
	static const struct sim_reply script[] = {
		PAGE("/Person", CARD_OF("31", "K@Holm.DK", "") ","
		    CARD_OF("32", "kk@holm.dk", "") ","
		    CARD_OF("33", "first@holm.dk", "") ","
		    CARD_OF("33", "k@holm.dk", "")),
		NONE("/Person"),
		PAGE("/Person", CARD("31", MAY) ","
		    CARD_OF("33", "first@holm.dk", MAY)),
		NONE("/Person"), NONE("/Person"), NONE("/Person") };
	struct rig rig;

	(void)state;
	rig_start(&rig, PLAIN, script, ARRAY_LEN(script));
	RIG_OK(&rig, find(&rig, "k@holm.dk"));
	RIG_SEES(&rig, LOOKS("31", "employed=2 consent=0")
	    "33 Karin Holm <first@holm.dk> Holm A/S employed=2 consent=0\n");
	assert_non_null(strstr(rig_line(&rig, 0), "$select=personId,email/"
	    "emailAddress&$filter=email/emailAddress is 'k@holm.dk' and personId "
	    "gt 0&"));
	assert_non_null(strstr(rig_line(&rig, 2), "personId in (31,33)"));
	/* A quote ends nothing: how it is written there nobody knows. */
	RIG_OK(&rig, find(&rig, "o'hara'@holm.dk"));
	assert_non_null(strstr(rig_line(&rig, 4), "$filter=email/emailAddress "
	    "begins 'o' and email/emailAddress contains 'hara' and email/"
	    "emailAddress contains '@holm.dk' and personId gt 0&"));
	RIG_OK(&rig, find(&rig, "' or '"));
	assert_non_null(strstr(rig_line(&rig, 5), "$filter=email/emailAddress "
	    "contains ' or ' and personId gt 0&"));
	RIG_OK(&rig, find(&rig, "'"));	/* nothing to ask for */
	rig_end(&rig);
}

/* An address that the service does not take is that person's own matter; what
 * is said of it names somebody. */
static void
test_find_refused(void **state)
{
	static const struct sim_reply script[] = {
		{ .target = "/Person?", .status = 400, .body = "{\"ErrorType\":"
		    "\"SoArgumentException\",\"ErrorMessage\":\"near "
		    "k@holm.dk\"}" },
		{ .target = "/Person?", .status = 404, .body = "{\"ErrorType\":"
		    "\"X\",\"ErrorMessage\":\"near k@holm.dk\"}" } };
	struct rig rig;

	(void)state;
	rig_start(&rig, PLAIN, script, ARRAY_LEN(script));
	assert_false(find(&rig, "k@holm.dk"));
	assert_int_equal(rig.err.kind, ERR_REJECTED);
	assert_string_equal(rig.err.msg, "persons: HTTP 400 "
	    "SoArgumentException: the search for an address was refused");
	assert_false(find(&rig, "k@holm.dk"));
	assert_int_equal(rig.err.kind, ERR_CONFIG);
	assert_null(strstr(rig.err.msg, "holm"));
	rig_end(&rig);
}

/* A page that ends within a person's rows: the rest comes with the next, and
 * so the person does. */
static void
test_cut_person(void **state)
{
	struct sim_reply script[] = { PAGE("/Person", ""),
		PAGE("/Person", ""), NONE("/Person") };
	static const char *const ids[] = { "31", "32" };
	struct rig rig;

	(void)state;
	rig_start(&rig, PLAIN "page_size = 100;", script, ARRAY_LEN(script));
	struct buf rows;
	buf_init(&rows, 1 << 20);
	for (int i = 0; i < 99; i++)
		buf_str(&rows, CARD("31", MAY) ",");
	script[0].body = arena_printf(rig.arena, VALUE("%s%s"),
	    buf_text(&rows), "{\"personId\":32,\"email/emailAddress\":"
	    "\"dead@x.dk\",\"email/emailHasBounced\":true,"
	    "\"personContact/contactNoMail\":false" MAY "}");
	script[1].body = arena_printf(rig.arena, VALUE("%s,%s"),
	    "{\"personId\":32,\"fullName\":\"Karin Holm\"," NOT_DELETED ","
	    "\"personContact/name\":\"Holm A/S\",\"email/emailAddress\":"
	    "\"dead@x.dk\",\"email/emailHasBounced\":true,"
	    "\"personContact/contactNoMail\":false" MAY "}",
	    CARD("32", MAY));
	buf_free(&rows);
	RIG_OK(&rig, rig_load(&rig, ids, 2));
	assert_non_null(strstr(rig_line(&rig, 1), "personId gt 31&"));
	RIG_SEES(&rig, LOOKS("31", "employed=2 consent=0")
	    LOOKS("32", "employed=2 consent=0"));
	rig_end(&rig);
}

/* ---- changed, and lists ------------------------------------------------ */
static void
test_changed(void **state)
{
	static const struct sim_reply script[] = {
		PAGE("/Person", CARD("31", MAY)), NONE("/Person") };
	struct rig rig;

	(void)state;
	rig_start(&rig, PLAIN, script, ARRAY_LEN(script));
	assert_null(rig.crm.pull_contacts);	/* off by default */
	RIG_OK(&rig, superoffice_crm.pull_contacts(rig.self, rig_pull(&rig,
	    "persons=20:2026-11-24T03:00:00Z", NULL), rig_contact,
	    rig_checkpoint, &rig, &rig.err));
	RIG_SEES(&rig, LOOKS("31", "employed=2 consent=0"));
	assert_non_null(strstr(rig_line(&rig, 0), "$filter=(personUpdatedDate "
	    "afterTime '2026-11-23T02:59:59' or personRegisteredDate afterTime "
	    "'2026-11-23T02:59:59') and personId gt 0&"));
	assert_string_equal(rig.watermark, "persons=20:2026-11-24T10:00:00Z");
	rig_end(&rig);
}

static void
test_values(void **state)
{
	static const struct sim_reply script[] = {
		{ .target = "GET " API "/MDOList/task ", .body = "[{\"Id\":2,"
		    "\"Name\":\"Møde\",\"ChildItems\":null},{\"Id\":3,\"Name\":"
		    "\"Gammel\",\"Deleted\":true},{\"Id\":-5,\"Name\":\"Mere\","
		    "\"ChildItems\":[{\"Id\":7,\"Name\":\"Besøg\"}]}]" },
		{ .target = "GET " API "/MDOList/persint ", .body =
		    "[{\"Id\":9,\"Name\":\"Golf\"}]" },
		{ .target = "GET " API "/Person/UdefLayout/Published ", .body =
		    "[{\"ProgId\":\"SuperOffice:6\",\"FieldLabel\":\"NoSend\"}]" },
		{ .target = "GET " API "/MDOList/associate ", .body =
		    "[{\"Id\":4,\"Name\":\"KAH\"}]" },
		{ .target = "GET " API "/MDOList/category ", .body = "{}" } };
	struct rig rig;

	(void)state;
	rig_start(&rig, "deals = false;", script, ARRAY_LEN(script));
	RIG_OK(&rig, superoffice_crm.list_values(rig.self, VAL_CATEGORY,
	    rig_value, &rig, &rig.err));
	RIG_OK(&rig, superoffice_crm.list_values(rig.self, VAL_TAG, rig_value,
	    &rig, &rig.err));
	RIG_OK(&rig, superoffice_crm.list_values(rig.self, VAL_FIELD,
	    rig_value, &rig, &rig.err));
	RIG_OK(&rig, superoffice_crm.list_values(rig.self, VAL_OWNER,
	    rig_value, &rig, &rig.err));
	RIG_SEES(&rig, "2=Møde\n7=Besøg\nGolf=Golf\nSuperOffice:6=NoSend\n"
	    "KAH=KAH\n");
	assert_false(superoffice_crm.list_values(rig.self, VAL_RELATION,
	    rig_value, &rig, &rig.err));
	assert_int_equal(rig.err.kind, ERR_PROTOCOL);
	rig_end(&rig);
}

/* A heading below itself, for ever. */
static void
test_deep_lists(void **state)
{
	struct sim_reply script[] = { { .target = "/MDOList/persint " },
		PAGE("/Person", CARD("31", UNSURE)),
		{ .target = "/Person/31?" }, NONE("/Person") };
	static const char *const ids[] = { "31" };
	struct rig rig;
	struct buf deep;

	(void)state;
	rig_start(&rig, "", script, ARRAY_LEN(script));
	buf_init(&deep, 1 << 20);
	for (int i = 0; i < 12; i++)
		buf_str(&deep, "[{\"Id\":1,\"Name\":\"x\",\"ChildItems\":");
	buf_str(&deep, "[]");
	for (int i = 0; i < 12; i++)
		buf_str(&deep, "}]");
	script[0].body = arena_strdup(rig.arena, buf_text(&deep));
	script[2].body = arena_printf(rig.arena, "{\"Interests\":%s}",
	    buf_text(&deep));
	buf_free(&deep);
	assert_false(superoffice_crm.list_values(rig.self, VAL_TAG, rig_value,
	    &rig, &rig.err));
	assert_int_equal(rig.err.kind, ERR_PROTOCOL);
	RIG_OK(&rig, rig_load(&rig, ids, 1));
	RIG_SEES(&rig, "");
	RIG_REFUSES(&rig, "persons 31: Interests: expected a shorter list in the "
	    "person\n");
	rig_end(&rig);
}

/* ---- check ------------------------------------------------------------- */
static void
test_check(void **state)
{
	static const struct sim_reply script[] = {
		{ .target = "/Person?", .body = VALUE("") },
		{ .target = "/Appointment?", .body = VALUE("") },
		{ .target = "/Ticket?", .body = VALUE("") },
		{ .target = "/Appointment?", .body = VALUE("") },
		{ .target = "/Appointment?", .body = VALUE("") },
		{ .target = "/MDOList/persint ", .body = "[]" } };
	struct rig rig;

	(void)state;
	rig_start(&rig, "deals = false; meeting_task_ids = [ 2 ];", script,
	    ARRAY_LEN(script));
	RIG_OK(&rig, superoffice_crm.check(rig.self, &rig.err));
	assert_non_null(strstr(rig_line(&rig, 0), "&$top=1&"));
	for (size_t i = 0; i < ARRAY_LEN(script); i++)
		assert_memory_equal(simhttpd_request(rig.sim, i), "GET ", 4);
	rig_end(&rig);
}

/* What keeps people out, and is not in the answer, is no check that is green. */
#define STAYS "," NOT_DELETED
#define WORKS ",\"retired\":false"
#define MAILS ",\"personNoMail\":false"
#define FIRM ",\"personContact/contactNoMail\":null"
static void
test_check_shown(void **state)
{
	static const struct {
		const char *nosend, *body, *lacks;
	} cases[] = {
		{ "", VALUE(CARD("31", MAY)), NULL },
		{ "", VALUE(DELETED("31", "")),
		    "personDeletedDate in the answer (deleted_column)" },
		{ "", VALUE(DELETED("31", STAYS)), "column retired in" },
		{ "", VALUE(DELETED("31", STAYS WORKS)),
		    "column personNoMail in" },
		{ "", VALUE(DELETED("31", STAYS WORKS MAILS)),
		    "column personContact/contactNoMail in" },
		{ "", VALUE(DELETED("31", STAYS WORKS MAILS FIRM)),
		    "hasEmarketingConsent in the answer (consent_rule)" },
		{ "field:x_no", VALUE(CARD("31", MAY)),
		    "personExtra/x_no in the answer (nosend)" },
		{ "field:x_no", VALUE(CARD("31", MAY
		    ",\"personExtra/x_no\":null")), NULL },
		{ "interest:No", VALUE("{\"personId\":31" STAYS WORKS MAILS
		    FIRM ",\"hasEmarketingConsent\":null,"
		    "\"withdrawnEmarketingConsent\":null}"),
		    "hasInterests in the answer (nosend, tag_mode)" } };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const struct sim_reply script[] = {
			{ .target = "/Person?", .body = cases[i].body },
			NONE("/Appointment"), NONE("/Appointment") };
		char settings[128];
		struct rig rig;

		(void)snprintf(settings, sizeof(settings), "tag_mode = 'off';"
		    "meetings = false; deals = false; cases = false;"
		    "nosend = '%s';", cases[i].nosend);
		rig_start(&rig, settings, script, cases[i].lacks == NULL ?
		    ARRAY_LEN(script) : 1);
		const bool ok = superoffice_crm.check(rig.self, &rig.err);
		assert_int_equal(ok, cases[i].lacks == NULL);
		if (!ok) {
			assert_int_equal(rig.err.kind, ERR_CONFIG);
			assert_non_null(strstr(rig.err.msg, cases[i].lacks));
		}
		rig_end(&rig);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_query),
		cmocka_unit_test(test_long_ids),
		cmocka_unit_test(test_full_row),
		cmocka_unit_test(test_not_gone),
		cmocka_unit_test(test_so12_addresses),
		cmocka_unit_test(test_owner),
		cmocka_unit_test(test_so18_refusals),
		cmocka_unit_test(test_so18_together),
		cmocka_unit_test(test_deleted),
		cmocka_unit_test(test_deleted_unread),
		cmocka_unit_test(test_consent_rules),
		cmocka_unit_test(test_never_shown),
		cmocka_unit_test(test_unreadable),
		cmocka_unit_test(test_interests),
		cmocka_unit_test(test_interests_unread),
		cmocka_unit_test(test_odd_persons),
		cmocka_unit_test(test_odd_oldest),
		cmocka_unit_test(test_odd_stream),
		cmocka_unit_test(test_persons_away),
		cmocka_unit_test(test_keyless),
		cmocka_unit_test(test_large_card),
		cmocka_unit_test(test_large_neighbours),
		cmocka_unit_test(test_alone_nothing),
		cmocka_unit_test(test_long_alone),
		cmocka_unit_test(test_no_memory),
		cmocka_unit_test(test_so12_small_pages),
		cmocka_unit_test(test_so12_shrunk_pages),
		cmocka_unit_test(test_interests_unclear),
		cmocka_unit_test(test_subscription),
		cmocka_unit_test(test_fields),
		cmocka_unit_test(test_find),
		cmocka_unit_test(test_find_refused),
		cmocka_unit_test(test_cut_person),
		cmocka_unit_test(test_changed),
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_deep_lists),
		cmocka_unit_test(test_deleted_never_shown),
		cmocka_unit_test(test_check_shown),
		cmocka_unit_test(test_check),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
