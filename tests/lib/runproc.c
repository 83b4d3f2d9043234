#include "runproc.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "clock.h"

#define ARGS_MAX 80
#define ENV_MAX 32

static const char *const kept[] = { "PATH=", "TMPDIR=", "ASAN_OPTIONS=",
	"UBSAN_OPTIONS=", "LSAN_OPTIONS=", "GCOV_PREFIX=" };

/* ---- the child ----------------------------------------------------------------- */
static void
child_env(const char *const *env, const char **out)
{
	size_t n = 0;

	for (char **e = environ; *e != NULL && n < ENV_MAX - 1; e++)
		for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++)
			if (strncmp(*e, kept[i], strlen(kept[i])) == 0)
				out[n++] = *e;
	for (; env != NULL && *env != NULL && n < ENV_MAX - 1; env++)
		out[n++] = *env;
	out[n] = NULL;
}

static _Noreturn void
child(const char *program, const char *const *args, const char *const *env,
    const int fd[3])
{
	const char *argv[ARGS_MAX] = { program };
	const char *envp[ENV_MAX];

	for (size_t n = 0; args != NULL && args[n] != NULL &&
	     n < ARGS_MAX - 2; n++)
		argv[n + 1] = args[n];
	child_env(env, envp);
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (int i = 0; i < 3; i++)
		if (dup2(fd[i], i) < 0)
			_exit(126);
	(void)execve(program, (char *const *)(uintptr_t)argv,
	    (char *const *)(uintptr_t)envp);
	_exit(127);
}

/* Short enough for a pipe: nobody needs to read meanwhile. */
static int
input_open(const char *input)
{
	int fds[2];

	if (input == NULL)
		return open("/dev/null", O_RDONLY | O_CLOEXEC);
	assert_true(strlen(input) < 4096);
	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	assert_int_equal(write(fds[1], input, strlen(input)),
	    (long)strlen(input));
	(void)close(fds[1]);
	return fds[0];
}

void
runproc_start(struct runproc *p, const char *program, const char *const *args,
    const char *const *env, const char *input)
{
	int out[2], err[2];
	const int in = input_open(input);

	assert_true(in >= 0);
	assert_int_equal(pipe2(out, O_CLOEXEC), 0);
	assert_int_equal(pipe2(err, O_CLOEXEC), 0);
	*p = (struct runproc){ .fd = { out[0], err[0] } };
	p->pid = fork();
	assert_true(p->pid >= 0);
	if (p->pid == 0)
		child(program, args, env, (const int[]){ in, out[1], err[1] });
	(void)close(in);
	(void)close(out[1]);
	(void)close(err[1]);
}

/* ---- its output ------------------------------------------------------------------ */
static bool
take(int *fd, char **text, size_t *len)
{
	char part[16384];
	const ssize_t n = read(*fd, part, sizeof(part));

	if (n < 0 && errno == EINTR)
		return true;
	if (n <= 0) {
		(void)close(*fd);
		*fd = -1;
		return false;
	}
	*text = realloc(*text, *len + (size_t)n + 1);
	assert_non_null(*text);
	memcpy(*text + *len, part, (size_t)n);
	*len += (size_t)n;
	(*text)[*len] = '\0';
	return true;
}

static void
ended(struct runproc *p)
{
	int status = 0;

	while (waitpid(p->pid, &status, 0) < 0 && errno == EINTR)
		;
	if (p->code != -1)
		p->code = WIFEXITED(status) ? WEXITSTATUS(status)
		                            : 128 + WTERMSIG(status);
	p->pid = 0;
}

void
runproc_wait(struct runproc *p, int seconds)
{
	const int64_t end = clock_boottime_ms() + seconds * INT64_C(1000);

	p->out = calloc(1, 1);
	p->err = calloc(1, 1);
	assert_true(p->out != NULL && p->err != NULL);
	while (p->fd[0] >= 0 || p->fd[1] >= 0) {
		struct pollfd fds[2] = { { p->fd[0], POLLIN, 0 },
			{ p->fd[1], POLLIN, 0 } };
		const int64_t left = end - clock_boottime_ms();
		if (left <= 0 || poll(fds, 2, (int)left) == 0) {
			(void)kill(p->pid, SIGKILL);
			p->code = -1;
			break;
		}
		if (fds[0].revents != 0)
			(void)take(&p->fd[0], &p->out, &p->out_len);
		if (fds[1].revents != 0)
			(void)take(&p->fd[1], &p->err, &p->err_len);
	}
	ended(p);
}

void
runproc_free(struct runproc *p)
{
	for (int i = 0; i < 2; i++)
		if (p->fd[i] > 0)
			(void)close(p->fd[i]);
	free(p->out);
	free(p->err);
	*p = (struct runproc){ .fd = { -1, -1 } };
}
