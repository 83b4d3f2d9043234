/*
 * values.c - what a tenant has to choose from: types of meetings and sales,
 * owners, categories of companies, interests, user-defined fields.
 */
#include <stdio.h>
#include <string.h>

#include "reading.h"

#define ITEMS_MAX 20000
#define DEPTH_MAX 4

/* ---- lists ------------------------------------------------------------- */
struct walk {
	so_item_fn *fn;
	void *arg;
	const char *list;
	size_t n;
};

static bool
items_walk(struct walk *w, json_t *items, int depth, struct err *err)
{
	json_t *item;
	size_t i;

	json_array_foreach (items, i, item) {
		json_t *below = json_object_get(item, "ChildItems");
		if (++w->n > ITEMS_MAX || depth > DEPTH_MAX)
			return err_set(err, ERR_PROTOCOL, "list %s: more than "
			    "%d items, or %d levels", w->list, ITEMS_MAX,
			    DEPTH_MAX);
		const bool heading = json_array_size(below) > 0;
		if (heading ? !items_walk(w, below, depth + 1, err) :
		    !json_is_true(json_object_get(item, "Deleted")) &&
		    !w->fn(w->arg, item, err))
			return false;
	}
	return true;
}

bool
so_list_items(struct superoffice *s, const char *list, so_item_fn *fn,
    void *arg, struct err *err)
{
	AUTO(arena) struct arena *arena = arena_new((size_t)16 << 20);
	AUTO(api_res) struct api_res res = { 0 };
	struct walk w = { .fn = fn, .arg = arg, .list = list };
	const char *target = arena == NULL ? NULL : arena_printf(arena,
	    "/MDOList/%s", list), *label = arena == NULL ? NULL :
	    arena_printf(arena, "list %s", list);

	if (target == NULL || label == NULL)
		return err_nomem(err);
	if (!so_get(s, arena, target, label, &res, err))
		return false;
	return json_is_array(api_root(&res)) ?
	    items_walk(&w, api_root(&res), 0, err) :
	    err_set(err, ERR_PROTOCOL, "%s: expected an array", label);
}

/* ---- the border -------------------------------------------------------- */
struct telling {
	struct superoffice *s;
	crm_value_fn *emit;
	void *arg;
	bool by_name;		/* rows show the name, not the id */
};

static bool
tell(const struct telling *t, const char *id, const char *label,
    struct err *err)
{
	if (id == NULL || label == NULL)
		return true;
	return t->emit(t->arg, id, label, -1) || err_set(err, ERR_CANCELLED,
	    "values: stopped");
}

static bool
on_item(void *arg, json_t *item, struct err *err)
{
	const struct telling *t = arg;
	const char *name = json_string_value(json_object_get(item, "Name"));

	arena_reset(t->s->item);
	return tell(t, t->by_name ? name : so_id(item, "Id", t->s->item),
	    name, err);
}

/* Its key as options name it. */
static bool
on_field(const struct telling *t, json_t *field, struct err *err)
{
	return tell(t, json_string_value(json_object_get(field, "ProgId")),
	    json_string_value(json_object_get(field, "FieldLabel")), err);
}

static bool
list_fields(const struct telling *t, struct err *err)
{
	AUTO(api_res) struct api_res res = { 0 };
	json_t *field;
	size_t i;

	arena_reset(t->s->page);
	if (!so_get(t->s, t->s->page, "/Person/UdefLayout/Published",
	    "user-defined fields", &res, err))
		return false;
	if (!json_is_array(api_root(&res)))
		return err_set(err, ERR_PROTOCOL, "user-defined fields: "
		    "expected an array");
	json_array_foreach (api_root(&res), i, field)
		if (!on_field(t, field, err))
			return false;
	return true;
}

bool
so_list_values(void *self, enum value_kind kind, crm_value_fn *emit, void *arg,
    struct err *err)
{
	struct superoffice *s = self;
	struct telling t = { .s = s, .emit = emit, .arg = arg };

	switch (kind) {
	case VAL_CATEGORY:
		return (!s->set->meetings || so_list_items(s, "task", on_item,
		    &t, err)) && (!s->set->deals || so_list_items(s, "saletype",
		    on_item, &t, err));
	case VAL_OWNER:		/* rows show login names, or ids */
		t.by_name = !so_shows_id(s->set->employee_column);
		return so_list_items(s, "associate", on_item, &t, err);
	case VAL_RELATION:
		t.by_name = true;
		return so_list_items(s, "category", on_item, &t, err);
	case VAL_TAG:
		t.by_name = true;
		return s->set->tag_mode != SO_TAGS_INTERESTS ||
		    so_list_items(s, "persint", on_item, &t, err);
	case VAL_FIELD:
		return list_fields(&t, err);
	case VAL_STAGE:
		return !s->set->deals || (tell(&t, "2", "sold", err) &&
		    tell(&t, "3", "lost", err));
	}
	return true;
}
