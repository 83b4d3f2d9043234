#include "log.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#include "text.h"

#define LINE_BYTES 1024
#define FIELD_BYTES 256
#define PREFIX_BYTES 256
#define RING 8

static enum log_target target = LOG_TARGET_STDERR;
static enum log_level threshold = LOG_LEVEL_INFO;
static bool with_priority;	/* "<6>" in front, for the journal */
static log_sink_fn *sink;
static char prefix[PREFIX_BYTES];

static int
priority(enum log_level level)
{
	switch (level) {
	case LOG_LEVEL_ERROR:
		return LOG_ERR;
	case LOG_LEVEL_WARNING:
		return LOG_WARNING;
	case LOG_LEVEL_NOTICE:
		return LOG_NOTICE;
	case LOG_LEVEL_INFO:
		return LOG_INFO;
	case LOG_LEVEL_DEBUG:
		return LOG_DEBUG;
	}
	return LOG_ERR;
}

/* A pipe or a file was put there by somebody who wants to read it (cron, a
 * shell); /dev/null and a closed descriptor are what daemons get. */
static bool
stderr_is_read(void)
{
	struct stat st;

	if (isatty(STDERR_FILENO) == 1)
		return true;
	return fstat(STDERR_FILENO, &st) == 0 &&
	    (S_ISFIFO(st.st_mode) || S_ISREG(st.st_mode) ||
		S_ISSOCK(st.st_mode));
}

/* The variable names the journal's end.  Children inherit it whose stderr is a
 * file, a pipe or a terminal: the numbers tell. */
static bool
stderr_is_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	char own[64];
	struct stat st;

	if (stream == NULL || fstat(STDERR_FILENO, &st) != 0)
		return false;
	(void)snprintf(own, sizeof(own), "%ju:%ju", (uintmax_t)st.st_dev,
	    (uintmax_t)st.st_ino);
	return strcmp(stream, own) == 0;
}

void
log_open(enum log_target wanted, enum log_level level)
{
	threshold = level;
	with_priority = stderr_is_journal();
	if (wanted == LOG_TARGET_AUTO)
		wanted = with_priority || stderr_is_read() ?
		    LOG_TARGET_STDERR : LOG_TARGET_SYSLOG;
	target = wanted;
	if (target == LOG_TARGET_SYSLOG)
		openlog("npsync", LOG_PID, LOG_DAEMON);
}

void
log_sink(log_sink_fn *fn)
{
	sink = fn;
}

void
log_prefix(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(prefix, sizeof(prefix), fmt, ap);
	va_end(ap);
	prefix[text_cut(prefix, PREFIX_BYTES - 2)] = '\0';
}

struct line {
	char s[LINE_BYTES + 1];
	size_t len;
};

/* Escaped, up to the first piece that does not fit whole. */
static void
line_add(struct line *line, const char *text)
{
	char piece[TEXT_PIECE];
	size_t took;

	while ((took = text_piece(text, piece)) > 0) {
		const size_t n = strlen(piece);
		if (line->len + n > LINE_BYTES)
			return;
		memcpy(line->s + line->len, piece, n + 1);
		line->len += n;
		text += took;
	}
}

static void
line_add_word(struct line *line, const char *text)
{
	if (text[0] == '\0')
		return;
	if (line->len > 0)
		line_add(line, " ");
	line_add(line, text);
}

static void
write_stderr(enum log_level level, const char *line)
{
	char out[LINE_BYTES + 8];
	int n;

	if (with_priority)
		n = snprintf(out, sizeof(out), "<%d>%s\n", priority(level),
		    line);
	else
		n = snprintf(out, sizeof(out), "%s\n", line);
	/* One write, so that lines of several processes do not mix.  There is
	 * nowhere to report that it failed. */
	if (n > 0 && write(STDERR_FILENO, out, (size_t)n) < 0)
		return;
}

static void
deliver(enum log_level level, const char *line)
{
	if (sink != NULL) {
		sink(level, line);
		return;
	}
	switch (target) {
	case LOG_TARGET_AUTO:
	case LOG_TARGET_STDERR:
		write_stderr(level, line);
		break;
	case LOG_TARGET_SYSLOG:
		syslog(priority(level), "%s", line);
		break;
	case LOG_TARGET_NONE:
		break;
	}
}

static void
log_text(enum log_level level, const char *event, const char *text)
{
	struct line line = { .len = 0 };

	line_add_word(&line, prefix);
	line_add_word(&line, event);
	line_add_word(&line, text);
	deliver(level, line.s);
}

void
log_ev(enum log_level level, const char *event, const char *fmt, ...)
{
	/* Longer text is cut anyway; escapes only make it longer. */
	char text[LINE_BYTES + 1];
	va_list ap;

	if (level > threshold)
		return;
	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	/* Half a code point at its end never shows: the event word in front
	 * leaves no room for its escape. */
	log_text(level, event, text);
}

const char *
log_quote(const char *value)
{
	static char ring[RING][FIELD_BYTES];
	static unsigned next;
	char *out = ring[next++ % RING];
	char piece[TEXT_PIECE];
	size_t len = 0, took;

	out[len++] = '"';
	for (; value != NULL && (took = text_piece(value, piece)) > 0;
	    value += took) {
		const bool quoted = piece[1] == '\0' &&
		    (piece[0] == '"' || piece[0] == '\\');
		const size_t n = strlen(piece) + (quoted ? 1 : 0);
		if (len + n + 2 > FIELD_BYTES)	/* closing quote and NUL */
			break;
		if (quoted)
			out[len++] = '\\';
		memcpy(out + len, piece, strlen(piece));
		len += strlen(piece);
	}
	out[len++] = '"';
	out[len] = '\0';
	return out;
}

void
complain(struct complain *c, const char *event, const char *fmt, ...)
{
	char text[LINE_BYTES + 1], all[LINE_BYTES + 32];
	unsigned long power = 1;
	va_list ap;

	c->count++;
	while (power < c->count && power <= c->count / 10)
		power *= 10;
	if (power != c->count)
		return;
	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	(void)snprintf(all, sizeof(all), "times=%lu %s", c->count, text);
	if (LOG_LEVEL_WARNING <= threshold)
		log_text(LOG_LEVEL_WARNING, event, all);
}

void
complain_release(struct complain *c, const char *event)
{
	if (c->count == 0)
		return;
	log_ev(LOG_LEVEL_NOTICE, event, "recovered after %lu", c->count);
	c->count = 0;
}
