/*
 * base.c - memory, words, JSON, the clock.
 */
#include "base.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <time.h>

#include "files.h"

static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

_Noreturn void
die(const char *what)
{
	fprintf(stderr, "%s: %s: %s\n", program_invocation_short_name, what,
	    strerror(errno));
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
	if ((n & (n - 1)) != 0)
		return v;
	return need(realloc(v, (n == 0 ? 1 : 2 * n) * size));
}

char *
dup_text(const char *s)
{
	return need(strdup(s == NULL ? "" : s));
}

char *
fmt_text(const char *fmt, ...)
{
	char *out = NULL;
	va_list ap;

	va_start(ap, fmt);
	const int len = vasprintf(&out, fmt, ap);
	va_end(ap);
	return need(len < 0 ? NULL : out);
}

/* ---- words --------------------------------------------------------------- */

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

void
text_copy(char *to, size_t size, const char *from)
{
	snprintf(to, size, "%s", from == NULL ? "" : from);
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

int64_t
time_of(const json_t *obj, const char *key, int64_t otherwise)
{
	int64_t t;

	return sim_time_parse(str_of(obj, key), &t) ? t : otherwise;
}

void
count_up(json_t *counts, const char *key)
{
	json_object_set_new(counts, key,
	    json_integer(int_of(counts, key, 0) + 1));
}

/* ---- the clock ----------------------------------------------------------- */

int64_t
clock_read(const char *now_file, int64_t otherwise)
{
	char line[64];
	int64_t t;

	return file_line(now_file, line, sizeof(line)) &&
	    sim_time_parse(line, &t) ? t : otherwise;
}

void
clock_write(const char *now_file, int64_t t)
{
	char line[40];

	file_write(now_file, sim_time_text(t, "Z", line, sizeof(line)));
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
	static const char days[] = "ThuFriSatSunMonTueWed";
	const int64_t day = sim_floor_div(t, DAY_S);
	const int s = (int)(t - day * DAY_S);
	int y, m, d;

	sim_civil(day, &y, &m, &d);
	snprintf(out, size, "%.3s, %02d %.3s %04d %02d:%02d:%02d GMT",
	    days + 3 * ((day % 7 + 7) % 7), d, months + (ptrdiff_t)3 * (m - 1),
	    y, s / 3600, s / 60 % 60, s % 60);
	return out;
}

bool
http_date_read(const char *s, int64_t *t)
{
	int day, y, h, m, sec;
	char month[4] = "";
	const char *p = s == NULL || strlen(s) != 29 ? "" : s + 5;

	if (!sim_digits(&p, 2, &day) || *p++ != ' ')
		return false;
	memcpy(month, p, 3);
	p += 4;
	const char *at = strstr(months, month);
	if (at == NULL || !sim_digits(&p, 4, &y) || *p++ != ' ' ||
	    !sim_digits(&p, 2, &h) || *p++ != ':' || !sim_digits(&p, 2, &m) ||
	    *p++ != ':' || !sim_digits(&p, 2, &sec) || strcmp(p, " GMT") != 0)
		return false;
	*t = sim_days(y, (int)(at - months) / 3 + 1, day) * DAY_S + h * 3600 +
	    m * 60 + sec;
	return true;
}
