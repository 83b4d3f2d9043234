/* main.c: what the process takes over from whoever started it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/wait.h>

#include <cmocka.h>

int npsync_main(int argc, char **argv);
#define main npsync_main
#include "main.c"
#undef main

static void
test_environment(void **state)
{
	static const char *const traps[] = { "SSLKEYLOGFILE", "http_proxy",
		"HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "ftp_proxy",
		"all_proxy", "ALL_PROXY", "no_proxy", "NO_PROXY", "NETRC",
		"CURL_HOME", "CURL_CA_BUNDLE", "CURL_SSL_BACKEND",
		"SSL_CERT_FILE", "SSL_CERT_DIR", "OPENSSL_CONF",
		"OPENSSL_MODULES", "OPENSSL_ENGINES", "PGOPTIONS", "PGHOST",
		"PGPASSFILE", "LD_PRELOAD", "GCONV_PATH", "MALLOC_CHECK_" };
	static const char *const kept[] = { "SUDO_USER", "TMPDIR_OLD",
		"CREDENTIALS_DIRECTORY", "RUNTIME_DIRECTORY",
		"JOURNAL_STREAM", "proxy", "XPGHOST" };

	(void)state;
	assert_int_equal(ARRAY_LEN(traps), 25);
	for (size_t i = 0; i < ARRAY_LEN(traps); i++)
		assert_int_equal(setenv(traps[i], "/hostile", 1), 0);
	for (size_t i = 0; i < ARRAY_LEN(kept); i++)
		assert_int_equal(setenv(kept[i], "kept", 1), 0);
	environment_clear();
	for (size_t i = 0; i < ARRAY_LEN(traps); i++)
		if (getenv(traps[i]) != NULL)
			fail_msg("%s is left", traps[i]);
	for (size_t i = 0; i < ARRAY_LEN(kept); i++) {
		assert_non_null(getenv(kept[i]));
		(void)unsetenv(kept[i]);
	}
}

/* In a child: what harden does cannot be undone. */
static int
in_child(int (*fn)(void))
{
	int status = 0;
	const pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0)
		_exit(fn());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int
hardened(void)
{
	struct rlimit core;

	(void)signal(SIGCHLD, SIG_IGN);
	(void)umask(0);
	(void)close(0);
	(void)close(2);
	harden();
	if (getrlimit(RLIMIT_CORE, &core) != 0 || core.rlim_max != 0)
		return 1;
	if (signal(SIGCHLD, SIG_DFL) != SIG_DFL)
		return 2;
	if (umask(0) != 077)
		return 3;
	/* The next file of ours is none of the three. */
	return open("/dev/null", O_RDONLY | O_CLOEXEC) > 2 ? 0 : 4;
}

static void
test_harden(void **state)
{
	(void)state;
	assert_int_equal(in_child(hardened), 0);
}

/* /dev/full takes nothing: what was asked for was not told. */
static int
to_a_full_disk(void)
{
	static char name[] = "npsync", option[] = "--version";
	char *argv[] = { name, option, NULL };

	return freopen("/dev/full", "we", stdout) == NULL ? 1 :
	    npsync_main(2, argv);
}

static int
unbuffered_to_a_full_disk(void)
{
	/* The last flush has nothing left to fail with. */
	(void)setvbuf(stdout, NULL, _IONBF, 0);
	return to_a_full_disk();
}

static void
test_output_lost(void **state)
{
	(void)state;
	assert_int_equal(in_child(to_a_full_disk), 71);
	assert_int_equal(in_child(unbuffered_to_a_full_disk), 71);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_environment),
		cmocka_unit_test(test_harden),
		cmocka_unit_test(test_output_lost),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
