/*
 * tmpdir.h - a directory of a test's own, gone at its end.
 */
#ifndef NPSYNC_TESTS_TMPDIR_H
#define NPSYNC_TESTS_TMPDIR_H

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char tmpdir[512];

static inline int
tmpdir_make(void **state)
{
	const char *base = getenv("TMPDIR");

	(void)state;
	(void)snprintf(tmpdir, sizeof(tmpdir), "%s/npsync-test-XXXXXX",
	    base == NULL || *base == '\0' ? "/tmp" : base);
	return mkdtemp(tmpdir) == NULL ? -1 : 0;
}

static inline int
tmpdir_remove_one(const char *path, const struct stat *st, int flag,
    struct FTW *ftw)
{
	(void)st;
	(void)flag;
	(void)ftw;
	return remove(path);
}

static inline int
tmpdir_remove(void **state)
{
	(void)state;
	return nftw(tmpdir, tmpdir_remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* The path of a file in it, in a ring of 8. */
static inline const char *
tmpdir_path(const char *name)
{
	static char ring[8][1024];
	static unsigned next;
	char *path = ring[next++ % 8];

	(void)snprintf(path, sizeof(ring[0]), "%s/%s", tmpdir, name);
	return path;
}

/* Writes a file of that mode and returns its path. */
static inline const char *
tmpdir_write(const char *name, const char *text, mode_t mode)
{
	const char *path = tmpdir_path(name);
	const int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC,
	    0600);

	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text) ||
	    fchmod(fd, mode) != 0 || close(fd) != 0)
		abort();
	return path;
}

#endif
