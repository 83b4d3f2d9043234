/*
 * The CRM is read without a transaction into a spool, then judged night by night
 * in one that is rolled back, by the statement of a real night; what a night
 * decides counts as sent for the nights after it.  No lease: the real tenant is
 * only read.
 */
#include "night_rehearse.h"

#include <string.h>

#include "clock.h"
#include "night_int.h"
#include "rules.h"
#include "stage_decide.h"
#include "stage_forecast.h"
#include "stage_rehearse.h"

/* How far back the won deal lies that a silence begins with. */
#define WON_DAYS 366

/* ---- the period --------------------------------------------------------------- */
static time_t
moment_of(const struct conf *conf, int night)
{
	return calendar_window_start(&conf->calendar, night);
}

static bool
is_held(const struct conf *conf, const struct rehearsal *r, int night)
{
	const time_t moment = moment_of(conf, night);

	return calendar_is_transfer_night(&conf->calendar, night) &&
	    moment > r->from && moment <= r->until;
}

static void
find_nights(struct rehearsal *r, const struct conf *conf)
{
	/* A night ends on the day after that of its events, at the latest. */
	for (int i = 0, day = r->from_day; i <= r->days + 1;
	     i++, day = day_add(day, 1)) {
		if (!is_held(conf, r, day))
			continue;
		if (r->nights++ == 0)
			r->first_night = day;
		r->last_night = day;
	}
	if (r->nights == 0)
		r->first_night = r->last_night = r->from_day;
}

static bool
counts_answers(const struct conf *conf)
{
	const struct conf_frequency *f = conf->rules.frequency.v;

	for (size_t i = 0; i < conf->rules.frequency.n; i++)
		if (f[i].from == FROM_ANSWER)
			return true;
	return false;
}

/* The longest frequency rule, and with a budget the year. */
static int
sends_since(const struct conf *conf, int first_night)
{
	const int new_year = first_night / 10000 * 10000 + 101;
	const int since = day_add(first_night, -rules_send_days(conf));
	return conf->budget.year > 0 && new_year < since ? new_year : since;
}

static void
find_period(struct rehearsal *r, const struct conf *conf, int days)
{
	const struct conf_trigger *inact = conf_trigger(conf, "inact");

	r->zone = conf->timezone;
	r->days = days;
	r->until = clock_now();
	r->from_day = day_add(clock_day(r->zone, r->until), -days);
	r->from = clock_day_start(r->zone, r->from_day);
	find_nights(r, conf);
	r->sends_since = sends_since(conf, r->first_night);
	r->answers = counts_answers(conf);
	r->silent = inact != NULL && inact->enabled;
	r->known_on = day_add(r->from_day, -1);
	if (!r->silent)
		return;
	const int silence = inact->period_days + inact->width_days + 1;
	r->history_from = day_add(r->from_day,
	    -(silence > WON_DAYS ? silence : WON_DAYS));
}

/* ---- nights -------------------------------------------------------------------- */
/* Silences that began to count in the period: those before it had their night. */
static bool
find_silent(struct night *n, struct rehearsal *r, int night, struct err *err)
{
	const struct conf_trigger *t = conf_trigger(n->stage.conf, "inact");
	const struct silence w = forecast_window(night, t->period_days,
	    t->width_days);
	const struct rehearsal_silence silence = { .from = w.from,
		.until = w.until, .night = night,
		.since = forecast_window(r->from_day, t->period_days,
		    t->width_days).until,
		.at = moment_of(n->stage.conf, night) };

	return rehearsal_find_silent(r, &silence, n->arena, err);
}

static bool
hold_night(struct night *n, struct rehearsal *r, int night, struct err *err)
{
	struct stage *s = &n->stage;
	const time_t moment = moment_of(s->conf, night);

	s->night = night;
	arena_reset(n->arena);
	return stage_breathe(s, err) &&
	    (!r->silent || rehearsal_roll(r, clock_day(r->zone, moment),
	        n->arena, err)) &&
	    stage_decide_rehearse(s, moment, err) &&
	    rehearsal_send(r, night, n->arena, err) &&
	    (!r->silent || find_silent(n, r, night, err));
}

static bool
hold_nights(struct night *n, struct rehearsal *r, struct err *err)
{
	int held = 0;

	for (int night = r->first_night; night <= r->last_night;
	     night = day_add(night, 1)) {
		if (!is_held(n->stage.conf, r, night))
			continue;
		if (!hold_night(n, r, night, err))
			return false;
		/* After 1, 2, 4, 8, ...: as what was sent grows. */
		held++;
		if ((held & (held - 1)) == 0 && !rehearsal_analyze(r, err))
			return false;
	}
	return true;
}

static bool
rehearse(struct night *n, struct rehearsal *r, struct spool *spool,
    rehearse_fn *show, void *arg, struct err *err)
{
	struct tenant *real = n->stage.tenant, scratch = *real;
	AUTO(tx) struct db *tx = NULL;

	if (!db_begin(r->db, 500, err))
		return false;
	tx = r->db;
	if (!rehearsal_begin(r, n->arena, err))
		return false;
	scratch.id = r->tenant_id;
	scratch.epoch = 1;
	scratch.renewed_ms = clock_boottime_ms();
	n->stage.tenant = &scratch;
	const bool ok = stage_rehearse_load(&n->stage, r, spool, err) &&
	    hold_nights(n, r, err) && show(arg, r, err);
	n->stage.tenant = real;
	explicit_bzero(scratch.secret, sizeof(scratch.secret));
	return ok;
}

/* ---- the CRMs ------------------------------------------------------------------- */
/* The survey service is not asked for anything. */
static bool
open_crms(struct night *n, struct err *err)
{
	struct stage *s = &n->stage;

	s->crm = n->crms;
	for (size_t i = 0; i < s->conf->n_crm; i++) {
		s->n_crm = i + 1;
		if (!crm_open(&n->crms[i], &s->conf->crm[i], s->conf->timezone,
		        s->cancelled, err))
			return false;
	}
	return true;
}

bool
night_rehearse(struct db *db, const struct conf *conf, struct tenant *tenant,
    const struct run_options *options, int days, rehearse_fn *show, void *arg,
    struct err *err)
{
	struct night *n = NULL;
	AUTO(arena) struct arena *own = arena_new(sizeof(*n) + 64);
	struct rehearsal r = { .db = db, .of = tenant->id };
	struct spool *spool = NULL;

	if (own == NULL || (n = arena_alloc(own, sizeof(*n))) == NULL)
		return err_nomem(err);
	find_period(&r, conf, days);
	const bool ok = night_init(n, db, conf, tenant, options, err) &&
	    open_crms(n, err) && spool_open(&spool, err) &&
	    stage_rehearse_read(&n->stage, &r, spool, err) &&
	    rehearse(n, &r, spool, show, arg, err);
	spool_close(spool);
	night_close(n);
	return ok;
}
