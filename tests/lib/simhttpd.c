#include "simhttpd.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "buf.h"

#define CONNECTIONS_MAX 512
#define REQUESTS_MAX 20000
#define REQUEST_BYTES ((size_t)16777216)
#define SLICE_MS 20

struct request {
	struct buf bytes;
	size_t header_len;
};

struct connection {
	struct simhttpd *sim;
	pthread_t thread;
	bool has_thread;	/* that is to be joined */
	atomic_bool ended;
	int fd;
	struct buf in;		/* received, not yet taken */
};

struct simhttpd {
	const struct sim_reply *script;
	sim_handler *handler;	/* instead of it */
	void *arg;
	unsigned *used;		/* how often each line was served */
	size_t n;
	int fd, port;
	char url[64], problem[256];
	atomic_bool stop;
	pthread_t thread;
	pthread_mutex_t lock;	/* over all below, and used, problem */
	struct connection connections[CONNECTIONS_MAX];
	size_t connected, requested, bytes;
	struct request *requests;
};

/* ---- bytes --------------------------------------------------------------- */
static void
complain_about(struct simhttpd *sim, const char *what, const char *detail)
{
	pthread_mutex_lock(&sim->lock);
	if (sim->problem[0] == '\0')
		(void)snprintf(sim->problem, sizeof(sim->problem),
		    "%s: %.200s", what, detail);
	pthread_mutex_unlock(&sim->lock);
}

static bool
pause_for(struct simhttpd *sim, int ms)
{
	for (; ms > 0 && !atomic_load(&sim->stop); ms -= SLICE_MS)
		(void)poll(NULL, 0, ms < SLICE_MS ? ms : SLICE_MS);
	return !atomic_load(&sim->stop);
}

/* False = end of the connection, or stop. */
static bool
receive(struct connection *c)
{
	char chunk[16384];
	struct pollfd p = { .fd = c->fd, .events = POLLIN };

	while (!atomic_load(&c->sim->stop)) {
		if (poll(&p, 1, SLICE_MS) <= 0)
			continue;
		const ssize_t n = recv(c->fd, chunk, sizeof(chunk), 0);
		if (n <= 0)
			return false;
		pthread_mutex_lock(&c->sim->lock);
		c->sim->bytes += (size_t)n;
		pthread_mutex_unlock(&c->sim->lock);
		return buf_add(&c->in, chunk, (size_t)n);
	}
	return false;
}

static bool
send_all(int fd, const char *s, size_t len)
{
	while (len > 0) {
		const ssize_t n = send(fd, s, len, MSG_NOSIGNAL);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		s += n;
		len -= (size_t)n;
	}
	return true;
}

static void
send_slowly(struct connection *c, const struct buf *out, int delay_ms)
{
	size_t i = 0;

	while (pause_for(c->sim, delay_ms) &&
	    send_all(c->fd, i < out->len ? out->s + i : "x", 1))
		i++;
}

static void
send_without_end(struct connection *c)
{
	char chunk[16384];

	memset(chunk, 'x', sizeof(chunk));
	while (!atomic_load(&c->sim->stop) &&
	    send_all(c->fd, chunk, sizeof(chunk)))
		;
}

static void
hang(struct connection *c)
{
	while (pause_for(c->sim, SLICE_MS))
		;
}

static void
reset_on_close(int fd)
{
	const struct linger l = { .l_onoff = 1, .l_linger = 0 };

	(void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &l, sizeof(l));
}

/* Without this a close with unread bytes would be a reset.  Ends when the
 * client has closed, or was silent for a second. */
static void
drain(struct connection *c)
{
	char chunk[16384];

	(void)shutdown(c->fd, SHUT_WR);
	for (int silent = 0; silent < 1000 && !atomic_load(&c->sim->stop);) {
		struct pollfd p = { .fd = c->fd, .events = POLLIN };
		if (poll(&p, 1, SLICE_MS) <= 0)
			silent += SLICE_MS;
		else if (recv(c->fd, chunk, sizeof(chunk), 0) <= 0)
			return;
	}
}

/* ---- requests ------------------------------------------------------------ */
static size_t
content_length(const char *header)
{
	const char *p = strcasestr(header, "\r\nContent-Length:");
	size_t n = 0;

	if (p == NULL)
		return 0;
	p += strlen("\r\nContent-Length:");
	p += strspn(p, " ");
	for (; *p >= '0' && *p <= '9'; p++)
		n = n * 10 + (size_t)(*p - '0');
	return n;
}

/* A header to its blank line; its length, or 0. */
static size_t
read_header(struct connection *c)
{
	const char *end;

	while ((end = strstr(buf_text(&c->in), "\r\n\r\n")) == NULL)
		if (!receive(c))
			return 0;
	return (size_t)(end - c->in.s) + 4;
}

/* Takes the first len bytes off what was received. */
static void
forget(struct connection *c, size_t len)
{
	AUTO(buf) struct buf rest;

	buf_init(&rest, REQUEST_BYTES);
	buf_add(&rest, c->in.s + len, c->in.len - len);
	buf_reset(&c->in);
	buf_add(&c->in, rest.s == NULL ? "" : rest.s, rest.len);
}

static void
keep_request(struct connection *c, size_t len, size_t header_len)
{
	struct simhttpd *sim = c->sim;

	if (len > c->in.len)
		len = c->in.len;
	pthread_mutex_lock(&sim->lock);
	if (sim->requested < REQUESTS_MAX) {
		struct request *r = &sim->requests[sim->requested++];
		buf_init(&r->bytes, REQUEST_BYTES);
		buf_add(&r->bytes, c->in.s, len);
		r->header_len = header_len;
	}
	pthread_mutex_unlock(&sim->lock);
	forget(c, len);
}

static bool
line_fits(const struct sim_reply *r, const char *request)
{
	const char *end = strstr(request, "\r\n");
	const char *at =
	    r->target == NULL ? request : strstr(request, r->target);

	return at != NULL && (end == NULL || at < end);
}

/* The next line of the script for this request; NULL = none. */
static const struct sim_reply *
take_reply(struct simhttpd *sim, const char *request)
{
	const struct sim_reply *found = NULL;

	pthread_mutex_lock(&sim->lock);
	for (size_t i = 0; i < sim->n && found == NULL; i++) {
		if (sim->used[i] > sim->script[i].repeat ||
		    !line_fits(&sim->script[i], request))
			continue;
		sim->used[i]++;
		found = &sim->script[i];
	}
	pthread_mutex_unlock(&sim->lock);
	return found;
}

static bool
is_early(enum sim_mode mode)
{
	return mode == SIM_CLOSE_EARLY || mode == SIM_RST_EARLY ||
	    mode == SIM_REPLY_EARLY;
}

/* ---- replies ------------------------------------------------------------- */
static void
reply_bytes(const struct sim_reply *r, struct buf *out)
{
	const char *body = r->body == NULL ? "" : r->body;
	const size_t len = r->body_len != 0 ? r->body_len : strlen(body);
	const int status = r->status == 0 ? 200 : r->status;
	const bool bare = status == 204 || status == 304 || status < 200;

	if (r->raw != NULL) {
		buf_str(out, r->raw);
		return;
	}
	buf_printf(out, "HTTP/1.1 %d Scripted\r\n%s", status,
	    r->headers == NULL ? "" : r->headers);
	if (r->mode == SIM_REPLY_CLOSE || r->mode == SIM_REPLY_EARLY)
		buf_str(out, "Connection: close\r\n");
	if (!bare)
		buf_printf(out, "Content-Length: %zu\r\n", len);
	buf_str(out, "\r\n");
	if (!bare)
		buf_add(out, body, len);
}

/* True = the connection lives on. */
static bool
answer(struct connection *c, const struct sim_reply *r)
{
	AUTO(buf) struct buf out;

	buf_init(&out, REQUEST_BYTES);
	reply_bytes(r, &out);
	if (!pause_for(c->sim, r->delay_ms))
		return false;
	switch (r->mode) {
	case SIM_REPLY:
		return send_all(c->fd, out.s, out.len);
	case SIM_REPLY_CLOSE:
	case SIM_REPLY_DROP:
	case SIM_REPLY_EARLY:
		(void)send_all(c->fd, out.s, out.len);
		break;
	case SIM_CUT:
	case SIM_CUT_RST:
	case SIM_CUT_HANG:
		(void)send_all(c->fd, out.s,
		    r->cut < out.len ? r->cut : out.len);
		if (r->mode == SIM_CUT_HANG)
			hang(c);
		break;
	case SIM_SLOW:
		send_slowly(c, &out, r->delay_ms);
		break;
	case SIM_ENDLESS:
		if (send_all(c->fd, out.s, out.len))
			send_without_end(c);
		break;
	case SIM_HANG:
		hang(c);
		break;
	case SIM_CLOSE:
	case SIM_RST:
	case SIM_CLOSE_EARLY:
	case SIM_RST_EARLY:
	case SIM_ACCEPT_CLOSE:
		break;
	}
	/* Time to see the reply: before the reset, before all is uploaded. */
	if (r->mode == SIM_REPLY_EARLY)
		(void)pause_for(c->sim, 300);
	if (r->mode == SIM_CUT_RST)
		(void)pause_for(c->sim, 2 * SLICE_MS);
	if (r->mode == SIM_RST || r->mode == SIM_RST_EARLY ||
	    r->mode == SIM_CUT_RST)
		reset_on_close(c->fd);
	else
		drain(c);
	return false;
}

static bool
read_body(struct connection *c, const struct sim_reply *r, size_t header_len)
{
	size_t len = header_len + content_length(c->in.s);

	if (r != NULL && is_early(r->mode))
		len = header_len + (r->mode == SIM_RST_EARLY ? r->cut : 0);
	while (c->in.len < len)
		if (!receive(c))
			break;
	const bool whole = c->in.len >= len;
	if (r != NULL && r->want != NULL && strstr(c->in.s, r->want) == NULL)
		complain_about(c->sim, "not in the request", r->want);
	keep_request(c, len, header_len);
	return whole;
}

static bool
serve_handled(struct connection *c, size_t header_len)
{
	const size_t len = header_len + content_length(c->in.s);
	struct simhttpd *sim = c->sim;
	struct sim_reply reply = { .status = 200 };

	while (c->in.len < len)
		if (!receive(c))
			return false;
	pthread_mutex_lock(&sim->lock);
	sim->requested++;
	sim->handler(sim->arg, c->in.s, c->in.s + header_len, &reply);
	pthread_mutex_unlock(&sim->lock);
	forget(c, len);
	return answer(c, &reply);
}

static bool
serve_one(struct connection *c)
{
	const size_t header_len = read_header(c);

	if (header_len == 0)
		return false;
	if (c->sim->handler != NULL)
		return serve_handled(c, header_len);
	const struct sim_reply *r = take_reply(c->sim, c->in.s);
	if (r == NULL)
		complain_about(c->sim, "unexpected request", c->in.s);
	return read_body(c, r, header_len) && r != NULL && answer(c, r);
}

/* A reply of SIM_ACCEPT_CLOSE needs no request. */
static bool
closed_at_once(struct connection *c)
{
	struct simhttpd *sim = c->sim;
	bool closed = false;

	pthread_mutex_lock(&sim->lock);
	for (size_t i = 0; i < sim->n && !closed; i++) {
		if (sim->used[i] > sim->script[i].repeat)
			continue;
		if (sim->script[i].mode != SIM_ACCEPT_CLOSE)
			break;
		sim->used[i]++;
		closed = true;
	}
	pthread_mutex_unlock(&sim->lock);
	return closed && (receive(c) || true);
}

static void *
serve(void *arg)
{
	struct connection *c = arg;

	if (!closed_at_once(c))
		while (serve_one(c))
			;
	(void)close(c->fd);
	buf_free(&c->in);
	atomic_store(&c->ended, true);
	return NULL;
}

/* NULL: so many are open. */
static struct connection *
free_connection(struct simhttpd *sim)
{
	for (size_t i = 0; i < CONNECTIONS_MAX; i++) {
		struct connection *c = &sim->connections[i];
		if (!c->has_thread)
			return c;
		if (atomic_load(&c->ended)) {
			(void)pthread_join(c->thread, NULL);
			c->has_thread = false;
			return c;
		}
	}
	return NULL;
}

static bool
serve_begin(struct simhttpd *sim, int fd)
{
	struct connection *c = free_connection(sim);

	if (c == NULL)
		return false;
	c->sim = sim;
	c->fd = fd;
	atomic_store(&c->ended, false);
	buf_init(&c->in, REQUEST_BYTES);
	c->has_thread = pthread_create(&c->thread, NULL, serve, c) == 0;
	return c->has_thread;
}

static void *
accept_all(void *arg)
{
	struct simhttpd *sim = arg;
	struct pollfd p = { .fd = sim->fd, .events = POLLIN };

	while (!atomic_load(&sim->stop)) {
		if (poll(&p, 1, SLICE_MS) <= 0)
			continue;
		const int fd = accept4(sim->fd, NULL, NULL, SOCK_CLOEXEC);
		if (fd < 0)
			continue;
		pthread_mutex_lock(&sim->lock);
		const bool ok = serve_begin(sim, fd);
		sim->connected += ok;
		pthread_mutex_unlock(&sim->lock);
		if (!ok) {
			(void)close(fd);
			complain_about(sim, "too many connections", "");
		}
	}
	return NULL;
}

/* ---- start, look, stop --------------------------------------------------- */
static bool
listen_on_loopback(struct simhttpd *sim)
{
	struct sockaddr_in a = { .sin_family = AF_INET };
	socklen_t len = sizeof(a);
	/* Small, so that a large body cannot be sent into nowhere. */
	const int size = 65536;

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	sim->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (sim->fd < 0 ||
	    setsockopt(sim->fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size)) !=
		0 ||
	    bind(sim->fd, (const struct sockaddr *)&a, len) != 0 ||
	    listen(sim->fd, 128) != 0 ||
	    getsockname(sim->fd, (struct sockaddr *)&a, &len) != 0)
		return false;
	sim->port = ntohs(a.sin_port);
	(void)snprintf(sim->url, sizeof(sim->url), "http://127.0.0.1:%d",
	    sim->port);
	return true;
}

static void
sim_free(struct simhttpd *sim)
{
	if (sim->fd >= 0)
		(void)close(sim->fd);
	for (size_t i = 0; sim->handler == NULL && i < sim->requested; i++)
		buf_free(&sim->requests[i].bytes);
	free(sim->requests);
	free(sim->used);
	free(sim);
}

static struct simhttpd *
sim_start(const struct sim_reply *script, size_t n, sim_handler *handler,
    void *arg)
{
	struct simhttpd *sim = calloc(1, sizeof(*sim));

	if (sim == NULL)
		return NULL;
	sim->script = script;
	sim->n = n;
	sim->handler = handler;
	sim->arg = arg;
	sim->fd = -1;
	sim->used = calloc(n + 1, sizeof(*sim->used));
	sim->requests = calloc(REQUESTS_MAX, sizeof(*sim->requests));
	(void)pthread_mutex_init(&sim->lock, NULL);
	if (sim->used == NULL || sim->requests == NULL ||
	    !listen_on_loopback(sim) ||
	    pthread_create(&sim->thread, NULL, accept_all, sim) != 0) {
		sim_free(sim);
		return NULL;
	}
	return sim;
}

struct simhttpd *
simhttpd_start(const struct sim_reply *script, size_t n)
{
	return sim_start(script, n, NULL, NULL);
}

struct simhttpd *
simhttpd_start_handler(sim_handler *handler, void *arg)
{
	return sim_start(NULL, 0, handler, arg);
}

const char *
simhttpd_url(const struct simhttpd *sim)
{
	return sim->url;
}

int
simhttpd_port(const struct simhttpd *sim)
{
	return sim->port;
}

static size_t
read_count(struct simhttpd *sim, const size_t *count)
{
	pthread_mutex_lock(&sim->lock);
	const size_t n = *count;
	pthread_mutex_unlock(&sim->lock);
	return n;
}

size_t
simhttpd_requests(struct simhttpd *sim)
{
	return read_count(sim, &sim->requested);
}

size_t
simhttpd_connections(struct simhttpd *sim)
{
	return read_count(sim, &sim->connected);
}

size_t
simhttpd_bytes(struct simhttpd *sim)
{
	return read_count(sim, &sim->bytes);
}

static bool
is_kept(struct simhttpd *sim, size_t i)
{
	return sim->handler == NULL && i < simhttpd_requests(sim);
}

const char *
simhttpd_request(struct simhttpd *sim, size_t i)
{
	return is_kept(sim, i) ? buf_text(&sim->requests[i].bytes) : "";
}

const char *
simhttpd_body(struct simhttpd *sim, size_t i)
{
	return is_kept(sim, i) ? buf_text(&sim->requests[i].bytes) +
	    sim->requests[i].header_len : "";
}

const char *
simhttpd_problem(struct simhttpd *sim, bool all)
{
	const char *problem = NULL;

	pthread_mutex_lock(&sim->lock);
	for (size_t i = 0; all && i < sim->n; i++)
		if (sim->used[i] <= sim->script[i].repeat &&
		    sim->problem[0] == '\0')
			(void)snprintf(sim->problem, sizeof(sim->problem),
			    "reply %zu was asked for %u times, not %u", i,
			    sim->used[i], sim->script[i].repeat + 1);
	if (sim->problem[0] != '\0')
		problem = sim->problem;
	pthread_mutex_unlock(&sim->lock);
	return problem;
}

void
simhttpd_stop(struct simhttpd *sim)
{
	if (sim == NULL)
		return;
	atomic_store(&sim->stop, true);
	(void)pthread_join(sim->thread, NULL);
	for (size_t i = 0; i < CONNECTIONS_MAX; i++)
		if (sim->connections[i].has_thread)
			(void)pthread_join(sim->connections[i].thread, NULL);
	(void)pthread_mutex_destroy(&sim->lock);
	sim_free(sim);
}
