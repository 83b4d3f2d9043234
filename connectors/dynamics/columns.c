/*
 * columns.c - what a column is.  The definition says it, which the service gives
 * row by row of its metadata; column_types says it where it may not be read.
 */
#include <string.h>

#include "writer.h"

#define COLUMNS_MAX ((size_t)256)

static const struct {
	const char *word;
	enum column_type type;
} types[] = {
	{ "String", COLUMN_TEXT }, { "Memo", COLUMN_TEXT },
	{ "Integer", COLUMN_INTEGER }, { "BigInt", COLUMN_INTEGER },
	{ "Decimal", COLUMN_DECIMAL }, { "Double", COLUMN_DECIMAL },
	{ "Money", COLUMN_DECIMAL }, { "DateTime", COLUMN_TIME },
	{ "Boolean", COLUMN_FLAG },
	/* of column_types */
	{ "text", COLUMN_TEXT }, { "integer", COLUMN_INTEGER },
	{ "decimal", COLUMN_DECIMAL }, { "date", COLUMN_DATE },
	{ "datetime", COLUMN_TIME }, { "boolean", COLUMN_FLAG },
};

bool
column_type_of(const char *word, enum column_type *type)
{
	*type = COLUMN_OTHER;
	for (size_t i = 0; i < ARRAY_LEN(types); i++)
		if (strcmp(types[i].word, word) == 0) {
			*type = types[i].type;
			return true;
		}
	return false;
}

/* A column of days holds no moment; without a behavior its format says so. */
static bool
is_day(json_t *root)
{
	const char *how = json_string_value(json_at(root,
	    "/DateTimeBehavior/Value"));

	if (how == NULL)
		how = json_string_value(json_object_get(root, "Format"));
	return how != NULL && strcmp(how, "DateOnly") == 0;
}

bool
column_read(json_t *root, struct arena *arena, struct column *column)
{
	const char *word = json_string_value(json_object_get(root,
	    "AttributeType"));
	long long chars;

	if (word == NULL)
		return false;
	column->there = true;
	column->word = arena_strdup(arena, word);
	(void)column_type_of(word, &column->type);
	if (column->type == COLUMN_TIME && is_day(root))
		column->type = COLUMN_DATE;
	column->read_only = json_is_false(json_object_get(root,
	    "IsValidForUpdate"));
	if (json_integer_value_of(json_object_get(root, "MaxLength"), &chars) &&
	    chars > 0)
		column->chars = (size_t)chars;
	return column->word != NULL;
}

/* "npt_average=decimal" */
static bool
by_option(const struct dynamics *d, struct column *column)
{
	const struct strlist *list = &d->set->column_types;
	const size_t len = strlen(column->name);

	for (size_t i = 0; i < list->n; i++) {
		const char *line = list->v[i];
		if (strncmp(line, column->name, len) != 0 || line[len] != '=')
			continue;
		column->there = true;
		column->word = line + len + 1;
		return column_type_of(column->word, &column->type);
	}
	return false;
}

/* What only its type has may stand in an answer of its own. */
static bool
is_whole(json_t *root, const struct column *column)
{
	if (column->type == COLUMN_TEXT)
		return column->chars > 0;
	return column->type != COLUMN_TIME ||
	    json_object_get(root, "Format") != NULL ||
	    json_object_get(root, "DateTimeBehavior") != NULL;
}

/* cast: its type, or NULL.  *whole: nothing more is to be asked for. */
static bool
ask(struct dynamics *d, struct column *column, const char *cast, bool *whole,
    struct err *err)
{
	AUTO(api_res) struct api_res res = { 0 };
	struct err why = { .kind = ERR_NONE };

	*whole = true;
	arena_reset(d->page);
	const char *target = arena_printf(d->page, "EntityDefinitions("
	    "LogicalName='%s')/Attributes(LogicalName='%s')%s%s%s",
	    column->table, column->name, cast == NULL ? ""
	    : "/Microsoft.Dynamics.CRM.", cast == NULL ? "" : cast,
	    cast == NULL ? "" : "AttributeMetadata");
	const struct api_req req = { .method = "GET", .target = target,
		.label = "column definition" };
	if (target == NULL)
		return err_nomem(err);
	if (!dynamics_do(d, d->page, &req, &res, &why)) {
		if (why.kind == ERR_GONE)
			return true;
		*err = why;
		return err_wrap(err, "column %s", column->name);
	}
	if (!column_read(api_root(&res), d->writer->own, column))
		return err_set(err, ERR_PROTOCOL, "column %s: expected a "
		    "definition", column->name);
	*whole = is_whole(api_root(&res), column);
	return true;
}

static bool
by_definition(struct dynamics *d, struct column *column, struct err *err)
{
	bool whole;

	return ask(d, column, NULL, &whole, err) && (whole ||
	    ask(d, column, column->word, &whole, err));
}

static struct column *
known(const struct dynamics_writer *w, const char *table, const char *name)
{
	for (size_t i = 0; i < w->n; i++)
		if (strcmp(w->columns[i].name, name) == 0 &&
		    strcmp(w->columns[i].table, table) == 0)
			return &w->columns[i];
	return NULL;
}

bool
column_find(struct dynamics *d, const char *table, const char *name,
    const struct column **column, struct err *err)
{
	struct dynamics_writer *w = d->writer;
	struct column *c = known(w, table, name);

	*column = c;
	if (c != NULL)
		return true;
	if (w->columns == NULL)
		w->columns = arena_array(w->own, COLUMNS_MAX,
		    sizeof(*w->columns));
	if (w->columns == NULL)
		return err_nomem(err);
	if (w->n == COLUMNS_MAX)
		return err_set(err, ERR_CONFIG, "more than %zu columns",
		    COLUMNS_MAX);
	c = &w->columns[w->n];
	*c = (struct column){ .table = arena_strdup(w->own, table),
		.name = arena_strdup(w->own, name), .word = "" };
	if (arena_failed(w->own))
		return err_nomem(err);
	if (!by_option(d, c) && !by_definition(d, c, err))
		return false;
	w->n++;
	*column = c;
	return true;
}

void
column_forget(struct dynamics *d, const char *table, const char *name)
{
	struct dynamics_writer *w = d->writer;
	struct column *c = known(w, table, name);

	if (c != NULL)
		*c = w->columns[--w->n];
}
