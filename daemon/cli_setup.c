/*
 * cli_setup.c - npsync check: everything a night needs, tried without sending
 * or writing anything.
 */
#include <string.h>

#include "campaign.h"
#include "cli.h"
#include "clock.h"
#include "connect.h"
#include "secret.h"

#define EXPIRY_DAYS 30	/* a key's end is told of so long before */

struct checklist {
	struct cli *cli;
	int worst;
	int failed, warned;
};

static void
ok(const char *what, const char *detail)
{
	(void)printf("ok    %s%s%s\n", what, *detail != '\0' ? ": " : "", detail);
}

static void
warn(struct checklist *list, const char *what, const char *detail)
{
	list->warned++;
	(void)printf("warn  %s: %s\n", what, detail);
}

static void
fail(struct checklist *list, const char *what, const struct err *err)
{
	const int code = err_exit_code(err->kind);

	list->failed++;
	if (list->worst == 0)
		list->worst = code != 0 ? code : 1;
	(void)printf("FAIL  %s: %s\n", what, err->msg);
}

/* ---- keys ---------------------------------------------------------------- */
static void
check_expiry(struct checklist *list, const struct conf_expiry *key)
{
	const int left = day_diff(key->day, clock_day(list->cli->conf->timezone,
	    clock_now()));
	struct err err = { .kind = ERR_NONE };
	char day[16];

	if (left > EXPIRY_DAYS)
		return;
	const char *what = arena_printf(list->cli->arena, "credential %s",
	    key->name);
	const char *detail = arena_printf(list->cli->arena, "%s on %s: get a new "
	    "key, then `npsync secret set %s --expires DAY`",
	    left < 0 ? "it ended" : "it ends", day_iso(day, key->day), key->name);
	if (left >= 0) {
		warn(list, what, detail);
	} else {
		err_set(&err, ERR_CONFIG, "%s", detail);
		fail(list, what, &err);
	}
}

/* Before the database is opened: root is given up there. */
static void
check_keys(struct checklist *list)
{
	const struct conf *conf = list->cli->conf;
	struct arena *arena = list->cli->arena;

	for (const struct conf_expiry *e = conf->expiring; e != NULL; e = e->next)
		check_expiry(list, e);
	const char *const *plain = secret_is_for_units(conf->dir) ?
	    secret_plain_files(conf->dir, arena) : NULL;
	for (; plain != NULL && *plain != NULL; plain++)
		warn(list, arena_printf(arena, "credential %s", *plain),
		    secret_plain_advice(*plain, conf->dir, arena));
}

/* ---- connectors ------------------------------------------------------------ */
static void
check_crm(struct checklist *list, const struct conf_crm *conf)
{
	struct crm crm = { 0 };
	struct err err = { .kind = ERR_NONE };
	const char *what = arena_printf(list->cli->arena, "crm %s (%s)",
	    conf->name, conf->driver);

	if (crm_open(&crm, conf, list->cli->conf->timezone, cli_cancelled,
	        &err) &&
	    crm.connector->check(crm.link.self, &err))
		ok(what, "");
	else
		fail(list, what, &err);
	crm_close(&crm);
}

struct wanted {
	struct checklist *list;
	const char *id;
	const char *name;
};

static bool
on_campaign(void *arg, const char *id, const char *name)
{
	struct wanted *w = arg;

	if (strcmp(id, w->id) == 0)
		w->name = arena_strdup(w->list->cli->arena, name);
	return true;
}

static void
check_campaign(struct checklist *list, struct survey *survey,
    const char *trigger, const char *id)
{
	struct wanted w = { .list = list, .id = id };
	struct err err = { .kind = ERR_NONE };
	const char *what = arena_printf(list->cli->arena,
	    "trigger %s, campaign %s", trigger, id);

	if (!survey->connector->list_campaigns(survey->link.self, on_campaign, &w,
	        &err)) {
		fail(list, what, &err);
	} else if (w.name == NULL) {
		err_set(&err, ERR_CONFIG, "the survey service has no such campaign");
		fail(list, what, &err);
	} else {
		ok(what, w.name);
	}
}

static void
check_survey(struct checklist *list)
{
	const struct conf *conf = list->cli->conf;
	struct survey survey = { 0 };
	struct err err = { .kind = ERR_NONE };
	const char *what = arena_printf(list->cli->arena, "survey %s",
	    conf->survey.driver);

	if (!survey_open(&survey, &conf->survey, conf->timezone, cli_cancelled,
	        &err) ||
	    !survey.connector->check(survey.link.self, &err)) {
		fail(list, what, &err);
		survey_close(&survey);
		return;
	}
	ok(what, "");
	for (size_t t = 0; survey.connector->list_campaigns != NULL &&
	     t < conf->n_triggers; t++)
		for (size_t i = 0; conf->triggers[t].enabled &&
		     i < conf->triggers[t].n_campaigns; i++)
			check_campaign(list, &survey, conf->triggers[t].code,
			    conf->triggers[t].campaigns[i].id);
	survey_close(&survey);
}

/* ---- all of it ------------------------------------------------------------- */
static void
check_habits(struct checklist *list)
{
	const struct conf *conf = list->cli->conf;

	if (conf->budget.year == 0)
		warn(list, "budget.year", "not set: surveys cost money, name what "
		    "your plan holds");
	if (list->cli->tenant.paused)
		warn(list, "tenant", "sending is paused until `npsync activate`");
	if (!conf->enabled)
		warn(list, "enabled", "this tenant is switched off");
}

static int
check(struct cli *cli, struct err *err)
{
	struct checklist list = { .cli = cli };

	if (!cli_load(cli, true, err))
		return err_exit_code(err->kind);
	ok("configuration", cli->conf->file);
	check_keys(&list);
	if (cli_open(cli, true, err))
		ok("database", *cli->conf->database == '\0' ? "embedded" : "server");
	else
		fail(&list, "database", err);
	for (size_t i = 0; i < cli->conf->n_crm; i++)
		check_crm(&list, &cli->conf->crm[i]);
	check_survey(&list);
	check_habits(&list);
	(void)printf("%d failed, %d warning%s\n", list.failed, list.warned,
	    list.warned == 1 ? "" : "s");
	err->kind = ERR_NONE;
	return list.worst;
}

static int
check_all(struct cli *cli, struct err *err)
{
	return cli_each_tenant(cli, check, err);
}

static const struct cli_opt no_opts[] = { { NULL, NULL, NULL } };

const struct cli_command cli_setup_commands[] = {
	{ "check", "", "Try everything a night needs; sends and writes nothing",
	    no_opts, check_all, NULL, 0 },
	{ NULL, NULL, NULL, NULL, NULL, NULL, 0 }
};
