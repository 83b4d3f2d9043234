/*
 * cli_report.c - npsync runs, campaigns; the table of the family.
 */
#include "campaign.h"
#include "cli.h"
#include "cli_alarms.h"
#include "cli_lists.h"
#include "cli_preview.h"
#include "cli_status.h"
#include "clock.h"
#include "connect.h"
#include "num.h"
#include "runlog.h"

/* ---- runs ------------------------------------------------------------------------ */
static const struct cli_opt runs_opts[] = {
	{ "limit", "N", "at most N runs (20)" },
	{ NULL, NULL, NULL }
};

/* Programs find them in the listing. */
static bool
say_watermarks(struct cli *cli, long long run_id, struct err *err)
{
	const char *watermarks;

	if (cli->format != TABLE_TEXT)
		return true;
	if (!runlog_watermarks(cli->db, cli->tenant.id, run_id, cli->arena,
	        &watermarks, err))
		return false;
	if (watermarks != NULL)
		(void)printf("\nwatermarks at its end: %s\n", watermarks);
	return true;
}

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
	return ok && say_watermarks(cli, run_id, err);
}

static bool
show_runs(struct cli *cli, int n, struct err *err)
{
	static const struct table_column columns[] = { { "run", true, 0 },
		{ "kind", false, 0 }, { "night", false, 0 }, { "started", false, 0 },
		{ "ended", false, 0 }, { "result", false, 0 }, { "queued", true, 0 },
		{ "sent", true, 0 }, { "suppressed", true, 0 },
		{ "unknown", true, 0 }, { "answers", true, 0 }, { "tags", true, 0 },
		{ "settings", false, 0 }, { "detail", false, 60 },
		{ "watermarks", false, 0 } };
	/* The last column is too wide for a terminal. */
	struct table *t = table_open(stdout, cli->format, columns,
	    ARRAY_LEN(columns) - (cli->format == TABLE_TEXT ? 1 : 0));
	struct err late;

	if (t == NULL)
		return err_nomem(err);
	const bool ok = runlog_list(cli->db, cli->tenant.id, n,
	    cli->conf->timezone, t, cli->arena, err);
	if (!table_close(t, &late) && ok) {
		*err = late;
		return false;
	}
	return ok;
}

static int
runs(struct cli *cli, struct err *err)
{
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
	const bool ok = cli->n_args > 0 ? show_run(cli, id, err)
	                                : show_runs(cli, (int)n, err);
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
	    no_opts, cli_status, NULL, 0 },
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
