/*
 * cli_report.c - npsync status, runs, campaigns; the table of the family.
 */
#include <string.h>

#include "answer.h"
#include "campaign.h"
#include "cli.h"
#include "cli_alarms.h"
#include "cli_effects.h"
#include "cli_lists.h"
#include "cli_pause.h"
#include "cli_preview.h"
#include "clock.h"
#include "connect.h"
#include "erasure.h"
#include "log.h"
#include "night.h"
#include "num.h"
#include "quarantine.h"
#include "queue.h"
#include "runlog.h"
#include "tag_command.h"

/* ---- status ------------------------------------------------------------------- */
static bool
say_runs(struct cli *cli, struct err *err)
{
	const char *zone = cli->conf->timezone;
	time_t last_good, last, moment;

	if (!runlog_last(cli->db, cli->tenant.id, cli->arena, &last_good, &last,
	        err))
		return false;
	const int night = night_next_transfer(cli->conf, clock_now(), &moment);
	const char *when = cli_when(cli->arena, zone,
	    calendar_window_start(&cli->conf->calendar, night));
	(void)printf("tenant         %s%s\n", cli->conf->tenant,
	    cli->tenant.paused ? " (paused: `npsync activate` starts sending)" : "");
	if (cli->tenant.restored_at != NO_TIME)
		(void)printf("restored       noticed %s: nobody is asked before it is "
		    "settled (npsync(8), After a restored backup)\n",
		    cli_when(cli->arena, zone, cli->tenant.restored_at));
	if (!cli_pause_say(cli, err))
		return false;
	(void)printf("last good run  %s\n", last_good == NO_TIME ? "none"
	    : cli_when(cli->arena, zone, last_good));
	if (last != last_good)
		(void)printf("last run       %s\n", last == NO_TIME ? "none"
		    : cli_when(cli->arena, zone, last));
	(void)printf("next transfer  window opens %s, mails leave %s\n", when,
	    cli_when(cli->arena, zone,
	        calendar_send_at(&cli->conf->calendar, night)));
	return true;
}

static bool
say_erasures(struct cli *cli, struct err *err)
{
	long long open = 0;

	if (!erasure_open(cli->db, cli->tenant.id, cli->arena, &open, err))
		return false;
	if (open > 0)
		(void)printf("erasures       %lld step%s open at others, each night "
		    "tries again (`npsync erase` says why)\n", open,
		    open == 1 ? " is" : "s are");
	return true;
}

static bool
say_states(struct cli *cli, struct err *err)
{
	static const struct table_column columns[] = { { "state", false, 0 },
		{ "reason", false, 0 }, { "rows", true, 0 } };
	AUTO(db_result) struct db_result *r = NULL;

	if (!queue_count_states(cli->db, cli->tenant.id, cli->arena, &r, err))
		return false;
	struct table *t = table_open(stdout, cli->format, columns, 3);
	if (t == NULL)
		return err_nomem(err);
	for (int i = 0; i < db_rows(r); i++) {
		const char *cells[] = { db_text(r, i, 0), db_text(r, i, 1),
			db_text(r, i, 2) };
		table_row(t, cells);
	}
	return table_close(t, err);
}

static bool
say_quarantine(struct cli *cli, struct err *err)
{
	AUTO(db_result) struct db_result *r = NULL;

	if (!quarantine_list(cli->db, cli->tenant.id, 20, cli->arena, &r, err))
		return false;
	if (db_rows(r) > 0)
		(void)printf("\nrecords nobody could read:\n");
	for (int i = 0; i < db_rows(r); i++)
		(void)printf("  %s %s line %s%s%s: %s\n", db_text(r, i, 0),
		    db_text(r, i, 1), db_text(r, i, 2),
		    *db_text(r, i, 3) != '\0' ? " key " : "", db_text(r, i, 3),
		    db_text(r, i, 4));
	return true;
}

static bool
say_homeless(struct cli *cli, struct err *err)
{
	long long n = 0;

	if (!answer_count_homeless(cli->db, cli->tenant.id, cli->arena, &n, err))
		return false;
	if (n > 0)
		(void)printf("\nanswers of nobody the CRM knows: %lld\n", n);
	return true;
}

static bool
say_unplaced(struct cli *cli, struct err *err)
{
	AUTO(db_result) struct db_result *r = NULL;

	if (!answer_list_unplaced(cli->db, cli->tenant.id, 20, cli->arena, &r, err))
		return false;
	if (db_rows(r) > 0)
		(void)printf("\nanswers that several cards fit, none of them asked:\n");
	for (int i = 0; i < db_rows(r); i++)
		(void)printf("  answer %s of %s, score %s, '%s': %s\n",
		    db_text(r, i, 0), cli_when(cli->arena, cli->conf->timezone,
		        db_time(r, i, 1)),
		    db_is_null(r, i, 2) ? "none" : db_text(r, i, 2),
		    db_is_null(r, i, 3) ? "" : db_text(r, i, 3),
		    db_is_null(r, i, 4) ? "the cards are gone by now"
		                        : db_text(r, i, 4));
	return say_homeless(cli, err);
}

static bool
say_commands(struct cli *cli, struct err *err)
{
	AUTO(db_result) struct db_result *r = NULL;

	if (!tag_command_waiting(cli->db, cli->tenant.id, 20, cli->arena, &r,
	        err))
		return false;
	if (db_rows(r) > 0)
		(void)printf("\ntags on cards that are not done:\n");
	for (int i = 0; i < db_rows(r); i++)
		(void)printf("  %s/%s %s since %s: %s\n", db_text(r, i, 0),
		    db_text(r, i, 1), log_quote(db_text(r, i, 2)),
		    cli_when(cli->arena, cli->conf->timezone, db_time(r, i, 4)),
		    db_text(r, i, 3));
	return true;
}

static int
status(struct cli *cli, struct err *err)
{
	if (!cli_open(cli, false, err))
		return err_exit_code(err->kind);
	const bool text = cli->format == TABLE_TEXT;
	if (text && (!say_runs(cli, err) || !say_erasures(cli, err) ||
	    !cli_alarms_say(cli, err)))
		return err_exit_code(err->kind);
	if (text)
		(void)printf("\n");
	if (!say_states(cli, err) || (text && (!say_quarantine(cli, err) ||
	        !say_unplaced(cli, err) || !say_commands(cli, err) ||
	        !cli_effects_say(cli, err))))
		return err_exit_code(err->kind);
	return 0;
}

/* ---- runs ------------------------------------------------------------------------ */
static const struct cli_opt runs_opts[] = {
	{ "limit", "N", "at most N runs (20)" },
	{ NULL, NULL, NULL }
};

static bool
show_run(struct cli *cli, long long run_id, struct err *err)
{
	static const struct table_column columns[] = { { "stage", false, 0 },
		{ "source", false, 0 }, { "outcome", false, 0 },
		{ "reason", false, 0 }, { "n", true, 0 } };
	struct table *t = table_open(stdout, cli->format, columns, 5);

	if (t == NULL)
		return err_nomem(err);
	const bool ok = runlog_list_counts(cli->db, cli->tenant.id, run_id, t,
	    cli->arena, err);
	struct err late;
	if (!table_close(t, &late) && ok) {
		*err = late;
		return false;
	}
	return ok;
}

static int
runs(struct cli *cli, struct err *err)
{
	static const struct table_column columns[] = { { "run", true, 0 },
		{ "kind", false, 0 }, { "night", false, 0 }, { "started", false, 0 },
		{ "ended", false, 0 }, { "result", false, 0 }, { "queued", true, 0 },
		{ "sent", true, 0 }, { "suppressed", true, 0 },
		{ "unknown", true, 0 }, { "answers", true, 0 }, { "tags", true, 0 },
		{ "settings", false, 0 }, { "detail", false, 60 } };
	const char *limit = cli_given(cli, "limit");
	long long n = 20, id;

	if (limit != NULL && !num_parse(limit, 1, 100000, &n)) {
		err_set(err, ERR_USAGE, "--limit: expected 1 to 100000");
		return 64;
	}
	if (cli->n_args > 0 && !num_parse(cli->args[0], 1, INT64_MAX, &id)) {
		err_set(err, ERR_USAGE, "npsync runs: expected the number of a run");
		return 64;
	}
	if (!cli_open(cli, false, err))
		return err_exit_code(err->kind);
	if (cli->n_args > 0)
		return show_run(cli, id, err) ? 0 : err_exit_code(err->kind);
	struct table *t = table_open(stdout, cli->format, columns,
	    ARRAY_LEN(columns));
	if (t == NULL)
		return err_nomem(err), err_exit_code(err->kind);
	bool ok = runlog_list(cli->db, cli->tenant.id, (int)n,
	    cli->conf->timezone, t, cli->arena, err);
	struct err late;
	if (!table_close(t, &late) && ok) {
		*err = late;
		ok = false;
	}
	return ok ? 0 : err_exit_code(err->kind);
}

/* ---- campaigns ----------------------------------------------------------------------- */
struct gathering {
	struct campaign_page page;
	struct arena *scratch;
	struct err err;
};

static bool
on_campaign(void *arg, const char *id, const char *name)
{
	struct gathering *g = arg;

	return campaign_page_add(&g->page, id, name, g->scratch, &g->err);
}

/* Asks the service, so that the list is today's. */
static bool
refresh_campaigns(struct cli *cli, struct err *err)
{
	struct survey survey = { 0 };
	struct gathering g = { .scratch = cli->arena };

	bool ok = survey_open(&survey, &cli->conf->survey, cli->conf->timezone,
	    cli_cancelled, err);
	campaign_page_init(&g.page);
	if (ok && survey.connector->list_campaigns != NULL) {
		ok = survey.connector->list_campaigns(survey.link.self, on_campaign,
		    &g, err);
		if (!ok && g.err.kind != ERR_NONE)
			*err = g.err;
		ok = ok && campaign_put(cli->db, cli->tenant.id, &g.page, true,
		    clock_now(), cli->arena, err);
	}
	campaign_page_free(&g.page);
	survey_close(&survey);
	return ok;
}

static const char *
campaign_tag(struct arena *arena, const struct db_result *r, int row)
{
	if (db_is_null(r, row, 2))
		return "cannot stand in a tag";
	if (db_is_null(r, row, 6))
		return db_text(r, row, 2);
	return arena_printf(arena, "none: campaign %s has that name",
	    db_text(r, row, 6));
}

static int
campaigns(struct cli *cli, struct err *err)
{
	static const struct table_column columns[] = { { "id", false, 0 },
		{ "name", false, 40 }, { "tag_name", false, 40 },
		{ "listed", false, 0 }, { "sent", true, 0 }, { "answers", true, 0 } };
	AUTO(db_result) struct db_result *r = NULL;

	if (!cli_open(cli, true, err) || !refresh_campaigns(cli, err) ||
	    !campaign_list(cli->db, cli->tenant.id, cli->arena, &r, err))
		return err_exit_code(err->kind);
	struct table *t = table_open(stdout, cli->format, columns,
	    ARRAY_LEN(columns));
	if (t == NULL)
		return err_nomem(err), err_exit_code(err->kind);
	for (int i = 0; i < db_rows(r); i++) {
		const char *cells[] = { db_text(r, i, 0), db_text(r, i, 1),
			campaign_tag(cli->arena, r, i),
			db_bool(r, i, 3) ? "yes" : "no", db_text(r, i, 4),
			db_text(r, i, 5) };
		table_row(t, cells);
	}
	return table_close(t, err) ? 0 : err_exit_code(err->kind);
}

static const struct cli_opt no_opts[] = { { NULL, NULL, NULL } };

const struct cli_command cli_report_commands[] = {
	{ "status", "", "How things stand: last run, next transfer, what waits",
	    no_opts, status, NULL, 0 },
	{ "preview", "--print | --to ADDRESS", "The mail about the coming night",
	    cli_preview_opts, cli_preview,
	    "Who would be asked and who would not, what is held, how the last night\n"
	    "went. The hourly run mails it to preview.to at preview.at.", 0 },
	{ "alarms", "[--print-template NAME | --to ADDRESS]",
	    "What is wrong with npsync itself; the texts of its mails",
	    cli_alarms_opts, cli_alarms,
	    "Health alarms with the time of their last change, and whether somebody was\n"
	    "told. A text of alarm.templates begins with --print-template.", 0 },
	{ "runs", "[RUN]", "The last runs, or the counts of one", runs_opts, runs,
	    "In every stage and source `seen` is the sum of the other outcomes.", 1 },
	{ "campaigns", "", "The survey service's campaigns", no_opts, campaigns,
	    NULL, 0 },
	{ "lists", "[KIND]", "Values that filters and campaigns can name, with counts",
	    no_opts, cli_lists,
	    "Kinds: category, relation, language, country, segment, department,\n"
	    "owner, tag - as met in the CRM. Behind them what the configuration names and\n"
	    "nobody knows, with the nearest names.", 1 },
	{ NULL, NULL, NULL, NULL, NULL, NULL, 0 }
};
