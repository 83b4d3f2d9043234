/*
 * runproc.h - a program run by a test: arguments, an environment of its own,
 * standard input; its output, exit code and a limit of time.
 */
#ifndef NPSYNC_RUNPROC_H
#define NPSYNC_RUNPROC_H

#include <sys/types.h>

struct runproc {
	pid_t pid;
	int fd[2];
	int code;		/* exit code; 128 + signal; -1 = took too long */
	char *out, *err;	/* text with an end, by runproc_wait */
	size_t out_len, err_len;
};

/* args: without the name, NULL-ended.  env: "NAME=value", NULL-ended, beside
 * PATH, TMPDIR and the sanitizers' own; may be NULL.  input: a few lines, or
 * NULL for nothing.  The program ends with the test.  Failures end the test. */
void runproc_start(struct runproc *p, const char *program,
    const char *const *args, const char *const *env, const char *input);
/* Reads all output.  After seconds it is killed. */
void runproc_wait(struct runproc *p, int seconds);
void runproc_free(struct runproc *p);

#endif
