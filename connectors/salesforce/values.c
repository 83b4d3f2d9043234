/*
 * values.c - the words of the org: for whoever writes a configuration.
 */
#include "reading.h"

#include <strings.h>

#define ANSWER_MAX_BYTES ((size_t)33554432)

struct list {
	crm_value_fn *emit;
	void *arg;
};

static bool
tell(const struct list *l, const char *id, const char *label, struct err *err)
{
	return id == NULL || l->emit(l->arg, id, label == NULL ? id : label,
	    -1) || err_set(err, ERR_CANCELLED, "values: stopped");
}

/* ---- lists of a field -------------------------------------------------- */
static json_t *
field_of(json_t *root, const char *name)
{
	json_t *field;
	size_t i;

	json_array_foreach(json_object_get(root, "fields"), i, field) {
		const char *is = sf_text(field, "name");
		if (is != NULL && strcasecmp(is, name) == 0)
			return field;
	}
	return NULL;
}

static bool
list_picks(struct salesforce *s, const struct list *l, const char *object,
    const char *field, struct err *err)
{
	AUTO(arena) struct arena *arena = arena_new(ANSWER_MAX_BYTES);
	AUTO(api_res) struct api_res res = { 0 };
	json_t *value;
	size_t i;

	if (arena == NULL)
		return err_nomem(err);
	if (!sf_describe_read(s, object, arena, &res, err))
		return false;
	json_array_foreach(json_object_get(field_of(api_root(&res), field),
	    "picklistValues"), i, value)
		if (!json_is_false(json_object_get(value, "active")) &&
		    !tell(l, sf_text(value, "value"), sf_text(value, "label"),
		    err))
			return false;
	return true;
}

/* ---- users, fields ----------------------------------------------------- */
static bool
on_users(void *arg, const struct sf_page *page, struct err *err)
{
	json_t *row;
	size_t i;

	json_array_foreach(page->records, i, row)
		if (!tell(arg, sf_text(row, "Id"), sf_text(row, "Name"), err))
			return false;
	return true;
}

static bool
list_users(struct salesforce *s, struct list *l, struct err *err)
{
	AUTO(buf) struct buf soql;
	struct sf_query q = { .label = "query User", .page = on_users,
		.arg = l };

	buf_init(&soql, SOQL_MAX_BYTES);
	soql_users(&soql);
	q.soql = buf_text(&soql);
	return soql.failed ? err_nomem(err) : sf_query(s, &q, err);
}

static bool
list_fields(struct salesforce *s, const struct list *l, struct err *err)
{
	const struct sf_describe *d;

	if (!sf_describe(s, "Contact", &d, err))
		return false;
	for (size_t i = 0; i < d->n; i++)
		if (!tell(l, d->fields[i].name, d->fields[i].label, err))
			return false;
	return true;
}

bool
sf_list_values(void *self, enum value_kind kind, crm_value_fn *emit,
    void *arg, struct err *err)
{
	struct salesforce *s = self;
	const struct sf_settings *set = s->set;
	struct list l = { emit, arg };

	switch (kind) {
	case VAL_CATEGORY:
		return (!set->meetings || list_picks(s, &l,
		    set->meeting_object == SF_MEETING_TASK ? "Task" : "Event",
		    set->meeting_category_field, err)) && (!set->deals ||
		    list_picks(s, &l, "Opportunity", set->deal_category_field,
		        err)) && (!set->cases || list_picks(s, &l, "Case",
		    set->case_category_field, err));
	case VAL_STAGE:
		return !set->deals || list_picks(s, &l, "Opportunity",
		    "StageName", err);
	case VAL_OWNER:
		return list_users(s, &l, err);
	case VAL_FIELD:
		return list_fields(s, &l, err);
	case VAL_RELATION:
	case VAL_TAG:
		break;
	}
	return true;
}
