/*
 * rig.h - an opened dynamics connector for tests: settings from text, a frozen
 * clock, and all that came out of it as text.
 */
#ifndef TESTS_DYNAMICS_RIG_H
#define TESTS_DYNAMICS_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "buf.h"
#include "clock.h"
#include "dynamics/dynamics.h"
#include "http.h"
#include "options.h"
#include "simhttpd.h"

extern const struct crm_connector dynamics_crm;

#define API "/api/data/v9.2/"
#define TOKEN_BODY "{\"token_type\":\"Bearer\",\"expires_in\":3599," \
	"\"ext_expires_in\":3599,\"access_token\":\"t0ken\"}"
#define TOKEN { .target = "POST /token ", .body = TOKEN_BODY }
/* GUIDs by a digit pair: contacts, activities, deals, ... */
#define ID(xx) "89390c24-9c72-e511-80d4-0000000000" xx
#define TYPE(column, type) "\"" column \
	"@Microsoft.Dynamics.CRM.lookuplogicalname\":\"" type "\""
#define LOOKUP(column, id, type) "\"" column "\":\"" id "\"," \
	TYPE(column, type)
#define VALUE(rows) "{\"@odata.context\":\"x\",\"value\":[" rows "]}"

struct rig {
	struct arena *arena, *scratch;
	struct dynamics_settings set;
	struct connector_env env;
	struct http *http;
	struct simhttpd *sim;
	void *self;
	struct buf seen, bad;		/* emitted records; quarantine */
	char resume[20000], watermark[12000];
	int pages, stop_page;		/* checkpoints; which says stop */
	int tries;			/* of the engine; 1 */
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

/* with %s for the server's address, and ' for ". */
static inline bool
rig_settings(struct rig *rig, const char *base, const char *more)
{
	struct options_file *file = NULL;
	char *text = arena_printf(rig->arena, "base_url = '%s'; token_url = "
	    "'%s/token'; client_id = 'app'; secret = 'credential:s'; %s", base,
	    simhttpd_url(rig->sim), more);

	for (char *c = text; *c != '\0'; c++)
		*c = *c == '\'' ? '"' : *c == '`' ? '\'' : *c;
	const bool ok = options_open_text(text, "conf", &file, &rig->err) &&
	    options_fill(dynamics_opts, &rig->set, options_root(file), "conf",
	        "", NULL, rig->arena, &rig->err);
	options_close(file);
	if (*rig->set.secret != '\0')
		rig->set.secret = "s3cret&=";
	return ok;
}

static inline void
rig_begin(struct rig *rig, const struct sim_reply *script, size_t n)
{
	*rig = (struct rig){ .now = rig_time("2026-11-25T02:00:00Z"),
		.tries = 1 };
	rig->arena = arena_new(16 << 20);
	rig->scratch = arena_new(4 << 20);
	buf_init(&rig->seen, 4 << 20);
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
	settings.backoff_s = 0;
	settings.answer_timeout_s = 10;
	if (!http_open(&settings, NULL, &rig->http, &rig->err))
		fail_msg("%s", rig->err.msg);
	rig->env = (struct connector_env){ .instance = "crm",
		.settings = &rig->set, .timezone = "Europe/Copenhagen",
		.http = rig->http, .scratch = rig->scratch, .now = rig_now,
		.clock = &rig->now, .quarantine = rig_quarantine,
		.quarantine_arg = rig };
	return dynamics_crm.open(&rig->env, &rig->self, &rig->err);
}

static inline void
rig_start(struct rig *rig, const char *more, const struct sim_reply *script,
    size_t n)
{
	rig_begin(rig, script, n);
	if (!rig_settings(rig, simhttpd_url(rig->sim), more) ||
	    !rig_open(rig))
		fail_msg("%s", rig->err.msg);
}

/* all: the whole script must have been used. */
static inline void
rig_end(struct rig *rig, bool all)
{
	const char *problem = simhttpd_problem(rig->sim, all);

	if (problem != NULL)
		fail_msg("%s", problem);
	dynamics_crm.close(rig->self);
	http_close(rig->http);
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

/* Of an id made by ID only the two digits: "01/02". */
static inline void
rig_id(struct buf *to, const char *id)
{
	static const char begin[] = ID("");

	for (; id != NULL && strncmp(id, begin, sizeof(begin) - 1) == 0;
	     id += *id == '/') {
		id += sizeof(begin) - 1;
		buf_printf(to, "%.2s%s", id, id[2] == '/' ? "/" : "");
		id += 2;
	}
	buf_printf(to, "%s", id == NULL ? "-" : id);
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

	buf_printf(&rig->seen, "%s ", ev->trigger);
	rig_id(&rig->seen, ev->event_id);
	buf_printf(&rig->seen, " ");
	rig_id(&rig->seen, ev->contact_id);
	return buf_printf(&rig->seen, " %s %s %s\n", rig_at(at,
	    ev->occurred_at), rig_at(closed, ev->transition_at),
	    rig_or(ev->category));
}

static inline bool
rig_activity(void *arg, const struct crm_activity *a)
{
	struct rig *rig = arg;

	buf_printf(&rig->seen, "%d ", (int)a->kind);
	rig_id(&rig->seen, a->activity_id);
	buf_printf(&rig->seen, " ");
	rig_id(&rig->seen, a->contact_id);
	return buf_printf(&rig->seen, " %d%s%s\n", a->day,
	    a->done ? " done" : "", a->cancelled ? " cancelled" : "");
}

static inline bool
rig_contact(void *arg, const struct crm_contact *c)
{
	struct rig *rig = arg;
	struct buf *to = &rig->seen;

	rig_id(to, c->contact_id);
	if (c->gone)
		return buf_str(to, " gone\n");
	buf_printf(to, " %s <%s> %s employed=%d%s", rig_or(c->name.full),
	    rig_or(c->email), rig_or(c->company), (int)c->employed,
	    c->opted_out ? " out" : "");
	if (c->moved_to != NULL) {
		buf_printf(to, " moved:");
		rig_id(to, c->moved_to);
	}
	for (size_t i = 0; c->tags[i] != NULL; i++)
		buf_printf(to, " #%s", c->tags[i]);
	for (size_t i = 0; c->extra[i][0] != NULL; i++)
		buf_printf(to, " %s=%s", c->extra[i][0], c->extra[i][1]);
	return buf_str(to, "\n");
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

static inline struct pull
rig_pull(const struct rig *rig, const char *watermark, const char *resume)
{
	return (struct pull){ .watermark = watermark, .resume = resume,
		.until = rig->now, .overlap_s = 900 };
}

static inline bool
rig_events(struct rig *rig, const char *watermark, const char *resume)
{
	const struct pull pull = rig_pull(rig, watermark, resume);

	return dynamics_crm.pull_events(rig->self, &pull, rig_event,
	    rig_checkpoint, rig, &rig->err);
}

static inline bool
rig_contacts(struct rig *rig, const char *watermark, const char *resume)
{
	const struct pull pull = rig_pull(rig, watermark, resume);

	return dynamics_crm.pull_contacts(rig->self, &pull, rig_contact,
	    rig_checkpoint, rig, &rig->err);
}

static inline bool
rig_activities(struct rig *rig, const char *watermark)
{
	const struct pull pull = rig_pull(rig, watermark, NULL);

	return dynamics_crm.pull_activities(rig->self, &pull, rig_activity,
	    rig_checkpoint, rig, &rig->err);
}

/* The line of request i: "GET /x HTTP/1.1". */
static inline const char *
rig_line(struct rig *rig, size_t i)
{
	const char *request = simhttpd_request(rig->sim, i);

	return arena_strndup(rig->arena, request, strcspn(request, "\r"));
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
