/*
 * mutate.c - this server with one error of its own, to see that its judges
 * notice.  Each name is asked for where it strikes.
 */
#include "sim.h"

#include <stdlib.h>

static const char *const names[] = { "next-dropped", "order-reversed",
	"page-overlap", "page-size-ignored", "filter-ignored", "formatted-gone",
	"etag-gone", "missing-is-200", "missing-is-204", "match-ignored",
	"none-match-ignored", "update-lost", "upsert-doubles",
	"delta-no-changes", "delta-no-deletions", "batch-part-gone",
	"batch-stops", "batch-all-good", "retry-after-gone", "token-any",
	"error-shape" };

bool
mutant_set(struct sim *s, const char *name)
{
	for (size_t i = 0; i < LEN(names); i++)
		if (strcmp(names[i], name) == 0) {
			s->mutant = (int)i;
			s->struck = 0;
			return true;
		}
	return false;
}

bool
mutant(struct sim *s, const char *name)
{
	if (s->mutant < 0 || strcmp(names[s->mutant], name) != 0)
		return false;
	s->struck++;
	return true;
}

/* {"name"}: from now on; {"clear": true}: no more; else only what there is. */
void
sim_mutate(struct sim *s, struct request *r, struct reply *out)
{
	json_t *in = json_loadb(r->body == NULL ? "{}" : r->body,
	    r->body == NULL ? 2 : r->len, 0, NULL);
	const char *name = str_of(in, "name");
	json_t *all = json_array();
	for (size_t i = 0; i < LEN(names); i++)
		json_array_append_new(all, json_string(names[i]));
	if (json_is_true(json_object_get(in, "clear")))
		s->mutant = -1;
	if (name != NULL && !mutant_set(s, name))
		reply_error(out, 400, "", "No such mutant");
	else
		reply_json(out, 200, json_pack("{s:s?, s:I, s:O}", "name",
		    s->mutant < 0 ? NULL : names[s->mutant], "struck",
		    J(s->struck), "known", all));
	json_decref(all);
	json_decref(in);
}
