/*
 * How this stage can double: one silence matches on 30 nights in a row.  The
 * episode - card and date of the last activity - is the event's key, and
 * event_seen keeps it for ever.  Killed between pages: the rest is found again.
 */
#include "stage_forecast.h"

#include <string.h>

#include "clock.h"
#include "event.h"

#define FORECAST_PAGE 2000

struct silence
forecast_window(int night, int period_days, int width_days)
{
	return (struct silence){ day_add(night, -(period_days + width_days)),
		day_add(night, -(period_days + 1)),
		day_add(night, -(period_days + 1)) };
}

static bool
insert_one(struct stage *stage, struct event_page *page, const char *connector,
    long long *made, struct err *err)
{
	AUTO(db_result) struct db_result *r = NULL;
	const struct cursor_move move = { .tenant_id = stage->tenant->id,
		.connector = connector, .stream = "silence", .pass = 1,
		.complete = true, .now = clock_now(),
		.epoch = stage->tenant->epoch };

	if (!event_page_send(page, stage->db, &move, false, stage->night,
	        stage->scratch, err) ||
	    !db_finish(stage->db, &r, err))
		return false;
	if (!db_bool(r, 0, 3))
		return tenant_lost(stage->tenant, err);
	*made = db_int(r, 0, 2);
	return true;
}

/* A page holds cards of one connector: result rows are ordered by it. */
static bool
insert_found(struct stage *stage, const struct db_result *found,
    long long *made, struct err *err)
{
	struct event_page page;
	long long n = 0;
	bool ok = true;

	event_page_init(&page);
	for (int i = 0; ok && i < db_rows(found); i++) {
		const char *connector = db_text(found, i, 0);
		const struct crm_event ev = { .trigger = "inact",
			.event_id = db_text(found, i, 3),
			.contact_id = db_text(found, i, 1),
			.occurred_at = clock_day_start(stage->conf->timezone,
			    db_day(found, i, 2)),
			.transition_at = NO_TIME };
		ok = event_page_add(&page, &ev, NO_DAY, err);
		const bool last = i + 1 == db_rows(found) ||
		    strcmp(db_text(found, i + 1, 0), connector) != 0;
		if (ok && last) {
			arena_reset(stage->scratch);
			ok = insert_one(stage, &page, connector, &n, err);
			*made += n;
		}
	}
	event_page_free(&page);
	return ok;
}

static bool
forecast(struct stage *stage, struct silence w, struct err *err)
{
	long long made = 0, planned = 0;

	for (;;) {
		AUTO(db_result) struct db_result *found = NULL;
		long long before = made;
		arena_reset(stage->arena);
		if (!stage_breathe(stage, err) ||
		    !event_find_silent(stage->db, stage->tenant->id, w.from, w.until,
		        w.won_until, stage->night, FORECAST_PAGE, stage->arena,
		        &found, err) ||
		    !insert_found(stage, found, &made, err))
			return false;
		if (db_rows(found) < FORECAST_PAGE || made == before)
			break;
	}
	if (!event_count_planned(stage->db, stage->tenant->id, w.from, w.until,
	        w.won_until, stage->night, stage->arena, &planned, err))
		return false;
	runlog_count(stage->log, "forecast", "inact", "seen", NULL, made + planned);
	runlog_count(stage->log, "forecast", "inact", "queued", NULL, made);
	runlog_count(stage->log, "forecast", "inact", "out", "planned", planned);
	return true;
}

bool
stage_forecast(struct stage *stage, struct err *err)
{
	const struct conf_trigger *t = conf_trigger(stage->conf, "inact");

	return t == NULL || !t->enabled || forecast(stage, forecast_window(
	    stage->night, t->period_days, t->width_days), err);
}

bool
stage_forecast_since(struct stage *stage, int night, struct err *err)
{
	const struct conf_trigger *t = conf_trigger(stage->conf, "inact");

	if (t == NULL || !t->enabled)
		return true;
	struct silence w = forecast_window(stage->night, t->period_days,
	    t->width_days);
	w.from = forecast_window(night, t->period_days, t->width_days).from;
	return forecast(stage, w, err);
}
