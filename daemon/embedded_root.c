#include "embedded.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "embedded_int.h"

#define SERVER_USER "postgres"

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define UNDER_ASAN 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__)
#define UNDER_ASAN 1
#endif

static bool
become(const char *name, uid_t uid, gid_t gid, struct err *err)
{
	const int groups = name == NULL ? setgroups(0, NULL) :
	    initgroups(name, gid);

	if (groups != 0 || setgid(gid) != 0 || setuid(uid) != 0)
		return err_errno(err, ERR_PERMISSION, "cannot become user %u",
		    (unsigned)uid);
	if (setuid(0) == 0)
		return err_set(err, ERR_BUG, "root was not given up");
#ifdef UNDER_ASAN
	/* LeakSanitizer traces its own process, which a setuid forbids.  Not
	 * so in the real program: it may hold what root decrypted. */
	(void)prctl(PR_SET_DUMPABLE, 1);
#endif
	return true;
}

static bool
become_uid(uid_t uid, gid_t gid, struct err *err)
{
	const struct passwd *pw = getpwuid(uid);

	if (pw == NULL)
		return become(NULL, uid, gid, err);
	return become(pw->pw_name, uid, pw->pw_gid, err);
}

/* dir/.. of a path that need not exist; "." for a bare name. */
static bool
parent_real(const char *path, char real[PATH_MAX], struct err *err)
{
	char parent[EMBEDDED_PATH_MAX];

	if (!embedded_path(parent, path, "", err))
		return false;
	size_t len = strlen(parent);
	while (len > 1 && parent[len - 1] == '/')
		parent[--len] = '\0';
	char *slash = strrchr(parent, '/');
	if (slash == NULL)
		memcpy(parent, ".", 2);
	else
		slash[slash == parent ? 1 : 0] = '\0';
	if (realpath(parent, real) == NULL)
		return err_errno(err, ERR_CONFIG, "state directory %s", path);
	return true;
}

static bool
is_below(const char *real, const char *top)
{
	char top_real[PATH_MAX];

	if (top == NULL || realpath(top, top_real) == NULL)
		return false;
	const size_t len = strlen(top_real);
	return strncmp(real, top_real, len) == 0 &&
	    (real[len] == '/' || real[len] == '\0') && len > 1;
}

/* Nobody else may put a link in the way while root makes the directory: each
 * directory above is root's; if others may write, it has the sticky bit. */
static bool
parents_check(const char *parent, struct err *err)
{
	char path[PATH_MAX];
	struct stat st;

	memcpy(path, parent, strlen(parent) + 1);
	for (char *slash = path + strlen(path);; slash = strrchr(path, '/')) {
		if (slash == path)
			return true;
		*slash = '\0';
		if (lstat(path, &st) != 0)
			return err_errno(err, ERR_CONFIG, "%s", path);
		if (st.st_uid != 0 || ((st.st_mode & (S_IWGRP | S_IWOTH)) != 0
		    && (st.st_mode & S_ISVTX) == 0))
			return err_set(err, ERR_CONFIG, "%s: other users may "
			    "change it; give the state directory an owner "
			    "yourself (chown)", path);
		if ((st.st_mode & S_IXOTH) == 0)
			return err_set(err, ERR_CONFIG, "%s: user "
			    SERVER_USER " cannot pass it (chmod o+x)", path);
	}
}

static bool
give(const char *state_dir, const struct passwd *pw, struct err *err)
{
	struct stat st;

	if (mkdir(state_dir, 0700) != 0 && errno != EEXIST)
		return err_errno(err, ERR_SYSTEM, "state directory %s",
		    state_dir);
	AUTO(fd) int fd = open(state_dir,
	    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) != 0)
		return err_errno(err, ERR_SYSTEM, "state directory %s",
		    state_dir);
	if (st.st_uid != 0)
		return err_set(err, ERR_PERMISSION, "state directory %s "
		    "changed its owner meanwhile", state_dir);
	if (fchown(fd, pw->pw_uid, pw->pw_gid) != 0 || fchmod(fd, 0700) != 0)
		return err_errno(err, ERR_SYSTEM, "state directory %s",
		    state_dir);
	return true;
}

static bool
give_to_server_user(const char *state_dir, const struct passwd **pw,
    struct err *err)
{
	char parent[PATH_MAX];

	*pw = getpwnam(SERVER_USER);
	if (*pw == NULL)
		return err_set(err, ERR_CONFIG, "root does not run a database "
		    "and there is no user " SERVER_USER ": apt-get install "
		    "postgresql-15");
	if (!parent_real(state_dir, parent, err))
		return false;
	if (!is_below(parent, "/tmp") && !is_below(parent, getenv("TMPDIR")))
		return err_set(err, ERR_CONFIG, "state directory %s: root does "
		    "not run a database; give the directory to the user that "
		    "shall (chown)", state_dir);
	return parents_check(parent, err) && give(state_dir, *pw, err);
}

bool
embedded_drop_root(const char *state_dir, struct err *err)
{
	const struct passwd *pw = NULL;
	struct stat st;

	if (geteuid() != 0)
		return true;
	if (stat(state_dir, &st) == 0 && st.st_uid != 0)
		return become_uid(st.st_uid, st.st_gid, err);
	return give_to_server_user(state_dir, &pw, err) &&
	    become(pw->pw_name, pw->pw_uid, pw->pw_gid, err);
}
