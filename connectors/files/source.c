/*
 * source.c - what source is told by the options, and what is held of it.
 */
#include "source.h"

#include "files.h"

#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "url.h"

#define NAMES_BYTES ((size_t)8 << 20)
#define SFTP "sftp://"

/* ---- options -------------------------------------------------------- */
static bool
is_given(const char *s)
{
	return *s != '\0';
}

static bool
starts_with(const char *s, const char *start)
{
	return strncasecmp(s, start, strlen(start)) == 0;
}

/* "https://user@host/path": rest begins at the user. */
static bool
take_address(struct files *f, const char *scheme, const char *rest,
    struct err *err)
{
	struct files_source *src = &f->source;
	const size_t host = strcspn(rest, "/");
	const char *at = memrchr(rest, '@', host);

	src->user = f->set->remote.user;
	if (at != NULL) {
		src->user = arena_strndup(src->arena, rest,
		    (size_t)(at - rest));
		rest = at + 1;
	}
	if (src->user != NULL && strchr(src->user, ':') != NULL)
		return err_set(err, ERR_CONFIG, "files: source: a password "
		    "has its place in remote.password");
	const char *check = arena_printf(src->arena, "https://%s", rest);
	src->at = arena_printf(src->arena, "%s%s%s", scheme, rest,
	    *rest != '\0' && rest[strlen(rest) - 1] == '/' ? "" : "/");
	if (arena_failed(src->arena))
		return err_nomem(err);
	return url_check_base(check, false, err) ||
	    err_wrap(err, "files: source");
}

static bool
take_place(struct files *f, struct err *err)
{
	struct files_source *src = &f->source;
	const char *dir = f->set->dir, *source = f->set->source;

	if (is_given(dir) == is_given(source))
		return err_set(err, ERR_CONFIG, "files: expected either dir, "
		    "a folder, or source, an address");
	src->place = FILES_FOLDER;
	src->at = dir;
	if (is_given(dir))
		return true;
	if (starts_with(source, "file:///")) {
		src->at = source + strlen("file://");
		return true;
	}
	src->place = starts_with(source, SFTP) ? FILES_SFTP : FILES_HTTP;
	if (src->place == FILES_SFTP)
		return take_address(f, SFTP, source + strlen(SFTP), err);
	if (starts_with(source, "https://"))
		return take_address(f, "https://", source + 8, err);
	/* To this machine, or with allow_http: the engine knows. */
	if (starts_with(source, "http://"))
		return take_address(f, "http://", source + 7, err);
	return err_set(err, ERR_CONFIG, "files: source: expected sftp://, "
	    "https:// or file:///, got \"%.40s\"", source);
}

static bool
check_sftp(const struct files *f, struct err *err)
{
	const struct files_remote *r = &f->set->remote;

	if (!is_given(r->known_hosts) && !is_given(r->host_key))
		return err_set(err, ERR_CONFIG, "files: remote: expected "
		    "known_hosts, or host_key = \"SHA256:...\" as `ssh-keygen "
		    "-l` shows it: who answers must prove who it is");
	if (!is_given(f->source.user))
		return err_set(err, ERR_CONFIG, "files: remote.user: expected "
		    "a name");
	if (is_given(r->password) == is_given(r->key))
		return err_set(err, ERR_CONFIG, "files: remote: expected "
		    "either password or key");
	return true;
}

/* A server that lists nothing is asked for names; an archive lists them. */
static bool
check_name(const struct files *f, const char *name, const char *option,
    bool inside, struct err *err)
{
	if (strchr(name, '/') != NULL)
		return err_set(err, ERR_CONFIG, "files: %s: expected a name "
		    "without '/', got \"%s\"", option, name);
	if (f->source.place == FILES_HTTP && !inside && strpbrk(name, "*?[\\") != NULL)
		return err_set(err, ERR_CONFIG, "files: %s: expected the name "
		    "of a file, since https lists none, got \"%s\"", option,
		    name);
	return true;
}

static bool
check_names(const struct files *f, struct err *err)
{
	for (int i = 0; i < FILES_KINDS; i++) {
		char option[64];
		(void)snprintf(option, sizeof(option), "%s.file",
		    files_kind_names[i]);
		if (!check_name(f, f->table[i].file, option,
		    is_given(f->set->archive), err))
			return false;
	}
	return check_name(f, f->set->archive, "archive", false, err) &&
	    check_name(f, f->set->ready, "ready", false, err);
}

/* libssh2 reads it from a file: this one is in memory. */
static bool
take_key(struct files *f, struct err *err)
{
	const char *key = f->set->remote.key;
	const size_t len = strlen(key);
	const int fd = len == 0 ? -1 : memfd_create("key", MFD_CLOEXEC);

	f->source.key_fd = fd;
	if (len == 0)
		return true;
	if (fd == -1 || fchmod(fd, 0600) == -1 ||
	    write(fd, key, len) != (ssize_t)len || write(fd, "\n", 1) != 1)
		return err_errno(err, ERR_SYSTEM, "files: remote.key");
	return true;
}

bool
files_source_open(struct files *f, struct err *err)
{
	struct files_source *src = &f->source;

	src->key_fd = -1;
	src->ready = NO_TIME;
	src->arena = arena_new(NAMES_BYTES);
	if (src->arena == NULL)
		return err_nomem(err);
	src->unpack = (struct unpack){ .dir = f->set->tmp_dir,
		.max_bytes = (int64_t)f->set->max_mb << 20,
		.cancelled = f->env.cancelled };
	return take_place(f, err) && check_names(f, err) &&
	    (src->place != FILES_SFTP || check_sftp(f, err)) &&
	    take_key(f, err);
}

/* ---- what is held --------------------------------------------------- */
static void
drop_held(struct files_source *src)
{
	while (src->n > 0)
		(void)close(src->held[--src->n].fd);
	src->unpack.bytes = 0;
}

void
files_source_close(struct files *f)
{
	drop_held(&f->source);
	/* Zero, as after a calloc, when it was never opened. */
	if (f->source.arena != NULL && f->source.key_fd != -1)
		(void)close(f->source.key_fd);
	arena_free(f->source.arena);
}

static const struct files_held *
find_held(const struct files_source *src, const char *shown)
{
	for (size_t i = 0; i < src->n; i++)
		if (strcmp(src->held[i].shown, shown) == 0)
			return &src->held[i];
	return NULL;
}

static bool
hold(struct files_source *src, const char *from, const char *name, int fd,
    struct err *err)
{
	struct files_held *h = &src->held[src->n];

	if (src->n == FILES_HELD)
		return err_set(err, ERR_CONFIG, "more than %d files are to be "
		    "fetched or unpacked", FILES_HELD);
	h->fd = fd;
	h->name = arena_strdup(src->arena, name);
	h->shown = from == NULL ? h->name :
	    arena_printf(src->arena, "%s/%s", from, name);
	if (h->shown == NULL || h->name == NULL)
		return err_nomem(err);
	if (find_held(src, h->shown) != NULL)
		return err_set(err, ERR_PROTOCOL, "%s: is there twice: "
		    "expected one set of exports", h->shown);
	src->n++;
	return true;
}

bool
files_hold(struct files *f, const char *from, const char *name, int fd,
    struct err *err)
{
	struct files_source *src = &f->source;
	int plain = fd;
	bool ok = true;

	if (unpack_is_gzip(fd)) {
		ok = unpack_gzip(&src->unpack, fd, name, &plain, err);
		(void)close(fd);
	} else if (unpack_is_zip(fd))
		ok = err_set(err, ERR_CONFIG, "%s: is a zip archive: expected "
		    "its name in archive, and in file the names inside",
		    name);
	ok = ok && hold(src, from, name, plain, err);
	if (!ok && plain != -1)
		(void)close(plain);
	return ok;
}

/* ---- a finished set ------------------------------------------------- */
bool
files_is_partial(const char *name)
{
	static const char *const ends[] = { ".part", ".partial", ".filepart",
		".tmp", ".crdownload", "~" };
	const size_t len = strlen(name);

	for (size_t i = 0; i < ARRAY_LEN(ends); i++)
		if (len > strlen(ends[i]) &&
		    strcasecmp(name + len - strlen(ends[i]), ends[i]) == 0)
			return true;
	return false;
}

void
files_take_last(const struct files *f, const char **names)
{
	size_t n = 0;

	while (names[n] != NULL)
		n++;
	if (f->set->take == FILES_LAST && n > 1) {
		names[0] = names[n - 1];
		names[1] = NULL;
	}
}

bool
files_is_ready(const struct files *f, const char *name, time_t modified,
    struct err *err)
{
	if (modified == NO_TIME || f->source.ready == NO_TIME ||
	    modified <= f->source.ready)
		return true;
	return err_set(err, ERR_RETRY, "%s: is newer than %s: expected a "
	    "finished set of exports", name, f->set->ready);
}

/* Names of the folder, without uploads on their way, the last or all. */
static bool
list_folder(const struct files *f, const char *pattern, struct arena *arena,
    const char ***names, struct err *err)
{
	size_t n = 0;

	if (!files_list(f->source.at, pattern, arena, names, err))
		return false;
	for (const char **p = *names; *p != NULL; p++)
		if (!files_is_partial(*p) || strcmp(*p, pattern) == 0)
			(*names)[n++] = *p;
	(*names)[n] = NULL;
	files_take_last(f, *names);
	return true;
}

static bool
find_ready(struct files *f, struct arena *arena, struct err *err)
{
	const char **names;
	struct stat st;

	if (!is_given(f->set->ready))
		return true;
	if (!list_folder(f, f->set->ready, arena, &names, err))
		return false;
	f->source.ready = NO_TIME;
	for (; *names != NULL; names++) {
		const char *path = arena_printf(arena, "%s/%s", f->source.at,
		    *names);
		if (path != NULL && stat(path, &st) == 0 &&
		    (f->source.ready == NO_TIME ||
		    st.st_mtim.tv_sec > f->source.ready))
			f->source.ready = st.st_mtim.tv_sec;
	}
	return f->source.ready != NO_TIME || err_set(err, ERR_RETRY,
	    "%s: %s is not there: expected a finished set of exports",
	    f->source.at, f->set->ready);
}

/* ---- reading -------------------------------------------------------- */
static bool
open_file(const struct files *f, const char *name, int *fd, struct err *err)
{
	char path[PATH_MAX];
	struct stat st;

	if ((size_t)snprintf(path, sizeof(path), "%s/%s", f->source.at,
	    name) >= sizeof(path))
		return err_set(err, ERR_CONFIG, "%s: too long a name", name);
	/* O_NONBLOCK: a pipe in the folder must not stop the night. */
	*fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (*fd == -1)
		return err_errno(err, ERR_CONFIG, "%s: open", path);
	if (fstat(*fd, &st) == 0 && S_ISREG(st.st_mode) &&
	    files_is_ready(f, name, st.st_mtim.tv_sec, err))
		return true;
	if (!S_ISREG(st.st_mode))
		(void)err_set(err, ERR_CONFIG, "%s: expected a regular file",
		    path);
	(void)close(*fd);
	return false;
}

static bool
unpack_folder(struct files *f, struct arena *arena, struct err *err)
{
	const char **names;

	if (!find_ready(f, arena, err) ||
	    !list_folder(f, f->set->archive, arena, &names, err))
		return false;
	if (*names == NULL)
		return err_set(err, ERR_CONFIG, "%s: no file matches \"%s\" "
		    "(archive)", f->source.at, f->set->archive);
	for (; *names != NULL; names++) {
		int fd;
		if (!open_file(f, *names, &fd, err))
			return false;
		const bool ok = files_unpack(f, *names, fd, err);
		(void)close(fd);
		if (!ok)
			return false;
	}
	return true;
}

/* Once for all streams. */
static bool
take_in(struct files *f, struct arena *arena, struct err *err)
{
	struct files_source *src = &f->source;

	if (src->taken)
		return true;
	src->taken = src->place == FILES_FOLDER
	    ? unpack_folder(f, arena, err) : files_fetch(f, err);
	if (!src->taken)
		drop_held(src);
	return src->taken;
}

static bool
list_held(const struct files *f, const char *pattern, struct arena *arena,
    const char ***shown, struct err *err)
{
	const struct files_source *src = &f->source;
	size_t n = 0;

	*shown = arena_array(arena, src->n + 1, sizeof(**shown));
	if (*shown == NULL)
		return err_nomem(err);
	for (size_t i = 0; i < src->n; i++)
		if (fnmatch(pattern, src->held[i].name, FNM_PERIOD) == 0)
			(*shown)[n++] = src->held[i].shown;
	files_sort(*shown, n);
	files_take_last(f, *shown);
	return true;
}

bool
files_source_list(struct files *f, const char *pattern, const char *option,
    struct arena *arena, const char ***shown, struct err *err)
{
	const bool held = f->source.place != FILES_FOLDER ||
	    is_given(f->set->archive);
	const bool ok = held ? take_in(f, arena, err) &&
	    list_held(f, pattern, arena, shown, err) :
	    find_ready(f, arena, err) &&
	    list_folder(f, pattern, arena, shown, err);

	if (!ok || **shown != NULL)
		return ok;
	return err_set(err, ERR_CONFIG, "%s%s%s: no file matches \"%s\" "
	    "(%s.file)", f->source.at, is_given(f->set->archive) ? " " : "",
	    f->set->archive, pattern, option);
}

bool
files_source_csv(struct files *f, const char *shown, struct csv **csv,
    struct err *err)
{
	const struct files_held *held = find_held(&f->source, shown);
	int fd;

	if (held != NULL)
		return csv_fd_open(held->fd, shown, &f->format, csv, err);
	if (!open_file(f, shown, &fd, err))
		return false;
	if (unpack_is_gzip(fd) || unpack_is_zip(fd))
		return files_hold(f, NULL, shown, fd, err) &&
		    files_source_csv(f, shown, csv, err);
	if (csv_fd_open(fd, shown, &f->format, csv, err)) {
		csv_own_fd(*csv);
		return true;
	}
	(void)close(fd);
	return false;
}
