/*
 * Talks to: archives by PKWARE's APPNOTE 6.3.10, sections 4.3 and 4.4, with
 * ZIP64 (4.5.3); members that are stored (0) or deflated (8).
 */
#include "zip.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "text.h"

#define END_SIZE 22u
#define COMMENT_MAX 65535u
#define END64_SIZE 56u
#define LOCATOR_SIZE 20u
#define ENTRY_SIZE 46u
#define LOCAL_SIZE 30u
#define ENCRYPTED (1u | 1u << 6 | 1u << 13)
#define SIZES_FOLLOW (1u << 3)
#define NONE16 0xffffu
#define NONE32 0xffffffffu

/* ---- bytes ---------------------------------------------------------- */
static uint64_t
number(const unsigned char *p, size_t bytes)
{
	uint64_t n = 0;

	while (bytes-- > 0)
		n = n << 8 | p[bytes];
	return n;
}

static unsigned
get16(const unsigned char *p)
{
	return (unsigned)number(p, 2);
}

static uint32_t
get32(const unsigned char *p)
{
	return (uint32_t)number(p, 4);
}

static bool
wrong(const struct zip *zip, const char *what, struct err *err)
{
	return err_set(err, ERR_PROTOCOL, "%s: %s", zip->name, what);
}

static bool
lies(const struct zip *zip, struct err *err)
{
	return wrong(zip, "its directory does not fit its content: export it "
	    "again", err);
}

/* All len bytes; the end of the file is where no archive may lead to. */
static bool
read_at(const struct zip *zip, void *to, size_t len, uint64_t at,
    struct err *err)
{
	char *p = to;

	if (at > INT64_MAX - len)
		return lies(zip, err);
	for (size_t done = 0; done < len;) {
		const ssize_t got = pread(zip->fd, p + done, len - done,
		    (off_t)(at + done));
		if (got == -1 && errno == EINTR)
			continue;
		if (got == -1)
			return err_errno(err, ERR_SYSTEM, "%s: read",
			    zip->name);
		if (got == 0)
			return lies(zip, err);
		done += (size_t)got;
	}
	return true;
}

/* ---- where the directory is ----------------------------------------- */
/* The last place whose comment ends where the file does. */
static bool
find_end(const struct zip *zip, uint64_t size, unsigned char end[END_SIZE],
    uint64_t *at, struct err *err)
{
	unsigned char tail[COMMENT_MAX + END_SIZE];
	const size_t len = size < sizeof(tail) ? (size_t)size : sizeof(tail);

	if (!read_at(zip, tail, len, size - len, err))
		return false;
	for (size_t i = len; i-- > 0;) {
		if (len - i < END_SIZE || memcmp(tail + i, "PK\5\6", 4) != 0 ||
		    get16(tail + i + 20) != len - i - END_SIZE)
			continue;
		memcpy(end, tail + i, END_SIZE);
		*at = size - len + i;
		return true;
	}
	return wrong(zip, "is no whole zip archive: still being written? Else "
	    "export it again", err);
}

static bool
take_end64(struct zip *zip, uint64_t end_at, uint64_t *at, struct err *err)
{
	unsigned char locator[LOCATOR_SIZE], end[END64_SIZE];

	if (end_at < LOCATOR_SIZE)
		return lies(zip, err);
	if (!read_at(zip, locator, sizeof(locator), end_at - LOCATOR_SIZE,
	    err))
		return false;
	*at = number(locator + 8, 8);
	if (memcmp(locator, "PK\6\7", 4) != 0 || *at > end_at)
		return lies(zip, err);
	if (!read_at(zip, end, sizeof(end), *at, err))
		return false;
	if (memcmp(end, "PK\6\6", 4) != 0 ||
	    number(end + 24, 8) != number(end + 32, 8))
		return lies(zip, err);
	zip->left = number(end + 32, 8);
	zip->end = number(end + 40, 8);
	zip->at = number(end + 48, 8);
	return true;
}

static bool
take_end(struct zip *zip, const unsigned char end[END_SIZE], uint64_t *at,
    struct err *err)
{
	if ((get16(end + 4) != 0 && get16(end + 4) != NONE16) ||
	    get16(end + 8) != get16(end + 10))
		return wrong(zip, "is one part of several: expected an "
		    "archive in one file", err);
	zip->left = get16(end + 10);
	zip->end = get32(end + 12);
	zip->at = get32(end + 16);
	return (zip->left != NONE16 && zip->end != NONE32 &&
	    zip->at != NONE32) || take_end64(zip, *at, at, err);
}

bool
zip_begin(struct zip *zip, int fd, const char *name, struct err *err)
{
	const off_t size = lseek(fd, 0, SEEK_END);
	unsigned char end[END_SIZE];
	uint64_t end_at;

	*zip = (struct zip){ .fd = fd, .name = name };
	if (size == -1)
		return err_errno(err, ERR_SYSTEM, "%s: seek", name);
	if (!find_end(zip, (uint64_t)size, end, &end_at, err))
		return false;
	if (!take_end(zip, end, &end_at, err))
		return false;
	/* The directory lies between the members and its end, without gaps. */
	if (zip->at > end_at || zip->end != end_at - zip->at)
		return lies(zip, err);
	if (zip->left > ZIP_MEMBERS_MAX)
		return wrong(zip, "holds more than 65536 files", err);
	zip->dir_at = zip->at;
	zip->end += zip->at;
	return true;
}

/* ---- members -------------------------------------------------------- */
/* The numbers that were too large for the entry stand in one extra field, in
 * this order, each only if it was. */
static bool
take_extra64(const struct zip *zip, struct zip_member *m, uint64_t at,
    size_t len, struct err *err)
{
	uint64_t *const large[] = { &m->size, &m->packed, &m->at };
	unsigned char head[4], value[8];

	for (; len >= sizeof(head); len -= sizeof(head) + get16(head + 2)) {
		if (!read_at(zip, head, sizeof(head), at, err))
			return false;
		at += sizeof(head);
		size_t left = get16(head + 2);
		if (left > len - sizeof(head))
			return lies(zip, err);
		uint64_t next = at;
		at += left;
		if (get16(head) != 1)
			continue;
		for (size_t i = 0; i < ARRAY_LEN(large); i++) {
			if (*large[i] != NONE32)
				continue;
			if (left < sizeof(value))
				return lies(zip, err);
			if (!read_at(zip, value, sizeof(value), next, err))
				return false;
			*large[i] = number(value, sizeof(value));
			next += sizeof(value);
			left -= sizeof(value);
		}
		return true;
	}
	return true;
}

static bool
leads_out(const char *name)
{
	if (*name == '/' || (name[0] != '\0' && name[1] == ':'))
		return true;
	for (const char *p = name; p != NULL; p = strchr(p, '/')) {
		p += *p == '/';
		if (strncmp(p, "..", 2) == 0 && (p[2] == '/' || p[2] == '\0'))
			return true;
	}
	return false;
}

/* Windows has other separators, and letters in no charset that is told. */
static bool
take_name(const struct zip *zip, struct zip_member *m, size_t len,
    struct err *err)
{
	bool odd = memchr(m->name, '\0', len) != NULL;

	m->name[len] = '\0';
	const bool valid = text_valid(m->name);
	for (char *p = m->name; *p != '\0'; p++) {
		odd = odd || (unsigned char)*p < ' ' || *p == 0x7f;
		if (*p == '\\')
			*p = '/';
		if ((unsigned char)*p >= 0x80 && !valid)
			*p = '_';
	}
	if (odd || leads_out(m->name))
		return wrong(zip, "holds a file whose name leads out of it or "
		    "is none: expected an archive of exports only", err);
	return true;
}

const char *
zip_base(const struct zip_member *m)
{
	const char *slash = strrchr(m->name, '/');

	return slash == NULL ? m->name : slash + 1;
}

bool
zip_next(struct zip *zip, struct zip_member *m, bool *more, struct err *err)
{
	unsigned char e[ENTRY_SIZE];

	*more = zip->left > 0;
	if (!*more)
		return zip->at == zip->end || lies(zip, err);
	if (zip->end - zip->at < sizeof(e))
		return lies(zip, err);
	if (!read_at(zip, e, sizeof(e), zip->at, err))
		return false;
	const size_t name = get16(e + 28), extra = get16(e + 30);
	const uint64_t len = sizeof(e) + name + extra + get16(e + 32);
	if (memcmp(e, "PK\1\2", 4) != 0 || zip->end - zip->at < len)
		return lies(zip, err);
	if (name == 0 || name >= ZIP_NAME_MAX)
		return wrong(zip, "holds a file whose name is longer than 511 "
		    "bytes, or empty", err);
	m->flags = get16(e + 8);
	m->method = get16(e + 10);
	m->crc = get32(e + 16);
	m->packed = get32(e + 20);
	m->size = get32(e + 24);
	m->at = get32(e + 42);
	if (!read_at(zip, m->name, name, zip->at + sizeof(e), err) ||
	    !take_name(zip, m, name, err) ||
	    !take_extra64(zip, m, zip->at + sizeof(e) + name, extra, err))
		return false;
	zip->at += len;
	zip->left--;
	return true;
}

/* ---- content -------------------------------------------------------- */
static bool
is_readable(const struct zip *zip, const struct zip_member *m,
    struct err *err)
{
	char what[200];

	if ((m->flags & ENCRYPTED) != 0 || m->method == 99)
		return wrong(zip, "is encrypted: expected an archive without "
		    "a password", err);
	if (m->method == 0 || m->method == 8)
		return true;
	(void)snprintf(what, sizeof(what), "is packed by method %u: expected "
	    "an ordinary zip (deflate)", m->method);
	return wrong(zip, what, err);
}

/* A size, unless it stands elsewhere. */
static bool
is_size(const unsigned char *p, uint64_t size)
{
	return get32(p) == NONE32 || get32(p) == size;
}

static bool
is_same(const unsigned char *local, const struct zip_member *m)
{
	const unsigned flags = get16(local + 6);

	if (memcmp(local, "PK\3\4", 4) != 0 || get16(local + 8) != m->method ||
	    (flags & ENCRYPTED) != (m->flags & ENCRYPTED))
		return false;
	return (flags & SIZES_FOLLOW) != 0 || (get32(local + 14) == m->crc &&
	    is_size(local + 18, m->packed) && is_size(local + 22, m->size));
}

/* What stands before the content must say the same as the directory. */
static bool
check_local(const struct zip *zip, const struct zip_member *m,
    uint64_t *content, struct err *err)
{
	unsigned char local[LOCAL_SIZE];
	char name[ZIP_NAME_MAX];
	struct zip_member there = *m;

	if (!read_at(zip, local, sizeof(local), m->at, err))
		return false;
	const size_t len = get16(local + 26);
	if (!is_same(local, m) || len != strlen(m->name))
		return lies(zip, err);
	if (!read_at(zip, name, len, m->at + sizeof(local), err))
		return false;
	memcpy(there.name, name, len);
	if (!take_name(zip, &there, len, err))
		return false;
	if (strcmp(there.name, m->name) != 0)
		return lies(zip, err);
	*content = m->at + sizeof(local) + len + get16(local + 28);
	return true;
}

bool
zip_unpack(const struct zip *zip, const struct zip_member *m,
    struct unpack *u, int *fd, struct err *err)
{
	char name[ZIP_NAME_MAX + 256];
	uint64_t at = 0;

	*fd = -1;
	if (!is_readable(zip, m, err))
		return false;
	if (m->at > zip->dir_at || zip->dir_at - m->at < LOCAL_SIZE)
		return lies(zip, err);
	if (!check_local(zip, m, &at, err))
		return false;
	if (at > zip->dir_at || m->packed > zip->dir_at - at ||
	    m->size > INT64_MAX)
		return lies(zip, err);
	const struct unpack_piece piece = { .fd = zip->fd, .at = (off_t)at,
		.len = (off_t)m->packed, .stored = m->method == 0,
		.size = (int64_t)m->size, .crc = m->crc };
	(void)snprintf(name, sizeof(name), "%.200s/%s", zip->name, m->name);
	return unpack_piece(u, &piece, name, fd, err);
}
