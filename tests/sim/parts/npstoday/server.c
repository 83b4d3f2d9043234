/*
 * server.c - routing, and the transport with its cuts and waits.
 */
#include <netinet/in.h>
#include <stdlib.h>
#include <unistd.h>

#include "sim.h"

#define BODY_MAX (1u << 20)

static const struct route {
	const char *method, *path;
	enum endpoint ep;
	handler_fn *handle;
} routes[] = {
	{ "GET", "/campaigns", EP_CAMPAIGNS, on_campaigns },
	{ "POST", "/campaigns/{id}/respondent", EP_PUSH, on_push },
	{ "GET", "/campaigns/responses", EP_RESPONSES, on_feed },
	{ "GET", "/v2/bi/responses", EP_RESPONSES, on_responses },
	{ "GET", "/v2/bi/campaignmembers", EP_MEMBERS, on_members },
	{ "GET", "/respondents", EP_PERSONS, on_respondents },
	{ "DELETE", "/respondents/{id}", EP_PERSONS, on_erase },
	{ "POST", "/sim/answer", EP_SIM, sim_answer },
	{ "POST", "/sim/foreign", EP_SIM, sim_foreign },
	{ "POST", "/sim/auto", EP_SIM, sim_auto },
	{ "POST", "/sim/now", EP_SIM, sim_now },
	{ "POST", "/sim/optout", EP_SIM, sim_person },
	{ "POST", "/sim/optin", EP_SIM, sim_person },
	{ "POST", "/sim/anonymise", EP_SIM, sim_person },
	{ "POST", "/sim/fault", EP_SIM, sim_fault },
	{ "POST", "/sim/mutate", EP_SIM, sim_mutate },
	{ "POST", "/sim/hold", EP_SIM, sim_hold },
	{ "POST", "/sim/release", EP_SIM, sim_release },
	{ "GET", "/sim/ledger", EP_SIM, sim_ledger },
	{ "GET", "/sim/stats", EP_SIM, sim_stats },
};

static const struct route *
route_find(struct request *r)
{
	char id[32];
	size_t len = strlen(r->path);
	if (len > 1 && r->path[len - 1] == '/')
		r->path[--len] = '\0';
	const char *tail = strstr(r->path, "/respondent");
	if (strncmp(r->path, "/campaigns/", 11) == 0 && tail != NULL &&
	    strcmp(tail, "/respondent") == 0 && tail > r->path + 11) {
		snprintf(id, sizeof(id), "%.*s", (int)(tail - r->path - 11),
		    r->path + 11);
		if (!sim_num(id, &r->campaign))
			r->campaign = -1;
		return strcmp(r->method, "POST") == 0 ? &routes[1] : NULL;
	}
	const bool one = strcmp(r->method, "DELETE") == 0 &&
			 strncmp(r->path, "/respondents/", 13) == 0;
	for (size_t i = 0; i < sizeof(routes) / sizeof(routes[0]); i++)
		if (one && routes[i].handle == on_erase)
			return &routes[i];
	for (size_t i = 0; i < sizeof(routes) / sizeof(routes[0]); i++)
		if (strcmp(routes[i].path, r->path) == 0 &&
		    strcmp(routes[i].method, r->method) == 0)
			return &routes[i];
	return NULL;
}

static int64_t
window_count(const struct window *w, int64_t now_ms)
{
	int64_t n = 0;
	for (size_t i = w->n; i-- > 0 && n < WINDOW; n++)
		if (w->ms[i % WINDOW] <= now_ms - 1000)
			break;
	return n;
}

static void
request_log(struct sim *s, const struct request *r, unsigned status)
{
	char key[16], line[2048], now[40];
	snprintf(key, sizeof(key), "%u", status);
	json_object_set_new(s->by_status, key,
	    json_integer(
		1 + json_integer_value(json_object_get(s->by_status, key))));
	const int n = snprintf(line, sizeof(line), "%lld %s %.16s %.1900s %u\n",
	    (long long)(clock_ms() - s->started_ms),
	    sim_time_text(s->now, "Z", now, sizeof(now)), r->method, r->uri,
	    status);
	if (write(s->log, line, (size_t)n) != n)
		die("requests.log");
}

/* At the headers: rate, and the fault this request will meet. */
static bool
request_begin(struct sim *s, struct request *r)
{
	const int64_t ms = clock_ms();
	s->now = now_read(s);
	const struct route *route = route_find(r);
	r->ep = route == NULL ? EP_NONE : route->ep;
	if (r->ep == EP_SIM)
		return true;
	s->requests++;
	s->pushes += r->ep == EP_PUSH;
	s->too_early += ms < s->quiet_until_ms;
	s->all.ms[s->all.n++ % WINDOW] = ms;
	const int64_t rate = window_count(&s->all, ms);
	if (rate > s->max_per_second)
		s->max_per_second = rate;
	r->limited =
	    s->opt.rate > 0 && window_count(&s->taken, ms) >= s->opt.rate;
	if (r->limited) {
		s->limited++;
		return true;
	}
	s->taken.ms[s->taken.n++ % WINDOW] = ms;
	r->faulted = fault_take(s, r->ep, &r->fault);
	if (!r->faulted || strcmp(r->fault.kind, "cut_before") != 0)
		return true;
	request_log(s, r, 0);
	return false;
}

static void
hold_wait(struct sim *s, enum hold when)
{
	if (s->holds <= 0 || s->hold != when)
		return;
	const int round = s->hold_round;
	s->holds--;
	s->holding++;
	while (round == s->hold_round)
		pthread_cond_wait(&s->released, &s->lock);
	s->holding--;
}

static bool
authorised(const struct sim *s, const struct request *r)
{
	const char *have = MHD_lookup_connection_value(
	    r->con, MHD_HEADER_KIND, "Authorization");
	return have != NULL && strcmp(have, s->auth_value) == 0;
}

static void
request_handle(struct sim *s, struct request *r, const struct route *route,
    struct reply *out)
{
	int64_t status;
	if (r->ep == EP_PUSH)
		hold_wait(s, HOLD_BEFORE);
	const bool replaced =
	    r->faulted && (fault_is_status(&r->fault, &status) ||
			      strcmp(r->fault.kind, "html") == 0);
	if ((!replaced || r->fault.store) && !mutate_before(s, r, out))
		route->handle(s, r, out);
	if (r->faulted)
		fault_apply(&r->fault, out);
	else
		mutate_reply(s, r, out);
	if (r->ep == EP_PUSH)
		hold_wait(s, HOLD_AFTER);
}

static void
request_serve(struct sim *s, struct request *r, struct reply *out)
{
	const struct route *route = route_find(r);
	out->retry_after = -1;
	if (r->limited) {
		reply_error(out, 429, "Too many requests", NULL);
		out->retry_after = 1;
	} else if (r->too_big) {
		reply_error(out, 413, "Too large", NULL);
	} else if (r->ep != EP_SIM && !authorised(s, r)) {
		reply_error(out, 401, "Unauthorized", NULL);
	} else if (route == NULL) {
		reply_error(out, 404, "Not found", NULL);
	} else if (r->ep == EP_SIM && !sim_body_ok(r)) {
		reply_error(out, 400, "The body is no object", NULL);
	} else {
		request_handle(s, r, route, out);
	}
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
	if (body == NULL && out->json != NULL && !out->empty)
		body =
		    json_dumps(out->json, JSON_COMPACT | JSON_PRESERVE_ORDER);
	json_decref(out->json);
	if (body == NULL)
		body = dup_text("");
	const size_t len = out->raw_len > 0 ? out->raw_len : strlen(body);
	if (out->missing == 0)
		return MHD_create_response_from_buffer(
		    len, body, MHD_RESPMEM_MUST_FREE);
	struct text *part = calloc(1, sizeof(*part));
	if (part == NULL)
		die("memory");
	*part = (struct text){ body, len };
	return MHD_create_response_from_callback(
	    len + out->missing, 1024, short_read, part, short_free);
}

static enum MHD_Result
reply_send(struct sim *s, struct MHD_Connection *con, struct reply *out)
{
	static const char *const days[] = { "Thu", "Fri", "Sat", "Sun", "Mon",
		"Tue", "Wed" };
	static const char *const months[] = { "Jan", "Feb", "Mar", "Apr", "May",
		"Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
	char text[64];
	int y, m, d;
	struct MHD_Response *res = response_make(out);
	MHD_add_response_header(res, "Content-Type",
	    out->type == NULL ? "application/json; charset=utf-8" : out->type);
	if (out->encoding != NULL)
		MHD_add_response_header(res, "Content-Encoding", out->encoding);
	if (out->location != NULL)
		MHD_add_response_header(res, "Location", out->location);
	if (out->retry_text != NULL)
		MHD_add_response_header(res, "Retry-After", out->retry_text);
	if (out->retry_after >= 0) {
		snprintf(
		    text, sizeof(text), "%lld", (long long)out->retry_after);
		MHD_add_response_header(res, "Retry-After", text);
	}
	if (s->opt.date_header) {
		const int64_t day = sim_floor_div(s->now, DAY_S);
		const int sec = (int)(s->now - day * DAY_S);
		sim_civil(day, &y, &m, &d);
		snprintf(text, sizeof(text),
		    "%s, %02d %s %04d %02d:%02d:%02d GMT", days[day % 7], d,
		    months[m - 1], y, sec / 3600, sec / 60 % 60, sec % 60);
		MHD_add_response_header(res, "Date", text);
	}
	const enum MHD_Result ok = MHD_queue_response(con, out->status, res);
	MHD_destroy_response(res);
	return ok;
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
	if (r->faulted && strcmp(r->fault.kind, "slow") == 0)
		sleep((unsigned)r->fault.seconds);
	if (out.cut) {
		json_decref(out.json);
		return MHD_NO;
	}
	return reply_send(s, con, &out);
}

static void *
request_open(void *cls, const char *uri, struct MHD_Connection *con)
{
	(void)cls;
	struct request *r = calloc(1, sizeof(*r));
	if (r == NULL)
		die("memory");
	r->uri = dup_text(uri);
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
	free(r->uri);
	free(r->body.s);
	free(r);
	*ctx = NULL;
}

static enum MHD_Result
on_request(void *cls, struct MHD_Connection *con, const char *path,
    const char *method, const char *version, const char *data, size_t *len,
    void **ctx)
{
	(void)version;
	struct sim *s = cls;
	struct request *r = *ctx;
	if (!r->started) {
		r->started = true;
		r->method = method;
		snprintf(r->path, sizeof(r->path), "%s", path);
		pthread_mutex_lock(&s->lock);
		const bool go = request_begin(s, r);
		pthread_mutex_unlock(&s->lock);
		return go ? MHD_YES : MHD_NO;
	}
	if (*len == 0)
		return request_finish(s, con, r);
	if (r->body.len + *len > BODY_MAX) {
		r->too_big = true;
	} else {
		char *more = realloc(r->body.s, r->body.len + *len);
		if (more == NULL)
			die("memory");
		memcpy(more + r->body.len, data, *len);
		r->body.s = more;
		r->body.len += *len;
	}
	*len = 0;
	return MHD_YES;
}

/* The port is this server's alone: another one there would take calls that
 * are meant for it.  SO_REUSEADDR, for a restart, is the library's default. */
struct MHD_Daemon *
listen_on(struct sim *s)
{
	struct sockaddr_in addr = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)s->opt.port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct MHD_Daemon *d = MHD_start_daemon(
	    MHD_USE_THREAD_PER_CONNECTION | MHD_USE_INTERNAL_POLLING_THREAD |
		MHD_USE_POLL |
		(s->opt.date_header ? MHD_USE_SUPPRESS_DATE_NO_CLOCK : 0),
	    0, NULL, NULL, on_request, s, MHD_OPTION_SOCK_ADDR, &addr,
	    MHD_OPTION_URI_LOG_CALLBACK, request_open, s,
	    MHD_OPTION_NOTIFY_COMPLETED, request_close, s, MHD_OPTION_END);
	if (d == NULL)
		die("listen");
	s->port = MHD_get_daemon_info(d, MHD_DAEMON_INFO_BIND_PORT)->port;
	return d;
}
