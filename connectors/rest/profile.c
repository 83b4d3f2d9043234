/*
 * profile.c - the option tables of the driver: what stands in the
 * configuration, and what both kinds of profile begin with.
 */
#include "profile.h"

#include <string.h>
#include <strings.h>

#include "clock.h"
#include "text.h"

#define END { .name = NULL }
#define STR(name_, at, def_, check_, help_) \
	{ .name = (name_), .type = OPT_STR, .offset = (at), .def = (def_), \
	    .check = (check_), .help = (help_) }

/* ---- what else a text must hold ---------------------------------------- */
static bool
check_path(const char *text, struct err *err)
{
	if (strstr(text, "://") != NULL || strncmp(text, "//", 2) == 0)
		return err_set(err, ERR_CONFIG, "expected a path below "
		    "base_url, not an address of its own");
	if (strchr(text, '#') != NULL)
		return err_set(err, ERR_CONFIG, "expected a path without #");
	return hole_check_url(text, err);
}

static bool
is_token(const char *text)
{
	static const char chars[] = "abcdefghijklmnopqrstuvwxyz"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!#$%&'*+-.^_`|~";

	return *text != '\0' && strspn(text, chars) == strlen(text);
}

/* Names that decide where a request ends or goes are the engine's. */
static bool
check_header_name(const char *text, struct err *err)
{
	static const char *const ours[] = { "Host", "Content-Length",
		"Transfer-Encoding", "Connection", "Cookie", "Expect",
		"Upgrade", "Trailer" };

	for (size_t i = 0; i < ARRAY_LEN(ours); i++)
		if (strcasecmp(text, ours[i]) == 0)
			return err_set(err, ERR_CONFIG, "%s is not a header "
			    "that a profile may set", ours[i]);
	return is_token(text) ? true : err_set(err, ERR_CONFIG,
	    "expected the name of a header");
}

static bool
check_line(const char *text, struct err *err)
{
	return text_is_line(text) ? true : err_set(err, ERR_CONFIG,
	    "expected a text without control characters");
}

static bool
check_zone(const char *text, struct err *err)
{
	return *text == '\0' || clock_zone_exists(text) ? true : err_set(err,
	    ERR_CONFIG, "expected a zone like \"Europe/Copenhagen\"");
}

static bool
check_name(const char *text, struct err *err)
{
	static const char chars[] = "abcdefghijklmnopqrstuvwxyz"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";
	const size_t len = strlen(text);

	return len > 0 && len <= 64 && strspn(text, chars) == len ? true :
	    err_set(err, ERR_CONFIG,
	    "expected 1 to 64 letters, digits, \"_\" or \"-\"");
}

/* ---- requests ------------------------------------------------------------ */
static const char *const methods[] = { "GET", "POST", "PUT", "PATCH", "DELETE",
	NULL };

static const struct opt header_opts[] = {
#define AT(member) offsetof(struct rest_header, member)
	STR("name", AT(name), NULL, check_header_name, "of the header"),
	STR("value", AT(value), NULL, hole_check_header,
	    "template; not sent when left out by \"?\""),
	END
#undef AT
};

const struct opt rest_request_opts[] = {
#define AT(member) offsetof(struct rest_request, member)
	{ .name = "method", .type = OPT_CHOICE, .offset = AT(method),
	    .def = "GET", .choices = methods, .help = "HTTP method" },
	STR("path", AT(path), NULL, check_path,
	    "appended to base_url; a template"),
	STR("json", AT(json), "", hole_check_json, "body, a template of JSON"),
	STR("form", AT(form), "", hole_check_form,
	    "body, a template like a=1&b={name}"),
	STR("text", AT(text), "", hole_check_text,
	    "body as plain text: nothing is escaped"),
	{ .name = "headers", .type = OPT_GROUPLIST, .offset = AT(headers),
	    .def = "()", .sub = header_opts,
	    .size = sizeof(struct rest_header), .help = "further headers" },
	{ .name = "rows", .type = OPT_STRLIST, .offset = AT(rows),
	    .def = "[ \"\" ]", .help = "pointers to the array of rows; the first "
	    "that leads to one" },
	{ .name = "repeatable", .type = OPT_BOOL, .offset = AT(repeatable),
	    .def = "false", .help = "twice is as once; a GET always is" },
	END
#undef AT
};

/* ---- auth, errors ---------------------------------------------------------- */
static const char *const styles[] = { "none", "header", "basic", "bearer",
	"oauth2", "login", NULL };

static const struct opt value_opts[] = {
#define AT(member) offsetof(struct rest_value, member)
	STR("name", AT(name), NULL, check_name, "{session.NAME}"),
	STR("at", AT(at), NULL, NULL, "pointer into the answer"),
	END
#undef AT
};

static const struct opt auth_opts[] = {
#define AT(member) offsetof(struct rest_auth, member)
	{ .name = "style", .type = OPT_CHOICE, .offset = AT(style),
	    .def = "none", .choices = styles, .help = "how requests are signed" },
	STR("header", AT(header), "Authorization", check_header_name,
	    "header, login: its name"),
	STR("prefix", AT(prefix), "", check_line,
	    "header, login: stands before the value, \"Token \""),
	STR("value", AT(value), "", hole_check_text,
	    "login: the header's value, with {user} and {session.NAME}"),
	{ .name = "base64", .type = OPT_BOOL, .offset = AT(base64),
	    .def = "false", .help = "login: encode the value" },
	{ .name = "login", .type = OPT_GROUP, .offset = AT(login), .def = "",
	    .sub = rest_request_opts,
	    .help = "login: a request with {user} and {secret}" },
	{ .name = "values", .type = OPT_GROUPLIST, .offset = AT(values),
	    .def = "()", .sub = value_opts, .size = sizeof(struct rest_value),
	    .help = "login: what is taken from the answer" },
	{ .name = "oauth2", .type = OPT_GROUP, .offset = AT(oauth),
	    .sub = oauth_opts, .help = "oauth2: the token" },
	END
#undef AT
};

static const char *const meanings[] = { "ok", "failure", "gone", "throttled",
	"session", "rejected", "conflict", NULL };

static const struct opt error_opts[] = {
#define AT(member) offsetof(struct rest_error, member)
	{ .name = "status", .type = OPT_INTLIST, .offset = AT(status),
	    .def = "[]", .min = 100, .max = 599,
	    .help = "of the answer; [] = any" },
	STR("at", AT(at), "", NULL, "pointer; there, not null, false or \"\""),
	{ .name = "equals", .type = OPT_STRLIST, .offset = AT(equals),
	    .def = "[]", .help = "texts at `at`, one of them" },
	{ .name = "contains", .type = OPT_STRLIST, .offset = AT(contains),
	    .def = "[]", .help = "parts of it, or of the whole answer" },
	{ .name = "means", .type = OPT_CHOICE, .offset = AT(means),
	    .def = "failure", .choices = meanings, .help = "what it is" },
	STR("text", AT(text), "", NULL, "pointer to the server's words"),
	END
#undef AT
};

#define BASE_ROWS(at_) \
	STR("summary", (at_) + offsetof(struct rest_base, summary), "", \
	    check_line, "what it is for"), \
	STR("timezone", (at_) + offsetof(struct rest_base, timezone), "", \
	    check_zone, "of times without one; \"\" = that of the tenant"), \
	{ .name = "auth", .type = OPT_GROUP, .sub = auth_opts, \
	    .offset = (at_) + offsetof(struct rest_base, auth), \
	    .help = "who we are" }, \
	{ .name = "headers", .type = OPT_GROUPLIST, .sub = header_opts, \
	    .offset = (at_) + offsetof(struct rest_base, headers), \
	    .size = sizeof(struct rest_header), .def = "()", \
	    .help = "of each request" }, \
	{ .name = "errors", .type = OPT_GROUPLIST, .sub = error_opts, \
	    .offset = (at_) + offsetof(struct rest_base, errors), \
	    .size = sizeof(struct rest_error), .def = "()", \
	    .help = "what answers mean; the first line that fits" },

const struct opt rest_base_opts[] = { BASE_ROWS(0) END };

const struct opt rest_crm_profile_opts[] = {
	BASE_ROWS(offsetof(struct rest_crm_profile, base))
	REST_READING_ROWS(offsetof(struct rest_crm_profile, reading))
	REST_WRITING_ROWS(offsetof(struct rest_crm_profile, writing))
	END
};

const struct opt rest_survey_profile_opts[] = {
	BASE_ROWS(offsetof(struct rest_survey_profile, base))
	REST_SURVEY_ROWS(offsetof(struct rest_survey_profile, part))
	END
};

/* ---- the instance ---------------------------------------------------------- */
static const struct opt variable_opts[] = {
#define AT(member) offsetof(struct rest_variable, member)
	STR("name", AT(name), NULL, check_name, "{var.NAME}"),
	STR("value", AT(value), NULL, check_line, "a text"),
	END
#undef AT
};

#define PLACE_ROWS(at_) \
	{ .name = "base_url", .type = OPT_URL, \
	    .offset = (at_) + offsetof(struct rest_place, base_url), \
	    .help = "address below which all requests go" }, \
	STR("user", (at_) + offsetof(struct rest_place, user), "", check_line, \
	    "user or client id"), \
	{ .name = "secret", .type = OPT_SECRET, .def = "", \
	    .offset = (at_) + offsetof(struct rest_place, secret), \
	    .help = "password, key or client secret" }, \
	{ .name = "token_url", .type = OPT_URL, .def = "", \
	    .offset = (at_) + offsetof(struct rest_place, token_url), \
	    .help = "oauth2: the token's address, where it is elsewhere" }, \
	{ .name = "variables", .type = OPT_GROUPLIST, .def = "()", \
	    .offset = (at_) + offsetof(struct rest_place, variables), \
	    .sub = variable_opts, .size = sizeof(struct rest_variable), \
	    .help = "values that the profile asks for" }

static const char *const crm_folder[] = { "crm.d", NULL };
static const char *const survey_folder[] = { "survey.d", NULL };

const struct opt rest_crm_opts[] = {
	{ .name = "profile", .type = OPT_PROFILE, .choices = crm_folder,
	    .offset = offsetof(struct rest_crm_settings, profile),
	    .sub = rest_crm_profile_opts,
	    .size = sizeof(struct rest_crm_profile),
	    .help = "what the service looks like: a name, or a file" },
	PLACE_ROWS(offsetof(struct rest_crm_settings, place)),
	END
};

const struct opt rest_survey_opts[] = {
	{ .name = "profile", .type = OPT_PROFILE, .choices = survey_folder,
	    .offset = offsetof(struct rest_survey_settings, profile),
	    .sub = rest_survey_profile_opts,
	    .size = sizeof(struct rest_survey_profile),
	    .help = "what the service looks like: a name, or a file" },
	PLACE_ROWS(offsetof(struct rest_survey_settings, place)),
	END
};
