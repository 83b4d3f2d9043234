/*
 * util.c - answers, names, numbers and the clock.
 */
#include <strings.h>
#include <time.h>

#include "sim.h"

json_t *
time_json(int64_t t)
{
	char s[40];

	return json_string(sim_time_text(t, "Z", s, sizeof(s)));
}

/* Names of objects and fields: case does not matter. */
bool
same_name(const char *a, const char *b)
{
	return strcasecmp(a, b) == 0;
}

void
reply_json(struct reply *out, unsigned status, json_t *json)
{
	json_decref(out->json);
	out->status = status;
	out->json = json;
}

/* The data interface: an array, also of one. */
void
reply_error(
    struct reply *out, unsigned status, const char *code, const char *text)
{
	reply_json(out, status,
	    json_pack("[{s:s, s:s}]", "message", text, "errorCode", code));
}

/* ---- the clock */
int64_t
now_read(const struct sim *s)
{
	return clock_read(s->now_file, (int64_t)time(NULL));
}

void
now_set(struct sim *s, int64_t t)
{
	clock_write(s->now_file, t);
	s->now = t;
}

/* ---- numbers and words */
static int64_t
digits_read(const char **p, int *n)
{
	int64_t v = 0;

	for (*n = 0; **p >= '0' && **p <= '9' && *n < 17; (*p)++, ++*n)
		v = v * 10 + (**p - '0');
	return v;
}

/* "-12.50", "1e3"; the whole text. */
bool
decimal_read(const char *s, double *d)
{
	int n, frac = 0, exp = 0;
	const bool minus = *s == '-';

	s += *s == '-' || *s == '+';
	*d = (double)digits_read(&s, &n);
	if (*s == '.') {
		s++;
		double part = (double)digits_read(&s, &frac);
		for (int i = 0; i < frac; i++)
			part /= 10;
		*d += part;
	}
	if (n + frac == 0)
		return false;
	if (*s == 'e' || *s == 'E') {
		s++;
		const bool down = *s == '-';
		s += *s == '-' || *s == '+';
		const int64_t by = digits_read(&s, &exp);
		if (exp == 0 || by > 30)
			return false;
		for (int64_t i = 0; i < by; i++)
			*d = down ? *d / 10 : *d * 10;
	}
	if (minus)
		*d = -*d;
	return *s == '\0';
}

/* The text up to sep, and *p behind it; false: empty, or it does not fit. */
bool
word_cut(const char **p, char sep, char *out, size_t size)
{
	const char stop[2] = { sep, '\0' };
	const size_t len = strcspn(*p, stop);

	if (len == 0 || len >= size)
		return false;
	memcpy(out, *p, len);
	out[len] = '\0';
	*p += len;
	*p += **p == sep;
	return true;
}
