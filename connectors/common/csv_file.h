/*
 * csv_file.h - the bytes of a CSV file, those of UTF-16 as UTF-8; for csv.c.
 */
#ifndef NPSYNC_CSV_FILE_H
#define NPSYNC_CSV_FILE_H

#include <sys/stat.h>

#include "csv.h"

/* UTF-16 on its way to UTF-8.  Half a surrogate pair and half a unit at the end
 * become bytes that are no UTF-8, which csv_decode tells apart. */
#define CSV_HALF_UNIT 0xff
struct csv_utf16 {
	unsigned char raw[16384];
	size_t len;
	bool big, last;		/* last: nothing follows raw[] */
};
#define CSV_CHAR_MAX ((size_t)4)	/* bytes; half a unit's too */
/* Bytes made of raw[], at most room, which is CSV_CHAR_MAX at least; what they
 * were made of is dropped. */
size_t csv_utf16_take(struct csv_utf16 *u, char *out, size_t room);

struct csv_file {
	int fd, read_errno;
	enum csv_charset charset;
	size_t least;		/* room that a read needs */
	bool eof;
	off_t at;		/* bytes read */
	struct stat opened;	/* to see whether it changed since */
	struct csv_utf16 utf16;
};
/* Borrows fd; passes over a byte order mark. */
NPS_MUSTCHECK bool csv_file_begin(struct csv_file *f, int fd,
    enum csv_charset charset, const char *path, struct err *err);
/* 0 = the end, or read_errno.  room >= least. */
size_t csv_file_read(struct csv_file *f, char *to, size_t room);
/* False: ERR_RETRY, somebody wrote into it since. */
NPS_MUSTCHECK bool csv_file_is_same(const struct csv_file *f,
    struct err *err);

#endif
