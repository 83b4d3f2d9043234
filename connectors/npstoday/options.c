/*
 * options.c - every name of the service that is not confirmed in public, as
 * an option.  The same three tables of a listing (items, paging, since) stand
 * under members, responses and unsubscribes.
 */
#include "npstoday.h"

#define AT(member) offsetof(struct npstoday_settings, member)
#define ITEMS "[ \"\", \"/data\", \"/items\", \"/results\", \"/value\" ]"
#define NONE "[ \"\" ]"
#define END { .name = NULL }

#define STR(key, member, value, text) { .name = key, .type = OPT_STR, \
	.offset = member, .def = value, .help = text }
#define LIST(key, member, value, text) { .name = key, .type = OPT_STRLIST, \
	.offset = member, .def = value, .help = text }
#define BOOL(key, member, value, text) { .name = key, .type = OPT_BOOL, \
	.offset = member, .def = value, .help = text }
#define INT(key, member, value, low, high, text) { .name = key, \
	.type = OPT_INT, .offset = member, .def = value, .min = low, \
	.max = high, .help = text }
#define CHOICE(key, member, value, list, text) { .name = key, \
	.type = OPT_CHOICE, .offset = member, .def = value, .choices = list, \
	.help = text }
#define GROUP(key, table, text) { .name = key, .type = OPT_GROUP, \
	.offset = 0, .sub = table, .help = text }

static const char *const auth_styles[] = { "raw", "prefix", "basic", NULL };
static const char *const methods[] = { "GET", "POST", "PUT", NULL };
static const char *const erase_methods[] = { "DELETE", "POST", NULL };
static const char *const customs[] = { "object", "string", NULL };
static const char *const external_ids[] = { "contact", "ref", "none", NULL };
static const char *const foreigns[] = { "match", "ignore", NULL };
static const char *const channels[] = { "email", "sms", NULL };
static const char *const tls_versions[] = { "1.2", NULL };

static const struct opt auth_opts[] = {
	STR("header", AT(auth.header), "Authorization",
	    "header that carries the key"),
	CHOICE("style", AT(auth.style), "prefix", auth_styles,
	    "raw: the key; prefix: auth.prefix + key; basic: auth.user:key"),
	STR("prefix", AT(auth.prefix), "apikey ", "text before the key"),
	STR("user", AT(auth.user), "ApiKey", "user name of style basic"),
	END
};

static const struct opt campaigns_opts[] = {
	CHOICE("method", AT(campaigns.method), "GET", methods, "HTTP method"),
	STR("path", AT(campaigns.path), "/campaigns/", "list of campaigns"),
	STR("items", AT(campaigns.items), "", "pointer to the array"),
	STR("id", AT(campaigns.id), "id", "member with the id"),
	STR("name", AT(campaigns.name), "name", "member with the name"),
	END
};

static const struct opt send_at_opts[] = {
	STR("field", AT(send.send_at.field), "respondent.sendEmailAt",
	    "where the sending time goes; empty = left out"),
	STR("sms_field", AT(send.send_at.sms_field), "",
	    "the same for SMS campaigns"),
	STR("format", AT(send.send_at.format), "%Y-%m-%d %H:%M:%S",
	    "%Y %m %d %H %I %M %S %p, or iso8601z, or unix"),
	STR("zone", AT(send.send_at.zone), "UTC", "zone the time is meant in"),
	END
};

static const struct opt send_opts[] = {
	CHOICE("method", AT(send.method), "POST", methods, "HTTP method"),
	STR("path", AT(send.path), "/campaigns/{campaign_id}/respondent",
	    "adds a respondent"),
	STR("ok", AT(send.ok), "2xx", "status codes of success: \"2xx\", "
	    "\"200 201\""),
	{ .name = "template_file", .type = OPT_PATH,
	    .offset = AT(send.template_file), .def = "",
	    .help = "JSON body with holes; empty = the one compiled in" },
	GROUP("send_at", send_at_opts, "when the mail shall leave"),
	BOOL("html_is_uncertain", AT(send.html_is_uncertain), "true",
	    "a success with a page as body proves nothing"),
	CHOICE("custom_as", AT(send.custom_as), "object", customs,
	    "form of the member custom"),
	BOOL("guid", AT(send.guid), "true", "our reference goes into guid"),
	BOOL("guid_is_idempotent", AT(send.guid_is_idempotent), "false",
	    "proven: a guid sent twice is one send"),
	BOOL("retry_5xx", AT(send.retry_5xx), "false",
	    "repeat after 5xx; only with guid_is_idempotent"),
	CHOICE("external_id", AT(send.external_id), "contact", external_ids,
	    "what goes into externalId"),
	BOOL("set_active", AT(send.set_active), "false",
	    "send active = true; may lift an opt-out there"),
	BOOL("with_employee", AT(send.with_employee), "true",
	    "send the account manager"),
	LIST("remote_id", AT(send.remote_id),
	    "[ \"/id\", \"/campaignMemberId\", \"/guid\" ]",
	    "where a success holds its id"),
	{ .name = "duplicate_status", .type = OPT_INTLIST,
	    .offset = AT(send.duplicate_status), .def = "[ 409 ]", .min = 0,
	    .max = 599, .help = "status codes: is there already; 0 = none" },
	LIST("duplicate_match", AT(send.duplicate_match), NONE,
	    "the same by a piece of the body"),
	{ .name = "suppressed_status", .type = OPT_INTLIST,
	    .offset = AT(send.suppressed_status), .def = "[ 0 ]", .min = 0,
	    .max = 599, .help = "status codes: taken but not mailed" },
	LIST("suppressed_match", AT(send.suppressed_match), NONE,
	    "the same by a piece of the body"),
	LIST("opted_out_match", AT(send.opted_out_match), NONE,
	    "pieces of a body that says: this person opted out"),
	END
};

#define FEED(member, feed_path, feed_since) \
	CHOICE("method", AT(member.method), "GET", methods, "HTTP method"), \
	STR("path", AT(member.path), feed_path, "listing"), \
	STR("since_param", AT(member.since_param), feed_since, \
	    "parameter of the oldest change; empty = whole listing"), \
	STR("since_format", AT(member.since_format), "iso8601z", \
	    "iso8601z, unix, or a pattern as send.send_at.format"), \
	STR("zone", AT(member.zone), "UTC", "of times without a zone"), \
	STR("initial_since", AT(member.initial_since), \
	    "2022-09-01T00:00:00Z", "where the first pull begins"), \
	INT("overlap_h", AT(member.overlap_h), "48", 0, 8760, \
	    "hours read again before the watermark")

static const struct opt member_map_opts[] = {
#define M(f) AT(members.map.f)
	LIST("id", M(id), "[ \"id\", \"campaignMemberId\" ]", "id"),
	LIST("custom", M(custom), "[ \"custom\" ]", "custom data"),
	LIST("guid", M(guid), "[ \"guid\" ]", "our reference"),
	LIST("status", M(status), "[ \"additionStatus\" ]",
	    "what became of the add"),
	LIST("exposed_at", M(exposed_at), "[ \"firstSurveyExposure\" ]",
	    "when the survey went out"),
	LIST("created_at", M(created_at),
	    "[ \"created\", \"createdAt\", \"creationTime\" ]",
	    "when it was added"),
	LIST("campaign_id", M(campaign_id), "[ \"campaignId\" ]", "campaign"),
	LIST("email", M(email),
	    "[ \"respondent.emailAddress\", \"emailAddress\" ]", "address"),
	LIST("phone", M(phone),
	    "[ \"respondent.phoneNumber\", \"phoneNumber\" ]", "number"),
	LIST("external_id", M(external_id),
	    "[ \"respondent.externalId\", \"externalId\" ]", "our contact"),
	END
#undef M
};

static const struct opt members_opts[] = {
	BOOL("enabled", AT(members.enabled), "false",
	    "the tenant has shown that this listing works"),
	FEED(members, "/v2/bi/campaignmembers", "modifiedAfter"),
	INT("settle_min", AT(members.settle_min), "30", 0, 10080,
	    "a send younger than this is never called absent"),
	LIST("items", AT(members.items), ITEMS, "pointers to the array"),
	LIST("not_sent", AT(members.not_sent), NONE,
	    "values of map.status that mean: added, not mailed"),
	{ .name = "paging", .type = OPT_GROUP, .offset = AT(members.paging),
	    .sub = paging_opts, .help = "page after page" },
	GROUP("map", member_map_opts, "candidate names, first one wins"),
	END
};

static const struct opt answer_map_opts[] = {
#define M(f) AT(responses.map.f)
	LIST("id", M(id), "[ \"id\", \"responseId\", \"responsesId\" ]", "id"),
	LIST("score", M(score), "[ \"rating\", \"score\" ]", "0 to 10"),
	LIST("comment", M(comment), "[ \"userComment\", \"comment\" ]",
	    "what the person wrote"),
	LIST("rated_at", M(rated_at), "[ \"ratingTime\", \"rated\" ]",
	    "time of the rating"),
	LIST("commented_at", M(commented_at), "[ \"commentTime\" ]",
	    "time of the comment"),
	LIST("changed_at", M(changed_at), NONE, "time of the last change"),
	LIST("campaign_id", M(campaign_id), "[ \"campaignId\" ]", "campaign"),
	LIST("campaign_name", M(campaign_name), "[ \"campaignName\" ]",
	    "its name"),
	LIST("email", M(email), "[ \"respondent.emailAddress\", "
	    "\"emailAddress\", \"respondentEmail\" ]", "address"),
	LIST("phone", M(phone),
	    "[ \"respondent.phoneNumber\", \"phoneNumber\" ]", "number"),
	LIST("first_name", M(first_name),
	    "[ \"respondent.firstName\", \"firstName\" ]",
	    "tells anonymised people"),
	LIST("external_id", M(external_id),
	    "[ \"respondent.externalId\", \"externalId\" ]", "our contact"),
	LIST("member_id", M(member_id), "[ \"campaignMemberId\" ]",
	    "id of the send"),
	LIST("custom", M(custom), "[ \"custom\" ]", "custom data"),
	LIST("active", M(active), "[ \"respondent.active\" ]",
	    "false = opted out"),
	LIST("do_not_contact", M(do_not_contact), "[ \"doNotContact\" ]",
	    "true = opted out"),
	END
#undef M
};

static const struct opt responses_opts[] = {
	FEED(responses, "/v2/bi/responses", "modifiedAfter"),
	CHOICE("foreign", AT(responses.foreign), "match", foreigns,
	    "ignore: leave out answers without our reference or contact"),
	STR("anonymous_first_name", AT(responses.anonymous_first_name),
	    "Anonymous", "first name of anonymised people; empty = none"),
	STR("anonymous_email_match", AT(responses.anonymous_email_match),
	    "@npst", "piece of their address; empty = none"),
	LIST("items", AT(responses.items), ITEMS, "pointers to the array"),
	{ .name = "paging", .type = OPT_GROUP, .offset = AT(responses.paging),
	    .sub = paging_opts, .help = "page after page" },
	GROUP("map", answer_map_opts, "candidate names, first one wins"),
	END
};

static const struct opt optout_map_opts[] = {
#define M(f) AT(unsubscribes.map.f)
	LIST("email", M(email), "[ \"emailAddress\", \"email\" ]", "address"),
	LIST("phone", M(phone), "[ \"phoneNumber\" ]", "number"),
	LIST("at", M(at), NONE, "when"),
	END
#undef M
};

static const struct opt unsubscribes_opts[] = {
	FEED(unsubscribes, "", ""),
	BOOL("from_responses", AT(unsubscribes.from_responses), "true",
	    "opt-outs seen in answers count too"),
	LIST("items", AT(unsubscribes.items),
	    "[ \"\", \"/data\", \"/items\" ]", "pointers to the array"),
	{ .name = "paging", .type = OPT_GROUP,
	    .offset = AT(unsubscribes.paging), .sub = paging_opts,
	    .help = "page after page" },
	GROUP("map", optout_map_opts, "candidate names, first one wins"),
	END
};

static const struct opt erase_opts[] = {
	BOOL("enabled", AT(erase.enabled), "false",
	    "the tenant has shown that these calls work"),
	STR("find_path", AT(erase.find_path), "/respondents",
	    "looks a respondent up"),
	STR("email_param", AT(erase.email_param), "emailAddress",
	    "its parameter of the address"),
	STR("phone_param", AT(erase.phone_param), "phoneNumber",
	    "its parameter of the number"),
	LIST("items", AT(erase.items), ITEMS, "pointers to the array"),
	LIST("id", AT(erase.id), "[ \"id\", \"respondentId\" ]", "id"),
	LIST("email", AT(erase.email), "[ \"emailAddress\", \"email\" ]",
	    "address"),
	LIST("phone", AT(erase.phone), "[ \"phoneNumber\" ]", "number"),
	{ .name = "method", .type = OPT_CHOICE, .offset = AT(erase.method),
	    .def = "DELETE", .choices = erase_methods,
	    .size = sizeof(const char *), .help = "HTTP method" },
	STR("path", AT(erase.path), "/respondents/{id}",
	    "deletes a respondent with all campaign members"),
	END
};

static const struct opt campaign_opts[] = {
#define M(f) offsetof(struct campaign_settings, f)
	INT("id", M(id), NULL, 1, 2147483647, "campaign id"),
	STR("alias", M(alias), "", "name used in tags instead of its own"),
	CHOICE("channel", M(channel), "email", channels,
	    "what a respondent must have"),
	END
#undef M
};

const struct opt npstoday_opts[] = {
	{ .name = "base_url", .type = OPT_URL, .offset = AT(base_url),
	    .def = "https://api.nps.today", .help = "address of the service" },
	{ .name = "api_key", .type = OPT_SECRET, .offset = AT(api_key),
	    .def = "credential:npstoday",
	    .help = "Account > Api Keys in the service" },
	CHOICE("tls_min", AT(tls_min), "1.2", tls_versions,
	    "oldest TLS version; older ones are never spoken"),
	INT("log_error_bytes", AT(log_error_bytes), "512", 0, 512,
	    "how much of an error body a reason may quote (it holds 127)"),
	GROUP("auth", auth_opts, "how the key travels"),
	GROUP("campaigns", campaigns_opts, "list of campaigns"),
	GROUP("send", send_opts, "adding a respondent"),
	GROUP("members", members_opts, "sends as the service lists them"),
	GROUP("responses", responses_opts, "answers"),
	GROUP("unsubscribes", unsubscribes_opts, "opt-outs"),
	GROUP("erase", erase_opts, "deleting a respondent"),
	{ .name = "campaign", .type = OPT_GROUPLIST, .offset = AT(campaign),
	    .def = "()", .sub = campaign_opts,
	    .size = sizeof(struct campaign_settings),
	    .help = "what npsync should know of single campaigns" },
	END
};
