/*
 * http_curl.h - what the users of libcurl share: clean-ups for AUTO(), and a
 * seek that fails.
 */
#ifndef NPSYNC_HTTP_CURL_H
#define NPSYNC_HTTP_CURL_H

#include <curl/curl.h>

#include "npsync.h"

static inline void
curlu_cleanup(CURLU **u)
{
	curl_url_cleanup(*u);
}

static inline void
curl_text_cleanup(char **text)
{
	curl_free(*text);
}

/* CURLOPT_SEEKFUNCTION of what must never be sent from its beginning again. */
static inline int
http_refuse_seek(void *arg, curl_off_t offset, int origin)
{
	(void)arg;
	(void)offset;
	(void)origin;
	return CURL_SEEKFUNC_FAIL;
}

#endif
