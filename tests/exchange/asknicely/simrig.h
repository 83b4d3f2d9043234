/*
 * simrig.h - the driver against tests/sim/asknicely, on a clock that both share:
 * what waits, waits by that clock.
 */
#ifndef TESTS_ASKNICELY_SIMRIG_H
#define TESTS_ASKNICELY_SIMRIG_H

#include "rig.h"

#include <stdlib.h>

#include "crmsim.h"
#include "json.h"

#define SIM_START "2026-11-25T02:00:00Z"	/* RIG_NOW */
#define HOUR_S 3600

static struct rig rig;
static struct crmsim *sim;
static time_t simrig_now;

static inline int64_t
simrig_ms(void)
{
	return 1000 * (int64_t)simrig_now;
}

static inline void
simrig_go_to(time_t t)
{
	char text[32];

	simrig_now = rig.now = t;
	(void)crmsim_ask(sim, "now", "{'now': '%s'}", clock_iso(text, t));
}

static inline void
simrig_sleep(int64_t ms)
{
	simrig_go_to(simrig_now + (time_t)((ms + 999) / 1000));
}

/* An engine that tries once: what it cannot do, the next round does. */
static inline void
simrig_open(const char *conf)
{
	static const struct http_clock clock = { simrig_ms, simrig_sleep };
	struct http_settings settings = http_defaults;
	char base[96];

	(void)snprintf(base, sizeof(base), "%s/api/v1", crmsim_url(sim));
	rig_settings(&rig, base, conf);
	rig.now = simrig_now;
	settings.tries = 1;
	settings.answer_timeout_s = 2;
	settings.breaker.in_a_row = 0;
	settings.breaker.window = 0;
	settings.clock = &clock;
	if (!http_open(&settings, NULL, &rig.env.http, &rig.err) ||
	    !asknicely_survey.open(&rig.env, &rig.self, &rig.err))
		fail_msg("%s", rig.err.msg);
}

static inline void
simrig_start(const char *const *options)
{
	const char *all[16] = { "--key", RIG_KEY };
	size_t n = 2;

	for (; options != NULL && *options != NULL; options++) {
		assert_true(n < ARRAY_LEN(all) - 1);
		all[n++] = *options;
	}
	simrig_now = RIG_NOW;
	sim = crmsim_start("asknicely", SIM_START, all);
}

/* AN-05, AN-07, AN-09, AN-11, AN-12: the server counts what none may do. */
static inline void
simrig_stop(void)
{
	const json_t *bad = crmsim_ask(sim, "ledger", "{'kind': 'violation'}");
	json_t *lines = json_object_get(bad, "lines");

	if (json_array_size(lines) > 0)
		fail_msg("%s: %s", json_string_value(json_at(lines, "/0/what")),
		    json_string_value(json_at(lines, "/0/detail")));
	crmsim_stop(sim);
}

static inline void
simrig_fault(const char *fault)
{
	(void)crmsim_ask(sim, "fault", "{'clear': true}");
	if (fault != NULL)
		(void)crmsim_ask(sim, "fault", "{%s}", fault);
}

#endif
