/*
 * surveyrig.h - the survey side of the `rest` driver for tests: the template of a
 * profile that is shipped, or one from text.
 */
#ifndef TESTS_REST_SURVEYRIG_H
#define TESTS_REST_SURVEYRIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "clock.h"
#include "http.h"
#include "options.h"
#include "rest/profile.h"

#define RIG_REF "7d444840-9dc0-41d1-b245-5ffdce74fad2"
#define RIG_PROFILE "conf/survey.d/example.conf"

extern const struct survey_connector rest_survey;

struct rig {
	struct arena *arena, *scratch;
	struct rest_survey_settings set;
	struct connector_env env;
	struct http *http;
	void *self;
	struct err err;
	time_t now;
	int quarantined;
	char reason[128];
};

static inline time_t
rig_time(const char *text)
{
	time_t t;

	assert_true(clock_parse_iso(text, "UTC", &t));
	return t;
}

static inline time_t
rig_now(void *clock)
{
	return *(const time_t *)clock;
}

static inline void
rig_quarantine(void *arg, const char *source, long line, const char *key,
    const char *reason)
{
	struct rig *rig = arg;

	(void)source;
	(void)line;
	(void)key;
	rig->quarantined++;
	(void)snprintf(rig->reason, sizeof(rig->reason), "%s", reason);
}

/* text NULL = the template that is shipped. */
static inline void
rig_settings(struct rig *rig, const char *base_url, const char *text)
{
	struct options_file *file = NULL;
	const bool read = text != NULL;

	*rig = (struct rig){ .arena = arena_new((size_t)4 << 20),
		.scratch = arena_new((size_t)4 << 20),
		.now = rig_time("2026-11-25T02:00:00Z") };
	rig->set.place = (struct rest_place){ .base_url = base_url,
		.user = "npsync", .secret = "s3cret", .token_url = "" };
	if (!(read ? options_open_text(text, "test.conf", &file, &rig->err)
	           : options_open(RIG_PROFILE, &file, &rig->err)) ||
	    !options_fill(rest_survey_profile_opts, &rig->set.profile,
		options_root(file), read ? "test.conf" : RIG_PROFILE, "", NULL,
		rig->arena, &rig->err))
		fail_msg("%s", rig->err.msg);
	rig->set.profile.from = (struct opt_profile){ "test",
		read ? "test.conf" : RIG_PROFILE, NULL };
	options_close(file);
	rig->env = (struct connector_env){ .instance = "survey",
		.settings = &rig->set, .timezone = "Europe/Copenhagen",
		.scratch = rig->scratch, .now = rig_now, .clock = &rig->now,
		.quarantine = rig_quarantine, .quarantine_arg = rig };
}

static inline void
rig_open(struct rig *rig, const char *base_url, const char *text)
{
	struct http_settings settings = http_defaults;

	settings.tries = 1;
	settings.answer_timeout_s = 10;
	settings.breaker = (struct breaker_settings){ 0 };
	rig_settings(rig, base_url, text);
	if (!http_open(&settings, NULL, &rig->http, &rig->err))
		fail_msg("%s", rig->err.msg);
	rig->env.http = rig->http;
	if (!rest_survey.open(&rig->env, &rig->self, &rig->err))
		fail_msg("%s", rig->err.msg);
}

static inline void
rig_close(struct rig *rig)
{
	rest_survey.close(rig->self);
	http_close(rig->http);
	arena_free(rig->scratch);
	arena_free(rig->arena);
}

static inline struct respondent
rig_respondent(void)
{
	return (struct respondent){ .ref = RIG_REF, .campaign_id = "7749",
		.trigger = "meet", .email = "john@example.com",
		.phone = "+4512345678",
		.name = { .full = "John Marc Doe" },
		.contact_id = "crm:9001", .company = "Acme \"INC.\"",
		.employee = { .id = "e5", .name = "Jens Peter Hansen" },
		.send_at = 1795420800 };
}

#endif
