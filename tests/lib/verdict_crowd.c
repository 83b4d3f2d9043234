/*
 * verdict_crowd.c - what rows do to each other in a night: flood, one row a
 * person, companies, the year's budget, the night's limit.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "verdict.h"

#define FLOOD_NIGHTS 14

struct crowd {
	const struct verdict_world *w;
	const struct verdict_index *index;
	struct verdict_case **by_rank;	/* free, not held */
	size_t n;
	int *owner;		/* by key: place of the first in by_rank; -1 */
	bool *first;		/* for each of its keys */
};

static bool
is_free(const struct verdict_case *c)
{
	return c->judged && c->reason == NULL;
}

/* ---- flood ------------------------------------------------------------- */
static int
by_number(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

static double
median(int *n, size_t count)
{
	if (count == 0)
		return 0;
	qsort(n, count, sizeof(*n), by_number);
	return count % 2 == 1 ? n[count / 2]
	    : (n[count / 2 - 1] + n[count / 2]) / 2.0;
}

static int
sends_of(const struct verdict_world *w, const char *trigger, int day)
{
	int n = 0;

	for (size_t i = 0; i < w->n_sends; i++)
		n += w->sends[i].row >= 0 && w->sends[i].day == day &&
		    strcmp(w->rows[w->sends[i].row].trigger, trigger) == 0;
	return n;
}

/* A day a look: nobody sends for longer ago than the earliest send. */
static double
usual(const struct verdict_world *w, const char *trigger)
{
	int nights[FLOOD_NIGHTS], earliest = w->night;
	size_t n = 0;

	for (size_t i = 0; i < w->n_sends; i++)
		if (w->sends[i].day < earliest)
			earliest = w->sends[i].day;
	for (int day = day_add(w->night, -1); day >= earliest &&
	    n < FLOOD_NIGHTS; day = day_add(day, -1)) {
		nights[n] = sends_of(w, trigger, day);
		n += nights[n] > 0;
	}
	return median(nights, n);
}

static void
hold(const struct verdict_world *w, struct verdict_case *cases,
    const char *trigger)
{
	const int floor = w->conf->rules.flood_floor;
	const double limit = w->conf->rules.flood_factor * usual(w, trigger);
	int n = 0;

	for (size_t i = 0; i < w->n_rows; i++)
		n += is_free(&cases[i]) && !cases[i].row->released &&
		    strcmp(cases[i].row->trigger, trigger) == 0;
	if (floor == 0 || n <= floor || n <= limit)
		return;
	for (size_t i = 0; i < w->n_rows; i++)
		if (is_free(&cases[i]) && !cases[i].row->released &&
		    strcmp(cases[i].row->trigger, trigger) == 0)
			cases[i].reason = "flood";
}

/* ---- one row a person -------------------------------------------------- */
static int
by_rank(const void *pa, const void *pb)
{
	const struct verdict_case *a = *(struct verdict_case *const *)pa;
	const struct verdict_case *b = *(struct verdict_case *const *)pb;
	char id_a[32], id_b[32];

	if (a->trigger != b->trigger)
		return a->trigger < b->trigger ? -1 : 1;
	if (a->row->occurred_at != b->row->occurred_at)
		return a->row->occurred_at < b->row->occurred_at ? -1 : 1;
	const int connector = strcmp(a->row->connector, b->row->connector);
	return connector != 0 ? connector : strcmp(verdict_event_id(a->w,
	    a->number, id_a), verdict_event_id(b->w, b->number, id_b));
}

static void
line_up(struct crowd *o, struct verdict_case *cases)
{
	for (size_t i = 0; i < o->w->n_rows; i++)
		if (is_free(&cases[i]))
			o->by_rank[o->n++] = &cases[i];
	qsort(o->by_rank, o->n, sizeof(struct verdict_case *), by_rank);
	for (int k = 0; k < o->w->n_keys; k++)
		o->owner[k] = -1;
	for (size_t i = 0; i < o->n; i++) {
		int keys[VERDICT_KEYS + 1];
		o->first[i] = true;
		for (int k = verdict_keys(o->by_rank[i]->card, keys) - 1;
		     k >= 0; k--)
			if (o->owner[keys[k]] < 0)
				o->owner[keys[k]] = (int)i;
			else
				o->first[i] = false;
	}
}

/* Those that were not first: lost to somebody who goes, or only to others. */
static void
count_out(struct crowd *o)
{
	for (size_t i = 0; i < o->n; i++) {
		struct verdict_case *c = o->by_rank[i];
		if (o->first[i])
			continue;
		c->reason = "duplicate_person";
		c->lost_late = true;
		int keys[VERDICT_KEYS + 1];
		for (int k = verdict_keys(c->card, keys) - 1; k >= 0; k--) {
			const int w = o->owner[keys[k]];
			if (o->first[w] && o->by_rank[w]->reason == NULL)
				c->lost_late = false;
		}
	}
}

/* ---- limits ------------------------------------------------------------ */
static void
cap_houses(struct crowd *o)
{
	const int most = o->w->conf->rules.company_max;
	int *used = calloc((size_t)o->w->n_houses + 1, sizeof(*used));

	assert(used != NULL);
	for (int i = 0; i < o->w->n_houses; i++)
		used[i] = o->index->house_used[i];
	for (size_t i = 0; most > 0 && i < o->n; i++) {
		const int house = o->by_rank[i]->card->house;
		if (o->first[i] && house != HOUSE_NONE && ++used[house] > most)
			o->by_rank[i]->reason = "company_cap";
	}
	free(used);
}

struct spent {
	int year, night;
};

/* What went already, and what is due by an earlier look at this night. */
static struct spent
count_spent(const struct verdict_world *w)
{
	struct spent s = { 0, 0 };

	for (size_t i = 0; i < w->n_sends; i++) {
		s.year += verdict_counts(w, &w->sends[i]) &&
		    w->sends[i].day / 10000 == w->night / 10000;
		s.night += w->sends[i].row >= 0 && w->sends[i].day == w->night;
	}
	for (size_t i = 0; i < w->n_rows; i++)
		if (verdict_is_due(w, &w->rows[i])) {
			s.year++;
			s.night++;
		}
	return s;
}

static void
cap_night(struct crowd *o)
{
	const int budget = o->w->conf->budget.year;
	const int most = o->w->conf->rules.night_max;
	struct spent s = count_spent(o->w);

	for (size_t i = 0; i < o->n; i++) {
		struct verdict_case *c = o->by_rank[i];
		if (!o->first[i] || c->reason != NULL)
			continue;
		s.year++;
		s.night++;
		if (budget > 0 && s.year > budget)
			c->reason = "over_budget";
		else if (most > 0 && s.night > most)
			c->reason = "over_cap";
	}
}

void
verdict_compete(const struct verdict_world *w,
    const struct verdict_index *index, struct verdict_case *cases)
{
	struct crowd o = { .w = w, .index = index,
		.by_rank = calloc(w->n_rows + 1, sizeof(*o.by_rank)),
		.owner = calloc((size_t)w->n_keys + 1, sizeof(*o.owner)),
		.first = calloc(w->n_rows + 1, sizeof(*o.first)) };

	assert(o.by_rank != NULL && o.owner != NULL && o.first != NULL);
	for (size_t i = 0; i < w->conf->n_triggers; i++)
		hold(w, cases, w->conf->triggers[i].code);
	line_up(&o, cases);
	cap_houses(&o);
	cap_night(&o);
	count_out(&o);
	free(o.by_rank);
	free(o.owner);
	free(o.first);
}
