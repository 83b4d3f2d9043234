/*
 * writerig.h - the driver for Salesforce, opened by a configuration, and a
 * server that answers in the order of a script and keeps the exact requests.
 */
#ifndef NPSYNC_TESTS_SALESFORCE_WRITERIG_H
#define NPSYNC_TESTS_SALESFORCE_WRITERIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "conf.h"
#include "connect.h"
#include "simhttpd.h"
#include "tmpdir.h"

#define RIG_STEPS 512
#define V "/services/data/v62.0"

/* One request in the order of the script; want = how it begins. */
struct rig_step {
	const char *want;
	int status;		/* 0 = 200 */
	const char *body;
	const char *headers;
	enum sim_mode mode;
	size_t cut;
};

static struct rig {
	struct arena *arena;
	struct conf *conf;
	struct conf_crm group;
	struct crm crm;
	struct simhttpd *sim;
	const struct rig_step *steps;
	size_t n, at, tokens;
	char *body[RIG_STEPS];	/* of each request of the script */
	char *request[RIG_STEPS];
	char problem[512];
	struct err err;
	/* Instead of a script. */
	void (*serve)(const char *request, const char *body,
	    struct sim_reply *reply);
} rig;

static inline void
rig_token(struct sim_reply *reply)
{
	static char text[256];

	(void)snprintf(text, sizeof(text), "{\"access_token\":\"T%zu\","
	    "\"instance_url\":\"%s\",\"token_type\":\"Bearer\"}",
	    ++rig.tokens, simhttpd_url(rig.sim));
	*reply = (struct sim_reply){ .body = text };
}

static inline void
rig_answer(void *arg, const char *request, const char *body,
    struct sim_reply *reply)
{
	(void)arg;
	if (strncmp(request, "POST /services/oauth2/token ", 28) == 0) {
		rig_token(reply);
		return;
	}
	if (rig.serve != NULL) {
		rig.serve(request, body, reply);
		return;
	}
	const struct rig_step *s = rig.at < rig.n ? &rig.steps[rig.at] : NULL;
	if (s == NULL || strncmp(request, s->want, strlen(s->want)) != 0) {
		(void)snprintf(rig.problem, sizeof(rig.problem),
		    "request %zu: %.200s instead of %s", rig.at, request,
		    s == NULL ? "none" : s->want);
		*reply = (struct sim_reply){ .status = 418 };
		return;
	}
	rig.request[rig.at] = strdup(request);
	rig.body[rig.at++] = strdup(body);
	*reply = (struct sim_reply){ .status = s->status, .body = s->body,
		.headers = s->headers, .mode = s->mode, .cut = s->cut };
}

static inline void
rig_load(const char *options)
{
	const char *text = arena_printf(rig.arena, "tenant = \"lab\";\n"
	    "rules = { own_domains = [ \"own.example\" ]; };\n"
	    "crm = ( { name = \"sf\"; driver = \"salesforce\"; login_url = "
	    "\"%s\"; client_id = \"id\"; client_secret = \"file:%s/key\"; "
	    "backoff_s = 0.0; %s } );\n"
	    "survey = { driver = \"npstoday\"; base_url = \"%s\"; api_key = "
	    "\"file:%s/key\"; };\n", simhttpd_url(rig.sim), tmpdir, options,
	    simhttpd_url(rig.sim), tmpdir);

	(void)tmpdir_write("key", "s3cret-of-ours\n", 0600);
	if (!conf_load(tmpdir_write("npsync.conf", text, 0600), rig.arena,
	        &rig.conf, &rig.err) ||
	    !conf_load_secrets(rig.conf, rig.arena, &rig.err))
		fail_msg("%s", rig.err.msg);
}

static inline void
rig_open(const char *options, const struct rig_step *steps, size_t n)
{
	rig = (struct rig){ .arena = arena_new((size_t)64 << 20),
		.steps = steps, .n = n };
	rig.sim = simhttpd_start_handler(rig_answer, NULL);
	assert_non_null(rig.sim);
	rig_load(options);
	rig.group = rig.conf->crm[0];
	rig.group.http.rate_per_second = 0;
	if (!connector_check_crm(rig.group.connector, &rig.err) ||
	    !crm_open(&rig.crm, &rig.group, "Europe/Copenhagen", NULL,
	        &rig.err))
		fail_msg("%s", rig.err.msg);
}

static inline void
rig_close(void)
{
	char problem[512];

	(void)snprintf(problem, sizeof(problem), "%s", rig.problem);
	if (problem[0] == '\0' && rig.at < rig.n)
		(void)snprintf(problem, sizeof(problem),
		    "request %zu was not made: %s", rig.at,
		    rig.steps[rig.at].want);
	crm_close(&rig.crm);
	simhttpd_stop(rig.sim);
	for (size_t i = 0; i < rig.at; i++) {
		free(rig.body[i]);
		free(rig.request[i]);
	}
	arena_free(rig.arena);
	if (problem[0] != '\0')
		fail_msg("%s", problem);
}

#endif
