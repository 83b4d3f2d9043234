/*
 * server.c - the transport of both ports, with cuts and waits.
 */
#include <stdlib.h>
#include <unistd.h>

#include "sim.h"

/* ---- one call ---------------------------------------------------------------- */

static void
path_split(struct call *c)
{
	const char *p = c->in.uri;
	const char *end = p + strcspn(p, "?");

	while (p < end && c->n_parts < SEGMENTS) {
		p += *p == '/';
		const char *next = memchr(p, '/', (size_t)(end - p));
		const size_t len = (size_t)((next == NULL ? end : next) - p);
		char *part = url_decode(p, len, false);
		if (part == NULL)
			break;
		c->parts[c->n_parts++] = part;
		p += len;
	}
	c->query = *end == '?' ? form_read(end + 1)
			       : json_object();
}

static void
body_read(struct call *c)
{
	const char *type = header_of(&c->in, "Content-Type");
	const bool form = type != NULL &&
	    strncmp(type, "application/x-www-form-urlencoded", 33) == 0;

	if (c->in.len == 0)
		return;
	c->body = form || c->on == ON_TRIGGER ? form_read(c->in.body)
	    : json_loadb(c->in.body, c->in.len, JSON_REJECT_DUPLICATES, NULL);
}

static void
call_log(struct sim *s, const struct call *c, const struct reply *out)
{
	const unsigned status = out->cut ? 0 : out->status;
	char key[16];

	snprintf(key, sizeof(key), "%u", status);
	count_up(s->by_status, key);
	count_up(s->by_on, on_names[c->on]);
	char *line = fmt_text("%lld %s %s %s%s %u\n",
	    (long long)(clock_ms() - s->started_ms), sim_time_iso(s->now),
	    c->in.method, c->storage ? "storage:" : "", c->in.uri, status);
	const ssize_t len = (ssize_t)strlen(line);
	if (write(s->log, line, (size_t)len) != len)
		die("requests.log");
	free(line);
}

static void
call_carry(struct sim *s, struct call *c, struct reply *out)
{
	static handler_fn *const handlers[] = { [ON_TRIGGER] = on_trigger,
		[ON_LOOKUP] = on_lookup, [ON_RESPONSES] = on_responses,
		[ON_OPTOUTS] = on_optouts, [ON_ERASE] = on_erase,
		[ON_STORAGE] = on_storage };

	if (!fault_replaces(c)) {
		handlers[c->on](s, c, out);
		mutate_reply(s, c, out);
	}
	if (c->faulted)
		fault_apply(s, c, out);
}

static void
call_serve(struct sim *s, struct call *c, struct reply *out)
{
	if (c->on == ON_SIM) {
		sim_control(s, c, out);
		return;
	}
	s->requests++;
	if (!call_allowed(s, c, out))
		return;
	fault_take(s, c);
	if (fault_is(c, "cut_before"))
		out->cut = true;
	else if (c->storage || !call_limited(s, c, out)) {
		if (c->on != ON_NONE) {
			call_carry(s, c, out);
			return;
		}
		violation(s, "unknown_path", c->in.uri);
		reply_failed(out, 404, "Not found");
	}
}

/* ---- the answer -------------------------------------------------------------- */

static void
limits_add(const struct sim *s, const struct call *c, struct MHD_Response *res)
{
	static const char *const names[2][2] = {
		{ "RateLimit-Req10s-Limit", "RateLimit-Req10s-Remaining" },
		{ "RateLimit-Req60s-Limit", "RateLimit-Req60s-Remaining" } };
	int64_t most;

	for (int i = 0; i < 2; i++) {
		const int64_t left = limit_left(s, c, i, &most);
		response_number(res, names[i][0], most);
		response_number(res, names[i][1], left);
	}
}

static enum MHD_Result
answer_send(struct sim *s, const struct call *c, struct reply *out)
{
	struct MHD_Response *res = response_make(out->raw, 0, out->json,
	    out->missing);

	response_header(res, "Content-Type",
	    out->type == NULL ? "application/json" : out->type);
	response_header(res, "Location", out->location);
	response_number(res, "Retry-After", out->retry_after);
	if (!c->storage && c->on != ON_SIM)
		limits_add(s, c, res);
	return response_send(&c->in, out->status, res);
}

/* The first refusal is what a client was told: who goes on is refused again, and
 * that is no new beginning. */
static void
quiet_begin(struct sim *s, int64_t seconds)
{
	const int64_t ms = s->opt.limits == LIMITS_NOW ? 1000 * s->now
						       : clock_ms();

	if (ms >= s->quiet_ms)
		s->refused_ms = ms;
	s->quiet_ms = ms + 1000 * seconds;
}

static enum MHD_Result
call_finish(void *sim, void *call)
{
	struct sim *s = sim;
	struct call *c = call;
	struct reply out = { .retry_after = -1 };

	if (c->in.too_big)
		return MHD_NO;

	pthread_mutex_lock(&s->lock);
	s->now = now_read(s);
	call_route(c);
	body_read(c);
	call_serve(s, c, &out);
	if (c->on != ON_SIM) {
		call_log(s, c, &out);
		if (out.retry_after > 0)
			quiet_begin(s, out.retry_after);
	}
	pthread_mutex_unlock(&s->lock);
	if (fault_is(c, "slow"))
		sleep((unsigned)c->fault.seconds);
	pthread_mutex_lock(&s->lock);
	const enum MHD_Result sent = out.cut
	    ? response_cut(out.raw, out.json) : answer_send(s, c, &out);
	pthread_mutex_unlock(&s->lock);
	free(out.location);
	return sent;
}

static void
call_open(void *sim, void *call)
{
	(void)sim;
	path_split(call);
}

static void
file_open(void *sim, void *call)
{
	struct call *c = call;

	(void)sim;
	c->storage = true;
	path_split(c);
}

static void
call_close(void *call)
{
	struct call *c = call;

	while (c->n_parts > 0)
		free(c->parts[--c->n_parts]);
	json_decref(c->body);
	json_decref(c->query);
}

struct MHD_Daemon *
listen_on(struct sim *s, int64_t port, bool storage)
{
	static const struct service services[2] = {
		{ .size = sizeof(struct call), .body_max = 8u << 20,
		    .opened = call_open, .finished = call_finish,
		    .closed = call_close },
		{ .size = sizeof(struct call), .body_max = 8u << 20,
		    .opened = file_open, .finished = call_finish,
		    .closed = call_close } };

	return service_start(&services[storage], s, &s->lock, 0, port);
}
