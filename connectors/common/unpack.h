/*
 * unpack.h - compressed files, unpacked whole into files without a name.
 *
 * How it could lose, double, leak or hang, and what stops it:
 * - A cut or changed file is read as far as it goes: nothing is handed out
 *   before its end was reached and length and checksum are right.
 * - A bomb fills the disk: a ceiling over all files of a reading together, and
 *   one on how many times its size a file may become.
 * - Disk full: one error; what was written has no name and is gone.
 * - It takes for ever: bounded by the ceiling, and stops when cancelled.
 */
#ifndef NPSYNC_UNPACK_H
#define NPSYNC_UNPACK_H

#include <sys/types.h>

#include "err.h"

struct unpack {
	const char *dir;	/* "" or NULL = $TMPDIR, else /tmp */
	int64_t max_bytes;	/* of all files together */
	int64_t bytes;		/* so far */
	bool (*cancelled)(void);	/* may be NULL */
};
/* From this size on a file may be UNPACK_RATIO times its packed size. */
#define UNPACK_FREE ((int64_t)64 << 20)
#define UNPACK_RATIO 250

/* A piece of a file as a zip archive holds it: stored, or deflated. */
struct unpack_piece {
	int fd;
	off_t at, len;
	bool stored;
	int64_t size;		/* what it must become, and its CRC-32 */
	uint32_t crc;
};

/* True: *fd is the whole content and the caller's to close.  name is for
 * messages.  ERR_CONFIG above the ceiling, ERR_PROTOCOL when it is broken. */
NPS_MUSTCHECK bool unpack_piece(struct unpack *u,
    const struct unpack_piece *piece, const char *name, int *fd,
    struct err *err);
/* A gzip file, of one part or several behind each other. */
NPS_MUSTCHECK bool unpack_gzip(struct unpack *u, int from, const char *name,
    int *fd, struct err *err);
/* By its first bytes; false also when it cannot be read. */
bool unpack_is_gzip(int fd);
bool unpack_is_zip(int fd);

#endif
