/*
 * rig.h - an AskNicely driver opened for a test, and what no request of any
 * test may hold.
 */
#ifndef TESTS_ASKNICELY_RIG_H
#define TESTS_ASKNICELY_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include <cmocka.h>

#include "asknicely/asknicely.h"
#include "clock.h"
#include "http.h"
#include "options.h"
#include "simhttpd.h"

#define RIG_KEY "k-0123456789abcdef"
#define RIG_REF "7d444840-9dc0-41d1-b245-5ffdce74fad2"
#define RIG_NOW 1795572000	/* 2026-11-25T02:00:00Z */
#define RIG_BASE "https://acme.asknice.ly/api/v1"
#define RIG_CAMPAIGNS "campaign = ( { id = \"Møde\"; segment = \"Moede\"; }, " \
	"{ id = \"sale\"; alias = \"Salg\"; } );"

extern const struct survey_connector asknicely_survey;

struct rig {
	struct asknicely_settings set;
	struct connector_env env;
	struct arena *arena, *scratch;
	void *self;
	struct err err;
	time_t now;
	int bad, skipped;
	char source[64], key[64], reason[128];	/* of the last bad row */
};

static inline time_t
rig_clock(void *clock)
{
	return ((const struct rig *)clock)->now;
}

static inline void
rig_bad(void *arg, const char *source, long line, const char *key,
    const char *reason)
{
	struct rig *rig = arg;

	assert_int_equal(line, 0);
	rig->bad++;
	(void)snprintf(rig->source, sizeof(rig->source), "%s", source);
	(void)snprintf(rig->key, sizeof(rig->key), "%s",
	    key == NULL ? "-" : key);
	(void)snprintf(rig->reason, sizeof(rig->reason), "%s", reason);
}

static inline void
rig_skipped(void *arg)
{
	((struct rig *)arg)->skipped++;
}

/* text = lines of the survey group; false: what options say of it. */
static inline void
rig_settings(struct rig *rig, const char *base, const char *text)
{
	struct options_file *file;
	char conf[4096];

	*rig = (struct rig){ .now = RIG_NOW, .arena = arena_new(1u << 24),
		.scratch = arena_new(1u << 24) };
	(void)snprintf(conf, sizeof(conf),
	    "survey = { base_url = \"%s\"; %s %s };", base,
	    strstr(text, "campaign = (") == NULL ? RIG_CAMPAIGNS : "", text);
	if (!options_open_text(conf, "t.conf", &file, &rig->err) ||
	    !options_fill(asknicely_opts, &rig->set,
	        options_find(file, "survey"), "t.conf", "survey", NULL,
	        rig->arena, &rig->err))
		fail_msg("%s", rig->err.msg);
	options_close(file);
	rig->set.api_key = RIG_KEY;
	rig->env = (struct connector_env){ .instance = "survey",
		.settings = &rig->set, .scratch = rig->scratch,
		.now = rig_clock, .clock = rig, .quarantine = rig_bad,
		.quarantine_arg = rig, .skipped = rig_skipped };
}

/* With an engine that tries once and keeps no rate. */
static inline void
rig_open(struct rig *rig, const char *base, const char *text, long timeout_s)
{
	struct http_settings settings = http_defaults;

	rig_settings(rig, base, text);
	if (strstr(text, "read_rate_per_second") == NULL)
		rig->set.read_rate_per_second = 1e6;	/* as good as none */
	settings.tries = 1;
	settings.answer_timeout_s = timeout_s;
	if (!http_open(&settings, NULL, &rig->env.http, &rig->err) ||
	    !asknicely_survey.open(&rig->env, &rig->self, &rig->err))
		fail_msg("%s", rig->err.msg);
}

static inline void
rig_close(struct rig *rig)
{
	asknicely_survey.close(rig->self);
	if (rig->env.http != NULL)
		http_close(rig->env.http);
	arena_free(rig->scratch);
	arena_free(rig->arena);
}

/* AN-11, AN-12: nothing overrides what people said, the key stays out of
 * addresses, and a call that changes contacts is made by erase alone. */
static inline void
rig_check_request(const char *request, bool erases)
{
	static const char *const never[] = { "triggeremail", "thendeactivate",
		"/contact/remove", "deactivateall" };
	const size_t line = strcspn(request, "\r");

	for (size_t i = 0; i < ARRAY_LEN(never); i++)
		if (strstr(request, never[i]) != NULL)
			fail_msg("%s in %s", never[i], request);
	if (!erases)
		assert_null(strstr(request, "/privacy/"));
	assert_null(memmem(request, line, RIG_KEY, strlen(RIG_KEY)));
	assert_null(memmem(request, line, "apikey", strlen("apikey")));
	assert_non_null(strstr(request, "\r\nX-apikey: " RIG_KEY "\r\n"));
}

/* All is well, and every reply was used. */
static inline void
rig_done(struct rig *rig, struct simhttpd *sim, bool erases)
{
	if (simhttpd_problem(sim, true) != NULL)
		fail_msg("%s", simhttpd_problem(sim, true));
	for (size_t i = 0; i < simhttpd_requests(sim); i++)
		rig_check_request(simhttpd_request(sim, i), erases);
	rig_close(rig);
	simhttpd_stop(sim);
}

#endif
