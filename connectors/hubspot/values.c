/*
 * values.c - the words of the portal: for whoever writes a configuration.
 */
#include "reading.h"

#define ANSWER_MAX_BYTES ((size_t)33554432)

struct list {
	crm_value_fn *emit;
	void *arg;
	struct arena *arena;
};

static bool
tell(const struct list *l, const char *id, const char *label, struct err *err)
{
	return id == NULL || l->emit(l->arg, id, label == NULL ? id : label,
	    -1) || err_set(err, ERR_CANCELLED, "values: stopped");
}

static bool
tell_all(const struct list *l, json_t *rows, const char *id, struct err *err)
{
	json_t *row;
	size_t i;

	json_array_foreach(rows, i, row)
		if (!json_is_true(json_object_get(row, "hidden")) &&
		    !tell(l, json_text(l->arena, json_object_get(row, id)),
		        json_text(l->arena, json_object_get(row, "label")),
		        err))
			return false;
	return true;
}

/* What a property may hold, or with "" which properties a type has. */
static bool
list_property(struct hubspot *h, const struct list *l, const char *type,
    const char *property, struct err *err)
{
	AUTO(api_res) struct api_res res = { 0 };
	const bool all = *property == '\0';
	const struct hs_call call = { .label = "read properties",
		.path = hs_path(h, l->arena, HS_PROPERTIES, arena_printf(
		    l->arena, "/%s%s%s", type, all ? "" : "/", property)) };

	return hs_read(h, l->arena, &call, &res, err) && tell_all(l,
	    json_object_get(api_root(&res), all ? "results" : "options"),
	    all ? "name" : "value", err);
}

static bool
list_category(struct hubspot *h, const struct list *l, bool used,
    const char *type, const char *property, struct err *err)
{
	return !used || *property == '\0' || list_property(h, l, type, property,
	    err);
}

static bool
list_categories(struct hubspot *h, const struct list *l, struct err *err)
{
	const struct hs_settings *set = h->set;

	return list_category(h, l, set->meetings, "meetings",
	    set->meeting_category_property, err) && list_category(h, l,
	    set->deals, "deals", set->deal_category_property, err) &&
	    list_category(h, l, set->tickets, "tickets",
	        set->ticket_category_property, err);
}

static bool
list_stages(struct hubspot *h, const struct list *l, enum hs_pipelines of,
    struct err *err)
{
	const struct hs_stages *s;

	if (!hs_stages_get(h, of, &s, err))
		return false;
	for (size_t i = 0; i < s->n; i++) {
		const struct hs_stage *stage = &s->v[i];
		const char *label = stage->label == NULL ? stage->id :
		    arena_printf(l->arena, "%s%s%s", stage->pipeline == NULL ?
		        "" : stage->pipeline, stage->pipeline == NULL ? "" :
		        ": ", stage->label);
		if (label == NULL)
			return err_nomem(err);
		if (!tell(l, stage->id, label, err))
			return false;
	}
	return true;
}

static bool
list_owners(struct hubspot *h, const struct list *l, struct err *err)
{
	if (!hs_owners_get(h, err))
		return false;
	for (size_t i = 0; i < h->n_owners; i++)
		if (!tell(l, h->owners[i].id, h->owners[i].name != NULL ?
		    h->owners[i].name : h->owners[i].email, err))
			return false;
	return true;
}

bool
hs_list_values(void *self, enum value_kind kind, crm_value_fn *emit,
    void *arg, struct err *err)
{
	AUTO(arena) struct arena *arena = arena_new(ANSWER_MAX_BYTES);
	struct hubspot *h = self;
	const struct hs_settings *set = h->set;
	const struct list l = { emit, arg, arena };

	if (arena == NULL)
		return err_nomem(err);
	switch (kind) {
	case VAL_CATEGORY:
		return list_categories(h, &l, err);
	case VAL_RELATION:
		return list_category(h, &l, true, "contacts",
		    set->relation_property, err);
	case VAL_STAGE:
		return (!set->deals || list_stages(h, &l, HS_OF_DEALS, err)) &&
		    (!set->tickets || list_stages(h, &l, HS_OF_TICKETS, err));
	case VAL_OWNER:
		return list_owners(h, &l, err);
	case VAL_TAG:
		return set->w.tag_type != HS_TAGS_ENUMERATION || list_category(h,
		    &l, true, "contacts", set->w.tag_property, err);
	case VAL_FIELD:
		return list_property(h, &l, "contacts", "", err);
	}
	return true;
}
