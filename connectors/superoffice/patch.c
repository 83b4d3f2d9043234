/*
 * patch.c - a key stands in a path as RFC 6901 wants it, so that no name of a
 * field can point to another member of the person.
 */
#include "patch.h"

#include <string.h>

#include "buf.h"

#define HOLE "<key>"
#define PATH_MAX_BYTES ((size_t)4096)

void
so_patch_begin(struct so_patch *p, struct arena *arena, const char *pattern)
{
	*p = (struct so_patch){ .arena = arena, .pattern = pattern,
		.ops = json_array(),
		.whole = strstr(pattern, HOLE) == NULL ? json_object() : NULL };
}

static void
add_key(struct buf *out, const char *key)
{
	for (; *key != '\0'; key++)
		if (*key == '~' || *key == '/')
			(void)buf_str(out, *key == '~' ? "~0" : "~1");
		else
			(void)buf_char(out, *key);
}

/* NULL = memory. */
static const char *
path_of(const struct so_patch *p, const char *key)
{
	const char *hole = strstr(p->pattern, HOLE);
	AUTO(buf) struct buf out;

	buf_init(&out, PATH_MAX_BYTES);
	if (hole == NULL) {
		(void)buf_printf(&out, "%s/", p->pattern);
		add_key(&out, key);
	} else {
		(void)buf_add(&out, p->pattern, (size_t)(hole - p->pattern));
		add_key(&out, key);
		(void)buf_str(&out, hole + sizeof(HOLE) - 1);
	}
	return out.failed ? NULL : arena_strdup(p->arena, buf_text(&out));
}

/* Takes value. */
static void
op_add(struct so_patch *p, const char *op, const char *path, json_t *value)
{
	json_t *node = json_object();
	const bool ok = node != NULL && path != NULL && value != NULL &&
	    json_object_set_new(node, "op", json_string(op)) == 0 &&
	    json_object_set_new(node, "path", json_string(path)) == 0 &&
	    json_object_set(node, "value", value) == 0 &&
	    json_array_append(p->ops, node) == 0;

	p->failed |= !ok;
	json_decref(node);
	json_decref(value);
}

void
so_patch_test(struct so_patch *p, const char *key, json_t *value)
{
	op_add(p, "test", path_of(p, key), value == NULL ? json_null()
	    : json_incref(value));
}

void
so_patch_set(struct so_patch *p, const char *key, const char *text)
{
	if (p->whole == NULL)
		op_add(p, "replace", path_of(p, key), json_string(text));
	else
		p->failed |= json_object_set_new(p->whole, key,
		    json_string(text)) != 0;
}

const char *
so_patch_end(struct so_patch *p)
{
	const char *text = NULL;

	if (p->whole != NULL)
		op_add(p, "replace", p->pattern, json_incref(p->whole));
	if (!p->failed)
		text = json_body(p->arena, p->ops);
	json_decref(p->whole);
	json_decref(p->ops);
	*p = (struct so_patch){ .failed = true };
	return text;
}
