/*
 * world.h - between world.c and events.c.
 */
#ifndef NPSYNC_SIM_DYNAMICS_WORLD_H
#define NPSYNC_SIM_DYNAMICS_WORLD_H

#include "sim.h"

#define USERS 8

uint64_t chance(const struct sim *s, const char *what, uint64_t n);
struct guid seed_id(const struct sim *s, const char *table, uint64_t n);
json_t *ref_json(const char *table, struct guid id);
json_t *stamp(int64_t t);
void seed_row(struct sim *s, const char *table, struct guid id, int64_t at,
    json_t *set);
uint64_t user_of(const struct sim *s, uint64_t n);

void events_seed(struct sim *s, uint64_t accounts);

#endif
