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
	(void)printf("`npsync options DRIVER` prints a driver's options, "
	    "`npsync options core` npsync's own.\n");
}

static int
options(struct cli *cli, struct err *err)
{
	if (cli->n_args == 0) {
		list_drivers();
		return 0;
	}
	const char *name = cli->args[0];
	if (strcmp(name, "core") == 0) {
		options_print(stdout, conf_opts, "");
		return 0;
	}
	for (size_t i = 0; crm_connectors[i] != NULL; i++)
		if (strcmp(crm_connectors[i]->info.name, name) == 0) {
			options_print(stdout, crm_connectors[i]->info.opts, "");
			return 0;
		}
	for (size_t i = 0; survey_connectors[i] != NULL; i++)
		if (strcmp(survey_connectors[i]->info.name, name) == 0) {
			options_print(stdout, survey_connectors[i]->info.opts, "");
			return 0;
		}
	err_set(err, ERR_USAGE, "no driver \"%s\" (`npsync options` lists them)",
	    name);
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
	{ "options", "[DRIVER|core]", "Every option with type, default and bounds",
	    no_opts, options, NULL, 1 },
	{ NULL, NULL, NULL, NULL, NULL, NULL, 0 }
};
