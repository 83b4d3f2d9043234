/*
 * cli_admin.c - npsync secret, options; the table of the family.
 */
#include <string.h>

#include "cli.h"
#include "cli_pause.h"
#include "cli_schema.h"
#include "clock.h"
#include "connector.h"
#include "options.h"
#include "secret.h"

static const struct cli_opt no_opts[] = { { NULL, NULL, NULL } };

/* ---- secret ---------------------------------------------------------------------------- */
static const struct cli_opt secret_opts[] = {
	{ "expires", "DAY", "when the key ends (2027-06-30), for a warning before" },
	{ NULL, NULL, NULL }
};

static int
secret(struct cli *cli, struct err *err)
{
	const char *expires = cli_given(cli, "expires");
	int day = NO_DAY;

	if (cli->n_args != 2 || strcmp(cli->args[0], "set") != 0) {
		err_set(err, ERR_USAGE, "npsync secret: expected `set NAME`");
		return 64;
	}
	if (expires != NULL && (day = day_parse(expires)) == NO_DAY) {
		err_set(err, ERR_USAGE, "--expires: expected a day like 2027-06-30");
		return 64;
	}
	/* The configuration need not be complete yet: only its folder counts. */
	const char *slash = strrchr(cli->config_file, '/');
	const char *dir = slash == NULL ? "." : arena_strndup(cli->arena,
	    cli->config_file, (size_t)(slash - cli->config_file));
	if (dir == NULL)
		return err_nomem(err), err_exit_code(err->kind);
	if (!secret_set(cli->args[1], dir, day, err))
		return err_exit_code(err->kind);
	(void)printf("secret %s is stored: credential:%s\n", cli->args[1],
	    cli->args[1]);
	return 0;
}

/* ---- options ------------------------------------------------------------------------------ */
static const struct cli_opt options_opts[] = {
	{ "profile", "crm|survey", "what stands in a profile of the driver" },
	{ NULL, NULL, NULL }
};

static void
list_profiles(const char *folder)
{
	for (const struct options_profile *p = options_profiles;
	    p->name != NULL; p++)
		if (strcmp(p->folder, folder) == 0)
			(void)printf(" %s", p->name);
}

static void
list_drivers(void)
{
	(void)printf("CRM drivers:\n");
	for (size_t i = 0; crm_connectors[i] != NULL; i++)
		(void)printf("  %-12s %s\n", crm_connectors[i]->info.name,
		    crm_connectors[i]->info.summary);
	(void)printf("survey drivers:\n");
	for (size_t i = 0; survey_connectors[i] != NULL; i++)
		(void)printf("  %-12s %s\n", survey_connectors[i]->info.name,
		    survey_connectors[i]->info.summary);
	if (options_profiles[0].name != NULL) {
		(void)printf("profiles:\n  crm:");
		list_profiles("crm.d");
		(void)printf("\n  survey:");
		list_profiles("survey.d");
		(void)printf("\n");
	}
	(void)printf("`npsync options DRIVER` prints a driver's options, "
	    "`npsync options core` npsync's own.\n");
}

static const struct opt *
driver_opts(const char *name, bool crm, bool survey)
{
	for (size_t i = 0; crm && crm_connectors[i] != NULL; i++)
		if (strcmp(crm_connectors[i]->info.name, name) == 0)
			return crm_connectors[i]->info.opts;
	for (size_t i = 0; survey && survey_connectors[i] != NULL; i++)
		if (strcmp(survey_connectors[i]->info.name, name) == 0)
			return survey_connectors[i]->info.opts;
	return NULL;
}

static const struct opt *
profile_opts(const char *name, const char *kind)
{
	const struct opt *o = driver_opts(name, strcmp(kind, "crm") == 0,
	    strcmp(kind, "survey") == 0);

	while (o != NULL && o->name != NULL && o->type != OPT_PROFILE)
		o++;
	return o == NULL || o->name == NULL ? NULL : o->sub;
}

static int
options(struct cli *cli, struct err *err)
{
	const char *kind = cli_given(cli, "profile");
	const char *name = cli->n_args == 0 ? NULL : cli->args[0];

	if (name == NULL && kind == NULL) {
		list_drivers();
		return 0;
	}
	const struct opt *opts = name == NULL ? NULL :
	    kind != NULL ? profile_opts(name, kind) :
	    strcmp(name, "core") == 0 ? conf_opts :
	    driver_opts(name, true, true);
	if (opts != NULL) {
		options_print(stdout, opts, "");
		return 0;
	}
	if (kind != NULL)
		err_set(err, ERR_USAGE, "expected `npsync options DRIVER "
		    "--profile crm` or survey, of a driver that has profiles");
	else
		err_set(err, ERR_USAGE, "no driver \"%s\" (`npsync options` "
		    "lists them)", name);
	return 64;
}

const struct cli_command cli_admin_commands[] = {
	{ "activate", "", "Start sending: a new installation is paused", no_opts,
	    cli_activate, "Look at `npsync queue` before.", 0 },
	{ "pause", "[CONDITION ...] [--until TIME] | --list",
	    "Stop sending, or keep some rows waiting", cli_pause_opts, cli_pause,
	    "Without a condition nobody is asked until `npsync resume`. With some, rows\n"
	    "that match them all wait, in a running night too, and grow older meanwhile.", 0 },
	{ "resume", "[PAUSE | CONDITION ... | --all]", "Take pauses off",
	    cli_resume_opts, cli_resume,
	    "Without a word: ends `npsync pause` of all; other pauses stay. A new\n"
	    "installation is started by `npsync activate` only.", 1 },
	{ "secret", "set NAME", "Store a key outside the configuration",
	    secret_opts, secret,
	    "Reads the key without echo, or one line of standard input. The\n"
	    "configuration names it: api_key = \"credential:NAME\".", 2 },
	{ "schema", "--print|--apply|--check|--role NAME", "The database's tables",
	    cli_schema_opts, cli_schema, NULL, 0 },
	{ "options", "[DRIVER [--profile crm|survey] | core]",
	    "Every option with type, default and bounds", options_opts, options,
	    NULL, 1 },
	{ NULL, NULL, NULL, NULL, NULL, NULL, 0 }
};
