#include "night_int.h"

#include <stdarg.h>
#include <stdio.h>

#include "clock.h"
#include "log.h"

#define RUN_ARENA_BYTES ((size_t)16 << 20)
#define SCRATCH_BYTES ((size_t)64 << 20)

bool
night_init(struct night *n, struct db *db, const struct conf *conf,
    struct tenant *tenant, const struct run_options *options, struct err *err)
{
	const time_t now = clock_now();

	n->options = options;
	if (conf->n_crm > NIGHT_CRMS_MAX)
		return err_set(err, ERR_CONFIG, "%s: crm: expected at most %d",
		    conf->file, NIGHT_CRMS_MAX);
	n->run_arena = arena_new(RUN_ARENA_BYTES);
	n->arena = arena_new(RUN_ARENA_BYTES);
	n->scratch = arena_new(SCRATCH_BYTES);
	if (n->run_arena == NULL || n->arena == NULL || n->scratch == NULL)
		return err_nomem(err);
	n->log = (struct runlog){ .db = db, .arena = n->run_arena };
	n->stage = (struct stage){ .db = db, .conf = conf, .tenant = tenant,
		.log = &n->log, .arena = n->arena, .scratch = n->scratch,
		.night = calendar_night(&conf->calendar, now),
		.today = clock_day(conf->timezone, now),
		.may_yield = options->kind == RUN_HOURLY,
		.cancelled = options->cancelled };
	return true;
}

void
night_open_connectors(struct night *n)
{
	const struct conf *conf = n->stage.conf;
	struct err err;

	n->stage.crm = n->crms;
	n->stage.n_crm = conf->n_crm;
	for (size_t i = 0; i < conf->n_crm; i++) {
		if (crm_open(&n->crms[i], &conf->crm[i], conf->timezone,
		        n->stage.cancelled, &err))
			continue;
		n->crms[i].link.failed = true;
		n->crms[i].link.name = conf->crm[i].name;
		n->crms[i].link.problem = err;
		log_ev(LOG_LEVEL_ERROR, "open", "connector=%s error=%s",
		    conf->crm[i].name, log_quote(err.msg));
	}
	if (survey_open(&n->survey, &conf->survey, conf->timezone,
	        n->stage.cancelled, &err)) {
		n->stage.survey = &n->survey;
		return;
	}
	n->survey.link.failed = true;
	n->survey.link.problem = err;
	n->service = err;
	log_ev(LOG_LEVEL_ERROR, "open", "connector=%s error=%s",
	    conf->survey.driver, log_quote(err.msg));
}

void
night_close(struct night *n)
{
	for (size_t i = 0; i < n->stage.n_crm; i++)
		crm_close(&n->crms[i]);
	survey_close(&n->survey);
	arena_free(n->run_arena);
	arena_free(n->arena);
	arena_free(n->scratch);
}

/* A CRM that went without a stage hides no survey service that is away. */
const struct err *
night_problem(const struct night *n)
{
	for (size_t i = 0; i < n->stage.n_crm; i++)
		if (n->crms[i].link.failed)
			return &n->crms[i].link.problem;
	if (n->survey.link.failed)
		return &n->survey.link.problem;
	if (n->service.kind != ERR_NONE)
		return &n->service;
	for (size_t i = 0; i < n->stage.n_crm; i++)
		if (n->crms[i].link.aside.kind != ERR_NONE)
			return &n->crms[i].link.aside;
	if (n->survey.link.aside.kind != ERR_NONE)
		return &n->survey.link.aside;
	if (n->survey.unsure.kind != ERR_NONE)
		return &n->survey.unsure;
	return n->mail.kind != ERR_NONE ? &n->mail : NULL;
}

/* One CRM failed, or went without a stage; another one came to its end. */
static bool
is_partial(const struct night *n, const struct err *problem)
{
	size_t failed = 0;

	for (size_t i = 0; i < n->stage.n_crm; i++)
		failed += n->crms[i].link.failed ||
		    problem == &n->crms[i].link.aside;
	return failed > 0 && failed < n->stage.n_crm;
}

int
night_exit_code(const struct night *n, const struct err *problem)
{
	const int code = err_exit_code(problem->kind);

	/* 69: the service is away; 78: the administrator must act. */
	return !is_partial(n, problem) &&
	    (code == 69 || code == 78 || code == 77) ? code : 1;
}

void
night_say(struct night *n, const char *fmt, ...)
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

	n->options->say(n->options->say_arg, line);
}

void
night_say_counts(struct night *n)
{
	arena_reset(n->arena);
	if (n->options->say != NULL)
		runlog_lines(&n->log, n->arena, say_line, n);
}
