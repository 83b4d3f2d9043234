#include "canary.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "buf.h"
#include "log.h"

#define CORPUS_MAX ((size_t)64 << 20)

static struct canary canaries[CANARIES_MAX];
static int n_canaries;
static struct buf corpus;	/* all that must not hold them */
static struct canary_seen seen;

void
canary_begin(void)
{
	n_canaries = 0;
	seen = (struct canary_seen){ .text = NULL };
	buf_init(&corpus, CORPUS_MAX);
}

void
canary_end(void)
{
	buf_free(&corpus);
}

const char *
canary_add(int at, const char *fmt, int i)
{
	struct canary *c = &canaries[n_canaries++];
	const char *hash = strchr(fmt, '#');

	assert_in_range(n_canaries, 1, CANARIES_MAX);
	const int n = hash == NULL
	    ? snprintf(c->word, sizeof(c->word), "%s", fmt)
	    : snprintf(c->word, sizeof(c->word), "%.*s%02d%s",
		(int)(hash - fmt), fmt, i, hash + 1);
	assert_in_range(n, 1, sizeof(c->word) - 1);
	c->at = at;
	return c->word;
}

int
canary_count(void)
{
	return n_canaries;
}

const struct canary *
canary_get(int i)
{
	assert_in_range(i, 0, n_canaries - 1);
	return &canaries[i];
}

int
canary_hits(const char *text, const char **which)
{
	int n = 0;

	for (int i = 0; i < n_canaries; i++)
		if (strstr(text, canaries[i].word) != NULL && n++ == 0)
			*which = canaries[i].word;
	return n;
}

/* ---- what is looked at ----------------------------------------------------- */
void
canary_note(const char *what, const char *text)
{
	const char *which = "";

	seen.texts++;
	if (canary_hits(text, &which) > 0)
		print_error("# %s holds %s\n", what, which);
	assert_true(buf_str(&corpus, text) && buf_str(&corpus, "\n"));
}

/* It may hold zero bytes. */
static void
note_open(const char *path, int fd)
{
	static char text[1 << 20];
	const ssize_t n = read(fd, text, sizeof(text) - 1);

	(void)close(fd);
	assert_true(n > 0);
	for (ssize_t i = 0; i < n; i++)
		if (text[i] == '\0')
			text[i] = '\n';
	text[n] = '\0';
	canary_note(path, text);
}

void
canary_note_file(const char *path)
{
	const int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		fail_msg("%s: %s", path, strerror(errno));
	note_open(path, fd);
}

/* By its status, "Uid:" real, effective ...: /proc itself is root's. */
static bool
is_ours(pid_t pid)
{
	char path[64], line[256];
	char *at = NULL;

	(void)snprintf(path, sizeof(path), "/proc/%ld/status", (long)pid);
	FILE *f = fopen(path, "re");
	if (f == NULL)
		fail_msg("%s: %s", path, strerror(errno));
	while (at == NULL && fgets(line, sizeof(line), f) != NULL)
		if (strncmp(line, "Uid:", 4) == 0)
			(void)strtoul(line + 4, &at, 10);
	(void)fclose(f);
	return at != NULL && strtoul(at, NULL, 10) == geteuid();
}

/* A process without dumps shows its environment to who may trace any (as root
 * may, unless it runs without CAP_SYS_PTRACE): to anybody else, whose process
 * it is, that must be denied. */
static void
sample_environ(pid_t pid, const char *path)
{
	const int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd >= 0 && geteuid() == 0) {
		seen.environs++;
		seen.files++;
		note_open(path, fd);
	} else if (fd < 0 && errno == EACCES && is_ours(pid)) {
		seen.denied++;
	} else {
		fail_msg("%s: %s", path, fd < 0 ? strerror(errno) :
		    "its own user can read it");
	}
}

void
canary_sample(pid_t pid)
{
	static const char *const files[] = { "cmdline", "limits", "status" };
	char path[64];

	for (size_t i = 0; i < ARRAY_LEN(files); i++) {
		(void)snprintf(path, sizeof(path), "/proc/%ld/%s", (long)pid,
		    files[i]);
		seen.files++;
		canary_note_file(path);
	}
	(void)snprintf(path, sizeof(path), "/proc/%ld/environ", (long)pid);
	sample_environ(pid, path);
}

struct canary_seen
canary_seen(void)
{
	seen.text = buf_text(&corpus);
	seen.len = corpus.len;
	return seen;
}

/* ---- what a careless line would look like in the same search ---------------- */
static char careless[512];

static void
keep(enum log_level level, const char *line)
{
	(void)level;
	(void)snprintf(careless, sizeof(careless), "%s", line);
}

void
canary_control(void)
{
	const char *which = "";

	log_open(LOG_TARGET_NONE, LOG_LEVEL_DEBUG);
	log_sink(keep);
	for (int i = 0; i < n_canaries; i++) {
		log_ev(LOG_LEVEL_DEBUG, "control", "name=%s",
		    log_quote(canaries[i].word));
		if (canary_hits(careless, &which) == 0)
			fail_msg("%s would not be found in a log line",
			    canaries[i].word);
	}
	log_sink(NULL);
}
