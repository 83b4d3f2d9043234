/*
 * fuzz.h - what the targets share.  A target is one function over bytes; main
 * is libFuzzer's (make fuzz) or replay.c's (make check).
 */
#ifndef NPSYNC_FUZZ_H
#define NPSYNC_FUZZ_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CHECK(cond)                                                   \
	do {                                                          \
		if (!(cond))                                          \
			fuzz_fail(__FILE__, __LINE__, #cond);         \
	} while (0)

__attribute__((noreturn)) static inline void
fuzz_fail(const char *file, int line, const char *what)
{
	(void)fprintf(stderr, "%s:%d: broken: %s\n", file, line, what);
	abort();
}

/* The bytes of an input that are still to be taken. */
struct fuzz_in {
	const uint8_t *p;
	size_t left;
};

static inline unsigned
fuzz_byte(struct fuzz_in *in)
{
	if (in->left == 0)
		return 0;
	in->left--;
	return *in->p++;
}

/* Up to the next NUL, in memory of exactly that size, so that one byte too
 * far is seen; the caller frees it. */
static inline char *
fuzz_text(struct fuzz_in *in)
{
	const size_t len = strnlen((const char *)in->p, in->left);
	char *text = malloc(len + 1);

	CHECK(text != NULL);
	if (len > 0)
		memcpy(text, in->p, len);
	text[len] = '\0';
	in->p += len;
	in->left -= len;
	if (in->left > 0) {
		in->p++;
		in->left--;
	}
	return text;
}

static inline bool
fuzz_same(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

/* NULL, or text that may go into the database. */
static inline bool
fuzz_is_text(const char *s)
{
	return s == NULL || text_valid(s);
}

/* What can stand in one line of a log: no control characters, UTF-8. */
static inline bool
fuzz_is_line(const char *s)
{
	for (const char *p = s; *p != '\0'; p++)
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			return false;
	return text_valid(s);
}

#endif
