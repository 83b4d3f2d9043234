#include "child.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "npsync.h"
#include "with_asan.h"

int
child_run(int (*run)(void *arg), void *arg)
{
	static const int deaths[] = { SIGFPE, SIGILL, SIGSEGV, SIGBUS, SIGSYS };
	int status = 0;

	(void)fflush(NULL);
	const pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		/* cmocka would make an exit code of a crash. */
		for (size_t i = 0; i < ARRAY_LEN(deaths); i++)
			(void)signal(deaths[i], SIG_DFL);
		const int code = run(arg);
		/* LeakSanitizer looks at the end of a process; what belongs to
		 * the test is not the child's to clean. */
		if (WITH_ASAN)
			exit(code);
		_exit(code);
	}
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status)
	                           : WEXITSTATUS(status);
}
