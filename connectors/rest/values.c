/*
 * values.c - lists of words, and the one cheap request of `npsync check`.
 */
#include "reader.h"

#include "map.h"
#include "num.h"
#include "select.h"

struct values {
	struct rest_crm *c;
	crm_value_fn *emit;
	void *arg;
};

static bool
on_value(void *arg, const struct listing *l, struct listing_row *row,
    struct err *err)
{
	const struct values *v = arg;
	const struct rest_values *set = l->of;
	struct map m = { .zone = v->c->rest.zone, .arena = v->c->rest.item,
		.row = row->json };
	const char *label = map_text(&m, "label", &set->label);
	const char *text = map_text(&m, "count", &set->count);
	long long count = -1;

	if (text != NULL && !num_parse(text, 0, INT32_MAX, &count))
		count = -1;
	if (arena_failed(v->c->rest.item))
		return err_nomem(err);
	if (row->id == NULL && label == NULL)
		return true;
	return v->emit(v->arg, row->id != NULL ? row->id : label,
	    label != NULL ? label : row->id, (long)count) ||
	    err_set(err, ERR_CANCELLED, "values: stopped");
}

bool
rest_list_values(void *self, enum value_kind kind, crm_value_fn *emit,
    void *arg, struct err *err)
{
	struct rest_crm *c = self;
	struct values v = { c, emit, arg };
	const struct grouplist *list = &c->set->profile.reading.values;
	const struct rest_values *set = list->v;
	const struct listing_sink sink = { .row = on_value, .arg = &v };
	const struct pull pull = { .from = 0 };

	for (size_t i = 0; i < list->n; i++) {
		const struct listing l = { .name = "values", .where = "values",
			.set = &set[i].read, .of = &set[i] };
		if (set[i].kind == (int)kind &&
		    !listing_read(&c->rest, &l, 1, &pull, &sink, err))
			return false;
	}
	return true;
}

/* ---- check ---------------------------------------------------------------------- */

static bool
no_hole(void *arg, const char *name, struct hole_value *out)
{
	(void)arg, (void)name, (void)out;
	return false;
}

static const struct listing *
first_listing(const struct rest_reader *r)
{
	if (r->n_contacts > 0)
		return &r->contacts[0];
	if (r->n_events > 0)
		return &r->events[0];
	return r->n_activities > 0 ? &r->activities[0] : NULL;
}

bool
rest_check_crm(void *self, struct err *err)
{
	AUTO(json_doc) struct json_doc *doc = NULL;
	struct rest_crm *c = self;
	const struct rest_request *req = &c->set->profile.reading.check;
	const struct listing *l = first_listing(c->reader);
	struct http_res res;

	arena_reset(c->rest.page);
	if (rest_request_given(req))
		return rest_call(&c->rest, req, no_hole, NULL, &res, &doc, err) &&
		    rest_is_success(&c->rest, &res,
		        doc == NULL ? NULL : json_root(doc), err);
	return l == NULL || listing_try(&c->rest, l, err);
}
