/*
 * cli_resync.c - npsync resync.
 */
#include <string.h>

#include "cli_cockpit.h"
#include "clock.h"
#include "night.h"

const struct cli_opt cli_resync_opts[] = {
	{ "since", "DAY", "from this day on (2026-11-30); without it: all" },
	{ "yes", NULL, "do not ask" },
	{ NULL, NULL, NULL }
};

static void
say(void *arg, const char *line)
{
	(void)arg;
	(void)printf("%s\n", line);
}

static bool
agreed(const struct cli *cli, bool events)
{
	if (cli_given(cli, "yes") != NULL)
		return true;
	return cli_confirm(events
	    ? "Read all events again? Unknown ones are recorded; nobody is asked "
	      "for them."
	    : "Read all answers again? Known ones are brought up to date; tags "
	      "follow with the next run.");
}

static bool
parse(struct cli *cli, struct night_resync *what, struct err *err)
{
	const char *word = cli->n_args == 1 ? cli->args[0] : "";

	what->events = strcmp(word, "events") == 0;
	if (!what->events && strcmp(word, "answers") != 0)
		return err_set(err, ERR_USAGE,
		    "npsync resync: expected answers or events");
	if (!cli_load(cli, false, err) || !cli_since(cli, &what->since, err))
		return false;
	what->detail = what->since == NO_TIME ? "all"
	    : arena_printf(cli->arena, "since %s", cli_given(cli, "since"));
	return what->detail != NULL || err_nomem(err);
}

int
cli_resync(struct cli *cli, struct err *err)
{
	struct night_resync what = { .events = false };

	if (!parse(cli, &what, err))
		return err_exit_code(err->kind);
	if (!agreed(cli, what.events)) {
		(void)printf("nothing was read (--yes does it)\n");
		return 1;
	}
	if (!cli_open(cli, true, err))
		return err_exit_code(err->kind);
	const struct run_options o = { .kind = RUN_MANUAL, .only = RUN_ALL,
		.cancelled = cli_cancelled, .actor = cli->actor,
		.say = cli->format == TABLE_TEXT ? say : NULL };
	return night_resync(cli->db, cli->conf, &cli->tenant, cli->lock_dir, &o,
	           &what, err) ? 0 : err_exit_code(err->kind);
}
