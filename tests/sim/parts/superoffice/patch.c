/*
 * patch.c - PATCH Person/{id}: JSON Patch, or Merge Patch if the body is an
 * object.  Paths do not care for case nor for a slash in front.
 */
#include <stdlib.h>
#include <strings.h>

#include "sim.h"

struct patch {
	struct sim *s;
	const struct row *row;
	json_t *set;		/* columns to change */
	struct reply *out;
};

static const struct {
	const char *member, *key;
	bool truth;
} members[] = { { "NoMailing", "personNoMail", true },
	{ "Retired", "retired", true }, { "Title", "title", false },
	{ "Firstname", "firstName", false }, { "Lastname", "lastName", false } };
#define MEMBERS (sizeof(members) / sizeof(*members))

static bool
refuse(struct patch *p, unsigned status, const char *what, const char *name)
{
	reply_error(p->out, status, status == 409 ? "SoConflictException"
						  : "SoArgumentException",
	    "%s %.80s", what, name);
	return false;
}

/* What the path holds now, of what was changed before it. */
static json_t *
custom_now(struct patch *p)
{
	json_t *v = json_object_get(p->set, "custom");

	if (v == NULL) {
		const json_t *is = json_object_get(p->row->v, "custom");
		v = is == NULL ? json_object() : json_deep_copy(is);
		json_object_set_new(p->set, "custom", v);
	}
	return v;
}

static bool
custom_name(const char *path, const char **key)
{
	static const char *const names[] = { "CustomFields",
		"UserDefinedFields", "ExtraFields" };

	for (size_t i = 0; i < 3; i++) {
		const size_t len = strlen(names[i]);
		if (strncasecmp(path, names[i], len) == 0 &&
		    (path[len] == '\0' || path[len] == '/')) {
			*key = path[len] == '\0' ? NULL : path + len + 1;
			return true;
		}
	}
	return false;
}

static bool
custom_known(const char *key)
{
	return strncmp(key, "SuperOffice:", 12) == 0 ||
	       strncmp(key, "x_", 2) == 0;
}

static bool
custom_one(struct patch *p, const char *op, const char *key,
    const json_t *value)
{
	json_t *all = custom_now(p);

	if (!custom_known(key))
		return refuse(p, 400, "Unknown custom field", key);
	if (strcmp(op, "remove") == 0) {
		json_object_set_new(all, key, json_string(""));
		return true;
	}
	if (!json_is_string(value) && !json_is_null(value))
		return refuse(p, 400, "The value is no text:", key);
	if (strcmp(op, "test") == 0) {
		const char *is = str_of(all, key);
		const char *want = json_string_value(value);
		return mutant_is(p->s, MUT_TEST) ||
		    strcmp(is == NULL ? "" : is, want == NULL ? "" : want) ==
			0 || refuse(p, 409, "test failed:", key);
	}
	const char *text = json_string_value(value);
	json_object_set_new(all, key, json_string(text == NULL ? "" : text));
	return true;
}

/* The member whole: whether other keys stay, nobody says; --replace-custom. */
static bool
custom_all(struct patch *p, const char *op, json_t *value)
{
	const char *key;
	json_t *v;

	if (!json_is_object(value))
		return refuse(p, 400, "An object is expected:", "CustomFields");
	if (p->s->opt.replace_custom && strcmp(op, "test") != 0)
		json_object_clear(custom_now(p));
	/* null changes nothing, as in the body of a Merge Patch. */
	json_object_foreach(value, key, v)
		if (!json_is_null(v) && !custom_one(p, op, key, v))
			return false;
	return true;
}

/* [{"Id": 3, "Selected": true}]: those items only. */
static bool
interests_all(struct patch *p, const json_t *value)
{
	const json_t *is = json_object_get(p->row->v, "interests");
	json_t *ids = is == NULL ? json_array() : json_deep_copy(is);

	for (size_t i = 0; i < json_array_size(value); i++) {
		const json_t *one = json_array_get(value, i);
		const int64_t id = int_of(one, "Id", 0);
		if (row_find(p->s, T_INTEREST, id) == NULL) {
			json_decref(ids);
			return refuse(p, 400, "Unknown interest", "");
		}
		for (size_t k = json_array_size(ids); k-- > 0;)
			if (json_integer_value(json_array_get(ids, k)) == id)
				json_array_remove(ids, k);
		if (flag_of(one, "Selected"))
			json_array_append_new(ids, json_integer(id));
	}
	json_object_set_new(p->set, "interests", ids);
	return true;
}

static bool
member_set(struct patch *p, const char *op, const char *path,
    const json_t *value)
{
	for (size_t i = 0; i < MEMBERS; i++) {
		if (strcasecmp(path, members[i].member) != 0)
			continue;
		const json_t *is = json_object_get(p->row->v, members[i].key);
		if (strcmp(op, "test") == 0)
			return json_equal(is, value) ||
			    refuse(p, 409, "test failed:", path);
		if (members[i].truth ? !json_is_boolean(value)
				     : !json_is_string(value))
			return refuse(p, 400, "wrong type:", path);
		json_object_set_new(p->set, members[i].key,
		    json_deep_copy(value));
		return true;
	}
	return refuse(p, 400, "Unknown path", path);
}

static bool
op_apply(struct patch *p, const char *op, const char *path, json_t *value)
{
	static const char *const ops[] = { "add", "replace", "remove", "test",
		NULL };
	const char *key;

	if (op == NULL || path == NULL || place_of(op, ops) < 0)
		return refuse(p, 400, "no operation:", op == NULL ? "" : op);
	path += *path == '/';
	if (custom_name(path, &key))
		return key != NULL ? custom_one(p, op, key, value)
				   : custom_all(p, op, value);
	if (strcasecmp(path, "Interests") == 0 && json_is_array(value))
		return interests_all(p, value);
	if (strcasecmp(path, "Interests/-") == 0 && json_is_object(value)) {
		json_t *one = json_pack("[O]", value);
		const bool good = interests_all(p, one);
		json_decref(one);
		return good;
	}
	return member_set(p, op, path, value);
}

/* All operations or none. */
static bool
json_patch(struct patch *p, const json_t *body)
{
	for (size_t i = 0; i < json_array_size(body); i++) {
		const json_t *one = json_array_get(body, i);
		if (!op_apply(p, str_of(one, "op"), str_of(one, "path"),
			json_object_get(one, "value")))
			return false;
	}
	return true;
}

/* null changes nothing here. */
static bool
merge_patch(struct patch *p, json_t *body)
{
	const char *key;
	json_t *v;

	json_object_foreach(body, key, v)
		if (!json_is_null(v) && !op_apply(p, "replace", key, v))
			return false;
	return true;
}

static bool
too_old(struct sim *s, const struct request *r, const struct row *row)
{
	int64_t since;

	return http_date_read(header_of(&r->in, "If-Unmodified-Since"), &since) &&
	    int_of(row->v, "personUpdatedDate", 0) > since &&
	    !mutant_is(s, MUT_UNMODIFIED);
}

static void
patch(struct patch *p, const struct request *r, json_t *body)
{
	const bool good = json_is_array(body) ? json_patch(p, body)
	    : json_is_object(body) ? merge_patch(p, body)
				   : refuse(p, 400, "no patch", "");
	const int64_t id = p->row->id;

	if (!good)
		return;
	if (json_object_get(p->set, "custom") != NULL &&
	    mutant_is(p->s, MUT_CUSTOM_OTHERS))
		json_object_set_new(custom_now(p), "SuperOffice:2",
		    json_string(""));
	if (json_object_size(p->set) > 0 && !mutant_is(p->s, MUT_PATCH_LOST))
		row_set(p->s, "api", T_PERSON, id, json_incref(p->set));
	const struct row *row = row_find(p->s, T_PERSON, id);
	reply_json(p->out, 200, entity_select(r, person_json(p->s, r, row)));
}

void
on_patch(struct sim *s, struct request *r, struct reply *out)
{
	int64_t id;
	json_t *body = body_json(&r->in);
	struct patch p = { .s = s, .set = json_object(), .out = out };

	p.row = id_read(r->part[0], &id) ? row_find(s, T_PERSON, id) : NULL;
	if (!row_seen(s, p.row))
		reply_error(out, 404, "SoNotFoundException",
		    "Person id %s not found", r->part[0]);
	else if (too_old(s, r, p.row))
		reply_error(out, 412, "SoPreconditionFailedException",
		    "The person was changed meanwhile");
	else
		patch(&p, r, body);
	json_decref(p.set);
	json_decref(body);
}
