/*
 * jwt_read.c - the claims of a token that somebody else signed.
 */
#include <string.h>

#include "jwt_int.h"

static int
base64url_value(char c)
{
	return c >= 'A' && c <= 'Z' ? c - 'A' : c >= 'a' && c <= 'z' ?
	    c - 'a' + 26 : c >= '0' && c <= '9' ? c - '0' + 52 :
	    c == '-' ? 62 : c == '_' ? 63 : -1;
}

bool
jwt_base64url_read(const char *text, size_t len, struct buf *out)
{
	unsigned v = 0, bits = 0;

	for (size_t i = 0; i < len; i++) {
		const int value = base64url_value(text[i]);
		if (value < 0)
			return false;
		v = v << 6 | (unsigned)value;
		bits += 6;
		if (bits < 8)
			continue;
		bits -= 8;
		if (!buf_char(out, (char)(v >> bits & 0xff)))
			return false;
	}
	/* What is left over says nothing, and only as zeros. */
	return bits < 6 && (v & ((1u << bits) - 1)) == 0;
}

bool
jwt_part_read(const char *part, size_t len, struct json_doc **doc)
{
	AUTO(buf) struct buf text;
	struct err odd;

	*doc = NULL;
	buf_init(&text, JWT_MAX_BYTES);
	return jwt_base64url_read(part, len, &text) &&
	    json_parse(buf_text(&text), text.len, doc, &odd) &&
	    json_is_object(json_root(*doc));
}

bool
jwt_claims_read(const char *token, struct json_doc **claims)
{
	const char *first = token == NULL ? NULL : strchr(token, '.');
	const char *second = first == NULL ? NULL : strchr(first + 1, '.');

	*claims = NULL;
	return second != NULL && jwt_part_read(first + 1,
	    (size_t)(second - first) - 1, claims);
}
