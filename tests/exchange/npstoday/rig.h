/*
 * rig.h - an opened NPS.Today driver for tests: settings from configuration
 * text, a frozen clock, and what it put into quarantine.
 */
#ifndef TESTS_NPSTODAY_RIG_H
#define TESTS_NPSTODAY_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "arena.h"
#include "clock.h"
#include "connector.h"
#include "http.h"
#include "npstoday/npstoday.h"
#include "options.h"

#define RIG_KEY "k-0123456789abcdef"
#define RIG_REF "7d444840-9dc0-41d1-b245-5ffdce74fad2"

extern const struct survey_connector npstoday_survey;

struct rig {
	struct arena *arena, *scratch;
	struct npstoday_settings set;
	struct connector_env env;
	struct http *http;
	void *self;
	struct err err;
	time_t now;
	int quarantined;
	char source[64], key[64], reason[128];
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

	(void)line;
	rig->quarantined++;
	snprintf(rig->source, sizeof(rig->source), "%s", source);
	snprintf(rig->key, sizeof(rig->key), "%s", key == NULL ? "-" : key);
	snprintf(rig->reason, sizeof(rig->reason), "%s", reason);
}

/* Fills the settings from `text`, lines of the survey group. */
static inline void
rig_settings(struct rig *rig, const char *base_url, const char *text)
{
	struct options_file *file;
	char conf[4096];

	*rig = (struct rig){ .now = rig_time("2026-11-25T02:00:00Z") };
	rig->arena = arena_new(4194304);
	rig->scratch = arena_new(4194304);
	snprintf(conf, sizeof(conf), "survey = { base_url = \"%s\"; %s };",
	    base_url, text);
	if (!options_open_text(conf, "test.conf", &file, &rig->err) ||
	    !options_fill(npstoday_opts, &rig->set,
		options_find(file, "survey"), "test.conf", "survey", NULL,
		rig->arena, &rig->err))
		fail_msg("%s", rig->err.msg);
	options_close(file);
	rig->set.api_key = RIG_KEY;
	rig->env = (struct connector_env){ .instance = "survey",
		.settings = &rig->set, .scratch = rig->scratch,
		.now = rig_now, .clock = &rig->now,
		.quarantine = rig_quarantine, .quarantine_arg = rig };
}

static inline void
rig_open(struct rig *rig, const char *base_url, const char *text)
{
	rig_settings(rig, base_url, text);
	if (!npstoday_survey.open(&rig->env, &rig->self, &rig->err))
		fail_msg("%s", rig->err.msg);
}

/* With an engine that tries each read once. */
static inline void
rig_open_http(struct rig *rig, const char *base_url, const char *text)
{
	struct http_settings settings = http_defaults;

	settings.tries = 1;
	settings.rate_per_second = 0;
	settings.answer_timeout_s = 10;
	rig_settings(rig, base_url, text);
	if (!http_open(&settings, NULL, &rig->http, &rig->err))
		fail_msg("%s", rig->err.msg);
	rig->env.http = rig->http;
	if (!npstoday_survey.open(&rig->env, &rig->self, &rig->err))
		fail_msg("%s", rig->err.msg);
}

static inline void
rig_close(struct rig *rig)
{
	npstoday_survey.close(rig->self);
	if (rig->http != NULL)
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
		.name = { .full = "John Doe", .first = "John",
		    .last = "Doe" },
		.contact_id = "crm:9001", .country = "DK",
		.company = "Acme \"INC.\"", .company_id = "77",
		.department = "Salg",
		.employee = { .id = "e5", .name = "Jens Peter Hansen",
		    .email = "jph@vendor.dk" },
		.send_at = 1795420800 };
}

#endif
