/*
 * options.c - every name and number of the service that is not confirmed, or
 * that a portal may have of its own, as an option.
 */
#include <string.h>

#include "settings.h"
#include "text.h"

#define AT(member) offsetof(struct hs_settings, member)
#define END { .name = NULL }
#define STR(key, member, value, test, text) { .name = key, .type = OPT_STR, \
	.offset = AT(member), .def = value, .check = test, .help = text }
#define PROPERTY(key, member, value, text) STR(key, member, value, \
	check_property, text)
#define LIST(key, member, value, test, text) { .name = key, \
	.type = OPT_STRLIST, .offset = AT(member), .def = value, \
	.check = test, .help = text }
#define FLAG(key, member, value, text) { .name = key, .type = OPT_BOOL, \
	.offset = AT(member), .def = value, .help = text }
#define INT(key, member, value, low, high, text) { .name = key, \
	.type = OPT_INT, .offset = AT(member), .def = value, .min = low, \
	.max = high, .help = text }
#define CHOICE(key, member, value, list, text) { .name = key, \
	.type = OPT_CHOICE, .offset = AT(member), .def = value, \
	.choices = list, .help = text }

static const char *const versions[] = { "legacy", "2026-03", "2026-09", NULL };
static const char *const deal_rules[] = { "stage_metadata", "flags", NULL };
static const char *const optout_sources[] = { "property", "preferences", NULL };
static const char *const tag_types[] = { "text", "enumeration", NULL };
static const char *const date_formats[] = { "iso", "epoch", NULL };

/* ---- what else a text must hold ----------------------------------------- */
/* It becomes a part of a query and of an address. */
static bool
check_property(const char *text, struct err *err)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz"
	    "0123456789_";

	return strlen(text) <= 100 && text[strspn(text, letters)] == '\0' ?
	    true : err_set(err, ERR_CONFIG, "expected the internal name of a "
	    "property, like \"npstoday_tags\"");
}

static bool
check_line(const char *text, struct err *err)
{
	return text_is_line(text) && strlen(text) <= 200 ? true : err_set(err,
	    ERR_CONFIG, "expected a short text without control characters");
}

/* Of a pipeline's stage: a number, a word, or a GUID. */
static bool
check_id(const char *text, struct err *err)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";
	const size_t len = strlen(text);

	return len > 0 && len <= 64 && text[strspn(text, letters)] == '\0' ?
	    true : err_set(err, ERR_CONFIG, "expected an id like "
	    "\"closedwon\" or \"12345\"");
}

static bool
check_type(const char *text, struct err *err)
{
	static const char *const known[] = { "meetings", "calls", "emails",
		"communications", "tasks" };

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strcmp(text, known[i]) == 0)
			return true;
	return err_set(err, ERR_CONFIG, "expected \"meetings\", \"calls\", "
	    "\"emails\", \"communications\" or \"tasks\"");
}

/* ---- all ------------------------------------------------------------------ */
const struct opt hubspot_opts[] = {
	{ .name = "base_url", .type = OPT_URL, .offset = AT(base_url),
	    .def = "https://api.hubapi.com",
	    .help = "where the service is; the same for all data centres" },
	{ .name = "token", .type = OPT_SECRET, .offset = AT(token),
	    .def = NULL, .help = "of a Service Key, or of a private app" },
	CHOICE("api_version", api_version, "2026-09", versions,
	    "of all paths; \"2026-03\": a write passes by the portal's "
	    "validation rules; \"legacy\": v3 and v4"),

	FLAG("meetings", meetings, "true", "read meetings that were held"),
	FLAG("deals", deals, "true", "read deals that were won or lost"),
	FLAG("tickets", tickets, "true", "read tickets that were closed"),
	LIST("meeting_outcomes", meeting_outcomes, "[ \"COMPLETED\" ]",
	    check_line, "outcomes that mean: it was held"),
	FLAG("meeting_fallback", meeting_fallback, "false",
	    "a meeting without an outcome was held when its end is past"),
	LIST("meeting_not_held", meeting_not_held,
	    "[ \"CANCELED\", \"NO_SHOW\", \"RESCHEDULED\" ]", check_line,
	    "outcomes that mean: it was not held, whatever its end"),
	INT("meeting_late_days", meeting_late_days, "14", 0, 365,
	    "meeting_fallback: one entered so many days after it was held is "
	    "still found"),
	PROPERTY("meeting_category_property", meeting_category_property,
	    "hs_activity_type", "category for the filters"),
	CHOICE("deal_rule", deal_rule, "stage_metadata", deal_rules,
	    "won and lost by the stages of the pipelines, or by "
	    "hs_is_closed_won of the deal"),
	LIST("won_stages", won_stages, "[]", check_id,
	    "ids of stages that mean: won; with lost_stages instead of "
	    "deal_rule"),
	LIST("lost_stages", lost_stages, "[]", check_id,
	    "ids of stages that mean: lost"),
	STR("deal_contacts", deal_contacts, "all", check_line,
	    "whom of a deal: \"all\", or those with this association label"),
	PROPERTY("deal_category_property", deal_category_property, "dealtype",
	    "category for the filters"),
	LIST("ticket_closed_stages", ticket_closed_stages, "[]", check_id,
	    "ids of stages that mean: closed; empty = what the pipelines say"),
	PROPERTY("ticket_closed_property", ticket_closed_property,
	    "closed_date", "when it was closed; empty = not known"),
	PROPERTY("ticket_category_property", ticket_category_property,
	    "hs_ticket_category", "category for the filters"),
	LIST("activity_types", activity_types, "[ \"meetings\" ]", check_type,
	    "what counts against inactivity: meetings, calls, emails, "
	    "communications, tasks"),
	INT("activity_first_days", activity_first_days, "400", 30, 3650,
	    "the first reading of activities goes back so far"),

	CHOICE("optout_source", optout_source, "property", optout_sources,
	    "\"preferences\": ask the subscriptions of each address too"),
	PROPERTY("optout_property", optout_property, "hs_email_optout",
	    "no mail at all; missing in the portal = nobody is asked"),
	LIST("optout_subscriptions", optout_subscriptions, "[]", check_id,
	    "ids of subscription types: who left one of them is not asked"),
	LIST("bounce_properties", bounce_properties, "[ \"hs_email_bounce\" ]",
	    check_property, "not empty, 0 or false: the address is dead"),
	PROPERTY("employment_property", employment_property, "",
	    "says who left; missing in the portal = nobody is asked"),
	LIST("employment_left_values", employment_left_values, "[ \"true\" ]",
	    check_line, "values of employment_property that mean: left"),
	PROPERTY("nosend_property", nosend_property, "",
	    "checkbox: no surveys, beside the tag NPSToday.NoSend"),
	PROPERTY("consent_property", consent_property, "",
	    "checkbox: consent; missing in the portal = nobody is asked"),
	PROPERTY("consent_at_property", consent_at_property, "",
	    "when it was given"),
	PROPERTY("language_property", language_property, "", "of the contact"),
	PROPERTY("country_property", country_property, "", "two letters"),
	PROPERTY("relation_property", relation_property, "",
	    "customer, partner, ...: \"lifecyclestage\""),
	PROPERTY("segment_property", segment_property, "", "\"industry\""),
	PROPERTY("department_property", department_property, "",
	    "ours that serves it"),
	FLAG("owners", owners, "false", "names and addresses of contacts' "
	    "owners; needs the scope crm.objects.owners.read"),
	STR("portal_id", portal_id, "", check_line,
	    "number of the portal: links to cards; empty = none"),
	LIST("extra_properties", extra_properties, "[]", check_property,
	    "further properties of contacts, for survey.fields"),

	INT("list_limit", list_limit, "100", 10, 100, "rows of a list's page"),
	INT("search_limit", search_limit, "200", 10, 200,
	    "rows of a search's page"),
	INT("search_max", search_max, "10000", 100, 100000,
	    "rows that the service gives out for one search"),
	INT("window_s", window_s, "3600", 1, 86400,
	    "a search begins with so much time; more where little happened"),
	INT("split_total", split_total, "9000", 100, 100000,
	    "a search with more rows is halved; below search_max"),
	INT("max_pages", max_pages, "1000", 10, 100000,
	    "pages of one search, pages of a list without a row"),
	FLAG("check_total", check_total, "true",
	    "fewer rows than a search announced are an error"),
	INT("overlap_s", overlap_s, "3600", 0, 86400,
	    "each pass begins so much before the last one's end, if that is "
	    "more than watermark.overlap_s"),
	INT("upper_margin_s", upper_margin_s, "600", 0, 86400,
	    "rows younger than this are left to the next pass"),
	INT("link_late_days", link_late_days, "3", 0, 30,
	    "events are read again for so many days: a contact that is linked "
	    "later changes nothing else"),
	{ .name = "search_rate", .type = OPT_FLOAT, .offset = AT(search_rate),
	    .def = "3", .min = 0.1, .max = 5,
	    .help = "searches a second at most, of all types together; the "
	    "account has 5 for all its programs" },
	{ .name = "rate_per_second", .type = OPT_FLOAT,
	    .offset = AT(rate_per_second), .def = "8", .min = 0.01, .max = 19,
	    .help = "requests a second at most; a token has 100 in ten "
	    "seconds, or more" },
	{ .name = "retry_statuses", .type = OPT_INTLIST,
	    .offset = AT(retry_statuses), .def = "[ 423, 477 ]",
	    .min = 400, .max = 499,
	    .help = "tried again beside 408, 425, 429 and 5xx" },

	PROPERTY("tag_property", w.tag_property, "npstoday_tags",
	    "of contacts: the tags, joined by \";\""),
	CHOICE("tag_type", w.tag_type, "text", tag_types,
	    "\"enumeration\": a multiple checkbox, whose options are added"),
	FLAG("bisect_on_400", w.bisect_on_400, "true",
	    "an update that is refused as a whole is written by halves"),
	CHOICE("date_format", w.date_format, "iso", date_formats,
	    "days in writeback.fields: \"2026-11-25\", or midnight UTC in ms"),
	INT("batch_max", w.batch_max, "100", 1, 100, "cards of one update"),
	END
};
