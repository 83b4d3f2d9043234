#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>
#include <sys/wait.h>

#include "secret.h"
#include "tmpdir.h"

static struct arena *arena;
static struct err err;

static int
set_up(void **state)
{
	arena = arena_new(1 << 20);
	(void)unsetenv("CREDENTIALS_DIRECTORY");
	return arena == NULL ? -1 : tmpdir_make(state);
}

static int
tear_down(void **state)
{
	(void)unsetenv("CREDENTIALS_DIRECTORY");
	arena_free(arena);
	return tmpdir_remove(state);
}

static const char *
load(const char *reference)
{
	const char *value = NULL;

	memset(&err, 0, sizeof(err));
	return secret_load(reference, tmpdir, arena, &value, &err) ? value :
	    NULL;
}

static void
make_dir(const char *name)
{
	assert_int_equal(mkdir(tmpdir_path(name), 0700), 0);
}

static void
test_file(void **state)
{
	static const struct { const char *text, *value; } cases[] = {
		{ "abc\n", "abc" }, { "abc", "abc" }, { "abc\r\n", "abc" },
		{ "abc\n\n", "abc\n" }, { " a b ", " a b " },
		{ "-----BEGIN\nx\n", "-----BEGIN\nx" } };
	char reference[1100];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		(void)tmpdir_write("key", cases[i].text, 0600);
		assert_string_equal(load("file:key"), cases[i].value);
	}
	(void)tmpdir_write("key", "abc\n", 0400);
	(void)snprintf(reference, sizeof(reference), "file:%s",
	    tmpdir_path("key"));
	assert_string_equal(load(reference), "abc");
}

static void
test_mode(void **state)
{
	static const mode_t bad[] = { 0640, 0604, 0660, 0644, 0601, 0610 };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		(void)tmpdir_write("key", "open-secret\n", bad[i]);
		assert_null(load("file:key"));
		assert_int_equal(err.kind, ERR_PERMISSION);
		assert_non_null(strstr(err.msg, "chmod 600"));
		assert_null(strstr(err.msg, "open-secret"));
	}
}

static void
test_bad_files(void **state)
{
	static const char *const bad[] = { "", "\n", "\r\n" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		(void)tmpdir_write("key", bad[i], 0600);
		assert_null(load("file:key"));
		assert_int_equal(err.kind, ERR_CONFIG);
		assert_non_null(strstr(err.msg, "is empty"));
	}
	assert_null(load("file:none"));
	assert_int_equal(err.kind, ERR_CONFIG);
	assert_non_null(strstr(err.msg, "No such file"));
	make_dir("d");
	assert_null(load("file:d"));
	assert_non_null(strstr(err.msg, "expected a file"));
	assert_int_equal(mkfifo(tmpdir_path("fifo"), 0600), 0);
	assert_null(load("file:fifo"));
	assert_non_null(strstr(err.msg, "expected a file"));
}

static void
test_too_long(void **state)
{
	char *text = malloc(SECRET_MAX + 2);

	(void)state;
	assert_non_null(text);
	memset(text, 'x', SECRET_MAX + 1);
	text[SECRET_MAX + 1] = '\0';
	(void)tmpdir_write("key", text, 0600);
	assert_null(load("file:key"));
	text[SECRET_MAX] = '\0';
	(void)tmpdir_write("key", text, 0600);
	assert_non_null(load("file:key"));
	free(text);
}

static void
test_references(void **state)
{
	static const char *const bad[] = { "", "abc", "credential:",
		"credential:../x", "credential:a/b", "credential:.x",
		"credential:a b", "Credential:a" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		assert_null(load(bad[i]));
		assert_int_equal(err.kind, ERR_CONFIG);
	}
	/* Not even what was taken for a reference is shown. */
	assert_null(load("sk-live-4711"));
	assert_null(strstr(err.msg, "4711"));
}

static void
test_credential(void **state)
{
	(void)state;
	assert_null(load("credential:npstoday"));
	assert_int_equal(err.kind, ERR_CONFIG);
	assert_non_null(strstr(err.msg, "npsync secret set npstoday"));
	make_dir("credentials");
	(void)tmpdir_write("credentials/npstoday", "abc\n", 0600);
	assert_string_equal(load("credential:npstoday"), "abc");
	(void)tmpdir_write("credentials/npstoday", "abc\n", 0644);
	assert_null(load("credential:npstoday"));
	assert_int_equal(err.kind, ERR_PERMISSION);
}

/* What systemd loaded goes first, in the names it may have. */
static void
test_unit(void **state)
{
	(void)state;
	make_dir("credentials");
	(void)tmpdir_write("credentials/key", "plain", 0600);
	make_dir("unit");
	make_dir("unit/npsync");
	assert_int_equal(setenv("CREDENTIALS_DIRECTORY", tmpdir_path("unit"),
	    1), 0);
	assert_string_equal(load("credential:key"), "plain");
	(void)tmpdir_write("unit/npsync/key", "third", 0440);
	assert_string_equal(load("credential:key"), "third");
	(void)tmpdir_write("unit/key", "second", 0440);
	assert_string_equal(load("credential:key"), "second");
	(void)tmpdir_write("unit/npsync_key", "first", 0440);
	assert_string_equal(load("credential:key"), "first");
}

/* Made by systemd-creds elsewhere: cannot be read here, and is not taken for
 * a plain value. */
static const char foreign[] =
    "Whxqht+dQJax1aZeCGLxmiAAAAABAAAADAAAABAAAAC5ETzLcEhF24NHhLMAAAAA"
    "I6bQzKCy+JWm0jVQ1ZzJmVxk0bXq6W2Z9v9Yt0mJmJw=\n";

static void
test_encrypted_elsewhere(void **state)
{
	(void)state;
	make_dir("credentials");
	(void)tmpdir_write("credentials/key", foreign, 0600);
	assert_null(load("credential:key"));
	assert_true(err.kind == ERR_CONFIG || err.kind == ERR_PERMISSION);
	assert_int_equal(err.kind == ERR_CONFIG, secret_can_encrypt());
	assert_null(strstr(err.msg, "Whxq"));
	/* A long key of the same alphabet is one. */
	(void)tmpdir_write("credentials/key",
	    "WhxqhtdQJax1aZeCGLxmiQQQQQQQQQQQQQQQQQQQQC5ETzLcEhF24NHhL"
	    "MAAAAAI6bQzKCyJWm0jVQ1ZzJmVxk0bXq6W2Z9v9Yt0mJmJw", 0600);
	assert_non_null(load("credential:key"));
}

static mode_t
mode_of(const char *name)
{
	struct stat st;

	assert_int_equal(stat(tmpdir_path(name), &st), 0);
	return st.st_mode & 07777;
}

static void
test_store(void **state)
{
	(void)state;
	assert_true(secret_store("key", tmpdir, "abc", 0, false, &err));
	assert_string_equal(load("credential:key"), "abc");
	assert_int_equal(mode_of("credentials/key"), 0600);
	assert_int_equal(mode_of("credentials"), 0700);
	assert_true(secret_store("key", tmpdir, "defg", 20271231, false,
	    &err));
	assert_string_equal(load("credential:key"), "defg");
	assert_int_equal(secret_expires("key", tmpdir), 20271231);
	assert_true(secret_store("key", tmpdir, "h", 0, false, &err));
	assert_int_equal(secret_expires("key", tmpdir), 0);
	assert_int_equal(access(tmpdir_path("expires/key"), F_OK), -1);
	assert_int_equal(secret_expires("other", tmpdir), 0);
	assert_int_equal(secret_expires("../key", tmpdir), 0);
}

static void
test_store_refuses(void **state)
{
	static const char *const names[] = { "", ".x", "a/b", "..", "a b" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		assert_false(secret_store(names[i], tmpdir, "abc", 0, false,
		    &err));
		assert_int_equal(err.kind, ERR_USAGE);
	}
	assert_false(secret_store("key", tmpdir, "", 0, false, &err));
	assert_int_equal(err.kind, ERR_USAGE);
	assert_false(secret_store("key", tmpdir_path("none"), "abc", 0, false,
	    &err));
	/* A failure leaves the old value and no rest. */
	make_dir("credentials");
	make_dir("credentials/key");
	assert_false(secret_store("key", tmpdir, "abc", 0, false, &err));
	assert_int_equal(rmdir(tmpdir_path("credentials/key")), 0);
	assert_int_equal(rmdir(tmpdir_path("credentials")), 0);
	assert_int_equal(rmdir(tmpdir), 0);
	assert_int_equal(mkdir(tmpdir, 0700), 0);
}

/* Only where this machine has its host key already: making one is not a
 * test's business. */
static void
test_encrypt(void **state)
{
	char text[256] = "";

	(void)state;
	if (!secret_can_encrypt() ||
	    access("/var/lib/systemd/credential.secret", R_OK) != 0)
		skip();
	assert_true(secret_store("key", tmpdir, "plain-value", 0, true, &err));
	const int fd = open(tmpdir_path("credentials/key"), O_RDONLY);
	assert_true(fd >= 0 && read(fd, text, sizeof(text) - 1) > 0);
	close(fd);
	assert_null(strstr(text, "plain-value"));
	assert_string_equal(load("credential:key"), "plain-value");
	/* The name is part of what is encrypted. */
	assert_int_equal(rename(tmpdir_path("credentials/key"),
	    tmpdir_path("credentials/other")), 0);
	assert_null(load("credential:other"));
	assert_int_equal(err.kind, ERR_CONFIG);
	assert_null(strstr(err.msg, "plain-value"));
}

/* Standard input that is no terminal: one line.  Root becomes somebody else,
 * because storing as root would make the machine's host key. */
static void
test_set_from_stdin(void **state)
{
	const bool is_root = geteuid() == 0;
	const int saved = dup(STDIN_FILENO);

	(void)state;
	const int fd = open(tmpdir_write("in", "from-stdin\r\nnext line\n",
	    0600), O_RDONLY);
	assert_true(saved >= 0 && fd >= 0);
	assert_true(dup2(fd, STDIN_FILENO) >= 0);
	if (is_root)
		assert_true(chown(tmpdir, 65534, (gid_t)-1) == 0 &&
		    seteuid(65534) == 0);
	const bool ok = secret_set("key", tmpdir, 0, &err);
	const char *value = ok ? load("credential:key") : NULL;
	if (is_root)
		assert_int_equal(seteuid(0), 0);
	assert_true(dup2(saved, STDIN_FILENO) >= 0);
	close(saved);
	close(fd);
	assert_non_null(value);
	assert_string_equal(value, "from-stdin");
}

/* The files of a conf.d share what lies beside it. */
static void
test_home(void **state)
{
	static const struct { const char *dir, *home; } cases[] = {
		{ "/etc/npsync", "/etc/npsync" }, { ".", "." }, { "", "/" },
		{ "/etc/npsync/conf.d", "/etc/npsync" }, { "conf.d", "." },
		{ "/conf.d", "/" }, { "/etc/xconf.d", "/etc/xconf.d" },
		{ "xconf.d", "xconf.d" }, { "/a/conf.d/b", "/a/conf.d/b" } };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO(buf) struct buf home;
		assert_true(secret_home(cases[i].dir, &home));
		assert_string_equal(home.s, cases[i].home);
	}
	make_dir("conf.d");
	const char *shared = tmpdir_path("conf.d");
	assert_true(secret_store("key", shared, "abc", 20271231, false, &err));
	assert_string_equal(load("credential:key"), "abc");
	assert_int_equal(secret_expires("key", tmpdir), 20271231);
	assert_int_equal(secret_expires("key", shared), 20271231);
	const char *value = NULL;
	assert_true(secret_load("credential:key", shared, arena, &value, &err));
	assert_string_equal(value, "abc");
	/* A file of one's own is taken from where the configuration lies. */
	(void)tmpdir_write("conf.d/own", "def", 0600);
	assert_true(secret_load("file:own", shared, arena, &value, &err));
	assert_string_equal(value, "def");
}

static void
test_plain_files(void **state)
{
	(void)state;
	const char *const *names = secret_plain_files(tmpdir, arena);
	assert_non_null(names);
	assert_null(names[0]);
	make_dir("credentials");
	make_dir("credentials/directory");
	(void)tmpdir_write("credentials/good", foreign, 0600);
	(void)tmpdir_write("credentials/plain", "4711\n", 0600);
	(void)tmpdir_write("credentials/good~", "4711 of last year\n", 0600);
	(void)tmpdir_write("credentials/.hidden", "4711\n", 0600);
	(void)tmpdir_write("credentials/empty", "", 0600);
	names = secret_plain_files(tmpdir, arena);
	assert_non_null(names);
	assert_string_equal(names[0], "empty");
	assert_string_equal(names[1], "good~");
	assert_string_equal(names[2], "plain");
	assert_null(names[3]);
	const char *advice = secret_plain_advice("plain", tmpdir, arena);
	assert_non_null(strstr(advice, tmpdir_path("credentials/plain")));
	assert_non_null(strstr(advice, "npsync secret set plain"));
	assert_non_null(strstr(advice, "243/CREDENTIALS"));
	assert_null(strstr(advice, "4711"));
	assert_true(secret_is_for_units("/etc/npsync"));
	assert_true(secret_is_for_units("/etc/npsync/conf.d"));
	assert_false(secret_is_for_units(tmpdir));
}

/* An encrypted file that is named as a plain one is not the key. */
static void
test_file_is_encrypted(void **state)
{
	(void)state;
	(void)tmpdir_write("key", foreign, 0600);
	assert_null(load("file:key"));
	assert_int_equal(err.kind, ERR_CONFIG);
	assert_non_null(strstr(err.msg, "credential:NAME"));
}

/* Also where standard input is a pipe that says nothing. */
static void
test_interrupted(void **state)
{
	int fds[2], status = 0;

	(void)state;
	assert_int_equal(pipe(fds), 0);
	/* So that one which comes too early does not end the child. */
	(void)signal(SIGTERM, SIG_IGN);
	const pid_t pid = fork();
	if (pid != 0)
		(void)signal(SIGTERM, SIG_DFL);
	assert_true(pid >= 0);
	if (pid == 0) {
		if (dup2(fds[0], STDIN_FILENO) < 0 ||
		    secret_set("key", tmpdir, 0, &err))
			_exit(1);
		_exit(err.kind == ERR_SYSTEM && strcmp(err.msg, "interrupted, "
		    "nothing was changed") == 0 ? 0 : 2);
	}
	for (int i = 0; i < 3000 && waitpid(pid, &status, WNOHANG) == 0; i++) {
		(void)kill(pid, SIGTERM);
		(void)usleep(10000);
		if (i == 2999)
			(void)kill(pid, SIGKILL);
	}
	(void)close(fds[0]);
	(void)close(fds[1]);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	assert_int_equal(access(tmpdir_path("credentials"), F_OK), -1);
}

/* No growth, so no copies. */
static void
test_reserve(void **state)
{
	struct buf text;

	(void)state;
	assert_true(secret_reserve(&text, 1000));
	const char *before = text.s;
	for (int i = 0; i < 1000; i++)
		assert_true(buf_char(&text, 'x'));
	assert_ptr_equal(text.s, before);
	assert_false(buf_char(&text, 'x'));
	secret_wipe(&text);
	assert_null(text.s);
}

static void
test_mask(void **state)
{
	static const struct { const char *value, *shown; } cases[] = {
		{ "", "*****" }, { "abc", "*****" }, { "1234567", "*****" },
		{ "12345eOE", "*****eOE" }, { "0123456789abcdef", "*****def" },
	}, addresses[] = {
		{ "anna@d.dk", "a***@d.dk" }, { "a@d.dk", "a***@d.dk" },
		{ "\xc3\xa6gir@d.dk", "\xc3\xa6***@d.dk" },
		{ "anna", "***" }, { "@d.dk", "***" }, { "", "***" },
	};
	char out[16];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		assert_string_equal(secret_mask(cases[i].value, out),
		    cases[i].shown);
	for (size_t i = 0; i < ARRAY_LEN(addresses); i++)
		assert_string_equal(secret_mask_address(arena,
		    addresses[i].value), addresses[i].shown);
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_file), T(test_mode), T(test_bad_files),
		T(test_too_long), T(test_references), T(test_credential),
		T(test_unit), T(test_encrypted_elsewhere), T(test_store),
		T(test_store_refuses), T(test_encrypt),
		T(test_set_from_stdin), T(test_mask), T(test_home),
		T(test_plain_files), T(test_file_is_encrypted),
		T(test_interrupted), T(test_reserve),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
