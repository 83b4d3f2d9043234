/*
 * http_xfer.h - one transfer of libcurl, shared by the files http*.c and by
 * nobody else.
 */
#ifndef NPSYNC_HTTP_XFER_H
#define NPSYNC_HTTP_XFER_H

#include <curl/curl.h>

#include "buf.h"
#include "http.h"

/* What the answer said, and what is known of how far the request got. */
struct xfer {
	CURL *easy;
	struct curl_slist *headers;
	const char *body;	/* borrowed from the request */
	size_t body_len;
	bool repeatable;
	bool (*cancelled)(void);

	size_t handed;		/* bytes of the body given to libcurl */
	int sockets, attempts;	/* connections opened, requests begun */
	bool reused;		/* the first attempt found an open connection */

	struct arena *words;	/* of the answer's headers */
	const char *content_type, *etag, *location, *link, *retry_after;
	time_t date;
	long status;		/* of a status line read to its end */
	bool headers_ended, too_large;
	size_t header_bytes;
	struct buf answer;
	char error[CURL_ERROR_SIZE];
};

struct http {
	struct http_settings settings;
	bool (*cancelled)(void);
	struct xfer xfer;	/* of http_do */
	double next_ms;		/* of the token bucket, on CLOCK_BOOTTIME */
};

NPS_MUSTCHECK bool xfer_init(struct xfer *x, struct err *err);
/* Borrows req's url and body until the transfer is over. */
NPS_MUSTCHECK bool xfer_prepare(struct xfer *x, const struct http *http,
    const struct http_req *req, struct err *err);
/* In http_options.c: all but the callbacks. */
NPS_MUSTCHECK bool xfer_set_options(struct xfer *x,
    const struct http_settings *settings, const struct http_req *req,
    struct err *err);
/* Texts in *res point into x, until the next prepare. */
void xfer_result(struct xfer *x, CURLcode code, struct http_res *res);
void xfer_free(struct xfer *x);

/* Needs `bool ok` in scope, which it clears on failure. */
#define SET(option, value) \
	(ok = curl_easy_setopt(x->easy, (option), (value)) == CURLE_OK && ok)

/* The token bucket: ms until a request may start, 0 = now (and taken). */
int64_t http_rate_take(struct http *http);
bool http_is_cancelled(const struct http *http);

#endif
