#include "crmsim.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "arena.h"
#include "http.h"
#include "json.h"
#include "num.h"
#include "runproc.h"
#include "textfile.h"
#include "tmpdir.h"

#define OPTIONS_MAX 24
#define READY_TRIES 4000

struct crmsim {
	struct runproc proc;
	struct http *http;
	struct arena *arena;
	struct json_doc *doc;
	char dir[512], url[64];
};

static char folder[1024];
static int folder_fd = -1;

void
crmsim_find(const char *argv0)
{
	const char *given = getenv("NPSYNC_BUILD"), *slash = strrchr(argv0, '/');

	if (given != NULL && *given != '\0')
		(void)snprintf(folder, sizeof(folder), "%.900s/tests/sim",
		    given);
	else
		(void)snprintf(folder, sizeof(folder), "%.*s/../sim",
		    slash == NULL ? 1 : (int)(slash - argv0),
		    slash == NULL ? "." : argv0);
	/* By it the programs are found by a user who cannot read the build. */
	folder_fd = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
}

static void
port_wait(struct crmsim *sim, const char *file)
{
	const struct timespec pause = { .tv_nsec = 5000000 };
	char line[16];
	long long port = 0;

	for (int i = 0; i < READY_TRIES && port == 0; i++) {
		FILE *f = fopen(file, "re");
		if (f == NULL || fgets(line, sizeof(line), f) == NULL)
			line[0] = '\0';
		if (f != NULL)
			(void)fclose(f);
		line[strcspn(line, "\n")] = '\0';
		if (!num_parse(line, 1, 65535, &port))
			(void)nanosleep(&pause, NULL);
	}
	if (port == 0)
		fail_msg("a server of %s did not start", folder);
	(void)snprintf(sim->url, sizeof(sim->url), "http://127.0.0.1:%lld",
	    port);
}

static void
control_open(struct crmsim *sim)
{
	struct http_settings settings = http_defaults;
	struct err err;

	settings.tries = 1;
	settings.rate_per_second = 0;
	settings.answer_timeout_s = 60;
	if (!http_open(&settings, NULL, &sim->http, &err))
		fail_msg("%s", err.msg);
}

const char *
crmsim_file(const struct crmsim *sim, const char *name)
{
	static char path[600];

	(void)snprintf(path, sizeof(path), "%s/%s", sim->dir, name);
	return path;
}

struct crmsim *
crmsim_start(const char *name, const char *now, const char *const *options)
{
	return crmsim_start_from(name, now, options, NULL);
}

struct crmsim *
crmsim_start_from(const char *name, const char *now,
    const char *const *options, const char *const (*files)[2])
{
	struct crmsim *sim = calloc(1, sizeof(*sim));
	char program[1200], port_file[600];
	const char *args[10 + OPTIONS_MAX] = { "--ledger", NULL, "--port-file",
		port_file, "--now", now, "--no-sync", "--die-with-parent" };
	size_t n = 8;

	assert_non_null(sim);
	assert_int_equal(tmpdir_make(NULL), 0);
	(void)snprintf(sim->dir, sizeof(sim->dir), "%s", tmpdir);
	(void)snprintf(port_file, sizeof(port_file), "%s/port", sim->dir);
	(void)snprintf(program, sizeof(program), "/proc/self/fd/%d/%s",
	    folder_fd, name);
	args[1] = sim->dir;
	for (; files != NULL && (*files)[0] != NULL; files++)
		textfile_write(crmsim_file(sim, (*files)[0]), (*files)[1]);
	for (size_t i = 0; options != NULL && options[i] != NULL; i++) {
		assert_true(i < OPTIONS_MAX);
		args[n++] = options[i];
	}
	runproc_start(&sim->proc, program, args, NULL, NULL);
	port_wait(sim, port_file);
	sim->arena = arena_new(64 << 20);
	control_open(sim);
	return sim;
}

void
crmsim_stop(struct crmsim *sim)
{
	(void)kill(sim->proc.pid, SIGTERM);
	runproc_wait(&sim->proc, 20);
	assert_int_equal(sim->proc.code, 0);
	runproc_free(&sim->proc);
	json_free(sim->doc);
	http_close(sim->http);
	arena_free(sim->arena);
	(void)snprintf(tmpdir, sizeof(tmpdir), "%s", sim->dir);
	assert_int_equal(tmpdir_remove(NULL), 0);
	free(sim);
}

const char *
crmsim_url(const struct crmsim *sim)
{
	return sim->url;
}

const char *
crmsim_dir(const struct crmsim *sim)
{
	return sim->dir;
}

/* ---- controls ------------------------------------------------------------ */

static json_t *
call(struct crmsim *sim, const char *control, const char *body)
{
	static const char *const headers[][2] = {
		{ "Content-Type", "application/json" }, { NULL, NULL } };
	struct http_req req = { .method = body == NULL ? "GET" : "POST",
		.body = body, .body_len = body == NULL ? 0 : strlen(body),
		.headers = body == NULL ? NULL : headers,
		.answer_max = 32 << 20 };
	struct http_res res;
	struct err err;

	arena_reset(sim->arena);
	req.url = arena_printf(sim->arena, "%s/sim/%s", sim->url, control);
	json_free(sim->doc);
	sim->doc = NULL;
	if (!http_do(sim->http, &req, sim->arena, &res, &err))
		fail_msg("%s: %s", control, err.msg);
	if (res.status != 200)
		fail_msg("%s %s: HTTP %ld %s", control, body == NULL ? ""
		    : body, res.status, res.body);
	if (!json_parse(res.body, res.body_len, &sim->doc, &err))
		fail_msg("%s: %s", control, err.msg);
	return json_root(sim->doc);
}

json_t *
crmsim_ask(struct crmsim *sim, const char *control, const char *fmt, ...)
{
	char body[4096];
	va_list ap;

	va_start(ap, fmt);
	const int len = vsnprintf(body, sizeof(body), fmt, ap);
	va_end(ap);
	assert_in_range(len, 0, sizeof(body) - 1);
	for (char *c = body; *c != '\0'; c++)
		*c = *c == '\'' ? '"' : *c;
	return call(sim, control, body);
}

struct json_doc *
crmsim_keep(struct crmsim *sim)
{
	struct json_doc *doc = sim->doc;

	sim->doc = NULL;
	return doc;
}

json_t *
crmsim_stats(struct crmsim *sim)
{
	return call(sim, "stats", NULL);
}

long long
crmsim_stat(struct crmsim *sim, const char *path)
{
	return json_integer_value(json_at(crmsim_stats(sim), path));
}
