#include "text.h"

#include <stdio.h>
#include <string.h>
#include <unistr.h>

/* What would move a cursor, end a line or turn the reading direction. */
static bool
is_unsafe(ucs4_t c)
{
	return c < 0x20 || (c >= 0x7f && c <= 0x9f) || c == 0x061c ||
	    c == 0x200e || c == 0x200f || (c >= 0x2028 && c <= 0x202e) ||
	    (c >= 0x2066 && c <= 0x2069);
}

static void
escape(ucs4_t c, char out[TEXT_PIECE])
{
	if (c == '\n')
		(void)snprintf(out, TEXT_PIECE, "\\n");
	else if (c == '\r')
		(void)snprintf(out, TEXT_PIECE, "\\r");
	else if (c == '\t')
		(void)snprintf(out, TEXT_PIECE, "\\t");
	else if (c < 0x80)
		(void)snprintf(out, TEXT_PIECE, "\\x%02x", (unsigned)c);
	else
		(void)snprintf(out, TEXT_PIECE, "\\u%04x", (unsigned)c);
}

size_t
text_piece(const char *s, char out[TEXT_PIECE])
{
	ucs4_t c;
	const int n = u8_strmbtouc(&c, (const uint8_t *)s);

	out[0] = '\0';
	if (n == 0)
		return 0;
	if (n < 0) {
		(void)snprintf(out, TEXT_PIECE, "\\x%02x",
		    (unsigned)(unsigned char)s[0]);
		return 1;
	}
	if (is_unsafe(c)) {
		escape(c, out);
	} else {
		memcpy(out, s, (size_t)n);
		out[n] = '\0';
	}
	return (size_t)n;
}

size_t
text_cut(const char *s, size_t max)
{
	const size_t len = strnlen(s, max + 1);
	size_t cut = max;

	if (len <= max)
		return len;
	/* A code point has at most three continuation bytes. */
	while (cut > 0 && max - cut < 3 &&
	    ((unsigned char)s[cut] & 0xc0) == 0x80)
		cut--;
	return ((unsigned char)s[cut] & 0xc0) == 0x80 ? max : cut;
}

bool
text_valid(const char *s)
{
	return u8_check((const uint8_t *)s, strlen(s)) == NULL;
}

bool
text_is_line(const char *s)
{
	for (; *s != '\0'; s++)
		if ((unsigned char)*s < ' ' || *s == 0x7f)
			return false;
	return true;
}

bool
text_is_ascii(const char *s)
{
	for (; *s != '\0'; s++)
		if ((unsigned char)*s >= 0x80)
			return false;
	return true;
}

void
text_hex(char *out, const unsigned char *bytes, size_t n)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < n; i++) {
		*out++ = digits[bytes[i] >> 4];
		*out++ = digits[bytes[i] & 0x0f];
	}
	*out = '\0';
}
