#include "dump.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "clock.h"
#include "file.h"

#define DIRECTORY "dumps"
#define FRESH ".new"
/* Digits stand where the pattern has a 0. */
static const char night_pattern[] = "npsync-0000-00-00T0000Z.dump";
static const char hand_pattern[] = "npsync-0000-00-00T0000Z-hand.dump";

static bool
fits(const char *name, const char *pattern)
{
	for (; *pattern != '\0'; name++, pattern++)
		if (*pattern == '0' ? *name < '0' || *name > '9'
		                    : *name != *pattern)
			return false;
	return *name == '\0';
}

static bool
path_put(char *out, size_t size, const char *dir, const char *name,
    struct err *err)
{
	const int n = snprintf(out, size, "%s/%s", dir, name);

	return n >= 0 && (size_t)n < size ? true
	    : err_set(err, ERR_CONFIG, "%s: path too long", name);
}

static bool
directory(char out[PATH_MAX], const char *state_dir, struct err *err)
{
	if (!path_put(out, PATH_MAX, state_dir, DIRECTORY, err))
		return false;
	return mkdir(out, 0700) == 0 || errno == EEXIST ? true
	    : err_errno(err, ERR_SYSTEM, "%s", out);
}

/* ---- the directory ------------------------------------------------------- */
static int
is_night(const struct dirent *entry)
{
	return fits(entry->d_name, night_pattern);
}

static int
is_dump(const struct dirent *entry)
{
	return fits(entry->d_name, night_pattern) ||
	    fits(entry->d_name, hand_pattern);
}

static int
is_rest(const struct dirent *entry)
{
	const char *dot = strrchr(entry->d_name, '.');

	return strncmp(entry->d_name, "npsync-", 7) == 0 && dot != NULL &&
	    strcmp(dot, FRESH) == 0;
}

static int
by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

struct names {
	struct dirent **v;
	int n;
};

static inline void
names_cleanup(struct names *names)
{
	for (int i = 0; i < names->n; i++)
		free(names->v[i]);
	free(names->v);
}

static bool
names_read(struct names *names, const char *dir,
    int (*wanted)(const struct dirent *), struct err *err)
{
	names->n = scandir(dir, &names->v, wanted, by_name);
	if (names->n >= 0)
		return true;
	names->n = 0;
	return errno == ENOENT ? true : err_errno(err, ERR_SYSTEM, "%s", dir);
}

/* Removes all but the last `keep`. */
static bool
remove_first(const char *dir, int (*wanted)(const struct dirent *), int keep,
    struct err *err)
{
	AUTO(names) struct names names = { NULL, 0 };
	char path[PATH_MAX];

	if (!names_read(&names, dir, wanted, err))
		return false;
	for (int i = 0; i < names.n - keep; i++)
		if (!path_put(path, sizeof(path), dir, names.v[i]->d_name, err))
			return false;
		else if (unlink(path) != 0 && errno != ENOENT)
			return err_errno(err, ERR_SYSTEM, "%s", path);
	return true;
}

bool
dump_prune(const char *state_dir, int keep, struct err *err)
{
	char dir[PATH_MAX];

	return directory(dir, state_dir, err) &&
	    remove_first(dir, is_night, keep, err);
}

bool
dump_newest(const char *state_dir, char out[PATH_MAX], bool *found,
    struct err *err)
{
	AUTO(names) struct names names = { NULL, 0 };
	char dir[PATH_MAX];

	*found = false;
	if (!path_put(dir, sizeof(dir), state_dir, DIRECTORY, err) ||
	    !names_read(&names, dir, is_dump, err))
		return false;
	*found = names.n > 0;
	return names.n == 0 || path_put(out, PATH_MAX, dir,
	    names.v[names.n - 1]->d_name, err);
}

/* ---- writing ------------------------------------------------------------- */
static void
name_make(char *out, size_t size, time_t now, bool by_hand)
{
	struct civil c;

	clock_local("UTC", now, &c);
	(void)snprintf(out, size, "npsync-%04d-%02d-%02dT%02d%02dZ%s.dump",
	    c.year, c.month, c.day, c.hour, c.minute, by_hand ? "-hand" : "");
}

static bool
lock(struct dump_file *f, const char *dir, struct err *err)
{
	char path[PATH_MAX];

	if (!path_put(path, sizeof(path), dir, "lock", err))
		return false;
	f->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (f->lock_fd < 0)
		return err_errno(err, ERR_SYSTEM, "%s", path);
	if (flock(f->lock_fd, LOCK_EX | LOCK_NB) == 0)
		return true;
	return errno == EWOULDBLOCK
	    ? err_set(err, ERR_BUSY, "another backup is under way")
	    : err_errno(err, ERR_SYSTEM, "%s", path);
}

/* Where the database lies on the same disk, it needs room more urgently. */
static bool
measure(struct dump_file *f, long long likely, struct err *err)
{
	struct statvfs st;

	if (fstatvfs(f->fd, &st) != 0)
		return err_errno(err, ERR_SYSTEM, "%s", f->path);
	const long long room = (long long)st.f_bavail * (long long)st.f_frsize;
	f->file_max = room - DUMP_SPARE_BYTES;
	if (f->file_max < likely || f->file_max <= 0)
		return err_set(err, ERR_SYSTEM, "%s: not written: %lld MB are "
		    "free, and %lld are asked for", f->path, room >> 20,
		    (likely + DUMP_SPARE_BYTES) >> 20);
	return true;
}

static bool
file_begin(struct dump_file *f, const char *dir, const char *path, time_t now,
    bool by_hand, struct err *err)
{
	char name[64];

	name_make(name, sizeof(name), now, by_hand);
	if (path == NULL && !path_put(f->path, sizeof(f->path), dir, name, err))
		return false;
	if (path != NULL && (size_t)snprintf(f->path, sizeof(f->path), "%s",
	        path) >= sizeof(f->path))
		return err_set(err, ERR_USAGE, "the path is too long");
	(void)snprintf(f->fresh, sizeof(f->fresh), "%s" FRESH, f->path);
	f->fd = open(f->fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC |
	    O_NOFOLLOW, 0600);
	if (f->fd < 0 || fchmod(f->fd, 0600) != 0)
		return err_errno(err, ERR_SYSTEM, "%s", f->fresh);
	return true;
}

bool
dump_begin(struct dump_file *f, const char *state_dir, const char *path,
    time_t now, bool by_hand, long long likely, struct err *err)
{
	char dir[PATH_MAX];

	*f = (struct dump_file){ .fd = -1, .lock_fd = -1 };
	/* What killed backups left is nobody's: we hold the lock. */
	return directory(dir, state_dir, err) && lock(f, dir, err) &&
	    remove_first(dir, is_rest, 0, err) &&
	    file_begin(f, dir, path, now, by_hand, err) &&
	    measure(f, likely, err);
}

static bool
directory_sync(const char *path)
{
	char dir[PATH_MAX];

	(void)snprintf(dir, sizeof(dir), "%s", path);
	char *slash = strrchr(dir, '/');
	if (slash == NULL)
		(void)snprintf(dir, sizeof(dir), ".");
	else
		slash[slash == dir ? 1 : 0] = '\0';
	return file_sync_dir(dir);
}

bool
dump_publish(struct dump_file *f, struct err *err)
{
	struct stat st;

	if (fsync(f->fd) != 0 || fstat(f->fd, &st) != 0 ||
	    rename(f->fresh, f->path) != 0)
		return err_errno(err, ERR_SYSTEM, "%s", f->path);
	f->bytes = (long long)st.st_size;
	f->fresh[0] = '\0';
	return directory_sync(f->path) ? true
	    : err_errno(err, ERR_SYSTEM, "%s", f->path);
}

void
dump_close(struct dump_file *f)
{
	if (f->fd >= 0) {
		if (f->fresh[0] != '\0')
			(void)unlink(f->fresh);
		(void)close(f->fd);
	}
	if (f->lock_fd >= 0)
		(void)close(f->lock_fd);
	f->fd = f->lock_fd = -1;
}

/* ---- reading ------------------------------------------------------------- */
bool
dump_open(const char *path, int *fd, struct err *err)
{
	char magic[sizeof(DUMP_MAGIC) - 1];

	*fd = open(path, O_RDONLY | O_CLOEXEC);
	if (*fd < 0)
		return err_errno(err, ERR_SYSTEM, "%s", path);
	if (pread(*fd, magic, sizeof(magic), 0) == (ssize_t)sizeof(magic) &&
	    memcmp(magic, DUMP_MAGIC, sizeof(magic)) == 0)
		return true;
	(void)close(*fd);
	*fd = -1;
	return err_set(err, ERR_CONFIG, "%s: is no dump that `npsync backup` "
	    "made", path);
}
