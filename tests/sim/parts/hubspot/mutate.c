/*
 * mutate.c - a server that is wrong in one way, from now on.
 */
#include "sim.h"

const char *const mutant_names[] = { "filter-ignored", "order-reversed",
	"page-overlap", "page-hole", "next-dropped", "error-shape",
	"policy-gone", "errors-hidden", "errors-without-ids", "values-real",
	"values-bare", "properties-gone", "id-number", "merged-is-404",
	"read-drops", "update-lost", "update-appends", "links-dropped",
	"ids-text", "options-lost", NULL };

bool
mutant(struct sim *s, const char *name)
{
	return mutants_strike(&s->mutants, name);
}

/* {"name": "next-dropped"} or {"clear": true}; neither: what is known. */
void
sim_mutate(struct sim *s, struct call *c, struct reply *out)
{
	bool good;
	json_t *told = mutants_told(&s->mutants, c->body, &good);

	reply_json(out, good ? 200 : 400, told);
}
