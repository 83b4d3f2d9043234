/*
 * What `npsync check` says of a HubSpot portal, thing by thing, and what --fix
 * makes there: only properties that are missing.
 */
#include "hubspot/writerig.h"

#include "buf.h"

#define OFF "meetings = false; deals = false; tickets = false; " \
	"bounce_properties = []; "
#define CONTACTS { .target = "GET " OBJECTS "contacts?limit=1 ", .body = \
	ROWS("") }
#define MISSING(name) { .target = "GET " PROPERTIES "/" name " ", \
	.status = 404, .body = FAULT("OBJECT_NOT_FOUND", "no") }
#define MAKES(status_, text) { .target = "POST " PROPERTIES " ", \
	.status = status_, .body = text }
#define FLAG "{\"type\":\"bool\",\"fieldType\":\"booleancheckbox\"}"
#define OPTOUT GETS("hs_email_optout", FLAG)

static struct buf said;
static int stop_after;		/* 0 = never */

static bool
on_thing(void *arg, const char *what, enum setup_state state,
    const char *advice)
{
	static const char *const words[] = { "ok", "missing", "made",
		"cannot say" };

	(void)arg;
	(void)buf_printf(&said, "%s: %s%s%s\n", words[state], what,
	    advice == NULL ? "" : ": ", advice == NULL ? "" : advice);
	return --stop_after != 0;
}

static bool
setup_portal(const char *options, const struct crm_setup *wants,
    const struct sim_reply *script, size_t n)
{
	rig_open(options, script, n);
	buf_init(&said, 65536);
	rig.err = (struct err){ .kind = ERR_NONE };
	return rig.crm.connector->setup(rig.crm.link.self, wants, on_thing,
	    NULL, &rig.err);
}

static void
end(void)
{
	buf_free(&said);
	rig_close(true);
}

static void
says(const char *text)
{
	if (strstr(buf_text(&said), text) == NULL)
		fail_msg("no \"%s\" in\n%s", text, buf_text(&said));
}

/* ---- what is there ------------------------------------------------------- */
static void
test_all_there(void **state)
{
	static const struct crm_field fields[] = { { "nps_score",
		FIELD_INTEGER }, { "nps_day", FIELD_DATE } };
	static const struct sim_reply script[] = { CONTACTS,
		{ .target = "GET " OBJECTS "deals?limit=1 ", .body = ROWS("") },
		{ .target = "GET /crm/pipelines/2026-09/deals ", .body =
		    "{\"results\":[{\"stages\":[{\"id\":\"won\",\"metadata\":{"
		    "\"probability\":\"1.0\"}}]}]}" },
		OPTOUT, GETS("npstoday_tags", TEXT),
		GETS("nps_score", "{\"type\":\"number\"}"),
		GETS("nps_day", "{\"type\":\"datetime\"}") };
	const struct crm_setup wants = { .tags = true, .fields = fields,
		.n_fields = 2 };

	(void)state;
	assert_true(setup_portal("meetings = false; tickets = false; "
	    "bounce_properties = []; relation_property = \"\"; ", &wants,
	    script, ARRAY_LEN(script)));
	assert_string_equal(buf_text(&said),
	    "ok: the scope crm.objects.contacts.read, to read contacts\n"
	    "ok: the scope crm.objects.deals.read, to read deals\n"
	    "cannot say: a stage of deals that were lost: none says it, so "
	    "nobody is asked about a lost deal: name them in lost_stages, those "
	    "that were won in won_stages, if they should be\n"
	    "cannot say: the scope crm.objects.contacts.write, to write "
	    "contacts: it shows with the first write: give it to the app or "
	    "service key whose token npsync has\n"
	    "ok: the property hs_email_optout of contacts (optout_property)\n"
	    "ok: the property npstoday_tags of contacts (tag_property)\n"
	    "ok: the property nps_score of contacts (writeback.fields)\n"
	    "ok: the property nps_day of contacts (writeback.fields)\n");
	end();
}

/* A label is named with those that the portal has; that they cannot be read is
 * no failure. */
static void
test_label_of_deals(void **state)
{
	static const struct { const char *option, *body; int status;
	    const char *says; } all[] = {
		{ "billing", NULL, 200, "ok: the label \"billing\" of a deal's "
		    "contacts (deal_contacts)\n" },
		{ "Biling", NULL, 200, "missing: the label \"Biling\" of a deal's "
		    "contacts (deal_contacts): nobody is asked about a deal: "
		    "correct deal_contacts, the portal has \"Billing\", "
		    "\"Owner\"\n" },
		{ "Biling", "{\"results\":[{\"label\":null},7]}", 200,
		    "(deal_contacts): nobody is asked about a deal: the portal "
		    "has no label there; make it in HubSpot, or set "
		    "deal_contacts = \"all\"\n" },
		{ "Billing", "{}", 200, "cannot say: the label \"Billing\" of a "
		    "deal's contacts (deal_contacts): labels of associations: "
		    "expected an array \"results\"\n" },
		{ "Billing", FAULT("MISSING_SCOPES", "no"), 403, "cannot say: "
		    "the label \"Billing\"" },
		{ "Billing", FAULT("OBJECT_NOT_FOUND", "no"), 404,
		    "cannot say: the label \"Billing\"" },
		{ "Billing", "<html>", 502, "cannot say: the label \"Billing\"" },
		{ "Billing", "{}", 429, "cannot say: the label \"Billing\"" } };
	static const struct crm_setup wants = { .tags = false };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		const struct sim_reply script[] = { CONTACTS,
			{ .target = "GET " OBJECTS "deals?limit=1 ",
			    .body = ROWS("") },
			{ .target = "GET /crm/pipelines/2026-09/deals ",
			    .body = "{\"results\":[{\"stages\":[{\"id\":\"l\","
			    "\"metadata\":{\"probability\":\"0.0\","
			    "\"isClosed\":\"true\"}}]}]}" },
			{ .target = "GET /crm/associations/2026-09/deals/"
			    "contacts/labels ", .status = all[i].status,
			    .body = all[i].body != NULL ? all[i].body :
			    "{\"results\":[{\"label\":null},{\"label\":"
			    "\"Billing\"},{\"label\":\"Owner\"}]}" }, OPTOUT };
		char options[256];
		(void)snprintf(options, sizeof(options), "meetings = false; "
		    "tickets = false; bounce_properties = []; "
		    "relation_property = \"\"; deal_contacts = \"%s\";",
		    all[i].option);
		if (!setup_portal(options, &wants, script, ARRAY_LEN(script)))
			fail_msg("%zu: %s", i, rig.err.msg);
		says(all[i].says);
		says("ok: the property hs_email_optout");
		end();
	}
}

/* Without --fix nothing is written; each thing with what to do. */
static void
test_missing(void **state)
{
	static const struct crm_field fields[] = { { "nps_score",
		FIELD_DECIMAL }, { "nps_type", FIELD_TEXT } };
	static const struct sim_reply script[] = { CONTACTS,
		{ .target = "GET " OBJECTS "tickets?limit=1 ", .status = 403,
		    .body = FAULT("MISSING_SCOPES", "tickets") },
		MISSING("hs_email_optout"), MISSING("npstoday_tags"),
		MISSING("nps_score"),
		GETS("nps_type", "{\"type\":\"number\",\"fieldType\":"
		    "\"number\"}") };
	const struct crm_setup wants = { .tags = true, .fields = fields,
		.n_fields = 2 };

	(void)state;
	assert_true(setup_portal("meetings = false; deals = false; "
	    "bounce_properties = []; ", &wants, script, ARRAY_LEN(script)));
	says("missing: the scope tickets, to read tickets: give it to the app");
	says("missing: the property hs_email_optout of contacts "
	    "(optout_property): correct optout_property: contacts have no such");
	says("missing: the property npstoday_tags of contacts (tag_property): "
	    "make it in HubSpot, Settings, Properties, Contact properties, as "
	    "multi-line text with the internal name npstoday_tags, or run "
	    "`npsync check --fix`\n");
	says("nps_score of contacts (writeback.fields): make it in HubSpot, "
	    "Settings, Properties, Contact properties, as number with");
	says("nps_type of contacts (writeback.fields): it is of type "
	    "number/number, not single-line text (string): name another one in "
	    "writeback.fields\n");
	end();
}

/* Of what is off nothing is asked. */
static void
test_nothing_wanted(void **state)
{
	static const struct sim_reply script[] = { CONTACTS };
	const struct crm_setup wants = { .fix = true };

	(void)state;
	assert_true(setup_portal(OFF "optout_property = \"\";", &wants, script,
	    ARRAY_LEN(script)));
	assert_string_equal(buf_text(&said), "ok: the scope "
	    "crm.objects.contacts.read, to read contacts\n");
	end();
}

/* ---- what is made -------------------------------------------------------- */
static void
test_fix(void **state)
{
	static const struct crm_field fields[] = { { "nps_note",
		FIELD_LONG_TEXT } };
	static const struct sim_reply script[] = { CONTACTS, OPTOUT,
		MISSING("npsync_nosend"), MAKES(201, "{}"),
		GETS("npsync_nosend", FLAG),
		MISSING("npstoday_tags"), MAKES(201, "{}"),
		GETS("npstoday_tags", "{\"type\":\"enumeration\","
		    "\"fieldType\":\"checkbox\"}"),
		MISSING("nps_note"), MAKES(201, "{}"),
		GETS("nps_note", TEXT) };
	const struct crm_setup wants = { .fix = true, .tags = true,
		.fields = fields, .n_fields = 1 };

	(void)state;
	assert_true(setup_portal(OFF "nosend_property = \"npsync_nosend\"; "
	    "tag_type = \"enumeration\";", &wants, script, ARRAY_LEN(script)));
	says("made: the property npsync_nosend of contacts (nosend_property)");
	says("made: the property npstoday_tags of contacts (tag_property): put "
	    "it on the contact's record for those who should see it\n");
	says("made: the property nps_note of contacts (writeback.fields)");
	assert_string_equal(simhttpd_body(rig.sim, 6),
	    "{\"name\":\"npstoday_tags\",\"label\":\"NPSToday\",\"type\":"
	    "\"enumeration\",\"fieldType\":\"checkbox\",\"groupName\":"
	    "\"contactinformation\",\"options\":[{\"label\":"
	    "\"NPSToday.NoSend\",\"value\":\"NPSToday.NoSend\",\"hidden\":"
	    "false,\"displayOrder\":0}]}");
	assert_string_equal(simhttpd_body(rig.sim, 9), "{\"name\":\"nps_note\","
	    "\"label\":\"nps_note\",\"type\":\"string\",\"fieldType\":"
	    "\"textarea\",\"groupName\":\"contactinformation\"}");
	end();
}

/* There already (409), or the reply to the making is lost: looked at again. */
static void
test_made_by_somebody(void **state)
{
	static const struct sim_reply taken = MAKES(409, FAULT("CONFLICT", "x"));
	static const struct sim_reply lost = { .target = "POST " PROPERTIES " ",
		.mode = SIM_CLOSE };
	const struct crm_setup wants = { .fix = true, .tags = true };

	(void)state;
	for (int i = 0; i < 2; i++) {
		const struct sim_reply script[] = { CONTACTS, OPTOUT,
			MISSING("npstoday_tags"), i == 0 ? taken : lost,
			GETS("npstoday_tags", TEXT) };
		assert_true(setup_portal(OFF, &wants, script,
		    ARRAY_LEN(script)));
		says("made: the property npstoday_tags");
		end();
	}
}

static void
test_cannot_be_made(void **state)
{
	static const struct sim_reply script[] = { CONTACTS, OPTOUT,
		MISSING("npstoday_tags"), MAKES(403, FAULT("MISSING_SCOPES",
		    "needs crm.schemas.contacts.write")),
		MISSING("npstoday_tags") };
	const struct crm_setup wants = { .fix = true, .tags = true };

	(void)state;
	assert_true(setup_portal(OFF, &wants, script, ARRAY_LEN(script)));
	says("missing: the property npstoday_tags of contacts (tag_property): "
	    "npsync could not make it (");
	says("give its key the scope crm.schemas.contacts.write): make "
	    "it in HubSpot");
	end();
}

/* ---- faults -------------------------------------------------------------- */
static void
test_property_cannot_be_seen(void **state)
{
	static const struct sim_reply script[] = { CONTACTS, OPTOUT,
		{ .target = "GET ", .status = 403, .body = FAULT(
		    "MISSING_SCOPES", "crm.schemas.contacts.read") } };
	const struct crm_setup wants = { .fix = true, .tags = true };

	(void)state;
	assert_true(setup_portal(OFF, &wants, script, ARRAY_LEN(script)));
	says("cannot say: the property npstoday_tags of contacts "
	    "(tag_property): ");
	says("give its key the scope crm.schemas.contacts.read\n");
	end();
}

static void
test_faults_end_it(void **state)
{
	static const struct { struct sim_reply reply; enum err_kind kind; }
	cases[] = {
		{ { .target = "GET ", .status = 401, .body = "{}" }, ERR_AUTH },
		{ { .target = "GET ", .status = 502, .body = "<html>" },
		    ERR_RETRY },
		{ { .target = "GET ", .status = 429, .body =
		    "{\"policyName\":\"DAILY\"}" }, ERR_THROTTLED } };
	const struct crm_setup wants = { .fix = true, .tags = true };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const struct sim_reply script[] = { CONTACTS, OPTOUT,
			cases[i].reply };
		rig_fails(setup_portal(OFF, &wants, script, 3), cases[i].kind,
		    "");
		end();
		rig_fails(setup_portal(OFF, &wants, &cases[i].reply, 1),
		    cases[i].kind, "");
		end();
	}
}

static void
test_told_to_stop(void **state)
{
	static const struct sim_reply script[] = { CONTACTS };
	const struct crm_setup wants = { .fix = true, .tags = true };

	(void)state;
	stop_after = 1;
	rig_fails(setup_portal(OFF, &wants, script, 1), ERR_CANCELLED, "");
	stop_after = 0;
	end();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_there),
		cmocka_unit_test(test_missing),
		cmocka_unit_test(test_label_of_deals),
		cmocka_unit_test(test_nothing_wanted),
		cmocka_unit_test(test_fix),
		cmocka_unit_test(test_made_by_somebody),
		cmocka_unit_test(test_cannot_be_made),
		cmocka_unit_test(test_property_cannot_be_seen),
		cmocka_unit_test(test_faults_end_it),
		cmocka_unit_test(test_told_to_stop) };

	return cmocka_run_group_tests(tests, tmpdir_make, tmpdir_remove);
}
