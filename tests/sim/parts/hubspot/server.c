/*
 * server.c - the transport: one call after the other, with cuts and waits.
 */
#include <netinet/in.h>
#include <stdlib.h>
#include <unistd.h>

#include "sim.h"

#define BODY_MAX (8u << 20)

/* ---- the clock: a file of one line, else the machine's ------------------- */

int64_t
now_read(const struct sim *s)
{
	int64_t t = s->world_at;
	char line[64];
	FILE *f = fopen(s->now_file, "re");

	if (f == NULL)
		return t;
	if (fgets(line, sizeof(line), f) != NULL) {
		line[strcspn(line, "\r\n")] = '\0';
		(void)sim_time_parse(line, &t);
	}
	fclose(f);
	return t;
}

void
now_set(struct sim *s, int64_t t)
{
	file_write(s->now_file, sim_time_iso(t));
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
	    "on", on, "version", versions[c->version], "method", c->method,
	    "uri", c->raw, "status", J(status), "body",
	    s->opt.bodies ? c->body : NULL);
	char *text = line == NULL ? dup_text("{\"unreadable\":true}")
	    : need(json_dumps(line, JSON_COMPACT));
	const size_t len = strlen(text);
	text[len] = '\n';
	if (write(s->log, text, len + 1) != (ssize_t)len + 1)
		die("requests.log");
	free(text);
	json_decref(line);
}

/* ---- one call ------------------------------------------------------------ */

static bool
body_read(struct sim *s, struct call *c, struct reply *out)
{
	const char *type = MHD_lookup_connection_value(c->con,
	    MHD_HEADER_KIND, "Content-Type");
	const bool writes = strcmp(c->method, "GET") != 0;

	if (writes && (type == NULL ||
	    strncmp(type, "application/json", 16) != 0)) {
		reply_error(s, out, 415, NULL, "Content-Type");
		return false;
	}
	if (writes)
		c->body = json_loadb(c->text == NULL ? "" : c->text, c->len,
		    JSON_REJECT_DUPLICATES, NULL);
	if (!writes || json_is_object(c->body))
		return true;
	violation(s, "bad_json", c->path);
	reply_error(s, out, 400, "VALIDATION_ERROR", "Invalid input JSON");
	return false;
}

static void
call_serve(struct sim *s, struct call *c, struct reply *out)
{
	if (c->too_big)
		reply_error(s, out, 413, NULL, "Too large");
	else if ((int64_t)strlen(c->raw) > s->opt.url_max)
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

struct part {
	char *text;
	size_t len;
};

/* Fewer bytes than were announced, then the end. */
static ssize_t
part_read(void *cls, uint64_t at, char *to, size_t max)
{
	const struct part *p = cls;
	const size_t left = p->len - (size_t)at, n = left < max ? left : max;

	memcpy(to, p->text + at, n);
	return n == 0 ? MHD_CONTENT_READER_END_WITH_ERROR : (ssize_t)n;
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
	char *text = out->raw != NULL ? out->raw
	    : out->json != NULL ? need(json_dumps(out->json, JSON_COMPACT))
				: dup_text("");
	const size_t len = strlen(text);

	json_decref(out->json);
	if (out->missing == 0)
		return MHD_create_response_from_buffer(len, text,
		    MHD_RESPMEM_MUST_FREE);
	struct part *p = need(malloc(sizeof(*p)));
	*p = (struct part){ text, len };
	return MHD_create_response_from_callback(len + out->missing, 4096,
	    part_read, p, part_free);
}

static void
header_num(struct MHD_Response *res, const char *name, int64_t n)
{
	char text[24];

	snprintf(text, sizeof(text), "%lld", (long long)n);
	MHD_add_response_header(res, name, text);
}

/* Search has none of these. */
static void
limits_add(const struct sim *s, struct MHD_Response *res)
{
	const int64_t daily = s->opt.daily > 0 ? s->opt.daily : 625000;

	header_num(res, "X-HubSpot-RateLimit-Daily", daily);
	header_num(res, "X-HubSpot-RateLimit-Daily-Remaining",
	    daily - s->used_today);
	header_num(res, "X-HubSpot-RateLimit-Interval-Milliseconds", 10000);
	header_num(res, "X-HubSpot-RateLimit-Max",
	    s->opt.rate > 0 ? s->opt.rate : 190);
	header_num(res, "X-HubSpot-RateLimit-Remaining", 100);
}

static enum MHD_Result
answer_send(const struct sim *s, const struct call *c, struct reply *out)
{
	char date[64];
	struct MHD_Response *res = response_make(out);

	MHD_add_response_header(res, "Content-Type", out->type != NULL
	    ? out->type : "application/json;charset=utf-8");
	MHD_add_response_header(res, "Date", http_date(s->now, date,
	    sizeof(date)));
	if (out->retry_after >= 0)
		header_num(res, "Retry-After", out->retry_after);
	if (out->counted)
		limits_add(s, res);
	const enum MHD_Result sent = MHD_queue_response(c->con, out->status,
	    res);
	MHD_destroy_response(res);
	return sent;
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
call_finish(struct sim *s, struct call *c)
{
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
	json_decref(out.json);
	free(out.raw);
	if (out.reset)
		connection_reset(c->con);
	return MHD_NO;
}

/* ---- the library's callbacks --------------------------------------------- */

static void *
call_open(void *cls, const char *uri, struct MHD_Connection *con)
{
	struct call *c = need(calloc(1, sizeof(*c)));
	const char *mark = strchr(uri, '?');

	(void)cls;
	c->raw = dup_text(uri);
	c->path = need(strndup(uri, strcspn(uri, "?")));
	c->query = mark == NULL ? "" : c->raw + (mark - uri) + 1;
	c->con = con;
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
	while (c->n_args > 0)
		free(c->args[--c->n_args]);
	while (c->n_kept > 0)
		free(c->kept[--c->n_kept]);
	json_decref(c->body);
	free(c->text);
	free(c->path);
	free(c->raw);
	free(c);
	*ctx = NULL;
}

static enum MHD_Result
on_call(void *cls, struct MHD_Connection *con, const char *path,
    const char *method, const char *version, const char *data, size_t *len,
    void **ctx)
{
	struct call *c = *ctx;

	(void)con, (void)path, (void)version;
	if (!c->started) {
		c->started = true;
		c->method = method;
		return MHD_YES;
	}
	if (*len == 0)
		return call_finish(cls, c);
	c->too_big |= c->len + *len > BODY_MAX;
	if (!c->too_big) {
		c->text = need(realloc(c->text, c->len + *len));
		memcpy(c->text + c->len, data, *len);
		c->len += *len;
	}
	*len = 0;
	return MHD_YES;
}

struct MHD_Daemon *
listen_on(struct sim *s)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)s->opt.port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct MHD_Daemon *d = MHD_start_daemon(MHD_USE_POLL |
	    MHD_USE_THREAD_PER_CONNECTION | MHD_USE_INTERNAL_POLLING_THREAD |
	    MHD_USE_SUPPRESS_DATE_NO_CLOCK, 0, NULL, NULL, on_call, s,
	    MHD_OPTION_SOCK_ADDR, &at, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
	    (size_t)262144, MHD_OPTION_URI_LOG_CALLBACK, call_open, s,
	    MHD_OPTION_NOTIFY_COMPLETED, call_close, s, MHD_OPTION_END);

	if (d == NULL)
		die("listen");
	s->port = MHD_get_daemon_info(d, MHD_DAEMON_INFO_BIND_PORT)->port;
	return d;
}
