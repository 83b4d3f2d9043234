/*
 * rules.frequency, programmes, pilot and policy: what a bound in a table
 * cannot say.
 */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "conf_load.h"
#include "identity.h"

#define END { .name = NULL }

static const char *const scopes[] = { "any", "programme", "campaign", NULL };
static const char *const counted_from[] = { "send", "answer", NULL };
static const char *const kinds[] = { "transactional", "relationship", NULL };

#define F(member) offsetof(struct conf_frequency, member)
const struct opt conf_frequency_opts[] = {
	{ .name = "scope", .type = OPT_CHOICE, .offset = F(scope),
	    .choices = scopes, .help = "what counts: any survey, one of the "
	    "same programme, of the same campaign" },
	{ .name = "max", .type = OPT_INT, .offset = F(max), .def = "1",
	    .min = 1, .max = 1000, .help = "so many" },
	{ .name = "days", .type = OPT_INT, .offset = F(days), .min = 1,
	    .max = 36500, .help = "in so many days" },
	{ .name = "from", .type = OPT_CHOICE, .offset = F(from),
	    .def = "send", .choices = counted_from,
	    .help = "counted from the survey, or from its answer" },
	END
};

#define P(member) offsetof(struct conf_programme, member)
const struct opt conf_programme_opts[] = {
	{ .name = "name", .type = OPT_STR, .offset = P(name),
	    .help = "your name of it" },
	{ .name = "campaigns", .type = OPT_STRLIST, .offset = P(campaigns),
	    .help = "campaign ids" },
	{ .name = "kind", .type = OPT_CHOICE, .offset = P(kind),
	    .def = "transactional", .choices = kinds,
	    .help = "about an event, or about the relationship" },
	END
};

struct policy {
	bool require_consent;
};
static const struct opt policy_opts[] = {
	{ .name = "require_consent", .type = OPT_BOOL,
	    .offset = offsetof(struct policy, require_consent),
	    .def = "false", .help = "only people who agreed to be asked" },
	END
};
/* A survey is advertising in Germany (BGH VI ZR 225/17). */
#define BUILT_IN "DE"
static const struct opt german_opts[] = {
	{ .name = "require_consent", .type = OPT_BOOL,
	    .offset = offsetof(struct policy, require_consent),
	    .def = "true", .help = "only people who agreed to be asked" },
	END
};
const struct opt conf_policy_countries[] = {
	{ .name = BUILT_IN, .type = OPT_GROUP, .sub = german_opts,
	    .help = "any ISO country code; DE has a rule of its own" },
	END
};

/* ISO 3166-1, two letters each. */
static const char countries[] =
    "AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI "
    "BJ BL BM BN BO BQ BR BS BT BV BW BY BZ CA CC CD CF CG CH CI CK CL CM CN "
    "CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK "
    "FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM "
    "HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN "
    "KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK "
    "ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP "
    "NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW "
    "SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF "
    "TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI "
    "VN VU WF WS YE YT ZA ZM ZW ";

bool
conf_is_country(const char *code)
{
	char text[8];

	if (strlen(code) != 2 || strchr(code, ' ') != NULL)
		return false;
	(void)snprintf(text, sizeof(text), "%s ", code);
	return strstr(countries, text) != NULL;
}

bool
conf_country_known(const char *any_case)
{
	char code[3] = "";

	if (strlen(any_case) != 2)
		return false;
	for (size_t i = 0; i < 2; i++)
		code[i] = any_case[i] >= 'a' && any_case[i] <= 'z'
		    ? (char)(any_case[i] - 'a' + 'A') : any_case[i];
	return conf_is_country(code);
}

bool
conf_language_fits(const char *when, const char *language)
{
	const size_t first = strcspn(language, "-");

	return strcasecmp(when, language) == 0 || (strlen(when) == first &&
	    strncasecmp(when, language, first) == 0);
}

/* ---- programmes -------------------------------------------------------- */
static bool
is_campaign_id(const char *id)
{
	const size_t len = strlen(id);

	return len >= 1 && len <= 18 && id[0] != '0' &&
	    strspn(id, "0123456789") == len;
}

/* The programme before the n-th that names a campaign, or NULL. */
static const char *
programme_of(const struct conf_programme *list, size_t n, const char *id)
{
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < list[i].campaigns.n; k++)
			if (strcmp(list[i].campaigns.v[k], id) == 0)
				return list[i].name;
	return NULL;
}

static bool
check_programme(const struct conf_load *l, const struct conf_programme *list,
    size_t i)
{
	const struct conf_programme *p = &list[i];
	char path[48];

	(void)snprintf(path, sizeof(path), "programmes.[%zu]", i);
	if (*p->name == '\0' || p->campaigns.n == 0)
		return conf_fail(l, path, "expected a name and at least one "
		    "campaign");
	for (size_t k = 0; k < i; k++)
		if (strcmp(list[k].name, p->name) == 0)
			return conf_fail(l, path, "the name \"%.40s\" is taken",
			    p->name);
	for (size_t k = 0; k < p->campaigns.n; k++) {
		const char *id = p->campaigns.v[k];
		const char *other = programme_of(list, i, id);
		if (!is_campaign_id(id))
			return conf_fail(l, path, "campaigns: expected campaign "
			    "ids such as \"7750\"; got \"%.40s\"", id);
		if (other != NULL)
			return conf_fail(l, path, "campaigns: %.40s is in "
			    "\"%.40s\" already", id, other);
	}
	return true;
}

static bool
check_programmes(const struct conf_load *l)
{
	const struct conf_programme *list = l->conf->programmes.v;

	for (size_t i = 0; i < l->conf->programmes.n; i++)
		if (!check_programme(l, list, i))
			return false;
	return true;
}

/* ---- pilot ------------------------------------------------------------- */
/* Kept in the form that addresses are compared in; a message names none. */
static bool
check_pilot(const struct conf_load *l)
{
	struct strlist *addresses = &l->conf->pilot.addresses;
	const char **a = arena_array(l->arena, addresses->n + 1, sizeof(*a));
	const char *ignored;

	if (a == NULL)
		return err_nomem(l->err);
	for (size_t i = 0; i < addresses->n; i++)
		if (identity_address(l->arena, addresses->v[i], &a[i],
		    &ignored) != ADDRESS_OK)
			return conf_fail(l, "pilot.addresses", "expected mail "
			    "addresses; number %zu is none", i + 1);
	addresses->v = a;
	return conf_domains(l, "pilot.domains", &l->conf->pilot.domains);
}

/* ---- policy ------------------------------------------------------------ */
static bool
read_policy_of(const struct conf_load *l, const struct config_setting_t *s,
    struct policy *policy)
{
	const char *code = options_name(s);
	char where[64];

	(void)snprintf(where, sizeof(where), "policy.%.40s", code);
	if (!conf_is_country(code))
		return options_error(l->err, s, l->name, where,
		    "there is no such country; expected an ISO code such as "
		    "\"DE\"");
	if (!options_is_group(s))
		return options_error(l->err, s, l->name, where,
		    "expected a group, { require_consent = true; }");
	return options_fill(strcmp(code, BUILT_IN) == 0 ? german_opts :
	    policy_opts, policy, s, l->name, where, NULL, l->arena, l->err);
}

static bool
read_policy(const struct conf_load *l)
{
	const struct config_setting_t *all =
	    options_member(options_root(l->file), "policy");
	const size_t n = options_count(all);
	const char **v = arena_array(l->arena, n + 2, sizeof(*v));
	bool is_built_in = true;
	size_t needs = 0;

	if (all != NULL && !options_is_group(all))
		return conf_fail(l, "policy", "expected a group, { DE = "
		    "{ require_consent = true; }; }");
	if (v == NULL)
		return err_nomem(l->err);
	for (size_t i = 0; i < n; i++) {
		const struct config_setting_t *s = options_at(all, i);
		struct policy policy = { false };
		if (!read_policy_of(l, s, &policy))
			return false;
		is_built_in &= strcmp(options_name(s), BUILT_IN) != 0;
		if (policy.require_consent)
			v[needs++] = arena_strdup(l->arena, options_name(s));
	}
	/* Who names no country has none to be strict about. */
	l->conf->policy.unknown = needs > 0;
	if (is_built_in)
		v[needs++] = BUILT_IN;
	l->conf->policy.countries = (struct strlist){ v, needs };
	return arena_failed(l->arena) ? err_nomem(l->err) : true;
}

bool
conf_read_rules(const struct conf_load *l)
{
	return check_programmes(l) && check_pilot(l) && read_policy(l);
}

/* ---- digest ------------------------------------------------------------ */
void
conf_dump_rules(const struct conf *conf, struct buf *out)
{
	const struct conf_programme *p = conf->programmes.v;
	char where[48];

	for (size_t i = 0; i < conf->programmes.n; i++) {
		(void)snprintf(where, sizeof(where), "programmes[%zu]", i);
		options_dump(conf_programme_opts, &p[i], where, out);
	}
	for (size_t i = 0; i < conf->policy.countries.n; i++)
		buf_printf(out, "policy=%s\n", conf->policy.countries.v[i]);
	buf_printf(out, "policy.unknown=%d\n", conf->policy.unknown);
}
