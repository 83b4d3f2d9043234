#include "conf.h"

#include <openssl/evp.h>
#include <stdarg.h>
#include <string.h>

#include "conf_load.h"

#define DUMP_MAX ((size_t)1 << 22)
#define AT(member) offsetof(struct conf, member)
#define END { .name = NULL }

#define STR(key, member, value, text) { .name = key, .type = OPT_STR, \
	.offset = AT(member), .def = value, .help = text }
#define LIST(key, member, value, text) { .name = key, .type = OPT_STRLIST, \
	.offset = AT(member), .def = value, .help = text }
#define BOOL(key, member, value, text) { .name = key, .type = OPT_BOOL, \
	.offset = AT(member), .def = value, .help = text }
#define INT(key, member, value, low, high, text) { .name = key, \
	.type = OPT_INT, .offset = AT(member), .def = value, .min = low, \
	.max = high, .help = text }
#define SECONDS(key, member, value, low, high, text) { .name = key, \
	.type = OPT_SECONDS, .offset = AT(member), .def = value, .min = low, \
	.max = high, .help = text }
#define WORD(key, member, value, list, text) { .name = key, \
	.type = OPT_CHOICE, .offset = AT(member), .def = value, \
	.choices = list, .size = sizeof(char *), .help = text }
/* Offsets below count from struct conf, so the group itself is at 0. */
#define GROUP(key, table, text) { .name = key, .type = OPT_GROUP, \
	.offset = 0, .sub = table, .help = text }

static const char *const throttle_choices[] = { "drop", "defer", NULL };
static const char *const role_choices[] = { "send", "skip", NULL };
static const char *const late_choices[] = { "send", "wait", NULL };
static const char *const basis_choices[] = { "all", "latest", NULL };
static const char *const interval_choices[] = { "adjusted", "wald", "wilson",
	NULL };
static const char *const separator_choices[] = { "comma", "semicolon", NULL };
static const char *const target_choices[] = { "auto", "stderr", "syslog",
	NULL };
static const char *const level_choices[] = { "error", "warning", "notice",
	"info", "debug", NULL };

static const struct opt log_opts[] = {
	WORD("target", log_target, "auto", target_choices, "where lines go"),
	WORD("level", log_level, "info", level_choices, "least weight shown"),
	END
};

static const struct opt send_opts[] = {
	STR("at", send.at, "09:00", "local time the mails leave"),
	LIST("weekdays", send.weekdays,
	    "[ \"mon\", \"tue\", \"wed\", \"thu\", \"fri\" ]",
	    "days mails may leave: mon tue wed thu fri sat sun"),
	LIST("holidays", send.holidays, "[ \"DK\" ]",
	    "public holidays kept: DK SE NO FI DE"),
	LIST("closed", send.closed, "[]",
	    "own closed days: YYYY-MM-DD or YYYY-MM-DD..YYYY-MM-DD"),
	STR("window", send.window, "23:00-06:00",
	    "local hours in which npsync transfers"),
	SECONDS("spread", send.spread_min, "20m", 0, 43200,
	    "mails of one company are spread over this time"),
	BOOL("push_ahead", send.push_ahead, "false",
	    "transfer also in nights before a day without mails"),
	SECONDS("stop_before", send.stop_before_s, "5m", 0, 3600,
	    "nothing new is begun this long before the window ends"),
	END
};

static const struct opt preview_opts[] = {
	STR("at", preview.at, "14:00", "local time of the preview mail"),
	LIST("to", preview.to, "[]", "who gets it; [] = nobody"),
	END
};

const struct opt conf_mail_opts[] = {
	STR("smtp_url", mail.smtp_url, "", "smtp://HOST:PORT or "
	    "smtps://HOST:PORT; empty = no mail"),
	STR("from", mail.from, "", "address that mails come from"),
	STR("user", mail.user, "", "for AUTH; empty = none"),
	{ .name = "password", .type = OPT_SECRET, .offset = AT(mail.password),
	    .def = "", .help = "of that user: credential:NAME or file:PATH" },
	{ .name = "ca_file", .type = OPT_PATH, .offset = AT(mail.ca_file),
	    .def = "", .help = "certificates to trust; empty = the system's" },
	BOOL("allow_plain", mail.allow_plain, "false",
	    "mails may travel in the clear beyond this machine"),
	END
};

static const struct opt rules_opts[] = {
	INT("throttle_days", rules.throttle_days, "30", 1, 3650,
	    "one survey per person in so many days"),
	{ .name = "on_throttle", .type = OPT_CHOICE,
	    .offset = AT(rules.on_throttle), .def = "drop",
	    .choices = throttle_choices,
	    .help = "what becomes of the row; defer waits at most 7 days" },
	LIST("own_domains", rules.own_domains, NULL,
	    "mail domains of your own people, who are never asked"),
	STR("no_send_tag", rules.no_send_tag, "NPSToday.NoSend",
	    "tag on a contact or company that stops all surveys"),
	INT("company_max", rules.company_max, "3", 0, 100000,
	    "surveys to one company in company_days; 0 = any number"),
	INT("company_days", rules.company_days, "7", 1, 3650,
	    "days company_max counts"),
	INT("flood_floor", rules.flood_floor, "20", 0, 1000000,
	    "so many rows of a trigger are no flood; 0 = nothing is"),
	{ .name = "flood_factor", .type = OPT_FLOAT,
	    .offset = AT(rules.flood_factor), .def = "5", .min = 1,
	    .max = 1000,
	    .help = "flood: more than factor x the usual number" },
	WORD("role_address", rules.role_address, "send", role_choices,
	    "info@, post@, ...: asked once each, or skipped"),
	BOOL("count_foreign", rules.count_foreign, "true",
	    "surveys others sent through the service count too"),
	WORD("late_rows", rules.late_rows, "send", late_choices,
	    "events that came in since the last working day"),
	INT("night_max", rules.night_max, "0", 0, 100000000,
	    "surveys in a night; 0 = any number"),
	{ .name = "frequency", .type = OPT_GROUPLIST,
	    .offset = AT(rules.frequency), .sub = conf_frequency_opts,
	    .size = sizeof(struct conf_frequency), .def = "[]",
	    .help = "further limits beside throttle_days" },
	END
};

static const struct opt consent_opts[] = {
	INT("max_age_days", consent.max_age_days, "0", 0, 36500,
	    "an older consent is none; 0 = any age"),
	END
};

static const struct opt pilot_opts[] = {
	LIST("addresses", pilot.addresses, "[]",
	    "only these people are asked, and those below"),
	LIST("domains", pilot.domains, "[]", "people with such an address"),
	LIST("companies", pilot.companies, "[]",
	    "people of these companies, by id or name"),
	END
};

static const struct opt budget_opts[] = {
	INT("year", budget.year, "0", 0, 100000000,
	    "surveys in a calendar year; 0 = not set"),
	END
};

static const struct opt identity_opts[] = {
	LIST("match", identity.match, "[ \"address\" ]",
	    "what makes two cards one person: address, phone"),
	STR("phone_prefix", identity.phone_prefix, "",
	    "completes national numbers: \"+45\""),
	END
};

static const struct opt writeback_opts[] = {
	STR("tag_prefix", writeback.tag_prefix, "NPSToday",
	    "tags are PREFIX.CAMPAIGN.SCORE"),
	{ .name = "fields", .type = OPT_GROUPLIST,
	    .offset = AT(writeback.fields), .sub = conf_field_opts,
	    .size = sizeof(struct conf_field), .def = "[]",
	    .help = "fields of the card, and what they show" },
	INT("comment_max", writeback.comment_max, "255", 1, 100000,
	    "characters of a comment in a field of the card"),
	BOOL("history", writeback.history, "false",
	    "write each answer as a record of its own"),
	BOOL("feed", writeback.feed, "false", "post each answer to the feed"),
	GROUP("task", conf_task_opts, "a task for low scores"),
	BOOL("opt_outs", writeback.opt_outs, "true",
	    "tag who declined at the survey service with rules.no_send_tag"),
	END
};

static const struct opt letter_opts[] = {
	STR("sender", letter.sender, "",
	    "who asks, as people know you; empty = the tenant's name"),
	STR("contact", letter.contact, "",
	    "where to say no; empty = by answering"),
	STR("basis", letter.basis, "",
	    "the legal basis in your words; empty = consent or legitimate interest"),
	END
};

static const struct opt export_opts[] = {
	{ .name = "dir", .type = OPT_PATH, .offset = AT(export.dir),
	    .def = "", .help = "folder for CSV files after each night; empty = none" },
	BOOL("personal", export.personal, "false",
	    "addresses, names, cards and comments too"),
	WORD("separator", export.separator, "comma", separator_choices,
	    "between the cells"),
	BOOL("bom", export.bom, "false",
	    "a byte order mark, so that Excel takes them for UTF-8"),
	END
};

static const struct opt reconcile_opts[] = {
	INT("second_look_min", reconcile.second_look_min, "15", 1, 10080,
	    "minutes between two lists that must both lack a respondent"),
	INT("look_back_days", reconcile.look_back_days, "30", 1, 3650,
	    "unknown rows older than this are not looked up any more"),
	END
};

static const struct opt embedded_opts[] = {
	INT("keep_dumps", embedded.keep_dumps, "7", 0, 1000,
	    "dumps of the private PostgreSQL, one a night; 0 = none is made"),
	END
};

static const struct opt retention_opts[] = {
	INT("queue_days", retention.queue_days, "400", 30, 36500,
	    "finished rows are kept"),
	INT("comment_days", retention.comment_days, "365", 1, 36500,
	    "comments of answers are kept"),
	INT("log_days", retention.log_days, "90", 1, 36500,
	    "runs and their counts are kept"),
	END
};

static const struct opt watermark_opts[] = {
	INT("overlap_s", watermark.overlap_s, "900", 0, 86400,
	    "seconds: a record may show so late, a clock be so wrong"),
	INT("lag_s", watermark.lag_s, "60", 0, 86400,
	    "seconds: what is younger is left to the next reading"),
	INT("sweep_days", watermark.sweep_days, "30", 0, 3650,
	    "once a week so many days are read again; 0 = never"),
	END
};

static const struct opt report_opts[] = {
	{ .name = "basis", .type = OPT_CHOICE, .offset = AT(report.basis),
	    .def = "all", .choices = basis_choices,
	    .help = "answers that count" },
	{ .name = "interval", .type = OPT_CHOICE,
	    .offset = AT(report.interval), .def = "adjusted",
	    .choices = interval_choices, .help = "of an NPS" },
	INT("confidence", report.confidence, "95", 90, 95,
	    "percent: 95 or 90"),
	INT("hide_below", report.hide_below, "5", 1, 1000,
	    "fewer answers than these show no figure"),
	INT("plain_from", report.plain_from, "30", 1, 100000,
	    "fewer than these are marked as few"),
	BOOL("sign", report.sign, "true", "+25 rather than 25"),
	INT("low_response_percent", report.low_response_percent, "2", 0, 100,
	    "a lower response rate is said; 0 = never"),
	INT("low_response_min", report.low_response_min, "200", 1, 100000000,
	    "once so many surveys were delivered"),
	END
};

const struct opt conf_opts[] = {
	BOOL("enabled", enabled, "true", "false: no run does anything"),
	BOOL("test", test, "false", "trial: --now allowed, addresses of "
	    "this machine only"),
	STR("tenant", tenant, NULL, "name of the customer account"),
	STR("timezone", timezone, "Europe/Copenhagen", "days and times are "
	    "meant here"),
	{ .name = "state_dir", .type = OPT_PATH, .offset = AT(state_dir),
	    .def = "/var/lib/npsync", .help = "database, locks, dumps" },
	STR("database", database, "", "libpq connection; empty = a private "
	    "PostgreSQL in state_dir"),
	SECONDS("database_timeout", database_timeout_s, "20m", 1, 86400,
	    "so long one statement may take"),
	GROUP("embedded", embedded_opts, "the private PostgreSQL"),
	GROUP("log", log_opts, "log"),
	GROUP("send", send_opts, "when surveys leave"),
	GROUP("preview", preview_opts, "the mail about tomorrow's queue"),
	GROUP("mail", conf_mail_opts, "the server that takes mails"),
	GROUP("rules", rules_opts, "who may be asked, and how often"),
	{ .name = "programmes", .type = OPT_GROUPLIST,
	    .offset = AT(programmes), .sub = conf_programme_opts,
	    .size = sizeof(struct conf_programme), .def = "[]",
	    .help = "campaigns that count together" },
	GROUP("consent", consent_opts, "what counts as consent"),
	GROUP("pilot", pilot_opts, "who is asked in a trial; none = all"),
	GROUP("budget", budget_opts, "how many surveys in all"),
	GROUP("identity", identity_opts, "who is the same person"),
	GROUP("writeback", writeback_opts, "what goes back to the CRM"),
	GROUP("alarm", conf_alarm_opts, "which answers are told to whom"),
	GROUP("letter", letter_opts, "letters of npsync why --letter"),
	GROUP("export", export_opts, "files for reporting tools"),
	GROUP("reconcile", reconcile_opts, "rows whose outcome is unknown"),
	GROUP("retention", retention_opts, "how long things are kept"),
	GROUP("watermark", watermark_opts, "how far back a source is read"),
	GROUP("report", report_opts, "what figures are shown, and how"),
	GROUP("trigger", conf_trigger_codes, "what makes npsync ask"),
	GROUP("policy", conf_policy_countries, "what a country's law asks for"),
	{ .name = "crm", .type = OPT_GROUPLIST, .offset = AT(crm),
	    .sub = conf_crm_opts, .size = sizeof(struct conf_crm),
	    .help = "where events and people come from" },
	{ .name = "survey", .type = OPT_GROUP, .offset = AT(survey),
	    .sub = conf_survey_opts, .help = "where surveys go" },
	END
};
/* Read by functions of their own. */
static const char *const not_by_table[] = { "trigger", "policy", "crm",
	"survey", NULL };

bool
conf_fail(const struct conf_load *l, const char *path, const char *fmt, ...)
{
	char msg[400], above[256];
	const struct config_setting_t *at = options_find(l->file, path);
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(msg, sizeof(msg), fmt, ap);
	va_end(ap);
	(void)snprintf(above, sizeof(above), "%s", path);
	for (char *dot; at == NULL && (dot = strrchr(above, '.')) != NULL;) {
		*dot = '\0';
		at = options_find(l->file, above);
	}
	return options_error(l->err, at, l->name, path, "%s", msg);
}

/* ---- digest ------------------------------------------------------------ */
static bool
is_by_table(const struct opt *opt)
{
	for (size_t i = 0; not_by_table[i] != NULL; i++)
		if (strcmp(opt->name, not_by_table[i]) == 0)
			return false;
	/* conf_dump_rules has them. */
	return strcmp(opt->name, "programmes") != 0;
}

void
conf_dump(const struct conf *conf, struct buf *out)
{
	struct opt one[2] = { { .name = NULL } };

	for (const struct opt *o = conf_opts; o->name != NULL; o++) {
		one[0] = *o;
		if (is_by_table(o))
			options_dump(one, conf, "", out);
	}
	conf_dump_rules(conf, out);
	conf_dump_triggers(conf, out);
	conf_dump_drivers(conf, out);
}

/* The text is kept and shown where people's addresses must not be. */
static const char *
without_addresses(const char *text, struct arena *arena)
{
	const char *line = strstr(text, "\npilot.addresses=");
	const char *end = line == NULL ? NULL : strchr(line + 1, '\n');

	if (end == NULL)
		return arena_strdup(arena, text);
	return arena_printf(arena, "%.*s%s", (int)(line - text), text, end);
}

static bool
digest_make(struct conf *conf, struct arena *arena, struct err *err)
{
	static const struct { const char *name; const struct opt *opts; }
	    tables[] = { { "send", send_opts }, { "rules", rules_opts },
		{ "budget", budget_opts }, { "identity", identity_opts },
		{ "writeback", writeback_opts }, { "consent", consent_opts },
		{ "pilot", pilot_opts } };
	AUTO(buf) struct buf text;
	unsigned char md[EVP_MAX_MD_SIZE];

	buf_init(&text, DUMP_MAX);
	buf_printf(&text, "tenant=%s\ntimezone=%s\nenabled=%d\n",
	    conf->tenant, conf->timezone, conf->enabled);
	for (size_t i = 0; i < ARRAY_LEN(tables); i++)
		options_dump(tables[i].opts, conf, tables[i].name, &text);
	conf_dump_rules(conf, &text);
	conf_dump_triggers(conf, &text);
	conf_dump_drivers(conf, &text);
	if (text.failed || EVP_Digest(buf_text(&text), text.len, md, NULL,
	    EVP_sha256(), NULL) != 1)
		return err_nomem(err);
	for (size_t i = 0; i < (sizeof(conf->digest) - 1) / 2; i++)
		(void)snprintf(conf->digest + 2 * i, 3, "%02x", md[i]);
	conf->settings = without_addresses(buf_text(&text), arena);
	return conf->settings != NULL || err_nomem(err);
}

/* ---- load -------------------------------------------------------------- */
static bool
load(const struct conf_load *l)
{
	struct conf *conf = l->conf;

	return options_fill(conf_opts, conf, options_root(l->file), l->name,
	    "", not_by_table, l->arena, l->err) &&
	    conf_check(l) && conf_read_rules(l) && conf_read_crm(l) && conf_read_survey(l) &&
	    conf_check_hours(l) &&
	    conf_read_triggers(l) && conf_check_alarm(l) &&
	    digest_make(conf, l->arena, l->err);
}

static const char *
dir_of(const char *file, struct arena *arena)
{
	const char *slash = strrchr(file, '/');

	if (slash == NULL)
		return arena_strdup(arena, ".");
	return arena_strndup(arena, file,
	    slash == file ? 1 : (size_t)(slash - file));
}

static bool
load_file(const char *name, struct conf_load *l, struct conf **out)
{
	AUTO(options_file) struct options_file *file = NULL;

	l->conf = arena_alloc(l->arena, sizeof(*l->conf));
	if (l->conf == NULL)
		return err_nomem(l->err);
	l->conf->file = arena_strdup(l->arena, name);
	l->conf->dir = dir_of(name, l->arena);
	if (l->conf->file == NULL || l->conf->dir == NULL)
		return err_nomem(l->err);
	if (!options_open(l->conf->file, &file, l->err))
		return false;
	l->name = l->conf->file;
	l->file = file;
	if (!load(l))
		return false;
	*out = l->conf;
	return true;
}

bool
conf_load_with(const char *name, const struct crm_connector *const *crm,
    const struct survey_connector *const *survey, struct arena *arena,
    struct conf **out, struct err *err)
{
	struct conf_load l = { .crm = crm, .survey = survey, .arena = arena,
		.err = err };

	return load_file(name, &l, out);
}

bool
conf_load_profile(const char *file, const struct conf_profile *profile,
    struct arena *arena, struct conf **conf, struct err *err)
{
	struct conf_load l = { .crm = crm_connectors,
		.survey = survey_connectors, .profile = profile,
		.arena = arena, .err = err };

	return load_file(file, &l, conf);
}

bool
conf_load(const char *file, struct arena *arena, struct conf **conf,
    struct err *err)
{
	return conf_load_with(file, crm_connectors, survey_connectors, arena,
	    conf, err);
}

const struct conf_trigger *
conf_trigger(const struct conf *conf, const char *code)
{
	for (size_t i = 0; i < conf->n_triggers; i++)
		if (strcmp(conf->triggers[i].code, code) == 0)
			return &conf->triggers[i];
	return NULL;
}
