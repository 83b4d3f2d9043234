/*
 * server.c - routing, and the transport with its cuts and waits.
 */
#include <stdlib.h>
#include <unistd.h>
#include <zlib.h>

#include "sim.h"

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

	if (strcmp(t->method, r->in.method) != 0)
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

	return strcmp(r->in.method, "GET") == 0 && len > 18 &&
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

/* One object a line.  Bodies on wish; the token endpoint's never. */
static void
request_log(struct sim *s, const struct request *r, unsigned status)
{
	char key[16];
	json_t *body = NULL;

	snprintf(key, sizeof(key), "%u", status);
	count_up(s->by_status, key);
	if (s->opt.bodies && r->ep != EP_TOKEN)
		body = body_json(&r->in);
	json_t *line = json_pack("{s:I, s:o, s:s, s:s, s:s, s:I, s:s*, s:o*}",
	    "ms", (json_int_t)(clock_ms() - s->started_ms), "at",
	    time_json(s->now), "on", endpoint_names[r->ep], "method", r->in.method,
	    "uri", r->in.uri, "status", (json_int_t)status, "q", r->q, "body",
	    body);
	log_add(s->log, line);
}

/* ---- one request ------------------------------------------------------------------------ */
/* At the headers: the fault this request will meet. */
static bool
request_begin(void *sim, void *request)
{
	struct sim *s = sim;
	struct request *r = request;
	s->now = now_read(s);
	route_find(r);
	if (r->ep == EP_SIM)
		return true;
	const char *query = strchr(r->in.uri, '?');
	r->q = query == NULL ? NULL : url_param(query + 1, "q");
	pending_apply(s, r->ep == EP_QUERY);
	s->requests++;
	count_up(s->by_endpoint, endpoint_names[r->ep]);
	s->too_early += clock_ms() < s->quiet_until_ms;
	r->too_long = (int64_t)strlen(r->in.uri) > s->opt.uri_max;
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
	const char *host = header_of(&r->in, "Host");

	return s->opt.instance_host != NULL && r->version[0] != '\0' &&
	       (host == NULL || strcmp(host, s->host) != 0);
}

/* true: *out says why it goes no further. */
static bool
stopped(struct sim *s, struct request *r, struct reply *out)
{
	const bool open = r->ep == EP_TOKEN || r->version[0] == '\0';

	if (r->in.too_big) {
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
	const char *type = header_of(&r->in, "Content-Type");

	return r->version[0] == '\0' || r->in.len == 0 ||
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
/* The text of the answer, packed; NULL: it stays as it is. */
static char *
zip(const char *text, size_t len, size_t *packed_len)
{
	z_stream z = { 0 };

	if (deflateInit2(&z, 1, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY) != Z_OK)
		return NULL;
	const size_t room = deflateBound(&z, len);
	char *packed = need(malloc(room));
	z.next_in = (unsigned char *)(uintptr_t)text;
	z.avail_in = (unsigned)len;
	z.next_out = (unsigned char *)packed;
	z.avail_out = (unsigned)room;
	const bool good = deflate(&z, Z_FINISH) == Z_STREAM_END;
	*packed_len = room - z.avail_out;
	(void)deflateEnd(&z);
	if (!good) {
		free(packed);
		return NULL;
	}
	return packed;
}

static bool
zip_wanted(const struct sim *s, const struct request *r, size_t len,
    const struct reply *out)
{
	const char *takes = header_of(&r->in, "Accept-Encoding");

	return !s->opt.plain && out->missing == 0 && len >= ZIP_FROM &&
	       takes != NULL && strstr(takes, "gzip") != NULL;
}

static struct MHD_Response *
answer_make(const struct sim *s, const struct request *r, struct reply *out)
{
	char *text = out->raw, *packed = NULL;
	size_t len = 0;

	if (text == NULL && out->json != NULL)
		text = need(json_dumps(out->json, JSON_COMPACT));
	if (text != NULL && zip_wanted(s, r, strlen(text), out))
		packed = zip(text, strlen(text), &len);
	struct MHD_Response *res = response_make(
	    packed == NULL ? text : packed, len, out->json, out->missing);
	if (packed == NULL)
		return res;
	free(text);
	response_header(res, "Content-Encoding", "gzip");
	return res;
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
reply_send(const struct sim *s, const struct request *r, struct reply *out)
{
	const bool located = out->locator[0] != '\0';
	struct MHD_Response *res = answer_make(s, r, out);

	if (out->status != 204)
		response_header(res, "Content-Type", out->type == NULL
		    ? "application/json;charset=UTF-8" : out->type);
	response_number(res, "Retry-After", out->retry_after);
	response_header(res, "Sforce-Locator", located ? out->locator : NULL);
	response_header(res, "Sforce-NumberOfRecords",
	    located ? out->rows : NULL);
	response_date(res, s->now);
	if (out->limit)
		limit_add(s, res);
	return response_send(&r->in, out->status, res);
}

static enum MHD_Result
request_finish(void *sim, void *request)
{
	struct sim *s = sim;
	struct request *r = request;
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
	return out.cut ? response_cut(out.raw, out.json)
		       : reply_send(s, r, &out);
}

static void
request_open(void *sim, void *request)
{
	struct request *r = request;

	(void)sim;
	r->path = need(strndup(r->in.uri, strcspn(r->in.uri, "?")));
}

static void
request_close(void *request)
{
	struct request *r = request;

	free(r->path);
	free(r->q);
}

/* The clock of the answers is ours. */
static const struct service service = { .size = sizeof(struct request),
	.body_max = 8u << 20, .own_date = true, .opened = request_open,
	.begun = request_begin, .finished = request_finish,
	.closed = request_close };

struct MHD_Daemon *
listen_on(struct sim *s)
{
	struct MHD_Daemon *d = service_start(&service, s, &s->lock, 0, s->opt.port);

	s->port = service_port(d);
	snprintf(s->host, sizeof(s->host), "%.40s:%d",
	    s->opt.instance_host == NULL ? "127.0.0.1" : s->opt.instance_host,
	    s->port);
	snprintf(s->url, sizeof(s->url), "http://%s", s->host);
	return d;
}
