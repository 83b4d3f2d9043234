/*
 * crmrig.h - an opened CRM side of the rest driver for tests: a profile from
 * text, a frozen clock, and all that came out of it as text.
 */
#ifndef TESTS_REST_CRMRIG_H
#define TESTS_REST_CRMRIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "arena.h"
#include "buf.h"
#include "clock.h"
#include "connector.h"
#include "http.h"
#include "options.h"
#include "rest/profile.h"
#include "simhttpd.h"

extern const struct crm_connector rest_crm;

struct rig {
	struct arena *arena, *scratch;
	struct rest_crm_settings set;
	struct connector_env env;
	struct crm_connector crm;	/* narrowed */
	struct http *http;
	struct simhttpd *sim;
	void *self;
	struct buf seen, bad;		/* emitted records; quarantine */
	int skipped;
	char resume[4096], watermark[1024];
	int pages, stop_page;		/* checkpoints; which says stop */
	struct err err;
	time_t now;
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
	buf_printf(&rig->bad, "%s %s: %s\n", source, key == NULL ? "-" : key,
	    reason);
}

static inline void
rig_skipped(void *arg)
{
	struct rig *rig = arg;

	rig->skipped++;
}

/* text: the profile, with ' for ".  False: err. */
static inline bool
rig_profile(struct rig *rig, const char *name, const char *text)
{
	struct options_file *file = NULL;
	char *conf = arena_strdup(rig->arena, text);

	for (char *c = conf; *c != '\0'; c++)
		if (*c == '\'')
			*c = '"';
	rig->set.profile.from = (struct opt_profile){ name, name, NULL };
	const bool ok = options_open_text(conf, name, &file, &rig->err) &&
	    options_fill(rest_crm_profile_opts, &rig->set.profile,
	        options_root(file), name, "", NULL, rig->arena, &rig->err);
	if (ok)
		rig->set.profile.from.places = options_places(file, name,
		    rig->arena);
	options_close(file);
	return ok;
}

static inline void
rig_begin(struct rig *rig)
{
	*rig = (struct rig){ .now = rig_time("2026-11-25T02:00:00Z") };
	rig->arena = arena_new(16 << 20);
	rig->scratch = arena_new(4 << 20);
	buf_init(&rig->seen, 1 << 20);
	buf_init(&rig->bad, 1 << 20);
	rig->set.place = (struct rest_place){ .base_url = "http://127.0.0.1:1/",
		.user = "npsync", .secret = "s3cret", .token_url = "" };
}

static inline bool
rig_open(struct rig *rig)
{
	struct http_settings settings = http_defaults;

	settings.tries = 1;
	settings.rate_per_second = 0;
	settings.answer_timeout_s = 10;
	if (!http_open(&settings, NULL, &rig->http, &rig->err))
		fail_msg("%s", rig->err.msg);
	rig->env = (struct connector_env){ .instance = "crm",
		.settings = &rig->set, .timezone = "Europe/Copenhagen",
		.http = rig->http, .scratch = rig->scratch, .now = rig_now,
		.clock = &rig->now, .quarantine = rig_quarantine,
		.skipped = rig_skipped,
		.quarantine_arg = rig };
	rig->crm = rest_crm;
	rest_crm.narrow(&rig->set, &rig->crm);
	return rig->crm.open(&rig->env, &rig->self, &rig->err);
}

/* With a server that serves script. */
static inline void
rig_start(struct rig *rig, const char *profile, const struct sim_reply *script,
    size_t n)
{
	rig_begin(rig);
	rig->sim = simhttpd_start(script, n);
	assert_non_null(rig->sim);
	rig->set.place.base_url = arena_printf(rig->arena, "%s/api",
	    simhttpd_url(rig->sim));
	if (!rig_profile(rig, "test.conf", profile) || !rig_open(rig))
		fail_msg("%s", rig->err.msg);
}

/* all: the whole script must have been used. */
static inline void
rig_end(struct rig *rig, bool all)
{
	const char *problem = rig->sim == NULL ? NULL
	    : simhttpd_problem(rig->sim, all);

	if (problem != NULL)
		fail_msg("%s", problem);
	rest_crm.close(rig->self);
	http_close(rig->http);
	if (rig->sim != NULL)
		simhttpd_stop(rig->sim);
	buf_free(&rig->seen);
	buf_free(&rig->bad);
	arena_free(rig->scratch);
	arena_free(rig->arena);
}

/* ---- what comes out ------------------------------------------------------- */

static inline const char *
rig_or(const char *text)
{
	return text == NULL ? "-" : text;
}

static inline bool
rig_event(void *arg, const struct crm_event *ev)
{
	struct rig *rig = arg;
	char at[32];

	return buf_printf(&rig->seen, "%s %s %s %s %s\n", ev->trigger,
	    ev->event_id, rig_or(ev->contact_id), clock_iso(at,
	    ev->occurred_at), ev->automatic ? "auto" : rig_or(ev->category));
}

static inline bool
rig_activity(void *arg, const struct crm_activity *a)
{
	struct rig *rig = arg;

	return buf_printf(&rig->seen, "%d %s %s %d%s%s\n", (int)a->kind,
	    a->activity_id, a->contact_id, a->day, a->done ? " done" : "",
	    a->cancelled ? " cancelled" : "");
}

static inline void
rig_tags(struct buf *to, const char *what, const char *const *tags)
{
	for (; tags != NULL && *tags != NULL; tags++)
		buf_printf(to, " %s%s", what, *tags);
}

static inline bool
rig_contact(void *arg, const struct crm_contact *c)
{
	struct rig *rig = arg;
	struct buf *to = &rig->seen;

	buf_printf(to, "%s", c->contact_id);
	if (c->gone)
		return buf_str(to, " gone\n");
	buf_printf(to, " %s <%s> %s/%s employed=%d%s", rig_or(
	    c->name.full != NULL ? c->name.full : c->name.first),
	    rig_or(c->email), rig_or(c->company), rig_or(c->relation),
	    (int)c->employed, c->opted_out ? " out" : "");
	if (c->moved_to != NULL)
		buf_printf(to, " moved=%s", c->moved_to);
	if (c->link != NULL)
		buf_printf(to, " %s", c->link);
	rig_tags(to, "#", c->tags);
	rig_tags(to, "##", c->company_tags);
	for (const char *const (*x)[2] = c->extra; x != NULL &&
	     (*x)[0] != NULL; x++)
		buf_printf(to, " %s=%s", (*x)[0], (*x)[1]);
	return buf_char(to, '\n');
}

static inline bool
rig_value(void *arg, const char *id, const char *label, long count)
{
	struct rig *rig = arg;

	return buf_printf(&rig->seen, "%s=%s (%ld)\n", id, label, count);
}

static inline bool
rig_checkpoint(void *arg, const char *resume, const char *watermark)
{
	struct rig *rig = arg;

	snprintf(rig->resume, sizeof(rig->resume), "%s", rig_or(resume));
	if (watermark != NULL)
		snprintf(rig->watermark, sizeof(rig->watermark), "%s",
		    watermark);
	return ++rig->pages != rig->stop_page;
}

static inline struct pull
rig_pull(const struct rig *rig, const char *watermark, const char *resume)
{
	return (struct pull){ .watermark = watermark, .resume = resume,
		.until = rig->now, .overlap_s = 900, .lag_s = 60 };
}

static inline bool
rig_events(struct rig *rig, const char *watermark, const char *resume)
{
	const struct pull pull = rig_pull(rig, watermark, resume);

	return rig->crm.pull_events(rig->self, &pull, rig_event, rig_checkpoint,
	    rig, &rig->err);
}

static inline bool
rig_contacts(struct rig *rig, const char *watermark, const char *resume)
{
	const struct pull pull = rig_pull(rig, watermark, resume);

	return rig->crm.pull_contacts(rig->self, &pull, rig_contact,
	    rig_checkpoint, rig, &rig->err);
}

#define RIG_SEES(rig, text) assert_string_equal(buf_text(&(rig)->seen), text)
#define RIG_REFUSES(rig, text) assert_string_equal(buf_text(&(rig)->bad), text)

#endif
