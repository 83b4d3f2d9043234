#include "embedded_int.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SOCKET_NAME "/.s.PGSQL.5432"
#define VERSION_MIN 15
#define VERSION_MAX 40
#define OPEN_DIRS 16	/* descriptors nftw may use */

bool
embedded_path(char out[EMBEDDED_PATH_MAX], const char *dir, const char *name,
    struct err *err)
{
	const int n = snprintf(out, EMBEDDED_PATH_MAX, "%s/%s", dir, name);

	if (n < 0 || n >= EMBEDDED_PATH_MAX)
		return err_set(err, ERR_CONFIG, "state_dir: path is longer "
		    "than %d bytes", EMBEDDED_PATH_MAX - 1);
	return true;
}

bool
embedded_dir_state(const char *state_dir, struct err *err)
{
	struct stat st;

	if (mkdir(state_dir, 0700) != 0 && errno != EEXIST)
		return err_errno(err, ERR_SYSTEM, "state directory %s",
		    state_dir);
	if (stat(state_dir, &st) != 0)
		return err_errno(err, ERR_SYSTEM, "state directory %s",
		    state_dir);
	if (!S_ISDIR(st.st_mode))
		return err_set(err, ERR_CONFIG, "state directory %s: is no "
		    "directory", state_dir);
	if (st.st_uid != geteuid())
		return err_set(err, ERR_PERMISSION, "state directory %s "
		    "belongs to another user (uid %u)", state_dir,
		    (unsigned)st.st_uid);
	if ((st.st_mode & (S_IWGRP | S_IWOTH)) != 0)
		return err_set(err, ERR_PERMISSION, "state directory %s can be "
		    "written by others: chmod 0700 it", state_dir);
	return true;
}

/* Both libpq and the server split directory lists at commas. */
static bool
is_plain(const char *path)
{
	return path[0] == '/' && strpbrk(path, ",'\"\\\n") == NULL &&
	    path[strlen(path) - 1] != ' ';
}

const char *
embedded_dir_temporary(void)
{
	const char *dir = getenv("TMPDIR");
	/* "/npsync-" uid "-" 16 digits and the socket's name follow. */
	const size_t room = EMBEDDED_SOCKET_MAX - strlen(SOCKET_NAME) -
	    strlen("/npsync-4294967295-0123456789abcdef");

	return dir != NULL && is_plain(dir) && strlen(dir) <= room ? dir :
	    "/tmp";
}

bool
embedded_dir_private(char out[EMBEDDED_PATH_MAX], const char *state_dir,
    struct err *err)
{
	uint64_t hash = 14695981039346656037u;	/* FNV-1a */
	char real[PATH_MAX];
	char name[64];

	if (realpath(state_dir, real) == NULL)
		return err_errno(err, ERR_SYSTEM, "state directory %s",
		    state_dir);
	for (const char *p = real; *p != '\0'; p++)
		hash = (hash ^ (unsigned char)*p) * 1099511628211u;
	(void)snprintf(name, sizeof(name), "npsync-%u-%016llx",
	    (unsigned)geteuid(), (unsigned long long)hash);
	return embedded_path(out, embedded_dir_temporary(), name, err);
}

/* Whoever owns the directory of a socket answers in the server's name. */
static bool
private_check(const char *path, struct err *err)
{
	struct stat st;

	if (lstat(path, &st) != 0)
		return err_errno(err, ERR_SYSTEM, "socket directory %s", path);
	if (!S_ISDIR(st.st_mode) || st.st_uid != geteuid() ||
	    (st.st_mode & 0777) != 0700)
		return err_set(err, ERR_SYSTEM, "socket directory %s is not a "
		    "0700 directory of this user: remove it", path);
	return true;
}

static bool
private_make(char out[EMBEDDED_PATH_MAX], const char *state_dir,
    struct err *err)
{
	if (!embedded_dir_private(out, state_dir, err))
		return false;
	/* A umask may only take away. */
	if (mkdir(out, 0700) != 0 && errno != EEXIST)
		return err_errno(err, ERR_SYSTEM, "socket directory %s", out);
	return private_check(out, err);
}

bool
embedded_dir_socket(char out[EMBEDDED_PATH_MAX], const char *state_dir,
    struct err *err)
{
	const char *runtime = getenv("RUNTIME_DIRECTORY");

	if (runtime == NULL || runtime[0] == '\0') {
		if (!private_make(out, state_dir, err))
			return false;
	} else {
		/* Of a list the first. */
		(void)snprintf(out, EMBEDDED_PATH_MAX, "%.*s",
		    (int)strcspn(runtime, ":"), runtime);
		if (!is_plain(out))
			return err_set(err, ERR_CONFIG, "RUNTIME_DIRECTORY: "
			    "not a path a socket can be made in");
	}
	if (strlen(out) + strlen(SOCKET_NAME) > EMBEDDED_SOCKET_MAX)
		return err_set(err, ERR_CONFIG, "socket directory %.200s: the "
		    "path is too long for a socket (%zu bytes, at most %zu)",
		    out, strlen(out) + strlen(SOCKET_NAME),
		    EMBEDDED_SOCKET_MAX);
	return true;
}

void
embedded_dir_socket_remove(const char *socket_dir, const char *state_dir)
{
	char own[EMBEDDED_PATH_MAX];
	const char *name = strrchr(socket_dir, '/');

	if (name == NULL || !embedded_dir_private(own, state_dir, NULL))
		return;
	if (strcmp(name, strrchr(own, '/')) == 0 &&
	    private_check(socket_dir, NULL))
		(void)!embedded_dir_remove(socket_dir, NULL);
}

static int
remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	(void)st;
	(void)flag;
	(void)ftw;
	return remove(path) == 0 || errno == ENOENT ? 0 : -1;
}

bool
embedded_dir_remove(const char *path, struct err *err)
{
	if (nftw(path, remove_one, OPEN_DIRS, FTW_DEPTH | FTW_PHYS) != 0 &&
	    errno != ENOENT)
		return err_errno(err, ERR_SYSTEM, "remove %s", path);
	return true;
}

static bool
has_program(const char *dir, const char *name)
{
	char path[EMBEDDED_PATH_MAX];

	return embedded_path(path, dir, name, NULL) && access(path, X_OK) == 0;
}

/* Debian, the packages of postgresql.org for Red Hat, built by hand.  Only
 * these: what PATH finds first is not for a daemon to execute. */
static bool
version_find(char out[EMBEDDED_PATH_MAX], int version)
{
	static const char *const places[] = { "/usr/lib/postgresql/",
		"/usr/pgsql-", "/usr/local/pgsql-" };

	for (size_t i = 0; i < ARRAY_LEN(places); i++) {
		(void)snprintf(out, EMBEDDED_PATH_MAX, "%s%d/bin", places[i],
		    version);
		if (has_program(out, "postgres") && has_program(out, "initdb"))
			return true;
	}
	return false;
}

bool
embedded_dir_is_newer(int version)
{
	char bin[EMBEDDED_PATH_MAX];

	for (int v = VERSION_MAX; v >= VERSION_MIN && v > version; v--)
		if (version_find(bin, v))
			return true;
	return false;
}

bool
embedded_dir_programs(char out[EMBEDDED_PATH_MAX], int version,
    struct err *err)
{
	if (version != 0) {
		if (version_find(out, version))
			return true;
		return err_set(err, ERR_CONFIG, "the cluster was made by "
		    "PostgreSQL %d, whose programs are missing: apt-get "
		    "install postgresql-%d", version, version);
	}
	for (version = VERSION_MAX; version >= VERSION_MIN; version--)
		if (version_find(out, version))
			return true;
	return err_set(err, ERR_CONFIG, "no PostgreSQL %d or newer below "
	    "/usr/lib/postgresql: apt-get install postgresql-15, or set "
	    "`database`", VERSION_MIN);
}
