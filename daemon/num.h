/*
 * num.h - the only way from text to number.
 */
#ifndef NPSYNC_NUM_H
#define NPSYNC_NUM_H

#include "npsync.h"

/* Decimal integer: the whole string, optional '-', no blanks, no '+'.
 * False (and *out untouched) when it is none or outside [min, max]. */
NPS_MUSTCHECK bool num_parse(const char *s, long long min, long long max,
    long long *out);
/* The same for the len bytes at s, which need no NUL. */
NPS_MUSTCHECK bool num_parse_n(const char *s, size_t len, long long min,
    long long max, long long *out);
/* Decimal number with an optional '.' fraction, independent of the locale. */
NPS_MUSTCHECK bool num_parse_double(const char *s, double min, double max,
    double *out);

#endif
