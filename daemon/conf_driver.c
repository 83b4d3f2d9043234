/*
 * crm and survey: which connector, and its settings by its own table.
 */
#include <string.h>

#include "clock.h"
#include "conf_load.h"
#include "secret.h"

#define DRIVERS_MAX 64

/* H = offset of a member of struct conf_http. */
#define HTTP_ROWS(H) \
	{ .name = "rate_per_second", .type = OPT_FLOAT, \
	    .offset = H(rate_per_second), .def = "5", .min = 0.01, \
	    .max = 10, .help = "requests a second at most" }, \
	{ .name = "timeout_s", .type = OPT_INT, .offset = H(timeout_s), \
	    .def = "120", .min = 5, .max = 600, \
	    .help = "how long an answer may take" }, \
	{ .name = "retries", .type = OPT_INT, .offset = H(retries), \
	    .def = "4", .min = 1, .max = 10, \
	    .help = "tries of a request that may be repeated" }, \
	{ .name = "backoff_s", .type = OPT_FLOAT, .offset = H(backoff_s), \
	    .def = "5", .min = 0, .max = 300, \
	    .help = "pause after the first try, then doubled" }, \
	{ .name = "backoff_max_s", .type = OPT_FLOAT, \
	    .offset = H(backoff_max_s), .def = "300", .min = 0, .max = 300, \
	    .help = "longest pause" }, \
	{ .name = "ca_file", .type = OPT_PATH, .offset = H(ca_file), \
	    .def = "", .help = "certificates to trust; empty = the system's" \
	    }, \
	{ .name = "gzip", .type = OPT_BOOL, .offset = H(gzip), \
	    .def = "true", .help = "answers may come packed, where the driver " \
	    "offers that" }, \
	{ .name = "allow_http", .type = OPT_BOOL, .offset = H(allow_http), \
	    .def = "false", .help = "addresses may be http (beyond this " \
	    "machine): the key is readable on the way" }, \
	{ .name = "allow_private", .type = OPT_BOOL, \
	    .offset = H(allow_private), .def = "false", .help = "the host may " \
	    "have an address of a private network" }, \
	{ .name = "safe_status", .type = OPT_INTLIST, \
	    .offset = H(safe_status), .def = "[]", .min = 500, .max = 599, \
	    .help = "answers that, with a Retry-After, say that nothing was " \
	    "done" }

#define AT(member) offsetof(struct conf_crm, http.member)
const struct opt conf_crm_opts[] = {
	{ .name = "name", .type = OPT_STR,
	    .offset = offsetof(struct conf_crm, name),
	    .help = "yours; part of every key, so never change it" },
	{ .name = "driver", .type = OPT_STR,
	    .offset = offsetof(struct conf_crm, driver),
	    .help = "the connector; its options: npsync options DRIVER" },
	HTTP_ROWS(AT),
	{ .name = NULL }
};
#define CRM_OWN 2	/* rows of every driver; the rest with info.http */
#undef AT

#define AT(member) offsetof(struct conf_survey, http.member)
const struct opt conf_survey_opts[] = {
	{ .name = "driver", .type = OPT_STR,
	    .offset = offsetof(struct conf_survey, driver), .def = "npstoday",
	    .help = "the connector; its options: npsync options DRIVER" },
	HTTP_ROWS(AT),
	{ .name = "concurrency", .type = OPT_INT,
	    .offset = offsetof(struct conf_survey, concurrency), .def = "8",
	    .min = 1, .max = 64, .help = "requests at a time" },
	{ .name = "warn_suppressed_pct", .type = OPT_INT,
	    .offset = offsetof(struct conf_survey, warn_suppressed_pct),
	    .def = "20", .min = 0, .max = 100,
	    .help = "share of a run's people that rules of the service hold "
	    "back: an alarm; 0 = none" },
	{ .name = NULL }
};
#undef AT

static size_t
table_len(const struct opt *opts)
{
	size_t n = 0;

	while (opts[n].name != NULL)
		n++;
	return n;
}

/* The names of a table, NULL-ended, without those that `but` has too. */
static const char *const *
table_names(const struct opt *opts, const struct opt *but,
    struct arena *arena)
{
	const char **names = arena_array(arena, table_len(opts) + 1,
	    sizeof(*names));
	size_t n = 0;

	for (; names != NULL && opts->name != NULL; opts++) {
		const struct opt *o = but;
		while (o != NULL && o->name != NULL &&
		    strcmp(o->name, opts->name) != 0)
			o++;
		if (o == NULL || o->name == NULL)
			names[n++] = opts->name;
	}
	return names;
}

/* The first n rows of the core's table.  A driver that lists a key of the core
 * gives it its own default and bounds. */
static const struct opt *
core_table(const struct opt *core, size_t n, const struct opt *driver_opts,
    struct arena *arena)
{
	struct opt *table = arena_array(arena, n + 1, sizeof(*table));

	for (size_t i = 0; table != NULL && i < n; i++) {
		table[i] = core[i];
		for (const struct opt *o = driver_opts; o->name != NULL; o++) {
			if (strcmp(o->name, table[i].name) != 0)
				continue;
			table[i].def = o->def;
			table[i].min = o->min;
			table[i].max = o->max;
		}
	}
	return table;
}

/* The driver's part of a group; the core's keys are left alone unless the
 * driver has them too. */
static bool
fill_settings(const struct conf_load *l, const struct connector_info *info,
    const struct config_setting_t *group, const char *where,
    const struct opt *core, bool tried, const void **settings)
{
	void *s = arena_alloc(l->arena, info->settings_size + 1);
	const char *const *ignore = table_names(core, info->opts, l->arena);

	if (s == NULL || ignore == NULL)
		return err_nomem(l->err);
	*settings = s;
	if (tried)
		return conf_fill_tried(l, info->opts, group, where, ignore, s);
	return options_fill(info->opts, s, group, l->name, where, ignore,
	    l->arena, l->err);
}

static bool
read_driver(const struct conf_load *l, const struct opt *opt,
    const struct config_setting_t *group, const char *where,
    const char **driver)
{
	const struct config_setting_t *s = options_member(group, "driver");
	char path[64];

	*driver = s == NULL ? opt->def : options_text(s);
	if (*driver != NULL)
		return true;
	(void)snprintf(path, sizeof(path), "%.48s.driver", where);
	return options_expected(l->err, opt, s == NULL ? group : s, s != NULL,
	    l->name, path);
}

/* names: of the drivers there are, NULL-ended. */
static bool
unknown_driver(const struct conf_load *l, const struct config_setting_t *at,
    const char *where, const char *const *names)
{
	AUTO(buf) struct buf known;

	buf_init(&known, 400);
	for (; *names != NULL; names++)
		buf_printf(&known, "%s%s", known.len == 0 ? "" : ", ",
		    *names);
	const char *got = options_text(options_member(at, "driver"));
	return options_error(l->err, options_member(at, "driver"), l->name,
	    where, "driver: expected one of %s; got \"%.40s\"", known.len == 0 ?
	    "(none is compiled in)" : buf_text(&known),
	    got == NULL ? "" : got);
}

/* ---- crm --------------------------------------------------------------- */
static const struct crm_connector *
find_crm(const struct conf_load *l, const char *driver)
{
	for (size_t i = 0; l->crm[i] != NULL; i++)
		if (strcmp(l->crm[i]->info.name, driver) == 0)
			return l->crm[i];
	return NULL;
}

static bool
unknown_crm(const struct conf_load *l, const struct config_setting_t *group,
    const char *where)
{
	const char *names[DRIVERS_MAX] = { NULL };

	for (size_t i = 0; i + 1 < DRIVERS_MAX && l->crm[i] != NULL; i++)
		names[i] = l->crm[i]->info.name;
	return unknown_driver(l, group, where, names);
}

static bool
is_good_name(const char *name)
{
	const size_t len = strlen(name);

	return len >= 1 && len <= 32 && strspn(name,
	    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    "0123456789_-") == len;
}

/* What this instance cannot do it does not promise. */
static bool
narrow_crm(const struct conf_load *l, struct conf_crm *crm)
{
	const struct crm_connector *driver = crm->connector;

	if (driver->narrow == NULL)
		return true;
	struct crm_connector *copy = arena_alloc(l->arena, sizeof(*copy));
	if (copy == NULL)
		return err_nomem(l->err);
	*copy = *driver;
	driver->narrow(crm->settings, copy);
	crm->connector = copy;
	return true;
}

static bool
check_crm_name(const struct conf_load *l, const struct conf_crm *all,
    size_t i, const struct config_setting_t *group, const char *where)
{
	const struct config_setting_t *at = options_member(group, "name");

	if (!is_good_name(all[i].name))
		return options_error(l->err, at, l->name, where, "name: "
		    "expected 1 to 32 letters, digits, '_' or '-'");
	for (size_t k = 0; k < i; k++)
		if (strcmp(all[k].name, all[i].name) == 0)
			return options_error(l->err, at, l->name, where,
			    "name: \"%s\" is taken by the one in line %d",
			    all[i].name, all[k].line);
	return true;
}

static const struct opt *
crm_table(const struct connector_info *info, struct arena *arena)
{
	return core_table(conf_crm_opts, info->http ?
	    table_len(conf_crm_opts) : CRM_OWN, info->opts, arena);
}

static bool
read_one_crm(const struct conf_load *l, struct conf_crm *all, size_t i,
    const struct config_setting_t *group)
{
	struct conf_crm *crm = &all[i];
	char where[64];
	const char *driver;

	const char *name = options_text(options_member(group, "name"));
	if (name != NULL && is_good_name(name))
		(void)snprintf(where, sizeof(where), "crm.%.32s", name);
	else
		(void)snprintf(where, sizeof(where), "crm[%zu]", i);
	if (!options_is_group(group))
		return options_error(l->err, group, l->name, where,
		    "expected a group, { name = ...; driver = ...; }");
	crm->line = options_line(group);
	/* Which keys there are is not known before the driver is. */
	if (!read_driver(l, &conf_crm_opts[1], group, where, &driver))
		return false;
	crm->connector = find_crm(l, driver);
	if (crm->connector == NULL)
		return unknown_crm(l, group, where);
	const struct connector_info *info = &crm->connector->info;
	const struct opt *core = crm_table(info, l->arena);
	if (core == NULL)
		return err_nomem(l->err);
	crm->tried = conf_is_tried(l, info->opts, name);
	return options_fill(core, crm, group, l->name, where,
	    table_names(info->opts, core, l->arena), l->arena, l->err) &&
	    check_crm_name(l, all, i, group, where) &&
	    fill_settings(l, info, group, where, core, crm->tried,
	        &crm->settings) &&
	    narrow_crm(l, crm);
}

bool
conf_read_crm(const struct conf_load *l)
{
	const struct config_setting_t *list =
	    options_member(options_root(l->file), "crm");
	const size_t n = options_count(list);

	if (list != NULL && !options_is_list(list))
		return conf_fail(l, "crm",
		    "expected a list of groups, ( { ... }, { ... } )");
	if (n == 0)
		return conf_fail(l, "crm", "expected at least one CRM, "
		    "( { name = \"...\"; driver = \"...\"; } )");
	struct conf_crm *all = arena_array(l->arena, n, sizeof(*all));
	if (all == NULL)
		return err_nomem(l->err);
	for (size_t i = 0; i < n; i++)
		if (!read_one_crm(l, all, i, options_at(list, i)))
			return false;
	l->conf->crm = all;
	l->conf->n_crm = n;
	return true;
}

/* ---- survey ------------------------------------------------------------ */
static const struct survey_connector *
find_survey(const struct conf_load *l, const char *driver)
{
	for (size_t i = 0; l->survey[i] != NULL; i++)
		if (strcmp(l->survey[i]->info.name, driver) == 0)
			return l->survey[i];
	return NULL;
}

static bool
unknown_survey(const struct conf_load *l, const struct config_setting_t *group)
{
	const char *names[DRIVERS_MAX] = { NULL };

	for (size_t i = 0; i + 1 < DRIVERS_MAX && l->survey[i] != NULL; i++)
		names[i] = l->survey[i]->info.name;
	return unknown_driver(l, group, "survey", names);
}

static bool
narrow_survey(const struct conf_load *l, struct conf_survey *survey)
{
	const struct survey_connector *driver = survey->connector;

	if (driver->narrow == NULL)
		return true;
	struct survey_connector *copy = arena_alloc(l->arena, sizeof(*copy));
	if (copy == NULL)
		return err_nomem(l->err);
	*copy = *driver;
	driver->narrow(survey->settings, copy);
	survey->connector = copy;
	return true;
}

bool
conf_read_survey(const struct conf_load *l)
{
	struct conf_survey *survey = &l->conf->survey;
	const struct config_setting_t *group =
	    options_member(options_root(l->file), "survey");
	const char *driver;

	if (!options_is_group(group))
		return conf_fail(l, "survey", "expected a group, "
		    "{ driver = \"npstoday\"; api_key = \"credential:...\"; }");
	survey->line = options_line(group);
	if (!read_driver(l, &conf_survey_opts[0], group, "survey", &driver))
		return false;
	survey->connector = find_survey(l, driver);
	if (survey->connector == NULL)
		return unknown_survey(l, group);
	const struct connector_info *info = &survey->connector->info;
	const struct opt *core = core_table(conf_survey_opts,
	    table_len(conf_survey_opts), info->opts, l->arena);
	if (core == NULL)
		return err_nomem(l->err);
	return options_fill(core, survey, group, l->name, "survey",
	    table_names(info->opts, conf_survey_opts, l->arena), l->arena,
	    l->err) && fill_settings(l, info, group, "survey",
	    conf_survey_opts, false, &survey->settings) &&
	    narrow_survey(l, survey);
}

/* ---- all of them ------------------------------------------------------- */
void
conf_dump_drivers(const struct conf *conf, struct buf *out)
{
	char where[80];

	for (size_t i = 0; i < conf->n_crm; i++) {
		const struct conf_crm *crm = &conf->crm[i];
		buf_printf(out, "crm.%s.driver=%s\n", crm->name, crm->driver);
		(void)snprintf(where, sizeof(where), "crm.%.64s", crm->name);
		if (crm->connector->info.http)
			options_dump(&conf_crm_opts[CRM_OWN], crm, where, out);
		options_dump(crm->connector->info.opts, crm->settings, where,
		    out);
	}
	options_dump(conf_survey_opts, &conf->survey, "survey", out);
	options_dump(conf->survey.connector->info.opts, conf->survey.settings,
	    "survey", out);
}

/* ---- secrets ----------------------------------------------------------- */
struct noting {
	struct conf *conf;
	struct arena *arena;
};

static bool
note_expiry(void *arg, const char *path, const char **text, struct err *err)
{
	static const char kind[] = "credential:";
	const struct noting *n = arg;
	struct conf_expiry **end = &n->conf->expiring;

	(void)path;
	if (strncmp(*text, kind, sizeof(kind) - 1) != 0)
		return true;
	const char *name = *text + sizeof(kind) - 1;
	const int day = secret_expires(name, n->conf->dir);
	for (; *end != NULL; end = &(*end)->next)
		if (strcmp((*end)->name, name) == 0)
			return true;
	if (day == NO_DAY)
		return true;
	*end = arena_alloc(n->arena, sizeof(**end));
	if (*end == NULL)
		return err_nomem(err);
	**end = (struct conf_expiry){ NULL, name, day };
	return true;
}

static bool
load_secrets(const struct opt *opts, const void *settings,
    const char *where, struct conf *conf, struct arena *arena,
    struct err *err)
{
	struct noting n = { .conf = conf, .arena = arena };
	void *s;

	/* Nobody else has them yet. */
	memcpy(&s, &settings, sizeof(s));
	return options_each_secret(opts, s, where, note_expiry, &n, err) &&
	    options_load_secrets(opts, s, conf->dir, where, arena, err);
}

bool
conf_load_crm_secrets(struct conf *conf, const struct conf_crm *crm,
    struct arena *arena, struct err *err)
{
	return load_secrets(crm->connector->info.opts, crm->settings, crm->name,
	    conf, arena, err);
}

bool
conf_load_secrets(struct conf *conf, struct arena *arena, struct err *err)
{
	for (size_t i = 0; i < conf->n_crm; i++)
		if (!conf_load_crm_secrets(conf, &conf->crm[i], arena, err))
			return false;
	return load_secrets(conf->survey.connector->info.opts,
	    conf->survey.settings, "survey", conf, arena, err) &&
	    load_secrets(conf_mail_opts, conf, "mail", conf, arena, err) &&
	    load_secrets(conf_alarm_opts, conf, "alarm", conf, arena, err);
}
