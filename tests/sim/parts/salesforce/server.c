/*
 * server.c - routing, and the transport with its cuts and waits.
 */
#include <netinet/in.h>
#include <stdlib.h>
#include <unistd.h>
#include <zlib.h>

#include "sim.h"

#define BODY_MAX (8u << 20)
#define ZIP_FROM 1024
#define DATA "/services/data"

static const struct route routes[] = {
	{ "POST", "/services/oauth2/token", EP_TOKEN, on_token },
	{ "GET", "/services/oauth2/userinfo", EP_OTHER, on_identity },
	{ "GET", DATA, EP_OTHER, on_versions },
	{ "POST", "/sim/now", EP_SIM, sim_now },
	{ "POST", "/sim/record", EP_SIM, sim_record },
	{ "GET", "/sim/record", EP_SIM, sim_get },
	{ "POST", "/sim/touch", EP_SIM, sim_touch },
	{ "POST", "/sim/merge", EP_SIM, sim_merge },
	{ "POST", "/sim/schema", EP_SIM, sim_schema },
	{ "POST", "/sim/limit", EP_SIM, sim_limit },
	{ "POST", "/sim/fault", EP_SIM, sim_fault },
	{ "POST", "/sim/mutate", EP_SIM, sim_mutate },
	{ "POST", "/sim/expire", EP_SIM, sim_expire },
	{ "GET", "/sim/ledger", EP_SIM, sim_ledger },
	{ "GET", "/sim/stats", EP_SIM, sim_stats },
	{ NULL, NULL, EP_NONE, NULL },
};
/* Behind /services/data/vNN.0, and with a token. */
static const struct route data_routes[] = {
	{ "GET", "/query", EP_QUERY, on_query },
	{ "GET", "/queryAll", EP_QUERY, on_query },
	{ "GET", "/query/*", EP_NEXT, on_next },
	{ "GET", "/queryAll/*", EP_NEXT, on_next },
	{ "GET", "/sobjects", EP_DESCRIBE, on_sobjects },
	{ "GET", "/sobjects/*", EP_RECORD, on_record },
	{ "POST", "/sobjects/*", EP_RECORD, on_record },
	{ "PATCH", "/sobjects/*", EP_RECORD, on_record },
	{ "DELETE", "/sobjects/*", EP_RECORD, on_record },
	{ "PATCH", "/composite/sobjects", EP_COLLECTION, on_collection },
	{ "POST", "/composite/sobjects", EP_COLLECTION, on_collection },
	{ "PATCH", "/composite/sobjects/*", EP_COLLECTION, on_collection },
	{ "POST", "/composite", EP_COMPOSITE, on_composite },
	{ "POST", "/chatter/feed-elements", EP_CHATTER, on_chatter },
	{ "GET", "/chatter/users/me", EP_CHATTER, on_chatter_me },
	{ "POST", "/tooling/sobjects/CustomField", EP_TOOLING, on_tooling },
	{ "POST", "/jobs/query", EP_BULK, on_bulk },
	{ "GET", "/jobs/query/*", EP_BULK, on_bulk },
	{ "PATCH", "/jobs/query/*", EP_BULK, on_bulk },
	{ "DELETE", "/jobs/query/*", EP_BULK, on_bulk },
	{ "GET", "/limits", EP_OTHER, on_limits },
	{ NULL, NULL, EP_NONE, NULL },
};
static const struct route describe_route = { "GET", "", EP_DESCRIBE,
	on_describe };

/* ---- routing ------------------------------------------------------------------------- */
static bool
route_fits(const struct route *t, const struct request *r)
{
	const size_t len = strlen(t->path);

	if (strcmp(t->method, r->method) != 0)
		return false;
	return t->path[len - 1] == '*'
		   ? strncmp(t->path, r->path, len - 1) == 0 &&
			 r->path[len - 1] != '\0'
		   : strcmp(t->path, r->path) == 0;
}

/* "/services/data/v62.0/query" is "/query" of the version v62.0. */
static bool
version_cut(struct request *r)
{
	int64_t n;
	char digits[4];
	const char *p = r->path + strlen(DATA) + 2;

	if (strncmp(r->path, DATA "/v", strlen(DATA) + 2) != 0)
		return false;
	snprintf(digits, sizeof(digits), "%.2s", p);
	if (!sim_num(digits, &n) || n < 46 || n > 68 ||
	    strncmp(p + 2, ".0", 2) != 0 || (p[4] != '/' && p[4] != '\0'))
		return false;
	snprintf(r->version, sizeof(r->version), "v%s.0", digits);
	memmove(r->path, p + 4, strlen(p + 4) + 1);
	return true;
}

static bool
is_describe(const struct request *r)
{
	const size_t len = strlen(r->path);

	return strcmp(r->method, "GET") == 0 && len > 18 &&
	       strncmp(r->path, "/sobjects/", 10) == 0 &&
	       strcmp(r->path + len - 9, "/describe") == 0;
}

void
route_find(struct request *r)
{
	const bool data = version_cut(r);
	const struct route *t = data ? data_routes : routes;

	if (data && is_describe(r))
		r->route = &describe_route;
	for (; r->route == NULL && t->path != NULL; t++)
		if (route_fits(t, r))
			r->route = t;
	r->ep = r->route == NULL ? EP_NONE : r->route->ep;
}

/* ---- the log --------------------------------------------------------------------------- */
static void
count(json_t *map, const char *key)
{
	json_object_set_new(map, key,
	    json_integer(1 + json_integer_value(json_object_get(map, key))));
}

/* One object a line.  Bodies on wish; the token endpoint's never. */
static void
request_log(struct sim *s, const struct request *r, unsigned status)
{
	char key[16];
	json_t *body = NULL;

	snprintf(key, sizeof(key), "%u", status);
	count(s->by_status, key);
	if (s->opt.bodies && r->ep != EP_TOKEN)
		body = body_json(r);
	json_t *line = json_pack("{s:I, s:o, s:s, s:s, s:s, s:I, s:s*, s:o*}",
	    "ms", (json_int_t)(clock_ms() - s->started_ms), "at",
	    time_json(s->now), "on", endpoint_names[r->ep], "method", r->method,
	    "uri", r->uri, "status", (json_int_t)status, "q", r->q, "body",
	    body);
	char *text = line == NULL ? dup_text("{\"unreadable\": true}")
				  : need(json_dumps(line, JSON_COMPACT));
	const size_t len = strlen(text);
	text[len] = '\n';
	if (write(s->log, text, len + 1) != (ssize_t)len + 1)
		die("requests.log");
	free(text);
	json_decref(line);
}

/* ---- one request ------------------------------------------------------------------------ */
/* At the headers: the fault this request will meet. */
static bool
request_begin(struct sim *s, struct request *r)
{
	s->now = now_read(s);
	route_find(r);
	if (r->ep == EP_SIM)
		return true;
	const char *query = strchr(r->uri, '?');
	r->q = query == NULL ? NULL : url_param(query + 1, "q");
	pending_apply(s, r->ep == EP_QUERY);
	s->requests++;
	count(s->by_endpoint, endpoint_names[r->ep]);
	s->too_early += clock_ms() < s->quiet_until_ms;
	r->too_long = (int64_t)strlen(r->uri) > s->opt.uri_max;
	r->faulted = fault_take(s, r);
	if (fault_is(r, "expire"))
		tokens_end(s);
	if (!fault_is(r, "cut_before"))
		return true;
	request_log(s, r, 0);
	return false;
}

static bool
host_wrong(const struct sim *s, const struct request *r)
{
	const char *host = MHD_lookup_connection_value(
	    r->con, MHD_HEADER_KIND, "Host");

	return s->opt.instance_host != NULL && r->version[0] != '\0' &&
	       (host == NULL || strcmp(host, s->host) != 0);
}

/* true: *out says why it goes no further. */
static bool
stopped(struct sim *s, struct request *r, struct reply *out)
{
	const bool open = r->ep == EP_TOKEN || r->version[0] == '\0';

	if (r->too_big) {
		reply_error(out, 413, "REQUEST_TOO_LARGE", "Too large");
	} else if (r->too_long) {
		reply_json(out, 414, NULL);
	} else if (r->ep == EP_SIM) {
		if (sim_body_ok(r))
			return false;
		reply_error(out, 400, "JSON_PARSER_ERROR", "no object");
	} else if (host_wrong(s, r)) {
		reply_json(out, 404, NULL);
		out->type = "text/html";
		out->raw = dup_text("<html>URL No Longer Exists</html>");
	} else if (!open && !authorised(s, r)) {
		reply_error(out, 401, "INVALID_SESSION_ID",
		    "Session expired or invalid");
	} else if (!open && s->api_used >= s->opt.api_limit) {
		reply_error(out, 403, "REQUEST_LIMIT_EXCEEDED",
		    "TotalRequests Limit exceeded.");
	} else if (r->route == NULL) {
		reply_error(out, 404, "NOT_FOUND",
		    "The requested resource does not exist");
	} else {
		return false;
	}
	return true;
}

static bool
json_body(const struct request *r)
{
	const char *type = MHD_lookup_connection_value(
	    r->con, MHD_HEADER_KIND, "Content-Type");

	return r->version[0] == '\0' || r->body.len == 0 ||
	       (type != NULL && strncmp(type, "application/json", 16) == 0);
}

static void
request_serve(struct sim *s, struct request *r, struct reply *out)
{
	out->retry_after = -1;
	if (!fault_replaces(r)) {
		if (stopped(s, r, out))
			return;
		if (r->version[0] != '\0') {
			s->api_used++;
			out->limit = !mutant_is(s, MUT_LIMIT_GONE);
		}
		if (!json_body(r))
			reply_error(out, 415, "UNSUPPORTED_MEDIA_TYPE",
			    "Content-Type");
		else
			r->route->handle(s, r, out);
	}
	if (r->faulted)
		fault_apply(s, r, out);
}

/* ---- the answer --------------------------------------------------------------------------- */
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

static bool
zip(struct text *body)
{
	z_stream z = { 0 };

	if (deflateInit2(&z, 1, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY) != Z_OK)
		return false;
	const size_t room = deflateBound(&z, body->len);
	char *packed = need(malloc(room));
	z.next_in = (unsigned char *)body->s;
	z.avail_in = (unsigned)body->len;
	z.next_out = (unsigned char *)packed;
	z.avail_out = (unsigned)room;
	const bool good = deflate(&z, Z_FINISH) == Z_STREAM_END;
	free(body->s);
	*body = (struct text){ packed, room - z.avail_out };
	(void)deflateEnd(&z);
	return good;
}

static bool
zip_wanted(const struct sim *s, struct MHD_Connection *con,
    const struct text *body, const struct reply *out)
{
	const char *takes = MHD_lookup_connection_value(
	    con, MHD_HEADER_KIND, "Accept-Encoding");

	return !s->opt.plain && out->missing == 0 && body->len >= ZIP_FROM &&
	       takes != NULL && strstr(takes, "gzip") != NULL;
}

static struct MHD_Response *
response_make(
    const struct sim *s, struct MHD_Connection *con, struct reply *out)
{
	struct text body = { .s = out->raw };

	if (body.s == NULL && out->json != NULL)
		body.s = json_dumps(out->json, JSON_COMPACT);
	json_decref(out->json);
	if (body.s == NULL)
		body.s = dup_text("");
	body.len = strlen(body.s);
	if (out->missing > 0) {
		struct text *part = need(calloc(1, sizeof(*part)));
		*part = body;
		return MHD_create_response_from_callback(body.len +
			out->missing, 1024, short_read, part, short_free);
	}
	const bool zipped = zip_wanted(s, con, &body, out) && zip(&body);
	struct MHD_Response *res = MHD_create_response_from_buffer(
	    body.len, body.s, MHD_RESPMEM_MUST_FREE);
	if (zipped)
		MHD_add_response_header(res, "Content-Encoding", "gzip");
	return res;
}

static void
date_add(const struct sim *s, struct MHD_Response *res)
{
	static const char *const days[] = { "Thu", "Fri", "Sat", "Sun", "Mon",
		"Tue", "Wed" };
	static const char *const months[] = { "Jan", "Feb", "Mar", "Apr", "May",
		"Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
	char text[64];
	int y, m, d;
	const int64_t day = sim_floor_div(s->now, DAY_S);
	const int sec = (int)(s->now - day * DAY_S);

	sim_civil(day, &y, &m, &d);
	snprintf(text, sizeof(text), "%s, %02d %s %04d %02d:%02d:%02d GMT",
	    days[day % 7], d, months[m - 1], y, sec / 3600, sec / 60 % 60,
	    sec % 60);
	MHD_add_response_header(res, "Date", text);
}

static void
limit_add(const struct sim *s, struct MHD_Response *res)
{
	char api[64], app[80], text[200];
	const int mode = s->opt.limit_info;	/* both, api, app, none */

	snprintf(api, sizeof(api), "api-usage=%lld/%lld",
	    (long long)s->api_used, (long long)s->opt.api_limit);
	snprintf(app, sizeof(app),
	    "per-app-api-usage=%lld/250(appName=sample-app)",
	    (long long)s->api_used);
	snprintf(text, sizeof(text), "%s%s%s", mode == 2 ? "" : api,
	    mode == 0 ? "; " : "", mode == 1 ? "" : app);
	if (mode != 3)
		MHD_add_response_header(res, "Sforce-Limit-Info", text);
}

static enum MHD_Result
reply_send(struct sim *s, struct MHD_Connection *con, struct reply *out)
{
	char text[64];
	const bool limit = out->limit;
	struct MHD_Response *res = response_make(s, con, out);

	if (out->status != 204)
		MHD_add_response_header(res, "Content-Type",
		    out->type == NULL ? "application/json;charset=UTF-8"
				      : out->type);
	if (out->retry_after >= 0) {
		snprintf(
		    text, sizeof(text), "%lld", (long long)out->retry_after);
		MHD_add_response_header(res, "Retry-After", text);
	}
	if (out->locator[0] != '\0') {
		MHD_add_response_header(res, "Sforce-Locator", out->locator);
		MHD_add_response_header(
		    res, "Sforce-NumberOfRecords", out->rows);
	}
	date_add(s, res);
	if (limit)
		limit_add(s, res);
	const enum MHD_Result good = MHD_queue_response(con, out->status, res);
	MHD_destroy_response(res);
	return good;
}

static enum MHD_Result
request_finish(struct sim *s, struct MHD_Connection *con, struct request *r)
{
	struct reply out = { 0 };

	pthread_mutex_lock(&s->lock);
	s->now = now_read(s);
	request_serve(s, r, &out);
	if (r->ep != EP_SIM)
		request_log(s, r, out.cut ? 0 : out.status);
	if (out.retry_after > 0)
		s->quiet_until_ms = clock_ms() + 1000 * out.retry_after;
	pthread_mutex_unlock(&s->lock);
	if (fault_is(r, "slow"))
		sleep((unsigned)r->fault.seconds);
	if (out.cut) {
		json_decref(out.json);
		free(out.raw);
		return MHD_NO;
	}
	return reply_send(s, con, &out);
}

/* ---- the library's callbacks ----------------------------------------------------------------- */
static void *
request_open(void *cls, const char *uri, struct MHD_Connection *con)
{
	struct request *r = need(calloc(1, sizeof(*r)));

	(void)cls;
	r->uri = dup_text(uri);
	r->path = need(strndup(uri, strcspn(uri, "?")));
	r->con = con;
	return r;
}

static void
request_close(void *cls, struct MHD_Connection *con, void **ctx,
    enum MHD_RequestTerminationCode why)
{
	struct request *r = *ctx;

	(void)cls, (void)con, (void)why;
	if (r == NULL)
		return;
	free(r->uri);
	free(r->path);
	free(r->q);
	free(r->body.s);
	free(r);
	*ctx = NULL;
}

static void
body_add(struct request *r, const char *data, size_t len)
{
	if (r->body.len + len > BODY_MAX) {
		r->too_big = true;
		return;
	}
	r->body.s = need(realloc(r->body.s, r->body.len + len + 1));
	memcpy(r->body.s + r->body.len, data, len);
	r->body.len += len;
	r->body.s[r->body.len] = '\0';
}

static enum MHD_Result
on_request(void *cls, struct MHD_Connection *con, const char *path,
    const char *method, const char *version, const char *data, size_t *len,
    void **ctx)
{
	struct sim *s = cls;
	struct request *r = *ctx;

	(void)version, (void)path;
	if (!r->started) {
		r->started = true;
		r->method = method;
		pthread_mutex_lock(&s->lock);
		const bool go = request_begin(s, r);
		pthread_mutex_unlock(&s->lock);
		return go ? MHD_YES : MHD_NO;
	}
	if (*len == 0)
		return request_finish(s, con, r);
	body_add(r, data, *len);
	*len = 0;
	return MHD_YES;
}

/* The port is this server's alone.  The clock of the answers is ours. */
struct MHD_Daemon *
listen_on(struct sim *s)
{
	struct sockaddr_in addr = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)s->opt.port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct MHD_Daemon *d = MHD_start_daemon(
	    MHD_USE_THREAD_PER_CONNECTION | MHD_USE_INTERNAL_POLLING_THREAD |
		MHD_USE_POLL | MHD_USE_SUPPRESS_DATE_NO_CLOCK,
	    0, NULL, NULL, on_request, s, MHD_OPTION_SOCK_ADDR, &addr,
	    MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)256 * 1024,
	    MHD_OPTION_URI_LOG_CALLBACK, request_open, s,
	    MHD_OPTION_NOTIFY_COMPLETED, request_close, s, MHD_OPTION_END);

	if (d == NULL)
		die("listen");
	s->port = MHD_get_daemon_info(d, MHD_DAEMON_INFO_BIND_PORT)->port;
	snprintf(s->host, sizeof(s->host), "%.40s:%d",
	    s->opt.instance_host == NULL ? "127.0.0.1" : s->opt.instance_host,
	    s->port);
	snprintf(s->url, sizeof(s->url), "http://%s", s->host);
	return d;
}
