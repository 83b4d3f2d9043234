/*
 * HubSpot, contacts: who must not be asked, who was merged, who is gone.
 * HS-nn: the pitfall's number.
 */
#include "hubspot/rig.h"

/* Null where nothing is said. */
#define NONE "\"hs_email_optout\":null,\"hs_email_bounce\":null," \
	"\"npstoday_tags\":null"
#define CARD(id, more) SAYS(id, NONE more)
#define SAYS(id, all) ROW(id, all ",\"email\":\"a" id "@x.dk\"," \
	"\"firstname\":\"Ann\",\"lastname\":\"Lee\"")
#define LINKS_BEGIN "{\"status\":\"COMPLETE\",\"results\":[{\"id\":" \
	"\"101\",\"properties\":{"
#define PREFS "optout_source = 'preferences'; "
#define STATUSES "/communication-preferences/2026-09/statuses/"

static struct rig rig;
/* As HubSpot has it: it does not say what is not there. */
#define NOT_FOUND "{\"status\":\"error\",\"message\":\"resource not found\"," \
	"\"correlationId\":\"c0rr\"}"

static const char *const three[] = { "101", "102", "103" };

static void
begin(const char *conf, const struct route *routes, size_t n)
{
	rig = (struct rig){ .answer = NULL };
	rig_open(&rig, conf, routes, n);
}

/* ---- what a card says -------------------------------------------------------------- */
static void
test_a_batch_of_cards(void **state)
{
	static const struct route routes[] = {
		{ .match = "POST " OBJ "/contacts/batch/read {\"properties\":["
		    "\"email\",\"firstname\",\"lastname\",\"phone\","
		    "\"mobilephone\",\"company\",\"associatedcompanyid\","
		    "\"hubspot_owner_id\",\"hs_merged_object_ids\","
		    "\"hs_email_optout\",\"left\","
		    "\"npstoday_tags\",\"hs_email_bounce\",\"vip\"],\"inputs\":["
		    "{\"id\":\"101\"},{\"id\":\"102\"},{\"id\":\"103\"}]}",
		    .body = LINKS(
		    SAYS("103", "\"hs_email_optout\":\"true\",\"left\":"
		    "\"new; YES\",\"hs_email_bounce\":null,\"npstoday_tags\":"
		    "null") "," SAYS("101", "\"npstoday_tags\":\"a; "
		    "NPSToday.NoSend;\",\"hubspot_owner_id\":\"7\",\"left\":"
		    "null,\"hs_email_optout\":null,\"hs_email_bounce\":null")
		    "," SAYS("102", "\"hs_email_bounce\":\"3\",\"left\":\"no\","
		    "\"hs_email_optout\":null,\"npstoday_tags\":null")) },
		{ .match = "/owners/2026-09?limit=100 ", .body = "{\"results\":[{"
		    "\"id\":\"7\",\"email\":\"bo@us.dk\",\"firstName\":\"Bo\","
		    "\"lastName\":\"Ek\"}],\"paging\":{\"next\":{\"after\":"
		    "\"x\"}}}" },
		{ .match = "/owners/2026-09?limit=100&after=x ",
		    .body = "{\"results\":[{\"id\":\"8\"}]}" } };

	(void)state;
	begin("owners = true; employment_property = 'left'; "
	    "employment_left_values = [ 'yes' ]; extra_properties = [ 'vip' ];",
	    routes, ARRAY_LEN(routes));
	rig_good(&rig, rig_load(&rig, three, 3));
	rig_is(&rig.seen,
	    "103 Ann Lee mail a103@x.dk owner -=- employed no optout tags\n"
	    "101 Ann Lee mail a101@x.dk owner 7=Bo Ek employed yes tags a "
	    "NPSToday.NoSend\n"
	    "102 Ann Lee mail - owner -=- employed yes tags\n");
	rig_close(&rig);
}

/* HS-05: a value that cannot be read speaks against asking. */
static void
test_what_says_that_somebody_left(void **state)
{
	static const struct { const char *value; bool left; } all[] = {
		{ "null", false }, { "\"\"", false }, { "\"false\"", false },
		{ "\"False\"", false }, { "\"0\"", false }, { "\"0.0\"", false },
		{ "false", false }, { "\"true\"", true }, { "\"TRUE\"", true },
		{ "true", true }, { "\"1\"", true }, { "\"3.0\"", true },
		{ "\"maybe\"", true }, { "{}", true }, { "[]", true },
		{ "1", true } };
	static const char *const properties[] = { "hs_email_optout", "no_survey",
		"hs_email_optout_55" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		for (size_t k = 0; k < ARRAY_LEN(properties); k++) {
			char body[512];
			(void)snprintf(body, sizeof(body), LINKS("{\"id\":\"101\","
			    "\"properties\":{\"hs_email_bounce\":null,"
			    "\"npstoday_tags\":null,\"%s\":null,\"%s\":null,"
			    "\"%s\":%s}}"), properties[(k + 1) % 3],
			    properties[(k + 2) % 3], properties[k],
			    all[i].value);
			const struct route routes[] = { { .match = "batch/read",
				.body = body } };
			begin("nosend_property = 'no_survey'; "
			    "optout_subscriptions = [ '55' ];", routes, 1);
			rig_good(&rig, rig_load(&rig, three, 1));
			if ((strstr(buf_text(&rig.seen), "optout") != NULL) !=
			    all[i].left)
				fail_msg("%s %s", properties[k], all[i].value);
			rig_close(&rig);
		}
}

/* A card that came without one of them says nothing of it. */
static void
test_a_card_without_such_a_property_is_an_error(void **state)
{
	static const char *const names[] = { "hs_email_optout",
		"hs_email_optout_55", "hs_email_bounce", "gone_away",
		"no_survey", "npstoday_tags" };

	(void)state;
	for (size_t i = 0; i <= ARRAY_LEN(names); i++) {
		char body[512] = "";
		for (size_t k = 0; k < ARRAY_LEN(names); k++)
			if (k != i)
				(void)snprintf(body + strlen(body),
				    sizeof(body) - strlen(body), "%s\"%s\":null",
				    *body == '\0' ? LINKS_BEGIN : ",", names[k]);
		(void)snprintf(body + strlen(body), sizeof(body) - strlen(body),
		    "}}]}");
		const struct route routes[] = { { .match = "batch/read",
			.body = body } };
		begin("nosend_property = 'no_survey'; optout_subscriptions = "
		    "[ '55' ]; employment_property = 'gone_away'; "
		    "employment_left_values = [ 'yes' ];", routes, 1);
		if (i == ARRAY_LEN(names)) {
			rig_good(&rig, rig_load(&rig, three, 1));
		} else {
			rig_fails(&rig, rig_load(&rig, three, 1), ERR_PROTOCOL,
			    names[i]);
			rig_is(&rig.seen, "");
		}
		rig_close(&rig);
	}
}

/* What the portal does not have it leaves out without a word: then nobody is
 * asked. */
static void
test_a_property_that_is_missing_stops_everything(void **state)
{
	static const struct { const char *property, *option; } all[] = {
		{ "hs_email_optout", "optout_property" },
		{ "hs_email_optout_55", "optout_subscriptions" },
		{ "hs_email_bounce", "bounce_properties" },
		{ "gone_away", "employment_property" },
		{ "no_survey", "nosend_property" },
		{ "agreed", "consent_property" },
		{ "agreed_at", "consent_at_property" },
		{ "npstoday_tags", "tag_property" } };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		char path[64];
		(void)snprintf(path, sizeof(path), "/contacts/%s ",
		    all[i].property);
		const struct route routes[] = { { .match = path, .status = 404,
			.body = "{\"category\":\"OBJECT_NOT_FOUND\"}" } };
		begin("nosend_property = 'no_survey'; optout_subscriptions = "
		    "[ '55' ]; employment_property = 'gone_away'; "
		    "consent_property = 'agreed'; consent_at_property = "
		    "'agreed_at';", routes, 1);
		rig_fails(&rig, rig_load(&rig, three, 3), ERR_CONFIG,
		    all[i].property);
		assert_non_null(strstr(rig.err.msg, all[i].option));
		rig_fails(&rig, rig_events(&rig, "2026-11-24T22:00:00Z"),
		    ERR_CONFIG, "nobody is asked");
		rig_fails(&rig, rig.crm.find_contact(rig.self, "a@x.dk",
		    rig_contact, &rig, &rig.err), ERR_CONFIG, all[i].property);
		rig_is(&rig.seen, "");
		assert_int_equal(rig_count(&rig, "POST"), 0);
		rig_close(&rig);
	}
}

/* ---- merged and gone ---------------------------------------------------------------------- */
/* HS-13 */
static void
test_merged_and_deleted_cards(void **state)
{
	static const struct route routes[] = {
		{ .match = "/contacts/batch/read", .status = 207, .body =
		    "{\"status\":\"COMPLETE\",\"numErrors\":1,\"errors\":[{"
		    "\"category\":\"OBJECT_NOT_FOUND\",\"context\":{\"ids\":["
		    "\"102\"]}}],\"results\":[" CARD("900", "") "]}" },
		{ .match = "GET " OBJ "/contacts/101?properties=email%2C"
		    "firstname%2C", .body = SAYS("900",
		    "\"hs_email_optout\":\"true\",\"hs_email_bounce\":null,"
		    "\"npstoday_tags\":null") },
		{ .match = "GET " OBJ "/contacts/102?", .status = 404,
		    .body = "{\"category\":\"OBJECT_NOT_FOUND\"}" },
		{ .match = "GET " OBJ "/contacts/103?", .body = "{\"id\":\"103\","
		    "\"archived\":true,\"properties\":{}}" } };

	(void)state;
	begin("", routes, ARRAY_LEN(routes));
	rig_good(&rig, rig_load(&rig, three, 3));
	rig_is(&rig.seen, "101 -> 900 Ann Lee mail a900@x.dk owner -=- employed "
	    "? optout tags\n"
	    "102 gone - - mail - owner -=- employed ? tags\n"
	    "103 gone - - mail - owner -=- employed ? tags\n");
	rig_close(&rig);
}

static void
test_a_batch_of_nobody(void **state)
{
	static const struct route routes[] = {
		{ .match = "batch/read", .status = 404, .body = "{}" },
		{ .match = "GET " OBJ "/contacts/", .status = 404,
		    .body = NOT_FOUND } };

	(void)state;
	begin("", routes, 2);
	rig_good(&rig, rig_load(&rig, three, 1));
	rig_is(&rig.seen, "101 gone - - mail - owner -=- employed ? tags\n");
	rig_close(&rig);
}

/* 404 that does not say what is missing: of the card where it is HubSpot's own and
 * the list of contacts answers behind it, each time; else of the address, and
 * nobody is gone. */
static void
test_gone_only_where_contacts_are_served(void **state)
{
	static const struct route served[] = {
		{ .match = "batch/read", .body = LINKS("") },
		{ .match = "GET " OBJ "/contacts/", .status = 404,
		    .body = NOT_FOUND } };
	static const struct route moved[] = {
		{ .match = "/contacts/batch/read", .status = 404, .body = "{}" },
		{ .match = "GET " OBJ "/contacts", .status = 404,
		    .body = NOT_FOUND } };
	static const struct route told[] = {
		{ .match = "batch/read", .body = LINKS("") },
		{ .match = "GET " OBJ "/contacts/", .status = 404,
		    .body = "{\"category\":\"OBJECT_NOT_FOUND\"}" } };

	(void)state;
	begin("", served, ARRAY_LEN(served));
	rig_good(&rig, rig_load(&rig, three, 2));
	rig_is(&rig.seen, "101 gone - - mail - owner -=- employed ? tags\n"
	    "102 gone - - mail - owner -=- employed ? tags\n");
	assert_int_equal(rig_count(&rig, "/contacts?limit=1 "), 2);
	rig_close(&rig);
	begin("", moved, ARRAY_LEN(moved));
	rig_fails(&rig, rig_load(&rig, three, 2), ERR_PROTOCOL, "list contacts: "
	    "HTTP 404: contacts are not served there: correct base_url or "
	    "api_version");
	rig_is(&rig.seen, "");
	rig_close(&rig);
	begin("", told, ARRAY_LEN(told));
	rig_good(&rig, rig_load(&rig, three, 1));
	assert_int_equal(rig_count(&rig, "/contacts?limit=1 "), 0);
	rig_close(&rig);
}

/* A gateway fails in the middle of the run, after a 404 that was proven. */
static void
test_a_gateways_404_makes_nobody_gone(void **state)
{
	static const struct { const char *body, *list, *words; } all[] = {
		{ "<html>No", "{\"results\":[]}", "HTTP 404" },
		{ "", "{\"results\":[]}", "HTTP 404" },
		{ "{}", "{\"results\":[]}", "none of HubSpot's own" },
		{ "{\"status\":404,\"message\":\"no Route matched\"}",
		    "{\"results\":[]}", "none of HubSpot's own" },
		{ NOT_FOUND, "{}", "list contacts: expected an array" },
		/* Another portal's token. */
		{ NOT_FOUND, "{\"results\":[]}", "list contacts: the portal "
		    "shows no contact: is it the right token?" } };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		const struct route routes[] = {
			{ .match = "batch/read", .body = LINKS("") },
			{ .match = "GET " OBJ "/contacts/101?", .status = 404,
			    .body = NOT_FOUND },
			{ .match = "GET " OBJ "/contacts/102?", .status = 404,
			    .body = all[i].body },
			{ .match = "/contacts?limit=1 ", .times = 1,
			    .body = "{\"results\":[{\"id\":\"900\"}]}" },
			{ .match = "/contacts?limit=1 ", .body = all[i].list } };
		begin("", routes, ARRAY_LEN(routes));
		rig_fails(&rig, rig_load(&rig, three, 2), ERR_PROTOCOL,
		    all[i].words);
		rig_is(&rig.seen,
		    "101 gone - - mail - owner -=- employed ? tags\n");
		rig_close(&rig);
	}
}

/* HS-01: a first page without rows is no portal without contacts. */
static void
test_an_empty_page_proves(void **state)
{
	static const struct route routes[] = {
		{ .match = "batch/read", .body = LINKS("") },
		{ .match = "GET " OBJ "/contacts/101?", .status = 404,
		    .body = NOT_FOUND },
		{ .match = "/contacts?limit=1 ", .body = "{\"results\":[],"
		    "\"paging\":{\"next\":{\"after\":\"7\"}}}" } };

	(void)state;
	begin("", routes, ARRAY_LEN(routes));
	rig_good(&rig, rig_load(&rig, three, 1));
	rig_is(&rig.seen, "101 gone - - mail - owner -=- employed ? tags\n");
	rig_close(&rig);
}

/* A batch path that is not served costs a request for each, of one call: one who was
 * there alone makes its next 404 an error, unless it was answered since.  Who is gone,
 * or merged away, was missed by a path that may well be served. */
static void
test_a_batch_that_is_not_served(void **state)
{
	static const struct { struct route first, alone; bool served; } all[] = {
		{ { .match = "batch/read", .status = 404, .body = "<html>No" },
		    { .match = "GET " OBJ "/contacts/101?",
		        .body = CARD("101", "") }, false },
		{ { .match = "batch/read", .status = 404, .body =
		        "{\"category\":\"OBJECT_NOT_FOUND\"}" },
		    { .match = "GET " OBJ "/contacts/101?",
		        .body = CARD("101", "") }, true },
		{ { .match = "batch/read", .status = 404, .body = NOT_FOUND },
		    { .match = "GET " OBJ "/contacts/101?",
		        .body = CARD("900", "") }, true },
		{ { .match = "batch/read", .status = 404, .body = NOT_FOUND },
		    { .match = "GET " OBJ "/contacts/101?", .status = 404,
		        .body = "{\"category\":\"OBJECT_NOT_FOUND\"}" },
		    true } };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		const struct route routes[] = { all[i].first, all[i].alone };
		begin("", routes, ARRAY_LEN(routes));
		rig_good(&rig, rig_load(&rig, three, 1));
		if (all[i].served)
			rig_good(&rig, rig_load(&rig, three, 1));
		else
			rig_fails(&rig, rig_load(&rig, three, 1), ERR_CONFIG,
			    "contacts/batch/read is not served: HTTP 404");
		rig_close(&rig);
	}
}

/* What is answered in between shows that it is. */
static void
test_a_batch_that_is_served_again(void **state)
{
	static const struct route routes[] = {
		{ .match = "batch/read", .status = 404, .body = NOT_FOUND,
		    .times = 1 },
		{ .match = "batch/read", .body = LINKS(""), .times = 1 },
		{ .match = "batch/read", .status = 404, .body = NOT_FOUND },
		{ .match = "GET " OBJ "/contacts/101?",
		    .body = CARD("101", "") } };

	(void)state;
	begin("", routes, ARRAY_LEN(routes));
	for (int i = 0; i < 3; i++)
		rig_good(&rig, rig_load(&rig, three, 1));
	rig_fails(&rig, rig_load(&rig, three, 1), ERR_CONFIG, "not served");
	rig_close(&rig);
}

#define ADDRESS_MAX 140
static bool two_cards;		/* its parts are of several */

/* 101 was merged into 900, who has all properties that are asked for. */
static bool
short_addresses(struct rig *r, const char *asked, struct sim_reply *reply)
{
	static const char *const names[][2] = { { "email", "a@x.dk" },
		{ "firstname", "Ann" }, { "lastname", "Lee" },
		{ "npstoday_tags", "A;B" }, { "hs_email_optout", "true" },
		{ "hs_email_bounce", "" } };
	const char *text = "", *at = strstr(asked, "properties=");

	if (strstr(asked, "GET " OBJ "/contacts/101?") == NULL)
		return false;
	*reply = (struct sim_reply){ .headers = RIG_DATE, .status = 414,
		.body = "" };
	if (strlen(asked) > ADDRESS_MAX)
		return true;
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (strstr(at, names[i][0]) != NULL)
			text = arena_printf(r->reply, "%s%s\"%s\":\"%s\"",
			    text, *text == '\0' ? "" : ",", names[i][0],
			    names[i][1]);
	reply->status = 200;
	reply->body = arena_printf(r->reply, "{\"id\":\"%s\",\"properties\":"
	    "{%s}}", two_cards && strstr(at, "email") == NULL ?
	    "901" : "900", text);
	return true;
}

/* HS contract 7: 414 is split; no property is lost, and of two cards is none. */
static void
test_an_address_that_is_too_long(void **state)
{
	static const char conf[] = "extra_properties = [ "
	    "'some_long_property_name', 'another_long_property_name', "
	    "'yet_a_longer_property_name' ];";
	static const struct route nobody = { .match = "batch/read",
		.body = LINKS("") };

	(void)state;
	two_cards = true;
	rig = (struct rig){ .answer = short_addresses };
	rig_open(&rig, conf, &nobody, 1);
	rig_fails(&rig, rig_load(&rig, three, 1), ERR_RETRY,
	    "its parts do not fit together");
	rig_is(&rig.seen, "");
	rig_close(&rig);
	two_cards = false;
	rig = (struct rig){ .answer = short_addresses };
	rig_open(&rig, conf, &nobody, 1);
	rig_good(&rig, rig_load(&rig, three, 1));
	rig_is(&rig.seen, "101 -> 900 Ann Lee mail a@x.dk owner -=- employed ? "
	    "optout tags A B\n");
	assert_true(rig_count(&rig, "GET " OBJ "/contacts/101?") > 3);
	rig_close(&rig);
}

/* An answer that is not whole, or not understood, makes nobody gone. */
static void
test_a_broken_answer_makes_nobody_gone(void **state)
{
	static const struct { struct route batch, alone; enum err_kind kind; }
	    all[] = {
		{ { .match = "batch/read", .body = "{\"status\":\"PROCESSING\","
		    "\"results\":[]}" }, { .match = "GET x" }, ERR_RETRY },
		{ { .match = "batch/read", .body = "{}" }, { .match = "GET x" },
		    ERR_PROTOCOL },
		{ { .match = "batch/read", .body = LINKS("") }, { .match =
		    "GET " OBJ "/contacts/101", .body = "{}" }, ERR_PROTOCOL },
		/* Met by fuzzing: that was "out of memory". */
		{ { .match = "batch/read", .body = LINKS("") }, { .match =
		    "GET " OBJ "/contacts/101", .body = "" }, ERR_PROTOCOL },
		{ { .match = "batch/read", .body = LINKS("") }, { .match =
		    "GET " OBJ "/contacts/101", .status = 500, .body = "{}" },
		    ERR_RETRY },
		{ { .match = "batch/read", .body = LINKS("") }, { .match =
		    "GET " OBJ "/contacts/101", .status = 403, .body = "{}" },
		    ERR_AUTH } };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		const struct route routes[] = { all[i].batch, all[i].alone };
		begin("", routes, 2);
		rig_fails(&rig, rig_load(&rig, three, 1), all[i].kind,
		    "contact");
		rig_is(&rig.seen, "");
		rig_close(&rig);
	}
}

static bool
echo_cards(struct rig *r, const char *asked, struct sim_reply *reply)
{
	const char *inputs = strstr(asked, "\"inputs\":[");
	struct buf out;
	size_t n = 0;

	if (inputs == NULL || strstr(asked, "/contacts/batch/read ") == NULL)
		return false;
	buf_init(&out, 1 << 20);
	buf_str(&out, "{\"status\":\"COMPLETE\",\"results\":[");
	for (const char *p = inputs; (p = strstr(p, "{\"id\":\"")) != NULL; p++)
		buf_printf(&out, "%s{\"id\":\"%.*s\",\"properties\":{" NONE
		    "}}", n++ > 0 ? "," : "", (int)strcspn(p + 7, "\""), p + 7);
	buf_str(&out, "]}");
	if (n > 100)
		buf_printf(&r->problem, "%zu inputs\n", n);
	*reply = (struct sim_reply){ .headers = RIG_DATE,
		.body = arena_strdup(r->reply, buf_text(&out)) };
	buf_free(&out);
	return true;
}

static void
test_batches_of_100(void **state)
{
	const char *ids[250];

	(void)state;
	rig = (struct rig){ .answer = echo_cards };
	rig_open(&rig, "", NULL, 0);
	for (size_t i = 0; i < ARRAY_LEN(ids); i++)
		ids[i] = arena_printf(rig.arena, "%zu", 1000 + i);
	ids[7] = "0x12";
	rig_good(&rig, rig_load(&rig, ids, ARRAY_LEN(ids)));
	assert_int_equal(rig_count(&rig, "/contacts/batch/read"), 3);
	assert_non_null(strstr(buf_text(&rig.seen), "1249 "));
	rig_is(&rig.bad, "contacts 0x12: expected an id of at most 20 digits\n");
	rig_close(&rig);
}

/* ---- subscriptions --------------------------------------------------------------------- */
static void
test_preferences_of_each_address(void **state)
{
	static const struct route routes[] = {
		{ .match = "/contacts/batch/read", .body = LINKS(CARD("101", "") ","
		    CARD("102", "") "," CARD("103", "") "," ROW("104", NONE)) },
		{ .match = "POST " STATUSES "batch/unsubscribe-all/read?channel="
		    "EMAIL {\"inputs\":[\"a101@x.dk\",\"a102@x.dk\","
		    "\"a103@x.dk\"]}", .body = LINKS("{\"subscriberIdString\":"
		    "\"A101@x.dk\",\"wideStatuses\":[{\"status\":"
		    "\"UNSUBSCRIBED\"}]},{\"subscriberIdString\":\"a102@x.dk\","
		    "\"wideStatuses\":[]}") },
		/* A batch that does not answer for one: it is asked alone. */
		{ .match = "GET " STATUSES "a103%40x.dk/unsubscribe-all?channel="
		    "EMAIL ", .body = "{\"results\":[]}" },
		{ .match = "POST " STATUSES "batch/read?channel=EMAIL",
		    .body = LINKS("{\"subscriberIdString\":\"a101@x.dk\","
		    "\"statuses\":[]},{\"subscriberIdString\":\"a102@x.dk\","
		    "\"statuses\":[{\"subscriptionId\":9,\"status\":"
		    "\"UNSUBSCRIBED\"},{\"subscriptionId\":\"55\",\"status\":"
		    "\"NOT_SPECIFIED\"}]}") },
		{ .match = "GET " STATUSES "a103%40x.dk?channel=EMAIL ", .body =
		    "{\"results\":[{\"subscriptionId\":55,\"status\":"
		    "\"UNSUBSCRIBED\"}]}" } };
	static const char *const four[] = { "101", "102", "103", "104" };

	(void)state;
	begin(PREFS "optout_subscriptions = [ '55' ];", routes,
	    ARRAY_LEN(routes));
	rig_good(&rig, rig_load(&rig, four, 4));
	rig_is(&rig.seen,
	    "101 Ann Lee mail a101@x.dk owner -=- employed ? optout tags\n"
	    "102 Ann Lee mail a102@x.dk owner -=- employed ? tags\n"
	    "103 Ann Lee mail a103@x.dk owner -=- employed ? optout tags\n"
	    "104 - - mail - owner -=- employed ? tags\n");
	rig_close(&rig);
}

/* Whatever is not known to say that he may be asked says that he may not. */
static void
test_preferences_in_unknown_words_ask_nobody(void **state)
{
	static const struct { const char *wide, *one; bool left; } all[] = {
		{ "\"wideStatuses\":[]", "\"statuses\":[{\"subscriptionId\":55,"
		    "\"status\":\"SUBSCRIBED\"}]", false },
		{ "\"wideStatuses\":[{\"status\":\"subscribed\"}]",
		    "\"statuses\":[{\"subscriptionId\":55,\"status\":"
		    "\"NOT_SPECIFIED\"}]", false },
		{ "\"wideStatuses\":[{\"status\":\"OPTED_OUT\"}]",
		    "\"statuses\":[{\"subscriptionId\":55,\"status\":"
		    "\"SUBSCRIBED\"}]", true },
		{ "\"wideStatuses\":[{}]", "\"statuses\":[{\"subscriptionId\":"
		    "55,\"status\":\"SUBSCRIBED\"}]", true },
		{ "\"wide\":[]", "\"statuses\":[{\"subscriptionId\":55,"
		    "\"status\":\"SUBSCRIBED\"}]", true },
		{ "\"wideStatuses\":[]", "\"statuses\":[{\"subscriptionId\":55,"
		    "\"status\":null}]", true },
		{ "\"wideStatuses\":[]", "\"statuses\":[{\"subscriptionId\":55,"
		    "\"status\":\"NOT_SUBSCRIBED\"}]", true },
		/* Ours is not in it: a wrong number of the option's, perhaps. */
		{ "\"wideStatuses\":[]", "\"statuses\":[{\"subscriptionId\":56,"
		    "\"status\":\"SUBSCRIBED\"}]", true },
		{ "\"wideStatuses\":[]", "\"statuses\":[]", true },
		{ "\"wideStatuses\":[]", "\"statuses\":{}", true } };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		char wide[512], one[512];
		(void)snprintf(wide, sizeof(wide), LINKS("{\"subscriberIdString"
		    "\":\"a101@x.dk\",%s}"), all[i].wide);
		(void)snprintf(one, sizeof(one), LINKS("{\"subscriberIdString"
		    "\":\"a101@x.dk\",%s}"), all[i].one);
		const struct route routes[] = {
			{ .match = "/contacts/batch/read", .body = LINKS(
			    CARD("101", "")) },
			{ .match = "batch/unsubscribe-all/read", .body = wide },
			{ .match = "statuses/batch/read", .body = one } };
		begin(PREFS "optout_subscriptions = [ '55' ];", routes,
		    ARRAY_LEN(routes));
		rig_good(&rig, rig_load(&rig, three, 1));
		if ((strstr(buf_text(&rig.seen), "optout") != NULL) !=
		    all[i].left)
			fail_msg("%s %s", all[i].wide, all[i].one);
		rig_close(&rig);
	}
}

/* One that the service does not take stops nobody else, and is not asked. */
static void
test_an_address_that_preferences_refuse(void **state)
{
	static const int statuses[] = { 400, 404 };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(statuses); i++) {
		const struct route routes[] = {
			{ .match = "/contacts/batch/read", .body = LINKS(
			    CARD("101", "") "," CARD("102", "")) },
			{ .match = "POST " STATUSES, .status = statuses[i],
			    .body = "{\"category\":\"VALIDATION_ERROR\"}" },
			{ .match = "GET " STATUSES "a101", .status = statuses[i],
			    .body = "{\"category\":\"VALIDATION_ERROR\"}" },
			{ .match = "GET " STATUSES "a102", .body =
			    "{\"results\":[]}" } };
		begin(PREFS, routes, ARRAY_LEN(routes));
		rig_good(&rig, rig_load(&rig, three, 2));
		rig_is(&rig.seen,
		    "101 Ann Lee mail a101@x.dk owner -=- employed ? optout tags\n"
		    "102 Ann Lee mail a102@x.dk owner -=- employed ? tags\n");
		rig_is(&rig.bad, "contacts 101: the subscriptions of its address "
		    "cannot be read: it counts as opted out\n");
		rig_close(&rig);
	}
}

static void
test_preferences_that_cannot_be_read_ask_nobody(void **state)
{
	static const struct { const char *body; int status; enum err_kind kind; }
	    all[] = {
		{ "{\"category\":\"MISSING_SCOPES\",\"message\":\""
		    "communication_preferences.statuses.batch.read\"}", 403,
		    ERR_AUTH }, { "{}", 200, ERR_PROTOCOL },
		{ "{\"results\":{}}", 200, ERR_PROTOCOL },
		{ "oops", 503, ERR_RETRY } };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		const struct route routes[] = {
			{ .match = "/contacts/batch/read", .body = LINKS(
			    CARD("101", "")) },
			{ .match = STATUSES, .status = all[i].status,
			    .body = all[i].body } };
		begin(PREFS, routes, 2);
		rig_fails(&rig, rig_load(&rig, three, 1), all[i].kind,
		    "read subscriptions");
		rig_is(&rig.seen, "");
		if (i == 0)
			assert_non_null(strstr(rig.err.msg, "the scope "
			    "communication_preferences.statuses.batch.read"));
		rig_close(&rig);
	}
}

/* ---- all that changed, one by address ------------------------------------------------------ */
static void
test_contacts_that_changed(void **state)
{
	static const struct route routes[] = {
		{ .match = "/contacts/search {\"filterGroups\":[{\"filters\":[{"
		    "\"propertyName\":\"lastmodifieddate\",\"operator\":"
		    "\"BETWEEN\",\"value\":\"1795554000000\",\"highValue\":"
		    "\"1795571399999\"}]}],\"sorts\":[{\"propertyName\":"
		    "\"hs_object_id\",", .body = FOUND(2, CARD("101", "") ","
		    "{\"properties\":{}}") } };
	struct pull pull;

	(void)state;
	begin("window_s = 86400;", routes, 1);
	pull = rig_pull(&rig, "2026-11-24T22:00:00Z");
	rig_good(&rig, rig.crm.pull_contacts(rig.self, &pull, rig_contact,
	    rig_checkpoint, &rig, &rig.err));
	rig_is(&rig.seen,
	    "101 Ann Lee mail a101@x.dk owner -=- employed ? tags\n");
	rig_is(&rig.bad, "contacts -: id: expected a number\n");
	assert_string_equal(rig.watermark, "2026-11-25T01:00:00Z");
	rig_close(&rig);
}

/* HS-13: a merge changes the survivor alone; its old ids lead to it. */
static void
test_merged_ids_of_a_survivor(void **state)
{
	static const struct route routes[] = {
		{ .match = "/contacts/search", .body = FOUND(1, CARD("900",
		    ",\"hs_merged_object_ids\":\"101; 102;x;900;"
		    "123456789012345678901234567890\"")) },
		{ .match = "batch/read", .body = LINKS(CARD("101",
		    ",\"hs_merged_object_ids\":\"7\"")) } };
	struct pull pull;

	(void)state;
	begin("window_s = 86400;", routes, 2);
	pull = rig_pull(&rig, "2026-11-24T22:00:00Z");
	rig_good(&rig, rig.crm.pull_contacts(rig.self, &pull, rig_contact,
	    rig_checkpoint, &rig, &rig.err));
	rig_is(&rig.seen,
	    "900 Ann Lee mail a900@x.dk owner -=- employed ? tags\n"
	    "101 -> 900 - - mail - owner -=- employed ? tags\n"
	    "102 -> 900 - - mail - owner -=- employed ? tags\n");
	/* By ids only what was asked for. */
	buf_reset(&rig.seen);
	rig_good(&rig, rig_load(&rig, three, 1));
	rig_is(&rig.seen,
	    "101 Ann Lee mail a101@x.dk owner -=- employed ? tags\n");
	rig_close(&rig);
}

static void
test_a_contact_by_address(void **state)
{
	static const struct route routes[] = {
		{ .match = "/contacts/search {\"filterGroups\":[{\"filters\":[{"
		    "\"propertyName\":\"email\",\"operator\":\"EQ\",\"value\":"
		    "\"a\\\"b@x.dk\"}]}],\"sorts\"", .body = FOUND(1,
		    CARD("101", "")) } };

	(void)state;
	begin("", routes, 1);
	rig_good(&rig, rig.crm.find_contact(rig.self, "A\"b@X.dk", rig_contact,
	    &rig, &rig.err));
	rig_is(&rig.seen,
	    "101 Ann Lee mail a101@x.dk owner -=- employed ? tags\n");
	buf_reset(&rig.seen);
	rig_good(&rig, rig.crm.find_contact(rig.self, "nobody@x.dk",
	    rig_contact, &rig, &rig.err));
	rig_is(&rig.seen, "");
	rig_close(&rig);
}

/* ---- words of the portal ---------------------------------------------------------------- */
static bool
on_value(void *arg, const char *id, const char *label, long count)
{
	struct rig *r = arg;

	(void)count;
	buf_printf(&r->seen, "%s=%s\n", id, label);
	return true;
}

static void
test_lists_of_values(void **state)
{
	static const struct route routes[] = {
		{ .match = "/owners/", .body = "{\"results\":[{\"id\":\"7\","
		    "\"email\":\"bo@us.dk\",\"firstName\":\"\"}]}" },
		{ .match = "/deals/dealtype ", .body = "{\"options\":[{\"value\":"
		    "\"newbusiness\",\"label\":\"New\"},{\"value\":\"x\","
		    "\"hidden\":true}]}" },
		{ .match = "/properties/2026-09/contacts ", .body = "{\"results\":"
		    "[{\"name\":\"email\",\"label\":\"Email\"}]}" } };
	static const struct { enum value_kind kind; const char *want; } all[] = {
		{ VAL_STAGE, "new=Sales: New\nwon=Sales: Won\nlost=Sales: Lost\n" },
		{ VAL_OWNER, "7=bo@us.dk\n" },
		{ VAL_CATEGORY, "newbusiness=New\n" },
		{ VAL_FIELD, "email=Email\n" }, { VAL_RELATION, "" },
		{ VAL_TAG, "" } };

	(void)state;
	begin("meetings = false; tickets = false;", routes, ARRAY_LEN(routes));
	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		buf_reset(&rig.seen);
		rig_good(&rig, rig.crm.list_values(rig.self, all[i].kind,
		    on_value, &rig, &rig.err));
		rig_is(&rig.seen, all[i].want);
	}
	rig_close(&rig);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_batch_of_cards),
		cmocka_unit_test(test_what_says_that_somebody_left),
		cmocka_unit_test(
		    test_a_card_without_such_a_property_is_an_error),
		cmocka_unit_test(
		    test_a_property_that_is_missing_stops_everything),
		cmocka_unit_test(test_merged_and_deleted_cards),
		cmocka_unit_test(test_a_batch_of_nobody),
		cmocka_unit_test(test_gone_only_where_contacts_are_served),
		cmocka_unit_test(test_an_empty_page_proves),
		cmocka_unit_test(test_a_gateways_404_makes_nobody_gone),
		cmocka_unit_test(test_a_batch_that_is_not_served),
		cmocka_unit_test(test_a_batch_that_is_served_again),
		cmocka_unit_test(test_an_address_that_is_too_long),
		cmocka_unit_test(test_a_broken_answer_makes_nobody_gone),
		cmocka_unit_test(test_batches_of_100),
		cmocka_unit_test(test_preferences_of_each_address),
		cmocka_unit_test(
		    test_preferences_in_unknown_words_ask_nobody),
		cmocka_unit_test(test_an_address_that_preferences_refuse),
		cmocka_unit_test(
		    test_preferences_that_cannot_be_read_ask_nobody),
		cmocka_unit_test(test_contacts_that_changed),
		cmocka_unit_test(test_merged_ids_of_a_survivor),
		cmocka_unit_test(test_a_contact_by_address),
		cmocka_unit_test(test_lists_of_values),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
