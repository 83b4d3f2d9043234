/*
 * mutate.c - this server with one error of its own, to see that its judges
 * notice.  Each name is asked for where it strikes.
 */
#include "sim.h"

const char *const mutant_names[] = { "next-dropped", "order-reversed",
	"page-overlap", "page-size-ignored", "filter-ignored", "formatted-gone",
	"etag-gone", "missing-is-200", "missing-is-204", "match-ignored",
	"none-match-ignored", "update-lost", "upsert-doubles",
	"delta-no-changes", "delta-no-deletions", "batch-part-gone",
	"batch-stops", "batch-all-good", "retry-after-gone", "token-any",
	"error-shape", NULL };

bool
mutant(struct sim *s, const char *name)
{
	return mutants_strike(&s->mutants, name);
}

/* {"name"}: from now on; {"clear": true}: no more; else only what there is. */
void
sim_mutate(struct sim *s, struct request *r, struct reply *out)
{
	json_t *in = body_json(&r->in);
	bool good;
	json_t *told = mutants_told(&s->mutants, in, &good);
	reply_json(out, good ? 200 : 400, told);
	json_decref(in);
}
