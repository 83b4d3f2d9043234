/*
 * missing.h - a test that needs a tool which is not on this machine.  Elsewhere it
 * is skipped with the reason; with CI=true, where tests/setup.sh has installed all,
 * it fails: a test that is never run is none.
 */
#ifndef NPSYNC_TESTS_MISSING_H
#define NPSYNC_TESTS_MISSING_H

#include <stdbool.h>

bool missing_fails(void);
/* Ends the test. */
void missing(const char *tool);
/* Instead of a whole program's tests; what main returns. */
int missing_all(const char *tool);

#endif
