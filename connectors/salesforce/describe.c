/*
 * describe.c - what an org has: fields differ by edition, feature and
 * permission, and a hidden one is as if it were not there.
 */
#include "describe.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#define DESCRIBE_MAX_BYTES ((size_t)33554432)
#define DAY_S 86400

/* ---- reading ----------------------------------------------------------- */
static bool
is_hidden(const struct api_res *res, const struct err *err)
{
	return err->kind == ERR_GONE || (err->kind == ERR_AUTH &&
	    res->http.status == 403) || err->kind == ERR_CONFIG;
}

bool
sf_describe_read(struct salesforce *s, const char *object,
    struct arena *arena, struct api_res *res, struct err *err)
{
	char label[64];
	const struct api_req req = { .method = "GET", .label = label,
		.target = sf_path(s, arena, arena_printf(arena,
		    "/sobjects/%s/describe", object)) };

	if (req.target == NULL)
		return err_nomem(err);
	(void)snprintf(label, sizeof(label), "describe %s", object);
	if (apicall_do(&s->api, arena, &req, res, err))
		return true;
	if (!is_hidden(res, err) || s->api.stopped.kind != ERR_NONE)
		return false;
	err->kind = ERR_CONFIG;
	return err_wrap(err, "the user of npsync cannot see the object %s: give "
	    "the permission set read access to it, or set the option that "
	    "reads it to false", object);
}

static void
take_for_writing(struct sf_field *to, json_t *from, struct arena *arena)
{
	const json_int_t length = json_integer_value(json_object_get(from,
	    "length"));
	const char *type = json_string_value(json_object_get(from, "type"));

	to->type = arena_strdup(arena, type == NULL ? "" : type);
	to->length = length > 0 ? (size_t)length : 0;
	to->updateable = json_is_true(json_object_get(from, "updateable"));
	to->createable = json_is_true(json_object_get(from, "createable"));
	to->external_id = json_is_true(json_object_get(from, "externalId"));
}

static bool
take_field(struct sf_field *to, json_t *from, struct arena *arena)
{
	to->name = arena_strdup(arena, json_string_value(json_object_get(from,
	    "name")));
	to->label = arena_strdup(arena, json_string_value(json_object_get(from,
	    "label")));
	to->relation = arena_strdup(arena, json_string_value(json_object_get(
	    from, "relationshipName")));
	to->filterable = !json_is_false(json_object_get(from, "filterable"));
	take_for_writing(to, from, arena);
	return to->name != NULL;
}

static bool
take(struct salesforce *s, const char *object, json_t *root,
    struct sf_describe **out, struct err *err)
{
	json_t *fields = json_object_get(root, "fields");
	struct sf_describe *d = arena_alloc(s->own, sizeof(*d));
	const size_t n = json_array_size(fields);

	if (!json_is_array(fields) || n == 0)
		return err_set(err, ERR_PROTOCOL,
		    "describe %s: expected an array \"fields\"", object);
	if (d == NULL || (d->fields = arena_array(s->own, n,
	    sizeof(*d->fields))) == NULL)
		return err_nomem(err);
	d->object = arena_strdup(s->own, object);
	for (size_t i = 0; i < n; i++)
		if (take_field(&d->fields[d->n], json_array_get(fields, i),
		    s->own))
			d->n++;
	*out = d;
	return !arena_failed(s->own) || err_nomem(err);
}

bool
sf_describe(struct salesforce *s, const char *object,
    const struct sf_describe **out, struct err *err)
{
	AUTO(arena) struct arena *arena = NULL;
	AUTO(api_res) struct api_res res = { 0 };
	struct sf_describe *d = s->describes;

	while (d != NULL && strcmp(d->object, object) != 0)
		d = d->next;
	*out = d;
	if (d != NULL)
		return true;
	arena = arena_new(DESCRIBE_MAX_BYTES);
	if (arena == NULL)
		return err_nomem(err);
	if (!sf_describe_read(s, object, arena, &res, err) ||
	    !take(s, object, api_root(&res), &d, err))
		return false;
	d->next = s->describes;
	s->describes = d;
	*out = d;
	return true;
}

/* ---- asking ------------------------------------------------------------ */
const struct sf_field *
sf_field(const struct sf_describe *d, const char *name)
{
	for (size_t i = 0; i < d->n; i++)
		if (strcasecmp(d->fields[i].name, name) == 0)
			return &d->fields[i];
	return NULL;
}

/* Letter for letter: a row carries the service's own spelling, and a value
 * that is looked for under another would be as if it were not set. */
bool
sf_has(const struct sf_describe *d, const char *name)
{
	const char *dot = strchr(name, '.');
	const size_t len = dot == NULL ? 0 : (size_t)(dot - name);

	for (size_t i = 0; i < d->n && *name != '\0'; i++) {
		const char *relation = d->fields[i].relation;
		if (dot == NULL ? strcmp(d->fields[i].name, name) == 0 :
		    relation != NULL && strlen(relation) == len &&
		    strncmp(relation, name, len) == 0)
			return true;
	}
	return false;
}

bool
sf_require(const struct sf_describe *d, const char *const *names, size_t n,
    const char *todo, struct err *err)
{
	for (size_t i = 0; i < n; i++)
		if (*names[i] != '\0' && !sf_has(d, names[i]))
			return err_set(err, ERR_CONFIG, "the user of npsync "
			    "cannot see %s.%s: %s", d->object, names[i], todo);
	return true;
}

static bool
is_before(const char *const *names, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (strcasecmp(names[k], names[i]) == 0)
			return true;
	return false;
}

const char *
sf_select(const struct sf_describe *d, const char *const *names, size_t n,
    struct arena *arena)
{
	AUTO(buf) struct buf out;

	buf_init(&out, 65536);
	for (size_t i = 0; i < n; i++)
		if (sf_has(d, names[i]) && !is_before(names, i))
			(void)buf_printf(&out, "%s%s", out.len > 0 ? "," : "",
			    names[i]);
	return out.failed ? NULL : arena_strdup(arena, buf_text(&out));
}

const char *
sf_stamp(const struct sf_describe *d)
{
	static const char *const stamps[] = { "SystemModstamp",
		"LastModifiedDate" };

	for (size_t i = 0; i < ARRAY_LEN(stamps); i++) {
		const struct sf_field *f = sf_field(d, stamps[i]);
		if (f != NULL && f->filterable)
			return stamps[i];
	}
	return NULL;
}

/* ---- values of a row --------------------------------------------------- */
const char *
sf_text(json_t *row, const char *name)
{
	const char *text = *name == '\0' ? NULL :
	    json_string_value(json_at(row, name));

	return text == NULL || *text == '\0' ? NULL : text;
}

const char *
sf_any(json_t *row, const char *name, struct arena *arena)
{
	const char *text = *name == '\0' ? NULL :
	    json_text(arena, json_at(row, name));

	return text == NULL || *text == '\0' ? NULL : text;
}

bool
sf_is_true(json_t *row, const char *name)
{
	const char *text = sf_text(row, name);

	return *name != '\0' && (json_is_true(json_at(row, name)) ||
	    (text != NULL && strcasecmp(text, "true") == 0));
}

const char *
sf_parent_key(struct arena *arena, const char *parent)
{
	const size_t n = strlen(parent);
	char *own = arena_strdup(arena, parent);

	if (own == NULL || n < 4 || own[n - 1] != 'r' ||
	    (strncmp(own + n - 3, "__", 2) != 0 &&
	    strncmp(own + n - 4, "__p", 3) != 0))
		return own == NULL ? NULL : arena_printf(arena, "%sId", own);
	own[n - 1] = 'c';
	return own;
}

static bool
is_blank(json_t *node)
{
	const char *text = json_string_value(node);

	return json_is_null(node) || (text != NULL && *text == '\0');
}

enum sf_parent
sf_parent(json_t *row, const char *name, struct arena *arena)
{
	const char *dot = name;

	while ((dot = strchr(dot, '.')) != NULL) {
		const char *parent = arena_strndup(arena, name,
		    (size_t)(dot++ - name));
		const char *id = parent == NULL ? NULL :
		    arena_printf(arena, "%s.Id", parent);
		const char *key = id == NULL ? NULL :
		    sf_parent_key(arena, parent);
		if (key == NULL)
			return SF_PARENT_HIDDEN;
		if (is_blank(json_at(row, parent)) ||
		    is_blank(json_at(row, id)))
			return is_blank(json_at(row, key)) ? SF_PARENT_NONE :
			    SF_PARENT_HIDDEN;
	}
	return SF_PARENT_READ;
}

time_t
sf_time(json_t *row, const char *name)
{
	const char *text = sf_text(row, name);
	time_t t;

	return text != NULL && clock_parse_iso(text, "UTC", &t) ? t : NO_TIME;
}

time_t
sf_over(json_t *row, const char *name, const char *zone)
{
	const time_t at = sf_time(row, name);

	if (at == NO_TIME || at % DAY_S != 0 || !sf_is_true(row, SF_ALL_DAY))
		return at;
	return clock_day_start(zone, day_add(clock_day("UTC", at), 1)) - 1;
}

bool
sf_is_id(const char *text)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
	const size_t len = strlen(text);

	return (len == 15 || len == 18) && strspn(text, letters) == len;
}

const char *
sf_id(json_t *row, const char *name, const char *prefix)
{
	const char *id = sf_text(row, name);

	return id != NULL && sf_is_id(id) &&
	    strncmp(id, prefix, strlen(prefix)) == 0 ? id : NULL;
}

bool
sf_same_id(const char *a, const char *b)
{
	return strncmp(a, b, 15) == 0 && (strlen(a) == 15 || strlen(b) == 15 ||
	    strcmp(a, b) == 0);
}
