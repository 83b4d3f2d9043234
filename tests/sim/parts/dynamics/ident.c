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

bool
url_decode(const char *s, size_t len, char *out)
{
	for (size_t i = 0; i < len; i++) {
		char c = s[i];
		if (c == '%') {
			const int a = i + 2 < len ? hex(s[i + 1]) : -1;
			const int b = i + 2 < len ? hex(s[i + 2]) : -1;
			if (a < 0 || b < 0)
				return false;
			c = (char)(a * 16 + b);
			i += 2;
		}
		if (c == '\0')
			return false;
		*out++ = c;
	}
	*out = '\0';
	return true;
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

int64_t
clock_ms(void)
{
	struct timespec ts;
	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

const char *
http_date(int64_t t, char *out, size_t size)
{
	static const char *const days[] = { "Thu", "Fri", "Sat", "Sun", "Mon",
		"Tue", "Wed" };
	static const char *const months[] = { "Jan", "Feb", "Mar", "Apr", "May",
		"Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
	int y, m, d;
	const int64_t day = sim_floor_div(t, DAY_S);
	const int sec = (int)(t - day * DAY_S);
	sim_civil(day, &y, &m, &d);
	snprintf(out, size, "%s, %02d %s %04d %02d:%02d:%02d GMT",
	    days[((day % 7) + 7) % 7], d, months[m - 1], y, sec / 3600,
	    sec / 60 % 60, sec % 60);
	return out;
}

void
file_write(const char *path, const char *line)
{
	char tmp[4200];
	snprintf(tmp, sizeof(tmp), "%.4100s.tmp", path);
	FILE *f = fopen(tmp, "we");
	if (f == NULL || fprintf(f, "%s\n", line) < 0 || fclose(f) != 0 ||
	    rename(tmp, path) != 0)
		die(path);
}
