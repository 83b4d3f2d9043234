/*
 * What libcurl is told for each transfer: whom it may talk to and how, method,
 * headers.
 */
#include <string.h>

#include "http_xfer.h"
#include "text.h"
#include "url.h"

#define LINE_MAX_BYTES ((size_t)65536)
#define LIFETIME_S 300L

/* Who is talked to, and how: nothing from the environment, no surprises. */
static bool
set_manners(struct xfer *x, const struct http_settings *s, const char *url)
{
	const bool plain = s->allow_http || url_is_loopback(url);
	bool ok = true;

	x->to_loopback = url_is_loopback(url);
	x->loopback_only = !s->allow_http && curl_strnequal(url, "http:", 5);
	SET(CURLOPT_URL, url);
	SET(CURLOPT_PROTOCOLS_STR, plain ? "http,https" : "https");
	/* It would become an Authorization header. */
	SET(CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
	SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	SET(CURLOPT_FOLLOWLOCATION, 0L);
	SET(CURLOPT_PROXY, "");
	SET(CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
	SET(CURLOPT_NOSIGNAL, 1L);
	SET(CURLOPT_PATH_AS_IS, 1L);
	SET(CURLOPT_USERAGENT, s->user_agent);
	SET(CURLOPT_CONNECTTIMEOUT, s->connect_timeout_s);
	SET(CURLOPT_TIMEOUT,
	    x->file == NULL ? s->answer_timeout_s : x->file->timeout_s);
	SET(CURLOPT_FILETIME, x->file == NULL ? 0L : 1L);
	SET(CURLOPT_MAXLIFETIME_CONN, LIFETIME_S);
	SET(CURLOPT_MAXAGE_CONN, s->max_idle_s);
	/* 0 would mean "no limit" to libcurl. */
	SET(CURLOPT_FRESH_CONNECT, s->max_idle_s <= 0 ? 1L : 0L);
	SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	SET(CURLOPT_SSL_VERIFYPEER, 1L);
	SET(CURLOPT_SSL_VERIFYHOST, 2L);
	SET(CURLOPT_SSL_CTX_FUNCTION, xfer_verify_strictly);
	SET(CURLOPT_SSL_CTX_DATA, x);
	if (s->ca_file != NULL && *s->ca_file != '\0') {
		/* This file alone, not the system's directory beside it. */
		SET(CURLOPT_CAINFO, s->ca_file);
		SET(CURLOPT_CAPATH, NULL);
	}
	return ok;
}

static bool
set_method(struct xfer *x, const struct http_req *req)
{
	const bool is_post = strcmp(req->method, "POST") == 0;
	bool ok = true;

	if (req->body == NULL && !is_post) {
		if (strcmp(req->method, "HEAD") == 0)
			return SET(CURLOPT_NOBODY, 1L);
		SET(CURLOPT_HTTPGET, 1L);
		if (strcmp(req->method, "GET") != 0)
			SET(CURLOPT_CUSTOMREQUEST, req->method);
		return ok;
	}
	SET(CURLOPT_POST, 1L);
	if (!is_post)
		SET(CURLOPT_CUSTOMREQUEST, req->method);
	/* No POSTFIELDS: the read callback gives the body. */
	SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)x->body_len);
	return ok;
}

static bool
add_header(struct xfer *x, const char *line)
{
	struct curl_slist *more = curl_slist_append(x->headers, line);

	if (more != NULL)
		x->headers = more;
	return more != NULL;
}

/* Nothing that could begin another header or end this one early. */
static bool
header_ok(const char *name, const char *value)
{
	return value != NULL && *name != '\0' && text_is_line(name) &&
	    text_is_line(value) && strpbrk(name, ":; ") == NULL;
}

static bool
add_pair(struct xfer *x, const char *name, const char *value)
{
	AUTO(buf) struct buf line;

	buf_init(&line, LINE_MAX_BYTES);
	/* "Name;" is libcurl's way to send an empty one. */
	if (*value == '\0')
		buf_printf(&line, "%s;", name);
	else
		buf_printf(&line, "%s: %s", name, value);
	return !line.failed && add_header(x, buf_text(&line));
}

static bool
set_headers(struct xfer *x, const struct http_req *req, struct err *err)
{
	/* Without a wait for "100 Continue", so that the counters mean what
	 * they say; without a content type that nobody chose. */
	bool ok = add_header(x, "Expect:"), typed = false;

	for (size_t i = 0; req->headers != NULL && req->headers[i][0] != NULL;
	    i++) {
		const char *name = req->headers[i][0];
		const char *value = req->headers[i][1];
		if (!header_ok(name, value))
			return err_set(err, ERR_CONFIG,
			    "a request header holds characters that must not "
			    "be there");
		typed = typed || curl_strequal(name, "Content-Type");
		ok = add_pair(x, name, value) && ok;
	}
	if (!typed)
		ok = add_header(x, "Content-Type:") && ok;
	SET(CURLOPT_HTTPHEADER, x->headers);
	return ok || err_nomem(err);
}

/* Its pieces come to on_write unpacked: a bomb ends at the ceiling. */
static bool
set_encoding(struct xfer *x, const struct http_settings *settings,
    const struct http_req *req)
{
	return !req->gzip || !settings->gzip || curl_easy_setopt(x->easy,
	    CURLOPT_ACCEPT_ENCODING, "gzip") == CURLE_OK;
}

bool
xfer_set_options(struct xfer *x, const struct http_settings *settings,
    const struct http_req *req, struct err *err)
{
	if (req->url == NULL || req->method == NULL || !text_is_line(req->url) ||
	    !text_is_line(req->method))
		return err_set(err, ERR_CONFIG, "not an address");
	if (!set_headers(x, req, err))
		return false;
	return (set_manners(x, settings, req->url) && set_method(x, req) &&
		set_encoding(x, settings, req) &&
		(!xfer_is_sftp(x) || xfer_set_sftp(x))) ||
	    err_nomem(err);
}
