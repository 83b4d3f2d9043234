/*
 * units.h - the length of texts in UTF-16 units, as services that run on
 * Windows count the characters of a field.  Pure.
 */
#ifndef NPSYNC_CONNECTORS_UNITS_H
#define NPSYNC_CONNECTORS_UNITS_H

#include "arena.h"

size_t units_count(const char *text);
/* The text, or its beginning and "...", in at most max units; 0 = any.
 * NULL = memory. */
const char *units_cut(struct arena *arena, const char *text, size_t max);

#endif
