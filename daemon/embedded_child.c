/*
 * embedded_child.c - the server's programs as child processes: by fixed paths,
 * with a clean environment, and nothing of ours inherited but what is said.
 */
#include "embedded_int.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define POLL_MS 10L

static char env_path[] = "PATH=/usr/bin:/bin";
static char env_locale[] = "LC_ALL=C.UTF-8";
static char env_zone[] = "TZ=UTC";
char *const embedded_child_env[] = { env_path, env_locale, env_zone, NULL };

static void
signals_default(void)
{
	static const int signals[] = { SIGHUP, SIGINT, SIGQUIT, SIGTERM,
		SIGPIPE, SIGCHLD, SIGALRM, SIGUSR1, SIGUSR2 };
	sigset_t none;

	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	for (size_t i = 0; i < ARRAY_LEN(signals); i++)
		(void)signal(signals[i], SIG_DFL);
}

void
embedded_child_prepare(const char *dir, int in, int out, int log)
{
	const int null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);

	signals_default();
	(void)umask(0077);
	if (null_fd < 0 || dup2(in >= 0 ? in : null_fd, 0) < 0 ||
	    dup2(out >= 0 ? out : null_fd, 1) < 0 || dup2(log, 2) < 0 ||
	    chdir(dir) != 0 || close_range(3, ~0U, CLOSE_RANGE_CLOEXEC) != 0)
		_exit(127);
}

static _Noreturn void
child_exec(const struct embedded_child *c)
{
	char *argv[EMBEDDED_ARGS_MAX + 1] = { NULL };
	const struct rlimit limit = { (rlim_t)c->file_max,
		(rlim_t)c->file_max };

	for (size_t i = 0; i < EMBEDDED_ARGS_MAX && c->argv[i] != NULL; i++)
		memcpy(&argv[i], &c->argv[i], sizeof(argv[i]));
	embedded_child_prepare(c->dir, c->in, c->out, c->log);
	if (c->file_max > 0) {
		/* It shall say that it was too much, not just die. */
		(void)signal(SIGXFSZ, SIG_IGN);
		(void)setrlimit(RLIMIT_FSIZE, &limit);
	}
	if (c->keep < 0 || fcntl(c->keep, F_SETFD, 0) == 0)
		(void)execve(argv[0], argv, embedded_child_env);
	_exit(127);
}

/* A person's ^C reaches the child by itself; a SIGTERM to us does not. */
static bool
child_wait(const struct embedded_child *c, pid_t pid, int *status)
{
	bool told = false;

	for (;;) {
		const pid_t ended = waitpid(pid, status,
		    c->cancelled != NULL ? WNOHANG : 0);

		if (ended == pid)
			return true;
		/* Who ignores SIGCHLD is not told: no trust in the rest. */
		if (ended < 0 && errno != EINTR)
			return false;
		if (c->cancelled == NULL)
			continue;
		if (!told && c->cancelled()) {
			(void)kill(pid, SIGTERM);
			told = true;
		}
		embedded_proc_sleep_ms(POLL_MS);
	}
}

bool
embedded_child_run(const struct embedded_child *c, bool *good, struct err *err)
{
	const pid_t parent = getpid();
	const pid_t pid = fork();
	int status = 0;

	*good = false;
	if (pid < 0)
		return err_errno(err, ERR_SYSTEM, "fork");
	if (pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() == parent)
			child_exec(c);
		_exit(127);
	}
	*good = child_wait(c, pid, &status) && WIFEXITED(status) &&
	    WEXITSTATUS(status) == 0;
	return true;
}
