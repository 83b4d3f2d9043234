/*
 * cli_restore.c - npsync resolve --after-restore TIME.
 *
 * After a restored backup nobody knows which waiting rows have been sent.
 * Those of events up to TIME are taken out, and their people count as asked;
 * what came later goes on.
 */
#include <string.h>

#include "audit.h"
#include "cli_queue.h"
#include "clock.h"
#include "cursor.h"
#include "highwater.h"
#include "person.h"
#include "queue.h"

#define READ_AGO_S (6 * 3600)

struct after {
	struct cli *cli;
	time_t until;
	const char *why;
	struct queue_move *moves;
	struct db_array out;
	size_t n_moves, n_out, n_on;
};

/* Rows that the restored watermark brings back must be there before they can
 * be taken out. */
static bool
check_read(struct cli *cli, struct err *err)
{
	const struct conf *conf = cli->conf;
	const time_t since = cli->tenant.restored_at != NO_TIME
	    ? cli->tenant.restored_at : clock_now() - READ_AGO_S;
	struct db_array names;
	time_t completed_at = NO_TIME;

	db_array_init(&names);
	for (size_t i = 0; i < conf->n_crm; i++)
		db_array_text(&names, conf->crm[i].name);
	const bool ok = cursor_oldest_pass(cli->db, cli->tenant.id, &names,
	    "events", cli->arena, &completed_at, err);
	db_array_free(&names);
	if (!ok)
		return false;
	if (completed_at == NO_TIME || completed_at < since)
		return err_set(err, ERR_BUSY, "the CRM was not read since the backup "
		    "was restored, so the rows are not complete: `npsync run --only "
		    "pull` first");
	return true;
}

static void
sort_out(struct after *a, const struct queue_row_id *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const bool out = rows[i].event_at <= a->until;
		a->moves[a->n_moves++] = (struct queue_move){ rows[i].queue_id,
			rows[i].attempt, out ? QUEUE_EXCLUDED : QUEUE_QUEUED,
			out ? a->why : NULL, NULL, NO_TIME };
		if (out)
			db_array_int(&a->out, rows[i].queue_id);
		a->n_out += out;
		a->n_on += !out;
	}
}

static bool
gather(struct after *a, struct err *err)
{
	struct cli *cli = a->cli;
	struct queue_row_id *held = NULL, *waiting = NULL;
	size_t n_held = 0, n_waiting = 0;

	if (!queue_list_restored(cli->db, cli->tenant.id, cli->arena, &held,
	        &n_held, err) ||
	    !queue_list_before(cli->db, cli->tenant.id, a->until, cli->arena,
	        &waiting, &n_waiting, err))
		return false;
	a->moves = arena_array(cli->arena, n_held + n_waiting + 1,
	    sizeof(*a->moves));
	if (a->moves == NULL)
		return err_nomem(err);
	sort_out(a, held, n_held);
	sort_out(a, waiting, n_waiting);
	return true;
}

static bool
apply(struct after *a, struct err *err)
{
	struct cli *cli = a->cli;
	size_t moved;

	return queue_move(cli->db, &cli->tenant, ACTOR_ADMIN, cli->actor, 0,
	           clock_now(), a->moves, a->n_moves, cli->arena, &moved, err) &&
	    person_put_rows(cli->db, cli->tenant.id, &a->out,
	        clock_day(cli->conf->timezone, a->until), cli->arena, err) &&
	    tenant_clear_restored(cli->db, &cli->tenant, err) &&
	    audit_put(cli->db, cli->tenant.id, cli->actor, "after-restore",
	        arena_printf(cli->arena, "%zu rows out, %zu on", a->n_out, a->n_on),
	        a->why, cli->arena, err);
}

static bool
settle(struct after *a, struct err *err)
{
	struct cli *cli = a->cli;
	AUTO(tx) struct db *tx = NULL;

	if (!db_begin(cli->db, 5000, err))
		return false;
	tx = cli->db;
	if (!gather(a, err) || !apply(a, err))
		return false;
	if (!db_commit(steal(&tx), err))
		return false;
	const struct highwater mark = { .epoch = cli->tenant.epoch,
		.sends = cli->tenant.sends, .at = clock_now() };
	return cli->lock_dir == NULL || highwater_write(cli->lock_dir,
	    cli->tenant.name, &mark, err);
}

/* The run that notices a restored backup does more than to read: what it finds
 * must be there. */
static bool
check_noticed(struct cli *cli, struct err *err)
{
	const struct tenant *t = &cli->tenant;
	struct highwater seen;
	bool found = false;

	if (cli->lock_dir == NULL)
		return true;
	if (!highwater_read(cli->lock_dir, t->name, &seen, &found, err))
		return false;
	if (found ? !highwater_is_above(&seen, t->epoch, t->sends)
	          : t->sends == 0)
		return true;
	return err_set(err, ERR_BUSY, "there was no run since the backup was "
	    "restored: `npsync run --only pull` first");
}

static bool
settle_locked(struct cli *cli, struct after *a, struct err *err)
{
	bool ok;

	if (!tenant_acquire(cli->db, &cli->tenant, cli->lock_dir, err))
		return false;
	db_array_init(&a->out);
	ok = check_noticed(cli, err) && check_read(cli, err) && settle(a, err);
	db_array_free(&a->out);
	tenant_release(cli->db, &cli->tenant);
	return ok;
}

int
cli_after_restore(struct cli *cli, const char *time, struct err *err)
{
	struct after a = { .cli = cli };
	char words[32];

	if (!cli_load(cli, false, err))
		return err_exit_code(err->kind);
	if (!clock_parse_iso(time, cli->conf->timezone, &a.until) ||
	    a.until > clock_now()) {
		err_set(err, ERR_USAGE, "--after-restore: expected a moment of the "
		    "past like 2026-11-24T04:10, got \"%s\"", time);
		return 64;
	}
	if (!cli_open(cli, false, err))
		return err_exit_code(err->kind);
	const char *when = clock_words(words, cli->conf->timezone, a.until);
	const char *reason = cli_given(cli, "reason");
	a.why = arena_printf(cli->arena, "after a restored backup, by %s%s%s",
	    cli->actor, reason != NULL ? ": " : "", reason != NULL ? reason : "");
	if (cli_given(cli, "yes") == NULL && !cli_confirm(arena_printf(cli->arena,
	    "take out every waiting row of an event up to %s?", when))) {
		(void)printf("nothing was changed (--yes does it)\n");
		return 1;
	}
	if (!settle_locked(cli, &a, err))
		return err_exit_code(err->kind);
	(void)printf("%zu row%s of events up to %s taken out, %zu go on\n", a.n_out,
	    a.n_out == 1 ? "" : "s", when, a.n_on);
	return 0;
}
