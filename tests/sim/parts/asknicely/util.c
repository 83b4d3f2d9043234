/*
 * util.c - memory, JSON, addresses and the clock.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <time.h>

#include "sim.h"

_Noreturn void
die(const char *what)
{
	fprintf(stderr, "asknicely: %s: %s\n", what, strerror(errno));
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
text_make(const char *fmt, ...)
{
	char *out = NULL;
	va_list ap;

	va_start(ap, fmt);
	const int len = vasprintf(&out, fmt, ap);
	va_end(ap);
	return len < 0 ? need(NULL) : out;
}

int
place_of(const char *s, const char *const *names)
{
	for (int i = 0; s != NULL && names[i] != NULL; i++)
		if (strcmp(s, names[i]) == 0)
			return i;
	return -1;
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

json_t *
num_text(int64_t n)
{
	char text[24];

	if (n == NO_TIME)
		return json_null();
	snprintf(text, sizeof(text), "%lld", (long long)n);
	return json_string(text);
}

/* ---- addresses and forms ------------------------------------------------- */

static int
hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)(c | 32);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

char *
url_decode(const char *s, size_t len, bool plus)
{
	char *out = need(calloc(1, len + 1));
	size_t n = 0;

	for (size_t i = 0; i < len; i++) {
		int c = plus && s[i] == '+' ? ' ' : (unsigned char)s[i];
		if (s[i] == '%') {
			const int high = i + 2 < len ? hex_digit(s[i + 1]) : -1;
			const int low = high < 0 ? -1 : hex_digit(s[i + 2]);
			c = low < 0 ? 0 : 16 * high + low;
			i += 2;
		}
		if (c == 0) {
			free(out);
			return NULL;
		}
		out[n++] = (char)c;
	}
	json_t *checked = json_string(out);	/* UTF-8? */
	if (checked == NULL) {
		free(out);
		return NULL;
	}
	json_decref(checked);
	return out;
}

static bool
pair_read(json_t *form, const char *s, size_t len)
{
	const char *eq = memchr(s, '=', len);
	const size_t name_len = eq == NULL ? len : (size_t)(eq - s);
	char *name = url_decode(s, name_len, true);
	char *value = eq == NULL ? NULL
	    : url_decode(eq + 1, len - name_len - 1, true);
	const bool good = name != NULL && value != NULL &&
	    json_object_get(form, name) == NULL;

	if (good)
		json_object_set_new(form, name, json_string(value));
	free(name);
	free(value);
	return good;
}

json_t *
form_read(const char *s, size_t len)
{
	json_t *form = json_object();

	while (len > 0) {
		const char *amp = memchr(s, '&', len);
		const size_t n = amp == NULL ? len : (size_t)(amp - s);
		if (!pair_read(form, s, n)) {
			json_decref(form);
			return NULL;
		}
		s += n + (amp != NULL);
		len -= n + (amp != NULL);
	}
	return form;
}

/* ---- the clock: a file of one line, else the machine's ------------------- */

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
	char *tmp = text_make("%s.tmp", path);
	FILE *f = fopen(tmp, "we");

	if (f == NULL || fprintf(f, "%s\n", line) < 0 || fclose(f) != 0 ||
	    rename(tmp, path) != 0)
		die(path);
	free(tmp);
}

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
