/*
 * How this stage can do too much or too little, and what stops it:
 *  - the tag still stands on the card in the next run: the command is done, its
 *    row stays until the card shows the tag no more;
 *  - killed between the deed and the note: both are one transaction;
 *  - a campaign of another name than the one that is meant: only the whole name
 *    counts, in any case of letters; an unknown one stays on the card and is
 *    shown;
 *  - Skip and Ask on one card: first the row is made, then it is taken out with
 *    the others: nobody is asked;
 *  - a row that is being sent: it is not taken out, the Skip is for the next;
 *  - a Skip that came in between decide and claim: the row is excluded, and the
 *    claim takes queued and deferred rows only.
 */
#include "stage_command.h"

#include "audit.h"
#include "clock.h"
#include "queue_enqueue.h"
#include "tag_command.h"

#define LOCK_WAIT_MS 10000L
#define ACTOR "tag"

static void
count(struct stage *stage, const char *outcome, long long n)
{
	if (n == 0)
		return;
	runlog_count(stage->log, "command", "", outcome, NULL, n);
	runlog_count(stage->log, "command", "", "seen", NULL, n);
}

/* ---- Ask ------------------------------------------------------------------ */
static bool
may_ask(const struct stage *stage)
{
	const struct conf_trigger *t = conf_trigger(stage->conf, QUEUE_BY_HAND);

	return t != NULL && t->enabled;
}

static bool
note_rows(struct stage *stage, const struct db_result *r, struct err *err)
{
	struct db_array subjects, details;
	bool ok = true;

	db_array_init(&subjects);
	db_array_init(&details);
	for (int i = 0; i < db_rows(r); i++) {
		db_array_text(&subjects, arena_printf(stage->arena, "row %lld",
		    db_int(r, i, 0)));
		db_array_text(&details, db_text(r, i, 1));
	}
	ok = audit_put_all(stage->db, stage->tenant->id, ACTOR, "enqueue",
	    &subjects, &details, stage->arena, err);
	db_array_free(&subjects);
	db_array_free(&details);
	return ok;
}

static bool
ask(struct stage *stage, struct err *err)
{
	AUTO(db_result) struct db_result *r = NULL;
	struct tag_command *asks = NULL;
	size_t n = 0;

	if (!may_ask(stage))
		return true;
	if (!tag_command_asks(stage->db, stage->tenant->id, stage->arena, &asks,
	        &n, err))
		return false;
	if (n == 0)
		return true;
	if (!tag_command_enqueue(stage->db, stage->tenant, asks, n,
	        stage->night, clock_now(), stage->arena, &r, err))
		return false;
	count(stage, "enqueued", db_rows(r));
	return note_rows(stage, r, err);
}

/* ---- Skip ----------------------------------------------------------------- */
static bool
note_moves(struct stage *stage, const struct queue_move *moves, size_t n,
    struct err *err)
{
	struct db_array subjects, details;

	db_array_init(&subjects);
	db_array_init(&details);
	for (size_t i = 0; i < n; i++) {
		db_array_text(&subjects, arena_printf(stage->arena, "row %lld",
		    moves[i].queue_id));
		db_array_text(&details, moves[i].reason);
	}
	const bool ok = audit_put_all(stage->db, stage->tenant->id, ACTOR,
	    "exclude", &subjects, &details, stage->arena, err);
	db_array_free(&subjects);
	db_array_free(&details);
	return ok;
}

static bool
skip(struct stage *stage, struct err *err)
{
	const struct tenant *tenant = stage->tenant;
	struct queue_move *moves = NULL;
	size_t n = 0, moved = 0;
	long long cards = 0;

	if (!tag_command_skips(stage->db, tenant->id, stage->arena, &moves, &n,
	        err))
		return false;
	if (n == 0)
		return true;
	if (!queue_move(stage->db, tenant, ACTOR_TAG, ACTOR, stage->log->run_id,
	        clock_now(), moves, n, stage->arena, &moved, err))
		return false;
	if (moved == 0)
		return true;
	if (!tag_command_skipped(stage->db, tenant->id, moves, n, clock_now(),
	        stage->arena, &cards, err))
		return false;
	count(stage, "skipped", cards);
	return note_moves(stage, moves, n, err);
}

/* ---- both ----------------------------------------------------------------- */
bool
stage_command_within(struct stage *stage, struct err *err)
{
	const bool again = runlog_get(stage->log, "command", "seen") > 0;
	long long n_new = 0, n_open = 0;

	arena_reset(stage->arena);
	if (!tag_command_meet(stage->db, stage->tenant,
	        stage->conf->writeback.tag_prefix, clock_now(), stage->arena,
	        &n_new, err) ||
	    !ask(stage, err) || !skip(stage, err) ||
	    !tag_command_explain(stage->db, stage->tenant->id, may_ask(stage),
	        stage->arena, &n_open, err))
		return false;
	/* Counted once a run, though it looks twice. */
	if (!again)
		count(stage, "open", n_open);
	return true;
}

bool
stage_command(struct stage *stage, struct err *err)
{
	AUTO(tx) struct db *tx = NULL;

	if (!db_begin(stage->db, LOCK_WAIT_MS, err))
		return false;
	tx = stage->db;
	if (!stage_command_within(stage, err) || !db_commit(stage->db, err))
		return false;
	tx = NULL;
	return true;
}
