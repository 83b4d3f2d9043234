#include "night.h"

#include <string.h>
#include <time.h>

#include "clock.h"
#include "log.h"
#include "night_int.h"
#include "queue.h"
#include "stage_alarms.h"
#include "stage_audit.h"
#include "stage_collect.h"
#include "stage_command.h"
#include "stage_decide.h"
#include "stage_erase.h"
#include "stage_export.h"
#include "stage_forecast.h"
#include "stage_place.h"
#include "stage_pull.h"
#include "stage_push.h"
#include "stage_refresh.h"
#include "stage_retention.h"
#include "stage_settle.h"
#include "stage_writeback.h"
#include "statistics.h"

static const struct {
	const char *name;
	unsigned bit;
} stage_names[] = { { "settle", RUN_SETTLE }, { "pull", RUN_PULL },
	{ "decide", RUN_DECIDE }, { "push", RUN_PUSH },
	{ "forecast", RUN_FORECAST }, { "collect", RUN_COLLECT },
	{ "writeback", RUN_WRITEBACK }, { "audit", RUN_AUDIT },
	{ "preview", RUN_PREVIEW }, { "retention", RUN_RETENTION },
	{ "alarms", RUN_ALARMS } };

const char *
night_kind_name(enum run_kind kind)
{
	static const char *const names[] = { [RUN_NIGHT] = "night",
		[RUN_HOURLY] = "hourly", [RUN_MANUAL] = "manual" };

	return names[kind];
}

bool
night_parse_only(const char *text, unsigned *only, struct err *err)
{
	*only = 0;
	while (*text != '\0') {
		const size_t len = strcspn(text, ",");
		unsigned bit = 0;
		for (size_t i = 0; i < ARRAY_LEN(stage_names); i++)
			if (strlen(stage_names[i].name) == len &&
			    memcmp(stage_names[i].name, text, len) == 0)
				bit = stage_names[i].bit;
		if (bit == 0)
			return err_set(err, ERR_USAGE,
			    "--only: expected some of settle, pull, decide, push, "
			    "forecast, collect, writeback, alarms, audit, "
			    "retention, preview; got \"%.*s\"", (int)len, text);
		*only |= bit;
		text += len + (text[len] == ',' ? 1 : 0);
	}
	if (*only == 0)
		return err_set(err, ERR_USAGE, "--only: expected at least one stage");
	return true;
}

int
night_next_transfer(const struct conf *conf, time_t now, time_t *moment)
{
	const struct calendar *cal = &conf->calendar;
	const int night = calendar_transfer_night(cal, calendar_night(cal, now));
	const time_t start = calendar_window_start(cal, night);

	*moment = start > now ? start : now;
	return night;
}

/* ---- the stages --------------------------------------------------------------------------- */
static bool
wants(const struct night *n, enum run_stage bit)
{
	return (n->options->only & bit) != 0;
}

/* A campaign that does not exist stops the transfer, not the rest. */
static bool
list_campaigns(struct night *n, struct err *err)
{
	n->listed = true;
	if (stage_campaigns(&n->stage, &n->service))
		return true;
	log_ev(LOG_LEVEL_ERROR, "campaigns", "error=%s", log_quote(n->service.msg));
	*err = n->service;
	if (n->service.kind != ERR_CONFIG) {
		n->stage.survey->link.failed = true;
		n->stage.survey->link.problem = n->service;
	}
	return !err_ends_run(n->service.kind);
}

/* What the service knows about people must have been read once before anybody
 * is asked: opt-outs, and whom others asked. */
static bool
know_people(struct night *n, struct err *err)
{
	struct stage *s = &n->stage;
	bool first = false;

	if (!stage_collect_first(s, &first, err) ||
	    (first && !stage_collect(s, err)))
		return false;
	if (s->survey->link.failed)
		return true;
	if (!stage_audit_first(s, &first, err))
		return false;
	if (first && !night_audit(n, err))
		return false;
	/* They could not be read: nobody is asked before they were. */
	if (first && !n->audit_complete &&
	    s->survey->link.aside.kind != ERR_NONE)
		n->service = s->survey->link.aside;
	return true;
}

/* The service must be there and know the campaigns before anybody is
 * decided. */
static bool
service_ready(struct night *n, bool *ready, struct err *err)
{
	struct stage *s = &n->stage;

	*ready = false;
	if (s->survey == NULL)
		return true;
	if (!list_campaigns(n, err))
		return false;
	if (n->service.kind != ERR_NONE)
		return true;
	if (!know_people(n, err))
		return false;
	if (s->survey->link.failed)
		n->service = s->survey->link.problem;
	else if (!night_settle_restore(n, err))
		return false;
	*ready = n->service.kind == ERR_NONE;
	return true;
}

static bool
transfer(struct night *n, struct err *err)
{
	struct stage *s = &n->stage;
	const char *waiting[NIGHT_CRMS_MAX];
	size_t n_waiting = 0;

	if (!night_count_left(n, err) ||
	    !stage_refresh(s, waiting, &n_waiting, err) ||
	    (wants(n, RUN_DECIDE) && !stage_decide_requeue(s, err)) ||
	    !stage_command(s, err))
		return false;
	arena_reset(n->arena);
	if (wants(n, RUN_DECIDE) && !stage_decide(s, waiting, n_waiting, err))
		return false;
	arena_reset(n->arena);
	if (wants(n, RUN_PUSH) && !stage_push(s, err))
		return false;
	n->transferred = true;
	return true;
}

/* Transfer only in the night before a sending day and inside the window. */
static bool
may_transfer(const struct night *n)
{
	const struct stage *s = &n->stage;

	return n->options->kind != RUN_HOURLY && !s->tenant->paused &&
	    calendar_is_transfer_night(&s->conf->calendar, s->night) &&
	    calendar_in_window(&s->conf->calendar, clock_now(),
	        s->conf->send.stop_before_s);
}

/* After missed nights at any hour: what fell silent meanwhile. */
static bool
is_forecast_night(const struct night *n)
{
	const struct stage *s = &n->stage;

	return n->options->kind != RUN_HOURLY &&
	    calendar_is_transfer_night(&s->conf->calendar, s->night) &&
	    (n->missed > 0 ||
	        calendar_in_window(&s->conf->calendar, clock_now(), 0));
}

/* The names of campaigns change too; a wrong one in the configuration is told
 * by day already, so that it can be mended before the night. */
static bool
collect(struct night *n, struct err *err)
{
	struct stage *s = &n->stage;

	if (!wants(n, RUN_COLLECT) || s->survey == NULL || s->survey->link.failed)
		return true;
	if (!n->listed && !list_campaigns(n, err))
		return false;
	return s->survey->link.failed ||
	    (stage_collect(s, err) && stage_place(s, err));
}

static bool
settle(struct night *n, struct err *err)
{
	if (n->stage.tenant->restored_at != NO_TIME &&
	    !stage_settle_hold(&n->stage, err))
		return false;
	return n->options->kind == RUN_HOURLY || !wants(n, RUN_SETTLE) ||
	    stage_settle(&n->stage, err);
}

/* The service's list against the queue, once a night. */
static bool
audit(struct night *n, struct err *err)
{
	const struct survey *survey = n->stage.survey;

	if (n->options->kind == RUN_HOURLY || !wants(n, RUN_AUDIT) ||
	    n->audited || survey == NULL || survey->link.failed)
		return true;
	return night_audit(n, err);
}

/* What people say by tags on the cards counts from now on, in every run. */
static bool
pull(struct night *n, struct err *err)
{
	return !wants(n, RUN_PULL) || (stage_pull(&n->stage, err) &&
	    statistics_refresh(n->stage.db, n->scratch, err) &&
	    stage_command(&n->stage, err));
}

/* To a service that keeps no mail: who was decided last night, in the hour of
 * send.at, whatever run comes then. */
static bool
push_by_hour(struct night *n, struct err *err)
{
	bool due = false, ready = false;

	if (!wants(n, RUN_PUSH))
		return true;
	if (!night_hour_is_due(n, &due, err))
		return false;
	if (!due)
		return true;
	if (!service_ready(n, &ready, err))
		return false;
	if (ready && !stage_push(&n->stage, err))
		return false;
	n->transferred = ready;
	return true;
}

static bool
decide_and_push(struct night *n, struct err *err)
{
	bool ready = false;

	if (!may_transfer(n) || !wants(n, RUN_DECIDE | RUN_PUSH))
		return push_by_hour(n, err);
	return service_ready(n, &ready, err) && (!ready || transfer(n, err));
}

static bool
forecast(struct night *n, struct err *err)
{
	if (!is_forecast_night(n) || !wants(n, RUN_FORECAST))
		return true;
	return n->missed > 0
	    ? stage_forecast_since(&n->stage, n->missed_from, err)
	    : stage_forecast(&n->stage, err);
}

/* Files for others: a disk that fails does not fail the night. */
static bool
export(struct night *n, struct err *err)
{
	struct err problem;

	if (n->options->kind == RUN_HOURLY || !wants(n, RUN_WRITEBACK))
		return true;
	if (!stage_export(&n->stage, &problem, err))
		return false;
	if (problem.kind != ERR_NONE)
		night_say(n, "no files for reporting tools: %s", problem.msg);
	return true;
}

/* What is to be erased at others and was refused; what was kept long enough. */
static bool
tidy(struct night *n, struct err *err)
{
	if (n->options->kind == RUN_HOURLY || !wants(n, RUN_RETENTION))
		return true;
	return stage_erase(&n->stage, err) && stage_retention(&n->stage, err);
}

/* The mail about tomorrow: last, so that it holds what this run has read. */
static bool
preview(struct night *n, struct err *err)
{
	return n->options->kind != RUN_HOURLY || !wants(n, RUN_PREVIEW) ||
	    night_send_preview(n, err);
}

/* To the CRMs: tags, then all else. */
static bool
writeback(struct night *n, struct err *err)
{
	return !wants(n, RUN_WRITEBACK) || (stage_writeback(&n->stage, err) &&
	    night_write_effects(n, err));
}

static bool
last(struct night *n, struct err *err)
{
	return audit(n, err) && export(n, err) && tidy(n, err) &&
	    preview(n, err);
}

static bool
alarms(struct night *n, struct err *err)
{
	return !wants(n, RUN_ALARMS) ||
	    stage_alarms(&n->stage, &n->mail, err);
}

static bool
stages(struct night *n, struct err *err)
{
	return settle(n, err) && pull(n, err) &&
	    decide_and_push(n, err) && forecast(n, err) && collect(n, err) &&
	    writeback(n, err) && alarms(n, err) && last(n, err);
}

/* ---- the end -------------------------------------------------------------------------------- */
static void
say_summary(struct night *n, const char *result)
{
	struct stage *s = &n->stage;
	char iso[16], words[32];
	time_t moment;

	if (n->options->say == NULL)
		return;
	night_say(n, "run %lld, %s, night to %s: %s", n->log.run_id,
	    night_kind_name(n->options->kind), day_iso(iso, s->night), result);
	night_say_counts(n);
	night_say_missed(n);
	if (n->changed != NULL)
		night_say(n, "%s", n->changed);
	if (s->tenant->paused) {
		night_say(n, "sending is paused: look at `npsync queue`, then "
		    "`npsync activate`");
		return;
	}
	if (n->transferred && s->conf->calendar.by_hour &&
	    calendar_push_night(&s->conf->calendar, clock_now(), 0) == NO_DAY)
		night_say(n, "who is due is handed over by the hourly run from %s",
		    clock_words(words, s->conf->timezone,
		        calendar_send_at(&s->conf->calendar, s->night)));
	if (n->transferred || n->options->kind == RUN_HOURLY)
		return;
	const int night = night_next_transfer(s->conf, clock_now(), &moment);
	night_say(n, "nothing is transferred now: what is ready leaves in the window "
	    "that opens %s", clock_words(words, s->conf->timezone,
	        calendar_window_start(&s->conf->calendar, night)));
}

static const char *
result_name(bool ok, const struct err *err, const struct err *problem)
{
	if (!ok)
		return err->kind == ERR_CANCELLED ? "cancelled" : "failed";
	return problem != NULL ? "partial" : "ok";
}

/* ok: the stages came to their end, though a connector may have failed. */
static bool
finish(struct night *n, bool ok, int *exit_code, struct err *err)
{
	const struct err *problem = ok ? night_problem(n) : err;
	const char *result = result_name(ok, err, problem);
	struct err late;

	*exit_code = 0;
	if (problem != NULL)
		*exit_code = ok ? night_exit_code(n, problem)
		                : err_exit_code(err->kind);
	/* The connection, or the right to write, is lost. */
	if (!ok && (err->kind == ERR_DB_AWAY || err->kind == ERR_BUSY))
		return false;
	if (!runlog_end(&n->log, result, problem != NULL ? problem->msg : NULL,
	        &late)) {
		if (ok)
			*err = late;
		*exit_code = err_exit_code(err->kind);
		return false;
	}
	say_summary(n, result);
	log_ev(LOG_LEVEL_NOTICE, "run", "result=%s %s", result,
	    runlog_summary(&n->log, n->run_arena));
	if (ok && problem != NULL)
		*err = *problem;
	return *exit_code == 0;
}

static bool
acquire(struct db *db, struct tenant *tenant, const char *lock_dir,
    const struct run_options *options, struct err *err)
{
	const int64_t until = clock_boottime_ms() + options->wait_s * 1000;

	for (;;) {
		if (tenant_acquire(db, tenant, lock_dir, err))
			return true;
		if (err->kind != ERR_BUSY || clock_boottime_ms() >= until ||
		    options->cancelled())
			return false;
		if (!tenant_want(db, tenant, err))
			return false;
		const struct timespec pause = { 0, 500000000 };
		(void)nanosleep(&pause, NULL);
	}
}

bool
night_run(struct db *db, const struct conf *conf, struct tenant *tenant,
    const char *lock_dir, const struct run_options *options, int *exit_code,
    struct err *err)
{
	struct night *n = NULL;
	AUTO(arena) struct arena *own = arena_new(sizeof(*n) + 64);

	*exit_code = 71;
	if (own == NULL || (n = arena_alloc(own, sizeof(*n))) == NULL)
		return err_nomem(err);
	if (!acquire(db, tenant, lock_dir, options, err)) {
		*exit_code = err_exit_code(err->kind);
		return false;
	}
	bool ok = night_init(n, db, conf, tenant, options, err) &&
	    runlog_begin(&n->log, db, n->run_arena, tenant->id,
	        night_kind_name(options->kind), n->stage.night, tenant->epoch,
	        options->actor, conf->digest, err);
	if (!ok) {
		*exit_code = err_exit_code(err->kind);
	} else {
		log_prefix("tenant=%s run=%lld", tenant->name, n->log.run_id);
		night_open_connectors(n);
		ok = night_note_settings(n, err) &&
		    night_check_restore(n, lock_dir, err) &&
		    night_find_missed(n, err) && stages(n, err) &&
		    stage_mark(&n->stage, err);
		ok = night_health(n, ok, err);
		ok = finish(n, ok, exit_code, err);
		log_prefix("%s", "");
	}
	night_close(n);
	tenant_release(db, tenant);
	return ok;
}
