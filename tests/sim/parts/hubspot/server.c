/*
 * server.c - the transport: one call after the other, with cuts and waits.
 */
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sim.h"

/* ---- the clock ----------------------------------------------------------- */

int64_t
now_read(const struct sim *s)
{
	return clock_read(s->now_file, s->world_at);
}

void
now_set(struct sim *s, int64_t t)
{
	clock_write(s->now_file, t);
	s->now = t;
}

int64_t
now_ms(const struct sim *s)
{
	return 1000 * s->now;
}

/* ---- the log ------------------------------------------------------------- */

/* One object a line; bodies on wish. */
static void
call_log(struct sim *s, const struct call *c, const struct reply *out)
{
	static const char *const versions[] = { "legacy", "2026-03", "2026-09" };
	const unsigned status = out->cut ? 0 : out->status;
	const char *on = on_names[c->route == NULL ? ON_NONE : c->route->on];
	char key[16];

	snprintf(key, sizeof(key), "%u", status);
	count_up(s->by_status, key);
	count_up(s->by_on, on);
	json_t *line = json_pack("{s:I, s:s, s:s, s:s, s:s, s:s, s:I, s:O*}",
	    "ms", J(clock_ms() - s->started_ms), "now", sim_time_iso(s->now),
	    "on", on, "version", versions[c->version], "method", c->in.method,
	    "uri", c->in.uri, "status", J(status), "body",
	    s->opt.bodies ? c->body : NULL);
	log_add(s->log, line);
}

/* ---- one call ------------------------------------------------------------ */

static bool
body_read(struct sim *s, struct call *c, struct reply *out)
{
	const char *type = header_of(&c->in, "Content-Type");
	const bool writes = strcmp(c->in.method, "GET") != 0;

	if (writes && (type == NULL ||
	    strncmp(type, "application/json", 16) != 0)) {
		reply_error(s, out, 415, NULL, "Content-Type");
		return false;
	}
	if (writes)
		c->body = body_json(&c->in);
	if (!writes || json_is_object(c->body))
		return true;
	violation(s, "bad_json", c->path);
	reply_error(s, out, 400, "VALIDATION_ERROR", "Invalid input JSON");
	return false;
}

static void
call_serve(struct sim *s, struct call *c, struct reply *out)
{
	if (c->in.too_big)
		reply_error(s, out, 413, NULL, "Too large");
	else if ((int64_t)strlen(c->in.uri) > s->opt.url_max)
		reply_error(s, out, 414, NULL, "The address is too long");
	if (out->status != 0 || !route_find(s, c, out))
		return;
	if (c->route->on == ON_SIM) {
		if (body_read(s, c, out))
			c->route->handle(s, c, out);
		return;
	}
	s->requests++;
	c->faulted = fault_take(s, c);
	if (fault_replaces(s, c, out))
		return;
	fault_before(s, c);
	if (call_allowed(s, c, out) && !call_limited(s, c, out) &&
	    body_read(s, c, out)) {
		c->route->handle(s, c, out);
		fault_after(s, c, out);
	}
}

/* ---- the answer ---------------------------------------------------------- */

/* Search has none of these. */
static void
limits_add(const struct sim *s, struct MHD_Response *res)
{
	const int64_t daily = s->opt.daily > 0 ? s->opt.daily : 625000;

	response_number(res, "X-HubSpot-RateLimit-Daily", daily);
	response_number(res, "X-HubSpot-RateLimit-Daily-Remaining",
	    daily - s->used_today);
	response_number(res, "X-HubSpot-RateLimit-Interval-Milliseconds", 10000);
	response_number(res, "X-HubSpot-RateLimit-Max",
	    s->opt.rate > 0 ? s->opt.rate : 190);
	response_number(res, "X-HubSpot-RateLimit-Remaining", 100);
}

static enum MHD_Result
answer_send(const struct sim *s, const struct call *c, struct reply *out)
{
	struct MHD_Response *res = response_make(out->raw, 0, out->json,
	    out->missing);

	response_header(res, "Content-Type", out->type != NULL
	    ? out->type : "application/json;charset=utf-8");
	response_date(res, s->now);
	response_number(res, "Retry-After", out->retry_after);
	if (out->counted)
		limits_add(s, res);
	return response_send(&c->in, out->status, res);
}

/* An end that is no end: the peer gets a reset. */
static void
connection_reset(struct MHD_Connection *con)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(con,
	    MHD_CONNECTION_INFO_CONNECTION_FD);
	const struct sockaddr nobody = { .sa_family = AF_UNSPEC };

	if (info != NULL)
		(void)connect(info->connect_fd, &nobody, sizeof(nobody));
}

static enum MHD_Result
call_finish(void *sim, void *call)
{
	struct sim *s = sim;
	struct call *c = call;
	struct reply out = { .retry_after = -1 };

	pthread_mutex_lock(&s->lock);
	s->now = now_read(s);
	call_serve(s, c, &out);
	if (c->route == NULL || c->route->on != ON_SIM)
		call_log(s, c, &out);
	pthread_mutex_unlock(&s->lock);
	if (fault_is(c, "slow"))
		sleep((unsigned)c->fault.seconds);
	if (!out.cut)
		return answer_send(s, c, &out);
	if (out.reset)
		connection_reset(c->in.con);
	return response_cut(out.raw, out.json);
}

static void
call_open(void *sim, void *call)
{
	struct call *c = call;
	const size_t len = strcspn(c->in.uri, "?");

	(void)sim;
	c->path = need(strndup(c->in.uri, len));
	c->query = c->in.uri + len + (c->in.uri[len] == '?');
}

static void
call_close(void *call)
{
	struct call *c = call;

	while (c->n_args > 0)
		free(c->args[--c->n_args]);
	while (c->n_kept > 0)
		free(c->kept[--c->n_kept]);
	json_decref(c->body);
	free(c->path);
}

struct MHD_Daemon *
listen_on(struct sim *s)
{
	static const struct service service = { .size = sizeof(struct call),
		.body_max = 8u << 20, .own_date = true, .opened = call_open,
		.finished = call_finish, .closed = call_close };
	struct MHD_Daemon *d = service_start(&service, s, &s->lock, 0, s->opt.port);

	s->port = service_port(d);
	return d;
}
