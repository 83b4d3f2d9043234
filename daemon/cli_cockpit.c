/*
 * cli_cockpit.c - the table of the family.
 */
#include "cli_cockpit.h"

#include "clock.h"

bool
cli_since(struct cli *cli, time_t *since, struct err *err)
{
	const char *text = cli_given(cli, "since");
	const int day = text == NULL ? NO_DAY : day_parse(text);

	*since = NO_TIME;
	if (text == NULL)
		return true;
	if (day == NO_DAY)
		return err_set(err, ERR_USAGE,
		    "--since: expected a day like 2026-11-30, got \"%s\"", text);
	*since = clock_day_start(cli->conf->timezone, day);
	return true;
}

const struct cli_command cli_cockpit_commands[] = {
	{ "audit", "[--owners] [--since DAY]", "Who did what, and why",
	    cli_audit_opts, cli_audit,
	    "Commands and moves of rows by people, and by tags of the CRM (actor \"tag\").\n"
	    "--owners: the share of rows taken out, per account manager.", 0 },
	{ "resync", "answers|events", "Read answers or events once more",
	    cli_resync_opts, cli_resync,
	    "answers: known ones are brought up to date, tags follow with the next run.\n"
	    "events: those nobody has met are recorded as before_start; nobody is asked.\n"
	    "Sends nothing, and no later run sends anything because of it.", 1 },
	{ "export", "", "Write the CSV files of export.dir now", cli_export_opts,
	    cli_export, "Each night does it as well.", 0 },
	{ "why", "ROW|CONTACT|CRM/CONTACT|ADDRESS", "Why somebody was asked, or not",
	    cli_why_opts, cli_why,
	    "As explain; --letter: a letter to the person, in their language.", 1 },
	{ NULL, NULL, NULL, NULL, NULL, NULL, 0 }
};
