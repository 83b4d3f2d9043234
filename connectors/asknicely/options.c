/*
 * options.c - what an administrator sets, and what of the service is not
 * confirmed in public.
 */
#include "asknicely.h"

#include "common/hole.h"

#define AT(member) offsetof(struct asknicely_settings, member)
#define NONE "[ \"\" ]"
#define END { .name = NULL }

#define STR(key, member, value, text) { .name = key, .type = OPT_STR, \
	.offset = AT(member), .def = value, .help = text }
#define PATH_WITH_HOLES(member, value, text) { .name = "path", \
	.type = OPT_STR, .offset = AT(member), .def = value, .help = text, \
	.check = hole_check_url }
#define LIST(key, member, value, text) { .name = key, .type = OPT_STRLIST, \
	.offset = AT(member), .def = value, .help = text }
#define BOOL(key, member, value, text) { .name = key, .type = OPT_BOOL, \
	.offset = AT(member), .def = value, .help = text }
#define INT(key, member, value, low, high, text) { .name = key, \
	.type = OPT_INT, .offset = AT(member), .def = value, .min = low, \
	.max = high, .help = text }
#define CHOICE(key, at, value, list, text) { .name = key, \
	.type = OPT_CHOICE, .offset = at, .def = value, .choices = list, \
	.help = text }
#define GROUP(key, table, text) { .name = key, .type = OPT_GROUP, \
	.offset = 0, .sub = table, .help = text }

static const char *const addcontacts[] = { "omit", "false", NULL };
static const char *const foreigns[] = { "match", "ignore", NULL };
static const char *const channels[] = { "email", "sms", NULL };

static const struct opt auth_opts[] = {
	STR("header", auth.header, "X-apikey", "header that carries the key"),
	END
};

static const struct opt check_opts[] = {
	STR("path", check.path, "/contacts/unsubscribed?pagenumber=1&pagesize=1",
	    "one cheap read that proves address and key"),
	END
};

static const struct opt send_opts[] = {
	STR("path", send.path, "/contact/trigger", "asks a person"),
	BOOL("use_delay", send.use_delay, "true",
	    "the service keeps the mail until send.at (delayminutes)"),
	CHOICE("addcontact", AT(send.addcontact), "omit", addcontacts,
	    "false: say addcontact=false"),
	STR("campaign_field", send.campaign_field, "npsync_campaign_c",
	    "custom field with the campaign"),
	STR("ref_field", send.ref_field, "npsync_ref_c",
	    "custom field with our reference"),
	STR("at_field", send.at_field, "npsync_at_c",
	    "custom field with the time of the send; empty = none"),
	STR("phone_field", send.phone_field, "",
	    "field with the number, for SMS campaigns; empty = none"),
	LIST("suppressed_match", send.suppressed_match,
	    "[ \"already contacted this contact\" ]",
	    "pieces of msg: not sent by a contact rule"),
	LIST("optout_match", send.optout_match,
	    "[ \"de-activated or has un-subscribed\" ]",
	    "pieces of msg: declined, or deactivated"),
	LIST("pending_match", send.pending_match,
	    "[ \"scheduled\", \"queued\", \"delay\", \"minute\", \"later\" ]",
	    "pieces of msg: not sent yet, so perhaps later"),
	BOOL("optout_confirm", send.optout_confirm, "true",
	    "after optout_match look whether the contact is but deactivated; "
	    "false: declined in any case"),
	END
};

static const struct opt lookup_opts[] = {
	PATH_WITH_HOLES(lookup.path, "/contact/get/{email}/email",
	    "looks a person up"),
	INT("skew_s", lookup.skew_s, "120", 0, 86400,
	    "how far the clocks may differ"),
	BOOL("scheduled_means_sent", lookup.scheduled_means_sent, "false",
	    "proven: scheduled is set while a delay runs"),
	{ .name = "absent_status", .type = OPT_INTLIST,
	    .offset = AT(lookup.absent_status), .def = "[ 404 ]", .min = 100,
	    .max = 499, .help = "answers that say: no such contact; 200 does "
	    "where its success is false" },
	BOOL("absent_means_nobody", lookup.absent_means_nobody, "false",
	    "proven: such an answer with a success of false is about the "
	    "contact, never about the path"),
	INT("absent_after_h", lookup.absent_after_h, "0", 0, 720,
	    "hours after which a contact that was not mailed since proves "
	    "that nothing was sent; 0 = never, else 48 at least"),
	END
};

static const struct opt responses_opts[] = {
	PATH_WITH_HOLES(responses.path, "/responses/asc/{pagesize}/{page}/"
	    "{since}/json/answered/responded/{end}", "answers"),
	INT("pagesize", responses.pagesize, "1000", 1, 50000,
	    "rows asked for per page; more than 4 MiB are refused"),
	INT("max_pages", responses.max_pages, "10000", 1, 1000000,
	    "more pages than this end the pull with an error"),
	STR("initial_since", responses.initial_since, "",
	    "where the first pull begins, \"2026-01-01T00:00:00Z\"; empty = "
	    "all"),
	INT("overlap_h", responses.overlap_h, "168", 0, 8760,
	    "hours read again before the watermark"),
	CHOICE("foreign", AT(responses.foreign), "match", foreigns,
	    "ignore: leave out answers to what npsync did not send"),
	BOOL("check_ref_time", responses.check_ref_time, "true",
	    "an answer to an older survey does not count for a later send"),
	BOOL("check_totals", responses.check_totals, "true",
	    "total and totalpages must fit one another and what arrives; false: "
	    "they are not believed"),
	LIST("question_types", responses.question_types, "[ \"nps\" ]",
	    "of the questions whose answer is a score of 0 to 10"),
	LIST("redirect_hosts", responses.redirect_hosts,
	    "[ \".amazonaws.com\" ]", "where the service may store a large "
	    "answer: HOST, .DOMAIN, or HOST:PORT"),
	END
};

static const struct opt unsubscribes_opts[] = {
	STR("path", unsubscribes.path, "/contacts/unsubscribed",
	    "everybody who unsubscribed"),
	INT("pagesize", unsubscribes.pagesize, "1000", 1, 50000,
	    "rows asked for per page"),
	INT("max_pages", unsubscribes.max_pages, "10000", 1, 1000000,
	    "more pages than this end the pull with an error"),
	END
};

static const struct opt erase_opts[] = {
	BOOL("enabled", erase.enabled, "false",
	    "npsync erase deletes the contact, and blocks the address for "
	    "good"),
	STR("path", erase.path, "/privacy/remove", "deletes a contact"),
	END
};

static const struct opt campaign_opts[] = {
#define M(f) offsetof(struct asknicely_campaign, f)
	{ .name = "id", .type = OPT_STR, .offset = M(id),
	    .help = "what the triggers call it" },
	{ .name = "alias", .type = OPT_STR, .offset = M(alias), .def = "",
	    .help = "name used in tags; empty = id" },
	{ .name = "segment", .type = OPT_STR, .offset = M(segment), .def = "",
	    .help = "segment that its contacts get; empty = id" },
	CHOICE("channel", M(channel), "email", channels,
	    "sms goes out at once: npsync waits for send.at then"),
	END
#undef M
};

const struct opt asknicely_opts[] = {
	{ .name = "base_url", .type = OPT_URL, .offset = AT(base_url),
	    .help = "https://TENANT.asknice.ly/api/v1" },
	{ .name = "api_key", .type = OPT_SECRET, .offset = AT(api_key),
	    .def = "credential:asknicely",
	    .help = "Settings > API in the service" },
	/* 500 sends a minute and 100 in ten seconds are the service's limits. */
	{ .name = "rate_per_second", .type = OPT_FLOAT,
	    .offset = AT(rate_per_second), .def = "7", .min = 0.01, .max = 8,
	    .help = "requests a second at most" },
	/* 1000 calls a minute and 200 in ten seconds, sends and all. */
	{ .name = "read_rate_per_second", .type = OPT_FLOAT,
	    .offset = AT(read_rate_per_second), .def = "0", .min = 0,
	    .max = 16, .help = "reads of lists and contacts a second at most; "
	    "0 = 12, or rate_per_second where that is below 7" },
	GROUP("auth", auth_opts, "how the key travels"),
	GROUP("check", check_opts, "what npsync check asks"),
	GROUP("send", send_opts, "asking a person"),
	GROUP("lookup", lookup_opts, "a send whose outcome is unknown"),
	GROUP("responses", responses_opts, "answers"),
	GROUP("unsubscribes", unsubscribes_opts, "opt-outs"),
	GROUP("erase", erase_opts, "deleting a contact"),
	{ .name = "campaign", .type = OPT_GROUPLIST, .offset = AT(campaign),
	    .sub = campaign_opts, .size = sizeof(struct asknicely_campaign),
	    .help = "every campaign of the triggers" },
	END
};
