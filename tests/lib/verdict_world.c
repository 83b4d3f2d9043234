#include "verdict_world.h"

#include <assert.h>
#include <stdlib.h>

#include "clock.h"

/* Room for one more, doubled when the number is a power of two. */
static void *
grow(void *items, size_t n, size_t size)
{
	if ((n & (n - 1)) != 0)
		return items;
	if (n != 0 && n < 16)
		return items;
	void *p = realloc(items, (n < 16 ? 16 : 2 * n) * size);
	assert(p != NULL);
	return p;
}
#define ADD(w, what) ((w)->what = grow((w)->what, (w)->n_##what, \
	sizeof(*(w)->what)), &(w)->what[(w)->n_##what++])

time_t
verdict_time(const struct verdict_world *w, int day, int hour, int minute)
{
	const struct civil c = { day / 10000, day / 100 % 100, day % 100, hour,
		minute, 0 };

	return clock_utc(w->conf->timezone, &c);
}

void
verdict_world_empty(struct verdict_world *w, int night)
{
	w->n_cards = w->n_rows = w->n_sends = w->n_answers = w->n_opt_outs =
	    w->n_pauses = 0;
	w->n_keys = VERDICT_PILOT;
	w->n_houses = 0;
	w->night = night;
	w->moment = verdict_time(w, night, 3, 10);
	w->started = NO_TIME;
	w->paused = false;
}

void
verdict_world_init(struct verdict_world *w, const struct conf *conf, int night)
{
	*w = (struct verdict_world){ .conf = conf };
	verdict_world_empty(w, night);
}

void
verdict_world_free(struct verdict_world *w)
{
	free(w->cards);
	free(w->rows);
	free(w->sends);
	free(w->answers);
	free(w->opt_outs);
	free(w->pauses);
	*w = (struct verdict_world){ 0 };
}

int
verdict_add_key(struct verdict_world *w)
{
	return w->n_keys++;
}

int
verdict_add_card(struct verdict_world *w)
{
	const int address = verdict_add_key(w), card = verdict_add_key(w);

	*ADD(w, cards) = (struct verdict_card){ .connector = "crm",
		.keys = { address, card }, .n_keys = 2, .merged = -1,
		.employed = FACT_UNKNOWN, .consent = FACT_UNKNOWN,
		.consent_at = NO_TIME, .company_since = NO_TIME,
		.address = ADDRESS_OK, .domain = "kunde.dk", .language = "da",
		.country = "DK", .relation = "Kunde", .house = HOUSE_NONE,
		.last_activity_on = NO_DAY, .planned_on = NO_DAY };
	return (int)w->n_cards - 1;
}

/* Of the last working day, seen by noon. */
int
verdict_add_row(struct verdict_world *w, const char *trigger, int card)
{
	int day = day_add(w->night, -1);

	while (!calendar_is_sending_day(&w->conf->calendar, day))
		day = day_add(day, -1);
	*ADD(w, rows) = (struct verdict_row){ .connector = "crm",
		.trigger = trigger, .category = "Kundepleje", .card = card,
		.silent_since = day_add(w->night, -100),
		.occurred_at = verdict_time(w, day, 8, 0),
		.transition_at = NO_TIME,
		.created_at = verdict_time(w, day, 12, 0),
		.created_night = day, .deferred_until = NO_TIME,
		.due_night = NO_DAY, .state = QUEUE_QUEUED };
	return (int)w->n_rows - 1;
}

int
verdict_add_due(struct verdict_world *w, const char *trigger, int card)
{
	const int row = verdict_add_row(w, trigger, card);

	w->rows[row].due_night = w->night;
	w->rows[row].campaign = "due";
	return row;
}

static struct verdict_send *
add_send(struct verdict_world *w, int day, int row, const char *campaign)
{
	struct verdict_send *s = ADD(w, sends);

	*s = (struct verdict_send){ .day = day, .row = row,
		.campaign = campaign };
	return s;
}

int
verdict_add_sent(struct verdict_world *w, const char *trigger, int card,
    int day, const char *campaign)
{
	const int row = verdict_add_row(w, trigger, card);
	const struct verdict_card *c = &w->cards[card];
	struct verdict_row *r = &w->rows[row];

	r->due_night = day;
	r->created_night = day_add(day, -1);
	r->created_at = verdict_time(w, r->created_night, 12, 0);
	r->occurred_at = verdict_time(w, r->created_night, 8, 0);
	r->state = row % 5 == 4 ? QUEUE_UNKNOWN : QUEUE_SENT;
	r->campaign = campaign;
	struct verdict_send *s = add_send(w, day, row, campaign);
	for (s->n_keys = 0; s->n_keys < c->n_keys; s->n_keys++)
		s->keys[s->n_keys] = c->keys[s->n_keys];
	return row;
}

void
verdict_add_foreign(struct verdict_world *w, int key, int day,
    const char *campaign)
{
	struct verdict_send *s = add_send(w, day, -1, campaign);

	s->keys[0] = key;
	s->n_keys = 1;
}

void
verdict_add_answer(struct verdict_world *w, int card, int day,
    const char *campaign)
{
	*ADD(w, answers) = (struct verdict_answer){ card, campaign,
		verdict_time(w, day, 12, 0) };
}

void
verdict_add_opt_out(struct verdict_world *w, int key, const char *scope)
{
	*ADD(w, opt_outs) = (struct verdict_opt_out){ key, scope };
}

struct verdict_pause *
verdict_add_pause(struct verdict_world *w)
{
	struct verdict_pause *p = ADD(w, pauses);

	*p = (struct verdict_pause){ .house = HOUSE_NONE, .until = NO_TIME };
	return p;
}
