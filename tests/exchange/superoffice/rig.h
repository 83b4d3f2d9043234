/*
 * rig.h - an opened superoffice connector for tests: settings from text, a
 * frozen clock, and all that came out of it as text.
 */
#ifndef TESTS_SUPEROFFICE_RIG_H
#define TESTS_SUPEROFFICE_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "buf.h"
#include "clock.h"
#include "http.h"
#include "options.h"
#include "simhttpd.h"
#include "superoffice/superoffice.h"

extern const struct crm_connector superoffice_crm;

#define API "/so/api/v1"
#define ONSITE "mode = 'onsite'; auth = 'basic'; user = 'u'; password = " \
	"'credential:p'; base_url = '@URL@/so';"
#define VALUE(rows) "{\"odata.metadata\":\"x\",\"odata.nextLink\":" \
	"\"https://evil.example/next\",\"value\":[" rows "]}"
/* A page of an archive, and the empty one that ends it. */
#define PAGE(archive, rows) { .target = "GET " API archive "?", \
	.body = VALUE(rows) }
#define NONE(archive) PAGE(archive, "")

struct rig {
	struct arena *arena, *scratch;
	struct so_settings set;
	struct connector_env env;
	struct crm_connector crm;	/* narrowed */
	struct http *http;
	struct simhttpd *sim;
	void *self;
	struct buf seen, bad;		/* emitted records; quarantine */
	char resume[8000], watermark[4000];
	int pages, stop_page;		/* checkpoints; which says stop */
	int tries;			/* of the engine; 1 */
	struct pull pull;		/* beside cursor and until */
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
rig_bad(void *arg, const char *source, long line, const char *key,
    const char *reason)
{
	struct rig *rig = arg;

	(void)line;
	buf_printf(&rig->bad, "%s %s: %s\n", source, key == NULL ? "-" : key,
	    reason);
}

/* @URL@ in text is the server's address, ' stands for ", ` for '. */
static inline const char *
rig_text(struct rig *rig, const char *text)
{
	struct buf out;

	buf_init(&out, 100000);
	for (; *text != '\0'; text++) {
		if (strncmp(text, "@URL@", 5) == 0) {
			buf_str(&out, simhttpd_url(rig->sim));
			text += 4;
		} else
			buf_char(&out, *text == '\'' ? '"' : *text == '`' ?
			    '\'' : *text);
	}
	const char *done = arena_strdup(rig->arena, buf_text(&out));
	buf_free(&out);
	return done;
}

static inline bool
rig_settings(struct rig *rig, const char *text)
{
	struct options_file *file = NULL;
	const bool ok = options_open_text(rig_text(rig, text), "conf", &file,
	    &rig->err) && options_fill(superoffice_opts, &rig->set,
	    options_root(file), "conf", "", NULL, rig->arena, &rig->err);

	options_close(file);
	if (ok && *rig->set.password != '\0')
		rig->set.password = "s3cret";
	rig->crm = superoffice_crm;
	superoffice_crm.narrow(&rig->set, &rig->crm);
	return ok;
}

static inline void
rig_begin(struct rig *rig, const struct sim_reply *script, size_t n)
{
	*rig = (struct rig){ .now = rig_time("2026-11-25T03:00:00Z"),
		.tries = 1, .pull = { .overlap_s = 900 } };
	rig->arena = arena_new(64 << 20);
	rig->scratch = arena_new(4 << 20);
	buf_init(&rig->seen, 8 << 20);
	buf_init(&rig->bad, 1 << 20);
	rig->sim = simhttpd_start(script, n);
	assert_non_null(rig->sim);
}

static inline bool
rig_open(struct rig *rig)
{
	struct http_settings settings = http_defaults;

	settings.tries = rig->tries;
	settings.rate_per_second = 0;
	settings.backoff_s = 0.001;
	settings.backoff_max_s = 0.002;
	settings.answer_timeout_s = 10;
	if (!http_open(&settings, NULL, &rig->http, &rig->err))
		fail_msg("%s", rig->err.msg);
	rig->env = (struct connector_env){ .instance = "crm",
		.settings = &rig->set, .timezone = "Europe/Copenhagen",
		.http = rig->http, .scratch = rig->scratch, .now = rig_now,
		.clock = &rig->now, .quarantine = rig_bad,
		.quarantine_arg = rig };
	return superoffice_crm.open(&rig->env, &rig->self, &rig->err);
}

static inline void
rig_start(struct rig *rig, const char *more, const struct sim_reply *script,
    size_t n)
{
	rig_begin(rig, script, n);
	if (!rig_settings(rig, arena_printf(rig->arena, ONSITE "%s", more)) ||
	    !rig_open(rig))
		fail_msg("%s", rig->err.msg);
}

/* The whole script must have been used. */
static inline void
rig_end(struct rig *rig)
{
	const char *problem = simhttpd_problem(rig->sim, true);

	if (problem != NULL)
		fail_msg("%s", problem);
	superoffice_crm.close(rig->self);
	http_close(rig->http);
	simhttpd_stop(rig->sim);
	buf_free(&rig->seen);
	buf_free(&rig->bad);
	arena_free(rig->scratch);
	arena_free(rig->arena);
}

/* ---- what comes out ------------------------------------------------------ */
static inline const char *
rig_or(const char *text)
{
	return text == NULL ? "-" : text;
}

static inline const char *
rig_at(char buf[32], time_t t)
{
	return t == NO_TIME ? "-" : clock_iso(buf, t);
}

static inline bool
rig_event(void *arg, const struct crm_event *ev)
{
	struct rig *rig = arg;
	char at[32], closed[32];

	return buf_printf(&rig->seen, "%s %s %s %s %s %s/%s %s\n", ev->trigger,
	    ev->event_id, rig_or(ev->contact_id), rig_at(at, ev->occurred_at),
	    rig_at(closed, ev->transition_at), rig_or(ev->category),
	    rig_or(ev->stage), rig_or(ev->employee_id));
}

static inline bool
rig_activity(void *arg, const struct crm_activity *a)
{
	struct rig *rig = arg;

	return buf_printf(&rig->seen, "%d %s %s %d%s%s\n", (int)a->kind,
	    a->activity_id, a->contact_id, a->day, a->done ? " done" : "",
	    a->cancelled ? " cancelled" : "");
}

static inline bool
rig_contact(void *arg, const struct crm_contact *c)
{
	struct rig *rig = arg;
	struct buf *to = &rig->seen;

	buf_str(to, c->contact_id);
	if (c->gone)
		return buf_str(to, " gone\n");
	buf_printf(to, " %s <%s> %s employed=%d consent=%d%s",
	    rig_or(c->name.full), rig_or(c->email), rig_or(c->company),
	    (int)c->employed, (int)c->consent, c->opted_out ? " out" : "");
	if (c->opted_out_by != NULL)
		buf_printf(to, " (%s)", c->opted_out_by);
	if (c->owner_id != NULL)
		buf_printf(to, " of %s", c->owner_id);
	for (size_t i = 0; c->tags[i] != NULL; i++)
		buf_printf(to, " #%s", c->tags[i]);
	for (size_t i = 0; c->extra[i][0] != NULL; i++)
		buf_printf(to, " %s=%s", c->extra[i][0], c->extra[i][1]);
	return buf_str(to, "\n");
}

static inline bool
rig_value(void *arg, const char *id, const char *label, long count)
{
	struct rig *rig = arg;

	(void)count;
	return buf_printf(&rig->seen, "%s=%s\n", id, label);
}

static inline bool
rig_checkpoint(void *arg, const char *resume, const char *watermark)
{
	struct rig *rig = arg;

	if (resume != NULL)
		snprintf(rig->resume, sizeof(rig->resume), "%s", resume);
	if (watermark != NULL)
		snprintf(rig->watermark, sizeof(rig->watermark), "%s",
		    watermark);
	return ++rig->pages != rig->stop_page;
}

static inline const struct pull *
rig_pull(struct rig *rig, const char *watermark, const char *resume)
{
	rig->pull.watermark = watermark;
	rig->pull.resume = resume;
	rig->pull.until = rig->now;
	return &rig->pull;
}

static inline bool
rig_events(struct rig *rig, const char *watermark, const char *resume)
{
	return superoffice_crm.pull_events(rig->self, rig_pull(rig, watermark,
	    resume), rig_event, rig_checkpoint, rig, &rig->err);
}

static inline bool
rig_activities(struct rig *rig, const char *watermark)
{
	return superoffice_crm.pull_activities(rig->self, rig_pull(rig,
	    watermark, NULL), rig_activity, rig_checkpoint, rig, &rig->err);
}

static inline bool
rig_load(struct rig *rig, const char *const *ids, size_t n)
{
	return superoffice_crm.load_contacts(rig->self, ids, n, rig_contact,
	    rig, &rig->err);
}

/* The line of request i, unescaped: "GET /x HTTP/1.1". */
static inline const char *
rig_line(struct rig *rig, size_t i)
{
	const char *from = simhttpd_request(rig->sim, i);
	char *line = arena_strndup(rig->arena, from, strcspn(from, "\r"));
	char *to = line;

	for (const char *at = line; *at != '\0'; at++, to++) {
		unsigned byte;
		if (*at == '%' && sscanf(at + 1, "%2x", &byte) == 1) {
			*to = (char)byte;
			at += 2;
		} else
			*to = *at;
	}
	*to = '\0';
	return line;
}

/* The value of a header of request i, "" if there is none. */
static inline const char *
rig_header(struct rig *rig, size_t i, const char *name)
{
	const char *at = strcasestr(simhttpd_request(rig->sim, i),
	    arena_printf(rig->arena, "\r\n%s: ", name));

	if (at == NULL)
		return "";
	at += strlen(name) + 4;
	return arena_strndup(rig->arena, at, strcspn(at, "\r"));
}

#define RIG_SEES(rig, text) assert_string_equal(buf_text(&(rig)->seen), text)
#define RIG_REFUSES(rig, text) assert_string_equal(buf_text(&(rig)->bad), text)
#define RIG_OK(rig, call) do { \
	if (!(call)) \
		fail_msg("%s", (rig)->err.msg); \
} while (0)

#endif
