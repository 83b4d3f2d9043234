/*
 * npsync's own health: states in table alarm, each told once per change.  A run
 * that a person took apart with --only, and one that was stopped, say nothing:
 * they did not see enough.
 */
#include <string.h>

#include "alarm.h"
#include "clock.h"
#include "log.h"
#include "night_int.h"
#include "night_vanished.h"
#include "runlog_night.h"
#include "stage_alarms.h"
#include "stage_push.h"
#include "suppressed.h"

#define NO_RUN_S (26 * 3600)
#define SECRET_DAYS 14

/* ---- one state ----------------------------------------------------------- */
static bool
put(struct night *n, const char *kind, const char *subject,
    const char *detail, struct err *err)
{
	const struct stage *s = &n->stage;
	bool changed = false;

	if (detail == NULL)
		return alarm_end(s->db, s->tenant->id, kind, subject,
		    clock_now(), s->arena, err);
	if (!alarm_set(s->db, s->tenant->id, kind, subject, detail,
	        clock_now(), s->arena, &changed, err))
		return false;
	if (changed)
		log_ev(LOG_LEVEL_WARNING, "health", "alarm=%s subject=%s "
		    "detail=%s", kind, log_quote(subject), log_quote(detail));
	return true;
}

/* ---- runs ---------------------------------------------------------------- */
static bool
put_run(struct night *n, const char *before, const char *failure,
    struct err *err)
{
	const char *kind = night_kind_name(n->options->kind);

	/* Somebody sits in front of it. */
	if (n->options->kind == RUN_MANUAL)
		return true;
	if (failure == NULL && strcmp(before, "killed") == 0)
		failure = "the run before was killed, or the machine went "
		    "down";
	return put(n, "run", kind, failure, err);
}

static bool
put_gap(struct night *n, time_t last_good, struct err *err)
{
	const char *zone = n->stage.conf->timezone;
	const time_t now = clock_now();
	char from[32], until[32];

	if (last_good == NO_TIME || now - last_good <= NO_RUN_S)
		return put(n, "no_run", "", NULL, err);
	return put(n, "no_run", "", arena_printf(n->stage.arena,
	    "no run ended well between %s and %s", clock_words(from, zone,
	    last_good), clock_words(until, zone, now)), err);
}

static bool
put_runs(struct night *n, const char *failure, struct err *err)
{
	const char *before = "";
	time_t last_good = NO_TIME;

	return runlog_before(n->stage.db, &n->log,
	    night_kind_name(n->options->kind), n->stage.arena, &before,
	    &last_good, err) && put_run(n, before, failure, err) &&
	    put_gap(n, last_good, err);
}

/* ---- connectors ---------------------------------------------------------- */
/* whole: the run came to its end, so that who did not fail is well. */
/* What a run did not try it cannot call well; by day that ends only which was
 * noticed by day. */
static bool
put_well(struct night *n, const char *kind, const char *subject, bool tried,
    struct err *err)
{
	const struct stage *s = &n->stage;

	if (tried)
		return put(n, kind, subject, NULL, err);
	return n->options->kind != RUN_HOURLY || alarm_end_hourly(s->db,
	    s->tenant->id, kind, subject, clock_now(), s->arena, err);
}

static bool
put_link(struct night *n, const struct link *link, const char *name,
    bool whole, struct err *err)
{
	const struct err *problem = link->failed ? &link->problem :
	    link->aside.kind != ERR_NONE ? &link->aside : NULL;

	if (problem != NULL)
		return put(n, "connector", name, problem->msg, err);
	return !whole || put_well(n, "connector", name,
	    n->options->kind != RUN_HOURLY, err);
}

/* Of a connection that the configuration has no more, nobody will say that it is
 * well. */
static bool
end_of_others(struct night *n, struct err *err)
{
	const struct conf *conf = n->stage.conf;
	const struct stage *s = &n->stage;
	struct db_array links, service;

	db_array_init(&links);
	db_array_init(&service);
	for (size_t i = 0; i < conf->n_crm; i++)
		db_array_text(&links, conf->crm[i].name);
	db_array_text(&links, conf->survey.driver);
	db_array_text(&service, conf->survey.driver);
	const bool ok = alarm_end_others(s->db, s->tenant->id, "connector",
	    &links, clock_now(), s->arena, err) &&
	    alarm_end_others(s->db, s->tenant->id, "suppressed", &service,
	        clock_now(), s->arena, err) &&
	    alarm_end_others(s->db, s->tenant->id, "unconfirmed", &service,
	        clock_now(), s->arena, err);
	db_array_free(&links);
	db_array_free(&service);
	return ok;
}

/* A run that asked too few leaves it as it was. */
static bool
put_suppressed(struct night *n, struct err *err)
{
	const struct conf_survey *conf = &n->stage.conf->survey;
	const long long held = runlog_reason(&n->log, "push",
	    PUSH_SUPPRESSED_REASON);
	const long long ended = runlog_get(&n->log, "push", "sent") +
	    runlog_get(&n->log, "push", "failed") +
	    runlog_get(&n->log, "push", "unknown");

	switch (suppressed_judge(held, ended, conf->warn_suppressed_pct)) {
	case SUPPRESSED_CANNOT_SAY:
		return true;
	case SUPPRESSED_FEW:
		return put(n, "suppressed", conf->driver, NULL, err);
	case SUPPRESSED_MANY:
		return put(n, "suppressed", conf->driver, arena_printf(
		    n->stage.arena, "%lld of %lld people of a run (%lld %%) were "
		    "held back by rules of the service: compare them with "
		    "rules.throttle_days (survey.warn_suppressed_pct is %d)",
		    held, ended, held * 100 / ended,
		    conf->warn_suppressed_pct), err);
	}
	return true;
}

/* A run that looked at nobody leaves it as it was, as long as somebody waits for
 * a look. */
static bool
put_unsure(struct night *n, struct err *err)
{
	const struct stage *s = &n->stage;
	const char *driver = s->conf->survey.driver;

	if (n->survey.unsure.kind != ERR_NONE)
		return put(n, "unconfirmed", driver, n->survey.unsure.msg, err);
	if (n->survey.looked > 0)
		return put(n, "unconfirmed", driver, NULL, err);
	return alarm_end_unsure(s->db, s->tenant->id, PUSH_UNSURE_REASON,
	    clock_now(), s->arena, err);
}

static bool
put_links(struct night *n, bool whole, struct err *err)
{
	const struct conf *conf = n->stage.conf;

	for (size_t i = 0; i < n->stage.n_crm; i++)
		if (!put_link(n, &n->crms[i].link, conf->crm[i].name, whole,
		        err))
			return false;
	if (!put_link(n, &n->survey.link, conf->survey.driver, whole, err))
		return false;
	/* What the connector failed at is told as that. */
	if (n->service.kind != ERR_NONE && !n->survey.link.failed)
		return put(n, "transfer", "", n->service.msg, err);
	return !whole || n->survey.link.failed ||
	    put_well(n, "transfer", "", n->transferred, err);
}

/* ---- keys ---------------------------------------------------------------- */
static bool
put_secrets(struct night *n, struct err *err)
{
	const struct stage *s = &n->stage;
	struct db_array subjects, details;
	char day[16];

	db_array_init(&subjects);
	db_array_init(&details);
	for (const struct conf_expiry *e = s->conf->expiring; e != NULL;
	    e = e->next) {
		const int left = day_diff(e->day, s->today);
		if (left > SECRET_DAYS)
			continue;
		db_array_text(&subjects, e->name);
		db_array_text(&details, arena_printf(s->arena, "%s on %s: get "
		    "a new key, then `npsync secret set %s --expires DAY`",
		    left < 0 ? "it ended" : "it ends", day_iso(day, e->day),
		    e->name));
	}
	const bool ok = alarm_sync(s->db, s->tenant->id, "secret", &subjects,
	    &details, clock_now(), s->arena, err);
	db_array_free(&subjects);
	db_array_free(&details);
	return ok;
}

/* ---- the end ------------------------------------------------------------- */
/* That people could not be told is known after they were to be; who could be
 * told is well. */
static bool
put_mail(struct night *n, struct err *err)
{
	if (n->mail.kind != ERR_NONE)
		return put(n, "mail", "", n->mail.msg, err);
	if (runlog_get(&n->log, "alarms", "told") +
	    runlog_get(&n->log, "health", "told") +
	    runlog_get(&n->log, "preview", "mailed") > 0)
		return put(n, "mail", "", NULL, err);
	return true;
}

static bool
health(struct night *n, const char *failure, struct err *err)
{
	const bool whole = failure == NULL;

	arena_reset(n->stage.arena);
	if (n->options->only == RUN_ALL && !(put_runs(n, failure, err) &&
	    end_of_others(n, err) && put_links(n, whole, err) &&
	    put_suppressed(n, err) && put_unsure(n, err) && put_secrets(n, err) &&
	    (!whole || n->options->kind == RUN_HOURLY ||
	        night_find_vanished(n, err))))
		return false;
	return stage_alarms_health(&n->stage, &n->mail, err) &&
	    put_mail(n, err);
}

bool
night_health(struct night *n, bool ok, struct err *err)
{
	struct err own = { .kind = ERR_NONE };

	if ((n->options->only & RUN_ALARMS) == 0)
		return ok;
	if (ok)
		return health(n, NULL, err);
	if (err->kind != ERR_CANCELLED && err->kind != ERR_DB_AWAY &&
	    err->kind != ERR_BUSY && err->kind != ERR_NOMEM &&
	    !health(n, err->msg, &own))
		log_ev(LOG_LEVEL_ERROR, "health", "error=%s",
		    log_quote(own.msg));
	return false;
}
