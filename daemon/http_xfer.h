/*
 * http_xfer.h - one transfer of libcurl, shared by the files http*.c and by
 * nobody else.
 */
#ifndef NPSYNC_HTTP_XFER_H
#define NPSYNC_HTTP_XFER_H

#include <curl/curl.h>

#include "http_breaker.h"
#include "buf.h"
#include "http.h"
#include "http_file.h"

/* What the answer said, and what is known of how far the request got. */
struct xfer {
	CURL *easy;
	struct curl_slist *headers;
	const char *url, *body;	/* borrowed from the request */
	size_t body_len;
	bool repeatable;
	bool (*cancelled)(void);

	bool to_loopback, loopback_only, allow_private;
	const int64_t *safe_status;	/* of the settings */
	size_t n_safe;
	long low_speed_s;

	/* A download: where a good answer's body goes. */
	const struct http_file *file;	/* NULL = into answer */
	int fd;
	int64_t written;
	int write_errno;

	size_t handed;		/* bytes of the body given to libcurl */
	int sockets, attempts;	/* connections opened, requests begun */
	int refused;		/* addresses that were not connected to */
	bool reused;		/* the first attempt found an open connection */

	struct arena *words;	/* of the answer's headers */
	const char *content_type, *etag, *location, *link, *retry_after;
	const char *const *wanted;		/* of the request */
	const char *found[HTTP_WANTED_MAX];	/* what they were */
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
	double next_ms;		/* of the token bucket */
	int64_t apart_ms;	/* when the last request with apart_ms began; 0 */
	int64_t hold_until_ms;	/* a Retry-After */
	struct breaker breaker;
};
#define HTTP_WAIT_MAX_MS ((int64_t)300000)	/* longer ones go to the stage */

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

/* In http_tls.c: libcurl's CURLOPT_SSL_CTX_FUNCTION. */
CURLcode xfer_verify_strictly(CURL *easy, void *ssl_ctx, void *arg);
/* In http_file.c: what sftp needs beside set_manners. */
NPS_MUSTCHECK bool xfer_set_sftp(struct xfer *x);
NPS_MUSTCHECK bool xfer_is_sftp(const struct xfer *x);
NPS_MUSTCHECK bool xfer_rewind_file(struct xfer *x);
NPS_MUSTCHECK bool xfer_write_file(struct xfer *x, const char *s, size_t len);

/* ---- http_wait.c ---------------------------------------------------------- */
int64_t http_now_ms(const struct http *http);
void http_sleep_ms(const struct http *http, int64_t ms);
bool http_is_cancelled(const struct http *http);
/* False = cancelled. */
NPS_MUSTCHECK bool http_wait_ms(const struct http *http, int64_t ms);
/* The token bucket: ms until a request may start, 0 = now (and taken).  rate: of
 * this one, 0 = the engine's. */
int64_t http_rate_take(struct http *http, double rate);
/* ms until a Retry-After is over; until the breaker lets one through. */
int64_t http_hold_ms(const struct http *http);
void http_hold(struct http *http, long wait_s);
int64_t http_breaker_ms(const struct http *http);
/* By what this service's connector says, beside the rules of all services. */
bool http_is_again(const struct http_req *req, const struct http_res *res);
/* What the service's own words make of the pause (http_req.pause_ms). */
long http_own_pause_ms(const struct http_req *req, const struct http_res *res);
/* Keeps what an answer says about waiting. */
void http_note_answer(struct http *http, const struct http_req *req,
    const struct http_res *res);
/* The end of what breaker_begin began. */
void http_note_result(struct http *http, const struct http_res *res,
    bool too_large, bool is_probe);
void http_note_nothing(struct http *http, bool is_probe);

#endif
