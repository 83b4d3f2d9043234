/*
 * One transfer: the options that keep libcurl honest, and the evidence of how
 * far a request got.
 *
 * libcurl repeats a request by itself when a reused connection dies before the
 * first byte of the answer, POST included.  Two things stop that: the seek
 * callback fails, and a second attempt is refused before it begins, which also
 * holds where there is no body to rewind.  On a reused connection libcurl's own
 * counters are not believed, because the start of a repeat resets them; what is
 * believed then is how many bytes it took from us.
 */
#include "http_xfer.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clock.h"
#include "failpoint.h"
#include "http_address.h"
#include "http_curl.h"

#define HEADERS_MAX ((size_t)262144)
#define WORDS_MAX ((size_t)65536)

bool
xfer_init(struct xfer *x, struct err *err)
{
	*x = (struct xfer){ .date = NO_TIME, .fd = -1 };
	buf_init(&x->answer, HTTP_ANSWER_MAX);
	x->words = arena_new(WORDS_MAX);
	x->easy = curl_easy_init();
	return (x->words != NULL && x->easy != NULL) || err_nomem(err);
}

void
xfer_free(struct xfer *x)
{
	if (x->easy != NULL)
		curl_easy_cleanup(x->easy);
	curl_slist_free_all(x->headers);
	arena_free(x->words);
	buf_free(&x->answer);
	*x = (struct xfer){ .date = NO_TIME, .fd = -1 };
}

/* ---- callbacks ----------------------------------------------------------- */
static size_t
on_read(char *out, size_t size, size_t n, void *arg)
{
	struct xfer *x = arg;
	size_t len = size * n;

	if (len > x->body_len - x->handed)
		len = x->body_len - x->handed;
	if (len > 0)
		memcpy(out, x->body + x->handed, len);
	x->handed += len;
	return len;
}

/* A name of the configuration must not lead into the house, and http not out
 * of this machine, unless that was said. */
static bool
may_connect(const struct xfer *x, const struct sockaddr *address)
{
	switch (http_address_kind(address)) {
	case HTTP_ADDRESS_PUBLIC:
		return !x->loopback_only;
	case HTTP_ADDRESS_PRIVATE:
		return x->allow_private && !x->loopback_only;
	case HTTP_ADDRESS_LOOPBACK:
		return x->to_loopback || x->allow_private;
	}
	return false;
}

static curl_socket_t
on_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *address)
{
	struct xfer *x = arg;

	(void)purpose;
	if (!may_connect(x, &address->addr)) {
		x->refused++;
		return CURL_SOCKET_BAD;
	}
	x->sockets++;
	return socket(address->family, address->socktype | SOCK_CLOEXEC,
	    address->protocol);
}

/* Just before the request line, on a new connection or a reused one. */
static int
on_attempt(void *arg, char *ip, char *local_ip, int port, int local_port)
{
	struct xfer *x = arg;

	(void)ip;
	(void)local_ip;
	(void)port;
	(void)local_port;
	if (!FAILPOINT("http.before", x->body_len > 0 ? "write" : "read"))
		return CURL_PREREQFUNC_ABORT;
	if (x->attempts++ > 0)
		return CURL_PREREQFUNC_ABORT;
	x->reused = x->sockets == 0;
	return CURL_PREREQFUNC_OK;
}

static int
on_progress(void *arg, curl_off_t dltotal, curl_off_t dlnow,
    curl_off_t ultotal, curl_off_t ulnow)
{
	const struct xfer *x = arg;

	(void)dltotal;
	(void)dlnow;
	(void)ultotal;
	(void)ulnow;
	return x->repeatable && x->cancelled != NULL && x->cancelled();
}

static size_t
on_write(char *data, size_t size, size_t n, void *arg)
{
	struct xfer *x = arg;
	const bool is_good =
	    xfer_is_sftp(x) || (x->status >= 200 && x->status <= 299);

	/* The words of a refusal are no file. */
	if (x->file != NULL && is_good
		? xfer_write_file(x, data, size * n)
		: buf_add(&x->answer, data, size * n))
		return size * n;
	x->too_large = x->too_large || x->write_errno == 0;
	return 0;
}

static void
forget_answer(struct xfer *x)
{
	arena_reset(x->words);
	x->content_type = x->etag = x->location = NULL;
	x->link = x->retry_after = NULL;
	memset(x->found, 0, sizeof(x->found));
	x->date = NO_TIME;
	x->status = 0;
	x->headers_ended = false;
}

/* "HTTP/1.1 201 ...": an interim answer (1xx) leaves the status at 0. */
static void
status_line(struct xfer *x)
{
	long status = 0;

	forget_answer(x);
	if (curl_easy_getinfo(x->easy, CURLINFO_RESPONSE_CODE, &status) ==
		CURLE_OK && status >= 200)
		x->status = status;
	/* A server may think for the whole answer time, but not dawdle. */
	(void)curl_easy_setopt(x->easy, CURLOPT_LOW_SPEED_LIMIT, 1L);
	(void)curl_easy_setopt(x->easy, CURLOPT_LOW_SPEED_TIME,
	    x->low_speed_s);
}

static bool
is_header(const char *line, size_t len, const char *name)
{
	const size_t n = strlen(name);

	return len > n && line[n] == ':' && curl_strnequal(line, name, n);
}

static const char *
value_of(struct xfer *x, const char *line, size_t len)
{
	const char *s = (const char *)memchr(line, ':', len) + 1;
	const char *end = line + len;

	while (s < end && (*s == ' ' || *s == '\t'))
		s++;
	while (end > s && (unsigned char)end[-1] <= ' ')
		end--;
	return arena_strndup(x->words, s, (size_t)(end - s));
}

static void
wanted_line(struct xfer *x, const char *line, size_t len)
{
	for (size_t i = 0; x->wanted != NULL && i < HTTP_WANTED_MAX &&
	     x->wanted[i] != NULL; i++)
		if (is_header(line, len, x->wanted[i]))
			x->found[i] = value_of(x, line, len);
}

static void
header_line(struct xfer *x, const char *line, size_t len)
{
	wanted_line(x, line, len);
	if (is_header(line, len, "Content-Type"))
		x->content_type = value_of(x, line, len);
	else if (is_header(line, len, "ETag"))
		x->etag = value_of(x, line, len);
	else if (is_header(line, len, "Location"))
		x->location = value_of(x, line, len);
	else if (is_header(line, len, "Retry-After"))
		x->retry_after = value_of(x, line, len);
	else if (is_header(line, len, "Date"))
		x->date = http_date(value_of(x, line, len));
	else if (is_header(line, len, "Link")) {
		const char *more = value_of(x, line, len);
		x->link = x->link == NULL || more == NULL ? more
		    : arena_printf(x->words, "%s, %s", x->link, more);
	}
}

static size_t
on_header(char *line, size_t size, size_t n, void *arg)
{
	struct xfer *x = arg;
	const size_t len = size * n;

	x->header_bytes += len;
	if (x->header_bytes > HEADERS_MAX) {
		x->too_large = true;
		return 0;
	}
	if (len >= 5 && memcmp(line, "HTTP/", 5) == 0)
		status_line(x);
	else if (x->headers_ended)
		return len;	/* a trailer */
	else if (len <= 2 && (line[0] == '\r' || line[0] == '\n'))
		x->headers_ended = true;
	else
		header_line(x, line, len);
	return len;
}

/* ---- before -------------------------------------------------------------- */
static bool
set_callbacks(struct xfer *x)
{
	bool ok = true;

	SET(CURLOPT_ERRORBUFFER, x->error);
	SET(CURLOPT_OPENSOCKETFUNCTION, on_socket);
	SET(CURLOPT_OPENSOCKETDATA, x);
	SET(CURLOPT_PREREQFUNCTION, on_attempt);
	SET(CURLOPT_PREREQDATA, x);
	SET(CURLOPT_NOPROGRESS, 0L);
	SET(CURLOPT_XFERINFOFUNCTION, on_progress);
	SET(CURLOPT_XFERINFODATA, x);
	SET(CURLOPT_HEADERFUNCTION, on_header);
	SET(CURLOPT_HEADERDATA, x);
	SET(CURLOPT_WRITEFUNCTION, on_write);
	SET(CURLOPT_WRITEDATA, x);
	SET(CURLOPT_READFUNCTION, on_read);
	SET(CURLOPT_READDATA, x);
	SET(CURLOPT_SEEKFUNCTION, http_refuse_seek);
	SET(CURLOPT_SEEKDATA, x);
	return ok;
}

static void
begin_anew(struct xfer *x, const struct http *http, const struct http_req *req)
{
	curl_easy_reset(x->easy);
	curl_slist_free_all(x->headers);
	x->headers = NULL;
	x->url = req->url;
	x->wanted = req->wanted;
	x->body = req->body;
	x->body_len = req->body == NULL ? 0 : req->body_len;
	x->repeatable = req->repeatable;
	x->cancelled = http->cancelled;
	x->allow_private = http->settings.allow_private;
	x->safe_status = http->settings.safe_status;
	x->n_safe = http->settings.n_safe;
	x->low_speed_s = http->settings.low_speed_s;
	x->handed = x->header_bytes = 0;
	x->written = x->write_errno = 0;
	x->sockets = x->attempts = x->refused = 0;
	x->reused = x->too_large = false;
	x->error[0] = '\0';
	forget_answer(x);
	buf_reset(&x->answer);
	x->answer.max = req->answer_max == 0 ? HTTP_ANSWER_MAX
					     : req->answer_max;
}

bool
xfer_prepare(struct xfer *x, const struct http *http,
    const struct http_req *req, struct err *err)
{
	begin_anew(x, http, req);
	if (!xfer_rewind_file(x))
		return err_errno(err, ERR_SYSTEM, "a temporary file");
	if (!set_callbacks(x))
		return err_nomem(err);
	return xfer_set_options(x, &http->settings, req, err);
}

/* ---- the evidence -------------------------------------------------------- */
/* May the whole body have left this machine? */
static bool
body_may_have_left(const struct xfer *x)
{
	curl_off_t uploaded = 0;

	if (x->attempts == 0 || x->handed < x->body_len)
		return false;
	if (x->reused || x->attempts > 1)
		return true;
	return curl_easy_getinfo(x->easy, CURLINFO_SIZE_UPLOAD_T,
		   &uploaded) != CURLE_OK ||
	    (size_t)uploaded >= x->body_len;
}

static bool
nothing_left(const struct xfer *x)
{
	curl_off_t pretransfer = 0;
	long request = 0;

	(void)curl_easy_getinfo(x->easy, CURLINFO_PRETRANSFER_TIME_T,
	    &pretransfer);
	(void)curl_easy_getinfo(x->easy, CURLINFO_REQUEST_SIZE, &request);
	return x->attempts == 0 && pretransfer == 0 && request == 0;
}

static enum http_phase
phase_of(const struct xfer *x, CURLcode code, bool body_sent)
{
	if (x->status != 0)
		return code == CURLE_OK && x->headers_ended ? HTTP_COMPLETE
							    : HTTP_ANSWER_CUT;
	if (code == CURLE_OK && xfer_is_sftp(x))
		return HTTP_COMPLETE;
	if (nothing_left(x))
		return HTTP_NOT_SENT;
	return body_sent ? HTTP_SENT : HTTP_PARTLY_SENT;
}

/* libcurl's detailed words only about connecting: later ones may quote. */
static const char *
problem_of(const struct xfer *x, CURLcode code, enum http_phase phase)
{
	if (x->too_large)
		return "the answer is too large";
	if (x->refused > 0 && x->sockets == 0)
		return x->loopback_only
		    ? "http is allowed to this machine only, and the host is "
		      "another"
		    : "the host has an address of a private network: only "
		      "with allow_private = true";
	if (x->write_errno != 0)
		return "a temporary file cannot be written";
	if (code == CURLE_SEND_FAIL_REWIND || x->attempts > 1)
		return "the open connection died before an answer";
	if (code == CURLE_OK)
		return "the answer ends in its headers";
	if (phase == HTTP_NOT_SENT && x->error[0] != '\0' &&
	    code != CURLE_URL_MALFORMAT)
		return x->error;
	return curl_easy_strerror(code);
}

static time_t
modified(const struct xfer *x)
{
	curl_off_t t = -1;

	if (x->file == NULL || curl_easy_getinfo(x->easy,
	    CURLINFO_FILETIME_T, &t) != CURLE_OK || t < 0)
		return NO_TIME;
	return (time_t)t;
}

static void
copy_words(char *out, size_t size, const char *in)
{
	size_t n = 0;

	for (; *in != '\0' && n + 1 < size; in++)
		out[n++] = *in >= ' ' && *in < 0x7f ? *in : '?';
	out[n] = '\0';
}

static bool
is_declared_safe(const struct xfer *x, const struct http_res *res)
{
	for (size_t i = 0; i < x->n_safe; i++)
		if (x->safe_status[i] == res->status)
			return res->retry_after_s >= 0;
	return false;
}

void
xfer_result(struct xfer *x, CURLcode code, struct http_res *res)
{
	const bool body_sent = body_may_have_left(x);

	if (!FAILPOINT("http.after", x->body_len > 0 ? "write" : "read")) {
		forget_answer(x);
		code = CURLE_RECV_ERROR;
	}
	*res = (struct http_res){
		.phase = phase_of(x, code, body_sent),
		.status = x->status,
		.refused_address = x->refused > 0 && x->sockets == 0,
		.too_large = x->too_large && x->header_bytes <= HEADERS_MAX,
		.curl_code = (int)code,
		.body_sent = body_sent,
		.tries = 1,
		.content_type = x->content_type,
		.etag = x->etag,
		.location = x->location,
		.link = x->link,
		.body = buf_text(&x->answer),
		.body_len = x->answer.len,
		.date = x->date,
		.modified = modified(x),
	};
	memcpy(res->wanted, x->found, sizeof(res->wanted));
	/* Against the server's own clock where it tells it. */
	res->retry_after_s = http_retry_after(x->retry_after,
	    x->date == NO_TIME ? clock_now() : x->date);
	res->declared_safe = is_declared_safe(x, res);
	if (res->phase != HTTP_COMPLETE)
		copy_words(res->problem, sizeof(res->problem),
		    problem_of(x, code, res->phase));
}
