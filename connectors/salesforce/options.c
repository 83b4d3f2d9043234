/*
 * options.c - every name and number of the service that is not confirmed, or
 * that an org may have of its own, as an option.
 */
#include <string.h>

#include "settings.h"
#include "text.h"

#define AT(member) offsetof(struct sf_settings, member)
#define END { .name = NULL }
#define STR(key, member, value, test, text) { .name = key, .type = OPT_STR, \
	.offset = AT(member), .def = value, .check = test, .help = text }
#define SECRET(key, member, text) { .name = key, .type = OPT_SECRET, \
	.offset = AT(member), .def = "", .help = text }
#define FIELD(key, member, value, text) STR(key, member, value, check_field, \
	text)
#define LIST(key, member, value, text) { .name = key, .type = OPT_STRLIST, \
	.offset = AT(member), .def = value, .help = text }
#define FLAG(key, member, value, text) { .name = key, .type = OPT_BOOL, \
	.offset = AT(member), .def = value, .help = text }
#define INT(key, member, value, low, high, text) { .name = key, \
	.type = OPT_INT, .offset = AT(member), .def = value, .min = low, \
	.max = high, .help = text }
#define CHOICE(key, member, value, list, text) { .name = key, \
	.type = OPT_CHOICE, .offset = AT(member), .def = value, \
	.choices = list, .help = text }

static const char *const auths[] = { "client_credentials", "jwt", NULL };
static const char *const secrets_in[] = { "body", "header", NULL };
static const char *const meeting_objects[] = { "Event", "Task", NULL };
static const char *const rules[] = { "primary_or_only", "primary_then_first",
	NULL };
static const char *const rewins[] = { "once", "again", NULL };

static const char *const separators[] = { "semicolon", "newline", NULL };
static const char *const guards[] = { "none", "unmodified", NULL };

/* ---- what else a text must hold ------------------------------------------- */
/* It becomes a part of a statement: a name, or several with dots. */
static bool
check_field(const char *text, struct err *err)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.";
	const size_t len = strlen(text);

	return len <= 255 && strspn(text, letters) == len && *text != '.' &&
	    strstr(text, "..") == NULL && (len == 0 || text[len - 1] != '.') ?
	    true : err_set(err, ERR_CONFIG, "expected the API name of a field, "
	    "like \"NPSToday_Tags__c\"");
}

static bool
check_version(const char *text, struct err *err)
{
	const size_t whole = strspn(text, "0123456789");

	return whole >= 2 && whole <= 3 && strcmp(text + whole, ".0") == 0 ?
	    true : err_set(err, ERR_CONFIG, "expected a version like \"62.0\"");
}

static bool
check_line(const char *text, struct err *err)
{
	return text_is_line(text) ? true : err_set(err, ERR_CONFIG,
	    "expected a text without control characters");
}

/* ---- writing ---------------------------------------------------------------- */
static const struct opt response_fields_opts[] = {
	FIELD("contact", w.response.contact, "Contact__c", "look-up of the card"),
	FIELD("campaign", w.response.campaign, "Campaign__c", "its name"),
	FIELD("score", w.response.score, "Score__c", "0 to 10"),
	FIELD("comment", w.response.comment, "Comment__c", "long text"),
	FIELD("answered_at", w.response.answered_at, "", "date and time"),
	FIELD("type", w.response.type, "", "promoter, passive, detractor"),
	FIELD("campaign_id", w.response.campaign_id, "", "its number"),
	FIELD("member_id", w.response.member_id, "", "of the respondent"),
	FIELD("wants_contact", w.response.wants_contact, "", "checkbox"),
	END
};

/* ---- all -------------------------------------------------------------------- */
const struct opt salesforce_opts[] = {
	{ .name = "login_url", .type = OPT_URL, .offset = AT(login_url),
	    .help = "where tokens are asked for, the org's My Domain: "
	    "https://NAME.my.salesforce.com" },
	STR("api_version", api_version, "62.0", check_version,
	    "of all calls; one that is retired answers 410"),
	CHOICE("auth", auth, "client_credentials", auths,
	    "how a token is got: with a secret, or signed with a key"),
	STR("client_id", client_id, NULL, check_line,
	    "consumer key of the connected app"),
	SECRET("client_secret", client_secret, "its consumer secret"),
	CHOICE("secret_in", secret_in, "body", secrets_in,
	    "where id and secret go: the form, or a header"),
	STR("jwt_user", jwt_user, "", check_line,
	    "auth = \"jwt\": name of the user that npsync works as"),
	SECRET("jwt_key", jwt_key, "auth = \"jwt\": private RSA key, PEM"),
	STR("jwt_audience", jwt_audience, "", check_line,
	    "auth = \"jwt\": empty = login_url; often "
	    "https://login.salesforce.com"),
	INT("jwt_lifetime_s", jwt_lifetime_s, "180", 30, 300,
	    "auth = \"jwt\": how long an assertion holds"),

	FLAG("meetings", meetings, "true", "read meetings that were held"),
	FLAG("deals", deals, "true", "read deals that were won or lost"),
	FLAG("cases", cases, "true", "read cases that were closed"),
	CHOICE("meeting_object", meeting_object, "Event", meeting_objects,
	    "what a meeting is: an event whose end is past, or a closed task"),
	STR("meeting_filter", meeting_filter, "", check_line,
	    "further condition in SOQL: \"Type = 'Visit'\""),
	FIELD("meeting_time_field", meeting_time_field, "",
	    "when it was held; empty = EndDateTime, of tasks "
	    "CompletedDateTime"),
	FIELD("meeting_category_field", meeting_category_field, "Type",
	    "category for the filters"),
	FLAG("meeting_who_relation", meeting_who_relation, "false",
	    "shared activities: every contact of a meeting"),
	INT("meeting_late_days", meeting_late_days, "14", 0, 365,
	    "a meeting entered so many days after it was held is still found"),
	CHOICE("deal_contact_rule", deal_contact_rule, "primary_or_only", rules,
	    "which contact role is asked"),
	CHOICE("deal_rewin", deal_rewin, "once", rewins,
	    "a deal that is opened and closed again: once, or an event again"),
	FIELD("deal_event_time_field", deal_event_time_field, "",
	    "when it was closed; empty = LastStageChangeDate, else the history"),
	FIELD("deal_category_field", deal_category_field, "Type",
	    "category for the filters"),
	LIST("case_status_exclude", case_status_exclude, "[]",
	    "closed cases that are none: [ \"Merged\", \"Duplicate\" ]"),
	FIELD("case_category_field", case_category_field, "Type",
	    "category for the filters"),
	FLAG("activity_use_queryall", activity_use_queryall, "true",
	    "activities: archived and deleted ones too"),
	INT("activity_first_days", activity_first_days, "400", 30, 3650,
	    "the first reading of activities goes back so far"),

	FIELD("optout_field", optout_field, "HasOptedOutOfEmail",
	    "checkbox: no mail; missing in the org = nobody is asked"),
	FIELD("bounce_field", bounce_field, "IsEmailBounced",
	    "checkbox: the address is dead, so it is not used"),
	FIELD("employment_field", employment_field, "",
	    "says who left; missing in the org = nobody is asked"),
	LIST("employment_left_values", employment_left_values, "[ \"true\" ]",
	    "values of employment_field that mean: left"),
	FLAG("use_account_contact_relation", use_account_contact_relation,
	    "false", "an inactive relation to the account means: left"),
	FIELD("nosend_field", nosend_field, "",
	    "checkbox: no surveys, beside the tag NPSToday.NoSend"),
	FIELD("language_field", language_field, "", "of the contact"),
	FIELD("country_field", country_field, "", "two letters"),
	FIELD("relation_field", relation_field, "",
	    "customer, partner, ...: \"Account.Type\""),
	FIELD("segment_field", segment_field, "", "\"Account.Industry\""),
	FIELD("department_field", department_field, "", "ours that serves it"),
	FIELD("consent_field", consent_field, "",
	    "checkbox: consent; missing in the org = nobody is asked"),
	FIELD("consent_at_field", consent_at_field, "", "when it was given"),
	FIELD("company_tag_field", company_tag_field, "",
	    "tags of the account: \"NPSToday_Tags__c\""),
	{ .name = "extra_fields", .type = OPT_STRLIST,
	    .offset = AT(extra_fields), .def = "[]", .check = check_field,
	    .help = "further fields of Contact, for survey.fields" },

	INT("query_batch_size", query_batch_size, "2000", 200, 2000,
	    "rows of a page; a hint to the service"),
	INT("in_list_max", in_list_max, "200", 1, 400,
	    "ids of one statement"),
	INT("query_path_max", query_path_max, "14000", 2000, 100000,
	    "bytes of a statement in an address; fewer ids beyond it"),
	INT("bulk_threshold_rows", bulk_threshold_rows, "50000", 0, 100000000,
	    "a statement with more rows is read as a job of Bulk API 2.0; "
	    "0 = never"),
	INT("bulk_page_rows", bulk_page_rows, "10000", 100, 250000,
	    "rows of a page of a job's results"),
	INT("bulk_poll_s", bulk_poll_s, "10", 0, 300,
	    "a job is asked after no less often than this, in seconds"),
	INT("bulk_wait_s", bulk_wait_s, "1800", 10, 86400,
	    "a job that takes longer waits for the next run"),
	INT("quota_stop_pct", quota_stop_pct, "80", 1, 100,
	    "stops when so much of the org's daily calls is used"),
	INT("quota_run_pct", quota_run_pct, "25", 1, 100,
	    "stops when this run used so much of them"),
	{ .name = "http_retry_statuses", .type = OPT_INTLIST,
	    .offset = AT(http_retry_statuses), .def = "[ 406, 420 ]",
	    .min = 400, .max = 499,
	    .help = "tried again beside 408, 425, 429 and 5xx" },

	FIELD("tag_field", w.tag_field, "NPSToday_Tags__c",
	    "long text of Contact with the tags, joined by \";\""),
	CHOICE("tag_separator", w.tag_separator, "semicolon", separators,
	    "how they are joined there; both are read"),
	CHOICE("tag_guard", w.tag_guard, "none", guards,
	    "\"unmodified\": a card changed since it was read, a moment ago, "
	    "is read again; 25 a call"),
	FIELD("response_object", w.response_object, "",
	    "custom object of answers, \"NPSToday_Response__c\"; empty = none"),
	FIELD("response_key_field", w.response_key_field,
	    "NPSToday_ResponseId__c", "its external id"),
	{ .name = "response_fields", .type = OPT_GROUP, .offset = 0,
	    .sub = response_fields_opts, .help = "its other fields" },
	FLAG("chatter_post", w.chatter_post, "false",
	    "answers as posts on the card"),
	INT("collections_max", w.collections_max, "200", 1, 200,
	    "records of one write"),
	LIST("record_retry_codes", w.record_retry_codes,
	    "[ \"UNABLE_TO_LOCK_ROW\", \"REQUEST_RUNNING_TOO_LONG\", "
	    "\"SERVER_UNAVAILABLE\" ]",
	    "a record refused with one of them is written another time"),
	END
};
