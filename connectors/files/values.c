/*
 * values.c - the categories, relations, stages, owners, tags and further
 * columns that stand in the files, with the number of their rows.
 */
#include "map.h"

#include <string.h>

#define VALUES_BYTES ((size_t)64 << 20)

struct value {
	struct value *next;
	const char *id, *label;
	long count;
};

struct values {
	struct files *f;
	enum value_kind kind;
	struct arena *arena;
	struct files_lookup seen;	/* to struct value */
	struct value *first, **last;
};

static bool
add(struct values *values, const char *id, const char *label, long more)
{
	struct files_entry *e = files_lookup_add(&values->seen, id);

	if (e == NULL)
		return false;
	if (e->value == NULL) {
		struct value *v = arena_alloc(values->arena, sizeof(*v));
		if (v == NULL)
			return false;
		v->id = e->key;
		*values->last = e->value = v;
		values->last = &v->next;
	}
	struct value *v = e->value;
	v->count += more;
	if (v->label == NULL)
		v->label = arena_strdup(values->arena, label);
	return true;
}

static bool
add_cell(struct values *values, const struct files_sheet *sheet, int column,
    int label)
{
	const char *id = files_cell(sheet, column);
	const char *name = label < 0 ? NULL : files_cell(sheet, label);

	return id == NULL || add(values, id, name, 1);
}

/* An account manager may be known by name or address alone. */
static bool
add_owner(struct values *values, const struct files_sheet *sheet, int owner,
    int name, int email)
{
	if (files_cell(sheet, owner) != NULL)
		return add_cell(values, sheet, owner, name);
	if (files_cell(sheet, name) != NULL)
		return add_cell(values, sheet, name, name);
	return add_cell(values, sheet, email, -1);
}

static bool
add_one_tag(void *arg, const char *tag, size_t len)
{
	struct values *values = arg;
	const char *text = arena_strndup(values->f->record, tag, len);

	return text != NULL && add(values, text, NULL, 1);
}

static bool
add_tags(struct values *values, const struct files_sheet *sheet, int column)
{
	const char *cell = files_cell(sheet, column);

	return cell == NULL || files_each_tag(cell,
	    values->f->table[sheet->kind].tag_separator, add_one_tag, values);
}

static bool
add_fields(struct values *values, const struct files_sheet *sheet)
{
	const struct strlist *fields = &values->f->table[sheet->kind].fields;

	for (size_t i = 0; i < fields->n; i++) {
		const int at = sheet->field_at[i];
		const bool filled = at >= 0 && *sheet->row.field[at] != '\0';
		const char *name = arena_strndup(values->f->record,
		    fields->v[i], files_name_len(fields->v[i]));
		if (name == NULL || !add(values, name, NULL, filled))
			return false;
	}
	return true;
}

static bool
add_contact(struct values *values, const struct files_sheet *sheet)
{
	switch (values->kind) {
	case VAL_RELATION:
		return add_cell(values, sheet, CONTACT_RELATION, -1);
	case VAL_OWNER:
		return add_owner(values, sheet, CONTACT_OWNER,
		    CONTACT_OWNER_NAME, CONTACT_OWNER_EMAIL);
	case VAL_TAG:
		return add_tags(values, sheet, CONTACT_TAGS);
	case VAL_FIELD:
		return add_fields(values, sheet);
	case VAL_CATEGORY:
	case VAL_STAGE:
		break;
	}
	return true;
}

static bool
add_company(struct values *values, const struct files_sheet *sheet)
{
	switch (values->kind) {
	case VAL_RELATION:
		return add_cell(values, sheet, COMPANY_RELATION, -1);
	case VAL_OWNER:
		return add_owner(values, sheet, COMPANY_OWNER,
		    COMPANY_OWNER_NAME, COMPANY_OWNER_EMAIL);
	case VAL_TAG:
		return add_tags(values, sheet, COMPANY_TAGS);
	case VAL_CATEGORY:
	case VAL_STAGE:
	case VAL_FIELD:
		break;
	}
	return true;
}

static bool
add_event(struct values *values, const struct files_sheet *sheet,
    int category, int status, int employee)
{
	switch (values->kind) {
	case VAL_CATEGORY:
		return add_cell(values, sheet, category, -1);
	case VAL_STAGE:
		return add_cell(values, sheet, status, -1);
	case VAL_OWNER:
		return add_cell(values, sheet, employee, -1);
	case VAL_RELATION:
	case VAL_TAG:
	case VAL_FIELD:
		break;
	}
	return true;
}

static bool
add_row(struct values *values, const struct files_sheet *sheet)
{
	switch (sheet->kind) {
	case FILES_CONTACTS:
		return add_contact(values, sheet);
	case FILES_COMPANIES:
		return add_company(values, sheet);
	case FILES_ACTIVITIES:
		return add_event(values, sheet, ACT_CATEGORY, ACT_STATUS,
		    ACT_EMPLOYEE);
	case FILES_DEALS:
	case FILES_CASES:
		return add_event(values, sheet, DEAL_CATEGORY, DEAL_STATUS,
		    DEAL_EMPLOYEE);
	case FILES_TAGS:
	case FILES_COMPANY_TAGS:
		return values->kind != VAL_TAG ||
		    add_cell(values, sheet, TAG_TEXT, -1);
	case FILES_KINDS:
		break;
	}
	return true;
}

static bool
value_row(void *arg, struct files_sheet *sheet, struct err *err)
{
	struct values *values = arg;

	return add_row(values, sheet) || err_set(err, ERR_CONFIG, "%s: "
	    "expected columns of few different values, got more than %zu MiB "
	    "of them", sheet->source, VALUES_BYTES >> 20);
}

bool
files_list_values(void *self, enum value_kind kind, crm_value_fn *emit,
    void *arg, struct err *err)
{
	AUTO(arena) struct arena *arena = arena_new(VALUES_BYTES);
	struct values values = { .f = self, .kind = kind, .arena = arena };
	const struct files_reader reader = { .row = value_row,
		.arg = &values, .quiet = true };

	if (arena == NULL)
		return err_nomem(err);
	values.last = &values.first;
	files_lookup_init(&values.seen, arena);
	for (int i = 0; i < FILES_KINDS; i++)
		if (!files_read(self, (enum files_kind)i, &reader, err))
			return false;
	for (const struct value *v = values.first; v != NULL; v = v->next)
		if (!emit(arg, v->id, v->label == NULL ? v->id : v->label,
		    v->count))
			return err_set(err, ERR_CANCELLED, "files: stopped");
	return true;
}
