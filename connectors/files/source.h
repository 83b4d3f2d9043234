/*
 * source.h - where the exports come from: a folder, or a server, plain or
 * packed.  For the files connector only.
 *
 * What lies on a server or in an archive is taken in once, whole, before the
 * first row is read, into files without a name, and all streams of the run read
 * that: the tables belong together, and nothing is fetched twice.
 *
 * How it could lose, double, leak or hang, and what stops it:
 * - Half an upload is taken for an export.  By sftp the folder's lines (size
 *   and time) of what was fetched are the same before and after; what changed
 *   within remote.quiet_s is not read; a file that says `ready` must be there
 *   and not older than any other; names of uploads on their way are passed
 *   over; an archive is unpacked to its end first.  In a folder a file that
 *   changes while it is read ends the pass.  All that is left is an upload
 *   that stopped without `ready`: its last row, if cut, goes to the quarantine,
 *   and nobody is taken for gone because of it.
 * - Two sets are mixed, or an old one is read: take = "last" reads the last name
 *   of each pattern only; the same name twice in an archive is an error.
 * - The disk fills up, a download or a bomb has no end: max_mb is the ceiling of
 *   all that is fetched and unpacked; a stalled transfer is given up.
 * - Personal data stays behind: the files have no name.  A key of ssh is in
 *   memory only.
 * - A credential goes to somebody else: TLS and host keys are verified,
 *   redirects are not followed, names of a listing cannot leave the folder.
 */
#ifndef NPSYNC_FILES_SOURCE_H
#define NPSYNC_FILES_SOURCE_H

#include <time.h>

#include "common/csv.h"
#include "common/unpack.h"
#include "connector.h"

struct files;

#define FILES_HELD 256		/* files taken in, at most */

struct files_remote {
	const char *user, *password, *key, *key_password;
	const char *known_hosts, *host_key, *header;
	int auth;		/* enum files_auth */
	int quiet_s;
};
enum files_auth { FILES_BASIC, FILES_BEARER, FILES_HEADER };
enum files_take { FILES_ALL, FILES_LAST };

enum files_place { FILES_FOLDER, FILES_SFTP, FILES_HTTP };
struct files_held {
	const char *name;	/* "deals.csv" */
	const char *shown;	/* "export.zip/deals.csv" */
	int fd;
};
struct files_source {
	enum files_place place;
	const char *at;		/* the folder, or the address with its '/' */
	const char *user;
	int key_fd;		/* -1 = none */
	bool taken;		/* held[] is all there is */
	struct files_held held[FILES_HELD];
	size_t n;
	struct arena *arena;
	struct unpack unpack;	/* the ceiling of downloads too */
	time_t ready;		/* when `ready` was written; NO_TIME */
};

/* Judges the options; nothing is fetched yet. */
NPS_MUSTCHECK bool files_source_open(struct files *f, struct err *err);
void files_source_close(struct files *f);
/* What a pattern matches, as it is shown, NULL-ended, in arena; what is fetched
 * is fetched now.  option is for messages. */
NPS_MUSTCHECK bool files_source_list(struct files *f, const char *pattern,
    const char *option, struct arena *arena, const char ***shown,
    struct err *err);
NPS_MUSTCHECK bool files_source_csv(struct files *f, const char *shown,
    struct csv **csv, struct err *err);

/* ---- between source.c, fetch.c and archive.c ------------------------- */
/* Name of an upload on its way: "deals.csv.part". */
bool files_is_partial(const char *name);
/* Leaves the last alone, when only that is to be read. */
void files_take_last(const struct files *f, const char **names);
/* Keeps fd, which is closed also on failure; gzip is unpacked.  from = name of
 * the archive, or NULL. */
NPS_MUSTCHECK bool files_hold(struct files *f, const char *from,
    const char *name, int fd, struct err *err);
/* Is the file of that age part of a finished set? */
NPS_MUSTCHECK bool files_is_ready(const struct files *f, const char *name,
    time_t modified, struct err *err);
/* fetch.c: everything that the configuration names, from the server. */
NPS_MUSTCHECK bool files_fetch(struct files *f, struct err *err);
/* archive.c: the members that a table's pattern names; fd stays the caller's. */
NPS_MUSTCHECK bool files_unpack(struct files *f, const char *name, int fd,
    struct err *err);

#endif
