/*
 * What `npsync check` says of a Salesforce org, thing by thing, and what --fix
 * makes there: only fields that are missing.
 */
#include "salesforce/writerig.h"

#include "buf.h"

#define RESPONSE "response_object = \"NPSToday_Response__c\"; "
#define OPTIONS "meetings = false; deals = false; cases = false; "

static struct org {
	const char *contact, *response;	/* fields; response NULL = no object */
	const char *no_object;		/* hidden, beside that */
	bool chatter, feed;
	int status;			/* of making a field; 0 = 201 */
	const char *refusal;
	char made[16][512];
	size_t n_made, n_written;
} org;

static void
describe(const char *fields, struct sim_reply *reply)
{
	static char text[8192];

	(void)snprintf(text, sizeof(text), "{\"createable\":true,"
	    "\"updateable\":true,\"feedEnabled\":%s,\"fields\":[%s]}",
	    org.feed ? "true" : "false", fields);
	*reply = (struct sim_reply){ .body = text };
}

static const struct sim_reply nothing = { .status = 404,
	.body = "[{\"errorCode\":\"NOT_FOUND\",\"message\":\"no\"}]" };

static void
serve(const char *request, const char *body, struct sim_reply *reply)
{
	const char *at = strstr(request, "/sobjects/");

	if (strncmp(request, "POST " V "/tooling/sobjects/CustomField ",
	        strlen("POST " V "/tooling/sobjects/CustomField ")) == 0) {
		(void)snprintf(org.made[org.n_made++], sizeof(org.made[0]),
		    "%s", body);
		*reply = (struct sim_reply){ .status = 201, .body =
		    "{\"id\":\"00N000000000001AAA\",\"success\":true}" };
		if (org.status != 0)
			*reply = (struct sim_reply){ .status = org.status,
				.body = org.refusal };
		return;
	}
	org.n_written += strncmp(request, "GET ", 4) != 0;
	*reply = nothing;
	if (strstr(request, "/chatter/users/me ") != NULL && org.chatter)
		*reply = (struct sim_reply){ .body = "{\"id\":\"005\"}" };
	if (at == NULL)
		return;
	at += strlen("/sobjects/");
	if (org.no_object != NULL && strncmp(at, org.no_object,
	        strlen(org.no_object)) == 0)
		return;
	if (strncmp(at, "Contact/", 8) == 0)
		describe(org.contact, reply);
	else if (strncmp(at, "NPSToday_Response__c/", 21) != 0)
		describe("{\"name\":\"Id\"}", reply);
	else if (org.response != NULL)
		describe(org.response, reply);
}

/* ---- what is said -------------------------------------------------------- */
static struct buf said;

static bool
on_thing(void *arg, const char *what, enum setup_state state,
    const char *advice)
{
	static const char *const words[] = { "ok", "missing", "made",
		"cannot say" };

	(void)arg;
	(void)buf_printf(&said, "%s: %s%s%s\n", words[state], what,
	    advice == NULL ? "" : ": ", advice == NULL ? "" : advice);
	return true;
}

static void
setup_org(const char *options, const struct crm_setup *wants)
{
	rig_open(options, NULL, 0);
	rig.serve = serve;
	buf_init(&said, 65536);
	if (!rig.crm.connector->setup(rig.crm.link.self, wants, on_thing, NULL,
	        &rig.err))
		fail_msg("%s", rig.err.msg);
}

static void
end(void)
{
	buf_free(&said);
	rig_close();
}

static void
says(const char *line)
{
	if (strstr(buf_text(&said), line) == NULL)
		fail_msg("no \"%s\" in\n%s", line, buf_text(&said));
}

static void
says_not(const char *line)
{
	if (strstr(buf_text(&said), line) != NULL)
		fail_msg("\"%s\" in\n%s", line, buf_text(&said));
}

/* ---- cases --------------------------------------------------------------- */
#define READ "{\"name\":\"Id\"},{\"name\":\"HasOptedOutOfEmail\"}," \
	"{\"name\":\"IsEmailBounced\"}"
#define TAGS(rest) "{\"name\":\"NPSToday_Tags__c\",\"type\":\"textarea\"," \
	"\"length\":32768," rest "}"

static void
test_all_there(void **state)
{
	const struct crm_setup wants = { .tags = true, .feed = true,
		.tasks = true };

	(void)state;
	org = (struct org){ .contact = READ "," TAGS("\"updateable\":true"),
		.chatter = true, .feed = true };
	setup_org(OPTIONS "chatter_post = true;", &wants);
	says("ok: the field Contact.HasOptedOutOfEmail (optout_field)\n");
	says("ok: the field Contact.NPSToday_Tags__c (tag_field)\n");
	says("ok: Chatter, for posts\n");
	says("ok: the feed of contacts, for posts\n");
	says("ok: the right to create tasks\n");
	says_not("missing");
	says_not("Opportunity");
	says_not("NPSToday_Response__c");
	end();
}

static void
test_missing(void **state)
{
	static const struct crm_field fields[] = { { "Score__c", FIELD_DECIMAL },
		{ "Title", FIELD_TEXT }, { "When__c", FIELD_DATE },
		{ "Said__c", FIELD_LONG_TEXT } };
	const struct crm_setup wants = { .tags = true, .answers = true,
		.feed = true, .fields = fields, .n_fields = 4,
		.comment_max = 255 };

	(void)state;
	org = (struct org){ .contact = "{\"name\":\"Id\"},"
		"{\"name\":\"IsEmailBounced\"},"
		"{\"name\":\"When__c\",\"type\":\"boolean\",\"updateable\":true},"
		"{\"name\":\"Said__c\",\"type\":\"textarea\",\"length\":100,"
		"\"updateable\":true}", .no_object = "User" };
	setup_org(OPTIONS RESPONSE "chatter_post = true;", &wants);
	says("missing: the object User");
	says("missing: the field Contact.HasOptedOutOfEmail (optout_field): "
	    "npsync's user cannot see it");
	says("missing: the field Contact.NPSToday_Tags__c (tag_field): make it in "
	    "Setup, Object Manager, Contact, Fields & Relationships, as Long "
	    "Text Area, 32768 characters");
	says("missing: the field Contact.Score__c (writeback.fields): make it");
	says("a field of this name cannot be made");
	says("Contact.When__c (writeback.fields): it is of the type boolean; "
	    "expected Date");
	says("Contact.Said__c (writeback.fields): it holds 100 characters, and "
	    "comments have up to 255");
	says("missing: the object NPSToday_Response__c (response_object): make");
	says("missing: Chatter, for posts: turn it on");
	says("missing: the feed of contacts");
	assert_int_equal(org.n_made, 0);
	assert_int_equal(org.n_written, 0);
	end();
}

static void
test_read_only(void **state)
{
	const struct crm_setup wants = { .tags = true, .fix = true };

	(void)state;
	org = (struct org){ .contact = READ "," TAGS("\"updateable\":false") };
	setup_org(OPTIONS, &wants);
	says("missing: the field Contact.NPSToday_Tags__c (tag_field): it may be "
	    "read only");
	assert_int_equal(org.n_made, 0);
	end();
}

/* Only what is missing, in the exact words of the Tooling API. */
static void
test_fix(void **state)
{
	static const struct crm_field fields[] = { { "Score__c",
	    FIELD_DECIMAL } };
	const struct crm_setup wants = { .fix = true, .tags = true,
		.answers = true, .fields = fields, .n_fields = 1,
		.comment_max = 1000 };

	(void)state;
	org = (struct org){ .contact = READ, .response = "{\"name\":\"Id\"},"
		"{\"name\":\"Campaign__c\",\"type\":\"string\",\"updateable\":"
		"true}" };
	setup_org(OPTIONS RESPONSE, &wants);
	says("made: the field Contact.NPSToday_Tags__c (tag_field): now give");
	says("made: the field NPSToday_Response__c.NPSToday_ResponseId__c");
	assert_int_equal(org.n_made, 6);
	assert_string_equal(org.made[0], "{\"FullName\":"
	    "\"Contact.NPSToday_Tags__c\",\"Metadata\":{\"label\":"
	    "\"NPSToday Tags\",\"type\":\"LongTextArea\",\"length\":32768,"
	    "\"visibleLines\":5}}");
	assert_string_equal(org.made[1], "{\"FullName\":\"Contact.Score__c\","
	    "\"Metadata\":{\"label\":\"Score\",\"type\":\"Number\","
	    "\"precision\":18,\"scale\":2}}");
	assert_string_equal(org.made[2], "{\"FullName\":"
	    "\"NPSToday_Response__c.NPSToday_ResponseId__c\",\"Metadata\":{"
	    "\"label\":\"NPSToday ResponseId\",\"type\":\"Text\",\"length\":255,"
	    "\"externalId\":true,\"unique\":true,\"caseSensitive\":true}}");
	assert_string_equal(org.made[3], "{\"FullName\":"
	    "\"NPSToday_Response__c.Contact__c\",\"Metadata\":{\"label\":"
	    "\"Contact\",\"type\":\"Lookup\",\"referenceTo\":\"Contact\","
	    "\"relationshipLabel\":\"NPSToday Response\",\"relationshipName\":"
	    "\"NPSToday_Responses\",\"deleteConstraint\":\"SetNull\"}}");
	assert_string_equal(org.made[5], "{\"FullName\":"
	    "\"NPSToday_Response__c.Comment__c\",\"Metadata\":{\"label\":"
	    "\"Comment\",\"type\":\"LongTextArea\",\"length\":1000,"
	    "\"visibleLines\":5}}");
	assert_int_equal(org.n_written, 0);
	end();
}

static void
test_fix_refused(void **state)
{
	const struct crm_setup wants = { .fix = true, .tags = true };

	(void)state;
	org = (struct org){ .contact = READ, .status = 400, .refusal =
		"[{\"errorCode\":\"DUPLICATE_DEVELOPER_NAME\",\"message\":\"x\"}]" };
	setup_org(OPTIONS, &wants);
	says("missing: the field Contact.NPSToday_Tags__c (tag_field): it is "
	    "there, but npsync's user cannot see it");
	end();
	org = (struct org){ .contact = READ, .status = 403, .refusal =
		"[{\"errorCode\":\"INSUFFICIENT_ACCESS\",\"message\":\"x\"}]" };
	setup_org(OPTIONS, &wants);
	says("npsync's user may not make it (HTTP 403 INSUFFICIENT_ACCESS): make "
	    "it in Setup");
	end();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_there),
		cmocka_unit_test(test_missing),
		cmocka_unit_test(test_read_only),
		cmocka_unit_test(test_fix),
		cmocka_unit_test(test_fix_refused),
	};

	return cmocka_run_group_tests(tests, tmpdir_make, tmpdir_remove);
}
