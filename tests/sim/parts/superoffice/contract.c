/*
 * contract.c - holds each request against openapi.json, the extract of the
 * vendor's published description: path, verb, parameters, headers, members of
 * the body.  What does not fit is counted and stands in the ledger; the real
 * service would put up with most of it, so the request goes on.
 */
#include <stdlib.h>
#include <strings.h>

#include "sim.h"

/* The file is part of the program, wherever that is started. */
__asm__(".section .rodata\n"
	"so_openapi_json:\n"
	".incbin \"tests/sim/parts/superoffice/openapi.json\"\n"
	".byte 0\n"
	".previous\n");
extern const char text_of_contract[] __asm__("so_openapi_json");

json_t *
contract_load(void)
{
	json_error_t e;
	json_t *json = json_loads(text_of_contract, 0, &e);

	if (json == NULL) {
		fprintf(stderr, "openapi.json:%d: %s\n", e.line, e.text);
		exit(1);
	}
	return json;
}

/* Each stands in the ledger once; how often, in the statistics. */
void
violation(struct sim *s, const struct request *r, const char *rule,
    const char *what)
{
	char key[160];

	snprintf(key, sizeof(key), "%s%s%.100s", rule, *what == '\0' ? "" : " ",
	    what);
	if (json_object_get(s->violations, key) == NULL)
		ledger_add(s, json_pack("{s:s, s:s, s:s, s:s}", "kind",
		    "violation", "rule", key, "method", r->in.method, "path",
		    r->path));
	count_up(s->violations, key);
}

/* ---- paths --------------------------------------------------------------- */
static bool
path_fits(const char *pattern, const char *path)
{
	while (*pattern != '\0' && *path != '\0') {
		if (*pattern == '{') {
			pattern += strcspn(pattern, "}") + 1;
			const size_t len = strcspn(path, "/");
			if (len == 0)
				return false;
			path += len;
		} else if (*pattern++ != *path++) {
			return false;
		}
	}
	return *pattern == '\0' && *path == '\0';
}

/* Where no {} is needed goes first. */
static const json_t *
path_find(const struct sim *s, const char *path)
{
	json_t *all = json_object_get(s->contract, "paths");
	const json_t *found = json_object_get(all, path);
	const char *key;
	json_t *v;

	if (found == NULL)
		json_object_foreach(all, key, v)
			if (path_fits(key, path))
				found = v;
	return found;
}

/* {"$ref": "#/parameters/top"} is that one. */
static const json_t *
resolved(const struct sim *s, const json_t *v)
{
	const char *ref = str_of(v, "$ref");
	char group[32];

	if (ref == NULL || strncmp(ref, "#/", 2) != 0)
		return v;
	snprintf(group, sizeof(group), "%.*s", (int)strcspn(ref + 2, "/"),
	    ref + 2);
	return json_object_get(json_object_get(s->contract, group),
	    strrchr(ref, '/') + 1);
}

/* ---- parameters ------------------------------------------------------------ */
static const json_t *
parameter(const struct sim *s, const json_t *operation, const char *name,
    const char *in)
{
	const json_t *all = json_object_get(operation, "parameters");

	for (size_t i = 0; i < json_array_size(all); i++) {
		const json_t *p = resolved(s, json_array_get(all, i));
		const char *where = str_of(p, "in");
		if (where != NULL && strcmp(where, in) == 0 &&
		    (name == NULL || strcasecmp(str_of(p, "name"), name) == 0))
			return p;
	}
	return NULL;
}

static bool
among(const json_t *list, const char *value)
{
	for (size_t i = 0; i < json_array_size(list); i++)
		if (strcasecmp(json_string_value(json_array_get(list, i)),
		    value) == 0)
			return true;
	return false;
}

static bool
value_fits(const json_t *p, const char *value)
{
	const char *type = str_of(p, "type");
	const json_t *values = json_object_get(p, "enum");
	int64_t n;

	if (values != NULL)
		return among(values, value);
	if (type != NULL && strcmp(type, "integer") == 0)
		return sim_num(value, &n);
	if (type != NULL && strcmp(type, "boolean") == 0)
		return strcasecmp(value, "true") == 0 ||
		       strcasecmp(value, "false") == 0;
	return true;
}

static void
args_judge(struct sim *s, const struct request *r, const json_t *operation)
{
	const char *in = r->in.len > 0 &&
	    parameter(s, operation, NULL, "formData") != NULL ? "formData"
							      : "query";
	const json_t *all = json_object_get(operation, "parameters");
	const char *key;
	json_t *v;

	json_object_foreach(r->args, key, v) {
		const json_t *p = parameter(s, operation, key, in);
		if (p == NULL)
			violation(s, r, "unknown-parameter", key);
		else if (!value_fits(p, json_string_value(v)))
			violation(s, r, "value-of-parameter", key);
	}
	for (size_t i = 0; i < json_array_size(all); i++) {
		const json_t *p = resolved(s, json_array_get(all, i));
		if (flag_of(p, "required") && strcmp(str_of(p, "in"), in) ==
		    0 && json_object_get(r->args, str_of(p, "name")) == NULL)
			violation(s, r, "missing-parameter",
			    str_of(p, "name"));
	}
}

/* ---- headers --------------------------------------------------------------- */
static void
headers_judge(struct sim *s, const struct request *r)
{
	const char *const lists[] = { "x-headers-always",
		r->data && !s->opt.onsite ? "x-headers-data" : "" };

	for (size_t k = 0; k < 2; k++) {
		const json_t *all = json_object_get(s->contract, lists[k]);
		for (size_t i = 0; i < json_array_size(all); i++) {
			const char *name =
			    json_string_value(json_array_get(all, i));
			if (header_of(&r->in, name) == NULL)
				violation(s, r, "missing-header", name);
		}
	}
	const char *language = header_of(&r->in, "Accept-Language");
	if (language != NULL && header_of(&r->in, "SO-Language") == NULL)
		violation(s, r, "translated-lists", language);
}

/* ---- bodies ------------------------------------------------------------------ */
static bool
type_fits(const json_t *schema, const json_t *v)
{
	static const char *const types[] = { "object", "array", "string",
		"integer", "number", "boolean", NULL };
	const char *type = str_of(schema, "type");

	switch (type == NULL || json_is_null(v) ? -1 : place_of(type, types)) {
	case 0:
		return json_is_object(v);
	case 1:
		return json_is_array(v);
	case 2:
		return json_is_string(v);
	case 3:
		return json_is_integer(v);
	case 4:
		return json_is_number(v);
	case 5:
		return json_is_boolean(v);
	default:
		return true;
	}
}

static void
object_judge(struct sim *s, const struct request *r, const json_t *schema,
    json_t *v)
{
	const json_t *known = json_object_get(schema, "properties");
	const json_t *required = json_object_get(schema, "required");
	const char *key;
	json_t *one;

	json_object_foreach(v, key, one) {
		const json_t *is = json_object_get(known, key);
		const json_t *values = json_object_get(is, "enum");
		const char *text = json_string_value(one);
		if (is == NULL)
			violation(s, r, "unknown-member", key);
		else if (!type_fits(is, one) || (values != NULL &&
		    (text == NULL || !among(values, text))))
			violation(s, r, "value-of-member", key);
	}
	for (size_t i = 0; i < json_array_size(required); i++) {
		const char *name = json_string_value(json_array_get(required,
		    i));
		if (json_object_get(v, name) == NULL)
			violation(s, r, "missing-member", name);
	}
}

static void
body_judge(struct sim *s, const struct request *r, const json_t *operation)
{
	const json_t *p = parameter(s, operation, NULL, "body");
	const json_t *schema = p == NULL ? NULL
	    : resolved(s, json_object_get(p, "schema"));
	json_t *body = schema == NULL ? NULL : body_json(&r->in);

	if (schema == NULL) {
		if (r->in.len > 0 &&
		    parameter(s, operation, NULL, "formData") == NULL)
			violation(s, r, "unexpected-body", "");
	} else if (body == NULL) {
		violation(s, r, "missing-body", "");
	} else if (json_is_array(body) && type_fits(schema, body)) {
		for (size_t i = 0; i < json_array_size(body); i++)
			object_judge(s, r, json_object_get(schema, "items"),
			    json_array_get(body, i));
	} else if (!type_fits(schema, body)) {
		violation(s, r, "value-of-body", "");
	} else {
		object_judge(s, r, schema, body);
	}
	json_decref(body);
}

static const char *
lower(const char *s, char *out, size_t size)
{
	size_t i = 0;

	for (; s[i] != '\0' && i + 1 < size; i++)
		out[i] = (char)(s[i] >= 'A' && s[i] <= 'Z' ? s[i] + 32 : s[i]);
	out[i] = '\0';
	return out;
}

void
contract_judge(struct sim *s, const struct request *r)
{
	char path[300], verb[16];

	snprintf(path, sizeof(path), "%s%s", r->data ? "/api/v1" : "",
	    r->path);
	const json_t *item = path_find(s, path);
	const json_t *operation = json_object_get(item,
	    lower(r->in.method, verb, sizeof(verb)));
	if (item == NULL) {
		violation(s, r, "unknown-path", "");
	} else if (operation == NULL) {
		violation(s, r, "unknown-verb", r->in.method);
	} else {
		args_judge(s, r, operation);
		body_judge(s, r, operation);
	}
	headers_judge(s, r);
}
