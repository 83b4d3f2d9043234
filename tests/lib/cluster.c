#include "cluster.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "embedded_int.h"

#define OPEN_DIRS 16

/* nftw has no argument of its own. */
static struct {
	const char *to;
	size_t skip;		/* bytes of the name of what is copied */
} copying;

/* ---- copy ------------------------------------------------------------------ */
static bool
file_copy(const char *from, const char *to, mode_t mode)
{
	static char part[1 << 18];
	AUTO(fd) int in = open(from, O_RDONLY | O_CLOEXEC);
	AUTO(fd) int out = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC,
	    mode);
	ssize_t n;

	if (in < 0 || out < 0)
		return false;
	while ((n = read(in, part, sizeof(part))) > 0)
		if (write(out, part, (size_t)n) != n)
			return false;
	return n == 0;
}

static int
copy_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	char to[EMBEDDED_PATH_MAX];
	const mode_t mode = st->st_mode & 07777;

	(void)ftw;
	if (snprintf(to, sizeof(to), "%s%s", copying.to,
	        path + copying.skip) >= (int)sizeof(to))
		return -1;
	if (flag == FTW_D)
		return mkdir(to, mode);
	return flag == FTW_F && file_copy(path, to, mode) ? 0 : -1;
}

static bool
tree_copy(const char *from, const char *to)
{
	copying.to = to;
	copying.skip = strlen(from);
	return nftw(from, copy_one, OPEN_DIRS, FTW_PHYS) == 0;
}

/* ---- make ------------------------------------------------------------------ */
/* Under the lock: made once, there whole or not at all. */
static bool
ensure(const char *whole, bool (*make)(const char *pg))
{
	char part[EMBEDDED_PATH_MAX], lock[EMBEDDED_PATH_MAX];

	if (snprintf(part, sizeof(part), "%s.new", whole) >=
	    (int)sizeof(part) || snprintf(lock, sizeof(lock), "%s.lock",
	        whole) >= (int)sizeof(lock))
		return false;
	AUTO(fd) int fd = open(lock, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0 || flock(fd, LOCK_EX) != 0)
		return false;
	if (access(whole, F_OK) == 0)
		return true;
	return embedded_dir_remove(part, NULL) && make(part) &&
	    rename(part, whole) == 0;
}

bool
cluster_get(const char *name, const char *pg, bool (*make)(const char *pg))
{
	const char *top = getenv("NPSYNC_TEST_CLUSTERS");
	char whole[EMBEDDED_PATH_MAX];

	if (top == NULL || *top == '\0')
		return make(pg);
	return embedded_path(whole, top, name, NULL) && ensure(whole, make) &&
	    tree_copy(whole, pg);
}

static bool
program_makes(const char *pg)
{
	struct embedded e = { .cluster_fd = -1, .users_fd = -1 };

	(void)snprintf(e.state, sizeof(e.state), "%.*s",
	    (int)(strrchr(pg, '/') - pg), pg);
	return embedded_path(e.log, e.state, "pg.log", NULL) &&
	    embedded_make_dir(&e, pg, NULL);
}

bool
cluster_place(const char *state)
{
	char pg[EMBEDDED_PATH_MAX];

	return embedded_path(pg, state, "pg", NULL) &&
	    (access(pg, F_OK) == 0 || cluster_get("embedded", pg,
	        program_makes));
}
