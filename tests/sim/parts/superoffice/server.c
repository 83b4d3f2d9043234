/*
 * server.c - routing, and the transport with its cuts and waits.
 */
#include <netinet/in.h>
#include <stdlib.h>
#include <strings.h>
#include <unistd.h>

#include "sim.h"

#define BODY_MAX (8u << 20)

static const struct route routes[] = {
	{ "GET", "/api/state/{}", EP_STATE, on_state },
	{ "POST", "/Login/api/PartnerSystemUser/Authenticate", EP_LOGIN,
	    on_login },
	{ "POST", "/login/common/oauth/tokens", EP_TOKEN, on_token },
	{ "GET", "/login/.well-known/jwks", EP_TOKEN, on_jwks },
	{ "GET", "/login/.well-known/openid-configuration", EP_TOKEN,
	    on_openid },
	{ "POST", "/sim/now", EP_SIM, sim_now },
	{ "POST", "/sim/record", EP_SIM, sim_record },
	{ "POST", "/sim/update", EP_SIM, sim_update },
	{ "POST", "/sim/delete", EP_SIM, sim_delete },
	{ "POST", "/sim/rows", EP_SIM, sim_rows },
	{ "POST", "/sim/column", EP_SIM, sim_column },
	{ "POST", "/sim/state", EP_SIM, sim_state },
	{ "POST", "/sim/expire", EP_SIM, sim_expire },
	{ "POST", "/sim/fault", EP_SIM, sim_fault },
	{ "POST", "/sim/mutate", EP_SIM, sim_mutate },
	{ "GET", "/sim/ledger", EP_SIM, sim_ledger },
	{ "GET", "/sim/stats", EP_SIM, sim_stats },
	{ NULL, NULL, EP_NONE, NULL },
};
/* Behind the tenant's api/v1, and with a ticket. */
static const struct route data_routes[] = {
	{ "GET", "", EP_OTHER, on_root },
	{ "GET", "/Appointment", EP_ARCHIVE, on_entity_list },
	{ "GET", "/Sale", EP_ARCHIVE, on_entity_list },
	{ "GET", "/Ticket", EP_ARCHIVE, on_entity_list },
	{ "GET", "/Person", EP_ARCHIVE, on_entity_list },
	{ "GET", "/Contact", EP_ARCHIVE, on_entity_list },
	{ "GET", "/Archive", EP_OTHER, on_providers },
	{ "GET", "/Archive/{}", EP_ARCHIVE, on_archive },
	{ "POST", "/Archive/{}", EP_ARCHIVE, on_archive },
	{ "GET", "/Archive/{}/$metadata", EP_OTHER, on_metadata },
	{ "POST", "/Appointment", EP_CREATE, on_appointment_add },
	{ "GET", "/Person/CustomField", EP_OTHER, on_udef },
	{ "GET", "/Person/UdefLayout/Published", EP_OTHER, on_udef },
	{ "GET", "/Person/{}", EP_ENTITY, on_entity },
	{ "PATCH", "/Person/{}", EP_PATCH, on_patch },
	{ "GET", "/Person/{}/Appointments", EP_ARCHIVE, on_person_list },
	{ "GET", "/Person/{}/Activities", EP_ARCHIVE, on_person_list },
	{ "GET", "/Person/{}/Consent", EP_CONSENT, on_consents },
	{ "GET", "/Person/{}/Consent/{}", EP_CONSENT, on_consent },
	{ "PUT", "/Person/{}/Consent/{}", EP_CONSENT, on_consent },
	{ "DELETE", "/Person/{}/Consent/{}", EP_CONSENT, on_consent },
	{ "GET", "/Appointment/{}", EP_ENTITY, on_entity },
	{ "GET", "/Sale/{}", EP_ENTITY, on_entity },
	{ "GET", "/Ticket/{}", EP_ENTITY, on_entity },
	{ "GET", "/Contact/{}", EP_ENTITY, on_entity },
	{ "POST", "/Agents/Appointment/GetAppointmentList", EP_ENTITY,
	    on_appointment_list },
	{ "POST", "/Agents/Person/UpdateInterests", EP_INTERESTS,
	    on_interests },
	{ "GET", "/MDOList/{}", EP_LIST, on_mdo_list },
	{ "GET", "/List", EP_LIST, on_lists },
	{ "GET", "/List/{}/Items", EP_LIST, on_items },
	{ "POST", "/List/{}/Items", EP_ITEM, on_item_add },
	{ NULL, NULL, EP_NONE, NULL },
};

/* ---- routing ------------------------------------------------------------------- */
static bool
path_fits(const char *pattern, const char *path, struct request *r)
{
	size_t part = 0;

	while (*pattern != '\0' && *path != '\0') {
		if (strncmp(pattern, "{}", 2) == 0) {
			const size_t len = strcspn(path, "/");
			if (len == 0 || len >= sizeof(r->part[0]))
				return false;
			snprintf(r->part[part], sizeof(r->part[0]), "%.*s",
			    (int)len, path);
			part++;
			path += len;
			pattern += 2;
		} else if (*pattern++ != *path++) {
			return false;
		}
	}
	return *pattern == '\0' && *path == '\0';
}

/* "/Cust12345/api/v1/Sale" is "/Sale" of the data. */
static void
tenant_cut(const struct sim *s, struct request *r)
{
	char base[200];

	snprintf(base, sizeof(base), "/%s/api",
	    s->opt.onsite ? s->opt.site : s->opt.context);
	const size_t len = strlen(base);
	if (strncasecmp(r->path, base, len) != 0 ||
	    (r->path[len] != '\0' && r->path[len] != '/'))
		return;
	const char *rest = r->path + len;
	if (strncmp(rest, "/v1", 3) == 0)
		rest += 3;
	r->data = true;
	memmove(r->path, rest, strlen(rest) + 1);
	if (strcmp(r->path, "/") == 0)
		*r->path = '\0';
}

/* A path that another verb has: EP_OTHER without a handler. */
static bool
route_find(const struct sim *s, struct request *r)
{
	tenant_cut(s, r);
	bool known = false;
	for (const struct route *t = r->data ? data_routes : routes;
	     r->route == NULL && t->path != NULL; t++) {
		if (!path_fits(t->path, r->path, r))
			continue;
		known = true;
		if (strcmp(t->method, r->method) == 0)
			r->route = t;
	}
	r->ep = r->route == NULL ? EP_NONE : r->route->ep;
	return known;
}

static bool
is_form(const struct request *r)
{
	return r->ep == EP_TOKEN ||
	       (r->ep == EP_ARCHIVE && strcmp(r->method, "POST") == 0);
}

/* ---- the log ------------------------------------------------------------------- */
static enum MHD_Result
header_add(void *cls, enum MHD_ValueKind kind, const char *key,
    const char *value)
{
	(void)kind;
	json_object_set_new(cls, key, json_string(
	    strcasecmp(key, "Authorization") == 0 ||
	    strcasecmp(key, "SO-AppToken") == 0 ? "..." : value));
	return MHD_YES;
}

/* --record: the request as it came, but for secrets. */
static void
exchange_log(struct sim *s, const struct request *r, unsigned status)
{
	json_t *headers = json_object();

	(void)MHD_get_connection_values(r->con, MHD_HEADER_KIND, header_add,
	    headers);
	json_t *body = r->ep == EP_LOGIN || r->ep == EP_TOKEN ||
	    r->body.len == 0 ? NULL : json_stringn(r->body.s, r->body.len);
	json_t *line = json_pack("{s:s, s:s, s:s, s:o, s:o*, s:I}", "method",
	    r->method, "path", r->data ? "/api/v1" : "", "uri", r->uri,
	    "headers", headers, "body", body, "status", (json_int_t)status);
	char *text = line == NULL ? NULL : json_dumps(line, JSON_COMPACT);
	if (text != NULL && (write(s->record, text, strlen(text)) < 0 ||
	    write(s->record, "\n", 1) < 0))
		die("exchanges.jsonl");
	free(text);
	json_decref(line);
}

/* One object a line; what was asked in full, decoded; no body. */
static void
request_log(struct sim *s, const struct request *r, unsigned status)
{
	char key[16], at[40];

	snprintf(key, sizeof(key), "%u", status);
	count(s->by_status, key);
	json_t *line = json_pack("{s:I, s:s, s:s, s:s, s:s, s:O, s:I}", "ms",
	    (json_int_t)(clock_ms() - s->started_ms), "at",
	    sim_time_text(s->now, "Z", at, sizeof(at)), "on",
	    endpoint_names[r->ep], "method", r->method, "path", r->path,
	    "args", r->args, "status", (json_int_t)status);
	char *text = line == NULL ? dup_text("{\"unreadable\": true}")
				  : need(json_dumps(line, JSON_COMPACT));
	const size_t len = strlen(text);
	text[len] = '\n';
	if (write(s->log, text, len + 1) != (ssize_t)len + 1)
		die("requests.log");
	free(text);
	json_decref(line);
	if (s->opt.record)
		exchange_log(s, r, status);
}

/* ---- one request ----------------------------------------------------------------- */
static void
fault_early(struct sim *s, const struct request *r)
{
	if (fault_is(r, "expired") || fault_is(r, "recycle"))
		tickets_end(s);
	if (fault_is(r, "moved"))
		s->host = 1 - s->host;
}

static void
args_read(struct request *r)
{
	json_decref(r->args);
	r->args = form_read(is_form(r) ? r->body.s : r->query);
	if (r->args == NULL)
		r->args = json_object();
}

/* At the headers: the fault this request will meet. */
static bool
request_begin(struct sim *s, struct request *r)
{
	s->now = now_read(s);
	(void)route_find(s, r);
	args_read(r);
	if (r->ep == EP_SIM)
		return true;
	s->requests++;
	count(s->by_endpoint, endpoint_names[r->ep]);
	s->too_early += clock_ms() < s->quiet_until_ms;
	r->faulted = fault_take(s, r);
	fault_early(s, r);
	if (!fault_is(r, "cut_before") && !fault_is(r, "recycle"))
		return true;
	request_log(s, r, 0);
	return false;
}

/* Which of the hosts it was sent to: 1, 2, or 3 of the stranger. */
static int
host_of(const struct sim *s, const struct request *r)
{
	const char *host = header(r, "Host");

	for (int i = 0; host != NULL && i < 2; i++)
		if (strncmp(s->url[i] + 7, host, strlen(host)) == 0 &&
		    s->url[i][7 + strlen(host)] == '/')
			return i + 1;
	return LISTENERS;
}

static bool
too_many(struct sim *s, struct reply *out)
{
	const int64_t second = clock_ms() / 1000;

	if (s->second != second)
		s->in_second = 0;
	s->second = second;
	if (s->opt.rate == 0 || ++s->in_second <= s->opt.rate)
		return false;
	reply_error(out, 429, "SoException", "Too many requests");
	out->retry_after = 1;
	return true;
}

static bool
type_good(const struct request *r, struct reply *out)
{
	const char *type = header(r, "Content-Type");
	const char *want = is_form(r) ? "application/x-www-form-urlencoded"
				      : "application/json";

	if (r->body.len == 0 || (type != NULL &&
	    (strncmp(type, want, strlen(want)) == 0 ||
	    (r->ep == EP_PATCH && strstr(type, "patch+json") != NULL))))
		return true;
	reply_error(out, 415, "SoException", "Content-Type");
	return false;
}

/* true: *out says why it goes no further. */
static bool
stopped(struct sim *s, struct request *r, struct reply *out)
{
	if (r->too_big) {
		reply_error(out, 413, "SoException", "Too large");
	} else if (r->data && !s->opt.onsite &&
	    host_of(s, r) != s->host + 1) {
		s->strayed += host_of(s, r) == LISTENERS;
		reply_error(out, 421, "SoException",
		    "Wrong subdomain used to access tenant");
	} else if (r->data && !s->opt.onsite && !s->running) {
		reply_error(out, 503, "SoException", "Tenant is %s", s->state);
	} else if (r->data && *r->path != '\0' && !authorised(s, r, out)) {
		return true;
	} else if (r->route == NULL) {
		const bool known = route_find(s, r);
		reply_error(out, known ? 405 : 404, "SoNotFoundException",
		    "No such resource or method");
	} else {
		return !type_good(r, out) || too_many(s, out);
	}
	return true;
}

/* An error that says 200. */
static void
error_hide(struct sim *s, const struct request *r, struct reply *out)
{
	if (r->data && out->status >= 400 && mutant_is(s, MUT_ERROR_200))
		out->status = 200;
}

static void
request_serve(struct sim *s, struct request *r, struct reply *out)
{
	out->retry_after = -1;
	if (r->ep == EP_SIM) {
		r->route->handle(s, r, out);
		return;
	}
	contract_judge(s, r);
	if (!fault_replaces(r) && !stopped(s, r, out))
		r->route->handle(s, r, out);
	error_hide(s, r, out);
	if (r->faulted)
		fault_apply(s, r, out);
}

/* ---- the answer --------------------------------------------------------------------- */
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
	struct text body = { .s = out->raw };

	if (body.s == NULL && out->json != NULL)
		body.s = json_dumps(out->json, JSON_COMPACT | JSON_ENCODE_ANY);
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
	return MHD_create_response_from_buffer(body.len, body.s,
	    MHD_RESPMEM_MUST_FREE);
}

static enum MHD_Result
reply_send(struct sim *s, struct MHD_Connection *con, struct reply *out)
{
	char text[64];
	struct MHD_Response *res = response_make(out);

	if (out->status != 204 && out->status != 304)
		MHD_add_response_header(res, "Content-Type",
		    out->type == NULL ? "application/json; charset=utf-8"
				      : out->type);
	if (out->retry_after >= 0) {
		snprintf(text, sizeof(text), "%lld",
		    (long long)out->retry_after);
		MHD_add_response_header(res, "Retry-After", text);
	}
	if (*out->modified != '\0')
		MHD_add_response_header(res, "Last-Modified", out->modified);
	http_date_text(s->now, text, sizeof(text));
	MHD_add_response_header(res, "Date", text);
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
	args_read(r);
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

/* ---- the library's callbacks -------------------------------------------------------- */
static void *
request_open(void *cls, const char *uri, struct MHD_Connection *con)
{
	struct request *r = need(calloc(1, sizeof(*r)));
	const size_t len = strcspn(uri, "?");

	(void)cls;
	r->uri = dup_text(uri);
	r->path = url_decode(uri, len, false);
	if (r->path == NULL)
		r->path = dup_text("/undecodable");
	r->query = uri[len] == '?' ? dup_text(uri + len + 1) : NULL;
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
	json_decref(r->args);
	free(r->uri);
	free(r->path);
	free(r->query);
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

static struct MHD_Daemon *
listen_one(struct sim *s, unsigned host, int port)
{
	struct sockaddr_in addr = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK + host) };
	struct MHD_Daemon *d = MHD_start_daemon(MHD_USE_THREAD_PER_CONNECTION |
	    MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_POLL |
	    MHD_USE_SUPPRESS_DATE_NO_CLOCK, 0, NULL, NULL, on_request, s,
	    MHD_OPTION_SOCK_ADDR, &addr, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
	    (size_t)256 * 1024, MHD_OPTION_URI_LOG_CALLBACK, request_open, s,
	    MHD_OPTION_NOTIFY_COMPLETED, request_close, s, MHD_OPTION_END);

	if (d == NULL)
		die("listen");
	return d;
}

/* Two ports stand for two numbers of the host; a stranger has an address of
 * its own. */
void
listen_on(struct sim *s, struct MHD_Daemon *d[static LISTENERS])
{
	for (int i = 0; i < 2; i++) {
		d[i] = listen_one(s, 0, i == 0 ? (int)s->opt.port : 0);
		const int port = MHD_get_daemon_info(d[i],
		    MHD_DAEMON_INFO_BIND_PORT)->port;
		if (i == 0)
			s->port = port;
		snprintf(s->url[i], sizeof(s->url[i]),
		    "http://127.0.0.1:%d/%.30s", port,
		    s->opt.onsite ? s->opt.site : s->opt.context);
	}
	d[2] = listen_one(s, 2, s->port);
}
