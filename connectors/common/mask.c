/*
 * mask.c - how a server's words could betray somebody: it repeats the record
 * that it refused, or the key that it was sent.  Only the beginning is shown;
 * what looks like an address, a telephone number or a key is not.
 */
#include "mask.h"

#include <string.h>

#include "text.h"

#define ERROR_MAX_BYTES ((size_t)512)
#define KEY_MIN ((size_t)24)	/* a word as long as that may be a key */
#define MASKED "***"

static bool
is_address_char(unsigned char c)
{
	return c >= 0x80 || (c >= '0' && c <= '9') ||
	    ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') ||
	    (c != '\0' && strchr(".!#$%&*+/=?^_{|}~-@\\", c) != NULL);
}

/* An address, however its '@' is written, or a number as long as a
 * telephone's. */
static bool
is_personal(const char *word, size_t len)
{
	static const char *const at[] = { "@", "%40", "\\u0040" };
	size_t digits = 0;

	for (size_t i = 0; i < ARRAY_LEN(at); i++)
		if (memmem(word, len, at[i], strlen(at[i])) != NULL)
			return true;
	for (size_t i = 0; i < len; i++)
		digits += word[i] >= '0' && word[i] <= '9';
	return digits >= 7;
}

static size_t
piece_len(const char *text)
{
	size_t n = 0;

	while (is_address_char((unsigned char)text[n]))
		n++;
	return n;
}

/* A number as people write a telephone's: "(+45) 20 30-40.50". */
static size_t
number_len(const char *text)
{
	size_t n = 0;

	if (*text == '\0' || strchr("+(0123456789", *text) == NULL)
		return 0;
	n = strspn(text, "0123456789 ()+-./");
	while (text[n - 1] == ' ')
		n--;
	return n;
}

/* The word at text, or the number of several words. */
static size_t
length_at(const char *text)
{
	const size_t word = piece_len(text), number = number_len(text);

	return number > word && is_personal(text, number) ? number : word;
}

static bool
piece_add(char *out, size_t size, size_t *used, const char *text, size_t len)
{
	if (*used + len + 1 > size)
		return false;
	memcpy(out + *used, text, len);
	*used += len;
	out[*used] = '\0';
	return true;
}

/* One line of valid UTF-8 out of anybody's bytes; false = it goes on. */
static bool
line_clean(char *out, size_t size, const char *text, size_t len)
{
	char raw[ERROR_MAX_BYTES + 1], piece[TEXT_PIECE];
	const bool whole = len <= ERROR_MAX_BYTES;
	size_t used = 0, n;

	if (!whole)
		len = ERROR_MAX_BYTES;
	for (size_t i = 0; i < len; i++)
		raw[i] = (unsigned char)text[i] <= ' ' ? ' ' : text[i];
	raw[len] = '\0';
	out[0] = '\0';
	for (const char *p = raw; (n = text_piece(p, piece)) > 0; p += n)
		if (!piece_add(out, size, &used, piece, strlen(piece)))
			return false;
	return whole;
}

/* key_min: words of so many bytes are hidden whatever they are. */
static void
mask(char *out, size_t size, const char *text, size_t len, size_t key_min)
{
	char line[2 * ERROR_MAX_BYTES];
	const bool whole = line_clean(line, sizeof(line), text, len);
	size_t used = 0, n;

	out[0] = '\0';
	for (const char *p = line; *p != '\0'; p += n) {
		n = length_at(p);
		/* Of a word cut in two nobody knows what it was. */
		const bool hide = n > 0 && (is_personal(p, n) || n >= key_min ||
		    (p[n] == '\0' && !whole));
		if (n == 0)
			n = 1;
		if (hide ? piece_add(out, size, &used, MASKED, strlen(MASKED))
			 : piece_add(out, size, &used, p, n))
			continue;
		if (!hide)
			(void)piece_add(out, size, &used, p,
			    text_cut(p, size - used - 1));
		break;
	}
}

void
mask_text(char *out, size_t size, const char *text, size_t len)
{
	mask(out, size, text, len, SIZE_MAX);
}

/* ---- keys -------------------------------------------------------------------- */
#define PART_MIN ((size_t)8)	/* of a key, that says too much of it */

/* So many digits of base 16; -1 = they are not there. */
static int
hex_of(const char *text, size_t left, size_t digits)
{
	int n = 0;

	for (size_t i = 0; i < digits; i++) {
		const char c = i < left ? text[i] : '\0';
		if (c >= '0' && c <= '9')
			n = 16 * n + c - '0';
		else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
			n = 16 * n + (c | 0x20) - 'a' + 10;
		else
			return -1;
	}
	return n;
}

/* Keys are ASCII: any other character, or none, is no part of one. */
static char
as_ascii(int n)
{
	return n > 0 && n < 0x80 ? (char)n : '?';
}

/* The bytes at text that one escape takes; 0 = there is none.  *c = the
 * character. */
static size_t
percent_at(const char *text, size_t left, char *c)
{
	const int n = hex_of(text + 1, left - 1, 2);

	*c = as_ascii(n);
	return n < 0 ? 0 : 3;
}

static size_t
backslash_at(const char *text, size_t left, char *c)
{
	if (left < 2)
		return 0;
	*c = text[1];
	if (*c == '"' || *c == '\\' || *c == '/')
		return 2;
	const int n = *c == 'u' ? hex_of(text + 2, left - 2, 4) : -1;
	*c = as_ascii(n);
	return n < 0 ? 0 : 6;
}

static size_t
escape_at(const char *text, size_t left, char *c)
{
	if (*text == '%')
		return percent_at(text, left, c);
	return *text == '\\' ? backslash_at(text, left, c) : 0;
}

/* In place, one layer of JSON's and of an address' escapes. */
static size_t
unescape(char *text, size_t len)
{
	size_t to = 0, n;
	char c;

	for (size_t i = 0; i < len; i += n) {
		n = escape_at(text + i, len - i, &c);
		text[to++] = n == 0 ? text[i] : c;
		n = n == 0 ? 1 : n;
	}
	return to;
}

/* The key, or a part of it; a part with a blank is no part of a key, but of the
 * word before it ("Bearer"). */
static bool
holds_part(const char *text, size_t len, const char *secret)
{
	const size_t key = strlen(secret);
	const size_t part = key < PART_MIN ? key : PART_MIN;

	for (size_t i = 0; i + part <= key; i++)
		if (memchr(secret + i, ' ', part) == NULL &&
		    memmem(text, len, secret + i, part) != NULL)
			return true;
	return false;
}

/* A short one would be found in any text: such a text is not shown at all.  Of
 * what can be shown, however it is escaped: in JSON, in an address, or one in the
 * other.  parts: also a part of it, where the secret is nothing but a key. */
static bool
holds(const char *text, size_t len, const char *secret, bool parts)
{
	char raw[2 * ERROR_MAX_BYTES];
	size_t n = len < sizeof(raw) ? len : sizeof(raw);

	if (len == 0 || secret == NULL || secret[0] == '\0')
		return false;
	if (memmem(text, len, secret, strlen(secret)) != NULL)
		return true;
	memcpy(raw, text, n);
	for (int layers = 0; layers <= 3; layers++) {
		if (parts ? holds_part(raw, n, secret) :
			memmem(raw, n, secret, strlen(secret)) != NULL)
			return true;
		n = unescape(raw, n);
	}
	return false;
}

bool
mask_holds(const char *text, const char *const *secrets, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (holds(text, strlen(text), secrets[i], false))
			return true;
	return false;
}

void
mask_answer(char *out, size_t size, const char *text, size_t len,
    const char *const *secrets, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (holds(text, len, secrets[i], false)) {
			out[0] = '\0';
			return;
		}
	mask(out, size, text, len, KEY_MIN);
}

void
mask_text_but(char *out, size_t size, const char *text, size_t len,
    const char *key)
{
	out[0] = '\0';
	if (!holds(text, len, key, true))
		mask_text(out, size, text, len);
}
