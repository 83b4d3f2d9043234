/*
 * zipmake.h - zip and gzip files for tests, sound or not.
 */
#ifndef ZIPMAKE_H
#define ZIPMAKE_H

#include "buf.h"

enum zipmake_how {
	ZIP_STORED = 1,		/* not deflated */
	ZIP_STREAMED = 2,	/* sizes behind the content */
	ZIP_LARGE = 4,		/* sizes and place as of a file beyond 4 GiB */
	ZIP_ENCRYPTED = 8	/* it only says so */
};

struct zipmake {
	struct buf out;		/* the archive */
	struct buf dir;
	unsigned n;
	size_t last;		/* where the last member begins, in out ... */
	size_t entry;		/* ... and its entry, in dir */
};

void zipmake_init(struct zipmake *z);
void zipmake_add(struct zipmake *z, const char *name, const void *data,
    size_t len, unsigned how);
/* Writes the directory; large: with the end of ZIP64. */
void zipmake_end(struct zipmake *z, bool large);
void zipmake_free(struct zipmake *z);
/* Appends one part. */
void zipmake_gzip(struct buf *out, const void *data, size_t len);

static inline void
zipmake_cleanup(struct zipmake *z)
{
	zipmake_free(z);
}

#endif
