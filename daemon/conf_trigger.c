/*
 * trigger = { sale = { ... }; ... }: the codes are open-ended, five are
 * predefined with defaults of their own.
 */
#include <string.h>

#include "conf_load.h"

/* A trigger as its table fills it. */
struct raw {
	struct conf_trigger trigger;
	int on_throttle;	/* THROTTLE_AS_RULES or enum conf_on_throttle */
	struct grouplist campaigns;
};
struct raw_campaign {
	struct conf_campaign when;
	int64_t id;
};
#define THROTTLE_AS_RULES 2

#define END { .name = NULL }
#define CAMPAIGN_ID 6	/* row of campaign_opts */
#define CONSENT 4	/* row of TRIGGER_OPTS */

static const char *const throttle_choices[] = { "drop", "defer", "rules",
	NULL };

#define WHEN(key, text) { .name = #key, .type = OPT_STR, \
	.offset = offsetof(struct raw_campaign, when.key), .def = "", \
	.help = text }
static const struct opt campaign_opts[] = {
	WHEN(language, "language of the contact: \"sv\""),
	WHEN(country, "country of the contact: \"SE\""),
	WHEN(relation, "relation of the company"),
	WHEN(category, "category of the event"),
	WHEN(department, "department of the account manager"),
	WHEN(segment, "segment of the company"),
	{ .name = "id", .type = OPT_INT, .size = sizeof(int64_t),
	    .offset = offsetof(struct raw_campaign, id), .min = 1,
	    .help = "campaign at the survey service" },
	END
};

#define CONSENT_HELP "only people who agreed to be asked"
#define T(member) offsetof(struct raw, trigger.member)
#define TRIGGER_OPTS(on, consent, consent_help, age) \
	{ .name = "enabled", .type = OPT_BOOL, .offset = T(enabled), \
	    .def = on, .help = "asked for this event at all" }, \
	{ .name = "campaign", .type = OPT_GROUPLIST, .sub = campaign_opts, \
	    .offset = offsetof(struct raw, campaigns), .def = "[]", \
	    .size = sizeof(struct raw_campaign), .help = "campaign id, " \
	    "or a list of which the first that fits is taken" }, \
	{ .name = "categories", .type = OPT_STRLIST, \
	    .offset = T(categories), .def = "[]", \
	    .help = "only events of these categories; left out = all" }, \
	{ .name = "relations", .type = OPT_STRLIST, \
	    .offset = T(relations), .def = "[]", \
	    .help = "only companies of these relations; left out = all" }, \
	{ .name = "require_consent", .type = OPT_BOOL, \
	    .offset = T(require_consent), .def = consent, \
	    .help = consent_help }, \
	{ .name = "max_age_days", .type = OPT_INT, \
	    .offset = T(max_age_days), .def = age, .min = 1, .max = 3650, \
	    .help = "older events are not asked about any more" }, \
	{ .name = "delay_hours", .type = OPT_INT, \
	    .offset = T(delay_hours), .def = "0", .min = 0, .max = 8760, \
	    .help = "wait so long after the event" }, \
	{ .name = "on_throttle", .type = OPT_CHOICE, \
	    .offset = offsetof(struct raw, on_throttle), .def = "rules", \
	    .choices = throttle_choices, \
	    .help = "as rules.on_throttle, for this event" }

static const struct opt sale_opts[] = {
	TRIGGER_OPTS("true", "false", CONSENT_HELP, "14"), END };
/* Without default, but not missed while loss is off: check_trigger. */
static const struct opt loss_opts[] = {
	TRIGGER_OPTS("true", NULL, CONSENT_HELP
	    "; must be chosen where loss is on", "14"), END };
static const struct opt case_opts[] = {
	TRIGGER_OPTS("true", "false", CONSENT_HELP, "3"), END };
static const struct opt meet_opts[] = {
	TRIGGER_OPTS("true", "false", CONSENT_HELP, "7"), END };
static const struct opt inact_opts[] = {
	TRIGGER_OPTS("false", "true", CONSENT_HELP, "365"),
	{ .name = "period_days", .type = OPT_INT, .offset = T(period_days),
	    .def = "90", .min = 1, .max = 3650,
	    .help = "silent for so many days" },
	{ .name = "width_days", .type = OPT_INT, .offset = T(width_days),
	    .def = "30", .min = 1, .max = 3650,
	    .help = "and not for more than so many days beyond" },
	END
};

/* In order of priority; codes of the file stand before the last one. */
static const struct {
	const char *code;
	const struct opt *opts;
	bool by_transition, consent_is_a_choice;
} predefined[] = {
	{ "sale", sale_opts, true, false },
	{ "loss", loss_opts, true, true },
	{ "case", case_opts, true, false },
	{ "meet", meet_opts, false, false },
	{ "inact", inact_opts, false, false },
};
#define N_PREDEFINED ARRAY_LEN(predefined)
#define INACT (N_PREDEFINED - 1)

#define CODE(key, table, text) { .name = key, .type = OPT_GROUP, \
	.sub = table, .help = text }
const struct opt conf_trigger_codes[] = {
	CODE("sale", sale_opts, "a deal was won"),
	CODE("loss", loss_opts, "a deal was lost"),
	CODE("case", case_opts, "a case was closed"),
	CODE("meet", meet_opts, "a meeting was held"),
	CODE("inact", inact_opts, "silence after a won deal"),
	END
};

/* ---- campaign ---------------------------------------------------------- */
static bool
take_campaigns(const struct conf_load *l, const struct raw *raw,
    struct conf_trigger *trigger)
{
	const struct raw_campaign *from = raw->campaigns.v;
	const size_t n = raw->campaigns.n;
	struct conf_campaign *to = arena_array(l->arena, n + 1, sizeof(*to));

	for (size_t i = 0; to != NULL && i < n; i++) {
		const char **const facts[] = { &to[i].language,
			&to[i].country, &to[i].relation, &to[i].category,
			&to[i].department, &to[i].segment };
		to[i] = from[i].when;
		for (size_t k = 0; k < ARRAY_LEN(facts); k++)
			if (**facts[k] == '\0')
				*facts[k] = NULL;
		to[i].id = arena_printf(l->arena, "%lld",
		    (long long)from[i].id);
	}
	trigger->campaigns = to;
	trigger->n_campaigns = n;
	return arena_failed(l->arena) ? err_nomem(l->err) : true;
}

/* One number stands for a list of one without conditions; a list was read by
 * the table. */
static bool
read_single_campaign(const struct conf_load *l,
    const struct config_setting_t *s, const char *where, struct raw *raw)
{
	struct raw_campaign *one = arena_alloc(l->arena, sizeof(*one));
	char path[96];

	if (one == NULL)
		return err_nomem(l->err);
	(void)snprintf(path, sizeof(path), "%s.campaign", where);
	one->when = (struct conf_campaign){ "", "", "", "", "", "", NULL };
	raw->campaigns = (struct grouplist){ .v = one, .n = 1 };
	return options_fill_value(&campaign_opts[CAMPAIGN_ID], &one->id, s,
	    l->name, path, l->arena, l->err);
}

static bool
fill_trigger(const struct conf_load *l, const struct opt *opts,
    const struct config_setting_t *group, const char *where, struct raw *raw)
{
	const struct config_setting_t *s = options_member(group, "campaign");
	const bool is_single = s != NULL && !options_is_list(s);
	const char *by_hand[3] = { NULL };
	size_t n = 0;

	if (is_single)
		by_hand[n++] = "campaign";
	if (options_member(group, "require_consent") == NULL &&
	    opts[CONSENT].def == NULL)
		by_hand[n++] = "require_consent";
	return options_fill(opts, raw, group, l->name, where, by_hand,
	    l->arena, l->err) && (!is_single ||
	    read_single_campaign(l, s, where, raw));
}

/* ---- one trigger ------------------------------------------------------- */
/* Written down and empty: nobody or everybody - the file does not say. */
static bool
check_filter(const struct conf_load *l, const struct config_setting_t *group,
    const char *where, const char *key)
{
	const struct config_setting_t *s = options_member(group, key);
	char path[96];

	if (s == NULL || !options_is_list(s) || options_count(s) > 0)
		return true;
	(void)snprintf(path, sizeof(path), "%s.%s", where, key);
	return options_error(l->err, s, l->name, path, "an empty list would "
	    "let nobody through; expected at least one value, or no such key "
	    "for all");
}

static bool
check_trigger(const struct conf_load *l, const struct conf_trigger *t,
    const struct config_setting_t *group, const char *where,
    bool consent_is_a_choice)
{
	if (!check_filter(l, group, where, "categories") ||
	    !check_filter(l, group, where, "relations"))
		return false;
	if (t->enabled && t->n_campaigns == 0)
		return options_error(l->err, group, l->name, where, "campaign: "
		    "expected a campaign id, campaign = 7749; it is missing");
	if (t->enabled && consent_is_a_choice &&
	    options_member(group, "require_consent") == NULL)
		return options_error(l->err, group, l->name, where,
		    "require_consent must be chosen, true or false: asking "
		    "after a lost deal may need consent");
	return true;
}

static bool
is_good_code(const char *code)
{
	const size_t len = strlen(code);

	return len <= 32 && code[0] >= 'a' && code[0] <= 'z' &&
	    strspn(code, "abcdefghijklmnopqrstuvwxyz0123456789_") == len;
}

static size_t
find_code(const char *code)
{
	size_t i = 0;

	while (i < N_PREDEFINED && strcmp(predefined[i].code, code) != 0)
		i++;
	return i;
}

static bool
check_code(const struct conf_load *l, const char *code,
    const struct config_setting_t *group, const char *where)
{
	if (group == NULL)
		return true;
	if (!is_good_code(code))
		return options_error(l->err, group, l->name, where, "expected "
		    "a code of at most 32 small letters, digits and '_'");
	if (!options_is_group(group))
		return options_error(l->err, group, l->name, where,
		    "expected a group, { campaign = 7749; }");
	return true;
}

static bool
read_one(const struct conf_load *l, const char *code,
    const struct config_setting_t *group, struct conf_trigger *t)
{
	const size_t k = find_code(code);
	const bool is_known = k < N_PREDEFINED;
	struct raw raw = { .on_throttle = THROTTLE_AS_RULES };
	char where[64];

	(void)snprintf(where, sizeof(where), "trigger.%.40s", code);
	if (!check_code(l, code, group, where) || !fill_trigger(l, is_known ?
	    predefined[k].opts : meet_opts, group, where, &raw))
		return false;
	*t = raw.trigger;
	t->code = arena_strdup(l->arena, code);
	if (t->code == NULL || !take_campaigns(l, &raw, t))
		return err_nomem(l->err);
	t->by_transition = is_known && predefined[k].by_transition;
	t->on_throttle = raw.on_throttle == THROTTLE_AS_RULES ?
	    l->conf->rules.on_throttle : raw.on_throttle;
	if (group == NULL)
		t->enabled = false;	/* it has no campaign */
	return check_trigger(l, t, group, where, is_known &&
	    predefined[k].consent_is_a_choice);
}

bool
conf_read_triggers(const struct conf_load *l)
{
	const struct config_setting_t *all =
	    options_member(options_root(l->file), "trigger");
	struct conf_trigger *t = arena_array(l->arena, N_PREDEFINED +
	    options_count(all), sizeof(*t));
	size_t n = 0;

	if (all != NULL && !options_is_group(all))
		return conf_fail(l, "trigger",
		    "expected a group, { meet = { ... }; }");
	if (t == NULL)
		return err_nomem(l->err);
	for (size_t i = 0; i < INACT; i++)
		if (!read_one(l, predefined[i].code, options_member(all,
		    predefined[i].code), &t[n++]))
			return false;
	for (size_t i = 0; i < options_count(all); i++) {
		const struct config_setting_t *s = options_at(all, i);
		if (find_code(options_name(s)) == N_PREDEFINED &&
		    !read_one(l, options_name(s), s, &t[n++]))
			return false;
	}
	if (!read_one(l, predefined[INACT].code, options_member(all,
	    predefined[INACT].code), &t[n++]))
		return false;
	l->conf->triggers = t;
	l->conf->n_triggers = n;
	return true;
}

/* ---- digest ------------------------------------------------------------ */
/* "7751 (language sv, country SE)" */
static void
dump_campaigns(const struct conf_trigger *t, struct buf *out)
{
	for (size_t i = 0; i < t->n_campaigns; i++) {
		const struct conf_campaign *c = &t->campaigns[i];
		const struct { const char *name, *value; } facts[] = {
			{ "language", c->language }, { "country", c->country },
			{ "relation", c->relation }, { "category", c->category },
			{ "department", c->department },
			{ "segment", c->segment } };
		const char *before = " (";
		buf_printf(out, "trigger.%s.campaign=%s", t->code, c->id);
		for (size_t k = 0; k < ARRAY_LEN(facts); k++) {
			if (facts[k].value == NULL)
				continue;
			buf_printf(out, "%s%s %s", before, facts[k].name,
			    facts[k].value);
			before = ", ";
		}
		buf_printf(out, "%s\n", *before == ',' ? ")" : "");
	}
}

void
conf_dump_triggers(const struct conf *conf, struct buf *out)
{
	char where[48];

	for (size_t i = 0; i < conf->n_triggers; i++) {
		struct raw raw = { .trigger = conf->triggers[i],
			.on_throttle = conf->triggers[i].on_throttle };
		(void)snprintf(where, sizeof(where), "trigger.%.32s",
		    raw.trigger.code);
		options_dump(strcmp(raw.trigger.code, "inact") == 0 ?
		    inact_opts : meet_opts, &raw, where, out);
		dump_campaigns(&conf->triggers[i], out);
	}
}
