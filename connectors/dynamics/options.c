/*
 * options.c - the options of the dynamics connector, and nothing else.
 */
#include "settings.h"

#include <string.h>

#define AT(member) offsetof(struct dynamics_settings, member)
#define TEXT(key, member, value, fn, text) { .name = key, .type = OPT_STR, \
	.offset = AT(member), .def = value, .check = fn, .help = text }
#define KEY(key, member, text) { .name = key, .type = OPT_SECRET, \
	.offset = AT(member), .def = "", .help = text }
#define LIST(key, member, value, fn, text) { .name = key, \
	.type = OPT_STRLIST, .offset = AT(member), .def = value, .check = fn, \
	.help = text }
#define NUMBERS(key, member, value, text) { .name = key, \
	.type = OPT_INTLIST, .offset = AT(member), .def = value, .min = 0, \
	.max = 2147483647, .help = text }
#define FLAG(key, member, value, text) { .name = key, .type = OPT_BOOL, \
	.offset = AT(member), .def = value, .help = text }
#define NUMBER(key, member, value, low, high, text) { .name = key, \
	.type = OPT_INT, .offset = AT(member), .def = value, .min = low, \
	.max = high, .help = text }
#define CHOICE(key, member, value, list, text) { .name = key, \
	.type = OPT_CHOICE, .offset = AT(member), .def = value, \
	.choices = list, .help = text }

/* Each in the order of its enum in settings.h. */
static const char *const auths[] = { "secret", "certificate", NULL };
static const char *const deals[] = { "opportunities", "opportunitycloses",
	NULL };
static const char *const deal_contacts[] = { "parent_customer",
	"parent_customer_primary", NULL };
static const char *const rewins[] = { "once", "each", NULL };
static const char *const cases[] = { "incidents", "incidentresolutions",
	NULL };
static const char *const inactivities[] = { "activitypointers", "parties",
	NULL };
static const char *const ins[] = { "or", "function", NULL };
static const char *const keys[] = { "digits", "integer", "text", NULL };
static const char *const mirrors[] = { "off", "delta", NULL };

/* Names go into addresses and queries as they are. */
static bool
is_name(const char *text)
{
	static const char chars[] = "abcdefghijklmnopqrstuvwxyz"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";
	const size_t len = strlen(text);

	return len > 0 && len <= 128 && strspn(text, chars) == len;
}

static bool
check_name(const char *text, struct err *err)
{
	return *text == '\0' || is_name(text) || err_set(err, ERR_CONFIG,
	    "expected a logical name: letters, digits and '_'");
}

static bool
check_column(const char *text, struct err *err)
{
	static const char account[] = "account.";

	if (strncmp(text, account, sizeof(account) - 1) == 0)
		text += sizeof(account) - 1;
	return *text == '\0' || is_name(text) || err_set(err, ERR_CONFIG,
	    "expected a column, or account. and a column of the company");
}

static bool
check_column_type(const char *text, struct err *err)
{
	static const char *const words[] = { "text", "integer", "decimal",
		"date", "datetime", "boolean" };
	const char *word = strchr(text, '=');

	for (size_t i = 0; word != NULL && i < ARRAY_LEN(words); i++)
		if (strcmp(word + 1, words[i]) == 0)
			return true;
	return err_set(err, ERR_CONFIG, "expected COLUMN=TYPE, with text, "
	    "integer, decimal, date, datetime or boolean");
}

static bool
check_meeting_set(const char *text, struct err *err)
{
	static const char *const sets[] = { "appointments", "phonecalls",
		"tasks", "emails" };

	for (size_t i = 0; i < ARRAY_LEN(sets); i++)
		if (strcmp(text, sets[i]) == 0)
			return true;
	return err_set(err, ERR_CONFIG, "expected appointments, phonecalls, "
	    "tasks or emails");
}

static bool
check_day(const char *text, struct err *err)
{
	return *text == '\0' || day_parse(text) != NO_DAY || err_set(err,
	    ERR_CONFIG, "expected a day like \"2027-06-30\"");
}

const struct opt dynamics_opts[] = {
	{ .name = "base_url", .type = OPT_URL, .offset = AT(base_url),
	    .help = "of the environment, https://NAME.crm4.dynamics.com; "
	    "without a path /api/data/v9.2 is added" },
	TEXT("tenant", tenant, "", NULL,
	    "of Entra ID: its id or domain; or token_url"),
	TEXT("client_id", client_id, NULL, NULL,
	    "application id of the app registration"),
	CHOICE("auth", auth, "secret", auths, "how the application proves who "
	    "it is"),
	KEY("secret", secret, "client secret, with auth = \"secret\""),
	KEY("certificate", certificate, "PEM of private key and certificate, "
	    "with auth = \"certificate\""),
	TEXT("secret_expires", secret_expires, "", check_day,
	    "last day of the secret: check says how long it lasts"),
	{ .name = "token_url", .type = OPT_URL, .offset = AT(token_url),
	    .def = "", .help = "empty: login.microsoftonline.com, by tenant" },
	TEXT("token_scope", token_scope, "", NULL,
	    "empty: base_url's host and /.default"),
	NUMBER("token_margin_s", token_margin_s, "300", 0, 3000,
	    "a token is renewed so long before it ends"),
	LIST("meeting_sets", meeting_sets, "[ \"appointments\" ]",
	    check_meeting_set, "whose completed rows are meetings: "
	    "appointments, phonecalls, tasks, emails"),
	NUMBERS("meeting_party_masks", meeting_party_masks, "[ 5, 6 ]",
	    "participationtypemask of who is asked: 5 required, 6 optional"),
	TEXT("meeting_filter", meeting_filter, "", NULL,
	    "further OData condition for meetings"),
	CHOICE("deal_source", deal_source, "opportunities", deals,
	    "where won and lost deals are read"),
	CHOICE("deal_contact_rule", deal_contact_rule, "parent_customer",
	    deal_contacts, "who is asked: the deal's contact, else a customer "
	    "who is one; else the company's primary contact"),
	CHOICE("deal_rewin", deal_rewin, "once", rewins,
	    "a deal that is closed again: still one event, or one each"),
	CHOICE("case_source", case_source, "incidents", cases,
	    "where closed cases are read"),
	NUMBERS("case_statuscode_exclude", case_statuscode_exclude, "[ 2000 ]",
	    "statuscode of closed cases that are none (2000: merged)"),
	CHOICE("inactivity_source", inactivity_source, "activitypointers",
	    inactivities, "whose contact an activity is: what it regards; or "
	    "every party too"),
	LIST("suppress_on", suppress_on,
	    "[ \"donotemail\", \"donotbulkemail\" ]", check_name,
	    "yes-or-no columns: who has one set is never asked"),
	TEXT("nosend_column", nosend_column, "", check_name,
	    "one more of them, of yours"),
	TEXT("employment_field", employment_field, "statecode", check_name,
	    "column that says who left; empty: not known"),
	LIST("employment_left_values", employment_left_values, "[ \"1\" ]",
	    NULL, "its values of those who left"),
	TEXT("phone_column", phone_column, "telephone1", check_name,
	    "number beside mobilephone; empty: not read"),
	TEXT("language_column", language_column, "", check_column,
	    "da, en-GB, ...; this and the next four: a column, account. and a "
	    "column of the company, or empty"),
	TEXT("country_column", country_column, "", check_column,
	    "DK, SE, ..."),
	TEXT("relation_column", relation_column, "", check_column,
	    "customer, partner, ..."),
	TEXT("segment_column", segment_column, "", check_column, "segment"),
	TEXT("department_column", department_column, "", check_column,
	    "our department that serves the contact"),
	LIST("fields", fields, "[]", check_column,
	    "further columns, for survey.fields and the like"),
	FLAG("owner_email", owner_email, "false",
	    "read the account manager's address: needs the right to read "
	    "users"),
	CHOICE("contact_mirror", contact_mirror, "off", mirrors,
	    "how changed contacts are found: by modifiedon, or by change "
	    "tracking"),
	TEXT("tag_column", tag_column, "npt_npstags", check_name,
	    "text column of contact with the tags; empty: no tags"),
	TEXT("column_prefix", column_prefix, "npt_", check_name,
	    "of the publisher, for columns of npsync's own"),
	TEXT("response_table", response_table, "", check_name,
	    "entity set of answers, npt_npsresponses; empty: none"),
	TEXT("response_key", response_key, "npt_responseid", check_name,
	    "its alternate key"),
	CHOICE("response_key_type", response_key_type, "digits", keys,
	    "what the key is: a text of digits, a whole number, or a text of "
	    "letters, digits, '-' and '_'"),
	TEXT("response_name", response_name, "", check_name,
	    "campaign and score; this and the next nine: a column of the "
	    "table, a name without '_' gets column_prefix; empty: not written"),
	TEXT("response_score", response_score, "score", check_name,
	    "0 to 10, a whole number"),
	TEXT("response_type", response_type, "type", check_name,
	    "9-10 promoter, 7-8 passive, 0-6 detractor"),
	TEXT("response_campaign", response_campaign, "campaign", check_name,
	    "its name"),
	TEXT("response_campaign_id", response_campaign_id, "", check_name,
	    "the survey service's number of it"),
	TEXT("response_member_id", response_member_id, "", check_name,
	    "the survey service's number of who was asked"),
	TEXT("response_comment", response_comment, "comment", check_name,
	    "what was written"),
	TEXT("response_time", response_time, "ratedon", check_name,
	    "when, date and time"),
	TEXT("response_wants_contact", response_wants_contact, "", check_name,
	    "yes or no"),
	TEXT("response_contact", response_contact, "Contact", check_name,
	    "navigation property of the lookup to contact, capitals as there"),
	NUMBER("response_text_chars", response_text_chars, "100", 10, 4000,
	    "what its columns for one line hold"),
	NUMBER("response_comment_chars", response_comment_chars, "2000", 10,
	    1000000, "what the comment's column holds; a longer one is cut"),
	FLAG("tag_etag", tag_etag, "true",
	    "tags are written to the version that was read; false: a tag that "
	    "somebody sets meanwhile is lost"),
	NUMBER("tag_chars", tag_chars, "0", 0, 1048576,
	    "what tag_column holds; 0: as its definition says"),
	LIST("column_types", column_types, "[]", check_column_type,
	    "COLUMN=TYPE of columns whose definition may not be read: text, "
	    "integer, decimal, date, datetime, boolean"),
	NUMBER("label_language", label_language, "1033", 1, 65535,
	    "language code of the names of columns that check --fix makes: the "
	    "environment's base language (1030 Danish)"),
	TEXT("post_regarding", post_regarding, "regardingobjectid_contact",
	    check_name, "navigation property from a post to its contact"),
	TEXT("task_regarding", task_regarding, "regardingobjectid_contact_task",
	    check_name, "the same, from a task"),
	TEXT("task_owner", task_owner, "ownerid", check_name,
	    "the same, from a task to its user"),
	NUMBER("batch_size", batch_size, "0", 0, 1000,
	    "changes sent in one $batch; 0: one by one"),
	CHOICE("in_style", in_style, "or", ins,
	    "how several ids are asked for: eq ... or, or "
	    "Microsoft.Dynamics.CRM.In"),
	NUMBER("url_max_bytes", url_max_bytes, "8000", 1000, 8000,
	    "longest address, of a next page too: of many ids some are asked "
	    "for at a time"),
	NUMBER("page_size", page_size, "1000", 1, 5000,
	    "odata.maxpagesize; an answer may have 4 MiB"),
	NUMBER("overlap_s", overlap_s, "900", 0, 604800,
	    "how late a change may be seen: each reading begins so much "
	    "earlier"),
	NUMBER("upper_margin_s", upper_margin_s, "60", 0, 86400,
	    "where the next reading begins lies so long before the server's "
	    "time, at least"),
	NUMBER("max_wait_s", max_wait_s, "900", 0, 900,
	    "waiting in a run for a server that answers 429; then it is for "
	    "the next night"),
	NUMBER("timeout_s", timeout_s, "150", 5, 600,
	    "how long an answer may take"),
	{ .name = NULL }
};
