/*
 * sim.h - tests/sim/superoffice as a process of the test, with a connector
 * opened on it as the system user, or onsite (--onsite) with a password.  The server ends with the test, however that
 * ends.
 */
#ifndef TESTS_SUPEROFFICE_SIM_H
#define TESTS_SUPEROFFICE_SIM_H

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "json.h"
#include "rig.h"

#define SIM_NOW "2026-11-25T02:00:00Z"
#define SIM_ARGS 40

struct world {
	struct rig rig;
	char dir[512], url[64];
	const char *key;	/* of the application, PEM */
	pid_t pid;
	struct http *control;
	struct arena *arena, *asked;
};

static char world_program[1100];

static inline void
world_find(const char *argv0)
{
	const char *given = getenv("NPSYNC_BUILD");
	const char *slash = strrchr(argv0, '/');
	const int len = slash == NULL ? 1 : (int)(slash - argv0);

	if (given != NULL && *given != '\0')
		(void)snprintf(world_program, sizeof(world_program),
		    "%.1000s/tests/sim/superoffice", given);
	else
		(void)snprintf(world_program, sizeof(world_program),
		    "%.*s/../../tests/sim/superoffice", len,
		    slash == NULL ? "." : argv0);
}

static inline const char *
world_file(struct world *w, const char *name)
{
	return arena_printf(w->arena, "%s/%s", w->dir, name);
}

/* One key for all tests of a program: making it takes a while. */
static inline void
world_key(struct world *w)
{
	static char text[4096];
	static EVP_PKEY *key;

	if (key == NULL) {
		BIO *bio = BIO_new(BIO_s_mem());
		key = EVP_RSA_gen(2048);
		assert_int_equal(PEM_write_bio_PrivateKey(bio, key, NULL, NULL,
		    0, NULL, NULL), 1);
		const int n = BIO_read(bio, text, sizeof(text) - 1);
		assert_true(n > 0);
		text[n] = '\0';
		(void)BIO_free(bio);
	}
	FILE *f = fopen(world_file(w, "public.pem"), "we");
	assert_non_null(f);
	assert_int_equal(PEM_write_PUBKEY(f, key), 1);
	(void)fclose(f);
	w->key = text;
}

static inline void
world_child(struct world *w, const char *const *options)
{
	const char *args[SIM_ARGS + 1] = { world_program, "--ledger", w->dir,
		"--port-file", world_file(w, "port"), "--now", SIM_NOW,
		"--public-key", world_file(w, "public.pem"), "--no-sync",
		"--die-with-parent" };
	char *argv[SIM_ARGS + 1];
	size_t n = 11;

	while (options != NULL && *options != NULL && n < SIM_ARGS)
		args[n++] = *options++;
	args[n] = NULL;
	memcpy(argv, args, sizeof(args));
	(void)execv(world_program, argv);
	_exit(127);
}

static inline int
world_port(struct world *w)
{
	const char *name = world_file(w, "port");
	int port = 0;

	for (int i = 0; i < 4000 && port == 0; i++) {
		FILE *f = fopen(name, "re");
		char text[16] = "";
		if (f != NULL && fgets(text, sizeof(text), f) != NULL)
			port = (int)strtol(text, NULL, 10);
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

	*w = (struct world){ .arena = arena_new(1 << 20),
		.asked = arena_new(64 << 20) };
	(void)snprintf(w->dir, sizeof(w->dir), "%.400s/npsync-so-XXXXXX",
	    tmp == NULL ? "/tmp" : tmp);
	assert_non_null(mkdtemp(w->dir));
	world_key(w);
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
	static const char *const files[] = { "port", "public.pem", "now",
		"ledger.jsonl", "requests.log", "exchanges.jsonl", "world-at" };

	http_close(w->control);
	(void)kill(w->pid, SIGTERM);
	(void)waitpid(w->pid, NULL, 0);
	for (size_t i = 0; i < ARRAY_LEN(files); i++)
		(void)unlink(world_file(w, files[i]));
	(void)rmdir(w->dir);
	arena_free(w->asked);
	arena_free(w->arena);
}

/* A control is called; body NULL = GET.  The answer is the caller's. */
static inline struct json_doc *
world_call(struct world *w, const char *control, const char *body)
{
	static const char *const headers[][2] = {
		{ "Content-Type", "application/json" }, { NULL, NULL } };
	struct json_doc *doc = NULL;
	struct http_res res;
	struct err err;

	arena_reset(w->asked);
	const struct http_req req = { .method = body == NULL ? "GET" : "POST",
		.headers = headers, .body = body,
		.url = arena_printf(w->asked, "%s/sim/%s", w->url, control),
		.body_len = body == NULL ? 0 : strlen(body),
		.answer_max = 32 << 20 };
	if (!http_do(w->control, &req, w->asked, &res, &err))
		fail_msg("%s: %s", control, err.msg);
	if (res.status != 200 ||
	    !json_parse(res.body, res.body_len, &doc, &err))
		fail_msg("%s %s: HTTP %ld %s", control, body == NULL ? "" : body,
		    res.status, res.body);
	return doc;
}

/* ' stands for ". */
static inline struct json_doc *
world_ask(struct world *w, const char *control, const char *fmt, ...)
    NPS_PRINTF(3, 4);
static inline struct json_doc *
world_ask(struct world *w, const char *control, const char *fmt, ...)
{
	char body[2048];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(body, sizeof(body), fmt, ap);
	va_end(ap);
	for (char *c = body; *c != '\0'; c++)
		*c = *c == '\'' ? '"' : *c;
	return world_call(w, control, body);
}

#define world_tell(...) json_free(world_ask(__VA_ARGS__))

/* The id of a row that was made or changed. */
#define world_record(w, ...) world_id(world_ask(w, "record", __VA_ARGS__))
static inline long long
world_id(struct json_doc *doc)
{
	const long long id = json_integer_value(json_object_get(json_root(doc),
	    "id"));

	json_free(doc);
	return id;
}

/* How many rows of a table are so; where as an object without braces. */
static inline long long
world_count(struct world *w, const char *table, const char *where)
{
	struct json_doc *doc = world_ask(w, "rows", "{'table':'%s','where':"
	    "{%s},'limit':0}", table, where);
	const long long n = json_integer_value(json_object_get(json_root(doc),
	    "total"));

	json_free(doc);
	return n;
}

static inline long long
world_stat(struct world *w, const char *path)
{
	struct json_doc *doc = world_call(w, "stats", NULL);
	const long long n = json_integer_value(json_at(json_root(doc), path));

	json_free(doc);
	return n;
}

/* Nothing that the published description does not have. */
static inline void
world_manners(struct world *w)
{
	struct json_doc *doc = world_call(w, "stats", NULL);
	json_t *all = json_object_get(json_root(doc), "violations");

	if (json_object_size(all) != 0)
		fail_msg("%s", json_object_iter_key(json_object_iter(all)));
	assert_int_equal(json_integer_value(json_object_get(json_root(doc),
	    "strayed")), 0);
	json_free(doc);
}

/* how: to get in, with %s for the server's address. */
static inline void
world_settings(struct world *w, const char *how, const char *more)
{
	struct rig *rig = &w->rig;
	const char *at = strstr(how, "%s");

	rig_begin(rig, NULL, 0);
	rig->now = rig_time(SIM_NOW);
	if (!rig_settings(rig, arena_printf(rig->arena, "%.*s%s%s "
	    "interest_list = 'PersonInterest'; %s", (int)(at - how), how,
	    w->url, at + 2, more)))
		fail_msg("%s", rig->err.msg);
}

static inline void
world_open(struct world *w, const char *more)
{
	struct rig *rig = &w->rig;

	world_settings(w, "login_host = '%s'; context_id = 'Cust12345'; "
	    "client_secret = 'credential:a'; system_user_token = "
	    "'credential:b'; private_key = 'credential:c';", more);
	rig->set.client_secret = "sec";
	rig->set.system_user_token = "NPS Sync-AbCdEfGhIj";
	rig->set.private_key = w->key;
	if (!rig_open(rig))
		fail_msg("%s", rig->err.msg);
}

static inline void
world_open_onsite(struct world *w, const char *password, const char *more)
{
	world_settings(w, "mode = 'onsite'; auth = 'basic'; user = 'npsync'; "
	    "password = 'credential:p'; base_url = '%s/site';", more);
	w->rig.set.password = password;
	if (!rig_open(&w->rig))
		fail_msg("%s", w->rig.err.msg);
}

static inline void
world_close(struct world *w)
{
	rig_end(&w->rig);
}

#endif
