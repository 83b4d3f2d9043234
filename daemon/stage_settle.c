/*
 * How this stage can double or lose, and what stops it:
 *  - a row that may have arrived is sent again: only a proven absence leads
 *    back to the queue: two complete listings, apart in time, both of them with
 *    a younger respondent, the first one noted on the row; a row that any list
 *    has shown, or whose card has another address since, is not absent; a list
 *    that lacks one of ours that an earlier one showed (a page, or some at the
 *    edge of pages, left out) proves nothing, for three days;
 *  - somebody else's respondent is taken for ours: our reference decides; a
 *    match by campaign, person and time counts only where the service's id is
 *    no other row's;
 *  - a row of a run that is slow, not dead: older epochs only, never by age;
 *  - a listing that fails or breaks off: nothing follows from it;
 *  - a restored backup calls queued what was sent: held, until the service's
 *    list was matched or a person decided.
 */
#include "stage_settle.h"

#include <stdio.h>
#include <string.h>

#include "clock.h"
#include "log.h"
#include "queue.h"

#define LOOKED_UP_MAX 2000
#define WITNESSES_MAX 500
#define DAY_S 86400
#define GONE_S (3 * DAY_S)

/* ---- rows of dead runs ----------------------------------------------------------- */
static bool
settle_orphans(struct stage *stage, struct err *err)
{
	struct runlog *log = stage->log;
	size_t unknown = 0;

	if (!queue_settle(stage->db, stage->tenant, log->run_id, clock_now(),
	        stage->scratch, &unknown, err))
		return false;
	runlog_count(log, "settle", "", "seen", NULL, (long long)unknown);
	runlog_count(log, "settle", "", "unknown", NULL, (long long)unknown);
	if (unknown > 0)
		log_ev(LOG_LEVEL_WARNING, "settle", "unknown=%zu", unknown);
	return true;
}

/* ---- unknown rows ---------------------------------------------------------------- */
struct lookup {
	struct stage *stage;
	struct queue_unknown *rows, *witnesses;
	struct sent *wanted;
	enum find_answer *answers;
	struct push_result *found;
	struct queue_move *moves;
	bool *bound;		/* its respondent is another row's already */
	size_t n, n_witnesses, n_moves;
	struct db_array absent, seen, matched;
};

enum settle_verdict
settle_absent(const struct settle_facts *f)
{
	/* The answer may be on its way still. */
	if (f->now - f->claimed_at < 2 * (time_t)f->answer_s)
		return SETTLE_WAIT;
	if (f->absent_at == NO_TIME)
		return SETTLE_FIRST_LOOK;
	if (f->now - f->absent_at < (time_t)f->second_look_min * 60)
		return SETTLE_WAIT;
	return f->retried ? SETTLE_GIVE_UP : SETTLE_AGAIN;
}

static void
count(struct lookup *l, const char *outcome)
{
	runlog_count(l->stage->log, "settle", l->stage->survey->link.name,
	    outcome, NULL, 1);
}

static void
add_move(struct lookup *l, size_t i, enum queue_state to, const char *reason,
    const char *remote_id)
{
	l->moves[l->n_moves++] = (struct queue_move){ l->rows[i].queue_id,
		l->rows[i].attempt, to, reason, remote_id, clock_now() };
	log_ev(LOG_LEVEL_NOTICE, "settle", "queue=%lld state=%s reason=%s",
	    l->rows[i].queue_id, queue_state_name(to), log_quote(reason));
}

/* Two of our rows would share one respondent: neither is proven. */
static bool
is_taken(const struct lookup *l, size_t i)
{
	for (size_t k = 0; k < l->n; k++)
		if (k != i && l->answers[k] != FIND_ABSENT &&
		    l->answers[k] != FIND_CANNOT_SAY &&
		    strcmp(l->found[k].remote_id, l->found[i].remote_id) == 0)
			return true;
	return false;
}

static void
take_found(struct lookup *l, size_t i)
{
	const struct push_result *f = &l->found[i];

	if (l->answers[i] == FIND_MATCHED && (l->bound[i] ||
	        f->remote_id[0] == '\0' || is_taken(l, i))) {
		count(l, "ambiguous");
		return;
	}
	if (f->outcome == PUSH_SUPPRESSED)
		add_move(l, i, QUEUE_FAILED,
		    "the service took the person but does not ask", f->remote_id);
	else
		add_move(l, i, QUEUE_SENT, f->reason,
		    f->remote_id[0] != '\0' ? f->remote_id : NULL);
	count(l, f->outcome == PUSH_SUPPRESSED ? "failed" : "sent");
}

static bool
find_bound(struct lookup *l, struct err *err)
{
	for (size_t i = 0; i < l->n; i++)
		db_array_text(&l->matched, l->answers[i] == FIND_MATCHED
		    ? l->found[i].remote_id : NULL);
	return queue_find_bound(l->stage->db, l->stage->tenant->id, &l->matched,
	    l->stage->scratch, l->bound, err);
}

static void
take_absent(struct lookup *l, size_t i)
{
	const struct queue_unknown *row = &l->rows[i];
	const struct settle_facts facts = { clock_now(), row->claimed_at,
		row->absent_at, row->retried,
		l->stage->conf->reconcile.second_look_min,
		l->stage->survey->conf->http.timeout_s };

	switch (settle_absent(&facts)) {
	case SETTLE_WAIT:
		count(l, "waiting");
		break;
	case SETTLE_FIRST_LOOK:
		db_array_int(&l->absent, row->queue_id);
		count(l, "missed_once");
		break;
	case SETTLE_AGAIN:
		add_move(l, i, QUEUE_DEFERRED,
		    "not at the service, as two listings show", NULL);
		count(l, "deferred");
		break;
	case SETTLE_GIVE_UP:
		add_move(l, i, QUEUE_FAILED,
		    "twice not at the service, as listings show", NULL);
		count(l, "failed");
		break;
	}
}

/* One that all looks of three days missed was deleted there by hand. */
static bool
is_hole(const struct lookup *l, size_t i)
{
	const time_t missed = l->witnesses[i].absent_at;

	return l->answers[l->n + i] == FIND_ABSENT &&
	    (missed == NO_TIME || clock_now() - missed < GONE_S);
}

/* Witnesses stand behind the rows.  A list without one of them has holes, and
 * so may the next one, at the same places. */
static void
hear_witnesses(struct lookup *l)
{
	size_t holes = 0;

	for (size_t i = 0; i < l->n_witnesses; i++) {
		holes += is_hole(l, i);
		if (l->answers[l->n + i] != FIND_CANNOT_SAY)
			db_array_int(l->answers[l->n + i] == FIND_ABSENT
			    ? &l->absent : &l->seen, l->witnesses[i].queue_id);
	}
	for (size_t i = 0; i < l->n; i++)
		if (l->answers[i] == FIND_ABSENT && (holes > 0 || l->rows[i].listed))
			l->answers[i] = FIND_CANNOT_SAY;
	if (holes > 0)
		log_ev(LOG_LEVEL_WARNING, "settle", "missing=%zu hint=%s", holes,
		    log_quote("the service's list lacks people that it showed "
		        "before: nobody is taken for absent"));
}

static bool
take_answers(struct lookup *l, struct err *err)
{
	struct stage *stage = l->stage;
	size_t moved;

	hear_witnesses(l);
	if (!find_bound(l, err))
		return false;
	for (size_t i = 0; i < l->n; i++) {
		count(l, "seen");
		if (l->answers[i] == FIND_CANNOT_SAY)
			count(l, "cannot_say");
		else if (l->answers[i] == FIND_ABSENT)
			take_absent(l, i);
		else
			take_found(l, i);
	}
	if (!queue_mark_absent(stage->db, stage->tenant->id, &l->absent,
	        &l->seen, clock_now(), stage->scratch, err) ||
	    !queue_move(stage->db, stage->tenant, ACTOR_SETTLE, "settle",
	        stage->log->run_id, clock_now(), l->moves, l->n_moves,
	        stage->scratch, &moved, err))
		return false;
	if (moved != l->n_moves)
		log_ev(LOG_LEVEL_WARNING, "settle", "moves=%zu made=%zu hint=%s",
		    l->n_moves, moved, log_quote("people settled the others"));
	return true;
}

static void
want(struct lookup *l, size_t i)
{
	const struct queue_unknown *row = i < l->n ? &l->rows[i]
	    : &l->witnesses[i - l->n];

	/* A service may give a person one id: it proves no row that is unknown. */
	l->wanted[i] = (struct sent){ .ref = row->client_ref,
		.remote_id = i < l->n ? NULL : row->remote_id,
		.campaign_id = row->campaign, .email = row->email,
		.phone = row->mobile,
		.contact_id = arena_printf(l->stage->scratch, "%s:%s",
		    row->connector, row->contact_id),
		.created_at = row->claimed_at, .mailed_at = NO_TIME };
}

static bool
lookup_open(struct lookup *l, struct err *err)
{
	struct arena *arena = l->stage->scratch;
	const size_t n = l->n + l->n_witnesses;

	l->wanted = arena_array(arena, n + 1, sizeof(*l->wanted));
	l->answers = arena_array(arena, n + 1, sizeof(*l->answers));
	l->found = arena_array(arena, n + 1, sizeof(*l->found));
	l->moves = arena_array(arena, l->n + 1, sizeof(*l->moves));
	l->bound = arena_array(arena, l->n + 1, sizeof(*l->bound));
	if (l->wanted == NULL || l->answers == NULL || l->found == NULL ||
	    l->moves == NULL || l->bound == NULL)
		return err_nomem(err);
	for (size_t i = 0; i < n; i++)
		want(l, i);
	return arena_failed(arena) ? err_nomem(err) : true;
}

/* Of the time that the list is asked for, which begins at the oldest row. */
static bool
list_witnesses(struct lookup *l, struct err *err)
{
	struct stage *stage = l->stage;
	time_t from = l->rows[0].claimed_at;

	for (size_t i = 1; i < l->n; i++)
		if (l->rows[i].claimed_at < from)
			from = l->rows[i].claimed_at;
	return queue_list_witnesses(stage->db, stage->tenant->id, from,
	    WITNESSES_MAX, stage->scratch, &l->witnesses, &l->n_witnesses, err);
}

static bool
look_up(struct lookup *l, struct err *err)
{
	struct survey *survey = l->stage->survey;
	struct err failed = { .kind = ERR_NONE };

	if (l->n == 0)
		return true;
	if (!list_witnesses(l, err) || !lookup_open(l, err))
		return false;
	if (survey->connector->find_sent(survey->link.self, l->wanted,
	        l->n + l->n_witnesses, l->answers, l->found, &failed))
		return take_answers(l, err);
	if (err_ends_run(failed.kind)) {
		*err = failed;
		return false;
	}
	survey->link.aside = failed;
	log_ev(LOG_LEVEL_ERROR, "settle", "error=%s", log_quote(failed.msg));
	runlog_count(l->stage->log, "settle", survey->link.name, "seen", NULL,
	    (long long)l->n);
	runlog_count(l->stage->log, "settle", survey->link.name, "cannot_say",
	    NULL, (long long)l->n);
	return true;
}

static bool
settle_unknown(struct stage *stage, struct err *err)
{
	struct lookup l = { .stage = stage };
	const time_t from = clock_now() -
	    (time_t)stage->conf->reconcile.look_back_days * DAY_S;

	if (stage->survey == NULL || stage->survey->connector->find_sent == NULL)
		return true;
	if (!queue_list_unknown(stage->db, stage->tenant->id, from, LOOKED_UP_MAX,
	        stage->scratch, &l.rows, &l.n, err))
		return false;
	db_array_init(&l.absent);
	db_array_init(&l.seen);
	db_array_init(&l.matched);
	const bool ok = look_up(&l, err);
	db_array_free(&l.absent);
	db_array_free(&l.seen);
	db_array_free(&l.matched);
	return ok;
}

bool
stage_settle(struct stage *stage, struct err *err)
{
	arena_reset(stage->scratch);
	if (!settle_orphans(stage, err))
		return false;
	arena_reset(stage->scratch);
	return settle_unknown(stage, err) && stage_breathe(stage, err);
}

/* ---- a restored backup ------------------------------------------------------------ */
static bool
move_all(struct stage *stage, const struct queue_row_id *rows, size_t n,
    bool (*choose)(const struct queue_row_id *, struct queue_move *),
    struct err *err)
{
	struct queue_move *moves = arena_array(stage->scratch, n + 1,
	    sizeof(*moves));
	size_t n_moves = 0, moved;

	if (moves == NULL)
		return err_nomem(err);
	for (size_t i = 0; i < n; i++) {
		moves[n_moves] = (struct queue_move){ .queue_id = rows[i].queue_id,
			.attempt = rows[i].attempt, .until = NO_TIME };
		if (!choose(&rows[i], &moves[n_moves]))
			continue;
		runlog_count(stage->log, "restore", "", "seen", NULL, 1);
		runlog_count(stage->log, "restore", "",
		    queue_state_name(moves[n_moves].to), NULL, 1);
		n_moves++;
	}
	return queue_move(stage->db, stage->tenant, ACTOR_SETTLE, "settle",
	    stage->log->run_id, clock_now(), moves, n_moves, stage->scratch,
	    &moved, err);
}

static bool
hold(const struct queue_row_id *row, struct queue_move *move)
{
	(void)row;
	move->to = QUEUE_HELD;
	move->reason = "restore";
	return true;
}

static bool
let_go(const struct queue_row_id *row, struct queue_move *move)
{
	move->to = row->listed ? QUEUE_SENT : QUEUE_QUEUED;
	move->reason = row->listed ? "the service lists it, after a restored backup"
	                           : NULL;
	return true;
}

bool
stage_settle_hold(struct stage *stage, struct err *err)
{
	struct queue_row_id *rows = NULL;
	size_t n = 0;

	arena_reset(stage->scratch);
	return queue_list_before(stage->db, stage->tenant->id,
	           stage->tenant->restored_at, stage->scratch, &rows, &n, err) &&
	    move_all(stage, rows, n, hold, err);
}

bool
stage_settle_release(struct stage *stage, struct err *err)
{
	struct queue_row_id *rows = NULL;
	size_t n = 0;

	arena_reset(stage->scratch);
	if (!queue_list_restored(stage->db, stage->tenant->id, stage->scratch,
	        &rows, &n, err) || !move_all(stage, rows, n, let_go, err) ||
	    !tenant_clear_restored(stage->db, stage->tenant, err))
		return false;
	log_ev(LOG_LEVEL_NOTICE, "restore", "released=%zu", n);
	return true;
}
