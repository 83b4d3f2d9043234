/*
 * file.h - writing that is still there after a crash.  errno says why not.
 */
#ifndef NPSYNC_FILE_H
#define NPSYNC_FILE_H

#include "npsync.h"

/* All of it, whatever interrupts. */
NPS_MUSTCHECK bool file_write(int fd, const char *data, size_t len);
/* The names in a directory, after a rename. */
NPS_MUSTCHECK bool file_sync_dir(const char *dir);

#endif
