/*
 * embedded_rebuild.c - after an upgrade of the system: the cluster's own
 * programs are gone, those of a newer major version are there.
 *
 * How this can lose, and what stops it: until the new cluster is complete the
 * old directory keeps the name pg; then both change names in one step.  The
 * high-water file is not touched: a dump older than the last run is noticed as
 * any restored backup is.
 */
#include "embedded.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dump.h"
#include "embedded_int.h"
#include "log.h"

#define WORK "pg.rebuild"

/* pg-15, pg-15.1, ...: what nobody has yet. */
static bool
aside_path(const struct embedded *e, int version, char out[EMBEDDED_PATH_MAX],
    struct err *err)
{
	struct stat st;
	char name[32];

	for (int i = 0; i < 100; i++) {
		(void)snprintf(name, sizeof(name), i == 0 ? "pg-%d" : "pg-%d.%d",
		    version, i);
		if (!embedded_path(out, e->state, name, err))
			return false;
		if (lstat(out, &st) != 0 && errno == ENOENT)
			return true;
	}
	return err_set(err, ERR_CONFIG, "%s/pg-%d*: too many old clusters",
	    e->state, version);
}

/* The old cluster, under the name the new one was made with. */
static bool
put_aside(const struct embedded *e, const char *work, int version,
    char aside[EMBEDDED_PATH_MAX], struct err *err)
{
	if (!aside_path(e, version, aside, err))
		return false;
	return rename(work, aside) == 0 ? true
	    : err_errno(err, ERR_SYSTEM, "%s", work);
}

/* A rebuild that was killed: before the exchange of names what lies there is
 * junk, and after it the old cluster. */
static bool
work_clear(const struct embedded *e, const char *work, int version,
    struct err *err)
{
	char aside[EMBEDDED_PATH_MAX];
	struct embedded left = *e;
	struct stat st;
	int was = 0;

	if (lstat(work, &st) != 0)
		return true;
	(void)snprintf(left.pg, sizeof(left.pg), "%s", work);
	embedded_server_stop(&left);
	if (embedded_server_version(work, &was, NULL) && was < version)
		return put_aside(e, work, was, aside, err);
	return embedded_dir_remove(work, err);
}

static bool
restore_into(struct embedded *fresh, int fd, struct err *err)
{
	if (!embedded_server_start(fresh, err))
		return false;
	const bool ok = embedded_restore(fresh, fd, NULL, NULL, NULL, err);
	embedded_server_stop(fresh);
	return ok;
}

static bool
make_from(struct embedded *e, const char *work, const char *dump,
    struct err *err)
{
	struct embedded fresh = *e;
	AUTO(fd) int fd = -1;

	(void)snprintf(fresh.pg, sizeof(fresh.pg), "%s", work);
	if (!dump_open(dump, &fd, err) || !embedded_make_dir(e, work, err))
		return false;
	if (restore_into(&fresh, fd, err) &&
	    embedded_make_exchange(e, work, err))
		return true;
	(void)!embedded_dir_remove(work, NULL);
	return err_wrap(err, "%s", dump);
}

static bool
rebuild(struct embedded *e, const char *work, int version,
    const struct err *missing, struct err *err)
{
	char dump[PATH_MAX], aside[EMBEDDED_PATH_MAX];
	bool found = false;
	int now = 0;

	if (!dump_newest(e->state, dump, &found, err))
		return false;
	if (!found)
		return err_set(err, ERR_CONFIG, "%s; and there is no dump in "
		    "%s/dumps to rebuild it from with a newer version",
		    missing->msg, e->state);
	log_ev(LOG_LEVEL_WARNING, "embedded", "rebuild=begins from=%d dump=%s",
	    version, log_quote(dump));
	if (!make_from(e, work, dump, err))
		return err_wrap(err, "rebuilding the cluster of PostgreSQL %d",
		    version);
	if (!put_aside(e, work, version, aside, err) ||
	    !embedded_server_version(e->pg, &now, err))
		return false;
	log_ev(LOG_LEVEL_WARNING, "embedded",
	    "rebuild=done from=%d to=%d dump=%s old=%s", version, now,
	    log_quote(dump), log_quote(aside));
	return true;
}

bool
embedded_rebuild_if_old(struct embedded *e, struct err *err)
{
	char bin[EMBEDDED_PATH_MAX], work[EMBEDDED_PATH_MAX];
	struct err missing = { 0 };
	int version = 0;

	if (!embedded_server_version(e->pg, &version, err) ||
	    !embedded_path(work, e->state, WORK, err) ||
	    !work_clear(e, work, version, err))
		return false;
	if (embedded_dir_programs(bin, version, &missing))
		return true;
	if (!embedded_dir_is_newer(version)) {
		*err = missing;
		return false;
	}
	return rebuild(e, work, version, &missing, err);
}
