/*
 * url.h - building addresses and judging those a server hands us.
 */
#ifndef NPSYNC_URL_H
#define NPSYNC_URL_H

#include "arena.h"
#include "err.h"

/* A base address of the configuration: https, or http to loopback (or
 * anywhere with allow_http); host, no userinfo, query or fragment. */
NPS_MUSTCHECK bool url_check_base(const char *url, bool allow_http,
    struct err *err);
/* True for http(s) addresses whose host is a loopback address or localhost. */
bool url_is_loopback(const char *url);
/* "localhost", "[::1]" or an address of 127.0.0.0/8 as it stands in a URL. */
bool url_host_is_loopback(const char *host);
/* base + path, exactly one '/' between them. */
char *url_join(struct arena *arena, const char *base, const char *path);
/* "%C3%A6": everything but unreserved characters (RFC 3986). */
char *url_escape(struct arena *arena, const char *text);
/* Adds "?name=value" or "&name=value", both escaped. */
char *url_add_query(struct arena *arena, const char *url, const char *name,
    const char *value);
/*
 * A next-page address from a server, absolute or relative to current: same
 * scheme, host and port as base and below its path, no userinfo, no fragment,
 * no "..", at most 8 KiB, no control characters, not equal to current.
 * Returns the absolute address in arena, or NULL with ERR_PROTOCOL
 * (reliability C1, vectors section 11).
 */
NPS_MUSTCHECK char *url_next(struct arena *arena, const char *base,
    const char *current, const char *offered, struct err *err);
/* Scheme, host and port are base's, however they are written; no userinfo. */
bool url_is_same_origin(const char *base, const char *url);
/* The address without query and userinfo, for messages. */
char *url_for_log(struct arena *arena, const char *url);

#endif
