/*
 * writerig.h - the writing side of the `rest` driver for tests: settings from
 * the text of a profile, without what a profile says of reading.
 */
#ifndef TESTS_REST_WRITERIG_H
#define TESTS_REST_WRITERIG_H

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
#include "rest/tags.h"

struct rig {
	struct arena *arena, *scratch;
	struct rest_crm_settings set;
	struct connector_env env;
	struct http *http;
	struct rest_crm c;
	struct err err;
	time_t now;
};

static inline time_t
rig_now(void *clock)
{
	return *(const time_t *)clock;
}

static inline bool
rig_reads(const char *name)
{
	static const char *const parts[] = { "check", "events", "activities",
		"contacts", "values" };

	for (size_t i = 0; i < ARRAY_LEN(parts); i++)
		if (strcmp(name, parts[i]) == 0)
			return true;
	return false;
}

/* The profile's table without what a profile says of reading. */
static inline const struct opt *
rig_table(void)
{
	static struct opt table[32];
	size_t n = 0;

	for (const struct opt *o = rest_crm_profile_opts; o->name != NULL; o++)
		if (!rig_reads(o->name) && n < ARRAY_LEN(table) - 1)
			table[n++] = *o;
	table[n] = (struct opt){ .name = NULL };
	return table;
}

static inline void
rig_settings(struct rig *rig, const char *base_url, const char *profile)
{
	struct options_file *file;

	*rig = (struct rig){ .arena = arena_new((size_t)16 << 20),
		.scratch = arena_new((size_t)16 << 20) };
	assert_true(clock_parse_iso("2026-11-25T02:00:00Z", "UTC", &rig->now));
	rig->set.place = (struct rest_place){ .base_url = base_url,
		.user = "npsync", .secret = "s3cret", .token_url = "" };
	if (!options_open_text(profile, "test.conf", &file, &rig->err) ||
	    !options_fill(rig_table(), &rig->set.profile, options_root(file),
		"test.conf", "", NULL, rig->arena, &rig->err))
		fail_msg("%s", rig->err.msg);
	options_close(file);
	rig->env = (struct connector_env){ .instance = "crm",
		.settings = &rig->set, .timezone = "Europe/Copenhagen",
		.scratch = rig->scratch, .now = rig_now, .clock = &rig->now };
	rig->c.set = &rig->set;
}

/* False: refused, the reason in rig->err. */
static inline bool
rig_try(struct rig *rig)
{
	static const struct opt_profile from = { "test", "test.conf", NULL };

	return rest_open(&rig->c.rest, &rig->env, &rig->set.place,
		   &rig->set.profile.base, &from, &rig->err) &&
	    rest_writer_open(&rig->c, &rig->err);
}

static inline void
rig_open(struct rig *rig, const char *base_url, const char *profile)
{
	rig_settings(rig, base_url, profile);
	if (!rig_try(rig))
		fail_msg("%s", rig->err.msg);
}

/* With an engine; writes are never repeated by it. */
static inline void
rig_open_http(struct rig *rig, const char *base_url, const char *profile)
{
	struct http_settings settings = http_defaults;

	settings.tries = 2;
	settings.answer_timeout_s = 10;
	settings.backoff_s = 0.01;
	settings.breaker = (struct breaker_settings){ 0 };
	rig_settings(rig, base_url, profile);
	if (!http_open(&settings, NULL, &rig->http, &rig->err))
		fail_msg("%s", rig->err.msg);
	rig->env.http = rig->http;
	if (!rig_try(rig))
		fail_msg("%s", rig->err.msg);
}

static inline void
rig_close(struct rig *rig)
{
	rest_writer_close(&rig->c);
	rest_close(&rig->c.rest);
	http_close(rig->http);
	arena_free(rig->scratch);
	arena_free(rig->arena);
}

#endif
