/*
 * cli_queue.c - npsync queue, exclude, include.
 */
#include "cli_queue.h"

#include <string.h>

#include "audit.h"
#include "clock.h"
#include "night.h"
#include "num.h"
#include "queue.h"
#include "stage_decide.h"

/* ---- queue -------------------------------------------------------------------- */
static const struct cli_opt queue_opts[] = {
	{ "transferred", NULL, "what was transferred, newest first" },
	{ "trigger", "CODE", "only this trigger (sale, loss, case, meet, inact)" },
	{ "limit", "N", "with --transferred: at most N rows (200)" },
	{ NULL, NULL, NULL }
};

/* A mistyped code would look like an empty queue. */
static bool
trigger_known(const struct cli *cli, struct err *err)
{
	const char *code = cli_given(cli, "trigger");

	if (code == NULL || conf_trigger(cli->conf, code) != NULL)
		return true;
	return err_set(err, ERR_USAGE,
	    "--trigger: the configuration has no trigger \"%s\"", code);
}

/* "would go Tue 2026-12-01 09:00", "would not: throttled until ..." */
static const char *
verdict_words(struct cli *cli, const struct db_result *r, int row, time_t send_at)
{
	struct arena *arena = cli->arena;
	const char *verdict = db_text(r, row, PREVIEW_VERDICT);
	const char *fact = db_text(r, row, PREVIEW_FACT);
	const char *zone = cli->conf->timezone;

	if (strcmp(verdict, "go") == 0)
		return arena_printf(arena, "would go %s",
		    cli_when(arena, zone, send_at));
	if (strcmp(verdict, "wait") == 0) {
		const time_t until = db_time(r, row, PREVIEW_UNTIL);
		return until == NO_TIME ? "waits a night" : arena_printf(arena,
		    "waits until %s", cli_when(arena, zone, until));
	}
	if (strcmp(verdict, "throttled") == 0 && fact != NULL)
		return arena_printf(arena, "would not: throttled %s", fact);
	return arena_printf(arena, "would not: %s%s%s%s", rules_words(verdict),
	    fact != NULL ? " (" : "", fact != NULL ? fact : "",
	    fact != NULL ? ")" : "");
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
		{ "reason", false, 0 } };
	const struct conf *conf = cli->conf;
	AUTO(db_result) struct db_result *r = NULL;
	time_t moment;
	const int coming = night_next_transfer(conf, clock_now(), &moment);
	/* As if active: who goes live looks here before `npsync activate`. */
	const struct rules_night at = { .tenant_id = cli->tenant.id,
		.night = night != NO_DAY ? night : coming, .moment = moment };
	const time_t send_at = calendar_send_at(&conf->calendar, at.night);

	if (!decide_preview(db, conf, &at, cli->arena, &r, err))
		return false;
	struct table *t = table_open(stdout, cli->format, columns,
	    cli->format == TABLE_TEXT ? 9 : ARRAY_LEN(columns));
	if (t == NULL)
		return err_nomem(err);
	for (int i = 0; i < db_rows(r); i++) {
		if (only_trigger != NULL &&
		    strcmp(only_trigger, db_text(r, i, PREVIEW_TRIGGER)) != 0)
			continue;
		const char *name = db_text(r, i, PREVIEW_NAME);
		const char *cells[] = { db_text(r, i, PREVIEW_ID),
			cli_when(cli->arena, conf->timezone,
			    db_time(r, i, PREVIEW_CREATED)),
			db_text(r, i, PREVIEW_TRIGGER),
			name != NULL ? name : db_text(r, i, PREVIEW_CONTACT),
			db_text(r, i, PREVIEW_EMAIL), db_text(r, i, PREVIEW_COMPANY),
			db_text(r, i, PREVIEW_EMPLOYEE),
			db_text(r, i, PREVIEW_CAMPAIGN),
			verdict_words(cli, r, i, send_at),
			db_text(r, i, PREVIEW_VERDICT) };
		table_row(t, cells);
	}
	if (!table_close(t, err))
		return false;
	if (cli->tenant.paused && cli->format == TABLE_TEXT)
		(void)printf("sending is paused: nobody is asked before "
		    "`npsync activate`\n");
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
	if (!cli_load(cli, false, err) || !trigger_known(cli, err) ||
	    !cli_open(cli, false, err))
		return err_exit_code(err->kind);
	const bool ok = cli_given(cli, "transferred") != NULL
	    ? show_transferred(cli, (int)max, err)
	    : cli_queue_show(cli, cli->db, NO_DAY, cli_given(cli, "trigger"), err);
	return ok ? 0 : err_exit_code(err->kind);
}

/* ---- exclude, include --------------------------------------------------------------- */
static const struct cli_opt filter_opts[] = {
	{ "trigger", "CODE", "rows of this trigger" },
	{ "category", "TEXT", "rows of events of this category" },
	{ "company", "NAME", "rows of this company (name or id)" },
	{ "employee", "NAME", "rows of this account manager or employee" },
	{ "contact", "ID", "rows of this contact (id or mail address)" },
	{ "crm", "NAME", "rows of this CRM connector" },
	{ "before", "DAY", "rows of events before this day (2026-11-30)" },
	{ "reason", "TEXT", "why; kept in the history" },
	{ "yes", NULL, "do not ask" },
	{ NULL, NULL, NULL }
};

static bool
fill_ids(struct cli *cli, struct queue_filter *f, struct err *err)
{
	long long *ids = arena_array(cli->arena, (size_t)cli->n_args + 1,
	    sizeof(*ids));

	if (ids == NULL)
		return err_nomem(err);
	for (int i = 0; i < cli->n_args; i++)
		if (!num_parse(cli->args[i], 1, INT64_MAX, &ids[i]))
			return err_set(err, ERR_USAGE, "expected the id of a row "
			    "(`npsync queue` shows them), got \"%s\"", cli->args[i]);
	f->ids = cli->n_args > 0 ? ids : NULL;
	f->n_ids = (size_t)cli->n_args;
	return true;
}

static bool
names_nothing(const struct queue_filter *f)
{
	const char *const texts[] = { f->trigger, f->category, f->company,
		f->employee, f->contact, f->connector };

	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		if (texts[i] != NULL)
			return false;
	return f->ids == NULL && f->before_day == NO_DAY;
}

static bool
fill_filter(struct cli *cli, struct queue_filter *f, struct err *err)
{
	const char *before = cli_given(cli, "before");

	*f = (struct queue_filter){ .trigger = cli_given(cli, "trigger"),
		.category = cli_given(cli, "category"),
		.company = cli_given(cli, "company"),
		.employee = cli_given(cli, "employee"),
		.contact = cli_given(cli, "contact"),
		.connector = cli_given(cli, "crm"), .before_day = NO_DAY,
		.timezone = cli->conf->timezone };
	if (!fill_ids(cli, f, err))
		return false;
	if (before != NULL && (f->before_day = day_parse(before)) == NO_DAY)
		return err_set(err, ERR_USAGE,
		    "--before: expected a day like 2026-11-30, got \"%s\"", before);
	if (names_nothing(f))
		return err_set(err, ERR_USAGE,
		    "npsync %s: expected ids or a filter (--help)",
		    cli->command->name);
	return trigger_known(cli, err);
}

static bool
agreed(struct cli *cli, size_t n)
{
	char question[96];

	if (cli_given(cli, "yes") != NULL)
		return true;
	(void)snprintf(question, sizeof(question), "%s %zu row%s?",
	    cli->command->name, n, n == 1 ? "" : "s");
	return cli_confirm(question);
}

static const struct queue_picked *
find_row(const struct queue_picked *rows, size_t n, long long id)
{
	for (size_t i = 0; i < n; i++)
		if (rows[i].queue_id == id)
			return &rows[i];
	return NULL;
}

/* Rows named by id: all can make the move, or none makes it. */
static bool
ids_movable(struct cli *cli, const struct queue_filter *f,
    const char *from_states, struct err *err)
{
	struct queue_filter any = { .ids = f->ids, .n_ids = f->n_ids,
		.before_day = NO_DAY };
	struct queue_picked *rows = NULL;
	size_t n = 0;

	if (f->ids == NULL)
		return true;
	if (!queue_pick(cli->db, cli->tenant.id, &any, cli->arena, &rows, &n, err))
		return false;
	for (size_t i = 0; i < f->n_ids; i++) {
		const struct queue_picked *row = find_row(rows, n, f->ids[i]);
		if (row == NULL)
			return err_set(err, ERR_GONE,
			    "row %lld: not in the queue; nothing was changed",
			    f->ids[i]);
		if (strstr(from_states, row->state) != NULL)
			continue;
		return err_set(err, ERR_GONE, "row %lld is %s: %s; nothing was "
		    "changed", row->queue_id, row->state,
		    strcmp(row->state, "sent") == 0 ||
		            strcmp(row->state, "sending") == 0 ||
		            strcmp(row->state, "unknown") == 0
		        ? "too late, it was transferred"
		        : "it cannot be changed by this command");
	}
	return true;
}

static bool
change(struct cli *cli, const struct queue_picked *rows, size_t n,
    enum queue_state to, size_t *moved, struct err *err)
{
	const char *reason = cli_given(cli, "reason");
	struct queue_move *moves = arena_array(cli->arena, n, sizeof(*moves));
	const char *why = to != QUEUE_EXCLUDED ? NULL : arena_printf(cli->arena,
	    "by %s%s%s", cli->actor, reason != NULL ? ": " : "",
	    reason != NULL ? reason : "");

	if (moves == NULL)
		return err_nomem(err);
	for (size_t i = 0; i < n; i++)
		moves[i] = (struct queue_move){ rows[i].queue_id, rows[i].attempt, to,
			why, NULL, NO_TIME };
	return queue_move(cli->db, &cli->tenant, ACTOR_ADMIN, cli->actor, 0,
	    clock_now(), moves, n, cli->arena, moved, err) &&
	    audit_put(cli->db, cli->tenant.id, cli->actor, cli->command->name,
	        arena_printf(cli->arena, "%zu rows", *moved), reason, cli->arena,
	        err);
}

static int
move_picked(struct cli *cli, const struct queue_picked *rows, size_t n,
    enum queue_state to, struct err *err)
{
	size_t moved = 0;

	if (n == 0) {
		(void)printf("no row to %s\n", cli->command->name);
		return 0;
	}
	if (!agreed(cli, n)) {
		(void)printf("%zu row%s would be changed; nothing was (--yes does it)\n",
		    n, n == 1 ? "" : "s");
		return 1;
	}
	if (!change(cli, rows, n, to, &moved, err))
		return err_exit_code(err->kind);
	(void)printf("%zu row%s %sd\n", moved, moved == 1 ? "" : "s",
	    cli->command->name);
	if (moved < n)
		(void)printf("%zu were too late\n", n - moved);
	return moved == n ? 0 : 1;
}

static int
move_rows(struct cli *cli, const char *from_states, enum queue_state to,
    struct err *err)
{
	struct queue_filter f;
	struct queue_picked *rows = NULL;
	size_t n = 0;

	if (!cli_load(cli, false, err) || !fill_filter(cli, &f, err) ||
	    !cli_open(cli, false, err))
		return err_exit_code(err->kind);
	if (!ids_movable(cli, &f, from_states, err))
		return err->kind == ERR_GONE ? 1 : err_exit_code(err->kind);
	f.state = from_states;
	if (!queue_pick(cli->db, cli->tenant.id, &f, cli->arena, &rows, &n, err))
		return err_exit_code(err->kind);
	return move_picked(cli, rows, n, to, err);
}

static int
exclude(struct cli *cli, struct err *err)
{
	return move_rows(cli, "queued,deferred,held", QUEUE_EXCLUDED, err);
}

static int
include(struct cli *cli, struct err *err)
{
	return move_rows(cli, "excluded", QUEUE_QUEUED, err);
}

static const struct cli_opt no_opts[] = { { NULL, NULL, NULL } };

const struct cli_command cli_queue_commands[] = {
	{ "queue", "[--transferred]", "What the coming night would do, row by row",
	    queue_opts, queue,
	    "Every open row with its verdict: when it would go, or why it would not.\n"
	    "While sending is paused: as it would be after `npsync activate`.",
	    0 },
	{ "exclude", "ID ... | FILTER ...", "Take rows out of this transfer",
	    filter_opts, exclude,
	    "Only this event is taken out; a later event of the person is queued as\n"
	    "usual. Until the night claims the row; `npsync include` takes it back.\n"
	    "One id that cannot be taken out refuses them all.", CLI_ARGS_MAX },
	{ "include", "ID ... | FILTER ...", "Put excluded rows back", filter_opts,
	    include, NULL, CLI_ARGS_MAX },
	{ "explain", "ID | CONTACT | ADDRESS", "Why a person was, or was not, asked",
	    no_opts, cli_explain,
	    "Prints what happened to each event and, for open ones, every rule with\n"
	    "its verdict and the fact behind it.", 1 },
	{ NULL, NULL, NULL, NULL, NULL, NULL, 0 }
};
