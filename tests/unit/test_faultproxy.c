/* faultproxy.c over bytes, against a server of lines on TCP and on a Unix
 * socket.  Its messages of PostgreSQL: test_dbfaults.c. */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "faultproxy.h"
#include "tmpdir.h"

/* ---- the server: answers "done N\n" to each line, one client at a time ----- */
static struct {
	pthread_t thread;
	pthread_mutex_t lock;
	int listen_fd;
	char upstream[600], got[4096];	/* got: all bytes of all clients */
	size_t n;
	int lines, ends;		/* ends of file seen */
} server = { .lock = PTHREAD_MUTEX_INITIALIZER };

static void
take(int fd, const char *part, size_t n)
{
	char answer[32];

	(void)pthread_mutex_lock(&server.lock);
	for (size_t i = 0; i < n; i++) {
		assert_true(server.n < sizeof(server.got) - 1);
		server.got[server.n++] = part[i];
		if (part[i] != '\n')
			continue;
		const int len = snprintf(answer, sizeof(answer), "done %d\n",
		    ++server.lines);
		(void)!send(fd, answer, (size_t)len, MSG_NOSIGNAL);
	}
	server.got[server.n] = '\0';
	(void)pthread_mutex_unlock(&server.lock);
}

static void *
serve(void *arg)
{
	char part[256];
	int fd;

	(void)arg;
	while ((fd = accept(server.listen_fd, NULL, NULL)) >= 0) {
		ssize_t n;
		while ((n = read(fd, part, sizeof(part))) > 0)
			take(fd, part, (size_t)n);
		(void)pthread_mutex_lock(&server.lock);
		server.ends += n == 0;
		(void)pthread_mutex_unlock(&server.lock);
		(void)close(fd);
	}
	return NULL;
}

static void
server_start(bool by_path)
{
	struct sockaddr_in in = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	socklen_t len = sizeof(in);

	server.n = 0;
	server.got[0] = '\0';
	server.lines = server.ends = 0;
	server.listen_fd = socket(by_path ? AF_UNIX : AF_INET,
	    SOCK_STREAM | SOCK_CLOEXEC, 0);
	(void)snprintf(server.upstream, sizeof(server.upstream), "%s",
	    tmpdir_path("socket"));
	(void)unlink(server.upstream);
	(void)snprintf(un.sun_path, sizeof(un.sun_path), "%.100s",
	    server.upstream);
	assert_int_equal(by_path ? bind(server.listen_fd, (void *)&un,
	    sizeof(un)) : bind(server.listen_fd, (void *)&in, sizeof(in)), 0);
	assert_int_equal(listen(server.listen_fd, 8), 0);
	if (!by_path) {
		assert_int_equal(getsockname(server.listen_fd, (void *)&in,
		    &len), 0);
		(void)snprintf(server.upstream, sizeof(server.upstream),
		    "127.0.0.1:%d", ntohs(in.sin_port));
	}
	assert_int_equal(pthread_create(&server.thread, NULL, serve, NULL), 0);
}

static void
server_stop(void)
{
	(void)shutdown(server.listen_fd, SHUT_RDWR);
	(void)pthread_join(server.thread, NULL);
	(void)close(server.listen_fd);
}

/* What the server has of all that was sent; waits for so many bytes. */
static const char *
server_got(size_t n)
{
	static char got[sizeof(server.got)];

	for (int i = 0; i < 400; i++) {
		(void)pthread_mutex_lock(&server.lock);
		memcpy(got, server.got, server.n + 1);
		const bool enough = server.n >= n;
		(void)pthread_mutex_unlock(&server.lock);
		if (enough)
			break;
		(void)poll(NULL, 0, 5);
	}
	return got;
}

/* ---- the client -------------------------------------------------------------- */
static struct faultproxy *proxy;

static int
dial(void)
{
	struct sockaddr_in addr = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)faultproxy_port(proxy)),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	const struct timeval limit = { 5, 0 };
	const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit,
	    sizeof(limit)) == 0);
	assert_int_equal(connect(fd, (void *)&addr, sizeof(addr)), 0);
	return fd;
}

static void
say(int fd, const char *text)
{
	assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL),
	    strlen(text));
}

/* Up to so many bytes; then how it ended: "|" file, "!" reset, "?" nothing
 * came for a while. */
static const char *
hear(int fd, size_t n, int wait_ms)
{
	static char text[256];
	size_t len = 0;

	while (len < n) {
		struct pollfd p = { fd, POLLIN, 0 };
		char end = '?';
		ssize_t got = -1;
		if (poll(&p, 1, wait_ms) == 1) {
			got = read(fd, text + len, n - len);
			end = got == 0 ? '|' : '!';
		}
		if (got <= 0) {
			text[len++] = end;
			break;
		}
		len += (size_t)got;
	}
	text[len] = '\0';
	return text;
}

static int64_t
now_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static int
setup(void **state)
{
	(void)state;
	server_start(false);
	proxy = faultproxy_open(server.upstream, FAULTPROXY_RAW);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	faultproxy_close(proxy);
	server_stop();
	return 0;
}

/* ---- without a rule: a wire ---------------------------------------------------- */
static void
talk(void)
{
	const int fd = dial();

	say(fd, "one\n");
	assert_string_equal(hear(fd, 7, 2000), "done 1\n");
	say(fd, "two\nthr");
	assert_string_equal(hear(fd, 7, 2000), "done 2\n");
	say(fd, "ee\n");
	assert_string_equal(hear(fd, 7, 2000), "done 3\n");
	(void)shutdown(fd, SHUT_WR);
	assert_string_equal(hear(fd, 9, 2000), "|");
	(void)close(fd);
	assert_string_equal(server_got(14), "one\ntwo\nthree\n");
	const struct faultproxy_seen seen = faultproxy_seen(proxy);
	assert_int_equal(seen.connections, 1);
	assert_int_equal(seen.bytes[FAULTPROXY_UP], 14);
	assert_int_equal(seen.bytes[FAULTPROXY_DOWN], 21);
	assert_int_equal(seen.fired, 0);
}

static void
test_wire(void **state)
{
	(void)state;
	talk();
}

static void
test_unix_socket(void **state)
{
	(void)state;
	(void)teardown(NULL);
	server_start(true);
	proxy = faultproxy_open(server.upstream, FAULTPROXY_RAW);
	talk();
}

static void
test_nobody_behind(void **state)
{
	(void)state;
	(void)teardown(NULL);
	proxy = faultproxy_open("127.0.0.1:1", FAULTPROXY_RAW);
	const int fd = dial();
	assert_string_equal(hear(fd, 9, 2000), "!");
	(void)close(fd);
	assert_int_equal(faultproxy_seen(proxy).refused, 1);
	server_start(false);
}

/* ---- one rule each: what the client hears, what the server got ------------------ */
#define U .way = FAULTPROXY_UP
#define D .way = FAULTPROXY_DOWN
#define BEFORE .when = FAULTPROXY_BEFORE
#define AFTER .when = FAULTPROXY_AFTER
#define REPLY .when = FAULTPROXY_REPLY
#define CLOSE .what = FAULTPROXY_CLOSE
#define RESET .what = FAULTPROXY_RESET
#define HALF .what = FAULTPROXY_HALF
#define STALL .what = FAULTPROXY_STALL

static const struct one {
	const char *name;
	struct faultproxy_rule rule;
	const char *hears, *got;
} ones[] = {
	{ "up, 0 bytes", { U, BEFORE, CLOSE }, "|", "" },
	{ "up, 5 bytes", { U, BEFORE, CLOSE, .bytes = 5 }, "done 1\n|",
	    "one\nt" },
	{ "up, all bytes", { U, BEFORE, CLOSE, .bytes = 8 }, "done 1\n",
	    "one\ntwo\n" },
	{ "up, never so many", { U, BEFORE, RESET, .bytes = 900 },
	    "done 1\ndone 2\n", "one\ntwo\n" },
	{ "down, 3 bytes", { D, BEFORE, CLOSE, .bytes = 3 }, "don|", "one\n" },
	{ "down, 9 bytes", { D, BEFORE, CLOSE, .bytes = 9 }, "done 1\ndo|",
	    "one\ntwo\n" },
	{ "reset", { U, BEFORE, RESET, .bytes = 5 }, "done 1\n!", "one\nt" },
	{ "text before", { U, BEFORE, RESET, .text = "two" }, "done 1\n!",
	    "one\n" },
	{ "text after", { U, AFTER, CLOSE, .text = "two\n" }, "done 1\n",
	    "one\ntwo\n" },
	{ "done, reply lost", { U, REPLY, CLOSE, .text = "two\n" },
	    "done 1\n|", "one\ntwo\n" },
	{ "done, reply lost, reset", { U, REPLY, RESET, .text = "two\n" },
	    "done 1\n!", "one\ntwo\n" },
	{ "the second only", { U, BEFORE, CLOSE, .text = "o", .nth = 2 },
	    "done 1\n|", "one\ntw" },
	{ "a third is not there", { U, BEFORE, CLOSE, .text = "o", .nth = 3 },
	    "done 1\ndone 2\n", "one\ntwo\n" },
	{ "text down", { D, BEFORE, CLOSE, .text = " 2" }, "done 1\ndone|",
	    "one\ntwo\n" },
	{ "half, to the client", { D, BEFORE, HALF, .text = "done 2" },
	    "done 1\n|", "one\ntwo\n" },
	{ "half, to the server", { U, BEFORE, HALF, .text = "two" },
	    "done 1\n|", "one\n" },
	{ "stall", { U, BEFORE, STALL, .text = "two" }, "done 1\n?", "one\n" },
};

static void
one_check(const struct one *one)
{
	(void)setup(NULL);
	faultproxy_rule(proxy, &one->rule);
	const int fd = dial();
	say(fd, "one\n");
	char heard[600];
	(void)snprintf(heard, sizeof(heard), "%s", hear(fd, 7, 3000));
	if (strcmp(heard, "done 1\n") == 0) {
		say(fd, "two\n");
		(void)snprintf(heard + 7, sizeof(heard) - 7, "%s",
		    hear(fd, 7, one->rule.what == FAULTPROXY_STALL ? 150
		                                                   : 3000));
	}
	if (strncmp(heard, one->hears, strlen(one->hears)) != 0 ||
	    strcmp(server_got(strlen(one->got)), one->got) != 0)
		fail_msg("%s: heard \"%s\", the server got \"%s\"", one->name,
		    heard, server_got(0));
	const bool never = strstr(one->name, "never") != NULL ||
	    strstr(one->name, "not there") != NULL;
	assert_int_equal(faultproxy_seen(proxy).fired, never ? 0 : 1);
	(void)close(fd);
	(void)teardown(NULL);
}

static void
test_rules(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(ones) / sizeof(ones[0]); i++)
		one_check(&ones[i]);
}

/* The way that lives on after half an end. */
static void
test_half_lives(void **state)
{
	(void)state;
	faultproxy_rule(proxy, &(struct faultproxy_rule){ D, HALF,
	    .bytes = 7 });
	const int fd = dial();
	say(fd, "one\n");
	assert_string_equal(hear(fd, 20, 2000), "done 1\n|");
	say(fd, "two\n");
	assert_string_equal(server_got(8), "one\ntwo\n");
	(void)close(fd);
}

static void
test_delay(void **state)
{
	(void)state;
	faultproxy_rule(proxy, &(struct faultproxy_rule){ U, .text = "two",
	    .what = FAULTPROXY_DELAY, .delay_ms = 200 });
	const int fd = dial();
	const int64_t begin = now_ms();
	say(fd, "one\n");
	assert_string_equal(hear(fd, 7, 2000), "done 1\n");
	assert_in_range(now_ms() - begin, 0, 150);
	say(fd, "two\n");
	assert_string_equal(hear(fd, 7, 2000), "done 2\n");
	assert_in_range(now_ms() - begin, 200, 2000);
	(void)close(fd);
}

/* A text is found over the borders of what arrives; its begin alone waits for
 * a moment only. */
static void
test_text_in_pieces(void **state)
{
	(void)state;
	faultproxy_rule(proxy, &(struct faultproxy_rule){ U, BEFORE, CLOSE,
	    .text = "COMMIT" });
	const int fd = dial();
	say(fd, "COM\n");
	assert_string_equal(hear(fd, 7, 2000), "done 1\n");
	say(fd, "CO");
	assert_string_equal(server_got(6), "COM\nCO");
	(void)close(fd);
	const int other = dial();
	say(other, "xCOMM");
	(void)poll(NULL, 0, 5);
	say(other, "IT\n");
	assert_string_equal(hear(other, 7, 2000), "|");
	(void)close(other);
	assert_string_equal(server_got(7), "COM\nCOx");
}

/* Each from the nth on, over connections; a calm proxy is a wire again. */
static void
test_again_and_calm(void **state)
{
	(void)state;
	faultproxy_rule(proxy, &(struct faultproxy_rule){ U, BEFORE, RESET,
	    .text = "\n", .nth = 2, .again = true });
	for (int i = 0; i < 4; i++) {
		const int fd = dial();
		if (i == 3)
			faultproxy_calm(proxy);
		say(fd, "x\n");
		assert_string_equal(hear(fd, 7, 2000), i == 0 ? "done 1\n"
		    : i == 3 ? "done 2\n" : "!");
		(void)close(fd);
	}
	assert_int_equal(faultproxy_seen(proxy).fired, 2);
	assert_int_equal(faultproxy_seen(proxy).connections, 4);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_wire, setup, teardown),
		cmocka_unit_test_setup_teardown(test_unix_socket, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(test_nobody_behind, setup,
		    teardown),
		cmocka_unit_test(test_rules),
		cmocka_unit_test_setup_teardown(test_half_lives, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(test_delay, setup, teardown),
		cmocka_unit_test_setup_teardown(test_text_in_pieces, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(test_again_and_calm, setup,
		    teardown),
	};

	return cmocka_run_group_tests(tests, tmpdir_make, tmpdir_remove);
}
