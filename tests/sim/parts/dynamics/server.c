/*
 * server.c - routing, and the transport with its cuts and waits.  A second
 * port counts who comes there: nobody has been invited.
 */
#include <stdlib.h>
#include <unistd.h>

#include "sim.h"

static struct MHD_Daemon *daemons[2];

/* ---- the clock */
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

/* ---- logs */
static void
exchange_log(struct sim *s, const struct request *r, const struct reply *out)
{
	char now[40];
	json_t *line = json_pack("{s:s, s:s, s:s, s:b, s:i, s:s?, s:s?, s:s?, "
	    "s:s?, s:s?, s:s?}", "now",
	    sim_time_text(s->now, "Z", now, sizeof(now)), "method", r->in.method,
	    "uri", r->in.uri, "inner", r->inner, "status",
	    out->cut ? 0 : (int)out->status, "prefer", r->h.prefer, "if_match",
	    r->h.if_match, "if_none_match", r->h.if_none, "content_type",
	    r->h.type, "accept", r->h.accept, "odata_version", r->h.version);
	if (line == NULL)
		return;
	/* A secret has no place in a file. */
	if (r->on != ON_TOKEN && r->in.body != NULL)
		json_object_set_new(line, "body",
		    json_stringn(r->in.body, r->in.len));
	line_add(s->exchanges, line, false);
	json_decref(line);
}

void
request_log(struct sim *s, const struct request *r, const struct reply *out)
{
	char key[16], now[40];
	const unsigned status = out->cut ? 0 : out->status;
	const size_t len = strlen(r->in.uri);
	char *uri = need(malloc(len + 1));
	struct text line = { 0 };
	snprintf(key, sizeof(key), "%u", status);
	count_up(s->by_status, key);
	if (!url_decode_to(r->in.uri, len, false, uri))
		memcpy(uri, r->in.uri, len + 1);
	for (char *at = uri; *at != '\0'; at++)
		if ((unsigned char)*at < ' ')
			*at = '?';
	text_fmt(&line, "%lld %s %s%s %s %u\n",
	    (long long)(clock_ms() - s->started_ms),
	    sim_time_text(s->now, "Z", now, sizeof(now)),
	    r->inner ? "$batch:" : "", r->in.method, uri, status);
	if (write(s->log, line.s, line.len) != (ssize_t)line.len)
		die("requests.log");
	free(line.s);
	free(uri);
	if (s->exchanges >= 0)
		exchange_log(s, r, out);
}

/* ---- limits */
static bool
over_rate(struct sim *s, int64_t ms)
{
	const size_t n = (size_t)s->opt.rate;
	if (n == 0)
		return false;
	if (s->taken == NULL)
		s->taken = need(calloc(n, sizeof(*s->taken)));
	int64_t *oldest = &s->taken[s->n_taken % n];
	if (s->n_taken >= n && *oldest > ms - 1000 * s->opt.window_s)
		return true;
	*oldest = ms;
	s->n_taken++;
	return false;
}

/* Whoever comes within a Retry-After waits anew. */
static bool
limited(struct sim *s, struct reply *out)
{
	const int64_t ms = clock_ms();
	const bool early = ms < s->quiet_until_ms;
	s->too_early += early;
	if (!early && !over_rate(s, ms))
		return false;
	reply_error(out, 429, "0x80072322", "Number of requests exceeded the "
	    "limit of %lld over time window of %lld seconds.",
	    (long long)s->opt.rate, (long long)s->opt.window_s);
	out->retry_after = early ? 1 + (s->quiet_until_ms - ms) / 1000 : 1;
	s->quiet_until_ms = ms + 1000 * out->retry_after;
	return true;
}

/* ---- one request */
static void
request_serve(struct sim *s, struct request *r, struct reply *out)
{
	handler_fn *control = control_find(r->in.method, r->path);
	out->retry_after = -1;
	if (r->in.too_big)
		reply_error(out, 413, "", "Too large");
	else if (control != NULL)
		control(s, r, out);
	else if ((int64_t)strlen(r->in.uri) > s->opt.url_max)
		reply_error(out, 414, "", "The request URI is too long");
	else if (strstr(r->path, "/oauth2/") != NULL &&
	    strcmp(r->in.method, "POST") == 0)
		on_token(s, r, out);
	else if (!starts(r->path, s->opt.prefix))
		reply_error(out, 404, "", "There is nothing here");
	else if (!limited(s, out))
		on_data(s, r, out);
}

static enum MHD_Result
header_take(void *cls, enum MHD_ValueKind kind, const char *name,
    const char *value)
{
	(void)kind;
	struct headers *h = cls;
	static const char *const names[] = { "Authorization", "Prefer",
		"If-Match", "If-None-Match", "Content-Type", "Accept",
		"OData-Version", "Host" };
	const char **to[] = { &h->authorization, &h->prefer, &h->if_match,
		&h->if_none, &h->type, &h->accept, &h->version, &h->host };
	for (size_t i = 0; i < LEN(names); i++)
		if (same_fold(name, names[i]))
			*to[i] = value;
	return MHD_YES;
}

static void
request_split(struct request *r)
{
	const size_t len = strcspn(r->in.uri, "?");
	r->path = pool_text(&r->pool, r->in.uri, len);
	r->query = r->in.uri[len] == '?' ? r->in.uri + len + 1 : NULL;
	MHD_get_connection_values(r->in.con, MHD_HEADER_KIND, header_take, &r->h);
}

static enum MHD_Result
reply_send(const struct request *r, struct reply *out, int64_t now)
{
	const char *type = out->type[0] != '\0' ? out->type
	    : out->raw == NULL && out->json == NULL ? NULL
	    : "application/json; odata.metadata=minimal";
	struct MHD_Response *res = response_make(out->raw, out->raw_len,
	    out->json, out->missing);
	response_header(res, "Content-Type", type);
	response_header(res, "OData-Version", "4.0");
	response_header(res, "OData-EntityId", out->entity);
	response_header(res, "Preference-Applied", out->preference);
	response_header(res, "ETag", out->etag);
	response_header(res, "WWW-Authenticate", out->challenge);
	response_date(res, now);
	response_header(res, "x-ms-ratelimit-burst-remaining-xrm-requests",
	    "5999");
	response_header(res, "x-ms-ratelimit-time-remaining-xrm-requests",
	    "1,199.97");
	response_number(res, "Retry-After", out->retry_after);
	return response_send(&r->in, out->status, res);
}

static enum MHD_Result
request_finish(void *sim, void *request)
{
	struct sim *s = sim;
	struct request *r = request;
	struct reply out = { 0 };
	request_split(r);
	pthread_mutex_lock(&s->lock);
	s->now = now_read(s);
	s->requests++;
	request_serve(s, r, &out);
	const int64_t now = s->now;
	if (!starts(r->path, "/sim/"))
		request_log(s, r, &out);
	pthread_mutex_unlock(&s->lock);
	if (fault_is(r, "slow"))
		sleep((unsigned)r->fault.seconds);
	return out.cut ? response_cut(out.raw, out.json)
		       : reply_send(r, &out, now);
}

static void
request_close(void *request)
{
	struct request *r = request;
	pool_free(&r->pool);
}

/* The other port. */
static bool
on_stray(void *sim, void *request)
{
	struct sim *s = sim;
	s->strayed++;
	s->strayed_bearer += header_of(request, "Authorization") != NULL;
	return false;
}

void
listen_on(struct sim *s)
{
	static const struct service service = { .size = sizeof(struct request),
		.body_max = 16u << 20, .own_date = true,
		.finished = request_finish, .closed = request_close };
	static const struct service stray = { .size = sizeof(struct incoming),
		.begun = on_stray };
	daemons[0] = service_start(&service, s, &s->lock, 0, s->opt.port);
	daemons[1] = service_start(&stray, s, &s->lock, 0, 0);
	s->port = service_port(daemons[0]);
	s->decoy = service_port(daemons[1]);
	snprintf(s->base, sizeof(s->base), "http://127.0.0.1:%d", s->port);
}

void
listen_end(void)
{
	MHD_stop_daemon(daemons[0]);
	MHD_stop_daemon(daemons[1]);
}
