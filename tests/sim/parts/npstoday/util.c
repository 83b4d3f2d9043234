/*
 * util.c - memory, JSON and the clock.
 */
#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include "sim.h"

_Noreturn void
die(const char *what)
{
	fprintf(stderr, "npstoday: %s: %s\n", what, strerror(errno));
	exit(1);
}

/* Room for one more element after n. */
void *
grow(void *v, size_t n, size_t size)
{
	if ((n & (n - 1)) != 0)
		return v;
	void *more = realloc(v, (n == 0 ? 1 : 2 * n) * size);
	if (more == NULL)
		die("memory");
	return more;
}

char *
dup_text(const char *s)
{
	char *copy = strdup(s == NULL ? "" : s);
	if (copy == NULL)
		die("memory");
	return copy;
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
	return t == NO_TIME ? json_null()
			    : json_string(sim_time_text(t, "Z", s, sizeof(s)));
}

/* As the service writes times: seven digits, here made from the id. */
json_t *
stamp_json(int64_t t, int64_t id)
{
	char s[64], end[32];
	if (t == NO_TIME)
		return json_null();
	snprintf(
	    end, sizeof(end), ".%07u+00:00", (unsigned)(id * 7919 % 10000000));
	return json_string(sim_time_text(t, end, s, sizeof(s)));
}

int
choice(const char *s, const char *const *names)
{
	for (int i = 0; names[i] != NULL; i++)
		if (strcmp(s, names[i]) == 0)
			return i;
	return -1;
}

void
reply_json(struct reply *out, unsigned status, json_t *json)
{
	out->status = status;
	out->json = json;
}

void
reply_error(
    struct reply *out, unsigned status, const char *what, const char *value)
{
	reply_json(out, status,
	    json_pack("{s:s+++}", "Message", what, value == NULL ? "" : " '",
		value == NULL ? "" : value, value == NULL ? "" : "'"));
}

void
key_lower(char *out, size_t size, const char *s)
{
	size_t n = 0;
	for (; *s != '\0' && n + 1 < size; s++)
		out[n++] = (char)(*s >= 'A' && *s <= 'Z' ? *s + 32 : *s);
	out[n] = '\0';
}

/* Members begin with a capital; what the customer stored stays as it is. */
static json_t *
pascal(json_t *in)
{
	const char *key;
	json_t *v;
	size_t i;
	if (json_is_array(in)) {
		json_t *out = json_array();
		json_array_foreach(in, i, v)
		    json_array_append_new(out, pascal(v));
		return out;
	}
	if (!json_is_object(in))
		return json_incref(in);
	json_t *out = json_object();
	json_object_foreach(in, key, v)
	{
		char name[64];
		snprintf(name, sizeof(name), "%s", key);
		if (name[0] >= 'a' && name[0] <= 'z')
			name[0] = (char)(name[0] - 32);
		json_object_set_new(out, name,
		    strcmp(key, "custom") == 0 ? json_incref(v) : pascal(v));
	}
	return out;
}

json_t *
cased(const struct sim *s, json_t *json)
{
	if (!s->opt.pascal)
		return json;
	json_t *out = pascal(json);
	json_decref(json);
	return out;
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
	snprintf(tmp, sizeof(tmp), "%s.tmp", path);
	FILE *f = fopen(tmp, "we");
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
