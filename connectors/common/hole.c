#include "hole.h"

bool
hole_check(const char *text, enum hole_context context,
    const char *const *known, struct err *err)
{
	(void)text;
	(void)context;
	(void)known;
	(void)err;
	return true;
}

bool
hole_write(const char *text, enum hole_context context, const char *zone,
    hole_fn *fn, void *arg, struct arena *arena, const char **out,
    struct err *err)
{
	(void)context;
	(void)zone;
	(void)fn;
	(void)arg;
	*out = arena_strdup(arena, text);
	return *out != NULL ? true : err_nomem(err);
}

bool
hole_uses(const char *text, const char *name)
{
	(void)text;
	(void)name;
	return false;
}

const char *
hole_name_at(const char *text, size_t i, struct arena *arena)
{
	(void)text;
	(void)i;
	(void)arena;
	return NULL;
}

bool
hole_check_url(const char *text, struct err *err)
{
	return hole_check(text, HOLE_URL, NULL, err);
}

bool
hole_check_form(const char *text, struct err *err)
{
	return hole_check(text, HOLE_FORM, NULL, err);
}

bool
hole_check_header(const char *text, struct err *err)
{
	return hole_check(text, HOLE_HEADER, NULL, err);
}

bool
hole_check_json(const char *text, struct err *err)
{
	return hole_check(text, HOLE_BODY_JSON, NULL, err);
}

bool
hole_check_text(const char *text, struct err *err)
{
	return hole_check(text, HOLE_BODY_TEXT, NULL, err);
}
