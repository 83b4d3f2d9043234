/*
 * nearest.h - which known name was probably meant.  Pure.
 */
#ifndef NPSYNC_NEAREST_H
#define NPSYNC_NEAREST_H

#include "npsync.h"

/* Letters to insert, delete, replace or swap with their neighbour; case does
 * not count.  UTF-8; longer texts are compared by their first 64 letters. */
size_t nearest_distance(const char *a, const char *b);
/* Fills best with the indices of at most max names that are near enough to be
 * meant, the nearest first, of equal ones the first.  Returns how many. */
size_t nearest_find(const char *wanted, const char *const *names, size_t n,
    size_t *best, size_t max);

#endif
