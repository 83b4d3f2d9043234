/*
 * lists.c - the words of the environment: for whoever writes a configuration.
 *
 * A meeting's category is a text that people write: the service has no list of
 * it, and one of what was written lately would call others vanished.
 */
#include <string.h>

#include "reader.h"
#include "writer.h"

#define USERS "systemusers?$select=systemuserid,fullname&$filter=" \
	"isdisabled%20eq%20false&$orderby=fullname%20asc,systemuserid%20asc"
#define FIELDS "EntityDefinitions(LogicalName='contact')/Attributes?$select=" \
	"LogicalName,AttributeType,AttributeOf,DisplayName"
#define STAGES "EntityDefinitions(LogicalName='%s')/Attributes(LogicalName=" \
	"'statuscode')/Microsoft.Dynamics.CRM.StatusAttributeMetadata?$select=" \
	"LogicalName&$expand=OptionSet($select=Options)"

struct list {
	struct dynamics *d;
	crm_value_fn *emit;
	void *arg;
};

static bool
tell(const struct list *l, const char *id, const char *label, struct err *err)
{
	if (arena_failed(l->d->page))
		return err_nomem(err);
	return id == NULL || l->emit(l->arg, id, label == NULL ? id : label,
	    -1) || err_set(err, ERR_CANCELLED, "values: stopped");
}

/* In the language of the application user, as people there see it. */
static const char *
label_of(json_t *node, const char *name)
{
	return json_string_value(json_object_get(json_object_get(
	    json_object_get(node, name), "UserLocalizedLabel"), "Label"));
}

/* ---- stages: statuscode of what is closed -------------------------------- */
static bool
list_stages(const struct list *l, const char *table, bool lost,
    struct err *err)
{
	AUTO(api_res) struct api_res res = { 0 };
	struct dynamics *d = l->d;
	json_t *option;
	long long value, state;
	size_t i;

	arena_reset(d->page);
	const char *target = arena_printf(d->page, STAGES, table);
	if (target == NULL)
		return err_nomem(err);
	if (!dynamics_get(d, d->page, target, NULL, "statuscode", &res, err))
		return err_wrap(err, "%s", table);
	json_array_foreach (json_object_get(json_object_get(api_root(&res),
	    "OptionSet"), "Options"), i, option) {
		if (!row_number(option, "Value", &value) ||
		    (row_number(option, "State", &state) && state != 1 &&
		    !(lost && state == 2)))
			continue;
		const char *label = label_of(option, "Label");
		if (!tell(l, arena_printf(d->page, "%lld", value),
		    arena_printf(d->page, "%s (%s)", label == NULL ? "-" :
		    label, table), err))
			return false;
	}
	return true;
}

static bool
list_meeting_stages(const struct list *l, struct err *err)
{
	static const struct { const char *set, *table; } tables[] = {
		{ "appointments", "appointment" }, { "phonecalls", "phonecall" },
		{ "tasks", "task" }, { "emails", "email" } };
	const struct strlist *sets = &l->d->set->meeting_sets;

	for (size_t i = 0; i < sets->n; i++)
		for (size_t k = 0; k < ARRAY_LEN(tables); k++)
			if (strcmp(sets->v[i], tables[k].set) == 0 &&
			    !list_stages(l, tables[k].table, false, err))
				return false;
	return true;
}

/* ---- users, columns ------------------------------------------------------- */
static bool
on_user(void *arg, json_t *row, struct err *err)
{
	const struct list *l = arg;

	return tell(l, row_id(row, "systemuserid", l->d->page),
	    row_text(row, "fullname", l->d->page), err);
}

/* What can be asked for under its own name, and is a text, a number, a day. */
static bool
on_column(void *arg, json_t *row, struct err *err)
{
	static const char *const choices[] = { "Picklist", "State", "Status" };
	const char *type = json_string_value(json_object_get(row,
	    "AttributeType"));
	const char *of = json_string_value(json_object_get(row, "AttributeOf"));
	enum column_type is;
	bool choice = false;

	for (size_t i = 0; type != NULL && i < ARRAY_LEN(choices); i++)
		choice |= strcmp(type, choices[i]) == 0;
	if (of != NULL || type == NULL ||
	    (!choice && !column_type_of(type, &is)))
		return true;
	return tell(arg, json_string_value(json_object_get(row,
	    "LogicalName")), label_of(row, "DisplayName"), err);
}

static bool
list_rows(struct list *l, const char *target, const char *label,
    feed_row_fn *fn, struct err *err)
{
	arena_reset(l->d->page);
	return feed_all(l->d, l->d->page, target, label, fn, l, err);
}

bool
dynamics_list_values(void *self, enum value_kind kind, crm_value_fn *emit,
    void *arg, struct err *err)
{
	struct list l = { self, emit, arg };

	switch (kind) {
	case VAL_STAGE:
		return list_meeting_stages(&l, err) &&
		    list_stages(&l, "opportunity", true, err) &&
		    list_stages(&l, "incident", false, err);
	case VAL_OWNER:
		return list_rows(&l, USERS, "systemusers", on_user, err);
	case VAL_FIELD:
		return list_rows(&l, FIELDS, "columns of contact", on_column,
		    err);
	case VAL_CATEGORY:
	case VAL_RELATION:
	case VAL_TAG:
		break;
	}
	return true;
}
