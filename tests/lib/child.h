/*
 * child.h - a part of a test in a process of its own, so that it may die.
 */
#ifndef NPSYNC_TESTS_CHILD_H
#define NPSYNC_TESTS_CHILD_H

/* What run returns, 128 + signal if the process died. */
int child_run(int (*run)(void *arg), void *arg);

#endif
