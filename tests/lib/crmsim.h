/*
 * crmsim.h - a CRM of tests/sim as a process of the test, on a port and in a
 * directory of its own.  It ends with the test, however that ends.  Failures end
 * the test.
 */
#ifndef NPSYNC_CRMSIM_H
#define NPSYNC_CRMSIM_H

#include <jansson.h>

#include "npsync.h"

struct crmsim;
struct json_doc;

/* Where the programs are: NPSYNC_BUILD's, else beside the test's own. */
void crmsim_find(const char *argv0);
/* name: "hubspot"; options: NULL-ended, may be NULL.  now: its clock. */
struct crmsim *crmsim_start(const char *name, const char *now,
    const char *const *options);
/* In a directory with these files {name, text} of another one's, NULL-ended: as
 * that one was.  files may be NULL. */
struct crmsim *crmsim_start_from(const char *name, const char *now,
    const char *const *options, const char *const (*files)[2]);
/* The path of one of its files; until the next call. */
const char *crmsim_file(const struct crmsim *sim, const char *name);
void crmsim_stop(struct crmsim *sim);
/* "http://127.0.0.1:4711" */
const char *crmsim_url(const struct crmsim *sim);
/* Where its ledger and logs are. */
const char *crmsim_dir(const struct crmsim *sim);
/* POST to a control, ' for ".  The answer lives until the next one. */
json_t *crmsim_ask(struct crmsim *sim, const char *control,
    const char *fmt, ...) NPS_PRINTF(3, 4);
/* The last answer, from now on the caller's. */
struct json_doc *crmsim_keep(struct crmsim *sim);
/* GET /sim/stats, as long as the last answer. */
json_t *crmsim_stats(struct crmsim *sim);
/* A number of GET /sim/stats by its path; 0 = it is not there. */
long long crmsim_stat(struct crmsim *sim, const char *path);

#endif
