/*
 * survey_opts.c - the option tables of the survey side of a profile.
 */
#include "survey_int.h"
#include "select.h"

#define END { .name = NULL }
#define BOOL(name_, at_, def_, help_) \
	{ .name = (name_), .type = OPT_BOOL, .offset = (at_), .def = (def_), \
	    .help = (help_) }
#define INT(name_, at_, def_, min_, max_, help_) \
	{ .name = (name_), .type = OPT_INT, .offset = (at_), .def = (def_), \
	    .min = (min_), .max = (max_), .help = (help_) }
#define PATHS(name_, at_, def_, help_) \
	{ .name = (name_), .type = OPT_STRLIST, .offset = (at_), \
	    .def = (def_), .check = select_check, .help = (help_) }
#define LISTING(at_) \
	{ .name = "read", .type = OPT_GROUP, .offset = (at_), .def = "", \
	    .sub = rest_listing_opts, .help = "the listing" }
#define REQUEST(name_, at_, help_) \
	{ .name = (name_), .type = OPT_GROUP, .offset = (at_), .def = "", \
	    .sub = rest_request_opts, .help = (help_) }

/* ---- campaigns, send ---------------------------------------------------------- */
const struct opt rest_campaigns_opts[] = {
#define AT(member) offsetof(struct rest_names, member)
	LISTING(AT(read)),
	PATHS("name", AT(name), "[ \"/name\" ]", "what tags call it"),
	END
#undef AT
};

static const char *const channels[] = { "email", "sms", "any", NULL };
static const char *const means_names[] = { "accepted", "accepted_no_id",
	"duplicate", "suppressed", "opted_out", "rejected", "again", "unknown",
	"session", "stop", NULL };
const enum push_outcome rest_means[] = { PUSH_ACCEPTED, PUSH_ACCEPTED_NO_ID,
	PUSH_DUPLICATE, PUSH_SUPPRESSED, PUSH_OPTED_OUT, PUSH_REJECTED,
	PUSH_AGAIN, PUSH_UNKNOWN, PUSH_SESSION, PUSH_STOP };

static const struct opt result_opts[] = {
#define AT(member) offsetof(struct rest_result, member)
	{ .name = "status", .type = OPT_INTLIST, .offset = AT(status),
	    .def = "[]", .min = 100, .max = 599,
	    .help = "of the answer; [] = any 2xx" },
	{ .name = "at", .type = OPT_STR, .offset = AT(at), .def = "",
	    .check = select_check, .help = "path; there, not null, false or \"\"" },
	{ .name = "equals", .type = OPT_STRLIST, .offset = AT(equals),
	    .def = "[]", .help = "texts at `at`, one of them" },
	{ .name = "contains", .type = OPT_STRLIST, .offset = AT(contains),
	    .def = "[]", .help = "parts of it, or of the whole answer" },
	{ .name = "means", .type = OPT_CHOICE, .offset = AT(means),
	    .def = NULL, .choices = means_names, .help = "what it is" },
	{ .name = "text", .type = OPT_STR, .offset = AT(text), .def = "",
	    .check = select_check, .help = "path to the service's words" },
	END
#undef AT
};

const struct opt rest_send_opts[] = {
#define AT(member) offsetof(struct rest_send, member)
	REQUEST("request", AT(request), "{ref} {campaign.id} {contact.email} "
	    "{contact.phone} {send_at} ...: npsync-connectors(7)"),
	{ .name = "channel", .type = OPT_CHOICE, .offset = AT(channel),
	    .def = "email", .choices = channels,
	    .help = "what a person must have" },
	PATHS("remote_id", AT(remote_id), "[]", "its id in the answer"),
	{ .name = "results", .type = OPT_GROUPLIST, .offset = AT(results),
	    .def = "()", .sub = result_opts, .size = sizeof(struct rest_result),
	    .help = "what answers mean; the first that fits" },
	BOOL("page_is_unknown", AT(page_is_unknown), "true",
	    "a success with a page as body proves nothing"),
	BOOL("idempotent", AT(idempotent), "false",
	    "proven: a {ref} sent twice is one send; 5xx may be repeated"),
	END
#undef AT
};

/* ---- listings ------------------------------------------------------------------ */
const struct opt rest_sent_opts[] = {
#define AT(member) offsetof(struct rest_sent, member)
	LISTING(AT(read)),
	PATHS("ref", AT(ref), "[]", "our {ref}; needed"),
	BOOL("ref_is_ours", AT(ref_is_ours), "false",
	    "nobody but npsync writes where ref stands"),
	PATHS("campaign_id", AT(campaign_id), "[]", "campaign; needed"),
	PATHS("email", AT(email), "[]", "address"),
	PATHS("phone", AT(phone), "[]", "number"),
	PATHS("contact_id", AT(contact_id), "[]", "our {contact.id}"),
	PATHS("created_at", AT(created_at), "[]", "when it was added"),
	PATHS("mailed_at", AT(mailed_at), "[]", "when it went out"),
	PATHS("suppressed", AT(suppressed), "[]",
	    "yes (after the value map): taken, not mailed"),
	INT("settle_min", AT(settle_min), "30", 0, 10080,
	    "a send younger than this is never called absent"),
	REST_MAPS_ROWS(AT(maps)),
	END
#undef AT
};

const struct opt rest_answers_opts[] = {
#define AT(member) offsetof(struct rest_answers, member)
	LISTING(AT(read)),
	PATHS("ref", AT(ref), "[]", "our {ref}"),
	PATHS("remote_id", AT(remote_id), "[]", "id of the send"),
	PATHS("contact_id", AT(contact_id), "[]", "our {contact.id}"),
	PATHS("email", AT(email), "[]", "address"),
	PATHS("phone", AT(phone), "[]", "number"),
	PATHS("campaign_id", AT(campaign_id), "[]", "campaign"),
	PATHS("campaign", AT(campaign), "[]", "its name"),
	PATHS("score", AT(score), "[]", "0 to 10"),
	INT("score_max", AT(score_max), "10", 1, 1000,
	    "the service's best score; of another scale than 0 to 10 no answer "
	    "gets a score"),
	PATHS("type", AT(type), "[]", "of the question"),
	{ .name = "types", .type = OPT_STRLIST, .offset = AT(types),
	    .def = "[]", .help = "which types are 0 to 10; others get no score" },
	PATHS("comment", AT(comment), "[]", "what the person wrote"),
	PATHS("answered_at", AT(answered_at), "[]", "time of the score"),
	PATHS("changed_at", AT(changed_at), "[]", "time of the last change"),
	PATHS("opted_out", AT(opted_out), "[]", "yes = declines to be asked"),
	PATHS("anonymised", AT(anonymised), "[]", "yes = nobody is behind it"),
	PATHS("wants_contact", AT(wants_contact), "[]", "yes = asks for a call"),
	REST_MAPS_ROWS(AT(maps)),
	END
#undef AT
};

const struct opt rest_optouts_opts[] = {
#define AT(member) offsetof(struct rest_optouts, member)
	LISTING(AT(read)),
	PATHS("email", AT(email), "[]", "address"),
	PATHS("phone", AT(phone), "[]", "number"),
	PATHS("at", AT(at), "[]", "when"),
	REST_MAPS_ROWS(AT(maps)),
	END
#undef AT
};

/* ---- persons -------------------------------------------------------------------- */
const struct opt rest_person_opts[] = {
	REQUEST("request", offsetof(struct rest_person, request),
	    "with {email}, {phone}"),
	END
};

const struct opt rest_erase_opts[] = {
#define AT(member) offsetof(struct rest_erase, member)
	REQUEST("find", AT(find), "looks {email} or {phone} up"),
	PATHS("id", AT(id), "[ \"/id\" ]", "in a row of find"),
	PATHS("email", AT(email), "[ \"/email\" ]", "in a row of find: whose it is"),
	PATHS("phone", AT(phone), "[ \"/phone\" ]", "in a row of find"),
	REQUEST("request", AT(request),
	    "deletes {id} of find, or without find {email}"),
	END
#undef AT
};
