/*
 * Downloads: streamed into a file without a name, from the beginning at each
 * try, never above the ceiling; sftp only from a server that is vouched for.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "clock.h"
#include "http_file.h"
#include "missing.h"
#include "num.h"
#include "simhttpd.h"
#include "url.h"

static struct arena *arena;
static char dir[64];

static int
setup(void **state)
{
	(void)state;
	(void)snprintf(dir, sizeof(dir), "/tmp/npsync-fileXXXXXX");
	arena = arena_new(1u << 27);
	return arena == NULL || mkdtemp(dir) == NULL;
}

static pid_t sftpd = -1;
static void stop_sftpd(void);

static int
teardown(void **state)
{
	(void)state;
	if (sftpd > 0)
		stop_sftpd();	/* the case failed */
	arena_free(arena);
	/* Nothing was left of any download. */
	return rmdir(dir);
}

static struct http *
engine(void)
{
	struct http_settings s = http_defaults;
	struct http *http = NULL;

	s.backoff_s = 0.001;
	s.backoff_max_s = 0.002;
	s.connect_timeout_s = s.answer_timeout_s = 3;
	s.low_speed_s = 1;
	s.tries = 3;
	s.breaker.in_a_row = 0;
	s.allow_private = true;
	assert_true(http_open(&s, NULL, &http, NULL));
	return http;
}

static const char *
content(int fd, size_t *len)
{
	struct stat st;

	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_nlink, 0);	/* no name */
	assert_true((fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
	assert_int_equal(lseek(fd, 0, SEEK_CUR), 0);
	*len = (size_t)st.st_size;
	char *s = arena_alloc(arena, *len + 1);
	assert_non_null(s);
	for (size_t n = 0; n < *len;) {
		const ssize_t got = read(fd, s + n, *len - n);
		assert_true(got > 0);
		n += (size_t)got;
	}
	return s;
}

/* ---- over http -------------------------------------------------------------- */
struct file_case {
	const char *name;
	struct sim_reply script[4];
	size_t n;
	int64_t max_bytes;
	time_t modified;	/* 0 = not said */
	bool ok;
	enum err_kind kind;
	const char *text;
};

static const struct file_case cases[] = {
	{ .name = "whole", .n = 1, .script = { { .headers = "Last-Modified: "
		"Tue, 14 Nov 2023 22:13:20 GMT\r\n",
		.body = "a;b\n1;2\n" } }, .modified = 1700000000, .ok = true,
	    .text = "a;b\n1;2\n" },
	{ .name = "empty", .n = 1, .script = { { .status = 204 } }, .ok = true,
	    .text = "" },
	{ .name = "as large as it may be", .n = 1, .max_bytes = 8,
	    .script = { { .body = "a;b\n1;2\n" } }, .ok = true,
	    .text = "a;b\n1;2\n" },
	{ .name = "too large", .n = 1, .max_bytes = 7,
	    .script = { { .body = "a;b\n1;2\n" } }, .kind = ERR_PROTOCOL },
	{ .name = "endless", .n = 1, .max_bytes = 50000000,
	    .script = { { .raw = "HTTP/1.1 200 OK\r\n\r\n",
		.mode = SIM_ENDLESS } }, .kind = ERR_PROTOCOL },
	/* What a broken try left is gone. */
	{ .name = "cut, then whole", .n = 2,
	    .script = { { .body = "a long first body that is cut",
			    .mode = SIM_CUT, .cut = 60 },
		{ .body = "short" } }, .ok = true, .text = "short" },
	{ .name = "refused words first", .n = 3,
	    .script = { { .status = 503, .body = "busy" },
		{ .status = 429, .body = "slow", .headers =
		    "Retry-After: 0\r\n" }, { .body = "x" } }, .ok = true,
	    .text = "x" },
	{ .name = "always cut", .n = 1, .script = { { .body = "0123456789",
	    .mode = SIM_CUT, .cut = 50, .repeat = 2 } }, .kind = ERR_RETRY },
	{ .name = "not there", .n = 1, .script = { { .status = 404,
	    .body = "<p>no</p>" } }, .kind = ERR_GONE },
	{ .name = "not for us", .n = 1, .script = { { .status = 403 } },
	    .kind = ERR_AUTH },
	{ .name = "elsewhere", .n = 1, .script = { { .status = 302,
	    .headers = "Location: http://127.0.0.1:1/\r\n" } },
	    .kind = ERR_CONFIG },
};

static void
one_file(const struct file_case *c)
{
	const struct http_file file = { .dir = dir, .timeout_s = 20,
		.max_bytes = c->max_bytes == 0 ? 1000 : c->max_bytes };
	struct simhttpd *sim = simhttpd_start(c->script, c->n);
	struct http *http = engine();
	struct http_res res;
	struct err err = { .kind = ERR_NONE };
	size_t len;
	int fd = 7;

	assert_non_null(sim);
	const struct http_req req = { .method = "GET",
		.url = simhttpd_url(sim) };
	const bool ok = http_download(http, &req, &file, &fd, &res, &err);
	if (ok != c->ok || (!ok && (err.kind != c->kind || fd != -1)))
		fail_msg("%s: %s: %s", c->name, err_kind_name(err.kind),
		    err.msg);
	if (ok) {
		const char *got = content(fd, &len);
		assert_int_equal(len, strlen(c->text));
		assert_memory_equal(got, c->text, len);
		assert_int_equal(res.modified,
		    c->modified == 0 ? NO_TIME : c->modified);
		assert_int_equal(close(fd), 0);
	}
	assert_string_equal(res.body, "");
	assert_null(simhttpd_problem(sim, true));
	http_close(http);
	simhttpd_stop(sim);
}

static void
test_files(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		one_file(&cases[i]);
}

/* Ended by standing still, long before its time is over. */
static void
test_stands_still(void **state)
{
	static const struct sim_reply script[] = { { .body = "0123456789",
		.mode = SIM_CUT_HANG, .cut = 50 } };
	const struct http_file file = { .dir = dir, .max_bytes = 1000,
		.timeout_s = 600 };
	struct http_settings s = http_defaults;
	struct simhttpd *sim = simhttpd_start(script, 1);
	const struct http_req req = { .method = "GET",
		.url = simhttpd_url(sim) };
	struct http *http = NULL;
	struct http_res res;
	struct err err;
	int fd;

	(void)state;
	s.low_speed_s = 1;
	s.tries = 1;
	assert_true(http_open(&s, NULL, &http, NULL));
	const int64_t start = clock_boottime_ms();
	assert_false(http_download(http, &req, &file, &fd, &res, &err));
	assert_int_equal(err.kind, ERR_RETRY);
	assert_int_equal(res.curl_code, 28);
	assert_true(clock_boottime_ms() - start < 300000);
	http_close(http);
	simhttpd_stop(sim);
}

/* 60 MB through a few: memory does not follow the file. */
static void
test_flat_memory(void **state)
{
	static const struct sim_reply script[] = { { .raw =
	    "HTTP/1.1 200 OK\r\nContent-Length: 60000000\r\n\r\n",
	    .mode = SIM_ENDLESS } };
	const struct http_file file = { .dir = dir, .max_bytes = 60000000 };
	struct simhttpd *sim = simhttpd_start(script, 1);
	struct http *http = engine();
	const struct http_req req = { .method = "GET",
		.url = simhttpd_url(sim) };
	struct rusage before, after;
	struct http_res res;
	struct stat st;
	struct err err;
	int fd;

	(void)state;
	assert_int_equal(getrusage(RUSAGE_SELF, &before), 0);
	if (!http_download(http, &req, &file, &fd, &res, &err))
		fail_msg("%s", err.msg);
	assert_int_equal(getrusage(RUSAGE_SELF, &after), 0);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_size, 60000000);
	assert_true(after.ru_maxrss - before.ru_maxrss < 16 * 1024);
	assert_int_equal(close(fd), 0);
	http_close(http);
	simhttpd_stop(sim);
}

static void
test_no_place(void **state)
{
	static const struct sim_reply script[] = { { .status = 200 } };
	struct http_file file = { .dir = "/nonexistent/x", .max_bytes = 10 };
	struct simhttpd *sim = simhttpd_start(script, 1);
	struct http *http = engine();
	const struct http_req req = { .method = "GET",
		.url = simhttpd_url(sim) };
	struct http_res res;
	struct err err;
	int fd;

	(void)state;
	assert_false(http_download(http, &req, &file, &fd, &res, &err));
	assert_int_equal(err.kind, ERR_SYSTEM);
	assert_int_equal(fd, -1);
	assert_int_equal(simhttpd_connections(sim), 0);
	http_close(http);
	simhttpd_stop(sim);
}

/* A full disk is ours, not the server's: asked once. */
static void
test_full_disk(void **state)
{
	static char body[8192];
	const struct sim_reply script[] = { { .body = body } };
	const struct http_file file = { .dir = dir, .max_bytes = 100000 };
	const struct rlimit small = { 4096, RLIM_INFINITY };
	struct simhttpd *sim = simhttpd_start(script, 1);
	struct http *http = engine();
	const struct http_req req = { .method = "GET",
		.url = simhttpd_url(sim) };
	struct rlimit old;
	struct http_res res;
	struct err err;
	int fd;

	(void)state;
	memset(body, 'x', sizeof(body) - 1);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	void (*const before)(int) = signal(SIGXFSZ, SIG_IGN);
	const bool ok = http_download(http, &req, &file, &fd, &res, &err);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
	(void)signal(SIGXFSZ, before);
	assert_false(ok);
	assert_int_equal(err.kind, ERR_SYSTEM);
	assert_int_equal(simhttpd_requests(sim), 1);
	http_close(http);
	simhttpd_stop(sim);
}

/* ---- over sftp -------------------------------------------------------------- */
static const struct {
	const char *name;
	struct http_file file;
} unvouched[] = {
	{ "neither", { .user = "u", .password = "p" } },
	{ "empty texts", { .known_hosts = "", .host_key_sha256 = "",
	    .user = "u", .password = "p" } },
	{ "no such known_hosts", { .known_hosts = "/nonexistent/known_hosts",
	    .user = "u", .password = "p" } },
	{ "no user", { .host_key_sha256 = "SHA256:x", .password = "p" } },
	{ "no password and no key", { .host_key_sha256 = "SHA256:x",
	    .user = "u" } },
	{ "no such key", { .host_key_sha256 = "SHA256:x", .user = "u",
	    .key_file = "/nonexistent/key" } },
};

static void
test_sftp_unvouched(void **state)
{
	struct simhttpd *sim = simhttpd_start(NULL, 0);
	struct http *http = engine();
	const struct http_req req = { .method = "GET",
		.url = arena_printf(arena, "sftp://127.0.0.1:%d/x",
		    simhttpd_port(sim)) };
	struct http_res res;
	struct err err;
	int fd;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(unvouched); i++) {
		struct http_file file = unvouched[i].file;
		file.dir = dir;
		file.max_bytes = 10;
		assert_false(http_download(http, &req, &file, &fd, &res, &err));
		if (err.kind != ERR_CONFIG || fd != -1)
			fail_msg("%s: %s", unvouched[i].name, err.msg);
	}
	/* Nor does an ordinary request speak it. */
	assert_false(http_do(http, &req, arena, &res, &err));
	assert_int_equal(err.kind, ERR_CONFIG);
	assert_int_equal(simhttpd_connections(sim), 0);
	http_close(http);
	simhttpd_stop(sim);
}

/* ---- a real server ----------------------------------------------------------- */
static int sftpd_port;
static time_t last_modified;

static char *
in_dir(const char *name)
{
	return arena_printf(arena, "%s/%s", dir, name);
}

static void
write_file(const char *name, const char *text)
{
	FILE *f = fopen(in_dir(name), "w");

	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(chmod(in_dir(name), 0600), 0);
}

static char *
read_line(const char *name)
{
	char line[2048];
	FILE *f = fopen(in_dir(name), "r");

	assert_non_null(f);
	assert_non_null(fgets(line, sizeof(line), f));
	assert_int_equal(fclose(f), 0);
	line[strcspn(line, "\n")] = '\0';
	return arena_strdup(arena, line);
}

/* asyncssh, by tests/lib/sftpd.py; false = there is no such module here. */
static bool
start_sftpd(void)
{
	extern char **environ;
	char python[] = "/usr/bin/python3",
	     script[] = "tests/lib/sftpd.py";
	char *const argv[] = { python, script, dir, NULL };
	const struct timespec pause = { .tv_nsec = 50000000 };
	posix_spawn_file_actions_t actions;
	long long port = 0;

	assert_int_equal(posix_spawn_file_actions_init(&actions), 0);
	assert_int_equal(posix_spawn_file_actions_addopen(&actions, 2,
			     in_dir("log"), O_WRONLY | O_CREAT, 0600), 0);
	const int rc = posix_spawnp(&sftpd, python, &actions, NULL, argv,
	    environ);
	assert_int_equal(posix_spawn_file_actions_destroy(&actions), 0);
	if (rc != 0)
		return false;
	while (access(in_dir("port"), F_OK) != 0) {
		if (waitpid(sftpd, NULL, WNOHANG) == sftpd) {
			sftpd = -1;
			return false;
		}
		(void)nanosleep(&pause, NULL);
	}
	assert_true(num_parse(read_line("port"), 1, 65535, &port));
	sftpd_port = (int)port;
	return true;
}

static void
stop_sftpd(void)
{
	static const char *const files[] = { "host", "host.pub", "key",
		"key.pub", "print", "port", "log", "known", "data.csv" };

	if (sftpd > 0) {
		(void)kill(sftpd, SIGTERM);
		(void)waitpid(sftpd, NULL, 0);
	}
	sftpd = -1;
	for (size_t i = 0; i < ARRAY_LEN(files); i++)
		(void)unlink(in_dir(files[i]));
}

static bool
fetch(const struct http_file *file, const char *name, const char **text,
    struct err *err)
{
	struct http *http = engine();
	const struct http_req req = { .method = "GET",
		.url = arena_printf(arena, "sftp://127.0.0.1:%d%s", sftpd_port,
		    in_dir(name)) };
	struct http_res res;
	size_t len;
	int fd;

	const bool ok = http_download(http, &req, file, &fd, &res, err);
	last_modified = res.modified;
	if (ok) {
		*text = content(fd, &len);
		assert_int_equal(close(fd), 0);
	}
	http_close(http);
	return ok;
}

static void
check_refused(const struct http_file *file, const char *name,
    enum err_kind kind)
{
	const char *text;
	struct err err;

	if (fetch(file, name, &text, &err) || err.kind != kind)
		fail_msg("%s: %s", name, err.msg);
}

static void
test_sftp(void **state)
{
	const char *text = NULL;
	struct err err;

	(void)state;
	if (!start_sftpd()) {
		stop_sftpd();
		missing("python3-asyncssh");
	}
	write_file("data.csv", "a;b\n1;2\n");
	write_file("known", arena_printf(arena, "[127.0.0.1]:%d %s\n",
	    sftpd_port, read_line("host.pub")));
	const char *fingerprint = read_line("print");
	struct http_file file = { .dir = dir, .max_bytes = 1000,
		.user = "customer", .key_file = in_dir("key"),
		.host_key_sha256 = fingerprint };
	if (!fetch(&file, "data.csv", &text, &err))
		fail_msg("%s", err.msg);
	assert_string_equal(text, "a;b\n1;2\n");
	file.max_bytes = 7;
	check_refused(&file, "data.csv", ERR_PROTOCOL);
	file.max_bytes = 1000;
	check_refused(&file, "nothing.csv", ERR_GONE);
	/* The other way to vouch. */
	file.host_key_sha256 = NULL;
	file.known_hosts = in_dir("known");
	assert_true(fetch(&file, "data.csv", &text, &err));
	/* Another server's key, no key at all, another finger. */
	write_file("known", arena_printf(arena, "[127.0.0.1]:%d %s\n",
	    sftpd_port, read_line("key.pub")));
	check_refused(&file, "data.csv", ERR_CONFIG);
	write_file("known", "\n");
	check_refused(&file, "data.csv", ERR_CONFIG);
	file.known_hosts = NULL;
	file.host_key_sha256 =
	    "SHA256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
	check_refused(&file, "data.csv", ERR_CONFIG);
	/* A folder: a name a line, or with sizes and times; when it was
	 * changed. */
	file.host_key_sha256 = fingerprint;
	write_file("data.csv", "a;b\n1;2\n");
	const struct timespec times[2] = { { 1700000000, 0 },
		{ 1700000000, 0 } };
	assert_int_equal(utimensat(AT_FDCWD, in_dir("data.csv"), times, 0), 0);
	assert_true(fetch(&file, "data.csv", &text, &err));
	assert_int_equal(last_modified, 1700000000);
	assert_true(fetch(&file, "", &text, &err));
	assert_non_null(strstr(text, " data.csv\n"));
	assert_non_null(strstr(text, " 8 "));
	file.names_only = true;
	assert_true(fetch(&file, "", &text, &err));
	assert_non_null(strstr(text, "data.csv\n"));
	assert_null(strstr(text, " data.csv\n"));
	file.names_only = false;
	check_refused(&file, "nowhere/", ERR_GONE);
	/* A key that the server does not know. */
	file.host_key_sha256 = fingerprint;
	file.key_file = in_dir("host");
	check_refused(&file, "data.csv", ERR_AUTH);
	stop_sftpd();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_files, setup, teardown),
		cmocka_unit_test_setup_teardown(test_stands_still, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(test_flat_memory, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(test_no_place, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(test_full_disk, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(test_sftp_unvouched, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(test_sftp, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
