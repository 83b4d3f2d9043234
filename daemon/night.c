#include "night.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "clock.h"
#include "log.h"
#include "queue.h"
#include "spool.h"
#include "stage.h"
#include "stage_collect.h"
#include "stage_decide.h"
#include "stage_forecast.h"
#include "stage_pull.h"
#include "stage_push.h"
#include "stage_refresh.h"
#include "stage_writeback.h"

#define RUN_ARENA_BYTES ((size_t)16 << 20)
#define RENEW_EVERY_S 300
#define YIELD_POLL_S 2

struct night {
	const struct run_options *options;
	struct stage stage;
	struct runlog log;
	struct survey survey;
	struct crm crms[32];
	struct arena *run_arena, *arena, *scratch;
	struct err service;	/* why nothing was transferred, if so */
	bool transferred, listed;
};

static const struct {
	const char *name;
	unsigned bit;
} stage_names[] = { { "settle", RUN_SETTLE }, { "pull", RUN_PULL },
	{ "decide", RUN_DECIDE }, { "push", RUN_PUSH },
	{ "forecast", RUN_FORECAST }, { "collect", RUN_COLLECT },
	{ "writeback", RUN_WRITEBACK } };

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
			    "forecast, collect, writeback; got \"%.*s\"", (int)len, text);
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

bool
stage_breathe(struct stage *stage, struct err *err)
{
	bool wanted = false;

	if (stage->cancelled())
		return err_set(err, ERR_CANCELLED, "stopped by a signal");
	if (!tenant_renew(stage->db, stage->tenant,
	        stage->may_yield ? YIELD_POLL_S : RENEW_EVERY_S, &wanted, err))
		return false;
	if (wanted && stage->may_yield) {
		stage->yielded = true;
		return err_set(err, ERR_CANCELLED, "made way for the night");
	}
	return true;
}

/* ---- opening and closing ------------------------------------------------------------- */
static bool
open_arenas(struct night *n, struct err *err)
{
	n->run_arena = arena_new(RUN_ARENA_BYTES);
	n->arena = arena_new(RUN_ARENA_BYTES);
	n->scratch = arena_new((size_t)64 << 20);
	if (n->run_arena == NULL || n->arena == NULL || n->scratch == NULL)
		return err_nomem(err);
	return true;
}

static void
open_connectors(struct night *n)
{
	const struct conf *conf = n->stage.conf;
	struct err err;

	n->stage.crm = n->crms;
	n->stage.n_crm = conf->n_crm;
	for (size_t i = 0; i < conf->n_crm; i++) {
		if (crm_open(&n->crms[i], &conf->crm[i], n->stage.cancelled, &err))
			continue;
		n->crms[i].link.failed = true;
		n->crms[i].link.name = conf->crm[i].name;
		n->crms[i].link.problem = err;
		log_ev(LOG_LEVEL_ERROR, "open", "connector=%s error=%s",
		    conf->crm[i].name, log_quote(err.msg));
	}
	if (survey_open(&n->survey, &conf->survey, n->stage.cancelled, &err)) {
		n->stage.survey = &n->survey;
		return;
	}
	n->survey.link.failed = true;
	n->survey.link.problem = err;
	n->service = err;
	log_ev(LOG_LEVEL_ERROR, "open", "connector=%s error=%s",
	    conf->survey.driver, log_quote(err.msg));
}

static void
night_close(struct night *n)
{
	for (size_t i = 0; i < n->stage.n_crm; i++)
		crm_close(&n->crms[i]);
	survey_close(&n->survey);
	arena_free(n->run_arena);
	arena_free(n->arena);
	arena_free(n->scratch);
}

static bool
night_open(struct night *n, struct db *db, const struct conf *conf,
    struct tenant *tenant, const struct run_options *options, struct err *err)
{
	const time_t now = clock_now();

	n->options = options;
	if (conf->n_crm > ARRAY_LEN(n->crms))
		return err_set(err, ERR_CONFIG, "%s: crm: expected at most %zu",
		    conf->file, ARRAY_LEN(n->crms));
	if (!open_arenas(n, err))
		return false;
	n->stage = (struct stage){ .db = db, .conf = conf, .tenant = tenant,
		.log = &n->log, .arena = n->arena, .scratch = n->scratch,
		.night = calendar_night(&conf->calendar, now),
		.today = clock_day(conf->timezone, now),
		.may_yield = options->kind == RUN_HOURLY,
		.cancelled = options->cancelled };
	return runlog_begin(&n->log, db, n->run_arena, tenant->id,
	    night_kind_name(options->kind), n->stage.night, tenant->epoch,
	    options->actor, conf->digest, err);
}

/* ---- the stages --------------------------------------------------------------------------- */
static bool
wants(const struct night *n, enum run_stage bit)
{
	return (n->options->only & bit) != 0;
}

static void
say(struct night *n, const char *fmt, ...)
{
	char line[512];
	va_list ap;

	if (n->options->say == NULL)
		return;
	va_start(ap, fmt);
	(void)vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	n->options->say(n->options->say_arg, line);
}

static void
say_line(void *arg, const char *line)
{
	struct night *n = arg;

	if (n->options->say != NULL)
		n->options->say(n->options->say_arg, line);
}

static bool
settle(struct night *n, struct err *err)
{
	struct stage *s = &n->stage;
	size_t unknown = 0;

	if (!queue_settle(s->db, s->tenant, s->log->run_id, clock_now(), s->arena,
	        &unknown, err))
		return false;
	runlog_count(s->log, "settle", "", "seen", NULL, (long long)unknown);
	runlog_count(s->log, "settle", "", "unknown", NULL, (long long)unknown);
	if (unknown > 0)
		log_ev(LOG_LEVEL_WARNING, "settle", "unknown=%zu", unknown);
	return true;
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

/* The service must be there and know the campaigns before anybody is decided;
 * and its opt-outs must have been read once. */
static bool
service_ready(struct night *n, bool *ready, struct err *err)
{
	struct stage *s = &n->stage;
	bool first = false;

	*ready = false;
	if (s->survey == NULL)
		return true;
	if (!list_campaigns(n, err))
		return false;
	if (n->service.kind != ERR_NONE)
		return true;
	if (!stage_collect_first(s, &first, err))
		return false;
	if (first && !stage_collect(s, err))
		return false;
	if (s->survey->link.failed)
		n->service = s->survey->link.problem;
	*ready = !s->survey->link.failed;
	return true;
}

static bool
transfer(struct night *n, struct err *err)
{
	struct stage *s = &n->stage;
	const char *waiting[32];
	size_t n_waiting = 0;

	if (!stage_refresh(s, waiting, &n_waiting, err))
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

static bool
is_forecast_night(const struct night *n)
{
	const struct stage *s = &n->stage;

	return n->options->kind != RUN_HOURLY &&
	    calendar_is_transfer_night(&s->conf->calendar, s->night) &&
	    calendar_in_window(&s->conf->calendar, clock_now(), 0);
}

/* The names of campaigns change too; a wrong one in the configuration is told
 * by day already, so that it can be mended before the night. */
static bool
collect(struct night *n, struct err *err)
{
	struct stage *s = &n->stage;

	if (!n->listed && !list_campaigns(n, err))
		return false;
	return s->survey->link.failed || stage_collect(s, err);
}

static bool
stages(struct night *n, struct err *err)
{
	struct stage *s = &n->stage;
	bool ready = false;

	if (n->options->kind != RUN_HOURLY && wants(n, RUN_SETTLE) &&
	    !settle(n, err))
		return false;
	if (wants(n, RUN_PULL)) {
		if (!stage_pull(s, err))
			return false;
	}
	if (may_transfer(n) && wants(n, RUN_DECIDE | RUN_PUSH)) {
		if (!service_ready(n, &ready, err) || (ready && !transfer(n, err)))
			return false;
	}
	if (is_forecast_night(n) && wants(n, RUN_FORECAST) &&
	    !stage_forecast(s, err))
		return false;
	if (wants(n, RUN_COLLECT) && s->survey != NULL && !s->survey->link.failed) {
		if (!collect(n, err))
			return false;
	}
	if (wants(n, RUN_WRITEBACK)) {
		if (!stage_writeback(s, err))
			return false;
	}
	return true;
}

/* ---- the end -------------------------------------------------------------------------------- */
/* The first thing that went wrong without ending the run. */
static const struct err *
first_problem(const struct night *n)
{
	for (size_t i = 0; i < n->stage.n_crm; i++)
		if (n->crms[i].link.failed)
			return &n->crms[i].link.problem;
	if (n->survey.link.failed)
		return &n->survey.link.problem;
	return n->service.kind != ERR_NONE ? &n->service : NULL;
}

static int
code_of_problem(const struct err *problem)
{
	const int code = err_exit_code(problem->kind);

	/* 69: the service is away; 78: the administrator must act. */
	return code == 69 || code == 78 || code == 77 ? code : 1;
}

static void
say_summary(struct night *n, const char *result)
{
	struct stage *s = &n->stage;
	char iso[16], words[32];
	time_t moment;

	if (n->options->say == NULL)
		return;
	say(n, "run %lld, %s, night to %s: %s", n->log.run_id,
	    night_kind_name(n->options->kind), day_iso(iso, s->night), result);
	arena_reset(n->arena);
	runlog_lines(&n->log, n->arena, say_line, n);
	if (s->tenant->paused) {
		say(n, "sending is paused: look at `npsync queue`, then "
		    "`npsync activate`");
		return;
	}
	if (n->transferred || n->options->kind == RUN_HOURLY)
		return;
	const int night = night_next_transfer(s->conf, clock_now(), &moment);
	say(n, "nothing is transferred now: what is ready leaves in the window "
	    "that opens %s", clock_words(words, s->conf->timezone,
	        calendar_window_start(&s->conf->calendar, night)));
}

static bool
finish(struct night *n, bool ok, int *exit_code, struct err *err)
{
	const struct err *problem = ok ? first_problem(n) : err;
	const char *result = !ok && err->kind != ERR_CANCELLED ? "failed"
	    : !ok ? "cancelled" : problem != NULL ? "partial" : "ok";
	struct err late;

	*exit_code = problem == NULL ? 0
	    : ok ? code_of_problem(problem) : err_exit_code(err->kind);
	if (!ok && (err->kind == ERR_DB_AWAY || err->kind == ERR_BUSY))
		return false;
	if (!runlog_end(&n->log, result, problem != NULL ? problem->msg : NULL,
	        &late)) {
		if (ok) {
			*err = late;
			*exit_code = err_exit_code(late.kind);
		}
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
	bool ok = night_open(n, db, conf, tenant, options, err);
	if (!ok) {
		*exit_code = err_exit_code(err->kind);
	} else {
		log_prefix("tenant=%s run=%lld", tenant->name, n->log.run_id);
		open_connectors(n);
		ok = finish(n, stages(n, err), exit_code, err);
		log_prefix("%s", "");
	}
	night_close(n);
	tenant_release(db, tenant);
	return ok;
}

/* ---- dry run ----------------------------------------------------------------------------------- */
static bool
load_and_show(struct night *n, struct spool *spool, dry_run_fn *show, void *arg,
    struct err *err)
{
	struct stage *s = &n->stage;
	AUTO(tx) struct db *tx = NULL;
	time_t moment;

	if (!db_begin(s->db, 500, err))
		return false;
	tx = s->db;
	if (!tenant_pretend(s->db, s->tenant, err) ||
	    !runlog_begin(&n->log, s->db, n->run_arena, s->tenant->id, "manual",
	        s->night, s->tenant->epoch, n->options->actor, s->conf->digest, err) ||
	    !stage_pull_from_spool(s, spool, err))
		return false;
	const int night = night_next_transfer(s->conf, clock_now(), &moment);
	say(n, "dry run, nothing is kept:");
	arena_reset(n->arena);
	runlog_lines(&n->log, n->arena, say_line, n);
	return show(arg, s->db, night, err);
}

bool
night_dry_run(struct db *db, const struct conf *conf, struct tenant *tenant,
    const struct run_options *options, dry_run_fn *show, void *arg,
    struct err *err)
{
	struct night *n = NULL;
	AUTO(arena) struct arena *own = arena_new(sizeof(*n) + 64);
	struct spool *spool = NULL;
	const time_t now = clock_now();

	if (own == NULL || (n = arena_alloc(own, sizeof(*n))) == NULL)
		return err_nomem(err);
	n->options = options;
	bool ok = open_arenas(n, err);
	n->stage = (struct stage){ .db = db, .conf = conf, .tenant = tenant,
		.log = &n->log, .arena = n->arena, .scratch = n->scratch,
		.night = calendar_night(&conf->calendar, now),
		.today = clock_day(conf->timezone, now),
		.cancelled = options->cancelled };
	n->log = (struct runlog){ .db = db, .arena = n->run_arena };
	if (ok) {
		open_connectors(n);
		ok = spool_open(&spool, err) &&
		    stage_pull_to_spool(&n->stage, spool, err) &&
		    load_and_show(n, spool, show, arg, err);
		if (ok && first_problem(n) != NULL)
			ok = err_set(err, first_problem(n)->kind, "%s",
			    first_problem(n)->msg);
	}
	tenant->epoch = 0;
	spool_close(spool);
	night_close(n);
	return ok;
}
