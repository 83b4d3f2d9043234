/*
 * fields.c - definitions of a person's user-defined fields, asked for once in a
 * run: all of the layout at once, an extra field by its name.
 */
#include <string.h>

#include "url.h"
#include "writing.h"

/* Of all persons, not of one that happens to be written. */
static bool
unread(struct err *err)
{
	if (err->kind != ERR_AUTH || err->code != 403)
		return false;
	err->kind = ERR_CONFIG;
	return err_wrap(err, "npsync's user may not read the fields of "
	    "persons");
}

static bool
layout_unread(struct err *err)
{
	return err->kind != ERR_GONE ? unread(err) : err_set(err, ERR_CONFIG,
	    "GET user-defined fields: HTTP 404: is it the address of the "
	    "Web API?");
}

static bool
layout_read(struct superoffice *s, struct err *err)
{
	AUTO(api_res) struct api_res res = { 0 };
	struct so_writer *w = s->writer;

	if (w->has_layout)
		return true;
	arena_reset(s->page);
	if (!so_get(s, s->page, "/Person/UdefLayout/Published",
	        "GET user-defined fields", &res, err))
		return layout_unread(err);
	w->has_layout = so_fields_of_layout(api_root(&res), &w->fields, err);
	return w->has_layout;
}

/* Extra fields stand in no layout. */
static bool
extra_read(struct superoffice *s, const char *key, struct err *err)
{
	AUTO(api_res) struct api_res res = { 0 };
	struct so_writer *w = s->writer;
	struct so_field *field = arena_alloc(w->own, sizeof(*field));
	const char *name = arena_strdup(w->own, key);

	arena_reset(s->page);
	const char *part = url_escape(s->page, key);
	const char *target = arena_printf(s->page, "/Person/CustomField/%s",
	    part != NULL ? part : "");
	if (field == NULL || name == NULL || part == NULL || target == NULL)
		return err_nomem(err);
	const bool there = so_get(s, s->page, target, "GET extra field", &res,
	    err);
	if (!there && err->kind != ERR_GONE)
		return unread(err);
	if (!there || !so_field_of_info(api_root(&res), w->own, field))
		field = NULL;
	return (!arena_failed(w->own) && idmap_put(&w->fields, name, field)) ||
	    err_nomem(err);
}

bool
so_field_find(struct superoffice *s, const char *key,
    const struct so_field **field, struct err *err)
{
	struct so_writer *w = s->writer;

	if (!layout_read(s, err))
		return false;
	if (!idmap_has(&w->fields, key) && !extra_read(s, key, err))
		return false;
	*field = idmap_get(&w->fields, key);
	return true;
}

bool
so_tag_field(struct superoffice *s, const struct so_field **field,
    struct err *err)
{
	const char *key = s->set->tag_field;

	if (!so_field_find(s, key, field, err))
		return false;
	if (*field == NULL)
		return err_set(err, ERR_CONFIG, "tag_field: persons have no "
		    "user-defined field %s: make it, or correct the option", key);
	if ((*field)->type != SO_FIELD_TEXT)
		return err_set(err, ERR_CONFIG, "tag_field: %s is of type %s: "
		    "expected a text", key, (*field)->word);
	return !(*field)->read_only || err_set(err, ERR_CONFIG, "tag_field: %s "
	    "cannot be written: it is read only", key);
}
