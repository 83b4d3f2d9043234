/*
 * writerig.h - an opened superoffice connector for tests of what it writes: a
 * scripted server, onsite with a password, or online with a refresh token.
 */
#ifndef TESTS_SUPEROFFICE_WRITERIG_H
#define TESTS_SUPEROFFICE_WRITERIG_H

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
#include "tag_write.h"

extern const struct crm_connector superoffice_crm;

#define API "/site/api/v1"
#define CLOUD "/Cust12345/api/v1"
#define SPRING "NPSToday.Spring."
#define ITEM(id, name) "{\"Id\":" #id ",\"Name\":\"" name "\"}"
#define HAS(id, name, on) "{\"Id\":" #id ",\"Name\":\"" name \
	"\",\"Selected\":" #on "}"
/* As the service says it. */
#define FAULT(type, text) "{\"Error\":true,\"ErrorType\":\"" type \
	"\",\"ErrorMessage\":\"" text "\",\"ErrorSource\":\"x\"}"
#define NONE FAULT("SoNotFoundException", "Person id 214 not found")
#define HTML "<html><head><title>404</title></head></html>"
/* Where the tenant is, and a user's token; @URL@ in a body is the server. */
#define STATE { .target = "GET /api/state/Cust12345 ", .body = \
	"{\"ContextIdentifier\":\"Cust12345\",\"State\":\"Running\"," \
	"\"IsRunning\":true,\"Api\":\"@URL@/Cust12345/api\"}" }
#define TOKEN(text) { .target = "POST /login/common/oauth/tokens ", \
	.body = "{\"access_token\":\"" text "\",\"token_type\":\"Bearer\"," \
	"\"expires_in\":3600}" }

struct rig {
	struct arena *arena, *scratch;
	struct so_settings set;
	struct connector_env env;
	struct http *http;
	struct simhttpd *sim;
	struct tag_writer writer;
	struct crm crm;
	void *self;
	struct buf seen;
	struct err err;
	time_t now;
};

static int rig_tries = 1;	/* of the engine */

static inline time_t
rig_now(void *clock)
{
	return *(const time_t *)clock;
}

static inline bool
rig_breathe(void *arg, struct err *err)
{
	(void)arg;
	(void)err;
	return true;
}

static inline const char *
rig_placed(struct rig *rig, const char *text)
{
	const char *at = text == NULL ? NULL : strstr(text, "@URL@");

	return at == NULL ? text : arena_printf(rig->arena, "%.*s%s%s",
	    (int)(at - text), text, simhttpd_url(rig->sim), at + 5);
}

/* with ' for ". */
static inline void
rig_settings(struct rig *rig, const char *text)
{
	struct options_file *file = NULL;
	char *copy = arena_strdup(rig->arena, text);

	for (char *c = copy; *c != '\0'; c++)
		*c = *c == '\'' ? '"' : *c;
	if (!options_open_text(copy, "conf", &file, &rig->err) ||
	    !options_fill(superoffice_opts, &rig->set, options_root(file),
	        "conf", "", NULL, rig->arena, &rig->err))
		fail_msg("%s", rig->err.msg);
	options_close(file);
	rig->set.password = "s3cret&=";
	rig->set.client_secret = "app-s3cret";
	rig->set.refresh_token = "refresh-s3cret";
}

static inline void
rig_open(struct rig *rig)
{
	struct http_settings settings = http_defaults;

	settings.tries = rig_tries;
	settings.rate_per_second = 0;
	settings.backoff_s = 0;
	settings.answer_timeout_s = 10;
	if (!http_open(&settings, NULL, &rig->http, &rig->err))
		fail_msg("%s", rig->err.msg);
	rig->env = (struct connector_env){ .instance = "crm",
		.settings = &rig->set, .timezone = "Europe/Copenhagen",
		.http = rig->http, .scratch = rig->scratch, .now = rig_now,
		.clock = &rig->now };
	if (!superoffice_crm.open(&rig->env, &rig->self, &rig->err))
		fail_msg("%s", rig->err.msg);
	rig->crm = (struct crm){ .connector = &superoffice_crm,
		.link = { .name = "crm", .self = rig->self,
		    .scratch = rig->scratch, .http = rig->http } };
	tag_writer_init(&rig->writer, &rig->crm, rig->arena, rig_breathe, NULL);
	rig->writer.backoff_s = 0.01;
	rig->writer.backoff_max_s = 0.02;
}

/* head: settings with %s for the server's address. */
static inline void
rig_begin(struct rig *rig, bool online, const char *more,
    const struct sim_reply *script, size_t n)
{
	*rig = (struct rig){ .now = 1795572000 };	/* 2026-11-25T02:00Z */
	rig->arena = arena_new(16 << 20);
	rig->scratch = arena_new(4 << 20);
	buf_init(&rig->seen, 1 << 20);
	struct sim_reply *copy = arena_array(rig->arena, n + 1, sizeof(*copy));
	if (n > 0)
		memcpy(copy, script, n * sizeof(*copy));
	rig->sim = simhttpd_start(copy, n);
	assert_non_null(rig->sim);
	for (size_t i = 0; i < n; i++)
		copy[i].body = rig_placed(rig, copy[i].body);
	rig_settings(rig, online ? arena_printf(rig->arena, "login_host = '%s';"
	    " context_id = 'Cust12345'; auth = 'refresh_token'; client_id = "
	    "'app'; client_secret = 'credential:a'; refresh_token = "
	    "'credential:r'; %s", simhttpd_url(rig->sim), more)
	    : arena_printf(rig->arena, "mode = 'onsite'; base_url = '%s/site'; "
	    "auth = 'basic'; user = 'nps'; password = 'credential:p'; %s",
	    simhttpd_url(rig->sim), more));
	rig_open(rig);
}

/* The whole script must have been used. */
static inline void
rig_end(struct rig *rig)
{
	const char *problem = simhttpd_problem(rig->sim, true);

	if (problem != NULL)
		fail_msg("%s (%s)", problem, rig->err.msg);
	superoffice_crm.close(rig->self);
	http_close(rig->http);
	simhttpd_stop(rig->sim);
	buf_free(&rig->seen);
	arena_free(rig->scratch);
	arena_free(rig->arena);
}

/* Nothing of ours and nobody's name in a message. */
static inline void
rig_discreet(const struct rig *rig, const char *text)
{
	static const char *const never[] = { "s3cret", "Hansen", "214" };

	(void)rig;
	for (size_t i = 0; i < ARRAY_LEN(never); i++)
		if (strstr(text, never[i]) != NULL)
			fail_msg("%s", text);
}

#define RIG_OK(rig, call) do { \
	if (!(call)) \
		fail_msg("%s", (rig)->err.msg); \
} while (0)

/* As the core does it. */
static inline enum put_outcome
rig_write(struct rig *rig, const struct crm_tag_write *write,
    struct put_result *result)
{
	rig->err = (struct err){ .kind = ERR_NONE };
	*result = (struct put_result){ .outcome = PUT_AGAIN };
	if (!tag_write(&rig->writer, write, 1, result, &rig->err))
		assert_int_not_equal(rig->err.kind, ERR_NONE);
	rig_discreet(rig, rig->err.msg);
	rig_discreet(rig, result->reason);
	return result->outcome;
}

static inline enum put_outcome
rig_tag(struct rig *rig, const char *value, struct put_result *result)
{
	const struct crm_tag_write write = { .contact_id = "214",
		.prefix = SPRING, .value = value };

	return rig_write(rig, &write, result);
}

#endif
