/*
 * cli_explain.c - npsync explain.
 */
#include <string.h>

#include "cli_queue.h"
#include "clock.h"
#include "night.h"
#include "num.h"
#include "queue.h"
#include "stage_decide.h"

static const struct table_column explain_columns[] = { { "id", true, 0 },
	{ "state", false, 0 }, { "rule", false, 0 }, { "verdict", false, 0 },
	{ "fact", false, 0 }, { "meaning", false, 0 } };

static bool
explain_rules(struct cli *cli, const struct queue_picked *row, struct table *t,
    struct err *err)
{
	AUTO(db_result) struct db_result *r = NULL;
	time_t moment;
	const int night = night_next_transfer(cli->conf, clock_now(), &moment);
	const struct rules_night at = { .tenant_id = cli->tenant.id,
		.secret = cli->tenant.secret,
		.night = night, .moment = moment, .paused = cli->tenant.paused };
	const char *id = arena_printf(cli->arena, "%lld", row->queue_id);

	if (!decide_explain(cli->db, cli->conf, &at, row->queue_id, cli->arena, &r,
	        err))
		return false;
	for (int i = 0; i < db_rows(r); i++) {
		const char *reason = db_text(r, i, 0);
		const bool hit = db_bool(r, i, 1);
		const char *cells[] = { id, row->state, reason,
			hit ? "blocks" : "passes", db_text(r, i, 2),
			hit ? rules_words(reason) : NULL };
		table_row(t, cli->format == TABLE_TEXT ? cells + 2 : cells);
	}
	return true;
}

static bool
explain_history(struct cli *cli, long long id, struct err *err)
{
	AUTO(db_result) struct db_result *r = NULL;

	if (!queue_history_list(cli->db, cli->tenant.id, id, cli->arena, &r, err))
		return false;
	for (int i = 0; i < db_rows(r); i++) {
		const char *detail = db_text(r, i, 4);
		(void)printf("  %s  %s -> %s by %s%s%s\n",
		    cli_when(cli->arena, cli->conf->timezone, db_time(r, i, 0)),
		    db_text(r, i, 2), db_text(r, i, 3), db_text(r, i, 1),
		    detail != NULL ? ": " : "", detail != NULL ? detail : "");
	}
	return true;
}

static bool
is_open(const struct queue_picked *row)
{
	return strcmp(row->state, "queued") == 0 ||
	    strcmp(row->state, "deferred") == 0 ||
	    strcmp(row->state, "held") == 0 || strcmp(row->state, "excluded") == 0;
}

/* For people: what happened to the row, and a table of its own. */
static bool
explain_text(struct cli *cli, const struct queue_picked *row, struct err *err)
{
	(void)printf("row %lld: %s\n", row->queue_id, row->state);
	if (!explain_history(cli, row->queue_id, err))
		return false;
	if (!is_open(row))
		return true;
	struct table *t = table_open(stdout, TABLE_TEXT, explain_columns + 2, 4);
	struct err late = { .kind = ERR_NONE };
	const bool ok = t != NULL && explain_rules(cli, row, t, err);
	if (t == NULL)
		return err_nomem(err);
	if (!table_close(t, &late) && ok)
		*err = late;
	return ok && late.kind == ERR_NONE;
}

/* For programs: the rule that ended a row, or the words of whoever did. */
static void
explain_ended(struct cli *cli, const struct queue_picked *row, struct table *t)
{
	const bool is_rule = row->reason != NULL &&
	    rules_words(row->reason) != row->reason;
	const char *const cells[ARRAY_LEN(explain_columns)] = {
		arena_printf(cli->arena, "%lld", row->queue_id), row->state,
		is_rule ? row->reason : NULL, is_rule ? "ended" : NULL,
		is_rule ? NULL : row->reason,
		is_rule ? rules_words(row->reason) : NULL };

	table_row(t, cells);
}

/* For programs: one table for all rows. */
static bool
explain_table(struct cli *cli, const struct queue_picked *rows, size_t n,
    struct err *err)
{
	struct table *t = table_open(stdout, cli->format, explain_columns,
	    ARRAY_LEN(explain_columns));
	struct err late = { .kind = ERR_NONE };
	bool ok = true;

	if (t == NULL)
		return err_nomem(err);
	for (size_t i = 0; i < n && ok; i++)
		if (is_open(&rows[i]))
			ok = explain_rules(cli, &rows[i], t, err);
		else
			explain_ended(cli, &rows[i], t);
	if (!table_close(t, &late) && ok)
		*err = late;
	return ok && late.kind == ERR_NONE;
}

int
cli_explain_nothing(struct cli *cli, struct err *err)
{
	if (cli_say_erased(cli, cli->args[0]))
		return 0;
	err_set(err, ERR_GONE, "no event of that row id, contact or address "
	    "is in the queue");
	return 1;
}

bool
cli_explain_pick(struct cli *cli, struct queue_picked **rows, size_t *n,
    struct err *err)
{
	struct queue_filter f = { .before_day = NO_DAY };
	long long id = 0;

	if (cli->n_args != 1)
		return err_set(err, ERR_USAGE, "npsync %s: expected one row id, "
		    "contact id, CRM/contact id or address",
		    cli->command->name);
	const char *slash = strchr(cli->args[0], '/');
	if (!cli_open(cli, false, err))
		return false;
	if (num_parse(cli->args[0], 1, INT64_MAX, &id)) {
		f.ids = &id;
		f.n_ids = 1;
	} else if (slash != NULL && strchr(cli->args[0], '@') == NULL) {
		f.connector = arena_strndup(cli->arena, cli->args[0],
		    (size_t)(slash - cli->args[0]));
		f.contact = slash + 1;
	} else {
		f.contact = cli->args[0];
	}
	return queue_pick(cli->db, cli->tenant.id, &f, cli->arena, rows, n, err);
}

int
cli_explain(struct cli *cli, struct err *err)
{
	struct queue_picked *rows = NULL;
	size_t n = 0;

	if (!cli_explain_pick(cli, &rows, &n, err))
		return err_exit_code(err->kind);
	if (n == 0)
		return cli_explain_nothing(cli, err);
	bool ok = true;
	if (cli->format != TABLE_TEXT)
		ok = explain_table(cli, rows, n, err);
	for (size_t i = 0; cli->format == TABLE_TEXT && ok && i < n; i++) {
		(void)printf("%s", i > 0 ? "\n" : "");
		ok = explain_text(cli, &rows[i], err);
	}
	return ok ? 0 : err_exit_code(err->kind);
}
