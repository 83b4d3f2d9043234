#include "simproc.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>
#include <curl/curl.h>

#include "../sim/simtime.h"
#include "buf.h"

#define OPTIONS_MAX 24
#define READY_TRIES 1000
#define ANSWER_MAX ((size_t)1 << 20)

struct simproc {
	char dir[512], port_file[600], key_file[600], ledger[600];
	const char *const *options;
	pid_t pid;
	int port;
	CURL *curl;
	FILE *f;		/* the ledger as far as it was read */
	struct simproc_line *lines;
	size_t n, room;
};

static char build[1024];
static int program_fd = -1;

/* ---- the program ------------------------------------------------------------- */
static void
build_set(const char *argv0)
{
	const char *given = getenv("NPSYNC_BUILD");

	if (given != NULL && *given != '\0') {
		(void)snprintf(build, sizeof(build), "%s", given);
		return;
	}
	/* BUILD/tests/system/test_x */
	const char *slash = strrchr(argv0, '/');
	(void)snprintf(build, sizeof(build), "%.*s/../..",
	    slash == NULL ? 1 : (int)(slash - argv0),
	    slash == NULL ? "." : argv0);
}

/* A copy in memory: it can be run by a user who cannot read the build. */
static bool
copy(const char *path)
{
	struct stat st;
	const int in = open(path, O_RDONLY | O_CLOEXEC);

	if (in < 0)
		return false;
	program_fd = memfd_create("npstoday", MFD_CLOEXEC);
	bool ok = program_fd >= 0 && fstat(in, &st) == 0;
	for (off_t left = ok ? st.st_size : 0; ok && left > 0;) {
		const ssize_t n = sendfile(program_fd, in, NULL, (size_t)left);
		ok = n > 0;
		left -= n;
	}
	(void)close(in);
	return ok;
}

bool
simproc_find(const char *argv0)
{
	char path[1100];

	build_set(argv0);
	(void)snprintf(path, sizeof(path), "%s/tests/sim/npstoday", build);
	if (copy(path))
		return true;
	print_error("simproc: %s: %s\n", path, strerror(errno));
	return false;
}

const char *
simproc_build(void)
{
	return build;
}

/* ---- the process ------------------------------------------------------------- */
static void
pause_ms(long ms)
{
	const struct timespec t = { ms / 1000, ms % 1000 * 1000000 };

	(void)nanosleep(&t, NULL);
}

static void
child(const struct simproc *sim)
{
	char port[16];
	const char *args[16 + OPTIONS_MAX] = { "npstoday", "--ledger", sim->dir,
		"--key-file", sim->key_file, "--port-file", sim->port_file,
		"--port", port, "--no-sync", "--die-with-parent", "--campaigns",
		"7749=Møde,7750=Salg,7751=Tabt salg,7752=Sag lukket,"
		"7753=Stilhed,7754=Affär" };
	size_t n = 13;

	(void)snprintf(port, sizeof(port), "%d", sim->port);
	for (size_t i = 0; sim->options != NULL && sim->options[i] != NULL;
	     i++) {
		if (i == OPTIONS_MAX)
			_exit(126);
		args[n++] = sim->options[i];
	}
	(void)fexecve(program_fd, (char *const *)(uintptr_t)args, environ);
	_exit(127);
}

static bool
port_read(struct simproc *sim)
{
	char text[16];
	int64_t port;
	FILE *f = fopen(sim->port_file, "re");

	if (f == NULL)
		return false;
	const bool got = fgets(text, sizeof(text), f) != NULL;
	(void)fclose(f);
	if (!got)
		return false;
	text[strcspn(text, "\n")] = '\0';
	if (!sim_num(text, &port) || port == 0)
		return false;
	sim->port = (int)port;
	return true;
}

static void
launch(struct simproc *sim)
{
	(void)unlink(sim->port_file);
	sim->pid = fork();
	if (sim->pid == 0)
		child(sim);
	assert_true(sim->pid > 0);
	for (int i = 0; i < READY_TRIES; i++) {
		if (port_read(sim))
			return;
		if (waitpid(sim->pid, NULL, WNOHANG) != 0)
			break;
		pause_ms(5);
	}
	sim->pid = 0;
	fail_msg("the survey service did not start");
}

static void
key_write(const struct simproc *sim)
{
	const int fd = open(sim->key_file, O_WRONLY | O_CREAT | O_TRUNC |
	    O_CLOEXEC, 0600);

	assert_true(fd >= 0 && write(fd, SIMPROC_KEY "\n",
	    strlen(SIMPROC_KEY) + 1) > 0 && close(fd) == 0);
}

struct simproc *
simproc_start(const char *dir, const char *const *options)
{
	struct simproc *sim = calloc(1, sizeof(*sim));

	assert_non_null(sim);
	(void)snprintf(sim->dir, sizeof(sim->dir), "%s", dir);
	(void)snprintf(sim->port_file, sizeof(sim->port_file), "%s/port", dir);
	(void)snprintf(sim->key_file, sizeof(sim->key_file), "%s/key", dir);
	(void)snprintf(sim->ledger, sizeof(sim->ledger), "%s/ledger.jsonl",
	    dir);
	sim->options = options;
	if (mkdir(dir, 0700) != 0)
		fail_msg("%s: %s", dir, strerror(errno));
	key_write(sim);
	sim->curl = curl_easy_init();
	assert_non_null(sim->curl);
	launch(sim);
	return sim;
}

void
simproc_away(struct simproc *sim)
{
	if (sim->pid <= 0)
		return;
	const pid_t pid = sim->pid;
	int status = -1;

	sim->pid = 0;
	(void)kill(pid, SIGTERM);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	/* It has no right to be gone before, or to be unwell. */
	if (status != 0)
		fail_msg("the survey service ended with status %#x", status);
}

void
simproc_back(struct simproc *sim)
{
	assert_int_equal(sim->pid, 0);
	launch(sim);
}

void
simproc_stop(struct simproc *sim)
{
	if (sim == NULL)
		return;
	simproc_away(sim);
	curl_easy_cleanup(sim->curl);
	if (sim->f != NULL)
		(void)fclose(sim->f);
	free(sim->lines);
	free(sim);
}

int
simproc_port(const struct simproc *sim)
{
	return sim->port;
}

/* ---- controls ---------------------------------------------------------------- */
static size_t
keep(char *data, size_t size, size_t n, void *arg)
{
	return buf_add(arg, data, size * n) ? size * n : 0;
}

/* body NULL = GET */
static json_t *
call(struct simproc *sim, const char *control, const char *body)
{
	char url[160];
	long status = 0;
	AUTO(buf) struct buf out;

	buf_init(&out, ANSWER_MAX);
	(void)snprintf(url, sizeof(url), "http://127.0.0.1:%d/sim/%s",
	    sim->port, control);
	curl_easy_reset(sim->curl);
	curl_easy_setopt(sim->curl, CURLOPT_URL, url);
	curl_easy_setopt(sim->curl, CURLOPT_NOPROXY, "*");
	curl_easy_setopt(sim->curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(sim->curl, CURLOPT_TIMEOUT, 20L);
	curl_easy_setopt(sim->curl, CURLOPT_WRITEFUNCTION, keep);
	curl_easy_setopt(sim->curl, CURLOPT_WRITEDATA, &out);
	if (body != NULL)
		curl_easy_setopt(sim->curl, CURLOPT_COPYPOSTFIELDS, body);
	const CURLcode rc = curl_easy_perform(sim->curl);
	curl_easy_getinfo(sim->curl, CURLINFO_RESPONSE_CODE, &status);
	if (rc != CURLE_OK || status != 200)
		fail_msg("%s %s: %s, HTTP %ld", url, body == NULL ? "" : body,
		    curl_easy_strerror(rc), status);
	json_t *answer = json_loadb(buf_text(&out), out.len, 0, NULL);
	assert_non_null(answer);
	return answer;
}

json_t *
simproc_ask(struct simproc *sim, const char *control, const char *fmt, ...)
{
	char body[1024];
	va_list ap;

	va_start(ap, fmt);
	const int len = vsnprintf(body, sizeof(body), fmt, ap);
	va_end(ap);
	assert_in_range(len, 0, sizeof(body) - 1);
	return call(sim, control, body);
}

void
simproc_tell(struct simproc *sim, const char *control, const char *fmt, ...)
{
	char body[1024];
	va_list ap;

	va_start(ap, fmt);
	const int len = vsnprintf(body, sizeof(body), fmt, ap);
	va_end(ap);
	assert_in_range(len, 0, sizeof(body) - 1);
	json_decref(call(sim, control, body));
}

long long
simproc_stat(struct simproc *sim, const char *name)
{
	json_t *stats = call(sim, "stats", NULL);
	const json_t *value = json_object_get(stats, name);

	assert_true(json_is_integer(value));
	const long long n = json_integer_value(value);
	json_decref(stats);
	return n;
}

/* ---- the ledger -------------------------------------------------------------- */
static void
take_text(const json_t *rec, const char *key, char *out, size_t size)
{
	const char *text = json_string_value(json_object_get(rec, key));

	(void)snprintf(out, size, "%s", text == NULL ? "" : text);
}

static long long
take_int(const json_t *rec, const char *key, long long otherwise)
{
	const json_t *value = json_object_get(rec, key);

	return json_is_integer(value) ? json_integer_value(value) : otherwise;
}

static int64_t
take_time(const json_t *rec, const char *key)
{
	int64_t t;

	return sim_time_parse(json_string_value(json_object_get(rec, key)), &t)
	    ? t : -1;
}

static void
line_fill(struct simproc_line *line, const json_t *rec)
{
	static const char *const kinds[] = { "respondent", "foreign",
		"answer" };
	char kind[16];

	*line = (struct simproc_line){ .kind = SIMPROC_OTHER,
		.id = take_int(rec, "id", 0),
		.member = take_int(rec, "member", 0),
		.campaign = take_int(rec, "campaign", 0),
		.rating = (int)take_int(rec, "rating", -1),
		.received = take_time(rec, "received_at"),
		.send_at = take_time(rec, "send_at"),
		.at = take_time(rec, "at") };
	take_text(rec, "kind", kind, sizeof(kind));
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
		if (strcmp(kinds[i], kind) == 0)
			line->kind = (enum simproc_kind)i;
	take_text(rec, "guid", line->guid, sizeof(line->guid));
	take_text(rec, "npsync_ref", line->ref, sizeof(line->ref));
	/* What names the person; by text message that is the number. */
	take_text(rec, json_is_string(json_object_get(rec, "email")) ? "email"
	    : "phone", line->email, sizeof(line->email));
	take_text(rec, "external_id", line->external, sizeof(line->external));
}

static void
line_add(struct simproc *sim, const char *text, size_t len)
{
	json_t *rec = json_loadb(text, len, 0, NULL);

	assert_non_null(rec);
	if (sim->n == sim->room) {
		sim->room = sim->room == 0 ? 256 : 2 * sim->room;
		sim->lines = realloc(sim->lines,
		    sim->room * sizeof(*sim->lines));
		assert_non_null(sim->lines);
	}
	line_fill(&sim->lines[sim->n++], rec);
	json_decref(rec);
}

const struct simproc_line *
simproc_ledger(struct simproc *sim, size_t *n)
{
	char *text = NULL;
	size_t room = 0;
	ssize_t len;

	if (sim->f == NULL)
		sim->f = fopen(sim->ledger, "re");
	assert_non_null(sim->f);
	clearerr(sim->f);
	while ((len = getline(&text, &room, sim->f)) > 0) {
		/* Still being written: the next call reads it whole. */
		if (text[len - 1] != '\n') {
			assert_int_equal(fseek(sim->f, -(long)len, SEEK_CUR),
			    0);
			break;
		}
		line_add(sim, text, (size_t)len);
	}
	free(text);
	*n = sim->n;
	return sim->lines;
}
