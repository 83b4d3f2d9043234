/*
 * cli_move.c - npsync exclude, include, resolve: rows that people move; the
 * table of the family.
 */
#include "cli_move.h"

#include <string.h>

#include "audit.h"
#include "cli_effects.h"
#include "cli_enqueue.h"
#include "cli_queue.h"
#include "clock.h"
#include "num.h"

#define FILTER_OPTS                                                          \
	CLI_MOVE_FILTER_OPTS,                                                \
	{ "reason", "TEXT", "why; kept in the history" },                    \
	{ "yes", NULL, "do not ask" },                                       \
	{ NULL, NULL, NULL }
static const struct cli_opt filter_opts[] = { FILTER_OPTS };
static const struct cli_opt resolve_opts[] = {
	{ "sent", NULL, "the people were asked" },
	{ "not-sent", NULL, "they were not, and will not be" },
	{ "effect", "KIND/SUBJECT", "instead of rows: a write to the CRM, "
	    "from `npsync status`" },
	{ "after-restore", "TIME", "no survey left after TIME (2026-11-24T04:10)" },
	FILTER_OPTS };

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

bool
cli_move_filter(struct cli *cli, struct queue_filter *f, bool any,
    struct err *err)
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
	if (!any && names_nothing(f))
		return err_set(err, ERR_USAGE,
		    "npsync %s: expected ids or a filter (--help)",
		    cli->command->name);
	return cli_trigger_known(cli, err);
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

bool
cli_move_ids(struct cli *cli, const struct queue_filter *f,
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
	const char *why = to == QUEUE_QUEUED ? NULL : arena_printf(cli->arena,
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

int
cli_move_picked(struct cli *cli, const struct queue_picked *rows, size_t n,
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

	if (!cli_load(cli, false, err) || !cli_move_filter(cli, &f, false, err) ||
	    !cli_open(cli, false, err))
		return err_exit_code(err->kind);
	if (!cli_move_ids(cli, &f, from_states, err))
		return err->kind == ERR_GONE ? 1 : err_exit_code(err->kind);
	f.state = from_states;
	if (!queue_pick(cli->db, cli->tenant.id, &f, cli->arena, &rows, &n, err))
		return err_exit_code(err->kind);
	return cli_move_picked(cli, rows, n, to, err);
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

static int
resolve(struct cli *cli, struct err *err)
{
	const bool sent = cli_given(cli, "sent") != NULL;
	const bool not_sent = cli_given(cli, "not-sent") != NULL;
	const char *after = cli_given(cli, "after-restore");

	if ((sent ? 1 : 0) + (not_sent ? 1 : 0) + (after != NULL ? 1 : 0) != 1) {
		err_set(err, ERR_USAGE, "npsync resolve: expected one of --sent, "
		    "--not-sent, --after-restore TIME");
		return 64;
	}
	if (after != NULL)
		return cli_after_restore(cli, after, err);
	if (cli_given(cli, "effect") != NULL)
		return cli_effects_resolve(cli, cli_given(cli, "effect"), sent,
		    err);
	return move_rows(cli, "unknown", sent ? QUEUE_SENT : QUEUE_FAILED, err);
}

const struct cli_command cli_move_commands[] = {
	{ "exclude", "ID ... | FILTER ...", "Take rows out of this transfer",
	    filter_opts, exclude,
	    "Only this event is taken out; a later event of the person is queued as\n"
	    "usual. Until the night claims the row; `npsync include` takes it back.\n"
	    "One id that cannot be taken out refuses them all.", CLI_ARGS_MAX },
	{ "include", "ID ... | FILTER ...", "Put excluded rows back", filter_opts,
	    include, NULL, CLI_ARGS_MAX },
	{ "release", "ID ... | FILTER ... | --reason flood",
	    "Let rows go that a flood held", cli_release_opts, cli_release,
	    "They are judged like any other in the coming night, and not held for a flood\n"
	    "again. Count first: without --yes it asks.", CLI_ARGS_MAX },
	{ "enqueue", "--contact CRM/ID --campaign ID [--test]", "Queue a person by hand",
	    cli_enqueue_opts, cli_enqueue,
	    "An event of the trigger `manual`, which the configuration must name, or of\n"
	    "the one that is given. All rules hold. Once a day for a person.", 0 },
	{ "resolve", "ID ... | FILTER ... --sent | --not-sent",
	    "Say what became of rows that may have been sent", resolve_opts,
	    resolve,
	    "Rows in the state unknown count as sent until somebody looked: the next\n"
	    "night where the service lists its respondents, else you.\n"
	    "--after-restore TIME: after a restored backup. Rows of events up to TIME\n"
	    "are taken out and their people count as asked on that day; what came\n"
	    "later goes on. TIME is local; choose the last transfer if in doubt.\n"
	    "--effect: with --not-sent the write is done again.",
	    CLI_ARGS_MAX },
	{ NULL, NULL, NULL, NULL, NULL, NULL, 0 }
};
