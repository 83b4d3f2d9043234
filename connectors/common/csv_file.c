#include "csv_file.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <unistr.h>

/* ---- UTF-16 --------------------------------------------------------- */

static ucs4_t
unit_at(const struct csv_utf16 *u, size_t at)
{
	const ucs4_t first = u->raw[at], second = u->raw[at + 1];

	return u->big ? first << 8 | second : second << 8 | first;
}

static bool
is_surrogate(ucs4_t unit, ucs4_t from)
{
	return unit >= from && unit < from + 0x400;
}

/* u8_uctomb has no surrogates: these bytes are what no UTF-8 has. */
static size_t
put_point(char *out, ucs4_t point)
{
	uint8_t utf8[6];
	int len = u8_uctomb(utf8, point, sizeof(utf8));

	if (len < 0) {
		utf8[0] = (uint8_t)(0xe0 | point >> 12);
		utf8[1] = (uint8_t)(0x80 | (point >> 6 & 0x3f));
		utf8[2] = (uint8_t)(0x80 | (point & 0x3f));
		len = 3;
	}
	memcpy(out, utf8, (size_t)len);
	return (size_t)len;
}

size_t
csv_utf16_take(struct csv_utf16 *u, char *out, size_t room)
{
	size_t at = 0, made = 0;

	while (at + 2 <= u->len && room - made >= CSV_CHAR_MAX) {
		const bool more = at + 4 <= u->len;
		ucs4_t point = unit_at(u, at);
		if (is_surrogate(point, 0xd800) && !more && !u->last)
			break;
		at += 2;
		if (more && is_surrogate(point, 0xd800) &&
		    is_surrogate(unit_at(u, at), 0xdc00)) {
			point = 0x10000 + ((point - 0xd800) << 10) +
			    (unit_at(u, at) - 0xdc00);
			at += 2;
		}
		made += put_point(out + made, point);
	}
	if (u->last && u->len - at == 1 && made < room) {
		out[made++] = (char)CSV_HALF_UNIT;
		at++;
	}
	u->len -= at;
	memmove(u->raw, u->raw + at, u->len);
	return made;
}

/* ---- bytes ---------------------------------------------------------- */
/* The file's position is left alone: several may read one descriptor. */
static size_t
read_some(struct csv_file *f, void *to, size_t size)
{
	ssize_t got;

	do
		got = pread(f->fd, to, size, f->at);
	while (got == -1 && errno == EINTR);
	if (got == -1)
		f->read_errno = errno;
	f->eof = got == 0;
	f->at += got > 0 ? got : 0;
	return got > 0 ? (size_t)got : 0;
}

static size_t
read_utf16(struct csv_file *f, char *to, size_t room)
{
	struct csv_utf16 *u = &f->utf16;

	if (!f->eof && u->len < CSV_CHAR_MAX)
		u->len += read_some(f, u->raw + u->len,
		    sizeof(u->raw) - u->len);
	u->last = f->eof;
	return csv_utf16_take(u, to, room);
}

size_t
csv_file_read(struct csv_file *f, char *to, size_t room)
{
	size_t got;

	do
		got = f->charset >= CSV_UTF16 ? read_utf16(f, to, room) :
		    f->eof ? 0 : read_some(f, to, room);
	while (got == 0 && !f->eof && f->read_errno == 0);
	return got;
}

/* Who writes into a file that is being read mixes two states of it. */
bool
csv_file_is_same(const struct csv_file *f, struct err *err)
{
	const struct timespec *then = &f->opened.st_mtim;
	struct stat st;

	if (fstat(f->fd, &st) == 0 && st.st_size == f->opened.st_size &&
	    st.st_mtim.tv_sec == then->tv_sec &&
	    st.st_mtim.tv_nsec == then->tv_nsec)
		return true;
	return err_set(err, ERR_RETRY, "changed while it was read: expected "
	    "an export under another name, renamed when complete");
}

/* ---- byte order marks ------------------------------------------------- */
enum mark { MARK_NONE, MARK_UTF8, MARK_LE, MARK_BE };
#define BIT(mark) (1u << (mark))

static const struct {
	const char *name;
	unsigned marks;		/* that may stand before it */
} charsets[] = {
	[CSV_UTF8] = { "utf-8", BIT(MARK_NONE) | BIT(MARK_UTF8) },
	[CSV_WINDOWS_1252] = { "windows-1252", BIT(MARK_NONE) },
	[CSV_UTF16] = { "utf-16", BIT(MARK_LE) | BIT(MARK_BE) },
	[CSV_UTF16LE] = { "utf-16le", BIT(MARK_NONE) | BIT(MARK_LE) },
	[CSV_UTF16BE] = { "utf-16be", BIT(MARK_NONE) | BIT(MARK_BE) },
};

static const struct {
	enum mark mark;
	const char *bytes;
	size_t n;
} marks[] = {
	{ MARK_UTF8, "\xef\xbb\xbf", 3 },
	{ MARK_LE, "\xff\xfe", 2 },
	{ MARK_BE, "\xfe\xff", 2 },
};

/* Passes over it; an empty file may be anything. */
static enum mark
read_mark(struct csv_file *f, bool *empty)
{
	unsigned char b[3];
	size_t n = 0, got;

	do
		n += got = read_some(f, b + n, sizeof(b) - n);
	while (got > 0 && n < sizeof(b));
	*empty = n == 0;
	f->eof = false;
	f->at = 0;
	for (size_t i = 0; i < ARRAY_LEN(marks); i++)
		if (n >= marks[i].n &&
		    memcmp(b, marks[i].bytes, marks[i].n) == 0) {
			f->at = (off_t)marks[i].n;
			return marks[i].mark;
		}
	return MARK_NONE;
}

static bool
take_mark(struct csv_file *f, const char *path, struct err *err)
{
	bool empty;
	const enum mark mark = read_mark(f, &empty);

	f->utf16.big = mark == MARK_BE || f->charset == CSV_UTF16BE;
	if (f->read_errno != 0) {
		errno = f->read_errno;
		return err_errno(err, ERR_SYSTEM, "%s: read", path);
	}
	if (empty || (charsets[f->charset].marks & BIT(mark)) != 0)
		return true;
	if (mark == MARK_NONE)
		return err_set(err, ERR_CONFIG, "%s: charset is utf-16, but "
		    "the file has no byte order mark: expected charset "
		    "\"utf-16le\" or \"utf-16be\"", path);
	return err_set(err, ERR_CONFIG, "%s: charset is %s, but the file "
	    "begins with the byte order mark of %s", path,
	    charsets[f->charset].name, mark == MARK_UTF8 ? "UTF-8" :
	    "UTF-16: expected charset \"utf-16\"");
}

bool
csv_file_begin(struct csv_file *f, int fd, enum csv_charset charset,
    const char *path, struct err *err)
{
	f->fd = fd;
	f->read_errno = 0;
	f->charset = charset;
	f->least = charset >= CSV_UTF16 ? CSV_CHAR_MAX : 1;
	f->eof = false;
	f->at = 0;
	f->utf16.len = 0;
	if (fstat(fd, &f->opened) == -1)
		return err_errno(err, ERR_SYSTEM, "%s: fstat", path);
	if (!S_ISREG(f->opened.st_mode))
		return err_set(err, ERR_CONFIG, "%s: expected a regular file",
		    path);
	return take_mark(f, path, err);
}
