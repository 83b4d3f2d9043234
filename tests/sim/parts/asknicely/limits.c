/*
 * limits.c - which call it is, who may make it, and how often.
 */
#include <stdlib.h>

#include "sim.h"

static const int64_t most_all[2] = { 200, 1000 }, most_trigger[2] = { 100, 500 };
static const int64_t lengths_ms[2] = { 10000, 60000 };

void
call_route(struct call *c)
{
	static const struct {
		const char *method, *first, *second;
		enum on on;
	} routes[] = { { "POST", "contact", "trigger", ON_TRIGGER },
		{ "GET", "contact", "get", ON_LOOKUP },
		{ "GET", "contact", "remove", ON_ERASE },
		{ "GET", "contacts", "unsubscribed", ON_OPTOUTS },
		{ "POST", "contacts", "deactivateall", ON_ERASE },
		{ "POST", "privacy", "remove", ON_ERASE },
		{ "GET", "responses", NULL, ON_RESPONSES } };

	c->on = c->storage ? ON_STORAGE : ON_NONE;
	if (c->storage || c->n_parts == 0)
		return;
	if (strcmp(c->parts[0], "sim") == 0)
		c->on = ON_SIM;
	if (c->n_parts < 4 || strcmp(c->parts[0], "api") != 0 ||
	    strcmp(c->parts[1], "v1") != 0)
		return;
	for (size_t i = 0; i < LEN(routes); i++)
		if (strcmp(c->in.method, routes[i].method) == 0 &&
		    strcmp(c->parts[2], routes[i].first) == 0 &&
		    (routes[i].second == NULL ||
		    strcmp(c->parts[3], routes[i].second) == 0))
			c->on = routes[i].on;
}

/* ---- the key -------------------------------------------------------------------- */

static enum MHD_Result
header_look(void *cls, enum MHD_ValueKind kind, const char *name,
    const char *value)
{
	const char **looked = cls;

	(void)kind;
	if (strcasecmp(name, "X-apikey") == 0 ||
	    strcasecmp(name, "Authorization") == 0 ||
	    strcasecmp(name, "Cookie") == 0 ||
	    (value != NULL && strstr(value, looked[0]) != NULL))
		looked[1] = name;
	return MHD_YES;
}

bool
call_allowed(struct sim *s, struct call *c, struct reply *out)
{
	const char *looked[2] = { s->opt.key, NULL };
	const char *has = header_of(&c->in, "X-apikey");

	if (strstr(c->in.uri, s->opt.key) != NULL)
		violation(s, "key_in_url", NULL);
	if (c->storage) {
		MHD_get_connection_values(c->in.con, MHD_HEADER_KIND, header_look,
		    looked);
		if (looked[1] != NULL)
			violation(s, "key_at_storage", looked[1]);
		return true;
	}
	if (has != NULL && strcmp(has, s->opt.key) == 0)
		return true;
	reply_failed(out, 401,
	    "We could not find the api key, or it was not set []");
	return false;
}

/* ---- how often -------------------------------------------------------------------- */

void
limits_open(struct sim *s)
{
	for (size_t i = 0; i < 2; i++) {
		s->all[i] = (struct window){ .size = 4096 };
		s->triggers[i] = (struct window){ .size = 4096 };
		s->all[i].length_ms = s->triggers[i].length_ms = lengths_ms[i];
		s->all[i].at = need(calloc(4096, sizeof(int64_t)));
		s->triggers[i].at = need(calloc(4096, sizeof(int64_t)));
	}
}

static int64_t
time_ms(const struct sim *s)
{
	return s->opt.limits == LIMITS_NOW ? 1000 * s->now : clock_ms();
}

static int64_t
window_count(const struct window *w, int64_t ms)
{
	size_t n = 0;

	while (n < w->n && n < w->size &&
	    w->at[(w->n - 1 - n) % w->size] > ms - w->length_ms)
		n++;
	return (int64_t)n;
}

static void
window_note(struct window *w, int64_t ms)
{
	w->at[w->n++ % w->size] = ms;
	const int64_t n = window_count(w, ms);
	w->peak = n > w->peak ? n : w->peak;
}

int64_t
limit_left(const struct sim *s, const struct call *c, int which, int64_t *most)
{
	const bool trigger = c->on == ON_TRIGGER;
	const struct window *w = trigger ? &s->triggers[which] : &s->all[which];

	*most = trigger ? most_trigger[which] : most_all[which];
	const int64_t left = *most - window_count(w, time_ms(s));
	return left < 0 ? 0 : left;
}

static bool
is_full(const struct sim *s, const struct call *c, int which)
{
	const int64_t ms = time_ms(s);

	return window_count(&s->all[which], ms) >= most_all[which] ||
	    (c->on == ON_TRIGGER &&
	    window_count(&s->triggers[which], ms) >= most_trigger[which]);
}

static void
refuse(struct sim *s, const struct call *c, int which, struct reply *out)
{
	int64_t most;

	(void)limit_left(s, c, which, &most);
	reply_failed(out, 429,
	    "Rate limit hit: reduce the rate of requests and retry");
	json_object_set_new(out->json, "type",
	    json_string(which == 0 ? "req-10s" : "req-60s"));
	json_object_set_new(out->json, "count", json_integer(J(most + 1)));
	json_object_set_new(out->json, "limit", json_integer(J(most)));
	out->retry_after = lengths_ms[which] / 1000;
}

/* A call that was sent before the refusal was heard is no disobedience. */
#define ON_ITS_WAY_MS 1000

bool
call_limited(struct sim *s, struct call *c, struct reply *out)
{
	const int64_t ms = time_ms(s);

	s->too_early += ms < s->quiet_ms && ms >= s->refused_ms +
	    (s->opt.limits == LIMITS_NOW ? 0 : ON_ITS_WAY_MS);
	for (int i = 0; i < 2 && s->opt.limits != LIMITS_OFF; i++)
		if (is_full(s, c, i)) {
			refuse(s, c, i, out);
			return true;
		}
	for (size_t i = 0; i < 2; i++) {
		window_note(&s->all[i], ms);
		if (c->on == ON_TRIGGER)
			window_note(&s->triggers[i], ms);
	}
	return false;
}
