/*
 * night_missed.c - nights in which nothing was done: the machine was off, no
 * run came to its end, nobody handed over who was due.  A night before a sending
 * day counts as held when a run other than an hourly one, begun in its window,
 * came to its end: others look for no silences.
 */
#include "night_int.h"

#include "clock.h"
#include "log.h"
#include "queue.h"

/* Runs by hand outside the window, newest first, do not hide a held night. */
DB_STMT(night_ended_runs,
    "SELECT night, extract(epoch from started_at)::bigint FROM npsync.run"
    " WHERE tenant_id = $1 AND run_id <> $2 AND kind IN ('night', 'manual') AND result IN ('ok', 'partial')"
    " ORDER BY night DESC, started_at DESC LIMIT 1000");

/* The newest that was held; NO_DAY = none. */
static bool
last_held(struct night *n, int *night, struct err *err)
{
	AUTO(db_result) struct db_result *r = NULL;
	const struct stage *s = &n->stage;
	const struct calendar *cal = &s->conf->calendar;
	struct db_args args;

	*night = NO_DAY;
	db_args_init(&args, s->scratch);
	db_arg_int(&args, s->tenant->id);
	db_arg_int(&args, n->log.run_id);
	if (!db_query(s->db, &night_ended_runs, &args, &r, err))
		return false;
	for (int i = 0; i < db_rows(r) && *night == NO_DAY; i++) {
		const int day = db_day(r, i, 0);
		const time_t at = db_time(r, i, 1);
		if (calendar_is_transfer_night(cal, day) &&
		    calendar_night(cal, at) == day &&
		    calendar_in_window(cal, at, 0))
			*night = day;
	}
	arena_reset(s->scratch);
	return true;
}

bool
night_find_missed(struct night *n, struct err *err)
{
	struct stage *s = &n->stage;
	const struct calendar *cal = &s->conf->calendar;
	int held;
	char first[16], last[16];

	n->missed_from = NO_DAY;
	n->missed = 0;
	if (n->options->kind == RUN_HOURLY)
		return true;
	if (!last_held(n, &held, err))
		return false;
	if (held == NO_DAY)
		return true;
	for (int day = calendar_transfer_night(cal, day_add(held, 1));
	     day != NO_DAY && day < s->night;
	     day = calendar_transfer_night(cal, day_add(day, 1))) {
		if (n->missed++ == 0)
			n->missed_from = day;
		n->missed_until = day;
	}
	if (n->missed == 0)
		return true;
	runlog_count(s->log, "missed", "nights", "missed", NULL, n->missed);
	runlog_count(s->log, "missed", "nights", "seen", NULL, n->missed);
	log_ev(LOG_LEVEL_WARNING, "missed", "nights=%d first=%s last=%s",
	    n->missed, day_iso(first, n->missed_from),
	    day_iso(last, n->missed_until));
	return true;
}

bool
night_count_left(struct night *n, struct err *err)
{
	struct stage *s = &n->stage;

	if (!queue_count_left(s->db, s->tenant->id, s->night, s->scratch,
	        &n->left, err))
		return false;
	arena_reset(s->scratch);
	if (n->left == 0)
		return true;
	runlog_count(s->log, "again", "due", "not_handed_over", NULL, n->left);
	runlog_count(s->log, "again", "due", "seen", NULL, n->left);
	log_ev(LOG_LEVEL_WARNING, "again", "due=%lld hint=%s", n->left,
	    log_quote("due in an earlier night and not handed over: decided "
	        "again"));
	return true;
}

void
night_say_missed(struct night *n)
{
	char first[16], last[16];

	if (n->missed == 1)
		night_say(n, "the night to %s was missed: nobody was asked in it",
		    day_iso(first, n->missed_from));
	else if (n->missed > 1)
		night_say(n, "%d nights to sending days were missed, %s to %s: "
		    "nobody was asked in them", n->missed,
		    day_iso(first, n->missed_from),
		    day_iso(last, n->missed_until));
	if (n->left > 0)
		night_say(n, "%lld row%s that %s due before %s not handed over: "
		    "decided again", n->left, n->left == 1 ? "" : "s",
		    n->left == 1 ? "was" : "were", n->left == 1 ? "was" : "were");
}

/* ---- the hour of send.at ------------------------------------------------------------------ */
bool
night_hour_is_due(struct night *n, bool *due, struct err *err)
{
	struct stage *s = &n->stage;
	const struct calendar *cal = &s->conf->calendar;
	const int night = calendar_push_night(cal, clock_now(), 0);
	long long ready = 0;
	time_t next = NO_TIME;

	*due = false;
	if (!cal->by_hour || night == NO_DAY || s->tenant->paused)
		return true;
	if (!queue_due(s->db, s->tenant->id, night, clock_now(), s->scratch,
	        &ready, &next, err))
		return false;
	arena_reset(s->scratch);
	*due = ready > 0 || next != NO_TIME;
	return true;
}
