#include "unpack.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "http_file.h"

#define GZIP_WINDOW (MAX_WBITS + 16)	/* zlib checks its header and trailer */

struct stream {
	struct unpack *u;
	const char *name;
	int from, to;
	off_t at, end;		/* of from, still to be read */
	int64_t packed;		/* bytes of it taken */
	int64_t size, max;	/* written, and how much it may be */
	uint32_t crc;
	z_stream z;
	unsigned char in[16384], out[65536];
};

/* ---- bytes ---------------------------------------------------------- */
static bool
cut(const struct stream *s, struct err *err)
{
	return err_set(err, ERR_PROTOCOL, "%s: is cut, nothing of it was read: "
	    "still being written? Else export it again", s->name);
}

static bool
broken(const struct stream *s, struct err *err)
{
	return err_set(err, ERR_PROTOCOL, "%s: is broken, nothing of it was "
	    "read: export it again", s->name);
}

static bool
read_in(struct stream *s, struct err *err)
{
	const off_t left = s->end - s->at;
	const size_t want = left < (off_t)sizeof(s->in) ? (size_t)left :
	    sizeof(s->in);
	ssize_t got;

	if (s->u->cancelled != NULL && s->u->cancelled())
		return err_set(err, ERR_CANCELLED, "%s: stopped", s->name);
	do
		got = pread(s->from, s->in, want, s->at);
	while (got == -1 && errno == EINTR);
	if (got == -1)
		return err_errno(err, ERR_SYSTEM, "%s: read", s->name);
	if (got == 0)
		return cut(s, err);
	s->at += got;
	s->packed += got;
	s->z.next_in = s->in;
	s->z.avail_in = (unsigned)got;
	return true;
}

static bool
check_size(const struct stream *s, int64_t len, struct err *err)
{
	const int64_t size = s->size + len;

	if (len > s->max - s->size)
		return err_set(err, ERR_PROTOCOL, "%s: holds more than its "
		    "archive says, nothing of it was read: export it again",
		    s->name);
	if (size > UNPACK_FREE && size / UNPACK_RATIO > s->packed)
		return err_set(err, ERR_PROTOCOL, "%s: becomes more than %d "
		    "times its size, which no export does", s->name,
		    UNPACK_RATIO);
	if (len > s->u->max_bytes - s->u->bytes)
		return err_set(err, ERR_CONFIG, "%s: all files together "
		    "become more than max_mb = %lld", s->name,
		    (long long)(s->u->max_bytes >> 20));
	return true;
}

static bool
write_out(struct stream *s, const unsigned char *p, size_t len,
    struct err *err)
{
	if (!check_size(s, (int64_t)len, err))
		return false;
	s->crc = (uint32_t)crc32(s->crc, p, (unsigned)len);
	s->size += (int64_t)len;
	s->u->bytes += (int64_t)len;
	while (len > 0) {
		const ssize_t n = write(s->to, p, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return err_errno(err, ERR_SYSTEM, "%s: cannot be "
			    "unpacked into a temporary file", s->name);
		p += n;
		len -= (size_t)n;
	}
	return true;
}

/* ---- streams -------------------------------------------------------- */
static bool
copy(struct stream *s, struct err *err)
{
	while (s->at < s->end)
		if (!read_in(s, err) ||
		    !write_out(s, s->in, s->z.avail_in, err))
			return false;
	s->z.avail_in = 0;
	return true;
}

/* To the end of one deflated stream. */
static bool
inflate_one(struct stream *s, struct err *err)
{
	int rc = Z_OK;

	s->z.avail_out = 1;	/* nothing waits inside */
	while (rc != Z_STREAM_END) {
		if (s->z.avail_in == 0 && s->z.avail_out > 0 &&
		    !read_in(s, err))
			return false;
		s->z.next_out = s->out;
		s->z.avail_out = sizeof(s->out);
		rc = inflate(&s->z, Z_NO_FLUSH);
		if (rc == Z_MEM_ERROR)
			return err_nomem(err);
		if (rc != Z_OK && rc != Z_STREAM_END && rc != Z_BUF_ERROR)
			return broken(s, err);
		if (!write_out(s, s->out, sizeof(s->out) - s->z.avail_out,
		    err))
			return false;
	}
	return true;
}

/* Behind one part the next may follow, and nothing else. */
static bool
inflate_parts(struct stream *s, struct err *err)
{
	for (;;) {
		if (!inflate_one(s, err))
			return false;
		if (s->z.avail_in == 0 && s->at == s->end)
			return true;
		if (inflateReset(&s->z) != Z_OK)
			return broken(s, err);
	}
}

static bool
inflate_as(struct stream *s, int window, struct err *err)
{
	if (inflateInit2(&s->z, window) != Z_OK)
		return err_nomem(err);
	const bool ok = window == GZIP_WINDOW ? inflate_parts(s, err) :
	    inflate_one(s, err);
	(void)inflateEnd(&s->z);
	return ok;
}

static bool
finish(const struct stream *s, bool ok, int *fd)
{
	if (ok)
		*fd = s->to;
	else
		(void)close(s->to);
	return ok;
}

bool
unpack_piece(struct unpack *u, const struct unpack_piece *piece,
    const char *name, int *fd, struct err *err)
{
	struct stream s = { .u = u, .name = name, .from = piece->fd,
		.at = piece->at, .end = piece->at + piece->len,
		.max = piece->size };

	*fd = -1;
	s.packed = piece->len;
	if (!check_size(&s, piece->size, err))
		return false;
	s.packed = 0;
	if (!http_file_unlinked(u->dir, &s.to, err))
		return false;
	bool ok = piece->stored ? copy(&s, err) :
	    inflate_as(&s, -MAX_WBITS, err);
	if (ok && (s.size != piece->size || s.crc != piece->crc ||
	    s.z.avail_in > 0 || s.at < s.end))
		ok = broken(&s, err);
	return finish(&s, ok, fd);
}

bool
unpack_gzip(struct unpack *u, int from, const char *name, int *fd,
    struct err *err)
{
	struct stream s = { .u = u, .name = name, .from = from,
		.end = lseek(from, 0, SEEK_END), .max = INT64_MAX };

	*fd = -1;
	if (s.end == -1)
		return err_errno(err, ERR_SYSTEM, "%s: seek", name);
	if (!http_file_unlinked(u->dir, &s.to, err))
		return false;
	return finish(&s, inflate_as(&s, GZIP_WINDOW, err), fd);
}

static bool
begins_with(int fd, const char *magic, size_t len)
{
	char b[4];

	return pread(fd, b, len, 0) == (ssize_t)len &&
	    memcmp(b, magic, len) == 0;
}

bool
unpack_is_gzip(int fd)
{
	return begins_with(fd, "\x1f\x8b", 2);
}

/* With a member, or with none. */
bool
unpack_is_zip(int fd)
{
	return begins_with(fd, "PK\3\4", 4) || begins_with(fd, "PK\5\6", 4);
}
