/*
 * server.c - routing, and the transport with its cuts and waits.
 */
#include <stdlib.h>
#include <unistd.h>

#include "sim.h"

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
		return strcmp(r->in.method, "POST") == 0 ? &routes[1] : NULL;
	}
	const bool one = strcmp(r->in.method, "DELETE") == 0 &&
			 strncmp(r->path, "/respondents/", 13) == 0;
	for (size_t i = 0; i < sizeof(routes) / sizeof(routes[0]); i++)
		if (one && routes[i].handle == on_erase)
			return &routes[i];
	for (size_t i = 0; i < sizeof(routes) / sizeof(routes[0]); i++)
		if (strcmp(routes[i].path, r->path) == 0 &&
		    strcmp(routes[i].method, r->in.method) == 0)
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
	count_up(s->by_status, key);
	const int n = snprintf(line, sizeof(line), "%lld %s %.16s %.1900s %u\n",
	    (long long)(clock_ms() - s->started_ms),
	    sim_time_text(s->now, "Z", now, sizeof(now)), r->in.method, r->in.uri,
	    status);
	if (write(s->log, line, (size_t)n) != n)
		die("requests.log");
}

/* At the headers: rate, and the fault this request will meet. */
static bool
request_begin(void *sim, void *request)
{
	struct sim *s = sim;
	struct request *r = request;
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
	const char *have = header_of(&r->in, "Authorization");
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
	} else if (r->in.too_big) {
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

static enum MHD_Result
reply_send(const struct sim *s, const struct request *r, struct reply *out)
{
	if (out->empty) {
		json_decref(out->json);
		out->json = NULL;
	}
	struct MHD_Response *res =
	    response_make(out->raw, out->raw_len, out->json, out->missing);
	response_header(res, "Content-Type",
	    out->type == NULL ? "application/json; charset=utf-8" : out->type);
	response_header(res, "Content-Encoding", out->encoding);
	response_header(res, "Location", out->location);
	response_header(res, "Retry-After", out->retry_text);
	response_number(res, "Retry-After", out->retry_after);
	if (s->opt.date_header)
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
	request_serve(s, r, &out);
	if (r->ep != EP_SIM)
		request_log(s, r, out.cut ? 0 : out.status);
	if (out.retry_after > 0)
		s->quiet_until_ms = clock_ms() + 1000 * out.retry_after;
	pthread_mutex_unlock(&s->lock);
	if (r->faulted && strcmp(r->fault.kind, "slow") == 0)
		sleep((unsigned)r->fault.seconds);
	return out.cut ? response_cut(out.raw, out.json)
		       : reply_send(s, r, &out);
}

/* The path, decoded if it can be. */
static void
request_open(void *sim, void *request)
{
	struct request *r = request;
	const size_t len = strcspn(r->in.uri, "?");
	char *path = url_decode(r->in.uri, len, false);
	(void)sim;
	snprintf(r->path, sizeof(r->path), "%.*s", (int)len,
	    path == NULL ? r->in.uri : path);
	free(path);
}

struct MHD_Daemon *
listen_on(struct sim *s)
{
	static struct service service = { .size = sizeof(struct request),
		.body_max = 1u << 20, .opened = request_open,
		.begun = request_begin, .finished = request_finish };
	service.own_date = s->opt.date_header;
	struct MHD_Daemon *d = service_start(&service, s, &s->lock, 0, s->opt.port);
	s->port = service_port(d);
	return d;
}
