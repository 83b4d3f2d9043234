/*
 * util.c - memory, JSON, names and the clock.
 */
#include <errno.h>
#include <stdlib.h>
#include <strings.h>
#include <time.h>

#include "sim.h"

_Noreturn void
die(const char *what)
{
	fprintf(stderr, "salesforce: %s: %s\n", what, strerror(errno));
	exit(1);
}

void *
need(void *p)
{
	if (p == NULL)
		die("memory");
	return p;
}

/* Room for one more element after n. */
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

int64_t
clock_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

const char *
text_of(const json_t *obj, const char *key)
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
bool_of(const json_t *obj, const char *key)
{
	return json_is_true(json_object_get(obj, key));
}

int64_t
time_of(const json_t *obj, const char *key, int64_t otherwise)
{
	int64_t t;

	return sim_time_parse(text_of(obj, key), &t) ? t : otherwise;
}

json_t *
time_json(int64_t t)
{
	char s[40];

	return json_string(sim_time_text(t, "Z", s, sizeof(s)));
}

int
choice(const char *s, const char *const *names)
{
	for (int i = 0; names[i] != NULL; i++)
		if (strcmp(s, names[i]) == 0)
			return i;
	return -1;
}

/* Names of objects and fields: case does not matter. */
bool
same_name(const char *a, const char *b)
{
	return strcasecmp(a, b) == 0;
}

bool
in_list(const char *list, char sep, const char *name)
{
	const size_t len = strlen(name);

	for (const char *p = list; p != NULL; p = strchr(p, sep)) {
		p += *p == sep;
		if (strncmp(p, name, len) == 0 &&
		    (p[len] == sep || p[len] == '\0'))
			return true;
	}
	return false;
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

json_t *
body_json(const struct request *r)
{
	return r->body.len == 0 ? NULL
				: json_loadb(r->body.s, r->body.len,
				      JSON_REJECT_DUPLICATES, NULL);
}

/* ---- the clock: a file of one line, else the machine's */
int64_t
now_read(const struct sim *s)
{
	char line[64] = "";
	int64_t t;
	FILE *f = fopen(s->now_file, "re");

	if (f != NULL) {
		if (fgets(line, sizeof(line), f) != NULL)
			line[strcspn(line, "\r\n")] = '\0';
		fclose(f);
	}
	return sim_time_parse(line, &t) ? t : (int64_t)time(NULL);
}

void
file_write(const char *path, const char *line)
{
	char tmp[4200];
	FILE *f;

	snprintf(tmp, sizeof(tmp), "%s.tmp", path);
	f = fopen(tmp, "we");
	if (f == NULL || fprintf(f, "%s\n", line) < 0 || fclose(f) != 0 ||
	    rename(tmp, path) != 0)
		die(path);
}

void
now_set(struct sim *s, int64_t t)
{
	char line[40];

	file_write(s->now_file, sim_time_text(t, "Z", line, sizeof(line)));
	s->now = t;
}

/* "Thu, 26 Nov 2026 07:01:39 GMT" */
bool
http_date_read(const char *s, int64_t *t)
{
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	int day, y, h, m, sec;
	char month[4] = "";
	const char *p = s == NULL || strlen(s) != 29 ? "" : s + 5;

	if (*p == '\0' || !sim_digits(&p, 2, &day) || *p++ != ' ')
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

/* ---- forms and query strings */
static int
hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)(c | 32);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* NULL if an escape is none. */
char *
url_decode(const char *s, size_t len)
{
	char *out = need(malloc(len + 1));
	size_t n = 0;

	for (size_t i = 0; i < len; i++) {
		if (s[i] == '%') {
			if (i + 2 >= len || hex(s[i + 1]) < 0 ||
			    hex(s[i + 2]) < 0) {
				free(out);
				return NULL;
			}
			out[n++] = (char)(hex(s[i + 1]) * 16 + hex(s[i + 2]));
			i += 2;
		} else {
			out[n++] = (char)(s[i] == '+' ? ' ' : s[i]);
		}
	}
	out[n] = '\0';
	return out;
}

/* The value of "a=1&name=VALUE", decoded; NULL = it is not there. */
char *
url_param(const char *query, const char *name)
{
	const size_t len = strlen(name);

	for (const char *p = query; p != NULL; p = strchr(p, '&')) {
		p += *p == '&';
		if (strncmp(p, name, len) == 0 && p[len] == '=')
			return url_decode(
			    p + len + 1, strcspn(p + len + 1, "&"));
		if (*p == '\0')
			break;
	}
	return NULL;
}
