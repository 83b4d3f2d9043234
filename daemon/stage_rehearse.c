/*
 * Nothing of this stage outlives it: it writes to an unlinked file, and to a
 * tenant that the transaction takes away.
 */
#include "stage_rehearse.h"

#include <string.h>

#include "clock.h"
#include "contact.h"
#include "cursor.h"

struct rehearser {
	struct stage *stage;
	struct rehearsal *r;
	struct spool *spool;
	struct crm *crm;
	struct cursor_move move;
	struct contact_rules rules;
	struct contact_page contacts;
	struct rehearsal_page page;
	struct err err;		/* why a callback said stop */
};

/* ---- what belongs to the period ------------------------------------------- */
/* A closing that the CRM has a stamp of was not known before it. */
static time_t
known_at(const struct crm_event *ev)
{
	return ev->transition_at != NO_TIME ? ev->transition_at
	    : ev->occurred_at;
}

static bool
is_in_period(const struct rehearsal *r, const struct crm_event *ev)
{
	const time_t at = known_at(ev);

	return at >= r->from && at < r->until;
}

/* A won deal, for silences: they begin long before the period. */
static bool
is_sold(const struct rehearser *h, const struct crm_event *ev, int *day)
{
	const struct rehearsal *r = h->r;

	*day = clock_day(r->zone, known_at(ev));
	return r->silent && strcmp(ev->trigger, "sale") == 0 &&
	    ev->contact_id != NULL && *day >= r->history_from &&
	    *day <= h->stage->today;
}

static bool
is_activity(const struct rehearser *h, const struct crm_activity *a)
{
	return a->done && !a->cancelled && a->kind != ACT_OTHER &&
	    a->day >= h->r->history_from && a->day <= h->stage->today;
}

/* ---- reading ---------------------------------------------------------------- */
static bool
took(struct rehearser *h, const char *fault, bool ok)
{
	if (fault != NULL)
		h->r->unread++;
	arena_reset(h->crm->link.scratch);
	return ok;
}

static bool
read_contact(void *arg, const struct crm_contact *c)
{
	struct rehearser *h = arg;
	const char *fault = connect_contact_fault(c);

	return took(h, fault, fault != NULL ||
	    spool_put_contact(h->spool, c, &h->err));
}

static bool
read_activity(void *arg, const struct crm_activity *a)
{
	struct rehearser *h = arg;
	const char *fault = connect_activity_fault(a);

	return took(h, fault, fault != NULL || !is_activity(h, a) ||
	    spool_put_activity(h->spool, a, &h->err));
}

static bool
read_event(void *arg, const struct crm_event *ev)
{
	struct rehearser *h = arg;
	const char *fault = connect_event_fault(ev);
	int day;

	return took(h, fault, fault != NULL ||
	    (!is_in_period(h->r, ev) && !is_sold(h, ev, &day)) ||
	    spool_put_event(h->spool, ev, &h->err));
}

static bool
read_checkpoint(void *arg, const char *resume, const char *watermark)
{
	struct rehearser *h = arg;

	(void)resume;
	(void)watermark;
	return !h->stage->cancelled() ||
	    err_set(&h->err, ERR_CANCELLED, "stopped by a signal");
}

/* Events and activities from a day on, whatever was read of them before. */
static struct pull
pull_since(const struct rehearser *h, int day)
{
	struct pull pull = cursor_pull(&(struct cursor){ .pass = 1 },
	    h->stage->conf, h->r->until);

	pull.from = clock_day_start(h->r->zone, day);
	return pull;
}

static bool
read_contacts(struct rehearser *h, struct err *err)
{
	const struct stage *stage = h->stage;
	const struct crm_connector *c = h->crm->connector;
	struct cursor cursor;

	if ((c->info.caps & CRM_CAP_CONTACTS) == 0)
		return true;
	if (!cursor_read(stage->db, h->r->of, h->crm->link.name, "contacts",
	        stage->arena, &cursor, err))
		return false;
	struct pull pull = cursor_pull(&cursor, stage->conf, h->r->until);
	pull.resume = NULL;
	return c->pull_contacts(h->crm->link.self, &pull, read_contact,
	    read_checkpoint, h, err);
}

static bool
read_streams(struct rehearser *h, struct err *err)
{
	const struct crm_connector *c = h->crm->connector;
	const int since = h->r->silent ? h->r->history_from : h->r->from_day;
	const struct pull pull = pull_since(h, since);
	void *self = h->crm->link.self;

	return read_contacts(h, err) &&
	    ((c->info.caps & CRM_CAP_EVENTS) == 0 || c->pull_events(self, &pull,
	        read_event, read_checkpoint, h, err)) &&
	    (!h->r->silent || (c->info.caps & CRM_CAP_ACTIVITIES) == 0 ||
	        c->pull_activities(self, &pull, read_activity,
	            read_checkpoint, h, err));
}

bool
stage_rehearse_read(struct stage *stage, struct rehearsal *r,
    struct spool *spool, struct err *err)
{
	for (size_t i = 0; i < stage->n_crm; i++) {
		struct crm *crm = &stage->crm[i];
		struct rehearser h = { .stage = stage, .r = r, .spool = spool,
			.crm = crm };
		crm->spool_from = spool_position(spool);
		const bool ok = read_streams(&h, err);
		if (!ok && h.err.kind != ERR_NONE)
			*err = h.err;
		if (!ok)
			return err_wrap(err, "%s", crm->link.name);
		crm->spool_until[0] = spool_position(spool);
		crm->spool_bad[0] = crm->link.n_quarantined;
		r->unread += crm->link.n_quarantined;
		link_quarantine_clear(&crm->link);
	}
	return true;
}

/* ---- loading ------------------------------------------------------------------- */
static bool
send_contacts(struct rehearser *h)
{
	struct stage *stage = h->stage;

	arena_reset(stage->scratch);
	return contact_page_send(&h->contacts, stage->db, &h->move,
	           stage->scratch, &h->err) &&
	    db_finish(stage->db, NULL, &h->err) && stage_breathe(stage, &h->err);
}

static bool
send_events(struct rehearser *h)
{
	arena_reset(h->stage->scratch);
	return rehearsal_put_events(h->r, &h->page, h->crm->link.name,
	           h->stage->scratch, &h->err) &&
	    stage_breathe(h->stage, &h->err);
}

static bool
send_days(struct rehearser *h)
{
	arena_reset(h->stage->scratch);
	return rehearsal_put_days(h->r, &h->page, h->crm->link.name,
	           h->stage->scratch, &h->err) &&
	    stage_breathe(h->stage, &h->err);
}

static bool
load_contact(void *arg, const struct crm_contact *c)
{
	struct rehearser *h = arg;

	if (!contact_page_add(&h->contacts, &h->rules, c, h->stage->arena,
	        &h->err))
		return false;
	arena_reset(h->stage->arena);
	return h->contacts.n < PAGE_ROWS_MAX || send_contacts(h);
}

static bool
load_activity(void *arg, const struct crm_activity *a)
{
	struct rehearser *h = arg;

	rehearsal_add_day(&h->page, false, a->contact_id, a->activity_id, a->day);
	return h->page.n_days < REHEARSAL_ROWS || send_days(h);
}

static void
add_event(struct rehearser *h, const struct crm_event *ev)
{
	const struct rehearsal_event event = { .trigger = ev->trigger,
		.event_id = ev->event_id, .contact_id = ev->contact_id,
		.category = ev->category, .occurred_at = ev->occurred_at,
		.transition_at = ev->transition_at, .known_at = known_at(ev),
		.created_night = calendar_night(&h->stage->conf->calendar,
		    known_at(ev)) };

	rehearsal_add_event(h->r, &h->page, &event);
}

static bool
load_event(void *arg, const struct crm_event *ev)
{
	struct rehearser *h = arg;
	int day;

	if (is_in_period(h->r, ev))
		add_event(h, ev);
	if (is_sold(h, ev, &day))
		rehearsal_add_day(&h->page, true, ev->contact_id, ev->event_id,
		    day);
	return (h->page.n_events < REHEARSAL_ROWS || send_events(h)) &&
	    (h->page.n_days < REHEARSAL_ROWS || send_days(h));
}

/* Cards that a whole list does not show are gone; with unreadable ones among
 * them nobody can say which. */
static bool
sweep(struct rehearser *h, struct err *err)
{
	struct db_array none;
	long long gone;

	if ((h->crm->connector->info.whole & CRM_CAP_CONTACTS) == 0 ||
	    h->crm->spool_bad[0] > 0)
		return true;
	db_array_init(&none);
	const bool ok = contact_sweep(h->stage->db, h->r->tenant_id,
	    h->crm->link.name, h->move.pass, &none, true, h->move.now,
	    h->stage->scratch, &gone, err);
	db_array_free(&none);
	return ok;
}

/* Events of cards that were merged are the survivor's. */
static bool
merge(struct rehearser *h, struct err *err)
{
	const struct contact_merge merge = { .tenant_id = h->r->tenant_id,
		.connector = h->crm->link.name, .epoch = h->move.epoch,
		.now = h->move.now };
	long long moved, ended;

	return contact_merge(h->stage->db, &merge, h->stage->scratch, &moved,
	    &ended, err);
}

static bool
replay(struct rehearser *h, struct err *err)
{
	const struct crm *crm = h->crm;
	struct cursor cursor;

	if (!cursor_read(h->stage->db, h->r->of, crm->link.name, "contacts",
	        h->stage->scratch, &cursor, err))
		return false;
	h->move.pass = cursor.pass;
	return spool_replay(h->spool, crm->spool_from, crm->spool_until[0],
	    load_contact, load_activity, load_event, NULL, h,
	    crm->link.scratch, err) &&
	    send_contacts(h) && send_events(h) && send_days(h);
}

static bool
load_one(struct rehearser *h, struct err *err)
{
	contact_page_init(&h->contacts);
	rehearsal_page_init(&h->page);
	bool ok = replay(h, err);
	if (!ok && h->err.kind != ERR_NONE)
		*err = h->err;
	contact_page_free(&h->contacts);
	rehearsal_page_free(&h->page);
	return ok && sweep(h, err) && merge(h, err);
}

bool
stage_rehearse_load(struct stage *stage, struct rehearsal *r,
    struct spool *spool, struct err *err)
{
	for (size_t i = 0; i < stage->n_crm; i++) {
		struct crm *crm = &stage->crm[i];
		struct rehearser h = { .stage = stage, .r = r, .spool = spool,
			.crm = crm, .rules = stage_contact_rules(stage, crm),
			.move = { .tenant_id = r->tenant_id,
			    .connector = crm->link.name, .stream = "contacts",
			    .now = r->until, .epoch = stage->tenant->epoch } };
		if (!load_one(&h, err))
			return err_wrap(err, "%s", crm->link.name);
	}
	arena_reset(stage->scratch);
	return rehearsal_settle(r, stage->scratch, err);
}
