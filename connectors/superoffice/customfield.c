/*
 * customfield.c - all values of user-defined fields are texts; what is no text
 * has a mark in front: "[I:42]", "[F:8.3]", "[D:25.11.2026]".
 *
 * How this can harm, and what stops it:
 *  - a comment that begins like such a mark, read as a number or a date: a
 *    blank goes in front of it;
 *  - a day read as a month: no date goes into a date field unless the option
 *    says how it is written there;
 *  - a text cut by the service, or refused with words that name no field: cut
 *    here, and shown; a number or a date never is;
 *  - a key that is not the one the service uses (a field has a programmatic id,
 *    and a number): the one of the definition is sent.
 */
#include "customfield.h"

#include <stdio.h>
#include <string.h>

#include "clock.h"
#include "common/units.h"
#include "num.h"

#define MARK_MAX 2	/* letters: "I", "DT" */

/* ---- definitions ------------------------------------------------------------- */
static enum so_field_type
type_of(const char *word)
{
	static const struct { const char *word; enum so_field_type type; }
	    types[] = { { "ShortText", SO_FIELD_TEXT },
		{ "LongText", SO_FIELD_TEXT }, { "ListText", SO_FIELD_TEXT },
		{ "Number", SO_FIELD_INTEGER }, { "Integer", SO_FIELD_INTEGER },
		{ "Decimal", SO_FIELD_DECIMAL }, { "Date", SO_FIELD_DATE },
		{ "UnlimitedDate", SO_FIELD_DATE },
		{ "DateTime", SO_FIELD_TIME }, { "Checkbox", SO_FIELD_FLAG } };

	for (size_t i = 0; i < ARRAY_LEN(types); i++)
		if (strcmp(types[i].word, word) == 0)
			return types[i].type;
	return SO_FIELD_OTHER;
}

const char *
so_field_type_word(enum so_field_type type)
{
	static const char *const words[] = { [SO_FIELD_OTHER] = "any type",
		[SO_FIELD_TEXT] = "text", [SO_FIELD_INTEGER] = "number",
		[SO_FIELD_DECIMAL] = "decimal", [SO_FIELD_DATE] = "date",
		[SO_FIELD_TIME] = "date and time", [SO_FIELD_FLAG] = "checkbox" };

	return words[type];
}

static const char *
text_at(json_t *node, const char *name)
{
	const char *text = json_string_value(json_object_get(node, name));

	return text == NULL ? "" : text;
}

static bool
field_fill(json_t *node, const char *key, struct arena *arena,
    struct so_field *field)
{
	const json_int_t chars = json_integer_value(json_object_get(node,
	    "TextLength"));
	const char *word = text_at(node, "FieldType");

	*field = (struct so_field){ .key = arena_strdup(arena, key),
		.word = arena_strdup(arena, word), .type = type_of(word),
		.chars = chars > 0 && chars <= INT32_MAX ? (size_t)chars : 0,
		.read_only = json_is_true(json_object_get(node, "IsReadOnly")) };
	return field->key != NULL && field->word != NULL;
}

/* Under its number, and under its programmatic id, which is its key then. */
static bool
layout_take(json_t *node, struct idmap *map, bool by_id)
{
	struct so_field *field = arena_alloc(map->arena, sizeof(*field));
	const json_int_t number = json_integer_value(json_object_get(node,
	    "UdefIdentity"));
	const char *id = text_at(node, "ProgId");
	const char *name = by_id ? id : arena_printf(map->arena,
	    "SuperOffice:%lld", (long long)number);

	if (by_id ? *id == '\0' : number <= 0)
		return true;
	return field != NULL && name != NULL &&
	    field_fill(node, *id != '\0' ? id : name, map->arena, field) &&
	    idmap_put(map, by_id ? field->key : name, field);
}

/* A programmatic id comes before another field's number. */
bool
so_fields_of_layout(json_t *root, struct idmap *map, struct err *err)
{
	json_t *node;
	size_t i;

	if (!json_is_array(root) || json_array_size(root) > SO_FIELDS_MAX)
		return err_set(err, ERR_PROTOCOL, "user-defined fields: expected "
		    "a JSON array of at most %zu", SO_FIELDS_MAX);
	json_array_foreach (root, i, node)
		if (!layout_take(node, map, false))
			return err_nomem(err);
	json_array_foreach (root, i, node)
		if (!layout_take(node, map, true))
			return err_nomem(err);
	return true;
}

bool
so_field_of_info(json_t *root, struct arena *arena, struct so_field *field)
{
	const char *key = text_at(root, "FieldName");

	return *key != '\0' && field_fill(root, key, arena, field);
}

/* ---- values ------------------------------------------------------------------ */
static bool
refuse(const struct so_field *f, const char *expected, struct err *err)
{
	return err_set(err, ERR_REJECTED, "field %s is of type %s: expected %s",
	    f->key, *f->word != '\0' ? f->word : "?", expected);
}

/* Length of "[I:" at the beginning; 0 = there is none. */
static size_t
mark_of(const char *text)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
	const size_t n = *text == '[' ? strspn(text + 1, letters) : 0;

	return n > 0 && n <= MARK_MAX && text[n + 1] == ':' ? n + 2 : 0;
}

static bool
number_value(struct arena *arena, const struct so_field *f, const char *text,
    const char **value, struct err *err)
{
	long long whole;
	double real;

	if (f->type == SO_FIELD_INTEGER &&
	    !num_parse(text, INT32_MIN, INT32_MAX, &whole))
		return refuse(f, "a field of type decimal, or a text", err);
	if (f->type == SO_FIELD_DECIMAL &&
	    !num_parse_double(text, -1e11, 1e11, &real))
		return refuse(f, "a field of type text", err);
	*value = arena_printf(arena, "[%c:%s]",
	    f->type == SO_FIELD_INTEGER ? 'I' : 'F', text);
	return true;
}

static bool
time_value(struct arena *arena, const struct so_field *f, enum so_dates dates,
    const char *zone, const char *text, const char **value, struct err *err)
{
	struct civil at;
	time_t t;

	if (dates == SO_DATES_REFUSE)
		return refuse(f, "a field of type text, or field_dates to say "
		    "how this one takes a date", err);
	if (!clock_parse_iso(text, zone, &t))
		return refuse(f, "a field of type text", err);
	clock_local(zone, t, &at);
	const char *clock = f->type == SO_FIELD_DATE ? "" : arena_printf(arena,
	    " %02d:%02d:%02d", at.hour, at.minute, at.second);
	const char *mark = f->type == SO_FIELD_DATE ? "D" : "DT";
	if (dates == SO_DATES_ISO)
		*value = arena_printf(arena, "[%s:%04d-%02d-%02d%s]", mark,
		    at.year, at.month, at.day, clock);
	else if (dates == SO_DATES_DAY_FIRST)
		*value = arena_printf(arena, "[%s:%02d.%02d.%04d%s]", mark,
		    at.day, at.month, at.year, clock);
	else
		*value = arena_printf(arena, "[%s:%02d/%02d/%04d%s]", mark,
		    at.month, at.day, at.year, clock);
	return true;
}

static const char *
text_value(struct arena *arena, const struct so_field *f, const char *text)
{
	if (mark_of(text) > 0)
		text = arena_printf(arena, " %s", text);
	return text == NULL ? NULL : units_cut(arena, text, f->chars);
}

bool
so_field_value(struct arena *arena, const struct so_field *field,
    enum so_dates dates, const char *zone, const char *text,
    const char **value, struct err *err)
{
	const bool empty = text == NULL || *text == '\0';
	bool ok = true;

	*value = "";
	switch (field->type) {
	case SO_FIELD_FLAG:
		/* What is known is yes: opted out on a day. */
		*value = empty ? "[I:0]" : "[I:1]";
		break;
	case SO_FIELD_TEXT:
		*value = empty ? "" : text_value(arena, field, text);
		break;
	case SO_FIELD_INTEGER:
	case SO_FIELD_DECIMAL:
		ok = empty || number_value(arena, field, text, value, err);
		break;
	case SO_FIELD_DATE:
	case SO_FIELD_TIME:
		ok = empty || time_value(arena, field, dates, zone, text, value,
		    err);
		break;
	case SO_FIELD_OTHER:
		return refuse(field, "text, a number, a date or a checkbox",
		    err);
	}
	return ok && ((*value != NULL && !arena_failed(arena)) ||
	    err_nomem(err));
}
