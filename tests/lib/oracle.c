#include "oracle.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Room for one more after n. */
static void *
grow(void *v, size_t n, size_t *room, size_t size)
{
	if (n < *room)
		return v;
	*room = *room == 0 ? 64 : 2 * *room;
	v = realloc(v, *room * size);
	if (v == NULL)
		abort();
	return v;
}

void
oracle_open(struct oracle *o, const struct fakecrm *crm)
{
	*o = (struct oracle){ .crm = crm,
		.throttle_days = ORACLE_THROTTLE_DAYS };
}

void
oracle_close(struct oracle *o)
{
	free(o->rows);
	free(o->taken);
	free(o->sends);
	free(o->opted_out);
}

const char *
oracle_event_name(enum fakecrm_event event)
{
	static const char *const names[] = { "sale", "loss", "case", "meet",
		"inact" };

	return names[event];
}

static const struct fakecrm_contact *
contact_of(const struct oracle *o, const struct oracle_row *row)
{
	return row->contact < 0 ? NULL : &o->crm->contact[row->contact];
}

/* ---- intake ------------------------------------------------------------------ */
static void
taken_grow(struct oracle *o)
{
	o->taken = realloc(o->taken, (o->crm->n + 1) * sizeof(*o->taken));
	if (o->taken == NULL)
		abort();
	for (; o->n_taken < o->crm->n; o->n_taken++)
		o->taken[o->n_taken] = false;
}

static struct oracle_row *
row_add(struct oracle *o, enum fakecrm_event event, int contact, int64_t at,
    int night)
{
	o->rows = grow(o->rows, o->n, &o->room, sizeof(*o->rows));
	struct oracle_row *row = &o->rows[o->n++];

	*row = (struct oracle_row){ .event = event, .contact = contact,
		.at = at, .reason = "", .created_night = night };
	(void)snprintf(row->contact_id, sizeof(row->contact_id), "%s",
	    contact >= 0 ? o->crm->contact[contact].id
	        : contact == FAKECRM_STRANGER ? "K999" : "");
	return row;
}

void
oracle_baseline(struct oracle *o, int64_t now)
{
	enum fakecrm_event event;

	taken_grow(o);
	o->start_day = fakecrm_day_of(now);
	for (size_t i = 0; i < o->crm->n; i++)
		o->taken[i] = fakecrm_is_event(&o->crm->rows[i], now, &event);
}

void
oracle_intake(struct oracle *o, int64_t now, int night)
{
	enum fakecrm_event event;

	taken_grow(o);
	for (size_t i = 0; i < o->crm->n; i++) {
		const struct fakecrm_row *from = &o->crm->rows[i];
		if (o->taken[i] || !fakecrm_is_event(from, now, &event))
			continue;
		o->taken[i] = true;
		struct oracle_row *row = row_add(o, event, from->contact,
		    from->at, night);
		row->category = from->category;
		(void)snprintf(row->event_id, sizeof(row->event_id), "%s",
		    from->event_id);
	}
}

/* ---- silence ----------------------------------------------------------------- */
/* Last day with a meeting, a call or a mail; newest won deal; 0 = none. */
static void
history_of(const struct oracle *o, int contact, int64_t now, int *spoke,
    int *won)
{
	const int today = fakecrm_day_of(now);
	enum fakecrm_event event;

	*spoke = *won = 0;
	for (size_t i = 0; i < o->crm->n; i++) {
		const struct fakecrm_row *row = &o->crm->rows[i];
		const int day = fakecrm_day_of(row->at);
		if (row->contact != contact || row->shown_at > now ||
		    row->ends_at > now)
			continue;
		if (row->table == FAKECRM_ACTIVITY &&
		    row->kind != FAKECRM_NOTE &&
		    row->status == FAKECRM_HELD && day <= today && day > *spoke)
			*spoke = day;
		if (fakecrm_is_event(row, now, &event) &&
		    event == FAKECRM_SALE && day > *won)
			*won = day;
	}
}

static bool
is_planned(const struct oracle *o, int contact, int64_t now, int night)
{
	for (size_t i = 0; i < o->crm->n; i++) {
		const struct fakecrm_row *row = &o->crm->rows[i];
		if (row->contact == contact &&
		    row->table == FAKECRM_ACTIVITY &&
		    row->kind != FAKECRM_NOTE && row->shown_at <= now &&
		    row->ends_at > now && fakecrm_day_of(row->at) >= night)
			return true;
	}
	return false;
}

static bool
has_row(const struct oracle *o, enum fakecrm_event event, const char *event_id)
{
	for (size_t i = 0; i < o->n; i++)
		if (o->rows[i].event == event &&
		    strcmp(o->rows[i].event_id, event_id) == 0)
			return true;
	return false;
}

void
oracle_forecast(struct oracle *o, int64_t now, int night, int since)
{
	const int newest = night - ORACLE_SILENT_DAYS - 1;
	const int oldest = since - ORACLE_SILENT_DAYS - ORACLE_SILENT_WIDTH;

	for (int i = 0; i < o->crm->n_contacts; i++) {
		char event_id[60], iso[40];
		int spoke, won;
		if (!o->crm->contact[i].exists)
			continue;
		history_of(o, i, now, &spoke, &won);
		if (won == 0 || won > newest || spoke > newest ||
		    spoke < oldest || is_planned(o, i, now, night))
			continue;
		(void)snprintf(event_id, sizeof(event_id), "%s/%s",
		    fakecrm_iso(spoke, iso), o->crm->contact[i].id);
		if (has_row(o, FAKECRM_INACT, event_id))
			continue;
		struct oracle_row *row = row_add(o, FAKECRM_INACT, i,
		    fakecrm_time(spoke, 0, 0), night);
		(void)snprintf(row->event_id, sizeof(row->event_id), "%s",
		    event_id);
	}
}

/* ---- rules --------------------------------------------------------------------- */
void
oracle_opted_out(struct oracle *o, const char *address)
{
	if (oracle_is_opted_out(o, address))
		return;
	o->opted_out = grow(o->opted_out, o->n_opted_out, &o->opted_out_room,
	    sizeof(*o->opted_out));
	(void)snprintf(o->opted_out[o->n_opted_out++], sizeof(*o->opted_out),
	    "%s", address);
}

bool
oracle_is_opted_out(const struct oracle *o, const char *address)
{
	for (size_t i = 0; i < o->n_opted_out; i++)
		if (strcmp(o->opted_out[i], address) == 0)
			return true;
	return false;
}

int
oracle_campaign(const struct oracle_row *row, const struct fakecrm_contact *c)
{
	switch (row->event) {
	case FAKECRM_SALE:
		return strcmp(c->language, "da") == 0 ? 7750
		    : strcmp(c->language, "sv") == 0 ? 7754 : 0;
	case FAKECRM_LOSS:
		return 7751;
	case FAKECRM_CASE:
		return 7752;
	case FAKECRM_MEET:
		return 7749;
	case FAKECRM_INACT:
		return 7753;
	case FAKECRM_EVENTS:
		break;
	}
	return 0;
}

static bool
is_throttled(const struct oracle *o, const struct oracle_row *row, int night)
{
	for (size_t i = 0; i < o->n_sends; i++)
		if (night - o->sends[i].night < o->throttle_days &&
		    (o->sends[i].contact == row->contact ||
		        strcmp(o->sends[i].address, row->address) == 0))
			return true;
	return false;
}

/* Free days right before the night do not count. */
static bool
is_too_old(const struct oracle_row *row, int night)
{
	static const int days[] = { 14, 14, 14, 7, 0 };
	int day = night - days[row->event];

	if (row->event == FAKECRM_INACT)
		return false;
	for (int before = night - 1; !fakecrm_is_working(before); before--)
		day--;
	return row->at < fakecrm_time(day, 0, 0);
}

static const char *
person_reason(const struct oracle *o, const struct oracle_row *row,
    const struct fakecrm_contact *c)
{
	if (!c->exists)
		return "gone";
	if (fakecrm_is_own(c))
		return "internal";
	if (c->left)
		return "left_company";
	if (c->no_send)
		return "no_send";
	if (o->crm->company_no_send[c->company])
		return "company_no_send";
	if (row->address[0] != '\0' && oracle_is_opted_out(o, row->address))
		return "opted_out";
	if (c->email[0] == '\0')
		return "no_address";
	return row->address[0] == '\0' ? "bad_address" : "";
}

static const char *
silence_reason(const struct oracle *o, const struct oracle_row *row,
    int64_t now, int night)
{
	char iso[40];
	int spoke, won;

	history_of(o, row->contact, now, &spoke, &won);
	if (strncmp(fakecrm_iso(spoke, iso), row->event_id, 10) > 0)
		return "active_again";
	return is_planned(o, row->contact, now, night) ? "planned" : "";
}

static const char *
reason_of(const struct oracle *o, struct oracle_row *row, int64_t now,
    int night)
{
	const struct fakecrm_contact *c = contact_of(o, row);

	row->address[0] = '\0';
	/* A card that the CRM does not have cannot be told from one that was
	 * deleted. */
	if (c == NULL)
		return row->contact == FAKECRM_STRANGER ? "gone" : "no_contact";
	fakecrm_address(c, row->address);
	const char *reason = person_reason(o, row, c);
	if (*reason != '\0')
		return reason;
	if ((row->event == FAKECRM_LOSS || row->event == FAKECRM_INACT) &&
	    c->consent != 1)
		return "no_consent";
	row->campaign = oracle_campaign(row, c);
	if (row->campaign == 0)
		return "no_campaign";
	if (row->event == FAKECRM_MEET && row->category == FAKECRM_INTERNAL)
		return "filtered";
	if (row->event <= FAKECRM_CASE &&
	    row->at < fakecrm_time(o->start_day, 0, 0))
		return "before_start";
	if (is_too_old(row, night))
		return "too_old";
	if (row->event == FAKECRM_INACT)
		reason = silence_reason(o, row, now, night);
	if (*reason == '\0' && is_throttled(o, row, night))
		reason = "throttled";
	return reason;
}

/* ---- decide ------------------------------------------------------------------------ */
static bool
is_candidate(const struct oracle_row *row, int night)
{
	const int64_t ripe = fakecrm_time(night, 9, 0) -
	    (int64_t)ORACLE_SALE_DELAY_H * 3600;

	return (row->state == ORACLE_WAITING || row->state == ORACLE_DUE) &&
	    row->due_night < night && row->not_before <= night &&
	    (row->event != FAKECRM_INACT || row->created_night < night) &&
	    (row->event != FAKECRM_SALE || row->at <= ripe);
}

static bool
is_same_person(const struct oracle_row *a, const struct oracle_row *b)
{
	return a->contact == b->contact || strcmp(a->address, b->address) == 0;
}

static bool
was_asked_since(const struct oracle *o, const struct oracle_row *row)
{
	for (size_t i = 0; i < o->n_sends; i++)
		if (o->sends[i].row != SIZE_MAX &&
		    o->sends[i].night >= row->decided_night &&
		    (o->sends[i].contact == row->contact ||
		        strcmp(o->sends[i].address, row->address) == 0))
			return true;
	return false;
}

/* Refused by the service; or not handed over, and ended by a rule since. */
static bool
is_over(const struct oracle_row *winner, int night)
{
	return winner->state == ORACLE_FAILED ||
	    ((winner->state == ORACLE_SUPPRESSED ||
	        winner->state == ORACLE_EXPIRED) &&
	        winner->decided_night < night);
}

/* The loser of a night whose winner then was not asked gets one more chance. */
static void
requeue(struct oracle *o, int night)
{
	for (size_t i = 0; i < o->n; i++) {
		struct oracle_row *r = &o->rows[i];
		bool failed = false;
		if (r->state != ORACLE_SUPPRESSED || r->requeued ||
		    strcmp(r->reason, "duplicate_person") != 0 ||
		    r->decided_night < night - 7)
			continue;
		for (size_t k = 0; k < o->n; k++)
			if (k != i && is_over(&o->rows[k], night) &&
			    o->rows[k].due_night >= r->decided_night &&
			    is_same_person(&o->rows[k], r))
				failed = true;
		if (!failed || was_asked_since(o, r))
			continue;
		r->state = ORACLE_WAITING;
		r->reason = "";
		r->requeued = true;
		r->decided_night = 0;
	}
}

static void
end_row(struct oracle_row *row, const char *reason, int night)
{
	row->reason = reason;
	row->state = ORACLE_SUPPRESSED;
	if (strcmp(reason, "throttled") != 0 || row->event != FAKECRM_CASE)
		return;
	/* Cases wait for a few days. */
	row->state = night - row->created_night < ORACLE_DEFER_DAYS
	    ? ORACLE_WAITING : ORACLE_EXPIRED;
	row->not_before = night + 1;
}

static bool
is_before(const struct oracle_row *a, const struct oracle_row *b)
{
	if (a->event != b->event)
		return a->event < b->event;
	if (a->at != b->at)
		return a->at < b->at;
	const int order = strcmp(a->event_id, b->event_id);
	return order != 0 ? order < 0
	                  : strcmp(a->contact_id, b->contact_id) < 0;
}

/* Somebody better has this person's turn. */
static bool
loses(const struct oracle *o, const struct oracle_row *row, const bool *free,
    int night)
{
	for (size_t i = 0; i < o->n; i++) {
		const struct oracle_row *other = &o->rows[i];
		const bool due = other->state == ORACLE_DUE &&
		    other->due_night == night;
		if (other == row || strcmp(other->address, row->address) != 0)
			continue;
		if (due || (free[i] && is_before(other, row)))
			return true;
	}
	return false;
}

void
oracle_decide(struct oracle *o, int64_t now, int night)
{
	bool *free_rows = calloc(o->n + 1, sizeof(*free_rows));
	bool *lost = calloc(o->n + 1, sizeof(*lost));

	if (free_rows == NULL || lost == NULL)
		abort();
	requeue(o, night);
	for (size_t i = 0; i < o->n; i++) {
		struct oracle_row *row = &o->rows[i];
		if (!is_candidate(row, night))
			continue;
		const char *reason = reason_of(o, row, now, night);
		row->decided_night = night;
		row->state = ORACLE_WAITING;
		free_rows[i] = *reason == '\0';
		if (!free_rows[i])
			end_row(row, reason, night);
		if (row->state == ORACLE_WAITING && !free_rows[i])
			row->due_night = 0;
	}
	for (size_t i = 0; i < o->n; i++)
		lost[i] = free_rows[i] &&
		    loses(o, &o->rows[i], free_rows, night);
	for (size_t i = 0; i < o->n; i++) {
		if (lost[i])
			end_row(&o->rows[i], "duplicate_person", night);
		if (!free_rows[i] || lost[i])
			continue;
		o->rows[i].state = ORACLE_DUE;
		o->rows[i].reason = "";
		o->rows[i].due_night = night;
	}
	free(free_rows);
	free(lost);
}

static size_t
send_add(struct oracle *o, const char *address, int contact, int night)
{
	o->sends = grow(o->sends, o->n_sends, &o->sends_room,
	    sizeof(*o->sends));
	(void)snprintf(o->sends[o->n_sends].address,
	    sizeof(o->sends[0].address), "%s", address);
	o->sends[o->n_sends].contact = contact;
	o->sends[o->n_sends].night = night;
	o->sends[o->n_sends].row = SIZE_MAX;
	return o->n_sends++;
}

void
oracle_sent(struct oracle *o, struct oracle_row *row, enum oracle_state state)
{
	row->state = state;
	if (state == ORACLE_FAILED)
		return;
	const size_t i = send_add(o, row->address, row->contact,
	    row->due_night);
	o->sends[i].row = (size_t)(row - o->rows);
}

void
oracle_unsent(struct oracle *o, struct oracle_row *row,
    enum oracle_state state)
{
	row->state = state;
	row->reason = "";
	for (size_t i = 0; i < o->n_sends; i++)
		if (o->sends[i].row == (size_t)(row - o->rows)) {
			o->sends[i] = o->sends[--o->n_sends];
			return;
		}
}

/* By address alone: nobody knows which card others meant. */
void
oracle_foreign(struct oracle *o, const char *address, int day)
{
	(void)send_add(o, address, FAKECRM_STRANGER - 1, day);
}
