/*
 * sim.h - tests/sim/dynamics as a process of the test, with a connector opened
 * on it.  The server ends with the test, however that ends.
 */
#ifndef TESTS_DYNAMICS_SIM_H
#define TESTS_DYNAMICS_SIM_H

#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "http.h"
#include "json.h"
#include "rig.h"

#define SIM_OPTIONS_MAX 24
#define SIM_NOW "2026-11-25T02:00:00Z"
#define SIM_TENANT "contoso.onmicrosoft.com"

struct world {
	struct rig rig;
	char dir[512], port_file[600], url[64];
	const char *certificate;	/* of the connector, with its key */
	pid_t pid;
	struct http *control;
	struct arena *arena;
};

static char world_program[1100];

static inline void
world_find(const char *argv0)
{
	const char *given = getenv("NPSYNC_BUILD"), *slash = strrchr(argv0, '/');

	if (given != NULL && *given != '\0')
		(void)snprintf(world_program, sizeof(world_program),
		    "%.1000s/tests/sim/dynamics", given);
	else
		(void)snprintf(world_program, sizeof(world_program),
		    "%.*s/../../tests/sim/dynamics",
		    slash == NULL ? 1 : (int)(slash - argv0),
		    slash == NULL ? "." : argv0);
}

static inline void
world_child(const struct world *w, const char *const *options)
{
	const char *args[16 + SIM_OPTIONS_MAX] = { world_program, "--ledger",
		w->dir, "--port-file", w->port_file, "--now", SIM_NOW,
		"--no-sync", "--die-with-parent" };
	size_t n = 9;

	for (size_t i = 0; options != NULL && options[i] != NULL &&
	     i < SIM_OPTIONS_MAX; i++)
		args[n++] = options[i];
	char *argv[16 + SIM_OPTIONS_MAX + 1];
	memcpy(argv, args, sizeof(args));
	argv[n] = NULL;
	(void)execv(world_program, argv);
	_exit(127);
}

static inline int
world_port(const struct world *w)
{
	int port = 0;

	for (int i = 0; i < 2000 && port == 0; i++) {
		FILE *f = fopen(w->port_file, "r");
		if (f == NULL || fscanf(f, "%d", &port) != 1)
			port = 0;
		if (f != NULL)
			(void)fclose(f);
		if (port == 0)
			(void)usleep(5000);
		if (waitpid(w->pid, NULL, WNOHANG) == w->pid)
			fail_msg("%s did not start", world_program);
	}
	return port;
}

static inline void
world_start(struct world *w, const char *const *options)
{
	const char *tmp = getenv("TMPDIR");
	struct http_settings settings = http_defaults;
	struct err err;

	*w = (struct world){ .arena = arena_new(64 << 20) };
	(void)snprintf(w->dir, sizeof(w->dir), "%.400s/npsync-dv-XXXXXX",
	    tmp == NULL ? "/tmp" : tmp);
	assert_non_null(mkdtemp(w->dir));
	(void)snprintf(w->port_file, sizeof(w->port_file), "%s/port", w->dir);
	if ((w->pid = fork()) == 0)
		world_child(w, options);
	const int port = world_port(w);
	assert_true(port > 0);
	(void)snprintf(w->url, sizeof(w->url), "http://127.0.0.1:%d", port);
	settings.tries = 1;
	settings.rate_per_second = 0;
	if (!http_open(&settings, NULL, &w->control, &err))
		fail_msg("%s", err.msg);
}

static inline void
world_stop(struct world *w)
{
	char command[600];

	http_close(w->control);
	(void)kill(w->pid, SIGTERM);
	(void)waitpid(w->pid, NULL, 0);
	arena_free(w->arena);
	(void)snprintf(command, sizeof(command), "%s", w->dir);
	(void)unlink(w->port_file);
	for (size_t i = 0; i < 3; i++) {
		static const char *const files[] = { "ledger.jsonl",
			"requests.log", "now" };
		(void)snprintf(command, sizeof(command), "%s/%s", w->dir,
		    files[i]);
		(void)unlink(command);
	}
	(void)rmdir(w->dir);
}

/* POST to a control; ' stands for ".  The answer is the caller's. */
static inline struct json_doc *
world_ask(struct world *w, const char *control, const char *fmt, ...)
    NPS_PRINTF(3, 4);
static inline struct json_doc *
world_ask(struct world *w, const char *control, const char *fmt, ...)
{
	static const char *const headers[][2] = {
		{ "Content-Type", "application/json" }, { NULL, NULL } };
	char body[2048];
	struct json_doc *doc = NULL;
	struct http_res res;
	struct err err;
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(body, sizeof(body), fmt, ap);
	va_end(ap);
	for (char *c = body; *c != '\0'; c++)
		*c = *c == '\'' ? '"' : *c;
	arena_reset(w->arena);
	const struct http_req req = { .method = "POST", .headers = headers,
		.url = arena_printf(w->arena, "%s/sim/%s", w->url, control),
		.body = body, .body_len = strlen(body),
		.answer_max = 32 << 20 };
	if (!http_do(w->control, &req, w->arena, &res, &err))
		fail_msg("%s: %s", control, err.msg);
	if (res.status != 200)
		fail_msg("%s %s: HTTP %ld %s", control, body, res.status,
		    res.body);
	if (!json_parse(res.body, res.body_len, &doc, &err))
		fail_msg("%s: %s", control, err.msg);
	return doc;
}

#define world_tell(...) json_free(world_ask(__VA_ARGS__))

/* How many rows of a table fulfil a condition. */
static inline long long
world_count(struct world *w, const char *table, const char *where)
{
	struct json_doc *doc = world_ask(w, "rows", "{'table':'%s','where':"
	    "'%s','limit':0}", table, where);
	const long long n = json_integer_value(json_object_get(json_root(doc),
	    "total"));

	json_free(doc);
	return n;
}

static inline long long
world_stat(struct world *w, const char *path)
{
	struct json_doc *doc = NULL;
	struct http_res res;
	struct err err;

	arena_reset(w->arena);
	const struct http_req req = { .method = "GET", .url = arena_printf(
	    w->arena, "%s/sim/stats", w->url) };
	if (!http_do(w->control, &req, w->arena, &res, &err) ||
	    !json_parse(res.body, res.body_len, &doc, &err))
		fail_msg("stats: %s", err.msg);
	const long long n = json_integer_value(json_at(json_root(doc), path));
	json_free(doc);
	return n;
}

/* The connector on it; more as in rig_settings. */
static inline void
world_open(struct world *w, const char *more)
{
	struct rig *rig = &w->rig;

	rig_begin(rig, NULL, 0);
	if (!rig_settings(rig, w->url, more))
		fail_msg("%s", rig->err.msg);
	rig->set.token_url = arena_printf(rig->arena, "%s/" SIM_TENANT
	    "/oauth2/v2.0/token", w->url);
	rig->set.client_id = "11111111-2222-4333-8444-555555555555";
	if (rig->set.auth == DYNAMICS_SECRET)
		rig->set.secret = "sim-secret-0123456789";
	else
		rig->set.certificate = w->certificate;
	if (!rig_open(rig))
		fail_msg("%s", rig->err.msg);
}

static inline void
world_close(struct world *w)
{
	rig_end(&w->rig, true);
}

#endif
