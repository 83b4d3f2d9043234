#include "zipmake.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#define OUT_MAX ((size_t)1 << 28)

static void
put(struct buf *out, unsigned long long value, int bytes)
{
	for (; bytes > 0; bytes--, value >>= 8)
		if (!buf_char(out, (char)(unsigned char)(value & 0xff)))
			abort();
}

static void
add(struct buf *out, const void *data, size_t len)
{
	if (!buf_add(out, data, len))
		abort();
}

static void
deflate_into(struct buf *out, const void *data, size_t len, int window)
{
	z_stream z = { 0 };
	unsigned char block[65536];
	int rc;

	if (deflateInit2(&z, 6, Z_DEFLATED, window, 8,
	    Z_DEFAULT_STRATEGY) != Z_OK)
		abort();
	z.next_in = (Bytef *)(uintptr_t)data;
	z.avail_in = (unsigned)len;
	do {
		z.next_out = block;
		z.avail_out = sizeof(block);
		rc = deflate(&z, Z_FINISH);
		add(out, block, sizeof(block) - z.avail_out);
	} while (rc == Z_OK);
	if (rc != Z_STREAM_END || deflateEnd(&z) != Z_OK)
		abort();
}

void
zipmake_init(struct zipmake *z)
{
	*z = (struct zipmake){ .n = 0 };
	buf_init(&z->out, OUT_MAX);
	buf_init(&z->dir, OUT_MAX);
}

void
zipmake_free(struct zipmake *z)
{
	buf_free(&z->out);
	buf_free(&z->dir);
}

/* What local header and directory have in common. */
static void
put_common(struct buf *out, unsigned how, const unsigned long long v[3],
    bool hide)
{
	put(out, 20, 2);
	put(out, (how & ZIP_STREAMED ? 8u : 0u) |
	    (how & ZIP_ENCRYPTED ? 1u : 0u), 2);
	put(out, how & ZIP_STORED ? 0 : 8, 2);
	put(out, 0, 4);
	put(out, hide ? 0 : v[0], 4);
	put(out, hide ? 0 : how & ZIP_LARGE ? 0xffffffff : v[1], 4);
	put(out, hide ? 0 : how & ZIP_LARGE ? 0xffffffff : v[2], 4);
}

void
zipmake_add(struct zipmake *z, const char *name, const void *data, size_t len,
    unsigned how)
{
	AUTO(buf) struct buf packed;
	const size_t at = z->out.len;
	const bool large = (how & ZIP_LARGE) != 0;

	buf_init(&packed, OUT_MAX);
	if (how & ZIP_STORED)
		add(&packed, data, len);
	else
		deflate_into(&packed, data, len, -MAX_WBITS);
	const unsigned long long v[3] = { crc32(0, data, (unsigned)len),
		packed.len, len };
	z->last = at;
	z->entry = z->dir.len;
	put(&z->out, 0x04034b50, 4);
	put_common(&z->out, how, v, (how & ZIP_STREAMED) != 0);
	put(&z->out, strlen(name), 2);
	put(&z->out, 0, 2);
	add(&z->out, name, strlen(name));
	add(&z->out, buf_text(&packed), packed.len);
	if (how & ZIP_STREAMED)
		for (int i = 0; i < 4; i++)
			put(&z->out, i == 0 ? 0x08074b50 : v[i - 1], 4);
	put(&z->dir, 0x02014b50, 4);
	put(&z->dir, 20, 2);
	put_common(&z->dir, how, v, false);
	put(&z->dir, strlen(name), 2);
	put(&z->dir, large ? 4 + 3 + 28 : 0, 2);
	put(&z->dir, 0, 2 + 2 + 2 + 4);
	put(&z->dir, large ? 0xffffffff : at, 4);
	add(&z->dir, name, strlen(name));
	if (large) {
		put(&z->dir, 0x6375, 2);	/* another field first */
		put(&z->dir, 3, 2);
		put(&z->dir, 0, 3);
		put(&z->dir, 1, 2);
		put(&z->dir, 24, 2);
		put(&z->dir, len, 8);
		put(&z->dir, packed.len, 8);
		put(&z->dir, at, 8);
	}
	z->n++;
}

void
zipmake_end(struct zipmake *z, bool large)
{
	const size_t at = z->out.len;

	add(&z->out, buf_text(&z->dir), z->dir.len);
	if (large) {
		const size_t end = z->out.len;
		put(&z->out, 0x06064b50, 4);
		put(&z->out, 44, 8);
		put(&z->out, 45, 4);
		put(&z->out, 0, 8);
		put(&z->out, z->n, 8);
		put(&z->out, z->n, 8);
		put(&z->out, z->dir.len, 8);
		put(&z->out, at, 8);
		put(&z->out, 0x07064b50, 4);
		put(&z->out, 0, 4);
		put(&z->out, end, 8);
		put(&z->out, 1, 4);
	}
	put(&z->out, 0x06054b50, 4);
	put(&z->out, 0, 4);
	put(&z->out, large ? 0xffff : z->n, 2);
	put(&z->out, large ? 0xffff : z->n, 2);
	put(&z->out, large ? 0xffffffff : z->dir.len, 4);
	put(&z->out, large ? 0xffffffff : at, 4);
	put(&z->out, 0, 2);
}

void
zipmake_gzip(struct buf *out, const void *data, size_t len)
{
	deflate_into(out, data, len, MAX_WBITS + 16);
}
