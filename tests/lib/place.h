/*
 * place.h - installations of npsync for tests of the program itself: made from
 * conf/demo, one directory each, one private cluster for all of them, which a
 * process keeps running so that no command has to start it.
 *
 * Run from the top of the checkout.  Failures end the test.
 */
#ifndef NPSYNC_TESTS_PLACE_H
#define NPSYNC_TESTS_PLACE_H

#include <jansson.h>
#include <stdbool.h>

#include "runproc.h"
#include "simproc.h"

struct db;

struct place {
	char dir[300], conf[400], key[400];
	struct simproc *sim;	/* NULL: no service */
	bool embedded;
};

/* For cmocka_run_group_tests, after place_find. */
int places_begin(void **state);
int places_end(void **state);
/* Where the programs are; false with a word on stderr. */
bool place_find(const char *argv0);

/* database: NULL = the private cluster by state_dir (one place only), "-" = as
 * it is in the demo, else the name of a database that is made with all its
 * tables.  service: with a survey service of its own. */
void place_make(struct place *p, const char *name, const char *database,
    bool service);
void place_free(struct place *p);
/* In the configuration; from must stand there once at least. */
void place_edit(const struct place *p, const char *from, const char *to);
/* "database = ...;" of a database of the cluster, made now. */
const char *place_database(const char *name);
/* The database that the configuration names; the caller's. */
struct db *place_open_database(const struct place *p);
/* The export of that step at the place's fixed moment, Tue 2026-12-01 20:00. */
void place_export(const struct place *p, int step);
/* What tests/sim/export prints with that option. */
void place_export_says(struct runproc *r, const char *option);
void place_clock(const struct place *p, const char *utc);
/* Files of the place are given to the user npsync becomes when it is root. */
void place_give(const struct place *p, const char *file);

/* What is run from now on ("npsync-fault") and with which "NAME=value" more,
 * NULL-ended and borrowed; NULL, NULL = npsync as before. */
void place_use(const char *program, const char *const *env);
/* npsync -c CONF [--now NOW] ARGS, split at blanks. */
void place_start(struct runproc *r, const struct place *p, const char *now,
    const char *args);
/* The same, to its end; the result is kept until the next call.  A wrong exit
 * code fails the test with what was printed; code -2 = any. */
struct runproc *place_run(const struct place *p, const char *now, int code,
    const char *args);
/* The array that ARGS --json prints; the caller's. */
json_t *place_json(const struct place *p, const char *now, const char *args);
/* A member of a row as text: "" for null, numbers in decimal, in a ring of 8. */
const char *place_cell(const json_t *rows, size_t row, const char *key);

/* Fails unless text has the part. */
void says(const char *text, const char *part);
/* Exactly one line, and the part in it. */
void says_one_line(const char *text, const char *part);

#endif
