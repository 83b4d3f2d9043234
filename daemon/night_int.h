/*
 * night_int.h - what night.c, night_open.c and night_dry.c share.
 */
#ifndef NPSYNC_NIGHT_INT_H
#define NPSYNC_NIGHT_INT_H

#include "night.h"
#include "stage.h"

#define NIGHT_CRMS_MAX 32

struct night {
	const struct run_options *options;
	struct stage stage;
	struct runlog log;
	struct survey survey;
	struct crm crms[NIGHT_CRMS_MAX];
	struct arena *run_arena, *arena, *scratch;
	struct err service;	/* why nothing was transferred, if so */
	bool transferred, listed;
};

/* Arenas, and the stage's view of them; no connector, no table. */
NPS_MUSTCHECK bool night_init(struct night *n, struct db *db,
    const struct conf *conf, struct tenant *tenant,
    const struct run_options *options, struct err *err);
/* Opens all connectors; one that fails is marked, the others go on. */
void night_open_connectors(struct night *n);
void night_close(struct night *n);
/* The first thing that went wrong without ending the run, or NULL. */
const struct err *night_problem(const struct night *n);
/* A line for the person at the terminal. */
void night_say(struct night *n, const char *fmt, ...) NPS_PRINTF(2, 3);
/* The run's counts, a line a stage. */
void night_say_counts(struct night *n);

#endif
