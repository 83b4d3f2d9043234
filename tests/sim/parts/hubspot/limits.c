/*
 * limits.c - who may come, with which scopes, and how often.
 */
#include <stdlib.h>

#include "sim.h"

#define PEAK 64

/* ---- the token ----------------------------------------------------------- */

/* A token that is none never gets as far as the service. */
static bool
token_formed(const char *token)
{
	return strncmp(token, "pat-", 4) == 0 && token[strspn(token,
	    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-")]
	    == '\0';
}

void
reply_scope(struct sim *s, struct reply *out, const char *scope)
{
	reply_error(s, out, 403, "MISSING_SCOPES", "This app hasn't been "
	    "granted all required scopes to make this call.");
	if (json_is_object(out->json))
		json_object_set_new(out->json, "errors", json_pack(
		    "[{s:s, s:{s:[s]}}]", "message",
		    "One or more of the following scopes are required.",
		    "context", "requiredGranularScopes", scope));
}

static bool
scope_given(struct sim *s, const struct call *c, struct reply *out)
{
	char *scope = c->route->scope != NULL ? dup_text(c->route->scope)
	    : strcmp(c->kind->scope, "tickets") == 0
	    ? dup_text("tickets")
	    : fmt_text("%s.%s", c->kind->scope,
		  c->route->on == ON_UPDATE ? "write" : "read");
	const bool good = *scope == '\0' || s->opt.scopes == NULL ||
	    listed(s->opt.scopes, ',', scope);

	if (!good)
		reply_scope(s, out, scope);
	free(scope);
	return good;
}

bool
call_allowed(struct sim *s, struct call *c, struct reply *out)
{
	const char *has = header_of(&c->in, "Authorization");
	const bool bearer = has != NULL && strncmp(has, "Bearer ", 7) == 0;

	if (bearer && !token_formed(has + 7)) {
		out->status = 530;
		out->type = "text/html";
		out->raw = dup_text("<html>error code: 1016</html>");
	} else if (!bearer || strcmp(has + 7, s->opt.token) != 0) {
		reply_error(s, out, 401, "INVALID_AUTHENTICATION",
		    "Authentication credentials not found or not valid.");
	} else {
		return scope_given(s, c, out);
	}
	return false;
}

/* ---- how often ----------------------------------------------------------- */

static bool
window_full(struct window *w, int64_t most, int64_t length_ms, int64_t ms)
{
	const size_t n = (size_t)most;

	if (most <= 0)
		return false;
	if (w->at == NULL)
		w->at = need(calloc(n, sizeof(*w->at)));
	int64_t *oldest = &w->at[w->n % n];
	if (w->n >= n && *oldest > ms - length_ms)
		return true;
	*oldest = ms;
	w->n++;
	return false;
}

static void
peak_note(struct sim *s, int64_t ms)
{
	struct window *w = &s->seconds;
	int64_t n = 0;

	if (w->at == NULL)
		w->at = need(calloc(PEAK, sizeof(*w->at)));
	w->at[w->n++ % PEAK] = ms;
	for (size_t i = 0; i < PEAK && i < w->n; i++)
		n += w->at[i] > ms - 1000;
	s->search_peak = n > s->search_peak ? n : s->search_peak;
}

static void
day_note(struct sim *s)
{
	const int64_t day = sim_floor_div(s->now, DAY_S);

	if (day != s->day)
		s->used_today = 0;
	s->day = day;
	s->used_today++;
}

bool
call_limited(struct sim *s, struct call *c, struct reply *out)
{
	const int64_t real = clock_ms();
	const int64_t ms = s->opt.rate_by_now ? 1000 * s->now : real;
	const bool search = c->route->on == ON_SEARCH;
	const char *policy = NULL;

	s->too_early += real < s->quiet_ms[0] ||
	    (search && real < s->quiet_ms[1]);
	day_note(s);
	if (search)
		peak_note(s, ms);
	if (s->opt.daily > 0 && s->used_today > s->opt.daily)
		policy = "DAILY";
	else if (search && window_full(&s->searches, s->opt.search_rate, 1000,
	    ms))
		policy = "SECONDLY";
	else if (window_full(&s->calls, s->opt.rate, 10000, ms))
		policy = "TEN_SECONDLY_ROLLING";
	out->counted = !search;
	if (policy != NULL)
		reply_limit(s, c, out, policy);
	return policy != NULL;
}
