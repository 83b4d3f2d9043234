/*
 * put_sheet.c - the files in out.dir: written whole or not at all, and read
 * again as long as nobody took them away.
 */
#include "files.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SHEET_MODE 0640
#define LIST_BYTES ((size_t)1 << 20)

static void
close_fd(int *fd)
{
	if (*fd != -1)
		(void)close(*fd);
}
#define AUTO_FD __attribute__((cleanup(close_fd)))

/* ---- writing -------------------------------------------------------- */

static bool
write_all(int fd, const char *s, size_t len)
{
	while (len > 0) {
		const ssize_t n = write(fd, s, len);
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return false;
		s += n;
		len -= (size_t)n;
	}
	return true;
}

static bool
write_file(int dir, const char *name, const struct buf *content)
{
	AUTO_FD int fd = openat(dir, name, O_WRONLY | O_CREAT | O_TRUNC |
	    O_NOFOLLOW | O_CLOEXEC, SHEET_MODE);

	if (fd == -1)
		return false;
	if (fchmod(fd, SHEET_MODE) == -1 ||
	    !write_all(fd, buf_text(content), content->len) || fsync(fd) == -1)
		return false;
	const int done = close(fd);
	fd = -1;
	return done == 0;
}

/* What a crash left under its temporary name holds keys of people. */
static bool
remove_leftovers(const struct files *f, int dir, const char *what,
    struct err *err)
{
	AUTO(arena) struct arena *arena = arena_new(LIST_BYTES);
	char pattern[32];
	const char **names;

	if (arena == NULL)
		return err_nomem(err);
	(void)snprintf(pattern, sizeof(pattern), ".%s-*.csv.tmp", what);
	if (!files_list(f->set->out.dir, pattern, arena, &names, err))
		return false;
	for (; *names != NULL; names++)
		(void)unlinkat(dir, *names, 0);
	return true;
}

/* *there: the file stands under its name, whatever failed then. */
static bool
put_named(const struct files *f, const char *what, const char *name,
    const struct buf *content, bool *there, struct err *err)
{
	const char *path = f->set->out.dir;
	AUTO_FD int dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	char tmp[72];

	if (dir == -1)
		return err_errno(err, ERR_CONFIG, "%s (out.dir): open", path);
	(void)snprintf(tmp, sizeof(tmp), ".%s.tmp", name);
	if (!remove_leftovers(f, dir, what, err))
		return false;
	if (!write_file(dir, tmp, content) ||
	    renameat(dir, tmp, dir, name) == -1) {
		(void)err_errno(err, ERR_SYSTEM, "%s/%s: write", path, name);
		(void)unlinkat(dir, tmp, 0);
		return false;
	}
	*there = true;
	return fsync(dir) == 0 ||
	    err_errno(err, ERR_SYSTEM, "%s: fsync", path);
}

bool
files_put_sheet(const struct files *f, const char *what,
    const struct buf *content, char name[64], struct err *err)
{
	char day[16];
	bool there = false;

	/* The same rows have the same name: a repeat puts no second sheet. */
	(void)snprintf(name, 64, "%s-%s-%016" PRIx64 ".csv", what,
	    day_iso(day, clock_day(f->zone,
	    f->env.now(f->env.clock))),
	    files_hash(buf_text(content), content->len));
	return put_named(f, what, name, content, &there, err);
}

/* The newest sheet has this content. */
static bool
is_newest(const struct files *f, const char *what, const char *hash,
    char name[64], bool *is, struct err *err)
{
	AUTO(arena) struct arena *arena = arena_new(LIST_BYTES);
	const char **names, *last = NULL;
	char pattern[32];

	*is = false;
	if (arena == NULL)
		return err_nomem(err);
	(void)snprintf(pattern, sizeof(pattern), "%s-*.csv", what);
	if (!files_list(f->set->out.dir, pattern, arena, &names, err))
		return false;
	for (; *names != NULL; names++)
		last = *names;
	const size_t len = last == NULL ? 0 : strlen(last), tail = strlen(hash);
	if (len >= 64 || len < tail || strcmp(last + len - tail, hash) != 0)
		return true;
	(void)snprintf(name, 64, "%s", last);
	*is = true;
	return true;
}

bool
files_put_dated(const struct files *f, const char *what,
    const struct buf *content, char name[64], bool *there, struct err *err)
{
	char iso[32], hash[32], stamp[32];
	size_t n = 0;

	(void)snprintf(hash, sizeof(hash), "-%016" PRIx64 ".csv",
	    files_hash(buf_text(content), content->len));
	if (!is_newest(f, what, hash, name, there, err))
		return false;
	if (*there)
		return true;
	/* "2026-11-25T021003Z": names in the order in which they were made. */
	for (const char *s = clock_iso(iso, f->env.now(f->env.clock));
	     *s != '\0'; s++)
		if (*s != ':')
			stamp[n++] = *s;
	stamp[n] = '\0';
	(void)snprintf(name, 64, "%s-%s%s", what, stamp, hash);
	return put_named(f, what, name, content, there, err);
}

/* ---- reading -------------------------------------------------------- */

static bool
read_sheet(const struct files *f, const char *path, files_lying_fn *fn,
    void *arg, struct err *err)
{
	AUTO(csv) struct csv *csv = NULL;
	struct csv_row row;
	enum csv_step step;

	if (!csv_open(path, &f->out_format, &csv, err))
		/* Taken away since the folder was listed. */
		return err->code == ENOENT;
	while ((step = csv_next(csv, &row, err)) != CSV_END) {
		if (step == CSV_FAILED)
			return err_wrap(err, "%s", path);
		if (step == CSV_ROW && row.n == 2)
			fn(arg, row.field[0], row.field[1]);
	}
	return true;
}

bool
files_read_sheets(const struct files *f, const char *what, files_lying_fn *fn,
    void *arg, struct err *err)
{
	AUTO(arena) struct arena *arena = arena_new(LIST_BYTES);
	char pattern[32];
	const char **names;

	if (arena == NULL)
		return err_nomem(err);
	(void)snprintf(pattern, sizeof(pattern), "%s-*.csv", what);
	if (!files_list(f->set->out.dir, pattern, arena, &names, err))
		return false;
	for (; *names != NULL; names++) {
		const char *path = arena_printf(arena, "%s/%s",
		    f->set->out.dir, *names);
		if (path == NULL)
			return err_nomem(err);
		if (!read_sheet(f, path, fn, arg, err))
			return false;
	}
	return true;
}
