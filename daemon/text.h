/*
 * text.h - UTF-8 that other people's eyes and programs can bear: escapes for
 * lines of a log or a table, cuts on code-point borders.
 */
#ifndef NPSYNC_TEXT_H
#define NPSYNC_TEXT_H

#include "npsync.h"

#define TEXT_PIECE 12

/* The next code point of s as it may be shown, NUL-terminated: itself, or an
 * escape (\n \r \t, \x1b, \u202e) for control, C1 and bidi characters, line
 * separators and bytes that are no UTF-8.  Returns the bytes of s it took,
 * 0 at the end. */
size_t text_piece(const char *s, char out[TEXT_PIECE]);
/* Length of the longest beginning of s of at most max bytes that ends between
 * two code points.  Text that is no UTF-8 is cut at max. */
size_t text_cut(const char *s, size_t max);
/* Valid UTF-8 from end to end. */
bool text_valid(const char *s);
/* No control character: nothing that could end a line or a header. */
bool text_is_line(const char *s);
bool text_is_ascii(const char *s);
/* 2 * n lower-case digits and a NUL. */
void text_hex(char *out, const unsigned char *bytes, size_t n);

#endif
