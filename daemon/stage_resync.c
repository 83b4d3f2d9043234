/*
 * How this stage can ask somebody or lose an event, and what stops it:
 *  - an old event looks new: what it records is a row that ended as
 *    before_start, never one that waits; no statement here writes 'queued';
 *  - a new event is taken for an old one: what happened after the last complete
 *    pass is left alone, and comes in by the next run as usual;
 *  - the ordinary pass is disturbed: no cursor is moved;
 *  - killed between pages, or lease lost: the page is whole or was not taken; the
 *    command can be given again.
 */
#include "stage_resync.h"

#include "clock.h"
#include "event.h"
#include "log.h"
#include "quarantine.h"

struct resync {
	struct stage *stage;
	struct crm *crm;
	struct event_page page;
	time_t until;		/* the last complete pass began to end here */
	long long emitted, faulty, later, recorded;
	struct err err;
};

static bool
put_page(struct resync *x)
{
	struct stage *stage = x->stage;
	const struct event_again again = { .tenant_id = stage->tenant->id,
		.epoch = stage->tenant->epoch, .connector = x->crm->link.name,
		.now = clock_now(), .night = stage->night };
	long long n = 0;

	if (x->page.n > 0 && !event_page_record(&x->page, stage->db, &again,
	        stage->scratch, &n, &x->err))
		return false;
	x->recorded += n;
	arena_reset(stage->scratch);
	return stage_breathe(stage, &x->err);
}

static bool
take(struct resync *x, const struct crm_event *ev)
{
	const char *fault = connect_event_fault(ev);
	const time_t at = ev->transition_at != NO_TIME ? ev->transition_at
	    : ev->occurred_at;

	x->emitted++;
	if (fault != NULL) {
		x->faulty++;
		link_quarantine(&x->crm->link, "events", 0, ev->event_id, fault);
		return true;
	}
	if (at >= x->until) {
		x->later++;
		return true;
	}
	return event_page_add(&x->page, ev, NO_DAY, &x->err);
}

static bool
on_event(void *arg, const struct crm_event *ev)
{
	struct resync *x = arg;
	const bool ok = take(x, ev);

	arena_reset(x->crm->link.scratch);
	return ok && (x->page.n < PAGE_ROWS_MAX || put_page(x));
}

static bool
on_checkpoint(void *arg, const char *resume, const char *watermark)
{
	(void)resume;
	(void)watermark;
	return put_page(arg);
}

static bool
begin(struct resync *x, time_t from, struct pull *pull, struct err *err)
{
	struct stage *stage = x->stage;
	struct cursor cursor;

	if (!cursor_read(stage->db, stage->tenant->id, x->crm->link.name,
	        "events", stage->log->arena, &cursor, err))
		return false;
	if (cursor.completed_at == NO_TIME)
		return err_set(err, ERR_USAGE, "the events of %s were never read to "
		    "their end: `npsync run hourly` does that",
		    x->crm->link.name);
	x->until = cursor.completed_at - stage->conf->watermark.overlap_s;
	*pull = cursor_pull_sweep(&cursor, stage->conf, clock_now());
	pull->from = from;
	return true;
}

/* seen = what the others add up to. */
static void
count(struct resync *x)
{
	struct runlog *log = x->stage->log;
	const char *source = x->crm->link.name;
	const long bad = x->crm->link.n_quarantined;

	runlog_count(log, "resync", source, "seen", NULL,
	    x->emitted + bad - x->faulty);
	if (bad > 0)
		runlog_count(log, "resync", source, "quarantined", NULL, bad);
	if (x->later > 0)
		runlog_count(log, "resync", source, "left_to_next_run", NULL,
		    x->later);
	runlog_count(log, "resync", source, "recorded", "before_start",
	    x->recorded);
	runlog_count(log, "resync", source, "known", NULL,
	    x->emitted - x->faulty - x->later - x->recorded);
}

static bool
read_events(struct resync *x, time_t from, struct err *err)
{
	struct stage *stage = x->stage;
	struct pull pull;

	if (!begin(x, from, &pull, err))
		return false;
	bool ok = x->crm->connector->pull_events(x->crm->link.self, &pull,
	    on_event, on_checkpoint, x, err) && put_page(x);
	if (!ok && x->err.kind != ERR_NONE)
		*err = x->err;
	count(x);
	ok = ok && quarantine_put(stage->db, stage->tenant->id,
	    stage->log->run_id, &x->crm->link, stage->scratch, err);
	link_quarantine_clear(&x->crm->link);
	return ok;
}

bool
stage_resync_events(struct stage *stage, struct crm *crm, time_t from,
    struct err *err)
{
	struct resync x = { .stage = stage, .crm = crm };

	if ((crm->connector->info.caps & CRM_CAP_EVENTS) == 0)
		return true;
	event_page_init(&x.page);
	const bool ok = read_events(&x, from, err);
	event_page_free(&x.page);
	return ok || err_wrap(err, "%s events", crm->link.name);
}
