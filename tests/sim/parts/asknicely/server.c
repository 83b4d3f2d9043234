/*
 * server.c - the transport of both ports, with cuts and waits.
 */
#include <netinet/in.h>
#include <stdlib.h>
#include <unistd.h>

#include "sim.h"

#define BODY_MAX (8u << 20)

/* ---- one call ---------------------------------------------------------------- */

static void
path_split(struct call *c)
{
	const char *p = c->raw;
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
	c->query = *end == '?' ? form_read(end + 1, strlen(end + 1))
			       : json_object();
}

static void
body_read(struct call *c)
{
	const char *type = MHD_lookup_connection_value(c->con, MHD_HEADER_KIND,
	    "Content-Type");
	const bool form = type != NULL &&
	    strncmp(type, "application/x-www-form-urlencoded", 33) == 0;

	if (c->len == 0)
		return;
	c->body = form || c->on == ON_TRIGGER ? form_read(c->text, c->len)
	    : json_loadb(c->text, c->len, JSON_REJECT_DUPLICATES, NULL);
}

static void
call_log(struct sim *s, const struct call *c, const struct reply *out)
{
	const unsigned status = out->cut ? 0 : out->status;
	char key[16];

	snprintf(key, sizeof(key), "%u", status);
	count_up(s->by_status, key);
	count_up(s->by_on, on_names[c->on]);
	char *line = text_make("%lld %s %s %s%s %u\n",
	    (long long)(clock_ms() - s->started_ms), sim_time_iso(s->now),
	    c->method, c->storage ? "storage:" : "", c->raw, status);
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
		violation(s, "unknown_path", c->raw);
		reply_failed(out, 404, "Not found");
	}
}

/* ---- the answer -------------------------------------------------------------- */

struct part {
	char *text;
	size_t len;
};

/* Fewer bytes than were announced, then the end. */
static ssize_t
part_read(void *cls, uint64_t at, char *to, size_t max)
{
	const struct part *p = cls;

	if (at >= p->len)
		return MHD_CONTENT_READER_END_WITH_ERROR;
	const size_t n = p->len - (size_t)at < max ? p->len - (size_t)at : max;
	memcpy(to, p->text + at, n);
	return (ssize_t)n;
}

static void
part_free(void *cls)
{
	struct part *p = cls;

	free(p->text);
	free(p);
}

static struct MHD_Response *
response_make(struct reply *out)
{
	struct part *p = need(calloc(1, sizeof(*p)));

	p->text = out->raw;
	if (p->text == NULL && out->json != NULL)
		p->text = need(json_dumps(out->json, JSON_COMPACT));
	if (p->text == NULL)
		p->text = need(strdup(""));
	p->len = strlen(p->text);
	return MHD_create_response_from_callback(p->len + out->missing, 65536,
	    part_read, p, part_free);
}

static void
header_num(struct MHD_Response *res, const char *name, int64_t n)
{
	char text[24];

	snprintf(text, sizeof(text), "%lld", (long long)n);
	MHD_add_response_header(res, name, text);
}

static void
limits_add(const struct sim *s, const struct call *c, struct MHD_Response *res)
{
	static const char *const names[2][2] = {
		{ "RateLimit-Req10s-Limit", "RateLimit-Req10s-Remaining" },
		{ "RateLimit-Req60s-Limit", "RateLimit-Req60s-Remaining" } };
	int64_t most;

	for (int i = 0; i < 2; i++) {
		const int64_t left = limit_left(s, c, i, &most);
		header_num(res, names[i][0], most);
		header_num(res, names[i][1], left);
	}
}

static enum MHD_Result
answer_send(struct sim *s, const struct call *c, struct reply *out)
{
	struct MHD_Response *res = response_make(out);

	MHD_add_response_header(res, "Content-Type",
	    out->type == NULL ? "application/json" : out->type);
	if (out->location != NULL)
		MHD_add_response_header(res, "Location", out->location);
	if (out->retry_after >= 0)
		header_num(res, "Retry-After", out->retry_after);
	if (!c->storage && c->on != ON_SIM)
		limits_add(s, c, res);
	const enum MHD_Result sent = MHD_queue_response(c->con, out->status,
	    res);
	MHD_destroy_response(res);
	return sent;
}

static enum MHD_Result
call_finish(struct sim *s, struct call *c)
{
	struct reply out = { .retry_after = -1 };
	enum MHD_Result sent = MHD_NO;

	pthread_mutex_lock(&s->lock);
	s->now = now_read(s);
	call_route(c);
	body_read(c);
	call_serve(s, c, &out);
	if (c->on != ON_SIM) {
		call_log(s, c, &out);
		if (out.retry_after > 0)
			s->quiet_ms = 1000 * out.retry_after +
			    (s->opt.limits == LIMITS_NOW ? 1000 * s->now
				: clock_ms());
	}
	pthread_mutex_unlock(&s->lock);
	if (fault_is(c, "slow"))
		sleep((unsigned)c->fault.seconds);
	pthread_mutex_lock(&s->lock);
	if (!out.cut)
		sent = answer_send(s, c, &out);
	else
		free(out.raw);
	pthread_mutex_unlock(&s->lock);
	json_decref(out.json);
	free(out.location);
	return sent;
}

/* ---- the library's callbacks --------------------------------------------------- */

static void *
call_open(void *cls, const char *uri, struct MHD_Connection *con)
{
	struct call *c = need(calloc(1, sizeof(*c)));

	(void)cls;
	c->raw = need(strdup(uri));
	c->con = con;
	path_split(c);
	return c;
}

static void
call_close(void *cls, struct MHD_Connection *con, void **ctx,
    enum MHD_RequestTerminationCode why)
{
	struct call *c = *ctx;

	(void)cls, (void)con, (void)why;
	if (c == NULL)
		return;
	while (c->n_parts > 0)
		free(c->parts[--c->n_parts]);
	json_decref(c->body);
	json_decref(c->query);
	free(c->text);
	free(c->raw);
	free(c);
	*ctx = NULL;
}

static enum MHD_Result
call_take(void *cls, struct call *c, const char *method, const char *data,
    size_t *len)
{
	if (!c->started) {
		c->started = true;
		c->method = method;
		return MHD_YES;
	}
	if (*len == 0)
		return call_finish(cls, c);
	if (c->len + *len > BODY_MAX)
		return MHD_NO;
	c->text = need(realloc(c->text, c->len + *len));
	memcpy(c->text + c->len, data, *len);
	c->len += *len;
	*len = 0;
	return MHD_YES;
}

static enum MHD_Result
on_call(void *cls, struct MHD_Connection *con, const char *path,
    const char *method, const char *version, const char *data, size_t *len,
    void **ctx)
{
	(void)con, (void)path, (void)version;
	return call_take(cls, *ctx, method, data, len);
}

static enum MHD_Result
on_file(void *cls, struct MHD_Connection *con, const char *path,
    const char *method, const char *version, const char *data, size_t *len,
    void **ctx)
{
	struct call *c = *ctx;

	(void)con, (void)path, (void)version;
	c->storage = true;
	return call_take(cls, c, method, data, len);
}

struct MHD_Daemon *
listen_on(struct sim *s, int64_t port, bool storage)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct MHD_Daemon *d = MHD_start_daemon(MHD_USE_POLL |
	    MHD_USE_THREAD_PER_CONNECTION | MHD_USE_INTERNAL_POLLING_THREAD, 0,
	    NULL, NULL, storage ? on_file : on_call, s, MHD_OPTION_SOCK_ADDR,
	    &at, MHD_OPTION_URI_LOG_CALLBACK, call_open, s,
	    MHD_OPTION_NOTIFY_COMPLETED, call_close, s, MHD_OPTION_END);

	if (d == NULL)
		die("listen");
	return d;
}

int
port_of(struct MHD_Daemon *d)
{
	return MHD_get_daemon_info(d, MHD_DAEMON_INFO_BIND_PORT)->port;
}
