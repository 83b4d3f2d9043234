/*
 * http.c - the transport under every simulator.
 */
#include "http.h"

#include <netinet/in.h>
#include <stdlib.h>

#include "base.h"

#define CONNECTION_MEMORY ((size_t)256 * 1024)

/* What the library's callbacks are given. */
struct running {
	const struct service *service;
	void *sim;
	pthread_mutex_t *lock;
};

/* ---- the request --------------------------------------------------------- */

static void *
on_open(void *cls, const char *uri, struct MHD_Connection *con)
{
	const struct running *run = cls;
	struct incoming *in = need(calloc(1, run->service->size));

	in->uri = dup_text(uri);
	in->con = con;
	if (run->service->opened != NULL)
		run->service->opened(run->sim, in);
	return in;
}

static void
on_close(void *cls, struct MHD_Connection *con, void **ctx,
    enum MHD_RequestTerminationCode why)
{
	const struct running *run = cls;
	struct incoming *in = *ctx;

	(void)con, (void)why;
	if (in == NULL)
		return;
	if (run->service->closed != NULL)
		run->service->closed(in);
	free(in->uri);
	free(in->body);
	free(in);
	*ctx = NULL;
}

static void
body_add(struct incoming *in, const char *data, size_t len, size_t most)
{
	if (in->len + len > most) {
		in->too_big = true;
		return;
	}
	in->body = need(realloc(in->body, in->len + len + 1));
	memcpy(in->body + in->len, data, len);
	in->len += len;
	in->body[in->len] = '\0';
}

static enum MHD_Result
on_begin(const struct running *run, struct incoming *in)
{
	if (run->service->begun == NULL)
		return MHD_YES;
	pthread_mutex_lock(run->lock);
	const bool go = run->service->begun(run->sim, in);
	pthread_mutex_unlock(run->lock);
	return go ? MHD_YES : MHD_NO;
}

static enum MHD_Result
on_request(void *cls, struct MHD_Connection *con, const char *path,
    const char *method, const char *version, const char *data, size_t *len,
    void **ctx)
{
	const struct running *run = cls;
	const struct service *service = run->service;
	struct incoming *in = *ctx;

	(void)con, (void)path, (void)version;
	if (!in->started) {
		in->started = true;
		in->method = method;
		return on_begin(run, in);
	}
	if (*len == 0)
		return service->finished(run->sim, in);
	body_add(in, data, *len, service->body_max);
	*len = 0;
	return MHD_YES;
}

struct MHD_Daemon *
service_start(const struct service *service, void *sim, pthread_mutex_t *lock,
    unsigned host, int64_t port)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK + host) };
	static struct running places[4];
	static size_t n;
	struct running *run = &places[n++];

	if (n > LEN(places))
		die("too many services");
	*run = (struct running){ service, sim, lock };
	struct MHD_Daemon *d = MHD_start_daemon(MHD_USE_THREAD_PER_CONNECTION |
	    MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_POLL |
	    (service->own_date ? MHD_USE_SUPPRESS_DATE_NO_CLOCK : 0), 0, NULL,
	    NULL, on_request, run, MHD_OPTION_SOCK_ADDR, &at,
	    MHD_OPTION_CONNECTION_MEMORY_LIMIT, CONNECTION_MEMORY,
	    MHD_OPTION_URI_LOG_CALLBACK, on_open, run,
	    MHD_OPTION_NOTIFY_COMPLETED, on_close, run, MHD_OPTION_END);
	if (d == NULL)
		die("listen");
	return d;
}

int
service_port(struct MHD_Daemon *d)
{
	return MHD_get_daemon_info(d, MHD_DAEMON_INFO_BIND_PORT)->port;
}

const char *
header_of(const struct incoming *in, const char *name)
{
	return MHD_lookup_connection_value(in->con, MHD_HEADER_KIND, name);
}

json_t *
body_json(const struct incoming *in)
{
	return in->len == 0 ? NULL
	    : json_loadb(in->body, in->len, JSON_REJECT_DUPLICATES, NULL);
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

struct MHD_Response *
response_make(char *text, size_t len, json_t *json, size_t missing)
{
	if (text == NULL && json != NULL)
		text = need(json_dumps(json, JSON_COMPACT | JSON_ENCODE_ANY));
	json_decref(json);
	if (text == NULL)
		text = dup_text("");
	if (len == 0)
		len = strlen(text);
	if (missing == 0)
		return need(MHD_create_response_from_buffer(len, text,
		    MHD_RESPMEM_MUST_FREE));
	struct part *p = need(malloc(sizeof(*p)));
	*p = (struct part){ text, len };
	return need(MHD_create_response_from_callback(len + missing, 1024,
	    part_read, p, part_free));
}

void
response_header(struct MHD_Response *res, const char *name, const char *value)
{
	if (value != NULL)
		MHD_add_response_header(res, name, value);
}

void
response_number(struct MHD_Response *res, const char *name, int64_t n)
{
	char text[24];

	snprintf(text, sizeof(text), "%lld", (long long)n);
	if (n >= 0)
		MHD_add_response_header(res, name, text);
}

void
response_date(struct MHD_Response *res, int64_t t)
{
	char text[64];

	MHD_add_response_header(res, "Date", http_date(t, text, sizeof(text)));
}

enum MHD_Result
response_send(const struct incoming *in, unsigned status,
    struct MHD_Response *res)
{
	const enum MHD_Result sent = MHD_queue_response(in->con, status, res);

	MHD_destroy_response(res);
	return sent;
}

enum MHD_Result
response_cut(char *text, json_t *json)
{
	free(text);
	json_decref(json);
	return MHD_NO;
}
