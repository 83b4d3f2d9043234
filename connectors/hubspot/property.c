/*
 * property.c - how this could harm, and what stops it:
 *  - a choice that somebody uses is lost, for the list is replaced as a whole:
 *    what is there goes back in its order, hidden ones too, and a list that
 *    cannot be read is not written;
 *  - a day that is the day before, for who reads it: days go by the tenant's
 *    zone.
 */
#include "property.h"

#include <stdlib.h>
#include <string.h>

#include "clock.h"

#define MS_PER_S 1000

/* ---- kinds --------------------------------------------------------------- */
static const struct { const char *type, *field, *words; } kinds[] = {
	[HS_KIND_TEXT] = { "string", "text", "single-line text" },
	[HS_KIND_LONG_TEXT] = { "string", "textarea", "multi-line text" },
	[HS_KIND_NUMBER] = { "number", "number", "number" },
	[HS_KIND_DATE] = { "date", "date", "date picker" },
	[HS_KIND_CHOICES] = { "enumeration", "checkbox",
	    "multiple checkboxes" },
	[HS_KIND_FLAG] = { "bool", "booleancheckbox", "single checkbox" } };

const char *
hs_kind_words(enum hs_form kind)
{
	return kinds[kind].words;
}

static const char *
text_at(json_t *node, const char *key)
{
	const char *text = json_string_value(json_object_get(node, key));

	return text == NULL ? "" : text;
}

static bool
is_fit(enum hs_form kind, const char *type, const char *field)
{
	const bool text = strcmp(type, "string") == 0;

	switch (kind) {
	case HS_KIND_TEXT:
	case HS_KIND_LONG_TEXT:
		return text;
	case HS_KIND_NUMBER:
		return text || strcmp(type, "number") == 0;
	case HS_KIND_DATE:
		return text || strcmp(type, "date") == 0 ||
		    strcmp(type, "datetime") == 0;
	case HS_KIND_CHOICES:
		return strcmp(type, "enumeration") == 0 &&
		    strcmp(field, "checkbox") == 0;
	case HS_KIND_FLAG:
		return strcmp(type, "bool") == 0 ||
		    strcmp(type, "enumeration") == 0;
	}
	return false;
}

bool
hs_property_is_kept(json_t *property)
{
	return json_is_true(json_object_get(json_object_get(property,
	    "modificationMetadata"), "readOnlyValue")) ||
	    json_is_true(json_object_get(property, "calculated"));
}

const char *
hs_property_fault(struct arena *arena, json_t *property, enum hs_form kind)
{
	const char *type = text_at(property, "type");
	const char *field = text_at(property, "fieldType");

	if (!is_fit(kind, type, field))
		return arena_printf(arena, "is of type %.40s/%.40s, not %s "
		    "(%s)", *type == '\0' ? "?" : type, *field == '\0' ? "?" : field,
		    kinds[kind].words, kinds[kind].type);
	if (hs_property_is_kept(property))
		return "is kept by HubSpot itself and cannot be written";
	return json_is_true(json_object_get(property, "archived"))
	    ? "is archived" : NULL;
}

/* ---- making one ---------------------------------------------------------- */
static json_t *
choice_json(const char *label, const char *value, long long order)
{
	return json_pack("{s:s, s:s, s:b, s:I}", "label", label, "value", value,
	    "hidden", 0, "displayOrder", (json_int_t)order);
}

static json_t *
first_choices(enum hs_form kind, const char *choice)
{
	if (kind == HS_KIND_FLAG)
		return json_pack("[o, o]", choice_json("Yes", "true", 0),
		    choice_json("No", "false", 1));
	return choice == NULL ? json_array()
	    : json_pack("[o]", choice_json(choice, choice, 0));
}

const char *
hs_property_body(struct arena *arena, const char *name, const char *label,
    enum hs_form kind, const char *choice)
{
	json_t *body = json_pack("{s:s, s:s, s:s, s:s, s:s}", "name", name,
	    "label", label, "type", kinds[kind].type, "fieldType",
	    kinds[kind].field, "groupName", "contactinformation");
	const bool has_choices = kind == HS_KIND_CHOICES ||
	    kind == HS_KIND_FLAG;
	const char *text = NULL;

	if (body != NULL && (!has_choices || json_object_set_new(body,
	        "options", first_choices(kind, choice)) == 0))
		text = json_body(arena, body);
	json_decref(body);
	return text;
}

/* ---- choices ------------------------------------------------------------- */
static json_t *
options_of(json_t *property)
{
	return json_object_get(property, "options");
}

bool
hs_property_offers(json_t *property, const char *value)
{
	json_t *options = options_of(property);

	for (size_t i = 0; i < json_array_size(options); i++) {
		const char *has = json_string_value(json_object_get(
		    json_array_get(options, i), "value"));
		if (has != NULL && strcmp(has, value) == 0)
			return true;
	}
	return false;
}

static bool
is_choice(json_t *option)
{
	return json_is_string(json_object_get(option, "label")) &&
	    json_is_string(json_object_get(option, "value"));
}

/* What may be written of one. */
static json_t *
kept_choice(json_t *option)
{
	json_t *order = json_object_get(option, "displayOrder");
	json_t *about = json_object_get(option, "description");

	return json_pack("{s:O, s:O, s:b, s:O*, s:O*}", "label",
	    json_object_get(option, "label"), "value",
	    json_object_get(option, "value"), "hidden",
	    json_is_true(json_object_get(option, "hidden")), "displayOrder",
	    json_is_integer(order) ? order : NULL, "description",
	    json_is_string(about) ? about : NULL);
}

static bool
keep_all(json_t *options, json_t *list, long long *next, struct err *err)
{
	for (size_t i = 0; i < json_array_size(options); i++) {
		json_t *option = json_array_get(options, i);
		long long order;
		if (!is_choice(option))
			return err_set(err, ERR_PROTOCOL, "the choices of the "
			    "property cannot be read: expected label and value "
			    "in each");
		if (json_array_append_new(list, kept_choice(option)) != 0)
			return err_nomem(err);
		if (json_integer_value_of(json_object_get(option,
		        "displayOrder"), &order) && order >= *next &&
		    order < INT32_MAX)
			*next = order + 1;
	}
	return true;
}

bool
hs_choices_body(struct arena *arena, json_t *property, const char *const *tags,
    size_t n, const char **body, struct err *err)
{
	json_t *options = options_of(property), *list = json_array();
	json_t *all = json_pack("{s:O}", "options", list);
	long long next = 0;
	bool ok = all != NULL || err_nomem(err);

	*body = NULL;
	if (ok && !json_is_array(options))
		ok = err_set(err, ERR_PROTOCOL, "the choices of the property "
		    "cannot be read: expected an array");
	if (ok && json_array_size(options) + n > HS_CHOICES_MAX)
		ok = err_set(err, ERR_CONFIG, "it would have more than %zu "
		    "choices: use tag_type = \"text\" with another property",
		    HS_CHOICES_MAX);
	ok = ok && keep_all(options, list, &next, err);
	for (size_t i = 0; ok && i < n; i++)
		ok = json_array_append_new(list, choice_json(tags[i], tags[i],
		    next + (long long)i)) == 0 || err_nomem(err);
	if (ok)
		ok = (*body = json_body(arena, all)) != NULL || err_nomem(err);
	json_decref(list);
	json_decref(all);
	return ok;
}

/* ---- values -------------------------------------------------------------- */
static const char *
time_text(struct arena *arena, bool day_only, const char *zone, bool epoch,
    const char *text)
{
	char out[32];
	time_t t;

	if (!clock_parse_iso(text, zone, &t))
		return arena_strdup(arena, text);
	if (!day_only)
		return arena_strdup(arena, clock_iso(out, t));
	const int day = clock_day(zone, t);
	if (!epoch)
		return arena_strdup(arena, day_iso(out, day));
	return arena_printf(arena, "%lld",
	    (long long)clock_day_start("UTC", day) * MS_PER_S);
}

const char *
hs_value_text(struct arena *arena, const char *type, const char *zone,
    bool epoch, const char *text)
{
	const bool day = strcmp(type, "date") == 0;

	if (text == NULL || *text == '\0')
		return "";
	if (day || strcmp(type, "datetime") == 0)
		return time_text(arena, day, zone, epoch, text);
	if (strcmp(type, "bool") != 0)
		return arena_strdup(arena, text);
	return strcmp(text, "yes") == 0 || strcmp(text, "1") == 0 ||
	    strcmp(text, "true") == 0 ? "true" : "false";
}
