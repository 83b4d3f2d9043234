/*
 * util.c - memory, JSON, forms and the clock.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <time.h>

#include "sim.h"

_Noreturn void
die(const char *what)
{
	fprintf(stderr, "superoffice: %s: %s\n", what, strerror(errno));
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
	const bool full = (n & (n - 1)) == 0;

	return full ? need(realloc(v, (n == 0 ? 1 : 2 * n) * size)) : v;
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

int
choice(const char *s, const char *const *names)
{
	for (int i = 0; s != NULL && names[i] != NULL; i++)
		if (strcmp(s, names[i]) == 0)
			return i;
	return -1;
}

void
count(json_t *map, const char *key)
{
	json_object_set_new(map, key, json_integer(1 + int_of(map, key, 0)));
}

void
reply_json(struct reply *out, unsigned status, json_t *json)
{
	json_decref(out->json);
	out->status = status;
	out->json = json;
}

/* The form of every error of the service. */
void
reply_error(struct reply *out, unsigned status, const char *type,
    const char *fmt, ...)
{
	char text[400];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	json_t *message = json_string(text);
	reply_json(out, status, json_pack("{s:b, s:s, s:o, s:s}", "Error", 1,
	    "ErrorType", type, "ErrorMessage",
	    message == NULL ? json_string("") : message, "ErrorSource",
	    "SoDataBase"));
}

json_t *
body_json(const struct request *r)
{
	return r->body.len == 0 ? NULL
				: json_loadb(r->body.s, r->body.len,
				      JSON_REJECT_DUPLICATES, NULL);
}

const char *
header(const struct request *r, const char *name)
{
	return MHD_lookup_connection_value(r->con, MHD_HEADER_KIND, name);
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

/* Whole or not at all. */
void
file_write(const char *path, const char *line)
{
	char tmp[4200];

	snprintf(tmp, sizeof(tmp), "%s.tmp", path);
	FILE *f = fopen(tmp, "we");
	if (f == NULL || fprintf(f, "%s\n", line) < 0 || fclose(f) != 0 ||
	    rename(tmp, path) != 0)
		die(path);
}

static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

/* "Thu, 26 Nov 2026 07:01:39 GMT" */
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

void
http_date_text(int64_t t, char *out, size_t size)
{
	static const char days[] = "ThuFriSatSunMonTueWed";
	const int64_t day = sim_floor_div(t, DAY_S);
	const int sec = (int)(t - day * DAY_S);
	int y, m, d;

	sim_civil(day, &y, &m, &d);
	snprintf(out, size, "%.3s, %02d %.3s %04d %02d:%02d:%02d GMT",
	    days + (day % 7 + 7) % 7 * 3, d, months + (m - 1) * 3, y,
	    sec / 3600, sec / 60 % 60, sec % 60);
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
url_decode(const char *s, size_t len, bool plus)
{
	char *out = need(malloc(len + 1));
	size_t n = 0;

	for (size_t i = 0; i < len; i++) {
		if (s[i] != '%') {
			out[n++] = (char)(s[i] == '+' && plus ? ' ' : s[i]);
			continue;
		}
		if (i + 2 >= len || hex(s[i + 1]) < 0 || hex(s[i + 2]) < 0) {
			free(out);
			return NULL;
		}
		out[n++] = (char)(hex(s[i + 1]) * 16 + hex(s[i + 2]));
		i += 2;
	}
	out[n] = '\0';
	return out;
}

/* "a=1&b=2" as an object; NULL: an escape or the UTF-8 is wrong, or a name
 * stands twice. */
json_t *
form_read(const char *s)
{
	json_t *out = json_object();

	for (const char *p = s; p != NULL && *p != '\0';) {
		const size_t len = strcspn(p, "&");
		const size_t eq = strcspn(p, "=&");
		char *name = url_decode(p, eq, true);
		char *value = eq < len
		    ? url_decode(p + eq + 1, len - eq - 1, true) : dup_text("");
		const bool good = name != NULL && value != NULL &&
		    json_object_get(out, name) == NULL &&
		    json_object_set_new(out, name, json_string(value)) == 0;
		free(name);
		free(value);
		if (!good) {
			json_decref(out);
			return NULL;
		}
		p += len;
		p += *p == '&';
	}
	return out;
}

bool
id_read(const char *s, int64_t *id)
{
	return s != NULL && strlen(s) <= 10 && sim_num(s, id);
}
