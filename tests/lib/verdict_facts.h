/*
 * verdict_facts.h - the facts a row can have, as factors with levels; level 0 is
 * neutral.  For each there is one level that its rule must stop.
 */
#ifndef NPSYNC_TESTS_VERDICT_FACTS_H
#define NPSYNC_TESTS_VERDICT_FACTS_H

#include "fixture.h"
#include "verdict_world.h"

#define FACTS_MAX 32

struct fact_factor {
	const char *name;
	void (*apply)(struct verdict_world *w, int row, int level);
	int levels;
	/* The level with which `reason` blocks, under facts_configure's rules;
	 * reason NULL = none of its own. */
	int blocks;
	const char *reason;
};
/* In the order in which they are applied. */
extern const struct fact_factor fact_factors[];
extern const size_t n_fact_factors;

/* How the rules differ between tables. */
struct facts_rules {
	const char *name;
	const char *trigger;	/* of a neutral row */
	int night;
	bool defer, roles_go, consent, pilot, no_foreign, wait_late, push_ahead,
	    paused, inact_off, few_rules;
	bool in_full;		/* all pairs, not only those that block */
	int delay_hours;
};
/* The rules of a table, and a world that knows its pauses, its capped house
 * and a row that is due already. */
void facts_configure(struct fixture *f, const struct facts_rules *rules);
void facts_world(struct verdict_world *w, const struct facts_rules *rules);
/* The row that is due ended long ago instead. */
void facts_forget_due(struct verdict_world *w);
/* A row with these levels. */
int facts_add(struct verdict_world *w, const struct facts_rules *rules,
    const int levels[FACTS_MAX]);

#endif
