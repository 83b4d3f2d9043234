/*
 * stamp.h - the time of a record's last change as If-Unmodified-Since names it:
 * weak validation, by the second (RFC 9110, 13.1.4).  Pure.
 */
#ifndef NPSYNC_CONNECTORS_STAMP_H
#define NPSYNC_CONNECTORS_STAMP_H

#include "clock.h"

/* "Fri, 20 Nov 2026 10:00:00 GMT"; buf of 32 bytes; returns buf. */
const char *stamp_http(char buf[32], time_t t);
/* The second in which it was changed, a begun one counted as over; NO_TIME. */
time_t stamp_up(const char *text);

#endif
