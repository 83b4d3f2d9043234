/*
 * embedded.h - the private PostgreSQL cluster of an installation without a
 * `database` setting (design section 11).
 *
 * pg.new is made by initdb and renamed to pg; cluster.lock is held while the
 * cluster is started or stopped; users.lock is held shared for the process's
 * life, the last one out stops the cluster.  Under systemd (a running server
 * that we did not start through users.lock: file pg.unit in the state
 * directory, written by npsync-db.service) it is never stopped.
 */
#ifndef NPSYNC_EMBEDDED_H
#define NPSYNC_EMBEDDED_H

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
/* Leaves; stops the server if no other process uses it.  NULL is fine. */
void embedded_release(struct embedded *cluster);

#endif
