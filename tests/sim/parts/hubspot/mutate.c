/*
 * mutate.c - a server that is wrong in one way, from now on.
 */
#include "sim.h"

static const char *const names[] = { "filter-ignored", "order-reversed",
	"page-overlap", "page-hole", "next-dropped", "error-shape",
	"policy-gone", "errors-hidden", "errors-without-ids", "values-real",
	"values-bare", "properties-gone", "id-number", "merged-is-404",
	"read-drops", "update-lost", "update-appends", "links-dropped",
	"ids-text", "options-lost", NULL };

bool
mutant_set(struct sim *s, const char *name)
{
	const int n = place_of(name, names);

	if (n < 0)
		return false;
	s->mutant = n;
	s->struck = 0;
	return true;
}

bool
mutant(struct sim *s, const char *name)
{
	const bool on = s->mutant >= 0 && strcmp(names[s->mutant], name) == 0;

	s->struck += on;
	return on;
}

/* {"name": "next-dropped"} or {"clear": true}; neither: what is known. */
void
sim_mutate(struct sim *s, struct call *c, struct reply *out)
{
	const char *name = str_of(c->body, "name");
	json_t *known = json_array();

	for (size_t i = 0; names[i] != NULL; i++)
		json_array_append_new(known, json_string(names[i]));
	if (flag_of(c->body, "clear"))
		s->mutant = -1;
	const bool good = name == NULL || mutant_set(s, name);
	reply_json(out, good ? 200 : 400, json_pack("{s:s*, s:I, s:o}", "name",
	    s->mutant < 0 ? NULL : names[s->mutant], "struck", J(s->struck),
	    "known", known));
}
