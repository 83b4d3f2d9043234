/*
 * cluster.h - clusters that one program of a `make check` makes and all others
 * copy: initdb costs more than most tests.
 *
 * They lie in NPSYNC_TEST_CLUSTERS, a directory that tests/run.sh makes for one
 * check and removes with it; without it each program makes its own.  Tests of
 * how a cluster is made do not come here.
 */
#ifndef NPSYNC_TESTS_CLUSTER_H
#define NPSYNC_TESTS_CLUSTER_H

#include <stdbool.h>

/* pg, which does not exist, becomes a copy of the cluster called name; the
 * first one has it made by make(), in the directory that it is told, with no
 * server left running.  As the server's user. */
bool cluster_get(const char *name, const char *pg,
    bool (*make)(const char *pg));
/* STATE/pg becomes what the program itself would make there.  True without a
 * word if it exists. */
bool cluster_place(const char *state);

#endif
