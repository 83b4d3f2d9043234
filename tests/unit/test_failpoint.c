/* failpoint.c: each case is a process, since most of them end it. */
#define NPSYNC_FAILPOINTS
#include "../../daemon/failpoint.c"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "tmpdir.h"

/* Passes a, b, a, b ...; prints nothing, its exit code says which fail. */
static _Noreturn void
passes(int n)
{
	int failed = 0;

	for (int i = 0; i < n; i++)
		if (!FAILPOINT("t", i % 2 == 0 ? "a" : "b"))
			failed |= 1 << i;
	_exit(failed);
}

static int
outcome(pid_t pid)
{
	int status = 0;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFSIGNALED(status) ? 1000 + WTERMSIG(status)
	                           : WEXITSTATUS(status);
}

static pid_t
begin_child(const char *variable, const char *value, int n)
{
	const pid_t pid = fork();

	if (pid == 0) {
		if (variable != NULL)
			(void)setenv(variable, value, 1);
		passes(n);
	}
	assert_true(pid > 0);
	return pid;
}

static const struct rule_case {
	const char *rules;
	int n, code;
} cases[] = {
	{ "", 4, 0 },
	{ "t/a=fail", 4, 1 },
	{ "t/b=fail", 4, 2 },
	{ "t/a=fail@2", 4, 4 },
	{ "t/a=fail@2", 6, 4 },
	{ "t/a=fail@2+", 6, 4 + 16 },
	{ "t/a=fail@9", 6, 0 },
	{ "*=fail@3", 4, 4 },
	{ "t/*=fail@2+", 4, 2 + 4 + 8 },
	{ "other=kill", 4, 0 },
	{ "t/a=fail,t/b=fail@2", 4, 1 + 8 },
	{ "t/a=fail\nt/b=fail\n", 2, 3 },
	{ "t/b=exit", 4, FAILPOINT_EXIT },
	{ "t/b=exit@3", 4, 0 },
	{ "t/a=kill@2", 4, 1000 + SIGKILL },
	{ "t/a=sleep:1", 4, 0 },
	/* Not understood: no test goes on without its fault. */
	{ "t/a", 2, FAILPOINT_BAD },
	{ "t/a=explode", 2, FAILPOINT_BAD },
	{ "t/a=fail@", 2, FAILPOINT_BAD },
	{ "t/a=fail@0", 2, FAILPOINT_BAD },
	{ "t/a=fail@x", 2, FAILPOINT_BAD },
	{ "t/a=sleep", 2, FAILPOINT_BAD },
	{ "t/a=sleep:x", 2, FAILPOINT_BAD },
	{ "t/a=kill:5", 2, FAILPOINT_BAD },
};

static void
test_rules(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const struct rule_case *c = &cases[i];
		const int got = outcome(begin_child("NPSYNC_FAILPOINT",
		    c->rules, c->n));
		if (got != c->code)
			fail_msg("\"%s\": %d, expected %d", c->rules, got,
			    c->code);
	}
}

static void
test_stop(void **state)
{
	int status = 0;
	const pid_t pid = begin_child("NPSYNC_FAILPOINT",
	    "t/b=stop,t/b=fail@2", 4);

	(void)state;
	assert_int_equal(waitpid(pid, &status, WUNTRACED), pid);
	assert_true(WIFSTOPPED(status));
	assert_int_equal(kill(pid, SIGCONT), 0);
	assert_int_equal(outcome(pid), 8);
}

static const char *
text_of(const char *name)
{
	static char text[4096];
	FILE *file = fopen(tmpdir_path(name), "re");

	assert_non_null(file);
	text[fread(text, 1, sizeof(text) - 1, file)] = '\0';
	(void)fclose(file);
	return text;
}

/* The pass that killed is in the trace: it was written before. */
static void
test_trace(void **state)
{
	char want[256];

	(void)state;
	(void)setenv("NPSYNC_FAILPOINT_TRACE", tmpdir_path("trace"), 1);
	const pid_t first = begin_child(NULL, NULL, 2);
	assert_int_equal(outcome(first), 0);
	const pid_t second = begin_child("NPSYNC_FAILPOINT", "*=kill@2", 9);
	assert_int_equal(outcome(second), 1000 + SIGKILL);
	(void)unsetenv("NPSYNC_FAILPOINT_TRACE");
	(void)snprintf(want, sizeof(want), "%ld 1 t/a\n%ld 2 t/b\n"
	    "%ld 1 t/a\n%ld 2 t/b kill\n", (long)first, (long)first,
	    (long)second, (long)second);
	assert_string_equal(text_of("trace"), want);
	/* A trace that cannot be written is no empty one. */
	assert_int_equal(outcome(begin_child("NPSYNC_FAILPOINT_TRACE",
	    tmpdir_path("no/trace"), 1)), FAILPOINT_BAD);
}

static void
rules_write(const char *rules)
{
	const char *new = tmpdir_write("new", rules, 0600);

	assert_int_equal(rename(new, tmpdir_path("rules")), 0);
}

/* Rules that change under a running process. */
static void
test_file(void **state)
{
	int pipe_fd[2];
	char byte;

	(void)state;
	assert_int_equal(pipe(pipe_fd), 0);
	const pid_t pid = fork();
	if (pid == 0) {
		int failed = 0;
		(void)close(pipe_fd[1]);
		(void)setenv("NPSYNC_FAILPOINT_FILE", tmpdir_path("rules"), 1);
		for (int i = 0; read(pipe_fd[0], &byte, 1) == 1; i++) {
			failed |= FAILPOINT("t", "a") ? 0 : 1 << i;
			/* The parent goes on when this stops. */
			(void)kill(getpid(), SIGSTOP);
		}
		_exit(failed);
	}
	(void)close(pipe_fd[0]);
	static const char *const rules[] = { NULL, "t/a=fail", "", "t/a=fail" };
	for (size_t i = 0; i < ARRAY_LEN(rules); i++) {
		int status = 0;
		if (rules[i] != NULL)
			rules_write(rules[i]);
		assert_int_equal(write(pipe_fd[1], "x", 1), 1);
		assert_int_equal(waitpid(pid, &status, WUNTRACED), pid);
		assert_true(WIFSTOPPED(status));
		(void)kill(pid, SIGCONT);
	}
	(void)close(pipe_fd[1]);
	assert_int_equal(outcome(pid), 2 + 8);
}

static void
test_in_process(void **state)
{
	(void)state;
	failpoint_set("t/b=fail@2");
	assert_true(FAILPOINT("t", "b"));
	assert_true(FAILPOINT("t", "a"));
	assert_false(FAILPOINT("t", "b"));
	assert_int_equal(failpoint_passes(), 3);
	failpoint_set(NULL);
	assert_true(FAILPOINT("t", "b"));
	assert_true(FAILPOINT("t", "b"));
	assert_int_equal(failpoint_passes(), 2);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rules),
		cmocka_unit_test(test_stop),
		cmocka_unit_test(test_trace),
		cmocka_unit_test(test_file),
		cmocka_unit_test(test_in_process),
	};

	return cmocka_run_group_tests(tests, tmpdir_make, tmpdir_remove);
}
