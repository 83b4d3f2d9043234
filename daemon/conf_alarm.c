/*
 * alarm: its options, and rules that cannot be meant so.
 */
#include "conf_alarm.h"

#include <stdio.h>
#include <string.h>

#include "conf_load.h"
#include "identity.h"
#include "mail.h"

#define END { .name = NULL }
#define AT(member) offsetof(struct conf, alarm.member)

static const char *const whens[] = { "low", "high", "contact", NULL };
static const char *const languages[] = { "da", "sv", "nb", "no", "en", NULL };

#define R(member) offsetof(struct conf_alarm_rule, member)
static const struct opt rule_opts[] = {
	{ .name = "when", .type = OPT_CHOICE, .offset = R(when),
	    .choices = whens, .help = "a low score, a high one, or the wish "
	    "to be contacted" },
	{ .name = "at_most", .type = OPT_INT, .offset = R(at_most), .def = "6",
	    .min = 0, .max = 10, .help = "of low: this score and below" },
	{ .name = "at_least", .type = OPT_INT, .offset = R(at_least),
	    .def = "9", .min = 0, .max = 10,
	    .help = "of high: this score and above" },
	{ .name = "campaigns", .type = OPT_STRLIST, .offset = R(campaigns),
	    .def = "[]", .help = "campaign ids; [] = all" },
	{ .name = "triggers", .type = OPT_STRLIST, .offset = R(triggers),
	    .def = "[]", .help = "sale, meet, ...; [] = all, and surveys that "
	    "others sent" },
	{ .name = "to", .type = OPT_STRLIST, .offset = R(to), .def = "[]",
	    .help = "employee, owner, manager, or addresses" },
	{ .name = "digest", .type = OPT_BOOL, .offset = R(digest),
	    .def = "false", .help = "one list a day in place of a mail at "
	    "once" },
	{ .name = "language", .type = OPT_CHOICE, .offset = R(language),
	    .def = "en", .choices = languages, .size = sizeof(char *),
	    .help = "of the mail" },
	END
};

#define M(member) offsetof(struct conf_manager, member)
static const struct opt manager_opts[] = {
	{ .name = "department", .type = OPT_STR, .offset = M(department),
	    .def = "", .help = "of the contact" },
	{ .name = "owner", .type = OPT_STR, .offset = M(owner), .def = "",
	    .help = "of the contact: id, name or address" },
	{ .name = "to", .type = OPT_STR, .offset = M(to),
	    .help = "the manager's address" },
	END
};

static const struct opt webhook_opts[] = {
	{ .name = "name", .type = OPT_STR, .offset = AT(webhook.name),
	    .def = "webhook", .help = "yours; what was posted is known by it" },
	{ .name = "url", .type = OPT_URL, .offset = AT(webhook.url),
	    .def = "", .help = "where JSON is posted to; empty = nowhere" },
	{ .name = "secret", .type = OPT_SECRET, .offset = AT(webhook.secret),
	    .def = "", .help = "signs the body: credential:NAME or file:PATH" },
	{ .name = "comment", .type = OPT_BOOL, .offset = AT(webhook.comment),
	    .def = "false", .help = "the comment leaves with it" },
	{ .name = "person", .type = OPT_BOOL, .offset = AT(webhook.person),
	    .def = "false", .help = "name, address, company and card too" },
	{ .name = "ca_file", .type = OPT_PATH, .offset = AT(webhook.ca_file),
	    .def = "", .help = "certificates to trust; empty = the system's" },
	{ .name = "allow_http", .type = OPT_BOOL,
	    .offset = AT(webhook.allow_http), .def = "false",
	    .help = "http beyond this machine" },
	{ .name = "allow_private", .type = OPT_BOOL,
	    .offset = AT(webhook.allow_private), .def = "false",
	    .help = "the host may have an address of a private network" },
	END
};

static const struct opt health_opts[] = {
	{ .name = "to", .type = OPT_STRLIST, .offset = AT(health.to),
	    .def = "[]", .help = "who hears of failures; [] = nobody" },
	{ .name = "language", .type = OPT_CHOICE,
	    .offset = AT(health.language), .def = "en", .choices = languages,
	    .size = sizeof(char *), .help = "of that mail" },
	END
};

const struct opt conf_alarm_opts[] = {
	{ .name = "rules", .type = OPT_GROUPLIST, .offset = AT(rules),
	    .sub = rule_opts, .size = sizeof(struct conf_alarm_rule),
	    .def = "[]", .help = "which answers are told to whom" },
	{ .name = "fallback", .type = OPT_STR, .offset = AT(fallback),
	    .def = "", .help = "address for answers that nobody else gets; "
	    "mandatory with rules" },
	{ .name = "managers", .type = OPT_GROUPLIST, .offset = AT(managers),
	    .sub = manager_opts, .size = sizeof(struct conf_manager),
	    .def = "[]", .help = "whose manager is who; the first that fits" },
	{ .name = "templates", .type = OPT_PATH, .offset = AT(templates),
	    .def = "", .help = "directory of your own mail texts" },
	{ .name = "digest_at", .type = OPT_STR, .offset = AT(digest_at),
	    .def = "08:00", .help = "local time of the daily list" },
	{ .name = "max_age_days", .type = OPT_INT, .offset = AT(max_age_days),
	    .def = "7", .min = 1, .max = 28,
	    .help = "older answers are told to nobody" },
	{ .name = "webhook", .type = OPT_GROUP, .offset = 0,
	    .sub = webhook_opts, .help = "the same for a program" },
	{ .name = "health", .type = OPT_GROUP, .offset = 0,
	    .sub = health_opts, .help = "alarms about npsync itself" },
	END
};

bool
conf_alarm_is_role(const char *to)
{
	return strcmp(to, "employee") == 0 || strcmp(to, "owner") == 0 ||
	    strcmp(to, "manager") == 0;
}

/* ---- addresses --------------------------------------------------------- */
/* As SMTP takes it; an address of a person stays out of the message. */
static bool
put_address(const struct conf_load *l, const char *path, size_t n,
    const char **address)
{
	const char *domain, *whole, *text = *address;

	if (identity_address(l->arena, text, &whole, &domain) != ADDRESS_OK)
		return conf_fail(l, path, "expected a mail address; number %zu "
		    "is none", n + 1);
	text += strspn(text, " ");
	*address = arena_printf(l->arena, "%.*s@%s", (int)strcspn(text, "@"),
	    text, domain);
	if (*address == NULL)
		return err_nomem(l->err);
	return mail_address_ok(*address) || conf_fail(l, path,
	    "number %zu: expected ASCII before the '@'", n + 1);
}

static bool
put_addresses(const struct conf_load *l, const char *path,
    struct strlist *list)
{
	const char **v = arena_array(l->arena, list->n + 1, sizeof(*v));

	for (size_t i = 0; v != NULL && i < list->n; i++) {
		v[i] = list->v[i];
		if (!conf_alarm_is_role(v[i]) &&
		    !put_address(l, path, i, &v[i]))
			return false;
	}
	list->v = v;
	return v != NULL || err_nomem(l->err);
}

/* ---- rules ------------------------------------------------------------- */
static bool
is_given(const struct conf_load *l, const char *path, const char *key)
{
	char whole[64];

	(void)snprintf(whole, sizeof(whole), "%.40s.%s", path, key);
	return options_find(l->file, whole) != NULL;
}

static bool
has(const struct strlist *list, const char *text)
{
	for (size_t i = 0; i < list->n; i++)
		if (strcmp(list->v[i], text) == 0)
			return true;
	return false;
}

/* Everything of b stands in a; empty_is_all: an empty a has it all. */
static bool
covers(const struct strlist *a, const struct strlist *b, bool empty_is_all)
{
	if (empty_is_all && (a->n == 0 || b->n == 0))
		return a->n == 0;
	for (size_t i = 0; i < b->n; i++)
		if (!has(a, b->v[i]))
			return false;
	return true;
}

/* Whatever b would tell, a has told by then. */
static bool
rule_covers(const struct conf_alarm_rule *a, const struct conf_alarm_rule *b)
{
	return a->when == b->when && (!a->digest || b->digest) &&
	    (a->when != ALARM_LOW || a->at_most >= b->at_most) &&
	    (a->when != ALARM_HIGH || a->at_least <= b->at_least) &&
	    covers(&a->campaigns, &b->campaigns, true) &&
	    covers(&a->triggers, &b->triggers, true) &&
	    covers(&a->to, &b->to, false);
}

static bool
check_score(const struct conf_load *l, const char *path, int when)
{
	if (when != ALARM_LOW && is_given(l, path, "at_most"))
		return conf_fail(l, path, "at_most belongs to when = \"low\"");
	if (when != ALARM_HIGH && is_given(l, path, "at_least"))
		return conf_fail(l, path, "at_least belongs to when = "
		    "\"high\"");
	return true;
}

static bool
check_conditions(const struct conf_load *l, const char *path,
    const struct conf_alarm_rule *rule)
{
	for (size_t i = 0; i < rule->campaigns.n; i++) {
		const char *id = rule->campaigns.v[i];
		if (*id == '\0' || strlen(id) > 18 ||
		    strspn(id, "0123456789") != strlen(id))
			return conf_fail(l, path, "campaigns: expected "
			    "campaign ids such as \"7750\"; got \"%.40s\"", id);
	}
	for (size_t i = 0; i < rule->triggers.n; i++)
		if (conf_trigger(l->conf, rule->triggers.v[i]) == NULL)
			return conf_fail(l, path, "can never fire: no trigger "
			    "\"%.40s\" is configured", rule->triggers.v[i]);
	return true;
}

static bool
check_rule(const struct conf_load *l, struct conf_alarm_rule *rules, size_t i)
{
	const struct conf_alarm *alarm = &l->conf->alarm;
	struct conf_alarm_rule *rule = &rules[i];
	char path[48];

	(void)snprintf(path, sizeof(path), "alarm.rules.[%zu]", i);
	if (!check_score(l, path, rule->when) ||
	    !check_conditions(l, path, rule) ||
	    !put_addresses(l, path, &rule->to))
		return false;
	if (rule->to.n == 0 && *alarm->webhook.url == '\0')
		return conf_fail(l, path, "expected somebody in `to`: "
		    "employee, owner, manager or an address");
	if (has(&rule->to, "manager") && alarm->managers.n == 0)
		return conf_fail(l, path, "manager: expected who it is in "
		    "alarm.managers");
	for (size_t k = 0; k < i; k++)
		if (rule_covers(&rules[k], rule))
			return conf_fail(l, path, "can never fire: rule %zu "
			    "tells the same people of all its answers", k + 1);
	return true;
}

static bool
check_rules(const struct conf_load *l)
{
	struct conf_alarm *alarm = &l->conf->alarm;
	struct conf_alarm_rule *rules;

	/* Filled by us a moment ago. */
	memcpy(&rules, &alarm->rules.v, sizeof(rules));
	if (alarm->rules.n > 0 && *alarm->fallback == '\0')
		return conf_fail(l, "alarm.fallback", "expected a mail "
		    "address: somebody must hear of answers whose owner is "
		    "not known");
	for (size_t i = 0; i < alarm->rules.n; i++)
		if (!check_rule(l, rules, i))
			return false;
	return *alarm->fallback == '\0' ||
	    put_address(l, "alarm.fallback", 0, &alarm->fallback);
}

static bool
check_managers(const struct conf_load *l)
{
	struct conf_manager *list;
	char path[48];

	memcpy(&list, &l->conf->alarm.managers.v, sizeof(list));
	for (size_t i = 0; i < l->conf->alarm.managers.n; i++) {
		(void)snprintf(path, sizeof(path), "alarm.managers.[%zu]", i);
		if (*list[i].department == '\0' && *list[i].owner == '\0')
			return conf_fail(l, path, "expected a department or "
			    "an owner");
		if (!put_address(l, path, 0, &list[i].to))
			return false;
	}
	return true;
}

static bool
check_health(const struct conf_load *l)
{
	struct strlist *to = &l->conf->alarm.health.to;

	for (size_t i = 0; i < to->n; i++)
		if (conf_alarm_is_role(to->v[i]))
			return conf_fail(l, "alarm.health.to", "expected mail "
			    "addresses; got \"%.40s\"", to->v[i]);
	return put_addresses(l, "alarm.health.to", to);
}

static bool
check_webhook(const struct conf_load *l)
{
	const struct conf_webhook *hook = &l->conf->alarm.webhook;

	if (*hook->url == '\0')
		return true;
	if (*hook->name == '\0' || strlen(hook->name) > 64)
		return conf_fail(l, "alarm.webhook.name", "expected 1 to 64 "
		    "bytes");
	return *hook->secret != '\0' || conf_fail(l, "alarm.webhook.secret",
	    "expected a secret: without a signature anybody could post");
}

bool
conf_check_alarm(const struct conf_load *l)
{
	struct conf_alarm *alarm = &l->conf->alarm;

	if (!conf_parse_minutes(alarm->digest_at, &alarm->digest_min))
		return conf_fail(l, "alarm.digest_at", "expected HH:MM, as in "
		    "\"08:00\"; got \"%.40s\"", alarm->digest_at);
	return check_managers(l) && check_rules(l) && check_health(l) &&
	    check_webhook(l);
}
