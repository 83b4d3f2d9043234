/*
 * embedded.h - the private PostgreSQL cluster of an installation without a
 * `database` setting (design section 11).
 *
 * pg.new is made by initdb and renamed to pg; cluster.lock is held while the
 * cluster is started or stopped; users.lock is held shared for the process's
 * life, the last one out stops the cluster.  Under systemd (a running server
 * that we did not start through users.lock: file pg.unit in the state
 * directory, written by npsync-db.service) it is never stopped.
 *
 * Where the programs of the cluster's version are gone and those of a newer
 * one are there, a start rebuilds it from the newest dump (dump.h); the old
 * directory stays beside it as pg-VERSION.
 */
#ifndef NPSYNC_EMBEDDED_H
#define NPSYNC_EMBEDDED_H

#include "db.h"
#include "err.h"

struct embedded;

/* Root never runs a cluster: when called as root, becomes the owner of
 * state_dir, or - if that is root or does not exist - the user "postgres" (the
 * directory is then made or given to it; only below the temporary directory,
 * else ERR_CONFIG tells to chown it).  Groups are set, cannot be undone.  No
 * effect as an ordinary user. */
NPS_MUSTCHECK bool embedded_drop_root(const char *state_dir, struct err *err);

/* Starts (initdb on first use) or joins the cluster in state_dir/pg; waits up to
 * 4 minutes for others that start or stop it, and is not cancelled by a signal.
 * The database npsync exists afterwards.  As root ERR_PERMISSION, also when
 * state_dir is another user's or open to writers; ERR_CONFIG when binaries of
 * the cluster's PG_VERSION are missing (names the package) or a path is too
 * long; ERR_DB_AWAY when npsync-db.service does not answer; ERR_SYSTEM else.
 * SIGCHLD must not be ignored. */
NPS_MUSTCHECK bool embedded_start(const char *state_dir,
    struct embedded **cluster, struct err *err);
/* Keyword string for db_open, valid until embedded_release: close the database
 * first, the server waits for nobody. */
const char *embedded_conninfo(const struct embedded *cluster);

/* Nobody else uses the cluster, and nobody will before embedded_release;
 * ERR_BUSY else. */
NPS_MUSTCHECK bool embedded_alone(struct embedded *cluster, struct err *err);
/* Writes the database to fd, by pg_dump in its custom format.  file_max: bytes
 * that fd may become, 0 = any. */
NPS_MUSTCHECK bool embedded_dump(const struct embedded *cluster, int fd,
    long long file_max, bool (*cancelled)(void), struct err *err);
/* Reads a dump from fd into a database of its own, shows it to accept (or
 * NULL) and puts it into the place of the old one, which is dropped.  Whatever
 * fails before leaves the old one as it was.  After embedded_alone, with no
 * connection open. */
typedef bool embedded_accept_fn(void *arg, struct db *db, struct err *err);
NPS_MUSTCHECK bool embedded_restore(struct embedded *cluster, int fd,
    embedded_accept_fn *accept, void *arg, bool (*cancelled)(void),
    struct err *err);

/* Leaves; stops the server if no other process uses it.  NULL is fine. */
void embedded_release(struct embedded *cluster);

#endif
