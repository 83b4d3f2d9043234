/*
 * cli_run.c - npsync run; the table of the family.
 */
#include <stdio.h>
#include <string.h>

#include "cli.h"
#include "cli_queue.h"
#include "cli_rehearse.h"
#include "clock.h"
#include "night.h"
#include "num.h"

static const struct cli_opt run_opts[] = {
	{ "only", "STAGES", "some of settle,pull,decide,push,forecast,collect,writeback,"
	    "audit,retention,preview" },
	{ "dry-run", NULL, "read the CRM, decide the coming night, show it, keep nothing" },
	{ "wait", "TIME", "wait so long for another run to end (30s, 30m)" },
	{ "quiet", NULL, "print nothing but errors" },
	{ NULL, NULL, NULL }
};

/* "30m", "90s", "2h", "45" -> seconds */
static bool
parse_wait(const char *text, long *seconds, struct err *err)
{
	static const struct {
		char unit;
		long factor;
	} units[] = { { 's', 1 }, { 'm', 60 }, { 'h', 3600 } };
	const size_t len = strlen(text);
	long factor = 1;
	size_t digits = len;
	long long n;

	for (size_t i = 0; len > 0 && i < ARRAY_LEN(units); i++)
		if (text[len - 1] == units[i].unit) {
			factor = units[i].factor;
			digits = len - 1;
		}
	if (!num_parse_n(text, digits, 0, 86400, &n))
		return err_set(err, ERR_USAGE,
		    "--wait: expected a time like 30s, 30m or 2h, got \"%s\"", text);
	*seconds = (long)n * factor;
	return true;
}

static bool
parse_kind(const struct cli *cli, enum run_kind *kind, struct err *err)
{
	*kind = RUN_MANUAL;
	if (cli->n_args == 0)
		return true;
	if (cli->n_args == 1 && strcmp(cli->args[0], "night") == 0)
		*kind = RUN_NIGHT;
	else if (cli->n_args == 1 && strcmp(cli->args[0], "hourly") == 0)
		*kind = RUN_HOURLY;
	else
		return err_set(err, ERR_USAGE,
		    "npsync run: expected night, hourly or nothing, got \"%s\"",
		    cli->args[0]);
	return true;
}

static void
say(void *arg, const char *line)
{
	(void)arg;
	(void)printf("%s\n", line);
}

static bool
options(struct cli *cli, struct run_options *o, struct err *err)
{
	const char *only = cli_given(cli, "only"), *wait = cli_given(cli, "wait");

	*o = (struct run_options){ .only = RUN_ALL, .cancelled = cli_cancelled,
		.say = cli_given(cli, "quiet") != NULL ||
		    cli->format != TABLE_TEXT ? NULL : say };
	if (!parse_kind(cli, &o->kind, err) ||
	    (only != NULL && !night_parse_only(only, &o->only, err)) ||
	    (wait != NULL && !parse_wait(wait, &o->wait_s, err)))
		return false;
	return true;
}

static bool
show_preview(void *arg, struct db *db, int night, struct err *err)
{
	struct cli *cli = arg;

	return cli_queue_show(cli, db, night, NULL, err);
}

static int
run(struct cli *cli, struct err *err)
{
	struct run_options o;
	int code = 71;

	if (!options(cli, &o, err) || !cli_load(cli, false, err))
		return err_exit_code(err->kind);
	if (!cli->conf->enabled) {
		if (o.say != NULL)
			(void)printf("tenant \"%s\" is switched off "
			    "(`enabled = false`)\n", cli->conf->tenant);
		return 0;
	}
	if (!cli_open(cli, true, err))
		return err_exit_code(err->kind);
	o.actor = cli->actor;
	if (cli_given(cli, "dry-run") != NULL)
		return night_dry_run(cli->db, cli->conf, &cli->tenant, &o,
		           show_preview, cli, err) ? 0 : err_exit_code(err->kind);
	const bool ok = night_run(cli->db, cli->conf, &cli->tenant, cli->lock_dir,
	    &o, &code, err);
	if (o.kind == RUN_NIGHT && (ok || err->kind != ERR_BUSY))
		cli_backup_night(cli);
	return ok ? 0 : code;
}

static int
run_all(struct cli *cli, struct err *err)
{
	struct run_options o;

	/* A wrong option is told once, before anything is opened. */
	return options(cli, &o, err) ? cli_each_tenant(cli, run, err)
	                             : err_exit_code(err->kind);
}

const struct cli_command cli_run_commands[] = {
	{ "run", "[night|hourly]", "Pull, decide, transfer, collect, write back",
	    run_opts, run_all,
	    "night   everything; transfers inside the send window of a night before\n"
	    "        a sending day\n"
	    "hourly  what happened, and what was answered; transfers only to a service\n"
	    "        that keeps no mail, in the hour of send.at\n"
	    "Without a word: by hand, as night. Every tenant, unless --tenant names one.",
	    1 },
	{ "rehearse", "[--days N]", "The last days through the rules, night by night",
	    cli_rehearse_opts, cli_rehearse,
	    "Reads the CRM's events of the last days and judges them as if npsync had been\n"
	    "at work: surveys per week, reasons, most-asked companies, surveys a year\n"
	    "against the budget. Nothing is stored, nothing is sent.", 0 },
	{ NULL, NULL, NULL, NULL, NULL, NULL, 0 }
};
