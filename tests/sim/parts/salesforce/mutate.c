/*
 * mutate.c - a server that is wrong in one way, from now on: what the suites of
 * tests/contract must notice.
 */
#include "sim.h"

const char *const mutant_names[] = { "drop-next", "done-early",
	"wrong-order", "missing-200", "no-error", "created-true", "ids-lower",
	"token-forever", "secret-any", "jwt-unsigned", "malformed-ok",
	"over-200", "total-wrong", "where-ignored", "stamp-still", "date-z",
	"limit-gone", "batch-ignored", "quoted-ok", "audience-any",
	"chatter-lost", "write-lost", "expiry-any",
	"describe-blind", "unmodified-ignored", "bulk-head-once", "bulk-end-early", NULL };

/* Also counts how often it struck. */
bool
mutant_is(struct sim *s, int name)
{
	return mutants_strike_at(&s->mutants, name);
}

/* {"name": "drop-next"}, or {"clear": true}; without either: what is known. */
void
sim_mutate(struct sim *s, struct request *r, struct reply *out)
{
	json_t *in = body_json(&r->in);
	bool good;
	json_t *told = mutants_told(&s->mutants, in, &good);

	reply_json(out, good ? 200 : 400, told);
	json_decref(in);
}
