/*
 * url.h - paths, query strings and forms.
 */
#ifndef NPSYNC_SIM_URL_H
#define NPSYNC_SIM_URL_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/* Decoded, the caller's to free; plus: a plus is a blank.  NULL = an escape is
 * none, or the text is no UTF-8. */
char *url_decode(const char *s, size_t len, bool plus);
/* To out, which may be s; any bytes but NUL.  false: an escape is none. */
bool url_decode_to(const char *s, size_t len, bool plus, char *out);
/* The value of "a=1&name=VALUE"; NULL also = it is not there. */
char *url_param(const char *query, const char *name);
/* "a=1&b=2" as an object; NULL: unreadable, or a name stands twice. */
json_t *form_read(const char *s);

#endif
