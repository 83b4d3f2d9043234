/*
 * zip.h - the members of a zip archive, one after the other.
 *
 * An archive that says two different things about itself is refused: whoever
 * made it, some other program would read other rows out of it.
 */
#ifndef NPSYNC_ZIP_H
#define NPSYNC_ZIP_H

#include "unpack.h"

#define ZIP_MEMBERS_MAX ((uint64_t)65536)
#define ZIP_NAME_MAX ((size_t)512)

struct zip {
	int fd;			/* borrowed */
	const char *name;	/* for messages, borrowed */
	uint64_t dir_at;	/* where the directory begins */
	uint64_t at, end, left;	/* the rest of it, and its members */
};
struct zip_member {
	char name[ZIP_NAME_MAX];	/* UTF-8, '/' between folders */
	unsigned flags, method;
	uint32_t crc;
	uint64_t packed, size, at;
};

/* What stands behind the last '/'; "" = a folder. */
const char *zip_base(const struct zip_member *member);
/* All of these: ERR_PROTOCOL with what is wrong and what to do. */
NPS_MUSTCHECK bool zip_begin(struct zip *zip, int fd, const char *name,
    struct err *err);
/* *more = false: there are no more.  A name that leads out of the archive is
 * an error. */
NPS_MUSTCHECK bool zip_next(struct zip *zip, struct zip_member *member,
    bool *more, struct err *err);
NPS_MUSTCHECK bool zip_unpack(const struct zip *zip,
    const struct zip_member *member, struct unpack *u, int *fd,
    struct err *err);

#endif
