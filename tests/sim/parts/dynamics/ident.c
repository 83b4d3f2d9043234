/*
 * ident.c - identifiers, percent encoding and clocks.
 */
#include "util.h"

#include <time.h>

static int
hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)(c | 32);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* 8-4-4-4-12 */
bool
guid_parse(const char *s, size_t len, struct guid *out)
{
	struct guid g = { 0, 0 };
	if (len != 36)
		return false;
	for (size_t i = 0, n = 0; i < 36; i++) {
		const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
		const int v = hex(s[i]);
		if (dash ? s[i] != '-' : v < 0)
			return false;
		if (dash)
			continue;
		uint64_t *half = n++ < 16 ? &g.hi : &g.lo;
		*half = *half << 4 | (uint64_t)v;
	}
	*out = g;
	return true;
}

const char *
guid_text(struct guid g)
{
	static _Thread_local char ring[8][40];
	static _Thread_local unsigned next;
	char *out = ring[next++ % 8];
	snprintf(out, sizeof(ring[0]), "%08llx-%04llx-%04llx-%04llx-%012llx",
	    (unsigned long long)(g.hi >> 32),
	    (unsigned long long)(g.hi >> 16 & 0xffff),
	    (unsigned long long)(g.hi & 0xffff),
	    (unsigned long long)(g.lo >> 48),
	    (unsigned long long)(g.lo & 0xffffffffffff));
	return out;
}

bool
guid_same(struct guid a, struct guid b)
{
	return a.hi == b.hi && a.lo == b.lo;
}

int
guid_order(struct guid a, struct guid b)
{
	const uint64_t tail_a = a.lo << 16, tail_b = b.lo << 16;
	if (tail_a != tail_b)
		return tail_a < tail_b ? -1 : 1;
	if (a.lo != b.lo)
		return a.lo < b.lo ? -1 : 1;
	return (a.hi > b.hi) - (a.hi < b.hi);
}

struct guid
guid_seeded(uint64_t seed, const char *what, uint64_t n)
{
	char key[96];
	struct guid g;
	snprintf(key, sizeof(key), "%.60s/%llu", what, (unsigned long long)n);
	g.hi = sim_hash(seed, key);
	g.lo = sim_hash(seed ^ 0x5bd1e995u, key);
	g.hi = (g.hi & ~(uint64_t)0xf000) | 0x4000;
	g.lo = (g.lo & ~((uint64_t)3 << 62)) | (uint64_t)2 << 62;
	return g;
}

void
url_encode(struct text *out, const char *s, bool capitals)
{
	for (; *s != '\0'; s++) {
		const char c = *s;
		if ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
		    (c >= 'A' && c <= 'Z') || strchr("-_.~", c) != NULL)
			text_add(out, s, 1);
		else
			text_fmt(out, capitals ? "%%%02X" : "%%%02x",
			    (unsigned)(unsigned char)c);
	}
}

