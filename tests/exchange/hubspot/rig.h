/*
 * rig.h - an opened HubSpot driver for tests: a server that answers by what is
 * asked, a frozen clock, and all that came out of it as text.
 */
#ifndef TESTS_HUBSPOT_RIG_H
#define TESTS_HUBSPOT_RIG_H

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
#include "hubspot/settings.h"
#include "options.h"
#include "simhttpd.h"

extern const struct crm_connector hubspot_crm;

#define RIG_DATE "Date: Wed, 25 Nov 2026 02:00:00 GMT\r\n"
#define RIG_NOW 1795572000	/* 2026-11-25T02:00:00Z */
#define OBJ "/crm/objects/2026-09"
/* Rows of a search, all on one page; associations of one row. */
#define FOUND(n, rows) "{\"total\":" #n ",\"results\":[" rows "]}"
#define ROW(id, properties) "{\"id\":\"" id "\",\"properties\":{" properties \
	"},\"createdAt\":\"2026-01-01T00:00:00Z\",\"updatedAt\":" \
	"\"2026-11-24T10:00:00Z\",\"archived\":false}"
#define LINKED(from, to) "{\"from\":{\"id\":\"" from "\"},\"to\":[" to "]}"
#define TO(id) "{\"toObjectId\":" id ",\"associationTypes\":[{\"category\":" \
	"\"HUBSPOT_DEFINED\",\"typeId\":200,\"label\":null}]}"
#define LINKS(results) "{\"status\":\"COMPLETE\",\"results\":[" results "]}"

/* An answer to requests that hold match ("POST /path body"); the first that
 * fits and is not used up. */
struct route {
	const char *match, *body;
	int status;		/* 0 = 200 */
	const char *headers;	/* NULL = RIG_DATE */
	unsigned times;		/* 0 = as often as asked */
};
struct rig {
	struct arena *arena, *scratch, *reply;
	struct hs_settings set;
	struct connector_env env;
	struct crm_connector crm;	/* narrowed */
	struct http *http;
	struct simhttpd *sim;
	const char *url, *token;	/* another server's; NULL = sim's */
	void *self;
	const struct route *routes;
	size_t n;
	unsigned used[64];
	struct buf log;			/* "POST /path body", one a line */
	struct buf bad, seen, problem;
	char resume[1024], watermark[256];
	int pages, stop_page;		/* checkpoints; which says stop */
	int tries;			/* of the engine; 0 = 1 */
	/* Instead of the routes, where a test answers by itself. */
	bool (*answer)(struct rig *rig, const char *asked,
	    struct sim_reply *reply);
	time_t now;
	struct err err;
};

/* Of waits: they take no time, and can be counted. */
static int64_t rig_ms = 1000000;

static inline int64_t
rig_now_ms(void)
{
	return rig_ms;
}

static inline void
rig_sleep_ms(int64_t ms)
{
	rig_ms += ms;
}

static const struct http_clock rig_waits = { rig_now_ms, rig_sleep_ms };

/* ---- the server ------------------------------------------------------------------ */
static const struct route rig_defaults[] = {
	{ .match = "/search {", .body = "{\"total\":0,\"results\":[]}" },
	{ .match = "/contacts/batch/read {\"inputs", .body = LINKS("") },
	{ .match = "/pipelines/2026-09/deals", .body = "{\"results\":[{\"id\":"
	    "\"default\",\"label\":\"Sales\",\"stages\":["
	    "{\"id\":\"new\",\"label\":\"New\",\"metadata\":{\"isClosed\":"
	    "\"false\",\"probability\":\"0.2\"}},"
	    "{\"id\":\"won\",\"label\":\"Won\",\"metadata\":{\"isClosed\":"
	    "\"true\",\"probability\":\"1.0\"}},"
	    "{\"id\":\"lost\",\"label\":\"Lost\",\"metadata\":{\"isClosed\":"
	    "\"true\",\"probability\":\"0.0\"}}]}]}" },
	{ .match = "/pipelines/2026-09/tickets", .body = "{\"results\":[{"
	    "\"id\":\"0\",\"label\":\"Support\",\"stages\":["
	    "{\"id\":\"1\",\"label\":\"New\",\"metadata\":{\"ticketState\":"
	    "\"OPEN\"}},{\"id\":\"4\",\"label\":\"Closed\",\"metadata\":{"
	    "\"ticketState\":\"CLOSED\"}}]}]}" },
	{ .match = "GET " OBJ "/contacts?limit=1 ", .body = "{\"results\":[{"
	    "\"id\":\"900\"}]}" },
	{ .match = "GET " OBJ "/", .body = "{\"results\":[]}" },
};

static inline void
rig_reply(const struct route *r, struct sim_reply *reply)
{
	reply->status = r->status;
	reply->headers = r->headers != NULL ? r->headers : RIG_DATE;
	reply->body = r->body;
}

/* A property that is asked for is there. */
static inline bool
rig_property(struct rig *rig, const char *asked, struct sim_reply *reply)
{
	static const char path[] = "GET /crm/properties/2026-09/contacts/";

	if (strncmp(asked, path, sizeof(path) - 1) != 0)
		return false;
	*reply = (struct sim_reply){ .headers = RIG_DATE,
		.body = arena_printf(rig->reply, "{\"name\":\"%.*s\"}",
		    (int)strcspn(asked + sizeof(path) - 1, " "),
		    asked + sizeof(path) - 1) };
	return true;
}

static inline bool
rig_route(struct rig *rig, const char *asked, struct sim_reply *reply)
{
	for (size_t i = 0; i < rig->n; i++) {
		const struct route *r = &rig->routes[i];
		if (strstr(asked, r->match) == NULL ||
		    (r->times > 0 && rig->used[i] >= r->times))
			continue;
		rig->used[i]++;
		rig_reply(r, reply);
		return true;
	}
	if (rig_property(rig, asked, reply))
		return true;
	for (size_t i = 0; i < ARRAY_LEN(rig_defaults); i++)
		if (strstr(asked, rig_defaults[i].match) != NULL) {
			rig_reply(&rig_defaults[i], reply);
			return true;
		}
	return false;
}

static inline void
rig_serve(void *arg, const char *request, const char *body,
    struct sim_reply *reply)
{
	struct rig *rig = arg;
	const char *end = strstr(request, " HTTP/");

	arena_reset(rig->reply);
	const char *asked = arena_printf(rig->reply, "%.*s %s",
	    end == NULL ? 0 : (int)(end - request), request, body);
	buf_printf(&rig->log, "%s\n", asked);
	if (strstr(request, "Authorization: Bearer pat-t0ken\r\n") == NULL)
		buf_printf(&rig->problem, "without our token: %s\n", asked);
	if (rig->answer != NULL && rig->answer(rig, asked, reply))
		return;
	if (!rig_route(rig, asked, reply)) {
		buf_printf(&rig->problem, "unexpected: %s\n", asked);
		reply->status = 418;
	}
}

/* ---- what comes out ---------------------------------------------------------------- */
static inline time_t
rig_clock(void *clock)
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

static inline const char *
rig_or(const char *text)
{
	return text == NULL ? "-" : text;
}

/* "meet 512/101 101 Visit/won by 7 at 2026-11-24T10:00:00Z"; behind it the time
 * of the closing where that is another one. */
static inline bool
rig_event(void *arg, const struct crm_event *ev)
{
	struct rig *rig = arg;
	char at[32], closed[32] = "-";

	if (ev->transition_at != NO_TIME)
		(void)clock_iso(closed, ev->transition_at);
	buf_printf(&rig->seen, "%s %s %s %s/%s by %s at %s%s%s\n",
	    ev->trigger, ev->event_id, rig_or(ev->contact_id),
	    rig_or(ev->category), rig_or(ev->stage), rig_or(ev->employee_id),
	    clock_iso(at, ev->occurred_at),
	    ev->transition_at == ev->occurred_at ? "" : " closed ",
	    ev->transition_at == ev->occurred_at ? "" : closed);
	arena_reset(rig->scratch);
	return true;
}

static inline bool
rig_activity(void *arg, const struct crm_activity *act)
{
	struct rig *rig = arg;

	buf_printf(&rig->seen, "%s %s kind %d on %d%s%s\n", act->activity_id,
	    act->contact_id, (int)act->kind, act->day,
	    act->done ? " done" : "", act->cancelled ? " cancelled" : "");
	return true;
}

static inline bool
rig_contact(void *arg, const struct crm_contact *c)
{
	static const char *const tri[] = { "?", "no", "yes" };
	struct rig *rig = arg;

	buf_printf(&rig->seen, "%s%s%s%s %s %s mail %s", c->contact_id,
	    c->moved_to != NULL ? " -> " : "", c->moved_to != NULL ?
	    c->moved_to : "", c->gone ? " gone" : "", rig_or(c->name.first),
	    rig_or(c->name.last), rig_or(c->email));
	buf_printf(&rig->seen, " owner %s=%s employed %s%s tags",
	    rig_or(c->owner_id), rig_or(c->owner_name), tri[c->employed],
	    c->opted_out ? " optout" : "");
	for (size_t i = 0; c->tags != NULL && c->tags[i] != NULL; i++)
		buf_printf(&rig->seen, " %s", c->tags[i]);
	buf_str(&rig->seen, "\n");
	arena_reset(rig->scratch);
	return true;
}

static inline bool
rig_checkpoint(void *arg, const char *resume, const char *watermark)
{
	struct rig *rig = arg;

	rig->pages++;
	(void)snprintf(rig->resume, sizeof(rig->resume), "%s",
	    resume == NULL ? "" : resume);
	(void)snprintf(rig->watermark, sizeof(rig->watermark), "%s",
	    watermark == NULL ? "" : watermark);
	return rig->pages != rig->stop_page;
}

/* ---- begin and end ------------------------------------------------------------------- */
static inline void
rig_http(struct rig *rig)
{
	struct http_settings settings = http_defaults;

	settings.tries = rig->tries > 0 ? rig->tries : 1;
	settings.backoff_s = 0.001;
	settings.backoff_max_s = 0.002;
	settings.rate_per_second = 0;
	settings.breaker.in_a_row = 0;
	settings.clock = &rig_waits;
	if (!http_open(&settings, NULL, &rig->http, &rig->err))
		fail_msg("%s", rig->err.msg);
}

static inline void
rig_settings(struct rig *rig, const char *conf)
{
	struct options_file *file = NULL;
	char *text = arena_printf(rig->arena, "base_url = '%s'; token = "
	    "'file:/dev/null'; %s %s", rig->url != NULL ? rig->url :
	    simhttpd_url(rig->sim), rig->url != NULL ||
	    strstr(conf, "link_late_days") != NULL ? "" :
	    "link_late_days = 0;", conf);

	for (char *c = text; *c != '\0'; c++)
		*c = *c == '\'' ? '"' : *c;
	if (!options_open_text(text, "test", &file, &rig->err) ||
	    !options_fill(hubspot_crm.info.opts, &rig->set,
	        options_root(file), "test", "", NULL, rig->arena, &rig->err))
		fail_msg("%s", rig->err.msg);
	options_close(file);
	rig->set.token = rig->token != NULL ? rig->token : "pat-t0ken";
}

/* conf: keys of the group, with ' for "; address and token are there.  What *rig
 * has of tries, answer, url and token counts. */
static inline void
rig_open(struct rig *rig, const char *conf, const struct route *routes,
    size_t n)
{
	*rig = (struct rig){ .routes = routes, .n = n, .now = RIG_NOW,
		.tries = rig->tries, .answer = rig->answer, .url = rig->url,
		.token = rig->token };
	assert_true(n <= ARRAY_LEN(rig->used));
	rig->arena = arena_new(16 << 20);
	rig->scratch = arena_new(4 << 20);
	rig->reply = arena_new(64 << 20);
	buf_init(&rig->log, 64 << 20);
	buf_init(&rig->bad, 1 << 20);
	buf_init(&rig->seen, 64 << 20);
	buf_init(&rig->problem, 1 << 20);
	rig->sim = simhttpd_start_handler(rig_serve, rig);
	assert_non_null(rig->sim);
	rig_settings(rig, conf);
	rig_http(rig);
	rig->env = (struct connector_env){ .instance = "crm",
		.settings = &rig->set, .timezone = "Europe/Copenhagen",
		.http = rig->http, .scratch = rig->scratch, .now = rig_clock,
		.clock = &rig->now, .quarantine = rig_quarantine,
		.quarantine_arg = rig };
	rig->crm = hubspot_crm;
	hubspot_crm.narrow(&rig->set, &rig->crm);
	if (!rig->crm.open(&rig->env, &rig->self, &rig->err))
		fail_msg("%s", rig->err.msg);
}

static inline void
rig_close(struct rig *rig)
{
	const char *problem = simhttpd_problem(rig->sim, false);

	if (problem != NULL || rig->problem.len > 0)
		fail_msg("%s%s", problem == NULL ? "" : problem,
		    buf_text(&rig->problem));
	hubspot_crm.close(rig->self);
	http_close(rig->http);
	simhttpd_stop(rig->sim);
	buf_free(&rig->log);
	buf_free(&rig->bad);
	buf_free(&rig->seen);
	buf_free(&rig->problem);
	arena_free(rig->reply);
	arena_free(rig->scratch);
	arena_free(rig->arena);
	*rig = (struct rig){ .now = 0 };
}

/* ---- reading ---------------------------------------------------------------------------- */
/* watermark = NULL: the first pass. */
static inline struct pull
rig_pull(const struct rig *rig, const char *watermark)
{
	return (struct pull){ .watermark = watermark, .until = rig->now,
		.overlap_s = 900, .lag_s = 60 };
}

static inline bool
rig_events(struct rig *rig, const char *watermark)
{
	const struct pull pull = rig_pull(rig, watermark);

	return rig->crm.pull_events(rig->self, &pull, rig_event,
	    rig_checkpoint, rig, &rig->err);
}

static inline bool
rig_load(struct rig *rig, const char *const *ids, size_t n)
{
	return rig->crm.load_contacts(rig->self, ids, n, rig_contact, rig,
	    &rig->err);
}

static inline void
rig_good(const struct rig *rig, bool ok)
{
	if (!ok)
		fail_msg("%s", rig->err.msg);
}

static inline void
rig_is(const struct buf *got, const char *want)
{
	if (strcmp(buf_text(got), want) != 0)
		fail_msg("got:\n%s\nwanted:\n%s", buf_text(got), want);
}

/* How often a text stands in what was asked. */
static inline size_t
rig_count(const struct rig *rig, const char *text)
{
	size_t n = 0;

	for (const char *p = buf_text(&rig->log); (p = strstr(p, text)) !=
	     NULL; p++)
		n++;
	return n;
}

static inline bool
rig_no_value(void *arg, const char *id, const char *label, long count)
{
	(void)arg, (void)id, (void)label, (void)count;
	return true;
}

static inline void
rig_fails(const struct rig *rig, bool ok, enum err_kind kind,
    const char *part)
{
	if (ok)
		fail_msg("expected an error with \"%s\"", part);
	if (rig->err.kind != kind || strstr(rig->err.msg, part) == NULL)
		fail_msg("got %s: %s", err_kind_name(rig->err.kind),
		    rig->err.msg);
}

#endif
