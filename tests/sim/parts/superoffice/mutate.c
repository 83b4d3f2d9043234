/*
 * mutate.c - a server that is wrong in one way, from now on: what its own
 * suite must notice.
 */
#include "sim.h"

const char *const mutant_names[] = { "wrong-order", "row-dropped",
	"filter-ignored", "top-ignored", "select-ignored", "unknown-ok",
	"missing-200", "error-200", "enable-ignored", "disable-ignored",
	"others-cleared", "both-ok", "patch-lost", "test-ignored",
	"unmodified-ignored", "item-lost", "ticket-any", "signature-any",
	"minute-any", "app-token-any", "stamp-still", "custom-others",
	"history-open", "zone-ignored", "key-number", NULL };

/* Also counts how often it struck. */
bool
mutant_is(struct sim *s, int name)
{
	return mutants_strike_at(&s->mutants, name);
}

/* {"name": "wrong-order"}, or {"clear": true}; without either: what is known. */
void
sim_mutate(struct sim *s, struct request *r, struct reply *out)
{
	json_t *in = body_json(&r->in);
	bool good;
	json_t *told = mutants_told(&s->mutants, in, &good);

	reply_json(out, good ? 200 : 400, told);
	json_decref(in);
}
