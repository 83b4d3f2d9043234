/*
 * csv_text.c - charsets, and writing rows.
 */
#include "csv_file.h"

#include <string.h>
#include <unistr.h>

/* 0x80 to 0x9f; 0 = undefined.  The rest of Windows-1252 is Latin-1. */
static const uint16_t windows_1252[32] = {
	0x20ac, 0, 0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021,
	0x02c6, 0x2030, 0x0160, 0x2039, 0x0152, 0, 0x017d, 0,
	0, 0x2018, 0x2019, 0x201c, 0x201d, 0x2022, 0x2013, 0x2014,
	0x02dc, 0x2122, 0x0161, 0x203a, 0x0153, 0, 0x017e, 0x0178
};

static void
add_code_point(struct buf *out, ucs4_t point)
{
	uint8_t utf8[6];
	const int len = u8_uctomb(utf8, point, sizeof(utf8));

	if (len > 0)
		(void)buf_add(out, utf8, (size_t)len);
}

static const char *
decode_windows(struct buf *out, const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		const unsigned char c = (unsigned char)s[i];
		ucs4_t point = c;

		if (c >= 0x80 && c < 0xa0)
			point = windows_1252[c - 0x80];
		if (point == 0)
			return "a byte that windows-1252 does not have";
		if (c < 0x80)
			(void)buf_char(out, s[i]);
		else
			add_code_point(out, point);
	}
	return NULL;
}

const char *
csv_decode(struct buf *out, enum csv_charset charset, const char *s,
    size_t len)
{
	if (len > 0 && memchr(s, '\0', len) != NULL)
		return "a NUL byte";
	if (charset == CSV_WINDOWS_1252)
		return decode_windows(out, s, len);
	const uint8_t *bad = u8_check((const uint8_t *)s, len);
	if (bad != NULL && charset >= CSV_UTF16)
		return *bad == CSV_HALF_UNIT
		    ? "half a character: the file was cut"
		    : "half of a surrogate pair";
	if (bad != NULL)
		return "bytes that are no UTF-8";
	(void)buf_add(out, s, len);
	return NULL;
}

/* ---- writing -------------------------------------------------------- */

static bool
encode_point(struct buf *out, ucs4_t point)
{
	if (point < 0x80 || (point >= 0xa0 && point <= 0xff))
		return buf_char(out, (char)(unsigned char)point);
	for (size_t i = 0; i < ARRAY_LEN(windows_1252); i++)
		if (windows_1252[i] == point)
			return buf_char(out, (char)(unsigned char)(0x80 + i));
	return false;
}

static bool
encode(struct buf *out, enum csv_charset charset, const char *s, size_t len)
{
	const uint8_t *p = (const uint8_t *)s;

	if (charset == CSV_UTF8)
		return u8_check(p, len) == NULL && buf_add(out, s, len);
	while (len > 0) {
		ucs4_t point;
		const int n = u8_mbtoucr(&point, p, len);
		if (n <= 0 || !encode_point(out, point))
			return false;
		p += n;
		len -= (size_t)n;
	}
	return true;
}

static bool
needs_quotes(const char *s, const struct csv_format *format)
{
	const size_t len = strlen(s);

	return len > 0 && (strpbrk(s, "\r\n") != NULL ||
	    strchr(s, format->delimiter) != NULL ||
	    (format->quote != '\0' && strchr(s, format->quote) != NULL) ||
	    s[0] == ' ' || s[0] == '\t' ||
	    s[len - 1] == ' ' || s[len - 1] == '\t');
}

static bool
add_quoted(struct buf *out, const struct csv_format *format, const char *s)
{
	if (!buf_char(out, format->quote))
		return false;
	for (const char *q; (q = strchr(s, format->quote)) != NULL; s = q + 1)
		if (!encode(out, format->charset, s, (size_t)(q - s) + 1) ||
		    !buf_char(out, format->quote))
			return false;
	return encode(out, format->charset, s, strlen(s)) &&
	    buf_char(out, format->quote);
}

static bool
add_field(struct buf *out, const struct csv_format *format, const char *s)
{
	if (!needs_quotes(s, format))
		return encode(out, format->charset, s, strlen(s));
	/* Without quotes such a field cannot be written. */
	return format->quote != '\0' && add_quoted(out, format, s);
}

bool
csv_add_row(struct buf *out, const struct csv_format *format,
    const char *const *fields, size_t n)
{
	const size_t before = out->len;
	bool ok = true;

	/* One empty field alone would be an empty line, which is no row. */
	if (n == 1 && fields[0][0] == '\0' && format->quote != '\0')
		ok = add_quoted(out, format, "");
	for (size_t i = 0; i < n && ok; i++)
		ok = (i == 0 || buf_char(out, format->delimiter)) &&
		    add_field(out, format, fields[i]);
	if (ok && buf_str(out, "\r\n"))
		return true;
	out->len = before;
	if (out->s != NULL)
		out->s[before] = '\0';
	return false;
}
