/*
 * csv.h - reads CSV as a stream (RFC 4180) and writes it row by row.
 *
 * Memory is flat: a row at a time, at most CSV_ROW_MAX bytes.  A row that
 * cannot be read is handed out as such, and reading goes on with the next one.
 */
#ifndef NPSYNC_CSV_H
#define NPSYNC_CSV_H

#include "buf.h"
#include "err.h"

#define CSV_ROW_MAX ((size_t)262144)	/* bytes of one row, line breaks too;
					 * of UTF-16 as UTF-8 */
#define CSV_QUOTED_MAX ((size_t)65536)	/* bytes of one quoted field */
#define CSV_FIELDS_MAX ((size_t)1024)

/* CSV_UTF16: as its byte order mark says.  UTF-16 is read only. */
enum csv_charset { CSV_UTF8, CSV_WINDOWS_1252, CSV_UTF16, CSV_UTF16LE,
	CSV_UTF16BE };

struct csv_format {
	enum csv_charset charset;
	char delimiter;	/* '\0': reading: found in the first line */
	char quote;	/* '\0' = fields are never quoted */
	bool trim;	/* blanks round a field go, quoted or not */
};

struct csv_row {
	const char *const *field;	/* UTF-8; n of them */
	size_t n;
	long line;		/* where the row begins; the first is 1 */
	const char *bad;	/* CSV_BAD: what is wrong, a static text */
	size_t bad_field;	/* its number, from 1 */
	const char *raw;	/* bytes as in the file; UTF-16 as UTF-8 */
	size_t raw_len;
};

enum csv_step { CSV_ROW, CSV_BAD, CSV_END, CSV_FAILED };

struct csv;

/* A byte order mark is skipped; one that contradicts the charset, a file that
 * is missing, unreadable or no regular file: ERR_CONFIG with err->code. */
NPS_MUSTCHECK bool csv_open(const char *path, const struct csv_format *format,
    struct csv **csv, struct err *err);
/* The same for an open file, which stays the caller's and is read from its
 * beginning without its position; path is for messages. */
NPS_MUSTCHECK bool csv_fd_open(int fd, const char *path,
    const struct csv_format *format, struct csv **csv, struct err *err);
/* From now on csv_close closes it. */
void csv_own_fd(struct csv *csv);
/* Empty lines are skipped.  *row is borrowed until the next call.  CSV_BAD: no
 * field is set, the next call goes on behind it.  CSV_FAILED: *err is set. */
NPS_MUSTCHECK enum csv_step csv_next(struct csv *csv, struct csv_row *row,
    struct err *err);
char csv_delimiter(const struct csv *csv);
void csv_close(struct csv *csv);

/* Appends a row with CRLF; a field is quoted where it must be.  False and
 * nothing appended when a field cannot stand in the charset, or (out->failed)
 * the buffer's ceiling is reached. */
NPS_MUSTCHECK bool csv_add_row(struct buf *out, const struct csv_format *format,
    const char *const *fields, size_t n);

/* Appends bytes of a charset as UTF-8; what is wrong with them, or NULL.  Those
 * of UTF-16 are what csv_utf16_take made. */
const char *csv_decode(struct buf *out, enum csv_charset charset,
    const char *s, size_t len);

static inline void
csv_cleanup(struct csv **csv)
{
	csv_close(*csv);
}

#endif
