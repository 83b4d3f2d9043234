/*
 * verdict_world.h - worlds of verdict.h are built here, piece by piece.  What is
 * added is neutral: a card that nothing blocks, a row that goes.
 */
#ifndef NPSYNC_TESTS_VERDICT_WORLD_H
#define NPSYNC_TESTS_VERDICT_WORLD_H

#include "verdict.h"

/* An empty world of a night; its moment is ten past three. */
void verdict_world_init(struct verdict_world *w, const struct conf *conf,
    int night);
/* Nothing in it, memory kept. */
void verdict_world_empty(struct verdict_world *w, int night);
void verdict_world_free(struct verdict_world *w);
int verdict_add_key(struct verdict_world *w);
/* All return the number of what they add. */
int verdict_add_card(struct verdict_world *w);
int verdict_add_row(struct verdict_world *w, const char *trigger, int card);
/* A row that is due by an earlier look at the night. */
int verdict_add_due(struct verdict_world *w, const char *trigger, int card);
/* The card was asked by us: a row, its evidence. */
int verdict_add_sent(struct verdict_world *w, const char *trigger, int card,
    int day, const char *campaign);
/* A send of somebody else under one key. */
void verdict_add_foreign(struct verdict_world *w, int key, int day,
    const char *campaign);
void verdict_add_answer(struct verdict_world *w, int card, int day,
    const char *campaign);
void verdict_add_opt_out(struct verdict_world *w, int key, const char *scope);
struct verdict_pause *verdict_add_pause(struct verdict_world *w);
/* A moment on the wall clock of the worlds. */
time_t verdict_time(const struct verdict_world *w, int day, int hour,
    int minute);

#endif
