/*
 * server.c - routing, and the transport with its cuts and waits.
 */
#include <stdlib.h>
#include <strings.h>
#include <unistd.h>

#include "sim.h"

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
		if (strcmp(t->method, r->in.method) == 0)
			r->route = t;
	}
	r->ep = r->route == NULL ? EP_NONE : r->route->ep;
	return known;
}

static bool
is_form(const struct request *r)
{
	return r->ep == EP_TOKEN ||
	       (r->ep == EP_ARCHIVE && strcmp(r->in.method, "POST") == 0);
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

	(void)MHD_get_connection_values(r->in.con, MHD_HEADER_KIND, header_add,
	    headers);
	json_t *body = r->ep == EP_LOGIN || r->ep == EP_TOKEN ||
	    r->in.len == 0 ? NULL : json_stringn(r->in.body, r->in.len);
	json_t *line = json_pack("{s:s, s:s, s:s, s:o, s:o*, s:I}", "method",
	    r->in.method, "path", r->data ? "/api/v1" : "", "uri", r->in.uri,
	    "headers", headers, "body", body, "status", (json_int_t)status);
	log_add(s->record, line);
}

/* One object a line; what was asked in full, decoded; no body. */
static void
request_log(struct sim *s, const struct request *r, unsigned status)
{
	char key[16], at[40];

	snprintf(key, sizeof(key), "%u", status);
	count_up(s->by_status, key);
	json_t *line = json_pack("{s:I, s:s, s:s, s:s, s:s, s:O, s:I}", "ms",
	    (json_int_t)(clock_ms() - s->started_ms), "at",
	    sim_time_text(s->now, "Z", at, sizeof(at)), "on",
	    endpoint_names[r->ep], "method", r->in.method, "path", r->path,
	    "args", r->args, "status", (json_int_t)status);
	log_add(s->log, line);
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
	r->args = form_read(is_form(r) ? r->in.body : r->query);
	if (r->args == NULL)
		r->args = json_object();
}

/* At the headers: the fault this request will meet. */
static bool
request_begin(void *sim, void *request)
{
	struct sim *s = sim;
	struct request *r = request;
	s->now = now_read(s);
	(void)route_find(s, r);
	args_read(r);
	if (r->ep == EP_SIM)
		return true;
	s->requests++;
	count_up(s->by_endpoint, endpoint_names[r->ep]);
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
	const char *host = header_of(&r->in, "Host");

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
	const char *type = header_of(&r->in, "Content-Type");
	const char *want = is_form(r) ? "application/x-www-form-urlencoded"
				      : "application/json";

	if (r->in.len == 0 || (type != NULL &&
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
	if (r->in.too_big) {
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
static enum MHD_Result
reply_send(const struct sim *s, const struct request *r, struct reply *out)
{
	struct MHD_Response *res = response_make(out->raw, 0, out->json,
	    out->missing);

	if (out->status != 204 && out->status != 304)
		response_header(res, "Content-Type", out->type == NULL
		    ? "application/json; charset=utf-8" : out->type);
	response_number(res, "Retry-After", out->retry_after);
	response_header(res, "Last-Modified",
	    *out->modified == '\0' ? NULL : out->modified);
	response_date(res, s->now);
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
	args_read(r);
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
	const char *uri = r->in.uri;
	const size_t len = strcspn(uri, "?");

	(void)sim;
	r->path = url_decode(uri, len, false);
	if (r->path == NULL)
		r->path = dup_text("/undecodable");
	r->query = uri[len] == '?' ? dup_text(uri + len + 1) : NULL;
}

static void
request_close(void *request)
{
	struct request *r = request;

	json_decref(r->args);
	free(r->path);
	free(r->query);
}

static const struct service service = { .size = sizeof(struct request),
	.body_max = 8u << 20, .own_date = true, .opened = request_open,
	.begun = request_begin, .finished = request_finish,
	.closed = request_close };

/* Two ports stand for two numbers of the host; a stranger has an address of
 * its own. */
void
listen_on(struct sim *s, struct MHD_Daemon *d[static LISTENERS])
{
	for (int i = 0; i < 2; i++) {
		d[i] = service_start(&service, s, &s->lock, 0, i == 0 ? s->opt.port : 0);
		const int port = service_port(d[i]);
		if (i == 0)
			s->port = port;
		snprintf(s->url[i], sizeof(s->url[i]),
		    "http://127.0.0.1:%d/%.30s", port,
		    s->opt.onsite ? s->opt.site : s->opt.context);
	}
	d[2] = service_start(&service, s, &s->lock, 2, s->port);
}
