/*
 * verdict_night.c - a whole night: what is known of each row, the first rule
 * that blocks it, and what follows from that.
 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "clock.h"
#include "verdict.h"

#define DEFER_DAYS 7

const char *
verdict_event_id(const struct verdict_world *w, size_t row, char buf[32])
{
	char day[16];

	if (strcmp(w->rows[row].trigger, "inact") == 0)
		(void)snprintf(buf, 32, "%s/%06zu", day_iso(day,
		    w->rows[row].silent_since), row);
	else
		(void)snprintf(buf, 32, "e%06zu", row);
	return buf;
}

bool
verdict_is_due(const struct verdict_world *w, const struct verdict_row *row)
{
	return row->due_night == w->night &&
	    (row->state == QUEUE_QUEUED || row->state == QUEUE_DEFERRED);
}

/* ---- lists ------------------------------------------------------------- */
static void *
room(size_t n, size_t size)
{
	void *p = calloc(n + 1, size);

	assert(p != NULL);
	return p;
}

static void
links_make(struct verdict_links *l, int numbers, size_t items)
{
	l->first = room((size_t)numbers, sizeof(int));
	l->next = room(items, sizeof(int));
	l->item = room(items, sizeof(int));
	l->n = 0;
	for (int i = 0; i <= numbers; i++)
		l->first[i] = -1;
}

static void
links_add(struct verdict_links *l, int number, size_t item)
{
	if (number < 0)
		return;
	l->item[l->n] = (int)item;
	l->next[l->n] = l->first[number];
	l->first[number] = l->n++;
}

static void
links_free(struct verdict_links *l)
{
	free(l->first);
	free(l->next);
	free(l->item);
}

/* Our own surveys, by the company of those who got them, and those that are due
 * already. */
static void
count_houses(const struct verdict_world *w, struct verdict_index *x)
{
	x->house_used = room((size_t)w->n_houses, sizeof(int));
	for (size_t i = 0; i < w->n_sends; i++) {
		const struct verdict_send *s = &w->sends[i];
		if (s->row < 0 || day_diff(w->night, s->day) >=
		    w->conf->rules.company_days)
			continue;
		const int house = w->cards[w->rows[s->row].card].house;
		if (house != HOUSE_NONE)
			x->house_used[house]++;
	}
	for (size_t i = 0; i < w->n_rows; i++)
		if (verdict_is_due(w, &w->rows[i]) &&
		    w->cards[w->rows[i].card].house != HOUSE_NONE)
			x->house_used[w->cards[w->rows[i].card].house]++;
}

static void
find_due(const struct verdict_world *w, struct verdict_index *x)
{
	x->due = room((size_t)w->n_keys, sizeof(int));
	for (int k = 0; k < w->n_keys; k++)
		x->due[k] = -1;
	for (size_t i = 0; i < w->n_rows; i++) {
		const struct verdict_row *r = &w->rows[i];
		if (!verdict_is_due(w, r))
			continue;
		for (int k = 0; k < w->cards[r->card].n_keys; k++)
			x->due[w->cards[r->card].keys[k]] = (int)i;
	}
}

static void
index_make(const struct verdict_world *w, struct verdict_index *x)
{
	links_make(&x->sends, w->n_keys, w->n_sends * VERDICT_KEYS);
	links_make(&x->opt_outs, w->n_keys, w->n_opt_outs);
	links_make(&x->answers, w->n_keys, w->n_answers);
	for (size_t i = 0; i < w->n_sends; i++)
		for (int k = 0; k < w->sends[i].n_keys; k++)
			links_add(&x->sends, w->sends[i].keys[k], i);
	for (size_t i = 0; i < w->n_opt_outs; i++)
		links_add(&x->opt_outs, w->opt_outs[i].key, i);
	for (size_t i = 0; i < w->n_answers; i++)
		links_add(&x->answers, w->cards[w->answers[i].card].keys[0], i);
	count_houses(w, x);
	find_due(w, x);
}

static void
index_free(struct verdict_index *x)
{
	links_free(&x->sends);
	links_free(&x->opt_outs);
	links_free(&x->answers);
	free(x->house_used);
	free(x->due);
}

/* ---- one row ----------------------------------------------------------- */
static bool
any_or(const char *wanted, const char *value)
{
	return wanted == NULL || (value != NULL && strcmp(wanted, value) == 0);
}

/* "da" stands for "da-DK" too; capitals do not matter here. */
static bool
speaks(const char *wanted, const char *language)
{
	const size_t n = wanted != NULL ? strlen(wanted) : 0;

	if (wanted == NULL)
		return true;
	return language != NULL && strncasecmp(wanted, language, n) == 0 &&
	    (language[n] == '\0' || language[n] == '-' || language[n] == '_');
}

static const char *
campaign_of(const struct conf_trigger *t, const struct verdict_row *row,
    const struct verdict_card *card)
{
	static const struct verdict_card nobody;
	const struct verdict_card *c = card != NULL ? card : &nobody;

	for (size_t i = 0; t != NULL && i < t->n_campaigns; i++) {
		const struct conf_campaign *m = &t->campaigns[i];
		if (speaks(m->language, c->language) &&
		    any_or(m->country, c->country) &&
		    any_or(m->relation, c->relation) &&
		    any_or(m->category, row->category) &&
		    any_or(m->department, c->department) &&
		    any_or(m->segment, c->segment))
			return m->id;
	}
	return NULL;
}

static const struct conf_trigger *
trigger_of(const struct conf *conf, const char *code)
{
	for (size_t i = 0; i < conf->n_triggers; i++)
		if (strcmp(conf->triggers[i].code, code) == 0)
			return &conf->triggers[i];
	return NULL;
}

/* The event is young: its mail would leave too early. */
static bool
is_delayed(const struct verdict_case *c)
{
	const struct conf_trigger *t = c->trigger;

	if (t == NULL)
		return false;
	const time_t from = t->by_transition && c->row->transition_at != NO_TIME
	    ? c->row->transition_at : c->row->occurred_at;
	return from + 3600L * t->delay_hours >
	    calendar_send_at(&c->w->conf->calendar, c->w->night);
}

/* Nobody could see it on a working day before it leaves. */
static bool
is_late(const struct verdict_case *c)
{
	const struct conf *conf = c->w->conf;
	int day = clock_day(conf->timezone, c->row->created_at);

	if (conf->rules.late_rows == NULL ||
	    strcmp(conf->rules.late_rows, "wait") != 0)
		return false;
	while (day < c->w->night && !calendar_is_sending_day(&conf->calendar,
	    day))
		day = day_add(day, 1);
	return day >= c->w->night;
}

static bool
is_open(const struct verdict_row *r)
{
	return r->state == QUEUE_QUEUED || r->state == QUEUE_DEFERRED;
}

static bool
is_judged(const struct verdict_case *c)
{
	const struct verdict_row *r = c->row;

	return is_open(r) && (r->due_night == NO_DAY ||
	    r->due_night < c->w->night) && (r->deferred_until == NO_TIME ||
	    r->deferred_until <= c->w->moment) &&
	    (strcmp(r->trigger, "inact") != 0 ||
	    r->created_night < c->w->night) && !is_delayed(c) && !is_late(c);
}

static struct verdict_case
look_at(const struct verdict_world *w, const struct verdict_index *x, size_t i)
{
	struct verdict_case c = { .w = w, .index = x, .row = &w->rows[i],
		.number = i };

	if (c.row->card >= 0)
		c.card = &w->cards[c.row->card];
	c.trigger = trigger_of(w->conf, c.row->trigger);
	c.campaign = campaign_of(c.trigger, c.row, c.card);
	c.judged = is_judged(&c);
	c.reason = verdict_first(&c);
	return c;
}

/* ---- what follows ------------------------------------------------------ */
static bool
is(const char *reason, const char *code)
{
	return reason != NULL && strcmp(reason, code) == 0;
}

/* Dropped, or kept for some days. */
static enum queue_state
throttled_state(const struct verdict_case *c)
{
	if (c->trigger->on_throttle == ON_THROTTLE_DROP)
		return QUEUE_SUPPRESSED;
	return day_diff(c->w->night, c->row->created_night) < DEFER_DAYS
	    ? QUEUE_DEFERRED : QUEUE_EXPIRED;
}

static enum queue_state
state_after(const struct verdict_case *c)
{
	if (c->reason == NULL)
		return c->row->state;
	if (is(c->reason, "flood"))
		return QUEUE_HELD;
	if (is(c->reason, "paused") || is(c->reason, "over_cap") || c->lost_late)
		return QUEUE_DEFERRED;
	if (is(c->reason, "throttled") || is(c->reason, "company_cap"))
		return throttled_state(c);
	return QUEUE_SUPPRESSED;
}

static struct verdict
verdict_of(const struct verdict_case *c)
{
	struct verdict v = { .judged = c->judged, .state = c->row->state };

	if (!c->judged)
		return v;
	v.state = state_after(c);
	v.reason = c->reason;
	v.due = c->reason == NULL;
	v.waits = c->reason != NULL && v.state == QUEUE_DEFERRED;
	return v;
}

static const char *
said_of(const struct verdict_case *c)
{
	if (strcmp(c->row->trigger, "inact") == 0 &&
	    c->row->created_night >= c->w->night)
		return NULL;
	if (c->row->state != QUEUE_HELD && c->row->state != QUEUE_EXCLUDED &&
	    !is_open(c->row))
		return NULL;
	if (is_open(c->row) && c->row->due_night == c->w->night)
		return c->reason != NULL ? c->reason : "go";
	if (c->lost_late)
		return "wait";
	if (c->reason != NULL)
		return c->reason;
	if (c->row->state == QUEUE_HELD)
		return "flood";
	return c->judged ? "go" : "wait";
}

static void
judge_all(const struct verdict_world *w, const struct verdict_index *x,
    struct verdict_case *cases)
{
	for (size_t i = 0; i < w->n_rows; i++)
		cases[i] = look_at(w, x, i);
	verdict_compete(w, x, cases);
}

/* A preview speaks of a pause of everything; the night obeys it later, when it
 * claims. */
void
verdict_night(const struct verdict_world *world, struct verdict *out)
{
	struct verdict_case *cases = room(world->n_rows, sizeof(*cases));
	struct verdict_world w = *world;
	struct verdict_index x = { 0 };

	index_make(&w, &x);
	w.paused = false;
	judge_all(&w, &x, cases);
	for (size_t i = 0; i < w.n_rows; i++)
		out[i] = verdict_of(&cases[i]);
	w.paused = world->paused;
	if (w.paused)
		judge_all(&w, &x, cases);
	for (size_t i = 0; i < w.n_rows; i++)
		out[i].said = said_of(&cases[i]);
	index_free(&x);
	free(cases);
}
