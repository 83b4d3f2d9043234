/*
 * associates.c - our people by their login names or ids, as rows of archives show
 * them; read once in a run, when the first follow-up is for somebody.
 */
#include "reading.h"
#include "writing.h"

static bool
on_associate(void *arg, json_t *item, struct err *err)
{
	struct so_writer *w = arg;
	const char *name = json_string_value(json_object_get(item, "Name"));
	const json_int_t id = json_integer_value(json_object_get(item, "Id"));

	if (name == NULL || *name == '\0' || id <= 0 || id > INT32_MAX)
		return true;
	const char *copy = arena_strdup(w->own, name);
	json_int_t *value = arena_alloc(w->own, sizeof(*value));
	if (copy == NULL || value == NULL)
		return err_nomem(err);
	*value = id;
	/* By id, too, as employee_column may show it; names come first. */
	const char *digits = arena_printf(w->own, "%lld", (long long)id);
	if (digits == NULL || (!idmap_has(&w->associates, digits) &&
	    !idmap_put(&w->associates, digits, value)))
		return err_nomem(err);
	return idmap_put(&w->associates, copy, value) || err_nomem(err);
}

bool
so_associate_find(struct superoffice *s, const char *name, json_int_t *id,
    struct err *err)
{
	struct so_writer *w = s->writer;
	struct err why = { .kind = ERR_NONE };

	if (!w->has_associates && !so_list_items(s, "associate", on_associate,
	    w, &why) && (why.kind != ERR_AUTH || why.code != 403)) {
		*err = why;
		return false;
	}
	w->has_associates = true;
	const json_int_t *found = idmap_get(&w->associates, name);
	*id = found == NULL ? 0 : *found;
	return true;
}
