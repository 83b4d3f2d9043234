/*
 * Downloads.  The file is unlinked before its first byte, so that nothing is
 * left of it whatever happens.
 */
#include "http_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "http_xfer.h"
#include "url.h"

#define TIMEOUT_S 3600L
#define WORDS_MAX ((size_t)1 << 20)
#define KEY_PREFIX "SHA256:"

/* ---- the file ------------------------------------------------------------ */
bool
http_file_unlinked(const char *dir, int *fd, struct err *err)
{
	char path[PATH_MAX];

	if (dir == NULL || *dir == '\0')
		dir = getenv("TMPDIR");
	if (dir == NULL || *dir == '\0')
		dir = "/tmp";
	const int len = snprintf(path, sizeof(path), "%s/npsync-fileXXXXXX",
	    dir);
	if (len < 0 || (size_t)len >= sizeof(path))
		return err_set(err, ERR_CONFIG,
		    "the directory for downloads has too long a name");
	*fd = mkostemp(path, O_CLOEXEC);
	if (*fd < 0)
		return err_errno(err, ERR_SYSTEM, "cannot create a file in "
		    "%.300s", dir);
	if (unlink(path) == 0)
		return true;
	err_errno(err, ERR_SYSTEM, "cannot unlink a file in %.300s", dir);
	(void)close(*fd);
	*fd = -1;
	return false;
}

bool
xfer_rewind_file(struct xfer *x)
{
	return x->file == NULL ||
	    (ftruncate(x->fd, 0) == 0 && lseek(x->fd, 0, SEEK_SET) == 0);
}

bool
xfer_write_file(struct xfer *x, const char *s, size_t len)
{
	if ((int64_t)len > x->file->max_bytes - x->written)
		return false;
	while (len > 0) {
		const ssize_t n = write(x->fd, s, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			x->write_errno = n < 0 ? errno : EIO;
			return false;
		}
		x->written += n;
		s += n;
		len -= (size_t)n;
	}
	return true;
}

/* ---- sftp ---------------------------------------------------------------- */
static bool
is_sftp(const char *url)
{
	return url != NULL && curl_strnequal(url, "sftp://", 7);
}

bool
xfer_is_sftp(const struct xfer *x)
{
	return x->file != NULL && is_sftp(x->url);
}

/* Nothing that a home directory or an agent offers is tried. */
bool
xfer_set_sftp(struct xfer *x)
{
	const struct http_file *f = x->file;
	const size_t prefix = strlen(KEY_PREFIX);
	const long methods = f->key_file != NULL
	    ? CURLSSH_AUTH_PUBLICKEY
	    : CURLSSH_AUTH_PASSWORD | CURLSSH_AUTH_KEYBOARD;
	bool ok = true;

	SET(CURLOPT_PROTOCOLS_STR, "sftp");
	SET(CURLOPT_DIRLISTONLY, f->names_only ? 1L : 0L);
	SET(CURLOPT_USERNAME, f->user);
	SET(CURLOPT_SSH_AUTH_TYPES, methods);
	if (f->key_file != NULL) {
		SET(CURLOPT_SSH_PRIVATE_KEYFILE, f->key_file);
		SET(CURLOPT_KEYPASSWD, f->key_password);
	} else
		SET(CURLOPT_PASSWORD, f->password);
	/* With both, libcurl asks the fingerprint only. */
	if (f->known_hosts != NULL)
		SET(CURLOPT_SSH_KNOWNHOSTS, f->known_hosts);
	if (f->host_key_sha256 != NULL)
		SET(CURLOPT_SSH_HOST_PUBLIC_KEY_SHA256, f->host_key_sha256 +
		    (strncmp(f->host_key_sha256, KEY_PREFIX, prefix) == 0
			? prefix : 0));
	SET(CURLOPT_LOW_SPEED_LIMIT, 1L);
	SET(CURLOPT_LOW_SPEED_TIME, x->low_speed_s);
	return ok;
}

static bool
is_given(const char *s)
{
	return s != NULL && *s != '\0';
}

static bool
check_sftp(const struct http_file *f, struct err *err)
{
	if (!is_given(f->known_hosts) && !is_given(f->host_key_sha256))
		return err_set(err, ERR_CONFIG, "sftp: expected known_hosts or "
		    "the fingerprint of the host key");
	if (is_given(f->known_hosts) && access(f->known_hosts, R_OK) != 0)
		return err_errno(err, ERR_CONFIG, "sftp: known_hosts %.300s",
		    f->known_hosts);
	if (!is_given(f->user) ||
	    (!is_given(f->password) && !is_given(f->key_file)))
		return err_set(err, ERR_CONFIG, "sftp: expected a user, and a "
		    "password or the file of a private key");
	if (is_given(f->key_file) && access(f->key_file, R_OK) != 0)
		return err_errno(err, ERR_CONFIG, "sftp: key %.300s",
		    f->key_file);
	return true;
}

/* An empty text is none. */
static struct http_file
completed(const struct http_file *file)
{
	struct http_file f = *file;
	const char **texts[] = { &f.known_hosts, &f.host_key_sha256, &f.user,
		&f.password, &f.key_file, &f.key_password };

	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		if (!is_given(*texts[i]))
			*texts[i] = NULL;
	if (f.timeout_s <= 0)
		f.timeout_s = TIMEOUT_S;
	return f;
}

/* ---- fetching ------------------------------------------------------------ */
/* What only a file's transfer can end with. */
static bool
explain(const struct xfer *x, const struct http_res *res, struct err *err)
{
	if (err == NULL)
		return false;
	switch (res->curl_code) {
	case CURLE_LOGIN_DENIED:
	case CURLE_REMOTE_ACCESS_DENIED:
		err->kind = ERR_AUTH;
		break;
	case CURLE_REMOTE_FILE_NOT_FOUND:
		err->kind = ERR_GONE;
		break;
	case CURLE_WRITE_ERROR:
		if (x->write_errno == 0)
			break;
		errno = x->write_errno;
		err_errno(err, ERR_SYSTEM, "cannot store a download");
		break;
	default:
		break;
	}
	return false;
}

static bool
fetch(struct http *http, const struct http_req *req, struct http_res *res,
    struct err *err)
{
	AUTO(arena) struct arena *words = arena_new(WORDS_MAX);
	struct http_req get = *req;

	get.repeatable = true;
	get.answer_max = WORDS_MAX / 2;	/* of a refusal */
	if (words == NULL)
		return err_nomem(err);
	bool ok = http_do(http, &get, words, res, err);
	if (!ok)
		return explain(&http->xfer, res, err);
	if (!is_sftp(get.url))
		ok = http_expect_ok(&get, res, err);
	/* They lie in words. */
	res->content_type = res->etag = res->location = res->link = NULL;
	memset(res->wanted, 0, sizeof(res->wanted));
	res->body = "";
	res->body_len = 0;
	return ok;
}

bool
http_download(struct http *http, const struct http_req *req,
    const struct http_file *file, int *fd, struct http_res *res,
    struct err *err)
{
	const struct http_file f = completed(file);

	*fd = -1;
	*res = (struct http_res){ .retry_after_s = -1, .date = NO_TIME,
		.modified = NO_TIME, .body = "" };
	if (is_sftp(req->url) && !check_sftp(&f, err))
		return false;
	if (!http_file_unlinked(f.dir, fd, err))
		return false;
	http->xfer.file = &f;
	http->xfer.fd = *fd;
	bool ok = fetch(http, req, res, err);
	http->xfer.file = NULL;
	http->xfer.fd = -1;
	if (ok && lseek(*fd, 0, SEEK_SET) != 0)
		ok = err_errno(err, ERR_SYSTEM, "cannot read a download");
	if (!ok) {
		(void)close(*fd);
		*fd = -1;
	}
	return ok;
}
