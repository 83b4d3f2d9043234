/*
 * dbkiller.h - the database dies under the test: the whole server of testdb by
 * an immediate stop, or sessions by pg_terminate_backend, at given moments or
 * at random ones that a seed repeats.
 *
 * In a thread, which sleeps between the moments.  It is a session of its own
 * by the name "dbkiller"; a test that must outlive a DBKILLER_SESSIONS gives
 * its own sessions another name too: "... application_name=test" at the end of
 * the conninfo.
 */
#ifndef NPSYNC_TESTS_DBKILLER_H
#define NPSYNC_TESTS_DBKILLER_H

#include <stddef.h>
#include <stdint.h>

enum dbkiller_how { DBKILLER_SERVER, DBKILLER_SESSIONS };
struct dbkiller_plan {
	enum dbkiller_how how;
	/* Given: so many ms after the start, ascending ... */
	const int *at_ms;
	size_t n;
	/* ... or random, when n is 0: `times` pauses of from..until ms. */
	uint64_t seed;
	int times, from_ms, until_ms;
	int down_ms;		/* SERVER: how long it stays away */
	const char *application;	/* SESSIONS: whose; NULL = "npsync" */
};
struct dbkiller_done {
	int kills;		/* moments that came */
	int sessions;		/* SESSIONS: how many they ended */
	int failed;		/* the server did not stop or start */
};
struct dbkiller;

/* After testdb_start; failures end the test.  plan is borrowed. */
struct dbkiller *dbkiller_start(const struct dbkiller_plan *plan);
/* Waits until the plan is through. */
struct dbkiller_done dbkiller_wait(struct dbkiller *killer);
/* Ends it early; the server runs when this returns. */
struct dbkiller_done dbkiller_stop(struct dbkiller *killer);
/* All sessions of that name, now; how many there were. */
int dbkiller_sessions(const char *application);

#endif
