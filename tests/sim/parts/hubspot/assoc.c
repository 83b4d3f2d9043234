/*
 * assoc.c - who belongs to an event: associations, read in batches.
 */
#include <stdlib.h>

#include "sim.h"

#define INPUTS_MAX 1000

static json_t *
link_json(struct sim *s, const struct link *l)
{
	const bool text = s->opt.assoc_text || mutant(s, "ids-text");
	json_t *types = json_pack("[{s:s, s:i, s:n}]", "category",
	    "HUBSPOT_DEFINED", "typeId", l->type_id, "label");

	if (l->label != NULL)
		json_array_append_new(types, json_pack("{s:s, s:i, s:s}",
		    "category", "USER_DEFINED", "typeId", 36, "label",
		    l->label));
	return json_pack("{s:o, s:o}", "toObjectId",
	    text ? json_sprintf("%lld", (long long)l->id)
		 : json_integer(J(l->id)),
	    "associationTypes", types);
}

/* From the n-th of its links to the type, as many as a page holds. */
static json_t *
links_json(struct sim *s, const struct record *r, enum obj to, int64_t after,
    json_t *row)
{
	json_t *all = json_array();
	int64_t n = 0;

	for (size_t i = 0; i < r->n_links; i++) {
		if (r->links[i].to != to || n++ < after)
			continue;
		if (J(json_array_size(all)) == s->opt.assoc_page) {
			char place[24];
			snprintf(place, sizeof(place), "%lld",
			    (long long)(n - 1));
			json_object_set_new(row, "paging", json_pack(
			    "{s:{s:s, s:s}}", "next", "after", place, "link",
			    "?after=elsewhere"));
			break;
		}
		json_array_append_new(all, link_json(s, &r->links[i]));
	}
	return all;
}

/* An event without anybody stands among the errors. */
static void
input_answer(struct sim *s, const struct call *c, enum obj to,
    const json_t *in, json_t *lists[2])
{
	int64_t id = 0, after = 0;
	const bool good = id_read(json_object_get(in, "id"), &id);
	const struct record *r = good ? record_now(c->kind, id) : NULL;
	const char *place = str_of(in, "after");

	if (place != NULL && !sim_num(place, &after))
		violation(s, "cursor_changed", c->path);
	json_t *row = json_pack("{s:{s:o}}", "from", "id",
	    json_sprintf("%lld", (long long)id));
	json_t *all = r == NULL ? json_array()
	    : links_json(s, r, to, after, row);
	if (mutant(s, "links-dropped") && json_array_size(all) > 0)
		json_array_remove(all, 0);
	if (json_array_size(all) > 0) {
		json_object_set(row, "to", all);
		json_array_append(lists[0], row);
	} else {
		json_t *bad = batch_error(s, "OBJECT_NOT_FOUND",
		    "No associated objects found", json_object_get(in, "id"));
		json_object_set_new(bad, "subCategory", json_string(
		    "crm.associations.NO_ASSOCIATIONS_FOUND"));
		json_array_append_new(lists[1], bad);
	}
	json_decref(all);
	json_decref(row);
}

void
on_assoc(struct sim *s, struct call *c, struct reply *out)
{
	const json_t *inputs = json_object_get(c->body, "inputs");
	const struct kind *to = kind_find(s, c->args[1]);
	json_t *in;
	size_t i;

	if (to == NULL || !json_is_array(inputs) ||
	    json_array_size(inputs) > INPUTS_MAX) {
		violation(s, to == NULL ? "unknown_type"
		    : json_is_array(inputs) ? "too_many_inputs"
					    : "inputs_missing", c->path);
		reply_error(s, out, 400, "VALIDATION_ERROR",
		    "Invalid input: at most 1000 inputs of known types");
		return;
	}
	json_t *lists[2] = { json_array(), json_array() };
	json_array_foreach((json_t *)(uintptr_t)inputs, i, in)
		input_answer(s, c, kind_place(s, to), in, lists);
	reply_batch(s, c, out, lists[0], lists[1]);
	fault_page(c, out->json);
}

/* ---- labels -------------------------------------------------------------- */

static void
labels_put(json_t *labels, const struct record *r, enum obj to)
{
	for (size_t i = 0; i < r->n_links; i++)
		if (r->links[i].to == to && r->links[i].label != NULL)
			json_object_set_new(labels, r->links[i].label,
			    json_true());
}

/* Those that some record has. */
void
on_labels(struct sim *s, struct call *c, struct reply *out)
{
	const struct kind *to = kind_find(s, c->args[1]);
	json_t *labels = json_object(), *v;
	json_t *rows = json_pack("[{s:s, s:i, s:n}]", "category",
	    "HUBSPOT_DEFINED", "typeId", 3, "label");
	const char *label;

	if (to == NULL) {
		violation(s, "unknown_type", c->path);
		reply_error(s, out, 404, "OBJECT_NOT_FOUND",
		    "Unable to infer object type");
	}
	for (size_t i = 0; to != NULL && i < c->kind->n_rows; i++)
		labels_put(labels, c->kind->rows[i], kind_place(s, to));
	json_object_foreach(labels, label, v)
		json_array_append_new(rows, json_pack("{s:s, s:i, s:s}",
		    "category", "USER_DEFINED", "typeId", 36, "label", label));
	if (to != NULL)
		reply_json(out, 200, json_pack("{s:O}", "results", rows));
	json_decref(rows);
	json_decref(labels);
}
