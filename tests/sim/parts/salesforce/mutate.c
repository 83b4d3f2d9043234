/*
 * mutate.c - a server that is wrong in one way, from now on: what the suites of
 * tests/contract must notice.
 */
#include "sim.h"

static const char *const names[] = { "none", "drop-next", "done-early",
	"wrong-order", "missing-200", "no-error", "created-true", "ids-lower",
	"token-forever", "secret-any", "jwt-unsigned", "malformed-ok",
	"over-200", "total-wrong", "where-ignored", "stamp-still", "date-z",
	"limit-gone", "batch-ignored", "quoted-ok", "audience-any",
	"chatter-lost", "write-lost", "expiry-any",
	"describe-blind", "unmodified-ignored", "bulk-head-once", "bulk-end-early", NULL };

bool
mutant_set(struct sim *s, const char *name)
{
	const int n = name == NULL ? -1 : choice(name, names);

	if (n < 0)
		return false;
	s->mutant = n;
	s->struck = 0;
	return true;
}

/* Also counts how often it struck. */
bool
mutant_is(struct sim *s, int name)
{
	if (s->mutant != name)
		return false;
	s->struck++;
	return true;
}

/* {"name": "drop-next"}, or {"clear": true}; without either: what is known. */
void
sim_mutate(struct sim *s, struct request *r, struct reply *out)
{
	json_t *in = body_json(r), *known = json_array();
	const char *name = text_of(in, "name");

	for (int i = 1; names[i] != NULL; i++)
		json_array_append_new(known, json_string(names[i]));
	if (name == NULL && bool_of(in, "clear"))
		name = "none";
	const bool good = name == NULL || mutant_set(s, name);
	reply_json(out, good ? 200 : 400,
	    json_pack("{s:s, s:I, s:o}", "name", names[s->mutant], "struck",
		(json_int_t)s->struck, "known", known));
	json_decref(in);
}
