/*
 * util.c - memory, JSON, addresses and times in milliseconds.
 */
#include "util.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <strings.h>
#include <time.h>

_Noreturn void
die(const char *what)
{
	fprintf(stderr, "hubspot: %s: %s\n", what, strerror(errno));
	exit(1);
}

void *
need(void *p)
{
	if (p == NULL)
		die("memory");
	return p;
}

void *
grow(void *v, size_t n, size_t size)
{
	const bool full = n == 0 || (n >= 8 && (n & (n - 1)) == 0);

	return full ? need(realloc(v, (n == 0 ? 8 : 2 * n) * size)) : v;
}

char *
dup_text(const char *s)
{
	return need(strdup(s == NULL ? "" : s));
}

char *
fmt_text(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	const int len = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	char *out = need(malloc((size_t)len + 1));
	va_start(ap, fmt);
	(void)vsnprintf(out, (size_t)len + 1, fmt, ap);
	va_end(ap);
	return out;
}

bool
same_fold(const char *a, const char *b)
{
	return strcasecmp(a, b) == 0;
}

bool
contains_fold(const char *in, const char *what)
{
	return strcasestr(in, what) != NULL;
}

int
place_of(const char *s, const char *const *names)
{
	for (int i = 0; s != NULL && names[i] != NULL; i++)
		if (strcmp(s, names[i]) == 0)
			return i;
	return -1;
}

bool
listed(const char *list, char sep, const char *word)
{
	const char stop[2] = { sep, '\0' };
	const size_t len = strlen(word);

	while (list != NULL && *list != '\0') {
		const size_t n = strcspn(list, stop);
		if (n == len && strncmp(list, word, n) == 0)
			return true;
		list += n + (list[n] == sep);
	}
	return false;
}

/* ---- JSON ---------------------------------------------------------------- */

const char *
str_of(const json_t *obj, const char *key)
{
	return json_string_value(json_object_get(obj, key));
}

int64_t
int_of(const json_t *obj, const char *key, int64_t otherwise)
{
	const json_t *v = json_object_get(obj, key);

	return json_is_integer(v) ? json_integer_value(v) : otherwise;
}

bool
flag_of(const json_t *obj, const char *key)
{
	return json_is_true(json_object_get(obj, key));
}

void
count_up(json_t *counts, const char *key)
{
	json_object_set_new(counts, key, json_integer(int_of(counts, key, 0) +
	    1));
}

bool
id_read(const json_t *v, int64_t *id)
{
	if (json_is_integer(v))
		return (*id = json_integer_value(v)) > 0;
	return sim_num(json_string_value(v), id) && *id > 0;
}

/* ---- addresses ----------------------------------------------------------- */

static bool
hex_pair(const char *s, unsigned char *out)
{
	static const char digits[] = "0123456789abcdef";
	int n = 0;

	for (int i = 0; i < 2; i++) {
		const char low = (char)(s[i] | 32);
		const char *at = s[i] == '\0' ? NULL
		    : strchr(digits, s[i] <= '9' ? s[i] : low);
		if (at == NULL)
			return false;
		n = 16 * n + (int)(at - digits);
	}
	*out = (unsigned char)n;
	return n != 0;
}

char *
url_decode(const char *s, size_t len)
{
	char *out = need(calloc(1, len + 1));
	unsigned char c;

	for (size_t i = 0, n = 0; i < len; i++) {
		c = s[i] == '+' ? ' ' : (unsigned char)s[i];
		if (s[i] == '%') {
			if (i + 2 >= len || !hex_pair(s + i + 1, &c)) {
				free(out);
				return NULL;
			}
			i += 2;
		}
		out[n++] = (char)c;
	}
	return out;
}

char *
url_param(const char *query, const char *name)
{
	const size_t len = strlen(name);

	while (query != NULL && *query != '\0') {
		const size_t n = strcspn(query, "&");
		if (n > len && query[len] == '=' &&
		    strncmp(query, name, len) == 0)
			return url_decode(query + len + 1, n - len - 1);
		query += n + (query[n] == '&');
	}
	return NULL;
}

/* ---- time ---------------------------------------------------------------- */

bool
ms_parse(const char *text, int64_t *ms)
{
	int64_t n, s;
	int part = 0;

	if (text == NULL)
		return false;
	if (sim_num(text, &n)) {
		*ms = n;
		return true;
	}
	if (!sim_time_parse(text, &s))
		return false;
	const char *dot = strchr(text, '.');
	for (int i = 1; i <= 3; i++) {
		const bool digit = dot != NULL && dot[i] >= '0' &&
		    dot[i] <= '9';
		part = 10 * part + (digit ? dot[i] - '0' : 0);
		dot = digit ? dot : NULL;
	}
	*ms = 1000 * s + part;
	return true;
}

const char *
ms_iso(int64_t ms)
{
	static _Thread_local char ring[4][40];
	static _Thread_local unsigned at;
	char end[8];
	char *out = ring[at++ % 4];
	const int64_t s = sim_floor_div(ms, 1000);

	snprintf(end, sizeof(end), ".%03dZ", (int)(ms - 1000 * s));
	return sim_time_text(s, end, out, sizeof(ring[0]));
}

const char *
http_date(int64_t t, char *out, size_t size)
{
	static const char days[] = "ThuFriSatSunMonTueWed";
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	const int64_t day = sim_floor_div(t, DAY_S);
	const int s = (int)(t - day * DAY_S);
	int y, m, d;

	sim_civil(day, &y, &m, &d);
	snprintf(out, size, "%.3s, %02d %.3s %04d %02d:%02d:%02d GMT",
	    days + 3 * (day % 7), d, months + (ptrdiff_t)3 * (m - 1), y,
	    s / 3600, s / 60 % 60, s % 60);
	return out;
}

int64_t
clock_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return 1000 * (int64_t)ts.tv_sec + ts.tv_nsec / 1000000;
}

void
file_write(const char *path, const char *line)
{
	char *tmp = fmt_text("%s.tmp", path);
	FILE *f = fopen(tmp, "we");

	if (f == NULL || fprintf(f, "%s\n", line) < 0 || fclose(f) != 0 ||
	    rename(tmp, path) != 0)
		die(path);
	free(tmp);
}
