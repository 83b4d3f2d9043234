/*
 * http_file.h - downloads: streamed into a file that has no name.
 */
#ifndef NPSYNC_HTTP_FILE_H
#define NPSYNC_HTTP_FILE_H

#include "http.h"

/* Where it goes, and how an sftp server proves who it is. */
struct http_file {
	const char *dir;	/* NULL = $TMPDIR, else /tmp */
	int64_t max_bytes;
	long timeout_s;		/* of the whole; 0 = 3600 */
	bool names_only;	/* sftp, a path that ends with '/': a name a line,
				 * not as "ls -l" has them */
	/* sftp only.  One of these two must be given: */
	const char *known_hosts;	/* a file as ssh(1) keeps it */
	const char *host_key_sha256;	/* "SHA256:..." of ssh-keygen -l */
	const char *user;
	const char *password;		/* or: */
	const char *key_file, *key_password;
};

/* Blocking; fetches req (a GET of https, http as http_do, or sftp).  Tried
 * again like a repeatable request, each time from the beginning.  True: *fd is
 * open, at its start, and the caller's to close; the answer was 2xx (sftp: no
 * status).  False: the kinds of http_do and http_expect_ok; ERR_GONE when it
 * is not there, ERR_AUTH when it may not be read, ERR_PROTOCOL above
 * max_bytes, ERR_SYSTEM when it cannot be stored; ERR_CONFIG for an sftp
 * server that nothing vouches for. */
NPS_MUSTCHECK bool http_download(struct http *http, const struct http_req *req,
    const struct http_file *file, int *fd, struct http_res *res,
    struct err *err);

/* A file in dir (as above) that is unlinked already. */
NPS_MUSTCHECK bool http_file_unlinked(const char *dir, int *fd,
    struct err *err);

#endif
