/*
 * server.c - routing, and the transport with its cuts and waits.  A second
 * port counts who comes there: nobody has been invited.
 */
#include <netinet/in.h>
#include <stdlib.h>
#include <unistd.h>

#include "sim.h"

#define BODY_MAX (16u << 20)

static struct MHD_Daemon *daemons[2];

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
	return sim_time_parse(line, &t) ? t : s->world_at;
}

void
now_set(struct sim *s, int64_t t)
{
	char line[40];
	file_write(s->now_file, sim_time_text(t, "Z", line, sizeof(line)));
	s->now = t;
}

/* ---- logs */
static void
count(json_t *in, const char *key)
{
	json_object_set_new(in, key, json_integer(
	    1 + json_integer_value(json_object_get(in, key))));
}

static void
exchange_log(struct sim *s, const struct request *r, const struct reply *out)
{
	char now[40];
	json_t *line = json_pack("{s:s, s:s, s:s, s:b, s:i, s:s?, s:s?, s:s?, "
	    "s:s?, s:s?, s:s?}", "now",
	    sim_time_text(s->now, "Z", now, sizeof(now)), "method", r->method,
	    "uri", r->raw, "inner", r->inner, "status",
	    out->cut ? 0 : (int)out->status, "prefer", r->h.prefer, "if_match",
	    r->h.if_match, "if_none_match", r->h.if_none, "content_type",
	    r->h.type, "accept", r->h.accept, "odata_version", r->h.version);
	if (line == NULL)
		return;
	/* A secret has no place in a file. */
	if (r->on != ON_TOKEN && r->body != NULL)
		json_object_set_new(line, "body",
		    json_stringn(r->body, r->len));
	char *text = json_text(line);
	const size_t len = strlen(text);
	text[len] = '\n';
	if (write(s->exchanges, text, len + 1) != (ssize_t)len + 1)
		die("exchanges.jsonl");
	free(text);
	json_decref(line);
}

void
request_log(struct sim *s, const struct request *r, const struct reply *out)
{
	char key[16], now[40];
	const unsigned status = out->cut ? 0 : out->status;
	const size_t len = strlen(r->raw);
	char *uri = need(malloc(len + 1));
	struct text line = { 0 };
	snprintf(key, sizeof(key), "%u", status);
	count(s->by_status, key);
	if (!url_decode(r->raw, len, uri))
		memcpy(uri, r->raw, len + 1);
	for (char *at = uri; *at != '\0'; at++)
		if ((unsigned char)*at < ' ')
			*at = '?';
	text_fmt(&line, "%lld %s %s%s %s %u\n",
	    (long long)(clock_ms() - s->started_ms),
	    sim_time_text(s->now, "Z", now, sizeof(now)),
	    r->inner ? "$batch:" : "", r->method, uri, status);
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
	handler_fn *control = control_find(r->method, r->path);
	out->retry_after = -1;
	if (r->too_big)
		reply_error(out, 413, "", "Too large");
	else if (control != NULL)
		control(s, r, out);
	else if ((int64_t)strlen(r->raw) > s->opt.url_max)
		reply_error(out, 414, "", "The request URI is too long");
	else if (strstr(r->path, "/oauth2/") != NULL &&
	    strcmp(r->method, "POST") == 0)
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
	const size_t len = strcspn(r->raw, "?");
	r->path = pool_text(&r->pool, r->raw, len);
	r->query = r->raw[len] == '?' ? r->raw + len + 1 : NULL;
	MHD_get_connection_values(r->con, MHD_HEADER_KIND, header_take, &r->h);
}

/* Fewer bytes than were announced, then the end. */
static ssize_t
short_read(void *cls, uint64_t at, char *to, size_t max)
{
	const struct text *body = cls;
	const size_t left = body->len - (size_t)at;
	if (left == 0)
		return MHD_CONTENT_READER_END_WITH_ERROR;
	if (max > left)
		max = left;
	memcpy(to, body->s + at, max);
	return (ssize_t)max;
}

static void
short_free(void *cls)
{
	struct text *body = cls;
	free(body->s);
	free(body);
}

static struct MHD_Response *
response_make(struct reply *out)
{
	char *body = out->raw;
	if (body == NULL && out->json != NULL)
		body = json_text(out->json);
	else if (out->type[0] == '\0' && body == NULL)
		snprintf(out->type, sizeof(out->type), "-");
	json_decref(out->json);
	if (body == NULL)
		body = dup_text("");
	const size_t len = out->raw_len > 0 ? out->raw_len : strlen(body);
	if (out->missing == 0)
		return MHD_create_response_from_buffer(
		    len, body, MHD_RESPMEM_MUST_FREE);
	struct text *part = need(calloc(1, sizeof(*part)));
	*part = (struct text){ .s = body, .len = len };
	return MHD_create_response_from_callback(
	    len + out->missing, 1024, short_read, part, short_free);
}

static void
header_add(struct MHD_Response *res, const char *name, const char *value)
{
	if (value != NULL)
		MHD_add_response_header(res, name, value);
}

static enum MHD_Result
reply_send(struct sim *s, struct MHD_Connection *con, struct reply *out,
    int64_t now)
{
	char text[64];
	struct MHD_Response *res = response_make(out);
	if (out->type[0] != '-')
		header_add(res, "Content-Type", out->type[0] != '\0' ? out->type
		    : "application/json; odata.metadata=minimal");
	header_add(res, "OData-Version", "4.0");
	header_add(res, "OData-EntityId", out->entity);
	header_add(res, "Preference-Applied", out->preference);
	header_add(res, "ETag", out->etag);
	header_add(res, "WWW-Authenticate", out->challenge);
	header_add(res, "Date", http_date(now, text, sizeof(text)));
	header_add(res, "x-ms-ratelimit-burst-remaining-xrm-requests", "5999");
	header_add(res, "x-ms-ratelimit-time-remaining-xrm-requests",
	    "1,199.97");
	if (out->retry_after >= 0) {
		snprintf(text, sizeof(text), "%lld",
		    (long long)out->retry_after);
		header_add(res, "Retry-After", text);
	}
	(void)s;
	const enum MHD_Result ok = MHD_queue_response(con, out->status, res);
	MHD_destroy_response(res);
	return ok;
}

static enum MHD_Result
request_finish(struct sim *s, struct MHD_Connection *con, struct request *r)
{
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
	if (out.cut) {
		reply_clear(&out);
		return MHD_NO;
	}
	return reply_send(s, con, &out, now);
}

static void *
request_open(void *cls, const char *uri, struct MHD_Connection *con)
{
	(void)cls;
	struct request *r = need(calloc(1, sizeof(*r)));
	r->raw = dup_text(uri);
	r->con = con;
	return r;
}

static void
request_close(void *cls, struct MHD_Connection *con, void **ctx,
    enum MHD_RequestTerminationCode why)
{
	(void)cls, (void)con, (void)why;
	struct request *r = *ctx;
	if (r == NULL)
		return;
	pool_free(&r->pool);
	free(r->raw);
	free(r->body);
	free(r);
	*ctx = NULL;
}

static enum MHD_Result
on_request(void *cls, struct MHD_Connection *con, const char *path,
    const char *method, const char *version, const char *data, size_t *len,
    void **ctx)
{
	(void)version, (void)path;
	struct sim *s = cls;
	struct request *r = *ctx;
	if (!r->started) {
		r->started = true;
		r->method = method;
		return MHD_YES;
	}
	if (*len == 0)
		return request_finish(s, con, r);
	if (r->len + *len > BODY_MAX) {
		r->too_big = true;
	} else {
		r->body = need(realloc(r->body, r->len + *len + 1));
		memcpy(r->body + r->len, data, *len);
		r->len += *len;
		r->body[r->len] = '\0';
	}
	*len = 0;
	return MHD_YES;
}

/* The other port. */
static enum MHD_Result
on_stray(void *cls, struct MHD_Connection *con, const char *path,
    const char *method, const char *version, const char *data, size_t *len,
    void **ctx)
{
	(void)path, (void)method, (void)version, (void)data, (void)ctx;
	struct sim *s = cls;
	*len = 0;
	pthread_mutex_lock(&s->lock);
	s->strayed++;
	s->strayed_bearer += MHD_lookup_connection_value(
	    con, MHD_HEADER_KIND, "Authorization") != NULL;
	pthread_mutex_unlock(&s->lock);
	return MHD_NO;
}

static struct MHD_Daemon *
listen_at(struct sim *s, int64_t port, bool stray)
{
	struct sockaddr_in addr = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	const unsigned flags = MHD_USE_THREAD_PER_CONNECTION |
	    MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_POLL |
	    MHD_USE_SUPPRESS_DATE_NO_CLOCK;
	struct MHD_Daemon *d = stray
	    ? MHD_start_daemon(flags, 0, NULL, NULL, on_stray, s,
		  MHD_OPTION_SOCK_ADDR, &addr, MHD_OPTION_END)
	    : MHD_start_daemon(flags, 0, NULL, NULL, on_request, s,
		  MHD_OPTION_SOCK_ADDR, &addr, MHD_OPTION_URI_LOG_CALLBACK,
		  request_open, s, MHD_OPTION_NOTIFY_COMPLETED, request_close, s,
		  MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)262144,
		  MHD_OPTION_END);
	if (d == NULL)
		die("listen");
	return d;
}

void
listen_on(struct sim *s)
{
	daemons[0] = listen_at(s, s->opt.port, false);
	daemons[1] = listen_at(s, 0, true);
	s->port = MHD_get_daemon_info(daemons[0],
	    MHD_DAEMON_INFO_BIND_PORT)->port;
	s->decoy = MHD_get_daemon_info(daemons[1],
	    MHD_DAEMON_INFO_BIND_PORT)->port;
	snprintf(s->base, sizeof(s->base), "http://127.0.0.1:%d", s->port);
}

void
listen_end(void)
{
	MHD_stop_daemon(daemons[0]);
	MHD_stop_daemon(daemons[1]);
}
