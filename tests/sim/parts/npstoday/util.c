/*
 * util.c - times, answers and the clock.
 */
#include <time.h>

#include "sim.h"

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
