/*
 * wrong.h - what goes wrong on purpose: faults, which strike some calls, and
 * mutants, services that are wrong in one way from now on.
 */
#ifndef NPSYNC_SIM_WRONG_H
#define NPSYNC_SIM_WRONG_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ---- faults: each service has its own struct */
/* The kind as text, also a status that came as a number. */
void fault_kind(char *kind, size_t size, const json_t *in);
/* A kind that is a status: 200 to 599. */
bool fault_status(const char *kind, int64_t *status);
/* Of a fault that fits a call: does it strike?  It waits until after is 0; a
 * call is struck once; times < 0: for ever, 0: it is over. */
bool fault_due(int64_t *after, int64_t *times, bool struck_already);
/* An answer cut in the middle: text ends there, missing is the rest. */
char *json_half(const json_t *json, size_t *missing);

/* ---- mutants */
struct mutants {
	const char *const *names;	/* up to NULL */
	int on;			/* place in names, -1 = none */
	int64_t struck;
};
bool mutants_set(struct mutants *m, const char *name);
/* Is this one on?  Then it strikes. */
bool mutants_strike(struct mutants *m, const char *name);
bool mutants_strike_at(struct mutants *m, int place);
/* /sim/mutate {"name"}: from now on; {"clear": true}: no more; neither: only what
 * there is.  *good: it is known. */
json_t *mutants_told(struct mutants *m, const json_t *in, bool *good);

#endif
