/*
 * mutate.c - a server that is wrong in one way, from now on.
 */
#include "sim.h"

const char *const mutant_names[] = { "sends-twice", "send-lie", "flag-text",
	"page-again", "page-overlap", "page-hole", "total-small", "numbers-real",
	"numbers-huge", "score-11", "ref-gone", "ref-swapped", "answers-lost",
	"optout-lost", "lookup-other", "lookup-stale", "storage-foreign",
	"storage-chain", "data-null", "data-object", NULL };

bool
mutant(struct sim *s, const char *name)
{
	return mutants_strike(&s->mutants, name);
}

void
mutate_page(struct sim *s, int64_t page, int64_t *first)
{
	if (page < 2)
		return;
	if (mutant(s, "page-again"))
		*first = 0;
	else if (mutant(s, "page-overlap"))
		*first -= page - 1;
	else if (mutant(s, "page-hole"))
		*first += page - 1;
}

/* ---- rows ---------------------------------------------------------------------- */

static void
numbers_real(json_t *obj)
{
	const char *name;
	int64_t n;
	json_t *v;
	void *next;

	json_object_foreach_safe(obj, next, name, v)
		if (sim_num(json_string_value(v), &n))
			json_object_set_new(obj, name, json_real((double)n));
}

static void
row_mutate(struct sim *s, json_t *row, json_t *other)
{
	if (mutant(s, "numbers-real"))
		numbers_real(row);
	else if (mutant(s, "numbers-huge"))
		json_object_set_new(row, "responded",
		    json_string("99999999999999999999"));
	else if (mutant(s, "score-11"))
		json_object_set_new(row, "answer", json_string("11"));
	else if (mutant(s, "ref-gone"))
		json_object_del(row, "npsync_ref_c");
	else if (mutant(s, "ref-swapped"))
		json_object_set(row, "npsync_ref_c",
		    json_object_get(other, "npsync_ref_c"));
}

static void
data_mutate(struct sim *s, json_t *data)
{
	for (size_t i = 0; i < json_array_size(data); i++)
		row_mutate(s, json_array_get(data, i),
		    json_array_get(data, (i + 1) % json_array_size(data)));
	for (size_t i = json_array_size(data); i-- > 0;)
		if (i % 2 == 1 && mutant(s, "answers-lost"))
			json_array_remove(data, i);
}

void
mutate_reply(struct sim *s, const struct call *c, struct reply *out)
{
	json_t *first = json_array_get(json_object_get(out->json, "result"), 0);

	if (c->on == ON_RESPONSES)
		data_mutate(s, json_object_get(out->json, "data"));
	if (c->on == ON_RESPONSES && out->json != NULL) {
		if (mutant(s, "total-small"))
			json_object_set_new(out->json, "totalpages",
			    json_string("1"));
		if (mutant(s, "numbers-real"))
			numbers_real(out->json);
	}
	if (json_object_get(out->json, "data") != NULL) {
		if (mutant(s, "data-null"))
			json_object_set_new(out->json, "data", json_null());
		if (mutant(s, "data-object"))
			json_object_set_new(out->json, "data", json_object());
	}
	if (first != NULL && mutant(s, "flag-text"))
		json_object_set_new(first, "survey_sent", json_string("true"));
}
