#include "csv.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "csv_file.h"

struct span {
	size_t from, len;	/* relative to the row's first byte */
	bool quoted;		/* without its outer quotes; "" still doubled */
};

struct csv {
	struct csv_file file;
	struct csv_format format;
	bool owns_fd, full;
	long line;		/* of in[start] */
	size_t start, end;	/* the row begins at in[start] */
	size_t taken;		/* bytes of the row handed out last */
	bool skip_line;		/* it was bad: go on behind the line at taken */
	struct buf text;	/* the row's fields, each with its NUL */
	size_t n;
	struct span span[CSV_FIELDS_MAX];
	const char *field[CSV_FIELDS_MAX];
	char in[CSV_ROW_MAX];
};

/* ---- bytes ---------------------------------------------------------- */

/* One more read; false at the end, on an error, or when the row fills in[]. */
static bool
fill(struct csv *csv)
{
	if (csv->start > 0) {
		memmove(csv->in, csv->in + csv->start, csv->end - csv->start);
		csv->end -= csv->start;
		csv->start = 0;
	}
	const size_t room = sizeof(csv->in) - csv->end;
	if (room < csv->file.least) {
		csv->full = true;
		return false;
	}
	const size_t got = csv_file_read(&csv->file, csv->in + csv->end, room);
	csv->end += got;
	return got > 0;
}

/* Byte i of the row, or -1. */
static inline int
byte_at(struct csv *csv, size_t i)
{
	while (csv->start + i >= csv->end)
		if (!fill(csv))
			return -1;
	return (unsigned char)csv->in[csv->start + i];
}

static long
lines_in(const char *s, size_t len)
{
	long lines = 0;

	for (const char *p = s; (p = memchr(p, '\n', len - (size_t)(p - s)));
	    p++)
		lines++;
	return lines;
}

static void
drop(struct csv *csv, size_t len)
{
	csv->line += lines_in(csv->in + csv->start, len);
	csv->start += len;
}

/*
 * A quote that is never closed must not swallow the file: after a bad row the
 * reading goes on at the line after the one in which the bad field begins,
 * although that field seemed to reach further.  in[] still holds that line,
 * since a row is given up before it outgrows in[].
 */
static void
go_on(struct csv *csv)
{
	drop(csv, csv->taken);
	while (csv->skip_line) {
		const char *from = csv->in + csv->start;
		const size_t left = csv->end - csv->start;
		const char *lf = left == 0 ? NULL : memchr(from, '\n', left);

		if (lf != NULL) {
			drop(csv, (size_t)(lf - from) + 1);
			break;
		}
		csv->start = csv->end;
		if (!fill(csv))
			break;
	}
	csv->skip_line = false;
	csv->taken = 0;
	csv->full = false;
}

/* ---- fields --------------------------------------------------------- */

static bool
ends_field(struct csv *csv, size_t at, int c)
{
	return c == -1 || c == csv->format.delimiter || c == '\n' ||
	    (c == '\r' && (byte_at(csv, at + 1) == '\n' ||
	    byte_at(csv, at + 1) == -1));
}

/* Both return NULL or what is wrong; *at ends on the byte behind the field. */
static const char *
scan_quoted(struct csv *csv, size_t *at, struct span *span)
{
	const int quote = (unsigned char)csv->format.quote;
	size_t i = *at + 1;

	*span = (struct span){ .from = i, .quoted = true };
	for (;; i++) {
		const int c = byte_at(csv, i);
		if (c == -1)
			return "closing quote missing";
		if (i - span->from > CSV_QUOTED_MAX)
			return "closing quote missing within 64 KiB";
		if (c != quote)
			continue;
		if (byte_at(csv, i + 1) != quote)
			break;
		i++;
	}
	span->len = i - span->from;
	*at = i + 1;
	if (!ends_field(csv, *at, byte_at(csv, *at)))
		return "text behind the closing quote";
	return NULL;
}

static const char *
scan_plain(struct csv *csv, size_t *at, struct span *span)
{
	size_t i = *at;

	*span = (struct span){ .from = i };
	for (;; i++) {
		const int c = byte_at(csv, i);
		if (ends_field(csv, i, c))
			break;
		if (c == csv->format.quote && c != '\0')
			return "quote inside an unquoted field";
		if (c == '\r')
			return "carriage return inside an unquoted field";
	}
	span->len = i - span->from;
	*at = i;
	return NULL;
}

/* Finds the fields of the row and its length without the line end. */
static const char *
scan_row(struct csv *csv, size_t *len)
{
	size_t at = 0;

	for (csv->n = 0; csv->n < CSV_FIELDS_MAX; at++) {
		struct span *span = &csv->span[csv->n++];
		const bool quoted = csv->format.quote != '\0' &&
		    byte_at(csv, at) == (unsigned char)csv->format.quote;
		const char *bad = quoted ? scan_quoted(csv, &at, span) :
		    scan_plain(csv, &at, span);
		/* A field that seems to end where in[] does may go on. */
		if (csv->full)
			return "row longer than 256 KiB";
		if (bad != NULL)
			return bad;
		if (byte_at(csv, at) != csv->format.delimiter) {
			*len = at;
			return NULL;
		}
	}
	return "more than 1024 fields";
}

/* ---- text ----------------------------------------------------------- */

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static void
trim(const struct csv *csv, const char **s, size_t *len)
{
	if (!csv->format.trim)
		return;
	while (*len > 0 && is_blank((*s)[*len - 1]))
		(*len)--;
	for (; *len > 0 && is_blank(**s); (*s)++)
		(*len)--;
}

/* Decodes one field behind those before it. */
static const char *
take_field(struct csv *csv, const struct span *span)
{
	const char *s = csv->in + csv->start + span->from;
	size_t len = span->len;
	const char *bad = NULL;

	trim(csv, &s, &len);
	while (span->quoted && len > 0 && bad == NULL) {
		const char *q = memchr(s, csv->format.quote, len);
		if (q == NULL)
			break;
		const size_t part = (size_t)(q - s) + 1; /* one of the two */
		bad = csv_decode(&csv->text, csv->format.charset, s, part);
		s += part + 1;
		len -= part + 1;
	}
	if (bad == NULL)
		bad = csv_decode(&csv->text, csv->format.charset, s, len);
	(void)buf_char(&csv->text, '\0');
	return bad;
}

static const char *
take_fields(struct csv *csv, size_t *bad_field)
{
	size_t at[CSV_FIELDS_MAX];

	buf_reset(&csv->text);
	for (size_t i = 0; i < csv->n; i++) {
		at[i] = csv->text.len;
		const char *bad = take_field(csv, &csv->span[i]);
		*bad_field = i + 1;
		if (bad != NULL)
			return bad;
	}
	if (csv->text.failed)
		return NULL;	/* csv_next tells */
	/* Only now: the text moves while it grows. */
	for (size_t i = 0; i < csv->n; i++)
		csv->field[i] = csv->text.s + at[i];
	return NULL;
}

/* ---- reading -------------------------------------------------------- */

static bool
is_empty_line(const struct csv *csv)
{
	return csv->n == 1 && csv->span[0].len == 0 && !csv->span[0].quoted;
}

static enum csv_step
give_bad(struct csv *csv, struct csv_row *row, const char *bad)
{
	size_t len = csv->taken;
	int c;

	/* To the end of its line, however the file came in. */
	while (csv->skip_line && (c = byte_at(csv, len)) != -1 && c != '\n')
		len++;
	*row = (struct csv_row){ .line = csv->line, .bad = bad,
		.bad_field = row->bad_field, .raw = csv->in + csv->start,
		.raw_len = len };
	return CSV_BAD;
}

static enum csv_step
read_row(struct csv *csv, struct csv_row *row)
{
	size_t len = 0;
	const char *bad = scan_row(csv, &len);

	row->bad_field = csv->n;
	if (bad != NULL) {
		csv->skip_line = true;
		csv->taken = csv->span[csv->n - 1].from;
		return give_bad(csv, row, bad);
	}
	csv->taken = len;
	csv->taken += byte_at(csv, csv->taken) == '\r';
	csv->taken += byte_at(csv, csv->taken) == '\n';
	bad = take_fields(csv, &row->bad_field);
	if (bad != NULL)
		return give_bad(csv, row, bad);
	*row = (struct csv_row){ .field = csv->field, .n = csv->n,
		.line = csv->line, .raw = csv->in + csv->start,
		.raw_len = len };
	return CSV_ROW;
}

enum csv_step
csv_next(struct csv *csv, struct csv_row *row, struct err *err)
{
	enum csv_step step;

	do {
		go_on(csv);
		if (byte_at(csv, 0) == -1 && csv->file.read_errno == 0)
			return csv_file_is_same(&csv->file, err) ? CSV_END :
			    CSV_FAILED;
		step = read_row(csv, row);
		if (csv->file.read_errno != 0) {
			errno = csv->file.read_errno;
			(void)err_errno(err, ERR_SYSTEM, "line %ld: read",
			    csv->line);
			return CSV_FAILED;
		}
		if (csv->text.failed) {
			(void)err_nomem(err);
			return CSV_FAILED;
		}
	} while (step == CSV_ROW && is_empty_line(csv));
	return step;
}

char
csv_delimiter(const struct csv *csv)
{
	return csv->format.delimiter;
}

/* The candidate that stands most often in the first line, outside quotes. */
static void
find_delimiter(struct csv *csv)
{
	static const char candidates[] = { ';', ',', '\t', '|' };
	size_t count[sizeof(candidates)] = { 0 }, best = 0;
	bool quoted = false;
	int c;

	for (size_t i = 0; (c = byte_at(csv, i)) != -1; i++) {
		if (c == '\n' && !quoted)
			break;
		if (c == csv->format.quote && c != '\0')
			quoted = !quoted;
		for (size_t k = 0; k < sizeof(candidates); k++)
			count[k] += c == candidates[k] && !quoted;
	}
	for (size_t k = 1; k < sizeof(candidates); k++)
		if (count[k] > count[best])
			best = k;
	csv->format.delimiter = candidates[best];
	csv->full = false;
}

bool
csv_fd_open(int fd, const char *path, const struct csv_format *format,
    struct csv **csv, struct err *err)
{
	AUTO(csv) struct csv *new = malloc(sizeof(*new));

	if (new == NULL)
		return err_nomem(err);
	/* in[] stays untouched, so that a small file costs no page of it. */
	new->format = *format;
	new->owns_fd = new->full = new->skip_line = false;
	new->line = 1;
	new->start = new->end = new->taken = new->n = 0;
	buf_init(&new->text, 4 * CSV_ROW_MAX);
	if (!csv_file_begin(&new->file, fd, format->charset, path, err))
		return false;
	if (new->format.delimiter == '\0')
		find_delimiter(new);
	*csv = steal(&new);
	return true;
}

void
csv_own_fd(struct csv *csv)
{
	csv->owns_fd = true;
}

bool
csv_open(const char *path, const struct csv_format *format, struct csv **csv,
    struct err *err)
{
	/* O_NONBLOCK: a pipe in the folder must not stop the night. */
	const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);

	if (fd == -1)
		return err_errno(err, ERR_CONFIG, "%s: open", path);
	if (!csv_fd_open(fd, path, format, csv, err)) {
		(void)close(fd);
		return false;
	}
	csv_own_fd(*csv);
	return true;
}

void
csv_close(struct csv *csv)
{
	if (csv == NULL)
		return;
	if (csv->owns_fd)
		(void)close(csv->file.fd);
	buf_free(&csv->text);
	free(csv);
}
