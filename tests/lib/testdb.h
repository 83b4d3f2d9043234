/*
 * testdb.h - a private cluster for the tests of one binary: made in a fresh
 * directory, without fsync, reached by its socket only.
 *
 * A guardian process stops the server and removes the directory when the test
 * ends, however it ends.  Root becomes user postgres first, for good.
 */
#ifndef NPSYNC_TESTDB_H
#define NPSYNC_TESTDB_H

#include "db.h"

/* For cmocka_run_group_tests; -1 with the server's words on stderr. */
int testdb_start(void **state);
int testdb_stop(void **state);
/* Before testdb_start: the cluster is made and runs as the program's own, with
 * all that keeps what was committed. */
void testdb_as_embedded(void);

/* A fresh database with all migrations applied.  Ends the test on failure;
 * close with db_close. */
struct db *testdb_open(void);
/* A fresh database with nothing in it. */
struct db *testdb_fresh_empty(void);
/* A fresh database that is a copy of another, to which nobody is connected. */
struct db *testdb_copy(const char *name);
/* Who is still connected to it is cut off. */
void testdb_drop(const char *name);
/* Of the database opened last. */
const char *testdb_name(void);
/* One more connection to the database opened last. */
struct db *testdb_again(void);
/* An immediate stop, and a start with recovery; each returns when it is done.
 * From one thread at a time, which need not be the test's own. */
bool testdb_kill(void);
bool testdb_revive(void);
/* For db_open: the database opened last ("postgres" before). */
const char *testdb_conninfo(void);
/* The cluster's directory: private, a place for files of the test. */
const char *testdb_dir(void);

#endif
