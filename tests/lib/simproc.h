/*
 * simproc.h - the survey service tests/sim/npstoday as a process of the test:
 * started, stopped, told what to do, and its ledger read from its file.
 *
 * The server ends with the test, however that ends.  Failures end the test.
 */
#ifndef NPSYNC_SIMPROC_H
#define NPSYNC_SIMPROC_H

#include <jansson.h>

#include "npsync.h"

#define SIMPROC_KEY "sim-key-0123456789"

struct simproc;

/* Keeps the program at hand: NPSYNC_BUILD's, else the one beside the test's
 * own.  Call it before testdb_start, while root may still read the build
 * directory.  false = it is not built; the place is on stderr. */
bool simproc_find(const char *argv0);
/* Where the build is, for other programs: "build". */
const char *simproc_build(void);

/* dir is made; the ledger lies in it.  options: NULL-ended, may be NULL. */
struct simproc *simproc_start(const char *dir, const char *const *options);
/* SIGTERM and wait: the service is away, its state stays. */
void simproc_away(struct simproc *sim);
/* Again on the same port. */
void simproc_back(struct simproc *sim);
void simproc_stop(struct simproc *sim);
int simproc_port(const struct simproc *sim);

/* POST to a control ("now"): {"now": "..."}. The answer is the caller's. */
json_t *simproc_ask(struct simproc *sim, const char *control, const char *fmt,
    ...) NPS_PRINTF(3, 4);
/* The same, the answer thrown away. */
void simproc_tell(struct simproc *sim, const char *control, const char *fmt,
    ...) NPS_PRINTF(3, 4);
/* A number of GET /sim/stats. */
long long simproc_stat(struct simproc *sim, const char *name);

/* ---- the ledger -------------------------------------------------------------- */
enum simproc_kind { SIMPROC_RESPONDENT, SIMPROC_FOREIGN, SIMPROC_ANSWER,
	SIMPROC_OTHER };
struct simproc_line {
	enum simproc_kind kind;
	long long id;		/* of the respondent, or of the answer */
	long long member;	/* answer: the respondent's id */
	long long campaign;
	char guid[40], ref[40], external[64];
	char email[96];		/* or the phone number of an SMS campaign */
	int rating;		/* -1 = none */
	int64_t received, send_at, at;	/* UTC */
};
/* All lines so far; valid until the next call. */
const struct simproc_line *simproc_ledger(struct simproc *sim, size_t *n);

#endif
