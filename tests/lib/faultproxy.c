#include "faultproxy.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "../sim/simtime.h"
#include "faultproxy_int.h"

#define CHUNK ((size_t)16384)
#define BUFFERED_MAX ((size_t)256 << 20)

/* ---- sockets -------------------------------------------------------------- */
static void
loopback(struct sockaddr_in *addr, int port)
{
	*addr = (struct sockaddr_in){ .sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
}

static int
connect_tcp(const char *upstream)
{
	struct sockaddr_in addr;
	int64_t port = 0;
	const char *colon = strrchr(upstream, ':');

	if (colon == NULL || !sim_num(colon + 1, &port))
		return -1;
	loopback(&addr, (int)port);
	const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd >= 0 && connect(fd, (struct sockaddr *)&addr,
	        sizeof(addr)) == 0)
		return fd;
	if (fd >= 0)
		(void)close(fd);
	return -1;
}

static int
connect_unix(const char *path)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)snprintf(addr.sun_path, sizeof(addr.sun_path), "%s", path);
	if (fd >= 0 && connect(fd, (struct sockaddr *)&addr,
	        sizeof(addr)) == 0)
		return fd;
	if (fd >= 0)
		(void)close(fd);
	return -1;
}

static void
unblock(int fd)
{
	(void)fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
}

/* The next close sends RST. */
static void
rst_on_close(int fd)
{
	const struct linger now = { .l_onoff = 1, .l_linger = 0 };

	(void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
}

/* ---- connections ----------------------------------------------------------- */
static int
client_of(const struct link *link)
{
	return link->lane[FAULTPROXY_UP].from;
}

static int
server_of(const struct link *link)
{
	return link->lane[FAULTPROXY_UP].to;
}

static void
link_close(struct link *link)
{
	(void)close(client_of(link));
	(void)close(server_of(link));
	for (int i = 0; i < 2; i++)
		free(link->lane[i].buf);
	*link = (struct link){ .used = false };
}

static void
link_open(struct faultproxy *p)
{
	const int client = accept4(p->listen_fd, NULL, NULL,
	    SOCK_CLOEXEC | SOCK_NONBLOCK);
	struct link *link = NULL;

	if (client < 0)
		return;
	for (size_t i = 0; link == NULL && i < FAULTPROXY_LINKS; i++)
		if (!p->link[i].used)
			link = &p->link[i];
	const int server = link == NULL ? -1
	    : *p->upstream == '/' ? connect_unix(p->upstream)
	                          : connect_tcp(p->upstream);
	if (server < 0) {
		p->seen.refused++;
		rst_on_close(client);
		(void)close(client);
		return;
	}
	unblock(server);
	p->seen.connections++;
	*link = (struct link){ .used = true, .lane = {
		[FAULTPROXY_UP] = { .from = client, .to = server },
		[FAULTPROXY_DOWN] = { .from = server, .to = client,
		    .typed = true } } };
}

/* A socket that is closed with something unread sends RST, not FIN. */
static void
drain(int fd)
{
	char part[4096];

	while (read(fd, part, sizeof(part)) > 0)
		;
}

/* What a rule demands, now that everything before it has gone. */
static void
link_end(struct link *link)
{
	const enum faultproxy_way way = link->end_way;

	switch (link->end_rule.what) {
	case FAULTPROXY_RESET:
		rst_on_close(client_of(link));
		link_close(link);
		return;
	case FAULTPROXY_CLOSE:
		drain(client_of(link));
		link_close(link);
		return;
	case FAULTPROXY_HALF:
		(void)shutdown(link->lane[way].to, SHUT_WR);
		link->lane[way].shut = true;
		break;
	case FAULTPROXY_STALL:
		link->lane[way].stalled = true;
		break;
	case FAULTPROXY_DELAY:
		break;
	}
	link->lane[way].len = 0;
	link->end = NULL;
}

/* ---- one way ---------------------------------------------------------------- */
static bool
lane_reads(const struct link *link, const struct lane *lane)
{
	const bool full = lane->clear > 0 || lane->release_ms != 0;

	if (lane->eof || lane->len >= BUFFERED_MAX)
		return false;
	/* An answer that is waited for is looked at as a whole. */
	if (link->swallow)
		return !full || lane == &link->lane[FAULTPROXY_DOWN];
	return link->end == NULL && !full;
}

/* False: the connection is broken. */
static bool
lane_read(struct lane *lane)
{
	if (lane->room - lane->len < CHUNK) {
		const size_t room = lane->room * 2 + CHUNK;
		unsigned char *buf = realloc(lane->buf, room);
		if (buf == NULL)
			return false;
		lane->buf = buf;
		lane->room = room;
	}
	const ssize_t n = read(lane->from, lane->buf + lane->len, CHUNK);
	if (n < 0)
		return errno == EAGAIN || errno == EINTR;
	lane->eof = n == 0;
	lane->len += (size_t)n;
	/* As a way that was cut, or stalls: it is read and lost. */
	if (lane->stalled || lane->shut)
		lane->len = 0;
	return true;
}

static bool
lane_write(struct faultproxy *p, struct lane *lane, enum faultproxy_way way)
{
	const ssize_t n = send(lane->to, lane->buf, lane->clear, MSG_NOSIGNAL);

	if (n < 0)
		return errno == EAGAIN || errno == EINTR;
	memmove(lane->buf, lane->buf + n, lane->len - (size_t)n);
	lane->len -= (size_t)n;
	lane->clear -= (size_t)n;
	p->seen.bytes[way] += n;
	return true;
}

static void
lane_eof(struct lane *lane)
{
	if (!lane->eof || lane->len > 0 || lane->shut || lane->stalled)
		return;
	(void)shutdown(lane->to, SHUT_WR);
	lane->shut = true;
}

/* ---- the thread --------------------------------------------------------------- */
static void
link_serve(struct faultproxy *p, struct link *link, const short events[2])
{
	const int64_t now = faultproxy_now_ms();

	for (int way = 0; way < 2; way++) {
		struct lane *lane = &link->lane[way];
		if (lane->release_ms != 0 && now >= lane->release_ms)
			lane->release_ms = 0;
		if ((events[way] & (POLLIN | POLLHUP | POLLERR)) != 0 &&
		    lane_reads(link, lane) && !lane_read(lane)) {
			/* Its end as the other side saw it. */
			rst_on_close(lane->to);
			link_close(link);
			return;
		}
		faultproxy_judge(p, link, (enum faultproxy_way)way);
		if (lane->clear > 0 && lane->release_ms == 0 &&
		    !lane_write(p, lane, (enum faultproxy_way)way)) {
			link_close(link);
			return;
		}
		lane_eof(lane);
	}
	const struct lane *up = &link->lane[FAULTPROXY_UP];
	const struct lane *down = &link->lane[FAULTPROXY_DOWN];
	if (link->end != NULL && !link->swallow && up->clear == 0 &&
	    down->clear == 0)
		link_end(link);
	else if (up->shut && down->shut && up->eof && down->eof)
		link_close(link);
}

/* Where to wait for whom: client and server of each connection. */
static int
poll_fill(const struct faultproxy *p, struct pollfd *fds)
{
	const int64_t now = faultproxy_now_ms();
	int64_t wait = 1000;

	fds[0] = (struct pollfd){ p->wake_fd, POLLIN, 0 };
	fds[1] = (struct pollfd){ p->listen_fd, POLLIN, 0 };
	for (size_t i = 0; i < FAULTPROXY_LINKS; i++) {
		const struct link *link = &p->link[i];
		struct pollfd *at = fds + 2 + 2 * i;
		at[0] = at[1] = (struct pollfd){ -1, 0, 0 };
		for (int way = 0; link->used && way < 2; way++) {
			const struct lane *lane = &link->lane[way];
			const int64_t until = lane->release_ms != 0
			    ? lane->release_ms : lane->hold_ms;
			if (lane_reads(link, lane))
				at[way].events |= POLLIN;
			if (lane->clear > 0 && lane->release_ms == 0)
				at[!way].events |= POLLOUT;
			if (until != 0 && until - now < wait)
				wait = until > now ? until - now : 0;
		}
		if (at[0].events != 0)
			at[0].fd = client_of(link);
		if (at[1].events != 0)
			at[1].fd = server_of(link);
	}
	return (int)wait;
}

static void *
serve(void *arg)
{
	struct faultproxy *p = arg;
	static _Thread_local struct pollfd fds[2 + 2 * FAULTPROXY_LINKS];

	for (;;) {
		(void)pthread_mutex_lock(&p->lock);
		const bool closing = p->closing;
		const int wait = poll_fill(p, fds);
		(void)pthread_mutex_unlock(&p->lock);
		if (closing)
			return NULL;
		(void)poll(fds, sizeof(fds) / sizeof(fds[0]), wait);
		(void)pthread_mutex_lock(&p->lock);
		for (size_t i = 0; i < FAULTPROXY_LINKS; i++)
			if (p->link[i].used)
				link_serve(p, &p->link[i], (const short[]){
				    fds[2 + 2 * i].revents,
				    fds[3 + 2 * i].revents });
		if (fds[1].revents != 0)
			link_open(p);
		(void)pthread_mutex_unlock(&p->lock);
	}
}

/* ---- interface ------------------------------------------------------------------ */
struct faultproxy *
faultproxy_open(const char *upstream, enum faultproxy_mode mode)
{
	struct faultproxy *p = calloc(1, sizeof(*p));
	struct sockaddr_in addr;
	socklen_t len = sizeof(addr);
	sigset_t all, old;

	assert_non_null(p);
	p->mode = mode;
	assert_in_range(snprintf(p->upstream, sizeof(p->upstream), "%s",
	    upstream), 1, sizeof(p->upstream) - 1);
	p->listen_fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC |
	    SOCK_NONBLOCK, 0);
	p->wake_fd = eventfd(0, EFD_CLOEXEC);
	loopback(&addr, 0);
	assert_true(p->listen_fd >= 0 && p->wake_fd >= 0 &&
	    bind(p->listen_fd, (struct sockaddr *)&addr, len) == 0 &&
	    listen(p->listen_fd, FAULTPROXY_LINKS) == 0 &&
	    getsockname(p->listen_fd, (struct sockaddr *)&addr, &len) == 0);
	p->port = ntohs(addr.sin_port);
	assert_int_equal(pthread_mutex_init(&p->lock, NULL), 0);
	/* Signals are the test's. */
	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &old);
	assert_int_equal(pthread_create(&p->thread, NULL, serve, p), 0);
	(void)pthread_sigmask(SIG_SETMASK, &old, NULL);
	return p;
}

/* The thread looks at what was changed. */
static void
wake(const struct faultproxy *p)
{
	const uint64_t one = 1;

	(void)!write(p->wake_fd, &one, sizeof(one));
}

void
faultproxy_close(struct faultproxy *p)
{
	if (p == NULL)
		return;
	(void)pthread_mutex_lock(&p->lock);
	p->closing = true;
	(void)pthread_mutex_unlock(&p->lock);
	wake(p);
	(void)pthread_join(p->thread, NULL);
	for (size_t i = 0; i < FAULTPROXY_LINKS; i++)
		if (p->link[i].used)
			link_close(&p->link[i]);
	(void)close(p->listen_fd);
	(void)close(p->wake_fd);
	(void)pthread_mutex_destroy(&p->lock);
	free(p);
}

int
faultproxy_port(const struct faultproxy *p)
{
	return p->port;
}

void
faultproxy_rule(struct faultproxy *p, const struct faultproxy_rule *rule)
{
	/* What could never happen is no rule. */
	assert_true(rule->when != FAULTPROXY_REPLY ||
	    rule->way == FAULTPROXY_UP);
	assert_true(p->mode == FAULTPROXY_PGSQL ? rule->bytes == 0
	                                        : rule->message == 0);
	assert_true(rule->text == NULL || *rule->text != '\0');
	(void)pthread_mutex_lock(&p->lock);
	assert_in_range(p->n, 0, FAULTPROXY_RULES - 1);
	for (size_t i = 0; i < FAULTPROXY_LINKS; i++)
		p->link[i].met[p->n] = false;
	p->armed[p->n++] = (struct armed){ .rule = *rule };
	(void)pthread_mutex_unlock(&p->lock);
}

void
faultproxy_calm(struct faultproxy *p)
{
	(void)pthread_mutex_lock(&p->lock);
	p->n = 0;
	(void)pthread_mutex_unlock(&p->lock);
}

struct faultproxy_seen
faultproxy_seen(struct faultproxy *p)
{
	(void)pthread_mutex_lock(&p->lock);
	const struct faultproxy_seen seen = p->seen;
	(void)pthread_mutex_unlock(&p->lock);
	return seen;
}
