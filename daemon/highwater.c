#include "highwater.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "file.h"
#include "num.h"

#define FORMAT "npsync-high-water 1"
#define FILE_BYTES_MAX 512

static bool
is_plain(unsigned char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	    (c >= '0' && c <= '9') || c == '-' || c == '_';
}

/* A tenant's name may hold what a file's name may not. */
static bool
path_of(char *out, size_t size, const char *dir, const char *tenant,
    const char *suffix, struct err *err)
{
	int n = snprintf(out, size, "%s/high-water-", dir);

	for (; n > 0 && (size_t)n + 4 < size && *tenant != '\0'; tenant++)
		n += snprintf(out + n, size - (size_t)n,
		    is_plain((unsigned char)*tenant) ? "%c" : "=%02x",
		    (unsigned char)*tenant);
	if (n < 0 || *tenant != '\0' || (size_t)n + strlen(suffix) >= size)
		return err_set(err, ERR_CONFIG, "state_dir: path too long");
	(void)snprintf(out + n, size - (size_t)n, "%s", suffix);
	return true;
}

/* ---- reading ------------------------------------------------------------- */
static bool
read_file(const char *path, char *text, size_t size, bool *found,
    struct err *err)
{
	size_t len = 0;
	ssize_t n;

	*found = false;
	const int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? true
		    : err_errno(err, ERR_SYSTEM, "%s", path);
	do {
		n = read(fd, text + len, size - 1 - len);
		if (n > 0)
			len += (size_t)n;
	} while (n > 0 || (n < 0 && errno == EINTR));
	const bool ok = n == 0 ? true : err_errno(err, ERR_SYSTEM, "%s", path);
	(void)close(fd);
	text[len] = '\0';
	*found = ok;
	return ok;
}

/* "name value\n"; moves *text behind it. */
static bool
take(char **text, const char *name, const char **value)
{
	const size_t len = strlen(name);
	char *end = strchr(*text, '\n');

	if (end == NULL || strncmp(*text, name, len) != 0 || (*text)[len] != ' ')
		return false;
	*end = '\0';
	*value = *text + len + 1;
	*text = end + 1;
	return true;
}

static bool
parse(char *text, struct highwater *out)
{
	const char *system_id, *epoch, *sends, *at;
	const size_t head = strlen(FORMAT "\n");

	if (strncmp(text, FORMAT "\n", head) != 0)
		return false;
	text += head;
	if (!take(&text, "system", &system_id) || !take(&text, "epoch", &epoch) ||
	    !take(&text, "sends", &sends) || !take(&text, "at", &at) ||
	    strlen(system_id) >= sizeof(out->system_id))
		return false;
	(void)snprintf(out->system_id, sizeof(out->system_id), "%s", system_id);
	return num_parse(epoch, 0, LLONG_MAX, &out->epoch) &&
	    num_parse(sends, 0, LLONG_MAX, &out->sends) &&
	    clock_parse_iso(at, "UTC", &out->at);
}

bool
highwater_read(const char *dir, const char *tenant, struct highwater *out,
    bool *found, struct err *err)
{
	char path[PATH_MAX], text[FILE_BYTES_MAX];

	*out = (struct highwater){ .at = NO_TIME };
	if (!path_of(path, sizeof(path), dir, tenant, "", err) ||
	    !read_file(path, text, sizeof(text), found, err))
		return false;
	if (*found && !parse(text, out))
		return err_set(err, ERR_CONFIG, "%s: cannot be read as what a run "
		    "has written; if it is damaged, remove it: the next run then "
		    "treats the database as a restored backup", path);
	return true;
}

/* ---- writing ------------------------------------------------------------- */
static bool
write_synced(const char *path, const char *text, struct err *err)
{
	const int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (fd < 0)
		return err_errno(err, ERR_SYSTEM, "%s", path);
	bool ok = file_write(fd, text, strlen(text)) && fsync(fd) == 0;
	if (!ok)
		err_errno(err, ERR_SYSTEM, "%s", path);
	if (close(fd) != 0 && ok)
		ok = err_errno(err, ERR_SYSTEM, "%s", path);
	return ok;
}

bool
highwater_write(const char *dir, const char *tenant,
    const struct highwater *mark, struct err *err)
{
	char path[PATH_MAX], fresh[PATH_MAX], text[FILE_BYTES_MAX], iso[32];

	if (!path_of(path, sizeof(path), dir, tenant, "", err) ||
	    !path_of(fresh, sizeof(fresh), dir, tenant, ".new", err))
		return false;
	(void)snprintf(text, sizeof(text),
	    FORMAT "\nsystem %s\nepoch %lld\nsends %lld\nat %s\n",
	    mark->system_id[0] != '\0' ? mark->system_id : "unknown",
	    mark->epoch, mark->sends, clock_iso(iso, mark->at));
	if (!write_synced(fresh, text, err))
		return false;
	if (rename(fresh, path) != 0)
		return err_errno(err, ERR_SYSTEM, "%s", path);
	return file_sync_dir(dir) ? true : err_errno(err, ERR_SYSTEM, "%s", dir);
}

bool
highwater_is_above(const struct highwater *mark, long long epoch,
    long long sends)
{
	return mark->epoch >= epoch || mark->sends > sends;
}
