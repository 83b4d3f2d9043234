/*
 * options.c - the options of the superoffice connector: every name and number
 * of the service that is not confirmed, or that a tenant may have of its own.
 */
#include "settings.h"

#include <string.h>

#include "text.h"
#include "url.h"

#define AT(member) offsetof(struct so_settings, member)
#define END { .name = NULL }
#define TEXT(key, member, value, fn, text) { .name = key, .type = OPT_STR, \
	.offset = AT(member), .def = value, .check = fn, .help = text }
#define KEY(key, member, text) { .name = key, .type = OPT_SECRET, \
	.offset = AT(member), .def = "", .help = text }
#define LIST(key, member, value, fn, text) { .name = key, \
	.type = OPT_STRLIST, .offset = AT(member), .def = value, .check = fn, \
	.help = text }
#define IDS(key, member, value, text) { .name = key, \
	.type = OPT_INTLIST, .offset = AT(member), .def = value, .min = 0, \
	.max = 2147483647, .help = text }
#define FLAG(key, member, value, text) { .name = key, .type = OPT_BOOL, \
	.offset = AT(member), .def = value, .help = text }
#define NUMBER(key, member, value, low, high, text) { .name = key, \
	.type = OPT_INT, .offset = AT(member), .def = value, .min = low, \
	.max = high, .help = text }
#define REAL(key, member, value, low, high, text) { .name = key, \
	.type = OPT_FLOAT, .offset = AT(member), .def = value, .min = low, \
	.max = high, .help = text }
#define CHOICE(key, member, value, list, text) { .name = key, \
	.type = OPT_CHOICE, .offset = AT(member), .def = value, \
	.choices = list, .help = text }

/* Each in the order of its enum in settings.h. */
static const char *const modes[] = { "online", "onsite", NULL };
static const char *const auths[] = { "system_user", "refresh_token", "basic",
	"ticket", NULL };
static const char *const verifies[] = { "claims", "signature", NULL };
static const char *const naives[] = { "reject", "utc", NULL };
static const char *const consents[] = { "off", "withdrawn", "required", NULL };
static const char *const archive_modes[] = { "default", "slim", "full", NULL };
static const char *const stamps[] = { "closedAt", "lastChanged", NULL };
static const char *const levels[] = { "person", "company", NULL };
static const char *const tag_modes[] = { "off", "interests", "field", NULL };
static const char *const tag_guards[] = { "test", "unmodified", "none", NULL };
static const char *const field_dates[] = { "refuse", "day_first",
	"month_first", "iso", NULL };

/* ---- what else a text must hold ---------------------------------------- */
#define LETTERS "abcdefghijklmnopqrstuvwxyz" \
	"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_"

static bool
check_line(const char *text, struct err *err)
{
	return text_is_line(text) || err_set(err, ERR_CONFIG,
	    "expected a text without control characters");
}

/* A host alone, or with a scheme where it is a test's. */
static bool
check_host(const char *text, struct err *err)
{
	struct err why;

	return (*text != '\0' && strspn(text, LETTERS ".-:") ==
	    strlen(text)) || url_check_base(text, true, &why) ||
	    err_set(err, ERR_CONFIG, "expected a host like "
	    "\"online.superoffice.com\"");
}

static bool
check_context(const char *text, struct err *err)
{
	return strspn(text, LETTERS) == strlen(text) || err_set(err,
	    ERR_CONFIG, "expected the tenant's id, like \"Cust12345\"");
}

static bool
check_names(const char *text, struct err *err)
{
	return strspn(text, LETTERS ",") == strlen(text) || err_set(err,
	    ERR_CONFIG, "expected names parted by commas");
}

/* "SuperOffice:3", "x_name". */
static bool
check_key(const char *text, struct err *err)
{
	return strspn(text, LETTERS ":.-") == strlen(text) || err_set(err,
	    ERR_CONFIG, "expected the key of a user-defined field, "
	    "\"SuperOffice:3\" or \"x_name\"");
}

static bool
check_column(const char *text, struct err *err)
{
	return strspn(text, LETTERS ":./-") == strlen(text) || err_set(err,
	    ERR_CONFIG, "expected a column of the archive, like "
	    "\"personContact/category\"");
}

static bool
check_needed_column(const char *text, struct err *err)
{
	return (*text != '\0' || err_set(err, ERR_CONFIG, "expected a column "
	    "of the archive")) && check_column(text, err);
}

static bool
check_nosend(const char *text, struct err *err)
{
	static const char interest[] = "interest:", field[] = "field:";
	const size_t n = sizeof(interest) - 1, m = sizeof(field) - 1;

	if (*text == '\0' || (strncmp(text, interest, n) == 0 &&
	    text[n] != '\0' && text_is_line(text)) ||
	    (strncmp(text, field, m) == 0 && text[m] != '\0' &&
	        check_key(text + m, err)))
		return true;
	return err_set(err, ERR_CONFIG, "expected \"interest:NAME\", "
	    "\"field:KEY\" or nothing");
}

/* ---- all --------------------------------------------------------------- */
const struct opt superoffice_opts[] = {
	CHOICE("mode", mode, "online", modes,
	    "SuperOffice Online, or a server of one's own"),
	TEXT("login_host", login_host, "online.superoffice.com", check_host,
	    "online: where one logs in and asks where the tenant is"),
	TEXT("context_id", context_id, "", check_context,
	    "online: the tenant, \"Cust12345\""),
	TEXT("base_url", base_url, "", NULL,
	    "onsite: https://SERVER/SITE; online: empty, the tenant moves"),
	CHOICE("auth", auth, "system_user", auths,
	    "how we log in; basic and ticket are for onsite"),
	TEXT("client_id", client_id, "", check_line,
	    "refresh_token: id of the application"),
	KEY("client_secret", client_secret,
	    "online: secret of the application (SO-AppToken)"),
	KEY("system_user_token", system_user_token,
	    "system_user: what the consent of the tenant gave"),
	KEY("private_key", private_key,
	    "system_user: RSA key of the application, PEM"),
	KEY("refresh_token", refresh_token,
	    "refresh_token: what the user's consent gave"),
	TEXT("redirect_uri", redirect_uri, "", check_line,
	    "refresh_token: that of the application, if asked for"),
	TEXT("user", user, "", check_line, "basic: name of the user"),
	KEY("password", password, "basic: the password"),
	KEY("ticket", ticket, "ticket: it, \"7T:...\""),
	LIST("jwt_issuers", jwt_issuers, "[]", check_line,
	    "who may have issued the ticket's token; empty = the login host, "
	    "\"SuperOffice AS\""),
	CHOICE("jwt_verify", jwt_verify, "claims", verifies,
	    "what is looked at in the ticket's token: its claims, as it came "
	    "over verified TLS, or its signature as well"),
	KEY("identity_keys", identity_keys,
	    "signature: the login host's public keys, PEM or JWKS, as "
	    "\"file:superoffice-jwks.json\""),
	TEXT("jwt_audience", jwt_audience, "", check_line,
	    "signature: for whom the token must be (aud); empty = whoever"),
	FLAG("jwt_times", jwt_times, "true",
	    "signature: a token that has expired or does not say when it "
	    "does, or is not valid yet, is refused"),
	TEXT("timezone_header", timezone_header, "UTC, includeTZOffset",
	    check_line, "SO-TimeZone: times in UTC, and saying so"),

	FLAG("meetings", meetings, "true", "read meetings that were held"),
	FLAG("deals", deals, "true", "read sales that were won or lost"),
	FLAG("cases", cases, "true", "read requests that were closed"),
	IDS("meeting_task_ids", meeting_task_ids, "[ 2, 7 ]",
	    "types of task that are a meeting (npsync lists)"),
	TEXT("meeting_filter", meeting_filter, "", check_line,
	    "further restriction of the archive FindAppointment"),
	FLAG("booking_list", booking_list, "true",
	    "rows of bookings are asked for together, not one by one"),
	TEXT("employee_column", employee_column, "associateId",
	    check_needed_column,
	    "column of FindAppointment and FindSale with our employee: a login "
	    "name; or associate/associateDbId, an id"),
	TEXT("ticket_owner_column", ticket_owner_column, "ownedBy",
	    check_needed_column, "column of the archive Ticket with our employee"),
	IDS("sale_type_ids", sale_type_ids, "[]",
	    "types of sale that are read; empty = all"),
	IDS("sale_won_ids", sale_won_ids, "[ 2 ]",
	    "ids of saleStatus that mean sold"),
	IDS("sale_lost_ids", sale_lost_ids, "[ 3 ]",
	    "ids of saleStatus that mean lost"),
	FLAG("sale_history", sale_history, "true",
	    "when a sale was closed is read from the archive SaleHistory"),
	TEXT("sale_type_column", sale_type_column, "saleType", check_column,
	    "column of the archive FindSale that sale_type_ids are compared "
	    "with"),
	TEXT("ticket_category_column", ticket_category_column, "",
	    check_column, "column of the archive Ticket with the category, "
	    "like \"categoryFullName\"; empty = none"),
	TEXT("ticket_entities", ticket_entities, "", check_names,
	    "$entities of the archive Ticket, if closed requests are missing: "
	    "\"ticket,ticketdisplayclosed\""),
	CHOICE("ticket_stamp", ticket_stamp, "closedAt", stamps,
	    "what new requests are told by, if the archive Ticket does not "
	    "take closedAt in a filter: their last change"),
	IDS("ticket_status_ids", ticket_status_ids, "[ 2 ]",
	    "ids of status that mean closed"),
	CHOICE("inactivity_level", inactivity_level, "person", levels,
	    "whose activity counts for who fell silent: the person's own, or "
	    "that of anybody at the company"),
	IDS("phone_task_ids", phone_task_ids, "[]",
	    "types of task that are a telephone call"),
	IDS("mail_task_ids", mail_task_ids, "[]",
	    "types of task that are a mail"),
	IDS("silent_task_ids", silent_task_ids, "[]",
	    "types of task that are no activity: reminders, our own"),
	NUMBER("activity_first_days", activity_first_days, "400", 30, 3650,
	    "the first reading of activities goes back so far"),

	FLAG("contact_stream", contact_stream, "false",
	    "read all persons, then those that changed; else only those that "
	    "an event names"),
	CHOICE("consent_rule", consent_rule, "withdrawn", consents,
	    "e-marketing consent: not looked at, not withdrawn, or given"),
	TEXT("subscription", subscription, "", check_line,
	    "name of a subscription type: who has it not is not asked"),
	TEXT("nosend", nosend, "interest:NPSToday.NoSend", check_nosend,
	    "who is not asked: \"interest:NAME\", or a checkbox \"field:KEY\""),
	TEXT("relation_column", relation_column, "personContact/category",
	    check_column, "column of the archive Person: customer, partner"),
	TEXT("owner_column", owner_column, "", check_column,
	    "column of the archive Person with who has the company; empty = in "
	    "the form of employee_column, so that alarms find the address"),
	TEXT("deleted_column", deleted_column, "personDeletedDate",
	    check_column, "column of the archive Person with the day on which "
	    "somebody was deleted; empty = not read"),
	TEXT("language_field", language_field, "", check_key,
	    "user-defined field with the language"),
	TEXT("department_field", department_field, "", check_key,
	    "user-defined field with our department that serves the person"),
	LIST("extra_fields", extra_fields, "[]", check_key,
	    "further user-defined fields of persons, for survey.fields"),

	CHOICE("tag_mode", tag_mode, "interests", tag_modes,
	    "tags are interests of the person, or stand in a field"),
	TEXT("interest_list", interest_list, "", check_line,
	    "interests: name of the list's definition; empty = none is made"),
	TEXT("tag_field", tag_field, "", check_key,
	    "field: key of a user-defined long text"),
	TEXT("customfield_path", customfield_path, "CustomFields/<key>",
	    check_line, "path of a patch; without <key> all fields are one value"),
	CHOICE("tag_guard", tag_guard, "test", tag_guards,
	    "field: what stops a change in between from being lost: the patch "
	    "tests the old text, If-Unmodified-Since, or nothing"),
	CHOICE("field_dates", field_dates, "refuse", field_dates,
	    "how a day stands in a field of type date: [D:25.11.2026], "
	    "[D:11/25/2026], [D:2026-11-25], or not at all"),
	NUMBER("task_type_id", task_type_id, "0", 0, 2147483647,
	    "type of task of a follow-up for an answer; 0 = none is made"),
	NUMBER("task_associate_id", task_associate_id, "0", 0, 2147483647,
	    "whose a follow-up is when nobody else is known; 0 = ours"),

	NUMBER("page_size", page_size, "1000", 1, 2000, "rows of a page; "
	    "fewer by themselves where an answer would be above 4 MiB"),
	CHOICE("archive_mode", archive_mode, "default", archive_modes,
	    "$mode of archives: the service's own; slim, which is shortest; or "
	    "full, with raw values"),
	NUMBER("overlap_s", overlap_s, "900", 0, 604800,
	    "how late a change may be seen: each reading begins so much "
	    "earlier"),
	NUMBER("stamp_margin_s", stamp_margin_s, "86400", 0, 604800,
	    "at least: the service may compare changes by day"),
	FLAG("stamp_registered", stamp_registered, "true",
	    "what was made is asked for too, not only what changed"),
	NUMBER("ids_max", ids_max, "100", 1, 500, "ids of one query"),
	CHOICE("naive_datetime", naive_datetime, "reject", naives,
	    "a time that names no zone: the record is set aside, or it is UTC"),
	REAL("rate_per_second", rate_per_second, "4", 0.01, 10,
	    "requests a second at most"),
	REAL("backoff_s", backoff_s, "60", 0, 300,
	    "pause after the first try, then doubled"),
	END
};
