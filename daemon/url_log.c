/*
 * Addresses as messages and logs may show them.
 */
#include "url.h"

#include <string.h>

#include "buf.h"

#define SHOWN_MAX ((size_t)8192)
#define AUTHORITY_END "/?#"
#define SCHEME_CHARS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

static bool
add_segment(struct buf *out, const char *s, size_t len)
{
	/* Mail addresses stand in some paths. */
	for (size_t i = 0; i < len; i++)
		if (s[i] == '@' || strncmp(s + i, "%40", 3) == 0)
			return buf_char(out, '*');
	for (size_t i = 0; i < len; i++)
		if (!buf_char(out, s[i] > ' ' && s[i] < 0x7f ? s[i] : '?'))
			return false;
	return true;
}

char *
url_for_log(struct arena *arena, const char *url)
{
	AUTO(buf) struct buf out;
	const size_t scheme = strspn(url, SCHEME_CHARS);
	const char *p = scheme > 0 && strncmp(url + scheme, "://", 3) == 0
	    ? url + scheme + 3 : url;
	const char *const end = url + strcspn(url, "?#");

	buf_init(&out, SHOWN_MAX);
	buf_add(&out, url, (size_t)(p - url));
	size_t len = strcspn(p, AUTHORITY_END);
	const char *user_end = p == url ? NULL : memrchr(p, '@', len);
	if (user_end != NULL)
		p = user_end + 1;
	while (p < end) {
		len = strcspn(p, AUTHORITY_END);
		add_segment(&out, p, len);
		p += len;
		if (*p == '/') {
			buf_char(&out, '/');
			p++;
		}
	}
	return arena_strdup(arena, buf_text(&out));
}
