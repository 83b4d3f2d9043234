/*
 * cli_queue.c - npsync queue, explain.
 */
#include "cli_queue.h"

#include <string.h>

#include "clock.h"
#include "night.h"
#include "num.h"
#include "preview.h"
#include "queue.h"
#include "stage_decide.h"

#define LINE_BYTES ((size_t)1 << 16)

/* ---- queue -------------------------------------------------------------------- */
static const struct cli_opt queue_opts[] = {
	{ "transferred", NULL, "what was transferred, newest first" },
	{ "trigger", "CODE", "only this trigger (sale, loss, case, meet, inact)" },
	{ "limit", "N", "with --transferred: at most N rows (200)" },
	{ NULL, NULL, NULL }
};

bool
cli_trigger_known(const struct cli *cli, struct err *err)
{
	const char *code = cli_given(cli, "trigger");

	if (code == NULL || conf_trigger(cli->conf, code) != NULL)
		return true;
	return err_set(err, ERR_USAGE,
	    "--trigger: the configuration has no trigger \"%s\"", code);
}

void
cli_say_what_stops(const struct cli *cli)
{
	if (cli->tenant.paused)
		(void)printf("sending is paused: nobody is asked before "
		    "`npsync activate`\n");
	if (cli->tenant.restored_at != NO_TIME)
		(void)printf("the database is a restored backup: nobody is asked before "
		    "that is settled (npsync(8))\n");
}

static void
show_row(const struct cli *cli, struct table *t, const struct db_result *r,
    int i, time_t send_at, struct arena *line)
{
	const char *zone = cli->conf->timezone;
	const char *name = db_text(r, i, PREVIEW_NAME);
	const char *who = cli->format == TABLE_TEXT && name != NULL ? name
	    : db_text(r, i, PREVIEW_CONTACT);
	const char *cells[] = { db_text(r, i, PREVIEW_ID),
		cli_when(line, zone, db_time(r, i, PREVIEW_CREATED)),
		db_text(r, i, PREVIEW_TRIGGER), who,
		db_text(r, i, PREVIEW_EMAIL), db_text(r, i, PREVIEW_COMPANY),
		db_text(r, i, PREVIEW_EMPLOYEE),
		db_text(r, i, PREVIEW_CAMPAIGN),
		preview_words(line, zone, db_text(r, i, PREVIEW_VERDICT),
		    db_text(r, i, PREVIEW_FACT),
		    db_time(r, i, PREVIEW_UNTIL), send_at),
		db_text(r, i, PREVIEW_VERDICT),
		db_text(r, i, PREVIEW_CONNECTOR), name };

	table_row(t, cells);
}

bool
cli_queue_show(struct cli *cli, struct db *db, int night,
    const char *only_trigger, struct err *err)
{
	static const struct table_column columns[] = { { "id", true, 0 },
		{ "created", false, 0 }, { "trigger", false, 0 },
		{ "contact", false, 28 }, { "mail", false, 34 },
		{ "company", false, 28 }, { "employee", false, 20 },
		{ "campaign", false, 20 }, { "verdict", false, 0 },
		{ "reason", false, 0 }, { "crm", false, 0 },
		{ "name", false, 0 } };
	const struct conf *conf = cli->conf;
	const bool text = cli->format == TABLE_TEXT;
	AUTO(db_result) struct db_result *r = NULL;
	time_t moment;
	const int coming = night_next_transfer(conf, clock_now(), &moment);
	/* As if active: who goes live looks here before `npsync activate`. */
	const struct rules_night at = { .tenant_id = cli->tenant.id,
		.secret = cli->tenant.secret,
		.night = night != NO_DAY ? night : coming, .moment = moment };
	const time_t send_at = calendar_send_at(&conf->calendar, at.night);

	if (!decide_preview(db, conf, &at, cli->arena, &r, err))
		return false;
	AUTO(arena) struct arena *line = arena_new(LINE_BYTES);
	struct table *t = line == NULL ? NULL : table_open(stdout, cli->format,
	    columns, text ? 9 : ARRAY_LEN(columns));
	if (t == NULL)
		return err_nomem(err);
	for (int i = 0; i < db_rows(r); i++, arena_reset(line)) {
		if (only_trigger != NULL &&
		    strcmp(only_trigger, db_text(r, i, PREVIEW_TRIGGER)) != 0)
			continue;
		show_row(cli, t, r, i, send_at, line);
	}
	if (!table_close(t, err))
		return false;
	if (text)
		cli_say_what_stops(cli);
	return true;
}

static bool
show_transferred(struct cli *cli, int max, struct err *err)
{
	static const struct table_column columns[] = { { "id", true, 0 },
		{ "created", false, 0 }, { "trigger", false, 0 },
		{ "mail", false, 34 }, { "employee", false, 20 },
		{ "transferred", false, 0 }, { "campaign", false, 20 },
		{ "state", false, 0 }, { "mailing", false, 0 },
		{ "reason", false, 40 } };
	AUTO(db_result) struct db_result *r = NULL;
	const char *zone = cli->conf->timezone;

	if (!queue_list_transferred(cli->db, cli->tenant.id, max, cli->arena,
	        &r, err))
		return false;
	struct table *t = table_open(stdout, cli->format, columns,
	    ARRAY_LEN(columns));
	if (t == NULL)
		return err_nomem(err);
	for (int i = 0; i < db_rows(r); i++) {
		const char *cells[] = { db_text(r, i, 0),
			cli_when(cli->arena, zone, db_time(r, i, 1)),
			db_text(r, i, 2), db_text(r, i, 3), db_text(r, i, 4),
			cli_when(cli->arena, zone, db_time(r, i, 5)),
			db_text(r, i, 6), db_text(r, i, 7),
			cli_when(cli->arena, zone, db_time(r, i, 8)),
			db_text(r, i, 10) };
		table_row(t, cells);
	}
	return table_close(t, err);
}

static int
queue(struct cli *cli, struct err *err)
{
	const char *limit = cli_given(cli, "limit");
	long long max = 200;

	if (limit != NULL && !num_parse(limit, 1, 1000000, &max)) {
		err_set(err, ERR_USAGE, "--limit: expected 1 to 1000000");
		return 64;
	}
	if (!cli_load(cli, false, err) || !cli_trigger_known(cli, err) ||
	    !cli_open(cli, false, err))
		return err_exit_code(err->kind);
	const bool ok = cli_given(cli, "transferred") != NULL
	    ? show_transferred(cli, (int)max, err)
	    : cli_queue_show(cli, cli->db, NO_DAY, cli_given(cli, "trigger"), err);
	return ok ? 0 : err_exit_code(err->kind);
}

static const struct cli_opt no_opts[] = { { NULL, NULL, NULL } };

const struct cli_command cli_queue_commands[] = {
	{ "queue", "[--transferred]", "What the coming night would do, row by row",
	    queue_opts, queue,
	    "Every open row with its verdict: when it would go, or why it would not.\n"
	    "While sending is paused: as it would be after `npsync activate`.",
	    0 },
	{ "explain", "ID | CONTACT | CRM/CONTACT | ADDRESS", "Why a person was, or was not, asked",
	    no_opts, cli_explain,
	    "Prints what happened to each event and, for open ones, every rule with\n"
	    "its verdict and the fact behind it.", 1 },
	{ NULL, NULL, NULL, NULL, NULL, NULL, 0 }
};
