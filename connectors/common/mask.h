/*
 * mask.h - what may be shown of a text that a server sent.
 */
#ifndef NPSYNC_CONNECTORS_MASK_H
#define NPSYNC_CONNECTORS_MASK_H

#include "npsync.h"

/* The beginning of it: one line of valid UTF-8, addresses and numbers as long
 * as a telephone's masked, cut to size. */
void mask_text(char *out, size_t size, const char *text, size_t len);
/* The same, and "" where our key (NULL = none), or eight bytes of it, stands in
 * it, escaped (\/, \u002B, %2F) or not. */
void mask_text_but(char *out, size_t size, const char *text, size_t len,
    const char *key);
/* One of the n secrets stands in the text, whole, escaped or not: it need not be
 * a key (a scope, a user), so parts of it say nothing. */
bool mask_holds(const char *text, const char *const *secrets, size_t n);
/* The same, for an answer to a request that was signed: long words are masked
 * too, and "" where one of the n secrets stands in it. */
void mask_answer(char *out, size_t size, const char *text, size_t len,
    const char *const *secrets, size_t n);

#endif
