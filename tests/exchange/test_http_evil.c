/*
 * Servers and surroundings that mean ill: foreign next pages, bodies without
 * end, bytes that trickle, a hostile environment, names that lead into the
 * house.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "clock.h"
#include "http.h"
#include "http_file.h"
#include "simhttpd.h"
#include "url.h"
#include "scratch.h"
#include "zipmake.h"

static struct http_settings
quick(void)
{
	struct http_settings s = http_defaults;

	s.tries = 1;
	s.connect_timeout_s = s.answer_timeout_s = 20;
	s.breaker.in_a_row = 0;
	return s;
}

static struct http *
engine(const struct http_settings *settings)
{
	struct http *http = NULL;

	assert_true(http_open(settings, NULL, &http, NULL));
	return http;
}

static struct simhttpd *
serve(const struct sim_reply *script, size_t n)
{
	struct simhttpd *sim = simhttpd_start(script, n);

	assert_non_null(sim);
	return sim;
}

/* ---- the next page --------------------------------------------------------- */
/* P = port of our server, F = of the foreign one. */
static const char *const offers[] = {
	"http://127.0.0.1:F/v1/x", "http://127.0.0.1:F/v1/x?page=2",
	"//127.0.0.1:F/v1/x", "///127.0.0.1:F/v1/x", "////127.0.0.1:F/v1/x",
	"\\\\127.0.0.1:F/v1/x", "/\\127.0.0.1:F/v1/x", "\\/127.0.0.1:F/v1/x",
	"http:\\\\127.0.0.1:F/v1/x", "http:/127.0.0.1:F/v1/x",
	"http:127.0.0.1:F/v1/x", "http:///127.0.0.1:F/v1/x",
	"HTTP://127.0.0.1:F/v1/x", "https://127.0.0.1:F/v1/x",
	"ftp://127.0.0.1:F/v1/x", "gopher://127.0.0.1:F/v1/x",
	"file:///etc/passwd", "javascript:alert(1)",
	"http://127.0.0.1:P@127.0.0.1:F/v1/x",
	"http://127.0.0.1@127.0.0.1:F/v1/x",
	"http://127.0.0.1:P:F/v1/x", "http://127.0.0.1:PF/v1/x",
	"http://127.0.0.1:P\\@127.0.0.1:F/v1/x",
	"http://127.0.0.1:P#@127.0.0.1:F/v1/x",
	"http://127.0.0.1:P?@127.0.0.1:F/v1/x",
	"http://127.0.0.1:P/@127.0.0.1:F/v1/x",
	"http://127.0.0.1:F#127.0.0.1:P/v1/x",
	"http://127.0.0.1:F?http://127.0.0.1:P/v1/x",
	"http://localhost:F/v1/x", "http://localhost:P/v1/x",
	"http://x.localhost:F/v1/x", "http://127.0.0.1.x.localhost:F/v1/x",
	"http://2130706433:F/v1/x", "http://0x7f000001:F/v1/x",
	"http://0177.0.0.1:F/v1/x", "http://127.1:F/v1/x",
	"http://127.1:P/v1/x", "http://127.0.0.2:F/v1/x",
	"http://127.0.0.1.:F/v1/x", "http://127.0.0.1.:P/v1/x",
	"http://[::1]:F/v1/x", "http://[::ffff:127.0.0.1]:F/v1/x",
	"http://127.0.0.1%2f:F/v1/x", "http://127。0。0。1:F/v1/x",
	"http://127.0.0.1:F /v1/x", " http://127.0.0.1:F/v1/x",
	"\thttp://127.0.0.1:F/v1/x", "http://127.0.0.1:F/v1/x\r\nX: y",
	"/v1/x\r\nHost: 127.0.0.1:F", "http://127.0.0.1:0F/v1/x",
	"http://127.0.0.1:+F/v1/x", "http://user:pw@127.0.0.1:P/v1/x",
	"/v1/../admin", "/v1/%2e%2e/admin", "/v1/..%2fadmin", "/v1/..;/admin",
	"../admin", "/admin", "/v10/x", "/", "#", "", "/v1/x#frag",
	"/v1/first", "?", "http://127.0.0.1:P/v1/first",
};

static char *
with_ports(const char *offer, int ours, int foreign)
{
	char *out = arena_alloc(arena, strlen(offer) * 6 + 1), *p = out;

	assert_non_null(out);
	for (; *offer != '\0'; offer++) {
		if (*offer == 'P')
			p += snprintf(p, 6, "%d", ours);
		else if (*offer == 'F')
			p += snprintf(p, 6, "%d", foreign);
		else
			*p++ = *offer;
	}
	return out;
}

static const char *const keys[][2] = { { "X-Api-Key", "canary" },
	{ "Authorization", "Bearer canary" }, { NULL, NULL } };

/* What a connector does with a page: read it, ask url_next, read that. */
static bool
follow(struct http *http, const char *base, const char *current,
    const char *offered)
{
	struct http_req req = { .method = "GET", .headers = keys,
		.repeatable = true };
	struct http_res res;
	struct err err;

	req.url = base == NULL ? offered
			       : url_next(arena, base, current, offered, &err);
	if (req.url == NULL) {
		assert_int_equal(err.kind, ERR_PROTOCOL);
		return false;
	}
	(void)!http_do(http, &req, arena, &res, &err);
	return true;
}

static void
test_next_pages(void **state)
{
	static const struct sim_reply ours[] = { { .status = 200,
		.repeat = 1000 } };
	static const struct sim_reply theirs[] = { { .status = 200,
		.repeat = 1000 } };
	struct http_settings s = quick();
	struct simhttpd *sim = serve(ours, 1), *foreign = serve(theirs, 1);
	struct simhttpd *control = serve(theirs, 1);
	const char *base = arena_printf(arena, "%s/v1", simhttpd_url(sim));
	const char *current = arena_printf(arena, "%s/first", base);
	size_t n = 0, caught = 0;

	(void)state;
	s.connect_timeout_s = s.answer_timeout_s = 2;
	struct http *http = engine(&s);
	for (size_t i = 0; i < ARRAY_LEN(offers); i++, n++)
		if (follow(http, base, current, with_ports(offers[i],
		    simhttpd_port(sim), simhttpd_port(foreign))))
			fail_msg("followed: %s", offers[i]);
	/* Longer than any address. */
	char *end = arena_alloc(arena, 65537);
	memset(end, 'a', 65536);
	memcpy(end, "/v1/", 4);
	assert_false(follow(http, base, current, end));
	assert_int_equal(simhttpd_bytes(foreign), 0);
	assert_int_equal(simhttpd_requests(sim), 0);
	assert_true(follow(http, base, current, "/v1/x?page=2"));
	assert_int_equal(simhttpd_requests(sim), 1);
	assert_non_null(strstr(simhttpd_request(sim, 0), "canary"));
	/* Control: without the question the key does leave. */
	for (size_t i = 0; i < ARRAY_LEN(offers); i++) {
		const size_t before = simhttpd_bytes(control);
		(void)follow(http, NULL, NULL, with_ports(offers[i],
		    simhttpd_port(sim), simhttpd_port(control)));
		caught += simhttpd_bytes(control) > before;
	}
	assert_true(n >= 40);
	assert_true(caught >= 10);
	print_message("# %zu hostile next pages, 0 bytes at the foreign "
	    "listener; %zu of them reach it unasked\n", n + 1, caught);
	http_close(http);
	simhttpd_stop(control);
	simhttpd_stop(foreign);
	simhttpd_stop(sim);
}

/* Not a redirect either, whatever its address. */
static void
test_redirects(void **state)
{
	struct sim_reply script[ARRAY_LEN(offers)];
	const struct http_settings s = quick();
	struct simhttpd *foreign = serve(NULL, 0);
	struct http *http = engine(&s);
	size_t n = 0;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(offers); i++) {
		static const int statuses[] = { 301, 302, 303, 307, 308 };
		const char *to = with_ports(offers[i], 1,
		    simhttpd_port(foreign));
		if (strpbrk(to, "\r\n") != NULL)
			continue;
		script[n++] = (struct sim_reply){
			.status = statuses[i % ARRAY_LEN(statuses)],
			.headers = arena_printf(arena, "Location: %s\r\n",
			    to) };
	}
	struct simhttpd *sim = serve(script, n);
	const struct http_req req = { .method = "GET", .headers = keys,
		.url = simhttpd_url(sim), .repeatable = true };
	for (size_t i = 0; i < n; i++) {
		struct http_res res;
		assert_true(http_do(http, &req, arena, &res, NULL));
		assert_int_equal(http_classify(&res), HTTP_MISCONFIGURED);
	}
	assert_int_equal(simhttpd_bytes(foreign), 0);
	assert_null(simhttpd_problem(sim, true));
	http_close(http);
	simhttpd_stop(sim);
	simhttpd_stop(foreign);
}

/* ---- no end in sight -------------------------------------------------------- */
#define OK "HTTP/1.1 200 OK\r\n"
#define LONG "Content-Length: 999999999999\r\n"

static const struct {
	const char *name;
	struct sim_reply reply;
	enum err_kind kind;	/* of http_do */
} evils[] = {
	{ "body without a length", { .raw = OK "\r\n", .mode = SIM_ENDLESS },
	    ERR_PROTOCOL },
	{ "body of a terabyte", { .raw = OK LONG "\r\n", .mode = SIM_ENDLESS },
	    ERR_PROTOCOL },
	{ "one chunk of a terabyte", { .raw = OK
	    "Transfer-Encoding: chunked\r\n\r\nffffffffff\r\n",
	    .mode = SIM_ENDLESS }, ERR_PROTOCOL },
	{ "refusal without end", { .raw = "HTTP/1.1 404 No\r\n\r\n",
	    .mode = SIM_ENDLESS }, ERR_PROTOCOL },
	{ "header without end", { .raw = OK "X: ", .mode = SIM_ENDLESS },
	    ERR_RETRY },
	{ "status line without end", { .raw = "HTTP/1.1 200 ",
	    .mode = SIM_ENDLESS }, ERR_RETRY },
	{ "no HTTP without end", { .raw = "x", .mode = SIM_ENDLESS },
	    ERR_RETRY },
	{ "chunk size without end", { .raw = OK
	    "Transfer-Encoding: chunked\r\n\r\n0000000000",
	    .mode = SIM_ENDLESS }, ERR_RETRY },
	{ "status line that trickles", { .raw = OK LONG "\r\n",
	    .mode = SIM_SLOW, .delay_ms = 200 }, ERR_RETRY },
	{ "body that trickles", { .raw = OK LONG "\r\n{\"a\":",
	    .mode = SIM_SLOW, .delay_ms = 20 }, ERR_RETRY },
	{ "body that stands still", { .raw = OK LONG "\r\n{\"a\":",
	    .mode = SIM_CUT_HANG, .cut = 60 }, ERR_RETRY },
	{ "header that stands still", { .raw = OK LONG "\r\n{\"a\":",
	    .mode = SIM_CUT_HANG, .cut = 30 }, ERR_RETRY },
	{ "nothing", { .mode = SIM_HANG }, ERR_RETRY },
	{ "interim answers only", { .raw = "HTTP/1.1 103 x\r\n\r\n"
	    "HTTP/1.1 103 x\r\n\r\nHTTP/1.1 103 x\r\n\r\n",
	    .mode = SIM_CUT_HANG, .cut = 999 }, ERR_RETRY },
};

static void
one_evil(size_t i)
{
	struct http_settings s = quick();
	struct simhttpd *sim = serve(&evils[i].reply, 1);
	const struct http_req req = { .method = "GET", .repeatable = true,
		.url = simhttpd_url(sim) };
	struct http_res res;
	struct err err;

	/* Endless ones end by their size, not by the clock. */
	s.answer_timeout_s = evils[i].kind == ERR_PROTOCOL ? 60 : 1;
	s.low_speed_s = 1;
	struct http *http = engine(&s);
	const int64_t start = clock_boottime_ms();
	if (http_do(http, &req, arena, &res, &err))
		fail_msg("%s: taken", evils[i].name);
	const int64_t took = clock_boottime_ms() - start;
	if (err.kind != evils[i].kind || took > 30000)
		fail_msg("%s: %s after %lld ms: %s", evils[i].name,
		    err_kind_name(err.kind), (long long)took, err.msg);
	http_close(http);
	simhttpd_stop(sim);
}

static void
check_memory(void)
{
	struct rusage use;

	assert_int_equal(getrusage(RUSAGE_SELF, &use), 0);
	/* KiB; the sanitizer keeps what was freed. */
	assert_true(WITH_ASAN || use.ru_maxrss < 128 * 1024);
}

static void
test_no_end(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(evils); i++)
		one_evil(i);
	check_memory();
	print_message("# %zu evil servers, each ended\n", ARRAY_LEN(evils));
}

/* Not asked for, so not unpacked: a bomb stays as small as it came. */
static void
test_no_unpacking(void **state)
{
	static const struct sim_reply script[] = { { .status = 200,
		.headers = "Content-Encoding: gzip\r\n",
		.body = "\x1f\x8b\x08 any bytes" } };
	const struct http_settings s = quick();
	struct simhttpd *sim = serve(script, 1);
	struct http *http = engine(&s);
	const struct http_req req = { .method = "GET", .repeatable = true,
		.url = simhttpd_url(sim) };
	struct http_res res;

	(void)state;
	assert_true(http_do(http, &req, arena, &res, NULL));
	assert_string_equal(res.body, script[0].body);
	assert_null(strcasestr(simhttpd_request(sim, 0), "Accept-Encoding"));
	http_close(http);
	simhttpd_stop(sim);
}

/* Asked for: unpacked, up to the ceiling and no byte further. */
static void
test_unpacking(void **state)
{
	static char zeros[64 << 20];
	struct http_settings s = quick();
	struct buf small, bomb;

	(void)state;
	buf_init(&small, 4096);
	buf_init(&bomb, 1 << 20);
	zipmake_gzip(&small, "{\"a\":1}", 7);
	zipmake_gzip(&bomb, zeros, sizeof(zeros));
	const struct sim_reply script[] = {
		{ .headers = "Content-Encoding: gzip\r\n", .body = small.s,
		    .body_len = small.len },
		{ .headers = "Content-Encoding: gzip\r\n", .body = bomb.s,
		    .body_len = bomb.len },
		{ .headers = "Content-Encoding: gzip\r\n",
		    .body = "{\"a\":1, \"b\":2, \"c\":3}" },
		{ .body = "plain" }, { .body = "plain" } };
	struct simhttpd *sim = serve(script, ARRAY_LEN(script));
	struct http *http = engine(&s);
	const struct http_req req = { .method = "GET", .gzip = true,
		.url = simhttpd_url(sim) };
	struct http_res res;
	struct rusage before, after;
	struct err err;

	assert_in_range(bomb.len, 1, 1 << 20);
	assert_true(http_do(http, &req, arena, &res, NULL));
	assert_string_equal(res.body, "{\"a\":1}");
	assert_non_null(strcasestr(simhttpd_request(sim, 0),
	    "Accept-Encoding: gzip\r\n"));
	(void)getrusage(RUSAGE_SELF, &before);
	assert_false(http_do(http, &req, arena, &res, &err));
	(void)getrusage(RUSAGE_SELF, &after);
	assert_int_equal(err.kind, ERR_PROTOCOL);
	assert_string_equal(err.msg, "GET /: the answer is too large");
	assert_true(after.ru_maxrss - before.ru_maxrss < 24 << 10);
	assert_false(http_do(http, &req, arena, &res, &err));
	assert_int_equal(res.phase, HTTP_ANSWER_CUT);
	assert_true(http_do(http, &req, arena, &res, NULL));
	assert_string_equal(res.body, "plain");
	http_close(http);
	/* Switched off in the configuration. */
	s.gzip = false;
	http = engine(&s);
	assert_true(http_do(http, &req, arena, &res, NULL));
	assert_null(strcasestr(simhttpd_request(sim, 4), "Accept-Encoding"));
	http_close(http);
	simhttpd_stop(sim);
	buf_free(&small);
	buf_free(&bomb);
}

/* ---- the environment -------------------------------------------------------- */
static char dir[64];

static char *
below(const char *name)
{
	return arena_printf(arena, "%s/%s", dir, name);
}

static void
write_file(const char *name, const char *text)
{
	FILE *f = fopen(below(name), "w");

	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

/* $ stands for the hostile proxy's address, @ for the directory. */
static const char *const hostile[][2] = {
	{ "http_proxy", "$" }, { "HTTP_PROXY", "$" }, { "https_proxy", "$" },
	{ "HTTPS_PROXY", "$" }, { "ftp_proxy", "$" }, { "FTP_PROXY", "$" },
	{ "all_proxy", "$" }, { "ALL_PROXY", "$" }, { "All_Proxy", "$" },
	{ "no_proxy", "x" }, { "NO_PROXY", "x" }, { "NETRC", "@/netrc" },
	{ "SSLKEYLOGFILE", "@/keys" }, { "CURL_CA_BUNDLE", "@/netrc" },
	{ "CURL_HOME", "@" }, { "CURL_SSL_BACKEND", "none" },
	{ "SSL_CERT_FILE", "@/netrc" }, { "SSL_CERT_DIR", "@" },
	{ "OPENSSL_CONF", "@/netrc" }, { "OPENSSL_MODULES", "@" },
	{ "OPENSSL_ENGINES", "@" }, { "HOSTALIASES", "@/aliases" },
	{ "RES_OPTIONS", "timeout:1" }, { "LOCALDOMAIN", "evil.example" },
	{ "LD_PRELOAD", "@/evil.so" }, { "LD_LIBRARY_PATH", "@" },
	{ "MALLOC_CHECK_", "7" }, { "GCONV_PATH", "@" },
};

static void
set_hostile(const char *proxy)
{
	for (size_t i = 0; i < ARRAY_LEN(hostile); i++) {
		const char *v = hostile[i][1];
		if (*v == '$')
			v = proxy;
		else if (*v == '@')
			v = arena_printf(arena, "%s%s", dir, v + 1);
		assert_int_equal(setenv(hostile[i][0], v, 1), 0);
	}
}

static void
test_environment(void **state)
{
	static const struct sim_reply script[] = { { .status = 200,
		.repeat = 1 } };
	const struct http_settings s = quick();
	const char *home = getenv("HOME");
	struct simhttpd *proxy = serve(NULL, 0), *sim = serve(script, 1);
	const struct http_req req = { .method = "GET", .repeatable = true,
		.url = simhttpd_url(sim) };
	struct http_res res;

	(void)state;
	(void)snprintf(dir, sizeof(dir), "/tmp/npsync-envXXXXXX");
	assert_non_null(mkdtemp(dir));
	write_file("netrc", "default login canary password canary\n");
	write_file(".netrc", "default login canary password canary\n");
	write_file("aliases", "api evil.example\n");
	struct http *http = engine(&s);
	assert_true(http_do(http, &req, arena, &res, NULL));
	http_close(http);
	home = home == NULL ? NULL : arena_strdup(arena, home);
	assert_int_equal(setenv("HOME", dir, 1), 0);
	assert_int_equal(setenv("UNTOUCHED_PROXY_X", "1", 1), 0);
	set_hostile(simhttpd_url(proxy));
	http = engine(&s);
	for (size_t i = 0; i < ARRAY_LEN(hostile); i++)
		if (getenv(hostile[i][0]) != NULL)
			fail_msg("%s is still set", hostile[i][0]);
	assert_non_null(getenv("UNTOUCHED_PROXY_X"));
	assert_true(http_do(http, &req, arena, &res, NULL));
	http_close(http);
	/* Byte for byte the same request, and nowhere else. */
	assert_string_equal(simhttpd_request(sim, 0), simhttpd_request(sim, 1));
	assert_int_equal(simhttpd_bytes(proxy), 0);
	assert_int_equal(access(below("keys"), F_OK), -1);
	if (home != NULL)
		assert_int_equal(setenv("HOME", home, 1), 0);
	assert_true(ARRAY_LEN(hostile) >= 25);
	print_message("# %zu hostile variables without effect\n",
	    ARRAY_LEN(hostile));
	assert_int_equal(unlink(below("netrc")), 0);
	assert_int_equal(unlink(below(".netrc")), 0);
	assert_int_equal(unlink(below("aliases")), 0);
	assert_int_equal(rmdir(dir), 0);
	simhttpd_stop(sim);
	simhttpd_stop(proxy);
}

/* ---- names that lead into the house ---------------------------------------- */
static const struct {
	const char *url;	/* P = port of a server on this machine */
	bool allow_http, allow_private;
	bool ok, is_private;	/* refused by address, with its words */
} reach[] = {
	/* x.localhost is a name that leads to this machine. */
	{ "https://x.localhost:P/", false, false, false, true },
	{ "http://x.localhost:P/", true, false, false, true },
	{ "http://x.localhost:P/", true, true, true, false },
	{ "http://x.localhost:P/", false, true, false, false },
	{ "http://127.0.0.1:P/", false, false, true, false },
	{ "http://localhost:P/", false, false, true, false },
	{ "https://10.255.255.1:1/", false, false, false, true },
	{ "https://192.168.255.1:1/", false, false, false, true },
	{ "https://169.254.169.254/latest", false, false, false, true },
	{ "https://[fe80::1]:1/", false, false, false, true },
	{ "https://[fd00::1]:1/", false, false, false, true },
	{ "https://[::ffff:10.0.0.1]:1/", false, false, false, true },
	{ "https://0.0.0.0:P/", false, false, false, true },
	{ "https://[::]:P/", false, false, false, true },
	{ "http://10.255.255.1:1/", true, false, false, true },
};

static void
one_reach(size_t i)
{
	static const struct sim_reply script[] = { { .status = 200 } };
	struct http_settings s = quick();
	struct simhttpd *sim = serve(script, 1);
	const struct http_req req = { .method = "GET", .repeatable = true,
		.headers = keys,
		.url = with_ports(reach[i].url, simhttpd_port(sim), 1) };
	struct http_res res;
	struct err err = { .kind = ERR_NONE };

	s.allow_http = reach[i].allow_http;
	s.allow_private = reach[i].allow_private;
	s.connect_timeout_s = 5;
	struct http *http = engine(&s);
	const bool ok = http_do(http, &req, arena, &res, &err);
	if (ok != reach[i].ok || res.refused_address != reach[i].is_private ||
	    (!ok && err.kind != ERR_CONFIG))
		fail_msg("%s: %s", reach[i].url, ok ? "taken" : err.msg);
	if (reach[i].is_private)
		assert_non_null(strstr(err.msg, "allow_private"));
	assert_int_equal(simhttpd_connections(sim), ok);
	http_close(http);
	simhttpd_stop(sim);
}

static void
test_private_addresses(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(reach); i++)
		one_reach(i);
}

/* ---- connections ------------------------------------------------------------ */
/* Idle for longer than max_idle_s: the next one gets a new connection. */
static void
test_idle_connection(void **state)
{
	static const struct sim_reply script[] = { { .status = 200,
		.repeat = 2 } };
	struct http_settings s = quick();
	struct simhttpd *sim = serve(script, 1);
	const struct http_req req = { .method = "POST", .body = "{}",
		.body_len = 2, .url = simhttpd_url(sim) };
	struct http_res res;

	(void)state;
	s.max_idle_s = 1;
	struct http *http = engine(&s);
	assert_true(http_do(http, &req, arena, &res, NULL));
	assert_true(http_do(http, &req, arena, &res, NULL));
	assert_int_equal(simhttpd_connections(sim), 1);
	/* libcurl counts whole seconds. */
	const struct timespec pause = { .tv_sec = 2, .tv_nsec = 200000000 };
	assert_int_equal(nanosleep(&pause, NULL), 0);
	assert_true(http_do(http, &req, arena, &res, NULL));
	assert_int_equal(simhttpd_connections(sim), 2);
	http_close(http);
	simhttpd_stop(sim);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_environment, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(test_next_pages, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(test_redirects, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(test_no_end, setup, teardown),
		cmocka_unit_test_setup_teardown(test_no_unpacking, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(test_unpacking, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(test_private_addresses, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(test_idle_connection, setup,
		    teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
