/*
 * The profiles that are compiled in: each opens, and what a service that keeps
 * their contract would answer is read as it should be.  The pitfalls of
 * ChannelCRM that a connector decides; connectors/rest/README.md says where the
 * others are tested.
 */
#include "rest/crmrig.h"

static const char *
profile_text(const char *name)
{
	for (const struct options_profile *p = options_profiles;
	     p->name != NULL; p++)
		if (strcmp(p->folder, "crm.d") == 0 &&
		    strcmp(p->name, name) == 0)
			return p->text;
	fail_msg("no profile %s", name);
	return NULL;
}

static bool
profile_fill_text(struct rig *rig, const char *name, const char *text)
{
	struct options_file *file = NULL;

	rig->set.profile.from = (struct opt_profile){ name, name, NULL };
	const bool ok = options_open_text(text, name, &file, &rig->err) &&
	    options_fill(rest_crm_profile_opts, &rig->set.profile,
	        options_root(file), name, "", NULL, rig->arena, &rig->err);
	options_close(file);
	return ok;
}

static bool
profile_fill(struct rig *rig, const char *name)
{
	return profile_fill_text(rig, name, profile_text(name));
}

static void
profile_start(struct rig *rig, const char *name, const struct sim_reply *script,
    size_t n)
{
	rig_begin(rig);
	rig->sim = simhttpd_start(script, n);
	assert_non_null(rig->sim);
	rig->set.place.base_url = arena_printf(rig->arena, "%s/api/v1",
	    simhttpd_url(rig->sim));
	if (!profile_fill(rig, name) || !rig_open(rig))
		fail_msg("%s", rig->err.msg);
}

/* Nothing that a request or a path holds is confirmed. */
static void
test_assumptions(void **state)
{
	static const char *const ours[] = { "path = ", "rows = ", "paging = ",
		"label = ", "stamp = ", " id = ", "contact = ", "email = ",
		"json = ", "day = ", "done = ", "employed = " };
	const char *line = profile_text("channelcrm");
	int n = 0;

	(void)state;
	for (; *line != '\0'; line += strcspn(line, "\n") + 1) {
		const char *end = line + strcspn(line, "\n");
		const char *mark = strstr(line, "# assumption");
		if (line[strspn(line, " ")] == '#')
			continue;
		for (size_t i = 0; i < ARRAY_LEN(ours); i++) {
			const char *at = strstr(line, ours[i]);
			if (at == NULL || at > end)
				continue;
			n++;
			if (mark == NULL || mark > end)
				fail_msg("not marked: %.*s", (int)(end - line),
				    line);
		}
	}
	assert_true(n > 40);
}

#define MEETING(id, contacts, auto) "{ \"id\": " id ", \"type\": \"meeting\", " \
	"\"category\": \"Kundepleje\", \"completed\": true, \"endsAt\": " \
	"\"2026-05-20T13:30:00Z\", \"completedAt\": \"2026-11-24T20:00:00Z\", " \
	"\"modifiedAt\": \"2026-11-24T20:02:11Z\", \"autoCompleted\": " auto ", " \
	"\"companyId\": \"C-410\", \"contactIds\": [ " contacts " ], " \
	"\"ownerId\": \"U-7\" }"
#define LISTED(path_, text_) { .target = "/api/v1/" path_, .body = (text_) }, \
	{ .target = "&page=2&", .body = "[]" }
#define NO_MEETINGS { .target = "/api/v1/activities?type=meeting", .body = "[]" }
#define NO_LOST { .target = "/api/v1/opportunities?status=lost", .body = "[]" }
#define NO_WON { .target = "/api/v1/opportunities?status=won", .body = "[]" }
#define MET "2026-05-20T13:30:00Z"

/* Pitfalls 1, 2, 18: months-old meetings that the CRM closed say so, and count
 * from their own day; three persons are three events; the list at the root or
 * elsewhere, ids as numbers or texts. */
static void
test_meetings(void **state)
{
	static const struct {
		const char *before, *rows, *after, *want;
	} cases[] = {
		{ "[", MEETING("\"A-1\"", "\"P-1\",\"P-2\",\"P-3\"", "false"), "]",
		    "meet A-1/P-1 P-1 " MET " Kundepleje\nmeet A-1/P-2 P-2 " MET
		    " Kundepleje\nmeet A-1/P-3 P-3 " MET " Kundepleje\n" },
		{ "{\"items\":[", MEETING("88121", "9001,9002", "false"),
		    "],\"page\":1,\"hasMore\":true}", "meet 88121/9001 9001 " MET
		    " Kundepleje\nmeet 88121/9002 9002 " MET " Kundepleje\n" },
		{ "{\"value\":[", MEETING("\"88121\"", "\"9001\",\"9002\"",
		    "false"), "]}", "meet 88121/9001 9001 " MET " Kundepleje\n"
		    "meet 88121/9002 9002 " MET " Kundepleje\n" },
		{ "{\"data\":[", MEETING("1", "2", "true") "," MEETING("2", "",
		    "false"), "]}", "meet 1/2 2 " MET " auto\nmeet 2 - " MET
		    " Kundepleje\n" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		char body[1500];
		snprintf(body, sizeof(body), "%s%s%s", cases[i].before,
		    cases[i].rows, cases[i].after);
		const struct sim_reply script[] = { LISTED(
		    "activities?type=meeting&completed=true&modifiedSince="
		    "2026-11-22T02%3A00%3A00Z&page=1&pageSize=200 ", body),
			NO_WON, NO_LOST };
		struct rig rig;
		profile_start(&rig, "channelcrm", script, ARRAY_LEN(script));
		if (!rig_events(&rig, "meetings=20:2026-11-24T02:00:00Z", NULL))
			fail_msg("%s", rig.err.msg);
		RIG_SEES(&rig, cases[i].want);
		RIG_REFUSES(&rig, "");
		assert_non_null(strstr(simhttpd_request(rig.sim, 0),
		    "Authorization: Bearer s3cret\r\n"));
		rig_end(&rig, true);
	}
}

/* Pitfalls 4, 16: the person that the deal names, none other; a deal without
 * one.  3.3: closed again is another event.  17: local times, the hour that
 * comes twice and the one that never comes. */
static void
test_deals(void **state)
{
	static const struct sim_reply script[] = { NO_MEETINGS, LISTED(
	    "opportunities?status=won&closedSince=1970-01-01T00%3A00%3A00Z&page=1",
	    "[{\"id\":\"O-1\",\"status\":\"won\",\"closedAt\":"
	    "\"2026-11-20T10:00:00Z\",\"contactId\":\"P-9001-old\"},"
	    "{\"id\":\"O-1\",\"status\":\"won\",\"closedAt\":"
	    "\"2026-11-23T10:00:00Z\",\"contactId\":\"P-9001\"},"
	    "{\"id\":\"O-2\",\"status\":\"won\",\"closedAt\":"
	    "\"2026-10-25T02:30:00+02:00\",\"contactId\":null},"
	    "{\"id\":\"O-3\",\"status\":\"won\",\"closedAt\":"
	    "\"2026-10-25T02:30:00+01:00\"},"
	    "{\"id\":\"O-4\",\"status\":\"won\",\"contactId\":\"P-3\"}]"),
	    NO_LOST };
	struct rig rig;

	(void)state;
	profile_start(&rig, "channelcrm", script, ARRAY_LEN(script));
	if (!rig_events(&rig, NULL, NULL))
		fail_msg("%s", rig.err.msg);
	RIG_SEES(&rig,
	    "sale O-1@2026-11-20T10:00:00Z P-9001-old 2026-11-20T10:00:00Z -\n"
	    "sale O-1@2026-11-23T10:00:00Z P-9001 2026-11-23T10:00:00Z -\n"
	    "sale O-2@2026-10-25T02:30:00+02:00 - 2026-10-25T00:30:00Z -\n"
	    "sale O-3@2026-10-25T02:30:00+01:00 - 2026-10-25T01:30:00Z -\n");
	RIG_REFUSES(&rig, "won O-4: event_id: expected the values of its "
	    "template\n");
	rig_end(&rig, true);
}

/* Pitfalls 4, 5, 6, 16: employed is what the card says, and unknown if it says
 * nothing; the tag of each version; no mail, no card. */
static void
test_cards(void **state)
{
	static const char *const ids[] = { "P-9001", "P-9001-old", "P-2", "P-3" };
	static const struct sim_reply all[] = {
		{ .target = "/contacts/P-9001 ", .body = "{ \"id\": \"P-9001\", \"contactKey\": "
		    "\"K-1771\", \"personId\": \"\", \"firstnames\": \"Jane\", "
		    "\"lastnames\": \"Doe\", \"email1\": \"\", \"email2\": "
		    "\"jane@example.com\", \"emailpersonal\": \"j@home.dk\", "
		    "\"companyId\": \"C-410\", \"employed\": true, \"kam\": { "
		    "\"name\": \"Ole Olsen\" }, \"infotags\": [ { \"id\": \"T-3\", "
		    "\"text\": \"Foo\" } ] }" },
		{ .target = "/companies/C-410 ", .body = "{ \"id\": \"C-410\", "
		    "\"name\": \"Acme A/S\", \"relationprim\": \"Kunde\" }" },
		{ .target = "/contacts/P-9001-old ", .body = "{ \"id\": "
		    "\"P-9001-old\", \"firstnames\": \"Jane\", \"employed\": false,"
		    "\"infotags\": [ { \"text\": \"NPSToday.NoSend\" } ] }" },
		{ .target = "/contacts/P-2 ", .body = "{ \"id\": \"P-2\", "
		    "\"firstnames\": \"Bo\", \"emailpersonal\": \"b@home.dk\" }" },
		{ .target = "/contacts/P-3 ", .status = 404, .body = "{}" } };
	struct rig rig;

	(void)state;
	profile_start(&rig, "channelcrm", all, ARRAY_LEN(all));
	if (!rig.crm.load_contacts(rig.self, ids, 4, rig_contact, &rig,
	    &rig.err))
		fail_msg("%s", rig.err.msg);
	RIG_SEES(&rig, "P-9001 Jane <jane@example.com> Acme A/S/Kunde employed=2 "
	    "#Foo contactkey=K-1771\n"
	    "P-9001-old Jane <-> -/- employed=1 #NPSToday.NoSend\n"
	    "P-2 Bo <-> -/- employed=0\nP-3 gone\n");
	assert_false(rig.crm.info.caps & (CRM_CAP_CONTACTS | CRM_CAP_FIND));
	assert_true(rig.crm.info.caps & CRM_CAP_TAGS);
	rig_end(&rig, true);
}

static void
test_channelcrm_others(void **state)
{
	static const struct sim_reply script[] = { LISTED("activities?modified",
	    "[{\"id\":1,\"type\":\"phone\",\"completed\":true,\"endsAt\":"
	    "\"2026-11-20T23:30:00Z\",\"contactIds\":[\"P-1\"],\"modifiedAt\":"
	    "\"2026-11-21T00:00:00Z\"},{\"id\":2,\"type\":\"meeting\","
	    "\"completed\":false,\"endsAt\":\"2026-12-20T12:00:00Z\","
	    "\"contactIds\":[\"P-1\"]}]"),
		{ .target = "/relations ", .body = "[{\"id\":1,\"name\":\"Kunde\"}"
		    "]" },
		{ .target = "/activitycategories ", .body = "[]" } };
	struct rig rig;

	(void)state;
	profile_start(&rig, "channelcrm", script, ARRAY_LEN(script));
	const struct pull pull = rig_pull(&rig, NULL, NULL);
	if (!rig.crm.pull_activities(rig.self, &pull, rig_activity,
	    rig_checkpoint, &rig, &rig.err) ||
	    !rig.crm.list_values(rig.self, VAL_RELATION, rig_value, &rig,
	    &rig.err) || !rig.crm.check(rig.self, &rig.err))
		fail_msg("%s", rig.err.msg);
	RIG_SEES(&rig, "1 1 P-1 20261120 done\n0 2 P-1 20261220\n"
	    "1=Kunde (-1)\n");
	rig_end(&rig, true);
}

/* PD-01, PD-02, PD-03, PD-05: null ends, an empty page with a cursor does not;
 * edited later is the same event; persons without mail, deals without person,
 * custom fields that are null. */
static void
test_pipedrive(void **state)
{
	static const struct sim_reply script[] = {
		{ .target = "/deals?status=won,lost&updated_since="
		    "1970-01-01T00%3A00%3A00Z&sort_by=update_time&sort_direction="
		    "asc&limit=500 ", .body = "{\"data\":[{\"id\":1,\"status\":"
		    "\"won\",\"won_time\":\"2026-11-20T10:00:00Z\",\"person_id\":7,"
		    "\"owner_id\":3,\"stage_id\":4,\"pipeline_id\":1,\"update_time\":"
		    "\"2026-11-24T10:00:00Z\",\"custom_fields\":null}],"
		    "\"additional_data\":{\"next_cursor\":\"ab=\"}}" },
		{ .target = "&cursor=ab%3D ", .body = "{\"data\":[],"
		    "\"additional_data\":{\"next_cursor\":\"cd\"}}" },
		{ .target = "&cursor=cd ", .body = "{\"data\":[{\"id\":2,"
		    "\"status\":\"lost\",\"lost_time\":\"2026-11-21T10:00:00Z\","
		    "\"person_id\":null}],\"additional_data\":{\"next_cursor\":null"
		    "}}" },
		{ .target = "/activities?done=true", .body = "{\"data\":[{\"id\":5,"
		    "\"type\":\"meeting\",\"due_date\":\"2026-11-20\","
		    "\"participants\":[{\"person_id\":7},{\"person_id\":8}]},"
		    "{\"id\":6,\"type\":\"lunch\",\"due_date\":\"2026-11-20\"}],"
		    "\"additional_data\":{\"next_cursor\":null}}" },
		{ .target = "/persons?updated_since", .body = "{\"data\":[{\"id\":7,"
		    "\"name\":\"Ann\",\"emails\":[{\"value\":\"x@x.dk\",\"primary\":"
		    "false},{\"value\":\"a@x.dk\",\"primary\":true}]},{\"id\":8,"
		    "\"name\":\"Bo\",\"emails\":[],\"custom_fields\":null}],"
		    "\"additional_data\":{\"next_cursor\":null}}" } };
	struct rig rig;

	(void)state;
	profile_start(&rig, "pipedrive", script, ARRAY_LEN(script));
	if (!rig_events(&rig, NULL, NULL) || !rig_contacts(&rig, NULL, NULL))
		fail_msg("%s", rig.err.msg);
	RIG_SEES(&rig, "sale 1 7 2026-11-20T10:00:00Z 1\n"
	    "loss 2 - 2026-11-21T10:00:00Z -\n"
	    "meet 5/7 7 2026-11-20T00:00:00Z meeting\n"
	    "meet 5/8 8 2026-11-20T00:00:00Z meeting\n"
	    "7 Ann <a@x.dk> -/- employed=0\n8 Bo <-> -/- employed=0\n");
	assert_non_null(strstr(simhttpd_request(rig.sim, 0),
	    "x-api-token: s3cret\r\n"));
	rig_end(&rig, true);
}

static bool
on_opt_out(void *arg, const struct crm_contact *c)
{
	struct rig *rig = arg;

	return buf_printf(&rig->seen, "%s%s\n", c->contact_id,
	    c->opted_out ? " out" : "");
}

/* The profile with the line that is commented out taken in, and its key. */
static const char *
taken_in(struct arena *arena, const char *text, const char *line,
    const char *key)
{
	const char *at = strstr(text, line);
	const char *mark = at == NULL ? NULL : strstr(at, "YOURKEY");

	assert_non_null(mark);
	return arena_printf(arena, "%.*s%.*s%s%s", (int)(at - text), text,
	    (int)(mark - at) - 2, at + 2, key, mark + 7);
}

/* PD-05: a key that no card has is no "no": nobody can be asked then.  A card
 * whose fields are all null has one, once another card has the key. */
static void
test_pipedrive_opt_outs(void **state)
{
	static const struct sim_reply script[] = {
		{ .target = "/persons?ids=", .body = "{\"data\":[{\"id\":9,"
		    "\"name\":\"Cy\",\"custom_fields\":null},{\"id\":7,"
		    "\"name\":\"Ann\",\"custom_fields\":{\"a1\":\"yes\"}},"
		    "{\"id\":8,\"name\":\"Bo\",\"custom_fields\":{\"a1\":null}}"
		    "]}" } };
	static const char *const ids[] = { "7", "8", "9" };
	static const struct { const char *key, *seen, *bad, *null; } cases[] = {
		{ "a1", "9\n7 out\n8\n", NULL, NULL },
		{ "a2", "", "7: opted_out", "9: opted_out" } };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct rig rig;
		rig_begin(&rig);
		rig.sim = simhttpd_start(script, 1);
		rig.set.place.base_url = arena_printf(rig.arena, "%s/api/v2",
		    simhttpd_url(rig.sim));
		if (!profile_fill_text(&rig, "pipedrive", taken_in(rig.arena,
		    profile_text("pipedrive"), "# opted_out = ", cases[i].key)) ||
		    !rig_open(&rig) || !rig.crm.load_contacts(rig.self, ids, 3,
		    on_opt_out, &rig, &rig.err))
			fail_msg("%s", rig.err.msg);
		RIG_SEES(&rig, cases[i].seen);
		const char *bad = buf_text(&rig.bad);
		if (cases[i].bad == NULL ? *bad != '\0' :
		    strstr(bad, cases[i].bad) == NULL ||
		    strstr(bad, cases[i].null) == NULL)
			fail_msg("%s", bad);
		rig_end(&rig, true);
	}
}

/* The profile with the last lines, from this one on, taken in. */
static const char *
tail_taken_in(struct arena *arena, const char *text, const char *line)
{
	const char *at = strstr(text, line);
	const char *out;

	assert_non_null(at);
	out = arena_printf(arena, "%.*s", (int)(at - text), text);
	for (; *at == '#'; at += strcspn(at, "\n") + 1)
		out = arena_printf(arena, "%s%.*s\n", out,
		    (int)strcspn(at, "\n") - 2, at + 2);
	return out;
}

/* PD-05: with a key that the card does not have, nothing is written over what may
 * stand there: tags of others would be lost.  Nor where null stands in place of
 * all fields; "" in the list is no way out of either. */
static void
test_pipedrive_tags(void **state)
{
	static const struct { const char *card; bool writes; const char *words; }
	cases[] = {
		{ "{\"data\":{\"id\":7,\"custom_fields\":{\"YOURKEY\":\"vip\"}}}",
		    true, NULL },
		{ "{\"data\":{\"id\":7,\"custom_fields\":{\"YOURKEY\":null}}}",
		    true, NULL },
		{ "{\"data\":{\"id\":7,\"custom_fields\":{\"other\":\"vip\"}}}",
		    false, "is the name right?" },
		{ "{\"data\":{\"id\":7,\"custom_fields\":null}}", false,
		    "null in place of" },
		{ "{\"data\":null}", false, "null in place of" } };
	const struct crm_tag_write write = { .contact_id = "7",
		.prefix = "NPS.Sale.", .value = "NPS.Sale.9" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const struct http_res card = { .phase = HTTP_COMPLETE,
			.status = 200, .body = cases[i].card,
			.body_len = strlen(cases[i].card),
			.content_type = "application/json",
			.retry_after_s = -1, .date = NO_TIME };
		struct http_req req = { 0 };
		struct rig rig;
		rig_begin(&rig);
		rig.set.place.base_url = "http://127.0.0.1:1/api/v2";
		if (!profile_fill_text(&rig, "pipedrive", tail_taken_in(
		    rig.arena, profile_text("pipedrive"), "# tags = {")) ||
		    !rig_open(&rig))
			fail_msg("%s", rig.err.msg);
		const bool writes = rig.crm.tags_request(rig.self, &write, 1, 1,
		    &card, &req, &rig.err);
		if (writes != cases[i].writes)
			fail_msg("%s: %s", cases[i].card, rig.err.msg);
		assert_true(!writes || strcmp(req.method, "PATCH") == 0);
		assert_true(writes || strstr(rig.err.msg, "tags.at") != NULL);
		if (!writes && strstr(rig.err.msg, cases[i].words) == NULL)
			fail_msg("%s: %s", cases[i].card, rig.err.msg);
		assert_true(writes || cases[i].words[0] != 'n' ||
		    strstr(rig.err.msg, "\"\"") == NULL);
		rig_end(&rig, false);
	}
}

/* Each of those compiled in, whatever its name. */
static void
test_all_open(void **state)
{
	size_t n = 0;

	(void)state;
	for (const struct options_profile *p = options_profiles;
	     p->name != NULL; p++) {
		struct rig rig;
		if (strcmp(p->folder, "crm.d") != 0)
			continue;
		rig_begin(&rig);
		if (!profile_fill(&rig, p->name))
			fail_msg("%s", rig.err.msg);
		/* What a profile asks of an installation, whatever it is. */
		struct rest_variable v[] = { { "company", "1" } };
		rig.set.place.variables = (struct grouplist){ v, 1 };
		if (!rig_open(&rig))
			fail_msg("%s", rig.err.msg);
		rig_end(&rig, false);
		n++;
	}
	assert_true(n >= 2);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_assumptions),
		cmocka_unit_test(test_meetings),
		cmocka_unit_test(test_deals),
		cmocka_unit_test(test_cards),
		cmocka_unit_test(test_channelcrm_others),
		cmocka_unit_test(test_pipedrive),
		cmocka_unit_test(test_pipedrive_opt_outs),
		cmocka_unit_test(test_pipedrive_tags),
		cmocka_unit_test(test_all_open),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
