/*
 * npsync - carries what happened in a CRM to a survey service and the answers
 * back.  See npsync(8).
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli.h"
#include "clock.h"
#include "environment.h"
#include "log.h"

/* LeakSanitizer traces its own process: that must not be forbidden. */
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define UNDER_ASAN 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__)
#define UNDER_ASAN 1
#endif

#define CONFIG_DEFAULT "/etc/npsync/npsync.conf"

static const struct cli_command *const families[] = { cli_run_commands,
	cli_queue_commands, cli_move_commands, cli_report_commands, cli_admin_commands,
	cli_setup_commands, cli_backup_commands, cli_privacy_commands,
	cli_nps_commands, cli_cockpit_commands };

static const struct cli_command *
find_command(const char *name)
{
	for (size_t f = 0; f < ARRAY_LEN(families); f++)
		for (const struct cli_command *c = families[f]; c->name != NULL; c++)
			if (strcmp(c->name, name) == 0)
				return c;
	return NULL;
}

static void
usage(FILE *out)
{
	(void)fprintf(out,
	    "Usage: npsync [-c FILE] [--tenant NAME] [--json|--csv] COMMAND ...\n\n");
	for (size_t f = 0; f < ARRAY_LEN(families); f++)
		for (const struct cli_command *c = families[f]; c->name != NULL; c++)
			(void)fprintf(out, "  %-11s %s\n", c->name, c->summary);
	(void)fprintf(out,
	    "\n  -c, --config FILE  the configuration (default " CONFIG_DEFAULT ")\n"
	    "  --tenant NAME      which account, where conf.d/ names several\n"
	    "  --json, --csv      listings for programs\n"
	    "  --now TIME         pretend it is TIME; only where `test = true`\n"
	    "  --print-config     the documented sample configuration\n"
	    "  --version, --help  `npsync COMMAND --help` tells more\n\n"
	    "Exit: 0 ok, 1 a connector failed, 64 usage, 69 service or database "
	    "away,\n71 system, 75 another run is active, 77 permission, "
	    "78 configuration.\n");
}

static void
command_usage(const struct cli_command *c)
{
	(void)printf("Usage: npsync %s%s%s\n\n%s.\n", c->name,
	    *c->arguments != '\0' ? " " : "", c->arguments, c->summary);
	if (c->more != NULL)
		(void)printf("\n%s\n", c->more);
	if (c->opts != NULL && c->opts->name != NULL)
		(void)printf("\n");
	for (const struct cli_opt *o = c->opts; o != NULL && o->name != NULL; o++)
		(void)printf("  --%s%s%s\n        %s\n", o->name,
		    o->value != NULL ? " " : "", o->value != NULL ? o->value : "",
		    o->help);
}

/* ---- parsing ------------------------------------------------------------------- */
/* "--name=value" or "--name value"; *at moves. True if it is that option. */
static bool
take(int argc, char **argv, int *at, const char *name, const char **value,
    struct err *err)
{
	const char *arg = argv[*at];
	const size_t len = strlen(name);

	if (strncmp(arg, "--", 2) != 0 || strncmp(arg + 2, name, len) != 0)
		return false;
	if (arg[2 + len] == '=') {
		*value = arg + 3 + len;
		return true;
	}
	if (arg[2 + len] != '\0')
		return false;
	if (*at + 1 >= argc) {
		err_set(err, ERR_USAGE, "--%s: expected a value", name);
		return true;
	}
	*value = argv[++*at];
	return true;
}

static bool
parse_global(struct cli *cli, int argc, char **argv, int *at, bool *was,
    struct err *err)
{
	const char *arg = argv[*at];

	*was = true;
	if (strcmp(arg, "--json") == 0)
		cli->format = TABLE_JSON;
	else if (strcmp(arg, "--csv") == 0)
		cli->format = TABLE_CSV;
	else if (strcmp(arg, "-c") == 0) {
		if (*at + 1 >= argc)
			return err_set(err, ERR_USAGE, "-c: expected a file");
		cli->config_file = argv[++*at];
	} else if (!take(argc, argv, at, "config", &cli->config_file, err) &&
	    !take(argc, argv, at, "tenant", &cli->tenant_wanted, err) &&
	    !take(argc, argv, at, "now", &cli->now_text, err))
		*was = false;
	return err->kind == ERR_NONE;
}

static bool
parse_own(struct cli *cli, int argc, char **argv, int *at, struct err *err)
{
	const struct cli_opt *o = cli->command->opts;

	for (int i = 0; o != NULL && o[i].name != NULL; i++) {
		if (strncmp(argv[*at], "--", 2) != 0)
			break;
		if (o[i].value != NULL) {
			if (take(argc, argv, at, o[i].name, &cli->given[i], err))
				return err->kind == ERR_NONE;
		} else if (strcmp(argv[*at] + 2, o[i].name) == 0) {
			cli->given[i] = "";
			return true;
		}
	}
	return err_set(err, ERR_USAGE, "npsync %s: unknown option %s "
	    "(`npsync %s --help`)", cli->command->name, argv[*at],
	    cli->command->name);
}

/* What stands before the command. *done = answered already. */
static bool
parse_first(struct cli *cli, const char *arg, bool *done, struct err *err)
{
	if (arg[0] != '-') {
		cli->command = find_command(arg);
		return cli->command != NULL || err_set(err, ERR_USAGE,
		    "unknown command \"%s\" (`npsync --help` lists them)", arg);
	}
	*done = true;
	if (strcmp(arg, "--version") == 0)
		(void)printf("npsync %s\n", NPSYNC_VERSION);
	else if (strcmp(arg, "--print-config") == 0)
		(void)fputs(conf_sample, stdout);
	else
		return err_set(err, ERR_USAGE,
		    "unknown option %s (`npsync --help` lists them)", arg);
	return true;
}

/* What stands behind it. */
static bool
parse_rest(struct cli *cli, int argc, char **argv, int *at, struct err *err)
{
	const struct cli_command *c = cli->command;
	const char *arg = argv[*at];

	if (arg[0] == '-' && arg[1] != '\0')
		return parse_own(cli, argc, argv, at, err);
	if (cli->n_args >= c->max_args)
		return err_set(err, ERR_USAGE, "npsync %s: expected at most %d "
		    "argument%s, got \"%s\" too", c->name, c->max_args,
		    c->max_args == 1 ? "" : "s", arg);
	cli->args[cli->n_args++] = arg;
	return true;
}

static bool
parse(struct cli *cli, int argc, char **argv, bool *done, struct err *err)
{
	for (int i = 1; i < argc; i++) {
		bool was;
		if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
			if (cli->command != NULL)
				command_usage(cli->command);
			else
				usage(stdout);
			*done = true;
			return true;
		}
		if (!parse_global(cli, argc, argv, &i, &was, err))
			return false;
		if (!was && !(cli->command == NULL
		        ? parse_first(cli, argv[i], done, err)
		        : parse_rest(cli, argc, argv, &i, err)))
			return false;
	}
	if (cli->command == NULL && !*done)
		return err_set(err, ERR_USAGE,
		    "which command? (`npsync --help` lists them)");
	return true;
}

/* ---- the process ------------------------------------------------------------------ */
/* No core dumps: they would hold keys and addresses. */
static void
harden(void)
{
	const struct rlimit none = { 0, 0 };

	(void)setrlimit(RLIMIT_CORE, &none);
#ifndef UNDER_ASAN
	(void)prctl(PR_SET_DUMPABLE, 0);
#endif
	(void)umask(077);
	/* A closed 0, 1 or 2 would become a file or a socket of ours. */
	for (int fd = 0; fd <= 2; fd++)
		if (fcntl(fd, F_GETFD) < 0)
			(void)open("/dev/null", O_RDWR);
	/* Who ignores it is not told how a child ended. */
	(void)signal(SIGCHLD, SIG_DFL);
	environment_clear();
}

/* Also what a full disk or a closed pipe did not take long before the end. */
static bool
printed(void)
{
	return fflush(stdout) == 0 && ferror(stdout) == 0;
}

int
main(int argc, char **argv)
{
	struct cli cli = { .config_file = CONFIG_DEFAULT,
		.tenant = { .lock_fd = -1 } };
	struct err err = { .kind = ERR_NONE };
	bool done = false;

	harden();
	if (!parse(&cli, argc, argv, &done, &err))
		return cli_fail(&err);
	if (done)
		return printed() ? 0 : 71;
	cli_catch_signals();
	log_open(LOG_TARGET_AUTO, LOG_LEVEL_NOTICE);
	cli.arena = arena_new((size_t)64 << 20);
	if (cli.arena == NULL) {
		err_nomem(&err);
		return cli_fail(&err);
	}
	int code = cli.command->run(&cli, &err);
	if (code != 0 && err.kind != ERR_NONE)
		code = code > 0 ? (cli_fail(&err), code) : cli_fail(&err);
	cli_close(&cli);
	arena_free(cli.arena);
	return code == 0 && !printed() ? 71 : code;
}
