#include "buf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void
buf_init(struct buf *buf, size_t max_bytes)
{
	*buf = (struct buf){ .max = max_bytes };
}

static bool
grow(struct buf *buf, size_t more)
{
	if (buf->failed || more > buf->max || buf->len > buf->max - more) {
		buf->failed = true;
		return false;
	}
	const size_t need = buf->len + more + 1;
	if (need <= buf->cap)
		return true;
	size_t cap = buf->cap == 0 ? 64 : buf->cap;
	while (cap < need)
		cap *= 2;
	char *s = realloc(buf->s, cap);
	if (s == NULL) {
		buf->failed = buf->no_memory = true;
		return false;
	}
	buf->s = s;
	buf->cap = cap;
	return true;
}

bool
buf_add(struct buf *buf, const void *data, size_t len)
{
	if (!grow(buf, len))
		return false;
	if (len > 0)
		memcpy(buf->s + buf->len, data, len);
	buf->len += len;
	buf->s[buf->len] = '\0';
	return true;
}

bool
buf_str(struct buf *buf, const char *s)
{
	return buf_add(buf, s, strlen(s));
}

bool
buf_char(struct buf *buf, char c)
{
	return buf_add(buf, &c, 1);
}

bool
buf_printf(struct buf *buf, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	const int len = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (len < 0) {
		buf->failed = true;
		return false;
	}
	if (!grow(buf, (size_t)len))
		return false;
	va_start(ap, fmt);
	(void)vsnprintf(buf->s + buf->len, (size_t)len + 1, fmt, ap);
	va_end(ap);
	buf->len += (size_t)len;
	return true;
}

const char *
buf_text(const struct buf *buf)
{
	return buf->s == NULL ? "" : buf->s;
}

void
buf_reset(struct buf *buf)
{
	buf->len = 0;
	buf->failed = buf->no_memory = false;
	if (buf->s != NULL)
		buf->s[0] = '\0';
}

void
buf_free(struct buf *buf)
{
	free(buf->s);
	buf_init(buf, buf->max);
}
