/*
 * digits.h - telephone numbers as two services may spell them.
 */
#ifndef NPSYNC_CONNECTORS_DIGITS_H
#define NPSYNC_CONNECTORS_DIGITS_H

#include <stdbool.h>

/* The digits are the same, whatever stands between them. */
bool digits_same(const char *a, const char *b);

#endif
