/*
 * rig.h - an opened Salesforce driver for tests: a server that answers by what
 * is asked, a frozen clock, and all that came out of it as text.
 */
#ifndef TESTS_SALESFORCE_RIG_H
#define TESTS_SALESFORCE_RIG_H

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
#include "salesforce/settings.h"
#include "simhttpd.h"

extern const struct crm_connector salesforce_crm;

#define V "/services/data/v62.0"
#define DATE "Date: Wed, 25 Nov 2026 02:00:00 GMT\r\n"
#define RIG_NOW 1795572000	/* 2026-11-25T02:00:00Z */
/* Rows as the service sends them, all on one page. */
#define ROWS(n, rows) "{\"totalSize\":" #n ",\"done\":true,\"records\":[" rows "]}"

/* An answer to requests whose line, unescaped, holds match; the first that
 * fits and is not used up.  @URL@ in the body is the server. */
struct route {
	const char *match, *body;
	int status;		/* 0 = 200 */
	const char *headers;	/* NULL = DATE */
	unsigned times;		/* 0 = as often as asked */
	enum sim_mode mode;
	const char *want;	/* must stand in the request, as sent */
};
struct rig {
	struct arena *arena, *scratch, *reply;
	struct sf_settings set;
	struct connector_env env;
	struct crm_connector crm;	/* narrowed */
	struct http *http;
	struct simhttpd *sim;
	void *self;
	const struct route *routes;
	size_t n;
	unsigned used[64];
	struct buf log;			/* request lines, unescaped */
	struct buf bodies, bad;		/* bodies of POSTs; quarantine */
	struct buf seen;		/* emitted records */
	struct buf problem;
	char resume[4096], watermark[1024];
	int pages, stop_page;		/* checkpoints; which says stop */
	int tries;			/* of the engine; 0 = 1 */
	time_t now;
	struct err err;
};

/* ---- the server ---------------------------------------------------------- */
/* What objects have unless a test's own routes say otherwise. */
static const struct { const char *object, *fields; } rig_objects[] = {
	{ "Contact", "Id Name FirstName LastName Email Phone MobilePhone "
	    "HasOptedOutOfEmail IsEmailBounced AccountId:Account OwnerId:Owner "
	    "IsDeleted MasterRecordId SystemModstamp NPSToday_Tags__c" },
	{ "Event", "Id WhoId WhatId AccountId OwnerId Type ActivityDate "
	    "StartDateTime EndDateTime IsChild IsDeleted SystemModstamp" },
	{ "Task", "Id WhoId OwnerId Status IsClosed TaskSubtype Type "
	    "ActivityDate CompletedDateTime IsDeleted SystemModstamp" },
	{ "Opportunity", "Id AccountId OwnerId IsWon IsClosed StageName Type "
	    "CloseDate LastStageChangeDate SystemModstamp" },
	{ "Case", "Id ContactId AccountId OwnerId Status Type ClosedDate "
	    "IsClosed SystemModstamp" },
	{ "Account", "Id Name NPSToday_Tags__c SystemModstamp" },
};

/* "Id OwnerId:Owner -SystemModstamp": name, its relation, '-' = no filter. */
static inline const char *
rig_describe(struct arena *arena, const char *fields)
{
	struct buf out;

	buf_init(&out, 65536);
	buf_str(&out, "{\"fields\":[");
	while (*fields != '\0') {
		const bool plain = *fields != '-';
		fields += !plain;
		const int len = (int)strcspn(fields, " "),
		    name = (int)strcspn(fields, " :");
		buf_printf(&out, "%s{\"name\":\"%.*s\",\"label\":\"%.*s\","
		    "\"filterable\":%s,\"relationshipName\":",
		    out.len > 12 ? "," : "", name, fields, name, fields,
		    plain ? "true" : "false");
		if (name < len)
			buf_printf(&out, "\"%.*s\"}", len - name - 1,
			    fields + name + 1);
		else
			buf_str(&out, "null}");
		fields += len + (fields[len] == ' ');
	}
	buf_str(&out, "]}");
	const char *text = arena_strdup(arena, buf_text(&out));
	buf_free(&out);
	return text;
}

static inline int
rig_hex(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'A' && c <= 'F' ?
	    c - 'A' + 10 : -1;
}

/* The request line without "HTTP/1.1". */
static inline char *
rig_line(struct arena *arena, const char *request)
{
	const size_t len = strcspn(request, "\r\n");
	char *line = arena_strndup(arena, request, len), *to = line;
	char *end = strstr(line, " HTTP/");

	if (end != NULL)
		*end = '\0';
	for (const char *p = line; *p != '\0'; p++)
		if (*p == '%' && rig_hex(p[1]) >= 0 && rig_hex(p[2]) >= 0) {
			*to++ = (char)(16 * rig_hex(p[1]) + rig_hex(p[2]));
			p += 2;
		} else {
			*to++ = *p;
		}
	*to = '\0';
	return line;
}

static inline const char *
rig_placed(struct rig *rig, const char *text)
{
	struct buf out;

	buf_init(&out, 8 << 20);
	while (*text != '\0') {
		const char *at = strstr(text, "@URL@");
		const size_t len = at == NULL ? strlen(text)
		                              : (size_t)(at - text);
		buf_add(&out, text, len);
		if (at == NULL)
			break;
		buf_str(&out, simhttpd_url(rig->sim));
		text = at + 5;
	}
	const char *placed = arena_strdup(rig->reply, buf_text(&out));
	buf_free(&out);
	return placed;
}

static inline bool
rig_default(struct rig *rig, const char *line, struct sim_reply *reply)
{
	if (strstr(line, "POST /services/oauth2/token") == line) {
		reply->body = rig_placed(rig, "{\"access_token\":\"00D!AQ4\","
		    "\"instance_url\":\"@URL@\",\"token_type\":\"Bearer\"}");
		return true;
	}
	for (size_t i = 0; i < ARRAY_LEN(rig_objects); i++)
		if (strstr(line, arena_printf(rig->reply, "/sobjects/%s/describe",
		        rig_objects[i].object)) != NULL) {
			reply->body = rig_describe(rig->reply,
			    rig_objects[i].fields);
			return true;
		}
	if (strstr(line, "?q=SELECT ") == NULL)
		return false;
	reply->body = ROWS(0, "");
	return true;
}

static inline void
rig_answer(void *arg, const char *request, const char *body,
    struct sim_reply *reply)
{
	struct rig *rig = arg;

	arena_reset(rig->reply);
	const char *line = rig_line(rig->reply, request);
	buf_printf(&rig->log, "%s\n", line);
	if (*body != '\0')
		buf_printf(&rig->bodies, "%s\n", body);
	*reply = (struct sim_reply){ .headers = DATE };
	for (size_t i = 0; i < rig->n; i++) {
		const struct route *r = &rig->routes[i];
		if (strstr(line, r->match) == NULL ||
		    (r->times > 0 && rig->used[i] >= r->times))
			continue;
		rig->used[i]++;
		reply->status = r->status;
		reply->mode = r->mode;
		reply->headers = r->headers != NULL ? r->headers : DATE;
		reply->body = r->body == NULL ? NULL
		    : rig_placed(rig, r->body);
		if (r->want != NULL && strstr(request, r->want) == NULL)
			buf_printf(&rig->problem, "%s: not in it: %s\n", line,
			    r->want);
		return;
	}
	if (!rig_default(rig, line, reply)) {
		buf_printf(&rig->problem, "unexpected: %s\n", line);
		reply->status = 418;
	}
}

/* ---- what comes out --------------------------------------------------------- */
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

static inline bool
rig_event(void *arg, const struct crm_event *ev)
{
	struct rig *rig = arg;
	char at[32], moved[32];

	buf_printf(&rig->seen, "%s %s %s %s/%s by %s at %s moved %s\n",
	    ev->trigger, ev->event_id, rig_or(ev->contact_id),
	    rig_or(ev->category), rig_or(ev->stage), rig_or(ev->employee_id),
	    clock_iso(at, ev->occurred_at), ev->transition_at == NO_TIME ?
	    "-" : clock_iso(moved, ev->transition_at));
	arena_reset(rig->scratch);
	return true;
}

static inline bool
rig_activity(void *arg, const struct crm_activity *act)
{
	static const char *const kinds[] = { "meeting", "phone", "mail",
		"other" };
	struct rig *rig = arg;

	buf_printf(&rig->seen, "%s %s %s %d%s%s\n", act->activity_id,
	    act->contact_id, kinds[act->kind], act->day,
	    act->done ? " done" : " planned",
	    act->cancelled ? " cancelled" : "");
	return true;
}

static inline bool
rig_contact(void *arg, const struct crm_contact *c)
{
	static const char *const tri[] = { "?", "no", "yes" };
	struct rig *rig = arg;

	buf_printf(&rig->seen, "%s", c->contact_id);
	if (c->moved_to != NULL)
		buf_printf(&rig->seen, " -> %s", c->moved_to);
	buf_printf(&rig->seen, "%s %s|%s|%s %s %s/%s company %s=%s owner %s=%s "
	    "employed=%s%s tags", c->gone ? " gone" : "", rig_or(c->name.full),
	    rig_or(c->name.first), rig_or(c->name.last), rig_or(c->email),
	    rig_or(c->phone), rig_or(c->mobile), rig_or(c->company_id),
	    rig_or(c->company), rig_or(c->owner_id), rig_or(c->owner_name),
	    tri[c->employed], c->opted_out ? " optout" : "");
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

/* ---- begin and end ------------------------------------------------------------ */
/* conf: keys of the group, with ' for "; login_url and client are there. */
static inline void
rig_open(struct rig *rig, const char *conf, const struct route *routes,
    size_t n)
{
	struct http_settings settings = http_defaults;
	struct options_file *file = NULL;

	*rig = (struct rig){ .routes = routes, .n = n, .now = RIG_NOW,
		.tries = rig->tries };
	assert_true(n <= ARRAY_LEN(rig->used));
	rig->arena = arena_new(16 << 20);
	rig->scratch = arena_new(4 << 20);
	rig->reply = arena_new(16 << 20);
	buf_init(&rig->log, 4 << 20);
	buf_init(&rig->bodies, 4 << 20);
	buf_init(&rig->bad, 1 << 20);
	buf_init(&rig->seen, 4 << 20);
	buf_init(&rig->problem, 1 << 20);
	rig->sim = simhttpd_start_handler(rig_answer, rig);
	assert_non_null(rig->sim);
	char *text = arena_printf(rig->arena, "login_url = '%s'; client_id = "
	    "'3MVG9x'; %s", simhttpd_url(rig->sim), conf);
	for (char *c = text; *c != '\0'; c++)
		*c = *c == '\'' ? '"' : *c == '`' ? '\'' : *c;
	if (!options_open_text(text, "test", &file, &rig->err) ||
	    !options_fill(salesforce_crm.info.opts, &rig->set,
	        options_root(file), "test", "", NULL, rig->arena, &rig->err))
		fail_msg("%s", rig->err.msg);
	options_close(file);
	if (*rig->set.client_secret == '\0')
		rig->set.client_secret = "s3cret-of-client";
	settings.tries = rig->tries > 0 ? rig->tries : 1;
	settings.backoff_s = 0.001;
	settings.backoff_max_s = 0.002;
	settings.rate_per_second = 0;
	settings.breaker.in_a_row = 0;
	if (!http_open(&settings, NULL, &rig->http, &rig->err))
		fail_msg("%s", rig->err.msg);
	rig->env = (struct connector_env){ .instance = "crm",
		.settings = &rig->set, .timezone = "Europe/Copenhagen",
		.http = rig->http, .scratch = rig->scratch, .now = rig_clock,
		.clock = &rig->now, .quarantine = rig_quarantine,
		.quarantine_arg = rig };
	rig->crm = salesforce_crm;
	salesforce_crm.narrow(&rig->set, &rig->crm);
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
	salesforce_crm.close(rig->self);
	http_close(rig->http);
	simhttpd_stop(rig->sim);
	buf_free(&rig->log);
	buf_free(&rig->bodies);
	buf_free(&rig->bad);
	buf_free(&rig->seen);
	buf_free(&rig->problem);
	arena_free(rig->reply);
	arena_free(rig->scratch);
	arena_free(rig->arena);
	*rig = (struct rig){ 0 };
}

/* ---- reading --------------------------------------------------------------------- */
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

static inline void
rig_is(const struct buf *got, const char *want)
{
	if (strcmp(buf_text(got), want) != 0)
		fail_msg("got:\n%s\nwanted:\n%s", buf_text(got), want);
}

/* How often a text stands in the log of requests. */
static inline size_t
rig_count(const struct rig *rig, const char *text)
{
	size_t n = 0;

	for (const char *p = buf_text(&rig->log); (p = strstr(p, text)) !=
	     NULL; p++)
		n++;
	return n;
}

/* "ok", or the error's kind and words. */
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
