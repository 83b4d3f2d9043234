/*
 * state.c - where the tenant is, and whether it runs.
 *
 * How it could harm:
 *  - a host that is configured and moved: online it is asked for before the
 *    first request, again when the answer says it is no longer valid, and after
 *    a 421, once;
 *  - our ticket sent elsewhere: the address must have the login host's domain
 *    and end in the tenant's own path;
 *  - a tenant under maintenance asked again and again: one answer that it does
 *    not run ends the run;
 *  - a validity in the past, which would ask before each request: five minutes
 *    at least;
 *  - a clock of ours that is off, with which no login is taken: the host's Date
 *    counts.
 */
#include <string.h>
#include <strings.h>

#include "clock.h"
#include "superoffice.h"
#include "url.h"

#define STATE_MAX_BYTES ((size_t)65536)
#define VALID_MIN_S 300
#define VALID_MAX_S 86400
#define AHEAD_MAX_S 86400	/* a Date beyond is none */

/* ---- addresses --------------------------------------------------------- */
static bool
ends_in(const char *url, size_t len, const char *end)
{
	const size_t n = strlen(end);

	return len >= n && strncasecmp(url + len - n, end, n) == 0;
}

static bool
has_part(const char *url, size_t len, const char *context)
{
	const size_t n = strlen(context);

	for (const char *at = url; at + n + 1 <= url + len; at++)
		if (*at == '/' && strncasecmp(at + 1, context, n) == 0 &&
		    (at + n + 1 == url + len || at[n + 1] == '/'))
			return true;
	return false;
}

const char *
so_api_base(struct arena *arena, const char *url, const char *context)
{
	size_t len = strlen(url);

	while (len > 0 && url[len - 1] == '/')
		len--;
	if (ends_in(url, len, "/api/v1"))
		len -= 7;
	else if (ends_in(url, len, "/api"))
		len -= 4;
	while (len > 0 && url[len - 1] == '/')
		len--;
	const bool more = context != NULL && *context != '\0' &&
	    !has_part(url, len, context);
	return arena_printf(arena, "%.*s%s%s/api/v1", (int)len, url,
	    more ? "/" : "", more ? context : "");
}

/* Of "https://HOST:PORT/...". */
static const char *
host_of(const char *url, size_t *len)
{
	const char *at = strstr(url, "://");

	at = at == NULL ? url : at + 3;
	*len = strcspn(at, ":/?#");
	return at;
}

bool
so_is_sister(const char *login, const char *url)
{
	size_t n, m;
	const char *ours = host_of(login, &n), *theirs = host_of(url, &m);
	const char *dot = memchr(ours, '.', n);
	struct err why;

	if (!url_check_base(url, true, &why) ||
	    (strncmp(login, "https:", 6) == 0 &&
	        strncmp(url, "https:", 6) != 0))
		return false;
	if (n == m && strncasecmp(ours, theirs, n) == 0)
		return true;
	/* A domain alone, or an address, has no sisters. */
	if (dot == NULL || url_is_loopback(login))
		return false;
	const size_t suffix = n - (size_t)(dot - ours);
	return memchr(dot + 1, '.', suffix - 1) != NULL && m > suffix &&
	    strncasecmp(theirs + m - suffix, dot, suffix) == 0 &&
	    memchr(theirs, '.', m - suffix) == NULL;
}

/* ---- what the settings say --------------------------------------------- */
static bool
onsite_open(struct superoffice *s, struct err *err)
{
	const char *url = s->set->base_url;
	struct err why;

	if (*url == '\0')
		return err_set(err, ERR_CONFIG, "mode = \"onsite\" expects "
		    "base_url, https://SERVER/SITE");
	if (!url_check_base(url, true, &why))
		return err_set(err, ERR_CONFIG, "base_url: expected "
		    "https://SERVER/SITE");
	const char *base = so_api_base(s->api.own, url, NULL);
	return base == NULL ? err_nomem(err) :
	    apicall_move_base(&s->api, base, err);
}

static bool
online_open(struct superoffice *s, struct err *err)
{
	const struct so_settings *set = s->set;
	const char *base;

	if (*set->context_id == '\0')
		return err_set(err, ERR_CONFIG, "mode = \"online\" expects "
		    "context_id, the tenant's id (\"Cust12345\")");
	if (*set->base_url == '\0')
		return true;
	if (!so_is_sister(s->login, set->base_url))
		return err_set(err, ERR_CONFIG, "base_url: expected an address "
		    "beside login_host; leave it empty, the tenant moves");
	base = so_api_base(s->api.own, set->base_url, set->context_id);
	return base == NULL ? err_nomem(err) :
	    apicall_move_base(&s->api, base, err);
}

bool
so_state_open(struct superoffice *s, struct err *err)
{
	const char *host = s->set->login_host;

	s->base_until = NO_TIME;
	s->login = strstr(host, "://") != NULL ? host :
	    arena_printf(s->api.own, "https://%s", host);
	if (s->login == NULL)
		return err_nomem(err);
	return s->set->mode == SO_ONSITE ? onsite_open(s, err) :
	    online_open(s, err);
}

/* ---- asking ------------------------------------------------------------ */
time_t
so_now(const struct superoffice *s)
{
	return s->api.env.now(s->api.env.clock) + s->ahead_s;
}

static void
clock_take(struct superoffice *s, time_t date)
{
	const time_t now = s->api.env.now(s->api.env.clock);

	if (date != NO_TIME && date > now - AHEAD_MAX_S &&
	    date < now + AHEAD_MAX_S)
		s->ahead_s = (long)(date - now);
}

static const char *
member(json_t *root, const char *name)
{
	return json_string_value(json_object_get(root, name));
}

/* What a tenant that does not run can be. */
static bool
not_running(struct superoffice *s, json_t *root, struct err *err)
{
	static const char *const for_ever[] = { "Deleted", "Suspended",
		"ProvisioningFailed", "Deleting", "DeleteFailed" };
	const char *state = member(root, "State");
	struct api_verdict words = { .kind = ERR_RETRY };

	apicall_words(&s->api, state, NULL, &words);
	for (size_t i = 0; i < ARRAY_LEN(for_ever); i++)
		if (strcmp(words.code, for_ever[i]) == 0)
			words.kind = ERR_AUTH;
	(void)err_set(err, words.kind, "the tenant %s does not run (%s): "
	    "nothing is asked in this run", s->set->context_id,
	    words.code[0] != '\0' ? words.code : "no state");
	return apicall_stop(&s->api, err);
}

static void
until_take(struct superoffice *s, json_t *root)
{
	const char *text = member(root, "ValidUntil");
	const time_t now = so_now(s);
	time_t until;

	if (text == NULL || !clock_parse_iso(text, "UTC", &until) ||
	    until > now + VALID_MAX_S)
		until = now + VALID_MAX_S;
	s->base_until = until < now + VALID_MIN_S ? now + VALID_MIN_S : until;
}

static bool
state_take(struct superoffice *s, json_t *root, struct arena *arena,
    struct err *err)
{
	const char *api = member(root, "Api");
	const char *context = member(root, "ContextIdentifier");
	const char *ours = s->set->context_id;

	if (!json_is_object(root))
		return err_set(err, ERR_PROTOCOL, "state: expected a JSON "
		    "object");
	if (!json_is_true(json_object_get(root, "IsRunning")))
		return not_running(s, root, err);
	if ((context != NULL && strcasecmp(context, ours) != 0) ||
	    api == NULL || !so_is_sister(s->login, api) ||
	    !has_part(api, strlen(api), ours))
		return err_set(err, ERR_PROTOCOL, "state: expected in Api an "
		    "address beside login_host, with the tenant %s", ours);
	const char *base = so_api_base(arena, api, NULL);
	if (base == NULL || !apicall_move_base(&s->api, base, err))
		return base == NULL ? err_nomem(err) : false;
	s->base_lost = false;
	until_take(s, root);
	return true;
}

static bool
status_bad(struct superoffice *s, const struct http_res *res, struct err *err)
{
	struct api_verdict v;

	apicall_judge_status(res, &v);
	if (v.kind == ERR_NONE)
		return false;
	if (v.kind == ERR_GONE)
		(void)err_set(err, ERR_CONFIG, "state: HTTP %ld: no tenant %s "
		    "at login_host: correct context_id", res->status,
		    s->set->context_id);
	else
		(void)apicall_fail(&v, res, "state", err);
	return true;
}

static bool
ask_state(struct superoffice *s, struct err *err)
{
	static const char *const headers[][2] = {
		{ "Accept", "application/json" }, { NULL, NULL } };
	AUTO(arena) struct arena *arena = arena_new(STATE_MAX_BYTES * 8);
	AUTO(json_doc) struct json_doc *doc = NULL;
	struct http_req req = { .method = "GET", .repeatable = true,
		.headers = headers, .answer_max = STATE_MAX_BYTES };
	struct http_res res;

	if (arena == NULL || (req.url = arena_printf(arena, "%s/api/state/%s",
	    s->login, s->set->context_id)) == NULL)
		return err_nomem(err);
	if (!apicall_send(s->api.env.http, &req, "state", arena, &res, err))
		return false;
	clock_take(s, res.date);
	if (!apicall_parse(&res, "state", &doc, err) ||
	    status_bad(s, &res, err))
		return false;
	return state_take(s, doc == NULL ? NULL : json_root(doc), arena, err);
}

bool
so_locate(void *arg, struct err *err)
{
	struct superoffice *s = arg;
	const bool asked = s->set->mode == SO_ONLINE &&
	    *s->set->base_url == '\0';

	if (!asked)
		return !s->base_lost || err_set(err, ERR_CONFIG, "HTTP 421: "
		    "the tenant is not at base_url%s", s->set->mode ==
		    SO_ONLINE ? "; leave it empty: the tenant moves" : "");
	if (s->api.base != NULL && !s->base_lost &&
	    (s->base_until == NO_TIME || so_now(s) < s->base_until))
		return true;
	return ask_state(s, err);
}
