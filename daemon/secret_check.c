/*
 * What a unit would be given: one plain file among the credentials, and with
 * LoadCredentialEncrypted= it does not start.
 */
#include "secret.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILES_MAX 64	/* the rest is told of when these are mended */

static bool
is_plain_file(const char *dir, const char *name)
{
	AUTO(buf) struct buf path;
	char head[SECRET_HEAD];
	struct stat st;

	buf_init(&path, 4096);
	if (!buf_printf(&path, "%s/%s", dir, name))
		return false;
	const int fd = open(path.s, O_RDONLY | O_CLOEXEC | O_NONBLOCK |
	    O_NOCTTY);
	if (fd < 0)
		return false;
	const ssize_t got = fstat(fd, &st) == 0 && S_ISREG(st.st_mode) ?
	    read(fd, head, sizeof(head)) : -1;
	close(fd);
	const bool is_plain = got >= 0 && !secret_is_encrypted(head, (size_t)got);
	explicit_bzero(head, sizeof(head));
	return is_plain;
}

bool
secret_is_for_units(const char *config_dir)
{
	AUTO(buf) struct buf home;

	return secret_home(config_dir, &home) &&
	    strcmp(home.s, "/etc/npsync") == 0;
}

static inline void
dir_cleanup(DIR **dir)
{
	if (*dir != NULL)
		(void)closedir(*dir);
}

static int
by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* As systemd: what begins with a dot is not loaded. */
static size_t
collect(DIR *dir, const char *path, const char **names, size_t max,
    struct arena *arena)
{
	const struct dirent *entry;
	size_t n = 0;

	while (n < max && (entry = readdir(dir)) != NULL)
		if (entry->d_name[0] != '.' &&
		    is_plain_file(path, entry->d_name))
			names[n++] = arena_strdup(arena, entry->d_name);
	return n;
}

const char *const *
secret_plain_files(const char *config_dir, struct arena *arena)
{
	AUTO(buf) struct buf path;
	AUTO(dir) DIR *dir = NULL;
	const char **names = arena_array(arena, FILES_MAX + 1,
	    sizeof(*names));

	if (!secret_home(config_dir, &path) ||
	    !buf_str(&path, "/credentials") || names == NULL)
		return NULL;
	dir = opendir(path.s);
	if (dir == NULL)
		return names;
	const size_t n = collect(dir, path.s, names, FILES_MAX, arena);
	if (arena_failed(arena))
		return NULL;
	qsort(names, n, sizeof(*names), by_name);
	return names;
}

const char *
secret_plain_advice(const char *name, const char *config_dir,
    struct arena *arena)
{
	AUTO(buf) struct buf home;

	if (!secret_home(config_dir, &home))
		return NULL;
	return arena_printf(arena, "%s/credentials/%s is not encrypted, with "
	    "LoadCredentialEncrypted= no unit starts (243/CREDENTIALS): run "
	    "`npsync secret set %s` as root, or give the units "
	    "LoadCredential= in its place", home.s, name, name);
}
