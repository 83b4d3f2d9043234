/*
 * The files connector over exports that do not lie in a folder as plain CSV:
 * archives, a web server, an SFTP server.  What is read was whole, and nothing
 * is read otherwise.
 */
#include "connector.h"

#include <dirent.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "arena.h"
#include "buf.h"
#include "missing.h"
#include "num.h"
#include "options.h"
#include "simhttpd.h"
#include "zipmake.h"

extern const struct crm_connector files_crm;

#define DEALS "deal_id;contact_id;close_date;status\n"
#define NOW 1700010000
#define D1 DEALS "D1;K1;2023-11-01;won\n"
#define D2 DEALS "D2;K1;2023-11-01;won\n"
#define TABLES "deals = { file = \"deals*.csv\"; }; "
#define FIXED "deals = { file = \"deals.csv\"; }; "

static struct world {
	char dir[64], in[80], tmp[80];
	struct arena *arena;
	struct options_file *file;
	struct http *http;
	void *self;
	struct buf seen;
	struct err err;
} w;

/* ---- the folder ----------------------------------------------------- */
static char *
path_of(const char *dir, const char *name)
{
	return arena_printf(w.arena, "%s/%s", dir, name);
}

static void
put_bytes(const char *name, const void *data, size_t len)
{
	const int fd = open(path_of(w.in, name), O_WRONLY | O_CREAT | O_TRUNC,
	    0600);

	assert_int_not_equal(fd, -1);
	assert_int_equal(write(fd, data, len), len);
	assert_int_equal(close(fd), 0);
}

static void
put(const char *name, const char *text)
{
	put_bytes(name, text, strlen(text));
}

static void
set_time(const char *name, time_t t)
{
	const struct timespec times[2] = { { t, 0 }, { t, 0 } };

	assert_int_equal(utimensat(AT_FDCWD, path_of(w.in, name), times, 0),
	    0);
}

static void
empty_dir(const char *path)
{
	DIR *dir = opendir(path);

	assert_non_null(dir);
	for (struct dirent *e; (e = readdir(dir)) != NULL;)
		if (*e->d_name != '.')
			(void)unlinkat(dirfd(dir), e->d_name, 0);
	closedir(dir);
}

static void
put_zip(const char *name, struct zipmake *z)
{
	zipmake_end(z, false);
	put_bytes(name, z->out.s, z->out.len);
}

/* One archive with one member. */
static void
put_zip_of(const char *name, const char *member, const char *text,
    unsigned how)
{
	AUTO(zipmake) struct zipmake z;

	zipmake_init(&z);
	zipmake_add(&z, member, text, strlen(text), how);
	put_zip(name, &z);
}

static int
set_up(void **state)
{
	(void)state;
	memset(&w, 0, sizeof(w));
	(void)snprintf(w.dir, sizeof(w.dir), "/tmp/npsync-sourceXXXXXX");
	w.arena = arena_new(1 << 24);
	if (mkdtemp(w.dir) == NULL)
		return -1;
	(void)snprintf(w.in, sizeof(w.in), "%s/in", w.dir);
	(void)snprintf(w.tmp, sizeof(w.tmp), "%s/tmp", w.dir);
	buf_init(&w.seen, 1 << 20);
	return mkdir(w.in, 0700) || mkdir(w.tmp, 0700) ? -1 : 0;
}

static void
close_world(void)
{
	if (w.self != NULL)
		files_crm.close(w.self);
	w.self = NULL;
	options_close(w.file);
	w.file = NULL;
	http_close(w.http);
	w.http = NULL;
}

static pid_t sftpd = -1;

static void
stop_sftpd(void)
{
	if (sftpd > 0) {
		(void)kill(sftpd, SIGTERM);
		(void)waitpid(sftpd, NULL, 0);
	}
	sftpd = -1;
}

static int
tear_down(void **state)
{
	(void)state;
	stop_sftpd();	/* also after a failure */
	close_world();
	empty_dir(w.in);
	empty_dir(w.dir);
	/* Nothing was left of what was fetched or unpacked. */
	const int left = rmdir(w.tmp);
	arena_free(w.arena);
	buf_free(&w.seen);
	return left || rmdir(w.in) || rmdir(w.dir) ? -1 : 0;
}

/* ---- the connector -------------------------------------------------- */
static time_t
now(void *clock)
{
	(void)clock;
	return NOW;
}

static void
start_engine(void)
{
	struct http_settings s = http_defaults;

	s.backoff_s = 0.001;
	s.backoff_max_s = 0.002;
	s.connect_timeout_s = s.answer_timeout_s = 3;
	s.low_speed_s = 1;
	s.tries = 2;
	s.breaker.in_a_row = 0;
	s.allow_private = true;
	assert_true(http_open(&s, NULL, &w.http, NULL));
}

static bool
try_open(const char *text)
{
	close_world();
	buf_reset(&w.seen);
	w.err = (struct err){ .kind = ERR_NONE };
	text = arena_printf(w.arena, "crm = { tmp_dir = \"%s\"; %s };", w.tmp,
	    text);
	void *settings = arena_alloc(w.arena, files_crm.info.settings_size);
	if (!options_open_text(text, "test.conf", &w.file, &w.err) ||
	    !options_fill(files_crm.info.opts, settings,
	    options_find(w.file, "crm"), "test.conf", "crm", NULL, w.arena,
	    &w.err) || !options_load_secrets(files_crm.info.opts, settings,
	    w.dir, "crm", w.arena, &w.err))
		return false;
	start_engine();
	const struct connector_env env = { .instance = "crm",
		.settings = settings, .timezone = "UTC", .http = w.http,
		.scratch = w.arena, .now = now };
	return files_crm.open(&env, &w.self, &w.err);
}

static bool
on_event(void *arg, const struct crm_event *ev)
{
	(void)arg;
	return buf_printf(&w.seen, "%s ", ev->event_id);
}

static bool
on_checkpoint(void *arg, const char *resume, const char *watermark)
{
	(void)arg;
	(void)resume;
	return watermark == NULL || buf_char(&w.seen, '.');
}

static bool
pull(void)
{
	static const struct pull whole = { .from = 0 };

	return files_crm.pull_events(w.self, &whole, on_event, on_checkpoint,
	    NULL, &w.err);
}

static void
expect(const char *text, const char *seen)
{
	if (!try_open(text) || !pull())
		fail_msg("%s", w.err.msg);
	assert_string_equal(buf_text(&w.seen), seen);
}

/* Nothing is read, and the line says what to do. */
static void
refuse(const char *text, enum err_kind kind, const char *says)
{
	if (try_open(text) && pull())
		fail_msg("expected \"%s\", read %s", says, buf_text(&w.seen));
	if (w.err.kind != kind || strstr(w.err.msg, says) == NULL)
		fail_msg("expected %s \"%s\", got %s \"%s\"",
		    err_kind_name(kind), says, err_kind_name(w.err.kind),
		    w.err.msg);
	assert_string_equal(buf_text(&w.seen), "");
}

static const char *
folder(const char *rest)
{
	return arena_printf(w.arena, "dir = \"%s\"; %s", w.in, rest);
}

/* ---- in a folder ----------------------------------------------------- */
static void
judges_options(void **state)
{
#define SSH "source = \"sftp://h/x\"; remote = { "
	static const struct { const char *conf, *says; } cases[] = {
		{ TABLES, "either dir" },
		{ "dir = \"/x\"; source = \"file:///x\"; " TABLES,
		    "either dir" },
		{ "source = \"ftp://h/x\"; " TABLES, "expected sftp://" },
		{ "source = \"file://h/x\"; " TABLES, "expected sftp://" },
		{ "source = \"sftp://u:p@h/x\"; " TABLES, "remote.password" },
		{ "source = \"https://u:p@h/x\"; " TABLES, "remote.password" },
		{ "source = \"https://h/x?token=1\"; " FIXED, "source" },
		{ "source = \"https:///x\"; " FIXED, "source" },
		{ "source = \"https://h/x\"; " TABLES, "https lists none" },
		{ "source = \"https://h/x\"; archive = \"*.zip\"; " TABLES,
		    "archive: expected the name" },
		{ "source = \"https://h/x\"; ready = \"*\"; " FIXED,
		    "ready: expected the name" },
		{ "dir = \"/x\"; archive = \"a/b\"; " TABLES, "without '/'" },
		{ "dir = \"/x\"; deals = { file = \"a/b\"; }; ",
		    "deals.file: expected a name without '/'" },
		{ SSH "user = \"u\"; password = \"file:pw\"; }; " TABLES,
		    "known_hosts" },
		{ SSH "host_key = \"SHA256:x\"; password = \"file:pw\"; }; "
		    TABLES, "remote.user" },
		{ SSH "host_key = \"SHA256:x\"; user = \"u\"; }; " TABLES,
		    "either password or key" },
		{ SSH "host_key = \"SHA256:x\"; user = \"u\"; key = "
		    "\"file:pw\"; password = \"file:pw\"; }; " TABLES,
		    "either password or key" },
	};

	(void)state;
	const int fd = open(path_of(w.dir, "pw"), O_WRONLY | O_CREAT, 0600);
	assert_int_equal(write(fd, "p", 1), 1);
	assert_int_equal(close(fd), 0);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		refuse(cases[i].conf, ERR_CONFIG, cases[i].says);
}

static void
reads_a_file_address(void **state)
{
	(void)state;
	put("deals.csv", D1);
	expect(arena_printf(w.arena, "source = \"file://%s\"; " TABLES, w.in),
	    "D1 .");
}

/* An upload on its way is none yet. */
static void
passes_over_uploads(void **state)
{
	static const char *const names[] = { "deals.csv.part",
		"deals.csv.filepart", "deals.csv~", "deals.csv.TMP" };

	(void)state;
	put("deals1.csv", D1);
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		put(names[i], DEALS "half");
	expect(folder("deals = { file = \"deals*\"; }; "), "D1 .");
	/* Unless it is asked for by that name. */
	put("deals.tmp", D2);
	expect(folder("deals = { file = \"deals.tmp\"; }; "), "D2 .");
}

static void
takes_the_last(void **state)
{
	(void)state;
	put("deals-2023-10-31.csv", D1);
	put("deals-2023-11-01.csv", D2);
	expect(folder(TABLES), "D1 D2 .");
	expect(folder("take = \"last\"; " TABLES), "D2 .");
	put_zip_of("x-2023-10-31.zip", "deals.csv", D1, 0);
	put_zip_of("x-2023-11-01.zip", "deals.csv", D2, 0);
	expect(folder("archive = \"x-*.zip\"; " TABLES), "D1 D2 .");
	expect(folder("archive = \"x-*.zip\"; take = \"last\"; " TABLES),
	    "D2 .");
}

static void
waits_for_the_set(void **state)
{
	const char *conf = folder("ready = \"export*.done\"; " TABLES);

	(void)state;
	put("deals.csv", D1);
	set_time("deals.csv", NOW - 1000);
	refuse(conf, ERR_RETRY, "export*.done is not there");
	put("export-1.done", "");
	set_time("export-1.done", NOW - 1001);
	refuse(conf, ERR_RETRY, "deals.csv: is newer than");
	put("export-2.done", "");
	set_time("export-2.done", NOW - 1000);
	expect(conf, "D1 .");
	put_zip_of("export.zip", "deals.csv", D2, 0);
	set_time("export.zip", NOW - 999);
	conf = folder("ready = \"export-2.done\"; archive = \"export.zip\"; "
	    TABLES);
	refuse(conf, ERR_RETRY, "export.zip: is newer");
	set_time("export.zip", NOW - 1000);
	expect(conf, "D2 .");
}

static void
reads_gzip(void **state)
{
	AUTO(buf) struct buf gz;
	const char *conf = folder("deals = { file = \"deals*.csv.gz\"; }; ");

	(void)state;
	buf_init(&gz, 1 << 16);
	zipmake_gzip(&gz, D1, strlen(D1));
	put_bytes("deals.csv.gz", gz.s, gz.len);
	expect(conf, "D1 .");
	assert_true(pull());	/* again, without unpacking again */
	assert_string_equal(buf_text(&w.seen), "D1 .D1 .");
	put_bytes("deals.csv.gz", gz.s, gz.len - 1);
	refuse(conf, ERR_PROTOCOL, "deals.csv.gz: is cut");
	gz.s[gz.len - 1] ^= 1;
	put_bytes("deals.csv.gz", gz.s, gz.len);
	refuse(conf, ERR_PROTOCOL, "deals.csv.gz: is broken");
}

/* ---- archives --------------------------------------------------------- */
#define ZIPPED "archive = \"export.zip\"; cases = { file = \"cases.csv\"; " \
	"id = \"deal_id\"; }; " TABLES

static void
reads_archives(void **state)
{
	AUTO(zipmake) struct zipmake z;
	struct err err;

	(void)state;
	zipmake_init(&z);
	zipmake_add(&z, "export/", "", 0, ZIP_STORED);
	zipmake_add(&z, "export/cases.csv", DEALS "C1;K1;2023-11-01;closed\n",
	    strlen(DEALS "C1;K1;2023-11-01;closed\n"), ZIP_STREAMED);
	zipmake_add(&z, "export/deals.csv", D1, strlen(D1), 0);
	zipmake_add(&z, "export/photo.jpg", "x", 1, ZIP_ENCRYPTED);
	zipmake_add(&z, "__MACOSX/export/._deals.csv", "x", 1, 0);
	zipmake_add(&z, "deals2.csv.part", "x", 1, 0);
	put_zip("export.zip", &z);
	expect(folder(ZIPPED), "D1 C1 .");
	/* A file beside it is none of the set; what is held stays. */
	put("deals2.csv", D2);
	assert_int_equal(unlink(path_of(w.in, "export.zip")), 0);
	assert_true(pull());
	assert_true(files_crm.check(w.self, &err));
	assert_string_equal(buf_text(&w.seen), "D1 C1 .D1 C1 .");
	refuse(folder(ZIPPED), ERR_CONFIG, "no file matches \"export.zip\" "
	    "(archive)");
}

static void
refuses_archives(void **state)
{
	AUTO(zipmake) struct zipmake twice, last;
	const char *conf = folder(ZIPPED);

	(void)state;
	/* The first member is good; it is not read either. */
	zipmake_init(&twice);
	zipmake_add(&twice, "a/deals.csv", D1, strlen(D1), 0);
	zipmake_add(&twice, "b/deals.csv", D2, strlen(D2), 0);
	put_zip("export.zip", &twice);
	refuse(conf, ERR_PROTOCOL, "export.zip/deals.csv: is there twice");
	put_bytes("export.zip", twice.out.s, twice.out.len - 1);
	refuse(conf, ERR_PROTOCOL, "no whole zip archive");
	zipmake_init(&last);
	zipmake_add(&last, "deals.csv", D1, strlen(D1), 0);
	zipmake_add(&last, "cases.csv", D1, strlen(D1), 0);
	last.out.s[last.last + 30 + 9 + 20] ^= 1;
	put_zip("export.zip", &last);
	refuse(conf, ERR_PROTOCOL, "export.zip/cases.csv: is broken");
	put_zip_of("export.zip", "deals.csv", D1, ZIP_ENCRYPTED);
	refuse(conf, ERR_PROTOCOL, "export.zip: is encrypted");
	put_zip_of("export.zip", "../deals.csv", D1, 0);
	refuse(conf, ERR_PROTOCOL, "leads out");
	put("export.zip", D1);
	refuse(conf, ERR_PROTOCOL, "no whole zip archive");
	put_zip_of("export.zip", "leads.csv", D1, 0);
	refuse(conf, ERR_CONFIG, "no file matches \"deals*.csv\"");
	put_zip_of("deals.csv", "deals.csv", D1, 0);
	refuse(folder(TABLES), ERR_CONFIG, "its name in archive");
}

static void
keeps_to_the_ceiling(void **state)
{
	const size_t len = (size_t)3 << 20;
	char *const big = calloc(1, len);
	AUTO(zipmake) struct zipmake z, many;
	AUTO(buf) struct buf gz;

	(void)state;
	memset(big, '\n', len);
	memcpy(big, D1, strlen(D1));
	zipmake_init(&z);
	zipmake_add(&z, "deals.csv", big, len, 0);
	put_zip("export.zip", &z);
	buf_init(&gz, 1 << 20);
	zipmake_gzip(&gz, big, len);
	put_bytes("deals.csv", gz.s, gz.len);
	free(big);
	expect(folder("archive = \"export.zip\"; max_mb = 3; " TABLES),
	    "D1 .");
	refuse(folder("archive = \"export.zip\"; max_mb = 2; " TABLES),
	    ERR_CONFIG, "max_mb = 2");
	expect(folder("max_mb = 3; " TABLES), "D1 .");
	refuse(folder("max_mb = 2; " TABLES), ERR_CONFIG, "max_mb = 2");
	/* 10,000 files, of which too many match, or one. */
	zipmake_init(&many);
	for (int i = 0; i < 10000; i++) {
		char name[32];
		(void)snprintf(name, sizeof(name), "deals%d.csv", i);
		zipmake_add(&many, name, D1, strlen(D1), ZIP_STORED);
	}
	put_zip("export.zip", &many);
	refuse(folder("archive = \"export.zip\"; " TABLES), ERR_CONFIG,
	    "more than 256");
	expect(folder("archive = \"export.zip\"; deals = { file = "
	    "\"deals9999.csv\"; }; "), "D1 .");
}

/* ---- a web server ------------------------------------------------------- */
#define OLD "Last-Modified: Tue, 14 Nov 2023 22:13:20 GMT\r\n"	/* 1700000000 */
#define LATER "Last-Modified: Tue, 14 Nov 2023 22:13:21 GMT\r\n"
#define JUST "Last-Modified: Wed, 15 Nov 2023 00:59:01 GMT\r\n"	/* NOW - 59 s */

struct web_case {
	const char *conf, *seen;	/* NULL = refused with: */
	enum err_kind kind;
	const char *says;
	struct sim_reply script[8];
	size_t n;
};

static const struct web_case web_cases[] = {
	{ .conf = FIXED, .seen = "D1 .D1 .", .n = 1, .script = {
	    { .target = "GET /x/deals.csv ", .headers = OLD, .body = D1 } } },
	{ .conf = FIXED "remote = { user = \"u\"; password = \"file:pw\"; }; ",
	    .seen = "D1 .D1 .", .n = 1, .script = { { .body = D1,
	    .want = "\r\nAuthorization: Basic dTpwYXNzd29yZA==\r\n" } } },
	{ .conf = FIXED "remote = { auth = \"bearer\"; password = "
	    "\"file:pw\"; }; ", .seen = "D1 .D1 .", .n = 1, .script = { {
	    .body = D1, .want = "\r\nAuthorization: Bearer password\r\n" } } },
	{ .conf = FIXED "remote = { auth = \"header\"; header = \"X-Key\"; "
	    "password = \"file:pw\"; }; ", .seen = "D1 .D1 .", .n = 1,
	    .script = { { .body = D1, .want = "\r\nX-Key: password\r\n" } } },
	{ .conf = "deals = { file = \"d \xc3\xa6.csv\"; }; ",
	    .seen = "D1 .D1 .", .n = 1, .script = {
	    { .target = "GET /x/d%20%C3%A6.csv ", .body = D1 } } },
	{ .conf = FIXED, .kind = ERR_CONFIG, .says = "deals.csv: GET "
	    "/x/deals.csv: HTTP 404", .n = 1, .script = {
	    { .status = 404 } } },
	{ .conf = FIXED, .kind = ERR_AUTH, .says = "401", .n = 1, .script = {
	    { .status = 401 } } },
	/* A key must not follow to another place. */
	{ .conf = FIXED "remote = { password = \"file:pw\"; }; ",
	    .kind = ERR_CONFIG, .says = "302", .n = 1, .script = { {
	    .status = 302, .headers = "Location: http://127.0.0.1:1/\r\n" } } },
	{ .conf = FIXED, .kind = ERR_RETRY, .says = "deals.csv", .n = 1,
	    .script = { { .body = D1 D1 D1, .mode = SIM_CUT, .cut = 90,
		.repeat = 1 } } },
	{ .conf = FIXED "max_mb = 1; ", .kind = ERR_PROTOCOL,
	    .says = "max_mb = 1", .n = 1, .script = { { .raw =
	    "HTTP/1.1 200 OK\r\n\r\n", .mode = SIM_ENDLESS } } },
	{ .conf = FIXED, .kind = ERR_RETRY, .says = "remote.quiet_s = 60",
	    .n = 1, .script = { { .headers = JUST, .body = D1 } } },
	{ .conf = FIXED "remote = { quiet_s = 59; }; ", .seen = "D1 .D1 .",
	    .n = 1, .script = { { .headers = JUST, .body = D1 } } },
	/* The sign that the set is whole: before and after. */
	{ .conf = FIXED "ready = \"ok\"; ", .seen = "D1 .D1 .", .n = 3,
	    .script = { { .target = "/x/ok ", .headers = LATER },
		{ .target = "/x/deals.csv ", .headers = OLD, .body = D1 },
		{ .target = "/x/ok ", .headers = LATER } } },
	{ .conf = FIXED "ready = \"ok\"; ", .kind = ERR_RETRY, .says = "ok",
	    .n = 1, .script = { { .target = "/x/ok ", .status = 404 } } },
	{ .conf = FIXED "ready = \"ok\"; ", .kind = ERR_RETRY,
	    .says = "deals.csv: is newer than ok", .n = 2, .script = {
		{ .target = "/x/ok ", .headers = OLD },
		{ .target = "/x/deals.csv ", .headers = LATER, .body = D1 } } },
	{ .conf = FIXED "ready = \"ok\"; ", .kind = ERR_RETRY,
	    .says = "changed while", .n = 3, .script = {
		{ .target = "/x/ok ", .headers = OLD },
		{ .target = "/x/deals.csv ", .headers = OLD, .body = D1 },
		{ .target = "/x/ok ", .headers = LATER } } },
	/* Nothing is read before everything is there. */
	{ .conf = FIXED "cases = { file = \"cases.csv\"; }; ",
	    .kind = ERR_CONFIG, .says = "cases.csv", .n = 2, .script = {
		{ .target = "/x/deals.csv ", .body = D1 },
		{ .target = "/x/cases.csv ", .status = 404 } } },
};

static void
put_password(void)
{
	const int fd = open(path_of(w.dir, "pw"), O_WRONLY | O_CREAT, 0600);

	assert_int_equal(write(fd, "password\n", 9), 9);
	assert_int_equal(close(fd), 0);
}

static const char *
web(const struct simhttpd *sim, const char *rest)
{
	return arena_printf(w.arena, "source = \"%s/x\"; %s",
	    simhttpd_url(sim), rest);
}

static void
reads_from_the_web(void **state)
{
	(void)state;
	put_password();
	for (size_t i = 0; i < ARRAY_LEN(web_cases); i++) {
		const struct web_case *c = &web_cases[i];
		struct simhttpd *sim = simhttpd_start(c->script, c->n);
		if (c->seen == NULL) {
			refuse(web(sim, c->conf), c->kind, c->says);
		} else {
			if (!try_open(web(sim, c->conf)) || !pull() || !pull())
				fail_msg("case %zu: %s", i, w.err.msg);
			assert_string_equal(buf_text(&w.seen), c->seen);
		}
		const char *problem = simhttpd_problem(sim, true);
		if (problem != NULL)
			fail_msg("case %zu: %s", i, problem);
		close_world();
		simhttpd_stop(sim);
	}
}

static void
reads_archives_from_the_web(void **state)
{
	AUTO(zipmake) struct zipmake z;

	(void)state;
	zipmake_init(&z);
	zipmake_add(&z, "deals1.csv", D1, strlen(D1), 0);
	zipmake_add(&z, "deals2.csv", D2, strlen(D2), 0);
	zipmake_end(&z, false);
	const struct sim_reply script[] = {
		{ .target = "/x/a.zip ", .body = z.out.s,
		    .body_len = z.out.len },
		{ .target = "/x/a.zip ", .body = z.out.s,
		    .body_len = z.out.len - 3 } };
	struct simhttpd *sim = simhttpd_start(script, 2);
	expect(web(sim, "archive = \"a.zip\"; " TABLES), "D1 D2 .");
	refuse(web(sim, "archive = \"a.zip\"; " TABLES), ERR_PROTOCOL,
	    "a.zip: is no whole zip archive");
	close_world();
	simhttpd_stop(sim);
}

/* ---- an SFTP server ------------------------------------------------------- */
static int sftpd_port;

static char *
read_line(const char *name)
{
	char line[2048];
	FILE *f = fopen(path_of(w.dir, name), "r");

	assert_non_null(f);
	assert_non_null(fgets(line, sizeof(line), f));
	assert_int_equal(fclose(f), 0);
	line[strcspn(line, "\n")] = '\0';
	return arena_strdup(w.arena, line);
}

/* False = there is no asyncssh here. */
static bool
start_sftpd(void)
{
	extern char **environ;
	char python[] = "/usr/bin/python3", script[] = "tests/lib/sftpd.py";
	char *const argv[] = { python, script, w.dir, NULL };
	const struct timespec pause = { .tv_nsec = 20000000 };
	posix_spawn_file_actions_t actions;
	long long port = 0;

	assert_int_equal(posix_spawn_file_actions_init(&actions), 0);
	assert_int_equal(posix_spawn_file_actions_addopen(&actions, 2,
	    path_of(w.dir, "log"), O_WRONLY | O_CREAT, 0600), 0);
	const int rc = posix_spawnp(&sftpd, python, &actions, NULL, argv,
	    environ);
	assert_int_equal(posix_spawn_file_actions_destroy(&actions), 0);
	while (rc == 0 && access(path_of(w.dir, "port"), F_OK) != 0) {
		if (waitpid(sftpd, NULL, WNOHANG) == sftpd) {
			sftpd = -1;
			return false;
		}
		(void)nanosleep(&pause, NULL);
	}
	assert_true(rc != 0 || num_parse(read_line("port"), 1, 65535, &port));
	sftpd_port = (int)port;
	return rc == 0;
}

/* With the key, and whatever else remote is to hold. */
static const char *
ssh(const char *remote, const char *rest)
{
	return arena_printf(w.arena, "source = \"sftp://crm@127.0.0.1:%d%s\"; "
	    "remote = { host_key = \"%s\"; %s }; %s", sftpd_port, w.in,
	    read_line("print"), remote, rest);
}

static void
check_sftp_sets(void)
{
	put("deals-1.csv", D1);
	put("deals-2.csv", D2);
	put("deals-3.csv.filepart", DEALS);
	put("other.txt", "x");
	set_time("deals-1.csv", NOW - 1000);
	set_time("deals-2.csv", NOW - 60);
	expect(ssh("key = \"file:key\";", TABLES), "D1 D2 .");
	expect(ssh("password = \"file:pw\";", "take = \"last\"; " TABLES),
	    "D2 .");
	set_time("deals-2.csv", NOW - 59);
	refuse(ssh("key = \"file:key\";", TABLES), ERR_RETRY,
	    "deals-2.csv: was changed less than");
	expect(ssh("quiet_s = 0; key = \"file:key\";", TABLES), "D1 D2 .");
	/* The sign that the set is whole. */
	const char *conf = ssh("quiet_s = 0; key = \"file:key\";",
	    "ready = \"*.done\"; " TABLES);
	refuse(conf, ERR_RETRY, "*.done is not there");
	put("1.done", "");
	set_time("1.done", NOW - 100);
	refuse(conf, ERR_RETRY, "deals-2.csv: is newer");
	set_time("1.done", NOW - 59);
	expect(conf, "D1 D2 .");
	refuse(ssh("key = \"file:key\";", "deals = { file = \"d*.xls\"; }; "),
	    ERR_CONFIG, "no file matches \"d*.xls\" (deals.file)");
}

static void
check_sftp_changes(void)
{
	const char *growing = "deals = { file = \"growing*\"; }; ";

	put("growing.csv", D1);
	set_time("growing.csv", NOW - 1000);
	refuse(ssh("key = \"file:key\";", growing), ERR_RETRY,
	    "growing.csv: changed while it was fetched");
	put_zip_of("growing.zip", "deals.csv", D1, 0);
	set_time("growing.zip", NOW - 1000);
	refuse(ssh("key = \"file:key\";", "archive = \"growing*.zip\"; "
	    TABLES), ERR_RETRY, "growing.zip: changed");
	put_zip_of("a.zip", "deals.csv", D1, 0);
	set_time("a.zip", NOW - 1000);
	expect(ssh("key = \"file:key\";", "archive = \"a*.zip\"; " TABLES),
	    "D1 .");
	refuse(ssh("key = \"file:key\";", "archive = \"b*.zip\"; " TABLES),
	    ERR_CONFIG, "(archive)");
}

static void
reads_by_sftp(void **state)
{
	(void)state;
	if (!start_sftpd())
		missing("python3-asyncssh");
	put_password();
	assert_int_equal(chmod(path_of(w.dir, "key"), 0600), 0);
	assert_int_equal(chmod(path_of(w.dir, "host"), 0600), 0);
	assert_int_equal(chmod(path_of(w.dir, "print"), 0600), 0);
	check_sftp_sets();
	check_sftp_changes();
	/* Who is not let in, and who is not who he should be. */
	refuse(ssh("key = \"file:host\";", TABLES), ERR_AUTH, "source");
	refuse(ssh("password = \"file:print\";", TABLES), ERR_AUTH, "source");
	const char *conf = arena_printf(w.arena, "source = \"sftp://crm@"
	    "127.0.0.1:%d%s\"; remote = { known_hosts = \"%s/key.pub\"; "
	    "key = \"file:key\"; }; " TABLES, sftpd_port, w.in, w.dir);
	refuse(conf, ERR_CONFIG, "source");
	conf = arena_printf(w.arena, "source = \"sftp://crm@127.0.0.1:%d"
	    "%s/none\"; remote = { host_key = \"%s\"; key = \"file:key\"; }; "
	    TABLES, sftpd_port, w.in, read_line("print"));
	refuse(conf, ERR_CONFIG, "source");
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(judges_options),
		TEST(reads_a_file_address),
		TEST(passes_over_uploads),
		TEST(takes_the_last),
		TEST(waits_for_the_set),
		TEST(reads_gzip),
		TEST(reads_archives),
		TEST(refuses_archives),
		TEST(keeps_to_the_ceiling),
		TEST(reads_from_the_web),
		TEST(reads_archives_from_the_web),
		TEST(reads_by_sftp),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
