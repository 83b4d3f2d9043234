/*
 * props.c - the properties of a type: what there is, new ones, their options.
 */
#include "sim.h"

static json_t *
prop_json(const struct prop *p)
{
	json_t *options = json_array();

	for (size_t i = 0; i < p->n_options; i++)
		json_array_append_new(options, json_pack(
		    "{s:s, s:s, s:b, s:I}", "label", p->options[i].label,
		    "value", p->options[i].value, "hidden",
		    (int)p->options[i].hidden, "displayOrder",
		    J(p->options[i].order)));
	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:o, s:b, s:b, s:{s:b}}",
	    "name", p->name, "label", p->label, "type", ptype_name(p->type),
	    "fieldType", p->field, "groupName", p->group, "options", options,
	    "hubspotDefined", (int)p->own, "archived", 0,
	    "modificationMetadata", "readOnlyValue", (int)p->readonly);
}

void
on_properties(struct sim *s, struct call *c, struct reply *out)
{
	json_t *all = json_array();

	(void)s;
	for (size_t i = 0; i < c->kind->n_props; i++)
		json_array_append_new(all, prop_json(&c->kind->props[i]));
	reply_json(out, 200, json_pack("{s:o}", "results", all));
}

static const struct prop *
prop_wanted(struct sim *s, struct call *c, struct reply *out)
{
	const int i = prop_find(c->kind, c->args[1]);

	if (i >= 0)
		return &c->kind->props[i];
	reply_error(s, out, 404, "OBJECT_NOT_FOUND",
	    "Property does not exist");
	return NULL;
}

void
on_property(struct sim *s, struct call *c, struct reply *out)
{
	const struct prop *p = prop_wanted(s, c, out);

	if (p != NULL)
		reply_json(out, 200, prop_json(p));
}

/* ---- writing ------------------------------------------------------------- */

static const char *
options_wrong(const json_t *options)
{
	json_t *seen = json_object(), *o;
	const char *bad = options != NULL && !json_is_array(options)
	    ? "options is no list" : NULL;
	size_t i;

	json_array_foreach((json_t *)(uintptr_t)options, i, o) {
		const char *value = str_of(o, "value");
		if (value == NULL || str_of(o, "label") == NULL ||
		    !json_is_boolean(json_object_get(o, "hidden")))
			bad = "an option needs label, value and hidden";
		else if (json_object_get(seen, value) != NULL)
			bad = "an option stands twice";
		else if (strchr(value, ';') != NULL || *value == '\0')
			bad = "an option may not be empty or hold a semicolon";
		else
			json_object_set_new(seen, value, json_true());
	}
	json_decref(seen);
	return bad;
}

static bool
name_good(const char *name)
{
	const size_t n = name == NULL ? 0
	    : strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_");

	return n > 0 && n <= 100 && name[n] == '\0' && *name >= 'a';
}

static const char *
create_wrong(const json_t *in)
{
	static const char *const pairs[][2] = { { "string", "text" },
		{ "string", "textarea" }, { "number", "number" },
		{ "date", "date" }, { "datetime", "date" },
		{ "enumeration", "checkbox" }, { "enumeration", "select" },
		{ "enumeration", "radio" },
		{ "enumeration", "booleancheckbox" },
		{ "bool", "booleancheckbox" } };
	const char *type = str_of(in, "type"), *field = str_of(in, "fieldType");

	if (!name_good(str_of(in, "name")))
		return "name: lower case letters, digits and underscores";
	if (str_of(in, "label") == NULL || str_of(in, "groupName") == NULL)
		return "label and groupName are needed";
	for (size_t i = 0; type != NULL && field != NULL && i < LEN(pairs);
	    i++)
		if (strcmp(type, pairs[i][0]) == 0 &&
		    strcmp(field, pairs[i][1]) == 0)
			return options_wrong(json_object_get(in, "options"));
	return "type and fieldType do not go together";
}

static void
prop_write(struct sim *s, const struct call *c, const char *name,
    const json_t *in)
{
	json_t *line = json_pack("{s:s, s:s, s:s, s:s, s:s*, s:s*, s:s*}",
	    "kind", "property", "by", "api", "object", c->kind->name,
	    "property", name, "type", str_of(in, "type"), "field",
	    str_of(in, "fieldType"), "label", str_of(in, "label"));

	if (json_object_get(in, "options") != NULL)
		json_object_set(line, "options",
		    json_object_get(in, "options"));
	ledger_put(s, line);
}

void
on_property_create(struct sim *s, struct call *c, struct reply *out)
{
	const char *bad = create_wrong(c->body);
	const char *name = str_of(c->body, "name");

	if (bad != NULL) {
		violation(s, "bad_property", bad);
		reply_error(s, out, 400, "VALIDATION_ERROR", "%s", bad);
	} else if (prop_find(c->kind, name) >= 0) {
		reply_error(s, out, 409, "OBJECT_ALREADY_EXISTS",
		    "A property named '%s' already exists.", name);
	} else {
		prop_write(s, c, name, c->body);
		reply_json(out, 201,
		    prop_json(&c->kind->props[prop_find(c->kind, name)]));
	}
}

/* What is in use and no longer stands in the list cannot be written again. */
static void
options_lost(struct sim *s, const struct call *c, const struct prop *p,
    const json_t *options)
{
	json_t *o;
	size_t n;

	for (size_t i = 0; i < p->n_options; i++) {
		bool kept = false;
		json_array_foreach((json_t *)(uintptr_t)options, n, o)
			kept |= strcmp(str_of(o, "value"),
			    p->options[i].value) == 0;
		if (!kept) {
			violation(s, "option_lost", c->path);
			return;
		}
	}
}

void
on_property_change(struct sim *s, struct call *c, struct reply *out)
{
	const json_t *options = json_object_get(c->body, "options");
	const char *bad = options_wrong(options);
	const struct prop *p = prop_wanted(s, c, out);

	if (p == NULL)
		return;
	if (bad == NULL && p->own)
		bad = "a property of the service's own";
	if (bad != NULL) {
		violation(s, "bad_property", bad);
		reply_error(s, out, 400, "VALIDATION_ERROR", "%s", bad);
		return;
	}
	if (options != NULL)
		options_lost(s, c, p, options);
	if (!mutant(s, "options-lost"))
		prop_write(s, c, p->name, c->body);
	reply_json(out, 200, prop_json(&c->kind->props[prop_find(c->kind,
	    c->args[1])]));
}
