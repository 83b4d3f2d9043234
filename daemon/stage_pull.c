/*
 * How this stage can lose or double, and what stops it:
 *  - killed between pages: the cursor moves in the page's own statement; the
 *    next pass meets the rest, event_seen knows what was there;
 *  - a page taken twice: event_seen has the key, nothing is made;
 *  - lease lost: the page's statement finds no lease and takes nothing in;
 *  - an empty or half export: contact_sweep refuses to call the rest gone;
 *  - one unreadable record: quarantined and counted, the pass goes on.
 */
#include "stage_pull.h"

#include <string.h>

#include "clock.h"
#include "contact.h"
#include "event.h"
#include "log.h"
#include "quarantine.h"

enum stream { STREAM_CONTACTS, STREAM_ACTIVITIES, STREAM_EVENTS, STREAMS };
static const char *const stream_names[STREAMS] = { "contacts", "activities",
	"events" };
static const uint32_t stream_caps[STREAMS] = { CRM_CAP_CONTACTS,
	CRM_CAP_ACTIVITIES, CRM_CAP_EVENTS };

struct puller {
	struct stage *stage;
	struct crm *crm;
	enum stream stream;
	struct spool *spool;	/* dry run: records go there first */
	struct cursor cursor;
	struct cursor_move move;
	struct contact_rules rules;
	struct contact_page contacts;
	struct activity_page activities;
	struct event_page events;
	struct buf resume;	/* the last checkpoint's, outliving its call */
	size_t in_page;
	long long emitted, faulty;
	bool complete;
	bool sweep;		/* a look back: the cursor stays where it is */
	struct cursor_swept swept;
	struct err err;		/* why a callback said stop */
	const char *source;	/* "crm/events" for the counts */
};

/* ---- results of pages ---------------------------------------------------------- */
/* The statement of the previous page ends while this one was filled. */
static bool
collect_page(struct puller *p)
{
	AUTO(db_result) struct db_result *r = NULL;
	struct stage *stage = p->stage;

	if (!db_pending(stage->db))
		return true;
	if (!db_finish(stage->db, &r, &p->err))
		return false;
	if (!db_bool(r, 0, 3))
		return tenant_lost(stage->tenant, &p->err);
	const long long new = db_int(r, 0, 1);
	if (p->sweep) {
		p->swept.late += new;
		return true;
	}
	switch (p->stream) {
	case STREAM_CONTACTS:
		runlog_count(stage->log, "pull", p->source, "new", NULL, new);
		break;
	case STREAM_ACTIVITIES:
		break;		/* rolled up: counted at the end */
	case STREAM_EVENTS:
		runlog_count(stage->log, "pull", p->source,
		    p->cursor.baseline ? "baseline" : "queued",
		    p->cursor.baseline ? "before_start" : NULL,
		    p->cursor.baseline ? new : db_int(r, 0, 2));
		break;
	case STREAMS:
		break;
	}
	return true;
}

static bool
send_page(struct puller *p)
{
	struct stage *stage = p->stage;
	struct db *db = stage->db;
	struct arena *scratch = stage->scratch;

	if (!collect_page(p))
		return false;
	arena_reset(scratch);
	bool ok = false;
	switch (p->stream) {
	case STREAM_CONTACTS:
		ok = contact_page_send(&p->contacts, db, &p->move, scratch, &p->err);
		break;
	case STREAM_ACTIVITIES:
		ok = activity_page_send(&p->activities, db, &p->move,
		    stage->today, scratch, &p->err);
		break;
	case STREAM_EVENTS:
		ok = event_page_send(&p->events, db, &p->move, p->cursor.baseline,
		    stage->night, scratch, &p->err);
		break;
	case STREAMS:
		break;
	}
	p->in_page = 0;
	return ok;
}

/* ---- callbacks of the connector --------------------------------------------------- */
/* Every record ends here: counted, spooled or in a page.  What the connector
 * made for it is given back. */
static bool
took(struct puller *p, const char *fault, const char *key)
{
	p->emitted++;
	if (fault != NULL) {
		p->faulty++;
		link_quarantine(&p->crm->link, stream_names[p->stream], 0, key, fault);
	}
	arena_reset(p->crm->link.scratch);
	if (fault != NULL)
		return true;
	if (++p->in_page < PAGE_ROWS_MAX)
		return true;
	/* More than a page between two checkpoints: sent, the cursor stays. */
	p->move.complete = false;
	p->move.watermark = NULL;
	return send_page(p);
}

static bool
spooled(struct puller *p, bool ok)
{
	arena_reset(p->crm->link.scratch);
	return ok;
}

static bool
on_contact(void *arg, const struct crm_contact *c)
{
	struct puller *p = arg;
	const char *fault = connect_contact_fault(c);

	if (p->spool != NULL)
		return spooled(p, spool_put_contact(p->spool, c, &p->err));
	if (fault == NULL && !contact_page_add(&p->contacts, &p->rules, c,
	        p->stage->arena, &p->err))
		return false;
	arena_reset(p->stage->arena);
	return took(p, fault, c->contact_id);
}

static bool
on_activity(void *arg, const struct crm_activity *a)
{
	struct puller *p = arg;
	const char *fault = connect_activity_fault(a);

	if (p->spool != NULL)
		return spooled(p, spool_put_activity(p->spool, a, &p->err));
	if (fault == NULL)
		activity_page_add(&p->activities, a);
	return took(p, fault, a->activity_id);
}

static bool
on_event(void *arg, const struct crm_event *ev)
{
	struct puller *p = arg;
	const char *fault = connect_event_fault(ev);

	if (p->spool != NULL)
		return spooled(p, spool_put_event(p->spool, ev, &p->err));
	if (fault == NULL) {
		const bool won = strcmp(ev->trigger, "sale") == 0;
		const time_t at = ev->transition_at != NO_TIME ? ev->transition_at
		                                               : ev->occurred_at;
		if (!event_page_add(&p->events, ev,
		        won ? clock_day(p->stage->conf->timezone, at) : NO_DAY,
		        &p->err))
			return false;
	}
	return took(p, fault, ev->event_id);
}

static bool
on_checkpoint(void *arg, const char *resume, const char *watermark)
{
	struct puller *p = arg;
	const struct crm_connector *c = p->crm->connector;
	const uint32_t bit = stream_caps[p->stream];

	if (p->spool != NULL)
		return spool_put_checkpoint(p->spool, resume, watermark, &p->err);
	if (p->sweep)
		return send_page(p) && stage_breathe(p->stage, &p->err);
	buf_reset(&p->resume);
	if (resume != NULL && !buf_str(&p->resume, resume))
		return err_nomem(&p->err);
	p->move.resume = resume == NULL ? NULL : buf_text(&p->resume);
	/* An unsorted stream gives its watermark with the last page, a sorted one
	 * may give one with each: its pass ends when the connector returns. */
	p->move.watermark = watermark;
	p->move.complete = watermark != NULL && (c->info.sorted & bit) == 0;
	p->complete = p->complete || p->move.complete;
	p->move.now = clock_now();
	if (!send_page(p))
		return false;
	return stage_breathe(p->stage, &p->err);
}

/* ---- one stream ----------------------------------------------------------------------- */
static bool
call_connector(struct puller *p, const struct pull *pull, struct err *err)
{
	const struct crm_connector *c = p->crm->connector;
	void *self = p->crm->link.self;

	switch (p->stream) {
	case STREAM_CONTACTS:
		return c->pull_contacts(self, pull, on_contact, on_checkpoint, p, err);
	case STREAM_ACTIVITIES:
		return c->pull_activities(self, pull, on_activity, on_checkpoint, p,
		    err);
	case STREAM_EVENTS:
		return c->pull_events(self, pull, on_event, on_checkpoint, p, err);
	case STREAMS:
		break;
	}
	return err_set(err, ERR_BUG, "pull: no such stream");
}

/* The keys of records that could not be read.  False: one has none, or there
 * were more than are kept, so nobody can be said to be missing. */
static bool
unread_keys(const struct link *link, struct db_array *keys)
{
	if (link->n_quarantined > QUARANTINE_KEPT_MAX)
		return false;
	for (const struct quarantined *q = link->quarantine; q != NULL;
	     q = q->next) {
		if (*q->key == '\0')
			return false;
		db_array_text(keys, q->key);
	}
	return true;
}

static bool
sweep_contacts(struct puller *p, struct err *err)
{
	struct stage *stage = p->stage;
	struct db_array unread;
	long long gone = 0;

	db_array_init(&unread);
	const bool told = unread_keys(&p->crm->link, &unread);
	const bool ok = contact_sweep(stage->db, stage->tenant->id,
	    p->crm->link.name, p->cursor.pass, &unread, told, clock_now(),
	    stage->scratch, &gone, err);
	db_array_free(&unread);
	runlog_count(stage->log, "sweep", p->source, "gone", NULL, gone);
	return ok;
}

static bool
sweep(struct puller *p, struct err *err)
{
	struct stage *stage = p->stage;
	const uint32_t bit = stream_caps[p->stream];

	if ((p->crm->connector->info.whole & bit) == 0 || !p->complete)
		return true;
	if (p->stream == STREAM_ACTIVITIES)
		return activity_sweep(stage->db, stage->tenant->id,
		    p->crm->link.name, p->cursor.pass, stage->today,
		    stage->scratch, err);
	return p->stream != STREAM_CONTACTS || sweep_contacts(p, err);
}

/* seen = what the others add up to. */
static void
count_stream(struct puller *p)
{
	struct runlog *log = p->stage->log;
	const long bad = p->crm->link.n_quarantined;
	const long skipped = p->crm->link.n_skipped;

	runlog_count(log, "pull", p->source, "seen", NULL,
	    p->emitted + (bad - p->faulty) + skipped);
	if (skipped > 0)
		runlog_count(log, "pull", p->source, "not_ours", NULL, skipped);
	if (bad > 0)
		runlog_count(log, "pull", p->source, "quarantined", NULL, bad);
	const long long new = runlog_source(log, "pull", p->source, "queued") +
	    runlog_source(log, "pull", p->source, "baseline") +
	    runlog_source(log, "pull", p->source, "new");
	runlog_count(log, "pull", p->source,
	    p->stream == STREAM_ACTIVITIES ? "rolled_up" : "known", NULL,
	    p->emitted - p->faulty - new);
}

/* The last page of a sorted stream is known only now. */
static bool
complete_sorted(struct puller *p)
{
	const uint32_t bit = stream_caps[p->stream];

	if ((p->crm->connector->info.sorted & bit) == 0 || p->complete)
		return true;
	p->move.watermark = NULL;
	p->move.complete = p->complete = true;
	return send_page(p);
}

static bool
finish_stream(struct puller *p, bool pulled, struct err *err)
{
	struct stage *stage = p->stage;

	/* A page that did not fill is sent with the pass's last checkpoint; what
	 * a broken pass had gathered since is met again by the next one. */
	if ((pulled && !complete_sorted(p)) || !collect_page(p)) {
		*err = p->err;
		return false;
	}
	if (pulled && !sweep(p, err))
		pulled = false;
	count_stream(p);
	if (!quarantine_put(stage->db, stage->tenant->id, stage->log->run_id,
	        &p->crm->link, stage->scratch, err))
		return false;
	link_quarantine_clear(&p->crm->link);
	return pulled;
}

static void
puller_init(struct puller *p, struct stage *stage, struct crm *crm,
    enum stream stream, struct spool *spool)
{
	*p = (struct puller){ .stage = stage, .crm = crm, .stream = stream,
		.spool = spool, .rules = stage_contact_rules(stage, crm) };
	contact_page_init(&p->contacts);
	activity_page_init(&p->activities);
	event_page_init(&p->events);
	buf_init(&p->resume, 65536);
	p->source = arena_printf(stage->log->arena, "%s/%s", crm->link.name,
	    stream_names[stream]);
}

static void
puller_free(struct puller *p)
{
	contact_page_free(&p->contacts);
	activity_page_free(&p->activities);
	event_page_free(&p->events);
	buf_free(&p->resume);
}

static bool
puller_begin(struct puller *p, struct pull *pull, struct err *err)
{
	struct stage *stage = p->stage;
	const time_t now = clock_now();

	if (!cursor_read(stage->db, stage->tenant->id, p->crm->link.name,
	        stream_names[p->stream], stage->log->arena, &p->cursor, err))
		return false;
	p->move = (struct cursor_move){ .tenant_id = stage->tenant->id,
		.connector = p->crm->link.name, .stream = stream_names[p->stream],
		.pass = p->cursor.pass, .now = now, .epoch = stage->tenant->epoch };
	*pull = cursor_pull(&p->cursor, stage->conf, now);
	return true;
}

/* What a broken stream took in stays; its page in flight is looked at, unless
 * the database itself is the trouble. */
static bool
end_stream(struct puller *p, bool pulled, struct err *err)
{
	struct err late = { .kind = ERR_NONE };

	if (p->spool != NULL || (!pulled && (err->kind == ERR_DB_AWAY ||
	        err->kind == ERR_DB || err->kind == ERR_BUSY)))
		return pulled;
	if (!finish_stream(p, pulled, &late) && pulled) {
		*err = late;
		return false;
	}
	return pulled;
}

/* Errors of the core (in p->err) win over what the connector made of "stop". */
static bool
read_stream(struct puller *p, struct pull *pull, struct err *err)
{
	bool ok = call_connector(p, pull, err);

	/* The place of the broken pass is no more: the pass begins again. */
	if (!ok && p->err.kind == ERR_NONE && err->kind == ERR_GONE &&
	    pull->resume != NULL) {
		pull->resume = NULL;
		p->move.pass++;
		ok = call_connector(p, pull, err);
	}
	if (!ok && p->err.kind != ERR_NONE)
		*err = p->err;
	return ok;
}

/* ---- the look back ----------------------------------------------------------- */
/* Activities are rolled up: late is one that moved its card's last day. */
static bool
sweep_read(struct puller *p, const struct cursor_move *move, struct err *err)
{
	struct stage *stage = p->stage;
	struct link *link = &p->crm->link;
	struct pull pull;

	if (!puller_begin(p, &pull, err))
		return false;
	p->sweep = true;
	p->move.pass = move->pass;
	pull = cursor_pull_sweep(&p->cursor, stage->conf, p->move.now);
	const bool ok = read_stream(p, &pull, err);
	if (ok && (!send_page(p) || !collect_page(p))) {
		*err = p->err;
		return false;
	}
	if (!ok && db_pending(stage->db) && !collect_page(p)) {
		*err = p->err;
		return false;
	}
	p->swept.bad = link->n_quarantined;
	p->swept.seen = p->emitted + p->swept.bad - p->faulty;
	return ok && quarantine_put(stage->db, stage->tenant->id,
	        stage->log->run_id, link, stage->scratch, err) &&
	    cursor_sweep_end(stage->db, stage->log, &p->move, &p->swept,
	        stage->scratch, err);
}

/* One that fails is tried again next night; the stream is none the worse. */
static bool
sweep_stream(struct puller *ended, struct err *err)
{
	struct puller p;

	puller_init(&p, ended->stage, ended->crm, ended->stream, NULL);
	const bool ok = sweep_read(&p, &ended->move, err);
	link_quarantine_clear(&p.crm->link);
	puller_free(&p);
	if (!ok && !err_ends_run(err->kind))
		log_ev(LOG_LEVEL_WARNING, "sweep", "connector=%s stream=%s "
		    "error=%s", ended->crm->link.name,
		    stream_names[ended->stream], log_quote(err->msg));
	return ok || !err_ends_run(err->kind);
}

static bool
is_sweep_due(const struct puller *p)
{
	const uint32_t bit = stream_caps[p->stream];

	return p->spool == NULL && !p->stage->may_yield && p->complete &&
	    (p->crm->connector->info.whole & bit) == 0 &&
	    cursor_sweep_due(&p->cursor, p->stage->conf, p->stage->today);
}

static bool
pull_stream(struct stage *stage, struct crm *crm, enum stream stream,
    struct spool *spool, struct err *err)
{
	struct puller p;
	struct pull pull;

	if ((crm->connector->info.caps & stream_caps[stream]) == 0)
		return true;
	puller_init(&p, stage, crm, stream, spool);
	bool ok = puller_begin(&p, &pull, err) && read_stream(&p, &pull, err);
	ok = end_stream(&p, ok, err);
	if (ok && is_sweep_due(&p))
		ok = sweep_stream(&p, err);
	puller_free(&p);
	return ok || err_wrap(err, "%s %s", crm->link.name, stream_names[stream]);
}

static bool
pull_all(struct stage *stage, struct spool *spool, struct err *err)
{
	for (size_t i = 0; i < stage->n_crm; i++) {
		struct crm *crm = &stage->crm[i];
		for (int s = 0; s < STREAMS && !crm->link.failed; s++) {
			if (pull_stream(stage, crm, (enum stream)s, spool, err))
				continue;
			if (err_ends_run(err->kind))
				return false;
			crm->link.failed = true;
			crm->link.problem = *err;
			log_ev(LOG_LEVEL_ERROR, "pull", "connector=%s error=%s",
			    crm->link.name, log_quote(err->msg));
		}
	}
	return true;
}

bool
stage_pull(struct stage *stage, struct err *err)
{
	return pull_all(stage, NULL, err);
}

bool
stage_pull_to_spool(struct stage *stage, struct spool *spool, struct err *err)
{
	for (size_t i = 0; i < stage->n_crm; i++) {
		struct crm *crm = &stage->crm[i];
		crm->spool_from = spool_position(spool);
		for (int s = 0; s < STREAMS && !crm->link.failed; s++) {
			if (!pull_stream(stage, crm, (enum stream)s, spool, err)) {
				if (err_ends_run(err->kind))
					return false;
				crm->link.failed = true;
				crm->link.problem = *err;
			}
			crm->spool_until[s] = spool_position(spool);
			crm->spool_bad[s] = crm->link.n_quarantined;
			crm->spool_skipped[s] = crm->link.n_skipped;
			link_quarantine_clear(&crm->link);
		}
	}
	return true;
}

static bool
load_stream(struct stage *stage, struct crm *crm, enum stream stream,
    struct spool *spool, long long from, long long until, struct err *err)
{
	struct puller p;
	struct pull pull;

	puller_init(&p, stage, crm, stream, NULL);
	crm->link.n_quarantined = crm->spool_bad[stream];
	crm->link.n_skipped = crm->spool_skipped[stream];
	bool ok = puller_begin(&p, &pull, err) &&
	    spool_replay(spool, from, until, on_contact, on_activity, on_event,
	        on_checkpoint, &p, crm->link.scratch, err);
	if (!ok && p.err.kind != ERR_NONE)
		*err = p.err;
	ok = ok && finish_stream(&p, true, err);
	puller_free(&p);
	return ok;
}

bool
stage_pull_from_spool(struct stage *stage, struct spool *spool, struct err *err)
{
	for (size_t i = 0; i < stage->n_crm; i++) {
		struct crm *crm = &stage->crm[i];
		long long from = crm->spool_from;
		for (int s = 0; s < STREAMS; s++) {
			const long long until = crm->spool_until[s];
			if (until > from && !load_stream(stage, crm, (enum stream)s,
			        spool, from, until, err))
				return false;
			if (until > from)
				from = until;
		}
	}
	return true;
}
