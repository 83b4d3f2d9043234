/*
 * cli_setup.c - npsync check: everything a night needs, tried without sending
 * or writing anything; the table of the family.
 */
#include <string.h>

#include "cli.h"
#include "cli_alarms.h"
#include "cli_diff.h"
#include "cli_doubts.h"
#include "cli_crm.h"
#include "cli_init.h"
#include "cli_lists.h"
#include "cli_preview.h"
#include "cli_time.h"
#include "cli_try.h"
#include "clock.h"
#include "connect.h"
#include "erasure.h"
#include "secret.h"
#include "tag.h"

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

static void
say_ok(void *list, const char *what, const char *detail)
{
	(void)list;
	ok(what, detail);
}

static void
warn_about(void *list, const char *what, const char *detail)
{
	warn(list, what, detail);
}

static void
fail_about(void *list, const char *what, const struct err *err)
{
	fail(list, what, err);
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
/* What the other side will not tell: never silently an empty list. */
static void
check_lacks(struct checklist *list, const char *what,
    const char *(*lacks)(const void *settings, size_t i),
    const void *settings)
{
	const char *line;

	for (size_t i = 0; lacks != NULL && (line = lacks(settings, i)) != NULL;
	     i++)
		warn(list, what, line);
}

static void
check_crm(struct checklist *list, const struct conf_crm *conf)
{
	struct crm crm = { 0 };
	struct err err = { .kind = ERR_NONE };
	const char *what = arena_printf(list->cli->arena, "crm %s (%s)",
	    conf->name, conf->driver);
	const struct cli_say say = { say_ok, warn_about, fail_about, list };

	const bool opened = crm_open(&crm, conf, list->cli->conf->timezone,
	    cli_cancelled, &err);
	bool good = opened && crm.connector->check(crm.link.self, &err);
	/* A column that is missing may be why: it is named, and made. */
	const bool told = opened && !good && err.kind == ERR_CONFIG &&
	    crm.connector->setup != NULL;
	if (told)
		cli_crm_check(list->cli, &crm, what, &say);
	if (told && cli_given(list->cli, "fix") != NULL)
		good = crm.connector->check(crm.link.self, &err);
	if (!good)
		fail(list, what, &err);
	else
		ok(what, "");
	if (good)
		check_lacks(list, what, crm.connector->lacks, conf->settings);
	if (good && !told)
		cli_crm_check(list->cli, &crm, what, &say);
	crm_close(&crm);
}

/* The service's campaigns. */
struct known {
	struct arena *arena;
	const char **ids, **names;
	bool *used;
	size_t n, room;
};

static bool
grow(struct known *known)
{
	const size_t room = known->room == 0 ? 64 : 2 * known->room;
	const char **ids = arena_array(known->arena, room, sizeof(*ids));
	const char **names = arena_array(known->arena, room, sizeof(*names));

	if (ids == NULL || names == NULL)
		return false;
	for (size_t i = 0; i < known->n; i++) {
		ids[i] = known->ids[i];
		names[i] = known->names[i];
	}
	known->ids = ids;
	known->names = names;
	known->room = room;
	return true;
}

/* One without memory ends the list: arena_failed says so. */
static bool
on_campaign(void *arg, const char *id, const char *name)
{
	struct known *known = arg;

	if (known->n == known->room && !grow(known))
		return false;
	known->ids[known->n] = arena_strdup(known->arena, id);
	known->names[known->n] = arena_strdup(known->arena, name);
	known->n++;
	return !arena_failed(known->arena);
}

/* Another one in use that would write the same tags, or n. */
static size_t
find_same_tag(const struct known *known, size_t n)
{
	const char *folded = tag_campaign_fold(known->arena, known->names[n]);

	for (size_t i = 0; folded != NULL && i < known->n; i++) {
		const char *other = i == n || !known->used[i] ? NULL
		    : tag_campaign_fold(known->arena, known->names[i]);
		if (other != NULL && strcmp(folded, other) == 0)
			return i;
	}
	return n;
}

/* Answers are written to cards under the campaign's name. */
static bool
check_name(struct known *known, size_t n, struct err *err)
{
	if (!tag_campaign_check(known->names[n], err))
		return err_wrap(err, "its answers can be written to no card; "
		    "rename it at the survey service");
	const size_t same = find_same_tag(known, n);
	known->used[n] = true;
	return same == n || err_set(err, ERR_CONFIG, "its tags would be those of "
	    "campaign %.20s, \"%.60s\"; rename one at the survey service",
	    known->ids[same], known->names[same]);
}

/* A programme may still count surveys of a campaign that is over. */
static void
check_campaign(struct checklist *list, struct known *known,
    const char *what, const char *id, bool must_be)
{
	struct err err = { .kind = ERR_NONE };

	for (size_t i = 0; i < known->n; i++) {
		if (strcmp(known->ids[i], id) != 0)
			continue;
		if (must_be && !check_name(known, i, &err))
			fail(list, what, &err);
		else
			ok(what, known->names[i] != NULL ? known->names[i] : "");
		return;
	}
	const char *near = cli_nearest(known->arena, id, known->ids, known->names,
	    known->n);
	err_set(&err, ERR_CONFIG, "the survey service has no such campaign%s",
	    *near != '\0' ? near : "; see `npsync campaigns`");
	if (must_be)
		fail(list, what, &err);
	else
		warn(list, what, err.msg);
}

static void
check_campaigns(struct checklist *list, struct survey *survey)
{
	const struct conf *conf = list->cli->conf;
	struct arena *arena = list->cli->arena;
	const struct conf_programme *p = conf->programmes.v;
	struct known *known = arena_alloc(arena, sizeof(*known));
	struct err err = { .kind = ERR_NONE };

	if (known == NULL || survey->connector->list_campaigns == NULL)
		return;
	known->arena = arena;
	if (!survey->connector->list_campaigns(survey->link.self, on_campaign,
	        known, &err)) {
		if (arena_failed(arena))
			(void)err_nomem(&err);
		/* ERR_DONE: the service lists none; check_lacks says so. */
		if (err.kind != ERR_DONE)
			fail(list, "campaigns", &err);
		return;
	}
	known->used = arena_array(arena, known->n + 1, sizeof(*known->used));
	for (size_t t = 0; known->used != NULL && t < conf->n_triggers; t++)
		for (size_t i = 0; conf->triggers[t].enabled &&
		     i < conf->triggers[t].n_campaigns; i++)
			check_campaign(list, known, arena_printf(arena,
			    "trigger %s, campaign %s", conf->triggers[t].code,
			    conf->triggers[t].campaigns[i].id),
			    conf->triggers[t].campaigns[i].id, true);
	for (size_t i = 0; i < conf->programmes.n; i++)
		for (size_t k = 0; k < p[i].campaigns.n; k++)
			check_campaign(list, known, arena_printf(arena,
			    "programme %s, campaign %s", p[i].name,
			    p[i].campaigns.v[k]), p[i].campaigns.v[k],
			    false);
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
	check_lacks(list, what, survey.connector->lacks,
	    conf->survey.settings);
	check_campaigns(list, &survey);
	survey_close(&survey);
}

/* ---- mail ------------------------------------------------------------------ */
static void
check_mail(struct checklist *list)
{
	struct err err = { .kind = ERR_NONE };
	const int said = cli_preview_check(list->cli->conf, &err);

	if (said > 0)
		ok("mail", list->cli->conf->mail.smtp_url);
	else if (said < 0 && err.kind == ERR_NONE)
		warn(list, "mail", err.msg);
	else if (said < 0)
		fail(list, "mail", &err);
}

static void
check_alarms(struct checklist *list)
{
	struct err err = { .kind = ERR_NONE };

	for (size_t i = 0; cli_alarms_fault(list->cli, i, &err); i++)
		fail(list, "alarms", &err);
	if (!cli_alarms_check(list->cli, warn_about, list, &err))
		fail(list, "alarms", &err);
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

static void
check_erasures(struct checklist *list)
{
	struct cli *cli = list->cli;
	struct err err = { .kind = ERR_NONE };
	long long open = 0;

	if (cli->db == NULL)
		return;
	if (!erasure_open(cli->db, cli->tenant.id, cli->arena, &open, &err))
		fail(list, "erasures", &err);
	else if (open > 0)
		warn(list, "erasures", arena_printf(cli->arena, "%lld step%s open "
		    "at others, each night tries again", open,
		    open == 1 ? " is" : "s are"));
}

int
cli_check(struct cli *cli, struct err *err)
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
	check_mail(&list);
	check_alarms(&list);
	check_habits(&list);
	check_erasures(&list);
	cli_time_check(cli, warn_about, &list);
	if (!cli_lists_check(cli, warn_about, &list, err))
		fail(&list, "names", err);
	if (!cli_doubts_check(cli, warn_about, &list, err))
		fail(&list, "cards", err);
	(void)printf("%d failed, %d warning%s\n", list.failed, list.warned,
	    list.warned == 1 ? "" : "s");
	err->kind = ERR_NONE;
	return list.worst;
}

static int
check_all(struct cli *cli, struct err *err)
{
	const char *file = cli_given(cli, "diff");

	if ((file != NULL) + (cli_given(cli, "fix") != NULL) +
	    cli_try_wanted(cli) > 1) {
		err_set(err, ERR_USAGE, "npsync check: expected one of --diff, "
		    "--fix, --show");
		return 64;
	}
	if (file != NULL)
		return cli_diff(cli, file, err);
	if (cli_try_wanted(cli))
		return cli_try(cli, err);
	return cli_each_tenant(cli, cli_check, err);
}

static const struct cli_opt check_opts[] = {
	{ "diff", "FILE", "what this edited configuration would change, row by row" },
	{ "fix", NULL, "make in the CRM what is missing there, where it can" },
	{ "show", NULL, "what each stream of a CRM says, its first rows" },
	{ "crm", "NAME", "with --show: this CRM only" },
	{ "profile", "FILE", "with --show: this profile instead of the CRM's own" },
	{ "rows", "N", "with --show: so many rows (5)" },
	{ "days", "N", "with --show: of so many days (30)" },
	{ NULL, NULL, NULL }
};

const struct cli_command cli_setup_commands[] = {
	{ "init", "[--answers FILE]", "Ask a few questions and write a configuration",
	    cli_init_opts, cli_init,
	    "The file is the one that -c names. One that is there is replaced only while\n"
	    "it is the sample as it was installed.", 0 },
	{ "check", "[--diff FILE | --fix | --show [--profile FILE] [--crm NAME]]",
	    "Try everything a night needs; sends and writes nothing", check_opts,
	    check_all,
	    "--diff: the settings that differ, and which rows of the queue would come\n"
	    "otherwise. The file is not used for anything else.\n"
	    "--fix: makes the fields and tables in a CRM that are missing for what is written\n"
	    "there, and adds rules.no_send_tag, Skip and Ask.CAMPAIGN to its tags, where the\n"
	    "connector can; says which cannot.\n"
	    "--show: reads the CRM's last days as a night would and prints how npsync\n"
	    "understands them. Stores nothing, writes nothing, needs no database.", 0 },
	{ NULL, NULL, NULL, NULL, NULL, NULL, 0 }
};
