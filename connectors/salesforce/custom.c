#include "custom.h"

#include <string.h>

#define LONG_TEXT_MAX 32768

struct kind {
	const char *words;	/* for a person */
	const char *type;	/* in the metadata */
	const char *taken[6];	/* types in a describe that will do; NULL-ended */
};
static const struct kind kinds[] = {
	[SF_TAGS] = { "Long Text Area", "LongTextArea",
	    { "textarea", "string", "multipicklist" } },
	[SF_TEXT] = { "Text, 255 characters", "Text",
	    { "string", "textarea", "picklist" } },
	[SF_LONG_TEXT] = { "Long Text Area", "LongTextArea",
	    { "textarea", "string" } },
	[SF_INTEGER] = { "Number, 18 digits, none behind the point", "Number",
	    { "double", "int", "long", "string" } },
	[SF_DECIMAL] = { "Number, 16 digits, 2 behind the point", "Number",
	    { "double", "currency", "percent", "string" } },
	[SF_DATE] = { "Date", "Date", { "date", "datetime", "string" } },
	[SF_DATETIME] = { "Date/Time", "DateTime",
	    { "datetime", "date", "string" } },
	[SF_FLAG] = { "Checkbox", "Checkbox", { "boolean", "string" } },
	[SF_LOOKUP] = { "Lookup Relationship to Contact", "Lookup",
	    { "reference" } },
	[SF_KEY] = { "Text, 255 characters, External ID, unique", "Text",
	    { "string" } },
};

static bool
is_long(enum sf_kind kind)
{
	return kind == SF_TAGS || kind == SF_LONG_TEXT;
}

static size_t
length_of(const struct sf_custom *c)
{
	return c->kind == SF_TAGS || c->length == 0 ||
	    c->length > LONG_TEXT_MAX ? LONG_TEXT_MAX
	    : c->length < 256 ? 256 : c->length;
}

const char *
sf_custom_words(struct arena *arena, const struct sf_custom *c)
{
	const char *words = kinds[c->kind].words;

	return is_long(c->kind) ? arena_printf(arena, "%s, %zu characters",
	    words, length_of(c)) : words;
}

/* ---- what is there ------------------------------------------------------- */
static bool
is_taken(const struct kind *kind, const char *type)
{
	for (size_t i = 0; kind->taken[i] != NULL; i++)
		if (strcmp(kind->taken[i], type) == 0)
			return true;
	return false;
}

static const char *
text_of(json_t *field, const char *name)
{
	const char *text = json_string_value(json_object_get(field, name));

	return text == NULL ? "" : text;
}

static bool
refers_to_contact(json_t *field)
{
	json_t *to = json_object_get(field, "referenceTo");

	for (size_t i = 0; i < json_array_size(to); i++)
		if (json_is_string(json_array_get(to, i)) && strcmp(
		    json_string_value(json_array_get(to, i)), "Contact") == 0)
			return true;
	return false;
}

static const char *
rights_fault(const struct sf_custom *c, json_t *field)
{
	const bool make = json_is_true(json_object_get(field, "createable"));
	const bool edit = json_is_true(json_object_get(field, "updateable"));

	/* A detail's look-up may be set at the beginning only. */
	return edit || (c->kind == SF_LOOKUP && make) ? NULL
	    : "may be read only: give the permission set of npsync's user the "
	    "right to edit it";
}

const char *
sf_custom_fault(struct arena *arena, const struct sf_custom *c, json_t *field,
    bool write)
{
	const char *type = text_of(field, "type");
	const json_int_t length = json_integer_value(json_object_get(field,
	    "length"));

	if (!is_taken(&kinds[c->kind], type))
		return arena_printf(arena, "is of the type %.40s; expected %s",
		    type, sf_custom_words(arena, c));
	if (c->kind == SF_KEY &&
	    !json_is_true(json_object_get(field, "externalId")))
		return "is no External ID: tick that in its definition";
	if (c->kind == SF_LOOKUP && !refers_to_contact(field))
		return "does not refer to Contact";
	if (c->kind == SF_LONG_TEXT && c->length > 0 && length > 0 &&
	    (size_t)length < c->length)
		return arena_printf(arena, "holds %lld characters, and comments "
		    "have up to %zu: a longer one is refused", (long long)length,
		    c->length);
	return write ? rights_fault(c, field) : NULL;
}

/* ---- making one ---------------------------------------------------------- */
bool
sf_custom_is_own(const char *name)
{
	const char *end = strstr(name, "__");

	return end != NULL && end != name && strcmp(end, "__c") == 0;
}

/* "NPSToday_Tags__c" -> "NPSToday Tags" */
static char *
label_of(struct arena *arena, const char *name)
{
	char *label = arena_strndup(arena, name, strlen(name) - 3);

	for (char *p = label; p != NULL && *p != '\0'; p++)
		if (*p == '_')
			*p = ' ';
	return label;
}

static bool
text_set(json_t *to, const char *name, const char *value)
{
	return value != NULL &&
	    json_object_set_new(to, name, json_string(value)) == 0;
}

static bool
number_set(json_t *to, const char *name, size_t value)
{
	return json_object_set_new(to, name,
	    json_integer((json_int_t)value)) == 0;
}

static bool
flag_set(json_t *to, const char *name, bool value)
{
	return json_object_set_new(to, name, json_boolean(value)) == 0;
}

static bool
lookup_set(json_t *to, const struct sf_custom *c, struct arena *arena)
{
	char *name = label_of(arena, c->object);

	for (char *p = name; p != NULL && *p != '\0'; p++)
		if (*p == ' ')
			*p = '_';
	return text_set(to, "referenceTo", "Contact") &&
	    text_set(to, "relationshipLabel", label_of(arena, c->object)) &&
	    text_set(to, "relationshipName", name == NULL ? NULL :
	    arena_printf(arena, "%ss", name)) &&
	    text_set(to, "deleteConstraint", "SetNull");
}

/* What the type needs beside itself. */
static bool
details_set(json_t *to, const struct sf_custom *c, struct arena *arena)
{
	switch (c->kind) {
	case SF_TAGS:
	case SF_LONG_TEXT:
		return number_set(to, "length", length_of(c)) &&
		    number_set(to, "visibleLines", 5);
	case SF_TEXT:
		return number_set(to, "length", 255);
	case SF_KEY:
		return number_set(to, "length", 255) &&
		    flag_set(to, "externalId", true) &&
		    flag_set(to, "unique", true) &&
		    flag_set(to, "caseSensitive", true);
	case SF_INTEGER:
		return number_set(to, "precision", 18) &&
		    number_set(to, "scale", 0);
	case SF_DECIMAL:
		return number_set(to, "precision", 18) &&
		    number_set(to, "scale", 2);
	case SF_FLAG:
		return text_set(to, "defaultValue", "false");
	case SF_LOOKUP:
		return lookup_set(to, c, arena);
	case SF_DATE:
	case SF_DATETIME:
		break;
	}
	return true;
}

const char *
sf_custom_body(struct arena *arena, const struct sf_custom *c)
{
	json_t *out = json_object(), *data = json_object();
	const bool ok = text_set(out, "FullName", arena_printf(arena, "%s.%s",
	    c->object, c->name)) &&
	    text_set(data, "label", label_of(arena, c->name)) &&
	    text_set(data, "type", kinds[c->kind].type) &&
	    details_set(data, c, arena) &&
	    json_object_set(out, "Metadata", data) == 0;
	const char *body = ok ? json_body(arena, out) : NULL;

	json_decref(data);
	json_decref(out);
	return body;
}
