/*
 * lab.h - the HubSpot driver opened on tests/sim/hubspot, and the nights of a
 * core that meets each event once.
 */
#ifndef TESTS_HUBSPOT_LAB_H
#define TESTS_HUBSPOT_LAB_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "arena.h"
#include "clock.h"
#include "common/idmap.h"
#include "connector.h"
#include "crmsim.h"
#include "http.h"
#include "hubspot/settings.h"
#include "options.h"

#define LAB_NOW "2026-11-25T20:00:00Z"
#define LAB_TOKEN "pat-eu1-11111111-2222-4333-8444-555555555555"

extern const struct crm_connector hubspot_crm;

struct lab {
	struct crmsim *sim;
	struct arena *arena, *scratch;
	struct hs_settings set;
	struct connector_env env;
	struct crm_connector crm;	/* narrowed */
	struct http *http;
	const struct http_clock *clock;	/* of waits; NULL = the real one */
	int tries;			/* of the engine; 1 */
	void *self;
	time_t now;
	size_t bad;			/* rows that could not be read */
	struct err err;
};

/* ---- a clock on which nobody waits ---------------------------------------- */
static int64_t lab_ms = 1000;

static inline int64_t
lab_clock_now(void)
{
	return lab_ms;
}

static inline void
lab_clock_sleep(int64_t ms)
{
	lab_ms += ms > 0 ? ms : 0;
}

static const struct http_clock lab_clock = { lab_clock_now, lab_clock_sleep };

static inline time_t
lab_time(void *clock)
{
	return *(const time_t *)clock;
}

static inline void
lab_quarantine(void *arg, const char *source, long line, const char *key,
    const char *reason)
{
	struct lab *lab = arg;

	(void)source, (void)line, (void)key, (void)reason;
	lab->bad++;
}

/* ---- begin and end --------------------------------------------------------- */
static inline void
lab_settings(struct lab *lab, const char *conf)
{
	struct options_file *file = NULL;
	char *text = arena_printf(lab->arena, "base_url = '%s'; token = "
	    "'file:/dev/null'; %s", crmsim_url(lab->sim), conf);

	for (char *c = text; *c != '\0'; c++)
		*c = *c == '\'' ? '"' : *c;
	if (!options_open_text(text, "lab", &file, &lab->err) ||
	    !options_fill(hubspot_crm.info.opts, &lab->set, options_root(file),
	        "lab", "", NULL, lab->arena, &lab->err))
		fail_msg("%s", lab->err.msg);
	options_close(file);
	lab->set.token = LAB_TOKEN;
}

/* conf: keys of the group, with ' for "; address and token are there. */
static inline void
lab_open(struct lab *lab, const char *conf)
{
	struct http_settings settings = http_defaults;

	lab_settings(lab, conf);
	settings.tries = lab->tries;
	settings.rate_per_second = 0;
	settings.answer_timeout_s = 20;
	settings.breaker.in_a_row = 0;
	settings.clock = lab->clock;
	if (!http_open(&settings, NULL, &lab->http, &lab->err))
		fail_msg("%s", lab->err.msg);
	lab->env = (struct connector_env){ .instance = "crm",
		.settings = &lab->set, .timezone = "Europe/Copenhagen",
		.http = lab->http, .scratch = lab->scratch, .now = lab_time,
		.clock = &lab->now, .quarantine = lab_quarantine,
		.quarantine_arg = lab };
	lab->crm = hubspot_crm;
	hubspot_crm.narrow(&lab->set, &lab->crm);
	if (!lab->crm.open(&lab->env, &lab->self, &lab->err))
		fail_msg("%s", lab->err.msg);
}

static inline void
lab_close(struct lab *lab)
{
	hubspot_crm.close(lab->self);
	http_close(lab->http);
}

static inline void
lab_go(struct lab *lab, const char *now)
{
	assert_true(clock_parse_iso(now, "UTC", &lab->now));
	(void)crmsim_ask(lab->sim, "now", "{'now':'%s'}", now);
}

static inline void
lab_start(struct lab *lab, const char *const *options)
{
	*lab = (struct lab){ .sim = crmsim_start("hubspot", LAB_NOW, options),
		.arena = arena_new(64 << 20), .scratch = arena_new(16 << 20),
		.clock = &lab_clock, .tries = 1 };
	lab_go(lab, LAB_NOW);
}

static inline void
lab_stop(struct lab *lab)
{
	crmsim_stop(lab->sim);
	arena_free(lab->arena);
	arena_free(lab->scratch);
}

#endif
