/*
 * util.c - memory of a request, and text.
 */
#include "util.h"

#include <stdarg.h>
#include <stdlib.h>

struct chunk {
	struct chunk *next;
	size_t used, size;
	max_align_t data[];
};

/* Zeroed. */
void *
pool_get(struct pool *p, size_t size)
{
	size = (size + sizeof(max_align_t) - 1) & ~(sizeof(max_align_t) - 1);
	if (p->first == NULL || p->first->size - p->first->used < size) {
		const size_t room = size > 8192 ? size : 8192;
		struct chunk *c = need(calloc(1, sizeof(*c) + room));
		c->size = room;
		c->next = p->first;
		p->first = c;
	}
	void *at = (char *)p->first->data + p->first->used;
	p->first->used += size;
	return at;
}

char *
pool_text(struct pool *p, const char *s, size_t len)
{
	char *copy = pool_get(p, len + 1);
	memcpy(copy, s, len);
	return copy;
}

char *
pool_fmt(struct pool *p, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	const int len = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (len < 0)
		die("format");
	char *out = pool_get(p, (size_t)len + 1);
	va_start(ap, fmt);
	vsnprintf(out, (size_t)len + 1, fmt, ap);
	va_end(ap);
	return out;
}

void
pool_free(struct pool *p)
{
	while (p->first != NULL) {
		struct chunk *c = p->first;
		p->first = c->next;
		free(c);
	}
}

void
text_add(struct text *t, const void *data, size_t len)
{
	if (t->len + len + 1 > t->room) {
		t->room = 2 * (t->len + len) + 256;
		t->s = need(realloc(t->s, t->room));
	}
	if (len > 0)
		memcpy(t->s + t->len, data, len);
	t->len += len;
	t->s[t->len] = '\0';
}

void
text_str(struct text *t, const char *s)
{
	text_add(t, s, strlen(s));
}

void
text_fmt(struct text *t, const char *fmt, ...)
{
	char *out = NULL;
	va_list ap;
	va_start(ap, fmt);
	const int len = vasprintf(&out, fmt, ap);
	va_end(ap);
	if (len < 0)
		die("format");
	text_add(t, out, (size_t)len);
	free(out);
}

bool
starts(const char *s, const char *with)
{
	return strncmp(s, with, strlen(with)) == 0;
}

/* One character, small: of ASCII and of the Latin letters of two bytes. */
static unsigned
fold(const char **s)
{
	const unsigned char c = (unsigned char)*(*s)++;
	if (c >= 'A' && c <= 'Z')
		return c + 32u;
	if (c == 0xc3 && ((unsigned char)**s & 0xc0) == 0x80) {
		const unsigned char d = (unsigned char)*(*s)++;
		return 0xc300u + (d < 0x9f && d != 0x97 ? d + 0x20u : d);
	}
	return c;
}

int
text_order(const char *a, const char *b)
{
	while (*a != '\0' && *b != '\0') {
		const unsigned x = fold(&a), y = fold(&b);
		if (x != y)
			return x < y ? -1 : 1;
	}
	return (*a != '\0') - (*b != '\0');
}

bool
same_fold(const char *a, const char *b)
{
	return text_order(a, b) == 0;
}

bool
text_begins(const char *in, const char *what)
{
	while (*what != '\0') {
		if (*in == '\0')
			return false;
		if (fold(&in) != fold(&what))
			return false;
	}
	return true;
}

bool
text_contains(const char *in, const char *what)
{
	do {
		if (text_begins(in, what))
			return true;
	} while (*in++ != '\0');
	return false;
}

bool
text_ends(const char *in, const char *what)
{
	const size_t a = strlen(in), b = strlen(what);
	return b <= a && same_fold(in + (a - b), what);
}

size_t
text_count(const char *s)
{
	size_t n = 0;
	for (; *s != '\0'; s++)
		n += ((unsigned char)*s & 0xc0) != 0x80;
	return n;
}

char *
json_text(const json_t *v)
{
	return need(json_dumps(v,
	    JSON_COMPACT | JSON_PRESERVE_ORDER | JSON_ENCODE_ANY));
}
